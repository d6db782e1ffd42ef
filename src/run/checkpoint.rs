//! `train { checkpoint: … }` and `--resume`: the state of training in a file, from which it goes on to the same bytes.
//!
//! The file is safetensors: parameters under their own names, which PyTorch and `weights: file(…)` read; what the optimizer remembers
//! of each under `optimizer/`; losses and reports so far under `gradc/`. Its one piece of metadata, `gradc`, is a `Head`. Random
//! streams have no position to keep: each is made anew of its seed and what it is for (`random.rs`). A run of several seeds has a
//! file for each, `state.safetensors` becoming `state-seed3.safetensors`.
//!
//! The state of step s is that between the report at s and the update of s. It is written beside and renamed: at the first report,
//! where nothing stands there yet; at each of the first `REPORTS` reports, and whenever a tick has passed; at the end, and where the
//! user ends it. Once the loss is no number nothing is written any more.
//!
//! A file is refused where it is damaged (a checksum over all of it), where it is of another experiment, and where it is none of ours.

mod stored;

use super::Settings;
use super::data::safetensors::Tensors;
use super::data::{Dataset, file_reason};
use super::dump::{Stored, write_beside};
use super::record::Record;
use super::tensor::Tensor;
use super::train::Trainer;
use crate::diagnostics::checkpoints as words;
use crate::diagnostics::{Diagnostic, data};
use crate::graph::LayerId;
use crate::model::{Model, Seeds, Spanned, print_experiment};
use crate::numbers::bytes;
use crate::shape::{Precision, Shape};
use safetensors::Dtype;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Whether checkpoints are read and written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checkpointing {
    /// Whether the file that the `train` block names is written.
    pub write: bool,
    /// Whether training goes on from it.
    pub resume: bool,
    /// Counts the moments from which on another one is due.
    pub ticks: Option<&'static AtomicU64>,
}

/// The version of the form; raised when it changes.
const VERSION: u32 = 1;
/// The key of the head in the file's metadata.
const KEY: &str = "gradc";
const RECORDS: &str = "gradc/reports";
const LOSSES: &str = "gradc/losses";
/// Reports that are followed by a checkpoint, tick or no tick; so that many reports are not written again and again.
const REPORTS: usize = 64;

/// What a checkpoint says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Head {
    /// The version of the form.
    version: u32,
    /// The network's name.
    network: String,
    /// The seed.
    seed: u64,
    /// Updates made.
    step: u64,
    /// Updates that were asked for.
    steps: u64,
    /// What decides the course of training, as `model::print_experiment` has it.
    experiment: String,
    /// BLAKE3 of the examples.
    data: String,
    /// BLAKE3 of all that stands above and all tensors.
    checksum: String,
}

/// Where training stands.
#[derive(Debug)]
pub(super) struct State {
    /// Updates made.
    pub(super) step: u64,
    /// What `Trainer::state` gave.
    pub(super) tensors: Vec<(String, Tensor)>,
    /// The loss before each update.
    pub(super) losses: Vec<f64>,
    /// The reports so far, the one at `step` among them.
    pub(super) records: Vec<Record>,
}

/// The checkpoints of a run.
pub(super) struct Checkpoints<'a> {
    model: &'a Model,
    base: PathBuf,
    memory_limit: u64,
    how: Checkpointing,
    path: &'a Spanned<String>,
    steps: u64,
    experiment: String,
    data: String,
}

impl<'a> Checkpoints<'a> {
    /// Those of a run, where its file names one and it is wanted.
    ///
    /// # Errors
    /// E0601 where training is to go on and none of the seeds has a file.
    pub(super) fn new(
        model: &'a Model,
        settings: &Settings,
        data: &Dataset,
        steps: u64,
        seeds: &[u64],
    ) -> Result<Option<Self>, Diagnostic> {
        let how = settings.checkpoints;
        let path = model.train.as_ref().and_then(|train| train.checkpoint.as_ref());
        let Some(path) = path.filter(|_| how.write || how.resume) else { return Ok(None) };
        let checkpoints = Self {
            model,
            base: settings.base.clone(),
            memory_limit: settings.memory_limit,
            how,
            path,
            steps,
            experiment: print_experiment(model),
            data: digest(data),
        };
        if how.resume && !seeds.iter().any(|seed| checkpoints.exists(*seed)) {
            let opened = Tensors::open(&checkpoints.base, &checkpoints.path(seeds[0]));
            return Err(opened.map_or_else(words::nothing_to_resume, |_| unreachable!("it does not exist")));
        }
        Ok(Some(checkpoints))
    }

    /// The file of a seed, as it would be written in the text.
    fn path(&self, seed: u64) -> Spanned<String> {
        let several = matches!(&self.model.report.seeds, Seeds::Listed(seeds) if seeds.len() > 1);
        let value = if several { of_seed(&self.path.value, seed) } else { self.path.value.clone() };
        Spanned { value, span: self.path.span }
    }

    fn file(&self, seed: u64) -> data::File {
        let path = self.base.join(self.path(seed).value);
        data::File { span: self.path.span, path: path.display().to_string() }
    }

    /// Whether something stands where the checkpoint of a seed is written.
    fn exists(&self, seed: u64) -> bool {
        self.base.join(self.path(seed).value).exists()
    }

    /// Whether a checkpoint is due after a report (where there was one) at this step; `tick` is the last one that was seen.
    pub(super) fn is_due(&self, seed: u64, step: u64, reports: Option<usize>, tick: &mut u64) -> bool {
        let now = self.how.ticks.map_or(0, |ticks| ticks.load(Ordering::Relaxed));
        let ticked = std::mem::replace(tick, now) != now;
        self.how.write
            && match reports {
                _ if step == 0 => !self.exists(seed),
                Some(reports) => ticked || reports <= REPORTS,
                None => ticked,
            }
    }

    /// Writes the state of a seed.
    ///
    /// # Errors
    /// E0609 where it cannot be written.
    pub(super) fn write(
        &self,
        seed: u64,
        step: u64,
        trained: &[(String, Tensor)],
        losses: &[f64],
        records: &[Record],
    ) -> Result<(), Diagnostic> {
        if !self.how.write {
            return Ok(());
        }
        let mut tensors: Vec<(&str, Stored)> =
            trained.iter().map(|(name, tensor)| (name.as_str(), Stored::of(tensor))).collect();
        let bytes = losses.iter().flat_map(|loss| loss.to_bits().to_le_bytes()).collect();
        tensors.push((LOSSES, Stored { dtype: Dtype::F64, shape: vec![losses.len()], bytes }));
        let bytes = stored::put(&records.to_vec());
        tensors.push((RECORDS, Stored { dtype: Dtype::U8, shape: vec![bytes.len()], bytes }));
        tensors.sort_by_key(|(name, _)| *name);
        let mut head = Head {
            version: VERSION,
            network: self.model.name.name.clone(),
            seed,
            step,
            steps: self.steps,
            experiment: self.experiment.clone(),
            data: self.data.clone(),
            checksum: String::new(),
        };
        let parts = tensors.iter().map(|(name, stored)| (*name, stored.dtype, &*stored.shape, &*stored.bytes));
        head.checksum = checksum(&head, parts);
        let metadata = HashMap::from([(KEY.to_owned(), to_json(&head))]);
        let path = self.base.join(self.path(seed).value);
        write_beside(&path, &tensors, Some(metadata))
            .map_err(|error| words::cannot_write(&self.file(seed), &file_reason(&error)))
    }

    /// Where a seed goes on from; none where it has no file, or training begins anew. `layers` are those that a report measures,
    /// `reported` the steps that are reported.
    ///
    /// # Errors
    /// E06 where the file is damaged, none of ours, or of another experiment.
    pub(super) fn load(
        &self,
        seed: u64,
        trainer: &Trainer<'_>,
        layers: &[LayerId],
        reported: &BTreeSet<u64>,
    ) -> Result<Option<State>, Diagnostic> {
        if !self.how.resume || !self.exists(seed) {
            return Ok(None);
        }
        let mut tensors = Tensors::open(&self.base, &self.path(seed))?;
        let file = self.file(seed);
        let damaged = |what: &str| words::damaged(&file, what);
        let size = tensors.metadata().data_len() as u64;
        if size > self.memory_limit {
            return Err(data::too_large(
                file.span,
                "the checkpoint",
                &bytes(size.into()),
                &bytes(self.memory_limit.into()),
            ));
        }
        let text = tensors.metadata().metadata().as_ref().and_then(|metadata| metadata.get(KEY));
        let Some(text) = text else { return Err(words::no_checkpoint(&file, "gradc did not write it")) };
        let version = serde_json::from_str::<Version>(text).map(|head| head.version);
        if let Some(other) = version.ok().filter(|version| *version != VERSION) {
            return Err(words::no_checkpoint(&file, &format!("its form is version {other}, this gradc has {VERSION}")));
        }
        let head: Head = serde_json::from_str(text)
            .map_err(|error| words::no_checkpoint(&file, &format!("its head says {error}")))?;
        self.require_same(&file, &head, seed)?;

        let contents = tensors.contents()?;
        let mut parts: BTreeMap<String, Part<'_>> = BTreeMap::new();
        for name in tensors.names() {
            let info = tensors.metadata().info(&name).expect("a name of the file has its tensor");
            let bytes = contents.get(info.data_offsets.0..info.data_offsets.1);
            let bytes = bytes.ok_or_else(|| damaged("it became shorter while it was read"))?;
            parts.insert(name, Part { dtype: info.dtype, shape: &info.shape, bytes });
        }
        let found = checksum(&head, parts.iter().map(|(name, part)| (&**name, part.dtype, part.shape, part.bytes)));
        if found != head.checksum {
            return Err(damaged("its checksum is not that of its contents"));
        }
        let mut state = Vec::new();
        for (name, shape) in trainer.expected() {
            let tensor = parts.remove(name).and_then(|part| part.tensor(self.model.precision, shape));
            let tensor = tensor.ok_or_else(|| damaged(&format!("it has no tensor `{name}` of shape {shape}")))?;
            state.push((name.to_owned(), tensor));
        }
        let losses = parts.remove(LOSSES).and_then(|part| part.losses(head.step));
        let losses = losses.ok_or_else(|| damaged("its losses are not those of its updates"))?;
        let records = parts.remove(RECORDS).and_then(|part| stored::take(part.bytes));
        let mut records = records.ok_or_else(|| damaged("its reports cannot be read"))?;
        let are_sound = records.windows(2).all(|pair| pair[0].step < pair[1].step)
            && records.iter().all(|record| {
                record.step <= head.step && record.layers.iter().map(|layer| layer.layer).eq(layers.iter().copied())
            });
        if !are_sound {
            return Err(damaged("its reports are not those of this network"));
        }
        records.retain(|record| reported.contains(&record.step));
        let lacks = |step: &&u64| !records.iter().any(|record| record.step == **step);
        if let Some(step) = reported.range(..head.step).find(lacks) {
            return Err(words::report_is_past(&file, *step, head.step));
        }
        Ok(Some(State { step: head.step, tensors: state, losses, records }))
    }

    /// Holds what a checkpoint was made for against this run.
    fn require_same(&self, file: &data::File, head: &Head, seed: u64) -> Result<(), Diagnostic> {
        let mut differences = words::differences(&head.experiment, &self.experiment);
        if head.seed != seed {
            differences.push((format!("seed {}", head.seed), format!("seed {seed}")));
        }
        if head.steps > self.steps {
            differences.push((format!("{} updates", head.steps), format!("{} updates", self.steps)));
        }
        if differences.is_empty() && head.data != self.data {
            differences.push(("other examples".to_owned(), "the data have changed since".to_owned()));
        }
        if !differences.is_empty() {
            return Err(words::another_experiment(file, &differences));
        }
        if head.step > head.steps {
            return Err(words::damaged(file, "it has made more updates than it was to make"));
        }
        Ok(())
    }
}

/// What tells the version of any head.
#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// A tensor as it stands in a file.
struct Part<'a> {
    dtype: Dtype,
    shape: &'a [usize],
    bytes: &'a [u8],
}

impl Part<'_> {
    /// The tensor of this precision and shape; none where it is of another.
    fn tensor(&self, precision: Precision, shape: &Shape) -> Option<Tensor> {
        if self.shape != shape.0 {
            return None;
        }
        match (precision, self.dtype) {
            (Precision::F32, Dtype::F32) => {
                let numbers = self.bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
                Some(Tensor::new::<f32>(shape, numbers))
            }
            (Precision::F64, Dtype::F64) => Some(Tensor::new::<f64>(shape, self.numbers())),
            (Precision::F32 | Precision::F64, _) => None,
        }
    }

    fn losses(&self, count: u64) -> Option<Vec<f64>> {
        let fits = self.dtype == Dtype::F64 && self.shape.len() == 1 && self.shape[0] as u64 == count;
        fits.then(|| self.numbers())
    }

    fn numbers(&self) -> Vec<f64> {
        self.bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect()
    }
}

/// `state.safetensors` becomes `state-seed3.safetensors`.
fn of_seed(path: &str, seed: u64) -> String {
    let whole = Path::new(path);
    let stem = whole.file_stem().unwrap_or_default().to_string_lossy();
    let extension = whole.extension().map(|extension| format!(".{}", extension.to_string_lossy())).unwrap_or_default();
    whole.with_file_name(format!("{stem}-seed{seed}{extension}")).to_string_lossy().into_owned()
}

fn to_json(head: &Head) -> String {
    serde_json::to_string(head).expect("a head has string keys and plain values")
}

/// Over the head without its checksum, and every tensor in order of names, each part after its length.
fn checksum<'a>(head: &Head, tensors: impl Iterator<Item = (&'a str, Dtype, &'a [usize], &'a [u8])>) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut update = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    update(to_json(&Head { checksum: String::new(), ..head.clone() }).as_bytes());
    for (name, dtype, shape, bytes) in tensors {
        update(name.as_bytes());
        update(format!("{dtype:?} {shape:?}").as_bytes());
        update(bytes);
    }
    hasher.finalize().to_hex().to_string()
}

/// Of all examples, those held out among them.
fn digest(data: &Dataset) -> String {
    let mut hasher = blake3::Hasher::new();
    let held_out = data.test.iter().flat_map(|test| [&test.inputs, &test.targets]);
    for tensor in [&data.inputs, &data.targets].into_iter().chain(held_out) {
        hasher.update(format!("{}", tensor.shape()).as_bytes());
        let mut part = [0.0_f64; 1024];
        for first in (0..tensor.len()).step_by(part.len()) {
            let part = &mut part[..(tensor.len() - first).min(1024)];
            // f64 holds every number of either format exactly.
            tensor.copy_to(first, part);
            let bytes: Vec<u8> = part.iter().flat_map(|number| number.to_le_bytes()).collect();
            hasher.update(&bytes);
        }
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests;
