//! What the generators share: example `i` draws from a stream of its own, so that it is the same example whatever is skipped
//! or taken, and skipping costs nothing.

use super::source::{Count, Header, Labels, Opened, Reader, Sink};
use crate::diagnostics::Diagnostic;
use crate::run::random::{Stream, Streams};
use crate::shape::Shape;
use std::ops::Range;

/// How many examples a generator makes where nobody says.
pub(super) const DEFAULT_EXAMPLES: usize = 256;

/// The streams of a generator's examples. Other tensors of a generator draw from `Stream::new(seed, "data/NAME", …)`.
pub(super) fn streams(seed: u64, generator: &str) -> Streams {
    Streams::new(seed, "data/x", generator)
}

/// A source of examples that `example(i, stream, x, y)` appends to its last two arguments.
pub(super) fn endless(
    x: Shape,
    y: Shape,
    labels: Labels,
    streams: Streams,
    example: impl FnMut(usize, &mut Stream, &mut Vec<f64>, &mut Vec<f64>) + 'static,
) -> Opened {
    Opened::new(Header::new(Count::Endless(DEFAULT_EXAMPLES), x, y, labels), Generator { streams, example })
}

/// Makes examples one by one.
pub(super) struct Generator<F> {
    /// One for each example.
    pub(super) streams: Streams,
    /// Appends an example's input and target.
    pub(super) example: F,
}

impl<F: FnMut(usize, &mut Stream, &mut Vec<f64>, &mut Vec<f64>)> Reader for Generator<F> {
    fn read(mut self: Box<Self>, rows: Range<usize>, x: &mut dyn Sink, y: &mut dyn Sink) -> Result<(), Diagnostic> {
        let (mut input, mut target) = (Vec::new(), Vec::new());
        for index in rows {
            input.clear();
            target.clear();
            (self.example)(index, &mut self.streams.number(index as u64), &mut input, &mut target);
            x.accept(&input);
            y.accept(&target);
        }
        Ok(())
    }
}
