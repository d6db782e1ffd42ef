//! Which line is which: a row of samples, as many rows as they need.

use super::text::{self, SIZE};
use super::{Anchor, fixed, label};
use maud::{Markup, html};

/// The height of a row.
pub(super) const ROW: f64 = 20.0;
/// The width of a sample.
const SAMPLE: f64 = 26.0;
const GAP: f64 = 18.0;

/// One entry: how its sample is drawn, at a left end and a height, and what it means.
pub(super) struct Entry {
    /// `SAMPLE` wide, from (0, 0).
    pub(super) sample: Markup,
    /// What it means.
    pub(super) words: String,
}

/// Every entry with its left end and its row.
fn places(entries: &[Entry], left: f64, right: f64) -> Vec<(f64, usize)> {
    let (mut x, mut row) = (left, 0);
    entries
        .iter()
        .map(|entry| {
            let width = SAMPLE + 6.0 + text::width(&entry.words, SIZE);
            if x > left && x + width > right {
                (x, row) = (left, row + 1);
            }
            let place = (x, row);
            x += width + GAP;
            place
        })
        .collect()
}

/// What the entries take.
pub(super) fn height(entries: &[Entry], left: f64, right: f64) -> f64 {
    places(entries, left, right).last().map_or(0.0, |(_, row)| (*row as f64 + 1.0) * ROW)
}

/// The entries from `top` on.
pub(super) fn draw(entries: &[Entry], left: f64, right: f64, top: f64) -> Markup {
    html! {
        @for (entry, (x, row)) in entries.iter().zip(places(entries, left, right)) {
            @let y = top + row as f64 * ROW + ROW / 2.0;
            g transform=(format!("translate({} {})", fixed(x), fixed(y))) { (entry.sample) }
            (label("legend", Anchor::Start, (x + SAMPLE + 6.0, y + 4.0), &entry.words))
        }
    }
}
