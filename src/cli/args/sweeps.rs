//! What can be written behind `sweep` and `merge`.

use super::super::help;
use super::{Experiment, Machine, Processor};
use crate::sweep::Shard;
use crate::sweep::map::Quantity;
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Run every combination of the values in a file's `sweep` block, with every seed.
///
/// Verdict, ratio, decay per layer, loss and accuracy of each run; a table and a map, or a row a run for a data frame. What cannot
/// be run is a row with its reason; `expect`s are not looked at.
#[derive(Args, Debug)]
#[command(after_help = help::SWEEP)]
pub(in crate::cli) struct Sweep {
    /// The `.net` file; `-` is standard input.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) file: PathBuf,

    #[command(flatten)]
    pub(in crate::cli) result: SweepResult,

    /// Go on with the rows in the file of --output: runs that are there are not run again.
    #[arg(long, help_heading = "The runs")]
    pub(in crate::cli) resume: bool,

    /// Run only the I-th of N shares; `gradc merge` puts them together.
    #[arg(long, value_name = "I/N", value_parser = shard, help_heading = "The runs")]
    pub(in crate::cli) shard: Option<Shard>,

    #[command(flatten)]
    pub(in crate::cli) experiment: Experiment,

    #[command(flatten)]
    pub(in crate::cli) machine: Machine,

    #[command(flatten)]
    pub(in crate::cli) processor: Processor,
}

/// Put the rows of a sweep's shards together, or draw rows as a table or a map.
///
/// The rows come out in the order of the grid, the same bytes as one process would have written. Files that overlap, that are of
/// different experiments, or that do not have every run are an error.
#[derive(Args, Debug)]
#[command(after_help = help::MERGE)]
pub(in crate::cli) struct Merge {
    /// Files of rows, as `gradc sweep --format csv` and `--format json` write them.
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) files: Vec<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) result: SweepResult,

    /// Put rows together though some are missing.
    #[arg(long, help_heading = "The result")]
    pub(in crate::cli) partial: bool,
}

/// How the result of a sweep is written.
#[derive(Args, Debug)]
#[command(next_help_heading = "The result")]
pub(in crate::cli) struct SweepResult {
    /// How it is written [default: by the ending of --output; else a table, or rows as they were].
    #[arg(long, value_name = "FORMAT")]
    pub(in crate::cli) format: Option<SweepFormat>,

    /// Write it to a file; rows are written as they come.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,

    /// What the map of two params shows.
    #[arg(long, value_name = "QUANTITY", default_value = "ratio")]
    pub(in crate::cli) map: MapName,

    /// Use no character beyond ASCII in the text.
    #[arg(long)]
    pub(in crate::cli) ascii: bool,
}

/// `sweep --format`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SweepFormat {
    /// A table of the points, and a map where two params or more vary
    Text,
    /// One line a run, with a head; docs/sweeps.md has the columns
    Csv,
    /// One JSON object a line and run, with the same names
    Json,
    /// The map, for a paper or a README
    Svg,
}

/// `sweep --map`
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum MapName {
    /// r of the first layer over r of the last
    Ratio,
    /// What r is multiplied by for one layer toward the input
    Factor,
    /// The loss
    Loss,
    /// The share of right predictions
    Accuracy,
    /// The same of what is held out
    TestAccuracy,
}

impl MapName {
    /// What is shown.
    pub(in crate::cli) const fn quantity(self) -> Quantity {
        match self {
            Self::Ratio => Quantity::Ratio,
            Self::Factor => Quantity::Factor,
            Self::Loss => Quantity::Loss,
            Self::Accuracy => Quantity::Accuracy,
            Self::TestAccuracy => Quantity::TestAccuracy,
        }
    }
}

/// `I/N`, from 1.
fn shard(text: &str) -> Result<Shard, String> {
    let parts = text
        .split_once('/')
        .and_then(|(index, count)| Some((index.trim().parse::<usize>().ok()?, count.trim().parse::<usize>().ok()?)));
    match parts {
        Some((index, count)) if (1..=count).contains(&index) => Ok(Shard { index: index - 1, count }),
        Some(_) | None => Err("a share is written as 1/4 for the first of four, up to 4/4".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Shard, shard};

    #[test]
    fn a_share_is_counted_from_one() {
        assert_eq!(shard("1/4"), Ok(Shard { index: 0, count: 4 }));
        assert_eq!(shard("4/4"), Ok(Shard { index: 3, count: 4 }));
        for text in ["0/4", "5/4", "1", "a/b", "1/0", "-1/4", ""] {
            assert!(shard(text).is_err(), "{text}");
        }
    }
}
