//! A recurrence becomes one step, whose kernel holds a program of its own: the body over the rows of one step of time.

use super::Carried;
use super::draft::{Draft, ScanDraft, SlotId};
use super::lower::{Form, Lowering, TooLarge, lower_with};
use super::view::View;
use super::{BufferId, Scan};
use crate::graph::{Leaf, Node, NodeId, Op};
use crate::shape::{Precision, Shape};
use std::sync::Arc;

impl Lowering<'_> {
    pub(super) fn lower_scan(&mut self, id: NodeId) -> Result<(), TooLarge> {
        let Node { op, inputs, shape, precision, origin } = self.node(id).clone();
        let Op::Scan(scan) = op else { unreachable!("called for recurrences only") };
        let [stack, rows, ..] = shape.0[..] else { unreachable!("a stack of states has time and rows") };
        let state = shape.elements() / stack;
        let (body, next) = scan.body_at(rows);
        let too_large = |inner: TooLarge| TooLarge { node: id, bytes: inner.bytes };
        let program = lower_with(&body, &[next], self.fusion).map_err(too_large)?;
        let bound = |node: NodeId| -> BufferId {
            let at = program.bindings.binary_search_by_key(&node, |(bound, _)| *bound);
            program.bindings[at.expect("leaves and results are bound")].1
        };
        let buffer_of = |argument: usize| {
            let leaf = body.nodes.ids().find(|id| body.nodes[*id].op == Op::Leaf(Leaf::Argument(argument)));
            leaf.map(&bound)
        };
        let result = bound(next);

        let mut arguments = Vec::new();
        let mut carried = Vec::new();
        for (argument, input) in inputs.iter().enumerate() {
            let varies = (1..=scan.sequences).contains(&argument);
            let (slot, offset, stride) = self.by_time(*input, varies);
            self.slots[slot].read = true;
            arguments.push(slot);
            carried.push(Carried { offset, stride, buffer: buffer_of(argument) });
        }
        let states = self.new_slot(id, shape, precision);
        let words = program.memory_bytes.div_ceil(Precision::F64.bytes()).max(1);
        let scratch = self.new_slot(id, Shape::new([words]), Precision::F64);
        arguments.extend([states, scratch]);
        let kernel = Scan {
            precision,
            times: stack - 1,
            reverse: scan.reverse,
            state,
            inputs: carried,
            result,
            program: Arc::new(program),
        };
        self.push(Draft::Scan(ScanDraft { origin, arguments, kernel }), states);
        self.store_at(id, states);
        Ok(())
    }

    /// The slot of an input whose every step lies contiguous in it, the first element, and the elements from step to step.
    fn by_time(&mut self, id: NodeId, varies: bool) -> (SlotId, usize, usize) {
        let Node { shape, .. } = self.node(id).clone();
        let step = |view: &View| {
            let (stride, within) = if varies { (view.strides[0], 1) } else { (0, 0) };
            let inner = View { offset: 0, strides: view.strides[within..].to_vec() };
            inner.is_contiguous(&Shape::new(&shape.0[within..])).then_some((view.offset, stride))
        };
        if let Form::Stored(slot, view) = self.form(id)
            && let Some((offset, stride)) = step(view)
        {
            return (*slot, offset, stride);
        }
        let slot = self.contiguous_copy(id);
        let (offset, stride) = step(&View::contiguous(&shape)).expect("a copy is contiguous");
        (slot, offset, stride)
    }
}
