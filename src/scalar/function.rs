//! What can be asked of operations and functions, and functions made of others.

use super::{Binary, Builder, Function, Op, Unary, ValueId};

impl Op {
    /// The operands in order.
    #[must_use]
    pub fn operands(&self) -> [Option<ValueId>; 3] {
        match *self {
            Self::Constant(_) | Self::Argument(_) => [None; 3],
            Self::Unary(_, a) | Self::Not(a) => [Some(a), None, None],
            Self::Binary(_, a, b) | Self::Compare(_, a, b) | Self::And(a, b) | Self::Or(a, b) => {
                [Some(a), Some(b), None]
            }
            Self::Select { condition, yes, no } => [Some(condition), Some(yes), Some(no)],
        }
    }

    /// The same operation on other operands.
    #[must_use]
    pub fn with_operands(&self, at: impl Fn(ValueId) -> ValueId) -> Self {
        match *self {
            Self::Constant(_) | Self::Argument(_) => *self,
            Self::Unary(op, a) => Self::Unary(op, at(a)),
            Self::Binary(op, a, b) => Self::Binary(op, at(a), at(b)),
            Self::Compare(op, a, b) => Self::Compare(op, at(a), at(b)),
            Self::And(a, b) => Self::And(at(a), at(b)),
            Self::Or(a, b) => Self::Or(at(a), at(b)),
            Self::Not(a) => Self::Not(at(a)),
            Self::Select { condition, yes, no } => Self::Select { condition: at(condition), yes: at(yes), no: at(no) },
        }
    }
}

impl Function {
    /// The function that `make` builds from its arguments.
    #[must_use]
    pub fn build(arity: usize, make: impl FnOnce(&mut Builder, &[ValueId]) -> Vec<ValueId>) -> Self {
        let mut builder = Builder::new(arity);
        let arguments = builder.arguments();
        let results = make(&mut builder, &arguments);
        builder.finish(&results)
    }

    /// The function of no argument that is this number.
    #[must_use]
    pub fn constant(value: f64) -> Self {
        Self::build(0, |builder, _| vec![builder.constant(value)])
    }

    /// x ↦ x
    #[must_use]
    pub fn identity() -> Self {
        Self::build(1, |_, arguments| arguments.to_vec())
    }

    /// The function of one number.
    #[must_use]
    pub fn unary(op: Unary) -> Self {
        Self::build(1, |builder, arguments| vec![builder.unary(op, arguments[0])])
    }

    /// The function of two numbers.
    #[must_use]
    pub fn binary(op: Binary) -> Self {
        Self::build(2, |builder, arguments| vec![builder.binary(op, arguments[0], arguments[1])])
    }

    /// `self` of the results of `inners`, in order, which all take the same arguments.
    ///
    /// # Panics
    /// Where the inner functions differ in arity, or have not as many results as this function has arguments.
    #[must_use]
    pub fn compose(&self, inners: &[&Self]) -> Self {
        let arity = inners.first().map_or(0, |inner| inner.arity);
        Self::build(arity, |builder, arguments| {
            let inner: Vec<ValueId> = inners.iter().flat_map(|inner| builder.inline(inner, arguments)).collect();
            builder.inline(self, &inner)
        })
    }

    /// The function with these arguments, (position, value), held at numbers; the others keep their order.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "every argument is free or fixed")]
    pub fn substitute(&self, fixed: &[(usize, f64)]) -> Self {
        let value_at = |position| fixed.iter().find(|(at, _)| *at == position).map(|(_, value)| *value);
        let free = (0..self.arity).filter(|position| value_at(*position).is_none()).count();
        Self::build(free, |builder, free| {
            let mut free = free.iter();
            let arguments: Vec<ValueId> = (0..self.arity)
                .map(|position| match value_at(position) {
                    Some(value) => builder.constant(value),
                    None => *free.next().expect("every argument is free or fixed"),
                })
                .collect();
            builder.inline(self, &arguments)
        })
    }

    /// The number that the only result is known to be.
    #[must_use]
    pub fn constant_value(&self) -> Option<f64> {
        match (self.results.as_slice(), self.results.first().map(|result| self.nodes[*result])) {
            ([_], Some(Op::Constant(bits))) => Some(bits.value()),
            _ => None,
        }
    }

    /// Whether some operation costs tens of instructions: the value is worth keeping rather than computing again.
    #[must_use]
    pub fn is_expensive(&self) -> bool {
        self.nodes.iter().any(|op| match op {
            Op::Unary(op, _) => op.is_expensive(),
            Op::Binary(op, ..) => *op == Binary::Power,
            Op::Constant(_)
            | Op::Argument(_)
            | Op::Compare(..)
            | Op::And(..)
            | Op::Or(..)
            | Op::Not(_)
            | Op::Select { .. } => false,
        })
    }
}

impl Unary {
    /// Whether it costs tens of instructions.
    #[must_use]
    pub const fn is_expensive(self) -> bool {
        match self {
            Self::Negate
            | Self::Absolute
            | Self::Sign
            | Self::SquareRoot
            | Self::Floor
            | Self::Ceiling
            | Self::Round => false,
            Self::Exponential
            | Self::ExponentialMinusOne
            | Self::Logarithm
            | Self::LogarithmOnePlus
            | Self::Sine
            | Self::Cosine
            | Self::Tangent
            | Self::HyperbolicTangent
            | Self::Sigmoid
            | Self::Softplus
            | Self::ErrorFunction
            | Self::ErrorFunctionComplement
            | Self::SigmoidDerivative
            | Self::HyperbolicTangentDerivative => true,
        }
    }
}
