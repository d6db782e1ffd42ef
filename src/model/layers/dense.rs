//! `dense(units, activation)`: a matrix product on the last axis, and a bias.

use super::{Built, Kind, Otherwise, Parameter, Site, Takes, Tensor, Theory, Weighted};
use crate::model::ParameterRole;
use crate::shape::Shape;

/// `dense`
pub(super) static DENSE: Kind = Kind {
    name: "dense",
    summary: "every output is a weighted sum of all inputs, and a bias",
    documentation: "`dense(units, activation)` maps the last axis, `[…, in]` to `[…, units]`: z = x Wᵀ + b, a = φ(z). \
                    PyTorch's `Linear`: `weight: [units, in]`, `bias: [units]`; fan in is `in`, fan out `units`. Without an \
                    activation z is handed on.",
    parameters: &[
        Parameter::required("units", Takes::Count { least: 1 }, "the extent of the last axis that comes out"),
        Parameter::optional("activation", Takes::Activation, Otherwise::Absent, "applied to what comes out"),
    ],
    weighted: Weighted::Both,
    shape: |situation| Ok(with_last(&situation.input.shape, units(situation.arguments))),
    shape_after_error: |arguments| Some(Shape::new([units(arguments)])),
    tensors: |arguments, input, _| tensors(units(arguments), last(input)),
    build,
    theory: Theory::Weights,
    ..Kind::PLAIN
};

fn units(arguments: &super::Arguments) -> usize {
    arguments.count("units").expect("`units` is required")
}

/// The last extent; every example has an axis.
pub(super) fn last(shape: &Shape) -> usize {
    *shape.0.last().expect("an example has at least one axis")
}

/// The shape with another last extent.
fn with_last(shape: &Shape, units: usize) -> Shape {
    let mut shape = shape.clone();
    *shape.0.last_mut().expect("an example has at least one axis") = units;
    shape
}

/// Weight and bias of a matrix from `fan_in` to `units`.
fn tensors(units: usize, fan_in: usize) -> Vec<Tensor> {
    let tensor = |name, shape, role| Tensor { name, shape, role, fan_in, fan_out: units };
    vec![
        tensor("weight", Shape::new([units, fan_in]), ParameterRole::Weight),
        tensor("bias", Shape::new([units]), ParameterRole::Bias),
    ]
}

fn build(site: &mut Site<'_, '_>) -> Built {
    let weight = site.parameter("weight").expect("a dense layer has a weight");
    let mut z = site.builder.linear(site.input, weight);
    if let Some(bias) = site.parameter("bias") {
        z = site.builder.add(z, bias);
    }
    let output = match &site.layer.activation {
        Some(activation) => super::activation::apply(site.builder, activation, z),
        None => z,
    };
    Built::of(z, output)
}
