//! `E02xx`: names that are unknown, defined twice, recursive, or not to be had.

use super::near::{is_same_word, nearest};
use super::{Code, Diagnostic};
use crate::source::{Ident, Span};

/// The longest list that is shown where no name is near.
const LISTED: usize = 12;

/// E0201: a name that nothing has.
#[must_use]
pub fn unknown<'a>(what: &str, name: &Ident, candidates: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    if let Some(habit) = super::habits::python_word(what, name) {
        return habit;
    }
    let mut candidates: Vec<&str> = candidates.into_iter().collect();
    candidates.sort_unstable();
    candidates.dedup();
    let label = if what == "name" { "nothing has this name".to_owned() } else { format!("no {what} of this name") };
    let diagnostic = Diagnostic::error(Code("E0201"), format!("unknown {what} `{}`", name.name), name.span, label);
    if let Some(same) = candidates.iter().find(|candidate| is_same_word(&name.name, candidate)) {
        return diagnostic.rewrite(format!("write `{same}`"), name.span, *same);
    }
    match nearest(&name.name, candidates.iter().copied()) {
        Some(near) => diagnostic.fix(format!("write `{near}`"), name.span, near),
        None if candidates.is_empty() && what == "param" => {
            diagnostic.help(format!("`param {} = …` defines one", name.name))
        }
        None if candidates.len() <= LISTED && !candidates.is_empty() => {
            diagnostic.help(format!("there are {}", listed(&candidates)))
        }
        None => match what {
            "activation" | "loss" => diagnostic.help(format!("`{what} {}(…) = …` defines one", name.name)),
            "init rule" => diagnostic.help(format!("`init {}(…) = …` defines one", name.name)),
            "name" => diagnostic.help(format!("`param {} = …` defines a value", name.name)),
            "layer kind" => diagnostic.help("`gradc reference layers` lists the layer kinds"),
            _ => diagnostic.help(format!("`gradc reference` lists every {what}")),
        },
    }
}

/// Names in backticks with "and" before the last.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

/// E0201: a param that stands further down.
#[must_use]
pub fn param_below(name: &Ident, below: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0201"),
        format!("the param `{}` is used before it is defined", name.name),
        name.span,
        "a param sees only the params above it",
    )
    .label(below, "defined here")
    .help(format!("move `param {} = …` up", name.name))
}

/// E0201: `fan_in` and the like outside an init rule.
#[must_use]
pub fn fan_out_of_place(name: &Ident) -> Diagnostic {
    Diagnostic::error(
        Code("E0201"),
        format!("`{}` is not in scope here", name.name),
        name.span,
        "only an init rule knows it",
    )
    .help("`fan_in`, `fan_out`, `fan_avg` and `layer_count` are in scope in the value of `weights:` and `biases:`, and in `init` definitions")
}

/// E0201: `outputs` and the like outside a loss.
#[must_use]
pub fn outputs_out_of_place(name: &Ident) -> Diagnostic {
    Diagnostic::error(Code("E0201"), format!("`{}` is not in scope here", name.name), name.span, "only a loss knows it")
        .help("`outputs`, `classes` and `positions` are in scope in `loss` definitions")
}

/// E0201: a path where a number is wanted.
#[must_use]
pub fn path_is_no_value(head: &Ident, span: Span) -> Diagnostic {
    let message = format!("`{}…` names a part of a layer, which is no value here", head.name);
    Diagnostic::error(Code("E0201"), message, span, "known only once the network runs")
        .help("only `expect` speaks of layers and their gradients, as in `expect norm(dense1.bias) < 1`")
}

/// E0202: a second definition of a name.
#[must_use]
pub fn defined_twice(name: &Ident, first: Span, what: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0202"),
        format!("the {what} `{}` is defined twice", name.name),
        name.span,
        "defined again here",
    )
    .label(first, "first defined here")
    .help("rename or remove one of them")
}

/// E0202: a param and a definition that a value could mean alike.
#[must_use]
pub fn param_and_definition(name: &Ident, definition: Span, keyword: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0202"),
        format!("`{}` is both a param and {} {keyword}", name.name, article(keyword)),
        name.span,
        "the param",
    )
    .label(definition, format!("the {keyword}"))
    .help("rename one of them")
}

/// "a" or "an".
pub(super) fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// E0202: a second network.
#[must_use]
pub fn second_network(name: &Ident, first: Span) -> Diagnostic {
    Diagnostic::error(Code("E0202"), "a file has one network", name.span, "a second one")
        .label(first, "the first one")
        .help("move one of them to a file of its own")
}

/// E0202: a second block of settings of one kind.
#[must_use]
pub fn second_block(keyword: &str, head: Span, first: Span) -> Diagnostic {
    Diagnostic::error(Code("E0202"), format!("a file has one `{keyword}` block"), head, "a second one")
        .label(first, "the first one")
        .help("put all settings into one block")
}

/// E0203: a definition in terms of itself.
#[must_use]
pub fn recursive(keyword: &str, name: &Ident, call: Span, cycle: &[&str]) -> Diagnostic {
    let way: Vec<String> = cycle.iter().chain(cycle.first()).map(|member| format!("`{member}`")).collect();
    let message = if cycle.len() == 1 {
        format!("the {keyword} `{}` is defined in terms of itself", name.name)
    } else {
        format!("the {keyword} `{}` is defined in terms of itself: {}", name.name, way.join(" → "))
    };
    Diagnostic::error(Code("E0203"), message, call, format!("leads back to `{}`", name.name))
        .label(name.span, "defined here")
        .help("a definition is put in wherever it is used, and this one would never end: write it without itself")
}

/// E0204: a name that the language keeps.
#[must_use]
pub fn belongs_to_the_language(name: &Ident, what: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0204"),
        format!("`{}` is {what} and cannot be defined", name.name),
        name.span,
        "the language has this name",
    )
    .fix("choose another name", name.span, format!("my_{}", name.name))
}

/// E0204: a param called `fan_in`.
#[must_use]
pub fn fan_name(name: &Ident) -> Diagnostic {
    Diagnostic::error(
        Code("E0204"),
        format!("`{}` is what init rules call the fans of a tensor and cannot be defined", name.name),
        name.span,
        "the language has this name",
    )
    .fix("choose another name", name.span, format!("my_{}", name.name))
}

/// E0205: a path that no layer has.
#[must_use]
pub fn unknown_layer(span: Span, written: &str, near: Option<&str>, layers: &[&str]) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(Code("E0205"), format!("unknown layer `{written}`"), span, "no layer of this name");
    match near {
        Some(near) => diagnostic.fix(format!("write `{near}`"), span, near),
        None if layers.is_empty() => diagnostic.help("label an earlier layer, as in `h = dense(30)`"),
        None if layers.len() <= LISTED => diagnostic.help(format!("there are {}", listed(layers))),
        None => diagnostic.help(format!("there are {} and others", listed(&layers[..LISTED]))),
    }
}

/// E0205: a layer that stands further down.
#[must_use]
pub fn layer_below(span: Span, written: &str, below: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0205"),
        format!("the layer `{written}` is used before it stands"),
        span,
        "a layer can name only the layers above it",
    )
    .label(below, "it stands here")
    .help("move the use below the layer")
}

/// E0205: a layer that is used within itself.
#[must_use]
pub fn layer_around(span: Span, name: &str, place: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0205"),
        format!("`{name}` is used within itself"),
        span,
        "what it hands on is not known here",
    )
    .label(place, format!("`{name}` opens here"))
    .help("name a layer that is complete")
}

/// E0205: a label that a repeat has made several layers of.
#[must_use]
pub fn label_of_several(span: Span, written: &str, head: &str, turns: usize) -> Diagnostic {
    Diagnostic::error(
        Code("E0205"),
        format!("unknown layer `{written}`: `{head}` stands in a `repeat`"),
        span,
        "which turn is not said",
    )
    .help(format!("write `{head}[1]`, and so on up to `{head}[{turns}]`"))
}

/// E0205: a label of the text around a block, named within it.
#[must_use]
pub fn label_outside_block(span: Span, written: &str, outside: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code("E0205"),
        format!("unknown layer `{written}`: it stands outside the block"),
        span,
        "a block knows its own labels only",
    );
    let diagnostic = match outside {
        Some(place) => diagnostic.label(place, "labelled here"),
        None => diagnostic,
    };
    diagnostic.help("label a layer of the block, or name the layer where the block is used")
}

/// E0205: a label that stands in a block.
#[must_use]
pub fn label_inside_block(span: Span, written: &str, inside: &str) -> Diagnostic {
    Diagnostic::error(
        Code("E0205"),
        format!("unknown layer `{written}`: it stands in a block"),
        span,
        "which use of the block is not said",
    )
    .fix(format!("write `{inside}`"), span, inside)
}

/// E0205: `dense1.wieght`
#[must_use]
pub fn unknown_member<const N: usize>(member: &Ident, whole: &str, members: [&str; N]) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        Code("E0205"),
        format!("`{whole}` is no gradient of a layer"),
        member.span,
        "no gradient of this name",
    );
    match nearest(&member.name, members) {
        Some(near) => diagnostic.fix(format!("write `{near}`"), member.span, near),
        None => diagnostic.help(format!("a layer has {}", listed(&members))),
    }
}

/// E0205: `first` of a network without such layers.
#[must_use]
pub fn no_first_layer(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(Code("E0205"), format!("there is no `{name}` layer"), span, "no dense layer in the network")
        .help("`first` and `last` are the first and last dense, convolutional, recurrent or attention layers")
}

/// E0206: a label that an unlabelled layer has by itself.
#[must_use]
pub fn automatic_name(label: &Ident, other: Span) -> Diagnostic {
    Diagnostic::error(
        Code("E0206"),
        format!("the label `{}` is the name of another layer", label.name),
        label.span,
        "labelled so here",
    )
    .label(other, format!("called `{}` by itself", label.name))
    .fix("choose another label", label.span, format!("my_{}", label.name))
}

/// E0207: a file without a network.
#[must_use]
pub fn no_network(end: Span, is_empty: bool) -> Diagnostic {
    let message = if is_empty { "the file is empty" } else { "the file has no network" };
    let smallest = "network example {\n  input(4)\n  dense(1)\n  loss: mse\n}\n";
    Diagnostic::error(Code("E0207"), message, end, "a network is missing").fix(
        "the smallest file is `network example { input(4); dense(1); loss: mse }`",
        end,
        if end.start == 0 { smallest.to_owned() } else { format!("\n\n{}", smallest.trim_end()) },
    )
}
