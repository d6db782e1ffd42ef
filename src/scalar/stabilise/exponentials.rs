//! Quotients and sums of exponentials: eᵖ/(eᵖ + e^q) is a sigmoid, (eᵖ − e^q)/(eᵖ + e^q) a hyperbolic tangent, and neither
//! overflows.

use super::Stabiliser;
use crate::scalar::{Binary, Op, Unary, ValueId};

/// scale · (eᵖ ± e^q), an exponent of `None` being 0.
#[derive(Clone, Copy)]
pub(super) struct Exponentials {
    pub(super) scale: f64,
    pub(super) p: Option<ValueId>,
    pub(super) q: Option<ValueId>,
}

impl Stabiliser {
    /// a / b
    pub(super) fn quotient(&mut self, a: ValueId, b: ValueId) -> Option<ValueId> {
        if let Op::Unary(Unary::Exponential, u) = self.op(b) {
            // a/eᵘ = a·e^−u
            let minus = self.opposite(u);
            let inverse = self.builder.unary(Unary::Exponential, minus);
            return Some(self.binary(Binary::Multiply, a, inverse));
        }
        if let Some(below) = self.sum_of_exponentials(b) {
            return Some(self.over_exponentials(a, below));
        }
        match self.op(b) {
            Op::Binary(Binary::Add, x, y) => {
                // expm1(u)/(expm1(u) + 2) = tanh(u/2)
                let rest = if self.is(x, 2.0) {
                    y
                } else if self.is(y, 2.0) {
                    x
                } else {
                    return None;
                };
                let u = self.of(Unary::ExponentialMinusOne, rest)?;
                let (factor, function) = self.scaled(a);
                if function != rest {
                    return None;
                }
                let half = self.times(0.5, u);
                let tangent = self.builder.unary(Unary::HyperbolicTangent, half);
                Some(self.times(factor, tangent))
            }
            Op::Binary(Binary::Multiply, x, y) => {
                // a/(s·x²) = (a/x)/(s·x)
                let (scale, square) = self.scaled(b);
                if scale != 1.0 {
                    let Op::Binary(Binary::Multiply, x, again) = self.op(square) else { return None };
                    if x != again || self.sum_of_exponentials(x).is_none() {
                        return None;
                    }
                    let value = self.binary(Binary::Divide, a, square);
                    return Some(self.times(1.0 / scale, value));
                }
                if x != y || self.sum_of_exponentials(x).is_none() {
                    return None;
                }
                let once = self.binary(Binary::Divide, a, x);
                Some(self.binary(Binary::Divide, once, x))
            }
            _ => None,
        }
    }

    /// a/(s·(eᵖ + e^q))
    fn over_exponentials(&mut self, a: ValueId, below: Exponentials) -> ValueId {
        let (factor, function) = self.scaled(a);
        let factor = factor / below.scale;
        if let Some(above) = self.difference_of_exponentials(function) {
            // (eᵖ − e^q)/(eᵖ + e^q) = tanh((p − q)/2)
            let same = above.p == below.p && above.q == below.q;
            let swapped = above.p == below.q && above.q == below.p;
            if same || swapped {
                let difference = self.minus(above.p, above.q);
                let half = self.times(0.5, difference);
                let tangent = self.builder.unary(Unary::HyperbolicTangent, half);
                return self.times(factor * above.scale, tangent);
            }
        }
        // A factor eᵖ above: eᵖ/(eᵖ + e^q) = σ(p − q).
        for (p, q) in [(below.p, below.q), (below.q, below.p)] {
            if let Some(rest) = self.without_exponential(function, p) {
                let difference = self.minus(p, q);
                let sigmoid = self.builder.unary(Unary::Sigmoid, difference);
                let value = self.binary(Binary::Multiply, rest, sigmoid);
                return self.times(factor, value);
            }
        }
        let inverse = match (below.p, below.q) {
            // 1/(1 + eᵘ) = σ(−u)
            (None, Some(u)) | (Some(u), None) => self.sigmoid_of_minus(u),
            // 1/(eᵖ + e^q) = e^−(q + softplus(p − q))
            (p, q) => {
                let difference = self.minus(p, q);
                let softplus = self.builder.unary(Unary::Softplus, difference);
                let logarithm = match q {
                    Some(q) => self.builder.add(q, softplus),
                    None => softplus,
                };
                let minus = self.builder.negate(logarithm);
                self.unary(Unary::Exponential, minus)
            }
        };
        let value = self.binary(Binary::Multiply, function, inverse);
        self.times(factor, value)
    }

    /// What remains of a product without one factor eᵖ; `None` where it has none.
    fn without_exponential(&mut self, product: ValueId, p: Option<ValueId>) -> Option<ValueId> {
        let p = p?;
        match self.op(product) {
            Op::Unary(Unary::Exponential, u) if u == p => Some(self.builder.constant(1.0)),
            Op::Binary(Binary::Multiply, a, b) => {
                if self.of(Unary::Exponential, a) == Some(p) {
                    Some(b)
                } else if self.of(Unary::Exponential, b) == Some(p) {
                    Some(a)
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    /// s·(eᵖ + e^q), not both exponents 0.
    pub(super) fn sum_of_exponentials(&self, x: ValueId) -> Option<Exponentials> {
        let (scale, sum) = self.scaled(x);
        if !(scale > 0.0 && scale.is_finite()) {
            return None;
        }
        match self.op(sum) {
            Op::Binary(Binary::Add, a, b) => {
                let (p, q) = (self.exponent(a)?, self.exponent(b)?);
                Some(Exponentials { scale, p, q })
            }
            _ => None,
        }
    }

    /// s·(eᵖ − e^q), eᵘ − 1 being expm1(u).
    fn difference_of_exponentials(&self, x: ValueId) -> Option<Exponentials> {
        let (scale, difference) = self.scaled(x);
        match self.op(difference) {
            Op::Binary(Binary::Subtract, a, b) => {
                let (p, q) = (self.exponent(a)?, self.exponent(b)?);
                Some(Exponentials { scale, p, q })
            }
            Op::Unary(Unary::ExponentialMinusOne, u) => Some(Exponentials { scale, p: Some(u), q: None }),
            _ => None,
        }
    }

    /// p of eᵖ; 1 is e⁰.
    fn exponent(&self, x: ValueId) -> Option<Option<ValueId>> {
        if self.is(x, 1.0) {
            return Some(None);
        }
        self.of(Unary::Exponential, x).map(Some)
    }
}
