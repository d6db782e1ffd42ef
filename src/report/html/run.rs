//! With what the experiment was run, and what came of each seed.

use super::prose::count;
use super::{Experiment, answer, tables};
use crate::numbers::{scientific, share, significant};
use maud::{Markup, html};

/// The settings, and the seeds where there are several.
pub(super) fn section(experiment: &Experiment) -> Option<Markup> {
    let report = experiment.report;
    let last = report.steps.last()?;
    let parameters: usize = last.layers.iter().map(|layer| layer.parameters).sum();
    let seeds: Vec<String> = report.verdict.seeds.iter().map(|seed| seed.seed.to_string()).collect();
    let examples = if report.synthetic_data {
        format!("{}, drawn from the standard normal distribution, with made-up targets", report.batch)
    } else {
        report.batch.to_string()
    };
    let mut facts: Vec<(&str, String)> = vec![
        ("File", experiment.file_name().to_owned()),
        ("Network", report.network.clone()),
        ("Parameters", format!("{parameters} in {}", count(last.layers.len(), "layer"))),
        ("Precision", report.precision.clone()),
        ("Examples", examples),
        (
            if seeds.len() == 1 { "Seed" } else { "Seeds" },
            ranges(&report.verdict.seeds.iter().map(|seed| seed.seed).collect::<Vec<_>>()),
        ),
        ("Step", last.step.to_string()),
        ("Loss", format!("{} (seed {})", significant(last.loss.0), report.seed)),
    ];
    if let Some(accuracy) = last.accuracy {
        facts.push(("Accuracy", format!("{} (seed {})", share(accuracy.0), report.seed)));
    }
    if !experiment.set.is_empty() {
        let set: Vec<String> = experiment.set.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        facts.push(("Set from outside", set.join("; ")));
    }
    Some(html! {
        dl class="facts-list" {
            @for (name, value) in facts { div { dt { (name) } dd { (value) } } }
        }
        @if report.verdict.seeds.len() > 1 { (seed_table(experiment)) }
    })
}

/// `0 to 7`, `3, 5, 9`
fn ranges(seeds: &[u64]) -> String {
    let is_run = seeds.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1));
    match (seeds.first(), seeds.last()) {
        (Some(first), Some(last)) if is_run && seeds.len() > 2 => format!("{first} to {last}"),
        (Some(_) | None, Some(_) | None) => seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn seed_table(experiment: &Experiment) -> Markup {
    let table = html! {
        thead { tr { th scope="col" { "seed" } th scope="col" { "verdict" } th scope="col" class="number" { "first / last" } th scope="col" class="number" { "loss" } } }
        tbody {
            @for seed in &experiment.report.verdict.seeds {
                tr {
                    th scope="row" { (seed.seed) }
                    td { (answer::word(&seed.word)) }
                    td class="number" { (scientific(seed.ratio.0)) }
                    td class="number" { (scientific(seed.loss.0)) }
                }
            }
        }
    };
    tables::table("seeds", "Every seed at the last report", table)
}
