//! Rewrites that keep every bit: views of views become one, copies of the same become one, what nothing needs is dropped.
//!
//! Invariant: every node kept has the same value as before, bit for bit. It may be another node's alias afterwards, so simplify only
//! when all derivatives are there: a cotangent belongs to the node as it was.

use super::{Builder, Graph, Node, NodeId, Op, Windows};
use crate::arena::IdVec;
use crate::shape::Shape;

/// Where the nodes of a graph are in the one made of it; none for those that nothing kept needs.
pub type Places = IdVec<NodeId, Option<NodeId>>;

/// The graph without the nodes that `keep` does not depend on, in the same order.
#[must_use]
pub fn prune(graph: &Graph, keep: &[NodeId]) -> (Graph, Places) {
    let needed = uses(graph, keep);
    let mut pruned = Graph::default();
    let mut places: Places = graph.nodes.iter().map(|_| None).collect();
    for (id, node) in graph.nodes.iter_with_ids() {
        if needed[id] == 0 {
            continue;
        }
        let inputs = node.inputs.iter().map(|input| place(&places, *input)).collect();
        places[id] = Some(pruned.nodes.push(Node { inputs, ..node.clone() }));
    }
    (pruned, places)
}

/// The graph that computes `keep` with fewer nodes. Every node of `keep` has a place; others may.
#[must_use]
pub fn simplify(graph: &Graph, keep: &[NodeId]) -> (Graph, Places) {
    let uses = uses(graph, keep);
    let mut simplified = Graph::default();
    let mut places: Places = graph.nodes.iter().map(|_| None).collect();
    let Some(first) = graph.nodes.iter().next() else { return (simplified, places) };
    let mut builder = Builder::merging_layers(&mut simplified, first.origin);
    for (id, node) in graph.nodes.iter_with_ids() {
        if uses[id] == 0 {
            continue;
        }
        builder.set_origin(node.origin);
        let inputs: Vec<NodeId> = node.inputs.iter().map(|input| place(&places, *input)).collect();
        // what nothing else uses can be made anew in another layout
        let only_use = node.inputs.iter().all(|input| uses[*input] == 1);
        let rewritten = rebuild(&mut builder, node, &inputs, only_use);
        debug_assert_eq!(*builder.shape(rewritten), node.shape, "a rewrite keeps the shape");
        places[id] = Some(rewritten);
    }

    let kept: Vec<NodeId> = keep.iter().map(|id| place(&places, *id)).collect();
    let (pruned, later) = prune(&simplified, &kept);
    for to in places.iter_mut() {
        *to = to.and_then(|id| later[id]);
    }
    debug_assert_eq!(super::verify::verify(&pruned), Ok(()), "a rewritten graph is valid");
    (pruned, places)
}

fn place(places: &Places, id: NodeId) -> NodeId {
    places[id].expect("what is needed was placed before its uses")
}

/// How often each node is used on the way to `keep`; being kept counts as a use.
fn uses(graph: &Graph, keep: &[NodeId]) -> IdVec<NodeId, usize> {
    let mut uses: IdVec<NodeId, usize> = graph.nodes.iter().map(|_| 0).collect();
    for id in keep {
        uses[*id] += 1;
    }
    for (id, node) in graph.nodes.iter_with_ids().rev() {
        if uses[id] > 0 {
            for input in &node.inputs {
                uses[*input] += 1;
            }
        }
    }
    uses
}

/// A node over simplified inputs. `only_use`: the old node was the only use of its inputs.
pub(super) fn rebuild(builder: &mut Builder<'_>, node: &Node, inputs: &[NodeId], only_use: bool) -> NodeId {
    match &node.op {
        Op::Leaf(leaf) => builder.leaf(*leaf, node.shape.clone(), node.precision),
        Op::Constant(value) => builder.constant(value.value(), node.shape.clone(), node.precision),
        Op::Index { axis } => builder.index(*axis, node.shape.clone(), node.precision),
        Op::Map(function) => {
            let inputs: Vec<NodeId> = inputs.iter().map(|input| before_broadcast(builder, *input)).collect();
            let mapped = builder.map_in(node.precision, function, &inputs);
            builder.broadcast(mapped, node.shape.clone())
        }
        Op::Product => builder.product(inputs[0], inputs[1]),
        Op::Reduce { combine, axes, accumulator } => builder.reduce(*combine, inputs[0], axes, *accumulator),
        Op::Broadcast => {
            let input = before_broadcast(builder, inputs[0]);
            builder.broadcast(input, node.shape.clone())
        }
        Op::Reshape => reshape(builder, inputs[0], node.shape.clone()),
        Op::Permute { axes } => permute(builder, inputs[0], axes, only_use),
        Op::Slice { axis, start } => slice(builder, inputs[0], *axis, *start, node.shape.0[*axis]),
        Op::Pad { axis, before } => pad(builder, inputs[0], *axis, *before, node.shape.0[*axis]),
        Op::Concat { axis } => builder.concat(inputs, *axis),
        Op::Window { axis, stride, dilation } => {
            let [places, size] = [node.shape.0[*axis], node.shape.0[*axis + 1]];
            let windows = Windows { places, size, stride: *stride, dilation: *dilation };
            builder.window(inputs[0], *axis, windows)
        }
        Op::Fold { axis, stride, dilation } => builder.fold(inputs[0], *axis, node.shape.0[*axis], *stride, *dilation),
        Op::Gather => builder.gather(inputs[0], inputs[1]),
        Op::ScatterAdd => builder.scatter_add(inputs[0], inputs[1], node.shape.0[0]),
        Op::Detach => inputs[0],
        Op::Histogram => builder.histogram(inputs[0]),
        Op::Scan(scan) => builder.scan_over(scan, inputs, &node.shape),
    }
}

/// What is repeated, where `id` is a repetition.
fn before_broadcast(builder: &Builder<'_>, id: NodeId) -> NodeId {
    let node = &builder.graph().nodes[id];
    if node.op == Op::Broadcast { node.inputs[0] } else { id }
}

fn reshape(builder: &mut Builder<'_>, input: NodeId, shape: Shape) -> NodeId {
    let node = &builder.graph().nodes[input];
    let input = if node.op == Op::Reshape { node.inputs[0] } else { input };
    builder.reshape(input, shape)
}

fn permute(builder: &mut Builder<'_>, input: NodeId, axes: &[usize], only_use: bool) -> NodeId {
    let node = builder.graph().nodes[input].clone();
    if let Op::Permute { axes: inner } = &node.op {
        let composed: Vec<usize> = axes.iter().map(|axis| inner[*axis]).collect();
        return permute(builder, node.inputs[0], &composed, false);
    }
    let moved = |axis: &&usize| node.shape.0[**axis] > 1;
    if axes.iter().filter(moved).is_sorted() {
        let shape = Shape(axes.iter().map(|axis| node.shape.0[*axis]).collect());
        return reshape(builder, input, shape);
    }
    // (a b)ᵀ = bᵀ aᵀ, the same chain over k; the product of another layout is as cheap, the copy of a product is not
    let rank = axes.len();
    if only_use && node.op == Op::Product && axes[rank - 2..] == [rank - 1, rank - 2] {
        let left = permute(builder, node.inputs[1], axes, false);
        let right = permute(builder, node.inputs[0], axes, false);
        return builder.product(left, right);
    }
    builder.permute(input, axes)
}

fn slice(builder: &mut Builder<'_>, input: NodeId, axis: usize, start: usize, extent: usize) -> NodeId {
    let node = builder.graph().nodes[input].clone();
    // the parts of the input along the axis, each with the place where it begins
    let parts: Vec<(usize, NodeId)> = match node.op {
        Op::Slice { axis: same, start: first } if same == axis => {
            return slice(builder, node.inputs[0], axis, first + start, extent);
        }
        Op::Pad { axis: same, before } if same == axis => vec![(before, node.inputs[0])],
        Op::Concat { axis: same } if same == axis => {
            let begin = node.inputs.iter().scan(0, |end, part| {
                let begin = *end;
                *end += builder.shape(*part).0[axis];
                Some(begin)
            });
            begin.zip(node.inputs.iter().copied()).collect()
        }
        Op::Leaf(_)
        | Op::Constant(_)
        | Op::Index { .. }
        | Op::Map(_)
        | Op::Product
        | Op::Reduce { .. }
        | Op::Broadcast
        | Op::Reshape
        | Op::Permute { .. }
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Concat { .. }
        | Op::Window { .. }
        | Op::Fold { .. }
        | Op::Gather
        | Op::ScatterAdd
        | Op::Detach
        | Op::Histogram
        | Op::Scan(_) => Vec::new(),
    };
    let within =
        |(begin, part): &(usize, NodeId)| *begin <= start && start + extent <= begin + builder.shape(*part).0[axis];
    match parts.into_iter().find(within) {
        Some((begin, part)) => slice(builder, part, axis, start - begin, extent),
        None => builder.slice(input, axis, start, extent),
    }
}

fn pad(builder: &mut Builder<'_>, input: NodeId, axis: usize, before: usize, total: usize) -> NodeId {
    let node = builder.graph().nodes[input].clone();
    if let Op::Pad { axis: same, before: inner } = node.op
        && same == axis
    {
        return pad(builder, node.inputs[0], axis, before + inner, total);
    }
    let behind = total - before - node.shape.0[axis];
    builder.pad(input, axis, before, behind)
}
