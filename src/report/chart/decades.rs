//! The entries of a tensor by decade of magnitude, one column a layer: a bar's width and depth of colour are the share of the layer's
//! entries that lie in its decade. Zeros have a strip of their own.

use super::axis::{LogAxis, STRIP};
use super::columns::{self, Columns, LAYERS};
use super::{Anchor, Layout, Picture, fixed, label, line};
use crate::numbers::share;
use crate::run::record::Statistics;
use maud::html;
use std::fmt::Write as _;

/// Depths of colour.
const LEVELS: usize = 8;
const PLOT: f64 = 220.0;
/// log₁₀ of 2⁻²⁵: what is not larger rounds to zero in f16.
const ZERO_IN_F16: f64 = -7.525_749_891_599_53;
/// log₁₀ of the smallest normal f32.
const SUBNORMAL_IN_F32: f64 = -37.929_779_453_662;

/// The entries of one tensor in every layer.
pub(in crate::report) struct Decades<'a> {
    /// The layers.
    pub(in crate::report) names: &'a [String],
    /// The class of its colour.
    pub(in crate::report) class: &'static str,
    /// Its statistics; absent where a layer has no such tensor.
    pub(in crate::report) layers: Vec<Option<&'a Statistics>>,
    /// What the numbers are.
    pub(in crate::report) caption: &'a str,
    /// Whether the network computes in f32.
    pub(in crate::report) is_single: bool,
}

/// A bar: a share of a column, in a decade or in the strip of zero.
struct Bar {
    column: usize,
    decade: Option<i32>,
    share: f64,
}

impl Decades<'_> {
    fn bars(&self) -> Vec<Bar> {
        let mut bars = Vec::new();
        for (column, statistics) in self.layers.iter().enumerate() {
            let Some(statistics) = statistics.filter(|statistics| statistics.count > 0) else { continue };
            let total = statistics.count as f64;
            for (at, count) in statistics.histogram.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let decade = Some(statistics.histogram.first_decade + at as i32);
                bars.push(Bar { column, decade, share: *count as f64 / total });
            }
            if statistics.zero_fraction > 0.0 {
                bars.push(Bar { column, decade: None, share: statistics.zero_fraction });
            }
        }
        bars
    }

    /// Whether there is anything to draw.
    pub(in crate::report) fn is_empty(&self) -> bool {
        self.bars().is_empty()
    }

    /// The share that the widest bar stands for.
    fn widest(bars: &[Bar]) -> f64 {
        bars.iter().map(|bar| bar.share).fold(0.0, f64::max)
    }
}

/// Draws the chart.
pub(in crate::report) fn draw(chart: &Decades, layout: Layout) -> Picture {
    let bars = chart.bars();
    let decades = || bars.iter().filter_map(|bar| bar.decade);
    let ends = decades().min().zip(decades().max().map(|highest| highest + 1));
    let axis = LogAxis::decades(ends, bars.iter().any(|bar| bar.decade.is_none()));
    let width = layout.width();
    let (left, right) = ((axis.label_width() + 12.0).max(40.0).ceil(), width - 6.0);
    let top = 50.0;
    let bottom = top + axis.height(PLOT);
    let columns = Columns::new(chart.names, layout, LAYERS, left, right);
    let scale = axis.scale(top, bottom);
    let widest = Decades::widest(&bars);

    // One path for each depth of colour keeps a page of hundreds of layers small.
    let mut paths = vec![String::new(); LEVELS];
    for bar in &bars {
        let part = bar.share / widest;
        let half = (columns.slot() * 0.46 * part).max(0.4);
        let (from, to) = match bar.decade {
            Some(decade) => (scale.height(f64::from(decade + 1)), scale.height(f64::from(decade))),
            None => (scale.zero() - STRIP / 2.0 + 3.0, scale.zero() + STRIP / 2.0 - 3.0),
        };
        let height = (to - from - 1.0).max(0.6);
        let level = ((part * LEVELS as f64).ceil() as usize).clamp(1, LEVELS) - 1;
        let _ = write!(
            paths[level],
            "M{} {}h{}v{}h-{}Z",
            fixed(columns.middle(bar.column) - half),
            fixed(from + 0.5),
            fixed(2.0 * half),
            fixed(height),
            fixed(2.0 * half)
        );
    }
    let limits =
        [(ZERO_IN_F16, "below: zero in f16", true), (SUBNORMAL_IN_F32, "below: subnormal in f32", chart.is_single)];
    let tips: Vec<String> = (0..chart.names.len()).map(|column| tip(chart, &bars, column)).collect();
    let scale_words = format!("the widest bar is {} of a layer’s entries", share(widest));
    let content = html! {
        (label("legend", Anchor::Start, (4.0, 14.0), chart.caption))
        (label("soft", Anchor::Start, (4.0, 34.0), &scale_words))
        (scale.draw(left, right))
        (columns.draw(bottom))
        g class=(chart.class) {
            @for (level, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
                path class="bar" fill-opacity=(format!("{:.2}", 0.3 + 0.7 * (level as f64 + 1.0) / LEVELS as f64)) d=(path) {}
            }
        }
        @for (log, words, _) in limits.iter().filter(|(log, _, holds)| *holds && ends.is_some() && scale.contains(*log)) {
            (line("limit", (left, scale.height(*log)), (right, scale.height(*log))))
            (label("soft halo", Anchor::End, (right - 4.0, scale.height(*log) + 13.0), words))
        }
        (columns.tips(top, bottom, &tips))
    };
    Picture { width, height: bottom + columns::HEIGHT, content }
}

/// What a pointer is told of a column.
fn tip(chart: &Decades, bars: &[Bar], column: usize) -> String {
    let mut words = chart.names[column].clone();
    for bar in bars.iter().rev().filter(|bar| bar.column == column) {
        let _ = match bar.decade {
            Some(decade) => write!(words, "\n1e{decade} to 1e{}: {}", decade + 1, share(bar.share)),
            None => write!(words, "\nzero: {}", share(bar.share)),
        };
    }
    words
}
