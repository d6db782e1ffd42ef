//! What number formats lose of a gradient: why entries of ∂C/∂z are exactly zero, and which factor on the loss would keep those
//! that f16 would lose.

use crate::graph::LayerId;
use crate::model::Model;
use crate::model::layers::ACTIVATION;
use crate::run::record::{LayerRecord, Record, Statistics};

/// The zeros of ∂C/∂z of a layer by cause, as shares of all its entries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zeros {
    /// All of them.
    pub all: f64,
    /// In units whose φ′ is zero for every example.
    pub dead: f64,
    /// Where φ′ is zero for this example, in units that live.
    pub inactive: f64,
    /// Zero in f32 and not in f64.
    pub underflowed: f64,
    /// No gradient arrives: masked, not chosen by a maximum, behind layers that are zero themselves.
    pub structural: f64,
}

/// The zeros of the layer at this place of the record.
#[must_use]
pub fn zeros(model: &Model, record: &Record, at: usize) -> Zeros {
    let layer = &record.layers[at];
    // The activation may be a layer of its own, right behind.
    let next = record.layers.get(at + 1).filter(|next| model.layers[next.layer].kind.name == ACTIVATION.name);
    let own = if layer.slope_zero.is_some() { Some(layer) } else { next };
    let all = layer.pre_activation.zero_fraction;
    let of = |part: fn(&LayerRecord) -> Option<f64>| own.and_then(part).unwrap_or(0.0);
    let flat = of(|layer| layer.slope_zero).min(all);
    let dead = of(|layer| layer.dead).min(flat);
    let underflowed = layer.wide.map_or(0.0, |wide| wide.zeros).min(all - flat);
    Zeros { all, dead, inactive: flat - dead, underflowed, structural: (all - flat - underflowed).max(0.0) }
}

/// A factor on the loss for gradients in f16.
#[derive(Clone, Debug, PartialEq)]
pub struct LossScale {
    /// The layer with the tensor that loses most.
    pub layer: LayerId,
    /// Which tensor: `∂C/∂W`, `∂C/∂b`, `∂C/∂z`, `∂C/∂a`.
    pub tensor: &'static str,
    /// The share of its non-zero entries that f16 loses.
    pub lost: f64,
    /// … that bf16 loses.
    pub lost_bf16: f64,
    /// The factor is 2 to this; none where the largest entry leaves no room for any.
    pub exponent: Option<i32>,
    /// The share that is lost in spite of it, in the tensor that then loses most, at most; 0 where all are kept.
    pub remaining: f64,
}

/// The largest f16.
const LARGEST: f64 = 65504.0;
/// Half of the least: what is no larger rounds to zero.
const HALF_OF_LEAST: i32 = -25;

/// The least power of two that keeps every gradient on the way to the weights in f16, or the largest that lets none overflow; none where f16
/// loses nothing.
#[must_use]
pub fn loss_scale(record: &Record) -> Option<LossScale> {
    let of_layers = record.layers.iter().flat_map(|layer| {
        let tensors = [
            ("∂C/∂W", layer.weight.as_ref()),
            ("∂C/∂b", layer.bias.as_ref()),
            ("∂C/∂z", Some(&layer.pre_activation)),
            ("∂C/∂a", Some(&layer.output)),
        ];
        tensors.into_iter().filter_map(move |(name, statistics)| Some((layer.layer, name, statistics?)))
    });
    let tensors: Vec<(LayerId, &'static str, &Statistics)> = of_layers.collect();
    let mut worst: Option<&(LayerId, &'static str, &Statistics)> = None;
    for tensor in &tensors {
        if tensor.2.underflow_f16 > worst.map_or(0.0, |worst| worst.2.underflow_f16) {
            worst = Some(tensor);
        }
    }
    let (layer, tensor, statistics) = *worst?;
    let largest = tensors.iter().map(|(.., statistics)| statistics.max_abs).fold(0.0, f64::max);
    let is_finite = tensors.iter().all(|(.., statistics)| statistics.nonfinite == 0);
    let first =
        tensors.iter().filter(|(.., it)| !it.histogram.counts.is_empty()).map(|(.., it)| it.histogram.first_decade);
    let needed = first.min().map_or(0, kept_from);
    let room = (-64..=needed).rev().find(|exponent| largest * power_of_two(*exponent) <= LARGEST);
    let exponent = room.filter(|exponent| *exponent > 0 && is_finite);
    let remaining = match exponent {
        None => statistics.underflow_f16,
        Some(exponent) if exponent == needed => 0.0,
        Some(exponent) => tensors.iter().map(|(.., statistics)| lost_below(statistics, exponent)).fold(0.0, f64::max),
    };
    let (lost, lost_bf16) = (statistics.underflow_f16, statistics.underflow_bf16);
    Some(LossScale { layer, tensor, lost, lost_bf16, exponent, remaining })
}

/// The least exponent that lifts every number of a decade above what rounds to zero.
fn kept_from(decade: i32) -> i32 {
    (f64::from(HALF_OF_LEAST) - f64::from(decade) * std::f64::consts::LOG2_10).floor() as i32 + 1
}

/// The share of non-zero entries in decades that do not lie above what rounds to zero as a whole.
fn lost_below(statistics: &Statistics, exponent: i32) -> f64 {
    let counts = &statistics.histogram.counts;
    let all: u64 = counts.iter().sum();
    let decades = (statistics.histogram.first_decade..).zip(counts);
    let lost: u64 = decades.filter(|(decade, _)| kept_from(*decade) > exponent).map(|(_, count)| count).sum();
    if all == 0 { 0.0 } else { lost as f64 / all as f64 }
}

/// 2ⁿ for the exponents of normal numbers, the ends beyond.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + i64::from(exponent.clamp(-1022, 1023))) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decade_is_lifted_just_above_what_rounds_to_zero() {
        for decade in [-300, -45, -9, -8, -3] {
            let exponent = kept_from(decade);
            let least: f64 = format!("1e{decade}").parse().unwrap();
            assert!(least * power_of_two(exponent) >= power_of_two(HALF_OF_LEAST), "{decade}");
            assert!(least * power_of_two(exponent - 1) <= power_of_two(HALF_OF_LEAST), "{decade}");
        }
    }
}
