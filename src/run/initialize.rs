//! Initial parameters: every init rule, drawn in f64 in row-major order from the parameter's own stream (seed, layer, tensor), each
//! number rounded once. What PyTorch has is PyTorch's: layouts, the sign of an orthogonal matrix, the place of an identity.
//!
//! - A rule that needs a matrix takes axis 0 as rows and the others together as columns; a vector is one column.
//! - A parameter of several blocks, the gates of a recurrent layer, is drawn block by block, each a matrix of its own.
//! - `uniform`: low + (high − low)·u. `truncated_normal`: mean + std·Φ⁻¹(Φ(−2) + (Φ(2) − Φ(−2))·u), one number each, u in (0, 1).
//! - `orthogonal`: a standard normal matrix (of rows if there are fewer rows than columns, which is then transposed), its QR
//!   decomposition by Householder reflections with the diagonal of R positive, Q times the gain.
//! - `sparse`: row by row, each of the row's columns chosen by one step of Fisher and Yates, and its normal number after it. A
//!   vector is one row.

mod orthogonal;

use super::data::Sink;
use super::data::safetensors::Tensors;
use super::random::{Stream, normal_quantile};
use super::tensor::Number;
use crate::diagnostics::{Diagnostic, data, near};
use crate::graph::ParameterId;
use crate::model::{Initializer, Model, Parameter, Spanned};
use crate::shape::Shape;
use crate::source::Span;
use std::path::{Path, PathBuf};

/// Draws or reads the initial parameters of a model.
#[derive(Debug)]
pub struct Initial<'a> {
    model: &'a Model,
    base: PathBuf,
    /// The files that were opened so far, by path as written.
    files: Vec<(String, Tensors)>,
}

impl<'a> Initial<'a> {
    /// Of a model whose files are relative to `base`.
    #[must_use]
    pub fn new(model: &'a Model, base: &Path) -> Self {
        Self { model, base: base.to_owned(), files: Vec::new() }
    }

    /// Fills one parameter.
    ///
    /// # Errors
    /// E06 where it is read from a file and is not there, not of the right shape or no numbers.
    ///
    /// # Panics
    /// Where `into` has not as many elements as the parameter.
    pub fn fill<T: Number>(&mut self, id: ParameterId, seed: u64, into: &mut [T]) -> Result<(), Diagnostic> {
        let model = self.model;
        let parameter = &model.parameters[id];
        assert_eq!(into.len(), parameter.shape.elements(), "a parameter is filled whole");
        if let Initializer::File { path, span } = &parameter.initializer {
            return self.read(id, path, *span, into);
        }
        let layer = &model.layers[parameter.layer];
        let mut stream = Stream::new(seed, &layer.name, &parameter.name);
        let mut block = parameter.shape.clone();
        if let Some(rows) = block.0.first_mut() {
            *rows /= parameter.blocks;
        }
        for into in into.chunks_exact_mut(block.elements()) {
            draw(&parameter.initializer, &block, &mut stream, into);
        }
        Ok(())
    }

    /// Checks every parameter that is read from a file by the files' headers alone.
    ///
    /// # Errors
    /// E06 of every parameter that is not there or not of the right shape.
    pub fn inspect(&mut self) -> Result<(), Vec<Diagnostic>> {
        let model = self.model;
        let mut mistakes: Vec<Diagnostic> = Vec::new();
        for (id, parameter) in model.parameters.iter_with_ids() {
            if let Initializer::File { path, span } = &parameter.initializer
                && let Err(mistake) = self.locate(id, path, *span)
                && !mistakes.contains(&mistake)
            {
                mistakes.push(mistake);
            }
        }
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }

    fn read<T: Number>(&mut self, id: ParameterId, path: &str, span: Span, into: &mut [T]) -> Result<(), Diagnostic> {
        let (file, name) = self.locate(id, path, span)?;
        let tensors = &mut self.files[file].1;
        let array = tensors.find(&name)?.expect("a tensor that was located is in the file");
        tensors.read(&array, 0..array.examples(), &mut Filling { into, at: 0 })
    }

    /// The file of a parameter and its name there.
    fn locate(&mut self, id: ParameterId, path: &str, span: Span) -> Result<(usize, String), Diagnostic> {
        let file = self.open(path, span)?;
        let Parameter { layer, name, shape, .. } = &self.model.parameters[id];
        let layer = &self.model.layers[*layer];
        let short = format!("{}.{name}", layer.name);
        let long = format!("params/{short}");
        let tensors = &self.files[file].1;
        for name in [&short, &long] {
            let Some(array) = tensors.find(name)? else { continue };
            if array.shape != *shape {
                return Err(data::wrong_parameter_shape(&tensors.file, layer.span, name, &array.shape, shape));
            }
            return Ok((file, name.clone()));
        }
        let known = tensors.names();
        let near = near::nearest(&short, known.iter().map(String::as_str))
            .or_else(|| near::nearest(&long, known.iter().map(String::as_str)));
        Err(data::parameter_not_in_file(&tensors.file, layer.span, [&short, &long], near))
    }

    fn open(&mut self, path: &str, span: Span) -> Result<usize, Diagnostic> {
        if let Some(file) = self.files.iter().position(|(opened, _)| opened == path) {
            return Ok(file);
        }
        let tensors = Tensors::open(&self.base, &Spanned { value: path.to_owned(), span })?;
        self.files.push((path.to_owned(), tensors));
        Ok(self.files.len() - 1)
    }
}

/// Numbers from a file into a parameter.
struct Filling<'a, T> {
    into: &'a mut [T],
    at: usize,
}

impl<T: Number> Sink for Filling<'_, T> {
    fn accept(&mut self, numbers: &[f64]) {
        for (number, into) in numbers.iter().zip(&mut self.into[self.at..]) {
            *into = T::rounded(*number);
        }
        self.at += numbers.len();
    }
}

/// Φ(−2) and Φ(2) − Φ(−2).
const BELOW_TWO: f64 = 0.022_750_131_948_179_21;
const WITHIN_TWO: f64 = 0.954_499_736_103_641_6;

fn draw<T: Number>(initializer: &Initializer, shape: &Shape, stream: &mut Stream, into: &mut [T]) {
    match initializer {
        Initializer::Constant(value) => into.fill(T::rounded(*value)),
        Initializer::Normal { mean, std } => fill(into, || mean + std * stream.normal()),
        Initializer::Uniform { low, high } => {
            let width = high - low;
            if width.is_finite() {
                fill(into, || low + width * stream.uniform());
            } else {
                fill(into, || {
                    let at = stream.uniform();
                    low * (1.0 - at) + high * at
                });
            }
        }
        Initializer::TruncatedNormal { mean, std } => {
            fill(into, || {
                let z = normal_quantile(BELOW_TWO + WITHIN_TWO * stream.open_uniform());
                mean + std * z.clamp(-2.0, 2.0)
            });
        }
        Initializer::Orthogonal { gain } => orthogonal::draw(rows_columns(shape), *gain, stream, into),
        Initializer::Identity { gain, groups } => identity(shape, *gain, *groups, into),
        Initializer::Sparse { nonzeros, std } => sparse(shape, *nonzeros, *std, stream, into),
        Initializer::File { .. } => unreachable!("a parameter from a file is not drawn"),
    }
}

fn fill<T: Number>(into: &mut [T], mut draw: impl FnMut() -> f64) {
    for number in into {
        *number = T::rounded(draw());
    }
}

/// Axis 0 and all others; a vector is one column.
fn rows_columns(shape: &Shape) -> (usize, usize) {
    let rows = shape.0.first().copied().unwrap_or(1);
    (rows, shape.0.iter().skip(1).product())
}

/// `torch.nn.init.eye_` for a matrix, `dirac_` for a kernel: the gain where input and output channel of a group agree, at the middle
/// of the other axes.
fn identity<T: Number>(shape: &Shape, gain: f64, groups: usize, into: &mut [T]) {
    into.fill(T::rounded(0.0));
    let (rows, columns) = rows_columns(shape);
    let strides = shape.strides();
    let inner = strides.get(1).copied().unwrap_or(1);
    let middle: usize = shape.0.iter().zip(&strides).skip(2).map(|(extent, stride)| extent / 2 * stride).sum();
    let of_group = rows / groups;
    for (group, channel) in (0..groups).flat_map(|group| (0..of_group.min(columns / inner)).map(move |at| (group, at)))
    {
        into[(group * of_group + channel) * columns + channel * inner + middle] = T::rounded(gain);
    }
}

fn sparse<T: Number>(shape: &Shape, nonzeros: usize, std: f64, stream: &mut Stream, into: &mut [T]) {
    into.fill(T::rounded(0.0));
    let columns = if shape.rank() < 2 { into.len() } else { rows_columns(shape).1 };
    let nonzeros = nonzeros.min(columns);
    let mut order: Vec<usize> = (0..columns).collect();
    for row in into.chunks_exact_mut(columns) {
        for place in 0..nonzeros {
            order.swap(place, place + stream.below((columns - place) as u64) as usize);
            row[order[place]] = T::rounded(std * stream.normal());
        }
    }
}

/// For each layer, whether its units all compute the same: there are several, every matrix has equal rows and every bias equal
/// entries. `values` gives a parameter's elements, none where the run has no use for it.
#[must_use]
pub(super) fn symmetric_layers<'a, T: Number>(model: &Model, values: impl Fn(ParameterId) -> &'a [T]) -> Vec<bool> {
    let rows = |id: &ParameterId| model.parameters[*id].shape.0.first().copied().unwrap_or(1);
    let equal_rows = |id: &ParameterId| {
        let values = values(*id);
        let width = values.len() / rows(id);
        width > 0 && values.chunks_exact(width).all(|row| *row == values[..width])
    };
    let symmetric = |ids: &[ParameterId]| {
        let mut matrices = ids.iter().filter(|id| model.parameters[**id].shape.rank() >= 2);
        matrices.any(|id| rows(id) > 1) && ids.iter().all(equal_rows)
    };
    model.layers.iter().map(|layer| symmetric(&layer.parameters)).collect()
}

#[cfg(test)]
mod tests;
