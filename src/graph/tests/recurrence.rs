//! A recurrence against the same steps written out: values, both modes, and the derivatives of derivatives.

use super::{assert_agrees, input, numbers, origin, parameter, recurrent, with_tangents};
use crate::graph::evaluate::evaluate;
use crate::graph::{
    Builder, Graph, Leaf, NodeId, Op, Recurrence, Step, differentiate, print, push_forward, simplify, verify,
};
use crate::scalar::Unary;
use crate::shape::{Precision, Shape};

const TIMES: usize = 6;
const ROWS: usize = 3;
const UNITS: usize = 4;

/// One step of a layer with a gate, whose state is used three times.
fn gated(builder: &mut Builder<'_>, state: NodeId, step: NodeId, weights: &[NodeId]) -> NodeId {
    let carried = builder.linear(state, weights[0]);
    let z = builder.add(carried, step);
    let z = builder.add(z, weights[2]);
    let gate = builder.unary(Unary::Sigmoid, z);
    let other = builder.linear(state, weights[1]);
    let candidate = builder.multiply(gate, other);
    let candidate = builder.unary(Unary::HyperbolicTangent, candidate);
    let change = builder.subtract(candidate, state);
    let change = builder.multiply(gate, change);
    builder.add(state, change)
}

/// The same states, as a recurrence and written out.
#[derive(Clone, Copy, Debug)]
enum Form {
    Scan,
    Unrolled,
}

struct Net {
    graph: Graph,
    leaves: Vec<NodeId>,
    stack: NodeId,
    /// Each state where it is a node of its own.
    states: Vec<NodeId>,
    loss: NodeId,
}

fn net(form: Form, reverse: bool) -> Net {
    let precision = Precision::F64;
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let x = input(&mut builder, &[TIMES, ROWS, UNITS], precision);
    let leaves = [
        x,
        parameter(&mut builder, 0, &[ROWS, UNITS], precision),
        parameter(&mut builder, 1, &[UNITS, UNITS], precision),
        parameter(&mut builder, 2, &[UNITS, UNITS], precision),
        parameter(&mut builder, 3, &[1, UNITS], precision),
    ];
    let (initial, weights) = (leaves[1], &leaves[2..]);
    let mut states = Vec::new();
    let stack = match form {
        Form::Scan => {
            let recurrence = Recurrence { initial, sequences: &[x], constants: weights, times: TIMES, reverse };
            builder.scan(recurrence, |body, Step { state, sequences, constants }| {
                gated(body, state, sequences[0], constants)
            })
        }
        Form::Unrolled => {
            let mut state = builder.mark(initial);
            states.push(state);
            for step in 0..TIMES {
                let time = if reverse { TIMES - 1 - step } else { step };
                let here = builder.slice(x, 0, time, 1);
                let here = builder.reshape(here, Shape::new([ROWS, UNITS]));
                state = gated(&mut builder, state, here, weights);
                states.push(state);
            }
            if reverse {
                states.reverse();
            }
            let rows: Vec<NodeId> =
                states.iter().map(|state| builder.reshape(*state, Shape::new([1, ROWS, UNITS]))).collect();
            builder.concat(&rows, 0)
        }
    };
    // every state has its own part in the loss
    let scores = builder.leaf(Leaf::Target, Shape::new([TIMES + 1, ROWS, UNITS]), precision);
    let terms = builder.unary(Unary::Sine, stack);
    let terms = builder.multiply(terms, scores);
    let loss = builder.sum_all(terms);
    Net { graph, leaves: leaves.to_vec(), stack, states, loss }
}

fn assert_close(what: &str, left: &[f64], right: &[f64]) {
    assert_eq!(left.len(), right.len());
    assert!(right.iter().any(|number| number.abs() > 1e-3), "{what}: nothing to compare");
    for (a, b) in left.iter().zip(right) {
        assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{what}: {a} {b}");
    }
}

/// What both nets give, each after `make` has added nodes and said which.
fn compare(make: impl Fn(&mut Net) -> Vec<(&'static str, NodeId)>) {
    for reverse in [false, true] {
        let values = [Form::Scan, Form::Unrolled].map(|form| {
            let mut net = net(form, reverse);
            let named = make(&mut net);
            assert_eq!(verify(&net.graph), Ok(()));
            let mut leaf = |leaf: Leaf| {
                let node = net.graph.nodes.iter().find(|node| node.op == Op::Leaf(leaf)).expect("it is there");
                let seed = match leaf {
                    Leaf::Input => 1,
                    Leaf::Target => 2,
                    Leaf::Parameter(parameter) => 3 + crate::arena::Id::index(parameter) as u64,
                    Leaf::State(..) | Leaf::Number(_) | Leaf::Argument(_) | Leaf::Mask(_) | Leaf::Running(..) => {
                        unreachable!("not in this net")
                    }
                };
                numbers(seed, node.shape.elements())
            };
            let values = evaluate(&net.graph, &mut leaf);
            let keep: Vec<NodeId> = named.iter().map(|(_, id)| *id).collect();
            let (simple, places) = simplify(&net.graph, &keep);
            let simple_values = evaluate(&simple, &mut leaf);
            for id in &keep {
                assert_eq!(simple_values[places[*id].expect("it is kept")], values[*id], "simplifying keeps every bit");
            }
            named.into_iter().map(|(what, id)| (what, values[id].clone())).collect::<Vec<_>>()
        });
        let [scan, unrolled] = values;
        for ((what, left), (_, right)) in scan.iter().zip(&unrolled) {
            assert_close(what, left, right);
        }
    }
}

#[test]
fn a_recurrence_is_its_steps_written_out() {
    compare(|net| vec![("states", net.stack), ("loss", net.loss)]);
}

#[test]
fn its_gradients_are_those_of_its_steps() {
    compare(|net| {
        let gradients = differentiate(&mut net.graph, net.loss, &net.leaves);
        ["x", "initial", "first weight", "second weight", "bias"]
            .into_iter()
            .zip(gradients)
            .map(|(what, gradient)| (what, gradient.expect("the loss depends on it")))
            .collect()
    });
}

#[test]
fn its_own_cotangent_is_that_of_every_state_through_all_later_ones() {
    compare(|net| {
        let wanted = if net.states.is_empty() { vec![net.stack] } else { net.states.clone() };
        let gradients: Vec<NodeId> =
            differentiate(&mut net.graph, net.loss, &wanted).into_iter().map(|id| id.expect("it depends")).collect();
        let mut builder = Builder::new(&mut net.graph, origin(Some(0)));
        let joined = if net.states.is_empty() {
            gradients[0]
        } else {
            let rows: Vec<NodeId> =
                gradients.iter().map(|state| builder.reshape(*state, Shape::new([1, ROWS, UNITS]))).collect();
            builder.concat(&rows, 0)
        };
        vec![("the gradient through time", joined)]
    });
}

#[test]
fn its_tangents_are_those_of_its_steps() {
    for moved in [&[0, 1, 2, 3, 4][..], &[0], &[1], &[2], &[4]] {
        compare(|net| {
            let leaves: Vec<NodeId> = moved.iter().map(|place| net.leaves[*place]).collect();
            let moved = with_tangents(&mut net.graph, &leaves);
            let tangents = push_forward(&mut net.graph, &moved, &[net.stack, net.loss]);
            vec![("states", tangents[0].expect("they move")), ("loss", tangents[1].expect("it moves"))]
        });
    }
}

#[test]
fn its_curvature_is_that_of_its_steps_forward_and_reverse_over_reverse() {
    compare(|net| {
        let gradients: Vec<NodeId> =
            differentiate(&mut net.graph, net.loss, &net.leaves).into_iter().flatten().collect();
        let moved = with_tangents(&mut net.graph, &net.leaves);
        let forward = push_forward(&mut net.graph, &moved, &gradients);
        let mut builder = Builder::new(&mut net.graph, origin(Some(0)));
        let along: Vec<NodeId> = gradients
            .iter()
            .zip(&moved)
            .map(|(gradient, (_, tangent))| {
                let terms = builder.multiply(*gradient, *tangent);
                builder.sum_all(terms)
            })
            .collect();
        let slope = along.into_iter().reduce(|sum, term| builder.add(sum, term)).expect("there are leaves");
        let reverse = differentiate(&mut net.graph, slope, &net.leaves);
        let all = forward.into_iter().map(|id| ("forward over reverse", id.expect("it moves")));
        all.chain(reverse.into_iter().map(|id| ("reverse over reverse", id.expect("it moves")))).collect()
    });
}

#[test]
fn every_body_agrees_with_its_differences() {
    for how in 0..14 {
        assert_agrees(|builder, precision| {
            let x = input(builder, &[6, 4], precision);
            let states = recurrent(builder, x, how).expect("x has axes");
            builder.unary(Unary::Sine, states)
        });
    }
}

#[test]
fn two_thousand_steps_are_as_many_nodes_as_twenty() {
    let count = |times: usize| {
        let mut graph = Graph::default();
        let mut builder = Builder::new(&mut graph, origin(Some(0)));
        let x = input(&mut builder, &[times, 2, 3], Precision::F32);
        let weight = parameter(&mut builder, 0, &[3, 3], Precision::F32);
        let initial = builder.constant(0.0, Shape::new([2, 3]), Precision::F32);
        let recurrence = Recurrence { initial, sequences: &[x], constants: &[weight], times, reverse: false };
        let stack = builder.scan(recurrence, |body, step| {
            let carried = body.linear(step.state, step.constants[0]);
            let z = body.add(carried, step.sequences[0]);
            body.unary(Unary::HyperbolicTangent, z)
        });
        let loss = builder.sum_all(stack);
        let gradients: Vec<NodeId> =
            differentiate(&mut graph, loss, &[weight, x, stack]).into_iter().flatten().collect();
        let (graph, _) = simplify(&graph, &gradients);
        graph.nodes.len()
    };
    assert_eq!(count(2000), count(20));
}

#[test]
fn what_a_body_does_not_look_at_is_no_input() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let (x, w) = (input(&mut builder, &[5, 2, 3], Precision::F32), parameter(&mut builder, 0, &[3], Precision::F32));
    let initial = builder.constant(0.0, Shape::new([2, 3]), Precision::F32);
    let recurrence = Recurrence { initial, sequences: &[x, x], constants: &[w], times: 5, reverse: false };
    let stack = builder.scan(recurrence, |body, step| body.add(step.state, step.sequences[1]));
    assert_eq!(builder.graph().nodes[stack].inputs, [initial, x]);
    let text = print(&graph, &|_| "rnn1".to_owned());
    let expected = [
        "n3 = scan from n2 over n0 : f32[6, 2, 3]   # rnn1 forward",
        "    n0 = state : f32[rows, 3]",
        "    n1 = argument 1 : f32[rows, 3]",
        "    n2 = map n0 + n1 : f32[rows, 3]",
        "    next state n2",
    ];
    assert_eq!(text.lines().skip(3).collect::<Vec<_>>(), expected);
}
