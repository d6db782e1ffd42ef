//! Elementwise nodes: a scalar function over tensors that repeat to one shape.
//!
//! Invariant: a map's function uses each of its arguments, no two of its inputs are one node, none is a constant, and its shape is
//! what its inputs repeat to.

use super::{Builder, NodeId, Op};
use crate::scalar::{self, Binary, Bits, Function, Unary, ValueId};
use crate::shape::{Precision, Shape};
use std::sync::Arc;

impl Builder<'_> {
    /// `function` of the elements of `inputs`, which have one rank, one precision, and in each axis the same extent or 1.
    ///
    /// # Panics
    /// Where the inputs do not agree, or are not as many as the function takes.
    pub fn map(&mut self, function: &Arc<Function>, inputs: &[NodeId]) -> NodeId {
        let first = inputs.first().expect("a map has inputs; what has none is a constant");
        let precision = self.precision(*first);
        assert!(inputs.iter().all(|input| self.precision(*input) == precision), "a map's inputs have one precision");
        self.map_in(precision, function, inputs)
    }

    /// The same in a precision of its own: each element is converted before the function sees it.
    ///
    /// # Panics
    /// Where the shapes do not agree, or the inputs are not as many as the function takes.
    pub fn map_in(&mut self, precision: Precision, function: &Arc<Function>, inputs: &[NodeId]) -> NodeId {
        assert_eq!(function.arity, inputs.len(), "a map gives its function all arguments");
        assert_eq!(function.results.len(), 1, "a map's function has one result");
        let shape = self.joined_shape(inputs);
        let (function, used) = self.specialized(function, inputs);
        if let Some(value) = function.constant_value() {
            return self.constant(value, shape, precision);
        }
        if let scalar::Op::Argument(_) = function.nodes[function.results[0]]
            && self.precision(used[0]) == precision
        {
            return self.broadcast(used[0], shape);
        }
        let own_shape = self.joined_shape(&used);
        let mapped = self.push(Op::Map(function), used, own_shape, precision);
        self.broadcast(mapped, shape)
    }

    /// One scalar operation on every element.
    pub fn unary(&mut self, operation: Unary, x: NodeId) -> NodeId {
        self.map(&Arc::new(Function::unary(operation)), &[x])
    }

    /// One scalar operation on every pair of elements; axes of extent 1 are put in front of the operand of lower rank.
    pub fn binary(&mut self, operation: Binary, a: NodeId, b: NodeId) -> NodeId {
        let rank = self.shape(a).rank().max(self.shape(b).rank());
        let (a, b) = (self.with_rank(a, rank), self.with_rank(b, rank));
        self.map(&Arc::new(Function::binary(operation)), &[a, b])
    }

    /// a + b, with `binary`'s broadcasting.
    pub fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.binary(Binary::Add, a, b)
    }

    /// a − b, with `binary`'s broadcasting.
    pub fn subtract(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.binary(Binary::Subtract, a, b)
    }

    /// a · b, with `binary`'s broadcasting.
    pub fn multiply(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.binary(Binary::Multiply, a, b)
    }

    /// a / b, with `binary`'s broadcasting.
    pub fn divide(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.binary(Binary::Divide, a, b)
    }

    /// The same numbers in another precision, each rounded once: a map of the identity.
    pub fn convert(&mut self, x: NodeId, precision: Precision) -> NodeId {
        if self.precision(x) == precision {
            return x;
        }
        self.map_in(precision, &Arc::new(Function::identity()), &[x])
    }

    /// The extents that all inputs repeat to: equal rank, equal extent or 1.
    fn joined_shape(&self, inputs: &[NodeId]) -> Shape {
        let mut shapes = inputs.iter().map(|input| self.shape(*input));
        let first = shapes.next().expect("a map has inputs").clone();
        shapes.fold(first, |joined, shape| {
            assert_eq!(joined.rank(), shape.rank(), "a map's inputs have one rank: {joined}, {shape}");
            joined.broadcast(shape).unwrap_or_else(|| panic!("a map's inputs agree in each axis: {joined}, {shape}"))
        })
    }

    /// The function with constant inputs put in, equal inputs made one argument, and unused ones left out; and the inputs that remain.
    fn specialized(&self, function: &Arc<Function>, inputs: &[NodeId]) -> (Arc<Function>, Vec<NodeId>) {
        let (mut function, mut inputs) = (Arc::clone(function), inputs.to_vec());
        loop {
            let mut remaining: Vec<NodeId> = Vec::new();
            let mut arguments: Vec<Argument> = Vec::new();
            for (position, input) in inputs.iter().enumerate() {
                arguments.push(if let Op::Constant(value) = self.graph().nodes[*input].op {
                    Argument::Number(value)
                } else if !uses(&function, position) {
                    Argument::Unused
                } else if let Some(same) = remaining.iter().position(|earlier| earlier == input) {
                    Argument::Position(same)
                } else {
                    remaining.push(*input);
                    Argument::Position(remaining.len() - 1)
                });
            }
            if remaining.len() == inputs.len() {
                return (function, inputs);
            }
            // with fewer arguments more may cancel: again, until nothing changes
            function = Arc::new(with_arguments(&function, &arguments, remaining.len()));
            inputs = remaining;
        }
    }
}

/// What becomes of an argument of a function.
#[derive(Clone, Copy, Debug)]
enum Argument {
    /// The new function's argument of this position.
    Position(usize),
    /// This number.
    Number(Bits),
    /// Nothing: the function does not use it.
    Unused,
}

/// Whether the function looks at an argument.
fn uses(function: &Function, argument: usize) -> bool {
    function.nodes.iter().any(|operation| *operation == scalar::Op::Argument(argument))
}

/// `function` over other arguments.
fn with_arguments(function: &Function, arguments: &[Argument], arity: usize) -> Function {
    Function::build(arity, |builder, given| {
        let values: Vec<ValueId> = arguments
            .iter()
            .map(|argument| match argument {
                Argument::Position(position) => given[*position],
                Argument::Number(value) => builder.constant(value.value()),
                Argument::Unused => builder.constant(0.0),
            })
            .collect();
        builder.inline(function, &values)
    })
}
