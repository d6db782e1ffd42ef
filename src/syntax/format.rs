//! The one style of `.net` texts. Only blanks, line ends, `;` and commas before a closing bracket change: every other token
//! and every comment stays as it is written, in its order, so that the tree stays the same.
//!
//! - Two blanks a level, one statement a line, at most `WIDTH` columns where brackets allow it. No `;` but in a block that
//!   stands on one line: such a block stays so while it fits.
//! - At most one blank line where there were some; none at the edges of a block.
//! - A bracket that does not fit has each of its elements on a line of its own, a comma behind each; a list of plain numbers
//!   and names is filled line by line. Expressions in brackets break before their loosest operators.
//! - Comments on lines of their own are indented as what follows; those at the end of a line stand two blanks behind it, and
//!   those of neighbouring lines below each other.
//!
//! `tree.rs` reads tokens into statements and brackets, `layout.rs` writes lines. Time is linear in the text.

mod layout;
#[cfg(test)]
mod tests;
mod tree;

use super::parse;
use super::scanner::{Scanner, TokenKind};
use super::spans::without_spans;
use crate::diagnostics::Diagnostic;
use crate::source::{MAX_SOURCE_BYTES, Source, SourceId, Sources};

/// The columns of a line.
pub const WIDTH: usize = 100;

/// The text in the one style.
///
/// # Errors
/// The mistakes of a text that does not parse: it is left as it is.
///
/// # Panics
/// Where the result would not mean the same: a mistake of the formatter, found before anything is written.
pub fn format(sources: &Sources, id: SourceId) -> Result<String, Vec<Diagnostic>> {
    let parsed = parse(sources, id);
    if !parsed.diagnostics.is_empty() {
        return Err(parsed.diagnostics);
    }
    let text = &sources.get(id).text;
    let formatted = layout::print(&tree::read(text));
    if formatted != *text && formatted.len() <= MAX_SOURCE_BYTES {
        let mut again = Sources::new();
        let id = again.add(Source::new("formatted", formatted.as_str()));
        let reparsed = parse(&again, id);
        assert!(without_spans(reparsed.file) == without_spans(parsed.file), "the formatter keeps the tree");
        assert!(comments(&formatted).eq(comments(text)), "the formatter keeps the comments");
    }
    Ok(formatted)
}

/// The comments of a text, in order, without the blanks at their ends.
fn comments(text: &str) -> impl Iterator<Item = &str> {
    let comments = Scanner::new(text).filter(|token| token.kind == TokenKind::Comment);
    comments.map(|token| text[token.range].trim_end())
}
