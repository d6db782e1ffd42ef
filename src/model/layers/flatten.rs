//! `flatten`: all axes of an example as one.

use super::{Built, Kind, Theory};
use crate::shape::Shape;

/// `flatten`
pub(super) static FLATTEN: Kind = Kind {
    name: "flatten",
    summary: "all axes of an example as one",
    documentation: "`[C, H, W]` becomes `[C·H·W]`, in row-major order, as PyTorch's `Flatten`.",
    shape: |situation| Ok(Shape::new([situation.input.shape.elements()])),
    build: |site| {
        let shape = super::reshape::batched(site);
        let output = site.builder.reshape(site.input, shape);
        Built::same(site.builder.mark(output))
    },
    theory: Theory::Same,
    ..Kind::PLAIN
};
