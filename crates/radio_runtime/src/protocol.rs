//! What passes between a session and a host: [`Frame`]s one way, [`Order`]s the other.
//!
//! The host connects to the loopback address in [`SESSION_VARIABLE`] (`port:token`). Text on stdout and stderr is not framed:
//! it goes through the ordinary pipes, so that output of libraries and child processes is seen as well. So that the two pipes
//! can be put back into the order in which they were written, the host numbers its *phases*: at each change between stdout
//! and stderr, and at each cell's end, it writes a mark with the next phase's number into both.

use std::io::{Read, Write};
use std::panic::Location;

/// The environment variable that holds `port:token`.
pub const SESSION_VARIABLE: &str = "RADIO_SESSION";
/// The session's answer to [`Frame::Begin`]: run this cell.
pub const GO: u8 = b'G';

/// The exit code of a program that has lost its connection to the session.
pub const LOST: i32 = 120;
/// The most of a value's text that is sent, in bytes; a little more than the session keeps, so that it sees what was cut.
pub(crate) const MAX_TEXT: usize = (8 << 20) + 1024;
/// A longer frame is none.
const MAX_FRAME: u32 = 16 << 20;

/// By how much the phases grow when an earlier state is restored: those that were written since are over.
pub(crate) const PHASES: u32 = 1 << 20;

/// Where in a program's source something happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// The file, as the compiler was given it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl From<&Location<'_>> for Place {
    fn from(at: &Location<'_>) -> Place {
        Place {
            file: at.file().to_owned(),
            line: at.line(),
            column: at.column(),
        }
    }
}

/// What a host says to the session.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// The first frame of a connection: proves that the host is the one that the session started.
    Hello {
        /// What the session gave it.
        token: String,
        /// The process that runs cells; 0 for the one that keeps them, and for a host that has one process only.
        process: u32,
    },
    /// A host that has its cells from elsewhere stands before this one and waits for [`GO`].
    Begin {
        /// The cell's number.
        cell: u32,
    },
    /// The value of the cell's trailing expression.
    Result {
        /// Its text.
        text: String,
    },
    /// What a command of the cell answers.
    Said {
        /// The text.
        text: String,
        /// HTML, or nothing.
        html: String,
    },
    /// The trailing expression's `evcxr_display` starts to write to stdout.
    Displaying {
        /// The phase from which on it writes.
        phase: u32,
    },
    /// The cell failed.
    Raised {
        /// `Panic` or `Error`.
        ename: String,
        /// The message.
        evalue: String,
        /// Where.
        place: Place,
    },
    /// A thread other than the cell's panicked, or the cell caught a panic of its own.
    Note {
        /// The message.
        text: String,
        /// Where.
        place: Place,
    },
    /// The cell is over.
    End {
        /// Its number.
        cell: u32,
        /// All that it wrote comes before the mark of this phase.
        phase: u32,
    },
    /// The state before a cell is kept.
    Snapshot {
        /// The stopped process that has it.
        process: u32,
        /// How many threads beside the cells' own there were, which the stopped process does not have.
        threads: u32,
    },
    /// A process that ran cells has ended.
    Ended {
        /// The process.
        process: u32,
        /// What the system says of its end, as `wait` gives it.
        status: u32,
        /// All that it wrote comes before the mark of this phase.
        phase: u32,
    },
}

/// What a session asks of a host.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Load a library whose symbols later ones use.
    Load {
        /// The library.
        path: String,
    },
    /// Run a cell.
    Run {
        /// Its number.
        cell: u32,
        /// Whether to keep the state before it, in a process of its own.
        keep: bool,
        /// The library that has it.
        path: String,
        /// The name of its function there.
        start: String,
    },
    /// End the process that runs cells, and go on in the one that has an earlier state.
    Restore {
        /// That process.
        process: u32,
        /// How often this was done, from 1.
        time: u32,
    },
    /// Forget an earlier state.
    Forget {
        /// The process that has it.
        process: u32,
    },
}

impl Order {
    /// Writes the order, in the form of a [`Frame`].
    ///
    /// # Errors
    /// What the connection says.
    pub fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        let mut payload = Vec::new();
        let tag = match self {
            Order::Load { path } => {
                put_text(&mut payload, path);
                b'l'
            }
            Order::Run {
                cell,
                keep,
                path,
                start,
            } => {
                put_number(&mut payload, *cell);
                put_number(&mut payload, u32::from(*keep));
                put_text(&mut payload, path);
                put_text(&mut payload, start);
                b'r'
            }
            Order::Restore { process, time } => {
                put_number(&mut payload, *process);
                put_number(&mut payload, *time);
                b't'
            }
            Order::Forget { process } => {
                put_number(&mut payload, *process);
                b'f'
            }
        };
        write_packet(tag, &payload, to)
    }

    /// Reads one order; `None` at the end of the stream or at anything that is not an order.
    pub fn read(from: &mut impl Read) -> Option<Order> {
        let (tag, payload) = read_packet(from)?;
        let rest = &mut payload.as_slice();
        Some(match tag {
            b'l' => Order::Load {
                path: take_text(rest)?,
            },
            b'r' => Order::Run {
                cell: take_number(rest)?,
                keep: take_number(rest)? != 0,
                path: take_text(rest)?,
                start: take_text(rest)?,
            },
            b't' => Order::Restore {
                process: take_number(rest)?,
                time: take_number(rest)?,
            },
            b'f' => Order::Forget {
                process: take_number(rest)?,
            },
            _ => return None,
        })
    }
}

/// Writes a letter, the payload's length as four bytes (little end first), and the payload.
fn write_packet(tag: u8, payload: &[u8], to: &mut impl Write) -> std::io::Result<()> {
    let mut packet = vec![tag];
    put_number(&mut packet, payload.len() as u32);
    packet.extend(payload);
    to.write_all(&packet)?;
    to.flush()
}

fn read_packet(from: &mut impl Read) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    from.read_exact(&mut head).ok()?;
    let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
    if length > MAX_FRAME {
        return None;
    }
    let mut payload = Vec::new();
    from.take(u64::from(length))
        .read_to_end(&mut payload)
        .ok()?;
    Some((head[0], payload))
}

impl Frame {
    /// Writes the frame.
    ///
    /// # Errors
    /// What the connection says.
    pub fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
        let mut payload = Vec::new();
        let tag = match self {
            Frame::Hello { token, process } => {
                put_text(&mut payload, token);
                put_number(&mut payload, *process);
                b'H'
            }
            Frame::Begin { cell } => {
                put_number(&mut payload, *cell);
                b'B'
            }
            Frame::Result { text } => {
                put_text(&mut payload, text);
                b'R'
            }
            Frame::Said { text, html } => {
                put_text(&mut payload, text);
                put_text(&mut payload, html);
                b'S'
            }
            Frame::Displaying { phase } => {
                put_number(&mut payload, *phase);
                b'D'
            }
            Frame::Raised {
                ename,
                evalue,
                place,
            } => {
                put_text(&mut payload, ename);
                put_text(&mut payload, evalue);
                put_place(&mut payload, place);
                b'X'
            }
            Frame::Note { text, place } => {
                put_text(&mut payload, text);
                put_place(&mut payload, place);
                b'N'
            }
            Frame::End { cell, phase } => {
                put_number(&mut payload, *cell);
                put_number(&mut payload, *phase);
                b'E'
            }
            Frame::Snapshot { process, threads } => {
                put_number(&mut payload, *process);
                put_number(&mut payload, *threads);
                b'K'
            }
            Frame::Ended {
                process,
                status,
                phase,
            } => {
                put_number(&mut payload, *process);
                put_number(&mut payload, *status);
                put_number(&mut payload, *phase);
                b'Z'
            }
        };
        write_packet(tag, &payload, to)
    }

    /// Reads one frame; `None` at the end of the stream or at anything that is not a frame.
    pub fn read(from: &mut impl Read) -> Option<Frame> {
        let (tag, payload) = read_packet(from)?;
        let rest = &mut payload.as_slice();
        Some(match tag {
            b'H' => Frame::Hello {
                token: take_text(rest)?,
                process: take_number(rest)?,
            },
            b'B' => Frame::Begin {
                cell: take_number(rest)?,
            },
            b'R' => Frame::Result {
                text: take_text(rest)?,
            },
            b'S' => Frame::Said {
                text: take_text(rest)?,
                html: take_text(rest)?,
            },
            b'D' => Frame::Displaying {
                phase: take_number(rest)?,
            },
            b'X' => Frame::Raised {
                ename: take_text(rest)?,
                evalue: take_text(rest)?,
                place: take_place(rest)?,
            },
            b'N' => Frame::Note {
                text: take_text(rest)?,
                place: take_place(rest)?,
            },
            b'E' => Frame::End {
                cell: take_number(rest)?,
                phase: take_number(rest)?,
            },
            b'K' => Frame::Snapshot {
                process: take_number(rest)?,
                threads: take_number(rest)?,
            },
            b'Z' => Frame::Ended {
                process: take_number(rest)?,
                status: take_number(rest)?,
                phase: take_number(rest)?,
            },
            _ => return None,
        })
    }
}

fn put_number(to: &mut Vec<u8>, number: u32) {
    to.extend(number.to_le_bytes());
}

fn put_text(to: &mut Vec<u8>, text: &str) {
    let text = &text[..boundary(text, MAX_TEXT)];
    put_number(to, text.len() as u32);
    to.extend(text.as_bytes());
}

/// The last place in `text`, not behind `most`, where it can be cut.
pub fn boundary(text: &str, most: usize) -> usize {
    (0..=most.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

fn put_place(to: &mut Vec<u8>, place: &Place) {
    put_text(to, &place.file);
    put_number(to, place.line);
    put_number(to, place.column);
}

fn take_number(from: &mut &[u8]) -> Option<u32> {
    let (number, rest) = from.split_first_chunk::<4>()?;
    *from = rest;
    Some(u32::from_le_bytes(*number))
}

fn take_text(from: &mut &[u8]) -> Option<String> {
    let length = take_number(from)? as usize;
    let (text, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(String::from_utf8_lossy(text).into_owned())
}

fn take_place(from: &mut &[u8]) -> Option<Place> {
    Some(Place {
        file: take_text(from)?,
        line: take_number(from)?,
        column: take_number(from)?,
    })
}

/// The bytes that stand between two phases in stdout and stderr: what comes before the phase's number. A zero byte ends it.
pub fn mark_prefix(token: &str) -> Vec<u8> {
    format!("\0radio {token} ").into_bytes()
}
