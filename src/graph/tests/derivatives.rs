//! Derivatives by hand: the rules that random numbers do not meet, and what layers and losses rely on.

use super::{assert_agrees, contents, function, input, numbers, origin, parameter, with_tangents};
use crate::graph::evaluate::evaluate;
use crate::graph::{Builder, Combine, Graph, Leaf, NodeId, Op, differentiate, push_forward, simplify, verify};
use crate::scalar::{Binary, Comparison, Unary};
use crate::shape::{Precision, Shape};

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
    for ((gradient, softmax), target) in values[gradient].iter().zip(&values[softmax]).zip(one_hot) {
        let expected = softmax - target;
        assert!((gradient - expected).abs() <= 1e-15, "{gradient} {expected}");
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
