//! Machine code: compiled function by function, placed once, freed with its owner. Memory is writable while code is placed and
//! executable after, never both.

use super::emit::scalar_type;
use super::target::{Effort, Target};
use super::{InternalError, routines};
use crate::scalar::Routine;
use crate::shape::Precision;
use cranelift::codegen::Context;
use cranelift::codegen::control::ControlPlane;
use cranelift::codegen::ir::{
    AbiParam, ExtFuncData, ExternalName, FuncRef, Function, Signature, UserExternalName, UserFuncName, types,
};
use cranelift::codegen::isa::{TargetFrontendConfig, TargetIsa};
use cranelift::codegen::print_errors::pretty_error;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, ModuleReloc, default_libcall_names};
use std::sync::Mutex;

/// A compiled kernel: the table of its arguments, and the units to do. It reads and writes what the kernel that it was made
/// from describes, and nothing else.
pub(super) type Entry = unsafe extern "C" fn(*const *mut u8, usize, usize);

/// The signature of `Entry`.
pub(super) fn entry_signature(isa: &dyn TargetIsa) -> Signature {
    let mut signature = Signature::new(isa.default_call_conv());
    signature.params = vec![AbiParam::new(types::I64); 3];
    signature
}

/// The plain functions that compiled code may call, by their place in the module.
pub(super) struct Imports {
    functions: Vec<(Routine, Precision, FuncId, Signature)>,
}

impl Imports {
    /// Makes a routine callable from `function`.
    pub(super) fn declare_in(&self, function: &mut Function, routine: Routine, precision: Precision) -> FuncRef {
        let (.., id, signature) = (self.functions.iter())
            .find(|(known, format, ..)| (*known, *format) == (routine, precision))
            .expect("every routine is imported in every precision");
        let signature = function.import_signature(signature.clone());
        let name = UserExternalName { namespace: 0, index: id.as_u32() };
        let name = ExternalName::user(function.declare_imported_user_function(name));
        function.import_function(ExtFuncData { name, signature, colocated: false, patchable: false })
    }
}

/// The code of a function, not yet anywhere.
pub(super) struct Compiled {
    id: FuncId,
    bytes: Vec<u8>,
    alignment: u64,
    relocations: Vec<ModuleReloc>,
}

/// A place for code under construction.
pub(super) struct Workshop {
    module: JITModule,
    imports: Imports,
}

impl Workshop {
    pub(super) fn new(target: &Target) -> Result<Self, InternalError> {
        let mut builder = JITBuilder::with_isa(target.isa(Effort::Rewrite).clone(), default_libcall_names());
        builder.symbols(routines::library());
        let mut module = JITModule::new(builder);
        let mut functions = Vec::new();
        for precision in [Precision::F32, Precision::F64] {
            for routine in Routine::ALL {
                let number = AbiParam::new(scalar_type(precision));
                let mut signature = module.make_signature();
                signature.params = vec![number; 2];
                signature.returns = vec![number];
                let name = routines::name(routine, precision);
                let id = module.declare_function(&name, Linkage::Import, &signature).map_err(InternalError::of)?;
                functions.push((routine, precision, id, signature));
            }
        }
        Ok(Self { module, imports: Imports { functions } })
    }

    pub(super) fn imports(&self) -> &Imports {
        &self.imports
    }

    /// A place for one more kernel.
    pub(super) fn declare(&mut self) -> Result<FuncId, InternalError> {
        let signature = entry_signature(self.module.isa());
        self.module.declare_anonymous_function(&signature).map_err(InternalError::of)
    }

    /// Places the functions and makes them executable.
    pub(super) fn finish(mut self, functions: Vec<Compiled>) -> Result<(Code, Vec<Entry>), InternalError> {
        let ids: Vec<FuncId> = functions.iter().map(|function| function.id).collect();
        for Compiled { id, bytes, alignment, relocations } in functions {
            self.module.define_function_bytes(id, alignment, &bytes, &relocations).map_err(InternalError::of)?;
        }
        // A symbol that cannot be resolved panics here; the library has them all.
        self.module.finalize_definitions().map_err(InternalError::of)?;
        let entries = ids
            .into_iter()
            .map(|id| {
                let code = self.module.get_finalized_function(id);
                // SAFETY: the function was compiled with the signature of `Entry`, in the platform's calling convention.
                unsafe { std::mem::transmute::<*const u8, Entry>(code) }
            })
            .collect();
        Ok((Code { module: Mutex::new(Some(self.module)) }, entries))
    }
}

/// An empty function of a kernel.
pub(super) fn kernel_function(target: &Target, name: &str) -> Function {
    Function::with_name_signature(UserFuncName::testcase(name), entry_signature(&**target.isa(Effort::Rewrite)))
}

/// What the front end must know of the target.
pub(super) fn frontend_config(target: &Target) -> TargetFrontendConfig {
    target.isa(Effort::Rewrite).frontend_config()
}

/// Compiles one function. Any thread may.
pub(super) fn compile_function(
    target: &Target,
    id: FuncId,
    function: Function,
    effort: Effort,
) -> Result<Compiled, InternalError> {
    let mut context = Context::for_function(function);
    if let Err(error) = context.compile(&**target.isa(effort), &mut ControlPlane::default()) {
        return Err(InternalError::new(pretty_error(error.func, error.inner)));
    }
    let compiled = context.compiled_code().expect("the function was compiled");
    let relocations =
        compiled.buffer.relocs().iter().map(|relocation| ModuleReloc::from_mach_reloc(relocation, &context.func, id));
    Ok(Compiled {
        id,
        bytes: compiled.code_buffer().to_vec(),
        alignment: u64::from(compiled.buffer.alignment),
        relocations: relocations.collect(),
    })
}

/// Executable memory. What it holds may run as long as it lives.
pub(super) struct Code {
    module: Mutex<Option<JITModule>>,
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Code")
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        let module = self.module.get_mut().map_or_else(|poisoned| poisoned.into_inner().take(), Option::take);
        if let Some(module) = module {
            // SAFETY: entries are only called through the owner of this code, which is being dropped.
            unsafe { module.free_memory() }
        }
    }
}
