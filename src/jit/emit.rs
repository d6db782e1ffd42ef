//! The emitter: Cranelift's builder in the words of this project. Vectors of 128 bits, whole or in part, loops with carried
//! values, and the plain functions that compiled code may call.
//!
//! A vector of a body is four f32 or two f64. No access reaches beyond the lanes that are asked for, and none is assumed to be
//! aligned.

use super::code::Imports;
use super::target::Target;
use crate::graph::Combine;
use crate::shape::Precision;
use cranelift::codegen::ir::{
    self, BlockArg, ConstantData, Endianness, FuncRef, Inst, MemFlagsData, Type, Value, types,
};
use cranelift::prelude::{FloatCC, FunctionBuilder, InstBuilder, IntCC};

/// Bytes of a vector.
const VECTOR_BYTES: usize = 16;

/// Lanes of a vector.
pub(super) const fn lanes(precision: Precision) -> usize {
    VECTOR_BYTES / precision.bytes()
}

/// One number.
pub(super) const fn scalar_type(precision: Precision) -> Type {
    match precision {
        Precision::F32 => types::F32,
        Precision::F64 => types::F64,
    }
}

/// A vector of numbers.
pub(super) const fn vector_type(precision: Precision) -> Type {
    match precision {
        Precision::F32 => types::F32X4,
        Precision::F64 => types::F64X2,
    }
}

/// The bits of a vector of numbers; also its truth values, all ones or all zeros in a lane.
pub(super) const fn bits_type(precision: Precision) -> Type {
    match precision {
        Precision::F32 => types::I32X4,
        Precision::F64 => types::I64X2,
    }
}

/// A function under construction, whose body computes in one precision.
pub(super) struct Emitter<'a> {
    builder: FunctionBuilder<'a>,
    imports: &'a Imports,
    precision: Precision,
    folds_loads: bool,
}

impl<'a> Emitter<'a> {
    /// An emitter into the function's entry block, and the function's parameters.
    pub(super) fn new(
        mut builder: FunctionBuilder<'a>,
        imports: &'a Imports,
        precision: Precision,
        target: &Target,
    ) -> (Self, Vec<Value>) {
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        builder.seal_block(entry);
        let parameters = builder.block_params(entry).to_vec();
        (Self { builder, imports, precision, folds_loads: target.folds_loads() }, parameters)
    }

    /// Returns from the function and ends it.
    pub(super) fn finish(mut self, config: cranelift::codegen::isa::TargetFrontendConfig) {
        self.builder.ins().return_(&[]);
        self.builder.seal_all_blocks();
        self.builder.finalize(config);
    }

    /// The precision of the body.
    pub(super) fn body_precision(&self) -> Precision {
        self.precision
    }

    /// Appends an instruction.
    pub(super) fn ins(&mut self) -> cranelift::frontend::FuncInstBuilder<'_, 'a> {
        self.builder.ins()
    }

    /// The results of an instruction.
    pub(super) fn results_of(&self, inst: Inst) -> &[Value] {
        self.builder.inst_results(inst)
    }

    /// The plain function behind `routine` in the body's precision.
    pub(super) fn import(&mut self, routine: crate::scalar::Routine) -> FuncRef {
        self.imports.declare_in(self.builder.func, routine, self.precision)
    }

    // ── integers ──

    pub(super) fn integer(&mut self, value: usize) -> Value {
        self.ins().iconst(types::I64, value as i64)
    }

    pub(super) fn add(&mut self, left: Value, right: Value) -> Value {
        self.ins().iadd(left, right)
    }

    /// `value + constant`
    pub(super) fn plus(&mut self, value: Value, constant: usize) -> Value {
        if constant == 0 { value } else { self.ins().iadd_imm_s(value, constant as i64) }
    }

    /// `value · constant`
    pub(super) fn times(&mut self, value: Value, constant: usize) -> Value {
        match constant {
            1 => value,
            _ if constant.is_power_of_two() => self.ins().ishl_imm_u(value, i64::from(constant.trailing_zeros())),
            _ => self.ins().imul_imm_s(value, constant as i64),
        }
    }

    /// `value / constant` and the rest.
    pub(super) fn divide(&mut self, value: Value, constant: usize) -> (Value, Value) {
        if constant == 1 {
            return (value, self.integer(0));
        }
        let divisor = self.integer(constant);
        (self.ins().udiv(value, divisor), self.ins().urem(value, divisor))
    }

    pub(super) fn is_less(&mut self, left: Value, right: Value) -> Value {
        self.ins().icmp(IntCC::SignedLessThan, left, right)
    }

    pub(super) fn is_equal(&mut self, left: Value, constant: usize) -> Value {
        self.ins().icmp_imm_s(IntCC::Equal, left, constant as i64)
    }

    pub(super) fn smaller(&mut self, left: Value, right: Value) -> Value {
        self.ins().smin(left, right)
    }

    // ── control ──

    /// Repeats `body` for `from`, `from + step`, … while less than `to`; what it returns is carried into the next round. The
    /// result is what the last round returned, or `carried` where there was none.
    pub(super) fn repeat(
        &mut self,
        from: Value,
        to: Value,
        step: usize,
        carried: &[Value],
        body: impl FnOnce(&mut Self, Value, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        let (head, exit) = (self.builder.create_block(), self.builder.create_block());
        let counter = self.builder.append_block_param(head, types::I64);
        let inner = self.parameters_like(head, carried);
        let outer = self.parameters_like(exit, carried);
        let enter = self.is_less(from, to);
        self.builder.ins().brif(enter, head, &arguments(&[from], carried), exit, &arguments(&[], carried));
        self.builder.switch_to_block(head);
        let carried = body(self, counter, &inner);
        let next = self.plus(counter, step);
        let again = self.is_less(next, to);
        self.builder.ins().brif(again, head, &arguments(&[next], &carried), exit, &arguments(&[], &carried));
        self.builder.seal_block(head);
        self.builder.seal_block(exit);
        self.builder.switch_to_block(exit);
        outer
    }

    /// Runs `body` where `condition` holds; the result is what it returned, or `otherwise`.
    pub(super) fn when(
        &mut self,
        condition: Value,
        otherwise: &[Value],
        body: impl FnOnce(&mut Self) -> Vec<Value>,
    ) -> Vec<Value> {
        let (inside, exit) = (self.builder.create_block(), self.builder.create_block());
        let results = self.parameters_like(exit, otherwise);
        self.builder.ins().brif(condition, inside, &[], exit, &arguments(&[], otherwise));
        self.builder.switch_to_block(inside);
        self.builder.seal_block(inside);
        let taken = body(self);
        self.builder.ins().jump(exit, &arguments(&[], &taken));
        self.builder.seal_block(exit);
        self.builder.switch_to_block(exit);
        results
    }

    /// Runs one of two bodies.
    pub(super) fn either(&mut self, condition: Value, yes: impl FnOnce(&mut Self), no: impl FnOnce(&mut Self)) {
        let [inside, outside, exit] = [(); 3].map(|()| self.builder.create_block());
        self.builder.ins().brif(condition, inside, &[], outside, &[]);
        self.builder.seal_block(inside);
        self.builder.seal_block(outside);
        self.builder.switch_to_block(inside);
        yes(self);
        self.builder.ins().jump(exit, &[]);
        self.builder.switch_to_block(outside);
        no(self);
        self.builder.ins().jump(exit, &[]);
        self.builder.seal_block(exit);
        self.builder.switch_to_block(exit);
    }

    fn parameters_like(&mut self, block: ir::Block, values: &[Value]) -> Vec<Value> {
        values
            .iter()
            .map(|value| {
                let kind = self.builder.func.dfg.value_type(*value);
                self.builder.append_block_param(block, kind)
            })
            .collect()
    }

    // ── vectors ──

    /// The same number in every lane, rounded once to `precision`.
    pub(super) fn constant(&mut self, precision: Precision, value: f64) -> Value {
        let bytes = match precision {
            Precision::F32 => (value as f32).to_le_bytes().repeat(4),
            Precision::F64 => value.to_le_bytes().repeat(2),
        };
        self.vector_of(vector_type(precision), bytes)
    }

    /// The same bits in every lane, cut to a lane's width.
    pub(super) fn bits(&mut self, precision: Precision, value: i64) -> Value {
        let bytes = match precision {
            Precision::F32 => (value as i32).to_le_bytes().repeat(4),
            Precision::F64 => value.to_le_bytes().repeat(2),
        };
        self.vector_of(bits_type(precision), bytes)
    }

    fn vector_of(&mut self, kind: Type, bytes: Vec<u8>) -> Value {
        let constant = self.builder.func.dfg.constants.insert(ConstantData::from(bytes));
        self.ins().vconst(kind, constant)
    }

    /// The same bits under another vector type.
    pub(super) fn cast(&mut self, to: Type, value: Value) -> Value {
        self.ins().bitcast(to, MemFlagsData::new().with_endianness(Endianness::Little), value)
    }

    /// `value` in the first `lanes` lanes, `rest` in the others.
    pub(super) fn first_lanes(&mut self, precision: Precision, lanes: usize, value: Value, rest: Value) -> Value {
        let bytes = (0..VECTOR_BYTES).map(|byte| if byte / precision.bytes() < lanes { 0xff } else { 0 }).collect();
        let mask = self.vector_of(vector_type(precision), bytes);
        self.ins().bitselect(mask, value, rest)
    }

    /// 32-bit lanes picked from two vectors, `0 ..= 3` from the first, `4 ..= 7` from the second.
    pub(super) fn pick(&mut self, left: Value, right: Value, lanes: [u8; 4]) -> Value {
        let kind = self.builder.func.dfg.value_type(left);
        let mask: Vec<u8> = lanes.iter().flat_map(|lane| (0..4).map(move |byte| lane * 4 + byte)).collect();
        let mask = self.builder.func.dfg.immediates.push(ConstantData::from(mask));
        let (left, right) = (self.cast(types::I8X16, left), self.cast(types::I8X16, right));
        let picked = self.ins().shuffle(left, right, mask);
        self.cast(kind, picked)
    }

    /// These numbers of the body's precision, zeros behind them.
    pub(super) fn vector_of_numbers(&mut self, numbers: &[Value]) -> Value {
        let kind = vector_type(self.precision);
        let mut vector = self.ins().scalar_to_vector(kind, numbers[0]);
        for (lane, number) in numbers.iter().enumerate().skip(1) {
            vector = self.ins().insertlane(vector, *number, lane as u8);
        }
        vector
    }

    /// As many vectors as they have lanes, transposed.
    pub(super) fn transpose(&mut self, rows: &[Value]) -> Vec<Value> {
        // Pairs of 32-bit lanes change places as one.
        let (low, high) = ([0, 1, 4, 5], [2, 3, 6, 7]);
        match *rows {
            [a, b] => vec![self.pick(a, b, low), self.pick(a, b, high)],
            [a, b, c, d] => {
                let (alternate_low, alternate_high) = ([0, 4, 1, 5], [2, 6, 3, 7]);
                let (ab, cd) = (self.pick(a, b, alternate_low), self.pick(c, d, alternate_low));
                let (ab_, cd_) = (self.pick(a, b, alternate_high), self.pick(c, d, alternate_high));
                vec![
                    self.pick(ab, cd, low),
                    self.pick(ab, cd, high),
                    self.pick(ab_, cd_, low),
                    self.pick(ab_, cd_, high),
                ]
            }
            _ => unreachable!("a vector has two or four lanes"),
        }
    }

    /// A sum rounded once, or the larger as the scalar rule has it: a tie keeps the left, NaN wins. Vectors or scalars.
    pub(super) fn combine(&mut self, combine: Combine, left: Value, right: Value) -> Value {
        match combine {
            Combine::Sum => self.ins().fadd(left, right),
            Combine::Maximum => {
                let kind = self.builder.func.dfg.value_type(left);
                let above = self.ins().fcmp(FloatCC::LessThan, left, right);
                let missing = self.ins().fcmp(FloatCC::Unordered, right, right);
                let takes_right = self.ins().bor(above, missing);
                if kind.is_vector() {
                    let mask = self.cast(kind, takes_right);
                    self.ins().bitselect(mask, right, left)
                } else {
                    self.ins().select(takes_right, right, left)
                }
            }
        }
    }

    // ── memory ──

    /// A word of the table of arguments.
    pub(super) fn argument(&mut self, table: Value, position: usize) -> Value {
        let offset = i32::try_from(position * 8).expect("a step has few arguments");
        self.ins().load(types::I64, MemFlagsData::trusted().with_readonly(), table, offset)
    }

    /// One number in `precision`.
    pub(super) fn load_scalar(&mut self, precision: Precision, from: Value, offset: usize) -> Value {
        self.ins().load(scalar_type(precision), unaligned(), from, displacement(offset))
    }

    /// Writes one number.
    pub(super) fn store_scalar(&mut self, value: Value, to: Value, offset: usize) {
        self.ins().store(unaligned(), value, to, displacement(offset));
    }

    /// `count` neighbours in `precision`, at most a vector; the lanes behind are zero.
    pub(super) fn load(&mut self, precision: Precision, from: Value, offset: usize, count: usize) -> Value {
        let kind = vector_type(precision);
        match (precision, count) {
            (Precision::F32 | Precision::F64, 1) => {
                let number = self.load_scalar(precision, from, offset);
                self.ins().scalar_to_vector(kind, number)
            }
            (Precision::F32, 2 | 3) => {
                let pair = self.load_scalar(Precision::F64, from, offset);
                let pair = self.ins().scalar_to_vector(types::F64X2, pair);
                let pair = self.cast(kind, pair);
                if count == 2 {
                    return pair;
                }
                let third = self.load_scalar(precision, from, offset + 8);
                self.ins().insertlane(pair, third, 2)
            }
            (Precision::F32 | Precision::F64, _) if self.folds_loads => {
                self.ins().load(kind, unaligned(), from, displacement(offset))
            }
            (Precision::F32 | Precision::F64, _) => {
                // A cast stands between the load and whatever would fold it.
                let bytes = self.ins().load(types::I8X16, unaligned(), from, displacement(offset));
                self.cast(kind, bytes)
            }
        }
    }

    /// Writes the first `count` lanes to neighbours.
    pub(super) fn store(&mut self, precision: Precision, value: Value, to: Value, offset: usize, count: usize) {
        match (precision, count) {
            (Precision::F32 | Precision::F64, 1) => {
                let number = self.ins().extractlane(value, 0);
                self.store_scalar(number, to, offset);
            }
            (Precision::F32, 2 | 3) => {
                let pairs = self.cast(types::F64X2, value);
                let pair = self.ins().extractlane(pairs, 0);
                self.store_scalar(pair, to, offset);
                if count == 3 {
                    let third = self.ins().extractlane(value, 2);
                    self.store_scalar(third, to, offset + 8);
                }
            }
            (Precision::F32 | Precision::F64, _) => {
                self.ins().store(unaligned(), value, to, displacement(offset));
            }
        }
    }

    /// A number in the body's precision.
    pub(super) fn convert_scalar(&mut self, precision: Precision, value: Value) -> Value {
        match (precision, self.precision) {
            (Precision::F32, Precision::F64) => self.ins().fpromote(types::F64, value),
            (Precision::F64, Precision::F32) => self.ins().fdemote(types::F32, value),
            (Precision::F32, Precision::F32) | (Precision::F64, Precision::F64) => value,
        }
    }

    /// `count` neighbours in `precision`, in the body's.
    pub(super) fn load_converted(&mut self, precision: Precision, from: Value, offset: usize, count: usize) -> Value {
        match (precision, self.precision) {
            (Precision::F32, Precision::F64) => {
                let narrow = self.load(precision, from, offset, count);
                self.ins().fvpromote_low(narrow)
            }
            (Precision::F64, Precision::F32) => {
                let low = self.load(precision, from, offset, count.min(2));
                let low = self.ins().fvdemote(low);
                if count <= 2 {
                    return low;
                }
                let high = self.load(precision, from, offset + VECTOR_BYTES, count - 2);
                let high = self.ins().fvdemote(high);
                self.pick(low, high, [0, 1, 4, 5])
            }
            (Precision::F32, Precision::F32) | (Precision::F64, Precision::F64) => {
                self.load(precision, from, offset, count)
            }
        }
    }

    /// A vector of the body as vectors of `precision`, the body's or f64: itself, or its halves.
    pub(super) fn widened(&mut self, precision: Precision, value: Value) -> Vec<Value> {
        if precision == self.precision {
            return vec![value];
        }
        let low = self.ins().fvpromote_low(value);
        let high = self.pick(value, value, [2, 3, 2, 3]);
        vec![low, self.ins().fvpromote_low(high)]
    }
}

/// Any address that holds what is asked for: bounds were proved before code was emitted.
fn unaligned() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

fn displacement(offset: usize) -> i32 {
    i32::try_from(offset).expect("only offsets within a few vectors are written into instructions")
}

fn arguments(first: &[Value], rest: &[Value]) -> Vec<BlockArg> {
    first.iter().chain(rest).map(|value| BlockArg::Value(*value)).collect()
}
