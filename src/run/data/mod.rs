//! The examples of a run. `inspect` opens every source and reads what `check` needs; `load` reads the examples themselves, no more
//! of them than asked for, and brings them into the shape that network and loss take.
//!
//! - `source.rs`: what a source is, and the table of them; one file each: `idx csv npy npz safetensors text`, and the generators
//!   (`generate.rs` has what these share) `gaussian moons spirals parity sine teacher adding copy`.
//! - `elements.rs`: numbers in binary files · `file.rs`: opening files.
//! - `fit.rs`: data against network, targets for the loss · `normalize.rs` · `synthetic.rs`: no `data` block · `moments.rs`.
//!
//! Sizes are known and held against the limit before anything is allocated; a hostile file costs no more than a good one. To add
//! a source: a file with an `open` that returns a `Header` and a `Reader`, and its line in `source::open`.
//!
//! What happens to the examples, in order: `skip` and `take`; `scale`, in f64, rounded once; `split`: the training part is the
//! first ⌊n·share + ½⌋ of a random order (stream (data seed, `data/split`, `order`)), kept in the source's order; `normalize`,
//! measured on it; `shuffle`: the order of epoch `e` (stream (seed, `data/shuffle`, `order`), number `e`); `batch`.

mod adding;
mod copy;
mod csv;
mod elements;
mod file;
mod fit;
mod gaussian;
mod generate;
mod idx;
mod moments;
mod moons;
mod normalize;
mod npy;
mod npz;
mod parity;
pub(super) mod safetensors;
mod sine;
mod source;
mod spirals;
mod synthetic;
mod teacher;
#[cfg(test)]
pub(in crate::run) mod testing;
#[cfg(test)]
mod tests;
mod text;

pub(super) use file::reason as file_reason;
pub use moments::Moments;
pub(super) use source::Sink;

use super::random::{Stream, Streams};
use super::tensor::{Number, Tensor};
use crate::diagnostics::{Diagnostic, data};
use crate::model::{Data, Model, SoundData, Source, SourceKind, Spanned};
use crate::numbers::bytes;
use crate::shape::{Precision, Shape};
use fit::Fit;
use normalize::Standard;
use source::{Count, Labels, Opened};
use std::ops::Range;
use std::path::Path;

/// What is known of the data without reading them whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataShape {
    /// Examples to train on, after `skip`, `take` and `split`.
    pub examples: usize,
    /// Examples of a batch.
    pub batch: usize,
    /// The shape of one example in the source.
    pub example: Shape,
    /// The shape of one target as the loss takes it.
    pub target: Shape,
    /// How many classes the source has, where that is known.
    pub classes: Option<usize>,
    /// Whether there is no `data` block.
    pub synthetic: bool,
}

/// The training part of the data, in the source's order.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// `[n, …input]`, in the network's precision. Where no more than the first batch is needed, n is its size.
    pub inputs: Tensor,
    /// `[n, …target]`, what the loss takes.
    pub targets: Tensor,
    /// How many examples there are to train on; at least n.
    pub examples: usize,
    /// Examples of a batch.
    pub batch: usize,
    /// Whether they were made up because the file names none.
    pub synthetic: bool,
    /// Whether each epoch has its own order.
    pub shuffle: bool,
    /// What is held out, by `test:` or `split:`; only where the model trains.
    pub test: Option<Examples>,
    /// The different characters of a text, in the order of their numbers.
    pub vocabulary: Option<String>,
}

/// Examples that are only looked at.
#[derive(Clone, Debug)]
pub struct Examples {
    /// `[n, …input]`
    pub inputs: Tensor,
    /// `[n, …target]`
    pub targets: Tensor,
}

impl Dataset {
    /// The examples of the first batch of an epoch, as rows of `inputs`.
    #[must_use]
    pub fn first_batch(&self, seed: u64, epoch: u64) -> Vec<usize> {
        let mut order = self.order(seed, epoch);
        order.truncate(self.batch);
        order
    }

    /// The order of an epoch: rows of `inputs`, at least a batch of them.
    #[must_use]
    pub fn order(&self, seed: u64, epoch: u64) -> Vec<usize> {
        if !self.shuffle {
            return (0..self.inputs.shape().0[0]).collect();
        }
        Streams::new(seed, "data/shuffle", "order").number(epoch).permutation(self.examples)
    }

    /// Full batches of an epoch; what is left over waits for another order.
    #[must_use]
    pub fn batches(&self) -> usize {
        (self.examples / self.batch).max(1)
    }
}

/// Opens every source that the model names and holds it against the network.
///
/// # Errors
/// Every E06 and E04 that can be found without reading the examples (a table is read whole, once).
pub fn inspect(model: &Model, base: &Path) -> Result<DataShape, Vec<Diagnostic>> {
    let Some(data) = &model.data else {
        return Ok(DataShape {
            examples: synthetic::EXAMPLES,
            batch: synthetic::EXAMPLES,
            example: model.input.clone(),
            target: fit::target_shape(model),
            classes: None,
            synthetic: true,
        });
    };
    let opened = open(model, &data.source, base, data.seed).and_then(|(opened, fit)| {
        Ok((Part::of(model.train.is_some() || model.report.curvature, data, &opened.header)?, opened.header, fit))
    });
    let trained = opened.as_ref().ok().map(|(_, header, _)| &header.labels);
    let test = data.test.as_ref().map_or(Ok(()), |test| open_test(model, data, test, base, trained).map(drop));
    let (part, header, fit) = match (opened, test) {
        (Ok(known), Ok(())) => known,
        (Err(mistakes), Ok(())) | (Ok(_), Err(mistakes)) => return Err(mistakes),
        (Err(mistakes), Err(more)) => return Err([mistakes, more].concat()),
    };
    let classes = match header.labels {
        Labels::Numbers => None,
        Labels::Classes(classes) => classes,
        Labels::Names { names, .. } => Some(names.len()),
    };
    Ok(DataShape {
        examples: part.examples,
        batch: part.batch,
        example: header.x,
        target: fit.shape,
        classes,
        synthetic: false,
    })
}

/// The same for a file without a model, as far as it is understood: the sources are opened and held against `input(…)`.
#[must_use]
pub fn inspect_alone(sound: &SoundData, base: &Path) -> Vec<Diagnostic> {
    let SoundData { data, input } = sound;
    let network = source::Network { input: input.as_ref().map(|(shape, _)| shape), ..source::Network::default() };
    let mut mistakes = Vec::new();
    for (source, is_test) in [(Some(&data.source), false), (data.test.as_ref(), true)] {
        let Some(source) = source else { continue };
        let header = match source::open(source, network, base, data.seed) {
            Ok(opened) => opened.header,
            Err(first) => {
                mistakes.extend(source::mistakes(source, base, first));
                continue;
            }
        };
        if let Some((shape, span)) = input.as_ref().filter(|(shape, _)| shape.elements() != header.x.elements()) {
            mistakes.push(data::data_do_not_fit(source.span, &header.x, *span, shape));
        }
        if !is_test {
            mistakes.extend(Part::of(false, data, &header).err().unwrap_or_default());
        }
    }
    mistakes
}

/// What is wrong with files before anything in them matters: E0601 of each that is not there or cannot be read.
#[must_use]
pub fn missing(files: &[Spanned<String>], base: &Path) -> Vec<Diagnostic> {
    files.iter().filter_map(|path| file::open(base, path).err()).collect()
}

/// The moments of the inputs of a run's first batch, which is read for them; standard normal where the file names no data. None
/// where they take more than `limit` bytes, or cannot be read: a run tells why.
#[must_use]
pub fn moments(model: &Model, base: &Path, limit: u64, seed: u64) -> Option<Moments> {
    if model.data.is_none() {
        return Some(Moments::NORMAL);
    }
    let untrained = Model { train: None, ..model.clone() };
    let data = load(&untrained, base, limit).ok()?;
    Some(Moments::of(&data, &data.first_batch(seed, 0)))
}

/// Reads the training data; `limit` is the most bytes they may take.
///
/// # Errors
/// E06 and E04, with the file and the place.
pub fn load(model: &Model, base: &Path, limit: u64) -> Result<Dataset, Vec<Diagnostic>> {
    match model.precision {
        Precision::F32 => load_as::<f32>(model, base, limit),
        Precision::F64 => load_as::<f64>(model, base, limit),
    }
}

fn load_as<T: Number>(model: &Model, base: &Path, limit: u64) -> Result<Dataset, Vec<Diagnostic>> {
    let Some(data) = &model.data else {
        let what = format!("{} made-up examples", synthetic::EXAMPLES);
        hold::<T>(model, model.input_span, &what, synthetic::EXAMPLES, 0, limit)?;
        let (inputs, targets) = synthetic::synthesize::<T>(model);
        let examples = synthetic::EXAMPLES;
        return Ok(Dataset {
            inputs,
            targets,
            examples,
            batch: examples,
            synthetic: true,
            shuffle: false,
            test: None,
            vocabulary: None,
        });
    };
    let (opened, fit) = open(model, &data.source, base, data.seed)?;
    let labels = opened.header.labels.clone();
    let part = Part::of(model.train.is_some() || model.report.curvature, data, &opened.header)?;
    // f64 targets as the source has them, and f64 inputs while they are normalised.
    let inputs = if data.normalize { model.input.elements() } else { 0 };
    let extra = 8 * (opened.header.y.elements() as u128 + inputs as u128);
    hold::<T>(
        model,
        data.source.span,
        &format!("the data ({} examples)", part.rows.len()),
        part.rows.len(),
        extra,
        limit,
    )?;
    let one = |diagnostic| vec![diagnostic];
    let training = Reading { model, data, span: data.source.span, first: part.rows.start };
    let split = data.split.map(|_| training_part(data.seed, &part));
    let columns = opened.header.columns;
    let (train, raw) =
        training.read::<T>(opened, &fit, part.rows.clone(), split.clone(), Normal::Measured(columns)).map_err(one)?;
    let mut held_out = None;
    if model.train.is_some() {
        let standard = match raw {
            Some(standard) => Normal::Known(standard),
            None => Normal::Not,
        };
        if let Some(test) = &data.test {
            let (opened, fit) = open_test(model, data, test, base, Some(&labels))?;
            let count = match opened.header.examples {
                Count::Fixed(count) | Count::Endless(count) => count,
            };
            hold::<T>(model, test.span, &format!("the test data ({count} examples)"), count, extra, limit)?;
            let reading = Reading { span: test.span, first: 0, ..training };
            held_out = Some(reading.read::<T>(opened, &fit, 0..count, None, standard).map_err(one)?.0);
        } else if let Some(mut kept) = split.filter(|kept| kept.contains(&false)) {
            kept.iter_mut().for_each(|kept| *kept = !*kept);
            let (opened, fit) = open(model, &data.source, base, data.seed)?;
            held_out = Some(training.read::<T>(opened, &fit, part.rows.clone(), Some(kept), standard).map_err(one)?.0);
        }
    }
    Ok(Dataset {
        inputs: train.inputs,
        targets: train.targets,
        examples: part.examples,
        batch: part.batch,
        synthetic: false,
        shuffle: data.shuffle,
        test: held_out,
        vocabulary: match (&data.source.kind, labels) {
            (SourceKind::Text { .. }, Labels::Names { names, .. }) => Some(names.concat()),
            _ => None,
        },
    })
}

fn open(model: &Model, source: &Source, base: &Path, seed: u64) -> Result<(Opened, Fit), Vec<Diagnostic>> {
    open_as(model, source, source::Network::of(model), base, seed)
}

fn open_as(
    model: &Model,
    source: &Source,
    network: source::Network<'_>,
    base: &Path,
    seed: u64,
) -> Result<(Opened, Fit), Vec<Diagnostic>> {
    let opened = source::open(source, network, base, seed).map_err(|first| source::mistakes(source, base, first))?;
    let fit = fit::fit(model, source.span, &opened.header)?;
    Ok((opened, fit))
}

/// Opens the held-out data; where the training data could be opened, classes get the numbers that they have there.
fn open_test(
    model: &Model,
    data: &Data,
    test: &Source,
    base: &Path,
    trained: Option<&Labels>,
) -> Result<(Opened, Fit), Vec<Diagnostic>> {
    let mut network = source::Network::of(model);
    if let (SourceKind::Text { .. }, Some(Labels::Names { names, .. })) = (&data.source.kind, trained) {
        network.characters = Some(names);
    }
    let (opened, mut fit) = open_as(model, test, network, base, data.seed)?;
    if let Some(trained) = trained {
        fit = fit
            .number_as(trained, data.source.span, &opened.header.labels, test.span)
            .map_err(|diagnostic| vec![diagnostic])?;
    }
    Ok((opened, fit))
}

/// Holds the size of the examples against the limit.
fn hold<T: Number>(
    model: &Model,
    span: crate::source::Span,
    what: &str,
    examples: usize,
    extra: u128,
    limit: u64,
) -> Result<(), Vec<Diagnostic>> {
    let numbers = model.input.elements() as u128 + fit::target_shape(model).elements() as u128;
    let needs = examples as u128 * (numbers * T::PRECISION.bytes() as u128 + extra);
    if needs <= u128::from(limit) {
        return Ok(());
    }
    Err(vec![data::too_large(span, what, &bytes(needs), &bytes(u128::from(limit)))])
}

/// Which of a source's examples are used.
struct Part {
    /// The rows that are read.
    rows: Range<usize>,
    /// How many of the source's examples are trained on.
    examples: usize,
    batch: usize,
}

impl Part {
    fn of(trains: bool, data: &Data, header: &source::Header) -> Result<Self, Vec<Diagnostic>> {
        let count = match (header.examples, data.take) {
            (Count::Endless(_), Some(take)) => take,
            (Count::Endless(default), None) => default,
            (Count::Fixed(has), take) => Self::of_file(data, has, take).map_err(|diagnostic| vec![diagnostic])?,
        };
        let none_left = |why: &str| Err(vec![data::none_left(data.source.span, why)]);
        if count == 0 {
            return none_left("`take: 0`");
        }
        let Some(end) = data.skip.checked_add(count) else {
            return none_left(&format!("`skip: {}`", data.skip));
        };
        let examples = match data.split {
            None => count,
            Some(share) => (count as f64 * share + 0.5) as usize,
        };
        if examples == 0 {
            return none_left(&format!("`split` leaves none of {count} to train on"));
        }
        let batch = data.batch.unwrap_or(examples).min(examples);
        // Training, order, split and normalisation look at all examples; else the first batch is enough.
        let whole = trains || data.shuffle || data.normalize || data.split.is_some();
        let rows = data.skip..if whole { end } else { data.skip + batch };
        Ok(Self { rows, examples, batch })
    }

    fn of_file(data: &Data, has: usize, take: Option<usize>) -> Result<usize, Diagnostic> {
        let skip = data.skip;
        let not_enough = |asked: String| Err(data::not_enough(data.source.span, data.span, &asked, has));
        let Some(left) = has.checked_sub(skip).filter(|left| *left > 0) else {
            return not_enough(format!("`skip: {skip}` leaves them all out"));
        };
        match take {
            None => Ok(left),
            Some(take) if take <= left => Ok(take),
            Some(take) if skip == 0 => not_enough(format!("`take: {take}` asks for more")),
            Some(take) => not_enough(format!("`skip: {skip}` and `take: {take}` ask for more")),
        }
    }
}

/// What is done to the columns of the inputs.
enum Normal {
    /// Nothing.
    Not,
    /// So many columns, measured here, where the data ask for it.
    Measured(usize),
    /// As the training part was.
    Known(Standard),
}

/// A source on its way into tensors.
#[derive(Clone, Copy)]
struct Reading<'a> {
    model: &'a Model,
    data: &'a Data,
    /// Where the source is named.
    span: crate::source::Span,
    /// The number of its first row, for messages.
    first: usize,
}

impl Reading<'_> {
    /// Reads the rows, of which only those `kept` are used.
    fn read<T: Number>(
        &self,
        opened: Opened,
        fit: &Fit,
        rows: Range<usize>,
        kept: Option<Vec<bool>>,
        normal: Normal,
    ) -> Result<(Examples, Option<Standard>), Diagnostic> {
        let Opened { header, reader } = opened;
        let count = kept.as_ref().map_or(rows.len(), |kept| kept.iter().filter(|kept| **kept).count());
        let factor = self.data.scale;
        let columns = header.x.elements();
        let mut raw = Collected::<f64>::new(None, kept.as_deref(), header.y.elements(), count);
        let mut standard = None;
        let inputs: Vec<T> = if self.data.normalize {
            let mut inputs = Collected::<f64>::new(factor, kept.as_deref(), columns, count);
            reader.read(rows, &mut inputs, &mut raw)?;
            let measured = match normal {
                Normal::Not => None,
                Normal::Measured(columns) => Some(Standard::of(&inputs.numbers, columns)),
                Normal::Known(standard) => Some(standard),
            };
            if let Some(standard) = &measured {
                standard.apply(&mut inputs.numbers);
            }
            standard = measured;
            inputs.numbers.into_iter().map(T::rounded).collect()
        } else {
            let mut inputs = Collected::<T>::new(factor, kept.as_deref(), columns, count);
            reader.read(rows, &mut inputs, &mut raw)?;
            inputs.numbers
        };
        assert_eq!(
            (inputs.len(), raw.numbers.len()),
            (count * columns, count * header.y.elements()),
            "a reader gives what is asked"
        );
        let model = self.model;
        if let Some((vocabulary, table)) = model.vocabulary() {
            let is_row = |number: f64| number >= 0.0 && number.fract() == 0.0 && number < vocabulary as f64;
            if let Some(bad) = inputs.iter().position(|number| !is_row(number.exact())) {
                let place = (self.first + bad / columns, bad % columns);
                return Err(data::bad_index(self.span, (table, vocabulary), place, inputs[bad].exact()));
            }
        }
        let targets = self.targets(fit, &raw.numbers, header.y.elements())?;
        let examples = Examples {
            inputs: Tensor::new(&model.input.with_batch(count), inputs),
            targets: Tensor::new(&fit.shape.with_batch(count), targets.into_iter().map(T::rounded).collect()),
        };
        Ok((examples, standard))
    }

    fn targets(&self, fit: &Fit, raw: &[f64], width: usize) -> Result<Vec<f64>, Diagnostic> {
        let mut targets = Vec::with_capacity(raw.len() / width * fit.shape.elements());
        for (index, target) in raw.chunks_exact(width).enumerate() {
            fit.convert(target, &mut targets).map_err(|what| {
                let loss = self.model.loss.as_ref().map(|loss| loss.span);
                data::bad_target(self.span, loss, self.first + index, &what)
            })?;
        }
        Ok(targets)
    }
}

/// Which of the rows that are read belong to the training part.
fn training_part(seed: u64, part: &Part) -> Vec<bool> {
    let order = Stream::new(seed, "data/split", "order").permutation(part.rows.len());
    let mut kept = vec![false; order.len()];
    for row in &order[..part.examples] {
        kept[*row] = true;
    }
    kept
}

/// Collects numbers: scaled in f64, rounded once, only of the rows that are kept.
struct Collected<'a, T> {
    numbers: Vec<T>,
    factor: Option<f64>,
    kept: Option<&'a [bool]>,
    columns: usize,
    seen: usize,
}

impl<'a, T: Number> Collected<'a, T> {
    fn new(factor: Option<f64>, kept: Option<&'a [bool]>, columns: usize, rows: usize) -> Self {
        Self { numbers: Vec::with_capacity(rows * columns), factor, kept, columns, seen: 0 }
    }
}

impl<T: Number> Sink for Collected<'_, T> {
    fn accept(&mut self, numbers: &[f64]) {
        let factor = self.factor.unwrap_or(1.0);
        match self.kept {
            None => self.numbers.extend(numbers.iter().map(|number| T::rounded(number * factor))),
            Some(kept) => {
                let placed = numbers.iter().enumerate();
                let chosen = placed.filter(|(at, _)| kept[(self.seen + at) / self.columns]);
                self.numbers.extend(chosen.map(|(_, number)| T::rounded(number * factor)));
            }
        }
        self.seen += numbers.len();
    }
}
