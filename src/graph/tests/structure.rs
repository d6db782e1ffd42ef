//! What the builder makes, what verification finds, what is printed.

use super::{function, input, origin, parameter, recurrent};
use crate::arena::Id;
use crate::graph::{
    Builder, Combine, Graph, LayerId, Leaf, Node, NodeId, Op, Windows, differentiate, print, simplify, verify,
};
use crate::scalar::{self, Unary};
use crate::shape::{Precision, Shape};

#[test]
fn equal_nodes_of_one_layer_are_one() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let x = input(&mut builder, &[3], Precision::F32);
    let first = builder.unary(Unary::HyperbolicTangent, x);
    assert_eq!(builder.unary(Unary::HyperbolicTangent, x), first);
    builder.set_origin(origin(Some(1)));
    let second = builder.unary(Unary::HyperbolicTangent, x);
    assert_ne!(second, first, "another layer's output has its own cotangent");
    let (simplified, places) = simplify(&graph, &[first, second]);
    assert_eq!(places[first], places[second]);
    assert_eq!(simplified.nodes[places[first].expect("it is kept")].origin.layer, Some(LayerId::new(0)));
}

#[test]
fn a_map_holds_what_its_function_needs() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let (x, y) = (input(&mut builder, &[2, 3], Precision::F32), parameter(&mut builder, 0, &[1, 3], Precision::F32));
    let two = builder.constant(2.0, Shape::new([2, 3]), Precision::F32);
    let second = function(2, |_, x| x[1]);
    let repeated = builder.map(&second, &[x, y]);
    assert_eq!((&builder.graph().nodes[repeated].op, builder.shape(repeated)), (&Op::Broadcast, &Shape::new([2, 3])));
    let scaled = builder.multiply(two, x);
    assert_eq!(builder.graph().nodes[scaled].inputs, [x]);
    let squared = builder.multiply(x, x);
    assert_eq!(builder.graph().nodes[squared].inputs, [x]);
    let four = builder.multiply(two, two);
    assert_eq!(builder.graph().nodes[four].op, Op::Constant(scalar::Bits::of(4.0)));
    let same = builder.convert(x, Precision::F32);
    assert_eq!(same, x);
}

#[test]
fn a_broken_graph_is_found_out() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let (x, w) = (input(&mut builder, &[2, 3], Precision::F32), parameter(&mut builder, 0, &[4, 3], Precision::F32));
    let z = builder.linear(x, w);
    let padded = builder.pad(z, 1, 1, 1);
    let s = builder.slice(padded, 1, 2, 3);
    let sum = builder.sum(s, &[0]);
    let counts = builder.histogram(sum);
    assert_eq!(verify(&graph), Ok(()));
    let broken = |change: &dyn Fn(&mut Graph)| {
        let mut graph = graph.clone();
        change(&mut graph);
        verify(&graph).expect_err("it is broken").node
    };
    let product = graph.nodes.ids().find(|id| graph.nodes[*id].op == Op::Product).expect("it was made");
    assert_eq!(broken(&|graph| graph.nodes[product].inputs.reverse()), product);
    assert_eq!(broken(&|graph| graph.nodes[product].inputs[0] = counts), product);
    assert_eq!(broken(&|graph| graph.nodes[product].precision = Precision::F64), product);
    assert_eq!(broken(&|graph| graph.nodes[padded].shape.0[1] = 4), padded);
    assert_eq!(broken(&|graph| graph.nodes[s].op = Op::Slice { axis: 1, start: 4 }), s);
    assert_eq!(broken(&|graph| graph.nodes[s].op = Op::Slice { axis: 7, start: 0 }), s);
    assert_eq!(broken(&|graph| graph.nodes[sum].shape.0[0] = 2), sum);
    assert_eq!(broken(&|graph| graph.nodes[counts].shape.0[0] = 3), counts);
    assert_eq!(broken(&|graph| graph.nodes[w].op = Op::Leaf(Leaf::Input)), w);
}

/// A graph with every primitive, each node used.
fn every_primitive() -> Graph {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let (x, w) = (input(&mut builder, &[5, 3], Precision::F32), parameter(&mut builder, 0, &[4, 3], Precision::F32));
    let z = builder.linear(x, w);
    let index = builder.index(1, Shape::new([5, 4]), Precision::F32);
    let both = builder.concat(&[z, index], 0);
    let a = builder.unary(Unary::HyperbolicTangent, both);
    let fixed = builder.detach(a);
    let part = builder.slice(fixed, 0, 1, 4);
    let padded = builder.pad(part, 1, 2, 4);
    let turned = builder.permute(padded, &[1, 0]);
    let row = builder.reshape(turned, Shape::new([2, 20]));
    let largest = builder.maximum(row, &[1]);
    let wide = builder.broadcast(largest, Shape::new([2, 20]));
    let three = builder.constant(3.0, Shape::new([2, 20]), Precision::F32);
    let joined = builder.concat(&[wide, three], 1);
    let windows = Windows { places: 20, size: 2, stride: 1, dilation: 20 };
    let overlapping = builder.window(joined, 1, windows);
    let folded = builder.fold(overlapping, 1, 40, 1, 20);
    let sum = builder.reduce(Combine::Sum, folded, &[0], Precision::F64);
    builder.histogram(sum);
    recurrent(&mut builder, x, 0);
    let rows = builder.gather(w, index);
    builder.scatter_add(rows, index, 9);
    graph
}

#[test]
fn no_small_change_of_a_graph_escapes() {
    let graph = every_primitive();
    assert_eq!(verify(&graph), Ok(()));
    let last = graph.nodes.ids().last().expect("there are nodes");
    let mut escaped = Vec::new();
    let mut hold = |what: &str, id: NodeId, change: &dyn Fn(&mut Node)| {
        let mut broken = graph.clone();
        change(&mut broken.nodes[id]);
        if broken != graph && verify(&broken).is_ok() {
            escaped.push(format!("{what} of {id}, {:?}", graph.nodes[id].op));
        }
    };
    for (id, node) in graph.nodes.iter_with_ids() {
        hold("another precision", id, &|node| {
            node.precision = match node.precision {
                Precision::F32 => Precision::F64,
                Precision::F64 => Precision::F32,
            };
        });
        hold("an input more", id, &|node| node.inputs.push(NodeId::new(0)));
        hold("an axis more", id, &|node| node.shape.0.push(1));
        for axis in 0..node.shape.rank() {
            hold("no elements", id, &|node| node.shape.0[axis] = 0);
            // a table may have any number of rows
            if node.op != Op::ScatterAdd || axis > 0 {
                hold("more elements", id, &|node| node.shape.0[axis] += 1);
            }
            hold("elements beyond count", id, &|node| node.shape.0[axis] = usize::MAX);
        }
        for position in 0..node.inputs.len() {
            hold("an input less", id, &|node| _ = node.inputs.remove(position));
            hold("a cycle", id, &|node| node.inputs[position] = id);
            hold("a later input", id, &|node| node.inputs[position] = last);
            hold("a dangling input", id, &|node| node.inputs[position] = NodeId::new(1000));
        }
        hold("a larger place", id, &|node| match &mut node.op {
            Op::Index { axis } | Op::Concat { axis } => *axis += 7,
            Op::Slice { start, .. } => *start = usize::MAX,
            Op::Window { stride, .. } | Op::Fold { stride, .. } => *stride = usize::MAX,
            Op::Pad { before, .. } => *before = usize::MAX,
            Op::Permute { axes } | Op::Reduce { axes, .. } => axes[0] += 7,
            Op::Leaf(_)
            | Op::Constant(_)
            | Op::Map(_)
            | Op::Product
            | Op::Broadcast
            | Op::Reshape
            | Op::Gather
            | Op::ScatterAdd
            | Op::Detach
            | Op::Histogram
            | Op::Scan(_) => {}
        });
        hold("other axes", id, &|node| match &mut node.op {
            Op::Slice { axis, .. } | Op::Pad { axis, .. } | Op::Window { axis, .. } | Op::Fold { axis, .. } => {
                *axis += 7;
            }
            Op::Permute { axes } | Op::Reduce { axes, .. } => axes.push(axes[0]),
            Op::Map(function) => *function = super::function(3, |builder, x| builder.add(x[0], x[2])),
            Op::Leaf(_)
            | Op::Constant(_)
            | Op::Index { .. }
            | Op::Concat { .. }
            | Op::Product
            | Op::Broadcast
            | Op::Reshape
            | Op::Gather
            | Op::ScatterAdd
            | Op::Detach
            | Op::Histogram
            | Op::Scan(_) => {}
        });
        hold("a longer dilation", id, &|node| match &mut node.op {
            Op::Window { dilation, .. } | Op::Fold { dilation, .. } => *dilation += 1,
            _ => {}
        });
        hold("a step of nothing", id, &|node| match &mut node.op {
            Op::Window { stride, .. } | Op::Fold { stride, .. } => *stride = 0,
            _ => {}
        });
    }
    assert_eq!(escaped, Vec::<String>::new());
}

#[test]
fn a_graph_prints_one_line_a_node() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let (x, w) = (input(&mut builder, &[2, 3], Precision::F32), parameter(&mut builder, 0, &[4, 3], Precision::F32));
    let b = parameter(&mut builder, 1, &[1, 4], Precision::F32);
    let z = builder.linear(x, w);
    let z = builder.add(z, b);
    let a = builder.unary(Unary::Sigmoid, z);
    builder.set_origin(origin(None));
    let loss = builder.sum_all(a);
    let gradients = differentiate(&mut graph, loss, &[w, b]);
    let keep: Vec<NodeId> = gradients.into_iter().flatten().chain([loss]).collect();
    let (graph, _) = simplify(&graph, &keep);
    let text = print(&graph, &|layer| format!("dense{}", layer.index() + 1));
    let expected = [
        "n0 = input : f32[2, 3]                        # data",
        "n1 = parameter p0 : f32[4, 3]                 # dense1 forward",
        "n2 = parameter p1 : f32[1, 4]                 # dense1 forward",
        "n3 = permute n1 to 1, 0 : f32[3, 4]           # dense1 forward",
        "n4 = product n0, n3 : f32[2, 4]               # dense1 forward",
        "n5 = map n4 + n2 : f32[2, 4]                  # dense1 forward",
        "n6 = map sigmoid(n5) : f32[2, 4]              # dense1 forward",
        "n7 = sum n6 over 0, 1 : f32[1, 1]             # loss forward",
        "n8 = reshape n7 : f32[]                       # loss forward",
        "n9 = map sigmoid_derivative(n5) : f32[2, 4]   # dense1 gradient",
        "n10 = sum n9 over 0 : f32[1, 4]               # dense1 gradient",
        "n11 = permute n9 to 1, 0 : f32[4, 2]          # dense1 gradient",
        "n12 = product n11, n0 : f32[4, 3]             # dense1 gradient",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}
