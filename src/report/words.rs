//! The answer in plain words: does the gradient vanish, where, why. Every number in it was measured.

use crate::diagnose::chain::Factor;
use crate::diagnose::verdict::{Ground, Judgement, Measure};
use crate::diagnose::{Diagnosis, median};
use crate::model::{Model, VerdictWord};
use crate::numbers::{factor, share, significant};
use crate::run::record::{Record, Records};

/// Two to four sentences.
pub(super) fn summary(model: &Model, records: &Records, diagnosis: &Diagnosis) -> Vec<String> {
    let first = records.seeds.first().expect("a run has at least one seed");
    let record = first.steps.last().expect("a seed has at least one report");
    let judgement = &diagnosis.seeds[0].judgement;
    let mut sentences = Vec::new();
    sentences.push(whether(model, judgement));
    sentences.extend(where_it_happens(model, judgement));
    sentences.extend(why(model, record, judgement));
    if records.seeds.len() > 1 {
        sentences.push(spread(diagnosis));
    }
    if records.synthetic {
        sentences
            .push("The file names no data: this run used standard-normal examples and made-up targets.".to_owned());
    }
    sentences
}

fn name(model: &Model, layer: crate::graph::LayerId) -> &str {
    &model.layers[layer].name
}

fn whether(model: &Model, judgement: &Judgement) -> String {
    let links = &judgement.chain.links;
    let (Some(first), Some(last)) = (links.first(), links.last()) else {
        return "This network has no layer with weights, so there is no gradient to judge.".to_owned();
    };
    let ground = &judgement.grounds[0];
    let decided = format!("({})", grounds(ground));
    let ends = format!(
        "from `{}` back to `{}` it is multiplied by {}",
        name(model, last.layer),
        name(model, first.layer),
        significant(judgement.ratio)
    );
    match judgement.word {
        VerdictWord::Vanishing => format!("The gradient vanishes: {ends} {decided}."),
        VerdictWord::Exploding if ground.measure == Measure::Nonfinite => {
            let at = ground.layer.map_or_else(|| "the loss".to_owned(), |layer| format!("`{}`", name(model, layer)));
            format!("The run leaves the numbers: {at} is the first place where a value is NaN or infinite.")
        }
        VerdictWord::Exploding => format!("The gradient explodes: {ends} {decided}."),
        VerdictWord::Underflow => format!(
            "The gradient underflows: {} keeps too few small numbers for it {decided}; {ends}.",
            model.precision.name()
        ),
        VerdictWord::Dead => format!(
            "Units are dead {decided}: their slope is zero for every example. The gradient itself neither vanishes nor explodes: {ends}."
        ),
        VerdictWord::Saturated => {
            format!("Units are saturated {decided}. The gradient itself neither vanishes nor explodes: {ends}.")
        }
        VerdictWord::Healthy if links.len() == 1 => {
            "The gradient is healthy: there is one layer with weights, so nothing to vanish across.".to_owned()
        }
        VerdictWord::Healthy if judgement.ratio.is_nan() => {
            "The gradient is exactly zero in every layer: nothing moves from here.".to_owned()
        }
        VerdictWord::Healthy => format!("The gradient is healthy: {ends} {decided}."),
    }
}

/// A ground as a phrase with its distance to the threshold.
fn grounds(ground: &Ground) -> String {
    let (value, threshold) = (significant(ground.value), significant(ground.threshold));
    let mut text = match ground.measure {
        Measure::Nonfinite => format!("{value} values are not finite"),
        Measure::Ratio => format!("the threshold is {threshold}, {} away", distance(ground)),
        Measure::FactorPerLayer if ground.value < 1.0 => {
            format!(
                "it shrinks {} a layer; from {} on it is a verdict",
                factor(1.0 / ground.value),
                factor(1.0 / ground.threshold)
            )
        }
        Measure::FactorPerLayer => {
            format!("it grows {} a layer; from {} on it is a verdict", factor(ground.value), factor(ground.threshold))
        }
        Measure::Share => format!("{}, the threshold is {}", share(ground.value), share(ground.threshold)),
    };
    if ground.borderline {
        text.push_str("; borderline");
    }
    text
}

fn distance(ground: &Ground) -> String {
    if ground.value == 0.0 || !ground.value.is_finite() {
        return "without bound".to_owned();
    }
    let quotient = ground.value / ground.threshold;
    factor(if quotient < 1.0 { 1.0 / quotient } else { quotient })
}

fn where_it_happens(model: &Model, judgement: &Judgement) -> Option<String> {
    if !matches!(judgement.word, VerdictWord::Vanishing | VerdictWord::Exploding) {
        return judgement.grounds[0].layer.map(|layer| format!("Where: at `{}`.", name(model, layer)));
    }
    if judgement.grounds[0].measure == Measure::Nonfinite {
        return None;
    }
    if let Some((link, _)) = judgement.chain.break_point() {
        let measured = link.factor.map_or(f64::NAN, |factor| factor.measured);
        return Some(format!("Where: at `{}`, {} in one layer.", name(model, link.layer), factor(measured)));
    }
    let factors = factors(judgement);
    let smallest = factors.iter().map(|part| part.measured).fold(f64::INFINITY, f64::min);
    let largest = factors.iter().map(|part| part.measured).fold(0.0, f64::max);
    Some(format!("Where: all along, {} to {} in each layer.", factor(smallest), factor(largest)))
}

fn factors(judgement: &Judgement) -> Vec<Factor> {
    judgement.chain.links.iter().filter_map(|link| link.factor).collect()
}

fn why(model: &Model, record: &Record, judgement: &Judgement) -> Option<String> {
    let factors = factors(judgement);
    if factors.is_empty() || !factors.iter().all(|part| part.measured.is_finite()) {
        return None;
    }
    let middle = |part: fn(&Factor) -> f64| median(&factors.iter().map(part).collect::<Vec<f64>>());
    let slopes: Vec<f64> = record.layers.iter().filter_map(|layer| layer.slope_rms).collect();
    let slope = crate::diagnose::findings::common_activation(model, record)
        .map(|name| format!(" ({name}′ has root mean square {})", significant(median(&slopes))))
        .unwrap_or_default();
    let sentence = format!(
        "a layer multiplies it by {}: {} by the weights and {} by the activation{slope}.",
        factor(middle(|part| part.measured)),
        factor(middle(|part| part.weights)),
        factor(middle(|part| part.activation)),
    );
    let lead = if judgement.word == VerdictWord::Healthy { "On its way back" } else { "Why:" };
    Some(format!("{lead} {sentence}"))
}

fn spread(diagnosis: &Diagnosis) -> String {
    let mut ratios: Vec<f64> = diagnosis.seeds.iter().map(|seed| seed.judgement.ratio).collect();
    ratios.sort_by(f64::total_cmp);
    format!(
        "Over {} seeds: {} in {}; ratio {} (median; {} to {}).",
        ratios.len(),
        diagnosis.verdict.word.word(),
        diagnosis.verdict.agreeing,
        significant(diagnosis.verdict.ratio),
        significant(ratios[0]),
        significant(ratios[ratios.len() - 1]),
    )
}
