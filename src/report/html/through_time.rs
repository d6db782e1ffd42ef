//! The gradient through time on the page: for every recurrent layer a line over the steps of its sequence.

use super::Experiment;
use super::gradient::figure;
use crate::numbers::{factor, significant};
use crate::report::chart::columns::TIME;
use crate::report::chart::lines::{self, Lines, Mark, Series};
use crate::report::chart::profile::Track;
use crate::report::json::Number;
use crate::report::{Layer, Time};
use maud::{Markup, html};

/// The most steps that a chart shows; of more, evenly spaced ones.
const MOST: usize = 200;

/// Nothing without a recurrent layer.
pub(super) fn section(experiment: &Experiment) -> Option<Markup> {
    let last = experiment.report.steps.last()?;
    let figures: Vec<Markup> = last
        .layers
        .iter()
        .enumerate()
        .filter_map(|(at, layer)| Some(one(at, layer, layer.time.as_ref()?, experiment.report.seed)))
        .collect();
    (!figures.is_empty()).then(|| html! { @for figure in &figures { (figure) } })
}

fn one(at: usize, layer: &Layer, time: &Time, seed: u64) -> Markup {
    let steps = time.output.len();
    let shown = steps.min(MOST);
    let places: Vec<usize> = (0..shown).map(|at| if shown < 2 { 0 } else { at * (steps - 1) / (shown - 1) }).collect();
    let names: Vec<String> = places.iter().map(|at| (at + 1).to_string()).collect();
    let track = |sizes: &[Number]| Track::single(places.iter().map(|at| Some(sizes[*at].0)).collect());
    let output = track(&time.output);
    let memory = time.memory.as_deref().map(track);
    let of_memory =
        memory
            .as_ref()
            .map(|track| Series { class: "weight", name: "∂C/∂c, the memory", mark: Mark::Square, track });
    let of_output = Series { class: "signal", name: "∂C/∂h, the output", mark: Mark::Disc, track: &output };
    let lines = Lines {
        names: &names,
        ends: TIME,
        series: of_memory.into_iter().chain([of_output]).collect(),
        caption: "r of the gradient through all later steps",
        band: None,
        factors: false,
    };
    let ends = [&time.output[0], &time.output[steps - 1]].map(|size| significant(size.0));
    let description = format!("r of ∂C/∂h is {} at the first step and {} at the last.", ends[0], ends[1]);
    let each = time.factor.map_or_else(String::new, |each| format!(", {} a step", factor(each.0)));
    let caption =
        format!("`{}`: the loss reaches back {} of {} steps{each}. Seed {seed}.", layer.name, time.reaches, time.steps);
    let id = format!("time-{at}");
    figure(&id, &format!("Gradient through time at {}", layer.name), &description, &caption, |layout| {
        lines::draw(&lines, layout)
    })
}
