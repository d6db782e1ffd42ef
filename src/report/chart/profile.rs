//! What charts draw of a run: a number for each layer of the last report, and its spread over the seeds.

use crate::diagnose::median;
use crate::report::Report;
use crate::run::record::{LayerRecord, Record, Records};

/// A quantity by layer.
pub(in crate::report) struct Track {
    /// The median over the seeds; absent where a layer has no such quantity.
    pub(in crate::report) middle: Vec<Option<f64>>,
    /// The lowest and the highest of several seeds.
    pub(in crate::report) range: Option<Vec<Option<(f64, f64)>>>,
}

impl Track {
    /// A quantity of one seed.
    pub(in crate::report) const fn single(values: Vec<Option<f64>>) -> Self {
        Self { middle: values, range: None }
    }

    /// Over all seeds.
    fn over(reports: &[&Record], value: impl Fn(&LayerRecord) -> Option<f64>) -> Self {
        let layers = reports.first().map_or(0, |report| report.layers.len());
        let sorted: Vec<Vec<f64>> = (0..layers)
            .map(|layer| {
                let mut values: Vec<f64> = reports.iter().filter_map(|report| value(&report.layers[layer])).collect();
                values.sort_by(f64::total_cmp);
                values
            })
            .collect();
        let ends = |values: &Vec<f64>| Some((*values.first()?, *values.last()?));
        Self {
            middle: sorted.iter().map(|values| (!values.is_empty()).then(|| median(values))).collect(),
            range: (reports.len() > 1).then(|| sorted.iter().map(ends).collect()),
        }
    }

    /// Whether no layer has the quantity.
    pub(in crate::report) fn is_empty(&self) -> bool {
        self.middle.iter().all(Option::is_none)
    }

    /// Every number that is drawn. The ends of a band give the axis room only where they are on its scale.
    pub(in crate::report) fn drawn(&self) -> impl Iterator<Item = f64> {
        let ends = self.range.iter().flatten().flatten().flat_map(|(low, high)| [*low, *high]);
        self.middle.iter().flatten().copied().chain(ends.filter(|end| *end > 0.0 && end.is_finite()))
    }
}

/// The gradient by layer.
pub(in crate::report) struct Profile {
    /// The layers, in order of the text.
    pub(in crate::report) names: Vec<String>,
    /// ‖∂C/∂W‖
    pub(in crate::report) weight: Track,
    /// ‖∂C/∂b‖
    pub(in crate::report) bias: Track,
    /// ‖∂C/∂z‖
    pub(in crate::report) signal: Track,
}

impl Profile {
    /// Of the last report of every seed.
    pub(in crate::report) fn new(report: &Report, records: &Records) -> Self {
        let last = report.steps.last().expect("a report has at least one step");
        let reports: Vec<&Record> = records.seeds.iter().filter_map(|seed| seed.steps.last()).collect();
        Self {
            names: last.layers.iter().map(|layer| layer.name.clone()).collect(),
            weight: Track::over(&reports, |layer| Some(layer.weight.as_ref()?.l2)),
            bias: Track::over(&reports, |layer| Some(layer.bias.as_ref()?.l2)),
            signal: Track::over(&reports, |layer| Some(layer.pre_activation.l2)),
        }
    }
}
