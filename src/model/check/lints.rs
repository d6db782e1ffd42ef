//! What compiles and is probably not meant.

use super::Checker;
use super::choices::Drawn;
use super::definitions::{Lookup, fans, reserved_layer_name};
use super::finish::{default_rule, following_activation, has_weight, mean_square, rule_of};
use super::recursion::operands;
use super::value::Home;
use crate::arena::Id;
use crate::diagnostics::lints;
use crate::graph::LayerId;
use crate::model::layers::{self, Weighted};
use crate::model::{
    Activation, Expectation, Initializer, Layer, Loss, LossTerm, Model, ParameterRole, Term, TermKind, VerdictWord,
    mean_field, settings,
};
use crate::scalar::mathematics::ln;
use crate::scalar::{Function, Op, Unary};
use crate::source::Ident;
use crate::syntax::ast::{Argument, DefinitionKind, Expr, ExprKind, File, Item, Parameter, Statement, Turns};
use std::collections::HashSet;
use std::sync::Arc;

/// Every name that the file uses.
#[derive(Debug, Default)]
pub(super) struct Used<'a> {
    /// As a layer.
    pub(super) layers: HashSet<&'a str>,
    /// In an expression.
    pub(super) values: HashSet<&'a str>,
}

/// The names used in a file; definitions do not use themselves.
pub(super) fn used_names(file: &File) -> Used<'_> {
    let mut used = Used::default();
    for item in &file.items {
        match item {
            Item::Param { value, .. } => used.expression(value),
            Item::Definition(definition) => {
                used.parameters(&definition.parameters);
                used.expression(&definition.body);
            }
            Item::Block(block) => {
                used.parameters(&block.parameters);
                used.statements(&block.body);
            }
            Item::Network(network) => used.statements(&network.body),
            Item::Settings(settings) => {
                for entry in &settings.entries {
                    used.expression(&entry.value);
                }
            }
            Item::Expect(expect) => {
                used.expression(&expect.condition);
                expect.at.iter().for_each(|at| used.expression(at));
            }
            Item::Language { .. } => {}
        }
    }
    used
}

impl<'a> Used<'a> {
    fn parameters(&mut self, parameters: &'a [Parameter]) {
        for default in parameters.iter().filter_map(|parameter| parameter.default.as_ref()) {
            self.expression(default);
        }
    }

    fn arguments(&mut self, arguments: &'a [Argument]) {
        for argument in arguments {
            self.expression(&argument.value);
        }
    }

    fn expression(&mut self, expr: &'a Expr) {
        let mut open = vec![expr];
        while let Some(expr) = open.pop() {
            match &expr.kind {
                ExprKind::Path(path) => _ = self.values.insert(&path.head.name),
                ExprKind::Call { callee, .. } => _ = self.values.insert(&callee.name),
                _ => {}
            }
            open.extend(operands(expr));
        }
    }

    fn statements(&mut self, statements: &'a [Statement]) {
        let mut open: Vec<&'a Statement> = statements.iter().collect();
        while let Some(statement) = open.pop() {
            match statement {
                Statement::Layer(layer) => {
                    self.layers.insert(&layer.kind.name);
                    self.arguments(&layer.arguments);
                    open.extend(layer.body.iter().flatten());
                }
                Statement::Setting(setting) => self.expression(&setting.value),
                Statement::Repeat(repeat) => {
                    match &repeat.turns {
                        Turns::Count { count, .. } => self.expression(count),
                        Turns::Values { values, .. } => self.expression(values),
                    }
                    open.extend(&repeat.body);
                }
                Statement::Broken(_) => {}
            }
        }
    }

    fn has(&self, name: &str) -> bool {
        name.starts_with('_') || self.layers.contains(name) || self.values.contains(name)
    }
}

impl<'a> Checker<'a> {
    /// Every lint.
    pub(super) fn lint(
        &mut self,
        file: &'a File,
        used: &Used<'a>,
        model: Option<&Model>,
        expectations: &[Expectation],
    ) {
        self.lint_shadowing(file);
        if !self.is_broken {
            self.lint_unused(file, used);
        }
        // What is not understood has no meaning that could be doubted.
        if let Some(model) = model {
            self.lint_linear_pairs(model);
            self.lint_last_activation(model);
            self.lint_symmetry(model);
            if !expectations.iter().any(|expectation| expects_trouble(&expectation.condition)) {
                self.lint_rules(model);
            }
        }
    }

    fn lint_shadowing(&mut self, file: &'a File) {
        for item in &file.items {
            let (kind, name) = match item {
                Item::Definition(definition) => (definition.kind, &definition.name),
                Item::Block(block) => (DefinitionKind::Activation, &block.name),
                Item::Language { .. } | Item::Param { .. } | Item::Network(_) | Item::Settings(_) | Item::Expect(_) => {
                    continue;
                }
            };
            // A name of the compiler's own is refused already.
            if kind == DefinitionKind::Activation && reserved_layer_name(&name.name).is_some() {
                continue;
            }
            let of_the_compiler =
                kind == DefinitionKind::Init && settings::find(settings::DISTRIBUTIONS, &name.name).is_some();
            match self.definitions.find(kind, &name.name, Home::Prelude) {
                Lookup::Found(shadowed) => {
                    let place = self.definitions.get(shadowed).name.span;
                    self.report(lints::shadows_prelude(name, kind.keyword(), Some(place)));
                }
                Lookup::Missing if of_the_compiler => self.report(lints::shadows_prelude(name, kind.keyword(), None)),
                Lookup::Missing | Lookup::Poisoned => {}
            }
        }
    }

    fn lint_unused(&mut self, file: &'a File, used: &Used<'a>) {
        for item in &file.items {
            let (what, name): (&str, &Ident) = match item {
                Item::Param { name, .. } => ("param", name),
                Item::Definition(definition) => (definition.kind.keyword(), &definition.name),
                Item::Block(block) => ("block", &block.name),
                Item::Language { .. } | Item::Network(_) | Item::Settings(_) | Item::Expect(_) => continue,
            };
            if !used.has(&name.name) {
                self.report(lints::never_used(name, what));
            }
        }
    }

    /// Dense layers one after another with nothing between that bends.
    fn lint_linear_pairs(&mut self, model: &Model) {
        for body in bodies(model) {
            let mut linear: Option<&Layer> = None;
            for id in body {
                let layer = &model.layers[*id];
                if layer.kind.name == "dense" {
                    if let Some(first) = linear {
                        self.report(lints::linear_pair((&first.name, first.span), (&layer.name, layer.span)));
                    }
                    linear = layer.activation.is_none().then_some(layer);
                } else if layer.kind.name != "flatten" && layer.kind.name != "reshape" {
                    linear = None;
                }
            }
        }
    }

    /// An activation after the last layer that the loss has inside.
    fn lint_last_activation(&mut self, model: &Model) {
        let Some(loss) = &model.loss else { return };
        let Some((layer, activation)) = last_activation(model, &model.body) else { return };
        let doubled = match (&activation.function, activation.row_wise) {
            (None, Some(_)) => loss.terms.iter().any(|term| matches!(term, LossTerm::Softmax | LossTerm::LogSoftmax)),
            (Some(function), _) => is_sigmoid(function) && has_sigmoid_inside(loss),
            (None, None) => false,
        };
        if doubled {
            let inside = if activation.function.is_some() { "sigmoid" } else { "softmax" };
            self.report(lints::activation_inside_loss(
                (&activation.name, activation.span),
                &layer.name,
                (&loss.name, loss.span),
                inside,
            ));
        }
    }

    /// Units that start equal and stay equal.
    fn lint_symmetry(&mut self, model: &Model) {
        let weighted: Vec<(LayerId, &Layer)> =
            model.layers.iter_with_ids().filter(|(_, layer)| layer.kind.weighted == Weighted::Both).collect();
        let Some((_, hidden)) = weighted.split_last() else { return };
        for (_, layer) in hidden {
            let drawn = |role| {
                let mut own = layer.parameters.iter().map(|id| &model.parameters[*id]);
                own.find(|parameter| parameter.role == role)
            };
            let Some(weight) = drawn(ParameterRole::Weight) else { continue };
            let Initializer::Constant(constant) = weight.initializer else { continue };
            let same_biases =
                drawn(ParameterRole::Bias).is_none_or(|bias| matches!(bias.initializer, Initializer::Constant(_)));
            if same_biases && weight.fan_out > 1 {
                self.report(lints::symmetric(
                    weight.initializer_span,
                    &layer.name,
                    layer.span,
                    weight.fan_out,
                    constant,
                ));
            }
        }
    }
}

impl Checker<'_> {
    /// Rules under which the gradient changes from layer to layer where a common rule would keep it. A rule is judged as if its
    /// layer were square, so that a funnel is not taken for an unsuited rule; where no common rule keeps the gradient through the
    /// activation, as with the sigmoid, nothing is said. The default is told of only where the layers together take a factor of 10.
    fn lint_rules(&mut self, model: &Model) {
        let Some(draught) = self.draught.take() else { return };
        let weighted: Vec<usize> = draught
            .drafts
            .iter()
            .enumerate()
            .filter(|(_, draft)| draft.kind.weighted == Weighted::Both)
            .map(|(at, _)| at)
            .collect();
        let hidden = weighted.split_last().map_or(&[][..], |(_, hidden)| hidden);
        let layer_count = draught.drafts.iter().filter(|draft| has_weight(draft)).count();
        let mut judged: Vec<(Arc<Function>, u64, u64, f64)> = Vec::new();
        let mut default_layers: Vec<(usize, f64, Common)> = Vec::new();
        for at in hidden {
            let draft = &draught.drafts[*at];
            let Some(Activation { function: Some(function), name, .. }) = following_activation(&draught, *at) else {
                continue;
            };
            let Some(tensor) = draft.tensors.iter().find(|tensor| tensor.role == ParameterRole::Weight) else {
                continue;
            };
            let square = fans(tensor.fan_in, tensor.fan_in, layer_count);
            let rule = rule_of(&draught, draft, ParameterRole::Weight);
            // What is wrong with a rule is told where it is used.
            self.sink.mute += 1;
            let drawn = match rule {
                Some(rule) => self.initializer(rule.expr, &rule.scope, Some(square)),
                None => self.initializer_named(default_rule(ParameterRole::Weight), Some(square)),
            };
            self.sink.mute -= 1;
            let Some(Drawn::Known(initializer)) = drawn else { continue };
            let Some(variance) = mean_square(&initializer).map(|variance| variance * tensor.fan_in as f64) else {
                continue;
            };
            if matches!(initializer, Initializer::Constant(_)) {
                continue;
            }
            let bias = model
                .parameters
                .iter()
                .find(|parameter| parameter.layer.index() == *at && parameter.role == ParameterRole::Bias);
            let bias_variance = bias.and_then(|bias| mean_square(&bias.initializer)).unwrap_or(0.0);
            let mut factor = |variance: f64| factor_of(&mut judged, function, variance, bias_variance);
            let own = factor(variance);
            let [he, lecun] = COMMON.map(|common| (common, factor(common.variance)));
            let (better, kept) = if ln(he.1).abs() < ln(lecun.1).abs() { he } else { lecun };
            if ln(own).abs() <= KEEPS || ln(kept).abs() > KEEPS {
                continue;
            }
            match rule {
                Some(rule) => {
                    let factors = ((own, own.sqrt()), (better.name, kept));
                    self.report(lints::unsuited_rule(rule.expr.span, draft.span, name, factors.0, factors.1, false));
                }
                None => default_layers.push((*at, own, Common { factor: kept, ..better })),
            }
        }
        let together: f64 = default_layers.iter().map(|(_, own, _)| ln(*own) / 2.0).sum();
        if let Some((at, own, better)) = default_layers.first()
            && together.abs() > ln(10.0)
        {
            let draft = &draught.drafts[*at];
            let name = following_activation(&draught, *at).map_or("", |activation| activation.name.as_str());
            let better = (better.name, better.factor);
            self.report(lints::unsuited_rule(draft.span, draft.span, name, (*own, own.sqrt()), better, true));
        }
        self.draught = Some(draught);
    }
}

/// |ln χ| up to which a rule keeps the gradient.
const KEEPS: f64 = 0.09;

/// A rule to compare with.
#[derive(Clone, Copy)]
struct Common {
    name: &'static str,
    /// σ_w²
    variance: f64,
    /// χ, once it is known.
    factor: f64,
}

const COMMON: [Common; 2] = [
    Common { name: "he_normal", variance: 2.0, factor: f64::NAN },
    Common { name: "lecun_normal", variance: 1.0, factor: f64::NAN },
];

/// χ of an activation under these variances, worked out once.
fn factor_of(
    judged: &mut Vec<(Arc<Function>, u64, u64, f64)>,
    function: &Arc<Function>,
    variance: f64,
    bias_variance: f64,
) -> f64 {
    let (weight, bias) = (variance.to_bits(), bias_variance.to_bits());
    let known = judged.iter().find(|known| Arc::ptr_eq(&known.0, function) && (known.1, known.2) == (weight, bias));
    if let Some(known) = known {
        return known.3;
    }
    let factor = mean_field::gradient_factor(function, variance, bias_variance);
    judged.push((Arc::clone(function), weight, bias, factor));
    factor
}

/// Whether a file expects its gradient to vanish or explode: then it need not be told.
fn expects_trouble(term: &Term) -> bool {
    match &term.kind {
        TermKind::Word(VerdictWord::Vanishing | VerdictWord::Exploding) => true,
        TermKind::And(left, right) | TermKind::Or(left, right) => expects_trouble(left) || expects_trouble(right),
        TermKind::Word(_)
        | TermKind::Not(_)
        | TermKind::Number(_)
        | TermKind::Quantity(_)
        | TermKind::Function(..)
        | TermKind::Compare(..)
        | TermKind::In(..) => false,
    }
}

/// The network's body, and every branch of every container.
fn bodies(model: &Model) -> impl Iterator<Item = &Vec<LayerId>> {
    std::iter::once(&model.body).chain(model.layers.iter().flat_map(|layer| &layer.branches))
}

/// The activation that the prediction comes out of, if it comes out of one.
fn last_activation<'m>(model: &'m Model, body: &[LayerId]) -> Option<(&'m Layer, &'m Activation)> {
    let layer = &model.layers[*body.last()?];
    if let Some(activation) = &layer.activation {
        return Some((layer, activation));
    }
    match (layer.kind.name, &layer.branches[..]) {
        (name, [inside]) if name == layers::BLOCK.name => last_activation(model, inside),
        _ => None,
    }
}

fn is_sigmoid(function: &Function) -> bool {
    let Op::Unary(Unary::Sigmoid, of) = function.nodes[function.results[0]] else { return false };
    matches!(function.nodes[of], Op::Argument(0))
}

/// Whether a loss takes ln(1 + eʸ) of its prediction: the logarithm of a sigmoid.
fn has_sigmoid_inside(loss: &Loss) -> bool {
    loss.function.nodes.iter().any(|op| match op {
        Op::Unary(Unary::Softplus, of) => match loss.function.nodes[*of] {
            Op::Argument(at) => loss.terms[at] == LossTerm::Prediction,
            Op::Unary(Unary::Negate, of) => {
                matches!(loss.function.nodes[of], Op::Argument(at) if loss.terms[at] == LossTerm::Prediction)
            }
            _ => false,
        },
        _ => false,
    })
}
