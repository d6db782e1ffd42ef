//! What is said on standard error: diagnostics, summaries, failures. A closed standard error silences it and nothing else.

use super::Failure;
use super::args::ColorChoice;
use crate::diagnostics::render::render;
use crate::diagnostics::{Diagnostic, Level};
use crate::source::Sources;
use anstream::AutoStream;
use std::io::{IsTerminal as _, Write as _};

/// Diagnostics that are drawn; the rest is counted. `--format json` has them all.
const MOST_DRAWN: usize = 200;

/// Standard error and the standing wish for colour.
#[derive(Debug)]
pub(super) struct Talk {
    wish: anstream::ColorChoice,
}

impl Talk {
    pub(super) fn new(choice: ColorChoice) -> Self {
        let wish = match choice {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        Self { wish }
    }

    /// The standing wish for colour.
    pub(super) const fn wish(&self) -> anstream::ColorChoice {
        self.wish
    }

    /// Writes text that may hold colours; they are left out where standard error does not want them.
    pub(super) fn say(&self, text: &str) {
        let mut stream = AutoStream::new(std::io::stderr().lock(), self.wish);
        // Nobody is left to be told that standard error is closed.
        let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
    }

    /// An empty line between the product and what is said of it, where both are read on one terminal.
    pub(super) fn gap(&self) {
        if std::io::stdout().is_terminal() && std::io::stderr().is_terminal() {
            self.say("\n");
        }
    }

    /// `error: message`, and what can be done.
    pub(super) fn failure(&self, failure: &Failure) {
        let message = crate::diagnostics::render::printable(&failure.message);
        self.say(&format!("\u{1b}[1;31merror\u{1b}[0m\u{1b}[1m: {message}\u{1b}[0m\n"));
        if let Some(help) = &failure.help {
            let help = crate::diagnostics::render::printable(help);
            self.say(&format!("  \u{1b}[36mhelp:\u{1b}[0m {help}\n"));
        }
    }

    /// Draws diagnostics, errors and warnings alike in their order, and counts them in a last line.
    pub(super) fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &Sources, name: &str) {
        for diagnostic in diagnostics.iter().take(MOST_DRAWN) {
            self.say(&format!("{}\n", render(diagnostic, sources, true)));
        }
        if let Some(more) = diagnostics.len().checked_sub(MOST_DRAWN).filter(|more| *more > 0) {
            self.say(&format!("… and {more} more; `--format json` has them all\n\n"));
        }
        if let Some(summary) = summary(diagnostics, name) {
            self.say(&summary);
        }
    }
}

/// `2 errors, 1 warning in digits.net (more: gradc explain E0201)`
fn summary(diagnostics: &[Diagnostic], name: &str) -> Option<String> {
    let first = diagnostics.iter().find(|diagnostic| diagnostic.is_error()).or(diagnostics.first())?;
    let counts: Vec<String> = [Level::Error, Level::Warning]
        .into_iter()
        .filter_map(|level| {
            let count = diagnostics.iter().filter(|diagnostic| diagnostic.level == level).count();
            match count {
                0 => None,
                1 => Some(format!("1 {level}")),
                _ => Some(format!("{count} {level}s")),
            }
        })
        .collect();
    let name = crate::diagnostics::render::printable(name);
    Some(format!("{} in {name}; `gradc explain {}` says more\n", counts.join(", "), first.code))
}
