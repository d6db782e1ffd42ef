//! What layers are called, and which layer a name means.

use super::{mistakes, model, names};

fn network(body: &str) -> String {
    format!("block unit(n) {{ h = dense(n, tanh); dense(4, tanh) }}\nnetwork n {{\ninput(4)\n{body}\n}}")
}

#[test]
fn unlabelled_layers_are_numbered_per_kind_through_repeats_blocks_and_branches() {
    let text = network(
        "dense(4, tanh)
         repeat 2 { residual { dense(4, tanh); relu } }
         unit(4)
         parallel(join: add) { branch { dense(4) }; branch { unit(4); elu(alpha: 2) } }
         dense(1)",
    );
    assert_eq!(
        names(&model(&text)),
        [
            "dense1",
            "residual1",
            "dense2",
            "relu1",
            "residual2",
            "dense3",
            "relu2",
            "unit1",
            "unit1.h",
            "dense4",
            "parallel1",
            "dense5",
            "unit2",
            "unit2.h",
            "dense6",
            "elu1",
            "dense7"
        ]
    );
}

#[test]
fn labelled_layers_are_not_counted() {
    let text = network("a = dense(4, tanh); unit(4); dense(4, tanh); b = dense(4, tanh); u = unit(3); dense(1)");
    let model = model(&text);
    assert_eq!(names(&model), ["a", "unit1", "unit1.h", "dense1", "dense2", "b", "u", "u.h", "dense3", "dense4"]);
}

#[test]
fn a_label_in_a_repeat_is_indexed_from_one_and_nested_ones_twice() {
    let text = network("repeat 2 { h1 = dense(4, tanh); repeat 2 as i { g = dense(4 * i, tanh) } }; unit(4); dense(1)");
    let model = model(&text);
    let all = names(&model);
    assert_eq!(all[..6], ["h1[1]", "g[1][1]", "g[1][2]", "h1[2]", "g[2][1]", "g[2][2]"]);
    assert_eq!(model.layers.as_slice()[5].shape.0, [8]);
}

#[test]
fn a_bare_label_means_this_turns_and_an_index_any_earlier_one() {
    let text = network(
        "repeat 3 as i {
           h = dense(4, tanh)
           dense(4, tanh)
           add(h)
           add(h[1])
         }
         add(h[3]); add(input); unit(4); add(unit1.h)",
    );
    let model = model(&text);
    let referred: Vec<String> = model
        .layers
        .iter()
        .filter(|layer| layer.kind_name == "add")
        .map(|layer| match layer.arguments.layer("layer") {
            Some(crate::model::signature::Reference::Layer(id)) => model.layers[id].name.clone(),
            _ => "input".to_owned(),
        })
        .collect();
    assert_eq!(referred, ["h[1]", "h[1]", "h[2]", "h[1]", "h[3]", "h[1]", "h[3]", "input", "unit1.h"]);
}

#[test]
fn repeats_run_over_lists_and_ranges_and_not_at_all() {
    let text = network(
        "repeat n in [8, 6] { dense(n, tanh) }; repeat k in 2..4 { dense(k, tanh) }; repeat 0 { dense(9) }; unit(4)",
    );
    let model = model(&text);
    let widths: Vec<usize> = model.layers.iter().take(4).map(|layer| layer.shape.0[0]).collect();
    assert_eq!(widths, [8, 6, 2, 3]);
    assert_eq!(names(&model)[4], "unit1");
}

#[test]
fn what_is_never_expanded_is_checked_all_the_same() {
    let text = network("repeat 0 { dense(4, tanhh) }; unit(4)");
    assert_eq!(mistakes(&text), ["E0201 tanhh"]);
    let unused = "block spare() { dense(4, tanhh) }\nnetwork n { input(4); dense(1) }";
    assert_eq!(mistakes(unused), ["W0005 spare", "E0201 tanhh"]);
}

#[test]
fn a_label_that_is_an_automatic_name_is_refused_and_only_then() {
    assert_eq!(mistakes(&network("unit(4); dense1 = dense(4, tanh); dense(4)")), ["E0206 dense1"]);
    assert_eq!(mistakes(&network("unit(4); dense9 = dense(4, tanh); dense(4)")), Vec::<String>::new());
}

#[test]
fn names_that_mean_no_layer_are_told_apart() {
    let of = |body: &str| mistakes(&network(&format!("unit(4)\n{body}")));
    assert_eq!(of("add(nowhere)"), ["E0205 nowhere"]);
    assert_eq!(of("repeat 2 { g = dense(4, tanh) }; add(g)"), ["E0205 g"]);
    assert_eq!(of("add(h)"), ["E0205 h"]);
    assert_eq!(of("add(later); later = dense(4)"), ["E0205 later"]);
    assert_eq!(of("r = residual { add(r) }"), ["E0205 r"]);
    assert_eq!(of("g = dense(4, tanh); g = dense(4, tanh)"), ["E0202 g"]);
}

#[test]
fn a_block_sees_its_parameters_and_not_the_labels_around_its_use() {
    let text = "block inner() { add(outside) }\nnetwork n { input(4); outside = dense(4, tanh); inner; dense(1) }";
    assert_eq!(mistakes(text), ["E0205 outside"]);
    let text = "block wide(n, act = relu) { dense(n, act); dense(n, act) }\nnetwork n { input(4); wide(3); wide(2, swish(beta: 2)); dense(1) }";
    let model = model(text);
    let activations: Vec<&str> =
        model.layers.iter().filter_map(|layer| Some(layer.activation.as_ref()?.name.as_str())).collect();
    assert_eq!(activations, ["relu", "relu", "swish(beta: 2)", "swish(beta: 2)"]);
}

#[test]
fn a_param_that_holds_an_activation_stands_as_a_layer() {
    let text = "param act = elu(alpha: 2)\nnetwork n { input(4); dense(4); act; dense(1) }";
    let model = model(text);
    assert_eq!(names(&model), ["dense1", "act1", "dense2"]);
    assert_eq!(model.layers.as_slice()[1].activation.as_ref().unwrap().name, "elu(alpha: 2)");
}
