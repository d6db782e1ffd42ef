//! The one door of pest: statements by the rules of `grammar/net.pest`, and what was expected where one fails, in the
//! user's words. Spans come from tokens, so that none holds blanks at its ends.

use super::ast::{
    Argument, BinaryOperator, DefinitionKind, Expr, ExprKind, Layer, Parameter, Path, Segment, Turns, UnaryOperator,
};
use super::mistakes::Mistakes;
use super::precedence::{self, Infix, Piece, Tall};
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

/// Why a statement could not be read.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something else than `expected` stands at the byte `at`, or nothing: the statement's end is there.
    Unexpected {
        /// Where.
        at: usize,
        /// What may stand there.
        expected: Expected,
    },
    /// It is reported already.
    Reported,
}

/// What may stand at a place.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// In the user's words, in a fixed order; operators are left out.
    pub(super) words: Vec<&'static str>,
    /// Whether a name may.
    pub(super) name: bool,
    /// Whether a value may.
    pub(super) value: bool,
    /// Whether an infix operator may.
    pub(super) operator: bool,
    /// Whether the statement may end.
    pub(super) end: bool,
}

/// What a rule reads, in the user's words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// A token or thing of this name.
    Of(&'static str),
    /// A name that a user gives.
    Name,
    /// The start of a value.
    Value,
    /// `-`, `[`, `(`: the start of a value, or what follows one.
    ValueOrOperator,
    /// An operator between values, or what else makes a value longer.
    Operator,
    /// The end of the statement.
    End,
    /// What stands nowhere by itself.
    Nothing,
}

/// Exhaustive, so that no rule is ever shown by its own name.
const fn word(rule: Rule) -> Word {
    match rule {
        Rule::EOI => Word::End,
        Rule::name | Rule::parameter => Word::Name,
        Rule::layer => Word::Of("a layer or a setting"),
        Rule::kind => Word::Of("a layer"),
        Rule::key | Rule::setting => Word::Of("a key"),
        Rule::parameters => Word::Of("`(`"),
        Rule::expression
        | Rule::conditional
        | Rule::operation
        | Rule::operand
        | Rule::argument
        | Rule::list
        | Rule::group
        | Rule::reference
        | Rule::head
        | Rule::number
        | Rule::string
        | Rule::true_word
        | Rule::false_word
        | Rule::if_word
        | Rule::not_word => Word::Value,
        Rule::minus | Rule::open_square | Rule::open_round | Rule::arguments => Word::ValueOrOperator,
        Rule::and_word
        | Rule::or_word
        | Rule::in_word
        | Rule::range
        | Rule::less_equal
        | Rule::less
        | Rule::greater_equal
        | Rule::greater
        | Rule::equal
        | Rule::not_equal
        | Rule::plus
        | Rule::star
        | Rule::slash
        | Rule::caret
        | Rule::infix
        | Rule::index
        | Rule::member
        | Rule::dot => Word::Operator,
        Rule::language_word | Rule::language => Word::Of("`language`"),
        Rule::param_word | Rule::param => Word::Of("`param`"),
        Rule::activation_word => Word::Of("`activation`"),
        Rule::loss_word => Word::Of("`loss`"),
        Rule::init_word => Word::Of("`init`"),
        Rule::block_word | Rule::block => Word::Of("`block`"),
        Rule::network_word | Rule::network => Word::Of("`network`"),
        Rule::settings_word | Rule::settings | Rule::definition => Word::Of("an item"),
        Rule::expect_word | Rule::expect => Word::Of("`expect`"),
        Rule::repeat_word | Rule::repeat => Word::Of("`repeat`"),
        Rule::then_word => Word::Of("`then`"),
        Rule::else_word => Word::Of("`else`"),
        Rule::as_word => Word::Of("`as`"),
        Rule::at_word => Word::Of("`at`"),
        Rule::equals => Word::Of("`=`"),
        Rule::colon => Word::Of("`:`"),
        Rule::comma => Word::Of("`,`"),
        Rule::close_round => Word::Of("`)`"),
        Rule::close_square => Word::Of("`]`"),
        Rule::WHITESPACE
        | Rule::COMMENT
        | Rule::elementwise
        | Rule::init
        | Rule::turn_values
        | Rule::turn_count
        | Rule::word_start
        | Rule::word_char
        | Rule::word
        | Rule::reserved
        | Rule::reserved_word
        | Rule::digits => Word::Nothing,
    }
}

/// What may stand where `entry` failed after it had tried these rules.
fn expected(entry: Rule, tried: &[Rule]) -> Expected {
    let has = |word_of: Word| tried.iter().any(|rule| word(*rule) == word_of);
    let mut expected = Expected {
        words: Vec::new(),
        name: has(Word::Name) || tried.contains(&Rule::kind) || tried.contains(&Rule::layer),
        value: has(Word::Value),
        operator: tried.contains(&Rule::star),
        end: has(Word::End),
    };
    if expected.value {
        expected.words.push("a value");
    } else if has(Word::Name) {
        expected.words.push("a name");
    }
    // Both signs are read between a name and its value, so that the wrong one is told exactly.
    let unsaid = if matches!(entry, Rule::param | Rule::definition | Rule::block) { Rule::colon } else { Rule::equals };
    for rule in tried {
        let is_sign = matches!(rule, Rule::colon | Rule::equals);
        match word(*rule) {
            // Where an operator may stand a value is complete: it was no name before a sign, and a call needs no word.
            Word::Of(_) if is_sign && (*rule == unsaid || expected.operator) => {}
            Word::Of(word) => expected.words.push(word),
            Word::ValueOrOperator if !expected.value && !expected.operator && *rule != Rule::minus => {
                expected.words.push(if *rule == Rule::open_square { "`[`" } else { "`(`" });
            }
            Word::Name | Word::Value | Word::ValueOrOperator | Word::Operator | Word::End | Word::Nothing => {}
        }
    }
    if expected.words.is_empty() && !expected.end {
        expected.words.push("an operator");
    }
    expected
}

/// Reads statements of one text.
pub(super) struct Parser<'t, 'm> {
    /// The whole text.
    pub(super) text: &'t str,
    /// Its id.
    pub(super) source: SourceId,
    /// Where mistakes go, also those that cost no statement.
    pub(super) mistakes: &'m mut Mistakes,
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
                Err(Failure::Unexpected { at: range.start + at, expected: expected(entry, &tried) })
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
        let value = self.expression(&mut tokens)?;
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
        let parameters = self.parameters(&mut tokens)?;
        self.sign(&mut tokens, &name, Rule::equals, "a definition");
        let body = self.expression(&mut tokens)?;
        Ok((kind, name, parameters, body))
    }

    /// `block NAME(parameters)`
    pub(super) fn block(&mut self, range: &Range<usize>) -> Result<(Ident, Vec<Parameter>), Failure> {
        let mut tokens = self.tokens(Rule::block, range)?;
        tokens.need(Rule::block_word);
        let name = tokens.need_ident(Rule::name);
        let parameters = self.parameters(&mut tokens)?;
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
        let condition = self.expression(&mut tokens)?;
        let at = match tokens.take(Rule::at_word) {
            Some(_) => Some(self.expression(&mut tokens)?),
            None => None,
        };
        Ok((condition, at))
    }

    /// `key: value`
    pub(super) fn setting(&mut self, range: &Range<usize>) -> Result<(Ident, Expr), Failure> {
        let mut tokens = self.tokens(Rule::setting, range)?;
        let key = tokens.need_ident(Rule::key);
        self.sign(&mut tokens, &key, Rule::colon, "a setting");
        let value = self.expression(&mut tokens)?;
        Ok((key, value))
    }

    /// `repeat count [as i]`, `repeat i in list`
    pub(super) fn repeat(&mut self, range: &Range<usize>) -> Result<Turns, Failure> {
        let mut tokens = self.tokens(Rule::repeat, range)?;
        tokens.need(Rule::repeat_word);
        if let Some(name) = tokens.take(Rule::name) {
            let binder = tokens.ident(&name);
            tokens.need(Rule::in_word);
            return Ok(Turns::Values { binder, values: self.expression(&mut tokens)? });
        }
        let count = self.expression(&mut tokens)?;
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
            arguments = self.arguments(tokens.inside(pair))?.0;
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
            // What stands before the sign: the name, or the parameters behind it.
            let before = self.text[..span.range().start].trim_end().len();
            let gap = if self.text[..before].ends_with('\n') {
                span
            } else {
                Span::new(self.source, before..span.range().end)
            };
            debug_assert!(before >= name.span.range().end, "a sign stands behind its name");
            self.mistakes.report(syntax::swapped_sign(span, place, sign.as_str(), gap));
        }
    }

    fn parameters(&mut self, tokens: &mut Tokens<'t>) -> Result<Vec<Parameter>, Failure> {
        let Some(parameters) = tokens.take(Rule::parameters) else { return Ok(Vec::new()) };
        let inner = tokens.inside(parameters);
        let (offset, source) = (inner.offset, inner.source);
        let mut read = Vec::new();
        for parameter in inner.pairs.filter(|pair| pair.as_rule() == Rule::parameter) {
            let mut tokens = Tokens { pairs: parameter.into_inner().peekable(), offset, source };
            let name = tokens.need_ident(Rule::name);
            let mut default = None;
            if tokens.pairs.peek().is_some() {
                self.sign(&mut tokens, &name, Rule::equals, "a parameter");
                default = Some(self.expression(&mut tokens)?);
            }
            read.push(Parameter { name, default });
        }
        Ok(read)
    }

    /// The arguments between parentheses, and the height of the highest.
    fn arguments(&mut self, inner: Tokens<'t>) -> Result<(Vec<Argument>, usize), Failure> {
        let (offset, source) = (inner.offset, inner.source);
        let (mut read, mut height) = (Vec::new(), 0);
        let mut first_named = None;
        for argument in inner.pairs.filter(|pair| pair.as_rule() == Rule::argument) {
            let mut tokens = Tokens { pairs: argument.into_inner().peekable(), offset, source };
            let name = tokens.take(Rule::key).map(|key| tokens.ident(&key));
            if let Some(name) = &name {
                self.sign(&mut tokens, name, Rule::colon, "an argument");
            }
            let value = self.tall(&mut tokens)?;
            match (&name, first_named) {
                (Some(name), None) => first_named = Some(name.span),
                (None, Some(named)) => self.mistakes.report(syntax::positional_after_named(value.expr.span, named)),
                (Some(_), Some(_)) | (None, None) => {}
            }
            height = height.max(value.height);
            read.push(Argument { name, value: value.expr });
        }
        Ok((read, height))
    }

    fn expression(&mut self, tokens: &mut Tokens<'t>) -> Result<Expr, Failure> {
        self.tall(tokens).map(|tall| tall.expr)
    }

    fn tall(&mut self, tokens: &mut Tokens<'t>) -> Result<Tall, Failure> {
        let expression = tokens.need(Rule::expression);
        let form = expression.into_inner().next().expect("an expression is a conditional or an operation");
        let inner = tokens.inside(form.clone());
        match form.as_rule() {
            Rule::conditional => self.conditional(inner),
            Rule::operation => self.operation(inner),
            rule => unreachable!("the grammar makes no expression of {rule:?}"),
        }
    }

    fn conditional(&mut self, mut tokens: Tokens<'t>) -> Result<Tall, Failure> {
        let word = tokens.need(Rule::if_word);
        let start = tokens.span(&word);
        let condition = self.tall(&mut tokens)?;
        tokens.need(Rule::then_word);
        let consequent = self.tall(&mut tokens)?;
        tokens.need(Rule::else_word);
        let alternative = self.tall(&mut tokens)?;
        let height = 1 + condition.height.max(consequent.height).max(alternative.height);
        let span = start.to(alternative.expr.span);
        let kind = ExprKind::If(Box::new(condition.expr), Box::new(consequent.expr), Box::new(alternative.expr));
        Ok(Tall { expr: Expr { kind, span }, height })
    }

    fn operation(&mut self, mut tokens: Tokens<'t>) -> Result<Tall, Failure> {
        let mut pieces = Vec::new();
        let mut is_operand_next = true;
        while let Some(pair) = tokens.pairs.next() {
            let span = tokens.span(&pair);
            let piece = match (pair.as_rule(), is_operand_next) {
                (Rule::minus, true) => Piece::Prefix(UnaryOperator::Negate, span),
                (Rule::not_word, _) => Piece::Prefix(UnaryOperator::Not, span),
                (_, true) => {
                    is_operand_next = false;
                    Piece::Operand(self.operand(&tokens, pair)?)
                }
                (rule, false) => {
                    is_operand_next = true;
                    Piece::Infix(infix(rule), span)
                }
            };
            pieces.push(piece);
        }
        precedence::climb(pieces, self.text, self.mistakes).ok_or(Failure::Reported)
    }

    fn operand(&mut self, tokens: &Tokens<'t>, pair: Pair<'t, Rule>) -> Result<Tall, Failure> {
        let span = tokens.span(&pair);
        let leaf = |kind| Ok(Tall { expr: Expr { kind, span }, height: 0 });
        match pair.as_rule() {
            Rule::number => leaf(ExprKind::Number(number_value(pair.as_str()))),
            Rule::string => leaf(ExprKind::String(string_value(pair.as_str()))),
            Rule::true_word => leaf(ExprKind::Boolean(true)),
            Rule::false_word => leaf(ExprKind::Boolean(false)),
            Rule::list => {
                let mut inner = tokens.inside(pair);
                let (mut elements, mut height) = (Vec::new(), 0);
                inner.need(Rule::open_square);
                while inner.take(Rule::close_square).is_none() {
                    let element = self.tall(&mut inner)?;
                    height = height.max(element.height);
                    elements.push(element.expr);
                    inner.take(Rule::comma);
                }
                Ok(Tall { expr: Expr { kind: ExprKind::List(elements), span }, height: height + 1 })
            }
            Rule::group => {
                let mut inner = tokens.inside(pair);
                inner.need(Rule::open_round);
                let Tall { expr, height } = self.tall(&mut inner)?;
                // With its parentheses, so that a span taken from here to elsewhere is balanced.
                Ok(Tall { expr: Expr { kind: expr.kind, span }, height })
            }
            Rule::reference => self.reference(tokens.inside(pair)),
            rule => unreachable!("the grammar makes no operand of {rule:?}"),
        }
    }

    fn reference(&mut self, mut tokens: Tokens<'t>) -> Result<Tall, Failure> {
        let head = tokens.need_ident(Rule::head);
        let mut span = head.span;
        if let Some(pair) = tokens.take(Rule::arguments) {
            span = span.to(tokens.span(&pair));
            let (arguments, height) = self.arguments(tokens.inside(pair))?;
            let kind = ExprKind::Call { callee: head, arguments };
            return Ok(Tall { expr: Expr { kind, span }, height: height + 1 });
        }
        let (mut segments, mut height) = (Vec::new(), 0);
        while let Some(pair) = tokens.pairs.next() {
            span = span.to(tokens.span(&pair));
            let rule = pair.as_rule();
            let mut inner = tokens.inside(pair);
            if rule == Rule::member {
                inner.need(Rule::dot);
                segments.push(Segment::Member(inner.need_ident(Rule::key)));
            } else {
                inner.need(Rule::open_square);
                let index = self.tall(&mut inner)?;
                height = height.max(index.height + 1);
                segments.push(Segment::Index(Box::new(index.expr)));
            }
        }
        Ok(Tall { expr: Expr { kind: ExprKind::Path(Path { head, segments }), span }, height })
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
