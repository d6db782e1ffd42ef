//! The seeds of a run: as many at once as there are threads and memory for, each the same bytes as if it ran alone.
//!
//! A seed whose f64 shadow would fit beside it, and does not while others run too, is put off and run alone at the end: whether
//! there is a shadow depends on the memory limit, never on the number of threads.

use super::data::Dataset;
use super::initialize::Initial;
use super::record::Record;
use super::session::{Kept, Session};
use super::shadow::{self, Shadow};
use super::tensor::Tensor;
use super::{Progress, Settings};
use crate::diagnostics::Diagnostic;
use crate::jit::Threads;
use crate::kernel::memory::Memory;
use crate::model::Model;
use crate::shape::Precision;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

/// What came of one seed.
#[derive(Debug)]
pub(super) struct SeedRun {
    /// What was measured.
    pub(super) record: Record,
    /// What a dump holds; of the first seed, where one is wanted.
    pub(super) tensors: Option<Vec<(String, Tensor)>>,
}

/// Runs seeds.
pub(super) struct Runner<'a> {
    model: &'a Model,
    settings: &'a Settings,
    session: &'a Session<'a>,
    data: &'a Dataset,
    /// The bytes that all memories together may take.
    room: u128,
    wide: Model,
}

impl<'a> Runner<'a> {
    /// `room` is enough for one memory of the session.
    pub(super) fn new(
        model: &'a Model,
        settings: &'a Settings,
        session: &'a Session<'a>,
        data: &'a Dataset,
        room: u128,
    ) -> Self {
        Self { model, settings, session, data, room, wide: Model { precision: Precision::F64, ..model.clone() } }
    }

    /// What came of each seed, in order.
    pub(super) fn run(&self, seeds: &[u64], progress: &(dyn Fn(Progress) + Sync)) -> Result<Vec<SeedRun>, Diagnostic> {
        let each = self.session.footprint().total.max(1);
        let fitting = usize::try_from(self.room / each).unwrap_or(usize::MAX).max(1);
        let workers = seeds.len().min(self.settings.threads.get()).min(fitting);
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let results: Vec<Mutex<Option<Result<SeedRun, Diagnostic>>>> = seeds.iter().map(|_| Mutex::default()).collect();
        let shadow = OnceLock::new();
        progress(Progress::Running(0, seeds.len()));
        let finish = |index: usize, result: Result<SeedRun, Diagnostic>| {
            *results[index].lock().expect("no worker panicked") = Some(result);
            progress(Progress::Running(done.fetch_add(1, Ordering::Relaxed) + 1, seeds.len()));
        };
        let work = || {
            let mut worker = self.worker(workers);
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(seed) = seeds.get(index) else { return };
                if let Some(result) = worker.run(*seed, index == 0, &shadow).transpose() {
                    finish(index, result);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(work);
            }
            work();
        });
        let mut alone = None;
        for (index, seed) in seeds.iter().enumerate() {
            if results[index].lock().expect("no worker panicked").is_some() {
                continue;
            }
            let worker = alone.get_or_insert_with(|| self.worker(1));
            let result = worker.run(*seed, index == 0, &shadow).transpose().expect("alone nothing is put off");
            finish(index, result);
        }
        let taken = results.into_iter().map(|result| result.into_inner().expect("no worker panicked"));
        taken.map(|result| result.expect("every seed was run")).collect()
    }

    /// One of `workers`, with its share of the threads.
    fn worker(&self, workers: usize) -> Worker<'a, '_> {
        let threads = NonZero::new(self.settings.threads.get() / workers).unwrap_or(NonZero::<usize>::MIN);
        // Where the machine gives no threads, one is enough.
        let threads = Threads::new(threads).unwrap_or_else(|_| Threads::one());
        let initial = Initial::new(self.model, &self.settings.base);
        Worker { runner: self, workers, threads, memory: None, initial }
    }
}

/// One of those that work through the seeds, with what it needs again and again.
struct Worker<'a, 'r> {
    runner: &'r Runner<'a>,
    /// How many there are at once.
    workers: usize,
    threads: Threads,
    memory: Option<Memory>,
    initial: Initial<'a>,
}

impl<'r> Worker<'_, 'r> {
    /// What came of a seed; none where it has to wait until it is alone.
    fn run(
        &mut self,
        seed: u64,
        is_first: bool,
        shadow: &OnceLock<Result<Shadow<'r>, Diagnostic>>,
    ) -> Result<Option<SeedRun>, Diagnostic> {
        let Runner { model, session, data, settings, .. } = *self.runner;
        let mut memory = match self.memory.take() {
            Some(memory) => memory,
            None => session.memory()?,
        };
        session.fill(&mut memory, data, &data.first_batch(seed, 0), &mut self.initial, seed)?;
        session.run(&mut memory, &self.threads);
        let (mut record, measured) = session.record(&memory, 0);
        let symmetric = session.symmetric_layers(&memory);
        for layer in &mut record.layers {
            layer.symmetric = symmetric[crate::arena::Id::index(layer.layer)];
        }
        if shadow::is_needed(model, session, &measured) {
            let runner = self.runner;
            let shadow = shadow.get_or_init(|| Shadow::new(model, &runner.wide, data.batch, settings.executor));
            let shadow = shadow.as_ref().map_err(Clone::clone)?;
            let needed = session.footprint().total + shadow.bytes();
            // Without room for it nothing is known of what was lost, and the record says so.
            if needed <= runner.room {
                if needed * self.workers as u128 > runner.room {
                    self.memory = Some(memory);
                    return Ok(None);
                }
                for (layer, wide) in record.layers.iter_mut().zip(shadow.run(session, &memory, &self.threads)?) {
                    layer.wide = Some(wide);
                }
            }
        }
        let wants_tensors = is_first && session.wanted().kept == Kept::Everything;
        let tensors = wants_tensors.then(|| session.tensors(&memory));
        self.memory = Some(memory);
        Ok(Some(SeedRun { record, tensors }))
    }
}
