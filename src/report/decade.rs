//! Decimal logarithms for bars and axes, the same on every machine: the decade exactly, the rest by our own logarithm.

/// The decimal exponent of a positive number, exactly: 10^d ≤ value < 10^(d+1).
pub(super) fn decade(value: f64) -> i32 {
    let text = format!("{value:e}");
    text.split_once('e').map_or("0", |(_, exponent)| exponent).parse().expect("`e` formatting has a decimal exponent")
}

/// log₁₀ of a positive, finite number.
pub(crate) fn log10(value: f64) -> f64 {
    let text = format!("{value:e}");
    let mantissa = text.split_once('e').map_or("1", |(mantissa, _)| mantissa);
    let mantissa: f64 = mantissa.parse().expect("`e` formatting has a decimal mantissa");
    f64::from(decade(value)) + crate::scalar::mathematics::ln(mantissa) / std::f64::consts::LN_10
}
