//! `add(label)`: what comes in and what an earlier layer handed on, added.

use super::{Built, Kind, Parameter, Takes, Theory};
use crate::diagnostics::shapes;

/// `add`
pub(super) static ADD: Kind = Kind {
    name: "add",
    summary: "what comes in and what an earlier layer handed on, added",
    documentation: "`add(label)` adds the output (after its activation) of the layer of that label, or name, to what comes in. \
                    Both have the same shape. `add(input)` adds the network's input.",
    parameters: &[Parameter::required("layer", Takes::Layer, "the label or name of an earlier layer, or `input`")],
    shape: |situation| {
        let referred = situation.referred.expect("`layer` is required");
        if referred.shape == situation.input.shape {
            Ok(referred.shape.clone())
        } else {
            Err(shapes::add(situation.span, situation.input.side(), referred.side()))
        }
    },
    keeps_shape_when_broken: true,
    build: |site| {
        let referred = site.referred.expect("`layer` is required");
        Built::same(site.builder.add(site.input, referred))
    },
    theory: Theory::Added,
    ..Kind::PLAIN
};
