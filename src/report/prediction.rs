//! What theory says of a network before any run, as data and as a table of `check`.

use super::json::Number;
use super::text::{shorten, wrap};
use crate::diagnose::theory::{Estimate, LayerPrediction, Prediction};
use crate::model::Model;
use crate::numbers::{UNDEFINED, factor, share, significant};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write as _;

/// Mean-field theory of a network as it is initialised.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Predicted {
    /// What it starts from.
    pub inputs: Inputs,
    /// The layers with weights, from the input on.
    pub layers: Vec<PredictedLayer>,
    /// The gradient at the first of them over that at the last.
    pub ratio: Option<Number>,
    /// The standard deviation of its logarithm over draws of the weights.
    pub ratio_spread: Option<Number>,
    /// Where theory has no answer, or only a near one.
    pub notes: Vec<String>,
}

/// The inputs that theory starts from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Inputs {
    /// `data`: those of the first batch; `standard normal`: the file names no data, or they are too large to read for this.
    pub from: String,
    /// The mean of all numbers.
    pub mean: Number,
    /// The mean of their squares.
    pub mean_square: Number,
}

/// A layer with weights.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PredictedLayer {
    /// Its name.
    pub name: String,
    /// σ_w² = fan_in·Var(W)
    pub weight_variance: Option<Number>,
    /// E\\[b²\\]
    pub bias_mean_square: Number,
    /// q: the mean square of its pre-activations.
    pub q: Option<Number>,
    /// q*: where q comes to rest if the layer is repeated; 0 where it dies out, `inf` where it grows without end.
    pub q_at_rest: Option<Number>,
    /// χ at rest: what the layer, repeated, multiplies the squared gradient by.
    pub chi: Option<Number>,
    /// −2/ln χ: over so many layers the gradient shrinks e-fold; negative where it grows.
    pub depth_scale: Option<Number>,
    /// The gradient at its pre-activations over that at the next layer with weights.
    pub factor: Option<Number>,
    /// The standard deviation of the factor's logarithm over draws of the weights, for these widths.
    pub factor_spread: Option<Number>,
    /// The gradient at its pre-activations over that at the last layer with weights.
    pub gradient: Option<Number>,
    /// The standard deviation of its logarithm.
    pub gradient_spread: Option<Number>,
}

/// The prediction for people and programs; `is_of_data` tells whether its inputs were read.
#[must_use]
pub fn build(model: &Model, prediction: &Prediction, is_of_data: bool) -> Predicted {
    let estimate = |of: Option<Estimate>| (of.map(|it| Number(it.factor)), of.map(|it| Number(it.spread)));
    let layer = |told: &LayerPrediction| {
        let (factor, factor_spread) = estimate(told.factor);
        let (gradient, gradient_spread) = estimate(told.gradient);
        PredictedLayer {
            name: model.layers[told.layer].name.clone(),
            weight_variance: told.weight_variance.map(Number),
            bias_mean_square: Number(told.bias_square),
            q: told.signal.map(Number),
            q_at_rest: told.rest.map(Number),
            chi: told.chi.map(Number),
            depth_scale: told.depth_scale.map(Number),
            factor,
            factor_spread,
            gradient,
            gradient_spread,
        }
    };
    let (ratio, ratio_spread) = estimate(prediction.ratio);
    Predicted {
        inputs: Inputs {
            from: if is_of_data { "data" } else { "standard normal" }.to_owned(),
            mean: Number(prediction.inputs.mean),
            mean_square: Number(prediction.inputs.square),
        },
        layers: prediction.layers.iter().map(layer).collect(),
        ratio,
        ratio_spread,
        notes: prediction.notes.clone(),
    }
}

/// The table with a sentence before and the notes behind it; empty for a network without weights.
#[must_use]
pub fn render(predicted: &Predicted) -> String {
    if predicted.layers.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    let inputs = match predicted.inputs.from.as_str() {
        "data" => format!("the data, mean square {}", significant(predicted.inputs.mean_square.0)),
        from => format!("{from} inputs"),
    };
    wrap(&format!("Predicted by mean-field theory for wide layers, from {inputs}; nothing was run:"), &mut text);
    text.push('\n');
    table(predicted, &mut text);
    text.push('\n');
    let (first, last) = (&predicted.layers[0].name, &predicted.layers[predicted.layers.len() - 1].name);
    let mut words = match (predicted.ratio, predicted.ratio_spread) {
        (Some(ratio), Some(spread)) => {
            let spread = Estimate { factor: ratio.0, spread: spread.0 };
            format!(
                "From `{last}` back to `{first}` the gradient is predicted to be multiplied by {}{}.",
                factor(ratio.0),
                within(spread)
            )
        }
        _ if predicted.layers.len() == 1 => format!("`{first}` is the only layer with weights."),
        _ => format!("For the gradient from `{last}` back to `{first}` theory has no answer."),
    };
    if predicted.layers.iter().any(|layer| layer.chi.is_some()) {
        words.push_str(
            " q* and χ are where the layer, repeated, comes to rest; the depth is the number of layers over which the gradient then \
             shrinks e-fold, negative where it grows.",
        );
    }
    wrap(&words, &mut text);
    for note in &predicted.notes {
        wrap(&format!("note: {note}"), &mut text);
    }
    text
}

/// " (±7 % from draw to draw)", or the ends where they are further apart.
fn within(estimate: Estimate) -> String {
    match estimate.share() {
        0.0 => String::new(),
        part if part < 0.5 => format!(" (±{} from draw to draw)", share(part)),
        part => {
            let (low, high) = (estimate.factor / (1.0 + part), estimate.factor * (1.0 + part));
            format!(" (from draw to draw {} to {})", factor(low), factor(high))
        }
    }
}

/// A number of layers.
fn layers(depth: f64) -> String {
    if depth.abs() < 1e5 { format!("{depth:.2}") } else { "inf".to_owned() }
}

fn table(predicted: &Predicted, text: &mut String) {
    let number = |value: Option<Number>| value.map_or_else(|| UNDEFINED.to_owned(), |value| significant(value.0));
    let root = |value: Number| significant(value.0.sqrt());
    let factor_of = |value: Option<Number>, spread: Option<Number>| match (value, spread) {
        (Some(value), Some(spread)) => {
            let part = Estimate { factor: value.0, spread: spread.0 }.share();
            let spread = if part > 0.0 { format!(" ±{}", share(part)) } else { String::new() };
            (factor(value.0), spread)
        }
        _ => (UNDEFINED.to_owned(), String::new()),
    };
    let has_next = predicted.layers.len();
    let mut rows: Vec<[String; 10]> =
        vec![["layer", "σ_w", "σ_b", "q", "q*", "χ", "depth", "factor", "", "gradient"].map(str::to_owned)];
    for (at, layer) in predicted.layers.iter().enumerate() {
        let (factor, spread) = if at + 1 < has_next {
            factor_of(layer.factor, layer.factor_spread)
        } else {
            (String::new(), String::new())
        };
        rows.push([
            shorten(&layer.name, 20),
            layer.weight_variance.map_or_else(|| UNDEFINED.to_owned(), root),
            root(layer.bias_mean_square),
            number(layer.q),
            layer.q_at_rest.map_or_else(String::new, |rest| number(Some(rest))),
            layer.chi.map_or_else(String::new, |chi| number(Some(chi))),
            layer.depth_scale.map_or_else(String::new, |depth| layers(depth.0)),
            factor,
            spread,
            factor_of(layer.gradient, layer.gradient_spread).0,
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..10).map(width).collect();
    for row in &rows {
        let mut line = format!("{:w$}", row[0], w = widths[0]);
        for (at, cell) in row.iter().enumerate().skip(1) {
            let w = widths[at];
            if at == 8 {
                write!(line, "{cell:w$}").expect("a string takes all text");
            } else {
                write!(line, "  {cell:>w$}").expect("a string takes all text");
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}
