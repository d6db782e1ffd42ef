//! `moons(noise)`: two half circles that reach into each other. Example `i` has class `i` mod 2; with t uniform in [0, π) it is
//! (cos t, sin t) in class 0 and (1 − cos t, ½ − sin t) in class 1, plus normal noise on both.

use super::generate::{endless, streams};
use super::source::{Labels, Opened};
use crate::scalar::mathematics::{cos, sin};
use crate::shape::Shape;
use std::f64::consts::PI;

/// Examples `[2]`, class numbers.
pub(super) fn open(seed: u64, noise: f64) -> Opened {
    endless(
        Shape::new([2]),
        Shape::scalar(),
        Labels::Classes(Some(2)),
        streams(seed, "moons"),
        move |index, stream, x, y| {
            let t = PI * stream.uniform();
            let (across, up) = (cos(t), sin(t));
            let [across, up] = if index % 2 == 0 { [across, up] } else { [1.0 - across, 0.5 - up] };
            x.push(across + noise * stream.normal());
            x.push(up + noise * stream.normal());
            y.push((index % 2) as f64);
        },
    )
}
