//! The result as one JSON object, its schema published as `docs/test.schema.json`.

use super::hold::{Held, Outcome};
use super::{Results, show};
use crate::diagnostics::json;
use crate::report::json::Number;
use crate::snapshot::compare::Difference;
use crate::snapshot::facts::Datum;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The version of this form; raised when a field changes its meaning or goes.
const SCHEMA: u32 = 1;

/// What `gradc test` found.
#[derive(Debug, Serialize, JsonSchema)]
struct Test {
    /// The version of this form.
    schema: u32,
    /// Whether every file is well, or was accepted.
    ok: bool,
    /// How many came out how.
    summary: Summary,
    /// Every file in order, then the snapshots without a file.
    files: Vec<File>,
}

/// How many came out how.
#[derive(Debug, Serialize, JsonSchema)]
struct Summary {
    /// As their snapshots have them.
    ok: usize,
    /// Not so, or with mistakes, or with an `expect` that does not hold.
    failed: usize,
    /// Without a snapshot, and otherwise well.
    new: usize,
    /// Snapshots without a file.
    stale: usize,
    /// Snapshots that were written.
    accepted: usize,
    /// Stale snapshots that were removed.
    removed: usize,
}

/// One file, or one snapshot without a file.
#[derive(Debug, Serialize, JsonSchema)]
struct File {
    /// Its path as it was found.
    path: String,
    /// `ok`, `failed`, `new`, `stale`, `accepted` or `removed`.
    status: String,
    /// What there is to say, as phrases.
    reasons: Vec<String>,
    /// The verdicts of the run, where there was one.
    verdict: Option<String>,
    /// How many `expect`s do not hold.
    failed_expectations: usize,
    /// In which facts the report and its snapshot differ.
    differences: Vec<Change>,
    /// Mistakes and `expect`s that do not hold, in the form of `gradc check --format json`.
    diagnostics: Vec<Value>,
}

/// A fact that is not the same.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct Change {
    /// The step, where it is a step's.
    step: Option<u64>,
    /// The layer, where it is a layer's.
    layer: Option<String>,
    /// Which fact, by its path in the JSON report; `present` where only one of both has the layer or step.
    statistic: String,
    /// What it was.
    old: Said,
    /// What it is.
    new: Said,
    /// New over old, where both are numbers that can be divided.
    ratio: Option<Number>,
}

/// A number, words, or nothing.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum Said {
    /// A measured number.
    Number(Number),
    /// Words or a count.
    Word(String),
    /// Nothing is said.
    Nothing(()),
}

impl Said {
    fn of(datum: Option<&Datum>) -> Self {
        match datum {
            None => Self::Nothing(()),
            Some(Datum::Number(number)) => Self::Number(Number(*number)),
            Some(Datum::Word(word) | Datum::Prose(word)) => Self::Word(word.clone()),
        }
    }
}

/// Differences as JSON has them.
pub(in crate::cli) fn changes(differences: &[Difference]) -> Vec<Change> {
    differences
        .iter()
        .map(|difference| Change {
            step: difference.key.step,
            layer: difference.key.layer.clone(),
            statistic: difference.key.statistic.clone(),
            old: Said::of(difference.old.as_ref()),
            new: Said::of(difference.new.as_ref()),
            ratio: difference.ratio().map(Number),
        })
        .collect()
}

/// The whole, indented, with a newline at the end.
pub(super) fn render(results: &Results) -> String {
    let words = show::words(results);
    let count = |word: show::Word| words.iter().filter(|other| **other == word).count();
    let files = results.files.iter().map(|(tested, kept)| File {
        path: tested.name.clone(),
        status: show::word(tested, *kept, results.strict).word().to_owned(),
        reasons: show::reasons(tested, *kept),
        verdict: match &tested.outcome {
            Outcome::Report { verdict, .. } => Some(verdict.clone()),
            Outcome::Mistakes(_) | Outcome::Nothing(_) | Outcome::Unreadable(_) => None,
        },
        failed_expectations: tested.failed_expectations(),
        differences: match &tested.held {
            Held::Changed { differences, .. } => changes(differences),
            Held::Missing | Held::Same | Held::Damaged(_) => Vec::new(),
        },
        diagnostics: tested
            .told
            .iter()
            .map(|told| serde_json::from_str(&json::line(told, &tested.sources)).expect("a diagnostic's line is JSON"))
            .collect(),
    });
    let stale = results.stale.iter().map(|(path, kept)| File {
        path: path.display().to_string(),
        status: show::stale_word(*kept).word().to_owned(),
        reasons: vec![show::stale_reason(path)],
        verdict: None,
        failed_expectations: 0,
        differences: Vec::new(),
        diagnostics: Vec::new(),
    });
    let test = Test {
        schema: SCHEMA,
        ok: super::status(results, false) == super::Status::Well,
        summary: Summary {
            ok: count(show::Word::Ok),
            failed: count(show::Word::Failed),
            new: count(show::Word::New),
            stale: count(show::Word::Stale),
            accepted: count(show::Word::Accepted),
            removed: count(show::Word::Removed),
        },
        files: files.chain(stale).collect(),
    };
    print(&test)
}

/// JSON, indented, with a newline at the end.
pub(in crate::cli) fn print(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("its keys are strings and no serializer fails");
    text.push('\n');
    text
}

/// The published schema.
pub(in crate::cli) fn schema() -> String {
    print(&schemars::schema_for!(Test))
}
