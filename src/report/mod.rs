//! The report as data: what is printed as text, JSON, CSV, page and picture. It holds no time, path, host or thread count, so that
//! equal runs give equal bytes.
//!
//! To add a format: one file here, one arm in `cli`.

mod chart;
pub mod csv;
pub mod curvature;
pub(crate) mod decade;
pub mod heat;
mod history;
pub mod html;
pub mod json;
pub mod outline;
pub mod phase;
pub mod prediction;
pub mod svg;
pub mod text;
mod through_time;
mod words;

pub use through_time::Time;

use crate::diagnose::chain::Chain;
use crate::diagnose::history as over_time;
use crate::diagnose::precision;
use crate::diagnose::theory::{Estimate, Prediction};
use crate::diagnose::verdict::{self, Judgement};
use crate::diagnose::{self, Diagnosis};
use crate::diagnostics::Level;
use crate::model::Model;
use crate::numbers;
use crate::run::record::{End, LayerRecord, Record, Records, SeedRecords};
use crate::source::Sources;
use curvature::Curvature;
use json::Number;
use schemars::JsonSchema;
use serde::Serialize;

/// The version of the JSON form; raised when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// What a run found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Report {
    /// The version of this form.
    pub schema: u32,
    /// The network's name.
    pub network: String,
    /// The first seed.
    pub seed: u64,
    /// `f32` or `f64`.
    pub precision: String,
    /// Examples per batch.
    pub batch: usize,
    /// Whether the data were made up because the file names none.
    pub synthetic_data: bool,
    /// The different characters of a text, in the order of their numbers; absent for other data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<String>,
    /// The verdict over all seeds, at the last report.
    pub verdict: Verdict,
    /// The reports of the first seed, in order of steps.
    pub steps: Vec<Step>,
    /// How training went, for the first seed; absent where nothing is trained.
    pub training: Option<Training>,
    /// What the loss is like around the end of training; absent without `report { curvature: on }`.
    pub curvature: Option<Curvature>,
    /// What is to be said, gravest first.
    pub findings: Vec<Finding>,
    /// Sentences in plain words: does it vanish, where, why.
    pub summary: Vec<String>,
}

/// How training went.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Training {
    /// Updates made.
    pub updates: u64,
    /// `whole`, `not finite` or `interrupted`.
    pub end: String,
    /// What the loss does at the end; absent where it falls, rises, or there are too few updates to tell.
    pub course: Option<Course>,
    /// The stretches of reports over which a verdict held, but for `healthy`.
    pub verdicts: Vec<Stretch>,
    /// The loss before some updates, at round steps and before the last one; `MOST_LOSSES` at most.
    pub losses: Vec<Loss>,
}

/// What a loss does that does not simply fall.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Course {
    /// `stands still` or `swings`.
    pub word: String,
    /// Updates made when it began to stand still.
    pub since: Option<u64>,
    /// The change since then, as a share of the loss; where it swings, that of the last fifty updates or epochs.
    pub change: Number,
}

/// Consecutive reports at which a verdict held.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Stretch {
    /// The verdict.
    pub word: String,
    /// The first of these reports.
    pub from: u64,
    /// The last.
    pub to: u64,
    /// Whether it is the last report of all.
    pub lasts: bool,
    /// The layer whose number decided at the first, where it is one layer's.
    pub layer: Option<String>,
}

/// The loss at a step.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Loss {
    /// Updates made before.
    pub step: u64,
    /// The mean loss of the batch.
    pub loss: Number,
}

/// The most losses that a report lists.
pub const MOST_LOSSES: usize = 200;

/// The verdict.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Verdict {
    /// The commonest over the seeds.
    pub word: String,
    /// All that hold in at least half of the seeds, gravest first.
    pub words: Vec<String>,
    /// r_first / r_last, the median over the seeds.
    pub ratio: Number,
    /// The factor of r for one layer toward the input, from a robust slope; the first seed's.
    pub factor_per_layer: Option<Number>,
    /// The numbers that decided, of the first seed.
    pub grounds: Vec<Ground>,
    /// One for each seed.
    pub seeds: Vec<Seed>,
}

/// A number against its threshold.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Ground {
    /// The word it decided.
    pub word: String,
    /// `nonfinite`, `ratio`, `factor_per_layer` or `share`.
    pub measure: String,
    /// The layer, where it is one layer's.
    pub layer: Option<String>,
    /// The number.
    pub value: Number,
    /// What it was held against.
    pub threshold: Number,
    /// Whether it is within a tenth of the threshold.
    pub borderline: bool,
}

/// The verdict of one seed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Seed {
    /// The seed.
    pub seed: u64,
    /// Its word.
    pub word: String,
    /// Its r_first / r_last.
    pub ratio: Number,
    /// Its loss at the last report.
    pub loss: Number,
}

/// One report of the first seed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Step {
    /// Updates made before it.
    pub step: u64,
    /// The mean loss of the batch.
    pub loss: Number,
    /// The share of right predictions, where there are such.
    pub accuracy: Option<Number>,
    /// The mean loss of the examples that are held out.
    pub test_loss: Option<Number>,
    /// The share of right predictions among them.
    pub test_accuracy: Option<Number>,
    /// The learning rate of the next update.
    pub rate: Option<Number>,
    /// The layers in order of the text.
    pub layers: Vec<Layer>,
    /// ∂C/∂x; absent for integer inputs.
    pub input: Option<Statistics>,
    /// The factor on the loss that gradients in f16 would need; absent where f16 would lose nothing.
    pub loss_scale: Option<LossScale>,
}

/// A factor on the loss for gradients in f16.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LossScale {
    /// The layer with the tensor that loses most.
    pub layer: String,
    /// Which tensor: `∂C/∂W`, `∂C/∂b`, `∂C/∂z`, `∂C/∂a`.
    pub tensor: String,
    /// The share of its non-zero entries that f16 loses.
    pub lost: Number,
    /// The factor, a power of two: the least that keeps every entry, or the largest that lets none overflow; absent where there is
    /// no room for any.
    pub scale: Option<Number>,
    /// The share that is lost in spite of it, in the tensor that then loses most, at most: whole decades are counted.
    pub remaining: Number,
}

/// The entries of ∂C/∂z that are exactly zero, by cause, as shares of all entries.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Zeros {
    /// In units whose φ′ is zero for every example.
    pub dead: Number,
    /// Where φ′ is zero for this example, in units that live.
    pub inactive: Number,
    /// Zero in f32 and not in f64 with the same weights and data.
    pub underflowed: Number,
    /// No gradient arrives: masked, not chosen by a maximum, behind layers that are zero themselves.
    pub structural: Number,
}

/// One layer of one report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The line of its statement, from 1.
    pub line: usize,
    /// The shape of one example's output.
    pub shape: Vec<usize>,
    /// Its activation.
    pub activation: Option<String>,
    /// The number of its trainable numbers.
    pub parameters: usize,
    /// Weights and biases as one vector.
    pub gradient: Option<Statistics>,
    /// ∂C/∂W
    pub weight: Option<Statistics>,
    /// ∂C/∂b
    pub bias: Option<Statistics>,
    /// ∂C/∂z over the batch.
    pub pre_activation: PreActivation,
    /// ∂C/∂a over the batch.
    pub output: Statistics,
    /// The layer's output in the forward pass.
    pub forward: Forward,
    /// The share of saturated entries beyond what a standard normal pre-activation gives.
    pub saturated: Option<Number>,
    /// The share of dead units.
    pub dead: Option<Number>,
    /// The mean entropy of the attention weights, over the logarithm of the number of positions that a step may look at: 1 where
    /// all are looked at alike, 0 where each step looks at one alone.
    pub attention_entropy: Option<Number>,
    /// The zeros of ∂C/∂z by cause.
    pub zeros: Zeros,
    /// The share of entries of ∂C/∂z that are zero or subnormal in f32 and not in f64; absent where nothing was suspicious.
    pub lost_to_precision: Option<Number>,
    /// ‖update‖ / ‖weights‖ of the step before.
    pub update_ratio: Option<Number>,
    /// The weights, where something is trained.
    pub weights: Option<Weights>,
    /// r here over r at the next layer with weights.
    pub factor: Option<Factor>,
    /// The gradient through time; absent for all but recurrent layers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// The layer's own word.
    pub verdict: String,
}

/// The weights of a layer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Weights {
    /// The least.
    pub least: Number,
    /// The greatest.
    pub greatest: Number,
    /// The root mean square.
    pub rms: Number,
}

/// What the gradient is multiplied by from the next layer with weights to this one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Factor {
    /// r_l / r_{l+1}
    pub measured: Number,
    /// By mean-field theory, before any run; absent where it has no answer, and after training.
    pub predicted: Option<Number>,
    /// The standard deviation of the logarithm of the predicted factor over draws of the weights, for these widths.
    pub predicted_spread: Option<Number>,
    /// The part of the next layer's weights: ‖Wᵀδ‖ over ‖δ‖. The five parts multiply to `measured`.
    pub weights: Number,
    /// The part of the activations between.
    pub activation: Number,
    /// The part of the norms between; 1 where there is none.
    pub normalisation: Number,
    /// The part of other ways: a skip, a branch, a layer that is used again; 1 where there is none.
    pub skip: Number,
    /// The part of all other layers between: pooling, dropout, …; 1 where there is none.
    pub other: Number,
}

/// The layer's output in the forward pass.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Forward {
    /// Root mean square.
    pub rms: Number,
    /// Mean.
    pub mean: Number,
}

/// Statistics of a tensor of gradients.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Statistics {
    /// Frobenius norm.
    pub l2: Number,
    /// l2 / √count
    pub rms: Number,
    /// Mean.
    pub mean: Number,
    /// Largest magnitude.
    pub max_abs: Number,
    /// Share of zeros.
    pub zero_fraction: Number,
    /// Share of subnormal entries.
    pub subnormal_fraction: Number,
    /// Share of the non-zero entries that are zero in f16.
    pub underflow_f16: Number,
    /// … in bf16.
    pub underflow_bf16: Number,
    /// … in f32: of a network in f64.
    pub underflow_f32: Number,
    /// Entries that are NaN or infinite.
    pub nonfinite: u64,
    /// Entries by decade of magnitude.
    pub histogram: Histogram,
}

/// The statistics of ∂C/∂z with r.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PreActivation {
    /// Of the tensor.
    #[serde(flatten)]
    pub statistics: Statistics,
    /// r = √B·l2: the root mean square over examples of the norm of one example's gradient.
    pub per_example: Number,
}

/// Entries by decade: `counts[i]` lie in 10^(first_decade+i) ≤ |x| < 10^(first_decade+i+1).
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Histogram {
    /// The decade of `counts[0]`.
    pub first_decade: i32,
    /// How many.
    pub counts: Vec<u64>,
}

/// A finding.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// Its code.
    pub code: String,
    /// `warning` or `error`.
    pub level: String,
    /// The layer, where it is one's.
    pub layer: Option<String>,
    /// The line it is drawn at, from 1.
    pub line: Option<usize>,
    /// What was found.
    pub message: String,
    /// What helped, where it was measured.
    pub help: Option<String>,
}

/// Builds the report of a run.
#[must_use]
pub fn build(model: &Model, sources: &Sources, records: &Records, diagnosis: &Diagnosis) -> Report {
    let first = records.seeds.first().expect("a run has at least one seed");
    let steps = first
        .steps
        .iter()
        .zip(&diagnosis.steps)
        .map(|(record, judgement)| {
            // Theory speaks of weights as they are drawn.
            let prediction = (record.step == 0).then_some(&diagnosis.prediction);
            build_step(model, sources, record, judgement, (records.batch, prediction))
        })
        .collect();
    Report {
        schema: SCHEMA,
        network: model.name.name.clone(),
        seed: first.seed,
        precision: model.precision.name().to_owned(),
        batch: records.batch,
        synthetic_data: records.synthetic,
        vocabulary: records.vocabulary.clone(),
        verdict: build_verdict(model, diagnosis),
        steps,
        training: model.train.is_some().then(|| build_training(model, first, diagnosis)),
        curvature: records.curvature.as_ref().map(|record| curvature::build(model, record)),
        findings: diagnosis.findings.iter().map(|finding| build_finding(model, sources, finding)).collect(),
        summary: words::summary(model, records, diagnosis),
    }
}

fn build_training(model: &Model, seed: &SeedRecords, diagnosis: &Diagnosis) -> Training {
    let count = seed.losses.len();
    // At round steps, and the last.
    let stride = numbers::round().find(|stride| count.div_ceil(*stride) < MOST_LOSSES).unwrap_or(1);
    let last = count.checked_sub(1);
    let shown = (0..count).step_by(stride).chain(last.filter(|last| last % stride != 0));
    Training {
        updates: count as u64,
        end: match seed.end {
            End::Whole => "whole",
            End::NotFinite(_) => "not finite",
            End::Interrupted(_) => "interrupted",
        }
        .to_owned(),
        course: diagnosis.history.course.map(build_course),
        verdicts: diagnosis.history.stretches.iter().map(|stretch| build_stretch(model, stretch)).collect(),
        losses: shown.map(|at| Loss { step: at as u64, loss: Number(seed.losses[at]) }).collect(),
    }
}

fn build_course(course: over_time::Course) -> Course {
    match course {
        over_time::Course::Still { since, change } => {
            Course { word: "stands still".to_owned(), since: Some(since), change: Number(change) }
        }
        over_time::Course::Swings { least, most, .. } => {
            Course { word: "swings".to_owned(), since: None, change: Number((most - least) / least.abs()) }
        }
    }
}

fn build_stretch(model: &Model, stretch: &over_time::Stretch) -> Stretch {
    Stretch {
        word: stretch.word.word().to_owned(),
        from: stretch.from,
        to: stretch.to,
        lasts: stretch.until.is_none(),
        layer: stretch.layer.map(|layer| model.layers[layer].name.clone()),
    }
}

fn build_verdict(model: &Model, diagnosis: &Diagnosis) -> Verdict {
    let judgement = &diagnosis.seeds.first().expect("a run has at least one seed").judgement;
    let grounds = judgement
        .grounds
        .iter()
        .map(|ground| Ground {
            word: ground.word.word().to_owned(),
            measure: match ground.measure {
                verdict::Measure::Nonfinite => "nonfinite",
                verdict::Measure::Ratio => "ratio",
                verdict::Measure::FactorPerLayer => "factor_per_layer",
                verdict::Measure::Share => "share",
            }
            .to_owned(),
            layer: ground.layer.map(|layer| model.layers[layer].name.clone()),
            value: Number(ground.value),
            threshold: Number(ground.threshold),
            borderline: ground.borderline,
        })
        .collect();
    Verdict {
        word: diagnosis.verdict.word.word().to_owned(),
        words: diagnosis.verdict.words.iter().map(|word| word.word().to_owned()).collect(),
        ratio: Number(diagnosis.verdict.ratio),
        factor_per_layer: judgement.growth.map(|growth| Number(1.0 / growth)),
        grounds,
        seeds: diagnosis
            .seeds
            .iter()
            .map(|seed| Seed {
                seed: seed.seed,
                word: seed.judgement.word.word().to_owned(),
                ratio: Number(seed.judgement.ratio),
                loss: Number(seed.loss),
            })
            .collect(),
    }
}

fn build_finding(model: &Model, sources: &Sources, finding: &diagnose::Finding) -> Finding {
    let diagnostic = &finding.diagnostic;
    Finding {
        code: diagnostic.code.0.to_owned(),
        level: match diagnostic.level {
            Level::Error => "error",
            Level::Warning => "warning",
        }
        .to_owned(),
        layer: finding.layer.map(|layer| model.layers[layer].name.clone()),
        line: diagnostic.primary.as_ref().map(|label| sources.line(label.span)),
        message: diagnostic.message.clone(),
        help: diagnostic.helps.first().map(|help| help.text.clone()),
    }
}

fn build_step(
    model: &Model,
    sources: &Sources,
    record: &Record,
    judgement: &Judgement,
    (batch, prediction): (usize, Option<&Prediction>),
) -> Step {
    Step {
        step: record.step,
        loss: Number(record.loss),
        accuracy: record.accuracy.map(Number),
        test_loss: record.test.map(|test| Number(test.loss)),
        test_accuracy: record.test.and_then(|test| test.accuracy).map(Number),
        rate: record.rate.map(Number),
        layers: record
            .layers
            .iter()
            .zip(&judgement.layers)
            .enumerate()
            .map(|(at, (layer, word))| {
                let zeros = precision::zeros(model, record, at);
                let predicted = prediction.and_then(|prediction| prediction.layer(layer.layer)?.factor);
                build_layer(model, sources, layer, &judgement.chain, (batch, predicted, zeros), word.word())
            })
            .collect(),
        input: record.input.as_ref().map(Statistics::of),
        loss_scale: precision::loss_scale(record).map(|scale| LossScale {
            layer: model.layers[scale.layer].name.clone(),
            tensor: scale.tensor.to_owned(),
            lost: Number(scale.lost),
            scale: scale.exponent.map(|exponent| Number(libm::ldexp(1.0, exponent))),
            remaining: Number(scale.remaining),
        }),
    }
}

fn build_layer(
    model: &Model,
    sources: &Sources,
    measured: &LayerRecord,
    chain: &Chain,
    (batch, predicted, zeros): (usize, Option<Estimate>, precision::Zeros),
    word: &str,
) -> Layer {
    let layer = &model.layers[measured.layer];
    let factor = chain.link(measured.layer).and_then(|link| link.factor);
    Layer {
        name: layer.name.clone(),
        kind: layer.kind_name.clone(),
        line: sources.line(layer.span),
        shape: layer.shape.0.clone(),
        activation: layer.activation.as_ref().map(|activation| activation.name.clone()),
        parameters: layer.parameters.iter().map(|id| model.parameters[*id].shape.elements()).sum(),
        gradient: measured.gradient.as_ref().map(Statistics::of),
        weight: measured.weight.as_ref().map(Statistics::of),
        bias: measured.bias.as_ref().map(Statistics::of),
        pre_activation: PreActivation {
            statistics: Statistics::of(&measured.pre_activation),
            per_example: Number((batch as f64).sqrt() * measured.pre_activation.l2),
        },
        output: Statistics::of(&measured.output),
        forward: Forward { rms: Number(measured.forward.rms), mean: Number(measured.forward.mean) },
        saturated: verdict::saturated(measured).map(Number),
        dead: measured.dead.map(Number),
        attention_entropy: measured.attention_entropy.map(Number),
        zeros: Zeros {
            dead: Number(zeros.dead),
            inactive: Number(zeros.inactive),
            underflowed: Number(zeros.underflowed),
            structural: Number(zeros.structural),
        },
        lost_to_precision: measured.lost_to_precision().map(Number),
        update_ratio: measured.update_ratio.map(Number),
        weights: measured.weights.map(|weights| Weights {
            least: Number(weights.least),
            greatest: Number(weights.greatest),
            rms: Number(weights.rms),
        }),
        factor: factor.map(|factor| Factor {
            measured: Number(factor.measured),
            predicted: predicted.map(|estimate| Number(estimate.factor)),
            predicted_spread: predicted.map(|estimate| Number(estimate.spread)),
            weights: Number(factor.weights),
            activation: Number(factor.activation),
            normalisation: Number(factor.normalisation),
            skip: Number(factor.skip),
            other: Number(factor.other),
        }),
        time: through_time::build(model, measured, batch),
        verdict: word.to_owned(),
    }
}

impl Statistics {
    fn of(measured: &crate::run::record::Statistics) -> Self {
        Self {
            l2: Number(measured.l2),
            rms: Number(measured.rms),
            mean: Number(measured.mean),
            max_abs: Number(measured.max_abs),
            zero_fraction: Number(measured.zero_fraction),
            subnormal_fraction: Number(measured.subnormal_fraction),
            underflow_f16: Number(measured.underflow_f16),
            underflow_bf16: Number(measured.underflow_bf16),
            underflow_f32: Number(measured.underflow_f32),
            nonfinite: measured.nonfinite,
            histogram: Histogram {
                first_decade: measured.histogram.first_decade,
                counts: measured.histogram.counts.clone(),
            },
        }
    }
}
