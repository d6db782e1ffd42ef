//! The top of the page: verdict, key numbers, the answer in sentences, and whether what the file expects holds.

use super::Experiment;
use super::prose::{count, prose};
use crate::numbers::{factor, share, significant};
use crate::report::Report;
use maud::{Markup, html};

/// A sign that says the same as the word and its colour.
pub(super) fn sign(word: &str) -> &'static str {
    match word {
        "healthy" => "✓",
        "vanishing" => "↘",
        "exploding" => "↗",
        "underflow" => "↓",
        "dead" => "×",
        _ => "!",
    }
}

/// A verdict as a word with its sign; green where all is well.
pub(super) fn word(word: &str) -> Markup {
    let class = if word == "healthy" { "word well" } else { "word ill" };
    html! { span class=(class) { span aria-hidden="true" { (sign(word)) } " " (word) } }
}

/// `×0.00157 (median of 8 seeds)`
pub(in crate::report) fn ratio(report: &Report) -> String {
    let seeds = report.verdict.seeds.len();
    let note = if seeds > 1 { format!(" (median of {seeds} seeds)") } else { String::new() };
    format!("{}{note}", factor(report.verdict.ratio.0))
}

/// `1000 examples, 8 seeds, f32, step 0`
pub(in crate::report) fn facts(report: &Report) -> String {
    let last = report.steps.last().expect("a report has at least one step");
    let seeds = match report.verdict.seeds.len() {
        1 => format!("seed {}", report.seed),
        seeds => format!("{seeds} seeds"),
    };
    let example = if report.synthetic_data { "made-up example" } else { "example" };
    format!("{}, {seeds}, {}, step {}", count(report.batch, example), report.precision, last.step)
}

/// Name and verdict.
pub(super) fn header(experiment: &Experiment) -> Markup {
    let report = experiment.report;
    html! {
        header {
            h1 {
                span class="network" { (report.network) ":" }
                @for verdict in &report.verdict.words { " " (word(verdict)) }
            }
            p class="facts" { (experiment.file_name()) " · " (facts(report)) }
        }
    }
}

/// The answer.
pub(super) fn section(experiment: &Experiment) -> Markup {
    let report = experiment.report;
    let (first, rest) = report.summary.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    html! {
        section id="answer" aria-label="The answer" {
            (expectations(experiment))
            p class="lead" { (prose(first)) }
            @for sentence in rest { p { (led(sentence)) } }
            (tiles(report))
        }
    }
}

/// A sentence with its first word before a colon in bold: `Where:`, `Why:`.
fn led(sentence: &str) -> Markup {
    match sentence.split_once(": ") {
        Some((lead, rest)) if lead.chars().all(char::is_alphabetic) => {
            html! { strong { (lead) ":" } " " (prose(rest)) }
        }
        Some(_) | None => prose(sentence),
    }
}

/// Whether the file's expectations hold.
fn expectations(experiment: &Experiment) -> Markup {
    let (all, failed) = (experiment.expectations, experiment.failed);
    if all == 0 {
        return html! {};
    }
    if failed == 0 {
        let words = if all == 1 {
            "The expectation of the file holds.".to_owned()
        } else {
            format!("All {all} expectations of the file hold.")
        };
        return html! { p class="expectations well" { span aria-hidden="true" { "✓ " } (words) } };
    }
    let words = match (failed, all) {
        (_, 1) => "The expectation of the file does not hold:".to_owned(),
        (1, _) => format!("1 of the file’s {all} expectations does not hold:"),
        (_, _) => format!("{failed} of the file’s {all} expectations do not hold:"),
    };
    let failures = experiment.told.iter().enumerate().filter(|(_, told)| told.is_error());
    html! {
        div class="expectations ill" {
            p { strong { span aria-hidden="true" { "× " } (words) } }
            ul {
                @for (at, failure) in failures {
                    @if let Some(primary) = &failure.primary {
                        li {
                            a href=(format!("#told-{at}")) { "line " (experiment.sources.line(primary.span)) } ": "
                            code { (experiment.quoted(primary.span)) } " "
                            (primary.text)
                            @for part in &failure.secondary {
                                br;
                                code { (experiment.quoted(part.span)) } ": " (part.text)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The numbers to remember.
fn tiles(report: &Report) -> Markup {
    let last = report.steps.last().expect("a report has at least one step");
    let seeds = report.verdict.seeds.len();
    let here = if seeds > 1 { format!("seed {}", report.seed) } else { String::new() };
    let mut tiles: Vec<(&str, String, String)> = Vec::new();
    if !report.verdict.ratio.0.is_nan() {
        let note = if seeds > 1 { format!("median of {seeds} seeds") } else { String::new() };
        tiles.push(("first layer / last layer", factor(report.verdict.ratio.0), note));
    }
    if let Some(per_layer) = report.verdict.factor_per_layer {
        tiles.push(("a layer, toward the input", factor(per_layer.0), here.clone()));
    }
    tiles.push(("loss", significant(last.loss.0), here.clone()));
    if let Some(accuracy) = last.accuracy {
        tiles.push(("accuracy", share(accuracy.0), here));
    }
    html! {
        dl class="tiles" {
            @for (name, value, note) in tiles {
                div {
                    dt { (name) }
                    dd { (value) @if !note.is_empty() { span class="soft" { (note) } } }
                }
            }
        }
    }
}
