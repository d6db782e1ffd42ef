//! The draught becomes a `Model`: init rules evaluated for the fans of every tensor, the loss compiled for the output.

use super::Checker;
use super::choices::Drawn;
use super::definitions::fans;
use super::network::{Biases, Draft, Draught, Rule};
use super::value::Fans;
use crate::arena::{Id, IdVec};
use crate::diagnostics::{arguments, lints, values};
use crate::graph::{LayerId, ParameterId};
use crate::model::layers::{self, Tensor};
use crate::model::mean_field::{self, Critical, Normal};
use crate::model::{Activation, Initializer, Layer, Model, Parameter, ParameterRole, ReportSettings, Seeds};
use crate::scalar::Function;
use crate::source::Span;
use crate::syntax::ast::Network;
use std::sync::Arc;

impl<'a> Checker<'a> {
    /// The model as far as the network makes it; none where something in it is not known.
    pub(super) fn finish(&mut self, draught: &mut Draught<'a>, network: Option<&'a Network>) -> Option<Model> {
        let network = network?;
        self.check_total_size(draught, network.name.span);
        let layer_count = draught.drafts.iter().filter(|draft| has_weight(draft)).count();
        let mut parameters: IdVec<ParameterId, Parameter> = IdVec::new();
        let mut parameters_of = Vec::with_capacity(draught.drafts.len());
        let mut complete = true;
        for at in 0..draught.drafts.len() {
            let mut own = Vec::new();
            for tensor in &draught.drafts[at].tensors {
                match self.parameter(draught, at, tensor, layer_count) {
                    Some(parameter) => own.push(parameters.push(parameter)),
                    None => complete = false,
                }
            }
            parameters_of.push(own);
        }
        self.lint_auto_beside_skips(draught);
        let output = draught.output.clone();
        let choice = draught.loss.take();
        let loss = match (choice, &output) {
            (Some(choice), Some(output)) => self.loss(choice, &output.shape),
            (Some(_), None) | (None, _) => None,
        };
        if !complete || draught.names.uncertain || (draught.has_loss && loss.is_none()) {
            return None;
        }
        let layers: Option<IdVec<LayerId, Layer>> =
            draught.drafts.iter().zip(parameters_of).map(|(draft, parameters)| layer(draft, parameters)).collect();
        Some(Model {
            name: network.name.clone(),
            input: draught.input.clone()?,
            input_span: draught.input_span,
            integer_input: draught.drafts.iter().any(|draft| draft.kind.looks_up),
            layers: layers?,
            body: draught.body.iter().map(|at| LayerId::new(*at)).collect(),
            output: output?.shape,
            parameters,
            loss,
            precision: draught.precision,
            data: None,
            train: None,
            report: ReportSettings {
                at: None,
                every: None,
                curvature: false,
                seeds: Seeds::Default,
                dropout: true,
                vanishing: 0.0,
                exploding: 0.0,
                dead: 0.0,
                saturated: 0.0,
                underflow: 0.0,
            },
            sweep: Vec::new(),
            expectations: Vec::new(),
        })
    }

    fn parameter(
        &mut self,
        draught: &Draught<'a>,
        at: usize,
        tensor: &Tensor,
        layer_count: usize,
    ) -> Option<Parameter> {
        let draft = &draught.drafts[at];
        let fans = fans(tensor.fan_in, tensor.fan_out, layer_count);
        let (drawn, span) = self.drawn(draught, draft, tensor.role, fans)?;
        let initializer = match drawn {
            Drawn::Known(initializer) => initializer,
            Drawn::Auto(rule) => self.auto(draught, at, tensor, rule, layer_count)?,
        };
        let initializer = match initializer {
            Initializer::Identity { gain, .. } => Initializer::Identity { gain, groups: groups_of(draft, tensor) },
            other => other,
        };
        self.check_suits(tensor, &initializer, span)?;
        Some(Parameter {
            layer: LayerId::new(at),
            name: tensor.name.to_owned(),
            shape: tensor.shape.clone(),
            role: tensor.role,
            initializer,
            initializer_span: span,
            fan_in: tensor.fan_in,
            fan_out: tensor.fan_out,
            blocks: draft.kind.gates,
        })
    }

    /// What a tensor is drawn from, and where that is written: the layer's own rule, the network's, the default.
    fn drawn(
        &mut self,
        draught: &Draught<'a>,
        draft: &Draft<'a>,
        role: ParameterRole,
        fans: Fans,
    ) -> Option<(Drawn, Span)> {
        match (rule_of(draught, draft, role), draft.kind.weighted.own_start(role)) {
            (Some(rule), _) => Some((self.initializer(rule.expr, &rule.scope, Some(fans))?, rule.expr.span)),
            (None, Some(start)) => Some((Drawn::Known(start), draft.span)),
            (None, None) => Some((self.initializer_named(default_rule(role), Some(fans))?, draft.span)),
        }
    }

    /// Solves for the weights' variance at which the gradient neither grows nor shrinks through the layer's activation.
    fn auto(
        &mut self,
        draught: &Draught<'a>,
        at: usize,
        tensor: &Tensor,
        rule: Span,
        layer_count: usize,
    ) -> Option<Initializer> {
        let draft = &draught.drafts[at];
        if tensor.role == ParameterRole::Bias {
            self.report(arguments::auto_of_biases(rule));
            return None;
        }
        if draft.kind.gates > 1 {
            let reason = "its gates have several, a sigmoid and a tanh among them";
            self.report(values::no_critical_variance(rule, draft.kind.name, draft.span, reason));
            return None;
        }
        let variance = match following_activation(draught, at) {
            None => 1.0,
            Some(Activation { function: None, name, .. }) => {
                self.report(values::no_critical_variance(rule, name, draft.span, "it looks along whole rows"));
                return None;
            }
            Some(Activation { function: Some(function), name, .. }) => {
                let fans = fans(tensor.fan_in, tensor.fan_out, layer_count);
                let bias = self.drawn(draught, draft, ParameterRole::Bias, fans);
                let biases = match bias {
                    Some((Drawn::Known(initializer), _)) if has_bias(draft) => {
                        mean_field::distribution(&initializer).unwrap_or(Normal::centred(0.0))
                    }
                    Some(_) | None => Normal::centred(0.0),
                };
                match self.critical_variance(function, biases) {
                    Ok((critical, is_new)) => {
                        let saturated =
                            if is_new { mean_field::saturated(function, critical, biases.mean) } else { 0.0 };
                        if saturated >= COSTLY {
                            self.report(lints::auto_saturates(
                                rule,
                                draft.span,
                                name,
                                critical.weight.sqrt(),
                                saturated,
                            ));
                        }
                        critical.weight
                    }
                    Err(reason) => {
                        self.report(values::no_critical_variance(rule, name, draft.span, &reason));
                        return None;
                    }
                }
            }
        };
        self.solved.push((at, rule));
        Some(Initializer::Normal { mean: 0.0, std: (variance / tensor.fan_in as f64).sqrt() })
    }

    /// Skips around solved layers, where all of them together cost a factor of ten.
    fn lint_auto_beside_skips(&mut self, draught: &Draught<'a>) {
        let mut skips: Vec<usize> = Vec::new();
        for (at, _) in &self.solved {
            let mut around = draught.drafts[*at].parent;
            while let Some(parent) = around {
                let is_skip = draught.drafts[parent].kind.theory == layers::Theory::Skip;
                if is_skip && !skips.contains(&parent) && self.is_solved_within(draught, parent) {
                    skips.push(parent);
                }
                around = draught.drafts[parent].parent;
            }
        }
        let of_all = (0..skips.len()).fold(1.0, |product, _| product * std::f64::consts::SQRT_2);
        if let (Some((_, rule)), Some(first)) = (self.solved.first(), skips.first())
            && of_all > 10.0
        {
            self.report(lints::auto_beside_skips(*rule, draught.drafts[*first].span, skips.len(), of_all));
        }
    }

    /// Whether the weights of every layer in a container were solved for: none of them is smaller on purpose.
    fn is_solved_within(&self, draught: &Draught<'a>, container: usize) -> bool {
        let is_within = |at: usize| {
            std::iter::successors(draught.drafts[at].parent, |at| draught.drafts[*at].parent).any(|at| at == container)
        };
        let within = (0..draught.drafts.len()).filter(|at| is_within(*at) && has_weight(&draught.drafts[*at]));
        within.into_iter().all(|at| self.solved.iter().any(|(solved, _)| *solved == at))
    }

    /// Solved once for all layers of an activation; tells whether it is new.
    fn critical_variance(&mut self, function: &Arc<Function>, biases: Normal) -> Result<(Critical, bool), String> {
        let known = self.critical.iter().find(|(known, bias, _)| Arc::ptr_eq(known, function) && *bias == biases);
        if let Some((.., solved)) = known {
            return solved.clone().map(|critical| (critical, false));
        }
        let solved = mean_field::critical_variance(function, biases);
        self.critical.push((Arc::clone(function), biases, solved.clone()));
        solved.map(|critical| (critical, true))
    }

    /// Whether a distribution makes sense for a tensor of this shape.
    fn check_suits(&mut self, tensor: &Tensor, initializer: &Initializer, span: Span) -> Option<()> {
        match initializer {
            Initializer::Orthogonal { .. } | Initializer::Identity { .. } | Initializer::Sparse { .. }
                if tensor.shape.rank() < 2 =>
            {
                self.report(arguments::matrix_rule_for_vector(span, tensor.name, &tensor.shape));
                None
            }
            Initializer::Sparse { nonzeros, .. } if *nonzeros > tensor.fan_in => {
                self.report(values::more_entries_than_inputs(span, *nonzeros, tensor.fan_in));
                None
            }
            Initializer::Constant(_)
            | Initializer::Normal { .. }
            | Initializer::Uniform { .. }
            | Initializer::TruncatedNormal { .. }
            | Initializer::Orthogonal { .. }
            | Initializer::Identity { .. }
            | Initializer::Sparse { .. }
            | Initializer::File { .. } => Some(()),
        }
    }
}

/// The share of saturated entries from which the price of `auto` is told.
const COSTLY: f64 = 0.1;

/// E[w²] of a distribution; none where it depends on the tensor, or a file says.
#[must_use]
pub fn mean_square(initializer: &Initializer) -> Option<f64> {
    let Normal { mean, variance } = mean_field::distribution(initializer)?;
    Some(variance + mean * mean)
}

/// The groups of a kernel, of whose channels it has those of one.
fn groups_of(draft: &Draft<'_>, tensor: &Tensor) -> usize {
    match (&draft.input, &tensor.shape.0[..]) {
        (Some(input), [_, of_one_group, _, ..]) => input.0[0] / of_one_group,
        _ => 1,
    }
}

fn has_bias(draft: &Draft<'_>) -> bool {
    draft.tensors.iter().any(|tensor| tensor.role == ParameterRole::Bias)
}

/// Whether it is one of the layers that `layer_count` counts: those with weights that the network's `weights:` reach.
pub(super) fn has_weight(draft: &Draft<'_>) -> bool {
    draft.kind.weighted.is_reached() && draft.tensors.iter().any(|tensor| tensor.role == ParameterRole::Weight)
}

/// The rule that the prelude has for what nothing is said of.
pub(super) const fn default_rule(role: ParameterRole) -> &'static str {
    match role {
        ParameterRole::Weight => "xavier_uniform",
        ParameterRole::Bias => "zeros",
    }
}

/// The rule that is written for a layer's weights or biases: its own, else the network's where that reaches it.
pub(super) fn rule_of<'d, 'a>(
    draught: &'d Draught<'a>,
    draft: &'d Draft<'a>,
    role: ParameterRole,
) -> Option<&'d Rule<'a>> {
    let reaches = draft.kind.weighted.is_reached();
    match role {
        ParameterRole::Weight => draft.weights.as_ref().or(draught.weights.as_ref().filter(|_| reaches)),
        ParameterRole::Bias => match draft.biases.as_ref().or(draught.biases.as_ref().filter(|_| reaches))? {
            Biases::Rule(rule) => Some(rule),
            Biases::None => None,
        },
    }
}

/// The activation that a layer's output passes first: its own, or that of the layer after it.
pub(super) fn following_activation<'d>(draught: &'d Draught<'_>, at: usize) -> Option<&'d Activation> {
    let draft = &draught.drafts[at];
    if draft.activation.is_some() {
        return draft.activation.as_ref();
    }
    let siblings = match draft.parent {
        None => &draught.body,
        Some(parent) => draught.drafts[parent].branches.iter().find(|branch| branch.contains(&at))?,
    };
    let next = siblings.iter().skip_while(|sibling| **sibling != at).nth(1)?;
    let next = &draught.drafts[*next];
    next.activation.as_ref().filter(|_| next.kind.name == layers::ACTIVATION.name)
}

fn layer(draft: &Draft<'_>, parameters: Vec<ParameterId>) -> Option<Layer> {
    Some(Layer {
        name: draft.name.clone(),
        kind_name: draft.kind_name.to_owned(),
        kind: draft.kind,
        arguments: draft.arguments.clone(),
        span: draft.span,
        input: draft.input.clone()?,
        shape: draft.output.clone()?,
        activation: draft.activation.clone(),
        parameters,
        branches: draft.branches.iter().map(|branch| branch.iter().map(|at| LayerId::new(*at)).collect()).collect(),
        parent: draft.parent.map(LayerId::new),
        frozen: draft.frozen,
    })
}
