//! Whether a cell can be executed as it is or goes on.

use serde::{Deserialize, Serialize};

/// Can this be executed?
#[derive(Clone, Debug, Deserialize)]
pub struct IsCompleteRequest {
    /// The source so far.
    pub code: String,
}

/// Whether it can.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum IsCompleteReply {
    /// It can.
    Complete,
    /// Something is still open.
    Incomplete {
        /// What the next line should begin with.
        indent: String,
    },
    /// It can not, whatever follows.
    Invalid,
    /// There is no telling.
    Unknown,
}
