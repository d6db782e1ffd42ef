//! `embedding(vocabulary, dim)`: a row of a table for each number of the input.

use super::{Built, Kind, Parameter, Takes, Tensor, Theory, Weighted};
use crate::diagnostics::windows::embedding_of_what_is_computed;
use crate::model::ParameterRole;
use crate::shape::Shape;

/// `embedding`
pub(super) static EMBEDDING: Kind = Kind {
    name: "embedding",
    summary: "a row of a table for each number of the input",
    documentation: "`embedding(vocabulary, dim)` takes numbers from 0 to vocabulary − 1, such as characters or words, and hands on a \
                    row of a trained table for each: `[time]` becomes `[time, dim]`. It stands right behind `input`, which has no \
                    gradient then: there is nothing between two neighbouring numbers. PyTorch's `Embedding`: `weight: \
                    [vocabulary, dim]`, drawn from normal(0, 1) whatever the network's `weights:` say, unless the layer \
                    itself says `weights:`.",
    parameters: &[
        Parameter::required("vocabulary", Takes::Count { least: 1 }, "how many different numbers there are"),
        Parameter::required("dim", Takes::Count { least: 1 }, "how many numbers stand for each"),
    ],
    weighted: Weighted::Table,
    looks_up: true,
    shape: |situation| {
        if situation.input.by != "input" {
            return Err(embedding_of_what_is_computed(situation.span, situation.input.side()));
        }
        let dim = dim(situation.arguments);
        Ok(Shape(situation.input.shape.0.iter().copied().chain([dim]).collect()))
    },
    tensors: |arguments, _, _| {
        let vocabulary = arguments.count("vocabulary").expect("`vocabulary` is required");
        let dim = dim(arguments);
        let shape = Shape::new([vocabulary, dim]);
        vec![Tensor { name: "weight", shape, role: ParameterRole::Weight, fan_in: dim, fan_out: vocabulary }]
    },
    build: |site| {
        let table = site.parameter("weight").expect("an embedding has a table");
        Built::same(site.builder.gather(table, site.input))
    },
    theory: Theory::Table,
    ..Kind::PLAIN
};

fn dim(arguments: &super::Arguments) -> usize {
    arguments.count("dim").expect("`dim` is required")
}
