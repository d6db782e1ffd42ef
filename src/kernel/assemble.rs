//! Drafts → `Program`: steps numbered, equal kernels made one, lifetimes read off, memory planned.

use super::body::{Argument, build};
use super::draft::{Draft, ProductDraft, ScanDraft, Slot, SlotId};
use super::lower::{Lowering, TooLarge};
use super::plan::{Region, place};
use super::{Buffer, BufferId, Histogram, Input, Kernel, KernelId, Loop, Product, Program, Step};
use crate::arena::{Id, IdVec};
use crate::graph::{NodeId, Origin};
use crate::shape::{Precision, Shape};
use rustc_hash::FxHashMap;

/// Makes the program; `kept` are the nodes to be read after the run, and their slots.
pub(super) fn assemble(lowering: &Lowering, kept: Vec<(NodeId, SlotId)>) -> Result<Program, TooLarge> {
    let mut assembly = Assembly {
        lowering,
        buffers: IdVec::new(),
        lives: IdVec::new(),
        of_slot: lowering.slots.iter().map(|_| None).collect(),
        kernels: IdVec::new(),
        known: FxHashMap::default(),
        steps: Vec::new(),
    };
    let mut bindings = kept;
    for (slot, Slot { leaf, node, .. }) in lowering.slots.iter_with_ids() {
        if *leaf {
            bindings.push((*node, slot));
        }
    }
    bindings.sort_unstable();
    bindings.dedup();
    for (_, slot) in &bindings {
        assembly.buffer(*slot);
    }
    for draft in &lowering.drafts {
        assembly.append(draft);
    }
    assembly.finish(&bindings)
}

/// When a buffer's contents matter.
#[derive(Clone, Copy, Debug)]
struct Life {
    first: usize,
    /// None: after the last step.
    last: Option<usize>,
}

struct Assembly<'a> {
    lowering: &'a Lowering<'a>,
    buffers: IdVec<BufferId, Buffer>,
    lives: IdVec<BufferId, Life>,
    of_slot: IdVec<SlotId, Option<BufferId>>,
    kernels: IdVec<KernelId, Kernel>,
    known: FxHashMap<Kernel, KernelId>,
    steps: Vec<Step>,
}

impl Assembly<'_> {
    fn buffer(&mut self, slot: SlotId) -> BufferId {
        if let Some(buffer) = self.of_slot[slot] {
            return buffer;
        }
        let Slot { shape, precision, leaf, kept, .. } = &self.lowering.slots[slot];
        let buffer = self.new_buffer(shape.clone(), *precision);
        if *leaf {
            self.lives[buffer].first = 0;
        }
        if *leaf || *kept {
            self.lives[buffer].last = None;
        }
        self.of_slot[slot] = Some(buffer);
        buffer
    }

    fn new_buffer(&mut self, shape: Shape, precision: Precision) -> BufferId {
        self.lives.push(Life { first: usize::MAX, last: Some(0) });
        self.buffers.push(Buffer { shape, precision, offset: 0 })
    }

    fn append(&mut self, draft: &Draft) {
        match draft {
            Draft::Loop(group) => {
                let built = build(self.lowering, group);
                if built.kernel.stores.is_empty() && built.kernel.reductions.is_empty() {
                    // A part of a tensor that nobody reads: who reads the other parts has them at hand.
                    return;
                }
                let partials: Vec<BufferId> = built
                    .combines
                    .iter()
                    .map(|combined| {
                        let kernel = &combined.kernel;
                        let shape = Shape::new([kernel.outer, kernel.chunks, kernel.lanes, kernel.inner]);
                        self.new_buffer(shape, kernel.precision)
                    })
                    .collect();
                let arguments = built.arguments.iter().map(|argument| match argument {
                    Argument::Slot(slot) => self.buffer(*slot),
                    Argument::Partials(number) => partials[*number],
                });
                let arguments = arguments.collect();
                self.step(Kernel::Loop(built.kernel), arguments, group.origin);
                for (combined, partials) in built.combines.into_iter().zip(partials) {
                    let into = self.buffer(combined.into);
                    self.step(Kernel::Combine(combined.kernel), vec![partials, into], group.origin);
                }
            }
            Draft::Product(ProductDraft { origin, left, right, result, batch, size: [m, n, k] }) => {
                let precision = self.lowering.slots[*result].precision;
                let product = Product { precision, batch: *batch, m: *m, n: *n, k: *k, left: left.1, right: right.1 };
                let arguments = [left.0, right.0, *result].map(|slot| self.buffer(slot));
                self.step(Kernel::Product(product), arguments.to_vec(), *origin);
            }
            Draft::Histogram { origin, values, counts } => {
                let Slot { precision, shape, .. } = &self.lowering.slots[*values];
                let histogram = Histogram { precision: *precision, elements: shape.elements() };
                let arguments = [*values, *counts].map(|slot| self.buffer(slot));
                self.step(Kernel::Histogram(histogram), arguments.to_vec(), *origin);
            }
            Draft::Scan(ScanDraft { origin, arguments, kernel }) => {
                let arguments = arguments.iter().map(|slot| self.buffer(*slot)).collect();
                self.step(Kernel::Scan(kernel.clone()), arguments, *origin);
            }
            Draft::Settled { origin, kernel, arguments } => {
                let arguments = arguments.iter().map(|slot| self.buffer(*slot)).collect();
                self.step(kernel.clone(), arguments, *origin);
            }
        }
    }

    fn step(&mut self, kernel: Kernel, arguments: Vec<BufferId>, origin: Origin) {
        let position = self.steps.len();
        for argument in &arguments {
            let life = &mut self.lives[*argument];
            life.first = life.first.min(position);
            life.last = life.last.map(|last| last.max(position));
        }
        let kernel = match self.known.get(&kernel) {
            Some(known) => *known,
            None => {
                let id = self.kernels.push(kernel.clone());
                self.known.insert(kernel, id);
                id
            }
        };
        self.steps.push(Step { kernel, arguments, origin });
    }

    fn finish(mut self, bindings: &[(NodeId, SlotId)]) -> Result<Program, TooLarge> {
        let (region_of, regions) = self.regions();
        let Some(layout) = place(&regions) else { return Err(self.too_large()) };
        for (buffer, region) in self.buffers.iter_mut().zip(&region_of) {
            buffer.offset = layout.offsets[*region];
        }
        let bindings = bindings
            .iter()
            .map(|(node, slot)| (*node, self.of_slot[*slot].expect("what is bound has a buffer")))
            .collect();
        Ok(Program {
            buffers: self.buffers,
            kernels: self.kernels,
            steps: self.steps,
            memory_bytes: layout.bytes,
            bindings,
        })
    }

    /// The region of each buffer. A loop that reads a buffer for the last time may store over it, each point where it has read.
    fn regions(&self) -> (Vec<usize>, Vec<Region>) {
        let mut region_of: Vec<usize> = (0..self.buffers.len()).collect();
        let mut regions: Vec<Region> = self
            .buffers
            .iter()
            .zip(&self.lives)
            .map(|(buffer, life)| Region { bytes: buffer.bytes(), first: life.first, last: life.last })
            .collect();
        for (position, step) in self.steps.iter().enumerate() {
            let Kernel::Loop(kernel) = &self.kernels[step.kernel] else { continue };
            let mut taken = Vec::new();
            for store in 0..kernel.stores.len() {
                let Some((written, read)) = self.in_place(position, step, kernel, store) else { continue };
                if taken.contains(&read) {
                    continue;
                }
                taken.push(read);
                let region = region_of[read.index()];
                regions[region].last = self.lives[written].last;
                regions[written.index()].bytes = 0;
                region_of[written.index()] = region;
            }
        }
        (region_of, regions)
    }

    /// The buffer that a store makes anew in this step, and one that may make room for it: no later step reads it, and this
    /// one reads it nowhere but where it then stores.
    fn in_place(&self, position: usize, step: &Step, kernel: &Loop, store: usize) -> Option<(BufferId, BufferId)> {
        let store = &kernel.stores[store].access;
        let written = step.arguments[store.argument];
        let points = kernel.extents.iter().product::<usize>();
        if self.lives[written].first != position || self.buffers[written].shape.elements() != points {
            return None;
        }
        let loads = || {
            kernel.inputs.iter().filter_map(|input| match input {
                Input::Load(access) => Some(access),
                Input::Index(_) => None,
            })
        };
        let read = loads().find(|load| {
            let read = step.arguments[load.argument];
            (load.offset, &load.strides, load.precision) == (store.offset, &store.strides, store.precision)
                && read != written
                && self.lives[read].last == Some(position)
                && self.buffers[read].shape.elements() == points
                && loads().filter(|other| step.arguments[other.argument] == read).count() == 1
        })?;
        Some((written, step.arguments[read.argument]))
    }

    fn too_large(&self) -> TooLarge {
        let (_, slot) = self
            .lowering
            .slots
            .iter()
            .map(|slot| (slot.shape.elements() * slot.precision.bytes(), slot))
            .max_by_key(|(bytes, _)| *bytes)
            .expect("what is too large has a buffer");
        TooLarge { node: slot.node, bytes: (slot.shape.elements() * slot.precision.bytes()) as u128 }
    }
}
