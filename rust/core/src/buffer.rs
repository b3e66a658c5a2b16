//! Large buffers.

use std::mem::MaybeUninit;

/// Size of a huge page, the granularity of the advice.
#[cfg(target_os = "linux")]
const HUGE: usize = 2 << 20;

/// A vector to be filled, on huge pages where it is large and the system has them.
///
/// Touching a fresh buffer of tens of megabytes page by page costs as much as a filter over it.
pub(crate) fn unfilled(len: usize) -> Vec<MaybeUninit<f64>> {
    let mut buffer = Vec::<MaybeUninit<f64>>::with_capacity(len);
    // SAFETY: the capacity is there, and nothing is promised of its contents.
    unsafe { buffer.set_len(len) };
    #[cfg(target_os = "linux")]
    if size_of_val(buffer.as_slice()) >= 2 * HUGE {
        let start = buffer.as_mut_ptr().cast::<u8>();
        let skip = start.align_offset(HUGE);
        let size = (size_of_val(buffer.as_slice()) - skip) / HUGE * HUGE;
        // SAFETY: whole pages within the buffer; the advice changes no contents, and may be refused.
        unsafe { libc::madvise(start.add(skip).cast(), size, libc::MADV_HUGEPAGE) };
    }
    buffer
}
