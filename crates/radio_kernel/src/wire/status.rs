//! Whether the kernel is at work.

use serde::Serialize;

/// Whether the kernel is at work.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Status {
    /// Whether it is.
    pub execution_state: State,
}

/// Whether the kernel is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The kernel begins; once.
    Starting,
    /// A request is being answered.
    Busy,
    /// It is answered, and all that belongs to it was said.
    Idle,
}
