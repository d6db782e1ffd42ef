//! `concat(label)`: what comes in, and behind it what an earlier layer handed on.

use super::{Arguments, Built, Kind, Made, Otherwise, Parameter, Situation, Takes, Theory};
use crate::diagnostics::{Diagnostic, shapes};
use crate::shape::Shape;

/// `concat`
pub(super) static CONCAT: Kind = Kind {
    name: "concat",
    summary: "what comes in, and behind it what an earlier layer handed on",
    documentation: "`concat(label)` puts the output of the layer of that label, or name, behind what comes in, along one axis: the \
                    last one of vectors and sequences (rank 1 and 2), axis 0 of images (rank 3), or `axis:`. All other extents \
                    agree.",
    parameters: &[
        Parameter::required("layer", Takes::Layer, "the label or name of an earlier layer, or `input`"),
        Parameter::named("axis", Takes::Count { least: 0 }, Otherwise::Absent, "the axis that is joined, from 0"),
    ],
    shape: |situation| {
        let referred = situation.referred.expect("`layer` is required");
        joined(situation, &[situation.input, referred])
    },
    keeps_shape_when_broken: true,
    build: |site| {
        let referred = site.referred.expect("`layer` is required");
        let axis = axis(&site.layer.arguments, &site.layer.shape) + 1;
        Built::same(site.builder.concat(&[site.input, referred], axis))
    },
    theory: Theory::Concatenated,
    ..Kind::PLAIN
};

/// The axis of an example that is joined: `axis:`, else the last of rank 1 and 2, the first of higher ranks.
pub(super) fn axis(arguments: &Arguments, shape: &Shape) -> usize {
    arguments.count("axis").unwrap_or_else(|| if shape.rank() <= 2 { shape.rank() - 1 } else { 0 })
}

/// The shape of the parts one after another.
pub(super) fn joined(situation: &Situation<'_>, parts: &[&Made]) -> Result<Shape, Diagnostic> {
    let (first, others) = parts.split_first().expect("something is joined");
    let axis = axis(situation.arguments, &first.shape);
    if axis >= first.shape.rank() {
        return Err(shapes::no_such_axis(situation.span, axis, first.side()));
    }
    let mut joined = first.shape.clone();
    for other in others {
        let agrees = other.shape.rank() == joined.rank()
            && (0..joined.rank()).all(|at| at == axis || other.shape.0[at] == joined.0[at]);
        if !agrees {
            return Err(shapes::concat(situation.span, axis, first.side(), other.side()));
        }
        // What cannot be counted is over every limit, and reported as that.
        joined.0[axis] = joined.0[axis].saturating_add(other.shape.0[axis]);
    }
    Ok(joined)
}
