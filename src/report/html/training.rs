//! Training on the page: the loss, the gradient of each layer at each reported step, and the reports as a table.

use super::tables::{self, heading, number};
use super::{Experiment, answer, gradient};
use crate::numbers::{scientific, share, significant};
use crate::report::chart::columns::STEPS;
use crate::report::chart::lines::{self, Lines, Mark, Series};
use crate::report::chart::profile::Track;
use crate::report::chart::steps::{self, Steps};
use crate::report::{Report, Step, Training};
use maud::{Markup, html};

/// Nothing where nothing was trained.
pub(super) fn section(experiment: &Experiment) -> Option<Markup> {
    let report = experiment.report;
    let training = report.training.as_ref().filter(|training| training.updates > 0)?;
    Some(html! {
        @if let Some(losses) = losses(report, training) { (losses) }
        @if let Some(map) = map(report) { (map) }
        (tables::table("reports", &format!("The reports (seed {})", report.seed), reports(experiment)))
    })
}

/// The loss, on a logarithmic axis; none where it is not above zero, as some losses are.
fn losses(report: &Report, training: &Training) -> Option<Markup> {
    let losses: Vec<Option<f64>> = training.losses.iter().map(|loss| Some(loss.loss.0)).collect();
    let (first, last) = (training.losses.first()?, training.losses.last()?);
    if training.losses.len() < 2 || losses.iter().flatten().any(|loss| *loss <= 0.0) {
        return None;
    }
    let names: Vec<String> = training.losses.iter().map(|loss| loss.step.to_string()).collect();
    let track = Track::single(losses);
    let chart = Lines {
        names: &names,
        ends: STEPS,
        series: vec![Series { class: "signal", name: "loss of the batch", mark: Mark::Disc, track: &track }],
        caption: "loss before each update",
        band: None,
        factors: false,
    };
    let description = format!(
        "The loss is {} before the first update and {} before update {}.",
        significant(first.loss.0),
        significant(last.loss.0),
        last.step + 1
    );
    let shown =
        if (training.losses.len() as u64) < training.updates { "Evenly spaced updates, and the last. " } else { "" };
    let caption = format!("{shown}Seed {}.", report.seed);
    Some(gradient::figure("losses", "Loss by step", &description, &caption, |layout| lines::draw(&chart, layout)))
}

/// ‖∂C/∂z‖ by layer and reported step.
fn map(report: &Report) -> Option<Markup> {
    if report.steps.len() < 2 {
        return None;
    }
    let names: Vec<String> = report.steps[0].layers.iter().map(|layer| layer.name.clone()).collect();
    let numbers: Vec<u64> = report.steps.iter().map(|step| step.step).collect();
    let row = |step: &Step| step.layers.iter().map(|layer| layer.pre_activation.statistics.l2.0).collect();
    let chart = Steps {
        names: &names,
        numbers: &numbers,
        rows: report.steps.iter().map(row).collect(),
        caption: "norm of ∂C/∂z by layer and step",
    };
    let (least, greatest) = chart.ends()?;
    let description = format!(
        "One column a layer, one row a reported step. The norm is between {} and {}; the numbers are in the tables below.",
        significant(least),
        significant(greatest)
    );
    let caption = format!("The stronger the colour, the larger the signal; logarithmic. Seed {}.", report.seed);
    Some(gradient::figure("map", "Norm of ∂C/∂z by layer and step", &description, &caption, |layout| {
        steps::draw(&chart, layout)
    }))
}

/// One row a report.
fn reports(experiment: &Experiment) -> Markup {
    let steps = &experiment.report.steps;
    type Value = fn(&Step) -> Option<f64>;
    let columns: [(&str, Value, fn(f64) -> String); 6] = [
        ("loss", |step| Some(step.loss.0), significant),
        ("accuracy", |step| step.accuracy.map(|value| value.0), share),
        ("held-out loss", |step| step.test_loss.map(|value| value.0), significant),
        ("held-out accuracy", |step| step.test_accuracy.map(|value| value.0), share),
        ("learning rate", |step| step.rate.map(|value| value.0), significant),
        ("‖∂C/∂x‖", |step| step.input.as_ref().map(|input| input.l2.0), scientific),
    ];
    let columns: Vec<_> =
        columns.into_iter().filter(|(_, value, _)| steps.iter().any(|step| value(step).is_some())).collect();
    html! {
        thead {
            tr {
                th scope="col" { "step" }
                @for (name, _, _) in &columns { (heading(name)) }
                th scope="col" { "first layer" }
            }
        }
        tbody {
            @for step in steps {
                tr {
                    th scope="row" { (step.step) }
                    @for (_, value, form) in &columns { (number(value(step), *form)) }
                    td { @if let Some(first) = step.layers.first() { (answer::word(&first.verdict)) } @else { "–" } }
                }
            }
        }
    }
}
