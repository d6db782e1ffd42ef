//! The network's body, expanded: repeats turned, blocks put in, layers named and numbered, shapes followed from one to the next.

use super::layer::kind_span;
use super::names::{NameTable, Place};
use super::value::{Context, Home, Scope};
use super::{Checker, Limits};
use crate::diagnostics::{arguments, habits};
use crate::model::layers::{self, Kind, Made, Tensor};
use crate::model::signature::Arguments;
use crate::model::{Activation, settings};
use crate::shape::{Precision, Shape};
use crate::source::{Ident, Span};
use crate::syntax::ast::{Expr, ExprKind, Layer, Network, Setting, Statement};
use std::rc::Rc;

/// An init rule where it is written, to be evaluated for every tensor it reaches.
#[derive(Clone, Debug)]
pub(super) struct Rule<'a> {
    pub(super) expr: &'a Expr,
    pub(super) scope: Rc<Scope<'a>>,
}

/// What `biases:` says.
#[derive(Clone, Debug)]
pub(super) enum Biases<'a> {
    /// `none`
    None,
    Rule(Rule<'a>),
}

/// A layer on its way into the model: whatever could not be understood is left out, and was reported.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) name: String,
    pub(super) label: Option<&'a Ident>,
    pub(super) kind: &'static Kind,
    pub(super) kind_name: &'a str,
    pub(super) span: Span,
    pub(super) arguments: Arguments,
    pub(super) input: Option<Shape>,
    pub(super) output: Option<Shape>,
    pub(super) activation: Option<Activation>,
    pub(super) tensors: Vec<Tensor>,
    pub(super) weights: Option<Rule<'a>>,
    pub(super) biases: Option<Biases<'a>>,
    pub(super) frozen: bool,
    pub(super) branches: Vec<Vec<usize>>,
    pub(super) parent: Option<usize>,
    /// Whether everything in it was expanded: only then can it be referred to.
    pub(super) closed: bool,
    /// Whether its own statement is broken.
    pub(super) broken: bool,
}

impl Draft<'_> {
    /// What its nodes need for one example besides what it hands on.
    pub(super) fn working(&self, output: &Shape) -> Vec<Shape> {
        match &self.input {
            Some(input) if !self.broken => (self.kind.working)(&self.arguments, input, output),
            Some(_) | None => Vec::new(),
        }
    }
}

/// The network on its way into the model.
#[derive(Debug)]
pub(super) struct Draught<'a> {
    pub(super) input: Option<Shape>,
    pub(super) input_span: Span,
    pub(super) drafts: Vec<Draft<'a>>,
    pub(super) body: Vec<usize>,
    pub(super) output: Option<Made>,
    pub(super) names: NameTable<'a>,
    pub(super) weights: Option<Rule<'a>>,
    pub(super) biases: Option<Biases<'a>>,
    pub(super) loss: Option<super::choices::LossChoice<'a>>,
    /// Whether `loss:` is there, sound or not.
    pub(super) has_loss: bool,
    pub(super) precision: Precision,
    pub(super) name_span: Span,
    /// What is left of the most layers that a network may have.
    pub(super) budget: usize,
    /// The same for layers that are only looked at.
    pub(super) aside_budget: usize,
    /// Whether it was said that there are too many layers.
    pub(super) is_over: bool,
    pub(super) depth: usize,
}

impl Draught<'_> {
    /// A network of which nothing is known yet; `span` is its name, or where there is none the file's first place.
    pub(super) fn new(name_span: Span) -> Self {
        Self {
            input: None,
            input_span: name_span,
            drafts: Vec::new(),
            body: Vec::new(),
            output: None,
            names: NameTable::default(),
            weights: None,
            biases: None,
            loss: None,
            has_loss: false,
            precision: Precision::F32,
            name_span,
            budget: Limits::LAYERS,
            aside_budget: Limits::LAYERS,
            is_over: false,
            depth: 0,
        }
    }

    /// Takes one layer, or turn, off the budget; false where none is left.
    pub(super) fn spend(&mut self) -> bool {
        let budget = if self.names.is_aside() { &mut self.aside_budget } else { &mut self.budget };
        let left = *budget > 0;
        *budget = budget.saturating_sub(1);
        left
    }
}

/// Settings that are no likely labels.
pub(super) const NETWORK_LABELS: [&str; 4] = ["loss", "weights", "biases", "precision"];

/// What flows from one layer to the next: its shape and where that comes from, or nothing after an error.
pub(super) type Flow = Option<Made>;

impl<'a> Checker<'a> {
    /// Expands the network.
    pub(super) fn check_network(&mut self, network: &'a Network) -> Draught<'a> {
        let mut draught = Draught::new(network.name.span);
        self.check_network_settings(network, &mut draught);
        self.check_labels(&network.body);
        let root = Scope::root(Home::User);
        let mut flow = self.check_input(network, &mut draught, &root);
        let place = Place::top(root);
        let mut body = Vec::new();
        self.expand(&network.body, &place, &mut draught, &mut flow, &mut body);
        draught.body = body;
        draught.output = flow;
        self.check_automatic_names(&draught);
        draught
    }

    /// `input(…)` opens the network.
    fn check_input(&mut self, network: &'a Network, draught: &mut Draught<'a>, root: &Rc<Scope<'a>>) -> Flow {
        let mut first = true;
        let mut input: Option<&'a Layer> = None;
        let mut is_broken = false;
        for statement in &network.body {
            match statement {
                Statement::Layer(layer) if layer.kind.name == "input" => {
                    if let Some(earlier) = input {
                        self.report(arguments::second_input(layer.head, earlier.head));
                    } else if !first {
                        self.report(arguments::input_not_first(layer.head, network.name.span));
                    }
                    if let Some(label) = &layer.label {
                        self.report(arguments::input_is_not_labelled(label));
                    }
                    input.get_or_insert(layer);
                    first = false;
                }
                Statement::Layer(_) | Statement::Repeat(_) => first = false,
                // It may have been the input, or a setting.
                Statement::Broken(_) => is_broken = true,
                Statement::Setting(_) => {}
            }
        }
        let Some(input) = input else {
            if !is_broken {
                self.report(arguments::no_input(&network.name));
            }
            return None;
        };
        draught.input_span = kind_span(input);
        if input.body.is_some() {
            self.report(arguments::takes_no_body(&input.kind, self.braces(input)));
        }
        let arguments =
            self.bind(&input.kind, kind_span(input), layers::INPUT.parameters, &input.arguments, root, Context::Plain)?;
        let shape = Shape::new(arguments.counts("extents"));
        if self.report_too_large(draught.input_span, "input", &[], (&shape, &[]), draught.precision) {
            return None;
        }
        draught.input = Some(shape.clone());
        Some(Made { shape, span: draught.input_span, by: "input".to_owned() })
    }

    fn check_network_settings(&mut self, network: &'a Network, draught: &mut Draught<'a>) {
        let root = Scope::root(Home::User);
        let entries = self.known_entries(
            network.body.iter().filter_map(|statement| match statement {
                Statement::Setting(setting) => Some(setting),
                Statement::Layer(_) | Statement::Repeat(_) | Statement::Broken(_) => None,
            }),
            settings::NETWORK_KEYS,
            "network",
        );
        let poisoned = self.poisoned_keys_within(network.span);
        for (key, setting) in entries.known {
            let value = &setting.value;
            match key {
                "loss" => {
                    draught.has_loss = true;
                    draught.loss = self.loss_choice(value, &root);
                }
                "weights" => draught.weights = Some(self.rule(value, &root)),
                "biases" => draught.biases = Some(self.bias_rule(value, &root)),
                _ => {
                    if let Some(word) = self.one_of(&["f32", "f64"], value, &root, Context::Plain) {
                        draught.precision = if word == "f64" { Precision::F64 } else { Precision::F32 };
                    }
                }
            }
        }
        draught.has_loss |= poisoned.contains("loss");
    }

    /// An init rule, checked for itself.
    pub(super) fn rule(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Rule<'a> {
        self.initializer(expr, scope, None);
        Rule { expr, scope: Rc::clone(scope) }
    }

    pub(super) fn bias_rule(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Biases<'a> {
        if matches!(self.sources.text(expr.span), "None" | "False" | "false") {
            self.report(habits::no_biases(expr.span));
            return Biases::None;
        }
        if let ExprKind::Path(path) = &expr.kind
            && path.segments.is_empty()
            && path.head.name == "none"
            && self.named_value(&path.head, scope, Context::Plain).is_none()
        {
            return Biases::None;
        }
        Biases::Rule(self.rule(expr, scope))
    }

    /// The entries of a block of settings whose keys are known, each key once.
    pub(super) fn known_entries(
        &mut self,
        settings: impl Iterator<Item = &'a Setting>,
        keys: &'static [settings::Key],
        block: &str,
    ) -> Entries<'a> {
        let mut known: Vec<(&'static str, &'a Setting)> = Vec::new();
        let mut has_unknown = false;
        for setting in settings {
            let Some(key) = keys.iter().find(|key| key.name == setting.key.name) else {
                let valid: Vec<&str> = keys.iter().map(|key| key.name).collect();
                let habit = habits::foreign_key(&setting.key, block);
                self.report(habit.unwrap_or_else(|| arguments::unknown_key(&setting.key, block, &valid)));
                has_unknown = true;
                self.look_into(&setting.value, &Scope::root(Home::User), Context::Init(None));
                continue;
            };
            if let Some((_, first)) = known.iter().find(|(name, _)| *name == key.name) {
                self.report(arguments::given_twice(&setting.key, first.key.span, "setting"));
                continue;
            }
            known.push((key.name, setting));
        }
        Entries { known, has_unknown }
    }
}

/// The entries of a block of settings.
pub(super) struct Entries<'a> {
    /// Those whose keys are known, each key once, in order of the text.
    pub(super) known: Vec<(&'static str, &'a Setting)>,
    /// Whether there are others: one of them may be what seems to be missing.
    pub(super) has_unknown: bool,
}
