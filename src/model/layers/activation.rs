//! An activation as a layer: `relu`, `swish(beta: 2)`, `softmax`. It has the activation's name; its settings are the activation's.

use super::{Built, Kind, Theory};
use crate::graph::{Builder, NodeId};
use crate::model::{Activation, RowWise};

/// Any activation that stands as a layer.
pub static ACTIVATION: Kind = Kind {
    name: "activation",
    summary: "an activation on its own",
    documentation: "Any activation may stand as a layer: `relu`, `swish(beta: 2)`, a user's own. Elementwise; `softmax` and \
                    `log_softmax` look along the last axis. Its pre-activation is what goes in.",
    build: |site| {
        let activation = site.layer.activation.as_ref().expect("the layer is an activation");
        let input = site.builder.mark(site.input);
        let output = apply(site.builder, activation, input);
        Built::of(input, site.builder.mark(output))
    },
    theory: Theory::Activation,
    ..Kind::PLAIN
};

/// φ(z)
pub(super) fn apply(builder: &mut Builder<'_>, activation: &Activation, z: NodeId) -> NodeId {
    let last_axis = builder.shape(z).rank() - 1;
    match (&activation.function, activation.row_wise) {
        (Some(function), _) => builder.map(function, &[z]),
        (None, Some(RowWise::Softmax)) => builder.softmax(z, last_axis),
        (None, Some(RowWise::LogSoftmax)) => builder.log_softmax(z, last_axis),
        (None, None) => unreachable!("an activation without a function looks along rows"),
    }
}
