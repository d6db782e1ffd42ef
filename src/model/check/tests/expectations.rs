//! `expect`: what its names mean.

use super::{mistakes, model};
use crate::model::{Quantity, TensorName, Term, TermKind, VerdictWord};

const NETWORK: &str = "network n { input(4); dense(4, tanh); relu; repeat 2 { h = dense(4) }; residual(project: true) { dense(3, relu) }; softmax; loss: mse }\n";

fn around(expect: &str) -> Vec<String> {
    mistakes(&format!("{NETWORK}{expect}")).into_iter().filter(|mistake| !mistake.starts_with('W')).collect()
}

/// The condition of one expectation, and the name of the layer of an id.
fn condition(expect: &str) -> (TermKind, impl Fn(crate::graph::LayerId) -> String) {
    let model = model(&format!("{NETWORK}{expect}"));
    let kind = model.expectations[0].condition.kind.clone();
    (kind, move |id| model.layers[id].name.clone())
}

#[test]
fn every_form_is_understood() {
    for expect in [
        "expect healthy",
        "expect not vanishing and not exploding",
        "expect underflow or dead or saturated",
        "expect norm(dense1) < 1",
        "expect norm(dense1.gradient) < 2 * rms(h[2].bias) + 1",
        "expect norm(input) > 0",
        "expect norm(first.weight) > norm(last.weight)",
        "expect norm(residual1.weight) > 0 and norm(residual1.output) > 0",
        "expect zeros(relu1.output) == 0.5",
        "expect saturated(dense1) < 0.5 and dead(relu1) <= 0.1",
        "expect ratio in 0.1..10 at 0",
        "expect loss < 2 at first",
        "expect accuracy >= 0.5 at last",
        "expect abs(loss - 3.2) < sqrt(0.01)",
        "expect if dead(relu1) < 0.5 then healthy else dead",
    ] {
        assert_eq!(around(expect), Vec::<String>::new(), "{expect}");
    }
}

#[test]
fn names_mean_layers_and_their_gradients() {
    let (kind, name) = condition("expect norm(first.bias) < 0.1 * norm(h[2].weight)");
    let TermKind::Compare(_, left, right) = kind else { panic!("{kind:?}") };
    let TermKind::Quantity(Quantity::Norm(TensorName::Bias(first))) = left.kind else { panic!("{left:?}") };
    assert_eq!(name(first), "dense1");
    let TermKind::Function(function, arguments) = right.kind else { panic!("{right:?}") };
    let [Term { kind: TermKind::Quantity(Quantity::Norm(TensorName::Weight(second))), .. }] = arguments[..] else {
        panic!("{arguments:?}")
    };
    assert_eq!(name(second), "h[2]");
    assert_eq!(function.evaluate(&[3.0_f64]), [0.1 * 3.0]);
}

#[test]
fn verdicts_are_words() {
    let (kind, _) = condition("expect not vanishing");
    let TermKind::Not(word) = kind else { panic!("{kind:?}") };
    assert!(matches!(word.kind, TermKind::Word(VerdictWord::Vanishing)));
}

#[test]
fn mistakes_are_told() {
    assert_eq!(around("expect vanishng"), ["E0201 vanishng"]);
    assert_eq!(around("expect norm(dense9.bias) < 1"), ["E0205 dense9"]);
    assert_eq!(around("expect norm(h.bias) < 1"), ["E0205 h"]);
    assert_eq!(around("expect norm(h[3].bias) < 1"), ["E0205 h[3]"]);
    assert_eq!(around("expect norm(dense1.wieght) < 1"), ["E0205 wieght"]);
    assert_eq!(around("expect norm(relu1.weight) < 1"), ["E0309 relu1.weight"]);
    assert_eq!(around("expect norm(relu1) < 1"), ["E0309 relu1"]);
    assert_eq!(around("expect norm(residual1.bias) < 1"), ["E0309 residual1.bias"]);
    assert_eq!(around("expect dead(h[1]) < 1"), ["E0309 h[1]"]);
    assert_eq!(around("expect dead(softmax1) < 1"), ["E0309 softmax1"]);
    assert_eq!(around("expect nrom(dense1) < 1"), ["E0201 nrom"]);
    assert_eq!(around("expect norm(dense1, 2) < 1"), ["E0305 norm(dense1, 2)"]);
    assert_eq!(around("expect norm(3) < 1"), ["E0303 3"]);
    assert_eq!(around("expect dense1 < 1"), ["E0303 dense1"]);
    assert_eq!(around("expect vanishing < 1"), ["E0303 vanishing"]);
    assert_eq!(around("expect loss"), ["E0303 loss"]);
    assert_eq!(around("expect 3"), ["E0303 3"]);
    assert_eq!(around("expect loss < true"), ["E0303 true"]);
    assert_eq!(around("expect healthy at 5"), ["E0310 5"]);
    assert_eq!(around("expect healthy at 1.5"), ["E0502 1.5"]);
    assert_eq!(around("expect wat < 1"), ["E0201 wat"]);
}

#[test]
fn an_expectation_is_held_to_a_step_that_is_reported() {
    let with = |train: &str, at: &str| around(&format!("{train}\nexpect healthy at {at}"));
    let train = "train { optimizer: sgd(rate: 1); steps: 50 }";
    assert_eq!(with(train, "0"), Vec::<String>::new());
    assert_eq!(with(train, "50"), Vec::<String>::new());
    assert_eq!(with(train, "10"), ["E0310 10"]);
    assert_eq!(with(&format!("{train}\nreport {{ every: 5 }}"), "10"), Vec::<String>::new());
    assert_eq!(with(&format!("{train}\nreport {{ every: 5 }}"), "60"), ["E0310 60"]);
    assert_eq!(with(&format!("{train}\nreport {{ at: [0, 7] }}"), "7"), Vec::<String>::new());
}
