//! One layer of a body: what its name stands for, and what that expands to.

use super::definitions::{BlockId, Lookup};
use super::names::Place;
use super::network::{Draft, Draught, Flow, NETWORK_LABELS};
use super::value::{Context, Home, Scope, Value, Valued};
use super::{Checker, Limits};
use crate::diagnostics::{Code, Diagnostic, arguments, habits, names};
use crate::model::layers::{self, Body, Kind};
use crate::model::signature::Arguments;
use crate::source::{Ident, Span};
use crate::syntax::ast::{DefinitionKind, Layer, Statement};
use crate::syntax::habits::rewrite;
use std::collections::HashMap;
use std::rc::Rc;

impl<'a> Checker<'a> {
    pub(super) fn expand_layer(
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
    pub(super) fn layer_habit(&self, layer: &Layer) -> Option<Diagnostic> {
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
    pub(super) fn layer_names(&self) -> Vec<&'a str> {
        let mut names: Vec<&'a str> = layers::CATALOG.iter().map(|kind| kind.name).collect();
        names.extend(self.definitions.names(DefinitionKind::Activation, Home::User));
        names.extend(self.definitions.block_names());
        names.extend(crate::model::intrinsics::ROW_FUNCTIONS);
        names.push("repeat");
        names
    }

    /// Whether a param, or a parameter of a block, holds an activation: then its name is a layer too.
    pub(super) fn names_an_activation(&mut self, kind: &Ident, scope: &Rc<Scope<'a>>) -> bool {
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
    pub(super) fn leave_out(
        &mut self,
        layer: &'a Layer,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &mut Flow,
    ) {
        for argument in &layer.arguments {
            self.look_into(&argument.value, &place.scope, Context::Init(None));
        }
        self.leave_out_unread(layer, place, draught, flow);
    }

    /// The same where the arguments, too, are in the words of another library.
    pub(super) fn leave_out_unread(
        &mut self,
        layer: &'a Layer,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        flow: &mut Flow,
    ) {
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
    pub(super) fn open(
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

    pub(super) fn expand_activation(
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

    pub(super) fn expand_block(
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

    pub(super) fn expand_kind(
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
    pub(super) fn expand_branches(
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
}

/// Kind and arguments of a layer statement.
pub(super) fn kind_span(layer: &Layer) -> Span {
    layer.parentheses.map_or(layer.kind.span, |parentheses| layer.kind.span.to(parentheses))
}
