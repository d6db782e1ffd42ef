//! Windows added up. One function for the interpreter and the JIT; its inner loops run along whatever lies in order.

use super::Fold;
use super::memory::Element;
use crate::graph::Windows;
use std::ops::{AddAssign, Range};

/// A number format that is added in; its default is +0.
pub trait Summed: Element + Into<f64> + AddAssign + Default {}

impl Summed for f32 {}
impl Summed for f64 {}

impl Fold {
    /// How many parts can be made independently: one for each point of the outer axes.
    #[must_use]
    pub fn units(&self) -> usize {
        self.outer.iter().map(|(extent, _)| extent).product()
    }

    /// Sums of a unit.
    #[must_use]
    pub fn unit(&self) -> usize {
        self.extent * self.inner_points()
    }

    /// Elements of argument 0 from its beginning up to the last one that is read.
    #[must_use]
    pub fn reach(&self) -> usize {
        let Windows { places, size, .. } = self.windows;
        let windows = [(places, self.place), (size, self.element)];
        let axes = self.outer.iter().chain(&self.inner).chain(&windows);
        self.offset + axes.map(|(extent, stride)| (extent - 1) * stride).sum::<usize>() + 1
    }

    /// How many numbers are added.
    #[must_use]
    pub fn additions(&self) -> usize {
        [self.units(), self.windows.places, self.windows.size, self.inner_points()]
            .into_iter()
            .fold(1, usize::saturating_mul)
    }

    fn inner_points(&self) -> usize {
        self.inner.iter().map(|(extent, _)| extent).product()
    }
}

/// Carries out units of a `Fold` kernel; `sums` are theirs.
///
/// # Panics
/// Where a slice is shorter than the kernel says.
pub fn fold<T: Summed>(kernel: &Fold, windows: &[T], units: Range<usize>, sums: &mut [T]) {
    let Fold { outer, inner, windows: Windows { places, size, stride, dilation }, place, element, .. } = kernel;
    let width = kernel.inner_points();
    let starts: Vec<usize> = inner.split_last().map_or(Vec::new(), |(_, leading)| offsets(leading));
    for (unit, sums) in units.zip(sums.chunks_exact_mut(kernel.unit())) {
        sums.fill(T::default());
        let base = kernel.offset + offset(outer, unit);
        for within in 0..*size {
            let from = base + within * element;
            let to = within * dilation * width;
            match inner.last() {
                None => add(&mut sums[to..], *stride, &windows[from..], *place, *places),
                Some((extent, step)) => {
                    for at in 0..*places {
                        let (from, to) = (from + at * place, to + at * stride * width);
                        for (row, start) in starts.iter().enumerate() {
                            add(&mut sums[to + row * extent..], 1, &windows[from + start..], *step, *extent);
                        }
                    }
                }
            }
        }
    }
}

/// Adds `count` numbers, each so far from the one before.
fn add<T: Summed>(sums: &mut [T], sum_step: usize, numbers: &[T], step: usize, count: usize) {
    if sum_step == 1 && step == 1 {
        sums[..count].iter_mut().zip(&numbers[..count]).for_each(|(sum, number)| *sum += *number);
    } else if step == 0 {
        let number = numbers[0];
        sums.iter_mut().step_by(sum_step).take(count).for_each(|sum| *sum += number);
    } else {
        let numbers = numbers.iter().step_by(step);
        sums.iter_mut().step_by(sum_step).zip(numbers).take(count).for_each(|(sum, number)| *sum += *number);
    }
}

/// Where a point of some axes, by its row-major number, lies.
fn offset(axes: &[(usize, usize)], mut point: usize) -> usize {
    let mut offset = 0;
    for (extent, stride) in axes.iter().rev() {
        offset += point % extent * stride;
        point /= extent;
    }
    offset
}

/// Where all points of some axes lie, row-major.
fn offsets(axes: &[(usize, usize)]) -> Vec<usize> {
    let points: usize = axes.iter().map(|(extent, _)| extent).product();
    (0..points).map(|point| offset(axes, point)).collect()
}
