//! The requests on the control socket, which cannot wait: interrupt, shutdown, subshells.

use super::Shared;
use crate::wire::{
    CreateSubshellReply, DeleteSubshellReply, DeleteSubshellRequest, InterruptReply,
    ListSubshellReply, Message, ShutdownReply, ShutdownRequest,
};
use crate::zmtp::{Event, Socket};
use std::io;
use std::sync::Arc;

/// Takes requests.
pub(super) fn serve(kernel: &Arc<Shared>) -> io::Result<()> {
    let shared = Arc::clone(kernel);
    kernel.control.serve(move |event| {
        if let Event::Message { from, frames } = event
            && let Some(message) = shared.read("control", from, frames)
        {
            hear(&shared, &message);
        }
    })
}

fn hear(kernel: &Arc<Shared>, message: &Message) {
    let socket = &kernel.control;
    if message.header.msg_type == "shutdown_request" {
        return shut_down(kernel, socket, message);
    }
    kernel.at_work(message, || match message.header.msg_type.as_str() {
        "interrupt_request" => {
            kernel.interrupt();
            kernel.reply(socket, message, &InterruptReply { status: "ok" });
        }
        "create_subshell_request" => {
            let subshell_id = kernel.create_subshell();
            kernel.reply(
                socket,
                message,
                &CreateSubshellReply {
                    status: "ok",
                    subshell_id,
                },
            );
        }
        "delete_subshell_request" => match message.content::<DeleteSubshellRequest>() {
            Ok(request) if kernel.delete_subshell(&request.subshell_id) => {
                kernel.reply(socket, message, &DeleteSubshellReply { status: "ok" });
            }
            Ok(request) => {
                let reason = format!("there is no subshell {:?}", request.subshell_id);
                kernel.refuse(socket, message, "UnknownSubshell", reason);
            }
            Err(problem) => kernel.refuse(socket, message, "BadRequest", problem.to_string()),
        },
        "list_subshell_request" => {
            let subshell_id = kernel.subshells();
            kernel.reply(
                socket,
                message,
                &ListSubshellReply {
                    status: "ok",
                    subshell_id,
                },
            );
        }
        _ => kernel.answer(socket, message),
    });
}

/// Answers the request to end, and ends. Older front ends send it to the shell socket.
pub(super) fn shut_down(kernel: &Arc<Shared>, socket: &Socket, message: &Message) {
    // Whatever it says, it is to end.
    let ShutdownRequest { restart } = message.content().unwrap_or_default();
    let reply = ShutdownReply {
        status: "ok",
        restart,
    };
    kernel.at_work(message, || {
        kernel.reply(socket, message, &reply);
        // So that the other front ends know it too.
        kernel.iopub.publish(&reply, Some(&message.raw_header));
    });
    kernel.stop();
}
