//! What every data source is: a header that is known without reading the examples, and a reader of some of them.

use super::{adding, copy, csv, gaussian, idx, moons, npy, npz, parity, safetensors, sine, spirals, teacher, text};
use crate::diagnostics::{Diagnostic, data};
use crate::model::{Model, Source, SourceKind};
use crate::shape::Shape;
use std::ops::Range;
use std::path::Path;

/// What is known of a source before its examples are read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    /// How many examples there are.
    pub(super) examples: Count,
    /// The shape of one example's input.
    pub(super) x: Shape,
    /// The shape of one example's target.
    pub(super) y: Shape,
    /// What the targets are.
    pub(super) labels: Labels,
    /// How many different columns the inputs have, for `normalize`: element `i` of an example belongs to column `i` mod this.
    pub(super) columns: usize,
}

impl Header {
    /// A header whose every input element is a column of its own.
    pub(super) fn new(examples: Count, x: Shape, y: Shape, labels: Labels) -> Self {
        let columns = x.elements();
        Self { examples, x, y, labels, columns }
    }
}

/// How many examples a source has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// As many as the file holds.
    Fixed(usize),
    /// As many as are asked for; this many where nobody does.
    Endless(usize),
}

/// What the targets of a source are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Labels {
    /// Numbers, which may be class numbers.
    Numbers,
    /// Class numbers; how many classes, where that is known.
    Classes(Option<usize>),
    /// Numbers of named classes; `odd` tells why a column that may have been meant as numbers is none.
    Names {
        /// The names in the order of their numbers.
        names: Vec<String>,
        /// A cell that is no number, where others are.
        odd: Option<String>,
    },
}

/// Takes numbers in row-major order.
pub(in crate::run) trait Sink {
    /// The next numbers.
    fn accept(&mut self, numbers: &[f64]);
}

impl Sink for Vec<f64> {
    fn accept(&mut self, numbers: &[f64]) {
        self.extend_from_slice(numbers);
    }
}

/// Reads examples.
pub(super) trait Reader {
    /// Hands the inputs and targets of examples `rows` to `x` and `y`, which may come by turns.
    ///
    /// # Errors
    /// E06, with the file and the place.
    fn read(self: Box<Self>, rows: Range<usize>, x: &mut dyn Sink, y: &mut dyn Sink) -> Result<(), Diagnostic>;
}

/// What a source has to know of the network that takes its examples; less, where not all of the file is understood.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Network<'a> {
    /// The shape of one example.
    pub(super) input: Option<&'a Shape>,
    /// The shape of one prediction.
    pub(super) output: Option<&'a Shape>,
    /// Whether it takes indices.
    pub(super) integer_input: bool,
    /// The characters of the text that it is trained on, which number those of a held-out one.
    pub(super) characters: Option<&'a [String]>,
}

impl<'a> Network<'a> {
    /// All of it.
    pub(super) fn of(model: &'a Model) -> Self {
        Self {
            input: Some(&model.input),
            output: Some(&model.output),
            integer_input: model.integer_input,
            characters: None,
        }
    }
}

/// A source whose header has been read.
pub(super) struct Opened {
    /// What it holds.
    pub(super) header: Header,
    /// Its examples.
    pub(super) reader: Box<dyn Reader>,
}

impl Opened {
    /// A source of this header and reader.
    pub(super) fn new(header: Header, reader: impl Reader + 'static) -> Self {
        Self { header, reader: Box::new(reader) }
    }
}

/// The most numbers that a setting of a generator may stand for; memory is checked apart.
const MOST_NUMBERS: usize = 1 << 40;

/// A generator's size, once it is known to be reasonable.
fn bounded(source: &Source, numbers: Option<usize>) -> Result<(), Diagnostic> {
    match numbers {
        Some(numbers) if numbers <= MOST_NUMBERS => Ok(()),
        _ => Err(data::too_large(
            source.span,
            "the source",
            "more numbers than can be",
            &format!("{MOST_NUMBERS} numbers"),
        )),
    }
}

/// Everything that keeps a source from being opened, where `first` does: each of two files has its own mistake.
pub(super) fn mistakes(source: &Source, base: &Path, first: Diagnostic) -> Vec<Diagnostic> {
    let each = match &source.kind {
        SourceKind::Idx { images, labels } => idx::mistakes(base, images, labels),
        SourceKind::Npy { x, y } => npy::mistakes(base, x, y),
        _ => Vec::new(),
    };
    if each.is_empty() { vec![first] } else { each }
}

/// The table of sources: opens one, reading no more than is needed to know its header. `seed` drives the generators.
///
/// # Errors
/// E06, with the file and the place.
pub(super) fn open(source: &Source, network: Network<'_>, base: &Path, seed: u64) -> Result<Opened, Diagnostic> {
    match &source.kind {
        SourceKind::Idx { images, labels } => idx::open(base, images, labels),
        SourceKind::Csv { path, target, header, window } => {
            csv::open(base, path, &csv::Layout { target: target.as_ref(), header: *header, window: *window }, network)
        }
        SourceKind::Npy { x, y } => npy::open(base, x, y),
        SourceKind::Npz { path, x, y } => npz::open(base, path, x, y),
        SourceKind::Safetensors { path, x, y } => safetensors::open(base, path, x, y),
        SourceKind::Text { path, window } => text::open(base, path, *window, network),
        SourceKind::Gaussian { features, classes } => {
            bounded(source, features.checked_mul(*classes))?;
            Ok(gaussian::open(seed, *features, *classes))
        }
        SourceKind::Moons { noise } => Ok(moons::open(seed, *noise)),
        SourceKind::Spirals { classes, noise } => Ok(spirals::open(seed, *classes, *noise)),
        SourceKind::Xor => parity::open(source.span, 2),
        SourceKind::Parity { bits } => parity::open(source.span, *bits),
        SourceKind::Sine => Ok(sine::open(seed)),
        SourceKind::Teacher { widths, activation } => {
            let sizes = widths.windows(2).map(|pair| pair[0].checked_mul(pair[1]));
            bounded(source, sizes.fold(Some(0_usize), |sum, size| sum?.checked_add(size?)))?;
            Ok(teacher::open(seed, widths, activation))
        }
        SourceKind::Adding { time } => {
            bounded(source, time.checked_mul(2))?;
            Ok(adding::open(seed, *time))
        }
        SourceKind::Copy { time, delay } => {
            let steps = time.checked_mul(2).and_then(|steps| steps.checked_add(*delay));
            bounded(source, steps.and_then(|steps| steps.checked_mul(copy::ALPHABET)))?;
            Ok(copy::open(seed, *time, *delay, network))
        }
    }
}
