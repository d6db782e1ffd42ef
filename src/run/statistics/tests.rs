//! Every statistic against its definition, written plainly in f64.

use super::*;
use crate::graph::{Graph, Leaf, Origin, Role};
use crate::kernel::interpret::interpret;
use crate::kernel::lower::lower;
use crate::kernel::memory::Memory;
use crate::run::data::testing::span;
use crate::run::random::Stream;
use crate::run::tensor::Number;
use crate::shape::Shape;

/// Measures a tensor `[rows, columns]` as a run does: nodes, program, interpreter.
fn measured<T: Number>(numbers: &[T], columns: usize) -> record::Statistics {
    let mut graph = Graph::default();
    let origin = Origin { layer: None, span: span(), role: Role::Statistic };
    let mut builder = Builder::new(&mut graph, origin);
    let shape = Shape::new([numbers.len() / columns, columns]);
    let leaf = builder.leaf(Leaf::Input, shape, T::PRECISION);
    let measurer = Measurer::new(T::PRECISION, STATISTICS.iter().collect(), true);
    let measurement = measurer.measure(&mut builder, Some(leaf), numbers.len());
    let keep: Vec<NodeId> = measurement.keep().collect();
    let program = lower(&graph, &keep).unwrap();
    let mut memory = Memory::new(&program).unwrap();
    let place = |node: NodeId| &program.buffers[program.bindings.iter().find(|(bound, _)| *bound == node).unwrap().1];
    memory.view_mut::<T>(place(leaf)).copy_from_slice(numbers);
    interpret(&program, &mut memory);
    measurer.finish(&measurer.totals(&measurement, &|node| memory.view::<f64>(place(node)).to_vec()))
}

/// Every statistic by its definition, in f64, one number after another.
fn defined(numbers: &[f64], precision: Precision) -> record::Statistics {
    let count = numbers.len() as f64;
    let of = |holds: &dyn Fn(f64) -> bool| numbers.iter().filter(|x| holds(**x)).count() as f64;
    let smallest = smallest_normal(precision);
    let nonzero = of(&|x| x != 0.0);
    let largest =
        numbers.iter().fold(0.0, |largest: f64, x| if x.is_nan() || x.abs() > largest { x.abs() } else { largest });
    // Exact scaling keeps the squares in range.
    let scale = if largest > 0.0 && largest.is_finite() {
        power_of_two(largest.to_bits() as i64 / (1 << 52) - 1023)
    } else {
        1.0
    };
    let l2 = numbers.iter().map(|x| (x / scale) * (x / scale)).sum::<f64>().sqrt() * scale;
    let share = |part: f64| if nonzero == 0.0 { 0.0 } else { part / nonzero };
    let underflow = |half: f64| share(of(&|x| x != 0.0 && x.abs() <= half));
    record::Statistics {
        count: numbers.len() as u64,
        l2,
        rms: l2 / count.sqrt(),
        mean: numbers.iter().sum::<f64>() / count,
        max_abs: largest,
        zero_fraction: of(&|x| x == 0.0) / count,
        subnormal_fraction: of(&|x| x != 0.0 && x.abs() < smallest) / count,
        underflow_f16: underflow(f64::from_bits((1023 - 25) << 52)),
        underflow_bf16: underflow(f64::from_bits((1023 - 134) << 52)),
        underflow_f32: underflow(f64::from_bits((1023 - 150) << 52)),
        nonfinite: of(&|x| !x.is_finite()) as u64,
        histogram: record::Histogram::default(),
    }
}

fn close(found: f64, expected: f64, scale: f64) -> bool {
    found == expected || (found.is_nan() && expected.is_nan()) || (found - expected).abs() <= 1e-13 * scale
}

fn assert_agree(found: &record::Statistics, expected: &record::Statistics) {
    assert!(close(found.l2, expected.l2, expected.l2), "l2 {} {}", found.l2, expected.l2);
    assert!(close(found.rms, expected.rms, expected.rms), "rms {} {}", found.rms, expected.rms);
    assert!(close(found.mean, expected.mean, expected.rms), "mean {} {}", found.mean, expected.mean);
    let mut same = found.clone();
    (same.l2, same.rms, same.mean) = (expected.l2, expected.rms, expected.mean);
    same.histogram = record::Histogram::default();
    assert_eq!(same.max_abs.to_bits(), expected.max_abs.to_bits());
    (same.max_abs, same.l2, same.rms, same.mean) = (0.0, 0.0, 0.0, 0.0);
    let mut rest = expected.clone();
    (rest.max_abs, rest.l2, rest.rms, rest.mean) = (0.0, 0.0, 0.0, 0.0);
    assert_eq!(same, rest);
}

/// Numbers of every size that a format has, some of them zero.
fn of_all_sizes<T: Number>(seed: u64, count: usize, exponents: std::ops::Range<i32>) -> Vec<T> {
    let mut stream = Stream::new(seed, "sizes", "x");
    (0..count)
        .map(|_| {
            let exponent = exponents.start + stream.below(exponents.len() as u64) as i32;
            let power = if exponent < -1000 {
                power_of_two(-1000) * power_of_two(i64::from(exponent) + 1000)
            } else {
                power_of_two(exponent.into())
            };
            T::rounded(if stream.below(10) == 0 { 0.0 } else { stream.normal() * power })
        })
        .collect()
}

#[test]
fn f32_tensors_of_every_size() {
    for (seed, exponents) in [(0, -149..127), (1, -140..-120), (2, -30..-20), (3, 0..1), (4, 100..127)] {
        let numbers: Vec<f32> = of_all_sizes(seed, 700, exponents);
        let exact: Vec<f64> = numbers.iter().map(|x| f64::from(*x)).collect();
        assert_agree(&measured(&numbers, 7), &defined(&exact, Precision::F32));
    }
}

#[test]
fn f64_tensors_whose_every_square_leaves_the_range() {
    for (seed, exponents) in
        [(0, -1070..1020), (1, -1073..-1000), (2, -600..-500), (3, 480..500), (4, 900..1010), (5, 0..1)]
    {
        let numbers: Vec<f64> = of_all_sizes(seed, 600, exponents);
        assert_agree(&measured(&numbers, 3), &defined(&numbers, Precision::F64));
    }
    let tiny = measured(&[f64::from_bits(1); 4], 2);
    assert_eq!(tiny.l2, 2.0 * f64::from_bits(1));
}

#[test]
fn what_is_not_finite_is_counted_and_not_hidden() {
    let with_nan = measured(&[1.0, f64::NAN, f64::INFINITY, 0.0], 2);
    assert!(with_nan.l2.is_nan() || with_nan.l2.is_infinite());
    assert!(with_nan.max_abs.is_nan() && with_nan.mean.is_nan());
    assert_eq!((with_nan.nonfinite, with_nan.zero_fraction), (2, 0.25));
    let nan = measured(&[1.0, f64::NAN], 2);
    assert!(nan.l2.is_nan() && nan.rms.is_nan());
    let infinite = measured(&[1.0_f32, f32::NEG_INFINITY, 2.0], 3);
    assert_eq!((infinite.l2, infinite.max_abs, infinite.nonfinite), (f64::INFINITY, f64::INFINITY, 1));
    assert_eq!(infinite.mean, f64::NEG_INFINITY);
}

#[test]
fn ties_of_the_narrow_formats_round_to_zero() {
    let half = HALF_OF_LEAST_F16 as f32;
    let statistics = measured(&[half, half.next_up(), -half, 0.0], 2);
    assert_eq!(statistics.underflow_f16, 2.0 / 3.0);
    assert_eq!(half::f16::from_f32(half), half::f16::ZERO);
    assert_ne!(half::f16::from_f32(half.next_up()), half::f16::ZERO);
    let half = HALF_OF_LEAST_BF16 as f32;
    assert_eq!(measured(&[half, half.next_up()], 1).underflow_bf16, 0.5);
    assert_eq!(half::bf16::from_f32(half), half::bf16::ZERO);
    assert_ne!(half::bf16::from_f32(half.next_up()), half::bf16::ZERO);
}

#[test]
fn histograms_are_cut_at_their_ends() {
    let statistics = measured(&[0.0, 0.5, 0.1, 1000.0, -0.02, f32::NAN], 2);
    assert_eq!((statistics.histogram.first_decade, statistics.histogram.counts), (-2, vec![1, 2, 0, 0, 0, 1]));
    assert_eq!(measured(&[0.0_f64, 0.0], 2).histogram, record::Histogram::default());
}

#[test]
fn several_tensors_are_one_vector() {
    let measurer = Measurer::new(Precision::F64, STATISTICS.iter().collect(), false);
    let (one, other) = (of_all_sizes::<f64>(7, 60, -1070..1000), of_all_sizes::<f64>(8, 90, -1070..1000));
    let totals = |numbers: &[f64]| {
        let terms = measurer.terms.iter().map(|(function, combine)| {
            let each = numbers.iter().map(|x| function.evaluate(&[*x])[0]);
            each.reduce(|a, b| a.combine(*combine, b)).unwrap()
        });
        Totals { count: numbers.len() as f64, terms: terms.collect(), histogram: Vec::new() }
    };
    let merged = measurer.merged(&[totals(&one), totals(&other)]).unwrap();
    assert_agree(&measurer.finish(&merged), &defined(&[one, other].concat(), Precision::F64));
}

#[test]
fn a_tensor_that_is_known_to_be_zero_needs_no_nodes() {
    let mut graph = Graph::default();
    let origin = Origin { layer: None, span: span(), role: Role::Statistic };
    let measurer = Measurer::new(Precision::F32, STATISTICS.iter().collect(), true);
    let measurement = measurer.measure(&mut Builder::new(&mut graph, origin), None, 12);
    assert!(graph.nodes.is_empty() && measurement.keep().next().is_none());
    let found = measurer.finish(&measurer.totals(&measurement, &|_| unreachable!("nothing is read")));
    assert_agree(&found, &defined(&[0.0; 12], Precision::F32));
}
