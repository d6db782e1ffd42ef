//! The plane of (σ_w, σ_b): for every variance of weights and biases, whether a deep network of one activation loses the gradient
//! (ordered, χ < 1) or lets it explode (chaotic, χ > 1), and over how many layers; with the layers of a network in it.
//!
//! Gaussian moments are worked out once over a grid of q and interpolated; lines of equal χ are then known as curves in q: with
//! χ = c, σ_w² = c/E[φ′²] and σ_b² = q − σ_w² E[φ²].

use super::theory::{self, Following, Prediction};
use crate::graph::LayerId;
use crate::model::Model;
use crate::model::mean_field::{Field, Normal, critical_variance, depth_scale};
use crate::scalar::Function;
use crate::scalar::mathematics::{exp, ln};
use std::sync::Arc;

/// The plane of an activation with a network in it.
#[derive(Clone, Debug)]
pub struct Plane {
    /// As the user named it.
    pub activation: String,
    /// The layers with this activation: those of equal variances together, in order of the text.
    pub places: Vec<Place>,
    /// Layers with weights and another activation, or none.
    pub others: usize,
    /// From 0 to this.
    pub widest: (f64, f64),
    function: Arc<Function>,
    only_scales: bool,
    /// q, E[φ²], E[φ′²], by rising q; moments that are not finite end it.
    moments: Vec<(f64, f64, f64)>,
}

/// Layers of equal variances.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Which.
    pub layers: Vec<LayerId>,
    /// σ_w
    pub weight: f64,
    /// σ_b
    pub bias: f64,
    /// q*
    pub rest: Option<f64>,
    /// χ
    pub chi: Option<f64>,
}

/// What becomes of signal and gradient at a point of the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// q*: 0 where the signal dies out, infinite where it grows without end.
    pub rest: f64,
    /// χ there; none where the moments of the activation are not finite.
    pub chi: Option<f64>,
}

/// The phases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// χ < 1: the gradient vanishes.
    Ordered,
    /// |depth scale| of at least `CRITICAL` layers.
    Critical,
    /// χ > 1: the gradient explodes.
    Chaotic,
}

/// Layers over which the gradient must keep its size within a factor of e to be called critical.
pub const CRITICAL: f64 = 30.0;

/// The phase of a χ.
#[must_use]
pub fn phase(chi: f64) -> Phase {
    if depth_scale(chi).abs() >= CRITICAL {
        Phase::Critical
    } else if chi < 1.0 {
        Phase::Ordered
    } else {
        Phase::Chaotic
    }
}

/// Steps of q within a factor of e.
const STEPS: i32 = 32;
/// From e to the minus this to e to this.
const ENDS: i32 = 18;

impl Plane {
    /// The plane of a network's activation: of `layer`, where one is named, else the one that most of its layers have. None
    /// where no layer with weights is followed by an elementwise activation.
    #[must_use]
    pub fn of(model: &Model, prediction: &Prediction, layer: Option<LayerId>) -> Option<Self> {
        let mut activations: Vec<(Arc<Function>, String, Vec<LayerId>)> = Vec::new();
        for told in &prediction.layers {
            let Following::Elementwise(function, name) = theory::following(model, told.layer) else { continue };
            match activations.iter_mut().find(|(known, ..)| *known == function) {
                Some((.., layers)) => layers.push(told.layer),
                None => activations.push((function, name, vec![told.layer])),
            }
        }
        let most = activations.iter().map(|(.., layers)| layers.len()).max()?;
        let (function, activation, layers) = activations.into_iter().find(|(.., layers)| match layer {
            Some(layer) => layers.contains(&layer),
            None => layers.len() == most,
        })?;
        let mut places: Vec<Place> = Vec::new();
        for told in prediction.layers.iter().filter(|told| layers.contains(&told.layer)) {
            let Some(variance) = told.weight_variance else { continue };
            let (weight, bias) = (variance.sqrt(), told.bias_square.sqrt());
            let same = |place: &&mut Place| (place.weight - weight).abs() < 1e-9 && (place.bias - bias).abs() < 1e-9;
            match places.iter_mut().find(same) {
                // What comes to rest is the same wherever it starts, nearly always.
                Some(place) => place.layers.push(told.layer),
                None => places.push(Place { layers: vec![told.layer], weight, bias, rest: told.rest, chi: told.chi }),
            }
        }
        let field = Field::of(&function);
        let moments = (-ENDS * STEPS..=ENDS * STEPS)
            .map(|step| exp(f64::from(step) / f64::from(STEPS)))
            .map(|q| (q, field.signal(Normal::centred(q)), field.slope(Normal::centred(q))))
            .take_while(|(_, signal, slope)| signal.is_finite() && slope.is_finite())
            .collect();
        let others = prediction.layers.len() - layers.len();
        let only_scales = field.only_scales();
        let mut plane = Self { activation, places, others, widest: (0.0, 0.0), function, only_scales, moments };
        plane.widest = plane.extent();
        Some(plane)
    }

    /// As far as the places and the critical line without biases ask for, and a little further.
    fn extent(&self) -> (f64, f64) {
        let most = |of: fn(&Place) -> f64| self.places.iter().map(of).fold(0.0, f64::max);
        let line = self.level(1.0);
        let foot = line.iter().map(|(weight, _)| *weight).fold(f64::INFINITY, f64::min);
        let line = if foot.is_finite() && foot < 30.0 { foot } else { 0.0 };
        let weight = (1.3 * most(|place| place.weight)).max(1.6 * line).max(2.0);
        let bias = (1.5 * most(|place| place.bias)).max(0.25 * weight).max(1.0);
        (round_up(weight), round_up(bias))
    }

    /// What becomes of a deep network with these standard deviations; its signal starts from a variance of 1.
    #[must_use]
    pub fn point(&self, weight: f64, bias: f64) -> Point {
        let (weight, bias) = (weight * weight, bias * bias);
        let excess = |at: usize| {
            let (q, signal, _) = self.moments[at];
            weight * signal + bias - q
        };
        let chi = |at: usize, part: f64| {
            let next = self.moments.get(at + 1).unwrap_or(&self.moments[at]).2;
            weight * (self.moments[at].2 + part * (next - self.moments[at].2))
        };
        let Some(last) = self.moments.len().checked_sub(1) else { return Point { rest: f64::NAN, chi: None } };
        let mut at = usize::try_from(ENDS * STEPS).expect("both are positive").min(last);
        if excess(at) > 0.0 {
            while at < last && excess(at + 1) > 0.0 {
                at += 1;
            }
            if at == last {
                let ends = last + 1 < usize::try_from(2 * ENDS * STEPS).expect("both are positive");
                return Point { rest: f64::INFINITY, chi: (!ends).then(|| chi(last, 0.0)) };
            }
        } else {
            while at > 0 && excess(at) <= 0.0 {
                at -= 1;
            }
            if at == 0 && excess(0) <= 0.0 {
                return Point { rest: 0.0, chi: Some(chi(0, 0.0)) };
            }
        }
        let (low, high) = (excess(at), excess(at + 1));
        let part = if low == high { 0.0 } else { (low / (low - high)).clamp(0.0, 1.0) };
        let (from, to) = (self.moments[at].0, self.moments[at + 1].0);
        Point { rest: from + part * (to - from), chi: Some(chi(at, part)) }
    }

    /// The line on which χ has this value, as points (σ_w, σ_b) by rising σ_b; empty where there is none.
    #[must_use]
    pub fn level(&self, chi: f64) -> Vec<(f64, f64)> {
        if self.only_scales {
            let Some((.., slope)) = self.moments.last() else { return Vec::new() };
            let weight = (chi / slope).sqrt();
            let bias = if self.widest.1 > 0.0 { self.widest.1 } else { 1.0 };
            return if weight.is_finite() { vec![(weight, 0.0), (weight, bias)] } else { Vec::new() };
        }
        let mut line: Vec<(f64, f64)> = Vec::new();
        let mut before: Option<(f64, f64)> = None;
        for (q, signal, slope) in &self.moments {
            let weight = chi / slope;
            let bias = q - weight * signal;
            // What rounding leaves of nothing, where the line ends at σ_b = 0.
            let bias = if bias.abs() < 1e-9 * q.max(1e-3) { 0.0 } else { bias };
            let came = before.replace((weight, bias));
            if !weight.is_finite() || bias < 0.0 {
                continue;
            }
            // Where the line leaves σ_b = 0 between two q.
            if let Some((from, below)) = came.filter(|(from, below)| from.is_finite() && *below < 0.0) {
                line.push(((from + (weight - from) * below / (below - bias)).sqrt(), 0.0));
            }
            let point = (weight.sqrt(), bias.sqrt());
            let reached = self.point(point.0, point.1);
            let is_reached = reached.chi.is_some_and(|reached| (ln(reached / chi)).abs() < 0.05);
            if is_reached && line.last() != Some(&point) {
                line.push(point);
            }
        }
        line.sort_by(|a, b| a.1.total_cmp(&b.1));
        line
    }

    /// The critical σ_w for biases of this standard deviation.
    #[must_use]
    pub fn critical(&self, bias: f64) -> Option<f64> {
        critical_variance(&self.function, Normal::centred(bias * bias)).ok().map(|critical| critical.weight.sqrt())
    }
}

/// 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten.
fn round_up(value: f64) -> f64 {
    let mut decade = 1.0;
    while decade * 10.0 <= value {
        decade *= 10.0;
    }
    let steps = [1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * decade).find(|step| *step >= value).unwrap_or(value)
}
