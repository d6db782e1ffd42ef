//! The functions and constants that the compiler itself has: everything else of the library is written in the language.

use crate::scalar::{Binary, Unary};

/// A numeric function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Intrinsic {
    /// Its name.
    pub name: &'static str,
    /// What it computes.
    pub meaning: Meaning,
    /// The formula, in one line.
    pub summary: &'static str,
}

/// What a numeric function computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A function of one number.
    Unary(Unary),
    /// A function of two numbers.
    Binary(Binary),
    /// `x ^ y` in the form of a call.
    Power,
    /// max(x, 0), NaN kept, with slope 0 at 0.
    Relu,
}

impl Intrinsic {
    /// The number of its arguments.
    #[must_use]
    pub const fn arity(&self) -> usize {
        match self.meaning {
            Meaning::Unary(_) | Meaning::Relu => 1,
            Meaning::Binary(_) | Meaning::Power => 2,
        }
    }
}

const fn unary(name: &'static str, meaning: Unary, summary: &'static str) -> Intrinsic {
    Intrinsic { name, meaning: Meaning::Unary(meaning), summary }
}

/// Every numeric function of the language.
pub static FUNCTIONS: &[Intrinsic] = &[
    unary("sqrt", Unary::SquareRoot, "√x"),
    unary("exp", Unary::Exponential, "eˣ"),
    unary("log", Unary::Logarithm, "ln x"),
    unary("log1p", Unary::LogarithmOnePlus, "ln(1 + x), accurate near 0"),
    unary("expm1", Unary::ExponentialMinusOne, "eˣ − 1, accurate near 0"),
    unary("sin", Unary::Sine, "sin x"),
    unary("cos", Unary::Cosine, "cos x"),
    unary("tan", Unary::Tangent, "tan x"),
    unary("tanh", Unary::HyperbolicTangent, "tanh x"),
    unary("sigmoid", Unary::Sigmoid, "1 / (1 + e⁻ˣ)"),
    unary("softplus", Unary::Softplus, "ln(1 + eˣ), without overflow"),
    unary("erf", Unary::ErrorFunction, "2/√π · ∫₀ˣ e^(−t²) dt"),
    unary("abs", Unary::Absolute, "|x|; the slope at 0 is 0"),
    unary("sign", Unary::Sign, "−1, 0 or 1"),
    unary("floor", Unary::Floor, "the largest whole number not above x"),
    unary("ceil", Unary::Ceiling, "the smallest whole number not below x"),
    unary("round", Unary::Round, "the nearest whole number, ties to even"),
    Intrinsic {
        name: "min",
        meaning: Meaning::Binary(Binary::Minimum),
        summary: "the smaller; at a tie each has half the slope",
    },
    Intrinsic {
        name: "max",
        meaning: Meaning::Binary(Binary::Maximum),
        summary: "the larger; at a tie each has half the slope",
    },
    Intrinsic { name: "pow", meaning: Meaning::Power, summary: "x ^ y" },
    Intrinsic { name: "relu", meaning: Meaning::Relu, summary: "max(x, 0); the slope at 0 is 0" },
];

/// The functions of a whole row: layers, and parts of losses.
pub const ROW_FUNCTIONS: [&str; 2] = ["softmax", "log_softmax"];

/// The numeric function of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Intrinsic> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
