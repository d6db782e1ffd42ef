//! The share of right predictions, where the target is a class or a truth value.

use crate::model::{Loss, LossTerm, TargetKind};
use crate::scalar::Evaluator;

/// The share of right predictions; none where the targets are other numbers. `prediction` has `classes` numbers for each
/// position; `target` one class number, or as many numbers as the prediction.
///
/// Of several outputs the largest decides, the first of equals. A single output stands for the truth value whose loss is
/// smaller, which is its sign where the loss contains a sigmoid, and the nearer of 0 and 1 for a squared error. What is not a
/// number is never right.
pub(super) fn accuracy(loss: &Loss, classes: usize, prediction: &[f64], target: &[f64]) -> Option<f64> {
    let low = match loss.target {
        TargetKind::Classes => {
            let right = |(row, class): (&[f64], &f64)| largest(row).is_some_and(|at| at as f64 == *class);
            return Some(share(prediction.chunks_exact(classes).zip(target).map(right)));
        }
        TargetKind::Values => 0.0,
        TargetKind::Signs => -1.0,
    };
    if !target.iter().all(|number| *number == low || *number == 1.0) {
        return None;
    }
    if classes > 1 {
        let one_hot = |row: &[f64]| row.iter().filter(|number| **number == 1.0).count() == 1;
        let rows = || target.chunks_exact(classes);
        let right = |(row, target): (&[f64], &[f64])| largest(row).is_some_and(|at| target[at] == 1.0);
        return rows().all(one_hot).then(|| share(prediction.chunks_exact(classes).zip(rows()).map(right)));
    }
    let mut function = Evaluator::<f64>::new(&loss.function);
    if loss.terms.iter().any(|term| matches!(term, LossTerm::Softmax | LossTerm::LogSoftmax)) {
        return None;
    }
    let mut loss_of = |y: f64, t: f64| {
        let argument = |term: &LossTerm| if *term == LossTerm::Prediction { y } else { t };
        function.first(&loss.terms.iter().map(argument).collect::<Vec<_>>())
    };
    let right = prediction.iter().zip(target).map(|(y, t)| {
        let positive = loss_of(*y, 1.0) < loss_of(*y, low);
        !y.is_nan() && positive == (*t == 1.0)
    });
    Some(share(right))
}

/// The place of the largest, the first of equals; none where one is not a number.
fn largest(row: &[f64]) -> Option<usize> {
    let mut best = 0;
    for (at, value) in row.iter().enumerate() {
        if value.is_nan() {
            return None;
        }
        if *value > row[best] {
            best = at;
        }
    }
    Some(best)
}

fn share(right: impl Iterator<Item = bool>) -> f64 {
    let (mut count, mut hits) = (0.0, 0.0);
    for hit in right {
        count += 1.0;
        hits += f64::from(u8::from(hit));
    }
    hits / count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::testing::checked;

    fn of(loss: &str, classes: usize, prediction: &[f64], target: &[f64]) -> Option<f64> {
        let model = checked(&format!("network test {{\n input(1)\n dense({classes})\n loss: {loss}\n}}\n"));
        accuracy(model.loss.as_ref().unwrap(), classes, prediction, target)
    }

    #[test]
    fn the_largest_output_decides_and_the_first_of_equals() {
        let rows = [0.1, 0.7, 0.2, 0.5, 0.5, 0.1, f64::NAN, 0.0, 1.0];
        assert_eq!(of("cross_entropy", 3, &rows, &[1.0, 0.0, 2.0]), Some(2.0 / 3.0));
        assert_eq!(of("quadratic", 3, &rows[..6], &[0.0, 1.0, 0.0, 0.0, 1.0, 0.0]), Some(0.5));
    }

    #[test]
    fn a_single_output_stands_for_the_value_of_smaller_loss() {
        assert_eq!(of("logistic", 1, &[0.1, -0.1, 0.0, f64::NAN], &[1.0, 0.0, 0.0, 0.0]), Some(0.75));
        assert_eq!(of("binary_cross_entropy", 1, &[3.0, 3.0], &[1.0, 0.0]), Some(0.5));
        assert_eq!(of("mse", 1, &[0.6, 0.4], &[1.0, 1.0]), Some(0.5));
        assert_eq!(of("hinge", 1, &[0.5, 0.5, -0.2], &[1.0, -1.0, -1.0]), Some(2.0 / 3.0));
    }

    #[test]
    fn other_numbers_have_no_accuracy() {
        assert_eq!(of("mse", 1, &[0.5], &[0.3]), None);
        assert_eq!(of("mse", 2, &[0.5, 0.1], &[1.0, 1.0]), None);
    }
}
