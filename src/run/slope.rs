//! What φ′ is like over the batch: saturated entries, dead units, its root mean square. φ′ is a node of the training graph, the
//! activation's symbolic derivative at z, in the network's precision.

use super::statistics::{Measurement, Measurer, chosen};
use crate::graph::{Builder, Combine, NodeId};
use crate::model::{Activation, Layer};
use crate::scalar::mathematics::unary_f64;
use crate::scalar::{self, Comparison, Evaluator, Function, Unary, derivative};
use crate::shape::Precision;
use std::sync::Arc;

/// An entry is saturated where |φ′| is below this share of its largest value.
const SATURATED: f64 = 0.05;

/// What was measured of φ′.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Slope {
    /// The share of saturated entries; none where sup |φ′| is infinite.
    pub(super) saturated: Option<f64>,
    /// What z ~ N(0, 1) would give; none with `saturated`.
    pub(super) saturated_normal: Option<f64>,
    /// The share of units with φ′ = 0 for every example.
    pub(super) dead: f64,
    /// The root mean square.
    pub(super) rms: f64,
    /// The share of entries where φ′ is zero, and would be in any precision.
    pub(super) zero: f64,
}

/// Where the totals are found after a run.
#[derive(Clone, Debug)]
pub(super) struct SlopeMeasurement {
    /// Whether φ′ is made of exact operations, so that its zeros are those of any precision.
    exact: bool,
    bound: Option<Bound>,
    saturated: Option<NodeId>,
    dead: NodeId,
    units: f64,
    entries: f64,
    slope: Measurement,
}

/// What the whole function tells of an activation.
#[derive(Clone, Copy, Debug)]
struct Bound {
    /// sup |φ′|
    largest: f64,
    /// P(|φ′(Z)| < 0.05·sup) for a standard normal Z.
    normal: f64,
}

/// Measures φ′, and remembers what it worked out of each activation.
pub(super) struct Slopes {
    /// The statistics of φ′ itself.
    statistics: Measurer,
    known: Vec<(Arc<Function>, Known)>,
}

/// What the layers with one activation have in common.
#[derive(Clone)]
struct Known {
    derivative: Arc<Function>,
    bound: Option<Bound>,
}

impl Slopes {
    /// For networks of this precision.
    pub(super) fn new(precision: Precision) -> Self {
        Self { statistics: Measurer::new(precision, chosen(&["rms", "zero_fraction"]), false), known: Vec::new() }
    }

    /// How the statistics are finished.
    pub(super) fn statistics(&self) -> &Measurer {
        &self.statistics
    }

    fn known(&mut self, function: &Arc<Function>) -> Known {
        if let Some((_, known)) = self.known.iter().find(|(of, _)| Arc::ptr_eq(of, function) || of == function) {
            return known.clone();
        }
        let derivative = Arc::new(derivative(function, 0));
        let known = Known { bound: Bound::of(&derivative), derivative };
        self.known.push((Arc::clone(function), known.clone()));
        known
    }
}

/// What a unit of a layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Each element of an example.
    Element,
    /// A channel, axis 0 of an example: one kernel makes it at all places.
    Channel,
}

impl Unit {
    /// Of images, and of what a convolution hands on, the channel.
    pub(super) fn of(layer: &Layer) -> Self {
        if layer.shape.rank() >= 3 || layer.kind.name == "conv1d" { Self::Channel } else { Self::Element }
    }
}

/// Adds the nodes that measure φ′ at `z`, batch first; none for an activation that is not elementwise.
pub(super) fn measure(
    builder: &mut Builder<'_>,
    slopes: &mut Slopes,
    activation: &Activation,
    z: NodeId,
    unit: Unit,
) -> Option<SlopeMeasurement> {
    let Known { derivative, bound } = slopes.known(activation.function.as_ref()?);
    let slope = builder.map(&derivative, &[z]);
    let shape = builder.shape(slope).clone();
    let axes: Vec<usize> = (0..shape.rank()).collect();
    let saturated = bound.map(|bound| {
        let each = builder.map_in(Precision::F64, &is_below(SATURATED * bound.largest), &[slope]);
        builder.reduce(Combine::Sum, each, &axes, Precision::F64)
    });
    let magnitude = builder.unary(Unary::Absolute, slope);
    let of_places = match unit {
        Unit::Element => magnitude,
        Unit::Channel => builder.maximum(magnitude, &(2..shape.rank()).collect::<Vec<_>>()),
    };
    let largest = builder.maximum(of_places, &[0]);
    let each = builder.map_in(Precision::F64, &is_zero(), &[largest]);
    let dead = builder.reduce(Combine::Sum, each, &axes, Precision::F64);
    let units = builder.shape(largest).elements() as f64;
    let entries = shape.elements() as f64;
    let slope = slopes.statistics.measure(builder, Some(slope), shape.elements());
    Some(SlopeMeasurement { exact: !derivative.is_expensive(), bound, saturated, dead, units, entries, slope })
}

impl SlopeMeasurement {
    /// The nodes to keep.
    pub(super) fn keep(&self) -> impl Iterator<Item = NodeId> {
        self.saturated.into_iter().chain([self.dead]).chain(self.slope.keep())
    }

    /// sup |φ′|; none where it is infinite.
    pub(super) fn largest(&self) -> Option<f64> {
        self.bound.map(|bound| bound.largest)
    }

    /// The measured numbers; `read` gives a node's elements.
    pub(super) fn finish(&self, measurer: &Measurer, read: &dyn Fn(NodeId) -> Vec<f64>) -> Slope {
        let statistics = measurer.finish(&measurer.totals(&self.slope, read));
        Slope {
            saturated: self.saturated.map(|node| read(node)[0] / self.entries),
            saturated_normal: self.bound.map(|bound| bound.normal),
            dead: read(self.dead)[0] / self.units,
            rms: statistics.rms,
            zero: if self.exact { statistics.zero_fraction } else { 0.0 },
        }
    }
}

fn is_below(bound: f64) -> Arc<Function> {
    Arc::new(Function::build(1, |f, x| {
        let magnitude = f.unary(Unary::Absolute, x[0]);
        let bound = f.constant(bound);
        let below = f.compare(Comparison::Less, magnitude, bound);
        vec![counted(f, below)]
    }))
}

fn is_zero() -> Arc<Function> {
    Arc::new(Function::build(1, |f, x| {
        let zero = f.constant(0.0);
        let equal = f.compare(Comparison::Equal, x[0], zero);
        vec![counted(f, equal)]
    }))
}

fn counted(f: &mut scalar::Builder, condition: scalar::ValueId) -> scalar::ValueId {
    let (one, zero) = (f.constant(1.0), f.constant(0.0));
    f.select(condition, one, zero)
}

impl Bound {
    /// None where the derivative has no bound.
    fn of(derivative: &Function) -> Option<Self> {
        let mut evaluator = Evaluator::<f64>::new(derivative);
        let mut magnitude = |z: f64| evaluator.first(&[z]).abs();
        let grid = (-1280..=1280).map(|step| f64::from(step) / 64.0);
        let far = (5..60).flat_map(|power| [1.0, -1.0].map(|sign| sign * (1_u64 << power) as f64));
        let largest = grid.chain(far).map(&mut magnitude).fold(0.0, f64::max);
        if largest > 1e6 {
            return None;
        }
        let normal = normal_share(|z| magnitude(z) < SATURATED * largest);
        Some(Self { largest, normal })
    }
}

/// P(`holds`(Z)) for a standard normal Z: the intervals between its turns, which are bisected where two points of a fine grid
/// disagree.
fn normal_share(mut holds: impl FnMut(f64) -> bool) -> f64 {
    const END: i32 = 9 * 64;
    let distribution = |z: f64| 0.5 * (1.0 + unary_f64(Unary::ErrorFunction, z * std::f64::consts::FRAC_1_SQRT_2));
    let mut share = 0.0;
    let (mut before, mut held) = (f64::from(-END) / 64.0, holds(f64::from(-END) / 64.0));
    let mut since = f64::NEG_INFINITY;
    for step in 1 - END..=END {
        let at = f64::from(step) / 64.0;
        let now = holds(at);
        if now != held {
            let (mut low, mut high) = (before, at);
            for _ in 0..60 {
                let middle = 0.5 * (low + high);
                if holds(middle) == held { low = middle } else { high = middle }
            }
            if held {
                share += distribution(high) - distribution(since);
            }
            (since, held) = (high, now);
        }
        before = at;
    }
    if held { share + 1.0 - distribution(since) } else { share }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::testing::checked;

    fn bound(activation: &str) -> Option<Bound> {
        let text = format!("network test {{\n input(1)\n dense(1, {activation})\n loss: mse\n}}\n");
        let model = checked(&text);
        let layer = model.layers.iter().find(|layer| layer.kind_name == "dense").unwrap();
        Bound::of(&derivative(layer.activation.as_ref().unwrap().function.as_ref().unwrap(), 0))
    }

    #[test]
    fn bounds_and_normal_shares_of_known_activations() {
        let sigmoid = bound("sigmoid").unwrap();
        assert_eq!(sigmoid.largest, 0.25);
        // σ′(z) < 0.0125 for |z| > 4.356544
        assert!((sigmoid.normal - 1.321_318_876e-5).abs() < 1e-13, "{}", sigmoid.normal);
        let tanh = bound("tanh").unwrap();
        // sech² z < 0.05 for |z| > 2.178272
        assert!((tanh.largest, (tanh.normal - 0.029_385_776_82).abs() < 1e-11) == (1.0, true), "{tanh:?}");
        let relu = bound("relu").unwrap();
        assert!((relu.normal - 0.5).abs() < 1e-15 && relu.largest == 1.0);
        let linear = bound("linear").unwrap();
        assert_eq!((linear.largest, linear.normal), (1.0, 0.0));
        assert!(bound("exp").is_none());
    }
}
