//! One number as a machine: the `Arithmetic` of the interpreter, of compile-time evaluation, and the oracle of the JIT.

use crate::scalar::arithmetic::{Arithmetic, Routine};
use crate::shape::Precision;

/// A number that scalar functions can be evaluated in.
pub trait Lane: Copy + PartialEq + PartialOrd + std::fmt::Debug + Default + 'static {
    /// The machine for one such number.
    type Machine: Arithmetic<Float = Self> + Default;
    /// The number nearest to `value`.
    fn of(value: f64) -> Self;
    /// The number as an f64, exactly.
    fn widen(self) -> f64;
}

/// The machine of one f32.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lane32;

/// The machine of one f64.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lane64;

macro_rules! lane {
    ($machine:ident, $float:ident, $signed:ident, $unsigned:ident, $precision:expr, $call:ident) => {
        impl Lane for $float {
            type Machine = $machine;
            #[inline]
            fn of(value: f64) -> Self {
                value as Self
            }
            #[inline]
            fn widen(self) -> f64 {
                f64::from(self)
            }
        }

        impl Arithmetic for $machine {
            type Float = $float;
            type Integer = $signed;
            type Mask = bool;

            #[inline]
            fn precision(&self) -> Precision {
                $precision
            }
            #[inline]
            fn constant(&mut self, value: f64) -> $float {
                value as $float
            }
            #[inline]
            fn integer(&mut self, value: i64) -> $signed {
                value as $signed
            }
            #[inline]
            fn add(&mut self, a: $float, b: $float) -> $float {
                a + b
            }
            #[inline]
            fn subtract(&mut self, a: $float, b: $float) -> $float {
                a - b
            }
            #[inline]
            fn multiply(&mut self, a: $float, b: $float) -> $float {
                a * b
            }
            #[inline]
            fn divide(&mut self, a: $float, b: $float) -> $float {
                a / b
            }
            #[inline]
            fn fused(&mut self, a: $float, b: $float, c: $float) -> $float {
                a.mul_add(b, c)
            }
            #[inline]
            fn square_root(&mut self, a: $float) -> $float {
                a.sqrt()
            }
            #[inline]
            fn negate(&mut self, a: $float) -> $float {
                -a
            }
            #[inline]
            fn absolute(&mut self, a: $float) -> $float {
                a.abs()
            }
            #[inline]
            fn floor(&mut self, a: $float) -> $float {
                a.floor()
            }
            #[inline]
            fn ceiling(&mut self, a: $float) -> $float {
                a.ceil()
            }
            #[inline]
            fn nearest(&mut self, a: $float) -> $float {
                a.round_ties_even()
            }
            #[inline]
            fn less(&mut self, a: $float, b: $float) -> bool {
                a < b
            }
            #[inline]
            fn less_equal(&mut self, a: $float, b: $float) -> bool {
                a <= b
            }
            #[inline]
            fn equal(&mut self, a: $float, b: $float) -> bool {
                a == b
            }
            #[inline]
            fn mask_and(&mut self, a: bool, b: bool) -> bool {
                a & b
            }
            #[inline]
            fn mask_or(&mut self, a: bool, b: bool) -> bool {
                a | b
            }
            #[inline]
            fn mask_not(&mut self, a: bool) -> bool {
                !a
            }
            #[inline]
            fn select(&mut self, mask: bool, yes: $float, no: $float) -> $float {
                if mask { yes } else { no }
            }
            #[inline]
            fn to_bits(&mut self, a: $float) -> $signed {
                a.to_bits() as $signed
            }
            #[inline]
            fn of_bits(&mut self, a: $signed) -> $float {
                $float::from_bits(a as $unsigned)
            }
            #[inline]
            fn integer_add(&mut self, a: $signed, b: $signed) -> $signed {
                a.wrapping_add(b)
            }
            #[inline]
            fn integer_subtract(&mut self, a: $signed, b: $signed) -> $signed {
                a.wrapping_sub(b)
            }
            #[inline]
            fn shift_left(&mut self, a: $signed, by: u32) -> $signed {
                a << by
            }
            #[inline]
            fn shift_right(&mut self, a: $signed, by: u32) -> $signed {
                ((a as $unsigned) >> by) as $signed
            }
            #[inline]
            fn bit_and(&mut self, a: $signed, b: $signed) -> $signed {
                a & b
            }
            #[inline]
            fn bit_or(&mut self, a: $signed, b: $signed) -> $signed {
                a | b
            }
            #[inline]
            fn bit_xor(&mut self, a: $signed, b: $signed) -> $signed {
                a ^ b
            }
            fn call(&mut self, routine: Routine, a: $float, b: $float) -> $float {
                routine.$call(a, b)
            }
            fn patch(&mut self, mask: bool, fast: $float, routine: Routine, a: $float) -> $float {
                if mask { routine.$call(a, 0.0) } else { fast }
            }
        }
    };
}

lane!(Lane32, f32, i32, u32, Precision::F32, call_f32);
lane!(Lane64, f64, i64, u64, Precision::F64, call_f64);
