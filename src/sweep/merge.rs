//! Files of rows put together: the shards of one sweep, or the parts of one that was interrupted.

use super::Row;
use super::file::{Format, Rows, head, line};

/// Why files cannot be put together. Files are told by their place among those given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// One is CSV, the other JSON lines.
    Format(usize, usize),
    /// They are of different experiments.
    Experiment(usize, usize),
    /// Both have this run.
    Overlap(usize, usize, usize),
    /// There is no row in any.
    Nothing,
}

/// The rows of one experiment, in the order of the grid.
#[derive(Clone, Debug)]
pub struct Merged {
    /// How they are written, and in what columns.
    pub head: Rows,
    /// Each with its line.
    pub rows: Vec<(Row, String)>,
    /// How many runs the experiment has.
    pub runs: usize,
}

impl Merged {
    /// The text of the file that one process would have written.
    #[must_use]
    pub fn text(&self, format: Format) -> String {
        let names = &self.head.names;
        self.rows.iter().fold(head(format, names), |text, (row, own)| {
            if format == self.head.format { text + own } else { text + &line(format, names, row) }
        })
    }

    /// The runs, from 1, that no file has, as ranges.
    #[must_use]
    pub fn missing(&self) -> Vec<(usize, usize)> {
        let mut missing: Vec<(usize, usize)> = Vec::new();
        let mut next = 1;
        for run in self.rows.iter().map(|(row, _)| row.run).chain([self.runs + 1]) {
            if run > next {
                missing.push((next, run - 1));
            }
            next = run + 1;
        }
        missing
    }
}

/// Puts files together.
///
/// # Errors
/// Where they do not belong together.
pub fn merge(files: &[Rows]) -> Result<Merged, Mismatch> {
    let Some((first, start)) = files.iter().enumerate().find_map(|(at, file)| Some((at, &file.rows.first()?.0))) else {
        return Err(Mismatch::Nothing);
    };
    let mut rows: Vec<(usize, &(Row, String))> = Vec::new();
    for (at, file) in files.iter().enumerate() {
        if file.format != files[first].format {
            return Err(Mismatch::Format(first, at));
        }
        let is_foreign = |(row, _): &(Row, String)| {
            row.experiment != start.experiment || row.runs != start.runs || !(1..=row.runs).contains(&row.run)
        };
        if file.names != files[first].names || file.rows.iter().any(is_foreign) {
            return Err(Mismatch::Experiment(first, at));
        }
        rows.extend(file.rows.iter().map(|row| (at, row)));
    }
    rows.sort_by_key(|(at, (row, _))| (row.run, *at));
    if let Some([left, right]) = rows.array_windows().find(|[left, right]| left.1.0.run == right.1.0.run) {
        return Err(Mismatch::Overlap(left.0, right.0, left.1.0.run));
    }
    let head = Rows { rows: Vec::new(), ..files[first].clone() };
    Ok(Merged { head, runs: start.runs, rows: rows.into_iter().map(|(_, row)| row.clone()).collect() })
}
