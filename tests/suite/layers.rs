//! The laws of norms, residuals, dropout and attention.

use crate::experiment::{Means, Run, run, run_by};
use crate::probe::{Probe, model};
use gradc::jit::Features;
use gradc::run::session::Executor;

const JIT: Executor = Executor::Jit(Features { wide: true, native: true });

fn norm(numbers: &[f64]) -> f64 {
    numbers.iter().map(|number| number * number).sum::<f64>().sqrt()
}

/// What a batch norm hands on does not depend on the size of the weights before it, so their gradient is orthogonal to them, and
/// falls as they grow. The epsilon under the root breaks it by as much as it is of the variance.
#[test]
fn a_batch_norm_takes_no_notice_of_the_size_of_the_weights_before_it() {
    let model = model(
        "data { source: gaussian(6, classes: 3); take: 20 }
         network law {
           input(6)
           dense(8, biases: none, weights: normal(0, 2))
           batch_norm
           tanh
           dense(3)
           loss: cross_entropy
           precision: f64
         }",
    );
    let mut probe = Probe::filled(&model, JIT, 0);
    let weights = probe.contents("params/dense1.weight").to_vec();
    let mut at = |factor: f64| {
        probe.set("params/dense1.weight", weights.iter().map(|weight| weight * factor).collect());
        (probe.loss(), probe.gradients().remove("grads/dense1.weight").expect("it has a gradient"))
    };
    let ((loss, gradient), (scaled_loss, scaled_gradient)) = (at(1.0), at(32.0));
    assert!((scaled_loss / loss - 1.0).abs() < 1e-5, "{loss} becomes {scaled_loss}");
    let along: f64 = gradient.iter().zip(&weights).map(|(gradient, weight)| gradient * weight).sum();
    assert!(along.abs() < 1e-5 * norm(&gradient) * norm(&weights), "⟨g, w⟩ = {along}");
    assert!((32.0 * norm(&scaled_gradient) / norm(&gradient) - 1.0).abs() < 1e-4);
}

/// A residual branch of variance b² for each unit multiplies the expected square of the gradient by 1 + b².
#[test]
fn each_residual_block_multiplies_the_expected_square_of_the_gradient_by_one_plus_its_own() {
    let run = run("loss readout(y, t) = y
         data { source: gaussian(32, classes: 32); take: 1 }
         network law {
           input(32)
           repeat 6 { residual { dense(32) } }
           loss: readout
           weights: normal(0, 0.7 / sqrt(fan_in))
         }
         report { seeds: 0..3000 }");
    for layer in 0..6 {
        let sizes = run.records.seeds.iter().map(|seed| seed.steps[0].layers[layer].pre_activation.l2);
        let mean = sizes.map(|size| size * size).sum::<f64>() / 3000.0;
        let expected = 32.0 * (0..5 - layer).fold(1.0, |product, _| product * 1.49);
        assert!((mean / expected - 1.0).abs() < 0.05, "layer {layer}: E‖δ‖² = {mean}, expected {expected}");
    }
}

/// One example of 20 000 numbers through a dropout, with the sum of what comes out as the loss.
fn dropped(share: &str, rest: &str, means: Means) -> Run {
    let text = format!(
        "loss readout(y, t) = y
         data {{ source: gaussian(20000, classes: 2); take: 1 }}
         network law {{ input(20000); dropout({share}); loss: readout; precision: f64 }}
         {rest}"
    );
    run_by(&text, ".", means)
}

#[test]
fn dropout_keeps_the_mean_and_leaves_out_as_many_as_it_says() {
    let plain = dropped("0.3", "", Means::default());
    let gradient = plain.tensor("grads/input");
    let zeros = gradient.iter().filter(|number| **number == 0.0).count() as f64;
    // five standard deviations of 20 000 draws
    assert!((zeros / 20_000.0 - 0.3).abs() < 5.0 * (0.21_f64 / 20_000.0).sqrt(), "{zeros} are left out");
    assert!(gradient.iter().all(|number| *number == 0.0 || *number == 1.0 / 0.7), "the others make up for them");
    for (threads, executor) in [(1, JIT), (3, JIT), (1, Executor::Interpreter)] {
        assert!(dropped("0.3", "", Means { threads, executor }).dump() == plain.dump(), "{threads}, {executor:?}");
    }
    let other = dropped("0.3", "report { seeds: [7] }", Means::default()).tensor("grads/input");
    let both = other.iter().zip(&gradient).filter(|(a, b)| **a == 0.0 && **b == 0.0).count() as f64;
    assert!((both / 20_000.0 - 0.09).abs() < 0.011, "another seed leaves out others: {both} in common");
    let all = dropped("1", "", Means::default());
    assert!(all.tensor("grads/input").iter().all(|number| *number == 0.0));
}

#[test]
fn a_report_without_dropout_leaves_nothing_out() {
    let off = dropped("0.3", "report { dropout: off }", Means::default());
    assert!(off.tensor("grads/input").iter().all(|number| *number == 1.0));
}

/// Every step draws anew, two layers draw differently, and what an example loses does not depend on how many come after it.
#[test]
fn what_is_left_out_belongs_to_layer_and_step() {
    let masks = |take: usize, rest: &str| {
        let run = run(&format!(
            "loss readout(y, t) = y
             data {{ source: gaussian(40, classes: 40); take: {take} }}
             network law {{ input(40); dropout(0.5); dropout(0.5); loss: readout; precision: f64 }}
             {rest}"
        ));
        let of =
            |name: &str| run.tensor(name).iter().map(|number| (number * take as f64).round()).collect::<Vec<f64>>();
        (of("grads/dropout1.output"), of("grads/input"))
    };
    let (second, both) = masks(3, "");
    let (shorter, _) = masks(2, "");
    assert_eq!(second[..80], shorter[..]);
    let first_alone = second.iter().zip(&both).filter(|(second, both)| **second != 0.0 && **both == 0.0).count();
    assert!(first_alone > 10, "the first layer drops others than the second");
    let train = "train { optimizer: sgd(rate: 0.1); steps: 4 }";
    let (at_four, _) = masks(3, &format!("{train}\nreport {{ at: [4] }}"));
    assert_ne!(at_four, second, "step 4 draws others than step 0");
    assert_eq!(masks(3, &format!("{train}\nreport {{ at: [0, 4] }}")).0, second, "step 0 of a training is step 0");
}

/// Attention whose queries are zero weighs all steps alike; the larger its weights, the fewer it looks at.
#[test]
fn the_entropy_of_attention_runs_from_all_steps_to_one() {
    let entropy = |weights: &str, causal: bool| {
        let run = run(&format!(
            "network law {{ input(9, 4); attention(2, causal: {causal}, weights: {weights}); flatten; dense(1); loss: mse }}"
        ));
        run.records.seeds[0].steps[0].layers[0].attention_entropy.expect("attention has an entropy")
    };
    for causal in [false, true] {
        assert!((entropy("zeros", causal) - 1.0).abs() < 1e-6);
        let (usual, sharp) = (entropy("xavier_uniform", causal), entropy("normal(0, 5)", causal));
        assert!(usual > 0.8 && usual < 1.0, "{usual}");
        assert!(sharp > 0.0 && sharp < 0.1, "{sharp}");
    }
}

/// No step of a causal attention depends on a later one.
#[test]
fn causal_attention_looks_back_only() {
    for (causal, passes) in [(true, false), (false, true)] {
        let run = run(&format!(
            "loss readout(y, t) = y
             network law {{ input(5, 4); attention(2, causal: {causal}); reshape(20); dense(1, weights: identity); loss: readout }}"
        ));
        // The readout is entry 0: feature 0 of step 0.
        let gradient = run.tensor("grads/input");
        let later = gradient.chunks_exact(20).any(|example| example[4..].iter().any(|number| *number != 0.0));
        assert_eq!(later, passes, "causal: {causal}");
    }
}
