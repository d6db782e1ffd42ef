//! The only way to make a function. A `Builder` deduplicates, folds constants in f64 (compile-time arithmetic is f64 by
//! definition) and simplifies only where no bit of a result changes in either precision: `x·1`, `x + (−0)`, `−(−x)`, but never
//! `0·x`, `x + 0` or another association.

use super::mathematics::{binary_f64, compare_f64, unary_f64};
use super::{Binary, Bits, Comparison, Function, Nodes, Op, Unary, ValueId};
use crate::arena::Id;
use rustc_hash::FxHashMap;

/// The largest exponent n for which xⁿ is repeated multiplication; even beyond, and there every integer is even.
const LARGEST_EXPONENT: f64 = 9_007_199_254_740_992.0; // 2^53

/// A function in the making.
#[derive(Clone, Debug)]
pub struct Builder {
    arity: usize,
    nodes: Nodes,
    known: FxHashMap<Op, ValueId>,
}

impl Builder {
    /// An empty function of `arity` arguments.
    #[must_use]
    pub fn new(arity: usize) -> Self {
        Self { arity, nodes: Nodes::new(), known: FxHashMap::default() }
    }

    /// The number of arguments.
    #[must_use]
    pub fn arity(&self) -> usize {
        self.arity
    }

    /// The operation that makes a value.
    #[must_use]
    pub fn op(&self, value: ValueId) -> Op {
        self.nodes[value]
    }

    /// The number that a value is known to be.
    #[must_use]
    pub fn constant_value(&self, value: ValueId) -> Option<f64> {
        match self.op(value) {
            Op::Constant(bits) => Some(bits.value()),
            _ => None,
        }
    }

    /// The argument of a position.
    ///
    /// # Panics
    /// Where the function has no such argument.
    pub fn argument(&mut self, position: usize) -> ValueId {
        assert!(position < self.arity, "argument {position} of a function of {}", self.arity);
        self.intern(Op::Argument(position))
    }

    /// Every argument in order.
    pub fn arguments(&mut self) -> Vec<ValueId> {
        (0..self.arity).map(|position| self.argument(position)).collect()
    }

    /// A number.
    pub fn constant(&mut self, value: f64) -> ValueId {
        self.intern(Op::Constant(Bits::of(value)))
    }

    /// A truth value known at compile time.
    pub fn truth(&mut self, value: bool) -> ValueId {
        let zero = self.constant(0.0);
        let comparison = if value { Comparison::Equal } else { Comparison::Less };
        self.intern(Op::Compare(comparison, zero, zero))
    }

    /// The truth value that a value is known to be.
    #[must_use]
    pub fn truth_value(&self, value: ValueId) -> Option<bool> {
        let Op::Compare(comparison, a, b) = self.op(value) else { return None };
        Some(compare_f64(comparison, self.constant_value(a)?, self.constant_value(b)?))
    }

    /// A function of one number.
    pub fn unary(&mut self, op: Unary, x: ValueId) -> ValueId {
        if let Some(value) = self.constant_value(x) {
            return self.constant(unary_f64(op, value));
        }
        match (op, self.op(x)) {
            (Unary::Negate, Op::Unary(Unary::Negate, inner)) => inner,
            (Unary::Absolute, Op::Unary(Unary::Negate, inner)) => self.unary(Unary::Absolute, inner),
            (Unary::Absolute, Op::Unary(Unary::Absolute, _))
            | (Unary::Sign, Op::Unary(Unary::Sign, _))
            | (
                Unary::Floor | Unary::Ceiling | Unary::Round,
                Op::Unary(Unary::Floor | Unary::Ceiling | Unary::Round | Unary::Sign, _),
            ) => x,
            _ => self.intern(Op::Unary(op, x)),
        }
    }

    /// A function of two numbers.
    pub fn binary(&mut self, op: Binary, a: ValueId, b: ValueId) -> ValueId {
        if let (Some(x), Some(y)) = (self.constant_value(a), self.constant_value(b)) {
            if op == Binary::Power {
                return self.power(a, b);
            }
            return self.constant(binary_f64(op, x, y));
        }
        match op {
            Binary::Add => self.add(a, b),
            Binary::Subtract => self.subtract(a, b),
            Binary::Multiply => self.multiply(a, b),
            Binary::Divide => self.divide(a, b),
            Binary::Minimum => self.extreme(Binary::Minimum, f64::INFINITY, a, b),
            Binary::Maximum => self.extreme(Binary::Maximum, f64::NEG_INFINITY, a, b),
            Binary::Power => self.power(a, b),
        }
    }

    /// −x
    pub fn negate(&mut self, x: ValueId) -> ValueId {
        self.unary(Unary::Negate, x)
    }

    /// a + b
    pub fn add(&mut self, a: ValueId, b: ValueId) -> ValueId {
        if let (Some(x), Some(y)) = (self.constant_value(a), self.constant_value(b)) {
            return self.constant(x + y);
        }
        let minus_zero = Bits::of(-0.0);
        match (self.op(a), self.op(b)) {
            (Op::Constant(bits), _) if bits == minus_zero => b,
            (_, Op::Constant(bits)) if bits == minus_zero => a,
            (_, Op::Unary(Unary::Negate, inner)) => self.subtract(a, inner),
            (Op::Unary(Unary::Negate, inner), _) => self.subtract(b, inner),
            (_, Op::Constant(bits)) if bits.value() < 0.0 => {
                let positive = self.constant(-bits.value());
                self.intern(Op::Binary(Binary::Subtract, a, positive))
            }
            _ => self.commutative(Binary::Add, a, b),
        }
    }

    /// a − b
    pub fn subtract(&mut self, a: ValueId, b: ValueId) -> ValueId {
        if let (Some(x), Some(y)) = (self.constant_value(a), self.constant_value(b)) {
            return self.constant(x - y);
        }
        match (self.op(a), self.op(b)) {
            (_, Op::Constant(bits)) if bits == Bits::of(0.0) => a,
            (Op::Constant(bits), _) if bits == Bits::of(-0.0) => self.negate(b),
            (_, Op::Unary(Unary::Negate, inner)) => self.add(a, inner),
            (_, Op::Constant(bits)) if bits.value() < 0.0 => {
                let positive = self.constant(-bits.value());
                self.commutative(Binary::Add, a, positive)
            }
            _ => self.intern(Op::Binary(Binary::Subtract, a, b)),
        }
    }

    /// a · b
    pub fn multiply(&mut self, a: ValueId, b: ValueId) -> ValueId {
        if let (Some(x), Some(y)) = (self.constant_value(a), self.constant_value(b)) {
            return self.constant(x * y);
        }
        match (self.op(a), self.op(b)) {
            (Op::Constant(bits), _) if bits.value() == 1.0 => b,
            (_, Op::Constant(bits)) if bits.value() == 1.0 => a,
            (Op::Constant(bits), _) if bits.value() == -1.0 => self.negate(b),
            (_, Op::Constant(bits)) if bits.value() == -1.0 => self.negate(a),
            (Op::Unary(Unary::Negate, x), Op::Unary(Unary::Negate, y)) => self.multiply(x, y),
            (Op::Unary(Unary::Negate, x), Op::Constant(bits)) => {
                let negative = self.constant(-bits.value());
                self.multiply(x, negative)
            }
            (Op::Constant(bits), Op::Unary(Unary::Negate, x)) => {
                let negative = self.constant(-bits.value());
                self.multiply(negative, x)
            }
            (Op::Unary(Unary::Negate, x), _) => {
                let product = self.multiply(x, b);
                self.negate(product)
            }
            (_, Op::Unary(Unary::Negate, x)) => {
                let product = self.multiply(a, x);
                self.negate(product)
            }
            _ => self.commutative(Binary::Multiply, a, b),
        }
    }

    /// a / b
    pub fn divide(&mut self, a: ValueId, b: ValueId) -> ValueId {
        if let (Some(x), Some(y)) = (self.constant_value(a), self.constant_value(b)) {
            return self.constant(x / y);
        }
        match (self.op(a), self.op(b)) {
            (_, Op::Constant(bits)) if bits.value() == 1.0 => a,
            (_, Op::Constant(bits)) if bits.value() == -1.0 => self.negate(a),
            (_, Op::Constant(bits)) if has_exact_inverse(bits.value()) => {
                let inverse = self.constant(1.0 / bits.value());
                self.multiply(a, inverse)
            }
            (Op::Unary(Unary::Negate, x), Op::Unary(Unary::Negate, y)) => self.divide(x, y),
            (Op::Unary(Unary::Negate, x), _) => {
                let quotient = self.divide(x, b);
                self.negate(quotient)
            }
            (_, Op::Unary(Unary::Negate, y)) => {
                let quotient = self.divide(a, y);
                self.negate(quotient)
            }
            _ => self.intern(Op::Binary(Binary::Divide, a, b)),
        }
    }

    /// The smaller; the first where they are equal; NaN where either is. A constant always counts as the second.
    pub fn minimum(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.binary(Binary::Minimum, a, b)
    }

    /// The larger; the first where they are equal; NaN where either is. A constant always counts as the second.
    pub fn maximum(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.binary(Binary::Maximum, a, b)
    }

    /// aᵇ: repeated multiplication for a constant integer b, square roots for a constant half-integer (up to 8), otherwise
    /// `Power`, which is NaN for a < 0.
    pub fn power(&mut self, a: ValueId, b: ValueId) -> ValueId {
        let Some(exponent) = self.constant_value(b) else {
            return self.intern(Op::Binary(Binary::Power, a, b));
        };
        if exponent == exponent.trunc() && exponent.abs() <= LARGEST_EXPONENT {
            return self.integer_power(a, exponent);
        }
        if exponent == exponent.trunc() && exponent.is_finite() {
            let magnitude = self.unary(Unary::Absolute, a);
            return self.power_operation(magnitude, b);
        }
        let doubled = 2.0 * exponent;
        if doubled == doubled.trunc() && exponent.abs() < 8.0 {
            // x^(n + ½) = xⁿ·√x
            let root = self.unary(Unary::SquareRoot, a);
            let whole = self.integer_power(a, exponent.abs().trunc());
            let positive = self.multiply(whole, root);
            return if exponent < 0.0 { self.reciprocal(positive) } else { positive };
        }
        self.power_operation(a, b)
    }

    /// 1/x
    pub fn reciprocal(&mut self, x: ValueId) -> ValueId {
        let one = self.constant(1.0);
        self.divide(one, x)
    }

    /// A truth value from two numbers.
    pub fn compare(&mut self, comparison: Comparison, a: ValueId, b: ValueId) -> ValueId {
        if let (Some(x), Some(y)) = (self.constant_value(a), self.constant_value(b)) {
            return self.truth(compare_f64(comparison, x, y));
        }
        self.intern(Op::Compare(comparison, a, b))
    }

    /// a and b
    pub fn and(&mut self, a: ValueId, b: ValueId) -> ValueId {
        match (self.truth_value(a), self.truth_value(b)) {
            (Some(true), _) => b,
            (_, Some(true)) | (Some(false), _) => a,
            (_, Some(false)) => b,
            (None, None) if a == b => a,
            (None, None) => self.intern(Op::And(a, b)),
        }
    }

    /// a or b
    pub fn or(&mut self, a: ValueId, b: ValueId) -> ValueId {
        match (self.truth_value(a), self.truth_value(b)) {
            (Some(false), _) => b,
            (_, Some(false)) | (Some(true), _) => a,
            (_, Some(true)) => b,
            (None, None) if a == b => a,
            (None, None) => self.intern(Op::Or(a, b)),
        }
    }

    /// not a
    pub fn not(&mut self, a: ValueId) -> ValueId {
        if let Some(value) = self.truth_value(a) {
            return self.truth(!value);
        }
        match self.op(a) {
            Op::Not(inner) => inner,
            Op::Compare(Comparison::Equal, x, y) => self.compare(Comparison::NotEqual, x, y),
            Op::Compare(Comparison::NotEqual, x, y) => self.compare(Comparison::Equal, x, y),
            _ => self.intern(Op::Not(a)),
        }
    }

    /// `if condition then yes else no`
    pub fn select(&mut self, condition: ValueId, yes: ValueId, no: ValueId) -> ValueId {
        match self.truth_value(condition) {
            Some(true) => return yes,
            Some(false) => return no,
            None => {}
        }
        if let Op::Not(inner) = self.op(condition) {
            return self.select(inner, no, yes);
        }
        // A branch that asks the same again has its answer.
        let yes = match self.op(yes) {
            Op::Select { condition: again, yes, .. } if again == condition => yes,
            _ => yes,
        };
        let no = match self.op(no) {
            Op::Select { condition: again, no, .. } if again == condition => no,
            _ => no,
        };
        if yes == no {
            return yes;
        }
        self.intern(Op::Select { condition, yes, no })
    }

    /// Puts the operations of a function here, its arguments standing for these values; returns its results.
    ///
    /// # Panics
    /// Where the number of arguments is not the function's.
    pub fn inline(&mut self, function: &Function, arguments: &[ValueId]) -> Vec<ValueId> {
        let values = self.inline_all(function, arguments);
        function.results.iter().map(|result| values[result.index()]).collect()
    }

    /// As `inline`, but returns the value of every node.
    pub(super) fn inline_all(&mut self, function: &Function, arguments: &[ValueId]) -> Vec<ValueId> {
        assert_eq!(function.arity, arguments.len(), "a function is inlined with as many arguments as it takes");
        let mut values: Vec<ValueId> = Vec::with_capacity(function.nodes.len());
        for op in &function.nodes {
            let at = |id: ValueId| values[id.index()];
            let value = self.copy(*op, at, arguments);
            values.push(value);
        }
        values
    }

    /// One operation with its operands replaced.
    pub(super) fn copy(&mut self, op: Op, at: impl Fn(ValueId) -> ValueId, arguments: &[ValueId]) -> ValueId {
        match op {
            Op::Constant(bits) => self.constant(bits.value()),
            Op::Argument(position) => arguments[position],
            Op::Unary(op, x) => self.unary(op, at(x)),
            Op::Binary(Binary::Power, a, b) => self.power_operation(at(a), at(b)),
            Op::Binary(op, a, b) => self.binary(op, at(a), at(b)),
            Op::Compare(comparison, a, b) => self.compare(comparison, at(a), at(b)),
            Op::And(a, b) => self.and(at(a), at(b)),
            Op::Or(a, b) => self.or(at(a), at(b)),
            Op::Not(a) => self.not(at(a)),
            Op::Select { condition, yes, no } => self.select(at(condition), at(yes), at(no)),
        }
    }

    /// The function with these results. Operations that no result needs are left out, and the rest stand in the order in
    /// which the results need them, so that equal functions are equal values.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "operands and results are visited before they are needed")]
    pub fn finish(self, results: &[ValueId]) -> Function {
        enum Visit {
            Open(ValueId),
            Close(ValueId),
        }
        let mut nodes = Nodes::new();
        let mut places: Vec<Option<ValueId>> = vec![None; self.nodes.len()];
        let mut stack: Vec<Visit> = results.iter().rev().map(|result| Visit::Open(*result)).collect();
        while let Some(visit) = stack.pop() {
            match visit {
                Visit::Open(value) if places[value.index()].is_some() => {}
                Visit::Open(value) => {
                    stack.push(Visit::Close(value));
                    stack.extend(self.nodes[value].operands().into_iter().rev().flatten().map(Visit::Open));
                }
                Visit::Close(value) if places[value.index()].is_some() => {}
                Visit::Close(value) => {
                    let op = self.nodes[value].with_operands(|id| places[id.index()].expect("operands come first"));
                    places[value.index()] = Some(nodes.push(op));
                }
            }
        }
        let results = results.iter().map(|result| places[result.index()].expect("every result was visited")).collect();
        let function = Function { arity: self.arity, nodes, results };
        debug_assert_eq!(function.verify(), Ok(()));
        function
    }

    fn intern(&mut self, op: Op) -> ValueId {
        if let Some(value) = self.known.get(&op) {
            return *value;
        }
        let value = self.nodes.push(op);
        self.known.insert(op, value);
        value
    }

    /// a ∘ b where ∘ commutes to the bit: found in either order, kept in the order written.
    fn commutative(&mut self, op: Binary, a: ValueId, b: ValueId) -> ValueId {
        if let Some(value) = self.known.get(&Op::Binary(op, b, a)) {
            return *value;
        }
        self.intern(Op::Binary(op, a, b))
    }

    fn extreme(&mut self, op: Binary, neutral: f64, a: ValueId, b: ValueId) -> ValueId {
        // A tie keeps the left operand, and of two zeros that shows.
        let moves = self.constant_value(a).is_some_and(|number| number != 0.0);
        let (a, b) = if moves { (b, a) } else { (a, b) };
        if a == b || self.constant_value(b) == Some(neutral) {
            return a;
        }
        self.intern(Op::Binary(op, a, b))
    }

    /// aᵇ, not unfolded again.
    pub(super) fn power_operation(&mut self, a: ValueId, b: ValueId) -> ValueId {
        if let (Some(x), Some(y)) = (self.constant_value(a), self.constant_value(b)) {
            return self.constant(binary_f64(Binary::Power, x, y));
        }
        self.intern(Op::Binary(Binary::Power, a, b))
    }

    /// xⁿ by squaring: from the highest bit of n down.
    fn integer_power(&mut self, x: ValueId, exponent: f64) -> ValueId {
        let times = exponent.abs() as u64;
        if times == 0 {
            return self.constant(1.0);
        }
        let mut power = x;
        for bit in (0..times.ilog2()).rev() {
            power = self.multiply(power, power);
            if times >> bit & 1 == 1 {
                power = self.multiply(power, x);
            }
        }
        if exponent < 0.0 { self.reciprocal(power) } else { power }
    }
}

/// Whether 1/c is exact, and normal in f32 as in f64: c is ± a power of two of moderate size.
fn has_exact_inverse(c: f64) -> bool {
    let mantissa = c.to_bits() & ((1 << 52) - 1);
    mantissa == 0 && (1e-30..1e30).contains(&c.abs())
}
