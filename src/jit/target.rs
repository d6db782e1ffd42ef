//! The processor that code is made for, and what of it may be used. Whatever is used, the bits are the same: only speed differs.

use super::InternalError;
#[cfg(target_arch = "x86_64")]
use super::gemm::Registers;
use cranelift::codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift::codegen::settings::{self, Configurable};
use std::sync::Arc;

/// What of the processor a compiled program may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Features {
    /// Registers wider than 128 bits, for matrix products, where the processor has them.
    pub wide: bool,
    /// Instructions beyond the architecture's baseline, where the processor has them: AVX, fused multiply-add, rounding.
    pub native: bool,
}

impl Default for Features {
    /// Everything that the processor has.
    fn default() -> Self {
        Self { wide: true, native: true }
    }
}

impl Features {
    /// The registers of the matrix products' micro-kernel, where it can be used.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn gemm(self) -> Option<Registers> {
        self.wide.then(Registers::widest).flatten()
    }
}

/// How Cranelift compiles a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// With rewriting: constants and what does not change leave the loops.
    Rewrite,
    /// In the order written: an unrolled chain of multiply-adds then stays in registers.
    AsWritten,
}

/// The two compilers of a processor.
pub(super) struct Target {
    rewriting: Arc<dyn TargetIsa>,
    as_written: Arc<dyn TargetIsa>,
    folds_loads: bool,
}

impl Target {
    pub(super) fn new(features: Features) -> Result<Self, InternalError> {
        let rewriting = compiler(features, "speed")?;
        let folds_loads =
            rewriting.isa_flags().iter().all(|flag| flag.name != "has_avx" || flag.as_bool() == Some(true));
        Ok(Self { rewriting, as_written: compiler(features, "none")?, folds_loads })
    }

    /// Whether an instruction may take a vector from memory at any address. Those of x86 before AVX fault where it is not
    /// aligned, and Cranelift 0.135 minds that for all of them but `cmpps` and `cmppd`.
    pub(super) fn folds_loads(&self) -> bool {
        self.folds_loads
    }

    pub(super) fn isa(&self, effort: Effort) -> &Arc<dyn TargetIsa> {
        match effort {
            Effort::Rewrite => &self.rewriting,
            Effort::AsWritten => &self.as_written,
        }
    }
}

fn compiler(features: Features, opt_level: &str) -> Result<OwnedTargetIsa, InternalError> {
    let mut flags = settings::builder();
    for (name, value) in [
        ("opt_level", opt_level),
        ("is_pic", "false"),
        ("use_colocated_libcalls", "false"),
        ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
    ] {
        flags.set(name, value).map_err(|error| InternalError::new(format!("the setting {name}: {error}")))?;
    }
    cranelift_native::builder_with_options(features.native)
        .map_err(str::to_owned)
        .and_then(|builder| builder.finish(settings::Flags::new(flags)).map_err(|error| error.to_string()))
        .map_err(|error| InternalError::new(format!("this processor: {error}")))
}
