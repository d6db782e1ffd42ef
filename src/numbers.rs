//! Numbers as people read them: four significant digits, by exact decimal rounding, the same on every machine; sizes in binary
//! units.

/// Four significant digits: `0.1234`, `12.34`, `1.234e-5`; `0`, `NaN`, `inf`, `-inf`.
#[must_use]
pub fn significant(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let scientific = format!("{value:.3e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("`e` formatting has an exponent");
    let exponent: i32 = exponent.parse().expect("`e` formatting has a decimal exponent");
    if !(-3..6).contains(&exponent) {
        return format!("{}e{exponent}", shorten(mantissa));
    }
    // Rounded once: the digits of the mantissa, moved.
    let rounded: f64 = scientific.parse().expect("what `e` formatting writes is a number");
    let decimals = usize::try_from((3 - exponent).max(0)).expect("not negative");
    shorten(&format!("{rounded:.decimals$}")).to_owned()
}

/// Always with exponent, always four digits: `3.061e-5`; for columns.
#[must_use]
pub fn scientific(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return significant(value);
    }
    format!("{value:.3e}")
}

fn shorten(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

/// Stands where there is no number: a norm of nothing, 0 of 0.
pub const UNDEFINED: &str = "—";

/// 1, 2, 5, 10, 20, 50, …: as far as they can be written.
pub fn round() -> impl Iterator<Item = usize> {
    let decades = std::iter::successors(Some(1_usize), |decade| decade.checked_mul(10));
    decades.flat_map(|decade| [1, 2, 5].into_iter().filter_map(move |digit| decade.checked_mul(digit)))
}

/// A factor: `×0.25`, `×4.9`, `×1.7e-3`, `×0`, `×∞`, and `—` where there is none; three significant digits.
#[must_use]
pub fn factor(value: f64) -> String {
    if value.is_nan() {
        return UNDEFINED.to_owned();
    }
    if value.is_infinite() {
        return format!("×{}∞", if value < 0.0 { "-" } else { "" });
    }
    if value == 0.0 {
        return "×0".to_owned();
    }
    let scientific = format!("{value:.2e}");
    let rounded: f64 = scientific.parse().expect("what `e` formatting writes is a number");
    if (0.01..1000.0).contains(&rounded) {
        let exponent: i32 = scientific.split_once('e').map_or("0", |(_, e)| e).parse().expect("a decimal exponent");
        let decimals = usize::try_from((2 - exponent).max(0)).expect("not negative");
        return format!("×{}", shorten(&format!("{rounded:.decimals$}")));
    }
    let (mantissa, exponent) = scientific.split_once('e').expect("`e` formatting has an exponent");
    format!("×{}e{exponent}", shorten(mantissa))
}

/// A share in percent: `0 %`, `0.3 %`, `12 %`, `100 %`; never rounded to 0 or 100 where it is not.
#[must_use]
pub fn share(value: f64) -> String {
    let percent = value * 100.0;
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value > 0.0 && percent < 0.1 {
        return "<0.1 %".to_owned();
    }
    if value < 1.0 && percent > 99.9 {
        return ">99.9 %".to_owned();
    }
    if value == 0.0 || (10.0..99.0).contains(&percent) || value == 1.0 {
        format!("{percent:.0} %")
    } else {
        format!("{percent:.1} %")
    }
}

/// A number of bytes: `512 B`, `3.1 MiB`; one decimal.
#[must_use]
pub fn bytes(count: u128) -> String {
    const UNITS: [&str; 8] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut size = count as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_to_a_tenth() {
        let words = [0, 1023, 1024, 1536, 1 << 20, (1 << 20) - 1, 1 << 40, u128::from(u64::MAX)].map(bytes);
        assert_eq!(words, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "1.0 MiB", "1.0 TiB", "16.0 EiB"]);
    }

    #[test]
    fn numbers_have_four_digits_and_no_trailing_zeros() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (0.25, "0.25"),
            (1234.56, "1235"),
            (123_456.0, "123500"),
            (0.001_234_56, "0.001235"),
            (0.000_123_456, "1.235e-4"),
            (1e-45, "1e-45"),
            (9.999_96, "10"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, text) in cases {
            assert_eq!(significant(value), text);
        }
    }

    #[test]
    fn factors_are_readable_at_every_size() {
        let cases = [(0.25, "×0.25"), (4.882, "×4.88"), (0.001_66, "×1.66e-3"), (12_345.0, "×1.23e4"), (0.0, "×0")];
        for (value, text) in cases.into_iter().chain([(f64::INFINITY, "×∞"), (f64::NAN, "—")]) {
            assert_eq!(factor(value), text);
        }
    }

    #[test]
    fn a_share_is_never_rounded_to_none_or_all() {
        let cases =
            [(0.0, "0 %"), (1e-6, "<0.1 %"), (0.034, "3.4 %"), (0.5, "50 %"), (0.9999, ">99.9 %"), (1.0, "100 %")];
        for (value, text) in cases {
            assert_eq!(share(value), text);
        }
    }
}
