//! What an expression is worth before the network runs, and the scopes its names are looked up in.

use crate::scalar::ValueId;
use crate::source::{Ident, Span};
use crate::syntax::ast::Argument;
use std::collections::HashMap;
use std::rc::Rc;

/// The worth of an expression.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    /// A number known at compile time.
    Number(f64),
    /// A truth value known at compile time.
    Boolean(bool),
    /// A string.
    Text(&'a str),
    /// A list; no lists inside.
    List(Rc<[Valued<'a>]>),
    /// `start..end` of integers.
    Range(i64, i64),
    /// The name of an activation, init rule, loss or optimizer.
    Name(&'a Ident),
    /// The call of one, its arguments not yet evaluated: an init rule's may speak of fans.
    Call(Rc<Closure<'a>>),
    /// A number that the network, or a run, will know: a value of the scalar function being built.
    Scalar(ValueId),
    /// The same for a truth value.
    Truth(ValueId),
    /// Broken and reported, or not to be known here. Whatever comes of it is unknown too, and no mistake.
    Unknown,
}

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Valued<'a> {
    pub(super) value: Value<'a>,
    pub(super) span: Span,
}

/// A call whose arguments wait for the scope they were written in.
#[derive(Debug)]
pub(super) struct Closure<'a> {
    pub(super) callee: &'a Ident,
    pub(super) arguments: &'a [Argument],
    pub(super) scope: Rc<Scope<'a>>,
}

/// Whose names come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Home {
    /// The prelude sees itself only: what a user defines changes nothing in it.
    Prelude,
    /// A file sees itself, then the prelude.
    User,
}

/// Local names: parameters of a definition or block, the name of a `repeat`. Params lie outside all scopes.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    names: HashMap<&'a str, Valued<'a>>,
    parent: Option<Rc<Scope<'a>>>,
    pub(super) home: Home,
}

impl<'a> Scope<'a> {
    /// No local names.
    pub(super) fn root(home: Home) -> Rc<Self> {
        Rc::new(Self { names: HashMap::new(), parent: None, home })
    }

    /// Names inside a scope.
    pub(super) fn within(parent: &Rc<Self>, names: HashMap<&'a str, Valued<'a>>) -> Rc<Self> {
        Rc::new(Self { names, parent: Some(Rc::clone(parent)), home: parent.home })
    }

    /// The innermost local value of a name.
    pub(super) fn find(&self, name: &str) -> Option<&Valued<'a>> {
        let mut scope = self;
        loop {
            if let Some(found) = scope.names.get(name) {
                return Some(found);
            }
            scope = scope.parent.as_deref()?;
        }
    }

    /// All local names, for near misses.
    pub(super) fn names(&self) -> Vec<&'a str> {
        let mut names: Vec<&'a str> = Vec::new();
        let mut scope = Some(self);
        while let Some(present) = scope {
            names.extend(present.names.keys());
            scope = present.parent.as_deref();
        }
        names.sort_unstable();
        names
    }
}

/// Fans of the tensor that is drawn, as init rules see them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fans {
    pub(super) fan_in: f64,
    pub(super) fan_out: f64,
    pub(super) layer_count: f64,
}

/// The names that an init rule sees besides its own.
pub(super) const FAN_NAMES: [&str; 4] = ["fan_in", "fan_out", "fan_avg", "layer_count"];
/// The names that a loss sees besides its own.
pub(super) const LOSS_NAMES: [&str; 3] = ["outputs", "classes", "positions"];
/// The constants.
pub(super) const CONSTANTS: [(&str, f64); 3] =
    [("pi", std::f64::consts::PI), ("e", std::f64::consts::E), ("inf", f64::INFINITY)];

/// The names that the place of an expression adds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Context {
    /// None.
    Plain,
    /// An init rule's: the fans, or none while it is checked for itself.
    Init(Option<Fans>),
    /// A loss's: `outputs`, `classes`, `positions`, or none while it is checked for itself.
    Loss(Option<[f64; 3]>),
    /// An expectation's: the quantities of a run.
    Expectation,
}

impl Context {
    /// The value of a name that the place adds.
    pub(super) fn find<'a>(&self, name: &str) -> Option<Value<'a>> {
        let number = |known: Option<f64>| known.map_or(Value::Unknown, Value::Number);
        match self {
            Self::Plain | Self::Expectation => None,
            Self::Init(fans) => {
                let at = FAN_NAMES.iter().position(|fan| *fan == name)?;
                Some(number(fans.map(|fans| {
                    [fans.fan_in, fans.fan_out, f64::midpoint(fans.fan_in, fans.fan_out), fans.layer_count][at]
                })))
            }
            Self::Loss(counts) => {
                let at = LOSS_NAMES.iter().position(|count| *count == name)?;
                Some(number(counts.map(|counts| counts[at])))
            }
        }
    }

    /// The names that the place adds, for near misses.
    pub(super) fn names(&self) -> &'static [&'static str] {
        match self {
            Self::Plain => &[],
            Self::Init(_) => &FAN_NAMES,
            Self::Loss(_) => &LOSS_NAMES,
            Self::Expectation => &super::expectations::NUMBERS,
        }
    }
}
