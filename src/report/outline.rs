//! What `check` tells of a file without errors: its layers with shapes and parameters, its data, what a step needs of memory, and
//! what theory predicts of its gradient.
//! Nothing here was run.

use super::prediction::{self, Predicted};
use crate::graph::LayerId;
use crate::model::{Layer, Model};
use crate::numbers::bytes;
use crate::run::data::DataShape;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write as _;

/// The most characters of a cell; longer ones lose their middle.
const WIDEST_CELL: usize = 32;

/// A network before it runs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Outline {
    /// The network's name.
    pub network: String,
    /// `f32` or `f64`.
    pub precision: String,
    /// The shape of one example as the network takes it.
    pub input: Vec<usize>,
    /// Every layer after expansion, containers before what they hold.
    pub layers: Vec<OutlineLayer>,
    /// Trainable numbers.
    pub parameters: usize,
    /// What is known of the data without reading them.
    pub data: OutlineData,
    /// What one step with its report, and an update where there is training, needs; absent without a loss, for then there is no step.
    pub memory_bytes: Option<u64>,
    /// What theory says of the gradient.
    pub prediction: Predicted,
}

/// A layer before it runs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OutlineLayer {
    /// Its name.
    pub name: String,
    /// Its kind as written.
    pub kind: String,
    /// How many containers it stands in.
    pub depth: usize,
    /// The shape of one example that comes out.
    pub shape: Vec<usize>,
    /// The activation after it, or which it is.
    pub activation: Option<String>,
    /// Its trainable numbers, those of layers in it apart.
    pub parameters: usize,
}

/// The data before they are read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OutlineData {
    /// Examples to train on.
    pub examples: usize,
    /// Examples of a batch.
    pub batch: usize,
    /// The shape of one example in the source.
    pub example: Vec<usize>,
    /// Whether they are made up because the file names none.
    pub synthetic: bool,
}

/// The outline of a model with its data; `memory_bytes` where the model can run.
#[must_use]
pub fn build(model: &Model, data: &DataShape, memory_bytes: Option<u64>, prediction: Predicted) -> Outline {
    let layers: Vec<OutlineLayer> = model.layers.iter().map(|layer| outline_layer(model, layer)).collect();
    Outline {
        network: model.name.name.clone(),
        precision: model.precision.to_string(),
        input: model.input.0.clone(),
        parameters: layers.iter().map(|layer| layer.parameters).sum(),
        layers,
        data: OutlineData {
            examples: data.examples,
            batch: data.batch,
            example: data.example.0.clone(),
            synthetic: data.synthetic,
        },
        memory_bytes,
        prediction,
    }
}

fn outline_layer(model: &Model, layer: &Layer) -> OutlineLayer {
    let parent = |id: LayerId| model.layers[id].parent;
    OutlineLayer {
        name: layer.name.clone(),
        kind: layer.kind_name.clone(),
        depth: std::iter::successors(layer.parent, |id| parent(*id)).count(),
        shape: layer.shape.0.clone(),
        activation: layer.activation.as_ref().map(|activation| activation.name.clone()),
        parameters: layer.parameters.iter().map(|id| model.parameters[*id].shape.elements()).sum(),
    }
}

/// The outline as a table with a title above and the data below it.
#[must_use]
pub fn render(outline: &Outline) -> String {
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    let mut text = format!(
        "{}: {}, {}, {}\n\n",
        outline.network,
        count(outline.layers.len(), "layer"),
        count(outline.parameters, "parameter"),
        outline.precision
    );
    text.push_str(&table(outline));
    let data = &outline.data;
    let made_up = if data.synthetic { " made-up" } else { "" };
    write!(
        text,
        "\n{}{made_up} {} of {}, batch {}",
        data.examples,
        if data.examples == 1 { "example" } else { "examples" },
        shape(&data.example),
        data.batch
    )
    .expect("a string takes all text");
    match outline.memory_bytes {
        Some(needed) => writeln!(text, "; a step needs {}", bytes(u128::from(needed))),
        None => writeln!(text, "; without a `loss` there is nothing to run"),
    }
    .expect("a string takes all text");
    let predicted = prediction::render(&outline.prediction);
    if !predicted.is_empty() {
        text.push('\n');
        text.push_str(&predicted);
    }
    text
}

fn table(outline: &Outline) -> String {
    let mut rows: Vec<[String; 5]> = vec![["layer", "kind", "output", "activation", "parameters"].map(str::to_owned)];
    rows.push(["input", "", &shape(&outline.input), "", ""].map(str::to_owned));
    for layer in &outline.layers {
        let activation = layer.activation.as_deref().filter(|activation| *activation != layer.kind);
        let parameters = if layer.parameters == 0 { String::new() } else { layer.parameters.to_string() };
        rows.push([
            format!("{}{}", "  ".repeat(layer.depth), shorten(&layer.name)),
            shorten(&layer.kind),
            shape(&layer.shape),
            shorten(activation.unwrap_or_default()),
            parameters,
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    let mut text = String::new();
    for [name, kind, shape, activation, parameters] in &rows {
        let [a, b, c, d, e] = widths;
        let row = format!("{name:a$}  {kind:b$}  {shape:c$}  {activation:d$}  {parameters:>e$}");
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

fn shape(extents: &[usize]) -> String {
    crate::shape::Shape::new(extents).to_string()
}

fn shorten(text: &str) -> String {
    let length = text.chars().count();
    if length <= WIDEST_CELL {
        return text.to_owned();
    }
    let head: String = text.chars().take(WIDEST_CELL / 2).collect();
    let tail: String = text.chars().skip(length - (WIDEST_CELL / 2 - 1)).collect();
    format!("{head}…{tail}")
}
