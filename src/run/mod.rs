//! Carrying out a model: data, draws, the compiled program, and what was measured. The only stage that touches the world.
//!
//! - `data/`: where examples come from · `initialize.rs`, `random.rs`: where parameters come from · `mask.rs`: what dropout leaves
//!   out · `tensor.rs`
//! - `measure.rs`: the nodes of everything that is measured; `statistics.rs` the table, `slope.rs` φ′, `entropy.rs` of attention,
//!   `through_time.rs` what recurrent layers pass back, `accuracy.rs`
//! - `executable.rs`: a graph made ready to run · `session.rs`: a model made ready, measured, and run · `shadow.rs`: what f32 loses · `dump.rs`
//! - `checkpoint.rs`: the state of training in a file · `curvature.rs`: what the loss is like around a point
//! - `shared.rs`: what runs of similar models have in common
//! - `record.rs`: what was measured, as data
//!
//! - `train/`: updates, and reports between them; without a `train` block a run is one forward and backward pass, step 0

mod accuracy;
mod checkpoint;
mod curvature;
pub mod data;
mod dump;
mod entropy;
mod executable;
pub mod initialize;
mod mask;
mod measure;
pub mod random;
pub mod record;
mod seeds;
pub mod session;
mod shadow;
mod shared;
mod slope;
pub mod statistics;
pub mod tensor;
#[cfg(test)]
mod tests;
mod through_time;
mod train;

pub use checkpoint::Checkpointing;
pub use measure::{LayerNorms, Level};
pub use shared::Shared;

use crate::diagnostics::{Diagnostic, arguments, data as words};
use crate::jit::Threads;
use crate::model::{Model, Seeds};
use crate::numbers::bytes;
use curvature::Curvature;
use data::Dataset;
use initialize::Initial;
use record::{CurvatureRecord, Records, SeedRecords};
use seeds::{Runner, SeedRun, Training};
use session::{Executor, Kept, Session, Wanted};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use train::Trainer;

/// How a model is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of the `.net` file, which paths are relative to.
    pub base: PathBuf,
    /// The seed in place of the file's.
    pub seed: Option<u64>,
    /// How many threads may be used; the result does not depend on it.
    pub threads: NonZero<usize>,
    /// The most memory to take, in bytes.
    pub memory_limit: u64,
    /// What carries out the program.
    pub executor: Executor,
    /// Where to write what the first report of the first seed saw.
    pub dump: Option<PathBuf>,
    /// Where to write the first seed's parameters after training, under PyTorch's names.
    pub save: Option<PathBuf>,
    /// Ends training when it becomes true.
    pub stop: Option<&'static AtomicBool>,
    /// Whether the state of training is kept, and gone on from.
    pub checkpoints: Checkpointing,
    /// What this run has in common with others.
    pub shared: Shared,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// The data are read.
    Reading,
    /// The program is compiled.
    Compiling,
    /// So many seeds are done, of so many.
    Running(usize, usize),
    /// The first seed has made so many updates, of so many.
    Training {
        /// Updates made.
        step: u64,
        /// Updates asked for.
        steps: u64,
        /// The loss before the last.
        loss: f64,
    },
    /// So many products with the Hessian are done, of at most so many.
    Curvature(usize, usize),
}

/// The seeds that a run has.
#[must_use]
pub fn seeds(model: &Model, seed: Option<u64>) -> Vec<u64> {
    match (seed, &model.report.seeds) {
        (Some(seed), _) => vec![seed],
        (None, Seeds::Default) => vec![0],
        (None, Seeds::Listed(seeds)) => seeds.clone(),
    }
}

/// Asks for the loss, without which there is nothing to run.
///
/// # Errors
/// Where the network names none.
pub fn require_loss(model: &Model) -> Result<(), Diagnostic> {
    if model.loss.is_some() { Ok(()) } else { Err(arguments::no_loss(&model.name)) }
}

/// Runs a model for all its seeds; its data are read while it is compiled for batches of `batch` examples, what
/// `data::inspect` found.
///
/// # Errors
/// Everything that keeps it from being run: data, parameters' files, memory, the dump.
pub fn run(
    model: &Model,
    settings: &Settings,
    batch: usize,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Records, Vec<Diagnostic>> {
    let one = |diagnostic| vec![diagnostic];
    let seeds = seeds(model, settings.seed);
    let (mut records, runs, curvature) = prepared(model, settings, (batch, &seeds), progress, |runner, data| {
        let runs = runner.run(&seeds, progress);
        let first = runs.as_ref().ok().and_then(|runs| runs.first()).filter(|_| model.report.curvature);
        let room = u128::from(settings.memory_limit).saturating_sub(held(model, data));
        let curvature = first.map(|first| look_around(model, settings, data, first, room, progress));
        (nothing_yet(data, seeds[0]), runs, curvature)
    })?;
    records.curvature = curvature.transpose().map_err(one)?;
    for run in runs.map_err(one)? {
        if let (Some(path), Some(tensors)) = (&settings.dump, &run.tensors) {
            dump::write(path, tensors).map_err(one)?;
        }
        if let Some(path) = settings.save.as_ref().filter(|_| records.seeds.is_empty()) {
            dump::write(path, &run.trained).map_err(one)?;
        }
        records.seeds.push(run.records);
    }
    Ok(records)
}

/// Runs a model for some seeds, as one of `beside` such runs at once that share the memory limit, and hands on what each seed
/// measured, by its place, as it comes. Gives the places of those that need so much memory that they must be run while nothing
/// else is.
///
/// # Errors
/// Everything that keeps all seeds from being run; what keeps one from it is handed on in its place.
pub fn run_seeds(
    model: &Model,
    settings: &Settings,
    batch: usize,
    (seeds, beside): (&[u64], usize),
    finish: &(dyn Fn(usize, Result<Records, Diagnostic>) + Sync),
) -> Result<Vec<usize>, Vec<Diagnostic>> {
    prepared(model, settings, (batch, seeds), &|_| {}, |runner, data| {
        let hand_on = |index: usize, run: Result<SeedRecords, Diagnostic>| {
            let records = run.map(|run| Records { seeds: vec![run], ..nothing_yet(data, seeds[0]) });
            finish(index, records);
        };
        runner.stream(seeds, beside, &|_| {}, &|index, run| hand_on(index, run.map(|run| run.records)))
    })
}

/// Reads the data of a model while it is compiled, and lets `work` run seeds of it.
fn prepared<T>(
    model: &Model,
    settings: &Settings,
    (batch, seeds): (usize, &[u64]),
    progress: &(dyn Fn(Progress) + Sync),
    work: impl FnOnce(&Runner<'_>, &Dataset) -> T,
) -> Result<T, Vec<Diagnostic>> {
    let one = |diagnostic| vec![diagnostic];
    require_loss(model).map_err(one)?;
    let kept = if settings.dump.is_some() { Kept::Everything } else { Kept::Nothing };
    let wanted = Wanted { level: Level::Full, kept, executor: settings.executor };
    let read = || {
        progress(Progress::Reading);
        let parameters = Initial::new(model, &settings.base).inspect();
        match (settings.shared.data(model, &settings.base, settings.memory_limit), parameters) {
            (Ok(data), Ok(())) => Ok(data),
            (Err(mistakes), Ok(())) | (Ok(_), Err(mistakes)) => Err(mistakes),
            (Err(mistakes), Err(more)) => Err([mistakes, more].concat()),
        }
    };
    let compile = |batch| {
        progress(Progress::Compiling);
        Session::sharing(&settings.shared, settings.threads, model, batch, wanted)
    };
    let (data, session) = if settings.threads.get() == 1 {
        (read(), compile(batch))
    } else {
        std::thread::scope(|scope| {
            let compiling = scope.spawn(|| compile(batch));
            (read(), compiling.join().expect("compiling does not panic"))
        })
    };
    let data = data?;
    // The file may have changed since it was looked at.
    let session = if data.batch == batch { session } else { compile(data.batch) }.map_err(one)?;
    let held = held(model, &data);
    let training = Training::new(model, settings, &data, seeds).map_err(one)?;
    let beside = training.as_ref().map_or(0, Training::bytes);
    let room = room(&session, held, beside, settings.memory_limit).map_err(one)?;
    let runner = Runner::new(model, settings, &session, &data, training.as_ref(), room);
    Ok(work(&runner, &data))
}

/// What is known before any seed has run.
fn nothing_yet(data: &Dataset, seed: u64) -> Records {
    let inputs =
        if data.synthetic { data::Moments::NORMAL } else { data::Moments::of(data, &data.first_batch(seed, 0)) };
    Records {
        batch: data.batch,
        synthetic: data.synthetic,
        vocabulary: data.vocabulary.clone(),
        inputs,
        seeds: Vec::new(),
        curvature: None,
    }
}

/// The bytes of the examples.
fn held(model: &Model, data: &Dataset) -> u128 {
    let test = data.test.as_ref().map_or(0, |test| test.inputs.len() + test.targets.len());
    ((data.inputs.len() + data.targets.len() + test) * model.precision.bytes()) as u128
}

/// The curvature where the first seed ended.
fn look_around(
    model: &Model,
    settings: &Settings,
    data: &Dataset,
    first: &SeedRun,
    room: u128,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<CurvatureRecord, Diagnostic> {
    let wide = curvature::widened(model);
    let curvature = Curvature::new(settings.threads, &wide, data, settings.executor)?;
    let products = curvature.products(room)?;
    let seed = first.records.seed;
    let mut point = curvature.initial(model.precision, &mut Initial::new(model, &settings.base), seed)?;
    curvature.replace(&mut point, &first.trained);
    let threads = Threads::new(settings.threads).unwrap_or_else(|_| Threads::one());
    let step = first.records.losses.len() as u64;
    curvature.measure(&point, (seed, step), products, &threads, progress)
}

/// The bytes that a seed needs to be trained, beside those of its reports: none without a `train` block.
///
/// # Errors
/// E0504 where some tensor is larger than can be addressed.
pub fn training_bytes(model: &Model, batch: usize) -> Result<u128, Diagnostic> {
    let Some(train) = &model.train else { return Ok(0) };
    let trainer =
        Trainer::new((&Shared::default(), NonZero::<usize>::MIN), model, train, (batch, 1), Executor::Interpreter)?;
    Ok(trainer.bytes())
}

/// The bytes that memories may take beside the `held` bytes of data: at least one memory fits, with the bytes that `training` it
/// takes.
///
/// # Errors
/// E0504 where none does, with what needs how much.
pub fn room(session: &Session<'_>, held: u128, training: u128, limit: u64) -> Result<u128, Diagnostic> {
    let footprint = session.footprint();
    let total = footprint.total + training;
    match u128::from(limit).checked_sub(held) {
        Some(room) if room >= total => Ok(room),
        Some(_) | None => {
            let rest = total - footprint.parameters - footprint.batch;
            let parts = format!(
                "{} for parameters, {} for data, {} for activations and gradients",
                bytes(footprint.parameters),
                bytes(held + footprint.batch),
                bytes(rest),
            );
            let needs = bytes(total + held);
            Err(words::run_too_large(session.model().name.span, &needs, &parts, &bytes(u128::from(limit))))
        }
    }
}
