//! Graph → drafts of steps: which nodes get a slot, how each primitive becomes steps. `fuse` decides what shares a loop,
//! `assemble` makes the program of the drafts.
//!
//! A node is *stored*, or computed *inline* wherever it is used. What is inline costs no memory and is never rounded otherwise
//! than what is stored, so fusion cannot change a bit.

use super::draft::{
    Draft, DraftInput, Member, Placement, ProductDraft, Reduced, Slot, SlotId, Slots, Source, Target, keeps_axes,
};
use super::fuse::cost;
use super::histogram::decades;
use super::view::{View, runs};
use super::{Fold, Kernel, LANES, Matrix, Over, Program, Rows, assemble};
use crate::arena::IdVec;
use crate::graph::{Graph, Node, NodeId, Op, Role, Windows};
use crate::shape::{Precision, Shape};
use std::fmt;

/// A program that cannot be: its memory exceeds what can be addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// The largest tensor.
    pub node: NodeId,
    /// The bytes it needs; the largest number where they cannot be counted.
    pub bytes: u128,
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} needs {} bytes, and the whole exceeds what can be addressed", self.node, self.bytes)
    }
}

impl std::error::Error for TooLarge {}

/// Whether loops are shared. It never changes a result; the tests hold it to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fusion {
    /// As far as it pays.
    Full,
    /// Every node its own step.
    None,
}

/// Makes the program that computes the nodes of `keep`; every leaf of the graph gets a buffer.
///
/// # Errors
/// Where the memory could not be addressed.
pub fn lower(graph: &Graph, keep: &[NodeId]) -> Result<Program, TooLarge> {
    lower_with(graph, keep, Fusion::Full)
}

/// As `lower`, with or without fusion.
///
/// # Errors
/// Where the memory could not be addressed.
pub fn lower_with(graph: &Graph, keep: &[NodeId], fusion: Fusion) -> Result<Program, TooLarge> {
    check_sizes(graph)?;
    let demands = demands(graph, keep);
    let order = schedule(graph, &demands);
    let forms = graph.nodes.iter().map(|_| None).collect();
    let mut lowering = Lowering { graph, fusion, demands, forms, slots: Slots::new(), drafts: Vec::new() };
    for (id, node) in graph.nodes.iter_with_ids() {
        if let Op::Leaf(_) = node.op {
            let slot = lowering.new_slot(id, node.shape.clone(), node.precision);
            lowering.slots[slot].leaf = true;
            lowering.store_at(id, slot);
        }
    }
    let mut kept = Vec::new();
    for id in order {
        lowering.lower_node(id)?;
        if lowering.demands[id].kept {
            kept.push((id, lowering.bound(id)));
        }
    }
    let program = assemble::assemble(&lowering, kept)?;
    debug_assert_eq!(super::verify::verify(&program), Ok(()), "a lowered program is safe");
    Ok(program)
}

fn check_sizes(graph: &Graph) -> Result<(), TooLarge> {
    for (node, Node { shape, precision, .. }) in graph.nodes.iter_with_ids() {
        let bytes = shape.checked_elements().and_then(|elements| elements.checked_mul(precision.bytes()));
        if bytes.is_none_or(|bytes| isize::try_from(bytes).is_err()) {
            let exact =
                shape.0.iter().try_fold(precision.bytes() as u128, |bytes, extent| bytes.checked_mul(*extent as u128));
            return Err(TooLarge { node, bytes: exact.unwrap_or(u128::MAX) });
        }
    }
    Ok(())
}

/// What the users of a node ask of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Demand {
    /// It is read after the run.
    kept: bool,
    /// It is kept, or something kept depends on it.
    live: bool,
    /// A user reads it from memory.
    memory: bool,
    /// A user reads it in another precision.
    converted: bool,
    /// A user, or one of a map that reads it, reads a part that does not begin at 0 or has one place: an index would be a number
    /// known there, and what is known is folded in f64.
    shifted: bool,
    /// A user repeats it.
    repeated: bool,
    /// The loops that would compute it, were it inline.
    uses: usize,
}

fn demands(graph: &Graph, keep: &[NodeId]) -> IdVec<NodeId, Demand> {
    let mut demands: IdVec<NodeId, Demand> = graph.nodes.iter().map(|_| Demand::default()).collect();
    for id in keep {
        demands[*id] = Demand { kept: true, live: true, memory: true, ..Demand::default() };
    }
    for (id, node) in graph.nodes.iter_with_ids().rev() {
        let own = demands[id];
        if !own.live {
            continue;
        }
        for (position, input) in node.inputs.iter().enumerate() {
            let from = &graph.nodes[*input];
            let demand = &mut demands[*input];
            demand.live = true;
            let repeats = from.shape != node.shape;
            match &node.op {
                Op::Broadcast | Op::Reshape | Op::Permute { .. } | Op::Slice { .. } | Op::Detach => {
                    let across = matches!(node.op, Op::Reshape) && !keeps_axes(&from.shape.0, &node.shape.0);
                    demand.memory |= own.memory || across;
                    demand.converted |= own.converted;
                    demand.shifted |= own.shifted
                        || matches!(node.op, Op::Slice { axis, start } if start > 0 || node.shape.0[axis] == 1);
                    demand.repeated |= own.repeated || (matches!(node.op, Op::Broadcast) && repeats);
                    demand.uses += own.uses;
                }
                Op::Map(_) => {
                    demand.converted |= from.precision != node.precision;
                    demand.shifted |= own.shifted;
                    demand.repeated |= repeats;
                    demand.uses += usize::from(!node.inputs[..position].contains(input));
                }
                Op::Reduce { .. } => {
                    demand.uses += 1;
                    demand.shifted |= is_short(graph, id);
                }
                Op::Pad { .. } | Op::Concat { .. } => demand.uses += 1,
                Op::Product
                | Op::Window { .. }
                | Op::Fold { .. }
                | Op::Gather
                | Op::ScatterAdd
                | Op::Histogram
                | Op::Scan(_) => demand.memory = true,
                Op::Leaf(_) | Op::Constant(_) | Op::Index { .. } => unreachable!("these have no inputs"),
            }
        }
    }
    demands
}

/// The live nodes in order, but every statistic as soon as its inputs are there, so that its tensor need not wait in memory.
fn schedule(graph: &Graph, demands: &IdVec<NodeId, Demand>) -> Vec<NodeId> {
    let mut waiting: IdVec<NodeId, usize> = graph.nodes.iter().map(|_| 0).collect();
    let mut statistics: IdVec<NodeId, Vec<NodeId>> = graph.nodes.iter().map(|_| Vec::new()).collect();
    for (id, node) in graph.nodes.iter_with_ids() {
        if demands[id].live && node.origin.role == Role::Statistic {
            waiting[id] = node.inputs.len();
            node.inputs.iter().for_each(|input| statistics[*input].push(id));
        }
    }
    let mut done: IdVec<NodeId, bool> = graph.nodes.iter().map(|_| false).collect();
    let mut order = Vec::with_capacity(graph.nodes.len());
    let mut next = Vec::new();
    for id in graph.nodes.ids() {
        next.push(id);
        while let Some(id) = next.pop() {
            if done[id] || !demands[id].live {
                continue;
            }
            done[id] = true;
            order.push(id);
            for statistic in statistics[id].iter().rev() {
                waiting[*statistic] -= 1;
                if waiting[*statistic] == 0 {
                    next.push(*statistic);
                }
            }
        }
    }
    order
}

/// How a node that has been lowered is at hand.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// In a slot.
    Stored(SlotId, View),
    /// Computed where it is used.
    Inline(Inline),
}

/// What an inline node costs each of its users.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Inline {
    /// About how many operations, views counted.
    pub(super) weight: usize,
    /// Whether one of them is expensive.
    pub(super) expensive: bool,
    /// At most how many loads.
    pub(super) loads: usize,
    /// How many of them are as large as the node.
    pub(super) full_loads: usize,
}

/// An inline node has at most this weight, so that nothing is computed twice for long and no recursion is deep.
const INLINE_WEIGHT: usize = 96;
/// An inline node used more than once has at most this weight, no expensive operation, and one load of its own size: what it
/// is made of then takes no more memory than itself.
const CHEAP_WEIGHT: usize = 10;
/// An inline node has at most so many loads.
const INLINE_LOADS: usize = 10;

/// The state of lowering.
#[derive(Debug)]
pub(super) struct Lowering<'graph> {
    pub(super) graph: &'graph Graph,
    pub(super) fusion: Fusion,
    demands: IdVec<NodeId, Demand>,
    pub(super) forms: IdVec<NodeId, Option<Form>>,
    pub(super) slots: Slots,
    pub(super) drafts: Vec<Draft>,
}

impl Lowering<'_> {
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.graph.nodes[id]
    }

    pub(super) fn form(&self, id: NodeId) -> &Form {
        self.forms[id].as_ref().expect("a node is lowered after its inputs")
    }

    pub(super) fn new_slot(&mut self, node: NodeId, shape: Shape, precision: Precision) -> SlotId {
        self.slots.push(Slot {
            shape,
            precision,
            node,
            leaf: false,
            kept: false,
            producer: None,
            ready: 0,
            readers: Vec::new(),
            read: false,
        })
    }

    /// Whether anything reads a slot but the loop that computes it.
    pub(super) fn is_needed(&self, slot: SlotId) -> bool {
        let Slot { leaf, kept, read, .. } = self.slots[slot];
        leaf || kept || read
    }

    pub(super) fn store_at(&mut self, id: NodeId, slot: SlotId) {
        self.forms[id] = Some(Form::Stored(slot, View::contiguous(&self.node(id).shape)));
    }

    /// The slot of a node that lies contiguous in it, from its beginning on; copied where it does not.
    fn contiguous(&mut self, id: NodeId) -> SlotId {
        let shape = &self.node(id).shape;
        if let Form::Stored(slot, view) = self.form(id)
            && view.is_contiguous(shape)
            && self.slots[*slot].shape.elements() == shape.elements()
        {
            return *slot;
        }
        self.contiguous_copy(id)
    }

    /// Where a kept node is found after the run.
    fn bound(&mut self, id: NodeId) -> SlotId {
        let slot = self.contiguous(id);
        self.slots[slot].kept = true;
        slot
    }

    /// Stores what a source gives over a node's shape in a new slot.
    fn store(&mut self, id: NodeId, source: Source) -> SlotId {
        let Node { shape, precision, .. } = self.node(id).clone();
        let (domain, placement) = Placement::home(&shape);
        let walk = placement.walk(&View::contiguous(&shape), domain.len());
        let slot = self.new_slot(id, shape, precision);
        let member = Member { source, target: Target::Store(slot, walk.clone()) };
        let position = self.join(id, precision, domain, member, None, 0);
        self.slots[slot].producer = Some((position, walk));
        self.slots[slot].ready = position + 1;
        slot
    }

    fn lower_node(&mut self, id: NodeId) -> Result<(), TooLarge> {
        let node = self.node(id);
        let demand = self.demands[id];
        match &node.op {
            Op::Leaf(_) => {}
            Op::Constant(_) if !demand.memory => self.forms[id] = Some(Form::Inline(Inline::default())),
            Op::Index { .. } if !demand.memory && !demand.converted && !demand.shifted => {
                self.forms[id] = Some(Form::Inline(Inline { weight: 1, ..Inline::default() }));
            }
            Op::Constant(_) | Op::Index { .. } => {
                let (_, placement) = Placement::home(&node.shape);
                let slot = self.store(id, Source::Own(id, placement));
                self.store_at(id, slot);
            }
            Op::Map(_) => self.lower_map(id),
            Op::Broadcast | Op::Reshape | Op::Permute { .. } | Op::Slice { .. } | Op::Window { .. } | Op::Detach => {
                self.lower_view(id);
            }
            Op::Product => self.lower_product(id),
            Op::Reduce { .. } if self.is_combined_in_place(id) => {
                let (_, placement) = Placement::home(&node.shape);
                let slot = self.store(id, Source::Own(id, placement));
                self.store_at(id, slot);
            }
            Op::Reduce { .. } => self.lower_reduce(id),
            Op::Pad { axis, before } => self.lower_pad(id, *axis, *before),
            Op::Concat { axis } => self.lower_concat(id, *axis),
            Op::Fold { axis, stride, dilation } => self.lower_fold(id, *axis, *stride, *dilation),
            Op::Gather => self.lower_rows(id, Kernel::Gather),
            Op::ScatterAdd => self.lower_rows(id, Kernel::ScatterAdd),
            Op::Histogram => {
                let origin = node.origin;
                let values = self.contiguous(node.inputs[0]);
                self.slots[values].read = true;
                let counts = self.new_slot(id, self.node(id).shape.clone(), Precision::F64);
                assert_eq!(
                    self.slots[counts].shape.elements(),
                    decades(self.slots[values].precision).1,
                    "a histogram has one count for each decade",
                );
                self.push(Draft::Histogram { origin, values, counts }, counts);
                self.store_at(id, counts);
            }
            Op::Scan(_) => self.lower_scan(id)?,
        }
        Ok(())
    }

    /// Whether a reduction is computed like a map of the few elements that make one of its own.
    fn is_combined_in_place(&self, id: NodeId) -> bool {
        if self.fusion == Fusion::None || !is_short(self.graph, id) {
            return false;
        }
        let node = self.node(id);
        let parts = self.node(node.inputs[0]).shape.elements() / node.shape.elements();
        match self.form(node.inputs[0]) {
            Form::Stored(..) => true,
            Form::Inline(Inline { weight, expensive, loads, .. }) => {
                !expensive && parts * weight <= INLINE_WEIGHT && parts * loads <= INLINE_LOADS
            }
        }
    }

    /// Appends a step that writes `result`.
    pub(super) fn push(&mut self, draft: Draft, result: SlotId) {
        self.drafts.push(draft);
        self.slots[result].ready = self.drafts.len();
    }

    fn lower_map(&mut self, id: NodeId) {
        let node = self.node(id);
        let Op::Map(function) = &node.op else { unreachable!("called for maps only") };
        let mut inline = cost(function);
        for input in &node.inputs {
            match self.form(*input) {
                Form::Stored(..) => {
                    inline.loads += 1;
                    inline.full_loads += usize::from(self.node(*input).shape == node.shape);
                }
                Form::Inline(input) => {
                    inline.weight += input.weight;
                    inline.expensive |= input.expensive;
                    inline.loads += input.loads;
                    inline.full_loads += input.full_loads;
                }
            }
        }
        let demand = self.demands[id];
        let cheap = inline.weight <= CHEAP_WEIGHT && !inline.expensive && inline.full_loads <= 1;
        let fits = inline.weight <= INLINE_WEIGHT && inline.loads <= INLINE_LOADS;
        let (_, placement) = Placement::home(&node.shape);
        let stored = self.fusion == Fusion::None
            || demand.memory
            || demand.converted
            || !fits
            || !(cheap || (demand.uses <= 1 && !(demand.repeated && inline.expensive)))
            || (inline.expensive && self.shares_expensive_loop(id, &placement));
        if stored {
            let slot = self.store(id, Source::Own(id, placement));
            self.store_at(id, slot);
        } else {
            self.forms[id] = Some(Form::Inline(inline));
        }
    }

    fn lower_view(&mut self, id: NodeId) {
        let node = self.node(id);
        let input = node.inputs[0];
        let form = match self.form(input) {
            Form::Inline(inline) if inline.weight < INLINE_WEIGHT => {
                Form::Inline(Inline { weight: inline.weight + 1, ..*inline })
            }
            Form::Inline(_) => {
                let (_, placement) = Placement::home(&node.shape);
                let slot = self.store(id, Source::Own(id, placement));
                Form::Stored(slot, View::contiguous(&self.node(id).shape))
            }
            Form::Stored(slot, view) => match view.viewed(&self.node(input).shape, node) {
                Some(view) => Form::Stored(*slot, view),
                None => {
                    let slot = self.contiguous_copy(input);
                    Form::Stored(slot, View::contiguous(&self.node(id).shape))
                }
            },
        };
        self.forms[id] = Some(form);
    }

    fn lower_product(&mut self, id: NodeId) {
        let Node { inputs, shape, precision, origin, .. } = self.node(id).clone();
        let (left, right) = (self.matrix(inputs[0]), self.matrix(inputs[1]));
        let [leading @ .., m, n] = shape.0.as_slice() else { unreachable!("a product is a matrix") };
        let k = *self.node(inputs[0]).shape.0.last().expect("a product is of matrices");
        let (batch, size) = (leading.iter().product(), [*m, *n, k]);
        let result = self.new_slot(id, shape, precision);
        self.push(Draft::Product(ProductDraft { origin, left, right, result, batch, size }), result);
        self.store_at(id, result);
    }

    /// A product's operand as a strided stack of matrices.
    fn matrix(&mut self, id: NodeId) -> (SlotId, Matrix) {
        let Form::Stored(slot, view) = self.form(id).clone() else {
            unreachable!("a product's operands are stored: `demands` says so")
        };
        let shape = self.node(id).shape.clone();
        let leading = shape.rank() - 2;
        let (slot, view, stack) = match runs(&shape.0[..leading], &view.strides[..leading]).as_slice() {
            [] => (slot, view, 0),
            [(_, stride)] => (slot, view, *stride),
            _ => {
                let slot = self.contiguous_copy(id);
                (slot, View::contiguous(&shape), shape.0[leading] * shape.0[leading + 1])
            }
        };
        self.slots[slot].read = true;
        let (row, column) = (view.strides[leading], view.strides[leading + 1]);
        (slot, Matrix { offset: view.offset, batch: stack, row, column })
    }

    pub(super) fn contiguous_copy(&mut self, id: NodeId) -> SlotId {
        let (_, placement) = Placement::home(&self.node(id).shape);
        self.store(id, Source::Node(id, placement))
    }

    fn lower_reduce(&mut self, id: NodeId) {
        let Node { op, inputs, shape, .. } = self.node(id).clone();
        let Op::Reduce { combine, axes, accumulator } = op else { unreachable!("called for reductions only") };
        let input = inputs[0];
        let Node { shape: from, precision, .. } = self.node(input).clone();
        let (mut domain, placement) = Placement::home(&from);
        let mut reduced: Vec<usize> = axes.iter().filter_map(|axis| placement.axis(*axis).0).collect();
        if reduced.is_empty() {
            // one number is reduced all the same: a sum makes +0 of −0
            reduced.push(domain.len());
            domain.push(1);
        }
        let mut source = Source::Node(input, placement);
        let mut walks = self.inputs_of(&source, domain.len());
        if !walks.iter().all(|input| collapses(input, &domain, &reduced)) {
            let slot;
            (slot, domain, reduced) = self.reduced_last(input, source, &domain, &reduced);
            let walk = View { offset: 0, strides: Shape(domain.clone()).strides() };
            walks = vec![DraftInput::Load(slot, walk.clone())];
            source = Source::Slot(slot, walk);
        }
        let over = over(&walks, domain.len(), &reduced);
        let into = self.new_slot(id, shape, accumulator);
        let member = Member { source, target: Target::Reduce { combine, accumulator, into } };
        let position = self.join(id, precision, domain, member, Some(Reduced { axes: reduced, over }), 0);
        self.slots[into].ready = position + 1;
        self.store_at(id, into);
    }

    /// Stores a source so that the reduced axes are the last one: the copy's slot, domain and reduced axes.
    fn reduced_last(
        &mut self,
        node: NodeId,
        source: Source,
        domain: &[usize],
        reduced: &[usize],
    ) -> (SlotId, Vec<usize>, Vec<usize>) {
        let kept = (0..domain.len()).filter(|axis| !reduced.contains(axis));
        let order: Vec<usize> = kept.chain(reduced.iter().copied()).collect();
        let mut strides = vec![0; domain.len()];
        let mut stride = 1;
        for axis in order.iter().rev() {
            strides[*axis] = stride;
            stride *= domain[*axis];
        }
        let mut extents: Vec<usize> = order[..order.len() - reduced.len()].iter().map(|axis| domain[*axis]).collect();
        extents.push(reduced.iter().map(|axis| domain[*axis]).product());
        let precision = self.node(node).precision;
        let slot = self.new_slot(node, Shape(extents.clone()), precision);
        let walk = View { offset: 0, strides };
        let member = Member { source, target: Target::Store(slot, walk) };
        let position = self.join(node, precision, domain.to_vec(), member, None, 0);
        self.slots[slot].ready = position + 1;
        let last = extents.len() - 1;
        (slot, extents, vec![last])
    }

    fn lower_pad(&mut self, id: NodeId, axis: usize, before: usize) {
        let Node { inputs, shape, precision, .. } = self.node(id).clone();
        let slot = self.store(id, Source::Zero);
        self.slots[slot].producer = None;
        let filled = self.slots[slot].ready;
        let mut view = View::contiguous(&shape);
        view.offset = before * view.strides[axis];
        self.store_part(inputs[0], slot, &view, precision, filled);
        self.store_at(id, slot);
    }

    fn lower_concat(&mut self, id: NodeId, axis: usize) {
        let Node { inputs, shape, precision, .. } = self.node(id).clone();
        let slot = self.new_slot(id, shape.clone(), precision);
        let mut view = View::contiguous(&shape);
        for input in inputs {
            self.store_part(input, slot, &view, precision, 0);
            view.offset += self.node(input).shape.0[axis] * view.strides[axis];
        }
        self.store_at(id, slot);
    }

    fn lower_fold(&mut self, id: NodeId, axis: usize, stride: usize, dilation: usize) {
        let Node { inputs, shape, precision, origin, .. } = self.node(id).clone();
        let from = self.node(inputs[0]).shape.0.clone();
        let Form::Stored(slot, view) = self.form(inputs[0]).clone() else {
            unreachable!("what is folded is stored: `demands` says so")
        };
        let kernel = Fold {
            precision,
            outer: runs(&from[..axis], &view.strides[..axis]),
            inner: runs(&from[axis + 2..], &view.strides[axis + 2..]),
            extent: shape.0[axis],
            windows: Windows { places: from[axis], size: from[axis + 1], stride, dilation },
            offset: view.offset,
            place: view.strides[axis],
            element: view.strides[axis + 1],
        };
        self.slots[slot].read = true;
        let result = self.new_slot(id, shape, precision);
        let arguments = vec![slot, result];
        self.push(Draft::Settled { origin, kernel: Kernel::Fold(kernel), arguments }, result);
        self.store_at(id, result);
    }

    /// A `Gather` or `ScatterAdd`.
    fn lower_rows(&mut self, id: NodeId, kernel: fn(Rows) -> Kernel) {
        let Node { op, inputs, shape, precision, origin } = self.node(id).clone();
        let count = self.node(inputs[1]).shape.elements();
        let table = if op == Op::Gather { &self.node(inputs[0]).shape } else { &shape };
        let rows = Rows { precision, rows: table.0[0], width: table.0[1], count };
        let [first, numbers] = [inputs[0], inputs[1]].map(|input| self.contiguous(input));
        for slot in [first, numbers] {
            self.slots[slot].read = true;
        }
        let result = self.new_slot(id, shape, precision);
        let arguments = vec![first, numbers, result];
        self.push(Draft::Settled { origin, kernel: kernel(rows), arguments }, result);
        self.store_at(id, result);
    }

    /// Stores a node in a part of a slot, not before position `earliest`.
    fn store_part(&mut self, id: NodeId, slot: SlotId, view: &View, precision: Precision, earliest: usize) {
        let (domain, placement) = Placement::home(&self.node(id).shape);
        let walk = placement.walk(view, domain.len());
        let member = Member { source: Source::Node(id, placement), target: Target::Store(slot, walk) };
        let position = self.join(id, precision, domain, member, None, earliest);
        self.slots[slot].ready = self.slots[slot].ready.max(position + 1);
    }
}

/// Whether a reduction combines at most one number for each lane, for many elements: then a loop over these elements is quicker than one over
/// the numbers.
fn is_short(graph: &Graph, id: NodeId) -> bool {
    const MANY: usize = 64;
    let node = &graph.nodes[id];
    let input = &graph.nodes[node.inputs[0]];
    let results = node.shape.elements();
    results >= MANY && input.shape.elements() / results <= LANES && node.precision == input.precision
}

/// Whether the axes of a domain are walked like one axis.
pub(super) fn collapses(input: &DraftInput, domain: &[usize], axes: &[usize]) -> bool {
    match input {
        DraftInput::Index(axis) => axes.len() == 1 || !axes.contains(axis),
        DraftInput::Load(_, walk) => walk_collapses(walk, domain, axes),
    }
}

/// Whether a walk takes the axes of a domain like one axis.
pub(super) fn walk_collapses(walk: &View, domain: &[usize], axes: &[usize]) -> bool {
    axes.windows(2).all(|pair| walk.strides[pair[0]] == walk.strides[pair[1]] * domain[pair[1]])
}

/// Whether to reduce along the innermost axis or across rows: whichever walks through memory in order.
fn over(inputs: &[DraftInput], rank: usize, reduced: &[usize]) -> Over {
    let Some(last_kept) = (0..rank).rev().find(|axis| !reduced.contains(axis)) else { return Over::Inner };
    let last_reduced = *reduced.last().expect("a reduction has an axis");
    let unit =
        |axis: usize| inputs.iter().any(|input| matches!(input, DraftInput::Load(_, walk) if walk.strides[axis] == 1));
    if !unit(last_reduced) && unit(last_kept) { Over::Outer } else { Over::Inner }
}
