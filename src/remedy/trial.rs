//! One text, trained with several seeds: what its gradient is like at the start, what its loss comes to, and what it costs.

use crate::diagnose::chain::Chain;
use crate::diagnose::{Diagnosis, diagnose, median, verdict};
use crate::graph::Op;
use crate::model::{self, At, Model, VerdictWord};
use crate::pipeline::{self, Checked, Options};
use crate::run::Shared;
use crate::run::record::{End, Record, Records};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

/// What a file without a `train` block is trained by.
pub(super) const TRAINING: &str = "optimizer: adam(rate: 0.003); steps: 100";

/// How every text of a study is trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The most updates.
    pub steps: u64,
    /// Whether the file has no `train` block, so that `TRAINING` stands for it.
    pub made_up: bool,
}

/// A text that was trained.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Updates asked for.
    pub steps: u64,
    /// What came of each seed, in order.
    pub seeds: Vec<Outcome>,
    /// The numbers that can be trained.
    pub parameters: u64,
    /// Multiplications and additions in the matrix products of one example's forward pass.
    pub multiply_adds: u64,
}

/// What came of one seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The verdict before the first update.
    pub word: String,
    /// r of the first layer over r of the last, then.
    pub ratio: f64,
    /// The loss then.
    pub first_loss: f64,
    /// The loss after the last update; infinite where training left the numbers.
    pub loss: f64,
    /// The accuracy then, where there is one.
    pub accuracy: Option<f64>,
}

/// Why a text has no trial.
#[derive(Debug)]
pub(super) enum Untried {
    /// It has a mistake, is the same as the file, or cannot be run.
    NoSense,
    /// The user ended it.
    Interrupted,
}

/// A text as it will be trained.
pub(super) struct Ready {
    pub(super) checked: Checked,
    steps: u64,
}

impl Ready {
    /// None where the text has an error.
    pub(super) fn new(name: &str, text: &str, terms: &Terms, options: &Options) -> Option<Self> {
        let text = if terms.made_up { format!("{text}\ntrain {{ {TRAINING} }}\n") } else { text.to_owned() };
        let mut checked = pipeline::check(name, text, options);
        if checked.diagnostics.iter().any(crate::diagnostics::Diagnostic::is_error) {
            return None;
        }
        let data = checked.data.as_ref()?;
        let batches = (data.examples / data.batch).max(1) as u64;
        let model = checked.model.as_mut()?;
        model.loss.as_ref()?;
        let train = model.train.as_mut()?;
        let epochs = train.epochs.map(|epochs| epochs.saturating_mul(batches));
        let steps = train.steps.or(epochs).unwrap_or(0).min(terms.steps);
        (train.steps, train.epochs) = (Some(steps), None);
        (model.report.at, model.report.every) = (Some(vec![At::First, At::Last]), None);
        model.expectations.clear();
        Some(Self { checked, steps })
    }

    fn model(&self) -> &Model {
        self.checked.model.as_ref().expect("it was checked")
    }

    /// Trains it, with the findings of all seeds together.
    pub(super) fn run(
        &self,
        terms: &Terms,
        options: &Options,
        shared: &Shared,
        beside: usize,
    ) -> Result<(Trial, Diagnosis), Untried> {
        let model = self.model();
        let done: Mutex<Vec<Option<Records>>> = Mutex::new(vec![None; terms.seeds.len()]);
        let finish = |index: usize, records: Result<Records, _>| {
            done.lock().expect("no seed panicked")[index] = records.ok();
        };
        let run = |seeds: &[u64], beside: usize, at: &dyn Fn(usize) -> usize| {
            let places: Vec<usize> = (0..seeds.len()).map(at).collect();
            let finish = |index: usize, records: Result<Records, crate::diagnostics::Diagnostic>| {
                finish(places[index], records);
            };
            self.checked.run_seeds(options, shared, (seeds, beside), &finish).map_err(|_| Untried::NoSense)
        };
        // What has to wait until it is alone is not worth a trial where others are.
        let waiting = run(&terms.seeds, beside, &|index| index)?;
        if !waiting.is_empty() {
            let seeds: Vec<u64> = waiting.iter().map(|at| terms.seeds[*at]).collect();
            run(&seeds, 1, &|index| waiting[index])?;
        }
        if options.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            return Err(Untried::Interrupted);
        }
        let done = done.into_inner().expect("no seed panicked");
        let Some(done) = done.into_iter().collect::<Option<Vec<Records>>>() else { return Err(Untried::NoSense) };
        let seeds = done.iter().map(|records| outcome(model, records)).collect();
        let all = Records {
            seeds: done.iter().flat_map(|records| records.seeds.clone()).collect(),
            ..done.into_iter().next().expect("there is a seed")
        };
        let trial = Trial {
            steps: self.steps,
            seeds,
            parameters: model.parameters.iter().map(|parameter| parameter.shape.elements() as u64).sum(),
            multiply_adds: multiply_adds(model),
        };
        Ok((trial, diagnose(model, &all)))
    }
}

fn outcome(model: &Model, records: &Records) -> Outcome {
    let seed = &records.seeds[0];
    let first: &Record = seed.steps.first().expect("a seed has at least one report");
    let last = seed.steps.last().expect("a seed has at least one report");
    let judgement = verdict::judge(model, first, &Chain::new(model, first, records.batch));
    let is_whole = seed.end == End::Whole && last.loss.is_finite();
    Outcome {
        seed: seed.seed,
        word: judgement.word.word().to_owned(),
        ratio: judgement.ratio,
        first_loss: first.loss,
        loss: if is_whole { last.loss } else { f64::INFINITY },
        accuracy: last.accuracy.filter(|_| is_whole),
    }
}

/// Of one example's forward pass.
fn multiply_adds(model: &Model) -> u64 {
    let graph = model::build(model, 1).graph;
    let products = graph.nodes.iter().filter(|node| node.op == Op::Product);
    products
        .map(|node| {
            let inner = graph.shape(node.inputs[0]).0.last().copied().unwrap_or(1);
            (node.shape.elements() * inner) as u64
        })
        .sum()
}

impl Trial {
    /// The commonest verdict at the start, the graver at a tie, and in how many seeds it holds.
    #[must_use]
    pub fn word(&self) -> (&'static str, usize) {
        let votes = |word: &str| self.seeds.iter().filter(|seed| seed.word == word).count();
        let mut best = ("healthy", 0);
        for word in verdict::WORDS.map(VerdictWord::word) {
            if votes(word) > best.1 {
                best = (word, votes(word));
            }
        }
        best
    }

    /// The median over the seeds.
    #[must_use]
    pub fn median(&self, of: fn(&Outcome) -> f64) -> f64 {
        median(&self.seeds.iter().map(of).collect::<Vec<f64>>())
    }

    /// In how many seeds the loss came lower than another text's with the same seed.
    #[must_use]
    pub fn lower_than(&self, other: &Self) -> usize {
        self.seeds.iter().zip(&other.seeds).filter(|(own, other)| own.loss < other.loss).count()
    }

    /// Whether the loss came lower than another's by a hundredth in the median, and in four of five seeds.
    #[must_use]
    pub fn helps(&self, other: &Self) -> bool {
        let (own, before) = (self.median(|seed| seed.loss), other.median(|seed| seed.loss));
        let margin = if before.is_finite() { 0.01 * before.abs() } else { 0.0 };
        own < before - margin && 5 * self.lower_than(other) >= 4 * self.seeds.len()
    }
}
