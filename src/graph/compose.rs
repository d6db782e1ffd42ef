//! The compositions that layers and losses are made of. None has a derivative of its own: each is a few primitives, arranged so
//! that the derivative of the whole is stable.

use super::{Builder, NodeId};
use crate::scalar::Unary;
use crate::shape::Shape;

impl Builder<'_> {
    /// `x · wᵀ` on the last axis: `x: […, in]`, `w: [out, in]` → `[…, out]`. All other axes are rows of one product, so that the
    /// gradient of `w` is one product as well, a single chain over all rows.
    ///
    /// # Panics
    /// Where `w` is no matrix, or its rows are not as long as the last axis of `x`.
    pub fn linear(&mut self, x: NodeId, w: NodeId) -> NodeId {
        let mut extents = self.shape(x).0.clone();
        let [out, _] = self.shape(w).0[..] else { panic!("a dense weight is a matrix") };
        let inner = extents.pop().expect("a dense layer has an axis to work on");
        let rows = self.reshape(x, Shape::new([extents.iter().product(), inner]));
        let columns = self.transpose(w);
        let product = self.product(rows, columns);
        extents.push(out);
        self.reshape(product, Shape(extents))
    }

    /// The sum of all elements: a scalar, shape `[]`.
    pub fn sum_all(&mut self, x: NodeId) -> NodeId {
        let axes: Vec<usize> = (0..self.shape(x).rank()).collect();
        let sum = self.sum(x, &axes);
        self.reshape(sum, Shape::scalar())
    }

    /// The mean along `axes`, whose extents become 1: the sum, divided by the count.
    pub fn mean_over(&mut self, x: NodeId, axes: &[usize]) -> NodeId {
        let count: usize = axes.iter().map(|axis| self.shape(x).0[*axis]).product();
        let sum = self.sum(x, axes);
        self.divided_by(sum, count)
    }

    /// Every element divided by a count.
    pub fn divided_by(&mut self, x: NodeId, count: usize) -> NodeId {
        let (shape, precision) = (self.shape(x).clone(), self.precision(x));
        let count = self.constant(count as f64, shape, precision);
        self.divide(x, count)
    }

    /// exp(xᵢ) / Σⱼ exp(xⱼ) along an axis, of any size of x without overflow.
    pub fn softmax(&mut self, x: NodeId, axis: usize) -> NodeId {
        let shifted = self.below_maximum(x, axis);
        let exponentials = self.unary(Unary::Exponential, shifted);
        let sum = self.sum(exponentials, &[axis]);
        self.divide(exponentials, sum)
    }

    /// xᵢ − ln Σⱼ exp(xⱼ) along an axis, of any size of x without overflow; its cotangent is c − softmax · Σc.
    pub fn log_softmax(&mut self, x: NodeId, axis: usize) -> NodeId {
        let shifted = self.below_maximum(x, axis);
        let exponentials = self.unary(Unary::Exponential, shifted);
        let sum = self.sum(exponentials, &[axis]);
        let logarithm = self.unary(Unary::Logarithm, sum);
        self.subtract(shifted, logarithm)
    }

    /// x less its largest along an axis. The shift changes neither softmax nor its logarithm, so the largest is a constant to
    /// the derivative: its cotangent would be zero but for rounding.
    fn below_maximum(&mut self, x: NodeId, axis: usize) -> NodeId {
        let maximum = self.maximum(x, &[axis]);
        let maximum = self.detach(maximum);
        self.subtract(x, maximum)
    }
}
