//! A program in the making: slots (buffers that have no place yet) and drafts of steps, in the order in which they will run.
//! Positions in that order never change, so whatever is ready before a draft stays so while the draft grows.

use super::view::View;
use super::{Kernel, Matrix, Over, Scan};
use crate::arena::IdVec;
use crate::graph::{Combine, Node, NodeId, Op, Origin};
use crate::shape::{Precision, Shape};

crate::id!(
    /// A buffer in the making.
    #[expect(unreachable_pub, reason = "the macro declares for everyone; this is for the stage only")]
    SlotId,
    "s"
);

/// A buffer in the making. Each is written once: by one step, or by several that fill disjoint parts.
#[derive(Debug)]
pub(super) struct Slot {
    /// What it holds, row-major.
    pub(super) shape: Shape,
    /// Its number format.
    pub(super) precision: Precision,
    /// The node it is made for.
    pub(super) node: NodeId,
    /// Read before the first step and after the last.
    pub(super) leaf: bool,
    /// Read after the last step.
    pub(super) kept: bool,
    /// The loop that writes all of it, and how the loop's points walk through it.
    pub(super) producer: Option<(usize, View)>,
    /// The first position at which all of it can be read.
    pub(super) ready: usize,
    /// The loops that read it, in order of joining.
    pub(super) readers: Vec<usize>,
    /// Whether another step than its producer reads it.
    pub(super) read: bool,
}

/// All of them.
pub(super) type Slots = IdVec<SlotId, Slot>;

/// A step in the making.
#[derive(Debug)]
pub(super) enum Draft {
    /// A fused loop.
    Loop(Group),
    /// A matrix product.
    Product(ProductDraft),
    /// `values` counted into `counts`.
    Histogram {
        /// For whom.
        origin: Origin,
        /// What is counted.
        values: SlotId,
        /// Where to.
        counts: SlotId,
    },
    /// A kernel that is settled.
    Settled {
        /// For whom.
        origin: Origin,
        /// What.
        kernel: Kernel,
        /// Its arguments.
        arguments: Vec<SlotId>,
    },
    /// A recurrence.
    Scan(ScanDraft),
}

/// A recurrence in the making.
#[derive(Debug)]
pub(super) struct ScanDraft {
    /// For whom.
    pub(super) origin: Origin,
    /// What the kernel's arguments are, in order.
    pub(super) arguments: Vec<SlotId>,
    /// The kernel.
    pub(super) kernel: Scan,
}

/// A matrix product in the making.
#[derive(Debug)]
pub(super) struct ProductDraft {
    /// For whom.
    pub(super) origin: Origin,
    /// The left operand.
    pub(super) left: (SlotId, Matrix),
    /// The right operand.
    pub(super) right: (SlotId, Matrix),
    /// The result.
    pub(super) result: SlotId,
    /// Independent products.
    pub(super) batch: usize,
    /// Rows, columns and terms.
    pub(super) size: [usize; 3],
}

/// What shares one loop.
#[derive(Debug)]
pub(super) struct Group {
    /// Of the first member that is no statistic.
    pub(super) origin: Origin,
    /// The precision of the body.
    pub(super) precision: Precision,
    /// The iteration space: a shape's extents without those that are 1.
    pub(super) domain: Vec<usize>,
    /// The axes that its reductions run over.
    pub(super) reduced: Option<Reduced>,
    /// What the members read from memory, each once.
    pub(super) inputs: Vec<DraftInput>,
    /// What it computes, in order; a member may use what earlier ones store.
    pub(super) members: Vec<Member>,
    /// About how many operations its body has.
    pub(super) weight: usize,
    /// Whether its body has an expensive operation.
    pub(super) expensive: bool,
}

/// Axes of a domain that are reduced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reduced {
    /// Ascending.
    pub(super) axes: Vec<usize>,
    /// How.
    pub(super) over: Over,
}

/// An argument of a loop's body in the making.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum DraftInput {
    /// An element of a slot; one stride for each axis of the domain.
    Load(SlotId, View),
    /// The index along an axis of the domain.
    Index(usize),
}

/// One thing a loop computes.
#[derive(Debug)]
pub(super) struct Member {
    /// What.
    pub(super) source: Source,
    /// Where to.
    pub(super) target: Target,
}

/// What is computed at each point.
#[derive(Debug)]
pub(super) enum Source {
    /// What a node is by definition, though it has a slot: its slot is made of this.
    Own(NodeId, Placement),
    /// An element of a node, however it is at hand.
    Node(NodeId, Placement),
    /// An element of a slot.
    Slot(SlotId, View),
    /// 0
    Zero,
}

/// Where a result goes.
#[derive(Debug)]
pub(super) enum Target {
    /// Stored; one stride for each axis of the domain.
    Store(SlotId, View),
    /// Reduced over the group's axes, into a slot of the axes that stay.
    Reduce {
        /// How.
        combine: Combine,
        /// The precision of lanes and result.
        accumulator: Precision,
        /// The result.
        into: SlotId,
    },
}

/// Where the axes of a tensor stand in a domain: its index along axis `i` is `placement[i].0`'s index, or 0 where there is
/// none, plus `placement[i].1`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Placement(Vec<(Option<usize>, usize)>);

impl Placement {
    /// The domain of a shape, and the placement of a tensor of that shape in it.
    pub(super) fn home(shape: &Shape) -> (Vec<usize>, Self) {
        let domain = shape.0.iter().copied().filter(|extent| *extent != 1).collect();
        let mut next = 0..;
        let place = |extent: &usize| (if *extent == 1 { None } else { next.next() }, 0);
        (domain, Self(shape.0.iter().map(place).collect()))
    }

    /// The axis of the domain, and the constant part, of a tensor's axis.
    pub(super) fn axis(&self, axis: usize) -> (Option<usize>, usize) {
        self.0[axis]
    }

    /// The placement of a map's input, which repeats where its extent is 1.
    pub(super) fn of_input(&self, input: &Shape) -> Self {
        let along = |(extent, place): (&usize, &(Option<usize>, usize))| if *extent == 1 { (None, 0) } else { *place };
        Self(input.0.iter().zip(&self.0).map(along).collect())
    }

    /// The placements of the elements of a reduction's input that make an element of the reduction placed so, row-major along the
    /// reduced axes.
    pub(super) fn reduced(&self, input: &Shape, axes: &[usize]) -> Vec<Self> {
        let mut parts = vec![self.clone()];
        for axis in axes {
            let places = |part: &Self| {
                let part = part.clone();
                (0..input.0[*axis]).map(move |index| {
                    let mut part = part.clone();
                    part.0[*axis] = (None, index);
                    part
                })
            };
            parts = parts.iter().flat_map(places).collect();
        }
        parts
    }

    /// The placement of the input of a view placed so.
    ///
    /// # Panics
    /// Where `view` is not a view, or a reshape that does more than adding and dropping axes of extent 1.
    pub(super) fn through(&self, view: &Node, input: &Shape) -> Self {
        match &view.op {
            Op::Detach => self.clone(),
            Op::Broadcast => self.of_input(input),
            Op::Permute { axes } => {
                let mut places = vec![(None, 0); axes.len()];
                for (axis, place) in axes.iter().zip(&self.0) {
                    places[*axis] = *place;
                }
                Self(places)
            }
            Op::Slice { axis, start } => {
                let mut places = self.0.clone();
                places[*axis].1 += start;
                Self(places)
            }
            Op::Reshape => {
                assert!(keeps_axes(&input.0, &view.shape.0), "a reshape across axes is made in memory");
                let mut moved = view.shape.0.iter().zip(&self.0).filter(|(extent, _)| **extent != 1);
                let mut place = |extent: &usize| {
                    if *extent == 1 { (None, 0) } else { *moved.next().expect("both shapes have these axes").1 }
                };
                Self(input.0.iter().map(&mut place).collect())
            }
            Op::Leaf(_)
            | Op::Constant(_)
            | Op::Index { .. }
            | Op::Map(_)
            | Op::Product
            | Op::Reduce { .. }
            | Op::Pad { .. }
            | Op::Concat { .. }
            | Op::Window { .. }
            | Op::Fold { .. }
            | Op::Gather
            | Op::ScatterAdd
            | Op::Histogram
            | Op::Scan(_) => unreachable!("only views are looked through, and windows are made in memory"),
        }
    }

    /// How a domain of `rank` axes walks through a tensor that is placed so and lies as `view` says.
    pub(super) fn walk(&self, view: &View, rank: usize) -> View {
        let mut walk = View { offset: view.offset, strides: vec![0; rank] };
        for ((axis, start), stride) in self.0.iter().zip(&view.strides) {
            walk.offset += start * stride;
            if let Some(axis) = axis {
                walk.strides[*axis] += stride;
            }
        }
        walk
    }
}

/// Whether two shapes differ in axes of extent 1 only.
pub(super) fn keeps_axes(from: &[usize], to: &[usize]) -> bool {
    let long = |extent: &&usize| **extent != 1;
    from.iter().filter(long).eq(to.iter().filter(long))
}
