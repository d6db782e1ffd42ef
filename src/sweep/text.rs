//! A sweep as text: one row a point, then the map; at most 100 columns.

use super::map::{Map, letter};
use super::summary::{Interval, Point, Summary};
use crate::diagnose::verdict;
use crate::numbers::{factor, share, significant};
use crate::report::text::{Characters, shorten, to_ascii, wrap};

const WIDTH: usize = 100;
/// Points that are shown; a file of rows has them all.
const MOST_POINTS: usize = 120;
/// A param's value is shown with so many characters at most.
const VALUE: usize = 18;

/// The whole text, a newline at the end.
#[must_use]
pub fn render(summary: &Summary, map: Option<&Map>, characters: Characters) -> String {
    let mut text = title(summary);
    text.push('\n');
    table(summary, &mut text);
    if let Some(map) = map {
        text.push('\n');
        draw(map, &mut text);
    }
    text.push('\n');
    // Some characters' stand-ins are longer: lines are broken after that.
    let notes = notes(summary);
    wrap(&if characters == Characters::Ascii { to_ascii(&notes) } else { notes }, &mut text);
    match characters {
        Characters::Unicode => text,
        Characters::Ascii => to_ascii(&text),
    }
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

/// `hidden × act: 25 × 2 points, 1000 runs`
#[must_use]
pub fn title(summary: &Summary) -> String {
    let names: Vec<&str> = summary.axes.iter().map(|axis| axis.name.as_str()).collect();
    let lengths: Vec<String> = summary.axes.iter().map(|axis| axis.values.len().to_string()).collect();
    let (names, lengths) = (names.join(" × "), lengths.join(" × "));
    let what = match summary.axes.len() {
        0 => "seeds".to_owned(),
        1 => format!("{names}: {}", plural(summary.points.len(), "point")),
        _ => format!("{names}: {lengths} points"),
    };
    let done = if summary.done == summary.runs {
        plural(summary.runs, "run")
    } else {
        format!("{} of {}", summary.done, plural(summary.runs, "run"))
    };
    let mut text = String::new();
    wrap(&format!("{what}, {done}"), &mut text);
    text
}

/// A column: heading, cells, whether it is aligned left, and whether it may be left out where there is no room.
struct Column {
    heading: String,
    cells: Vec<String>,
    left: bool,
    spare: bool,
}

impl Column {
    fn width(&self) -> usize {
        self.cells.iter().chain([&self.heading]).map(|cell| cell.chars().count()).max().unwrap_or(0)
    }
}

fn interval(interval: Interval) -> String {
    let (low, high) = (factor(interval.low), factor(interval.high));
    if low == high { low } else { format!("{low} to {high}") }
}

fn table(summary: &Summary, text: &mut String) {
    let points = &summary.points[..summary.points.len().min(MOST_POINTS)];
    let of = |heading: &str, left, spare, cell: &dyn Fn(&Point) -> String| Column {
        heading: heading.to_owned(),
        cells: points.iter().map(cell).collect(),
        left,
        spare,
    };
    let mut columns: Vec<Column> = Vec::new();
    for (at, axis) in summary.axes.iter().enumerate() {
        let is_number = axis.values.iter().all(|value| value.parse::<f64>().is_ok());
        columns.push(of(&shorten(&axis.name, VALUE), !is_number, false, &|point| shorten(&point.values[at], VALUE)));
    }
    let verdict = |point: &Point| match point.runs {
        1 => point.word.clone(),
        runs => format!("{} {}/{runs}", point.word, point.agreeing),
    };
    columns.push(of("verdict", true, false, &verdict));
    type Cell = fn(&Point) -> Option<String>;
    let more: [(&str, Cell); 8] = [
        ("ratio", |point| point.number("ratio").map(significant)),
        ("a layer", |point| point.factor.map(|interval| factor(interval.median))),
        ("95 %", |point| point.factor.filter(|own| own.is_sure).map(interval)),
        ("range", |point| point.factor.filter(|own| !own.is_sure && point.runs > 1).map(interval)),
        ("theory", |point| point.number("theory").map(factor)),
        ("loss", |point| point.number("loss").map(significant)),
        ("accuracy", |point| point.number("accuracy").map(share)),
        ("held out", |point| {
            point
                .number("test_accuracy")
                .or(point.number("test_loss"))
                .map(|value| if point.number("test_accuracy").is_some() { share(value) } else { significant(value) })
        }),
    ];
    for (heading, cell) in more {
        if points.iter().any(|point| cell(point).is_some()) {
            columns.push(of(heading, false, heading != "ratio", &|point| cell(point).unwrap_or_default()));
        }
    }
    let width = |columns: &[Column]| columns.iter().map(Column::width).sum::<usize>() + 2 * (columns.len() - 1);
    while width(&columns) > WIDTH
        && let Some(at) = columns.iter().rposition(|column| column.spare)
    {
        columns.remove(at);
    }
    let mut line = |cell: &dyn Fn(&Column) -> &str| {
        let mut row = String::new();
        for (at, column) in columns.iter().enumerate() {
            let (cell, width) = (cell(column), column.width());
            let pad = " ".repeat(width - cell.chars().count());
            row.push_str(if at == 0 { "" } else { "  " });
            row.push_str(&if column.left { format!("{cell}{pad}") } else { format!("{pad}{cell}") });
        }
        let row: String = row.chars().take(WIDTH).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    };
    line(&|column| &column.heading);
    for at in 0..points.len() {
        line(&|column| &column.cells[at]);
    }
    if let Some(more) = summary.points.len().checked_sub(MOST_POINTS).filter(|more| *more > 0) {
        text.push_str(&format!("… and {}; `--format csv` has every run\n", plural(more, "point")));
    }
}

fn draw(map: &Map, text: &mut String) {
    let number = |point: &Point| point.number(map.quantity.column()).map(|value| map.quantity.text(value));
    let full = |cell: &Option<Point>| {
        cell.as_ref()
            .map_or_else(String::new, |point| format!("{} {}", number(point).unwrap_or_default(), letter(&point.word)))
    };
    let short = |cell: &Option<Point>| cell.as_ref().map_or_else(String::new, |point| letter(&point.word).to_string());
    let name = |values: &[String]| values.iter().map(|value| shorten(value, VALUE)).collect::<Vec<_>>();
    let rows = name(&map.down.1);
    let head = shorten(&map.down.0, VALUE);
    let is_number = map.down.1.iter().all(|value| value.parse::<f64>().is_ok());
    let first = rows.iter().chain([&head]).map(|row| row.chars().count()).max().unwrap_or(0);
    let columns = name(&map.across.1);
    let widths = |cell: &dyn Fn(&Option<Point>) -> String, names: bool| -> Vec<usize> {
        (0..columns.len())
            .map(|at| {
                let cells = map.cells.iter().map(|row| cell(&row[at]).chars().count());
                cells.chain([if names { columns[at].chars().count() } else { 1 }]).max().unwrap_or(0)
            })
            .collect()
    };
    let total = |widths: &[usize]| first + widths.iter().map(|width| width + 2).sum::<usize>();
    let mut caption = format!("{}, and the verdict's letter:", map.caption());
    let wide = widths(&full, true);
    let is_short = total(&wide) > WIDTH;
    let widths = if is_short {
        caption = format!(
            "The verdict's letter; across: {} = {}.",
            map.across.0,
            shorten(&map.across.1.join(", "), WIDTH / 2)
        );
        vec![1; columns.len()]
    } else {
        wide
    };
    wrap(&caption, text);
    let mut line = |head: &str, cells: &dyn Fn(usize) -> String| {
        let mut row = if is_number { format!("{head:>first$}") } else { format!("{head:<first$}") };
        for (at, width) in widths.iter().enumerate() {
            let gap = if is_short { 1 } else { 2 };
            let cell = cells(at);
            row.push_str(&" ".repeat(gap + width.saturating_sub(cell.chars().count())));
            row.push_str(&cell);
        }
        let row: String = row.chars().take(WIDTH).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    };
    if is_short {
        line(&head, &|_| String::new());
    } else {
        line("", &|at| if at == 0 { map.across.0.clone() } else { String::new() });
        line(&head, &|at| columns[at].clone());
    }
    for (row, cells) in rows.iter().zip(&map.cells) {
        line(row, &|at| if is_short { short(&cells[at]) } else { full(&cells[at]) });
    }
    let mut words: Vec<&str> = verdict::WORDS.iter().map(|word| word.word()).collect();
    words.push("error");
    let is_there = |word: &&str| map.cells.iter().flatten().flatten().any(|point| point.word == **word);
    let letters: Vec<String> =
        words.into_iter().filter(is_there).map(|word| format!("{} {word}", letter(word))).collect();
    text.push_str(&format!("{}\n", letters.join(", ")));
}

fn notes(summary: &Summary) -> String {
    let mut notes = Vec::new();
    let several = summary.points.iter().any(|point| point.runs > 1);
    let median = if several { ", the median of the runs" } else { "" };
    notes.push(format!("ratio: r at the first layer over r at the last{median}; r is √B·‖∂C/∂z‖."));
    if summary.points.iter().any(|point| point.factor.is_some()) {
        notes.push(format!(
            "a layer: by what r is multiplied for one layer toward the input (Theil–Sen over ln r){median}."
        ));
    }
    if summary.points.iter().any(|point| point.factor.is_some_and(|own| own.is_sure)) {
        notes.push("95 %: an interval that holds the median over all seeds with that confidence.".to_owned());
    }
    if summary.points.iter().any(|point| point.number("theory").is_some()) {
        notes.push("theory: the root of mean-field theory's χ, for wide layers.".to_owned());
    }
    let failed: usize = summary.points.iter().map(|point| point.errors).sum();
    if let Some(reason) = summary.points.iter().find_map(|point| point.reason.as_ref()) {
        notes.push(format!("{} could not be done; the first: {reason}.", plural(failed, "run")));
    }
    notes.join(" ")
}
