//! Which column of a long table holds what.

use super::super::suggest::nearest_names;
use super::super::table::{Cells, Problem, cells};
use super::{Column, LongTable, Optional};
use crate::error::excerpt;

/// The columns that are read, from 0.
pub(super) struct Places {
    pub(super) user: usize,
    pub(super) item: usize,
    pub(super) weight: Option<usize>,
    pub(super) timestamp: Option<usize>,
}

impl Places {
    /// Finds them in the first row: in its names where it is a header.
    pub(super) fn find(table: &LongTable<'_>, first: Cells<'_>) -> Result<Self, Problem> {
        let header = Header {
            first,
            names: table.header.then(|| {
                let names = (0..first.len()).map(|column| first.get(column));
                names.map(|name| without_type(name).to_owned()).collect()
            }),
        };
        let user = header.required(table.user.as_ref(), "user", LongTable::USER, 1)?;
        let item = header.required(table.item.as_ref(), "item", LongTable::ITEM, 2)?;
        // What was not asked for is not read from a column that is taken.
        let free = |column: &usize| ![user, item].contains(column);
        let optional = |wanted: &Optional, known, kind| {
            Ok(match wanted {
                Optional::Found => header.known(known).filter(free),
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
                let message =
                    "the column is to be read as two things; give each a column of its own";
                return Err(first.problem(*column, message));
            }
        }
        Ok(Self {
            user,
            item,
            weight,
            timestamp,
        })
    }
}

/// The first row, and its names where it is a header.
struct Header<'a> {
    first: Cells<'a>,
    names: Option<Vec<String>>,
}

impl Header<'_> {
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
                .known(known)
                .ok_or_else(|| self.lacks(kind, &format!("no column `{}`", known[0]), known[0])),
        }
    }

    /// The first column whose name is known.
    fn known(&self, known: &[&str]) -> Option<usize> {
        let names = self.names.as_ref()?;
        known.iter().find_map(|known| {
            names
                .iter()
                .position(|name| name.eq_ignore_ascii_case(known))
        })
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
                .known(&[without_type(name)])
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
        let mend = match near.first() {
            Some(near) => format!("did you mean `{}`?", excerpt(near)),
            None => format!("say which column holds the {kind}"),
        };
        let listed: Vec<String> = names
            .iter()
            .map(|name| format!("`{}`", excerpt(name)))
            .collect();
        let message = format!(
            "the header has {what} for the {kind}, but {}; {mend}",
            listed.join(", ")
        );
        self.first.problem(0, message)
    }
}

/// `rating` for RecBole's `rating:float`.
fn without_type(name: &str) -> &str {
    const TYPES: [&str; 4] = ["token", "token_seq", "float", "float_seq"];
    match name.rsplit_once(':') {
        Some((name, kind)) if TYPES.contains(&kind) => name,
        _ => name,
    }
}
