//! Words for statements that could not be read: what was expected and found, and what those write who come from another
//! language.

use super::parser::Expected;
use super::scanner::{Delimiter, Scanner, Token, TokenKind};
use super::splitter::{Chunk, ITEM_WORDS};
use crate::diagnostics::{Diagnostic, near, syntax};
use crate::source::{SourceId, Span};

/// Words that other languages have for our items.
const FOREIGN_ITEMS: [(&str, &str); 16] = [
    ("assert", "expect"),
    ("const", "param"),
    ("dataset", "data"),
    ("def", "activation"),
    ("fn", "activation"),
    ("fun", "activation"),
    ("func", "activation"),
    ("function", "activation"),
    ("let", "param"),
    ("model", "network"),
    ("module", "block"),
    ("net", "network"),
    ("parameter", "param"),
    ("training", "train"),
    ("val", "param"),
    ("var", "param"),
];

/// The words that no name may be.
const RESERVED: [&str; 17] = [
    "if", "then", "else", "and", "or", "not", "true", "false", "as", "in", "at", "pi", "e", "inf", "first", "last",
    "input",
];

/// Why the statement could not be read at the byte `at`.
pub(super) fn explain(text: &str, source: SourceId, chunk: &Chunk, at: usize, expected: &Expected) -> Diagnostic {
    let mut words = expected.words.clone();
    if expected.end {
        words.push(if chunk.body.is_some() { "`{`" } else { "the end of the statement" });
    }
    let found = if at < chunk.range.end {
        Scanner::starting_at(text, at).next()
    } else {
        let brace = chunk.body.as_ref().map(|body| body.open..body.open + 1);
        brace.map(|range| Token { kind: TokenKind::Open(Delimiter::Brace), range })
    };
    let Some(found) = found else {
        let last = Span::new(source, chunk.last.clone());
        return syntax::unexpected_end(last, &words);
    };
    let span = Span::new(source, found.range.clone());
    let found_text = &text[found.range.clone()];
    if expected.name && !expected.value && RESERVED.contains(&found_text) {
        return syntax::reserved_name(span, found_text);
    }
    let diagnostic = syntax::unexpected(span, &words, found_text);
    help(diagnostic, text, chunk, &found, expected)
}

/// With what can be done, where that is known.
fn help(diagnostic: Diagnostic, text: &str, chunk: &Chunk, found: &Token, expected: &Expected) -> Diagnostic {
    let Some(span) = diagnostic.primary.as_ref().map(|label| label.span) else { return diagnostic };
    let first = Scanner::starting_at(text, chunk.range.start).next().map_or("", |token| &text[token.range]);
    match &text[found.range.clone()] {
        "if" if expected.value => {
            diagnostic.help("within an expression, a choice stands in parentheses: `(if c then a else b)`")
        }
        "+" if expected.value => diagnostic.fix("numbers have no plus sign", span, ""),
        "=" if expected.operator => diagnostic.fix("two values are compared with `==`", span, "=="),
        "elif" | "elsif" | "elseif" if expected.operator => diagnostic.fix("write `else if`", span, "else if"),
        "," if expected.end => diagnostic.fix("statements end with their line, or with `;`", span, ";"),
        "." if expected.end && !expected.operator => {
            diagnostic.help("layers are written by their kind alone: `dense(30)`, `relu`")
        }
        _ if matches!(first, "for" | "while" | "loop") => {
            diagnostic.help("layers are repeated with `repeat n { … }` or `repeat n as i { … }`")
        }
        _ => diagnostic,
    }
}

/// Why a statement that does not begin with a word is no item.
pub(super) fn no_item(text: &str, source: SourceId, chunk: &Chunk) -> Diagnostic {
    let at = chunk.body.as_ref().filter(|_| chunk.range.is_empty()).map_or(chunk.range.start, |body| body.open);
    let token = Scanner::starting_at(text, at).next().expect("a statement has a token");
    syntax::unexpected(Span::new(source, token.range.clone()), &["an item"], &text[token.range])
}

/// The item that a word is probably meant to begin.
pub(super) fn meant_item(word: &str) -> Option<&'static str> {
    let foreign = FOREIGN_ITEMS.iter().find(|(foreign, _)| *foreign == word).map(|(_, item)| *item);
    foreign.or_else(|| near::nearest(word, ITEM_WORDS))
}

/// Why a statement whose first word is no item's is none.
pub(super) fn unknown_item(text: &str, source: SourceId, word: &Token, meant: Option<&str>) -> Diagnostic {
    let span = Span::new(source, word.range.clone());
    let name = &text[word.range.clone()];
    let next = Scanner::starting_at(text, word.range.end).next();
    match (meant, next.as_ref().map(|next| &text[next.range.clone()])) {
        (_, Some("=")) => syntax::assignment_outside(span, name),
        (_, Some(":")) => syntax::statement_outside(
            span,
            &format!("setting `{name}`"),
            "settings stand in `data`, `train`, `report`, `sweep` or `network NAME { … }`",
        ),
        (None, Some("(")) => syntax::statement_outside(
            span,
            &format!("`{name}`"),
            "layers stand in `network NAME { … }` or in a `block`",
        ),
        (meant, _) => syntax::unknown_item(span, name, meant),
    }
}
