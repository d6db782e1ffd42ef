//! Functions as text, in the language's own notation: `x -> x * sigmoid(x)`. Values used more than once are named first:
//! `(x0, x1) -> { v1 = exp(x0); v1 / (1 + v1) }`.

use super::{Binary, Comparison, Function, Op, Unary, ValueId};
use crate::arena::Id;
use std::fmt;

/// Beyond this many characters an expression is named, so that no line doubles what it reads.
const LONGEST: usize = 160;

/// How tightly the outermost operator of a text binds; as in the language.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    If,
    Or,
    And,
    Not,
    Compare,
    Add,
    Multiply,
    Negate,
    Atom,
}

struct Text {
    words: String,
    binding: Binding,
}

impl Text {
    fn atom(words: impl Into<String>) -> Self {
        Self { words: words.into(), binding: Binding::Atom }
    }

    /// In parentheses where it binds less tightly than the place asks.
    fn within(&self, least: Binding) -> String {
        if self.binding < least { format!("({})", self.words) } else { self.words.clone() }
    }
}

impl Unary {
    /// Its name in the language; `sigmoid_derivative`, `tanh_derivative` and `erfc` exist inside the compiler only.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Negate => "-",
            Self::Absolute => "abs",
            Self::Sign => "sign",
            Self::SquareRoot => "sqrt",
            Self::Exponential => "exp",
            Self::ExponentialMinusOne => "expm1",
            Self::Logarithm => "log",
            Self::LogarithmOnePlus => "log1p",
            Self::Sine => "sin",
            Self::Cosine => "cos",
            Self::Tangent => "tan",
            Self::HyperbolicTangent => "tanh",
            Self::Sigmoid => "sigmoid",
            Self::Softplus => "softplus",
            Self::ErrorFunction => "erf",
            Self::ErrorFunctionComplement => "erfc",
            Self::Floor => "floor",
            Self::Ceiling => "ceil",
            Self::Round => "round",
            Self::SigmoidDerivative => "sigmoid_derivative",
            Self::HyperbolicTangentDerivative => "tanh_derivative",
        }
    }

    /// The numeric function of the language that has this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        const IN_THE_LANGUAGE: [Unary; 17] = [
            Unary::Absolute,
            Unary::Sign,
            Unary::SquareRoot,
            Unary::Exponential,
            Unary::ExponentialMinusOne,
            Unary::Logarithm,
            Unary::LogarithmOnePlus,
            Unary::Sine,
            Unary::Cosine,
            Unary::Tangent,
            Unary::HyperbolicTangent,
            Unary::Sigmoid,
            Unary::Softplus,
            Unary::ErrorFunction,
            Unary::Floor,
            Unary::Ceiling,
            Unary::Round,
        ];
        IN_THE_LANGUAGE.into_iter().find(|op| op.name() == name)
    }
}

impl Binary {
    /// Its operator, or its name in the language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Minimum => "min",
            Self::Maximum => "max",
            Self::Power => "pow",
        }
    }
}

impl Comparison {
    /// Its operator in the language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = if self.arity == 1 {
            vec!["x".to_owned()]
        } else {
            (0..self.arity).map(|position| format!("x{position}")).collect()
        };
        let body = self.body(&names);
        match names.as_slice() {
            [name] => write!(f, "{name} -> {body}"),
            names => write!(f, "({}) -> {body}", names.join(", ")),
        }
    }
}

impl Function {
    /// The results as an expression in these names of the arguments; several results stand in parentheses.
    ///
    /// # Panics
    /// Where there are fewer names than arguments.
    #[must_use]
    pub fn body(&self, names: &[String]) -> String {
        let (bindings, results) = self.statements(names);
        let result = match results.as_slice() {
            [result] => result.clone(),
            results => format!("({})", results.join(", ")),
        };
        if bindings.is_empty() { result } else { format!("{{ {}; {result} }}", bindings.join("; ")) }
    }

    /// The same in parts: `v1 = …` for each value used more than once, and the expression of each result.
    ///
    /// # Panics
    /// Where there are fewer names than arguments.
    #[must_use]
    pub fn statements(&self, names: &[String]) -> (Vec<String>, Vec<String>) {
        let mut uses = vec![0_usize; self.nodes.len()];
        let operands = self.nodes.iter().flat_map(|op| op.operands().into_iter().flatten());
        for id in operands.chain(self.results.iter().copied()) {
            uses[id.index()] += 1;
        }
        let mut bindings: Vec<String> = Vec::new();
        let mut texts: Vec<Text> = Vec::with_capacity(self.nodes.len());
        for (id, op) in self.nodes.iter_with_ids() {
            let text = text_of(op, names, &texts);
            let leaf = matches!(op, Op::Constant(_) | Op::Argument(_));
            let long = text.words.len() > LONGEST && !self.results.contains(&id);
            texts.push(if !leaf && (uses[id.index()] > 1 || long) {
                let name = format!("v{}", bindings.len() + 1);
                bindings.push(format!("{name} = {}", text.words));
                Text::atom(name)
            } else {
                text
            });
        }
        let results = self.results.iter().map(|id| texts[id.index()].words.clone()).collect();
        (bindings, results)
    }
}

fn text_of(op: &Op, names: &[String], texts: &[Text]) -> Text {
    let at = |id: ValueId| &texts[id.index()];
    let infix = |a: ValueId, operator: &str, b: ValueId, binding: Binding, right: Binding| Text {
        words: format!("{} {operator} {}", at(a).within(binding), at(b).within(right)),
        binding,
    };
    match *op {
        Op::Constant(bits) => number(bits.value()),
        Op::Argument(position) => Text::atom(names[position].as_str()),
        Op::Unary(Unary::Negate, x) => {
            Text { words: format!("-{}", at(x).within(Binding::Atom)), binding: Binding::Negate }
        }
        Op::Unary(op, x) => Text::atom(format!("{}({})", op.name(), at(x).words)),
        Op::Binary(op, a, b) => match op {
            Binary::Add => infix(a, "+", b, Binding::Add, Binding::Multiply),
            Binary::Subtract => infix(a, "-", b, Binding::Add, Binding::Multiply),
            Binary::Multiply => infix(a, "*", b, Binding::Multiply, Binding::Negate),
            Binary::Divide => infix(a, "/", b, Binding::Multiply, Binding::Negate),
            Binary::Minimum | Binary::Maximum | Binary::Power => {
                Text::atom(format!("{}({}, {})", op.name(), at(a).words, at(b).words))
            }
        },
        Op::Compare(comparison, a, b) => infix(a, comparison.name(), b, Binding::Compare, Binding::Add),
        Op::And(a, b) => infix(a, "and", b, Binding::And, Binding::Not),
        Op::Or(a, b) => infix(a, "or", b, Binding::Or, Binding::And),
        Op::Not(a) => Text { words: format!("not {}", at(a).within(Binding::Not)), binding: Binding::Not },
        Op::Select { condition, yes, no } => Text {
            words: format!(
                "if {} then {} else {}",
                at(condition).within(Binding::Or),
                at(yes).within(Binding::Or),
                at(no).within(Binding::If)
            ),
            binding: Binding::If,
        },
    }
}

/// A number in shortest round-trip form.
fn number(value: f64) -> Text {
    let words = if value.is_nan() {
        return Text { words: "0 / 0".to_owned(), binding: Binding::Multiply };
    } else if value == value.trunc() && value.abs() < 1e15 {
        format!("{value}")
    } else {
        format!("{value:?}")
    };
    let binding = if value.is_sign_negative() { Binding::Negate } else { Binding::Atom };
    Text { words, binding }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_stand_in_the_fewest_parentheses_that_keep_their_meaning() {
        let function = Function::build(2, |b, x| {
            let sum = b.add(x[0], x[1]);
            let product = b.multiply(sum, x[0]);
            let difference = b.subtract(x[1], sum);
            vec![b.subtract(product, difference)]
        });
        assert_eq!(function.to_string(), "(x0, x1) -> { v1 = x0 + x1; v1 * x0 - (x1 - v1) }");
    }

    #[test]
    fn an_if_names_its_comparison_and_both_branches() {
        let relu = Function::build(1, |b, x| {
            let zero = b.constant(0.0);
            let negative = b.compare(Comparison::LessEqual, x[0], zero);
            vec![b.select(negative, zero, x[0])]
        });
        assert_eq!(relu.to_string(), "x -> if x <= 0 then 0 else x");
    }

    #[test]
    fn a_long_chain_prints_in_linear_length() {
        let chain = Function::build(1, |b, x| {
            let mut sum = x[0];
            for _ in 0..10_000 {
                let sine = b.unary(Unary::Sine, sum);
                sum = b.add(sine, x[0]);
            }
            vec![sum]
        });
        assert!(chain.to_string().len() < 400_000);
    }
}
