//! Derivatives and rewrites held to what they must be: differences of values, laws, and the bits before.

use super::evaluate::{evaluate, evaluate_adjusted};
use super::{
    Builder, Combine, Graph, LayerId, Leaf, NodeId, Op, Origin, ParameterId, Role, differentiate, pull_back,
    push_forward, simplify, verify,
};
use crate::arena::{Id, IdVec};
use crate::scalar::{self, Binary, Comparison, Function, Unary, ValueId};
use crate::shape::{Precision, Shape};
use crate::source::{SourceId, Span};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

fn origin(layer: Option<usize>) -> Origin {
    Origin { layer: layer.map(LayerId::new), span: Span::new(SourceId::new(0), 0..1), role: Role::Forward }
}

fn function(arity: usize, body: impl FnOnce(&mut scalar::Builder, &[ValueId]) -> ValueId) -> Arc<Function> {
    Arc::new(Function::build(arity, |builder, arguments| vec![body(builder, arguments)]))
}

/// Numbers in −1..1 that depend on nothing but `seed`.
fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    next();
    (0..count).map(|_| next()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Contents for leaves by kind; each different.
fn contents(graph: &Graph, seed: u64) -> HashMap<Leaf, Vec<f64>> {
    let mut contents = HashMap::new();
    for (id, node) in graph.nodes.iter_with_ids() {
        if let Op::Leaf(leaf) = node.op {
            contents.insert(leaf, numbers(seed.wrapping_add(1 + id.index() as u64), node.shape.elements()));
        }
    }
    contents
}

/// A graph with its leaves and the output; the target leaf is the output's cotangent.
struct Case {
    graph: Graph,
    output: NodeId,
    cotangent: NodeId,
}

impl Case {
    fn new(precision: Precision, body: impl FnOnce(&mut Builder<'_>, Precision) -> NodeId) -> Self {
        let mut graph = Graph::default();
        let mut builder = Builder::new(&mut graph, origin(Some(0)));
        let output = body(&mut builder, precision);
        let (shape, precision) = (builder.shape(output).clone(), builder.precision(output));
        let cotangent = builder.leaf(Leaf::Target, shape, precision);
        Self { graph, output, cotangent }
    }

    /// Compares every derivative with central differences along a random direction.
    ///
    /// Returns the names of what disagrees.
    fn disagreements(mut self, wanted: &[NodeId], seed: u64) -> Vec<String> {
        const STEP: f64 = 1e-5;
        let contents = contents(&self.graph, seed);
        let forward = self.graph.clone();
        let gradients = pull_back(&mut self.graph, self.output, self.cotangent, wanted);
        assert_eq!(verify(&self.graph), Ok(()));
        let values = evaluate(&self.graph, |leaf| contents[&leaf].clone());

        let mut disagreements = Vec::new();
        for (id, gradient) in wanted.iter().zip(gradients) {
            let direction = numbers(seed ^ 0xABCD, values[*id].len());
            let loss_at = |step: f64| {
                let moved = evaluate_adjusted(
                    &forward,
                    |leaf| contents[&leaf].clone(),
                    |node, value| {
                        if node == *id {
                            value.iter_mut().zip(&direction).for_each(|(number, along)| *number += step * along);
                        }
                    },
                );
                dot(&moved[self.output], &contents[&Leaf::Target])
            };
            let here = loss_at(0.0);
            let one_sided = |step: f64| (4.0 * loss_at(step) - loss_at(2.0 * step) - 3.0 * here) / (2.0 * step);
            let (ahead, behind) = (one_sided(STEP), one_sided(-STEP));
            let measured = f64::midpoint(ahead, behind);
            let derived = gradient.map_or(0.0, |gradient| dot(&values[gradient], &direction));
            let tolerance = 1e-6 * (1.0 + derived.abs() + here.abs());
            // where two elements of a maximum change places there is no derivative to compare with
            let is_kink = (ahead - behind).abs() > tolerance / 10.0;
            if !is_kink && !((measured - derived).abs() <= tolerance) {
                disagreements.push(format!("{id} {:?}: measured {measured}, derived {derived}", forward.nodes[*id].op));
            }
        }
        disagreements
    }
}

fn assert_agrees(body: impl FnOnce(&mut Builder<'_>, Precision) -> NodeId) {
    let case = Case::new(Precision::F64, body);
    let wanted: Vec<NodeId> = case.graph.nodes.ids().filter(|id| *id != case.cotangent).collect();
    let wanted: Vec<NodeId> = wanted
        .into_iter()
        .filter(|id| !matches!(case.graph.nodes[*id].op, Op::Constant(_) | Op::Index { .. }))
        .collect();
    assert_eq!(case.disagreements(&wanted, 7), Vec::<String>::new());
}

fn parameter(builder: &mut Builder<'_>, number: usize, extents: &[usize], precision: Precision) -> NodeId {
    builder.leaf(Leaf::Parameter(ParameterId::new(number)), Shape::new(extents), precision)
}

fn input(builder: &mut Builder<'_>, extents: &[usize], precision: Precision) -> NodeId {
    builder.leaf(Leaf::Input, Shape::new(extents), precision)
}

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
        let made = match which % 18 {
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
            _ => continue,
        };
        if builder.shape(made).elements() > 100 {
            continue;
        }
        nodes.push(made);
    }
    *nodes.last().expect("there are leaves")
}

fn leaves_but(graph: &Graph, other: NodeId) -> Vec<NodeId> {
    graph.nodes.ids().filter(|id| matches!(graph.nodes[*id].op, Op::Leaf(_)) && *id != other).collect()
}

/// Each node with a new leaf for its tangent.
fn with_tangents(graph: &mut Graph, nodes: &[NodeId]) -> Vec<(NodeId, NodeId)> {
    let mut builder = Builder::new(graph, origin(None));
    let tangent = |(number, id): (usize, &NodeId)| {
        let (shape, precision) = (builder.shape(*id).clone(), builder.precision(*id));
        (*id, builder.leaf(Leaf::Parameter(ParameterId::new(1000 + number)), shape, precision))
    };
    nodes.iter().enumerate().map(tangent).collect()
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
            .filter(|id| !matches!(case.graph.nodes[*id].op, Op::Constant(_) | Op::Detach))
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
        // ⟨V x, c⟩ = ⟨x, Vᵀ c⟩ for compositions of views, padding and joining alone: 7 and 10 to 16 are those
        let linear: Vec<Choice> = choices.iter().map(|(a, b, c, d)| ([7, 10, 11, 12, 13, 14, 15, 16][usize::from(*a) % 8], *b, *c, *d)).collect();
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

#[test]
fn every_loss_differentiates_to_its_differences() {
    let square = function(2, |f, x| {
        let difference = f.binary(Binary::Subtract, x[0], x[1]);
        f.binary(Binary::Multiply, difference, difference)
    });
    let absolute = function(2, |f, x| {
        let difference = f.binary(Binary::Subtract, x[0], x[1]);
        f.unary(Unary::Absolute, difference)
    });
    let logistic = function(2, |f, x| {
        let softplus = f.unary(Unary::Softplus, x[0]);
        let matched = f.binary(Binary::Multiply, x[1], x[0]);
        f.binary(Binary::Subtract, softplus, matched)
    });
    let huber = function(2, |f, x| {
        let difference = f.binary(Binary::Subtract, x[0], x[1]);
        let (size, limit, half) = (f.unary(Unary::Absolute, difference), f.constant(0.4), f.constant(0.5));
        let near = f.compare(Comparison::Less, size, limit);
        let squared = f.binary(Binary::Multiply, difference, difference);
        let inner = f.binary(Binary::Multiply, half, squared);
        let beyond = f.binary(Binary::Subtract, size, half);
        let outer = f.binary(Binary::Multiply, limit, beyond);
        f.select(near, inner, outer)
    });
    for loss in [square, absolute, logistic, huber] {
        assert_agrees(|builder, precision| {
            let (x, w) = (input(builder, &[5, 4], precision), parameter(builder, 0, &[3, 4], precision));
            let (b, t) = (parameter(builder, 1, &[1, 3], precision), parameter(builder, 2, &[5, 3], precision));
            let z = builder.linear(x, w);
            let z = builder.add(z, b);
            let terms = builder.map(&loss, &[z, t]);
            let sum = builder.sum_all(terms);
            builder.divided_by(sum, 5)
        });
    }
}

#[test]
fn the_gradient_of_cross_entropy_is_softmax_less_the_target() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(None));
    let x = input(&mut builder, &[4, 5], Precision::F64);
    let t = builder.leaf(Leaf::Target, Shape::new([4, 5]), Precision::F64);
    let softmax = builder.softmax(x, 1);
    let logarithms = builder.log_softmax(x, 1);
    let terms = builder.multiply(t, logarithms);
    let sum = builder.sum_all(terms);
    let loss = builder.unary(Unary::Negate, sum);
    let [Some(gradient)] = differentiate(&mut graph, loss, &[x])[..] else { panic!("the loss depends on x") };
    // far apart, so that a naive softmax overflows
    let scores: Vec<f64> = numbers(3, 20).iter().map(|number| 2000.0 * number).collect();
    let one_hot: Vec<f64> = (0..20).map(|place| f64::from(u8::from(place % 5 == place / 5))).collect();
    let values = evaluate(&graph, |leaf| if leaf == Leaf::Target { one_hot.clone() } else { scores.clone() });
    for place in 0..20 {
        let expected = values[softmax][place] - one_hot[place];
        assert!((values[gradient][place] - expected).abs() <= 1e-15, "{} {expected}", values[gradient][place]);
    }
}

#[test]
fn a_dense_weight_gradient_is_one_product_in_the_layout_of_the_weight() {
    for extents in [&[6, 4][..], &[2, 3, 4][..]] {
        let mut graph = Graph::default();
        let mut builder = Builder::new(&mut graph, origin(Some(0)));
        let (x, w) =
            (input(&mut builder, extents, Precision::F32), parameter(&mut builder, 0, &[5, 4], Precision::F32));
        let z = builder.linear(x, w);
        let a = builder.unary(Unary::Sigmoid, z);
        let loss = builder.sum_all(a);
        let gradients = differentiate(&mut graph, loss, &[x, w]);
        let keep: Vec<NodeId> = gradients.into_iter().flatten().chain([loss]).collect();
        let (graph, places) = simplify(&graph, &keep);
        let weight = &graph.nodes[places[keep[1]].expect("it is kept")];
        assert_eq!((&weight.op, &weight.shape), (&Op::Product, &Shape::new([5, 4])));
        let products = graph.nodes.iter().filter(|node| node.op == Op::Product).count();
        assert_eq!(products, 3, "forward, input and weight");
        let copies = graph.nodes.iter().filter(|node| matches!(node.op, Op::Pad { .. } | Op::Concat { .. })).count();
        assert_eq!(copies, 0);
    }
}

#[test]
fn cotangents_add_the_last_use_first() {
    // (10⁸ − 10⁸) + ½ is ½ in f32, (½ − 10⁸) + 10⁸ is 0
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let x = input(&mut builder, &[], Precision::F32);
    let uses: Vec<NodeId> = [0.5, -1e8, 1e8]
        .into_iter()
        .map(|factor| {
            let factor = builder.constant(factor, Shape::scalar(), Precision::F32);
            builder.multiply(x, factor)
        })
        .collect();
    let partial = builder.add(uses[0], uses[1]);
    let loss = builder.add(partial, uses[2]);
    let [Some(gradient)] = differentiate(&mut graph, loss, &[x])[..] else { panic!("the loss depends on x") };
    assert_eq!(evaluate(&graph, |_| vec![3.0])[gradient], [0.5]);
}

#[test]
fn the_first_of_equal_maxima_takes_the_cotangent() {
    for (elements, expected) in [
        ([1.0, 7.0, 7.0, 2.0, 7.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
        ([-0.0, 0.0, -1.0, -2.0, 0.0, -3.0], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        ([1.0, 2.0, f64::NAN, 9.0, f64::NAN, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]),
        ([f64::NEG_INFINITY; 6], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
    ] {
        let mut graph = Graph::default();
        let mut builder = Builder::new(&mut graph, origin(Some(0)));
        let x = input(&mut builder, &[2, 3], Precision::F32);
        let largest = builder.maximum(x, &[0, 1]);
        let loss = builder.sum_all(largest);
        let [Some(gradient)] = differentiate(&mut graph, loss, &[x])[..] else { panic!("the loss depends on x") };
        assert_eq!(evaluate(&graph, |_| elements.to_vec())[gradient], expected);
    }
}

#[test]
fn curvature_is_the_same_forward_and_reverse_over_reverse() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let (x, t) = (input(&mut builder, &[4, 3], Precision::F64), parameter(&mut builder, 9, &[4, 2], Precision::F64));
    let weights = [
        parameter(&mut builder, 0, &[5, 3], Precision::F64),
        parameter(&mut builder, 1, &[1, 5], Precision::F64),
        parameter(&mut builder, 2, &[2, 5], Precision::F64),
    ];
    let z = builder.linear(x, weights[0]);
    let z = builder.add(z, weights[1]);
    let a = builder.unary(Unary::HyperbolicTangent, z);
    let y = builder.linear(a, weights[2]);
    let logarithms = builder.log_softmax(y, 1);
    let terms = builder.multiply(t, logarithms);
    let loss = builder.sum_all(terms);

    let gradients: Vec<NodeId> = differentiate(&mut graph, loss, &weights).into_iter().flatten().collect();
    let moved = with_tangents(&mut graph, &weights);
    let forward = push_forward(&mut graph, &moved, &gradients);
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let along: Vec<NodeId> = gradients
        .iter()
        .zip(&moved)
        .map(|(gradient, (_, tangent))| {
            let terms = builder.multiply(*gradient, *tangent);
            builder.sum_all(terms)
        })
        .collect();
    let slope = along.into_iter().reduce(|sum, term| builder.add(sum, term)).expect("there are weights");
    let reverse = differentiate(&mut graph, slope, &weights);

    let contents = contents(&graph, 5);
    let values = evaluate(&graph, |leaf| contents[&leaf].clone());
    for (forward, reverse) in forward.iter().zip(reverse) {
        let (forward, reverse) = (forward.expect("the gradient moves"), reverse.expect("the slope moves"));
        assert!(values[forward].iter().any(|number| number.abs() > 1e-3));
        for (a, b) in values[forward].iter().zip(&values[reverse]) {
            assert!((a - b).abs() <= 1e-12, "{a} {b}");
        }
    }
}

#[test]
fn nothing_flows_where_the_derivative_is_zero_by_form() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let x = input(&mut builder, &[4], Precision::F32);
    let unused = parameter(&mut builder, 0, &[4], Precision::F32);
    let signs = builder.unary(Unary::Sign, x);
    let fixed = builder.detach(x);
    let counts = builder.histogram(x);
    let counts = builder.convert(counts, Precision::F32);
    let all = builder.concat(&[signs, fixed, counts], 0);
    let loss = builder.sum_all(all);
    assert_eq!(differentiate(&mut graph, loss, &[x, unused]), [None, None]);
}

#[test]
fn a_cotangent_has_the_precision_of_its_node() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let (x, w) = (input(&mut builder, &[3, 4], Precision::F32), parameter(&mut builder, 0, &[1, 4], Precision::F32));
    let wide = function(2, |f, x| f.binary(Binary::Multiply, x[0], x[1]));
    let wide = builder.map_in(Precision::F64, &wide, &[x, w]);
    let sum = builder.reduce(Combine::Sum, wide, &[0, 1], Precision::F64);
    let narrow = builder.convert(sum, Precision::F32);
    let loss = builder.sum_all(narrow);
    let wanted = [narrow, sum, wide, w, x];
    let gradients = differentiate(&mut graph, loss, &wanted);
    for (id, gradient) in wanted.iter().zip(gradients) {
        let gradient = gradient.expect("the loss depends on it");
        assert_eq!((graph.precision(*id), graph.shape(*id)), (graph.precision(gradient), graph.shape(gradient)));
    }
    assert_eq!(verify(&graph), Ok(()));
}

#[test]
fn a_marked_output_has_its_own_cotangent() {
    // y = x + body(x) with a body that hands on what it gets: ∂y/∂x = 2, ∂y/∂body = 1
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(Some(0)));
    let x = input(&mut builder, &[3], Precision::F64);
    builder.set_origin(origin(Some(1)));
    let body = builder.mark(x);
    assert_eq!(builder.mark(body), body);
    let y = builder.add(x, body);
    let loss = builder.sum_all(y);
    let gradients = differentiate(&mut graph, loss, &[x, body]);
    let values = evaluate(&graph, |_| vec![0.0; 3]);
    let of = |which: usize| values[gradients[which].expect("the loss depends on it")].clone();
    assert_eq!((of(0), of(1)), (vec![2.0; 3], vec![1.0; 3]));
    let (simplified, places) = simplify(&graph, &[loss, body]);
    assert_eq!(simplified.nodes[places[body].expect("it is kept")].op, Op::Leaf(Leaf::Input));
}

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
    let text = super::print(&graph, &|layer| format!("dense{}", layer.index() + 1));
    assert_eq!(text, "");
}
