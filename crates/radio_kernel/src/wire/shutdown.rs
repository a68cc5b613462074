//! The request to end the kernel, and its reply.

use serde::{Deserialize, Serialize};

/// The kernel is to end.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct ShutdownRequest {
    /// Whether another one will be started in its place.
    #[serde(default)]
    pub restart: bool,
}

/// It ends.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ShutdownReply {
    /// `ok`.
    pub status: &'static str,
    /// As it was asked.
    pub restart: bool,
}
