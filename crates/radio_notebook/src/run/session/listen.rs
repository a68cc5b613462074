//! What the processes of a session say, on threads of their own: frames, and streams with marks in them.

use super::failure::failure_of;
use crate::interrupt::{self, Group};
use crate::run::outputs::Stream;
use radio_runtime::protocol::Frame;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

/// Something that happens while a cell runs.
#[derive(Debug)]
pub(super) enum Event {
    /// From the process of this number; 0 for a program, and for the keeper of a host.
    Frame(u32, Frame),
    ChannelClosed,
    Text(Stream, Vec<u8>),
    Mark(Stream, u32),
    StreamClosed(Stream),
    /// Somebody wants the session to look up: see [`Waker`].
    Wake,
}

/// A token that no other process can guess.
pub(super) fn new_token() -> String {
    use std::hash::{BuildHasher, Hasher};
    let random = || {
        std::collections::hash_map::RandomState::new()
            .build_hasher()
            .finish()
    };
    format!("{:016x}{:016x}", random(), random())
}

/// Waits for a process of the program to connect: the connection, and the number that it gives of itself.
pub(super) fn accept(
    listener: &TcpListener,
    group: &mut Group,
    token: &str,
) -> std::io::Result<(TcpStream, u32)> {
    let patience = Instant::now() + Duration::from_secs(20);
    while Instant::now() < patience && !interrupt::pressed() {
        match listener.accept() {
            Ok((mut channel, _)) => {
                channel.set_nonblocking(false)?;
                channel.set_nodelay(true)?;
                channel.set_read_timeout(Some(Duration::from_secs(5)))?;
                let hello = Frame::read(&mut channel);
                channel.set_read_timeout(None)?;
                // Whoever else connects to this port is not listened to.
                if let Some(Frame::Hello {
                    token: given,
                    process,
                }) = hello
                    && given == token
                {
                    return Ok((channel, process));
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if let Some(status) = group.child.try_wait()? {
                    return Err(std::io::Error::other(failure_of(status).evalue));
                }
                std::thread::sleep(Duration::from_micros(300));
            }
            Err(error) => return Err(error),
        }
    }
    Err(std::io::Error::other("no answer"))
}

/// Reads what a process says, on a thread of its own.
pub(super) fn listen_to_frames(process: u32, mut channel: TcpStream, sender: SyncSender<Event>) {
    std::thread::spawn(move || {
        while let Some(frame) = Frame::read(&mut channel) {
            if sender.send(Event::Frame(process, frame)).is_err() {
                return;
            }
        }
        if process == 0 {
            let _ = sender.send(Event::ChannelClosed);
        }
    });
}

/// Reads a stream to its end on a thread of its own, taking the marks out.
pub(super) fn listen_to_stream(
    stream: Stream,
    mut pipe: impl Read + Send + 'static,
    prefix: Vec<u8>,
    sender: SyncSender<Event>,
) {
    std::thread::spawn(move || {
        let mut held = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            held.extend_from_slice(&buffer[..count]);
            for event in split_marks(stream, &mut held, &prefix) {
                if sender.send(event).is_err() {
                    return;
                }
            }
        }
        if !held.is_empty() {
            let _ = sender.send(Event::Text(stream, held));
        }
        let _ = sender.send(Event::StreamClosed(stream));
    });
}

/// Takes all that is complete from `held`; what may be the start of a mark stays.
fn split_marks(stream: Stream, held: &mut Vec<u8>, prefix: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut text = Vec::new();
    let mut at = 0;
    while at < held.len() {
        let zero = held[at..].iter().position(|&byte| byte == 0);
        let zero = zero.map_or(held.len(), |offset| at + offset);
        text.extend_from_slice(&held[at..zero]);
        at = zero;
        let rest = &held[at..];
        let common = prefix.len().min(rest.len());
        if common == 0 {
            break;
        }
        if rest[..common] != prefix[..common] {
            // A zero byte of the program's own.
            text.push(0);
            at += 1;
            continue;
        }
        let number = rest.get(prefix.len()..).unwrap_or_default();
        let Some(end) = number.iter().position(|&byte| byte == 0) else {
            break;
        };
        if !text.is_empty() {
            events.push(Event::Text(stream, std::mem::take(&mut text)));
        }
        let phase = std::str::from_utf8(&number[..end]).ok();
        if let Some(phase) = phase.and_then(|text| text.parse().ok()) {
            events.push(Event::Mark(stream, phase));
        }
        at += prefix.len() + end + 1;
    }
    if !text.is_empty() {
        events.push(Event::Text(stream, text));
    }
    held.drain(..at);
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use radio_runtime::protocol::{ProgramLocation, mark_prefix};

    #[test]
    fn marks_are_taken_out_however_the_bytes_are_cut() {
        let prefix = mark_prefix("t");
        let all = b"a\0b\0radio t 12\0\0radio t 13\0c\0radio x".to_vec();
        for size in 1..=all.len() {
            let mut held = Vec::new();
            let (mut text, mut marks) = (Vec::new(), Vec::new());
            for piece in all.chunks(size) {
                held.extend_from_slice(piece);
                for event in split_marks(Stream::Stdout, &mut held, &prefix) {
                    match event {
                        Event::Text(_, bytes) => text.extend(bytes),
                        Event::Mark(_, phase) => marks.push((phase, text.len())),
                        other => panic!("{other:?}"),
                    }
                }
            }
            text.extend(held);
            assert_eq!(text, b"a\0bc\0radio x");
            assert_eq!(marks, [(12, 3), (13, 3)], "pieces of {size}");
        }
    }

    #[test]
    fn frames_survive_the_way() {
        let place = ProgramLocation {
            file: "src/main.rs".into(),
            line: 7,
            column: 9,
        };
        for frame in [
            Frame::Hello {
                token: "t".into(),
                process: 7,
            },
            Frame::Snapshot {
                process: 8,
                threads: 2,
            },
            Frame::Ended {
                process: 8,
                status: 9,
                phase: 10,
            },
            Frame::Begin { cell: 3 },
            Frame::Result {
                text: "λ\n".into()
            },
            Frame::CommandOutput {
                text: "t".into(),
                html: "<b>".into(),
            },
            Frame::Displaying { phase: 4 },
            Frame::Raised {
                ename: "Panic".into(),
                evalue: String::new(),
                place: place.clone(),
            },
            Frame::Note {
                text: "n".into(),
                place,
            },
            Frame::End {
                cell: 1,
                phase: u32::MAX,
            },
        ] {
            let mut bytes = Vec::new();
            frame.write(&mut bytes).unwrap();
            assert_eq!(Frame::read(&mut bytes.as_slice()), Some(frame));
            bytes.pop();
            assert_eq!(Frame::read(&mut bytes.as_slice()), None);
        }
    }
}
