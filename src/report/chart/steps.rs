//! A number by layer and reported step: one column a layer, one row a step, the larger the number the stronger the colour. The numbers
//! themselves are in the page's tables.

use super::columns::{self, Columns, LAYERS};
use super::text::{self, SIZE};
use super::{Anchor, Layout, Picture, fixed, label};
use crate::numbers::significant;
use crate::report::decade::log10;
use maud::html;
use std::fmt::Write as _;

/// Depths of colour.
const LEVELS: usize = 10;
/// The height of a row, where there are few.
const ROW: f64 = 24.0;
/// The height of all rows, where there are many.
const MOST: f64 = 300.0;
/// Between two names.
const NAMES_APART: f64 = 17.0;
const SWATCH: f64 = 16.0;

/// A number by layer and step.
pub(in crate::report) struct Steps<'a> {
    /// The layers.
    pub(in crate::report) names: &'a [String],
    /// The reported steps, the first first.
    pub(in crate::report) numbers: &'a [u64],
    /// A row for each step.
    pub(in crate::report) rows: Vec<Vec<f64>>,
    /// What the numbers are.
    pub(in crate::report) caption: &'a str,
}

impl Steps<'_> {
    /// The least and the greatest number with a logarithm.
    pub(in crate::report) fn ends(&self) -> Option<(f64, f64)> {
        let there = || self.rows.iter().flatten().copied().filter(|value| *value > 0.0 && value.is_finite());
        there().min_by(f64::total_cmp).zip(there().max_by(f64::total_cmp))
    }
}

/// How deep a level is.
fn opacity(level: usize) -> String {
    format!("{:.2}", 0.06 + 0.94 * level as f64 / (LEVELS - 1) as f64)
}

/// Draws the chart.
pub(in crate::report) fn draw(chart: &Steps, layout: Layout) -> Picture {
    let width = layout.width();
    let name = |step: u64| step.to_string();
    let widest =
        chart.numbers.iter().map(|step| text::width(&name(*step), SIZE)).fold(text::width("step", SIZE), f64::max);
    let (left, right) = ((widest + 12.0).max(40.0).ceil(), width - 6.0);
    let top = 62.0;
    let row = ROW.min(MOST / chart.rows.len().max(1) as f64);
    let bottom = top + row * chart.rows.len() as f64;
    let columns = Columns::new(chart.names, layout, LAYERS, left, right);
    let (least, greatest) = chart.ends().unwrap_or((1.0, 1.0));
    let (low, high) = (log10(least), log10(greatest));

    let mut cells = vec![String::new(); LEVELS];
    let gap = if columns.slot() > 8.0 && row > 8.0 { 1.0 } else { 0.0 };
    for (at, values) in chart.rows.iter().enumerate() {
        for (column, value) in values.iter().enumerate().filter(|(_, value)| **value > 0.0 && value.is_finite()) {
            let part = if high > low { (log10(*value) - low) / (high - low) } else { 1.0 };
            let level = ((part * (LEVELS - 1) as f64).round() as usize).min(LEVELS - 1);
            let cell = columns.slot() - gap;
            let (x, y) = (columns.middle(column) - cell / 2.0, top + row * at as f64);
            let _ = write!(
                cells[level],
                "M{} {}h{}v{}h-{}Z",
                fixed(x),
                fixed(y),
                fixed(cell),
                fixed(row - gap),
                fixed(cell)
            );
        }
    }
    let every = (NAMES_APART / row).ceil().max(1.0) as usize;
    let last = chart.numbers.len().saturating_sub(1);
    let is_named = |at: usize| at == last || (at.is_multiple_of(every) && (last - at) as f64 * row >= NAMES_APART);
    let tips: Vec<String> = (0..chart.names.len()).map(|column| tip(chart, column)).collect();
    let lowest = significant(least);
    let after = 4.0 + text::width(&lowest, SIZE) + 8.0;
    let content = html! {
        (label("legend", Anchor::Start, (4.0, 14.0), chart.caption))
        (label("soft", Anchor::Start, (4.0, 35.0), &lowest))
        @for level in 0..LEVELS {
            rect class="cell" fill-opacity=(opacity(level)) x=(fixed(after + level as f64 * SWATCH)) y="24" width=(fixed(SWATCH)) height="14" {}
        }
        (label("soft", Anchor::Start, (after + LEVELS as f64 * SWATCH + 8.0, 35.0), &significant(greatest)))
        (label("soft", Anchor::End, (left - 8.0, top - 8.0), "step"))
        @for (at, step) in chart.numbers.iter().enumerate().filter(|(at, _)| is_named(*at)) {
            (label("tick", Anchor::End, (left - 8.0, top + row * (at as f64 + 0.5) + 4.0), &name(*step)))
        }
        @for (level, path) in cells.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
            path class="cell" fill-opacity=(opacity(level)) d=(path) {}
        }
        (columns.draw(bottom))
        (columns.tips(top, bottom, &tips))
    };
    Picture { width, height: bottom + columns::HEIGHT, content }
}

/// What a pointer is told of a column.
fn tip(chart: &Steps, column: usize) -> String {
    let mut words = chart.names[column].clone();
    for (step, row) in chart.numbers.iter().zip(&chart.rows) {
        let _ = write!(words, "\nstep {step}: {}", significant(row[column]));
    }
    words
}
