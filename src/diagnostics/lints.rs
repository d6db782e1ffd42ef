//! `W…`: what compiles and is probably not meant.

use super::{Code, Diagnostic};
use crate::numbers::{factor, share};
use crate::source::{Ident, Span};

/// W0001: two linear layers that are one.
#[must_use]
pub fn linear_pair((first, first_span): (&str, Span), (second, second_span): (&str, Span)) -> Diagnostic {
    Diagnostic::warning(
        Code("W0001"),
        format!("`{first}` and `{second}` have no activation between them"),
        first_span,
        "has no activation",
    )
    .label(second_span, format!("`{second}` takes its output as it is"))
    .note("two linear layers can compute no more than one")
    .help(format!("give `{first}` an activation, as in `dense(…, tanh)`, or `linear` where a linear network is meant"))
}

/// W0002: an activation that the loss applies once more.
#[must_use]
pub fn activation_inside_loss(
    (activation, span): (&str, Span),
    layer: &str,
    (loss, loss_span): (&str, Span),
    inside: &str,
) -> Diagnostic {
    Diagnostic::warning(
        Code("W0002"),
        format!("`{loss}` has a {inside} inside, and gets what is `{activation}` already"),
        span,
        format!("`{layer}` ends the network with `{activation}`"),
    )
    .label(loss_span, format!("applies the {inside} itself"))
    .note("applied twice, the slopes multiply, and the gradient of the loss is smaller from the start")
    .help(format!("leave `{activation}` out"))
}

/// W0003: units that start equal and stay equal.
#[must_use]
pub fn symmetric(rule: Span, layer: &str, layer_span: Span, units: usize, constant: f64) -> Diagnostic {
    Diagnostic::warning(
        Code("W0003"),
        format!("all {units} units of `{layer}` start equal"),
        rule,
        format!("every weight is {constant}"),
    )
    .label(layer_span, "its units compute the same")
    .note("equal units have equal gradients and stay equal: the layer is as good as one unit")
    .help("draw the weights from a distribution, as in `weights: xavier_uniform`")
}

/// W0004: a rule whose gradient shrinks or grows where another's would not.
#[must_use]
pub fn unsuited_rule(
    rule: Span,
    layer: Span,
    activation: &str,
    (chi, factor): (f64, f64),
    (better, better_chi): (&str, f64),
    is_default: bool,
) -> Diagnostic {
    let change =
        if factor < 1.0 { format!("shrink {:.2}-fold", 1.0 / factor) } else { format!("grow {factor:.2}-fold") };
    let diagnostic = Diagnostic::warning(
        Code("W0004"),
        format!("the weights do not suit `{activation}`"),
        rule,
        format!("lets the gradient {change} in each layer (χ = {chi:.2})"),
    );
    let diagnostic =
        if rule == layer { diagnostic } else { diagnostic.label(layer, format!("through `{activation}` here")) };
    let diagnostic = if is_default { diagnostic.note("it is the default, `xavier_uniform`") } else { diagnostic };
    diagnostic.help(format!("`weights: {better}` keeps it (χ = {better_chi:.2})"))
}

/// W0008: weights that keep the gradient, and saturate the activation for it.
#[must_use]
pub fn auto_saturates(rule: Span, layer: Span, activation: &str, deviation: f64, saturated: f64) -> Diagnostic {
    Diagnostic::warning(
        Code("W0008"),
        format!("`auto` has a price with `{activation}`: weights of {deviation:.1} / sqrt(fan_in)"),
        rule,
        format!("keeps the gradient only where {} of the entries are saturated", share(saturated)),
    )
    .label(layer, format!("through `{activation}` here"))
    .note(format!(
        "the signal then comes to rest where so many entries, beyond what is usual, have |{activation}′| below a twentieth of its \
         largest value"
    ))
}

/// W0009: skips around layers whose gradient is kept already.
#[must_use]
pub fn auto_beside_skips(rule: Span, first: Span, skips: usize, factor_of_all: f64) -> Diagnostic {
    Diagnostic::warning(
        Code("W0009"),
        format!("`auto` looks at each layer alone; {skips} skips add to what it keeps"),
        rule,
        "keeps the gradient within the body of a `residual`",
    )
    .label(first, "what goes round it is added to that")
    .note(format!(
        "each `residual` multiplies the gradient by √2 = ×1.41 then, all {skips} of them by {}: beside a skip no variance but 0 \
         keeps it",
        factor(factor_of_all)
    ))
}

/// W0005: a definition that nothing uses.
#[must_use]
pub fn never_used(name: &Ident, what: &str) -> Diagnostic {
    Diagnostic::warning(
        Code("W0005"),
        format!("the {what} `{}` is never used", name.name),
        name.span,
        "nothing names it",
    )
    .fix("remove it, or begin its name with `_`", name.span, format!("_{}", name.name))
}

/// W0006: a definition that hides one of the prelude.
#[must_use]
pub fn shadows_prelude(name: &Ident, what: &str, shadowed: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::warning(
        Code("W0006"),
        format!("the {what} `{}` hides the one of the prelude", name.name),
        name.span,
        "in this file it means this",
    );
    let diagnostic = match shadowed {
        Some(place) => diagnostic.label(place, "the prelude's"),
        None => diagnostic,
    };
    diagnostic.fix("give it a name of its own", name.span, format!("my_{}", name.name))
}

/// Codes of earlier versions, whose pages say what they meant. No diagnostic has them again.
pub const RETIRED: [Code; 2] = [Code("E0299"), Code("W0007")];
