//! Training that was broken off goes on to the same bits; and files that are not what they should be.

use super::{Checkpointing, Head, KEY, checksum, of_seed, to_json};
use crate::diagnostics::Diagnostic;
use crate::jit::Features;
use crate::run::data;
use crate::run::data::testing::{Folder, checked};
use crate::run::record::{End, Records};
use crate::run::session::Executor;
use crate::run::{Progress, Settings, Shared, run};
use safetensors::SafeTensors;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

const EVERY: [(&str, &str); 6] = [
    ("f32", "optimizer: sgd(rate: 0.1, momentum: 0.9, nesterov: true); steps: 24"),
    ("f64", "optimizer: adam(rate: 0.01); epochs: 6; clip: norm(0.3)"),
    ("f32", "optimizer: adamw(rate: 0.01); steps: 24; schedule: step(every: 5, factor: 0.5)"),
    ("f64", "optimizer: rmsprop(rate: 0.01, momentum: 0.5); steps: 24; schedule: cosine(warmup: 3)"),
    ("f32", "optimizer: adagrad(rate: 0.1); steps: 24; decay: 0.01"),
    ("f32", "optimizer: lion(rate: 0.01); steps: 24; constrain: max_norm(1)"),
];

/// Four batches of twelve in an epoch, in an order of its own; three seeds.
fn net(precision: &str, train: &str, report: &str) -> String {
    format!(
        "data {{ source: gaussian(3, classes: 2); take: 64; split: 0.8; batch: 12; shuffle: true }}\n\
         network n {{ input(3)\n dense(4, tanh)\n batch_norm\n dropout(0.2)\n dense(4, tanh, frozen: true)\n dense(2)\n loss: cross_entropy\n \
         precision: {precision} }}\n\
         train {{ {train}; checkpoint: \"state.safetensors\" }}\nreport {{ {report} }}\n"
    )
}

const SEEDS: &str = "every: 7; seeds: [0, 3, 5]";
const ONE: &str = "every: 7";

fn settings(base: &Path, checkpoints: Checkpointing) -> Settings {
    Settings {
        base: base.to_owned(),
        seed: None,
        threads: NonZero::<usize>::MIN,
        memory_limit: 1 << 32,
        executor: Executor::Jit(Features { wide: true, native: true }),
        dump: None,
        save: Some(base.join("saved.safetensors")),
        stop: None,
        checkpoints,
        shared: Shared::default(),
    }
}

const OFF: Checkpointing = Checkpointing { write: false, resume: false, ticks: None };
const WRITE: Checkpointing = Checkpointing { write: true, ..OFF };
const RESUME: Checkpointing = Checkpointing { write: true, resume: true, ..OFF };

fn carry_out(text: &str, settings: &Settings) -> Result<Records, Vec<Diagnostic>> {
    let model = checked(text);
    let batch = data::inspect(&model, &settings.base).unwrap().batch;
    run(&model, settings, batch, &|_| {})
}

/// Breaks training off before an update of the first seed.
fn broken_off(text: &str, settings: &Settings, before: u64) -> Records {
    let stop: &'static AtomicBool = Box::leak(Box::default());
    let model = checked(text);
    let batch = data::inspect(&model, &settings.base).unwrap().batch;
    let progress = |progress: Progress| {
        if matches!(progress, Progress::Training { step, .. } if step == before) {
            stop.store(true, Ordering::Relaxed);
        }
    };
    run(&model, &Settings { stop: Some(stop), ..settings.clone() }, batch, &progress).unwrap()
}

#[track_caller]
fn refused(text: &str, folder: &Folder) -> Diagnostic {
    let mistakes = carry_out(text, &settings(folder.path(), RESUME)).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
    mistakes[0].clone()
}

fn saved(folder: &Folder) -> Vec<u8> {
    std::fs::read(folder.path().join("saved.safetensors")).unwrap()
}

#[test]
fn what_was_broken_off_anywhere_goes_on_to_the_same_bits() {
    for (precision, train) in EVERY {
        let text = net(precision, train, SEEDS);
        let whole = Folder::with(&[]);
        let expected = carry_out(&text, &settings(whole.path(), OFF)).unwrap();
        for before in [1, 6, 7, 13, 24] {
            let broken = Folder::with(&[]);
            let first = broken_off(&text, &settings(broken.path(), WRITE), before);
            let end = if before == 24 { End::Interrupted(24) } else { End::Interrupted(before) };
            assert_eq!(first.seeds[0].end, end);
            let resumed = carry_out(&text, &settings(broken.path(), RESUME)).unwrap();
            assert_eq!(format!("{resumed:?}"), format!("{expected:?}"), "{train}, before update {before}");
            assert_eq!(saved(&broken), saved(&whole), "{train}, before update {before}");
        }
    }
}

#[test]
fn a_finished_run_is_told_again_and_may_be_longer() {
    let text = |steps: u32| net("f32", &format!("optimizer: adam(rate: 0.01); steps: {steps}"), "at: [0, 10, last]");
    let (folder, whole) = (Folder::with(&[]), Folder::with(&[]));
    let first = carry_out(&text(20), &settings(folder.path(), WRITE)).unwrap();
    let again = carry_out(&text(20), &settings(folder.path(), RESUME)).unwrap();
    assert_eq!(format!("{first:?}"), format!("{again:?}"));
    let longer = carry_out(&text(30), &settings(folder.path(), RESUME)).unwrap();
    let expected = carry_out(&text(30), &settings(whole.path(), OFF)).unwrap();
    assert_eq!(format!("{longer:?}"), format!("{expected:?}"));
    assert_eq!(saved(&folder), saved(&whole));
    let shorter = refused(&text(25), &folder);
    assert_eq!(
        (shorter.code.0, shorter.notes[0].as_str()),
        ("E0611", "it has `30 updates`, this run has `25 updates`")
    );
}

#[test]
fn another_experiment_is_refused_with_what_differs() {
    let train = "optimizer: sgd(rate: 0.1); steps: 20";
    let text = net("f32", train, ONE);
    let folder = Folder::with(&[]);
    carry_out(&text, &settings(folder.path(), WRITE)).unwrap();
    let cases = [
        (text.replace("rate: 0.1", "rate: 0.2"), "rate: 0.2"),
        (text.replace("dense(4, tanh)\n", "dense(4, sigmoid)\n"), "sigmoid"),
        (text.replace("batch: 12", "batch: 6"), "batch: 6"),
        (text.replace("precision: f32", "precision: f64"), "f64"),
        (text.replace("cross_entropy", "cross_entropy(smoothing: 0.1)"), "0.1"),
        (text.replace("steps: 20", "steps: 20; decay: 0.1"), "decay: 0.1"),
        (text.replace("every: 7", "every: 5"), "step 5"),
    ];
    for (other, word) in cases {
        let told = refused(&other, &folder);
        let words = [told.message.clone(), told.notes.join("\n")].join("\n");
        assert!(told.code.0 == "E0611" && words.contains(word), "{words}");
    }
    let seed = Settings { seed: Some(4), ..settings(folder.path(), RESUME) };
    assert!(carry_out(&text, &seed).unwrap_err()[0].notes[0].contains("seed 4"));
    // What does not change the course of training is free.
    let judged = text.replace("every: 7", "every: 7; vanishing: 1e-5") + "expect not exploding\n";
    carry_out(&judged, &settings(folder.path(), RESUME)).unwrap();
}

#[test]
fn a_schedule_that_spreads_over_all_steps_does_not_grow() {
    let text = |steps: u32| net("f32", &format!("optimizer: sgd(rate: 0.1); steps: {steps}; schedule: cosine"), ONE);
    let folder = Folder::with(&[]);
    carry_out(&text(20), &settings(folder.path(), WRITE)).unwrap();
    carry_out(&text(20), &settings(folder.path(), RESUME)).unwrap();
    assert_eq!(refused(&text(30), &folder).notes, ["it has `steps: 20`, this run has `steps: 30`"]);
}

#[test]
fn other_examples_are_another_experiment() {
    let rows = |last: &str| format!("a,b\n0,1\n1,0\n2,{last}\n");
    let folder = Folder::with(&[("rows.csv", rows("3").as_bytes())]);
    let text = "data { source: csv(\"rows.csv\") }\nnetwork n { input(1)\n dense(1)\n loss: mse }\n\
                train { optimizer: sgd(rate: 0.1); steps: 3; checkpoint: \"state.safetensors\" }\n";
    carry_out(text, &settings(folder.path(), WRITE)).unwrap();
    std::fs::write(folder.path().join("rows.csv"), rows("4")).unwrap();
    assert!(refused(text, &folder).notes[0].contains("the data have changed"));
}

#[test]
fn a_loss_that_leaves_the_numbers_keeps_the_last_good_state() {
    let text = "data { source: gaussian(4); take: 16 }\n\
                network wild { input(4)\n repeat 3 { dense(8, relu) }\n dense(2)\n loss: mse\n weights: normal(0, 1) }\n\
                train { optimizer: sgd(rate: 50); steps: 100; checkpoint: \"state.safetensors\" }\n\
                report { every: 1 }\n";
    let folder = Folder::with(&[]);
    let first = carry_out(text, &settings(folder.path(), WRITE)).unwrap();
    let End::NotFinite(step) = first.seeds[0].end else { panic!("{:?}", first.seeds[0].end) };
    let (head, tensors) = parts(&std::fs::read(folder.path().join("state.safetensors")).unwrap());
    assert_eq!(head.step, step - 1);
    let weight = tensors["dense1.weight"].2.as_chunks::<4>().0;
    assert!(weight.iter().all(|bytes| f32::from_le_bytes(*bytes).is_finite()));
    let again = carry_out(text, &settings(folder.path(), RESUME)).unwrap();
    assert_eq!(format!("{first:?}"), format!("{again:?}"));
}

#[test]
fn parameters_are_found_under_their_own_names() {
    let folder = Folder::with(&[]);
    let text = net("f64", "optimizer: adam(rate: 0.01); steps: 4", ONE);
    carry_out(&text, &settings(folder.path(), WRITE)).unwrap();
    let (_, tensors) = parts(&std::fs::read(folder.path().join("state.safetensors")).unwrap());
    let names: Vec<&str> = tensors.keys().map(String::as_str).filter(|name| name.contains("dense2")).collect();
    // The frozen layer is there, and nothing is remembered of it.
    assert_eq!(names, ["dense2.bias", "dense2.weight"]);
    assert!(tensors.contains_key("optimizer/dense1.weight.exp_avg_sq"));
    let bytes = saved(&folder);
    let saved = SafeTensors::deserialize(&bytes).unwrap();
    // Updates are counted once in a checkpoint, not for each layer.
    for name in saved.names().into_iter().filter(|name| !name.ends_with("num_batches_tracked")) {
        assert_eq!(saved.tensor(name).unwrap().data(), tensors[name].2, "{name}");
    }
}

#[test]
fn a_frozen_layer_stays_as_it_was_drawn() {
    let folder = Folder::with(&[]);
    let train = |steps: u32| net("f32", &format!("optimizer: adam(rate: 0.1); steps: {steps}; clip: norm(1)"), ONE);
    let after = |steps: u32| {
        carry_out(&train(steps), &settings(folder.path(), WRITE)).unwrap();
        parts(&std::fs::read(folder.path().join("state.safetensors")).unwrap()).1
    };
    let (before, after) = (after(1), after(9));
    assert_eq!(before["dense2.weight"], after["dense2.weight"]);
    assert_ne!(before["dense1.weight"], after["dense1.weight"]);
}

/// Name, format, shape, bytes.
type Tensors = BTreeMap<String, (safetensors::Dtype, Vec<usize>, Vec<u8>)>;

fn parts(bytes: &[u8]) -> (Head, Tensors) {
    let (_, metadata) = SafeTensors::read_metadata(bytes).unwrap();
    let head = serde_json::from_str(&metadata.metadata().as_ref().unwrap()[KEY]).unwrap();
    let tensors = SafeTensors::deserialize(bytes).unwrap().tensors().into_iter();
    (head, tensors.map(|(name, view)| (name, (view.dtype(), view.shape().to_vec(), view.data().to_vec()))).collect())
}

/// A file whose checksum is right, whatever it holds.
fn forged(mut head: Head, tensors: &Tensors) -> Vec<u8> {
    let entries = tensors.iter().map(|(name, (dtype, shape, bytes))| (&**name, *dtype, &**shape, &**bytes));
    head.checksum = checksum(&head, entries);
    let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
        (name.clone(), safetensors::tensor::TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    safetensors::serialize(views, Some(HashMap::from([(KEY.to_owned(), to_json(&head))]))).unwrap()
}

#[test]
fn damaged_files_are_told_from_good_ones() {
    let text = net("f32", "optimizer: adam(rate: 0.01); steps: 9", ONE);
    let folder = Folder::with(&[]);
    carry_out(&text, &settings(folder.path(), WRITE)).unwrap();
    let path = folder.path().join("state.safetensors");
    let good = std::fs::read(&path).unwrap();
    let told = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        refused(&text, &folder).code.0
    };
    for length in [0, 7, 8, 100, good.len() / 2, good.len() - 1] {
        assert!(["E0602", "E0603"].contains(&told(&good[..length])), "cut at {length}");
    }
    assert_eq!(told(&[&good[..], b"x"].concat()), "E0603");
    // Each flipped bit is found, wherever it is.
    let stride = good.len() / 60;
    for at in (0..good.len()).step_by(stride).chain([good.len() - 1]) {
        let mut bytes = good.clone();
        bytes[at] ^= 1 << (at % 8);
        let code = told(&bytes);
        assert!(["E0602", "E0603", "E0611", "E0612"].contains(&code), "{at}: {code}");
    }
    let other = data::testing::safetensors(&[("x", "U8", "[2]", &[1, 2])]);
    assert_eq!(told(&other), "E0602", "another program's file");
    std::fs::write(&path, &good).unwrap();
    carry_out(&text, &settings(folder.path(), RESUME)).unwrap();
}

#[test]
fn forged_files_are_refused_where_they_contradict_themselves() {
    let text = net("f32", "optimizer: adam(rate: 0.01); steps: 9", ONE);
    let folder = Folder::with(&[]);
    carry_out(&text, &settings(folder.path(), WRITE)).unwrap();
    let path = folder.path().join("state.safetensors");
    let (head, tensors) = parts(&std::fs::read(&path).unwrap());
    let told = |head: Head, tensors: &Tensors| {
        std::fs::write(&path, forged(head, tensors)).unwrap();
        let told = refused(&text, &folder);
        (told.code.0, told.message)
    };
    let with = |change: &dyn Fn(&mut Tensors)| {
        let mut tensors = tensors.clone();
        change(&mut tensors);
        tensors
    };
    let without = |name: &str| with(&|tensors| drop(tensors.remove(name)));
    for (name, words) in [
        ("dense1.weight", "no tensor `dense1.weight` of shape [4, 3]"),
        ("optimizer/dense3.bias.exp_avg", "no tensor `optimizer/dense3.bias.exp_avg`"),
        ("gradc/losses", "losses"),
        ("gradc/reports", "reports"),
    ] {
        let (code, message) = told(head.clone(), &without(name));
        assert!(code == "E0612" && message.contains(words), "{message}");
    }
    let transposed = with(&|tensors| tensors.get_mut("dense1.weight").unwrap().1 = vec![3, 4]);
    assert!(told(head.clone(), &transposed).1.contains("no tensor `dense1.weight` of shape [4, 3]"));
    assert!(told(Head { step: 8, ..head.clone() }, &tensors).1.contains("losses"));
    assert!(told(Head { step: u64::MAX, ..head.clone() }, &tensors).1.contains("more updates"));
    assert!(told(Head { version: 2, ..head.clone() }, &tensors).1.contains("version 2"));
    // Reports of any bytes: refused, or read and gone on from; never more than that.
    let reports = &tensors["gradc/reports"].2;
    for at in (0..reports.len()).step_by(reports.len() / 30) {
        let changed = with(&|tensors| tensors.get_mut("gradc/reports").unwrap().2[at] ^= 0xFF);
        std::fs::write(&path, forged(head.clone(), &changed)).unwrap();
        if let Err(told) = carry_out(&text, &settings(folder.path(), RESUME)) {
            assert!(["E0611", "E0612"].contains(&told[0].code.0), "{told:?}");
        }
    }
}

#[test]
fn without_a_file_there_is_nothing_to_go_on_from() {
    let folder = Folder::with(&[]);
    let text = net("f32", "optimizer: sgd(rate: 0.1); steps: 9", SEEDS);
    let told = refused(&text, &folder);
    assert_eq!(told.code.0, "E0601");
    assert!(told.message.ends_with("state-seed0.safetensors`"), "{}", told.message);
    // Seeds that had not begun begin now.
    carry_out(&text, &settings(folder.path(), WRITE)).unwrap();
    std::fs::remove_file(folder.path().join("state-seed3.safetensors")).unwrap();
    carry_out(&text, &settings(folder.path(), RESUME)).unwrap();
    assert!(folder.path().join("state-seed3.safetensors").exists());
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_training() {
    let folder = Folder::with(&[("file", b"")]);
    let text = net("f32", "optimizer: sgd(rate: 0.1); steps: 9", ONE).replace("state.", "file/state.");
    let told = carry_out(&text, &settings(folder.path(), WRITE)).unwrap_err();
    assert_eq!(told[0].code.0, "E0609");
}

#[test]
fn each_of_several_seeds_has_a_file_of_its_own() {
    assert_eq!(of_seed("runs/state.safetensors", 3), "runs/state-seed3.safetensors");
    assert_eq!(of_seed("state", 12), "state-seed12");
    assert_eq!(of_seed("a.b.c", 0), "a.b-seed0.c");
}
