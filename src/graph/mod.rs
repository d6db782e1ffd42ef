//! The tensor graph: what is computed, without order, loops or memory. Forward and backward pass are the same kind of graph.
//!
//! - `build.rs`: `Builder`, the only way to make nodes: infers shapes, deduplicates, drops what does nothing. `map.rs`: its
//!   elementwise nodes, `windows.rs` its windows, `rows.rs` its rows of tables.
//! - `compose.rs`: the compositions that layers use: `linear`, `mean_over`, `softmax`, `log_softmax`.
//! - `differentiate.rs`: reverse mode, one rule per primitive; scalar functions are differentiated by `scalar`.
//! - `linearize.rs`: forward mode; over the nodes of a gradient it gives exact Hessian-vector products.
//! - `scan.rs`: recurrence, one node with a body of its own; `through_time.rs`: its derivatives, again recurrences.
//! - `simplify.rs`: rewrites that keep every bit; drops what nothing needs.
//! - `verify.rs`, `print.rs`: every graph checks and prints itself.
//! - `evaluate.rs`: the value of every node, slowly: the oracle of the tests.
//!
//! # The way of a graph
//!
//! ```text
//! let mut builder = Builder::new(&mut graph, origin);            // model::build; `set_origin` at every layer
//! let x = builder.leaf(Leaf::Input, shape, precision);
//! let z = builder.linear(x, weight);                             // … every method asserts what it needs and infers the shape
//! let a = builder.map(&function, &[z]);                          // rank equal, extents equal or 1
//! let a = builder.mark(a);                                       // a layer's output is a node of its own, see `mark`
//! let loss = builder.sum_all(terms);                             // a scalar, shape []
//!
//! let cotangents = differentiate(&mut graph, loss, &wanted);     // one Option<NodeId> for each wanted; None: nothing flows
//! let (graph, places) = simplify(&graph, &keep);                 // places[id]: where a node of the old graph is now
//! ```
//!
//! Views (`Op::is_view`) copy nothing. A node's inputs may have another precision than the node where that is said: `Map` converts
//! each element to its own precision as it reads it, so `Builder::convert` is a map of the identity; a fused loop must therefore
//! round where an edge changes the precision.
//!
//! To add a primitive: a variant of `Op`; rustc then leads through shape inference, differentiate, print and `kernel::lower`.

mod build;
mod compose;
mod differentiate;
pub mod evaluate;
mod linearize;
mod map;
mod print;
mod rows;
mod scan;
mod simplify;
#[cfg(test)]
pub(crate) mod tests;
mod through_time;
mod verify;
mod windows;

pub use build::Builder;
pub use differentiate::{differentiate, pull_back};
pub use linearize::push_forward;
pub use print::print;
pub use rows::row_number;
pub use scan::{ROWS, Recurrence, Scan, Step};
pub use simplify::{Places, prune, simplify};
pub use verify::{Violation, verify};
pub use windows::Windows;

use crate::arena::IdVec;
use crate::scalar::Function;
use crate::shape::{Precision, Shape};
use crate::source::Span;
use std::sync::Arc;

crate::id!(
    /// A node of the tensor graph.
    NodeId,
    "n"
);
crate::id!(
    /// A layer of a model: every layer after expansion, containers included, in order of the text.
    LayerId,
    "layer"
);
crate::id!(
    /// A trainable tensor of a model.
    ParameterId,
    "p"
);

/// Where a node comes from; copied to the nodes of its derivative. It survives to the kernels and the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The layer; none for the loss.
    pub layer: Option<LayerId>,
    /// The layer's (or loss's) place in the user's file.
    pub span: Span,
    /// Which pass.
    pub role: Role,
}

/// Which pass a node belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// From the input to the loss.
    Forward,
    /// From the loss back.
    Gradient,
    /// A statistic of the report.
    Statistic,
    /// A step of training: the new parameters.
    Update,
}

/// Leaves whose contents the run provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// The batch of inputs, `[batch, …input]`.
    Input,
    /// The batch of targets: what the loss takes.
    Target,
    /// A trainable tensor.
    Parameter(ParameterId),
    /// What an optimizer remembers of a parameter: its slot.
    State(ParameterId, usize),
    /// A number of the step, such as the learning rate, of one element.
    Number(usize),
    /// An argument of a recurrence's body; in no other graph.
    Argument(usize),
    /// What a layer's outputs are multiplied by: 0 for those that are dropped, drawn anew for every step.
    Mask(LayerId),
    /// What a layer keeps from step to step besides its parameters: its slot.
    Running(LayerId, usize),
}

/// How a reduction combines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Combine {
    /// The sum, in the fixed order of the numeric contract.
    Sum,
    /// The largest; NaN where any is.
    Maximum,
}

/// The decades that hold every non-zero f32: first and number.
pub const DECADES_F32: (i32, usize) = (-45, 84);
/// The decades that hold every non-zero f64.
pub const DECADES_F64: (i32, usize) = (-324, 633);

/// The primitives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Contents from outside.
    Leaf(Leaf),
    /// Every element this number.
    Constant(crate::scalar::Bits),
    /// The index along `axis`, as a number.
    Index {
        /// The axis counted along.
        axis: usize,
    },
    /// A scalar function, elementwise over inputs that broadcast to the node's shape: equal rank, extents equal or 1.
    /// The function has one result, uses each of its arguments, and is computed in the node's precision, to which inputs of
    /// another precision are converted element by element.
    Map(Arc<Function>),
    /// Matrix product over the last two axes, `[…, m, k] × […, k, n] → […, m, n]`, leading axes equal.
    /// One chain of fused multiply-adds over k from 0 (the numeric contract).
    Product,
    /// Combines over `axes` (ascending), which keep extent 1. `accumulator` is at least the input's precision and is the
    /// node's precision.
    Reduce {
        /// Sum or maximum.
        combine: Combine,
        /// The axes that go to extent 1.
        axes: Vec<usize>,
        /// The precision of lanes and result.
        accumulator: Precision,
    },
    /// Repeats axes of extent 1 to the node's shape. A view.
    Broadcast,
    /// The same elements in row-major order under the node's shape. A view.
    Reshape,
    /// Axis `i` of the result is axis `axes[i]` of the input. A view.
    Permute {
        /// A permutation.
        axes: Vec<usize>,
    },
    /// `start .. start + extent` of one axis. A view.
    Slice {
        /// Which axis.
        axis: usize,
        /// The first index taken; the node's shape tells how many.
        start: usize,
    },
    /// Zeros around the input along one axis: `before` in front, and behind up to the node's shape.
    Pad {
        /// Which axis.
        axis: usize,
        /// Zeros in front.
        before: usize,
    },
    /// The inputs one after another along an axis.
    Concat {
        /// Which axis.
        axis: usize,
    },
    /// An axis as windows on it: `[…, n, …]` → `[…, places, size, …]`; element k of place p is element p · stride + k · dilation
    /// of the input. Windows may overlap. A view.
    Window {
        /// Which axis becomes two.
        axis: usize,
        /// From one place to the next.
        stride: usize,
        /// From one element of a window to the next.
        dilation: usize,
    },
    /// Windows added up: `[…, places, size, …]` → `[…, n, …]`, the adjoint of `Window`. An element is the sum of what the windows
    /// have there, in order of their own elements k, each addition rounded, from +0.
    Fold {
        /// The first of the two axes that become one.
        axis: usize,
        /// From one place to the next.
        stride: usize,
        /// From one element of a window to the next.
        dilation: usize,
    },
    /// Rows of a table: `[v, d]` and numbers of rows `[…]` → `[…, d]`. A number that is no row's takes the nearest.
    Gather,
    /// Rows added into a table of zeros: `[…, d]` and the numbers of the rows they belong to, `[…]` → `[v, d]`, in order, each
    /// addition rounded. The adjoint of `Gather`.
    ScatterAdd,
    /// The same elements, of which the derivative knows nothing: no cotangent and no tangent passes. A view.
    Detach,
    /// The counts of 10ᵈ ≤ |x| < 10ᵈ⁺¹ for every decade d of the input's precision (`DECADES_F32`, `DECADES_F64`), as f64;
    /// compared exactly. Zeros, NaN and infinities are in no decade.
    Histogram,
    /// A recurrence: the stack of its states, `[time + 1, rows, …]`. Its cotangent is the total one: what a state gives to the
    /// loss through all later steps too.
    Scan(Arc<Scan>),
}

/// One node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// What it computes.
    pub op: Op,
    /// From what, in order.
    pub inputs: Vec<NodeId>,
    /// The result's shape, batch axis included.
    pub shape: Shape,
    /// The result's number format.
    pub precision: Precision,
    /// For whom.
    pub origin: Origin,
}

/// A graph; nodes stand after their inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Graph {
    /// The nodes in topological order.
    pub nodes: IdVec<NodeId, Node>,
}

impl Op {
    /// Whether the result is a part of the input's memory, read in another way.
    #[must_use]
    pub const fn is_view(&self) -> bool {
        match self {
            Self::Broadcast
            | Self::Reshape
            | Self::Permute { .. }
            | Self::Slice { .. }
            | Self::Window { .. }
            | Self::Detach => true,
            Self::Leaf(_)
            | Self::Constant(_)
            | Self::Index { .. }
            | Self::Map(_)
            | Self::Product
            | Self::Reduce { .. }
            | Self::Pad { .. }
            | Self::Concat { .. }
            | Self::Fold { .. }
            | Self::Gather
            | Self::ScatterAdd
            | Self::Histogram
            | Self::Scan(_) => false,
        }
    }
}

impl Graph {
    /// The shape of a node.
    #[must_use]
    pub fn shape(&self, id: NodeId) -> &Shape {
        &self.nodes[id].shape
    }

    /// The number format of a node.
    #[must_use]
    pub fn precision(&self, id: NodeId) -> Precision {
        self.nodes[id].precision
    }
}
