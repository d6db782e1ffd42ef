//! The report as one page that needs nothing else: no network, no script. Light or dark as the reader's screen is, legible on a phone and
//! on paper, and without sight: every picture has words, every table its headings, and no colour stands alone.
//!
//! Each section is a function in a file of its own that gives `None` where it has nothing to show: `answer.rs` verdict and sentences,
//! `gradient.rs` the charts, `source.rs` the file with its findings, `tables.rs` the numbers, `run.rs` with what it was run, `through_time.rs` what recurrent layers pass back, `training.rs` loss and gradient over the steps, `codes.rs` what
//! the codes mean. To add one: a function, a line in `sections`.

pub(super) mod answer;
mod codes;
pub(super) mod gradient;
mod prose;
mod run;
mod source;
mod tables;
mod through_time;
mod training;

use super::{Report, chart};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::render::printable;
use crate::run::record::Records;
use crate::source::{Source, SourceId, Sources, Span};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("page.css");
/// Nothing is loaded, nothing is run.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct Experiment<'a> {
    /// What was found.
    pub report: &'a Report,
    /// What was measured, for every seed.
    pub records: &'a Records,
    /// All texts.
    pub sources: &'a Sources,
    /// The user's text among them.
    pub id: SourceId,
    /// Lints, findings and failed expectations, in the order in which they are told.
    pub told: &'a [Diagnostic],
    /// How many `expect` statements there are.
    pub expectations: usize,
    /// How many of them do not hold.
    pub failed: usize,
    /// Values given in place of the file's: name and text.
    pub set: &'a [(String, String)],
}

impl<'a> Experiment<'a> {
    /// The user's text.
    fn source(&self) -> &'a Source {
        self.sources.get(self.id)
    }

    /// The characters of a span, as far as they fit in a line.
    fn quoted(&self, span: Span) -> String {
        let first = self.sources.text(span).lines().next().unwrap_or_default();
        chart::text::shorten(&printable(first), 80)
    }

    /// The name of its file, without its folders, which differ between machines.
    fn file_name(&self) -> &'a str {
        let name = self.source().name.as_str();
        name.rsplit(['/', '\\']).next().unwrap_or(name)
    }
}

/// A part of the page.
struct Section {
    /// Its anchor.
    id: &'static str,
    /// What the list of sections calls it.
    short: &'static str,
    /// Its heading.
    heading: &'static str,
    /// What is below it.
    content: Markup,
}

/// All sections that have something to show, in reading order.
fn sections(experiment: &Experiment) -> Vec<Section> {
    let sections: [(&'static str, &'static str, &'static str, Option<Markup>); 9] = [
        ("gradient", "Gradient", "The gradient of every layer", gradient::by_layer(experiment)),
        ("time", "Through time", "The gradient through time", through_time::section(experiment)),
        ("training", "Training", "What training did to it", training::section(experiment)),
        ("source", "Source", "Where in the file", source::section(experiment)),
        ("factors", "Factors", "What each layer multiplies it by", gradient::factors(experiment)),
        ("decades", "Histograms", "How large the single entries are", gradient::decades(experiment)),
        ("numbers", "Numbers", "The numbers", tables::section(experiment)),
        ("run", "Run", "What was run", run::section(experiment)),
        ("codes", "Codes", "What the codes mean", codes::section(experiment)),
    ];
    sections
        .into_iter()
        .filter_map(|(id, short, heading, content)| Some(Section { id, short, heading, content: content? }))
        .collect()
}

/// The whole page.
#[must_use]
pub fn render(experiment: &Experiment) -> String {
    let report = experiment.report;
    let sections = sections(experiment);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (report.network) ": " (report.verdict.words.join(", ")) }
                style { (PreEscaped(STYLE)) (PreEscaped(chart::STYLE)) }
            }
            body {
                (answer::header(experiment))
                nav aria-label="Sections" {
                    ul {
                        @for section in &sections { li { a href=(format!("#{}", section.id)) { (section.short) } } }
                    }
                }
                main {
                    (answer::section(experiment))
                    @for section in &sections {
                        section id=(section.id) aria-labelledby=(format!("{}-heading", section.id)) {
                            h2 id=(format!("{}-heading", section.id)) { (section.heading) }
                            (section.content)
                        }
                    }
                }
                footer {
                    p { "Made by gradc " (env!("CARGO_PKG_VERSION")) ". The same file and seed give the same page on every machine." }
                }
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}
