//! How far the loss reaches back through time: the product of the factors of a recurrent layer's steps, from the last one back,
//! held against the thresholds of `vanishing` and `exploding`.

use crate::graph::LayerId;
use crate::model::{Model, VerdictWord};
use crate::run::record::{LayerRecord, Record, ThroughTimeRecord};
use crate::scalar::mathematics::{exp, ln};

/// What is to be said of a recurrent layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach {
    /// Which.
    pub layer: LayerId,
    /// Steps from the last that the loss has a part in, itself counted, back to where the product has fallen below the
    /// threshold of `vanishing`.
    pub steps: usize,
    /// How many there are.
    pub of: usize,
    /// The product over all of them.
    pub product: f64,
    /// The factor of one step: the geometric mean over the steps that were followed; absent where there was no step.
    pub factor: Option<f64>,
    /// No step multiplies by more: the largest singular value of the recurrent weights times sup |φ′|; absent with gates.
    pub bound: Option<f64>,
    /// `vanishing` where it does not reach the first step, `exploding` where the product exceeds that threshold somewhere or a
    /// number is not finite, `healthy` otherwise.
    pub word: VerdictWord,
}

/// The reach of every recurrent layer of a report.
#[must_use]
pub fn reaches(model: &Model, record: &Record) -> Vec<Reach> {
    record.layers.iter().filter_map(|layer| reach(model, layer)).collect()
}

/// The reach of a recurrent layer; none for others, and where nothing comes back at all.
#[must_use]
pub fn reach(model: &Model, layer: &LayerRecord) -> Option<Reach> {
    let along = layer.through_time.as_ref()?;
    let last = along.output.iter().rposition(|size| *size != 0.0)?;
    let Followed { transitions, product, largest, at_threshold } =
        follow(&along.factors[..last], model.report.vanishing);
    let steps = transitions + 1;
    let is_finite = along.output.iter().all(|size| size.is_finite()) && largest.is_finite();
    let word = if !is_finite || largest > model.report.exploding {
        VerdictWord::Exploding
    } else if steps <= last {
        VerdictWord::Vanishing
    } else {
        VerdictWord::Healthy
    };
    // over the steps down to the threshold, that one included: what lies beyond may be lost to the number format
    let (counted, product_there) = if steps <= last { (transitions + 1, at_threshold) } else { (transitions, product) };
    let factor = (counted > 0 && product_there > 0.0).then(|| exp(ln(product_there) / counted as f64));
    Some(Reach {
        layer: layer.layer,
        steps,
        of: last + 1,
        product,
        factor: factor.or_else(|| (counted > 0).then_some(0.0)),
        bound: bound(along),
        word,
    })
}

fn bound(along: &ThroughTimeRecord) -> Option<f64> {
    Some(along.recurrent? * along.slope?)
}

/// A way back through the steps.
struct Followed {
    /// Steps back until the product is below the threshold, or all.
    transitions: usize,
    /// The product over all steps.
    product: f64,
    /// The largest product on the way.
    largest: f64,
    /// The first product below the threshold.
    at_threshold: f64,
}

fn follow(factors: &[f64], threshold: f64) -> Followed {
    let mut followed = Followed { transitions: 0, product: 1.0, largest: 1.0, at_threshold: f64::NAN };
    let mut above = true;
    for factor in factors.iter().rev() {
        // nothing is left where nothing arrived
        let factor = if followed.product == 0.0 { 0.0 } else { *factor };
        followed.product *= factor;
        if followed.product > followed.largest || followed.product.is_nan() {
            followed.largest = followed.product;
        }
        if above && followed.product < threshold {
            above = false;
            followed.at_threshold = followed.product;
        }
        followed.transitions += usize::from(above);
    }
    followed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_ends_at_the_threshold() {
        let halves = follow(&[0.5; 20], 1e-3);
        // 2⁻⁹ is above a thousandth, 2⁻¹⁰ below
        assert_eq!((halves.transitions, halves.product), (9, 1.0 / 1_048_576.0));
        assert_eq!(halves.at_threshold, 1.0 / 1024.0);
        let whole = follow(&[0.9; 20], 1e-3);
        assert_eq!((whole.transitions, whole.largest), (20, 1.0));
        let grown = follow(&[3.0, 3.0, 1e-9], 1e-3);
        assert_eq!((grown.transitions, grown.largest), (0, 1.0));
        let lost = follow(&[f64::NAN, 0.0, 1.0], 1e-3);
        assert_eq!((lost.transitions, lost.product, lost.largest), (1, 0.0, 1.0));
        assert!(follow(&[1.0, f64::NAN, 1.0], 1e-3).largest.is_nan());
    }
}
