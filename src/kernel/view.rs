//! Views as arithmetic: how a tensor's axes walk through a buffer, and what each view of it makes of that.

use crate::graph::{Node, Op};
use crate::shape::Shape;

/// How a tensor lies in a buffer: `offset + Σ index[axis] · strides[axis]`, in elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct View {
    /// The first element.
    pub(super) offset: usize,
    /// One for each axis of the tensor.
    pub(super) strides: Vec<usize>,
}

impl View {
    /// A whole buffer, row-major.
    pub(super) fn contiguous(shape: &Shape) -> Self {
        Self { offset: 0, strides: shape.strides() }
    }

    /// Whether the tensor's elements, in row-major order, are the elements of the buffer from its first one.
    pub(super) fn is_contiguous(&self, shape: &Shape) -> bool {
        let natural = shape.strides();
        let same = |axis: usize| shape.0[axis] == 1 || self.strides[axis] == natural[axis];
        self.offset == 0 && (0..shape.rank()).all(same)
    }

    /// The tensor that `node`, a view of a tensor of shape `input` that lies thus, makes of it; `None` where a reshape cuts
    /// across the way it lies, and where the node is no view.
    pub(super) fn viewed(&self, input: &Shape, node: &Node) -> Option<Self> {
        let mut view = self.clone();
        match &node.op {
            Op::Detach => {}
            Op::Broadcast => {
                for (axis, extent) in input.0.iter().enumerate() {
                    if *extent != node.shape.0[axis] {
                        view.strides[axis] = 0;
                    }
                }
            }
            Op::Permute { axes } => view.strides = axes.iter().map(|axis| self.strides[*axis]).collect(),
            Op::Slice { axis, start } => view.offset += start * self.strides[*axis],
            Op::Reshape => view.strides = reshaped(&input.0, &self.strides, &node.shape.0)?,
            Op::Window { axis, stride, dilation } => {
                let step = self.strides[*axis];
                view.strides.splice(axis..=axis, [step * stride, step * dilation]);
            }
            Op::Leaf(_)
            | Op::Constant(_)
            | Op::Index { .. }
            | Op::Map(_)
            | Op::Product
            | Op::Reduce { .. }
            | Op::Pad { .. }
            | Op::Concat { .. }
            | Op::Fold { .. }
            | Op::Gather
            | Op::ScatterAdd
            | Op::Histogram
            | Op::Scan(_) => return None,
        }
        Some(view)
    }
}

/// The strides of the same elements, in row-major order, under other extents; `None` where no strides walk so.
fn reshaped(from: &[usize], strides: &[usize], to: &[usize]) -> Option<Vec<usize>> {
    let runs = runs(from, strides);
    let mut result = vec![0; to.len()];
    let mut axis = to.len();
    for (extent, stride) in runs.into_iter().rev() {
        let (mut left, mut stride) = (extent, stride);
        while left > 1 {
            axis = axis.checked_sub(1)?;
            if !left.is_multiple_of(to[axis]) {
                return None;
            }
            result[axis] = stride;
            left /= to[axis];
            stride *= to[axis];
        }
    }
    Some(result)
}

/// Extents and strides with axes joined that are walked like one; axes of extent 1 are left out.
pub(super) fn runs(extents: &[usize], strides: &[usize]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::with_capacity(extents.len());
    for (extent, stride) in extents.iter().copied().zip(strides.iter().copied()).filter(|(extent, _)| *extent != 1) {
        match runs.last_mut() {
            Some((outer, step)) if *step == stride * extent => (*outer, *step) = (*outer * extent, stride),
            Some(_) | None => runs.push((extent, stride)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn places(extents: &[usize], strides: &[usize]) -> Vec<usize> {
        extents.iter().zip(strides).fold(vec![0], |places, (extent, stride)| {
            places.iter().flat_map(|place| (0..*extent).map(move |index| place + index * stride)).collect()
        })
    }

    proptest! {
        #[test]
        fn a_reshape_walks_the_same_places(
            parts in prop::collection::vec((1_usize..4, any::<bool>(), any::<bool>()), 0..6),
            permuted: bool, broadcast: prop::sample::Index,
        ) {
            // Two ways to join the same parts are two shapes of the same elements.
            let join = |pick: fn(&(usize, bool, bool)) -> bool| {
                parts.iter().fold(vec![1], |mut shape: Vec<usize>, part| {
                    if pick(part) { shape.push(part.0) } else { *shape.last_mut().unwrap() *= part.0 }
                    shape
                })
            };
            let (from, to) = (join(|part| part.1), join(|part| part.2));
            let mut strides = Shape::new(from.clone()).strides();
            if permuted { strides.reverse() }
            let axis = broadcast.index(strides.len());
            strides[axis] = if permuted { 0 } else { strides[axis] };
            match reshaped(&from, &strides, &to) {
                Some(result) => prop_assert_eq!(places(&from, &strides), places(&to, &result)),
                None => prop_assert!(permuted, "a contiguous tensor has every shape"),
            }
        }
    }
}
