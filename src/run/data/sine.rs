//! `sine`: x uniform in [−π, π), target sin x.

use super::generate::{endless, streams};
use super::source::{Labels, Opened};
use crate::scalar::mathematics::sin;
use crate::shape::Shape;
use std::f64::consts::PI;

/// Examples `[1]`, targets `[1]`.
pub(super) fn open(seed: u64) -> Opened {
    let one = || Shape::new([1]);
    endless(one(), one(), Labels::Numbers, streams(seed, "sine"), |_, stream, x, y| {
        let at = PI * (2.0 * stream.uniform() - 1.0);
        x.push(at);
        y.push(sin(at));
    })
}
