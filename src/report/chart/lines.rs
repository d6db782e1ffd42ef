//! Values by layer on a logarithmic axis: a line with its own colour, dash and mark for each quantity, and a band from the lowest to the
//! highest of several seeds.

use super::axis::{LogAxis, Place, Scale, Unit};
use super::columns::{self, Columns, Ends};
use super::legend::{self, Entry};
use super::profile::Track;
use super::{Anchor, Layout, Picture, fixed, label, line};
use crate::numbers::significant;
use maud::{Markup, html};
use std::fmt::Write as _;

/// Marks stand on a line where its points are this far apart.
const ROOM_FOR_MARKS: f64 = 9.0;
const PLOT: f64 = 250.0;

/// The shape of a line's points.
#[derive(Clone, Copy)]
pub(in crate::report) enum Mark {
    /// A disc.
    Disc,
    /// A square.
    Square,
    /// A triangle.
    Triangle,
}

/// One quantity.
pub(in crate::report) struct Series<'a> {
    /// Its class: colour and dash.
    pub(in crate::report) class: &'static str,
    /// Its name in the legend.
    pub(in crate::report) name: &'static str,
    /// Its points.
    pub(in crate::report) mark: Mark,
    /// Its values.
    pub(in crate::report) track: &'a Track,
}

/// A whole chart.
pub(in crate::report) struct Lines<'a> {
    /// The layers, or whatever the columns are.
    pub(in crate::report) names: &'a [String],
    /// What stands below them.
    pub(in crate::report) ends: Ends,
    /// What is drawn, the most important last.
    pub(in crate::report) series: Vec<Series<'a>>,
    /// What the numbers are.
    pub(in crate::report) caption: &'a str,
    /// What a band means, where there is one.
    pub(in crate::report) band: Option<String>,
    /// Whether the numbers are factors: their axis has a line at 1.
    pub(in crate::report) factors: bool,
}

/// Draws the chart.
pub(in crate::report) fn draw(chart: &Lines, layout: Layout) -> Picture {
    let unit = if chart.factors { Unit::Factor } else { Unit::Plain };
    let one = chart.factors.then_some(1.0);
    let axis = LogAxis::over(chart.series.iter().flat_map(|series| series.track.drawn()).chain(one), unit);
    let width = layout.width();
    let (left, right) = ((axis.label_width() + 12.0).max(40.0).ceil(), width - 6.0);
    let entries = entries(chart);
    let legend_height = legend::height(&entries, 4.0, width);
    let top = legend_height + 30.0;
    let bottom = top + axis.height(PLOT);
    let columns = Columns::new(chart.names, layout, chart.ends, left, right);
    let scale = axis.scale(top, bottom);
    let tips: Vec<String> = (0..chart.names.len()).map(|column| tip(chart, column)).collect();
    let content = html! {
        (legend::draw(&entries, 4.0, width, 0.0))
        (label("soft", Anchor::Start, (4.0, legend_height + 18.0), chart.caption))
        (scale.draw(left, right))
        @if chart.factors {
            (line("unit", (left, scale.height(0.0)), (right, scale.height(0.0))))
        }
        (columns.draw(bottom))
        @for series in &chart.series { (band(series, &columns, &scale)) }
        @for (at, series) in chart.series.iter().enumerate() { (curve(series, aside(chart, &columns, at), &columns, &scale)) }
        (columns.tips(top, bottom, &tips))
    };
    Picture { width, height: bottom + columns::HEIGHT, content }
}

fn entries(chart: &Lines) -> Vec<Entry> {
    let mut entries: Vec<Entry> = chart
        .series
        .iter()
        .rev()
        .map(|series| {
            let mut points = String::new();
            point(series.mark, 13.0, 0.0, &mut points);
            let sample = html! {
                g class=(series.class) {
                    path class="line" d="M0 0H26" {}
                    path class="mark" d=(points) {}
                }
            };
            Entry { sample, words: series.name.to_owned() }
        })
        .collect();
    if let Some(words) = &chart.band {
        let class = chart.series.last().map_or("", |series| series.class);
        let sample = html! { g class=(class) { rect class="band" x="0" y="-7" width="26" height="14" {} } };
        entries.push(Entry { sample, words: words.clone() });
    }
    entries
}

/// What a pointer is told of a column.
fn tip(chart: &Lines, column: usize) -> String {
    let mut words = chart.names[column].clone();
    for series in chart.series.iter().rev() {
        let Some(middle) = series.track.middle[column] else { continue };
        let times = if chart.factors { "×" } else { "" };
        let _ = write!(words, "\n{}: {times}{}", series.name, significant(middle));
        if let Some((low, high)) = series.track.range.as_ref().and_then(|range| range[column]) {
            let _ = write!(words, " ({} to {})", significant(low), significant(high));
        }
    }
    words
}

/// The band of a series, in as many pieces as there are gaps in it.
fn band(series: &Series, columns: &Columns, scale: &Scale) -> Markup {
    let Some(range) = &series.track.range else { return html! {} };
    let ends: Vec<(f64, f64, f64)> = range
        .iter()
        .enumerate()
        .filter_map(|(column, range)| {
            let (low, high) = (*range)?;
            // Zero reaches down to its strip; what is not finite has no upper end to draw.
            let (Place::Scale(top), low @ (Place::Scale(_) | Place::Zero(_))) = (scale.place(high), scale.place(low))
            else {
                return None;
            };
            Some((columns.middle(column), top, low.y()))
        })
        .collect();
    if ends.is_empty() {
        return html! {};
    }
    let mut path = String::new();
    for (at, (x, top, _)) in ends.iter().enumerate() {
        push(&mut path, if at == 0 { 'M' } else { 'L' }, *x, *top);
    }
    for (x, _, bottom) in ends.iter().rev() {
        push(&mut path, 'L', *x, *bottom);
    }
    path.push('Z');
    html! { g class=(series.class) { path class="band" d=(path) {} } }
}

/// How far aside a series' marks stand in the strips, where all of them are at one height.
fn aside(chart: &Lines, columns: &Columns, at: usize) -> f64 {
    let step = (columns.slot() / 4.0).min(12.0);
    step * ((chart.series.len() - 1) as f64 / 2.0 - at as f64)
}

/// The line of a series, broken where a value is zero or not finite, passing over layers that have none; and its points.
fn curve(series: &Series, aside: f64, columns: &Columns, scale: &Scale) -> Markup {
    let places: Vec<(f64, Place)> = series
        .track
        .middle
        .iter()
        .enumerate()
        .filter_map(|(column, value)| Some((columns.middle(column), scale.place((*value)?))))
        .collect();
    let (mut path, mut points) = (String::new(), String::new());
    let mut is_open = false;
    let has_room = columns.slot() >= ROOM_FOR_MARKS;
    for (at, (x, place)) in places.iter().enumerate() {
        let joins = |other: Option<&(f64, Place)>| other.is_some_and(|(_, place)| matches!(place, Place::Scale(_)));
        let Place::Scale(y) = place else {
            is_open = false;
            point(series.mark, *x + aside, place.y(), &mut points);
            continue;
        };
        push(&mut path, if is_open { 'L' } else { 'M' }, *x, *y);
        is_open = true;
        let is_alone = !joins(at.checked_sub(1).and_then(|before| places.get(before))) && !joins(places.get(at + 1));
        if has_room || is_alone {
            point(series.mark, *x, *y, &mut points);
        }
    }
    html! {
        g class=(series.class) {
            @if !path.is_empty() { path class="line" d=(path) {} }
            @if !points.is_empty() { path class="mark" d=(points) {} }
        }
    }
}

fn push(path: &mut String, command: char, x: f64, y: f64) {
    let _ = write!(path, "{command}{} {}", fixed(x), fixed(y));
}

/// Adds a mark around a place.
fn point(mark: Mark, x: f64, y: f64, path: &mut String) {
    match mark {
        Mark::Disc => {
            push(path, 'M', x - 4.0, y);
            path.push_str("a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z");
        }
        Mark::Square => {
            push(path, 'M', x - 3.5, y - 3.5);
            path.push_str("h7v7h-7Z");
        }
        Mark::Triangle => {
            push(path, 'M', x, y - 4.6);
            path.push_str("l4.6 8h-9.2Z");
        }
    }
}
