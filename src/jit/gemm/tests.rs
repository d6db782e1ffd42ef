//! Matrix products against the one chain of fused multiply-adds that defines them.

use super::*;
use crate::kernel::Matrix;
use proptest::prelude::*;

/// Numbers whose sums round, with the odd special one.
pub(in crate::jit) fn numbers(seed: u64, count: usize) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..count)
        .map(|_| {
            let bits = next();
            match bits % 97 {
                0 => -0.0,
                1 => 1e-39,
                _ => (bits >> 11) as f64 / (1_u64 << 52) as f64 - 1.0,
            }
        })
        .collect()
}

/// How a matrix lies: row-major, transposed, padded, or with gaps everywhere.
fn matrix(kind: usize, offset: usize, rows: usize, columns: usize) -> (Matrix, usize) {
    let (row, column) = match kind {
        0 => (columns, 1),
        1 => (1, rows),
        2 => (columns + 3, 1),
        3 => (1, rows + 5),
        _ => (2 * columns + 1, 2),
    };
    let size = rows.saturating_sub(1) * row + columns.saturating_sub(1) * column + 1;
    (Matrix { offset, batch: size, row, column }, size)
}

macro_rules! check {
    ($float:ty, $registers:expr, $product:expr, $parts:expr, $sizes:expr) => {{
        let Product { batch, m, n, k, left, right, .. } = $product;
        let fill = |seed: u64, count: usize| -> Vec<$float> {
            numbers(seed, count).into_iter().map(|number| number as $float).collect()
        };
        let mut a = fill(m as u64 + 1, left.offset + batch * $sizes.0);
        let mut b = fill(n as u64 + 2, right.offset + batch * $sizes.1);
        let mut c = vec![<$float>::NAN; batch * m * n];
        let arguments = [a.as_mut_ptr().cast(), b.as_mut_ptr().cast(), c.as_mut_ptr().cast()];
        for index in 0..batch {
            for rows in [0..m / $parts, m / $parts..m] {
                for columns in [0..n / $parts, n / $parts..n] {
                    // SAFETY: the vectors are as long as the product's places say.
                    unsafe {
                        multiply(&$product, $registers, arguments, &Part { batch: index, rows: rows.clone(), columns })
                    }
                }
            }
        }
        for (place, value) in c.iter().enumerate() {
            let (index, row, column) = (place / (m * n), place / n % m, place % n);
            let chain = (0..k).fold(0.0, |sum: $float, term| {
                let left = a[left.offset + index * left.batch + row * left.row + term * left.column];
                let right = b[right.offset + index * right.batch + term * right.row + column * right.column];
                left.mul_add(right, sum)
            });
            prop_assert_eq!(chain.to_bits(), value.to_bits(), "element {} of {:?}", place, $product);
        }
    }};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn every_element_is_one_chain_in_order(
        (m, n, k) in (1_usize..40, 1_usize..70, prop_oneof![0_usize..20, 250..260_usize, 500..530_usize]),
        (left, right) in (0_usize..5, 0_usize..5), parts in 1_usize..3, batch in 1_usize..3, offset in 0_usize..3,
        precision in prop_oneof![Just(Precision::F32), Just(Precision::F64)],
    ) {
        let (left, left_size) = matrix(left, offset, m, k);
        let (right, right_size) = matrix(right, 2 * offset, k, n);
        let product = Product { precision, batch, m, n, k, left, right };
        for registers in Registers::available() {
            match precision {
                Precision::F32 => check!(f32, registers, product, parts, (left_size, right_size)),
                Precision::F64 => check!(f64, registers, product, parts, (left_size, right_size)),
            }
        }
    }
}

#[test]
fn packed_blocks_of_rows_and_columns_are_the_same_chains() -> Result<(), TestCaseError> {
    for (m, n, k, left, right) in
        [(203, 300, 300, 0, 1), (100, 1100, 270, 1, 0), (7, 1030, 40, 0, 1), (97, 200, 600, 2, 2), (30, 784, 300, 1, 0)]
    {
        for (precision, registers) in [Precision::F32, Precision::F64]
            .into_iter()
            .flat_map(|precision| Registers::available().map(move |registers| (precision, registers)))
        {
            let (left, left_size) = matrix(left, 0, m, k);
            let (right, right_size) = matrix(right, 0, k, n);
            let product = Product { precision, batch: 1, m, n, k, left, right };
            match precision {
                Precision::F32 => check!(f32, registers, product, 1, (left_size, right_size)),
                Precision::F64 => check!(f64, registers, product, 2, (left_size, right_size)),
            }
        }
    }
    Ok(())
}

#[test]
fn extents_are_split_evenly() {
    for extent in 0..100 {
        let parts: Vec<_> = split(extent, 6).collect();
        assert_eq!((parts[0].start, parts.last().unwrap().end), (0, extent));
        assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert!(parts.iter().all(|part| part.len() <= 6 && part.len() + 1 >= parts[0].len()));
    }
}
