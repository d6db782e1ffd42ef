//! Verdicts over time: since when the gradient vanishes, where units die, whether the loss stands still or swings.

use crate::experiment::run;
use crate::support::{finish_with_input, snapshot};
use gradc::diagnose::history::Course;
use gradc::diagnostics::pages;

/// The example of a code's page.
fn example(code: &str) -> String {
    let page = pages::page(code).expect("the code has a page");
    let (_, block) = page.text.split_once("```net,run\n").expect("it has an example that is run");
    block.split_once("```").expect("the block is closed").0.to_owned()
}

#[test]
fn what_changes_in_training_is_told_with_its_time_and_place() {
    for code in ["G0020", "G0021", "G0022"] {
        let told = finish_with_input(&["run", "-"], example(code).as_bytes()).with_status(0);
        assert!(told.stdout.lines().all(|line| line.chars().count() <= 100), "{}", told.stdout);
        snapshot("history", code, &format!("{}\n{}", told.stdout, told.stderr));
    }
}

#[test]
fn stretches_of_verdicts_are_in_the_json() {
    let text = example("G0020").replace("steps: 100 }", "steps: 100 }\nreport { every: 10 }");
    let told = finish_with_input(&["run", "--format", "json", "-"], text.as_bytes()).with_status(0);
    let report: serde_json::Value = serde_json::from_str(&told.stdout).expect("the report is JSON");
    let stretches = report["training"]["verdicts"].as_array().expect("a list");
    let vanishing: Vec<_> = stretches.iter().filter(|stretch| stretch["word"] == "vanishing").collect();
    let last = vanishing.last().expect("it vanishes in the end");
    assert!(last["from"].as_u64().is_some_and(|from| from > 0 && from % 10 == 0), "{last}");
    assert_eq!((&last["to"], &last["lasts"]), (&100.into(), &true.into()));
    // Each report is judged as the stretches say.
    let judged = |step: u64| {
        vanishing
            .iter()
            .any(|stretch| (stretch["from"].as_u64() <= Some(step)) && (Some(step) <= stretch["to"].as_u64()))
    };
    assert!(!judged(0) && judged(100));
}

#[test]
fn a_plateau_has_a_beginning() {
    let text = "data { source: xor }\nnetwork flat {\n  input(2)\n  dense(2, tanh)\n  dense(1)\n  loss: mse\n  weights: zeros\n}\n\
                train { optimizer: sgd(rate: 0.3); steps: 200 }\n";
    let ran = run(text);
    let Some(Course::Still { since, change }) = ran.diagnosis.history.course else {
        panic!("{:?}", ran.diagnosis.history.course)
    };
    let losses = &ran.records.seeds[0].losses;
    let (at, last) = (usize::try_from(since).expect("it is small"), losses[losses.len() - 1]);
    assert!(at > 0 && at < 100 && change < 1e-3);
    assert!(losses[at..].iter().all(|loss| (loss - last).abs() < 1e-3 * last));
    assert!((losses[at - 1] - last).abs() >= 1e-3 * last, "and not before");
}

#[test]
fn the_memory_of_training_is_part_of_what_a_step_needs() {
    let needed = |train: &str| {
        let text = format!("network n {{\n  input(100)\n  dense(1000, tanh)\n  dense(1)\n  loss: mse\n}}\n{train}");
        let told = finish_with_input(&["check", "--format", "json", "-"], text.as_bytes()).with_status(0);
        let last: serde_json::Value =
            serde_json::from_str(told.stdout.lines().last().expect("a profile")).expect("it is JSON");
        find(&last, "memory_bytes").expect("a number of bytes")
    };
    let (none, sgd) = (needed(""), needed("train { optimizer: sgd(rate: 1); steps: 1 }\n"));
    let adam = needed("train { optimizer: adam(rate: 1); steps: 1 }\n");
    assert!(sgd > none && adam > sgd, "{none} {sgd} {adam}");
    // Adam remembers two numbers of every parameter; the new ones and the old stand beside each other.
    assert!(adam - sgd >= 2 * 4 * 102_001, "{none} {sgd} {adam}");
}

fn find(value: &serde_json::Value, key: &str) -> Option<u64> {
    match value {
        serde_json::Value::Object(map) => {
            map.get(key).and_then(serde_json::Value::as_u64).or_else(|| map.values().find_map(|value| find(value, key)))
        }
        _ => None,
    }
}
