//! What a dump holds is what was computed: dense networks, drawn at random, are recomputed from their dumped data and parameters
//! by plain matrix arithmetic in f64 that knows nothing of graphs and kernels. (`tests/conformance` has PyTorch's own numbers.)

use crate::experiment::{Run, run};
use crate::prelude::literature;
use crate::probe::numbers;
use ndarray::{Array2, Axis};
use std::collections::BTreeMap;

/// A dense network: units and activation of each layer, and the loss over its outputs.
struct Dense {
    inputs: usize,
    layers: Vec<(usize, &'static str)>,
    loss: &'static str,
    examples: usize,
}

impl Dense {
    /// The network that a number stands for.
    fn drawn(seed: u64) -> Self {
        let drawn = numbers(seed, 20);
        let below = |at: usize, count: usize| (f64::midpoint(drawn[at], 1.0) * count as f64) as usize;
        let activations = ["tanh", "sigmoid", "gelu", "silu", "softplus", "relu", "elu", "linear", "mish", "softsign"];
        let hidden = 1 + below(0, 4);
        let mut layers: Vec<(usize, &str)> = (0..hidden)
            .map(|layer| (1 + below(2 + layer, 40), activations[below(8 + layer, activations.len())]))
            .collect();
        layers.push((2 + below(14, 9), "linear"));
        let loss = ["cross_entropy", "mse", "logistic", "quadratic"][below(15, 4)];
        Self { inputs: 1 + below(16, 30), layers, loss, examples: 1 + below(17, 60) }
    }

    fn text(&self, precision: &str) -> String {
        let Self { inputs, layers, loss, examples } = self;
        let classes = layers.last().expect("there is a layer").0;
        let layers: Vec<String> =
            layers.iter().map(|(units, activation)| format!("dense({units}, {activation})")).collect();
        format!(
            "data {{ source: gaussian({inputs}, classes: {classes}); take: {examples} }}\n\
             network dense {{\n  input({inputs})\n  {}\n  loss: {loss}\n  weights: normal(0, 1.4 / sqrt(fan_in))\n  \
             biases: normal(0, 0.3)\n  precision: {precision}\n}}\n",
            layers.join("\n  ")
        )
    }

    /// The mean loss and its gradient by the prediction.
    fn loss(&self, prediction: &Array2<f64>, target: &[f64]) -> (f64, Array2<f64>) {
        let (examples, outputs) = prediction.dim();
        let mut gradient = Array2::zeros((examples, outputs));
        let mut loss = 0.0;
        for (row, y) in prediction.rows().into_iter().enumerate() {
            let largest = y.fold(f64::NEG_INFINITY, |largest, y| largest.max(*y));
            let sum: f64 = y.iter().map(|y| libm::exp(y - largest)).sum();
            for (column, y) in y.iter().enumerate() {
                let (value, slope) = if self.loss == "cross_entropy" {
                    let hit = f64::from(u8::from(target[row] as usize == column));
                    let logarithm = y - largest - libm::log(sum);
                    (-hit * logarithm, libm::exp(logarithm) - hit)
                } else {
                    let t = target[row * outputs + column];
                    match self.loss {
                        "mse" => ((y - t) * (y - t) / outputs as f64, 2.0 * (y - t) / outputs as f64),
                        "quadratic" => ((y - t) * (y - t) / 2.0, y - t),
                        "logistic" => {
                            let (softplus, sigmoid) = literature("softplus", *y).expect("softplus is known");
                            (softplus - t * y, sigmoid - t)
                        }
                        other => unreachable!("{other} is not drawn"),
                    }
                };
                loss += value / examples as f64;
                gradient[[row, column]] = slope / examples as f64;
            }
        }
        (loss, gradient)
    }

    /// Every tensor of the dump that is computed, from those that are not.
    fn recomputed(&self, run: &Run) -> BTreeMap<String, Vec<f64>> {
        let tensor = |name: &str, rows: usize| {
            let numbers = run.tensor(name);
            let columns = numbers.len() / rows;
            Array2::from_shape_vec((rows, columns), numbers).expect("a tensor has its shape")
        };
        let apply = |activation: &str, z: &Array2<f64>, slope: bool| {
            z.mapv(|z| {
                let (value, derivative) = literature(activation, z).expect("only what is known is drawn");
                if slope { derivative } else { value }
            })
        };
        let mut outputs = vec![tensor("data/x", self.examples)];
        let mut pre_activations = Vec::new();
        for (layer, (units, activation)) in self.layers.iter().enumerate() {
            let weight = tensor(&format!("params/dense{}.weight", layer + 1), *units);
            let bias = tensor(&format!("params/dense{}.bias", layer + 1), 1);
            let z = outputs[layer].dot(&weight.t()) + &bias;
            outputs.push(apply(activation, &z, false));
            pre_activations.push(z);
        }
        let (loss, mut gradient) = self.loss(&outputs[self.layers.len()], &run.tensor("data/t"));
        let mut tensors = BTreeMap::from([("loss".to_owned(), vec![loss])]);
        for (layer, (units, activation)) in self.layers.iter().enumerate().rev() {
            let name = |what: &str| format!("grads/dense{}.{what}", layer + 1);
            let delta = &gradient * &apply(activation, &pre_activations[layer], true);
            tensors.insert(name("output"), flat(&gradient));
            tensors.insert(name("pre_activation"), flat(&delta));
            tensors.insert(name("weight"), flat(&delta.t().dot(&outputs[layer])));
            tensors.insert(name("bias"), delta.sum_axis(Axis(0)).to_vec());
            gradient = delta.dot(&tensor(&format!("params/dense{}.weight", layer + 1), *units));
        }
        tensors.insert("grads/input".to_owned(), flat(&gradient));
        tensors
    }
}

/// Row-major.
fn flat(matrix: &Array2<f64>) -> Vec<f64> {
    matrix.iter().copied().collect()
}

fn norm(numbers: impl IntoIterator<Item = f64>) -> f64 {
    numbers.into_iter().map(|number| number * number).sum::<f64>().sqrt()
}

#[test]
fn a_dense_network_recomputed_from_its_dump_has_the_same_gradients_and_norms() {
    for seed in 0..6 {
        let dense = Dense::drawn(seed);
        for (precision, tolerance) in [("f64", 1e-11), ("f32", 2e-5)] {
            let text = dense.text(precision);
            let run = run(&text);
            let expected = dense.recomputed(&run);
            for (name, expected) in &expected {
                let found = run.tensor(name);
                assert_eq!(found.len(), expected.len(), "{name}");
                let off = norm(found.iter().zip(expected).map(|(found, expected)| found - expected));
                let relative = off / norm(expected.iter().copied());
                assert!(relative <= tolerance, "{name} is off by {relative:e} in {precision}\n{text}");
            }
            let record = &run.records.seeds[0].steps[0];
            for (layer, record) in record.layers.iter().enumerate() {
                let of = |what: &str| norm(expected[&format!("grads/dense{}.{what}", layer + 1)].iter().copied());
                let (weight, bias) = (of("weight"), of("bias"));
                for (what, found, expected) in [
                    ("weight", record.weight.as_ref(), weight),
                    ("bias", record.bias.as_ref(), bias),
                    ("gradient", record.gradient.as_ref(), norm([weight, bias])),
                    ("pre_activation", Some(&record.pre_activation), of("pre_activation")),
                    ("output", Some(&record.output), of("output")),
                ] {
                    let found = found.expect("a dense layer has weights and biases").l2;
                    let relative = (found / expected - 1.0).abs();
                    assert!(relative <= tolerance, "layer {layer}, {what}: {found} is not {expected}\n{text}");
                }
            }
        }
    }
}
