//! `gradc diff`: two runs, compared layer by layer.

use super::args::{self, DiffFormat};
use super::check::Errors;
use super::progress::Meter;
use super::test::{changes, print};
use super::{Failure, Status, Talk, available_threads, features, input, memory, output};
use crate::diagnostics::Diagnostic;
use crate::pipeline::{self, Options};
use crate::snapshot::compare::{self, Difference};
use crate::snapshot::facts::Facts;
use crate::snapshot::{self, Snapshot, lines, table};
use serde_json::Value;
use std::path::Path;

/// One side of the comparison.
enum Side {
    /// A JSON report, whole.
    Report(Value),
    /// A snapshot, or what one would hold of a run.
    Snapshot(Snapshot),
    /// It could not be had, as was said.
    Nothing(Status),
}

pub(super) fn run(arguments: &args::Diff, talk: &Talk) -> Result<Status, Failure> {
    if arguments.old == Path::new("-") && arguments.new == Path::new("-") {
        return Err(Failure::wrong("only one side can be standard input"));
    }
    let sides = [&arguments.old, &arguments.new].map(|path| side(path, arguments, talk));
    let [old, new] = sides;
    let (old, new) = match (old?, new?) {
        (Side::Nothing(Status::Wrong), _) | (_, Side::Nothing(Status::Wrong)) => return Ok(Status::Wrong),
        (Side::Nothing(status), _) | (_, Side::Nothing(status)) => return Ok(status),
        sides => sides,
    };
    let tolerance = arguments.comparison.tolerance;
    let (differences, texts) = match (&old, &new) {
        (Side::Report(old), Side::Report(new)) => (compare::compare(&Facts::of(old), &Facts::of(new), tolerance), None),
        (old, new) => {
            let differences = compare::compare(&kept_facts(old), &kept_facts(new), tolerance);
            (differences, texts(old, new).filter(|(old, new)| old != new))
        }
    };
    // As for snapshots: the words count where everything must be equal.
    let words_differ = texts.is_some() && (tolerance == 0.0 || has_mistakes(&old) || has_mistakes(&new));
    let equal = differences.is_empty() && !words_differ;
    let product = match arguments.format {
        DiffFormat::Text if equal => "equal\n".to_owned(),
        DiffFormat::Text => text(&differences, texts, arguments),
        DiffFormat::Json => {
            print(&serde_json::json!({ "schema": 1, "equal": equal, "differences": changes(&differences) }))
        }
    };
    output::write_coloured(&product, talk.wish(), arguments.output.as_deref())?;
    Ok(if equal { Status::Well } else { Status::ExpectationFailed })
}

fn text(differences: &[Difference], texts: Option<(&str, &str)>, arguments: &args::Diff) -> String {
    let most = if arguments.comparison.all { usize::MAX } else { table::MOST_ROWS };
    let mut text = table::render(differences, "A", "B", most);
    if let Some((old, new)) = texts {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&lines::print(&lines::differing(old, new), true));
    }
    text
}

fn kept_facts(side: &Side) -> Facts {
    match side {
        Side::Report(report) => Facts::of(&snapshot::kept(report)),
        Side::Snapshot(snapshot) => snapshot.facts(),
        Side::Nothing(_) => Facts::default(),
    }
}

/// The texts, where both sides have one.
fn texts<'s>(old: &'s Side, new: &'s Side) -> Option<(&'s str, &'s str)> {
    let (Side::Snapshot(old), Side::Snapshot(new)) = (old, new) else { return None };
    Some((&old.text, &new.text))
}

const fn has_mistakes(side: &Side) -> bool {
    matches!(side, Side::Snapshot(snapshot) if snapshot.has_mistakes())
}

/// Reads a side; runs it where it is a `.net` file.
fn side(path: &Path, arguments: &args::Diff, talk: &Talk) -> Result<Side, Failure> {
    let input = input::read(path)?;
    let name = path.display();
    if Snapshot::is_one(&input.text) {
        let snapshot = Snapshot::parse(&input.text)
            .map_err(|why| Failure::wrong(format!("the snapshot `{name}` cannot be read: {why}")))?;
        return Ok(Side::Snapshot(snapshot));
    }
    if input.text.trim_start().starts_with('{') {
        let report: Value = serde_json::from_str(&input.text)
            .map_err(|error| Failure::wrong(format!("`{name}` is not JSON: {error}")))?;
        if report.get("steps").is_none() {
            return Err(
                Failure::wrong(format!("`{name}` is JSON, but no report")).help("`gradc run --format json` writes one")
            );
        }
        return Ok(Side::Report(report));
    }
    let options = Options {
        memory_limit: arguments.machine.memory_limit.unwrap_or_else(memory::available),
        threads: arguments.processor.threads.unwrap_or_else(available_threads),
        features: features(arguments.processor.instructions),
        folder: input.folder,
        ..Options::default()
    };
    let checked = pipeline::check(&input.name, input.text, &options);
    let mut errors = Errors::of_run(&checked, &options);
    if checked.diagnostics.iter().any(Diagnostic::is_error) {
        talk.diagnostics(&checked.diagnostics, &checked.sources, &input.name);
        return Ok(Side::Nothing(errors.status()));
    }
    let meter = Meter::new();
    let outcome = checked.run(&options, &|progress| meter.show(progress));
    meter.clear();
    match outcome {
        Ok(ran) => Ok(Side::Snapshot(Snapshot::of_report(&ran.report, &checked.diagnostics))),
        Err(mistakes) => {
            talk.diagnostics(&mistakes, &checked.sources, &input.name);
            errors.count_of_run(&mistakes);
            Ok(Side::Nothing(errors.status()))
        }
    }
}
