//! What may be passed to a word of the language: parameters with their types and defaults, and arguments once they are checked.
//! Layer kinds, optimizers, schedules, data sources, distributions and the keys of settings blocks are all declared so.

use super::{Activation, Spanned};
use crate::graph::LayerId;
use crate::source::Span;

/// A parameter of a layer kind, optimizer, schedule, data source, distribution, or a key of a settings block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name, as in `name: value`.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What stands where nothing is passed.
    pub otherwise: Otherwise,
    /// Whether it may be passed by position.
    pub positional: bool,
    /// What it means, in one line.
    pub summary: &'static str,
}

impl Parameter {
    /// A parameter that must be passed, by position or by name.
    pub(super) const fn required(name: &'static str, takes: Takes, summary: &'static str) -> Self {
        Self { name, takes, otherwise: Otherwise::Required, positional: true, summary }
    }

    /// A parameter that may be left out, passed by position or by name.
    pub(super) const fn optional(
        name: &'static str,
        takes: Takes,
        otherwise: Otherwise,
        summary: &'static str,
    ) -> Self {
        Self { name, takes, otherwise, positional: true, summary }
    }

    /// A parameter that may be left out and is passed by name only.
    pub(super) const fn named(name: &'static str, takes: Takes, otherwise: Otherwise, summary: &'static str) -> Self {
        Self { name, takes, otherwise, positional: false, summary }
    }
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Takes {
    /// A whole number, at least this.
    Count {
        /// The smallest allowed.
        least: usize,
    },
    /// All positional arguments that remain: whole numbers of at least 1, one or more.
    Counts,
    /// A whole number of at least this, for all of some axes, or a list of one for each; or a word that stands for them.
    Sizes {
        /// The smallest allowed.
        least: usize,
        /// The word, where there is one.
        word: Option<&'static str>,
    },
    /// A number within bounds.
    Number(Bounds),
    /// `true` or `false`.
    Boolean,
    /// `on` or `off`, or a truth value.
    Switch,
    /// A string.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An activation.
    Activation,
    /// A layer's label or name.
    Layer,
}

/// The numbers that a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    /// Any finite number.
    Finite,
    /// Any number, infinities too.
    Any,
    /// 0 and above.
    NotNegative,
    /// Above 0.
    Positive,
    /// Above 0, infinity too.
    PositiveOrInfinite,
    /// Above 1.
    AboveOne,
    /// From 0 to 1, both included.
    Share,
    /// From 0 to 1, without 1.
    ShareBelowOne,
    /// Between 0 and 1, both left out.
    ShareBetween,
}

impl Bounds {
    /// Whether a number lies within.
    #[must_use]
    pub fn hold(self, number: f64) -> bool {
        match self {
            Self::Finite => number.is_finite(),
            Self::Any => !number.is_nan(),
            Self::NotNegative => number >= 0.0 && number.is_finite(),
            Self::Positive => number > 0.0 && number.is_finite(),
            Self::PositiveOrInfinite => number > 0.0,
            Self::AboveOne => number > 1.0 && number.is_finite(),
            Self::Share => (0.0..=1.0).contains(&number),
            Self::ShareBelowOne => (0.0..1.0).contains(&number),
            Self::ShareBetween => number > 0.0 && number < 1.0,
        }
    }

    /// What it takes, after "must be".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Finite => "a finite number",
            Self::Any => "a number",
            Self::NotNegative => "0 or more",
            Self::Positive | Self::PositiveOrInfinite => "greater than 0",
            Self::AboveOne => "greater than 1",
            Self::Share => "from 0 to 1",
            Self::ShareBelowOne => "from 0 to less than 1",
            Self::ShareBetween => "between 0 and 1",
        }
    }
}

/// The value of a parameter that is not passed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Otherwise {
    /// It must be passed.
    Required,
    /// Nothing; what that means the summary says.
    Absent,
    /// A whole number.
    Count(usize),
    /// A number.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// A word, or a string.
    Word(&'static str),
}

/// A checked argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A whole number.
    Count(usize),
    /// Several.
    Counts(Vec<usize>),
    /// One for all of some axes, or one for each.
    Sizes(Vec<usize>),
    /// A number.
    Number(f64),
    /// A truth value.
    Boolean(bool),
    /// A word of those allowed.
    Word(&'static str),
    /// A string.
    Text(String),
    /// An activation.
    Activation(Activation),
    /// An earlier layer.
    Layer(Reference),
}

/// What `add` and `concat` name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// The network's input.
    Input,
    /// An earlier layer.
    Layer(LayerId),
}

/// The checked arguments of one layer, optimizer, source …, by parameter name. A parameter without default that was not passed
/// has no entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arguments {
    entries: Vec<(&'static str, Argument, Span)>,
}

impl Arguments {
    /// Adds an argument; the span is the call's own where a default stands.
    pub(super) fn push(&mut self, name: &'static str, argument: Argument, span: Span) {
        self.entries.push((name, argument, span));
    }

    /// Adds the arguments of others.
    pub(super) fn append(&mut self, mut others: Self) {
        self.entries.append(&mut others.entries);
    }

    /// Every argument with its name, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Argument)> {
        self.entries.iter().map(|(name, argument, _)| (*name, argument))
    }

    /// The argument of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Argument> {
        self.entries.iter().find(|(entry, ..)| *entry == name).map(|(_, argument, _)| argument)
    }

    /// Where the argument of a name is written.
    #[must_use]
    pub fn span(&self, name: &str) -> Option<Span> {
        self.entries.iter().find(|(entry, ..)| *entry == name).map(|(.., span)| *span)
    }

    /// A whole number, where passed.
    #[must_use]
    pub fn count(&self, name: &str) -> Option<usize> {
        match self.get(name)? {
            Argument::Count(count) => Some(*count),
            other => unreachable!("`{name}` is declared a count and holds {other:?}"),
        }
    }

    /// Whole numbers; empty where not passed.
    #[must_use]
    pub fn counts(&self, name: &str) -> &[usize] {
        match self.get(name) {
            None => &[],
            Some(Argument::Counts(counts)) => counts,
            Some(other) => unreachable!("`{name}` is declared a run of counts and holds {other:?}"),
        }
    }

    /// One size for all axes or one for each; empty where not passed, or where a word stands for them.
    #[must_use]
    pub fn sizes(&self, name: &str) -> &[usize] {
        match self.get(name) {
            None | Some(Argument::Word(_)) => &[],
            Some(Argument::Sizes(sizes)) => sizes,
            Some(other) => unreachable!("`{name}` is declared to be sizes and holds {other:?}"),
        }
    }

    /// A number, where passed.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Argument::Number(number) => Some(*number),
            other => unreachable!("`{name}` is declared a number and holds {other:?}"),
        }
    }

    /// A truth value, where passed.
    #[must_use]
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Argument::Boolean(boolean) => Some(*boolean),
            other => unreachable!("`{name}` is declared a truth value and holds {other:?}"),
        }
    }

    /// A word, where passed.
    #[must_use]
    pub fn word(&self, name: &str) -> Option<&'static str> {
        match self.get(name)? {
            Argument::Word(word) => Some(word),
            Argument::Sizes(_) => None,
            other => unreachable!("`{name}` is declared a word and holds {other:?}"),
        }
    }

    /// A string with its place, where passed.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Spanned<String>> {
        match self.get(name)? {
            Argument::Text(text) => Some(Spanned { value: text.clone(), span: self.span(name)? }),
            other => unreachable!("`{name}` is declared a string and holds {other:?}"),
        }
    }

    /// An activation, where passed.
    #[must_use]
    pub fn activation(&self, name: &str) -> Option<&Activation> {
        match self.get(name)? {
            Argument::Activation(activation) => Some(activation),
            other => unreachable!("`{name}` is declared an activation and holds {other:?}"),
        }
    }

    /// An earlier layer, where passed.
    #[must_use]
    pub fn layer(&self, name: &str) -> Option<Reference> {
        match self.get(name)? {
            Argument::Layer(reference) => Some(*reference),
            other => unreachable!("`{name}` is declared a layer and holds {other:?}"),
        }
    }
}
