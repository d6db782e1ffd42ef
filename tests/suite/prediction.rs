//! What theory predicts: against the values of the literature, and against what runs measure.

use crate::experiment::run;
use crate::support::{finish, repository, snapshot};
use gradc::pipeline::{self, Options};
use gradc::report::outline::Outline;
use gradc::report::prediction::PredictedLayer;
use std::path::Path;

/// What `check` tells of a network.
#[track_caller]
fn outline(text: &str) -> Outline {
    let options = Options { folder: repository(), ..Options::default() };
    let checked = pipeline::check("test.net", text.to_owned(), &options);
    assert!(checked.diagnostics.iter().all(|it| !it.is_error()), "{:#?}", checked.diagnostics);
    checked.outline(&options).expect("there is room").expect("there is no error")
}

/// The first of `depth` equal layers.
#[track_caller]
fn first(layer: &str, weights: &str, biases: &str) -> PredictedLayer {
    let text = format!(
        "network n {{\n input(100)\n repeat 40 {{ {layer} }}\n dense(100)\n loss: mse\n weights: {weights}\n biases: {biases}\n}}\n"
    );
    outline(&text).prediction.layers.swap_remove(0)
}

#[track_caller]
fn assert_near(value: f64, truth: f64, relative: f64) {
    assert!((value / truth - 1.0).abs() < relative, "{value} is not {truth}");
}

fn chi(layer: &str, weights: &str, biases: &str) -> f64 {
    first(layer, weights, biases).chi.expect("theory has an answer").0
}

#[test]
fn chi_has_the_values_of_the_literature_to_six_digits() {
    assert_near(chi("dense(100, tanh)", "normal(0, 5 / 3 / sqrt(fan_in))", "zeros"), 1.209_831, 5e-7);
    assert_near(chi("dense(100, selu)", "lecun_normal", "zeros"), 1.071_575, 5e-7);
    assert_near(chi("dense(100, sigmoid)", "nielsen", "zeros"), 0.055_721, 1e-5);
    assert_near(chi("dense(100, relu)", "he_normal", "zeros"), 1.0, 1e-12);
    assert_near(chi("dense(100, relu)", "lecun_uniform", "zeros"), 0.5, 1e-12);
    // The signal dies out, and the slope at 0 is a half.
    assert_near(chi("dense(100, gelu)", "he_normal", "zeros"), 0.5, 1e-4);
    assert_near(chi("dense(100, silu)", "he_normal", "zeros"), 0.5, 1e-4);
}

#[test]
fn nielsens_digits_lose_the_gradient_4_882_fold_a_layer() {
    let layer = first("dense(100, sigmoid)", "nielsen", "normal(0, 1)");
    let chi = layer.chi.expect("theory has an answer").0;
    assert_near(chi, 0.041_959_7, 1e-6);
    assert_near(1.0 / chi.sqrt(), 4.882, 1e-4);
}

#[test]
fn tanh_on_its_critical_line_keeps_the_gradient_at_any_depth() {
    for (bias, weight) in [(0.05, 1.760_955), (0.1, 1.986_073), (0.3, 2.505_127), (1.0, 3.443_211)] {
        let weights = format!("normal(0, sqrt({weight} / fan_in))");
        let biases = format!("normal(0, sqrt({bias}))");
        let chi = chi("dense(100, tanh)", &weights, &biases);
        assert!((chi - 1.0).abs() < 1e-6, "χ = {chi} at ({bias}, {weight})");
    }
}

#[test]
fn every_rule_has_the_variance_that_it_draws_with() {
    for (rule, truth) in [
        ("he_normal", 2.0),
        ("he_uniform", 2.0),
        ("lecun_uniform", 1.0),
        ("xavier_normal", 1.0),
        ("xavier_uniform", 1.0),
        ("orthogonal", 1.0),
        ("orthogonal(gain: 2)", 4.0),
        ("nielsen", 1.0),
        ("pytorch", 1.0 / 3.0),
        ("truncated_normal(0, 0.1)", 0.773_741_303_549_923_2),
        ("uniform(-0.3, 0.3)", 3.0),
        ("sparse(25, 0.2)", 1.0),
    ] {
        let variance = first("dense(100, relu)", rule, "zeros").weight_variance.expect("theory has an answer").0;
        assert_near(variance, truth, 1e-12);
    }
}

/// The mean of the squares of the measured ratios between the first and the last layer, over its predicted square.
#[track_caller]
fn measured_over_predicted(body: &str, settings: &str) -> f64 {
    let run = run(&format!(
        "loss readout(y, t) = y * t
         data {{ source: gaussian(64, classes: 4); take: 16 }}
         network n {{\n input(64)\n {body}\n dense(4)\n loss: readout\n {settings}\n}}
         report {{ seeds: 0..32 }}"
    ));
    let predicted = run.diagnosis.prediction.ratio.expect("theory has an answer").factor;
    let seeds = &run.records.seeds;
    let ratio = |seed: &gradc::run::record::SeedRecords| {
        let layers = &seed.steps[0].layers;
        let of = |name: usize| layers[name].pre_activation.l2;
        let ratio = of(0) / of(layers.len() - 1);
        ratio * ratio
    };
    (seeds.iter().map(ratio).sum::<f64>() / seeds.len() as f64).sqrt() / predicted
}

#[test]
fn runs_measure_what_theory_predicts() {
    for (body, settings) in [
        ("repeat 6 { dense(200, tanh) }", "weights: lecun_normal\n biases: normal(0, 0.3)"),
        ("repeat 6 { dense(200, sigmoid) }", "weights: nielsen\n biases: normal(0, 1)"),
        ("repeat 4 { dense(300, relu6) }", "weights: normal(0, 3 / sqrt(fan_in))"),
        ("repeat 4 { dense(200, gelu) }", "weights: he_uniform\n biases: constant(0.3)"),
        ("dense(200)\n repeat 4 { residual { tanh; dense(200) } }", "weights: lecun_normal"),
        ("dense(200, tanh)\n residual(project: true) { dense(120, tanh); dense(120) }", "weights: lecun_normal"),
        (
            "dense(200, tanh)\n parallel { branch { dense(100, tanh) }; branch { dense(300, relu) } }\n dense(200, tanh)",
            "weights: lecun_normal",
        ),
        ("a = dense(200, tanh)\n dense(200, tanh)\n dense(200)\n add(a)\n dense(100, relu)", "weights: lecun_normal"),
        ("repeat 5 { dense(200, tanh) }", "weights: orthogonal"),
        ("dense(200)\n repeat 4 { layer_norm; dense(200, tanh) }", "weights: normal(0, 1.5 / sqrt(fan_in))"),
        ("dense(200)\n repeat 3 { residual { rms_norm; dense(200, tanh) } }", "weights: lecun_normal"),
    ] {
        let ratio = measured_over_predicted(body, settings);
        assert!((0.88..1.12).contains(&ratio), "{body} with {settings}: measured over predicted is {ratio}");
    }
}

#[test]
fn the_spread_of_a_relu_net_is_that_of_the_fourth_moment() {
    let layers = outline(
        "network n {\n input(24)\n repeat 3 { dense(24, relu) }\n dense(4)\n loss: mse\n weights: he_normal\n}\n",
    )
    .prediction
    .layers;
    let spread = layers[0].factor_spread.expect("theory has an answer").0;
    // E‖δ‖⁴ grows by 1 + 5/n, so the logarithm of ‖δ‖² varies by about ln(1 + 5/n).
    assert_near(4.0 * spread * spread, gradc::scalar::mathematics::ln(1.0 + 5.0 / 24.0), 0.08);
}

#[test]
fn a_residual_grows_by_one_plus_the_square_of_its_body() {
    let layers = outline(
        "network n {\n input(50)\n residual { dense(50); dense(50) }\n dense(50)\n loss: mse\n weights: normal(0, 2 / sqrt(fan_in))\n biases: none\n}\n",
    )
    .prediction
    .layers;
    // q: 4 and 16 in the body, 4·(1 + 16) behind it.
    let q: Vec<f64> = layers.iter().map(|layer| layer.q.expect("theory has an answer").0).collect();
    assert_eq!(q, [4.0, 16.0, 68.0]);
}

/// Yang, Pennington, Rao, Sohl-Dickstein and Schoenholz 2019: batch norm before ReLU makes gradients explode.
#[test]
fn a_batch_norm_before_relu_multiplies_the_gradient_by_the_root_of_pi_over_pi_minus_one() {
    let text = "network n {\n input(100)\n repeat 12 { dense(2000); batch_norm; relu }\n dense(4)\n loss: mse\n weights: he_normal\n}\n";
    let layers = outline(text).prediction.layers;
    let pi = std::f64::consts::PI;
    assert_near(layers[6].factor.expect("theory has an answer").0, (pi / (pi - 1.0)).sqrt(), 2e-3);
}

#[test]
fn where_theory_has_no_answer_it_says_why() {
    let notes = |body: &str| outline(&format!("network n {{\n input(9)\n {body}\n loss: mse\n}}\n")).prediction.notes;
    for (body, word) in [
        ("dense(9, softmax)\n dense(9, tanh)", "whole rows"),
        ("dense(9, tanh, weights: ones)\n dense(9)", "all equal"),
        ("dense(9, tanh, weights: uniform(0, 1))\n dense(9)", "have a mean"),
        ("dense(9, tanh, weights: identity)\n dense(9)", "fixed matrix"),
        ("dense(9, exp, weights: normal(0, 3))\n dense(9)", "no finite mean square"),
        ("dense(9, relu)\n tanh\n dense(9)", "taken for normal"),
    ] {
        let notes = notes(body);
        assert!(notes.iter().any(|note| note.contains(word)), "{body}: {notes:?}");
    }
}

#[test]
fn check_prints_the_prediction_of_every_example_as_its_snapshot_has_it() {
    for path in crate::support::files("examples", "net") {
        let name = Path::new(&path).file_stem().expect("an example has a name").to_string_lossy().into_owned();
        if name == "09_mistakes" {
            continue;
        }
        let printed = finish(&["check", &path]).with_status(0);
        assert!(printed.stdout.lines().all(|line| line.chars().count() <= 100), "{path}");
        snapshot(&name, "0-check", &printed.stdout);
    }
}
