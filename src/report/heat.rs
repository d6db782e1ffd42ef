//! A map of numbers by two params as a picture of its own: below and above 1 in two colours where that is what matters, else in one,
//! the stronger the further.

use super::chart::text::{self, SIZE};
use super::chart::{self, Anchor, Picture, Words, fixed, label};
use maud::{Markup, PreEscaped, html};

/// A cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// From −1 to 1: how strong, and in which of the two colours.
    pub strength: f64,
    /// What stands in it.
    pub text: String,
    /// What a pointer is told.
    pub tip: String,
}

/// The map.
#[derive(Clone, Debug)]
pub struct Heat {
    /// Above it.
    pub title: String,
    /// Below the title, in lines.
    pub lines: Vec<String>,
    /// The param downward and its values.
    pub down: (String, Vec<String>),
    /// The param across and its values.
    pub across: (String, Vec<String>),
    /// A row for each value downward.
    pub cells: Vec<Vec<Option<Cell>>>,
    /// What is to be seen, for those who do not see it.
    pub description: String,
}

/// Beside the classes of all charts: the second colour, and letters on strong cells.
const STYLE: &str = "\
.chart .over { fill: #b8500b; }
.chart .on { fill: #ffffff; }
.chart .on, .chart .tick { font-variant-numeric: tabular-nums; }
@media screen and (prefers-color-scheme: dark) {
  .chart .over { fill: #f39a54; }
  .chart .on { fill: #14181d; }
}
";

const MARGIN: f64 = 20.0;
/// No picture is narrower.
const LEAST: f64 = 520.0;
const ROW: f64 = 24.0;
/// A cell without its text is so wide at least.
const NARROW: f64 = 12.0;
/// The picture is no wider while it can be helped.
const MOST: f64 = 1160.0;

/// The picture as a file.
#[must_use]
pub fn render(heat: &Heat) -> String {
    let widest = |texts: &mut dyn Iterator<Item = &String>| texts.map(|own| text::width(own, SIZE)).fold(0.0, f64::max);
    let shorten = |name: &String| text::shorten(name, 24);
    let rows: Vec<String> = heat.down.1.iter().map(shorten).collect();
    let columns: Vec<String> = heat.across.1.iter().map(shorten).collect();
    let left = MARGIN + widest(&mut rows.iter().chain([&shorten(&heat.down.0)])).ceil() + 10.0;
    let full = widest(&mut columns.iter().chain(heat.cells.iter().flatten().flatten().map(|cell| &cell.text)));
    let room = (MOST - left - MARGIN) / columns.len().max(1) as f64;
    let has_text = full + 12.0 <= room;
    let slot = if has_text { (full + 12.0).max(46.0).ceil() } else { room.clamp(NARROW, 46.0).floor() };
    // Where names are wider than cells, as many as fit.
    let every = ((widest(&mut columns.iter()) + 8.0) / slot).ceil().max(1.0) as usize;
    let top = MARGIN + 30.0 + 18.0 * heat.lines.len() as f64 + 34.0;
    let right = left + slot * columns.len() as f64;
    let lines = heat.lines.iter().map(|line| text::width(line, SIZE)).fold(0.0, f64::max);
    let width = (right + MARGIN).max(LEAST).max(lines + 2.0 * MARGIN);
    let height = top + ROW * rows.len() as f64 + MARGIN;
    let content = html! {
        style { (PreEscaped(chart::STYLE)) (PreEscaped(STYLE)) }
        rect class="paper" width=(fixed(width)) height=(fixed(height)) rx="6" {}
        (label("heading", Anchor::Start, (MARGIN, MARGIN + 14.0), &heat.title))
        @for (at, line) in heat.lines.iter().enumerate() {
            (label("soft", Anchor::Start, (MARGIN, MARGIN + 36.0 + 18.0 * at as f64), line))
        }
        (label("soft", Anchor::Start, (left, top - 24.0), &shorten(&heat.across.0)))
        (label("soft", Anchor::End, (left - 8.0, top - 7.0), &shorten(&heat.down.0)))
        @for (at, name) in columns.iter().enumerate().step_by(every) {
            (label("tick", Anchor::Middle, (left + slot * (at as f64 + 0.5), top - 7.0), name))
        }
        @for (at, name) in rows.iter().enumerate() {
            (label("tick", Anchor::End, (left - 8.0, top + ROW * (at as f64 + 0.5) + 4.0), name))
        }
        @for (row, cells) in heat.cells.iter().enumerate() {
            @for (column, cell) in cells.iter().enumerate().filter_map(|(column, cell)| Some((column, cell.as_ref()?))) {
                (draw(cell, (left + slot * column as f64, top + ROW * row as f64), slot, has_text))
            }
        }
    };
    let words = Words { id: "heat".to_owned(), title: heat.title.clone(), description: heat.description.clone() };
    let document: Markup = Picture { width, height, content }.embedded("chart", &words);
    let size =
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\"", fixed(width), fixed(height));
    let mut file = document.into_string().replacen("<svg", &size, 1);
    file.push('\n');
    file
}

fn draw(cell: &Cell, (x, y): (f64, f64), slot: f64, has_text: bool) -> Markup {
    let strength = cell.strength.abs().min(1.0);
    let class = if cell.strength > 0.0 { "cell over" } else { "cell" };
    let on = if strength > 0.6 { "on" } else { "tick" };
    html! {
        g {
            title { (cell.tip) }
            rect class=(class) fill-opacity=(format!("{:.2}", 0.05 + 0.95 * strength)) x=(fixed(x)) y=(fixed(y))
                width=(fixed(slot - 1.0)) height=(fixed(ROW - 1.0)) {}
            @if has_text { (label(on, Anchor::Middle, (x + slot / 2.0 - 0.5, y + ROW / 2.0 + 4.0), &cell.text)) }
        }
    }
}
