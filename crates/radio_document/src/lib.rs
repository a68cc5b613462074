#![doc = include_str!("../README.md")]

pub mod document;
pub mod error;
pub mod files;
pub mod interrupt;
pub mod nbgrader;
pub mod percent;
mod read;
pub mod strip;

pub use error::{Error, Result};

/// Locks what a thread that panicked may have locked: what it left there is whole.
pub fn lock<T: ?Sized>(what: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    what.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Says a line to the user, on stderr. Nobody may be reading any more.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {{
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("{}\n", format_args!($($text)*)),
        );
    }};
}
