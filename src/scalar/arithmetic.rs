//! `Arithmetic`: what a machine must do so that every formula of `mathematics` runs on it. The interpreter does it with one
//! number, the JIT with vectors of lanes; because each operation is exactly rounded, or exact on bits, all give the same bits.
//!
//! Only operations that cost one or two instructions on 128-bit vectors are asked for. Nothing is contracted: a fused
//! multiply-add happens where `fused` is written, and nowhere else.

use crate::shape::Precision;

/// A machine for numbers of one precision.
///
/// `Float`, `Integer` and `Mask` are one lane or a vector of lanes, of equal width.
pub trait Arithmetic {
    /// Numbers of the precision.
    type Float: Copy;
    /// The same bits, as integers of the same width; additions wrap.
    type Integer: Copy;
    /// Truth values.
    type Mask: Copy;

    /// The precision of a lane.
    fn precision(&self) -> Precision;

    /// The number, rounded once to the precision.
    fn constant(&mut self, value: f64) -> Self::Float;
    /// The integer, cut to the lane's width.
    fn integer(&mut self, value: i64) -> Self::Integer;

    /// a + b
    fn add(&mut self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// a − b
    fn subtract(&mut self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// a · b
    fn multiply(&mut self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// a / b
    fn divide(&mut self, a: Self::Float, b: Self::Float) -> Self::Float;
    /// a · b + c with one rounding
    fn fused(&mut self, a: Self::Float, b: Self::Float, c: Self::Float) -> Self::Float;
    /// √a
    fn square_root(&mut self, a: Self::Float) -> Self::Float;
    /// −a: the sign bit turned
    fn negate(&mut self, a: Self::Float) -> Self::Float;
    /// |a|: the sign bit cleared
    fn absolute(&mut self, a: Self::Float) -> Self::Float;
    /// ⌊a⌋
    fn floor(&mut self, a: Self::Float) -> Self::Float;
    /// ⌈a⌉
    fn ceiling(&mut self, a: Self::Float) -> Self::Float;
    /// a to the nearest integer, ties to even
    fn nearest(&mut self, a: Self::Float) -> Self::Float;

    /// a < b; false where either is NaN
    fn less(&mut self, a: Self::Float, b: Self::Float) -> Self::Mask;
    /// a ≤ b; false where either is NaN
    fn less_equal(&mut self, a: Self::Float, b: Self::Float) -> Self::Mask;
    /// a = b; false where either is NaN
    fn equal(&mut self, a: Self::Float, b: Self::Float) -> Self::Mask;
    /// both
    fn mask_and(&mut self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// either
    fn mask_or(&mut self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// the opposite
    fn mask_not(&mut self, a: Self::Mask) -> Self::Mask;
    /// `yes` where the mask holds, else `no`. `select(less(a, b), a, b)` and its mirror are one instruction on x86.
    fn select(&mut self, mask: Self::Mask, yes: Self::Float, no: Self::Float) -> Self::Float;

    /// The bits of a number.
    fn to_bits(&mut self, a: Self::Float) -> Self::Integer;
    /// The number of these bits.
    fn of_bits(&mut self, a: Self::Integer) -> Self::Float;
    /// a + b, wrapping
    fn integer_add(&mut self, a: Self::Integer, b: Self::Integer) -> Self::Integer;
    /// a − b, wrapping
    fn integer_subtract(&mut self, a: Self::Integer, b: Self::Integer) -> Self::Integer;
    /// a shifted towards the high end, zeros entering
    fn shift_left(&mut self, a: Self::Integer, by: u32) -> Self::Integer;
    /// a shifted towards the low end, zeros entering
    fn shift_right(&mut self, a: Self::Integer, by: u32) -> Self::Integer;
    /// bitwise and
    fn bit_and(&mut self, a: Self::Integer, b: Self::Integer) -> Self::Integer;
    /// bitwise or
    fn bit_or(&mut self, a: Self::Integer, b: Self::Integer) -> Self::Integer;
    /// bitwise exclusive or
    fn bit_xor(&mut self, a: Self::Integer, b: Self::Integer) -> Self::Integer;

    /// The plain function applied to every lane.
    fn call(&mut self, routine: Routine, a: Self::Float, b: Self::Float) -> Self::Float;
    /// `fast`, but the plain function of `a` in the lanes where the mask holds. The mask holds rarely: code that jumps over
    /// the calls when no lane needs one is worth its branch.
    fn patch(&mut self, mask: Self::Mask, fast: Self::Float, routine: Routine, a: Self::Float) -> Self::Float;
}

/// A plain function, called lane by lane where no formula in `Arithmetic` pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Routine {
    /// sin a
    Sine,
    /// cos a
    Cosine,
    /// tan a
    Tangent,
    /// aᵇ; NaN for a < 0
    Power,
}

impl Routine {
    /// Every routine.
    pub const ALL: [Self; 4] = [Self::Sine, Self::Cosine, Self::Tangent, Self::Power];

    /// The value in f32; `b` counts for `Power` only.
    #[must_use]
    pub fn call_f32(self, a: f32, b: f32) -> f32 {
        match self {
            Self::Sine => libm::sinf(a),
            Self::Cosine => libm::cosf(a),
            Self::Tangent => libm::tanf(a),
            Self::Power if a < 0.0 => f32::NAN,
            Self::Power => libm::powf(a, b),
        }
    }

    /// The value in f64; `b` counts for `Power` only.
    #[must_use]
    pub fn call_f64(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Sine => libm::sin(a),
            Self::Cosine => libm::cos(a),
            Self::Tangent => libm::tan(a),
            Self::Power if a < 0.0 => f64::NAN,
            Self::Power => libm::pow(a, b),
        }
    }
}
