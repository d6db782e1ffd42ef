//! The micro-kernel: a tile of the result that stays in registers while all its terms are added, one chain of fused
//! multiply-adds for each element.

use super::register::Register;

/// The most rows of a tile two registers wide: 12 accumulators, two registers of B, one of A.
pub(super) const ROWS_OF_WIDE: usize = 6;
/// The most rows of a tile one register wide.
pub(super) const ROWS_OF_NARROW: usize = 12;

/// Where a tile's operands lie. Strides are in numbers.
pub(super) struct Operands<T> {
    pub(super) terms: usize,
    /// Element (row, term) of the left operand is `left[row · left_row + term · left_term]`.
    pub(super) left: *const T,
    pub(super) left_row: usize,
    pub(super) left_term: usize,
    /// Element (term, column) of the right operand is `right[term · right_term + column]`.
    pub(super) right: *const T,
    pub(super) right_term: usize,
    /// Element (row, column) of the result is `result[row · result_row + column]`.
    pub(super) result: *mut T,
    pub(super) result_row: usize,
    /// Columns of the tile.
    pub(super) columns: usize,
    /// Whether the chains go on from what the result holds; from +0 otherwise.
    pub(super) resume: bool,
    /// Whether the right operand can be read up to the tile's full width.
    pub(super) right_is_padded: bool,
}

/// Computes a tile of `rows` ≤ `ROWS_OF_NARROW` (`ROWS_OF_WIDE` where it is wider than one register) and
/// `operands.columns` ≤ `2 · R::LANES`, both positive.
///
/// # Safety
/// The processor has AVX2 and FMA. Every element of the operands that the fields of `Operands` describe can be read, every one
/// of the result written, and nobody else accesses the result meanwhile.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn tile<R: Register>(rows: usize, operands: &Operands<R::Number>) {
    macro_rules! dispatch {
        ($vectors:literal, $partial:literal: $($rows:literal)*) => {
            match rows {
                // SAFETY: handed through.
                $($rows => unsafe { fixed::<R, $rows, $vectors, $partial>(operands) },)*
                _ => unreachable!("a tile has a row and at most as many as fit the registers"),
            }
        };
    }
    let columns = operands.columns;
    match (columns.div_ceil(R::LANES), columns.is_multiple_of(R::LANES)) {
        (2, true) => dispatch!(2, false: 1 2 3 4 5 6),
        (2, false) => dispatch!(2, true: 1 2 3 4 5 6),
        (1, true) => dispatch!(1, false: 1 2 3 4 5 6 7 8 9 10 11 12),
        (1, false) => dispatch!(1, true: 1 2 3 4 5 6 7 8 9 10 11 12),
        _ => unreachable!("a tile has a column and is at most two registers wide"),
    }
}

/// # Safety
/// As `tile`; `ROWS` rows, `VECTORS` registers wide, the last one `PARTIAL` or full.
#[target_feature(enable = "avx2,fma")]
unsafe fn fixed<R: Register, const ROWS: usize, const VECTORS: usize, const PARTIAL: bool>(
    operands: &Operands<R::Number>,
) {
    let &Operands { terms, left_row, left_term, right_term, result, result_row, columns, .. } = operands;
    let (mut left, mut right) = (operands.left, operands.right);
    let last = VECTORS - 1;
    // SAFETY: row < ROWS, vector < VECTORS and term < terms stay within the tile; the last register of each row is masked to
    // its columns unless full, or unless the right operand is padded to full registers. Pointers past the last term are never
    // read (`wrapping_add`).
    unsafe {
        let mask = R::first(columns - last * R::LANES);
        let mut sums = [[R::zero(); VECTORS]; ROWS];
        if operands.resume {
            for row in 0..ROWS {
                for vector in 0..VECTORS {
                    let from = result.add(row * result_row + vector * R::LANES);
                    sums[row][vector] =
                        if PARTIAL && vector == last { R::load_masked(from, mask) } else { R::load(from) };
                }
            }
        }
        if PARTIAL && !operands.right_is_padded {
            for _ in 0..terms {
                let mut factors = [R::zero(); VECTORS];
                for vector in 0..VECTORS {
                    let from = right.add(vector * R::LANES);
                    factors[vector] = if vector == last { R::load_masked(from, mask) } else { R::load(from) };
                }
                for row in 0..ROWS {
                    let factor = R::splat(left.add(row * left_row));
                    for vector in 0..VECTORS {
                        sums[row][vector] = factor.multiply_add(factors[vector], sums[row][vector]);
                    }
                }
                (left, right) = (left.wrapping_add(left_term), right.wrapping_add(right_term));
            }
        } else {
            for _ in 0..terms {
                let mut factors = [R::zero(); VECTORS];
                for vector in 0..VECTORS {
                    factors[vector] = R::load(right.add(vector * R::LANES));
                }
                for row in 0..ROWS {
                    let factor = R::splat(left.add(row * left_row));
                    for vector in 0..VECTORS {
                        sums[row][vector] = factor.multiply_add(factors[vector], sums[row][vector]);
                    }
                }
                (left, right) = (left.wrapping_add(left_term), right.wrapping_add(right_term));
            }
        }
        for row in 0..ROWS {
            for vector in 0..VECTORS {
                let to = result.add(row * result_row + vector * R::LANES);
                if PARTIAL && vector == last {
                    sums[row][vector].store_first(to, columns - last * R::LANES);
                } else {
                    sums[row][vector].store(to);
                }
            }
        }
    }
}
