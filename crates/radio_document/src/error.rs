//! The one error type of the crate: what could not be used, and how to fix it.

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
        /// What is wrong and how to fix it.
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
        /// What happened and how to fix it.
        message: String,
    },
    /// The program that a notebook is could not be started, or is gone.
    #[error("the notebook's program: {0}")]
    Program(String),
    /// The user pressed Ctrl-C before there was anything to keep.
    #[error("interrupted")]
    Interrupted,
    /// The time that was given is over: what took too long.
    #[error("{0}")]
    TimedOut(String),
}

impl Error {
    /// A file that is not what it should be.
    pub fn document(path: impl Into<PathBuf>, message: impl Into<String>) -> Error {
        Error::Document {
            path: path.into(),
            message: message.into(),
        }
    }

    /// A tool that does not do what it should.
    pub fn tool(tool: impl Into<String>, message: impl Into<String>) -> Error {
        Error::Tool {
            tool: tool.into(),
            message: message.into(),
        }
    }

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
