//! The answer in plain words: does the gradient vanish, where, why. Every number in it was measured.

use super::{history, through_time};
use crate::diagnose::chain::Factor;
use crate::diagnose::precision::{self, Zeros};
use crate::diagnose::verdict::{self, Ground, Judgement, Measure};
use crate::diagnose::{Diagnosis, findings, median};
use crate::model::{Model, VerdictWord};
use crate::numbers::{factor, share, significant};
use crate::run::record::{Record, Records};

/// Two to four sentences.
pub(super) fn summary(model: &Model, records: &Records, diagnosis: &Diagnosis) -> Vec<String> {
    let first = records.seeds.first().expect("a run has at least one seed");
    let record = first.steps.last().expect("a seed has at least one report");
    let judgement = &diagnosis.seeds[0].judgement;
    let mut sentences = history::sentences(model, first, diagnosis);
    sentences.push(whether(model, judgement));
    sentences.extend(exactly_zero(model, record, judgement));
    sentences.extend(where_it_happens(model, judgement));
    sentences.extend(why(model, record, judgement));
    sentences.extend(through_time::sentences(model, record));
    sentences.extend(narrow_attention(model, record));
    sentences.extend(zeros(model, record));
    sentences.extend(loss_scale(model, record));
    if records.seeds.len() > 1 {
        sentences.push(spread(diagnosis));
    }
    if let Some(curvature) = &records.curvature {
        sentences.extend(super::curvature::sentences(model, curvature));
    }
    if let Some(vocabulary) = &records.vocabulary {
        sentences.push(format!(
            "The text has {} different characters, numbered in this order: {}.",
            vocabulary.chars().count(),
            // A blank is a place where lines are broken.
            format!("{vocabulary:?}").replace(' ', "\\u{20}"),
        ));
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
    let (last, first) = (name(model, last.layer), name(model, first.layer));
    let ends = if judgement.ratio == 0.0 {
        format!("from `{last}` back to `{first}` it comes to exactly zero")
    } else {
        format!("from `{last}` back to `{first}` it is multiplied by {}", significant(judgement.ratio))
    };
    let at = ground.layer.map_or_else(|| "the loss".to_owned(), |layer| format!("`{}`", name(model, layer)));
    let signal_is_well = format!("The gradient itself neither vanishes nor explodes: {ends}.");
    match judgement.word {
        VerdictWord::Vanishing if judgement.ratio == 0.0 => format!("The gradient vanishes: {ends}."),
        VerdictWord::Vanishing => format!("The gradient vanishes: {ends} {decided}."),
        VerdictWord::Exploding if ground.measure == Measure::Nonfinite => {
            format!("The run leaves the numbers: {at} is the first place where a value is NaN or infinite.")
        }
        VerdictWord::Exploding => format!("The gradient explodes: {ends} {decided}."),
        VerdictWord::Underflow => format!(
            "The gradient underflows: {} of the entries of ∂C/∂z at {at} are zero or subnormal in {}, and not in f64 {decided}; {ends}.",
            share(ground.value),
            model.precision.name(),
        ),
        VerdictWord::Dead => format!(
            "Units are dead: {} of those of {at} have slope zero for every example {decided}. {signal_is_well}",
            share(ground.value),
        ),
        VerdictWord::Saturated => format!(
            "Units are saturated: {} of the entries of {at} have a slope near zero, beyond what is usual {decided}. {signal_is_well}",
            share(ground.value),
        ),
        VerdictWord::Healthy if links.len() == 1 => {
            "The gradient is healthy: there is one layer with weights, so nothing to vanish across.".to_owned()
        }
        VerdictWord::Healthy if judgement.ratio.is_nan() => {
            "The gradient is exactly zero in every layer: nothing moves from here.".to_owned()
        }
        VerdictWord::Healthy => format!("The gradient is healthy: {ends} {decided}."),
    }
}

/// Where the first layers get exactly nothing, since when; and what f64 would have there, where that is something.
fn exactly_zero(model: &Model, record: &Record, judgement: &Judgement) -> Option<String> {
    let links = &judgement.chain.links;
    let zeros = links.iter().take_while(|link| link.size == 0.0).count();
    if zeros == 0 || zeros == links.len() {
        return None;
    }
    let precision = model.precision.name();
    let (first, since) = (&links[0], &links[zeros - 1]);
    let place = if zeros == 1 { "at" } else { "from" };
    let back = if zeros == 1 { "" } else { " back" };
    let zero = format!("∂C/∂z is exactly zero in {precision} {place} `{}`{back}", name(model, since.layer));
    let wide = record.layers[first.record].wide.map(|wide| wide.l2).filter(|l2| *l2 > 0.0);
    Some(match wide {
        Some(wide) => format!(
            "{zero}: there are no numbers so small. In f64, with the same weights and data, its norm at `{}` is {}.",
            name(model, first.layer),
            significant(wide)
        ),
        None => format!("{zero}."),
    })
}

/// A ground as a phrase with its distance to the threshold.
fn grounds(ground: &Ground) -> String {
    let (value, threshold) = (significant(ground.value), significant(ground.threshold));
    let mut text = match ground.measure {
        Measure::Nonfinite => format!("{value} values are not finite"),
        Measure::Ratio if ground.word != VerdictWord::Healthy => {
            format!("past the threshold of {threshold} by {}", distance(ground))
        }
        Measure::Ratio if ground.value < 1.0 => format!("vanishing begins at {threshold}, {} away", distance(ground)),
        Measure::Ratio => format!("exploding begins at {threshold}, {} away", distance(ground)),
        Measure::FactorPerLayer if ground.value < 1.0 => {
            format!(
                "it shrinks by {} a layer; from {} on that is vanishing",
                factor(1.0 / ground.value),
                factor(1.0 / ground.threshold)
            )
        }
        Measure::FactorPerLayer => {
            let (value, threshold) = (factor(ground.value), factor(ground.threshold));
            format!("it grows by {value} a layer; from {threshold} on that is exploding")
        }
        Measure::Share => format!("the threshold is {}", share(ground.threshold)),
    };
    if ground.borderline {
        text.push_str("; borderline");
    }
    text
}

/// How far a ratio is from its threshold, as a factor of 1 or more.
fn distance(ground: &Ground) -> String {
    let quotient = ground.value / ground.threshold;
    factor(if quotient < 1.0 { 1.0 / quotient } else { quotient })
}

/// The attention layer that looks at the fewest steps, where it does not look at most of them.
fn narrow_attention(model: &Model, record: &Record) -> Option<String> {
    let entropies = record.layers.iter().filter_map(|layer| Some((layer.layer, layer.attention_entropy?)));
    let (layer, entropy) = entropies.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (entropy < 0.5).then(|| {
        format!(
            "The attention of `{}` is narrow: its weights have {} of the entropy of looking at all steps alike.",
            name(model, layer),
            share(entropy)
        )
    })
}

fn where_it_happens(model: &Model, judgement: &Judgement) -> Option<String> {
    let is_of_the_chain = matches!(judgement.word, VerdictWord::Vanishing | VerdictWord::Exploding);
    if !is_of_the_chain || judgement.grounds[0].measure == Measure::Nonfinite {
        return None;
    }
    if let Some((link, _)) = judgement.chain.break_point() {
        let measured = link.factor.map_or(f64::NAN, |factor| factor.measured);
        return Some(format!("Where: at `{}`, {} in one layer.", name(model, link.layer), factor(measured)));
    }
    let factors = factors(judgement);
    let smallest = factor(factors.iter().map(|part| part.measured).fold(f64::INFINITY, f64::min));
    let largest = factor(factors.iter().map(|part| part.measured).fold(0.0, f64::max));
    if factors.is_empty() {
        return None;
    }
    let range = if smallest == largest { smallest } else { format!("{smallest} to {largest}") };
    Some(format!("Where: all along, {range} in each layer."))
}

/// The factors from layer to layer, where something was left to multiply.
fn factors(judgement: &Judgement) -> Vec<Factor> {
    judgement.chain.factors().into_iter().filter(|part| part.measured > 0.0).collect()
}

fn why(model: &Model, record: &Record, judgement: &Judgement) -> Option<String> {
    let mean = judgement.chain.mean()?;
    let slopes: Vec<f64> = record.layers.iter().filter_map(|layer| layer.slope_rms).collect();
    let slope = findings::common_activation(model, record)
        .map(|name| format!(" ({name}′ has root mean square {})", significant(median(&slopes))))
        .unwrap_or_default();
    let lead = match (judgement.word, mean.factor.measured < 1.0) {
        (VerdictWord::Healthy, _) => "A layer multiplies the gradient by",
        (_, true) => "Why: a layer loses",
        (_, false) => "Why: a layer multiplies the gradient by",
    };
    Some(format!(
        "{lead} {} in the mean: {}{slope}.",
        factor(mean.factor.measured),
        findings::split(model, record, mean.factor)
    ))
}

/// The zeros of the layer that has most of them, where some are no mere rest of an activation.
fn zeros(model: &Model, record: &Record) -> Option<String> {
    let told =
        |zeros: &Zeros| zeros.dead >= verdict::NOTABLE_SHARE || zeros.underflowed > 0.01 || zeros.structural > 0.01;
    let all = (0..record.layers.len()).map(|at| (at, precision::zeros(model, record, at)));
    let (at, zeros) = all.filter(|(_, zeros)| told(zeros)).fold(None, |most: Option<(usize, Zeros)>, next| {
        most.filter(|(_, most)| most.all >= next.1.all).or(Some(next))
    })?;
    let causes = [
        (zeros.dead, "of dead units"),
        (zeros.inactive, "where the slope is zero for the example"),
        (zeros.underflowed, "underflowed"),
        (zeros.structural, "where no gradient arrives"),
    ];
    let causes: Vec<String> = causes
        .into_iter()
        .filter(|(part, _)| *part > 0.0)
        .map(|(part, what)| format!("{} {what}", share(part)))
        .collect();
    Some(format!(
        "Of the entries of ∂C/∂z at `{}` {} are exactly zero: {}.",
        name(model, record.layers[at].layer),
        share(zeros.all),
        causes.join(", ")
    ))
}

/// What f16 would lose, and the loss scale against it.
fn loss_scale(model: &Model, record: &Record) -> Option<String> {
    let scale = precision::loss_scale(record).filter(|scale| scale.lost > model.report.underflow)?;
    let place = name(model, scale.layer);
    let bf16 = if scale.lost_bf16 > 0.0 { format!(" (in bf16 {})", share(scale.lost_bf16)) } else { String::new() };
    let lead = format!(
        "In f16 {} of the non-zero entries of {} at `{place}` would be lost{bf16}",
        share(scale.lost),
        scale.tensor
    );
    Some(match scale.exponent {
        Some(exponent) if scale.remaining == 0.0 => {
            format!("{lead}; a loss scale of 2^{exponent} keeps every gradient.")
        }
        Some(exponent) => format!(
            "{lead}; the largest loss scale that lets nothing overflow, 2^{exponent}, still loses up to {} of one.",
            share(scale.remaining)
        ),
        None => format!("{lead}; no loss scale helps, for the largest entries would overflow."),
    })
}

fn spread(diagnosis: &Diagnosis) -> String {
    let mut ratios: Vec<f64> = diagnosis.seeds.iter().map(|seed| seed.judgement.ratio).collect();
    ratios.sort_by(f64::total_cmp);
    format!(
        "Over {} seeds: {} in {}; first over last layer {} in the median ({} to {}).",
        ratios.len(),
        diagnosis.verdict.word.word(),
        if diagnosis.verdict.agreeing == ratios.len() {
            "all".to_owned()
        } else {
            diagnosis.verdict.agreeing.to_string()
        },
        significant(diagnosis.verdict.ratio),
        significant(ratios[0]),
        significant(ratios[ratios.len() - 1]),
    )
}
