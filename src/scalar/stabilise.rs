//! Naive forms become the operations that are finite, and accurate, where the true value is: `1/(1 + exp(-x))` is σ(x),
//! `log(1 + exp(x))` is softplus(x), `(exp(x) - exp(-x))/(exp(x) + exp(-x))` is tanh x. Differentiation then never meets the
//! overflowing forms, nor their inf·0.
//!
//! Unlike the builder's simplifications these rewrites change bits (for the better); they are part of what a definition means,
//! and are made once, when it is compiled. Each rule holds as an identity of real functions wherever the naive form is defined.

mod exponentials;
#[cfg(test)]
mod tests;

use super::mathematics::ln;
use super::{Binary, Builder, Function, Op, Unary, ValueId};
use exponentials::Exponentials;

/// The function with its naive forms replaced.
///
/// # Panics
/// Never: every function can be rebuilt.
#[must_use]
pub fn stabilise(function: &Function) -> Function {
    let mut stabiliser = Stabiliser { builder: Builder::new(function.arity) };
    let arguments = stabiliser.builder.arguments();
    let mut values: Vec<ValueId> = Vec::with_capacity(function.nodes.len());
    for op in &function.nodes {
        let at = |id: ValueId| values[crate::arena::Id::index(id)];
        let value = match *op {
            Op::Unary(op, x) => stabiliser.unary(op, at(x)),
            Op::Binary(op, a, b) => stabiliser.binary(op, at(a), at(b)),
            Op::Constant(_)
            | Op::Argument(_)
            | Op::Compare(..)
            | Op::And(..)
            | Op::Or(..)
            | Op::Not(_)
            | Op::Select { .. } => stabiliser.builder.copy(*op, at, &arguments),
        };
        values.push(value);
    }
    let results: Vec<ValueId> =
        function.results.iter().map(|result| values[crate::arena::Id::index(*result)]).collect();
    stabiliser.builder.finish(&results)
}

struct Stabiliser {
    builder: Builder,
}

impl Stabiliser {
    fn unary(&mut self, op: Unary, x: ValueId) -> ValueId {
        let rewritten = match op {
            Unary::Logarithm => self.logarithm(x),
            Unary::LogarithmOnePlus => self.logarithm_one_plus(x),
            Unary::Exponential => match self.op(x) {
                // e^−softplus(u) = σ(−u)
                Op::Unary(Unary::Negate, inner) => self.of(Unary::Softplus, inner).map(|u| self.sigmoid_of_minus(u)),
                _ => None,
            },
            Unary::SquareRoot => match self.op(x) {
                Op::Binary(Binary::Multiply, a, b) if a == b => Some(self.unary(Unary::Absolute, a)),
                _ => None,
            },
            Unary::Negate
            | Unary::Absolute
            | Unary::Sign
            | Unary::ExponentialMinusOne
            | Unary::Sine
            | Unary::Cosine
            | Unary::Tangent
            | Unary::HyperbolicTangent
            | Unary::Sigmoid
            | Unary::Softplus
            | Unary::ErrorFunction
            | Unary::ErrorFunctionComplement
            | Unary::Floor
            | Unary::Ceiling
            | Unary::Round
            | Unary::SigmoidDerivative
            | Unary::HyperbolicTangentDerivative => None,
        };
        rewritten.unwrap_or_else(|| self.builder.unary(op, x))
    }

    fn binary(&mut self, op: Binary, a: ValueId, b: ValueId) -> ValueId {
        let rewritten = match op {
            Binary::Add => self.sum(a, b).or_else(|| self.sum(b, a)),
            Binary::Subtract => self.difference(a, b),
            Binary::Multiply => self.product(a, b).or_else(|| self.product(b, a)),
            Binary::Divide => self.quotient(a, b),
            Binary::Minimum | Binary::Maximum => None,
            // The builder has unfolded what it could; `pow` stays as it is.
            Binary::Power => None,
        };
        rewritten.unwrap_or_else(|| {
            if op == Binary::Power { self.builder.power_operation(a, b) } else { self.builder.binary(op, a, b) }
        })
    }

    /// ln x
    fn logarithm(&mut self, x: ValueId) -> Option<ValueId> {
        if let Some(sum) = self.sum_of_exponentials(x) {
            // ln(s·(eᵖ + e^q)) = ln s + q + softplus(p − q)
            let sum = if sum.p.is_none() { Exponentials { p: sum.q, q: None, ..sum } } else { sum };
            let p_minus_q = self.minus(sum.p, sum.q);
            let softplus = self.builder.unary(Unary::Softplus, p_minus_q);
            let value = match sum.q {
                Some(q) => self.builder.add(q, softplus),
                None => softplus,
            };
            if sum.scale == 1.0 {
                return Some(value);
            }
            let offset = self.builder.constant(ln(sum.scale));
            return Some(self.builder.add(value, offset));
        }
        match self.op(x) {
            Op::Unary(Unary::Exponential, u) => Some(u),
            Op::Unary(Unary::Sigmoid, u) => {
                let minus = self.opposite(u);
                let softplus = self.builder.unary(Unary::Softplus, minus);
                Some(self.builder.negate(softplus))
            }
            Op::Binary(Binary::Add, a, b) => {
                let u = if self.is(a, 1.0) {
                    b
                } else if self.is(b, 1.0) {
                    a
                } else {
                    return None;
                };
                Some(self.unary(Unary::LogarithmOnePlus, u))
            }
            Op::Binary(Binary::Subtract, a, b) if self.is(a, 1.0) => {
                let minus = self.builder.negate(b);
                Some(self.unary(Unary::LogarithmOnePlus, minus))
            }
            _ => None,
        }
    }

    /// ln(1 + x)
    fn logarithm_one_plus(&mut self, x: ValueId) -> Option<ValueId> {
        match self.op(x) {
            Op::Unary(Unary::Exponential, u) => Some(self.builder.unary(Unary::Softplus, u)),
            Op::Unary(Unary::ExponentialMinusOne, u) => Some(u),
            Op::Unary(Unary::Negate, inner) => {
                // ln(1 − σ(u)) = −softplus(u)
                let u = self.of(Unary::Sigmoid, inner)?;
                let softplus = self.builder.unary(Unary::Softplus, u);
                Some(self.builder.negate(softplus))
            }
            _ => None,
        }
    }

    /// a + b, asked in both orders.
    fn sum(&mut self, a: ValueId, b: ValueId) -> Option<ValueId> {
        let constant = self.builder.constant_value(a)?;
        let (factor, function) = self.scaled(b);
        if factor != constant {
            return None;
        }
        match self.op(function) {
            // c + c·tanh u = 2c·σ(2u)
            Op::Unary(Unary::HyperbolicTangent, u) => Some(self.twice_sigmoid_of_twice(constant, u)),
            // c + c·erf u = c·erfc(−u)
            Op::Unary(Unary::ErrorFunction, u) => {
                let minus = self.opposite(u);
                let complement = self.builder.unary(Unary::ErrorFunctionComplement, minus);
                Some(self.times(constant, complement))
            }
            _ => None,
        }
    }

    /// a − b
    fn difference(&mut self, a: ValueId, b: ValueId) -> Option<ValueId> {
        if let Some(constant) = self.builder.constant_value(a) {
            if constant == 1.0
                && let Op::Binary(Binary::Multiply, t, again) = self.op(b)
                && t == again
                && let Some(u) = self.of(Unary::HyperbolicTangent, t)
            {
                return Some(self.builder.unary(Unary::HyperbolicTangentDerivative, u));
            }
            let (factor, function) = self.scaled(b);
            return self.constant_minus_function(constant, factor, function);
        }
        let constant = self.builder.constant_value(b)?;
        let (factor, function) = self.scaled(a);
        let opposite = self.constant_minus_function(constant, factor, function)?;
        Some(self.builder.negate(opposite))
    }

    /// constant − factor·function
    fn constant_minus_function(&mut self, constant: f64, factor: f64, function: ValueId) -> Option<ValueId> {
        match self.op(function) {
            Op::Unary(Unary::Sigmoid, u) if factor == constant => {
                let value = self.sigmoid_of_minus(u);
                Some(self.times(constant, value))
            }
            // c − 2c·σ(u) = −c·tanh(u/2)
            Op::Unary(Unary::Sigmoid, u) if factor == 2.0 * constant => {
                let half = self.times(0.5, u);
                let tangent = self.builder.unary(Unary::HyperbolicTangent, half);
                Some(self.times(-constant, tangent))
            }
            Op::Unary(Unary::HyperbolicTangent, u) if factor == constant => {
                let minus = self.opposite(u);
                Some(self.twice_sigmoid_of_twice(constant, minus))
            }
            Op::Unary(Unary::ErrorFunction, u) if factor == constant => {
                let complement = self.builder.unary(Unary::ErrorFunctionComplement, u);
                Some(self.times(constant, complement))
            }
            Op::Unary(Unary::Exponential, u) if factor == constant => {
                let value = self.builder.unary(Unary::ExponentialMinusOne, u);
                Some(self.times(-constant, value))
            }
            _ => None,
        }
    }

    /// a · b, asked in both orders.
    fn product(&mut self, a: ValueId, b: ValueId) -> Option<ValueId> {
        match (self.op(a), self.op(b)) {
            // eᵘ·e^v = e^(u + v)
            (Op::Unary(Unary::Exponential, u), Op::Unary(Unary::Exponential, v)) => {
                let exponent = if u == v { self.times(2.0, u) } else { self.builder.add(u, v) };
                Some(self.builder.unary(Unary::Exponential, exponent))
            }
            // σ(u)·σ(−u) = σ′(u)
            (Op::Unary(Unary::Sigmoid, u), Op::Unary(Unary::Sigmoid, v)) if self.are_opposite(u, v) => {
                Some(self.builder.unary(Unary::SigmoidDerivative, u))
            }
            // eᵘ·σ(−u) = σ(u)
            (Op::Unary(Unary::Exponential, u), Op::Unary(Unary::Sigmoid, v)) if self.are_opposite(u, v) => {
                Some(self.builder.unary(Unary::Sigmoid, u))
            }
            _ => None,
        }
    }

    /// p − q, 0 where `None`.
    fn minus(&mut self, p: Option<ValueId>, q: Option<ValueId>) -> ValueId {
        match (p, q) {
            (Some(p), Some(q)) if self.are_opposite(p, q) => self.times(2.0, p),
            (Some(p), Some(q)) => self.builder.subtract(p, q),
            (Some(p), None) => p,
            (None, Some(q)) => self.opposite(q),
            (None, None) => self.builder.constant(0.0),
        }
    }

    /// x = factor·rest; through signs and constant factors.
    fn scaled(&self, x: ValueId) -> (f64, ValueId) {
        match self.op(x) {
            Op::Unary(Unary::Negate, inner) => {
                let (factor, rest) = self.scaled(inner);
                (-factor, rest)
            }
            Op::Binary(Binary::Multiply, a, b) => {
                match (self.builder.constant_value(a), self.builder.constant_value(b)) {
                    (Some(factor), _) => (factor, b),
                    (_, Some(factor)) => (factor, a),
                    (None, None) => (1.0, x),
                }
            }
            _ => (1.0, x),
        }
    }

    /// Whether u = −v as written.
    fn are_opposite(&self, u: ValueId, v: ValueId) -> bool {
        let ((f, u), (g, v)) = (self.scaled(u), self.scaled(v));
        if u == v {
            return f == -g;
        }
        match (self.op(u), self.op(v)) {
            (Op::Binary(Binary::Subtract, a, b), Op::Binary(Binary::Subtract, c, d)) => f == g && a == d && b == c,
            _ => false,
        }
    }

    /// −u, a constant factor taking the sign.
    fn opposite(&mut self, u: ValueId) -> ValueId {
        self.times(-1.0, u)
    }

    fn sigmoid_of_minus(&mut self, u: ValueId) -> ValueId {
        let minus = self.opposite(u);
        self.builder.unary(Unary::Sigmoid, minus)
    }

    /// 2c·σ(2u)
    fn twice_sigmoid_of_twice(&mut self, c: f64, u: ValueId) -> ValueId {
        let twice = self.times(2.0, u);
        let sigmoid = self.builder.unary(Unary::Sigmoid, twice);
        self.times(2.0 * c, sigmoid)
    }

    /// factor · x, constant factors gathered.
    fn times(&mut self, factor: f64, x: ValueId) -> ValueId {
        let (inner, rest) = self.scaled(x);
        let (factor, rest) =
            if self.builder.constant_value(x).is_some() { (factor, x) } else { (factor * inner, rest) };
        let factor = self.builder.constant(factor);
        self.builder.multiply(factor, rest)
    }

    fn op(&self, x: ValueId) -> Op {
        self.builder.op(x)
    }

    /// The argument of this function, where x is one.
    fn of(&self, op: Unary, x: ValueId) -> Option<ValueId> {
        match self.op(x) {
            Op::Unary(found, u) if found == op => Some(u),
            _ => None,
        }
    }

    fn is(&self, x: ValueId, value: f64) -> bool {
        self.builder.constant_value(x) == Some(value)
    }
}
