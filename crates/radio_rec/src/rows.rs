//! What the readers of tables share: rows a piece at a time, their lines, and what is wrong where.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::Path;

use csv::ByteRecord;

mod source;
#[cfg(feature = "zstd")]
mod zstd;

use crate::Error;
pub(crate) use source::Source;

/// What to do with a table in another encoding.
const SAVE_AS: &str = "save the table as UTF-8 (in a spreadsheet program \"CSV UTF-8\")";

/// Why a table cannot be used.
pub(crate) enum Problem {
    /// What is wrong with it, and where: line and cell from 1.
    Table {
        line: u64,
        column: u64,
        message: String,
    },
    /// What the system said.
    Io(io::Error),
}

impl Problem {
    /// The error for the table in this file.
    pub(crate) fn at(self, path: &Path) -> Error {
        let path = path.into();
        match self {
            Problem::Table {
                line,
                column,
                message,
            } => Error::Csv {
                path,
                line,
                column,
                message,
            },
            Problem::Io(source) => Error::Io { path, source },
        }
    }
}

impl From<io::Error> for Problem {
    fn from(source: io::Error) -> Self {
        Problem::Io(source)
    }
}

/// The rows of a table, whatever their lengths, read one after the other.
pub(crate) struct Rows<R>(csv::Reader<Lines<R>>);

/// The rows of a source, where cells may be in quotation marks if there is `quoting`.
pub(crate) fn rows<'a>(
    source: Source<'a>,
    delimiter: u8,
    quoting: bool,
) -> Rows<impl Read + use<'a>> {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .quoting(quoting)
        .buffer_capacity(1 << 16)
        .from_reader(Lines::of(source.into_reader()));
    Rows(reader)
}

impl<R: Read> Rows<R> {
    /// Reads the next row over the one that is there; false at the end, where the row keeps its line.
    pub(crate) fn next(&mut self, row: &mut Row) -> Result<bool, Problem> {
        let begins = self.0.position().byte();
        let read = self.0.read_byte_record(&mut row.record);
        let is_read = read.map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(source) => Problem::Io(source),
            kind => Problem::Io(io::Error::other(format!("{kind:?}"))),
        })?;
        if is_read {
            row.line = self.0.get_mut().line_of_row(begins);
            row.check_utf8()?;
        }
        Ok(is_read)
    }
}

/// A row of a table.
#[derive(Clone, Default)]
pub(crate) struct Row {
    /// Its cells, which are UTF-8.
    record: ByteRecord,
    /// Where it begins, from 1.
    line: u64,
}

impl Row {
    pub(crate) fn len(&self) -> usize {
        self.record.len()
    }

    /// The line on which the row begins, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// A cell without the space around it.
    pub(crate) fn get(&self, column: usize) -> &str {
        let cell = self.record.get(column).unwrap_or_default();
        str::from_utf8(cell).unwrap_or_default().trim()
    }

    /// The cell that has a line break in it, which a forgotten quotation mark brings about.
    pub(crate) fn left_open(&self) -> Option<usize> {
        self.record.iter().position(|cell| line_ends(cell) > 0)
    }

    /// A problem with the cell, counted from 0.
    pub(crate) fn problem(&self, column: usize, message: impl Into<String>) -> Problem {
        Problem::Table {
            line: self.line_of(column),
            column: column as u64 + 1,
            message: message.into(),
        }
    }

    /// The line on which a cell begins.
    fn line_of(&self, column: usize) -> u64 {
        // Line breaks within quoted cells are still in their text.
        let before = self.record.iter().take(column);
        self.line + before.map(line_ends).sum::<u64>()
    }

    /// An error for a row that is in another encoding.
    fn check_utf8(&self) -> Result<(), Problem> {
        if self.record.as_slice().is_ascii() {
            return Ok(());
        }
        for (column, cell) in self.record.iter().enumerate() {
            if let Err(error) = str::from_utf8(cell) {
                let (valid, rest) = cell.split_at(error.valid_up_to());
                return Err(Problem::Table {
                    line: self.line_of(column) + line_ends(valid),
                    column: column as u64 + 1,
                    message: format!("the byte 0x{:02X} is not UTF-8; {SAVE_AS}", rest[0]),
                });
            }
        }
        Ok(())
    }
}

/// How many lines end in a text: at `\n`, `\r\n` or `\r`.
fn line_ends(text: &[u8]) -> u64 {
    let ends_line = |&at: &usize| match text[at] {
        b'\n' => true,
        b'\r' => text.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    (0..text.len()).filter(ends_line).count() as u64
}

/// Bytes that are passed on, and where lines end in them.
struct Lines<R> {
    inner: R,
    /// How many bytes were passed on.
    handed: u64,
    /// The first and the last byte of each line end after which later rows may begin.
    ends: VecDeque<(u64, u64)>,
    /// How many there were before.
    passed: u64,
    /// The last `\r`, which a `\n` may follow.
    last_return: Option<u64>,
}

impl<R> Lines<R> {
    fn of(inner: R) -> Self {
        Self {
            inner,
            handed: 0,
            ends: VecDeque::new(),
            passed: 0,
            last_return: None,
        }
    }

    /// The line of the row for which the search began at this byte: it may have come to blank lines first.
    fn line_of_row(&mut self, begins: u64) -> u64 {
        while self.ends.front().is_some_and(|&(_, last)| last < begins) {
            self.ends.pop_front();
            self.passed += 1;
        }
        let mut at = begins;
        let mut blank = 0;
        for &(first, last) in &self.ends {
            if !(first..=last).contains(&at) {
                break;
            }
            at = last + 1;
            blank += 1;
        }
        1 + self.passed + blank
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for within in memchr::memchr2_iter(b'\n', b'\r', &buffer[..read]) {
            let at = self.handed + within as u64;
            let after_return = at > 0 && self.last_return == Some(at - 1);
            if buffer[within] == b'\r' {
                self.last_return = Some(at);
                self.ends.push_back((at, at));
            } else if !after_return {
                self.ends.push_back((at, at));
            } else if let Some(end) = self.ends.back_mut().filter(|end| end.1 + 1 == at) {
                end.1 = at;
            }
        }
        self.handed += read as u64;
        Ok(read)
    }
}

/// "1 cell", "2 cells".
pub(crate) fn cells(count: usize) -> String {
    format!("{count} cell{}", if count == 1 { "" } else { "s" })
}

/// What separates the cells of a row that seems to have one cell, other than its delimiter.
pub(crate) fn other_separator(row: &Row) -> Option<&'static str> {
    let text = row.get(0);
    let seen = [";", "\t", "|", "::", ","];
    (row.len() == 1)
        .then(|| seen.into_iter().find(|separator| text.contains(separator)))
        .flatten()
}

/// A separator as Rust writes it: a character where it is one.
pub(crate) fn quoted(separator: &str) -> String {
    let mut characters = separator.chars();
    match (characters.next(), characters.next()) {
        (Some(only), None) => format!("{only:?}"),
        _ => format!("{separator:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A reader that gives a few bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(self.0.len()).min(buffer.len());
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    /// The line of each row, found by looking at the whole text.
    fn lines_slowly(text: &str) -> Vec<u64> {
        let bytes = text.as_bytes();
        let mut lines = Vec::new();
        let mut at = 0;
        let mut line = 1;
        while at < bytes.len() {
            let end = (at..bytes.len()).find(|&at| b"\r\n".contains(&bytes[at]));
            if end != Some(at) {
                lines.push(line);
            }
            let Some(end) = end else { break };
            at = end + 1;
            if bytes[end] == b'\r' && bytes.get(at) == Some(&b'\n') {
                at += 1;
            }
            line += 1;
        }
        lines
    }

    fn lines_found(text: &str, piece: usize) -> Vec<u64> {
        let source = Source::of(Drops(text.as_bytes(), piece));
        let source = source.ok().expect("text");
        let mut rows = rows(source, b',', false);
        let mut row = Row::default();
        let mut lines = Vec::new();
        while rows.next(&mut row).ok().expect("text") {
            lines.push(row.line());
        }
        lines
    }

    proptest! {
        #[test]
        fn lines_are_found_in_pieces(text in "[a,\r\n]{0,30}", piece in 1usize..9) {
            prop_assert_eq!(lines_found(&text, piece), lines_slowly(&text));
        }
    }
}
