//! `Model` → `TrainingGraph`: the forward pass and the loss for one batch size. What to compute is settled by the model; here it
//! only becomes nodes.
//!
//! Measured is every layer that computes something of its own. Of the containers only a projecting `residual` has an entry, for
//! its weight: its z and a are its sum. What a block, a plain `residual` or a `parallel` hands on is measured by the layers in it
//! and behind it.

use super::check::expectations::measures;
use super::layers::{Beside, Site};
use super::signature::Reference;
use super::{Conduct, LayerNodes, LossTerm, Model, TargetKind, TrainingGraph};
use crate::arena::{Id, IdVec};
use crate::graph::{Builder, Graph, LayerId, Leaf, NodeId, Origin, ParameterId, Role};
use crate::scalar::{self, Comparison};
use crate::shape::Shape;
use std::sync::Arc;

/// The tensor graph of a model for batches of `batch` examples, as a step of training computes it.
///
/// # Panics
/// Where the model has no loss: a run asks for it first.
#[must_use]
pub fn build(model: &Model, batch: usize) -> TrainingGraph {
    build_for(model, batch, Conduct::TRAINING)
}

/// The tensor graph of a model for batches of `batch` examples, in any of its ways.
///
/// # Panics
/// Where the model has no loss: a run asks for it first.
#[must_use]
pub fn build_for(model: &Model, batch: usize, conduct: Conduct) -> TrainingGraph {
    let mut graph = Graph::default();
    let origin = |layer, span| Origin { layer, span, role: Role::Forward };
    let mut builder = Builder::new(&mut graph, origin(None, model.input_span));
    let input = builder.leaf(Leaf::Input, model.input.with_batch(batch), model.precision);
    let mut parameters: IdVec<ParameterId, NodeId> = IdVec::new();
    for (id, parameter) in model.parameters.iter_with_ids() {
        builder.set_origin(origin(Some(parameter.layer), model.layers[parameter.layer].span));
        parameters.push(builder.leaf(Leaf::Parameter(id), parameter.shape.clone(), model.precision));
    }
    let mut forward = Forward {
        model,
        builder,
        parameters: &parameters,
        input,
        outputs: vec![None; model.layers.len()],
        measured: vec![None; model.layers.len()],
        conduct,
        beside: Beside::default(),
    };
    let prediction = forward.body(&model.body, input);
    let layers = forward.measured.iter().flatten().copied().collect();
    let Forward { mut builder, beside, .. } = forward;
    let loss_span = model.loss.as_ref().expect("a model that is run has a loss").span;
    builder.set_origin(origin(None, loss_span));
    let (target, loss) = build_loss(model, &mut builder, prediction, batch);
    let Beside { masks, running, attention } = beside;
    TrainingGraph { graph, input, target, parameters, prediction, loss, layers, masks, running, attention }
}

/// The forward pass under way.
struct Forward<'m, 'graph> {
    model: &'m Model,
    builder: Builder<'graph>,
    parameters: &'m IdVec<ParameterId, NodeId>,
    input: NodeId,
    outputs: Vec<Option<NodeId>>,
    measured: Vec<Option<LayerNodes>>,
    conduct: Conduct,
    beside: Beside,
}

impl Forward<'_, '_> {
    /// Layers one after another.
    fn body(&mut self, body: &[LayerId], input: NodeId) -> NodeId {
        body.iter().fold(input, |input, id| self.layer(*id, input))
    }

    fn layer(&mut self, id: LayerId, input: NodeId) -> NodeId {
        let layer = &self.model.layers[id];
        let branches: Vec<NodeId> = layer.branches.iter().map(|branch| self.body(branch, input)).collect();
        self.builder.set_origin(Origin { layer: Some(id), span: layer.span, role: Role::Forward });
        let parameters: Vec<(&str, NodeId)> = layer
            .parameters
            .iter()
            .map(|parameter| (self.model.parameters[*parameter].name.as_str(), self.parameters[*parameter]))
            .collect();
        let referred = layer.arguments.layer("layer").map(|reference| match reference {
            Reference::Input => self.input,
            Reference::Layer(id) => self.outputs[id.index()].expect("a layer refers to layers before it"),
        });
        // A node of its own, so that its cotangent is that of this one use.
        let own = if measures(layer) { self.builder.mark(input) } else { input };
        let mut site = Site {
            builder: &mut self.builder,
            layer,
            input: own,
            parameters: &parameters,
            branches: &branches,
            referred,
            id,
            conduct: self.conduct,
            beside: &mut self.beside,
        };
        let built = (layer.kind.build)(&mut site);
        self.outputs[id.index()] = Some(built.output);
        if measures(layer) {
            self.measured[id.index()] = Some(LayerNodes {
                layer: id,
                input: own,
                pre_activation: built.pre_activation,
                output: built.output,
                through_time: built.through_time,
            });
        }
        built.output
    }
}

/// The target and the mean loss of the batch.
fn build_loss(model: &Model, builder: &mut Builder<'_>, prediction: NodeId, batch: usize) -> (NodeId, NodeId) {
    let loss = model.loss.as_ref().expect("a model that is run has a loss");
    let shape = builder.shape(prediction).clone();
    let class_axis = shape.rank() - 1;
    let target = match loss.target {
        TargetKind::Classes => {
            let positions = Shape::new(&shape.0[..class_axis]);
            builder.leaf(Leaf::Target, positions, model.precision)
        }
        TargetKind::Values | TargetKind::Signs => builder.leaf(Leaf::Target, shape.clone(), model.precision),
    };
    let terms: Vec<NodeId> = loss
        .terms
        .iter()
        .map(|term| match (term, loss.target) {
            (LossTerm::Prediction, _) => prediction,
            (LossTerm::Target, TargetKind::Values | TargetKind::Signs) => target,
            (LossTerm::Target, TargetKind::Classes) => one_hot(builder, target, &shape, class_axis),
            (LossTerm::Softmax, _) => builder.softmax(prediction, class_axis),
            (LossTerm::LogSoftmax, _) => builder.log_softmax(prediction, class_axis),
        })
        .collect();
    let each = builder.map(&loss.function, &terms);
    let sum = builder.sum_all(each);
    (target, builder.divided_by(sum, batch))
}

/// 1 at the class and 0 elsewhere: `target` holds class numbers, `[…]` for a prediction of `[…, classes]`.
fn one_hot(builder: &mut Builder<'_>, target: NodeId, shape: &Shape, class_axis: usize) -> NodeId {
    let mut column = shape.clone();
    column.0[class_axis] = 1;
    let class = builder.reshape(target, column);
    let index = builder.index(class_axis, shape.clone(), builder.precision(target));
    let mut function = scalar::Builder::new(2);
    let (index_value, class_value) = (function.argument(0), function.argument(1));
    let (zero, one) = (function.constant(0.0), function.constant(1.0));
    let equal = function.compare(Comparison::Equal, index_value, class_value);
    let result = function.select(equal, one, zero);
    builder.map(&Arc::new(function.finish(&[result])), &[index, class])
}
