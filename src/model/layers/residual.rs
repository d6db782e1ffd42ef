//! `residual { … }`: what goes in, added to what the body makes of it.

use super::{Body, Built, Kind, Otherwise, Parameter, Takes, Tensor, Theory, Weighted, dense};
use crate::diagnostics::shapes;
use crate::model::ParameterRole;
use crate::shape::Shape;

/// `residual`
pub(super) static RESIDUAL: Kind = Kind {
    name: "residual",
    summary: "what goes in, added to what the body makes of it",
    documentation: "`residual { … }` hands on x + body(x). With `residual(project: true)` x passes a dense layer without bias \
                    first, so that the body may change the last extent: W x + body(x), with the parameter `residualN.weight: \
                    [out, in]`. The body's layers are named and numbered as if they stood outside.",
    parameters: &[Parameter::named(
        "project",
        Takes::Boolean,
        Otherwise::Boolean(false),
        "whether what goes in passes a dense layer without bias",
    )],
    body: Body::Layers,
    weighted: Weighted::WeightsOnly,
    shape: |situation| {
        let [body] = situation.branches else { unreachable!("a residual has one body") };
        let projects = projects(situation.arguments);
        let fits = if projects {
            rows(&body.shape) == rows(&situation.input.shape)
        } else {
            body.shape == situation.input.shape
        };
        if fits {
            Ok(body.shape.clone())
        } else {
            Err(shapes::residual(situation.span, situation.input.side(), body.side(), projects))
        }
    },
    keeps_shape_when_broken: true,
    tensors: |arguments, input, output| {
        if !projects(arguments) {
            return Vec::new();
        }
        let (fan_in, fan_out) = (dense::last(input), dense::last(output));
        vec![Tensor {
            name: "weight",
            shape: Shape::new([fan_out, fan_in]),
            role: ParameterRole::Weight,
            fan_in,
            fan_out,
        }]
    },
    build: |site| {
        let [body] = *site.branches else { unreachable!("a residual has one body") };
        let input = match site.parameter("weight") {
            Some(weight) => site.builder.linear(site.input, weight),
            None => site.input,
        };
        Built::same(site.builder.add(input, body))
    },
    theory: Theory::Skip,
    ..Kind::PLAIN
};

/// Whether `project: true` is said.
fn projects(arguments: &super::Arguments) -> bool {
    arguments.boolean("project").expect("`project` has a default")
}

/// All extents but the last.
fn rows(shape: &Shape) -> Option<&[usize]> {
    shape.0.split_last().map(|(_, rows)| rows)
}
