//! The oracle itself: each primitive on numbers that can be checked by eye.

use super::{input, origin, parameter};
use crate::graph::evaluate::evaluate;
use crate::graph::{Builder, Combine, Graph, Leaf, NodeId, Windows};
use crate::shape::{Precision, Shape};

/// The elements of what `body` makes, where the input counts from 1 and parameters from 10.
fn value_of(
    precision: Precision,
    extents: &[usize],
    body: impl FnOnce(&mut Builder<'_>, NodeId) -> NodeId,
) -> Vec<f64> {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(None));
    let x = input(&mut builder, extents, precision);
    let result = body(&mut builder, x);
    let elements = graph.shape(x).elements();
    let from = |leaf| if leaf == Leaf::Input { 1 } else { 10 };
    evaluate(&graph, |leaf| (0..elements).map(|place| (from(leaf) + place) as f64).collect())[result].clone()
}

#[test]
fn views_rearrange_row_major_elements() {
    let of = |body: fn(&mut Builder<'_>, NodeId) -> NodeId| value_of(Precision::F32, &[2, 3], body);
    assert_eq!(of(|builder, x| builder.permute(x, &[1, 0])), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    assert_eq!(of(|builder, x| builder.slice(x, 1, 1, 2)), [2.0, 3.0, 5.0, 6.0]);
    assert_eq!(of(|builder, x| builder.pad(x, 0, 1, 0)), [0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(of(|builder, x| builder.pad(x, 1, 0, 1)), [1.0, 2.0, 3.0, 0.0, 4.0, 5.0, 6.0, 0.0]);
    assert_eq!(
        of(|builder, x| builder.index(1, builder.shape(x).clone(), Precision::F32)),
        [0.0, 1.0, 2.0, 0.0, 1.0, 2.0]
    );
    let joined = of(|builder, x| {
        let first = builder.slice(x, 1, 0, 1);
        builder.concat(&[first, x], 1)
    });
    assert_eq!(joined, [1.0, 1.0, 2.0, 3.0, 4.0, 4.0, 5.0, 6.0]);
    let repeated = of(|builder, x| {
        let last = builder.slice(x, 1, 2, 1);
        builder.broadcast(last, Shape::new([2, 2]))
    });
    assert_eq!(repeated, [3.0, 3.0, 6.0, 6.0]);
}

#[test]
fn a_permutation_names_the_axis_each_comes_from() {
    let turned = value_of(Precision::F32, &[1, 2, 3], |builder, x| builder.permute(x, &[2, 0, 1]));
    assert_eq!(turned, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(None));
    let x = input(&mut builder, &[2, 3, 5], Precision::F32);
    let turned = builder.permute(x, &[2, 0, 1]);
    assert_eq!(*builder.shape(turned), Shape::new([5, 2, 3]));
}

#[test]
fn a_product_is_over_the_last_two_axes() {
    let product = value_of(Precision::F64, &[2, 2, 1], |builder, x| {
        let right = parameter(builder, 0, &[2, 1, 2], Precision::F64);
        builder.product(x, right)
    });
    assert_eq!(product, [10.0, 11.0, 20.0, 22.0, 36.0, 39.0, 48.0, 52.0]);
    let linear = value_of(Precision::F64, &[2, 2], |builder, x| {
        let weight = parameter(builder, 0, &[2, 2], Precision::F64);
        builder.linear(x, weight)
    });
    assert_eq!(linear, [32.0, 38.0, 74.0, 88.0]);
}

#[test]
fn a_reduction_combines_its_axes() {
    let of = |combine: Combine, axes: &'static [usize]| {
        value_of(Precision::F32, &[2, 3], |builder, x| builder.reduce(combine, x, axes, Precision::F32))
    };
    assert_eq!(of(Combine::Sum, &[0]), [5.0, 7.0, 9.0]);
    assert_eq!(of(Combine::Sum, &[1]), [6.0, 15.0]);
    assert_eq!(of(Combine::Sum, &[0, 1]), [21.0]);
    assert_eq!(of(Combine::Maximum, &[1]), [3.0, 6.0]);
    assert_eq!(of(Combine::Sum, &[]), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn a_reduction_keeps_the_contracts_order() {
    // lane 0 of the first chunk: 2²⁴ + 1 + … + 1 loses each 1; the second chunk adds its sum at once
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(None));
    let x = input(&mut builder, &[512], Precision::F32);
    let (narrow, wide) = (builder.sum(x, &[0]), builder.reduce(Combine::Sum, x, &[0], Precision::F64));
    let mut elements = vec![0.0; 512];
    elements[0] = 16_777_216.0;
    (8..256).step_by(8).chain(256..512).for_each(|place| elements[place] = 1.0);
    let values = evaluate(&graph, |_| elements.clone());
    assert_eq!((values[narrow][0], values[wide][0]), (16_777_472.0, 16_777_503.0));
}

#[test]
fn a_decade_is_that_of_the_exact_value() {
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(None));
    let (x, y) = (input(&mut builder, &[9], Precision::F32), parameter(&mut builder, 0, &[3], Precision::F64));
    let (narrow, wide) = (builder.histogram(x), builder.histogram(y));
    // the f32 next to 10⁻⁴ lies just below it
    let singles =
        vec![1.0, -9.9, 10.0, f64::from(1e-4_f32), f64::from(f32::from_bits(1)), 0.0, f64::NAN, f64::INFINITY, 3e38];
    let doubles = vec![5e-324, 1.7e308, -1e-3];
    let values = evaluate(&graph, |leaf| if leaf == Leaf::Input { singles.clone() } else { doubles.clone() });
    let filled = |counts: &[f64], first: i32| {
        let decades = (first..).zip(counts).filter(|(_, count)| **count > 0.0);
        decades.map(|(decade, count)| (decade, *count)).collect::<Vec<_>>()
    };
    assert_eq!(filled(&values[narrow], -45), [(-45, 1.0), (-5, 1.0), (0, 2.0), (1, 1.0), (38, 1.0)]);
    assert_eq!(filled(&values[wide], -324), [(-324, 1.0), (-3, 1.0), (308, 1.0)]);
}

#[test]
fn windows_overlap_and_are_added_up_where_they_do() {
    let windows = Windows { places: 2, size: 3, stride: 2, dilation: 1 };
    let seen = value_of(Precision::F32, &[5, 2], |builder, x| builder.window(x, 0, windows));
    assert_eq!(seen, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]);
    let added = value_of(Precision::F32, &[5, 2], |builder, x| {
        let windows = builder.window(x, 0, windows);
        builder.fold(windows, 0, 6, 2, 1)
    });
    assert_eq!(added, [1.0, 2.0, 3.0, 4.0, 10.0, 12.0, 7.0, 8.0, 9.0, 10.0, 0.0, 0.0]);
    let apart = value_of(Precision::F32, &[6], |builder, x| {
        builder.window(x, 0, Windows { places: 2, size: 2, stride: 1, dilation: 3 })
    });
    assert_eq!(apart, [1.0, 4.0, 2.0, 5.0]);
}

#[test]
fn an_overlap_is_added_in_order_of_the_windows_elements() {
    // place 0 has ½ in its last element, place 1 −10⁸ and place 2 10⁸ in theirs before: 10⁸ − 10⁸ + ½ in f32
    let terms = [0.0, 0.0, 0.5, 0.0, -1e8, 0.0, 1e8, 0.0, 0.0];
    let mut graph = Graph::default();
    let mut builder = Builder::new(&mut graph, origin(None));
    let x = input(&mut builder, &[3, 3], Precision::F32);
    let sums = builder.fold(x, 0, 5, 1, 1);
    assert_eq!(evaluate(&graph, |_| terms.to_vec())[sums][2], 0.5);
}

#[test]
fn rows_are_found_by_their_numbers_and_added_in_order() {
    let rows = value_of(Precision::F64, &[3, 2], |builder, x| {
        let numbers = builder.index(0, Shape::new([2, 2]), Precision::F64);
        builder.gather(x, numbers)
    });
    assert_eq!(rows, [1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0]);
    let table = value_of(Precision::F64, &[2, 3, 1], |builder, x| {
        let numbers = builder.index(1, Shape::new([2, 3]), Precision::F64);
        builder.scatter_add(x, numbers, 4)
    });
    assert_eq!(table, [5.0, 7.0, 9.0, 0.0]);
}
