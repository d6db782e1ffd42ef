//! The use of a `block`: a run of layers under one name. It computes what its body computes.

use super::{Body, Built, Kind, Theory};

/// Any use of a block; its arguments are bound before the body is expanded.
pub static BLOCK: Kind = Kind {
    name: "block",
    summary: "a run of layers that is defined once",
    documentation: "`block unit(n, act = relu) { … }` defines a run of layers, `unit(30)` uses it like a layer. The layers in it are \
                    numbered like all others; one that is labelled `h` is `unit1.h`.",
    body: Body::None,
    shape: |situation| {
        let [body] = situation.branches else { unreachable!("a block has one body") };
        Ok(body.shape.clone())
    },
    build: |site| {
        let [body] = *site.branches else { unreachable!("a block has one body") };
        Built::same(body)
    },
    theory: Theory::Body,
    ..Kind::PLAIN
};
