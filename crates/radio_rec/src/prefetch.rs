//! Prefetching memory that is read soon.

/// The most bytes of a slice that are prefetched.
const ASKED: usize = 1024;

/// Asks the processor to have the beginning of a slice at hand soon.
#[inline]
pub(crate) fn prefetch<T>(slice: &[T]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let start = slice.as_ptr().cast::<i8>();
        for byte in (0..size_of_val(slice).min(ASKED)).step_by(64) {
            // SAFETY: the address is within the slice, and a prefetch reads nothing that the program would see.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.add(byte)) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = slice;
}
