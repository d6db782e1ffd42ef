//! The user's file with every finding below the line it is about.

use super::Experiment;
use super::prose::prose;
use crate::diagnostics::render::printable;
use crate::diagnostics::{Diagnostic, Help, Label, Level};
use crate::source::{Source, Span};
use maud::{Markup, html};
use std::collections::BTreeSet;
use std::ops::Range;

/// A file of up to this many lines is shown whole, a longer one around its findings.
const WHOLE: usize = 400;
/// Lines shown before and after a finding in a longer file.
const AROUND: usize = 6;
/// The most characters of a line.
const WIDEST: usize = 400;

/// The file.
pub(super) fn section(experiment: &Experiment) -> Option<Markup> {
    let source = experiment.source();
    if source.text.trim().is_empty() {
        return None;
    }
    let elsewhere = experiment.told.iter().enumerate().filter(|(_, told)| own_label(experiment, told).is_none());
    let mut before = 0;
    Some(html! {
        @for (at, told) in elsewhere { (finding(experiment, at, told)) }
        div class="source" {
            @for number in shown_lines(experiment, source) {
                @if number > before + 1 { p class="gap" { "… " (number - before - 1) " more lines" } }
                (line(experiment, source, number))
                ({ before = number; "" })
            }
            @if before < last_line(source) { p class="gap" { "… " (last_line(source) - before) " more lines" } }
        }
    })
}

/// The label of a diagnostic in the user's file that it is drawn at.
fn own_label<'d>(experiment: &Experiment, told: &'d Diagnostic) -> Option<&'d Label> {
    told.primary.as_ref().filter(|label| label.span.source == experiment.id)
}

/// The number of the last line that is not empty.
fn last_line(source: &Source) -> usize {
    let count = source.line_count();
    if source.text.ends_with('\n') { count - 1 } else { count }
}

fn shown_lines(experiment: &Experiment, source: &Source) -> Vec<usize> {
    let last = last_line(source);
    if last <= WHOLE {
        return (1..=last).collect();
    }
    let mut shown: BTreeSet<usize> = (1..=AROUND).collect();
    for label in labels(experiment) {
        let at = source.line_column(label.span.start).0;
        shown.extend(at.saturating_sub(AROUND).max(1)..=(at + AROUND).min(last));
    }
    shown.into_iter().collect()
}

/// Every label in the user's file.
fn labels<'a>(experiment: &Experiment<'a>) -> impl Iterator<Item = &'a Label> {
    let id = experiment.id;
    experiment
        .told
        .iter()
        .flat_map(|told| told.primary.iter().chain(&told.secondary))
        .filter(move |label| label.span.source == id)
}

/// A line with its marks, and below it what is said of it.
fn line(experiment: &Experiment, source: &Source, number: usize) -> Markup {
    let range = source.line_start(number)..if number < source.line_count() {
        source.line_start(number + 1)
    } else {
        source.text.len()
    };
    let range = range.start..range.start + source.text[range].trim_end_matches(['\n', '\r']).len();
    let on_line = |span: Span| source.line_column(span.start).0 == number;
    let begins = |label: &Label| label.span.source == experiment.id && on_line(label.span);
    let primary = |told: &Diagnostic| own_label(experiment, told).is_some_and(|label| on_line(label.span));
    html! {
        div class="line" {
            span class="number" id=(format!("line-{number}")) { (number) }
            code { (marked(experiment, source, range)) }
        }
        @for (at, told) in experiment.told.iter().enumerate() {
            @if primary(told) {
                (finding(experiment, at, told))
            } @else {
                @for label in told.secondary.iter().filter(|label| begins(label)) {
                    p class="aside" { a href=(format!("#told-{at}")) { (told.code.0) } ": " (prose(&label.text)) }
                }
            }
        }
    }
}

/// The text of a line: what findings are about marked, comments set back.
fn marked(experiment: &Experiment, source: &Source, line: Range<usize>) -> Markup {
    let end = line.start + source.text[line.clone()].char_indices().nth(WIDEST).map_or(line.len(), |(at, _)| at);
    let comment = comment(&source.text[line.clone()]).map_or(line.end, |at| line.start + at);
    let spans: Vec<(Range<usize>, Level)> = experiment
        .told
        .iter()
        .flat_map(|told| told.primary.iter().chain(&told.secondary).map(|label| (label.span, told.level)))
        .filter(|(span, _)| {
            span.source == experiment.id && (span.start as usize) < line.end && (span.end as usize) > line.start
        })
        .map(|(span, level)| (span.range(), level))
        .collect();
    let mut cuts: BTreeSet<usize> = BTreeSet::from([line.start, end, comment.min(end)]);
    for (range, _) in &spans {
        cuts.extend([range.start, range.end].map(|at| source.text.floor_char_boundary(at.clamp(line.start, end))));
    }
    let cuts: Vec<usize> = cuts.into_iter().collect();
    html! {
        @for pair in cuts.windows(2) {
            @let text = shown(&source.text[pair[0]..pair[1]]);
            @let level = spans.iter().filter(|(range, _)| range.start <= pair[0] && range.end >= pair[1]).map(|(_, level)| *level).min();
            @if let Some(level) = level {
                mark class=(level.word()) { (text) }
            } @else if pair[0] >= comment {
                span class="comment" { (text) }
            } @else {
                (text)
            }
        }
        @if end < line.end { span class="comment" { "…" } }
    }
}

/// Where a comment begins in a line.
fn comment(line: &str) -> Option<usize> {
    let mut in_string = false;
    let mut is_escaped = false;
    for (at, character) in line.char_indices() {
        match character {
            '#' if !in_string => return Some(at),
            '"' if !is_escaped => in_string = !in_string,
            _ => {}
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    None
}

/// Characters that show themselves; tabs stay.
fn shown(text: &str) -> String {
    text.split('\t').map(printable).collect::<Vec<_>>().join("\t")
}

/// One finding, lint or failed expectation.
fn finding(experiment: &Experiment, at: usize, told: &Diagnostic) -> Markup {
    let sign = if told.is_error() { "×" } else { "!" };
    let label = told.primary.as_ref().map(|label| label.text.as_str());
    let own_line = own_label(experiment, told).map(|label| experiment.sources.line(label.span));
    let parts: Vec<&Label> = told.secondary.iter().filter(|label| label.span.source == experiment.id).collect();
    html! {
        div class=(format!("finding {}", told.level.word())) id=(format!("told-{at}")) {
            p class="message" {
                span class="sign" aria-hidden="true" { (sign) }
                (told.level.word()) " "
                a href=(format!("#code-{}", told.code.0)) { (told.code.0) } ": "
                strong { (prose(&told.message)) }
            }
            @if label.is_some() || !parts.is_empty() {
                ul class="labels" {
                    @if let Some(label) = label { li { (prose(label)) } }
                    @for part in parts {
                        @let number = experiment.sources.line(part.span);
                        li {
                            @if Some(number) != own_line { a href=(format!("#line-{number}")) { "line " (number) } ", " }
                            code { (experiment.quoted(part.span)) } ": " (prose(&part.text))
                        }
                    }
                }
            }
            @for note in &told.notes { p class="note" { (prose(note)) } }
            @for help in &told.helps { (advice(help)) }
        }
    }
}

fn advice(help: &Help) -> Markup {
    html! { p class="help" { strong { "Help: " } (prose(&help.text)) } }
}
