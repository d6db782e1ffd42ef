//! A drafted loop → `Loop`: its axes in their final order, joined where everything walks over them like one, and its body.

use super::draft::{DraftInput, Group, Placement, SlotId, Source, Target};
use super::lower::{Form, Lowering};
use super::view::View;
use super::{Access, CHUNK, CombinePartials, Input, LANES, Loop, Over, Reduction, Store};
use crate::graph::{Combine, NodeId, Op};
use crate::scalar::{self, Binary, ValueId};
use crate::shape::Precision;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A finished loop and what its steps are given.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) kernel: Loop,
    pub(super) arguments: Vec<Argument>,
    /// The steps after it: each combines the partial results of a reduction into its slot.
    pub(super) combines: Vec<Combined>,
}

/// What an argument of a loop names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    Slot(SlotId),
    /// The partial results that `combines[_]` reads.
    Partials(usize),
}

/// The end of a reduction.
#[derive(Debug)]
pub(super) struct Combined {
    pub(super) kernel: CombinePartials,
    pub(super) into: SlotId,
}

/// Finishes a loop.
pub(super) fn build(lowering: &Lowering, group: &Group) -> Built {
    let axes = loop_axes(lowering, group);
    let extents = axes.extents(&group.domain);
    let mut arguments = Vec::new();
    let mut number = |argument: Argument| {
        arguments.iter().position(|known| *known == argument).unwrap_or_else(|| {
            arguments.push(argument);
            arguments.len() - 1
        })
    };
    let mut access = |slot: SlotId, walk: &View| Access {
        argument: number(Argument::Slot(slot)),
        offset: walk.offset,
        strides: axes.strides(walk),
        precision: lowering.slots[slot].precision,
    };
    let inputs = group.inputs.iter().map(|input| match input {
        DraftInput::Load(slot, walk) => Input::Load(access(*slot, walk)),
        DraftInput::Index(axis) => Input::Index(axes.position(*axis)),
    });
    let inputs = inputs.collect();

    let mut body = Body::new(lowering, group);
    let (mut stores, mut reductions, mut combines) = (Vec::new(), Vec::new(), Vec::new());
    let over = group.reduced.as_ref().map_or(Over::Inner, |reduced| reduced.over);
    for member in &group.members {
        let value = body.source(&member.source);
        match &member.target {
            Target::Store(slot, walk) => {
                body.produced.push((*slot, walk, value));
                if lowering.is_needed(*slot) {
                    stores.push(Store { result: body.result(value), access: access(*slot, walk) });
                }
            }
            Target::Reduce { combine, accumulator, into } => {
                let kernel = combine_kernel(*combine, *accumulator, over, &extents);
                let direct = over == Over::Inner && kernel.chunks == 1;
                let argument = if direct {
                    Argument::Slot(*into)
                } else {
                    combines.push(Combined { kernel, into: *into });
                    Argument::Partials(combines.len() - 1)
                };
                reductions.push((body.result(value), *combine, *accumulator, argument));
            }
        }
    }
    let reductions = reductions.into_iter().map(|(result, combine, accumulator, argument)| Reduction {
        result,
        combine,
        accumulator,
        into: number(argument),
    });
    let kernel = Loop {
        precision: group.precision,
        extents,
        inputs,
        stores,
        reductions: reductions.collect(),
        over,
        body: Arc::new(body.builder.finish(&body.results)),
    };
    Built { kernel, arguments, combines }
}

fn combine_kernel(combine: Combine, precision: Precision, over: Over, extents: &[usize]) -> CombinePartials {
    match (over, extents) {
        (Over::Inner, [rows @ .., last]) => {
            let (outer, chunks) = (rows.iter().product(), last.div_ceil(CHUNK));
            CombinePartials { combine, precision, outer, chunks, lanes: 1, inner: 1 }
        }
        (Over::Outer, [first, points @ ..]) => {
            let (chunks, inner) = (first.div_ceil(CHUNK), points.iter().product());
            CombinePartials { combine, precision, outer: 1, chunks, lanes: LANES, inner }
        }
        (_, []) => unreachable!("a loop has an axis"),
    }
}

/// The axes of a loop, outermost first; each is some axes of the domain that are walked like one.
struct Axes(Vec<Vec<usize>>);

impl Axes {
    fn extents(&self, domain: &[usize]) -> Vec<usize> {
        let extents = self.0.iter().map(|axes| axes.iter().map(|axis| domain[*axis]).product());
        if self.0.is_empty() { vec![1] } else { extents.collect() }
    }

    fn strides(&self, walk: &View) -> Vec<usize> {
        let innermost = |axes: &Vec<usize>| walk.strides[*axes.last().expect("a loop's axis is made of some")];
        if self.0.is_empty() { vec![1] } else { self.0.iter().map(innermost).collect() }
    }

    fn position(&self, axis: usize) -> usize {
        self.0.iter().position(|axes| axes.contains(&axis)).expect("a loop has every axis of its domain")
    }
}

fn loop_axes(lowering: &Lowering, group: &Group) -> Axes {
    let walks: Vec<&View> = group
        .inputs
        .iter()
        .filter_map(|input| match input {
            DraftInput::Load(_, walk) => Some(walk),
            DraftInput::Index(_) => None,
        })
        .chain(group.members.iter().filter_map(|member| match &member.target {
            Target::Store(slot, walk) => lowering.is_needed(*slot).then_some(walk),
            Target::Reduce { .. } => None,
        }))
        .collect();
    let counted = |axis: usize| group.inputs.contains(&DraftInput::Index(axis));
    let joins = |outer: usize, inner: usize| {
        !counted(outer)
            && !counted(inner)
            && walks.iter().all(|walk| walk.strides[outer] == walk.strides[inner] * group.domain[inner])
    };
    let reduced = group.reduced.as_ref().map_or(&[][..], |reduced| &reduced.axes);
    let mut kept: Vec<usize> = (0..group.domain.len()).filter(|axis| !reduced.contains(axis)).collect();
    let store = group.members.iter().find_map(|member| match &member.target {
        Target::Store(_, walk) => Some(walk),
        Target::Reduce { .. } => None,
    });
    if let (None, Some(store)) = (&group.reduced, store) {
        // memory is written in order
        kept.sort_by_key(|axis| std::cmp::Reverse(store.strides[*axis]));
    }
    let mut axes: Vec<Vec<usize>> = Vec::with_capacity(kept.len() + 1);
    for axis in kept {
        match axes.last_mut() {
            Some(outer) if joins(*outer.last().expect("not empty"), axis) => outer.push(axis),
            Some(_) | None => axes.push(vec![axis]),
        }
    }
    match &group.reduced {
        None => {}
        Some(reduced) if reduced.over == Over::Inner => axes.push(reduced.axes.clone()),
        Some(reduced) => axes.insert(0, reduced.axes.clone()),
    }
    Axes(axes)
}

/// A body in the making.
struct Body<'a> {
    lowering: &'a Lowering<'a>,
    group: &'a Group,
    builder: scalar::Builder,
    results: Vec<ValueId>,
    /// What the loop has stored so far, at the point.
    produced: Vec<(SlotId, &'a View, ValueId)>,
    /// Inline nodes computed so far.
    known: FxHashMap<(NodeId, Placement), ValueId>,
}

impl<'a> Body<'a> {
    fn new(lowering: &'a Lowering<'a>, group: &'a Group) -> Self {
        let builder = scalar::Builder::new(group.inputs.len());
        Self { lowering, group, builder, results: Vec::new(), produced: Vec::new(), known: FxHashMap::default() }
    }

    /// The number of a result.
    fn result(&mut self, value: ValueId) -> usize {
        self.results.iter().position(|known| *known == value).unwrap_or_else(|| {
            self.results.push(value);
            self.results.len() - 1
        })
    }

    fn source(&mut self, source: &Source) -> ValueId {
        match source {
            Source::Own(id, placement) => self.own(*id, placement),
            Source::Node(id, placement) => self.node(*id, placement),
            Source::Slot(slot, walk) => self.load(*slot, walk.clone()),
            Source::Zero => self.builder.constant(0.0),
        }
    }

    fn load(&mut self, slot: SlotId, walk: View) -> ValueId {
        if let Some((_, _, value)) = self.produced.iter().find(|(other, stored, _)| *other == slot && **stored == walk)
        {
            return *value;
        }
        self.input(&DraftInput::Load(slot, walk))
    }

    fn input(&mut self, input: &DraftInput) -> ValueId {
        let position = self.group.inputs.iter().position(|known| known == input);
        self.builder.argument(position.expect("a loop's inputs were noted when its members joined"))
    }

    fn node(&mut self, id: NodeId, placement: &Placement) -> ValueId {
        match self.lowering.form(id) {
            Form::Stored(slot, view) => {
                let walk = placement.walk(view, self.group.domain.len());
                self.load(*slot, walk)
            }
            Form::Inline(_) => {
                let key = (id, placement.clone());
                if let Some(value) = self.known.get(&key) {
                    return *value;
                }
                let value = self.own(id, placement);
                self.known.insert(key, value);
                value
            }
        }
    }

    /// A reduction of at most one number for each lane: the lanes in pairs, as the numeric contract has it. A lane without a number
    /// changes nothing.
    fn combined(&mut self, combine: Combine, parts: Vec<ValueId>) -> ValueId {
        let operation = match combine {
            Combine::Sum => Binary::Add,
            Combine::Maximum => Binary::Maximum,
        };
        let start = match combine {
            Combine::Sum => Some(self.builder.constant(0.0)),
            Combine::Maximum => None,
        };
        let mut level: Vec<ValueId> = parts
            .into_iter()
            .map(|part| start.map_or(part, |start| self.builder.binary(operation, start, part)))
            .collect();
        while level.len() > 1 {
            let pair = |pair: &[ValueId]| match *pair {
                [left, right] => self.builder.binary(operation, left, right),
                _ => pair[0],
            };
            level = level.chunks(2).map(pair).collect();
        }
        level[0]
    }

    fn own(&mut self, id: NodeId, placement: &Placement) -> ValueId {
        let graph = self.lowering.graph;
        let node = &graph.nodes[id];
        match &node.op {
            Op::Constant(number) => self.builder.constant(rounded(number.value(), node.precision)),
            Op::Index { axis } => match placement.axis(*axis) {
                (Some(axis), 0) => self.input(&DraftInput::Index(axis)),
                (Some(_) | None, _) => unreachable!("an index that is read in part is stored"),
            },
            Op::Map(function) => {
                let arguments: Vec<ValueId> = node
                    .inputs
                    .iter()
                    .map(|input| self.node(*input, &placement.of_input(&graph.nodes[*input].shape)))
                    .collect();
                self.builder.inline(function, &arguments)[0]
            }
            Op::Broadcast | Op::Reshape | Op::Permute { .. } | Op::Slice { .. } | Op::Detach => {
                let input = node.inputs[0];
                self.node(input, &placement.through(node, &graph.nodes[input].shape))
            }
            Op::Reduce { combine, axes, .. } => {
                let input = node.inputs[0];
                let parts = placement.reduced(&graph.nodes[input].shape, axes);
                let parts: Vec<ValueId> = parts.iter().map(|part| self.node(input, part)).collect();
                self.combined(*combine, parts)
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
}

fn rounded(number: f64, precision: Precision) -> f64 {
    match precision {
        Precision::F32 => f64::from(number as f32),
        Precision::F64 => number,
    }
}
