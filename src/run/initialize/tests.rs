//! Draws against what is known of their distributions, and their order.

use super::*;

fn drawn(initializer: &Initializer, shape: &[usize]) -> Vec<f64> {
    let shape = Shape::new(shape);
    let mut numbers = vec![f64::NAN; shape.elements()];
    draw(initializer, &shape, &mut Stream::new(5, "dense1", "weight"), &mut numbers);
    numbers
}

#[test]
fn distributions_have_their_moments_and_ends() {
    let count = 100_000;
    let of = |numbers: &[f64], power: i32| {
        numbers.iter().map(|x| (0..power).fold(1.0, |product, _| product * x)).sum::<f64>() / f64::from(count)
    };
    let within = 5.0 / f64::from(count).sqrt();
    let shape = [1, count as usize];

    let normal = drawn(&Initializer::Normal { mean: 3.0, std: 0.5 }, &shape);
    assert!((of(&normal, 1) - 3.0).abs() < 0.5 * within);
    assert!((of(&normal, 2) - 9.25).abs() < 3.1 * within);

    let uniform = drawn(&Initializer::Uniform { low: -0.25, high: 0.75 }, &shape);
    assert!(uniform.iter().all(|x| (-0.25..0.75).contains(x)));
    assert!((of(&uniform, 1) - 0.25).abs() < 0.29 * within);

    let truncated = drawn(&Initializer::TruncatedNormal { mean: 0.0, std: 1.0 }, &shape);
    assert!(truncated.iter().all(|x| x.abs() <= 2.0) && truncated.iter().any(|x| x.abs() > 1.99));
    // Var = 1 − 2·2·φ(2) / (Φ(2) − Φ(−2))
    assert!((of(&truncated, 2) - 0.773_741_303_1).abs() < within);
    let wide = drawn(&Initializer::Uniform { low: -1e308, high: 1e308 }, &[100]);
    assert!(wide.iter().all(|x| x.is_finite()) && wide.iter().any(|x| x.abs() > 5e307));
}

#[test]
fn the_bounds_of_the_truncation_are_those_of_phi() {
    let phi = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
    assert!((BELOW_TWO - phi(-2.0)).abs() < 3e-17 && (WITHIN_TWO - (phi(2.0) - phi(-2.0))).abs() < 2e-16);
}

#[test]
fn identities_are_where_pytorch_puts_them() {
    let eye = Initializer::Identity { gain: 2.0, groups: 1 };
    assert_eq!(drawn(&eye, &[2, 3]), [2.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
    assert_eq!(drawn(&eye, &[3]), [2.0, 0.0, 0.0]);
    let kernel = drawn(&eye, &[2, 2, 3]);
    assert_eq!(kernel, [0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0]);
    let grouped = drawn(&Initializer::Identity { gain: 2.0, groups: 2 }, &[4, 2, 1]);
    assert_eq!(grouped, [2.0, 0.0, 0.0, 2.0, 2.0, 0.0, 0.0, 2.0]);
    let even = drawn(&eye, &[1, 1, 2, 4]);
    assert_eq!(even.iter().position(|x| *x == 2.0), Some(4 + 2));
}

#[test]
fn sparse_rows_have_so_many_entries() {
    let sparse = drawn(&Initializer::Sparse { nonzeros: 3, std: 1.0 }, &[20, 11]);
    assert!(sparse.chunks(11).all(|row| row.iter().filter(|x| **x != 0.0).count() == 3));
    let columns: Vec<usize> =
        (0..11).filter(|column| sparse.iter().skip(*column).step_by(11).any(|x| *x != 0.0)).collect();
    assert!(columns.len() > 8, "entries are spread: {columns:?}");
    assert!(drawn(&Initializer::Sparse { nonzeros: 30, std: 1.0 }, &[2, 4]).iter().all(|x| *x != 0.0));
    assert_eq!(drawn(&Initializer::Sparse { nonzeros: 2, std: 1.0 }, &[9]).iter().filter(|x| **x != 0.0).count(), 2);
}

#[test]
fn a_narrow_tensor_is_the_wide_one_rounded_once() {
    let shape = Shape::new([4, 4]);
    let rules = [
        Initializer::Normal { mean: 0.1, std: 3.0 },
        Initializer::Orthogonal { gain: 1.5 },
        Initializer::TruncatedNormal { mean: 0.0, std: 0.02 },
    ];
    for rule in rules {
        let mut narrow = [0.0_f32; 16];
        draw(&rule, &shape, &mut Stream::new(5, "dense1", "weight"), &mut narrow);
        let wide = drawn(&rule, &shape.0);
        assert!(narrow.iter().zip(&wide).all(|(narrow, wide)| *narrow == *wide as f32));
    }
}
