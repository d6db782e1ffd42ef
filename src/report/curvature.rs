//! What the curvature at a point tells, as data and in words: `gradc stuck`, and `report { curvature: on }` in a run.

use super::json::Number;
use super::text::{Characters, to_ascii, wrap};
use crate::diagnose::curvature::{self, Standing};
use crate::model::Model;
use crate::numbers::{scientific, share, significant};
use crate::run::record::{self, CurvatureRecord};
use schemars::JsonSchema;
use serde::Serialize;

/// The curvature of the loss at the last report of the first seed, over all examples, in f64.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Curvature {
    /// `not stationary`, `flat`, `saddle`, `local minimum`, `degenerate minimum`; `undefined` where the loss is no number.
    pub word: String,
    /// Updates made before.
    pub step: u64,
    /// Examples that were looked at.
    pub examples: usize,
    /// Numbers that training moves.
    pub parameters: usize,
    /// The mean loss of these examples.
    pub loss: Number,
    /// ‖∂C/∂θ‖, θ all of these numbers.
    pub gradient: Number,
    /// The greatest eigenvalue of ∂²C/∂θ².
    pub greatest: Eigenvalue,
    /// The least.
    pub least: Eigenvalue,
    /// All that Lanczos' method gave, from the least; those at the ends are the eigenvalues above.
    pub eigenvalues: Vec<Number>,
    /// Whether these are all eigenvalues, as often as they occur.
    pub complete: bool,
    /// A step along −∂C/∂θ; absent where that is zero.
    pub descent: Option<Tried>,
    /// A step along the direction of the least eigenvalue; absent where that is not negative.
    pub escape: Option<Tried>,
    /// How much of that direction lies in each layer: the sum of squares, 1 in all.
    pub shares: Vec<Share>,
    /// Sentences in plain words.
    pub summary: Vec<String>,
}

/// An eigenvalue.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Eigenvalue {
    /// The number λ.
    pub value: Number,
    /// ‖Hv − λv‖
    pub residual: Number,
}

/// A step that was tried.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Tried {
    /// Its length.
    pub length: Number,
    /// By how much gradient and curvature say that it lowers the loss.
    pub promised: Number,
    /// By how much it did.
    pub measured: Number,
}

/// A layer's part.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Share {
    /// Its name.
    pub layer: String,
    /// Its part.
    pub share: Number,
}

/// What `gradc stuck` prints as JSON.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Stuck {
    /// The version of this form.
    pub schema: u32,
    /// The network's name.
    pub network: String,
    /// The seed.
    pub seed: u64,
    /// The verdict about the gradient at the same point.
    pub gradient: String,
    /// What the point is.
    pub curvature: Curvature,
}

/// `diagnose::curvature::LEARNING` as it is written.
const LEARNING: &str = "1 %";
/// The version of the JSON form of `gradc stuck`.
const SCHEMA: u32 = 1;

/// What a record tells.
#[must_use]
pub fn build(model: &Model, record: &CurvatureRecord) -> Curvature {
    let eigenvalue = |it: record::Eigenvalue| Eigenvalue { value: Number(it.value), residual: Number(it.residual) };
    let tried = |it: record::Tried| Tried {
        length: Number(it.length),
        promised: Number(it.promised),
        measured: Number(it.measured),
    };
    let share = |(layer, share): &(_, f64)| Share { layer: model.layers[*layer].name.clone(), share: Number(*share) };
    Curvature {
        word: curvature::judge(record).word().to_owned(),
        step: record.step,
        examples: record.examples,
        parameters: record.parameters,
        loss: Number(record.loss),
        gradient: Number(record.gradient),
        greatest: eigenvalue(record.greatest),
        least: eigenvalue(record.least),
        eigenvalues: record.values.iter().copied().map(Number).collect(),
        complete: record.complete,
        descent: record.descent.map(tried),
        escape: record.escape.map(tried),
        shares: record.shares.iter().map(share).collect(),
        summary: sentences(model, record),
    }
}

/// What `gradc stuck` prints of a report that has a curvature.
#[must_use]
pub fn stuck(report: &super::Report) -> Option<Stuck> {
    Some(Stuck {
        schema: SCHEMA,
        network: report.network.clone(),
        seed: report.seed,
        gradient: report.verdict.seeds.first().map_or_else(String::new, |seed| seed.word.clone()),
        curvature: report.curvature.clone()?,
    })
}

/// `docs/stuck.schema.json`
#[must_use]
pub fn schema() -> String {
    let mut text = serde_json::to_string_pretty(&schemars::schema_for!(Stuck)).expect("a schema is JSON");
    text.push('\n');
    text
}

/// The JSON form of `gradc stuck`, a newline at the end.
#[must_use]
pub fn render_json(stuck: &Stuck) -> String {
    let mut text = serde_json::to_string_pretty(stuck).expect("it has string keys and no failing serializer");
    text.push('\n');
    text
}

/// The text form of `gradc stuck`.
#[must_use]
pub fn render_text(stuck: &Stuck, characters: Characters) -> String {
    let Curvature { word, step, examples, parameters, loss, gradient, greatest, least, .. } = &stuck.curvature;
    let count = |count: u64, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let article = match word.as_str() {
        "saddle" | "local minimum" | "degenerate minimum" => "a ",
        _ => "",
    };
    let mut text = format!(
        "{}: {article}{word}\n{}, seed {}, after {}, loss {}, gradient {}; measured in f64\n\n",
        stuck.network,
        count(*examples as u64, "example"),
        stuck.seed,
        count(*step, "update"),
        significant(loss.0),
        stuck.gradient,
    );
    let beside = |it: &Eigenvalue| format!("residual {}", scientific(it.residual.0));
    let rows = [
        ("‖∂C/∂θ‖", gradient.0, format!("θ: {}", count(*parameters as u64, "number"))),
        ("greatest eigenvalue of ∂²C/∂θ²", greatest.value.0, beside(greatest)),
        ("least eigenvalue of ∂²C/∂θ²", least.value.0, beside(least)),
    ];
    for (name, value, beside) in rows {
        text.push_str(&format!("{name:<31} {:>9}   {beside}\n", scientific(value)));
    }
    text.push('\n');
    wrap(&stuck.curvature.summary.join(" "), &mut text);
    match characters {
        Characters::Unicode => text,
        Characters::Ascii => to_ascii(&text),
    }
}

/// What is to be said of a point.
pub(super) fn sentences(model: &Model, record: &CurvatureRecord) -> Vec<String> {
    let standing = curvature::judge(record);
    if standing == Standing::Undefined {
        return vec![match record.parameters {
            0 => "Nothing can be moved here, so there is no curvature.".to_owned(),
            _ => "The loss or its gradient is no finite number here, so there is no curvature.".to_owned(),
        }];
    }
    let mut sentences = vec![stationary(record, standing)];
    if standing == Standing::Moving {
        return sentences;
    }
    let (least, greatest) = (significant(record.least.value), significant(record.greatest.value));
    sentences.push(match record.values.len() {
        1 => format!("The one eigenvalue of the Hessian is {greatest}."),
        count if record.complete => format!("All {count} eigenvalues of the Hessian lie from {least} to {greatest}."),
        count => format!("{count} products with the Hessian found eigenvalues from {least} to {greatest}."),
    });
    sentences.push(verdict(model, record, standing));
    if let Some(decay) = model.train.as_ref().and_then(|train| train.decay).filter(|decay| *decay != 0.0) {
        sentences.push(with_decay(record, decay));
    }
    sentences
}

/// What the decay of the training, which is no part of C, does to the curvature.
fn with_decay(record: &CurvatureRecord, decay: f64) -> String {
    let own = format!("The decay of {}, which is no part of C, bends", significant(decay));
    if record.least.value >= 0.0 {
        return format!("{own} the direction of every weight up by as much.");
    }
    let bent = decay * record.weights;
    let compared = if bent > record.least.value.abs() {
        "more than it curves down: while there is decay, this way is closed"
    } else {
        "less than it curves down"
    };
    format!("{own} that direction up by {}, {compared}.", significant(bent))
}

/// Whether the gradient still leads anywhere.
fn stationary(record: &CurvatureRecord, standing: Standing) -> String {
    let Some(tried) = record.descent else {
        return "The point is stationary: the gradient is exactly zero.".to_owned();
    };
    let (promised, measured) = curvature::share(tried, record.loss);
    let step = format!(
        "a step along −∂C/∂θ of the curvature's own length, {}, promises {} of the loss (measured: {})",
        significant(tried.length),
        part(promised),
        part(measured)
    );
    if standing == Standing::Moving {
        format!(
            "The point is not stationary: {step}. More than {LEARNING} is learning: what holds the network here is the size of its steps, \
             no minimum and no saddle."
        )
    } else {
        format!("The point is stationary: {step}; {LEARNING} would be learning.")
    }
}

fn part(of_loss: f64) -> String {
    if of_loss.abs() >= 1e-3 { share(of_loss) } else { significant(of_loss) }
}

fn verdict(model: &Model, record: &CurvatureRecord, standing: Standing) -> String {
    let least = significant(record.least.value);
    let sampled = if record.complete { "" } else { " that was found" };
    match (standing, record.escape) {
        (Standing::Saddle, Some(tried)) => format!(
            "It is a saddle, not a local minimum: a step of length {} along the direction of the least eigenvalue promises to lower the \
             loss by {}, and lowered it by {}.{}",
            significant(tried.length),
            significant(tried.promised),
            significant(tried.measured),
            place(model, record)
        ),
        (Standing::Minimum, _) => {
            format!("It is a local minimum: every direction{sampled} curves up, by {least} at least.")
        }
        (Standing::Degenerate, Some(tried)) if !tried.is_kept() && tried.promised > 0.0 => format!(
            "It is no saddle that could be shown: along the direction of the least eigenvalue the loss should fall by {}, and changed \
             by {}.",
            significant(tried.promised),
            significant(-tried.measured)
        ),
        (Standing::Degenerate, Some(_)) => format!(
            "It is a degenerate minimum: the least eigenvalue, {least}, is no more than a thousandth of the greatest, or than its own \
             residual allows to tell from zero."
        ),
        (Standing::Degenerate, None) => {
            format!("It is a degenerate minimum: no direction{sampled} curves down, and some do not curve at all.")
        }
        (Standing::Flat, _) => "It is flat: there is no curvature in any direction that f64 could tell.".to_owned(),
        (Standing::Saddle | Standing::Moving | Standing::Undefined, _) => {
            unreachable!("a saddle has a step along it, and the others are told above")
        }
    }
}

/// In which layer the direction of the least eigenvalue lies.
fn place(model: &Model, record: &CurvatureRecord) -> String {
    let Some((layer, most)) = record.shares.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1)) else {
        return String::new();
    };
    format!(" That direction lies to {} in `{}`.", share(most), model.layers[layer].name)
}
