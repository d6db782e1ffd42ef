//! Products with the Hessian against differences of gradients, on networks of every kind of layer.

use super::*;
use crate::jit::Features;
use crate::run::data;
use crate::run::data::testing::checked;
use std::path::Path;

const JIT: Executor = Executor::Jit(Features { wide: true, native: true });

/// The shape of the input, what stands between it and the loss, the loss: smooth all, so that differences tell the curvature.
const NETS: &[(&str, &str, &str)] = &[
    ("2", "dense(5, tanh)\n dense(4, sigmoid)\n dense(3)", "cross_entropy"),
    ("3", "repeat 3 { dense(4, gelu) }\n dense(2)", "logistic"),
    ("4", "dense(4, softplus)\n residual { dense(4, tanh) }\n dense(1)", "mse"),
    ("3", "parallel(join: concat) { branch { dense(2, silu) }; branch { dense(3, mish) } }\n dense(2)", "quadratic"),
    ("3", "start = dense(4, tanh)\n dense(4, swish(beta: 2))\n add(start)\n softmax\n dense(2)", "poisson"),
    ("2", "dense(6, gelu_tanh)\n dense(6, gaussian, frozen: true)\n dense(2)", "cross_entropy"),
    ("5", "dense(8, sin)\n dense(1)", "log_cosh"),
];

/// Its data are made up: 256 examples.
fn text((input, layers, loss): (&str, &str, &str)) -> String {
    format!(
        "network n {{\n input({input})\n {layers}\n loss: {loss}\n weights: normal(0, 0.7)\n biases: normal(0, 0.3) }}\n"
    )
}

#[test]
fn products_with_the_hessian_are_differences_of_gradients() {
    for net in NETS {
        let model = checked(&text(*net));
        let wide = widened(&model);
        let data = data::load(&model, Path::new("."), u64::MAX).unwrap();
        let curvature = Curvature::new(NonZero::<usize>::MIN, &wide, &data, JIT).unwrap();
        let point = curvature.initial(model.precision, &mut Initial::new(&model, Path::new(".")), 5).unwrap();
        let mut memory = curvature.executable.memory().unwrap();
        let threads = Threads::one();
        let mut stream = Stream::new(1, "curvature/test", "direction");
        let direction: Vec<f64> = (0..curvature.size).map(|_| stream.normal()).collect();
        let other: Vec<f64> = (0..curvature.size).map(|_| stream.normal()).collect();
        let mut see = |point: &[f64], direction: &[f64]| curvature.see(&mut memory, point, direction, &threads);
        let exact = see(&point, &direction);
        // Richardson's extrapolation of two central differences.
        let mut difference = |step: f64| -> Vec<f64> {
            let ahead = see(&curvature.moved(&point, &direction, step), &direction).gradient;
            let behind = see(&curvature.moved(&point, &direction, -step), &direction).gradient;
            ahead.iter().zip(&behind).map(|(ahead, behind)| (ahead - behind) / (2.0 * step)).collect()
        };
        let (coarse, fine) = (difference(2e-3), difference(1e-3));
        let scale = norm(&exact.product) / (curvature.size as f64).sqrt();
        assert!(scale > 0.0);
        for ((coarse, fine), exact) in coarse.iter().zip(&fine).zip(&exact.product) {
            let extrapolated = (4.0 * fine - coarse) / 3.0;
            assert!(
                (extrapolated - exact).abs() < 1e-7 * scale.max(exact.abs()),
                "{net:?}: {extrapolated} and {exact}"
            );
        }
        // The Hessian is symmetric.
        let turned = see(&point, &other);
        let (one, two) = (dot(&exact.product, &other), dot(&turned.product, &direction));
        assert!((one - two).abs() < 1e-11 * one.abs().max(scale), "{net:?}: {one} and {two}");
    }
}

#[test]
fn the_ends_of_the_spectrum_are_bounds_of_every_product() {
    let model = checked(&text(NETS[0]));
    let wide = widened(&model);
    let data = data::load(&model, Path::new("."), u64::MAX).unwrap();
    let curvature = Curvature::new(NonZero::<usize>::MIN, &wide, &data, JIT).unwrap();
    let point = curvature.initial(model.precision, &mut Initial::new(&model, Path::new(".")), 0).unwrap();
    let threads = Threads::one();
    let record = curvature.measure(&point, (0, 0), PRODUCTS, &threads, &|_| {}).unwrap();
    assert!(record.complete && record.values.len() == curvature.size);
    assert!(record.least.residual < 1e-12 && record.greatest.residual < 1e-12);
    let mut memory = curvature.executable.memory().unwrap();
    let mut stream = Stream::new(1, "curvature/test", "direction");
    for _ in 0..20 {
        let direction: Vec<f64> = (0..curvature.size).map(|_| stream.normal()).collect();
        let product = curvature.see(&mut memory, &point, &direction, &threads).product;
        let quotient = dot(&product, &direction) / dot(&direction, &direction);
        assert!((record.least.value..=record.greatest.value).contains(&quotient));
    }
    let all: f64 = record.shares.iter().map(|(_, share)| share).sum();
    assert!((all - 1.0).abs() < 1e-12);
}

#[test]
fn fewer_directions_are_kept_where_there_is_less_room() {
    let model = checked("network n { input(100)\n dense(100)\n loss: mse }\n");
    let wide = widened(&model);
    let data = data::load(&model, Path::new("."), u64::MAX).unwrap();
    let curvature = Curvature::new(NonZero::<usize>::MIN, &wide, &data, JIT).unwrap();
    let vector = 8 * curvature.size as u128;
    let beside = curvature.executable.bytes() + 8 * vector;
    assert_eq!(curvature.products(u128::MAX).unwrap(), (30, 60));
    assert_eq!(curvature.products(beside + 40 * vector).unwrap(), (30, 40));
    assert_eq!(curvature.products(beside + 29 * vector).unwrap_err().code.0, "E0504");
}
