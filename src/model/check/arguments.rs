//! Arguments to parameters: by position, then by name; each once, none unknown, none missing, each of its type.

use super::Checker;
use super::evaluate::describe;
use super::value::{Context, Scope, Value, Valued};
use crate::diagnostics::{Diagnostic, arguments, habits, values};
use crate::model::signature::{Argument, Arguments, Bounds, Otherwise, Parameter, Takes};
use crate::source::{Ident, Span};
use crate::syntax::ast;
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::habits::native_argument;
use std::rc::Rc;

/// A parameter, as far as arguments are matched to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<'a> {
    pub(super) name: &'a str,
    /// Whether it may be passed by position.
    pub(super) positional: bool,
    pub(super) required: bool,
    /// Whether it takes all positional arguments that those after it leave.
    pub(super) rest: bool,
}

impl<'a> Slot<'a> {
    /// The slot of a declared parameter.
    pub(super) fn of(parameter: &'a Parameter) -> Self {
        Self {
            name: parameter.name,
            positional: parameter.positional,
            required: parameter.otherwise == Otherwise::Required,
            rest: parameter.takes == Takes::Counts,
        }
    }
}

impl<'a> Checker<'a> {
    /// The arguments of each slot, in order; none where they cannot be told.
    pub(super) fn match_slots(
        &mut self,
        callee: &Ident,
        span: Span,
        slots: &[Slot<'_>],
        given: &'a [ast::Argument],
    ) -> Option<Vec<Vec<&'a Expr>>> {
        let mut matched: Vec<Vec<&'a Expr>> = vec![Vec::new(); slots.len()];
        let mut named: Vec<Option<Span>> = vec![None; slots.len()];
        let mut sound = true;
        for argument in given {
            let Some(name) = &argument.name else { continue };
            let Some(at) = slots.iter().position(|slot| slot.name == name.name) else {
                let valid: Vec<&str> = slots.iter().map(|slot| slot.name).collect();
                let native = native_argument(&name.name).filter(|native| valid.contains(native));
                self.report(match native {
                    Some(native) => habits::foreign_argument(name, callee, native),
                    None => arguments::unknown_argument(name, callee, &valid),
                });
                sound = false;
                continue;
            };
            if let Some(first) = named[at] {
                self.report(arguments::given_twice(name, first, "argument"));
                sound = false;
                continue;
            }
            named[at] = Some(name.span);
            matched[at].push(&argument.value);
        }
        let mut positional =
            given.iter().filter(|argument| argument.name.is_none()).map(|argument| &argument.value).peekable();
        let mut left = given.iter().filter(|argument| argument.name.is_none()).count();
        for (at, slot) in slots.iter().enumerate() {
            if !slot.positional || positional.peek().is_none() {
                continue;
            }
            if let Some(first) = named[at] {
                let second = positional.next().expect("one is left");
                self.report(arguments::given_by_position_and_name(slot.name, second.span, first));
                left -= 1;
                sound = false;
                continue;
            }
            let after = slots[at + 1..]
                .iter()
                .zip(&named[at + 1..])
                .filter(|(later, named)| later.positional && later.required && named.is_none())
                .count();
            let take = if slot.rest { left.saturating_sub(after) } else { 1 };
            for _ in 0..take {
                matched[at].extend(positional.next());
                left -= 1;
            }
        }
        let surplus: Vec<Span> = positional.map(|expr| expr.span).collect();
        if let (Some(first), Some(last)) = (surplus.first(), surplus.last()) {
            let most = slots.iter().filter(|slot| slot.positional).count();
            let by_name: Vec<&str> = slots.iter().filter(|slot| !slot.positional).map(|slot| slot.name).collect();
            self.report(arguments::too_many(callee, first.to(*last), most, &by_name));
            sound = false;
        }
        let missing: Vec<&str> = slots
            .iter()
            .zip(&matched)
            .filter(|(slot, matched)| slot.required && matched.is_empty())
            .map(|(slot, _)| slot.name)
            .collect();
        // An unknown name was probably meant for what is missing.
        if !missing.is_empty() && sound {
            self.report(arguments::missing(callee, span, &missing));
            sound = false;
        }
        sound.then_some(matched)
    }

    /// The arguments of a definition's or block's parameters, in order.
    pub(super) fn match_parameters(
        &mut self,
        callee: &Ident,
        span: Span,
        parameters: &'a [ast::Parameter],
        given: &'a [ast::Argument],
    ) -> Option<Vec<Option<&'a Expr>>> {
        let slots: Vec<Slot<'_>> = parameters
            .iter()
            .map(|parameter| Slot {
                name: &parameter.name.name,
                positional: true,
                required: parameter.default.is_none(),
                rest: false,
            })
            .collect();
        let matched = self.match_slots(callee, span, &slots, given)?;
        Some(matched.into_iter().map(|exprs| exprs.first().copied()).collect())
    }

    /// The checked arguments of a word; none where one is broken.
    pub(super) fn bind(
        &mut self,
        callee: &Ident,
        span: Span,
        parameters: &'static [Parameter],
        given: &'a [ast::Argument],
        scope: &Rc<Scope<'a>>,
        context: Context,
    ) -> Option<Arguments> {
        let slots: Vec<Slot<'_>> = parameters.iter().map(Slot::of).collect();
        let Some(matched) = self.match_slots(callee, span, &slots, given) else {
            for argument in given {
                self.look_into(&argument.value, scope, context);
            }
            return None;
        };
        self.take_all(parameters, &matched, span, scope, context)
    }

    /// Looks for mistakes in an argument that belongs nowhere.
    pub(super) fn look_into(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, context: Context) {
        if !matches!(expr.kind, ExprKind::Path(_) | ExprKind::Call { .. }) {
            self.value(expr, scope, context);
        }
    }

    /// Each argument as its parameter takes it.
    pub(super) fn take_all(
        &mut self,
        parameters: &'static [Parameter],
        matched: &[Vec<&'a Expr>],
        span: Span,
        scope: &Rc<Scope<'a>>,
        context: Context,
    ) -> Option<Arguments> {
        let mut bound = Arguments::default();
        let mut sound = true;
        for (parameter, exprs) in parameters.iter().zip(matched) {
            let (Some(first), Some(last)) = (exprs.first(), exprs.last()) else {
                let default = match (parameter.otherwise, parameter.takes) {
                    (Otherwise::Word(name), Takes::Activation) => {
                        Some(Argument::Activation(self.default_activation(name, span)))
                    }
                    _ => default_of(parameter),
                };
                if let Some(default) = default {
                    bound.push(parameter.name, default, span);
                }
                continue;
            };
            let taken = if parameter.takes == Takes::Counts {
                self.take_counts(parameter, exprs, scope, context)
            } else {
                self.take(parameter, first, scope, context)
            };
            match taken {
                Some(argument) => bound.push(parameter.name, argument, first.span.to(last.span)),
                None => sound = false,
            }
        }
        sound.then_some(bound)
    }

    fn take_counts(
        &mut self,
        parameter: &Parameter,
        exprs: &[&'a Expr],
        scope: &Rc<Scope<'a>>,
        context: Context,
    ) -> Option<Argument> {
        let mut counts = Vec::with_capacity(exprs.len());
        let mut sound = true;
        for expr in exprs {
            let valued = self.value(expr, scope, context);
            if let (Value::List(entries), 1) = (&valued.value, exprs.len()) {
                let entries = Rc::clone(entries);
                for entry in entries.iter() {
                    let count = self.count(entry, parameter.name, 1);
                    sound &= count.is_some();
                    counts.extend(count);
                }
                continue;
            }
            let count = self.count(&valued, parameter.name, 1);
            sound &= count.is_some();
            counts.extend(count);
        }
        sound.then_some(Argument::Counts(counts))
    }

    /// One argument as its parameter takes it.
    pub(super) fn take(
        &mut self,
        parameter: &Parameter,
        expr: &'a Expr,
        scope: &Rc<Scope<'a>>,
        context: Context,
    ) -> Option<Argument> {
        match parameter.takes {
            Takes::Count { least } => {
                let valued = self.operand_value(expr, scope, context);
                self.count(&valued, parameter.name, least).map(Argument::Count)
            }
            Takes::Counts => self.take_counts(parameter, &[expr], scope, context),
            Takes::Sizes { least, word } => self.take_sizes(parameter, (least, word), expr, scope, context),
            Takes::Number(bounds) => {
                let valued = self.operand_value(expr, scope, context);
                self.number_within(&valued, parameter.name, bounds).map(Argument::Number)
            }
            Takes::Boolean => {
                let valued = self.operand_value(expr, scope, context);
                self.boolean(&valued).map(Argument::Boolean)
            }
            Takes::Switch => self.switch(expr, scope, context).map(Argument::Boolean),
            Takes::Text => {
                let valued = self.operand_value(expr, scope, context);
                match valued.value {
                    Value::Text(text) => Some(Argument::Text(text.to_owned())),
                    Value::Unknown => None,
                    other => {
                        self.report(arguments::wrong_type(expr.span, "a string", &describe(&other)));
                        None
                    }
                }
            }
            Takes::Word(words) => self.one_of(words, expr, scope, context).map(Argument::Word),
            Takes::Activation => self.activation(expr, scope).map(Argument::Activation),
            Takes::Layer => unreachable!("layers are resolved where the network is expanded"),
        }
    }

    /// A size for all axes, a list of one for each, or the word that stands for them.
    fn take_sizes(
        &mut self,
        parameter: &Parameter,
        (least, word): (usize, Option<&'static str>),
        expr: &'a Expr,
        scope: &Rc<Scope<'a>>,
        context: Context,
    ) -> Option<Argument> {
        if let (Some(word), ExprKind::Path(path)) = (word, &expr.kind)
            && path.segments.is_empty()
            && self.named_value(&path.head, scope, context).is_none()
        {
            if path.head.name == word {
                return Some(Argument::Word(word));
            }
            let found = format!("`{}`", path.head.name);
            self.report(arguments::no_sizes(path.head.span, &found, word, Some(&path.head.name)));
            return None;
        }
        let valued = self.operand_value(expr, scope, context);
        let entries = match &valued.value {
            Value::List(entries) => Rc::clone(entries),
            Value::Text(_) if let Some(word) = word => {
                self.report(arguments::no_sizes(expr.span, &describe(&valued.value), word, None));
                return None;
            }
            _ => return self.count(&valued, parameter.name, least).map(|size| Argument::Sizes(vec![size])),
        };
        if entries.is_empty() {
            self.report(arguments::wrong_type(expr.span, "a number, or one for each axis", "an empty list"));
            return None;
        }
        let sizes: Vec<Option<usize>> = entries.iter().map(|entry| self.count(entry, parameter.name, least)).collect();
        sizes.into_iter().collect::<Option<Vec<usize>>>().map(Argument::Sizes)
    }

    /// One of some words, which stand for nothing but themselves.
    pub(super) fn one_of(
        &mut self,
        words: &'static [&'static str],
        expr: &'a Expr,
        scope: &Rc<Scope<'a>>,
        context: Context,
    ) -> Option<&'static str> {
        if let ExprKind::Path(path) = &expr.kind
            && path.segments.is_empty()
            && scope.find(&path.head.name).is_none()
        {
            let found = words.iter().copied().find(|word| *word == path.head.name);
            if found.is_some() {
                return found;
            }
            if self.named_value(&path.head, scope, context).is_none() {
                self.report(arguments::not_one_of(
                    path.head.span,
                    &format!("`{}`", path.head.name),
                    words,
                    Some(&path.head.name),
                ));
                return None;
            }
        }
        let valued = self.value(expr, scope, context);
        if !matches!(valued.value, Value::Unknown) {
            self.report(arguments::not_one_of(expr.span, &describe(&valued.value), words, None));
        }
        None
    }

    /// `on`, `off`, or a truth value.
    fn switch(&mut self, expr: &'a Expr, scope: &Rc<Scope<'a>>, context: Context) -> Option<bool> {
        if let ExprKind::Path(path) = &expr.kind
            && path.segments.is_empty()
            && self.named_value(&path.head, scope, context).is_none()
        {
            return self.one_of(&["on", "off"], expr, scope, context).map(|word| word == "on");
        }
        let valued = self.value(expr, scope, context);
        match valued.value {
            Value::Boolean(boolean) => Some(boolean),
            Value::Unknown => None,
            other => {
                self.report(arguments::not_one_of(expr.span, &describe(&other), &["on", "off"], None));
                None
            }
        }
    }

    /// A truth value.
    pub(super) fn boolean(&mut self, valued: &Valued<'a>) -> Option<bool> {
        match &valued.value {
            Value::Boolean(boolean) => Some(*boolean),
            Value::Unknown => None,
            other => {
                let found = describe(other);
                self.report_value(arguments::wrong_type(valued.span, "`true` or `false`", &found), valued.span);
                None
            }
        }
    }

    /// A whole number of at least `least`.
    pub(super) fn count(&mut self, valued: &Valued<'a>, what: &str, least: usize) -> Option<usize> {
        let number = self.number(valued)?;
        let what = format!("`{what}`");
        if number.fract() != 0.0 || !number.is_finite() {
            self.report_value(values::not_whole(valued.span, &what, number), valued.span);
            return None;
        }
        if number < least as f64 {
            self.report_value(values::too_small(valued.span, &what, number, least), valued.span);
            return None;
        }
        if number > super::LARGEST_COUNT {
            self.report_value(values::uncountable(valued.span, &what, number), valued.span);
            return None;
        }
        Some(number as usize)
    }

    /// A number within bounds.
    pub(super) fn number_within(&mut self, valued: &Valued<'a>, what: &str, bounds: Bounds) -> Option<f64> {
        let number = self.number(valued)?;
        if bounds.hold(number) {
            return Some(number);
        }
        let diagnostic = values::out_of_range(valued.span, &format!("`{what}`"), number, bounds.words());
        self.report_value(diagnostic, valued.span);
        None
    }

    /// Reports what is wrong with a value, with the place of the param that it comes from.
    pub(super) fn report_value(&mut self, diagnostic: Diagnostic, span: Span) {
        let name = self.sources.text(span);
        let place = self.params.place(name).filter(|place| *place != span);
        self.report(match place {
            Some(place) => diagnostic.label(place, format!("`{name}` is defined here")),
            None => diagnostic,
        });
    }
}

/// What stands for a parameter that is not passed.
fn default_of(parameter: &Parameter) -> Option<Argument> {
    Some(match (parameter.otherwise, parameter.takes) {
        (Otherwise::Required | Otherwise::Absent, _) => return None,
        (Otherwise::Count(count), Takes::Sizes { .. }) => Argument::Sizes(vec![count]),
        (Otherwise::Count(count), _) => Argument::Count(count),
        (Otherwise::Number(number), _) => Argument::Number(number),
        (Otherwise::Boolean(boolean), _) => Argument::Boolean(boolean),
        (Otherwise::Word(text), Takes::Text) => Argument::Text(text.to_owned()),
        (Otherwise::Word(word), _) => Argument::Word(word),
    })
}
