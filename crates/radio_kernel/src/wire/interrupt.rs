//! The cell that runs is to end.

use serde::Serialize;

/// It was told so.
#[derive(Clone, Debug, Serialize)]
pub struct InterruptReply {
    /// `ok`.
    pub status: &'static str,
}
