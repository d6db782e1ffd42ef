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
    let (_, number) = decades(kernel.precision);
    assert_eq!(counts.len(), number, "one count for each decade");
    let lows = match kernel.precision {
        Precision::F32 => LOWS_F32.as_slice(),
        Precision::F64 => LOWS_F64.as_slice(),
    };
    let binades = match kernel.precision {
        Precision::F32 => &*BINADES_F32,
        Precision::F64 => &*BINADES_F64,
    };
    // Numbers of one size come together: counts of its own for each of four neighbours keep them from waiting for each other.
    let mut apart = vec![[0_u64; 4]; number + 1];
    for (index, value) in values[..kernel.elements].iter().enumerate() {
        let bits = Into::<f64>::into(*value).to_bits() & (u64::MAX >> 1);
        let Binade { decade, next } = binades[(bits >> 52) as usize];
        let decade = match decade {
            SUBNORMAL => self::decade(f64::from_bits(bits), lows).unwrap_or(number),
            decade => decade as usize + usize::from(bits >= next),
        };
        apart[decade][index % 4] += 1;
    }
    for (count, apart) in counts.iter_mut().zip(apart) {
        *count = apart.iter().sum::<u64>() as f64;
    }
}

/// What the exponent of an f64 tells of its decade: a binade reaches into one more at most.
#[derive(Clone, Copy)]
struct Binade {
    /// That of its first number; one past the last for what is in none.
    decade: u32,
    /// The bits of the first number that is in the next decade.
    next: u64,
}

/// In place of a decade: the subnormals and zero are in many.
const SUBNORMAL: u32 = u32::MAX;

static BINADES_F32: LazyLock<Vec<Binade>> = LazyLock::new(|| binades(DECADES_F32, &LOWS_F32));
static BINADES_F64: LazyLock<Vec<Binade>> = LazyLock::new(|| binades(DECADES_F64, &LOWS_F64));

/// By the eleven bits of the exponent. Binades that the format has not are in no decade.
fn binades((_, number): (i32, usize), lows: &[f64]) -> Vec<Binade> {
    let none = Binade { decade: number as u32, next: u64::MAX };
    let of = |exponent: u64| match exponent {
        0 => Binade { decade: SUBNORMAL, ..none },
        0x7ff => none,
        _ => {
            let smallest = f64::from_bits(exponent << 52);
            let Some(decade) = decade(smallest, lows) else { return none };
            let next = lows.get(decade + 1).map_or(u64::MAX, |low| low.to_bits());
            Binade { decade: decade as u32, next }
        }
    };
    (0..0x800).map(of).collect()
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
fn decade(value: f64, lows: &[f64]) -> Option<usize> {
    if !(value > 0.0 && value < f64::INFINITY) {
        return None;
    }
    lows.partition_point(|low| *low <= value).checked_sub(1)
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

    /// The position of the decade that one number is counted in.
    fn position<T: Element + Into<f64>>(precision: Precision, value: T) -> Option<usize> {
        let mut counts = vec![0.0; decades(precision).1];
        count(&Histogram { precision, elements: 1 }, &[value], &mut counts);
        counts.iter().position(|count| *count == 1.0)
    }

    #[test]
    fn every_boundary_and_its_neighbour_are_on_their_sides() {
        for (place, low) in LOWS_F64.iter().enumerate() {
            assert_eq!(position(Precision::F64, *low), Some(place));
            assert_eq!(position(Precision::F64, low.next_down()), place.checked_sub(1));
        }
        for (place, low) in LOWS_F32.iter().enumerate() {
            // The smallest f32 that is not below.
            let nearest = *low as f32;
            let low = if f64::from(nearest) < *low { nearest.next_up() } else { nearest };
            assert_eq!(position(Precision::F32, -low), Some(place));
            assert_eq!(position(Precision::F32, low.next_down()), place.checked_sub(1));
        }
        assert_eq!(position(Precision::F64, f64::MAX), Some(632));
        assert_eq!(position(Precision::F32, f32::MAX), Some(83));
        assert_eq!(position(Precision::F32, f32::from_bits(1)), Some(0));
    }

    #[test]
    fn every_binade_finds_its_decade() {
        for exponent in -1022..=1023 {
            for mantissa in [0, 1 << 51, (1 << 52) - 1] {
                let value = f64::from_bits(((exponent + 1023) as u64) << 52 | mantissa);
                assert_eq!(position(Precision::F64, value), decade(value, &LOWS_F64), "{value:e}");
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
