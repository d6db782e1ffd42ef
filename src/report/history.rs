//! Training as a table: the gradient of each layer at each reported step (how fast it learns), under loss and accuracy. And in
//! words: from where to where the loss went, when the verdict changed, whether it stands still or swings.

use super::text::shorten;
use super::{Report, Step};
use crate::diagnose::Diagnosis;
use crate::diagnose::history::{Course, Stretch};
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
    sentences.extend(stretches(model, diagnosis));
    sentences.extend(diagnosis.history.course.map(|course| words(course, seed)));
    sentences
}

/// The most changes of verdicts that are told.
const MOST_TOLD: usize = 4;

/// Since when a verdict holds, or until when it did; nothing of one that held all along.
fn stretches(model: &Model, diagnosis: &Diagnosis) -> Vec<String> {
    let told = |stretch: &&Stretch| stretch.before.is_some() || stretch.until.is_some();
    let mut sentences: Vec<String> =
        diagnosis.history.stretches.iter().filter(told).map(|stretch| sentence(model, stretch)).collect();
    if let Some(more) = sentences.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        sentences.truncate(MOST_TOLD);
        sentences.push(format!("Verdicts changed {more} times more."));
    }
    sentences
}

fn sentence(model: &Model, stretch: &Stretch) -> String {
    let layer = stretch.layer.map_or("the loss", |layer| model.layers[layer].name.as_str());
    let phrase = match stretch.word {
        VerdictWord::Vanishing => "the gradient vanishes".to_owned(),
        VerdictWord::Exploding => "the gradient explodes".to_owned(),
        VerdictWord::Underflow => format!("the gradient underflows at `{layer}`"),
        VerdictWord::Dead => format!("units of `{layer}` are dead"),
        VerdictWord::Saturated => format!("`{layer}` is saturated"),
        VerdictWord::Healthy => "the gradient is healthy".to_owned(),
    };
    let Stretch { from, to, .. } = stretch;
    match (stretch.before, stretch.until) {
        (Some(before), None) if from == to => format!("At step {from} {phrase}, at step {before} not yet."),
        (Some(before), None) => format!("From step {from} on {phrase}, not yet at step {before}."),
        (None, Some(until)) if from == to => format!("At step {from} {phrase}, at step {until} no longer."),
        (None, Some(until)) => format!("Up to step {to} {phrase}, no longer at step {until}."),
        (Some(_), Some(_)) if from == to => format!("At step {from} {phrase}, and not before or after."),
        (Some(_), Some(_)) => format!("From step {from} to step {to} {phrase}, and not before or after."),
        (None, None) => format!("All along {phrase}."),
    }
}

/// What the loss does at the end.
fn words(course: Course, seed: &SeedRecords) -> String {
    match course {
        Course::Still { since, change } => format!(
            "The loss stands still: from update {} on it changed by {} of itself.",
            since + 1,
            significant(change)
        ),
        Course::Swings { rises, changes, least, most } => format!(
            "The loss swings: it rose in {rises} of the last {changes} {}, between {} and {}.",
            if seed.batches > 1 { "epochs" } else { "updates" },
            significant(least),
            significant(most)
        ),
    }
}
