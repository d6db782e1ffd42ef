//! A step of training as a graph: forward and backward pass, then for every parameter clipping, decay, the optimizer and the
//! constraint, in PyTorch's order. The new parameters are nodes like any other, so they are fused and compiled.

use super::optimizer::{NUMBERS, Optimizer};
use crate::arena::IdVec;
use crate::graph::{Builder, Combine, Leaf, NodeId, Origin, ParameterId, Role};
use crate::model::{Chosen, Model, ParameterRole, Train, TrainingGraph};
use crate::scalar::{Comparison, Function, Unary};
use crate::shape::{Precision, Shape};
use std::sync::Arc;

/// The nodes that training adds.
pub(super) struct Update {
    /// The numbers of the step, of one element each.
    pub(super) numbers: Vec<NodeId>,
    /// What is kept from step to step: a leaf, and the node that it becomes.
    pub(super) carried: Vec<(NodeId, NodeId)>,
    /// The norm of the whole gradient before clipping, as f64; where it is clipped by its norm.
    pub(super) norm: Option<NodeId>,
}

/// Adds a step to a graph whose loss was differentiated by the parameters. A parameter that the loss does not
/// depend on stays, and so does a frozen layer's.
pub(super) fn add(
    model: &Model,
    train: &Train,
    training: &mut TrainingGraph,
    gradients: &IdVec<ParameterId, Option<NodeId>>,
) -> Update {
    // A frozen layer's gradient is measured elsewhere; here it is no part of the gradient that is clipped either.
    let is_updated = |id: ParameterId| !model.layers[model.parameters[id].layer].frozen;
    let gradients: IdVec<ParameterId, Option<NodeId>> =
        gradients.iter_with_ids().map(|(id, gradient)| gradient.filter(|_| is_updated(id))).collect();
    let optimizer = Optimizer::new(&train.optimizer);
    let functions = optimizer.functions();
    let parameters = training.parameters.clone();
    let origin = Origin { layer: None, span: train.span, role: Role::Update };
    let mut builder = Builder::new(&mut training.graph, origin);
    let numbers: Vec<NodeId> =
        (0..NUMBERS).map(|place| builder.leaf(Leaf::Number(place), Shape::new([1]), model.precision)).collect();
    let clip = train.clip.as_ref().map(|chosen| Clip::new(chosen, &mut builder, &gradients));
    let mut carried = Vec::new();
    for (id, gradient) in gradients.iter_with_ids() {
        let Some(gradient) = *gradient else { continue };
        let parameter = &model.parameters[id];
        let weight = parameters[id];
        let layer = &model.layers[parameter.layer];
        builder.set_origin(Origin { layer: Some(parameter.layer), span: layer.span, role: Role::Update });
        let shape = builder.shape(weight).clone();
        let is_weight = parameter.role == ParameterRole::Weight;
        let mut gradient = gradient;
        if let Some(clip) = &clip {
            gradient = clip.apply(&mut builder, gradient);
        }
        if let Some(decay) = train.decay.filter(|decay| is_weight && *decay != 0.0) {
            gradient = builder.map(&decayed(decay), &[gradient, weight]);
        }
        let mut arguments = vec![weight, gradient];
        let mut slots = Vec::new();
        for slot in 0..optimizer.slots() {
            let leaf = builder.leaf(Leaf::State(id, slot), shape.clone(), model.precision);
            slots.push(leaf);
        }
        arguments.extend(&slots);
        for number in &numbers {
            let number = builder.with_rank(*number, shape.rank());
            arguments.push(builder.broadcast(number, shape.clone()));
        }
        let mut results = functions.iter().map(|function| builder.map(function, &arguments)).collect::<Vec<_>>();
        if let Some(constraint) = train.constrain.as_ref().filter(|_| is_weight) {
            results[0] = constrained(&mut builder, constraint, results[0]);
        }
        carried.extend(std::iter::once(weight).chain(slots).zip(results));
    }
    Update { numbers, carried, norm: clip.and_then(Clip::norm) }
}

/// A bound on the gradient.
enum Clip {
    /// Every entry is cut.
    Value(Arc<Function>),
    /// All are multiplied by this number.
    Norm { norm: NodeId, scale: NodeId },
}

impl Clip {
    fn new(chosen: &Chosen, builder: &mut Builder<'_>, gradients: &IdVec<ParameterId, Option<NodeId>>) -> Self {
        let bound = chosen.arguments.number("c").expect("it is required");
        match chosen.word.name {
            "value" => Self::Value(clamp(-bound, bound)),
            "norm" => {
                // Squares of f32 in f64 neither overflow nor vanish.
                let squared = Arc::new(Function::build(1, |f, x| vec![f.multiply(x[0], x[0])]));
                let mut total = builder.constant(0.0, Shape::new([1]), Precision::F64);
                for gradient in gradients.iter().flatten() {
                    let squares = builder.map_in(Precision::F64, &squared, &[*gradient]);
                    let axes: Vec<usize> = (0..builder.shape(squares).rank()).collect();
                    let sum = builder.reduce(Combine::Sum, squares, &axes, Precision::F64);
                    let sum = builder.reshape(sum, Shape::new([1]));
                    total = builder.add(total, sum);
                }
                let norm = builder.unary(Unary::SquareRoot, total);
                let scale = Arc::new(Function::build(1, |f, norm| {
                    let (one, bound) = (f.constant(1.0), f.constant(bound));
                    let within = f.compare(Comparison::LessEqual, norm[0], bound);
                    let quotient = f.divide(bound, norm[0]);
                    vec![f.select(within, one, quotient)]
                }));
                Self::Norm { norm, scale: builder.map(&scale, &[norm]) }
            }
            other => unreachable!("the table of clips has `{other}`, and so must this"),
        }
    }

    fn apply(&self, builder: &mut Builder<'_>, gradient: NodeId) -> NodeId {
        match self {
            Self::Value(clamp) => builder.map(clamp, &[gradient]),
            Self::Norm { scale, .. } => {
                let shape = builder.shape(gradient).clone();
                let scale = builder.with_rank(*scale, shape.rank());
                let scale = builder.broadcast(scale, shape);
                let product = Arc::new(Function::build(2, |f, x| vec![f.multiply(x[0], x[1])]));
                let precision = builder.precision(gradient);
                let scaled = builder.map_in(Precision::F64, &product, &[gradient, scale]);
                builder.convert(scaled, precision)
            }
        }
    }

    fn norm(self) -> Option<NodeId> {
        match self {
            Self::Value(_) => None,
            Self::Norm { norm, .. } => Some(norm),
        }
    }
}

/// g + decay·w
fn decayed(decay: f64) -> Arc<Function> {
    Arc::new(Function::build(2, |f, x| {
        let decay = f.constant(decay);
        let penalty = f.multiply(decay, x[1]);
        vec![f.add(x[0], penalty)]
    }))
}

fn clamp(low: f64, high: f64) -> Arc<Function> {
    Arc::new(Function::build(1, |f, x| {
        let (low, high) = (f.constant(low), f.constant(high));
        let raised = f.maximum(x[0], low);
        vec![f.minimum(raised, high)]
    }))
}

/// The weights within their bound: each entry within a range, or the weights into each unit (axis 0) at most of a norm.
fn constrained(builder: &mut Builder<'_>, constraint: &Chosen, weights: NodeId) -> NodeId {
    let number = |name: &str| constraint.arguments.number(name).expect("it is required");
    match constraint.word.name {
        "range" => builder.map(&clamp(number("low"), number("high")), &[weights]),
        "max_norm" => {
            let bound = number("c");
            let squared = Arc::new(Function::build(1, |f, x| vec![f.multiply(x[0], x[0])]));
            let squares = builder.map_in(Precision::F64, &squared, &[weights]);
            let axes: Vec<usize> = (1..builder.shape(squares).rank()).collect();
            let sums = builder.reduce(Combine::Sum, squares, &axes, Precision::F64);
            let bounded = Arc::new(Function::build(2, |f, x| {
                let bound = f.constant(bound);
                let norm = f.unary(Unary::SquareRoot, x[1]);
                let within = f.compare(Comparison::LessEqual, norm, bound);
                let quotient = f.divide(bound, norm);
                let scaled = f.multiply(x[0], quotient);
                vec![f.select(within, x[0], scaled)]
            }));
            let shape = builder.shape(weights).clone();
            let precision = builder.precision(weights);
            let sums = builder.broadcast(sums, shape);
            let scaled = builder.map_in(Precision::F64, &bounded, &[weights, sums]);
            builder.convert(scaled, precision)
        }
        other => unreachable!("the table of constraints has `{other}`, and so must this"),
    }
}
