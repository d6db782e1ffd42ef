//! The optimizers: how a parameter, its gradient and what is remembered of it become the next ones. The formulas are PyTorch's, in
//! its order of operations; `lion` is that of Chen et al. 2023. Here they are scalar functions, which are compiled and fused like
//! any other. To add one is to add its line to `model::settings` and its arms here.

use crate::model::Chosen;
use crate::scalar::mathematics::pow;
use crate::scalar::{Builder, Function, Unary, ValueId};
use std::sync::Arc;

/// An optimizer with its settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Optimizer {
    Sgd { momentum: f64, nesterov: bool },
    Adam { beta1: f64, beta2: f64, eps: f64, decay: f64 },
    RmsProp { alpha: f64, eps: f64, momentum: f64 },
    Adagrad { eps: f64 },
    Lion { beta1: f64, beta2: f64, decay: f64 },
}

/// How many numbers a step has: the rate, and two that depend on the step.
pub(super) const NUMBERS: usize = 3;

impl Optimizer {
    pub(super) fn new(chosen: &Chosen) -> Self {
        let number = |name: &str| chosen.arguments.number(name).expect("every argument has a value");
        match chosen.word.name {
            "sgd" => Self::Sgd {
                momentum: number("momentum"),
                nesterov: chosen.arguments.boolean("nesterov").expect("it has a default"),
            },
            "adam" => Self::Adam { beta1: number("beta1"), beta2: number("beta2"), eps: number("eps"), decay: 0.0 },
            "adamw" => Self::Adam {
                beta1: number("beta1"),
                beta2: number("beta2"),
                eps: number("eps"),
                decay: number("decay"),
            },
            "rmsprop" => Self::RmsProp { alpha: number("alpha"), eps: number("eps"), momentum: number("momentum") },
            "adagrad" => Self::Adagrad { eps: number("eps") },
            "lion" => Self::Lion { beta1: number("beta1"), beta2: number("beta2"), decay: number("decay") },
            other => unreachable!("the table of optimizers has `{other}`, and so must this"),
        }
    }

    /// How many tensors are remembered of each parameter; all are zero before the first step.
    pub(super) fn slots(self) -> usize {
        match self {
            Self::Sgd { momentum, .. } => usize::from(momentum != 0.0),
            Self::RmsProp { momentum, .. } => 1 + usize::from(momentum != 0.0),
            Self::Adam { .. } => 2,
            Self::Adagrad { .. } | Self::Lion { .. } => 1,
        }
    }

    /// What PyTorch calls the tensors that are remembered.
    pub(super) fn slot_names(self) -> &'static [&'static str] {
        match self {
            Self::Sgd { .. } => &["momentum_buffer"],
            Self::RmsProp { .. } => &["square_avg", "momentum_buffer"],
            Self::Adam { .. } => &["exp_avg", "exp_avg_sq"],
            Self::Adagrad { .. } => &["sum"],
            Self::Lion { .. } => &["exp_avg"],
        }
    }

    /// The numbers of step `step`, from 0, at this learning rate.
    pub(super) fn numbers(self, step: u64, rate: f64) -> [f64; NUMBERS] {
        match self {
            Self::Adam { beta1, beta2, decay, .. } => {
                let correction = |beta: f64| 1.0 - pow(beta, (step + 1) as f64);
                [rate / correction(beta1), correction(beta2).sqrt(), 1.0 - rate * decay]
            }
            Self::Lion { decay, .. } => [rate, 1.0 - rate * decay, 0.0],
            Self::Sgd { .. } | Self::RmsProp { .. } | Self::Adagrad { .. } => [rate, 0.0, 0.0],
        }
    }

    /// One function for the new parameter and one for each slot, of (parameter, gradient, slots…, numbers…).
    pub(super) fn functions(self) -> Vec<Arc<Function>> {
        let arity = 2 + self.slots() + NUMBERS;
        (0..=self.slots())
            .map(|result| Arc::new(Function::build(arity, |f, arguments| vec![self.results(f, arguments)[result]])))
            .collect()
    }

    fn results(self, f: &mut Builder, arguments: &[ValueId]) -> Vec<ValueId> {
        let (w, g) = (arguments[0], arguments[1]);
        let (slots, numbers) = arguments[2..].split_at(self.slots());
        let rate = numbers[0];
        match self {
            Self::Sgd { momentum, nesterov } => {
                if momentum == 0.0 {
                    return vec![stepped(f, w, rate, g)];
                }
                let velocity = kept(f, momentum, slots[0], g);
                let direction = if nesterov { kept(f, momentum, velocity, g) } else { velocity };
                vec![stepped(f, w, rate, direction), velocity]
            }
            Self::Adam { beta1, beta2, eps, decay } => {
                let mean = mixed(f, beta1, slots[0], g);
                let square = f.multiply(g, g);
                let mean_square = mixed(f, beta2, slots[1], square);
                let root = f.unary(Unary::SquareRoot, mean_square);
                let root = f.divide(root, numbers[1]);
                let eps = f.constant(eps);
                let below = f.add(root, eps);
                let direction = f.divide(mean, below);
                let w = if decay == 0.0 { w } else { f.multiply(w, numbers[2]) };
                vec![stepped(f, w, rate, direction), mean, mean_square]
            }
            Self::RmsProp { alpha, eps, momentum } => {
                let square = f.multiply(g, g);
                let mean_square = mixed(f, alpha, slots[0], square);
                let root = f.unary(Unary::SquareRoot, mean_square);
                let eps = f.constant(eps);
                let below = f.add(root, eps);
                let direction = f.divide(g, below);
                if momentum == 0.0 {
                    return vec![stepped(f, w, rate, direction), mean_square];
                }
                let velocity = kept(f, momentum, slots[1], direction);
                vec![stepped(f, w, rate, velocity), mean_square, velocity]
            }
            Self::Adagrad { eps } => {
                let square = f.multiply(g, g);
                let sum = f.add(slots[0], square);
                let root = f.unary(Unary::SquareRoot, sum);
                let eps = f.constant(eps);
                let below = f.add(root, eps);
                let direction = f.divide(g, below);
                vec![stepped(f, w, rate, direction), sum]
            }
            Self::Lion { beta1, beta2, decay } => {
                let mixture = mixed(f, beta1, slots[0], g);
                let direction = f.unary(Unary::Sign, mixture);
                let mean = mixed(f, beta2, slots[0], g);
                let w = if decay == 0.0 { w } else { f.multiply(w, numbers[1]) };
                vec![stepped(f, w, rate, direction), mean]
            }
        }
    }
}

/// w − rate·direction
fn stepped(f: &mut Builder, w: ValueId, rate: ValueId, direction: ValueId) -> ValueId {
    let step = f.multiply(rate, direction);
    f.subtract(w, step)
}

/// share·old + new
fn kept(f: &mut Builder, share: f64, old: ValueId, new: ValueId) -> ValueId {
    let share = f.constant(share);
    let old = f.multiply(share, old);
    f.add(old, new)
}

/// share·old + (1 − share)·new
fn mixed(f: &mut Builder, share: f64, old: ValueId, new: ValueId) -> ValueId {
    let rest = f.constant(1.0 - share);
    let new = f.multiply(rest, new);
    kept(f, share, old, new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Evaluator;

    /// The parameter after each of some steps with these gradients, in f64.
    fn path(optimizer: Optimizer, rate: f64, start: f64, gradients: &[f64]) -> Vec<f64> {
        let functions = optimizer.functions();
        let mut state = vec![0.0; 1 + optimizer.slots()];
        state[0] = start;
        (0..)
            .zip(gradients)
            .map(|(step, gradient)| {
                let mut arguments = vec![state[0], *gradient];
                arguments.extend(&state[1..]);
                arguments.extend(optimizer.numbers(step, rate));
                state = functions.iter().map(|function| Evaluator::<f64>::new(function).first(&arguments)).collect();
                state[0]
            })
            .collect()
    }

    #[track_caller]
    fn assert_path(optimizer: Optimizer, rate: f64, expected: [f64; 3]) {
        let found = path(optimizer, rate, 1.0, &[0.5, -0.25, 2.0]);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{optimizer:?}: {found} is not {expected}");
        }
    }

    #[test]
    fn descent_with_and_without_momentum() {
        assert_path(Optimizer::Sgd { momentum: 0.0, nesterov: false }, 0.1, [0.95, 0.975, 0.775]);
        // velocity: 0.5, 0.2, 2.18
        assert_path(Optimizer::Sgd { momentum: 0.9, nesterov: false }, 0.1, [0.95, 0.93, 0.712]);
        // g + 0.9 velocity: 0.95, −0.07, 3.962
        assert_path(Optimizer::Sgd { momentum: 0.9, nesterov: true }, 0.1, [0.905, 0.912, 0.5158]);
    }

    #[test]
    fn the_first_step_of_adam_is_the_rate_whatever_the_gradient() {
        let adam = Optimizer::Adam { beta1: 0.9, beta2: 0.999, eps: 0.0, decay: 0.0 };
        for gradient in [1e-12, 3.0, -7e5] {
            let found = path(adam, 0.01, 1.0, &[gradient])[0];
            assert!((found - (1.0 - 0.01 * gradient.signum())).abs() < 1e-12, "{gradient}: {found}");
        }
        let adamw = Optimizer::Adam { decay: 0.1, beta1: 0.9, beta2: 0.999, eps: 0.0 };
        assert!((path(adamw, 0.01, 1.0, &[3.0])[0] - (0.999 - 0.01)).abs() < 1e-12);
    }

    #[test]
    fn the_others_by_hand() {
        let root = |x: f64| x.sqrt();
        let adagrad = Optimizer::Adagrad { eps: 0.0 };
        let first = 1.0 - 0.1;
        let second = first + 0.1 * 0.25 / root(0.3125);
        assert_path(adagrad, 0.1, [first, second, second - 0.1 * 2.0 / root(4.3125)]);
        let rmsprop = Optimizer::RmsProp { alpha: 0.5, eps: 0.0, momentum: 0.0 };
        let first = 1.0 - 0.1 * 0.5 / root(0.125);
        let second = first + 0.1 * 0.25 / root(0.0625 + 0.03125);
        assert_path(rmsprop, 0.1, [first, second, second - 0.1 * 2.0 / root(0.046_875 + 2.0)]);
        // means with 0.9 of the old: 0.05, 0.02, …; 0.99 is what stays in the slot
        let lion = Optimizer::Lion { beta1: 0.9, beta2: 0.99, decay: 0.0 };
        assert_path(lion, 0.1, [0.9, 1.0, 0.9]);
    }
}
