//! The network's body, expanded: repeats turned, blocks put in, layers named and numbered, shapes followed from one to the next.

use super::arguments::Slot;
use super::definitions::{BlockId, Lookup};
use super::evaluate::describe;
use super::names::{NameTable, Place};
use super::value::{Context, Home, Scope, Value, Valued};
use super::{Checker, Limits};
use crate::arena::Id;
use crate::diagnostics::{Code, Diagnostic, arguments, habits, names, values};
use crate::graph::LayerId;
use crate::model::layers::{self, Body, Kind, Made, Situation, Tensor, Weighted};
use crate::model::signature::{Argument, Arguments, Reference, Takes};
use crate::model::{Activation, settings};
use crate::shape::{Precision, Shape};
use crate::source::{Ident, Span};
use crate::syntax::ast::{self, DefinitionKind, Expr, ExprKind, Layer, Network, Repeat, Setting, Statement, Turns};
use crate::syntax::habits::rewrite;
use std::collections::{HashMap, HashSet};
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
    name_span: Span,
    /// What is left of the most layers that a network may have.
    budget: usize,
    /// The same for layers that are only looked at.
    aside_budget: usize,
    /// Whether it was said that there are too many layers.
    is_over: bool,
    depth: usize,
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
    fn spend(&mut self) -> bool {
        let budget = if self.names.is_aside() { &mut self.aside_budget } else { &mut self.budget };
        let left = *budget > 0;
        *budget = budget.saturating_sub(1);
        left
    }
}

/// Settings that are no likely labels.
const NETWORK_LABELS: [&str; 4] = ["loss", "weights", "biases", "precision"];

/// What flows from one layer to the next: its shape and where that comes from, or nothing after an error.
type Flow = Option<Made>;

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
        if self.report_too_large(draught.input_span, "input", &[], &shape, draught.precision) {
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
    fn rule(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Rule<'a> {
        self.initializer(expr, scope, None);
        Rule { expr, scope: Rc::clone(scope) }
    }

    fn bias_rule(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>) -> Biases<'a> {
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

    /// Layers in order, each given what the one before hands on.
    fn expand(
        &mut self,
        statements: &'a [Statement],
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &mut Flow,
        body: &mut Vec<usize>,
    ) {
        if draught.depth >= Limits::NESTING {
            *flow = None;
            draught.names.uncertain = true;
            if let Some(Statement::Layer(layer)) = statements.first() {
                self.report(values::blocks_too_deep(layer.head));
            }
            return;
        }
        draught.depth += 1;
        for statement in statements {
            match statement {
                Statement::Setting(setting) => {
                    if !place.is_top() && !self.is_behind_unclosed(setting.span) {
                        self.report(arguments::setting_inside(&setting.key, draught.name_span));
                    }
                }
                Statement::Broken(_) => {
                    *flow = None;
                    draught.names.uncertain = true;
                }
                Statement::Repeat(repeat) => self.expand_repeat(repeat, place, draught, flow, body),
                Statement::Layer(layer) => self.expand_layer(layer, place, draught, flow, body),
            }
        }
        draught.depth -= 1;
    }

    fn expand_repeat(
        &mut self,
        repeat: &'a Repeat,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &mut Flow,
        body: &mut Vec<usize>,
    ) {
        let turns = self.turns(repeat, place, draught);
        let Some((binder, values)) = turns else {
            // How often is not known: once, for its mistakes.
            draught.names.uncertain = true;
            let binder = match &repeat.turns {
                Turns::Count { binder, .. } => binder.as_ref(),
                Turns::Values { binder, .. } => Some(binder),
            };
            self.expand_for_mistakes(&repeat.body, place, binder, draught);
            *flow = None;
            return;
        };
        if values.is_empty() {
            self.expand_for_mistakes(&repeat.body, place, binder, draught);
            return;
        }
        for (index, value) in values.into_iter().enumerate() {
            // Of what is only looked at, one turn is enough.
            if index > 0 && draught.names.is_aside() {
                return;
            }
            if !self.spend(repeat.head, draught) {
                *flow = None;
                return;
            }
            let turn = place.turn(index + 1, binder, value);
            self.expand(&repeat.body, &turn, draught, flow, body);
        }
    }

    /// The values of each turn, if they are known and not too many.
    fn turns(
        &mut self,
        repeat: &'a Repeat,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
    ) -> Option<(Option<&'a Ident>, Vec<Valued<'a>>)> {
        let (binder, span, count, values) = match &repeat.turns {
            Turns::Count { count, binder } => {
                let valued = self.operand_value(count, &place.scope, Context::Plain);
                let turns = self.count(&valued, "repeat", 0)?;
                (binder.as_ref(), count.span, turns, None)
            }
            Turns::Values { binder, values } => {
                let valued = self.value(values, &place.scope, Context::Plain);
                match valued.value {
                    Value::List(entries) => (Some(binder), values.span, entries.len(), Some(entries)),
                    Value::Range(start, end) => {
                        let turns = usize::try_from(end.saturating_sub(start)).unwrap_or(0);
                        self.check_turns(repeat, values.span, turns, draught)?;
                        let numbers = (start..end)
                            .map(|number| Valued { value: Value::Number(number as f64), span: values.span });
                        return Some((Some(binder), numbers.collect()));
                    }
                    Value::Unknown => return None,
                    other => {
                        self.report(arguments::wrong_type(values.span, "a list or a range", &describe(&other)));
                        return None;
                    }
                }
            }
        };
        if let Some(binder) = binder {
            self.check_binder(binder);
        }
        self.check_turns(repeat, span, count, draught)?;
        let values = match values {
            Some(entries) => entries.to_vec(),
            None => (1..=count).map(|turn| Valued { value: Value::Number(turn as f64), span }).collect(),
        };
        Some((binder, values))
    }

    /// Takes a layer or turn off the budget; where none is left this is reported, once.
    fn spend(&mut self, span: Span, draught: &mut Draught<'a>) -> bool {
        if draught.spend() {
            return true;
        }
        if !draught.names.is_aside() && !draught.is_over {
            self.report(values::too_many_layers(span, 1, 1, Limits::LAYERS));
            draught.is_over = true;
        }
        draught.names.uncertain = true;
        false
    }

    fn check_binder(&mut self, binder: &Ident) {
        if super::value::FAN_NAMES.contains(&binder.name.as_str()) {
            self.report(names::fan_name(binder));
        }
    }

    /// Whether so many turns of this body fit into a network, told before any is expanded.
    fn check_turns(&mut self, repeat: &'a Repeat, span: Span, turns: usize, draught: &mut Draught<'a>) -> Option<()> {
        let per_turn = layer_count(&repeat.body).max(1);
        if turns.saturating_mul(per_turn) <= draught.budget {
            return Some(());
        }
        self.report(values::too_many_layers(span, turns, per_turn, Limits::LAYERS));
        None
    }

    /// Expands statements that are no part of the network only to find what is wrong in them.
    fn expand_for_mistakes(
        &mut self,
        statements: &'a [Statement],
        place: &Place<'a>,
        binder: Option<&'a Ident>,
        draught: &mut Draught<'a>,
    ) {
        let drafts = draught.drafts.len();
        let mark = draught.names.step_aside();
        let unknown = Valued { value: Value::Unknown, span: draught.name_span };
        self.expand(statements, &place.turn(1, binder, unknown), draught, &mut None, &mut Vec::new());
        draught.names.back(mark);
        draught.drafts.truncate(drafts);
    }

    /// Looks for mistakes in blocks that no sound layer of the network uses.
    pub(super) fn check_unused_blocks(&mut self, draught: &mut Draught<'a>, used: &HashSet<&str>) {
        let blocks: Vec<(BlockId, &'a ast::Block)> = self.definitions.all_blocks().collect();
        for (id, block) in blocks {
            self.check_names_of(&block.parameters, true);
            self.check_labels(&block.body);
            let is_sound = block.parameters.len() <= Limits::PARAMETERS && !self.definitions.is_block_broken(id);
            let is_seen = match self.uses.get(&id) {
                Some(is_expanded) => *is_expanded,
                None => used.contains(block.name.name.as_str()),
            };
            if is_seen || !is_sound {
                continue;
            }
            let root = Scope::root(Home::User);
            let mut bound = HashMap::new();
            for parameter in &block.parameters {
                let value = match &parameter.default {
                    Some(default) => self.value(default, &Scope::within(&root, bound.clone()), Context::Plain),
                    None => Valued { value: Value::Unknown, span: parameter.name.span },
                };
                bound.insert(parameter.name.name.as_str(), value);
            }
            let place = Place::top(Scope::within(&root, bound)).inside_block(&block.name.name);
            self.expand_for_mistakes(&block.body, &place, None, draught);
        }
    }

    fn expand_layer(
        &mut self,
        layer: &'a Layer,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &mut Flow,
        body: &mut Vec<usize>,
    ) {
        let kind = &layer.kind;
        if kind.name == "input" {
            if !place.is_top() {
                self.report(arguments::input_inside(layer.head, draught.name_span));
            }
            return;
        }
        if kind.name == "branch" {
            self.report(arguments::branch_outside_parallel(layer.head));
            *flow = None;
            return;
        }
        if !self.spend(layer.head, draught) {
            *flow = None;
            return;
        }
        if let Some(entry) = layers::find(&kind.name) {
            self.expand_kind(entry, layer, place, draught, flow, body);
            return;
        }
        if layers::PLANNED.contains(&kind.name.as_str()) {
            self.report(names::not_built_yet(kind));
            self.leave_out(layer, place, draught, flow);
            return;
        }
        match self.definitions.find_block(&kind.name) {
            Lookup::Found(block) => return self.expand_block(block, layer, place, draught, flow, body),
            Lookup::Poisoned => return self.leave_out(layer, place, draught, flow),
            Lookup::Missing => {}
        }
        let is_activation = layers::is_row_function(&kind.name)
            || self.definitions.find(DefinitionKind::Activation, &kind.name, Home::User) != Lookup::Missing;
        if is_activation || self.names_an_activation(kind, &place.scope) {
            self.expand_activation(layer, place, draught, flow, body);
            return;
        }
        if let Some(habit) = self.layer_habit(layer) {
            self.report(habit);
            return self.leave_out_unread(layer, place, draught, flow);
        }
        match self.role_of(&kind.name, Home::User) {
            Some(role) => self.report(arguments::wrong_role(kind, kind.span, role, "layer", self.layer_names())),
            None if layer.body.is_none() && self.params.place(&kind.name).is_some() => {
                self.report(arguments::param_is_no_layer(kind, self.params.place(&kind.name)));
            }
            None => self.report(names::unknown("layer kind", kind, self.layer_names())),
        }
        self.leave_out(layer, place, draught, flow);
    }

    /// A layer of another library, or a setting that is written as a labelled layer.
    fn layer_habit(&self, layer: &Layer) -> Option<Diagnostic> {
        if let Some(label) = layer.label.as_ref().filter(|label| NETWORK_LABELS.contains(&label.name.as_str())) {
            let text = &self.sources.get(label.span.source).text;
            let sign = text[label.span.range().end..].find('=')? + label.span.range().end;
            let gap = Span::new(label.span.source, label.span.range().end..sign + 1);
            let is_tight = !text[sign + 1..].starts_with(' ');
            return Some(habits::setting_as_label(label, kind_span(layer), (gap, is_tight)));
        }
        let span = kind_span(layer);
        let rewrite = rewrite(self.sources.text(span))?;
        let source = self.sources.get(span.source);
        let line = &source.text[source.line_start(self.sources.line(span))..span.range().start];
        let indent = &line[..line.len() - line.trim_start().len()];
        Some(habits::foreign_layer(Code("E0201"), span, &rewrite, indent))
    }

    /// Every word that a layer statement can begin with.
    fn layer_names(&self) -> Vec<&'a str> {
        let mut names: Vec<&'a str> = layers::CATALOG.iter().map(|kind| kind.name).collect();
        names.extend(self.definitions.names(DefinitionKind::Activation, Home::User));
        names.extend(self.definitions.block_names());
        names.extend(crate::model::intrinsics::ROW_FUNCTIONS);
        names.extend(layers::PLANNED);
        names.push("repeat");
        names
    }

    /// Whether a param, or a parameter of a block, holds an activation: then its name is a layer too.
    fn names_an_activation(&mut self, kind: &Ident, scope: &Rc<Scope<'a>>) -> bool {
        let name = match self.named_value(kind, scope, Context::Plain) {
            Some(Value::Name(name)) => &name.name,
            Some(Value::Call(closure)) => &closure.callee.name,
            Some(Value::Unknown) => return true,
            Some(_) | None => return false,
        };
        layers::is_row_function(name)
            || self.definitions.find(DefinitionKind::Activation, name, Home::User) != Lookup::Missing
    }

    /// A statement that is no layer after all: what it would have been called is no mistake to use.
    fn leave_out(&mut self, layer: &'a Layer, place: &Place<'a>, draught: &mut Draught<'a>, flow: &mut Flow) {
        for argument in &layer.arguments {
            self.look_into(&argument.value, &place.scope, Context::Init(None));
        }
        self.leave_out_unread(layer, place, draught, flow);
    }

    /// The same where the arguments, too, are in the words of another library.
    fn leave_out_unread(&mut self, layer: &'a Layer, place: &Place<'a>, draught: &mut Draught<'a>, flow: &mut Flow) {
        if let Some(label) = &layer.label {
            draught.names.poison(&label.name);
        }
        if let Some(body) = &layer.body {
            self.expand_for_mistakes(body, place, None, draught);
        }
        draught.names.uncertain = true;
        *flow = None;
    }

    /// Opens a draft: gives it its name and its place in the order of the text.
    fn open(
        &mut self,
        kind: &'static Kind,
        layer: &'a Layer,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &Flow,
    ) -> usize {
        let name = draught.names.assign(layer, place, draught.drafts.len());
        draught.drafts.push(Draft {
            name,
            label: layer.label.as_ref(),
            kind,
            kind_name: &layer.kind.name,
            span: kind_span(layer),
            arguments: Arguments::default(),
            input: flow.as_ref().map(|made| made.shape.clone()),
            output: None,
            activation: None,
            tensors: Vec::new(),
            weights: None,
            biases: None,
            frozen: false,
            branches: Vec::new(),
            parent: place.parent,
            closed: false,
            broken: false,
        });
        draught.drafts.len() - 1
    }

    fn expand_activation(
        &mut self,
        layer: &'a Layer,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &mut Flow,
        body: &mut Vec<usize>,
    ) {
        let at = self.open(&layers::ACTIVATION, layer, place, draught, flow);
        body.push(at);
        if layer.body.is_some() {
            self.report(arguments::takes_no_body(&layer.kind, self.braces(layer)));
        }
        let held = self.named_value(&layer.kind, &place.scope, Context::Plain).is_some();
        let activation = if held && layer.arguments.is_empty() {
            self.held_activation(&layer.kind, &place.scope, kind_span(layer))
        } else {
            self.activation_layer(&layer.kind, &layer.arguments, &place.scope, kind_span(layer))
        };
        draught.drafts[at].broken = activation.is_none();
        draught.drafts[at].activation = activation;
        self.close(at, flow, &[], None, draught);
    }

    fn expand_block(
        &mut self,
        id: BlockId,
        layer: &'a Layer,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &mut Flow,
        body: &mut Vec<usize>,
    ) {
        let block = self.definitions.block(id);
        if layer.body.is_some() {
            self.report(arguments::takes_no_body(&layer.kind, self.braces(layer)));
        }
        let at = self.open(&layers::BLOCK, layer, place, draught, flow);
        body.push(at);
        let is_sound = block.parameters.len() <= Limits::PARAMETERS;
        let exprs = if is_sound {
            self.match_parameters(&layer.kind, kind_span(layer), &block.parameters, &layer.arguments)
        } else {
            None
        };
        let root = Scope::root(Home::User);
        let mut bound = HashMap::new();
        for (index, parameter) in block.parameters.iter().enumerate().take(Limits::PARAMETERS) {
            let given = exprs.as_ref().and_then(|exprs| exprs[index]);
            let valued = match (given, &parameter.default) {
                (Some(expr), _) => {
                    let valued = self.value(expr, &place.scope, Context::Plain);
                    self.check_choice(&valued);
                    valued
                }
                (None, Some(default)) => self.value(default, &Scope::within(&root, bound.clone()), Context::Plain),
                (None, None) => Valued { value: Value::Unknown, span: parameter.name.span },
            };
            bound.insert(parameter.name.name.as_str(), valued);
        }
        if exprs.is_none() || self.definitions.is_block_broken(id) {
            draught.drafts[at].broken = true;
            draught.names.uncertain = true;
            *flow = None;
            if exprs.is_none() {
                self.uses.entry(id).or_insert(false);
                for argument in &layer.arguments {
                    self.look_into(&argument.value, &place.scope, Context::Plain);
                }
            }
            return;
        }
        self.uses.insert(id, true);
        let inside = place.inside(at).with_scope(Scope::within(&root, bound)).inside_block(&draught.drafts[at].name);
        let mut within = Vec::new();
        let mut inner = flow.clone();
        self.expand(&block.body, &inside, draught, &mut inner, &mut within);
        draught.drafts[at].branches = vec![within];
        self.close(at, flow, &[inner], None, draught);
    }

    fn expand_kind(
        &mut self,
        kind: &'static Kind,
        layer: &'a Layer,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &mut Flow,
        body: &mut Vec<usize>,
    ) {
        let at = self.open(kind, layer, place, draught, flow);
        body.push(at);
        let referred = self.bind_layer(kind, layer, place, draught, at);
        let statements = match (kind.body, &layer.body) {
            (Body::None, None) => None,
            (Body::None, Some(_)) => {
                self.report(arguments::takes_no_body(&layer.kind, self.braces(layer)));
                draught.drafts[at].broken = true;
                None
            }
            (Body::Layers | Body::Branches, None) => {
                self.report(arguments::lacks_body(&layer.kind, kind.body == Body::Branches));
                draught.drafts[at].broken = true;
                None
            }
            (Body::Layers | Body::Branches, Some(statements)) => Some(statements),
        };
        let mut outcomes = Vec::new();
        if let Some(statements) = statements {
            let inside = place.inside(at);
            if kind.body == Body::Layers {
                let mut inner = flow.clone();
                let mut within = Vec::new();
                self.expand(statements, &inside, draught, &mut inner, &mut within);
                draught.drafts[at].branches.push(within);
                outcomes.push(inner);
            } else {
                self.expand_branches(statements, &inside, draught, flow, at, &mut outcomes);
                if outcomes.is_empty() && !draught.drafts[at].broken {
                    self.report(arguments::no_branches(&layer.kind));
                    draught.drafts[at].broken = true;
                }
            }
        }
        self.close(at, flow, &outcomes, referred, draught);
    }

    /// The branches of a `parallel`; a `repeat` may hold some.
    fn expand_branches(
        &mut self,
        statements: &'a [Statement],
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &Flow,
        at: usize,
        outcomes: &mut Vec<Flow>,
    ) {
        for statement in statements {
            match statement {
                Statement::Layer(branch) if branch.kind.name == "branch" => {
                    if let Some(label) = &branch.label {
                        self.report(arguments::branch_is_not_labelled(label));
                    }
                    if !branch.arguments.is_empty() {
                        self.match_slots(&branch.kind, branch.head, &[], &branch.arguments);
                    }
                    let mut inner = flow.clone();
                    let mut within = Vec::new();
                    match &branch.body {
                        Some(body) => self.expand(body, place, draught, &mut inner, &mut within),
                        None => {
                            self.report(arguments::lacks_body(&branch.kind, false));
                            inner = None;
                        }
                    }
                    draught.drafts[at].branches.push(within);
                    outcomes.push(inner);
                }
                Statement::Layer(layer) => {
                    if !self.is_behind_unclosed(layer.head) {
                        self.report(arguments::no_branch(&layer.kind, layer.head));
                    }
                    draught.drafts[at].broken = true;
                }
                Statement::Repeat(repeat) => match self.turns(repeat, place, draught) {
                    Some((binder, values)) => {
                        for (index, value) in values.into_iter().enumerate() {
                            if !self.spend(repeat.head, draught) {
                                return;
                            }
                            let turn = place.turn(index + 1, binder, value);
                            self.expand_branches(&repeat.body, &turn, draught, flow, at, outcomes);
                        }
                    }
                    None => draught.drafts[at].broken = true,
                },
                Statement::Setting(setting) if self.is_behind_unclosed(setting.span) => {}
                Statement::Setting(setting) => {
                    self.report(arguments::setting_inside(&setting.key, draught.name_span));
                }
                Statement::Broken(_) => {
                    draught.drafts[at].broken = true;
                    draught.names.uncertain = true;
                }
            }
        }
    }

    /// The arguments of a layer; what `add` and `concat` name is handed back.
    fn bind_layer(
        &mut self,
        kind: &'static Kind,
        layer: &'a Layer,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        at: usize,
    ) -> Option<Flow> {
        let span = kind_span(layer);
        let extras: &[&str] = match kind.weighted {
            Weighted::Never => &[],
            Weighted::Both => &["weights", "biases", "frozen"],
            Weighted::WeightsOnly => &["weights", "frozen"],
        };
        let mut slots: Vec<Slot<'_>> = kind.parameters.iter().map(Slot::of).collect();
        slots.extend(extras.iter().map(|name| Slot { name, positional: false, required: false, rest: false }));
        let Some(matched) = self.match_slots(&layer.kind, span, &slots, &layer.arguments) else {
            for argument in &layer.arguments {
                self.look_into(&argument.value, &place.scope, Context::Init(None));
            }
            draught.drafts[at].broken = true;
            return None;
        };
        let mut referred = None;
        let mut bound = Arguments::default();
        let mut sound = true;
        for (index, parameter) in kind.parameters.iter().enumerate() {
            if parameter.takes == Takes::Layer {
                let expr = matched[index].first().expect("a reference is required");
                match self.reference(expr, place, draught) {
                    Some((reference, made)) => {
                        bound.push(parameter.name, Argument::Layer(reference), expr.span);
                        referred = Some(made);
                    }
                    None => sound = false,
                }
                continue;
            }
            let one = std::slice::from_ref(parameter);
            match self.take_all(one, &matched[index..=index], span, &place.scope, Context::Plain) {
                Some(arguments) => bound.append(arguments),
                None => sound = false,
            }
        }
        for (name, exprs) in extras.iter().zip(&matched[kind.parameters.len()..]) {
            let Some(expr) = exprs.first() else { continue };
            match *name {
                "weights" => draught.drafts[at].weights = Some(self.rule(expr, &place.scope)),
                "biases" => draught.drafts[at].biases = Some(self.bias_rule(expr, &place.scope)),
                _ => {
                    let valued = self.value(expr, &place.scope, Context::Plain);
                    match self.boolean(&valued) {
                        Some(frozen) => draught.drafts[at].frozen = frozen,
                        None => sound = false,
                    }
                }
            }
        }
        let draft = &mut draught.drafts[at];
        draft.broken |= !sound;
        draft.activation = bound.activation("activation").cloned();
        draft.arguments = bound;
        referred
    }

    /// The earlier layer that an argument names, and what it hands on.
    fn reference(&mut self, expr: &'a Expr, place: &Place<'a>, draught: &Draught<'a>) -> Option<(Reference, Flow)> {
        let ExprKind::Path(path) = &expr.kind else {
            self.report(arguments::wrong_type(expr.span, "a layer's label", "an expression"));
            return None;
        };
        if path.segments.is_empty() && path.head.name == "input" {
            let made =
                draught.input.clone().map(|shape| Made { shape, span: draught.input_span, by: "input".to_owned() });
            return Some((Reference::Input, made));
        }
        let at = self.find_layer(&path.head, &path.segments, expr.span, place, draught)?;
        let draft = &draught.drafts[at];
        if !draft.closed {
            self.report(names::layer_around(expr.span, &draft.name, draft.span));
            return None;
        }
        let made = draft.output.clone().map(|shape| Made { shape, span: draft.span, by: draft.name.clone() });
        Some((Reference::Layer(LayerId::new(at)), made))
    }

    /// Works out what a layer hands on, once all that is in it is known, and its tensors.
    fn close(
        &mut self,
        at: usize,
        flow: &mut Flow,
        branches: &[Flow],
        referred: Option<Flow>,
        draught: &mut Draught<'a>,
    ) {
        let input = flow.take();
        let draft = &draught.drafts[at];
        let kind = draft.kind;
        let output = if draft.broken {
            input.clone().filter(|_| kind.keeps_shape_when_broken).map(|made| made.shape)
        } else {
            let known: Option<Vec<Made>> = branches.iter().cloned().collect();
            match (&input, known, referred) {
                (Some(input), Some(branches), None | Some(Some(_))) => {
                    let referred = referred_made(draught, at);
                    let situation = Situation {
                        arguments: &draft.arguments,
                        span: draft.span,
                        input,
                        branches: &branches,
                        referred: referred.as_ref(),
                    };
                    match (kind.shape)(&situation) {
                        Ok(shape) => Some(shape),
                        Err(diagnostic) => {
                            self.report(diagnostic);
                            draught.drafts[at].broken = true;
                            Some(input.shape.clone()).filter(|_| kind.keeps_shape_when_broken)
                        }
                    }
                }
                (input, ..) => input
                    .clone()
                    .filter(|_| kind.keeps_shape_when_broken)
                    .map(|made| made.shape)
                    .or_else(|| (kind.shape_after_error)(&draft.arguments)),
            }
        };
        let draft = &mut draught.drafts[at];
        draft.closed = true;
        let Some(output) = output else { return };
        if let (Some(input), false) = (&draft.input, draft.broken) {
            draft.tensors = (kind.tensors)(&draft.arguments, input, &output);
            let leaves_biases_out = match (&draft.biases, &draught.biases) {
                (Some(own), _) => matches!(own, Biases::None),
                (None, network) => matches!(network, Some(Biases::None)),
            };
            if leaves_biases_out {
                draft.tensors.retain(|tensor| tensor.role != crate::model::ParameterRole::Bias);
            }
        }
        let draft = &draught.drafts[at];
        if self.report_too_large(draft.span, &draft.name, &draft.tensors, &output, draught.precision) {
            let draft = &mut draught.drafts[at];
            draft.broken = true;
            draft.tensors.clear();
            return;
        }
        let draft = &mut draught.drafts[at];
        draft.output = Some(output.clone());
        *flow = Some(Made { shape: output, span: draft.span, by: draft.name.clone() });
    }

    /// The braces of a layer statement.
    fn braces(&self, layer: &Layer) -> Span {
        let behind = Span { start: layer.head.end, ..layer.span };
        let text = self.sources.text(behind);
        let blank = text.len() - text.trim_start().len();
        Span { start: behind.start + blank as u32, ..behind }
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

/// What the layer named in an argument hands on, with its place.
fn referred_made(draught: &Draught<'_>, at: usize) -> Option<Made> {
    let reference = draught.drafts[at].arguments.layer("layer")?;
    Some(match reference {
        Reference::Input => Made { shape: draught.input.clone()?, span: draught.input_span, by: "input".to_owned() },
        Reference::Layer(id) => {
            let draft = &draught.drafts[id.index()];
            Made { shape: draft.output.clone()?, span: draft.span, by: draft.name.clone() }
        }
    })
}

/// Kind and arguments of a layer statement.
pub(super) fn kind_span(layer: &Layer) -> Span {
    layer.parentheses.map_or(layer.kind.span, |parentheses| layer.kind.span.to(parentheses))
}

/// The layers that a body has at least, each turn of an inner `repeat` counted as often as a plain number says.
fn layer_count(body: &[Statement]) -> usize {
    let mut open: Vec<(&Statement, usize)> = body.iter().map(|statement| (statement, 1)).collect();
    let mut total = 0_usize;
    while let Some((statement, factor)) = open.pop() {
        match statement {
            Statement::Layer(layer) => {
                total = total.saturating_add(factor);
                open.extend(layer.body.iter().flatten().map(|inner| (inner, factor)));
            }
            Statement::Repeat(repeat) => {
                let turns = match &repeat.turns {
                    Turns::Count { count: Expr { kind: ExprKind::Number(number), .. }, .. } if *number >= 1.0 => {
                        *number as usize
                    }
                    Turns::Count { .. } | Turns::Values { .. } => 1,
                };
                let factor = factor.saturating_mul(turns);
                total = total.saturating_add(factor);
                open.extend(repeat.body.iter().map(|inner| (inner, factor)));
            }
            Statement::Setting(_) | Statement::Broken(_) => {}
        }
    }
    total
}
