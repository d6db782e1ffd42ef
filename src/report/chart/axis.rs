//! The logarithmic axis: which decades it spans, where its ticks are and how they are named. Zero and what is not finite have strips of
//! their own below and above it, so that nothing is left out and nothing is drawn where it is not.

use super::super::decade::log10;
use super::{Anchor, fixed, label, line};
use maud::{Markup, html};
use std::f64::consts::LOG10_2;

/// The most ticks with a name.
const MOST_TICKS: i32 = 7;
/// Spans up to this many decades have ticks at 1, 2 and 5.
const FINE: f64 = 2.2;
/// The height of a strip for zero or for what is not finite.
pub(super) const STRIP: f64 = 20.0;
/// Between a strip and the axis, so that their names stand apart.
const APART: f64 = 7.0;

/// What a number on the axis is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// `10⁻⁵`
    Plain,
    /// `×0.5`
    Factor,
}

/// A named place on the axis.
struct Tick {
    log: f64,
    name: String,
}

/// From which to which logarithm, with names.
pub(super) struct LogAxis {
    low: f64,
    high: f64,
    ticks: Vec<Tick>,
    /// Unnamed grid lines.
    minor: Vec<f64>,
    has_zero: bool,
    has_nonfinite: bool,
}

impl LogAxis {
    /// An axis on which every value has a place.
    pub(super) fn over(values: impl Iterator<Item = f64>, unit: Unit) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let (mut has_zero, mut has_nonfinite) = (false, false);
        for value in values {
            if !value.is_finite() {
                has_nonfinite = true;
            } else if value <= 0.0 {
                has_zero = true;
            } else {
                let log = log10(value);
                low = low.min(log);
                high = high.max(log);
            }
        }
        if low > high {
            return Self { has_zero, has_nonfinite, ..Self::bare() };
        }
        let axis = if high - low < FINE { Self::fine(low, high, unit) } else { Self::coarse(low, high, unit) };
        Self { has_zero, has_nonfinite, ..axis }
    }

    /// No number has a place on it: only its strips are drawn.
    const fn bare() -> Self {
        Self { low: 0.0, high: 1.0, ticks: Vec::new(), minor: Vec::new(), has_zero: false, has_nonfinite: false }
    }

    /// An axis over whole decades, from one end up to the other.
    pub(super) fn decades(ends: Option<(i32, i32)>, has_zero: bool) -> Self {
        let Some((low, high)) = ends else { return Self { has_zero, ..Self::bare() } };
        Self { has_zero, ..Self::coarse(f64::from(low), f64::from(high), Unit::Plain) }
    }

    /// Ticks at 1, 2 and 5 of every decade.
    fn fine(low: f64, high: f64, unit: Unit) -> Self {
        // Each step with its logarithm, which was rounded as those of the numbers were.
        const STEPS: [(f64, f64); 3] = [(1.0, 0.0), (2.0, LOG10_2), (5.0, 1.0 - LOG10_2)];
        const SLACK: f64 = 1e-9;
        let mut all: Vec<Tick> = Vec::new();
        for decade in low.floor() as i32 - 1..=high.ceil() as i32 + 1 {
            for (digit, log) in STEPS {
                all.push(Tick { log: f64::from(decade) + log, name: name(digit, decade, unit) });
            }
        }
        let first = all.iter().rposition(|tick| tick.log <= low + SLACK).expect("a decade below was added");
        let last = all.iter().position(|tick| tick.log >= high - SLACK).expect("a decade above was added");
        let last = if first == last { last + 1 } else { last };
        let ticks: Vec<Tick> = all.drain(first..=last).collect();
        let (low, high) = (ticks[0].log, ticks[ticks.len() - 1].log);
        Self { low, high, ticks, minor: Vec::new(), has_zero: false, has_nonfinite: false }
    }

    /// Ticks at every decade, or at every second, fifth, …
    fn coarse(low: f64, high: f64, unit: Unit) -> Self {
        let (low, mut high) = (low.floor() as i32, high.ceil() as i32);
        if low == high {
            high += 1;
        }
        let step =
            [1, 2, 5, 10, 20, 50, 100, 200].into_iter().find(|step| (high - low) / step < MOST_TICKS).unwrap_or(500);
        let is_named = |decade: &i32| decade.rem_euclid(step) == 0;
        Self {
            low: f64::from(low),
            high: f64::from(high),
            ticks: (low..=high)
                .filter(is_named)
                .map(|decade| Tick { log: f64::from(decade), name: name(1.0, decade, unit) })
                .collect(),
            minor: if step <= 5 {
                (low..=high).filter(|decade| !is_named(decade)).map(f64::from).collect()
            } else {
                Vec::new()
            },
            has_zero: false,
            has_nonfinite: false,
        }
    }

    /// The width of the widest name.
    pub(super) fn label_width(&self) -> f64 {
        let widest =
            self.ticks.iter().map(|tick| super::text::width(&tick.name, super::text::SIZE)).fold(0.0, f64::max);
        if self.has_nonfinite { widest.max(super::text::width("NaN, ∞", super::text::SIZE)) } else { widest }
    }

    /// The height of the plot: `room` for the scale, if there is one, and the strips.
    pub(super) fn height(&self, room: f64) -> f64 {
        let room = if self.ticks.is_empty() { 0.0 } else { room };
        room + self.strips()
    }

    fn strips(&self) -> f64 {
        (STRIP + APART) * f64::from(u8::from(self.has_zero) + u8::from(self.has_nonfinite))
    }

    /// Lays the axis out between `top` and `bottom`, strips included.
    pub(super) fn scale(&self, top: f64, bottom: f64) -> Scale<'_> {
        let strip = |there: bool| if there { STRIP + APART } else { 0.0 };
        Scale { axis: self, top: top + strip(self.has_nonfinite), bottom: bottom - strip(self.has_zero) }
    }
}

/// `10⁻⁵`, `0.02`, `2·10⁻⁵`, `×0.5`
fn name(digit: f64, decade: i32, unit: Unit) -> String {
    let plain = match unit {
        Unit::Plain => (-2..=2).contains(&decade) && digit != 1.0 || decade == 0,
        Unit::Factor => (-3..=3).contains(&decade),
    };
    let prefix = if unit == Unit::Factor { "×" } else { "" };
    if plain {
        let value: f64 = format!("{digit}e{decade}").parse().expect("a digit with an exponent is a number");
        return format!("{prefix}{value}");
    }
    let power: String = decade
        .to_string()
        .chars()
        .map(|character| match character {
            '-' => '⁻',
            digit => "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(digit.to_digit(10).expect("an integer") as usize).expect("ten digits"),
        })
        .collect();
    let leading = if digit == 1.0 { String::new() } else { format!("{digit}·") };
    format!("{prefix}{leading}10{power}")
}

/// An axis that has its place.
pub(super) struct Scale<'a> {
    axis: &'a LogAxis,
    /// Of the logarithmic part.
    top: f64,
    bottom: f64,
}

/// Where a value is drawn.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Place {
    /// On the logarithmic part.
    Scale(f64),
    /// In the strip of zero.
    Zero(f64),
    /// In the strip of what is not finite.
    Nonfinite(f64),
}

impl Place {
    /// The height, wherever it is.
    pub(super) const fn y(self) -> f64 {
        match self {
            Self::Scale(y) | Self::Zero(y) | Self::Nonfinite(y) => y,
        }
    }
}

impl Scale<'_> {
    /// The height of a logarithm.
    pub(super) fn height(&self, log: f64) -> f64 {
        self.bottom - (log - self.axis.low) / (self.axis.high - self.axis.low) * (self.bottom - self.top)
    }

    /// Whether a logarithm lies inside, not at an end.
    pub(super) fn contains(&self, log: f64) -> bool {
        log > self.axis.low && log < self.axis.high
    }

    /// The middle of the strip of zero.
    pub(super) fn zero(&self) -> f64 {
        self.bottom + APART + STRIP / 2.0
    }

    /// The middle of the strip of what is not finite.
    fn nonfinite(&self) -> f64 {
        self.top - APART - STRIP / 2.0
    }

    /// Where a value is drawn.
    pub(super) fn place(&self, value: f64) -> Place {
        if !value.is_finite() {
            Place::Nonfinite(self.nonfinite())
        } else if value <= 0.0 {
            Place::Zero(self.zero())
        } else {
            Place::Scale(self.height(log10(value)))
        }
    }

    /// Grid lines from `left` to `right`, names left of them.
    pub(super) fn draw(&self, left: f64, right: f64) -> Markup {
        let named = |y: f64, name: &str| label("tick", Anchor::End, (left - 8.0, y + 4.0), name);
        let strip = |y: f64, name: &str| {
            html! {
                rect class="strip" x=(fixed(left)) y=(fixed(y - STRIP / 2.0)) width=(fixed(right - left)) height=(fixed(STRIP)) {}
                (named(y, name))
            }
        };
        html! {
            @if self.axis.has_zero { (strip(self.zero(), "0")) }
            @if self.axis.has_nonfinite { (strip(self.nonfinite(), "NaN, ∞")) }
            @for log in &self.axis.minor { (line("grid minor", (left, self.height(*log)), (right, self.height(*log)))) }
            @for tick in &self.axis.ticks {
                (line("grid", (left, self.height(tick.log)), (right, self.height(tick.log))))
                (named(self.height(tick.log), &tick.name))
            }
        }
    }
}
