//! The seeds of a run: as many at once as there are threads and memory for, each the same bytes as if it ran alone.
//!
//! A seed whose f64 shadow would fit beside it, and does not while others run too, is put off and run alone at the end: whether
//! there is a shadow depends on the memory limit, never on the number of threads.

use super::checkpoint::Checkpoints;
use super::data::Dataset;
use super::initialize::Initial;
use super::record::{End, Record, SeedRecords};
use super::session::{Kept, Session};
use super::shadow::{self, Shadow};
use super::tensor::Tensor;
use super::train::{self, Batches, Evaluation, Trainer};
use super::{Progress, Settings};
use crate::diagnostics::Diagnostic;
use crate::graph::LayerId;
use crate::jit::Threads;
use crate::kernel::memory::Memory;
use crate::model::Model;
use crate::shape::Precision;
use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

/// What came of one seed.
#[derive(Debug)]
pub(super) struct SeedRun {
    /// What was measured.
    pub(super) records: SeedRecords,
    /// What a dump holds; of the first seed, where one is wanted.
    pub(super) tensors: Option<Vec<(String, Tensor)>>,
    /// The parameters after training; of the first seed.
    pub(super) trained: Vec<(String, Tensor)>,
}

/// Runs seeds.
pub(super) struct Runner<'a> {
    model: &'a Model,
    settings: &'a Settings,
    session: &'a Session<'a>,
    data: &'a Dataset,
    training: Option<&'a Training<'a>>,
    /// The bytes that all memories together may take.
    room: u128,
    wide: Model,
}

/// What training needs beside the session that measures.
pub(super) struct Training<'a> {
    trainer: Trainer<'a>,
    evaluation: Option<Evaluation<'a>>,
    steps: u64,
    reported: BTreeSet<u64>,
    checkpoints: Option<Checkpoints<'a>>,
}

impl<'a> Training<'a> {
    /// What a model's `train` block asks for; none without one.
    ///
    /// # Errors
    /// E0504 where some tensor is larger than can be addressed; E0601 where there is nothing to go on from.
    pub(super) fn new(
        model: &'a Model,
        settings: &Settings,
        data: &'a Dataset,
        seeds: &[u64],
    ) -> Result<Option<Self>, Diagnostic> {
        let Some(train) = &model.train else { return Ok(None) };
        let steps = train::steps(train, data);
        let checkpoints = Checkpoints::new(model, settings, data, steps, seeds)?;
        let trainer =
            Trainer::new((&settings.shared, settings.threads), model, train, (data.batch, steps), settings.executor)?;
        let evaluate =
            |examples| Evaluation::new((&settings.shared, settings.threads), model, examples, settings.executor);
        let evaluation = data.test.as_ref().map(evaluate).transpose()?;
        Ok(Some(Self { trainer, evaluation, steps, reported: train::reported(&model.report, steps), checkpoints }))
    }

    /// The bytes that a seed needs for it.
    pub(super) fn bytes(&self) -> u128 {
        self.trainer.bytes() + self.evaluation.as_ref().map_or(0, Evaluation::bytes)
    }
}

impl<'a> Runner<'a> {
    /// `room` is enough for one memory of the session and what training needs.
    pub(super) fn new(
        model: &'a Model,
        settings: &'a Settings,
        session: &'a Session<'a>,
        data: &'a Dataset,
        training: Option<&'a Training<'a>>,
        room: u128,
    ) -> Self {
        Self {
            model,
            settings,
            session,
            data,
            training,
            room,
            wide: Model { precision: Precision::F64, ..model.clone() },
        }
    }

    /// What came of each seed, in order.
    pub(super) fn run(&self, seeds: &[u64], progress: &(dyn Fn(Progress) + Sync)) -> Result<Vec<SeedRun>, Diagnostic> {
        let done = AtomicUsize::new(0);
        let results: Vec<Mutex<Option<Result<SeedRun, Diagnostic>>>> = seeds.iter().map(|_| Mutex::default()).collect();
        progress(Progress::Running(0, seeds.len()));
        let finish = |index: usize, result: Result<SeedRun, Diagnostic>| {
            *results[index].lock().expect("no worker panicked") = Some(result);
            progress(Progress::Running(done.fetch_add(1, Ordering::Relaxed) + 1, seeds.len()));
        };
        let waiting = self.stream(seeds, 1, progress, &finish);
        assert!(waiting.is_empty(), "alone no seed has to wait");
        let taken = results.into_iter().map(|result| result.into_inner().expect("no worker panicked"));
        taken.map(|result| result.expect("every seed was run")).collect()
    }

    /// Hands on what came of each seed, by its place, as it comes. This is one of `beside` runs at once that share the room; where
    /// there are others, the places of those seeds are returned that have to wait until there are none.
    pub(super) fn stream(
        &self,
        seeds: &[u64],
        beside: usize,
        progress: &(dyn Fn(Progress) + Sync),
        finish: &(dyn Fn(usize, Result<SeedRun, Diagnostic>) + Sync),
    ) -> Vec<usize> {
        let each = self.each().max(1) * beside as u128;
        if each > self.room && beside > 1 {
            return (0..seeds.len()).collect();
        }
        let fitting = usize::try_from(self.room / each).unwrap_or(usize::MAX).max(1);
        let workers = seeds.len().min(self.settings.threads.get()).min(fitting);
        let next = AtomicUsize::new(0);
        let shadow = OnceLock::new();
        let waiting = Mutex::new(Vec::new());
        let work = || {
            let mut worker = self.worker(workers, beside);
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(seed) = seeds.get(index) else { return };
                match worker.run(*seed, index == 0, &shadow, progress).transpose() {
                    Some(result) => finish(index, result),
                    None => waiting.lock().expect("no worker panicked").push(index),
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(work);
            }
            work();
        });
        let mut waiting = waiting.into_inner().expect("no worker panicked");
        waiting.sort_unstable();
        if beside > 1 || waiting.is_empty() {
            return waiting;
        }
        let mut alone = self.worker(1, 1);
        for index in waiting {
            let result = alone.run(seeds[index], index == 0, &shadow, progress).transpose();
            finish(index, result.expect("alone nothing is put off"));
        }
        Vec::new()
    }

    /// The bytes that a seed needs.
    fn each(&self) -> u128 {
        self.session.footprint().total + self.training.map_or(0, Training::bytes)
    }

    /// One of `workers`, with its share of the threads, in one of `beside` runs.
    fn worker(&self, workers: usize, beside: usize) -> Worker<'a, '_> {
        let threads = NonZero::new(self.settings.threads.get() / workers).unwrap_or(NonZero::<usize>::MIN);
        // Where the machine gives no threads, one is enough.
        let threads = Threads::new(threads).unwrap_or_else(|_| Threads::one());
        let initial = Initial::new(self.model, &self.settings.base);
        Worker { runner: self, at_once: workers * beside, threads, memory: None, initial }
    }
}

/// One of those that work through the seeds, with what it needs again and again.
struct Worker<'a, 'r> {
    runner: &'r Runner<'a>,
    /// How many there are at once, in all runs that share the room.
    at_once: usize,
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
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Option<SeedRun>, Diagnostic> {
        let mut memory = match self.memory.take() {
            Some(memory) => memory,
            None => self.runner.session.memory()?,
        };
        let run = match self.runner.training {
            None => self.look(&mut memory, seed, is_first, shadow),
            Some(training) => self.train(training, &mut memory, (seed, is_first), shadow, progress),
        };
        self.memory = Some(memory);
        run
    }

    /// One forward and backward pass.
    fn look(
        &mut self,
        memory: &mut Memory,
        seed: u64,
        is_first: bool,
        shadow: &OnceLock<Result<Shadow<'r>, Diagnostic>>,
    ) -> Result<Option<SeedRun>, Diagnostic> {
        let Runner { session, data, .. } = *self.runner;
        session.fill(memory, data, &data.first_batch(seed, 0), &mut self.initial, seed)?;
        let Some(record) = self.measure(memory, 0, Some(shadow))? else { return Ok(None) };
        let tensors = self.tensors(memory, is_first);
        let records =
            SeedRecords { seed, steps: vec![record], losses: Vec::new(), batches: data.batches(), end: End::Whole };
        Ok(Some(SeedRun { records, tensors, trained: Vec::new() }))
    }

    /// Update after update, with reports between them.
    fn train(
        &mut self,
        training: &Training<'_>,
        memory: &mut Memory,
        (seed, is_first): (u64, bool),
        shadow: &OnceLock<Result<Shadow<'r>, Diagnostic>>,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Option<SeedRun>, Diagnostic> {
        let Runner { session, model, data, settings, .. } = *self.runner;
        let Training { trainer, evaluation, steps, reported, checkpoints } = training;
        let mut trained = trainer.start(&mut self.initial, seed)?;
        let mut held_out = evaluation.as_ref().map(Evaluation::memory).transpose()?;
        let mut batches = Batches::new(data, seed);
        let (mut before, mut tensors, mut tick) = (None, None, 0);
        let mut records =
            SeedRecords { seed, steps: Vec::new(), losses: Vec::new(), batches: data.batches(), end: End::Whole };
        let measured: Vec<LayerId> = session.layers().iter().map(|nodes| nodes.layer).collect();
        let load = |checkpoints: &Checkpoints<'_>| checkpoints.load(seed, trainer, &measured, reported);
        let kept = checkpoints.as_ref().map(load).transpose()?.flatten();
        let start = kept.as_ref().map_or(0, |kept| kept.step);
        if let Some(kept) = kept {
            trainer.restore(&mut trained, &kept.tensors);
            (records.steps, records.losses) = (kept.records, kept.losses);
        }
        for step in start..=*steps {
            if step == start || !batches.is_always_the_same() {
                trainer.feed(&mut trained, data, batches.rows(step));
            }
            if records.end == End::Whole && settings.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                records.end = End::Interrupted(step);
            }
            let loss = (step < *steps && records.end == End::Whole).then(|| {
                trainer.draw(&mut trained, seed, step);
                trainer.try_step(&mut trained, step, &self.threads)
            });
            if loss.is_some_and(|loss| !loss.is_finite()) {
                records.end = End::NotFinite(step);
            }
            let is_reported = reported.contains(&step);
            // Training that goes on from this step has its report already.
            let has_report = records.steps.last().is_some_and(|record| record.step == step);
            if (is_reported || records.end != End::Whole) && !has_report {
                session.fill_batch(memory, data, batches.rows(step));
                session.fill_masks(memory, seed, step);
                session.fill_trained(memory, trainer, &trained);
                let shadow = records.steps.is_empty().then_some(shadow);
                let Some(mut record) = self.measure(memory, step, shadow)? else { return Ok(None) };
                train::describe(model, &train::weights(model, trainer, &trained), before.as_ref(), &mut record);
                record.rate = (step < *steps).then(|| trainer.rate(step));
                if let (Some(evaluation), Some(memory)) = (evaluation, &mut held_out) {
                    record.test = Some(evaluation.evaluate(memory, trainer, &trained, &self.threads));
                }
                if records.steps.is_empty() {
                    tensors = self.tensors(memory, is_first);
                }
                records.steps.push(record);
            }
            if let Some(checkpoints) = checkpoints {
                let count = records.steps.len() - usize::from(!is_reported && records.end != End::Whole);
                let due = match records.end {
                    End::Whole if step == *steps => true,
                    End::Whole => checkpoints.is_due(seed, step, is_reported.then_some(count), &mut tick),
                    End::Interrupted(_) => true,
                    // The last good one stays.
                    End::NotFinite(_) => false,
                };
                if due {
                    let state = trainer.state(&trained);
                    checkpoints.write(seed, step, &state, &records.losses, &records.steps[..count])?;
                }
            }
            let (Some(loss), End::Whole) = (loss, records.end) else { break };
            before = reported.contains(&(step + 1)).then(|| train::weights(model, trainer, &trained));
            trainer.carry(&mut trained);
            records.losses.push(loss);
            if is_first {
                progress(Progress::Training { step: step + 1, steps: *steps, loss });
            }
        }
        let trained = if is_first { trainer.tensors(&trained, records.losses.len() as u64) } else { Vec::new() };
        Ok(Some(SeedRun { records, tensors, trained }))
    }

    /// Runs the session in a memory that was filled, and records what was measured; none where the shadow has to wait.
    fn measure(
        &self,
        memory: &mut Memory,
        step: u64,
        shadow: Option<&OnceLock<Result<Shadow<'r>, Diagnostic>>>,
    ) -> Result<Option<Record>, Diagnostic> {
        let Runner { model, session, data, settings, .. } = *self.runner;
        session.run(memory, &self.threads);
        let (mut record, measured) = session.record(memory, step);
        let symmetric = session.symmetric_layers(memory);
        for layer in &mut record.layers {
            layer.symmetric = symmetric[crate::arena::Id::index(layer.layer)];
        }
        if let Some(shadow) = shadow.filter(|_| shadow::is_needed(model, session, &measured)) {
            let runner = self.runner;
            let shadow = shadow
                .get_or_init(|| Shadow::new(&settings.shared, [model, &runner.wide], data.batch, settings.executor));
            let shadow = shadow.as_ref().map_err(Clone::clone)?;
            let needed = runner.each() + shadow.bytes();
            // Without room for it nothing is known of what was lost, and the record says so.
            if needed <= runner.room {
                if needed * self.at_once as u128 > runner.room {
                    return Ok(None);
                }
                for (layer, wide) in record.layers.iter_mut().zip(shadow.run(session, memory, &self.threads)?) {
                    layer.wide = Some(wide);
                }
            }
        }
        Ok(Some(record))
    }

    fn tensors(&self, memory: &Memory, is_first: bool) -> Option<Vec<(String, Tensor)>> {
        let session = self.runner.session;
        (is_first && session.wanted().kept == Kept::Everything).then(|| session.tensors(memory))
    }
}
