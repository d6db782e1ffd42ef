//! The eigenvalues and eigenvectors of a small symmetric matrix, by Jacobi's rotations: slow for large ones, and accurate to
//! rounding even where eigenvalues differ by many magnitudes.

/// Rounds over all pairs; a handful is enough for sixty rows.
const MOST_ROUNDS: usize = 60;

/// An eigenvalue and its vector of length 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) value: f64,
    pub(super) vector: Vec<f64>,
}

/// Those of the tridiagonal matrix with this diagonal and these numbers beside it, from the least eigenvalue to the greatest.
pub(super) fn tridiagonal(diagonal: &[f64], beside: &[f64]) -> Vec<Pair> {
    let size = diagonal.len();
    let mut matrix = vec![vec![0.0; size]; size];
    for (at, value) in diagonal.iter().enumerate() {
        matrix[at][at] = *value;
    }
    for (at, value) in beside.iter().take(size.saturating_sub(1)).enumerate() {
        matrix[at][at + 1] = *value;
        matrix[at + 1][at] = *value;
    }
    // Row i becomes the vector of the i-th value.
    let mut vectors: Vec<Vec<f64>> =
        (0..size).map(|row| (0..size).map(|column| f64::from(u8::from(row == column))).collect()).collect();
    for _ in 0..MOST_ROUNDS {
        let mut rotated = false;
        for p in 0..size {
            for q in p + 1..size {
                rotated |= rotate(&mut matrix, &mut vectors, p, q);
            }
        }
        if !rotated {
            break;
        }
    }
    let mut pairs: Vec<Pair> =
        vectors.into_iter().enumerate().map(|(at, vector)| Pair { value: matrix[at][at], vector }).collect();
    pairs.sort_by(|a, b| a.value.total_cmp(&b.value));
    pairs
}

/// Makes entry (p, q) zero; false where it is none already beside the diagonal.
fn rotate(matrix: &mut [Vec<f64>], vectors: &mut [Vec<f64>], p: usize, q: usize) -> bool {
    let (a, b, off) = (matrix[p][p], matrix[q][q], matrix[p][q]);
    if off == 0.0 || off.abs() <= f64::EPSILON * 0.01 * a.abs().min(b.abs()) || off.abs() < f64::MIN_POSITIVE {
        matrix[p][q] = 0.0;
        matrix[q][p] = 0.0;
        return false;
    }
    // Golub and Van Loan, Matrix Computations, 8.5.2: the smaller of the two angles.
    let tau = (b - a) / (2.0 * off);
    let root = (1.0 + tau * tau).sqrt();
    let tangent = if tau >= 0.0 { 1.0 / (tau + root) } else { 1.0 / (tau - root) };
    let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
    let sine = tangent * cosine;
    for k in 0..matrix.len() {
        let (x, y) = (matrix[k][p], matrix[k][q]);
        matrix[k][p] = cosine * x - sine * y;
        matrix[k][q] = sine * x + cosine * y;
    }
    let turn = |rows: &mut [Vec<f64>]| {
        for k in 0..rows[p].len() {
            let (x, y) = (rows[p][k], rows[q][k]);
            rows[p][k] = cosine * x - sine * y;
            rows[q][k] = sine * x + cosine * y;
        }
    };
    turn(matrix);
    turn(vectors);
    matrix[p][p] = a - tangent * off;
    matrix[q][q] = b + tangent * off;
    matrix[p][q] = 0.0;
    matrix[q][p] = 0.0;
    true
}

#[cfg(test)]
mod tests {
    use super::tridiagonal;
    use crate::scalar::mathematics::{cos, pow};

    #[test]
    fn the_second_difference_has_its_known_eigenvalues() {
        // 2 − 2 cos(kπ/(n + 1))
        for size in [1_usize, 2, 7, 60] {
            let pairs = tridiagonal(&vec![2.0; size], &vec![-1.0; size - 1]);
            for (at, pair) in pairs.iter().enumerate() {
                let angle = std::f64::consts::PI * (at + 1) as f64 / (size + 1) as f64;
                assert!((pair.value - (2.0 - 2.0 * cos(angle))).abs() < 1e-13, "{size}: {}", pair.value);
            }
        }
    }

    #[test]
    fn vectors_are_orthonormal_and_belong_to_their_values() {
        let diagonal: Vec<f64> = (0..20_i32).map(|at| pow(10.0, f64::from(at - 15)) * f64::from(at % 3 - 1)).collect();
        let beside: Vec<f64> = (0..19_i32).map(|at| pow(10.0, f64::from(-at)) * 0.1).collect();
        let pairs = tridiagonal(&diagonal, &beside);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for (row, pair) in pairs.iter().enumerate() {
            for (column, other) in pairs.iter().enumerate() {
                let expected = f64::from(u8::from(row == column));
                assert!((dot(&pair.vector, &other.vector) - expected).abs() < 1e-13);
            }
            for at in 0..20 {
                let mut product = diagonal[at] * pair.vector[at];
                if at > 0 {
                    product += beside[at - 1] * pair.vector[at - 1];
                }
                if at < 19 {
                    product += beside[at] * pair.vector[at + 1];
                }
                assert!((product - pair.value * pair.vector[at]).abs() < 1e-11, "{row}, {at}");
            }
        }
    }

    #[test]
    fn a_zero_matrix_has_zeros_alone() {
        assert!(tridiagonal(&[0.0; 5], &[0.0; 4]).iter().all(|pair| pair.value == 0.0));
        assert!(tridiagonal(&[], &[]).is_empty());
    }
}
