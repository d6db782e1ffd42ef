//! Symbolic differentiation: one rule per operation. No activation and no loss contains a derivative.
//!
//! Kinks: `if` differentiates the branch taken; |x|, sign, floor, ceil and round have derivative 0 where they turn; min and max
//! of two give half of each at a tie. A branch not taken never enters a product, so its infinities stay outside.

use super::{Binary, Builder, Comparison, Function, Op, Unary, ValueId};
use crate::arena::Id;

/// ∂(first result)/∂(argument), as a function of the same arguments.
///
/// # Panics
/// Where there is no such argument, or no result.
#[must_use]
pub fn derivative(function: &Function, argument: usize) -> Function {
    Function::build(function.arity, |builder, arguments| {
        let slope = slope(builder, function, arguments, argument);
        vec![slope.unwrap_or_else(|| builder.constant(0.0))]
    })
}

/// cotangent · ∂(first result)/∂(argument): the arguments of the function, then the cotangent. The cotangent enters the
/// branches of an outermost `if`, and is multiplied with nothing where the slope is 1.
///
/// # Panics
/// Where there is no such argument, or no result.
#[must_use]
pub fn pullback(function: &Function, argument: usize) -> Function {
    Function::build(function.arity + 1, |builder, arguments| {
        let (cotangent, arguments) = arguments.split_last().expect("the cotangent was added");
        let slope = slope(builder, function, arguments, argument);
        vec![match slope {
            Some(slope) => gate(builder, *cotangent, slope),
            None => builder.constant(0.0),
        }]
    })
}

/// Whether the slope of the first result with respect to the argument does not depend on that argument.
#[must_use]
pub fn is_linear_in(function: &Function, argument: usize) -> bool {
    let slope = derivative(function, argument);
    let depends = |op: &Op| matches!(op, Op::Argument(position) if *position == argument);
    // A step (sign, floor) has slope 0 almost everywhere and is not linear.
    let steps = |op: &Op| match op {
        Op::Unary(op, _) => matches!(op, Unary::Sign | Unary::Floor | Unary::Ceiling | Unary::Round),
        Op::Select { .. } | Op::Compare(..) => true,
        Op::Constant(_) | Op::Argument(_) | Op::Binary(..) | Op::And(..) | Op::Or(..) | Op::Not(_) => false,
    };
    !slope.nodes.iter().any(depends) && !function.nodes.iter().any(steps)
}

/// cotangent · slope.
fn gate(builder: &mut Builder, cotangent: ValueId, slope: ValueId) -> ValueId {
    match builder.op(slope) {
        Op::Select { condition, yes, no } => {
            let yes = gate(builder, cotangent, yes);
            let no = gate(builder, cotangent, no);
            builder.select(condition, yes, no)
        }
        Op::Constant(bits) if bits.value() == 0.0 => slope,
        _ => builder.multiply(cotangent, slope),
    }
}

/// The slope of the first result, or `None` where it is 0 whatever the arguments.
fn slope(builder: &mut Builder, function: &Function, arguments: &[ValueId], argument: usize) -> Option<ValueId> {
    assert!(argument < function.arity, "argument {argument} of a function of {}", function.arity);
    let result = *function.results.first().expect("a function that is differentiated has a result");
    let values = builder.inline_all(function, arguments);
    let mut slopes: Vec<Option<ValueId>> = Vec::with_capacity(values.len());
    for (id, op) in function.nodes.iter_with_ids() {
        let value = |id: ValueId| values[id.index()];
        let slope = |id: ValueId| slopes[id.index()];
        let slope = match *op {
            Op::Argument(position) => (position == argument).then(|| builder.constant(1.0)),
            Op::Constant(_) | Op::Compare(..) | Op::And(..) | Op::Or(..) | Op::Not(_) => None,
            Op::Unary(op, x) => slope(x).and_then(|dx| unary_rule(builder, op, value(x), value(id), dx)),
            Op::Binary(op, a, b) => binary_rule(builder, op, (value(a), slope(a)), (value(b), slope(b)), value(id)),
            Op::Select { condition, yes, no } => choose(builder, value(condition), slope(yes), slope(no)),
        };
        slopes.push(slope);
    }
    slopes[result.index()]
}

/// The slope of y = op(x), where x has slope dx.
fn unary_rule(builder: &mut Builder, op: Unary, x: ValueId, y: ValueId, dx: ValueId) -> Option<ValueId> {
    let factor = match op {
        Unary::Negate => return Some(builder.negate(dx)),
        Unary::Sign | Unary::Floor | Unary::Ceiling | Unary::Round => return None,
        Unary::SquareRoot => {
            let two = builder.constant(2.0);
            let twice = builder.multiply(two, y);
            return Some(builder.divide(dx, twice));
        }
        Unary::Logarithm => return Some(builder.divide(dx, x)),
        Unary::LogarithmOnePlus => {
            let one = builder.constant(1.0);
            let sum = builder.add(one, x);
            return Some(builder.divide(dx, sum));
        }
        Unary::Absolute => builder.unary(Unary::Sign, x),
        Unary::Exponential => return Some(damped(builder, y, dx)),
        Unary::ExponentialMinusOne => builder.unary(Unary::Exponential, x),
        Unary::Sine => builder.unary(Unary::Cosine, x),
        Unary::Cosine => {
            let sine = builder.unary(Unary::Sine, x);
            builder.negate(sine)
        }
        Unary::Tangent => {
            let one = builder.constant(1.0);
            let square = builder.multiply(y, y);
            builder.add(one, square)
        }
        Unary::HyperbolicTangent => builder.unary(Unary::HyperbolicTangentDerivative, x),
        Unary::Sigmoid => builder.unary(Unary::SigmoidDerivative, x),
        Unary::Softplus => builder.unary(Unary::Sigmoid, x),
        Unary::ErrorFunction => error_function_slope(builder, std::f64::consts::FRAC_2_SQRT_PI, x),
        Unary::ErrorFunctionComplement => error_function_slope(builder, -std::f64::consts::FRAC_2_SQRT_PI, x),
        Unary::SigmoidDerivative => {
            // σ″ = −σ′·tanh(x/2)
            let half = builder.constant(0.5);
            let half = builder.multiply(half, x);
            let tangent = builder.unary(Unary::HyperbolicTangent, half);
            let product = builder.multiply(y, tangent);
            builder.negate(product)
        }
        Unary::HyperbolicTangentDerivative => {
            let minus_two = builder.constant(-2.0);
            let tangent = builder.unary(Unary::HyperbolicTangent, x);
            let product = builder.multiply(minus_two, tangent);
            builder.multiply(product, y)
        }
    };
    Some(builder.multiply(factor, dx))
}

/// eᵘ·(c·v) as c·(eᵘ·v): what the exponential brings to 0 has not overflowed before.
fn damped(builder: &mut Builder, exponential: ValueId, dx: ValueId) -> ValueId {
    match builder.op(dx) {
        Op::Unary(Unary::Negate, v) => {
            let value = damped(builder, exponential, v);
            builder.negate(value)
        }
        Op::Binary(Binary::Multiply, c, v) if builder.constant_value(c).is_some() => {
            let value = builder.multiply(exponential, v);
            builder.multiply(c, value)
        }
        Op::Binary(Binary::Multiply, v, c) if builder.constant_value(c).is_some() => {
            let value = builder.multiply(exponential, v);
            builder.multiply(c, value)
        }
        _ => builder.multiply(exponential, dx),
    }
}

/// ±2/√π·e^−x²
fn error_function_slope(builder: &mut Builder, factor: f64, x: ValueId) -> ValueId {
    let factor = builder.constant(factor);
    let square = builder.multiply(x, x);
    let exponent = builder.negate(square);
    let bell = builder.unary(Unary::Exponential, exponent);
    builder.multiply(factor, bell)
}

/// The slope of y = a ∘ b.
fn binary_rule(
    builder: &mut Builder,
    op: Binary,
    (a, da): (ValueId, Option<ValueId>),
    (b, db): (ValueId, Option<ValueId>),
    y: ValueId,
) -> Option<ValueId> {
    match op {
        Binary::Add => sum(builder, da, db),
        Binary::Subtract => {
            let minus = db.map(|db| builder.negate(db));
            sum(builder, da, minus)
        }
        Binary::Multiply if a == b => {
            let two = builder.constant(2.0);
            let twice = builder.multiply(two, a);
            da.map(|da| builder.multiply(twice, da))
        }
        Binary::Multiply => {
            let left = da.map(|da| builder.multiply(da, b));
            let right = db.map(|db| builder.multiply(a, db));
            sum(builder, left, right)
        }
        Binary::Divide => {
            // (da − y·db)/b
            let lowered = db.map(|db| {
                let product = builder.multiply(y, db);
                builder.negate(product)
            });
            let numerator = sum(builder, da, lowered)?;
            Some(builder.divide(numerator, b))
        }
        Binary::Minimum => extreme_rule(builder, (a, da), (b, db), (a, b)),
        Binary::Maximum => extreme_rule(builder, (a, da), (b, db), (b, a)),
        Binary::Power => {
            let left = da.map(|da| {
                let factor = power_slope(builder, a, b);
                builder.multiply(factor, da)
            });
            let right = db.map(|db| {
                let factor = exponent_slope(builder, a, b, y);
                builder.multiply(factor, db)
            });
            sum(builder, left, right)
        }
    }
}

/// b·aᵇ⁻¹, 0 where b is.
fn power_slope(builder: &mut Builder, a: ValueId, b: ValueId) -> ValueId {
    let one = builder.constant(1.0);
    let lower = builder.subtract(b, one);
    let power = builder.power(a, lower);
    let slope = builder.multiply(b, power);
    if builder.constant_value(b).is_some() {
        return slope;
    }
    let zero = builder.constant(0.0);
    let flat = builder.compare(Comparison::Equal, b, zero);
    builder.select(flat, zero, slope)
}

/// aᵇ·ln a, 0 where a is 0 and b ≥ 0.
fn exponent_slope(builder: &mut Builder, a: ValueId, b: ValueId, y: ValueId) -> ValueId {
    let zero = builder.constant(0.0);
    let logarithm = builder.unary(Unary::Logarithm, a);
    let slope = builder.multiply(y, logarithm);
    let at_zero = builder.compare(Comparison::Equal, a, zero);
    let not_negative = builder.compare(Comparison::LessEqual, zero, b);
    let flat = builder.and(at_zero, not_negative);
    builder.select(flat, zero, slope)
}

/// The slope of min or max: that of `a` where `lower < upper`, that of `b` where it is the other way round, else half of each.
fn extreme_rule(
    builder: &mut Builder,
    (_, da): (ValueId, Option<ValueId>),
    (_, db): (ValueId, Option<ValueId>),
    (lower, upper): (ValueId, ValueId),
) -> Option<ValueId> {
    let both = sum(builder, da, db)?;
    let half = builder.constant(0.5);
    let tie = builder.multiply(half, both);
    let second = builder.compare(Comparison::Less, upper, lower);
    let rest = choose(builder, second, db, Some(tie));
    let first = builder.compare(Comparison::Less, lower, upper);
    choose(builder, first, da, rest)
}

fn choose(builder: &mut Builder, condition: ValueId, yes: Option<ValueId>, no: Option<ValueId>) -> Option<ValueId> {
    if yes.is_none() && no.is_none() {
        return None;
    }
    let zero = builder.constant(0.0);
    Some(builder.select(condition, yes.unwrap_or(zero), no.unwrap_or(zero)))
}

fn sum(builder: &mut Builder, a: Option<ValueId>, b: Option<ValueId>) -> Option<ValueId> {
    match (a, b) {
        (Some(a), Some(b)) => Some(builder.add(a, b)),
        (a, None) => a,
        (None, b) => b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pullback_of_relu_chooses_between_the_cotangent_and_zero() {
        let relu = Function::build(1, |b, x| {
            let zero = b.constant(0.0);
            let negative = b.compare(Comparison::LessEqual, x[0], zero);
            vec![b.select(negative, zero, x[0])]
        });
        let pullback = pullback(&relu, 0);
        assert_eq!(pullback.evaluate(&[2.0, 3.0]), [3.0]);
        assert_eq!(pullback.evaluate(&[-2.0, f64::INFINITY]), [0.0]);
        assert_eq!(pullback.evaluate(&[0.0, 3.0]), [0.0]);
        assert!(!pullback.nodes.iter().any(|op| matches!(op, Op::Binary(..))));
    }

    #[test]
    fn a_polynomial_has_its_textbook_slope() {
        let cube = Function::build(1, |b, x| {
            let three = b.constant(3.0);
            vec![b.power(x[0], three)]
        });
        assert_eq!(derivative(&cube, 0).evaluate(&[2.0_f64]), [12.0]);
    }
}
