//! E06 of checkpoints: the state of training that `train { checkpoint: … }` keeps and `--resume` goes on from.

use super::data::File;
use super::{Code, Diagnostic};

const ANOTHER_EXPERIMENT: Code = Code("E0611");
const DAMAGED: Code = Code("E0612");
const WRONG_FORMAT: Code = Code("E0602");
const NOT_WRITABLE: Code = Code("E0609");

/// Differences that are told one by one.
const MOST_TOLD: usize = 4;
/// Characters of a line that are told.
const WIDEST: usize = 60;

/// E0601: there is nothing to go on from; `missing` tells of the file.
#[must_use]
pub fn nothing_to_resume(mut missing: Diagnostic) -> Diagnostic {
    // Another file with a similar name is no better.
    missing.helps.clear();
    missing.help("run without `--resume` first, which writes it")
}

/// E0602: a file that is no checkpoint.
#[must_use]
pub fn no_checkpoint(file: &File, found: &str) -> Diagnostic {
    Diagnostic::error(WRONG_FORMAT, format!("`{}` is not a checkpoint: {found}", file.path), file.span, "read here")
        .help("run without `--resume` to begin anew, or name another file here")
}

/// E0609: the checkpoint cannot be written.
#[must_use]
pub fn cannot_write(file: &File, reason: &str) -> Diagnostic {
    Diagnostic::error(
        NOT_WRITABLE,
        format!("cannot write the checkpoint `{}`: {reason}", file.path),
        file.span,
        "named here",
    )
}

/// E0611: the checkpoint was made by another experiment; each difference is what it has and what this run has.
#[must_use]
pub fn another_experiment(file: &File, differences: &[(String, String)]) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(
        ANOTHER_EXPERIMENT,
        format!("`{}` is the checkpoint of another experiment", file.path),
        file.span,
        "cannot be gone on from",
    );
    for (there, here) in differences.iter().take(MOST_TOLD) {
        let told = match (there.is_empty(), here.is_empty()) {
            (false, false) => format!("it has `{there}`, this run has `{here}`"),
            (false, true) => format!("it has `{there}`, which this run has not"),
            (true, _) => format!("it lacks `{here}`"),
        };
        diagnostic = diagnostic.note(told);
    }
    if let Some(more) = differences.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        diagnostic = diagnostic.note(format!("and {more} more differences"));
    }
    diagnostic.help("only `steps:` or `epochs:` may be raised; run without `--resume` to begin anew")
}

/// E0611: a report is asked for at a step that has passed.
#[must_use]
pub fn report_is_past(file: &File, step: u64, now: u64) -> Diagnostic {
    Diagnostic::error(
        ANOTHER_EXPERIMENT,
        format!("`{}` has no report of step {step}, which is asked for", file.path),
        file.span,
        format!("stands at step {now}"),
    )
    .help("ask for the reports that it was made with, or run without `--resume` to begin anew")
}

/// E0612: the checkpoint is not as it was written.
#[must_use]
pub fn damaged(file: &File, what: &str) -> Diagnostic {
    Diagnostic::error(DAMAGED, format!("the checkpoint `{}` is damaged: {what}", file.path), file.span, "read here")
        .help("run without `--resume` to begin anew")
}

/// In what two experiments differ, line by line: what the first has, what the second has.
#[must_use]
pub fn differences(first: &str, second: &str) -> Vec<(String, String)> {
    // Lines that differ in the width of a column alone are the same words.
    let lines = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    };
    let (first, second) = (lines(first), lines(second));
    let beyond = |own: &[String], other: &[String]| -> Vec<String> {
        own.iter().filter(|line| !other.contains(line)).map(|line| shorten(line)).collect()
    };
    let (mut there, mut here) = (beyond(&first, &second), beyond(&second, &first));
    if there.is_empty() && here.is_empty() && first != second {
        there.push("the same in another order".to_owned());
    }
    let longest = there.len().max(here.len());
    there.resize(longest, String::new());
    here.resize(longest, String::new());
    there.into_iter().zip(here).collect()
}

fn shorten(line: &str) -> String {
    let mut characters = line.chars();
    let mut short: String = characters.by_ref().take(WIDEST).collect();
    if characters.next().is_some() {
        short.push('…');
    }
    short
}
