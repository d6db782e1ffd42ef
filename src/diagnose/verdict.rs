//! The verdict of one report: the rules of `docs/verdicts.md`, gravest first, each with the number that decided, its
//! threshold, and whether it is borderline.

use super::chain::Chain;
use crate::graph::LayerId;
use crate::model::{Model, VerdictWord};
use crate::run::record::{LayerRecord, Record};

/// All words, gravest first.
pub const WORDS: [VerdictWord; 6] = [
    VerdictWord::Exploding,
    VerdictWord::Vanishing,
    VerdictWord::Underflow,
    VerdictWord::Dead,
    VerdictWord::Saturated,
    VerdictWord::Healthy,
];

/// By how much r may change from one layer to the next, on the whole, before it is a verdict.
pub const STEEP: f64 = 3.0;
/// Between this ratio and the threshold of `vanishing` there is a warning.
pub const FADING: f64 = 1e-2;
/// From this share of dead units or saturated entries on there is a warning.
pub const NOTABLE_SHARE: f64 = 0.1;
/// The entropy of attention weights, as a share of the most there could be, below which the softmax is collapsed.
pub const COLLAPSED: f64 = 0.1;
/// A number within this factor of its threshold is borderline.
const BORDERLINE: f64 = 1.1;

impl VerdictWord {
    /// The word in the language.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exploding => "exploding",
            Self::Vanishing => "vanishing",
            Self::Underflow => "underflow",
            Self::Dead => "dead",
            Self::Saturated => "saturated",
            Self::Healthy => "healthy",
        }
    }
}

/// One report, judged.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The first word that holds.
    pub word: VerdictWord,
    /// All that hold, gravest first.
    pub words: Vec<VerdictWord>,
    /// r_first / r_last.
    pub ratio: f64,
    /// By what r is multiplied for one layer toward the loss; see `Chain::growth`.
    pub growth: Option<f64>,
    /// The numbers that decided, one for each word of `words` but `healthy`; for `healthy` the ratio.
    pub grounds: Vec<Ground>,
    /// The chain that was judged.
    pub chain: Chain,
    /// The word of each layer of the record.
    pub layers: Vec<VerdictWord>,
}

/// A number against its threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// Of which word.
    pub word: VerdictWord,
    /// What was measured.
    pub measure: Measure,
    /// Where; absent for measures of the whole chain.
    pub layer: Option<LayerId>,
    /// The number.
    pub value: f64,
    /// What it was held against.
    pub threshold: f64,
    /// Whether it is within a tenth of the threshold.
    pub borderline: bool,
}

/// What a ground measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Entries that are NaN or infinite.
    Nonfinite,
    /// r_first / r_last
    Ratio,
    /// The factor of r for one layer toward the input, from the slope; over 1 it grows.
    FactorPerLayer,
    /// A share of entries or units of one layer.
    Share,
}

/// Judges one report.
#[must_use]
pub fn judge(model: &Model, record: &Record, chain: &Chain) -> Judgement {
    let settings = &model.report;
    let ratio = chain.ratio();
    let growth = chain.growth();
    let toward_input = growth.map(|growth| 1.0 / growth);
    let mut grounds = Vec::new();

    if let Some((layer, count)) = first_nonfinite(record) {
        grounds.push(ground(VerdictWord::Exploding, Measure::Nonfinite, layer, count as f64, 0.0));
    } else if ratio > settings.exploding {
        grounds.push(ground(VerdictWord::Exploding, Measure::Ratio, None, ratio, settings.exploding));
    } else if let Some(factor) = toward_input.filter(|factor| *factor > STEEP) {
        grounds.push(ground(VerdictWord::Exploding, Measure::FactorPerLayer, None, factor, STEEP));
    }

    if ratio < settings.vanishing {
        grounds.push(ground(VerdictWord::Vanishing, Measure::Ratio, None, ratio, settings.vanishing));
    } else if let Some(factor) = toward_input.filter(|factor| *factor < 1.0 / STEEP) {
        grounds.push(ground(VerdictWord::Vanishing, Measure::FactorPerLayer, None, factor, 1.0 / STEEP));
    }

    let shares: [(VerdictWord, f64, fn(&LayerRecord) -> Option<f64>); 3] = [
        (VerdictWord::Underflow, settings.underflow, |layer| layer.lost_to_precision()),
        (VerdictWord::Dead, settings.dead, |layer| layer.dead),
        (VerdictWord::Saturated, settings.saturated, saturated),
    ];
    for (word, threshold, share) in shares {
        let passes = |value: f64| if word == VerdictWord::Underflow { value > threshold } else { value >= threshold };
        if let Some((layer, value)) = largest_share(record, share).filter(|(_, value)| passes(*value)) {
            grounds.push(ground(word, Measure::Share, Some(layer), value, threshold));
        }
    }

    let mut words: Vec<VerdictWord> =
        WORDS.into_iter().filter(|word| grounds.iter().any(|ground| ground.word == *word)).collect();
    if words.is_empty() {
        words.push(VerdictWord::Healthy);
        let threshold = if ratio < 1.0 { settings.vanishing } else { settings.exploding };
        grounds.push(ground(VerdictWord::Healthy, Measure::Ratio, None, ratio, threshold));
    }
    let layers = record.layers.iter().map(|layer| layer_word(model, chain, layer)).collect();
    Judgement { word: words[0], words, ratio, growth, grounds, chain: chain.clone(), layers }
}

fn ground(word: VerdictWord, measure: Measure, layer: Option<LayerId>, value: f64, threshold: f64) -> Ground {
    let borderline = value > 0.0 && threshold > 0.0 && value < threshold * BORDERLINE && value > threshold / BORDERLINE;
    Ground { word, measure, layer, value, threshold, borderline }
}

/// The share of saturated entries above what a standard normal pre-activation gives: (s − s₀)/(1 − s₀), at least 0.
#[must_use]
pub fn saturated(layer: &LayerRecord) -> Option<f64> {
    let (raw, normal) = (layer.saturated_raw?, layer.saturated_normal?);
    (normal < 1.0).then(|| ((raw - normal) / (1.0 - normal)).max(0.0))
}

/// The largest share over the layers, the first at a tie.
pub(super) fn largest_share(record: &Record, share: impl Fn(&LayerRecord) -> Option<f64>) -> Option<(LayerId, f64)> {
    let mut largest: Option<(LayerId, f64)> = None;
    for layer in &record.layers {
        if let Some(value) = share(layer)
            && largest.is_none_or(|(_, most)| value > most)
        {
            largest = Some((layer.layer, value));
        }
    }
    largest
}

/// The layer that first produced a value that is not finite, and how many: in the order of the forward pass, then, where that
/// is clean, of the backward pass. The layer is absent where only the loss is not finite.
#[must_use]
pub fn first_nonfinite(record: &Record) -> Option<(Option<LayerId>, u64)> {
    if let Some(layer) = record.layers.iter().find(|layer| layer.forward.nonfinite > 0) {
        return Some((Some(layer.layer), layer.forward.nonfinite));
    }
    if !record.loss.is_finite() {
        return Some((None, 1));
    }
    let backward = |layer: &LayerRecord| {
        let parameters = layer.gradient.as_ref().map_or(0, |gradient| gradient.nonfinite);
        layer.output.nonfinite + layer.pre_activation.nonfinite + parameters
    };
    let layer = record.layers.iter().rev().find(|layer| backward(layer) > 0)?;
    Some((Some(layer.layer), backward(layer)))
}

fn layer_word(model: &Model, chain: &Chain, layer: &LayerRecord) -> VerdictWord {
    let settings = &model.report;
    let nonfinite = layer.pre_activation.nonfinite
        + layer.output.nonfinite
        + layer.forward.nonfinite
        + layer.gradient.as_ref().map_or(0, |gradient| gradient.nonfinite);
    if nonfinite > 0 {
        return VerdictWord::Exploding;
    }
    if let (Some(link), Some(last)) = (chain.link(layer.layer), chain.links.last()) {
        let part = Chain { links: vec![link.clone(), last.clone()] };
        let ratio = part.ratio();
        let distance = last.depth.saturating_sub(link.depth);
        // The slope rule, for the stretch from this layer to the last.
        let steep = |ratio: f64| distance >= 2 && ratio > (0..distance).fold(1.0, |power, _| power * STEEP);
        if ratio > settings.exploding || steep(ratio) {
            return VerdictWord::Exploding;
        }
        if ratio < settings.vanishing || steep(1.0 / ratio) {
            return VerdictWord::Vanishing;
        }
    }
    if layer.lost_to_precision().is_some_and(|share| share > settings.underflow) {
        return VerdictWord::Underflow;
    }
    if layer.dead.is_some_and(|share| share >= settings.dead) {
        return VerdictWord::Dead;
    }
    if saturated(layer).is_some_and(|share| share >= settings.saturated) {
        return VerdictWord::Saturated;
    }
    VerdictWord::Healthy
}
