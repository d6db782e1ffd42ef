//! Reductions as the numeric contract has them: eight lanes for each chunk. Along a row they are registers, and are combined
//! pairwise at its end; along the first axis they are rows of the partial results.

use super::emit::{Emitter, lanes};
use super::emit_loop::Position;
use crate::graph::Combine;
use crate::kernel::{LANES, Reduction};
use crate::shape::Precision;
use cranelift::codegen::ir::Value;
use cranelift::prelude::InstBuilder;

/// What a lane starts from.
fn identity(combine: Combine) -> f64 {
    match combine {
        Combine::Sum => 0.0,
        Combine::Maximum => f64::NEG_INFINITY,
    }
}

/// The lanes of the reductions of a row, in registers.
#[derive(Clone)]
pub(super) struct Accumulators<'n> {
    reductions: &'n [Reduction],
    /// The lanes of each reduction, in order.
    vectors: Vec<Vec<Value>>,
}

impl<'n> Accumulators<'n> {
    pub(super) fn begin(e: &mut Emitter, reductions: &'n [Reduction]) -> Self {
        let vectors = reductions
            .iter()
            .map(|reduction| {
                let start = e.constant(reduction.accumulator, identity(reduction.combine));
                vec![start; LANES / lanes(reduction.accumulator)]
            })
            .collect();
        Self { reductions, vectors }
    }

    pub(super) fn values(&self) -> Vec<Value> {
        self.vectors.concat()
    }

    /// The same lanes with other values.
    pub(super) fn with(&self, values: &[Value]) -> Self {
        let mut values = values.iter().copied();
        let vectors = self.vectors.iter().map(|vectors| values.by_ref().take(vectors.len()).collect()).collect();
        Self { reductions: self.reductions, vectors }
    }

    /// Takes the results of `count` points, which belong to the lanes of the body's vector number `vector`.
    pub(super) fn take(&mut self, e: &mut Emitter, vector: usize, count: usize, results: &[Value]) {
        let whole = lanes(e.body_precision());
        for (reduction, sums) in self.reductions.iter().zip(&mut self.vectors) {
            let mut value = results[reduction.result];
            if count < whole {
                let rest = e.constant(e.body_precision(), identity(reduction.combine));
                value = e.first_lanes(e.body_precision(), count, value, rest);
            }
            let parts = e.widened(reduction.accumulator, value);
            let first = vector * parts.len();
            for (sum, part) in sums[first..].iter_mut().zip(parts) {
                *sum = e.combine(reduction.combine, *sum, part);
            }
        }
    }

    /// Turns the lanes so that those of the body's vector number `vectors` come first.
    pub(super) fn rotate(&mut self, e: &Emitter, vectors: usize) {
        let body = LANES / lanes(e.body_precision());
        for sums in &mut self.vectors {
            let by = vectors * sums.len() / body % sums.len();
            sums.rotate_left(by);
        }
    }

    /// Each reduction's lanes combined: ((0,1),(2,3)),((4,5),(6,7)).
    pub(super) fn finish(&self, e: &mut Emitter) -> Vec<Value> {
        self.reductions.iter().zip(&self.vectors).map(|(reduction, sums)| pairwise(e, reduction, sums)).collect()
    }
}

fn pairwise(e: &mut Emitter, reduction: &Reduction, sums: &[Value]) -> Value {
    let combine = reduction.combine;
    match (reduction.accumulator, sums) {
        (Precision::F32, &[low, high]) => {
            let pairs = halve(e, combine, low, high, ([0, 2, 4, 6], [1, 3, 5, 7]));
            let quadruples = halve(e, combine, pairs, pairs, ([0, 2, 0, 2], [1, 3, 1, 3]));
            ends(e, combine, quadruples)
        }
        (Precision::F64, &[a, b, c, d]) => {
            // An f64 lane is two of 32 bits.
            let lanes = ([0, 1, 4, 5], [2, 3, 6, 7]);
            let (low, high) = (halve(e, combine, a, b, lanes), halve(e, combine, c, d, lanes));
            let quadruples = halve(e, combine, low, high, lanes);
            ends(e, combine, quadruples)
        }
        (Precision::F32 | Precision::F64, _) => unreachable!("eight lanes fill two or four vectors"),
    }
}

/// Combines neighbouring lanes of two vectors.
fn halve(e: &mut Emitter, combine: Combine, low: Value, high: Value, (even, odd): ([u8; 4], [u8; 4])) -> Value {
    let (even, odd) = (e.pick(low, high, even), e.pick(low, high, odd));
    e.combine(combine, even, odd)
}

/// Combines the first two lanes.
fn ends(e: &mut Emitter, combine: Combine, vector: Value) -> Value {
    let (left, right) = (e.ins().extractlane(vector, 0), e.ins().extractlane(vector, 1));
    e.combine(combine, left, right)
}

/// The lanes of a reduction along the first axis: rows of memory.
pub(super) struct Partials<'n> {
    reduction: &'n Reduction,
    /// The unit's first lane.
    start: Value,
}

impl<'n> Partials<'n> {
    /// Sets the unit's lanes, `numbers` in all, to what they start from.
    pub(super) fn begin(e: &mut Emitter, reduction: &'n Reduction, into: Value, unit: Value, numbers: usize) -> Self {
        let precision = reduction.accumulator;
        let offset = e.times(unit, numbers * precision.bytes());
        let start = e.add(into, offset);
        let value = e.constant(precision, identity(reduction.combine));
        let lanes = lanes(precision);
        let (zero, whole) = (e.integer(0), e.integer(numbers - numbers % lanes));
        e.repeat(zero, whole, lanes, &[], |e, position, _| {
            let offset = e.times(position, precision.bytes());
            let to = e.add(start, offset);
            e.store(precision, value, to, 0, lanes);
            Vec::new()
        });
        if !numbers.is_multiple_of(lanes) {
            let to = e.plus(start, (numbers - numbers % lanes) * precision.bytes());
            e.store(precision, value, to, 0, numbers % lanes);
        }
        Self { reduction, start }
    }

    /// Bytes of a number.
    pub(super) fn bytes(&self) -> usize {
        self.reduction.accumulator.bytes()
    }

    /// Where the lane of row `reduced` begins; it has `kept` numbers.
    pub(super) fn lane(&self, e: &mut Emitter, reduced: Value, kept: usize) -> Value {
        let lane = e.ins().band_imm_s(reduced, LANES as i64 - 1);
        let offset = e.times(lane, kept * self.bytes());
        e.add(self.start, offset)
    }

    /// Takes the results of `count` points into the numbers at `position` of a row of a lane.
    pub(super) fn take(&self, e: &mut Emitter, lane: Value, position: Position, count: usize, results: &[Value]) {
        let precision = self.reduction.accumulator;
        let (address, displacement) = e.address(lane, self.bytes(), position);
        let parts = e.widened(precision, results[self.reduction.result]);
        let width = lanes(precision);
        for (part, first) in parts.into_iter().zip((0..count).step_by(width)) {
            let (displacement, count) = (displacement + first * self.bytes(), (count - first).min(width));
            let sum = e.load(precision, address, displacement, count);
            let sum = e.combine(self.reduction.combine, sum, part);
            e.store(precision, sum, address, displacement, count);
        }
    }
}
