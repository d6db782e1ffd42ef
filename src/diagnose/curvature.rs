//! What a point of training is: on its way, flat, a saddle or a minimum. The rules are those of `docs/stuck.md`.

use crate::run::record::{CurvatureRecord, Tried};

/// A step of the curvature's own length that promises more than this share of the loss is learning.
pub const LEARNING: f64 = 0.01;
/// Curvature below this share of the greatest, downward, is a saddle's.
pub const NEGATIVE: f64 = 1e-3;
/// By how many residuals an eigenvalue is told from zero.
const RESIDUALS: f64 = 3.0;
/// The share of the loss that f64 does not tell from nothing.
const NOISE: f64 = 1e-12;

/// What a point is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The loss or its gradient is no finite number, or nothing can be moved.
    Undefined,
    /// The gradient leads down.
    Moving,
    /// Neither gradient nor curvature.
    Flat,
    /// A direction curves down, and a step along it lowered the loss.
    Saddle,
    /// Every direction curves up.
    Minimum,
    /// None curves down, as far as can be told; some do not curve at all.
    Degenerate,
}

impl Standing {
    /// Its name, in the report.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Undefined => "undefined",
            Self::Moving => "not stationary",
            Self::Flat => "flat",
            Self::Saddle => "saddle",
            Self::Minimum => "local minimum",
            Self::Degenerate => "degenerate minimum",
        }
    }
}

/// Judges a point.
#[must_use]
pub fn judge(record: &CurvatureRecord) -> Standing {
    let (least, greatest) = (record.least, record.greatest);
    if !(least.value.is_finite() && greatest.value.is_finite() && record.loss.is_finite()) {
        return Standing::Undefined;
    }
    if promise(record) > LEARNING {
        return Standing::Moving;
    }
    let magnitude = least.value.abs().max(greatest.value.abs());
    let noise = noise(record);
    if magnitude <= noise {
        return Standing::Flat;
    }
    let told = |value: f64, residual: f64| value.abs() > RESIDUALS * residual && value.abs() > noise;
    let curves_down = least.value < -NEGATIVE * magnitude && told(least.value, least.residual);
    if curves_down && record.escape.is_some_and(Tried::is_kept) {
        return Standing::Saddle;
    }
    if least.value > 0.0 && told(least.value, least.residual) { Standing::Minimum } else { Standing::Degenerate }
}

/// What the step along −g promises, as a share of the loss.
#[must_use]
pub fn promise(record: &CurvatureRecord) -> f64 {
    record.descent.map_or(0.0, |tried| share(tried, record.loss).0)
}

/// What a step promised and brought, as shares of the loss.
#[must_use]
pub fn share(tried: Tried, loss: f64) -> (f64, f64) {
    let of_loss = |change: f64| if change == 0.0 { 0.0 } else { change / loss.abs() };
    (of_loss(tried.promised), of_loss(tried.measured))
}

/// An eigenvalue below this changes the loss by nothing that f64 can tell, over a step as long as the point is from zero.
fn noise(record: &CurvatureRecord) -> f64 {
    let length = record.point.max(1.0);
    2.0 * NOISE * record.loss.abs() / (length * length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::record::Eigenvalue;

    fn record(least: f64, greatest: f64) -> CurvatureRecord {
        CurvatureRecord {
            seed: 0,
            step: 0,
            examples: 1,
            parameters: 9,
            point: 1.0,
            loss: 1.0,
            gradient: 0.0,
            values: vec![least, greatest],
            complete: false,
            least: Eigenvalue { value: least, residual: 1e-9 },
            greatest: Eigenvalue { value: greatest, residual: 1e-9 },
            descent: None,
            escape: Some(Tried { length: 0.1, promised: 1e-3, measured: 0.9e-3 }),
            shares: Vec::new(),
            weights: 1.0,
        }
    }

    #[test]
    fn each_standing_has_its_rule() {
        assert_eq!(judge(&record(-0.1, 1.0)), Standing::Saddle);
        assert_eq!(judge(&record(0.1, 1.0)), Standing::Minimum);
        assert_eq!(judge(&record(1e-10, 1.0)), Standing::Degenerate, "within its residual");
        assert_eq!(judge(&record(-1e-4, 1.0)), Standing::Degenerate, "a ten-thousandth of the greatest");
        assert_eq!(judge(&record(-1e-14, 1e-13)), Standing::Flat);
        assert_eq!(judge(&record(f64::NAN, 1.0)), Standing::Undefined);
        let unkept = CurvatureRecord {
            escape: Some(Tried { length: 0.1, promised: 1e-3, measured: -1e-3 }),
            ..record(-0.1, 1.0)
        };
        assert_eq!(judge(&unkept), Standing::Degenerate, "the step did not lower the loss");
        let moving = |promised| CurvatureRecord {
            descent: Some(Tried { length: 0.1, promised, measured: promised }),
            ..record(-0.1, 1.0)
        };
        assert_eq!(judge(&moving(0.02)), Standing::Moving);
        assert_eq!(judge(&moving(0.005)), Standing::Saddle);
    }
}
