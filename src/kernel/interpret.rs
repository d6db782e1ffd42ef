//! Carries out a program point by point, as the types of this module say it: the oracle of the JIT, which must give the same
//! bits. Written to be read beside those types; nothing here is fast.

use super::combine::{Accumulate, combine, combine_lanes};
use super::fold::{Summed, fold};
use super::histogram::count;
use super::memory::{Element, Memory};
use super::rows::{gather, scatter_add};
use super::{
    Access, Buffer, CHUNK, Fold, Histogram, Input, Kernel, LANES, Loop, Matrix, Over, Product, Program, Reduction,
    Rows, Scan,
};
use crate::scalar::{Arithmetic, Evaluator, Lane};
use crate::shape::Precision;
use std::ops::Range;

/// Runs every step of a verified program once. The leaves have been written, the kept nodes can be read.
pub fn interpret(program: &Program, memory: &mut Memory) {
    for step in &program.steps {
        let arguments: Vec<&Buffer> = step.arguments.iter().map(|id| &program.buffers[*id]).collect();
        match (&program.kernels[step.kernel], program.kernels[step.kernel].precision()) {
            (Kernel::Loop(kernel), Precision::F32) => interpret_loop::<f32>(kernel, &arguments, memory),
            (Kernel::Loop(kernel), Precision::F64) => interpret_loop::<f64>(kernel, &arguments, memory),
            (Kernel::Product(kernel), Precision::F32) => interpret_product::<f32>(kernel, &arguments, memory),
            (Kernel::Product(kernel), Precision::F64) => interpret_product::<f64>(kernel, &arguments, memory),
            (Kernel::Combine(kernel), Precision::F32) => {
                let (partials, result) = memory.disjoint::<f32, f32>(arguments[0], arguments[1]);
                combine(kernel, partials, result);
            }
            (Kernel::Combine(kernel), Precision::F64) => {
                let (partials, result) = memory.disjoint::<f64, f64>(arguments[0], arguments[1]);
                combine(kernel, partials, result);
            }
            (Kernel::Histogram(kernel), Precision::F32) => interpret_histogram::<f32>(kernel, &arguments, memory),
            (Kernel::Histogram(kernel), Precision::F64) => interpret_histogram::<f64>(kernel, &arguments, memory),
            (Kernel::Scan(kernel), _) => interpret_scan(kernel, &arguments, memory),
            (Kernel::Fold(kernel), Precision::F32) => interpret_fold::<f32>(kernel, &arguments, memory),
            (Kernel::Fold(kernel), Precision::F64) => interpret_fold::<f64>(kernel, &arguments, memory),
            (Kernel::Gather(kernel), Precision::F32) => interpret_rows::<f32>(kernel, gather, &arguments, memory),
            (Kernel::Gather(kernel), Precision::F64) => interpret_rows::<f64>(kernel, gather, &arguments, memory),
            (Kernel::ScatterAdd(kernel), Precision::F32) => {
                interpret_rows::<f32>(kernel, scatter_add, &arguments, memory);
            }
            (Kernel::ScatterAdd(kernel), Precision::F64) => {
                interpret_rows::<f64>(kernel, scatter_add, &arguments, memory);
            }
        }
    }
}

/// All points of the first `extents.len()` axes, row-major.
fn for_each_point(extents: &[usize], mut visit: impl FnMut(&[usize])) {
    let mut point = vec![0; extents.len()];
    loop {
        visit(&point);
        let Some(axis) = (0..extents.len()).rev().find(|axis| point[*axis] + 1 < extents[*axis]) else { return };
        point[axis] += 1;
        point[axis + 1..].fill(0);
    }
}

fn place(access: &Access, point: &[usize]) -> usize {
    access.offset + point.iter().zip(&access.strides).map(|(index, stride)| index * stride).sum::<usize>()
}

fn interpret_loop<T: Lane + Element>(kernel: &Loop, arguments: &[&Buffer], memory: &mut Memory) {
    let mut body = Evaluator::<T>::new(&kernel.body);
    let mut values = vec![T::of(0.0); kernel.inputs.len()];
    let mut results = Vec::new();
    let mut reductions: Vec<Lanes> = kernel.reductions.iter().map(|reduction| Lanes::new(reduction, kernel)).collect();
    for_each_point(&kernel.extents, |point| {
        for (value, input) in values.iter_mut().zip(&kernel.inputs) {
            *value = T::of(match input {
                Input::Load(access) => memory.load(arguments[access.argument], place(access, point)),
                Input::Index(axis) => point[*axis] as f64,
            });
        }
        body.evaluate(&values, &mut results);
        for store in &kernel.stores {
            memory.store(arguments[store.access.argument], place(&store.access, point), results[store.result].widen());
        }
        for lanes in &mut reductions {
            lanes.take(point, results[lanes.reduction.result].widen());
        }
    });
    for lanes in &reductions {
        lanes.write(arguments[lanes.reduction.into], memory);
    }
}

/// The lanes of one reduction: `[outer, chunks, LANES, inner]`, where one of `outer` and `inner` is 1.
struct Lanes<'a> {
    reduction: &'a Reduction,
    over: Over,
    /// The points of the axes that stay.
    points: usize,
    /// Those axes.
    kept: &'a [usize],
    chunks: usize,
    /// In f64, which holds every number of either format.
    values: Vec<f64>,
}

impl<'a> Lanes<'a> {
    fn new(reduction: &'a Reduction, kernel: &'a Loop) -> Self {
        let extents = kernel.extents.as_slice();
        let (reduced, kept) = match kernel.over {
            Over::Inner => extents.split_last(),
            Over::Outer => extents.split_first(),
        }
        .expect("a loop has an axis");
        let (points, chunks) = (kept.iter().product(), reduced.div_ceil(CHUNK));
        let values = vec![f64::identity(reduction.combine); points * chunks * LANES];
        Self { reduction, over: kernel.over, points, kept, chunks, values }
    }

    fn take(&mut self, point: &[usize], value: f64) {
        let (reduced, kept) = match self.over {
            Over::Inner => point.split_last(),
            Over::Outer => point.split_first(),
        }
        .expect("a loop has an axis");
        let row_major = kept.iter().zip(self.kept).fold(0, |place, (index, extent)| place * extent + index);
        let (chunk, lane) = (reduced / CHUNK, reduced % LANES);
        let lane = &mut self.values[match self.over {
            Over::Inner => (row_major * self.chunks + chunk) * LANES + lane,
            Over::Outer => (chunk * LANES + lane) * self.points + row_major,
        }];
        *lane = match self.reduction.accumulator {
            Precision::F32 => f64::from((*lane as f32).combine(self.reduction.combine, value as f32)),
            Precision::F64 => lane.combine(self.reduction.combine, value),
        };
    }

    fn write(&self, into: &Buffer, memory: &mut Memory) {
        match self.over {
            Over::Inner => {
                for (element, lanes) in self.values.as_chunks::<LANES>().0.iter().enumerate() {
                    let combined = match self.reduction.accumulator {
                        Precision::F32 => {
                            f64::from(combine_lanes(self.reduction.combine, lanes.map(|lane| lane as f32)))
                        }
                        Precision::F64 => combine_lanes(self.reduction.combine, *lanes),
                    };
                    memory.store(into, element, combined);
                }
            }
            Over::Outer => {
                for (element, lane) in self.values.iter().enumerate() {
                    memory.store(into, element, *lane);
                }
            }
        }
    }
}

fn interpret_product<T: Lane + Element>(kernel: &Product, arguments: &[&Buffer], memory: &mut Memory) {
    let Product { batch, m, n, k, left, right, .. } = *kernel;
    let at = |matrix: Matrix, index: usize, row: usize, column: usize| {
        matrix.offset + index * matrix.batch + row * matrix.row + column * matrix.column
    };
    let mut machine = T::Machine::default();
    let mut result = vec![T::of(0.0); batch * m * n];
    let (left_values, right_values) = (memory.view::<T>(arguments[0]), memory.view::<T>(arguments[1]));
    for (row, chains) in result.chunks_exact_mut(n).enumerate() {
        let (index, row) = (row / m, row % m);
        for term in 0..k {
            let factor = left_values[at(left, index, row, term)];
            for (column, chain) in chains.iter_mut().enumerate() {
                *chain = machine.fused(factor, right_values[at(right, index, term, column)], *chain);
            }
        }
    }
    memory.view_mut::<T>(arguments[2]).copy_from_slice(&result);
}

fn interpret_histogram<T: Element + Into<f64>>(kernel: &Histogram, arguments: &[&Buffer], memory: &mut Memory) {
    let (values, counts) = memory.disjoint::<T, f64>(arguments[0], arguments[1]);
    count(kernel, values, counts);
}

/// Carries each step's slices into a memory of the program's own, and the next state out of it.
fn interpret_scan(kernel: &Scan, arguments: &[&Buffer], memory: &mut Memory) {
    let Scan { state, inputs, result, program, .. } = kernel;
    let stack = arguments[inputs.len()];
    let mut inner = Memory::new(program).expect("the scratch memory is as large");
    for element in 0..*state {
        let number = memory.load(arguments[0], inputs[0].offset + element);
        memory.store(stack, kernel.first() * state + element, number);
    }
    for [time, before, after] in kernel.turns() {
        for (position, (input, from)) in inputs.iter().zip(arguments).enumerate() {
            let Some(buffer) = input.buffer else { continue };
            let to = &program.buffers[buffer];
            let (from, start) =
                if position == 0 { (stack, before * state) } else { (*from, input.offset + time * input.stride) };
            for element in 0..to.shape.elements() {
                let number = memory.load(from, start + element);
                inner.store(to, element, number);
            }
        }
        interpret(program, &mut inner);
        for element in 0..*state {
            let number = inner.load(&program.buffers[*result], element);
            memory.store(stack, after * state + element, number);
        }
    }
}

fn interpret_fold<T: Summed>(kernel: &Fold, arguments: &[&Buffer], memory: &mut Memory) {
    let (windows, sums) = memory.disjoint::<T, T>(arguments[0], arguments[1]);
    fold(kernel, windows, 0..kernel.units(), sums);
}

/// A kernel over rows, all of its units at once.
type OverRows<T> = fn(&Rows, &[T], &[T], Range<usize>, &mut [T]);

fn interpret_rows<T: Summed>(kernel: &Rows, over: OverRows<T>, arguments: &[&Buffer], memory: &mut Memory) {
    let numbers = memory.view::<T>(arguments[1]).to_vec();
    let (from, into) = memory.disjoint::<T, T>(arguments[0], arguments[2]);
    over(kernel, from, &numbers, 0..into.len() / kernel.width, into);
}
