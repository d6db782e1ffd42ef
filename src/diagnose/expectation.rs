//! `expect` statements held to the records: each must hold for every seed; a failed one is drawn with the values of its parts.

use super::chain::Chain;
use super::verdict::{self, Judgement};
use crate::diagnostics::{Diagnostic, findings};
use crate::model::{At, Expectation, Model, Quantity, TensorName, Term, TermKind, VerdictWord};
use crate::numbers::significant;
use crate::run::record::{LayerRecord, Record, Records, SeedRecords, Statistics};
use crate::source::Span;
use crate::syntax::ast::BinaryOperator;

/// The failed expectations, in order of the file.
#[must_use]
pub fn check(model: &Model, records: &Records) -> Vec<Diagnostic> {
    model.expectations.iter().filter_map(|expectation| check_one(model, records, expectation)).collect()
}

fn check_one(model: &Model, records: &Records, expectation: &Expectation) -> Option<Diagnostic> {
    let mut held = Vec::new();
    let mut first_failure = None;
    let mut step = 0;
    for seed in &records.seeds {
        let Some(record) = report_at(seed, expectation.at) else {
            let reported: Vec<u64> = seed.steps.iter().map(|record| record.step).collect();
            let wanted = match expectation.at {
                Some(At::Step(step)) => step.to_string(),
                Some(At::First) => "first".to_owned(),
                Some(At::Last) | None => "last".to_owned(),
            };
            return Some(findings::expectation_without_report(expectation.span, &wanted, &reported));
        };
        step = record.step;
        let moment = Moment::new(model, record, records.batch);
        let holds = moment.truth(&expectation.condition);
        held.push((seed.seed, holds));
        if !holds && first_failure.is_none() {
            let mut values = Vec::new();
            moment.parts(&expectation.condition, &mut values);
            first_failure = Some(values);
        }
    }
    let values = first_failure?;
    let holds = held.iter().filter(|(_, holds)| *holds).count();
    Some(findings::expectation_failed(expectation.condition.span, &values, holds, &held, step))
}

fn report_at(seed: &SeedRecords, at: Option<At>) -> Option<&Record> {
    match at {
        Some(At::First) => seed.steps.first(),
        None | Some(At::Last) => seed.steps.last(),
        Some(At::Step(step)) => seed.steps.iter().find(|record| record.step == step),
    }
}

/// One report, ready to be asked.
struct Moment<'r> {
    record: &'r Record,
    judgement: Judgement,
}

impl<'r> Moment<'r> {
    fn new(model: &Model, record: &'r Record, batch: usize) -> Self {
        Self { record, judgement: verdict::judge(model, record, &Chain::new(model, record, batch)) }
    }

    fn truth(&self, term: &Term) -> bool {
        match &term.kind {
            TermKind::Compare(operator, left, right) => {
                let (left, right) = (self.number(left), self.number(right));
                match operator {
                    BinaryOperator::Less => left < right,
                    BinaryOperator::LessEqual => left <= right,
                    BinaryOperator::Greater => left > right,
                    BinaryOperator::GreaterEqual => left >= right,
                    BinaryOperator::Equal => left == right,
                    BinaryOperator::NotEqual => left != right,
                    BinaryOperator::Add
                    | BinaryOperator::Subtract
                    | BinaryOperator::Multiply
                    | BinaryOperator::Divide
                    | BinaryOperator::Power
                    | BinaryOperator::And
                    | BinaryOperator::Or => unreachable!("a checked comparison has a comparison operator"),
                }
            }
            TermKind::In(value, low, high) => {
                let value = self.number(value);
                value >= self.number(low) && value < self.number(high)
            }
            TermKind::And(left, right) => self.truth(left) && self.truth(right),
            TermKind::Or(left, right) => self.truth(left) || self.truth(right),
            TermKind::Not(inner) => !self.truth(inner),
            TermKind::Word(word) => self.judgement.words.contains(word),
            TermKind::Number(_) | TermKind::Quantity(_) | TermKind::Function(..) => {
                unreachable!("a checked condition is a truth value")
            }
        }
    }

    fn number(&self, term: &Term) -> f64 {
        match &term.kind {
            TermKind::Number(value) => *value,
            TermKind::Quantity(quantity) => self.quantity(*quantity),
            TermKind::Function(function, arguments) => {
                let arguments: Vec<f64> = arguments.iter().map(|argument| self.number(argument)).collect();
                function.evaluate(&arguments)[0]
            }
            TermKind::Compare(..)
            | TermKind::In(..)
            | TermKind::And(..)
            | TermKind::Or(..)
            | TermKind::Not(_)
            | TermKind::Word(_) => unreachable!("a checked operand is a number"),
        }
    }

    fn layer(&self, layer: crate::graph::LayerId) -> &LayerRecord {
        let found = self.record.layers.iter().find(|candidate| candidate.layer == layer);
        found.expect("an expectation names measured layers only")
    }

    fn quantity(&self, quantity: Quantity) -> f64 {
        let of = |name: TensorName, statistic: fn(&Statistics) -> f64| {
            let statistics = match name {
                TensorName::Gradient(layer) => self.layer(layer).gradient.as_ref(),
                TensorName::Weight(layer) => self.layer(layer).weight.as_ref(),
                TensorName::Bias(layer) => self.layer(layer).bias.as_ref(),
                TensorName::PreActivation(layer) => Some(&self.layer(layer).pre_activation),
                TensorName::Output(layer) => Some(&self.layer(layer).output),
                TensorName::Input => self.record.input.as_ref(),
            };
            statistics.map_or(f64::NAN, statistic)
        };
        match quantity {
            Quantity::Norm(name) => of(name, |statistics| statistics.l2),
            Quantity::Rms(name) => of(name, |statistics| statistics.rms),
            Quantity::Zeros(name) => of(name, |statistics| statistics.zero_fraction),
            Quantity::Saturated(layer) => verdict::saturated(self.layer(layer)).unwrap_or(0.0),
            Quantity::Dead(layer) => self.layer(layer).dead.unwrap_or(0.0),
            Quantity::Ratio => self.judgement.ratio,
            Quantity::Loss => self.record.loss,
            Quantity::Accuracy => self.record.accuracy.unwrap_or(f64::NAN),
        }
    }

    /// The values of what was measured, each with its place; numbers as written are not repeated.
    fn parts(&self, term: &Term, values: &mut Vec<(Span, String)>) {
        match &term.kind {
            TermKind::Number(_) => {}
            TermKind::Quantity(quantity) => {
                values.push((term.span, format!("is {}", significant(self.quantity(*quantity)))));
            }
            TermKind::Function(_, arguments) => arguments.iter().for_each(|argument| self.parts(argument, values)),
            TermKind::Compare(_, left, right) | TermKind::And(left, right) | TermKind::Or(left, right) => {
                self.parts(left, values);
                self.parts(right, values);
            }
            TermKind::In(value, low, high) => [value, low, high].into_iter().for_each(|part| self.parts(part, values)),
            TermKind::Not(inner) => self.parts(inner, values),
            TermKind::Word(_) => {
                let words: Vec<&str> = self.judgement.words.iter().map(|word: &VerdictWord| word.word()).collect();
                values.push((term.span, format!("the run is {}", words.join(", "))));
            }
        }
    }
}
