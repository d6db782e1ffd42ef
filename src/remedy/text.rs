//! A study as text: a row a change, the best first, then the edit each of those is that helped; at most 100 columns.

use super::edit::difference;
use super::study::{Ranked, Study};
use super::trial::{TRAINING, Trial};
use crate::numbers::{factor, significant};
use crate::report::text::{Characters, shorten, to_ascii, wrap};

/// Changes whose edits are shown.
const MOST_SHOWN: usize = 5;
/// No row is longer.
const COLUMNS: usize = 100;
/// Between two columns.
const GAP: usize = 2;

/// The whole text, a newline at the end.
#[must_use]
pub fn render(study: &Study, name: &str, characters: Characters) -> String {
    let mut text = String::new();
    paragraph(&title(study), characters, &mut text);
    text.push('\n');
    table(study, &mut text);
    text.push('\n');
    paragraph(&answer(study, name), characters, &mut text);
    for (at, ranked) in study.ranked.iter().enumerate().filter(|(_, own)| own.helps).take(MOST_SHOWN) {
        text.push_str(&format!("\n{}: {}\n", at + 1, ranked.candidate.what));
        text.push_str(&difference(&study.text, &ranked.text));
    }
    match characters {
        Characters::Unicode => text,
        Characters::Ascii => to_ascii(&text),
    }
}

/// Some characters' stand-ins are longer: lines are broken after that.
fn paragraph(words: &str, characters: Characters, text: &mut String) {
    match characters {
        Characters::Unicode => wrap(words, text),
        Characters::Ascii => wrap(&to_ascii(words), text),
    }
}

fn seeds(count: usize) -> String {
    if count == 1 { "1 seed".to_owned() } else { format!("{count} seeds") }
}

fn title(study: &Study) -> String {
    let (word, count) = study.before.word();
    let trained = if study.terms.made_up {
        format!("; the file has no `train` block, so every trial has {TRAINING}")
    } else {
        String::new()
    };
    format!(
        "{}: {word} in {count} of {}; {} changes tried, {} updates each{trained}",
        study.network,
        seeds(study.before.seeds.len()),
        study.ranked.len(),
        study.before.steps,
    )
}

/// `healthy 5/5`
fn word(trial: &Trial) -> String {
    let (word, count) = trial.word();
    format!("{word} {count}/{}", trial.seeds.len())
}

fn loss(trial: &Trial) -> String {
    let loss = trial.median(|seed| seed.loss);
    if loss.is_finite() { significant(loss) } else { "none".to_owned() }
}

fn table(study: &Study, text: &mut String) {
    let heading = ["", "change", "at the start", "ratio", "loss", "lower", "parameters", "multiply-adds"];
    let cost =
        |own: u64, before: u64| if own == before { "same".to_owned() } else { factor(own as f64 / before as f64) };
    let row = |at: String, what: &str, trial: &Trial, is_own: bool| {
        let lower = format!("{}/{}", trial.lower_than(&study.before), trial.seeds.len());
        let costs = [(trial.parameters, study.before.parameters), (trial.multiply_adds, study.before.multiply_adds)];
        let [parameters, products] =
            costs.map(|(own, before)| if is_own { own.to_string() } else { cost(own, before) });
        let ratio = significant(trial.median(|seed| seed.ratio));
        let lower = if is_own { String::new() } else { lower };
        [at, what.to_owned(), word(trial), ratio, loss(trial), lower, parameters, products]
    };
    let mut rows: Vec<[String; 8]> = vec![heading.map(str::to_owned)];
    let mark = |at: usize, own: &Ranked| format!("{}{}", if own.helps { "* " } else { "" }, at + 1);
    rows.extend(
        study.ranked.iter().enumerate().map(|(at, own)| row(mark(at, own), &own.candidate.what, &own.trial, false)),
    );
    rows.push(row(String::new(), "as it stands", &study.before, true));
    let widest = |rows: &[[String; 8]], at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    // What a change is called takes what the numbers leave; `…` is three characters in ASCII.
    let numbers: usize = (0..8).filter(|at| *at != 1).map(|at| widest(&rows, at) + GAP).sum();
    for row in &mut rows {
        row[1] = shorten(&row[1], COLUMNS.saturating_sub(numbers + 2).max(12));
    }
    let widths: Vec<usize> = (0..8).map(|at| widest(&rows, at)).collect();
    for row in rows {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[at] - cell.chars().count());
            line.push_str(&" ".repeat(if at == 0 { 0 } else { GAP }));
            // Words to the left, numbers to the right.
            line.push_str(&if at == 1 || at == 2 { format!("{cell}{pad}") } else { format!("{pad}{cell}") });
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn answer(study: &Study, name: &str) -> String {
    let rule = "A change helps (*) where the loss after the last update is at least 1 % lower in the median, and lower in four \
                of five seeds; those come first, of those what has a healthy gradient at the start, then the lowest loss.";
    let before = loss(&study.before);
    let said = match study.ranked.first() {
        None => "There is nothing in this file that gradc knows how to change.".to_owned(),
        Some(best) if best.helps => format!(
            "Best: {}, with the loss at {} instead of {before}. `gradc fix {name} --apply 1` makes the edit.",
            best.candidate.what,
            loss(&best.trial),
        ),
        Some(_) => {
            format!("No candidate helped: none of them brings the loss clearly below the {before} it has as it stands.")
        }
    };
    format!("{said} {rule}")
}
