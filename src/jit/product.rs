//! Matrix products as machine code made for their shape: tiles of two rows and four vectors, whose eight chains of fused
//! multiply-adds fill 128-bit registers. Faster than `gemm` where a product is tiny, and the same bits where it cannot run.
//!
//! A unit is a pair of rows of one matrix of the stack. The code must be compiled as written: rewriting would take one chain
//! after another and spill.

use super::emit::{Emitter, lanes, vector_type};
use crate::kernel::Product;
use cranelift::codegen::ir::Value;
use cranelift::prelude::InstBuilder;

/// Rows of a tile.
const ROWS: usize = 2;
/// Vectors of a tile's row.
const VECTORS: usize = 4;
/// Terms of one round of the inner loop.
const ROUND: usize = 4;

/// Multiply-adds of a product from which the wide micro-kernel is faster.
#[cfg(target_arch = "x86_64")]
pub(super) const WIDE_FROM: usize = 2048;

/// How many multiply-adds a product takes.
pub(super) fn terms(product: &Product) -> usize {
    [product.batch, product.m, product.n, product.k].into_iter().fold(1, usize::saturating_mul)
}

/// How many units a product has.
pub(super) fn unit_count(product: &Product) -> usize {
    product.batch * product.m.div_ceil(ROWS)
}

/// Emits the product into `emitter`.
pub(super) fn emit_product(e: &mut Emitter, product: &Product, parameters: &[Value]) {
    let &[table, begin, end] = parameters else { unreachable!("a kernel takes its arguments and two bounds") };
    let bytes = product.precision.bytes();
    let left = e.argument(table, 0);
    let left = e.plus(left, product.left.offset * bytes);
    let right = e.argument(table, 1);
    let right = e.plus(right, product.right.offset * bytes);
    let result = e.argument(table, 2);
    let pairs = product.m.div_ceil(ROWS);
    e.repeat(begin, end, 1, &[], |e, unit, _| {
        let (batch, pair) = e.divide(unit, pairs);
        let row = e.times(pair, ROWS);
        let shift = |e: &mut Emitter, pointer: Value, index: Value, stride: usize| {
            let offset = e.times(index, stride * bytes);
            e.add(pointer, offset)
        };
        let left = shift(e, left, batch, product.left.batch);
        let left = shift(e, left, row, product.left.row);
        let right = shift(e, right, batch, product.right.batch);
        let result = shift(e, result, batch, product.m * product.n);
        let result = shift(e, result, row, product.n);
        if product.m.is_multiple_of(ROWS) {
            emit_rows(e, product, ROWS, [left, right, result]);
        } else if product.m == 1 {
            emit_rows(e, product, 1, [left, right, result]);
        } else {
            let is_last = e.is_equal(pair, pairs - 1);
            e.either(
                is_last,
                |e| emit_rows(e, product, product.m % ROWS, [left, right, result]),
                |e| emit_rows(e, product, ROWS, [left, right, result]),
            );
        }
        Vec::new()
    });
}

/// All columns of some rows.
fn emit_rows(e: &mut Emitter, product: &Product, rows: usize, [left, right, result]: [Value; 3]) {
    let bytes = product.precision.bytes();
    let width = VECTORS * lanes(product.precision);
    let whole = product.n - product.n % width;
    let tile = |e: &mut Emitter, column: Value, columns: usize| {
        let offset = e.times(column, product.right.column * bytes);
        let right = e.add(right, offset);
        let offset = e.times(column, bytes);
        let result = e.add(result, offset);
        Tile { product, rows, columns, left, right, result }.emit(e);
    };
    let (start, end) = (e.integer(0), e.integer(whole));
    if whole == width {
        tile(e, start, width);
    } else if whole > 0 {
        e.repeat(start, end, width, &[], |e, column, _| {
            tile(e, column, width);
            Vec::new()
        });
    }
    if whole < product.n {
        tile(e, end, product.n - whole);
    }
}

/// A tile of the result.
struct Tile<'p> {
    product: &'p Product,
    rows: usize,
    columns: usize,
    left: Value,
    right: Value,
    result: Value,
}

impl Tile<'_> {
    fn emit(&self, e: &mut Emitter) {
        let Product { precision, n, k, left, right, .. } = *self.product;
        let (bytes, width) = (precision.bytes(), lanes(precision));
        let zero = e.constant(precision, 0.0);
        let vectors = self.columns.div_ceil(width);
        let mut sums = vec![zero; self.rows * vectors];
        let whole = k - k % ROUND;
        let mut pointers = [self.left, self.right];
        let round = |e: &mut Emitter, pointers: [Value; 2], terms: usize, sums: &mut [Value]| {
            self.emit_terms(e, pointers, terms, sums);
            [(pointers[0], left.column), (pointers[1], right.row)]
                .map(|(pointer, stride)| e.plus(pointer, terms * stride * bytes))
        };
        if whole > 2 * ROUND {
            let (start, end) = (e.integer(0), e.integer(whole));
            let carried: Vec<Value> = pointers.iter().chain(&sums).copied().collect();
            let carried = e.repeat(start, end, ROUND, &carried, |e, _, carried| {
                let mut sums = carried[2..].to_vec();
                let next = round(e, [carried[0], carried[1]], ROUND, &mut sums);
                next.into_iter().chain(sums).collect()
            });
            pointers = [carried[0], carried[1]];
            sums = carried[2..].to_vec();
        } else {
            for _ in (0..whole).step_by(ROUND) {
                pointers = round(e, pointers, ROUND, &mut sums);
            }
        }
        if whole < k {
            round(e, pointers, k - whole, &mut sums);
        }
        for (index, sum) in sums.into_iter().enumerate() {
            let (row, vector) = (index / vectors, index % vectors);
            let count = (self.columns - vector * width).min(width);
            let to = e.plus(self.result, (row * n + vector * width) * bytes);
            e.store(precision, sum, to, 0, count);
        }
    }

    /// Adds a few terms to every chain.
    fn emit_terms(&self, e: &mut Emitter, [left, right]: [Value; 2], terms: usize, sums: &mut [Value]) {
        let product = self.product;
        let (bytes, width) = (product.precision.bytes(), lanes(product.precision));
        let vectors = self.columns.div_ceil(width);
        for first in (0..terms).step_by(width) {
            // As many terms as a vector has lanes, so that a transposed matrix is read in squares.
            let terms = (terms - first).min(width);
            let mut columns: Vec<Vec<Value>> = Vec::with_capacity(vectors);
            let is_square = |count: usize| product.right.row == 1 && terms == width && count == width;
            for vector in 0..vectors {
                let count = (self.columns - vector * width).min(width);
                columns.push(if is_square(count) {
                    self.load_square(e, right, first, vector * width)
                } else {
                    Vec::new()
                });
            }
            for term in 0..terms {
                let factors: Vec<Value> = (0..vectors)
                    .map(|vector| {
                        let count = (self.columns - vector * width).min(width);
                        match columns[vector].get(term) {
                            Some(factor) => *factor,
                            None => self.load_factor(e, right, first + term, vector * width, count),
                        }
                    })
                    .collect();
                for row in 0..self.rows {
                    let place = row * product.left.row + (first + term) * product.left.column;
                    let from = e.plus(left, place * bytes);
                    let number = e.load_scalar(product.precision, from, 0);
                    let number = e.ins().splat(vector_type(product.precision), number);
                    for (sum, factor) in sums[row * vectors..][..vectors].iter_mut().zip(&factors) {
                        *sum = e.ins().fma(*factor, number, *sum);
                    }
                }
            }
        }
    }

    /// `count` neighbouring columns of one term of the right matrix.
    fn load_factor(&self, e: &mut Emitter, right: Value, term: usize, column: usize, count: usize) -> Value {
        let Product { precision, right: matrix, .. } = *self.product;
        let place = |column: usize| (term * matrix.row + column * matrix.column) * precision.bytes();
        if matrix.column == 1 {
            let from = e.plus(right, place(column));
            return e.load(precision, from, 0, count);
        }
        let numbers: Vec<Value> = (0..count)
            .map(|lane| {
                let from = e.plus(right, place(column + lane));
                e.load_scalar(precision, from, 0)
            })
            .collect();
        e.vector_of_numbers(&numbers)
    }

    /// The vectors of as many terms as there are lanes, of a matrix whose terms are neighbours.
    fn load_square(&self, e: &mut Emitter, right: Value, term: usize, column: usize) -> Vec<Value> {
        let Product { precision, right: matrix, .. } = *self.product;
        let width = lanes(precision);
        let rows: Vec<Value> = (0..width)
            .map(|lane| {
                let from = e.plus(right, (term + (column + lane) * matrix.column) * precision.bytes());
                e.load(precision, from, 0, width)
            })
            .collect();
        e.transpose(&rows)
    }
}
