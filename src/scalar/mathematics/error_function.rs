//! erf and its complement.
//!
//! erf x is x + x·P(x²) near 0 and 1 − e^−(|x| + |x|·Q(|x|)) beyond, after N. Juffa's two-range form. erfc x is
//! e^−x²·R(p)/(1 + 2x) for x ≥ 0, p = (x − k)/(x + k), after Shepherd and Laframboise (1981) and Juffa, the rounding of x² made
//! good, and 2 − erfc(−x) for x < 0.

use super::exponential::{exponential, lifted_exponential, unlift};
use super::{polynomial, with_sign_of};
use crate::scalar::arithmetic::Arithmetic;
use crate::shape::Precision;

struct Format {
    /// Up to here erf is x + x·P(x²).
    central: f64,
    /// Beyond, erf rounds to 1.
    one_beyond: f64,
    /// P
    near: &'static [f64],
    /// Q
    far: &'static [f64],
    /// k
    middle: f64,
    /// Beyond, erfc rounds to 0.
    zero_beyond: f64,
    /// R
    complement: &'static [f64],
    /// erf x/x in x² for x ≤ 1/16, where 1 − erf x is better rounded.
    least: &'static [f64],
}

const FORMAT_32: Format = Format {
    central: 0.927_734_375,
    one_beyond: 4.0,
    // Juffa: 0.989 ulp
    near: &[0.128_379_166, -0.376_125_336, 0.112_819_925, -2.676_813_49e-2, 4.991_194_23e-3, -5.967_617_03e-4],
    // Juffa: 0.995 ulp
    far: &[
        0.128_717_512,
        0.634_846_687,
        0.106_777_877,
        -2.425_462_19e-2,
        3.883_964_38e-3,
        -3.831_971_26e-4,
        1.728_534_70e-5,
    ],
    middle: 2.0,
    zero_beyond: 10.1,
    // 0 ≤ x ≤ 10.1: 2^-25
    complement: &[
        1.276_978_373_527_526_9,
        -0.092_763_982_713_222_5,
        -0.166_031_422_018_051_15,
        0.164_055_347_442_626_95,
        -0.054_204_300_045_967_1,
        -0.008_059_875_108_301_64,
        0.008_631_681_092_083_454,
        0.001_313_522_690_907_120_7,
        -0.001_229_927_409_440_279,
        -0.000_400_576_769_607_141_2,
    ],
    least: &[std::f64::consts::FRAC_2_SQRT_PI, -0.376_126_389_031_837_5, 0.112_837_916_709_551_26],
};

const FORMAT_64: Format = Format {
    central: 1.0,
    one_beyond: 5.95,
    // x² ≤ 1: 2^-54.8
    near: &[
        0.128_379_167_095_512_56,
        -0.376_126_389_031_835_2,
        0.112_837_916_709_441_85,
        -0.026_866_170_643_111_53,
        0.005_223_977_606_118_88,
        -0.000_854_832_592_932_979,
        0.000_120_552_935_772_728_78,
        -1.492_471_230_802_971_9e-5,
        1.644_713_163_568_048_4e-6,
        -1.620_631_419_630_994_6e-7,
        1.371_098_210_848_245_1e-8,
        -7.779_471_406_957_415e-10,
    ],
    // 0.99 ≤ x ≤ 5.95: 2^-54.8 of erf
    far: &[
        0.128_378_885_989_509_47,
        0.636_622_385_754_973_8,
        0.102_761_435_527_529_07,
        -0.019_099_481_390_596_31,
        -0.000_259_754_349_974_590_9,
        0.001_758_031_596_852_683_6,
        -0.000_642_655_516_829_410_1,
        5.373_710_456_828_679e-5,
        6.098_735_996_509_993e-5,
        -3.889_512_752_326_109e-5,
        1.363_845_339_827_276e-5,
        -3.325_792_443_036_318_4e-6,
        5.891_897_860_311_925e-7,
        -7.507_966_903_262_759e-8,
        6.557_221_970_165_911e-9,
        -3.523_110_376_016_934_5e-10,
        8.790_420_059_416_398e-12,
    ],
    middle: 4.0,
    zero_beyond: 27.4,
    // 0 ≤ x ≤ 27.4: 2^-54
    complement: &[
        1.232_995_118_625_552_6,
        -0.139_621_116_840_563_2,
        0.015_379_652_102_606_6,
        0.068_097_054_254_766_88,
        -0.101_039_066_035_584_56,
        0.093_732_834_996_087_53,
        -0.066_330_365_827_795_9,
        0.037_167_515_567_718_4,
        -0.016_197_733_883_169_817,
        0.005_031_969_769_902_268,
        -0.000_757_774_436_115_866_7,
        -0.000_199_255_929_928_639_94,
        0.000_150_626_369_158_367_34,
        -2.440_051_213_510_020_4e-5,
        -1.123_423_491_309_113e-5,
        5.709_466_667_177_833e-6,
        3.137_589_468_853_870_4e-7,
        -8.203_630_115_042_197e-7,
        5.519_988_988_697_469e-8,
        1.015_899_023_262_252_9e-7,
        -8.019_036_869_765_542e-9,
        -8.379_867_989_135_428e-9,
    ],
    least: &[
        std::f64::consts::FRAC_2_SQRT_PI,
        -0.376_126_389_031_837_5,
        0.112_837_916_709_551_26,
        -0.026_866_170_645_131_25,
        0.005_223_977_625_442_187,
        -0.000_854_832_702_345_085_2,
    ],
};

fn format<A: Arithmetic>(a: &A) -> &'static Format {
    match a.precision() {
        Precision::F32 => &FORMAT_32,
        Precision::F64 => &FORMAT_64,
    }
}

/// erf x
pub(super) fn error_function<A: Arithmetic>(a: &mut A, x: A::Float) -> A::Float {
    let format = format(a);
    let magnitude = a.absolute(x);
    let square = a.multiply(x, x);
    let p = polynomial(a, square, format.near);
    let near = a.fused(p, magnitude, magnitude);

    let bound = a.constant(format.one_beyond);
    let beyond = a.less(bound, magnitude);
    let t = a.select(beyond, bound, magnitude);
    let q = polynomial(a, t, format.far);
    let exponent = a.fused(q, t, t);
    let exponent = a.negate(exponent);
    let one = a.constant(1.0);
    let rest = exponential(a, exponent);
    let far = a.subtract(one, rest);

    let central = a.constant(format.central);
    let outside = a.less(central, magnitude);
    let y = a.select(outside, far, near);
    with_sign_of(a, y, x)
}

/// 1 − erf x
pub(super) fn error_function_complement<A: Arithmetic>(a: &mut A, x: A::Float) -> A::Float {
    let format = format(a);
    let (zero, one, two) = (a.constant(0.0), a.constant(1.0), a.constant(2.0));
    let bound = a.constant(format.zero_beyond);
    let magnitude = a.absolute(x);
    let beyond = a.less(bound, magnitude);
    let t = a.select(beyond, bound, magnitude);

    // p = (t − k)/(t + k), its quotient's rounding made good.
    let (k, minus_k) = (a.constant(format.middle), a.constant(-format.middle));
    let above = a.subtract(t, k);
    let below = a.add(t, k);
    let inverse = a.divide(one, below);
    let p = a.multiply(above, inverse);
    let again = a.add(p, one);
    let rest = a.fused(again, minus_k, t);
    let minus_p = a.negate(p);
    let rest = a.fused(minus_p, t, rest);
    let p = a.fused(rest, inverse, p);
    // r + low, `low` being what the last rounding of the polynomial lost.
    let (constant, slopes) = format.complement.split_first().expect("the polynomial has a constant term");
    let slope = polynomial(a, p, slopes);
    let constant = a.constant(*constant);
    let r = a.fused(p, slope, constant);
    let low = a.subtract(constant, r);
    let low = a.fused(p, slope, low);

    // (r + low)/(1 + 2t), likewise.
    let denominator = a.fused(two, t, one);
    let inverse = a.divide(one, denominator);
    let quotient = a.multiply(r, inverse);
    let minus_quotient = a.negate(quotient);
    let lost = a.fused(minus_quotient, denominator, r);
    let lost = a.add(lost, low);
    // … and what the rounding of 1 + 2t lost.
    let taken = a.subtract(one, denominator);
    let low = a.fused(two, t, taken);
    let lost = a.fused(minus_quotient, low, lost);
    let correction = a.multiply(lost, inverse);

    // e^−t², t² = s + d.
    let s = a.multiply(t, t);
    let minus_s = a.negate(s);
    let d = a.fused(t, t, minus_s);
    let e = lifted_exponential(a, minus_s);
    let minus_d = a.negate(d);
    let correction = a.fused(quotient, minus_d, correction);
    let whole = a.add(quotient, correction);
    let y = a.multiply(whole, e);
    let down = a.constant(unlift(a));
    let y = a.multiply(y, down);

    let p = polynomial(a, s, format.least);
    let minus_t = a.negate(t);
    let least = a.fused(minus_t, p, one);
    let sixteenth = a.constant(0.0625);
    let close = a.less(t, sixteenth);
    let y = a.select(close, least, y);

    let mirrored = a.subtract(two, y);
    let negative = a.less(x, zero);
    a.select(negative, mirrored, y)
}
