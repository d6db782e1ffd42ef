//! A compiled program and its execution: the steps in order, the units of a large one shared by threads.

use super::code::{Code, Entry};
#[cfg(target_arch = "x86_64")]
use super::gemm::{self, Part, Registers};
use super::threads::Threads;
use super::turns::Turns;
use crate::arena::Id;
use crate::graph::Windows;
#[cfg(target_arch = "x86_64")]
use crate::kernel::Product;
use crate::kernel::combine::{Accumulate, combine};
use crate::kernel::fold::{Summed, fold};
use crate::kernel::histogram::{count, decades};
use crate::kernel::memory::{Element, Memory};
use crate::kernel::rows::{gather, scatter_add};
use crate::kernel::{CombinePartials, Fold, Histogram, Program, Rows};
use crate::shape::Precision;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A step is shared by threads from about this many cycles on: waking one takes thousands.
const SHARED_FROM: usize = 100_000;

/// How a kernel is carried out.
#[derive(Clone, Debug)]
pub(super) enum Execution {
    /// Machine code over units.
    Units {
        /// The code.
        entry: Entry,
        /// How many units.
        units: usize,
        /// About how many cycles all units take.
        cycles: usize,
    },
    /// The wide micro-kernel, in these registers.
    #[cfg(target_arch = "x86_64")]
    Product(Product, Registers),
    /// The interpreter's own function.
    Combine(CombinePartials),
    /// The interpreter's own function.
    Histogram(Histogram),
    /// The interpreter's own function.
    Fold(Fold),
    /// The interpreter's own function.
    Rows(Rows, Direction),
    /// A program of its own, turn by turn.
    Scan(Arc<Turns>),
}

/// Out of a table or into it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Direction {
    /// Rows are read.
    Gather,
    /// Rows are added.
    ScatterAdd,
}

impl fmt::Display for Execution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Units { units, .. } => write!(f, "machine code over {units} units"),
            #[cfg(target_arch = "x86_64")]
            Self::Product(Product { precision, batch, m, n, k, .. }, _) => {
                write!(f, "{precision} product of {batch} × [{m}, {k}] × [{k}, {n}] by the wide micro-kernel")
            }
            Self::Combine(CombinePartials { precision, outer, chunks, lanes, inner, .. }) => {
                write!(f, "{precision} combination of [{outer}, {chunks}, {lanes}, {inner}]")
            }
            Self::Histogram(Histogram { precision, elements }) => {
                write!(f, "{precision} decades of {elements} elements")
            }
            Self::Scan(turns) => write!(f, "{turns}"),
            Self::Fold(Fold { precision, windows: Windows { places, size, .. }, extent, .. }) => {
                write!(f, "{precision} fold of {places} windows of {size} into {extent}")
            }
            Self::Rows(Rows { precision, rows, width, count }, Direction::Gather) => {
                write!(f, "{precision} gathering of {count} rows of [{rows}, {width}]")
            }
            Self::Rows(Rows { precision, rows, width, count }, Direction::ScatterAdd) => {
                write!(f, "{precision} addition of {count} rows into [{rows}, {width}]")
            }
        }
    }
}

#[derive(Debug)]
struct Step {
    kernel: usize,
    /// Its arguments in the table.
    arguments: Range<usize>,
}

/// A program as machine code. Several threads may run it at once, each in a memory of its own.
#[derive(Debug)]
pub struct CompiledProgram {
    steps: Vec<Step>,
    kernels: Vec<Execution>,
    /// The byte offset of each argument of each step.
    arguments: Vec<usize>,
    memory_bytes: usize,
    /// Holds the entries of `kernels`.
    _code: Code,
}

/// The addresses of the arguments of every step.
pub(super) struct Table(pub(super) Vec<*mut u8>);

// SAFETY: the addresses lie in a memory that is mutably borrowed while the table lives; threads that share a step access
// different places of it.
unsafe impl Sync for Table {}

impl CompiledProgram {
    /// # Safety
    /// `program` is verified, and `kernels` carry out its kernels, in order, their entries held by `code`.
    pub(super) unsafe fn new(program: &Program, kernels: Vec<Execution>, code: Code) -> Self {
        let mut arguments = Vec::new();
        let steps = program
            .steps
            .iter()
            .map(|step| {
                let start = arguments.len();
                arguments.extend(step.arguments.iter().map(|buffer| program.buffers[*buffer].offset));
                Step { kernel: step.kernel.index(), arguments: start..arguments.len() }
            })
            .collect();
        Self { steps, kernels, arguments, memory_bytes: program.memory_bytes, _code: code }
    }

    /// Runs every step once, on as many threads as there are: the leaves have been written, the kept nodes can be read. The
    /// result does not depend on the threads.
    ///
    /// # Panics
    /// Where the memory is smaller than the program's.
    pub fn run(&self, memory: &mut Memory, threads: &Threads) {
        self.run_sharing_from(SHARED_FROM, memory, threads);
    }

    /// As `run`, with steps shared from this many cycles on.
    pub(super) fn run_sharing_from(&self, cycles: usize, memory: &mut Memory, threads: &Threads) {
        let shared_from = cycles;
        assert!(memory.bytes() >= self.memory_bytes, "a program runs in a memory made for it");
        let table = self.table(memory.as_mut_ptr());
        // SAFETY: the table's addresses lie in a memory as large as the program's, which is borrowed until this function returns.
        unsafe { self.run_steps(&table, shared_from, threads) }
    }

    /// The addresses of every argument in a memory that begins at `start`.
    pub(super) fn table(&self, start: *mut u8) -> Table {
        Table(self.arguments.iter().map(|offset| start.wrapping_add(*offset)).collect())
    }

    /// Runs every step once.
    ///
    /// # Safety
    /// Every address of the table is the start of as many bytes, of numbers of the same format, as the buffer it stands for;
    /// buffers of which one is written lie apart, or as in the program. Nobody else uses them meanwhile.
    pub(super) unsafe fn run_steps(&self, table: &Table, shared_from: usize, threads: &Threads) {
        for step in &self.steps {
            match &self.kernels[step.kernel] {
                Execution::Units { entry, units, cycles } => {
                    let start = step.arguments.start;
                    share(threads, *cycles >= shared_from, *units, |range| {
                        // SAFETY: `verify` proved that the kernel stays within its buffers, and that no unit writes what
                        // another one reads or writes. The caller vouches for the buffers, and the code lives as long as `self`.
                        unsafe { entry(table.0.as_ptr().add(start), range.start, range.end) }
                    });
                }
                #[cfg(target_arch = "x86_64")]
                Execution::Product(product, registers) => {
                    multiply(product, *registers, table, step, threads, shared_from);
                }
                Execution::Combine(kernel) => {
                    let arguments = table.of(step);
                    // SAFETY: handed through; `verify` proved the sizes, the formats and that the two are apart.
                    unsafe {
                        match kernel.precision {
                            Precision::F32 => combine_partials::<f32>(kernel, arguments),
                            Precision::F64 => combine_partials::<f64>(kernel, arguments),
                        }
                    }
                }
                Execution::Histogram(kernel) => {
                    let arguments = table.of(step);
                    // SAFETY: handed through; `verify` proved the sizes, the formats and that the two are apart.
                    unsafe {
                        match kernel.precision {
                            Precision::F32 => count_decades::<f32>(kernel, arguments),
                            Precision::F64 => count_decades::<f64>(kernel, arguments),
                        }
                    }
                }
                Execution::Scan(turns) => {
                    // SAFETY: `verify` proved the sizes and formats, and what lies apart; the caller vouches for the buffers.
                    unsafe { turns.run(table.of(step), shared_from, threads) }
                }
                Execution::Fold(kernel) => {
                    share(threads, kernel.additions() >= shared_from, kernel.units(), |units| {
                        let arguments = table.of(step);
                        // SAFETY: handed through; `verify` proved the sizes, the formats and that the two are apart. Each
                        // unit writes sums of its own.
                        unsafe {
                            match kernel.precision {
                                Precision::F32 => fold_units::<f32>(kernel, arguments, units),
                                Precision::F64 => fold_units::<f64>(kernel, arguments, units),
                            }
                        }
                    });
                }
                Execution::Rows(kernel, direction) => {
                    let units = match direction {
                        Direction::Gather => kernel.count,
                        Direction::ScatterAdd => kernel.rows,
                    };
                    share(threads, kernel.count.saturating_mul(kernel.width) >= shared_from, units, |units| {
                        let arguments = table.of(step);
                        // SAFETY: handed through; `verify` proved the sizes, the formats and that what is written is apart
                        // from the rest. Each unit is a row of it.
                        unsafe {
                            match kernel.precision {
                                Precision::F32 => move_rows::<f32>(kernel, *direction, arguments, units),
                                Precision::F64 => move_rows::<f64>(kernel, *direction, arguments, units),
                            }
                        }
                    });
                }
            }
        }
    }
}

impl Table {
    fn of(&self, step: &Step) -> &[*mut u8] {
        &self.0[step.arguments.clone()]
    }
}

/// Does the units on the threads there are, or on the caller's.
fn share(threads: &Threads, is_shared: bool, units: usize, work: impl Fn(Range<usize>) + Sync) {
    if is_shared { threads.share(units, work) } else { work(0..units) }
}

#[cfg(target_arch = "x86_64")]
fn multiply(
    product: &Product,
    registers: Registers,
    table: &Table,
    step: &Step,
    threads: &Threads,
    shared_from: usize,
) {
    let Product { batch, m, n, k, .. } = *product;
    // Sixteen multiply-adds a cycle in f32.
    let is_shared = batch.saturating_mul(m).saturating_mul(n).saturating_mul(k) / 16 >= shared_from;
    let part = |batch: usize, rows: Range<usize>, columns: Range<usize>| {
        let arguments = table.of(step).first_chunk().expect("a product has three arguments");
        // SAFETY: a product is only called with registers that the processor has (`called`); `verify` proved that it stays within its
        // buffers and that the result is apart from them. Parts do not overlap.
        unsafe { gemm::multiply(product, registers, *arguments, &Part { batch, rows, columns }) }
    };
    if batch > 1 {
        share(threads, is_shared, batch, |range| range.for_each(|batch| part(batch, 0..m, 0..n)));
    } else if m >= n {
        share(threads, is_shared, m, |rows| part(0, rows, 0..n));
    } else {
        let panels = n.div_ceil(gemm::PANEL);
        share(threads, is_shared, panels, |range| {
            part(0, 0..m, range.start * gemm::PANEL..n.min(range.end * gemm::PANEL));
        });
    }
}

/// # Safety
/// The arguments are those of a verified step of this kernel, of the precision of `T`, and nobody else writes them.
unsafe fn combine_partials<T: Accumulate>(kernel: &CombinePartials, arguments: &[*mut u8]) {
    let CombinePartials { outer, chunks, lanes, inner, .. } = *kernel;
    // SAFETY: handed through.
    unsafe {
        let partials = std::slice::from_raw_parts(arguments[0].cast::<T>(), outer * chunks * lanes * inner);
        let result = std::slice::from_raw_parts_mut(arguments[1].cast::<T>(), outer * inner);
        combine(kernel, partials, result);
    }
}

/// # Safety
/// The arguments are those of a verified step of this kernel, of the precision of `T`, and nobody else writes them.
#[expect(clippy::cast_ptr_alignment, reason = "every buffer is aligned to ALIGNMENT")]
unsafe fn count_decades<T: Element + Into<f64>>(kernel: &Histogram, arguments: &[*mut u8]) {
    // SAFETY: handed through.
    unsafe {
        let values = std::slice::from_raw_parts(arguments[0].cast::<T>(), kernel.elements);
        let counts = std::slice::from_raw_parts_mut(arguments[1].cast::<f64>(), decades(kernel.precision).1);
        count(kernel, values, counts);
    }
}

/// # Safety
/// The arguments are those of a verified step of this kernel, of the precision of `T`, and nobody else writes these units or what
/// is read.
unsafe fn fold_units<T: Summed>(kernel: &Fold, arguments: &[*mut u8], units: Range<usize>) {
    let unit = kernel.unit();
    // SAFETY: handed through; a unit's sums lie one after another.
    unsafe {
        let windows = std::slice::from_raw_parts(arguments[0].cast::<T>(), kernel.reach());
        let sums = arguments[1].cast::<T>().add(units.start * unit);
        fold(kernel, windows, units.clone(), std::slice::from_raw_parts_mut(sums, units.len() * unit));
    }
}

/// # Safety
/// The arguments are those of a verified step of this kernel, of the precision of `T`, and nobody else writes these rows or what
/// is read.
unsafe fn move_rows<T: Summed>(kernel: &Rows, direction: Direction, arguments: &[*mut u8], units: Range<usize>) {
    let (over, read): (fn(&Rows, &[T], &[T], Range<usize>, &mut [T]), usize) = match direction {
        Direction::Gather => (gather, kernel.rows),
        Direction::ScatterAdd => (scatter_add, kernel.count),
    };
    // SAFETY: handed through; rows lie one after another.
    unsafe {
        let from = std::slice::from_raw_parts(arguments[0].cast::<T>(), read * kernel.width);
        let numbers = std::slice::from_raw_parts(arguments[1].cast::<T>(), kernel.count);
        let into = arguments[2].cast::<T>().add(units.start * kernel.width);
        let into = std::slice::from_raw_parts_mut(into, units.len() * kernel.width);
        over(kernel, from, numbers, units, into);
    }
}
