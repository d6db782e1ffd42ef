//! Properties of random graphs: every primitive, sums of several uses, broadcasting, views.

use super::{Case, contents, dot, function, input, leaves_but, numbers, origin, parameter, recurrent, with_tangents};
use crate::arena::IdVec;
use crate::graph::evaluate::evaluate;
use crate::graph::{Builder, Combine, Graph, Leaf, NodeId, Op, Windows, pull_back, push_forward, simplify, verify};
use crate::scalar::{Binary, Unary};
use crate::shape::{Precision, Shape};
use proptest::prelude::*;

/// One step of a random graph: which primitive, on which nodes, how.
type Choice = (u8, u8, u8, u8);

/// Follows the choices where they make sense and skips them where not.
fn random_body(builder: &mut Builder<'_>, precision: Precision, choices: &[Choice]) -> NodeId {
    let mut nodes = vec![
        input(builder, &[2, 3], precision),
        parameter(builder, 0, &[1, 3], precision),
        parameter(builder, 1, &[2, 1], precision),
        parameter(builder, 2, &[3, 2], precision),
        parameter(builder, 3, &[2, 2, 3], precision),
    ];
    for (step, (which, first, second, how)) in choices.iter().enumerate() {
        builder.set_origin(origin(Some(step / 3)));
        let pick = |choice: u8| nodes[nodes.len() - 1 - usize::from(choice) % nodes.len()];
        let (a, b) = (pick(*first), pick(*second));
        let (shape, how) = (builder.shape(a).clone(), usize::from(*how));
        let axis = how % shape.rank().max(1);
        let joined = (shape.rank() == builder.shape(b).rank()).then(|| shape.broadcast(builder.shape(b))).flatten();
        let made = match which % 23 {
            0 => builder.unary([Unary::HyperbolicTangent, Unary::Sine, Unary::Sigmoid, Unary::Softplus][how % 4], a),
            1 | 2 if joined.is_some() => {
                builder.binary([Binary::Add, Binary::Subtract, Binary::Multiply][how % 3], a, b)
            }
            3 if joined.is_some() => {
                let gate = function(2, |f, x| {
                    let sine = f.unary(Unary::Sine, x[0]);
                    f.binary(Binary::Multiply, sine, x[1])
                });
                builder.map(&gate, &[a, b])
            }
            4 if joined.is_some() => {
                let ratio = function(2, |f, x| {
                    let square = f.binary(Binary::Multiply, x[1], x[1]);
                    let one = f.constant(1.0);
                    let below = f.binary(Binary::Add, one, square);
                    f.binary(Binary::Divide, x[0], below)
                });
                builder.map(&ratio, &[a, b])
            }
            5 if shape.rank() == 2 && builder.shape(b).rank() == 2 => {
                let b = if builder.shape(b).0[0] == shape.0[1] { b } else { builder.transpose(b) };
                if builder.shape(b).0[0] != shape.0[1] {
                    continue;
                }
                builder.product(a, b)
            }
            6 if shape.rank() >= 2 => {
                let transposed = builder.transpose(a);
                builder.product(transposed, a)
            }
            7 => builder.sum(a, &[axis]),
            8 => builder.maximum(a, &[axis]),
            9 => builder.maximum(a, &(0..shape.rank()).collect::<Vec<_>>()),
            10 if joined.is_some() => builder.broadcast(a, joined.expect("it was seen")),
            11 => {
                let elements = shape.elements();
                let divisor = [1, 2, 3, 4][how % 4];
                if elements % divisor > 0 {
                    continue;
                }
                builder.reshape(a, Shape::new([divisor, elements / divisor]))
            }
            12 => {
                let mut axes: Vec<usize> = (0..shape.rank()).collect();
                axes.rotate_left(axis);
                builder.permute(a, &axes)
            }
            13 if shape.0[axis] > 1 => builder.slice(a, axis, how % 2, shape.0[axis] - 1),
            14 => builder.pad(a, axis, how % 3, how / 3 % 3),
            15 => builder.concat(&[a, if builder.shape(b) == &shape { b } else { a }, a], axis),
            16 => builder.mark(a),
            17 if how % 2 == 0 => builder.softmax(a, axis),
            17 => builder.log_softmax(a, axis),
            22 if !shape.0.is_empty() => {
                let Some(states) = recurrent(builder, a, how) else { continue };
                states
            }
            18 => {
                let (size, stride, dilation) = (1 + how % 3, 1 + how / 3 % 2, 1 + how / 6 % 2);
                let Some(windows) = Windows::along(shape.0[axis], size, stride, dilation) else { continue };
                builder.window(a, axis, windows)
            }
            19 if axis + 1 < shape.rank() => {
                let (stride, dilation) = (1 + how / 3 % 3, 1 + how / 9 % 2);
                let extent = (shape.0[axis] - 1) * stride + (shape.0[axis + 1] - 1) * dilation + 1 + how % 2;
                builder.fold(a, axis, extent, stride, dilation)
            }
            20 if shape.rank() == 2 => {
                let numbers = builder.index(how % 2, Shape::new([2, 3]), precision);
                builder.gather(a, numbers)
            }
            21 if shape.rank() >= 2 => {
                let leading = Shape::new(&shape.0[..shape.rank() - 1]);
                let numbers = builder.index(how % leading.rank(), leading, precision);
                builder.scatter_add(a, numbers, 1 + how % 3)
            }
            _ => continue,
        };
        if builder.shape(made).elements() > 100 {
            continue;
        }
        nodes.push(made);
    }
    *nodes.last().expect("there are leaves")
}

/// Whether a maximum is taken of elements that are equal or nearly so. Those made of one element move together when a leaf moves,
/// and part when an inner node does: then there is no derivative.
fn has_ties(graph: &Graph, values: &IdVec<NodeId, Vec<f64>>) -> bool {
    graph.nodes.iter_with_ids().any(|(id, node)| {
        let Op::Reduce { combine: Combine::Maximum, .. } = node.op else { return false };
        let close = |number: &&f64| values[id].iter().any(|largest| (*largest - **number).abs() < 1e-3);
        values[node.inputs[0]].iter().filter(close).count() > values[id].len()
    })
}

fn is_moderate(values: &IdVec<NodeId, Vec<f64>>) -> bool {
    values.iter().flatten().all(|number| number.abs() < 30.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_global_rejects: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn derivatives_of_random_graphs_are_their_differences(
        choices in prop::collection::vec(any::<Choice>(), 1..16),
        seed in any::<u64>(),
    ) {
        let case = Case::new(Precision::F64, |builder, precision| random_body(builder, precision, &choices));
        let contents = contents(&case.graph, seed);
        let values = evaluate(&case.graph, |leaf| contents[&leaf].clone());
        prop_assume!(is_moderate(&values));
        let ties = has_ties(&case.graph, &values);
        let wanted: Vec<NodeId> = case.graph.nodes.ids()
            .filter(|id| *id != case.cotangent)
            .filter(|id| !ties || matches!(case.graph.nodes[*id].op, Op::Leaf(_)))
            .filter(|id| !case.graph.nodes.iter().any(|node| node.op == Op::Detach && node.inputs.contains(id)))
            // the cotangent of a recurrence is that of each state through later ones too, which moving the stack does not show
            .filter(|id| !matches!(case.graph.nodes[*id].op, Op::Constant(_) | Op::Detach | Op::Scan(_)))
            .collect();
        prop_assert_eq!(case.disagreements(&wanted, seed), Vec::<String>::new());
    }

    #[test]
    fn simplifying_keeps_every_bit(
        choices in prop::collection::vec(any::<Choice>(), 1..16),
        seed in any::<u64>(),
        double in any::<bool>(),
    ) {
        let precision = if double { Precision::F64 } else { Precision::F32 };
        let mut case = Case::new(precision, |builder, precision| random_body(builder, precision, &choices));
        let wanted: Vec<NodeId> = case.graph.nodes.ids().collect();
        let gradients = pull_back(&mut case.graph, case.output, case.cotangent, &wanted);
        let keep: Vec<NodeId> = gradients.into_iter().flatten().chain([case.output]).collect();
        let contents = contents(&case.graph, seed);
        let before = evaluate(&case.graph, |leaf| contents[&leaf].clone());

        let (simplified, places) = simplify(&case.graph, &keep);
        prop_assert_eq!(verify(&simplified), Ok(()));
        prop_assert!(simplified.nodes.len() <= case.graph.nodes.len());
        let after = evaluate(&simplified, |leaf| contents[&leaf].clone());
        for id in keep {
            let place = places[id].expect("what is kept has a place");
            let bits = |values: &[f64]| values.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&before[id]), bits(&after[place]), "{} became {}", id, place);
        }
    }

    #[test]
    fn cotangents_are_linear(choices in prop::collection::vec(any::<Choice>(), 1..16), seed in any::<u64>()) {
        let mut case = Case::new(Precision::F64, |builder, precision| random_body(builder, precision, &choices));
        let wanted: Vec<NodeId> = case.graph.nodes.ids().collect();
        let gradients: Vec<NodeId> =
            pull_back(&mut case.graph, case.output, case.cotangent, &wanted).into_iter().flatten().collect();
        let mut contents = contents(&case.graph, seed);
        let mut gradients_of = |cotangent: Vec<f64>| {
            contents.insert(Leaf::Target, cotangent);
            let values = evaluate(&case.graph, |leaf| contents[&leaf].clone());
            gradients.iter().flat_map(|id| values[*id].clone()).collect::<Vec<f64>>()
        };
        let elements = case.graph.shape(case.output).elements();
        let (first, second) = (numbers(seed ^ 1, elements), numbers(seed ^ 2, elements));
        let mixed = first.iter().zip(&second).map(|(a, b)| 3.0 * a - 0.5 * b).collect();
        let (of_first, of_second, of_mixed) = (gradients_of(first), gradients_of(second), gradients_of(mixed));
        let largest = of_first.iter().chain(&of_second).fold(1.0, |largest: f64, number| largest.max(number.abs()));
        for ((a, b), both) in of_first.iter().zip(&of_second).zip(&of_mixed) {
            prop_assert!((3.0 * a - 0.5 * b - both).abs() <= 1e-10 * largest);
        }
    }

    #[test]
    fn forward_and_reverse_mode_are_adjoint(choices in prop::collection::vec(any::<Choice>(), 1..16), seed in any::<u64>()) {
        // ⟨J v, c⟩ = ⟨v, Jᵀ c⟩
        let mut case = Case::new(Precision::F64, |builder, precision| random_body(builder, precision, &choices));
        let leaves = leaves_but(&case.graph, case.cotangent);
        let moved = with_tangents(&mut case.graph, &leaves);
        let tangents = push_forward(&mut case.graph, &moved, &[case.output]);
        let cotangents = pull_back(&mut case.graph, case.output, case.cotangent, &leaves);
        prop_assert_eq!(verify(&case.graph), Ok(()));

        let contents = contents(&case.graph, seed);
        let values = evaluate(&case.graph, |leaf| contents[&leaf].clone());
        prop_assume!(is_moderate(&values));
        let forward = tangents[0].map_or(0.0, |tangent| dot(&values[tangent], &values[case.cotangent]));
        let backward: f64 = moved.iter().zip(cotangents)
            .filter_map(|((_, tangent), cotangent)| Some(dot(&values[*tangent], &values[cotangent?]))).sum();
        prop_assert!((forward - backward).abs() <= 1e-10 * (1.0 + forward.abs()), "{} {}", forward, backward);
    }

    #[test]
    fn views_are_their_own_adjoints(choices in prop::collection::vec(any::<Choice>(), 1..16), seed in any::<u64>()) {
        // ⟨V x, c⟩ = ⟨x, Vᵀ c⟩ for compositions of views, padding, joining, windows and rows alone: 7, 10 to 16 and 18 to 21 are those
        const LINEAR: [u8; 12] = [7, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 21];
        let linear: Vec<Choice> = choices.iter().map(|(a, b, c, d)| (LINEAR[usize::from(*a) % LINEAR.len()], *b, *c, *d)).collect();
        let mut case = Case::new(Precision::F64, |builder, precision| random_body(builder, precision, &linear));
        let leaves = leaves_but(&case.graph, case.cotangent);
        let gradients = pull_back(&mut case.graph, case.output, case.cotangent, &leaves);
        let contents = contents(&case.graph, seed);
        let values = evaluate(&case.graph, |leaf| contents[&leaf].clone());
        let forward = dot(&values[case.output], &values[case.cotangent]);
        let backward: f64 = leaves.iter().zip(gradients)
            .filter_map(|(leaf, gradient)| Some(dot(&values[*leaf], &values[gradient?]))).sum();
        prop_assert!((forward - backward).abs() <= 1e-12 * (1.0 + forward.abs()) * 100.0, "{} {}", forward, backward);
    }
}
