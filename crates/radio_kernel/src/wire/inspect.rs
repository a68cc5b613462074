//! What the name at the cursor is.

use super::Bundle;
use serde::{Deserialize, Serialize};

/// What is the name at the cursor?
#[derive(Clone, Debug, Deserialize)]
pub struct InspectRequest {
    /// The cell's source.
    pub code: String,
    /// Where the cursor is, in code points.
    pub cursor_pos: usize,
    /// 1 if everything is to be told.
    #[serde(default)]
    pub detail_level: u8,
}

/// What the name at the cursor is.
#[derive(Clone, Debug, Serialize)]
pub struct InspectReply {
    /// `ok`.
    pub status: &'static str,
    /// Whether it is known.
    pub found: bool,
    /// What it is, once for each MIME type.
    pub data: Bundle,
    /// Empty.
    pub metadata: Bundle,
}
