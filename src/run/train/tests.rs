//! Training against laws that are known, and its parts against each other.

use super::{Batches, Trainer, reported, steps};
use crate::jit::{Features, Threads};
use crate::kernel::memory::Memory;
use crate::model::Model;
use crate::run::data::testing::{Folder, checked};
use crate::run::data::{self, Dataset};
use crate::run::initialize::Initial;
use crate::run::record::{End, Records, SeedRecords};
use crate::run::session::Executor;
use crate::run::shared::Shared;
use crate::run::tensor::Tensor;
use crate::run::{Checkpointing, Settings, run};
use crate::scalar::mathematics::exp;
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::AtomicBool;

const JIT: Executor = Executor::Jit(Features { wide: true, native: true });

fn settings(base: &Path, executor: Executor, threads: usize) -> Settings {
    Settings {
        base: base.to_owned(),
        seed: None,
        threads: NonZero::new(threads).unwrap(),
        memory_limit: 1 << 32,
        executor,
        dump: None,
        save: None,
        stop: None,
        checkpoints: Checkpointing::default(),
        shared: Shared::default(),
    }
}

fn records(text: &str, settings: &Settings) -> Records {
    let model = checked(text);
    let batch = data::inspect(&model, &settings.base).unwrap().batch;
    run(&model, settings, batch, &|_| {}).unwrap()
}

fn trained(text: &str, base: &Path) -> SeedRecords {
    records(text, &settings(base, JIT, 1)).seeds.remove(0)
}

#[test]
fn nielsens_deep_net_sits_on_its_plateau() {
    let text = r#"
        data {
          source: idx("data/train-images-1k.idx3-ubyte.gz", "data/train-labels-1k.idx1-ubyte.gz")
          scale: 1 / 255
        }
        network digits {
          input(784)
          repeat 4 { dense(30, sigmoid) }
          dense(10)
          loss: logistic
          weights: nielsen
          biases: normal(0, 1)
        }
        train { optimizer: sgd(rate: 0.1); steps: 500; decay: 0.005 }
    "#;
    let seed = trained(text, &Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"));
    // The entropy of the ten classes' shares, which is what biases alone can reach.
    let last = seed.steps.last().unwrap().loss;
    assert!((last - 3.245_922).abs() < 5e-4, "{last}");
    assert_eq!((seed.losses.len(), seed.steps.len(), seed.end), (500, 2, End::Whole));
    let flat = seed.losses[300..].windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-5);
    assert!(flat, "it is a plateau");
}

#[test]
fn a_deep_linear_net_follows_the_exact_solution() {
    // u = ab from a = b: u(t) = s e^{2st} / (e^{2st} − 1 + s/u₀), t = rate · step (Saxe, McClelland and Ganguli 2014).
    let (s, start, rate) = (3.0_f64, 0.01_f64, 1e-4_f64);
    let text = format!(
        "data {{ source: csv(\"one.csv\", target: \"y\") }}\n\
         network line {{ input(1)\n dense(1)\n dense(1)\n loss: quadratic\n weights: constant({})\n biases: none\n precision: f64 }}\n\
         train {{ optimizer: sgd(rate: {rate}); steps: 20000 }}\nreport {{ every: 2000 }}\n",
        start.sqrt()
    );
    let folder = Folder::with(&[("one.csv", b"x,y\n1,3\n")]);
    let seed = trained(&text, folder.path());
    assert_eq!(seed.steps.len(), 11);
    for record in &seed.steps {
        let grown = exp(2.0 * s * rate * record.step as f64);
        let exact = s * grown / (grown - 1.0 + s / start);
        let found = s - (2.0 * record.loss).sqrt();
        assert!((found / exact - 1.0).abs() < 3e-3, "step {}: {found} is not {exact}", record.step);
    }
}

/// A small net with everything in it that training touches.
fn net(train: &str, precision: &str) -> String {
    format!(
        "data {{ source: gaussian(6, classes: 3); take: 64; batch: 12; shuffle: true; split: 0.8 }}\n\
         network small {{ input(6)\n dense(9, tanh)\n residual {{ dense(9, relu) }}\n dense(3)\n loss: cross_entropy\n precision: {precision} }}\n\
         train {{ {train} }}\nreport {{ at: [0, 3, last]; seeds: 0..2 }}\n"
    )
}

const OPTIMIZERS: [&str; 8] = [
    "optimizer: sgd(rate: 0.1); epochs: 3; schedule: cosine(warmup: 2)",
    "optimizer: sgd(rate: 0.1, momentum: 0.9, nesterov: true); steps: 9; clip: norm(0.3); decay: 0.01",
    "optimizer: adam(rate: 0.01); steps: 9; constrain: max_norm(0.8)",
    "optimizer: adamw(rate: 0.01, decay: 0.1); steps: 9; clip: value(0.01)",
    "optimizer: rmsprop(rate: 0.01, momentum: 0.5); steps: 9; constrain: range(-0.3, 0.3)",
    "optimizer: rmsprop(rate: 0.01); steps: 9; schedule: step(every: 3, factor: 0.5)",
    "optimizer: adagrad(rate: 0.1); steps: 9; schedule: exponential(factor: 0.9)",
    "optimizer: lion(rate: 0.01, decay: 0.1); steps: 9",
];

#[test]
fn every_optimizer_gives_the_same_bits_by_any_means() {
    let base = Path::new(".");
    for train in OPTIMIZERS {
        for precision in ["f32", "f64"] {
            let text = net(train, precision);
            let reference = format!("{:?}", records(&text, &settings(base, Executor::Interpreter, 1)));
            let narrow = Executor::Jit(Features { wide: false, native: false });
            for (executor, threads) in [(JIT, 1), (JIT, 3), (narrow, 1)] {
                let found = format!("{:?}", records(&text, &settings(base, executor, threads)));
                assert_eq!(found, reference, "{train}, {precision}, {threads} threads");
            }
        }
    }
}

#[test]
fn every_optimizer_learns() {
    for train in OPTIMIZERS.iter().filter(|train| !train.contains("clip: value")) {
        let seed = trained(&net(train, "f32"), Path::new("."));
        let (first, last) = (&seed.steps[0], seed.steps.last().unwrap());
        assert!(last.test.unwrap().loss < first.test.unwrap().loss, "{train}");
        assert!(last.layers.iter().all(|layer| layer.update_ratio.is_some_and(|ratio| ratio > 0.0)), "{train}");
        assert!(first.layers.iter().all(|layer| layer.update_ratio.is_none()), "{train}");
    }
}

/// A trainer of a text, its data, and its memory before the first step.
fn ready(model: &Model) -> (Trainer<'_>, Dataset, Memory) {
    let data = data::load(model, Path::new("."), u64::MAX).unwrap();
    let train = model.train.as_ref().unwrap();
    let sizes = (data.batch, steps(train, &data));
    let trainer = Trainer::new((&Shared::default(), NonZero::<usize>::MIN), model, train, sizes, JIT).unwrap();
    let memory = trainer.start(&mut Initial::new(model, Path::new(".")), 0).unwrap();
    (trainer, data, memory)
}

fn squared_distance(before: &[(String, Tensor)], after: &[(String, Tensor)]) -> f64 {
    let pairs = before.iter().zip(after);
    pairs
        .map(|((_, a), (_, b))| (0..a.len()).map(|at| (a.get(at) - b.get(at)) * (a.get(at) - b.get(at))).sum::<f64>())
        .sum()
}

#[test]
fn held_out_examples_are_normalised_by_what_training_kept() {
    // The inputs' own mean and variance (unbiased) are 2 and 2; three steps move what is kept from 0 and 1 by 1 − 0.9³ of the way.
    let text = "data { source: csv(\"train.csv\", target: \"y\"); test: csv(\"test.csv\", target: \"y\") }\n\
         network n { input(1)\n batch_norm\n dropout(0.5)\n dense(1, weights: ones, frozen: true)\n loss: quadratic\n precision: f64 }\n\
         train { optimizer: sgd(rate: 0.1); steps: 3 }\nreport { at: [0, last] }\n";
    let folder = Folder::with(&[("train.csv", b"x,y\n1,3\n3,5\n"), ("test.csv", b"x,y\n4,0\n")]);
    let path = folder.path().join("out.safetensors");
    let settings = Settings { save: Some(path.clone()), ..settings(folder.path(), JIT, 1) };
    let seed = records(text, &settings).seeds.remove(0);
    let bytes = std::fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let number = |name: &str| f64::from_le_bytes(file.tensor(name).unwrap().data().try_into().unwrap());
    let kept = 0.9 * 0.9 * 0.9;
    let (mean, variance) = (number("batch_norm1.running_mean"), number("batch_norm1.running_var"));
    assert!((mean - 2.0 * (1.0 - kept)).abs() < 1e-14, "{mean}");
    assert!((variance - (kept + 2.0 * (1.0 - kept))).abs() < 1e-14, "{variance}");
    assert_eq!(number("batch_norm1.num_batches_tracked"), 3.0);
    let (weight, bias) = (number("batch_norm1.weight"), number("batch_norm1.bias"));
    assert!(weight != 1.0 && bias != 0.0, "they were trained");
    let held = |record: &crate::run::record::Record| record.test.unwrap().loss;
    let loss = |mean: f64, variance: f64, weight: f64, bias: f64| {
        let y = weight * (4.0 - mean) / (variance + 1e-5).sqrt() + bias;
        y * y / 2.0
    };
    assert!((held(&seed.steps[1]) / loss(mean, variance, weight, bias) - 1.0).abs() < 1e-13);
    assert!((held(&seed.steps[0]) / loss(0.0, 1.0, 1.0, 0.0) - 1.0).abs() < 1e-13);
}

#[test]
fn clipping_gives_exactly_the_norm_asked_for() {
    for (bound, clips) in [(1e-3, true), (1e3, false)] {
        let train = format!("optimizer: sgd(rate: 1); steps: 5; clip: norm({bound})");
        let model = checked(&net(&train, "f64"));
        let (trainer, data, mut memory) = ready(&model);
        let mut batches = Batches::new(&data, 0);
        for step in 0..5 {
            trainer.feed(&mut memory, &data, batches.rows(step));
            let before = trainer.tensors(&memory, step);
            let _ = trainer.try_step(&mut memory, step, &Threads::one());
            let norm = trainer.norm(&memory).unwrap();
            trainer.carry(&mut memory);
            let moved = squared_distance(&before, &trainer.tensors(&memory, step)).sqrt();
            let expected = if clips { bound } else { norm };
            assert_eq!(norm > bound, clips);
            assert!((moved / expected - 1.0).abs() < 1e-12, "{moved} is not {expected}");
        }
    }
}

#[test]
fn constraints_hold_after_every_step() {
    for (constraint, bound) in [("range(-0.1, 0.2)", None), ("max_norm(0.5)", Some(0.5))] {
        let model = checked(&net(&format!("optimizer: sgd(rate: 0.5); steps: 6; constrain: {constraint}"), "f32"));
        let (trainer, data, mut memory) = ready(&model);
        let mut batches = Batches::new(&data, 0);
        for step in 0..6 {
            trainer.feed(&mut memory, &data, batches.rows(step));
            let _ = trainer.try_step(&mut memory, step, &Threads::one());
            trainer.carry(&mut memory);
            for (name, weights) in trainer.tensors(&memory, step).iter().filter(|(name, _)| name.ends_with("weight")) {
                let numbers: Vec<f64> = (0..weights.len()).map(|at| weights.get(at)).collect();
                let width = weights.shape().0[1];
                match bound {
                    None => assert!(numbers.iter().all(|number| (-0.100_001..=0.200_001).contains(number)), "{name}"),
                    Some(bound) => {
                        let norm = |row: &[f64]| row.iter().map(|number| number * number).sum::<f64>().sqrt();
                        assert!(numbers.chunks(width).all(|row| norm(row) < bound * (1.0 + 1e-6)), "{name}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_loss_that_leaves_the_numbers_ends_training_with_a_report_of_it() {
    let text = "data { source: gaussian(4); take: 16 }\n\
                network wild { input(4)\n repeat 3 { dense(8, relu) }\n dense(2)\n loss: mse\n weights: normal(0, 1) }\n\
                train { optimizer: sgd(rate: 50); steps: 100 }\n";
    let seed = trained(text, Path::new("."));
    let End::NotFinite(step) = seed.end else { panic!("{:?}", seed.end) };
    let last = seed.steps.last().unwrap();
    assert_eq!((last.step, seed.losses.len() as u64), (step, step));
    assert!(!last.loss.is_finite() && seed.losses.iter().all(|loss| loss.is_finite()));
}

#[test]
fn an_interrupt_ends_training_with_a_report() {
    static STOP: AtomicBool = AtomicBool::new(true);
    let text = net(OPTIMIZERS[0], "f32");
    let settings = Settings { stop: Some(&STOP), ..settings(Path::new("."), JIT, 1) };
    let seed = records(&text, &settings).seeds.remove(0);
    assert_eq!((seed.end, seed.steps.len(), seed.losses.len()), (End::Interrupted(0), 1, 0));
}

#[test]
fn batches_are_those_of_their_epoch() {
    let model = checked(&net(OPTIMIZERS[0], "f32"));
    let data = data::load(&model, Path::new("."), u64::MAX).unwrap();
    // 51 of 64 examples are trained on: four batches of twelve, and three examples that wait.
    assert_eq!((data.examples, data.batches(), data.test.as_ref().unwrap().inputs.shape().0[0]), (51, 4, 13));
    assert_eq!(steps(model.train.as_ref().unwrap(), &data), 12);
    let mut batches = Batches::new(&data, 7);
    let epoch = |batches: &mut Batches<'_>, epoch: u64| -> Vec<usize> {
        (0..4).flat_map(|step| batches.rows(4 * epoch + step).to_vec()).collect()
    };
    let (first, second) = (epoch(&mut batches, 0), epoch(&mut batches, 1));
    let mut sorted = first.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), 48, "no example twice");
    assert_ne!(first, second);
    assert_eq!(epoch(&mut Batches::new(&data, 7), 0), first);
}

#[test]
fn reports_are_made_where_the_file_asks() {
    let of = |report: &str| {
        let text = format!(
            "network n {{ input(1)\n dense(1)\n loss: mse }}\ntrain {{ optimizer: sgd(rate: 1); steps: 10 }}\n{report}"
        );
        reported(&checked(&text).report, 10).into_iter().collect::<Vec<u64>>()
    };
    assert_eq!(of(""), [0, 10]);
    assert_eq!(of("report { at: [0, 3, last] }"), [0, 3, 10]);
    assert_eq!(of("report { every: 4 }"), [0, 4, 8]);
    assert_eq!(of("report { every: 5; at: 7 }"), [0, 5, 7, 10]);
}
