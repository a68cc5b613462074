//! A line of input.

use serde::{Deserialize, Serialize};

/// A line is wanted.
#[derive(Clone, Debug, Serialize)]
pub struct InputRequest {
    /// What the person is asked.
    pub prompt: String,
    /// Whether nobody may see the answer.
    pub password: bool,
}

/// The line.
#[derive(Clone, Debug, Deserialize)]
pub struct InputReply {
    /// Without its end.
    pub value: String,
}
