//! Judging what a run measured: verdicts with the numbers that decided them, causes, findings, expectations.
//!
//! - `chain.rs`: the layers with weights as one chain: r of each, factors, slope.
//! - `through_time.rs`: how far a loss reaches back along a sequence.
//! - `verdict.rs`: the rules, gravest first. To add a finding: a function in `diagnostics/findings.rs`, its page, one rule here.
//! - `theory.rs`: what mean-field theory predicts, before any run.
//! - `precision.rs`: zeros by cause; the loss scale that f16 would need.
//! - `phase.rs`: the plane of (σ_w, σ_b) with a network in it.
//! - `findings.rs`: verdicts as diagnostics on the layers' own lines.
//! - `curvature.rs`: saddle, minimum, plateau.
//! - `history.rs`: verdicts over time.
//! - `expectation.rs`: `expect` statements against the records.

pub mod chain;
pub mod curvature;
pub mod expectation;
pub mod findings;
pub mod history;
pub mod phase;
pub mod precision;
pub mod theory;
pub mod through_time;
pub mod verdict;

use crate::diagnostics::Diagnostic;
use crate::graph::LayerId;
use crate::model::{Model, VerdictWord};
use crate::run::record::{Record, Records};
use chain::Chain;
use history::History;
use theory::Prediction;
use verdict::Judgement;

/// What is to be said of a whole run.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// The verdict over all seeds, at the last report.
    pub verdict: Overall,
    /// One for each seed, at its last report, in the order of the records.
    pub seeds: Vec<SeedVerdict>,
    /// The judgement of each report of the first seed.
    pub steps: Vec<Judgement>,
    /// What they tell together.
    pub history: History,
    /// Drawn on the source, gravest first.
    pub findings: Vec<Finding>,
    /// What theory says of the network as it is initialised.
    pub prediction: Prediction,
}

/// The verdict over all seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Overall {
    /// The commonest over the seeds; the graver at a tie.
    pub word: VerdictWord,
    /// Every word that holds in at least half of the seeds, gravest first, `word` among them.
    pub words: Vec<VerdictWord>,
    /// r_first / r_last, the median over the seeds.
    pub ratio: f64,
    /// In how many seeds `word` holds.
    pub agreeing: usize,
}

/// The verdict of one seed.
#[derive(Clone, Debug)]
pub struct SeedVerdict {
    /// The seed.
    pub seed: u64,
    /// Its last report, judged.
    pub judgement: Judgement,
    /// The loss there.
    pub loss: f64,
}

/// A finding and the layer it is drawn at.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The layer; absent where the whole run is meant.
    pub layer: Option<LayerId>,
    /// The words and labels.
    pub diagnostic: Diagnostic,
}

/// Judges every report of a run.
#[must_use]
pub fn diagnose(model: &Model, records: &Records) -> Diagnosis {
    let judge = |record: &Record| verdict::judge(model, record, &Chain::new(model, record, records.batch));
    let seeds: Vec<SeedVerdict> = records
        .seeds
        .iter()
        .map(|seed| {
            let last = seed.steps.last().expect("a seed has at least one report");
            SeedVerdict { seed: seed.seed, judgement: judge(last), loss: last.loss }
        })
        .collect();
    let first = records.seeds.first().expect("a run has at least one seed");
    let steps: Vec<Judgement> = first.steps.iter().map(judge).collect();
    let verdict = overall(&seeds);
    let last = first.steps.last().expect("a seed has at least one report");
    let judgement = steps.last().expect("a seed has at least one report");
    let history = history::of(first, &steps);
    let mut findings = findings::find(model, records, last, judgement, &verdict);
    findings.extend(history::findings(model, first, &steps, &history));
    let prediction = theory::predict(model, records.inputs);
    Diagnosis { verdict, seeds, steps, history, findings, prediction }
}

fn overall(seeds: &[SeedVerdict]) -> Overall {
    let count = |holds: &dyn Fn(&Judgement) -> bool| seeds.iter().filter(|seed| holds(&seed.judgement)).count();
    let mut word = VerdictWord::Healthy;
    let mut agreeing = 0;
    for candidate in verdict::WORDS {
        let votes = count(&|judgement| judgement.word == candidate);
        if votes > agreeing {
            (word, agreeing) = (candidate, votes);
        }
    }
    let words = verdict::WORDS
        .into_iter()
        .filter(|candidate| {
            *candidate == word || 2 * count(&|judgement| judgement.words.contains(candidate)) >= seeds.len().max(1)
        })
        .filter(|candidate| *candidate == word || *candidate != VerdictWord::Healthy)
        .collect();
    let ratios: Vec<f64> = seeds.iter().map(|seed| seed.judgement.ratio).collect();
    Overall { word, words, ratio: median(&ratios), agreeing }
}

/// The median by total order; the mean of the middle two for an even number; NaN for none.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[middle],
        _ if sorted[middle - 1] == sorted[middle] => sorted[middle],
        _ => sorted[middle - 1] / 2.0 + sorted[middle] / 2.0,
    }
}
