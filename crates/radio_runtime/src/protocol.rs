//! What passes between a session and a host: [`Frame`]s one way, [`Order`]s the other.
//!
//! The host connects to the loopback address in [`SESSION_VARIABLE`] (`port:token`). Text on stdout and stderr is not
//! framed: it goes through the ordinary pipes, so that output of libraries and child processes is seen as well. So that
//! the two pipes can be put back into the order in which they were written, the host numbers its *phases*: at each
//! change between stdout and stderr, and at each cell's end, it writes a mark with the next phase's number into both.

use std::io::{Read, Write};
use std::panic::Location;

/// The environment variable that holds `port:token`.
pub const SESSION_VARIABLE: &str = "RADIO_SESSION";
/// The session's answer to [`Frame::Begin`]: run this cell.
pub const GO: u8 = b'G';

/// The exit code of a program that has lost its connection to the session.
pub const LOST: i32 = 120;
/// The most of a value's text that is sent, in bytes; a little more than the session keeps, so that it sees what was
/// cut.
pub(crate) const MAX_TEXT: usize = (8 << 20) + 1024;
/// A longer frame is none.
const MAX_FRAME: u32 = 16 << 20;

/// By how much the phases grow when an earlier state is restored: those that were written since are over.
pub(crate) const PHASES: u32 = 1 << 20;

/// Where in a program's source something happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProgramLocation {
    /// The file, as the compiler was given it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl From<&Location<'_>> for ProgramLocation {
    fn from(at: &Location<'_>) -> ProgramLocation {
        ProgramLocation {
            file: at.file().to_owned(),
            line: at.line(),
            column: at.column(),
        }
    }
}

/// Defines what one side says to the other: an enum, and the letter by which each of its variants is written and read.
macro_rules! packets {
    ($(#[$about:meta])* $name:ident {
        $($(#[$variant_about:meta])* $tag:literal $variant:ident {
            $($(#[$field_about:meta])* $field:ident: $type:ty,)*
        })*
    }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {
            $($(#[$variant_about])* $variant { $($(#[$field_about])* $field: $type,)* },)*
        }

        impl $name {
            /// Writes it: the letter, the length of the fields as four bytes (little end first), and the fields.
            ///
            /// # Errors
            /// What the connection says.
            pub fn write(&self, to: &mut impl Write) -> std::io::Result<()> {
                let mut fields = Vec::new();
                let tag = match self {
                    $($name::$variant { $($field),* } => {
                        $($field.put(&mut fields);)*
                        $tag
                    })*
                };
                let mut packet = vec![tag];
                (fields.len() as u32).put(&mut packet);
                packet.extend(fields);
                to.write_all(&packet)?;
                to.flush()
            }

            /// Reads one; `None` at the end of the stream, or at anything else.
            pub fn read(from: &mut impl Read) -> Option<$name> {
                let (tag, fields) = read_packet(from)?;
                let rest = &mut fields.as_slice();
                Some(match tag {
                    $($tag => $name::$variant { $($field: Field::take(rest)?),* },)*
                    _ => return None,
                })
            }
        }
    };
}

packets! {
    /// What a host says to the session.
    Frame {
        /// The first frame of a connection: proves that the host is the one that the session started.
        b'H' Hello {
            /// What the session gave it.
            token: String,
            /// The process that runs cells; 0 for the one that keeps them, and for a host that has one process only.
            process: u32,
        }
        /// A host that has its cells from elsewhere stands before this one and waits for [`GO`].
        b'B' Begin {
            /// The cell's number.
            cell: u32,
        }
        /// The value of the cell's trailing expression.
        b'R' Result {
            /// Its text.
            text: String,
        }
        /// What a command of the cell answers.
        b'S' CommandOutput {
            /// The text.
            text: String,
            /// HTML, or nothing.
            html: String,
        }
        /// The trailing expression's `evcxr_display` starts to write to stdout.
        b'D' Displaying {
            /// The phase from which on it writes.
            phase: u32,
        }
        /// The cell failed.
        b'X' Raised {
            /// `Panic` or `Error`.
            ename: String,
            /// The message.
            evalue: String,
            /// Where.
            place: ProgramLocation,
        }
        /// A thread other than the cell's panicked, or the cell caught a panic of its own.
        b'N' Note {
            /// The message.
            text: String,
            /// Where.
            place: ProgramLocation,
        }
        /// The cell is over.
        b'E' End {
            /// Its number.
            cell: u32,
            /// All that it wrote comes before the mark of this phase.
            phase: u32,
        }
        /// The state before a cell is kept.
        b'K' Snapshot {
            /// The stopped process that has it.
            process: u32,
            /// How many threads beside the cells' own there were, which the stopped process does not have.
            threads: u32,
        }
        /// A process that ran cells has ended.
        b'Z' Ended {
            /// The process.
            process: u32,
            /// What the system says of its end, as `wait` gives it.
            status: u32,
            /// All that it wrote comes before the mark of this phase.
            phase: u32,
        }
    }
}

packets! {
    /// What a session asks of a host.
    Order {
        /// Load a library whose symbols later ones use.
        b'l' Load {
            /// The library.
            path: String,
        }
        /// Run a cell.
        b'r' Run {
            /// Its number.
            cell: u32,
            /// Whether to keep the state before it, in a process of its own.
            keep: bool,
            /// The library that has it.
            path: String,
            /// The name of its function there.
            start: String,
        }
        /// End the process that runs cells, and go on in the one that has an earlier state.
        b't' Restore {
            /// That process.
            process: u32,
            /// How often this was done, from 1.
            time: u32,
        }
        /// Forget an earlier state.
        b'f' Forget {
            /// The process that has it.
            process: u32,
        }
    }
}

fn read_packet(from: &mut impl Read) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    from.read_exact(&mut head).ok()?;
    let length = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
    if length > MAX_FRAME {
        return None;
    }
    let mut fields = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut fields).ok()?;
    Some((head[0], fields))
}

/// The last place in `text`, not after `most`, where it can be cut.
pub fn boundary(text: &str, most: usize) -> usize {
    (0..=most.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// What a packet is made of.
trait Field: Sized {
    fn put(&self, to: &mut Vec<u8>);
    /// Takes it off the front of what was read.
    fn take(from: &mut &[u8]) -> Option<Self>;
}

impl Field for u32 {
    fn put(&self, to: &mut Vec<u8>) {
        to.extend(self.to_le_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<u32> {
        let (number, rest) = from.split_first_chunk::<4>()?;
        *from = rest;
        Some(u32::from_le_bytes(*number))
    }
}

impl Field for bool {
    fn put(&self, to: &mut Vec<u8>) {
        u32::from(*self).put(to);
    }

    fn take(from: &mut &[u8]) -> Option<bool> {
        Some(u32::take(from)? != 0)
    }
}

impl Field for String {
    fn put(&self, to: &mut Vec<u8>) {
        let text = &self[..boundary(self, MAX_TEXT)];
        (text.len() as u32).put(to);
        to.extend(text.as_bytes());
    }

    fn take(from: &mut &[u8]) -> Option<String> {
        let length = u32::take(from)? as usize;
        let (text, rest) = from.split_at_checked(length)?;
        *from = rest;
        Some(String::from_utf8_lossy(text).into_owned())
    }
}

impl Field for ProgramLocation {
    fn put(&self, to: &mut Vec<u8>) {
        self.file.put(to);
        self.line.put(to);
        self.column.put(to);
    }

    fn take(from: &mut &[u8]) -> Option<ProgramLocation> {
        Some(ProgramLocation {
            file: Field::take(from)?,
            line: Field::take(from)?,
            column: Field::take(from)?,
        })
    }
}

/// The bytes that stand between two phases in stdout and stderr: what comes before the phase's number. A zero byte ends
/// it.
pub fn mark_prefix(token: &str) -> Vec<u8> {
    format!("\0radio {token} ").into_bytes()
}
