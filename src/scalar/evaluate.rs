//! The value of a function: `carry_out` runs it on any machine (the JIT's is vectors of lanes), `Evaluator` on single numbers,
//! which is the oracle of the JIT and the arithmetic of compile time.

use super::mathematics::{Sharing, binary, compare};
use super::{Arithmetic, Function, Lane, Op, ValueId};
use crate::arena::Id;

/// Runs a function on a machine: its results, in order, for these arguments.
///
/// # Panics
/// Where the number of arguments is not the function's arity.
pub fn carry_out<A: Arithmetic>(a: &mut A, function: &Function, arguments: &[A::Float]) -> Vec<A::Float> {
    let mut scratch = Scratch::default();
    let mut results = Vec::with_capacity(function.results.len());
    scratch.carry_out(a, function, arguments, |result| results.push(result));
    results
}

/// Evaluates one function at many points without allocating.
pub struct Evaluator<'f, T: Lane> {
    function: &'f Function,
    machine: T::Machine,
    scratch: Scratch<T::Machine>,
}

impl<'f, T: Lane> Evaluator<'f, T> {
    /// An evaluator of this function.
    #[must_use]
    pub fn new(function: &'f Function) -> Self {
        Self { function, machine: T::Machine::default(), scratch: Scratch::default() }
    }

    /// The results at a point, in order, replacing what `results` held.
    ///
    /// # Panics
    /// Where the number of arguments is not the function's arity.
    pub fn evaluate(&mut self, arguments: &[T], results: &mut Vec<T>) {
        results.clear();
        self.scratch.carry_out(&mut self.machine, self.function, arguments, |result| results.push(result));
    }

    /// The first result at a point.
    ///
    /// # Panics
    /// Where the number of arguments is not the function's arity, or there is no result.
    pub fn first(&mut self, arguments: &[T]) -> T {
        let mut first = None;
        self.scratch.carry_out(&mut self.machine, self.function, arguments, |result| {
            first.get_or_insert(result);
        });
        first.expect("a function that is evaluated has a result")
    }
}

impl Function {
    /// The results at a point, in order. For many points, keep an `Evaluator`.
    ///
    /// # Panics
    /// Where the number of arguments is not the function's arity.
    #[must_use]
    pub fn evaluate<T: Lane>(&self, arguments: &[T]) -> Vec<T> {
        let mut results = Vec::with_capacity(self.results.len());
        Evaluator::new(self).evaluate(arguments, &mut results);
        results
    }
}

enum Value<A: Arithmetic> {
    Number(A::Float),
    Truth(A::Mask),
}

impl<A: Arithmetic> Clone for Value<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Arithmetic> Copy for Value<A> {}

struct Scratch<A: Arithmetic> {
    values: Vec<Value<A>>,
    sharing: Sharing<A>,
}

impl<A: Arithmetic> Default for Scratch<A> {
    fn default() -> Self {
        Self { values: Vec::new(), sharing: Sharing::default() }
    }
}

impl<A: Arithmetic> Scratch<A> {
    fn carry_out(&mut self, a: &mut A, function: &Function, arguments: &[A::Float], mut result: impl FnMut(A::Float)) {
        assert_eq!(function.arity, arguments.len(), "a function is evaluated with as many arguments as it takes");
        self.values.clear();
        self.sharing.clear();
        for op in &function.nodes {
            let value = match *op {
                Op::Constant(bits) => Value::Number(a.constant(bits.value())),
                Op::Argument(position) => Value::Number(arguments[position]),
                Op::Unary(op, x) => Value::Number(self.sharing.unary(a, op, x, self.number(x))),
                Op::Binary(op, x, y) => {
                    let y_never_nan = match function.nodes[y] {
                        Op::Constant(bits) => !bits.value().is_nan(),
                        _ => false,
                    };
                    Value::Number(binary(a, op, self.number(x), self.number(y), y_never_nan))
                }
                Op::Compare(comparison, x, y) => Value::Truth(compare(a, comparison, self.number(x), self.number(y))),
                Op::And(x, y) => Value::Truth(a.mask_and(self.truth(x), self.truth(y))),
                Op::Or(x, y) => Value::Truth(a.mask_or(self.truth(x), self.truth(y))),
                Op::Not(x) => Value::Truth(a.mask_not(self.truth(x))),
                Op::Select { condition, yes, no } => {
                    Value::Number(a.select(self.truth(condition), self.number(yes), self.number(no)))
                }
            };
            self.values.push(value);
        }
        for id in &function.results {
            result(self.number(*id));
        }
    }

    fn number(&self, id: ValueId) -> A::Float {
        match self.values[id.index()] {
            Value::Number(number) => number,
            Value::Truth(_) => unreachable!("`verify` keeps numbers and truth values apart"),
        }
    }

    fn truth(&self, id: ValueId) -> A::Mask {
        match self.values[id.index()] {
            Value::Truth(mask) => mask,
            Value::Number(_) => unreachable!("`verify` keeps numbers and truth values apart"),
        }
    }
}
