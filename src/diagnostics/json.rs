//! Diagnostics for programs: one object a line, with rustc's field names, so that tools which read rustc's read ours.

use super::render::render;
use super::{Diagnostic, Edit, Label};
use crate::source::{Sources, Span};
use serde::Serialize;

/// A diagnostic as it is written.
#[derive(Serialize)]
struct Line<'a> {
    level: &'static str,
    code: Code,
    message: &'a str,
    spans: Vec<Place<'a>>,
    children: Vec<Child<'a>>,
    rendered: String,
}

/// rustc nests the code.
#[derive(Serialize)]
struct Code {
    code: &'static str,
}

/// A note or a help.
#[derive(Serialize)]
struct Child<'a> {
    level: &'static str,
    code: Option<Code>,
    message: &'a str,
    spans: Vec<Place<'a>>,
    children: [(); 0],
    rendered: Option<String>,
}

/// A place in a text. Lines and columns count from 1, columns in characters; the ends are exclusive.
#[derive(Serialize)]
struct Place<'a> {
    file_name: &'a str,
    byte_start: u32,
    byte_end: u32,
    line_start: usize,
    line_end: usize,
    column_start: usize,
    column_end: usize,
    is_primary: bool,
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested_replacement: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion_applicability: Option<&'static str>,
}

/// The diagnostic as one line of JSON, without a newline at its end.
#[must_use]
pub fn line(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let primary = diagnostic.primary.iter().map(|label| labelled(label, true, sources));
    let secondary = diagnostic.secondary.iter().map(|label| labelled(label, false, sources));
    let notes = diagnostic.notes.iter().map(|note| child("note", note, Vec::new()));
    let helps = diagnostic.helps.iter().map(|help| {
        let spans = help.edits.iter().map(|edit| edited(edit, help.is_certain, sources)).collect();
        child("help", &help.text, spans)
    });
    let line = Line {
        level: diagnostic.level.word(),
        code: Code { code: diagnostic.code.0 },
        message: &diagnostic.message,
        spans: primary.chain(secondary).collect(),
        children: notes.chain(helps).collect(),
        rendered: render(diagnostic, sources, false),
    };
    serde_json::to_string(&line).expect("strings and numbers can be written as JSON")
}

fn child<'a>(level: &'static str, message: &'a str, spans: Vec<Place<'a>>) -> Child<'a> {
    Child { level, code: None, message, spans, children: [], rendered: None }
}

fn labelled<'a>(label: &'a Label, is_primary: bool, sources: &'a Sources) -> Place<'a> {
    Place { label: Some(&label.text), ..place(label.span, is_primary, sources) }
}

fn edited<'a>(edit: &'a Edit, is_certain: bool, sources: &'a Sources) -> Place<'a> {
    let applicability = if is_certain { "MachineApplicable" } else { "MaybeIncorrect" };
    Place {
        suggested_replacement: Some(&edit.replacement),
        suggestion_applicability: Some(applicability),
        ..place(edit.span, true, sources)
    }
}

fn place(span: Span, is_primary: bool, sources: &Sources) -> Place<'_> {
    let source = sources.get(span.source);
    let (line_start, column_start) = source.line_column(span.start);
    let (line_end, column_end) = source.line_column(span.end);
    Place {
        file_name: &source.name,
        byte_start: span.start,
        byte_end: span.end,
        line_start,
        line_end,
        column_start,
        column_end,
        is_primary,
        label: None,
        suggested_replacement: None,
        suggestion_applicability: None,
    }
}
