//! What is said of each file: a line, the details of what failed, and a summary. Colour only repeats the words.

use super::files::Found;
use super::hold::{Held, Outcome, Tested};
use super::keep::Kept;
use super::{Results, Status, Talk};
use crate::snapshot::compare::{Difference, PRESENCE};
use crate::snapshot::{Snapshot, facts, lines, table};
use std::path::Path;

const RED: &str = "\u{1b}[1;31m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

/// Names longer than this do not widen the column.
const WIDEST_NAME: usize = 60;
/// The column of the words.
const WORD: usize = 8;

/// How a file came out, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Ok,
    Failed,
    New,
    Stale,
    Accepted,
    Removed,
}

impl Word {
    /// In the order of the summary.
    pub(super) const ALL: [Self; 6] = [Self::Ok, Self::Failed, Self::New, Self::Stale, Self::Accepted, Self::Removed];

    /// In small letters.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::New => "new",
            Self::Stale => "stale",
            Self::Accepted => "accepted",
            Self::Removed => "removed",
        }
    }

    /// At the head of a line; a failure in capitals.
    fn head(self) -> String {
        let (colour, word) = match self {
            Self::Failed => (RED, "FAILED"),
            Self::Stale => (RED, "STALE"),
            Self::New => (YELLOW, "new"),
            Self::Ok => (GREEN, "ok"),
            Self::Accepted => (GREEN, "accepted"),
            Self::Removed => (GREEN, "removed"),
        };
        format!("{colour}{word}{PLAIN}{}", " ".repeat(WORD - word.len()))
    }
}

/// The word of a file.
pub(super) fn word(tested: &Tested, kept: Kept, strict: bool) -> Word {
    match kept {
        Kept::Accepted if tested.failed_expectations() == 0 => Word::Accepted,
        _ if tested.status(strict) != Status::Well => Word::Failed,
        _ if matches!(tested.held, Held::Missing) => Word::New,
        _ => Word::Ok,
    }
}

/// The word of a snapshot without a file.
pub(super) const fn stale_word(kept: Kept) -> Word {
    match kept {
        Kept::Removed => Word::Removed,
        Kept::AsItWas | Kept::Accepted => Word::Stale,
    }
}

/// How wide the column of names is.
pub(super) fn widest(found: &Found) -> usize {
    let names = found.files.iter().chain(&found.stale);
    names.map(|path| path.display().to_string().chars().count()).max().unwrap_or(0).min(WIDEST_NAME)
}

/// The line of a file.
pub(super) fn line(tested: &Tested, kept: Kept, strict: bool, widest: usize) -> String {
    padded(word(tested, kept, strict), &tested.name, widest, &reasons(tested, kept).join("; "))
}

/// The line of a snapshot without a file.
pub(super) fn stale_line(path: &Path, kept: Kept, widest: usize) -> String {
    padded(stale_word(kept), &path.display().to_string(), widest, &stale_reason(path))
}

/// Why a snapshot is stale.
pub(super) fn stale_reason(path: &Path) -> String {
    let file = path.file_stem().unwrap_or_default().to_string_lossy();
    format!("there is no `{file}`")
}

fn padded(word: Word, name: &str, widest: usize, rest: &str) -> String {
    let name = crate::diagnostics::render::printable(name);
    let blanks = " ".repeat(widest.saturating_sub(name.chars().count()));
    format!("{} {name}{blanks}  {rest}", word.head()).trim_end().to_owned() + "\n"
}

/// What there is to say of a file, as phrases: what it is, what is wrong with it.
pub(super) fn reasons(tested: &Tested, kept: Kept) -> Vec<String> {
    let mut said = Vec::new();
    let errors = tested.told.iter().filter(|told| told.is_error()).count();
    let mistakes = if errors == 1 { "1 mistake".to_owned() } else { format!("{errors} mistakes") };
    match (&tested.outcome, &tested.held) {
        (Outcome::Unreadable(failure), _) => return vec![failure.message.clone()],
        (Outcome::Nothing(_), _) => {
            let first = tested.told.iter().find(|told| told.is_error());
            let rest = if errors > 1 { format!(", and {} more", errors - 1) } else { String::new() };
            return first.map(|first| format!("not run: {}{rest}", first.message)).into_iter().collect();
        }
        (Outcome::Mistakes(_), Held::Same) => said.push(format!("{mistakes}, as in its snapshot")),
        (Outcome::Mistakes(_), _) if kept == Kept::Accepted => said.push(mistakes),
        (Outcome::Mistakes(_), Held::Changed { old, .. }) if old.has_mistakes() => {
            said.push(format!("{mistakes}, not as in its snapshot"));
        }
        (Outcome::Mistakes(_), Held::Changed { .. }) => said.push(format!("{mistakes}; its snapshot has a report")),
        (Outcome::Mistakes(_), Held::Missing | Held::Damaged(_)) => said.push(mistakes),
        (Outcome::Report { verdict, .. }, Held::Changed { old, .. }) if old.has_mistakes() => {
            said.push(format!(
                "{verdict}; its snapshot {} mistakes",
                if kept == Kept::Accepted { "had" } else { "has" }
            ));
        }
        (Outcome::Report { verdict, now }, Held::Changed { old, differences }) => {
            said.push(changed(verdict, old, now, differences));
        }
        (Outcome::Report { verdict, .. }, Held::Same | Held::Missing | Held::Damaged(_)) => said.push(verdict.clone()),
    }
    if let (Held::Damaged(why), Kept::AsItWas) = (&tested.held, kept) {
        said.push(why.clone());
    }
    if matches!(tested.held, Held::Missing) && kept == Kept::AsItWas {
        said.push("no snapshot yet".to_owned());
    }
    match tested.failed_expectations() {
        0 => {}
        1 => said.push("1 `expect` does not hold".to_owned()),
        several => said.push(format!("{several} `expect`s do not hold")),
    }
    said
}

/// `healthy → vanishing; 14 numbers differ`
fn changed(verdict: &str, old: &Snapshot, now: &Snapshot, differences: &[Difference]) -> String {
    let (before, after) = (verdict_of(old), verdict_of(now));
    let verdict = match (before, after) {
        (Some(before), Some(after)) if before != after => format!("{before} → {after}"),
        _ => verdict.to_owned(),
    };
    let numbers = differences.iter().filter(|difference| difference.is_number()).count();
    let words = differences.len() - numbers;
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what} differs"),
        several => format!("{several} {what}s differ"),
    };
    let layers = |is_it: fn(&Difference) -> bool, what: &str| {
        let of_layer =
            |difference: &&Difference| difference.key.statistic == PRESENCE && difference.key.layer.is_some();
        let layers = differences.iter().filter(of_layer).filter(|difference| is_it(difference)).count();
        match layers {
            0 => String::new(),
            1 => format!("; 1 layer {what}"),
            several => format!("; {several} layers {what}"),
        }
    };
    let added = layers(|difference| difference.old.is_none(), "added");
    let removed = layers(|difference| difference.new.is_none(), "removed");
    match (numbers, words) {
        (0, 0) => format!("{verdict}; the numbers are the same, the words differ"),
        (0, words) => format!("{verdict}{added}{removed}; {}", count(words, "fact")),
        (numbers, _) => format!("{verdict}{added}{removed}; {}", count(numbers, "number")),
    }
}

fn verdict_of(snapshot: &Snapshot) -> Option<String> {
    let facts: facts::Facts = snapshot.facts();
    let all = facts::Key { step: None, layer: None, statistic: "verdicts".to_owned() };
    match facts.get(&all) {
        Some(facts::Datum::Word(words)) => Some(words.clone()),
        _ => facts.verdict().map(str::to_owned),
    }
}

/// What differs from the snapshot: the facts, then the lines; nothing where nothing does, or it was accepted.
pub(super) fn details(tested: &Tested, kept: Kept, most_rows: usize) -> String {
    let differences = differing(tested, most_rows, true);
    if kept != Kept::AsItWas || differences.is_empty() {
        return String::new();
    }
    let name = crate::diagnostics::render::printable(&tested.name);
    format!("\n{BOLD}{name}{PLAIN}\n{differences}")
}

/// The differences alone, in colour where `colour`.
pub(super) fn differing(tested: &Tested, most_rows: usize, colour: bool) -> String {
    let (Some(now), Held::Changed { old, differences }) = (tested.now(), &tested.held) else { return String::new() };
    // A slip in a file that had a report is drawn; the report that it has no longer says nothing about it.
    if now.has_mistakes() && !old.has_mistakes() {
        return String::new();
    }
    let mut text = table::render(differences, "snapshot", "now", most_rows);
    let lines = lines::differing(&old.text, &now.text);
    if !text.is_empty() && !lines.is_empty() {
        text.push('\n');
    }
    if text.is_empty() && lines.is_empty() {
        // The form of the exact numbers alone.
        return "Every number and every word is the same; the snapshot is written in another form.\n".to_owned();
    }
    text.push_str(&lines::print(&lines, colour));
    text
}

/// Draws what a file is told of, unless that is what its snapshot holds.
pub(super) fn draw(tested: &Tested, kept: Kept, talk: &Talk) {
    let is_kept = matches!(tested.held, Held::Same) || kept == Kept::Accepted;
    if matches!(tested.outcome, Outcome::Mistakes(_)) && is_kept {
        return;
    }
    if !tested.told.is_empty() {
        talk.say("\n");
        talk.diagnostics(&tested.told, &tested.sources, &tested.name);
    }
}

/// The file's name as a comment, and under it the lines it may have.
pub(super) fn suggestions(tested: &Tested, is_first: bool) -> String {
    if tested.suggestions.is_empty() {
        return String::new();
    }
    let gap = if is_first { "" } else { "\n" };
    format!("{gap}# {}\n{}\n", crate::diagnostics::render::printable(&tested.name), tested.suggestions.join("\n"))
}

/// How many came out how, and what can be done.
pub(super) fn summary(results: &Results) -> String {
    let words: Vec<Word> = words(results);
    let counts: Vec<String> = Word::ALL
        .into_iter()
        .filter_map(|word| {
            let count = words.iter().filter(|other| **other == word).count();
            (count > 0).then(|| format!("{count} {}", word.word()))
        })
        .collect();
    let mut text = format!("\n{BOLD}{}{PLAIN}\n", counts.join(", "));
    let left = || results.files.iter().filter(|(_, kept)| *kept == Kept::AsItWas).map(|(tested, _)| tested);
    let is_new = |tested: &Tested| matches!(tested.held, Held::Missing);
    if left().any(|tested| is_new(tested) && tested.is_acceptable(false)) {
        text.push_str("`gradc test --accept-new` keeps the reports of files without a snapshot\n");
    }
    if let Some(named) =
        left().find(|tested| is_new(tested) && !tested.is_acceptable(false) && tested.is_acceptable(true))
    {
        text.push_str(&format!("`gradc test --accept {}` keeps its mistakes, if they are meant\n", named.name));
    }
    let changed = left().any(|tested| !is_new(tested) && tested.is_acceptable(tested.by_name));
    if changed || words.contains(&Word::Stale) {
        text.push_str("`gradc test --accept` makes the snapshots what the files give now, `--review` asks for each\n");
    }
    text
}

/// The word of every file and every snapshot without one.
pub(super) fn words(results: &Results) -> Vec<Word> {
    let files = results.files.iter().map(|(tested, kept)| word(tested, *kept, results.strict));
    files.chain(results.stale.iter().map(|(_, kept)| stale_word(*kept))).collect()
}
