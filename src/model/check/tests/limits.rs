//! No text makes the check slow, deep or hungry.

use super::{mistakes, mistakes_with};

fn layers(body: &str) -> Vec<String> {
    mistakes_with(&format!("network n {{\ninput(4)\n{body}\n}}"), &[], 1 << 30)
}

#[test]
fn a_layer_over_the_memory_limit_is_reported_once_and_left_out() {
    assert_eq!(layers("dense(1e12, tanh); dense(10)"), ["E0504 dense(1e12, tanh)"]);
    assert_eq!(layers("dense(1e300); dense(10)"), ["E0504 1e300"]);
    assert_eq!(layers("dense(inf)"), ["E0502 inf"]);
    assert_eq!(
        layers("dense(1e15, tanh); dense(1e15, tanh); dense(3)"),
        ["E0504 dense(1e15, tanh)", "E0504 dense(1e15, tanh)"]
    );
    assert_eq!(
        mistakes_with("network n { input(4e9, 4e9, 4e9); dense(1) }", &[], 1 << 30),
        ["E0504 input(4e9, 4e9, 4e9)"]
    );
    assert_eq!(layers("reshape(4e9, 4e9, 4e9)"), ["E0401 reshape(4e9, 4e9, 4e9)"]);
}

#[test]
fn layers_that_fit_one_by_one_may_not_fit_together() {
    let text = "data { source: gaussian(4); batch: 1 }\nnetwork n { input(4); repeat 30 { dense(1000, tanh) } }";
    assert_eq!(mistakes_with(text, &[], 100_000_000), ["E0504 n"]);
    assert_eq!(mistakes_with(text, &[], 1_000_000_000), Vec::<String>::new());
}

#[test]
fn too_many_layers_are_told_before_any_is_made() {
    assert_eq!(layers("repeat 1e9 { dense(4, tanh) }"), ["E0505 1e9"]);
    assert_eq!(layers("repeat 1000 { repeat 1000 { dense(4, tanh) } }"), ["E0505 1000"]);
    assert_eq!(layers("repeat 50000 { }; dense(1)"), Vec::<String>::new());
}

#[test]
fn blocks_that_double_end_at_the_limit() {
    let mut text = String::from("block b0() { tanh }\n");
    for level in 1..40 {
        text.push_str(&format!("block b{level}() {{ b{0}(); b{0}() }}\n", level - 1));
    }
    text.push_str("network n { input(4); b39() }");
    let found = mistakes(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("E0505"), "{found:?}");
}

#[test]
fn activations_that_double_end_at_the_limit() {
    let mut text = String::from("activation a0(x) = sin(x)\n");
    for level in 1..40 {
        text.push_str(&format!("activation a{level}(x) = a{0}(a{0}(x))\n", level - 1));
    }
    text.push_str("network n { input(4); a39 }");
    let found = mistakes(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("E0507"), "{found:?}");
}

#[test]
fn a_long_chain_of_definitions_neither_overflows_nor_is_accepted() {
    let mut text = String::from("activation a0(x) = sin(x)\ninit i0() = zeros\nblock b0() { tanh }\n");
    for level in 1..3000 {
        let below = level - 1;
        text.push_str(&format!(
            "activation a{level}(x) = a{below}(x)\ninit i{level}() = i{below}\nblock b{level}() {{ b{below} }}\n"
        ));
    }
    text.push_str("network n { input(4); dense(3, a2999, weights: i2999); b2999 }");
    let found = mistakes(&text);
    assert!(found.iter().any(|mistake| mistake.starts_with("E0507")), "{:?}", &found[..found.len().min(5)]);
}

#[test]
fn shared_arguments_are_evaluated_once() {
    // Each calls the next twice with the same argument: 2^60 evaluations if none were remembered.
    let mut text = String::from("activation a0(x) = sin(x)\n");
    for level in 1..60 {
        text.push_str(&format!("activation a{level}(x) = a{0}(x) + a{0}(x)\n", level - 1));
    }
    text.push_str("network n { input(4); a59 }");
    assert_eq!(mistakes(&text), Vec::<String>::new());
}

#[test]
fn a_deep_nest_of_blocks_is_told() {
    let mut text = String::from("block b0() { tanh }\n");
    for level in 1..400 {
        text.push_str(&format!("block b{level}() {{ residual {{ b{} }} }}\n", level - 1));
    }
    text.push_str("network n { input(4); b399 }");
    let found = mistakes(&text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("E0505"), "{found:?}");
}
