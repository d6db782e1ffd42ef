//! `csv(path, target:, header:, window:)`: rows of cells parted by commas.
//!
//! The target is the column of that name (without a header: of that number, from 0), or the last; all others are inputs, in
//! the order of the file. Where every target is a number, they are numbers, or class numbers where the loss takes those;
//! otherwise they are names of classes, numbered in the order of their characters over the whole file, whatever is taken of
//! it. With `window: n` example `i` is rows `i..i + n`, its target that of its last row, or those of all its rows where the
//! network answers every step.
//!
//! The file is read twice: once to check its rows and to learn its classes, once to take what is asked for.

use super::file;
use super::source::{Count, Header, Labels, Network, Opened, Reader, Sink};
use crate::diagnostics::{Diagnostic, data, near};
use crate::model::Spanned;
use crate::shape::Shape;
use csv::{ByteRecord, ErrorKind};
use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

/// The longest row, in bytes.
const LONGEST_ROW: u64 = 16 << 20;
/// The most class names, and the most bytes of all of them.
const MOST_NAMES: usize = 1 << 16;
const MOST_NAME_BYTES: usize = 16 << 20;

/// How the file is laid out, as the user said.
pub(super) struct Layout<'a> {
    /// The column to predict.
    pub(super) target: Option<&'a Spanned<String>>,
    /// Whether the first row has names.
    pub(super) header: bool,
    /// Rows per example.
    pub(super) window: Option<usize>,
}

struct Table {
    rows: Rows,
    target: usize,
    classes: Option<Vec<String>>,
    window: usize,
    every_step: bool,
}

/// Opens the file, checks its rows and learns its classes.
pub(super) fn open(
    base: &Path,
    path: &Spanned<String>,
    layout: &Layout,
    network: Network<'_>,
) -> Result<Opened, Diagnostic> {
    let file::Opened { file, reader, .. } = file::open(base, path)?;
    let mut rows = Rows::new(file, reader.into_inner(), layout.header)?;
    let columns = rows.names.len();
    let target = find_target(&rows, layout)?;
    if columns < 2 {
        return Err(data::no_inputs(&rows.file));
    }
    let survey = survey(&mut rows, target)?;
    let (labels, classes) = match survey.odd {
        None => (Labels::Numbers, None),
        Some(odd) => {
            let names: Vec<String> = survey.names.into_iter().collect();
            let odd = survey.has_numbers.then_some(odd);
            (Labels::Names { names: names.clone(), odd }, Some(names))
        }
    };
    let window = layout.window.unwrap_or(1);
    let Some(examples) = (survey.rows + 1).checked_sub(window).filter(|examples| *examples > 0 && window > 0) else {
        let why = format!("`{}` has {} rows, fewer than the window of {window}", rows.file.path, survey.rows);
        return Err(data::none_left(rows.file.span, &why));
    };
    let features = columns - 1;
    let every_step =
        layout.window.is_some() && network.output.is_some_and(|output| output.rank() > 1 && output.0[0] == window);
    let x = if layout.window.is_some() { Shape::new([window, features]) } else { Shape::new([features]) };
    if x.checked_elements().is_none() {
        return Err(data::absurd_size(&rows.file, &format!("examples of shape {x}")));
    }
    let y = if every_step { Shape::new([window]) } else { Shape::scalar() };
    let header = Header { examples: Count::Fixed(examples), x, y, labels, columns: features };
    Ok(Opened::new(header, Table { rows, target, classes, window, every_step }))
}

impl Reader for Table {
    fn read(mut self: Box<Self>, rows: Range<usize>, x: &mut dyn Sink, y: &mut dyn Sink) -> Result<(), Diagnostic> {
        self.rows.rewind()?;
        for _ in 0..rows.start {
            self.rows.advance()?;
        }
        let mut window: VecDeque<(Vec<f64>, f64)> = VecDeque::new();
        for _ in 0..rows.len() + self.window - 1 {
            if window.len() == self.window {
                window.pop_front();
            }
            window.push_back(self.next_row()?);
            if window.len() == self.window {
                for (features, target) in &window {
                    x.accept(features);
                    if self.every_step {
                        y.accept(&[*target]);
                    }
                }
                if !self.every_step {
                    y.accept(&[window[self.window - 1].1]);
                }
            }
        }
        Ok(())
    }
}

impl Table {
    fn next_row(&mut self) -> Result<(Vec<f64>, f64), Diagnostic> {
        if !self.rows.advance()? {
            return Err(data::unreadable_file(&self.rows.file, "it changed while it was read"));
        }
        let features = (0..self.rows.names.len())
            .filter(|column| *column != self.target)
            .map(|column| self.rows.number(column))
            .collect::<Result<_, _>>()?;
        let target = match &self.classes {
            None => self.rows.number(self.target)?,
            Some(names) => {
                let name = self.rows.text(self.target)?;
                let class = names.binary_search(&name);
                class.map_err(|_| data::unreadable_file(&self.rows.file, "it changed while it was read"))? as f64
            }
        };
        Ok((features, target))
    }
}

/// What the first reading finds.
#[derive(Default)]
struct Survey {
    rows: usize,
    names: BTreeSet<String>,
    has_numbers: bool,
    /// The first target that is no number.
    odd: Option<String>,
}

fn survey(rows: &mut Rows, target: usize) -> Result<Survey, Diagnostic> {
    let mut survey = Survey::default();
    let mut bytes = 0;
    while rows.advance()? {
        survey.rows += 1;
        for column in (0..rows.names.len()).filter(|column| *column != target) {
            rows.number(column)?;
        }
        let text = rows.text(target)?;
        if text.is_empty() {
            return Err(rows.bad_cell(target, "the cell is empty"));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => survey.has_numbers = true,
            Ok(_) => return Err(rows.bad_cell(target, &format!("`{text}` is not a finite number"))),
            Err(_) => {
                let line = rows.record.position().map_or(0, csv::Position::line);
                survey.odd.get_or_insert_with(|| format!("line {line} has `{text}`, so the targets are read as names"));
            }
        }
        // Numbers are names too, should another cell turn out to be no number.
        if survey.names.len() < MOST_NAMES && bytes < MOST_NAME_BYTES {
            bytes += text.len();
            survey.names.insert(text);
        } else if survey.odd.is_some() {
            return Err(rows.bad_cell(target, &format!("there are more than {MOST_NAMES} class names")));
        }
    }
    if survey.rows == 0 {
        return Err(data::none_left(rows.file.span, &format!("`{}` has no rows", rows.file.path)));
    }
    Ok(survey)
}

fn find_target(rows: &Rows, layout: &Layout) -> Result<usize, Diagnostic> {
    let Some(target) = layout.target else { return Ok(rows.names.len() - 1) };
    let found = if layout.header {
        rows.names.iter().position(|name| *name == target.value)
    } else {
        target.value.parse().ok().filter(|column| *column < rows.names.len())
    };
    found.ok_or_else(|| {
        let near = near::nearest(&target.value, rows.names.iter().map(String::as_str));
        data::not_in_file(&rows.file, "column", &target.value, target.span, near, &rows.names)
    })
}

/// The rows of a file, one at a time.
struct Rows {
    file: data::File,
    /// The column names; their numbers where the file has none.
    names: Vec<String>,
    header: bool,
    reader: csv::Reader<Metered>,
    record: ByteRecord,
    spent: Rc<Cell<u64>>,
}

impl Rows {
    fn new(file: data::File, inner: File, header: bool) -> Result<Self, Diagnostic> {
        let spent = Rc::new(Cell::new(0));
        let metered = Metered { inner, spent: Rc::clone(&spent) };
        let reader =
            csv::ReaderBuilder::new().buffer_capacity(1 << 16).has_headers(false).flexible(false).from_reader(metered);
        let mut rows = Self { file, names: Vec::new(), header, reader, record: ByteRecord::new(), spent };
        if !rows.advance()? {
            return Err(data::none_left(rows.file.span, &format!("`{}` is empty", rows.file.path)));
        }
        let named = |(column, cell): (usize, &[u8])| {
            if header { String::from_utf8_lossy(cell).trim().to_owned() } else { column.to_string() }
        };
        rows.names = rows.record.iter().enumerate().map(named).collect();
        if !header {
            rows.rewind()?;
        }
        Ok(rows)
    }

    /// Back to the first row of numbers.
    fn rewind(&mut self) -> Result<(), Diagnostic> {
        self.spent.set(0);
        if let Err(error) = self.reader.seek(csv::Position::new()) {
            return Err(self.broken(&error));
        }
        if self.header {
            self.advance()?;
        }
        Ok(())
    }

    /// The next row into `record`; whether there is one.
    fn advance(&mut self) -> Result<bool, Diagnostic> {
        self.spent.set(0);
        self.reader.read_byte_record(&mut self.record).map_err(|error| self.broken(&error))
    }

    fn broken(&self, error: &csv::Error) -> Diagnostic {
        match error.kind() {
            ErrorKind::UnequalLengths { pos, expected_len, len } => {
                data::ragged_row(&self.file, pos.as_ref().map_or(0, csv::Position::line), *len, *expected_len)
            }
            ErrorKind::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                let line = self.reader.position().line();
                data::wrong_format(
                    &self.file,
                    "a table",
                    &format!("the row of line {line} is longer than {LONGEST_ROW} bytes"),
                )
            }
            ErrorKind::Io(error) => data::unreadable_file(&self.file, &file::reason(error)),
            _ => data::wrong_format(&self.file, "a table", &error.to_string()),
        }
    }

    fn text(&self, column: usize) -> Result<String, Diagnostic> {
        match str::from_utf8(&self.record[column]) {
            Ok(text) => Ok(text.trim().to_owned()),
            Err(_) => Err(self.bad_cell(column, "the cell is not UTF-8 text")),
        }
    }

    fn number(&self, column: usize) -> Result<f64, Diagnostic> {
        let Ok(text) = str::from_utf8(&self.record[column]) else {
            return Err(self.bad_cell(column, "the cell is not UTF-8 text"));
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(self.bad_cell(column, "the cell is empty"));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            Ok(_) => Err(self.bad_cell(column, &format!("`{text}` is not a finite number"))),
            Err(_) => Err(self.bad_cell(column, &format!("`{}` is not a number", shortened(text)))),
        }
    }

    fn bad_cell(&self, column: usize, what: &str) -> Diagnostic {
        let line = self.record.position().map_or(0, csv::Position::line);
        let name = if self.header { format!(" (`{}`)", shortened(&self.names[column])) } else { String::new() };
        data::bad_value(&self.file, &format!("line {line}, column {}{name}", column + 1), what)
    }
}

/// At most 40 characters.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A reader that refuses to go on for ever within one row.
struct Metered {
    inner: File,
    /// Bytes read since the row began.
    spent: Rc<Cell<u64>>,
}

impl Read for Metered {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.spent.get() > LONGEST_ROW {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a row is too long"));
        }
        let count = self.inner.read(into)?;
        self.spent.set(self.spent.get() + count as u64);
        Ok(count)
    }
}

impl Seek for Metered {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::testing::{Folder, at, failure, model, read_all};

    const PLAIN: Layout<'static> = Layout { target: None, header: true, window: None };

    fn open_text(text: &[u8], layout: &Layout, output: &[usize]) -> Result<Opened, Diagnostic> {
        let folder = Folder::with(&[("table.csv", text)]);
        open(folder.path(), &at("table.csv"), layout, Network::of(&model(&[2], output)))
    }

    #[test]
    fn columns_are_found_by_name_and_classes_are_sorted() {
        let text = b"\xEF\xBB\xBFwidth,species,length\r\n1.5, lily ,2\r\n\r\n\"-3e-1\",iris,4\r\n5,rose,6\r\n";
        let target = at("species");
        let opened = open_text(text, &Layout { target: Some(&target), ..PLAIN }, &[3]).unwrap();
        let names = ["iris", "lily", "rose"].map(String::from).to_vec();
        assert_eq!(opened.header.labels, Labels::Names { names, odd: None });
        assert_eq!(opened.header.examples, Count::Fixed(3));
        let (x, y) = read_all(opened, 0..3).unwrap();
        assert_eq!((x, y), (vec![1.5, 2.0, -0.3, 4.0, 5.0, 6.0], vec![1.0, 0.0, 2.0]));
    }

    #[test]
    fn class_numbers_do_not_depend_on_what_is_taken() {
        let opened = open_text(b"a,b\n1,z\n2,y\n3,x\n", &PLAIN, &[3]).unwrap();
        assert_eq!(read_all(opened, 1..2).unwrap(), (vec![2.0], vec![1.0]));
    }

    #[test]
    fn without_a_header_columns_have_numbers() {
        let target = at("0");
        let layout = Layout { target: Some(&target), header: false, window: None };
        let opened = open_text(b"1,2,3\n4,5,6\n", &layout, &[1]).unwrap();
        assert_eq!(opened.header.labels, Labels::Numbers);
        assert_eq!(read_all(opened, 0..2).unwrap(), (vec![2.0, 3.0, 5.0, 6.0], vec![1.0, 4.0]));
    }

    #[test]
    fn windows_slide_one_row_at_a_time() {
        let text = b"x,t\n1,10\n2,20\n3,30\n4,40\n";
        let layout = Layout { window: Some(3), ..PLAIN };
        let opened = open_text(text, &layout, &[1]).unwrap();
        assert_eq!((opened.header.x.clone(), opened.header.columns), (Shape::new([3, 1]), 1));
        assert_eq!(read_all(opened, 0..2).unwrap(), (vec![1.0, 2.0, 3.0, 2.0, 3.0, 4.0], vec![30.0, 40.0]));
        let opened = open_text(text, &layout, &[3, 1]).unwrap();
        assert_eq!(read_all(opened, 1..2).unwrap().1, [20.0, 30.0, 40.0]);
        let short = failure(open_text(text, &Layout { window: Some(5), ..PLAIN }, &[1]));
        assert_eq!(short.code.0, "E0608");
    }

    #[test]
    fn bad_cells_and_rows_are_named_by_line_and_column() {
        let cases: [(&str, &[u8], &str); 12] = [
            ("E0608", b"", "is empty"),
            ("E0608", b"a,b\n", "has no rows"),
            ("E0606", b"a\n1\n", "one column"),
            ("E0603", b"a,b\n1,2\n1,2,3\n", "line 3: the row has 3 cells, those before it 2"),
            ("E0603", b"a,b\n1,2\n1\n", "line 3: the row has 1 cell,"),
            ("E0604", b"a,b\n1,2\n,3\n", "line 3, column 1 (`a`): the cell is empty"),
            ("E0604", b"a,b\n1,2\n1,\n", "line 3, column 2 (`b`): the cell is empty"),
            ("E0604", b"a,b\n1,2\nNaN,3\n", "`NaN` is not a finite number"),
            ("E0604", b"a,b\n1,2\n1,inf\n", "`inf` is not a finite number"),
            ("E0604", b"a,b\n1,2\nred,3\n", "line 3, column 1 (`a`): `red` is not a number"),
            ("E0604", b"a,b\n1,2\n\xFF,3\n", "not UTF-8"),
            ("E0604", b"a,b\n\n\n\"1\n\",2\n5x,3\n", "line 6, column 1"),
        ];
        for (code, text, words) in cases {
            let error = failure(open_text(text, &PLAIN, &[1]));
            assert_eq!(error.code.0, code, "{}", error.message);
            assert!(error.message.contains(words), "{}", error.message);
        }
    }

    #[test]
    fn a_missing_column_has_its_near_miss() {
        let target = at("specie");
        let error = failure(open_text(b"width,species\n1,2\n", &Layout { target: Some(&target), ..PLAIN }, &[1]));
        assert_eq!(error.code.0, "E0606");
        assert_eq!(error.helps[0].edits[0].replacement, "\"species\"");
    }

    #[test]
    fn one_word_among_numbers_is_remembered() {
        let opened = open_text(b"a,b\n1,2\n1,3x\n", &PLAIN, &[1]).unwrap();
        let Labels::Names { odd: Some(odd), .. } = opened.header.labels else { panic!("names, with one that is odd") };
        assert!(odd.contains("line 3 has `3x`"), "{odd}");
    }

    #[test]
    fn a_row_that_never_ends_is_given_up() {
        let mut text = b"a,b\n\"".to_vec();
        text.resize(20 << 20, b'\n');
        let error = failure(open_text(&text, &PLAIN, &[1]));
        assert_eq!(error.code.0, "E0602", "{}", error.message);
        assert!(error.message.contains("longer than"), "{}", error.message);
    }
}
