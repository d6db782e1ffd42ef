//! A program: kernels (loop nests and matrix products), the steps that call them, and one planned memory. Everything about
//! *how* is settled here; the interpreter and the JIT only carry it out, and agree bit for bit.
//!
//! - `lower.rs`: graph → drafts of steps, primitive by primitive; `view.rs` is the arithmetic of views, `draft.rs` the types.
//! - `fuse.rs`: which nodes share a loop. `body.rs` finishes a loop, `assemble.rs` the program: equal kernels are one.
//! - `plan.rs`: lifetimes → one arena. `memory.rs`: that arena, and typed views of it.
//! - `verify.rs`: the proof that a program stays in bounds; compiled code relies on it.
//! - `recurrence.rs`: a recurrence, whose body is a program of its own.
//! - `interpret.rs`: the oracle. `combine.rs`, `histogram.rs`, `fold.rs`, `rows.rs`: what it shares with the JIT.
//! - `print.rs`: a program as text.
//!
//! ```text
//! let program = lower(&graph, &keep)?;                 // TooLarge where it cannot be addressed
//! let mut memory = Memory::new(&program)?;             // program.memory_bytes; OutOfMemory is an error
//! // program.bindings: every leaf (write it first), every kept node (read it after)
//! interpret(&program, &mut memory);                    // or jit, with the same bits
//! let loss: &[f32] = memory.view(&program.buffers[buffer]);
//! ```
//!
//! To add a kernel: a variant of `Kernel`; rustc then leads through verify, interpret, print, and the JIT.

mod assemble;
mod body;
pub mod combine;
mod draft;
pub mod fold;
mod fuse;
pub mod histogram;
pub mod interpret;
pub mod lower;
pub mod memory;
mod plan;
pub mod print;
mod recurrence;
pub mod rows;
pub mod verify;
mod view;

pub use interpret::interpret;
pub use lower::{TooLarge, lower};
pub use memory::Memory;

use crate::arena::IdVec;
use crate::graph::{Combine, NodeId, Origin, Windows};
use crate::scalar::Function;
use crate::shape::{Precision, Shape};
use std::ops::Range;
use std::sync::Arc;

crate::id!(
    /// A region of the program's memory.
    BufferId,
    "b"
);
crate::id!(
    /// A distinct kernel; equal layers share one.
    KernelId,
    "k"
);

/// Elements per chunk of a reduction (the numeric contract).
pub const CHUNK: usize = 256;
/// Lanes per chunk of a reduction.
pub const LANES: usize = 8;
/// Alignment of every buffer in bytes.
pub const ALIGNMENT: usize = 64;

/// What one gradient step is, ready to be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    /// The memory's regions.
    pub buffers: IdVec<BufferId, Buffer>,
    /// The distinct kernels.
    pub kernels: IdVec<KernelId, Kernel>,
    /// The calls in order.
    pub steps: Vec<Step>,
    /// The size of the whole memory in bytes, a multiple of `ALIGNMENT`.
    pub memory_bytes: usize,
    /// Where each leaf is read and each kept node is found after a run: (node, its buffer), sorted by node. Kept nodes are
    /// contiguous and row-major.
    pub bindings: Vec<(NodeId, BufferId)>,
}

/// A region of the memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Buffer {
    /// What it holds; contiguous, row-major.
    pub shape: Shape,
    /// Its number format.
    pub precision: Precision,
    /// Byte offset in the memory, a multiple of `ALIGNMENT`.
    pub offset: usize,
}

impl Buffer {
    /// Its size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.shape.elements() * self.precision.bytes()
    }

    /// Its bytes within the memory.
    #[must_use]
    pub fn place(&self) -> Range<usize> {
        self.offset..self.offset + self.bytes()
    }
}

/// One call of a kernel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// Which kernel.
    pub kernel: KernelId,
    /// The regions its arguments name.
    pub arguments: Vec<BufferId>,
    /// For whom.
    pub origin: Origin,
}

/// A kernel refers to its data by argument number, never by buffer, so that equal layers share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// A fused loop nest.
    Loop(Loop),
    /// A matrix product.
    Product(Product),
    /// The end of a reduction: combines partial results.
    Combine(CombinePartials),
    /// Counts by decade.
    Histogram(Histogram),
    /// A recurrence: a program of its own, once for every step of time.
    Scan(Scan),
    /// Windows added up.
    Fold(Fold),
    /// Rows of a table.
    Gather(Rows),
    /// Rows added into a table.
    ScatterAdd(Rows),
}

impl Kernel {
    /// The number format it computes in.
    #[must_use]
    pub const fn precision(&self) -> Precision {
        match self {
            Self::Loop(kernel) => kernel.precision,
            Self::Product(kernel) => kernel.precision,
            Self::Combine(kernel) => kernel.precision,
            Self::Histogram(kernel) => kernel.precision,
            Self::Fold(kernel) => kernel.precision,
            Self::Gather(kernel) | Self::ScatterAdd(kernel) => kernel.precision,
            Self::Scan(kernel) => kernel.precision,
        }
    }

    /// The arguments that it writes.
    #[must_use]
    pub fn written(&self) -> Vec<usize> {
        match self {
            Self::Loop(kernel) => {
                let stores = kernel.stores.iter().map(|store| store.access.argument);
                stores.chain(kernel.reductions.iter().map(|reduction| reduction.into)).collect()
            }
            Self::Product(_) | Self::Gather(_) | Self::ScatterAdd(_) => vec![2],
            Self::Combine(_) | Self::Histogram(_) | Self::Fold(_) => vec![1],
            Self::Scan(kernel) => vec![kernel.inputs.len(), kernel.inputs.len() + 1],
        }
    }

    /// How many arguments a step must give it.
    #[must_use]
    pub fn argument_count(&self) -> usize {
        match self {
            Self::Loop(kernel) => {
                let loads = kernel.inputs.iter().filter_map(|input| match input {
                    Input::Load(access) => Some(access.argument),
                    Input::Index(_) => None,
                });
                let stores = kernel.stores.iter().map(|store| store.access.argument);
                let partials = kernel.reductions.iter().map(|reduction| reduction.into);
                loads.chain(stores).chain(partials).max().map_or(0, |last| last + 1)
            }
            Self::Product(_) | Self::Gather(_) | Self::ScatterAdd(_) => 3,
            Self::Combine(_) | Self::Histogram(_) | Self::Fold(_) => 2,
            Self::Scan(kernel) => kernel.inputs.len() + 2,
        }
    }
}

/// A fused loop nest: loads, one scalar function, stores and reductions per point of a row-major iteration space.
///
/// The work is cut into units that threads share: without reductions, and with `Over::Inner`, rows (all axes but the last) ×
/// the chunks of the last axis; with `Over::Outer`, chunks of the first axis. A unit's result never depends on who runs it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Loop {
    /// The precision of the body.
    pub precision: Precision,
    /// Extents, none zero; the last axis is the vectorised one. At least one axis.
    pub extents: Vec<usize>,
    /// The body's arguments in order.
    pub inputs: Vec<Input>,
    /// The body: one result for each store and reduction that names it.
    pub body: Arc<Function>,
    /// What is written.
    pub stores: Vec<Store>,
    /// What is reduced, all over the same axes.
    pub reductions: Vec<Reduction>,
    /// Which axes the reductions run over; `Inner` where there are none.
    pub over: Over,
}

/// An argument of a loop's body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// An element of an argument.
    Load(Access),
    /// The index along an axis, as a number.
    Index(usize),
}

/// An affine place in an argument: `offset + Σ index[axis] · strides[axis]`, in elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Access {
    /// Which argument of the step.
    pub argument: usize,
    /// Constant part, in elements.
    pub offset: usize,
    /// One for each axis of the loop; 0 where the axis is broadcast.
    pub strides: Vec<usize>,
    /// The argument's number format: converted to the body's on load. A store has the body's precision.
    pub precision: Precision,
}

/// Writes a result of the body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    /// Which result of the body.
    pub result: usize,
    /// Where; never a place that another point of the same loop reads or writes. The point itself may read it, through another
    /// argument that names the same memory: a point's loads come before its stores.
    pub access: Access,
}

/// Reduces a result of the body into partial results.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reduction {
    /// Which result of the body.
    pub result: usize,
    /// Sum or maximum: the scalar operations `Add` and `Maximum` with the lane first. A sum starts from +0, a maximum from −inf.
    pub combine: Combine,
    /// The precision of lanes and partial results: the body's, or f64.
    pub accumulator: Precision,
    /// The argument that receives the partial results. `Over::Inner`: `[rows, chunks]`, a chunk's lanes already combined.
    /// `Over::Outer`: `[chunks, LANES, inner points]`.
    pub into: usize,
}

/// The axes that a loop's reductions run over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Over {
    /// The last axis: one result for each row. Element `i` of the row belongs to chunk `i / CHUNK`, lane `i % LANES`.
    Inner,
    /// The first axis: one result for each point of the other axes. Row `i` belongs to chunk `i / CHUNK`, lane `i % LANES`.
    Outer,
}

/// `partials[outer, chunks, lanes, inner] → result[outer, inner]`: for each outer and inner index, lanes are combined
/// pairwise ((0,1),(2,3)),((4,5),(6,7)), then the chunks pairwise in order, an odd one carried up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CombinePartials {
    /// Sum or maximum.
    pub combine: Combine,
    /// The precision of partials and result.
    pub precision: Precision,
    /// Independent groups.
    pub outer: usize,
    /// Chunks of each.
    pub chunks: usize,
    /// 1, or `LANES` after `Over::Outer`.
    pub lanes: usize,
    /// Points of each lane.
    pub inner: usize,
}

/// Arguments: 0 the left matrix, 1 the right matrix, 2 the result, contiguous row-major `[batch, m, n]`.
/// Each element is one chain of fused multiply-adds over k in order, from 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Product {
    /// The number format of all three.
    pub precision: Precision,
    /// Independent products.
    pub batch: usize,
    /// Rows of the result.
    pub m: usize,
    /// Columns of the result.
    pub n: usize,
    /// Terms of each element.
    pub k: usize,
    /// Offset and strides (batch, m, k) of the left matrix, in elements.
    pub left: Matrix,
    /// Offset and strides (batch, k, n) of the right matrix.
    pub right: Matrix,
}

/// A strided stack of matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Matrix {
    /// First element.
    pub offset: usize,
    /// From one matrix of the stack to the next.
    pub batch: usize,
    /// From one row to the next.
    pub row: usize,
    /// From one column to the next.
    pub column: usize,
}

/// Argument 0 is read (contiguous, `elements`), argument 1 receives one f64 count for each decade of the precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Histogram {
    /// The number format read.
    pub precision: Precision,
    /// How many elements.
    pub elements: usize,
}

/// A recurrence. Its arguments: those of `inputs`, in order, of which the first is the initial state; then the stack of all
/// states, `[times + 1, state]`, which it writes; then scratch memory for `program`.
///
/// Forward, place 0 of the stack is the initial state, and place t + 1 what the program makes of place t and step t of the other
/// inputs. In reverse the last place is the initial state, and place t made of place t + 1 and step t.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scan {
    /// The number format of everything outside the program.
    pub precision: Precision,
    /// Steps of time, at least one.
    pub times: usize,
    /// Whether time runs backward.
    pub reverse: bool,
    /// Elements of a state.
    pub state: usize,
    /// Where the program finds the initial or last state, and one step of each other input.
    pub inputs: Vec<Carried>,
    /// Where the program leaves the next state; what it is given, where that is the next state.
    pub result: BufferId,
    /// One step.
    pub program: Arc<Program>,
}

/// An input of a recurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Carried {
    /// The first element of the first step, in the argument.
    pub offset: usize,
    /// Elements from one step to the next; 0 for what is the same at every step, and for the initial state.
    pub stride: usize,
    /// The buffer of the program that holds it in its step; none where the program does not look at it.
    pub buffer: Option<BufferId>,
}

impl Scan {
    /// For each turn of the loop: the step of time, and the places in the stack of the states before it and after.
    pub fn turns(&self) -> impl Iterator<Item = [usize; 3]> + use<> {
        let (times, reverse) = (self.times, self.reverse);
        (0..times).map(move |turn| {
            if reverse { [times - 1 - turn, times - turn, times - 1 - turn] } else { [turn, turn, turn + 1] }
        })
    }

    /// The place of the initial state in the stack.
    #[must_use]
    pub const fn first(&self) -> usize {
        if self.reverse { self.times } else { 0 }
    }
}

/// Argument 0 is read, argument 1 receives the sums, contiguous row-major `[outer…, extent, inner…]`: the element at n is the sum, from +0 and in
/// order of k, of what lies at `offset + Σ outer + place · p + element · k + Σ inner` in argument 0 for every p and k with
/// `p · stride + k · dilation = n`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fold {
    /// The number format of both.
    pub precision: Precision,
    /// Extent and stride in argument 0 of each axis before the folded one.
    pub outer: Vec<(usize, usize)>,
    /// … and behind it.
    pub inner: Vec<(usize, usize)>,
    /// The folded extent.
    pub extent: usize,
    /// What is folded into it.
    pub windows: Windows,
    /// The first element in argument 0.
    pub offset: usize,
    /// From one place to the next in argument 0.
    pub place: usize,
    /// From one element of a window to the next in argument 0.
    pub element: usize,
}

/// `Gather`: argument 0 is the table, `[rows, width]`, argument 1 `count` numbers of rows, argument 2 receives the rows of these
/// numbers, `[count, width]`. `ScatterAdd`: argument 0 is `[count, width]`, argument 2 the table, which receives the sum of
/// the rows of each number, in order from +0. All contiguous; `graph::row_number` makes a row of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rows {
    /// The number format of all three.
    pub precision: Precision,
    /// Rows of the table.
    pub rows: usize,
    /// Elements of a row.
    pub width: usize,
    /// How many numbers.
    pub count: usize,
}

#[cfg(test)]
mod tests;
