//! A study as one JSON object.

use super::edit::difference;
use super::study::Study;
use super::trial::{TRAINING, Trial};
use crate::report::json::Number;
use serde_json::{Value, json};

/// The object, indented, with a newline at the end. Numbers in shortest round-trip form, those that are not finite as strings.
#[must_use]
pub fn render(study: &Study) -> String {
    let changes: Vec<Value> = study
        .ranked
        .iter()
        .enumerate()
        .map(|(at, own)| {
            let mut change = json!({
                "rank": at + 1,
                "change": own.candidate.what,
                "helps": own.helps,
                "lower_in": own.trial.lower_than(&study.before),
                "diff": difference(&study.text, &own.text),
            });
            if let (Some(change), Value::Object(more)) = (change.as_object_mut(), trial(&own.trial)) {
                change.extend(more);
            }
            change
        })
        .collect();
    let study = json!({
        "schema": 1,
        "network": study.network,
        "seeds": study.terms.seeds,
        "training": study.terms.made_up.then_some(TRAINING),
        "as_it_stands": trial(&study.before),
        "changes": changes,
    });
    let mut text = serde_json::to_string_pretty(&study).expect("a study has string keys");
    text.push('\n');
    text
}

fn trial(trial: &Trial) -> Value {
    let (word, agreeing) = trial.word();
    let seeds: Vec<Value> = trial
        .seeds
        .iter()
        .map(|seed| {
            json!({
                "seed": seed.seed,
                "word": seed.word,
                "ratio": Number(seed.ratio),
                "first_loss": Number(seed.first_loss),
                "loss": Number(seed.loss),
                "accuracy": seed.accuracy.map(Number),
            })
        })
        .collect();
    json!({
        "word": word,
        "agreeing": agreeing,
        "ratio": Number(trial.median(|seed| seed.ratio)),
        "loss": Number(trial.median(|seed| seed.loss)),
        "updates": trial.steps,
        "parameters": trial.parameters,
        "multiply_adds": trial.multiply_adds,
        "seeds": seeds,
    })
}
