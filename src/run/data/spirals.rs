//! `spirals(classes, noise)`: arms that each wind once around the origin. Example `i` has class `i` mod `classes`; with r uniform
//! in [0, 1) and θ = 2π(class / classes + r) it is (r cos θ, r sin θ), plus normal noise on both.

use super::generate::{endless, streams};
use super::source::{Labels, Opened};
use crate::scalar::mathematics::{cos, sin};
use crate::shape::Shape;
use std::f64::consts::TAU;

/// Examples `[2]`, class numbers.
pub(super) fn open(seed: u64, classes: usize, noise: f64) -> Opened {
    endless(
        Shape::new([2]),
        Shape::scalar(),
        Labels::Classes(Some(classes)),
        streams(seed, "spirals"),
        move |index, stream, x, y| {
            let class = (index % classes) as f64;
            let r = stream.uniform();
            let angle = TAU * (class / classes as f64 + r);
            x.push(r * cos(angle) + noise * stream.normal());
            x.push(r * sin(angle) + noise * stream.normal());
            y.push(class);
        },
    )
}
