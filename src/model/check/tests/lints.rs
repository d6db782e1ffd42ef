//! What compiles and is probably not meant.

use super::mistakes;

fn network(body: &str) -> Vec<String> {
    mistakes(&format!("network n {{\ninput(4)\n{body}\n}}"))
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn linear_layers_in_a_row() {
    assert_eq!(network("dense(8); dense(3)"), ["W0001 dense(8)"]);
    assert_eq!(network("dense(8); flatten; dense(3)"), ["W0001 dense(8)"]);
    assert_eq!(network("dense(8, linear); dense(3)"), none());
    assert_eq!(network("dense(8); relu; dense(3)"), none());
    assert_eq!(network("repeat 3 { dense(8) }; dense(3, tanh)"), ["W0001 dense(8)"]);
    assert_eq!(network("repeat 3 { residual { dense(4, tanh); dense(4) } }; dense(3)"), none());
}

#[test]
fn what_the_loss_has_inside() {
    assert_eq!(network("dense(3, softmax); loss: cross_entropy"), ["W0002 softmax"]);
    assert_eq!(network("dense(3); log_softmax; loss: cross_entropy(smoothing: 0.1)"), ["W0002 log_softmax"]);
    assert_eq!(network("dense(3, sigmoid); loss: logistic"), ["W0002 sigmoid"]);
    assert_eq!(network("dense(3); sigmoid; loss: binary_cross_entropy"), ["W0002 sigmoid"]);
    assert_eq!(network("dense(3, sigmoid); loss: mse"), none());
    assert_eq!(network("dense(3, softmax); loss: mse"), none());
    assert_eq!(network("dense(3, tanh); loss: logistic"), none());
}

#[test]
fn units_that_start_equal() {
    assert_eq!(network("dense(8, tanh, weights: constant(0.5)); dense(3)"), ["W0003 constant(0.5)"]);
    assert_eq!(network("dense(8, tanh); dense(3); weights: zeros"), ["W0003 zeros"]);
    assert_eq!(network("dense(8, tanh); dense(3, weights: zeros)"), none());
    assert_eq!(network("dense(8, tanh, weights: ones, biases: normal(0, 1)); dense(3)"), none());
    assert_eq!(network("repeat 5 { dense(1, sigmoid) }; dense(1); weights: ones"), none());
}

#[test]
fn rules_that_do_not_suit() {
    assert_eq!(network("dense(8, relu); dense(3); weights: pytorch"), ["W0004 pytorch"]);
    assert_eq!(network("dense(8, relu); dense(3); weights: lecun_normal"), ["W0004 lecun_normal"]);
    assert_eq!(network("dense(8); relu; dense(3); weights: xavier_normal"), ["W0004 xavier_normal"]);
    assert_eq!(network("dense(8, tanh); dense(3); weights: pytorch"), ["W0004 pytorch"]);
    assert_eq!(network("dense(8, relu); dense(3); weights: he_uniform"), none());
    assert_eq!(network("dense(300, tanh); dense(3); weights: xavier_uniform"), none());
    assert_eq!(network("dense(8, selu); dense(3); weights: lecun_normal"), none());
    // None of the common rules keeps a gradient through sigmoids.
    assert_eq!(network("dense(8, sigmoid); dense(3); weights: nielsen"), none());
    // The default is told of where it costs a factor of ten.
    assert_eq!(network("dense(8, relu); dense(3)"), none());
    assert_eq!(network("repeat 9 { dense(8, relu) }; dense(3)"), ["W0004 dense(8, relu)"]);
    let expected = "network n { input(4); dense(8, relu); dense(3); weights: pytorch }\nexpect vanishing";
    assert_eq!(mistakes(expected), none());
}

#[test]
fn definitions_that_nothing_uses_and_that_hide_others() {
    let around = |item: &str, layer: &str| mistakes(&format!("{item}\nnetwork n {{ input(4); {layer} }}"));
    assert_eq!(around("param a = 1", "dense(3)"), ["W0005 a"]);
    assert_eq!(around("param _a = 1", "dense(3)"), none());
    assert_eq!(around("activation f(x) = x", "dense(3)"), ["W0005 f"]);
    assert_eq!(around("block b() { relu }", "dense(3)"), ["W0005 b"]);
    assert_eq!(around("init i() = zeros", "dense(3, weights: i)"), none());
    assert_eq!(around("activation selu(x) = x", "dense(3, selu)"), ["W0006 selu"]);
    assert_eq!(around("block mish() { relu }", "mish"), ["W0006 mish"]);
    assert_eq!(around("init orthogonal() = zeros", "dense(3, weights: orthogonal)"), ["W0006 orthogonal"]);
}
