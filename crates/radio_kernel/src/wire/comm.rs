//! Comms: conversations between an object of the kernel's and one of the front end's, such as a slider.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A conversation begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommOpen {
    /// Its name.
    pub comm_id: String,
    /// What is spoken to.
    pub target_name: String,
    /// What is said.
    #[serde(default)]
    pub data: Map<String, Value>,
}

/// Something is said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommMsg {
    /// In which conversation.
    pub comm_id: String,
    /// What is said.
    #[serde(default)]
    pub data: Map<String, Value>,
}

/// A conversation ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommClose {
    /// Which one.
    pub comm_id: String,
    /// What is said.
    #[serde(default)]
    pub data: Map<String, Value>,
}

/// Which conversations are there?
#[derive(Clone, Debug, Deserialize)]
pub struct CommInfoRequest {
    /// What is spoken to; anything if it is not said.
    #[serde(default)]
    pub target_name: Option<String>,
}

/// The conversations by their names.
#[derive(Clone, Debug, Serialize)]
pub struct CommInfoReply {
    /// `ok`.
    pub status: &'static str,
    /// What each speaks to.
    pub comms: BTreeMap<String, CommTarget>,
}

/// What a conversation speaks to.
#[derive(Clone, Debug, Serialize)]
pub struct CommTarget {
    /// Its name.
    pub target_name: String,
}
