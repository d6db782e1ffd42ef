//! A network made ready to be trained: one program for a whole step, run again and again in one memory.

use super::optimizer::Optimizer;
use super::schedule::Schedule;
use super::update::{self, Update};
use crate::arena::IdVec;
use crate::diagnostics::{Diagnostic, data as words};
use crate::graph::{self, LayerId, Leaf, NodeId, Op, ParameterId};
use crate::jit::Threads;
use crate::kernel::memory::{Memory, OutOfMemory};
use crate::model::{self, Mask, Model, Running, Train, TrainingGraph};
use crate::numbers::bytes;
use crate::run::data::Dataset;
use crate::run::executable::{Executable, contents};
use crate::run::initialize::Initial;
use crate::run::mask;
use crate::run::session::{Executor, not_addressable};
use crate::run::shared::Shared;
use crate::run::tensor::{Number, Tensor};
use crate::shape::{Precision, Shape};
use std::num::NonZero;
use std::sync::Arc;

/// A step of training, compiled.
pub(in crate::run) struct Trainer<'m> {
    model: &'m Model,
    batch: usize,
    steps: u64,
    optimizer: Optimizer,
    schedule: Schedule,
    /// The rate before the schedule.
    rate: f64,
    executable: Arc<Executable>,
    input: NodeId,
    target: NodeId,
    parameters: IdVec<ParameterId, NodeId>,
    loss: NodeId,
    update: Update,
    /// What a step starts from: the name, the leaf, the shape.
    state: Vec<(String, NodeId, Shape)>,
    /// What is multiplied by chance.
    masks: Vec<Mask>,
    /// What layers keep from step to step.
    running: Vec<Running>,
}

impl<'m> Trainer<'m> {
    /// Builds and compiles the step for batches of this size, and `steps` of them.
    ///
    /// # Errors
    /// E0504 where some tensor is larger than can be addressed.
    pub(in crate::run) fn new(
        (shared, threads): (&Shared, NonZero<usize>),
        model: &'m Model,
        train: &Train,
        (batch, steps): (usize, u64),
        executor: Executor,
    ) -> Result<Self, Diagnostic> {
        let mut training = model::build(model, batch);
        let wanted: Vec<NodeId> = training.parameters.iter().copied().collect();
        let gradients: IdVec<ParameterId, Option<NodeId>> =
            graph::differentiate(&mut training.graph, training.loss, &wanted).into_iter().collect();
        let mut update = update::add(model, train, &mut training, &gradients);
        update.carried.extend(training.running.iter().filter_map(|running| Some((running.leaf, running.next?))));
        let optimizer = Optimizer::new(&train.optimizer);
        let state = state(model, &training, &update, optimizer);
        let TrainingGraph { graph, input, target, parameters, loss, masks, running, .. } = training;
        // Leaves are kept too: what the run before left in them is what the next one starts from.
        let mut keep = vec![loss, input, target];
        keep.extend(parameters.iter());
        keep.extend(&update.numbers);
        keep.extend(update.carried.iter().flat_map(|(leaf, next)| [leaf, next]));
        keep.extend(update.norm);
        let executable = shared
            .executable(threads, &graph, &keep, executor)
            .map_err(|(graph, too_large)| not_addressable(model, &graph, &too_large, batch))?;
        let rate = train.optimizer.arguments.number("rate").expect("every optimizer has a rate");
        let schedule = Schedule::new(train);
        Ok(Self {
            model,
            batch,
            steps,
            optimizer,
            schedule,
            rate,
            executable,
            input,
            target,
            parameters,
            loss,
            update,
            state,
            masks,
            running,
        })
    }

    /// The bytes of one memory.
    pub(in crate::run) fn bytes(&self) -> u128 {
        self.executable.bytes()
    }

    /// A memory with the parameters of a seed, before the first step.
    ///
    /// # Errors
    /// E0504 where the machine does not give it; E06 where parameters are read from a file that does not have them.
    pub(in crate::run) fn start(&self, initial: &mut Initial<'_>, seed: u64) -> Result<Memory, Diagnostic> {
        let refused = |refused: OutOfMemory| words::memory_refused(self.model.name.span, &bytes(refused.bytes as u128));
        let mut memory = self.executable.memory().map_err(refused)?;
        for (id, node) in self.parameters.iter_with_ids() {
            let Some(buffer) = self.executable.buffer(*node) else { continue };
            match self.model.precision {
                Precision::F32 => initial.fill(id, seed, memory.view_mut::<f32>(buffer))?,
                Precision::F64 => initial.fill(id, seed, memory.view_mut::<f64>(buffer))?,
            }
        }
        for running in &self.running {
            let Some(buffer) = self.executable.buffer(running.leaf) else { continue };
            match self.model.precision {
                Precision::F32 => memory.view_mut::<f32>(buffer).fill(running.start as f32),
                Precision::F64 => memory.view_mut::<f64>(buffer).fill(running.start),
            }
        }
        Ok(memory)
    }

    /// Gives the next step its examples.
    pub(in crate::run) fn feed(&self, memory: &mut Memory, data: &Dataset, rows: &[usize]) {
        assert_eq!(rows.len(), self.batch, "a batch has as many examples as the program was made for");
        for (node, tensor) in [(self.input, &data.inputs), (self.target, &data.targets)] {
            let Some(buffer) = self.executable.buffer(node) else { continue };
            match self.model.precision {
                Precision::F32 => gather(tensor, rows, memory.view_mut::<f32>(buffer)),
                Precision::F64 => gather(tensor, rows, memory.view_mut::<f64>(buffer)),
            }
        }
    }

    /// Draws what is left out by chance at a step.
    pub(in crate::run) fn draw(&self, memory: &mut Memory, seed: u64, step: u64) {
        for mask in &self.masks {
            let Some(buffer) = self.executable.buffer(mask.node) else { continue };
            match self.model.precision {
                Precision::F32 => mask::fill(self.model, mask, seed, step, memory.view_mut::<f32>(buffer)),
                Precision::F64 => mask::fill(self.model, mask, seed, step, memory.view_mut::<f64>(buffer)),
            }
        }
    }

    /// Works out step `step`, from 0, and gives the loss before it; `carry` makes it.
    pub(in crate::run) fn try_step(&self, memory: &mut Memory, step: u64, threads: &Threads) -> f64 {
        let numbers = self.optimizer.numbers(step, self.rate(step));
        for (node, number) in self.update.numbers.iter().zip(numbers) {
            let Some(buffer) = self.executable.buffer(*node) else { continue };
            match self.model.precision {
                Precision::F32 => memory.view_mut::<f32>(buffer)[0] = number as f32,
                Precision::F64 => memory.view_mut::<f64>(buffer)[0] = number,
            }
        }
        self.executable.run(memory, threads);
        self.executable.read(memory, self.loss)[0]
    }

    /// Makes the step that was worked out: the new parameters take the place of the old.
    pub(in crate::run) fn carry(&self, memory: &mut Memory) {
        for (leaf, next) in &self.update.carried {
            if let (Some(to), Some(from)) = (self.executable.buffer(*leaf), self.executable.buffer(*next)) {
                memory.copy(from, to);
            }
        }
    }

    /// The learning rate of a step.
    pub(in crate::run) fn rate(&self, step: u64) -> f64 {
        self.rate * self.schedule.factor(step, self.steps)
    }

    /// The norm of the whole gradient that the last step clipped, before it did.
    #[cfg(test)]
    pub(super) fn norm(&self, memory: &Memory) -> Option<f64> {
        self.update.norm.map(|node| self.executable.read(memory, node)[0])
    }

    /// A parameter as it stands; none where nothing depends on it.
    pub(in crate::run) fn parameter<'a, T: Number>(&self, memory: &'a Memory, id: ParameterId) -> &'a [T] {
        self.executable.view(memory, self.parameters[id])
    }

    /// Everything that the next step starts from, in order: parameters and what layers keep under their own names, what is remembered
    /// of parameters under `optimizer/`.
    pub(in crate::run) fn state(&self, memory: &Memory) -> Vec<(String, Tensor)> {
        let held = |(name, node, shape): &(String, NodeId, Shape)| {
            let tensor = self
                .executable
                .tensor(memory, *node, shape)
                .expect("every parameter and what is remembered of it is kept");
            (name.clone(), tensor)
        };
        self.state.iter().map(held).collect()
    }

    /// The names, shapes and precision of the state.
    pub(in crate::run) fn expected(&self) -> impl Iterator<Item = (&str, &Shape)> {
        self.state.iter().map(|(name, _, shape)| (name.as_str(), shape))
    }

    /// Puts tensors of a state, which are as `expected` says and in its order, in the place of those that a memory holds.
    ///
    /// # Panics
    /// Where they are not.
    pub(in crate::run) fn restore(&self, memory: &mut Memory, tensors: &[(String, Tensor)]) {
        assert_eq!(tensors.len(), self.state.len(), "a state is whole");
        for ((name, tensor), (expected, node, shape)) in tensors.iter().zip(&self.state) {
            assert!(name == expected && tensor.shape() == *shape, "a state is in order");
            let buffer = self.executable.buffer(*node).expect("every parameter and what is remembered of it is kept");
            match buffer.precision {
                Precision::F32 => tensor.copy_to(0, memory.view_mut::<f32>(buffer)),
                Precision::F64 => tensor.copy_to(0, memory.view_mut::<f64>(buffer)),
            }
        }
    }

    /// What a layer kept, by its place in the graph's order.
    pub(super) fn running<'a, T: Number>(&self, memory: &'a Memory, place: usize) -> &'a [T] {
        self.executable.view(memory, self.running[place].leaf)
    }

    /// Every parameter under its own name and shape, and what layers kept over so many updates.
    pub(in crate::run) fn tensors(&self, memory: &Memory, updates: u64) -> Vec<(String, Tensor)> {
        let name = |layer: LayerId, name: &str| format!("{}.{name}", self.model.layers[layer].name);
        let parameter = |(id, node): (ParameterId, &NodeId)| {
            let parameter = &self.model.parameters[id];
            let tensor = self.executable.tensor(memory, *node, &parameter.shape)?;
            Some((name(parameter.layer, &parameter.name), tensor))
        };
        let mut tensors: Vec<_> = self.parameters.iter_with_ids().filter_map(parameter).collect();
        for Running { layer, name: own, leaf, .. } in &self.running {
            let Some(buffer) = self.executable.buffer(*leaf) else { continue };
            if *own == "running_mean" {
                let count = match self.model.precision {
                    Precision::F32 => Tensor::new(&Shape::scalar(), vec![updates as f32]),
                    Precision::F64 => Tensor::new(&Shape::scalar(), vec![updates as f64]),
                };
                tensors.push((name(*layer, "num_batches_tracked"), count));
            }
            tensors.push((name(*layer, own), contents(memory, buffer, &buffer.shape)));
        }
        tensors
    }
}

/// What a step starts from: the name of each leaf, and its shape.
fn state(
    model: &Model,
    training: &TrainingGraph,
    update: &Update,
    optimizer: Optimizer,
) -> Vec<(String, NodeId, Shape)> {
    let name = |id: ParameterId| {
        let parameter = &model.parameters[id];
        format!("{}.{}", model.layers[parameter.layer].name, parameter.name)
    };
    let parameters = training.parameters.iter_with_ids();
    let parameters = parameters.map(|(id, node)| (name(id), *node, model.parameters[id].shape.clone()));
    let remembered = update.carried.iter().filter_map(|(leaf, _)| match &training.graph.nodes[*leaf].op {
        Op::Leaf(Leaf::State(id, slot)) => {
            let slot = optimizer.slot_names()[*slot];
            Some((format!("optimizer/{}.{slot}", name(*id)), *leaf, model.parameters[*id].shape.clone()))
        }
        // Parameters, which all stand above: those that are not updated too; and what layers keep, which stands below.
        _ => None,
    });
    let running = training.running.iter().map(|Running { layer, name, leaf, .. }| {
        (format!("{}.{name}", model.layers[*layer].name), *leaf, training.graph.shape(*leaf).clone())
    });
    parameters.chain(remembered).chain(running).collect()
}

/// Copies rows of a tensor one after another.
pub(in crate::run) fn gather<T: Number>(tensor: &Tensor, rows: &[usize], into: &mut [T]) {
    let width = into.len() / rows.len();
    for (row, into) in rows.iter().zip(into.chunks_exact_mut(width)) {
        tensor.copy_to(row * width, into);
    }
}
