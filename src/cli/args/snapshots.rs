//! What can be written behind `test` and `diff`.

use super::super::help;
use super::{Machine, Processor};
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Hold the report of every file to the snapshot beside it, and to its `expect`s.
///
/// Each `.net` file is run; its report must be, to the last bit, the one that was accepted. What has changed is told layer by
/// layer, then as lines. Nothing is written unless one of --accept, --accept-new and --review says so.
#[derive(Args, Debug)]
#[command(after_help = help::TEST)]
pub(in crate::cli) struct Test {
    /// Files, and folders to look for `.net` files in.
    #[arg(value_name = "PATH", default_value = ".", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) purpose: Purpose,

    #[command(flatten)]
    pub(in crate::cli) comparison: Comparison,

    /// How the result is written.
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "The result")]
    pub(in crate::cli) format: TestFormat,

    /// Write the result to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "The result")]
    pub(in crate::cli) output: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) machine: Machine,

    #[command(flatten)]
    pub(in crate::cli) processor: Processor,
}

/// What is done about a report that is not as its snapshot has it; told where none of them is given.
#[derive(Args, Debug)]
#[command(next_help_heading = "Snapshots")]
#[group(multiple = false)]
pub(in crate::cli) struct Purpose {
    /// Keep every report as its file's snapshot, and remove stale snapshots.
    #[arg(long)]
    pub(in crate::cli) accept: bool,

    /// Keep the reports of files that have no snapshot yet.
    #[arg(long)]
    pub(in crate::cli) accept_new: bool,

    /// Ask about each change: a accepts, s skips, q quits.
    #[arg(long)]
    pub(in crate::cli) review: bool,

    /// A file without snapshot fails, too [default: where the variable CI is set].
    #[arg(long)]
    pub(in crate::cli) check: bool,

    /// Compare nothing; print `expect` lines that the present runs satisfy.
    #[arg(long, conflicts_with_all = ["format", "tolerance", "all"])]
    pub(in crate::cli) suggest: bool,
}

/// When two reports are equal, and how much is said where they are not.
#[derive(Args, Debug)]
#[command(next_help_heading = "The comparison")]
pub(in crate::cli) struct Comparison {
    /// Let numbers differ by this much of themselves, as 1e-3 [default: not at all].
    #[arg(long, value_name = "SHARE", default_value = "0", hide_default_value = true, value_parser = tolerance)]
    pub(in crate::cli) tolerance: f64,

    /// Show every number that differs, not the telling ones alone.
    #[arg(long)]
    pub(in crate::cli) all: bool,
}

/// `test --format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TestFormat {
    /// A line a file, what has changed, and a summary
    Text,
    /// One JSON object; its schema is docs/test.schema.json
    Json,
    /// JUnit's XML, which continuous integration reads
    Junit,
}

/// Compare two runs, layer by layer.
///
/// Each side is a `.net` file, which is run, a JSON report, or a snapshot. Layers are matched by name. Two JSON reports are
/// compared in everything, others in what a snapshot keeps.
#[derive(Args, Debug)]
#[command(after_help = help::DIFF)]
pub(in crate::cli) struct Diff {
    /// The first, older side.
    #[arg(value_name = "A", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) old: PathBuf,

    /// The second, newer side.
    #[arg(value_name = "B", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) new: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) comparison: Comparison,

    /// How the result is written.
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "The result")]
    pub(in crate::cli) format: DiffFormat,

    /// Write the result to a file.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "The result")]
    pub(in crate::cli) output: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) machine: Machine,

    #[command(flatten)]
    pub(in crate::cli) processor: Processor,
}

/// `diff --format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DiffFormat {
    /// A table, then the lines that differ
    Text,
    /// One JSON object
    Json,
}

/// From 0 to 1.
fn tolerance(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a tolerance is from 0 to 1, as 1e-3".to_owned())
}
