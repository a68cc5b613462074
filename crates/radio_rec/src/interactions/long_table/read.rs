//! Reading the rows of a long table.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

use super::super::source::Source;
use super::super::summed::Summed;
use super::super::table::{Problem, Row, cells, rows};
use super::super::{Catalogue, Interactions, ItemName, UserName, what_a_value_must_be};
use super::header::Places;
use super::{Duplicates, LongTable, Optional, Progress};
use crate::error::excerpt;

/// How many rows are read from one call of the progress callback to the next.
pub(super) const ROWS_BETWEEN: usize = 1 << 16;

impl LongTable<'_> {
    pub(super) fn parse(mut self, source: Source<'_>, path: &Path) -> crate::Result<Interactions> {
        if let Some(delimiter) = self.delimiter
            && (!delimiter.is_ascii() || b"\"\r\n".contains(&delimiter))
        {
            return Err(crate::Error::InvalidParameter {
                name: "delimiter",
                value: format!("the byte 0x{delimiter:02X}"),
                expected: "a character of ASCII, other than a quotation mark or a line end".into(),
            });
        }
        self.matrix(source).map_err(|problem| problem.at(path))
    }

    fn matrix(&mut self, mut source: Source<'_>) -> Result<Interactions, Problem> {
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
        if self.header && !rows.next(&mut row)? {
            let message = "the table ends after its header; a row for each play must follow";
            return Err(first.problem(0, message));
        }
        places.check_first_row(self, &first, &row)?;

        let mut said = Said::new(&places);
        // Of each user and item the line of their row, where a second one is refused.
        let mut lines = HashMap::new();
        for count in 1_usize.. {
            check_length(&row, &first)?;
            let place = said.take(self, &row, &places)?;
            if self.duplicates == Duplicates::Refuse {
                match lines.entry(place) {
                    Entry::Vacant(free) => free.insert(row.line()),
                    Entry::Occupied(first) => return Err(doubled(&row, &places, *first.get())),
                };
            }
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
        let not_read = places.not_read(&first);
        // What a sum is too large for is known at the end alone.
        let column = places.weight.unwrap_or(places.item);
        let matrix = said.into_matrix();
        let matrix = matrix.map_err(|error| row.problem(column, error.to_string()))?;
        Ok(matrix.with_not_read(not_read))
    }
}

/// What the rows said so far.
struct Said {
    users: Catalogue,
    items: Catalogue,
    values: Summed,
    /// Often the rows of a user follow one another.
    last_user: Option<(String, u32)>,
}

impl Said {
    fn new(places: &Places) -> Self {
        Self {
            users: Catalogue::default(),
            items: Catalogue::default(),
            values: Summed::new(places.timestamp.is_some()),
            last_user: None,
        }
    }

    /// Takes a row in; whose and of what it is.
    fn take(
        &mut self,
        table: &LongTable<'_>,
        row: &Row,
        places: &Places,
    ) -> Result<(u32, u32), Problem> {
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
        let item = self.items.index_of(item);
        let weight = match places.weight {
            Some(column) => weight(row, column, places)?,
            None => 1.0,
        };
        let is_found = matches!(table.timestamp, Optional::Found);
        let time = places.timestamp;
        let time = time.map(|column| timestamp(row, column, is_found));
        let time = time.transpose()?;
        if weight != 0.0 {
            self.values.push(user, item, weight, time);
        }
        Ok((user, item))
    }

    fn into_matrix(self) -> crate::Result<Interactions> {
        let users = self.users.names.into_iter().map(UserName::from);
        let items = self.items.names.into_iter().map(ItemName::from);
        self.values
            .into_matrix(users.collect(), items.collect())?
            .with_checked_sums()
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
fn doubled(row: &Row, places: &Places, first: u64) -> Problem {
    let message = format!(
        "user `{}` and item `{}` have a row already, on line {first}; give them one row, or sum duplicates",
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

fn weight(row: &Row, column: usize, places: &Places) -> Result<f64, Problem> {
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
