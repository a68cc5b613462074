//! The one error type of the crate.

use std::path::PathBuf;

use datafusion::error::DataFusionError;

/// What went wrong, where, and what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or a folder cannot be used.
    #[error("`{}`: {message}", path.display())]
    File {
        /// The file or the folder.
        path: PathBuf,
        /// What is wrong with it, and what would be right.
        message: String,
    },

    /// A row of a file is no play.
    #[error("{}, {place}: {message}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Its line or its row, from 1, and the column.
        place: String,
        /// What is wrong there, and what would be right.
        message: String,
    },

    /// An argument is outside its range, or does not go with another.
    #[error("{0}")]
    Argument(String),

    /// `radio_rec` refuses something.
    #[error(transparent)]
    Library(#[from] radio_rec::Error),

    /// More memory is needed than there may be.
    #[error(
        "the memory does not suffice: {0}; allow more with `--memory`, or take fewer plays of each user with `--cap`"
    )]
    Memory(String),

    /// There is no room for what does not fit in memory, or for the result.
    #[error("the disk is full: {0}; make room, or name another disk with `--scratch`")]
    Disk(String),

    /// The system refused something else.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// The file or the folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// The cluster does not finish what it was asked for.
    #[error("the cluster failed: {0}")]
    Cluster(String),

    /// A plan cannot be made or executed.
    #[error("the plan failed: {0}")]
    Plan(String),
}

/// A result whose error is [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// What a command ends with: 2 if its arguments or its files cannot be used, 1 if it failed while it ran.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::File { .. } | Error::Row { .. } | Error::Argument(_) | Error::Library(_) => 2,
            Error::Memory(_) | Error::Disk(_) | Error::Io { .. } => 1,
            Error::Cluster(_) | Error::Plan(_) => 1,
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Error::File {
            path: path.into(),
            message: message.into(),
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            std::io::ErrorKind::StorageFull => Error::Disk(format!("`{}`", path.display())),
            _ => Error::Io { path, source },
        }
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        // The causes know more than what is on top, which may be a text of theirs alone.
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(current) = cause {
            if let Some(io) = current.downcast_ref::<std::io::Error>()
                && io.kind() == std::io::ErrorKind::StorageFull
            {
                return Error::Disk(io.to_string());
            }
            cause = current.source();
        }
        let root = error.find_root();
        let message = first_line(&root.strip_backtrace());
        match root {
            DataFusionError::ResourcesExhausted(said) if said.contains("disk") => {
                Error::Disk(first_line(said))
            }
            DataFusionError::ResourcesExhausted(said) => Error::Memory(first_line(said)),
            _ => Error::Plan(message),
        }
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
