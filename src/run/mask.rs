//! What `dropout` leaves out: drawn for every step, in row-major order, from stream number `step` of (seed, layer, `dropout`). A
//! number is left out where the uniform one is below p. So the same are left out by any means, on any number of threads, and
//! those of an example do not depend on how many come after it.

use super::random::Streams;
use super::tensor::Number;
use crate::model::{Mask, Model};

/// Fills a mask: 0 for what is left out, 1 / (1 − p) for the others.
pub(super) fn fill<T: Number>(model: &Model, mask: &Mask, seed: u64, step: u64, into: &mut [T]) {
    let mut stream = Streams::new(seed, &model.layers[mask.layer].name, "dropout").number(step);
    let kept = T::rounded(1.0 / (1.0 - mask.share));
    for number in into {
        *number = if stream.uniform() < mask.share { T::rounded(0.0) } else { kept };
    }
}
