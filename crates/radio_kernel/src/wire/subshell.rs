//! Subshells, [JEP 91](https://jupyter.org/enhancement-proposals/91-kernel-subshells/kernel-subshells.html): further
//! queues of requests.

use serde::{Deserialize, Serialize};

/// There is a new subshell.
#[derive(Clone, Debug, Serialize)]
pub struct CreateSubshellReply {
    /// `ok`.
    pub status: &'static str,
    /// Its name, for the headers of what is for it.
    pub subshell_id: String,
}

/// A subshell is to go.
#[derive(Clone, Debug, Deserialize)]
pub struct DeleteSubshellRequest {
    /// Which.
    pub subshell_id: String,
}

/// It is gone.
#[derive(Clone, Debug, Serialize)]
pub struct DeleteSubshellReply {
    /// `ok`.
    pub status: &'static str,
}

/// The subshells.
#[derive(Clone, Debug, Serialize)]
pub struct ListSubshellReply {
    /// `ok`.
    pub status: &'static str,
    /// Their names.
    pub subshell_id: Vec<String>,
}
