//! The map of a sweep as a picture.

use super::map::{Map, Quantity};
use super::summary::{Point, Summary};
use super::text::title;
use crate::numbers::significant;
use crate::report::decade::log10;
use crate::report::heat::{self, Cell, Heat};

/// Every cell with its number; the colour is that of the number, on a scale from the least to the greatest, or away from 1.
#[must_use]
pub fn render(summary: &Summary, map: &Map) -> String {
    let value = |point: &Point| point.number(map.quantity.column());
    let values: Vec<f64> =
        map.cells.iter().flatten().flatten().filter_map(value).filter(|own| own.is_finite()).collect();
    let strength = scale(map.quantity, &values);
    let cell = |point: &Point| {
        let number = value(point);
        Cell {
            strength: number.map_or(0.0, &strength),
            text: number.map_or_else(|| point.word.clone(), |own| map.quantity.text(own)),
            tip: tip(map, point, number),
        }
    };
    let cells = map.cells.iter().map(|row| row.iter().map(|point| point.as_ref().map(cell)).collect()).collect();
    let colours = match map.quantity {
        Quantity::Ratio | Quantity::Factor => {
            "blue: it shrinks toward the input; orange: it grows; pale: it keeps its size"
        }
        Quantity::Loss | Quantity::Accuracy | Quantity::TestAccuracy => "the stronger the colour, the larger",
    };
    heat::render(&Heat {
        title: title(summary).trim_end().replace('\n', " "),
        lines: vec![map.caption(), colours.to_owned()],
        down: map.down.clone(),
        across: map.across.clone(),
        cells,
        description: description(map),
    })
}

/// How strong a number's colour is, from −1 to 1.
fn scale(quantity: Quantity, values: &[f64]) -> Box<dyn Fn(f64) -> f64> {
    match quantity {
        Quantity::Ratio | Quantity::Factor => {
            let distance = |value: f64| if value > 0.0 { log10(value) } else { f64::NEG_INFINITY };
            let most =
                values.iter().map(|value| distance(*value).abs()).filter(|own| own.is_finite()).fold(0.0, f64::max);
            // A scale of less than a decade would make much of nothing.
            let most = most.max(if quantity == Quantity::Ratio { 1.0 } else { 0.3 });
            Box::new(move |value| {
                if value.is_nan() {
                    0.0
                } else if value == f64::INFINITY {
                    1.0
                } else {
                    (distance(value) / most).clamp(-1.0, 1.0)
                }
            })
        }
        Quantity::Loss | Quantity::Accuracy | Quantity::TestAccuracy => {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            Box::new(move |value| if !value.is_finite() || high <= low { 0.0 } else { -(value - low) / (high - low) })
        }
    }
}

fn tip(map: &Map, point: &Point, number: Option<f64>) -> String {
    let runs = if point.runs == 1 { String::new() } else { format!(" in {} of {} runs", point.agreeing, point.runs) };
    let number = number.map(|own| format!("\n{} {}", map.quantity.column(), significant(own))).unwrap_or_default();
    let reason = point.reason.as_ref().map(|reason| format!("\n{reason}")).unwrap_or_default();
    format!("{}\n{}{runs}{number}{reason}", point.values.join(", "), point.word)
}

fn description(map: &Map) -> String {
    let points: Vec<&Point> = map.cells.iter().flatten().flatten().collect();
    let count = |word: &str| points.iter().filter(|point| point.word == word).count();
    let words = crate::diagnose::verdict::WORDS.map(|word| (word.word(), count(word.word())));
    let told: Vec<String> =
        words.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{count} {word}")).collect();
    format!("{} downward, {} across. Of {} cells: {}.", map.down.0, map.across.0, points.len(), told.join(", "))
}
