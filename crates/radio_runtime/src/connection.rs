//! A worker's side of the protocol: frames, the phases of stdout and stderr, and what panics say.

use crate::protocol::{Frame, LOST, ProgramLocation, boundary, mark_prefix};
use crate::question_mark::{Raised, take_place};
use std::io::Write;
use std::net::TcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock, PoisonError};

static CONNECTION: OnceLock<Connection> = OnceLock::new();
static PHASE: AtomicU32 = AtomicU32::new(0);
static LAST_STREAM: AtomicU8 = AtomicU8::new(0);
/// What the last panic of the cells' own thread said, until somebody reports it.
static PANIC: Mutex<Option<(String, ProgramLocation)>> = Mutex::new(None);
/// The most of a message, in bytes.
const MAX_MESSAGE: usize = 64 << 10;

struct Connection {
    channel: Mutex<TcpStream>,
    mark: Vec<u8>,
    /// Stdout and stderr as they were at the start: a cell may redirect or close its own, and keep them so.
    streams: [Option<std::fs::File>; 2],
}

impl Connection {
    fn send(&self, frame: &Frame) {
        if let Ok(mut channel) = self.channel.lock()
            && let Err(error) = frame.write(&mut *channel)
            && error.kind() != std::io::ErrorKind::BrokenPipe
            && error.kind() != std::io::ErrorKind::ConnectionReset
        {
            // A session that is gone ends this process through its keeper. Here the descriptor is gone: a cell has
            // closed it, and nothing can be said any more.
            std::process::exit(LOST);
        }
    }

    /// Writes to stdout (0) or stderr (1) as they were at the start.
    fn write_to(&self, stream: usize, mut bytes: &[u8]) {
        let Some(mut file) = self.streams[stream].as_ref() else {
            return;
        };
        while !bytes.is_empty() {
            match file.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // A cell has made the descriptor non-blocking.
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
                Err(_) => return,
            }
        }
    }
}

/// Connects this process to the session at `port`; what was written before this has phases before `phase`.
///
/// # Errors
/// What the system says.
pub(crate) fn connect(port: u16, token: &str, phase: u32) -> std::io::Result<()> {
    let mut channel = TcpStream::connect(("127.0.0.1", port))?;
    channel.set_nodelay(true)?;
    Frame::Hello {
        token: token.to_owned(),
        process: crate::system::own_process(),
    }
    .write(&mut channel)?;
    PHASE.store(phase, SeqCst);
    match CONNECTION.get() {
        Some(connection) => {
            *connection
                .channel
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = channel;
        }
        None => {
            let _ = CONNECTION.set(Connection {
                channel: Mutex::new(channel),
                mark: mark_prefix(token),
                streams: [duplicate(&std::io::stdout()), duplicate(&std::io::stderr())],
            });
        }
    }
    Ok(())
}

/// A second descriptor for a stream, which the process's own children do not get. `None` where there is no stream.
fn duplicate(stream: &impl std::os::fd::AsFd) -> Option<std::fs::File> {
    stream.as_fd().try_clone_to_owned().ok().map(Into::into)
}

/// Says once, where it can be seen, that stdout is closed.
fn note_closed_stdout() {
    static SAID: std::sync::Once = std::sync::Once::new();
    if duplicate(&std::io::stdout()).is_none()
        && let Some(connection) = CONNECTION.get()
    {
        let text = "[radio: this cell closed stdout; what is printed from here on is lost]\n";
        SAID.call_once(|| connection.write_to(1, text.as_bytes()));
    }
}

/// A message, cut where it is longer than anybody reads.
fn message(mut text: String) -> String {
    if text.len() > MAX_MESSAGE {
        text.truncate(boundary(&text, MAX_MESSAGE));
        text.push_str(" [radio: the rest of this message is left out]");
    }
    text
}

/// Has panics reported to the session instead of on stderr. Called by the thread that runs the cells.
pub(crate) fn report_panics() {
    let cells = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        let text = panic_text(info.payload());
        let place = info
            .location()
            .map(ProgramLocation::from)
            .unwrap_or_default();
        if std::thread::current().id() == cells {
            note_caught_panic();
            if let Ok(mut panic) = PANIC.lock() {
                *panic = Some((text, place));
            }
        } else {
            let thread = std::thread::current();
            let text = format!(
                "thread '{}' panicked: {text}",
                thread.name().unwrap_or("<unnamed>")
            );
            send(&Frame::Note {
                text: message(text),
                place,
            });
        }
    }));
}

/// What a panic says.
fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "Box<dyn Any>".to_owned())
}

pub(crate) fn send(frame: &Frame) {
    if let Some(connection) = CONNECTION.get() {
        connection.send(frame);
    }
}

/// A panic that nobody has reported was caught by the cell.
fn note_caught_panic() {
    let caught = PANIC.lock().ok().and_then(|mut panic| panic.take());
    if let Some((text, place)) = caught {
        send(&Frame::Note {
            text: message(format!("panicked: {text}")),
            place,
        });
    }
}

/// Runs a cell's function; what it raises is reported.
pub(crate) fn attempt(body: impl FnOnce() -> Result<(), Raised>) {
    let (ename, evalue, place) = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => return,
        Ok(Err(raised)) => ("Error", raised.0, take_place()),
        Err(payload) => {
            let panic = PANIC.lock().ok().and_then(|mut panic| panic.take());
            let (text, place) =
                panic.unwrap_or_else(|| (panic_text(&*payload), ProgramLocation::default()));
            // Dropping it may panic once more.
            std::mem::forget(payload);
            ("Panic", text, place)
        }
    };
    raise(ename, evalue, place);
}

/// Says that the cell failed.
pub(crate) fn raise(ename: &str, evalue: String, place: ProgramLocation) {
    send(&Frame::Raised {
        ename: ename.to_owned(),
        evalue: message(evalue),
        place,
    });
}

/// Ends a cell: all that it wrote is flushed and marked.
pub(crate) fn end(cell: u32) {
    note_caught_panic();
    note_closed_stdout();
    let phase = next_phase();
    LAST_STREAM.store(0, SeqCst);
    send(&Frame::End { cell, phase });
}

pub(crate) fn next_phase() -> u32 {
    let phase = PHASE.fetch_add(1, SeqCst) + 1;
    if let Some(connection) = CONNECTION.get() {
        let mut mark = connection.mark.clone();
        mark.extend(format!("{phase}\0").bytes());
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.flush();
        connection.write_to(0, &mark);
        connection.write_to(1, &mark);
    }
    phase
}

/// Called before a cell prints: `stream` is 1 for stdout and 2 for stderr. A change of stream starts a new phase.
pub fn turn_to(stream: u8) {
    let last = LAST_STREAM.swap(stream, SeqCst);
    if last != stream && last != 0 {
        next_phase();
    }
}

/// Called after a cell prints without a line end, so that it is seen at once.
pub fn flush() {
    let _ = std::io::stdout().flush();
}
