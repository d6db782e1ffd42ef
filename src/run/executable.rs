//! A graph made ready to run: simplified, lowered, compiled, and its nodes found again in a memory.

use super::session::Executor;
use super::tensor::{Number, Tensor};
use crate::arena::IdVec;
use crate::graph::{Graph, NodeId, simplify};
use crate::jit::{self, CompiledProgram, Threads};
use crate::kernel::interpret::interpret;
use crate::kernel::lower::lower;
use crate::kernel::memory::{Memory, OutOfMemory};
use crate::kernel::{Buffer, BufferId, Program, TooLarge};
use crate::shape::{Precision, Shape};
use std::num::NonZero;

/// A graph as a program that can be run, each time in a memory.
pub(super) struct Executable {
    /// What is computed.
    pub(super) graph: Graph,
    /// How.
    pub(super) program: Program,
    /// None where the interpreter runs it.
    code: Option<CompiledProgram>,
    /// Where the nodes of the original graph are found; none for those that the program does not keep.
    buffers: IdVec<NodeId, Option<BufferId>>,
}

impl Executable {
    /// Lowers and compiles what `keep` needs of a graph, with so many threads.
    ///
    /// # Errors
    /// Where some tensor is larger than can be addressed; its node is one of `graph` in the error's place.
    pub(super) fn new(
        threads: NonZero<usize>,
        graph: &Graph,
        keep: &[NodeId],
        executor: Executor,
    ) -> Result<Self, (Graph, TooLarge)> {
        let (simplified, places) = simplify(graph, keep);
        let kept: Vec<NodeId> = keep.iter().map(|id| places[*id].expect("what is kept has a place")).collect();
        let program = match lower(&simplified, &kept) {
            Ok(program) => program,
            Err(too_large) => return Err((simplified, too_large)),
        };
        let bound = |id: &NodeId| {
            let at = program.bindings.binary_search_by_key(id, |(node, _)| *node).ok()?;
            Some(program.bindings[at].1)
        };
        let buffers = graph.nodes.ids().map(|id| places[id].as_ref().and_then(bound)).collect();
        let code = match executor {
            Executor::Jit(features) => {
                Some(jit::compile_on(threads, &program, &features).expect("a verified program compiles"))
            }
            Executor::Interpreter => None,
        };
        Ok(Self { graph: simplified, program, code, buffers })
    }

    /// The bytes of one memory.
    pub(super) fn bytes(&self) -> u128 {
        self.program.memory_bytes as u128
    }

    /// A memory to run in.
    ///
    /// # Errors
    /// Where the machine does not give it.
    pub(super) fn memory(&self) -> Result<Memory, OutOfMemory> {
        Memory::new(&self.program)
    }

    /// Runs it once: the leaves were written.
    pub(super) fn run(&self, memory: &mut Memory, threads: &Threads) {
        match &self.code {
            Some(code) => code.run(memory, threads),
            None => interpret(&self.program, memory),
        }
    }

    /// Where a leaf or a kept node lies; none where nothing needs it.
    pub(super) fn buffer(&self, node: NodeId) -> Option<&Buffer> {
        self.buffers[node].map(|id| &self.program.buffers[id])
    }

    /// The elements of a kept node.
    pub(super) fn read(&self, memory: &Memory, node: NodeId) -> Vec<f64> {
        let buffer = self.buffer(node).expect("what is read was kept");
        match buffer.precision {
            Precision::F32 => memory.view::<f32>(buffer).iter().map(|number| f64::from(*number)).collect(),
            Precision::F64 => memory.view::<f64>(buffer).to_vec(),
        }
    }

    /// The elements of a leaf or a kept node; empty where nothing needs it.
    pub(super) fn view<'a, T: Number>(&self, memory: &'a Memory, node: NodeId) -> &'a [T] {
        self.buffer(node).map_or(&[], |buffer| memory.view::<T>(buffer))
    }

    /// A node's contents, under its own shape: the program may hold it under another.
    pub(super) fn tensor(&self, memory: &Memory, node: NodeId, shape: &Shape) -> Option<Tensor> {
        self.buffer(node).map(|buffer| contents(memory, buffer, shape))
    }
}

/// What a buffer holds, under a shape of as many elements.
pub(super) fn contents(memory: &Memory, buffer: &Buffer, shape: &Shape) -> Tensor {
    match buffer.precision {
        Precision::F32 => Tensor::new(shape, memory.view::<f32>(buffer).to_vec()),
        Precision::F64 => Tensor::new(shape, memory.view::<f64>(buffer).to_vec()),
    }
}
