//! What mean-field theory says of a point before it is run: √χ of its layers, in the limit of wide ones.

use crate::diagnose::median;
use crate::model::{Layer, Model, Parameter, ParameterRole, gradient_factor, mean_square};
use crate::scalar::Function;
use std::sync::{Arc, Mutex};

/// An activation under these variances of weights and biases, as bits.
type Field = (Arc<Function>, u64, u64);

/// Factors that were worked out: many points have the same activation under the same rule.
#[derive(Default)]
pub(super) struct Theory(Mutex<Vec<(Field, f64)>>);

impl Theory {
    /// By what r is multiplied from one layer to the one before, the median over the layers of a chain of matrices with one
    /// elementwise activation between each two; none for other networks, and for rules whose variance is not known.
    pub(super) fn factor(&self, model: &Model) -> Option<f64> {
        let layers: Vec<&Layer> = model.layers.iter().collect();
        if layers.iter().any(|layer| !layer.branches.is_empty()) {
            return None;
        }
        let own = |at: usize, role: ParameterRole| -> Option<&Parameter> {
            let mut parameters = layers[at].parameters.iter().map(|id| &model.parameters[*id]);
            parameters.find(|parameter| parameter.role == role)
        };
        let matrices: Vec<usize> = (0..layers.len()).filter(|at| own(*at, ParameterRole::Weight).is_some()).collect();
        let mut factors = Vec::new();
        for pair in matrices.windows(2) {
            let mut activations = layers[pair[0]..pair[1]].iter().filter_map(|layer| layer.activation.as_ref());
            let function = activations.next()?.function.as_ref()?;
            if activations.next().is_some() {
                return None;
            }
            let next = own(pair[1], ParameterRole::Weight)?;
            let weights = mean_square(&next.initializer)? * next.fan_in as f64;
            let biases = match own(pair[0], ParameterRole::Bias) {
                Some(bias) => mean_square(&bias.initializer)?,
                None => 0.0,
            };
            factors.push(self.of(function, weights, biases).sqrt());
        }
        (!factors.is_empty()).then(|| median(&factors))
    }

    fn of(&self, function: &Arc<Function>, weights: f64, biases: f64) -> f64 {
        let field = (Arc::clone(function), weights.to_bits(), biases.to_bits());
        let mut known = self.0.lock().expect("no run panicked");
        if let Some((_, factor)) = known.iter().find(|(other, _)| *other == field) {
            return *factor;
        }
        let factor = gradient_factor(function, weights, biases);
        known.push((field, factor));
        factor
    }
}
