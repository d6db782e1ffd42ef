//! The large matrix product: micro-kernels of 256- or 512-bit registers over packed panels, chosen where the processor has AVX2
//! and FMA, or AVX-512. Tiles, panels and blocks change nothing in the result: each element is one chain over its terms in order, which a
//! block of terms takes up where the one before left it in memory.
//!
//! `register.rs` what is asked of the processor · `tile.rs` the micro-kernel · `pack.rs` the panels

mod pack;
mod register;
mod tile;

use crate::kernel::{Matrix, Product};
use crate::shape::Precision;
use pack::{Block, pack};
use register::Register;
use std::arch::x86_64::{__m256, __m256d, __m512, __m512d};
use std::cell::RefCell;
use std::ops::Range;
use tile::Operands;

/// The most terms of a block: a panel of the right matrix then fills half of the first cache.
const TERMS: usize = 256;
/// Tiles of a block of rows: the packed block stays in the second cache.
const TILES: usize = 20;
/// Bytes of a term of the packed right matrix: the block stays in the third cache.
const TERM_BYTES: usize = 4096;

/// Columns of a panel in f32: where a product is cut between threads.
pub(super) const PANEL: usize = 32;

/// The registers of the micro-kernel. Whichever they are, the result is the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Registers {
    /// 256 bits: AVX2 and FMA.
    Avx2,
    /// 512 bits: AVX-512, and AVX2 and FMA for packing.
    Avx512,
}

impl Registers {
    /// Those that this processor has, the widest first.
    fn available() -> impl Iterator<Item = Self> {
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let avx512 = avx2 && is_x86_feature_detected!("avx512f");
        [(Self::Avx512, avx512), (Self::Avx2, avx2)].into_iter().filter_map(|(registers, has)| has.then_some(registers))
    }

    /// The widest that this processor has.
    pub(super) fn widest() -> Option<Self> {
        Self::available().next()
    }
}

/// A part of a product that one thread computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Which of the stack.
    pub(super) batch: usize,
    /// Rows of the result.
    pub(super) rows: Range<usize>,
    /// Columns of the result.
    pub(super) columns: Range<usize>,
}

/// Computes a part of a product. Arguments as `kernel::Product` says.
///
/// # Safety
/// The processor has the registers. The three arguments are the starts of the buffers of a verified step, with the access that the step
/// needs; nobody else accesses this part of the result meanwhile.
pub(super) unsafe fn multiply(product: &Product, registers: Registers, arguments: [*mut u8; 3], part: &Part) {
    if part.rows.is_empty() || part.columns.is_empty() {
        return;
    }
    // SAFETY: handed through; the precision is that of the buffers.
    unsafe {
        match (product.precision, registers) {
            (Precision::F32, Registers::Avx2) => multiply_in::<__m256>(product, arguments, part),
            (Precision::F64, Registers::Avx2) => multiply_in::<__m256d>(product, arguments, part),
            (Precision::F32, Registers::Avx512) => multiply_in::<__m512>(product, arguments, part),
            (Precision::F64, Registers::Avx512) => multiply_in::<__m512d>(product, arguments, part),
        }
    }
}

/// A cache line; scratch memory is made of them so that panels are aligned.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line {
    _bytes: [u8; 64],
}

thread_local! {
    /// The packed panels of this thread; at most about 2 MiB.
    static SCRATCH: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

/// # Safety
/// As `multiply`, with the product's precision that of `R`.
unsafe fn multiply_in<R: Register>(product: &Product, arguments: [*mut u8; 3], part: &Part) {
    let plan = Plan::<R>::new(product, part);
    SCRATCH.with_borrow_mut(|scratch| {
        let lines = (plan.left_numbers() + plan.right_numbers()).div_ceil(64 / size_of::<R::Number>());
        if scratch.len() < lines {
            scratch.resize(lines, Line { _bytes: [0; 64] });
        }
        let right_panels = scratch.as_mut_ptr().cast::<R::Number>();
        let left_panels = right_panels.wrapping_add(plan.right_numbers());
        // SAFETY: handed through; the panels are this thread's own and large enough.
        unsafe { plan.run(arguments, right_panels, left_panels) }
    });
}

/// How a part is computed: which operands are packed, and in what blocks.
struct Plan<'a, R> {
    product: &'a Product,
    part: &'a Part,
    pack_left: bool,
    pack_right: bool,
    /// Terms of a block, columns of a block.
    terms: usize,
    columns: usize,
    register: std::marker::PhantomData<R>,
}

impl<'a, R: Register> Plan<'a, R> {
    fn new(product: &'a Product, part: &'a Part) -> Self {
        let (rows, columns) = (part.rows.len(), part.columns.len());
        let Product { k, left, right, .. } = product;
        let bytes = size_of::<R::Number>();
        // A step from term to term over many lines shares few places of the first cache.
        let far = |stride: usize| stride * bytes >= 1024;
        Self {
            product,
            part,
            pack_left: columns >= 8 * R::LANES && *k >= 32 && (far(left.row) || far(left.column)),
            pack_right: right.column != 1 || (rows > 2 * R::ROWS_OF_WIDE && far(right.row)),
            terms: k.div_ceil(k.div_ceil(TERMS).max(1)),
            columns: columns.min(TERM_BYTES / bytes),
            register: std::marker::PhantomData,
        }
    }

    fn left_numbers(&self) -> usize {
        if self.pack_left { TILES * R::ROWS_OF_WIDE * self.terms } else { 0 }
    }

    fn right_numbers(&self) -> usize {
        if self.pack_right { self.columns.next_multiple_of(64 / size_of::<R::Number>()) * self.terms } else { 0 }
    }

    /// # Safety
    /// As `multiply`; `left_panels` and `right_panels` can hold `left_numbers` and `right_numbers`.
    unsafe fn run(&self, arguments: [*mut u8; 3], right_panels: *mut R::Number, left_panels: *mut R::Number) {
        let &Product { m, n, k, left, right, .. } = self.product;
        let Part { batch, rows, columns } = self.part;
        let place = |argument: *mut u8, matrix: Matrix| -> *const R::Number {
            argument.cast::<R::Number>().wrapping_add(matrix.offset + batch * matrix.batch)
        };
        let left = Block { from: place(arguments[0], left), term: left.column, lane: left.row }.at(0, rows.start);
        let right = Block { from: place(arguments[1], right), term: right.row, lane: right.column };
        let result = arguments[2].cast::<R::Number>().wrapping_add((batch * m + rows.start) * n);
        for first_column in columns.clone().step_by(self.columns) {
            let columns = self.columns.min(columns.end - first_column);
            let right = right.at(0, first_column);
            let result = result.wrapping_add(first_column);
            let mut first_term = 0;
            loop {
                let terms = self.terms.min(k - first_term);
                let block = Rectangle {
                    terms,
                    rows: rows.len(),
                    columns,
                    left: left.at(first_term, 0),
                    right: right.at(first_term, 0),
                    result,
                    result_row: n,
                    resume: first_term > 0,
                };
                // SAFETY: handed through.
                unsafe { self.run_block(&block, right_panels, left_panels) }
                first_term += terms;
                if first_term == k {
                    break;
                }
            }
        }
    }

    /// # Safety
    /// As `run`.
    unsafe fn run_block(
        &self,
        block: &Rectangle<R::Number>,
        right_panels: *mut R::Number,
        left_panels: *mut R::Number,
    ) {
        if self.pack_right {
            for panel in panels::<R>(block.columns) {
                let width = panel.len().next_multiple_of(R::LANES);
                let to = right_panels.wrapping_add(panel.start * block.terms);
                // SAFETY: the panels before hold `panel.start` columns, multiples of a register.
                unsafe { pack::<R::Packer>(block.right.at(0, panel.start), block.terms, panel.len(), to, width) }
            }
        }
        for rows in split(block.rows, TILES * R::ROWS_OF_WIDE) {
            if self.pack_left {
                for tile in split(rows.len(), R::ROWS_OF_WIDE) {
                    let to = left_panels.wrapping_add(tile.start * block.terms);
                    let from = block.left.at(0, rows.start + tile.start);
                    // SAFETY: the panels before hold `tile.start` of at most TILES · ROWS_OF_WIDE rows.
                    unsafe { pack::<R::Packer>(from, block.terms, tile.len(), to, tile.len()) }
                }
            }
            for panel in panels::<R>(block.columns) {
                // Panels of the left matrix are as high as wide tiles.
                let narrow = panel.len() <= R::LANES && !self.pack_left;
                for tile in split(rows.len(), if narrow { R::ROWS_OF_NARROW } else { R::ROWS_OF_WIDE }) {
                    let row = rows.start + tile.start;
                    let width = panel.len().next_multiple_of(R::LANES);
                    let (left, left_row, left_term) = if self.pack_left {
                        (left_panels.wrapping_add(tile.start * block.terms).cast_const(), 1, tile.len())
                    } else {
                        (block.left.at(0, row).from, block.left.lane, block.left.term)
                    };
                    let (right, right_term) = if self.pack_right {
                        (right_panels.wrapping_add(panel.start * block.terms).cast_const(), width)
                    } else {
                        (block.right.at(0, panel.start).from, block.right.term)
                    };
                    let operands = Operands {
                        terms: block.terms,
                        left,
                        left_row,
                        left_term,
                        right,
                        right_term,
                        result: block.result.wrapping_add(row * block.result_row + panel.start),
                        result_row: block.result_row,
                        columns: panel.len(),
                        resume: block.resume,
                        right_is_padded: self.pack_right,
                    };
                    // SAFETY: the tile lies in the block, and the block in the operands; where the right matrix is not
                    // packed, its columns are neighbours.
                    unsafe { R::tile(tile.len(), &operands) }
                }
            }
        }
    }
}

/// A block of terms of a part.
struct Rectangle<T> {
    terms: usize,
    rows: usize,
    columns: usize,
    left: Block<T>,
    right: Block<T>,
    result: *mut T,
    result_row: usize,
    resume: bool,
}

/// Cuts `extent` into as few parts of at most `most` as there can be, as equal as they can be.
fn split(extent: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    let parts = extent.div_ceil(most).max(1);
    let (size, longer) = (extent / parts, extent % parts);
    let start = move |part: usize| part * size + part.min(longer);
    (0..parts).map(move |part| start(part)..start(part + 1))
}

/// The columns of a block in panels of two registers; the last one narrower.
fn panels<R: Register>(columns: usize) -> impl Iterator<Item = Range<usize>> {
    let width = 2 * R::LANES;
    (0..columns).step_by(width).map(move |start| start..columns.min(start + width))
}

#[cfg(test)]
mod tests;
