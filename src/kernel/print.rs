//! A program as text: the memory's regions, each distinct kernel as the loops it is, and the steps that call them.
//!
//! ```text
//! k1 = loop f32 over i < 128, j < 64
//!     x0 = $0[64 i + j]
//!     x1 = $1[j]
//!     v1 = x0 + x1
//!     $2[64 i + j] = v1
//!     $3[64 i + j] = tanh(v1)
//! ```

use super::{
    Access, BufferId, CombinePartials, Fold, Histogram, Input, Kernel, Loop, Matrix, Over, Product, Program, Rows, Scan,
};
use crate::arena::IdVec;
use crate::graph::{Combine, LayerId, Role, Windows};
use std::fmt::{self, Write as _};

/// The widest a call may be and still push the comments of the others to the right.
const WIDEST: usize = 40;

/// The program; `layer_name` tells what the layers are called.
#[must_use]
pub fn print(program: &Program, layer_name: &dyn Fn(LayerId) -> String) -> String {
    let mut text = String::new();
    write_program(&mut text, program, layer_name).expect("a string takes all text");
    text
}

fn write_program(text: &mut String, program: &Program, layer_name: &dyn Fn(LayerId) -> String) -> fmt::Result {
    writeln!(text, "memory {} bytes", program.memory_bytes)?;
    let mut bound: IdVec<BufferId, String> = program.buffers.iter().map(|_| String::new()).collect();
    for (node, buffer) in &program.bindings {
        write!(bound[*buffer], "   # {node}")?;
    }
    for ((id, buffer), bound) in program.buffers.iter_with_ids().zip(&bound) {
        writeln!(text, "    {id} at {}: {}{}{bound}", buffer.offset, buffer.precision, buffer.shape)?;
    }
    for (id, kernel) in program.kernels.iter_with_ids() {
        write!(text, "\n{id} = ")?;
        write_kernel(text, kernel)?;
    }
    writeln!(text, "\nsteps")?;
    let calls: Vec<String> = program
        .steps
        .iter()
        .map(|step| {
            let arguments: Vec<String> = step.arguments.iter().map(ToString::to_string).collect();
            format!("{}({})", step.kernel, arguments.join(", "))
        })
        .collect();
    let column = calls.iter().map(String::len).filter(|width| *width <= WIDEST).max().unwrap_or(0);
    for (step, call) in program.steps.iter().zip(&calls) {
        let whose = step.origin.layer.map_or_else(|| "loss".to_owned(), layer_name);
        let role = match step.origin.role {
            Role::Forward => "forward",
            Role::Gradient => "gradient",
            Role::Statistic => "statistic",
            Role::Update => "update",
        };
        writeln!(text, "    {call:column$}   # {whose} {role}")?;
    }
    Ok(())
}

/// One kernel, as it stands after `k1 = `.
fn write_kernel(text: &mut String, kernel: &Kernel) -> fmt::Result {
    match kernel {
        Kernel::Loop(kernel) => write_loop(text, kernel),
        Kernel::Product(kernel) => write_product(text, kernel),
        Kernel::Combine(CombinePartials { combine, precision, outer, chunks, lanes, inner }) => {
            let combine = word(*combine);
            writeln!(text, "combine {precision}")?;
            writeln!(
                text,
                "    $1[{outer}, {inner}] = {combine} of $0[{outer}, {chunks}, {lanes}, {inner}] over axes 1 and 2"
            )
        }
        Kernel::Histogram(Histogram { precision, elements }) => {
            writeln!(text, "histogram {precision}")?;
            writeln!(text, "    $1 = count by decade of $0[{elements}]")
        }
        Kernel::Scan(kernel) => write_scan(text, kernel),
        Kernel::Fold(kernel) => write_fold(text, kernel),
        Kernel::Gather(Rows { precision, rows, width, count }) => {
            writeln!(text, "gather {precision} over i < {count}, j < {width}")?;
            writeln!(text, "    $2[{width} i + j] = $0[{width} r + j] with row r = $1[i] of {rows}")
        }
        Kernel::ScatterAdd(Rows { precision, rows, width, count }) => {
            writeln!(text, "scatter_add {precision} over i < {count}, j < {width}")?;
            writeln!(text, "    $2[{width} r + j] += $0[{width} i + j] with row r = $1[i] of {rows}")
        }
    }
}

fn write_loop(text: &mut String, kernel: &Loop) -> fmt::Result {
    let axes: Vec<String> = (0..kernel.extents.len()).map(axis_name).collect();
    let ranges: Vec<String> =
        axes.iter().zip(&kernel.extents).map(|(axis, extent)| format!("{axis} < {extent}")).collect();
    writeln!(text, "loop {} over {}", kernel.precision, ranges.join(", "))?;
    let place = |access: &Access| {
        let terms = axes.iter().map(String::as_str).zip(access.strides.iter().copied());
        format!("${}[{}]", access.argument, affine(access.offset, terms))
    };
    let mut names = Vec::with_capacity(kernel.inputs.len());
    for (number, input) in kernel.inputs.iter().enumerate() {
        match input {
            Input::Load(access) => {
                let same = access.precision == kernel.precision;
                let converted = if same { String::new() } else { format!(" as {}", kernel.precision) };
                writeln!(text, "    x{number} = {}{converted}", place(access))?;
                names.push(format!("x{number}"));
            }
            Input::Index(axis) => names.push(axes[*axis].clone()),
        }
    }
    let (values, mut results) = kernel.body.statements(&names);
    for value in values {
        writeln!(text, "    {value}")?;
    }
    let named = kernel.stores.iter().map(|store| store.result);
    let named: Vec<usize> = named.chain(kernel.reductions.iter().map(|reduction| reduction.result)).collect();
    for (number, result) in results.iter_mut().enumerate() {
        let atom = result.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !atom && named.iter().filter(|name| **name == number).count() > 1 {
            writeln!(text, "    y{number} = {result}")?;
            *result = format!("y{number}");
        }
    }
    for store in &kernel.stores {
        writeln!(text, "    {} = {}", place(&store.access), results[store.result])?;
    }
    let along = match kernel.over {
        Over::Inner => axes.last(),
        Over::Outer => axes.first(),
    };
    let along = along.expect("a loop has an axis");
    for reduction in &kernel.reductions {
        let (combine, value) = (word(reduction.combine), &results[reduction.result]);
        writeln!(text, "    ${} = {combine} over {along} in {} of {value}", reduction.into, reduction.accumulator)?;
    }
    Ok(())
}

fn write_product(text: &mut String, kernel: &Product) -> fmt::Result {
    let Product { precision, batch, m, n, k, left, right } = *kernel;
    let (stack, ranges) =
        if batch == 1 { ("", format!("i < {m}, j < {n}")) } else { ("h", format!("h < {batch}, i < {m}, j < {n}")) };
    let place = |matrix: Matrix, row: &'static str, column: &'static str| {
        affine(matrix.offset, [(stack, matrix.batch), (row, matrix.row), (column, matrix.column)])
    };
    let result = affine(0, [(stack, m * n), ("i", n), ("j", 1)]);
    writeln!(text, "product {precision} over {ranges}")?;
    writeln!(
        text,
        "    $2[{result}] = sum over k < {k} of $0[{}] * $1[{}]",
        place(left, "i", "k"),
        place(right, "k", "j")
    )
}

fn write_scan(text: &mut String, kernel: &Scan) -> fmt::Result {
    let Scan { precision, times, reverse, state, inputs, result, program } = kernel;
    let way = if *reverse { ", the last first" } else { "" };
    writeln!(text, "scan {precision} over t < {times}{way}")?;
    let stack = inputs.len();
    let place = |later: bool| affine(state * usize::from(later), [("t", *state)]);
    writeln!(text, "    ${stack}[{}..] = $0[{}..]", kernel.first() * state, inputs[0].offset)?;
    for (argument, input) in inputs.iter().enumerate() {
        let Some(buffer) = input.buffer else { continue };
        if argument == 0 {
            writeln!(text, "    {buffer} = ${stack}[{}..]", place(*reverse))?;
        } else {
            let start = affine(input.offset, [("t", input.stride)]);
            writeln!(text, "    {buffer} = ${argument}[{start}..]")?;
        }
    }
    writeln!(text, "    ${stack}[{}..] = {result}", place(!reverse))?;
    let mut body = String::new();
    write_program(&mut body, program, &|layer| layer.to_string())?;
    writeln!(text, "    where in ${}", stack + 1)?;
    for line in body.lines() {
        // the steps of a body are about no layer
        let line = line.split("   # loss").next().expect("a text has a first part").trim_end();
        if line.is_empty() { writeln!(text)? } else { writeln!(text, "        {line}")? }
    }
    Ok(())
}

fn write_fold(text: &mut String, kernel: &Fold) -> fmt::Result {
    let Fold { precision, outer, inner, extent, windows, offset, place, element } = kernel;
    let Windows { places, size, stride, dilation } = *windows;
    let axes: Vec<(String, usize, usize)> = outer
        .iter()
        .chain(inner)
        .enumerate()
        .map(|(axis, (extent, stride))| (axis_name(axis), *extent, *stride))
        .collect();
    let mut ranges: Vec<String> = axes.iter().map(|(axis, extent, _)| format!("{axis} < {extent}")).collect();
    ranges.insert(outer.len(), format!("n < {extent}"));
    let strides = axes.iter().map(|(axis, _, stride)| (axis.as_str(), *stride));
    let from = affine(*offset, strides.chain([("p", *place), ("k", *element)]));
    let at = affine(0, [("p", stride), ("k", dilation)]);
    writeln!(text, "fold {precision} over {}", ranges.join(", "))?;
    writeln!(text, "    $1 = sum over k < {size}, p < {places} of $0[{from}] where {at} is n")
}

fn word(combine: Combine) -> &'static str {
    match combine {
        Combine::Sum => "sum",
        Combine::Maximum => "maximum",
    }
}

/// i, j, … and when the letters end, i18, i19, …
fn axis_name(axis: usize) -> String {
    (b'i'..=b'z').nth(axis).map_or_else(|| format!("i{axis}"), |letter| char::from(letter).to_string())
}

/// As in `64 i + j + 3`.
fn affine<'a>(offset: usize, terms: impl IntoIterator<Item = (&'a str, usize)>) -> String {
    let mut parts: Vec<String> = terms
        .into_iter()
        .filter(|(axis, stride)| *stride != 0 && !axis.is_empty())
        .map(|(axis, stride)| if stride == 1 { axis.to_owned() } else { format!("{stride} {axis}") })
        .collect();
    if offset != 0 || parts.is_empty() {
        parts.push(offset.to_string());
    }
    parts.join(" + ")
}
