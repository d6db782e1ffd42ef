//! `normalize: standard`: every input column shifted and scaled to zero mean and unit variance, over n, as scikit-learn does it;
//! constant columns are only shifted. Sums run in the fixed order of the numeric contract, in f64.

use crate::graph::Combine;
use crate::kernel::combine::combine;
use crate::kernel::{CHUNK, CombinePartials, LANES};
use crate::shape::Precision;

/// The shift and scale of every column.
#[derive(Debug)]
pub(super) struct Standard {
    means: Vec<f64>,
    scales: Vec<f64>,
}

impl Standard {
    /// Those that give `numbers`, whose element `i` belongs to column `i` mod `columns`, zero mean and unit variance.
    pub(super) fn of(numbers: &[f64], columns: usize) -> Self {
        let rows = numbers.len() / columns;
        let means: Vec<f64> =
            column_sums(numbers, columns, |_, number| number).iter().map(|sum| sum / rows as f64).collect();
        let squares =
            column_sums(numbers, columns, |column, number| (number - means[column]) * (number - means[column]));
        let mut scales: Vec<f64> = squares.iter().map(|sum| (sum / rows as f64).sqrt()).collect();
        // The mean of equal numbers may be off by a rounding, which must not be blown up to one.
        for (column, scale) in scales.iter_mut().enumerate() {
            let constant = numbers[column..].iter().step_by(columns).all(|number| *number == numbers[column]);
            if constant || *scale == 0.0 {
                *scale = 1.0;
            }
        }
        Self { means, scales }
    }

    /// Shifts and scales numbers of as many columns.
    pub(super) fn apply(&self, numbers: &mut [f64]) {
        for row in numbers.chunks_exact_mut(self.means.len()) {
            for ((number, mean), scale) in row.iter_mut().zip(&self.means).zip(&self.scales) {
                *number = (*number - mean) / scale;
            }
        }
    }
}

/// The sum of each column's terms: row `i` in chunk `i / CHUNK`, lane `i % LANES`.
fn column_sums(numbers: &[f64], columns: usize, term: impl Fn(usize, f64) -> f64) -> Vec<f64> {
    let chunks = (numbers.len() / columns).div_ceil(CHUNK);
    let mut partials = vec![0.0; chunks * LANES * columns];
    for (index, row) in numbers.chunks_exact(columns).enumerate() {
        let lane = &mut partials[(index / CHUNK * LANES + index % LANES) * columns..][..columns];
        for (column, (sum, number)) in lane.iter_mut().zip(row).enumerate() {
            *sum += term(column, *number);
        }
    }
    let mut sums = vec![0.0; columns];
    let kernel = CombinePartials {
        combine: Combine::Sum,
        precision: Precision::F64,
        outer: 1,
        chunks,
        lanes: LANES,
        inner: columns,
    };
    combine(&kernel, &partials, &mut sums);
    sums
}

#[cfg(test)]
mod tests {
    use super::Standard;

    fn normalize(numbers: &mut [f64], columns: usize) {
        Standard::of(numbers, columns).apply(numbers);
    }

    #[test]
    fn columns_have_zero_mean_and_unit_variance_over_n() {
        let mut numbers = vec![1.0, 7.0, 0.1, 3.0, 9.0, 0.1, 8.0, 2.0, 0.1];
        normalize(&mut numbers, 3);
        for column in 0..2 {
            let of = |power: i32| {
                numbers[column..].iter().step_by(3).map(|x| (0..power).fold(1.0, |product, _| product * x)).sum::<f64>()
                    / 3.0
            };
            assert!(of(1).abs() < 1e-15 && (of(2) - 1.0).abs() < 1e-15);
        }
        assert!(numbers.iter().skip(2).step_by(3).all(|number| number.abs() < 1e-15), "a constant is only shifted");
        assert_eq!(numbers[0].to_bits(), ((1.0_f64 - 4.0) / (26.0_f64 / 3.0).sqrt()).to_bits());
    }
}
