//! From text to tree: `parse` never fails; it returns what it understood, and diagnostics.
//!
//! The splitter cuts the text into statements in one scan; the parser reads each by itself, so that a mistake costs one
//! statement; the reader puts the tree together and notes what broken statements would have defined. Time is linear in the
//! text, and nothing recursive goes deeper than the splitter lets it.
//!
//! To add a form of statement: its rule in `grammar/net.pest`, its variant in `ast.rs`, its function in `parser.rs`, its
//! first word in `reader.rs`, its text in `print.rs`.
//!
//! `format.rs` writes a text in the one style, from its tokens: comments are kept there, and nowhere else.

pub mod ast;
pub mod format;
pub(crate) mod habits;
mod mistakes;
mod nesting;
mod parser;
mod precedence;
pub mod print;
mod reader;
mod recovery;
mod scanner;
pub mod spans;
mod splitter;
#[cfg(test)]
mod tests;

use crate::diagnostics::{Diagnostic, syntax};
use crate::source::{MAX_SOURCE_BYTES, SourceId, Sources, Span};
use mistakes::Mistakes;
pub use splitter::ITEM_WORDS;

/// The words that no name may be.
pub const RESERVED: [&str; 17] = [
    "if", "then", "else", "and", "or", "not", "true", "false", "as", "in", "at", "pi", "e", "inf", "first", "last",
    "input",
];

/// What was understood of a text, and every mistake found in it, in order of the text.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The tree, without the statements that could not be understood.
    pub file: ast::File,
    /// All of code `E01…`, all errors.
    pub diagnostics: Vec<Diagnostic>,
}

/// Parses one text. Never fails.
#[must_use]
pub fn parse(sources: &Sources, id: SourceId) -> Parsed {
    let text = &sources.get(id).text;
    if text.len() > MAX_SOURCE_BYTES {
        let file = ast::File { source: id, items: Vec::new(), poisoned: Vec::new() };
        return Parsed { file, diagnostics: vec![syntax::text_too_long(Span::new(id, 0..0), MAX_SOURCE_BYTES)] };
    }
    let mut mistakes = Mistakes::default();
    let chunks = splitter::split(text, id, &mut mistakes);
    let file = reader::read(text, id, &chunks, &mut mistakes);
    Parsed { file, diagnostics: mistakes.finish() }
}
