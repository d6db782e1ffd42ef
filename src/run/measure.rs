//! What is measured of a training graph: the nodes of every statistic of every layer, and the record they make after a run.

use super::entropy::{self, EntropyMeasurement};
use super::record::{Forward, LayerRecord, Statistics};
use super::slope::{self, Slope, SlopeMeasurement, Slopes, Unit};
use super::statistics::{Measurement, Measurer, STATISTICS, Totals, chosen};
use super::through_time::{self, Cotangents, TimeMeasurement};
use crate::arena::IdVec;
use crate::graph::{self, Builder, LayerId, NodeId, Origin, ParameterId, Role};
use crate::model::{LayerNodes, Model, ParameterRole, TrainingGraph};

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Of every layer the norms of ∂C/∂W, ∂C/∂b and ∂C/∂z; ∂C/∂x is not computed.
    Norms,
    /// Everything that a `Record` holds.
    Full,
}

/// The cotangents of a training graph; none where nothing flows, which makes them zero.
#[derive(Clone, Debug)]
pub(super) struct Gradients {
    /// ∂C/∂(parameter), in order of parameters.
    pub(super) parameters: IdVec<ParameterId, Option<NodeId>>,
    /// ∂C/∂z and ∂C/∂a of the measured layers, in their order.
    pub(super) layers: Vec<[Option<NodeId>; 2]>,
    /// Of the recurrent ones among them the states', where they are wanted.
    pub(super) through_time: Vec<Option<Cotangents>>,
    /// ∂C/∂(what the layer takes in), through itself; none at the level of norms.
    pub(super) arriving: Vec<Option<NodeId>>,
    /// ∂C/∂x, where it is wanted.
    pub(super) input: Option<Option<NodeId>>,
}

/// The measurements of a training graph.
pub(super) struct Plan {
    gradients: Measurer,
    forward: Measurer,
    norms: Measurer,
    slopes: Slopes,
    layers: Vec<LayerPlan>,
    input: Option<Measurement>,
}

struct LayerPlan {
    layer: LayerId,
    weights: Vec<Measurement>,
    biases: Vec<Measurement>,
    pre_activation: Measurement,
    /// Not at the level of norms.
    more: Option<More>,
}

/// What is measured beyond norms.
struct More {
    arriving: Measurement,
    output: Measurement,
    forward: Measurement,
    slope: Option<SlopeMeasurement>,
    through_time: Option<TimeMeasurement>,
    entropy: Option<EntropyMeasurement>,
}

/// The norms of one layer's gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorms {
    /// Which.
    pub layer: LayerId,
    /// ‖∂C/∂W‖, all matrices as one vector; absent without weights.
    pub weight: Option<f64>,
    /// ‖∂C/∂b‖
    pub bias: Option<f64>,
    /// ‖∂C/∂z‖ over the batch.
    pub pre_activation: f64,
}

/// A layer's record, and what else is known of it.
pub(super) struct Measured {
    pub(super) record: LayerRecord,
    pub(super) slope: Option<Slope>,
}

impl Plan {
    /// Adds the nodes of every statistic to the graph.
    pub(super) fn new(model: &Model, training: &mut TrainingGraph, gradients: &Gradients, level: Level) -> Self {
        let statistics = match level {
            Level::Norms => chosen(&["l2"]),
            Level::Full => STATISTICS.iter().collect(),
        };
        let measurer = Measurer::new(model.precision, statistics, level == Level::Full);
        let forward = Measurer::new(model.precision, chosen(&["rms", "mean", "nonfinite"]), false);
        let norms = Measurer::new(model.precision, chosen(&["l2"]), false);
        let mut slopes = Slopes::new(model.precision);
        let TrainingGraph { graph, layers, input, parameters, attention, .. } = training;
        let origin = Origin { layer: None, span: model.input_span, role: Role::Statistic };
        let mut builder = Builder::new(graph, origin);
        let layers = layers
            .iter()
            .zip(gradients.layers.iter().zip(&gradients.through_time).zip(&gradients.arriving))
            .map(|(nodes, (([pre_activation, output], cotangents), arriving))| {
                let LayerNodes { layer: id, input: x, pre_activation: z, output: a, through_time } = *nodes;
                let layer = &model.layers[id];
                // a unit of a recurrent layer is one at all steps, and its examples are all of them
                let values = through_time.map_or(z, |along| along.pre_activation);
                builder.set_origin(Origin { layer: Some(id), span: layer.span, role: Role::Statistic });
                let count = |builder: &Builder<'_>, node: NodeId| builder.shape(node).elements();
                let mut of_role = |role: ParameterRole| -> Vec<Measurement> {
                    let of_role = layer.parameters.iter().filter(|id| model.parameters[**id].role == role);
                    of_role
                        .map(|id| {
                            let size = count(&builder, parameters[*id]);
                            measurer.measure(&mut builder, gradients.parameters[*id], size)
                        })
                        .collect()
                };
                let (weights, biases) = (of_role(ParameterRole::Weight), of_role(ParameterRole::Bias));
                let (x_size, z_size, a_size) = (count(&builder, x), count(&builder, z), count(&builder, a));
                let pre_activation = measurer.measure(&mut builder, *pre_activation, z_size);
                let more = (level == Level::Full).then(|| More {
                    arriving: norms.measure(&mut builder, *arriving, x_size),
                    output: measurer.measure(&mut builder, *output, a_size),
                    forward: forward.measure(&mut builder, Some(a), a_size),
                    slope: layer.activation.as_ref().and_then(|activation| {
                        slope::measure(&mut builder, &mut slopes, activation, values, Unit::of(layer))
                    }),
                    through_time: through_time.zip(*cotangents).map(|(along, cotangents)| {
                        TimeMeasurement::new(&mut builder, model, layer, along, cotangents, *output)
                    }),
                    entropy: attention
                        .iter()
                        .find(|attention| attention.layer == id)
                        .and_then(|attention| entropy::measure(&mut builder, attention)),
                });
                LayerPlan { layer: id, weights, biases, pre_activation, more }
            })
            .collect();
        builder.set_origin(origin);
        let count = builder.shape(*input).elements();
        let input = gradients.input.map(|gradient| measurer.measure(&mut builder, gradient, count));
        Self { gradients: measurer, forward, norms, slopes, layers, input }
    }

    /// The nodes to keep.
    pub(super) fn keep(&self) -> Vec<NodeId> {
        let mut keep: Vec<NodeId> = self.input.iter().flat_map(Measurement::keep).collect();
        for layer in &self.layers {
            let parameters = layer.weights.iter().chain(&layer.biases);
            keep.extend(parameters.chain([&layer.pre_activation]).flat_map(Measurement::keep));
            if let Some(more) = &layer.more {
                keep.extend([&more.arriving, &more.output, &more.forward].into_iter().flat_map(Measurement::keep));
                keep.extend(more.slope.iter().flat_map(SlopeMeasurement::keep));
                keep.extend(more.through_time.iter().flat_map(TimeMeasurement::keep));
                keep.extend(more.entropy.iter().flat_map(EntropyMeasurement::keep));
            }
        }
        keep
    }

    /// The statistics of ∂C/∂x, where it was computed.
    pub(super) fn input(&self, read: &dyn Fn(NodeId) -> Vec<f64>) -> Option<Statistics> {
        let input = self.input.as_ref()?;
        Some(self.gradients.finish(&self.gradients.totals(input, read)))
    }

    /// What was measured of each layer, in order; `parameter` gives a parameter's elements.
    ///
    /// # Panics
    /// At the level of norms.
    pub(super) fn records(
        &self,
        model: &Model,
        read: &dyn Fn(NodeId) -> Vec<f64>,
        parameter: &dyn Fn(ParameterId) -> Vec<f64>,
    ) -> Vec<Measured> {
        let record = |layer: &LayerPlan| {
            let mut measured = self.record(layer, read);
            let more = layer.more.as_ref().expect("records are made at the full level");
            let along = more.through_time.as_ref();
            measured.record.through_time = along.map(|along| along.record(model, more.slope.as_ref(), read, parameter));
            measured
        };
        self.layers.iter().map(record).collect()
    }

    /// The norms of each layer, in order.
    pub(super) fn norms(&self, read: &dyn Fn(NodeId) -> Vec<f64>) -> Vec<LayerNorms> {
        let norm = |totals: &Totals| self.gradients.finish(totals).l2;
        self.layers
            .iter()
            .map(|layer| LayerNorms {
                layer: layer.layer,
                weight: self.merged(&layer.weights, read).as_ref().map(norm),
                bias: self.merged(&layer.biases, read).as_ref().map(norm),
                pre_activation: norm(&self.gradients.totals(&layer.pre_activation, read)),
            })
            .collect()
    }

    fn merged(&self, parts: &[Measurement], read: &dyn Fn(NodeId) -> Vec<f64>) -> Option<Totals> {
        let totals: Vec<Totals> = parts.iter().map(|part| self.gradients.totals(part, read)).collect();
        self.gradients.merged(&totals)
    }

    fn record(&self, layer: &LayerPlan, read: &dyn Fn(NodeId) -> Vec<f64>) -> Measured {
        let more = layer.more.as_ref().expect("records are made at the full level");
        let finish = |totals: &Totals| self.gradients.finish(totals);
        let weight = self.merged(&layer.weights, read);
        let bias = self.merged(&layer.biases, read);
        let both: Vec<Totals> = weight.iter().chain(&bias).cloned().collect();
        let forward = self.forward.finish(&self.forward.totals(&more.forward, read));
        let slope = more.slope.as_ref().map(|slope| slope.finish(self.slopes.statistics(), read));
        let record = LayerRecord {
            layer: layer.layer,
            weight: weight.as_ref().map(finish),
            bias: bias.as_ref().map(finish),
            gradient: self.gradients.merged(&both).as_ref().map(finish),
            pre_activation: finish(&self.gradients.totals(&layer.pre_activation, read)),
            output: finish(&self.gradients.totals(&more.output, read)),
            input: self.norms.finish(&self.norms.totals(&more.arriving, read)).l2,
            forward: Forward { rms: forward.rms, mean: forward.mean, nonfinite: forward.nonfinite },
            saturated_raw: slope.and_then(|slope| slope.saturated),
            saturated_normal: slope.and_then(|slope| slope.saturated_normal),
            dead: slope.map(|slope| slope.dead),
            slope_rms: slope.map(|slope| slope.rms),
            attention_entropy: more.entropy.as_ref().map(|entropy| entropy.finish(read)),
            slope_zero: slope.map(|slope| slope.zero),
            wide: None,
            update_ratio: None,
            weights: None,
            symmetric: false,
            through_time: None,
        };
        Measured { record, slope }
    }
}

/// Differentiates the loss by everything that a level measures.
pub(super) fn differentiate(model: &Model, training: &mut TrainingGraph, level: Level) -> Gradients {
    let outputs = level == Level::Full;
    let mut wanted: Vec<NodeId> = training.parameters.iter().copied().collect();
    for nodes in &training.layers {
        wanted.push(nodes.pre_activation);
        if outputs {
            wanted.extend([nodes.output, nodes.input]);
            wanted.extend(nodes.through_time.map(|along| along.states));
        }
    }
    let with_input = outputs && !model.integer_input;
    if with_input {
        wanted.push(training.input);
    }
    let mut cotangents = graph::differentiate(&mut training.graph, training.loss, &wanted).into_iter();
    let mut next = || cotangents.next().expect("one cotangent for each node wanted");
    let parameters = training.parameters.iter().map(|_| next()).collect();
    let (mut layers, mut arriving, mut states) = (Vec::new(), Vec::new(), Vec::new());
    for nodes in &training.layers {
        layers.push([next(), if outputs { next() } else { None }]);
        arriving.push(if outputs { next() } else { None });
        states.push(nodes.through_time.filter(|_| outputs).map(|along| (along, next())));
    }
    let input = with_input.then(next);
    let through_time = states
        .into_iter()
        .map(|states| states.map(|(along, states)| through_time::cotangents(&mut training.graph, along, states)))
        .collect();
    Gradients { parameters, layers, through_time, arriving, input }
}
