//! `E05xx`: the right type and a value that cannot be.

use super::{Code, Diagnostic};
use crate::numbers::bytes;
use crate::source::Span;

/// E0501: a compile-time result that is not finite.
#[must_use]
pub fn not_finite(span: Span, value: f64) -> Diagnostic {
    let (message, label) = if value.is_nan() {
        ("the result is not a number", "this is NaN")
    } else {
        ("the result is not finite", "this is infinite")
    };
    Diagnostic::error(Code("E0501"), message, span, label)
        .help("keep every step within the range of f64; where an infinite value is meant, write `inf`")
}

/// E0502: a fraction where a whole number is wanted.
#[must_use]
pub fn not_whole(span: Span, what: &str, number: f64) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code("E0502"), format!("{what} must be a whole number"), span, format!("this is {number}"));
    if number.is_finite() && number.abs() < 1e9 {
        let (below, above) = (number.floor(), number.ceil());
        diagnostic.help(format!("write {below} or {above}, or round it: `round(…)`"))
    } else {
        diagnostic.help("write a whole number")
    }
}

/// E0503: a whole number below what makes sense.
#[must_use]
pub fn too_small(span: Span, what: &str, number: f64, least: usize) -> Diagnostic {
    Diagnostic::error(Code("E0503"), format!("{what} must be {least} or more"), span, format!("this is {number}"))
        .help(format!("write {least} or more"))
}

/// E0503: a number outside its range.
#[must_use]
pub fn out_of_range(span: Span, what: &str, number: f64, bounds: &str) -> Diagnostic {
    Diagnostic::error(Code("E0503"), format!("{what} must be {bounds}"), span, format!("this is {number}"))
        .help(format!("write a number that is {bounds}"))
}

/// E0503: the ends of a range the wrong way round.
#[must_use]
pub fn ends_exchanged(span: Span, low_span: Option<Span>, low: f64, high: f64) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code("E0503"),
        format!("the low end, {low}, is above the high end, {high}"),
        span,
        "an empty range",
    );
    let diagnostic = match low_span {
        Some(low_span) => diagnostic.label(low_span, format!("this is {low}")),
        None => diagnostic,
    };
    diagnostic.help("exchange the two")
}

/// E0503: more entries than a row has.
#[must_use]
pub fn more_entries_than_inputs(span: Span, nonzeros: usize, fan_in: usize) -> Diagnostic {
    Diagnostic::error(
        Code("E0503"),
        format!("`sparse` draws {nonzeros} entries into each unit, of {fan_in}"),
        span,
        format!("a unit has {fan_in} inputs"),
    )
    .help(format!("write {fan_in} or fewer"))
}

/// E0504: a whole number beyond all sizes.
#[must_use]
pub fn uncountable(span: Span, what: &str, number: f64) -> Diagnostic {
    Diagnostic::error(
        Code("E0504"),
        format!("{what} is larger than anything that fits into memory"),
        span,
        format!("this is {number:e}"),
    )
    .help("write a number that a machine can hold")
}

/// E0504: a layer that alone is over the limit.
#[must_use]
pub fn layer_too_large(span: Span, name: &str, need: u128, limit: u128, what: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0504"),
        format!("`{name}` needs {}, and the limit is {}", bytes(need), bytes(limit)),
        span,
        what,
    )
    .note("values and their gradients, without the copies that an optimizer keeps")
    .help("make it smaller, or raise `--memory-limit`")
}

/// E0504: layers that together are over the limit.
#[must_use]
pub fn network_too_large(
    name: Span,
    need: u128,
    limit: u128,
    (layer, largest, place): (&str, u128, Span),
) -> Diagnostic {
    Diagnostic::error(
        Code("E0504"),
        format!("the network needs {}, and the limit is {}", bytes(need), bytes(limit)),
        name,
        format!("all its layers together need {}", bytes(need)),
    )
    .label(place, format!("`{layer}` needs most, {}", bytes(largest)))
    .note("values and their gradients, without the copies that an optimizer keeps")
    .help("make it smaller, or raise `--memory-limit`")
}

/// E0505: more layers than a network may have.
#[must_use]
pub fn too_many_layers(span: Span, turns: usize, per_turn: usize, most: usize) -> Diagnostic {
    let message = format!("a network has at most {most} layers");
    let label = match (turns, per_turn) {
        (1, 1) => "this one is too many".to_owned(),
        (turns, 1) => format!("{turns} layers with this"),
        (turns, per_turn) => format!("{turns} turns of {per_turn} layers or more"),
    };
    Diagnostic::error(Code("E0505"), message, span, label).help("let it repeat less often")
}

/// E0505: blocks in blocks in blocks.
#[must_use]
pub fn blocks_too_deep(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0505"), "layers nest too deeply", span, "stands in too many blocks and containers")
        .help("use fewer blocks within blocks")
}

/// E0506: `auto` where no variance keeps the gradient.
#[must_use]
pub fn no_critical_variance(rule: Span, activation: &str, layer: Span, reason: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0506"),
        format!("`auto` finds no variance for `{activation}`"),
        rule,
        "solves for the variance at which the gradient neither grows nor shrinks",
    )
    .label(layer, format!("`{activation}`: {reason}"))
    .help("name a rule, such as `xavier_normal`, for this layer: `weights:`")
}

/// E0507: more parameters than a definition may have.
#[must_use]
pub fn too_many_parameters(surplus: Span, most: usize) -> Diagnostic {
    Diagnostic::error(
        Code("E0507"),
        format!("a definition has at most {most} parameters"),
        surplus,
        "this one is too many",
    )
    .help("split the definition")
}

/// E0507: a definition that does not end in time.
#[must_use]
pub fn too_large(span: Span, too_deep: bool) -> Diagnostic {
    let (message, label) = if too_deep {
        ("definitions are nested too deeply", "reached through too many others")
    } else {
        ("the expression is too large", "with all that it calls put in")
    };
    Diagnostic::error(Code("E0507"), message, span, label).help("write it in fewer steps")
}
