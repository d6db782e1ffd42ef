//! What is kept of a run, to hold later runs to: the report as it is read, and its exact numbers under it. A snapshot is one
//! text file that reads well in a pull request and holds no time, path, date or line number.
//!
//! - `facts.rs`: a report, or what a snapshot keeps of one, as a flat list of named facts.
//! - `compare.rs`: in which facts two reports differ.
//! - `table.rs`: those differences as a table, `lines.rs` the differing lines of two texts.
//! - `suggest.rs`: `expect` statements that a run satisfies.
//!
//! Nothing here touches files: `cli` reads and writes them.

pub mod compare;
pub mod facts;
pub mod lines;
pub mod suggest;
pub mod table;

use crate::diagnostics::Diagnostic;
use crate::diagnostics::render::render;
use crate::report::Report;
use crate::report::text::{self, Characters};
use crate::source::{SourceId, Sources};
use facts::Facts;
use serde_json::Value;

/// The version of the form.
const VERSION: &str = "1";
/// How the first line begins.
const MARK: &str = "gradc snapshot ";
/// The line between what people read and what is compared.
const EXACT: &str = "exact numbers:";
/// The most columns of a line of exact numbers.
const WIDTH: usize = 100;

/// What a file gave: a report, or mistakes.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// What people read; it ends in a newline.
    pub text: String,
    /// The exact numbers of a report; none where the file has mistakes.
    pub numbers: Option<Value>,
}

impl Snapshot {
    /// Of a run: its report, then its warnings and findings, a line each.
    #[must_use]
    pub fn of_report(report: &Report, warnings: &[Diagnostic]) -> Self {
        let mut read = text::render(report, Characters::Unicode);
        let warnings = warnings.iter().map(|warning| (warning.code.0, "warning", &warning.message));
        let findings = report.findings.iter().map(|found| (&*found.code, &*found.level, &found.message));
        for (index, (code, level, message)) in warnings.chain(findings).enumerate() {
            let gap = if index == 0 { "\n" } else { "" };
            read.push_str(&format!("{gap}{level}[{code}]: {message}\n"));
        }
        let whole = serde_json::to_value(report).expect("a report has string keys and no failing serializer");
        Self { text: read, numbers: Some(kept(&whole)) }
    }

    /// Of a file with mistakes: the mistakes as they are drawn, the file called by its last name alone.
    #[must_use]
    pub fn of_mistakes(mistakes: &[Diagnostic], sources: &Sources, file: SourceId, name: &str) -> Self {
        let sources = sources.renamed(file, name);
        let drawn: Vec<String> = mistakes.iter().map(|mistake| render(mistake, &sources, false)).collect();
        Self { text: drawn.join("\n"), numbers: None }
    }

    /// Whether it holds the mistakes of a file that cannot be run.
    #[must_use]
    pub const fn has_mistakes(&self) -> bool {
        self.numbers.is_none()
    }

    /// The facts of its numbers; none for mistakes.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.numbers.as_ref().map(Facts::of).unwrap_or_default()
    }

    /// As a file.
    #[must_use]
    pub fn print(&self) -> String {
        match &self.numbers {
            Some(numbers) => format!("{MARK}{VERSION}: report\n\n{}\n{EXACT}\n{}", self.text, print_filled(numbers)),
            None => format!("{MARK}{VERSION}: mistakes\n\n{}", self.text),
        }
    }

    /// Whether a text is meant to be a snapshot.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with(MARK)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, as a phrase.
    pub fn parse(file: &str) -> Result<Self, String> {
        // git may have written it with the line ends of another system.
        let file = file.replace("\r\n", "\n");
        let (head, rest) = file.split_once('\n').unwrap_or((&file, ""));
        let Some(head) = head.strip_prefix(MARK) else {
            return Err(format!("it does not begin with `{}`", MARK.trim_end()));
        };
        let (version, kind) = head.split_once(": ").unwrap_or((head, ""));
        if version != VERSION {
            return Err(format!("it has the form of version {version}, and this gradc writes version {VERSION}"));
        }
        let text = rest.strip_prefix('\n').unwrap_or(rest);
        match kind {
            "mistakes" => Ok(Self { text: text.to_owned(), numbers: None }),
            "report" => {
                let Some((text, numbers)) = text.rsplit_once(&format!("\n{EXACT}\n")) else {
                    return Err(format!("it has no line `{EXACT}`"));
                };
                let numbers: Value = serde_json::from_str(numbers)
                    .map_err(|error| format!("its exact numbers cannot be read: {error} there"))?;
                Ok(Self { text: text.to_owned(), numbers: Some(numbers) })
            }
            _ => Err("its first line names neither `report` nor `mistakes`".to_owned()),
        }
    }
}

/// Of a report as JSON, what a snapshot keeps; of what a snapshot keeps, the same. Sentences are in its text; lines move with
/// every comment; means, maxima and histograms say nothing that the norms do not.
#[must_use]
pub fn kept(report: &Value) -> Value {
    let mut report = report.clone();
    keep(&mut report, &REPORT);
    if let Some(verdict) = report.get_mut("verdict") {
        keep(verdict, &["word", "words", "ratio", "factor_per_layer", "seeds"]);
    }
    if let Some(training) = report.get_mut("training") {
        keep(training, &["updates", "end"]);
    }
    for finding in elements(report.get_mut("findings")) {
        keep(finding, &["code", "level", "layer"]);
    }
    for step in elements(report.get_mut("steps")) {
        keep(step, &["step", "loss", "accuracy", "test_loss", "test_accuracy", "layers", "input"]);
        keep_tensor(step.get_mut("input"));
        for layer in elements(step.get_mut("layers")) {
            keep(layer, &LAYER);
            for tensor in ["weight", "bias", "pre_activation", "output"] {
                keep_tensor(layer.get_mut(tensor));
            }
            if let Some(forward) = layer.get_mut("forward") {
                keep(forward, &["rms"]);
            }
            // The activation's part is what is left of the whole.
            if let Some(factor) = layer.get_mut("factor") {
                keep(factor, &["measured", "weights"]);
            }
        }
    }
    report
}

/// What is kept of the whole.
const REPORT: [&str; 10] =
    ["schema", "network", "seed", "precision", "batch", "synthetic_data", "verdict", "steps", "training", "findings"];

/// What is kept of a layer.
const LAYER: [&str; 15] = [
    "name",
    "kind",
    "shape",
    "activation",
    "parameters",
    "weight",
    "bias",
    "pre_activation",
    "output",
    "forward",
    "saturated",
    "dead",
    "update_ratio",
    "factor",
    "verdict",
];

fn keep_tensor(tensor: Option<&mut Value>) {
    if let Some(tensor) = tensor {
        keep(tensor, &["l2", "zero_fraction"]);
        if let Value::Object(members) = tensor {
            members.retain(|name, value| name != "zero_fraction" || value.as_f64() != Some(0.0));
        }
    }
}

/// Leaves these members of an object, and of them those that are something.
fn keep(object: &mut Value, names: &[&str]) {
    if let Value::Object(members) = object {
        members.retain(|name, value| names.contains(&name.as_str()) && !value.is_null());
    }
}

/// The elements of a list, none of anything else.
fn elements(list: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    list.and_then(Value::as_array_mut).into_iter().flatten()
}

/// JSON whose lines are filled to `WIDTH` columns: what fits on a line stands on one; lists of objects have a line each.
fn print_filled(value: &Value) -> String {
    let mut text = String::new();
    fill(value, 0, &mut text);
    text.push('\n');
    text
}

/// Writes `value` behind what stands on the last line of `text`.
fn fill(value: &Value, indent: usize, text: &mut String) {
    let short = print_short(value);
    if column(text) + short.chars().count() < WIDTH {
        text.push_str(&short);
        return;
    }
    let inner = indent + 2;
    let new_line = |text: &mut String, indent: usize| {
        text.push('\n');
        text.push_str(&" ".repeat(indent));
    };
    match value {
        Value::Array(elements) => {
            text.push('[');
            for (index, element) in elements.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                new_line(text, inner);
                fill(element, inner, text);
            }
            new_line(text, indent);
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (index, (name, member)) in members.iter().enumerate() {
                let name = format!("{}: ", Value::from(name.as_str()));
                text.push_str(if index == 0 { "" } else { "," });
                let length = name.chars().count() + print_short(member).chars().count();
                if index == 0 || column(text) + 1 + length >= WIDTH {
                    new_line(text, inner);
                } else {
                    text.push(' ');
                }
                text.push_str(&name);
                fill(member, inner, text);
            }
            new_line(text, indent);
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text.push_str(&short),
    }
}

/// How many characters stand on the last line.
fn column(text: &str) -> usize {
    text.chars().rev().take_while(|character| *character != '\n').count()
}

/// JSON on one line, with a blank after each comma and colon.
fn print_short(value: &Value) -> String {
    match value {
        Value::Array(elements) => format!("[{}]", elements.iter().map(print_short).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("{}: {}", Value::from(name.as_str()), print_short(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests;
