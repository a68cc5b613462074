//! The cells of this session and of earlier ones.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which cells were there?
#[derive(Clone, Debug, Deserialize)]
pub struct HistoryRequest {
    /// Whether what they gave is wanted too.
    #[serde(default)]
    pub output: bool,
    /// Which cells.
    #[serde(flatten)]
    pub access: Access,
}

/// Which cells are wanted.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "hist_access_type", rename_all = "lowercase")]
pub enum Access {
    /// The last ones of all sessions.
    Tail {
        /// How many.
        #[serde(default)]
        n: Option<usize>,
    },
    /// Some of one session.
    Range {
        /// Its number; 0 is this one, -1 the one before it.
        #[serde(default)]
        session: i64,
        /// The first one.
        #[serde(default)]
        start: Option<u32>,
        /// The first one that is not wanted.
        #[serde(default)]
        stop: Option<u32>,
    },
    /// Those that match a pattern.
    Search {
        /// What they look like: `*` stands for any text, `?` for one character.
        #[serde(default)]
        pattern: Option<String>,
        /// Whether each is wanted once only.
        #[serde(default)]
        unique: bool,
        /// How many, of the last ones.
        #[serde(default)]
        n: Option<usize>,
    },
}

/// The cells, oldest first.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryReply {
    /// `ok`.
    pub status: &'static str,
    /// Session, number and source; or, with output, `[source, output]`.
    pub history: Vec<(u64, u32, Value)>,
}
