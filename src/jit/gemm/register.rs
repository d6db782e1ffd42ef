//! A register of numbers: all that the matrix product asks of the processor. Those of 256 bits are AVX2 with FMA, those of 512
//! are AVX-512.
#![expect(
    clippy::inline_always,
    reason = "an intrinsic is one instruction only once it stands in its target_feature caller"
)]

use super::tile::{Operands, tile_avx2, tile_avx512};
use std::arch::x86_64::{
    __m256, __m256d, __m256i, __m512, __m512d, __mmask8, __mmask16, _mm_castps_pd, _mm_movehl_ps, _mm_store_ss,
    _mm_storel_pd, _mm_storeu_pd, _mm_storeu_ps, _mm256_broadcast_sd, _mm256_broadcast_ss, _mm256_castpd_ps,
    _mm256_castpd256_pd128, _mm256_castps_pd, _mm256_castps256_ps128, _mm256_cmpgt_epi32, _mm256_cmpgt_epi64,
    _mm256_extractf128_pd, _mm256_extractf128_ps, _mm256_fmadd_pd, _mm256_fmadd_ps, _mm256_loadu_pd, _mm256_loadu_ps,
    _mm256_maskload_pd, _mm256_maskload_ps, _mm256_permute2f128_pd, _mm256_permute2f128_ps, _mm256_set1_epi32,
    _mm256_set1_epi64x, _mm256_setr_epi32, _mm256_setr_epi64x, _mm256_setzero_pd, _mm256_setzero_ps, _mm256_storeu_pd,
    _mm256_storeu_ps, _mm256_unpackhi_pd, _mm256_unpackhi_ps, _mm256_unpacklo_pd, _mm256_unpacklo_ps, _mm512_fmadd_pd,
    _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps, _mm512_mask_storeu_pd, _mm512_mask_storeu_ps,
    _mm512_maskz_loadu_pd, _mm512_maskz_loadu_ps, _mm512_set1_pd, _mm512_set1_ps, _mm512_setzero_pd, _mm512_setzero_ps,
    _mm512_storeu_pd, _mm512_storeu_ps,
};

/// The most lanes of a register that transposes.
pub(super) const MOST_LANES: usize = 8;

/// A register of `LANES` numbers.
///
/// # Safety
/// Every function needs a processor with the register's instructions, and, `tile` apart, must be called (through any number of
/// inlined functions) from one that is compiled for them; pointers must be valid for the lanes that are read or written. No alignment is asked for.
pub(super) trait Register: Copy {
    /// What a lane holds.
    type Number: Copy + Default;
    /// Which lanes take part in a load or store.
    type Mask: Copy;
    /// The registers that pack panels for these; they need no feature that these do not come with.
    type Packer: Transpose<Number = Self::Number>;
    /// Lanes of a register.
    const LANES: usize;
    /// The most rows of a tile two registers wide: the accumulators, two registers of B and one of A are all there are.
    const ROWS_OF_WIDE: usize;
    /// The most rows of a tile one register wide.
    const ROWS_OF_NARROW: usize;

    unsafe fn zero() -> Self;
    unsafe fn load(from: *const Self::Number) -> Self;
    /// The number at `from` in every lane.
    unsafe fn splat(from: *const Self::Number) -> Self;
    unsafe fn store(self, to: *mut Self::Number);
    /// `self · factor + sum`, rounded once.
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self;
    /// The first `lanes` lanes.
    unsafe fn first(lanes: usize) -> Self::Mask;
    /// Zero where the mask does not hold; only the others are read.
    unsafe fn load_masked(from: *const Self::Number, mask: Self::Mask) -> Self;
    /// Stores the first `lanes`.
    unsafe fn store_first(self, to: *mut Self::Number, lanes: usize);
    /// The micro-kernel in these registers, as `tile.rs` says.
    unsafe fn tile(rows: usize, operands: &Operands<Self::Number>);
}

/// A register that takes part in transposing.
///
/// # Safety
/// As `Register`.
pub(super) trait Transpose: Register {
    /// The first `LANES` entries as a square matrix, transposed.
    unsafe fn transpose(rows: [Self; MOST_LANES]) -> [Self; MOST_LANES];
}

impl Register for __m256 {
    type Number = f32;
    type Mask = __m256i;
    type Packer = Self;
    const LANES: usize = 8;
    const ROWS_OF_WIDE: usize = 6;
    const ROWS_OF_NARROW: usize = 12;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> Self {
        // SAFETY: the trait's contract: one number is read.
        unsafe { _mm256_broadcast_ss(&*from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the trait's contract.
        unsafe { _mm256_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm256_fmadd_ps(self, factor, sum) }
    }

    #[inline(always)]
    unsafe fn first(lanes: usize) -> __m256i {
        // SAFETY: the trait's contract.
        unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f32, mask: __m256i) -> Self {
        // SAFETY: the trait's contract; lanes outside the mask are not accessed.
        unsafe { _mm256_maskload_ps(from, mask) }
    }

    #[inline(always)]
    unsafe fn store_first(self, mut to: *mut f32, lanes: usize) {
        // In powers of two: a masked store takes AMD's processors a dozen cycles.
        // SAFETY: the trait's contract; 4, 2 and 1 of the lanes are stored as the bits of their number say.
        unsafe {
            if lanes >= 8 {
                return self.store(to);
            }
            let mut rest = _mm256_castps256_ps128(self);
            if lanes & 4 != 0 {
                _mm_storeu_ps(to, rest);
                rest = _mm256_extractf128_ps::<1>(self);
                to = to.add(4);
            }
            if lanes & 2 != 0 {
                _mm_storel_pd(to.cast(), _mm_castps_pd(rest));
                rest = _mm_movehl_ps(rest, rest);
                to = to.add(2);
            }
            if lanes & 1 != 0 {
                _mm_store_ss(to, rest);
            }
        }
    }

    unsafe fn tile(rows: usize, operands: &Operands<Self::Number>) {
        // SAFETY: handed through.
        unsafe { tile_avx2::<Self>(rows, operands) }
    }
}

impl Transpose for __m256 {
    #[inline(always)]
    unsafe fn transpose(rows: [Self; MOST_LANES]) -> [Self; MOST_LANES] {
        // SAFETY: the trait's contract.
        unsafe {
            let low = |a: Self, b: Self| _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
            let high = |a: Self, b: Self| _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
            let [a, b, c, d, e, f, g, h] = rows;
            // Pairs of rows, then quadruples, within each half of a register; then the halves change places.
            let (ab, cd, ef, gh) = (low(a, b), low(c, d), low(e, f), low(g, h));
            let (ab_, cd_, ef_, gh_) = (high(a, b), high(c, d), high(e, f), high(g, h));
            let quadruple = |x: __m256d, y: __m256d| {
                (_mm256_castpd_ps(_mm256_unpacklo_pd(x, y)), _mm256_castpd_ps(_mm256_unpackhi_pd(x, y)))
            };
            let ((a0, a1), (a2, a3)) = (quadruple(ab, cd), quadruple(ab_, cd_));
            let ((e0, e1), (e2, e3)) = (quadruple(ef, gh), quadruple(ef_, gh_));
            let lower = |x: Self, y: Self| _mm256_permute2f128_ps::<0x20>(x, y);
            let upper = |x: Self, y: Self| _mm256_permute2f128_ps::<0x31>(x, y);
            [
                lower(a0, e0),
                lower(a1, e1),
                lower(a2, e2),
                lower(a3, e3),
                upper(a0, e0),
                upper(a1, e1),
                upper(a2, e2),
                upper(a3, e3),
            ]
        }
    }
}

impl Register for __m256d {
    type Number = f64;
    type Mask = __m256i;
    type Packer = Self;
    const LANES: usize = 4;
    const ROWS_OF_WIDE: usize = 6;
    const ROWS_OF_NARROW: usize = 12;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm256_setzero_pd() }
    }

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm256_loadu_pd(from) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const f64) -> Self {
        // SAFETY: the trait's contract: one number is read.
        unsafe { _mm256_broadcast_sd(&*from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: the trait's contract.
        unsafe { _mm256_storeu_pd(to, self) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm256_fmadd_pd(self, factor, sum) }
    }

    #[inline(always)]
    unsafe fn first(lanes: usize) -> __m256i {
        // SAFETY: the trait's contract.
        unsafe { _mm256_cmpgt_epi64(_mm256_set1_epi64x(lanes as i64), _mm256_setr_epi64x(0, 1, 2, 3)) }
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f64, mask: __m256i) -> Self {
        // SAFETY: the trait's contract; lanes outside the mask are not accessed.
        unsafe { _mm256_maskload_pd(from, mask) }
    }

    #[inline(always)]
    unsafe fn store_first(self, mut to: *mut f64, lanes: usize) {
        // SAFETY: the trait's contract; 2 and 1 of the lanes are stored as the bits of their number say.
        unsafe {
            if lanes >= 4 {
                return self.store(to);
            }
            let mut rest = _mm256_castpd256_pd128(self);
            if lanes & 2 != 0 {
                _mm_storeu_pd(to, rest);
                rest = _mm256_extractf128_pd::<1>(self);
                to = to.add(2);
            }
            if lanes & 1 != 0 {
                _mm_storel_pd(to, rest);
            }
        }
    }

    unsafe fn tile(rows: usize, operands: &Operands<Self::Number>) {
        // SAFETY: handed through.
        unsafe { tile_avx2::<Self>(rows, operands) }
    }
}

impl Transpose for __m256d {
    #[inline(always)]
    unsafe fn transpose(rows: [Self; MOST_LANES]) -> [Self; MOST_LANES] {
        // SAFETY: the trait's contract.
        unsafe {
            let [a, b, c, d, rest @ ..] = rows;
            let (ab, ab_) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            let (cd, cd_) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
            let [e, f, g, h] = rest;
            [
                _mm256_permute2f128_pd::<0x20>(ab, cd),
                _mm256_permute2f128_pd::<0x20>(ab_, cd_),
                _mm256_permute2f128_pd::<0x31>(ab, cd),
                _mm256_permute2f128_pd::<0x31>(ab_, cd_),
                e,
                f,
                g,
                h,
            ]
        }
    }
}

impl Register for __m512 {
    type Number = f32;
    type Mask = __mmask16;
    type Packer = __m256;
    const LANES: usize = 16;
    const ROWS_OF_WIDE: usize = 14;
    const ROWS_OF_NARROW: usize = 14;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const f32) -> Self {
        // SAFETY: the trait's contract: one number is read.
        unsafe { _mm512_set1_ps(*from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the trait's contract.
        unsafe { _mm512_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm512_fmadd_ps(self, factor, sum) }
    }

    #[inline(always)]
    unsafe fn first(lanes: usize) -> __mmask16 {
        ((1_u32 << lanes.min(Self::LANES)) - 1) as __mmask16
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f32, mask: __mmask16) -> Self {
        // SAFETY: the trait's contract; lanes outside the mask are not accessed.
        unsafe { _mm512_maskz_loadu_ps(mask, from) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, lanes: usize) {
        // SAFETY: the trait's contract; lanes outside the mask are not accessed.
        unsafe { _mm512_mask_storeu_ps(to, Self::first(lanes), self) }
    }

    unsafe fn tile(rows: usize, operands: &Operands<Self::Number>) {
        // SAFETY: handed through.
        unsafe { tile_avx512::<Self>(rows, operands) }
    }
}

impl Register for __m512d {
    type Number = f64;
    type Mask = __mmask8;
    type Packer = __m256d;
    const LANES: usize = 8;
    const ROWS_OF_WIDE: usize = 14;
    const ROWS_OF_NARROW: usize = 14;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm512_setzero_pd() }
    }

    #[inline(always)]
    unsafe fn load(from: *const f64) -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm512_loadu_pd(from) }
    }

    #[inline(always)]
    unsafe fn splat(from: *const f64) -> Self {
        // SAFETY: the trait's contract: one number is read.
        unsafe { _mm512_set1_pd(*from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f64) {
        // SAFETY: the trait's contract.
        unsafe { _mm512_storeu_pd(to, self) }
    }

    #[inline(always)]
    unsafe fn multiply_add(self, factor: Self, sum: Self) -> Self {
        // SAFETY: the trait's contract.
        unsafe { _mm512_fmadd_pd(self, factor, sum) }
    }

    #[inline(always)]
    unsafe fn first(lanes: usize) -> __mmask8 {
        ((1_u32 << lanes.min(Self::LANES)) - 1) as __mmask8
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f64, mask: __mmask8) -> Self {
        // SAFETY: the trait's contract; lanes outside the mask are not accessed.
        unsafe { _mm512_maskz_loadu_pd(mask, from) }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f64, lanes: usize) {
        // SAFETY: the trait's contract; lanes outside the mask are not accessed.
        unsafe { _mm512_mask_storeu_pd(to, Self::first(lanes), self) }
    }

    unsafe fn tile(rows: usize, operands: &Operands<Self::Number>) {
        // SAFETY: handed through.
        unsafe { tile_avx512::<Self>(rows, operands) }
    }
}
