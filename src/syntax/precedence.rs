//! From a flat row of operands and operators to the tree of an expression. Loosest first: `or`, `and`, `not`, one
//! comparison or `in`, `..`, `+ -`, `* /`, unary minus, `^`. What the grammar lets pass and the language does not (two
//! comparisons in a row, `not` within arithmetic) is reported here, and the tree goes on without it.

use super::ast::{BinaryOperator, Expr, ExprKind, UnaryOperator};
use super::mistakes::Mistakes;
use crate::diagnostics::syntax;
use crate::source::Span;
use std::iter::Peekable;
use std::vec::IntoIter;

/// The highest tree that is built. Nesting is bounded before; this bounds rows of operators, because everything that works
/// on a tree goes down to its leaves.
pub(super) const MAX_HEIGHT: usize = 1000;

/// An expression with the height of its tree.
#[derive(Debug)]
pub(super) struct Tall {
    pub(super) expr: Expr,
    pub(super) height: usize,
}

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
    Operand(Tall),
    /// `-` or `not` before an operand.
    Prefix(UnaryOperator, Span),
    /// An operator between operands.
    Infix(Infix, Span),
}

/// The tree of a row that the grammar has accepted: operands, each behind its prefixes, with infix operators between.
/// Absent, and reported, where the tree is too high.
pub(super) fn climb(pieces: Vec<Piece>, text: &str, mistakes: &mut Mistakes) -> Option<Tall> {
    let mut climber = Climber { pieces: pieces.into_iter().peekable(), text, mistakes, is_too_high: false };
    let whole = climber.disjunction();
    (!climber.is_too_high).then_some(whole)
}

struct Climber<'t, 'm> {
    pieces: Peekable<IntoIter<Piece>>,
    text: &'t str,
    mistakes: &'m mut Mistakes,
    is_too_high: bool,
}

impl Climber<'_, '_> {
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

    /// A node over `height`, unless it is too high: then a leaf in its place, so that nothing high is ever built.
    fn node(&mut self, kind: ExprKind, span: Span, height: usize) -> Tall {
        if height < MAX_HEIGHT {
            return Tall { expr: Expr { kind, span }, height: height + 1 };
        }
        if !self.is_too_high {
            self.mistakes.report(syntax::expression_too_long(span, MAX_HEIGHT));
        }
        self.is_too_high = true;
        Tall { expr: Expr { kind: ExprKind::Number(0.0), span }, height: 0 }
    }

    fn join(&mut self, infix: Infix, left: Tall, right: Tall) -> Tall {
        let span = left.expr.span.to(right.expr.span);
        let height = left.height.max(right.height);
        let (left, right) = (Box::new(left.expr), Box::new(right.expr));
        let kind = match infix {
            Infix::Binary(operator) => ExprKind::Binary(operator, left, right),
            Infix::In => ExprKind::In(left, right),
            Infix::Range => ExprKind::Range(left, right),
        };
        self.node(kind, span, height)
    }

    fn unary(&mut self, operator: UnaryOperator, span: Span, operand: Tall) -> Tall {
        let whole = span.to(operand.expr.span);
        self.node(ExprKind::Unary(operator, Box::new(operand.expr)), whole, operand.height)
    }

    fn disjunction(&mut self) -> Tall {
        let mut left = self.conjunction();
        while let Some((infix, _)) = self.infix(|infix| infix == Infix::Binary(BinaryOperator::Or)) {
            let right = self.conjunction();
            left = self.join(infix, left, right);
        }
        left
    }

    fn conjunction(&mut self) -> Tall {
        let mut left = self.negation();
        while let Some((infix, _)) = self.infix(|infix| infix == Infix::Binary(BinaryOperator::And)) {
            let right = self.negation();
            left = self.join(infix, left, right);
        }
        left
    }

    fn negation(&mut self) -> Tall {
        if let Some(&Piece::Prefix(UnaryOperator::Not, span)) = self.pieces.peek() {
            self.pieces.next();
            let operand = self.negation();
            return self.unary(UnaryOperator::Not, span, operand);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Tall {
        let left = self.range();
        let Some((infix, first)) = self.infix(is_comparison) else { return left };
        let right = self.range();
        let mut middle = right.expr.span;
        let compared = self.join(infix, left, right);
        while let Some((_, second)) = self.infix(is_comparison) {
            self.mistakes.report(syntax::comparison_chain(second, first, (middle, &self.text[middle.range()])));
            middle = self.range().expr.span;
        }
        compared
    }

    fn range(&mut self) -> Tall {
        let left = self.sum();
        let Some((infix, first)) = self.infix(|infix| infix == Infix::Range) else { return left };
        let right = self.sum();
        let range = self.join(infix, left, right);
        while let Some((_, second)) = self.infix(|infix| infix == Infix::Range) {
            self.mistakes.report(syntax::range_chain(second, first));
            self.sum();
        }
        range
    }

    fn sum(&mut self) -> Tall {
        let mut left = self.product(None);
        while let Some((infix, sign)) = self.infix(is_sum) {
            let right = self.product(Some(sign));
            left = self.join(infix, left, right);
        }
        left
    }

    /// `before` is the arithmetic operator on the left, if there is one.
    fn product(&mut self, before: Option<Span>) -> Tall {
        let mut left = self.signed(before);
        while let Some((infix, sign)) = self.infix(is_product) {
            let right = self.signed(Some(sign));
            left = self.join(infix, left, right);
        }
        left
    }

    /// An operand behind its signs.
    fn signed(&mut self, before: Option<Span>) -> Tall {
        let Some((operator, span)) = self.prefix() else { return self.power() };
        if operator == UnaryOperator::Not {
            self.report_not(span, before);
        }
        let operand = self.signed(Some(span));
        self.unary(operator, span, operand)
    }

    fn power(&mut self) -> Tall {
        let base = match self.pieces.next() {
            Some(Piece::Operand(operand)) => operand,
            piece => unreachable!("the grammar puts an operand here, not {piece:?}"),
        };
        let Some((infix, caret)) = self.infix(|infix| infix == Infix::Binary(BinaryOperator::Power)) else {
            return base;
        };
        let exponent = self.signed(Some(caret));
        self.join(infix, base, exponent)
    }

    fn report_not(&mut self, not: Span, before: Option<Span>) {
        // Without an operator on the left, `not` stands behind a comparison or a range.
        let operator = before.unwrap_or(not);
        self.mistakes.report(syntax::not_within(not, operator, &self.text[operator.range()]));
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
