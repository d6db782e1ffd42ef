//! `gaussian(features, classes: 2)`: example `i` has class `i` mod `classes` and is the class's mean plus unit noise. The means
//! are standard normal, `[classes, features]`, from the stream (seed, `data/gaussian`, `means`).

use super::generate::{endless, streams};
use super::source::{Labels, Opened};
use crate::run::random::Stream;
use crate::shape::Shape;

/// Examples `[features]`, class numbers.
pub(super) fn open(seed: u64, features: usize, classes: usize) -> Opened {
    // The means are drawn when the first example is made: a header costs nothing.
    let mut means = Vec::new();
    endless(
        Shape::new([features]),
        Shape::scalar(),
        Labels::Classes(Some(classes)),
        streams(seed, "gaussian"),
        move |index, stream, x, y| {
            if means.is_empty() {
                let mut stream = Stream::new(seed, "data/gaussian", "means");
                means = (0..classes * features).map(|_| stream.normal()).collect();
            }
            let class = index % classes;
            x.extend(means[class * features..][..features].iter().map(|mean| mean + stream.normal()));
            y.push(class as f64);
        },
    )
}
