//! Every number of the report as tables: the layers, the way of the signal, the weights, every statistic of every tensor, the spread over
//! seeds; the last report first, earlier ones folded.

use super::{Experiment, answer};
use crate::numbers::{factor, scientific, share};
use crate::report::chart::profile::{Profile, Track};
use crate::report::{Layer, Number, Report, Statistics, Step};
use maud::{Markup, html};

/// The most earlier reports whose tables a page has; a page of hundreds would not open on a phone.
const MOST_REPORTS: usize = 6;

/// A table with a caption, in a frame that scrolls by itself where it is wider than the page.
pub(super) fn table(id: &str, caption: &str, rows: Markup) -> Markup {
    html! {
        div class="table" role="region" aria-labelledby=(format!("{id}-caption")) tabindex="0" {
            table {
                caption id=(format!("{id}-caption")) { (caption) }
                (rows)
            }
        }
    }
}

pub(super) fn heading(words: &str) -> Markup {
    html! { th scope="col" class="number" { (words) } }
}

fn left_heading(words: &str) -> Markup {
    html! { th scope="col" { (words) } }
}

/// The name of a layer. A long one may break on a phone, where it would leave no room for its numbers.
fn row_heading(name: &str) -> Markup {
    let class = (name.chars().count() > 14).then_some("long");
    html! { th scope="row" class=[class] { (name) } }
}

pub(super) fn number(value: Option<f64>, form: fn(f64) -> String) -> Markup {
    html! { td class="number" { @if let Some(value) = value { (form(value)) } @else { span class="soft" { "–" } } } }
}

/// All tables.
pub(super) fn section(experiment: &Experiment) -> Option<Markup> {
    let report = experiment.report;
    report.steps.iter().any(|step| !step.layers.is_empty()).then_some(())?;
    Some(html! {
        (of_step(report, report.steps.len() - 1))
        @if experiment.records.seeds.len() > 1 { (spread(experiment)) }
        @if report.steps.len() > 1 {
            h3 { "The earlier reports" }
            @let earlier = report.steps.len() - 1;
            @for at in chosen(earlier) {
                details { summary { "Step " (report.steps[at].step) } (of_step(report, at)) }
            }
            @if earlier > MOST_REPORTS {
                p class="soft" { "These are " (MOST_REPORTS) " of " (earlier) "; " code { "--format json" } " has all of them." }
            }
        }
    })
}

/// The earlier reports whose tables are shown: all, or evenly spaced ones with the first and the last.
fn chosen(earlier: usize) -> impl Iterator<Item = usize> {
    let shown = earlier.min(MOST_REPORTS);
    (0..shown).map(move |index| if shown < 2 { 0 } else { index * (earlier - 1) / (shown - 1) })
}

/// The tables of one report.
fn of_step(report: &Report, at: usize) -> Markup {
    let step = &report.steps[at];
    let seed = format!("seed {}, step {}", report.seed, step.step);
    html! {
        (table(&format!("layers-{at}"), &format!("The layers ({seed})"), layers(step)))
        (table(&format!("way-{at}"), &format!("The signal on its way ({seed})"), way(step)))
        @if step.layers.iter().any(|layer| layer.weights.is_some()) {
            (table(&format!("weights-{at}"), &format!("The weights ({seed})"), weights(step)))
        }
        details {
            summary { "Every statistic of every tensor (" (seed) ")" }
            (table(&format!("tensors-{at}"), &format!("Statistics of the gradients ({seed})"), tensors(step)))
        }
    }
}

fn weights(step: &Step) -> Markup {
    let updates = step.layers.iter().any(|layer| layer.update_ratio.is_some());
    html! {
        thead {
            tr {
                (left_heading("layer"))
                (heading("root mean square")) (heading("least")) (heading("greatest"))
                @if updates { (heading("last update / weights")) }
            }
        }
        tbody {
            @for layer in &step.layers {
                @if let Some(weights) = &layer.weights {
                    tr {
                        (row_heading(&layer.name))
                        (number(Some(weights.rms.0), scientific))
                        (number(Some(weights.least.0), scientific))
                        (number(Some(weights.greatest.0), scientific))
                        @if updates { (number(some(layer.update_ratio), scientific)) }
                        }
                }
            }
        }
    }
}

fn norm(statistics: Option<&Statistics>) -> Markup {
    number(statistics.map(|statistics| statistics.l2.0), scientific)
}

fn some(value: Option<Number>) -> Option<f64> {
    value.map(|value| value.0)
}

fn shape(layer: &Layer) -> String {
    layer.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

fn layers(step: &Step) -> Markup {
    let has = |value: fn(&Layer) -> Option<f64>| {
        step.layers.iter().any(|layer| value(layer).is_some_and(|share| share > 0.0))
    };
    let saturated = has(|layer| some(layer.saturated));
    let dead = has(|layer| some(layer.dead));
    html! {
        thead {
            tr {
                (left_heading("layer"))
                (left_heading("kind"))
                (heading("output"))
                (heading("parameters"))
                (heading("‖∂C/∂W‖")) (heading("‖∂C/∂b‖")) (heading("‖∂C/∂z‖"))
                @if saturated { (heading("saturated")) }
                @if dead { (heading("dead")) }
                (left_heading("verdict"))
            }
        }
        tbody {
            @for layer in &step.layers {
                tr {
                    (row_heading(&layer.name))
                    td { (layer.kind) @if let Some(activation) = &layer.activation { @if *activation != layer.kind { ", " (activation) } } }
                    td class="number" { (shape(layer)) }
                    td class="number" { (layer.parameters) }
                    (norm(layer.weight.as_ref()))
                    (norm(layer.bias.as_ref()))
                    (norm(Some(&layer.pre_activation.statistics)))
                    @if saturated { (number(some(layer.saturated), share)) }
                    @if dead { (number(some(layer.dead), share)) }
                    td { (answer::word(&layer.verdict)) }
                }
            }
        }
    }
}

/// The parts of a factor that most networks do not have.
type Part = fn(&crate::report::Factor) -> f64;
const MORE: [(&str, Part); 3] = [
    ("of the norms", |factor| factor.normalisation.0),
    ("of the skip", |factor| factor.skip.0),
    ("of other layers", |factor| factor.other.0),
];

fn way(step: &Step) -> Markup {
    let has = |of: Part| {
        step.layers.iter().filter_map(|layer| layer.factor.as_ref()).any(|factor| (of(factor) - 1.0).abs() > 5e-4)
    };
    let predicted =
        step.layers.iter().any(|layer| layer.factor.as_ref().is_some_and(|factor| factor.predicted.is_some()));
    let of = |layer: &Layer, part: fn(&crate::report::Factor) -> f64| layer.factor.as_ref().map(part);
    html! {
        thead {
            tr {
                (left_heading("layer"))
                (heading("r = √B·‖∂C/∂z‖"))
                (heading("factor"))
                (heading("of the weights"))
                (heading("of the activation"))
                @for (name, of) in MORE { @if has(of) { (heading(name)) } }
                @if predicted { (heading("predicted")) }
                (heading("‖∂C/∂a‖"))
                (heading("output, rms"))
                (heading("output, mean"))
            }
        }
        tbody {
            @for layer in &step.layers {
                tr {
                    (row_heading(&layer.name))
                    (number(Some(layer.pre_activation.per_example.0), scientific))
                    (number(of(layer, |factor| factor.measured.0), factor))
                    (number(of(layer, |factor| factor.weights.0), factor))
                    (number(of(layer, |factor| factor.activation.0), factor))
                    @for (_, part) in MORE { @if has(part) { (number(of(layer, part), factor)) } }
                    @if predicted { (number(layer.factor.as_ref().and_then(|factor| some(factor.predicted)), factor)) }
                    (norm(Some(&layer.output)))
                    (number(Some(layer.forward.rms.0), scientific))
                    (number(Some(layer.forward.mean.0), scientific))
                }
            }
        }
    }
}

fn tensors(step: &Step) -> Markup {
    let row = |layer: &str, tensor: &str, statistics: &Statistics| {
        html! {
            tr {
                (row_heading(layer))
                td { (tensor) }
                (number(Some(statistics.l2.0), scientific))
                (number(Some(statistics.rms.0), scientific))
                (number(Some(statistics.mean.0), scientific))
                (number(Some(statistics.max_abs.0), scientific))
                (number(Some(statistics.zero_fraction.0), share))
                (number(Some(statistics.subnormal_fraction.0), share))
                (number(Some(statistics.underflow_f16.0), share))
                (number(Some(statistics.underflow_bf16.0), share))
                (number(Some(statistics.underflow_f32.0), share))
                td class="number" { (statistics.nonfinite) }
            }
        }
    };
    html! {
        thead {
            tr {
                (left_heading("layer")) (left_heading("of"))
                (heading("norm")) (heading("rms")) (heading("mean")) (heading("largest"))
                (heading("zero")) (heading("subnormal")) (heading("0 in f16")) (heading("0 in bf16")) (heading("0 in f32")) (heading("not finite"))
            }
        }
        tbody {
            @for layer in &step.layers {
                @let all: [(&str, Option<&Statistics>); 4] = [
                    ("∂C/∂W", layer.weight.as_ref()),
                    ("∂C/∂b", layer.bias.as_ref()),
                    ("∂C/∂z", Some(&layer.pre_activation.statistics)),
                    ("∂C/∂a", Some(&layer.output)),
                ];
                @for (tensor, statistics) in all {
                    @if let Some(statistics) = statistics { (row(&layer.name, tensor, statistics)) }
                }
            }
            @if let Some(input) = &step.input { (row("input", "∂C/∂x", input)) }
        }
    }
}

/// Median, lowest and highest over the seeds.
fn spread(experiment: &Experiment) -> Markup {
    let profile = Profile::new(experiment.report, experiment.records);
    let tracks: Vec<(&str, &Track)> =
        [("‖∂C/∂W‖", &profile.weight), ("‖∂C/∂b‖", &profile.bias), ("‖∂C/∂z‖", &profile.signal)]
            .into_iter()
            .filter(|(_, track)| !track.is_empty())
            .collect();
    let rows = html! {
        thead {
            tr {
                th scope="col" rowspan="2" { "layer" }
                @for (name, _) in &tracks { th scope="colgroup" colspan="3" class="group" { (name) } }
            }
            tr { @for _ in &tracks { (heading("median")) (heading("lowest")) (heading("highest")) } }
        }
        tbody {
            @for (at, name) in profile.names.iter().enumerate() {
                tr {
                    (row_heading(name))
                    @for (_, track) in &tracks {
                        @let ends = track.range.as_ref().and_then(|range| range[at]);
                        (number(track.middle[at], scientific))
                        (number(ends.map(|(low, _)| low), scientific))
                        (number(ends.map(|(_, high)| high), scientific))
                    }
                }
            }
        }
    };
    let caption = format!("Over {} seeds, at the last report", experiment.records.seeds.len());
    table("spread", &caption, rows)
}
