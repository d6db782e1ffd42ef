//! Words for statements that could not be read: what was expected and found, and what those write who come from another
//! language.

use super::parser::{Expected, Failure};
use super::scanner::{Delimiter, Scanner, Token, TokenKind};
use super::splitter::{Chunk, ITEM_WORDS};
use super::{RESERVED, habits};
use crate::diagnostics::habits::foreign_layer;
use crate::diagnostics::{Diagnostic, near, syntax};
use crate::source::{SourceId, Span};
use std::ops::Range;

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

/// Why the statement could not be read at the byte `at`. `end` is what follows a complete one.
pub(super) fn explain(text: &str, source: SourceId, chunk: &Chunk, failure: &Failure, end: &'static str) -> Diagnostic {
    let Failure { at, expected } = failure;
    let mut words = expected.words.clone();
    if expected.end {
        words.push(end);
    }
    let found = if *at < chunk.range.end {
        Scanner::starting_at(text, *at).next()
    } else {
        let brace = chunk.body.as_ref().map(|body| body.open..body.open + 1);
        brace.map(|range| Token { kind: TokenKind::Open(Delimiter::Brace), range })
    };
    let Some(found) = found else {
        return syntax::unexpected_end(Span::new(source, chunk.last.clone()), &words);
    };
    let span = Span::new(source, found.range.clone());
    let found_text = &text[found.range.clone()];
    let next = Scanner::starting_at(text, found.range.end).next().map_or("", |next| &text[next.range]);
    // Where a layer may stand too, only a label is a name.
    let is_name_expected = expected.name && !expected.value && (next == "=" || !expected.layer);
    if is_name_expected && RESERVED.contains(&found_text) {
        return syntax::reserved_name(span, found_text);
    }
    if let Some(rewrite) = habits::rewrite(&text[chunk.range.clone()]) {
        let whole = Span::new(source, chunk.range.clone());
        return foreign_layer(syntax::UNEXPECTED, whole, &rewrite, indent(text, chunk.range.start));
    }
    let diagnostic = syntax::unexpected(span, &words, found_text);
    let situation = Situation { text, source, chunk, found: &found, expected };
    situation.help(diagnostic)
}

/// The blanks that the line of the byte `at` begins with, where nothing else stands before it.
fn indent(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let before = &text[start..at];
    if before.trim().is_empty() { before } else { "" }
}

/// A statement that could not be read, and where.
struct Situation<'s> {
    text: &'s str,
    source: SourceId,
    chunk: &'s Chunk,
    found: &'s Token,
    expected: &'s Expected,
}

impl Situation<'_> {
    /// With what can be done, where that is known.
    fn help(&self, diagnostic: Diagnostic) -> Diagnostic {
        let expected = self.expected;
        let span = Span::new(self.source, self.found.range.clone());
        let mut tokens = Scanner::starting_at(self.text, self.chunk.range.start);
        let (first, second) = (tokens.next(), tokens.next());
        let word = |token: &Option<Token>| token.as_ref().map_or("", |token| &self.text[token.range.clone()]);
        match &self.text[self.found.range.clone()] {
            "if" if expected.value => {
                diagnostic.help("within an expression a choice stands in parentheses: `(if c then a else b)`")
            }
            "+" if expected.value => diagnostic.rewrite("a number has no plus sign", span, ""),
            "=" if expected.operator => diagnostic.fix("two values are compared with `==`", span, "=="),
            "elif" | "elsif" | "elseif" if expected.operator => diagnostic.rewrite("write `else if`", span, "else if"),
            "," if expected.end => {
                let next = Scanner::starting_at(self.text, self.found.range.end).next();
                let ends_line = next.is_none_or(|next| matches!(next.kind, TokenKind::Newline | TokenKind::Comment));
                let replacement = if ends_line { "" } else { ";" };
                diagnostic.rewrite("a statement ends with its line, or with `;`", span, replacement)
            }
            "." if expected.end && !expected.operator => {
                diagnostic.help("a layer is written by its kind alone: `dense(30)`, `relu`")
            }
            _ if matches!(word(&first), "for" | "while" | "loop") => {
                diagnostic.help("layers are repeated with `repeat n { … }` or `repeat n as i { … }`")
            }
            _ if expected.layer && word(&second) == "=" => self.fix_sign(diagnostic, first.as_ref(), second.as_ref()),
            _ if self.is_behind(first.as_ref()) && self.found.kind == TokenKind::Word && expected.words == ["`(`"] => {
                let after = first.map_or(span.range().start, |first| first.range.end);
                diagnostic.fix("between a label and its layer stands `=`", Span::new(self.source, after..after), " =")
            }
            _ => diagnostic,
        }
    }

    /// Whether what was found stands directly behind `token`.
    fn is_behind(&self, token: Option<&Token>) -> bool {
        let gap = token.and_then(|token| self.text.get(token.range.end..self.found.range.start));
        gap.is_some_and(|gap| gap.trim().is_empty())
    }

    /// `name = value` where no layer follows: a setting.
    fn fix_sign(&self, diagnostic: Diagnostic, name: Option<&Token>, sign: Option<&Token>) -> Diagnostic {
        let (Some(name), Some(sign)) = (name, sign) else { return diagnostic };
        let key = &self.text[name.range.clone()];
        let gap = Span::new(self.source, name.range.end..sign.range.end);
        let blank = if self.text[sign.range.end..].starts_with(' ') { "" } else { " " };
        let diagnostic = diagnostic.fix(format!("a setting is written `{key}: value`"), gap, format!(":{blank}"));
        if matches!(key, "loss" | "weights" | "biases" | "precision") { diagnostic.certainly() } else { diagnostic }
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
pub(super) fn unknown_item(
    text: &str,
    source: SourceId,
    (word, statement): (&Token, &Range<usize>),
    meant: Option<&str>,
) -> Diagnostic {
    let span = Span::new(source, word.range.clone());
    let name = &text[word.range.clone()];
    let next = Scanner::starting_at(text, word.range.end).next();
    if let Some(rewrite) = habits::rewrite_network(&text[statement.clone()]) {
        return foreign_layer(syntax::MISPLACED, Span::new(source, statement.clone()), &rewrite, "");
    }
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
