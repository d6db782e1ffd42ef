//! `expect` statements for a run, a few, in the order of what they say most about: the verdict, the ratio, the ends of the
//! network. Bands leave room: half of the smallest seed's value to twice the largest, rounded outward to one digit.

use crate::diagnose::Diagnosis;
use crate::diagnose::verdict::WORDS;
use crate::model::layers::Weighted;
use crate::model::{Model, VerdictWord};
use crate::run::record::{LayerRecord, Record, Records};

/// The statements, a line each without newline. They hold for every seed of the run as far as can be said without reading them
/// again; `pipeline` does that.
#[must_use]
pub fn candidates(model: &Model, records: &Records, diagnosis: &Diagnosis) -> Vec<String> {
    let lasts: Vec<&Record> = records.seeds.iter().filter_map(|seed| seed.steps.last()).collect();
    let mut lines = verdict(diagnosis);
    let ratios: Vec<f64> = diagnosis.seeds.iter().map(|seed| seed.judgement.ratio).collect();
    let weighted: Vec<usize> = weighted(model, lasts[0]);
    let (first, last) = (weighted.first(), weighted.last());
    // Of one layer the ratio is 1 by definition.
    if first != last {
        lines.extend(band("ratio", &ratios));
    }
    let norms = |at: usize| -> Vec<f64> {
        let norm = |layer: &LayerRecord| layer.gradient.as_ref().map_or(f64::NAN, |gradient| gradient.l2);
        lasts.iter().map(|record| norm(&record.layers[at])).collect()
    };
    if let Some(first) = first {
        lines.extend(band("norm(first)", &norms(*first)));
    }
    if let Some(last) = last.filter(|last| Some(*last) != first) {
        lines.extend(band("norm(last)", &norms(*last)));
    }
    if lasts.iter().all(|record| record.step > 0) {
        let worst = lasts.iter().map(|record| record.loss).fold(f64::NEG_INFINITY, f64::max);
        if worst.is_finite() && worst > 0.0 {
            lines.push(format!("expect loss < {}", rounded(2.0 * worst, Toward::Infinity)));
        }
    }
    lines
}

/// The word of every seed; where they disagree, what none of them is.
fn verdict(diagnosis: &Diagnosis) -> Vec<String> {
    let in_all = |word: &VerdictWord| diagnosis.seeds.iter().all(|seed| seed.judgement.words.contains(word));
    let in_none = |word: &VerdictWord| !diagnosis.seeds.iter().any(|seed| seed.judgement.words.contains(word));
    let held: Vec<String> =
        WORDS.iter().filter(|word| in_all(word)).map(|word| format!("expect {}", word.word())).collect();
    if !held.is_empty() {
        return held.into_iter().take(2).collect();
    }
    [VerdictWord::Exploding, VerdictWord::Vanishing]
        .iter()
        .filter(|word| in_none(word))
        .map(|word| format!("expect not {}", word.word()))
        .collect()
}

/// The places, in a record, of the layers that `first` and `last` choose from.
fn weighted(model: &Model, record: &Record) -> Vec<usize> {
    let is_weighted = |layer: &LayerRecord| model.layers[layer.layer].kind.weighted == Weighted::Both;
    record.layers.iter().enumerate().filter(|(_, layer)| is_weighted(layer)).map(|(at, _)| at).collect()
}

/// `expect NAME in LOW..HIGH`; `== 0` where all are zero; nothing where one is not finite, or only some are zero.
fn band(name: &str, values: &[f64]) -> Option<String> {
    if values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(0.0, f64::max);
    if high == 0.0 {
        return Some(format!("expect {name} == 0"));
    }
    let top = rounded(2.0 * high, Toward::Infinity);
    if low == 0.0 {
        return Some(format!("expect {name} < {top}"));
    }
    Some(format!("expect {name} in {}..{top}", rounded(low / 2.0, Toward::Zero)))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Toward {
    Zero,
    Infinity,
}

/// A positive number to one significant digit, as the language writes it.
fn rounded(value: f64, toward: Toward) -> String {
    let exact = format!("{value:e}");
    let (mantissa, exponent) = exact.split_once('e').expect("`e` formatting has an exponent");
    let exponent: i32 = exponent.parse().expect("`e` formatting has a decimal exponent");
    let digit: u32 = mantissa[..1].parse().expect("a mantissa begins with a digit");
    let (digit, exponent) = match (toward, mantissa.len() > 1, digit) {
        (Toward::Zero, _, _) | (Toward::Infinity, false, _) => (digit, exponent),
        (Toward::Infinity, true, 9) => (1, exponent + 1),
        (Toward::Infinity, true, _) => (digit + 1, exponent),
    };
    match exponent {
        0..=4 => format!("{digit}{}", "0".repeat(usize::try_from(exponent).expect("not negative"))),
        -4..=-1 => {
            let zeros = usize::try_from(-exponent - 1).expect("not negative");
            format!("0.{}{digit}", "0".repeat(zeros))
        }
        _ => format!("{digit}e{exponent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Toward, band, rounded};

    #[test]
    fn bands_are_rounded_outward_to_a_digit() {
        let cases = [(0.0123, "0.01", "0.02"), (1.0, "1", "1"), (9.5, "9", "10"), (3.2e-7, "3e-7", "4e-7")];
        for (value, down, up) in cases {
            assert_eq!(rounded(value, Toward::Zero), down);
            assert_eq!(rounded(value, Toward::Infinity), up);
        }
        assert_eq!(rounded(99_999.0, Toward::Infinity), "1e5");
        assert_eq!(rounded(12_345.0, Toward::Zero), "10000");
        assert_eq!(rounded(0.000_98, Toward::Infinity), "0.001");
    }

    #[test]
    fn a_band_is_for_numbers_that_have_one() {
        assert_eq!(band("ratio", &[0.3, 0.4]).as_deref(), Some("expect ratio in 0.1..0.8"));
        assert_eq!(band("ratio", &[0.0, 0.0]).as_deref(), Some("expect ratio == 0"));
        assert_eq!(band("ratio", &[0.0, 4.0]).as_deref(), Some("expect ratio < 8"));
        assert_eq!(band("ratio", &[1.0, f64::INFINITY]), None);
        assert_eq!(band("ratio", &[f64::NAN]), None);
    }
}
