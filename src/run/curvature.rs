//! The curvature of the loss at a point: of the mean over all examples, in f64, as training sees them (the batches of an epoch in the
//! source's order; what a batch holds in common, such as its norm's statistics, is its own). Products of the Hessian and a vector are
//! exact: forward mode over the nodes of the gradient, compiled once. What they are at a point is judged in `diagnose::curvature`.
//!
//! The eigenvalues at both ends come from Lanczos' method, their residuals ‖Hv − λv‖ from one more product each. Two steps are then
//! tried, and what they promise held against what they bring: one along −g of the curvature's own length, one along the direction
//! of the least eigenvalue, where that is negative.

mod eigen;
mod lanczos;

use super::Progress;
use super::data::Dataset;
use super::executable::Executable;
use super::initialize::Initial;
use super::random::Stream;
use super::record::{CurvatureRecord, Eigenvalue, Tried};
use super::session::{Executor, not_addressable};
use super::tensor::Tensor;
use super::train::gather;
use crate::diagnostics::{Diagnostic, data as words};
use crate::graph::{self, Builder, LayerId, Leaf, NodeId, Origin, ParameterId, Role};
use crate::jit::Threads;
use crate::kernel::memory::{Memory, OutOfMemory};
use crate::model::{self, Conduct, Model, ParameterRole};
use crate::numbers::bytes;
use crate::shape::Precision;
use lanczos::{dot, lanczos, norm};
use std::num::NonZero;

/// Products with the Hessian, at least and at most.
const PRODUCTS: (usize, usize) = (30, 60);
/// The first step along v_min would change the loss by this share of it.
const BOLD: f64 = 0.1;
/// A change of the loss below this share of it is rounding.
const ROUNDING: f64 = 1e-11;
/// How often a step is halved until it brings what it promises.
const HALVINGS: usize = 24;

/// A model in f64 without dropout: what is differentiated twice.
pub(super) fn widened(model: &Model) -> Model {
    let mut wide = Model { precision: Precision::F64, ..model.clone() };
    wide.report.dropout = false;
    wide
}

/// The loss, its gradient and products with its Hessian, compiled.
pub(super) struct Curvature<'m> {
    model: &'m Model,
    data: &'m Dataset,
    executable: Executable,
    input: NodeId,
    target: NodeId,
    loss: NodeId,
    parameters: Vec<Moved>,
    /// Numbers that training moves.
    size: usize,
}

/// A parameter and what belongs to it.
struct Moved {
    id: ParameterId,
    layer: LayerId,
    leaf: NodeId,
    /// Where its part of the vector is written; none where it is frozen.
    direction: Option<NodeId>,
    gradient: Option<NodeId>,
    product: Option<NodeId>,
    elements: usize,
}

/// What one run of the program tells, all examples together.
struct Seen {
    loss: f64,
    gradient: Vec<f64>,
    product: Vec<f64>,
}

impl<'m> Curvature<'m> {
    /// Builds and compiles it; `wide` is what `widened` made of the model.
    ///
    /// # Errors
    /// E0504 where some tensor is larger than can be addressed.
    pub(super) fn new(
        threads: NonZero<usize>,
        wide: &'m Model,
        data: &'m Dataset,
        executor: Executor,
    ) -> Result<Self, Diagnostic> {
        let mut training = model::build_for(wide, data.batch, Conduct { dropout: false, running: false });
        let wanted: Vec<NodeId> = training.parameters.iter().copied().collect();
        let gradients = graph::differentiate(&mut training.graph, training.loss, &wanted);
        let mut parameters = Vec::new();
        let mut moved = Vec::new();
        for ((id, leaf), gradient) in training.parameters.iter_with_ids().zip(gradients) {
            let layer = wide.parameters[id].layer;
            let origin = Origin { layer: Some(layer), span: wide.layers[layer].span, role: Role::Statistic };
            let shape = training.graph.shape(*leaf).clone();
            let elements = shape.elements();
            let direction = (!wide.layers[layer].frozen)
                .then(|| Builder::new(&mut training.graph, origin).leaf(Leaf::State(id, 0), shape, Precision::F64));
            moved.extend(direction.map(|direction| (*leaf, direction)));
            let gradient = gradient.filter(|_| direction.is_some());
            parameters.push(Moved { id, layer, leaf: *leaf, direction, gradient, product: None, elements });
        }
        let outputs: Vec<NodeId> = parameters.iter().filter_map(|moved| moved.gradient).collect();
        let mut products = graph::push_forward(&mut training.graph, &moved, &outputs).into_iter();
        for parameter in parameters.iter_mut().filter(|parameter| parameter.gradient.is_some()) {
            parameter.product = products.next().expect("one product for each gradient");
        }
        let (input, target, loss) = (training.input, training.target, training.loss);
        let mut keep = vec![loss, input, target];
        for parameter in &parameters {
            keep.push(parameter.leaf);
            keep.extend([parameter.direction, parameter.gradient, parameter.product].into_iter().flatten());
        }
        let executable = Executable::new(threads, &training.graph, &keep, executor)
            .map_err(|(graph, too_large)| not_addressable(wide, &graph, &too_large, data.batch))?;
        let size = parameters.iter().filter(|moved| moved.direction.is_some()).map(|moved| moved.elements).sum();
        Ok(Self { model: wide, data, executable, input, target, loss, parameters, size })
    }

    /// How many products fit into `room` beside the program: each keeps a vector.
    ///
    /// # Errors
    /// E0504 where those are too few to tell anything.
    pub(super) fn products(&self, room: u128) -> Result<(usize, usize), Diagnostic> {
        let vector = 8 * self.size.max(1) as u128;
        // Gradient, products, point and direction beside them.
        let beside = self.executable.bytes() + 8 * vector;
        let (least, most) = PRODUCTS;
        let fitting = usize::try_from(room.saturating_sub(beside) / vector).unwrap_or(usize::MAX);
        if fitting >= least.min(self.size) {
            return Ok((least, most.min(fitting)));
        }
        let needs = beside + least as u128 * vector;
        let parts = format!("{} for the program, {} for each direction", bytes(self.executable.bytes()), bytes(vector));
        Err(words::run_too_large(self.model.name.span, &bytes(needs), &parts, &bytes(room)))
    }

    /// The parameters, one after another, as a first point: drawn or read as the file says, in the precision that it says.
    ///
    /// # Errors
    /// E06 where they are read from a file that does not have them.
    pub(super) fn initial(
        &self,
        precision: Precision,
        initial: &mut Initial<'_>,
        seed: u64,
    ) -> Result<Vec<f64>, Diagnostic> {
        let mut point = Vec::new();
        for parameter in &self.parameters {
            match precision {
                Precision::F32 => {
                    let mut numbers = vec![0.0_f32; parameter.elements];
                    initial.fill(parameter.id, seed, &mut numbers)?;
                    point.extend(numbers.into_iter().map(f64::from));
                }
                Precision::F64 => {
                    let mut numbers = vec![0.0_f64; parameter.elements];
                    initial.fill(parameter.id, seed, &mut numbers)?;
                    point.extend(numbers);
                }
            }
        }
        Ok(point)
    }

    /// Puts parameters that training came to, by name, in the place of the first ones.
    pub(super) fn replace(&self, point: &mut [f64], trained: &[(String, Tensor)]) {
        let mut at = 0;
        for parameter in &self.parameters {
            let own = &self.model.parameters[parameter.id];
            let name = format!("{}.{}", self.model.layers[own.layer].name, own.name);
            if let Some((_, tensor)) = trained.iter().find(|(other, _)| *other == name) {
                tensor.copy_to(0, &mut point[at..at + parameter.elements]);
            }
            at += parameter.elements;
        }
    }

    /// What the loss is like around a point.
    ///
    /// # Errors
    /// E0504 where the machine does not give the memory.
    pub(super) fn measure(
        &self,
        point: &[f64],
        (seed, step): (u64, u64),
        products: (usize, usize),
        threads: &Threads,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<CurvatureRecord, Diagnostic> {
        let refused = |refused: OutOfMemory| words::memory_refused(self.model.name.span, &bytes(refused.bytes as u128));
        let mut memory = self.executable.memory().map_err(refused)?;
        let mut see = |point: &[f64], direction: &[f64]| self.see(&mut memory, point, direction, threads);
        let still = vec![0.0; self.size];
        let here = see(point, &still);
        let gradient = norm(&here.gradient);
        let mut record = CurvatureRecord {
            seed,
            step,
            examples: self.data.batches() * self.data.batch,
            parameters: self.size,
            point: norm(point),
            loss: here.loss,
            gradient,
            values: Vec::new(),
            complete: false,
            least: Eigenvalue { value: f64::NAN, residual: f64::NAN },
            greatest: Eigenvalue { value: f64::NAN, residual: f64::NAN },
            descent: None,
            escape: None,
            shares: Vec::new(),
            weights: 0.0,
        };
        if self.size == 0 || !here.loss.is_finite() || !gradient.is_finite() {
            return Ok(record);
        }
        let mut stream = Stream::new(seed, "curvature/start", "direction");
        let most = products.1.min(self.size);
        let mut done = 0;
        let spectrum = lanczos(
            self.size,
            products,
            || stream.normal(),
            |direction| {
                progress(Progress::Curvature(done, most));
                done += 1;
                see(point, direction).product
            },
        );
        let mut eigenvalue = |vector: &[f64], value: f64| {
            let product = see(point, vector).product;
            let rest: Vec<f64> = product.iter().zip(vector).map(|(product, number)| product - value * number).collect();
            Eigenvalue { value, residual: norm(&rest) }
        };
        record.least = eigenvalue(&spectrum.least, spectrum.values[0]);
        record.greatest = eigenvalue(&spectrum.greatest, *spectrum.values.last().expect("there is a number to move"));
        (record.values, record.complete) = (spectrum.values, spectrum.complete);
        record.shares = self.shares(&spectrum.least, |_| true);
        let weights = self.shares(&spectrum.least, |id| self.model.parameters[id].role == ParameterRole::Weight);
        record.weights = weights.iter().map(|(_, share)| share).sum();
        if gradient > 0.0 {
            let down: Vec<f64> = here.gradient.iter().map(|number| -number / gradient).collect();
            let scale = if record.greatest.value > 0.0 { record.greatest.value } else { record.least.value.abs() };
            // Without curvature the point's own length, for want of another.
            let length = if scale > 0.0 { gradient / scale } else { record.point.max(1.0) };
            let along = dot(&see(point, &down).product, &down);
            let measured = here.loss - see(&self.moved(point, &down, length), &still).loss;
            record.descent =
                Some(Tried { length, promised: gradient * length - 0.5 * along * length * length, measured });
        }
        if record.least.value < 0.0 {
            let slope = dot(&here.gradient, &spectrum.least);
            // Downhill where it slopes at all.
            let sign = if slope > 0.0 { -1.0 } else { 1.0 };
            let direction: Vec<f64> = spectrum.least.iter().map(|number| sign * number).collect();
            let (slope, curved) = (-slope.abs(), record.least.value);
            let mut length = (2.0 * BOLD * here.loss.abs() / curved.abs()).sqrt().min(record.point.max(1.0));
            for _ in 0..HALVINGS {
                let promised = -(slope * length + 0.5 * curved * length * length);
                let measured = here.loss - see(&self.moved(point, &direction, length), &still).loss;
                let tried = Tried { length, promised, measured };
                record.escape = Some(tried);
                if tried.is_kept() || promised < ROUNDING * here.loss.abs() {
                    break;
                }
                length /= 2.0;
            }
        }
        Ok(record)
    }

    /// Loss, gradient and product at a point, over all batches.
    fn see(&self, memory: &mut Memory, point: &[f64], direction: &[f64], threads: &Threads) -> Seen {
        let (mut from, mut along) = (point, direction);
        for parameter in &self.parameters {
            let (own, rest) = from.split_at(parameter.elements);
            from = rest;
            if let Some(buffer) = self.executable.buffer(parameter.leaf) {
                memory.view_mut::<f64>(buffer).copy_from_slice(own);
            }
            let Some(node) = parameter.direction else { continue };
            let (own, rest) = along.split_at(parameter.elements);
            along = rest;
            if let Some(buffer) = self.executable.buffer(node) {
                memory.view_mut::<f64>(buffer).copy_from_slice(own);
            }
        }
        let batches = self.data.batches();
        let mut seen = Seen { loss: 0.0, gradient: vec![0.0; self.size], product: vec![0.0; self.size] };
        for batch in 0..batches {
            let rows: Vec<usize> = (batch * self.data.batch..(batch + 1) * self.data.batch).collect();
            for (node, tensor) in [(self.input, &self.data.inputs), (self.target, &self.data.targets)] {
                if let Some(buffer) = self.executable.buffer(node) {
                    gather(tensor, &rows, memory.view_mut::<f64>(buffer));
                }
            }
            self.executable.run(memory, threads);
            seen.loss += self.executable.read(memory, self.loss)[0];
            self.add(memory, |moved| moved.gradient, &mut seen.gradient);
            self.add(memory, |moved| moved.product, &mut seen.product);
        }
        let share = 1.0 / batches as f64;
        seen.loss *= share;
        seen.gradient.iter_mut().chain(&mut seen.product).for_each(|number| *number *= share);
        seen
    }

    /// Adds a node of each parameter that moves to a vector; zeros where there is none.
    fn add(&self, memory: &Memory, node: impl Fn(&Moved) -> Option<NodeId>, sum: &mut [f64]) {
        let mut rest = sum;
        for parameter in self.parameters.iter().filter(|parameter| parameter.direction.is_some()) {
            let (own, others) = rest.split_at_mut(parameter.elements);
            rest = others;
            if let Some(buffer) = node(parameter).and_then(|node| self.executable.buffer(node)) {
                own.iter_mut().zip(memory.view::<f64>(buffer)).for_each(|(sum, number)| *sum += number);
            }
        }
    }

    /// The point a step of this length along a direction.
    fn moved(&self, point: &[f64], direction: &[f64], length: f64) -> Vec<f64> {
        let mut moved = point.to_vec();
        let (mut to, mut along) = (moved.as_mut_slice(), direction);
        for parameter in &self.parameters {
            let (own, rest) = to.split_at_mut(parameter.elements);
            to = rest;
            if parameter.direction.is_none() {
                continue;
            }
            let (own_direction, rest) = along.split_at(parameter.elements);
            along = rest;
            own.iter_mut().zip(own_direction).for_each(|(number, share)| *number += length * share);
        }
        moved
    }

    /// How much of a direction of length 1 lies in each layer, as the sum of its squares there, in the parameters that count.
    fn shares(&self, mut direction: &[f64], counts: impl Fn(ParameterId) -> bool) -> Vec<(LayerId, f64)> {
        let mut shares: Vec<(LayerId, f64)> = Vec::new();
        for parameter in self.parameters.iter().filter(|parameter| parameter.direction.is_some()) {
            let (own, rest) = direction.split_at(parameter.elements);
            direction = rest;
            let share = if counts(parameter.id) { dot(own, own) } else { 0.0 };
            match shares.iter_mut().find(|(layer, _)| *layer == parameter.layer) {
                Some((_, sum)) => *sum += share,
                None => shares.push((parameter.layer, share)),
            }
        }
        shares
    }
}

#[cfg(test)]
mod tests;
