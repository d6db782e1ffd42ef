//! What compiled code calls: Rust functions under C's calling convention. None panics, as no frame of compiled code can be
//! unwound.

use crate::scalar::Routine;
use crate::shape::Precision;

/// The symbol of a routine.
pub(super) fn name(routine: Routine, precision: Precision) -> String {
    let word = match routine {
        Routine::Sine => "sine",
        Routine::Cosine => "cosine",
        Routine::Tangent => "tangent",
        Routine::Power => "power",
    };
    format!("{word}_{precision}")
}

/// Every symbol that compiled code may name, with its address: the routines, and what Cranelift calls where the processor has
/// no instruction for it.
pub(super) fn library() -> Vec<(String, *const u8)> {
    let routines = Routine::ALL.into_iter().flat_map(|routine| {
        let (single, double) = addresses(routine);
        [(name(routine, Precision::F32), single), (name(routine, Precision::F64), double)]
    });
    let single = |function: extern "C" fn(f32) -> f32| function as *const u8;
    let double = |function: extern "C" fn(f64) -> f64| function as *const u8;
    let fused_32: extern "C" fn(f32, f32, f32) -> f32 = fused_32;
    let fused_64: extern "C" fn(f64, f64, f64) -> f64 = fused_64;
    let instructions = [
        ("floorf", single(floor_32)),
        ("floor", double(floor_64)),
        ("ceilf", single(ceiling_32)),
        ("ceil", double(ceiling_64)),
        ("truncf", single(truncate_32)),
        ("trunc", double(truncate_64)),
        ("nearbyintf", single(nearest_32)),
        ("nearbyint", double(nearest_64)),
        ("fmaf", fused_32 as *const u8),
        ("fma", fused_64 as *const u8),
        #[cfg(target_arch = "x86_64")]
        ("__cranelift_x86_pshufb", shuffle::address()),
    ];
    routines.chain(instructions.map(|(name, address)| (name.to_owned(), address))).collect()
}

/// The routine in f32 and in f64.
fn addresses(routine: Routine) -> (*const u8, *const u8) {
    macro_rules! routine {
        ($($variant:ident)*) => {
            match routine {
                $(Routine::$variant => {
                    extern "C" fn single(a: f32, b: f32) -> f32 {
                        Routine::$variant.call_f32(a, b)
                    }
                    extern "C" fn double(a: f64, b: f64) -> f64 {
                        Routine::$variant.call_f64(a, b)
                    }
                    (
                        single as extern "C" fn(f32, f32) -> f32 as *const u8,
                        double as extern "C" fn(f64, f64) -> f64 as *const u8,
                    )
                })*
            }
        };
    }
    routine!(Sine Cosine Tangent Power)
}

extern "C" fn floor_32(a: f32) -> f32 {
    a.floor()
}

extern "C" fn floor_64(a: f64) -> f64 {
    a.floor()
}

extern "C" fn ceiling_32(a: f32) -> f32 {
    a.ceil()
}

extern "C" fn ceiling_64(a: f64) -> f64 {
    a.ceil()
}

extern "C" fn truncate_32(a: f32) -> f32 {
    a.trunc()
}

extern "C" fn truncate_64(a: f64) -> f64 {
    a.trunc()
}

extern "C" fn nearest_32(a: f32) -> f32 {
    a.round_ties_even()
}

extern "C" fn nearest_64(a: f64) -> f64 {
    a.round_ties_even()
}

extern "C" fn fused_32(a: f32, b: f32, c: f32) -> f32 {
    a.mul_add(b, c)
}

extern "C" fn fused_64(a: f64, b: f64, c: f64) -> f64 {
    a.mul_add(b, c)
}

/// `pshufb` for processors before SSSE3.
#[cfg(target_arch = "x86_64")]
mod shuffle {
    use std::arch::x86_64::__m128i;

    pub(super) fn address() -> *const u8 {
        let shuffle: extern "C" fn(__m128i, __m128i) -> __m128i = shuffle;
        shuffle as *const u8
    }

    #[expect(improper_ctypes_definitions, reason = "C passes and returns it in a register, as Cranelift does")]
    extern "C" fn shuffle(bytes: __m128i, places: __m128i) -> __m128i {
        // SAFETY: sixteen bytes either way; every bit pattern is valid.
        let (bytes, places): ([u8; 16], [u8; 16]) =
            unsafe { (std::mem::transmute(bytes), std::mem::transmute(places)) };
        let shuffled = places.map(|place| if place < 128 { bytes[usize::from(place % 16)] } else { 0 });
        // SAFETY: as above.
        unsafe { std::mem::transmute::<[u8; 16], __m128i>(shuffled) }
    }
}
