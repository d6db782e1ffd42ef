//! `adding(time)`: Hochreiter and Schmidhuber's adding problem. Each step holds a number uniform in [0, 1) and a mark, which is 1
//! at one step of the first half and one of the second, 0 elsewhere; the target is the sum of the two marked numbers.

use super::generate::{endless, streams};
use super::source::{Labels, Opened};
use crate::shape::Shape;

/// Examples `[time, 2]`, targets `[1]`; `time` is at least 2.
pub(super) fn open(seed: u64, time: usize) -> Opened {
    endless(Shape::new([time, 2]), Shape::new([1]), Labels::Numbers, streams(seed, "adding"), move |_, stream, x, y| {
        let half = time / 2;
        let first = stream.below(half as u64) as usize;
        let second = half + stream.below((time - half) as u64) as usize;
        let mut sum = 0.0;
        for step in 0..time {
            let number = stream.uniform();
            let marked = step == first || step == second;
            sum += if marked { number } else { 0.0 };
            x.extend([number, f64::from(u8::from(marked))]);
        }
        y.push(sum);
    })
}
