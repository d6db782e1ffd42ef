//! `last_step`: the final step of a sequence.

use super::{Built, Kind};
use crate::diagnostics::shapes;
use crate::shape::Shape;

/// `last_step`
pub(super) static LAST_STEP: Kind = Kind {
    name: "last_step",
    summary: "the final step of a sequence",
    documentation: "`last_step` takes the last step of `[time, features]` and hands on `[features]`. The gradient of all other steps \
                    comes through what made that one.",
    shape: |situation| match situation.input.shape.0[..] {
        [_, features] => Ok(Shape::new([features])),
        _ => Err(shapes::needs_sequence(situation.span, situation.input.side(), "last_step")),
    },
    build: |site| {
        let [batch, time, features] = site.builder.shape(site.input).0[..] else {
            unreachable!("the last step is that of a sequence")
        };
        let last = site.builder.slice(site.input, 1, time - 1, 1);
        let output = site.builder.reshape(last, Shape::new([batch, features]));
        Built::same(site.builder.mark(output))
    },
    ..Kind::PLAIN
};
