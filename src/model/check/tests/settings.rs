//! `data`, `train`, `report`, `sweep`: every key, and what is wrong with others.

use super::{mistakes, model};
use crate::model::{At, Seeds, SourceKind};

fn around(block: &str) -> Vec<String> {
    mistakes(&format!(
        "param w = 3\nparam act = relu\n{block}\nnetwork n {{ input(4); dense(w, act); dense(1); loss: mse }}"
    ))
}

#[test]
fn every_key_of_data_is_known() {
    let model = model(
        "data { source: csv(\"a.csv\", target: \"y\", header: true, window: 3); test: csv(\"b.csv\"); take: 100; skip: 2; batch: 10
                shuffle: true; scale: 1 / 255; normalize: standard; one_hot: false; split: 0.8; seed: 4 }
         network n { input(4); dense(1) }",
    );
    let data = model.data.unwrap();
    assert_eq!((data.take, data.skip, data.batch, data.shuffle), (Some(100), 2, Some(10), true));
    assert_eq!((data.scale, data.normalize, data.one_hot), (Some(1.0 / 255.0), true, Some(false)));
    assert_eq!((data.split, data.seed), (Some(0.8), 4));
    assert!(matches!(data.source.kind, SourceKind::Csv { window: Some(3), header: true, .. }));
    assert!(matches!(data.test.unwrap().kind, SourceKind::Csv { header: true, target: None, .. }));
}

#[test]
fn every_source_is_known() {
    for source in [
        "idx(\"a\", \"b\")",
        "csv(\"a\")",
        "npy(\"a\", \"b\")",
        "npz(\"a\", x: \"p\", y: \"q\")",
        "npz(\"a\")",
        "safetensors(\"a\", x: \"p\", y: \"q\")",
        "text(\"a\", window: 8)",
        "gaussian(4, classes: 3)",
        "moons(0.1)",
        "spirals(3, 0.1)",
        "xor",
        "parity(3)",
        "sine",
        "teacher(4, 8, 1, tanh)",
        "teacher(4, 1, activation: relu)",
        "adding(5)",
        "copy(5, 2)",
    ] {
        assert_eq!(around(&format!("data {{ source: {source} }}")), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn mistakes_in_data_are_told() {
    assert_eq!(around("data { }"), ["E0302 data"]);
    assert_eq!(around("data { source: xorr }"), ["E0201 xorr"]);
    assert_eq!(around("data { source: relu }"), ["E0304 relu"]);
    assert_eq!(around("data { source: 3 }"), ["E0303 3"]);
    assert_eq!(around("data { source: xor; source: xor }"), ["E0306 source"]);
    assert_eq!(around("data { source: xor; batchh: 3 }"), ["E0301 batchh"]);
    assert_eq!(around("data { source: xor; batch: 0 }"), ["E0503 0"]);
    assert_eq!(around("data { source: xor; split: 1.5 }"), ["E0503 1.5"]);
    assert_eq!(around("data { source: xor; shuffle: 1 }"), ["E0303 1"]);
    assert_eq!(around("data { source: xor; normalize: standrd }"), ["E0303 standrd"]);
    assert_eq!(around("data { source: gaussian }"), ["E0302 gaussian"]);
    assert_eq!(around("data { source: csv(3) }"), ["E0303 3"]);
    assert_eq!(around("data { source: teacher(4, tanh) }"), ["E0303 4"]);
    assert_eq!(around("data { source: parity(60) }"), ["E0503 60"]);
    assert_eq!(around("data { source: xor }\ndata { source: xor }"), ["E0202 data"]);
}

#[test]
fn every_key_of_train_is_known() {
    for train in [
        "optimizer: sgd(rate: 0.1); steps: 5",
        "optimizer: sgd(0.1, momentum: 0.9, nesterov: true); epochs: 5",
        "optimizer: adam(rate: 1e-3, beta1: 0.9, beta2: 0.99, eps: 1e-7); steps: 5; schedule: constant",
        "optimizer: adamw(rate: 1e-3, decay: 0.1); steps: 5; schedule: cosine(warmup: 10)",
        "optimizer: rmsprop(rate: 1e-3); steps: 5; schedule: step(every: 10, factor: 0.5)",
        "optimizer: adagrad(rate: 1e-3); steps: 5; schedule: exponential(0.9)",
        "optimizer: lion(rate: 1e-3); steps: 5; clip: norm(1); decay: 1e-4; constrain: max_norm(3)",
        "optimizer: lion(rate: 1e-3); steps: 5; clip: value(1); constrain: range(-1, 1); checkpoint: \"state\"",
    ] {
        assert_eq!(around(&format!("train {{ {train} }}")), Vec::<String>::new(), "{train}");
    }
}

#[test]
fn mistakes_in_train_are_told() {
    assert_eq!(around("train { steps: 5 }"), ["E0302 train"]);
    assert_eq!(around("train { optimizer: sgd(rate: 0.1) }"), ["E0302 train"]);
    assert_eq!(around("train { optimizer: sgd; steps: 5 }"), ["E0302 sgd"]);
    assert_eq!(around("train { optimizer: sgdd(rate: 1); steps: 5 }"), ["E0201 sgdd"]);
    assert_eq!(around("train { optimizer: sgd(rate: 0); steps: 5 }"), ["E0503 0"]);
    assert_eq!(around("train { optimizer: sgd(rate: 1, momentm: 0); steps: 5 }"), ["E0301 momentm"]);
    assert_eq!(around("train { optimizer: sgd(rate: 1); steps: 5; epochs: 2 }"), ["E0308 epochs"]);
    assert_eq!(around("train { optimizer: sgd(rate: 1); steps: 5; clip: 1 }"), ["E0303 1"]);
    assert_eq!(around("train { optimizer: sgd(rate: 1); steps: 5; constrain: range(1, -1) }"), ["E0503 range(1, -1)"]);
    assert_eq!(around("train { optimizer: sgd(rate: 1); stps: 5 }"), ["E0301 stps"]);
}

#[test]
fn every_key_of_report_is_known() {
    let model = model(
        "report { at: [0, 10, last]; every: 5; seeds: 2..5; dropout: off; curvature: on; vanishing: 1e-2; exploding: 10
                  dead: 0.4; saturated: 0.3; underflow: 0.2 }
         network n { input(4); dense(1) }",
    );
    let report = model.report;
    assert_eq!(report.at, Some(vec![At::Step(0), At::Step(10), At::Last]));
    assert_eq!((report.every, report.dropout, report.curvature), (Some(5), false, true));
    assert_eq!(report.seeds, Seeds::Listed(vec![2, 3, 4]));
    assert_eq!((report.vanishing, report.exploding), (1e-2, 10.0));
    assert_eq!((report.dead, report.saturated, report.underflow), (0.4, 0.3, 0.2));
}

#[test]
fn seeds_are_a_range_a_list_or_a_number() {
    let seeds =
        |value: &str| model(&format!("report {{ seeds: {value} }}\nnetwork n {{ input(4); dense(1) }}")).report.seeds;
    assert_eq!(seeds("3"), Seeds::Listed(vec![3]));
    assert_eq!(seeds("[5, 1]"), Seeds::Listed(vec![5, 1]));
    assert_eq!(around("report { seeds: 5..5 }"), ["E0503 5..5"]);
    assert_eq!(around("report { seeds: -1..5 }"), ["E0503 -1..5"]);
    assert_eq!(around("report { seeds: 0..1000000000 }"), ["E0503 0..1000000000"]);
    assert_eq!(around("report { seeds: many }"), ["E0201 many"]);
    assert_eq!(around("report { dropout: of }"), ["E0303 of"]);
    assert_eq!(around("report { at: [] }"), ["E0503 []"]);
    assert_eq!(around("report { at: -1 }"), ["E0503 -1"]);
    assert_eq!(around("report { vanishing: 2 }"), ["E0503 2"]);
}

#[test]
fn a_sweep_is_of_params_and_of_their_type() {
    let text = "param w = 3\nparam act = relu\nsweep { w: [2, 4]; act: [tanh, swish(beta: 2)] }\nnetwork n { input(4); dense(w, act) }";
    let sweep = model(text).sweep;
    let values: Vec<Vec<&str>> =
        sweep.iter().map(|axis| axis.values.iter().map(|value| value.value.as_str()).collect()).collect();
    assert_eq!(values, [vec!["2", "4"], vec!["tanh", "swish(beta: 2)"]]);
    assert_eq!(around("sweep { v: [1] }"), ["E0201 v"]);
    assert_eq!(around("sweep { w: [relu] }"), ["E0303 relu"]);
    assert_eq!(around("sweep { act: [he_normal] }"), ["E0303 he_normal"]);
    assert_eq!(around("sweep { w: 3 }"), ["E0303 3"]);
    assert_eq!(around("sweep { w: [] }"), ["E0503 []"]);
    assert_eq!(around("sweep { w: [1]; w: [2] }"), ["E0306 w"]);
}
