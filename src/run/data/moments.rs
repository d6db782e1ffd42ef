//! Of the inputs of a batch, what theory starts from: their mean, their mean square, and what two examples have in common.

use super::Dataset;

/// Moments of the numbers of a batch of inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// The mean of all numbers.
    pub mean: f64,
    /// The mean of their squares.
    pub square: f64,
    /// The mean over pairs of examples, and places, of the product of their numbers; 0 for one example.
    pub shared: f64,
}

impl Moments {
    /// Of independent standard-normal examples.
    pub const NORMAL: Self = Self { mean: 0.0, square: 1.0, shared: 0.0 };

    /// Of these rows of the inputs.
    #[must_use]
    pub fn of(data: &Dataset, rows: &[usize]) -> Self {
        let places = data.inputs.len() / data.inputs.shape().0[0].max(1);
        let mut sums = vec![0.0; places];
        let (mut sum, mut squares) = (0.0, 0.0);
        for row in rows {
            for (place, total) in sums.iter_mut().enumerate() {
                let number = data.inputs.get(row * places + place);
                *total += number;
                sum += number;
                squares += number * number;
            }
        }
        let (examples, count) = (rows.len() as f64, (rows.len() * places).max(1) as f64);
        let of_sums: f64 = sums.iter().map(|sum| sum * sum).sum();
        let pairs = count * (examples - 1.0).max(1.0);
        let shared = if rows.len() > 1 { (of_sums - squares) / pairs } else { 0.0 };
        Self { mean: sum / count, square: squares / count, shared }
    }
}
