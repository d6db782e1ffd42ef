//! `teacher(widths…, activation)`: inputs standard normal, targets what a random network makes of them. The widths are those of its
//! input, hidden and output layers; weights are normal(0, 1/√fan in) from the streams (seed, `data/teacher`, `weight1`),
//! `weight2`, …, without biases; the activation follows every layer but the last.

use super::generate::{endless, streams};
use super::source::{Labels, Opened};
use crate::model::{Activation, RowWise};
use crate::run::random::Stream;
use crate::scalar::Evaluator;
use crate::scalar::mathematics::{exp, ln};
use crate::shape::Shape;

/// Examples `[first width]`, targets `[last width]`.
pub(super) fn open(seed: u64, widths: &[usize], activation: &Activation) -> Opened {
    let (first, last) = (widths.first().copied().unwrap_or(1), widths.last().copied().unwrap_or(1));
    let (widths, activation) = (widths.to_vec(), activation.clone());
    // The weights are drawn when the first example is made: a header costs nothing.
    let mut layers: Vec<Vec<f64>> = Vec::new();
    endless(
        Shape::new([first]),
        Shape::new([last]),
        Labels::Numbers,
        streams(seed, "teacher"),
        move |_, stream, x, y| {
            if layers.is_empty() {
                layers =
                    widths.windows(2).enumerate().map(|(index, pair)| weights(seed, index, pair[0], pair[1])).collect();
            }
            x.extend((0..first).map(|_| stream.normal()));
            let mut values = x.clone();
            for (index, weights) in layers.iter().enumerate() {
                let dot = |row: &[f64]| {
                    row.iter().zip(&values).fold(0.0, |sum, (weight, value)| f64::mul_add(*weight, *value, sum))
                };
                values = weights.chunks_exact(widths[index]).map(dot).collect();
                if index + 1 < layers.len() {
                    activate(&activation, &mut values);
                }
            }
            y.extend(values);
        },
    )
}

fn weights(seed: u64, index: usize, fan_in: usize, fan_out: usize) -> Vec<f64> {
    let mut stream = Stream::new(seed, "data/teacher", &format!("weight{}", index + 1));
    let std = 1.0 / (fan_in as f64).sqrt();
    (0..fan_out * fan_in).map(|_| std * stream.normal()).collect()
}

/// Elementwise, or the softmax or its logarithm.
fn activate(activation: &Activation, values: &mut [f64]) {
    if let Some(function) = &activation.function {
        let mut evaluator = Evaluator::<f64>::new(function);
        for value in values {
            *value = evaluator.first(&[*value]);
        }
        return;
    }
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = values.iter().map(|value| exp(value - largest)).sum();
    let logarithm = match activation.row_wise.expect("an activation without a function looks along the row") {
        RowWise::Softmax => false,
        RowWise::LogSoftmax => true,
    };
    for value in values {
        let shifted = *value - largest;
        *value = if logarithm { shifted - ln(sum) } else { exp(shifted) / sum };
    }
}
