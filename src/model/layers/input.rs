//! `input(d1, d2, …)`: the shape of one example. It opens the network and is no layer of the model.

use super::{Kind, Parameter, Takes, Theory};

/// `input`
pub static INPUT: Kind = Kind {
    name: "input",
    summary: "the shape of one example",
    documentation: "`input(784)` takes vectors of features, `input(1, 28, 28)` channels, height and width, `input(15, 3)` time \
                    and features. It stands once, before all layers. The batch has no place in a shape: it is whatever the data \
                    give.",
    parameters: &[Parameter::required("extents", Takes::Counts, "the extents of one example, outermost first")],
    theory: Theory::Same,
    ..Kind::PLAIN
};
