//! The reference: every word of the language, from the tables that the compiler itself uses. `gradc reference` prints it, and
//! `docs/reference` holds it as pages, kept equal by a test.
//!
//! - `library.rs`: activations, losses and init rules, out of the prelude, with derivatives taken by our own calculus.
//! - `words.rs`: layer kinds, optimizers, sources and the other words of the settings, out of their tables.
//! - `editors.rs`: the same words as editors colour them.
//! - `quantities.rs`: what a report measures and an `expect` can speak of.

pub mod editors;
mod library;
mod quantities;
mod words;

use crate::diagnostics::near::{is_same_word, nearest};
use std::fmt::Write as _;

/// A part of the reference; a page of `docs/reference`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is called: `activations`.
    pub name: &'static str,
    /// One of it: `activation`.
    pub one: &'static str,
    /// What it holds, in one line.
    pub summary: &'static str,
}

const fn group(name: &'static str, one: &'static str, summary: &'static str) -> Group {
    Group { name, one, summary }
}

/// The parts, in order.
pub const GROUPS: &[Group] = &[
    group("layers", "layer", "what a network is made of, one statement each"),
    group("activations", "activation", "functions of one number, in a layer or as a layer of their own"),
    group("losses", "loss", "what is minimised: `loss: NAME` in the network"),
    group("inits", "init rule", "what weights and biases start from: `weights: NAME`, `biases: NAME`"),
    group("functions", "function", "numeric functions of every expression"),
    group("settings", "setting", "the keys of `network`, `data`, `train` and `report`"),
    group("sources", "data source", "where examples come from: `source: NAME(…)` in `data`"),
    group("optimizers", "optimizer", "how a gradient becomes a step: `optimizer: NAME(…)` in `train`"),
    group("schedules", "schedule", "how the rate changes, how gradients are clipped and weights bounded, in `train`"),
    group("statistics", "statistic", "what a report gives of every gradient"),
    group("expectations", "quantity", "what an `expect` can speak of"),
];

/// A word of the language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The word.
    pub name: String,
    /// The name of its group.
    pub group: &'static str,
    /// What it does, in one line.
    pub summary: String,
    /// The rest of its page, in Markdown; may be empty.
    pub body: String,
}

/// Every word, by groups, each in the order of its table.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let mut entries = words::layers();
    entries.extend(library::entries());
    entries.extend(words::settings());
    entries.extend(quantities::entries());
    let position = |entry: &Entry| GROUPS.iter().position(|group| group.name == entry.group);
    entries.sort_by_key(position);
    entries
}

/// What is meant by a topic: a group's page, or the entries of a name, of which several groups may have one.
///
/// # Errors
/// The name that is near, where there is one.
pub fn find(topic: &str) -> Result<String, Option<String>> {
    let entries = entries();
    if let Some(group) = GROUPS.iter().find(|group| group.name == topic) {
        return Ok(page(group, &entries));
    }
    let found: Vec<String> = entries.iter().filter(|entry| entry.name == topic).map(|entry| text(entry, "#")).collect();
    if !found.is_empty() {
        return Ok(found.join("\n"));
    }
    if let Some(group) = GROUPS.iter().find(|group| group.one == topic) {
        return Ok(page(group, &entries));
    }
    let names = || entries.iter().map(|entry| entry.name.as_str()).chain(GROUPS.iter().map(|group| group.name));
    let near = names().find(|name| is_same_word(name, topic)).or_else(|| nearest(topic, names()));
    Err(near.map(str::to_owned))
}

/// All groups with their words.
#[must_use]
pub fn contents() -> String {
    let entries = entries();
    let mut text = String::new();
    for group in GROUPS {
        writeln!(text, "{}: {}", group.name, group.summary.replace('`', "")).expect(MEMORY);
        let mut line = String::from(" ");
        for entry in entries.iter().filter(|entry| entry.group == group.name) {
            if line.chars().count() + 1 + entry.name.chars().count() > 78 {
                writeln!(text, "{line}").expect(MEMORY);
                line = String::from(" ");
            }
            line.push(' ');
            line.push_str(&entry.name);
        }
        writeln!(text, "{line}\n").expect(MEMORY);
    }
    text
}

/// The page of a group.
#[must_use]
pub fn page(group: &Group, entries: &[Entry]) -> String {
    let title: String =
        group.name.chars().take(1).flat_map(char::to_uppercase).chain(group.name.chars().skip(1)).collect();
    let mut page = format!("# {title}\n\n{}.\n", sentence(group.summary));
    for entry in entries.iter().filter(|entry| entry.group == group.name) {
        page.push('\n');
        page.push_str(&text(entry, "##"));
    }
    page
}

/// An entry under a heading of this depth.
fn text(entry: &Entry, heading: &str) -> String {
    let one = GROUPS.iter().find(|group| group.name == entry.group).map_or("", |group| group.one);
    let kind = if heading == "#" { format!(" ({one})") } else { String::new() };
    let mut text = format!("{heading} `{}`{kind}\n\n", entry.name);
    wrap(&end(&sentence(&entry.summary)), &mut text);
    if !entry.body.is_empty() {
        text.push('\n');
        entry.body.trim_end().lines().for_each(|line| wrap(line, &mut text));
    }
    text
}

/// The columns of a page.
const COLUMNS: usize = 100;

/// A line of a page, on several where it is longer; those of a list's entry are indented.
fn wrap(line: &str, text: &mut String) {
    let indent = if line.starts_with("- ") { "  " } else { "" };
    let mut column = 0;
    for word in line.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > COLUMNS {
            text.push('\n');
            text.push_str(indent);
            column = indent.len();
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text.push('\n');
}

/// Writing to a string.
const MEMORY: &str = "writing to memory does not fail";

/// With a capital, where it begins with a word that is no name.
fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    let is_name = matches!(first, "x" | "ln" | "sin" | "cos" | "tan" | "tanh");
    if is_name || !first.trim_end_matches([',', ':', ';']).chars().all(|character| character.is_ascii_lowercase()) {
        return text.to_owned();
    }
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |letter| letter.to_uppercase().chain(characters).collect())
}

/// With a full stop, where it has none.
fn end(text: &str) -> String {
    if text.ends_with(['.', ':', '!']) { text.to_owned() } else { format!("{text}.") }
}
