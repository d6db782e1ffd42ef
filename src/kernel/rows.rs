//! Rows out of a table and into one. One function each for the interpreter and the JIT; a unit is a row of what is written.

use super::Rows;
use super::fold::Summed;
use crate::graph::row_number;
use std::ops::Range;

/// Carries out units of a `Gather` kernel: `result` receives the rows of the numbers `units`.
///
/// # Panics
/// Where a slice is not as long as the kernel says.
pub fn gather<T: Summed>(kernel: &Rows, table: &[T], numbers: &[T], units: Range<usize>, result: &mut [T]) {
    for (number, result) in numbers[units].iter().zip(result.chunks_exact_mut(kernel.width)) {
        let row = row_number((*number).into(), kernel.rows);
        result.copy_from_slice(&table[row * kernel.width..][..kernel.width]);
    }
}

/// Carries out units of a `ScatterAdd` kernel: `table` is the rows `units` of the result.
///
/// # Panics
/// Where a slice is not as long as the kernel says.
pub fn scatter_add<T: Summed>(kernel: &Rows, added: &[T], numbers: &[T], units: Range<usize>, table: &mut [T]) {
    table.fill(T::default());
    for (number, added) in numbers.iter().zip(added.chunks_exact(kernel.width)) {
        let row = row_number((*number).into(), kernel.rows);
        if units.contains(&row) {
            let sums = &mut table[(row - units.start) * kernel.width..][..kernel.width];
            sums.iter_mut().zip(added).for_each(|(sum, added)| *sum += *added);
        }
    }
}
