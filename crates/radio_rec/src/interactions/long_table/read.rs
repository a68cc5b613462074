//! Reading the rows of a long table.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use super::super::summed::Summed;
use super::super::{
    Catalogue, Interactions, ItemName, UserName, what_a_rating_must_be, what_a_value_must_be,
};
use super::header::Places;
use super::{Duplicates, LongTable, Optional, Progress};
use crate::rows::{Problem, Row, Source, cells, rows};
use crate::text::excerpt;

/// How many rows are read from one call of the progress callback to the next.
pub(super) const ROWS_BETWEEN: usize = 1 << 16;

/// Names of users and of items, and the ratings of pairs of them, by position.
pub(crate) type Rated = (Vec<UserName>, Vec<ItemName>, Vec<(u32, u32, f64)>);

impl LongTable<'_> {
    /// The plays of a source.
    pub(super) fn parse(self, source: Source<'_>, path: &Path) -> crate::Result<Interactions> {
        self.check_delimiter()?;
        self.plays(source).map_err(|problem| problem.at(path))
    }

    /// Users, items and ratings of a source, in the order of its rows.
    pub(crate) fn rated(mut self, source: Source<'_>, path: &Path) -> crate::Result<Rated> {
        self.check_delimiter()?;
        self.duplicates = Duplicates::Refuse;
        let mut entries = Vec::new();
        let read = self.read_rows(source, Values::Ratings, |user, item, rating, _| {
            entries.push((user, item, rating));
        });
        let read = read.map_err(|problem| problem.at(path))?;
        Ok((read.users(), read.items(), entries))
    }

    fn check_delimiter(&self) -> crate::Result<()> {
        match self.delimiter {
            Some(delimiter) if !delimiter.is_ascii() || b"\"\r\n".contains(&delimiter) => {
                Err(crate::Error::invalid(
                    "delimiter",
                    format!("the byte 0x{delimiter:02X}"),
                    "a character of ASCII, other than a quotation mark or a line end",
                ))
            }
            _ => Ok(()),
        }
    }

    fn plays(mut self, source: Source<'_>) -> Result<Interactions, Problem> {
        let mut summed = Summed::default();
        let read = self.read_rows(source, Values::Plays, |user, item, value, time| {
            if value != 0.0 {
                summed.push(user, item, value, time);
            }
        })?;
        let (users, items) = (read.users(), read.items());
        let matrix = summed.into_matrix(users, items, read.places.timestamp.is_some());
        // What a sum is too large for is known at the end alone.
        let column = read.places.weight.unwrap_or(read.places.item);
        let matrix = matrix
            .and_then(Interactions::with_checked_sums)
            .map_err(|error| read.last.problem(column, error.to_string()))?;
        Ok(matrix.with_not_read(read.places.not_read(&read.first)))
    }

    /// Passes on user, item, value and timestamp of each row.
    fn read_rows(
        &mut self,
        mut source: Source<'_>,
        values: Values,
        mut take: impl FnMut(u32, u32, f64, Option<f64>),
    ) -> Result<Read, Problem> {
        let delimiter = match self.delimiter {
            Some(delimiter) => delimiter,
            None if source.first_line()?.contains(&b'\t') => b'\t',
            None => b',',
        };
        let quoting = self.quotes.unwrap_or(delimiter != b'\t');
        let reach = source.reach.clone();
        let mut rows = rows(source, delimiter, quoting);
        let mut row = Row::default();
        if !rows.next(&mut row)? {
            return Err(Problem::Table {
                line: 1,
                column: 1,
                message: "the table is empty; it must have a row for each play".into(),
            });
        }
        let first = row.clone();
        let places = Places::find(self, &first)?;
        if values == Values::Ratings && places.weight.is_none() {
            let message = "there is no column of ratings; say `weight` with its name";
            return Err(first.problem(0, message));
        }
        if self.header && !rows.next(&mut row)? {
            let message = "the table ends after its header; a row for each play must follow";
            return Err(first.problem(0, message));
        }
        places.check_first_row(self, &first, &row)?;

        let mut names = Names::default();
        // Of each user and item the line of their row, where a second one is refused.
        let mut lines = HashMap::new();
        for count in 1_usize.. {
            check_length(&row, &first)?;
            let (user, item) = names.take(&row, &places)?;
            if self.duplicates == Duplicates::Refuse {
                match lines.entry((user, item)) {
                    Entry::Vacant(free) => free.insert(row.line()),
                    Entry::Occupied(first) => {
                        let advice = match values {
                            Values::Plays => "give them one row, or sum duplicates",
                            Values::Ratings => "give them one row",
                        };
                        return Err(doubled(&row, &places, *first.get(), advice));
                    }
                };
            }
            let value = match places.weight {
                Some(column) => value(&row, column, &places, values)?,
                None => 1.0,
            };
            let is_found = matches!(self.timestamp, Optional::Found);
            let time = places.timestamp;
            let time = time.map(|column| timestamp(&row, column, is_found));
            take(user, item, value, time.transpose()?);

            let more = rows.next(&mut row)?;
            if let Some(callback) = &mut self.progress
                && (!more || count.is_multiple_of(ROWS_BETWEEN))
            {
                callback(Progress {
                    rows: count,
                    bytes: reach.read(),
                    total_bytes: reach.total,
                });
            }
            if !more {
                break;
            }
        }
        Ok(Read {
            names,
            places,
            first,
            last: row,
        })
    }
}

/// What the numbers of a table are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Values {
    /// How often something was played: none of them negative.
    Plays,
    /// How much something was liked: any number.
    Ratings,
}

/// What was read of all rows.
struct Read {
    names: Names,
    places: Places,
    first: Row,
    last: Row,
}

impl Read {
    fn users(&self) -> Vec<UserName> {
        let names = self.names.users.names.iter();
        names.map(|name| UserName::from(name.clone())).collect()
    }

    fn items(&self) -> Vec<ItemName> {
        let names = self.names.items.names.iter();
        names.map(|name| ItemName::from(name.clone())).collect()
    }
}

/// Who and what was named so far.
#[derive(Default)]
struct Names {
    users: Catalogue,
    items: Catalogue,
    /// Often the rows of a user follow one another.
    last_user: Option<(String, u32)>,
}

impl Names {
    /// The user and the item of a row.
    fn take(&mut self, row: &Row, places: &Places) -> Result<(u32, u32), Problem> {
        let name_of_user = name(row, places.user, "user")?;
        let item = name(row, places.item, "item")?;
        let user = match &self.last_user {
            Some((last, user)) if last == name_of_user => *user,
            _ => {
                let user = self.users.index_of(name_of_user);
                self.last_user = Some((name_of_user.to_owned(), user));
                user
            }
        };
        Ok((user, self.items.index_of(item)))
    }
}

/// A row must be as long as the first.
fn check_length(row: &Row, first: &Row) -> Result<(), Problem> {
    let (found, expected) = (row.len(), first.len());
    if found == expected {
        return Ok(());
    }
    let mut message = format!("the row has {} but the first has {expected}", cells(found));
    let open = row.left_open();
    if open.is_some() {
        message += "; a quotation mark seems to be left open";
    }
    Err(row.problem(open.unwrap_or(found.min(expected)), message))
}

/// What is wrong with a second row of a user and an item.
fn doubled(row: &Row, places: &Places, first: u64, advice: &str) -> Problem {
    let message = format!(
        "user `{}` and item `{}` have a row already, on line {first}; {advice}",
        excerpt(row.get(places.user)),
        excerpt(row.get(places.item)),
    );
    row.problem(places.item, message)
}

fn name<'a>(row: &'a Row, column: usize, kind: &str) -> Result<&'a str, Problem> {
    let name = row.get(column);
    if name.is_empty() {
        return Err(row.problem(
            column,
            format!("the {kind} has no name; every row must name one"),
        ));
    }
    Ok(name)
}

fn value(row: &Row, column: usize, places: &Places, values: Values) -> Result<f64, Problem> {
    let text = row.get(column);
    let value: f64 = text.parse().unwrap_or(f64::NAN);
    let (kind, wrong) = match values {
        Values::Plays => ("weight", what_a_value_must_be(value)),
        Values::Ratings => ("rating", what_a_rating_must_be(value)),
    };
    let Some(expected) = wrong else {
        return Ok(value);
    };
    let message = format!(
        "the {kind} `{}` of user `{}` and item `{}` must be {expected}",
        excerpt(text),
        excerpt(row.get(places.user)),
        excerpt(row.get(places.item)),
    );
    Err(row.problem(column, message))
}

fn timestamp(row: &Row, column: usize, is_found: bool) -> Result<f64, Problem> {
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
