//! The one error type of the crate: what could not be used, and how to fix it.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the kernel could not be started or installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error(transparent)]
    File(#[from] radio_notebook::Error),
    /// The connection file does not say how to connect.
    #[error("{}: {message}", path.display())]
    Connection {
        /// The connection file.
        path: PathBuf,
        /// What is wrong with it, and how to fix it.
        message: String,
    },
    /// There is no place for the kernel, or another kernel is there.
    #[error("{0}")]
    Install(String),
    /// A port could not be bound.
    #[error(
        "the {socket} socket cannot be bound to {address}: {source}; start the kernel again, with a new connection file"
    )]
    Bind {
        /// Which socket.
        socket: &'static str,
        /// Where it should be.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The system gives no threads or random numbers.
    #[error("the kernel could not be started: {0}")]
    System(#[from] std::io::Error),
}

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
