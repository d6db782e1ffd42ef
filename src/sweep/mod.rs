//! The grid of a `sweep` block: every point of it checked, compiled and run for every seed, one row each; rows as files, put together,
//! read back and summed up.
//!
//! - `grid.rs`: which runs there are, in which order, and which of them are a shard's.
//! - `row.rs`: what is kept of a run; `COLUMNS` is the table. To add a column: its entry there, its line in `docs/sweeps.md`.
//! - `file.rs`: rows as CSV and JSON lines, written and read; `merge.rs`: files put together.
//! - `carry_out.rs`: the runs, as many at once as there are threads.
//! - `summary.rs`: medians, decays and intervals of each point; `map.rs`: two axes of it; `text.rs`: both as text; `picture.rs`: the
//!   map as a picture.
//!
//! Invariant: a row depends on the experiment and its place in the grid alone, never on threads, shards or what ran before it.

mod carry_out;
pub mod file;
mod grid;
pub mod map;
pub mod merge;
pub mod picture;
mod row;
pub mod summary;
pub mod text;
mod theory;

pub use carry_out::carry_out;
pub use grid::{Axis, Grid, Shard};
pub use row::{Cell, Row, columns, described};

use crate::pipeline::{Checked, Options};
use crate::run;
use crate::syntax::ast::Item;
use crate::syntax::print;

/// The most runs of a sweep.
pub const MOST_RUNS: u128 = 10_000_000;

/// A sweep that can be carried out.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What messages call the file.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Every run.
    pub grid: Grid,
    /// Sixteen hexadecimal digits that tell this experiment from others: of the file's meaning but its `expect`s and comments, of
    /// the command line's values, of the version of gradc.
    pub experiment: String,
}

/// Why a sound file is not swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It has no `sweep` block.
    NoSweep,
    /// The network names no loss.
    NoLoss,
    /// The grid has so many runs.
    TooMany(u128),
}

impl Plan {
    /// The sweep of a file without errors. A param that the command line sets is not swept.
    ///
    /// # Errors
    /// Where there is nothing to sweep, or too much.
    ///
    /// # Panics
    /// Where the file has an error.
    pub fn new(checked: &Checked, options: &Options) -> Result<Self, Refusal> {
        let model = checked.model.as_ref().expect("only a file without errors is swept");
        if model.sweep.is_empty() {
            return Err(Refusal::NoSweep);
        }
        if model.loss.is_none() {
            return Err(Refusal::NoLoss);
        }
        let is_set = |name: &str| options.set.iter().any(|(set, _)| set == name);
        let axes = model.sweep.iter().filter(|axis| !is_set(&axis.param.name)).map(|axis| Axis {
            name: axis.param.name.clone(),
            values: axis.values.iter().map(|value| value.value.clone()).collect(),
        });
        let grid = Grid { axes: axes.collect(), seeds: run::seeds(model, options.seed) };
        let runs = grid.count();
        if runs > MOST_RUNS {
            return Err(Refusal::TooMany(runs));
        }
        let source = checked.sources.get(checked.id);
        let experiment = identity(checked, &grid, options);
        Ok(Self { name: source.name.clone(), text: source.text.clone(), grid, experiment })
    }
}

fn identity(checked: &Checked, grid: &Grid, options: &Options) -> String {
    let mut file = checked.file.clone();
    file.items.retain(|item| !matches!(item, Item::Expect(_)));
    let mut set = options.set.clone();
    set.sort();
    let parts = (env!("CARGO_PKG_VERSION"), row::VERSION, print::print(&file), set, &grid.seeds);
    let hash = blake3::hash(format!("{parts:?}").as_bytes());
    hash.to_hex()[..16].to_owned()
}
