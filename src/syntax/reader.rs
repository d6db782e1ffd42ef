//! From the splitter's tree to the file's: the first word of a statement decides what it is, the parser reads it, and a
//! statement that is broken leaves behind what it would have defined, so that nothing further is reported of it.

use super::ast::{
    Block, Definition, DefinitionKind, Expect, Expr, File, Item, Layer, Network, Poisoned, PoisonedRole, Repeat,
    Setting, Settings, SettingsKind, Statement,
};
use super::mistakes::Mistakes;
use super::parser::{Failure, Parser};
use super::recovery;
use super::scanner::{Scanner, Token, TokenKind};
use super::splitter::{Body, Chunk, begins_item};
use crate::diagnostics::syntax;
use crate::source::{Ident, SourceId, Span};
use std::ops::Range;

/// What follows a complete statement, and a complete head, in words.
const STATEMENT_END: &str = "the end of the statement";
const HEAD_END: &str = "`{`";

/// Reads the statements of a text.
pub(super) fn read(text: &str, source: SourceId, chunks: &[Chunk], mistakes: &mut Mistakes) -> File {
    let file = File { source, items: Vec::new(), poisoned: Vec::new() };
    let mut reader =
        Reader { text, parser: Parser { text, source, mistakes, is_spoilt: false }, file, is_unclosed: false };
    let first = chunks.first().map(|chunk| chunk.range.clone());
    for chunk in chunks {
        reader.item(chunk, first.as_ref());
    }
    reader.file
}

struct Reader<'t, 'm> {
    text: &'t str,
    parser: Parser<'t, 'm>,
    file: File,
    /// Whether a block around the present statement is not closed: items in it are meant to stand outside.
    is_unclosed: bool,
}

impl<'t, 'm> Reader<'t, 'm> {
    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.file.source, range)
    }

    fn mistakes(&mut self) -> &mut Mistakes {
        self.parser.mistakes
    }

    /// From a statement's first token to its last, or to its block's `}`.
    fn whole(&self, chunk: &Chunk) -> Span {
        let mut end = chunk.range.end;
        let mut innermost = chunk;
        while let Some(body) = &innermost.body {
            end = body.close.unwrap_or(body.open) + 1;
            match body.chunks.last() {
                Some(last) if body.close.is_none() => innermost = last,
                _ => break,
            }
        }
        self.span(chunk.range.start..end.max(innermost.range.end))
    }

    fn poison(&mut self, name: &Range<usize>, role: PoisonedRole) {
        let name = Ident { name: self.text[name.clone()].to_owned(), span: self.span(name.clone()) };
        self.file.poisoned.push(Poisoned { name, role });
    }

    /// Reads with one of the parser's rules; `end` is what follows. Reports a failure, and a statement that goes on over its line's end, with the
    /// `value` that could stand in parentheses.
    fn attempt<T>(
        &mut self,
        chunk: &Chunk,
        end: &'static str,
        read: impl FnOnce(&mut Parser<'t, 'm>, &Range<usize>) -> Result<T, Failure>,
        value: impl FnOnce(&T) -> Option<Span>,
    ) -> Option<T> {
        if chunk.is_broken {
            return None;
        }
        if self.mistakes().is_full() {
            self.mistakes().skip();
            return None;
        }
        let outcome = read(&mut self.parser, &chunk.range);
        let is_spoilt = std::mem::take(&mut self.parser.is_spoilt);
        if let Some(operator) = &chunk.continuation {
            let value = outcome.as_ref().ok().and_then(value);
            let begins_line = self.text[..operator.start].trim_end_matches([' ', '\t']).ends_with('\n');
            let span = self.span(operator.clone());
            self.mistakes().report(|| syntax::continues_on_next_line(span, begins_line, value));
        } else if let Err(failure) = &outcome {
            let diagnostic = recovery::explain(self.text, self.file.source, chunk, failure, end);
            self.mistakes().report(|| diagnostic);
        }
        outcome.ok().filter(|_| !is_spoilt)
    }

    /// A statement at the top of the file.
    fn item(&mut self, chunk: &Chunk, first: Option<&Range<usize>>) {
        let mut tokens = Scanner::starting_at(self.text, chunk.range.start);
        let word = tokens.next().filter(|token| token.kind == TokenKind::Word && !chunk.range.is_empty());
        let Some(word) = word else { return self.nameless_item(chunk) };
        match &self.text[word.range.clone()] {
            "language" => self.language(chunk, &word, first),
            "param" => self.param(chunk, &word),
            "activation" => self.definition(chunk, &word, DefinitionKind::Activation),
            "loss" => self.definition(chunk, &word, DefinitionKind::Loss),
            "init" => self.definition(chunk, &word, DefinitionKind::Init),
            "block" => self.block(chunk, &word),
            "network" => self.network(chunk, &word),
            "data" => self.settings(chunk, &word, SettingsKind::Data),
            "train" => self.settings(chunk, &word, SettingsKind::Train),
            "report" => self.settings(chunk, &word, SettingsKind::Report),
            "sweep" => self.settings(chunk, &word, SettingsKind::Sweep),
            "expect" => self.expect(chunk),
            _ => self.unknown_item(chunk, &word),
        }
    }

    /// A statement that does not begin with a word.
    fn nameless_item(&mut self, chunk: &Chunk) {
        if !chunk.is_broken {
            let diagnostic = recovery::no_item(self.text, self.file.source, chunk);
            self.mistakes().report(|| diagnostic);
        }
        self.discard_body(chunk);
    }

    /// A statement whose first word is no item's.
    fn unknown_item(&mut self, chunk: &Chunk, word: &Token) {
        if self.mistakes().is_full() {
            self.mistakes().skip();
            return self.discard_body(chunk);
        }
        let meant = recovery::meant_item(&self.text[word.range.clone()]);
        if !chunk.is_broken {
            let diagnostic = recovery::unknown_item(self.text, self.file.source, (word, &chunk.range), meant);
            self.mistakes().report(|| diagnostic);
        }
        let next = self.name_after(word, chunk);
        match (meant, next) {
            (Some("param"), Some(name)) => self.poison(&name, PoisonedRole::Param),
            (Some("activation"), Some(name)) => {
                self.poison(&name, PoisonedRole::Definition(DefinitionKind::Activation));
            }
            (Some("loss"), Some(name)) => self.poison(&name, PoisonedRole::Definition(DefinitionKind::Loss)),
            (Some("init"), Some(name)) => self.poison(&name, PoisonedRole::Definition(DefinitionKind::Init)),
            (Some("block"), Some(name)) => self.poison(&name, PoisonedRole::Block),
            (Some("network"), _) => {
                let name = next_or(self.name_after(word, chunk), word);
                return self.network_named(chunk, &name);
            }
            (Some("data"), _) => return self.settings_of(chunk, word, SettingsKind::Data),
            (Some("train"), _) => return self.settings_of(chunk, word, SettingsKind::Train),
            (Some("report"), _) => return self.settings_of(chunk, word, SettingsKind::Report),
            (Some("sweep"), _) => return self.settings_of(chunk, word, SettingsKind::Sweep),
            (Some(_), _) => {}
            (None, _) => self.poison(&word.range, PoisonedRole::Param),
        }
        self.discard_body(chunk);
    }

    /// The name behind a statement's first word.
    fn name_after(&self, word: &Token, chunk: &Chunk) -> Option<Range<usize>> {
        let next = Scanner::starting_at(self.text, word.range.end).next()?;
        (next.kind == TokenKind::Word && next.range.end <= chunk.range.end).then_some(next.range)
    }

    /// Reads a block's statements for their mistakes only.
    fn discard_body(&mut self, chunk: &Chunk) {
        if let Some(body) = &chunk.body {
            let statements = self.statements(body);
            self.poison_labels(&statements);
        }
    }

    /// A block that its statement cannot have.
    fn refuse_body(&mut self, chunk: &Chunk, what: &str) {
        let Some(body) = &chunk.body else { return };
        if !chunk.is_broken {
            let brace = self.span(body.open..body.open + 1);
            self.mistakes().report(|| syntax::unexpected_block(brace, what));
        }
        self.discard_body(chunk);
    }

    /// The block that a statement needs. Where the head could not be read, that is the one mistake.
    fn require_body<'c>(&mut self, chunk: &'c Chunk, is_head_read: bool, what: &str) -> Option<&'c Body> {
        if chunk.body.is_none() && is_head_read {
            let last = self.span(chunk.last.clone());
            self.mistakes().report(|| syntax::missing_block(last, what));
        }
        chunk.body.as_ref()
    }

    fn language(&mut self, chunk: &Chunk, word: &Token, first: Option<&Range<usize>>) {
        let version = self.attempt(chunk, STATEMENT_END, Parser::language, |_| None);
        self.refuse_body(chunk, "`language`");
        if let Some(first) = first.filter(|first| **first != chunk.range)
            && !chunk.is_broken
        {
            let (span, first) =
                (self.span(word.range.clone()), self.span(first.start..first.start + self.first_token_length(first)));
            self.mistakes().report(|| syntax::language_not_first(span, first));
        }
        let Some(version) = version else { return };
        let written = &self.text[version.span.range()];
        if written != "1" {
            let diagnostic = syntax::unknown_version(version.span, written);
            self.mistakes().report(|| diagnostic);
        }
        self.file.items.push(Item::Language { version, span: self.whole(chunk) });
    }

    fn first_token_length(&self, range: &Range<usize>) -> usize {
        Scanner::starting_at(self.text, range.start).next().map_or(0, |token| token.range.len())
    }

    fn param(&mut self, chunk: &Chunk, word: &Token) {
        let read = self.attempt(chunk, STATEMENT_END, Parser::param, |(_, value)| Some(value.span));
        self.refuse_body(chunk, "a `param`");
        match read {
            Some((name, value)) => {
                self.file.items.push(Item::Param { name, value, span: self.span(chunk.range.clone()) });
            }
            None => self.poison_name(chunk, word, PoisonedRole::Param),
        }
    }

    fn definition(&mut self, chunk: &Chunk, word: &Token, kind: DefinitionKind) {
        let read = self.attempt(chunk, STATEMENT_END, Parser::definition, |(.., body)| Some(body.span));
        self.refuse_body(chunk, "a definition");
        match read {
            Some((kind, name, parameters, body)) => {
                let span = self.span(chunk.range.clone());
                self.file.items.push(Item::Definition(Definition { kind, name, parameters, body, span }));
            }
            None => self.poison_name(chunk, word, PoisonedRole::Definition(kind)),
        }
    }

    fn expect(&mut self, chunk: &Chunk) {
        let read = self.attempt(chunk, STATEMENT_END, Parser::expect, |(condition, _)| Some(condition.span));
        self.refuse_body(chunk, "an `expect`");
        if let Some((condition, at)) = read {
            let span = self.span(chunk.range.clone());
            self.file.items.push(Item::Expect(Expect { condition, at, span }));
        } else {
            self.poison_lines(chunk);
        }
    }

    fn block(&mut self, chunk: &Chunk, word: &Token) {
        let read = self.attempt(chunk, HEAD_END, Parser::block, |_| None);
        let body = self.require_body(chunk, read.is_some(), "a `block`");
        let statements = body.map(|body| self.statements(body));
        match (read, statements) {
            (Some((name, parameters)), Some(body)) => {
                let (head, span) = (self.span(chunk.range.clone()), self.whole(chunk));
                self.file.items.push(Item::Block(Block { name, parameters, body, head, span }));
            }
            _ => self.poison_name(chunk, word, PoisonedRole::Block),
        }
    }

    fn network(&mut self, chunk: &Chunk, word: &Token) {
        let read = self.attempt(chunk, HEAD_END, Parser::network, |_| None);
        self.require_body(chunk, read.is_some(), "a `network`");
        // What is in it can be checked, whatever its name is.
        let name = read.map_or_else(|| next_or(self.name_after(word, chunk), word), |name| name.span.range());
        self.network_named(chunk, &name);
    }

    fn network_named(&mut self, chunk: &Chunk, name: &Range<usize>) {
        let Some(body) = &chunk.body else {
            self.poison(name, PoisonedRole::Network);
            self.poison_lines(chunk);
            return;
        };
        let body = self.statements(body);
        let name = Ident { name: self.text[name.clone()].to_owned(), span: self.span(name.clone()) };
        let (head, span) = (self.span(chunk.range.clone()), self.whole(chunk));
        self.file.items.push(Item::Network(Network { name, body, head, span }));
    }

    fn settings(&mut self, chunk: &Chunk, word: &Token, kind: SettingsKind) {
        let read = self.attempt(chunk, HEAD_END, Parser::settings, |()| None);
        self.require_body(chunk, read.is_some(), &format!("`{}`", kind.keyword()));
        self.settings_of(chunk, word, kind);
    }

    /// A settings block, whatever is wrong with its head.
    fn settings_of(&mut self, chunk: &Chunk, word: &Token, kind: SettingsKind) {
        let Some(body) = &chunk.body else {
            self.poison(&word.range, PoisonedRole::Network);
            self.poison_lines(chunk);
            return;
        };
        let was_unclosed = self.is_unclosed;
        self.is_unclosed |= body.close.is_none();
        let mut entries = Vec::new();
        for entry in &body.chunks {
            if !self.item_in_block(entry, body) {
                entries.extend(self.setting(entry, "a setting"));
            }
        }
        self.is_unclosed = was_unclosed;
        let (head, span) = (self.span(word.range.clone()), self.whole(chunk));
        self.file.items.push(Item::Settings(Settings { kind, entries, head, span }));
    }

    fn setting(&mut self, chunk: &Chunk, what: &str) -> Option<Setting> {
        let read = if chunk.range.is_empty() {
            self.headless_block(chunk, "a setting");
            None
        } else {
            let read =
                self.attempt(chunk, STATEMENT_END, Parser::setting, |(_, value): &(Ident, Expr)| Some(value.span));
            self.refuse_body(chunk, what);
            read
        };
        let Some((key, value)) = read else {
            self.poison_lines(chunk);
            return None;
        };
        Some(Setting { key, value, span: self.span(chunk.range.clone()) })
    }

    /// `{` where a statement begins.
    fn headless_block(&mut self, chunk: &Chunk, expected: &str) {
        if let Some(body) = &chunk.body
            && !chunk.is_broken
        {
            let brace = self.span(body.open..body.open + 1);
            self.mistakes().report(|| syntax::unexpected(brace, &[expected], "{"));
        }
        self.discard_body(chunk);
    }

    /// Reads the statement as a top-level item if it is one: reported, unless it is the block that is not closed.
    fn item_in_block(&mut self, chunk: &Chunk, body: &Body) -> bool {
        let word = Scanner::starting_at(self.text, chunk.range.start).next();
        let word = word.filter(|word| word.kind == TokenKind::Word && begins_item(self.text, &word.range));
        let Some(word) = word.filter(|_| !chunk.range.is_empty()) else { return false };
        if !self.is_unclosed && !chunk.is_broken {
            let (span, brace) = (self.span(word.range.clone()), self.span(body.open..body.open + 1));
            let diagnostic = syntax::item_in_block(span, &self.text[word.range], brace);
            self.mistakes().report(|| diagnostic);
        }
        let was_unclosed = std::mem::take(&mut self.is_unclosed);
        self.item(chunk, None);
        self.is_unclosed = was_unclosed;
        true
    }

    /// The statements of a network, block or layer.
    fn statements(&mut self, body: &Body) -> Vec<Statement> {
        let was_unclosed = self.is_unclosed;
        self.is_unclosed |= body.close.is_none();
        let mut statements = Vec::new();
        for chunk in &body.chunks {
            if !self.item_in_block(chunk, body) {
                statements.push(self.statement(chunk));
            }
        }
        self.is_unclosed = was_unclosed;
        statements
    }

    fn statement(&mut self, chunk: &Chunk) -> Statement {
        if chunk.range.is_empty() {
            self.headless_block(chunk, "a layer or a setting");
            return Statement::Broken(self.whole(chunk));
        }
        let mut tokens = Scanner::starting_at(self.text, chunk.range.start);
        let (first, second) = (tokens.next(), tokens.next());
        let second = second.filter(|token| token.range.end <= chunk.range.end).map(|token| &self.text[token.range]);
        let first = first.filter(|token| token.kind == TokenKind::Word).map(|token| &self.text[token.range]);
        match (first, second) {
            (Some(_), Some(":")) => self
                .setting(chunk, "a setting")
                .map_or_else(|| Statement::Broken(self.whole(chunk)), Statement::Setting),
            (Some("repeat"), second) if second != Some("=") => self.repeat(chunk),
            _ => self.layer(chunk),
        }
    }

    fn layer(&mut self, chunk: &Chunk) -> Statement {
        let end = if chunk.body.is_some() { HEAD_END } else { STATEMENT_END };
        let read = self.attempt(chunk, end, Parser::layer, |_| None);
        let body = chunk.body.as_ref().map(|body| self.statements(body));
        let span = self.whole(chunk);
        match read {
            Some(layer) => Statement::Layer(Layer { body, span, ..layer }),
            None => self.broken(chunk, body.as_deref()),
        }
    }

    fn repeat(&mut self, chunk: &Chunk) -> Statement {
        let read = self.attempt(chunk, HEAD_END, Parser::repeat, |_| None);
        let body = self.require_body(chunk, read.is_some(), "`repeat`");
        let body = body.map(|body| self.statements(body));
        match (read, body) {
            (Some(turns), Some(body)) => {
                Statement::Repeat(Repeat { turns, body, head: self.span(chunk.range.clone()), span: self.whole(chunk) })
            }
            (_, body) => self.broken(chunk, body.as_deref()),
        }
    }

    /// A statement that could not be read, with those in its block.
    fn broken(&mut self, chunk: &Chunk, body: Option<&[Statement]>) -> Statement {
        self.poison_lines(chunk);
        self.poison_labels(body.unwrap_or_default());
        Statement::Broken(self.whole(chunk))
    }

    /// The labels of statements that are not kept.
    fn poison_labels(&mut self, statements: &[Statement]) {
        for statement in statements {
            match statement {
                Statement::Layer(layer) => {
                    if let Some(label) = &layer.label {
                        self.file.poisoned.push(Poisoned { name: label.clone(), role: PoisonedRole::Label });
                    }
                    self.poison_labels(layer.body.as_deref().unwrap_or_default());
                }
                Statement::Repeat(repeat) => self.poison_labels(&repeat.body),
                Statement::Setting(setting) => {
                    self.file.poisoned.push(Poisoned { name: setting.key.clone(), role: PoisonedRole::Setting });
                }
                Statement::Broken(_) => {}
            }
        }
    }

    /// The name behind the first word of a broken item, and what its further lines define.
    fn poison_name(&mut self, chunk: &Chunk, word: &Token, role: PoisonedRole) {
        if let Some(name) = self.name_after(word, chunk) {
            self.poison(&name, role);
        }
        self.poison_lines(chunk);
    }

    /// What the lines of a broken statement define: an open bracket may have swallowed many.
    fn poison_lines(&mut self, chunk: &Chunk) {
        let mut line_start = None;
        let mut is_start = true;
        for token in Scanner::starting_at(self.text, chunk.range.start) {
            if token.range.end > chunk.range.end {
                return;
            }
            let sign = &self.text[token.range.clone()];
            if let (Some(name), ":" | "=") = (line_start.take(), sign) {
                self.poison(&name, if sign == "=" { PoisonedRole::Label } else { PoisonedRole::Setting });
            }
            if token.kind == TokenKind::Word && is_start {
                line_start = Some(token.range);
            }
            is_start = token.kind == TokenKind::Newline;
        }
    }
}

/// The name, or the word where there is none.
fn next_or(name: Option<Range<usize>>, word: &Token) -> Range<usize> {
    name.unwrap_or_else(|| word.range.clone())
}
