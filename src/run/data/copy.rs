//! `copy(time, delay)`: remember `time` symbols over `delay` steps. A sequence has 2·time + delay steps: symbols uniform in 1..=8,
//! then `delay` steps of 0, the last of which is the signal 9 to begin, then 0. The target is 0 until the signal has passed,
//! then the symbols in order.
//!
//! Inputs are symbol numbers `[steps]` where the network takes as many numbers (or indices), and one-hot `[steps, 10]` otherwise.

use super::generate::{endless, streams};
use super::source::{Labels, Network, Opened};
use crate::shape::Shape;

/// Blank, eight symbols, the signal.
pub(super) const ALPHABET: usize = 10;
const SIGNAL: usize = 9;

/// Examples `[steps]` or `[steps, 10]`, class numbers `[steps]` of nine classes.
pub(super) fn open(seed: u64, time: usize, delay: usize, network: Network<'_>) -> Opened {
    let steps = 2 * time + delay;
    let numbered = network.integer_input || network.input.is_some_and(|input| input.elements() == steps);
    let x = if numbered { Shape::new([steps]) } else { Shape::new([steps, ALPHABET]) };
    endless(x, Shape::new([steps]), Labels::Classes(Some(SIGNAL)), streams(seed, "copy"), move |_, stream, x, y| {
        let symbols: Vec<usize> = (0..time).map(|_| 1 + stream.below(8) as usize).collect();
        for step in 0..steps {
            let symbol = match symbols.get(step) {
                Some(symbol) => *symbol,
                None if step + 1 == time + delay => SIGNAL,
                None => 0,
            };
            if numbered {
                x.push(symbol as f64);
            } else {
                x.extend((0..ALPHABET).map(|at| f64::from(u8::from(at == symbol))));
            }
            y.push(step.checked_sub(time + delay).map_or(0.0, |at| symbols[at] as f64));
        }
    })
}
