//! Every layer kind of the catalogue: its gradients are its differences, and the interpreter's bits. A new kind is held to it
//! through a case here; without one the test fails.

use crate::experiment::{Means, carry_out, sound};
use crate::probe::{Compared, Probe, model};
use gradc::jit::Features;
use gradc::model::layers::CATALOG;
use gradc::run::session::Executor;

const JIT: Executor = Executor::Jit(Features { wide: true, native: true });

/// For each kind the bodies of networks that need nothing else of note, without a loss: together they use every argument.
const CASES: &[(&str, &[&str])] = &[
    ("input", &["input(3, 2)"]),
    (
        "dense",
        &[
            "input(5); dense(4, tanh); dense(3, biases: none)",
            "input(3, 4); dense(5); softmax",
            "input(2, 3, 4); dense(4); log_softmax; tanh",
        ],
    ),
    (
        "conv1d",
        &[
            "input(3, 11); conv1d(4, 3, tanh); conv1d(6, [4], stride: 2, pad: 1, dilation: 2)",
            "input(4, 9); conv1d(6, 2, swish, pad: same, groups: 2); conv1d(6, 1, biases: none, groups: 6)",
        ],
    ),
    (
        "conv2d",
        &[
            "input(2, 6, 7); conv2d(4, 3, tanh); conv2d(3, [1, 2], stride: [2, 1], pad: [0, 1], dilation: [1, 2])",
            "input(4, 5, 5); conv2d(6, [3, 2], softplus, pad: same, groups: 2); conv2d(2, 5, biases: none)",
        ],
    ),
    (
        "max_pool",
        &[
            "input(2, 9); max_pool(3, stride: 2, pad: 1)",
            "input(2, 6, 7); max_pool([2, 3], stride: [1, 2], pad: [1, 0])",
        ],
    ),
    (
        "avg_pool",
        &["input(2, 9); avg_pool(4, pad: 2)", "input(2, 6, 7); avg_pool([2, 3], stride: [2, 1], pad: [0, 1])"],
    ),
    ("global_avg_pool", &["input(3, 4); global_avg_pool", "input(3, 4, 2); global_avg_pool"]),
    ("embedding", &["input(4); embedding(7, 3); dense(2, tanh)"]),
    ("dropout", &["input(3, 4); dropout(0.4)"]),
    (
        "batch_norm",
        &[
            "input(5); dense(4); batch_norm",
            "input(3, 4); batch_norm(weights: normal(1, 0.3), biases: normal(0, 1))",
            "input(2, 3, 4); batch_norm; tanh",
        ],
    ),
    (
        "group_norm",
        &["input(6); group_norm(2); tanh", "input(4, 3, 2); group_norm(2, weights: normal(1, 0.3)); sigmoid"],
    ),
    (
        "layer_norm",
        &["input(7); layer_norm; tanh", "input(3, 6); layer_norm(weights: normal(1, 0.3), biases: none); tanh"],
    ),
    ("rms_norm", &["input(3, 6); rms_norm(weights: normal(1, 0.3)); tanh"]),
    (
        "attention",
        &[
            "input(5, 6); attention(2)",
            "input(5, 6); attention(3, causal: true, weights: normal(0, 0.7), biases: normal(0, 1))",
            "input(1, 4); attention(1, biases: none)",
        ],
    ),
    ("positional", &["input(4, 5); positional(sinusoidal); tanh", "input(4, 5); positional(learned); tanh"]),
    ("rnn", &["input(5, 3); rnn(4); rnn(3, sin)", "input(5, 3); rnn(4, biases: none); last_step"]),
    ("gru", &["input(5, 3); gru(4); gru(2)", "input(1, 3); gru(4, biases: none)"]),
    ("lstm", &["input(5, 3); lstm(4); lstm(2)", "input(4, 2); lstm(3, biases: none); last_step"]),
    ("last_step", &["input(4, 5); dense(3, tanh); last_step"]),
    ("flatten", &["input(2, 3, 2); flatten"]),
    ("reshape", &["input(12); reshape(2, 3, 2)"]),
    ("transpose", &["input(3, 5); transpose; dense(2, tanh)", "input(2, 3, 5); transpose; conv2d(2, [4, 2])"]),
    ("residual", &["input(4); residual { dense(4, tanh) }; residual(project: true) { dense(3, tanh) }"]),
    (
        "parallel",
        &[
            "input(4); parallel(axis: 0) { branch { dense(3, tanh) }; branch { dense(2) } }; parallel(join: add) { branch { dense(5) }; branch { tanh } }",
        ],
    ),
    ("branch", &["input(4); parallel { branch { tanh }; branch { } }"]),
    ("add", &["input(4); a = dense(4, tanh); dense(4, sin); add(a); add(input)"]),
    ("concat", &["input(2, 3); a = dense(3, tanh); dense(3, sin); concat(a); concat(a, axis: 1)"]),
];

/// The network of a body, whose prediction is bent once more so that no derivative is the same everywhere.
fn text(body: &str, precision: &str) -> String {
    format!(
        "loss bent(y, t) = sin(1.3 * y) + 0.2 * (y - t) ^ 2\nnetwork case {{\n{body}\ngelu\nloss: bent\n\
         weights: normal(0, 0.8)\nbiases: normal(0, 0.4)\nprecision: {precision}\n}}\n"
    )
}

#[test]
fn every_kind_has_a_case() {
    for kind in CATALOG {
        let cases = CASES.iter().find(|(name, _)| *name == kind.name);
        let (_, bodies) = cases.unwrap_or_else(|| panic!("`{}` needs a case in CASES", kind.name));
        for parameter in kind.parameters.iter().filter(|parameter| !parameter.positional) {
            let named = format!("{}:", parameter.name);
            assert!(bodies.iter().any(|body| body.contains(&named)), "no case of `{}` says `{named}`", kind.name);
        }
    }
    for (name, bodies) in CASES {
        assert!(CATALOG.iter().any(|kind| kind.name == *name), "`{name}` is no kind");
        assert!(bodies.iter().all(|body| body.contains(name)), "a case of `{name}` is without it");
    }
}

#[test]
fn the_gradients_of_every_kind_are_its_differences() {
    for (kind, bodies) in CASES {
        for body in *bodies {
            let model = model(&text(body, "f64"));
            let mut probe = Probe::filled(&model, JIT, 0);
            for leaf in probe.leaves().iter().filter(|leaf| *leaf != "data/t" && !leaf.starts_with("masks/")) {
                if leaf == "data/x" && model.integer_input {
                    continue;
                }
                let compared: Vec<Compared> = (0..4).map(|seed| probe.compare(leaf, seed)).collect();
                assert!(compared.contains(&Compared::Agree), "{kind}, {leaf}: {compared:?}\n{body}");
                let disagrees = compared.iter().any(|compared| matches!(compared, Compared::Disagree(_)));
                assert!(!disagrees, "{kind}, {leaf}: {compared:?}\n{body}");
            }
        }
    }
}

#[test]
fn every_kind_gives_the_interpreters_bits() {
    for (kind, bodies) in CASES {
        for body in *bodies {
            let checked = sound(&text(body, "f32"), ".");
            let by = |threads, executor| carry_out(&checked, ".", Means { threads, executor }).dump();
            let expected = by(1, Executor::Interpreter);
            assert!(by(1, JIT) == expected, "{kind}\n{body}");
            assert!(by(3, JIT) == expected, "{kind}, three threads\n{body}");
        }
    }
}
