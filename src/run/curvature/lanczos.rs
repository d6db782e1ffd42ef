//! Lanczos' method with full reorthogonalisation: extreme eigenvalues of a symmetric matrix that is known by its products alone.
//! Where the vectors so far span all that a start can reach, it begins again beside them, so that a small matrix gives every
//! eigenvalue, as often as it has it.

use super::eigen::{Pair, tridiagonal};

/// A new direction this short, beside what the matrix makes of a vector, is rounding.
const NOTHING: f64 = 1e-13;
/// Eigenvalues whose residuals are below this share of the largest are settled.
const SETTLED: f64 = 1e-9;

/// What was found.
#[derive(Clone, Debug)]
pub(super) struct Spectrum {
    /// The Ritz values, from the least.
    pub(super) values: Vec<f64>,
    /// Whether these are all eigenvalues.
    pub(super) complete: bool,
    /// The vector of the least, of length 1.
    pub(super) least: Vec<f64>,
    /// The vector of the greatest.
    pub(super) greatest: Vec<f64>,
}

/// The spectrum of a matrix of `size` rows after `least` to `most` products; `draw` gives the numbers of start vectors.
pub(super) fn lanczos(
    size: usize,
    (least, most): (usize, usize),
    mut draw: impl FnMut() -> f64,
    mut multiply: impl FnMut(&[f64]) -> Vec<f64>,
) -> Spectrum {
    // A small matrix is known whole.
    let least = if size <= most { size } else { least };
    let most = most.min(size);
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let mut scale = 0.0_f64;
    let mut next = beginning(size, &basis, &mut draw);
    let mut pairs = Vec::new();
    while let Some(vector) = next {
        let mut product = multiply(&vector);
        scale = scale.max(norm(&product));
        diagonal.push(dot(&vector, &product));
        basis.push(vector);
        orthogonalise(&mut product, &basis);
        let length = norm(&product);
        let ends = length <= NOTHING * scale || !length.is_finite();
        beside.push(if ends { 0.0 } else { length });
        let done = basis.len();
        let is_settled = |pairs: &[Pair]| {
            let magnitude = pairs.iter().map(|pair| pair.value.abs()).fold(0.0, f64::max);
            let residual = |pair: &Pair| length * pair.vector[done - 1].abs();
            [pairs.first(), pairs.last()].into_iter().flatten().all(|pair| residual(pair) <= SETTLED * magnitude)
        };
        if done == most || (done >= least && done.is_multiple_of(5)) {
            pairs = tridiagonal(&diagonal, &beside);
            if done == most || is_settled(&pairs) {
                break;
            }
        }
        next = if ends {
            beginning(size, &basis, &mut draw)
        } else {
            product.iter_mut().for_each(|number| *number /= length);
            Some(product)
        };
    }
    if pairs.len() < basis.len() {
        pairs = tridiagonal(&diagonal, &beside);
    }
    let combined = |pair: Option<&Pair>| {
        let mut vector = vec![0.0; size];
        for (share, basis) in pair.iter().flat_map(|pair| &pair.vector).zip(&basis) {
            vector.iter_mut().zip(basis).for_each(|(sum, number)| *sum += share * number);
        }
        let length = norm(&vector);
        vector.iter_mut().for_each(|number| *number /= length);
        vector
    };
    Spectrum {
        complete: pairs.len() == size,
        least: combined(pairs.first()),
        greatest: combined(pairs.last()),
        values: pairs.iter().map(|pair| pair.value).collect(),
    }
}

/// A random direction beside those that there are; none where these are all.
fn beginning(size: usize, basis: &[Vec<f64>], draw: &mut impl FnMut() -> f64) -> Option<Vec<f64>> {
    if basis.len() >= size {
        return None;
    }
    let mut vector: Vec<f64> = (0..size).map(|_| draw()).collect();
    orthogonalise(&mut vector, basis);
    let length = norm(&vector);
    vector.iter_mut().for_each(|number| *number /= length);
    // What was left may be short, and its rounding then is no longer small.
    orthogonalise(&mut vector, basis);
    let length = norm(&vector);
    vector.iter_mut().for_each(|number| *number /= length);
    Some(vector)
}

/// Takes the parts along orthonormal vectors out of a vector; twice is enough.
fn orthogonalise(vector: &mut [f64], basis: &[Vec<f64>]) {
    for _ in 0..2 {
        for other in basis.iter().rev() {
            let share = dot(vector, other);
            vector.iter_mut().zip(other).for_each(|(number, other)| *number -= share * other);
        }
    }
}

/// The sum of the products, in order within each of eight lanes, so that it may be computed eight at a time.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (whole, rest) = a.as_chunks::<8>();
    let (others, behind) = b.as_chunks::<8>();
    for (a, b) in whole.iter().zip(others) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += a * b;
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().zip(behind).map(|(a, b)| a * b).sum::<f64>()
}

/// The length.
pub(super) fn norm(vector: &[f64]) -> f64 {
    // Neither squares of tiny numbers nor of huge ones are lost.
    let largest = vector.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return if vector.iter().any(|number| number.is_nan()) { f64::NAN } else { largest };
    }
    let scaled: Vec<f64> = vector.iter().map(|number| number / largest).collect();
    largest * dot(&scaled, &scaled).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::random::Stream;

    fn spectrum(values: &[f64], steps: (usize, usize)) -> Spectrum {
        let mut stream = Stream::new(0, "lanczos/test", "start");
        lanczos(
            values.len(),
            steps,
            || stream.normal(),
            |vector| vector.iter().zip(values).map(|(x, y)| x * y).collect(),
        )
    }

    #[test]
    fn a_small_matrix_gives_every_eigenvalue_as_often_as_it_has_it() {
        let values = [0.0, 0.0, 0.0, 0.375, 0.0, -1.0, -1.0, 2.0];
        let found = spectrum(&values, (30, 60));
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        assert!(found.complete);
        for (found, expected) in found.values.iter().zip(sorted) {
            assert!((found - expected).abs() < 1e-13, "{found} is not {expected}");
        }
        assert!((found.greatest[7].abs() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_ends_of_a_large_matrix_are_found() {
        // A cluster at zero, a few large ones, one that is negative.
        let mut values: Vec<f64> = (0..5000).map(|at| 1e-4 * f64::from(at % 10)).collect();
        values[1234] = -0.02;
        values[4000] = 3.0;
        values[77] = 2.9;
        let found = spectrum(&values, (30, 60));
        assert!(!found.complete && found.values.len() <= 60);
        assert!((found.values[0] + 0.02).abs() < 1e-10 && (found.values.last().unwrap() - 3.0).abs() < 1e-10);
        assert!((found.least[1234].abs() - 1.0).abs() < 1e-6);
    }

    #[test]
    fn nothing_is_nothing() {
        let found = spectrum(&[0.0; 9], (30, 60));
        assert!(found.complete && found.values.iter().all(|value| *value == 0.0));
        assert_eq!(spectrum(&[-2.5], (30, 60)).values, [-2.5]);
        assert!((norm(&[3e-200, 4e-200]) - 5e-200).abs() < 1e-214);
    }
}
