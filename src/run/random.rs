//! Random numbers: one stream for each (seed, layer, tensor), the same numbers on every machine and in every version.
//!
//! # The streams, written down
//!
//! - The key of a stream is the 32 bytes of BLAKE3 in key derivation mode, context `gradc random stream 1`, over: the seed as 8
//!   bytes little-endian; the layer's name; the tensor's name; each name as its length in bytes (8 bytes little-endian) and its
//!   UTF-8 bytes. So a layer that is added or removed changes the draw of no layer that keeps its name.
//! - Where a tensor has a stream for each of many things (the examples of a generator), thing `i` has ChaCha8's stream `i` under
//!   the same key; otherwise it is stream 0.
//! - Streams that belong to no layer have `/` in the first name (`data/x`), which no layer's name has.
//! - The stream is ChaCha8 with that key from counter 0; a word is 64 bits, the lower 32 first.
//! - `uniform` is the top 53 bits of a word times 2⁻⁵³: in [0, 1).
//! - `normal` is Φ⁻¹((k + ½)·2⁻⁵²), k the top 52 bits of a word, by Wichura's AS 241 (PPND16) in f64 without contraction, with
//!   ``scalar::mathematics::ln`: one word for each number, whatever its value.
//! - `below(n)` is Lemire's multiplication with rejection: ⌊word·n / 2⁶⁴⌋, drawn again where (word·n mod 2⁶⁴) < 2⁶⁴ mod n.
//!
//! Tensors are drawn in f64 in row-major order, each number rounded once to the tensor's precision.

use crate::scalar::mathematics::ln;
use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use std::fmt;

const CONTEXT: &str = "gradc random stream 1";

/// The numbered streams of one tensor.
#[derive(Clone, Copy)]
pub struct Streams {
    key: [u8; 32],
}

impl fmt::Debug for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}

impl Streams {
    /// The streams of a layer's tensor; `layer` is the layer's name, or a name with `/` in it.
    #[must_use]
    pub fn new(seed: u64, layer: &str, tensor: &str) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&seed.to_le_bytes());
        for name in [layer, tensor] {
            hasher.update(&(name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
        }
        Self { key: *hasher.finalize().as_bytes() }
    }

    /// Stream number `index`, from its beginning.
    #[must_use]
    pub fn number(&self, index: u64) -> Stream {
        let mut words = ChaCha8Rng::from_seed(self.key);
        words.set_stream(index);
        Stream { words }
    }
}

/// A stream of random numbers.
pub struct Stream {
    words: ChaCha8Rng,
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("word", &(self.words.get_word_pos() / 2)).finish_non_exhaustive()
    }
}

impl Stream {
    /// The stream of a layer's tensor.
    #[must_use]
    pub fn new(seed: u64, layer: &str, tensor: &str) -> Self {
        Streams::new(seed, layer, tensor).number(0)
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.words.next_u64()
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.word() >> 11) as f64 * SPACING_53
    }

    /// Uniform in (0, 1), an odd multiple of 2⁻⁵³; symmetric about ½.
    pub fn open_uniform(&mut self) -> f64 {
        ((self.word() >> 12) as f64 + 0.5) * SPACING_52
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        normal_quantile(self.open_uniform())
    }

    /// Uniform among `0..bound`.
    ///
    /// # Panics
    /// Where `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is a number below the bound");
        let unfair = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.word()) * u128::from(bound);
            if product as u64 >= unfair {
                return (product >> 64) as u64;
            }
        }
    }

    /// A random order of `0..count`: Fisher and Yates, from the last place down.
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for last in (1..count).rev() {
            order.swap(last, self.below(last as u64 + 1) as usize);
        }
        order
    }
}

/// 2⁻⁵³
const SPACING_53: f64 = 1.0 / (1_u64 << 53) as f64;
/// 2⁻⁵²
const SPACING_52: f64 = 1.0 / (1_u64 << 52) as f64;

/// Φ⁻¹(p) for 0 < p < 1, to about 1e-16 relative. M. J. Wichura, Algorithm AS 241, Applied Statistics 37 (1988), PPND16.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE.0, r) / polynomial(&CENTRE.1, r);
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let r = (-ln(tail)).sqrt();
    let magnitude = if r <= 5.0 {
        polynomial(&MIDDLE.0, r - 1.6) / polynomial(&MIDDLE.1, r - 1.6)
    } else {
        polynomial(&FAR.0, r - 5.0) / polynomial(&FAR.1, r - 5.0)
    };
    if q < 0.0 { -magnitude } else { magnitude }
}

/// Horner's rule, highest power first, each operation rounded.
fn polynomial(coefficients: &[f64; 8], x: f64) -> f64 {
    coefficients[1..].iter().fold(coefficients[0], |sum, coefficient| sum * x + coefficient)
}

type Rational = ([f64; 8], [f64; 8]);

/// |p − ½| ≤ 0.425, in 0.425² − (p − ½)².
const CENTRE: Rational = (
    [
        2.509_080_928_730_122_672_7e3,
        3.343_057_558_358_812_810_5e4,
        6.726_577_092_700_870_085_3e4,
        4.592_195_393_154_987_145_7e4,
        1.373_169_376_550_946_112_5e4,
        1.971_590_950_306_551_442_7e3,
        1.331_416_678_917_843_774_5e2,
        3.387_132_872_796_366_608_0e0,
    ],
    [
        5.226_495_278_852_854_561_0e3,
        2.872_908_573_572_194_267_4e4,
        3.930_789_580_009_271_061_0e4,
        2.121_379_430_158_659_586_7e4,
        5.394_196_021_424_751_107_7e3,
        6.871_870_074_920_579_083_0e2,
        4.231_333_070_160_091_125_2e1,
        1.0,
    ],
);

/// √(−ln tail) ≤ 5, in that less 1.6.
const MIDDLE: Rational = (
    [
        7.745_450_142_783_414_076_40e-4,
        2.272_384_498_926_918_458_33e-2,
        2.417_807_251_774_506_117_70e-1,
        1.270_458_252_452_368_382_58e0,
        3.647_848_324_763_204_605_04e0,
        5.769_497_221_460_691_405_50e0,
        4.630_337_846_156_545_295_90e0,
        1.423_437_110_749_683_577_34e0,
    ],
    [
        1.050_750_071_644_416_843_24e-9,
        5.475_938_084_995_344_946_00e-4,
        1.519_866_656_361_645_719_66e-2,
        1.481_039_764_274_800_745_90e-1,
        6.897_673_349_851_000_045_50e-1,
        1.676_384_830_183_803_849_40e0,
        2.053_191_626_637_758_821_87e0,
        1.0,
    ],
);

/// Beyond, in √(−ln tail) less 5.
const FAR: Rational = (
    [
        2.010_334_399_292_288_132_65e-7,
        2.711_555_568_743_487_578_15e-5,
        1.242_660_947_388_078_438_60e-3,
        2.653_218_952_657_612_309_30e-2,
        2.965_605_718_285_048_912_30e-1,
        1.784_826_539_917_291_335_80e0,
        5.463_784_911_164_114_369_90e0,
        6.657_904_643_501_103_777_20e0,
    ],
    [
        2.044_263_103_389_939_785_64e-15,
        1.421_511_758_316_445_888_70e-7,
        1.846_318_317_510_054_681_80e-5,
        7.868_691_311_456_132_591_00e-4,
        1.487_536_129_085_061_485_25e-2,
        1.369_298_809_227_358_053_10e-1,
        5.998_322_065_558_879_376_90e-1,
        1.0,
    ],
);

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever changes these numbers changes every report that was ever made. They were computed a second time by an
    /// independent implementation of BLAKE3, ChaCha8 and AS 241 in Python.
    #[test]
    fn golden_vector() {
        let mut stream = Stream::new(0, "dense1", "weight");
        let words: Vec<u64> = (0..4).map(|_| stream.word()).collect();
        assert_eq!(
            words,
            [
                1_749_206_560_239_652_826,
                16_114_855_957_102_222_042,
                8_756_009_869_292_951_446,
                8_271_320_091_012_966_916
            ]
        );
        let mut stream = Stream::new(7, "h[2]", "bias");
        let normals: Vec<f64> = (0..4).map(|_| stream.normal()).collect();
        assert_eq!(
            normals,
            [-0.685_423_651_437_708_8, -0.512_404_639_377_300_3, 0.528_835_594_928_706_9, -0.613_032_155_549_752_3]
        );
        assert_eq!(Streams::new(1, "data/x", "moons").number(5).word(), 2_433_744_759_385_999_676);
    }

    #[test]
    fn names_are_delimited() {
        let first = |layer: &str, tensor: &str| Stream::new(0, layer, tensor).word();
        assert_ne!(first("ab", "c"), first("a", "bc"));
        assert_ne!(first("dense1", "weight"), first("dense1", "bias"));
        assert_ne!(Stream::new(0, "dense1", "weight").word(), Stream::new(1, "dense1", "weight").word());
    }

    /// Values of Python's `statistics.NormalDist().inv_cdf`, which is AS 241 too, with the platform's logarithm.
    #[test]
    fn the_quantile_is_right_in_all_three_ranges() {
        let cases = [(0.5, 0.0), (0.6, 0.253_347_103_135_799_7), (0.975, 1.959_963_984_540_053_6)];
        for (p, expected) in cases {
            assert!((normal_quantile(p) - expected).abs() <= 4e-16 * f64::max(1.0, expected), "{p}");
        }
        for p in [1e-300, 1e-20, 1e-12, 1e-5, 0.01, 0.074, 0.076, 0.3, 0.499] {
            let z = normal_quantile(p);
            let back = 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
            // The condition of Φ grows as z² in the tail.
            assert!((back / p - 1.0).abs() < 1e-15 * (4.0 + z * z), "{p}: {z} {back}");
            if p > 1e-5 {
                assert!((normal_quantile(1.0 - p) + z).abs() < 1e-10, "antisymmetric at {p}");
            }
        }
    }

    #[test]
    fn moments_are_those_of_the_distributions() {
        let count = 200_000;
        let mut stream = Stream::new(3, "moments", "x");
        let moments = |draw: &mut dyn FnMut() -> f64| {
            let mut sums = [0.0; 4];
            for _ in 0..count {
                let x = draw();
                for (power, sum) in sums.iter_mut().enumerate() {
                    *sum += (0..=power).map(|_| x).product::<f64>();
                }
            }
            sums.map(|sum| sum / f64::from(count))
        };
        // Five standard errors: E z⁸ − (E z⁴)² = 96 is the largest variance among them.
        let within = 5.0 / f64::from(count).sqrt();
        let [mean, square, cube, fourth] = moments(&mut || stream.normal());
        assert!(mean.abs() < within && (square - 1.0).abs() < 1.5 * within);
        assert!(cube.abs() < 4.0 * within && (fourth - 3.0).abs() < 10.0 * within);
        let [mean, square, cube, fourth] = moments(&mut || stream.uniform());
        for (power, moment) in [mean, square, cube, fourth].into_iter().enumerate() {
            assert!((moment - 1.0 / (power as f64 + 2.0)).abs() < within);
        }
    }

    #[test]
    fn below_is_uniform_and_permutations_are_permutations() {
        let mut stream = Stream::new(0, "below", "x");
        let mut counts = [0_u32; 6];
        for _ in 0..60_000 {
            counts[stream.below(6) as usize] += 1;
        }
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 500), "{counts:?}");
        assert_eq!(stream.below(1), 0);
        let mut order = stream.permutation(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
        assert_eq!(stream.permutation(0), Vec::<usize>::new());
    }
}
