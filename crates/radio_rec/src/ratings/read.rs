//! Ratings from a long table.

use std::io::Read;
use std::path::Path;

use super::Ratings;
use crate::Result;
use crate::interactions::LongTable;
use crate::rows::Source;

impl LongTable<'_> {
    /// Reads a file of ratings, of which the weight is any finite number: 0 and negative ratings are ratings too.
    /// Timestamps are read over, and a second row of a user and an item is refused.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), but for negative, small and large weights; and for a table without a column of
    /// ratings.
    pub fn read_ratings(self, path: impl AsRef<Path>) -> Result<Ratings> {
        let path = path.as_ref();
        parse(self, Source::open(path)?, path)
    }

    /// Reads ratings from anything that can be read; `label` stands for the file's name in errors.
    ///
    /// # Errors
    ///
    /// Those of [`read_ratings`](Self::read_ratings).
    pub fn read_ratings_from(self, reader: impl Read, label: impl AsRef<Path>) -> Result<Ratings> {
        let label = label.as_ref();
        let source = Source::of(reader).map_err(|problem| problem.at(label))?;
        parse(self, source, label)
    }
}

fn parse(table: LongTable<'_>, source: Source<'_>, path: &Path) -> Result<Ratings> {
    let (users, items, entries) = table.rated(source, path)?;
    Ratings::from_parts(users, items, entries)
}
