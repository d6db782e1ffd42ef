//! `expect …`: truth values over what a run measures. Numbers on both sides of a comparison become functions of quantities.

use super::Checker;
use super::evaluate::{State, describe};
use super::names::Place;
use super::network::Draught;
use super::value::{Context, Home, Scope, Value};
use crate::arena::Id;
use crate::diagnostics::{arguments, names};
use crate::graph::LayerId;
use crate::model::{
    At, Expectation, Layer, ParameterRole, Quantity, ReportSettings, TensorName, Term, TermKind, Train, VerdictWord,
    layers,
};
use crate::scalar;
use crate::source::{Ident, Span};
use crate::syntax::ast::{Argument, BinaryOperator, Expect, Expr, ExprKind, Path, Segment, UnaryOperator};
use std::rc::Rc;
use std::sync::Arc;

/// The numbers that a run measures as a whole.
pub(super) const NUMBERS: [&str; 3] = ["ratio", "loss", "accuracy"];
/// The functions of a layer or tensor.
pub(super) const FUNCTIONS: [&str; 5] = ["norm", "rms", "zeros", "saturated", "dead"];
/// The gradients of a layer that have a name.
const MEMBERS: [&str; 5] = ["gradient", "weight", "bias", "pre_activation", "output"];
/// The verdict words.
const WORDS: [(&str, VerdictWord); 6] = [
    ("exploding", VerdictWord::Exploding),
    ("vanishing", VerdictWord::Vanishing),
    ("underflow", VerdictWord::Underflow),
    ("dead", VerdictWord::Dead),
    ("saturated", VerdictWord::Saturated),
    ("healthy", VerdictWord::Healthy),
];

/// Every word that an `expect` knows, names of layers apart.
#[must_use]
pub fn expectation_words() -> Vec<&'static str> {
    let words = WORDS.iter().map(|(word, _)| *word);
    NUMBERS.into_iter().chain(FUNCTIONS).chain(MEMBERS).chain(words).collect()
}

impl<'a> Checker<'a> {
    /// One expectation; none where it is broken.
    pub(super) fn check_expect(
        &mut self,
        expect: &'a Expect,
        report: &ReportSettings,
        train: Option<&Train>,
        has_train: bool,
    ) -> Option<Expectation> {
        let condition = self.condition(&expect.condition);
        let at = match &expect.at {
            None => Some(None),
            Some(step) => self.expected_step(step, report, train, has_train).map(Some),
        };
        Some(Expectation { condition: condition?, at: at?, span: expect.span })
    }

    /// The report that an expectation is about; one that no run makes is reported.
    fn expected_step(
        &mut self,
        expr: &'a Expr,
        report: &ReportSettings,
        train: Option<&Train>,
        has_train: bool,
    ) -> Option<At> {
        let [at] = self.step(expr)?[..] else {
            self.report(arguments::wrong_type(expr.span, "one step", "a list"));
            return None;
        };
        let At::Step(step) = at else { return Some(at) };
        let last = match (has_train, train) {
            (false, _) => Some(0),
            (true, Some(train)) => train.steps,
            // Broken, or in epochs: the number of steps is not known here.
            (true, None) => None,
        };
        let listed = match (&report.at, report.every) {
            (None, None) => step == 0 || last.is_none_or(|last| step == last),
            (at, every) => {
                let named = at.iter().flatten().any(|at| match at {
                    At::Step(named) => *named == step,
                    At::First => step == 0,
                    At::Last => last.is_none_or(|last| step == last),
                });
                named || every.is_some_and(|every| step.is_multiple_of(every)) || (has_train && train.is_none())
            }
        };
        let reached = last.is_none_or(|last| step <= last);
        if !listed || !reached {
            self.report(arguments::step_not_reported(expr.span, step, last, self.report_at));
            return None;
        }
        Some(at)
    }

    /// A truth value.
    fn condition(&mut self, expr: &'a Expr) -> Option<Term> {
        let kind = match &expr.kind {
            ExprKind::Unary(UnaryOperator::Not, operand) => TermKind::Not(Box::new(self.condition(operand)?)),
            ExprKind::Binary(operator @ (BinaryOperator::And | BinaryOperator::Or), left, right) => {
                let (left, right) = (self.condition(left), self.condition(right));
                let (left, right) = (Box::new(left?), Box::new(right?));
                if *operator == BinaryOperator::And { TermKind::And(left, right) } else { TermKind::Or(left, right) }
            }
            ExprKind::Binary(
                operator @ (BinaryOperator::Less
                | BinaryOperator::LessEqual
                | BinaryOperator::Greater
                | BinaryOperator::GreaterEqual
                | BinaryOperator::Equal
                | BinaryOperator::NotEqual),
                left,
                right,
            ) => {
                let (left, right) = (self.measured(left), self.measured(right));
                TermKind::Compare(*operator, Box::new(left?), Box::new(right?))
            }
            ExprKind::In(value, range) => {
                let value = self.measured(value);
                let ExprKind::Range(low, high) = &range.kind else {
                    self.report(arguments::wrong_type(range.span, "a range such as `0.1..10`", "something else"));
                    return None;
                };
                let (low, high) = (self.measured(low), self.measured(high));
                TermKind::In(Box::new(value?), Box::new(low?), Box::new(high?))
            }
            ExprKind::Path(path) if path.segments.is_empty() => return self.word_or_truth(path, expr),
            _ => return self.truth(expr),
        };
        Some(Term { kind, span: expr.span })
    }

    /// `vanishing`, or a param that holds a truth value.
    fn word_or_truth(&mut self, path: &'a Path, expr: &'a Expr) -> Option<Term> {
        let name = path.head.name.as_str();
        if let Some((_, word)) = WORDS.iter().find(|(word, _)| *word == name) {
            return Some(Term { kind: TermKind::Word(*word), span: expr.span });
        }
        if self.params.use_of(name).is_some() {
            return self.truth(expr);
        }
        if NUMBERS.contains(&name) {
            self.report(arguments::expect_is_no_truth(expr.span, name));
            return None;
        }
        let words = WORDS.map(|(word, _)| word);
        self.report(names::unknown("verdict", &path.head, words));
        None
    }

    /// Any other expression whose worth is a truth value.
    fn truth(&mut self, expr: &'a Expr) -> Option<Term> {
        let kind = match &expr.kind {
            // Evaluated as a whole: a chosen branch is no truth value of its own.
            ExprKind::If(condition, yes, no) => {
                let (condition, yes, no) = (self.condition(condition), self.condition(yes), self.condition(no));
                let (condition, yes, no) = (condition?, yes?, no?);
                let refused = Term { span: condition.span, kind: TermKind::Not(Box::new(condition.clone())) };
                let both = |left: Term, right: Term| {
                    let span = right.span;
                    Box::new(Term { kind: TermKind::And(Box::new(left), Box::new(right)), span })
                };
                TermKind::Or(both(condition, yes), both(refused, no))
            }
            _ => {
                let scope = Scope::root(Home::User);
                let mut state = State::building(Context::Expectation, scalar::Builder::new(super::Limits::QUANTITIES));
                match self.evaluate(expr, &scope, &mut state) {
                    Value::Boolean(boolean) => {
                        let number = |value| Box::new(Term { kind: TermKind::Number(value), span: expr.span });
                        TermKind::Compare(BinaryOperator::Equal, number(f64::from(u8::from(boolean))), number(1.0))
                    }
                    Value::Unknown => return None,
                    other => {
                        self.report(arguments::expect_is_no_truth(expr.span, &describe(&other)));
                        return None;
                    }
                }
            }
        };
        Some(Term { kind, span: expr.span })
    }

    /// A number: known, measured, or a function of what is measured.
    fn measured(&mut self, expr: &'a Expr) -> Option<Term> {
        let scope = Scope::root(Home::User);
        let mut state = State::building(Context::Expectation, scalar::Builder::new(super::Limits::QUANTITIES));
        let value = self.evaluate(expr, &scope, &mut state);
        let kind = match value {
            Value::Number(number) => TermKind::Number(number),
            Value::Scalar(result) => {
                let mut function = state.builder.take().expect("it builds").finish(&[result]);
                function.arity = state.quantities.len();
                let mut terms = state
                    .quantities
                    .iter()
                    .map(|(quantity, span)| Term { kind: TermKind::Quantity(*quantity), span: *span });
                if function.results.len() == 1 && is_first_argument(&function) && state.quantities.len() == 1 {
                    terms.next().expect("there is one").kind
                } else {
                    TermKind::Function(Arc::new(function), terms.collect())
                }
            }
            Value::Unknown => return None,
            other => {
                self.report(arguments::wrong_type(expr.span, "a number", &describe(&other)));
                return None;
            }
        };
        Some(Term { kind, span: expr.span })
    }

    /// `ratio`, `loss`, `accuracy`; the outer option says whether the path is one of them, or a layer.
    #[expect(clippy::option_option, reason = "not a quantity, a broken one, a quantity")]
    pub(super) fn named_quantity(&mut self, path: &'a Path, span: Span) -> Option<Option<Quantity>> {
        let name = path.head.name.as_str();
        if path.segments.is_empty() {
            match name {
                "ratio" => return Some(Some(Quantity::Ratio)),
                "loss" => return Some(Some(Quantity::Loss)),
                "accuracy" => return Some(Some(Quantity::Accuracy)),
                _ => {}
            }
            if self.params.use_of(name).is_some() {
                return None;
            }
            if WORDS.iter().any(|(word, _)| *word == name) {
                self.report(arguments::word_is_no_number(&path.head));
                return Some(None);
            }
        }
        let known = self.label_places.contains_key(name)
            || self.looks_automatic(name)
            || name == "first"
            || name == "last"
            || name == "input";
        if known {
            self.report(arguments::layer_is_no_number(span, self.sources.text(span)));
            return Some(None);
        }
        None
    }

    /// `norm(…)`, `dead(…)` and the like; the outer option says whether the call is one of them.
    #[expect(clippy::option_option, reason = "not a quantity, a broken one, a quantity")]
    pub(super) fn called_quantity(
        &mut self,
        expr: &'a Expr,
        callee: &'a Ident,
        given: &'a [Argument],
        scope: &Rc<Scope<'a>>,
    ) -> Option<Option<Quantity>> {
        if !FUNCTIONS.contains(&callee.name.as_str()) {
            return None;
        }
        let [argument] = given else {
            self.report(arguments::arity(callee, expr.span, 1, given.len()));
            return Some(None);
        };
        if let Some(name) = &argument.name {
            self.report(arguments::function_takes_no_names(name, callee));
            return Some(None);
        }
        let ExprKind::Path(path) = &argument.value.kind else {
            self.report(arguments::wrong_type(
                argument.value.span,
                "a layer, or a gradient of one such as `dense1.bias`",
                "an expression",
            ));
            return Some(None);
        };
        let Some(draught) = self.draught.take() else { return Some(None) };
        let quantity = self.quantity_of(callee, path, argument.value.span, scope, &draught);
        self.draught = Some(draught);
        Some(quantity)
    }

    fn quantity_of(
        &mut self,
        callee: &'a Ident,
        path: &'a Path,
        span: Span,
        scope: &Rc<Scope<'a>>,
        draught: &Draught<'a>,
    ) -> Option<Quantity> {
        let of_a_layer = matches!(callee.name.as_str(), "saturated" | "dead");
        if of_a_layer {
            let at = self.expected_layer(&path.head, &path.segments, span, scope, draught)?;
            let draft = &draught.drafts[at];
            let has_slope = match (&draft.activation, draft.broken) {
                (Some(activation), _) => activation.function.is_some(),
                (None, broken) => broken,
            };
            if !has_slope {
                self.report(arguments::no_activation(span, callee, &draft.name, draft.span));
                return None;
            }
            let layer = LayerId::new(at);
            return Some(if callee.name == "dead" { Quantity::Dead(layer) } else { Quantity::Saturated(layer) });
        }
        let tensor = self.tensor(path, span, scope, draught)?;
        Some(match callee.name.as_str() {
            "norm" => Quantity::Norm(tensor),
            "rms" => Quantity::Rms(tensor),
            _ => Quantity::Zeros(tensor),
        })
    }

    /// `dense1`, `dense1.bias`, `h[2].output`, `input`
    fn tensor(
        &mut self,
        path: &'a Path,
        span: Span,
        scope: &Rc<Scope<'a>>,
        draught: &Draught<'a>,
    ) -> Option<TensorName> {
        if path.head.name == "input" && path.segments.is_empty() {
            if let Some(table) = draught.drafts.iter().find(|draft| draft.kind.looks_up) {
                self.report(arguments::input_without_gradient(span, &table.name, table.span));
                return None;
            }
            return Some(TensorName::Input);
        }
        let (segments, member) = match path.segments.split_last() {
            Some((Segment::Member(member), before)) if MEMBERS.contains(&member.name.as_str()) => {
                (before, Some(member))
            }
            Some((Segment::Member(member), before)) => {
                // `dense1.wieght`: a layer, and a member that is none.
                if self.is_layer(&path.head, before, scope, draught)
                    && !self.is_layer(&path.head, &path.segments, scope, draught)
                {
                    self.report(names::unknown_member(member, self.sources.text(span), MEMBERS));
                    return None;
                }
                (&path.segments[..], None)
            }
            Some((Segment::Index(_), _)) | None => (&path.segments[..], None),
        };
        let layer_span = match (member, segments.last()) {
            (None, _) => span,
            (Some(_), None) => path.head.span,
            (Some(_), Some(Segment::Member(name))) => path.head.span.to(name.span),
            // With the bracket behind the index.
            (Some(member), Some(Segment::Index(_))) => {
                Span { end: member.span.start.saturating_sub(1), ..path.head.span }
            }
        };
        let at = self.expected_layer(&path.head, segments, layer_span, scope, draught)?;
        self.tensor_of(at, member, span, draught)
    }

    fn tensor_of(
        &mut self,
        at: usize,
        member: Option<&Ident>,
        span: Span,
        draught: &Draught<'a>,
    ) -> Option<TensorName> {
        let draft = &draught.drafts[at];
        let layer = LayerId::new(at);
        let has = |role| draft.tensors.iter().any(|tensor| tensor.role == role);
        let measured = is_measured(draft.kind, !draft.tensors.is_empty());
        let (exists, tensor) = match member.map_or("gradient", |member| member.name.as_str()) {
            "gradient" => (!draft.tensors.is_empty(), TensorName::Gradient(layer)),
            "weight" => (has(ParameterRole::Weight), TensorName::Weight(layer)),
            "bias" => (has(ParameterRole::Bias), TensorName::Bias(layer)),
            "pre_activation" => (measured, TensorName::PreActivation(layer)),
            _ => (measured, TensorName::Output(layer)),
        };
        // What a broken layer has is not known.
        if exists || draft.broken || draft.output.is_none() || draft.input.is_none() {
            return Some(tensor);
        }
        let what = member.map_or("parameters", |member| member.name.as_str());
        let others: Vec<&str> = MEMBERS
            .into_iter()
            .filter(|other| match *other {
                "weight" => has(ParameterRole::Weight),
                "bias" => has(ParameterRole::Bias),
                "gradient" => false,
                _ => measured,
            })
            .collect();
        self.report(arguments::no_such_gradient(span, what, &draft.name, draft.span, &others));
        None
    }

    fn is_layer(
        &mut self,
        head: &Ident,
        segments: &'a [Segment],
        scope: &Rc<Scope<'a>>,
        draught: &Draught<'a>,
    ) -> bool {
        self.sink.mute += 1;
        let found = self.expected_layer(head, segments, head.span, scope, draught).is_some();
        self.sink.mute -= 1;
        found
    }

    /// The layer of a path, `first` and `last` among them.
    fn expected_layer(
        &mut self,
        head: &Ident,
        segments: &'a [Segment],
        span: Span,
        scope: &Rc<Scope<'a>>,
        draught: &Draught<'a>,
    ) -> Option<usize> {
        let name = head.name.as_str();
        let place = Place::top(Rc::clone(scope));
        if segments.is_empty() && (name == "first" || name == "last") {
            let mut trained =
                draught.drafts.iter().enumerate().filter(|(_, draft)| draft.kind.weighted == layers::Weighted::Both);
            let found = if name == "first" { trained.next() } else { trained.next_back() };
            if found.is_none() && !draught.names.uncertain {
                self.report(names::no_first_layer(span, name));
            }
            return found.map(|(at, _)| at);
        }
        // A number may be off: what the path means is not known.
        if draught.names.uncertain && self.looks_automatic(name) {
            self.path_text(segments, &place);
            return None;
        }
        self.find_layer(head, segments, span, &place, draught)
    }
}

/// Whether the gradients of a layer's output are measured: containers only where they have tensors of their own.
pub(in crate::model) fn is_measured(kind: &layers::Kind, has_tensors: bool) -> bool {
    has_tensors || !kind.is_container()
}

/// Whether a layer of a model is measured.
pub(in crate::model) fn measures(layer: &Layer) -> bool {
    is_measured(layer.kind, !layer.parameters.is_empty())
}

fn is_first_argument(function: &scalar::Function) -> bool {
    matches!(function.nodes[function.results[0]], scalar::Op::Argument(0))
}
