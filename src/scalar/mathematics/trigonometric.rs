//! sin, cos and tan: x = n·π/2 + r by Cody and Waite's subtraction in fused multiply-adds, then fdlibm's kernels. Beyond the
//! bound up to which that is exact enough, lanes are patched by plain calls of `libm`.

use super::{polynomial, sign_bit};
use crate::scalar::arithmetic::{Arithmetic, Routine};
use crate::shape::Precision;

struct Format {
    magic: f64,
    /// π/2 in parts.
    half_pi: [f64; 3],
    /// Beyond this magnitude the reduction loses too much.
    bound: f64,
    /// The width of a lane.
    bits: u32,
    sine: &'static [f64],
    cosine: &'static [f64],
}

const FORMAT_32: Format = Format {
    magic: 12_582_912.0,
    half_pi: [1.570_796_370_506_286_6, -4.371_138_828_673_793e-8, -1.715_124_510_005_881_9e-15],
    bound: 1_000_000.0,
    bits: 32,
    // |r| ≤ π/4: 2^-27.2 of sin r
    sine: &[-0.166_666_537_523_269_65, 0.008_332_131_430_506_706, -0.000_195_108_397_747_389_97],
    // 2^-30.2 of cos r
    cosine: &[0.041_666_645_556_688_31, -0.001_388_725_126_162_171_4, 2.442_568_074_911_832_8e-5],
};

const FORMAT_64: Format = Format {
    magic: 6_755_399_441_055_744.0,
    half_pi: [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33],
    bound: 1_000_000_000.0,
    bits: 64,
    // |r| ≤ π/4: 2^-56.6 of sin r
    sine: &[
        -0.166_666_666_666_666_27,
        0.008_333_333_333_321_286,
        -0.000_198_412_698_288_698_48,
        2.755_731_335_592_900_6e-6,
        -2.505_070_402_761_780_2e-8,
        1.589_358_328_051_628_4e-10,
    ],
    // 2^-59.3 of cos r
    cosine: &[
        0.041_666_666_666_666_58,
        -0.001_388_888_888_887_137_5,
        2.480_158_728_778_253_8e-5,
        -2.755_731_386_540_848e-7,
        2.087_565_755_163_335e-9,
        -1.135_626_546_973_833_2e-11,
    ],
};

fn format<A: Arithmetic>(a: &A) -> &'static Format {
    match a.precision() {
        Precision::F32 => &FORMAT_32,
        Precision::F64 => &FORMAT_64,
    }
}

/// What sin, cos and tan of one argument share.
pub(super) struct Reduced<A: Arithmetic> {
    /// sin r
    sine: A::Float,
    /// cos r
    cosine: A::Float,
    /// Bits whose low two are n mod 4.
    quadrant: A::Integer,
    /// Where the reduction does not reach, infinities included.
    far: A::Mask,
}

impl<A: Arithmetic> Clone for Reduced<A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Arithmetic> Copy for Reduced<A> {}

impl<A: Arithmetic> Reduced<A> {
    pub(super) fn of(a: &mut A, x: A::Float) -> Self {
        let format = format(a);
        let magic = a.constant(format.magic);
        let inverse = a.constant(std::f64::consts::FRAC_2_PI);
        let bound = a.constant(format.bound);
        let magnitude = a.absolute(x);
        let far = a.less(bound, magnitude);
        let shifted = a.fused(x, inverse, magic);
        let quadrant = a.to_bits(shifted);
        let n = a.subtract(shifted, magic);
        // r + rest = x − n·π/2: the product with the first part is exact, that with the second is taken in two pieces.
        let [high, middle, low] = format.half_pi.map(|part| a.constant(-part));
        let first = a.fused(n, high, x);
        let second = a.multiply(n, middle);
        let minus_second = a.negate(second);
        let lost = a.fused(n, middle, minus_second);
        let r = a.add(first, second);
        let taken = a.subtract(r, first);
        let rest = a.subtract(second, taken);
        let lost = a.fused(n, low, lost);
        let rest = a.add(rest, lost);
        let z = a.multiply(r, r);

        // sin(r + c) = r + (r³·S + c·(1 − r²/2)), cos(r + c) = 1 − r²/2 + (r⁴·C − r·c)
        let (one, half, zero) = (a.constant(1.0), a.constant(0.5), a.constant(0.0));
        let s = polynomial(a, z, format.sine);
        let half_square = a.multiply(half, z);
        let close_to_cosine = a.subtract(one, half_square);
        let cube = a.multiply(z, r);
        let small = a.multiply(rest, close_to_cosine);
        let small = a.fused(cube, s, small);
        let sine = a.add(r, small);
        // r + 0 would turn −0.
        let at_zero = a.equal(x, zero);
        let sine = a.select(at_zero, x, sine);

        let c = polynomial(a, z, format.cosine);
        let fourth = a.multiply(z, z);
        let lost = a.subtract(one, close_to_cosine);
        let lost = a.subtract(lost, half_square);
        let minus_r = a.negate(r);
        let lost = a.fused(minus_r, rest, lost);
        let small = a.fused(fourth, c, lost);
        let cosine = a.add(close_to_cosine, small);
        Self { sine, cosine, quadrant, far }
    }

    /// A mask of the quadrant's lowest bit.
    fn odd(self, a: &mut A) -> A::Mask {
        let top = format(a).bits - 1;
        let lowest = a.shift_left(self.quadrant, top);
        // Shifted down to 0 or 1, which as bits of a number is 0 or positive.
        let lowest = a.shift_right(lowest, 1);
        let (lowest, zero) = (a.of_bits(lowest), a.constant(0.0));
        a.less(zero, lowest)
    }

    /// `y` with its sign turned where bit 1 of `quadrant` is set.
    fn turned(a: &mut A, y: A::Float, quadrant: A::Integer) -> A::Float {
        let by = format(a).bits - 2;
        let bit = sign_bit(a);
        let turn = a.shift_left(quadrant, by);
        let turn = a.bit_and(turn, bit);
        let y = a.to_bits(y);
        let y = a.bit_xor(y, turn);
        a.of_bits(y)
    }

    /// sin x
    pub(super) fn sine(self, a: &mut A, x: A::Float) -> A::Float {
        let odd = self.odd(a);
        let y = a.select(odd, self.cosine, self.sine);
        let y = Self::turned(a, y, self.quadrant);
        a.patch(self.far, y, Routine::Sine, x)
    }

    /// cos x = sin(x + π/2)
    pub(super) fn cosine(self, a: &mut A, x: A::Float) -> A::Float {
        let odd = self.odd(a);
        let y = a.select(odd, self.sine, self.cosine);
        let one = a.integer(1);
        let next = a.integer_add(self.quadrant, one);
        let y = Self::turned(a, y, next);
        a.patch(self.far, y, Routine::Cosine, x)
    }

    /// tan x
    pub(super) fn tangent(self, a: &mut A, x: A::Float) -> A::Float {
        let odd = self.odd(a);
        let minus_cosine = a.negate(self.cosine);
        let numerator = a.select(odd, minus_cosine, self.sine);
        let denominator = a.select(odd, self.sine, self.cosine);
        let y = a.divide(numerator, denominator);
        a.patch(self.far, y, Routine::Tangent, x)
    }
}
