//! Copies blocks of a matrix into panels, in the order in which the micro-kernel reads them.

use super::register::{MOST_LANES, Register};
use std::ops::Range;

/// Where a block lies: element (term, lane) is `from[term · term_stride + lane · lane_stride]`.
#[derive(Clone, Copy)]
pub(super) struct Block<T> {
    pub(super) from: *const T,
    pub(super) term: usize,
    pub(super) lane: usize,
}

impl<T> Block<T> {
    /// The block that starts at another element of the same matrix.
    pub(super) fn at(self, term: usize, lane: usize) -> Self {
        Self { from: self.from.wrapping_add(term * self.term + lane * self.lane), ..self }
    }
}

/// Copies `terms × lanes` elements to `panel[term · width + lane]`; lanes up to `width` become zero.
///
/// # Safety
/// The processor has AVX2 and FMA. The elements can be read, `terms · width` numbers of the panel written; 0 < `lanes` and
/// `width` is less than a register more.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn pack<R: Register>(
    block: Block<R::Number>,
    terms: usize,
    lanes: usize,
    panel: *mut R::Number,
    width: usize,
) {
    for first in (0..lanes).step_by(R::LANES) {
        let strip = Strip::<R> {
            block: block.at(0, first),
            read: (lanes - first).min(R::LANES),
            panel: panel.wrapping_add(first),
            written: (width - first).min(R::LANES),
            width,
        };
        // SAFETY: the strips partition the panel's lanes; each reads and writes its own.
        unsafe {
            if block.lane == 1 {
                strip.pack_along_lanes(terms);
            } else if block.term == 1 {
                strip.pack_along_terms(terms);
            } else {
                strip.pack_strided(0..terms);
            }
        }
    }
}

/// As many lanes of a panel as fit a register.
struct Strip<R: Register> {
    block: Block<R::Number>,
    read: usize,
    panel: *mut R::Number,
    written: usize,
    width: usize,
}

/// # Safety
/// Of each function: as `pack`, for the strip's lanes and the terms it is given.
impl<R: Register> Strip<R> {
    /// Lanes are neighbours: each term is one load and one store.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn pack_along_lanes(&self, terms: usize) {
        // SAFETY: the mask keeps loads to the lanes read, `store_first` stores to those written.
        unsafe {
            let mask = R::first(self.read);
            for term in 0..terms {
                let from = self.block.at(term, 0).from;
                let numbers = if self.read == R::LANES { R::load(from) } else { R::load_masked(from, mask) };
                numbers.store_first(self.panel.add(term * self.width), self.written);
            }
        }
    }

    /// Terms are neighbours: squares are transposed in registers.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn pack_along_terms(&self, terms: usize) {
        let whole = terms - terms % R::LANES;
        // SAFETY: a square reads R::LANES terms below `whole` ≤ terms of each lane that is read.
        unsafe {
            for start in (0..whole).step_by(R::LANES) {
                let mut square = [R::zero(); MOST_LANES];
                for (lane, row) in square.iter_mut().enumerate().take(self.read) {
                    *row = R::load(self.block.at(start, lane).from);
                }
                let square = R::transpose(square);
                for (term, row) in square.iter().enumerate().take(R::LANES) {
                    row.store_first(self.panel.add((start + term) * self.width), self.written);
                }
            }
            self.pack_strided(whole..terms);
        }
    }

    /// One number at a time.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn pack_strided(&self, terms: Range<usize>) {
        // SAFETY: only lanes below `read` are read, and those below `written` written.
        unsafe {
            for term in terms {
                let to = self.panel.add(term * self.width);
                for lane in 0..self.written {
                    let number =
                        if lane < self.read { self.block.at(term, lane).from.read() } else { R::Number::default() };
                    to.add(lane).write(number);
                }
            }
        }
    }
}
