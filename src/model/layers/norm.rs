//! `batch_norm`, `group_norm(groups)`, `layer_norm`, `rms_norm`: what comes in, brought to one size, and an affine map after it.
//!
//! All are reductions and maps. The variance is that of PyTorch's norms: biased, in two passes, the mean first.

use super::{Built, Kind, Parameter, Site, Takes, Tensor, Theory, Weighted, dense};
use crate::diagnostics::shapes;
use crate::graph::{Builder, NodeId};
use crate::model::ParameterRole;
use crate::scalar::{Function, Unary};
use crate::shape::Shape;
use std::sync::Arc;

/// Added to the variance, so that its root is not zero.
const EPSILON: f64 = 1e-5;

/// `layer_norm`
pub(super) static LAYER_NORM: Kind = Kind {
    name: "layer_norm",
    summary: "the last axis brought to mean 0 and variance 1",
    documentation: "`layer_norm` subtracts from each row of the last axis its mean and divides by √(variance + 1e-5), the variance \
                    that of the row itself (biased); then each entry has its own factor and summand: `weight: [features]`, which \
                    starts at 1, and `bias: [features]`, which starts at 0, whatever the network's `weights:` and `biases:` say. \
                    PyTorch's `LayerNorm`.",
    weighted: Weighted::Norm,
    tensors: |_, input, _| affine(dense::last(input)),
    build: |site| {
        let axis = site.builder.shape(site.input).rank() - 1;
        let normalized = normalized(site.builder, site.input, &[axis]).output;
        scaled(site, normalized, axis)
    },
    theory: Theory::NormOfExample,
    ..Kind::PLAIN
};

/// `rms_norm`
pub(super) static RMS_NORM: Kind = Kind {
    name: "rms_norm",
    summary: "the last axis brought to root mean square 1",
    documentation: "`rms_norm` divides each row of the last axis by √(mean of its squares + 1e-5); then each entry has its own \
                    factor, `weight: [features]`, which starts at 1 whatever the network's `weights:` say. There is no bias. \
                    PyTorch's `RMSNorm` with eps 1e-5.",
    weighted: Weighted::Scale,
    tensors: |_, input, _| affine(dense::last(input)).into_iter().take(1).collect(),
    build: |site| {
        let axis = site.builder.shape(site.input).rank() - 1;
        let mean_square = mean_square(site.builder, site.input, &[axis]);
        let factor = site.builder.map(&reciprocal_root(), &[mean_square]);
        let normalized = site.builder.multiply(site.input, factor);
        scaled(site, normalized, axis)
    },
    theory: Theory::NormOfSquares,
    ..Kind::PLAIN
};

/// `group_norm`
pub(super) static GROUP_NORM: Kind = Kind {
    name: "group_norm",
    summary: "groups of channels brought to mean 0 and variance 1, example by example",
    documentation: "`group_norm(groups)` divides the channels, axis 0 of an example, into that many groups of neighbours, and \
                    brings each group, with all other axes, to mean 0 and variance 1 (biased, eps 1e-5); then each channel has \
                    its own factor and summand: `weight: [channels]`, which starts at 1, and `bias: [channels]`, which starts at \
                    0, whatever the network's `weights:` and `biases:` say. With 1 group all channels are one, with as many \
                    groups as channels each is its own. PyTorch's `GroupNorm`.",
    parameters: &[Parameter::required(
        "groups",
        Takes::Count { least: 1 },
        "how many groups; they divide the channels",
    )],
    weighted: Weighted::Norm,
    shape: |situation| {
        let (groups, channels) = (groups(situation.arguments), situation.input.shape.0[0]);
        if channels.is_multiple_of(groups) {
            Ok(situation.input.shape.clone())
        } else {
            let parts = shapes::Parts { whole: "channels", part: "groups", has: channels, asked: groups };
            Err(shapes::indivisible(situation.span, situation.input.side(), "group_norm", parts))
        }
    },
    keeps_shape_when_broken: true,
    tensors: |_, input, _| affine(input.0[0]),
    build: |site| {
        let shape = site.builder.shape(site.input).clone();
        let groups = groups(&site.layer.arguments);
        let (batch, channels) = (shape.0[0], shape.0[1]);
        let apart = Shape::new([&[batch, groups, channels / groups], &shape.0[2..]].concat());
        let axes: Vec<usize> = (2..apart.rank()).collect();
        let grouped = site.builder.reshape(site.input, apart);
        let normalized = normalized(site.builder, grouped, &axes).output;
        let together = site.builder.reshape(normalized, shape);
        scaled(site, together, 1)
    },
    theory: Theory::NormOfExample,
    ..Kind::PLAIN
};

fn groups(arguments: &super::Arguments) -> usize {
    arguments.count("groups").expect("`groups` is required")
}

/// `weight` and `bias` of one entry each for `size` features or channels: each is alone with its input.
pub(super) fn affine(size: usize) -> Vec<Tensor> {
    let tensor = |name, role| Tensor { name, shape: Shape::new([size]), role, fan_in: 1, fan_out: 1 };
    vec![tensor("weight", ParameterRole::Weight), tensor("bias", ParameterRole::Bias)]
}

/// What is normalised, and by what.
pub(super) struct Normalized {
    pub(super) output: NodeId,
    /// The axes that were looked along have extent 1.
    pub(super) mean: NodeId,
    /// Biased.
    pub(super) variance: NodeId,
}

/// (x − mean) / √(variance + ε), both along `axes`.
pub(super) fn normalized(builder: &mut Builder<'_>, x: NodeId, axes: &[usize]) -> Normalized {
    let mean = builder.mean_over(x, axes);
    let centred = builder.subtract(x, mean);
    let variance = mean_square(builder, centred, axes);
    let factor = builder.map(&reciprocal_root(), &[variance]);
    Normalized { output: builder.multiply(centred, factor), mean, variance }
}

/// The affine map after a norm: a factor and a summand for each entry along `axis`.
pub(super) fn scaled(site: &mut Site<'_, '_>, normalized: NodeId, axis: usize) -> Built {
    let mut along = vec![1; site.builder.shape(normalized).rank()];
    along[axis] = site.builder.shape(normalized).0[axis];
    let along = Shape(along);
    let weight = site.parameter("weight").expect("a norm has a weight");
    let weight = site.builder.reshape(weight, along.clone());
    let mut output = site.builder.multiply(normalized, weight);
    if let Some(bias) = site.parameter("bias") {
        let bias = site.builder.reshape(bias, along);
        output = site.builder.add(output, bias);
    }
    Built::same(output)
}

fn mean_square(builder: &mut Builder<'_>, x: NodeId, axes: &[usize]) -> NodeId {
    let square = Arc::new(Function::build(1, |f, x| vec![f.multiply(x[0], x[0])]));
    let squares = builder.map(&square, &[x]);
    builder.mean_over(squares, axes)
}

/// 1 / √(x + ε)
pub(super) fn reciprocal_root() -> Arc<Function> {
    Arc::new(Function::build(1, |f, x| {
        let epsilon = f.constant(EPSILON);
        let sum = f.add(x[0], epsilon);
        let root = f.unary(Unary::SquareRoot, sum);
        vec![f.reciprocal(root)]
    }))
}
