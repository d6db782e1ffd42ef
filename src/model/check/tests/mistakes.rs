//! Every mistake is reported, with its own characters, and no consequence of one.

use super::{mistakes, mistakes_with, model, model_with};
use crate::model::{Initializer, LossTerm, TargetKind};

/// A sound network around layers.
fn layers(body: &str) -> Vec<String> {
    mistakes(&format!("network n {{\ninput(4)\n{body}\n}}"))
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn arguments_are_matched_by_position_then_by_name() {
    assert_eq!(layers("dense(activation: tanh, units: 3)"), none());
    assert_eq!(layers("dense()"), ["E0302 dense()"]);
    assert_eq!(layers("dense"), ["E0302 dense"]);
    assert_eq!(layers("dense(3, tanh, 5)"), ["E0305 5"]);
    assert_eq!(layers("dense(3, unts: 4)"), ["E0301 unts"]);
    assert_eq!(layers("dense(unts: 4)"), ["E0301 unts"]);
    assert_eq!(layers("dense(3, units: 4)"), ["E0306 3"]);
    assert_eq!(layers("dense(units: 3, units: 4)"), ["E0306 units"]);
    assert_eq!(layers("flatten(3)"), ["E0305 3"]);
    assert_eq!(layers("relu(0.1)"), ["E0305 0.1"]);
    assert_eq!(layers("leaky_relu(slop: 0.1)"), ["E0301 slop"]);
}

#[test]
fn values_have_types_and_ranges() {
    assert_eq!(layers("dense(true)"), ["E0303 true"]);
    assert_eq!(layers("dense(\"3\")"), ["E0303 \"3\""]);
    assert_eq!(layers("dense(3, 4)"), ["E0303 4"]);
    assert_eq!(layers("dense(relu)"), ["E0303 relu"]);
    assert_eq!(layers("dense(3, weights: 0.1)"), ["E0303 0.1"]);
    assert_eq!(layers("dense(3, frozen: 1)"), ["E0303 1"]);
    assert_eq!(layers("dense(2.5)"), ["E0502 2.5"]);
    assert_eq!(layers("dense(0)"), ["E0503 0"]);
    assert_eq!(layers("dense(-3)"), ["E0503 -3"]);
    assert_eq!(layers("dense(1 / 0)"), ["E0501 1 / 0"]);
    assert_eq!(layers("dense(0 / 0)"), ["E0501 0 / 0"]);
    assert_eq!(layers("dense(log(-1))"), ["E0501 log(-1)"]);
    assert_eq!(layers("dense(3, weights: normal(0, -1))"), ["E0503 -1"]);
    assert_eq!(layers("dense(3, weights: uniform(1, 0))"), ["E0503 uniform(1, 0)"]);
    assert_eq!(layers("dense(3, biases: orthogonal)"), ["E0304 orthogonal"]);
    assert_eq!(layers("dense(3, biases: auto)"), ["E0304 auto"]);
    assert_eq!(layers("dense(3, weights: sparse(5, 1))"), ["E0503 sparse(5, 1)"]);
}

#[test]
fn a_name_of_another_role_is_told_from_an_unknown_one() {
    assert_eq!(layers("dense(3, he_normal)"), ["E0304 he_normal"]);
    assert_eq!(layers("dense(3, weights: relu)"), ["E0304 relu"]);
    assert_eq!(layers("he_normal"), ["E0304 he_normal"]);
    assert_eq!(layers("loss: relu"), ["E0304 relu"]);
    assert_eq!(layers("dense(3, reluu)"), ["E0201 reluu"]);
    assert_eq!(layers("dens(3)"), ["E0201 dens"]);
    assert_eq!(layers("loss: msee"), ["E0201 msee"]);
    assert_eq!(layers("weights: he_norml"), ["E0201 he_norml"]);
    assert_eq!(layers("wieghts: he_normal"), ["E0301 wieghts"]);
    assert_eq!(layers("precision: f16"), ["E0303 f16"]);
    assert_eq!(layers("dense(fan_in)"), ["E0201 fan_in"]);
}

#[test]
fn layers_stand_where_they_belong() {
    assert_eq!(layers("input(3)"), ["E0307 input(3)"]);
    assert_eq!(layers("branch { relu }"), ["E0307 branch"]);
    assert_eq!(layers("parallel { relu }"), ["E0307 relu"]);
    assert_eq!(layers("parallel { }"), ["E0302 parallel"]);
    assert_eq!(layers("residual"), ["E0302 residual"]);
    assert_eq!(layers("relu { dense(3) }"), ["E0307 { dense(3) }"]);
    assert_eq!(layers("residual { loss: mse }"), ["E0307 loss"]);
    assert_eq!(mistakes("network n { dense(3) }"), ["E0302 n"]);
    assert_eq!(mistakes("network n { dense(3); input(4) }"), ["E0307 input(4)"]);
    assert_eq!(mistakes("network n { x = input(4) }"), ["E0307 x"]);
    assert_eq!(mistakes("network n { input(4) }\nnetwork m { input(4) }"), ["E0202 m"]);
    assert_eq!(mistakes(""), ["E0207 "]);
    assert_eq!(mistakes("param a = 1"), ["W0005 a", "E0207 "]);
}

#[test]
fn shapes_are_reported_where_they_clash_and_not_behind() {
    assert_eq!(layers("reshape(3)"), ["E0401 reshape(3)"]);
    assert_eq!(layers("residual { dense(5) }; dense(3)"), ["E0402 residual"]);
    assert_eq!(layers("residual(project: true) { dense(5, tanh) }; dense(3)"), none());
    assert_eq!(layers("h = dense(5, tanh); dense(3); add(h); dense(1)"), ["E0402 add(h)"]);
    assert_eq!(
        layers("parallel(join: add) { branch { dense(5) }; branch { dense(6) } }; reshape(7)"),
        ["E0402 parallel(join: add)"]
    );
    assert_eq!(layers("parallel { branch { dense(5) }; branch { dense(6) } }; reshape(11)"), none());
    // After the first mistake nothing is known of the shape, and the second is one for sure.
    assert_eq!(layers("reshape(3); flatten; dense(5); reshape(6)"), ["E0401 reshape(3)", "E0401 reshape(6)"]);
    assert_eq!(layers("residual { dense(5) }; reshape(3)"), ["E0402 residual", "E0401 reshape(3)"]);
}

#[test]
fn no_consequence_of_a_mistake_is_reported() {
    // A param that is broken, and all that speaks of it.
    let text =
        "param w = 1 / 0\nparam v = w + 1\nnetwork n { input(4); dense(w); dense(v, tanh); residual { dense(v) } }";
    assert_eq!(mistakes(text), ["E0501 1 / 0"]);
    // A definition that is broken, and its uses.
    let text =
        "activation f(x) = x + y\nactivation g(x) = f(x)\nnetwork n { input(4); dense(3, f); g; dense(2, f(p: 3)) }";
    assert_eq!(mistakes(text)[0], "E0201 y");
    // A layer that is none: what follows may be numbered otherwise.
    let text = "network n { input(4); dnse(3); dense(2) }\nexpect norm(dense2.bias) < 1\nexpect norm(h) < 1";
    assert_eq!(mistakes(text), ["E0201 dnse", "E0205 h"]);
    // A repeat of unknown length.
    let text = "network n { input(4); repeat k { h = dense(4, tanh) }; add(h[3]) }\nexpect norm(h[9]) < 1";
    assert_eq!(mistakes(text), ["E0201 k"]);
    // A statement that does not parse.
    let text = "network n {\ninput(4)\nskip = dense(8 tanh)\nadd(skip)\nresidual { dense(5) }\n}\nexpect norm(dense2.bias) < 1";
    let found = mistakes(text);
    assert_eq!(found.len(), 1, "{found:?}");
    // An unknown key and what seems to be missing.
    let text = "data { sorce: xor }\nnetwork n { input(2); dense(1) }";
    assert_eq!(mistakes(text), ["E0301 sorce"]);
    // A broken block.
    let text = "block b(n) { dense(n, tanhh) }\nnetwork n { input(2); b(3); b(4); dense(1) }";
    assert_eq!(mistakes(text), ["E0201 tanhh"]);
}

#[test]
fn definitions_are_checked_for_themselves() {
    let around = |item: &str| {
        let found = mistakes(&format!("{item}\nnetwork n {{ input(4); dense(3) }}"));
        found.into_iter().filter(|mistake| !mistake.starts_with('W')).collect::<Vec<_>>()
    };
    assert_eq!(around("activation f() = 1"), ["E0302 f"]);
    assert_eq!(around("loss f(y) = y"), ["E0302 f"]);
    assert_eq!(around("activation f(x = 1) = x"), ["E0308 1"]);
    assert_eq!(around("activation f(x, x) = x"), ["E0202 x"]);
    assert_eq!(around("activation f(x) = x > 0"), ["E0303 x > 0"]);
    assert_eq!(around("activation f(x) = if x then 1 else 0"), ["E0303 x"]);
    assert_eq!(around("activation f(x) = f(x)"), ["E0203 f"]);
    assert_eq!(around("activation f(x) = g(x)\nactivation g(x) = f(x)"), ["E0203 f"]);
    assert_eq!(around("activation f(x) = softmax(x)"), ["E0311 softmax(x)"]);
    assert_eq!(around("loss f(y, t) = softmax(2 * y)"), ["E0311 2 * y"]);
    assert_eq!(around("activation f(x) = sqrt(x, 2)"), ["E0305 sqrt(x, 2)"]);
    assert_eq!(around("activation f(x) = max(x)"), ["E0302 max(x)"]);
    assert_eq!(around("activation f(x) = x * fan_in"), ["E0201 fan_in"]);
    assert_eq!(around("activation f(x) = x * outputs"), ["E0201 outputs"]);
    assert_eq!(around("init f(fan_in = 1) = constant(fan_in)"), ["E0204 fan_in"]);
    assert_eq!(around("init f() = 3"), ["E0303 3"]);
    assert_eq!(around("init f() = g()\ninit g() = f()"), ["E0203 f"]);
    assert_eq!(around("block b() { b() }"), ["E0203 b"]);
    assert_eq!(around("param fan_in = 3"), ["E0204 fan_in"]);
    assert_eq!(around("activation dense(x) = x"), ["E0204 dense"]);
    assert_eq!(around("block conv2d() { relu }"), ["E0204 conv2d"]);
    assert_eq!(around("activation f(x) = x\nactivation f(x) = x"), ["E0202 f"]);
    assert_eq!(around("activation f(x) = x\nparam f = 1"), ["E0202 f"]);
    assert_eq!(around("param a = b\nparam b = 1"), ["E0201 b"]);
    assert_eq!(around("param a = bb"), ["E0201 bb"]);
    assert_eq!(around("param a = swish(bta: 2)"), ["E0301 bta"]);
    assert_eq!(around("param a = normal(0)"), ["E0302 normal(0)"]);
}

#[test]
fn a_branch_that_is_not_taken_may_hold_values_that_cannot_be() {
    let text = "param n = 0\nparam k = if n > 0 then 1 / n else 2\nnetwork n { input(4); dense(k) }";
    assert_eq!(mistakes(text), none());
    assert_eq!(mistakes(&text.replace("1 / n", "1 / m")), ["E0201 m"]);
}

#[test]
fn set_replaces_the_value_of_a_param_and_of_params_only() {
    const TEXT: &str = "param w = 3\nparam act = relu\nparam rule = he_normal\nnetwork n { input(4); dense(w, act, weights: rule); dense(2 * w) }";
    let model = model_with(TEXT, &[("w", "2 + 3"), ("act", "swish(beta: 2)"), ("rule", "normal(0, 1 / fan_in)")]);
    assert_eq!(model.output.0, [10]);
    assert_eq!(model.layers.as_slice()[0].activation.as_ref().unwrap().name, "swish(beta: 2)");
    assert_eq!(model.parameters.as_slice()[0].initializer, Initializer::Normal { mean: 0.0, std: 0.25 });
    let with = |set: &[(&str, &str)]| mistakes_with(TEXT, set, u64::MAX);
    assert_eq!(with(&[("width", "3")]), ["E0201 width"]);
    assert_eq!(with(&[("w", "relu")]), ["E0303 relu"]);
    assert_eq!(with(&[("act", "he_normal")]), ["E0303 he_normal"]);
    assert_eq!(with(&[("w", "1 / 0")]), ["E0501 1 / 0"]);
    assert_eq!(with(&[("w", "3\nparam x = 4")]).len(), 1);
    assert!(!with(&[("w", "3 3")]).is_empty());
}

#[test]
fn settings_of_the_network_reach_the_layers_and_a_layers_own_come_first() {
    let text = "network n {
        input(4)
        dense(8, tanh)
        dense(6, tanh, weights: constant(2), biases: none, frozen: true)
        residual(project: true, weights: ones) { dense(3) }
        weights: normal(0, 1 / sqrt(fan_in * layer_count))
        biases: uniform(-fan_out, fan_avg)
        precision: f64
    }";
    let model = model(text);
    let drawn: Vec<(&str, &Initializer)> =
        model.parameters.iter().map(|parameter| (parameter.name.as_str(), &parameter.initializer)).collect();
    assert_eq!(
        drawn,
        [
            ("weight", &Initializer::Normal { mean: 0.0, std: 0.25 }),
            ("bias", &Initializer::Uniform { low: -8.0, high: 6.0 }),
            ("weight", &Initializer::Constant(2.0)),
            ("weight", &Initializer::Constant(1.0)),
            ("weight", &Initializer::Normal { mean: 0.0, std: 1.0 / 24.0_f64.sqrt() }),
            ("bias", &Initializer::Uniform { low: -3.0, high: 4.5 }),
        ]
    );
    assert_eq!(model.layers.iter().filter(|layer| layer.frozen).count(), 1);
    assert_eq!(model.parameters.as_slice()[3].shape.0, [3, 6]);
}

#[test]
fn the_defaults_are_xavier_uniform_and_zeros() {
    let model = model("network n { input(4); dense(2) }");
    let bound = (3.0_f64 / 3.0).sqrt();
    assert_eq!(model.parameters.as_slice()[0].initializer, Initializer::Uniform { low: -bound, high: bound });
    assert_eq!(model.parameters.as_slice()[1].initializer, Initializer::Constant(0.0));
}

#[test]
fn what_a_loss_takes_follows_from_its_definition() {
    let target = |loss: &str| {
        let model = model(&format!(
            "loss own(y, t) = -t * log(softmax(y))\nloss signs(y, sign) = y * sign\nnetwork n {{ input(4); dense(3); loss: {loss} }}"
        ));
        let loss = model.loss.unwrap();
        (loss.target, loss.terms)
    };
    use LossTerm::{LogSoftmax, Prediction, Softmax, Target};
    assert_eq!(target("mse"), (TargetKind::Values, vec![Prediction, Target]));
    assert_eq!(target("cross_entropy"), (TargetKind::Classes, vec![Prediction, Target, LogSoftmax]));
    assert_eq!(target("own"), (TargetKind::Classes, vec![Prediction, Target, Softmax]));
    assert_eq!(target("hinge"), (TargetKind::Signs, vec![Prediction, Target]));
    assert_eq!(target("signs"), (TargetKind::Signs, vec![Prediction, Target]));
}

#[test]
fn the_prelude_is_not_changed_by_what_hides_it() {
    let text = "init normal(mean, std) = constant(7)\nactivation sigmo(x) = x\nnetwork n { input(4); dense(2, weights: he_normal, biases: normal(0, 1)) }";
    let (found, model) = (mistakes(text), model(text));
    assert!(found.contains(&"W0006 normal".to_owned()), "{found:?}");
    let [weight, bias] = model.parameters.as_slice() else { panic!("a dense layer has two") };
    assert!(matches!(weight.initializer, Initializer::Normal { .. }), "{:?}", weight.initializer);
    assert_eq!(bias.initializer, Initializer::Constant(7.0));
}
