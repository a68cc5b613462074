#![doc = include_str!("../README.md")]

/// Says a line on stderr, which Jupyter shows in its log. Nobody may be reading any more.
macro_rules! note {
    ($($text:tt)*) => {{
        let _ = std::io::Write::write_fmt(
            &mut std::io::stderr(),
            format_args!("radio-kernel: {}\n", format_args!($($text)*)),
        );
    }};
}

pub mod connection;
pub mod error;
pub mod install;
pub mod kernel;
pub mod language;
pub mod rust;
pub mod signals;
pub mod sockets;
pub mod wire;
pub mod zmtp;

pub use error::{Error, Result};
