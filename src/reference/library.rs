//! Activations, losses and init rules: the prelude's own text, its comments, and the derivatives that gradc takes of it.

use super::Entry;
use crate::model::{self, LossTerm, Model, Options, intrinsics, settings};
use crate::scalar::{Function, derivative, stabilise};
use crate::source::{Source, Sources};
use crate::syntax;
use crate::syntax::ast::{Definition, DefinitionKind, Item};
use crate::syntax::print::print_expression;

/// Their entries, and those of the intrinsics.
pub(super) fn entries() -> Vec<Entry> {
    let mut sources = Sources::new();
    let prelude = model::prelude(&mut sources);
    let mut entries = Vec::new();
    for item in &prelude.items {
        if let Item::Definition(definition) = item {
            let source = sources.get(definition.span.source);
            entries.push(entry(definition, &comment_above(&source.text, sources.line(definition.span))));
        }
    }
    entries.extend(
        settings::DISTRIBUTIONS
            .iter()
            .map(|word| super::words::word(word, "inits", &|call| format!("weights: {call}"))),
    );
    for name in intrinsics::ROW_FUNCTIONS {
        let (formula, derivative) = if name == "softmax" {
            ("`softmax(z)ᵢ = exp(zᵢ) / Σⱼ exp(zⱼ)`", "`∂softmaxᵢ/∂zⱼ = softmaxᵢ · (δᵢⱼ − softmaxⱼ)`")
        } else {
            ("`log_softmax(z)ᵢ = zᵢ − log Σⱼ exp(zⱼ)`", "`∂log_softmaxᵢ/∂zⱼ = δᵢⱼ − softmaxⱼ`")
        };
        entries.push(Entry {
            name: name.to_owned(),
            group: "activations",
            summary: "over the last axis, not elementwise; stable for any z".to_owned(),
            body: format!("- formula: {formula}\n- derivative: {derivative}\n- use: as a layer, `{name}`"),
        });
    }
    entries.extend(intrinsics::FUNCTIONS.iter().map(|function| Entry {
        name: function.name.to_owned(),
        group: "functions",
        summary: function.summary.to_owned(),
        body: format!("- arguments: {}", function.arity()),
    }));
    entries
}

fn entry(definition: &Definition, comment: &str) -> Entry {
    let name = &definition.name.name;
    let parameters: Vec<String> = definition
        .parameters
        .iter()
        .map(|parameter| match &parameter.default {
            Some(default) => format!("{} = {}", parameter.name.name, print_expression(default)),
            None => parameter.name.name.clone(),
        })
        .collect();
    let body = print_expression(&definition.body);
    let formula = match intrinsics::find(name).filter(|_| body == format!("{name}({})", parameters.join(", "))) {
        Some(function) => format!("- formula: `{body}` is the compiler's own: {}", function.summary),
        None => format!("- formula: `{name}({}) = {body}`", parameters.join(", ")),
    };
    let own: Vec<&str> = definition
        .parameters
        .iter()
        .filter(|parameter| parameter.default.is_some())
        .map(|parameter| parameter.name.name.as_str())
        .collect();
    let example = match (definition.kind, own.first()) {
        (_, None) => name.clone(),
        (_, Some(first)) => format!("{name}({first}: …)"),
    };
    let mut lines = vec![formula];
    let group = match definition.kind {
        DefinitionKind::Activation => {
            lines.extend(slope(name, &own));
            lines.push(format!("- use: `dense(30, {name})`, or as a layer, `{example}`"));
            "activations"
        }
        DefinitionKind::Loss => {
            lines.push(loss_slope(name, &own));
            lines.push(format!("- use: `loss: {example}`"));
            "losses"
        }
        DefinitionKind::Init => {
            lines.push(format!("- use: `weights: {example}`"));
            "inits"
        }
    };
    let summary = if comment.is_empty() { alias_of(definition) } else { comment.to_owned() };
    Entry { name: name.clone(), group, summary, body: lines.join("\n") }
}

/// What is said of a definition without a comment: it is made of another.
fn alias_of(definition: &Definition) -> String {
    format!("the same as `{}`", print_expression(&definition.body))
}

/// Functions that only the compiler writes, in derivatives.
const INNER: [(&str, &str); 3] = [
    ("sigmoid_derivative", "`sigmoid(x) * (1 - sigmoid(x))`"),
    ("tanh_derivative", "`1 - tanh(x) ^ 2`"),
    ("erfc", "`1 - erf(x)`"),
];

/// The derivative as our calculus takes it, with the settings at their defaults.
fn slope(name: &str, settings: &[&str]) -> Option<String> {
    let model = model_of(&format!("network n {{ input(1); {name} }}\n"));
    let function = model.layers.iter().find_map(|layer| layer.activation.as_ref()?.function.clone())?;
    Some(derivative_line(&function, 0, &["x"], if settings.is_empty() { "" } else { " (with the defaults)" }))
}

/// The same of a loss, by its prediction.
fn loss_slope(name: &str, settings: &[&str]) -> String {
    let model = model_of(&format!("network n {{ input(1); dense(1); loss: {name} }}\n"));
    let loss = model.loss.expect("the network names one");
    let arguments: Vec<&str> = loss
        .terms
        .iter()
        .map(|term| match term {
            LossTerm::Prediction => "y",
            LossTerm::Target => "t",
            LossTerm::Softmax | LossTerm::LogSoftmax => "",
        })
        .collect();
    if arguments.contains(&"") {
        return "- derivative: `softmax(y) - t`, divided by the positions; `t` is the smoothed target".to_owned();
    }
    let by = arguments.iter().position(|argument| *argument == "y").expect("a loss looks at the prediction");
    let given = if settings.is_empty() { " (of one output)" } else { " (of one output, with the defaults)" };
    derivative_line(&loss.function, by, &arguments, given)
}

/// The model of a text that has no mistake.
fn model_of(text: &str) -> Model {
    let mut sources = Sources::new();
    let prelude = model::prelude(&mut sources);
    let id = sources.add(Source::new("reference", text.to_owned()));
    let parsed = syntax::parse(&sources, id);
    let checked = model::check(&mut sources, &prelude, &parsed.file, &Options::default());
    checked.model.expect("a word of the prelude can be used")
}

fn derivative_line(function: &Function, by: usize, arguments: &[&str], given: &str) -> String {
    let slope = stabilise(&derivative(function, by));
    let names: Vec<String> = arguments.iter().map(|name| (*name).to_owned()).collect();
    let (bindings, results) = slope.statements(&names);
    let mut text = format!("- derivative: `{}`", results.join(", "));
    if !bindings.is_empty() {
        text.push_str(&format!(", where `{}`", bindings.join("`, `")));
    }
    text.push_str(given);
    for (inner, meaning) in INNER {
        if text.contains(&format!("{inner}(")) {
            text.push_str(&format!("; `{inner}(x)` is {meaning}, accurate where that is small"));
        }
    }
    text
}

/// The comment above a line of the prelude (from 1), as one line of text; definitions that stand together share it.
fn comment_above(text: &str, line: usize) -> String {
    let above: Vec<&str> = text.lines().take(line - 1).collect();
    let group = above.iter().rev().take_while(|line| !line.is_empty());
    let mut comment: Vec<&str> = group.filter_map(|line| line.strip_prefix('#')).map(str::trim).collect();
    comment.reverse();
    comment.join(" ")
}

#[cfg(test)]
mod tests {
    use super::{comment_above, entries};
    use crate::model::check::PRELUDE;

    #[test]
    fn every_definition_of_the_prelude_is_told() {
        let entries = entries();
        let starts = ["activation ", "loss ", "init "];
        for line in PRELUDE.lines().filter(|line| starts.iter().any(|start| line.starts_with(start))) {
            let name = line.split([' ', '(']).nth(1).expect("a definition has a name");
            let entry = entries.iter().find(|entry| entry.name == name && entry.group != "functions");
            assert!(entry.is_some_and(|entry| !entry.summary.is_empty()), "{name}");
        }
    }

    #[test]
    fn the_comment_above_is_joined() {
        assert_eq!(comment_above("# no\n\n# one\n# two\nx\n", 5), "one two");
        assert_eq!(comment_above("# no\n\nx\n", 3), "");
        assert_eq!(comment_above("# of both\nx\ny\n", 3), "of both");
    }
}
