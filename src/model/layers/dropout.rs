//! `dropout(p)`: outputs left out by chance, the others scaled up to make up for them.

use super::{Built, Kind, Parameter, Takes, Theory};
use crate::graph::Leaf;
use crate::model::Mask;
use crate::model::signature::Bounds;

/// `dropout`
pub(super) static DROPOUT: Kind = Kind {
    name: "dropout",
    summary: "each number left out with probability p, the others divided by 1 − p",
    documentation: "`dropout(p)` makes each number 0 with probability p and divides the others by 1 − p, so that the mean stays. \
                    What is left out is drawn for every step from a stream of the seed, the layer's name and the step's number. It is \
                    active in training and in reports (`report { dropout: off }` leaves it out of these), and off for examples \
                    that are held out. PyTorch's `Dropout`.",
    parameters: &[Parameter::required(
        "p",
        Takes::Number(Bounds::Share),
        "the probability of being left out, from 0 to 1",
    )],
    build: |site| {
        let share = site.layer.arguments.number("p").expect("`p` is required");
        if !site.conduct.dropout || share == 0.0 {
            return Built::same(site.builder.mark(site.input));
        }
        let (shape, precision) = (site.builder.shape(site.input).clone(), site.builder.precision(site.input));
        let node = site.builder.leaf(Leaf::Mask(site.id), shape, precision);
        site.beside.masks.push(Mask { layer: site.id, node, share });
        Built::same(site.builder.multiply(site.input, node))
    },
    theory: Theory::Dropout,
    ..Kind::PLAIN
};
