//! The proof on which compiled code relies: every place that a step reads or writes lies in its buffer, every buffer in the
//! memory, and no point of a step writes what another point of it reads or writes.
//!
//! Nothing here trusts how the program was made. A refusal is a mistake of the compiler, told in words for whoever mends it.

use super::histogram::decades;
use super::{
    ALIGNMENT, Access, Buffer, CHUNK, CombinePartials, Histogram, Input, Kernel, LANES, Loop, Matrix, Over, Product,
    Program, Step,
};
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
