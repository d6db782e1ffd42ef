//! A layer made: its arguments bound, its shapes worked out, its reference to another layer found.

use super::Checker;
use super::arguments::Slot;
use super::layer::kind_span;
use super::names::Place;
use super::network::{Biases, Draught, Flow};
use super::value::Context;
use crate::arena::Id;
use crate::diagnostics::{arguments, names};
use crate::graph::LayerId;
use crate::model::layers::{Kind, Made, Situation};
use crate::model::signature::{Argument, Arguments, Reference, Takes};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Layer};

impl<'a> Checker<'a> {
    /// The arguments of a layer; what `add` and `concat` name is handed back.
    pub(super) fn bind_layer(
        &mut self,
        kind: &'static Kind,
        layer: &'a Layer,
        place: &Place<'a>,
        draught: &mut Draught<'a>,
        at: usize,
    ) -> Option<Flow> {
        let span = kind_span(layer);
        let extras = kind.weighted.settings();
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
    pub(super) fn reference(
        &mut self,
        expr: &'a Expr,
        place: &Place<'a>,
        draught: &Draught<'a>,
    ) -> Option<(Reference, Flow)> {
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
    pub(super) fn close(
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
                (None, network) => kind.weighted.is_reached() && matches!(network, Some(Biases::None)),
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
    pub(super) fn braces(&self, layer: &Layer) -> Span {
        let behind = Span { start: layer.head.end, ..layer.span };
        let text = self.sources.text(behind);
        let blank = text.len() - text.trim_start().len();
        Span { start: behind.start + blank as u32, ..behind }
    }
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
