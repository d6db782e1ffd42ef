//! The plane of (σ_w, σ_b) as a picture of its own: shaded by how fast the gradient vanishes or explodes with depth, the critical
//! line and the levels of the depth scale over it, and the places of a network's layers.

use super::legend::{self, Entry};
use super::text::{self, SIZE};
use super::{Anchor, Picture, STYLE, Words, fixed, label, line};
use crate::diagnose::phase::{Phase, Plane, phase};
use crate::model::mean_field::depth_scale;
use crate::numbers::significant;
use crate::report::phase::{LEVELS, cell};
use crate::scalar::mathematics::exp;
use maud::{Markup, PreEscaped, html};
use std::fmt::Write as _;

/// The shaded cells.
const CELLS: (usize, usize) = (168, 96);
const MARGIN: f64 = 20.0;
const HEADING: f64 = 34.0;
const PLOT: (f64, f64) = (672.0, 384.0);
const LEFT: f64 = 62.0;
const BELOW: f64 = 46.0;

/// The picture as a file. Each mark is a place with its name.
pub(in crate::report) fn render(plane: &Plane, title: &str, marks: &[((f64, f64), String)]) -> String {
    let entries = entries();
    let width = LEFT + PLOT.0 + 2.0 * MARGIN + 16.0;
    let legend_height = legend::height(&entries, MARGIN, width - MARGIN);
    let top = MARGIN + HEADING + legend_height + 12.0;
    let height = top + PLOT.1 + BELOW + MARGIN;
    let left = MARGIN + LEFT;
    let at = |(weight, bias): (f64, f64)| {
        (left + weight / plane.widest.0 * PLOT.0, top + PLOT.1 - bias / plane.widest.1 * PLOT.1)
    };
    let words = Words {
        id: "phase".to_owned(),
        title: title.to_owned(),
        description: "Standard deviation of the weights to the right, of the biases upward; shaded where the gradient vanishes with \
                      depth and where it explodes, with the critical line between."
            .to_owned(),
    };
    let content = html! {
        style { (PreEscaped(STYLE)) }
        rect class="paper" width=(fixed(width)) height=(fixed(height)) rx="6" {}
        text class="heading" x=(fixed(MARGIN)) y=(fixed(MARGIN + 14.0)) { (title) }
        (legend::draw(&entries, MARGIN, width - MARGIN, MARGIN + HEADING - 6.0))
        clipPath id="plot" { rect x=(fixed(left)) y=(fixed(top)) width=(fixed(PLOT.0)) height=(fixed(PLOT.1)) {} }
        (cells(plane, left, top))
        @for level in LEVELS {
            (curve("level", &plane.level(exp(-2.0 / level)), plane, &at))
            (curve("level", &plane.level(exp(2.0 / level)), plane, &at))
        }
        (curve("critical", &plane.level(1.0), plane, &at))
        (line("axis", (left, top + PLOT.1), (left + PLOT.0, top + PLOT.1)))
        (line("axis", (left, top), (left, top + PLOT.1)))
        @for tick in ticks(plane.widest.0) {
            @let (x, y) = at((tick, 0.0));
            (line("axis", (x, y), (x, y + 4.0)))
            (label("tick", Anchor::Middle, (x, y + 17.0), &significant(tick)))
        }
        @for tick in ticks(plane.widest.1) {
            @let (x, y) = at((0.0, tick));
            (line("axis", (x - 4.0, y), (x, y)))
            (label("tick", Anchor::End, (x - 7.0, y + 4.0), &significant(tick)))
        }
        (label("soft", Anchor::Middle, (left + PLOT.0 / 2.0, top + PLOT.1 + 38.0), "σ_w, of the weights: √(fan_in · Var W)"))
        text class="soft" text-anchor="middle"
            transform=(format!("translate({} {}) rotate(-90)", fixed(MARGIN + 12.0), fixed(top + PLOT.1 / 2.0))) {
            "σ_b, of the biases"
        }
        (places(marks, &at, left + PLOT.0))
    };
    let picture = Picture { width, height, content }.embedded("chart", &words).into_string();
    let size =
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\"", fixed(width), fixed(height));
    let mut file = picture.replacen("<svg", &size, 1);
    file.push('\n');
    file
}

/// How strongly a cell is shaded, 0 to 3, the critical ones not at all.
fn shade(chi: Option<f64>) -> Option<(&'static str, usize)> {
    let chi = chi.filter(|chi| !chi.is_nan())?;
    let depth = depth_scale(chi).abs();
    let strength = LEVELS.iter().filter(|level| depth < **level).count();
    match phase(chi) {
        Phase::Critical => None,
        Phase::Ordered => Some(("ordered", strength)),
        Phase::Chaotic => Some(("chaotic", strength)),
    }
}

/// Runs of equal cells as one rectangle each.
fn cells(plane: &Plane, left: f64, top: f64) -> Markup {
    let (width, height) = (PLOT.0 / CELLS.0 as f64, PLOT.1 / CELLS.1 as f64);
    let mut runs: Vec<(String, usize, usize, usize)> = Vec::new();
    for row in 0..CELLS.1 {
        for column in 0..CELLS.0 {
            let Some((class, strength)) = shade(cell(plane, CELLS, (column, row))) else { continue };
            let class = format!("{class} shade{strength}");
            match runs.last_mut() {
                Some((known, of, from, count)) if *known == class && *of == row && *from + *count == column => {
                    *count += 1;
                }
                _ => runs.push((class, row, column, 1)),
            }
        }
    }
    html! {
        @for (class, row, column, count) in &runs {
            rect class=(class) x=(fixed(left + *column as f64 * width)) y=(fixed(top + PLOT.1 - (*row + 1) as f64 * height))
                width=(fixed(*count as f64 * width)) height=(fixed(height)) {}
        }
    }
}

fn curve(class: &str, points: &[(f64, f64)], plane: &Plane, at: &dyn Fn((f64, f64)) -> (f64, f64)) -> Markup {
    let mut path = String::new();
    // What lies outside is cut off; the first point there is still drawn to.
    let is_near = |point: &(f64, f64)| point.0 < 2.0 * plane.widest.0 && point.1 < 2.0 * plane.widest.1;
    for point in points.iter().filter(|point| is_near(point)) {
        let (x, y) = at(*point);
        let _ = write!(path, "{}{} {}", if path.is_empty() { 'M' } else { 'L' }, fixed(x), fixed(y));
    }
    html! { @if !path.is_empty() { path class=(class) d=(path) clip-path="url(#plot)" {} } }
}

/// The marks with their names, which stand on the side that has room, below one another where they would meet.
fn places(marks: &[((f64, f64), String)], at: &dyn Fn((f64, f64)) -> (f64, f64), right: f64) -> Markup {
    let mut taken: Vec<(f64, f64)> = Vec::new();
    let mut named: Vec<((f64, f64), Anchor, (f64, f64), &str)> = Vec::new();
    for (place, name) in marks {
        let (x, y) = at(*place);
        let is_left = x + 10.0 + text::width(name, SIZE) > right;
        let mut height = y - 8.0;
        while taken.iter().any(|(other, of)| (other - x).abs() < 180.0 && (of - height).abs() < 14.0) {
            height -= 14.0;
        }
        taken.push((x, height));
        let (anchor, from) = if is_left { (Anchor::End, x - 9.0) } else { (Anchor::Start, x + 9.0) };
        named.push(((x, y), anchor, (from, height), name));
    }
    html! {
        @for ((x, y), anchor, from, name) in named {
            circle class="place" cx=(fixed(x)) cy=(fixed(y)) r="5.5" {}
            (label("halo", anchor, from, name))
        }
    }
}

fn entries() -> Vec<Entry> {
    let swatch = |class: &str| {
        html! {
            @for strength in 1..=3 {
                rect class=(format!("{class} shade{strength}")) x=(fixed(f64::from(strength - 1) * 9.0)) y="-7" width="9" height="14" {}
            }
        }
    };
    let stroke = |class: &str| html! { path class=(class) d="M0 0H26" {} };
    let [near, far, most] = LEVELS.map(significant);
    let levels = format!("e-fold in {near}, {far}, {most} layers");
    vec![
        Entry { sample: swatch("ordered"), words: "ordered: the gradient vanishes".to_owned() },
        Entry { sample: swatch("chaotic"), words: "chaotic: it explodes".to_owned() },
        Entry { sample: stroke("critical"), words: "critical: χ = 1".to_owned() },
        Entry { sample: stroke("level"), words: levels },
        Entry {
            sample: html! { circle class="place" cx="13" cy="0" r="5.5" {} },
            words: "layers of this network".to_owned(),
        },
    ]
}

/// Five to ten round numbers from 0.
fn ticks(widest: f64) -> Vec<f64> {
    let mut step = 1.0;
    while widest / step < 4.0 {
        step /= 10.0;
    }
    while widest / step > 40.0 {
        step *= 10.0;
    }
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|by| by * step).find(|step| widest / step <= 8.5).unwrap_or(step);
    (0..=40).map(|at| f64::from(at) * step).take_while(|tick| *tick <= widest * (1.0 + 1e-9)).collect()
}
