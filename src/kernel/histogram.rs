//! Counts by decade, exactly: a number is in decade d where 10ᵈ ≤ |x| < 10ᵈ⁺¹ holds for the real numbers. One function for
//! the interpreter and the JIT.

use super::Histogram;
use super::memory::Element;
use crate::graph::{DECADES_F32, DECADES_F64};
use crate::shape::Precision;
use std::sync::LazyLock;

/// The first decade of a number format and how many it has.
#[must_use]
pub const fn decades(precision: Precision) -> (i32, usize) {
    match precision {
        Precision::F32 => DECADES_F32,
        Precision::F64 => DECADES_F64,
    }
}

/// Carries out a `Histogram` kernel: `values` are its elements, `counts` one for each decade of their format.
///
/// # Panics
/// Where `counts` has another length.
pub fn count<T: Element + Into<f64>>(kernel: &Histogram, values: &[T], counts: &mut [f64]) {
    let (first, number) = decades(kernel.precision);
    assert_eq!(counts.len(), number, "one count for each decade");
    let lows = match kernel.precision {
        Precision::F32 => LOWS_F32.as_slice(),
        Precision::F64 => LOWS_F64.as_slice(),
    };
    counts.fill(0.0);
    for value in &values[..kernel.elements] {
        let value: f64 = (*value).into();
        if let Some(decade) = decade(value.abs(), first, lows) {
            counts[decade] += 1.0;
        }
    }
}

/// For each decade the smallest f64 that is not below its power of ten. An f32 is an f64, so this serves both formats.
static LOWS_F32: LazyLock<Vec<f64>> = LazyLock::new(|| lows(DECADES_F32));
static LOWS_F64: LazyLock<Vec<f64>> = LazyLock::new(|| lows(DECADES_F64));

fn lows((first, number): (i32, usize)) -> Vec<f64> {
    (first..).take(number).map(smallest_at_least).collect()
}

/// The smallest f64 ≥ 10ᵈ, for d from −324 to 308.
fn smallest_at_least(decade: i32) -> f64 {
    let power: f64 = format!("1e{decade}").parse().expect("a power of ten is a number");
    if power == 0.0 {
        return f64::from_bits(1);
    }
    // The nearest f64 is on either side. Printing is exact rounding; 25 digits tell the sides apart (the test takes all).
    let below = !format!("{power:.25e}").starts_with('1');
    if below { power.next_up() } else { power }
}

/// The position among `lows` of the decade of a number without sign.
fn decade(value: f64, first: i32, lows: &[f64]) -> Option<usize> {
    if !(value > 0.0 && value < f64::INFINITY) {
        return None;
    }
    if !value.is_normal() {
        return Some(lows.partition_point(|low| *low <= value) - 1);
    }
    // ⌊exponent · log₁₀ 2⌋ is the decade of the binade's first number; a binade reaches into one more at most.
    let exponent = (value.to_bits() >> 52) as i32 - 1023;
    let guess = ((exponent * 315_653) >> 20) - first;
    let next = lows.get((guess + 1) as usize).is_some_and(|low| *low <= value);
    Some((guess + i32::from(next)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_exact() {
        for (decade, low) in (-324..).zip(LOWS_F64.iter()) {
            let at_least = |value: f64| {
                let text = format!("{value:.1100e}");
                let exponent: i32 = text[text.find('e').unwrap() + 1..].parse().unwrap();
                exponent >= decade
            };
            assert!(at_least(*low), "10^{decade}");
            assert!(low.next_down() == 0.0 || !at_least(low.next_down()), "10^{decade}");
        }
    }

    #[test]
    fn every_boundary_and_its_neighbour_are_on_their_sides() {
        for (first, lows) in [(-45, LOWS_F32.as_slice()), (-324, LOWS_F64.as_slice())] {
            for (position, low) in lows.iter().enumerate() {
                assert_eq!(decade(*low, first, lows), Some(position));
                if position > 0 {
                    assert_eq!(decade(low.next_down(), first, lows), Some(position - 1));
                }
            }
        }
        assert_eq!(decade(f64::MAX, -324, &LOWS_F64), Some(632));
        assert_eq!(decade(f64::from(f32::MAX), -45, &LOWS_F32), Some(83));
        assert_eq!(decade(f64::from(f32::from_bits(1)), -45, &LOWS_F32), Some(0));
    }

    #[test]
    fn every_binade_finds_its_decade() {
        for exponent in -1022..=1023 {
            for mantissa in [0, 1 << 51, (1 << 52) - 1] {
                let value = f64::from_bits(((exponent + 1023) as u64) << 52 | mantissa);
                let plain = LOWS_F64.partition_point(|low| *low <= value) - 1;
                assert_eq!(decade(value, -324, &LOWS_F64), Some(plain), "{value:e}");
            }
        }
    }

    #[test]
    fn what_is_in_no_decade_is_not_counted() {
        let values = [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.0, -9.99, 10.0, 1e-45, -3e38];
        let mut counts = vec![7.0; 84];
        count(&Histogram { precision: Precision::F32, elements: values.len() }, &values, &mut counts);
        let expected = |decade: i32| match decade {
            -45 | 1 | 38 => 1.0,
            0 => 2.0,
            _ => 0.0,
        };
        assert!((-45..).zip(&counts).all(|(decade, count)| *count == expected(decade)), "{counts:?}");
    }
}
