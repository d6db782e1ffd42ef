//! What is known of convolutions, pooling and embeddings beside PyTorch's numbers (`tests/conformance`).

use crate::experiment::{mistakes, run};

#[test]
fn an_identity_passes_its_input_through() {
    for layer in [
        "conv2d(4, 3, pad: same, groups: 2, weights: identity, biases: none)",
        "conv2d(4, [5, 1], pad: [2, 0], weights: identity, biases: none)",
        "conv2d(4, 3, pad: 2, dilation: 2, groups: 4, weights: identity, biases: none)",
    ] {
        let run = run(&format!(
            "loss readout(y, t) = sin(y + t)\nnetwork through {{\ninput(4, 5, 6)\nh = {layer}\nloss: readout\nprecision: f64\n}}\n"
        ));
        let (x, t, slope) = (run.tensor("data/x"), run.tensor("data/t"), run.tensor("grads/h.output"));
        let batch = run.records.batch as f64;
        for ((x, t), slope) in x.iter().zip(&t).zip(&slope) {
            assert!((libm::cos(x + t) / batch - slope).abs() < 1e-15, "{layer}: what comes out is not what went in");
        }
        assert_eq!(run.tensor("grads/input"), slope, "{layer}");
    }
}

#[test]
fn fans_are_pytorchs() {
    // torch.nn.init._calculate_fan_in_and_fan_out of [out, in / groups, …] and [vocabulary, dim]
    for (input, layer, fan_in, fan_out) in [
        ("4, 5, 6", "conv2d(6, [3, 2]", 4 * 6, 6 * 6),
        ("4, 5, 6", "conv2d(6, 3, groups: 2", 2 * 9, 6 * 9),
        ("3, 9", "conv1d(5, 4", 3 * 4, 5 * 4),
        ("9", "embedding(11, 6", 6, 11),
    ] {
        let biases = if layer.starts_with("conv") { ", biases: constant(fan_in)" } else { "" };
        let run = run(&format!(
            "network fans {{\ninput({input})\nh = {layer}, weights: constant(1000 * fan_in + fan_out){biases})\nloss: mse\nprecision: f64\n}}\n"
        ));
        let expected = f64::from(1000 * fan_in + fan_out);
        assert!(run.tensor("params/h.weight").iter().all(|weight| *weight == expected), "{layer}");
        if !biases.is_empty() {
            assert!(run.tensor("params/h.bias").iter().all(|bias| *bias == f64::from(fan_in)), "{layer}");
        }
    }
}

#[test]
fn settings_reach_kernels_and_no_table() {
    let run = run("network settings {
           input(6)
           table = embedding(9, 4)
           transpose
           c = conv1d(3, 2)
           own = conv1d(3, 2, weights: constant(3), biases: constant(4))
           loss: mse
           weights: constant(2)
           biases: constant(1)
         }");
    let all = |name: &str, number: f64| run.tensor(name).iter().all(|entry| *entry == number);
    assert!(all("params/c.weight", 2.0) && all("params/c.bias", 1.0));
    assert!(all("params/own.weight", 3.0) && all("params/own.bias", 4.0));
    let table = run.tensor("params/table.weight");
    let square: f64 = table.iter().map(|entry| entry * entry).sum::<f64>() / table.len() as f64;
    assert!((0.4..2.0).contains(&square) && table[0] != table[1], "drawn from normal(0, 1): {table:?}");
}

#[test]
fn padding_of_a_maximum_is_no_number_of_the_example() {
    // all numbers are negative: zeros put around them would win
    let run = run("loss readout(y, t) = y
         activation below(x) = -1 - abs(x)
         network edge {
           input(2, 5, 5)
           below
           p = max_pool(3, stride: 2, pad: 1)
           loss: readout
           precision: f64
         }");
    let passed: f64 = run.tensor("grads/below1.output").iter().sum();
    let outputs = run.tensor("grads/p.output");
    let all: f64 = outputs.iter().sum();
    assert!(
        (passed - all).abs() < 1e-12 && outputs.len() == 256 * 2 * 9,
        "every window has its number: {passed}, {all}"
    );
}

#[test]
fn numbers_without_a_row_are_told_with_their_place() {
    let text = |vocabulary: usize, rest: &str| {
        format!(
            "data {{ source: copy(3, 2); take: 5{rest} }}\nnetwork n {{\ninput(8)\nembedding({vocabulary}, 4)\ndense(9)\n\
             loss: cross_entropy\n}}\n"
        )
    };
    run(&text(10, ""));
    let told = mistakes(&text(9, ""));
    assert!(told.contains("E0604") && told.contains("9, which has no row in a table of 9"), "{told}");
    assert!(told.contains("a vocabulary of 10 or more"), "{told}");
    let told = mistakes(&text(10, "; scale: 1 / 2"));
    assert!(told.contains("1.5, which has no row") && told.contains("without `scale`"), "{told}");
}

#[test]
fn an_input_of_numbers_of_rows_has_no_gradient() {
    let run = run("network n { input(4); embedding(5, 3); loss: mse }");
    assert!(run.records.seeds[0].steps[0].input.is_none());
    assert!(!run.has("grads/input"));
}

#[test]
fn a_channel_is_dead_where_it_is_zero_at_every_place() {
    // beyond the example a kernel of 1 sees zeros only
    for (biases, dead) in [("zeros", 0.0), ("constant(-100)", 1.0)] {
        let run = run(&format!(
            "network borders {{ input(1, 4, 4); conv2d(6, 1, relu, pad: 3, biases: {biases}); loss: mse; weights: ones }}"
        ));
        assert_eq!(run.records.seeds[0].steps[0].layers[0].dead, Some(dead), "{biases}");
    }
}
