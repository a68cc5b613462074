//! The one error type of the crate: what could not be used, and how to mend it.

use std::path::PathBuf;

/// Why a notebook could not be read, compiled or written. A cell that fails is not an error of this type but an
/// [`Output::Error`](crate::document::Output::Error) of the notebook.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{}: {doing} failed: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done, as a noun: "reading", "writing".
        doing: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not a Rust notebook that can be read.
    #[error("{}: {message}", path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// An argument makes no sense.
    #[error("{0}")]
    Argument(String),
    /// A tool that `radio` needs could not be started or misbehaved.
    #[error("{tool}: {message}")]
    Tool {
        /// The program's name.
        tool: String,
        /// What happened and how to mend it.
        message: String,
    },
    /// The user pressed Ctrl-C before there was anything to keep.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Wraps an I/O error with the file it happened to.
    pub fn io(
        path: impl Into<PathBuf>,
        doing: &'static str,
    ) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io {
            path,
            doing,
            source,
        }
    }
}

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
