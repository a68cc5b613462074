//! What a session hears while no cell runs, and how it sees that a cell waits for its stdin.

use super::{Event, Listener, Session, pass};
use crate::document::Output;
use crate::run::outputs::{Piece, Stream};
use radio_runtime::protocol::Frame;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;

/// Ends the waiting of [`Session::idle`], from any thread.
#[derive(Clone, Debug)]
pub struct Waker {
    sender: SyncSender<Event>,
    is_called: Arc<AtomicBool>,
}

impl Waker {
    /// Ends it, or keeps it from beginning.
    pub fn wake(&self) {
        self.is_called.store(true, Ordering::SeqCst);
        // Where there is no room, there is something to read, and whoever reads it looks up.
        let _ = self.sender.try_send(Event::Wake);
    }
}

impl Session {
    /// A handle that ends [`idle`](Session::idle).
    pub fn waker(&self) -> Waker {
        Waker {
            sender: self.host.sender.clone(),
            is_called: self.is_called.clone(),
        }
    }

    /// Passes on what threads of earlier cells write while no cell runs, until somebody [wakes](Waker::wake) the
    /// session. Returns what was shown last, if nothing has followed it.
    pub fn idle(&mut self, listener: &mut dyn Listener) -> Vec<Output> {
        while !self.is_called.swap(false, Ordering::SeqCst) {
            let mut live = |piece: Piece<'_>| pass(listener, piece);
            let Ok(event) = self.events.recv() else { break };
            match event {
                Event::Text(stream, bytes) => self.collector.text(stream, bytes, &mut live),
                Event::Mark(stream, phase) => self.collector.mark(stream, phase, &mut live),
                Event::StreamClosed(stream) => self.collector.mark(stream, u32::MAX, &mut live),
                Event::Frame(
                    _,
                    Frame::Ended {
                        process, status, ..
                    },
                ) if process == self.host.worker => self.host.ended = Some(status),
                Event::Frame(_, Frame::Note { text, place }) => {
                    let text = format!("{text} ({}:{})\n", place.file, place.line);
                    listener.hears(Stream::Stderr, &text);
                }
                Event::Frame(..) | Event::ChannelClosed | Event::Wake => {}
            }
        }
        self.collector
            .finish(None, &mut |piece| pass(listener, piece))
    }
}

/// Whether a thread of a process waits for its stdin. Only Linux tells.
#[cfg(target_os = "linux")]
pub(super) fn reads_stdin(process: u32) -> bool {
    const READ: &str = if cfg!(target_arch = "x86_64") {
        "0 0x0 "
    } else {
        "63 0x0 "
    };
    let tasks = std::fs::read_dir(format!("/proc/{process}/task"));
    tasks.into_iter().flatten().flatten().any(|task| {
        let call = std::fs::read_to_string(task.path().join("syscall"));
        call.is_ok_and(|call| call.starts_with(READ))
    })
}

#[cfg(not(target_os = "linux"))]
pub(super) fn reads_stdin(_process: u32) -> bool {
    false
}
