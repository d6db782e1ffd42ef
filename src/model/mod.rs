//! The meaning of a file: a `Model` that exists is valid. Names are resolved, repeats and blocks expanded, shapes known,
//! every number in range.
//!
//! - `check/`: ast + prelude → `Model` and every mistake. Never fails, never stops at the first.
//! - `layers/`: one layer kind a file, and `CATALOG`. To add a layer kind: one file, one line of `CATALOG`.
//! - `settings.rs`: keys, optimizers, schedules, sources, distributions as tables; `signature.rs`: what may be passed to them;
//!   `intrinsics.rs`: the numeric functions. To add a word: its line in its table.
//! - `mean_field.rs`: what an activation does to the gradient in a wide layer, for `weights: auto` and the lint of rules.
//! - `build.rs`: `Model` → `TrainingGraph`; `print.rs`: `Model` → text.

mod build;
pub mod check;
pub mod intrinsics;
pub mod layers;
pub mod mean_field;
mod print;
pub mod settings;
pub mod signature;
#[cfg(test)]
mod tests;

pub use build::{build, build_for};
pub use check::{Checked, Options, check, mean_square, prelude};
pub use mean_field::gradient_factor;
pub use print::{print, print_experiment};

use crate::arena::IdVec;
use crate::graph::{Graph, LayerId, NodeId, ParameterId};
use crate::scalar::Function;
use crate::shape::{Precision, Shape};
use crate::source::{Ident, Span};
use std::sync::Arc;

/// One valid experiment.
#[derive(Clone, Debug)]
pub struct Model {
    /// The network's name.
    pub name: Ident,
    /// The shape of one example.
    pub input: Shape,
    /// Where `input(…)` stands.
    pub input_span: Span,
    /// Whether the first layer takes indices (`embedding`) rather than numbers.
    pub integer_input: bool,
    /// Every layer after expansion, containers included, in order of the text.
    pub layers: IdVec<LayerId, Layer>,
    /// The layers of the network's own body, in order; containers hold theirs.
    pub body: Vec<LayerId>,
    /// The shape of one example's prediction.
    pub output: Shape,
    /// Every trainable tensor, in order of layers.
    pub parameters: IdVec<ParameterId, Parameter>,
    /// The loss; needed to run.
    pub loss: Option<Loss>,
    /// The number format of all tensors.
    pub precision: Precision,
    /// The `data` block; synthetic data where absent.
    pub data: Option<Data>,
    /// The `train` block.
    pub train: Option<Train>,
    /// The `report` block, or its defaults.
    pub report: ReportSettings,
    /// The `sweep` block: each param with the texts of its values, as `--set` takes them.
    pub sweep: Vec<SweepAxis>,
    /// What must hold of the run.
    pub expectations: Vec<Expectation>,
}

impl Model {
    /// How many different numbers the layers that look the input up know, and where that is written: of several the fewest.
    #[must_use]
    pub fn vocabulary(&self) -> Option<(usize, Span)> {
        let tables = self.layers.iter().filter(|layer| layer.kind.looks_up);
        let sizes = tables.filter_map(|layer| {
            Some((layer.arguments.count("vocabulary")?, layer.arguments.span("vocabulary").unwrap_or(layer.span)))
        });
        sizes.min_by_key(|(size, _)| *size)
    }
}

/// A param that is swept.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepAxis {
    /// The param.
    pub param: Ident,
    /// The text of each value.
    pub values: Vec<Spanned<String>>,
}

/// One layer, checked.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Its name: label or automatic, `dense1`, `h[2]`, `unit1.h`.
    pub name: String,
    /// Its kind as written: `dense`, `relu`, `residual`, a block's name.
    pub kind_name: String,
    /// The catalogue's entry, which builds its nodes.
    pub kind: &'static layers::Kind,
    /// The checked arguments, for `layers::Kind::build`.
    pub arguments: layers::Arguments,
    /// Kind and arguments in the user's text (for a layer from a block: the statement in the block).
    pub span: Span,
    /// The shape of one example that goes in.
    pub input: Shape,
    /// The shape of one example that comes out.
    pub shape: Shape,
    /// The activation after it, or which it is.
    pub activation: Option<Activation>,
    /// Its trainable tensors.
    pub parameters: Vec<ParameterId>,
    /// The branches of a container, each in order; one for `residual`, blocks; empty for others.
    pub branches: Vec<Vec<LayerId>>,
    /// The container it stands in.
    pub parent: Option<LayerId>,
    /// Measured, not updated.
    pub frozen: bool,
}

/// An activation with its settings applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Activation {
    /// As the user named it: `relu`, `swish(beta: 2)`.
    pub name: String,
    /// Elementwise over one argument; none for `softmax` and `log_softmax`, which look along the last axis.
    pub function: Option<Arc<Function>>,
    /// Which of those two it is, where `function` is none.
    pub row_wise: Option<RowWise>,
    /// Where it is named.
    pub span: Span,
}

/// The activations that look along the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowWise {
    /// `softmax`
    Softmax,
    /// `log_softmax`
    LogSoftmax,
}

/// A trainable tensor.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Whose.
    pub layer: LayerId,
    /// PyTorch's name: `weight`, `bias`, `weight_ih`, `out_proj.weight`.
    pub name: String,
    /// Its shape, PyTorch's layout.
    pub shape: Shape,
    /// Weight or bias: which setting reaches it, which statistic it joins.
    pub role: ParameterRole,
    /// How it is drawn.
    pub initializer: Initializer,
    /// Where the init rule is written; the layer where it is the default.
    pub initializer_span: Span,
    /// PyTorch's fan in; a bias has its weight's.
    pub fan_in: usize,
    /// PyTorch's fan out.
    pub fan_out: usize,
    /// Of how many equal blocks it is made, one under the other along axis 0: each is drawn by itself.
    pub blocks: usize,
}

/// Weight or bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParameterRole {
    /// Matrices, kernels, scales.
    Weight,
    /// Added.
    Bias,
}

/// A distribution that a tensor is drawn from, all numbers known.
#[derive(Clone, Debug, PartialEq)]
pub enum Initializer {
    /// Every element the same.
    Constant(f64),
    /// Gaussian.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation, ≥ 0.
        std: f64,
    },
    /// Uniform in `low..high`.
    Uniform {
        /// Low end.
        low: f64,
        /// High end, ≥ low.
        high: f64,
    },
    /// Gaussian, redrawn until within two standard deviations.
    TruncatedNormal {
        /// Mean.
        mean: f64,
        /// Standard deviation before the cut, ≥ 0.
        std: f64,
    },
    /// A random (semi-)orthogonal matrix times `gain`, as PyTorch's `orthogonal_`.
    Orthogonal {
        /// Factor.
        gain: f64,
    },
    /// `gain` on the diagonal; for convolutions PyTorch's `dirac_`.
    Identity {
        /// Factor.
        gain: f64,
        /// Of a convolution: each group passes its own channels through.
        groups: usize,
    },
    /// `nonzeros` Gaussian entries in each row (fan-in), the rest zero.
    Sparse {
        /// Entries a row.
        nonzeros: usize,
        /// Standard deviation, ≥ 0.
        std: f64,
    },
    /// Read from a safetensors file.
    File {
        /// As written; relative to the `.net` file.
        path: String,
        /// Where it is written.
        span: Span,
    },
}

/// The loss, settings applied.
#[derive(Clone, Debug)]
pub struct Loss {
    /// As the user named it.
    pub name: String,
    /// Over the arguments of `terms`.
    pub function: Arc<Function>,
    /// What the function's arguments are, in order.
    pub terms: Vec<LossTerm>,
    /// What the target must be.
    pub target: TargetKind,
    /// The value of `loss:`.
    pub span: Span,
}

/// An argument of the loss function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossTerm {
    /// The prediction.
    Prediction,
    /// The target (one-hot, where it is given as class numbers).
    Target,
    /// The softmax of the prediction over its last axis.
    Softmax,
    /// The logarithm of it.
    LogSoftmax,
}

/// What a loss takes as its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// Class numbers, one for each position: a loss that takes the softmax over classes.
    Classes,
    /// Numbers of the prediction's shape; labels become one-hot, or 0 and 1 for a single output.
    Values,
    /// The same with −1 and 1 for 0 and 1 (`hinge`).
    Signs,
}

/// The `data` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// Where the examples come from.
    pub source: Source,
    /// A second set, held out.
    pub test: Option<Source>,
    /// Keep this many examples after `skip`.
    pub take: Option<usize>,
    /// Leave out this many first.
    pub skip: usize,
    /// Examples per batch; all where absent.
    pub batch: Option<usize>,
    /// Whether each epoch draws its own order.
    pub shuffle: bool,
    /// A factor on the inputs.
    pub scale: Option<f64>,
    /// Zero mean and unit variance for every input column, measured on the training part.
    pub normalize: bool,
    /// Whether targets become one-hot; by the loss where absent.
    pub one_hot: Option<bool>,
    /// The share of examples that are trained on, the rest held out.
    pub split: Option<f64>,
    /// Drives generators, split and nothing else.
    pub seed: u64,
    /// The whole block.
    pub span: Span,
}

/// A `data` block that is sound, in a file that need not be.
#[derive(Clone, Debug, PartialEq)]
pub struct SoundData {
    /// The block.
    pub data: Data,
    /// What `input(…)` takes and where it stands, where that is known.
    pub input: Option<(Shape, Span)>,
}

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

/// A data source as written, arguments checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Which.
    pub kind: SourceKind,
    /// The whole value, `idx("…", "…")`.
    pub span: Span,
}

/// The data sources.
#[derive(Clone, Debug, PartialEq)]
pub enum SourceKind {
    /// `idx(images, labels)`, plain or gzip.
    Idx {
        /// Images.
        images: Spanned<String>,
        /// Labels.
        labels: Spanned<String>,
    },
    /// `csv(path, target:, header:, window:)`
    Csv {
        /// The file.
        path: Spanned<String>,
        /// The column to predict: by name, or by number from 0 without a header.
        target: Option<Spanned<String>>,
        /// Whether the first row has names.
        header: bool,
        /// Rows per example, for sequences.
        window: Option<usize>,
    },
    /// `npy(x, y)`
    Npy {
        /// Inputs.
        x: Spanned<String>,
        /// Targets.
        y: Spanned<String>,
    },
    /// `npz(path, x:, y:)`
    Npz {
        /// The file.
        path: Spanned<String>,
        /// The array of inputs.
        x: Spanned<String>,
        /// The array of targets.
        y: Spanned<String>,
    },
    /// `safetensors(path, x:, y:)`
    Safetensors {
        /// The file.
        path: Spanned<String>,
        /// The tensor of inputs.
        x: Spanned<String>,
        /// The tensor of targets.
        y: Spanned<String>,
    },
    /// `text(path, window:)`
    Text {
        /// The file.
        path: Spanned<String>,
        /// Characters per example.
        window: usize,
    },
    /// `gaussian(features, classes: 2)`
    Gaussian {
        /// Inputs.
        features: usize,
        /// Classes.
        classes: usize,
    },
    /// `moons(noise)`
    Moons {
        /// Standard deviation.
        noise: f64,
    },
    /// `spirals(classes, noise)`
    Spirals {
        /// Arms.
        classes: usize,
        /// Standard deviation.
        noise: f64,
    },
    /// `xor`
    Xor,
    /// `parity(bits)`
    Parity {
        /// Inputs.
        bits: usize,
    },
    /// `sine`
    Sine,
    /// `teacher(widths…, activation)`
    Teacher {
        /// Input, hidden and output widths.
        widths: Vec<usize>,
        /// Of the hidden layers.
        activation: Activation,
    },
    /// `adding(time)`
    Adding {
        /// Steps.
        time: usize,
    },
    /// `copy(time, delay)`
    Copy {
        /// Symbols to copy.
        time: usize,
        /// Blanks between.
        delay: usize,
    },
}

/// A word of a settings block with its arguments: an optimizer, a schedule, a way to clip or to constrain.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The table's entry.
    pub word: &'static settings::Word,
    /// Its checked arguments.
    pub arguments: signature::Arguments,
    /// As written; the param's value where a param was written.
    pub span: Span,
}

/// The `train` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Train {
    /// One of `settings::OPTIMIZERS`.
    pub optimizer: Chosen,
    /// One of `settings::SCHEDULES`; constant where absent.
    pub schedule: Option<Chosen>,
    /// One of `settings::CLIPS`.
    pub clip: Option<Chosen>,
    /// The factor of the L2 penalty on weights.
    pub decay: Option<f64>,
    /// One of `settings::CONSTRAINTS`, for the weights after every step.
    pub constrain: Option<Chosen>,
    /// Where the state is written.
    pub checkpoint: Option<Spanned<String>>,
    /// Updates; from `steps`, or none where `epochs` is given.
    pub steps: Option<u64>,
    /// Passes over the data.
    pub epochs: Option<u64>,
    /// The whole block.
    pub span: Span,
}

/// The `report` block, or its defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportSettings {
    /// The steps that are reported besides those of `every`; none where the block does not say.
    pub at: Option<Vec<At>>,
    /// A report every so many steps.
    pub every: Option<u64>,
    /// Whether the curvature is measured.
    pub curvature: bool,
    /// The seeds; one or more.
    pub seeds: Seeds,
    /// Whether dropout is active in reports.
    pub dropout: bool,
    /// ‖r_first / r_last‖ below which the gradient vanishes.
    pub vanishing: f64,
    /// … and above which it explodes.
    pub exploding: f64,
    /// The share of dead units that is the verdict.
    pub dead: f64,
    /// The share of saturated entries that is the verdict.
    pub saturated: f64,
    /// The share of underflowed entries that is the verdict.
    pub underflow: f64,
}

/// Which seeds run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// None named: `--seed`, or 0.
    Default,
    /// `seeds: 0..16`, `seeds: [1, 5]`, `seeds: 3`
    Listed(Vec<u64>),
}

/// An `expect` statement, names resolved.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// What must hold: a truth value.
    pub condition: Term,
    /// The report it is about; the last where absent.
    pub at: Option<At>,
    /// The whole statement.
    pub span: Span,
}

/// The step of an `expect … at STEP`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// `at first`
    First,
    /// `at last`
    Last,
    /// `at 100`
    Step(u64),
}

/// A part of an expectation with its place.
#[derive(Clone, Debug)]
pub struct Term {
    /// What it is.
    pub kind: TermKind,
    /// Where.
    pub span: Span,
}

/// The parts of an expectation. `Word`, `Compare`, `In`, `And`, `Or`, `Not` are truth values; the others numbers.
#[derive(Clone, Debug)]
pub enum TermKind {
    /// A number known at compile time.
    Number(f64),
    /// A measured number.
    Quantity(Quantity),
    /// A function of numbers: arity agrees.
    Function(Arc<Function>, Vec<Term>),
    /// A comparison.
    Compare(crate::syntax::ast::BinaryOperator, Box<Term>, Box<Term>),
    /// `x in a..b`, half-open.
    In(Box<Term>, Box<Term>, Box<Term>),
    /// Both.
    And(Box<Term>, Box<Term>),
    /// Either.
    Or(Box<Term>, Box<Term>),
    /// Not.
    Not(Box<Term>),
    /// A verdict word.
    Word(VerdictWord),
}

/// The verdict words, gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VerdictWord {
    /// Gradients grow toward the input, or are not finite.
    Exploding,
    /// Gradients shrink toward the input.
    Vanishing,
    /// Gradients are lost to the number format.
    Underflow,
    /// Units whose φ′ is zero for every example.
    Dead,
    /// Entries whose φ′ is near zero.
    Saturated,
    /// None of these.
    Healthy,
}

/// A number that a run measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// Frobenius norm.
    Norm(TensorName),
    /// Root mean square.
    Rms(TensorName),
    /// The share of exact zeros.
    Zeros(TensorName),
    /// The share of saturated entries above what a standard normal gives.
    Saturated(LayerId),
    /// The share of dead units.
    Dead(LayerId),
    /// r_first / r_last.
    Ratio,
    /// The mean loss.
    Loss,
    /// The share of right predictions.
    Accuracy,
}

/// A gradient tensor that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TensorName {
    /// ∂C/∂W and ∂C/∂b as one vector.
    Gradient(LayerId),
    /// ∂C/∂W
    Weight(LayerId),
    /// ∂C/∂b
    Bias(LayerId),
    /// ∂C/∂z
    PreActivation(LayerId),
    /// ∂C/∂a
    Output(LayerId),
    /// ∂C/∂x
    Input,
}

/// In which of its ways a network is computed: what `dropout` and `batch_norm` do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conduct {
    /// Whether `dropout` drops anything.
    pub dropout: bool,
    /// Whether `batch_norm` takes the statistics that it kept during training, in place of the batch's own.
    pub running: bool,
}

impl Conduct {
    /// A step of training.
    pub const TRAINING: Self = Self { dropout: true, running: false };
    /// Examples that are held out: each for itself, as PyTorch's `eval()`.
    pub const EVALUATION: Self = Self { dropout: false, running: true };

    /// A report of the gradient: as in training, but for what the `report` block says of `dropout`.
    #[must_use]
    pub fn report(model: &Model) -> Self {
        Self { dropout: model.report.dropout, ..Self::TRAINING }
    }
}

/// A model as a tensor graph for one batch size: the forward pass and the loss. `graph::differentiate` adds the rest.
#[derive(Clone, Debug)]
pub struct TrainingGraph {
    /// The nodes.
    pub graph: Graph,
    /// `Leaf::Input`.
    pub input: NodeId,
    /// `Leaf::Target`.
    pub target: NodeId,
    /// `Leaf::Parameter`s.
    pub parameters: IdVec<ParameterId, NodeId>,
    /// The prediction, `[batch, …output]`.
    pub prediction: NodeId,
    /// The mean loss of the batch, a scalar.
    pub loss: NodeId,
    /// What is measured of each layer, in order of layers; containers and `input` have no entry.
    pub layers: Vec<LayerNodes>,
    /// What is multiplied by chance.
    pub masks: Vec<Mask>,
    /// What layers keep from step to step, in order of layers: the same for every conduct.
    pub running: Vec<Running>,
    /// What each attention layer looks at, in order of layers.
    pub attention: Vec<AttentionNodes>,
}

/// What an attention layer looks at.
#[derive(Clone, Copy, Debug)]
pub struct AttentionNodes {
    /// The layer.
    pub layer: LayerId,
    /// What comes out of its softmax, `[batch, heads, time, time]`: of each step the weights of all steps.
    pub weights: NodeId,
    /// Whether a step looks at none that is later.
    pub causal: bool,
}

/// What a layer's outputs are multiplied by: 0 with probability `share`, else 1 / (1 − share).
#[derive(Clone, Copy, Debug)]
pub struct Mask {
    /// The layer.
    pub layer: LayerId,
    /// `Leaf::Mask`
    pub node: NodeId,
    /// How many are dropped, from 0 to 1.
    pub share: f64,
}

/// What a layer keeps from step to step: PyTorch's buffers.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    /// The layer.
    pub layer: LayerId,
    /// PyTorch's name.
    pub name: &'static str,
    /// `Leaf::Running`
    pub leaf: NodeId,
    /// Every element before the first step.
    pub start: f64,
    /// What it is after a step; none in a conduct that keeps it as it is.
    pub next: Option<NodeId>,
}

/// The nodes of one layer whose cotangents are measured.
#[derive(Clone, Copy, Debug)]
pub struct LayerNodes {
    /// The layer.
    pub layer: LayerId,
    /// What it takes in, by itself: not what a skip around it takes, nor another branch.
    pub input: NodeId,
    /// z: what goes into the activation; equal to `output` without one.
    pub pre_activation: NodeId,
    /// a: what the layer hands on.
    pub output: NodeId,
    /// How it runs along time, where it does.
    pub through_time: Option<layers::ThroughTime>,
}
