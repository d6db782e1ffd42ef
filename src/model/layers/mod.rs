//! The catalogue of layer kinds: one file each, one line of `CATALOG`.
//!
//! To add a layer kind: a file with one `pub static` of type `Kind`, its line in `CATALOG`.
//! Parsing, checking, near misses, hover, completion and the reference follow from the entry; the gradient test walks the
//! catalogue. A kind contains no derivative.

mod activation;
mod add;
mod attention;
mod batch_norm;
mod block;
mod concat;
mod convolution;
mod dense;
mod dropout;
mod embedding;
mod flatten;
mod gru;
mod input;
mod last_step;
mod lstm;
mod norm;
mod parallel;
mod pooling;
mod positional;
mod recurrence;
mod reshape;
mod residual;
mod rnn;
mod transpose;
mod windows;

pub use activation::ACTIVATION;
pub use block::BLOCK;
pub use input::INPUT;

pub(crate) use super::signature::{Arguments, Otherwise, Parameter, Takes};
use super::{AttentionNodes, Conduct, Initializer, Layer, Mask, ParameterRole, Running};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::shapes::Side;
use crate::graph::{self, LayerId, NodeId};
use crate::shape::Shape;
use crate::source::Span;

/// Every layer kind that a file can name, in the order of the reference.
pub static CATALOG: &[&Kind] = &[
    &INPUT,
    &dense::DENSE,
    &rnn::RNN,
    &gru::GRU,
    &lstm::LSTM,
    &last_step::LAST_STEP,
    &convolution::CONV1D,
    &convolution::CONV2D,
    &pooling::MAX_POOL,
    &pooling::AVG_POOL,
    &pooling::GLOBAL_AVG_POOL,
    &embedding::EMBEDDING,
    &attention::ATTENTION,
    &dropout::DROPOUT,
    &batch_norm::BATCH_NORM,
    &norm::GROUP_NORM,
    &norm::LAYER_NORM,
    &norm::RMS_NORM,
    &positional::POSITIONAL,
    &flatten::FLATTEN,
    &reshape::RESHAPE,
    &transpose::TRANSPOSE,
    &residual::RESIDUAL,
    &parallel::PARALLEL,
    &parallel::BRANCH,
    &add::ADD,
    &concat::CONCAT,
];

/// The entry of a kind.
#[must_use]
pub fn find(name: &str) -> Option<&'static Kind> {
    CATALOG.iter().copied().find(|kind| kind.name == name)
}

/// Whether a name is that of an activation that looks along rows: `softmax`, `log_softmax`.
#[must_use]
pub fn is_row_function(name: &str) -> bool {
    super::intrinsics::ROW_FUNCTIONS.contains(&name)
}

/// A layer kind: what the checker and the builder know of it.
pub struct Kind {
    /// The word in the language.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Its page in the reference: shapes, arguments, formula, what of PyTorch it is.
    pub documentation: &'static str,
    /// Its arguments, those that may be passed by position first.
    pub parameters: &'static [Parameter],
    /// What may stand in braces after it.
    pub body: Body,
    /// Whether `weights:`, `biases:` and `frozen:` may be said of it.
    pub weighted: Weighted,
    /// The shape that comes out, or why there is none. All arguments are valid, all shapes known.
    pub shape: fn(&Situation<'_>) -> Result<Shape, Diagnostic>,
    /// The shape that comes out, as far as the arguments alone tell: what goes in is not known because of a reported error.
    pub shape_after_error: fn(&Arguments) -> Option<Shape>,
    /// What checking goes on with after the kind's own shape error: the shape before it, or none.
    pub keeps_shape_when_broken: bool,
    /// Of how many matrices, one under the other, each of its weights is made: an init rule draws each by itself.
    pub gates: usize,
    /// Its trainable tensors, from the arguments, the shape that goes in and the shape that comes out.
    pub tensors: fn(&Arguments, &Shape, &Shape) -> Vec<Tensor>,
    /// Whether what goes in are numbers of rows, so that the data must be such.
    pub looks_up: bool,
    /// The larger tensors of one example that its nodes need besides what it hands on, from the arguments, the shape that goes in and the
    /// shape that comes out; extents multiply without being checked here.
    pub working: fn(&Arguments, &Shape, &Shape) -> Vec<Shape>,
    /// Its nodes.
    pub build: fn(&mut Site<'_, '_>) -> Built,
    /// What mean-field theory says of it, before any run.
    pub theory: Theory,
}

/// What mean-field theory says of a kind: how the variance of the signal, and the gradient, pass it (`diagnose/theory.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theory {
    /// Sums of what comes in by drawn weights, and a bias.
    Weights,
    /// Its activation, elementwise.
    Activation,
    /// The same numbers, otherwise arranged.
    Same,
    /// Its one body.
    Body,
    /// What comes in (through its own weight, where it has one) and its body, added.
    Skip,
    /// Its branches, added or put one behind the other as its `join` says.
    Branches,
    /// What comes in and what another layer handed on, added.
    Added,
    /// What comes in, and behind it what another layer handed on.
    Concatenated,
    /// Each row, or group of channels, brought to mean 0 and variance 1, then scaled and moved.
    NormOfExample,
    /// Each row brought to root mean square 1, then scaled.
    NormOfSquares,
    /// Each channel brought to mean 0 and variance 1 over the batch, then scaled and moved.
    NormOfBatch,
    /// Numbers left out, the others enlarged.
    Dropout,
    /// The largest of each window.
    Largest,
    /// The mean of each window.
    Mean,
    /// Rows of a table in place of their numbers.
    Table,
    /// A table added.
    Positions,
    /// No answer.
    Unknown,
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Kind({})", self.name)
    }
}

impl Kind {
    /// Whether layers stand in it: what it computes is theirs.
    #[must_use]
    pub fn is_container(&self) -> bool {
        self.body != Body::None || self.name == BLOCK.name
    }

    /// A kind without arguments, tensors and body that keeps the shape: what the entries differ from.
    const PLAIN: Self = Self {
        name: "",
        summary: "",
        documentation: "",
        parameters: &[],
        body: Body::None,
        weighted: Weighted::Never,
        shape: |situation| Ok(situation.input.shape.clone()),
        shape_after_error: |_| None,
        keeps_shape_when_broken: false,
        gates: 1,
        tensors: |_, _, _| Vec::new(),
        looks_up: false,
        working: |_, _, _| Vec::new(),
        build: |site| Built::same(site.input),
        theory: Theory::Unknown,
    };
}

/// What may stand in braces after a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// Layers.
    Layers,
    /// `branch { … }`, any number.
    Branches,
}

/// Whether a kind has weights of its own, and which `weights:` and `biases:` reach them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighted {
    /// It has none.
    Never,
    /// Weights and biases, a matrix or kernel among them: what the network says of them reaches them.
    Both,
    /// Weights, and no biases; the network's `weights:` reach them.
    WeightsOnly,
    /// A factor that starts at 1 and a summand that starts at 0, unless the layer itself says so.
    Norm,
    /// A factor that starts at 1, unless the layer itself says so.
    Scale,
    /// Rows that are drawn from normal(0, 1), unless the layer itself says so.
    Table,
}

impl Weighted {
    /// What may be said of a layer besides its own arguments.
    #[must_use]
    pub const fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Never => &[],
            Self::Both | Self::Norm => &["weights", "biases", "frozen"],
            Self::WeightsOnly | Self::Scale | Self::Table => &["weights", "frozen"],
        }
    }

    /// What a tensor starts from whatever the network's settings say; none where they reach it.
    #[must_use]
    pub const fn own_start(self, role: ParameterRole) -> Option<Initializer> {
        match (self, role) {
            (Self::Never | Self::Both | Self::WeightsOnly, _) => None,
            (Self::Norm | Self::Scale, ParameterRole::Weight) => Some(Initializer::Constant(1.0)),
            (Self::Norm | Self::Scale | Self::Table, ParameterRole::Bias) => Some(Initializer::Constant(0.0)),
            (Self::Table, ParameterRole::Weight) => Some(Initializer::Normal { mean: 0.0, std: 1.0 }),
        }
    }

    /// Whether the network's `weights:` reach it.
    #[must_use]
    pub const fn is_reached(self) -> bool {
        matches!(self, Self::Both | Self::WeightsOnly)
    }
}

/// A shape with the place that made it.
#[derive(Clone, Debug)]
pub struct Made {
    /// The shape of one example.
    pub shape: Shape,
    /// The layer it comes out of, kind and arguments; or `input(…)`.
    pub span: Span,
    /// That layer's name.
    pub by: String,
}

impl Made {
    /// For a diagnostic.
    #[must_use]
    pub fn side(&self) -> Side<'_> {
        Side { shape: &self.shape, by: &self.by, span: self.span }
    }
}

/// What a shape rule sees.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The checked arguments.
    pub arguments: &'a Arguments,
    /// Kind and arguments in the text.
    pub span: Span,
    /// What goes in, and where it comes from.
    pub input: &'a Made,
    /// What comes out of each branch, or of the body.
    pub branches: &'a [Made],
    /// What the layer named in an argument hands on.
    pub referred: Option<&'a Made>,
}

/// A trainable tensor as its kind declares it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// PyTorch's name.
    pub name: &'static str,
    /// PyTorch's layout; extents multiply without being checked here.
    pub shape: Shape,
    /// Weight or bias.
    pub role: ParameterRole,
    /// PyTorch's `_calculate_fan_in_and_fan_out` of the weight; a bias has its weight's.
    pub fan_in: usize,
    /// … and its fan out.
    pub fan_out: usize,
}

/// What a kind builds its nodes from.
#[derive(Debug)]
pub struct Site<'a, 'graph> {
    /// Makes the nodes, for this layer.
    pub builder: &'a mut graph::Builder<'graph>,
    /// The layer.
    pub layer: &'a Layer,
    /// What goes in, `[batch, …]`.
    pub input: NodeId,
    /// The layer's tensors, in the order of `Layer::parameters`, with their names.
    pub parameters: &'a [(&'a str, NodeId)],
    /// What comes out of each branch, or of the body.
    pub branches: &'a [NodeId],
    /// What the layer named in an argument hands on.
    pub referred: Option<NodeId>,
    /// Which layer it is.
    pub id: LayerId,
    /// In which of its ways the network is computed.
    pub conduct: Conduct,
    /// What the layer has besides what it hands on.
    pub beside: &'a mut Beside,
}

/// What layers have besides what they hand on, collected over the network.
#[derive(Debug, Default)]
pub struct Beside {
    /// What is multiplied by chance.
    pub masks: Vec<Mask>,
    /// What is kept from step to step.
    pub running: Vec<Running>,
    /// What attention looks at.
    pub attention: Vec<AttentionNodes>,
}

impl Site<'_, '_> {
    /// The tensor of a name; biases may be left out.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<NodeId> {
        self.parameters.iter().find(|(entry, _)| *entry == name).map(|(_, node)| *node)
    }
}

/// The nodes of a layer whose cotangents are measured.
#[derive(Clone, Copy, Debug)]
pub struct Built {
    /// z
    pub pre_activation: NodeId,
    /// a
    pub output: NodeId,
    /// How it runs along time, where it does.
    pub through_time: Option<ThroughTime>,
}

/// What is measured of a recurrent layer besides.
#[derive(Clone, Copy, Debug)]
pub struct ThroughTime {
    /// All states from the initial one on, `[time + 1, batch, parts · units]`, the output in front; its cotangent is the
    /// gradient through time.
    pub states: NodeId,
    /// The values of z, `[time · batch, gates · units]`: `Built::pre_activation` has the cotangents alone.
    pub pre_activation: NodeId,
    /// The memory beside the output, where there is one.
    pub memory: Option<Memory>,
}

/// The memory of an `lstm`, over all steps.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// cₜ, `[time · batch, units]`.
    pub states: NodeId,
    /// hₜ made of it once more, likewise: how cₜ reaches the loss at its own step.
    pub output: NodeId,
}

impl Built {
    /// A layer that makes `output` of `pre_activation`.
    #[must_use]
    pub const fn of(pre_activation: NodeId, output: NodeId) -> Self {
        Self { pre_activation, output, through_time: None }
    }

    /// A layer without an activation: z = a.
    #[must_use]
    pub const fn same(node: NodeId) -> Self {
        Self::of(node, node)
    }
}
