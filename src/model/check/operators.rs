//! Operators on values: arithmetic, comparisons, truth.

use super::Checker;
use super::evaluate::{State, build, compute, describe};
use super::value::{Scope, Value, Valued};
use crate::diagnostics::{arguments, values};
use crate::model::intrinsics::Meaning;
use crate::scalar::{Binary, Comparison, Unary, ValueId};
use crate::source::Span;
use crate::syntax::ast::{BinaryOperator, Expr, ExprKind, UnaryOperator};
use std::rc::Rc;

impl<'a> Checker<'a> {
    pub(super) fn unary(&mut self, operator: UnaryOperator, operand: &Valued<'a>, state: &mut State<'a>) -> Value<'a> {
        match (operator, &operand.value) {
            (_, Value::Unknown) => Value::Unknown,
            (UnaryOperator::Negate, Value::Number(number)) => Value::Number(-number),
            (UnaryOperator::Negate, Value::Scalar(id)) => Value::Scalar(state.builder().unary(Unary::Negate, *id)),
            (UnaryOperator::Not, Value::Boolean(boolean)) => Value::Boolean(!boolean),
            (UnaryOperator::Not, Value::Truth(id)) => Value::Truth(state.builder().not(*id)),
            (UnaryOperator::Negate, other) => {
                self.report(arguments::wrong_type(operand.span, "a number", &describe(other)));
                Value::Unknown
            }
            (UnaryOperator::Not, other) => {
                self.report(arguments::wrong_type(operand.span, "a truth value", &describe(other)));
                Value::Unknown
            }
        }
    }

    /// Operators of a left-leaning chain, `a + b + c + …`, without recursion along it.
    pub(super) fn binary_chain(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, state: &mut State<'a>) -> Value<'a> {
        let mut links = Vec::new();
        let mut leftmost = expr;
        while let ExprKind::Binary(operator, left, right) = &leftmost.kind {
            links.push((*operator, &**right, leftmost.span));
            leftmost = left;
        }
        let value = self.evaluate(leftmost, scope, state);
        let mut left = Valued { value, span: leftmost.span };
        for (operator, right, span) in links.into_iter().rev() {
            // `false and …` and `true or …` do not ask what the rest is worth, only whether it is well formed.
            let settled = matches!(
                (operator, &left.value),
                (BinaryOperator::And, Value::Boolean(false)) | (BinaryOperator::Or, Value::Boolean(true))
            );
            let value = self.unless_settled(settled, |checker| checker.evaluate(right, scope, state));
            let right = Valued { value, span: right.span };
            left = Valued { value: self.binary(operator, &left, &right, span, state), span };
        }
        left.value
    }

    /// Evaluates what does not matter for the result without reporting values out of range in it.
    pub(super) fn unless_settled<T>(&mut self, settled: bool, evaluate: impl FnOnce(&mut Self) -> T) -> T {
        if !settled {
            return evaluate(self);
        }
        self.sink.ignore_values += 1;
        let value = evaluate(self);
        self.sink.ignore_values -= 1;
        value
    }

    pub(super) fn binary(
        &mut self,
        operator: BinaryOperator,
        left: &Valued<'a>,
        right: &Valued<'a>,
        span: Span,
        state: &mut State<'a>,
    ) -> Value<'a> {
        match operator {
            BinaryOperator::And | BinaryOperator::Or => self.logical(operator, left, right, state),
            BinaryOperator::Add | BinaryOperator::Subtract | BinaryOperator::Multiply | BinaryOperator::Divide => {
                let meaning = match operator {
                    BinaryOperator::Add => Binary::Add,
                    BinaryOperator::Subtract => Binary::Subtract,
                    BinaryOperator::Multiply => Binary::Multiply,
                    _ => Binary::Divide,
                };
                self.arithmetic(Meaning::Binary(meaning), &[left.clone(), right.clone()], span, state)
            }
            BinaryOperator::Power => self.arithmetic(Meaning::Power, &[left.clone(), right.clone()], span, state),
            BinaryOperator::Less
            | BinaryOperator::LessEqual
            | BinaryOperator::Greater
            | BinaryOperator::GreaterEqual
            | BinaryOperator::Equal
            | BinaryOperator::NotEqual => self.comparison(operator, left, right, state),
        }
    }

    pub(super) fn logical(
        &mut self,
        operator: BinaryOperator,
        left: &Valued<'a>,
        right: &Valued<'a>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let mut sound = true;
        for side in [left, right] {
            match side.value {
                Value::Boolean(_) | Value::Truth(_) => {}
                Value::Unknown => sound = false,
                ref other => {
                    self.report(arguments::wrong_type(side.span, "a truth value", &describe(other)));
                    sound = false;
                }
            }
        }
        if !sound {
            return Value::Unknown;
        }
        let and = operator == BinaryOperator::And;
        if let (Value::Boolean(left), Value::Boolean(right)) = (&left.value, &right.value) {
            return Value::Boolean(if and { *left && *right } else { *left || *right });
        }
        let (Some(left), Some(right)) = (state.truth(&left.value), state.truth(&right.value)) else {
            unreachable!("both sides are truth values")
        };
        let builder = state.builder();
        Value::Truth(if and { builder.and(left, right) } else { builder.or(left, right) })
    }

    pub(super) fn comparison(
        &mut self,
        operator: BinaryOperator,
        left: &Valued<'a>,
        right: &Valued<'a>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let equality = matches!(operator, BinaryOperator::Equal | BinaryOperator::NotEqual);
        match (&left.value, &right.value) {
            (Value::Unknown, _) | (_, Value::Unknown) => return Value::Unknown,
            (Value::Boolean(a), Value::Boolean(b)) if equality => {
                return Value::Boolean((a == b) == (operator == BinaryOperator::Equal));
            }
            (Value::Text(a), Value::Text(b)) if equality => {
                return Value::Boolean((a == b) == (operator == BinaryOperator::Equal));
            }
            (Value::Name(a), Value::Name(b)) if equality => {
                return Value::Boolean((a.name == b.name) == (operator == BinaryOperator::Equal));
            }
            (Value::Number(a), Value::Number(b)) => {
                return Value::Boolean(match operator {
                    BinaryOperator::Less => a < b,
                    BinaryOperator::LessEqual => a <= b,
                    BinaryOperator::Greater => a > b,
                    BinaryOperator::GreaterEqual => a >= b,
                    BinaryOperator::Equal => a == b,
                    _ => a != b,
                });
            }
            _ => {}
        }
        let (Some(left), Some(right)) = (self.operand(left, state), self.operand(right, state)) else {
            return Value::Unknown;
        };
        let builder = state.builder();
        Value::Truth(match operator {
            BinaryOperator::Less => builder.compare(Comparison::Less, left, right),
            BinaryOperator::LessEqual => builder.compare(Comparison::LessEqual, left, right),
            BinaryOperator::Greater => builder.compare(Comparison::Less, right, left),
            BinaryOperator::GreaterEqual => builder.compare(Comparison::LessEqual, right, left),
            BinaryOperator::Equal => builder.compare(Comparison::Equal, left, right),
            _ => builder.compare(Comparison::NotEqual, left, right),
        })
    }

    /// A number as a node; what is none is reported.
    pub(super) fn operand(&mut self, valued: &Valued<'a>, state: &mut State<'a>) -> Option<ValueId> {
        match &valued.value {
            Value::Unknown => None,
            Value::Number(_) if state.builder.is_none() => None,
            Value::Number(_) | Value::Scalar(_) => state.node(&valued.value),
            other => {
                self.report(arguments::wrong_type(valued.span, "a number", &describe(other)));
                None
            }
        }
    }

    /// A numeric function of values: a number where all are known, a node where one is not.
    pub(super) fn arithmetic(
        &mut self,
        meaning: Meaning,
        operands: &[Valued<'a>],
        span: Span,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let mut numbers = Vec::with_capacity(operands.len());
        let (mut sound, mut known) = (true, true);
        for operand in operands {
            match &operand.value {
                Value::Number(number) => numbers.push(*number),
                Value::Scalar(_) => known = false,
                Value::Unknown => sound = false,
                other => {
                    self.report(arguments::wrong_type(operand.span, "a number", &describe(other)));
                    sound = false;
                }
            }
        }
        if !sound {
            return Value::Unknown;
        }
        if known {
            let result = compute(meaning, &numbers);
            if result.is_finite() {
                return Value::Number(result);
            }
            self.report(values::not_finite(span, result));
            return Value::Unknown;
        }
        let nodes: Vec<ValueId> =
            operands.iter().map(|operand| state.node(&operand.value).expect("every operand is a number")).collect();
        Value::Scalar(build(meaning, &nodes, state.builder()))
    }
}
