//! The heartbeat: everything is echoed, so that a front end knows that the kernel is there.

use crate::zmtp::{Event, Socket};
use std::io;
use std::sync::Arc;

/// Echoes what comes.
pub(crate) fn serve(socket: &Arc<Socket>) -> io::Result<()> {
    let echo = Arc::clone(socket);
    socket.serve(move |event| {
        if let Event::Message { from, frames } = event {
            echo.send(&from, &frames);
        }
    })
}
