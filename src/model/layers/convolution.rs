//! `conv1d`, `conv2d`: the same kernel at every place. The windows of all examples become the columns of one matrix, and the layer
//! one matrix product with them, a stack of products where there are groups.

use super::windows::{self, Along, Manner};
use super::{
    Arguments, Built, Kind, Otherwise, Parameter, Site, Situation, Takes, Tensor, Theory, Weighted, activation,
};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::windows::{Wanted, groups_of_channels};
use crate::model::ParameterRole;
use crate::shape::Shape;

/// `conv1d`
pub(super) static CONV1D: Kind = Kind {
    name: "conv1d",
    summary: "the same kernel at every place of a sequence",
    documentation: "`conv1d(channels, kernel, activation, stride: 1, pad: 0, dilation: 1, groups: 1)` takes `[C, L]`, channels \
                    first, and hands on `[channels, ⌊(L + 2·pad − dilation·(kernel − 1) − 1) / stride⌋ + 1]`. Each output is a \
                    weighted sum, with a bias, of one window of all channels (of one group of them); zeros are put around the \
                    sequence. `pad: same` keeps the length, for stride 1; of an odd number of zeros the odd one stands behind. \
                    PyTorch's `Conv1d`: `weight: [channels, C / groups, kernel]`, `bias: [channels]`.",
    parameters: PARAMETERS,
    weighted: Weighted::Both,
    shape: |situation| shape(situation, ONE),
    tensors: |arguments, input, _| tensors(arguments, input, ONE),
    working: |arguments, input, _| working(arguments, input, ONE),
    build: |site| build(site, ONE),
    theory: Theory::Weights,
    ..Kind::PLAIN
};

/// `conv2d`
pub(super) static CONV2D: Kind = Kind {
    name: "conv2d",
    summary: "the same kernel at every place of an image",
    documentation: "`conv2d(channels, kernel, activation, stride: 1, pad: 0, dilation: 1, groups: 1)` takes `[C, H, W]`, channels \
                    first, and hands on `[channels, …]`, of each other axis ⌊(extent + 2·pad − dilation·(kernel − 1) − 1) / \
                    stride⌋ + 1. Sizes are a number for both axes or a list, `[rows, columns]`. Each output is a weighted sum, \
                    with a bias, of one window of all channels (of one group of them); zeros are put around the image. \
                    `pad: same` keeps the extents, for stride 1; of an odd number of zeros the odd one stands behind. PyTorch's \
                    `Conv2d`: `weight: [channels, C / groups, rows, columns]`, `bias: [channels]`.",
    parameters: PARAMETERS,
    weighted: Weighted::Both,
    shape: |situation| shape(situation, TWO),
    tensors: |arguments, input, _| tensors(arguments, input, TWO),
    working: |arguments, input, _| working(arguments, input, TWO),
    build: |site| build(site, TWO),
    theory: Theory::Weights,
    ..Kind::PLAIN
};

const ONE: Manner = Manner { size: "kernel", steps_over: false, wanted: Wanted::Conv1d };
const TWO: Manner = Manner { size: "kernel", steps_over: false, wanted: Wanted::Conv2d };

const PARAMETERS: &[Parameter] = &[
    Parameter::required("channels", Takes::Count { least: 1 }, "how many channels come out"),
    Parameter::required("kernel", Takes::Sizes { least: 1, word: None }, "the extents of the windows"),
    Parameter::optional("activation", Takes::Activation, Otherwise::Absent, "applied to what comes out"),
    Parameter::named(
        "stride",
        Takes::Sizes { least: 1, word: None },
        Otherwise::Count(1),
        "from one window to the next",
    ),
    Parameter::named(
        "pad",
        Takes::Sizes { least: 0, word: Some("same") },
        Otherwise::Count(0),
        "zeros on each side of an axis, or as many as keep the extents",
    ),
    Parameter::named(
        "dilation",
        Takes::Sizes { least: 1, word: None },
        Otherwise::Count(1),
        "from one element of a window to the next",
    ),
    Parameter::named(
        "groups",
        Takes::Count { least: 1 },
        Otherwise::Count(1),
        "parts of the channels that know nothing of each other",
    ),
];

fn channels(arguments: &Arguments) -> usize {
    arguments.count("channels").expect("`channels` is required")
}

fn groups(arguments: &Arguments) -> usize {
    arguments.count("groups").expect("`groups` has a default")
}

fn shape(situation: &Situation<'_>, manner: Manner) -> Result<Shape, Diagnostic> {
    let along = windows::checked(situation, manner)?;
    let Situation { arguments, span, input, .. } = *situation;
    let (taken, made, groups) = (input.shape.0[0], channels(arguments), groups(arguments));
    if !taken.is_multiple_of(groups) || !made.is_multiple_of(groups) {
        let place = arguments.span("groups").unwrap_or(span);
        let out = arguments.span("channels").unwrap_or(span);
        return Err(groups_of_channels(place, groups, (taken, input.side()), (made, out)));
    }
    Ok(Shape(std::iter::once(made).chain(windows::places(&along)).collect()))
}

fn tensors(arguments: &Arguments, input: &Shape, manner: Manner) -> Vec<Tensor> {
    let (made, taken) = (channels(arguments), input.0[0] / groups(arguments));
    let kernel: Vec<usize> = windows::along(arguments, input, manner).iter().map(|along| along.size).collect();
    // What cannot be counted is over every limit, and reported as that.
    let field = kernel.iter().fold(1, |product: usize, size| product.saturating_mul(*size));
    let (fan_in, fan_out) = (taken.saturating_mul(field), made.saturating_mul(field));
    let tensor = |name, shape, role| Tensor { name, shape, role, fan_in, fan_out };
    vec![
        tensor("weight", Shape([&[made, taken][..], &kernel].concat()), ParameterRole::Weight),
        tensor("bias", Shape::new([made]), ParameterRole::Bias),
    ]
}

/// The padded example and its windows.
fn working(arguments: &Arguments, input: &Shape, manner: Manner) -> Vec<Shape> {
    let along = windows::along(arguments, input, manner);
    let sizes = along.iter().map(|along| along.size);
    let columns = std::iter::once(input.0[0]).chain(sizes).chain(windows::places(&along)).collect();
    vec![windows::padded(&along, input), Shape(columns)]
}

fn build(site: &mut Site<'_, '_>, manner: Manner) -> Built {
    let arguments = &site.layer.arguments;
    let (made, groups) = (channels(arguments), groups(arguments));
    let along = windows::along(arguments, &site.layer.input, manner);
    let axes = along.len();
    let (batch, taken) = (site.builder.shape(site.input).0[0], site.layer.input.0[0]);
    let terms = along.iter().map(|along| along.size).product::<usize>() * taken / groups;
    let places: usize = windows::places(&along).product();

    let columns = columns(site, &along);
    let stacked = |groups: usize, rows: usize, columns: usize| {
        if groups == 1 { Shape::new([rows, columns]) } else { Shape::new([groups, rows, columns]) }
    };
    let columns = site.builder.reshape(columns, stacked(groups, terms, batch * places));
    let weight = site.parameter("weight").expect("a convolution has a weight");
    let rows = site.builder.reshape(weight, stacked(groups, made / groups, terms));
    let mut sums = site.builder.product(rows, columns);
    if let Some(bias) = site.parameter("bias") {
        let bias = site.builder.reshape(bias, stacked(groups, made / groups, 1));
        sums = site.builder.add(sums, bias);
    }
    // the channels stand in front of the batch
    let extents: Vec<usize> = [made, batch].into_iter().chain(windows::places(&along)).collect();
    let sums = site.builder.reshape(sums, Shape(extents));
    let order: Vec<usize> = [1, 0].into_iter().chain(2..axes + 2).collect();
    let z = site.builder.permute(sums, &order);
    let output = match &site.layer.activation {
        Some(activation) => activation::apply(site.builder, activation, z),
        None => z,
    };
    Built::of(z, output)
}

/// `[batch, C, …]` → `[C, kernel…, batch, places…]`: the terms of each output one under the other, in order of channel and window.
fn columns(site: &mut Site<'_, '_>, along: &[Along]) -> crate::graph::NodeId {
    let mut x = windows::pad(site, along);
    for (at, along) in along.iter().enumerate() {
        x = windows::window(site, x, 2 + 2 * at, *along);
    }
    let elements = (0..along.len()).map(|at| 3 + 2 * at);
    let places = (0..along.len()).map(|at| 2 + 2 * at);
    let order: Vec<usize> = std::iter::once(1).chain(elements).chain([0]).chain(places).collect();
    site.builder.permute(x, &order)
}
