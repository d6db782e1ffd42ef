//! `gradc merge`: the rows of several files as one.

use super::args::{self, SweepFormat};
use super::output::{self, reason};
use super::sweep::{by_ending, drawn};
use super::{Failure, Status, Talk};
use crate::sweep::Row;
use crate::sweep::file::{self, Format, Rows, Unreadable};
use crate::sweep::merge::{Merged, Mismatch, merge};
use std::path::Path;

/// Shares of so many at most are recognised as what is missing.
const MOST_SHARDS: usize = 1000;
/// So many ranges of missing runs are listed.
const MOST_RANGES: usize = 8;

/// Why a file's rows are not had.
#[derive(Debug)]
pub(super) enum Unread {
    /// The file cannot be read.
    File(std::io::Error),
    /// It holds none.
    Rows(Unreadable),
}

impl Unread {
    pub(super) fn failure(&self, path: &Path) -> Failure {
        let name = path.display();
        match self {
            Self::File(error) => Failure::wrong(format!("cannot read `{name}`: {}", reason(error))),
            Self::Rows(Unreadable::Empty) => Failure::wrong(format!("`{name}` is empty")),
            Self::Rows(Unreadable::NotRows) => Failure::wrong(format!("`{name}` holds no rows of a sweep"))
                .help("`gradc sweep FILE --format csv --output ROWS` writes such"),
            Self::Rows(Unreadable::Damaged(line)) => {
                Failure::wrong(format!("line {line} of `{name}` is damaged, and more follow"))
                    .help("remove the line; `gradc sweep --resume` makes the run again")
            }
        }
    }
}

/// The rows of a file.
pub(super) fn read(path: &Path) -> Result<Rows, Unread> {
    let bytes = std::fs::read(path).map_err(Unread::File)?;
    // A line that was cut inside a letter is a line that was cut.
    let text = String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    file::read(&text).map_err(Unread::Rows)
}

pub(super) fn run(arguments: &args::Merge, talk: &Talk) -> Result<Status, Failure> {
    let mut files: Vec<Rows> = Vec::new();
    for path in &arguments.files {
        let rows = read(path).map_err(|why| why.failure(path))?;
        if rows.is_cut {
            talk.say(&format!("`{}` ends within a line, which is left out\n", path.display()));
        }
        files.push(rows);
    }
    let merged = merge(&files).map_err(|why| mismatch(&why, arguments))?;
    let result = &arguments.result;
    let as_they_were = match merged.head.format {
        Format::Csv => SweepFormat::Csv,
        Format::Json => SweepFormat::Json,
    };
    let format = result.format.unwrap_or_else(|| by_ending(result.output.as_deref(), as_they_were));
    let product = match format {
        SweepFormat::Text | SweepFormat::Svg => {
            let rows: Vec<&Row> = merged.rows.iter().map(|(row, _)| row).collect();
            drawn(&merged.head.params(), &rows, result, format == SweepFormat::Svg)?
        }
        SweepFormat::Csv | SweepFormat::Json => {
            let missing = merged.missing();
            if !missing.is_empty() && !arguments.partial {
                return Err(incomplete(&merged, &missing));
            }
            let format = if format == SweepFormat::Csv { Format::Csv } else { Format::Json };
            merged.text(format)
        }
    };
    output::write(product.as_bytes(), result.output.as_deref())?;
    Ok(Status::Well)
}

fn mismatch(why: &Mismatch, arguments: &args::Merge) -> Failure {
    let name = |at: usize| arguments.files[at].display();
    match *why {
        Mismatch::Nothing => Failure::wrong("there is no run in these files"),
        Mismatch::Format(first, other) => {
            Failure::wrong(format!("`{}` and `{}` are written in different formats", name(first), name(other)))
        }
        Mismatch::Experiment(first, other) => {
            let message = if first == other {
                format!("`{}` holds rows of several experiments", name(first))
            } else {
                format!("`{}` is of another experiment than `{}`", name(other), name(first))
            };
            Failure::wrong(message).help(
                "rows belong together where the `.net` file, `--set`, `--seed` and the version of gradc were the same",
            )
        }
        Mismatch::Overlap(first, other, run) if first == other => {
            Failure::wrong(format!("`{}` has run {run} twice", name(first)))
        }
        Mismatch::Overlap(first, other, run) => {
            Failure::wrong(format!("`{}` and `{}` both have run {run}", name(first), name(other)))
                .help("each run must be in one file: give each share once")
        }
    }
}

fn incomplete(merged: &Merged, missing: &[(usize, usize)]) -> Failure {
    let count: usize = missing.iter().map(|(from, to)| to - from + 1).sum();
    let range = |(from, to): &(usize, usize)| if from == to { from.to_string() } else { format!("{from} to {to}") };
    let mut ranges: Vec<String> = missing.iter().take(MOST_RANGES).map(range).collect();
    if missing.len() > MOST_RANGES {
        ranges.push("…".to_owned());
    }
    let message = format!("{count} of {} runs are missing: {}", merged.runs, ranges.join(", "));
    let help = match shards(merged.runs, missing) {
        Some(shards) => format!("that is {shards}"),
        None => "`gradc sweep FILE --resume --output ROWS` makes them".to_owned(),
    };
    Failure::wrong(message).help(format!("{help}; `--partial` puts together what is there"))
}

/// `--shard 2/4 and --shard 3/4`, where what is missing is just that.
fn shards(runs: usize, missing: &[(usize, usize)]) -> Option<String> {
    let missing: Vec<usize> = missing.iter().flat_map(|(from, to)| *from..=*to).map(|run| run - 1).collect();
    let of = |count: usize| -> Option<Vec<usize>> {
        let mut shares = vec![0_usize; count];
        missing.iter().for_each(|run| shares[run % count] += 1);
        let size = |share: usize| (runs + count - 1 - share) / count;
        let whole = (0..count).all(|share| shares[share] == 0 || shares[share] == size(share));
        whole.then(|| (0..count).filter(|share| shares[*share] > 0).collect())
    };
    let (count, shares) = (2..=runs.min(MOST_SHARDS)).find_map(|count| Some((count, of(count)?)))?;
    if shares.len() > 4 {
        return None;
    }
    Some(shares.iter().map(|share| format!("`--shard {}/{count}`", share + 1)).collect::<Vec<_>>().join(" and "))
}

#[cfg(test)]
mod tests {
    use super::shards;

    #[test]
    fn missing_shares_are_recognised() {
        assert_eq!(shards(10, &[(2, 2), (5, 5), (8, 8)]).as_deref(), Some("`--shard 2/3`"));
        assert_eq!(shards(9, &[(2, 3), (6, 7)]).as_deref(), Some("`--shard 2/4` and `--shard 3/4`"));
        assert_eq!(shards(100, &[(5, 9)]), None);
    }
}
