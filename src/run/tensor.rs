//! Host tensors: what is read, drawn, given to a program and dumped. Row-major, in one of the two number formats.

use crate::kernel::memory::Element;
use crate::shape::{Precision, Shape};
use ndarray::{ArrayD, IxDyn};

/// A number format with its conversions, each rounded once.
pub trait Number: Element + Send + Sync + PartialOrd {
    /// The nearest number of this format.
    fn rounded(value: f64) -> Self;
    /// The same number in f64.
    fn exact(self) -> f64;
    /// A tensor of this format.
    fn wrap(array: ArrayD<Self>) -> Tensor;
}

impl Number for f32 {
    fn rounded(value: f64) -> Self {
        value as Self
    }

    fn exact(self) -> f64 {
        f64::from(self)
    }

    fn wrap(array: ArrayD<Self>) -> Tensor {
        Tensor::F32(array)
    }
}

impl Number for f64 {
    fn rounded(value: f64) -> Self {
        value
    }

    fn exact(self) -> f64 {
        self
    }

    fn wrap(array: ArrayD<Self>) -> Tensor {
        Tensor::F64(array)
    }
}

/// A tensor in one of the number formats, in standard (row-major, contiguous) layout.
#[derive(Clone, Debug, PartialEq)]
pub enum Tensor {
    /// binary32
    F32(ArrayD<f32>),
    /// binary64
    F64(ArrayD<f64>),
}

impl Tensor {
    /// The tensor of these elements in row-major order.
    ///
    /// # Panics
    /// Where their number is not the shape's.
    #[must_use]
    pub fn new<T: Number>(shape: &Shape, elements: Vec<T>) -> Self {
        T::wrap(ArrayD::from_shape_vec(IxDyn(&shape.0), elements).expect("as many elements as the shape has"))
    }

    /// The number format.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match self {
            Self::F32(_) => Precision::F32,
            Self::F64(_) => Precision::F64,
        }
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match self {
            Self::F32(array) => Shape::new(array.shape()),
            Self::F64(array) => Shape::new(array.shape()),
        }
    }

    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(array) => array.len(),
            Self::F64(array) => array.len(),
        }
    }

    /// Whether there is no element.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One element in row-major order, exactly.
    ///
    /// # Panics
    /// Beyond the last.
    #[must_use]
    pub fn get(&self, index: usize) -> f64 {
        match self {
            Self::F32(array) => f64::from(elements(array)[index]),
            Self::F64(array) => elements(array)[index],
        }
    }

    /// Copies elements `first .. first + into.len()` in row-major order, rounding each once.
    ///
    /// # Panics
    /// Beyond the last.
    pub fn copy_to<T: Number>(&self, first: usize, into: &mut [T]) {
        match self {
            Self::F32(array) => copy(&elements(array)[first..][..into.len()], into),
            Self::F64(array) => copy(&elements(array)[first..][..into.len()], into),
        }
    }

    /// The same numbers in f64.
    #[must_use]
    pub fn widened(&self) -> Self {
        match self {
            Self::F32(array) => Self::F64(array.mapv(f64::from)),
            Self::F64(array) => Self::F64(array.clone()),
        }
    }

    /// The elements as little-endian bytes, NaNs in one form (quiet, positive, no payload).
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        match self {
            Self::F32(array) => elements(array)
                .iter()
                .flat_map(|x| if x.is_nan() { 0x7FC0_0000_u32 } else { x.to_bits() }.to_le_bytes())
                .collect(),
            Self::F64(array) => elements(array)
                .iter()
                .flat_map(|x| if x.is_nan() { 0x7FF8_0000_0000_0000_u64 } else { x.to_bits() }.to_le_bytes())
                .collect(),
        }
    }
}

fn elements<T>(array: &ArrayD<T>) -> &[T] {
    array.as_slice().expect("a tensor is in standard layout")
}

fn copy<F: Number, T: Number>(from: &[F], into: &mut [T]) {
    for (from, into) in from.iter().zip(into) {
        *into = T::rounded(from.exact());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_convert_and_widening_is_exact() {
        let tensor = Tensor::new(&Shape::new([2, 2]), vec![0.1_f32, -0.0, f32::MIN_POSITIVE / 2.0, f32::INFINITY]);
        let wide = tensor.widened();
        assert_eq!(wide.precision(), Precision::F64);
        let mut back = [0.0_f32; 2];
        wide.copy_to(2, &mut back);
        assert_eq!(back, [f32::MIN_POSITIVE / 2.0, f32::INFINITY]);
        assert_eq!(tensor.get(0), f64::from(0.1_f32));
        assert_eq!(tensor.shape(), Shape::new([2, 2]));
    }

    #[test]
    fn nan_payloads_do_not_show_in_bytes() {
        let odd = f32::from_bits(0xFFC1_2345);
        let bytes = Tensor::new(&Shape::new([1]), vec![odd]).canonical_bytes();
        assert_eq!(bytes, f32::from_bits(0x7FC0_0000).to_le_bytes());
    }
}
