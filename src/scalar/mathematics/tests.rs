//! The formulas against values known from elsewhere.

use super::{unary_f32, unary_f64};
use crate::scalar::Unary;

#[test]
fn exp_and_ln_meet_at_known_values() {
    assert_eq!(unary_f64(Unary::Exponential, 0.0), 1.0);
    assert_eq!(unary_f32(Unary::Exponential, 1.0), std::f32::consts::E);
    assert_eq!(unary_f64(Unary::Logarithm, std::f64::consts::E), 1.0);
}
