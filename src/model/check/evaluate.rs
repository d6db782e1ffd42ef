//! What an expression is worth: one evaluator for params, arguments, init rules, the bodies of activations and losses, and
//! expectations. What is known is computed in f64 by the formulas the network runs; what is not becomes a node of a scalar
//! function. Nothing here is superlinear in the text: a definition's call with the same arguments is evaluated once.

use super::Checker;
use super::definitions::{DefinitionId, Lookup};
use super::value::{CONSTANTS, Closure, Context, Home, Scope, Value, Valued};
use crate::diagnostics::{arguments, names, values};
use crate::model::intrinsics::{self, Intrinsic, Meaning, ROW_FUNCTIONS};
use crate::model::{LossTerm, Quantity};
use crate::scalar::{self, Binary, Comparison, Unary, ValueId};
use crate::source::{Ident, Span};
use crate::syntax::ast::{Argument, BinaryOperator, DefinitionKind, Expr, ExprKind, Path, UnaryOperator};
use std::collections::HashMap;
use std::rc::Rc;

/// Expressions and definitions may nest this deep altogether.
const DEEPEST: usize = 200;
/// The nodes that one definition may come to when all it calls is put in.
const MOST_NODES: usize = 50_000;

/// One evaluation: the function being built, and what its place adds.
pub(super) struct State<'a> {
    /// Where it stands.
    pub(super) context: Context,
    /// The function being built; none where all must be known.
    pub(super) builder: Option<scalar::Builder>,
    /// The arguments of the function that are a loss's terms, in order.
    pub(super) terms: Vec<LossTerm>,
    /// The arguments of the function that are a run's quantities, in order.
    pub(super) quantities: Vec<(Quantity, Span)>,
    /// The prediction, in a loss.
    pub(super) prediction: Option<ValueId>,
    calls: HashMap<CallKey, Value<'a>>,
    nodes: usize,
    depth: usize,
    /// The whole expression: what is told where it becomes too large.
    whole: Option<Span>,
}

/// A definition applied to arguments.
#[derive(PartialEq, Eq, Hash)]
struct CallKey {
    definition: DefinitionId,
    arguments: Vec<ArgumentKey>,
}

/// An argument of a definition, comparable.
#[derive(PartialEq, Eq, Hash)]
enum ArgumentKey {
    Number(u64),
    Boolean(bool),
    Scalar(ValueId),
    Truth(ValueId),
    Other,
    Absent,
}

impl State<'_> {
    /// An evaluation in which everything must be known.
    pub(super) fn known(context: Context) -> Self {
        Self {
            context,
            builder: None,
            terms: Vec::new(),
            quantities: Vec::new(),
            prediction: None,
            calls: HashMap::new(),
            nodes: 0,
            depth: 0,
            whole: None,
        }
    }

    /// An evaluation that builds a function.
    pub(super) fn building(context: Context, builder: scalar::Builder) -> Self {
        Self { builder: Some(builder), ..Self::known(context) }
    }

    fn builder(&mut self) -> &mut scalar::Builder {
        self.builder.as_mut().expect("a value that is not known yet is the value of a function being built")
    }

    /// A number as a node.
    pub(super) fn node(&mut self, value: &Value<'_>) -> Option<ValueId> {
        match value {
            Value::Number(number) => Some(self.builder().constant(*number)),
            Value::Scalar(id) => Some(*id),
            Value::Boolean(_)
            | Value::Truth(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Range(..)
            | Value::Name(_)
            | Value::Call(_)
            | Value::Unknown => None,
        }
    }

    fn truth(&mut self, value: &Value<'_>) -> Option<ValueId> {
        match value {
            Value::Boolean(boolean) => Some(self.builder().truth(*boolean)),
            Value::Truth(id) => Some(*id),
            Value::Number(_)
            | Value::Scalar(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Range(..)
            | Value::Name(_)
            | Value::Call(_)
            | Value::Unknown => None,
        }
    }
}

impl<'a> Checker<'a> {
    /// The worth of an expression where only compile-time values may stand.
    pub(super) fn value(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, context: Context) -> Valued<'a> {
        let value = self.place(expr, scope, &mut State::known(context));
        Valued { value, span: expr.span }
    }

    /// The worth of an expression where a number, truth value or string is wanted: a call in it is applied, never chosen.
    pub(super) fn operand_value(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, context: Context) -> Valued<'a> {
        let value = self.evaluate(expr, scope, &mut State::known(context));
        Valued { value, span: expr.span }
    }

    /// The worth of an expression in a place that takes names and calls of activations, init rules, losses and optimizers
    /// besides numbers.
    pub(super) fn place(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, state: &mut State<'a>) -> Value<'a> {
        match &expr.kind {
            ExprKind::Path(path) if path.segments.is_empty() => {
                if let Some(value) = self.named_value(&path.head, scope, state.context) {
                    return value;
                }
                if self.names_a_choice(&path.head.name, scope.home) {
                    return Value::Name(&path.head);
                }
                self.report_unknown_value(&path.head, scope, state.context);
                Value::Unknown
            }
            ExprKind::Call { callee, arguments }
                if intrinsics::find(&callee.name).is_none() && self.names_a_choice(&callee.name, scope.home) =>
            {
                Value::Call(Rc::new(Closure { callee, arguments, scope: Rc::clone(scope) }))
            }
            ExprKind::If(condition, yes, no) => self.conditional(expr, condition, yes, no, scope, state, Self::place),
            ExprKind::List(entries) => self.list(entries, scope, state),
            ExprKind::Path(_)
            | ExprKind::Call { .. }
            | ExprKind::Number(_)
            | ExprKind::Boolean(_)
            | ExprKind::String(_)
            | ExprKind::Range(..)
            | ExprKind::Unary(..)
            | ExprKind::Binary(..)
            | ExprKind::In(..) => self.evaluate(expr, scope, state),
        }
    }

    /// The worth of an expression as an operand: a number or a truth value, or what is neither, for the caller to refuse.
    pub(super) fn evaluate(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, state: &mut State<'a>) -> Value<'a> {
        let whole = *state.whole.get_or_insert(expr.span);
        if state.depth >= DEEPEST || state.nodes >= MOST_NODES {
            self.report(values::too_large(whole, state.depth >= DEEPEST));
            return Value::Unknown;
        }
        state.depth += 1;
        state.nodes += 1;
        let value = self.evaluate_inner(expr, scope, state);
        state.depth -= 1;
        value
    }

    fn evaluate_inner(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, state: &mut State<'a>) -> Value<'a> {
        match &expr.kind {
            ExprKind::Number(number) if number.is_finite() => Value::Number(*number),
            ExprKind::Number(_) => {
                self.report(values::not_finite(expr.span, f64::INFINITY));
                Value::Unknown
            }
            ExprKind::Boolean(boolean) => Value::Boolean(*boolean),
            ExprKind::String(text) => Value::Text(text),
            ExprKind::Path(path) => self.path(path, expr.span, scope, state),
            ExprKind::List(entries) => self.list(entries, scope, state),
            ExprKind::Range(start, end) => self.range(start, end, scope, state),
            ExprKind::Call { callee, arguments } => self.call(expr, callee, arguments, scope, state),
            ExprKind::Unary(operator, operand) => {
                let value = self.evaluate(operand, scope, state);
                self.unary(*operator, &Valued { value, span: operand.span }, state)
            }
            ExprKind::Binary(..) => self.binary_chain(expr, scope, state),
            ExprKind::In(value, _) => {
                let _ = self.evaluate(value, scope, state);
                self.report(arguments::in_outside_expect(expr.span));
                Value::Unknown
            }
            ExprKind::If(condition, yes, no) => {
                self.conditional(expr, condition, yes, no, scope, state, Self::evaluate)
            }
        }
    }

    /// The value of a name that has one: local names, what the place adds, params, constants.
    pub(super) fn named_value(&self, name: &Ident, scope: &Rc<Scope<'a>>, context: Context) -> Option<Value<'a>> {
        if let Some(local) = scope.find(&name.name) {
            return Some(local.value.clone());
        }
        if let Some(value) = context.find(&name.name) {
            return Some(value);
        }
        if scope.home == Home::User
            && let Some(param) = self.params.use_of(&name.name)
        {
            return Some(param);
        }
        CONSTANTS.iter().find(|(constant, _)| *constant == name.name).map(|(_, value)| Value::Number(*value))
    }

    fn report_unknown_value(&mut self, name: &Ident, scope: &Rc<Scope<'a>>, context: Context) {
        if let Some(later) = self.params.defined_below(&name.name) {
            self.report(names::param_below(name, later));
            return;
        }
        if super::value::FAN_NAMES.contains(&name.name.as_str()) {
            self.report(names::fan_out_of_place(name));
            return;
        }
        if super::value::LOSS_NAMES.contains(&name.name.as_str()) {
            self.report(names::outputs_out_of_place(name));
            return;
        }
        let mut candidates = scope.names();
        candidates.extend(context.names());
        candidates.extend(CONSTANTS.iter().map(|(constant, _)| *constant));
        candidates.extend(intrinsics::FUNCTIONS.iter().map(|function| function.name));
        if scope.home == Home::User {
            candidates.extend(self.params.names());
            candidates.extend(self.choices());
        }
        self.report(names::unknown("name", name, candidates));
    }

    fn path(&mut self, path: &'a Path, span: Span, scope: &Rc<Scope<'a>>, state: &mut State<'a>) -> Value<'a> {
        if let Context::Expectation = state.context
            && let Some(quantity) = self.named_quantity(path, span)
        {
            return self.quantity(quantity, span, state);
        }
        if !path.segments.is_empty() {
            self.report(names::path_is_no_value(&path.head, span));
            return Value::Unknown;
        }
        if let Some(value) = self.named_value(&path.head, scope, state.context) {
            return value;
        }
        if self.names_a_choice(&path.head.name, scope.home) {
            return Value::Name(&path.head);
        }
        self.report_unknown_value(&path.head, scope, state.context);
        Value::Unknown
    }

    /// A quantity of the run as an argument of the function being built.
    pub(super) fn quantity(&mut self, quantity: Option<Quantity>, span: Span, state: &mut State<'a>) -> Value<'a> {
        let Some(quantity) = quantity else { return Value::Unknown };
        let position = state.quantities.len();
        state.quantities.push((quantity, span));
        Value::Scalar(state.builder().argument(position))
    }

    fn list(&mut self, entries: &'a [Expr], scope: &Rc<Scope<'a>>, state: &mut State<'a>) -> Value<'a> {
        let mut values = Vec::with_capacity(entries.len());
        for entry in entries {
            let mut value = self.place(entry, scope, state);
            if let Value::List(_) | Value::Range(..) = value {
                self.report(arguments::wrong_type(
                    entry.span,
                    "a number, a truth value, a string or a name",
                    &describe(&value),
                ));
                value = Value::Unknown;
            }
            values.push(Valued { value, span: entry.span });
        }
        Value::List(values.into())
    }

    fn range(&mut self, start: &'a Expr, end: &'a Expr, scope: &Rc<Scope<'a>>, state: &mut State<'a>) -> Value<'a> {
        let (start, end) = (self.integer(start, scope, state), self.integer(end, scope, state));
        match (start, end) {
            (Some(start), Some(end)) => Value::Range(start, end),
            (None, _) | (_, None) => Value::Unknown,
        }
    }

    /// A whole number, as the ends of ranges are.
    fn integer(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, state: &mut State<'a>) -> Option<i64> {
        let value = self.evaluate(expr, scope, state);
        let number = self.number(&Valued { value, span: expr.span })?;
        if number.fract() != 0.0 || number.abs() > super::LARGEST_COUNT {
            self.report(values::not_whole(expr.span, "an end of a range", number));
            return None;
        }
        Some(number as i64)
    }

    /// The number of a value that must be one, known at compile time.
    pub(super) fn number(&mut self, valued: &Valued<'a>) -> Option<f64> {
        match &valued.value {
            Value::Number(number) => Some(*number),
            Value::Unknown => None,
            other => {
                let found = describe(other);
                let diagnostic = arguments::wrong_type(valued.span, "a number", &found);
                self.report_value(diagnostic, valued.span);
                None
            }
        }
    }

    fn unary(&mut self, operator: UnaryOperator, operand: &Valued<'a>, state: &mut State<'a>) -> Value<'a> {
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
    fn binary_chain(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, state: &mut State<'a>) -> Value<'a> {
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
    fn unless_settled<T>(&mut self, settled: bool, evaluate: impl FnOnce(&mut Self) -> T) -> T {
        if !settled {
            return evaluate(self);
        }
        self.sink.ignore_values += 1;
        let value = evaluate(self);
        self.sink.ignore_values -= 1;
        value
    }

    fn binary(
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

    fn logical(
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

    fn comparison(
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
    fn operand(&mut self, valued: &Valued<'a>, state: &mut State<'a>) -> Option<ValueId> {
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
    fn arithmetic(
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

    fn call(
        &mut self,
        expr: &'a Expr,
        callee: &'a Ident,
        arguments: &'a [Argument],
        scope: &Rc<Scope<'a>>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        if let Context::Expectation = state.context
            && let Some(quantity) = self.called_quantity(expr, callee, arguments, scope)
        {
            return self.quantity(quantity, expr.span, state);
        }
        if let Some(intrinsic) = intrinsics::find(&callee.name) {
            return self.intrinsic_call(intrinsic, expr, callee, arguments, scope, state);
        }
        if ROW_FUNCTIONS.contains(&callee.name.as_str()) {
            return self.row_call(expr, callee, arguments, scope, state);
        }
        match self.definitions.find(DefinitionKind::Activation, &callee.name, scope.home) {
            Lookup::Found(definition) => self.activation_call(definition, expr, callee, arguments, scope, state),
            Lookup::Poisoned => {
                self.evaluate_arguments(arguments, scope, state);
                Value::Unknown
            }
            Lookup::Missing => {
                self.evaluate_arguments(arguments, scope, state);
                self.report_unknown_function(callee, scope, state.context);
                Value::Unknown
            }
        }
    }

    /// Looks for mistakes in the arguments of a call that is broken itself.
    fn evaluate_arguments(&mut self, arguments: &'a [Argument], scope: &Rc<Scope<'a>>, state: &mut State<'a>) {
        for argument in arguments {
            // In an expectation the name of a layer is no mistake in itself.
            if let (ExprKind::Path(_), Context::Expectation) = (&argument.value.kind, state.context) {
                continue;
            }
            self.evaluate(&argument.value, scope, state);
        }
    }

    fn report_unknown_function(&mut self, callee: &Ident, scope: &Rc<Scope<'a>>, context: Context) {
        if let Some(role) = self.role_of(&callee.name, scope.home) {
            self.report(arguments::not_a_function(callee, role));
            return;
        }
        let mut candidates: Vec<&str> = intrinsics::FUNCTIONS.iter().map(|function| function.name).collect();
        candidates.extend(self.definitions.names(DefinitionKind::Activation, scope.home));
        if let Context::Expectation = context {
            candidates.extend(super::expectations::FUNCTIONS);
        }
        self.report(names::unknown("function", callee, candidates));
    }

    fn intrinsic_call(
        &mut self,
        intrinsic: &Intrinsic,
        expr: &'a Expr,
        callee: &'a Ident,
        arguments: &'a [Argument],
        scope: &Rc<Scope<'a>>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let mut operands = Vec::with_capacity(arguments.len());
        let mut sound = true;
        for argument in arguments {
            let value = self.evaluate(&argument.value, scope, state);
            operands.push(Valued { value, span: argument.value.span });
            if let Some(name) = &argument.name {
                self.report(arguments::function_takes_no_names(name, callee));
                sound = false;
            }
        }
        if operands.len() != intrinsic.arity() {
            self.report(arguments::arity(callee, expr.span, intrinsic.arity(), operands.len()));
            sound = false;
        }
        if sound { self.arithmetic(intrinsic.meaning, &operands, expr.span, state) } else { Value::Unknown }
    }

    /// `softmax(y)` and `log_softmax(y)` of a loss's prediction.
    fn row_call(
        &mut self,
        expr: &'a Expr,
        callee: &'a Ident,
        arguments: &'a [Argument],
        scope: &Rc<Scope<'a>>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let Some(prediction) = state.prediction else {
            self.evaluate_arguments(arguments, scope, state);
            self.report(arguments::not_elementwise(callee, expr.span));
            return Value::Unknown;
        };
        let [argument] = arguments else {
            self.evaluate_arguments(arguments, scope, state);
            self.report(arguments::arity(callee, expr.span, 1, arguments.len()));
            return Value::Unknown;
        };
        match self.evaluate(&argument.value, scope, state) {
            Value::Scalar(id) if id == prediction => {}
            Value::Unknown => return Value::Unknown,
            _ => {
                self.report(arguments::softmax_of_prediction_only(callee, argument.value.span));
                return Value::Unknown;
            }
        }
        let term = if callee.name == "softmax" { LossTerm::Softmax } else { LossTerm::LogSoftmax };
        let position = state.terms.iter().position(|known| *known == term).unwrap_or_else(|| {
            state.terms.push(term);
            state.terms.len() - 1
        });
        Value::Scalar(state.builder().argument(position))
    }

    /// An activation applied to a number within an expression.
    fn activation_call(
        &mut self,
        definition: DefinitionId,
        expr: &'a Expr,
        callee: &'a Ident,
        arguments: &'a [Argument],
        scope: &Rc<Scope<'a>>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        let parameters = self.definitions.parameters(definition);
        let matched = if self.definitions.is_broken(definition) {
            None
        } else {
            self.match_parameters(callee, expr.span, parameters, arguments)
        };
        let Some(bound) = matched else {
            self.evaluate_arguments(arguments, scope, state);
            return Value::Unknown;
        };
        let mut values = Vec::with_capacity(bound.len());
        for expr in bound {
            values.push(expr.map(|expr| Valued { value: self.evaluate(expr, scope, state), span: expr.span }));
        }
        self.apply(definition, values, state)
    }

    /// The body of a definition with its parameters bound; those without a value take their defaults.
    pub(super) fn apply(
        &mut self,
        definition: DefinitionId,
        given: Vec<Option<Valued<'a>>>,
        state: &mut State<'a>,
    ) -> Value<'a> {
        if self.definitions.is_broken(definition) {
            return Value::Unknown;
        }
        let key = CallKey { definition, arguments: given.iter().map(argument_key).collect() };
        if let Some(known) = state.calls.get(&key) {
            return known.clone();
        }
        let scope = self.bind_definition(definition, given, state);
        let body = &self.definitions.get(definition).body;
        let value = self.evaluate(body, &scope, state);
        state.calls.insert(key, value.clone());
        value
    }

    /// The scope of a definition's body. A default sees the parameters before it.
    pub(super) fn bind_definition(
        &mut self,
        definition: DefinitionId,
        given: Vec<Option<Valued<'a>>>,
        state: &mut State<'a>,
    ) -> Rc<Scope<'a>> {
        let parameters = self.definitions.parameters(definition);
        let root = Scope::root(self.definitions.home(definition));
        let mut bound = HashMap::with_capacity(parameters.len());
        for (parameter, given) in parameters.iter().zip(given) {
            let valued = match (given, &parameter.default) {
                (Some(valued), _) => valued,
                (None, Some(default)) => {
                    let scope = Scope::within(&root, bound.clone());
                    Valued { value: self.evaluate(default, &scope, state), span: default.span }
                }
                (None, None) => Valued { value: Value::Unknown, span: parameter.name.span },
            };
            bound.insert(parameter.name.name.as_str(), valued);
        }
        Scope::within(&root, bound)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one `if`, and how its branches are evaluated")]
    fn conditional(
        &mut self,
        expr: &'a Expr,
        condition: &'a Expr,
        yes: &'a Expr,
        no: &'a Expr,
        scope: &Rc<Scope<'a>>,
        state: &mut State<'a>,
        evaluate: fn(&mut Self, &'a Expr, &Rc<Scope<'a>>, &mut State<'a>) -> Value<'a>,
    ) -> Value<'a> {
        let truth = self.evaluate(condition, scope, state);
        let taken = match truth {
            Value::Boolean(taken) => Some(taken),
            Value::Truth(_) | Value::Unknown => None,
            ref other => {
                self.report(arguments::wrong_type(condition.span, "a truth value", &describe(other)));
                None
            }
        };
        let yes_value = self.unless_settled(taken == Some(false), |checker| evaluate(checker, yes, scope, state));
        let no_value = self.unless_settled(taken == Some(true), |checker| evaluate(checker, no, scope, state));
        if let Some(taken) = taken {
            return if taken { yes_value } else { no_value };
        }
        let Value::Truth(condition) = truth else { return Value::Unknown };
        match (&yes_value, &no_value) {
            (Value::Unknown, _) | (_, Value::Unknown) => Value::Unknown,
            (Value::Number(_) | Value::Scalar(_), Value::Number(_) | Value::Scalar(_)) => {
                let (Some(yes), Some(no)) = (state.node(&yes_value), state.node(&no_value)) else {
                    unreachable!("both branches are numbers")
                };
                Value::Scalar(state.builder().select(condition, yes, no))
            }
            (Value::Boolean(_) | Value::Truth(_), Value::Boolean(_) | Value::Truth(_)) => {
                let (Some(yes), Some(no)) = (state.truth(&yes_value), state.truth(&no_value)) else {
                    unreachable!("both branches are truth values")
                };
                let builder = state.builder();
                let refused = builder.not(condition);
                let (yes, no) = (builder.and(condition, yes), builder.and(refused, no));
                Value::Truth(builder.or(yes, no))
            }
            (yes_value, no_value) => {
                self.report(arguments::branches_differ(
                    expr.span,
                    (yes.span, &describe(yes_value)),
                    (no.span, &describe(no_value)),
                ));
                Value::Unknown
            }
        }
    }
}

fn argument_key(given: &Option<Valued<'_>>) -> ArgumentKey {
    match given.as_ref().map(|valued| &valued.value) {
        Some(Value::Number(number)) => ArgumentKey::Number(number.to_bits()),
        Some(Value::Boolean(boolean)) => ArgumentKey::Boolean(*boolean),
        Some(Value::Scalar(id)) => ArgumentKey::Scalar(*id),
        Some(Value::Truth(id)) => ArgumentKey::Truth(*id),
        Some(Value::Text(_) | Value::List(_) | Value::Range(..) | Value::Name(_) | Value::Call(_) | Value::Unknown) => {
            ArgumentKey::Other
        }
        None => ArgumentKey::Absent,
    }
}

/// The nodes of a numeric function.
fn build(meaning: Meaning, operands: &[ValueId], builder: &mut scalar::Builder) -> ValueId {
    match meaning {
        Meaning::Unary(operation) => builder.unary(operation, operands[0]),
        Meaning::Binary(operation) => builder.binary(operation, operands[0], operands[1]),
        Meaning::Power => builder.power(operands[0], operands[1]),
        Meaning::Relu => {
            let zero = builder.constant(0.0);
            let rectified = builder.compare(Comparison::LessEqual, operands[0], zero);
            builder.select(rectified, zero, operands[0])
        }
    }
}

/// A numeric function of numbers, in f64, by the formulas that the network runs.
pub(super) fn compute(meaning: Meaning, operands: &[f64]) -> f64 {
    let mut builder = scalar::Builder::new(operands.len());
    let arguments: Vec<ValueId> = operands.iter().map(|operand| builder.constant(*operand)).collect();
    let result = build(meaning, &arguments, &mut builder);
    let function = builder.finish(&[result]);
    function.evaluate(operands)[0]
}

/// A value in words, after "found".
pub(super) fn describe(value: &Value<'_>) -> String {
    match value {
        Value::Number(number) => format!("the number {number}"),
        Value::Boolean(boolean) => format!("the truth value `{boolean}`"),
        Value::Text(_) => "a string".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Range(start, end) => format!("the range {start}..{end}"),
        Value::Name(name) => format!("the name `{}`", name.name),
        Value::Call(closure) => format!("a call of `{}`", closure.callee.name),
        Value::Scalar(_) => "a number".to_owned(),
        Value::Truth(_) => "a truth value".to_owned(),
        Value::Unknown => "what is not known".to_owned(),
    }
}
