//! Loss and accuracy of the examples that are held out: a forward pass alone, without dropout, normalised by what training kept.

use super::trainer::{Trainer, gather};
use crate::arena::IdVec;
use crate::diagnostics::{Diagnostic, data as words};
use crate::graph::{NodeId, ParameterId};
use crate::jit::Threads;
use crate::kernel::memory::{Memory, OutOfMemory};
use crate::model::{self, Conduct, Model, TrainingGraph};
use crate::numbers::bytes;
use crate::run::accuracy::accuracy;
use crate::run::data::Examples;
use crate::run::executable::Executable;
use crate::run::record::Held;
use crate::run::session::{Executor, not_addressable};
use crate::run::shared::Shared;
use crate::run::tensor::Number;
use crate::shape::Precision;
use std::num::NonZero;
use std::sync::Arc;

/// The forward pass of some examples, compiled; they are read once and stay.
pub(in crate::run) struct Evaluation<'m> {
    model: &'m Model,
    examples: &'m Examples,
    executable: Arc<Executable>,
    input: NodeId,
    target: NodeId,
    parameters: IdVec<ParameterId, NodeId>,
    /// What layers keep from step to step, in the trainer's order.
    running: Vec<NodeId>,
    prediction: NodeId,
    loss: NodeId,
}

impl<'m> Evaluation<'m> {
    /// Builds and compiles it.
    ///
    /// # Errors
    /// E0504 where some tensor is larger than can be addressed.
    pub(in crate::run) fn new(
        (shared, threads): (&Shared, NonZero<usize>),
        model: &'m Model,
        examples: &'m Examples,
        executor: Executor,
    ) -> Result<Self, Diagnostic> {
        let count = examples.inputs.shape().0[0];
        let TrainingGraph { graph, input, target, parameters, prediction, loss, running, .. } =
            model::build_for(model, count, Conduct::EVALUATION);
        let running = running.into_iter().map(|running| running.leaf).collect();
        let executable = shared
            .executable(threads, &graph, &[loss, prediction, input, target], executor)
            .map_err(|(graph, too_large)| not_addressable(model, &graph, &too_large, count))?;
        Ok(Self { model, examples, executable, input, target, parameters, running, prediction, loss })
    }

    /// The bytes of one memory.
    pub(in crate::run) fn bytes(&self) -> u128 {
        self.executable.bytes()
    }

    /// A memory with the examples in it.
    ///
    /// # Errors
    /// E0504 where the machine does not give it.
    pub(in crate::run) fn memory(&self) -> Result<Memory, Diagnostic> {
        let refused = |refused: OutOfMemory| words::memory_refused(self.model.name.span, &bytes(refused.bytes as u128));
        let mut memory = self.executable.memory().map_err(refused)?;
        let rows: Vec<usize> = (0..self.examples.inputs.shape().0[0]).collect();
        for (node, tensor) in [(self.input, &self.examples.inputs), (self.target, &self.examples.targets)] {
            let Some(buffer) = self.executable.buffer(node) else { continue };
            match self.model.precision {
                Precision::F32 => gather(tensor, &rows, memory.view_mut::<f32>(buffer)),
                Precision::F64 => gather(tensor, &rows, memory.view_mut::<f64>(buffer)),
            }
        }
        Ok(memory)
    }

    /// Loss and accuracy with the parameters of a trainer, and what it kept.
    pub(in crate::run) fn evaluate(
        &self,
        memory: &mut Memory,
        trainer: &Trainer<'_>,
        trained: &Memory,
        threads: &Threads,
    ) -> Held {
        match self.model.precision {
            Precision::F32 => self.take::<f32>(memory, trainer, trained),
            Precision::F64 => self.take::<f64>(memory, trainer, trained),
        }
        self.executable.run(memory, threads);
        let loss = self.model.loss.as_ref().expect("a model that is run has a loss");
        let classes = self.model.output.0.last().copied().unwrap_or(1);
        let prediction = self.executable.read(memory, self.prediction);
        let target = self.executable.buffer(self.target).map(|_| self.executable.read(memory, self.target));
        Held {
            loss: self.executable.read(memory, self.loss)[0],
            accuracy: target.and_then(|target| accuracy(loss, classes, &prediction, &target)),
        }
    }

    fn take<T: Number>(&self, memory: &mut Memory, trainer: &Trainer<'_>, trained: &Memory) {
        for (id, node) in self.parameters.iter_with_ids() {
            if let Some(buffer) = self.executable.buffer(*node) {
                memory.view_mut::<T>(buffer).copy_from_slice(trainer.parameter::<T>(trained, id));
            }
        }
        for (place, node) in self.running.iter().enumerate() {
            if let Some(buffer) = self.executable.buffer(*node) {
                memory.view_mut::<T>(buffer).copy_from_slice(trainer.running::<T>(trained, place));
            }
        }
    }
}
