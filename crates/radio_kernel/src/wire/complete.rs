//! What could stand at the cursor.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What could stand at the cursor?
#[derive(Clone, Debug, Deserialize)]
pub struct CompleteRequest {
    /// The cell's source.
    pub code: String,
    /// Where the cursor is, in code points.
    pub cursor_pos: usize,
}

/// What could stand at the cursor.
#[derive(Clone, Debug, Serialize)]
pub struct CompleteReply {
    /// `ok`.
    pub status: &'static str,
    /// What could stand there.
    pub matches: Vec<String>,
    /// Where the text begins that they replace, in code points.
    pub cursor_start: usize,
    /// Where it ends.
    pub cursor_end: usize,
    /// The kinds and types of the matches, as IPython's `_jupyter_types_experimental`, which JupyterLab and VS Code
    /// show.
    pub metadata: Map<String, Value>,
}
