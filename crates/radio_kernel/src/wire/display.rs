//! Things to show.

use serde::Serialize;

/// A thing to show, once for each MIME type; or what is to be known of it.
pub type Bundle = serde_json::Map<String, serde_json::Value>;

/// What goes with a thing and is not kept.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Transient {
    /// The name by which it can be replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_id: Option<String>,
}

/// A thing to show.
#[derive(Clone, Debug, Serialize)]
pub struct DisplayData {
    /// The thing, once for each MIME type.
    pub data: Bundle,
    /// What is to be known of it.
    pub metadata: Bundle,
    /// What is not kept of it.
    pub transient: Transient,
}

/// What takes the place of a thing that was shown under a name.
#[derive(Clone, Debug, Serialize)]
pub struct UpdateDisplayData {
    /// The thing, once for each MIME type.
    pub data: Bundle,
    /// What is to be known of it.
    pub metadata: Bundle,
    /// The name.
    pub transient: Transient,
}

/// Everything that the cell has shown goes.
#[derive(Clone, Debug, Serialize)]
pub struct ClearOutput {
    /// Only once something new is shown.
    pub wait: bool,
}
