//! The end of every reduction: the fixed tree over lanes and chunks. One function for the interpreter and the JIT.

use super::memory::Element;
use super::{CombinePartials, LANES};
use crate::graph::Combine;

/// What a reduction needs of a number format.
pub trait Accumulate: Element {
    /// What a lane starts from: +0 for a sum, −inf for a maximum.
    fn identity(combine: Combine) -> Self;
    /// One step of the tree: a sum rounded once, or the larger, NaN where either is, `self` where they are equal: the scalar
    /// operations `Add` and `Maximum`.
    #[must_use]
    fn combine(self, combine: Combine, other: Self) -> Self;
}

macro_rules! accumulate {
    ($($float:ty)*) => { $(
        impl Accumulate for $float {
            fn identity(combine: Combine) -> Self {
                match combine {
                    Combine::Sum => 0.0,
                    Combine::Maximum => Self::NEG_INFINITY,
                }
            }

            fn combine(self, combine: Combine, other: Self) -> Self {
                match combine {
                    Combine::Sum => self + other,
                    Combine::Maximum if self < other || other.is_nan() => other,
                    Combine::Maximum => self,
                }
            }
        }
    )* };
}

accumulate!(f32 f64);

/// How many points are combined side by side.
const WIDTH: usize = 16;
/// Enough levels for any number of chunks.
const LEVELS: usize = usize::BITS as usize;

/// Carries out a `CombinePartials` kernel: `partials[outer, chunks, lanes, inner] → result[outer, inner]`.
///
/// # Panics
/// Where a slice is shorter than the kernel says.
pub fn combine<T: Accumulate>(kernel: &CombinePartials, partials: &[T], result: &mut [T]) {
    let CombinePartials { combine, outer, chunks, lanes, inner, .. } = *kernel;
    let group = chunks * lanes * inner;
    let mut tree = Tree { combine, levels: [[T::identity(combine); WIDTH]; LEVELS] };
    for index in 0..outer {
        let partials = &partials[index * group..][..group];
        let result = &mut result[index * inner..][..inner];
        for start in (0..inner).step_by(WIDTH) {
            let width = WIDTH.min(inner - start);
            for chunk in 0..chunks {
                let row = |lane: usize| {
                    let mut values = [T::identity(combine); WIDTH];
                    values[..width].copy_from_slice(&partials[(chunk * lanes + lane) * inner + start..][..width]);
                    values
                };
                let value = if lanes == 1 { row(0) } else { tree.pairwise(std::array::from_fn(row)) };
                tree.push(chunk, value);
            }
            result[start..start + width].copy_from_slice(&tree.finish(chunks)[..width]);
        }
    }
}

/// Combines one chunk's lanes: ((0,1),(2,3)),((4,5),(6,7)).
pub(super) fn combine_lanes<T: Accumulate>(combine: Combine, lanes: [T; LANES]) -> T {
    let [a, b, c, d, e, f, g, h] = lanes;
    let pair = |left: T, right: T| left.combine(combine, right);
    pair(pair(pair(a, b), pair(c, d)), pair(pair(e, f), pair(g, h)))
}

/// Pairs in order, level by level, an odd one carried up: the same tree as a binary counter, whose bits tell which levels hold
/// a finished block.
struct Tree<T> {
    combine: Combine,
    levels: [[T; WIDTH]; LEVELS],
}

impl<T: Accumulate> Tree<T> {
    fn pair(&self, mut left: [T; WIDTH], right: [T; WIDTH]) -> [T; WIDTH] {
        for (left, right) in left.iter_mut().zip(right) {
            *left = left.combine(self.combine, right);
        }
        left
    }

    fn pairwise(&self, lanes: [[T; WIDTH]; LANES]) -> [T; WIDTH] {
        std::array::from_fn(|point| combine_lanes(self.combine, lanes.map(|lane| lane[point])))
    }

    /// Takes in chunk number `count`.
    fn push(&mut self, count: usize, mut value: [T; WIDTH]) {
        let level = count.trailing_ones() as usize;
        for lower in 0..level {
            value = self.pair(self.levels[lower], value);
        }
        self.levels[level] = value;
    }

    fn finish(&self, count: usize) -> [T; WIDTH] {
        let mut total = None;
        for level in (0..LEVELS).filter(|level| count >> level & 1 == 1) {
            total = Some(total.map_or(self.levels[level], |total| self.pair(self.levels[level], total)));
        }
        total.expect("a reduction has at least one chunk")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Binary, Function};
    use crate::shape::Precision;
    use proptest::prelude::*;

    /// The tree as the contract words it.
    fn by_levels(combine: Combine, mut values: Vec<f64>) -> f64 {
        while values.len() > 1 {
            values = values
                .chunks(2)
                .map(|pair| pair.iter().copied().reduce(|a, b| a.combine(combine, b)).unwrap())
                .collect();
        }
        values[0]
    }

    proptest! {
        #[test]
        fn the_tree_is_pairwise_by_levels(
            outer in 1_usize..3, chunks in 1_usize..40, lanes in prop::sample::select(vec![1, LANES]),
            inner in 1_usize..40, maximum: bool, seed: u32,
        ) {
            let combine_by = if maximum { Combine::Maximum } else { Combine::Sum };
            let mut state = u64::from(seed) | 1;
            let partials: Vec<f64> = (0..outer * chunks * lanes * inner).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 11) as f64 / (1_u64 << (state % 60)) as f64 - 1e3
            }).collect();
            let kernel = CombinePartials { combine: combine_by, precision: Precision::F64, outer, chunks, lanes, inner };
            let mut result = vec![f64::NAN; outer * inner];
            combine(&kernel, &partials, &mut result);
            for (place, value) in result.iter().enumerate() {
                let (row, point) = (place / inner, place % inner);
                let chunk = |chunk| {
                    let lane = |lane: usize| partials[((row * chunks + chunk) * lanes + lane) * inner + point];
                    by_levels(combine_by, (0..lanes).map(lane).collect())
                };
                let expected = by_levels(combine_by, (0..chunks).map(chunk).collect());
                prop_assert_eq!(value.to_bits(), expected.to_bits());
            }
        }
    }

    #[test]
    fn a_maximum_is_the_scalar_one() {
        let function = Function::binary(Binary::Maximum);
        let numbers = [f32::NAN, f32::NEG_INFINITY, -1.0, -0.0, 0.0, 1.0, f32::INFINITY];
        for (a, b) in numbers.into_iter().flat_map(|a| numbers.map(|b| (a, b))) {
            let (scalar, combined) = (function.evaluate(&[a, b])[0], a.combine(Combine::Maximum, b));
            assert!(scalar.to_bits() == combined.to_bits() || (scalar.is_nan() && combined.is_nan()), "{a} {b}");
        }
    }
}
