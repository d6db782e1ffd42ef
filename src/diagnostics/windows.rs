//! `E042x`: windows that do not lie on what comes in, in the layer's own terms: which axis, what it has, what would fit.

use super::shapes::Side;
use super::{Code, Diagnostic};
use crate::source::Span;

/// What a layer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// `conv1d`
    Conv1d,
    /// `conv2d`
    Conv2d,
    /// `max_pool`
    MaxPool,
    /// `avg_pool`
    AvgPool,
    /// `global_avg_pool`
    GlobalPool,
    /// `transpose`
    Transpose,
}

impl Wanted {
    /// The layer's kind.
    const fn kind(self) -> &'static str {
        match self {
            Self::Conv1d => "conv1d",
            Self::Conv2d => "conv2d",
            Self::MaxPool => "max_pool",
            Self::AvgPool => "avg_pool",
            Self::GlobalPool => "global_avg_pool",
            Self::Transpose => "transpose",
        }
    }

    /// The shapes it takes.
    const fn shapes(self) -> &'static str {
        match self {
            Self::Conv1d => "[channels, length]",
            Self::Conv2d => "[channels, height, width]",
            Self::MaxPool | Self::AvgPool => "[channels, length] or [channels, height, width]",
            Self::GlobalPool => "[channels, length], [channels, height, width] or more axes",
            Self::Transpose => "2 axes or more",
        }
    }

    /// Whether it takes an example of so many axes.
    #[must_use]
    pub const fn takes(self, rank: usize) -> bool {
        match self {
            Self::Conv1d => rank == 2,
            Self::Conv2d => rank == 3,
            Self::MaxPool | Self::AvgPool => rank == 2 || rank == 3,
            Self::GlobalPool | Self::Transpose => rank >= 2,
        }
    }

    /// What an axis of an example is called, `of` so many.
    const fn axis(self, axis: usize, of: usize) -> &'static str {
        match (axis, of) {
            (1, 2) => "the length",
            (1, _) => "the height",
            _ => "the width",
        }
    }
}

/// E0420: another number of axes than a layer takes.
#[must_use]
pub fn rank(span: Span, wanted: Wanted, input: Side<'_>) -> Diagnostic {
    let (kind, shapes) = (wanted.kind(), wanted.shapes());
    let diagnostic = Diagnostic::error(
        Code("E0420"),
        format!("`{kind}` takes {shapes}; `{}` hands on {}", input.by, input.shape),
        span,
        format!("needs {shapes}"),
    )
    .label(input.span, input.label());
    let write = |extents: String| {
        if input.by == "input" {
            format!("write `input({extents})`")
        } else {
            format!("write `reshape({extents})` before it")
        }
    };
    match (wanted, &input.shape.0[..]) {
        (Wanted::Conv1d | Wanted::Transpose, [features]) => diagnostic.help(write(format!("1, {features}"))),
        (Wanted::Conv2d | Wanted::MaxPool | Wanted::AvgPool | Wanted::GlobalPool, [features]) => {
            let (channels, side) = square(*features);
            match side {
                Some(side) => diagnostic.help(write(format!("{channels}, {side}, {side}"))),
                None if wanted == Wanted::Conv2d => diagnostic
                    .help(format!("write extents whose product is {features}, or `conv1d` with `[1, {features}]`")),
                None => diagnostic.help(write(format!("1, {features}"))),
            }
        }
        (Wanted::Conv2d, [channels, length]) => diagnostic.help(format!(
            "`conv1d` moves along one axis; {} for an image of one channel",
            write(format!("1, {channels}, {length}"))
        )),
        (Wanted::Conv1d, [_, _, _]) => diagnostic.help("`conv2d` moves along two axes"),
        _ => diagnostic.help("write `reshape(…)` before it"),
    }
}

/// The channels and the side of the square images that so many numbers make: 1 or 3 channels; no side where they make none.
fn square(elements: usize) -> (usize, Option<usize>) {
    let side = |channels: usize| {
        let side = (elements / channels).isqrt();
        (side > 1 && side * side * channels == elements).then_some(side)
    };
    match (side(1), side(3)) {
        (None, Some(side)) => (3, Some(side)),
        (side, _) => (1, side),
    }
}

/// A window and the axis that it does not fit in.
#[derive(Clone, Copy, Debug)]
pub struct Misfit {
    /// Which axis of the example.
    pub axis: usize,
    /// Its extent.
    pub extent: usize,
    /// What is put on each side of it.
    pub pad: usize,
    /// Whether that is `same`.
    pub is_same: bool,
    /// Elements of the window.
    pub size: usize,
    /// From one of them to the next.
    pub dilation: usize,
    /// From the first to the last, both counted.
    pub reach: usize,
    /// The extent with what is put around it.
    pub padded: usize,
    /// The largest `pad` that the layer takes.
    pub largest_pad: Option<usize>,
}

/// E0421: a window larger than what it moves over.
#[must_use]
pub fn no_room(span: Span, wanted: Wanted, misfit: Misfit, input: Side<'_>) -> Diagnostic {
    let Misfit { axis, extent, pad, size, dilation, reach, padded, .. } = misfit;
    let name = wanted.axis(axis, input.shape.rank());
    let with_pad = if pad == 0 || misfit.is_same { String::new() } else { format!(", {padded} with `pad: {pad}`") };
    let window = if dilation == 1 {
        format!("a kernel of {size}")
    } else {
        format!("a kernel of {size} with `dilation: {dilation}`")
    };
    let diagnostic = Diagnostic::error(
        Code("E0421"),
        format!("axis {axis}, {name}, has {extent}{with_pad}: {window} needs at least {reach}"),
        span,
        format!("reaches over {reach}"),
    )
    .label(input.span, input.label());
    let needed = pad.saturating_add((reach - padded).div_ceil(2));
    let fitting = (padded - 1) / dilation + 1;
    let may_pad = misfit.largest_pad.is_none_or(|largest| needed <= largest) && !misfit.is_same;
    let dense = if dilation > 1 && size <= padded { ", or a smaller dilation" } else { "" };
    diagnostic.help(if may_pad {
        format!("write `pad: {needed}`, or a kernel of at most {fitting}{dense}")
    } else {
        format!("write a kernel of at most {fitting}{dense}")
    })
}

/// E0422: `pad: same` with a stride.
#[must_use]
pub fn same_with_stride(pad: Span, stride: Span, by: usize, half: usize) -> Diagnostic {
    Diagnostic::error(
        Code("E0422"),
        format!("`pad: same` keeps the extents, which a stride of {by} does not"),
        pad,
        "for stride 1 only",
    )
    .label(stride, format!("moves on by {by}"))
    .help(format!("write `pad: {half}`: every window then has its middle on the example"))
}

/// E0423: a list of sizes that is not one for each axis.
#[must_use]
pub fn number_of_sizes(span: Span, wanted: Wanted, name: &str, given: usize, input: Side<'_>) -> Diagnostic {
    let axes = input.shape.rank() - 1;
    let along = match axes {
        1 => "one axis, the length".to_owned(),
        2 => "two axes, the height and the width".to_owned(),
        _ => format!("{axes} axes"),
    };
    Diagnostic::error(
        Code("E0423"),
        format!(
            "`{name}` has {given} sizes, but the windows of `{}` on {} move along {along}",
            wanted.kind(),
            input.shape
        ),
        span,
        format!("{given} sizes"),
    )
    .label(input.span, input.label())
    .help(if axes == 1 {
        "write one number".to_owned()
    } else {
        format!("write one number for all axes, or {axes} in brackets")
    })
}

/// E0424: windows of a pooling layer that could lie outside altogether.
#[must_use]
pub fn pad_beyond_half((pad, pad_span): (usize, Span), (size, size_span): (usize, Span)) -> Diagnostic {
    Diagnostic::error(
        Code("E0424"),
        format!("`pad: {pad}` is more than half of a window of {size}: a window could lie beside the example"),
        pad_span,
        format!("at most {}", size / 2),
    )
    .label(size_span, format!("windows of {size}"))
    .help(format!("write `pad: {}`, or larger windows", size / 2))
}

/// E0425: groups that do not divide the channels.
#[must_use]
pub fn groups_of_channels(
    span: Span,
    groups: usize,
    (taken, input): (usize, Side<'_>),
    (made, made_span): (usize, Span),
) -> Diagnostic {
    let (which, channels) = if taken.is_multiple_of(groups) { ("come out", made) } else { ("come in", taken) };
    let diagnostic = Diagnostic::error(
        Code("E0425"),
        format!("{groups} groups do not divide the {channels} channels that {which}"),
        span,
        format!("{groups} groups of equal size"),
    )
    .label(input.span, input.label())
    .label(made_span, format!("{made} channels come out"));
    let common = (1..=taken.min(made)).filter(|groups| taken.is_multiple_of(*groups) && made.is_multiple_of(*groups));
    let mut fitting: Vec<usize> = common.take(1000).collect();
    fitting.sort_by_key(|fits| fits.abs_diff(groups));
    fitting.truncate(3);
    fitting.sort_unstable();
    let fitting: Vec<String> = fitting.iter().map(|groups| format!("`groups: {groups}`")).collect();
    if taken.is_multiple_of(groups) {
        let up = made.div_ceil(groups).saturating_mul(groups);
        diagnostic.help(format!("write {}, or let {up} channels come out", fitting.join(" or ")))
    } else {
        diagnostic.help(format!("{} divides {taken} and {made}", fitting.join(" or ")))
    }
}

/// E0426: a table that is looked into with what was computed.
#[must_use]
pub fn embedding_of_what_is_computed(span: Span, input: Side<'_>) -> Diagnostic {
    Diagnostic::error(
        Code("E0426"),
        format!("`embedding` looks up the numbers of the input, not what `{}` computes", input.by),
        span,
        "needs whole numbers as they stand in the data",
    )
    .label(input.span, input.label())
    .help("put it right behind `input(…)`")
}
