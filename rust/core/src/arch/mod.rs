//! One generic body, several instruction sets, chosen at run time.
//!
//! A phase of the engine is a [`Job`]. [`Isa::run`] calls it through a shell that is compiled with
//! the instruction set's features; `Job::run` is inlined into the shell, so the compiler vectorises
//! the same body for each set. Where one set alone gains by another loop, that loop is a job of its own. Every body
//! uses `mul_add` in a fixed order, hence the same bits come out of each (the portable one calls the correctly
//! rounded software routine).

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "aarch64")]
use aarch64 as native;
#[cfg(target_arch = "x86_64")]
use x86_64 as native;

/// No shells and no float modes to guard on other architectures.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod native {
    pub(super) struct FloatMode;
    impl FloatMode {
        pub(super) fn ieee() -> Self {
            Self
        }
    }
    pub(super) fn prefetch(_: *const u8) {}
}

use crate::error::{Error, Result};

/// A phase of the engine, compiled once per instruction set.
pub(crate) trait Job {
    /// What the phase returns.
    type Output;
    /// Does the work. Implementations are `#[inline(always)]`.
    fn run(self) -> Self::Output;
}

/// A value that begins at a line of the cache: its vectors do not straddle two.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
pub(crate) struct Aligned<T>(pub(crate) T);

/// An instruction set that the engine has a body for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isa {
    /// The baseline of the platform.
    Portable,
    /// AVX2 with fused multiply-add.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 F, VL, DQ and BW.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Isa {
    /// The sets that this CPU can run, best last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), expect(unused_mut))]
        let mut sets = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if native::has_avx2() {
                sets.push(Self::Avx2);
            }
            if native::has_avx512() {
                sets.push(Self::Avx512);
            }
        }
        sets
    }

    /// The set that is used unless another one is asked for.
    #[must_use]
    pub fn best() -> Self {
        Self::available().last().copied().unwrap_or(Self::Portable)
    }

    /// The set called `name`, if this CPU can run it.
    ///
    /// # Errors
    /// [`Error::UnknownIsa`] with the names that are available.
    pub fn from_name(name: &str) -> Result<Self> {
        let sets = Self::available();
        sets.iter().copied().find(|isa| isa.name() == name).ok_or_else(|| Error::UnknownIsa {
            name: name.to_owned(),
            available: sets.iter().map(|isa| isa.name()).collect::<Vec<_>>().join(", "),
        })
    }

    /// Name of the set, as `GRIDR_DASK_ISA` takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => "avx512",
        }
    }

    /// Whether it has registers for some thirty vectors of eight `f64`.
    pub(crate) fn has_wide_registers(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => true,
            _ => false,
        }
    }

    /// Runs `job` compiled for this set.
    ///
    /// Inlined, and best with references in a job: a value that was just written in parts and is read as a whole
    /// stalls.
    #[inline(always)]
    pub(crate) fn run<J: Job>(self, job: J) -> J::Output {
        match self {
            Self::Portable => portable(job),
            // SAFETY: a value of this variant comes from `available`, which asked the CPU.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { native::avx2(job) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { native::avx512(job) },
        }
    }
}

/// Bytes in a line of the cache.
const LINE: usize = 64;

/// Asks for the lines of the cache of `count` bytes that will be used soon; nothing is read, so that any address
/// will do.
#[inline(always)]
pub(crate) fn prefetch(start: *const u8, count: usize) {
    let before = start.addr() % LINE;
    for byte in (0..before + count).step_by(LINE) {
        native::prefetch(start.wrapping_sub(before).wrapping_add(byte));
    }
}

/// A shell like the others, lest the body is inlined wherever the set is chosen.
#[inline(never)]
fn portable<J: Job>(job: J) -> J::Output {
    job.run()
}

/// Runs `work` with subnormal numbers honoured and rounding to nearest, whatever the thread had set.
///
/// Some libraries switch a whole thread to flush-to-zero; results must not depend on that.
pub(crate) fn with_ieee_floats<R>(work: impl FnOnce() -> R) -> R {
    let _restored_on_drop = native::FloatMode::ieee();
    work()
}
