//! The layers with weights as one chain from input to loss: how large the gradient is at each, and by what it is multiplied
//! from one to the next.
//!
//! r_l = √B·‖∂C/∂z_l‖_F: the root mean square over examples of the gradient of one example's loss. It is taken in two
//! measures, L2 and root mean square over units, since rules that scale with fan-in keep the one and with fan-out the other.

use crate::arena::Id;
use crate::graph::LayerId;
use crate::model::layers::Theory;
use crate::model::{Model, ParameterRole};
use crate::run::record::{LayerRecord, Record};
use crate::scalar::mathematics::{exp, ln};

/// The chain of one report.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The layers with weights, from the input on.
    pub links: Vec<Link>,
}

/// One layer of the chain.
#[derive(Clone, Debug)]
pub struct Link {
    /// Which.
    pub layer: LayerId,
    /// Its place in `Record::layers`.
    pub record: usize,
    /// Layers with weights before it on its longest path; branches of `parallel` stand at the same depth.
    pub depth: usize,
    /// r_l in the L2 measure.
    pub size: f64,
    /// r_l / √units.
    pub size_per_unit: f64,
    /// What happens between this layer and the next of the chain; absent for the last.
    pub factor: Option<Factor>,
}

/// r_l / r_{l+1} as an exact product of what stands between the two pre-activations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factor {
    /// r_l / r_{l+1}
    pub measured: f64,
    /// ‖v‖ / ‖∂C/∂z_{l+1}‖ with v the gradient at what the next layer takes in, through that layer alone: Wᵀδ over δ.
    pub weights: f64,
    /// The activations between: ‖φ′ ⊙ v‖ / ‖v‖ of each.
    pub activation: f64,
    /// The norms between.
    pub normalisation: f64,
    /// What other ways bring: a skip, a branch, a layer that is used again. 1 where there is none.
    pub skip: f64,
    /// All other layers between: pooling, dropout, …; 1 where there is none.
    pub other: f64,
}

impl Factor {
    /// The product of the parts, which is `measured` to rounding.
    #[must_use]
    pub fn product(self) -> f64 {
        self.weights * self.activation * self.normalisation * self.skip * self.other
    }

    /// The parts with what they are of, those that are always there first.
    #[must_use]
    pub fn parts(self) -> [(Part, f64); 5] {
        [
            (Part::Weights, self.weights),
            (Part::Activation, self.activation),
            (Part::Normalisation, self.normalisation),
            (Part::Skip, self.skip),
            (Part::Other, self.other),
        ]
    }
}

/// What a part of a factor is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The next layer's weights.
    Weights,
    /// Activations.
    Activation,
    /// Norms.
    Normalisation,
    /// Other ways.
    Skip,
    /// Other layers.
    Other,
}

/// The geometric mean of a chain's factors and of each of their parts, so that the product holds of the means too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The means.
    pub factor: Factor,
    /// Of so many factors.
    pub count: usize,
}

impl Chain {
    /// The chain of a report over a batch of `batch` examples.
    #[must_use]
    pub fn new(model: &Model, record: &Record, batch: usize) -> Self {
        let depths = depths(model);
        let mut links: Vec<Link> = Vec::new();
        for (index, measured) in record.layers.iter().enumerate() {
            if !has_weights(model, measured.layer) {
                continue;
            }
            let size = (batch as f64).sqrt() * measured.pre_activation.l2;
            let units = (measured.pre_activation.count as f64 / batch as f64).max(1.0);
            links.push(Link {
                layer: measured.layer,
                record: index,
                depth: depths[measured.layer.index()],
                size,
                size_per_unit: size / units.sqrt(),
                factor: None,
            });
        }
        for at in 1..links.len() {
            let stretch = &record.layers[links[at - 1].record..=links[at].record];
            links[at - 1].factor = Some(factor(model, stretch));
        }
        Self { links }
    }

    /// r_first / r_last in the measure that is nearer 1, so that both must pass a threshold; NaN without layers, or where
    /// both are zero.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        let (Some(first), Some(last)) = (self.links.first(), self.links.last()) else { return f64::NAN };
        nearer_one(first.size / last.size, first.size_per_unit / last.size_per_unit)
    }

    /// By what r is multiplied for one layer toward the loss: e to the Theil–Sen slope of ln r over depth, in the measure
    /// that is nearer 1. `None` for fewer than three layers with a finite, non-zero r.
    #[must_use]
    pub fn growth(&self) -> Option<f64> {
        let slope = |size: fn(&Link) -> f64| -> Option<f64> {
            let points: Vec<(f64, f64)> = self
                .links
                .iter()
                .filter(|link| size(link) > 0.0 && size(link).is_finite())
                .map(|link| (link.depth as f64, ln(size(link))))
                .collect();
            theil_sen(&points)
        };
        let per_layer = [slope(|link| link.size)?, slope(|link| link.size_per_unit)?].map(exp);
        Some(nearer_one(per_layer[0], per_layer[1]))
    }

    /// The link whose factor stands furthest from the median of all, and that factor over the median, where it is more than
    /// ten times off: one bad layer, rather than all of them.
    #[must_use]
    pub fn break_point(&self) -> Option<(&Link, f64)> {
        let factors: Vec<(usize, f64)> = self
            .links
            .iter()
            .enumerate()
            .filter_map(|(at, link)| link.factor.map(|factor| (at, factor.measured)))
            .filter(|(_, measured)| *measured > 0.0 && measured.is_finite())
            .collect();
        if factors.len() < 3 {
            return None;
        }
        let logs: Vec<f64> = factors.iter().map(|(_, measured)| ln(*measured)).collect();
        let middle = super::median(&logs);
        let (worst, deviation) = logs
            .iter()
            .map(|log| log - middle)
            .enumerate()
            .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()).then(b.0.cmp(&a.0)))?;
        (deviation.abs() > ln(10.0)).then(|| (&self.links[factors[worst].0], exp(deviation)))
    }

    /// What happens from layer to layer, where it can be said: not between two zeros.
    #[must_use]
    pub fn factors(&self) -> Vec<Factor> {
        self.links.iter().filter_map(|link| link.factor).filter(|factor| !factor.measured.is_nan()).collect()
    }

    /// The geometric means over all layers whose factor and its parts are finite and not zero; none without such.
    #[must_use]
    pub fn mean(&self) -> Option<Mean> {
        let tells = |factor: &Factor| factor.parts().iter().all(|(_, part)| *part > 0.0 && part.is_finite());
        let factors: Vec<Factor> = self.factors().into_iter().filter(tells).collect();
        let mean = |part: fn(&Factor) -> f64| {
            exp(factors.iter().map(|factor| ln(part(factor))).sum::<f64>() / factors.len() as f64)
        };
        (!factors.is_empty()).then(|| Mean {
            factor: Factor {
                measured: mean(|factor| factor.measured),
                weights: mean(|factor| factor.weights),
                activation: mean(|factor| factor.activation),
                normalisation: mean(|factor| factor.normalisation),
                skip: mean(|factor| factor.skip),
                other: mean(|factor| factor.other),
            },
            count: factors.len(),
        })
    }

    /// The link of a layer.
    #[must_use]
    pub fn link(&self, layer: LayerId) -> Option<&Link> {
        self.links.iter().find(|link| link.layer == layer)
    }
}

/// From a layer with weights to the next, both among the `stretch`. On the way back the gradient leaves the next layer by its
/// weights, and each layer between by what it is; between two of them it changes only where another way joins.
fn factor(model: &Model, stretch: &[LayerRecord]) -> Factor {
    let [here, between @ .., next] = stretch else { unreachable!("two links are two layers") };
    let mut factor = Factor {
        measured: here.pre_activation.l2 / next.pre_activation.l2,
        weights: quotient(next.input, next.pre_activation.l2),
        activation: quotient(here.pre_activation.l2, here.output.l2),
        normalisation: 1.0,
        skip: 1.0,
        other: 1.0,
    };
    let mut arrived = next.input;
    for layer in between.iter().rev() {
        factor.skip *= quotient(layer.output.l2, arrived);
        let part = match model.layers[layer.layer].kind.theory {
            Theory::Activation => &mut factor.activation,
            Theory::NormOfExample | Theory::NormOfSquares | Theory::NormOfBatch => &mut factor.normalisation,
            Theory::Skip | Theory::Added | Theory::Concatenated => &mut factor.skip,
            Theory::Weights
            | Theory::Same
            | Theory::Body
            | Theory::Branches
            | Theory::Dropout
            | Theory::Largest
            | Theory::Mean
            | Theory::Table
            | Theory::Positions
            | Theory::Unknown => &mut factor.other,
        };
        *part *= quotient(layer.input, layer.output.l2);
        arrived = layer.input;
    }
    factor.skip *= quotient(here.output.l2, arrived);
    factor
}

/// a / b; 1 where both are the same, zero too: nothing changed.
fn quotient(a: f64, b: f64) -> f64 {
    if a == b { 1.0 } else { a / b }
}

fn nearer_one(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        return f64::NAN;
    }
    let distance = |x: f64| if x > 0.0 { ln(x).abs() } else { f64::INFINITY };
    if distance(a) <= distance(b) { a } else { b }
}

/// Dense, convolutional, recurrent and attention layers: those with a matrix, save embeddings and projections of skips.
pub(super) fn has_weights(model: &Model, layer: LayerId) -> bool {
    let layer = &model.layers[layer];
    layer.branches.is_empty()
        && layer.kind_name != "embedding"
        && layer.parameters.iter().any(|id| {
            let parameter = &model.parameters[*id];
            parameter.role == ParameterRole::Weight && parameter.shape.rank() >= 2
        })
}

/// For each layer the number of layers with weights before it on its longest path.
fn depths(model: &Model) -> Vec<usize> {
    fn walk(model: &Model, body: &[LayerId], mut depth: usize, depths: &mut [usize]) -> usize {
        for id in body {
            depths[id.index()] = depth;
            if has_weights(model, *id) {
                depth += 1;
            }
            let ends = model.layers[*id].branches.iter().map(|branch| walk(model, branch, depth, depths));
            depth = ends.max().unwrap_or(depth);
        }
        depth
    }
    let mut depths = vec![0; model.layers.len()];
    walk(model, &model.body, 0, &mut depths);
    depths
}

/// The median of the slopes between all pairs of points (Theil 1950, Sen 1968); at most 512 points are looked at.
fn theil_sen(points: &[(f64, f64)]) -> Option<f64> {
    const MOST: usize = 512;
    if points.len() < 3 {
        return None;
    }
    let thinned: Vec<(f64, f64)> = if points.len() <= MOST {
        points.to_vec()
    } else {
        (0..MOST).map(|at| points[at * (points.len() - 1) / (MOST - 1)]).collect()
    };
    let mut slopes = Vec::with_capacity(thinned.len() * (thinned.len() - 1) / 2);
    for (at, (x, y)) in thinned.iter().enumerate() {
        slopes.extend(thinned[at + 1..].iter().filter(|(u, _)| u != x).map(|(u, v)| (v - y) / (u - x)));
    }
    (!slopes.is_empty()).then(|| super::median(&slopes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_outlier_does_not_move_the_slope() {
        let mut points: Vec<(f64, f64)> = (0..9).map(|x| (f64::from(x), 2.0 * f64::from(x))).collect();
        points[4].1 = 1000.0;
        assert_eq!(theil_sen(&points), Some(2.0));
    }

    #[test]
    fn the_measure_nearer_one_wins_on_either_side() {
        assert_eq!(nearer_one(1e-4, 1e-2), 1e-2);
        assert_eq!(nearer_one(50.0, 200.0), 50.0);
        assert_eq!(nearer_one(0.5, 100.0), 0.5);
        assert!(nearer_one(f64::NAN, 1.0).is_nan());
    }
}
