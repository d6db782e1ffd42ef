//! Copies blocks of a matrix into panels, in the order in which the micro-kernel reads them.

use super::register::{MOST_LANES, Transpose};
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
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
/// The processor has AVX2 and FMA. The elements can be read, `terms · width` numbers of the panel written; 0 < `lanes` ≤
/// `width`.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn pack<R: Transpose>(
    block: Block<R::Number>,
    terms: usize,
    lanes: usize,
    panel: *mut R::Number,
    width: usize,
) {
    if block.lane == 1 {
        // SAFETY: handed through.
        return unsafe { pack_along_lanes::<R>(block, terms, lanes, panel, width) };
    }
    for first in (0..width).step_by(R::LANES) {
        let strip = Strip::<R> {
            block: block.at(0, first),
            read: lanes.saturating_sub(first).min(R::LANES),
            panel: panel.wrapping_add(first),
            written: (width - first).min(R::LANES),
            width,
        };
        // SAFETY: the strips partition the panel's lanes; each reads and writes its own.
        unsafe {
            if block.term == 1 {
                strip.pack_along_terms(terms);
            } else {
                strip.pack_strided(0..terms);
            }
        }
    }
}

/// How many terms ahead a panel is fetched.
const AHEAD: usize = 32;

/// Lanes are neighbours: each term is copied.
///
/// # Safety
/// As `pack`.
#[target_feature(enable = "avx2,fma")]
unsafe fn pack_along_lanes<R: Transpose>(
    block: Block<R::Number>,
    terms: usize,
    lanes: usize,
    panel: *mut R::Number,
    width: usize,
) {
    let whole = lanes - lanes % R::LANES;
    // SAFETY: loads are kept to the lanes read, by a mask where a register would hold more; stores to the width.
    unsafe {
        let mask = R::first(lanes - whole);
        for term in 0..terms {
            let (from, to) = (block.at(term, 0).from, panel.add(term * width));
            // Rows are too short and too far apart for the processor to see the next ones coming.
            for line in (0..whole).step_by(2 * R::LANES) {
                _mm_prefetch::<_MM_HINT_T0>(block.at(term + AHEAD, line).from.cast());
            }
            for first in (0..whole).step_by(R::LANES) {
                R::load(from.add(first)).store(to.add(first));
            }
            for first in (whole..width).step_by(R::LANES) {
                let numbers = if first == whole { R::load_masked(from.add(first), mask) } else { R::zero() };
                numbers.store_first(to.add(first), width - first);
            }
        }
    }
}

/// As many lanes of a panel as fit a register.
struct Strip<R: Transpose> {
    block: Block<R::Number>,
    read: usize,
    panel: *mut R::Number,
    written: usize,
    width: usize,
}

/// # Safety
/// Of each function: as `pack`, for the strip's lanes and the terms it is given.
impl<R: Transpose> Strip<R> {
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
                    // The next strip, whose lanes are too short and too far apart for the processor to see it coming.
                    _mm_prefetch::<_MM_HINT_T0>(self.block.at(start, lane + R::LANES).from.cast());
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
