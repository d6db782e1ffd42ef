//! Calls: of what is built in, of definitions, and `if`.

use super::Checker;
use super::definitions::{DefinitionId, Lookup};
use super::evaluate::{ArgumentKey, CallKey, State, describe};
use super::value::{Context, Scope, Value, Valued};
use crate::diagnostics::{arguments, names};
use crate::model::LossTerm;
use crate::model::intrinsics::{self, Intrinsic, ROW_FUNCTIONS};
use crate::source::Ident;
use crate::syntax::ast::{Argument, DefinitionKind, Expr, ExprKind};
use std::collections::HashMap;
use std::rc::Rc;

impl<'a> Checker<'a> {
    pub(super) fn call(
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
    pub(super) fn evaluate_arguments(
        &mut self,
        arguments: &'a [Argument],
        scope: &Rc<Scope<'a>>,
        state: &mut State<'a>,
    ) {
        for argument in arguments {
            // In an expectation the name of a layer is no mistake in itself.
            if let (ExprKind::Path(_), Context::Expectation) = (&argument.value.kind, state.context) {
                continue;
            }
            self.evaluate(&argument.value, scope, state);
        }
    }

    pub(super) fn report_unknown_function(&mut self, callee: &Ident, scope: &Rc<Scope<'a>>, context: Context) {
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

    pub(super) fn intrinsic_call(
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
    pub(super) fn row_call(
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
    pub(super) fn activation_call(
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
    pub(super) fn conditional(
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
