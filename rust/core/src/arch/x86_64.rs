//! Shells and the float mode of x86-64.

use std::arch::asm;
use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use super::Job;

pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

pub(super) fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
}

/// # Safety
/// The CPU must have AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn avx2<J: Job>(job: J) -> J::Output {
    job.run()
}

/// # Safety
/// The CPU must have AVX-512 F, VL, DQ and BW.
#[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
pub(super) unsafe fn avx512<J: Job>(job: J) -> J::Output {
    job.run()
}

/// Asks for the line of the cache at an address, whatever is there.
#[inline(always)]
pub(super) fn prefetch(address: *const u8) {
    // SAFETY: a hint, which no address makes fail, in the baseline of x86-64.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
}

/// MXCSR at power-on: round to nearest, all exceptions masked, subnormals honoured.
const IEEE: u32 = 0x1F80;

/// Holds the float mode of the thread and puts it back when dropped.
pub(super) struct FloatMode(u32);

impl FloatMode {
    pub(super) fn ieee() -> Self {
        let before = read();
        write(IEEE);
        Self(before)
    }
}

impl Drop for FloatMode {
    fn drop(&mut self) {
        write(self.0);
    }
}

fn read() -> u32 {
    let mut value = 0_u32;
    // SAFETY: stores the 32-bit register to a 32-bit local.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut value, options(nostack, preserves_flags)) };
    value
}

fn write(value: u32) {
    // SAFETY: loads a value that the register held before, or the power-on value; no reserved bits.
    unsafe {
        asm!("ldmxcsr [{}]", in(reg) &raw const value, options(nostack, readonly, preserves_flags));
    }
}
