//! Verdicts as diagnostics: which findings a report earns, with their places and causes.

use super::chain::{Chain, Factor, Part};
use super::through_time::{Reach, reaches};
use super::verdict::{self, Ground, Judgement, Measure};
use super::{Finding, Overall, median};
use crate::diagnostics::findings::{self as words, Place, Stretch, WayBack};
use crate::graph::LayerId;
use crate::model::{Model, VerdictWord};
use crate::numbers::{factor, significant};
use crate::run::record::{LayerRecord, Record, Records};
use crate::shape::Precision;

/// All findings of a report, gravest first.
pub(super) fn find(
    model: &Model,
    records: &Records,
    record: &Record,
    judgement: &Judgement,
    overall: &Overall,
) -> Vec<Finding> {
    let mut found = Vec::new();
    nonfinite(model, record, &mut found);
    if found.is_empty() {
        signal(model, record, judgement, &mut found);
    }
    along_time(model, record, &mut found);
    lost(model, record, &mut found);
    shares(model, record, records.batch, &mut found);
    collapsed(model, record, &mut found);
    symmetric(model, record, &mut found);
    if records.seeds.len() > 1 {
        let note = format!(
            "{} in {} of {} seeds; the numbers are those of seed {}",
            overall.word.word(),
            overall.agreeing,
            records.seeds.len(),
            records.seeds[0].seed
        );
        if let Some(first) = found.first_mut() {
            first.diagnostic.notes.push(note);
        }
    }
    found
}

fn place(model: &Model, layer: LayerId) -> Place {
    Place { name: model.layers[layer].name.clone(), span: model.layers[layer].span }
}

fn activation(model: &Model, layer: LayerId) -> String {
    model.layers[layer].activation.as_ref().map_or_else(|| "φ".to_owned(), |activation| activation.name.clone())
}

fn nonfinite(model: &Model, record: &Record, found: &mut Vec<Finding>) {
    let Some((layer, count)) = verdict::first_nonfinite(record) else { return };
    let forward = record.layers.iter().filter(|layer| layer.forward.nonfinite > 0).count();
    let backward =
        record.layers.iter().filter(|layer| layer.pre_activation.nonfinite + layer.output.nonfinite > 0).count();
    let passed_on = if forward > 0 { forward } else { backward }.saturating_sub(usize::from(layer.is_some()));
    let at = layer.map(|layer| place(model, layer));
    let whole = model.loss.as_ref().map_or(model.name.span, |loss| loss.span);
    let diagnostic = words::nonfinite(at.as_ref(), whole, count, forward > 0, passed_on);
    found.push(Finding { layer, diagnostic });
}

/// Vanishing, exploding, fading, broken, zero: what happens between the last layer and the first.
fn signal(model: &Model, record: &Record, judgement: &Judgement, found: &mut Vec<Finding>) {
    let chain = &judgement.chain;
    let (Some(first), Some(last)) = (chain.links.first(), chain.links.last()) else { return };
    if chain.links.iter().all(|link| link.size == 0.0) {
        found.push(Finding { layer: Some(last.layer), diagnostic: words::zero(&place(model, last.layer)) });
        return;
    }
    let stretch = |ground: String| Stretch {
        first: place(model, first.layer),
        last: place(model, last.layer),
        first_size: first.size,
        last_size: last.size,
        ratio: judgement.ratio,
        ground,
        causes: causes(model, record, chain),
    };
    let decided = |word: VerdictWord| judgement.grounds.iter().find(|ground| ground.word == word);
    if let Some(ground) = decided(VerdictWord::Exploding) {
        found.push(Finding { layer: Some(first.layer), diagnostic: words::exploding(&stretch(phrase(ground))) });
    } else if let Some(ground) = decided(VerdictWord::Vanishing) {
        found.push(Finding { layer: Some(first.layer), diagnostic: words::vanishing(&stretch(phrase(ground))) });
    } else if judgement.ratio < verdict::FADING {
        let ground = format!(
            "first over last is {}: below {}, and not below {}",
            significant(judgement.ratio),
            significant(verdict::FADING),
            significant(model.report.vanishing)
        );
        found.push(Finding { layer: Some(first.layer), diagnostic: words::fading(&stretch(ground)) });
    }
    broken(model, record, chain, found);
    weights_disagree(model, record, judgement, found);
}

/// One ground as a sentence: number, threshold, and whether it is close.
#[must_use]
pub(super) fn phrase(ground: &Ground) -> String {
    let (value, threshold) = (significant(ground.value), significant(ground.threshold));
    let compared = if ground.value < ground.threshold { "below" } else { "above" };
    let text = match ground.measure {
        Measure::Nonfinite => format!("{value} values are not finite"),
        Measure::Ratio => format!("first over last is {value}, {compared} {threshold}"),
        Measure::FactorPerLayer => {
            format!("r is multiplied by {value} a layer on the way to the input, {compared} {threshold}")
        }
        Measure::Share => format!("{value} is {compared} {threshold}"),
    };
    if ground.borderline { format!("{text}: borderline") } else { text }
}

/// The cause in numbers: the mean factor of a layer with its parts.
fn causes(model: &Model, record: &Record, chain: &Chain) -> Vec<String> {
    let Some(mean) = chain.mean() else { return Vec::new() };
    let does = if mean.factor.measured < 1.0 { "loses" } else { "multiplies the gradient by" };
    let slopes: Vec<f64> = record.layers.iter().filter_map(|layer| layer.slope_rms).collect();
    let mut text = format!(
        "cause: a layer {does} {} in the mean: {}",
        factor(mean.factor.measured),
        split(model, record, mean.factor)
    );
    if let Some(name) = common_activation(model, record) {
        text.push_str(&format!("; {name}′ has root mean square {}", significant(median(&slopes))));
    }
    vec![text]
}

/// "×0.893 from W, ×0.209 from sigmoid′, ×2.1 from the skip": the parts of a factor, those that are 1 left out but the first two.
#[must_use]
pub fn split(model: &Model, record: &Record, of: Factor) -> String {
    let activation = common_activation(model, record).map_or_else(|| "φ′".to_owned(), |name| format!("{name}′"));
    let told = |(part, value): (Part, f64)| {
        let is_there = matches!(part, Part::Weights | Part::Activation) || (value - 1.0).abs() > 5e-4 || value.is_nan();
        let name = match part {
            Part::Weights => "W",
            Part::Activation => &activation,
            Part::Normalisation => "normalisation",
            Part::Skip => "the skip",
            Part::Other => "other layers",
        };
        is_there.then(|| format!("{} from {name}", factor(value)))
    };
    of.parts().into_iter().filter_map(told).collect::<Vec<_>>().join(", ")
}

/// The activation that every layer with one has in common.
#[must_use]
pub fn common_activation(model: &Model, record: &Record) -> Option<String> {
    let mut names =
        record.layers.iter().filter(|layer| layer.slope_rms.is_some()).map(|layer| activation(model, layer.layer));
    let first = names.next()?;
    names.all(|name| name == first).then_some(first)
}

fn broken(model: &Model, record: &Record, chain: &Chain, found: &mut Vec<Finding>) {
    let Some((link, off)) = chain.break_point() else { return };
    let Some(parts) = link.factor else { return };
    let cause = format!("cause: {}", split(model, record, parts));
    let diagnostic = words::break_point(&place(model, link.layer), parts.measured, parts.measured / off, &cause);
    found.push(Finding { layer: Some(link.layer), diagnostic });
}

fn weights_disagree(model: &Model, record: &Record, judgement: &Judgement, found: &mut Vec<Finding>) {
    let links = &judgement.chain.links;
    let (Some(first), Some(last)) = (links.first(), links.last()) else { return };
    let norm = |at: usize| record.layers[at].weight.as_ref().map(|weight| weight.l2);
    let (Some(first_norm), Some(last_norm)) = (norm(first.record), norm(last.record)) else { return };
    let weights = first_norm / last_norm;
    let signal_lost = judgement.words.contains(&VerdictWord::Vanishing) && weights > verdict::FADING * 10.0;
    let signal_grows = judgement.words.contains(&VerdictWord::Exploding) && weights < 10.0;
    if signal_lost || signal_grows {
        let diagnostic = words::weights_disagree(&place(model, first.layer), first.size / last.size, weights);
        found.push(Finding { layer: Some(first.layer), diagnostic });
    }
}

/// Recurrent layers whose gradient does not come back to the first step, or grows on its way.
fn along_time(model: &Model, record: &Record, found: &mut Vec<Finding>) {
    for reach in reaches(model, record) {
        let at = place(model, reach.layer);
        let diagnostic = match reach.word {
            VerdictWord::Vanishing => words::vanishing_through_time(&at, &way_back(&reach), model.report.vanishing),
            VerdictWord::Exploding => words::exploding_through_time(&at, &way_back(&reach), model.report.exploding),
            VerdictWord::Underflow | VerdictWord::Dead | VerdictWord::Saturated | VerdictWord::Healthy => continue,
        };
        found.push(Finding { layer: Some(reach.layer), diagnostic });
    }
}

fn way_back(reach: &Reach) -> WayBack {
    WayBack { steps: reach.steps, of: reach.of, product: reach.product, factor: reach.factor, bound: reach.bound }
}

fn lost(model: &Model, record: &Record, found: &mut Vec<Finding>) {
    let worst = verdict::largest_share(record, LayerRecord::lost_to_precision);
    let Some((layer, share)) = worst.filter(|(_, share)| *share > model.report.underflow) else { return };
    let smallest = match model.precision {
        Precision::F32 => f64::from(f32::MIN_POSITIVE),
        Precision::F64 => f64::MIN_POSITIVE,
    };
    let diagnostic = words::underflow(&place(model, layer), share, model.precision.name(), smallest);
    found.push(Finding { layer: Some(layer), diagnostic });
}

fn shares(model: &Model, record: &Record, batch: usize, found: &mut Vec<Finding>) {
    let units = |layer: &LayerRecord| layer.pre_activation.count / (batch.max(1) as u64);
    let notable = |value: &(LayerId, f64)| value.1 >= verdict::NOTABLE_SHARE;
    if let Some((layer, dead)) = verdict::largest_share(record, |layer| layer.dead).filter(notable) {
        let at = record.layers.iter().position(|candidate| candidate.layer == layer).expect("a layer of the record");
        let deep = at >= 5;
        let name = activation(model, layer);
        let diagnostic = words::dead(&place(model, layer), &name, dead, units(&record.layers[at]), batch, deep);
        found.push(Finding { layer: Some(layer), diagnostic });
    }
    if let Some((layer, corrected)) = verdict::largest_share(record, verdict::saturated).filter(notable) {
        let measured = record.layers.iter().find(|candidate| candidate.layer == layer).expect("a layer of the record");
        let raw = measured.saturated_raw.expect("a corrected share has a raw one");
        let normal = measured.saturated_normal.expect("a corrected share has a normal one");
        let diagnostic = words::saturated(&place(model, layer), &activation(model, layer), corrected, raw, normal);
        found.push(Finding { layer: Some(layer), diagnostic });
    }
}

/// The attention layer that looks at the fewest steps.
fn collapsed(model: &Model, record: &Record, found: &mut Vec<Finding>) {
    let below = |layer: &LayerRecord| layer.attention_entropy.filter(|entropy| *entropy < verdict::COLLAPSED);
    let narrowest = verdict::largest_share(record, |layer| below(layer).map(|entropy| 1.0 - entropy));
    let Some((layer, beyond)) = narrowest else { return };
    let diagnostic = words::collapsed(&place(model, layer), 1.0 - beyond, verdict::COLLAPSED);
    found.push(Finding { layer: Some(layer), diagnostic });
}

fn symmetric(model: &Model, record: &Record, found: &mut Vec<Finding>) {
    let Some(layer) = record.layers.iter().find(|layer| layer.symmetric) else { return };
    let units = model.layers[layer.layer].shape.0.last().copied().unwrap_or(1) as u64;
    let diagnostic = words::symmetric(&place(model, layer.layer), units);
    found.push(Finding { layer: Some(layer.layer), diagnostic });
}
