//! Forward mode: from tangents of some nodes to those of others, one rule per primitive: the product of the Jacobian and a column
//! vector. Over the nodes of a gradient it gives the product of the Hessian and a vector, exactly.
//!
//! Invariants: a tangent has the shape and the precision of its node. Terms add in the order of the inputs. A node whose derivative is
//! zero by its form, not by its values, has no tangent.

use super::differentiate::{only_first_maximum, times_derivative};
use super::{Builder, Combine, Graph, Node, NodeId, Op, Windows, through_time};
use crate::arena::{Id, IdVec};

/// Adds the nodes of the tangents of `outputs`, in their order, where each of `moved` (a node, its tangent) moves along its tangent;
/// none for an output that does not depend on them. A moved node has the tangent given, whatever its inputs.
///
/// # Panics
/// Where a tangent has another shape or precision than its node.
pub fn push_forward(graph: &mut Graph, moved: &[(NodeId, NodeId)], outputs: &[NodeId]) -> Vec<Option<NodeId>> {
    let mut tangents: IdVec<NodeId, Option<NodeId>> = graph.nodes.iter().map(|_| None).collect();
    for (id, tangent) in moved {
        assert_eq!(graph.shape(*id), graph.shape(*tangent), "a tangent has its node's shape");
        assert_eq!(graph.precision(*id), graph.precision(*tangent), "a tangent has its node's precision");
        tangents[*id] = Some(*tangent);
    }
    let Some(last) = outputs.iter().max().copied() else { return Vec::new() };
    let needed = needed_by(graph, outputs);
    let forward: Vec<NodeId> = graph.nodes.ids().take(last.index() + 1).collect();
    let mut builder = Builder::new(graph, graph.nodes[last].origin);
    for id in forward {
        if tangents[id].is_some() || !needed[id] {
            continue;
        }
        let node = builder.graph().nodes[id].clone();
        builder.set_origin(node.origin);
        let of_inputs: Vec<Option<NodeId>> = node.inputs.iter().map(|input| tangents[*input]).collect();
        if of_inputs.iter().any(Option::is_some) {
            tangents[id] = tangent(&mut builder, id, &node, &of_inputs);
        }
    }
    outputs.iter().map(|id| tangents[*id]).collect()
}

fn needed_by(graph: &Graph, outputs: &[NodeId]) -> IdVec<NodeId, bool> {
    let mut needed: IdVec<NodeId, bool> = graph.nodes.iter().map(|_| false).collect();
    for id in outputs {
        needed[*id] = true;
    }
    for (id, node) in graph.nodes.iter_with_ids().rev() {
        if needed[id] {
            for input in &node.inputs {
                needed[*input] = true;
            }
        }
    }
    needed
}

/// The rules. At least one input has a tangent.
fn tangent(builder: &mut Builder<'_>, id: NodeId, node: &Node, of_inputs: &[Option<NodeId>]) -> Option<NodeId> {
    let shape = node.shape.clone();
    // of the primitives with one input, which then has a tangent
    let only = || of_inputs[0].expect("an input has a tangent, and there is one");
    match &node.op {
        Op::Leaf(_) | Op::Constant(_) | Op::Index { .. } => {
            unreachable!("a node without inputs has no input's tangent")
        }
        Op::Histogram | Op::Detach => None,
        Op::Scan(scan) => through_time::tangent(builder, id, node, scan, of_inputs),
        Op::Map(function) => {
            let mut terms = Vec::new();
            for (position, tangent) in of_inputs.iter().enumerate() {
                let Some(tangent) = tangent else { continue };
                terms.extend(times_derivative(builder, function, node, position, *tangent));
            }
            let sum = sum_of(builder, terms)?;
            Some(builder.broadcast(sum, shape))
        }
        Op::Product => {
            let left = of_inputs[0].map(|tangent| builder.product(tangent, node.inputs[1]));
            let right = of_inputs[1].map(|tangent| builder.product(node.inputs[0], tangent));
            sum_of(builder, left.into_iter().chain(right))
        }
        Op::Reduce { combine: Combine::Sum, axes, accumulator } => {
            Some(builder.reduce(Combine::Sum, only(), axes, *accumulator))
        }
        Op::Reduce { combine: Combine::Maximum, axes, accumulator } => {
            let taken = only_first_maximum(builder, id, node.inputs[0], axes, only());
            let sum = builder.sum(taken, axes);
            Some(builder.convert(sum, *accumulator))
        }
        Op::Broadcast => Some(builder.broadcast(only(), shape)),
        Op::Reshape => Some(builder.reshape(only(), shape)),
        Op::Permute { axes } => Some(builder.permute(only(), axes)),
        Op::Slice { axis, start } => Some(builder.slice(only(), *axis, *start, shape.0[*axis])),
        Op::Pad { axis, before } => {
            let behind = shape.0[*axis] - before - builder.shape(node.inputs[0]).0[*axis];
            Some(builder.pad(only(), *axis, *before, behind))
        }
        Op::Concat { axis } => {
            let mut parts = Vec::new();
            for (input, tangent) in node.inputs.iter().zip(of_inputs) {
                let still = builder.shape(*input).clone();
                parts.push(tangent.unwrap_or_else(|| builder.constant(0.0, still, node.precision)));
            }
            Some(builder.concat(&parts, *axis))
        }
        Op::Window { axis, stride, dilation } => {
            let [places, size] = [shape.0[*axis], shape.0[*axis + 1]];
            let windows = Windows { places, size, stride: *stride, dilation: *dilation };
            Some(builder.window(only(), *axis, windows))
        }
        Op::Fold { axis, stride, dilation } => Some(builder.fold(only(), *axis, shape.0[*axis], *stride, *dilation)),
        Op::Gather => of_inputs[0].map(|tangent| builder.gather(tangent, node.inputs[1])),
        Op::ScatterAdd => of_inputs[0].map(|tangent| builder.scatter_add(tangent, node.inputs[1], shape.0[0])),
    }
}

/// The sum of the terms in order; none of none.
fn sum_of(builder: &mut Builder<'_>, terms: impl IntoIterator<Item = NodeId>) -> Option<NodeId> {
    terms.into_iter().reduce(|sum, term| builder.add(sum, term))
}
