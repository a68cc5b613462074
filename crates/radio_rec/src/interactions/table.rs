//! What the readers of tables share: reading a file whole, finding lines, saying what is wrong where.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use csv::StringRecord;

use super::suggest::nearest_names;
use crate::Error;

/// The bytes of a file.
pub(super) fn read_file(path: &Path) -> crate::Result<Vec<u8>> {
    fs::read(path).map_err(|source| unreadable(path, source))
}

/// All that a reader gives; `label` stands for the file's name.
pub(super) fn read_all(mut reader: impl Read, label: &Path) -> crate::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(|source| Error::Io {
        path: label.into(),
        source,
    })?;
    Ok(bytes)
}

/// What to say of a file that could not be read: for a missing one, what there is.
fn unreadable(path: &Path, source: io::Error) -> Error {
    if source.kind() != io::ErrorKind::NotFound {
        return Error::Io {
            path: path.into(),
            source,
        };
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let there: Vec<String> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Error::FileNotFound {
        path: path.into(),
        looked_in: std::path::absolute(&folder).unwrap_or(folder),
        suggestions: nearest_names(&name, &there),
    }
}

/// What is wrong with a table, and where.
pub(super) struct Problem {
    pub(super) line: u64,
    pub(super) column: u64,
    pub(super) message: String,
}

impl Problem {
    pub(super) fn at(self, path: &Path) -> Error {
        let Problem {
            line,
            column,
            message,
        } = self;
        Error::Csv {
            path: path.into(),
            line,
            column,
            message,
        }
    }
}

/// The text of the file, without its byte order mark; `quoting` as of [`records`].
pub(super) fn decode(bytes: &[u8], delimiter: u8, quoting: bool) -> Result<&str, Problem> {
    const SAVE_AS: &str = "save the table as UTF-8 (in a spreadsheet program \"CSV UTF-8\")";
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Problem {
            line: 1,
            column: 1,
            message: format!("the text is UTF-16; {SAVE_AS}"),
        });
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        // The cell that the bad byte is in is the last one of what precedes it, which an `x` in its place completes.
        let records = records(&format!("{valid}x"), delimiter, quoting);
        Problem {
            line: lines_before(valid, valid.len()) + 1,
            column: records.last().map_or(1, |last| last.len() as u64),
            message: format!("the byte 0x{:02X} is not UTF-8; {SAVE_AS}", rest[0]),
        }
    })
}

/// The rows of the table, whatever their lengths, where cells may be in quotation marks if there is `quoting`.
pub(super) fn records(text: &str, delimiter: u8, quoting: bool) -> Vec<StringRecord> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .quoting(quoting)
        .from_reader(text.as_bytes())
        .into_records()
        // Reading UTF-8 from memory into rows of any length has no way to fail.
        .map_while(Result::ok)
        .collect()
}

/// How many lines end before `end`: at `\n`, `\r\n` or `\r`.
pub(super) fn lines_before(text: &str, end: usize) -> u64 {
    let bytes = text.as_bytes();
    let ends_line = |at: usize| match bytes[at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    (0..end).filter(|&at| ends_line(at)).count() as u64
}

/// A row of the table, and the table's text to find its lines in.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a> {
    text: &'a str,
    record: &'a StringRecord,
}

impl<'a> Cells<'a> {
    pub(super) fn new(text: &'a str, record: &'a StringRecord) -> Self {
        Self { text, record }
    }

    pub(super) fn len(self) -> usize {
        self.record.len()
    }

    /// A cell without the space around it.
    pub(super) fn get(self, column: usize) -> &'a str {
        self.record.get(column).unwrap_or_default().trim()
    }

    /// The cell that has a line break in it, which a forgotten quotation mark brings about.
    pub(super) fn left_open(self) -> Option<usize> {
        self.record
            .iter()
            .position(|cell| cell.contains(['\n', '\r']))
    }

    /// A problem with the cell, counted from 0.
    pub(super) fn problem(self, column: usize, message: impl Into<String>) -> Problem {
        let row = self.record.position().map_or(0, csv::Position::byte) as usize;
        // The position is where the search for the row began, which is before the blank lines that precede it.
        let blank = self.text[row..]
            .bytes()
            .take_while(|byte| b"\r\n".contains(byte))
            .count();
        // Line breaks within quoted cells are still in their text.
        let within: u64 = self
            .record
            .iter()
            .take(column)
            .map(|cell| lines_before(cell, cell.len()))
            .sum();
        Problem {
            line: 1 + lines_before(self.text, row + blank) + within,
            column: column as u64 + 1,
            message: message.into(),
        }
    }
}

/// "1 cell", "2 cells".
pub(super) fn cells(count: usize) -> String {
    format!("{count} cell{}", if count == 1 { "" } else { "s" })
}
