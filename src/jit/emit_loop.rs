//! Loop kernels as machine code: `extern "C" fn(arguments, begin, end)` over the units that `Nest` fixes. Points are taken a
//! vector at a time along the last axis; what is left of a row is a vector of fewer lanes, or one that overlaps the last.
//!
//! The lanes of a reduction are where the numeric contract has them, so that neither unrolling nor the number of threads
//! shows in a result.

use super::emit::{Emitter, lanes};
use super::nest::{Nest, Source, Units, Walk};
use super::reduce::{Accumulators, Partials};
use crate::kernel::{CHUNK, LANES};
use crate::scalar::carry_out;
use crate::shape::Precision;
use cranelift::codegen::ir::Value;
use cranelift::prelude::InstBuilder;

/// Vectors that are written out one after another rather than looped over.
const STRAIGHT: usize = 8;
/// About how many instructions a written-out row or an unrolled round may take.
const ROOM: usize = 96;

/// Emits the loop into `emitter`. `in_place` says that it may store where it loads.
pub(super) fn emit_loop(emitter: &mut Emitter, nest: &Nest, in_place: bool, parameters: &[Value]) {
    let &[table, begin, end] = parameters else { unreachable!("a kernel takes its arguments and two bounds") };
    let base = |e: &mut Emitter, walk: &Walk| {
        let argument = e.argument(table, walk.argument);
        e.plus(argument, walk.offset * walk.precision.bytes())
    };
    let frame = Frame {
        nest,
        inputs: nest
            .inputs
            .iter()
            .map(|input| match input {
                Source::Load(walk) => Some(base(emitter, walk)),
                Source::Index(_) => None,
            })
            .collect(),
        stores: nest.stores.iter().map(|walk| base(emitter, walk)).collect(),
        partials: nest.kernel.reductions.iter().map(|reduction| emitter.argument(table, reduction.into)).collect(),
        lanes: lanes(nest.kernel.precision),
        in_place,
    };
    emitter.repeat(begin, end, 1, &[], |emitter, unit, _| {
        match nest.units {
            Units::Blocks { blocks, length } => frame.emit_block(emitter, unit, blocks, length),
            Units::Chunks => frame.emit_chunk(emitter, unit),
        }
        Vec::new()
    });
}

/// An element of a row: a value, plus a constant.
#[derive(Clone, Copy)]
pub(super) struct Position {
    pub(super) value: Option<Value>,
    pub(super) constant: usize,
}

impl Position {
    fn known(constant: usize) -> Self {
        Self { value: None, constant }
    }

    fn at(value: Value, constant: usize) -> Self {
        Self { value: Some(value), constant }
    }
}

/// A stretch of a row.
enum Span {
    /// All of it.
    Row,
    /// A block; the last one goes to the row's end.
    Block { from: Value, to: Value, is_last: Value },
}

/// What a row provides for an argument of the body.
enum Feed {
    /// The same number at every point.
    Uniform(Value),
    /// Elements `step` apart.
    Elements { pointer: Value, step: usize, precision: Precision },
    /// The position.
    Counter,
}

/// A row's places.
struct Row {
    feeds: Vec<Feed>,
    /// Pointer and step of each store.
    targets: Vec<(Value, usize)>,
}

/// What holds for the whole kernel.
struct Frame<'n> {
    nest: &'n Nest<'n>,
    /// The first element of each load.
    inputs: Vec<Option<Value>>,
    stores: Vec<Value>,
    partials: Vec<Value>,
    lanes: usize,
    in_place: bool,
}

impl Frame<'_> {
    /// A unit of `Units::Blocks`.
    fn emit_block(&self, e: &mut Emitter, unit: Value, blocks: usize, length: usize) {
        let (row, block) = e.divide(unit, blocks);
        let mut indices = self.decompose(e, row);
        indices.truncate(self.nest.extents.len() - 1);
        let row = self.row(e, &indices);
        let span = if blocks == 1 {
            Span::Row
        } else {
            let from = e.times(block, length);
            let full = e.plus(from, length);
            let is_last = e.is_equal(block, blocks - 1);
            let end = e.integer(self.nest.row());
            let to = e.ins().select(is_last, end, full);
            Span::Block { from, to, is_last }
        };
        if self.nest.kernel.reductions.is_empty() {
            let overlap = !self.in_place && self.nest.row() >= self.lanes;
            self.span(e, &span, overlap, |e, position, count| {
                self.point(e, &row, position, count);
            });
        } else {
            self.reduce_block(e, unit, &row, &span);
        }
    }

    /// A unit of `Units::Chunks`: rows of the first axis, each added to its lane of the partial results.
    fn emit_chunk(&self, e: &mut Emitter, unit: Value) {
        let kept = self.nest.kept_points();
        let partials: Vec<Partials> = (self.nest.kernel.reductions.iter().zip(&self.partials))
            .map(|(reduction, into)| Partials::begin(e, reduction, *into, unit, self.nest.partials_of_unit()))
            .collect();
        let first = e.times(unit, CHUNK);
        let (full, end) = (e.plus(first, CHUNK), e.integer(self.nest.extents[0]));
        let last = e.smaller(full, end);
        e.repeat(first, last, 1, &[], |e, reduced, _| {
            let lanes: Vec<Value> = partials.iter().map(|partials| partials.lane(e, reduced, kept)).collect();
            let rows = self.nest.extents[self.nest.leading()].iter().product();
            let (zero, rows) = (e.integer(0), e.integer(rows));
            e.repeat(zero, rows, 1, &[], |e, row, _| {
                let mut indices = vec![reduced];
                indices.extend(self.decompose(e, row));
                let places = self.row(e, &indices);
                let length = self.nest.row();
                let lanes: Vec<Value> = (partials.iter().zip(&lanes))
                    .map(|(partials, lane)| {
                        let offset = e.times(row, length * partials.bytes());
                        e.add(*lane, offset)
                    })
                    .collect();
                self.span(e, &Span::Row, false, |e, position, count| {
                    let results = self.point(e, &places, position, count);
                    for (partials, lane) in partials.iter().zip(&lanes) {
                        partials.take(e, *lane, position, count, &results);
                    }
                });
                Vec::new()
            });
            Vec::new()
        });
    }

    /// A chunk of a row whose points are combined.
    fn reduce_block(&self, e: &mut Emitter, unit: Value, row: &Row, span: &Span) {
        let mut lanes = Accumulators::begin(e, &self.nest.kernel.reductions);
        let (length, rest) = (self.nest.row(), self.nest.row() % LANES);
        // A heavy body stands once in the loop, and the accumulators change places around it.
        let vectors = if self.nest.cost * LANES / self.lanes <= ROOM { LANES / self.lanes } else { 1 };
        let (from, to) = match span {
            Span::Row => (e.integer(0), e.integer(length - rest)),
            Span::Block { from, to, .. } => {
                let extent = e.ins().isub(*to, *from);
                let groups = e.ins().band_imm_s(extent, -(LANES as i64));
                (*from, e.add(*from, groups))
            }
        };
        let carried = lanes.values();
        let carried = e.repeat(from, to, vectors * self.lanes, &carried, |e, start, carried| {
            let mut lanes = lanes.with(carried);
            for vector in 0..vectors {
                let results = self.point(e, row, Position::at(start, vector * self.lanes), self.lanes);
                lanes.take(e, vector, self.lanes, &results);
            }
            lanes.rotate(e, vectors);
            lanes.values()
        });
        lanes = lanes.with(&carried);
        if rest > 0 {
            let tail = |e: &mut Emitter| {
                let mut lanes = lanes.with(&carried);
                for (vector, start) in (0..rest).step_by(self.lanes).enumerate() {
                    let count = (rest - start).min(self.lanes);
                    let results = self.point(e, row, Position::known(length - rest + start), count);
                    lanes.take(e, vector, count, &results);
                }
                lanes.values()
            };
            let carried = match span {
                Span::Row => tail(e),
                Span::Block { is_last, .. } => e.when(*is_last, &carried, tail),
            };
            lanes = lanes.with(&carried);
        }
        for (result, (reduction, into)) in
            lanes.finish(e).into_iter().zip(self.nest.kernel.reductions.iter().zip(&self.partials))
        {
            let offset = e.times(unit, reduction.accumulator.bytes());
            let to = e.add(*into, offset);
            e.store_scalar(result, to, 0);
        }
    }

    /// The indices of a row along the leading axes.
    fn decompose(&self, e: &mut Emitter, row: Value) -> Vec<Value> {
        let extents = &self.nest.extents[self.nest.leading()];
        let mut indices = Vec::with_capacity(extents.len());
        let mut rest = row;
        for extent in extents.iter().skip(1).rev() {
            let (quotient, index) = e.divide(rest, *extent);
            indices.push(index);
            rest = quotient;
        }
        if !extents.is_empty() {
            indices.push(rest);
        }
        indices.reverse();
        indices
    }

    fn row(&self, e: &mut Emitter, indices: &[Value]) -> Row {
        let place = |e: &mut Emitter, walk: &Walk, base: Value| {
            let (step, leading) = walk.strides.split_last().expect("a loop has an axis");
            let mut pointer = base;
            for (index, stride) in indices.iter().zip(leading).filter(|(_, stride)| **stride != 0) {
                let offset = e.times(*index, stride * walk.precision.bytes());
                pointer = e.add(pointer, offset);
            }
            (pointer, *step)
        };
        let feeds = (self.nest.inputs.iter().zip(&self.inputs))
            .map(|(input, base)| match (input, base) {
                (Source::Load(walk), Some(base)) => {
                    let (pointer, step) = place(e, walk, *base);
                    if step == 0 {
                        let number = e.load_scalar(walk.precision, pointer, 0);
                        let number = e.convert_scalar(walk.precision, number);
                        Feed::Uniform(e.splat(number))
                    } else {
                        Feed::Elements { pointer, step, precision: walk.precision }
                    }
                }
                (Source::Index(axis), _) => match indices.get(*axis) {
                    Some(index) => {
                        let number = e.number(*index);
                        Feed::Uniform(e.splat(number))
                    }
                    None => Feed::Counter,
                },
                (Source::Load(_), None) => unreachable!("every load has a base"),
            })
            .collect();
        let targets = self.nest.stores.iter().zip(&self.stores).map(|(walk, base)| place(e, walk, *base)).collect();
        Row { feeds, targets }
    }

    /// Visits a stretch of a row, a vector or less at a time. `overlap` says that points may be visited twice; there is then
    /// a whole vector of them.
    fn span(&self, e: &mut Emitter, span: &Span, overlap: bool, mut visit: impl FnMut(&mut Emitter, Position, usize)) {
        let (row, lanes) = (self.nest.row(), self.lanes);
        let rest = row % lanes;
        let vectors = row.div_ceil(lanes);
        let is_row = matches!(span, Span::Row);
        if is_row && (vectors == 1 || (vectors <= STRAIGHT && vectors * self.nest.cost <= ROOM)) {
            for start in (0..row - rest).step_by(lanes) {
                visit(e, Position::known(start), lanes);
            }
            match (rest, overlap) {
                (0, _) => {}
                (_, true) => visit(e, Position::known(row - lanes), lanes),
                (_, false) => visit(e, Position::known(row - rest), rest),
            }
            return;
        }
        let (from, to) = match span {
            Span::Row => (e.integer(0), e.integer(row)),
            Span::Block { from, to, .. } => (*from, *to),
        };
        let unroll = [4, 2].into_iter().find(|unroll| unroll * self.nest.cost.max(1) <= ROOM / 2).unwrap_or(1);
        let mut start = from;
        if unroll > 1 {
            let bound = e.ins().iadd_imm_s(to, 1 - (unroll * lanes) as i64);
            start = e.repeat(from, bound, unroll * lanes, &[from], |e, start, _| {
                for vector in 0..unroll {
                    visit(e, Position::at(start, vector * lanes), lanes);
                }
                vec![e.plus(start, unroll * lanes)]
            })[0];
        }
        if overlap {
            let last = e.ins().iadd_imm_s(to, -(lanes as i64));
            e.repeat(start, to, lanes, &[], |e, start, _| {
                let start = e.smaller(start, last);
                visit(e, Position::at(start, 0), lanes);
                Vec::new()
            });
            return;
        }
        let bound = e.ins().iadd_imm_s(to, 1 - lanes as i64);
        e.repeat(start, bound, lanes, &[], |e, start, _| {
            visit(e, Position::at(start, 0), lanes);
            Vec::new()
        });
        if rest > 0 {
            match span {
                Span::Row => visit(e, Position::known(row - rest), rest),
                Span::Block { is_last, .. } => {
                    e.when(*is_last, &[], |e| {
                        visit(e, Position::known(row - rest), rest);
                        Vec::new()
                    });
                }
            }
        }
    }

    /// Computes `count` points, stores what is stored, and returns the body's results.
    fn point(&self, e: &mut Emitter, row: &Row, position: Position, count: usize) -> Vec<Value> {
        let values: Vec<Value> = row
            .feeds
            .iter()
            .map(|feed| match feed {
                Feed::Uniform(value) => *value,
                Feed::Elements { pointer, step, precision } => e.gather(*precision, *pointer, *step, position, count),
                Feed::Counter => e.count_from(position, count),
            })
            .collect();
        let results = carry_out(e, &self.nest.kernel.body, &values);
        for (store, (pointer, step)) in self.nest.kernel.stores.iter().zip(&row.targets) {
            e.scatter(results[store.result], *pointer, *step, position, count);
        }
        results
    }
}

impl Emitter<'_> {
    /// An index as a number of the body.
    fn number(&mut self, index: Value) -> Value {
        let kind = super::emit::scalar_type(self.body_precision());
        self.ins().fcvt_from_sint(kind, index)
    }

    fn splat(&mut self, number: Value) -> Value {
        let kind = super::emit::vector_type(self.body_precision());
        self.ins().splat(kind, number)
    }

    /// The address of a position of a row, and a displacement.
    pub(super) fn address(&mut self, pointer: Value, bytes: usize, position: Position) -> (Value, usize) {
        let pointer = match position.value {
            Some(value) => {
                let offset = self.times(value, bytes);
                self.add(pointer, offset)
            }
            None => pointer,
        };
        let displacement = position.constant * bytes;
        // Further than any vector reaches from there, it could overflow the instruction.
        if displacement < 1 << 20 { (pointer, displacement) } else { (self.plus(pointer, displacement), 0) }
    }

    /// `count` elements that lie `step` apart, in the body's precision; the lanes behind are zero.
    fn gather(&mut self, precision: Precision, pointer: Value, step: usize, position: Position, count: usize) -> Value {
        let bytes = step * precision.bytes();
        if step == 1 {
            let (address, displacement) = self.address(pointer, bytes, position);
            return self.load_converted(precision, address, displacement, count);
        }
        let numbers: Vec<Value> = (0..count)
            .map(|lane| {
                let position = Position { constant: position.constant + lane, ..position };
                let (address, displacement) = self.address(pointer, bytes, position);
                let number = self.load_scalar(precision, address, displacement);
                self.convert_scalar(precision, number)
            })
            .collect();
        self.vector_of_numbers(&numbers)
    }

    /// The positions from here on, as numbers.
    fn count_from(&mut self, position: Position, count: usize) -> Value {
        let numbers: Vec<Value> = (0..count)
            .map(|lane| {
                let index = match position.value {
                    Some(value) => self.plus(value, position.constant + lane),
                    None => self.integer(position.constant + lane),
                };
                self.number(index)
            })
            .collect();
        self.vector_of_numbers(&numbers)
    }

    /// Writes the first `count` lanes to elements that lie `step` apart.
    fn scatter(&mut self, value: Value, pointer: Value, step: usize, position: Position, count: usize) {
        let precision = self.body_precision();
        let bytes = step * precision.bytes();
        if step == 1 {
            let (address, displacement) = self.address(pointer, bytes, position);
            return self.store(precision, value, address, displacement, count);
        }
        for lane in 0..count {
            let position = Position { constant: position.constant + lane, ..position };
            let (address, displacement) = self.address(pointer, bytes, position);
            let number = self.ins().extractlane(value, lane as u8);
            self.store_scalar(number, address, displacement);
        }
    }
}
