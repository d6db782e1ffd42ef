//! The library of the language, definition by definition: derivatives against differences, and values and slopes at the ends of
//! the number line. What is tested is drawn from the prelude: a new definition is tested when it exists.

use crate::networks::{Defined, defined};
use crate::probe::{Compared, Probe, numbers};
use gradc::model::{self, Model, TargetKind};
use gradc::run::session::Executor;
use gradc::source::{Source, Sources};
use gradc::syntax::ast::{DefinitionKind, File};
use gradc::syntax::parse;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// The prelude, parsed once.
struct Library {
    sources: Sources,
    prelude: File,
}

impl Library {
    fn new() -> Self {
        let mut sources = Sources::new();
        let prelude = model::prelude(&mut sources);
        Self { sources, prelude }
    }

    #[track_caller]
    fn model(&mut self, text: &str) -> Model {
        let id = self.sources.add(Source::new("test.net", text));
        let parsed = parse(&self.sources, id);
        let checked = model::check(&mut self.sources, &self.prelude, &parsed.file, &model::Options::default());
        checked.model.unwrap_or_else(|| panic!("{text}\n{:#?}{:#?}", parsed.diagnostics, checked.diagnostics))
    }

    /// An activation alone, under a loss that is its value.
    fn activation(&mut self, activation: &str, precision: &str) -> Model {
        self.model(&format!(
            "loss readout(y, t) = y\nnetwork n {{ input(1); {activation}; loss: readout; precision: {precision} }}"
        ))
    }
}

/// Every definition of a kind as it is used: bare, and with its first parameter at two other values.
fn uses(kind: DefinitionKind) -> Vec<String> {
    let of = |defined: Defined| {
        let name = defined.name;
        let set =
            defined.parameters.first().map(|parameter| [0.6, 2.0].map(|value| format!("{name}({parameter}: {value})")));
        let with_set = set
            .into_iter()
            .flatten()
            .filter(|text| kind == DefinitionKind::Activation || !text.ends_with("smoothing: 2)"));
        [name.clone()].into_iter().chain(with_set.collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    defined(kind).into_iter().flat_map(of).collect()
}

/// φ(x) and φ′(x).
fn value_and_slope(probe: &mut Probe<'_>, x: f64) -> (f64, f64) {
    probe.set("data/x", vec![x]);
    (probe.loss(), probe.gradients()["grads/input"][0])
}

#[test]
fn the_slope_of_every_activation_is_its_difference() {
    let mut library = Library::new();
    for activation in uses(DefinitionKind::Activation) {
        let model = library.activation(&activation, "f64");
        let mut probe = Probe::new(&model, 1, Executor::Interpreter);
        let mut resolved = 0;
        let points: Vec<f64> = (0..80).map(|step| -8.13 + 0.207 * f64::from(step)).collect();
        for x in &points {
            probe.set("data/x", vec![*x]);
            match probe.compare("data/x", 1) {
                Compared::Agree => resolved += 1,
                Compared::Unresolved => {}
                Compared::Disagree(how) => panic!("{activation} at {x}: {how}"),
            }
        }
        assert!(resolved + 4 > points.len(), "{activation}: {resolved} of {} points", points.len());
    }
}

#[test]
fn the_gradient_of_every_loss_is_its_differences() {
    let mut library = Library::new();
    for loss in uses(DefinitionKind::Loss) {
        let model = library.model(&format!("network n {{ input(5); linear; loss: {loss}; precision: f64 }}"));
        let target = model.loss.as_ref().expect("it has a loss").target;
        let mut probe = Probe::new(&model, 4, Executor::Interpreter);
        let mut resolved = 0;
        for seed in 0..30 {
            let spread = [0.3, 1.5, 6.0][seed as usize % 3];
            probe.set("data/x", numbers(seed, 20).iter().map(|number| spread * number).collect());
            let drawn = numbers(seed + 100, probe.contents("data/t").len());
            let of = |number: &f64| match target {
                TargetKind::Classes => (2.5 * (number + 1.0)).floor(),
                TargetKind::Signs => number.signum(),
                TargetKind::Values => 2.0 * number,
            };
            probe.set("data/t", drawn.iter().map(of).collect());
            match probe.compare("data/x", seed) {
                Compared::Agree => resolved += 1,
                Compared::Unresolved => {}
                Compared::Disagree(how) => panic!("{loss}: {how}"),
            }
        }
        assert!(resolved >= 28, "{loss}: {resolved} of 30 could be compared");
    }
}

/// σ and σ′.
fn logistic(x: f64) -> (f64, f64) {
    let e = libm::exp(-x.abs());
    (if x < 0.0 { e } else { 1.0 } / (1.0 + e), e / (1.0 + e) / (1.0 + e))
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + libm::log1p(libm::exp(-x.abs()))
}

/// sech²
fn sech_squared(x: f64) -> f64 {
    let e = libm::exp(-2.0 * x.abs());
    4.0 * e / (1.0 + e) / (1.0 + e)
}

/// a·b, 0 where b has decayed to 0, however large a is.
fn decayed(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a * b }
}

/// Value and slope by the formulas of the literature and the C library's functions; none of what is not known here, which is
/// then held to the rest of the test alone.
pub(crate) fn literature(activation: &str, x: f64) -> Option<(f64, f64)> {
    let step =
        |inside: bool, value: f64, slope: f64, outside: f64| if inside { (value, slope) } else { (outside, 0.0) };
    let exponential = |alpha: f64, scale: f64| {
        if x > 0.0 { (x, 1.0) } else { (alpha * libm::expm1(x / scale), alpha / scale * libm::exp(x / scale)) }
    };
    Some(match activation {
        "linear" => (x, 1.0),
        "relu" => step(x > 0.0, x, 1.0, 0.0),
        "leaky_relu" => {
            if x > 0.0 {
                (x, 1.0)
            } else {
                (0.01 * x, 0.01)
            }
        }
        "relu6" => step(x > 0.0 && x < 6.0, x, 1.0, x.clamp(0.0, 6.0)),
        "elu" | "celu" => exponential(1.0, 1.0),
        "selu" => {
            let (scale, alpha) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_2);
            let (value, slope) = exponential(alpha, 1.0);
            (scale * value, scale * slope)
        }
        "gelu" => {
            let below = 0.5 * libm::erfc(-x * FRAC_1_SQRT_2);
            let bell = libm::exp(-0.5 * x * x) / (2.0 * PI).sqrt();
            (decayed(x, below), below + decayed(x, bell))
        }
        "gelu_tanh" => {
            let c = 2.0 * (2.0 / PI).sqrt();
            let (gate, slope) = logistic(c * (x + 0.044715 * x * x * x));
            (decayed(x, gate), gate + decayed(x * (c * (1.0 + 3.0 * 0.044715 * x * x)), slope))
        }
        "silu" | "swish" => {
            let (gate, slope) = logistic(x);
            (decayed(x, gate), gate + decayed(x, slope))
        }
        "mish" => {
            let (gate, slope) = (libm::tanh(softplus(x)), sech_squared(softplus(x)) * logistic(x).0);
            (decayed(x, gate), gate + decayed(x, slope))
        }
        "softplus" => (softplus(x), logistic(x).0),
        "softsign" if x.is_infinite() => (x.signum(), 0.0),
        "softsign" => (x / (1.0 + x.abs()), 1.0 / (1.0 + x.abs()) / (1.0 + x.abs())),
        "sigmoid" => logistic(x),
        "tanh" => (libm::tanh(x), sech_squared(x)),
        "hard_sigmoid" => step(x.abs() < 3.0, (x + 3.0) / 6.0, 1.0 / 6.0, if x > 0.0 { 1.0 } else { 0.0 }),
        "hard_tanh" => step(x.abs() < 1.0, x, 1.0, x.signum()),
        "hard_swish" => {
            if x >= 3.0 {
                (x, 1.0)
            } else {
                step(x > -3.0, x * (x + 3.0) / 6.0, x / 3.0 + 0.5, 0.0)
            }
        }
        "exp" => (libm::exp(x), libm::exp(x)),
        "sin" => (libm::sin(x), libm::cos(x)),
        "gaussian" => (libm::exp(-x * x), decayed(-2.0 * x, libm::exp(-x * x))),
        _ => return None,
    })
}

/// The points of both signs; the largest and the smallest are those of the precision.
fn points(precision: &str) -> Vec<f64> {
    let (smallest, subnormal, normal, largest) = match precision {
        "f32" => (f64::from(f32::from_bits(1)), 1e-40, f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX)),
        _ => (f64::from_bits(1), 1e-310, f64::MIN_POSITIVE, f64::MAX),
    };
    let common = [
        1e-20, 1e-6, 0.1, 0.5, 1.0, 2.9, 3.5, 5.9, 6.1, 9.0, 20.0, 37.0, 88.0, 104.5, 300.0, 746.0, 1e4, 3e7, 1e20,
        1e38,
    ];
    let positive = [0.0, smallest, subnormal, normal, largest].into_iter().chain(common);
    let rounded = |x: f64| if precision == "f32" { f64::from(x as f32) } else { x };
    positive.map(rounded).flat_map(|x| [x, -x]).collect()
}

#[test]
fn every_activation_and_its_slope_are_finite_and_right_all_along_the_number_line() {
    let mut library = Library::new();
    let mut wrong = Vec::new();
    for (precision, relative, absolute) in [("f32", 1e-4, 1e-44), ("f64", 1e-11, 1e-322)] {
        let rounded = |x: f64| if precision == "f32" { f64::from(x as f32) } else { x };
        let largest = if precision == "f32" { f64::from(f32::MAX) } else { f64::MAX };
        for activation in uses(DefinitionKind::Activation) {
            let model = library.activation(&activation, precision);
            let mut probe = Probe::new(&model, 1, Executor::Interpreter);
            for x in points(precision) {
                let (value, slope) = value_and_slope(&mut probe, x);
                // The true value of eˣ may be beyond all numbers, as may be that of a multiple of the largest.
                let may_overflow = activation == "exp" || x.abs() == largest;
                let is_finite = value.is_finite() && slope.is_finite();
                if value.is_nan() || slope.is_nan() || !(may_overflow || is_finite) {
                    wrong.push(format!("{precision} {activation}({x:e}) = {value:e}, slope {slope:e}"));
                }
                let Some((true_value, true_slope)) = literature(&activation, x) else { continue };
                let near = |found: f64, truth: f64| {
                    let truth = rounded(truth);
                    found == truth
                        || (found - truth).abs() <= relative * truth.abs() + absolute * (1.0 + x.abs().min(1e4))
                };
                if !near(value, true_value) || !near(slope, true_slope) {
                    wrong.push(format!("{precision} {activation}({x:e}) = {value:e}, slope {slope:e}; in truth {true_value:e}, {true_slope:e}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where value and slope are ∞·0, as in PyTorch.
const UNDECIDED: [(&str, f64, [bool; 2]); 10] = [
    ("gelu", f64::NEG_INFINITY, [true, true]),
    ("gelu", f64::INFINITY, [false, true]),
    ("silu", f64::NEG_INFINITY, [true, true]),
    ("silu", f64::INFINITY, [false, true]),
    ("swish", f64::NEG_INFINITY, [true, true]),
    ("swish", f64::INFINITY, [false, true]),
    ("mish", f64::NEG_INFINITY, [true, true]),
    ("mish", f64::INFINITY, [false, true]),
    ("gaussian", f64::NEG_INFINITY, [false, true]),
    ("gaussian", f64::INFINITY, [false, true]),
];

#[test]
fn at_infinity_an_activation_has_its_limit_or_is_no_number_as_in_pytorch() {
    let mut library = Library::new();
    for precision in ["f32", "f64"] {
        for Defined { name, .. } in defined(DefinitionKind::Activation) {
            let model = library.activation(&name, precision);
            let mut probe = Probe::new(&model, 1, Executor::Interpreter);
            for x in [f64::NEG_INFINITY, f64::INFINITY] {
                let (value, slope) = value_and_slope(&mut probe, x);
                let Some(limits) = literature(&name, x) else { continue };
                let entry = UNDECIDED.iter().find(|entry| (entry.0, entry.1) == (&*name, x));
                let [no_value, no_slope] = entry.map_or([false; 2], |entry| entry.2);
                let holds = |found: f64, limit: f64, undecided: bool| {
                    if undecided || limit.is_nan() {
                        found.is_nan()
                    } else {
                        found == limit || (found - limit).abs() < 1e-6
                    }
                };
                assert!(holds(value, limits.0, no_value), "{precision} {name}({x}) = {value}");
                assert!(holds(slope, limits.1, no_slope), "{precision} the slope of {name} at {x} is {slope}");
            }
        }
    }
}

#[test]
fn what_is_no_number_stays_none_and_takes_the_last_branch() {
    let mut library = Library::new();
    for precision in ["f32", "f64"] {
        for activation in uses(DefinitionKind::Activation) {
            let model = library.activation(&activation, precision);
            let mut probe = Probe::new(&model, 1, Executor::Interpreter);
            let (value, slope) = value_and_slope(&mut probe, f64::NAN);
            assert!(value.is_nan(), "{precision} {activation}(NaN) = {value}");
            let straight = [-5.0, -2.9, -0.5, 0.5, 2.9, 7.0].map(|x| value_and_slope(&mut probe, x).1);
            assert!(
                slope.is_nan() || straight.contains(&slope),
                "{precision} the slope of {activation} at NaN is {slope}"
            );
        }
    }
}
