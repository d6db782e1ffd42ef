//! `E04xx`: shapes that do not fit, in the layer's own terms, with both places.

use super::{Code, Diagnostic};
use crate::shape::Shape;
use crate::source::Span;

/// A shape with the words that say where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The shape of one example.
    pub shape: &'a Shape,
    /// The layer that makes it.
    pub by: &'a str,
    /// Where that stands.
    pub span: Span,
}

impl Side<'_> {
    /// What stands at it.
    pub(super) fn label(&self) -> String {
        format!("`{}` hands on {}", self.by, self.shape)
    }
}

/// E0401: `reshape` to another number of elements.
#[must_use]
pub fn reshape(span: Span, input: Side<'_>, wanted: &Shape) -> Diagnostic {
    let has = input.shape.elements();
    let wants = wanted.checked_elements().map_or_else(|| "more elements than can be counted".to_owned(), elements);
    let diagnostic = Diagnostic::error(
        Code("E0401"),
        format!("{} cannot be reshaped to {wanted}: {} are not {wants}", input.shape, elements(has)),
        span,
        format!("needs {wants}"),
    )
    .label(input.span, format!("`{}` hands on {}, {}", input.by, input.shape, elements(has)));
    let leading: Option<usize> = wanted.0.split_last().and_then(|(_, leading)| Shape::new(leading).checked_elements());
    match leading {
        Some(leading) if leading > 0 && has.is_multiple_of(leading) && wanted.rank() > 1 => {
            let mut fits = wanted.clone();
            *fits.0.last_mut().expect("it has several axes") = has / leading;
            diagnostic.help(format!("{fits} has {}", elements(has)))
        }
        Some(_) | None => diagnostic.help(format!("write extents whose product is {has}, or `flatten`")),
    }
}

/// E0402: what a residual's body makes cannot be added to what goes in.
#[must_use]
pub fn residual(span: Span, input: Side<'_>, body: Side<'_>, projects: bool) -> Diagnostic {
    let message = if projects {
        format!("the projection changes the last extent only: {} cannot become {}", input.shape, body.shape)
    } else {
        format!("the residual adds {} to {}", body.shape, input.shape)
    };
    let diagnostic =
        Diagnostic::error(Code("E0402"), message, span, format!("its body makes {} of {}", body.shape, input.shape))
            .label(input.span, input.label())
            .label(body.span, body.label());
    let only_last_differs = !projects
        && input.shape.rank() == body.shape.rank()
        && input.shape.0.split_last().map(|(_, rows)| rows) == body.shape.0.split_last().map(|(_, rows)| rows);
    if only_last_differs {
        diagnostic.help(format!(
            "let the body end in {} units, or write `residual(project: true)`, which sends what goes in through a dense layer",
            input.shape.0.last().expect("an example has an axis")
        ))
    } else {
        diagnostic.help(format!("let the body hand on {}", input.shape))
    }
}

/// E0402: `add` of unequal shapes.
#[must_use]
pub fn add(span: Span, input: Side<'_>, referred: Side<'_>) -> Diagnostic {
    Diagnostic::error(
        Code("E0402"),
        format!("{} and {} cannot be added", input.shape, referred.shape),
        span,
        format!("adds {} to {}", referred.shape, input.shape),
    )
    .label(input.span, input.label())
    .label(referred.span, referred.label())
    .help(format!("give both the same shape, or join them: `concat({})`", referred.by))
}

/// E0402: branches of unequal shapes that are to be added.
#[must_use]
pub fn branches_to_add(span: Span, first: Side<'_>, other: Side<'_>) -> Diagnostic {
    Diagnostic::error(
        Code("E0402"),
        format!("branches of {} and {} cannot be added", first.shape, other.shape),
        span,
        "adds what its branches hand on",
    )
    .label(first.span, first.label())
    .label(other.span, other.label())
    .help("let all branches hand on the same shape, or write `parallel(join: concat)`")
}

/// E0403: `concat` of shapes that differ elsewhere.
#[must_use]
pub fn concat(span: Span, axis: usize, first: Side<'_>, other: Side<'_>) -> Diagnostic {
    let message = if first.shape.rank() == other.shape.rank() {
        format!("{} and {} cannot be joined along axis {axis}: another extent differs", first.shape, other.shape)
    } else {
        format!(
            "{} and {} cannot be joined: they have {} and {}",
            first.shape,
            other.shape,
            axes(first.shape),
            axes(other.shape)
        )
    };
    Diagnostic::error(Code("E0403"), message, span, format!("joins along axis {axis}"))
        .label(first.span, first.label())
        .label(other.span, other.label())
        .help(format!("all extents but that of axis {axis} must agree; `axis:` names another"))
}

/// E0404: an axis that a shape does not have.
#[must_use]
pub fn no_such_axis(span: Span, axis: usize, input: Side<'_>) -> Diagnostic {
    Diagnostic::error(
        Code("E0404"),
        format!("{} has no axis {axis}", input.shape),
        span,
        format!("joins along axis {axis}"),
    )
    .label(input.span, input.label())
    .help(format!("axes are counted from 0: the last one of {} is {}", input.shape, input.shape.rank() - 1))
}

/// E0410: a layer that works along time, on something that is no sequence.
#[must_use]
pub fn needs_sequence(span: Span, input: Side<'_>, kind: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code("E0410"),
        format!("`{kind}` takes a sequence, `[time, features]`, not {}", input.shape),
        span,
        format!("needs 2 axes and gets {}", axes(input.shape)),
    )
    .label(input.span, input.label());
    match input.shape.0[..] {
        [features] if features > 1 => diagnostic.help(format!(
            "write `reshape({features}, 1)` before it for {features} steps of one feature, or any other `reshape(time, features)`"
        )),
        [outer, .., features] => diagnostic.help(format!(
            "write `reshape({}, {features})` before it, or another `reshape(time, features)`; axis 0 alone has {outer}",
            input.shape.elements() / features.max(1)
        )),
        _ => diagnostic.help("write `reshape(time, features)` before it"),
    }
}

/// What is to be divided into equal parts.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// What is divided: `features`.
    pub whole: &'a str,
    /// Into what: `heads`.
    pub part: &'a str,
    /// How many there are.
    pub has: usize,
    /// Into how many parts they are to go.
    pub asked: usize,
}

/// E0411: heads that do not divide the features, groups that do not divide the channels.
#[must_use]
pub fn indivisible(span: Span, input: Side<'_>, kind: &str, parts: Parts<'_>) -> Diagnostic {
    let Parts { whole, part, has, asked } = parts;
    let small = (1..=has.isqrt()).filter(|count| has.is_multiple_of(*count));
    let fitting: Vec<usize> = small.flat_map(|count| [count, has / count]).collect();
    let below = fitting.iter().filter(|count| **count < asked).max();
    let above = fitting.iter().filter(|count| **count > asked).min();
    let near: Vec<String> = below.into_iter().chain(above).map(|count| format!("`{kind}({count})`")).collect();
    let multiple = has.div_ceil(asked).saturating_mul(asked);
    Diagnostic::error(
        Code("E0411"),
        format!("`{kind}` divides {has} {whole} into {asked} {part}: {} are left over", has % asked),
        span,
        format!("{asked} {part} do not divide {has} {whole}"),
    )
    .label(input.span, input.label())
    .help(format!("write {}, or give it {multiple} {whole}", near.join(" or ")))
}

/// E0412: a norm over the batch that has one value of each channel to look at.
#[must_use]
pub fn one_value(span: Span, layer: &str, channels: usize, data: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0412"),
        format!("`{layer}` has one value for each channel: less its mean it is 0, and no gradient passes"),
        span,
        format!("{channels} channels of 1 value, in a batch of 1 example"),
    )
    .label(data, "the batch has 1 example")
    .help("write `batch: 2` or more, or `layer_norm`, which looks at one example at a time")
}

fn elements(count: usize) -> String {
    if count == 1 { "1 element".to_owned() } else { format!("{count} elements") }
}

fn axes(shape: &Shape) -> String {
    if shape.rank() == 1 { "1 axis".to_owned() } else { format!("{} axes", shape.rank()) }
}
