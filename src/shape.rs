//! Shapes of tensors: extents in row-major order, and broadcasting. Counts are checked; none can wrap.

use std::fmt;

/// The number format of a network's tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Precision {
    /// IEEE binary32.
    F32,
    /// IEEE binary64.
    F64,
}

impl Precision {
    /// Bytes of one element.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// Its name in the language: `f32` or `f64`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Extents of a tensor, outermost first; `[]` is a scalar.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Shape(pub Vec<usize>);

impl Shape {
    /// The shape with these extents.
    #[must_use]
    pub fn new(extents: impl Into<Vec<usize>>) -> Self {
        Self(extents.into())
    }

    /// The shape of a scalar.
    #[must_use]
    pub const fn scalar() -> Self {
        Self(Vec::new())
    }

    /// The number of axes.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The number of elements, or `None` where it exceeds `usize`.
    #[must_use]
    pub fn checked_elements(&self) -> Option<usize> {
        self.0.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent))
    }

    /// The number of elements of a shape that was checked when the model was.
    ///
    /// # Panics
    /// Where the product exceeds `usize`; a `Model` holds no such shape.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.checked_elements().expect("sizes are checked before a model exists")
    }

    /// Row-major strides in elements.
    #[must_use]
    pub fn strides(&self) -> Vec<usize> {
        let mut strides = vec![1; self.rank()];
        for axis in (1..self.rank()).rev() {
            strides[axis - 1] = strides[axis] * self.0[axis];
        }
        strides
    }

    /// This shape with a leading axis of extent `batch`.
    #[must_use]
    pub fn with_batch(&self, batch: usize) -> Self {
        Self(std::iter::once(batch).chain(self.0.iter().copied()).collect())
    }

    /// numpy's rule: shapes aligned at the last axis, equal or 1 in each; `None` where they do not agree.
    #[must_use]
    pub fn broadcast(&self, other: &Self) -> Option<Self> {
        let rank = self.rank().max(other.rank());
        let extent = |shape: &Self, axis: usize| (axis + shape.rank()).checked_sub(rank).map_or(1, |at| shape.0[at]);
        (0..rank)
            .map(|axis| match (extent(self, axis), extent(other, axis)) {
                (a, b) if a == b => Some(a),
                (1, b) => Some(b),
                (a, 1) => Some(a),
                _ => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(Self)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (axis, extent) in self.0.iter().enumerate() {
            let separator = if axis == 0 { "" } else { ", " };
            write!(f, "{separator}{extent}")?;
        }
        f.write_str("]")
    }
}
