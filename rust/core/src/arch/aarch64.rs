//! The float mode of AArch64, whose baseline has NEON and FMA: no shells are needed.

use std::arch::asm;

/// Asks for the line of the cache at an address, whatever is there.
#[inline(always)]
pub(super) fn prefetch(address: *const u8) {
    // SAFETY: a hint, which no address makes fail.
    unsafe {
        asm!("prfm pldl1keep, [{}]", in(reg) address, options(nostack, preserves_flags, readonly));
    }
}

/// Holds FPCR of the thread and puts it back when dropped.
pub(super) struct FloatMode(u64);

impl FloatMode {
    pub(super) fn ieee() -> Self {
        let before: u64;
        // SAFETY: reading FPCR has no side effect.
        unsafe { asm!("mrs {}, fpcr", out(reg) before, options(nomem, nostack)) };
        write(0);
        Self(before)
    }
}

impl Drop for FloatMode {
    fn drop(&mut self) {
        write(self.0);
    }
}

fn write(value: u64) {
    // SAFETY: 0 is the reset value; any other is one that the register held before.
    unsafe { asm!("msr fpcr, {}", in(reg) value, options(nomem, nostack)) };
}
