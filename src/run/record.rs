//! What a run measured, as data: one `Record` for each seed and reported step. Judged by `diagnose`, shown by `report`.

use super::data::Moments;
use crate::graph::LayerId;

/// Everything measured in one run.
#[derive(Clone, Debug)]
pub struct Records {
    /// The number of examples in the batch, B.
    pub batch: usize,
    /// Whether the data were made up because the file names none.
    pub synthetic: bool,
    /// The different characters of a text, in the order of their numbers.
    pub vocabulary: Option<String>,
    /// Of the inputs of the first seed's first batch.
    pub inputs: Moments,
    /// One for each seed, in the order asked for; at least one.
    pub seeds: Vec<SeedRecords>,
    /// The curvature at the end of the first seed; absent where nobody asked for it.
    pub curvature: Option<CurvatureRecord>,
}

/// What the loss over all examples is like around a point, in f64.
#[derive(Clone, Debug)]
pub struct CurvatureRecord {
    /// The seed.
    pub seed: u64,
    /// Updates made before.
    pub step: u64,
    /// Examples that were looked at.
    pub examples: usize,
    /// Numbers that training moves.
    pub parameters: usize,
    /// The norm of all parameters as one vector.
    pub point: f64,
    /// The mean loss of these examples.
    pub loss: f64,
    /// ‖∂C/∂θ‖
    pub gradient: f64,
    /// The Ritz values of the Hessian, from the least; none where loss or gradient are not finite.
    pub values: Vec<f64>,
    /// Whether these are all eigenvalues.
    pub complete: bool,
    /// The least eigenvalue.
    pub least: Eigenvalue,
    /// The greatest.
    pub greatest: Eigenvalue,
    /// A step along −∂C/∂θ of length ‖∂C/∂θ‖/λ_max; absent where that is zero.
    pub descent: Option<Tried>,
    /// A step along the direction of the least eigenvalue; absent where that is not negative.
    pub escape: Option<Tried>,
    /// How much of that direction lies in each layer: the sum of its squares, 1 in all.
    pub shares: Vec<(LayerId, f64)>,
    /// How much of it lies in weights, which decay, rather than in biases.
    pub weights: f64,
}

/// An eigenvalue of the Hessian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eigenvalue {
    /// λ
    pub value: f64,
    /// ‖Hv − λv‖: some eigenvalue is at most so far away.
    pub residual: f64,
}

/// A step that was tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// Its length.
    pub length: f64,
    /// By how much gradient and curvature say that it lowers the loss.
    pub promised: f64,
    /// By how much it lowered it.
    pub measured: f64,
}

impl Tried {
    /// Whether the step brought about what it promised: from half to one and a half times as much.
    #[must_use]
    pub fn is_kept(self) -> bool {
        self.promised > 0.0 && (0.5..=1.5).contains(&(self.measured / self.promised))
    }
}

/// The reports of one seed.
#[derive(Clone, Debug)]
pub struct SeedRecords {
    /// The seed.
    pub seed: u64,
    /// In order of steps; at least one.
    pub steps: Vec<Record>,
    /// The loss before each update, in order; empty without training.
    pub losses: Vec<f64>,
    /// Updates in an epoch; 1 where every update sees all examples.
    pub batches: usize,
    /// Why training ended.
    pub end: End,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All updates were made.
    Whole,
    /// The loss was no number any more, before this update.
    NotFinite(u64),
    /// The user ended it before this update.
    Interrupted(u64),
}

/// One report.
#[derive(Clone, Debug)]
pub struct Record {
    /// Updates made before it.
    pub step: u64,
    /// The mean loss of the batch.
    pub loss: f64,
    /// The share of right predictions, where the target is a class or a truth value.
    pub accuracy: Option<f64>,
    /// The measured layers, in order of the text; containers that hold no parameters and `input` have none.
    pub layers: Vec<LayerRecord>,
    /// ∂C/∂x; absent for integer inputs.
    pub input: Option<Statistics>,
    /// Of the examples that are held out; absent where there are none, or nothing is trained.
    pub test: Option<Held>,
    /// The learning rate of the next update; absent where nothing is trained.
    pub rate: Option<f64>,
}

/// What was found on the examples that are held out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// Their mean loss.
    pub loss: f64,
    /// The share of right predictions, where there are such.
    pub accuracy: Option<f64>,
}

/// The weights of a layer, all matrices together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeightRecord {
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// The root mean square.
    pub rms: f64,
}

/// What was measured of one layer.
#[derive(Clone, Debug)]
pub struct LayerRecord {
    /// Which.
    pub layer: LayerId,
    /// ∂C/∂W, all matrices as one vector; absent without weights.
    pub weight: Option<Statistics>,
    /// ∂C/∂b.
    pub bias: Option<Statistics>,
    /// Both as one vector.
    pub gradient: Option<Statistics>,
    /// ∂C/∂z, over the batch.
    pub pre_activation: Statistics,
    /// ∂C/∂a, over the batch.
    pub output: Statistics,
    /// ‖∂C/∂x‖ with x what the layer takes in, as far as it flows through the layer itself: without what a skip around it
    /// brings, or another branch; 0 for indices.
    pub input: f64,
    /// Of the layer's output a.
    pub forward: Forward,
    /// The share of entries with |φ′(z)| < 0.05·sup|φ′|, as counted, not corrected for what a standard normal gives; absent
    /// without an activation, and where sup is infinite.
    pub saturated_raw: Option<f64>,
    /// The share that z ~ N(0, 1) would give (s₀).
    pub saturated_normal: Option<f64>,
    /// The share of units whose φ′ is 0 for every example; absent without an activation.
    pub dead: Option<f64>,
    /// The root mean square of φ′ over units and examples; absent without an activation.
    pub slope_rms: Option<f64>,
    /// The mean entropy of the attention weights over the most that there could be; absent without attention.
    pub attention_entropy: Option<f64>,
    /// The share of entries where φ′ is zero, and would be in any precision; absent without an activation.
    pub slope_zero: Option<f64>,
    /// ∂C/∂z in an f64 shadow of the same run; absent where none was needed, or there was no room for one.
    pub wide: Option<Wide>,
    /// ‖update‖ / ‖weights‖ of the step before; absent at step 0.
    pub update_ratio: Option<f64>,
    /// The weights; absent without any, or where nothing is trained.
    pub weights: Option<WeightRecord>,
    /// Whether all units of the layer compute the same (constant weights): symmetric.
    pub symmetric: bool,
    /// The gradient through time; absent for all but recurrent layers.
    pub through_time: Option<ThroughTimeRecord>,
}

/// What was measured of a recurrent layer's states, step by step from the first.
#[derive(Clone, Debug, PartialEq)]
pub struct ThroughTimeRecord {
    /// ‖∂C/∂hₜ‖ over the batch, through all later steps, of the state after each step.
    pub output: Vec<f64>,
    /// ‖∂C/∂cₜ‖ likewise; absent without a memory.
    pub memory: Option<Vec<f64>>,
    /// For every step but the last: by what the step after it multiplied the gradient on its way back to it. NaN where there
    /// was nothing to multiply.
    pub factors: Vec<f64>,
    /// The largest singular value of the recurrent weights; absent with gates.
    pub recurrent: Option<f64>,
    /// sup |φ′|: times `recurrent` no step can multiply by more. Absent with gates, and where it is infinite.
    pub slope: Option<f64>,
}

impl LayerRecord {
    /// The share of ∂C/∂z entries that are lost to the precision, where it is known.
    #[must_use]
    pub fn lost_to_precision(&self) -> Option<f64> {
        self.wide.map(|wide| wide.lost)
    }
}

/// ∂C/∂z of a run in f32, as f64 has it with the same parameters and data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wide {
    /// The share of entries that are zero or subnormal in f32 and neither in f64.
    pub lost: f64,
    /// The share of entries that are zero in f32 and not in f64.
    pub zeros: f64,
    /// Its norm in f64.
    pub l2: f64,
}

/// Of a tensor in the forward pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forward {
    /// Root mean square.
    pub rms: f64,
    /// Mean.
    pub mean: f64,
    /// Entries that are NaN or infinite.
    pub nonfinite: u64,
}

/// The statistics of one tensor of gradients.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// Number of entries.
    pub count: u64,
    /// Frobenius norm; right also where every square underflows.
    pub l2: f64,
    /// l2 / √count
    pub rms: f64,
    /// Mean.
    pub mean: f64,
    /// Largest magnitude.
    pub max_abs: f64,
    /// Share of exact zeros.
    pub zero_fraction: f64,
    /// Share of subnormal entries.
    pub subnormal_fraction: f64,
    /// Share of the non-zero entries that round to zero in f16.
    pub underflow_f16: f64,
    /// … in bf16.
    pub underflow_bf16: f64,
    /// … in f32: of a network in f64.
    pub underflow_f32: f64,
    /// Entries that are NaN or infinite.
    pub nonfinite: u64,
    /// Entries by decade of magnitude.
    pub histogram: Histogram,
}

/// Entries by decade: `counts[i]` have 10^(first+i) ≤ |x| < 10^(first+i+1). Leading and trailing empty decades are cut.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Histogram {
    /// The decade of `counts[0]`; 0 where there are no counts.
    pub first_decade: i32,
    /// How many entries.
    pub counts: Vec<u64>,
}
