//! The mathematics of the language, written once over `Arithmetic`: the interpreter, the JIT and compile-time evaluation run
//! the same exactly rounded operations in the same order, and so give the same bits.
//!
//! Every function is within 2.5 units in the last place in f32 and f64, over the full range: infinities, zeros of either
//! sign and subnormal arguments and results included; NaN stays NaN. Polynomials are minimax fits whose coefficients were
//! rounded to the precision one after another; the comment at each names its interval and error.
//!
//! `unary` and `binary` lead from an operation to its formula. `Sharing` lets functions of one argument (σ, σ′ and softplus;
//! tanh and sech²; sin and cos) share what they have in common; alone or shared, the bits are the same.

mod error_function;
mod exponential;
mod logarithm;
mod sharing;
mod trigonometric;

#[cfg(test)]
mod tests;

pub use sharing::Sharing;

use crate::scalar::arithmetic::{Arithmetic, Routine};
use crate::scalar::lane::{Lane32, Lane64};
use crate::scalar::{Binary, Comparison, Unary};
use crate::shape::Precision;

/// The value of a function of one number.
pub fn unary<A: Arithmetic>(a: &mut A, op: Unary, x: A::Float) -> A::Float {
    match op {
        Unary::Negate => a.negate(x),
        Unary::Absolute => a.absolute(x),
        Unary::Sign => sign(a, x),
        Unary::SquareRoot => a.square_root(x),
        Unary::Exponential => exponential::exponential(a, x),
        Unary::ExponentialMinusOne => exponential::exponential_minus_one(a, x),
        Unary::Logarithm => logarithm::logarithm(a, x),
        Unary::LogarithmOnePlus => logarithm::logarithm_one_plus(a, x),
        Unary::Sine => trigonometric::Reduced::of(a, x).sine(a, x),
        Unary::Cosine => trigonometric::Reduced::of(a, x).cosine(a, x),
        Unary::Tangent => trigonometric::Reduced::of(a, x).tangent(a, x),
        Unary::HyperbolicTangent => exponential::Hyperbolic::of(a, x).tangent(a, x),
        Unary::HyperbolicTangentDerivative => exponential::Hyperbolic::of(a, x).derivative(a),
        Unary::Sigmoid => exponential::Decay::of(a, x).sigmoid(a, x),
        Unary::SigmoidDerivative => exponential::Decay::of(a, x).sigmoid_derivative(a),
        Unary::Softplus => exponential::Decay::of(a, x).softplus(a, x),
        Unary::ErrorFunction => error_function::error_function(a, x),
        Unary::ErrorFunctionComplement => error_function::error_function_complement(a, x),
        Unary::Floor => a.floor(x),
        Unary::Ceiling => a.ceiling(x),
        Unary::Round => a.nearest(x),
    }
}

/// The value of a function of two numbers. `y_never_nan` says that `y` is known not to be NaN (a constant), which saves
/// `min` and `max` two instructions and no bit.
pub fn binary<A: Arithmetic>(a: &mut A, op: Binary, x: A::Float, y: A::Float, y_never_nan: bool) -> A::Float {
    match op {
        Binary::Add => a.add(x, y),
        Binary::Subtract => a.subtract(x, y),
        Binary::Multiply => a.multiply(x, y),
        Binary::Divide => a.divide(x, y),
        Binary::Minimum => {
            let below = a.less(y, x);
            let least = a.select(below, y, x);
            keep_nan(a, y, least, y_never_nan)
        }
        Binary::Maximum => {
            let above = a.less(x, y);
            let most = a.select(above, y, x);
            keep_nan(a, y, most, y_never_nan)
        }
        Binary::Power => a.call(Routine::Power, x, y),
    }
}

/// The truth of a comparison.
pub fn compare<A: Arithmetic>(a: &mut A, comparison: Comparison, x: A::Float, y: A::Float) -> A::Mask {
    match comparison {
        Comparison::Less => a.less(x, y),
        Comparison::LessEqual => a.less_equal(x, y),
        Comparison::Equal => a.equal(x, y),
        Comparison::NotEqual => {
            let equal = a.equal(x, y);
            a.mask_not(equal)
        }
    }
}

/// The value of a function of one number in f32.
#[must_use]
pub fn unary_f32(op: Unary, x: f32) -> f32 {
    unary(&mut Lane32, op, x)
}

/// The value of a function of one number in f64: compile-time arithmetic, schedules, samplers, quadrature.
#[must_use]
pub fn unary_f64(op: Unary, x: f64) -> f64 {
    unary(&mut Lane64, op, x)
}

/// The value of a function of two numbers in f32.
#[must_use]
pub fn binary_f32(op: Binary, x: f32, y: f32) -> f32 {
    binary(&mut Lane32, op, x, y, false)
}

/// The value of a function of two numbers in f64.
#[must_use]
pub fn binary_f64(op: Binary, x: f64, y: f64) -> f64 {
    binary(&mut Lane64, op, x, y, false)
}

/// The truth of a comparison in f64.
#[must_use]
pub fn compare_f64(comparison: Comparison, x: f64, y: f64) -> bool {
    compare(&mut Lane64, comparison, x, y)
}

/// eˣ in f64.
#[must_use]
pub fn exp(x: f64) -> f64 {
    unary_f64(Unary::Exponential, x)
}

/// ln x in f64.
#[must_use]
pub fn ln(x: f64) -> f64 {
    unary_f64(Unary::Logarithm, x)
}

/// xʸ in f64; NaN for x < 0.
#[must_use]
pub fn pow(x: f64, y: f64) -> f64 {
    binary_f64(Binary::Power, x, y)
}

/// sin x in f64.
#[must_use]
pub fn sin(x: f64) -> f64 {
    unary_f64(Unary::Sine, x)
}

/// cos x in f64.
#[must_use]
pub fn cos(x: f64) -> f64 {
    unary_f64(Unary::Cosine, x)
}

/// `result`, but NaN where `y` is.
fn keep_nan<A: Arithmetic>(a: &mut A, y: A::Float, result: A::Float, y_never_nan: bool) -> A::Float {
    if y_never_nan {
        return result;
    }
    let ordered = a.equal(y, y);
    a.select(ordered, result, y)
}

/// −1, 0 or 1; ±0 and NaN stay.
fn sign<A: Arithmetic>(a: &mut A, x: A::Float) -> A::Float {
    let (zero, one, minus_one) = (a.constant(0.0), a.constant(1.0), a.constant(-1.0));
    let above = a.less(zero, x);
    let below = a.less(x, zero);
    let rest = a.select(below, minus_one, x);
    a.select(above, one, rest)
}

/// The polynomial of these coefficients, the constant term first, by Horner's rule in fused multiply-adds.
fn polynomial<A: Arithmetic>(a: &mut A, x: A::Float, coefficients: &[f64]) -> A::Float {
    let (highest, rest) = coefficients.split_last().expect("a polynomial has a coefficient");
    let mut sum = a.constant(*highest);
    for coefficient in rest.iter().rev() {
        let coefficient = a.constant(*coefficient);
        sum = a.fused(sum, x, coefficient);
    }
    sum
}

/// The sign bit alone.
fn sign_bit<A: Arithmetic>(a: &mut A) -> A::Integer {
    let bit = match a.precision() {
        Precision::F32 => i64::from(i32::MIN),
        Precision::F64 => i64::MIN,
    };
    a.integer(bit)
}

/// `magnitude`, whose sign bit is clear, with the sign of `x`.
fn with_sign_of<A: Arithmetic>(a: &mut A, magnitude: A::Float, x: A::Float) -> A::Float {
    let (bit, x, magnitude) = (sign_bit(a), a.to_bits(x), a.to_bits(magnitude));
    let sign = a.bit_and(x, bit);
    let signed = a.bit_or(magnitude, sign);
    a.of_bits(signed)
}
