//! Diagnostics as data. One function per diagnostic stands in the file of its stage (`syntax.rs`, `names.rs`,
//! `arguments.rs`, `shapes.rs`, `windows.rs`, `values.rs`, `data.rs`, `lints.rs`, `findings.rs`; `habits.rs` for what other languages write):
//! code, words, labels and help together.
//! `render.rs` draws them for people (on an `excerpt.rs` of the source, through `canvas.rs`, edits by `suggestion.rs`), `json.rs`
//! writes them for programs, `fix.rs` makes the edits that are certain, `pages.rs` explains their codes, `near.rs` finds the name that was probably meant.
//!
//! To add one: a function in its stage's file, a page `docs/codes/CODE.md` with an example, and the smallest `.net` that
//! earns it in `tests/diagnostics/`. The voice is rustc's: what is wrong in one line, names in backticks, the fix only in
//! `help`, no questions, no capital at the start, no full stop at the end.

mod canvas;
pub mod checkpoints;
pub mod data;
mod excerpt;
pub mod findings;
pub mod fix;
pub mod habits;
pub mod json;
pub mod near;
pub mod pages;
pub mod render;
mod suggestion;
pub mod syntax;
#[cfg(test)]
mod tests;

pub mod arguments;
pub mod lints;
pub mod names;
pub mod shapes;
pub mod values;
pub mod windows;

use crate::source::Span;
use std::fmt;

/// A stable code such as `E0201`; its meaning never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// The file cannot be compiled or run as it stands.
    Error,
    /// It can, and is probably not what was meant; or a finding about a run.
    Warning,
}

impl Level {
    /// `error` or `warning`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Words at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The exact characters meant.
    pub span: Span,
    /// One line; never empty.
    pub text: String,
}

/// Replace the characters of `span` by `replacement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced; empty to insert.
    pub span: Span,
    /// The new text.
    pub replacement: String,
}

/// Something the user can do, with the edit that does it where it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Help {
    /// One line.
    pub text: String,
    /// The edits that carry it out; empty where the user must decide.
    pub edits: Vec<Edit>,
    /// Whether the edits are what was meant without doubt, so that they may be made unseen.
    pub is_certain: bool,
}

/// One mistake, lint or finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which one it is.
    pub code: Code,
    /// How grave.
    pub level: Level,
    /// What is wrong, in one line that stands on its own.
    pub message: String,
    /// The place itself; absent where no source text is concerned (a file that cannot be opened).
    pub primary: Option<Label>,
    /// The other places that matter.
    pub secondary: Vec<Label>,
    /// Facts that help to understand.
    pub notes: Vec<String>,
    /// What can be done.
    pub helps: Vec<Help>,
}

impl Diagnostic {
    /// An error at a place.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self::new(code, Level::Error, message, Some(Label { span, text: label.into() }))
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self::new(code, Level::Warning, message, Some(Label { span, text: label.into() }))
    }

    /// An error that no source text is concerned with.
    #[must_use]
    pub fn error_without_place(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Level::Error, message, None)
    }

    fn new(code: Code, level: Level, message: impl Into<String>, primary: Option<Label>) -> Self {
        Self {
            code,
            level,
            message: message.into(),
            primary,
            secondary: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
        }
    }

    /// With another place that matters.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    /// With a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// With something to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(Help { text: text.into(), edits: Vec::new(), is_certain: false });
        self
    }

    /// With something to do and the edit that does it.
    #[must_use]
    pub fn fix(mut self, text: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        let edits = vec![Edit { span, replacement: replacement.into() }];
        self.helps.push(Help { text: text.into(), edits, is_certain: false });
        self
    }

    /// With the edit that is meant without doubt: `check --fix` makes it.
    #[must_use]
    pub fn rewrite(self, text: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        self.fix(text, span, replacement).certainly()
    }

    /// The last help is what was meant without doubt.
    #[must_use]
    pub fn certainly(mut self) -> Self {
        if let Some(help) = self.helps.last_mut() {
            help.is_certain = true;
        }
        self
    }

    /// Whether it is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
}
