//! Rows as text: CSV with a head, or JSON lines, one object a row with the same names. Numbers in shortest round-trip form, those
//! that are not finite as `NaN`, `inf`, `-inf`. A row is one line, so that a file that ends early loses no more than its last.

use super::row::{COLUMNS, Kind};
use super::{Cell, Row, columns};
use serde_json::{Map, Value};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, with a head.
    Csv,
    /// A JSON object a line.
    Json,
}

/// Rows as they were read.
#[derive(Clone, Debug)]
pub struct Rows {
    /// How they are written.
    pub format: Format,
    /// The columns' names.
    pub names: Vec<String>,
    /// The rows, each with its line.
    pub rows: Vec<(Row, String)>,
    /// Whether the last line is not whole; it is left out.
    pub is_cut: bool,
}

/// Why a text holds no rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is empty.
    Empty,
    /// It begins like no file of rows.
    NotRows,
    /// This line, from 1, is damaged, and more follow.
    Damaged(usize),
}

/// The line before the first row; none in JSON.
#[must_use]
pub fn head(format: Format, names: &[String]) -> String {
    match format {
        Format::Csv => record(names),
        Format::Json => String::new(),
    }
}

/// A row as a line, its newline included.
#[must_use]
pub fn line(format: Format, names: &[String], row: &Row) -> String {
    let whole = |value: usize| Cell::Whole(value as u64);
    let before = [whole(row.run), whole(row.runs)];
    let params = row.values.iter().map(|value| Cell::Text(value.clone()));
    let after = [Cell::Text(row.experiment.clone())];
    let cells = before.into_iter().chain(params).chain(row.cells.iter().cloned()).chain(after);
    match format {
        Format::Csv => record(&cells.map(|cell| plain(&cell)).collect::<Vec<_>>()),
        Format::Json => {
            let is_param = |at: usize| (2..2 + row.values.len()).contains(&at);
            let object: Map<String, Value> = names
                .iter()
                .zip(cells)
                .enumerate()
                .map(|(at, (name, cell))| (name.clone(), if is_param(at) { param(cell) } else { json(cell) }))
                .collect();
            format!("{}\n", Value::Object(object))
        }
    }
}

fn record(fields: &[String]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields).expect("writing to memory does not fail");
    let bytes = writer.into_inner().expect("writing to memory does not fail");
    String::from_utf8(bytes).expect("every field is UTF-8")
}

fn number(value: f64) -> String {
    match serde_json::Number::from_f64(value) {
        Some(number) => number.to_string(),
        None if value.is_nan() => "NaN".to_owned(),
        None => if value > 0.0 { "inf" } else { "-inf" }.to_owned(),
    }
}

fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Whole(value) => value.to_string(),
        Cell::Number(value) => number(*value),
        Cell::List(values) => values.iter().map(|value| number(*value)).collect::<Vec<_>>().join(" "),
    }
}

fn json(cell: Cell) -> Value {
    let of = |value: f64| serde_json::Number::from_f64(value).map_or_else(|| number(value).into(), Value::Number);
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) => text.into(),
        Cell::Whole(value) => value.into(),
        Cell::Number(value) => of(value),
        Cell::List(values) => values.into_iter().map(of).collect::<Vec<Value>>().into(),
    }
}

/// A param's value: a number or a truth value where its text is one as JSON writes it, so that nothing of the text is lost.
fn param(cell: Cell) -> Value {
    let Cell::Text(text) = cell else { unreachable!("params are texts") };
    let value = serde_json::from_str(&text).ok().filter(|value: &Value| value.is_number() || value.is_boolean());
    match value.map(|value| (value.to_string(), value)) {
        Some((written, value)) if written == text => value,
        Some(_) | None => text.into(),
    }
}

/// Reads rows. What follows the last newline, and a last line that is damaged, is left out.
///
/// # Errors
/// Where the text is no file of rows, or a line before the last is damaged.
pub fn read(text: &str) -> Result<Rows, Unreadable> {
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    let mut is_cut = whole < text.len();
    let mut lines = text[..whole].lines().enumerate().peekable();
    let Some((_, first)) = lines.peek() else {
        return Err(if is_cut { Unreadable::NotRows } else { Unreadable::Empty });
    };
    let format = if first.starts_with('{') { Format::Json } else { Format::Csv };
    let names = match format {
        Format::Json => match serde_json::from_str(first) {
            Ok(Value::Object(object)) => object.keys().cloned().collect(),
            Ok(_) | Err(_) => return Err(Unreadable::NotRows),
        },
        Format::Csv => fields(first).ok_or(Unreadable::NotRows)?,
    };
    let params = params(&names).ok_or(Unreadable::NotRows)?;
    if format == Format::Csv {
        lines.next();
    }
    let mut rows = Vec::new();
    while let Some((at, line)) = lines.next() {
        let row = match format {
            Format::Csv => fields(line).and_then(|fields| parse_csv(&fields, params.len())),
            Format::Json => serde_json::from_str(line).ok().and_then(|value| parse_json(&value, &names)),
        };
        match row {
            Some(row) => rows.push((row, format!("{line}\n"))),
            None if lines.peek().is_none() => is_cut = true,
            None => return Err(Unreadable::Damaged(at + 1)),
        }
    }
    Ok(Rows { format, names, rows, is_cut })
}

/// The params among the names of columns; none where the columns are not those of a sweep.
fn params(names: &[String]) -> Option<Vec<String>> {
    let count = names.len().checked_sub(COLUMNS.len() + 3)?;
    let params: Vec<String> =
        names[2..2 + count].iter().map(|name| name.strip_prefix("param.").unwrap_or(name).to_owned()).collect();
    (columns(&params) == names).then_some(params)
}

impl Rows {
    /// The names of the params.
    #[must_use]
    pub fn params(&self) -> Vec<String> {
        params(&self.names).expect("they were read before")
    }
}

fn fields(line: &str) -> Option<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
    let record = reader.records().next()?.ok()?;
    Some(record.iter().map(str::to_owned).collect())
}

fn parse_csv(fields: &[String], params: usize) -> Option<Row> {
    if fields.len() != params + COLUMNS.len() + 3 {
        return None;
    }
    let (values, found) = fields[2..fields.len() - 1].split_at(params);
    let cells = COLUMNS.iter().zip(found).map(|(column, text)| parse(column.kind, text));
    Some(Row {
        run: fields[0].parse().ok()?,
        runs: fields[1].parse().ok()?,
        values: values.to_vec(),
        cells: cells.collect::<Option<_>>()?,
        experiment: is_experiment(&fields[fields.len() - 1])?,
    })
}

fn is_experiment(text: &str) -> Option<String> {
    (text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_owned())
}

fn parse(kind: Kind, text: &str) -> Option<Cell> {
    if text.is_empty() {
        return Some(Cell::Empty);
    }
    Some(match kind {
        Kind::Text => Cell::Text(text.to_owned()),
        Kind::Whole => Cell::Whole(text.parse().ok()?),
        Kind::Number => Cell::Number(text.parse().ok()?),
        Kind::List => Cell::List(text.split(' ').map(|value| value.parse().ok()).collect::<Option<_>>()?),
    })
}

fn parse_json(value: &Value, names: &[String]) -> Option<Row> {
    let object = value.as_object()?;
    if object.len() != names.len() || !object.keys().eq(names) {
        return None;
    }
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values
            .iter()
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(" "),
        other => other.to_string(),
    };
    parse_csv(&object.values().map(text).collect::<Vec<_>>(), names.len() - COLUMNS.len() - 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: &str, cell: impl Fn(&super::super::row::Column) -> Cell) -> Row {
        let cells = COLUMNS.iter().map(cell).collect();
        Row { run: 3, runs: 12, values: vec![value.to_owned()], cells, experiment: "0123456789abcdef".to_owned() }
    }

    fn rows() -> Vec<Row> {
        let full = |column: &super::super::row::Column| match column.kind {
            Kind::Text => Cell::Text("a, \"b\" é".to_owned()),
            Kind::Whole => Cell::Whole(7),
            Kind::Number => Cell::Number(0.1),
            Kind::List => Cell::List(vec![f64::INFINITY, 1e-45, f64::NEG_INFINITY]),
        };
        vec![row("swish(beta: 2)", full), row("0.10", |_| Cell::Empty), row("2", full), row("true", full)]
    }

    fn text(format: Format, rows: &[Row]) -> String {
        let names = columns(&["loss".to_owned()]);
        let lines: String = rows.iter().map(|row| line(format, &names, row)).collect();
        head(format, &names) + &lines
    }

    #[test]
    fn what_is_written_is_read_back() {
        for format in [Format::Csv, Format::Json] {
            let read = read(&text(format, &rows())).unwrap();
            assert_eq!((read.format, read.is_cut, read.params()), (format, false, vec!["loss".to_owned()]));
            assert_eq!(read.rows.iter().map(|(row, _)| row.clone()).collect::<Vec<_>>(), rows());
        }
    }

    #[test]
    fn a_text_that_is_cut_anywhere_loses_no_whole_line() {
        for format in [Format::Csv, Format::Json] {
            let text = text(format, &rows()[..3]);
            for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
                let lines = text[..end].matches('\n').count();
                match read(&text[..end]) {
                    Ok(read) => {
                        assert_eq!(read.rows.len(), lines - usize::from(format == Format::Csv));
                        assert_eq!(read.is_cut, !text[..end].ends_with('\n'));
                    }
                    Err(why) => assert_eq!((lines, why == Unreadable::Empty), (0, end == 0)),
                }
            }
        }
    }

    #[test]
    fn a_damaged_line_is_left_out_at_the_end_and_told_elsewhere() {
        for format in [Format::Csv, Format::Json] {
            let whole = text(format, &rows());
            let damaged = format!("{whole}3,1\n");
            assert!(read(&damaged).is_ok_and(|read| read.is_cut && read.rows.len() == 4));
            let more = format!("{damaged}{}", line(format, &columns(&["loss".to_owned()]), &rows()[0]));
            let at = if format == Format::Csv { 6 } else { 5 };
            assert_eq!(read(&more).unwrap_err(), Unreadable::Damaged(at));
        }
        assert_eq!(read("a,b\n1,2\n").unwrap_err(), Unreadable::NotRows);
        assert_eq!(read("{\"run\": 1}\n").unwrap_err(), Unreadable::NotRows);
    }
}
