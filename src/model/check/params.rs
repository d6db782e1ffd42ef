//! The params of the file, in order, each with what `--set` says instead.

use super::evaluate::describe;
use super::value::{Context, FAN_NAMES, Home, Scope, Value, Valued};
use super::{Checker, Limits};
use crate::diagnostics::{arguments, names};
use crate::source::{Ident, Span};
use crate::syntax::ast::{DefinitionKind, Expr, File, Item, PoisonedRole};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};

/// A value that `--set` gives to a param, parsed from a source of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Override<'a> {
    pub(super) name: &'a Ident,
    pub(super) value: &'a Expr,
}

/// The params evaluated so far.
#[derive(Debug, Default)]
pub(super) struct Params<'a> {
    known: HashMap<&'a str, Valued<'a>>,
    places: HashMap<&'a str, Span>,
    poisoned: HashSet<&'a str>,
    /// How often all names were listed.
    searches: Cell<usize>,
}

impl<'a> Params<'a> {
    /// The value of a param above.
    pub(super) fn use_of(&self, name: &str) -> Option<Value<'a>> {
        match self.known.get(name) {
            Some(valued) => Some(valued.value.clone()),
            None => self.poisoned.contains(name).then_some(Value::Unknown),
        }
    }

    /// Where a param that is not above is defined after all.
    pub(super) fn defined_below(&self, name: &str) -> Option<Span> {
        if self.known.contains_key(name) { None } else { self.places.get(name).copied() }
    }

    /// Where a param is defined.
    pub(super) fn place(&self, name: &str) -> Option<Span> {
        self.places.get(name).copied()
    }

    /// All names, sorted, for near misses; none once it was asked for very often.
    pub(super) fn names(&self) -> Vec<&'a str> {
        self.searches.set(self.searches.get() + 1);
        if self.searches.get() > Limits::SEARCHES {
            return Vec::new();
        }
        let mut names: Vec<&str> = self.places.keys().chain(self.poisoned.iter()).copied().collect();
        names.sort_unstable();
        names
    }
}

impl<'a> Checker<'a> {
    /// Evaluates every param, whether used or not.
    pub(super) fn check_params(&mut self, file: &'a File, overrides: &[Override<'a>]) {
        for poisoned in &file.poisoned {
            if poisoned.role == PoisonedRole::Param {
                self.params.poisoned.insert(&poisoned.name.name);
            }
        }
        let params = || {
            file.items.iter().filter_map(|item| match item {
                Item::Param { name, value, .. } => Some((name, value)),
                Item::Language { .. }
                | Item::Definition(_)
                | Item::Block(_)
                | Item::Network(_)
                | Item::Settings(_)
                | Item::Expect(_) => None,
            })
        };
        for (name, _) in params() {
            self.params.places.entry(&name.name).or_insert(name.span);
        }
        self.report_unknown_overrides(overrides);
        for (name, value) in params() {
            self.check_param(name, value, overrides);
        }
    }

    fn report_unknown_overrides(&mut self, overrides: &[Override<'a>]) {
        for given in overrides {
            let name = given.name.name.as_str();
            if self.params.place(name).is_none() && !self.params.poisoned.contains(name) {
                self.report(names::unknown("param", given.name, self.params.names()));
            }
        }
    }

    fn check_param(&mut self, name: &'a Ident, value: &'a Expr, overrides: &[Override<'a>]) {
        let root = Scope::root(Home::User);
        let errors = self.sink.errors;
        let mut valued = self.value(value, &root, Context::Plain);
        self.check_choice(&valued);
        if self.sink.errors > errors {
            valued.value = Value::Unknown;
        }
        if let Some(given) = overrides.iter().rev().find(|given| given.name.name == name.name) {
            let errors = self.sink.errors;
            let mut instead = self.value(given.value, &root, Context::Plain);
            self.check_choice(&instead);
            if self.sink.errors == errors {
                self.check_same_type(name, &valued, &instead);
            }
            if self.sink.errors > errors {
                instead.value = Value::Unknown;
            }
            valued = instead;
        }
        if FAN_NAMES.contains(&name.name.as_str()) {
            self.report(names::fan_name(name));
            return;
        }
        if let Some(first) = self.params.known.get(name.name.as_str()).and(self.params.place(&name.name)) {
            self.report(names::defined_twice(name, first, "param"));
            return;
        }
        for kind in [DefinitionKind::Activation, DefinitionKind::Loss, DefinitionKind::Init] {
            if let Some(definition) = self.definitions.in_the_file(kind, &name.name) {
                self.report(names::param_and_definition(name, definition.name.span, kind.keyword()));
                valued.value = Value::Unknown;
            }
        }
        self.params.known.insert(&name.name, valued);
    }

    /// A value that stands for a param's own must be of its type.
    pub(super) fn check_same_type(&mut self, param: &Ident, own: &Valued<'a>, instead: &Valued<'a>) {
        if matches!(own.value, Value::Unknown) || matches!(instead.value, Value::Unknown) {
            return;
        }
        let (wanted, found) = (self.type_of(&own.value), self.type_of(&instead.value));
        if !wanted.iter().any(|kind| found.contains(kind)) {
            let wanted = wanted.first().copied().unwrap_or("a name");
            self.report(arguments::not_of_the_params_type(
                param,
                own.span,
                instead.span,
                wanted,
                &describe(&instead.value),
            ));
        }
    }

    /// What a value may be used as.
    fn type_of(&self, value: &Value<'a>) -> Vec<&'static str> {
        match value {
            Value::Number(_) | Value::Scalar(_) => vec!["a number"],
            Value::Boolean(_) | Value::Truth(_) => vec!["a truth value"],
            Value::Text(_) => vec!["a string"],
            Value::List(_) | Value::Range(..) => vec!["a list"],
            Value::Name(name) => self.roles(&name.name),
            Value::Call(closure) => self.roles(&closure.callee.name),
            Value::Unknown => Vec::new(),
        }
    }
}
