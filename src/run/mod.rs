//! Carrying out a model: data, draws, the compiled program, and what was measured. The only stage that touches the world.
//!
//! - `data/`: where examples come from · `initialize.rs`, `random.rs`: where parameters come from · `tensor.rs`
//! - `measure.rs`: the nodes of everything that is measured; `statistics.rs` the table, `slope.rs` φ′, `accuracy.rs`
//! - `executable.rs`: a graph made ready to run · `session.rs`: a model made ready, measured, and run · `shadow.rs`: what f32 loses · `dump.rs`
//! - `checkpoint.rs`: the state of training in a file
//! - `record.rs`: what was measured, as data
//!
//! - `train/`: updates, and reports between them; without a `train` block a run is one forward and backward pass, step 0

mod accuracy;
mod checkpoint;
pub mod data;
mod dump;
mod executable;
pub mod initialize;
mod measure;
pub mod random;
pub mod record;
mod seeds;
pub mod session;
mod shadow;
mod slope;
pub mod statistics;
pub mod tensor;
#[cfg(test)]
mod tests;
mod train;

pub use checkpoint::Checkpointing;
pub use measure::{LayerNorms, Level};

use crate::diagnostics::{Diagnostic, arguments, data as words};
use crate::model::{Model, Seeds};
use crate::numbers::bytes;
use initialize::Initial;
use record::Records;
use seeds::{Runner, Training};
use session::{Executor, Kept, Session, Wanted};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

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
    require_loss(model).map_err(one)?;
    let seeds = seeds(model, settings.seed);
    let kept = if settings.dump.is_some() { Kept::Everything } else { Kept::Nothing };
    let wanted = Wanted { level: Level::Full, kept, executor: settings.executor };
    let read = || {
        progress(Progress::Reading);
        let parameters = Initial::new(model, &settings.base).inspect();
        match (data::load(model, &settings.base, settings.memory_limit), parameters) {
            (Ok(data), Ok(())) => Ok(data),
            (Err(mistakes), Ok(())) | (Ok(_), Err(mistakes)) => Err(mistakes),
            (Err(mistakes), Err(more)) => Err([mistakes, more].concat()),
        }
    };
    let compile = |batch| {
        progress(Progress::Compiling);
        Session::compiled_on(settings.threads, model, batch, wanted)
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
    let test = data.test.as_ref().map_or(0, |test| test.inputs.len() + test.targets.len());
    let held = ((data.inputs.len() + data.targets.len() + test) * model.precision.bytes()) as u128;
    let training = Training::new(model, settings, &data, &seeds).map_err(one)?;
    let beside = training.as_ref().map_or(0, Training::bytes);
    let room = room(&session, held, beside, settings.memory_limit).map_err(one)?;
    let runner = Runner::new(model, settings, &session, &data, training.as_ref(), room);
    let runs = runner.run(&seeds, progress).map_err(one)?;
    let inputs =
        if data.synthetic { data::Moments::NORMAL } else { data::Moments::of(&data, &data.first_batch(seeds[0], 0)) };
    let mut records = Records { batch: data.batch, synthetic: data.synthetic, inputs, seeds: Vec::new() };
    for run in runs {
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
