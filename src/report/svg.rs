//! The main picture of a run by itself, for a paper or a README: the gradient by layer, the verdict above it. It has its own ground, light
//! or dark as the reader's screen is, and needs no font and no network.

use super::chart::lines::{self, Lines};
use super::chart::profile::Profile;
use super::chart::{self, Layout, Picture, Words, fixed, text};
use super::html::gradient;
use super::{Report, html};
use crate::run::record::Records;
use maud::{Markup, PreEscaped};

/// The blank around everything.
const MARGIN: f64 = 20.0;
/// What the heading and the line below it take.
const HEADING: f64 = 58.0;

/// The picture as a file.
#[must_use]
pub fn render(report: &Report, records: &Records) -> String {
    let profile = Profile::new(report, records);
    let chart: Lines = gradient::chart(&profile, records.seeds.len());
    let plot = lines::draw(&chart, Layout::Wide);
    let width = plot.width + 2.0 * MARGIN;
    let height = plot.height + HEADING + 2.0 * MARGIN - 8.0;
    let words = Words { id: "gradient".to_owned(), title: title(report), description: gradient::description(&profile) };
    let content = maud::html! {
        style { (PreEscaped(chart::STYLE)) }
        rect class="paper" width=(fixed(width)) height=(fixed(height)) rx="6" {}
        text class="heading" x=(fixed(MARGIN + 4.0)) y=(fixed(MARGIN + 14.0)) { (title(report)) }
        text class="soft" x=(fixed(MARGIN + 4.0)) y=(fixed(MARGIN + 35.0)) { (subtitle(report, &profile)) }
        g transform=(format!("translate({} {})", fixed(MARGIN), fixed(MARGIN + HEADING - 6.0))) { (plot.content) }
    };
    let document: Markup = Picture { width, height, content }.embedded("chart", &words);
    // A file of its own names its language and its size.
    let size =
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\"", fixed(width), fixed(height));
    let mut file = document.into_string().replacen("<svg", &size, 1);
    file.push('\n');
    file
}

fn title(report: &Report) -> String {
    format!("{}: {}", text::shorten(&report.network, 40), report.verdict.words.join(", "))
}

/// From where to where by how much, and of what.
fn subtitle(report: &Report, profile: &Profile) -> String {
    let [facts, ratio] = [html::answer::facts(report), html::answer::ratio(report)];
    let with_weights: Vec<&String> = profile
        .names
        .iter()
        .zip(&profile.weight.middle)
        .filter(|(_, weight)| weight.is_some())
        .map(|(name, _)| name)
        .collect();
    match (with_weights.first(), with_weights.last()) {
        (Some(first), Some(last)) if first != last => {
            let name = |name: &str| text::shorten(name, 20);
            format!("{ratio} from {} back to {}; {facts}", name(last), name(first))
        }
        (Some(_) | None, Some(_) | None) => facts,
    }
}
