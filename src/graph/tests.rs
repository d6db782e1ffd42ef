//! Derivatives and rewrites held to what they must be: differences of values, laws, and the bits before. Here what they share.

mod derivatives;
mod random;
mod recurrence;
mod structure;
mod values;

use super::evaluate::{evaluate, evaluate_adjusted};
use super::{Builder, Graph, LayerId, Leaf, NodeId, Op, Origin, ParameterId, Recurrence, Role, pull_back, verify};
use crate::arena::Id;
use crate::scalar::{self, Function, Unary, ValueId};
use crate::shape::{Precision, Shape};
use crate::source::{SourceId, Span};
use std::collections::HashMap;
use std::sync::Arc;

fn origin(layer: Option<usize>) -> Origin {
    Origin { layer: layer.map(LayerId::new), span: Span::new(SourceId::new(0), 0..1), role: Role::Forward }
}

fn function(arity: usize, body: impl FnOnce(&mut scalar::Builder, &[ValueId]) -> ValueId) -> Arc<Function> {
    Arc::new(Function::build(arity, |builder, arguments| vec![body(builder, arguments)]))
}

/// Numbers in −1..1 that depend on nothing but `seed`.
fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    };
    next();
    (0..count).map(|_| next()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Contents for leaves by kind; each different.
fn contents(graph: &Graph, seed: u64) -> HashMap<Leaf, Vec<f64>> {
    let mut contents = HashMap::new();
    for (id, node) in graph.nodes.iter_with_ids() {
        if let Op::Leaf(leaf) = node.op {
            contents.insert(leaf, numbers(seed.wrapping_add(1 + id.index() as u64), node.shape.elements()));
        }
    }
    contents
}

/// A graph with its leaves and the output; the target leaf is the output's cotangent.
struct Case {
    graph: Graph,
    output: NodeId,
    cotangent: NodeId,
}

impl Case {
    fn new(precision: Precision, body: impl FnOnce(&mut Builder<'_>, Precision) -> NodeId) -> Self {
        let mut graph = Graph::default();
        let mut builder = Builder::new(&mut graph, origin(Some(0)));
        let output = body(&mut builder, precision);
        let (shape, precision) = (builder.shape(output).clone(), builder.precision(output));
        let cotangent = builder.leaf(Leaf::Target, shape, precision);
        Self { graph, output, cotangent }
    }

    /// Compares every derivative with central differences along a random direction.
    ///
    /// Returns the names of what disagrees.
    fn disagreements(mut self, wanted: &[NodeId], seed: u64) -> Vec<String> {
        const STEP: f64 = 1e-5;
        let contents = contents(&self.graph, seed);
        let forward = self.graph.clone();
        let gradients = pull_back(&mut self.graph, self.output, self.cotangent, wanted);
        assert_eq!(verify(&self.graph), Ok(()));
        let values = evaluate(&self.graph, |leaf| contents[&leaf].clone());

        let mut disagreements = Vec::new();
        for (id, gradient) in wanted.iter().zip(gradients) {
            let direction = numbers(seed ^ 0xABCD, values[*id].len());
            let loss_at = |step: f64| {
                let moved = evaluate_adjusted(
                    &forward,
                    |leaf| contents[&leaf].clone(),
                    |node, value| {
                        if node == *id {
                            value.iter_mut().zip(&direction).for_each(|(number, along)| *number += step * along);
                        }
                    },
                );
                dot(&moved[self.output], &contents[&Leaf::Target])
            };
            let here = loss_at(0.0);
            let one_sided = |step: f64| (4.0 * loss_at(step) - loss_at(2.0 * step) - 3.0 * here) / (2.0 * step);
            let (ahead, behind) = (one_sided(STEP), one_sided(-STEP));
            let measured = f64::midpoint(ahead, behind);
            let derived = gradient.map_or(0.0, |gradient| dot(&values[gradient], &direction));
            let tolerance = 1e-6 * (1.0 + derived.abs() + here.abs());
            // where two elements of a maximum change places there is no derivative to compare with
            let is_kink = (ahead - behind).abs() > tolerance / 10.0;
            let agrees = (measured - derived).abs() <= tolerance;
            if !is_kink && !agrees {
                disagreements.push(format!("{id} {:?}: measured {measured}, derived {derived}", forward.nodes[*id].op));
            }
        }
        disagreements
    }
}

fn assert_agrees(body: impl FnOnce(&mut Builder<'_>, Precision) -> NodeId) {
    let case = Case::new(Precision::F64, body);
    // the cotangent of a recurrence is that of each state through later ones too, which moving the stack does not show
    let is_known = |id: &NodeId| matches!(case.graph.nodes[*id].op, Op::Constant(_) | Op::Index { .. } | Op::Scan(_));
    let wanted: Vec<NodeId> = case.graph.nodes.ids().filter(|id| *id != case.cotangent && !is_known(id)).collect();
    assert_eq!(case.disagreements(&wanted, 7), Vec::<String>::new());
}

fn parameter(builder: &mut Builder<'_>, number: usize, extents: &[usize], precision: Precision) -> NodeId {
    builder.leaf(Leaf::Parameter(ParameterId::new(number)), Shape::new(extents), precision)
}

fn input(builder: &mut Builder<'_>, extents: &[usize], precision: Precision) -> NodeId {
    builder.leaf(Leaf::Input, Shape::new(extents), precision)
}

fn leaves_but(graph: &Graph, other: NodeId) -> Vec<NodeId> {
    graph.nodes.ids().filter(|id| matches!(graph.nodes[*id].op, Op::Leaf(_)) && *id != other).collect()
}

/// A recurrence over the elements of `a`, which are taken as steps, rows and features, as far as their number allows: one of several
/// bodies, forward or in reverse. None where `a` has no axis.
pub(crate) fn recurrent(builder: &mut Builder<'_>, a: NodeId, how: usize) -> Option<NodeId> {
    let shape = builder.shape(a).clone();
    let features = *shape.0.last()?;
    let steps = shape.elements() / features;
    let times = [3, 2, 5, 1].into_iter().find(|times| steps.is_multiple_of(*times))?;
    let rows = steps / times;
    let sequence = builder.reshape(a, Shape::new([times, rows, features]));
    let all = builder.reshape(a, Shape::new([steps, features]));
    let squared = builder.transpose(all);
    let squared = builder.product(squared, all);
    let weight = builder.unary(Unary::HyperbolicTangent, squared);
    let bias = builder.slice(all, 0, 0, 1);
    let initial = builder.slice(sequence, 0, times - 1, 1);
    let initial = builder.reshape(initial, Shape::new([rows, features]));
    let reverse = how % 2 == 1;
    let recurrence =
        Recurrence { initial, sequences: &[sequence, sequence], constants: &[weight, bias], times, reverse };
    Some(builder.scan(recurrence, |body, step| {
        let (state, [first, second], [weight, bias]) = (step.state, step.sequences, step.constants) else {
            unreachable!("as many were given")
        };
        match how / 2 % 7 {
            // a plain recurrent layer
            0 => {
                let carried = body.linear(state, *weight);
                let z = body.add(carried, *first);
                let z = body.add(z, *bias);
                body.unary(Unary::HyperbolicTangent, z)
            }
            // a gate
            1 => {
                let carried = body.linear(*second, *weight);
                let gate = body.add(carried, state);
                let gate = body.unary(Unary::Sigmoid, gate);
                let difference = body.subtract(*first, state);
                let change = body.multiply(gate, difference);
                body.add(state, change)
            }
            // nothing of the state before
            2 => body.unary(Unary::Sine, *second),
            // nothing but the state before
            3 => state,
            // a step as it comes
            4 => *first,
            // rows that look along their features
            5 => {
                let probabilities = body.softmax(state, 1);
                let largest = body.sum(*first, &[1]);
                let scaled = body.multiply(probabilities, largest);
                body.add(scaled, *bias)
            }
            // two halves that change places
            _ => {
                let half = features.div_ceil(2);
                let (front, back) = (body.slice(state, 1, 0, half), (half < features).then_some(half));
                let front = body.unary(Unary::HyperbolicTangent, front);
                let Some(start) = back else { return body.add(front, *first) };
                let back = body.slice(state, 1, start, features - start);
                let joined = body.concat(&[back, front], 1);
                let scaled = body.multiply(joined, *first);
                body.linear(scaled, *weight)
            }
        }
    }))
}

/// Each node with a new leaf for its tangent.
fn with_tangents(graph: &mut Graph, nodes: &[NodeId]) -> Vec<(NodeId, NodeId)> {
    let mut builder = Builder::new(graph, origin(None));
    let tangent = |(number, id): (usize, &NodeId)| {
        let (shape, precision) = (builder.shape(*id).clone(), builder.precision(*id));
        (*id, builder.leaf(Leaf::Parameter(ParameterId::new(1000 + number)), shape, precision))
    };
    nodes.iter().enumerate().map(tangent).collect()
}
