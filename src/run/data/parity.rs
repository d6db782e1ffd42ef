//! `parity(bits)`, and `xor`, which is `parity(2)`: example `i` is the binary digits of `i` mod 2^bits as numbers 0 and 1, the
//! highest first; its class is their sum mod 2. All 2^bits examples where `take:` does not say otherwise.

use super::generate::{Generator, streams};
use super::source::{Count, Header, Labels, Opened};
use crate::diagnostics::{Diagnostic, data};
use crate::shape::Shape;
use crate::source::Span;

/// Examples `[bits]`, class numbers.
pub(super) fn open(span: Span, bits: usize) -> Result<Opened, Diagnostic> {
    let Some(all) = u32::try_from(bits).ok().and_then(|bits| 1_usize.checked_shl(bits)) else {
        return Err(data::too_large(span, "the source", &format!("2^{bits} examples"), "what can be counted"));
    };
    let header = Header::new(Count::Endless(all), Shape::new([bits]), Shape::scalar(), Labels::Classes(Some(2)));
    // Nothing is drawn.
    let streams = streams(0, "parity");
    let example = move |index: usize, _: &mut _, x: &mut Vec<f64>, y: &mut Vec<f64>| {
        let number = index & (all - 1);
        x.extend((0..bits).rev().map(|bit| (number >> bit & 1) as f64));
        y.push(f64::from(number.count_ones() % 2));
    };
    Ok(Opened::new(header, Generator { streams, example }))
}
