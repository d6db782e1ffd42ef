//! Which members share a loop. A member joins a loop that runs late enough, over the same domain and in the same precision,
//! and that already reads or computes something the member reads.
//!
//! Invariant: a draft's position never changes, and a member joins only where all it reads is ready before that position, or is
//! computed by the same loop at the same point. So any order of joining is right; the rest is a matter of speed.

use super::draft::{Draft, DraftInput, Group, Member, Placement, Reduced, SlotId, Source, Target};
use super::lower::{Form, Fusion, Inline, Lowering, collapses, walk_collapses};
use super::view::View;
use crate::graph::{NodeId, Op, Role};
use crate::scalar::{self, Binary, Function};
use crate::shape::Precision;

/// A loop has at most so many arguments in memory, and so many results, and about so many operations.
const GROUP_INPUTS: usize = 16;
const GROUP_MEMBERS: usize = 24;
const GROUP_WEIGHT: usize = 512;
/// Of the loops that read a slot, so many of the latest are looked at.
const LATEST_READERS: usize = 4;

/// About how many additions a function costs.
pub(super) fn cost(function: &Function) -> Inline {
    let mut inline = Inline { weight: 1, ..Inline::default() };
    for operation in &function.nodes {
        let (weight, expensive) = operation_cost(operation);
        inline.weight += weight;
        inline.expensive |= expensive;
    }
    inline
}

fn operation_cost(operation: &scalar::Op) -> (usize, bool) {
    match operation {
        scalar::Op::Constant(_) | scalar::Op::Argument(_) => (0, false),
        scalar::Op::Unary(unary, _) if unary.is_expensive() => (16, true),
        scalar::Op::Unary(..) => (1, false),
        scalar::Op::Binary(binary, ..) => match binary {
            Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Minimum | Binary::Maximum => (1, false),
            Binary::Divide => (4, false),
            Binary::Power => (32, true),
        },
        scalar::Op::Compare(..)
        | scalar::Op::And(..)
        | scalar::Op::Or(..)
        | scalar::Op::Not(_)
        | scalar::Op::Select { .. } => (1, false),
    }
}

impl Group {
    fn stores(&self) -> impl Iterator<Item = (SlotId, &View)> {
        self.members.iter().filter_map(|member| match &member.target {
            Target::Store(slot, walk) => Some((*slot, walk)),
            Target::Reduce { .. } => None,
        })
    }

    /// Whether the loop has this at hand, at the same point.
    fn has(&self, input: &DraftInput) -> bool {
        self.inputs.contains(input) || self.computes(input)
    }

    fn computes(&self, input: &DraftInput) -> bool {
        match input {
            DraftInput::Load(slot, walk) => self.stores().any(|store| store == (*slot, walk)),
            DraftInput::Index(_) => false,
        }
    }
}

/// A member that looks for a loop.
struct Candidate<'a> {
    precision: Precision,
    domain: &'a [usize],
    target: &'a Target,
    reduced: Option<&'a Reduced>,
    inputs: &'a [DraftInput],
    cost: Inline,
    earliest: usize,
}

impl Lowering<'_> {
    /// What a source reads, each once, over a domain of this rank.
    pub(super) fn inputs_of(&self, source: &Source, rank: usize) -> Vec<DraftInput> {
        let mut inputs = Vec::new();
        match source {
            Source::Own(id, placement) => self.trace_own(*id, placement, rank, &mut inputs),
            Source::Node(id, placement) => self.trace(*id, placement, rank, &mut inputs),
            Source::Slot(slot, walk) => inputs.push(DraftInput::Load(*slot, walk.clone())),
            Source::Zero => {}
        }
        inputs
    }

    fn trace(&self, id: NodeId, placement: &Placement, rank: usize, inputs: &mut Vec<DraftInput>) {
        match self.form(id) {
            Form::Stored(slot, view) => note(inputs, DraftInput::Load(*slot, placement.walk(view, rank))),
            Form::Inline(_) => self.trace_own(id, placement, rank, inputs),
        }
    }

    fn trace_own(&self, id: NodeId, placement: &Placement, rank: usize, inputs: &mut Vec<DraftInput>) {
        let node = self.node(id);
        match &node.op {
            Op::Constant(_) => {}
            Op::Index { axis } => {
                let axis = placement.axis(*axis).0.expect("an index that is read in part is stored");
                note(inputs, DraftInput::Index(axis));
            }
            Op::Map(_) => {
                for input in &node.inputs {
                    self.trace(*input, &placement.of_input(&self.node(*input).shape), rank, inputs);
                }
            }
            Op::Broadcast | Op::Reshape | Op::Permute { .. } | Op::Slice { .. } | Op::Detach => {
                let input = node.inputs[0];
                self.trace(input, &placement.through(node, &self.node(input).shape), rank, inputs);
            }
            Op::Reduce { axes, .. } => {
                let input = node.inputs[0];
                for part in placement.reduced(&self.node(input).shape, axes) {
                    self.trace(input, &part, rank, inputs);
                }
            }
            Op::Leaf(_)
            | Op::Product
            | Op::Pad { .. }
            | Op::Concat { .. }
            | Op::Window { .. }
            | Op::Fold { .. }
            | Op::Gather
            | Op::ScatterAdd
            | Op::Histogram
            | Op::Scan(_) => unreachable!("{id} is stored"),
        }
    }

    fn source_cost(&self, source: &Source) -> Inline {
        let of_node = |id: NodeId| match self.form(id) {
            Form::Stored(..) => Inline::default(),
            Form::Inline(inline) => *inline,
        };
        match source {
            Source::Own(id, _) => {
                let node = self.node(*id);
                let function = match &node.op {
                    Op::Map(function) => function,
                    Op::Reduce { .. } => {
                        let parts = self.node(node.inputs[0]).shape.elements() / node.shape.elements();
                        let of_part = of_node(node.inputs[0]);
                        return Inline { weight: parts * (of_part.weight + 1), ..of_part };
                    }
                    _ => return Inline::default(),
                };
                node.inputs.iter().map(|input| of_node(*input)).fold(cost(function), |mut sum, input| {
                    sum.weight += input.weight;
                    sum.expensive |= input.expensive;
                    sum
                })
            }
            Source::Node(id, _) => of_node(*id),
            Source::Slot(..) | Source::Zero => Inline::default(),
        }
    }

    /// Gives a member a loop, not before position `earliest`: the loop's position.
    pub(super) fn join(
        &mut self,
        node: NodeId,
        precision: Precision,
        domain: Vec<usize>,
        member: Member,
        reduced: Option<Reduced>,
        earliest: usize,
    ) -> usize {
        let inputs = self.inputs_of(&member.source, domain.len());
        let cost = self.source_cost(&member.source);
        let candidate = Candidate {
            precision,
            domain: &domain,
            target: &member.target,
            reduced: reduced.as_ref(),
            inputs: &inputs,
            cost,
            earliest,
        };
        let position = self.best_loop(&candidate).unwrap_or(self.drafts.len());
        if position == self.drafts.len() {
            self.drafts.push(Draft::Loop(Group {
                origin: self.node(node).origin,
                precision,
                domain,
                reduced: None,
                inputs: Vec::new(),
                members: Vec::new(),
                weight: 0,
                expensive: false,
            }));
        }
        let origin = self.graph.nodes[node].origin;
        let Draft::Loop(group) = &mut self.drafts[position] else { unreachable!("a member joins a loop") };
        if group.origin.role == Role::Statistic {
            group.origin = origin;
        }
        for input in inputs {
            if group.computes(&input) {
                continue;
            }
            if let DraftInput::Load(slot, _) = &input {
                let slot = &mut self.slots[*slot];
                slot.read = true;
                if slot.readers.last() != Some(&position) {
                    slot.readers.push(position);
                }
            }
            note(&mut group.inputs, input);
        }
        group.weight += cost.weight;
        group.expensive |= cost.expensive;
        if group.reduced.is_none() {
            group.reduced = reduced;
        }
        group.members.push(member);
        position
    }

    /// The loop that has most of what the candidate reads; of equals an expensive one for an expensive candidate, else the latest.
    fn best_loop(&self, candidate: &Candidate) -> Option<usize> {
        if self.fusion == Fusion::None {
            return None;
        }
        let mut best = None;
        for position in self.neighbours(candidate.inputs) {
            let Draft::Loop(group) = &self.drafts[position] else { continue };
            if self.may_join(candidate, group, position) {
                let shared = candidate.inputs.iter().filter(|input| group.has(input)).count();
                best = best.max(Some((shared, candidate.cost.expensive && group.expensive, position)));
            }
        }
        best.map(|(_, _, position)| position)
    }

    /// Loops that read or compute one of these, read at every point anew.
    fn neighbours(&self, inputs: &[DraftInput]) -> impl Iterator<Item = usize> {
        inputs.iter().flat_map(|input| {
            let slot = match input {
                DraftInput::Load(slot, walk) if walk.strides.iter().all(|stride| *stride > 0) => {
                    Some(&self.slots[*slot])
                }
                DraftInput::Load(..) | DraftInput::Index(_) => None,
            };
            let producer = slot.and_then(|slot| slot.producer.as_ref()).map(|(position, _)| *position);
            let readers = slot.into_iter().flat_map(|slot| slot.readers.iter().rev().take(LATEST_READERS).copied());
            producer.into_iter().chain(readers)
        })
    }

    fn may_join(&self, candidate: &Candidate, group: &Group, position: usize) -> bool {
        group.precision == candidate.precision
            && group.domain == candidate.domain
            && position >= candidate.earliest
            && group.members.len() < GROUP_MEMBERS
            && group.weight + candidate.cost.weight <= GROUP_WEIGHT
            && group.inputs.len() + candidate.inputs.len() <= GROUP_INPUTS
            && candidate.inputs.iter().all(|input| self.at_hand(input, group, position))
            && stores_apart(candidate.target, group)
            && reductions_agree(candidate, group)
    }

    /// Whether a loop at this position can have an input: it is ready before, or computed there.
    fn at_hand(&self, input: &DraftInput, group: &Group, position: usize) -> bool {
        match input {
            DraftInput::Index(_) => true,
            DraftInput::Load(slot, _) => self.slots[*slot].ready <= position || group.computes(input),
        }
    }

    /// Whether a loop that has expensive operations reads all that an expensive map reads: they have much in common then, as a
    /// function and its derivative do, and the map is computed there, once.
    pub(super) fn shares_expensive_loop(&self, id: NodeId, placement: &Placement) -> bool {
        let node = self.node(id);
        let (domain, _) = Placement::home(&node.shape);
        let mut inputs = Vec::new();
        self.trace_own(id, placement, domain.len(), &mut inputs);
        self.neighbours(&inputs).any(|position| match &self.drafts[position] {
            Draft::Loop(group) => {
                group.expensive
                    && group.precision == node.precision
                    && group.domain == domain
                    && inputs.iter().all(|input| group.has(input))
            }
            Draft::Product(_) | Draft::Histogram { .. } | Draft::Settled { .. } | Draft::Scan(_) => false,
        })
    }
}

fn note(inputs: &mut Vec<DraftInput>, input: DraftInput) {
    if !inputs.contains(&input) {
        inputs.push(input);
    }
}

/// Whether a loop does not yet store in the target's slot: parts of one slot are stored by different loops.
fn stores_apart(target: &Target, group: &Group) -> bool {
    match target {
        Target::Store(slot, _) => group.stores().all(|(other, _)| other != *slot),
        Target::Reduce { .. } => true,
    }
}

/// Whether a loop reduces over the candidate's axes or can do so: all that it reads and writes walks over them like one.
fn reductions_agree(candidate: &Candidate, group: &Group) -> bool {
    let reduced = match (candidate.reduced, &group.reduced) {
        (None, None) => return true,
        (Some(candidate), Some(group)) if candidate.axes != group.axes => return false,
        (Some(reduced), _) | (None, Some(reduced)) => reduced,
    };
    let inputs = candidate.inputs.iter().chain(&group.inputs);
    let own = match candidate.target {
        Target::Store(_, walk) => Some(walk),
        Target::Reduce { .. } => None,
    };
    let mut stores = group.stores().map(|(_, walk)| walk).chain(own);
    inputs.into_iter().all(|input| collapses(input, candidate.domain, &reduced.axes))
        && stores.all(|walk| walk_collapses(walk, candidate.domain, &reduced.axes))
}
