//! The charts of a page, each laid out twice: for a desk and for a phone.

use super::Experiment;
use super::prose::prose;
use crate::numbers::{factor, significant};
use crate::report::Layer;
use crate::report::chart::columns::LAYERS;
use crate::report::chart::decades::{self, Decades};
use crate::report::chart::lines::{self, Lines, Mark, Series};
use crate::report::chart::profile::{Profile, Track};
use crate::report::chart::{Layout, Picture, Words};
use crate::run::record::{LayerRecord, Statistics};
use maud::{Markup, html};

/// A chart in both layouts with its caption.
pub(super) fn figure(
    id: &str,
    title: &str,
    description: &str,
    caption: &str,
    draw: impl Fn(Layout) -> Picture,
) -> Markup {
    let one = |layout: Layout, suffix: &str| {
        let words =
            Words { id: format!("{id}-{suffix}"), title: title.to_owned(), description: description.to_owned() };
        draw(layout).embedded(layout.class(), &words)
    };
    html! {
        figure {
            (one(Layout::Wide, "wide"))
            (one(Layout::Narrow, "narrow"))
            figcaption { (prose(caption)) }
        }
    }
}

/// The main chart: what `--format svg` draws too.
pub(in crate::report) fn chart(profile: &Profile, seeds: usize) -> Lines<'_> {
    let all = [
        Series { class: "bias", name: "∂C/∂b, biases", mark: Mark::Triangle, track: &profile.bias },
        Series { class: "weight", name: "∂C/∂W, weights", mark: Mark::Square, track: &profile.weight },
        Series { class: "signal", name: "∂C/∂z, pre-activations", mark: Mark::Disc, track: &profile.signal },
    ];
    Lines {
        names: &profile.names,
        ends: LAYERS,
        series: all.into_iter().filter(|series| !series.track.is_empty()).collect(),
        caption: "norm of the gradient",
        band: (seeds > 1).then(|| format!("median, and from lowest to highest of {seeds} seeds")),
        factors: false,
    }
}

/// The main chart in words.
pub(in crate::report) fn description(profile: &Profile) -> String {
    let ends = |track: &Track| -> Option<String> {
        let mut there = profile.names.iter().zip(&track.middle).filter_map(|(name, value)| Some((name, (*value)?)));
        let (first_name, first) = there.next()?;
        let (last_name, last) = there.next_back()?;
        Some(format!("{} at {first_name}, {} at {last_name}", significant(first), significant(last)))
    };
    [("∂C/∂z", &profile.signal), ("∂C/∂W", &profile.weight), ("∂C/∂b", &profile.bias)]
        .into_iter()
        .filter_map(|(name, track)| Some(format!("Norm of {name}: {}.", ends(track)?)))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The gradient by layer.
pub(super) fn by_layer(experiment: &Experiment) -> Option<Markup> {
    let profile = Profile::new(experiment.report, experiment.records);
    if profile.names.is_empty() {
        return None;
    }
    let lines = chart(&profile, experiment.records.seeds.len());
    let caption = "∂C/∂z is the signal that travels back from the loss; the verdict is taken from it. ∂C/∂W and ∂C/∂b are what an \
                   optimizer steps along.";
    Some(figure("gradient", "Norm of the gradient by layer", &description(&profile), caption, |layout| {
        lines::draw(&lines, layout)
    }))
}

/// What each layer multiplies the gradient by, and which part is the weights', which the activation's.
pub(super) fn factors(experiment: &Experiment) -> Option<Markup> {
    let last = experiment.report.steps.last()?;
    // The first layers of the chain up to the last factor; a layer between them without one is passed over.
    let layers: Vec<&Layer> = last.layers.iter().filter(|layer| layer.factor.is_some()).collect();
    // Where nothing arrives, or nothing finite, there is nothing to split; the tables have what there is.
    let tells =
        |layer: &&Layer| layer.factor.as_ref().is_some_and(|part| part.measured.0 > 0.0 && part.measured.0.is_finite());
    if !layers.iter().any(tells) {
        return None;
    }
    let names: Vec<String> = layers.iter().map(|layer| layer.name.clone()).collect();
    let track = |part: fn(&crate::report::Factor) -> f64| {
        Track::single(layers.iter().map(|layer| layer.factor.as_ref().map(part)).collect())
    };
    let measured = track(|factor| factor.measured.0);
    let weights = track(|factor| factor.weights.0);
    let activation = track(|factor| factor.activation.0);
    let others = track(|factor| factor.normalisation.0 * factor.skip.0 * factor.other.0);
    let has_others = others.middle.iter().flatten().any(|part| (part - 1.0).abs() > 5e-4);
    let predicted = Track::single(
        layers.iter().map(|layer| layer.factor.as_ref().and_then(|factor| Some(factor.predicted?.0))).collect(),
    );
    let all = [
        Series { class: "bias", name: "part of the activation", mark: Mark::Triangle, track: &activation },
        Series { class: "weight", name: "part of the weights", mark: Mark::Square, track: &weights },
        Series { class: "other", name: "part of skips, norms, other layers", mark: Mark::Triangle, track: &others },
        Series { class: "theory", name: "factor predicted by theory", mark: Mark::Square, track: &predicted },
        Series { class: "signal", name: "factor, their product", mark: Mark::Disc, track: &measured },
    ];
    let lines = Lines {
        names: &names,
        ends: LAYERS,
        series: all
            .into_iter()
            .filter(|series| !series.track.is_empty() && (has_others || series.class != "other"))
            .collect(),
        caption: "factor of the signal from the next layer to this one",
        band: None,
        factors: true,
    };
    let all: Vec<f64> = measured.middle.iter().flatten().copied().collect();
    let least = all.iter().copied().fold(f64::INFINITY, f64::min);
    let most = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let description = format!("The factor of a layer is between {} and {}.", factor(least), factor(most));
    let caption = format!(
        "Below ×1 the gradient shrinks on its way to the input, above it grows. The part of the weights is that of the next layer’s. \
         Seed {}.",
        experiment.report.seed
    );
    Some(figure("factor", "Factor of the gradient by layer", &description, &caption, |layout| {
        lines::draw(&lines, layout)
    }))
}

/// The entries of ∂C/∂z and ∂C/∂W by decade.
pub(super) fn decades(experiment: &Experiment) -> Option<Markup> {
    let record = experiment.records.seeds.first()?.steps.last()?;
    let names: Vec<String> = experiment.report.steps.last()?.layers.iter().map(|layer| layer.name.clone()).collect();
    let tensors: [(&str, &'static str, &str, fn(&LayerRecord) -> Option<&Statistics>); 2] = [
        ("decades-signal", "signal", "entries of ∂C/∂z by size", |layer| Some(&layer.pre_activation)),
        ("decades-weight", "weight", "entries of ∂C/∂W by size", |layer| layer.weight.as_ref()),
    ];
    let figures: Vec<Markup> = tensors
        .into_iter()
        .filter_map(|(id, class, caption, tensor)| {
            let layers = record.layers.iter().map(tensor).collect();
            let chart =
                Decades { names: &names, class, layers, caption, is_single: experiment.report.precision == "f32" };
            if chart.is_empty() {
                return None;
            }
            let description = "One column a layer, one bar a decade of magnitude; the numbers are in the tables below.";
            let words = format!(
                "The wider and stronger a bar, the more of the layer’s entries lie in its decade. Seed {}.",
                experiment.report.seed
            );
            Some(figure(id, &format!("Histogram by layer: {caption}"), description, &words, |layout| {
                decades::draw(&chart, layout)
            }))
        })
        .collect();
    (!figures.is_empty()).then(|| html! { @for figure in &figures { (figure) } })
}
