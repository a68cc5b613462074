//! The request to interrupt the cell that runs, and its reply.

use serde::Serialize;

/// It was told so.
#[derive(Clone, Debug, Serialize)]
pub struct InterruptReply {
    /// `ok`.
    pub status: &'static str,
}
