//! `max_pool(k)`, `avg_pool(k)`, `global_avg_pool`: windows brought to one number each.

use super::windows::{self, Manner};
use super::{Built, Kind, Otherwise, Parameter, Site, Situation, Takes, Theory};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::windows::{Wanted, pad_beyond_half, rank};
use crate::graph::NodeId;
use crate::shape::Shape;

/// `max_pool`
pub(super) static MAX_POOL: Kind = Kind {
    name: "max_pool",
    summary: "the largest number of each window",
    documentation: "`max_pool(k, stride: k, pad: 0)` takes `[C, L]` or `[C, H, W]` and hands on of every channel the largest number \
                    of each window of k, ⌊(extent + 2·pad − k) / stride⌋ + 1 of them along each axis. Sizes are a number for all \
                    axes behind the channels, or a list. What lies around the example counts as −inf, so `pad` is at most half \
                    of k. The derivative goes to the first of equal numbers, row by row. PyTorch's `MaxPool1d`, `MaxPool2d`.",
    parameters: PARAMETERS,
    shape: |situation| shape(situation, MAXIMUM),
    working: |arguments, input, _| vec![windows::padded(&windows::along(arguments, input, MAXIMUM), input)],
    build: |site| {
        let largest = pool(site, MAXIMUM, true, |site, x, axis| site.builder.maximum(x, &[axis]));
        Built::same(site.builder.mark(largest))
    },
    theory: Theory::Largest,
    ..Kind::PLAIN
};

/// `avg_pool`
pub(super) static AVG_POOL: Kind = Kind {
    name: "avg_pool",
    summary: "the mean of each window",
    documentation: "`avg_pool(k, stride: k, pad: 0)` takes `[C, L]` or `[C, H, W]` and hands on of every channel the mean of each \
                    window of k, ⌊(extent + 2·pad − k) / stride⌋ + 1 of them along each axis. Sizes are a number for all axes \
                    behind the channels, or a list. Zeros are put around the example, and counted: PyTorch's `AvgPool1d`, \
                    `AvgPool2d` with `count_include_pad=True`, the default.",
    parameters: PARAMETERS,
    shape: |situation| shape(situation, MEAN),
    working: |arguments, input, _| vec![windows::padded(&windows::along(arguments, input, MEAN), input)],
    build: |site| {
        let along = windows::along(&site.layer.arguments, &site.layer.input, MEAN);
        let sums = pool(site, MEAN, false, |site, x, axis| site.builder.sum(x, &[axis]));
        let mean = site.builder.divided_by(sums, along.iter().map(|along| along.size).product());
        Built::same(site.builder.mark(mean))
    },
    theory: Theory::Mean,
    ..Kind::PLAIN
};

/// `global_avg_pool`
pub(super) static GLOBAL_AVG_POOL: Kind = Kind {
    name: "global_avg_pool",
    summary: "the mean of each channel",
    documentation: "`global_avg_pool` takes `[C, …]` and hands on `[C]`: the mean over all axes but the first. PyTorch's \
                    `AdaptiveAvgPool1d(1)` and `AdaptiveAvgPool2d(1)`, without the axes of extent 1 that these leave.",
    shape: |situation| match situation.input.shape.0[..] {
        [channels, _, ..] => Ok(Shape::new([channels])),
        _ => Err(rank(situation.span, Wanted::GlobalPool, situation.input.side())),
    },
    build: |site| {
        let shape = site.builder.shape(site.input).clone();
        let axes: Vec<usize> = (2..shape.rank()).collect();
        let mean = site.builder.mean_over(site.input, &axes);
        let output = site.builder.reshape(mean, Shape::new(&shape.0[..2]));
        Built::same(site.builder.mark(output))
    },
    theory: Theory::Mean,
    ..Kind::PLAIN
};

const MAXIMUM: Manner = Manner { size: "k", steps_over: true, wanted: Wanted::MaxPool };
const MEAN: Manner = Manner { size: "k", steps_over: true, wanted: Wanted::AvgPool };

const PARAMETERS: &[Parameter] = &[
    Parameter::required("k", Takes::Sizes { least: 1, word: None }, "the extents of the windows"),
    Parameter::named(
        "stride",
        Takes::Sizes { least: 1, word: None },
        Otherwise::Absent,
        "from one window to the next; `k` where it is left out",
    ),
    Parameter::named(
        "pad",
        Takes::Sizes { least: 0, word: None },
        Otherwise::Count(0),
        "how far the windows reach beyond each side of an axis, at most half of `k`",
    ),
];

fn shape(situation: &Situation<'_>, manner: Manner) -> Result<Shape, Diagnostic> {
    let Situation { arguments, span, input, .. } = *situation;
    let along = windows::checked(situation, manner)?;
    if let Some(odd) = along.iter().find(|along| along.before > along.size / 2) {
        let [pad, size] = ["pad", "k"].map(|name| arguments.span(name).unwrap_or(span));
        return Err(pad_beyond_half((odd.before, pad), (odd.size, size)));
    }
    Ok(Shape(std::iter::once(input.shape.0[0]).chain(windows::places(&along)).collect()))
}

/// Axis after axis, the last one first: the largest of the largest of each row is the largest of all, and the first of equals in
/// the first row that has it is the first of all.
fn pool(
    site: &mut Site<'_, '_>,
    manner: Manner,
    is_masked: bool,
    combine: fn(&mut Site<'_, '_>, NodeId, usize) -> NodeId,
) -> NodeId {
    let along = windows::along(&site.layer.arguments, &site.layer.input, manner);
    let mut x = windows::pad(site, &along);
    if is_masked {
        for (at, along) in along.iter().enumerate() {
            x = windows::masked(site, x, 2 + at, *along);
        }
    }
    for (at, along) in along.iter().enumerate().rev() {
        let axis = 2 + at;
        let windows = windows::window(site, x, axis, *along);
        let combined = combine(site, windows, axis + 1);
        let mut shape = site.builder.shape(combined).clone();
        shape.0.remove(axis + 1);
        x = site.builder.reshape(combined, shape);
    }
    x
}
