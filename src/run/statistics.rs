//! What is measured of a tensor: `STATISTICS` is the table, one entry each. A statistic is made of terms, a scalar function of
//! each element and how it is combined; terms become nodes of the training graph, so that they are computed where the tensor is,
//! fused with what makes it. All terms are computed in f64: squares of f32 numbers neither overflow nor underflow there.
//!
//! To add a statistic: its field in `record::Statistics`, and its entry here.

use super::record;
use crate::graph::{Builder, Combine, NodeId};
use crate::kernel::combine::Accumulate;
use crate::scalar::{self, Comparison, Function, Unary, ValueId};
use crate::shape::Precision;
use std::sync::Arc;

/// One reduction: what each element gives, and how that is combined.
struct Term {
    of: fn(&mut scalar::Builder, ValueId, Precision) -> ValueId,
    combine: Combine,
}

/// An entry of the table.
pub(super) struct Statistic {
    /// The field of `record::Statistics`.
    pub(super) name: &'static str,
    /// What it is, in one line.
    summary: &'static str,
    /// What is reduced.
    terms: &'static [Term],
    /// The statistic, from the totals of its terms and the number of elements.
    finish: fn(&[f64], f64) -> f64,
    /// Puts it in its field.
    set: fn(&mut record::Statistics, f64),
}

/// Every statistic with what it is, the histogram included, in the order of the report.
pub fn described() -> impl Iterator<Item = (&'static str, &'static str)> {
    let table = STATISTICS.iter().map(|statistic| (statistic.name, statistic.summary));
    table.chain([("histogram", "how many entries have a magnitude in each decade")])
}

/// What is measured of every tensor of gradients, but the histogram, which is a primitive of its own.
pub(super) const STATISTICS: &[Statistic] = &[
    Statistic {
        name: "l2",
        summary: "the Euclidean norm: the root of the sum of squares",
        terms: SQUARES,
        finish: |totals, _| norm(totals),
        set: |to, value| to.l2 = value,
    },
    Statistic {
        name: "rms",
        summary: "the root mean square: `l2` over the root of the number of entries",
        terms: SQUARES,
        finish: |totals, count| norm(totals) / count.sqrt(),
        set: |to, value| to.rms = value,
    },
    Statistic {
        name: "mean",
        summary: "the mean of all entries",
        terms: &[sum(|_, x, _| x)],
        finish: |totals, count| totals[0] / count,
        set: |to, value| to.mean = value,
    },
    Statistic {
        name: "max_abs",
        summary: "the largest magnitude",
        terms: &[Term { of: |f, x, _| f.unary(Unary::Absolute, x), combine: Combine::Maximum }],
        finish: |totals, _| totals[0],
        set: |to, value| to.max_abs = value,
    },
    Statistic {
        name: "zero_fraction",
        summary: "the share of entries that are exactly zero",
        terms: &[ZEROS],
        finish: |totals, count| totals[0] / count,
        set: |to, value| to.zero_fraction = value,
    },
    Statistic {
        name: "subnormal_fraction",
        summary: "the share of entries below the smallest normal number of the network's precision, zeros apart",
        terms: &[sum(|f, x, precision| {
            let below = magnitude_is(f, x, Comparison::Less, smallest_normal(precision));
            let nonzero = is_nonzero(f, x);
            let both = f.and(below, nonzero);
            counted(f, both)
        })],
        finish: |totals, count| totals[0] / count,
        set: |to, value| to.subnormal_fraction = value,
    },
    Statistic {
        name: "underflow_f16",
        summary: "the share of non-zero entries that would round to zero in f16",
        terms: &[sum(|f, x, _| rounds_to_zero(f, x, HALF_OF_LEAST_F16)), ZEROS],
        finish: |totals, count| share_of_nonzero(totals, count),
        set: |to, value| to.underflow_f16 = value,
    },
    Statistic {
        name: "underflow_bf16",
        summary: "the share of non-zero entries that would round to zero in bf16",
        terms: &[sum(|f, x, _| rounds_to_zero(f, x, HALF_OF_LEAST_BF16)), ZEROS],
        finish: |totals, count| share_of_nonzero(totals, count),
        set: |to, value| to.underflow_bf16 = value,
    },
    Statistic {
        name: "underflow_f32",
        summary: "the share of non-zero entries that would round to zero in f32: of a network in f64",
        terms: &[
            sum(|f, x, precision| match precision {
                Precision::F32 => f.constant(0.0),
                Precision::F64 => rounds_to_zero(f, x, HALF_OF_LEAST_F32),
            }),
            ZEROS,
        ],
        finish: |totals, count| share_of_nonzero(totals, count),
        set: |to, value| to.underflow_f32 = value,
    },
    Statistic {
        name: "nonfinite",
        summary: "the number of entries that are NaN or infinite",
        terms: &[sum(|f, x, _| {
            let finite = magnitude_is(f, x, Comparison::LessEqual, f64::MAX);
            let not = f.not(finite);
            counted(f, not)
        })],
        finish: |totals, _| totals[0],
        set: |to, value| to.nonfinite = value as u64,
    },
];

/// The entries of these names.
pub(super) fn chosen(names: &[&str]) -> Vec<&'static Statistic> {
    names
        .iter()
        .map(|name| STATISTICS.iter().find(|entry| entry.name == *name).expect("a statistic is in the table"))
        .collect()
}

const fn sum(of: fn(&mut scalar::Builder, ValueId, Precision) -> ValueId) -> Term {
    Term { of, combine: Combine::Sum }
}

const ZEROS: Term = sum(|f, x, _| {
    let nonzero = is_nonzero(f, x);
    let zero = f.not(nonzero);
    counted(f, zero)
});

/// Half the least number of f16 (2⁻²⁴), of bf16 (2⁻¹³³) and of f32 (2⁻¹⁴⁹): what is no larger rounds to zero there, the tie to the even zero.
const HALF_OF_LEAST_F16: f64 = power_of_two(-25);
const HALF_OF_LEAST_BF16: f64 = power_of_two(-134);
const HALF_OF_LEAST_F32: f64 = power_of_two(-150);

/// 2ⁿ, for the exponents of normal f64 numbers.
const fn power_of_two(exponent: i64) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// J. L. Blue's three sums of squares (ACM TOMS 4, 1978), with the constants of LAPACK's `dnrm2`: numbers whose
/// squares would underflow or overflow f64 are scaled by a power of two first. Those of f32 are all in the middle, and the
/// other two sums cost nothing there.
const SQUARES: &[Term] = &[
    sum(|f, x, precision| {
        let square = f.multiply(x, x);
        match precision {
            Precision::F32 => square,
            // NaN is neither small nor large, and stays here.
            Precision::F64 => {
                let small = magnitude_is(f, x, Comparison::Less, SMALL);
                let large = is_large(f, x);
                let apart = f.or(small, large);
                let zero = f.constant(0.0);
                f.select(apart, zero, square)
            }
        }
    }),
    sum(|f, x, precision| match precision {
        Precision::F32 => f.constant(0.0),
        Precision::F64 => {
            let small = magnitude_is(f, x, Comparison::Less, SMALL);
            scaled_square(f, x, small, SMALL_SCALE)
        }
    }),
    sum(|f, x, precision| match precision {
        Precision::F32 => f.constant(0.0),
        Precision::F64 => {
            let large = is_large(f, x);
            scaled_square(f, x, large, LARGE_SCALE)
        }
    }),
];

const SMALL: f64 = power_of_two(-511);
const LARGE: f64 = power_of_two(486);
const SMALL_SCALE: f64 = power_of_two(537);
const LARGE_SCALE: f64 = power_of_two(-538);

fn is_large(f: &mut scalar::Builder, x: ValueId) -> ValueId {
    let magnitude = f.unary(Unary::Absolute, x);
    let bound = f.constant(LARGE);
    f.compare(Comparison::Less, bound, magnitude)
}

fn scaled_square(f: &mut scalar::Builder, x: ValueId, condition: ValueId, scale: f64) -> ValueId {
    let scale = f.constant(scale);
    let scaled = f.multiply(x, scale);
    let square = f.multiply(scaled, scaled);
    let zero = f.constant(0.0);
    f.select(condition, square, zero)
}

/// √(sum of squares) from the three sums. With large numbers the small do not matter, the middle hardly.
fn norm(totals: &[f64]) -> f64 {
    let [middle, small, large] = totals[..] else { unreachable!("squares have three sums") };
    if large > 0.0 {
        return (large + middle * LARGE_SCALE * LARGE_SCALE).sqrt() / LARGE_SCALE;
    }
    let (middle, small) = (middle.sqrt(), small.sqrt() / SMALL_SCALE);
    // NaN must win, which `max` would hide.
    if middle.is_nan() || small == 0.0 {
        return middle;
    }
    let (low, high) = if small < middle { (small, middle) } else { (middle, small) };
    high * (1.0 + (low / high) * (low / high)).sqrt()
}

fn share_of_nonzero(totals: &[f64], count: f64) -> f64 {
    let nonzero = count - totals[1];
    if nonzero == 0.0 { 0.0 } else { totals[0] / nonzero }
}

const fn smallest_normal(precision: Precision) -> f64 {
    match precision {
        Precision::F32 => f32::MIN_POSITIVE as f64,
        Precision::F64 => f64::MIN_POSITIVE,
    }
}

fn magnitude_is(f: &mut scalar::Builder, x: ValueId, comparison: Comparison, bound: f64) -> ValueId {
    let magnitude = f.unary(Unary::Absolute, x);
    let bound = f.constant(bound);
    f.compare(comparison, magnitude, bound)
}

fn is_nonzero(f: &mut scalar::Builder, x: ValueId) -> ValueId {
    let zero = f.constant(0.0);
    f.compare(Comparison::NotEqual, x, zero)
}

fn rounds_to_zero(f: &mut scalar::Builder, x: ValueId, half_of_least: f64) -> ValueId {
    let tiny = magnitude_is(f, x, Comparison::LessEqual, half_of_least);
    let nonzero = is_nonzero(f, x);
    let both = f.and(tiny, nonzero);
    counted(f, both)
}

/// 1 where it holds.
fn counted(f: &mut scalar::Builder, condition: ValueId) -> ValueId {
    let (one, zero) = (f.constant(1.0), f.constant(0.0));
    f.select(condition, one, zero)
}

/// Whether a term is the constant 0.
fn is_zero(function: &Function) -> bool {
    let op = function.nodes[function.results[0]];
    matches!(op, scalar::Op::Constant(bits) if bits.value() == 0.0)
}

/// Adds the nodes of the norms of a tensor along all axes but the first: the terms of each, none for a term that is zero.
pub(super) fn squares_by_step(builder: &mut Builder<'_>, tensor: NodeId) -> Vec<Option<NodeId>> {
    let precision = builder.precision(tensor);
    let axes: Vec<usize> = (1..builder.shape(tensor).rank()).collect();
    let mut term = |term: &Term| {
        let function = Function::build(1, |f, x| vec![(term.of)(f, x[0], precision)]);
        if is_zero(&function) {
            return None;
        }
        let each = builder.map_in(Precision::F64, &Arc::new(function), &[tensor]);
        Some(builder.reduce(term.combine, each, &axes, Precision::F64))
    };
    SQUARES.iter().map(&mut term).collect()
}

/// The norms of `steps` steps from their terms; `read` gives a node's elements.
pub(super) fn norms_by_step(terms: &[Option<NodeId>], steps: usize, read: &dyn Fn(NodeId) -> Vec<f64>) -> Vec<f64> {
    let terms: Vec<Vec<f64>> = terms.iter().map(|term| term.map_or_else(|| vec![0.0; steps], read)).collect();
    (0..steps).map(|step| norm(&terms.iter().map(|term| term[step]).collect::<Vec<f64>>())).collect()
}

/// Makes the nodes of a choice of statistics, for tensors of one precision.
pub(super) struct Measurer {
    precision: Precision,
    terms: Vec<(Arc<Function>, Combine)>,
    chosen: Vec<&'static Statistic>,
    histogram: bool,
}

impl Measurer {
    /// For these statistics, with or without the histogram.
    pub(super) fn new(precision: Precision, chosen: Vec<&'static Statistic>, histogram: bool) -> Self {
        let function = |term: &Term| Arc::new(Function::build(1, |f, x| vec![(term.of)(f, x[0], precision)]));
        let terms = chosen.iter().flat_map(|entry| entry.terms).map(|term| (function(term), term.combine)).collect();
        Self { precision, terms, chosen, histogram }
    }

    /// Adds the nodes that measure a tensor; none for a tensor that is known to be zero, `count` elements large.
    pub(super) fn measure(&self, builder: &mut Builder<'_>, tensor: Option<NodeId>, count: usize) -> Measurement {
        let nodes = tensor.map(|tensor| {
            assert_eq!(builder.precision(tensor), self.precision, "a measurer is made for one precision");
            let axes: Vec<usize> = (0..builder.shape(tensor).rank()).collect();
            let mut reduce = |(function, combine): &(Arc<Function>, Combine)| {
                if is_zero(function) {
                    return None;
                }
                let each = builder.map_in(Precision::F64, function, &[tensor]);
                Some(builder.reduce(*combine, each, &axes, Precision::F64))
            };
            let terms = self.terms.iter().map(&mut reduce).collect();
            let histogram = self.histogram.then(|| builder.histogram(tensor));
            Nodes { terms, histogram }
        });
        Measurement { nodes, count }
    }

    /// The totals of a measurement; `read` gives a node's elements.
    pub(super) fn totals(&self, measurement: &Measurement, read: &dyn Fn(NodeId) -> Vec<f64>) -> Totals {
        let count = measurement.count as f64;
        let Some(nodes) = &measurement.nodes else {
            let of_zero = |(function, combine): &(Arc<Function>, Combine)| match combine {
                Combine::Sum => count * function.evaluate(&[0.0_f64])[0],
                Combine::Maximum => function.evaluate(&[0.0_f64])[0],
            };
            return Totals { count, terms: self.terms.iter().map(of_zero).collect(), histogram: Vec::new() };
        };
        let terms = nodes.terms.iter().map(|node| node.map_or(0.0, |node| read(node)[0])).collect();
        Totals { count, terms, histogram: nodes.histogram.map(read).unwrap_or_default() }
    }

    /// The totals of several tensors as one vector.
    pub(super) fn merged(&self, parts: &[Totals]) -> Option<Totals> {
        let (first, rest) = parts.split_first()?;
        let mut whole = first.clone();
        for part in rest {
            whole.count += part.count;
            for ((into, from), (_, combine)) in whole.terms.iter_mut().zip(&part.terms).zip(&self.terms) {
                *into = into.combine(*combine, *from);
            }
            if whole.histogram.is_empty() {
                whole.histogram.clone_from(&part.histogram);
            } else {
                for (into, from) in whole.histogram.iter_mut().zip(&part.histogram) {
                    *into += from;
                }
            }
        }
        Some(whole)
    }

    /// The statistics; those not chosen are zero.
    pub(super) fn finish(&self, totals: &Totals) -> record::Statistics {
        let mut statistics = record::Statistics {
            count: totals.count as u64,
            l2: 0.0,
            rms: 0.0,
            mean: 0.0,
            max_abs: 0.0,
            zero_fraction: 0.0,
            subnormal_fraction: 0.0,
            underflow_f16: 0.0,
            underflow_bf16: 0.0,
            underflow_f32: 0.0,
            nonfinite: 0,
            histogram: histogram(&totals.histogram, self.precision),
        };
        let mut terms = totals.terms.as_slice();
        for entry in &self.chosen {
            let (own, rest) = terms.split_at(entry.terms.len());
            (entry.set)(&mut statistics, (entry.finish)(own, totals.count));
            terms = rest;
        }
        statistics
    }
}

/// Where the totals of a tensor are found after a run.
#[derive(Clone, Debug)]
pub(super) struct Measurement {
    /// None for a tensor that is zero without being computed.
    nodes: Option<Nodes>,
    count: usize,
}

#[derive(Clone, Debug)]
struct Nodes {
    /// None for a term that is zero whatever the tensor holds.
    terms: Vec<Option<NodeId>>,
    histogram: Option<NodeId>,
}

impl Measurement {
    /// The nodes to keep.
    pub(super) fn keep(&self) -> impl Iterator<Item = NodeId> {
        self.nodes.iter().flat_map(|nodes| nodes.terms.iter().flatten().copied().chain(nodes.histogram))
    }
}

/// What was summed up of one or several tensors.
#[derive(Clone, Debug)]
pub(super) struct Totals {
    count: f64,
    terms: Vec<f64>,
    histogram: Vec<f64>,
}

/// Counts for every decade of a precision, with the empty ends cut off.
fn histogram(counts: &[f64], precision: Precision) -> record::Histogram {
    let (first, _) = match precision {
        Precision::F32 => crate::graph::DECADES_F32,
        Precision::F64 => crate::graph::DECADES_F64,
    };
    let Some(start) = counts.iter().position(|count| *count > 0.0) else { return record::Histogram::default() };
    let end = counts.iter().rposition(|count| *count > 0.0).expect("one is not zero") + 1;
    let counts = counts[start..end].iter().map(|count| *count as u64).collect();
    record::Histogram { first_decade: first + start as i32, counts }
}

#[cfg(test)]
mod tests;
