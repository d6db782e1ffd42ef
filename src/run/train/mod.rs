//! Training: step after step in one memory, with reports of the gradient between them.
//!
//! - `optimizer.rs`, `schedule.rs`: the formulas · `update.rs`: a step as a graph
//! - `trainer.rs`: that graph compiled and run · `evaluation.rs`: the examples that are held out
//!
//! A report at step s is made before the update of step s, on the batch that the update would use; the last one, after all updates,
//! on the batch that would come next.

mod evaluation;
mod optimizer;
mod schedule;
#[cfg(test)]
mod tests;
mod trainer;
mod update;

pub(super) use evaluation::Evaluation;
pub(super) use trainer::{Trainer, gather};

use super::data::Dataset;
use super::record::{Record, WeightRecord};
use super::tensor::Number;
use crate::graph::ParameterId;
use crate::kernel::memory::Memory;
use crate::model::{At, Model, ParameterRole, ReportSettings, Train};
use crate::shape::Precision;
use std::collections::BTreeSet;

/// How many updates a `train` block asks for.
#[must_use]
pub(super) fn steps(train: &Train, data: &Dataset) -> u64 {
    let epochs = train.epochs.map(|epochs| epochs.saturating_mul(data.batches() as u64));
    train.steps.or(epochs).unwrap_or(0)
}

/// The steps that are reported: the first and the last where the file does not say.
#[must_use]
pub(super) fn reported(report: &ReportSettings, steps: u64) -> BTreeSet<u64> {
    let mut reported = BTreeSet::new();
    if let Some(every) = report.every {
        reported.extend((0..=steps).step_by(usize::try_from(every).unwrap_or(usize::MAX).max(1)));
    }
    let standard = [At::First, At::Last];
    let at = match (&report.at, report.every) {
        (Some(at), _) => at.as_slice(),
        (None, None) => &standard,
        (None, Some(_)) => &[],
    };
    reported.extend(at.iter().map(|at| match at {
        At::First => 0,
        At::Last => steps,
        At::Step(step) => *step,
    }));
    reported.retain(|step| *step <= steps);
    if reported.is_empty() {
        reported.insert(steps);
    }
    reported
}

/// The batches in order: each epoch's full ones, of its own order where the data are shuffled.
pub(super) struct Batches<'d> {
    data: &'d Dataset,
    seed: u64,
    epoch: u64,
    order: Vec<usize>,
}

impl<'d> Batches<'d> {
    pub(super) fn new(data: &'d Dataset, seed: u64) -> Self {
        Self { data, seed, epoch: 0, order: data.order(seed, 0) }
    }

    /// Whether every step has the same examples.
    pub(super) fn is_always_the_same(&self) -> bool {
        self.data.batches() == 1 && !self.data.shuffle
    }

    /// The examples of a step, from 0, as rows.
    pub(super) fn rows(&mut self, step: u64) -> &[usize] {
        let batches = self.data.batches() as u64;
        let (epoch, place) = (step / batches, (step % batches) as usize);
        if epoch != self.epoch {
            if self.data.shuffle {
                self.order = self.data.order(self.seed, epoch);
            }
            self.epoch = epoch;
        }
        &self.order[place * self.data.batch..][..self.data.batch]
    }
}

/// The weights as they stood, by parameter; none of what is no weight.
pub(super) type Weights = Vec<(ParameterId, Vec<f64>)>;

/// The weights as they stand.
pub(super) fn weights(model: &Model, trainer: &Trainer<'_>, memory: &Memory) -> Weights {
    let is_weight = |id: &ParameterId| model.parameters[*id].role == ParameterRole::Weight;
    let numbers = |id: ParameterId| match model.precision {
        Precision::F32 => exact(trainer.parameter::<f32>(memory, id)),
        Precision::F64 => exact(trainer.parameter::<f64>(memory, id)),
    };
    model.parameters.ids().filter(is_weight).map(|id| (id, numbers(id))).collect()
}

fn exact<T: Number>(numbers: &[T]) -> Vec<f64> {
    numbers.iter().map(|number| number.exact()).collect()
}

/// Writes what is known of the weights into a record: their range, and how far the step before moved them.
pub(super) fn describe(model: &Model, now: &Weights, before: Option<&Weights>, record: &mut Record) {
    for layer in &mut record.layers {
        let own = |id: ParameterId| model.parameters[id].layer == layer.layer;
        let of = |weights: &Weights| -> Vec<f64> {
            weights.iter().filter(|(id, _)| own(*id)).flat_map(|(_, numbers)| numbers.iter().copied()).collect()
        };
        let now = of(now);
        if now.is_empty() {
            continue;
        }
        layer.weights = Some(WeightRecord {
            least: now.iter().copied().fold(f64::INFINITY, f64::min),
            greatest: now.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            rms: (now.iter().map(|number| number * number).sum::<f64>() / now.len() as f64).sqrt(),
        });
        layer.update_ratio = before.map(|before| {
            let before = of(before);
            let moved: f64 = now.iter().zip(&before).map(|(now, before)| (now - before) * (now - before)).sum();
            let size: f64 = before.iter().map(|number| number * number).sum();
            (moved / size).sqrt()
        });
    }
}
