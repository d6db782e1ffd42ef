//! The gradient through time, as data and as text: about ten steps of a recurrent layer, a bar for each.

use super::json::Number;
use super::text::{Characters, Scale, shorten};
use super::{Layer, Step};
use crate::diagnose::through_time::{Reach, reach, reaches};
use crate::model::{Model, VerdictWord};
use crate::numbers::{UNDEFINED, factor, scientific, significant};
use crate::run::record::{LayerRecord, Record};
use schemars::JsonSchema;
use serde::Serialize;

/// The gradient through time of a recurrent layer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Time {
    /// r of ∂C/∂hₜ through all later steps, √B·‖∂C/∂hₜ‖, of the state after every step from the first.
    pub output: Vec<Number>,
    /// Likewise of ∂C/∂cₜ; absent without a memory.
    pub memory: Option<Vec<Number>>,
    /// For every step but the last, by what the step after it multiplied the gradient on its way back.
    pub factors: Vec<Number>,
    /// Steps that the loss reaches back, its last one counted, before the product of the factors is below the threshold.
    pub reaches: usize,
    /// How many steps there are up to the last one that the loss depends on.
    pub steps: usize,
    /// The product of all factors.
    pub product: Number,
    /// The factor of a step: the geometric mean down to the threshold, or over all steps.
    pub factor: Option<Number>,
    /// The largest singular value of the recurrent weights; absent with gates.
    pub singular_value: Option<Number>,
    /// That, times sup |φ′|: no factor is larger.
    pub bound: Option<Number>,
    /// `vanishing`, `exploding` or `healthy`.
    pub verdict: String,
}

/// What is told of a layer; none for those that do not run along time.
pub(super) fn build(model: &Model, layer: &LayerRecord, batch: usize) -> Option<Time> {
    let along = layer.through_time.as_ref()?;
    let sizes = |norms: &[f64]| norms.iter().map(|norm| Number((batch as f64).sqrt() * norm)).collect();
    let reach = reach(model, layer);
    let product = reach.as_ref().map_or(0.0, |reach| reach.product);
    Some(Time {
        output: sizes(&along.output),
        memory: along.memory.as_deref().map(sizes),
        factors: along.factors.iter().copied().map(Number).collect(),
        reaches: reach.as_ref().map_or(0, |reach| reach.steps),
        steps: reach.as_ref().map_or(along.output.len(), |reach| reach.of),
        product: Number(product),
        factor: reach.as_ref().and_then(|reach| reach.factor).map(Number),
        singular_value: along.recurrent.map(Number),
        bound: reach.as_ref().and_then(|reach| reach.bound).map(Number),
        verdict: reach.map_or(VerdictWord::Vanishing, |reach| reach.word).word().to_owned(),
    })
}

/// About as many steps are shown.
const ROWS: usize = 10;

/// A table for every recurrent layer of a step's report.
pub(super) fn tables(step: &Step, characters: Characters, text: &mut String) {
    for layer in &step.layers {
        if let Some(time) = &layer.time {
            text.push('\n');
            table(layer, time, characters, text);
        }
    }
}

fn table(layer: &Layer, time: &Time, characters: Characters, text: &mut String) {
    let bound = time.bound.map_or_else(String::new, |bound| format!(", at most {}", factor(bound.0)));
    let each = time.factor.map_or_else(|| UNDEFINED.to_owned(), |each| factor(each.0));
    text.push_str(&format!(
        "{} through time: reaches back {} of {} steps, {each} a step{bound}\n",
        shorten(&layer.name, 20),
        time.reaches,
        time.steps
    ));
    let columns: Vec<(&str, &[Number])> = [("r of ∂C/∂h", Some(&time.output)), ("r of ∂C/∂c", time.memory.as_ref())]
        .into_iter()
        .filter_map(|(heading, sizes)| Some((heading, sizes?.as_slice())))
        .collect();
    let scale = Scale::of(columns.iter().flat_map(|(_, sizes)| sizes.iter()).map(|size| size.0));
    let steps = time.output.len();
    let width = steps.to_string().len().max(4);
    let mut line = format!("{:>width$}", "step");
    for (heading, _) in &columns {
        line.push_str(&format!("  {heading:>10}  {:20}", scale.axis()));
    }
    push(&line, text);
    for at in shown(steps) {
        let mut line = format!("{:>width$}", at + 1);
        for (_, sizes) in &columns {
            let size = sizes[at].0;
            line.push_str(&format!("  {:>10}  {:20}", scientific(size), scale.bar(size, characters)));
        }
        push(&line, text);
    }
}

fn push(line: &str, text: &mut String) {
    text.push_str(line.trim_end());
    text.push('\n');
}

/// The places of at most `ROWS` of so many steps, the first and the last among them, evenly apart.
fn shown(steps: usize) -> Vec<usize> {
    if steps <= ROWS {
        return (0..steps).collect();
    }
    (0..ROWS).map(|row| (row * (steps - 1) + (ROWS - 1) / 2) / (ROWS - 1)).collect()
}

/// How far the loss reaches back at each recurrent layer of a report, in a sentence each.
pub(super) fn sentences(model: &Model, record: &Record) -> Vec<String> {
    let sentence = |reach: Reach| {
        let name = &model.layers[reach.layer].name;
        let each = reach.factor.map_or_else(String::new, |each| format!(" ({} a step)", factor(each)));
        let Reach { steps, of, product, .. } = reach;
        match reach.word {
            VerdictWord::Exploding => format!("Through time, the gradient at `{name}` explodes over {of} steps{each}."),
            VerdictWord::Vanishing => {
                format!("Through time, the gradient at `{name}` reaches back {steps} of {of} steps{each}.")
            }
            VerdictWord::Underflow | VerdictWord::Dead | VerdictWord::Saturated | VerdictWord::Healthy => format!(
                "Through time, the gradient at `{name}` reaches back to the first of {of} steps, multiplied by {}{each}.",
                significant(product)
            ),
        }
    };
    reaches(model, record).into_iter().filter(|reach| reach.of > 1).map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_shown_are_apart_and_end_at_both_ends() {
        for steps in 1..200 {
            let places = shown(steps);
            assert!(places.is_sorted_by(|a, b| a < b) && places.len() == steps.min(ROWS), "{places:?}");
            assert_eq!((places[0], places[places.len() - 1]), (0, steps - 1));
        }
    }
}
