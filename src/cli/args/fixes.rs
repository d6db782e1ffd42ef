//! What can be written behind `fix`.

use super::super::help;
use super::{Experiment, Machine, Processor};
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Try changes of a file, train each with several seeds, and rank what came of it.
///
/// Activations, rules, a path around the layers, norms, learning rate, clipping, and the two best together: each is compiled and
/// trained, with its cost and the edit it is. Nothing is written unless --apply says which.
#[derive(Args, Debug)]
#[command(after_help = help::FIX)]
pub(in crate::cli) struct Fix {
    /// The `.net` file; `-` is standard input.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) file: PathBuf,

    /// Make the N-th change in the file; for `-` the changed text is printed.
    #[arg(long, value_name = "N", conflicts_with_all = ["format", "ascii"], help_heading = "The result")]
    pub(in crate::cli) apply: Option<usize>,

    /// How the result is written.
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = "The result")]
    pub(in crate::cli) format: FixFormat,

    /// Write the result to a file; with --apply, the changed text.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "The result")]
    pub(in crate::cli) output: Option<PathBuf>,

    /// Use no character beyond ASCII in the text.
    #[arg(long, help_heading = "The result")]
    pub(in crate::cli) ascii: bool,

    /// The most updates of a trial [default: the file's own, 200 at most].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "The trials")]
    pub(in crate::cli) steps: Option<u64>,

    /// The seeds of a trial [default: the file's own, five].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000), help_heading = "The trials")]
    pub(in crate::cli) seeds: Option<u64>,

    #[command(flatten)]
    pub(in crate::cli) experiment: Experiment,

    #[command(flatten)]
    pub(in crate::cli) machine: Machine,

    #[command(flatten)]
    pub(in crate::cli) processor: Processor,
}

/// `fix --format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FixFormat {
    /// A table, and the edits that helped
    Text,
    /// One JSON object
    Json,
}
