//! Elementwise expressions: a deduplicated graph of scalar operations, with several outputs. Every activation, loss and
//! fused kernel body is one `Function`, so a user's definition has the same standing as a shipped one.
//!
//! - `build.rs`: the only way to make a function: deduplicates, folds constants, simplifies without changing a bit.
//! - `function.rs`: functions made of others.
//! - `stabilise.rs`: naive forms such as `1/(1 + exp(-x))` become the operations that are finite where the true value is.
//! - `verify.rs`, `print.rs`: every function checks and prints itself.
//! - `evaluate.rs`: the value of a function at a point, in f32 or f64: the oracle of the JIT.
//! - `mathematics/`: exp, tanh, log, erf, … as sequences of exactly rounded operations, written once over `Arithmetic`
//!   (`arithmetic.rs`; `lane.rs` is its one-number machine), so that the interpreter, the JIT and compile-time evaluation run
//!   the same formula.
//! - `derivative.rs`: one rule per operation; no activation or loss contains a derivative.
//! - `kinks.rs`, `gaussian.rs`: where a function has corners, and its expectation over a standard normal argument.

pub mod arithmetic;
pub mod build;
pub mod derivative;
pub mod evaluate;
mod function;
pub mod gaussian;
mod kinks;
pub mod lane;
pub mod mathematics;
mod print;
mod stabilise;
mod verify;

pub use arithmetic::{Arithmetic, Routine};
pub use build::Builder;
pub use derivative::{derivative, is_linear_in, pullback};
pub use evaluate::{Evaluator, carry_out};
pub use kinks::kinks;
pub use lane::Lane;
pub use stabilise::stabilise;

use crate::arena::IdVec;

crate::id!(
    /// A value within a scalar function.
    ValueId,
    "v"
);

/// A scalar function of several numbers with several results.
///
/// Nodes stand in topological order; equal nodes are one node. Two functions that compute the same in the same way are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Function {
    /// The number of arguments.
    pub arity: usize,
    /// The operations.
    pub nodes: Nodes,
    /// The results; numbers, never truth values.
    pub results: Vec<ValueId>,
}

/// The operations of a function, each after its operands.
pub type Nodes = IdVec<ValueId, Op>;

/// A compile-time constant: an f64, compared by its bits, rounded once to the kernel's precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bits(pub u64);

impl Bits {
    /// The constant of a value.
    #[must_use]
    pub const fn of(value: f64) -> Self {
        Self(value.to_bits())
    }

    /// The value.
    #[must_use]
    pub const fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// One operation. Numbers and truth values are kept apart by `verify`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// A number known at compile time.
    Constant(Bits),
    /// The argument of this position.
    Argument(usize),
    /// A function of one number.
    Unary(Unary, ValueId),
    /// A function of two numbers.
    Binary(Binary, ValueId, ValueId),
    /// A truth value from two numbers; false where either is NaN, but `NotEqual`, which is then true.
    Compare(Comparison, ValueId, ValueId),
    /// A truth value from two truth values.
    And(ValueId, ValueId),
    /// A truth value from two truth values.
    Or(ValueId, ValueId),
    /// A truth value from one.
    Not(ValueId),
    /// `if condition then yes else no`; both are computed, one is taken.
    Select {
        /// A truth value.
        condition: ValueId,
        /// Taken where it holds.
        yes: ValueId,
        /// Taken where it does not.
        no: ValueId,
    },
}

/// Functions of one number: the intrinsics of the language, and those that derivatives need to stay stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unary {
    /// −x
    Negate,
    /// |x|
    Absolute,
    /// −1, 0 or 1; ±0 and NaN stay
    Sign,
    /// √x
    SquareRoot,
    /// eˣ
    Exponential,
    /// eˣ − 1, accurate near 0
    ExponentialMinusOne,
    /// ln x
    Logarithm,
    /// ln(1 + x), accurate near 0
    LogarithmOnePlus,
    /// sin x
    Sine,
    /// cos x
    Cosine,
    /// tan x
    Tangent,
    /// tanh x
    HyperbolicTangent,
    /// 1/(1 + e⁻ˣ)
    Sigmoid,
    /// ln(1 + eˣ), without overflow
    Softplus,
    /// erf x
    ErrorFunction,
    /// 1 − erf x, relatively accurate in its tail
    ErrorFunctionComplement,
    /// ⌊x⌋
    Floor,
    /// ⌈x⌉
    Ceiling,
    /// to nearest, ties to even, as PyTorch
    Round,
    /// σ(x)·σ(−x), relatively accurate in both tails
    SigmoidDerivative,
    /// sech² x = 1 − tanh² x, relatively accurate in both tails
    HyperbolicTangentDerivative,
}

/// Functions of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Binary {
    /// a + b
    Add,
    /// a − b
    Subtract,
    /// a · b
    Multiply,
    /// a / b
    Divide,
    /// the smaller; NaN where either is
    Minimum,
    /// the larger; NaN where either is
    Maximum,
    /// aᵇ for b not a small constant integer; NaN for a < 0
    Power,
}

/// Comparisons of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Comparison {
    /// a < b
    Less,
    /// a ≤ b
    LessEqual,
    /// a = b
    Equal,
    /// a ≠ b
    NotEqual,
}
