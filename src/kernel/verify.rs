//! The proof on which compiled code relies: every place that a step reads or writes lies in its buffer, every buffer in the
//! memory, and no point of a step writes what another point of it reads or writes.
//!
//! Nothing here trusts how the program was made. A refusal is a mistake of the compiler, told in words for whoever mends it.

use super::histogram::decades;
use super::{
    ALIGNMENT, Access, Buffer, BufferId, CHUNK, CombinePartials, Fold, Histogram, Input, Kernel, LANES, Loop, Matrix,
    Over, Product, Program, Rows, Scan, Step,
};
use crate::graph::Windows;
use crate::shape::Precision;

/// Proves a program safe to carry out.
///
/// # Errors
/// What is wrong, and at which step.
pub fn verify(program: &Program) -> Result<(), String> {
    if !program.memory_bytes.is_multiple_of(ALIGNMENT) {
        return Err(format!("the memory has {} bytes, not a multiple of {ALIGNMENT}", program.memory_bytes));
    }
    for (id, buffer) in program.buffers.iter_with_ids() {
        let bytes = buffer.shape.checked_elements().and_then(|elements| elements.checked_mul(buffer.precision.bytes()));
        let end = bytes.and_then(|bytes| bytes.checked_add(buffer.offset));
        if !buffer.offset.is_multiple_of(ALIGNMENT) || end.is_none_or(|end| end > program.memory_bytes) {
            return Err(format!("{id} does not lie aligned in the memory"));
        }
    }
    for (node, buffer) in &program.bindings {
        if program.buffers.get(*buffer).is_none() {
            return Err(format!("{node} is bound to {buffer}, which is no buffer"));
        }
    }
    if !program.bindings.is_sorted_by(|(left, _), (right, _)| left < right) {
        return Err("the bindings are not sorted, each node once".into());
    }
    for (position, step) in program.steps.iter().enumerate() {
        verify_step(program, step).map_err(|wrong| format!("step {position} ({}): {wrong}", step.kernel))?;
    }
    Ok(())
}

fn verify_step(program: &Program, step: &Step) -> Result<(), String> {
    let kernel = program.kernels.get(step.kernel).ok_or("there is no such kernel")?;
    let buffers = step.arguments.iter().map(|id| program.buffers.get(*id)).collect::<Option<Vec<_>>>();
    let arguments = Arguments { buffers: buffers.ok_or("an argument is no buffer")? };
    let number = kernel.argument_count();
    if arguments.buffers.len() != number {
        return Err(format!("{} arguments for a kernel of {number}", step.arguments.len()));
    }
    match kernel {
        Kernel::Loop(kernel) => verify_loop(kernel, &arguments),
        Kernel::Product(kernel) => verify_product(kernel, &arguments),
        Kernel::Combine(kernel) => verify_combine(*kernel, &arguments),
        Kernel::Histogram(kernel) => verify_histogram(*kernel, &arguments),
        Kernel::Scan(kernel) => verify_scan(kernel, &arguments),
        Kernel::Fold(kernel) => verify_fold(kernel, &arguments),
        Kernel::Gather(kernel) => verify_rows(*kernel, [kernel.rows, kernel.count], &arguments),
        Kernel::ScatterAdd(kernel) => verify_rows(*kernel, [kernel.count, kernel.rows], &arguments),
    }
}

/// The buffers of one step.
struct Arguments<'a> {
    buffers: Vec<&'a Buffer>,
}

/// The bytes that an access spans, and how it walks through them.
#[derive(PartialEq, Eq)]
struct Footprint<'a> {
    start: usize,
    end: usize,
    strides: &'a [usize],
    precision: Precision,
}

impl Footprint<'_> {
    fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl Arguments<'_> {
    fn get(&self, argument: usize) -> Result<&Buffer, String> {
        self.buffers.get(argument).copied().ok_or_else(|| format!("there is no argument {argument}"))
    }

    /// The elements `offset ..` up to the last one reached with these extents and strides, in bounds.
    fn footprint<'s>(
        &self,
        argument: usize,
        precision: Precision,
        offset: usize,
        extents: &[usize],
        strides: &'s [usize],
    ) -> Result<Footprint<'s>, String> {
        let buffer = self.get(argument)?;
        if buffer.precision != precision {
            return Err(format!("argument {argument} is {}, not {precision}", buffer.precision));
        }
        if extents.len() != strides.len() {
            return Err(format!("{} strides for {} axes", strides.len(), extents.len()));
        }
        let last = extents
            .iter()
            .zip(strides)
            .try_fold(offset, |last, (extent, stride)| last.checked_add(extent.checked_sub(1)?.checked_mul(*stride)?));
        let elements = buffer.shape.elements();
        match last {
            Some(last) if last < elements => Ok(Footprint {
                start: buffer.offset + offset * precision.bytes(),
                end: buffer.offset + (last + 1) * precision.bytes(),
                strides,
                precision,
            }),
            Some(_) | None => Err(format!("argument {argument} of {elements} elements is left")),
        }
    }

    fn access<'s>(&self, access: &'s Access, extents: &[usize]) -> Result<Footprint<'s>, String> {
        self.footprint(access.argument, access.precision, access.offset, extents, &access.strides)
    }

    /// A whole contiguous buffer.
    fn whole(&self, argument: usize, precision: Precision, extents: &[usize]) -> Result<Footprint<'static>, String> {
        let elements = extents.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent));
        let elements = elements.ok_or("a size exceeds all memory")?;
        let footprint = self.footprint(argument, precision, 0, &[elements], &[1])?;
        if self.get(argument)?.shape.elements() != elements {
            return Err(format!("argument {argument} is not {elements} elements"));
        }
        Ok(footprint)
    }
}

fn apart(written: &Footprint, read: &[Footprint]) -> Result<(), String> {
    if read.iter().any(|read| written.overlaps(read)) {
        return Err("an argument is written and read at different places that overlap".into());
    }
    Ok(())
}

fn verify_loop(kernel: &Loop, arguments: &Arguments) -> Result<(), String> {
    let Loop { precision, extents, inputs, body, stores, reductions, over } = kernel;
    if extents.is_empty() || extents.contains(&0) {
        return Err(format!("a loop over {extents:?}"));
    }
    if extents.iter().try_fold(1_usize, |product, extent| product.checked_mul(*extent)).is_none() {
        return Err("a loop has more points than can be counted".into());
    }
    body.verify()?;
    if body.arity != inputs.len() {
        return Err(format!("a body of {} arguments for {} inputs", body.arity, inputs.len()));
    }
    let results = stores.iter().map(|store| store.result).chain(reductions.iter().map(|reduction| reduction.result));
    if results.clone().any(|result| result >= body.results.len()) {
        return Err("a result that the body does not have".into());
    }
    if results.clone().next().is_none() {
        return Err("a loop without effect".into());
    }
    let mut read = Vec::new();
    for input in inputs {
        match input {
            Input::Load(access) => read.push(arguments.access(access, extents)?),
            Input::Index(axis) if *axis < extents.len() => {}
            Input::Index(axis) => return Err(format!("an index along axis {axis} of {}", extents.len())),
        }
    }
    let mut written = Vec::new();
    for access in stores.iter().map(|store| &store.access) {
        if access.precision != *precision {
            return Err(format!("a store of {} from a body of {precision}", access.precision));
        }
        if !injective(extents, &access.strides) {
            return Err("two points store to one place".into());
        }
        let store = arguments.access(access, extents)?;
        if read.iter().any(|read| store.overlaps(read) && store != *read) {
            return Err("a store overlaps what other points read".into());
        }
        apart(&store, &written)?;
        written.push(store);
    }
    for reduction in reductions {
        if reduction.accumulator != *precision && reduction.accumulator != Precision::F64 {
            return Err(format!("a reduction in {} of a body of {precision}", reduction.accumulator));
        }
        let partials = match (over, extents.as_slice()) {
            (Over::Inner, [rows @ .., last]) => rows.iter().copied().chain([last.div_ceil(CHUNK)]).collect::<Vec<_>>(),
            (Over::Outer, [first, points @ ..]) => {
                [first.div_ceil(CHUNK), LANES].into_iter().chain(points.iter().copied()).collect()
            }
            (_, []) => return Err("a loop without axes".into()),
        };
        let into = arguments.whole(reduction.into, reduction.accumulator, &partials)?;
        apart(&into, &read)?;
        apart(&into, &written)?;
        written.push(into);
    }
    Ok(())
}

/// Whether no two points of these extents have one place: each stride steps over all that the smaller ones reach. (Sufficient,
/// and true of every store that is made.)
fn injective(extents: &[usize], strides: &[usize]) -> bool {
    let mut axes: Vec<(usize, usize)> =
        strides.iter().copied().zip(extents.iter().copied()).filter(|(_, extent)| *extent > 1).collect();
    axes.sort_unstable();
    let mut reached = 0;
    axes.into_iter().all(|(stride, extent)| {
        let steps_over = stride > reached;
        reached += stride * (extent - 1);
        steps_over
    })
}

fn verify_product(kernel: &Product, arguments: &Arguments) -> Result<(), String> {
    let Product { precision, batch, m, n, k, left, right } = *kernel;
    let result = arguments.whole(2, precision, &[batch, m, n])?;
    if [batch, m, n, k].contains(&0) {
        return Err("a matrix product without elements".into());
    }
    let matrix = |argument: usize, at: Matrix, rows: usize, columns: usize| {
        let strides = [at.batch, at.row, at.column];
        let footprint = arguments.footprint(argument, precision, at.offset, &[batch, rows, columns], &strides)?;
        Ok::<_, String>(Footprint { strides: &[], ..footprint })
    };
    apart(&result, &[matrix(0, left, m, k)?, matrix(1, right, k, n)?])
}

fn verify_combine(kernel: CombinePartials, arguments: &Arguments) -> Result<(), String> {
    let CombinePartials { precision, outer, chunks, lanes, inner, .. } = kernel;
    if lanes != 1 && lanes != LANES {
        return Err(format!("{lanes} lanes"));
    }
    let partials = arguments.whole(0, precision, &[outer, chunks, lanes, inner])?;
    let result = arguments.whole(1, precision, &[outer, inner])?;
    apart(&result, &[partials])
}

fn verify_histogram(kernel: Histogram, arguments: &Arguments) -> Result<(), String> {
    let values = arguments.footprint(0, kernel.precision, 0, &[kernel.elements], &[1])?;
    let counts = arguments.whole(1, Precision::F64, &[decades(kernel.precision).1])?;
    apart(&counts, &[values])
}

/// Compiled code reads the inputs and writes the states where they lie, not in the program's own buffers; so the program must not
/// write what it is given, and everything that it is given must lie apart from the stack and the scratch memory.
fn verify_scan(kernel: &Scan, arguments: &Arguments) -> Result<(), String> {
    let Scan { precision, times, state, inputs, result, program, .. } = kernel;
    verify(program).map_err(|wrong| format!("in the body: {wrong}"))?;
    if *times == 0 || *state == 0 || inputs.is_empty() {
        return Err("a recurrence without steps or state".into());
    }
    let places = times.checked_add(1).ok_or("a size exceeds all memory")?;
    let stack = arguments.whole(inputs.len(), *precision, &[places, *state])?;
    let scratch = arguments.get(inputs.len() + 1)?;
    if scratch.bytes() < program.memory_bytes {
        return Err("the scratch memory is smaller than the body's".into());
    }
    let scratch = Footprint { start: scratch.offset, end: scratch.place().end, strides: &[], precision: *precision };
    let own = |id: BufferId, elements: usize| match program.buffers.get(id) {
        Some(buffer) if buffer.precision == *precision && buffer.shape.elements() == elements => Ok(()),
        Some(_) | None => Err(format!("{id} of the body is not {elements} elements of {precision}")),
    };
    own(*result, *state)?;
    let mut read = vec![arguments.footprint(0, *precision, inputs[0].offset, &[*state], &[1])?];
    let mut given = Vec::new();
    for (argument, input) in inputs.iter().enumerate() {
        let Some(id) = input.buffer else { continue };
        if argument == 0 {
            own(id, *state)?;
        } else {
            let elements =
                program.buffers.get(id).map(|buffer| buffer.shape.elements()).ok_or("there is no such input")?;
            own(id, elements)?;
            let (extents, strides) = ([*times, elements], [input.stride, 1]);
            let footprint = arguments.footprint(argument, *precision, input.offset, &extents, &strides)?;
            read.push(Footprint { strides: &[], ..footprint });
        }
        if given.contains(&id) {
            return Err(format!("{id} of the body is two inputs"));
        }
        given.push(id);
    }
    for step in &program.steps {
        let written = program.kernels[step.kernel].written();
        if written.into_iter().any(|argument| given.contains(&step.arguments[argument])) {
            return Err("the body writes what it is given".into());
        }
    }
    apart(&stack, &read)?;
    apart(&scratch, &read)?;
    apart(&stack, &[scratch])
}

fn verify_fold(kernel: &Fold, arguments: &Arguments) -> Result<(), String> {
    let Fold { precision, outer, inner, extent, windows, offset, place, element } = kernel;
    let Windows { places, size, stride, dilation } = *windows;
    let last = |count: usize, step: usize| count.checked_sub(1)?.checked_mul(step);
    let reach = last(places, stride).zip(last(size, dilation)).and_then(|(place, within)| place.checked_add(within));
    if reach.is_none_or(|reach| reach >= *extent) || stride == 0 || dilation == 0 {
        return Err(format!("{windows:?} in an axis of {extent}"));
    }
    let extents = |axes: &[(usize, usize)]| axes.iter().map(|(extent, _)| *extent).collect::<Vec<_>>();
    let result = arguments.whole(1, *precision, &[extents(outer), vec![*extent], extents(inner)].concat())?;
    if outer.iter().chain(inner).any(|(extent, _)| *extent == 0) {
        return Err("a fold without elements".into());
    }
    let (extents, strides): (Vec<usize>, Vec<usize>) =
        outer.iter().chain([&(places, *place), &(size, *element)]).chain(inner).copied().unzip();
    let read = arguments.footprint(0, *precision, *offset, &extents, &strides)?;
    apart(&result, &[Footprint { strides: &[], ..read }])
}

/// `heights`: the rows of the first and the last argument.
fn verify_rows(kernel: Rows, heights: [usize; 2], arguments: &Arguments) -> Result<(), String> {
    let Rows { precision, rows, width, count } = kernel;
    if [rows, width, count].contains(&0) {
        return Err("rows without elements".into());
    }
    let read = [arguments.whole(0, precision, &[heights[0], width])?, arguments.whole(1, precision, &[count])?];
    apart(&arguments.whole(2, precision, &[heights[1], width])?, &read)
}

#[cfg(test)]
mod tests {
    use super::super::{KernelId, Reduction, Store};
    use super::*;
    use crate::arena::{Id, IdVec};
    use crate::graph::{Combine, NodeId, Origin, Role};
    use crate::scalar::{Function, Unary};
    use crate::shape::Shape;
    use crate::source::{SourceId, Span};
    use std::sync::Arc;

    /// A program of one step, whose buffers lie one after another.
    fn program(kernel: Kernel, buffers: &[(usize, Precision)]) -> Program {
        let mut program = Program {
            buffers: IdVec::new(),
            kernels: IdVec::new(),
            steps: Vec::new(),
            memory_bytes: 0,
            bindings: Vec::new(),
        };
        for (elements, precision) in buffers {
            let buffer = Buffer { shape: Shape::new([*elements]), precision: *precision, offset: program.memory_bytes };
            program.memory_bytes += buffer.bytes().next_multiple_of(ALIGNMENT);
            program.buffers.push(buffer);
        }
        let origin = Origin { layer: None, span: Span::new(SourceId::new(0), 0..0), role: Role::Forward };
        let kernel = program.kernels.push(kernel);
        program.steps.push(Step { kernel, arguments: program.buffers.ids().collect(), origin });
        program
    }

    fn access(argument: usize, offset: usize, strides: &[usize]) -> Access {
        Access { argument, offset, strides: strides.to_vec(), precision: Precision::F32 }
    }

    /// `$1[4 i + j] = −$0[4 i + j]` over 3 × 4, summed over i into `$2`.
    fn negation() -> Loop {
        Loop {
            precision: Precision::F32,
            extents: vec![3, 4],
            inputs: vec![Input::Load(access(0, 0, &[4, 1]))],
            body: Arc::new(Function::unary(Unary::Negate)),
            stores: vec![Store { result: 0, access: access(1, 0, &[4, 1]) }],
            reductions: vec![Reduction { result: 0, combine: Combine::Sum, accumulator: Precision::F64, into: 2 }],
            over: Over::Outer,
        }
    }

    const BUFFERS: [(usize, Precision); 3] = [(12, Precision::F32), (12, Precision::F32), (LANES * 4, Precision::F64)];

    /// What is said of the negation after a change of the loop.
    fn changed(change: impl FnOnce(&mut Loop)) -> Result<(), String> {
        let mut kernel = negation();
        change(&mut kernel);
        verify(&program(Kernel::Loop(kernel), &BUFFERS))
    }

    /// What is said of the negation after a change of the program.
    fn broken(change: impl FnOnce(&mut Program)) -> Result<(), String> {
        let mut program = program(Kernel::Loop(negation()), &BUFFERS);
        change(&mut program);
        verify(&program)
    }

    fn load(kernel: &mut Loop) -> &mut Access {
        let Input::Load(access) = &mut kernel.inputs[0] else { panic!("the negation loads") };
        access
    }

    #[test]
    fn a_sound_loop_passes_in_place_too() {
        assert_eq!(changed(|_| ()), Ok(()));
        assert_eq!(broken(|program| program.steps[0].arguments[1] = BufferId::new(0)), Ok(()));
        assert_eq!(broken(|program| program.buffers[BufferId::new(1)].offset = 0), Ok(()));
    }

    #[test]
    fn a_loop_stays_in_its_buffers() {
        let refused = [
            changed(|kernel| load(kernel).offset = 1),
            changed(|kernel| load(kernel).strides = vec![4, 2]),
            changed(|kernel| load(kernel).strides = vec![usize::MAX, 1]),
            changed(|kernel| load(kernel).strides = vec![4]),
            changed(|kernel| load(kernel).argument = 3),
            changed(|kernel| load(kernel).argument = 2),
            changed(|kernel| kernel.stores[0].access.offset = 1),
            changed(|kernel| kernel.extents = vec![4, 4]),
            changed(|kernel| kernel.extents = vec![0, 4]),
            changed(|kernel| kernel.extents = vec![]),
            changed(|kernel| kernel.reductions[0].into = 1),
            changed(|kernel| kernel.over = Over::Inner),
        ];
        assert!(refused.iter().all(Result::is_err), "{refused:?}");
    }

    #[test]
    fn no_point_writes_what_another_reads_or_writes() {
        let refused = [
            // all rows to one
            changed(|kernel| kernel.stores[0].access.strides = vec![0, 1]),
            // rows that overlap
            changed(|kernel| kernel.stores[0].access.strides = vec![2, 1]),
            // in place, but of another point
            changed(|kernel| {
                load(kernel).argument = 1;
                load(kernel).strides = vec![1, 3];
            }),
            // two stores in one place
            changed(|kernel| kernel.stores.push(kernel.stores[0].clone())),
            // a store, then a load, in the partial results
            broken(|program| program.buffers[BufferId::new(1)].offset = 128),
            broken(|program| program.buffers[BufferId::new(2)].offset = 0),
        ];
        assert!(refused.iter().all(Result::is_err), "{refused:?}");
    }

    #[test]
    fn a_loop_is_well_formed() {
        let refused = [
            changed(|kernel| kernel.inputs.clear()),
            changed(|kernel| kernel.inputs[0] = Input::Index(2)),
            changed(|kernel| kernel.stores[0].result = 1),
            changed(|kernel| kernel.reductions[0].result = 1),
            changed(|kernel| kernel.precision = Precision::F64),
            changed(|kernel| {
                kernel.stores.clear();
                kernel.reductions.clear();
            }),
        ];
        assert!(refused.iter().all(Result::is_err), "{refused:?}");
    }

    #[test]
    fn a_program_is_well_formed() {
        let refused = [
            broken(|program| program.memory_bytes += 1),
            broken(|program| program.memory_bytes -= ALIGNMENT),
            broken(|program| program.buffers[BufferId::new(0)].offset = 4),
            broken(|program| program.buffers[BufferId::new(0)].shape = Shape::new([usize::MAX, 2])),
            broken(|program| program.steps[0].kernel = KernelId::new(1)),
            broken(|program| program.steps[0].arguments.truncate(2)),
            broken(|program| program.steps[0].arguments[0] = BufferId::new(3)),
            broken(|program| program.bindings = vec![(NodeId::new(0), BufferId::new(3))]),
            broken(|program| program.bindings = vec![(NodeId::new(0), BufferId::new(0)); 2]),
        ];
        assert!(refused.iter().all(Result::is_err), "{refused:?}");
    }

    #[test]
    fn a_product_stays_in_its_matrices() {
        let matrix = |row: usize, column: usize| Matrix { offset: 0, batch: 0, row, column };
        let sound =
            Product { precision: Precision::F32, batch: 1, m: 2, n: 3, k: 4, left: matrix(4, 1), right: matrix(1, 4) };
        let verified = |kernel: Product| {
            verify(&program(Kernel::Product(kernel), &[(8, Precision::F32), (12, Precision::F32), (6, Precision::F32)]))
        };
        assert_eq!(verified(sound.clone()), Ok(()));
        let refused = [
            verified(Product { k: 5, ..sound.clone() }),
            verified(Product { m: 3, ..sound.clone() }),
            verified(Product { m: 1, ..sound.clone() }),
            verified(Product { batch: 2, ..sound.clone() }),
            verified(Product { batch: usize::MAX, ..sound.clone() }),
            verified(Product { left: matrix(5, 1), ..sound.clone() }),
            verified(Product { right: Matrix { offset: 1, ..matrix(1, 4) }, ..sound.clone() }),
            verified(Product { precision: Precision::F64, ..sound }),
        ];
        assert!(refused.iter().all(Result::is_err), "{refused:?}");
        let square =
            Product { precision: Precision::F32, batch: 1, m: 2, n: 2, k: 2, left: matrix(2, 1), right: matrix(2, 1) };
        let mut aliased = program(Kernel::Product(square), &[(4, Precision::F32); 3]);
        assert_eq!(verify(&aliased), Ok(()));
        aliased.steps[0].arguments[2] = BufferId::new(0);
        assert!(verify(&aliased).is_err(), "a product writes over what it reads");
    }

    #[test]
    fn the_other_kernels_have_whole_buffers() {
        let combine = CombinePartials {
            combine: Combine::Sum,
            precision: Precision::F64,
            outer: 2,
            chunks: 3,
            lanes: LANES,
            inner: 5,
        };
        let verified = |kernel: Kernel, sizes: [usize; 2]| {
            verify(&program(kernel, &sizes.map(|elements| (elements, Precision::F64))))
        };
        assert_eq!(verified(Kernel::Combine(combine), [240, 10]), Ok(()));
        assert!(verified(Kernel::Combine(combine), [239, 10]).is_err());
        assert!(verified(Kernel::Combine(combine), [240, 11]).is_err());
        assert!(verified(Kernel::Combine(CombinePartials { lanes: 4, ..combine }), [120, 10]).is_err());
        let histogram = Histogram { precision: Precision::F64, elements: 7 };
        assert_eq!(verified(Kernel::Histogram(histogram), [7, 633]), Ok(()));
        assert!(verified(Kernel::Histogram(histogram), [6, 633]).is_err());
        assert!(verified(Kernel::Histogram(histogram), [7, 632]).is_err());
    }
}
