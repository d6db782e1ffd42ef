//! `positional(sinusoidal)`, `positional(learned)`: what tells the steps of a sequence apart, added to them.

use super::{Built, Kind, Parameter, Takes, Tensor, Theory, Weighted};
use crate::diagnostics::shapes;
use crate::graph::{Builder, NodeId};
use crate::model::ParameterRole;
use crate::scalar::{Comparison, Function, Unary};
use crate::shape::{Precision, Shape};
use std::sync::Arc;

/// `positional`
pub(super) static POSITIONAL: Kind = Kind {
    name: "positional",
    summary: "what tells the steps of a sequence apart, added to them",
    documentation: "`positional(sinusoidal)` adds to feature 2i of step t of `[time, features]` sin(t / 10000^(2i / features)), to \
                    feature 2i + 1 the cosine of the same (Vaswani et al. 2017); steps are counted from 0. \
                    `positional(learned)` adds a parameter, `weight: [time, features]`, drawn from normal(0, 1) whatever \
                    the network's `weights:` say.",
    parameters: &[Parameter::required("kind", Takes::Word(&["sinusoidal", "learned"]), "how the steps are told apart")],
    weighted: Weighted::Table,
    shape: |situation| {
        if situation.input.shape.rank() == 2 {
            Ok(situation.input.shape.clone())
        } else {
            Err(shapes::needs_sequence(situation.span, situation.input.side(), "positional"))
        }
    },
    keeps_shape_when_broken: true,
    tensors: |arguments, input, _| {
        if arguments.word("kind") != Some("learned") {
            return Vec::new();
        }
        // A table without a product: its rows are taken as they are.
        let (fan_in, fan_out) = (input.0[1], input.0[0]);
        vec![Tensor { name: "weight", shape: input.clone(), role: ParameterRole::Weight, fan_in, fan_out }]
    },
    build: |site| {
        let table = match site.parameter("weight") {
            Some(weight) => weight,
            None => {
                let precision = site.builder.precision(site.input);
                sinusoids(site.builder, &site.layer.shape, precision)
            }
        };
        Built::same(site.builder.add(site.input, table))
    },
    theory: Theory::Positions,
    ..Kind::PLAIN
};

/// The table of sines and cosines, worked out in f64.
fn sinusoids(builder: &mut Builder<'_>, shape: &Shape, precision: Precision) -> NodeId {
    let [time, features] = shape.0[..] else { unreachable!("positions are those of a sequence") };
    let step = builder.index(0, Shape::new([time, 1]), Precision::F64);
    let feature = builder.index(1, Shape::new([1, features]), Precision::F64);
    let function = Function::build(2, |f, x| {
        let (half, two) = (f.constant(0.5), f.constant(2.0));
        let (base, count) = (f.constant(10_000.0), f.constant(features as f64));
        let halved = f.multiply(x[1], half);
        let pair = f.unary(Unary::Floor, halved);
        let even = f.multiply(pair, two);
        let exponent = f.divide(even, count);
        let period = f.power(base, exponent);
        let angle = f.divide(x[0], period);
        let (sine, cosine) = (f.unary(Unary::Sine, angle), f.unary(Unary::Cosine, angle));
        let is_even = f.compare(Comparison::Equal, even, x[1]);
        vec![f.select(is_even, sine, cosine)]
    });
    let table = builder.map(&Arc::new(function), &[step, feature]);
    builder.convert(table, precision)
}
