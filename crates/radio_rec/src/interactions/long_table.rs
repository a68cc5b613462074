//! The long table: a row a play.

mod header;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::path::Path;

use csv::StringRecord;

use self::header::Places;
use super::table::{Cells, Problem, cells, decode, read_all, read_file};
use super::{Catalogue, Interactions, ItemName, UserName, what_a_value_must_be};

use crate::error::excerpt;

/// What happens to a user and an item that have more than one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Duplicates {
    /// Their values are added up, and the latest timestamp is kept.
    #[default]
    Sum,
    /// The table is refused.
    Refuse,
}

/// A column of a long table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// By what the header calls it, without RecBole's `:type`.
    Name(String),
    /// By its place, from 1, as errors count.
    Position(usize),
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Column::Name(name.into())
    }
}

impl From<usize> for Column {
    fn from(position: usize) -> Self {
        Column::Position(position)
    }
}

/// How far reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The rows read, without the header.
    pub rows: usize,
    /// The bytes read.
    pub bytes: usize,
    /// The bytes of the whole table.
    pub total_bytes: usize,
}

/// A reader of long tables: a row a play, with a user, an item, and if wanted a weight and a timestamp.
///
/// ```text
/// user,item,plays,timestamp           user_id:token⇥item_id:token⇥rating:float⇥timestamp:float
/// ann,u2,3,1606694400                 196⇥242⇥3⇥881250949
/// ```
///
/// | setting | default |
/// |---|---|
/// | `user`, `item` | the columns that the header calls so, as [`USER`](Self::USER) and [`ITEM`](Self::ITEM) have it |
/// | `weight` | the first column of a name in [`WEIGHT`](Self::WEIGHT); without one every row counts 1 |
/// | `timestamp` | the first column of a name in [`TIMESTAMP`](Self::TIMESTAMP), read as numbers; without one there are no timestamps |
/// | `header` | the first row is a header; without one, user and item are columns 1 and 2, a weight and a timestamp must be placed |
/// | `delimiter` | a tab if the first row has one, otherwise a comma |
/// | `quotes` | cells may be in quotation marks, unless the delimiter is a tab |
/// | `duplicates` | [`Duplicates::Sum`] |
///
/// Names in headers are compared without regard to capitals. RecBole's `name:type` is read as `name`. Users and items
/// enter the catalogue in the order in which they are first named; a weight of 0 names its user and item and stores nothing.
/// Space around cells is dropped, blank lines are skipped, the encoding is UTF-8 with or without a byte order mark.
///
/// ```
/// use radio_rec::interactions::{Duplicates, LongTable};
///
/// let table = "who\tartist\tplays\nann\tu2\t3\nann\tabba\t1\nann\tu2\t2\n";
/// let data = LongTable::new().user("who").item("artist").read_from(table.as_bytes(), "plays.tsv")?;
/// assert_eq!(data.value(data.user("ann")?, data.item("u2")?), 5.0);
///
/// let refused = LongTable::new().user("who").duplicates(Duplicates::Refuse).read_from(table.as_bytes(), "plays.tsv");
/// assert_eq!(
///     refused.unwrap_err().to_string(),
///     "plays.tsv, line 4, column 2: user `ann` and item `u2` have a row already, on line 2; give them one row, or sum duplicates"
/// );
/// # Ok::<(), radio_rec::Error>(())
/// ```
pub struct LongTable<'a> {
    user: Option<Column>,
    item: Option<Column>,
    weight: Optional,
    timestamp: Optional,
    header: bool,
    delimiter: Option<u8>,
    quotes: Option<bool>,
    duplicates: Duplicates,
    progress: Option<Box<dyn FnMut(Progress) + 'a>>,
}

/// Where something is that a table need not have.
#[derive(Clone, Debug)]
enum Optional {
    /// In the first column that is called so, if there is one.
    Found,
    Column(Column),
    /// Nowhere, whatever columns there are.
    Nowhere,
}

/// How many rows are read from one call of the progress callback to the next.
const ROWS_BETWEEN: usize = 1 << 16;

impl Interactions {
    /// Reads a long table of comma- or tab-separated values: a row a play, with a user, an item, and if there are such columns
    /// a weight and a timestamp. [`LongTable`] reads tables that call them otherwise, and says what is read by default.
    ///
    /// # Errors
    ///
    /// Those of [`LongTable::read`].
    pub fn from_long_csv(path: impl AsRef<Path>) -> crate::Result<Self> {
        LongTable::new().read(path)
    }
}

impl Default for LongTable<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> LongTable<'a> {
    /// What a column of users is called, unless another is named.
    pub const USER: &'static [&'static str] = &["user", "user_id", "userid", "user id"];
    /// What a column of items is called, unless another is named.
    pub const ITEM: &'static [&'static str] = &[
        "item",
        "item_id",
        "itemid",
        "item id",
        "artist",
        "artist_id",
        "artistid",
        "movieid",
        "movie_id",
    ];
    /// What a column of weights is called, unless another is named.
    pub const WEIGHT: &'static [&'static str] = &[
        "weight",
        "rating",
        "plays",
        "count",
        "value",
        "playcount",
        "play_count",
    ];
    /// What a column of timestamps is called, unless another is named.
    pub const TIMESTAMP: &'static [&'static str] = &["timestamp", "time", "unixtime"];

    /// With the defaults above.
    pub fn new() -> Self {
        Self {
            user: None,
            item: None,
            weight: Optional::Found,
            timestamp: Optional::Found,
            header: true,
            delimiter: None,
            quotes: None,
            duplicates: Duplicates::Sum,
            progress: None,
        }
    }

    /// The column of users: a name, or a position from 1.
    pub fn user(mut self, column: impl Into<Column>) -> Self {
        self.user = Some(column.into());
        self
    }

    /// The column of items: a name, or a position from 1.
    pub fn item(mut self, column: impl Into<Column>) -> Self {
        self.item = Some(column.into());
        self
    }

    /// The column of weights: a name, or a position from 1.
    pub fn weight(mut self, column: impl Into<Column>) -> Self {
        self.weight = Optional::Column(column.into());
        self
    }

    /// Every row counts 1, whatever columns there are.
    pub fn unweighted(mut self) -> Self {
        self.weight = Optional::Nowhere;
        self
    }

    /// The column of timestamps: a name, or a position from 1.
    pub fn timestamp(mut self, column: impl Into<Column>) -> Self {
        self.timestamp = Optional::Column(column.into());
        self
    }

    /// No timestamps, whatever columns there are: such as one of dates in words, which is not read.
    pub fn without_timestamps(mut self) -> Self {
        self.timestamp = Optional::Nowhere;
        self
    }

    /// The first row is a row like all others.
    pub fn without_header(mut self) -> Self {
        self.header = false;
        self
    }

    /// What separates cells: a character of ASCII, but no quotation mark and no line end.
    pub fn delimiter(mut self, delimiter: u8) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// Whether a cell may be in quotation marks, which are then no part of it.
    pub fn quotes(mut self, quotes: bool) -> Self {
        self.quotes = Some(quotes);
        self
    }

    /// What happens to a user and an item that have more than one row.
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// A function that is called every 65,536 rows, and once at the end.
    pub fn progress(mut self, callback: impl FnMut(Progress) + 'a) -> Self {
        self.progress = Some(Box::new(callback));
        self
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`Error::FileNotFound`](crate::Error::FileNotFound) or [`Error::Io`](crate::Error::Io) for a file that is not there or
    /// cannot be read; [`Error::Csv`](crate::Error::Csv) with line and column for an empty file, a header that lacks a column,
    /// a table without rows, a row of another length than the first, an empty name, a weight that is not a number or is negative, infinite or (where
    /// not 0) outside 1e-30 to 1e30, a timestamp that is not a finite number, a second row of a user and an item where such
    /// are refused, and text that is not UTF-8; [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a delimiter that is
    /// none.
    pub fn read(self, path: impl AsRef<Path>) -> crate::Result<Interactions> {
        let path = path.as_ref();
        self.parse(read_file(path)?, path)
    }

    /// Reads anything that can be read; `label` stands for the file's name in errors.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub fn read_from(
        self,
        reader: impl Read,
        label: impl AsRef<Path>,
    ) -> crate::Result<Interactions> {
        let label = label.as_ref();
        self.parse(read_all(reader, label)?, label)
    }

    fn parse(mut self, bytes: Vec<u8>, path: &Path) -> crate::Result<Interactions> {
        let delimiter = self.delimiter.unwrap_or_else(|| {
            let first = bytes
                .split(|&byte| byte == b'\n' || byte == b'\r')
                .find(|line| !line.is_empty());
            if first.is_some_and(|line| line.contains(&b'\t')) {
                b'\t'
            } else {
                b','
            }
        });
        if !delimiter.is_ascii() || b"\"\r\n".contains(&delimiter) {
            return Err(crate::Error::InvalidParameter {
                name: "delimiter",
                value: format!("the byte 0x{delimiter:02X}"),
                expected: "a character of ASCII, other than a quotation mark or a line end".into(),
            });
        }
        let text = decode(&bytes, delimiter, self.quoting(delimiter))
            .map_err(|problem| problem.at(path))?;
        let rows = self
            .rows(text, delimiter)
            .map_err(|problem| problem.at(path))?;
        // The text goes before the matrix comes.
        drop(bytes);
        let Rows {
            users,
            items,
            entries,
            times,
        } = rows;
        Interactions::from_timed_parts(
            users.names.into_iter().map(UserName::from).collect(),
            items.names.into_iter().map(ItemName::from).collect(),
            entries,
            times,
        )
    }

    /// Whether cells may be in quotation marks.
    fn quoting(&self, delimiter: u8) -> bool {
        self.quotes.unwrap_or(delimiter != b'\t')
    }

    fn reader<'t>(&self, text: &'t str, delimiter: u8) -> csv::Reader<&'t [u8]> {
        csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .quoting(self.quoting(delimiter))
            .from_reader(text.as_bytes())
    }

    fn rows(&mut self, text: &str, delimiter: u8) -> Result<Rows, Problem> {
        let mut reader = self.reader(text, delimiter);
        let mut record = StringRecord::new();
        if !next(&mut reader, &mut record) {
            return Err(Problem {
                line: 1,
                column: 1,
                message: "the table is empty; it must have a row for each play".into(),
            });
        }
        let first = record.clone();
        let first = Cells::new(text, &first);
        let places = Places::find(self, first)?;
        if self.header && !next(&mut reader, &mut record) {
            let message = "the table ends after its header; a row for each play must follow";
            return Err(first.problem(0, message));
        }

        let mut rows = Rows {
            users: Catalogue::default(),
            items: Catalogue::default(),
            entries: Vec::new(),
            times: places.timestamp.is_some().then(Vec::new),
        };
        let mut seen: HashSet<(u32, u32)> = HashSet::new();
        // Often the rows of a user follow one another.
        let mut last_user = (String::new(), 0);
        loop {
            let row = Cells::new(text, &record);
            let (found, expected) = (row.len(), first.len());
            if found != expected {
                let mut message =
                    format!("the row has {} but the first has {expected}", cells(found));
                let open = row.left_open();
                if open.is_some() {
                    message += "; a quotation mark seems to be left open";
                }
                return Err(row.problem(open.unwrap_or(found.min(expected)), message));
            }
            let user = name(row, places.user, "user")?;
            let item = name(row, places.item, "item")?;
            if last_user.0 != user || rows.entries.is_empty() {
                last_user = (user.to_owned(), rows.users.index_of(user));
            }
            let (user, item) = (last_user.1, rows.items.index_of(item));
            if self.duplicates == Duplicates::Refuse && !seen.insert((user, item)) {
                return Err(self.doubled(row, &places, text, delimiter));
            }
            let weight = match places.weight {
                Some(column) => weight(row, column, &places)?,
                None => 1.0,
            };
            if let (Some(column), Some(times)) = (places.timestamp, &mut rows.times) {
                let is_found = matches!(self.timestamp, Optional::Found);
                times.push(timestamp(row, column, is_found)?);
            }
            if rows.entries.len() == rows.entries.capacity() {
                reserve(
                    &mut rows.entries,
                    reader.position().byte() as usize,
                    text.len(),
                );
            }
            rows.entries.push((user, item, weight));

            let more = next(&mut reader, &mut record);
            if let Some(callback) = &mut self.progress
                && (!more || rows.entries.len().is_multiple_of(ROWS_BETWEEN))
            {
                callback(Progress {
                    rows: rows.entries.len(),
                    bytes: reader.position().byte() as usize,
                    total_bytes: text.len(),
                });
            }
            if !more {
                return Ok(rows);
            }
        }
    }

    /// What is wrong with a second row of a user and an item: the first one is looked for only now.
    fn doubled(&self, row: Cells<'_>, places: &Places, text: &str, delimiter: u8) -> Problem {
        let (user, item) = (row.get(places.user), row.get(places.item));
        let mut reader = self.reader(text, delimiter);
        let mut record = StringRecord::new();
        let mut skip = self.header;
        while next(&mut reader, &mut record) {
            let first = Cells::new(text, &record);
            if !skip && first.get(places.user) == user && first.get(places.item) == item {
                break;
            }
            skip = false;
        }
        let first = Cells::new(text, &record).problem(0, "").line;
        let message = format!(
            "user `{}` and item `{}` have a row already, on line {first}; give them one row, or sum duplicates",
            excerpt(user),
            excerpt(item),
        );
        row.problem(places.item, message)
    }
}

/// What the rows say.
struct Rows {
    users: Catalogue,
    items: Catalogue,
    entries: Vec<(u32, u32, f64)>,
    /// Of each entry, if there are timestamps.
    times: Option<Vec<f64>>,
}

/// Reads a row; false at the end.
fn next(reader: &mut csv::Reader<&[u8]>, record: &mut StringRecord) -> bool {
    // Reading UTF-8 from memory into rows of any length has no way to fail.
    reader.read_record(record).unwrap_or(false)
}

/// Makes room for as many rows as the rest of the table seems to have: doubling would take twice the memory for a while.
fn reserve(entries: &mut Vec<(u32, u32, f64)>, read: usize, total: usize) {
    let expected = entries.len() as f64 * total as f64 / read.max(1) as f64 * 1.02;
    let known = entries.len() >= 1000;
    let more = if known {
        expected as usize - entries.len().min(expected as usize)
    } else {
        1000
    };
    entries.reserve_exact(more.max(1000));
}

fn name<'a>(row: Cells<'a>, column: usize, kind: &str) -> Result<&'a str, Problem> {
    let name = row.get(column);
    if name.is_empty() {
        return Err(row.problem(
            column,
            format!("the {kind} has no name; every row must name one"),
        ));
    }
    Ok(name)
}

fn weight(row: Cells<'_>, column: usize, places: &Places) -> Result<f64, Problem> {
    let text = row.get(column);
    let value = text.parse().unwrap_or(f64::NAN);
    let Some(expected) = what_a_value_must_be(value) else {
        return Ok(value);
    };
    let message = format!(
        "the weight `{}` of user `{}` and item `{}` must be {expected}",
        excerpt(text),
        excerpt(row.get(places.user)),
        excerpt(row.get(places.item)),
    );
    Err(row.problem(column, message))
}

fn timestamp(row: Cells<'_>, column: usize, is_found: bool) -> Result<f64, Problem> {
    let text = row.get(column);
    match text.parse() {
        Ok(time) if f64::is_finite(time) => Ok(time),
        _ => {
            let mut message = format!(
                "the timestamp `{}` must be a number, such as seconds since 1970",
                excerpt(text)
            );
            if is_found {
                message += "; `without_timestamps` leaves the column unread";
            }
            Err(row.problem(column, message))
        }
    }
}

impl fmt::Debug for LongTable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongTable")
            .field("user", &self.user)
            .field("item", &self.item)
            .field("weight", &self.weight)
            .field("timestamp", &self.timestamp)
            .field("header", &self.header)
            .field("delimiter", &self.delimiter)
            .field("quotes", &self.quotes)
            .field("duplicates", &self.duplicates)
            .finish_non_exhaustive()
    }
}
