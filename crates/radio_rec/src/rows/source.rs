//! Where the bytes of a table come from: a file or a reader, uncompressed where that is needed, a piece at a time.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use super::{Problem, SAVE_AS};
use crate::Error;
use crate::near::missing_file;

/// How many bytes are looked at to find the first line: no header is longer.
const LONGEST_FIRST_LINE: usize = 1 << 20;

/// How many bytes are read at once.
const PIECE: usize = 1 << 16;

/// The bytes of a table, without a byte order mark.
pub(crate) struct Source<'a> {
    /// What was read to look at.
    head: Vec<u8>,
    rest: Box<dyn Read + 'a>,
    /// How far it has been read.
    pub(crate) reach: Reach,
}

/// How many bytes have been read of a source, before anything was unpacked.
#[derive(Clone)]
pub(crate) struct Reach {
    read: Rc<Cell<u64>>,
    /// Of a file, how long it is.
    pub(crate) total: Option<u64>,
}

impl Reach {
    pub(crate) fn read(&self) -> u64 {
        self.read.get()
    }
}

impl<'a> Source<'a> {
    /// A file, as it is or compressed.
    pub(crate) fn open(path: &Path) -> crate::Result<Self> {
        let file = File::open(path).map_err(|source| unreadable(path, source))?;
        let length = file.metadata().ok().filter(|about| about.is_file());
        Self::new(file, length.map(|about| about.len())).map_err(|problem| problem.at(path))
    }

    /// What a reader gives, as it is or compressed.
    pub(crate) fn of(reader: impl Read + 'a) -> Result<Self, Problem> {
        Self::new(reader, None)
    }

    fn new(reader: impl Read + 'a, total: Option<u64>) -> Result<Self, Problem> {
        let read = Rc::new(Cell::new(0));
        let mut rest: Box<dyn Read + 'a> = Box::new(Counted {
            inner: reader,
            read: read.clone(),
        });
        let mut head = Vec::new();
        fill(&mut head, &mut rest, MAGIC)?;
        if let Some(packing) = Packing::of(&head) {
            let packed = Cursor::new(std::mem::take(&mut head)).chain(rest);
            rest = packing.unpacked(packed)?;
            fill(&mut head, &mut rest, MAGIC)?;
        }
        refuse_what_is_no_text(&head)?;
        if head.starts_with("\u{feff}".as_bytes()) {
            head.drain(..3);
        }
        Ok(Self {
            head,
            rest,
            reach: Reach { read, total },
        })
    }

    /// The first line that is not empty, without its end.
    pub(crate) fn first_line(&mut self) -> Result<&[u8], Problem> {
        let ends = |byte: &u8| b"\r\n".contains(byte);
        loop {
            let start = self.head.iter().position(|byte| !ends(byte));
            let start = start.unwrap_or(self.head.len());
            let end = self.head[start..].iter().position(ends);
            let known = self.head.len();
            let is_whole = end.is_some() || known >= LONGEST_FIRST_LINE;
            if is_whole || !fill(&mut self.head, &mut self.rest, known + PIECE)? {
                let end = end.map_or(self.head.len(), |end| start + end);
                return Ok(&self.head[start..end]);
            }
        }
    }

    /// All the bytes, from the first on.
    pub(crate) fn into_reader(self) -> impl Read + 'a {
        Cursor::new(self.head).chain(self.rest)
    }
}

/// Reads until there are this many bytes; whether any came.
fn fill(head: &mut Vec<u8>, reader: &mut impl Read, wanted: usize) -> io::Result<bool> {
    let missing = wanted.saturating_sub(head.len()) as u64;
    Ok(reader.take(missing).read_to_end(head)? > 0)
}

struct Counted<R> {
    inner: R,
    read: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

/// How many bytes tell what a file is.
const MAGIC: usize = 6;

/// How a table is compressed.
#[derive(Clone, Copy)]
enum Packing {
    Gzip,
    Zstd,
}

impl Packing {
    fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            _ => None,
        }
    }

    #[cfg_attr(
        not(any(feature = "gzip", feature = "zstd")),
        expect(unused_variables, reason = "nothing can be unpacked")
    )]
    fn unpacked<'a>(self, packed: impl Read + 'a) -> Result<Box<dyn Read + 'a>, Problem> {
        let packed = io::BufReader::with_capacity(PIECE, packed);
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => Ok(Box::new(Unpacked {
                inner: flate2::bufread::MultiGzDecoder::new(packed),
                what: "gzip",
            })),
            #[cfg(feature = "zstd")]
            Self::Zstd => Ok(Box::new(Unpacked {
                inner: super::zstd::Frames::new(packed),
                what: "zstd",
            })),
            #[allow(unreachable_patterns, reason = "with all features there is no other")]
            packing => {
                let (name, tool) = match packing {
                    Self::Gzip => ("gzip", "gunzip"),
                    Self::Zstd => ("zstd", "unzstd"),
                };
                Err(at_the_beginning(format!(
                    "the table is compressed by {name}; unpack it with {tool}, or compile radio_rec with the \
                     feature `{name}`"
                )))
            }
        }
    }
}

/// Says of compressed bytes that are damaged what to do.
#[cfg(any(feature = "gzip", feature = "zstd"))]
struct Unpacked<R> {
    inner: R,
    what: &'static str,
}

#[cfg(any(feature = "gzip", feature = "zstd"))]
impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
        self.inner.read(buffer).map_err(|error| {
            let kind = error.kind();
            if !matches!(kind, InvalidData | InvalidInput | Other | UnexpectedEof) {
                return error;
            }
            let what = match kind {
                UnexpectedEof => "were cut short".into(),
                _ => format!("are damaged ({error})"),
            };
            let what = format!("its {} data {what}; get the file again", self.what);
            io::Error::new(kind, what)
        })
    }
}

/// An error for what is known to hold no rows of text.
fn refuse_what_is_no_text(head: &[u8]) -> Result<(), Problem> {
    let message = match head {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => format!("the text is UTF-16; {SAVE_AS}"),
        [b'P', b'K', 3, 4, ..] => {
            "this is a zip archive (or a spreadsheet); unpack it, or save the table as text".into()
        }
        b"BZh91A" => "the table is compressed by bzip2; unpack it with bunzip2".into(),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            "the table is compressed by xz; unpack it with unxz".into()
        }
        [b'P', b'A', b'R', b'1', ..] => {
            "this is a Parquet file; save its table as comma-separated values".into()
        }
        _ => return Ok(()),
    };
    Err(at_the_beginning(message))
}

fn at_the_beginning(message: String) -> Problem {
    Problem::Table {
        line: 1,
        column: 1,
        message,
    }
}

/// What to say of a file that could not be read: for a missing one, with similar names.
fn unreadable(path: &Path, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::NotFound {
        return missing_file(path);
    }
    Error::Io {
        path: path.into(),
        source,
    }
}
