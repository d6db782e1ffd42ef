//! Cuts a text into statements and blocks in one scan, whatever the text is, and reports what concerns the cutting:
//! characters and literals that are none, delimiters that do not pair, nesting that is too deep, statements that do not end
//! with their line. A mistake spoils its own statement only. Time and memory are linear in the text; the tree is never
//! deeper than `MAX_DEPTH`.

use super::mistakes::Mistakes;
use super::nesting::{MAX_DEPTH, MAX_ROW, Nesting};
use super::scanner::{self, Delimiter, Scanner, Token, TokenKind};
use crate::diagnostics::syntax;
use crate::source::{SourceId, Span};
use std::ops::Range;

/// A statement, or the head of a block with its body.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    /// From the first token to the last before the end or the `{`. Empty, at the `{`, where a block has no head.
    pub(super) range: Range<usize>,
    /// Its last token.
    pub(super) last: Range<usize>,
    /// What stands in braces after it.
    pub(super) body: Option<Body>,
    /// A mistake in it is reported already.
    pub(super) is_broken: bool,
    /// The statement goes on over the end of a line, outside brackets: the operator on either side of that end.
    pub(super) continuation: Option<Range<usize>>,
}

/// The statements between braces.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    /// The byte of the `{`.
    pub(super) open: usize,
    /// The byte of the `}`; absent where the text ended before.
    pub(super) close: Option<usize>,
    /// In order.
    pub(super) chunks: Vec<Chunk>,
}

/// Cuts `text`.
pub(super) fn split(text: &str, source: SourceId, mistakes: &mut Mistakes) -> Vec<Chunk> {
    let file = Frame::default();
    let scanner = Scanner::new(text);
    let mut splitter = Splitter {
        text,
        source,
        mistakes,
        scanner,
        frames: vec![file],
        pending: None,
        at_line_start: true,
        slip: None,
    };
    splitter.run();
    let file = splitter.frames.pop().expect("the file's own frame is never closed");
    file.body.chunks
}

/// Words that begin a top-level item.
pub const ITEM_WORDS: [&str; 12] = [
    "language",
    "param",
    "activation",
    "loss",
    "init",
    "block",
    "network",
    "data",
    "train",
    "report",
    "sweep",
    "expect",
];

/// Whether `word`, with what stands behind it, begins a top-level item rather than a setting or an argument of that name.
pub(super) fn begins_item(text: &str, word: &Range<usize>) -> bool {
    let next = Scanner::starting_at(text, word.end).next();
    let Some(next) = next else { return false };
    let is_name = next.kind == TokenKind::Word && !is_connective(&text[next.range.clone()]);
    let is_number = matches!(next.kind, TokenKind::Number | TokenKind::MalformedNumber);
    let is_block = next.kind == TokenKind::Open(Delimiter::Brace);
    match &text[word.clone()] {
        "param" | "activation" | "loss" | "init" => is_name || next.kind == TokenKind::MalformedNumber,
        "block" | "network" => is_name || is_block || next.kind == TokenKind::MalformedNumber,
        "data" | "train" | "report" | "sweep" => is_block,
        "expect" => is_name || is_number,
        "language" => is_number,
        _ => false,
    }
}

/// Words that stand between two parts of an expression or statement, so that neither ends there.
fn is_connective(word: &str) -> bool {
    matches!(word, "and" | "or" | "in" | "then" | "else" | "at" | "as")
}

/// A block whose `}` has not come.
#[derive(Debug, Default)]
struct Frame {
    head: Chunk,
    body: Body,
    /// The first top-level item that stands in it: its `}` is likely missing before.
    first_item: Option<Range<usize>>,
}

/// A delimiter that is open within a statement.
#[derive(Debug)]
struct Bracket {
    delimiter: Delimiter,
    at: usize,
}

/// The statement that is being read.
#[derive(Debug, Default)]
struct Pending {
    chunk: Chunk,
    brackets: Vec<Bracket>,
    /// How many of `brackets` are `(`, `[` and `{`.
    open: [usize; 3],
    nesting: Nesting,
    /// Its line has ended; the next token decides whether it has.
    has_ended: bool,
    /// Whether a statement cannot end with its last token.
    wants_more: bool,
    /// A comment that is none stands behind the last token.
    has_foreign_comment: bool,
    /// A string or comment without end has swallowed what closes the statement.
    is_cut_off: bool,
}

struct Splitter<'t, 'm> {
    text: &'t str,
    source: SourceId,
    mistakes: &'m mut Mistakes,
    scanner: Scanner<'t>,
    /// The file, then the blocks that are open.
    frames: Vec<Frame>,
    pending: Option<Pending>,
    at_line_start: bool,
    /// The first block whose `}` stands further left than its head, with that `}`: one is likely missing inside.
    slip: Option<(usize, usize)>,
}

impl Splitter<'_, '_> {
    fn run(&mut self) {
        while let Some(token) = self.scanner.next() {
            match token.kind {
                TokenKind::Comment => continue,
                TokenKind::ForeignComment => {
                    self.foreign_comment(&token);
                    continue;
                }
                TokenKind::Newline => {
                    self.end_line();
                    continue;
                }
                TokenKind::Semicolon if self.pending.as_ref().is_none_or(|pending| pending.brackets.is_empty()) => {
                    self.finish();
                }
                TokenKind::Close(Delimiter::Brace) => self.close_brace(&token),
                TokenKind::Open(Delimiter::Brace) => self.open_brace(&token),
                TokenKind::Open(delimiter) => {
                    self.begin(&token);
                    self.open_bracket(delimiter, &token);
                }
                TokenKind::Close(delimiter) => {
                    self.begin(&token);
                    self.close_bracket(delimiter, &token);
                }
                TokenKind::Word
                | TokenKind::Number
                | TokenKind::String
                | TokenKind::Operator
                | TokenKind::Semicolon
                | TokenKind::MalformedNumber
                | TokenKind::UnclosedString
                | TokenKind::SingleQuoted
                | TokenKind::Foreign => {
                    self.begin(&token);
                    self.check_literal(&token);
                    self.take(&token);
                }
            }
            self.at_line_start = false;
        }
        self.end_text();
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.source, range)
    }

    /// Makes sure that the token's statement is the pending one.
    fn begin(&mut self, token: &Token) {
        if self.at_line_start {
            self.end_at_line_start(token);
        }
        if self.pending.is_some() {
            return;
        }
        if token.kind == TokenKind::Word && self.frames.len() > 1 && begins_item(self.text, &token.range) {
            let frame = self.frames.last_mut().expect("the file's own frame is never closed");
            frame.first_item.get_or_insert(token.range.clone());
        }
        let chunk = Chunk { range: token.range.start..token.range.start, ..Chunk::default() };
        self.pending = Some(Pending { chunk, wants_more: true, ..Pending::default() });
    }

    /// Decides, at the first token of a line, whether it belongs to the statement before.
    fn end_at_line_start(&mut self, token: &Token) {
        let begins_assignment = self.begins_assignment(token);
        let Some(pending) = &mut self.pending else { return };
        let begins_item = token.kind == TokenKind::Word && begins_item(self.text, &token.range);
        if !pending.has_ended {
            if begins_item {
                self.report_unclosed_brackets(Some(&token.range));
                self.finish();
            }
            return;
        }
        let joint = if begins_with_connective(self.text, token) {
            Some(token.range.clone())
        } else if pending.wants_more && !begins_item && !begins_assignment {
            Some(pending.chunk.last.clone())
        } else {
            None
        };
        match joint {
            Some(joint) if !pending.is_cut_off => {
                pending.has_ended = false;
                pending.chunk.is_broken |= pending.has_foreign_comment;
                pending.chunk.continuation.get_or_insert(joint);
            }
            _ => self.finish(),
        }
    }

    /// Whether the token and the next are `name =` or `name :`.
    fn begins_assignment(&self, token: &Token) -> bool {
        let next = Scanner::starting_at(self.text, token.range.end).next();
        token.kind == TokenKind::Word && next.is_some_and(|next| matches!(&self.text[next.range], "=" | ":"))
    }

    fn end_line(&mut self) {
        self.at_line_start = true;
        let Some(pending) = &mut self.pending else { return };
        if pending.is_cut_off {
            pending.brackets.clear();
            pending.open = [0; 3];
            pending.nesting.clear();
        }
        pending.has_ended = pending.brackets.is_empty();
    }

    /// The pending statement is complete.
    fn finish(&mut self) {
        if let Some(pending) = self.pending.take() {
            self.chunks().push(pending.chunk);
        }
    }

    fn chunks(&mut self) -> &mut Vec<Chunk> {
        &mut self.frames.last_mut().expect("the file's own frame is never closed").body.chunks
    }

    fn pending(&mut self) -> &mut Pending {
        self.pending.as_mut().expect("a statement has begun")
    }

    /// The pending statement goes on with this token.
    fn take(&mut self, token: &Token) {
        let text = &self.text[token.range.clone()];
        let pending = self.pending.as_mut().expect("a statement has begun");
        let is_operand_wanted = pending.wants_more;
        let is_member = &self.text[pending.chunk.last.clone()] == ".";
        pending.chunk.range.end = token.range.end;
        pending.chunk.last = token.range.clone();
        pending.wants_more = false;
        let nesting = &mut pending.nesting;
        match (token.kind, text) {
            // The parts of a path may be called as they like.
            (TokenKind::Word, _) if is_member => return,
            (TokenKind::Word, "if") => nesting.condition(),
            (TokenKind::Word, "then") => nesting.consequent(),
            (TokenKind::Word, "else") => nesting.alternative(),
            (TokenKind::Word, "not") => nesting.negation(),
            (TokenKind::Word, "and" | "or") => nesting.infix(true),
            (TokenKind::Word, "in" | "at" | "as") => nesting.infix(false),
            (TokenKind::Word, _) => return,
            (TokenKind::Operator, "-") if is_operand_wanted => nesting.prefix(),
            (TokenKind::Operator, "^") => nesting.prefix(),
            (TokenKind::Operator, "," | ":" | "=") => {
                nesting.separator();
                // A comma at the end of a line is a habit, not a statement that goes on.
                pending.wants_more = text != "," || !pending.brackets.is_empty();
                return;
            }
            (TokenKind::Operator, ".") => return,
            (TokenKind::Operator, _) => nesting.infix(false),
            _ => return,
        }
        pending.wants_more = true;
        self.check_depth(&token.range);
    }

    /// Reports the pending statement, once, if it nests too deep at this token or its tree becomes too high.
    fn check_depth(&mut self, at: &Range<usize>) {
        let blocks = self.frames.len() - 1;
        let (span, pending) = (self.span(at.clone()), self.pending.as_mut().expect("a statement has begun"));
        let is_too_deep = blocks + pending.nesting.depth() > MAX_DEPTH;
        if pending.chunk.is_broken || !(is_too_deep || pending.nesting.row() > MAX_ROW) {
            return;
        }
        pending.chunk.is_broken = true;
        self.mistakes.report(|| {
            if is_too_deep {
                syntax::nested_too_deep(span, MAX_DEPTH)
            } else {
                syntax::expression_too_long(span, MAX_ROW)
            }
        });
    }

    fn open_bracket(&mut self, delimiter: Delimiter, token: &Token) {
        let pending = self.pending();
        pending.chunk.range.end = token.range.end;
        pending.chunk.last = token.range.clone();
        pending.wants_more = true;
        pending.brackets.push(Bracket { delimiter, at: token.range.start });
        pending.open[delimiter as usize] += 1;
        pending.nesting.open();
        self.check_depth(&token.range);
    }

    fn close_bracket(&mut self, delimiter: Delimiter, token: &Token) {
        let span = self.span(token.range.clone());
        let pending = self.pending.as_mut().expect("a statement has begun");
        pending.chunk.range.end = token.range.end;
        pending.chunk.last = token.range.clone();
        pending.wants_more = false;
        let opened = pending.brackets.last().map(|bracket| {
            let place = Span::new(self.source, bracket.at..bracket.at + 1);
            (bracket.delimiter, place)
        });
        let is_meant = pending.open[delimiter as usize] > 0;
        if opened.is_none_or(|(opened, _)| opened != delimiter) {
            if !pending.chunk.is_broken {
                self.mistakes.report(|| match opened {
                    None => syntax::stray_closer(span, delimiter.close(), delimiter.open()),
                    Some((opened, place)) if is_meant => {
                        syntax::unclosed_before(place, opened.open(), opened.close(), span, delimiter.close())
                    }
                    Some((opened, place)) => {
                        syntax::mismatched_closer(span, delimiter.close(), place, opened.open(), opened.close())
                    }
                });
            }
            pending.chunk.is_broken = true;
        }
        // Close up to the bracket that is meant; a closer that suits none is taken for the innermost's.
        while let Some(closed) = pending.brackets.pop() {
            pending.open[closed.delimiter as usize] -= 1;
            pending.nesting.close();
            if !is_meant || closed.delimiter == delimiter {
                break;
            }
        }
    }

    fn open_brace(&mut self, token: &Token) {
        let is_on_own_line = self.at_line_start && self.pending.as_ref().is_some_and(|pending| pending.has_ended);
        if is_on_own_line && self.takes_block() {
            let head = self.pending().chunk.range.clone();
            let (brace, gap) = (self.span(token.range.clone()), self.span(head.end..token.range.end));
            let is_blank = self.text[head.end..token.range.start].trim().is_empty();
            let head = self.span(head);
            if !self.pending().chunk.is_broken {
                self.mistakes.report(|| syntax::brace_on_own_line(brace, head, is_blank.then_some(gap)));
            }
            self.pending().has_ended = false;
            self.at_line_start = false;
        }
        self.begin(token);
        if !self.pending().brackets.is_empty() {
            let ends_line = Scanner::starting_at(self.text, token.range.end)
                .next()
                .is_none_or(|next| matches!(next.kind, TokenKind::Newline | TokenKind::Comment));
            if !ends_line {
                let span = self.span(token.range.clone());
                let outer = self.pending().brackets.last().map(|bracket| (bracket.delimiter.open(), bracket.at));
                if let Some((open, at)) = outer
                    && !self.pending().chunk.is_broken
                {
                    let outer = self.span(at..at + 1);
                    self.mistakes.report(|| syntax::brace_in_brackets(span, outer, open));
                }
                self.pending().chunk.is_broken = true;
                self.open_bracket(Delimiter::Brace, token);
                return;
            }
            self.report_unclosed_brackets(Some(&token.range));
        }
        let head = self.pending.take().expect("a statement has begun").chunk;
        if self.frames.len() > MAX_DEPTH {
            self.skip_too_deep(head, token);
            return;
        }
        let body = Body { open: token.range.start, ..Body::default() };
        self.frames.push(Frame { head, body, first_item: None });
    }

    /// Whether the pending statement may be the head of a block: it is neither a setting nor a definition.
    fn takes_block(&self) -> bool {
        let Some(pending) = &self.pending else { return false };
        let mut tokens = Scanner::starting_at(self.text, pending.chunk.range.start);
        let (Some(first), second) = (tokens.next(), tokens.next()) else { return false };
        let is_definition =
            matches!(&self.text[first.range.clone()], "param" | "activation" | "loss" | "init" | "expect" | "language");
        let is_item = self.frames.len() == 1 || begins_item(self.text, &first.range);
        let is_setting = second.is_some_and(|second| &self.text[second.range] == ":");
        first.kind == TokenKind::Word && !is_setting && !(is_item && is_definition)
    }

    /// The first `{` beyond the limit: reports it, and passes over all that it holds.
    fn skip_too_deep(&mut self, mut head: Chunk, token: &Token) {
        let span = self.span(token.range.clone());
        // Where the heads around it are spoilt already, so is this.
        if self.frames.last().is_some_and(|frame| !frame.head.is_broken) {
            self.mistakes.report(|| syntax::nested_too_deep(span, MAX_DEPTH));
        }
        for frame in self.frames.iter_mut().skip(1) {
            frame.head.is_broken = true;
        }
        head.is_broken = true;
        self.chunks().push(head);
        let mut depth = 1_usize;
        for token in self.scanner.by_ref() {
            match token.kind {
                TokenKind::Open(Delimiter::Brace) => depth += 1,
                TokenKind::Close(Delimiter::Brace) => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
        // What is open at the end of the text is told by the error above.
        while self.frames.len() > 1 {
            self.close_frame(None);
        }
    }

    fn close_brace(&mut self, token: &Token) {
        if let Some(pending) = &self.pending {
            if pending.open[Delimiter::Brace as usize] > 0 {
                self.close_bracket(Delimiter::Brace, token);
                return;
            }
            if !pending.brackets.is_empty() && !pending.is_cut_off {
                self.report_unclosed_brackets(Some(&token.range));
            }
            self.finish();
        }
        if self.frames.len() == 1 {
            let span = self.span(token.range.clone());
            self.mistakes.report(|| syntax::stray_closer(span, "}", "{"));
            return;
        }
        let frame = self.frames.last().expect("the file's own frame is never closed");
        let head = frame.head.range.start;
        if self.at_line_start && self.indentation(token.range.start) < self.indentation(head) {
            self.slip.get_or_insert((head, token.range.start));
        }
        self.close_frame(Some(token.range.start));
    }

    /// The bytes before the first character of the line that `at` stands on.
    fn indentation(&self, at: usize) -> usize {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[start..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    fn close_frame(&mut self, close: Option<usize>) {
        let Frame { mut head, mut body, .. } = self.frames.pop().expect("a block is open");
        body.close = close;
        head.body = Some(body);
        self.chunks().push(head);
    }

    /// The brackets open in the pending statement end before `end`, where they may not.
    fn report_unclosed_brackets(&mut self, end: Option<&Range<usize>>) {
        let pending = self.pending.as_mut().expect("a statement has begun");
        let place = |bracket: &Bracket| {
            (Span::new(self.source, bracket.at..bracket.at + 1), bracket.delimiter.open(), bracket.delimiter.close())
        };
        let mut places = pending.brackets.iter().rev().map(place);
        if let Some(innermost) = places.next()
            && !pending.chunk.is_broken
        {
            let end = end.map(|range| Span::new(self.source, range.clone()));
            let outer: Vec<_> = places.take(syntax::MAX_OUTER_LABELS).map(|(span, open, _)| (span, open)).collect();
            self.mistakes.report(|| syntax::unclosed_brackets(innermost, &outer, end));
        }
        pending.chunk.is_broken = true;
        pending.brackets.clear();
        pending.open = [0; 3];
        pending.nesting.clear();
    }

    fn end_text(&mut self) {
        let mut open: Vec<(Span, Delimiter)> = self
            .frames
            .iter()
            .skip(1)
            .map(|frame| (self.span(frame.body.open..frame.body.open + 1), Delimiter::Brace))
            .collect();
        if let Some(pending) = &mut self.pending
            && !pending.brackets.is_empty()
            && !pending.is_cut_off
        {
            // A statement whose mistake is reported has its brackets told by that.
            if !pending.chunk.is_broken {
                let brackets = pending.brackets.iter().rev().take(syntax::MAX_OUTER_LABELS + 1).rev();
                open.extend(
                    brackets.map(|bracket| (Span::new(self.source, bracket.at..bracket.at + 1), bracket.delimiter)),
                );
            }
            pending.chunk.is_broken = true;
        }
        self.finish();
        if let Some((innermost, delimiter)) = open.pop() {
            let outer: Vec<_> = open
                .iter()
                .rev()
                .take(syntax::MAX_OUTER_LABELS)
                .map(|(span, delimiter)| (*span, delimiter.open()))
                .collect();
            let item = self.frames.iter().rev().find_map(|frame| frame.first_item.clone()).map(|item| self.span(item));
            let slip = self.slip.map(|(head, close)| (self.span(head..head), self.span(close..close + 1)));
            let end = self.span(self.text.trim_end().len()..self.text.trim_end().len());
            self.mistakes.report(|| {
                syntax::unclosed_at_end((innermost, delimiter.open(), delimiter.close()), &outer, item, slip, end)
            });
        }
        while self.frames.len() > 1 {
            self.close_frame(None);
        }
    }

    fn foreign_comment(&mut self, token: &Token) {
        let text = &self.text[token.range.clone()];
        let span = self.span(token.range.clone());
        self.mistakes.report(|| syntax::foreign_comment(span, text));
        // Where the statement goes on behind it, it cannot be read.
        if let Some(pending) = &mut self.pending {
            pending.has_foreign_comment = true;
            pending.chunk.is_broken |= !pending.brackets.is_empty() || (!pending.has_ended && text.starts_with("/*"));
        }
    }

    /// Reports a literal that is none, and spoils its statement.
    fn check_literal(&mut self, token: &Token) {
        let text = &self.text[token.range.clone()];
        let span = self.span(token.range.clone());
        match token.kind {
            TokenKind::MalformedNumber => self.mistakes.report(|| syntax::malformed_number(span, text)),
            TokenKind::UnclosedString => self.mistakes.report(|| syntax::unclosed_string(span)),
            TokenKind::SingleQuoted => self.mistakes.report(|| syntax::single_quotes(span, text)),
            TokenKind::Foreign => {
                self.mistakes.report(|| syntax::foreign_sign(span, text, scanner::native_sign(text)));
            }
            TokenKind::String => {
                for escape in scanner::wrong_escapes(text) {
                    let (start, end) = (token.range.start + escape.start, token.range.start + escape.end);
                    let span = self.span(start..end);
                    self.mistakes.report(|| syntax::unknown_escape(span, &text[escape]));
                }
                return;
            }
            _ => return,
        }
        let pending = self.pending();
        pending.chunk.is_broken = true;
        pending.is_cut_off |= token.kind == TokenKind::UnclosedString;
    }
}

/// Whether the token can only go on with what stands before it.
fn begins_with_connective(text: &str, token: &Token) -> bool {
    match token.kind {
        TokenKind::Operator => true,
        // `at:` is a key.
        TokenKind::Word => {
            let next = Scanner::starting_at(text, token.range.end).next();
            is_connective(&text[token.range.clone()]) && next.is_none_or(|next| &text[next.range] != ":")
        }
        _ => false,
    }
}
