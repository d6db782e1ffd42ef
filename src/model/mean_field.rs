//! Mean-field theory of an activation in a wide layer: how the variance of the signal and the size of the gradient go from one
//! layer to the next. q′ = σ_w² E[φ(√q z)²] + σ_b², χ = σ_w² E[φ′(√q z)²] with z ~ N(0, 1); χ acts on the squared norm of the
//! gradient (Schoenholz, Gilmer, Ganguli and Sohl-Dickstein 2017).

use super::{Initializer, Parameter, ParameterRole};
use crate::scalar::gaussian::expectation;
use crate::scalar::mathematics::ln;
use crate::scalar::{Evaluator, Function, derivative, kinks};

/// A variance below this has died out.
const NOTHING: f64 = 1e-9;
/// A variance that has grown above this grows without end.
const EVERYTHING: f64 = 1e5;
/// Stands for the variance where it does.
const BEYOND: f64 = 1e18;
/// Most of what an activation does, it does between these, which a panel of a wide variable would step over.
const USUAL: [f64; 7] = [-16.0, -4.0, -1.0, 0.0, 1.0, 4.0, 16.0];
/// Layers that are walked one by one before the point of rest is enclosed.
const STEPS: usize = 12;

/// A normal distribution of pre-activations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normal {
    /// Its mean: that of the biases.
    pub mean: f64,
    /// Its variance, ≥ 0.
    pub variance: f64,
}

impl Normal {
    /// Around 0.
    #[must_use]
    pub const fn centred(variance: f64) -> Self {
        Self { mean: 0.0, variance }
    }
}

/// What a layer does with what comes in, if it is repeated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repeated {
    /// σ_w² = fan_in·Var(W)
    pub weight: f64,
    /// Var(b)
    pub bias: f64,
    /// E\[b\]
    pub bias_mean: f64,
}

/// An activation, its derivative, and where either has a corner: its Gaussian moments are integrated between them.
#[derive(Clone, Debug)]
pub struct Field {
    value: Function,
    slope: Function,
    kinks: Vec<f64>,
}

impl Field {
    /// Of an activation.
    #[must_use]
    pub fn of(function: &Function) -> Self {
        Self { value: function.clone(), slope: derivative(function, 0), kinks: kinks(function) }
    }

    fn moment(&self, of: &Function, z: Normal, form: impl Fn(f64) -> f64) -> f64 {
        let scale = z.variance.sqrt();
        let mut evaluator = Evaluator::<f64>::new(of);
        let breaks = self.kinks.iter().chain(&USUAL).map(|kink| (kink - z.mean) / scale);
        expectation(breaks, |x| form(evaluator.first(&[z.mean + scale * x])))
    }

    /// E\[φ\]
    #[must_use]
    pub fn mean(&self, z: Normal) -> f64 {
        self.moment(&self.value, z, |value| value)
    }

    /// E\[φ²\]
    #[must_use]
    pub fn signal(&self, z: Normal) -> f64 {
        self.moment(&self.value, z, |value| value * value)
    }

    /// E\[φ′²\]
    #[must_use]
    pub fn slope(&self, z: Normal) -> f64 {
        self.moment(&self.slope, z, |slope| slope * slope)
    }

    /// E\[φ′⁴\]/E\[φ′²\]²: 1 where the slope is everywhere the same, 2 for ReLU.
    #[must_use]
    pub fn kurtosis(&self, z: Normal) -> f64 {
        let square = self.slope(z);
        self.moment(&self.slope, z, |slope| slope * slope * slope * slope) / (square * square)
    }

    /// P(|φ′| < bound)
    #[must_use]
    pub fn flat(&self, z: Normal, bound: f64) -> f64 {
        self.moment(&self.slope, z, |slope| f64::from(slope.abs() < bound))
    }

    /// sup |φ′| over all that is looked at; infinite where it has none.
    #[must_use]
    pub fn steepest(&self) -> f64 {
        let mut evaluator = Evaluator::<f64>::new(&self.slope);
        let grid = (-1280..=1280).map(|step| f64::from(step) / 64.0);
        let far = (5..60).flat_map(|power| [1.0, -1.0].map(|sign| sign * (1_u64 << power) as f64));
        let steepest = grid.chain(far).map(|z| evaluator.first(&[z]).abs()).fold(0.0, f64::max);
        if steepest > 1e6 { f64::INFINITY } else { steepest }
    }

    /// E\[φ(u)φ(u′)\] for two normal variables of this distribution and covariance `shared`, 0 ≤ `shared` ≤ variance: for the
    /// part they share, the square of the mean over the part they do not.
    #[must_use]
    pub fn product(&self, z: Normal, shared: f64) -> f64 {
        let shared = shared.clamp(0.0, z.variance);
        let (common, own) = (shared.sqrt(), z.variance - shared);
        expectation([], |x| {
            let mean = self.mean(Normal { mean: z.mean + common * x, variance: own });
            mean * mean
        })
    }

    /// Whether E\[φ′²\] is the same for every centred normal variable, as for ReLU and whatever else only scales.
    #[must_use]
    pub fn only_scales(&self) -> bool {
        let slopes = [1e-6, 1.0, 1e6].map(|q| self.slope(Normal::centred(q)));
        slopes.iter().all(|slope| (slope / slopes[1] - 1.0).abs() < 1e-9)
    }

    /// The variance of z after one more layer.
    fn next(&self, layer: Repeated, variance: f64) -> f64 {
        layer.weight * self.signal(Normal { mean: layer.bias_mean, variance }) + layer.bias
    }

    /// The variance of z at which the signal comes to rest where the layer is repeated without end, from `variance` on: 0 where it
    /// dies out, infinite where it grows without end.
    #[must_use]
    pub fn rest(&self, layer: Repeated, variance: f64) -> f64 {
        let mut at = variance;
        for _ in 0..STEPS {
            let next = self.next(layer, at);
            if (next - at).abs() <= 1e-12 * at {
                return next;
            }
            if !next.is_finite() || (next > EVERYTHING && next > at) {
                return f64::INFINITY;
            }
            if next < NOTHING {
                return 0.0;
            }
            at = next;
        }
        // On from here in one direction, to where it turns.
        let grows = self.next(layer, at) > at;
        let mut beyond = at;
        loop {
            beyond *= if grows { 1.5 } else { 1.0 / 1.5 };
            if beyond < NOTHING {
                return 0.0;
            }
            if beyond > EVERYTHING && grows {
                return f64::INFINITY;
            }
            if (self.next(layer, beyond) > beyond) != grows {
                break;
            }
            at = beyond;
        }
        let (mut low, mut high) = if grows { (at, beyond) } else { (beyond, at) };
        while high / low > 1.0 + 1e-12 {
            let middle = (low * high).sqrt();
            if middle <= low || middle >= high {
                break;
            }
            if self.next(layer, middle) > middle { low = middle } else { high = middle }
        }
        (low * high).sqrt()
    }

    /// χ = σ_w² E\[φ′²\] where the signal is at rest, which `rest` has found.
    #[must_use]
    pub fn factor_at(&self, layer: Repeated, rest: f64) -> f64 {
        // What dies out has the slope near 0, which at a kink is not that at 0.
        let variance = rest.clamp(NOTHING * NOTHING, BEYOND);
        layer.weight * self.slope(Normal { mean: layer.bias_mean, variance })
    }
}

/// −2/ln χ: over so many layers the gradient shrinks e-fold; negative where it grows, infinite where it keeps its size.
#[must_use]
pub fn depth_scale(chi: f64) -> f64 {
    let log = ln(chi);
    if log.abs() < 1e-9 { f64::INFINITY } else { -2.0 / log }
}

/// χ where the signal has come to rest, from a variance of 1; infinite where the signal overflows on the way.
#[must_use]
pub fn gradient_factor(function: &Function, weight_variance: f64, bias_variance: f64) -> f64 {
    let field = Field::of(function);
    let layer = Repeated { weight: weight_variance, bias: bias_variance, bias_mean: 0.0 };
    let factor = field.factor_at(layer, field.rest(layer, 1.0));
    if factor.is_finite() { factor } else { f64::INFINITY }
}

/// Weights at which the gradient keeps its size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Critical {
    /// σ_w²
    pub weight: f64,
    /// The variance of z where the signal has come to rest; 0 where it dies out slowly, as in tanh without biases. None where
    /// it does not matter, as for ReLU.
    pub variance: Option<f64>,
}

/// The σ_w² at which χ = 1 where the signal has come to rest, with biases of this distribution.
///
/// # Errors
/// Why there is none, in words.
pub fn critical_variance(function: &Function, biases: Normal) -> Result<Critical, String> {
    let field = Field::of(function);
    let Normal { mean, variance: bias_variance } = biases;
    let slope = |variance: f64| field.slope(Normal { mean, variance });
    let signal = |variance: f64| field.signal(Normal { mean, variance });
    if [1e-6, 1.0].iter().any(|q| !slope(*q).is_finite()) {
        return Err("the mean square of its slope is not finite".to_owned());
    }
    // What only scales does so for a centred variable; biases with a mean move it to where it is linear.
    if mean == 0.0 && field.only_scales() {
        return match slope(1.0) {
            0.0 => Err("its slope is zero nearly everywhere".to_owned()),
            slope => Ok(Critical { weight: 1.0 / slope, variance: None }),
        };
    }
    if biases == Normal::centred(0.0)
        && field.value.evaluate(&[0.0_f64])[0] == 0.0
        && let Some(weight) = at_rest_in_zero(&field)
    {
        return Ok(Critical { weight, variance: Some(0.0) });
    }
    // Elsewhere v = E[φ²]/E[φ′²] + σ_b², which is looked for where its sign changes.
    let excess = |q: f64| signal(q) / slope(q) + bias_variance - q;
    let grid: Vec<f64> = (-16..=16).map(|quarter| libm::pow(10.0, f64::from(quarter) / 4.0)).collect();
    let signs: Vec<f64> = grid.iter().map(|q| excess(*q)).collect();
    for (ends, signs) in grid.windows(2).zip(signs.windows(2)) {
        // Coming from below the signal grows, from above it shrinks: only such a point of rest is reached.
        if !(signs[0] > 0.0 && signs[1] <= 0.0) {
            continue;
        }
        let (mut low, mut high) = (ends[0], ends[1]);
        for _ in 0..60 {
            let middle = (low * high).sqrt();
            if excess(middle) > 0.0 { low = middle } else { high = middle }
        }
        let q = (low * high).sqrt();
        let weight = 1.0 / slope(q);
        let above = q * 1.001;
        if weight.is_finite() && weight * signal(above) + bias_variance < above {
            return Ok(Critical { weight, variance: Some(q) });
        }
    }
    Err("wherever the gradient keeps its size, the signal grows from layer to layer, or dies out".to_owned())
}

/// σ_w² = 1/E[φ′²] at a signal that dies out slowly, as in tanh: the gradient keeps its size on the way. None where the signal
/// would grow instead.
fn at_rest_in_zero(field: &Field) -> Option<f64> {
    let variance = 1.0 / field.slope(Normal::centred(1e-12));
    let stays = [1e-4, 1e-2, 1.0].into_iter().all(|q| variance * field.signal(Normal::centred(q)) <= q * (1.0 + 1e-6));
    (variance.is_finite() && stays).then_some(variance)
}

/// The share of entries that are saturated at critical weights, beyond what a standard normal z gives: |φ′| below a twentieth of
/// its largest value. 0 where the signal comes to no rest of its own, or φ′ has no bound.
#[must_use]
pub fn saturated(function: &Function, critical: Critical, mean: f64) -> f64 {
    let field = Field::of(function);
    let steepest = field.steepest();
    let Some(variance) = critical.variance.filter(|variance| *variance > 0.0 && steepest.is_finite()) else {
        return 0.0;
    };
    let usual = field.flat(Normal::centred(1.0), 0.05 * steepest);
    let own = field.flat(Normal { mean, variance }, 0.05 * steepest);
    if usual < 1.0 { ((own - usual) / (1.0 - usual)).max(0.0) } else { 0.0 }
}

/// The distribution of one number, where the rule tells it without the tensor's shape.
#[must_use]
pub fn distribution(initializer: &Initializer) -> Option<Normal> {
    /// The variance of a standard normal that is cut at ±2.
    const CUT: f64 = 0.773_741_303_549_923_2;
    let (mean, variance) = match initializer {
        Initializer::Constant(constant) => (*constant, 0.0),
        Initializer::Normal { mean, std } => (*mean, std * std),
        Initializer::Uniform { low, high } => (0.5 * (low + high), (high - low) * (high - low) / 12.0),
        Initializer::TruncatedNormal { mean, std } => (*mean, CUT * std * std),
        Initializer::Orthogonal { .. }
        | Initializer::Sparse { .. }
        | Initializer::Identity { .. }
        | Initializer::File { .. } => return None,
    };
    Some(Normal { mean, variance })
}

/// Mean and variance of one entry of a tensor as it is drawn.
///
/// # Errors
/// Why theory has none, as the end of a sentence.
pub fn moments(parameter: &Parameter) -> Result<(f64, f64), &'static str> {
    if let Some(Normal { mean, variance }) = distribution(&parameter.initializer) {
        return Ok((mean, variance));
    }
    Ok(match &parameter.initializer {
        Initializer::Constant(_)
        | Initializer::Normal { .. }
        | Initializer::Uniform { .. }
        | Initializer::TruncatedNormal { .. } => unreachable!("their distribution is known"),
        // Rows, or columns where there are more of them, are orthogonal and of norm `gain`.
        Initializer::Orthogonal { gain } => {
            let rows = parameter.shape.0[0];
            (0.0, gain * gain / rows.max(parameter.shape.elements() / rows.max(1)).max(1) as f64)
        }
        Initializer::Sparse { nonzeros, std } => (0.0, std * std * *nonzeros as f64 / parameter.fan_in as f64),
        Initializer::Identity { .. } => return Err("its weights are a fixed matrix"),
        Initializer::File { .. } => return Err("its weights are read from a file"),
    })
}

/// σ_w² = fan_in·Var(W) of a drawn matrix.
///
/// # Errors
/// Why theory has none, as the end of a sentence.
pub fn weight_variance(parameter: &Parameter) -> Result<f64, &'static str> {
    debug_assert!(parameter.role == ParameterRole::Weight, "only weights have it");
    match moments(parameter)? {
        (mean, 0.0) if mean != 0.0 => Err("its weights are all equal"),
        (mean, variance) if mean * mean > 1e-6 * variance => Err("its weights have a mean"),
        (_, variance) => Ok(variance * parameter.fan_in as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::{Normal, critical_variance, gradient_factor, saturated};
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
        assert_near(critical_variance(&relu(), Normal::centred(0.0)).unwrap().weight, 2.0, 1e-9);
        assert_near(critical_variance(&relu(), Normal::centred(0.3)).unwrap().weight, 2.0, 1e-9);
    }

    #[test]
    fn tanh_has_the_critical_line_of_the_literature() {
        let tanh = Function::unary(Unary::HyperbolicTangent);
        assert_near(critical_variance(&tanh, Normal::centred(0.0)).unwrap().weight, 1.0, 1e-9);
        for (bias, weight) in [(0.05, 1.760_955), (0.1, 1.986_073), (0.3, 2.505_127), (1.0, 3.443_211)] {
            assert_near(critical_variance(&tanh, Normal::centred(bias)).unwrap().weight, weight, 1e-6);
        }
    }

    #[test]
    fn the_sigmoid_needs_a_standard_deviation_of_about_ten() {
        let variance = critical_variance(&Function::unary(Unary::Sigmoid), Normal::centred(0.0)).unwrap().weight;
        assert!((8.0..12.0).contains(&variance.sqrt()), "{variance}");
    }

    #[test]
    fn critical_sigmoids_are_saturated_and_critical_tanh_is_not() {
        let cost = |function: Unary| {
            let function = Function::unary(function);
            saturated(&function, critical_variance(&function, Normal::centred(0.0)).unwrap(), 0.0)
        };
        let sigmoid = cost(Unary::Sigmoid);
        assert!((0.3..0.7).contains(&sigmoid), "{sigmoid}");
        assert_eq!(cost(Unary::HyperbolicTangent), 0.0);
    }

    #[test]
    fn biases_with_a_mean_move_the_critical_variance() {
        // χ = σ_w² P(z > 0), and more than half of what is moved up is above 0.
        let moved = critical_variance(&relu(), Normal { mean: 0.5, variance: 0.1 });
        assert!(moved.is_err() || moved.is_ok_and(|critical| critical.weight < 2.0));
        let tanh = Function::unary(Unary::HyperbolicTangent);
        let moved = critical_variance(&tanh, Normal { mean: 0.5, variance: 0.05 }).unwrap();
        assert!(moved.weight > 1.760_955, "{moved:?}");
    }

    #[test]
    fn an_exponential_has_none() {
        assert!(critical_variance(&Function::unary(Unary::Exponential), Normal::centred(0.0)).is_err());
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
