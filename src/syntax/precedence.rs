//! From a flat row of operands and operators to the tree of an expression. Loosest first: `or`, `and`, `not`, one
//! comparison or `in`, `..`, `+ -`, `* /`, unary minus, `^`. What the grammar lets pass and the language does not (two
//! comparisons in a row, `not` within arithmetic) is reported here.

use super::ast::{BinaryOperator, Expr, ExprKind, UnaryOperator};
use super::mistakes::Mistakes;
use crate::diagnostics::{Diagnostic, syntax};
use crate::source::Span;
use std::iter::Peekable;
use std::vec::IntoIter;

/// An infix operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Infix {
    /// One that makes a `Binary`.
    Binary(BinaryOperator),
    /// `in`
    In,
    /// `..`
    Range,
}

/// One token, or complete operand, of the row.
#[derive(Debug)]
pub(super) enum Piece {
    /// An operand.
    Operand(Expr),
    /// `-` or `not` before an operand.
    Prefix(UnaryOperator, Span),
    /// An operator between operands.
    Infix(Infix, Span),
}

/// The tree of a row that the grammar has accepted: operands, each behind its prefixes, with infix operators between. Where a
/// mistake is reported, the tree is not what was meant, and `is_spoilt` is set.
pub(super) fn climb(pieces: Vec<Piece>, text: &str, mistakes: &mut Mistakes, is_spoilt: &mut bool) -> Expr {
    let mut climber = Climber { pieces: pieces.into_iter().peekable(), text, mistakes, is_spoilt };
    climber.disjunction()
}

struct Climber<'t, 'm> {
    pieces: Peekable<IntoIter<Piece>>,
    text: &'t str,
    mistakes: &'m mut Mistakes,
    is_spoilt: &'m mut bool,
}

impl<'t> Climber<'t, '_> {
    fn report(&mut self, diagnostic: impl FnOnce() -> Diagnostic) {
        *self.is_spoilt = true;
        self.mistakes.report(diagnostic);
    }

    /// The next operator, if it is one of those `wanted`.
    fn infix(&mut self, wanted: impl Fn(Infix) -> bool) -> Option<(Infix, Span)> {
        let Some(&Piece::Infix(infix, span)) = self.pieces.peek() else { return None };
        if !wanted(infix) {
            return None;
        }
        self.pieces.next();
        Some((infix, span))
    }

    fn prefix(&mut self) -> Option<(UnaryOperator, Span)> {
        let Some(&Piece::Prefix(operator, span)) = self.pieces.peek() else { return None };
        self.pieces.next();
        Some((operator, span))
    }

    fn join(infix: Infix, left: Expr, right: Expr) -> Expr {
        let span = left.span.to(right.span);
        let (left, right) = (Box::new(left), Box::new(right));
        let kind = match infix {
            Infix::Binary(operator) => ExprKind::Binary(operator, left, right),
            Infix::In => ExprKind::In(left, right),
            Infix::Range => ExprKind::Range(left, right),
        };
        Expr { kind, span }
    }

    fn unary(operator: UnaryOperator, span: Span, operand: Expr) -> Expr {
        let span = span.to(operand.span);
        Expr { kind: ExprKind::Unary(operator, Box::new(operand)), span }
    }

    fn disjunction(&mut self) -> Expr {
        let mut left = self.conjunction();
        while let Some((infix, _)) = self.infix(|infix| infix == Infix::Binary(BinaryOperator::Or)) {
            let right = self.conjunction();
            left = Self::join(infix, left, right);
        }
        left
    }

    fn conjunction(&mut self) -> Expr {
        let mut left = self.negation();
        while let Some((infix, _)) = self.infix(|infix| infix == Infix::Binary(BinaryOperator::And)) {
            let right = self.negation();
            left = Self::join(infix, left, right);
        }
        left
    }

    fn negation(&mut self) -> Expr {
        if let Some(&Piece::Prefix(UnaryOperator::Not, span)) = self.pieces.peek() {
            self.pieces.next();
            let operand = self.negation();
            return Self::unary(UnaryOperator::Not, span, operand);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Expr {
        let left = self.range();
        let Some((infix, first)) = self.infix(is_comparison) else { return left };
        let right = self.range();
        let mut middle = right.span;
        let compared = Self::join(infix, left, right);
        while let Some((_, second)) = self.infix(is_comparison) {
            let compared: &'t str = &self.text[middle.range()];
            self.report(|| syntax::comparison_chain(second, first, (middle, compared)));
            middle = self.range().span;
        }
        compared
    }

    fn range(&mut self) -> Expr {
        let left = self.sum();
        let Some((infix, first)) = self.infix(|infix| infix == Infix::Range) else { return left };
        let right = self.sum();
        let range = Self::join(infix, left, right);
        while let Some((_, second)) = self.infix(|infix| infix == Infix::Range) {
            self.report(|| syntax::range_chain(second, first));
            self.sum();
        }
        range
    }

    fn sum(&mut self) -> Expr {
        let mut left = self.product(None);
        while let Some((infix, sign)) = self.infix(is_sum) {
            let right = self.product(Some(sign));
            left = Self::join(infix, left, right);
        }
        left
    }

    /// `before` is the arithmetic operator on the left, if there is one.
    fn product(&mut self, before: Option<Span>) -> Expr {
        let mut left = self.signed(before);
        while let Some((infix, sign)) = self.infix(is_product) {
            let right = self.signed(Some(sign));
            left = Self::join(infix, left, right);
        }
        left
    }

    /// An operand behind its signs.
    fn signed(&mut self, before: Option<Span>) -> Expr {
        let Some((operator, span)) = self.prefix() else { return self.power() };
        if operator == UnaryOperator::Not {
            self.report_not(span, before);
        }
        let operand = self.signed(Some(span));
        Self::unary(operator, span, operand)
    }

    fn power(&mut self) -> Expr {
        let base = match self.pieces.next() {
            Some(Piece::Operand(operand)) => operand,
            piece => unreachable!("the grammar puts an operand here, not {piece:?}"),
        };
        let Some((infix, caret)) = self.infix(|infix| infix == Infix::Binary(BinaryOperator::Power)) else {
            return base;
        };
        let exponent = self.signed(Some(caret));
        Self::join(infix, base, exponent)
    }

    fn report_not(&mut self, not: Span, before: Option<Span>) {
        // Without an operator on the left, `not` stands behind a comparison or a range.
        let operator = before.unwrap_or(not);
        let sign: &'t str = &self.text[operator.range()];
        self.report(|| syntax::not_within(not, operator, sign));
    }
}

fn is_comparison(infix: Infix) -> bool {
    use BinaryOperator::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    match infix {
        Infix::Binary(operator) => matches!(operator, Less | LessEqual | Greater | GreaterEqual | Equal | NotEqual),
        Infix::In => true,
        Infix::Range => false,
    }
}

fn is_sum(infix: Infix) -> bool {
    matches!(infix, Infix::Binary(BinaryOperator::Add | BinaryOperator::Subtract))
}

fn is_product(infix: Infix) -> bool {
    matches!(infix, Infix::Binary(BinaryOperator::Multiply | BinaryOperator::Divide))
}
