//! Naive forms and what becomes of them.

use super::*;

fn stable(make: impl FnOnce(&mut Builder, ValueId) -> ValueId) -> String {
    let function = Function::build(1, |b, x| vec![make(b, x[0])]);
    stabilise(&function).to_string()
}

fn exp(b: &mut Builder, x: ValueId) -> ValueId {
    b.unary(Unary::Exponential, x)
}

#[test]
fn the_logistic_function_in_its_naive_forms_is_sigmoid() {
    let reciprocal = stable(|b, x| {
        let minus = b.negate(x);
        let e = exp(b, minus);
        let one = b.constant(1.0);
        let sum = b.add(one, e);
        b.divide(one, sum)
    });
    assert_eq!(reciprocal, "x -> sigmoid(x)");
    let quotient = stable(|b, x| {
        let e = exp(b, x);
        let one = b.constant(1.0);
        let sum = b.add(e, one);
        b.divide(e, sum)
    });
    assert_eq!(quotient, "x -> sigmoid(x)");
    let naive_silu = stable(|b, x| {
        let minus = b.negate(x);
        let e = exp(b, minus);
        let one = b.constant(1.0);
        let sum = b.add(one, e);
        b.divide(x, sum)
    });
    assert_eq!(naive_silu, "x -> x * sigmoid(x)");
}

#[test]
fn the_slope_of_the_logistic_function_in_its_naive_forms_is_its_stable_slope() {
    let quotient = stable(|b, x| {
        let minus = b.negate(x);
        let e = exp(b, minus);
        let one = b.constant(1.0);
        let sum = b.add(one, e);
        let square = b.multiply(sum, sum);
        b.divide(e, square)
    });
    assert_eq!(quotient, "x -> sigmoid_derivative(-x)");
    let product = stable(|b, x| {
        let s = b.unary(Unary::Sigmoid, x);
        let one = b.constant(1.0);
        let rest = b.subtract(one, s);
        b.multiply(s, rest)
    });
    assert_eq!(product, "x -> sigmoid_derivative(x)");
}

#[test]
fn softplus_in_its_naive_forms_is_softplus() {
    let naive = stable(|b, x| {
        let e = exp(b, x);
        let one = b.constant(1.0);
        let sum = b.add(one, e);
        b.unary(Unary::Logarithm, sum)
    });
    assert_eq!(naive, "x -> softplus(x)");
    let log_sigmoid = stable(|b, x| {
        let s = b.unary(Unary::Sigmoid, x);
        b.unary(Unary::Logarithm, s)
    });
    assert_eq!(log_sigmoid, "x -> -softplus(-x)");
}

#[test]
fn tanh_in_its_naive_forms_is_tanh() {
    let quotient = stable(|b, x| {
        let minus = b.negate(x);
        let (p, q) = (exp(b, x), exp(b, minus));
        let above = b.subtract(p, q);
        let below = b.add(p, q);
        b.divide(above, below)
    });
    assert_eq!(quotient, "x -> tanh(x)");
    let doubled = stable(|b, x| {
        let two = b.constant(2.0);
        let twice = b.multiply(two, x);
        let e = exp(b, twice);
        let one = b.constant(1.0);
        let above = b.subtract(e, one);
        let below = b.add(e, one);
        b.divide(above, below)
    });
    assert_eq!(doubled, "x -> tanh(x)");
    let from_sigmoid = stable(|b, x| {
        let two = b.constant(2.0);
        let twice = b.multiply(two, x);
        let s = b.unary(Unary::Sigmoid, twice);
        let one = b.constant(1.0);
        let s = b.multiply(two, s);
        b.subtract(s, one)
    });
    assert_eq!(from_sigmoid, "x -> tanh(x)");
}

#[test]
fn one_plus_tanh_and_one_plus_erf_keep_their_left_tails() {
    let gelu = stable(|b, x| {
        let half = b.constant(0.5);
        let one = b.constant(1.0);
        let c = b.constant(0.125);
        let argument = b.multiply(c, x);
        let erf = b.unary(Unary::ErrorFunction, argument);
        let sum = b.add(one, erf);
        let h = b.multiply(half, x);
        b.multiply(h, sum)
    });
    assert_eq!(gelu, "x -> 0.5 * x * erfc(-0.125 * x)");
    let gate = stable(|b, x| {
        let half = b.constant(0.5);
        let tanh = b.unary(Unary::HyperbolicTangent, x);
        let h = b.multiply(half, tanh);
        b.add(half, h)
    });
    assert_eq!(gate, "x -> sigmoid(2 * x)");
}

#[test]
fn hyperbolic_cosines_do_not_overflow_under_a_logarithm_or_a_division() {
    fn cosh(b: &mut Builder, x: ValueId) -> ValueId {
        let minus = b.negate(x);
        let (p, q) = (exp(b, x), exp(b, minus));
        let sum = b.add(p, q);
        let two = b.constant(2.0);
        b.divide(sum, two)
    }
    let log = Function::build(1, |b, x| {
        let c = cosh(b, x[0]);
        vec![b.unary(Unary::Logarithm, c)]
    });
    let log = stabilise(&log);
    assert!((log.evaluate(&[1000.0_f64])[0] - (1000.0 - std::f64::consts::LN_2)).abs() < 1e-12);
    let sech = Function::build(1, |b, x| {
        let c = cosh(b, x[0]);
        vec![b.reciprocal(c)]
    });
    let sech = stabilise(&sech);
    assert_eq!(sech.evaluate(&[1000.0_f64]), [0.0]);
    assert!((sech.evaluate(&[1.0_f64])[0] - 0.648_054_273_663_885_4).abs() < 1e-15);
    assert_eq!(super::super::derivative(&sech, 0).evaluate(&[-1000.0_f64]), [0.0]);
}
