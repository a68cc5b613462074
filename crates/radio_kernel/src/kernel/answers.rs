//! The requests that do not wait for cells.

use super::{Shared, lock};
use crate::wire::{
    CompleteReply, CompleteRequest, HistoryReply, HistoryRequest, InspectReply, InspectRequest,
    IsCompleteRequest, KernelInfoReply, Message, PROTOCOL_VERSION, Problem,
};
use crate::zmtp::Socket;
use serde_json::{Map, Value, json};
use std::sync::Arc;

impl Shared {
    /// Answers any request but for a cell.
    pub(crate) fn answer(self: &Arc<Shared>, socket: &Socket, message: &Message) {
        let answered = match message.header.msg_type.as_str() {
            "kernel_info_request" => {
                self.reply(socket, message, &self.kernel_info());
                Ok(())
            }
            "complete_request" => self.complete(socket, message),
            "inspect_request" => self.inspect(socket, message),
            "is_complete_request" => message.content().map(|IsCompleteRequest { code }| {
                self.reply(socket, message, &self.assistant.is_complete(&code));
            }),
            "history_request" => message.content().map(|HistoryRequest { output, access }| {
                let history = lock(&self.history).find(&access, output);
                self.reply(
                    socket,
                    message,
                    &HistoryReply {
                        status: "ok",
                        history,
                    },
                );
            }),
            "comm_info_request" => message.content().map(|request| {
                self.reply(socket, message, &self.comms.info(&request));
            }),
            "comm_open" => message.content().map(|open| self.comm_open(message, &open)),
            "comm_msg" => message.content().map(|said| self.comm_said(message, &said)),
            "comm_close" => message.content().map(|close| self.comm_close(&close)),
            other => {
                let reason = format!("this kernel does not know a {other}");
                self.refuse(socket, message, "UnknownRequest", reason);
                Ok(())
            }
        };
        if let Err(problem) = answered {
            self.refuse(socket, message, "BadRequest", problem.to_string());
        }
    }

    fn kernel_info(&self) -> KernelInfoReply {
        let info = self.assistant.info();
        KernelInfoReply {
            status: "ok",
            protocol_version: PROTOCOL_VERSION,
            implementation: info.implementation,
            implementation_version: info.implementation_version,
            language_info: info.language,
            banner: info.banner,
            debugger: false,
            help_links: info.help_links,
            supported_features: vec!["kernel subshells"],
        }
    }

    fn complete(&self, socket: &Socket, message: &Message) -> Result<(), Problem> {
        let CompleteRequest { code, cursor_pos } = message.content()?;
        let found = self.assistant.complete(&code, cursor_pos);
        let kinds = found.matches.iter().map(|one| {
            json!({"start": found.start, "end": found.end, "text": one.text, "type": one.kind})
        });
        let kinds = (
            "_jupyter_types_experimental".to_owned(),
            Value::from_iter(kinds),
        );
        let metadata = Map::from_iter([kinds]);
        let reply = CompleteReply {
            status: "ok",
            matches: found.matches.into_iter().map(|one| one.text).collect(),
            cursor_start: found.start,
            cursor_end: found.end,
            metadata,
        };
        self.reply(socket, message, &reply);
        Ok(())
    }

    fn inspect(&self, socket: &Socket, message: &Message) -> Result<(), Problem> {
        let InspectRequest {
            code,
            cursor_pos,
            detail_level,
        } = message.content()?;
        let data = self.assistant.inspect(&code, cursor_pos, detail_level > 0);
        let found = data.is_some();
        let (data, metadata) = (data.unwrap_or_default(), Map::new());
        self.reply(
            socket,
            message,
            &InspectReply {
                status: "ok",
                found,
                data,
                metadata,
            },
        );
        Ok(())
    }
}
