//! Random orthogonal matrices: the Q of a Gaussian matrix, by Householder reflections in f64. Sums run in the fixed order of the
//! numeric contract. A column is reflected on its own, so the columns' order and number of threads cannot change a bit.

use crate::graph::Combine;
use crate::kernel::combine::combine;
use crate::kernel::{CHUNK, CombinePartials, LANES};
use crate::run::random::Stream;
use crate::run::tensor::Number;
use crate::shape::Precision;

/// Fills a row-major matrix of `(rows, columns)`: orthonormal columns (rows, where there are fewer) times `gain`.
pub(super) fn draw<T: Number>((rows, columns): (usize, usize), gain: f64, stream: &mut Stream, into: &mut [T]) {
    let drawn: Vec<f64> = (0..rows * columns).map(|_| stream.normal()).collect();
    // The tall matrix is held column by column, so that a column is contiguous.
    let tall = rows >= columns;
    let (length, count) = if tall { (rows, columns) } else { (columns, rows) };
    let mut matrix = if tall { transposed(&drawn, rows, columns) } else { drawn };
    orthonormalize(&mut matrix, length, count);
    for (place, number) in into.iter_mut().enumerate() {
        let (row, column) = (place / columns, place % columns);
        let value = if tall { matrix[column * length + row] } else { matrix[row * length + column] };
        *number = T::rounded(gain * value);
    }
}

fn transposed(matrix: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| matrix[row * columns + column])).collect()
}

/// Replaces `count` columns of `length` ≥ `count` by the Q of their QR decomposition whose R has a positive diagonal.
fn orthonormalize(columns: &mut [f64], length: usize, count: usize) {
    let mut sums = Sums::default();
    // Reflection k is I − scale·v·vᵀ; v stands in column k from row k on. It maps the column to `diagonal` times e_k.
    let mut reflections = Vec::with_capacity(count);
    for k in 0..count {
        let (done, rest) = columns.split_at_mut((k + 1) * length);
        let v = &mut done[k * length + k..];
        let norm = sums.dot(v, v).sqrt();
        let diagonal = if v[0] > 0.0 { -norm } else { norm };
        v[0] -= diagonal;
        let square = sums.dot(v, v);
        let scale = if square > 0.0 { 2.0 / square } else { 0.0 };
        for column in rest.chunks_exact_mut(length) {
            reflect(&mut sums, v, scale, &mut column[k..]);
        }
        reflections.push((scale, diagonal));
    }
    // Column j of Q is H₀ … H_{count−1} e_j; reflections after j leave e_j alone, those before need it from row k on.
    for j in (0..count).rev() {
        let (scale, _) = reflections[j];
        let (done, rest) = columns.split_at_mut((j + 1) * length);
        let v = &done[j * length + j..];
        for column in rest.chunks_exact_mut(length) {
            reflect(&mut sums, v, scale, &mut column[j..]);
        }
        let column = &mut done[j * length..];
        let first = scale * column[j];
        for number in &mut column[j..] {
            *number *= -first;
        }
        column[j] += 1.0;
        column[..j].fill(0.0);
    }
    for (column, (_, diagonal)) in columns.chunks_exact_mut(length).zip(reflections) {
        if diagonal < 0.0 {
            column.iter_mut().for_each(|number| *number = -*number);
        }
    }
}

fn reflect(sums: &mut Sums, v: &[f64], scale: f64, column: &mut [f64]) {
    let along = scale * sums.dot(v, column);
    for (number, v) in column.iter_mut().zip(v) {
        *number -= along * v;
    }
}

/// Dot products in the fixed order.
#[derive(Default)]
struct Sums {
    partials: Vec<f64>,
}

impl Sums {
    fn dot(&mut self, left: &[f64], right: &[f64]) -> f64 {
        let chunks = left.len().div_ceil(CHUNK).max(1);
        self.partials.clear();
        self.partials.resize(chunks * LANES, 0.0);
        let pairs = left.chunks(CHUNK).zip(right.chunks(CHUNK));
        for ((left, right), lanes) in pairs.zip(self.partials.chunks_exact_mut(LANES)) {
            let mut sums = [0.0; LANES];
            let (left, left_rest) = left.as_chunks::<LANES>();
            let (right, right_rest) = right.as_chunks::<LANES>();
            for (left, right) in left.iter().zip(right) {
                for lane in 0..LANES {
                    sums[lane] += left[lane] * right[lane];
                }
            }
            for (sum, (left, right)) in sums.iter_mut().zip(left_rest.iter().zip(right_rest)) {
                *sum += left * right;
            }
            lanes.copy_from_slice(&sums);
        }
        let kernel = CombinePartials {
            combine: Combine::Sum,
            precision: Precision::F64,
            outer: 1,
            chunks,
            lanes: LANES,
            inner: 1,
        };
        let mut sum = [0.0];
        combine(&kernel, &self.partials, &mut sum);
        sum[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize) -> Vec<f64> {
        let mut numbers = vec![0.0; rows * columns];
        draw((rows, columns), 1.0, &mut Stream::new(1, "a", "b"), &mut numbers);
        numbers
    }

    #[test]
    fn the_shorter_side_is_orthonormal() {
        for (rows, columns) in [(1, 1), (5, 5), (40, 7), (7, 40), (300, 3), (3, 300), (64, 64)] {
            let q = matrix(rows, columns);
            let tall = rows >= columns;
            let (length, count) = if tall { (rows, columns) } else { (columns, rows) };
            let at = |vector: usize, place: usize| {
                if tall { q[place * columns + vector] } else { q[vector * columns + place] }
            };
            for one in 0..count {
                for other in 0..count {
                    let dot: f64 = (0..length).map(|place| at(one, place) * at(other, place)).sum();
                    let expected = f64::from(u8::from(one == other));
                    assert!((dot - expected).abs() < 1e-13, "{rows}×{columns}: {one}·{other} = {dot}");
                }
            }
        }
    }

    /// R = Qᵀ·A is upper triangular with a positive diagonal: so Q is the one PyTorch takes.
    #[test]
    fn the_diagonal_of_r_is_positive() {
        let (rows, columns) = (9, 4);
        let mut stream = Stream::new(1, "a", "b");
        let drawn: Vec<f64> = (0..rows * columns).map(|_| stream.normal()).collect();
        let q = matrix(rows, columns);
        for row in 0..columns {
            for column in 0..columns {
                let r: f64 = (0..rows).map(|at| q[at * columns + row] * drawn[at * columns + column]).sum();
                match row.cmp(&column) {
                    std::cmp::Ordering::Greater => assert!(r.abs() < 1e-14),
                    std::cmp::Ordering::Equal => assert!(r > 0.0),
                    std::cmp::Ordering::Less => {}
                }
            }
        }
    }

    #[test]
    fn a_matrix_that_was_orthonormal_stays() {
        let mut columns = vec![0.0; 12];
        columns[0] = 1.0;
        columns[5] = -1.0;
        columns[10] = 1.0;
        orthonormalize(&mut columns, 4, 3);
        let mut expected = vec![0.0; 12];
        expected[0] = 1.0;
        expected[5] = -1.0;
        expected[10] = 1.0;
        assert_eq!(columns, expected);
    }
}
