//! Machine code for a program, and its execution: the bits of `kernel::interpret`, fast. The JIT decides nothing about what is
//! computed; that is settled in `kernel`.
//!
//! - `target.rs`: the processor, and what of it is used.
//! - `nest.rs`, `emit_loop.rs`, `reduce.rs`: fused loops, through `emit.rs` (Cranelift in our words) and `vector_math.rs` (the
//!   language's mathematics in vectors).
//! - `product.rs`: small matrix products, and all of them where the processor lacks what `gemm` needs.
//! - `gemm/`: large matrix products in registers of 256 bits.
//! - `code.rs`, `routines.rs`: executable memory and what code in it may call.
//! - `run.rs`, `threads.rs`: the steps in order, their units on threads.
#![expect(unsafe_code, reason = "the one module that makes machine code and runs it")]

mod code;
mod emit;
mod emit_loop;
#[cfg(target_arch = "x86_64")]
mod gemm;
mod nest;
mod product;
mod reduce;
mod routines;
mod run;
mod target;
mod threads;
mod vector_math;

#[cfg(test)]
mod tests;

pub use run::CompiledProgram;
pub use target::Features;
pub use threads::Threads;

use crate::kernel::verify::verify;
use crate::kernel::{Input, Kernel, KernelId, Loop, Program};
use code::{Imports, Workshop, compile_function, frontend_config, kernel_function};
use cranelift::codegen::ir::{Function, Value};
use cranelift::prelude::{FunctionBuilder, FunctionBuilderContext};
use emit::Emitter;
use emit_loop::emit_loop;
use nest::Nest;
#[cfg(target_arch = "x86_64")]
use product::WIDE_FROM;
use product::emit_product;
use run::Execution;
use std::fmt;
use target::{Effort, Target};

/// A mistake of the compiler, not of its user: the program it made is unsound, or cannot be compiled for this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InternalError {
    /// What went wrong.
    pub words: String,
}

impl InternalError {
    fn new(words: String) -> Self {
        Self { words }
    }

    fn of(error: impl fmt::Display) -> Self {
        Self { words: error.to_string() }
    }
}

impl fmt::Display for InternalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for InternalError {}

/// Compiles a program for this machine.
///
/// # Errors
/// Where the program is unsound (`kernel::verify`) or the machine has no code generator.
pub fn compile(program: &Program, features: &Features) -> Result<CompiledProgram, InternalError> {
    verify(program).map_err(InternalError::new)?;
    let target = Target::new(*features)?;
    let mut workshop = Workshop::new(&target)?;
    let emitted = emit_kernels(program, *features, &target, workshop.imports());
    let mut compiled = Vec::new();
    let mut unplaced = Vec::with_capacity(emitted.len());
    for kernel in emitted {
        unplaced.push(match kernel {
            Emitted::Code { function, effort, units, cycles } => {
                let place = workshop.declare()?;
                compiled.push(compile_function(&target, place, function, effort)?);
                Err((units, cycles))
            }
            Emitted::Called(execution) => Ok(execution),
        });
    }
    let (code, entries) = workshop.finish(compiled)?;
    let mut entries = entries.into_iter();
    let kernels = unplaced
        .into_iter()
        .map(|kernel| {
            kernel.unwrap_or_else(|(units, cycles)| {
                let entry = entries.next().expect("every compiled function has an entry");
                Execution::Units { entry, units, cycles }
            })
        })
        .collect();
    // SAFETY: the program was verified, and each kernel emitted, compiled and placed in its turn.
    Ok(unsafe { CompiledProgram::new(program, kernels, code) })
}

/// The kernels of a program in Cranelift's own text, as emitted; those that are not compiled are named.
///
/// # Errors
/// As `compile`.
pub fn clif_text(program: &Program, features: &Features) -> Result<String, InternalError> {
    verify(program).map_err(InternalError::new)?;
    let target = Target::new(*features)?;
    let workshop = Workshop::new(&target)?;
    let emitted = emit_kernels(program, *features, &target, workshop.imports());
    let texts = program.kernels.ids().zip(emitted).map(|(id, kernel)| match kernel {
        Emitted::Code { function, .. } => function.display().to_string(),
        Emitted::Called(execution) => format!("; %{id}: {execution}\n"),
    });
    Ok(texts.collect::<Vec<_>>().join("\n"))
}

/// A kernel on its way to machine code.
enum Emitted {
    /// To be compiled.
    Code {
        function: Function,
        effort: Effort,
        units: usize,
        /// About how many cycles all units take.
        cycles: usize,
    },
    /// Carried out by a function of this program.
    Called(Execution),
}

fn emit_kernels(program: &Program, features: Features, target: &Target, imports: &Imports) -> Vec<Emitted> {
    let mut scratch = FunctionBuilderContext::new();
    program
        .kernels
        .iter_with_ids()
        .map(|(id, kernel)| {
            let mut function = kernel_function(target, &id.to_string());
            let mut emit = |precision, body: &dyn Fn(&mut Emitter, &[Value])| {
                let builder = FunctionBuilder::new(&mut function, &mut scratch);
                let (mut emitter, parameters) = Emitter::new(builder, imports, precision);
                body(&mut emitter, &parameters);
                emitter.finish(frontend_config(target));
            };
            match kernel {
                Kernel::Loop(kernel) => {
                    let nest = Nest::new(kernel);
                    let in_place = stores_in_place(program, id, kernel);
                    emit(kernel.precision, &|e, parameters| emit_loop(e, &nest, in_place, parameters));
                    let (units, cycles) = (nest.unit_count(), nest.cycles());
                    Emitted::Code { function, effort: Effort::Rewrite, units, cycles }
                }
                #[cfg(target_arch = "x86_64")]
                Kernel::Product(product) if features.wide_products() && product::terms(product) >= WIDE_FROM => {
                    Emitted::Called(Execution::Product(product.clone()))
                }
                Kernel::Product(product) => {
                    emit(product.precision, &|e, parameters| emit_product(e, product, parameters));
                    let (units, cycles) = (product::unit_count(product), product::terms(product) / 8);
                    Emitted::Code { function, effort: Effort::AsWritten, units, cycles }
                }
                Kernel::Combine(kernel) => Emitted::Called(Execution::Combine(*kernel)),
                Kernel::Histogram(kernel) => Emitted::Called(Execution::Histogram(*kernel)),
            }
        })
        .collect()
}

/// Whether some step lets the kernel store into a buffer that it also loads from.
fn stores_in_place(program: &Program, id: KernelId, kernel: &Loop) -> bool {
    let loads = || {
        kernel.inputs.iter().filter_map(|input| match input {
            Input::Load(access) => Some(access.argument),
            Input::Index(_) => None,
        })
    };
    program.steps.iter().filter(|step| step.kernel == id).any(|step| {
        let place = |argument: usize| program.buffers[step.arguments[argument]].place();
        kernel
            .stores
            .iter()
            .map(|store| place(store.access.argument))
            .any(|stored| loads().map(place).any(|loaded| loaded.start < stored.end && stored.start < loaded.end))
    })
}
