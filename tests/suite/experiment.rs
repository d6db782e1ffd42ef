//! Whole experiments from their text, in this process: what was measured, judged and reported.

use crate::support::repository;
use gradc::diagnose::{self, Diagnosis};
use gradc::jit::Features;
use gradc::pipeline::{self, Checked, Options};
use gradc::report::{self, Report};
use gradc::run::data;
use gradc::run::record::Records;
use gradc::run::session::Executor;
use gradc::run::{self, Checkpointing, Settings, Shared};
use std::num::NonZero;
use std::path::PathBuf;

/// One experiment, run.
pub(crate) struct Run {
    /// What was measured.
    pub(crate) records: Records,
    /// How it is judged.
    pub(crate) diagnosis: Diagnosis,
    /// What is shown.
    pub(crate) report: Report,
    tensors: PathBuf,
    _folder: tempfile::TempDir,
}

/// How an experiment is carried out; none of it may change a bit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Means {
    /// Threads.
    pub(crate) threads: usize,
    /// JIT or interpreter.
    pub(crate) executor: Executor,
}

impl Default for Means {
    fn default() -> Self {
        Self { threads: 2, executor: Executor::Jit(Features::default()) }
    }
}

const MEMORY: u64 = 4 << 30;

/// Runs a text whose paths start from the repository.
#[track_caller]
pub(crate) fn run(text: &str) -> Run {
    run_in(text, ".")
}

/// Runs a text whose paths start from `folder`, relative to the repository.
#[track_caller]
pub(crate) fn run_in(text: &str, folder: &str) -> Run {
    run_by(text, folder, Means::default())
}

/// Runs a text by the given means.
#[track_caller]
pub(crate) fn run_by(text: &str, folder: &str, means: Means) -> Run {
    carry_out(&sound(text, folder), folder, means)
}

/// Runs what was checked, by the given means.
#[track_caller]
pub(crate) fn carry_out(checked: &Checked, folder: &str, means: Means) -> Run {
    let model = checked.model.as_ref().expect("a file without errors has a model");
    let scratch = tempfile::tempdir().expect("there is room for a dump");
    let tensors = scratch.path().join("dump.safetensors");
    let settings = Settings {
        base: repository().join(folder),
        seed: None,
        threads: NonZero::new(means.threads).expect("at least one thread"),
        memory_limit: MEMORY,
        executor: means.executor,
        dump: Some(tensors.clone()),
        save: None,
        stop: None,
        checkpoints: Checkpointing::default(),
        shared: Shared::default(),
    };
    let batch = checked.data.as_ref().expect("its data are known").batch;
    let records = run::run(model, &settings, batch, &|_| {}).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let diagnosis = diagnose::diagnose(model, &records);
    let report = report::build(model, &checked.sources, &records, &diagnosis);
    Run { records, diagnosis, report, tensors, _folder: scratch }
}

/// Checks a text that has no error.
#[track_caller]
pub(crate) fn sound(text: &str, folder: &str) -> Checked {
    let checked = check_in(text, folder);
    let errors: Vec<_> = checked.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).collect();
    assert!(errors.is_empty(), "{text}\n{errors:#?}");
    checked
}

/// Checks a text whose paths start from `folder`.
pub(crate) fn check_in(text: &str, folder: &str) -> Checked {
    let options = Options { memory_limit: MEMORY, folder: repository().join(folder), ..Options::default() };
    pipeline::check("test.net", text.to_owned(), &options)
}

/// What is wrong with a text's examples, which are read when it is run: codes, messages and helps.
#[track_caller]
pub(crate) fn mistakes(text: &str) -> String {
    let checked = sound(text, ".");
    let model = checked.model.as_ref().expect("a file without errors has a model");
    let mistakes = data::load(model, &repository(), MEMORY).expect_err("its data have a mistake");
    let told = mistakes.iter().map(|mistake| {
        let helps: Vec<&str> = mistake.helps.iter().map(|help| help.text.as_str()).collect();
        format!("{} {} {}", mistake.code, mistake.message, helps.join(" "))
    });
    told.collect::<Vec<_>>().join("\n")
}

impl Run {
    /// Whether the dump has a tensor.
    pub(crate) fn has(&self, name: &str) -> bool {
        let dump = self.dump();
        let file = safetensors::SafeTensors::deserialize(&dump).expect("a dump is a safetensors file");
        file.tensor(name).is_ok()
    }

    /// The bytes of the dump.
    pub(crate) fn dump(&self) -> Vec<u8> {
        std::fs::read(&self.tensors).expect("the run wrote its dump")
    }

    /// A tensor of the dump, as f64.
    #[track_caller]
    pub(crate) fn tensor(&self, name: &str) -> Vec<f64> {
        tensor(&self.dump(), name)
    }
}

/// A tensor of a safetensors file, as f64.
#[track_caller]
pub(crate) fn tensor(bytes: &[u8], name: &str) -> Vec<f64> {
    let file = safetensors::SafeTensors::deserialize(bytes).expect("a dump is a safetensors file");
    let tensor = file.tensor(name).unwrap_or_else(|error| panic!("{name}: {error}; there are {:?}", file.names()));
    match tensor.dtype() {
        safetensors::Dtype::F32 => {
            tensor.data().as_chunks::<4>().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect()
        }
        safetensors::Dtype::F64 => {
            tensor.data().as_chunks::<8>().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
        }
        safetensors::Dtype::I64 => {
            tensor.data().as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as f64).collect()
        }
        other => panic!("{name} is {other:?}"),
    }
}
