//! What is known of gradients, exactly or in distribution, and holds of a run. Statistical laws are tested over as many seeds as
//! make a wrong factor visible; their tolerances are a few standard errors. Sources: `docs/verdicts.md` and the laws quoted here.

use crate::experiment::{Run, run, run_in};

/// Mean of r_l² and of r_l⁴ over the seeds, for each layer of the chain.
fn moments(run: &Run) -> Vec<(f64, f64)> {
    let layers = run.records.seeds[0].steps[0].layers.len();
    let seeds = run.records.seeds.len() as f64;
    let batch = run.records.batch as f64;
    (0..layers)
        .map(|layer| {
            let squares =
                run.records.seeds.iter().map(|seed| batch * seed.steps[0].layers[layer].pre_activation.l2.square());
            let (mut second, mut fourth) = (0.0, 0.0);
            for square in squares {
                second += square;
                fourth += square * square;
            }
            (second / seeds, fourth / seeds)
        })
        .collect()
}

trait Square {
    fn square(self) -> Self;
}

impl Square for f64 {
    fn square(self) -> Self {
        self * self
    }
}

/// One example, `u·output` as the loss with u = (1, 1, 1, 1), so ‖u‖² = 4.
fn deep(hidden: &str, weights: &str, seeds: usize) -> Run {
    run(&format!(
        "loss readout(y, t) = y
         data {{ source: gaussian(24, classes: 4); take: 1 }}
         network law {{
           input(24)
           {hidden}
           dense(4)
           loss: readout
           weights: {weights}
         }}
         report {{ seeds: 0..{seeds} }}"
    ))
}

#[test]
fn he_weights_keep_the_expected_square_of_a_relu_gradient_at_any_widths() {
    let run = deep("dense(40, relu)\n dense(24, relu)\n dense(64, relu)\n dense(32, relu)", "he_normal", 4000);
    for (second, _) in &moments(&run) {
        assert!((second / 4.0 - 1.0).abs() < 0.06, "E‖δ‖² = {second}, not ‖u‖² = 4");
    }
}

#[test]
fn the_fourth_moment_of_a_relu_gradient_grows_by_one_plus_five_over_each_width() {
    let run = deep("repeat 3 { dense(24, relu) }", "he_normal", 8000);
    let moments = moments(&run);
    for (layer, (_, fourth)) in moments.iter().enumerate().take(3) {
        let expected = (layer..3).fold(16.0, |product, _| product * (1.0 + 5.0 / 24.0));
        assert!((fourth / expected - 1.0).abs() < 0.12, "layer {layer}: E‖δ‖⁴ = {fourth}, expected {expected}");
    }
}

#[test]
fn the_fourth_moment_of_a_linear_gradient_grows_by_one_plus_two_over_each_width() {
    let run = deep("repeat 3 { dense(24) }", "normal(0, 1 / sqrt(fan_in))", 8000);
    let moments = moments(&run);
    for (layer, (_, fourth)) in moments.iter().enumerate().take(3) {
        let expected = (layer..3).fold(16.0, |product, _| product * (1.0 + 2.0 / 24.0));
        assert!((fourth / expected - 1.0).abs() < 0.08, "layer {layer}: E‖δ‖⁴ = {fourth}, expected {expected}");
    }
}

#[test]
fn half_of_he_variance_halves_the_square_of_the_gradient_in_each_layer() {
    let run = deep("repeat 6 { dense(64, relu) }", "normal(0, 1 / sqrt(fan_in))", 2000);
    let moments = moments(&run);
    for pair in moments[..6].windows(2) {
        let ratio = pair[0].0 / pair[1].0;
        assert!((ratio - 0.5).abs() < 0.05, "r² falls by {ratio} a layer, not by 1/2");
    }
}

#[test]
fn an_orthogonal_linear_network_keeps_the_norm_of_every_gradient() {
    let run = run("loss readout(y, t) = y
         data { source: gaussian(16, classes: 16); take: 3 }
         network law {
           input(16)
           repeat 40 { dense(16) }
           loss: readout
           weights: orthogonal
           precision: f64
         }");
    let layers = &run.records.seeds[0].steps[0].layers;
    let last = layers.last().expect("forty layers").pre_activation.l2;
    for layer in layers {
        assert!((layer.pre_activation.l2 / last - 1.0).abs() < 1e-13);
    }
}

#[test]
fn a_chain_of_sigmoids_at_zero_has_a_gradient_of_exactly_two_to_minus_two_k() {
    let text = crate::support::read("examples/08_underflow.net");
    let run = run_in(&text, "examples");
    let layers = &run.records.seeds[0].steps[0].layers;
    let mut expected = 1.0_f64;
    for (k, layer) in layers.iter().rev().enumerate().map(|(at, layer)| (at + 1, layer)) {
        expected /= 4.0;
        let representable = f64::from(expected as f32);
        assert_eq!(layer.pre_activation.l2, representable, "k = {k}");
        assert_eq!(layer.pre_activation.zero_fraction, f64::from(u8::from(k >= 75)), "k = {k}");
        assert_eq!(layer.pre_activation.subnormal_fraction, f64::from(u8::from((64..75).contains(&k))), "k = {k}");
        assert_eq!(layer.pre_activation.underflow_f16, f64::from(u8::from((13..75).contains(&k))), "k = {k}");
    }
}

#[test]
fn in_f64_the_chain_of_sigmoids_reaches_zero_at_538() {
    let run = run("loss readout(y, t) = y
         activation half(x) = sigmoid(x)
         data { source: xor; take: 1 }
         network chain {
           input(2)
           dense(1, half, weights: zeros, biases: zeros)
           repeat 539 { dense(1, half, weights: ones, biases: constant(-1 / 2)) }
           loss: readout
           precision: f64
         }");
    let layers = &run.records.seeds[0].steps[0].layers;
    let at = |k: usize| layers[layers.len() - k].pre_activation.l2;
    assert_eq!(at(537), f64::from_bits(1), "2^-1074, the smallest subnormal");
    assert_eq!(at(538), 0.0);
}

#[test]
fn a_relu_network_is_dead_at_one_input_with_the_probability_of_its_widths() {
    let run = run("loss readout(y, t) = y
         data { source: gaussian(4, classes: 2); take: 1 }
         network law {
           input(4)
           dense(2, relu)
           dense(3, relu)
           dense(2, relu)
           dense(1)
           loss: readout
           weights: he_normal
         }
         report { seeds: 0..6000 }");
    let dead = run.records.seeds.iter().filter(|seed| seed.steps[0].layers[0].pre_activation.l2 == 0.0).count() as f64;
    let expected = 1.0 - (1.0 - 0.25) * (1.0 - 0.125) * (1.0 - 0.25);
    let share = dead / run.records.seeds.len() as f64;
    assert!((share - expected).abs() < 0.02, "{share} of the seeds, expected {expected}");
}

#[test]
fn in_a_network_without_biases_weights_and_their_gradients_have_one_inner_product() {
    for activation in ["relu", "leaky_relu", "linear"] {
        let run = run(&format!(
            "data {{ source: gaussian(9, classes: 3); take: 20 }}
             network law {{
               input(9)
               repeat 4 {{ dense(11, {activation}) }}
               dense(3)
               loss: cross_entropy
               weights: he_normal
               biases: none
               precision: f64
             }}"
        ));
        let products: Vec<f64> = (1..=5)
            .map(|layer| {
                let weights = run.tensor(&format!("params/dense{layer}.weight"));
                let gradients = run.tensor(&format!("grads/dense{layer}.weight"));
                weights.iter().zip(&gradients).map(|(w, g)| w * g).sum()
            })
            .collect();
        for product in &products {
            assert!((product / products[0] - 1.0).abs() < 1e-11, "{activation}: {products:?}");
        }
    }
}

#[test]
fn no_gradient_exceeds_the_largest_slope_times_the_spectral_norm_times_the_next() {
    for (activation, slope) in [("sigmoid", 0.25), ("tanh", 1.0), ("relu", 1.0)] {
        let run = run(&format!(
            "data {{ source: gaussian(7, classes: 3); take: 30 }}
             network law {{
               input(7)
               repeat 3 {{ dense(8, {activation}) }}
               dense(3)
               loss: cross_entropy
               weights: normal(0, 1)
               precision: f64
             }}"
        ));
        for layer in 1..=3_usize {
            let next = layer + 1;
            let here = run.tensor(&format!("grads/dense{layer}.pre_activation"));
            let after = run.tensor(&format!("grads/dense{next}.pre_activation"));
            let weights = run.tensor(&format!("params/dense{next}.weight"));
            let bound = slope * spectral_norm(&weights, weights.len() / 8, 8);
            for (delta, later) in here.chunks(8).zip(after.chunks(after.len() / 30)) {
                assert!(norm(delta) <= bound * norm(later) * (1.0 + 1e-12), "{activation}, layer {layer}");
            }
        }
    }
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// By power iteration on WᵀW.
fn spectral_norm(matrix: &[f64], rows: usize, columns: usize) -> f64 {
    let mut vector = vec![1.0; columns];
    let mut length = 0.0;
    for _ in 0..2000 {
        let image: Vec<f64> = (0..rows)
            .map(|row| (0..columns).map(|column| matrix[row * columns + column] * vector[column]).sum())
            .collect();
        let back: Vec<f64> =
            (0..columns).map(|column| (0..rows).map(|row| matrix[row * columns + column] * image[row]).sum()).collect();
        length = norm(&back);
        vector = back.into_iter().map(|value| value / length).collect();
    }
    length.sqrt()
}

/// Nielsen's table ("Neural Networks and Deep Learning", chapter 5) within the 1st and 99th percentile over seeds.
#[test]
fn nielsens_table_is_reproduced_on_his_thousand_digits() {
    let bands: [&[(f64, f64)]; 3] = [
        &[(0.0323, 0.1031), (0.1665, 0.4413)],
        &[(0.0055, 0.0228), (0.0283, 0.1057), (0.1706, 0.4509)],
        &[(0.0011, 0.0047), (0.0062, 0.0227), (0.0334, 0.1079), (0.1702, 0.4584)],
    ];
    for (hidden, bands) in (2..).zip(bands) {
        let run = run_in(
            &format!(
                "data {{
                   source: idx(\"data/train-images-1k.idx3-ubyte.gz\", \"data/train-labels-1k.idx1-ubyte.gz\")
                   scale: 1 / 255
                 }}
                 network digits {{
                   input(784)
                   repeat {hidden} {{ dense(30, sigmoid) }}
                   dense(10)
                   loss: logistic
                   weights: nielsen
                   biases: normal(0, 1)
                 }}
                 report {{ seeds: 0..50 }}"
            ),
            "examples",
        );
        for (layer, (low, high)) in bands.iter().enumerate() {
            let norms: Vec<f64> = run
                .records
                .seeds
                .iter()
                .map(|seed| seed.steps[0].layers[layer].bias.as_ref().expect("a dense layer has biases").l2)
                .collect();
            let inside = norms.iter().filter(|norm| (*low..*high).contains(norm)).count();
            // 98 % lie inside: fewer than 45 of 50 happens once in two thousand times.
            assert!(inside >= 45, "{hidden} hidden layers, layer {}: {inside} of 50 in the band", layer + 1);
        }
        let ratios: Vec<f64> = run
            .records
            .seeds
            .iter()
            .flat_map(|seed| {
                let norm = |layer: usize| seed.steps[0].layers[layer].bias.as_ref().expect("biases").l2;
                (1..hidden).map(move |layer| norm(layer) / norm(layer - 1)).collect::<Vec<f64>>()
            })
            .collect();
        let median = gradc::diagnose::median(&ratios);
        assert!((4.0..6.0).contains(&median), "successive layers differ by {median}, in the median 4.9");
    }
}

/// Weight gradients cannot see it: 3.9e-8 from last to first in ∂C/∂z, a ratio of 1.33 in ∂C/∂W (medians over seeds).
#[test]
fn a_deep_relu_network_with_pytorchs_rule_loses_the_signal_and_not_the_weight_gradients() {
    let run = run("data { source: gaussian(48, classes: 10) }
         network deep {
           input(48)
           repeat 20 { dense(48, relu) }
           dense(10)
           loss: cross_entropy
           weights: pytorch
         }
         report { seeds: 0..32 }");
    let ratio = |of: &dyn Fn(&gradc::run::record::LayerRecord) -> f64| {
        let ratios: Vec<f64> = run
            .records
            .seeds
            .iter()
            .map(|seed| {
                let layers = &seed.steps[0].layers;
                of(&layers[0]) / of(layers.last().expect("layers"))
            })
            .collect();
        gradc::diagnose::median(&ratios)
    };
    let signal = ratio(&|layer| layer.pre_activation.l2);
    let weights = ratio(&|layer| layer.weight.as_ref().expect("a dense layer has weights").l2);
    assert!((1e-9..1e-6).contains(&signal), "∂C/∂z: {signal}");
    assert!((1e-2..1e2).contains(&weights), "∂C/∂W: {weights}");
    assert!(weights / signal > 1e4, "the one does not show the other: {weights} against {signal}");
    assert_eq!(run.diagnosis.verdict.word, gradc::model::VerdictWord::Vanishing);
}

/// The verdict is a property of the network, not of units: a constant factor on the loss, every example twice.
#[test]
fn a_factor_on_the_loss_and_a_doubled_batch_leave_ratio_and_verdict() {
    let text = |loss: &str, take: usize| {
        format!(
            "loss scaled(y, t) = {loss}
             data {{ source: xor; take: {take} }}
             network law {{
               input(2)
               repeat 6 {{ dense(10, sigmoid) }}
               dense(1)
               loss: scaled
             }}"
        )
    };
    let plain = run(&text("(y - t) ^ 2", 4));
    let scaled = run(&text("4096 * (y - t) ^ 2", 4));
    assert_eq!(plain.diagnosis.verdict, scaled.diagnosis.verdict);
}

/// A ReLU layer in the middle rescaled by c, the next by 1/c: the same function, the same verdict.
#[test]
fn rescaling_a_middle_relu_layer_leaves_ratio_and_verdict() {
    let text = |up: &str, down: &str| {
        format!(
            "data {{ source: gaussian(16, classes: 3) }}
             network law {{
               input(16)
               repeat 3 {{ dense(16, relu) }}
               dense(16, relu, weights: normal(0, {up} * sqrt(2 / fan_in)))
               dense(16, relu, weights: normal(0, {down} * sqrt(2 / fan_in)))
               repeat 3 {{ dense(16, relu) }}
               dense(3)
               loss: cross_entropy
               weights: he_normal
             }}"
        )
    };
    let (plain, rescaled) = (run(&text("1", "1")), run(&text("1024", "1 / 1024")));
    assert_eq!(plain.diagnosis.verdict.word, rescaled.diagnosis.verdict.word);
    assert!((plain.diagnosis.verdict.ratio / rescaled.diagnosis.verdict.ratio - 1.0).abs() < 1e-6);
}

/// Every way of joining layers, in an order that the number draws.
fn random_body(mut seed: u64) -> String {
    let mut next = |of: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % of
    };
    let mut body = String::from("begin = dense(12, tanh)\n");
    for at in 0..5 {
        let layers = [
            "dense(12, sigmoid)".to_owned(),
            "dense(12)\n softsign".to_owned(),
            "residual { dense(12, tanh); dense(12) }".to_owned(),
            "residual { gelu; dense(12, weights: orthogonal) }".to_owned(),
            "residual(project: true) { dense(12, silu) }".to_owned(),
            "parallel(join: add) { branch { dense(12, tanh) }; branch { } }".to_owned(),
            "parallel { branch { dense(5, elu) }; branch { dense(7) } }".to_owned(),
            "dense(12, tanh)\n add(begin)".to_owned(),
            "dense(12)\n concat(begin)\n dense(12, tanh)".to_owned(),
            format!("label{at} = dense(12, gelu)\n dense(12, softplus)\n add(label{at})"),
        ];
        body.push_str(&layers[next(10) as usize]);
        body.push('\n');
    }
    body
}

#[test]
fn the_parts_of_every_factor_multiply_to_it() {
    for seed in 0..24 {
        let body = random_body(seed);
        let run = run(&format!(
            "data {{ source: gaussian(8, classes: 3); take: 12 }}
             network parts {{ input(8)\n {body} dense(3)\n loss: cross_entropy\n precision: f64 }}"
        ));
        let factors = run.diagnosis.steps[0].chain.factors();
        assert!(factors.len() > 3, "{body}");
        for factor in factors {
            assert!((factor.product() / factor.measured - 1.0).abs() < 1e-12, "{factor:?} in\n{body}");
        }
    }
}

#[test]
fn a_skip_is_told_apart_from_the_weights_beside_it() {
    let run = run("data { source: gaussian(8, classes: 3); take: 12 }
         network skip { input(8)\n dense(8, tanh)\n residual { dense(8) }\n dense(3)\n loss: cross_entropy\n precision: f64
           weights: orthogonal }");
    let factors = run.diagnosis.steps[0].chain.factors();
    // Orthogonal weights keep the norm; what is more comes round them.
    assert!((factors[0].weights - 1.0).abs() < 1e-6, "{:?}", factors[0]);
    assert!(factors[0].skip > 1.2 && factors[0].normalisation == 1.0 && factors[0].other == 1.0, "{:?}", factors[0]);
    assert!((factors[1].skip - 1.0).abs() < 1e-12, "{:?}", factors[1]);
}

/// k sigmoids of one unit with w = 1, b = −1/2 and input 1/2: every z is 0, every slope 1/4, the gradient 2^−2k.
fn sigmoids(count: usize, precision: &str) -> Run {
    run(&format!(
        "loss readout(y, t) = y
         data {{ source: csv(\"examples/data/half.csv\", target: \"y\") }}
         network chain {{ input(1)\n repeat {count} {{ dense(1, sigmoid) }}\n loss: readout\n weights: ones\n biases: constant(-0.5)\n precision: {precision} }}"
    ))
}

#[test]
fn f16_loses_a_chain_of_thirteen_sigmoids_and_the_loss_scale_brings_it_back() {
    for (count, lost) in [(12, false), (13, true), (20, true)] {
        let run = sigmoids(count, "f64");
        let first = &run.records.seeds[0].steps[0].layers[0];
        assert_eq!(first.pre_activation.l2, libm::ldexp(1.0, -2 * i32::try_from(count).unwrap()));
        assert_eq!(first.pre_activation.underflow_f16, f64::from(u8::from(lost)), "{count} sigmoids");
        let step = &run.report.steps[0];
        let Some(scale) = &step.loss_scale else {
            assert!(!lost, "{count} sigmoids");
            continue;
        };
        let factor = scale.scale.expect("there is room for one").0;
        if count == 20 {
            // ∂C/∂a of the last layer is 1, and 2¹⁶ is no f16.
            assert!(factor == libm::ldexp(1.0, 15) && scale.remaining.0 == 1.0, "{scale:?}");
            continue;
        }
        // 2⁻²⁵ and what is less rounds to zero.
        assert!(first.pre_activation.l2 * factor > libm::ldexp(1.0, -25) && scale.remaining.0 == 0.0, "{scale:?}");
        assert!(first.pre_activation.l2 * factor / 16.0 <= libm::ldexp(1.0, -25), "{factor} is more than is needed");
    }
}

#[test]
fn f32_is_named_by_the_precision_that_still_has_the_gradient() {
    let run = sigmoids(80, "f64");
    let layers = &run.records.seeds[0].steps[0].layers;
    // 2⁻¹⁵⁰ is the first that rounds to zero in f32.
    for (at, layer) in layers.iter().enumerate() {
        assert_eq!(layer.pre_activation.underflow_f32, f64::from(u8::from(80 - at >= 75)), "layer {at}");
    }
}

#[test]
fn zeros_are_told_apart_by_cause() {
    let zeros = |run: &Run, layer: usize| run.report.steps[0].layers[layer].zeros.clone();
    let underflowed = sigmoids(80, "f32");
    let first = zeros(&underflowed, 0);
    assert_eq!((first.underflowed.0, first.structural.0, first.dead.0, first.inactive.0), (1.0, 0.0, 0.0, 0.0));
    let dead = run("network dead { input(4)\n dense(6, relu, biases: constant(-100))\n dense(1)\n loss: mse }");
    let first = zeros(&dead, 0);
    assert_eq!((first.dead.0, first.inactive.0, first.underflowed.0, first.structural.0), (1.0, 0.0, 0.0, 0.0));
    let alive = run("network alive { input(4)\n dense(64)\n relu\n dense(1)\n loss: mse }");
    let first = zeros(&alive, 0);
    assert!((0.4..0.6).contains(&first.inactive.0) && first.structural.0 == 0.0, "{first:?}");
    let cut = run("network cut { input(4)\n dense(6, tanh)\n dense(1, weights: zeros)\n loss: mse }");
    let first = zeros(&cut, 0);
    assert_eq!((first.structural.0, first.dead.0, first.underflowed.0), (1.0, 0.0, 0.0));
}
