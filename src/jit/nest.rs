//! A loop as it will be emitted: axes that are walked like one are one, and the units that threads share are fixed.

use crate::kernel::{Access, CHUNK, Input, LANES, Loop, Over};
use crate::scalar::{Binary, Function, Op, Unary};
use crate::shape::Precision;
use std::ops::Range;

/// Elements of a block of a long row, where there is no reduction that wants chunks.
const BLOCK: usize = 4096;

/// How the points become units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Units {
    /// Rows × the blocks of the last axis; a row's last block may be shorter or longer.
    Blocks {
        /// Blocks of a row.
        blocks: usize,
        /// Elements of each but the last.
        length: usize,
    },
    /// Chunks of the first axis.
    Chunks,
}

/// An access with the strides of the merged axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Walk {
    pub(super) argument: usize,
    pub(super) offset: usize,
    pub(super) strides: Vec<usize>,
    pub(super) precision: Precision,
}

/// An argument of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// An element.
    Load(Walk),
    /// The index along a merged axis.
    Index(usize),
}

/// A loop in merged axes.
#[derive(Debug)]
pub(super) struct Nest<'a> {
    pub(super) kernel: &'a Loop,
    /// Extents; the last axis is the vectorised one. With `Units::Chunks` there is another, reduced one in front.
    pub(super) extents: Vec<usize>,
    pub(super) inputs: Vec<Source>,
    pub(super) stores: Vec<Walk>,
    pub(super) units: Units,
    /// About how many instructions the body takes for each vector.
    pub(super) cost: usize,
}

impl<'a> Nest<'a> {
    pub(super) fn new(kernel: &'a Loop) -> Self {
        let mut nest = Self {
            kernel,
            extents: kernel.extents.clone(),
            inputs: kernel
                .inputs
                .iter()
                .map(|input| match input {
                    Input::Load(access) => Source::Load(walk(access)),
                    Input::Index(axis) => Source::Index(*axis),
                })
                .collect(),
            stores: kernel.stores.iter().map(|store| walk(&store.access)).collect(),
            units: Units::Chunks,
            cost: cost(&kernel.body),
        };
        let outer = !kernel.reductions.is_empty() && kernel.over == Over::Outer;
        if outer && nest.extents.len() == 1 {
            nest.append_axis();
        }
        // The axes that stay apart: the reduced one.
        let axes = nest.extents.len();
        let mergeable = match (outer, kernel.reductions.is_empty()) {
            (true, _) => 1..axes,
            (false, true) => 0..axes,
            (false, false) => 0..axes - 1,
        };
        nest.merge(mergeable);
        if !outer {
            let row = nest.row();
            nest.units = if !kernel.reductions.is_empty() {
                Units::Blocks { blocks: row.div_ceil(CHUNK), length: CHUNK }
            } else if row < 2 * BLOCK {
                Units::Blocks { blocks: 1, length: row }
            } else {
                Units::Blocks { blocks: row / BLOCK, length: BLOCK }
            };
        }
        nest
    }

    /// Elements of a row: the extent of the last axis.
    pub(super) fn row(&self) -> usize {
        *self.extents.last().expect("a loop has an axis")
    }

    /// The axes that lead to a row; with `Units::Chunks` without the reduced one.
    pub(super) fn leading(&self) -> Range<usize> {
        let first = usize::from(self.units == Units::Chunks);
        first..self.extents.len() - 1
    }

    /// How many units there are.
    pub(super) fn unit_count(&self) -> usize {
        match self.units {
            Units::Blocks { blocks, .. } => self.extents[self.leading()].iter().product::<usize>() * blocks,
            Units::Chunks => self.extents[0].div_ceil(CHUNK),
        }
    }

    /// About how many cycles the loop takes.
    pub(super) fn cycles(&self) -> usize {
        let vectors = self.extents.iter().product::<usize>() / super::emit::lanes(self.kernel.precision);
        let accesses = self.inputs.len() + self.stores.len() + 2 * self.kernel.reductions.len();
        vectors.saturating_mul(self.cost + accesses) / 2
    }

    /// The points of the axes that stay, where the first is reduced.
    pub(super) fn kept_points(&self) -> usize {
        self.extents[1..].iter().product()
    }

    /// Appends an axis of extent 1.
    fn append_axis(&mut self) {
        self.extents.push(1);
        for walk in self.walks() {
            walk.strides.push(0);
        }
    }

    fn walks(&mut self) -> impl Iterator<Item = &mut Walk> {
        let loads = self.inputs.iter_mut().filter_map(|input| match input {
            Source::Load(walk) => Some(walk),
            Source::Index(_) => None,
        });
        loads.chain(&mut self.stores)
    }

    /// Joins neighbouring axes within `range` that every access walks like one, and drops those of extent 1.
    fn merge(&mut self, range: Range<usize>) {
        let mut axis = range.end;
        while axis > range.start + 1 {
            axis -= 1;
            if self.inputs.contains(&Source::Index(axis)) || self.inputs.contains(&Source::Index(axis - 1)) {
                continue;
            }
            let (outer, inner) = (self.extents[axis - 1], self.extents[axis]);
            let joined = self
                .walks()
                .all(|walk| outer == 1 || inner == 1 || walk.strides[axis - 1] == walk.strides[axis] * inner);
            if !joined {
                continue;
            }
            self.extents[axis - 1] *= inner;
            self.extents.remove(axis);
            for walk in self.walks() {
                let stride = walk.strides.remove(axis);
                if inner != 1 {
                    walk.strides[axis - 1] = stride;
                }
            }
            for input in &mut self.inputs {
                match input {
                    Source::Index(index) if *index > axis => *index -= 1,
                    Source::Index(_) | Source::Load(_) => {}
                }
            }
        }
    }

    /// Where the partial results of a reduction begin for each unit: how many numbers a unit writes.
    pub(super) fn partials_of_unit(&self) -> usize {
        match self.units {
            Units::Blocks { .. } => 1,
            Units::Chunks => LANES * self.kept_points(),
        }
    }
}

fn walk(access: &Access) -> Walk {
    let Access { argument, offset, ref strides, precision } = *access;
    Walk { argument, offset, strides: strides.clone(), precision }
}

/// About how many instructions a body takes.
fn cost(body: &Function) -> usize {
    body.nodes
        .iter()
        .map(|op| match op {
            Op::Constant(_) | Op::Argument(_) => 0,
            Op::Unary(op, _) => match op {
                Unary::Negate | Unary::Absolute | Unary::Floor | Unary::Ceiling | Unary::Round => 1,
                Unary::Sign | Unary::SquareRoot => 5,
                Unary::Exponential
                | Unary::ExponentialMinusOne
                | Unary::Logarithm
                | Unary::LogarithmOnePlus
                | Unary::HyperbolicTangent
                | Unary::HyperbolicTangentDerivative
                | Unary::Sigmoid
                | Unary::SigmoidDerivative
                | Unary::Softplus
                | Unary::ErrorFunction
                | Unary::ErrorFunctionComplement => 40,
                Unary::Sine | Unary::Cosine | Unary::Tangent => 60,
            },
            Op::Binary(op, ..) => match op {
                Binary::Add | Binary::Subtract | Binary::Multiply => 1,
                Binary::Minimum | Binary::Maximum => 4,
                Binary::Divide => 5,
                Binary::Power => 400,
            },
            Op::Compare(..) | Op::And(..) | Op::Or(..) | Op::Not(_) | Op::Select { .. } => 1,
        })
        .sum()
}
