//! Mean-field theory of an activation in a wide layer: how the variance of the signal and the size of the gradient go from one
//! layer to the next. q′ = σ_w² E[φ(√q z)²] + σ_b², χ = σ_w² E[φ′(√q z)²] with z ~ N(0, 1); χ acts on the squared norm of the
//! gradient (Schoenholz, Gilmer, Ganguli and Sohl-Dickstein 2017).

use crate::scalar::mathematics::exp;
use crate::scalar::{Evaluator, Function, derivative};

/// The integral runs over so many standard deviations; what lies beyond weighs 1e-23.
const WIDEST: f64 = 10.0;
/// A panel is halved at most so often: at a jump of the slope this bounds the error.
const HALVINGS: usize = 24;
/// How exact an integral is.
#[derive(Clone, Copy)]
struct Accuracy {
    /// The panels it starts with; 0, where most kinks are, is an edge.
    panels: usize,
    /// Where a panel is exact enough.
    tolerance: f64,
    /// The relative change of the signal that counts as rest.
    rest: f64,
}

/// To the last digits.
const FINE: Accuracy = Accuracy { panels: 64, tolerance: 1e-12, rest: 0.0 };
/// To seven digits or more: enough to judge a rule by.
const COARSE: Accuracy = Accuracy { panels: 16, tolerance: 1e-9, rest: 1e-9 };
/// The panels of one integral, at most: a function that swings faster is taken at so many points.
const MOST_PANELS: usize = 1 << 14;
/// After so many layers the signal has come to rest, or shows that it never will.
const LAYERS: usize = 100;

/// Gaussian moments of one activation.
pub(super) struct MeanField<'f> {
    value: Evaluator<'f, f64>,
    slope: Evaluator<'f, f64>,
    accuracy: Accuracy,
}

impl<'f> MeanField<'f> {
    /// Of an activation and its derivative.
    fn new(function: &'f Function, slope: &'f Function, accuracy: Accuracy) -> Self {
        Self { value: Evaluator::new(function), slope: Evaluator::new(slope), accuracy }
    }

    /// E[φ(√q z)²]
    fn signal(&mut self, q: f64) -> f64 {
        mean_square(self.accuracy, q, |x| self.value.first(&[x]))
    }

    /// E[φ′(√q z)²]
    fn slope(&mut self, q: f64) -> f64 {
        mean_square(self.accuracy, q, |x| self.slope.first(&[x]))
    }
}

/// χ where the signal has come to rest, from a variance of 1, to about seven digits; infinite where the signal overflows on
/// the way.
#[must_use]
pub fn gradient_factor(function: &Function, weight_variance: f64, bias_variance: f64) -> f64 {
    let slope = derivative(function, 0);
    let mut field = MeanField::new(function, &slope, COARSE);
    let mut q = 1.0;
    for _ in 0..LAYERS {
        let next = weight_variance * field.signal(q) + bias_variance;
        if (next - q).abs() <= field.accuracy.rest * q {
            break;
        }
        q = next;
    }
    let factor = weight_variance * field.slope(q);
    if factor.is_finite() { factor } else { f64::INFINITY }
}

/// The σ_w² at which χ = 1 where the signal has come to rest, or why there is none.
pub(super) fn critical_variance(function: &Function, bias_variance: f64) -> Result<f64, String> {
    let slope = derivative(function, 0);
    let mut field = MeanField::new(function, &slope, FINE);
    let slopes = [1e-6, 1.0, 1e6].map(|q| field.slope(q));
    if slopes.iter().any(|slope| !slope.is_finite()) {
        return Err("the mean square of its slope is not finite".to_owned());
    }
    // ReLU and all that only scale: χ does not depend on the signal.
    if slopes.iter().all(|slope| (slope / slopes[1] - 1.0).abs() < 1e-9) {
        return Ok(1.0 / slopes[1]);
    }
    if bias_variance == 0.0
        && field.value.first(&[0.0]) == 0.0
        && let Some(variance) = at_rest_in_zero(&mut field)
    {
        return Ok(variance);
    }
    // Elsewhere q = E[φ²]/E[φ′²] + σ_b², which is looked for where its sign changes.
    let excess = |field: &mut MeanField<'_>, q: f64| field.signal(q) / field.slope(q) + bias_variance - q;
    let grid: Vec<f64> = (-16..=16).map(|quarter| libm::pow(10.0, f64::from(quarter) / 4.0)).collect();
    let signs: Vec<f64> = grid.iter().map(|q| excess(&mut field, *q)).collect();
    for (ends, signs) in grid.windows(2).zip(signs.windows(2)) {
        // Coming from below the signal grows, from above it shrinks: only such a point of rest is reached.
        if !(signs[0] > 0.0 && signs[1] <= 0.0) {
            continue;
        }
        let (mut low, mut high) = (ends[0], ends[1]);
        for _ in 0..80 {
            let middle = (low * high).sqrt();
            if excess(&mut field, middle) > 0.0 { low = middle } else { high = middle }
        }
        let q = (low * high).sqrt();
        let variance = 1.0 / field.slope(q);
        let above = q * 1.001;
        if variance.is_finite() && variance * field.signal(above) + bias_variance < above {
            return Ok(variance);
        }
    }
    Err("wherever the gradient keeps its size, the signal grows from layer to layer, or dies out".to_owned())
}

/// σ_w² = 1/E[φ′²] at a signal that dies out slowly, as in tanh: the gradient keeps its size on the way. None where the signal
/// would grow instead.
fn at_rest_in_zero(field: &mut MeanField<'_>) -> Option<f64> {
    let variance = 1.0 / field.slope(1e-12);
    let stays = [1e-4, 1e-2, 1.0].into_iter().all(|q| variance * field.signal(q) <= q * (1.0 + 1e-6));
    (variance.is_finite() && stays).then_some(variance)
}

/// E[f(√q z)²], z ~ N(0, 1), by Simpson's rule, its panels halved where they disagree with their halves.
fn mean_square(accuracy: Accuracy, q: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    let scale = q.sqrt();
    let mut integrand = |z: f64| {
        let value = f(scale * z);
        let weight = exp(-0.5 * z * z);
        // No infinite value counts where nothing ever comes.
        if weight < 1e-300 { 0.0 } else { value * value * weight }
    };
    let Accuracy { panels: first, tolerance, .. } = accuracy;
    let width = 2.0 * WIDEST / first as f64;
    let (mut sum, mut panels) = (0.0, 0);
    for panel in 0..first {
        let left = -WIDEST + width * panel as f64;
        let ends = [integrand(left), integrand(left + 0.5 * width), integrand(left + width)];
        let mut open = vec![(left, width, ends, HALVINGS)];
        while let Some((left, width, [a, b, c], halvings)) = open.pop() {
            let (d, e) = (integrand(left + 0.25 * width), integrand(left + 0.75 * width));
            let whole = width / 6.0 * (a + 4.0 * b + c);
            let halves = width / 12.0 * (a + 4.0 * d + 2.0 * b + 4.0 * e + c);
            panels += 1;
            if halvings == 0
                || panels > MOST_PANELS
                || !halves.is_finite()
                || (halves - whole).abs() <= tolerance * (1.0 + halves.abs())
            {
                sum += halves + (halves - whole) / 15.0;
                continue;
            }
            let half = 0.5 * width;
            open.push((left + half, half, [b, e, c], halvings - 1));
            open.push((left, half, [a, d, b], halvings - 1));
        }
    }
    sum / (2.0 * std::f64::consts::PI).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{critical_variance, gradient_factor};
    use crate::scalar::{Function, Unary};

    fn relu() -> Function {
        Function::build(1, |builder, arguments| {
            let zero = builder.constant(0.0);
            vec![builder.maximum(arguments[0], zero)]
        })
    }

    #[track_caller]
    fn assert_near(value: f64, truth: f64, relative: f64) {
        assert!((value / truth - 1.0).abs() < relative, "{value} is not {truth}");
    }

    #[test]
    fn the_critical_variance_of_relu_is_two_whatever_the_biases() {
        assert_near(critical_variance(&relu(), 0.0).unwrap(), 2.0, 1e-9);
        assert_near(critical_variance(&relu(), 0.3).unwrap(), 2.0, 1e-9);
    }

    #[test]
    fn tanh_has_the_critical_line_of_the_literature() {
        let tanh = Function::unary(Unary::HyperbolicTangent);
        assert_near(critical_variance(&tanh, 0.0).unwrap(), 1.0, 1e-9);
        for (bias, weight) in [(0.05, 1.760_955), (0.1, 1.986_073), (0.3, 2.505_127), (1.0, 3.443_211)] {
            assert_near(critical_variance(&tanh, bias).unwrap(), weight, 1e-6);
        }
    }

    #[test]
    fn the_sigmoid_needs_a_standard_deviation_of_about_ten() {
        let variance = critical_variance(&Function::unary(Unary::Sigmoid), 0.0).unwrap();
        assert!((8.0..12.0).contains(&variance.sqrt()), "{variance}");
    }

    #[test]
    fn an_exponential_has_none() {
        assert!(critical_variance(&Function::unary(Unary::Exponential), 0.0).is_err());
    }

    #[test]
    fn the_factors_of_the_literature() {
        let sigmoid = Function::unary(Unary::Sigmoid);
        assert_near(gradient_factor(&sigmoid, 1.0, 0.0), 0.055_721, 1e-4);
        let tanh = Function::unary(Unary::HyperbolicTangent);
        assert_near(gradient_factor(&tanh, 25.0 / 9.0, 0.0), 1.209_831, 1e-6);
    }

    #[test]
    fn relu_under_a_third_of_its_variance_loses_the_gradient() {
        assert_near(gradient_factor(&relu(), 1.0 / 3.0, 0.0), 1.0 / 6.0, 1e-8);
        assert_near(gradient_factor(&relu(), 2.0, 0.0), 1.0, 1e-8);
    }
}
