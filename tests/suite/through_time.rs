//! Laws of recurrent layers: what the gradient through time is where it is known, and that each gate is drawn by itself.

use crate::experiment::{Run, run, run_in};
use gradc::report::Time;
use gradc::run::record::ThroughTimeRecord;
use gradc::scalar::Unary;
use gradc::scalar::mathematics::{exp, unary_f64};

fn record(run: &Run) -> &ThroughTimeRecord {
    let layers = &run.records.seeds[0].steps[0].layers;
    layers.iter().find_map(|layer| layer.through_time.as_ref()).expect("there is a recurrent layer")
}

fn time(run: &Run) -> &Time {
    run.report.steps[0].layers.iter().find_map(|layer| layer.time.as_ref()).expect("there is a recurrent layer")
}

fn codes(run: &Run) -> Vec<&str> {
    run.report.findings.iter().map(|finding| finding.code.as_str()).collect()
}

/// The sum of the last state's units as the loss.
fn carried(steps: usize, layer: &str, rest: &str) -> Run {
    run(&format!(
        "loss readout(y, t) = y
         data {{ source: adding({steps}); take: 3 }}
         network law {{
           input({steps}, 2)
           {layer}
           last_step
           dense(1, weights: ones, frozen: true)
           loss: readout
           precision: f64
           {rest}
         }}"
    ))
}

#[test]
fn an_orthogonal_linear_recurrence_keeps_the_norm_of_the_gradient_over_a_thousand_steps() {
    let run = carried(1000, "rnn(24, linear)", "weights: orthogonal");
    let along = record(&run);
    assert_eq!((along.output.len(), along.factors.len()), (1000, 999));
    // ‖∂C/∂h‖² is 24/3 over the batch of three
    let last = (24.0_f64 / 3.0).sqrt();
    for size in &along.output {
        assert!((size / last - 1.0).abs() < 1e-12, "{size} {last}");
    }
    let time = time(&run);
    assert_eq!((time.reaches, time.steps, time.verdict.as_str()), (1000, 1000, "healthy"));
    assert!((time.bound.expect("a plain layer has a bound").0 - 1.0).abs() < 1e-9);
    assert_eq!(codes(&run), Vec::<&str>::new());
}

#[test]
fn a_linear_recurrence_of_one_factor_is_a_power_of_it() {
    for (gain, verdict, code) in [(0.5, "vanishing", "G0012"), (1.5, "exploding", "G0013")] {
        let run = carried(40, &format!("rnn(3, linear, weights: identity(gain: {gain}))"), "");
        let along = record(&run);
        let last = along.output[39];
        for (step, size) in along.output.iter().enumerate() {
            let expected = (step..39).fold(last, |power, _| power * gain);
            assert!((size / expected - 1.0).abs() < 1e-12, "{step}: {size} {expected}");
        }
        let time = time(&run);
        assert_eq!(time.verdict, verdict);
        assert!((time.factor.expect("there are steps").0 - gain).abs() < 1e-12);
        assert!((time.bound.expect("a plain layer has a bound").0 - gain).abs() < 1e-9);
        assert!(codes(&run).contains(&code));
        if gain < 1.0 {
            // 2⁻⁹ is above a thousandth: ten steps with the last
            assert_eq!((time.reaches, time.steps), (10, 40));
        }
    }
}

#[test]
fn what_the_loss_takes_of_a_step_is_no_part_of_its_factor() {
    let text = |rest: &str| {
        format!(
            "data {{ source: adding(12); take: 8 }}
             network law {{
               input(12, 2)
               rnn(5, linear, weights: identity(gain: 0.5))
               {rest}
               loss: mse
               precision: f64
             }}"
        )
    };
    // the loss looks at the last step, or at the mean of a map of all of them
    for rest in ["last_step\n dense(1)", "flatten\n dense(1)"] {
        let run = run(&text(rest));
        for factor in &record(&run).factors {
            assert!((factor - 0.5).abs() < 1e-12, "{factor}");
        }
    }
}

#[test]
fn no_factor_exceeds_its_bound() {
    for activation in ["tanh", "sigmoid", "relu"] {
        let run = carried(30, &format!("rnn(16, {activation})"), "weights: normal(0, 2 / sqrt(fan_in))");
        let bound = time(&run).bound.expect("a plain layer has a bound").0;
        for factor in record(&run).factors.iter().filter(|factor| !factor.is_nan()) {
            assert!(*factor <= bound * (1.0 + 1e-9), "{activation}: {factor} > {bound}");
        }
    }
}

#[test]
fn the_memory_of_an_lstm_passes_its_gradient_times_the_forget_gate() {
    // Without weights all gates are what the biases make them: f = σ(2·bias) at every step, and h passes nothing on.
    let run = carried(30, "lstm(4, weights: zeros, biases: constant(0.7))", "");
    let along = record(&run);
    let forget = 1.0 / (1.0 + exp(-1.4));
    let memory = along.memory.as_ref().expect("an lstm has a memory");
    for pair in memory.windows(2) {
        assert!((pair[0] / pair[1] / forget - 1.0).abs() < 1e-12, "{} {forget}", pair[0] / pair[1]);
    }
    assert!(along.output[..29].iter().all(|size| *size == 0.0), "h reaches the loss at the last step alone");
    // o·tanh′(c) at the last step, c = i·g·(1 − f³⁰)/(1 − f)
    let tanh = |x: f64| unary_f64(Unary::HyperbolicTangent, x);
    let kept = (0..30).fold(1.0, |power, _| power * forget);
    let c = forget * tanh(1.4) * (1.0 - kept) / (1.0 - forget);
    let expected = along.output[29] * forget * (1.0 - tanh(c) * tanh(c));
    assert!((memory[29] / expected - 1.0).abs() < 1e-12, "{} {expected}", memory[29]);
}

#[test]
fn a_recurrent_layer_may_hand_nothing_on_to_the_loss() {
    let run = run("data { source: adding(6); take: 4 }
         network law {
           input(6, 2)
           lstm(3)
           last_step
           dense(1, weights: zeros, biases: none)
           loss: mse
         }");
    let along = record(&run);
    assert!(along.output.iter().chain(along.memory.as_ref().expect("an lstm has one")).all(|size| *size == 0.0));
    assert_eq!((time(&run).reaches, time(&run).verdict.as_str()), (0, "vanishing"));
    assert!(!codes(&run).contains(&"G0012"), "the other findings tell that there is no gradient at all");
}

#[test]
fn every_gate_is_drawn_as_a_matrix_of_its_own() {
    let run = run("data { source: adding(6); take: 2 }
         network law {
           input(6, 2)
           lstm(4)
           last_step
           dense(1)
           loss: mse
           weights: orthogonal
           precision: f64
         }");
    let weights = run.tensor("params/lstm1.weight_hh");
    assert_eq!(weights.len(), 16 * 4);
    for gate in weights.chunks(16) {
        for (row, column) in (0..4).flat_map(|row| (0..4).map(move |column| (row, column))) {
            let product: f64 = (0..4).map(|at| gate[row * 4 + at] * gate[column * 4 + at]).sum();
            let expected = f64::from(u8::from(row == column));
            assert!((product - expected).abs() < 1e-12, "{product} {expected}");
        }
    }
    assert_ne!(weights[..16], weights[16..32]);
}

#[test]
fn biases_may_be_left_out() {
    for layer in ["rnn(3)", "gru(3)", "lstm(3)"] {
        let run = carried(5, &layer.replace(')', ", biases: none)"), "");
        let layer = run.report.steps[0].layers.iter().find(|layer| layer.time.is_some()).expect("it is there");
        assert!(layer.bias.is_none() && layer.weight.is_some());
    }
}

#[test]
fn the_examples_reach_back_as_they_say() {
    let of = |name: &str, set: &[(&str, &str)]| {
        let path = crate::support::repository().join(format!("examples/{name}.net"));
        let mut text = std::fs::read_to_string(path).expect("an example can be read");
        for (from, to) in set {
            assert!(text.contains(from), "{name} has no `{from}`");
            text = text.replace(from, to);
        }
        let run = run_in(&text, "examples");
        let time = time(&run).clone();
        (time.reaches, time.steps)
    };
    let (reaches, steps) = of("15_rnn_through_time", &[]);
    assert!(reaches < 20 && steps == 100, "{reaches} of {steps}");
    assert_eq!(of("15_rnn_through_time", &[("rule = pytorch", "rule = orthogonal")]), (100, 100));
    for name in ["16_gru_through_time", "17_lstm_through_time"] {
        assert_eq!(of(name, &[]), (100, 100));
        let (reaches, _) = of(name, &[("spread = 3", "spread = 0"), ("0..4", "0..1")]);
        assert!(reaches < 20, "{name}: {reaches}");
    }
}
