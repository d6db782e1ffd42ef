//! Made-up examples for a file without a `data` block: 256 standard normal inputs (for networks that look up indices: uniform ones)
//! and suitable targets, a uniform class for each position. They do not depend on `--seed`.

use super::fit::{target_kind, target_shape};
use super::generate::DEFAULT_EXAMPLES;
use crate::model::{Model, TargetKind};
use crate::run::random::Stream;
use crate::run::tensor::{Number, Tensor};

/// How many.
pub(super) const EXAMPLES: usize = DEFAULT_EXAMPLES;

const STREAMS: &str = "data/synthetic";

/// Inputs and targets.
pub(super) fn synthesize<T: Number>(model: &Model) -> (Tensor, Tensor) {
    let mut stream = Stream::new(0, STREAMS, "x");
    let count = EXAMPLES * model.input.elements();
    let inputs: Vec<T> = match model.vocabulary() {
        None => (0..count).map(|_| T::rounded(stream.normal())).collect(),
        Some((size, _)) => (0..count).map(|_| T::rounded(stream.below(size as u64) as f64)).collect(),
    };
    let mut stream = Stream::new(0, STREAMS, "t");
    let classes = model.output.0.last().copied().unwrap_or(1);
    let places = EXAMPLES * model.output.elements() / classes;
    let mut targets = Vec::new();
    for _ in 0..places {
        // One output tells two classes apart.
        let class = stream.below(classes.max(2) as u64) as usize;
        match target_kind(model) {
            TargetKind::Classes => targets.push(T::rounded((class % classes) as f64)),
            kind @ (TargetKind::Values | TargetKind::Signs) => {
                let low = if kind == TargetKind::Signs { -1.0 } else { 0.0 };
                let hit = |at: usize| if classes == 1 { class == 1 } else { at == class };
                targets.extend((0..classes).map(|at| T::rounded(if hit(at) { 1.0 } else { low })));
            }
        }
    }
    let shape = target_shape(model).with_batch(EXAMPLES);
    (Tensor::new(&model.input.with_batch(EXAMPLES), inputs), Tensor::new(&shape, targets))
}
