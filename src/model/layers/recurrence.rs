//! What the recurrent layers have in common: PyTorch's four tensors, time as the first axis, one product over all steps for what
//! comes in, and one recurrence for what is carried on.

use super::{Arguments, Built, Made, Memory, Otherwise, Parameter, Site, Situation, Takes, Tensor, ThroughTime, dense};
use crate::diagnostics::{Diagnostic, shapes};
use crate::graph::{Builder, NodeId, Recurrence};
use crate::model::ParameterRole;
use crate::shape::Shape;

/// The first argument of each.
pub(super) const UNITS: Parameter =
    Parameter::required("units", Takes::Count { least: 1 }, "the numbers of a state, which come out at every step");

/// The second argument of `rnn`.
pub(super) const ACTIVATION: Parameter =
    Parameter::optional("activation", Takes::Activation, Otherwise::Word("tanh"), "makes the next state");

fn units(arguments: &Arguments) -> usize {
    arguments.count("units").expect("`units` is required")
}

/// `[time, features]` → `[time, units]`
pub(super) fn shape(situation: &Situation<'_>, kind: &str) -> Result<Shape, Diagnostic> {
    let input: &Made = situation.input;
    match input.shape.0[..] {
        [time, _] => Ok(Shape::new([time, units(situation.arguments)])),
        _ => Err(shapes::needs_sequence(situation.span, input.side(), kind)),
    }
}

/// PyTorch's tensors of a cell with so many gates, their blocks one under the other. The fans are those of one block.
pub(super) fn tensors(arguments: &Arguments, input: &Shape, gates: usize) -> Vec<Tensor> {
    let (units, features) = (units(arguments), dense::last(input));
    // What cannot be counted is over every limit, and reported as that.
    let rows = units.saturating_mul(gates);
    let tensor = |name, shape, role, fan_in| Tensor { name, shape, role, fan_in, fan_out: units };
    vec![
        tensor("weight_ih", Shape::new([rows, features]), ParameterRole::Weight, features),
        tensor("weight_hh", Shape::new([rows, units]), ParameterRole::Weight, units),
        tensor("bias_ih", Shape::new([rows]), ParameterRole::Bias, features),
        tensor("bias_hh", Shape::new([rows]), ParameterRole::Bias, units),
    ]
}

/// One step of a cell.
pub(super) struct Cell<'a> {
    /// How many gates, or 1.
    pub(super) gates: usize,
    /// How many numbers of the state there are for each unit: 2 where the cell has a memory beside its output.
    pub(super) parts: usize,
    /// The pre-activation of each gate, `[rows, units]`, from what came in and what was carried on, `[rows, gates · units]`.
    pub(super) pre_activations: &'a dyn Fn(&mut Builder<'_>, [NodeId; 2]) -> Vec<NodeId>,
    /// The next state's parts, each `[rows, units]`, the output first; from the pre-activations and the parts before.
    pub(super) next: &'a dyn Fn(&mut Builder<'_>, &[NodeId], &[NodeId]) -> Vec<NodeId>,
    /// The output from the last gate and the memory, where there is one.
    pub(super) read: Option<fn(&mut Builder<'_>, NodeId, NodeId) -> NodeId>,
}

/// A part of the last axis for each of `count`.
pub(super) fn split(builder: &mut Builder<'_>, x: NodeId, count: usize) -> Vec<NodeId> {
    let shape = builder.shape(x);
    let axis = shape.rank() - 1;
    let extent = shape.0[axis] / count;
    (0..count).map(|part| builder.slice(x, axis, part * extent, extent)).collect()
}

/// The states of all steps, from zero on.
pub(super) fn build(site: &mut Site<'_, '_>, cell: &Cell<'_>) -> Built {
    let [batch, time, _] = site.builder.shape(site.input).0[..] else {
        unreachable!("a recurrent layer runs along a sequence")
    };
    let units = units(&site.layer.arguments);
    let Cell { gates, parts, .. } = *cell;
    let [input_weight, state_weight] =
        ["weight_ih", "weight_hh"].map(|name| site.parameter(name).expect("a recurrent layer has its matrices"));
    let [input_bias, state_bias] = ["bias_ih", "bias_hh"].map(|name| site.parameter(name));
    let precision = site.builder.precision(site.input);
    let b = &mut *site.builder;

    // what comes in at all steps: one product
    let by_time = b.permute(site.input, &[1, 0, 2]);
    let mut incoming = b.linear(by_time, input_weight);
    if let Some(bias) = input_bias {
        incoming = b.add(incoming, bias);
    }
    // the cotangent of what comes in is that of the pre-activations, with which it is added up
    let measured = b.permute(incoming, &[1, 0, 2]);
    let incoming = b.permute(measured, &[1, 0, 2]);

    let initial = b.constant(0.0, Shape::new([batch, parts * units]), precision);
    let weight = b.transpose(state_weight);
    let bias = state_bias.map(|bias| b.with_rank(bias, 2));
    let constants: Vec<NodeId> = [weight].into_iter().chain(bias).collect();
    let recurrence = Recurrence { initial, sequences: &[incoming], constants: &constants, times: time, reverse: false };
    let states = b.scan(recurrence, |body, step| {
        let before = split(body, step.state, parts);
        let gates = pre_activations(body, cell, step.sequences[0], before[0], step.constants);
        let next = (cell.next)(body, &gates, &before);
        body.concat(&next, 1)
    });

    let after = b.slice(states, 0, 1, time);
    let output = b.slice(after, 2, 0, units);
    let output = b.permute(output, &[1, 0, 2]);
    let output = b.mark(output);

    // the values of the pre-activations, once more for all steps at once: those of the loop are not kept
    let rows = time * batch;
    let before = b.slice(states, 0, 0, time);
    let before = b.reshape(before, Shape::new([rows, parts * units]));
    let before = split(b, before, parts);
    let incoming = b.reshape(incoming, Shape::new([rows, gates * units]));
    let values = pre_activations(b, cell, incoming, before[0], &constants);
    let memory = cell.read.map(|read| {
        let rows = b.reshape(after, Shape::new([rows, parts * units]));
        let memory = split(b, rows, parts)[1];
        let gate = *values.last().expect("a cell has gates");
        Memory { states: memory, output: read(b, gate, memory) }
    });
    let pre_activation = b.concat(&values, 1);
    let through_time = ThroughTime { states, pre_activation, memory };
    Built { pre_activation: measured, output, through_time: Some(through_time) }
}

/// The pre-activations of some rows: what came in, and the state before times the recurrent weights.
fn pre_activations(
    builder: &mut Builder<'_>,
    cell: &Cell<'_>,
    incoming: NodeId,
    before: NodeId,
    constants: &[NodeId],
) -> Vec<NodeId> {
    let mut carried = builder.product(before, constants[0]);
    if let Some(bias) = constants.get(1) {
        carried = builder.add(carried, *bias);
    }
    (cell.pre_activations)(builder, [incoming, carried])
}
