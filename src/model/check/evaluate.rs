//! What an expression is worth: one evaluator for params, arguments, init rules, the bodies of activations and losses, and
//! expectations. What is known is computed in f64 by the formulas the network runs; what is not becomes a node of a scalar
//! function. Nothing here is superlinear in the text: a definition's call with the same arguments is evaluated once.

use super::Checker;
use super::definitions::DefinitionId;
use super::value::{CONSTANTS, Closure, Context, Home, Scope, Value, Valued};
use crate::diagnostics::{arguments, names, values};
use crate::model::intrinsics::{self, Meaning};
use crate::model::{LossTerm, Quantity};
use crate::scalar::{self, Comparison, ValueId};
use crate::source::{Ident, Span};
use crate::syntax::ast::{Expr, ExprKind, Path};
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
    pub(super) calls: HashMap<CallKey, Value<'a>>,
    pub(super) nodes: usize,
    pub(super) depth: usize,
    /// The whole expression: what is told where it becomes too large.
    pub(super) whole: Option<Span>,
}

/// A definition applied to arguments.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct CallKey {
    pub(super) definition: DefinitionId,
    pub(super) arguments: Vec<ArgumentKey>,
}

/// An argument of a definition, comparable.
#[derive(PartialEq, Eq, Hash)]
pub(super) enum ArgumentKey {
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

    pub(super) fn builder(&mut self) -> &mut scalar::Builder {
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

    pub(super) fn truth(&mut self, value: &Value<'_>) -> Option<ValueId> {
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
}

/// The nodes of a numeric function.
pub(super) fn build(meaning: Meaning, operands: &[ValueId], builder: &mut scalar::Builder) -> ValueId {
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
