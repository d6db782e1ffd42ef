//! The learning rate of every step.

use crate::model::Train;
use crate::scalar::mathematics::{cos, pow};

/// How the rate changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Schedule {
    Constant,
    Cosine { warmup: u64 },
    Step { every: u64, factor: f64 },
    Exponential { factor: f64 },
}

impl Schedule {
    pub(super) fn new(train: &Train) -> Self {
        let Some(chosen) = &train.schedule else { return Self::Constant };
        let count = |name: &str| chosen.arguments.count(name).expect("every argument has a value") as u64;
        let factor = || chosen.arguments.number("factor").expect("it is required");
        match chosen.word.name {
            "constant" => Self::Constant,
            "cosine" => Self::Cosine { warmup: count("warmup") },
            "step" => Self::Step { every: count("every"), factor: factor() },
            "exponential" => Self::Exponential { factor: factor() },
            other => unreachable!("the table of schedules has `{other}`, and so must this"),
        }
    }

    /// What the base rate is multiplied by in step `step` of `steps`, both from 0: a linear rise that reaches 1 in the last step
    /// of the warm-up, then half a cosine, which would be 0 in the step after the last.
    pub(super) fn factor(self, step: u64, steps: u64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Cosine { warmup } if step < warmup => (step + 1) as f64 / warmup as f64,
            Self::Cosine { warmup } => {
                let part = (step - warmup) as f64 / steps.saturating_sub(warmup).max(1) as f64;
                0.5 * (1.0 + cos(std::f64::consts::PI * part))
            }
            Self::Step { every, factor } => pow(factor, (step / every) as f64),
            Self::Exponential { factor } => pow(factor, step as f64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_rises_then_falls_to_nothing() {
        let schedule = Schedule::Cosine { warmup: 4 };
        let factors: Vec<f64> = (0..12).map(|step| schedule.factor(step, 12)).collect();
        assert_eq!(factors[..5], [0.25, 0.5, 0.75, 1.0, 1.0]);
        assert!((factors[8] - 0.5).abs() < 1e-15 && factors[11] < 0.05 && factors[11] > 0.0);
        assert!(schedule.factor(12, 12).abs() < 1e-15);
    }

    #[test]
    fn steps_and_exponentials() {
        let step = Schedule::Step { every: 10, factor: 0.5 };
        assert_eq!([0, 9, 10, 25].map(|at| step.factor(at, 100)), [1.0, 1.0, 0.5, 0.25]);
        assert_eq!(Schedule::Exponential { factor: 0.5 }.factor(3, 100), 0.125);
        assert_eq!(Schedule::Constant.factor(3, 100), 1.0);
    }
}
