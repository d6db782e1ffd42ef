//! `batch_norm`: each channel brought to mean 0 and variance 1 over the batch, PyTorch's `BatchNorm1d` and `BatchNorm2d`.

use super::norm::{affine, normalized, reciprocal_root, scaled};
use super::{Kind, Site, Theory, Weighted};
use crate::graph::{Leaf, NodeId};
use crate::model::Running;
use crate::scalar::Function;
use crate::shape::Shape;
use std::sync::Arc;

/// The share of the batch in what is kept, at every step.
const MOMENTUM: f64 = 0.1;

/// `batch_norm`
pub(super) static BATCH_NORM: Kind = Kind {
    name: "batch_norm",
    summary: "each channel brought to mean 0 and variance 1 over the batch",
    documentation: "`batch_norm` takes each channel (axis 0 of an example) over the batch and all other axes, subtracts its mean and \
                    divides by √(variance + 1e-5), the variance biased; then each channel has its own factor and summand: `weight: \
                    [channels]`, which starts at 1, and `bias: [channels]`, which starts at 0, whatever the network's \
                    `weights:` and `biases:` say. In training and in reports of the gradient the batch's own statistics are \
                    taken, so that examples interact. Training keeps a running mean and variance, which start at 0 and 1 and \
                    move by 0.1 of the way at every step (the variance unbiased); examples that are held out are normalised by \
                    these, and `--save` writes them: `running_mean`, `running_var`, `num_batches_tracked`. PyTorch's \
                    `BatchNorm1d` and `BatchNorm2d`.",
    weighted: Weighted::Norm,
    tensors: |_, input, _| affine(input.0[0]),
    build: |site| {
        let shape = site.builder.shape(site.input).clone();
        let axes: Vec<usize> = (0..shape.rank()).filter(|axis| *axis != 1).collect();
        let mut along = vec![1; shape.rank()];
        along[1] = shape.0[1];
        let [mean, variance] = [0, 1].map(|slot| leaf(site, slot, shape.0[1]));
        if site.conduct.running {
            let along = Shape(along);
            keep(site, [(mean, None), (variance, None)]);
            let (mean, variance) = (site.builder.reshape(mean, along.clone()), site.builder.reshape(variance, along));
            let centred = site.builder.subtract(site.input, mean);
            let factor = site.builder.map(&reciprocal_root(), &[variance]);
            let output = site.builder.multiply(centred, factor);
            return scaled(site, output, 1);
        }
        let normal = normalized(site.builder, site.input, &axes);
        let count: usize = axes.iter().map(|axis| shape.0[*axis]).product();
        // One value for each channel is refused before a run.
        let unbiased = count as f64 / (count.max(2) - 1) as f64;
        let moved = [(mean, normal.mean, 1.0), (variance, normal.variance, unbiased)];
        let [mean_after, variance_after] = moved.map(|(before, of_batch, factor)| {
            let of_batch = site.builder.reshape(of_batch, Shape::new([shape.0[1]]));
            site.builder.map(&step(factor), &[before, of_batch])
        });
        keep(site, [(mean, Some(mean_after)), (variance, Some(variance_after))]);
        scaled(site, normal.output, 1)
    },
    theory: Theory::NormOfBatch,
    ..Kind::PLAIN
};

fn leaf(site: &mut Site<'_, '_>, slot: usize, channels: usize) -> NodeId {
    let precision = site.builder.precision(site.input);
    site.builder.leaf(Leaf::Running(site.id, slot), Shape::new([channels]), precision)
}

/// Mean and variance: what they are before a step, and after.
fn keep(site: &mut Site<'_, '_>, [mean, variance]: [(NodeId, Option<NodeId>); 2]) {
    for ((leaf, next), name, start) in [(mean, "running_mean", 0.0), (variance, "running_var", 1.0)] {
        site.beside.running.push(Running { layer: site.id, name, leaf, start, next });
    }
}

/// (1 − momentum) · before + momentum · factor · of the batch
fn step(factor: f64) -> Arc<Function> {
    Arc::new(Function::build(2, |f, x| {
        let (kept, taken) = (f.constant(1.0 - MOMENTUM), f.constant(MOMENTUM * factor));
        let (kept, taken) = (f.multiply(x[0], kept), f.multiply(x[1], taken));
        vec![f.add(kept, taken)]
    }))
}
