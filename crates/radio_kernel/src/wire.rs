//! The messages of Jupyter's protocol, [version 5.5](https://jupyter-client.readthedocs.io/en/stable/messaging.html), a
//! file a message: a request is beside its reply.
//!
//! - `message`: the envelope: header, parent, metadata, content, buffers; read and written
//! - `signer`: the signature
//! - `header`: who said it, when, and of which type it is
//! - the rest: contents

mod comm;
mod complete;
mod display;
mod error;
mod execute;
mod header;
mod history;
mod input;
mod inspect;
mod interrupt;
mod is_complete;
mod kernel_info;
mod message;
mod shutdown;
mod signer;
mod status;
mod stream;
mod subshell;
mod welcome;

pub use comm::{CommClose, CommInfoReply, CommInfoRequest, CommMsg, CommOpen, CommTarget};
pub use complete::{CompleteReply, CompleteRequest};
pub use display::{Bundle, ClearOutput, DisplayData, Transient, UpdateDisplayData};
pub use error::{ErrorOutput, ErrorReply};
pub use execute::{ExecuteInput, ExecuteReply, ExecuteRequest, ExecuteResult};
pub use header::Header;
pub use history::{Access, HistoryReply, HistoryRequest};
pub use input::{InputReply, InputRequest};
pub use inspect::{InspectReply, InspectRequest};
pub use interrupt::InterruptReply;
pub use is_complete::{IsCompleteReply, IsCompleteRequest};
pub use kernel_info::{HelpLink, KernelInfoReply, LanguageInfo};
pub use message::{DELIMITER, Message, Problem, Session};
pub use shutdown::{ShutdownReply, ShutdownRequest};
pub use signer::{KeyError, Signer};
pub use status::{State, Status};
pub use stream::{Stream, StreamName};
pub use subshell::{
    CreateSubshellReply, DeleteSubshellReply, DeleteSubshellRequest, ListSubshellReply,
};
pub use welcome::IopubWelcome;

use serde::Serialize;

/// The version of the protocol that is spoken: with `iopub_welcome` and subshells.
pub const PROTOCOL_VERSION: &str = "5.5";

/// The content of a message that the kernel sends.
pub trait Content: Serialize {
    /// The `msg_type` that it goes by.
    fn message_type(&self) -> &str;
}

/// Says under which type each content goes.
macro_rules! content {
    ($($content:ty => $name:literal),+ $(,)?) => {
        $(impl Content for $content {
            fn message_type(&self) -> &str {
                $name
            }
        })+
    };
}

content! {
    ClearOutput => "clear_output",
    CommClose => "comm_close",
    CommInfoReply => "comm_info_reply",
    CommMsg => "comm_msg",
    CommOpen => "comm_open",
    CompleteReply => "complete_reply",
    CreateSubshellReply => "create_subshell_reply",
    DeleteSubshellReply => "delete_subshell_reply",
    DisplayData => "display_data",
    ErrorOutput => "error",
    ExecuteInput => "execute_input",
    ExecuteReply => "execute_reply",
    ExecuteResult => "execute_result",
    HistoryReply => "history_reply",
    InputRequest => "input_request",
    InspectReply => "inspect_reply",
    InterruptReply => "interrupt_reply",
    IopubWelcome => "iopub_welcome",
    IsCompleteReply => "is_complete_reply",
    KernelInfoReply => "kernel_info_reply",
    ListSubshellReply => "list_subshell_reply",
    ShutdownReply => "shutdown_reply",
    Status => "status",
    Stream => "stream",
    UpdateDisplayData => "update_display_data",
}
