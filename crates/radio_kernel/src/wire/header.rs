//! A message's header: its sender, time and type.

use serde::{Deserialize, Serialize};

/// The header of a message. What front ends leave out is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The message's own name.
    pub msg_id: String,
    /// The session of the front end or the kernel that sent it.
    #[serde(default)]
    pub session: String,
    /// The user's name.
    #[serde(default)]
    pub username: String,
    /// When it was sent, in ISO 8601.
    #[serde(default)]
    pub date: String,
    /// What it is, such as `execute_request`.
    pub msg_type: String,
    /// The version of the protocol.
    #[serde(default)]
    pub version: String,
    /// The subshell that a request is for, if it is not the main shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subshell_id: Option<String>,
}
