//! The gradient through time: of every recurrent layer ‖∂C/∂hₜ‖ for each step, through all later ones; by what it is multiplied
//! from one step to the step before; and of an `lstm` ‖∂C/∂cₜ‖ beside it.
//!
//! The factor of a step is ‖Jᵀ L‖ / ‖L‖ with L the whole gradient at the step after, Jᵀ what one step back makes of it. What the
//! loss takes of a state directly is no part of it, so that it also tells how far a loss reaches that every step has a part in.

use super::record::ThroughTimeRecord;
use super::slope::SlopeMeasurement;
use super::statistics::{norms_by_step, squares_by_step};
use crate::graph::{self, Builder, Graph, NodeId, ParameterId};
use crate::model::layers::{Memory, ThroughTime};
use crate::model::{Layer, Model};
use crate::shape::Shape;

/// The cotangents of a recurrent layer's states.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cotangents {
    /// Of all states, `[time + 1, batch, parts · units]`, through all later steps; none where nothing flows.
    states: Option<NodeId>,
    /// ∂C/∂cₜ, `[time · batch, units]`, of a layer with a memory.
    memory: Option<NodeId>,
}

/// Adds the nodes of the cotangents that follow from those of the states.
pub(super) fn cotangents(graph: &mut Graph, along: ThroughTime, states: Option<NodeId>) -> Cotangents {
    let (Some(total), Some(Memory { states: memory, output })) = (states, along.memory) else {
        return Cotangents { states, memory: None };
    };
    // cₜ reaches the loss through the next step, which is its part of the state's cotangent, and through hₜ
    let origin = graph.nodes[total].origin;
    let mut builder = Builder::new(graph, origin);
    let units = builder.shape(memory).0[1];
    let [places, batch, width] = builder.shape(total).0[..] else { unreachable!("states are a stack of rows") };
    let after = builder.slice(total, 0, 1, places - 1);
    let rows = builder.reshape(after, Shape::new([(places - 1) * batch, width]));
    let of_output = builder.slice(rows, 1, 0, units);
    let later = builder.slice(rows, 1, units, units);
    let own = graph::pull_back(graph, output, of_output, &[memory])[0];
    let memory = match own {
        Some(own) => Builder::new(graph, origin).add(later, own),
        None => later,
    };
    Cotangents { states, memory: Some(memory) }
}

/// Where the norms of one layer are found after a run.
pub(super) struct TimeMeasurement {
    steps: usize,
    /// Of the output's cotangents, of the whole states', of what comes from the step after, of the memory's.
    output: Option<Norms>,
    whole: Option<Norms>,
    carried: Option<Norms>,
    memory: Option<Norms>,
    has_memory: bool,
    recurrent: ParameterId,
}

/// The terms of a norm for every step; none for a term that is zero whatever the tensor holds.
type Norms = Vec<Option<NodeId>>;

impl TimeMeasurement {
    /// Adds the nodes that measure a layer; `direct` is ∂C/∂a, what the loss takes of the output without later steps.
    pub(super) fn new(
        builder: &mut Builder<'_>,
        model: &Model,
        layer: &Layer,
        along: ThroughTime,
        cotangents: Cotangents,
        direct: Option<NodeId>,
    ) -> Self {
        let [places, batch, width] = builder.shape(along.states).0[..] else {
            unreachable!("states are a stack of rows")
        };
        let (steps, units) = (places - 1, layer.shape.0[1]);
        let whole = cotangents.states.map(|total| builder.slice(total, 0, 1, steps));
        let output = whole.map(|whole| builder.slice(whole, 2, 0, units));
        let direct = direct.map(|direct| {
            let direct = builder.permute(direct, &[1, 0, 2]);
            builder.pad(direct, 2, 0, width - units)
        });
        let carried = whole.map(|whole| direct.map_or(whole, |direct| builder.subtract(whole, direct)));
        let memory = cotangents.memory.map(|memory| builder.reshape(memory, Shape::new([steps, batch, units])));
        let mut norms = |tensor: Option<NodeId>| tensor.map(|tensor| squares_by_step(builder, tensor));
        let (output, carried, memory) = (norms(output), norms(carried), norms(memory));
        // without a memory the output is the whole state
        let whole = if width == units { output.clone() } else { norms(whole) };
        let is_recurrent = |id: &&ParameterId| model.parameters[**id].name == "weight_hh";
        let recurrent = *layer.parameters.iter().find(is_recurrent).expect("a recurrent layer has its matrices");
        Self { steps, output, whole, carried, memory, has_memory: along.memory.is_some(), recurrent }
    }

    /// The nodes to keep.
    pub(super) fn keep(&self) -> impl Iterator<Item = NodeId> {
        [&self.output, &self.whole, &self.carried, &self.memory].into_iter().flatten().flatten().copied().flatten()
    }

    /// What was measured; `read` gives a node's elements, `parameter` a parameter's.
    pub(super) fn record(
        &self,
        model: &Model,
        slope: Option<&SlopeMeasurement>,
        read: &dyn Fn(NodeId) -> Vec<f64>,
        parameter: &dyn Fn(ParameterId) -> Vec<f64>,
    ) -> ThroughTimeRecord {
        let norms = |of: &Option<Norms>| match of {
            Some(terms) => norms_by_step(terms, self.steps, read),
            None => vec![0.0; self.steps],
        };
        let (whole, carried) = (norms(&self.whole), norms(&self.carried));
        let factors = carried.iter().zip(&whole[1..]).map(|(carried, after)| carried / after).collect();
        let weights = parameter(self.recurrent);
        // a run has no use for the weights of a layer that nothing depends on
        let slope = slope.and_then(SlopeMeasurement::largest).filter(|_| !weights.is_empty());
        let columns = model.parameters[self.recurrent].shape.0[1];
        let bound = slope.map(|slope| (largest_singular_value(&weights, columns), slope));
        ThroughTimeRecord {
            output: norms(&self.output),
            memory: self.has_memory.then(|| norms(&self.memory)),
            factors,
            recurrent: bound.map(|(singular, _)| singular),
            slope: bound.map(|(_, slope)| slope),
        }
    }
}

/// The largest singular value of a matrix, to about nine digits: the power method on AᵀA, from a start that no plain matrix is
/// at right angles to. NaN where an entry is none.
fn largest_singular_value(matrix: &[f64], columns: usize) -> f64 {
    const ROUNDS: usize = 1000;
    let norm = |vector: &[f64]| vector.iter().map(|number| number * number).sum::<f64>().sqrt();
    let mut vector: Vec<f64> = (0..columns).map(|place| 1.0 + ((place * 37 + 11) % 101) as f64 / 101.0).collect();
    let mut found = 0.0;
    for _ in 0..ROUNDS {
        let length = norm(&vector);
        if length == 0.0 || !length.is_finite() {
            return length;
        }
        vector.iter_mut().for_each(|number| *number /= length);
        let rows: Vec<f64> = matrix
            .chunks_exact(columns)
            .map(|row| row.iter().zip(&vector).map(|(entry, number)| entry * number).sum())
            .collect();
        let next = norm(&rows);
        vector.fill(0.0);
        for (row, weight) in matrix.chunks_exact(columns).zip(&rows) {
            vector.iter_mut().zip(row).for_each(|(number, entry)| *number += weight * entry);
        }
        let settled = (next - found).abs() <= 1e-12 * next;
        found = next;
        if settled {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn singular_values_of_known_matrices() {
        // diag(3, −5) turned: singular values 5 and 3
        let (c, s) = (0.6, 0.8);
        let turned = [3.0 * c, 5.0 * s, 3.0 * s, -5.0 * c];
        assert!((largest_singular_value(&turned, 2) - 5.0).abs() < 1e-9);
        // nilpotent: no eigenvalue but 0
        assert!((largest_singular_value(&[0.0, 7.0, 0.0, 0.0], 2) - 7.0).abs() < 1e-9);
        assert_eq!(largest_singular_value(&[0.0; 9], 3), 0.0);
        assert!(largest_singular_value(&[1.0, f64::NAN, 0.0, 1.0], 2).is_nan());
    }
}
