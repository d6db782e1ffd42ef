//! What mean-field theory says of a network before any run: the variance of the signal, χ, and the gradient at every layer, for
//! wide layers with weights drawn independently around 0, with the spread that finite widths bring.
//!
//! Forward, a tensor has a mean, a mean square, and what two examples have in common. Backward, G is the expected squared L2 norm
//! of the gradient at a tensor, 1 at the prediction: a layer's weights multiply it by fan_in·Var(W), an activation by E[φ′²], and
//! where a tensor is used twice the two ways add. So a residual has 1 + b² where its body has b, and the factor between
//! two layers is √(G/G), to be held against the measured one.

use super::chain::has_weights;
use crate::arena::Id;
use crate::graph::LayerId;
use crate::model::layers::{ACTIVATION, Theory};
use crate::model::mean_field::{Field, Normal, Repeated, depth_scale, moments, weight_variance};
use crate::model::signature::Reference;
use crate::model::{Initializer, Layer, Model, Parameter, ParameterRole};
use crate::run::data::Moments;
use crate::scalar::Function;
use crate::scalar::mathematics::{exp, ln};
use std::sync::Arc;

/// What theory says of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// What it starts from.
    pub inputs: Moments,
    /// The layers with weights, from the input on.
    pub layers: Vec<LayerPrediction>,
    /// The gradient at the first of them over that at the last.
    pub ratio: Option<Estimate>,
    /// Where theory has no answer, or only a near one, in plain words.
    pub notes: Vec<String>,
}

/// What theory says of a layer with weights.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerPrediction {
    /// Which.
    pub layer: LayerId,
    /// σ_w² = fan_in·Var(W)
    pub weight_variance: Option<f64>,
    /// E[b²]
    pub bias_square: f64,
    /// q: the mean square of the layer's pre-activations.
    pub signal: Option<f64>,
    /// q*: where q comes to rest if the layer is repeated; 0 where it dies out, infinite where it grows without end.
    pub rest: Option<f64>,
    /// χ at q*: what the layer, repeated, multiplies the squared gradient by.
    pub chi: Option<f64>,
    /// −2/ln χ
    pub depth_scale: Option<f64>,
    /// The gradient at z over that at the next layer with weights; absent for the last.
    pub factor: Option<Estimate>,
    /// The gradient at z over that of the last layer with weights.
    pub gradient: Option<Estimate>,
}

/// A factor, as a root mean square over draws, and how far one draw is from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The factor.
    pub factor: f64,
    /// The standard deviation of its logarithm over draws of the weights, for these widths.
    pub spread: f64,
}

/// Works a network through.
#[must_use]
pub fn predict(model: &Model, inputs: Moments) -> Prediction {
    let mut walk = Walk::new(model, inputs);
    let first = walk.tensors[0].signal;
    let prediction = walk.body(&model.body, 0);
    let gradients = walk.backward(prediction);
    let chain: Vec<LayerId> = model.layers.ids().filter(|id| has_weights(model, *id)).collect();
    let at: Vec<Option<Gradient>> = walk.pre_activations.iter().map(|at| at.and_then(|at| gradients[at])).collect();
    let between = |here: LayerId, there: LayerId| Estimate::between(at[here.index()]?, at[there.index()]?);
    let last = chain.last().copied();
    let layers = chain
        .iter()
        .enumerate()
        .map(|(place, id)| {
            let mut layer = walk.of_layer(*id, first);
            layer.factor = chain.get(place + 1).and_then(|next| between(*id, *next));
            layer.gradient = last.and_then(|last| between(*id, last));
            layer
        })
        .collect();
    let ratio = chain.first().zip(last).filter(|_| chain.len() > 1).and_then(|(first, last)| between(*first, last));
    Prediction { inputs, layers, ratio, notes: walk.notes }
}

impl Estimate {
    fn between(here: Gradient, there: Gradient) -> Option<Self> {
        let factor = (here.square / there.square).sqrt();
        // The logarithm of a square has twice the deviation of the logarithm.
        let spread = 0.5 * (here.spread - there.spread).abs().sqrt();
        factor.is_finite().then_some(Self { factor, spread })
    }
}

impl Estimate {
    /// How far one draw is from it, as a share: 0.07 for ±7 %.
    #[must_use]
    pub fn share(self) -> f64 {
        exp(self.spread) - 1.0
    }
}

impl Prediction {
    /// The prediction of a layer.
    #[must_use]
    pub fn layer(&self, layer: LayerId) -> Option<&LayerPrediction> {
        self.layers.iter().find(|candidate| candidate.layer == layer)
    }
}

/// What is known of a tensor's numbers.
#[derive(Clone, Copy, Debug)]
struct Signal {
    mean: Option<f64>,
    square: Option<f64>,
    /// E[x x′] over pairs of examples; followed only where a batch norm asks for it.
    shared: Option<f64>,
    /// Whether it is a sum of many terms, so normal.
    normal: bool,
}

const UNKNOWN: Signal = Signal { mean: None, square: None, shared: None, normal: true };

/// G with the variance of its logarithm over draws.
#[derive(Clone, Copy, Debug)]
struct Gradient {
    square: f64,
    spread: f64,
}

/// Where a tensor comes from, for the way back.
#[derive(Clone, Debug)]
enum From {
    /// The network's input.
    Input,
    /// From one tensor, by a factor of G; none where theory has no answer.
    One { tensor: usize, factor: Option<f64>, spread: f64 },
    /// A sum: G goes to every part whole.
    Sum(Vec<usize>),
    /// Parts side by side: G goes to each by its share of the numbers.
    Parts(Vec<(usize, f64)>),
}

#[derive(Clone, Debug)]
struct Tensor {
    from: From,
    signal: Signal,
}

/// The forward pass of theory under way.
struct Walk<'m> {
    model: &'m Model,
    tensors: Vec<Tensor>,
    outputs: Vec<usize>,
    pre_activations: Vec<Option<usize>>,
    fields: Vec<(Arc<Function>, Arc<Field>, bool)>,
    passed: Vec<(*const Function, [u64; 3], Passed)>,
    pairs: bool,
    notes: Vec<String>,
}

/// What an activation makes of a normal variable.
#[derive(Clone, Copy, Debug)]
struct Passed {
    mean: f64,
    square: f64,
    slope: f64,
    kurtosis: f64,
    shared: Option<f64>,
}

impl<'m> Walk<'m> {
    fn new(model: &'m Model, inputs: Moments) -> Self {
        let known = |number: f64| Some(number).filter(|number| number.is_finite());
        let signal = Signal {
            mean: known(inputs.mean),
            square: known(inputs.square),
            shared: known(inputs.shared),
            normal: true,
        };
        let signal = if model.integer_input { UNKNOWN } else { signal };
        Self {
            model,
            tensors: vec![Tensor { from: From::Input, signal }],
            outputs: vec![0; model.layers.len()],
            pre_activations: vec![None; model.layers.len()],
            fields: Vec::new(),
            passed: Vec::new(),
            pairs: model.layers.iter().any(|layer| layer.kind.theory == Theory::NormOfBatch),
            notes: Vec::new(),
        }
    }

    fn push(&mut self, from: From, signal: Signal) -> usize {
        self.tensors.push(Tensor { from, signal });
        self.tensors.len() - 1
    }

    fn signal(&self, tensor: usize) -> Signal {
        self.tensors[tensor].signal
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn body(&mut self, body: &[LayerId], input: usize) -> usize {
        body.iter().fold(input, |input, id| self.layer(*id, input))
    }

    fn layer(&mut self, id: LayerId, input: usize) -> usize {
        let model = self.model;
        let layer = &model.layers[id];
        let branches: Vec<usize> = layer.branches.iter().map(|branch| self.body(branch, input)).collect();
        let referred = layer.arguments.layer("layer").map(|reference| match reference {
            Reference::Input => 0,
            Reference::Layer(id) => self.outputs[id.index()],
        });
        let made = match layer.kind.theory {
            Theory::Weights => {
                let z = self.weights(layer, input);
                self.pre_activations[id.index()] = Some(z);
                self.activated(layer, z)
            }
            Theory::Activation => self.activated(layer, input),
            Theory::Same => input,
            Theory::Body => branches.first().copied().unwrap_or(input),
            Theory::Skip => {
                let skip = if layer.parameters.is_empty() { input } else { self.weights(layer, input) };
                self.sum(vec![skip, branches[0]])
            }
            Theory::Branches if layer.arguments.word("join") == Some("add") => self.sum(branches),
            Theory::Branches => {
                let extents = layer.branches.iter().map(|branch| {
                    branch.last().map_or(layer.input.elements(), |last| model.layers[*last].shape.elements())
                });
                let parts = branches.iter().copied().zip(extents).collect();
                self.side_by_side(parts)
            }
            Theory::Added => self.sum(vec![input, referred.expect("`add` names a layer")]),
            Theory::Concatenated => {
                let whole = layer.shape.elements();
                let own = layer.input.elements();
                let referred = referred.expect("`concat` names a layer");
                self.side_by_side(vec![(input, own), (referred, whole - own)])
            }
            Theory::NormOfExample | Theory::NormOfSquares | Theory::NormOfBatch => self.norm(layer, input),
            Theory::Dropout => {
                let share = layer.arguments.number("p").filter(|_| model.report.dropout).unwrap_or(0.0);
                let came = self.signal(input);
                let signal = Signal { square: came.square.map(|square| square / (1.0 - share)), ..came };
                self.push(From::One { tensor: input, factor: Some(1.0 / (1.0 - share)), spread: 0.0 }, signal)
            }
            Theory::Largest | Theory::Mean => self.windows(layer, input),
            Theory::Table => {
                let (mean, square) = table_moments(model, layer);
                let shared = mean.map(|mean| mean * mean);
                self.push(From::Input, Signal { mean, square, shared, normal: true })
            }
            Theory::Positions => {
                let came = self.signal(input);
                // Sines and cosines of all phases, or what was drawn.
                let is_drawn = !layer.parameters.is_empty();
                let (mean, square) = if is_drawn { table_moments(model, layer) } else { (Some(0.0), Some(0.5)) };
                let with_table = |of: Option<f64>| Some(of? + 2.0 * came.mean? * mean? + square?);
                let signal = Signal {
                    mean: came.mean.zip(mean).map(|(came, own)| came + own),
                    square: with_table(came.square),
                    shared: with_table(came.shared),
                    normal: came.normal,
                };
                self.push(From::One { tensor: input, factor: Some(1.0), spread: 0.0 }, signal)
            }
            Theory::Unknown => {
                self.note(format!("`{}`: mean-field theory has no answer for `{}`", layer.name, layer.kind_name));
                let made = self.push(From::One { tensor: input, factor: None, spread: 0.0 }, UNKNOWN);
                self.pre_activations[id.index()] = Some(made);
                made
            }
        };
        self.outputs[id.index()] = made;
        made
    }

    /// z = W x + b
    fn weights(&mut self, layer: &Layer, input: usize) -> usize {
        let Some(weight) = matrix(self.model, layer) else { return input };
        let bias = bias_moments(self.model, layer);
        let variance = match weight_variance(weight) {
            Ok(variance) => variance,
            Err(why) => {
                self.note(format!("`{}`: no answer, for {why}", layer.name));
                return self.push(From::One { tensor: input, factor: None, spread: 0.0 }, UNKNOWN);
            }
        };
        let came = self.signal(input);
        let signal = Signal {
            mean: Some(bias.0),
            square: came.square.map(|square| variance * square + bias.1).filter(|square| square.is_finite()),
            shared: came.shared.map(|shared| variance * shared + bias.1),
            normal: true,
        };
        let inputs = weight.fan_in.max(1) as f64;
        let share = match weight.initializer {
            // The norm of Wᵀδ is that of δ, but where W has more rows than columns.
            Initializer::Orthogonal { .. } => (1.0 / inputs - 1.0 / weight.shape.0[0].max(1) as f64).max(0.0),
            Initializer::Constant(_)
            | Initializer::Normal { .. }
            | Initializer::Uniform { .. }
            | Initializer::TruncatedNormal { .. }
            | Initializer::Identity { .. }
            | Initializer::Sparse { .. }
            | Initializer::File { .. } => 1.0 / inputs,
        };
        let from = From::One { tensor: input, factor: Some(variance), spread: ln(1.0 + 2.0 * share) };
        self.push(from, signal)
    }

    /// a = φ(z), or z where there is no activation.
    fn activated(&mut self, layer: &Layer, z: usize) -> usize {
        let Some(activation) = &layer.activation else { return z };
        let unknown = |walk: &mut Self| walk.push(From::One { tensor: z, factor: None, spread: 0.0 }, UNKNOWN);
        let Some(function) = &activation.function else {
            self.note(format!("`{}`: no answer for `{}`, which looks along whole rows", layer.name, activation.name));
            return unknown(self);
        };
        let came = self.signal(z);
        if !came.normal {
            self.note(format!(
                "`{}`: what `{}` gets is not a sum of many terms; it is taken for normal",
                layer.name, activation.name
            ));
        }
        let (field, only_scales) = self.field(function);
        let units = layer.shape.elements().max(1) as f64;
        let spread = |kurtosis: f64| ln(1.0 + 3.0 * (kurtosis - 1.0).max(0.0) / units);
        let (Some(mean), Some(square)) = (came.mean, came.square) else {
            if !only_scales || came.mean.is_some_and(|mean| mean != 0.0) {
                return unknown(self);
            }
            let one = Normal::centred(1.0);
            let (slope, kurtosis) = (field.slope(one), field.kurtosis(one));
            let from = From::One { tensor: z, factor: Some(slope), spread: spread(kurtosis) };
            return self.push(from, Signal { normal: false, ..UNKNOWN });
        };
        let z_normal = Normal { mean, variance: (square - mean * mean).max(0.0) };
        let passed = self.pass(function, &field, z_normal, came.shared);
        if !passed.square.is_finite() || !passed.slope.is_finite() {
            self.note(format!(
                "`{}`: no answer, for `{}` or its slope has no finite mean square at q = {}",
                layer.name,
                activation.name,
                crate::numbers::significant(square)
            ));
            return unknown(self);
        }
        let signal = Signal {
            mean: Some(passed.mean),
            square: Some(passed.square),
            shared: passed.shared,
            normal: is_linear(function),
        };
        let from = From::One { tensor: z, factor: Some(passed.slope), spread: spread(passed.kurtosis) };
        self.push(from, signal)
    }

    /// (x − mean)/√variance·γ + β: the gradient by γ/√variance, less what lies along the directions that it takes out.
    fn norm(&mut self, layer: &Layer, input: usize) -> usize {
        const EPSILON: f64 = 1e-5;
        let came = self.signal(input);
        let (mean, square) = (came.mean, came.square);
        let row = *layer.input.0.last().expect("an example has an axis") as f64;
        let (variance, numbers, directions) = match layer.kind.theory {
            Theory::NormOfSquares => (square, row, 1.0),
            Theory::NormOfBatch => {
                if layer.input.rank() > 1 {
                    self.note(format!("`{}`: places of an example are taken for independent", layer.name));
                }
                (square.zip(came.shared).map(|(square, shared)| square - shared), f64::INFINITY, 2.0)
            }
            _ => {
                let groups = layer.arguments.get("groups").and_then(|_| layer.arguments.count("groups"));
                let numbers = groups.map_or(row, |groups| layer.input.elements() as f64 / groups.max(1) as f64);
                (square.zip(mean).map(|(square, mean)| square - mean * mean), numbers, 2.0)
            }
        };
        let variance = variance.map(|variance| variance.max(0.0) + EPSILON);
        let scale = matrix(self.model, layer).and_then(|weight| moments(weight).ok()).unwrap_or((1.0, 0.0));
        let (scale, shift) = (scale.0 * scale.0 + scale.1, bias_moments(self.model, layer));
        let shared = match layer.kind.theory {
            Theory::NormOfBatch => Some(0.0),
            Theory::NormOfSquares => came.shared.zip(variance).map(|(shared, variance)| shared / variance),
            _ => came.shared.zip(mean).zip(variance).map(|((shared, mean), of)| (shared - mean * mean) / of),
        };
        let own_mean = match layer.kind.theory {
            Theory::NormOfSquares => mean.zip(variance).map(|(mean, variance)| mean / variance.sqrt()),
            _ => Some(0.0),
        };
        let signal = Signal {
            mean: own_mean.map(|mean| mean + shift.0),
            square: Some(scale + shift.1),
            shared: shared.map(|shared| scale * shared + shift.1),
            normal: came.normal,
        };
        let kept = (1.0 - directions / numbers).max(0.0);
        let factor = variance.map(|variance| scale * kept / variance);
        self.push(From::One { tensor: input, factor, spread: 0.0 }, signal)
    }

    /// Windows that do not overlap hand the gradient to one number, or to all of them equally. What comes out depends on how
    /// neighbours go together, which theory does not know.
    fn windows(&mut self, layer: &Layer, input: usize) -> usize {
        let overlaps = ["stride", "pad"].iter().any(|name| layer.arguments.get(name).is_some());
        let factor = match layer.kind.theory {
            _ if overlaps => None,
            Theory::Mean => Some(layer.shape.elements() as f64 / layer.input.elements().max(1) as f64),
            _ => Some(1.0),
        };
        self.note(format!("`{}`: the signal behind `{}` is not known to theory", layer.name, layer.kind_name));
        self.push(From::One { tensor: input, factor, spread: 0.0 }, Signal { normal: false, ..UNKNOWN })
    }

    /// Moments of an activation, worked out once for layers alike.
    fn pass(&mut self, function: &Arc<Function>, field: &Field, z: Normal, shared: Option<f64>) -> Passed {
        let shared = shared.filter(|_| self.pairs);
        let key = [z.mean.to_bits(), z.variance.to_bits(), shared.unwrap_or(f64::NAN).to_bits()];
        let of = Arc::as_ptr(function);
        if let Some((.., passed)) = self.passed.iter().rev().find(|known| known.0 == of && known.1 == key) {
            return *passed;
        }
        let passed = Passed {
            mean: field.mean(z),
            square: field.signal(z),
            slope: field.slope(z),
            kurtosis: field.kurtosis(z),
            shared: shared.map(|shared| field.product(z, shared - z.mean * z.mean)),
        };
        self.passed.push((of, key, passed));
        passed
    }

    fn field(&mut self, function: &Arc<Function>) -> (Arc<Field>, bool) {
        let known = self.fields.iter().find(|(known, ..)| Arc::ptr_eq(known, function) || known == function);
        if let Some((_, field, only_scales)) = known {
            return (Arc::clone(field), *only_scales);
        }
        let field = Arc::new(Field::of(function));
        let only_scales = field.only_scales();
        self.fields.push((Arc::clone(function), Arc::clone(&field), only_scales));
        (field, only_scales)
    }

    /// The parts are taken for independent.
    fn sum(&mut self, parts: Vec<usize>) -> usize {
        let signals: Vec<Signal> = parts.iter().map(|part| self.signal(*part)).collect();
        let total = |of: fn(&Signal) -> Option<f64>| signals.iter().map(of).sum::<Option<f64>>();
        let mean = total(|signal| signal.mean);
        // E[(Σx)²] = Σ E[x²] + Σ over pairs of the product of their means.
        let cross = |mean: f64| {
            mean * mean - signals.iter().map(|signal| signal.mean.unwrap_or(0.0)).map(|mean| mean * mean).sum::<f64>()
        };
        let with_cross = |squares: Option<f64>| Some(squares? + cross(mean?));
        let signal = Signal {
            mean,
            square: with_cross(total(|signal| signal.square)),
            shared: with_cross(total(|signal| signal.shared)),
            normal: signals.iter().all(|signal| signal.normal),
        };
        self.push(From::Sum(parts), signal)
    }

    fn side_by_side(&mut self, parts: Vec<(usize, usize)>) -> usize {
        let whole: usize = parts.iter().map(|(_, extent)| extent).sum();
        let parts: Vec<(usize, f64)> =
            parts.into_iter().map(|(part, extent)| (part, extent as f64 / whole.max(1) as f64)).collect();
        let mixed = |of: fn(&Signal) -> Option<f64>| {
            parts.iter().map(|(part, share)| of(&self.tensors[*part].signal).map(|it| it * share)).sum::<Option<f64>>()
        };
        let signal = Signal {
            mean: mixed(|signal| signal.mean),
            square: mixed(|signal| signal.square),
            shared: mixed(|signal| signal.shared),
            normal: parts.iter().all(|(part, _)| self.tensors[*part].signal.normal),
        };
        self.push(From::Parts(parts), signal)
    }

    /// G of every tensor; none where theory has no answer on some way from there to the loss.
    fn backward(&self, prediction: usize) -> Vec<Option<Gradient>> {
        // Of each tensor: G from all its uses, the sum of their spreads weighted by G, whether one of them is unknown.
        let mut sums = vec![(0.0, 0.0, false); self.tensors.len()];
        sums[prediction].0 = 1.0;
        for at in (0..self.tensors.len()).rev() {
            let (square, weighted, unknown) = sums[at];
            if square == 0.0 && !unknown {
                continue;
            }
            let spread = if square > 0.0 { weighted / square } else { 0.0 };
            let mut give = |to: usize, factor: Option<f64>, more: f64| {
                let given = square * factor.unwrap_or(0.0);
                let (total, weighted, lost) = &mut sums[to];
                *total += given;
                *weighted += given * (spread + more);
                *lost |= unknown || factor.is_none();
            };
            match &self.tensors[at].from {
                From::Input => {}
                From::One { tensor, factor, spread } => give(*tensor, *factor, *spread),
                From::Sum(parts) => parts.iter().for_each(|part| give(*part, Some(1.0), 0.0)),
                From::Parts(parts) => parts.iter().for_each(|(part, share)| give(*part, Some(*share), 0.0)),
            }
        }
        sums.into_iter()
            .map(|(square, weighted, unknown)| {
                let spread = if square > 0.0 { weighted / square } else { 0.0 };
                (!unknown).then_some(Gradient { square, spread })
            })
            .collect()
    }

    /// What is said of a layer by itself.
    fn of_layer(&mut self, id: LayerId, input: Signal) -> LayerPrediction {
        let layer = &self.model.layers[id];
        let bias = bias_moments(self.model, layer);
        let weight = (layer.kind.theory == Theory::Weights)
            .then(|| matrix(self.model, layer).and_then(|weight| weight_variance(weight).ok()))
            .flatten();
        let signal = self.pre_activations[id.index()].and_then(|at| self.signal(at).square);
        let mut told = LayerPrediction {
            layer: id,
            weight_variance: weight,
            bias_square: bias.1,
            signal,
            rest: None,
            chi: None,
            depth_scale: None,
            factor: None,
            gradient: None,
        };
        let Some(weight) = weight else { return told };
        let repeated = Repeated { weight, bias: bias.1 - bias.0 * bias.0, bias_mean: bias.0 };
        let start = signal.or(input.square).unwrap_or(1.0) - bias.0 * bias.0;
        let (rest, chi) = match following(self.model, id) {
            Following::Nothing => return told,
            Following::RowWise => (None, None),
            Following::Elementwise(function, _) => {
                let (field, only_scales) = self.field(&function);
                let at_rest = field.rest(repeated, start);
                let chi = field.factor_at(repeated, at_rest);
                let known = signal.is_some() || only_scales;
                (
                    Some(at_rest + bias.0 * bias.0).filter(|_| signal.is_some()),
                    Some(chi).filter(|chi| chi.is_finite() && known),
                )
            }
        };
        told.rest = rest;
        told.chi = chi;
        told.depth_scale = chi.map(depth_scale);
        told
    }
}

/// What the layer's output passes first.
pub(super) enum Following {
    /// No activation.
    Nothing,
    /// One that looks along rows.
    RowWise,
    /// An elementwise one, and its name.
    Elementwise(Arc<Function>, String),
}

/// The activation of a layer, or of the layer after it, where that is one.
pub(super) fn following(model: &Model, id: LayerId) -> Following {
    let own = model.layers[id].activation.as_ref();
    let next = || {
        let siblings = match model.layers[id].parent {
            None => &model.body,
            Some(parent) => model.layers[parent].branches.iter().find(|branch| branch.contains(&id))?,
        };
        let next = siblings.iter().skip_while(|sibling| **sibling != id).nth(1)?;
        let next = &model.layers[*next];
        next.activation.as_ref().filter(|_| next.kind.name == ACTIVATION.name)
    };
    match own.or_else(next) {
        None => Following::Nothing,
        Some(activation) => match &activation.function {
            Some(function) => Following::Elementwise(Arc::clone(function), activation.name.clone()),
            None => Following::RowWise,
        },
    }
}

/// The layer's matrix or kernel.
fn matrix<'m>(model: &'m Model, layer: &Layer) -> Option<&'m Parameter> {
    let mut own = layer.parameters.iter().map(|id| &model.parameters[*id]);
    own.find(|parameter| parameter.role == ParameterRole::Weight)
}

/// E[w] and E[w²] of a table.
fn table_moments(model: &Model, layer: &Layer) -> (Option<f64>, Option<f64>) {
    let found = matrix(model, layer).and_then(|weight| moments(weight).ok());
    (found.map(|(mean, _)| mean), found.map(|(mean, variance)| variance + mean * mean))
}

/// E[b] and E[b²] of the layer's biases; 0 without any, and where a file has them.
fn bias_moments(model: &Model, layer: &Layer) -> (f64, f64) {
    let mut own = layer.parameters.iter().map(|id| &model.parameters[*id]);
    let bias = own.find(|parameter| parameter.role == ParameterRole::Bias);
    let (mean, variance) = bias.and_then(|bias| moments(bias).ok()).unwrap_or((0.0, 0.0));
    (mean, variance + mean * mean)
}

/// Whether an activation hands on what it gets.
fn is_linear(function: &Function) -> bool {
    crate::scalar::is_linear_in(function, 0)
}
