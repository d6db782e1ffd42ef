//! Differences as a table: where, what, before, after, and by which factor. Where there are too many, verdicts and layers that
//! came or went are shown first, then the numbers of the text report, those of the last step before the others.

use super::compare::{Difference, PRESENCE};
use super::facts::Datum;
use crate::numbers::{factor, significant};

/// Rows shown where not all are wanted.
pub const MOST_ROWS: usize = 24;
/// The most characters of a cell.
const WIDEST: usize = 34;
/// What stands where one report says nothing.
const NOTHING: &str = "-";

/// The facts that the text report shows, besides words.
const SHOWN: [&str; 9] =
    ["weight.l2", "bias.l2", "pre_activation.l2", "factor.measured", "saturated", "dead", "loss", "accuracy", "ratio"];

/// The table, a line each with a newline, and a last line for what is left out. `old` and `new` head the columns; `most` is how
/// many rows there may be.
#[must_use]
pub fn render(differences: &[Difference], old: &str, new: &str, most: usize) -> String {
    let shown = chosen(differences, most);
    if shown.is_empty() {
        return String::new();
    }
    let mut rows = vec![["step", "layer", "what", old, new, "ratio"].map(str::to_owned)];
    rows.extend(shown.iter().map(|difference| row(difference)));
    // A column that says nothing is left out; so is that of the steps where nothing was trained.
    let has_steps = shown.iter().any(|difference| difference.key.step.is_some_and(|step| step > 0));
    let says = |column: usize| rows[1..].iter().any(|row| !row[column].is_empty());
    let columns: Vec<usize> = (0..6).filter(|column| if *column == 0 { has_steps } else { says(*column) }).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| {
                let (cell, width) = (&row[*column], widths[*column]);
                // Words begin in line, numbers end.
                if [1, 2].contains(column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    let left_out = differences.iter().filter(|difference| !difference.is_prose()).count().saturating_sub(shown.len());
    if left_out > 0 {
        text.push_str(&format!("… and {left_out} more; `--all` shows them\n"));
    }
    text
}

/// The rows to be shown, in their order: what only repeats other facts where there is nothing else.
fn chosen(differences: &[Difference], most: usize) -> Vec<&Difference> {
    let telling: Vec<&Difference> = differences.iter().filter(|difference| !difference.is_prose()).collect();
    let telling = if telling.is_empty() { differences.iter().collect() } else { telling };
    if telling.len() <= most {
        return telling;
    }
    let last = telling.iter().filter_map(|difference| difference.key.step).max();
    let rank = |difference: &Difference| {
        let is_last = difference.key.step.is_none() || difference.key.step == last;
        match (difference.is_number(), SHOWN.contains(&&*difference.key.statistic)) {
            (false, _) => 0,
            (true, true) if is_last => 1,
            (true, true) => 2,
            (true, false) => 3,
        }
    };
    let mut order: Vec<usize> = (0..telling.len()).collect();
    order.sort_by_key(|index| (rank(telling[*index]), *index));
    order.truncate(most);
    order.sort_unstable();
    order.into_iter().map(|index| telling[index]).collect()
}

fn row(difference: &Difference) -> [String; 6] {
    let key = &difference.key;
    let step = key.step.map(|step| step.to_string()).unwrap_or_default();
    let layer = shorten(key.layer.as_deref().unwrap_or_default());
    if key.statistic == PRESENCE {
        let what = if key.layer.is_some() { "layer" } else { "step" };
        let (old, new) = if difference.old.is_none() { (NOTHING, "added") } else { ("there", "removed") };
        return [step, layer, what.to_owned(), old.to_owned(), new.to_owned(), String::new()];
    }
    let (old, new) = cells(difference);
    [step, layer, shorten(&name(&key.statistic)), old, new, difference.ratio().map(quotient).unwrap_or_default()]
}

/// A fact as the text report calls it.
#[must_use]
pub fn name(statistic: &str) -> String {
    match statistic {
        "weight.l2" => "‖∂C/∂W‖".to_owned(),
        "bias.l2" => "‖∂C/∂b‖".to_owned(),
        "pre_activation.l2" => "‖∂C/∂z‖".to_owned(),
        "output.l2" => "‖∂C/∂a‖".to_owned(),
        "input.l2" => "‖∂C/∂x‖".to_owned(),
        "factor.measured" => "factor".to_owned(),
        "factor.weights" => "factor of the weights".to_owned(),
        "factor.normalisation" => "factor of the norms".to_owned(),
        "factor.skip" => "factor of the skip".to_owned(),
        "factor.other" => "factor of other layers".to_owned(),
        "factor.activation" => "factor of the activation".to_owned(),
        "forward.rms" => "rms of the output".to_owned(),
        "factor_per_layer" => "factor per layer".to_owned(),
        "synthetic_data" => "synthetic data".to_owned(),
        "test_loss" => "held-out loss".to_owned(),
        "test_accuracy" => "held-out accuracy".to_owned(),
        "training.updates" => "updates".to_owned(),
        "training.end" => "end of training".to_owned(),
        "verdicts" => "all verdicts".to_owned(),
        other => other.to_owned(),
    }
}

/// What both reports say. Numbers that four digits do not tell apart have all of theirs.
fn cells(difference: &Difference) -> (String, String) {
    let cell = |datum: &Option<Datum>, number: &dyn Fn(f64) -> String| match datum {
        None => NOTHING.to_owned(),
        Some(Datum::Number(value)) => number(*value),
        Some(Datum::Word(word) | Datum::Prose(word)) => shorten(word),
    };
    let both = |number: &dyn Fn(f64) -> String| (cell(&difference.old, number), cell(&difference.new, number));
    let (old, new) = both(&significant);
    if old == new { both(&exact) } else { (old, new) }
}

fn exact(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { significant(value) }
}

/// `×0.25`; near 1 by how much of it is more or less: `+1.6e-4`.
fn quotient(value: f64) -> String {
    if (value - 1.0).abs() < 0.01 { format!("{:+.1e}", value - 1.0) } else { factor(value) }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= WIDEST {
        return text.to_owned();
    }
    let head: String = text.chars().take(WIDEST - 1).collect();
    format!("{head}…")
}
