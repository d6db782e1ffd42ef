//! What the codes on the page mean, in a paragraph each.

use super::Experiment;
use super::prose::prose;
use crate::diagnostics::pages;
use maud::{Markup, html};
use std::collections::BTreeSet;

/// Every code that is told of, once.
pub(super) fn section(experiment: &Experiment) -> Option<Markup> {
    let codes: BTreeSet<&str> = experiment.told.iter().map(|told| told.code.0).collect();
    let pages: Vec<pages::Page> = codes.into_iter().filter_map(pages::page).collect();
    (!pages.is_empty()).then(|| {
        html! {
            dl class="codes" {
                @for page in &pages {
                    dt id=(format!("code-{}", page.code)) { (page.code) ": " (prose(page.title())) }
                    dd {
                        p { (prose(&first_paragraph(page.text))) }
                        p class="soft" { code { "gradc explain " (page.code) } " says more." }
                    }
                }
            }
        }
    })
}

/// The first paragraph after the title.
fn first_paragraph(text: &str) -> String {
    let body = text.lines().skip(1).skip_while(|line| line.trim().is_empty());
    body.take_while(|line| !line.trim().is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::first_paragraph;
    use crate::diagnostics::pages;

    #[test]
    fn every_page_begins_with_a_paragraph_of_words() {
        for page in pages::all() {
            let paragraph = first_paragraph(page.text);
            let is_prose = !["```", "-", "#", "|"].iter().any(|mark| paragraph.starts_with(mark));
            assert!(paragraph.len() > 40 && is_prose, "{}: {paragraph}", page.code);
        }
    }
}
