//! Habits: mistakes of those who come from PyTorch, Keras or Python, told in terms of what they know, each with the exact
//! rewrite where there is one.

use super::{Code, Diagnostic};
use crate::source::{Ident, Span};

/// What was written in another library's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The name as it is written: `nn.Linear`.
    pub foreign: String,
    /// What stands for the whole here: `dense(30)`; several layers on several lines.
    pub native: String,
    /// Whose word it is.
    pub library: &'static str,
    /// Whether it said the size that goes in.
    pub drops_size: bool,
}

/// A layer in another library's words. `code` is the parser's or the checker's, `indent` what stands before it on its line.
#[must_use]
pub fn foreign_layer(code: Code, span: Span, rewrite: &Rewrite, indent: &str) -> Diagnostic {
    let Rewrite { foreign, native, library, drops_size } = rewrite;
    let lines = native.lines().count();
    let help = match lines {
        1 => format!("write `{native}`"),
        _ if native.starts_with("network ") => "a network's layers stand one below the other".to_owned(),
        _ => "layers stand one below the other".to_owned(),
    };
    let name: &str = native.split_once(" = ").map_or(native, |(_, layer)| layer);
    let name = name.split(['(', '\n', ' ']).next().unwrap_or_default();
    let label = match lines {
        1 => format!("{library}'s name for `{name}`"),
        _ => format!("{library}'s way to put layers in a row"),
    };
    let mut diagnostic = Diagnostic::error(code, format!("unknown layer kind `{foreign}`"), span, label);
    if *drops_size {
        diagnostic =
            diagnostic.note("the size that goes in is known from the layer above; only what comes out is written");
    }
    diagnostic.rewrite(help, span, native.replace('\n', &format!("\n{indent}")))
}

/// E0201: `True`, `False` and `None`.
#[must_use]
pub fn python_word(what: &str, name: &Ident) -> Option<Diagnostic> {
    let native = match name.name.as_str() {
        "True" | "TRUE" => "true",
        "False" | "FALSE" => "false",
        "None" | "null" | "nil" => {
            return Some(
                Diagnostic::error(
                    Code("E0201"),
                    format!("unknown {what} `{}`", name.name),
                    name.span,
                    "there is no such value",
                )
                .help("leave out what has none; a network without biases says `biases: none`"),
            );
        }
        _ => return None,
    };
    let diagnostic = Diagnostic::error(
        Code("E0201"),
        format!("unknown {what} `{}`", name.name),
        name.span,
        "truth values are written small",
    );
    Some(diagnostic.rewrite(format!("write `{native}`"), name.span, native))
}

/// E0303: a name in quotes, where the name itself is wanted.
#[must_use]
pub fn quoted_name(span: Span, role: &str, name: &str) -> Diagnostic {
    Diagnostic::error(Code("E0303"), format!("expected {role}, found a string"), span, "a string").rewrite(
        format!("names stand without quotes: `{name}`"),
        span,
        name,
    )
}

/// E0301: an argument by the name that another library has for it.
#[must_use]
pub fn foreign_argument(name: &Ident, callee: &Ident, native: &'static str) -> Diagnostic {
    Diagnostic::error(
        Code("E0301"),
        format!("`{}` has no argument `{}`", callee.name, name.name),
        name.span,
        format!("called `{native}` here"),
    )
    .rewrite(format!("write `{native}`"), name.span, native)
}

/// E0301: a setting that stands elsewhere, or has another name.
#[must_use]
pub fn foreign_key(key: &Ident, block: &str) -> Option<Diagnostic> {
    let error = |label: &str| {
        let message = format!("`{block}` has no setting `{}`", key.name);
        Diagnostic::error(Code("E0301"), message, key.span, label)
    };
    let name = key.name.as_str();
    let renamed =
        |native: &str| error(&format!("called `{native}` here")).rewrite(format!("write `{native}`"), key.span, native);
    Some(match (block, name) {
        ("train", "lr" | "learning_rate" | "rate") => {
            error("the rate is the optimizer's").help("write it there: `optimizer: sgd(rate: 0.1)`")
        }
        ("train", "momentum" | "nesterov" | "betas" | "eps") => {
            error("an argument of the optimizer").help("write it there: `optimizer: sgd(rate: 0.1, momentum: 0.9)`")
        }
        ("train", "weight_decay" | "l2") => renamed("decay"),
        ("train", "opt" | "optim") => renamed("optimizer"),
        ("train", "iterations" | "max_steps" | "num_steps") => renamed("steps"),
        ("train", "num_epochs" | "max_epochs" | "n_epochs") => renamed("epochs"),
        ("train", "batch" | "batch_size") => {
            error("what a step sees is said of the data").help("write `batch:` in `data { … }`")
        }
        ("train", "loss" | "criterion") => {
            error("the loss is the network's").help("write `loss:` in `network NAME { … }`")
        }
        ("train", "scheduler" | "lr_schedule" | "lr_scheduler") => renamed("schedule"),
        ("data", "batch_size") => renamed("batch"),
        ("data", "dataset" | "path" | "train") => renamed("source"),
        ("network", "criterion" | "objective" | "loss_fn") => renamed("loss"),
        ("network", "init" | "initializer" | "kernel_initializer" | "weight_init") => renamed("weights"),
        ("network", "bias_initializer" | "bias_init") => renamed("biases"),
        ("network", "dtype") => renamed("precision"),
        ("network", "optimizer" | "steps" | "epochs") => {
            error("how it is trained is said elsewhere").help(format!("write it in `train {{ {name}: … }}`"))
        }
        ("network", "activation") => error("each layer has its own").help("name it in the layer: `dense(30, relu)`"),
        _ => return None,
    })
}

/// E0301: `loss = mse`, which reads as a layer with a label. `gap` runs from the label to the sign's end; it is tight where no
/// blank follows.
#[must_use]
pub fn setting_as_label(label: &Ident, kind: Span, (gap, is_tight): (Span, bool)) -> Diagnostic {
    let sign = if is_tight { ": " } else { ":" };
    Diagnostic::error(
        Code("E0301"),
        format!("the setting `{}` is written as a label", label.name),
        Span { end: kind.end, ..label.span },
        "`=` gives a layer a label",
    )
    .rewrite(format!("a setting is written `{}: …`", label.name), gap, sign)
}

/// E0303: `biases: False`.
#[must_use]
pub fn no_biases(span: Span) -> Diagnostic {
    Diagnostic::error(Code("E0303"), "a network without biases says `none`", span, "not an init rule").rewrite(
        "write `none`",
        span,
        "none",
    )
}
