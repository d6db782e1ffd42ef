//! What is kept of one run: a row. `COLUMNS` is the table of what stands in it, between the params and the experiment.

use super::Plan;
use crate::diagnose::chain::Chain;
use crate::diagnose::verdict;
use crate::diagnostics::Diagnostic;
use crate::model::Model;
use crate::run::record::{End, LayerRecord, Record, Records};
use crate::source::{SourceId, Sources};

/// Raised when a column changes its meaning: rows of another version are of another experiment.
pub(super) const VERSION: u32 = 1;

/// The word in place of a verdict where the run could not be done.
pub(super) const ERROR: &str = "error";

/// The contents of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// There is no such number.
    Empty,
    /// Words.
    Text(String),
    /// A count.
    Whole(u64),
    /// A number; it need not be finite.
    Number(f64),
    /// Several.
    List(Vec<f64>),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Whole,
    Number,
    List,
}

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number in the grid, from 1.
    pub run: usize,
    /// How many the grid has.
    pub runs: usize,
    /// The texts of the params' values.
    pub values: Vec<String>,
    /// What was found, in the order of `COLUMNS`.
    pub cells: Vec<Cell>,
    /// Of which experiment.
    pub experiment: String,
}

/// A column.
pub(super) struct Column {
    pub(super) name: &'static str,
    what: &'static str,
    pub(super) kind: Kind,
    of: fn(&Found<'_>) -> Cell,
}

/// What a run that was done is told from.
struct Found<'a> {
    model: &'a Model,
    first: &'a Record,
    last: &'a Record,
    judgement: verdict::Judgement,
    theory: Option<f64>,
    records: &'a Records,
}

const fn column(name: &'static str, kind: Kind, what: &'static str, of: fn(&Found<'_>) -> Cell) -> Column {
    Column { name, what, kind, of }
}

/// What is found of a run.
pub(super) const COLUMNS: &[Column] = &[
    column("seed", Kind::Whole, "the seed", |found| Cell::Whole(found.records.seeds[0].seed)),
    column("verdict", Kind::Text, "the verdict of the last report; `error` where the run could not be done", |found| {
        Cell::Text(found.judgement.word.word().to_owned())
    }),
    column("words", Kind::Text, "every verdict word that holds, gravest first", |found| {
        let words: Vec<&str> = found.judgement.words.iter().map(|word| word.word()).collect();
        Cell::Text(words.join(" "))
    }),
    column("ratio", Kind::Number, "r of the first layer over r of the last", |found| {
        Cell::Number(found.judgement.ratio)
    }),
    column(
        "factor_per_layer",
        Kind::Number,
        "by what r is multiplied for one layer toward the input: e to the Theil–Sen slope of ln r",
        |found| number(found.judgement.growth.map(|growth| 1.0 / growth)),
    ),
    column("theory", Kind::Number, "the same in the limit of wide layers: √χ of mean-field theory", |found| {
        number(found.theory)
    }),
    column("layers", Kind::Whole, "how many layers have weights", |found| {
        Cell::Whole(found.judgement.chain.links.len() as u64)
    }),
    column("parameters", Kind::Whole, "how many numbers can be trained", |found| {
        Cell::Whole(found.model.parameters.iter().map(|parameter| parameter.shape.elements() as u64).sum())
    }),
    column("steps", Kind::Whole, "updates made before the last report", |found| Cell::Whole(found.last.step)),
    column("loss", Kind::Number, "the mean loss of the batch at the last report", |found| {
        Cell::Number(found.last.loss)
    }),
    column("accuracy", Kind::Number, "the share of right predictions there, where there are such", |found| {
        number(found.last.accuracy)
    }),
    column("test_loss", Kind::Number, "the loss of what is held out", |found| {
        number(found.last.test.map(|test| test.loss))
    }),
    column("test_accuracy", Kind::Number, "the share of right predictions among what is held out", |found| {
        number(found.last.test.and_then(|test| test.accuracy))
    }),
    column("first_loss", Kind::Number, "the loss at the first report", |found| Cell::Number(found.first.loss)),
    column("dead", Kind::Number, "the largest share of dead units of any layer", |found| {
        largest(found, |layer| layer.dead)
    }),
    column("saturated", Kind::Number, "the largest share of saturated entries of any layer", |found| {
        largest(found, verdict::saturated)
    }),
    column("underflow", Kind::Number, "the largest share of entries of ∂C/∂z that the precision loses", |found| {
        largest(found, LayerRecord::lost_to_precision)
    }),
    column("r", Kind::List, "r = √B·‖∂C/∂z‖ of each layer with weights, from the input on", |found| {
        Cell::List(found.judgement.chain.links.iter().map(|link| link.size).collect())
    }),
    column("reason", Kind::Text, "why the run could not be done, or why training ended early", |found| {
        match found.records.seeds[0].end {
            End::NotFinite(step) => Cell::Text(format!("the loss is not finite at step {step}")),
            End::Whole | End::Interrupted(_) => Cell::Empty,
        }
    }),
];

fn number(value: Option<f64>) -> Cell {
    value.map_or(Cell::Empty, Cell::Number)
}

fn largest(found: &Found<'_>, share: fn(&LayerRecord) -> Option<f64>) -> Cell {
    number(found.last.layers.iter().filter_map(share).max_by(f64::total_cmp))
}

/// The names of all columns of a sweep over these params. A param whose name is a column's is called `param.NAME`.
#[must_use]
pub fn columns(params: &[String]) -> Vec<String> {
    let own = || ["run", "runs"].into_iter().chain(COLUMNS.iter().map(|column| column.name)).chain(["experiment"]);
    let param = |name: &String| if own().any(|own| own == name) { format!("param.{name}") } else { name.clone() };
    let (before, after) = own().map(str::to_owned).partition::<Vec<_>, _>(|name| ["run", "runs"].contains(&&**name));
    [before, params.iter().map(param).collect(), after].concat()
}

/// Every column but the params, with what it holds, for the reference.
#[must_use]
pub fn described() -> Vec<(&'static str, &'static str)> {
    let before = [("run", "the number of the run in the grid, from 1"), ("runs", "how many the grid has")];
    let after = ("experiment", "the same sixteen digits in every row of one experiment");
    let found = COLUMNS.iter().map(|column| (column.name, column.what));
    before.into_iter().chain(found).chain([after]).collect()
}

/// The place of a column among the cells.
pub(super) fn place(name: &str) -> usize {
    COLUMNS.iter().position(|column| column.name == name).expect("a column is in the table")
}

impl Row {
    /// The row of a run that was done: of the only seed of `records`.
    #[must_use]
    pub fn of(plan: &Plan, run: usize, model: &Model, records: &Records, theory: Option<f64>) -> Self {
        let steps = &records.seeds[0].steps;
        let (first, last) = (steps.first(), steps.last());
        let first = first.expect("a seed has at least one report");
        let last = last.expect("a seed has at least one report");
        let judgement = verdict::judge(model, last, &Chain::new(model, last, records.batch));
        let found = Found { model, first, last, judgement, theory, records };
        Self::with(plan, run, COLUMNS.iter().map(|column| (column.of)(&found)).collect())
    }

    /// The row of a run that could not be done.
    #[must_use]
    pub fn failed(plan: &Plan, run: usize, reason: String) -> Self {
        let (_, seed) = plan.grid.place(run);
        let cell = |column: &Column| match column.name {
            "seed" => Cell::Whole(seed),
            "verdict" => Cell::Text(ERROR.to_owned()),
            "reason" => Cell::Text(reason.clone()),
            _ => Cell::Empty,
        };
        Self::with(plan, run, COLUMNS.iter().map(cell).collect())
    }

    fn with(plan: &Plan, run: usize, cells: Vec<Cell>) -> Self {
        let (point, _) = plan.grid.place(run);
        Self {
            run: run + 1,
            runs: plan.grid.runs(),
            values: plan.grid.values(point),
            cells,
            experiment: plan.experiment.clone(),
        }
    }

    /// What is in a column of numbers.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.cells[place(name)] {
            Cell::Number(value) => Some(value),
            Cell::Whole(value) => Some(value as f64),
            Cell::Empty | Cell::Text(_) | Cell::List(_) => None,
        }
    }

    /// What is in a column of words.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match &self.cells[place(name)] {
            Cell::Text(text) => text,
            Cell::Empty | Cell::Number(_) | Cell::Whole(_) | Cell::List(_) => "",
        }
    }

    /// Whether the run could not be done.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.text("verdict") == ERROR
    }
}

/// A diagnostic in one line: `E0402 in line 12: …`.
pub(super) fn reason(diagnostic: &Diagnostic, sources: &Sources, id: SourceId) -> String {
    let place = diagnostic.primary.as_ref().map(|label| label.span).filter(|span| span.source == id);
    let place = place.map(|span| format!(" in line {}", sources.line(span))).unwrap_or_default();
    format!("{}{place}: {}", diagnostic.code, diagnostic.message)
}
