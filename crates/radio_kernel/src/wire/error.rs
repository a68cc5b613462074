//! An error, as it is published and as a part of replies.

use serde::Serialize;

/// What a cell that failed shows.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorOutput {
    /// The kind of failure.
    pub ename: String,
    /// The message.
    pub evalue: String,
    /// What a person reads, line by line.
    pub traceback: Vec<String>,
}

/// The answer to a request that could not be understood or done.
#[derive(Clone, Debug, Serialize)]
pub struct ErrorReply {
    /// The type of the reply that it stands for.
    #[serde(skip)]
    pub message_type: String,
    /// `error`.
    pub status: &'static str,
    /// The kind of failure.
    pub ename: String,
    /// The message.
    pub evalue: String,
    /// Empty.
    pub traceback: Vec<String>,
}

impl super::Content for ErrorReply {
    fn message_type(&self) -> &str {
        &self.message_type
    }
}

impl ErrorReply {
    /// The answer to a request of this type. `None` if messages of this type get no answer.
    pub fn to(request: &str, ename: &str, evalue: String) -> Option<ErrorReply> {
        let stem = request.strip_suffix("_request")?;
        Some(ErrorReply {
            message_type: format!("{stem}_reply"),
            status: "error",
            ename: ename.to_owned(),
            evalue,
            traceback: Vec::new(),
        })
    }
}
