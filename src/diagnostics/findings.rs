//! Findings about the gradients of a run, `G…`: drawn on the line of the layer, with what was measured there and the cause in
//! numbers. None names a remedy that was not measured.

use super::{Code, Diagnostic};
use crate::numbers::{factor, share, significant};
use crate::source::Span;

/// A layer as findings name it.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its place in the file.
    pub span: Span,
}

/// What vanishes or explodes between two layers.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// The first layer with weights.
    pub first: Place,
    /// The last.
    pub last: Place,
    /// r of the first.
    pub first_size: f64,
    /// r of the last.
    pub last_size: f64,
    /// r of the first over r of the last, in the measure that is judged.
    pub ratio: f64,
    /// What decided, as a phrase: "the ratio 1.66e-3 is below 1e-3".
    pub ground: String,
    /// The cause in numbers, one phrase a line.
    pub causes: Vec<String>,
}

fn stretch(code: Code, message: String, at: &Stretch) -> Diagnostic {
    let size = |place: &Place, size: f64| format!("r = {} at `{}`", significant(size), place.name);
    let mut diagnostic = if at.first.span == at.last.span {
        let both = format!("{}, {}", size(&at.first, at.first_size), size(&at.last, at.last_size));
        Diagnostic::warning(code, message, at.first.span, both)
    } else {
        Diagnostic::warning(code, message, at.first.span, size(&at.first, at.first_size))
            .label(at.last.span, size(&at.last, at.last_size))
    };
    // A rule that keeps r over √units, the root mean square over units, is not held to r itself.
    let per_unit = (at.first_size / at.last_size - at.ratio).abs() > 1e-9 * at.ratio;
    let measure = if per_unit { "; judged is r / √units, which is nearer 1" } else { "" };
    diagnostic = diagnostic.note(at.ground.clone());
    diagnostic = diagnostic.note(format!("r is √B·‖∂C/∂z‖, the gradient of one example's loss{measure}"));
    for cause in &at.causes {
        diagnostic = diagnostic.note(cause.clone());
    }
    diagnostic
}

/// "×1.2e-3 from `dense5` back to `dense1`"
fn way(at: &Stretch) -> String {
    let ends = format!("from `{}` back to `{}`", at.last.name, at.first.name);
    if at.ratio == 0.0 { format!("to exactly zero {ends}") } else { format!("{} {ends}", factor(at.ratio)) }
}

/// G0001: the gradient shrinks from the loss to the first layer.
#[must_use]
pub fn vanishing(at: &Stretch) -> Diagnostic {
    stretch(Code("G0001"), format!("the gradient vanishes: {}", way(at)), at)
}

/// G0002: the gradient grows from the loss to the first layer.
#[must_use]
pub fn exploding(at: &Stretch) -> Diagnostic {
    stretch(Code("G0002"), format!("the gradient explodes: {}", way(at)), at)
}

/// G0003: entries that f64 keeps are zero or subnormal in the network's precision.
#[must_use]
pub fn underflow(at: &Place, lost: f64, precision: &str, smallest: f64) -> Diagnostic {
    Diagnostic::warning(
        Code("G0003"),
        format!("gradients underflow in {precision}: {} of the entries at `{}` are lost", share(lost), at.name),
        at.span,
        format!("{} of ∂C/∂z is zero or subnormal here, and is not in f64", share(lost)),
    )
    .note(format!("the smallest normal {precision} is {}", significant(smallest)))
}

/// G0004: units whose φ′ is zero for every example.
#[must_use]
pub fn dead(at: &Place, activation: &str, dead: f64, units: u64, batch: usize, deep: bool) -> Diagnostic {
    let count = (dead * units as f64).round();
    let diagnostic = Diagnostic::warning(
        Code("G0004"),
        format!("{} of the units of `{}` are dead", share(dead), at.name),
        at.span,
        format!("{count} of {units} units: {activation}′ = 0 for each of {batch} examples"),
    )
    .note("a dead unit passes no gradient and, while its inputs stay as they are, does not come back");
    if deep {
        diagnostic
            .note("deep in a ReLU network examples align, so 25–45 % of the units of a late layer die at the start")
    } else {
        diagnostic
    }
}

/// G0005: entries whose φ′ is near zero.
#[must_use]
pub fn saturated(at: &Place, activation: &str, corrected: f64, raw: f64, normal: f64) -> Diagnostic {
    Diagnostic::warning(
        Code("G0005"),
        format!("`{}` is saturated: {} of its entries beyond what is usual", at.name, share(corrected)),
        at.span,
        format!("{} of the entries have |{activation}′| below a twentieth of its largest value", share(raw)),
    )
    .note(format!("a standard normal pre-activation would give {}", share(normal)))
}

/// G0006: a value that is not finite.
#[must_use]
pub fn nonfinite(at: Option<&Place>, whole: Span, count: u64, forward: bool, passed_on: usize) -> Diagnostic {
    let pass = if forward { "forward" } else { "backward" };
    let diagnostic = match at {
        Some(place) => Diagnostic::warning(
            Code("G0006"),
            format!("`{}` is the first layer to produce NaN or infinity, in the {pass} pass", place.name),
            place.span,
            format!("{count} values are not finite here"),
        ),
        None => Diagnostic::warning(
            Code("G0006"),
            "the loss is not finite",
            whole,
            "NaN or infinite, from finite predictions",
        ),
    };
    match passed_on {
        0 => diagnostic,
        1 => diagnostic.note("1 further layer passes it on"),
        more => diagnostic.note(format!("{more} further layers pass it on")),
    }
}

/// G0007: units that all compute the same.
#[must_use]
pub fn symmetric(at: &Place, units: u64) -> Diagnostic {
    Diagnostic::warning(
        Code("G0007"),
        format!("the {units} units of `{}` are all the same", at.name),
        at.span,
        "every unit has the same weights, so the same gradient",
    )
    .note("units that start equal stay equal: the layer learns as one unit would")
}

/// G0008: the gradients of the weights tell another story than those of the pre-activations.
#[must_use]
pub fn weights_disagree(first: &Place, signal: f64, weights: f64) -> Diagnostic {
    Diagnostic::warning(
        Code("G0008"),
        "the weight gradients do not show what happens to the signal",
        first.span,
        format!("first to last: ∂C/∂W {}, ∂C/∂z {}", factor(weights), factor(signal)),
    )
    .note(
        "∂C/∂W is ∂C/∂z times the layer's input: where the forward signal shrinks with depth while the gradient shrinks toward \
         the input, the two cancel in it",
    )
}

/// G0009: one layer, rather than all, makes the difference.
#[must_use]
pub fn break_point(at: &Place, measured: f64, usual: f64, cause: &str) -> Diagnostic {
    Diagnostic::warning(
        Code("G0009"),
        format!("the gradient breaks at `{}`: {} in one layer", at.name, factor(measured)),
        at.span,
        format!("{} here, where a layer of this network usually has {}", factor(measured), factor(usual)),
    )
    .note(cause)
}

/// G0010: nearly vanishing.
#[must_use]
pub fn fading(at: &Stretch) -> Diagnostic {
    stretch(Code("G0010"), format!("the gradient fades: {}", way(at)), at)
}

/// G0011: the gradient is exactly zero in every layer.
#[must_use]
pub fn zero(at: &Place) -> Diagnostic {
    Diagnostic::warning(
        Code("G0011"),
        "the gradient is exactly zero in every layer",
        at.span,
        "nothing moves from here, whatever the learning rate",
    )
    .note("a point of zero gradient is a minimum, a maximum or a saddle; its curvature tells which")
}

/// The way of a gradient back through the steps of a recurrent layer.
#[derive(Clone, Debug)]
pub struct WayBack {
    /// Steps that it reaches, the last one counted.
    pub steps: usize,
    /// How many there are.
    pub of: usize,
    /// What it is multiplied by over all of them.
    pub product: f64,
    /// The same for one step, on the whole.
    pub factor: Option<f64>,
    /// No step multiplies it by more, where that is known.
    pub bound: Option<f64>,
}

impl WayBack {
    fn causes(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        if let Some(each) = self.factor {
            diagnostic = diagnostic.note(format!("on the way back it is multiplied by {} a step", factor(each)));
        }
        match self.bound {
            Some(bound) => diagnostic.note(format!(
                "no step can make it more than {}: the largest singular value of `weight_hh`, times the largest |φ′|",
                factor(bound)
            )),
            None => diagnostic,
        }
    }
}

/// G0012: the loss does not reach back to the first steps of a sequence.
#[must_use]
pub fn vanishing_through_time(at: &Place, way: &WayBack, threshold: f64) -> Diagnostic {
    let WayBack { steps, of, product, .. } = way;
    let diagnostic = Diagnostic::warning(
        Code("G0012"),
        format!("the gradient vanishes through time: the loss reaches back {steps} of {of} steps"),
        at.span,
        format!("{} from the last step of `{}` back to the first", factor(*product), at.name),
    )
    .note(format!("a step is reached while the product of the factors is not below {}", significant(threshold)));
    way.causes(diagnostic)
}

/// G0013: the gradient grows on its way back through a sequence.
#[must_use]
pub fn exploding_through_time(at: &Place, way: &WayBack, threshold: f64) -> Diagnostic {
    let WayBack { of, product, .. } = way;
    let diagnostic = Diagnostic::warning(
        Code("G0013"),
        format!("the gradient explodes through time, over {of} steps"),
        at.span,
        format!("{} from the last step of `{}` back to the first", factor(*product), at.name),
    )
    .note(format!("on the way the product of the factors exceeds {}, or is not finite", significant(threshold)));
    way.causes(diagnostic)
}

/// G0020: the gradient vanishes (or explodes) at the end of training and did not at its beginning. Ratios, factors and steps are those
/// of the first report and the last.
#[must_use]
pub fn begins(
    at: &Place,
    vanishes: bool,
    ratios: (f64, f64),
    factors: (f64, f64),
    steps: (u64, u64),
    cause: &str,
) -> Diagnostic {
    let verb = if vanishes { "vanish" } else { "explode" };
    Diagnostic::warning(
        Code("G0020"),
        format!("the gradient began to {verb} in training, most of all at `{}`", at.name),
        at.span,
        format!("{} here at step {}, {} at step {}", factor(factors.0), steps.0, factor(factors.1), steps.1),
    )
    .note(format!(
        "first over last layer: {} at step {}, {} at step {}",
        significant(ratios.0),
        steps.0,
        significant(ratios.1),
        steps.1
    ))
    .note(cause)
}

/// G0021: units die in training.
#[must_use]
pub fn dying(at: &Place, course: &str, note: Option<String>) -> Diagnostic {
    let diagnostic = Diagnostic::warning(
        Code("G0021"),
        format!("units of `{}` die in training", at.name),
        at.span,
        format!("dead: {course}"),
    );
    match note {
        Some(note) => diagnostic.note(note),
        None => diagnostic,
    }
}

/// G0022: the loss swings; `rises` of so many changes.
#[must_use]
pub fn swings(at: &Place, ratio: f64, (rises, changes): (usize, usize), between: &str) -> Diagnostic {
    Diagnostic::warning(
        Code("G0022"),
        format!("the loss swings: it rose in {rises} of the last {changes} changes, {between}"),
        at.span,
        format!("each update changes the weights of `{}` by {}", at.name, share(ratio)),
    )
    .note("no layer's weights are changed more")
}

/// G0014: attention that looks at one step alone.
#[must_use]
pub fn collapsed(at: &Place, entropy: f64, threshold: f64) -> Diagnostic {
    Diagnostic::warning(
        Code("G0014"),
        format!("the attention of `{}` has collapsed: nearly every step looks at one step alone", at.name),
        at.span,
        format!("its weights have {} of the entropy there could be, below {}", share(entropy), share(threshold)),
    )
    .note("a softmax that is nearly 0 or 1 everywhere has a slope near zero: next to no gradient reaches queries and keys")
}

/// G0100: an expectation that does not hold.
#[must_use]
pub fn expectation_failed(
    condition: Span,
    values: &[(Span, String)],
    holds: usize,
    seeds: &[(u64, bool)],
    step: u64,
) -> Diagnostic {
    let failing: Vec<String> = seeds.iter().filter(|(_, held)| !held).map(|(seed, _)| seed.to_string()).collect();
    let label = if seeds.len() == 1 {
        format!("does not hold at step {step}")
    } else {
        format!("holds for {holds} of {} seeds at step {step}", seeds.len())
    };
    let mut diagnostic = Diagnostic::error(Code("G0100"), "an expectation does not hold", condition, label);
    for (span, value) in values {
        diagnostic = diagnostic.label(*span, value.clone());
    }
    if seeds.len() > 1 {
        let shown = failing.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
        let more = if failing.len() > 8 { ", …" } else { "" };
        diagnostic =
            diagnostic.note(format!("it fails for seed {shown}{more}; the values are those of seed {}", failing[0]));
    }
    diagnostic
}

/// G0101: an expectation about a step that was not reported.
#[must_use]
pub fn expectation_without_report(at: Span, step: &str, reported: &[u64]) -> Diagnostic {
    let steps = reported.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    Diagnostic::error(Code("G0101"), format!("there is no report at step {step}"), at, "expected here")
        .note(format!("the only reports are of step {steps}"))
        .help("add the step to `report { at: [ … ] }`")
}
