//! ln x and ln(1 + x): the argument is split into 2ⁿ·m with √½ ≤ m < √2 by its bits, and ln m is a polynomial (f32) or a
//! polynomial of s = f/(2 + f), f = m − 1 (f64, after fdlibm's `e_log.c`).

use super::{polynomial, with_sign_of};
use crate::scalar::arithmetic::Arithmetic;
use crate::shape::Precision;

struct Format {
    mantissa: u32,
    /// The bits of √½.
    root_half: i64,
    /// The bits of 1.
    one: i64,
    /// The bits of the mantissa.
    mantissa_mask: i64,
    /// The bits of 2^mantissa: an integer below it in these bits' mantissa is added to it.
    integer_bits: i64,
    /// 2^mantissa
    integer_base: f64,
    /// The smallest normal number.
    smallest: f64,
    /// A power of two that makes every subnormal normal.
    raise: f64,
    /// ln 2 in a part with trailing zeros, so that n·ln 2 is exact, and the rest.
    ln2: (f64, f64),
}

const FORMAT_32: Format = Format {
    mantissa: 23,
    root_half: 0x3f35_04f3,
    one: 0x3f80_0000,
    mantissa_mask: 0x007f_ffff,
    integer_bits: 0x4b00_0000,
    integer_base: 8_388_608.0,
    smallest: 1.175_494_350_822_287_5e-38,
    raise: 25.0,
    ln2: (0.693_145_751_953_125, 1.428_606_765_330_187e-6),
};

const FORMAT_64: Format = Format {
    mantissa: 52,
    root_half: 0x3fe6_a09e_667f_3bcd,
    one: 0x3ff0_0000_0000_0000,
    mantissa_mask: 0x000f_ffff_ffff_ffff,
    integer_bits: 0x4330_0000_0000_0000,
    integer_base: 4_503_599_627_370_496.0,
    smallest: f64::MIN_POSITIVE,
    raise: 54.0,
    ln2: (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10),
};

// ln(1 + f) = f − f²/2 + f³·P(f), √½ − 1 ≤ f ≤ √2 − 1: 2^-27.2
const POLYNOMIAL_32: [f64; 8] = [
    0.333_333_313_465_118_4,
    -0.250_008_195_638_656_6,
    0.200_012_281_537_055_97,
    -0.166_233_584_284_782_4,
    0.142_017_453_908_920_3,
    -0.131_601_557_135_581_97,
    0.127_616_494_894_027_7,
    -0.076_346_494_257_450_1,
];

// ln(1 + f) = 2s + s·z·P(z), z = s² ≤ 0.0295: 2^-58.9
const POLYNOMIAL_64: [f64; 7] = [
    0.666_666_666_666_673_4,
    0.399_999_999_994_146_5,
    0.285_714_287_423_941_67,
    0.222_221_985_725_174_96,
    0.181_835_643_602_442_1,
    0.153_140_496_919_212_14,
    0.147_959_582_147_042_6,
];

fn format<A: Arithmetic>(a: &A) -> &'static Format {
    match a.precision() {
        Precision::F32 => &FORMAT_32,
        Precision::F64 => &FORMAT_64,
    }
}

/// x = 2ⁿ·m for a normal x > 0: the bits of 2ⁿ as a biased exponent in place, n, and m.
fn split<A: Arithmetic>(a: &mut A, x: A::Float) -> (A::Integer, A::Float, A::Float) {
    let format = format(a);
    let bits = a.to_bits(x);
    // Biased so that the exponent of a number in [√½, √2) reads as 0.
    let shift = a.integer(format.one - format.root_half);
    let shifted = a.integer_add(bits, shift);
    let exponent = a.shift_right(shifted, format.mantissa);
    let base_bits = a.integer(format.integer_bits);
    let n = a.bit_or(exponent, base_bits);
    let n = a.of_bits(n);
    let base = a.constant(format.integer_base + (format.one >> format.mantissa) as f64);
    let n = a.subtract(n, base);
    let mask = a.integer(format.mantissa_mask);
    let root_half = a.integer(format.root_half);
    let m = a.bit_and(shifted, mask);
    let m = a.integer_add(m, root_half);
    let m = a.of_bits(m);
    (exponent, n, m)
}

/// n ln 2 + ln(1 + f)
fn assemble<A: Arithmetic>(a: &mut A, n: A::Float, f: A::Float) -> A::Float {
    let format = format(a);
    let (high, low) = (a.constant(format.ln2.0), a.constant(format.ln2.1));
    let half = a.constant(0.5);
    match a.precision() {
        Precision::F32 => {
            let square = a.multiply(f, f);
            let p = polynomial(a, f, &POLYNOMIAL_32);
            let minus_half = a.constant(-0.5);
            let p = a.fused(p, f, minus_half);
            let rest = a.fused(n, low, f);
            let rest = a.fused(square, p, rest);
            a.fused(n, high, rest)
        }
        Precision::F64 => {
            let two = a.constant(2.0);
            let denominator = a.add(two, f);
            let s = a.divide(f, denominator);
            let z = a.multiply(s, s);
            let p = polynomial(a, z, &POLYNOMIAL_64);
            let p = a.multiply(p, z);
            let half_square = a.multiply(half, f);
            let half_square = a.multiply(half_square, f);
            // ln(1 + f) = f − (f²/2 − s·(f²/2 + R))
            let sum = a.add(half_square, p);
            let tail = a.multiply(n, low);
            let tail = a.fused(s, sum, tail);
            let tail = a.subtract(half_square, tail);
            let rest = a.subtract(f, tail);
            a.fused(n, high, rest)
        }
    }
}

/// `y`, but the limits of ln where `x`, the argument of ln, is ≤ 0, infinite or NaN.
fn with_limits<A: Arithmetic>(a: &mut A, x: A::Float, y: A::Float) -> A::Float {
    let (zero, infinity) = (a.constant(0.0), a.constant(f64::INFINITY));
    let (minus_infinity, nan) = (a.constant(f64::NEG_INFINITY), a.constant(f64::NAN));
    let finite = a.less(x, infinity);
    let y = a.select(finite, y, x);
    let is_zero = a.equal(x, zero);
    let outside = a.select(is_zero, minus_infinity, nan);
    let inside = a.less(zero, x);
    a.select(inside, y, outside)
}

/// ln x
pub(super) fn logarithm<A: Arithmetic>(a: &mut A, x: A::Float) -> A::Float {
    let format = format(a);
    let smallest = a.constant(format.smallest);
    let raise = f64::from_bits(((1023.0 + format.raise) as u64) << 52);
    let (raise, one) = (a.constant(raise), a.constant(1.0));
    let (lower, zero) = (a.constant(-format.raise), a.constant(0.0));
    let subnormal = a.less(x, smallest);
    let factor = a.select(subnormal, raise, one);
    let correction = a.select(subnormal, lower, zero);
    let normal = a.multiply(x, factor);
    let (_, n, m) = split(a, normal);
    let n = a.add(n, correction);
    let f = a.subtract(m, one);
    let y = assemble(a, n, f);
    with_limits(a, x, y)
}

/// ln(1 + x)
pub(super) fn logarithm_one_plus<A: Arithmetic>(a: &mut A, x: A::Float) -> A::Float {
    let format = format(a);
    let one = a.constant(1.0);
    // u + c = 1 + x exactly (Knuth's two-sum).
    let u = a.add(x, one);
    let of_x = a.subtract(u, one);
    let of_one = a.subtract(u, of_x);
    let lost_x = a.subtract(x, of_x);
    let lost_one = a.subtract(one, of_one);
    let c = a.add(lost_x, lost_one);
    let (exponent, n, m) = split(a, u);
    let f = a.subtract(m, one);
    // What the rounding of 1 + x lost, in m's scale: where n = 0, f + c·2⁻ⁿ is x again.
    let twice_bias = a.integer(2 * (format.one >> format.mantissa));
    let scale = a.integer_subtract(twice_bias, exponent);
    let scale = a.shift_left(scale, format.mantissa);
    let scale = a.of_bits(scale);
    // For u ≥ √2·2^bias these are the bits of −∞; c is 0 there.
    let zero = a.constant(0.0);
    let negative = a.less(scale, zero);
    let scale = a.select(negative, zero, scale);
    let f = a.fused(c, scale, f);
    let y = assemble(a, n, f);
    let y = with_limits(a, u, y);
    // −0 and the sign of subnormals; the logarithm has the sign of x.
    let magnitude = a.absolute(y);
    with_sign_of(a, magnitude, x)
}
