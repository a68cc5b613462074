//! A cell to be executed, what all front ends are told of it, its value, and how it ended.

use super::Bundle;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

fn yes() -> bool {
    true
}

/// A cell to be executed.
#[derive(Clone, Debug, Deserialize)]
pub struct ExecuteRequest {
    /// Its source.
    pub code: String,
    /// Whether it is executed behind the scenes: without a number, a value and a place in the history.
    #[serde(default)]
    pub silent: bool,
    /// Whether it takes a number and a place in the history.
    #[serde(default = "yes")]
    pub store_history: bool,
    /// Expressions to be evaluated after it, by name.
    #[serde(default)]
    pub user_expressions: Option<Map<String, Value>>,
    /// Whether the front end can be asked for input.
    #[serde(default = "yes")]
    pub allow_stdin: bool,
    /// Whether the cells that wait are aborted if it fails.
    #[serde(default = "yes")]
    pub stop_on_error: bool,
}

/// How a cell ended.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum ExecuteReply {
    /// It ran to its end.
    Ok {
        /// Its number.
        execution_count: u32,
        /// What the expressions gave, by name.
        user_expressions: Map<String, Value>,
        /// Always empty: what a kernel could make a front end do.
        payload: [(); 0],
    },
    /// It failed.
    Error {
        /// Its number.
        execution_count: u32,
        /// The kind of failure.
        ename: String,
        /// The message.
        evalue: String,
        /// What a person reads, line by line.
        traceback: Vec<String>,
    },
    /// It was not executed, because one before it failed.
    Aborted {
        /// The number of the cell before it.
        execution_count: u32,
    },
}

/// What is executed, for all front ends.
#[derive(Clone, Debug, Serialize)]
pub struct ExecuteInput {
    /// The cell's source.
    pub code: String,
    /// Its number.
    pub execution_count: u32,
}

/// The value of a cell.
#[derive(Clone, Debug, Serialize)]
pub struct ExecuteResult {
    /// The cell's number.
    pub execution_count: u32,
    /// The value, once for each MIME type.
    pub data: Bundle,
    /// What is to be known of it.
    pub metadata: Bundle,
}
