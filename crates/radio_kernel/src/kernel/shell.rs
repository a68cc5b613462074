//! The requests on the shell socket. Cells wait for each other; everything else is answered at once, while a cell may
//! run.

use super::{Shared, control};
use crate::wire::{ExecuteRequest, Message};
use crate::zmtp::Event;
use std::io;
use std::sync::Arc;

/// Takes requests.
pub(super) fn serve(kernel: &Arc<Shared>) -> io::Result<()> {
    let shared = Arc::clone(kernel);
    kernel.shell.serve(move |event| {
        if let Event::Message { from, frames } = event
            && let Some(message) = shared.read("shell", from, frames)
        {
            hear(&shared, message);
        }
    })
}

fn hear(kernel: &Arc<Shared>, message: Message) {
    if message.header.msg_type == "shutdown_request" {
        return control::shut_down(kernel, &kernel.shell, &message);
    }
    if message.header.msg_type != "execute_request" {
        return kernel.at_work(&message, || kernel.answer(&kernel.shell, &message));
    }
    if let Some(subshell) = &message.header.subshell_id
        && !kernel.has_subshell(subshell)
    {
        let reason = format!("there is no subshell {subshell:?}");
        return kernel.at_work(&message, || {
            kernel.refuse(&kernel.shell, &message, "UnknownSubshell", reason);
        });
    }
    match message.content::<ExecuteRequest>() {
        Ok(request) => kernel.enqueue(message, request),
        Err(problem) => kernel.at_work(&message, || {
            kernel.refuse(&kernel.shell, &message, "BadRequest", problem.to_string());
        }),
    }
}
