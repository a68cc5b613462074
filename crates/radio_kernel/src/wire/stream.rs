//! Text that a cell has written.

use serde::Serialize;

/// Text that a cell has written.
#[derive(Clone, Debug, Serialize)]
pub struct Stream {
    /// Where to.
    pub name: StreamName,
    /// The text.
    pub text: String,
}

/// Where a text was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamName {
    /// The standard output.
    Stdout,
    /// The standard error output.
    Stderr,
}
