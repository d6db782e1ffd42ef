//! Training as a table: the gradient of each layer at each reported step (how fast it learns), under loss and accuracy. And in
//! words: from where to where the loss went, when the verdict changed, whether it stands still or swings.

use super::text::shorten;
use super::{Report, Step};
use crate::diagnose::Diagnosis;
use crate::diagnose::verdict::Judgement;
use crate::model::{Model, VerdictWord};
use crate::numbers::{scientific, share, significant};
use crate::run::record::{End, SeedRecords};

/// The most steps that fit beside the names.
const MOST_STEPS: usize = 7;
const NAME: usize = 20;
const CELL: usize = 9;

/// Appends the table: a row for each layer, a column for each reported step, of evenly spaced ones where there are more than fit.
pub(super) fn table(report: &Report, text: &mut String) {
    let steps = chosen(&report.steps);
    let mut row = |name: &str, cells: Vec<String>| {
        let mut line = format!("{:<width$}", shorten(name, NAME), width = name_width(report));
        for cell in cells {
            line.push_str(&format!("  {cell:>CELL$}"));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    row("step", steps.iter().map(|step| step.step.to_string()).collect());
    row("loss", steps.iter().map(|step| significant(step.loss.0)).collect());
    type Optional = fn(&Step) -> Option<String>;
    let more: [(&str, Optional); 3] = [
        ("accuracy", |step| step.accuracy.map(|accuracy| share(accuracy.0))),
        ("held-out loss", |step| step.test_loss.map(|loss| significant(loss.0))),
        ("held-out accuracy", |step| step.test_accuracy.map(|accuracy| share(accuracy.0))),
    ];
    for (name, cell) in more {
        if steps.iter().any(|step| cell(step).is_some()) {
            row(name, steps.iter().map(|step| cell(step).unwrap_or_else(|| "-".to_owned())).collect());
        }
    }
    row("‖∂C/∂(W, b)‖", Vec::new());
    for (at, layer) in report.steps[0].layers.iter().enumerate().filter(|(_, layer)| layer.gradient.is_some()) {
        let cell = |step: &&Step| {
            step.layers[at].gradient.as_ref().map_or_else(|| "-".to_owned(), |gradient| scientific(gradient.l2.0))
        };
        row(&format!("  {}", layer.name), steps.iter().map(cell).collect());
    }
}

fn name_width(report: &Report) -> usize {
    let names = report.steps[0].layers.iter().map(|layer| layer.name.chars().count() + 2);
    names.max().unwrap_or(0).clamp("held-out accuracy".len(), NAME)
}

fn chosen(steps: &[Step]) -> Vec<&Step> {
    let shown = steps.len().min(MOST_STEPS);
    (0..shown).map(|index| &steps[if shown < 2 { 0 } else { index * (steps.len() - 1) / (shown - 1) }]).collect()
}

/// What is to be said of training; nothing where there was none.
pub(super) fn sentences(model: &Model, seed: &SeedRecords, diagnosis: &Diagnosis) -> Vec<String> {
    let mut sentences = Vec::new();
    if model.train.is_none() {
        return sentences;
    }
    let (first, last) = (&seed.steps[0], seed.steps.last().expect("a seed has at least one report"));
    let updates = seed.losses.len();
    let made = match updates {
        1 => "1 update".to_owned(),
        _ => format!("{updates} updates"),
    };
    match seed.end {
        End::Whole => {}
        End::NotFinite(step) => sentences
            .push(format!("Training stopped before update {}: the loss is no finite number any more.", step + 1)),
        End::Interrupted(step) => {
            let kept = model.train.as_ref().is_some_and(|train| train.checkpoint.is_some());
            let later = if kept { "; `gradc run --resume` goes on" } else { "" };
            sentences.push(format!("Training was ended by the user before update {}{later}.", step + 1));
        }
    }
    if updates > 0 {
        let mut sentence =
            format!("{made} took the loss from {} to {}", significant(first.loss), significant(last.loss));
        if let (Some(before), Some(after)) = (first.accuracy, last.accuracy) {
            sentence.push_str(&format!(" and the accuracy from {} to {}", share(before), share(after)));
        }
        sentence.push('.');
        sentences.push(sentence);
    }
    sentences.extend(change(seed, &diagnosis.steps));
    sentences.extend(course(&epoch_means(seed), if seed.batches > 1 { "epochs" } else { "updates" }));
    sentences
}

/// When the verdict changed, first and last.
fn change(seed: &SeedRecords, judgements: &[Judgement]) -> Option<String> {
    let changes: Vec<(u64, VerdictWord)> = judgements
        .windows(2)
        .zip(&seed.steps[1..])
        .filter(|(pair, _)| pair[0].word != pair[1].word)
        .map(|(pair, record)| (record.step, pair[1].word))
        .collect();
    let (step, word) = *changes.last()?;
    let first = judgements.first()?.word;
    let times = match changes.len() {
        1 => String::new(),
        times => format!(", after {times} changes"),
    };
    Some(format!(
        "At step {} it was {}, from step {step} on it is {}{times}.",
        seed.steps[0].step,
        first.word(),
        word.word()
    ))
}

/// The mean loss of each epoch, where an epoch has several batches: from one to the next the examples differ.
fn epoch_means(seed: &SeedRecords) -> Vec<f64> {
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    seed.losses.chunks_exact(seed.batches.max(1)).map(mean).collect()
}

/// Losses that are looked at, at the end.
const TAIL: usize = 50;
/// A relative change of the loss over the tail below which it stands still.
const STILL: f64 = 1e-3;
/// The share of rises among the last losses from which on they swing.
const SWINGS: f64 = 0.35;

/// Whether the loss stands still or swings at the end.
fn course(losses: &[f64], unit: &str) -> Option<String> {
    let tail = &losses[losses.len().checked_sub(TAIL)?..];
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    let drift = (mean(&tail[..TAIL / 2]) - mean(&tail[TAIL / 2..])).abs();
    let least = tail.iter().copied().fold(f64::INFINITY, f64::min);
    let most = tail.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let spread = (most - least) / tail[0].abs();
    if spread < STILL {
        return Some(format!(
            "The loss stands still: over the last {TAIL} {unit} it changed by {} of itself.",
            significant(spread)
        ));
    }
    let rises = tail.windows(2).filter(|pair| pair[1] > pair[0]).count();
    let swings = rises as f64 / (TAIL - 1) as f64 >= SWINGS && drift < 0.25 * (most - least);
    swings.then(|| {
        format!(
            "The loss swings: it rose in {rises} of the last {} {unit}, between {} and {}.",
            TAIL - 1,
            significant(least),
            significant(most)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::course;

    #[test]
    fn a_plateau_and_an_oscillation_are_told_from_learning() {
        let falling: Vec<f64> = (0..100).map(|step| 1.0 / f64::from(step + 1)).collect();
        assert_eq!(course(&falling, "updates"), None);
        let flat: Vec<f64> = (0..100).map(|step| 3.2459 + 1e-6 * f64::from(step % 3)).collect();
        assert!(course(&flat, "updates").is_some_and(|words| words.starts_with("The loss stands still")));
        let swinging: Vec<f64> = (0..100).map(|step| if step % 2 == 0 { 1.0 } else { 2.0 }).collect();
        assert!(course(&swinging, "updates").is_some_and(|words| words.contains("25 of the last 49")));
        assert_eq!(course(&falling[..10], "updates"), None, "too few to tell");
    }
}
