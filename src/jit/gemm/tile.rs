//! The micro-kernel: a tile of the result that stays in registers while all its terms are added, one chain of fused
//! multiply-adds for each element. It is written once and compiled for each kind of register.

use super::register::Register;

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

/// `tile` of a kind of register: computes a tile of `rows` ≤ `R::ROWS_OF_NARROW` (`R::ROWS_OF_WIDE` where it is wider than one
/// register) and `operands.columns` ≤ `2 · R::LANES`, both positive.
///
/// # Safety
/// The processor has the features. Every element of the operands that the fields of `Operands` describe can be read, every one
/// of the result written, and nobody else accesses the result meanwhile.
macro_rules! micro_kernel {
    ($tile:ident, $features:literal, $wide:tt, $narrow:tt) => {
        #[target_feature(enable = $features)]
        pub(super) unsafe fn $tile<R: Register>(rows: usize, operands: &Operands<R::Number>) {
            /// # Safety
            /// As `fixed`.
            #[target_feature(enable = $features)]
            unsafe fn compiled<R: Register, const ROWS: usize, const VECTORS: usize, const PARTIAL: bool>(
                operands: &Operands<R::Number>,
            ) {
                // SAFETY: handed through.
                unsafe { fixed::<R, ROWS, VECTORS, PARTIAL>(operands) }
            }
            let columns = operands.columns;
            match (columns.div_ceil(R::LANES), columns.is_multiple_of(R::LANES)) {
                (2, true) => micro_kernel!(@rows compiled, R, rows, operands, 2, false, $wide),
                (2, false) => micro_kernel!(@rows compiled, R, rows, operands, 2, true, $wide),
                (1, true) => micro_kernel!(@rows compiled, R, rows, operands, 1, false, $narrow),
                (1, false) => micro_kernel!(@rows compiled, R, rows, operands, 1, true, $narrow),
                _ => unreachable!("a tile has a column and is at most two registers wide"),
            }
        }
    };
    (@rows $compiled:ident, $register:ident, $count:ident, $operands:ident, $vectors:literal, $partial:literal, [$($rows:literal)*]) => {
        match $count {
            // SAFETY: handed through.
            $($rows => unsafe { $compiled::<$register, $rows, $vectors, $partial>($operands) },)*
            _ => unreachable!("a tile has a row and at most as many as fit the registers"),
        }
    };
}

micro_kernel!(tile_avx2, "avx2,fma", [1 2 3 4 5 6], [1 2 3 4 5 6 7 8 9 10 11 12]);
micro_kernel!(tile_avx512, "avx512f", [1 2 3 4 5 6 7 8 9 10 11 12 13 14], [1 2 3 4 5 6 7 8 9 10 11 12 13 14]);

/// # Safety
/// As `micro_kernel` says; `ROWS` rows, `VECTORS` registers wide, the last one `PARTIAL` or full.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it is compiled with the features of its caller")]
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
