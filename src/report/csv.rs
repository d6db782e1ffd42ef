//! The report as CSV: one row for each tensor of each layer of each report, for spreadsheets and data frames.

use super::{Report, Statistics};

/// The statistics as rows: step, layer, tensor, then one column for each statistic.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |row: &[String]| writer.write_record(row).expect("writing to memory does not fail");
    let head = [
        "seed",
        "step",
        "layer",
        "kind",
        "line",
        "tensor",
        "l2",
        "rms",
        "mean",
        "max_abs",
        "zero_fraction",
        "subnormal_fraction",
        "underflow_f16",
        "underflow_bf16",
        "underflow_f32",
        "nonfinite",
        "per_example",
        "factor",
        "saturated",
        "dead",
        "verdict",
    ];
    write(&head.map(str::to_owned));
    let number = |value: f64| serde_json::to_value(super::Number(value)).map_or_else(|_| String::new(), plain);
    let option = |value: Option<f64>| value.map(number).unwrap_or_default();
    for step in &report.steps {
        for layer in &step.layers {
            let tensors: [(&str, Option<&Statistics>); 5] = [
                ("gradient", layer.gradient.as_ref()),
                ("weight", layer.weight.as_ref()),
                ("bias", layer.bias.as_ref()),
                ("pre_activation", Some(&layer.pre_activation.statistics)),
                ("output", Some(&layer.output)),
            ];
            for (tensor, statistics) in tensors {
                let Some(statistics) = statistics else { continue };
                let is_signal = tensor == "pre_activation";
                let signal = |value: Option<f64>| if is_signal { option(value) } else { String::new() };
                let mut row = vec![
                    report.seed.to_string(),
                    step.step.to_string(),
                    layer.name.clone(),
                    layer.kind.clone(),
                    layer.line.to_string(),
                    tensor.to_owned(),
                ];
                row.extend(columns(statistics).map(number));
                row.push(statistics.nonfinite.to_string());
                row.push(signal(Some(layer.pre_activation.per_example.0)));
                row.push(signal(layer.factor.as_ref().map(|factor| factor.measured.0)));
                row.push(signal(layer.saturated.map(|share| share.0)));
                row.push(signal(layer.dead.map(|share| share.0)));
                row.push(if is_signal { layer.verdict.clone() } else { String::new() });
                write(&row);
            }
        }
    }
    let bytes = writer.into_inner().expect("writing to memory does not fail");
    String::from_utf8(bytes).expect("every field is UTF-8")
}

fn plain(value: serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

fn columns(statistics: &Statistics) -> [f64; 9] {
    [
        statistics.l2.0,
        statistics.rms.0,
        statistics.mean.0,
        statistics.max_abs.0,
        statistics.zero_fraction.0,
        statistics.subnormal_fraction.0,
        statistics.underflow_f16.0,
        statistics.underflow_bf16.0,
        statistics.underflow_f32.0,
    ]
}
