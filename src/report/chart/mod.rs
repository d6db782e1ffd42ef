//! Charts as SVG elements. A chart is laid out for one of two widths, so that its letters are as large on a phone as on a desk; its
//! colours are classes of `chart.css`, which follows the reader's theme. No font is measured: `text::width` is an upper bound for the
//! usual sans-serif ones, and nothing that keeps to it overlaps.
//!
//! - `lines.rs`: values by layer on a logarithmic axis, with the spread over seeds.
//! - `decades.rs`: the entries of a tensor by decade and layer.
//! - `steps.rs`: a number by layer and reported step, as depth of colour.
//! - `plane.rs`: the plane of (σ_w, σ_b).
//! - `profile.rs`: what is drawn of a run.
//!
//! To add a chart: a file here that makes a `Picture`, a section in `html/`.

mod axis;
pub(super) mod columns;
pub(super) mod decades;
mod legend;
pub(super) mod lines;
pub(super) mod plane;
pub(super) mod profile;
pub(super) mod steps;
pub(super) mod text;

use maud::{Markup, html};

/// The classes that charts use, for light and dark.
pub(super) const STYLE: &str = include_str!("chart.css");

/// For which width a chart is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// A page, a paper, a README.
    Wide,
    /// A phone.
    Narrow,
}

impl Layout {
    /// In units of the picture, which are pixels where it is not scaled.
    pub(super) const fn width(self) -> f64 {
        match self {
            Self::Wide => 840.0,
            Self::Narrow => 328.0,
        }
    }

    /// The class that shows a picture only where it fits.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Wide => "chart wide",
            Self::Narrow => "chart narrow",
        }
    }
}

/// Drawn elements and the room they take.
pub(super) struct Picture {
    /// Width.
    pub(super) width: f64,
    /// Height.
    pub(super) height: f64,
    /// The elements.
    pub(super) content: Markup,
}

/// What a picture says to those who do not see it.
pub(super) struct Words {
    /// Unique on its page.
    pub(super) id: String,
    /// What it shows.
    pub(super) title: String,
    /// What is to be seen in it.
    pub(super) description: String,
}

impl Picture {
    /// The picture as an element of a page.
    pub(super) fn embedded(&self, class: &str, words: &Words) -> Markup {
        let (title, description) = (format!("{}-title", words.id), format!("{}-text", words.id));
        html! {
            svg class=(class) role="img" aria-labelledby=(format!("{title} {description}"))
                viewBox=(format!("0 0 {} {}", fixed(self.width), fixed(self.height))) {
                title id=(title) { (words.title) }
                desc id=(description) { (words.description) }
                (self.content)
            }
        }
    }
}

/// A coordinate: at most one decimal, never `-0`.
pub(super) fn fixed(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A straight line.
fn line(class: &str, from: (f64, f64), to: (f64, f64)) -> Markup {
    html! { line class=(class) x1=(fixed(from.0)) y1=(fixed(from.1)) x2=(fixed(to.0)) y2=(fixed(to.1)) {} }
}

/// Where a text stands relative to its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text; `at` is on its baseline.
pub(super) fn label(class: &str, anchor: Anchor, at: (f64, f64), words: &str) -> Markup {
    let anchor = match anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    html! { text class=(class) text-anchor=(anchor) x=(fixed(at.0)) y=(fixed(at.1)) { (words) } }
}
