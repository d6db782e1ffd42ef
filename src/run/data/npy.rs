//! `npy(x, y)`: numpy's files of one array. A magic word, a version, and the array's type, order and shape as the text of a
//! Python dictionary; the numbers follow. Column-major arrays are put in row-major order.

use super::elements::{Array, ElementType, read_error};
use super::file;
use super::source::{Count, Header, Labels, Opened, Reader, Sink};
use crate::diagnostics::{Diagnostic, data};
use crate::model::Spanned;
use crate::shape::Shape;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::Path;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// numpy itself refuses headers of more than 10,000 bytes unless asked.
const LONGEST_HEADER: usize = 1 << 16;
const FORMAT: &str = "an npy file";
const USABLE: &str = "booleans, integers and floats of 2, 4 or 8 bytes";

/// An array of an npy file, as its header describes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Described {
    /// The array; where `column_major`, its extents reversed, which makes it row-major.
    pub(super) array: Array,
    /// Whether the first axis varies fastest.
    pub(super) column_major: bool,
}

impl Described {
    /// The number of examples.
    pub(super) fn examples(&self) -> usize {
        let extents = &self.array.shape.0;
        if self.column_major { extents.last().copied().unwrap_or(1) } else { self.array.examples() }
    }

    /// The shape of one example.
    pub(super) fn example(&self) -> Shape {
        if !self.column_major {
            return self.array.example();
        }
        Shape(self.array.shape.0.iter().rev().skip(1).copied().collect())
    }

    /// As `Array::read`.
    pub(super) fn read(
        &self,
        reader: &mut dyn Read,
        file: &data::File,
        rows: Range<usize>,
        sink: &mut dyn Sink,
    ) -> Result<(), Diagnostic> {
        if !self.column_major {
            return self.array.read(reader, file, rows, true, sink);
        }
        // The first example is spread over the whole file, so all of it is decoded; only what is asked for is kept.
        let mut kept = Transposed::new(self, rows);
        self.array.read(reader, file, 0..self.array.examples(), true, &mut kept)?;
        sink.accept(&kept.numbers);
        Ok(())
    }
}

/// Puts the numbers of a column-major array in row-major order.
struct Transposed {
    examples: usize,
    rows: Range<usize>,
    /// For each axis of an example but the examples' own, in the order of the file: extent, row-major stride.
    axes: Vec<(usize, usize)>,
    element: usize,
    columns: usize,
    numbers: Vec<f64>,
}

impl Transposed {
    fn new(described: &Described, rows: Range<usize>) -> Self {
        let example = described.example();
        let axes = example.0.iter().copied().zip(example.strides()).collect();
        let columns = example.elements();
        let numbers = vec![0.0; rows.len() * columns];
        Self { examples: described.examples(), rows, axes, element: 0, columns, numbers }
    }
}

impl Sink for Transposed {
    fn accept(&mut self, numbers: &[f64]) {
        for number in numbers {
            // In the file the examples' axis varies fastest, then the example's axes from the first.
            let (row, mut rest) = (self.element % self.examples, self.element / self.examples);
            self.element += 1;
            if !self.rows.contains(&row) {
                continue;
            }
            let mut column = 0;
            for (extent, stride) in &self.axes {
                column += rest % extent * stride;
                rest /= extent;
            }
            self.numbers[(row - self.rows.start) * self.columns + column] = *number;
        }
    }
}

struct Part {
    file: data::File,
    described: Described,
    reader: Box<dyn Read>,
}

struct Npy {
    x: Part,
    y: Part,
}

/// Opens both files and reads their headers.
pub(super) fn open(base: &Path, x: &Spanned<String>, y: &Spanned<String>) -> Result<Opened, Diagnostic> {
    let x = open_part(base, x)?;
    let y = open_part(base, y)?;
    let header = header((&x.file, &x.described), (&y.file, &y.described))?;
    Ok(Opened::new(header, Npy { x, y }))
}

/// The header of a source of two arrays.
pub(super) fn header(x: (&data::File, &Described), y: (&data::File, &Described)) -> Result<Header, Diagnostic> {
    let (examples, targets) = (x.1.examples(), y.1.examples());
    if examples != targets {
        return Err(data::uneven_counts(x.0, examples, y.0, targets));
    }
    Ok(Header::new(Count::Fixed(examples), x.1.example(), y.1.example(), Labels::Numbers))
}

impl Reader for Npy {
    fn read(mut self: Box<Self>, rows: Range<usize>, x: &mut dyn Sink, y: &mut dyn Sink) -> Result<(), Diagnostic> {
        let parts = &mut *self;
        parts.x.described.read(&mut parts.x.reader, &parts.x.file, rows.clone(), x)?;
        parts.y.described.read(&mut parts.y.reader, &parts.y.file, rows, y)
    }
}

/// What is wrong with each of the files by itself.
pub(super) fn mistakes(base: &Path, x: &Spanned<String>, y: &Spanned<String>) -> Vec<Diagnostic> {
    [x, y].into_iter().filter_map(|path| open_part(base, path).err()).collect()
}

fn open_part(base: &Path, path: &Spanned<String>) -> Result<Part, Diagnostic> {
    let file::Opened { file, mut reader, bytes } = file::open(base, path)?;
    let described = describe(&file, &mut reader)?;
    let end = described.array.end();
    if bytes < end {
        return Err(data::truncated(&file, bytes, end));
    }
    if bytes > end {
        return Err(data::trailing(&file, end));
    }
    Ok(Part { file, described, reader: Box::new(reader) })
}

/// Reads an npy header; the reader then stands at the first number.
pub(super) fn describe(file: &data::File, reader: &mut dyn Read) -> Result<Described, Diagnostic> {
    let wrong = |found: &str| data::wrong_format(file, FORMAT, found);
    let mut fill = |into: &mut [u8], at: u64| {
        let end = at + into.len() as u64;
        reader.read_exact(into).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => wrong(&format!("it ends within its header of at least {end} bytes")),
            _ => read_error(file, &error, at, end),
        })
    };
    let mut start = [0; 8];
    fill(&mut start, 0)?;
    let [magic @ .., major, _] = &start;
    if magic != MAGIC {
        return Err(wrong("it does not begin with `\\x93NUMPY`"));
    }
    let (length, offset) = match major {
        1 => {
            let mut length = [0; 2];
            fill(&mut length, 8)?;
            (usize::from(u16::from_le_bytes(length)), 10)
        }
        2 | 3 => {
            let mut length = [0; 4];
            fill(&mut length, 8)?;
            (u32::from_le_bytes(length) as usize, 12)
        }
        _ => return Err(wrong(&format!("its version is {major}, known are 1, 2 and 3"))),
    };
    if length > LONGEST_HEADER {
        return Err(wrong(&format!("its header claims {length} bytes")));
    }
    let mut text = vec![0; length];
    fill(&mut text, offset)?;
    let text = str::from_utf8(&text).map_err(|_| wrong("its header is no text"))?;
    let fields = Fields::parse(text).ok_or_else(|| wrong("its header is not the dictionary of an array"))?;
    let (element, big_endian) = element_type(&fields.descr)
        .ok_or_else(|| data::wrong_tensor_type(file, "the array", &format!("`{}`", fields.descr), USABLE))?;
    let mut extents = fields.shape;
    let column_major = fields.fortran_order && extents.len() > 1;
    if column_major {
        extents.reverse();
    }
    let array = Array::new(file, element, big_endian, Shape(extents), offset + length as u64)?;
    Ok(Described { array, column_major })
}

/// numpy's type strings: byte order, letter, bytes.
fn element_type(descr: &str) -> Option<(ElementType, bool)> {
    let (order, rest) = descr.split_at_checked(1)?;
    let (letter, bytes) = rest.split_at_checked(1)?;
    let big_endian = match order {
        "<" | "|" | "=" => false,
        ">" => true,
        _ => return None,
    };
    let bytes: usize = bytes.parse().ok()?;
    let element = match (letter, bytes) {
        ("b", 1) => ElementType::Bool,
        ("u", 1 | 2 | 4 | 8) => ElementType::Unsigned(bytes),
        ("i", 1 | 2 | 4 | 8) => ElementType::Signed(bytes),
        ("f", 2 | 4 | 8) => ElementType::Float(bytes),
        _ => return None,
    };
    Some((element, big_endian))
}

/// The three entries of the header's dictionary.
struct Fields {
    descr: String,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Fields {
    /// Parses `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`, in any order. Types that are lists (records) are
    /// returned as their text, which no element has.
    fn parse(text: &str) -> Option<Self> {
        let (mut descr, mut order, mut shape) = (None, None, None);
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
        while !rest.is_empty() {
            let (key, after) = quoted(rest)?;
            rest = after.trim_start().strip_prefix(':')?.trim_start();
            match key {
                "descr" if rest.starts_with('[') => {
                    let end = rest.rfind(']')?;
                    descr = Some(rest[..=end].to_owned());
                    rest = &rest[end + 1..];
                }
                "descr" => {
                    let (value, after) = quoted(rest)?;
                    descr = Some(value.to_owned());
                    rest = after;
                }
                "fortran_order" => {
                    let (value, after) =
                        ["True", "False"].iter().find_map(|word| Some((*word, rest.strip_prefix(word)?)))?;
                    order = Some(value == "True");
                    rest = after;
                }
                "shape" => {
                    let (inside, after) = rest.strip_prefix('(')?.split_once(')')?;
                    let inside = inside.trim().trim_end_matches(',');
                    let extents = inside.split(',').map(|extent| extent.trim().trim_end_matches('L').parse().ok());
                    shape = Some(if inside.is_empty() { Vec::new() } else { extents.collect::<Option<_>>()? });
                    rest = after;
                }
                _ => return None,
            }
            rest = rest.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        Some(Self { descr: descr?, fortran_order: order?, shape: shape? })
    }
}

/// A string in quotes without escapes, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::data::testing::{Folder, at, failure, npy, read_all};

    fn open_bytes(x: &[u8], y: &[u8]) -> Result<Opened, Diagnostic> {
        let folder = Folder::with(&[("x.npy", x), ("y.npy", y)]);
        open(folder.path(), &at("x.npy"), &at("y.npy"))
    }

    fn floats(numbers: &[f32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    #[test]
    fn arrays_of_several_types_and_versions() {
        let x = npy(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
            &floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        );
        let mut y = npy("{\"shape\": (2,), \"fortran_order\": False, \"descr\": \">i2\"}", &[0, 1, 0xFF, 0xFF]);
        let opened = open_bytes(&x, &y).unwrap();
        assert_eq!((opened.header.x.clone(), opened.header.y.clone()), (Shape::new([3]), Shape::scalar()));
        assert_eq!(read_all(opened, 0..2).unwrap(), ((1..=6).map(f64::from).collect(), vec![1.0, -1.0]));
        // Version 2 has a header length of four bytes.
        y[6] = 2;
        y.splice(10..10, [0, 0]);
        assert_eq!(read_all(open_bytes(&x, &y).unwrap(), 1..2).unwrap(), (vec![4.0, 5.0, 6.0], vec![-1.0]));
    }

    #[test]
    fn column_major_arrays_are_turned() {
        // numpy: np.asfortranarray(np.arange(12, dtype='u1').reshape(3, 2, 2))
        let bytes = [0, 4, 8, 2, 6, 10, 1, 5, 9, 3, 7, 11];
        let x = npy("{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2, 2), }", &bytes);
        let y = npy("{'descr': '|b1', 'fortran_order': True, 'shape': (3,), }", &[1, 0, 1]);
        let opened = open_bytes(&x, &y).unwrap();
        assert_eq!((opened.header.examples, opened.header.x.clone()), (Count::Fixed(3), Shape::new([2, 2])));
        assert_eq!(read_all(opened, 1..3).unwrap(), ((4..12).map(f64::from).collect(), vec![0.0, 1.0]));
    }

    #[test]
    fn hostile_headers_are_refused() {
        let y = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", &[1]);
        let dictionary =
            |descr: &str, shape: &str| format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
        let with = |descr: &str, shape: &str| npy(&dictionary(descr, shape), &[0; 8]);
        let mut claims = npy(&dictionary("'<f8'", "(1,)"), &[0; 8]);
        claims[6] = 2;
        claims.splice(8..10, u32::MAX.to_le_bytes());
        let cases: [(&str, Vec<u8>, &str); 15] = [
            ("E0602", b"".to_vec(), "within its header"),
            ("E0602", b"PK\x03\x04\x00\x00\x00\x00".to_vec(), "NUMPY"),
            ("E0602", b"\x93NUMPY\x09\x00".to_vec(), "version is 9"),
            ("E0602", claims, "claims 4294967295 bytes"),
            ("E0602", npy(&"(".repeat(60_000), &[]), "dictionary"),
            ("E0602", npy("{'descr': '<f8'}", &[]), "dictionary"),
            ("E0602", with("'<f8'", "(-1,)"), "dictionary"),
            ("E0602", with("'<f8'", "(99999999999999999999999,)"), "dictionary"),
            ("E0607", with("'|O'", "(1,)"), "`|O`"),
            ("E0607", with("[('a', '<f4'), ('b', '<f4')]", "(1,)"), "('a', '<f4')"),
            ("E0607", with("'<U5'", "(1,)"), "`<U5`"),
            ("E0605", with("'<f8'", "(1152921504606846976,)"), "1152921504606846976"),
            ("E0605", with("'<f8'", "(4294967296, 4294967296)"), "4294967296"),
            ("E0603", with("'<f8'", "(2,)"), "its header promises"),
            ("E0603", with("'<f4'", "(1,)"), "goes on after"),
        ];
        for (code, x, words) in cases {
            let error = failure(open_bytes(&x, &y));
            assert_eq!(error.code.0, code, "{}", error.message);
            assert!(error.message.contains(words), "{}", error.message);
        }
        let nan = npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", &f64::NAN.to_le_bytes());
        assert_eq!(read_all(open_bytes(&nan, &y).unwrap(), 0..1).unwrap_err().code.0, "E0604");
    }
}
