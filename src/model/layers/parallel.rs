//! `parallel(join: concat) { branch { … }; branch { … } }`: the same input through several branches, joined.

use super::{Body, Built, Kind, Made, Otherwise, Parameter, Takes, Theory, concat};
use crate::diagnostics::shapes;

/// `parallel`
pub(super) static PARALLEL: Kind = Kind {
    name: "parallel",
    summary: "the same input through several branches, joined",
    documentation: "`parallel(join: concat) { branch { … }; branch { … } }`: every branch receives what goes in; what comes out of \
                    them is joined in order, by `concat` (as the layer of that name) or `add` (equal shapes). A branch may be \
                    empty: it hands on what goes in.",
    parameters: &[
        Parameter::optional(
            "join",
            Takes::Word(&["concat", "add"]),
            Otherwise::Word("concat"),
            "how the branches are joined",
        ),
        Parameter::named("axis", Takes::Count { least: 0 }, Otherwise::Absent, "the axis that `concat` joins"),
    ],
    body: Body::Branches,
    shape: |situation| {
        let [first, others @ ..] = situation.branches else { unreachable!("a parallel without branches is no layer") };
        match situation.arguments.word("join") {
            Some("add") => match others.iter().find(|other| other.shape != first.shape) {
                Some(other) => Err(shapes::branches_to_add(situation.span, first.side(), other.side())),
                None => Ok(first.shape.clone()),
            },
            _ => {
                let made: Vec<&Made> = situation.branches.iter().collect();
                concat::joined(situation, &made)
            }
        }
    },
    build: |site| {
        let [first, others @ ..] = site.branches else { unreachable!("a parallel without branches is no layer") };
        if site.layer.arguments.word("join") == Some("add") {
            let sum = others.iter().fold(*first, |sum, branch| site.builder.add(sum, *branch));
            return Built::same(site.builder.mark(sum));
        }
        let axis = concat::axis(&site.layer.arguments, &site.layer.shape) + 1;
        let joined = site.builder.concat(site.branches, axis);
        Built::same(site.builder.mark(joined))
    },
    theory: Theory::Branches,
    ..Kind::PLAIN
};

/// `branch`, which stands in a `parallel` only and is no layer by itself.
pub(super) static BRANCH: Kind = Kind {
    name: "branch",
    summary: "one way through a `parallel`",
    documentation: "`branch { … }` stands in the braces of a `parallel` and holds layers.",
    body: Body::Layers,
    theory: Theory::Body,
    ..Kind::PLAIN
};
