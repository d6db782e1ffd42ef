//! Two params of a sweep as a map: the two with the most values, the longer one downward, medians over everything else.

use super::row::Row;
use super::summary::{Point, Summary};
use crate::numbers::{share, significant};
use crate::report::decade::log10;

/// What is shown of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// r of the first layer over r of the last, as a power of ten.
    Ratio,
    /// What r is multiplied by for one layer toward the input.
    Factor,
    /// The loss.
    Loss,
    /// The share of right predictions.
    Accuracy,
    /// The same of what is held out.
    TestAccuracy,
}

impl Quantity {
    /// The column it is.
    #[must_use]
    pub const fn column(self) -> &'static str {
        match self {
            Self::Ratio => "ratio",
            Self::Factor => "factor_per_layer",
            Self::Loss => "loss",
            Self::Accuracy => "accuracy",
            Self::TestAccuracy => "test_accuracy",
        }
    }

    /// What stands above the map.
    #[must_use]
    pub const fn caption(self) -> &'static str {
        match self {
            Self::Ratio => "log10 of r at the first layer over r at the last",
            Self::Factor => "by what r is multiplied for one layer toward the input",
            Self::Loss => "the loss at the last report",
            Self::Accuracy => "the accuracy at the last report",
            Self::TestAccuracy => "the accuracy on what is held out, at the last report",
        }
    }

    /// A number as it stands in a cell.
    #[must_use]
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Ratio if value > 0.0 && value.is_finite() => {
                let text = format!("{:.1}", log10(value));
                if text == "-0.0" { "0.0".to_owned() } else { text }
            }
            Self::Ratio if value == 0.0 => "-inf".to_owned(),
            Self::Ratio | Self::Factor | Self::Loss => significant(value),
            Self::Accuracy | Self::TestAccuracy => share(value),
        }
    }
}

/// The map.
#[derive(Clone, Debug)]
pub struct Map {
    /// What is shown.
    pub quantity: Quantity,
    /// The param downward and its values.
    pub down: (String, Vec<String>),
    /// The param across and its values.
    pub across: (String, Vec<String>),
    /// A row for each value downward; none where there are no runs.
    pub cells: Vec<Vec<Option<Point>>>,
    /// The params that medians are taken over.
    pub over: Vec<String>,
    /// How many runs most cells stand for.
    pub runs: usize,
}

impl Map {
    /// Of a sweep whose summary this is; none where fewer than two params vary.
    #[must_use]
    pub fn new(summary: &Summary, rows: &[&Row], quantity: Quantity) -> Option<Self> {
        let mut varying: Vec<usize> =
            (0..summary.axes.len()).filter(|axis| summary.axes[*axis].values.len() > 1).collect();
        // The first of equals stays first.
        varying.sort_by_key(|axis| std::cmp::Reverse(summary.axes[*axis].values.len()));
        let (down, across) = (*varying.first()?, *varying.get(1)?);
        let of = |axis: usize| (summary.axes[axis].name.clone(), summary.axes[axis].values.clone());
        let cell = |row: &String, column: &String| {
            let own: Vec<&Row> =
                rows.iter().copied().filter(|own| own.values[down] == *row && own.values[across] == *column).collect();
            (!own.is_empty()).then(|| Point::of(&own))
        };
        let (down_values, across_values) = (&summary.axes[down].values, &summary.axes[across].values);
        let cells: Vec<Vec<Option<Point>>> =
            down_values.iter().map(|row| across_values.iter().map(|column| cell(row, column)).collect()).collect();
        let runs = cells.iter().flatten().flatten().map(|point| point.runs).max().unwrap_or(0);
        let over = varying[2..].iter().map(|axis| summary.axes[*axis].name.clone()).collect();
        Some(Self { quantity, down: of(down), across: of(across), cells, over, runs })
    }

    /// What the map is, in a sentence without its end.
    #[must_use]
    pub fn caption(&self) -> String {
        let runs = if self.runs == 1 { String::new() } else { format!(", the median of {} runs", self.runs) };
        let over = match &self.over[..] {
            [] => String::new(),
            over => format!(" (every {})", over.join(", ")),
        };
        format!("{}{runs}{over}", self.quantity.caption())
    }
}

/// A verdict in one letter.
#[must_use]
pub fn letter(word: &str) -> char {
    match word {
        "exploding" => 'X',
        "vanishing" => 'V',
        "underflow" => 'U',
        "dead" => 'D',
        "saturated" => 'S',
        "healthy" => 'h',
        _ => 'E',
    }
}
