//! Whole runs: PyTorch's numbers, seeds and threads, the f64 shadow, dumps, limits.

use super::*;
use crate::jit::Features;
use crate::run::data::testing::{Folder, checked};
use crate::run::session::Executor;
use crate::run::shadow::Shadow;
use crate::run::shared::Shared;
use crate::shape::Precision;
use std::path::Path;

const JIT: Executor = Executor::Jit(Features { wide: true, native: true });

fn settings(base: &Path) -> Settings {
    Settings {
        base: base.to_owned(),
        seed: None,
        threads: NonZero::<usize>::MIN,
        memory_limit: 1 << 32,
        executor: JIT,
        dump: None,
        save: None,
        stop: None,
        checkpoints: Checkpointing::default(),
        shared: Shared::default(),
    }
}

const CONFORMANCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance");

/// The tensors of a safetensors file, by name.
fn tensors_of(path: &Path) -> Vec<(String, Vec<usize>, Vec<f64>)> {
    let bytes = std::fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: Vec<_> = file
        .iter()
        .map(|(name, view)| {
            let numbers = match view.dtype() {
                safetensors::Dtype::F32 => {
                    view.data().chunks(4).map(|x| f32::from_le_bytes(x.try_into().unwrap()).into()).collect()
                }
                safetensors::Dtype::F64 => {
                    view.data().chunks(8).map(|x| f64::from_le_bytes(x.try_into().unwrap())).collect()
                }
                safetensors::Dtype::I64 => {
                    view.data().chunks(8).map(|x| i64::from_le_bytes(x.try_into().unwrap()) as f64).collect()
                }
                other => panic!("{name} holds {other}"),
            };
            (name.to_owned(), view.shape().to_vec(), numbers)
        })
        .collect();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    tensors
}

/// Runs a conformance network with a dump and holds every tensor against PyTorch's.
fn conforms(name: &str, tensors: usize, precision: &str, tolerance: f64, executor: Executor) {
    let folder = Path::new(CONFORMANCE);
    let text = std::fs::read_to_string(folder.join(format!("{name}.net"))).unwrap();
    let text = text.replace("precision: f64", &format!("precision: {precision}"));
    let out = Folder::with(&[]);
    let dump = out.path().join("dump.safetensors");
    let settings = Settings { dump: Some(dump.clone()), executor, ..settings(folder) };
    let model = checked(&text);
    let batch = data::inspect(&model, folder).unwrap().batch;
    run(&model, &settings, batch, &|_| {}).unwrap();
    let expected = tensors_of(&folder.join(format!("{name}.safetensors")));
    let found = tensors_of(&dump);
    let mut compared = 0;
    for (name, shape, numbers) in &expected {
        let (_, found_shape, found) =
            found.iter().find(|tensor| tensor.0 == *name).unwrap_or_else(|| panic!("no {name}"));
        // PyTorch's script wrote the loss as [1]; the language's reference says a scalar.
        assert!(found_shape == shape || name == "loss" && found_shape.is_empty(), "{name}: {found_shape:?}");
        let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
        // What is zero but for rounding, as a bias under a batch norm, has no digits to agree in.
        let size = norm(&mut numbers.iter().copied());
        let size = if size < 1e-12 { 1.0 } else { size };
        let off = norm(&mut found.iter().zip(numbers).map(|(a, b)| a - b)) / size;
        assert!(off <= tolerance, "{name}: {off:e}");
        compared += 1;
    }
    assert_eq!(compared, tensors);
}

#[test]
fn networks_conform_to_pytorch() {
    for (name, tensors) in [
        ("dense_blocks", 36),
        ("convolution", 16),
        ("sequence_convolution", 16),
        ("pooling", 12),
        ("norms", 34),
        ("attention_stack", 24),
        ("character_model", 17),
        ("rnn_stack", 24),
        ("gru_stack", 24),
        ("lstm_stack", 24),
    ] {
        for executor in [JIT, Executor::Interpreter] {
            conforms(name, tensors, "f64", 1e-11, executor);
            conforms(name, tensors, "f32", 2e-5, executor);
        }
    }
}

#[test]
fn whether_there_is_a_shadow_depends_on_the_limit_and_not_on_the_threads() {
    let model = checked(
        "loss readout(y, t) = y\nnetwork chain {\n input(4)\n repeat 80 { dense(1, sigmoid) }\n loss: readout\n}\n\
         report { seeds: 0..5 }\n",
    );
    let wide = Model { precision: Precision::F64, ..model.clone() };
    let data = data::load(&model, Path::new(""), u64::MAX).unwrap();
    let wanted = Wanted { level: Level::Full, kept: Kept::Nothing, executor: JIT };
    let alone = Session::new(&model, data.batch, wanted).unwrap().footprint().total;
    let shadow = Shadow::new(&Shared::default(), [&model, &wide], data.batch, JIT).unwrap().bytes();
    let held = ((data.inputs.len() + data.targets.len()) * model.precision.bytes()) as u128;
    let enough = u64::try_from(held + alone + shadow).unwrap();
    // The last is enough for two at once and not for three.
    for (limit, has_shadow) in [(enough - 1, false), (enough, true), (2 * enough, true)] {
        let with_threads = |threads: usize| {
            let threads = NonZero::new(threads).unwrap();
            let settings = Settings { threads, memory_limit: limit, ..settings(Path::new("")) };
            run(&model, &settings, data.batch, &|_| {}).unwrap()
        };
        let one = with_threads(1);
        for seed in &one.seeds {
            assert_eq!(seed.steps[0].layers.iter().all(|layer| layer.wide.is_some()), has_shadow, "limit {limit}");
        }
        for threads in [2, 3, 8] {
            assert_eq!(format!("{one:?}"), format!("{:?}", with_threads(threads)), "limit {limit}, {threads} threads");
        }
    }
}

#[test]
fn networks_that_differ_in_what_is_not_compiled_share_a_program_and_nothing_else() {
    let text = |rule: &str, rate: &str, width: usize| {
        format!(
            "data {{ source: moons(0.1); take: 32 }}\nnetwork small {{\n input(2)\n dense({width}, tanh)\n dense(2)\n \
             loss: cross_entropy\n weights: {rule:14}\n}}\ntrain {{ optimizer: sgd(rate: {rate}); steps: 3 }}\n"
        )
    };
    let shared = Shared::among_runs();
    let agrees = |text: String| {
        let model = checked(&text);
        let alone = run(&model, &settings(Path::new("")), 32, &|_| {}).unwrap();
        let settings = Settings { shared: shared.clone(), ..settings(Path::new("")) };
        let among = run(&model, &settings, 32, &|_| {}).unwrap();
        assert_eq!(format!("{alone:?}"), format!("{among:?}"), "{text}");
        shared.programs()
    };
    // One program measures, one makes the steps. (Places in the text are of a program too: the file of a sweep is one.)
    assert_eq!(agrees(text("he_normal", "0.1", 4)), 2);
    assert_eq!(agrees(text("normal(0, 0.5)", "0.1", 4)), 2);
    assert_eq!(agrees(text("normal(0, 0.5)", "0.7", 4)), 2);
    assert_eq!(agrees(text("normal(0, 0.5)", "0.7", 5)), 4);
}
