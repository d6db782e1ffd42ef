//! The axis of layers: one slot for each, with as many names as there is room for; the first and the last always.

use super::text::{self, SIZE, shorten};
use super::{Anchor, Layout, fixed, label, line};
use crate::numbers::round;
use maud::{Markup, html};

/// Blank between two names.
const GAP: f64 = 10.0;
/// What the names and the words below them take.
pub(super) const HEIGHT: f64 = 46.0;

/// The slots of the layers between `left` and `right`.
pub(super) struct Columns<'a> {
    names: &'a [String],
    layout: Layout,
    ends: Ends,
    pub(super) left: f64,
    pub(super) right: f64,
}

/// What stands below the names, at the left end, in the middle and at the right end.
pub(in crate::report) type Ends = [&'static str; 3];
/// Below layers.
pub(in crate::report) const LAYERS: Ends = ["input", "← way of the gradient", "loss"];
/// Below steps.
pub(in crate::report) const STEPS: Ends = ["", "updates made", ""];
/// Below the steps of a sequence.
pub(in crate::report) const TIME: Ends = ["first step", "← way of the gradient", "last step"];

/// A name that is shown.
struct Shown {
    column: usize,
    middle: f64,
    half: f64,
    text: String,
}

impl<'a> Columns<'a> {
    pub(super) const fn new(names: &'a [String], layout: Layout, ends: Ends, left: f64, right: f64) -> Self {
        Self { names, layout, ends, left, right }
    }

    /// The width of one slot.
    pub(super) fn slot(&self) -> f64 {
        (self.right - self.left) / self.names.len().max(1) as f64
    }

    /// The middle of a slot.
    pub(super) fn middle(&self, column: usize) -> f64 {
        self.left + (column as f64 + 0.5) * self.slot()
    }

    fn shown(&self, column: usize) -> Shown {
        let most = if self.layout == Layout::Wide { 20 } else { 12 };
        let text = shorten(&self.names[column], most);
        let half = text::width(&text, SIZE) / 2.0;
        let middle = self.middle(column).clamp(2.0 + half, (self.layout.width() - 2.0 - half).max(2.0 + half));
        Shown { column, middle, half, text }
    }

    /// Every n-th name, for the smallest n at which they stand apart, and the last.
    fn thinned(&self) -> Vec<Shown> {
        let apart = |left: &Shown, right: &Shown| left.middle + left.half + GAP <= right.middle - right.half;
        let count = self.names.len();
        let every =
            |stride: usize| -> Vec<Shown> { (0..count).step_by(stride).map(|column| self.shown(column)).collect() };
        let fits = |stride: &usize| every(*stride).windows(2).all(|pair| apart(&pair[0], &pair[1]));
        // Steps are named at round numbers where there are such.
        let is_round = |stride: &usize| {
            let name: Option<usize> = self.names.get(*stride).and_then(|name| name.parse().ok());
            name.is_some_and(|step| round().take_while(|round| *round <= step).any(|round| round == step))
        };
        let rounded = (1..count).filter(|_| self.ends == STEPS).filter(is_round).find(fits);
        let stride = rounded.or_else(|| (1..count).find(fits));
        let mut names = every(stride.unwrap_or(count.max(1)));
        if let Some(last) = count.checked_sub(1).map(|column| self.shown(column)) {
            while names.last().is_some_and(|before| before.column == last.column || !apart(before, &last)) {
                names.pop();
            }
            names.push(last);
        }
        names
    }

    /// The axis at `y` with names, and which way is which below.
    pub(super) fn draw(&self, y: f64) -> Markup {
        let below = y + HEIGHT - 8.0;
        html! {
            (line("axis", (self.left, y), (self.right, y)))
            @for shown in self.thinned() {
                (line("axis", (self.middle(shown.column), y), (self.middle(shown.column), y + 4.0)))
                (label("name", Anchor::Middle, (shown.middle, y + 17.0), &shown.text))
            }
            @let middle = f64::midpoint(self.left, self.right);
            @for (x, anchor, words) in [
                (self.left, Anchor::Start, self.ends[0]),
                (middle, Anchor::Middle, self.ends[1]),
                (self.right, Anchor::End, self.ends[2]),
            ] {
                @if !words.is_empty() { (label("soft", anchor, (x, below), words)) }
            }
        }
    }

    /// Words for every column, shown where a pointer rests on it.
    pub(super) fn tips(&self, top: f64, bottom: f64, tips: &[String]) -> Markup {
        if self.layout == Layout::Narrow {
            return html! {};
        }
        html! {
            @for (column, tip) in tips.iter().enumerate() {
                rect class="hover" x=(fixed(self.left + column as f64 * self.slot())) y=(fixed(top))
                    width=(fixed(self.slot())) height=(fixed(bottom - top)) {
                    title { (tip) }
                }
            }
        }
    }
}
