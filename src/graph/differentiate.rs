//! Reverse mode: from a scalar loss back to the nodes wanted, one rule per primitive. What comes out are nodes like any others, so
//! derivatives can be differentiated again.
//!
//! Invariants: a cotangent has the shape and the precision of its node. The cotangents of a node used several times add in order of
//! use, the last use first (the numeric contract). Only paths from a wanted node to the loss are followed. A node whose derivative
//! is zero by its form, not by its values, has no cotangent at all. The cotangent of a recurrence is that of each state through all
//! later steps too: the gradient through time.

use super::through_time::adjoint;
use super::{Builder, Combine, Graph, Node, NodeId, Op, Origin, Role, Windows};
use crate::arena::{Id, IdVec};
use crate::scalar::{self, Comparison, Function};
use crate::shape::{Precision, Shape};
use std::sync::Arc;

/// Adds the nodes of ∂loss/∂n for every wanted n, in their order; none where the loss does not depend on it. A wanted node may be a
/// leaf or any other. The loss is a scalar, shape `[]`.
///
/// # Panics
/// Where the loss is no scalar.
pub fn differentiate(graph: &mut Graph, loss: NodeId, wanted: &[NodeId]) -> Vec<Option<NodeId>> {
    assert_eq!(*graph.shape(loss), Shape::scalar(), "a loss is a scalar");
    let origin = gradient_of(graph.nodes[loss].origin);
    let precision = graph.precision(loss);
    let one = Builder::new(graph, origin).constant(1.0, Shape::scalar(), precision);
    pull_back(graph, loss, one, wanted)
}

/// The same from any node, with its cotangent given: the product of a row vector and the Jacobian.
///
/// # Panics
/// Where the cotangent has another shape or precision than the output.
pub fn pull_back(graph: &mut Graph, output: NodeId, cotangent: NodeId, wanted: &[NodeId]) -> Vec<Option<NodeId>> {
    assert_eq!(graph.shape(output), graph.shape(cotangent), "a cotangent has its node's shape");
    assert_eq!(graph.precision(output), graph.precision(cotangent), "a cotangent has its node's precision");
    let leads_to_wanted = leading_to(graph, output, wanted);
    let mut cotangents: IdVec<NodeId, Option<NodeId>> = graph.nodes.iter().map(|_| None).collect();
    cotangents[output] = Some(cotangent);

    let forward: Vec<NodeId> = graph.nodes.ids().take(output.index() + 1).collect();
    let origin = graph.nodes[output].origin;
    let mut builder = Builder::new(graph, origin);
    for id in forward.into_iter().rev() {
        let Some(cotangent) = cotangents[id] else { continue };
        let node = builder.graph().nodes[id].clone();
        builder.set_origin(gradient_of(node.origin));
        let mut of_inputs = Vec::new();
        if let Op::Scan(scan) = &node.op {
            let needed: Vec<bool> = node.inputs.iter().map(|input| leads_to_wanted[*input]).collect();
            let total;
            (total, of_inputs) = adjoint(&mut builder, id, &node, scan, cotangent, &needed);
            cotangents[id] = Some(total);
        }
        for position in (0..node.inputs.len()).rev() {
            let input = node.inputs[position];
            if !leads_to_wanted[input] {
                continue;
            }
            builder.set_origin(gradient_of(node.origin));
            let contribution = match of_inputs.get(position) {
                Some(made) => *made,
                None => cotangent_of_input(&mut builder, id, &node, position, cotangent),
            };
            let Some(contribution) = contribution else { continue };
            cotangents[input] = Some(match cotangents[input] {
                None => contribution,
                Some(later_uses) => {
                    let origin = builder.graph().nodes[input].origin;
                    builder.set_origin(gradient_of(origin));
                    builder.add(later_uses, contribution)
                }
            });
        }
    }
    wanted.iter().map(|id| cotangents[*id]).collect()
}

/// The forward node's place, in the backward pass.
fn gradient_of(origin: Origin) -> Origin {
    Origin { role: Role::Gradient, ..origin }
}

/// For each node up to `output`: whether it is wanted or depends on one that is.
fn leading_to(graph: &Graph, output: NodeId, wanted: &[NodeId]) -> IdVec<NodeId, bool> {
    let mut leads: IdVec<NodeId, bool> = graph.nodes.iter().map(|_| false).collect();
    for id in wanted {
        leads[*id] = true;
    }
    for id in graph.nodes.ids().take(output.index() + 1) {
        leads[id] = leads[id] || graph.nodes[id].inputs.iter().any(|input| leads[*input]);
    }
    leads
}

/// What `cotangent`, of node `id`, gives to its input at `position`: the rules.
fn cotangent_of_input(
    builder: &mut Builder<'_>,
    id: NodeId,
    node: &Node,
    position: usize,
    cotangent: NodeId,
) -> Option<NodeId> {
    let input = node.inputs[position];
    let from = builder.shape(input).clone();
    let contribution = match &node.op {
        Op::Leaf(_) | Op::Constant(_) | Op::Index { .. } => unreachable!("a node without inputs has no input"),
        Op::Scan(_) => unreachable!("the inputs of a recurrence have their cotangents together"),
        Op::Histogram | Op::Detach => return None,
        Op::Map(function) => {
            let full = times_derivative(builder, function, node, position, cotangent)?;
            sum_to(builder, full, &from)
        }
        Op::Product => {
            let other = builder.transpose(node.inputs[1 - position]);
            if position == 0 { builder.product(cotangent, other) } else { builder.product(other, cotangent) }
        }
        Op::Reduce { combine: Combine::Sum, .. } => {
            let narrowed = builder.convert(cotangent, builder.precision(input));
            builder.broadcast(narrowed, from)
        }
        Op::Reduce { combine: Combine::Maximum, axes, .. } => only_first_maximum(builder, id, input, axes, cotangent),
        Op::Broadcast => sum_to(builder, cotangent, &from),
        Op::Reshape => builder.reshape(cotangent, from),
        Op::Permute { axes } => {
            let mut inverse = vec![0; axes.len()];
            axes.iter().enumerate().for_each(|(to, axis)| inverse[*axis] = to);
            builder.permute(cotangent, &inverse)
        }
        Op::Slice { axis, start } => {
            let behind = from.0[*axis] - start - node.shape.0[*axis];
            builder.pad(cotangent, *axis, *start, behind)
        }
        Op::Pad { axis, before } => builder.slice(cotangent, *axis, *before, from.0[*axis]),
        Op::Concat { axis } => {
            let start = node.inputs[..position].iter().map(|earlier| builder.shape(*earlier).0[*axis]).sum();
            builder.slice(cotangent, *axis, start, from.0[*axis])
        }
        Op::Window { axis, stride, dilation } => builder.fold(cotangent, *axis, from.0[*axis], *stride, *dilation),
        Op::Fold { axis, stride, dilation } => {
            let [places, size] = [from.0[*axis], from.0[*axis + 1]];
            builder.window(cotangent, *axis, Windows { places, size, stride: *stride, dilation: *dilation })
        }
        // a number of a row has no derivative
        Op::Gather | Op::ScatterAdd if position == 1 => return None,
        Op::Gather => builder.scatter_add(cotangent, node.inputs[1], from.0[0]),
        Op::ScatterAdd => builder.gather(cotangent, node.inputs[1]),
    };
    Some(builder.convert(contribution, builder.precision(input)))
}

/// ∂function/∂argument · `change`, a cotangent (not yet summed over the axes in which the argument was repeated) or a tangent.
///
/// Where the derivative is dear and the change not known at compile time, it is a node of its own, so that it can be computed
/// and stored where the function is.
pub(super) fn times_derivative(
    builder: &mut Builder<'_>,
    function: &Function,
    node: &Node,
    position: usize,
    change: NodeId,
) -> Option<NodeId> {
    let derivative = scalar::derivative(function, position);
    if derivative.constant_value() == Some(0.0) {
        return None;
    }
    let known = matches!(builder.graph().nodes[change].op, Op::Constant(_));
    if derivative.is_expensive() && !known {
        let derivative = builder.map_in(node.precision, &Arc::new(derivative), &node.inputs);
        let change = builder.convert(change, node.precision);
        return Some(builder.multiply(change, derivative));
    }
    let pullback = scalar::pullback(function, position);
    let arguments = [&node.inputs[..], &[change]].concat();
    Some(builder.map_in(node.precision, &Arc::new(pullback), &arguments))
}

/// The sum over the axes in which `shape` has extent 1 and `x` more.
fn sum_to(builder: &mut Builder<'_>, x: NodeId, shape: &Shape) -> NodeId {
    let repeated = |axis: &usize| shape.0[*axis] == 1;
    let axes: Vec<usize> = (0..shape.rank()).filter(repeated).collect();
    builder.sum(x, &axes)
}

/// `change` at the element that a maximum was taken from, zero at the others: the first, in row-major order along the reduced axes,
/// that equals it; the first NaN where it is NaN. `change` has the shape of `x`, or repeats to it.
pub(super) fn only_first_maximum(
    builder: &mut Builder<'_>,
    maximum: NodeId,
    x: NodeId,
    axes: &[usize],
    change: NodeId,
) -> NodeId {
    let shape = builder.shape(x).clone();
    let candidates = axes.iter().map(|axis| shape.0[*axis]).product::<usize>();
    // places are compared as numbers, so each must be one
    let precision = if candidates > 1 << f32::MANTISSA_DIGITS { Precision::F64 } else { builder.precision(x) };
    let place = row_major_place(builder, &shape, axes, precision);

    // −place where it is the maximum: the earliest is the largest
    let rank = Function::build(3, |function, arguments| {
        let [element, largest, place] = arguments[..] else { unreachable!("three were asked for") };
        let equal = function.compare(Comparison::Equal, element, largest);
        let nan = function.compare(Comparison::NotEqual, element, element);
        let taken = function.or(equal, nan);
        let (earlier, never) = (function.negate(place), function.constant(f64::NEG_INFINITY));
        vec![function.select(taken, earlier, never)]
    });
    let ranks = builder.map_in(precision, &Arc::new(rank), &[x, maximum, place]);
    let first = builder.maximum(ranks, axes);

    let pass = Function::build(3, |function, arguments| {
        let [rank, first, change] = arguments[..] else { unreachable!("three were asked for") };
        let chosen = function.compare(Comparison::Equal, rank, first);
        let zero = function.constant(0.0);
        vec![function.select(chosen, change, zero)]
    });
    builder.map_in(precision, &Arc::new(pass), &[ranks, first, change])
}

/// The row-major number of each place along `axes` of `shape`; extent 1 in the others.
fn row_major_place(builder: &mut Builder<'_>, shape: &Shape, axes: &[usize], precision: Precision) -> NodeId {
    let extents = (0..shape.rank()).map(|axis| if axes.contains(&axis) { shape.0[axis] } else { 1 });
    let places = Shape::new(extents.collect::<Vec<_>>());
    let strides = places.strides();
    let along = |builder: &mut Builder<'_>, axis: usize| {
        let index = builder.index(axis, places.clone(), precision);
        let stride = builder.constant(strides[axis] as f64, places.clone(), precision);
        builder.multiply(index, stride)
    };
    let (first, others) = axes.split_first().expect("a reduction has axes");
    let mut place = along(builder, *first);
    for axis in others {
        let further = along(builder, *axis);
        place = builder.add(place, further);
    }
    place
}
