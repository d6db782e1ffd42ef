//! The plane of (σ_w, σ_b) as text, picture and JSON: which variances of weights and biases let the gradient of an activation
//! vanish, keep or explode with depth, and where the network stands.

use super::chart::plane;
use super::json::Number;
use super::text::{shorten, wrap};
use crate::diagnose::phase::{CRITICAL, Phase, Place, Plane, phase};
use crate::model::Model;
use crate::model::mean_field::depth_scale;
use crate::numbers::significant;
use serde::Serialize;

/// Columns of the map in text.
const COLUMNS: usize = 76;
/// Its rows.
const ROWS: usize = 20;
/// Places with a mark and a line of their own.
const MOST_PLACES: usize = 9;
/// The cells of the JSON form.
const CELLS: (usize, usize) = (84, 48);
/// From one level of the depth scale to the next.
pub(super) const LEVELS: [f64; 3] = [3.0, 10.0, CRITICAL];

/// The plane as data.
#[derive(Debug, Serialize)]
struct Picture {
    network: String,
    activation: String,
    /// Layers with weights that the plane is not of.
    other_layers: usize,
    places: Vec<PlacePicture>,
    /// Points (σ_w, σ_b) of the line χ = 1.
    critical: Vec<[Number; 2]>,
    sigma_w: [Number; 2],
    sigma_b: [Number; 2],
    /// χ in the middle of every cell, rows by rising σ_b, columns by rising σ_w; null where theory has no answer.
    chi: Vec<Vec<Option<Number>>>,
}

#[derive(Debug, Serialize)]
struct PlacePicture {
    layers: Vec<String>,
    sigma_w: Number,
    sigma_b: Number,
    q_at_rest: Option<Number>,
    chi: Option<Number>,
    depth_scale: Option<Number>,
    phase: Option<&'static str>,
    /// σ_w on the critical line with these biases; null where the line does not get there.
    critical_sigma_w: Option<Number>,
}

fn word(of: Phase) -> &'static str {
    match of {
        Phase::Ordered => "ordered",
        Phase::Critical => "critical",
        Phase::Chaotic => "chaotic",
    }
}

/// The plane as one JSON object.
#[must_use]
pub fn json(model: &Model, plane: &Plane) -> String {
    let picture = Picture {
        network: model.name.name.clone(),
        activation: plane.activation.clone(),
        other_layers: plane.others,
        places: plane
            .places
            .iter()
            .map(|place| PlacePicture {
                layers: place.layers.iter().map(|id| model.layers[*id].name.clone()).collect(),
                sigma_w: Number(place.weight),
                sigma_b: Number(place.bias),
                q_at_rest: place.rest.map(Number),
                chi: place.chi.map(Number),
                depth_scale: place.chi.map(|chi| Number(depth_scale(chi))),
                phase: place.chi.map(phase).map(word),
                critical_sigma_w: plane.critical(place.bias).map(Number),
            })
            .collect(),
        critical: plane.level(1.0).into_iter().map(|(weight, bias)| [Number(weight), Number(bias)]).collect(),
        sigma_w: [Number(0.0), Number(plane.widest.0)],
        sigma_b: [Number(0.0), Number(plane.widest.1)],
        chi: (0..CELLS.1)
            .map(|row| (0..CELLS.0).map(|column| cell(plane, CELLS, (column, row)).map(Number)).collect())
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&picture).expect("a plane is JSON");
    text.push('\n');
    text
}

/// χ in the middle of a cell, counted from σ_w = σ_b = 0.
pub(super) fn cell(plane: &Plane, cells: (usize, usize), (column, row): (usize, usize)) -> Option<f64> {
    let part = |at: usize, of: usize, widest: f64| (at as f64 + 0.5) / of as f64 * widest;
    plane.point(part(column, cells.0, plane.widest.0), part(row, cells.1, plane.widest.1)).chi
}

/// The plane as a picture in SVG.
#[must_use]
pub fn svg(model: &Model, plane: &Plane) -> String {
    let title = format!("{}: phases of {}", shorten(&model.name.name, 40), shorten(&plane.activation, 30));
    let marks: Vec<((f64, f64), String)> =
        shown(plane).map(|place| ((place.weight, place.bias), names(model, place))).collect();
    plane::render(plane, &title, &marks)
}

fn shown(plane: &Plane) -> impl Iterator<Item = &Place> {
    plane.places.iter().take(MOST_PLACES)
}

/// `dense1`, or `dense1 to dense4`.
fn names(model: &Model, place: &Place) -> String {
    let name = |at: usize| shorten(&model.layers[place.layers[at]].name, 20);
    match place.layers.len() {
        1 => name(0),
        2 => format!("{} and {}", name(0), name(1)),
        count => format!("{} to {} ({count} layers)", name(0), name(count - 1)),
    }
}

/// What a cell looks like.
fn character(chi: Option<f64>) -> char {
    let Some(chi) = chi.filter(|chi| !chi.is_nan()) else { return '?' };
    let depth = depth_scale(chi).abs();
    match (phase(chi), depth) {
        (Phase::Critical, _) => '=',
        (Phase::Ordered, depth) if depth < LEVELS[0] => '.',
        (Phase::Ordered, depth) if depth < LEVELS[1] => ':',
        (Phase::Ordered, _) => '-',
        (Phase::Chaotic, depth) if depth < LEVELS[0] => 'X',
        (Phase::Chaotic, depth) if depth < LEVELS[1] => 'x',
        (Phase::Chaotic, _) => '+',
    }
}

/// The plane as a map of characters, all of them ASCII, and what its places mean.
#[must_use]
pub fn text(model: &Model, plane: &Plane) -> String {
    let mut text = format!(
        "{}: the gradient of a deep {} network, by mean-field theory\n\n",
        shorten(&model.name.name, 30),
        shorten(&plane.activation, 30)
    );
    let mut rows: Vec<Vec<char>> = (0..ROWS)
        .map(|row| (0..COLUMNS).map(|column| character(cell(plane, (COLUMNS, ROWS), (column, row)))).collect())
        .collect();
    trace(plane, &mut rows);
    let marks: Vec<char> = "@123456789".chars().collect();
    let mark = |at: usize| if plane.places.len() == 1 { marks[0] } else { marks[at + 1] };
    for (at, place) in shown(plane).enumerate() {
        let (column, row) = spot(plane, (place.weight, place.bias));
        rows[row][column] = mark(at);
    }
    for (row, cells) in rows.iter().enumerate().rev() {
        let name = if row + 1 == ROWS {
            format!("{:>8} ", significant(plane.widest.1))
        } else if row + 1 == ROWS / 2 {
            format!("{:>8} ", significant(plane.widest.1 / 2.0))
        } else {
            " ".repeat(9)
        };
        let sigma = if row + 2 == ROWS { "sigma_b  ".to_owned() } else { name };
        text.push_str(&sigma);
        text.push('|');
        text.extend(cells);
        text.push('\n');
    }
    text.push_str(&format!("       0 +{}\n", "-".repeat(COLUMNS)));
    let (middle, right) = (significant(plane.widest.0 / 2.0), significant(plane.widest.0));
    let ruler = format!("{:10}0{:>w$}{:>v$}", "", middle, right, w = COLUMNS / 2, v = COLUMNS / 2 - 1);
    text.push_str(&format!("{ruler}\n{:10}{:^COLUMNS$}\n\n", "", "sigma_w").replace(" \n", "\n"));
    legend(plane, &mut text);
    text.push('\n');
    for (at, place) in shown(plane).enumerate() {
        wrap(&format!("{} {}", mark(at), told(model, plane, place)), &mut text);
    }
    if plane.places.len() > MOST_PLACES {
        text.push_str(&format!("and {} other places\n", plane.places.len() - MOST_PLACES));
    }
    if plane.places.is_empty() {
        text.push_str("The network has no place in it: its weights are not drawn independently around 0.\n");
    }
    if plane.others > 0 {
        let layers = if plane.others == 1 { "layer" } else { "layers" };
        let other = plane.others;
        wrap(&format!("{other} {layers} with weights and another activation, or none: not in this plane."), &mut text);
    }
    let trimmed: Vec<&str> = text.lines().map(str::trim_end).collect();
    trimmed.join("\n") + "\n"
}

/// The critical line, where it passes between two cells.
fn trace(plane: &Plane, rows: &mut [Vec<char>]) {
    for pair in plane.level(1.0).windows(2) {
        for step in 0..=64 {
            let part = f64::from(step) / 64.0;
            let at = (pair[0].0 + part * (pair[1].0 - pair[0].0), pair[0].1 + part * (pair[1].1 - pair[0].1));
            if at.0 < plane.widest.0 && at.1 < plane.widest.1 {
                let (column, row) = spot(plane, at);
                rows[row][column] = '#';
            }
        }
    }
}

/// The cell of a point.
fn spot(plane: &Plane, (weight, bias): (f64, f64)) -> (usize, usize) {
    let place = |value: f64, widest: f64, cells: usize| ((value / widest * cells as f64) as usize).min(cells - 1);
    (place(weight, plane.widest.0, COLUMNS), place(bias, plane.widest.1, ROWS))
}

fn legend(plane: &Plane, text: &mut String) {
    let [near, far, critical] = LEVELS.map(significant);
    text.push_str(&format!(
        "  ordered, the gradient shrinks e-fold in   . fewer than {near} layers   : {near} to {far}   - {far} to {critical}\n  \
         critical                                  # chi = 1   = {critical} layers or more, either way\n  \
         chaotic, the gradient grows e-fold in     X fewer than {near} layers   x {near} to {far}   + {far} to {critical}\n",
    ));
    if plane.places.len() == 1 {
        text.push_str("  @ is this network\n");
    }
}

/// A place in words.
fn told(model: &Model, plane: &Plane, place: &Place) -> String {
    let mut words = format!(
        "{}: sigma_w = {}, sigma_b = {}",
        names(model, place),
        significant(place.weight),
        significant(place.bias)
    );
    match place.chi {
        Some(chi) => {
            let depth = depth_scale(chi);
            let over = match phase(chi) {
                _ if depth.is_infinite() || depth.abs() > 1e5 => "the gradient keeps its size".to_owned(),
                Phase::Ordered | Phase::Critical if depth > 0.0 => {
                    format!("the gradient shrinks e-fold in {} layers", significant(depth))
                }
                Phase::Ordered | Phase::Critical | Phase::Chaotic => {
                    format!("the gradient grows e-fold in {} layers", significant(-depth))
                }
            };
            words.push_str(&format!(": {}, chi = {}; {over}.", word(phase(chi)), significant(chi)));
        }
        None => words.push_str(": theory has no answer."),
    }
    match plane.critical(place.bias) {
        Some(critical) => {
            words.push_str(&format!(" With these biases sigma_w = {} is critical.", significant(critical)));
        }
        None => words.push_str(" With these biases no sigma_w is critical."),
    }
    words
}
