//! Training over time: since when the gradient vanishes, where units die, whether the loss stands still or swings. What is known of
//! a time between two reports is that it lies between them.

use super::Finding;
use super::verdict::{self, Judgement, Measure};
use crate::diagnostics::findings::{self as words, Place};
use crate::graph::LayerId;
use crate::model::{Model, VerdictWord};
use crate::numbers::{factor, share, significant};
use crate::run::record::{LayerRecord, SeedRecords};
use crate::scalar::mathematics::ln;

/// What the reports of one seed tell together.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Where a verdict held, in order of words and then of steps; `healthy` is left out.
    pub stretches: Vec<Stretch>,
    /// What the loss does at the end; absent where it falls, rises, or there are too few updates to tell.
    pub course: Option<Course>,
}

/// Consecutive reports at which a verdict held.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// The verdict.
    pub word: VerdictWord,
    /// The first of these reports.
    pub from: u64,
    /// The report before it; absent where it is the first.
    pub before: Option<u64>,
    /// The last of them.
    pub to: u64,
    /// The report after it, at which the verdict no longer held; absent where it is the last.
    pub until: Option<u64>,
    /// Whose number decided at `from`, where it is one layer's.
    pub layer: Option<LayerId>,
}

/// What a loss does that does not simply fall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Course {
    /// It stands still.
    Still {
        /// Updates made when it began to.
        since: u64,
        /// The relative change since.
        change: f64,
    },
    /// It rises and falls.
    Swings {
        /// Rises among the last changes.
        rises: usize,
        /// How many changes that are.
        changes: usize,
        /// The least of these losses.
        least: f64,
        /// The greatest.
        most: f64,
    },
}

/// Losses that are looked at, at the end: means over epochs where an epoch has several batches.
const TAIL: usize = 50;
/// A relative change of the loss over the tail below which it stands still.
const STILL: f64 = 1e-3;
/// The share of rises among the last losses from which on they swing.
const SWINGS: f64 = 0.35;
/// A larger share of its weights, moved by one update, is told where the loss swings.
const LARGE_UPDATE: f64 = 0.01;

/// The history of a seed whose reports were judged.
#[must_use]
pub fn of(seed: &SeedRecords, judgements: &[Judgement]) -> History {
    History { stretches: stretches(seed, judgements), course: course(&epoch_means(seed), seed.batches.max(1) as u64) }
}

fn stretches(seed: &SeedRecords, judgements: &[Judgement]) -> Vec<Stretch> {
    let step = |at: usize| seed.steps[at].step;
    let mut stretches: Vec<Stretch> = Vec::new();
    for word in verdict::WORDS.into_iter().filter(|word| *word != VerdictWord::Healthy) {
        let mut open: Option<Stretch> = None;
        for (at, judgement) in judgements.iter().enumerate() {
            let holds = judgement.words.contains(&word);
            match (&mut open, holds) {
                (Some(stretch), true) => stretch.to = step(at),
                (Some(stretch), false) => {
                    stretches.push(Stretch { until: Some(step(at)), ..*stretch });
                    open = None;
                }
                (None, true) => {
                    let ground = judgement.grounds.iter().find(|ground| ground.word == word);
                    open = Some(Stretch {
                        word,
                        from: step(at),
                        before: at.checked_sub(1).map(step),
                        to: step(at),
                        until: None,
                        layer: ground.and_then(|ground| ground.layer),
                    });
                }
                (None, false) => {}
            }
        }
        stretches.extend(open);
    }
    stretches
}

/// The mean loss of each epoch, where an epoch has several batches: from one to the next the examples differ.
fn epoch_means(seed: &SeedRecords) -> Vec<f64> {
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    seed.losses.chunks_exact(seed.batches.max(1)).map(mean).collect()
}

/// Whether the loss stands still or swings at the end; `updates` are those between two of these losses.
fn course(losses: &[f64], updates: u64) -> Option<Course> {
    let tail = &losses[losses.len().checked_sub(TAIL)?..];
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let drift = (mean(&tail[..TAIL / 2]) - mean(&tail[TAIL / 2..])).abs();
    let (least, most) = range(tail);
    if (most - least) / tail[0].abs() < STILL {
        // As far back as all losses since are within the same share of the last.
        let last = losses[losses.len() - 1].abs();
        let (mut least, mut most) = (least, most);
        let mut since = losses.len() - TAIL;
        while since > 0 && most.max(losses[since - 1]) - least.min(losses[since - 1]) < STILL * last {
            since -= 1;
            (least, most) = (least.min(losses[since]), most.max(losses[since]));
        }
        return Some(Course::Still { since: since as u64 * updates, change: (most - least) / last });
    }
    let rises = tail.windows(2).filter(|pair| pair[1] > pair[0]).count();
    let swings = rises as f64 / (TAIL - 1) as f64 >= SWINGS && drift < 0.25 * (most - least);
    swings.then_some(Course::Swings { rises, changes: TAIL - 1, least, most })
}

fn range(losses: &[f64]) -> (f64, f64) {
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    (least, losses.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

/// What became of layers in training: the finding is at the layer that changed most.
pub(super) fn findings(model: &Model, seed: &SeedRecords, judgements: &[Judgement], history: &History) -> Vec<Finding> {
    let mut found = Vec::new();
    if seed.steps.len() > 1 {
        found.extend(signal_lost(model, seed, judgements, history));
        found.extend(dying(model, seed));
    }
    found.extend(swinging(model, seed, history));
    found
}

fn place(model: &Model, layer: LayerId) -> Place {
    Place { name: model.layers[layer].name.clone(), span: model.layers[layer].span }
}

/// The gradient vanishes or explodes at the end, and did not at the beginning.
fn signal_lost(model: &Model, seed: &SeedRecords, judgements: &[Judgement], history: &History) -> Option<Finding> {
    let (first, last) = (judgements.first()?, judgements.last()?);
    let began = |stretch: &&Stretch| {
        matches!(stretch.word, VerdictWord::Vanishing | VerdictWord::Exploding)
            && stretch.until.is_none()
            && stretch.before.is_some()
    };
    let stretch = history.stretches.iter().find(began)?;
    if last.grounds.iter().any(|ground| ground.measure == Measure::Nonfinite) {
        return None;
    }
    let vanishes = stretch.word == VerdictWord::Vanishing;
    // The layer whose factor changed most in that sense.
    let change = |layer: LayerId| {
        let of = |judgement: &Judgement| judgement.chain.link(layer).and_then(|link| link.factor);
        let (before, after) = (of(first)?, of(last)?);
        let change = ln(after.measured / before.measured);
        change.is_finite().then_some((if vanishes { -change } else { change }, before, after))
    };
    let links = last.chain.links.iter().filter_map(|link| Some((link.layer, change(link.layer)?)));
    let (layer, (_, before, after)) = links.max_by(|a, b| a.1.0.total_cmp(&b.1.0))?;
    let parts = [("weights", before.weights, after.weights), ("activation", before.activation, after.activation)];
    let [weights, activation] = parts.map(|(_, before, after)| ln(after / before).abs());
    let (part, was, is) = parts[usize::from(activation > weights)];
    let steps = (seed.steps[0].step, seed.steps[seed.steps.len() - 1].step);
    let diagnostic = words::begins(
        &place(model, layer),
        vanishes,
        (first.ratio, last.ratio),
        (before.measured, after.measured),
        steps,
        &format!("cause: the part of its {part} went from {} to {}", factor(was), factor(is)),
    );
    Some(Finding { layer: Some(layer), diagnostic })
}

/// Units die in training.
fn dying(model: &Model, seed: &SeedRecords) -> Option<Finding> {
    let dead = |at: usize, layer: LayerId| -> Option<f64> {
        let own = |candidate: &&LayerRecord| candidate.layer == layer;
        seed.steps[at].layers.iter().find(own)?.dead
    };
    let last = seed.steps.len() - 1;
    let grown = seed.steps[last].layers.iter().filter_map(|layer| {
        let (before, after) = (dead(0, layer.layer)?, layer.dead?);
        (after - before >= verdict::NOTABLE_SHARE).then_some((layer.layer, before, after))
    });
    let (layer, before, after) = grown.max_by(|a, b| (a.2 - a.1).total_cmp(&(b.2 - b.1)))?;
    // The report at which half of them had died.
    let middle = f64::midpoint(before, after);
    let at = (0..=last).find(|at| dead(*at, layer).is_some_and(|dead| dead >= middle)).unwrap_or(last);
    let mut told: Vec<usize> = vec![0, at, last];
    told.dedup();
    let course: Vec<String> = told
        .iter()
        .filter_map(|at| Some(format!("{} at step {}", share(dead(*at, layer)?), seed.steps[*at].step)))
        .collect();
    let updates = seed.steps[..=at].iter().flat_map(|record| &record.layers).filter(|record| record.layer == layer);
    let largest = updates.filter_map(|layer| layer.update_ratio).fold(0.0, f64::max);
    let note = (largest > 0.0)
        .then(|| format!("before that, an update that was looked at changed its weights by up to {}", share(largest)));
    let diagnostic = words::dying(&place(model, layer), &course.join(", "), note);
    Some(Finding { layer: Some(layer), diagnostic })
}

/// The loss swings: the layer whose weights an update changes most.
fn swinging(model: &Model, seed: &SeedRecords, history: &History) -> Option<Finding> {
    let Some(Course::Swings { rises, changes, least, most }) = history.course else { return None };
    let layers = &seed.steps.last()?.layers;
    let moved = layers.iter().filter_map(|layer| Some((layer.layer, layer.update_ratio?)));
    let (layer, ratio) = moved.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, ratio)| *ratio >= LARGE_UPDATE)?;
    let between = format!("between {} and {}", significant(least), significant(most));
    let diagnostic = words::swings(&place(model, layer), ratio, (rises, changes), &between);
    Some(Finding { layer: Some(layer), diagnostic })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plateau_and_an_oscillation_are_told_from_learning() {
        let falling: Vec<f64> = (0..100).map(|step| 1.0 / f64::from(step + 1)).collect();
        assert_eq!(course(&falling, 1), None);
        let swinging: Vec<f64> = (0..100).map(|step| if step % 2 == 0 { 1.0 } else { 2.0 }).collect();
        assert_eq!(course(&swinging, 1), Some(Course::Swings { rises: 25, changes: 49, least: 1.0, most: 2.0 }));
        assert_eq!(course(&falling[..10], 1), None, "too few to tell");
    }

    #[test]
    fn a_plateau_has_a_beginning() {
        let level = |step: i32| 3.2459 + 1e-6 * f64::from(step % 3);
        let losses: Vec<f64> =
            (0..200).map(|step| if step < 40 { 9.0 - 0.1 * f64::from(step) } else { level(step) }).collect();
        let Some(Course::Still { since, change }) = course(&losses, 4) else { panic!("it stands still") };
        assert_eq!(since, 160, "updates, of which there are four in an epoch");
        assert!(change < 1e-6);
    }
}
