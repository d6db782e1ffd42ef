//! `attention(heads, causal: false)`: multi-head self-attention over a sequence, PyTorch's `MultiheadAttention`.

use super::{Built, Kind, Otherwise, Parameter, Site, Takes, Tensor, Weighted, dense};
use crate::diagnostics::shapes;
use crate::graph::{Builder, NodeId};
use crate::model::{AttentionNodes, ParameterRole};
use crate::scalar::{Comparison, Function};
use crate::shape::Shape;
use std::sync::Arc;

/// `attention`
pub(super) static ATTENTION: Kind = Kind {
    name: "attention",
    summary: "every step of a sequence looks at all of them",
    documentation: "`attention(heads, causal: false)` is multi-head self-attention over `[time, features]`. Every step makes a \
                    query, a key and a value; in each head, of features / heads numbers, softmax(Q Kᵀ / √(features / heads)) V \
                    mixes the values; the heads side by side pass a last dense map, the output projection, whose output is \
                    the layer's z and a. With `causal: true` a step looks at itself and those before it only: the scores of \
                    later ones are −inf. PyTorch's `MultiheadAttention`: `in_proj_weight: [3·features, features]` (query, key, \
                    value one under the other), `in_proj_bias: [3·features]`, `out_proj.weight: [features, features]`, \
                    `out_proj.bias: [features]`; the fans are those of the whole matrices, features and 3·features of the first. \
                    Positions are told apart by `positional` only, or `causal`. The report has the mean entropy of the attention \
                    weights, as a share of the most there could be: near 0 each step looks at one step alone, and next to no \
                    gradient passes the softmax.",
    parameters: &[
        Parameter::required("heads", Takes::Count { least: 1 }, "how many heads; they divide the features"),
        Parameter::optional(
            "causal",
            Takes::Boolean,
            Otherwise::Boolean(false),
            "whether a step is kept from looking at later ones",
        ),
    ],
    weighted: Weighted::Both,
    shape: |situation| {
        let input = situation.input;
        let [_, features] = input.shape.0[..] else {
            return Err(shapes::needs_sequence(situation.span, input.side(), "attention"));
        };
        let heads = heads(situation.arguments);
        if features.is_multiple_of(heads) {
            Ok(input.shape.clone())
        } else {
            let parts = shapes::Parts { whole: "features", part: "heads", has: features, asked: heads };
            Err(shapes::indivisible(situation.span, input.side(), "attention", parts))
        }
    },
    keeps_shape_when_broken: true,
    tensors: |_, input, _| {
        let features = dense::last(input);
        // What cannot be counted is over every limit, and reported as that.
        let triple = features.saturating_mul(3);
        let tensor = |name, shape, role, fan_out| Tensor { name, shape, role, fan_in: features, fan_out };
        vec![
            tensor("in_proj_weight", Shape::new([triple, features]), ParameterRole::Weight, triple),
            tensor("in_proj_bias", Shape::new([triple]), ParameterRole::Bias, triple),
            tensor("out_proj.weight", Shape::new([features, features]), ParameterRole::Weight, features),
            tensor("out_proj.bias", Shape::new([features]), ParameterRole::Bias, features),
        ]
    },
    build,
    ..Kind::PLAIN
};

fn heads(arguments: &super::Arguments) -> usize {
    arguments.count("heads").expect("`heads` is required")
}

fn build(site: &mut Site<'_, '_>) -> Built {
    let [batch, time, features] = site.builder.shape(site.input).0[..] else {
        unreachable!("attention looks along a sequence")
    };
    let heads = heads(&site.layer.arguments);
    let width = features / heads;
    let causal = site.layer.arguments.boolean("causal").expect("`causal` has a default");
    let projected = projection(site, site.input, ["in_proj_weight", "in_proj_bias"]);
    let apart = site.builder.reshape(projected, Shape::new([batch, time, 3, heads, width]));
    // [query, key or value; batch; head; time; width]
    let apart = site.builder.permute(apart, &[2, 0, 3, 1, 4]);
    let [query, key, value] = [0, 1, 2].map(|which| {
        let one = site.builder.slice(apart, 0, which, 1);
        site.builder.reshape(one, Shape::new([batch, heads, time, width]))
    });
    let key = site.builder.transpose(key);
    let scores = site.builder.product(query, key);
    let scores = scaled(site.builder, scores, (width as f64).sqrt().recip(), causal);
    let weights = site.builder.softmax(scores, 3);
    site.beside.attention.push(AttentionNodes { layer: site.id, weights, causal });
    let mixed = site.builder.product(weights, value);
    let mixed = site.builder.permute(mixed, &[0, 2, 1, 3]);
    let mixed = site.builder.reshape(mixed, Shape::new([batch, time, features]));
    Built::same(projection(site, mixed, ["out_proj.weight", "out_proj.bias"]))
}

/// A dense map by the parameters of these names.
fn projection(site: &mut Site<'_, '_>, x: NodeId, [weight, bias]: [&str; 2]) -> NodeId {
    let weight = site.parameter(weight).expect("attention has its matrices");
    let product = site.builder.linear(x, weight);
    match site.parameter(bias) {
        Some(bias) => site.builder.add(product, bias),
        None => product,
    }
}

/// The scores times a factor; −inf where a step would look at a later one, which the softmax makes exactly 0.
fn scaled(builder: &mut Builder<'_>, scores: NodeId, factor: f64, causal: bool) -> NodeId {
    if !causal {
        let function = Function::build(1, |f, x| {
            let factor = f.constant(factor);
            vec![f.multiply(x[0], factor)]
        });
        return builder.map(&Arc::new(function), &[scores]);
    }
    let (precision, time) = (builder.precision(scores), builder.shape(scores).0[2]);
    let step = builder.index(2, Shape::new([1, 1, time, 1]), precision);
    let seen = builder.index(3, Shape::new([1, 1, 1, time]), precision);
    let function = Function::build(3, |f, x| {
        let (factor, never) = (f.constant(factor), f.constant(f64::NEG_INFINITY));
        let product = f.multiply(x[0], factor);
        let is_later = f.compare(Comparison::Less, x[1], x[2]);
        vec![f.select(is_later, never, product)]
    });
    builder.map(&Arc::new(function), &[scores, step, seen])
}
