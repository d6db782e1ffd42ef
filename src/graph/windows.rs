//! Windows on an axis, and what adds them up again: what convolutions and pooling are made of.

use super::{Builder, NodeId, Op};

/// Windows along one axis: element k of place p lies at p · stride + k · dilation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Windows {
    /// How many windows.
    pub places: usize,
    /// Elements of each.
    pub size: usize,
    /// From one place to the next.
    pub stride: usize,
    /// From one element of a window to the next.
    pub dilation: usize,
}

impl Windows {
    /// All that an axis has room for; none where one alone does not fit.
    #[must_use]
    pub fn along(extent: usize, size: usize, stride: usize, dilation: usize) -> Option<Self> {
        let reach = (size - 1).checked_mul(dilation)?.checked_add(1)?;
        let places = extent.checked_sub(reach)? / stride + 1;
        Some(Self { places, size, stride, dilation })
    }

    /// The extent that they need.
    fn span(self) -> usize {
        (self.places - 1) * self.stride + (self.size - 1) * self.dilation + 1
    }
}

impl Builder<'_> {
    /// `[…, n, …]` → `[…, places, size, …]`: the windows on an axis.
    ///
    /// # Panics
    /// Where the axis ends before the last window does.
    pub fn window(&mut self, x: NodeId, axis: usize, windows: Windows) -> NodeId {
        let Windows { places, size, stride, dilation } = windows;
        let mut shape = self.shape(x).clone();
        let extent = shape.0[axis];
        assert!(windows.span() <= extent, "{windows:?} lie within an axis of {extent}");
        shape.0.splice(axis..=axis, [places, size]);
        if places * size == extent && is_partition(windows) {
            return self.reshape(x, shape);
        }
        self.view(Op::Window { axis, stride, dilation }, x, shape)
    }

    /// `[…, places, size, …]` → `[…, extent, …]`: what the windows have at each element, added up.
    ///
    /// # Panics
    /// Where the extent does not hold the windows.
    pub fn fold(&mut self, x: NodeId, axis: usize, extent: usize, stride: usize, dilation: usize) -> NodeId {
        let mut shape = self.shape(x).clone();
        let windows = Windows { places: shape.0[axis], size: shape.0[axis + 1], stride, dilation };
        assert!(windows.span() <= extent, "an axis of {extent} holds {windows:?}");
        shape.0.splice(axis..axis + 2, [extent]);
        if windows.places * windows.size == extent && is_partition(windows) {
            return self.reshape(x, shape);
        }
        let precision = self.precision(x);
        self.push(Op::Fold { axis, stride, dilation }, vec![x], shape, precision)
    }
}

/// Whether windows that have as many elements as their axis are its elements in order.
fn is_partition(windows: Windows) -> bool {
    let Windows { places, size, stride, dilation } = windows;
    (size == 1 || dilation == 1) && (places == 1 || stride == size)
}
