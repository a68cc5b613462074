//! The long table: a row a play.

mod header;
mod read;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::Read;
use std::path::Path;

use super::Interactions;
use crate::rows::Source;

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
    /// The bytes read, as they are in the file: of a compressed table fewer than those of its text.
    pub bytes: u64,
    /// The bytes of the whole file; nothing for a reader, whose length is not known.
    pub total_bytes: Option<u64>,
}

/// A reader of long tables: a row a play, with a user, an item, and if wanted a weight and a timestamp.
///
/// It reads a piece at a time, and sums rows of the same user and item as they come: the memory it takes is in
/// proportion to the matrix, not to the file. A table that is compressed by gzip (feature `gzip`, on by default) or
/// zstd (feature `zstd`) is unpacked on the way, whatever it is called.
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
/// Names in headers are compared without regard to capitals. RecBole's `name:type` is read as `name`. Of several
/// columns of known names the one counts whose name comes first in the list; a name that stands over two columns is
/// refused. Columns that are not read are named by [`Interactions::not_read`]; where no weight is read and one of them
/// holds numbers, the table is refused until [`weight`](Self::weight) or [`unweighted`](Self::unweighted) says what is
/// meant. Users and items enter the catalogue in the order in which they are first named; a weight of 0 names its user
/// and item and stores nothing. Space around cells is dropped, blank lines are skipped, the encoding is UTF-8 with or
/// without a byte order mark.
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

impl Interactions {
    /// Reads a long table of comma- or tab-separated values: a row a play, with a user, an item, and if there are such
    /// columns a weight and a timestamp. [`LongTable`] reads tables that call them otherwise, and says what is read by
    /// default.
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
    /// [`Error::FileNotFound`](crate::Error::FileNotFound) or [`Error::Io`](crate::Error::Io) for a file that is not
    /// there, cannot be read or unpacked; [`Error::Csv`](crate::Error::Csv) with line and column for an empty file, a
    /// header that lacks a column, has one twice or is a row of numbers, a column of numbers that may be a weight,
    /// cells that something else separates, a table without rows, a row of another length than the first, an empty
    /// name, a weight that is not a number or is negative, infinite or (where not 0) outside 1e-30 to 1e30, weights of
    /// a user and an item that add up to more, a timestamp that is not a finite number, a second row of a user and an
    /// item where such are refused, and text that is not UTF-8;
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a delimiter that is none.
    pub fn read(self, path: impl AsRef<Path>) -> crate::Result<Interactions> {
        let path = path.as_ref();
        self.parse(Source::open(path)?, path)
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
        let source = Source::of(reader).map_err(|problem| problem.at(label))?;
        self.parse(source, label)
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
