//! Layer kinds and the words of the settings, out of their tables.

use super::Entry;
use crate::model::layers::{self, Body, Kind, Weighted};
use crate::model::settings::{self, Key, Word};
use crate::model::signature::{Otherwise, Parameter, Takes};

/// The layer kinds.
pub(super) fn layers() -> Vec<Entry> {
    layers::CATALOG.iter().map(|kind| layer(kind)).collect()
}

fn layer(kind: &Kind) -> Entry {
    let mut body = kind.documentation.to_owned();
    let mut lines = parameters(kind.parameters);
    match kind.weighted {
        Weighted::Never => {}
        Weighted::Both => lines.push("- `weights:`, `biases:`: init rules in place of the network's".to_owned()),
        Weighted::WeightsOnly => lines.push("- `weights:`: an init rule in place of the network's".to_owned()),
        Weighted::Norm => {
            lines.push(
                "- `weights:`, `biases:`: init rules in place of 1 and 0; `biases: none` leaves `bias` out".to_owned(),
            );
        }
        Weighted::Scale => lines.push("- `weights:`: an init rule in place of 1".to_owned()),
        Weighted::Table => lines.push("- `weights:`: an init rule in place of normal(0, 1)".to_owned()),
    }
    if kind.weighted != Weighted::Never {
        lines.push("- `frozen:`: `true` measures its gradient and leaves it as it is; default `false`".to_owned());
    }
    match kind.body {
        Body::None => {}
        Body::Layers => lines.push("- `{ … }`: layers".to_owned()),
        Body::Branches => lines.push("- `{ … }`: any number of `branch { … }`".to_owned()),
    }
    if !lines.is_empty() {
        body.push_str("\n\n");
        body.push_str(&lines.join("\n"));
    }
    Entry {
        name: kind.name.to_owned(),
        group: "layers",
        summary: kind.summary.to_owned(),
        body: body.trim().to_owned(),
    }
}

/// The keys of the blocks, and the words that are their values.
pub(super) fn settings() -> Vec<Entry> {
    let blocks: [(&str, &[Key]); 4] = [
        ("network", settings::NETWORK_KEYS),
        ("data", settings::DATA_KEYS),
        ("train", settings::TRAIN_KEYS),
        ("report", settings::REPORT_KEYS),
    ];
    let keys = blocks.iter().flat_map(|(block, keys)| {
        keys.iter().map(move |key| Entry {
            name: key.name.to_owned(),
            group: "settings",
            summary: key.summary.to_owned(),
            body: format!("- use: `{block} {}{{ {}: … }}`", if *block == "network" { "NAME " } else { "" }, key.name),
        })
    });
    let mut entries: Vec<Entry> = keys.collect();
    let tables: [(&str, &[Word], &str); 5] = [
        ("sources", settings::SOURCES, "data { source: "),
        ("optimizers", settings::OPTIMIZERS, "train { optimizer: "),
        ("schedules", settings::SCHEDULES, "train { schedule: "),
        ("schedules", settings::CLIPS, "train { clip: "),
        ("schedules", settings::CONSTRAINTS, "train { constrain: "),
    ];
    for (group, words, before) in tables {
        entries.extend(words.iter().map(|entry| word(entry, group, &|call| format!("{before}{call} }}"))));
    }
    entries
}

/// A word that is used like a call; `used` puts the call where it stands.
pub(super) fn word(word: &Word, group: &'static str, used: &dyn Fn(&str) -> String) -> Entry {
    let needed: Vec<String> = word
        .parameters
        .iter()
        .filter(|parameter| parameter.otherwise == Otherwise::Required)
        .map(|parameter| if parameter.positional { "…".to_owned() } else { format!("{}: …", parameter.name) })
        .collect();
    let call = if needed.is_empty() { word.name.to_owned() } else { format!("{}({})", word.name, needed.join(", ")) };
    let mut lines = parameters(word.parameters);
    lines.push(format!("- use: `{}`", used(&call)));
    Entry { name: word.name.to_owned(), group, summary: word.summary.to_owned(), body: lines.join("\n") }
}

fn parameters(parameters: &[Parameter]) -> Vec<String> {
    parameters.iter().map(parameter).collect()
}

/// ``- `rate`: the learning rate; a number greater than 0``
fn parameter(parameter: &Parameter) -> String {
    let takes = match parameter.takes {
        Takes::Count { least } => format!("a whole number, {least} or more"),
        Takes::Counts => "one or more whole numbers".to_owned(),
        Takes::Sizes { least, word } => {
            let word = word.map(|word| format!(", or `{word}`")).unwrap_or_default();
            format!("a whole number, {least} or more, or a list of one for each axis{word}")
        }
        Takes::Number(bounds) => match bounds.words() {
            words if words.starts_with("a ") => words.to_owned(),
            words => format!("a number, {words}"),
        },
        Takes::Boolean => "`true` or `false`".to_owned(),
        Takes::Switch => "`on` or `off`".to_owned(),
        Takes::Text => "a string".to_owned(),
        Takes::Word(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or "),
        Takes::Activation => "an activation".to_owned(),
        Takes::Layer => "the label or name of an earlier layer".to_owned(),
    };
    let default = match parameter.otherwise {
        Otherwise::Required => String::new(),
        Otherwise::Absent => "; may be left out".to_owned(),
        Otherwise::Count(count) => format!("; default `{count}`"),
        Otherwise::Number(number) => format!("; default `{}`", crate::syntax::print::number(number)),
        Otherwise::Boolean(boolean) => format!("; default `{boolean}`"),
        Otherwise::Word(word) if parameter.takes == Takes::Text => format!("; default `\"{word}\"`"),
        Otherwise::Word(word) => format!("; default `{word}`"),
    };
    let by_name = if parameter.positional { "" } else { ":" };
    format!("- `{}{by_name}`: {}; {takes}{default}", parameter.name, parameter.summary)
}
