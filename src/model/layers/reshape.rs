//! `reshape(d1, …)`: the same elements under another shape.

use super::{Built, Kind, Parameter, Site, Takes, Theory};
use crate::diagnostics::shapes;
use crate::shape::Shape;

/// `reshape`
pub(super) static RESHAPE: Kind = Kind {
    name: "reshape",
    summary: "the same elements under another shape",
    documentation: "`reshape(1, 28, 28)` makes an image of 784 features, in row-major order. The number of elements stays.",
    parameters: &[Parameter::required("extents", Takes::Counts, "the extents of one example, outermost first")],
    shape: |situation| {
        let wanted = Shape::new(situation.arguments.counts("extents"));
        match wanted.checked_elements() {
            Some(elements) if elements == situation.input.shape.elements() => Ok(wanted),
            Some(_) | None => Err(shapes::reshape(situation.span, situation.input.side(), &wanted)),
        }
    },
    shape_after_error: |arguments| {
        Some(Shape::new(arguments.counts("extents"))).filter(|shape| shape.checked_elements().is_some())
    },
    build: |site| {
        let shape = batched(site);
        let output = site.builder.reshape(site.input, shape);
        Built::same(site.builder.mark(output))
    },
    theory: Theory::Same,
    ..Kind::PLAIN
};

/// The layer's own shape, with the batch in front.
pub(super) fn batched(site: &Site<'_, '_>) -> Shape {
    let batch = site.builder.shape(site.input).0[0];
    site.layer.shape.with_batch(batch)
}
