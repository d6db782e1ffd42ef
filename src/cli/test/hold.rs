//! One file, run and held to its snapshot.

use super::super::check::Errors;
use super::files::snapshot_of;
use super::{Failure, Status};
use crate::cli::input;
use crate::cli::output::reason;
use crate::diagnostics::{Diagnostic, data};
use crate::pipeline::{self, Options};
use crate::snapshot::Snapshot;
use crate::snapshot::compare::{self, Difference};
use crate::source::Sources;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::RwLock;

/// A file as it was found.
#[derive(Debug)]
pub(super) struct Tested {
    /// What messages call it.
    pub(super) name: String,
    /// Where its snapshot stands or would stand.
    pub(super) snapshot: PathBuf,
    /// For drawing.
    pub(super) sources: Sources,
    /// Its mistakes, what kept it from being run, or the `expect`s that do not hold.
    pub(super) told: Vec<Diagnostic>,
    /// What it gave.
    pub(super) outcome: Outcome,
    /// How that stands to its snapshot.
    pub(super) held: Held,
    /// Whether it was named on the command line.
    pub(super) by_name: bool,
    /// `expect` lines that hold, where they were asked for.
    pub(super) suggestions: Vec<String>,
}

/// What a file gave.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A report.
    Report {
        /// As a snapshot.
        now: Snapshot,
        /// Its verdict.
        verdict: String,
    },
    /// Mistakes of its own, which a snapshot may hold.
    Mistakes(Snapshot),
    /// Nothing that a snapshot could hold: data are missing, there is no loss, too little memory.
    Nothing(Status),
    /// Not even a text.
    Unreadable(Failure),
}

/// How what a file gave stands to its snapshot.
#[derive(Debug)]
pub(super) enum Held {
    /// There is none.
    Missing,
    /// Equal to it, or, within the tolerance, as good as.
    Same,
    /// Not equal.
    Changed {
        /// What the snapshot says.
        old: Snapshot,
        /// In which facts; empty where the words alone differ, or one of both has mistakes.
        differences: Vec<Difference>,
    },
    /// There is one that cannot be read.
    Damaged(String),
}

impl Tested {
    /// What a snapshot of it would hold.
    pub(super) const fn now(&self) -> Option<&Snapshot> {
        match &self.outcome {
            Outcome::Report { now, .. } | Outcome::Mistakes(now) => Some(now),
            Outcome::Nothing(_) | Outcome::Unreadable(_) => None,
        }
    }

    /// Whether it can be accepted; `by_name` where it was named or is asked about, and not only met in a folder. Mistakes are
    /// more often a slip than meant: they never take the place of a report, and a first snapshot of them must be asked for.
    pub(super) fn is_acceptable(&self, by_name: bool) -> bool {
        match (&self.outcome, &self.held) {
            (Outcome::Nothing(_) | Outcome::Unreadable(_), _) | (_, Held::Same) => false,
            (Outcome::Mistakes(_), Held::Changed { old, .. }) => old.has_mistakes(),
            (Outcome::Mistakes(_), Held::Missing | Held::Damaged(_)) => by_name,
            (Outcome::Report { .. }, _) => true,
        }
    }

    /// How many `expect`s do not hold.
    pub(super) fn failed_expectations(&self) -> usize {
        if matches!(self.outcome, Outcome::Report { .. }) { self.told.len() } else { 0 }
    }

    /// How the program would end for this file alone; `strict` where a file must have a snapshot.
    pub(super) fn status(&self, strict: bool) -> Status {
        match (&self.outcome, &self.held) {
            (Outcome::Unreadable(failure), _) => failure.status,
            (Outcome::Nothing(status), _) => *status,
            (Outcome::Report { .. }, _) if !self.told.is_empty() => Status::ExpectationFailed,
            (Outcome::Mistakes(_), Held::Missing) => Status::Wrong,
            (Outcome::Mistakes(_), Held::Changed { old, .. }) if !old.has_mistakes() => Status::Wrong,
            (Outcome::Report { .. }, Held::Missing) if !strict => Status::Well,
            (_, Held::Same) => Status::Well,
            (_, Held::Missing | Held::Changed { .. } | Held::Damaged(_)) => Status::ExpectationFailed,
        }
    }
}

/// What all files are tested by.
#[derive(Debug)]
pub(super) struct Means {
    /// Of each run; memory is what one may take where several run at once.
    pub(super) options: Options,
    /// All the memory there is.
    pub(super) memory_limit: u64,
    /// By how much of themselves numbers may differ.
    pub(super) tolerance: f64,
    /// Whether `expect` lines are wanted, and no comparison.
    pub(super) suggest: bool,
    /// Held by every run; wholly by one that needs all the memory.
    pub(super) memory: RwLock<()>,
}

/// Runs a file and holds it to its snapshot.
pub(super) fn test(file: &Path, by_name: bool, means: &Means) -> Tested {
    let name = file.display().to_string();
    let snapshot = snapshot_of(file);
    let input = match input::read(file) {
        Ok(input) => input,
        Err(failure) => {
            let outcome = Outcome::Unreadable(failure);
            let (sources, told, suggestions) = (Sources::new(), Vec::new(), Vec::new());
            return Tested { name, snapshot, sources, told, outcome, held: Held::Missing, by_name, suggestions };
        }
    };
    let mut options = means.options.clone();
    options.folder = input.folder;
    let checked =
        pipeline::check(&input.name, input.text, &Options { memory_limit: means.memory_limit, ..options.clone() });
    let mut suggestions = Vec::new();
    let (outcome, told) = if checked.diagnostics.iter().any(Diagnostic::is_error) {
        let errors = Errors::of_run(&checked, &Options { memory_limit: means.memory_limit, ..options.clone() });
        let outcome = if checked.diagnostics.iter().any(|mistake| mistake.is_error() && is_of_world(mistake)) {
            Outcome::Nothing(errors.status())
        } else {
            let last = file.file_name().unwrap_or_default().to_string_lossy();
            Outcome::Mistakes(Snapshot::of_mistakes(&checked.diagnostics, &checked.sources, checked.id, &last))
        };
        (outcome, checked.diagnostics.clone())
    } else {
        match run(&checked, &options, means) {
            Ok(ran) => {
                if means.suggest {
                    suggestions = checked.suggest(&ran, &options);
                }
                let now = Snapshot::of_report(&ran.report, &checked.diagnostics);
                (Outcome::Report { now, verdict: ran.report.verdict.words.join(", ") }, ran.failed)
            }
            Err(mistakes) => {
                let mut errors = Errors::default();
                errors.count_of_run(&mistakes);
                (Outcome::Nothing(errors.status()), mistakes)
            }
        }
    };
    let mut tested =
        Tested { name, snapshot, sources: checked.sources, told, outcome, held: Held::Missing, by_name, suggestions };
    if !means.suggest {
        tested.held = hold(&tested, means.tolerance);
    }
    tested
}

/// Runs what was checked, with its share of the memory; where that is too little, alone and with all of it.
fn run(checked: &pipeline::Checked, options: &Options, means: &Means) -> Result<pipeline::Ran, Vec<Diagnostic>> {
    let shared = means.memory.read().expect("no run panics with the lock");
    let outcome = checked.run(options, &|_| {});
    drop(shared);
    let is_short = |mistakes: &Vec<Diagnostic>| mistakes.iter().any(|mistake| mistake.code == data::RUN_SIZE);
    if options.memory_limit == means.memory_limit || !outcome.as_ref().is_err_and(is_short) {
        return outcome;
    }
    let _alone = means.memory.write().expect("no run panics with the lock");
    checked.run(&Options { memory_limit: means.memory_limit, ..options.clone() }, &|_| {})
}

/// Whether a mistake may be gone on another machine.
fn is_of_world(mistake: &Diagnostic) -> bool {
    mistake.code.0.starts_with("E06") || mistake.code == data::RUN_SIZE
}

fn hold(tested: &Tested, tolerance: f64) -> Held {
    let file = match std::fs::read_to_string(&tested.snapshot) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Held::Missing,
        Err(error) => return Held::Damaged(format!("its snapshot cannot be read: {}", reason(&error))),
    };
    let Some(now) = tested.now() else { return Held::Same };
    let old = match Snapshot::parse(&file) {
        Ok(old) => old,
        Err(why) => return Held::Damaged(format!("its snapshot cannot be read: {why}")),
    };
    if old.has_mistakes() != now.has_mistakes() {
        return Held::Changed { old, differences: Vec::new() };
    }
    let differences = compare::compare(&old.facts(), &now.facts(), tolerance);
    let words_count = tolerance == 0.0 || now.has_mistakes();
    if differences.is_empty() && (!words_count || file.replace("\r\n", "\n") == now.print()) {
        return Held::Same;
    }
    Held::Changed { old, differences }
}
