//! One model made ready to run: the training graph differentiated and measured, lowered to a program, compiled. A session is made
//! once and run for every seed, each in a memory of its own.

use super::accuracy::accuracy;
use super::data::Dataset;
use super::executable::{Executable, contents};
use super::initialize::{Initial, symmetric_layers};
use super::mask;
use super::measure::{Gradients, LayerNorms, Level, Measured, Plan, differentiate};
use super::record::Record;
use super::shared::Shared;
use super::tensor::{Number, Tensor};
use super::train::Trainer;
use crate::arena::IdVec;
use crate::diagnostics::{Diagnostic, data};
use crate::graph::{Graph, NodeId, ParameterId};
use crate::jit::{Features, Threads};
use crate::kernel::memory::{Memory, OutOfMemory};
use crate::kernel::{Buffer, Program, TooLarge};
use crate::model::{self, Conduct, Mask, Model, TrainingGraph};
use crate::numbers::bytes;
use crate::run::train::gather;
use crate::shape::{Precision, Shape};
use std::num::NonZero;
use std::sync::Arc;

/// What carries out a program. The results are the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executor {
    /// Machine code.
    Jit(Features),
    /// The oracle, slowly.
    Interpreter,
}

/// Which tensors of gradients are kept whole, beyond their statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// None.
    Nothing,
    /// ∂C/∂z of every measured layer.
    PreActivations,
    /// All of them.
    Everything,
}

/// What a session is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How much is measured.
    pub level: Level,
    /// Which tensors are kept.
    pub kept: Kept,
    /// What carries it out.
    pub executor: Executor,
}

/// A model ready to run.
pub struct Session<'m> {
    model: &'m Model,
    batch: usize,
    wanted: Wanted,
    executable: Arc<Executable>,
    nodes: Nodes,
    /// The shape of the batch's targets.
    target: Shape,
    gradients: Gradients,
    plan: Plan,
}

/// The training graph's nodes that are written or read.
struct Nodes {
    input: NodeId,
    target: NodeId,
    parameters: IdVec<ParameterId, NodeId>,
    prediction: NodeId,
    loss: NodeId,
    /// The measured layers' z and a.
    layers: Vec<model::LayerNodes>,
    /// Their shapes, batch first.
    shapes: Vec<[Shape; 2]>,
    /// What is multiplied by chance.
    masks: Vec<Mask>,
}

/// The memory that a session needs, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// All parameters.
    pub parameters: u128,
    /// The batch of inputs and targets.
    pub batch: u128,
    /// Everything.
    pub total: u128,
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut session = f.debug_struct("Session");
        session.field("network", &self.model.name.name).field("batch", &self.batch).field("wanted", &self.wanted);
        session.finish_non_exhaustive()
    }
}

impl<'m> Session<'m> {
    /// Builds, differentiates, measures, lowers and compiles a model for batches of this size.
    ///
    /// # Errors
    /// E0504 where some tensor is larger than can be addressed.
    ///
    /// # Panics
    /// Where the model has no loss.
    pub fn new(model: &'m Model, batch: usize, wanted: Wanted) -> Result<Self, Diagnostic> {
        Self::compiled_on(NonZero::<usize>::MIN, model, batch, wanted)
    }

    /// As `new`, with so many threads compiling.
    ///
    /// # Errors
    /// As `new`.
    ///
    /// # Panics
    /// As `new`.
    pub fn compiled_on(
        threads: NonZero<usize>,
        model: &'m Model,
        batch: usize,
        wanted: Wanted,
    ) -> Result<Self, Diagnostic> {
        Self::sharing(&Shared::default(), threads, model, batch, wanted)
    }

    /// As `compiled_on`, with the program of another session where that is the same.
    pub(super) fn sharing(
        shared: &Shared,
        threads: NonZero<usize>,
        model: &'m Model,
        batch: usize,
        wanted: Wanted,
    ) -> Result<Self, Diagnostic> {
        let mut training = model::build_for(model, batch, Conduct::report(model));
        let gradients = differentiate(model, &mut training, wanted.level);
        let plan = Plan::new(model, &mut training, &gradients, wanted.level);
        let TrainingGraph { graph, input, target, parameters, prediction, loss, layers, masks, .. } = training;
        let mut keep = plan.keep();
        keep.extend([loss, prediction]);
        keep.extend(gradients.kept(wanted.kept));
        let executable = shared
            .executable(threads, &graph, &keep, wanted.executor)
            .map_err(|(graph, too_large)| not_addressable(model, &graph, &too_large, batch))?;
        let target_shape = graph.shape(target).clone();
        let shape = |node: NodeId| graph.shape(node).clone();
        let shapes = layers.iter().map(|nodes| [nodes.pre_activation, nodes.output].map(shape)).collect();
        let nodes = Nodes { input, target, parameters, prediction, loss, layers, shapes, masks };
        Ok(Self { model, batch, wanted, executable, nodes, target: target_shape, gradients, plan })
    }

    /// What it was made from.
    #[must_use]
    pub fn model(&self) -> &'m Model {
        self.model
    }

    /// What the session does.
    #[must_use]
    pub fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// Forward pass, backward pass and statistics, as they were lowered.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.executable.graph
    }

    /// The program.
    #[must_use]
    pub fn program(&self) -> &Program {
        &self.executable.program
    }

    /// What one memory of this session takes.
    #[must_use]
    pub fn footprint(&self) -> Footprint {
        let of = |id: NodeId| self.buffer(id).map_or(0, |buffer| buffer.bytes() as u128);
        Footprint {
            parameters: self.nodes.parameters.iter().map(|id| of(*id)).sum(),
            batch: of(self.nodes.input) + of(self.nodes.target),
            total: self.executable.bytes(),
        }
    }

    /// A memory to run in.
    ///
    /// # Errors
    /// E0504 where the machine does not give it.
    pub fn memory(&self) -> Result<Memory, Diagnostic> {
        let refused = |refused: OutOfMemory| data::memory_refused(self.model.name.span, &bytes(refused.bytes as u128));
        self.executable.memory().map_err(refused)
    }

    /// Writes the parameters of a seed, the examples `rows` of the data, and what is left out by chance before the first step.
    ///
    /// # Errors
    /// E06 where parameters are read from a file that does not have them.
    ///
    /// # Panics
    /// Where there are not as many rows as the batch has examples.
    pub fn fill(
        &self,
        memory: &mut Memory,
        data: &Dataset,
        rows: &[usize],
        initial: &mut Initial<'_>,
        seed: u64,
    ) -> Result<(), Diagnostic> {
        self.fill_batch(memory, data, rows);
        self.fill_masks(memory, seed, 0);
        match self.model.precision {
            Precision::F32 => self.draw::<f32>(memory, initial, seed),
            Precision::F64 => self.draw::<f64>(memory, initial, seed),
        }
    }

    /// Writes the examples `rows` of the data.
    ///
    /// # Panics
    /// Where there are not as many rows as the batch has examples.
    pub(super) fn fill_batch(&self, memory: &mut Memory, data: &Dataset, rows: &[usize]) {
        assert_eq!(rows.len(), self.batch, "a batch has as many examples as the program was made for");
        for (node, tensor) in [(self.nodes.input, &data.inputs), (self.nodes.target, &data.targets)] {
            let Some(buffer) = self.buffer(node) else { continue };
            assert_eq!(tensor.shape().0[1..], buffer.shape.0[1..], "the data were fitted to the network");
            match self.model.precision {
                Precision::F32 => gather(tensor, rows, memory.view_mut::<f32>(buffer)),
                Precision::F64 => gather(tensor, rows, memory.view_mut::<f64>(buffer)),
            }
        }
    }

    /// Draws what is left out by chance at a step.
    pub(super) fn fill_masks(&self, memory: &mut Memory, seed: u64, step: u64) {
        for mask in &self.nodes.masks {
            let Some(buffer) = self.buffer(mask.node) else { continue };
            match self.model.precision {
                Precision::F32 => mask::fill(self.model, mask, seed, step, memory.view_mut::<f32>(buffer)),
                Precision::F64 => mask::fill(self.model, mask, seed, step, memory.view_mut::<f64>(buffer)),
            }
        }
    }

    fn draw<T: Number>(&self, memory: &mut Memory, initial: &mut Initial<'_>, seed: u64) -> Result<(), Diagnostic> {
        for (id, node) in self.nodes.parameters.iter_with_ids() {
            if let Some(buffer) = self.buffer(*node) {
                initial.fill(id, seed, memory.view_mut::<T>(buffer))?;
            }
        }
        Ok(())
    }

    /// Writes the parameters that a trainer has come to.
    pub(super) fn fill_trained(&self, memory: &mut Memory, trainer: &Trainer<'_>, trained: &Memory) {
        for (id, node) in self.nodes.parameters.iter_with_ids() {
            let Some(buffer) = self.buffer(*node) else { continue };
            match self.model.precision {
                Precision::F32 => {
                    memory.view_mut::<f32>(buffer).copy_from_slice(trainer.parameter::<f32>(trained, id));
                }
                Precision::F64 => {
                    memory.view_mut::<f64>(buffer).copy_from_slice(trainer.parameter::<f64>(trained, id));
                }
            }
        }
    }

    /// Writes what another session of the same network was filled with, converting each number to this one's precision.
    pub(super) fn fill_from(&self, memory: &mut Memory, other: &Session<'_>, from: &Memory) {
        let pairs = self.nodes.leaves().zip(other.nodes.leaves());
        for (into, from_node) in pairs {
            let (Some(into), Some(from_node)) = (self.buffer(into), other.buffer(from_node)) else { continue };
            let numbers = contents(from, from_node, &from_node.shape);
            match into.precision {
                Precision::F32 => numbers.copy_to(0, memory.view_mut::<f32>(into)),
                Precision::F64 => numbers.copy_to(0, memory.view_mut::<f64>(into)),
            }
        }
    }

    /// One forward and backward pass, with everything that is measured.
    pub fn run(&self, memory: &mut Memory, threads: &Threads) {
        self.executable.run(memory, threads);
    }

    /// What was measured, of the step `step`.
    ///
    /// # Panics
    /// Where the session is not at the full level.
    pub(super) fn record(&self, memory: &Memory, step: u64) -> (Record, Vec<Measured>) {
        let read = |node: NodeId| self.read(memory, node);
        let parameter = |id: ParameterId| {
            let node = self.nodes.parameters[id];
            self.buffer(node).map_or_else(Vec::new, |_| self.read(memory, node))
        };
        let measured = self.plan.records(self.model, &read, &parameter);
        let record = Record {
            step,
            loss: self.read(memory, self.nodes.loss)[0],
            accuracy: self.accuracy(memory),
            layers: measured.iter().map(|measured| measured.record.clone()).collect(),
            input: self.plan.input(&read),
            test: None,
            rate: None,
        };
        (record, measured)
    }

    /// The mean loss of the batch.
    #[must_use]
    pub fn loss(&self, memory: &Memory) -> f64 {
        self.read(memory, self.nodes.loss)[0]
    }

    /// The norms of every measured layer's gradients, in order.
    #[must_use]
    pub fn norms(&self, memory: &Memory) -> Vec<LayerNorms> {
        self.plan.norms(&|node| self.read(memory, node))
    }

    fn accuracy(&self, memory: &Memory) -> Option<f64> {
        let loss = self.model.loss.as_ref().expect("a model that is run has a loss");
        let classes = self.model.output.0.last().copied().unwrap_or(1);
        let target = self.buffer(self.nodes.target).map(|_| self.read(memory, self.nodes.target))?;
        accuracy(loss, classes, &self.read(memory, self.nodes.prediction), &target)
    }

    /// For each layer of the model, whether its units all compute the same with the parameters that the memory holds.
    pub(super) fn symmetric_layers(&self, memory: &Memory) -> Vec<bool> {
        match self.model.precision {
            Precision::F32 => symmetric_layers(self.model, |id| self.parameter::<f32>(memory, id)),
            Precision::F64 => symmetric_layers(self.model, |id| self.parameter::<f64>(memory, id)),
        }
    }

    fn parameter<'a, T: Number>(&self, memory: &'a Memory, id: ParameterId) -> &'a [T] {
        self.executable.view(memory, self.nodes.parameters[id])
    }

    /// ∂C/∂z of a measured layer, by its place among them; none where it is zero without being computed.
    pub(super) fn pre_activation<'a, T: Number>(&self, memory: &'a Memory, layer: usize) -> Option<&'a [T]> {
        let node = self.gradients.layers[layer][0]?;
        Some(memory.view::<T>(self.buffer(node).expect("the pre-activations' gradients are kept")))
    }

    /// The measured layers' z and a.
    pub(super) fn layers(&self) -> &[model::LayerNodes] {
        &self.nodes.layers
    }

    /// Every tensor that a dump holds, by name.
    ///
    /// # Panics
    /// Where not everything was kept.
    #[must_use]
    pub fn tensors(&self, memory: &Memory) -> Vec<(String, Tensor)> {
        assert_eq!(self.wanted.kept, Kept::Everything, "a dump needs every gradient");
        let model = self.model;
        let mut tensors = vec![
            ("data/x".to_owned(), self.tensor(memory, self.nodes.input, &model.input.with_batch(self.batch))),
            ("data/t".to_owned(), self.tensor(memory, self.nodes.target, &self.target)),
        ];
        for (id, parameter) in model.parameters.iter_with_ids() {
            let name = format!("{}.{}", model.layers[parameter.layer].name, parameter.name);
            let value = self.tensor(memory, self.nodes.parameters[id], &parameter.shape);
            let gradient = self.gradient(memory, self.gradients.parameters[id], &parameter.shape);
            tensors.extend([(format!("params/{name}"), value), (format!("grads/{name}"), gradient)]);
        }
        for ((nodes, gradients), shapes) in self.nodes.layers.iter().zip(&self.gradients.layers).zip(&self.nodes.shapes)
        {
            let layer = &model.layers[nodes.layer];
            for ((node, shape), name) in gradients.iter().zip(shapes).zip(["pre_activation", "output"]) {
                let tensor = self.gradient(memory, *node, shape);
                tensors.push((format!("grads/{}.{name}", layer.name), tensor));
            }
        }
        if let Some(input) = self.gradients.input {
            tensors.push(("grads/input".to_owned(), self.gradient(memory, input, &model.input.with_batch(self.batch))));
        }
        tensors.push(("loss".to_owned(), self.tensor(memory, self.nodes.loss, &Shape::scalar())));
        tensors
    }

    fn gradient(&self, memory: &Memory, node: Option<NodeId>, shape: &Shape) -> Tensor {
        match node {
            Some(node) => self.tensor(memory, node, shape),
            None => self.zeros(shape),
        }
    }

    /// A node's contents, under its own shape (the program may hold it under another); zeros where there is no use for it.
    fn tensor(&self, memory: &Memory, node: NodeId, shape: &Shape) -> Tensor {
        self.executable.tensor(memory, node, shape).unwrap_or_else(|| self.zeros(shape))
    }

    fn zeros(&self, shape: &Shape) -> Tensor {
        match self.model.precision {
            Precision::F32 => Tensor::new(shape, vec![0.0_f32; shape.elements()]),
            Precision::F64 => Tensor::new(shape, vec![0.0_f64; shape.elements()]),
        }
    }

    fn buffer(&self, node: NodeId) -> Option<&Buffer> {
        self.executable.buffer(node)
    }

    /// A kept node's elements.
    fn read(&self, memory: &Memory, node: NodeId) -> Vec<f64> {
        self.executable.read(memory, node)
    }
}

/// The mistake where a tensor of a graph is larger than can be addressed.
pub(super) fn not_addressable(model: &Model, graph: &Graph, too_large: &TooLarge, batch: usize) -> Diagnostic {
    let layer = graph.nodes[too_large.node].origin.layer;
    let span = layer.map_or(model.input_span, |layer| model.layers[layer].span);
    data::run_not_addressable(span, &bytes(too_large.bytes), batch)
}

impl Nodes {
    /// What is written before a run.
    fn leaves(&self) -> impl Iterator<Item = NodeId> {
        let masks = self.masks.iter().map(|mask| mask.node);
        [self.input, self.target].into_iter().chain(self.parameters.iter().copied()).chain(masks)
    }
}

impl Gradients {
    fn kept(&self, kept: Kept) -> Vec<NodeId> {
        match kept {
            Kept::Nothing => Vec::new(),
            Kept::PreActivations => self.layers.iter().filter_map(|[pre_activation, _]| *pre_activation).collect(),
            Kept::Everything => {
                let parameters = self.parameters.iter().flatten();
                let layers = self.layers.iter().flatten().flatten();
                parameters.chain(layers).chain(self.input.iter().flatten()).copied().collect()
            }
        }
    }
}
