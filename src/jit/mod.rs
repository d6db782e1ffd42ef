//! Machine code for a program, and its execution: the bits of `kernel::interpret`, fast. The JIT decides nothing about what is
//! computed; that is settled in `kernel`.
//!
//! - `target.rs`: the processor, and what of it is used.
//! - `nest.rs`, `emit_loop.rs`, `reduce.rs`: fused loops, through `emit.rs` (Cranelift in our words) and `vector_math.rs` (the
//!   language's mathematics in vectors).
//! - `product.rs`: small matrix products, and all of them where the processor lacks what `gemm` needs.
//! - `gemm/`: large matrix products in registers of 256 or 512 bits.
//! - `code.rs`, `routines.rs`: executable memory and what code in it may call.
//! - `run.rs`, `threads.rs`: the steps in order, their units on threads. `turns.rs`: those of a recurrence, turn by turn.
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
mod turns;
mod vector_math;

#[cfg(test)]
mod tests;

pub use run::CompiledProgram;
pub use target::Features;
pub use threads::Threads;

use crate::arena::Id;
use crate::kernel::verify::verify;
use crate::kernel::{Input, Kernel, KernelId, Loop, Program};
use code::{Compiled, Imports, Workshop, compile_function, frontend_config, kernel_function};
use cranelift::codegen::ir::{Function, Value};
use cranelift::prelude::{FunctionBuilder, FunctionBuilderContext};
use emit::Emitter;
use emit_loop::emit_loop;
use nest::Nest;
#[cfg(target_arch = "x86_64")]
use product::WIDE_FROM;
use product::emit_product;
use run::{Direction, Execution};
use std::fmt;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use target::{Effort, Target};
use turns::Turns;

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
    compile_on(NonZero::<usize>::MIN, program, features)
}

/// As `compile`, with the kernels shared by so many threads. The code does not depend on how many.
///
/// # Errors
/// As `compile`.
///
/// # Panics
/// Where a compiling thread panics.
pub fn compile_on(
    threads: NonZero<usize>,
    program: &Program,
    features: &Features,
) -> Result<CompiledProgram, InternalError> {
    verify(program).map_err(InternalError::new)?;
    let target = Target::new(*features)?;
    let mut workshop = Workshop::new(&target)?;
    let mut places = Vec::with_capacity(program.kernels.len());
    for kernel in &program.kernels {
        places.push(if is_emitted(kernel, *features) { Some(workshop.declare()?) } else { None });
    }
    let kernels: Vec<_> = program.kernels.iter_with_ids().zip(places).collect();
    let (next, imports) = (AtomicUsize::new(0), workshop.imports());
    let work = || {
        let mut scratch = FunctionBuilderContext::new();
        let mut done = Vec::new();
        while let Some(((id, kernel), place)) = kernels.get(next.fetch_add(1, Ordering::Relaxed)) {
            let made = match place {
                Some(place) => {
                    let code = emit_kernel(program, *id, &target, imports, &mut scratch);
                    let Emitted { function, effort, units, cycles } = code;
                    compile_function(&target, *place, function, effort).map(|code| Made::Code { code, units, cycles })
                }
                None => called(kernel, *features).map(Made::Called),
            };
            done.push((id.index(), made));
        }
        done
    };
    let mut made = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get().min(kernels.len())).map(|_| scope.spawn(work)).collect();
        let mut made = work();
        for other in others {
            made.extend(other.join().expect("compiling does not panic"));
        }
        made
    });
    made.sort_unstable_by_key(|(kernel, _)| *kernel);
    let (mut compiled, mut unplaced) = (Vec::new(), Vec::with_capacity(made.len()));
    for (_, made) in made {
        unplaced.push(match made? {
            Made::Code { code, units, cycles } => {
                compiled.push(code);
                Err((units, cycles))
            }
            Made::Called(execution) => Ok(execution),
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

/// What came of a kernel.
enum Made {
    Code { code: Compiled, units: usize, cycles: usize },
    Called(Execution),
}

/// The kernels of a program in Cranelift's own text, as emitted; those that are not compiled are named.
///
/// # Errors
/// As `compile`.
pub fn clif_text(program: &Program, features: &Features) -> Result<String, InternalError> {
    verify(program).map_err(InternalError::new)?;
    let target = Target::new(*features)?;
    let workshop = Workshop::new(&target)?;
    let mut scratch = FunctionBuilderContext::new();
    let mut texts = Vec::with_capacity(program.kernels.len());
    for (id, kernel) in program.kernels.iter_with_ids() {
        texts.push(if is_emitted(kernel, *features) {
            emit_kernel(program, id, &target, workshop.imports(), &mut scratch).function.display().to_string()
        } else if let Kernel::Scan(scan) = kernel {
            let body = clif_text(&scan.program, features)?;
            format!("; %{id}: {} steps of\n{}", scan.times, indented(&body))
        } else {
            format!("; %{id}: {}\n", called(kernel, *features)?)
        });
    }
    Ok(texts.join("\n"))
}

/// Every line further in.
fn indented(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") };
    text.lines().map(line).collect()
}

/// A kernel on its way to machine code.
struct Emitted {
    function: Function,
    effort: Effort,
    units: usize,
    /// About how many cycles all units take.
    cycles: usize,
}

/// Whether a kernel becomes machine code, and no call of a function of this program.
fn is_emitted(kernel: &Kernel, features: Features) -> bool {
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Product(product) if product::terms(product) >= WIDE_FROM => features.gemm().is_none(),
        Kernel::Loop(_) | Kernel::Product(_) => true,
        Kernel::Combine(_)
        | Kernel::Histogram(_)
        | Kernel::Fold(_)
        | Kernel::Gather(_)
        | Kernel::ScatterAdd(_)
        | Kernel::Scan(_) => false,
    }
}

/// How a kernel is carried out that does not become machine code.
fn called(kernel: &Kernel, features: Features) -> Result<Execution, InternalError> {
    Ok(match kernel {
        Kernel::Loop(_) => unreachable!("a loop becomes machine code"),
        #[cfg(target_arch = "x86_64")]
        Kernel::Product(product) => {
            let registers = features.gemm().expect("a product that is called has registers for it");
            Execution::Product(product.clone(), registers)
        }
        #[cfg(not(target_arch = "x86_64"))]
        Kernel::Product(_) => unreachable!("a product becomes machine code"),
        Kernel::Combine(kernel) => Execution::Combine(*kernel),
        Kernel::Histogram(kernel) => Execution::Histogram(*kernel),
        Kernel::Fold(kernel) => Execution::Fold(kernel.clone()),
        Kernel::Gather(kernel) => Execution::Rows(*kernel, Direction::Gather),
        Kernel::ScatterAdd(kernel) => Execution::Rows(*kernel, Direction::ScatterAdd),
        Kernel::Scan(kernel) => Execution::Scan(Arc::new(Turns::new(kernel, compile(&kernel.program, &features)?))),
    })
}

fn emit_kernel(
    program: &Program,
    id: KernelId,
    target: &Target,
    imports: &Imports,
    scratch: &mut FunctionBuilderContext,
) -> Emitted {
    let mut function = kernel_function(target, &id.to_string());
    let mut emit = |precision, body: &dyn Fn(&mut Emitter, &[Value])| {
        let builder = FunctionBuilder::new(&mut function, scratch);
        let (mut emitter, parameters) = Emitter::new(builder, imports, precision, target);
        body(&mut emitter, &parameters);
        emitter.finish(frontend_config(target));
    };
    match &program.kernels[id] {
        Kernel::Loop(kernel) => {
            let nest = Nest::new(kernel);
            let in_place = stores_in_place(program, id, kernel);
            emit(kernel.precision, &|e, parameters| emit_loop(e, &nest, in_place, parameters));
            Emitted { function, effort: Effort::Rewrite, units: nest.unit_count(), cycles: nest.cycles() }
        }
        Kernel::Product(product) => {
            emit(product.precision, &|e, parameters| emit_product(e, product, parameters));
            let (units, cycles) = (product::unit_count(product), product::terms(product) / 8);
            Emitted { function, effort: Effort::AsWritten, units, cycles }
        }
        Kernel::Combine(_)
        | Kernel::Histogram(_)
        | Kernel::Fold(_)
        | Kernel::Gather(_)
        | Kernel::ScatterAdd(_)
        | Kernel::Scan(_) => unreachable!("these are called"),
    }
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
