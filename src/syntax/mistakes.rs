//! The mistakes found in one text. Beyond a bound nothing more is kept, so that no text, however broken, costs more than a
//! moment; what was not read is told.

use crate::diagnostics::Diagnostic;

/// The most syntax errors reported of one text. Nobody reads so many; each costs time and memory.
pub(super) const MAX_MISTAKES: usize = 2000;

/// Collects diagnostics up to `MAX_MISTAKES`.
#[derive(Debug, Default)]
pub(super) struct Mistakes {
    kept: Vec<Diagnostic>,
    dropped: bool,
}

impl Mistakes {
    /// Adds one, if it is to be kept.
    pub(super) fn report(&mut self, diagnostic: impl FnOnce() -> Diagnostic) {
        if self.is_full() {
            self.dropped = true;
        } else {
            self.kept.push(diagnostic());
        }
    }

    /// Whether no further mistake is kept, so that looking for one is of no use.
    pub(super) fn is_full(&self) -> bool {
        self.kept.len() >= MAX_MISTAKES
    }

    /// A statement was not read because `is_full`.
    pub(super) fn skip(&mut self) {
        self.dropped = true;
    }

    /// All that were kept, in order of the text.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.kept.sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| label.span));
        if let Some(last) = self.kept.last_mut()
            && self.dropped
        {
            last.notes
                .push(format!("only the first {MAX_MISTAKES} syntax errors are reported; the text may hold more"));
        }
        self.kept
    }
}
