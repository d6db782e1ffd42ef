//! exp, expm1, and what is made of e to a negative power: σ, σ′, softplus; tanh and sech².
//!
//! All reduce x = n ln 2 + r with |r| ≤ ½ ln 2 by the magic-number trick: adding 1.5·2ᵐ, m the mantissa's length, rounds to an
//! integer, which then stands in the low bits of the sum. A further offset in the magic number leaves n plus the offset
//! there, so that one shift makes the scale 2ⁿ.
//!
//! Functions of e^−|x| scale it up by 2^`LIFT`, so that its subnormal range is reached only in the last, single rounding.

use super::{polynomial, sign_bit, with_sign_of};
use crate::scalar::arithmetic::Arithmetic;
use crate::shape::Precision;

/// What the formulas need to know of a precision.
struct Format {
    /// Bits after the leading one.
    mantissa: u32,
    /// The exponent's bias.
    bias: f64,
    /// 1.5 · 2^mantissa
    magic: f64,
    /// ln 2 rounded to the precision, and the rest.
    ln2: (f64, f64),
    /// Below the first, eˣ rounds to 0; above the second, to infinity.
    range: (f64, f64),
    /// Below this, eˣ − 1 rounds to −1.
    minus_one_below: f64,
    /// Below this in magnitude, eˣ − 1 rounds to x.
    identity_below: f64,
    /// The power of two that keeps e^−|x| normal.
    lift: f64,
    /// P of eʳ = 1 + r + r²·P(r).
    exponential: &'static [f64],
    /// P of ln(1 + e) = e·P(e) in f32, of ln(1 + e) = 2z + z³·P(z²), z = e/(2 + e), in f64.
    logarithm: &'static [f64],
}

const FORMAT_32: Format = Format {
    mantissa: 23,
    bias: 127.0,
    magic: 12_582_912.0,
    ln2: (0.693_147_182_464_599_6, -1.904_654_299_957_768e-9),
    range: (-104.0, 89.0),
    minus_one_below: -20.0,
    identity_below: 9.313_225_746_154_785e-10, // 2^-30
    lift: 32.0,
    // |r| ≤ 0.35: 2^-25.7 of eʳ − 1
    exponential: &[
        0.499_999_970_197_677_6,
        0.166_665_390_133_857_73,
        0.041_667_222_976_684_57,
        0.008_367_180_824_279_785,
        0.001_388_239_790_685_474_9,
    ],
    // 0 ≤ e ≤ 1: 2^-26.9
    logarithm: &[
        1.0,
        -0.499_999_821_186_065_7,
        0.333_325_594_663_62,
        -0.249_872_714_281_082_15,
        0.198_907_479_643_821_72,
        -0.161_056_891_083_717_35,
        0.124_184_288_084_506_99,
        -0.082_441_620_528_697_97,
        0.041_478_097_438_812_256,
        -0.013_407_463_207_840_92,
        0.002_030_226_867_645_979,
    ],
};

const FORMAT_64: Format = Format {
    mantissa: 52,
    bias: 1023.0,
    magic: 6_755_399_441_055_744.0,
    ln2: (std::f64::consts::LN_2, 2.319_046_813_846_299_6e-17),
    range: (-746.0, 710.0),
    minus_one_below: -40.0,
    identity_below: 8.673_617_379_884_035e-19, // 2^-60
    lift: 64.0,
    // |r| ≤ 0.35: 2^-55 of eʳ − 1
    exponential: &[
        0.500_000_000_000_000_6,
        0.166_666_666_666_665_82,
        0.041_666_666_666_569_42,
        0.008_333_333_333_394_167,
        0.001_388_888_893_415_291_8,
        0.000_198_412_697_115_402_46,
        2.480_150_198_663_889_7e-5,
        2.755_741_112_102_902e-6,
        2.762_740_257_634_519e-7,
        2.505_379_707_669_097_4e-8,
    ],
    // z² ≤ 1/9: 2^-58 of 2z
    logarithm: &[
        0.666_666_666_666_663_1,
        0.400_000_000_001_572_4,
        0.285_714_285_478_545_55,
        0.222_222_239_696_873_52,
        0.181_817_439_265_102_13,
        0.153_865_598_887_557_21,
        0.133_009_740_415_366_26,
        0.121_060_826_257_803_28,
        0.083_401_174_245_523_3,
        0.170_185_457_776_879_74,
    ],
};

fn format<A: Arithmetic>(a: &A) -> &'static Format {
    match a.precision() {
        Precision::F32 => &FORMAT_32,
        Precision::F64 => &FORMAT_64,
    }
}

/// 2 to an integer that every precision can represent.
fn power_of_two(exponent: f64) -> f64 {
    f64::from_bits(((1023.0 + exponent) as u64) << 52)
}

/// The larger of `x` and the bound, NaN kept: one instruction.
fn at_least<A: Arithmetic>(a: &mut A, x: A::Float, bound: f64) -> A::Float {
    let bound = a.constant(bound);
    let below = a.less(x, bound);
    a.select(below, bound, x)
}

/// The smaller of `x` and the bound, NaN kept: one instruction.
fn at_most<A: Arithmetic>(a: &mut A, x: A::Float, bound: f64) -> A::Float {
    let bound = a.constant(bound);
    let above = a.less(bound, x);
    a.select(above, bound, x)
}

/// x = n ln 2 + r: the bits whose low end is n + offset, and r.
fn reduce<A: Arithmetic>(a: &mut A, x: A::Float, offset: f64) -> (A::Integer, A::Float) {
    let format = format(a);
    let magic = a.constant(format.magic + offset);
    let inverse = a.constant(std::f64::consts::LOG2_E);
    let high = a.constant(-format.ln2.0);
    let low = a.constant(-format.ln2.1);
    let shifted = a.fused(x, inverse, magic);
    let n = a.subtract(shifted, magic);
    let r = a.fused(n, high, x);
    let r = a.fused(n, low, r);
    (a.to_bits(shifted), r)
}

/// eʳ for |r| ≤ ½ ln 2.
fn exponential_of_rest<A: Arithmetic>(a: &mut A, r: A::Float) -> A::Float {
    let one = a.constant(1.0);
    let p = polynomial(a, r, format(a).exponential);
    let p = a.fused(p, r, one);
    a.fused(p, r, one)
}

/// eʳ − 1 for |r| ≤ ½ ln 2.
fn rest_minus_one<A: Arithmetic>(a: &mut A, r: A::Float) -> A::Float {
    let square = a.multiply(r, r);
    let p = polynomial(a, r, format(a).exponential);
    a.fused(square, p, r)
}

/// eˣ
pub(super) fn exponential<A: Arithmetic>(a: &mut A, x: A::Float) -> A::Float {
    let format = format(a);
    let x = at_least(a, x, format.range.0);
    let x = at_most(a, x, format.range.1);
    // Two scales whose product is 2ⁿ: with n + 2·bias in the low bits, each is a biased exponent after halving.
    let (bits, r) = reduce(a, x, 2.0 * format.bias);
    let p = exponential_of_rest(a, r);
    let half = a.shift_right(bits, 1);
    let rest = a.integer_subtract(bits, half);
    let first = a.shift_left(half, format.mantissa);
    let second = a.shift_left(rest, format.mantissa);
    let (first, second) = (a.of_bits(first), a.of_bits(second));
    let y = a.multiply(p, first);
    a.multiply(y, second)
}

/// eˣ − 1
pub(super) fn exponential_minus_one<A: Arithmetic>(a: &mut A, x: A::Float) -> A::Float {
    let format = format(a);
    let inside = at_least(a, x, format.minus_one_below);
    let inside = at_most(a, inside, format.range.1);
    // Half the result: 2ⁿ⁻¹ does not overflow where the result does not.
    let (bits, r) = reduce(a, inside, format.bias - 1.0);
    let q = rest_minus_one(a, r);
    let scale = a.shift_left(bits, format.mantissa);
    let scale = a.of_bits(scale);
    let half = a.constant(0.5);
    let offset = a.subtract(scale, half);
    let y = a.fused(q, scale, offset);
    let y = a.add(y, y);
    let bound = a.constant(format.identity_below);
    let magnitude = a.absolute(x);
    let tiny = a.less(magnitude, bound);
    a.select(tiny, x, y)
}

/// 2^lift · e^x for x ≤ 0: never subnormal.
pub(super) fn lifted_exponential<A: Arithmetic>(a: &mut A, x: A::Float) -> A::Float {
    let format = format(a);
    let x = at_least(a, x, format.range.0);
    let (bits, r) = reduce(a, x, format.bias + format.lift);
    let p = exponential_of_rest(a, r);
    let scale = a.shift_left(bits, format.mantissa);
    let scale = a.of_bits(scale);
    a.multiply(p, scale)
}

/// 2^−lift
pub(super) fn unlift<A: Arithmetic>(a: &A) -> f64 {
    power_of_two(-format(a).lift)
}

/// (1 + e)² = 1 + e·(2 + e), e = lifted · down: one rounding of the whole.
fn one_plus_squared<A: Arithmetic>(a: &mut A, lifted: A::Float, down: A::Float) -> A::Float {
    let (one, two) = (a.constant(1.0), a.constant(2.0));
    let e = a.multiply(lifted, down);
    let factor = a.add(e, two);
    a.fused(e, factor, one)
}

/// What σ, σ′ and softplus of one argument share.
pub(super) struct Decay<A: Arithmetic> {
    /// 2^lift · e^−|x|
    lifted: A::Float,
}

impl<A: Arithmetic> Clone for Decay<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Arithmetic> Copy for Decay<A> {}

impl<A: Arithmetic> Decay<A> {
    pub(super) fn of(a: &mut A, x: A::Float) -> Self {
        let (bit, x) = (sign_bit(a), a.to_bits(x));
        let negative = a.bit_or(x, bit);
        let negative = a.of_bits(negative);
        Self { lifted: lifted_exponential(a, negative) }
    }

    /// σ(x) = 1/(1 + e^−|x|), or e^−|x|/(1 + e^−|x|) for x < 0.
    pub(super) fn sigmoid(self, a: &mut A, x: A::Float) -> A::Float {
        let one = a.constant(power_of_two(format(a).lift));
        let zero = a.constant(0.0);
        let denominator = a.add(self.lifted, one);
        let negative = a.less(x, zero);
        let numerator = a.select(negative, self.lifted, one);
        a.divide(numerator, denominator)
    }

    /// σ(x)·σ(−x) = e/(1 + e)², e = e^−|x|.
    pub(super) fn sigmoid_derivative(self, a: &mut A) -> A::Float {
        let down = a.constant(unlift(a));
        let square = one_plus_squared(a, self.lifted, down);
        let quotient = a.divide(self.lifted, square);
        a.multiply(quotient, down)
    }

    /// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|).
    pub(super) fn softplus(self, a: &mut A, x: A::Float) -> A::Float {
        let down = a.constant(unlift(a));
        let lifted = match a.precision() {
            Precision::F32 => {
                let e = a.multiply(self.lifted, down);
                let p = polynomial(a, e, FORMAT_32.logarithm);
                a.multiply(self.lifted, p)
            }
            Precision::F64 => {
                let two = a.constant(2.0);
                let denominator = a.fused(self.lifted, down, two);
                let lifted = a.divide(self.lifted, denominator);
                let z = a.multiply(lifted, down);
                let square = a.multiply(z, z);
                let p = polynomial(a, square, FORMAT_64.logarithm);
                let cube = a.multiply(lifted, square);
                let twice = a.add(lifted, lifted);
                a.fused(cube, p, twice)
            }
        };
        let logarithm = a.multiply(lifted, down);
        let zero = a.constant(0.0);
        let positive = a.less(zero, x);
        let linear = a.select(positive, x, zero);
        a.add(linear, logarithm)
    }
}

/// What tanh and sech² of one argument share, with e = e^−2|x|.
pub(super) struct Hyperbolic<A: Arithmetic> {
    /// 2^lift · (1 − e)
    difference: A::Float,
    /// 2^lift · (1 + e)
    sum: A::Float,
    /// 2^lift · e
    lifted: A::Float,
}

impl<A: Arithmetic> Clone for Hyperbolic<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Arithmetic> Copy for Hyperbolic<A> {}

impl<A: Arithmetic> Hyperbolic<A> {
    pub(super) fn of(a: &mut A, x: A::Float) -> Self {
        let format = format(a);
        let (bit, x) = (sign_bit(a), a.to_bits(x));
        let negative = a.bit_or(x, bit);
        let negative = a.of_bits(negative);
        let negative = at_least(a, negative, format.range.0 / 2.0 - 1.0);
        let twice = a.add(negative, negative);
        let (bits, r) = reduce(a, twice, format.bias + format.lift);
        let q = rest_minus_one(a, r);
        let scale = a.shift_left(bits, format.mantissa);
        let scale = a.of_bits(scale);
        let one = a.constant(power_of_two(format.lift));
        let two = a.constant(power_of_two(format.lift + 1.0));
        let minus_q = a.negate(q);
        let rest = a.subtract(one, scale);
        let difference = a.fused(minus_q, scale, rest);
        let sum = a.subtract(two, difference);
        let lifted = a.fused(q, scale, scale);
        Self { difference, sum, lifted }
    }

    /// tanh x = (1 − e)/(1 + e) with the sign of x.
    pub(super) fn tangent(self, a: &mut A, x: A::Float) -> A::Float {
        let magnitude = a.divide(self.difference, self.sum);
        with_sign_of(a, magnitude, x)
    }

    /// sech² x = 4e/(1 + e)².
    pub(super) fn derivative(self, a: &mut A) -> A::Float {
        let down = unlift(a);
        let (fourfold, down) = (a.constant(4.0 * down), a.constant(down));
        let square = one_plus_squared(a, self.lifted, down);
        let quotient = a.divide(self.lifted, square);
        a.multiply(quotient, fourfold)
    }
}
