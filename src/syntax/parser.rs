//! The one door of pest: statements by the rules of `grammar/net.pest`, and what was expected where one fails, in the
//! user's words. Spans come from tokens, so that none holds blanks at its ends.

use super::ast::{
    Argument, BinaryOperator, DefinitionKind, Expr, ExprKind, Layer, Parameter, Path, Segment, Turns, UnaryOperator,
};
use super::mistakes::Mistakes;
use super::precedence::{self, Infix, Piece};
use crate::diagnostics::syntax;
use crate::source::{Ident, SourceId, Span};
use pest::Parser as _;
use pest::error::{ErrorVariant, InputLocation};
use pest::iterators::{Pair, Pairs};
use std::iter::Peekable;
use std::ops::Range;

/// The rules of the grammar, one variant each.
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "grammar/net.pest"]
    pub(super) struct NetParser;
}
use grammar::{NetParser, Rule};

mod expected;
pub(super) use expected::Expected;

/// A statement that could not be read: something else than `expected` stands at the byte `at`, or nothing, where the
/// statement ends.
#[derive(Debug)]
pub(super) struct Failure {
    /// Where.
    pub(super) at: usize,
    /// What may stand there.
    pub(super) expected: Expected,
}

/// Reads statements of one text.
pub(super) struct Parser<'t, 'm> {
    /// The whole text.
    pub(super) text: &'t str,
    /// Its id.
    pub(super) source: SourceId,
    /// Where those mistakes go that the grammar lets pass.
    pub(super) mistakes: &'m mut Mistakes,
    /// Whether one of them leaves the statement without its meaning.
    pub(super) is_spoilt: bool,
}

/// A statement's tokens, and where its slice begins in the text.
struct Tokens<'t> {
    pairs: Peekable<Pairs<'t, Rule>>,
    offset: usize,
    source: SourceId,
}

impl<'t> Tokens<'t> {
    fn span(&self, pair: &Pair<'t, Rule>) -> Span {
        let span = pair.as_span();
        Span::new(self.source, self.offset + span.start()..self.offset + span.end())
    }

    fn ident(&self, pair: &Pair<'t, Rule>) -> Ident {
        Ident { name: pair.as_str().to_owned(), span: self.span(pair) }
    }

    /// The next token, if it is of this rule.
    fn take(&mut self, rule: Rule) -> Option<Pair<'t, Rule>> {
        self.pairs.next_if(|pair| pair.as_rule() == rule)
    }

    /// The next token, which the grammar says is of this rule.
    fn need(&mut self, rule: Rule) -> Pair<'t, Rule> {
        let pair = self.pairs.next().expect("the grammar puts another token here");
        assert_eq!(pair.as_rule(), rule, "the grammar puts this token here");
        pair
    }

    fn need_ident(&mut self, rule: Rule) -> Ident {
        let pair = self.need(rule);
        self.ident(&pair)
    }

    /// What a composite holds.
    fn inside(&self, pair: Pair<'t, Rule>) -> Self {
        Self { pairs: pair.into_inner().peekable(), offset: self.offset, source: self.source }
    }
}

impl<'t> Parser<'t, '_> {
    /// The tokens of a statement by its rule.
    fn tokens(&self, entry: Rule, range: &Range<usize>) -> Result<Tokens<'t>, Failure> {
        let slice = &self.text[range.clone()];
        match NetParser::parse(entry, slice) {
            Ok(mut pairs) => {
                let statement = pairs.next().expect("an entry rule makes one pair");
                Ok(Tokens { pairs: statement.into_inner().peekable(), offset: range.start, source: self.source })
            }
            Err(error) => {
                let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
                let tried = match error.variant {
                    ErrorVariant::ParsingError { positives, .. } => positives,
                    ErrorVariant::CustomError { message } => {
                        unreachable!("depth is bounded before pest sees it: {message}")
                    }
                };
                Err(Failure { at: range.start + at, expected: expected::after(entry, &tried) })
            }
        }
    }

    /// `language VERSION`: the version as a number.
    pub(super) fn language(&mut self, range: &Range<usize>) -> Result<Expr, Failure> {
        let mut tokens = self.tokens(Rule::language, range)?;
        tokens.need(Rule::language_word);
        let number = tokens.need(Rule::number);
        Ok(Expr { kind: ExprKind::Number(number_value(number.as_str())), span: tokens.span(&number) })
    }

    /// `param NAME = value`
    pub(super) fn param(&mut self, range: &Range<usize>) -> Result<(Ident, Expr), Failure> {
        let mut tokens = self.tokens(Rule::param, range)?;
        tokens.need(Rule::param_word);
        let name = tokens.need_ident(Rule::name);
        self.sign(&mut tokens, &name, Rule::equals, "a `param`");
        let value = self.expression(&mut tokens);
        Ok((name, value))
    }

    /// `activation|loss|init NAME(parameters) = expression`
    pub(super) fn definition(
        &mut self,
        range: &Range<usize>,
    ) -> Result<(DefinitionKind, Ident, Vec<Parameter>, Expr), Failure> {
        let mut tokens = self.tokens(Rule::definition, range)?;
        let kind = if tokens.take(Rule::activation_word).is_some() {
            DefinitionKind::Activation
        } else if tokens.take(Rule::loss_word).is_some() {
            DefinitionKind::Loss
        } else {
            tokens.need(Rule::init_word);
            DefinitionKind::Init
        };
        let name = tokens.need_ident(Rule::name);
        let parameters = self.parameters(&mut tokens);
        self.sign(&mut tokens, &name, Rule::equals, "a definition");
        let body = self.expression(&mut tokens);
        Ok((kind, name, parameters, body))
    }

    /// `block NAME(parameters)`
    pub(super) fn block(&mut self, range: &Range<usize>) -> Result<(Ident, Vec<Parameter>), Failure> {
        let mut tokens = self.tokens(Rule::block, range)?;
        tokens.need(Rule::block_word);
        let name = tokens.need_ident(Rule::name);
        let parameters = self.parameters(&mut tokens);
        Ok((name, parameters))
    }

    /// `network NAME`
    pub(super) fn network(&mut self, range: &Range<usize>) -> Result<Ident, Failure> {
        let mut tokens = self.tokens(Rule::network, range)?;
        tokens.need(Rule::network_word);
        Ok(tokens.need_ident(Rule::name))
    }

    /// `data`, `train`, `report` or `sweep`, and nothing else.
    pub(super) fn settings(&mut self, range: &Range<usize>) -> Result<(), Failure> {
        self.tokens(Rule::settings, range).map(|_| ())
    }

    /// `expect condition [at step]`
    pub(super) fn expect(&mut self, range: &Range<usize>) -> Result<(Expr, Option<Expr>), Failure> {
        let mut tokens = self.tokens(Rule::expect, range)?;
        tokens.need(Rule::expect_word);
        let condition = self.expression(&mut tokens);
        let at = tokens.take(Rule::at_word).map(|_| self.expression(&mut tokens));
        Ok((condition, at))
    }

    /// `key: value`
    pub(super) fn setting(&mut self, range: &Range<usize>) -> Result<(Ident, Expr), Failure> {
        let mut tokens = self.tokens(Rule::setting, range)?;
        let key = tokens.need_ident(Rule::key);
        self.sign(&mut tokens, &key, Rule::colon, "a setting");
        let value = self.expression(&mut tokens);
        Ok((key, value))
    }

    /// `repeat count [as i]`, `repeat i in list`
    pub(super) fn repeat(&mut self, range: &Range<usize>) -> Result<Turns, Failure> {
        let mut tokens = self.tokens(Rule::repeat, range)?;
        tokens.need(Rule::repeat_word);
        if let Some(name) = tokens.take(Rule::name) {
            let binder = tokens.ident(&name);
            tokens.need(Rule::in_word);
            return Ok(Turns::Values { binder, values: self.expression(&mut tokens) });
        }
        let count = self.expression(&mut tokens);
        let binder = tokens.take(Rule::as_word).map(|_| tokens.need_ident(Rule::name));
        Ok(Turns::Count { count, binder })
    }

    /// `label = kind(arguments)`, as a layer without a body.
    pub(super) fn layer(&mut self, range: &Range<usize>) -> Result<Layer, Failure> {
        let mut tokens = self.tokens(Rule::layer, range)?;
        let label = tokens.take(Rule::name).map(|name| tokens.ident(&name));
        if label.is_some() {
            tokens.need(Rule::equals);
        }
        let kind = tokens.need_ident(Rule::kind);
        let (mut arguments, mut parentheses) = (Vec::new(), None);
        if let Some(pair) = tokens.take(Rule::arguments) {
            let span = tokens.span(&pair);
            arguments = self.arguments(tokens.inside(pair));
            parentheses = Some(span);
        }
        let span = Span::new(self.source, range.clone());
        Ok(Layer { label, kind, arguments, parentheses, body: None, head: span, span })
    }

    /// Passes over the sign between a name and its value, and reports it where it is not the one that belongs there.
    fn sign(&mut self, tokens: &mut Tokens<'t>, name: &Ident, belongs: Rule, place: &str) {
        let sign = tokens.pairs.next().expect("the grammar puts a sign here");
        if sign.as_rule() != belongs {
            let span = tokens.span(&sign);
            // With the blanks before it, where its name stands on the same line.
            let before = self.text[..span.range().start].trim_end_matches([' ', '\t']);
            let start = if before.ends_with('\n') { span.range().start } else { before.len() };
            debug_assert!(start >= name.span.range().end, "a sign stands behind its name");
            let gap = Span::new(self.source, start..span.range().end);
            let is_tight = !self.text[span.range().end..].starts_with([' ', '\t', '\r', '\n']);
            self.mistakes.report(|| syntax::swapped_sign(span, place, sign.as_str(), (gap, is_tight)));
        }
    }

    fn parameters(&mut self, tokens: &mut Tokens<'t>) -> Vec<Parameter> {
        let Some(parameters) = tokens.take(Rule::parameters) else { return Vec::new() };
        let inner = tokens.inside(parameters);
        let (offset, source) = (inner.offset, inner.source);
        let mut read = Vec::new();
        for parameter in inner.pairs.filter(|pair| pair.as_rule() == Rule::parameter) {
            let mut tokens = Tokens { pairs: parameter.into_inner().peekable(), offset, source };
            let name = tokens.need_ident(Rule::name);
            let mut default = None;
            if tokens.pairs.peek().is_some() {
                self.sign(&mut tokens, &name, Rule::equals, "a parameter");
                default = Some(self.expression(&mut tokens));
            }
            read.push(Parameter { name, default });
        }
        read
    }

    /// The arguments between parentheses.
    fn arguments(&mut self, inner: Tokens<'t>) -> Vec<Argument> {
        let (offset, source) = (inner.offset, inner.source);
        let mut read = Vec::new();
        let mut first_named = None;
        for argument in inner.pairs.filter(|pair| pair.as_rule() == Rule::argument) {
            let mut tokens = Tokens { pairs: argument.into_inner().peekable(), offset, source };
            let name = tokens.take(Rule::key).map(|key| tokens.ident(&key));
            if let Some(name) = &name {
                self.sign(&mut tokens, name, Rule::colon, "an argument");
            }
            let value = self.expression(&mut tokens);
            match (&name, first_named) {
                (Some(name), None) => first_named = Some(name.span),
                (None, Some(named)) => {
                    self.mistakes.report(|| syntax::positional_after_named(value.span, named));
                    self.is_spoilt = true;
                }
                (Some(_), Some(_)) | (None, None) => {}
            }
            read.push(Argument { name, value });
        }
        read
    }

    fn expression(&mut self, tokens: &mut Tokens<'t>) -> Expr {
        let expression = tokens.need(Rule::expression);
        let form = expression.into_inner().next().expect("an expression is a conditional or an operation");
        let inner = tokens.inside(form.clone());
        match form.as_rule() {
            Rule::conditional => self.conditional(inner),
            Rule::operation => self.operation(inner),
            rule => unreachable!("the grammar makes no expression of {rule:?}"),
        }
    }

    fn conditional(&mut self, mut tokens: Tokens<'t>) -> Expr {
        let word = tokens.need(Rule::if_word);
        let start = tokens.span(&word);
        let condition = self.expression(&mut tokens);
        tokens.need(Rule::then_word);
        let consequent = self.expression(&mut tokens);
        tokens.need(Rule::else_word);
        let alternative = self.expression(&mut tokens);
        let span = start.to(alternative.span);
        let kind = ExprKind::If(Box::new(condition), Box::new(consequent), Box::new(alternative));
        Expr { kind, span }
    }

    fn operation(&mut self, mut tokens: Tokens<'t>) -> Expr {
        let mut pieces = Vec::new();
        let mut is_operand_next = true;
        while let Some(pair) = tokens.pairs.next() {
            let span = tokens.span(&pair);
            let piece = match (pair.as_rule(), is_operand_next) {
                (Rule::minus, true) => Piece::Prefix(UnaryOperator::Negate, span),
                (Rule::not_word, _) => Piece::Prefix(UnaryOperator::Not, span),
                (_, true) => {
                    is_operand_next = false;
                    Piece::Operand(self.operand(&tokens, pair))
                }
                (rule, false) => {
                    is_operand_next = true;
                    Piece::Infix(infix(rule), span)
                }
            };
            pieces.push(piece);
        }
        precedence::climb(pieces, self.text, self.mistakes, &mut self.is_spoilt)
    }

    fn operand(&mut self, tokens: &Tokens<'t>, pair: Pair<'t, Rule>) -> Expr {
        let span = tokens.span(&pair);
        let leaf = |kind| Expr { kind, span };
        match pair.as_rule() {
            Rule::number => leaf(ExprKind::Number(number_value(pair.as_str()))),
            Rule::string => leaf(ExprKind::String(string_value(pair.as_str()))),
            Rule::true_word => leaf(ExprKind::Boolean(true)),
            Rule::false_word => leaf(ExprKind::Boolean(false)),
            Rule::list => {
                let mut inner = tokens.inside(pair);
                let mut elements = Vec::new();
                inner.need(Rule::open_square);
                while inner.take(Rule::close_square).is_none() {
                    let element = self.expression(&mut inner);
                    elements.push(element);
                    inner.take(Rule::comma);
                }
                Expr { kind: ExprKind::List(elements), span }
            }
            Rule::group => {
                let mut inner = tokens.inside(pair);
                inner.need(Rule::open_round);
                let inner = self.expression(&mut inner);
                // With its parentheses, so that a span taken from here to elsewhere is balanced.
                Expr { kind: inner.kind, span }
            }
            Rule::reference => self.reference(tokens.inside(pair)),
            rule => unreachable!("the grammar makes no operand of {rule:?}"),
        }
    }

    fn reference(&mut self, mut tokens: Tokens<'t>) -> Expr {
        let head = tokens.need_ident(Rule::head);
        let mut span = head.span;
        if let Some(pair) = tokens.take(Rule::arguments) {
            span = span.to(tokens.span(&pair));
            let arguments = self.arguments(tokens.inside(pair));
            let kind = ExprKind::Call { callee: head, arguments };
            return Expr { kind, span };
        }
        let mut segments = Vec::new();
        while let Some(pair) = tokens.pairs.next() {
            span = span.to(tokens.span(&pair));
            let rule = pair.as_rule();
            let mut inner = tokens.inside(pair);
            if rule == Rule::member {
                inner.need(Rule::dot);
                segments.push(Segment::Member(inner.need_ident(Rule::key)));
            } else {
                inner.need(Rule::open_square);
                let index = self.expression(&mut inner);
                segments.push(Segment::Index(Box::new(index)));
            }
        }
        Expr { kind: ExprKind::Path(Path { head, segments }), span }
    }
}

fn infix(rule: Rule) -> Infix {
    use BinaryOperator as Operator;
    match rule {
        Rule::or_word => Infix::Binary(Operator::Or),
        Rule::and_word => Infix::Binary(Operator::And),
        Rule::in_word => Infix::In,
        Rule::less => Infix::Binary(Operator::Less),
        Rule::less_equal => Infix::Binary(Operator::LessEqual),
        Rule::greater => Infix::Binary(Operator::Greater),
        Rule::greater_equal => Infix::Binary(Operator::GreaterEqual),
        Rule::equal => Infix::Binary(Operator::Equal),
        Rule::not_equal => Infix::Binary(Operator::NotEqual),
        Rule::range => Infix::Range,
        Rule::plus => Infix::Binary(Operator::Add),
        Rule::minus => Infix::Binary(Operator::Subtract),
        Rule::star => Infix::Binary(Operator::Multiply),
        Rule::slash => Infix::Binary(Operator::Divide),
        Rule::caret => Infix::Binary(Operator::Power),
        rule => unreachable!("the grammar puts an infix operator here, not {rule:?}"),
    }
}

/// The value of a number's characters, correctly rounded; infinite beyond the range of f64.
fn number_value(digits: &str) -> f64 {
    digits.replace('_', "").parse().expect("the grammar's numbers are Rust's, but for underscores")
}

/// The value of a string's characters. An escape that the splitter has reported stands for itself.
fn string_value(literal: &str) -> String {
    let inner = &literal[1..literal.len() - 1];
    let mut value = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        let escaped = if character == '\\' { characters.next() } else { None };
        match escaped {
            None => value.push(character),
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some(escaped @ ('"' | '\\')) => value.push(escaped),
            Some(other) => value.extend(['\\', other]),
        }
    }
    value
}
