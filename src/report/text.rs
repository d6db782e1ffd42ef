//! The report as text: one row a layer, at most 100 columns, then the answer in plain words. The widths depend on the contents
//! alone, never on the terminal.

use super::decade::{decade, log10};
use super::{Factor, Layer, Report, Step, history, through_time};
use crate::numbers::{UNDEFINED, factor, scientific, share, significant};

/// Which characters a report may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characters {
    /// `‖∂C/∂W‖`, `×`, bars in eighths.
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

const WIDTH: usize = 100;
const BAR: usize = 20;

/// The whole text, a newline at the end.
#[must_use]
pub fn render(report: &Report, characters: Characters) -> String {
    let mut text = String::new();
    text.push_str(&title(report));
    if report.steps.len() > 2 {
        text.push('\n');
        history::table(report, &mut text);
    }
    let last = report.steps.len() - 1;
    for step in report.steps.iter().enumerate().filter(|(at, _)| *at == 0 || *at == last).map(|(_, step)| step) {
        text.push('\n');
        if report.steps.len() > 1 {
            text.push_str(&format!("step {}: {}\n", step.step, progress(step)));
        }
        table(step, characters, &mut text);
    }
    through_time::tables(&report.steps[last], characters, &mut text);
    text.push('\n');
    wrap(&report.summary.join(" "), &mut text);
    match characters {
        Characters::Unicode => text,
        Characters::Ascii => to_ascii(&text),
    }
}

fn title(report: &Report) -> String {
    let words = report.verdict.words.join(", ");
    let borderline = report.verdict.grounds.first().is_some_and(|ground| ground.borderline);
    let note = if borderline { " (borderline)" } else { "" };
    let last = report.steps.last().expect("a report has at least one step");
    let seeds = match report.verdict.seeds.len() {
        1 => format!("seed {}", report.seed),
        seeds => format!("{seeds} seeds (below: seed {})", report.seed),
    };
    let data = if report.synthetic_data { "synthetic " } else { "" };
    let examples = if report.batch == 1 { "example" } else { "examples" };
    // What each of several reports found stands above its own table.
    let moment = if report.steps.len() > 1 {
        format!("steps {} to {}", report.steps[0].step, last.step)
    } else {
        format!("step {}, {}", last.step, progress(last))
    };
    format!(
        "{}: {words}{note}\n{} {data}{examples}, {seeds}, {}, {moment}\n",
        report.network, report.batch, report.precision,
    )
}

fn progress(step: &Step) -> String {
    let accuracy = step.accuracy.map(|accuracy| format!(", accuracy {}", share(accuracy.0))).unwrap_or_default();
    let test = step.test_loss.map(|loss| format!("; held out: loss {}", significant(loss.0))).unwrap_or_default();
    let right = step.test_accuracy.map(|accuracy| format!(", accuracy {}", share(accuracy.0))).unwrap_or_default();
    format!("loss {}{accuracy}{test}{right}", significant(step.loss.0))
}

/// The fewest characters of a layer's name: what a table of all columns has room for.
const LEAST_NAME: usize = 8;

/// A column: heading and cells, aligned left or right.
struct Column {
    heading: String,
    left: bool,
    cells: Vec<String>,
}

fn table(step: &Step, characters: Characters, text: &mut String) {
    let layers = &step.layers;
    let norm = |statistics: &Option<super::Statistics>| {
        statistics.as_ref().map_or_else(|| UNDEFINED.to_owned(), |statistics| scientific(statistics.l2.0))
    };
    let right = |heading: &str, cell: &dyn Fn(&Layer) -> String| Column {
        heading: heading.to_owned(),
        left: false,
        cells: layers.iter().map(cell).collect(),
    };
    let left = |heading: &str, cell: &dyn Fn(&Layer) -> String| Column { left: true, ..right(heading, cell) };
    let scale = Scale::of(layers.iter().map(|layer| layer.pre_activation.statistics.l2.0));
    let mut columns = vec![
        left("layer", &|layer| shorten(&layer.name, 20)),
        right("‖∂C/∂W‖", &|layer| norm(&layer.weight)),
        right("‖∂C/∂b‖", &|layer| norm(&layer.bias)),
        right("‖∂C/∂z‖", &|layer| scientific(layer.pre_activation.statistics.l2.0)),
    ];
    let bars = Column {
        heading: String::new(),
        left: true,
        cells: layers.iter().map(|layer| scale.bar(layer.pre_activation.statistics.l2.0, characters)).collect(),
    };
    columns.push(bars);
    columns
        .push(right("factor", &|layer| layer.factor.as_ref().map_or_else(String::new, |part| factor(part.measured.0))));
    let shares: [(&'static str, fn(&Layer) -> Option<f64>); 2] = [
        ("saturated", |layer| layer.saturated.map(|share| share.0)),
        ("dead", |layer| layer.dead.map(|share| share.0)),
    ];
    for (heading, value) in shares {
        if layers.iter().any(|layer| value(layer).is_some_and(|share| share > 0.0)) {
            columns.push(right(heading, &|layer| value(layer).map_or_else(String::new, share)));
        }
    }
    columns.push(left("verdict", &|layer| layer.verdict.clone()));
    columns[4].heading = scale.axis();
    write_columns(&mut columns, 4, text);
    parts(layers, text);
}

/// The factors with what theory predicted and with their parts.
fn parts(layers: &[Layer], text: &mut String) {
    let layers: Vec<&Layer> = layers.iter().filter(|layer| layer.factor.is_some()).collect();
    if layers.is_empty() {
        return;
    }
    type Of = fn(&Factor) -> Option<f64>;
    let column = |heading: &str, of: Of| Column {
        heading: heading.to_owned(),
        left: false,
        cells: layers.iter().map(|layer| layer.factor.as_ref().and_then(of).map_or_else(String::new, factor)).collect(),
    };
    let mut columns = vec![Column {
        heading: "to the next".to_owned(),
        left: true,
        cells: layers.iter().map(|layer| shorten(&layer.name, 20)).collect(),
    }];
    columns.push(column("factor", |part| Some(part.measured.0)));
    let has =
        |of: Of| layers.iter().filter_map(|layer| of(layer.factor.as_ref()?)).any(|part| (part - 1.0).abs() > 5e-4);
    let predicted: Of = |part| part.predicted.map(|predicted| predicted.0);
    if layers.iter().any(|layer| layer.factor.as_ref().is_some_and(|part| part.predicted.is_some())) {
        columns.push(column("theory", predicted));
    }
    columns.push(column("W", |part| Some(part.weights.0)));
    columns.push(column("φ′", |part| Some(part.activation.0)));
    let more: [(&'static str, Of); 3] = [
        ("norm", |part| Some(part.normalisation.0)),
        ("skip", |part| Some(part.skip.0)),
        ("other", |part| Some(part.other.0)),
    ];
    columns.extend(more.into_iter().filter(|(_, of)| has(*of)).map(|(heading, of)| column(heading, of)));
    text.push('\n');
    write_columns(&mut joined(columns), usize::MAX, text);
}

/// Rows of this many layers or more that differ in nothing but their name are one.
const ALIKE: usize = 4;

/// Runs of rows that differ in nothing but their name, the first cell, as one row from the first of them to the last.
fn joined(columns: Vec<Column>) -> Vec<Column> {
    let count = columns.first().map_or(0, |names| names.cells.len());
    let alike = |a: usize, b: usize| columns.iter().skip(1).all(|column| column.cells[a] == column.cells[b]);
    let mut starts: Vec<usize> = Vec::new();
    let mut row = 0;
    while row < count {
        let run = (row + 1..count).take_while(|next| alike(row, *next)).count() + 1;
        let taken = if run >= ALIKE { run } else { 1 };
        starts.push(row);
        row += taken;
    }
    let end = |at: usize| starts.get(at + 1).copied().unwrap_or(count) - 1;
    let rows = |column: &Column, is_name: bool| {
        let cell = |(at, start): (usize, &usize)| match (is_name, end(at)) {
            (true, end) if end > *start => format!("{} to {}", column.cells[*start], column.cells[end]),
            _ => column.cells[*start].clone(),
        };
        starts.iter().enumerate().map(cell).collect()
    };
    columns
        .iter()
        .enumerate()
        .map(|(at, column)| Column { heading: column.heading.clone(), left: column.left, cells: rows(column, at == 0) })
        .collect()
}

/// Rows under their headings; the column at `bars` has the width of a bar.
fn write_columns(columns: &mut [Column], bars: usize, text: &mut String) {
    let mut widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(at, column)| {
            let least = if at == bars { BAR } else { column.heading.chars().count() };
            column.cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0).max(least)
        })
        .collect();
    let beyond = (widths.iter().sum::<usize>() + 2 * (widths.len() - 1)).saturating_sub(WIDTH);
    if beyond > 0 {
        widths[0] = widths[0].saturating_sub(beyond).max(LEAST_NAME);
        columns[0].cells.iter_mut().for_each(|name| *name = shorten(name, widths[0]));
    }
    let mut line = |cell: &dyn Fn(&Column) -> String| {
        let mut row = String::new();
        for (at, column) in columns.iter().enumerate() {
            let cell = cell(column);
            let pad = " ".repeat(widths[at].saturating_sub(cell.chars().count()));
            let gap = if at == 0 { "" } else { "  " };
            row.push_str(gap);
            row.push_str(&if column.left { format!("{cell}{pad}") } else { format!("{pad}{cell}") });
        }
        debug_assert!(row.trim_end().chars().count() <= WIDTH, "a row fits");
        text.push_str(row.trim_end());
        text.push('\n');
    };
    line(&|column| column.heading.clone());
    for row in 0..columns.first().map_or(0, |column| column.cells.len()) {
        line(&|column| column.cells[row].clone());
    }
}

/// The decades that the bars span.
pub(super) struct Scale {
    low: i32,
    high: i32,
}

impl Scale {
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let decades: Vec<i32> = values.filter(|value| *value > 0.0 && value.is_finite()).map(decade).collect();
        let low = decades.iter().min().copied().unwrap_or(-1);
        let high = decades.iter().max().copied().unwrap_or(-1) + 1;
        Self { low, high }
    }

    pub(super) fn axis(&self) -> String {
        let (low, high) = (format!("1e{}", self.low), format!("1e{}", self.high));
        format!("{low}{}{high}", " ".repeat(BAR.saturating_sub(low.len() + high.len())))
    }

    /// A bar on the logarithmic scale, in eighths of a character; a value on the scale has at least one eighth.
    pub(super) fn bar(&self, value: f64, characters: Characters) -> String {
        if value.is_nan() {
            return "NaN".to_owned();
        }
        if value <= 0.0 {
            return "0".to_owned();
        }
        let whole = BAR * 8;
        let eighths = if value.is_infinite() {
            whole
        } else {
            let part = (log10(value) - f64::from(self.low)) / f64::from(self.high - self.low);
            ((part * whole as f64).round() as usize).clamp(1, whole)
        };
        match characters {
            Characters::Unicode => {
                let mut bar = "█".repeat(eighths / 8);
                bar.push_str(["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]);
                bar
            }
            Characters::Ascii => "#".repeat(eighths.div_ceil(8)),
        }
    }
}

/// At most `most` characters, the middle left out.
pub(crate) fn shorten(name: &str, most: usize) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= most {
        return name.to_owned();
    }
    let head: String = characters[..most / 2 - 1].iter().collect();
    let tail: String = characters[characters.len() - (most - most / 2)..].iter().collect();
    format!("{head}…{tail}")
}

/// Breaks a paragraph at blanks to at most `WIDTH` columns.
pub(crate) fn wrap(paragraph: &str, text: &mut String) {
    let mut column = 0;
    for word in paragraph.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text.push('\n');
}

/// Every character beyond ASCII by its usual stand-in.
pub(crate) fn to_ascii(text: &str) -> String {
    let mut ascii = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '‖' => ascii.push('|'),
            '∂' => ascii.push('d'),
            '×' => ascii.push('x'),
            '′' => ascii.push('\''),
            '…' => ascii.push('~'),
            '—' => ascii.push('-'),
            '∞' => ascii.push_str("inf"),
            'φ' => ascii.push_str("phi"),
            '√' => ascii.push_str("sqrt"),
            'χ' => ascii.push_str("chi"),
            '·' => ascii.push('*'),
            '–' => ascii.push('-'),
            other if other.is_ascii() => ascii.push(other),
            _ => ascii.push('?'),
        }
    }
    ascii
}
