//! Which column of a long table holds what.

use super::{Column, LongTable, Optional};
use crate::near::nearest_names;
use crate::rows::{Problem, Row, cells, other_separator, quoted};
use crate::text::excerpt;

/// The columns that are read, from 0.
pub(super) struct Places {
    pub(super) user: usize,
    pub(super) item: usize,
    pub(super) weight: Option<usize>,
    pub(super) timestamp: Option<usize>,
    /// What the header calls the columns, where there is one.
    names: Option<Vec<String>>,
}

impl Places {
    /// Finds them in the first row: in its names where it is a header.
    pub(super) fn find(table: &LongTable<'_>, first: &Row) -> Result<Self, Problem> {
        let header = Header {
            first,
            names: table.header.then(|| {
                let names = (0..first.len()).map(|column| first.get(column));
                names.map(|name| without_type(name).to_owned()).collect()
            }),
        };
        header.refuse_another_separator()?;
        header.refuse_numbers(table)?;
        let user = header.required(table.user.as_ref(), "user", LongTable::USER, 1)?;
        let item = header.required(table.item.as_ref(), "item", LongTable::ITEM, 2)?;
        let optional = |wanted: &Optional, known, kind| {
            Ok::<_, Problem>(match wanted {
                // What was not asked for is not read from a column that is taken.
                Optional::Found => header
                    .known(known)?
                    .filter(|column| ![user, item].contains(column)),
                Optional::Column(column) => Some(header.place(column, kind)?),
                Optional::Nowhere => None,
            })
        };
        let weight = optional(&table.weight, LongTable::WEIGHT, "weight")?;
        let timestamp = optional(&table.timestamp, LongTable::TIMESTAMP, "timestamp")?;
        let places = [Some(user), Some(item), weight, timestamp];
        for (n, place) in places.iter().enumerate() {
            if let Some(column) = place
                && places[..n].contains(place)
            {
                let message = "the column is to be read as two things; give each its own column";
                return Err(first.problem(*column, message));
            }
        }
        Ok(Self {
            user,
            item,
            weight,
            timestamp,
            names: header.names,
        })
    }

    /// That no column of numbers is left out which may be what was meant by a weight. `row` is the first of the plays.
    pub(super) fn check_first_row(
        &self,
        table: &LongTable<'_>,
        first: &Row,
        row: &Row,
    ) -> Result<(), Problem> {
        if self.weight.is_some() || !matches!(table.weight, Optional::Found) {
            return Ok(());
        }
        let is_number = |&column: &usize| is_number(row.get(column));
        let Some(column) = self.unread(first).find(is_number) else {
            return Ok(());
        };
        let (what, how) = match &self.names {
            Some(names) if !names[column].is_empty() => {
                let name = excerpt(&names[column]);
                (format!("the column `{name}`"), format!("\"{name}\""))
            }
            _ => (format!("column {}", column + 1), (column + 1).to_string()),
        };
        let message = format!(
            "{what} is not known as a weight, and every row would count 1; say `weight({how})` if it holds how \
             much a row \
             counts, or `unweighted()` if each counts 1"
        );
        Err(first.problem(column, message))
    }

    /// The columns that are not read, by their names, or by their numbers where they have none.
    pub(super) fn not_read(&self, first: &Row) -> Vec<String> {
        let name = |column: usize| match &self.names {
            Some(names) if !names[column].is_empty() => names[column].clone(),
            _ => (column + 1).to_string(),
        };
        self.unread(first).map(name).collect()
    }

    fn unread(&self, first: &Row) -> impl Iterator<Item = usize> {
        let read = [
            Some(self.user),
            Some(self.item),
            self.weight,
            self.timestamp,
        ];
        (0..first.len()).filter(move |&column| !read.contains(&Some(column)))
    }
}

/// The first row, and its names where it is a header.
struct Header<'a> {
    first: &'a Row,
    names: Option<Vec<String>>,
}

impl Header<'_> {
    /// An error for a row of one cell that something else than the delimiter seems to separate.
    fn refuse_another_separator(&self) -> Result<(), Problem> {
        let Some(separator) = other_separator(self.first) else {
            return Ok(());
        };
        let separated = quoted(separator);
        let how = match separator {
            // A delimiter is one byte: between two of them lies an empty cell.
            "::" => "say `delimiter(b':')`, where every other column is empty, and place the columns by number: \
             1, 3, 5, 7".into(),
            _ => format!("say `delimiter(b{separated})`"),
        };
        let message =
            format!("the row has 1 cell, and seems to be separated by {separated}; {how}");
        Err(self.first.problem(0, message))
    }

    /// An error for a header that is a row of plays, as its numbers tell: all of them, or one in the place of a weight
    /// or a timestamp.
    fn refuse_numbers(&self, table: &LongTable<'_>) -> Result<(), Problem> {
        let Some(names) = &self.names else {
            return Ok(());
        };
        let column_of = |optional: &Optional| match optional {
            Optional::Column(Column::Position(position)) => position.checked_sub(1),
            _ => None,
        };
        let by_name = |column: Option<&Column>| matches!(column, Some(Column::Name(_)));
        let all = names.iter().all(|name| is_number(name))
            && !by_name(table.user.as_ref())
            && !by_name(table.item.as_ref());
        let placed = [&table.weight, &table.timestamp].into_iter();
        let one = placed
            .filter_map(column_of)
            .find(|&column| is_number(self.first.get(column)));
        let (column, what) = match (all, one) {
            (true, _) => (0, "the first row has nothing but numbers".to_owned()),
            (false, Some(column)) => {
                let number = excerpt(self.first.get(column));
                (
                    column,
                    format!("the first row has the number `{number}` here"),
                )
            }
            (false, None) => return Ok(()),
        };
        let message = format!(
            "{what}, and so is no header; say `without_header()`, or put a row of names before it"
        );
        Err(self.first.problem(column, message))
    }

    /// The given column, or the one of a known name, or without a header the one at `position`.
    fn required(
        &self,
        given: Option<&Column>,
        kind: &str,
        known: &[&str],
        position: usize,
    ) -> Result<usize, Problem> {
        match given {
            Some(column) => self.place(column, kind),
            None if self.names.is_none() => self.place(&Column::Position(position), kind),
            None => self
                .known(known)?
                .ok_or_else(|| self.lacks(kind, &format!("no column `{}`", known[0]), known[0])),
        }
    }

    /// The column of the first of the known names that there is; an error if two are called so.
    fn known(&self, known: &[&str]) -> Result<Option<usize>, Problem> {
        let Some(names) = &self.names else {
            return Ok(None);
        };
        for known in known {
            let called = |&column: &usize| names[column].eq_ignore_ascii_case(known);
            let mut columns = (0..names.len()).filter(called);
            let (first, second) = (columns.next(), columns.next());
            if let (Some(first), Some(second)) = (first, second) {
                let message = format!(
                    "the column `{}` is there already, column {}; give each column its own name, or say by its number \
                     which one holds what",
                    excerpt(&names[second]),
                    first + 1
                );
                return Err(self.first.problem(second, message));
            }
            if first.is_some() {
                return Ok(first);
            }
        }
        Ok(None)
    }

    fn place(&self, column: &Column, kind: &str) -> Result<usize, Problem> {
        match column {
            Column::Position(position) if (1..=self.first.len()).contains(position) => {
                Ok(position - 1)
            }
            Column::Position(position) => Err(self.first.problem(
                self.first.len() - 1,
                format!(
                    "there is no column {position} for the {kind}: the row has {}, counted from 1",
                    cells(self.first.len())
                ),
            )),
            Column::Name(name) => self
                .known(&[without_type(name)])?
                .ok_or_else(|| self.lacks(kind, &format!("no column `{}`", excerpt(name)), name)),
        }
    }

    fn lacks(&self, kind: &str, what: &str, wanted: &str) -> Problem {
        let Some(names) = &self.names else {
            let message =
                format!("{what} for the {kind}: the table has no header; give its position");
            return self.first.problem(0, message);
        };
        let near = nearest_names(wanted, names);
        let fix = match near.first() {
            Some(near) => format!("did you mean `{}`?", excerpt(near)),
            None => format!("say which column holds the {kind}"),
        };
        let listed: Vec<String> = names
            .iter()
            .map(|name| format!("`{}`", excerpt(name)))
            .collect();
        let message = format!(
            "the header has {what} for the {kind}, but {}; {fix}",
            listed.join(", ")
        );
        self.first.problem(0, message)
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(f64::is_finite)
}

/// `rating` for RecBole's `rating:float`.
fn without_type(name: &str) -> &str {
    const TYPES: [&str; 4] = ["token", "token_seq", "float", "float_seq"];
    match name.rsplit_once(':') {
        Some((name, kind)) if TYPES.contains(&kind) => name,
        _ => name,
    }
}
