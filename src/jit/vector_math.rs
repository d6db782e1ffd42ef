//! The mathematics of the language as Cranelift's vectors: `Arithmetic`, operation by operation. Each is exactly rounded or
//! exact on bits, so the formulas of `scalar::mathematics` give the interpreter's bits.

use super::emit::{Emitter, bits_type, lanes, vector_type};
use crate::scalar::{Arithmetic, Routine};
use crate::shape::Precision;
use cranelift::codegen::ir::{Value, types};
use cranelift::prelude::{FloatCC, InstBuilder};

impl Emitter<'_> {
    /// The routine in every lane.
    fn each_lane(&mut self, routine: Routine, a: Value, b: Value) -> Value {
        let function = self.import(routine);
        let mut results = a;
        for lane in 0..lanes(self.body_precision()) as u8 {
            let (a, b) = (self.ins().extractlane(a, lane), self.ins().extractlane(b, lane));
            let call = self.ins().call(function, &[a, b]);
            let result = self.results_of(call)[0];
            results = self.ins().insertlane(results, result, lane);
        }
        results
    }

    fn compare(&mut self, condition: FloatCC, a: Value, b: Value) -> Value {
        self.ins().fcmp(condition, a, b)
    }
}

impl Arithmetic for Emitter<'_> {
    type Float = Value;
    type Integer = Value;
    type Mask = Value;

    fn precision(&self) -> Precision {
        self.body_precision()
    }

    fn constant(&mut self, value: f64) -> Value {
        Emitter::constant(self, self.body_precision(), value)
    }

    fn integer(&mut self, value: i64) -> Value {
        self.bits(self.body_precision(), value)
    }

    fn add(&mut self, a: Value, b: Value) -> Value {
        self.ins().fadd(a, b)
    }

    fn subtract(&mut self, a: Value, b: Value) -> Value {
        self.ins().fsub(a, b)
    }

    fn multiply(&mut self, a: Value, b: Value) -> Value {
        self.ins().fmul(a, b)
    }

    fn divide(&mut self, a: Value, b: Value) -> Value {
        self.ins().fdiv(a, b)
    }

    fn fused(&mut self, a: Value, b: Value, c: Value) -> Value {
        self.ins().fma(a, b, c)
    }

    fn square_root(&mut self, a: Value) -> Value {
        self.ins().sqrt(a)
    }

    // On x86 `fneg` and `fabs` build their mask from scratch; a constant leaves the loop.
    fn negate(&mut self, a: Value) -> Value {
        let sign = Emitter::constant(self, self.body_precision(), -0.0);
        self.ins().bxor(a, sign)
    }

    fn absolute(&mut self, a: Value) -> Value {
        let sign = Emitter::constant(self, self.body_precision(), -0.0);
        self.ins().band_not(a, sign)
    }

    fn floor(&mut self, a: Value) -> Value {
        self.ins().floor(a)
    }

    fn ceiling(&mut self, a: Value) -> Value {
        self.ins().ceil(a)
    }

    fn nearest(&mut self, a: Value) -> Value {
        self.ins().nearest(a)
    }

    fn less(&mut self, a: Value, b: Value) -> Value {
        self.compare(FloatCC::LessThan, a, b)
    }

    fn less_equal(&mut self, a: Value, b: Value) -> Value {
        self.compare(FloatCC::LessThanOrEqual, a, b)
    }

    fn equal(&mut self, a: Value, b: Value) -> Value {
        self.compare(FloatCC::Equal, a, b)
    }

    fn mask_and(&mut self, a: Value, b: Value) -> Value {
        self.ins().band(a, b)
    }

    fn mask_or(&mut self, a: Value, b: Value) -> Value {
        self.ins().bor(a, b)
    }

    fn mask_not(&mut self, a: Value) -> Value {
        self.ins().bnot(a)
    }

    fn select(&mut self, mask: Value, yes: Value, no: Value) -> Value {
        let mask = self.cast(vector_type(self.body_precision()), mask);
        self.ins().bitselect(mask, yes, no)
    }

    fn to_bits(&mut self, a: Value) -> Value {
        self.cast(bits_type(self.body_precision()), a)
    }

    fn of_bits(&mut self, a: Value) -> Value {
        self.cast(vector_type(self.body_precision()), a)
    }

    fn integer_add(&mut self, a: Value, b: Value) -> Value {
        self.ins().iadd(a, b)
    }

    fn integer_subtract(&mut self, a: Value, b: Value) -> Value {
        self.ins().isub(a, b)
    }

    fn shift_left(&mut self, a: Value, by: u32) -> Value {
        let by = self.ins().iconst(types::I32, i64::from(by));
        self.ins().ishl(a, by)
    }

    fn shift_right(&mut self, a: Value, by: u32) -> Value {
        let by = self.ins().iconst(types::I32, i64::from(by));
        self.ins().ushr(a, by)
    }

    fn bit_and(&mut self, a: Value, b: Value) -> Value {
        self.ins().band(a, b)
    }

    fn bit_or(&mut self, a: Value, b: Value) -> Value {
        self.ins().bor(a, b)
    }

    fn bit_xor(&mut self, a: Value, b: Value) -> Value {
        self.ins().bxor(a, b)
    }

    fn call(&mut self, routine: Routine, a: Value, b: Value) -> Value {
        self.each_lane(routine, a, b)
    }

    fn patch(&mut self, mask: Value, fast: Value, routine: Routine, a: Value) -> Value {
        let any = self.ins().vany_true(mask);
        let patched = self.when(any, &[fast], |emitter| {
            let slow = emitter.each_lane(routine, a, a);
            vec![emitter.select(mask, slow, fast)]
        });
        patched[0]
    }
}
