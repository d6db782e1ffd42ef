//! What a network is stuck at: points whose curvature is known in closed form, and the Hessian against differences of gradients.

use crate::experiment::sound;
use crate::support::{finish, finish_with_input, read, repository, snapshot};
use gradc::pipeline::Options;
use gradc::report::curvature::{self, Curvature, Stuck};
use std::num::NonZero;
use std::path::Path;

/// What `gradc stuck` finds of a text whose files are in a folder.
#[track_caller]
fn stuck_in(text: &str, folder: &Path) -> Stuck {
    let checked = sound(text, folder.to_str().expect("our folders are UTF-8"));
    let options = Options {
        folder: repository().join(folder),
        threads: NonZero::new(2).expect("two"),
        memory_limit: 4 << 30,
        ..Options::default()
    };
    checked.stuck(&options, &|_| {}).unwrap_or_else(|mistakes| panic!("{text}\n{mistakes:#?}"))
}

#[track_caller]
fn curvature_of(text: &str) -> Curvature {
    stuck_in(text, Path::new("examples")).curvature
}

fn with_files(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("the folder can be written");
    }
    folder
}

#[track_caller]
fn assert_near(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within, "{found} is not {expected}");
}

/// One sigmoid without bias on (0.1, 0.3) and (20, 0.95): two minima, one of them bad.
fn one_sigmoid(weight: &str) -> Curvature {
    let folder = with_files(&[("two.csv", "x,t\n0.1,0.3\n20,0.95\n")]);
    let text = format!(
        "data {{ source: csv(\"two.csv\") }}\nnetwork one {{\n  input(1)\n  dense(1, sigmoid)\n  loss: quadratic\n  \
         weights: constant({weight})\n  biases: none\n  precision: f64\n}}\n"
    );
    stuck_in(&text, folder.path()).curvature
}

#[test]
fn a_bad_local_minimum_is_told_from_the_global_one() {
    // C is the mean of two examples, where the literature has ½Σ: half of its curvature.
    let bad = one_sigmoid("10 * log(3 / 7)");
    assert_eq!(bad.word, "local minimum");
    assert_near(2.0 * bad.least.value.0, 4.41e-4, 0.005e-4);
    assert_eq!((bad.complete, bad.parameters), (true, 1));
    let good = one_sigmoid("0.142285578502103");
    assert_eq!(good.word, "local minimum");
    assert!(good.gradient.0 < 1e-14 && good.loss.0 < bad.loss.0 / 10.0);
    // Between the two the gradient leads somewhere.
    assert_eq!(one_sigmoid("0.6").word, "not stationary");
}

#[test]
fn exclusive_or_at_zero_has_one_curved_direction() {
    let at_zero = curvature_of(
        "data { source: xor }\nnetwork xor {\n  input(2)\n  dense(2, sigmoid)\n  dense(1, sigmoid)\n  loss: quadratic\n  \
         weights: zeros\n  biases: zeros\n  precision: f64\n}\n",
    );
    assert_eq!((at_zero.gradient.0, at_zero.parameters, at_zero.complete), (0.0, 9, true));
    // ½Σ over four examples has 0.375: the output unit's weights and bias, σ′² (1 + ½²·2) · 4.
    let sums: Vec<f64> = at_zero.eigenvalues.iter().map(|value| 4.0 * value.0).collect();
    for zero in &sums[..8] {
        assert_near(*zero, 0.0, 1e-15);
    }
    assert_near(sums[8], 0.375, 1e-14);
    assert_eq!(at_zero.word, "degenerate minimum");
    assert!(at_zero.descent.is_none() && at_zero.summary[0].contains("exactly zero"));
}

/// ½(w_D ⋯ w_1 − 1)² at zero.
fn product_of_weights(depth: usize) -> Curvature {
    let folder = with_files(&[("one.csv", "x,t\n1,1\n")]);
    let text = format!(
        "data {{ source: csv(\"one.csv\") }}\nnetwork product {{\n  input(1)\n  repeat {depth} {{ dense(1, linear) }}\n  loss: quadratic\n  \
         weights: zeros\n  biases: none\n}}\n"
    );
    stuck_in(&text, folder.path()).curvature
}

#[test]
fn deep_linear_networks_at_zero_are_saddles_and_beyond_two_layers_flat() {
    let two = product_of_weights(2);
    assert_eq!(two.word, "saddle");
    let values: Vec<f64> = two.eigenvalues.iter().map(|value| value.0).collect();
    assert_near(values[0], -1.0, 1e-14);
    assert_near(values[1], 1.0, 1e-14);
    // ½s² − s⁴/8: what a step of length s along (1, 1)/√2 brings.
    let tried = two.escape.expect("a step was tried");
    let s = tried.length.0;
    assert_near(tried.promised.0, 0.5 * s * s, 1e-14);
    assert_near(tried.measured.0, 0.5 * s * s - s * s * s * s / 8.0, 1e-14);
    for depth in [3, 4, 7] {
        let deep = product_of_weights(depth);
        assert_eq!(deep.word, "flat");
        assert!(deep.eigenvalues.iter().all(|value| value.0 == 0.0) && deep.complete, "{depth}");
    }
}

#[test]
fn a_step_along_the_gradient_brings_what_it_promises_on_a_parabola() {
    let folder = with_files(&[("rows.csv", "a,b,t\n1,0,1\n0,2,1\n1,1,0\n")]);
    let text = "data { source: csv(\"rows.csv\") }\nnetwork linear {\n  input(2)\n  dense(1)\n  loss: quadratic\n  \
                precision: f64\n}\n";
    let found = stuck_in(text, folder.path()).curvature;
    let tried = found.descent.expect("the gradient is not zero");
    assert_near(tried.measured.0, tried.promised.0, 1e-14);
    assert_near(tried.length.0, found.gradient.0 / found.greatest.value.0, 1e-14);
    // The Hessian is the mean of (x, 1)(x, 1)ᵀ: its trace 9/3 + … is that of the eigenvalues.
    let trace: f64 = found.eigenvalues.iter().map(|value| value.0).sum();
    assert_near(trace, (1.0 + 1.0 + 4.0 + 1.0 + 2.0 + 1.0) / 3.0, 1e-13);
}

#[test]
fn batches_are_looked_at_together() {
    let text = |batch: &str, precision: &str| {
        format!(
            "data {{ source: moons(0.1); take: 64; {batch} }}\nnetwork n {{\n  input(2)\n  dense(5, tanh)\n  dense(2)\n  \
             loss: cross_entropy\n  precision: {precision}\n}}\n"
        )
    };
    let whole = curvature_of(&text("", "f64"));
    let parts = curvature_of(&text("batch: 16", "f64"));
    assert_eq!((whole.examples, parts.examples), (64, 64));
    for (a, b) in [(&whole.loss, &parts.loss), (&whole.least.value, &parts.least.value)] {
        assert_near(a.0, b.0, 1e-13);
    }
    // What does not fill a batch is not seen, as in training.
    assert_eq!(curvature_of(&text("batch: 30", "f64")).examples, 60);
    // In f32 the weights are other numbers; what is made of them is f64.
    assert_near(curvature_of(&text("", "f32")).greatest.value.0, whole.greatest.value.0, 1e-6);
}

#[test]
fn training_and_checkpoints_lead_to_the_point() {
    let folder = tempfile::tempdir().expect("there is room");
    let text = |steps: u32| {
        format!(
            "data {{ source: moons(0.1); take: 64 }}\nnetwork n {{\n  input(2)\n  dense(4, tanh)\n  dense(2)\n  \
             loss: cross_entropy\n}}\ntrain {{ optimizer: adam(rate: 0.05); steps: {steps}; checkpoint: \"state\" }}\n\
             report {{ at: [0, 5]; seeds: [3, 4] }}\n"
        )
    };
    let path = folder.path().join("n.net");
    std::fs::write(&path, text(40)).expect("it can be written");
    let path = path.to_str().expect("our folders are UTF-8");
    let found = finish(&["stuck", path]).with_status(0);
    assert!(found.stdout.contains("seed 3, after 40 updates"), "{}", found.stdout);
    assert!(!folder.path().join("state-seed3").exists(), "`stuck` writes nothing");
    finish(&["run", path, "--seed", "3"]).with_status(0);
    let again = finish(&["stuck", path, "--resume"]).with_status(0);
    assert_eq!(again.stdout, found.stdout);
    let json = finish(&["run", path, "--seed", "3", "--format", "json"]).with_status(0);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).expect("the report is JSON");
    assert!(report["curvature"].is_null(), "nobody asked for it");
    std::fs::write(path, text(40).replace("at: [0, 5]", "at: [0, 5]; curvature: on")).expect("it can be written");
    let json = finish(&["run", path, "--seed", "3", "--format", "json"]).with_status(0);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).expect("the report is JSON");
    let stuck = finish(&["stuck", path, "--format", "json"]).with_status(0);
    let stuck: serde_json::Value = serde_json::from_str(&stuck.stdout).expect("it is JSON");
    assert_eq!(report["curvature"], stuck["curvature"]);
    assert!(finish(&["run", path, "--seed", "3"]).with_status(0).stdout.contains("stationary"));
}

#[test]
fn the_plateau_of_nielsens_network_is_a_saddle() {
    let found = finish(&["stuck", "examples/10_plateau.net"]).with_status(0);
    snapshot("stuck", "10_plateau", &found.stdout);
    assert!(found.stdout.starts_with("digits: a saddle\n"), "{}", found.stdout);
    assert!(found.stdout.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn the_json_form_keeps_to_its_published_schema() {
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(repository().join("docs/stuck.schema.json"), curvature::schema()).expect("docs can be written");
    }
    let published = read("docs/stuck.schema.json");
    assert_eq!(published, curvature::schema(), "docs/stuck.schema.json is `gradc::report::curvature::schema()`");
    let schema: serde_json::Value = serde_json::from_str(&published).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let text = "network n {\n  input(3)\n  dense(2, tanh)\n  dense(1)\n  loss: mse\n}\n";
    let printed = finish_with_input(&["stuck", "--format", "json", "-"], text.as_bytes()).with_status(0);
    let report: serde_json::Value = serde_json::from_str(&printed.stdout).expect("it is JSON");
    let mistakes: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
    assert!(mistakes.is_empty(), "{mistakes:?}");
    // An overflow at once: no curvature, and no panic.
    let wild = text.replace("loss: mse", "loss: mse\n  weights: constant(1e300)");
    let printed = finish_with_input(&["stuck", "--format", "json", "-"], wild.as_bytes()).with_status(0);
    let report: serde_json::Value = serde_json::from_str(&printed.stdout).expect("it is JSON");
    assert_eq!(report["curvature"]["word"], "undefined");
    assert!(validator.iter_errors(&report).next().is_none());
}

#[test]
fn what_cannot_be_looked_at_is_told_as_for_a_run() {
    let no_loss = finish_with_input(&["stuck", "-"], b"network n { input(1); dense(1) }\n").with_status(2);
    assert!(no_loss.stderr.contains("E03"), "{}", no_loss.stderr);
    let text = "network n {\n  input(1000)\n  dense(1000)\n  loss: mse\n}\n";
    let small = finish_with_input(&["stuck", "--memory-limit", "60MB", "-"], text.as_bytes()).with_status(3);
    assert!(small.stderr.contains("E0504"), "{}", small.stderr);
}
