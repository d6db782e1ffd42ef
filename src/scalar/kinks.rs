//! Where a function of one number, or its derivative, has a corner or a jump: integrals are split there. They are looked for
//! where an operation changes its mind: the two sides of a comparison, of `min` and `max`, and what `abs` and `sign` look at,
//! where it is zero.

use super::{Binary, Evaluator, Function, Op, Unary, ValueId, derivative};

/// Between these, in steps of a sixteenth, no change of sign is missed that is wider than a step.
const REACH: i32 = 32;
/// A function has so many kinks at most; one with more (a rounding) is integrated as it comes.
const MOST: usize = 64;

/// The kinks of a function and of its derivative, in order.
#[must_use]
pub fn kinks(function: &Function) -> Vec<f64> {
    let mut found: Vec<f64> = Vec::new();
    for of in [function, &derivative(function, 0)] {
        for op in &of.nodes {
            let sides = match *op {
                Op::Compare(_, left, right) | Op::Binary(Binary::Minimum | Binary::Maximum, left, right) => {
                    vec![left, right]
                }
                Op::Unary(Unary::Absolute | Unary::Sign | Unary::SquareRoot | Unary::Logarithm, of) => vec![of],
                Op::Constant(_)
                | Op::Argument(_)
                | Op::Unary(..)
                | Op::Binary(..)
                | Op::And(..)
                | Op::Or(..)
                | Op::Not(_)
                | Op::Select { .. } => continue,
            };
            roots(of, sides, &mut found);
        }
    }
    found.sort_by(f64::total_cmp);
    found.dedup();
    if found.len() > MOST { Vec::new() } else { found }
}

/// Where the first side is equal to the second, or zero where there is one.
fn roots(function: &Function, sides: Vec<ValueId>, found: &mut Vec<f64>) {
    let part = Function { arity: function.arity, nodes: function.nodes.clone(), results: sides };
    let mut evaluator = Evaluator::<f64>::new(&part);
    let mut values = Vec::with_capacity(2);
    let mut difference = |x: f64| {
        evaluator.evaluate(&[x], &mut values);
        values[0] - values.get(1).copied().unwrap_or(0.0)
    };
    let near = (-16 * REACH..=16 * REACH).map(|step| f64::from(step) / 16.0);
    let far = |sign: f64| (6..20).map(move |power| sign * f64::from(1 << power));
    let grid: Vec<f64> = far(-1.0).rev().chain(near).chain(far(1.0)).collect();
    let signs: Vec<f64> = grid.iter().map(|x| difference(*x)).collect();
    for at in 0..grid.len() {
        if signs[at] == 0.0 {
            // A stretch of equal sides has its ends; one point of equality is itself.
            let before = at.checked_sub(1).map_or(1.0, |before| signs[before]);
            let after = signs.get(at + 1).copied().unwrap_or(1.0);
            if before != 0.0 || after != 0.0 {
                found.push(grid[at]);
            }
        } else if signs.get(at + 1).is_some_and(|next| signs[at] * next < 0.0) {
            let (mut low, mut high) = (grid[at], grid[at + 1]);
            for _ in 0..64 {
                let middle = low + 0.5 * (high - low);
                if difference(middle) * signs[at] > 0.0 { low = middle } else { high = middle }
            }
            found.push(high);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Builder;

    fn function(build: impl FnOnce(&mut Builder, ValueId) -> ValueId) -> Function {
        Function::build(1, |builder, arguments| vec![build(builder, arguments[0])])
    }

    #[test]
    fn a_ramp_between_two_bounds_has_two_kinks() {
        let ramp = function(|f, x| {
            let (low, high) = (f.constant(-1.0), f.constant(0.3));
            let below = f.minimum(x, high);
            f.maximum(below, low)
        });
        let found = kinks(&ramp);
        assert!(found.contains(&-1.0) && found.iter().any(|kink| (kink - 0.3).abs() < 1e-15), "{found:?}");
    }

    #[test]
    fn a_smooth_function_has_none() {
        assert_eq!(kinks(&Function::unary(Unary::HyperbolicTangent)), Vec::<f64>::new());
    }
}
