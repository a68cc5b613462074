//! Which column of a table is what.

use std::path::Path;

use radio_rec::interactions::LongTable;

use crate::{Error, Result};

/// Which columns are read: by default those of names that [`LongTable`] knows.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// What the column of users is called, if not as in [`LongTable::USER`].
    pub user: Option<String>,
    /// What the column of items is called, if not as in [`LongTable::ITEM`].
    pub item: Option<String>,
    /// What a row counts.
    pub weight: Weight,
}

/// What a row counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// What the first column of a name in [`LongTable::WEIGHT`] holds; without one, 1.
    #[default]
    Found,
    /// What this column holds.
    Column(String),
    /// 1, whatever columns there are.
    One,
}

/// Positions of columns, from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) user: usize,
    pub(super) item: usize,
    pub(super) weight: Option<usize>,
}

impl Columns {
    /// Finds the columns among the names of a file's; `is_number` says of a column whether it holds numbers.
    pub(super) fn find(
        &self,
        path: &Path,
        names: &[String],
        is_number: impl Fn(usize) -> bool,
    ) -> Result<Places> {
        let required = |given: &Option<String>, kind: &str, known: &[&str]| {
            let found = match given {
                Some(name) => place(path, names, &[name])?,
                None => place(path, names, known)?,
            };
            let wanted = given.as_deref().unwrap_or(known[0]);
            found.ok_or_else(|| lacks(path, names, wanted, kind))
        };
        let user = required(&self.user, "user", LongTable::USER)?;
        let item = required(&self.item, "item", LongTable::ITEM)?;
        let weight = match &self.weight {
            Weight::One => None,
            Weight::Column(name) => Some(
                place(path, names, &[name])?.ok_or_else(|| lacks(path, names, name, "weight"))?,
            ),
            Weight::Found => place(path, names, LongTable::WEIGHT)?
                .filter(|weight| ![user, item].contains(weight)),
        };
        if user == item || weight.is_some_and(|weight| [user, item].contains(&weight)) {
            let message = "a column is to be read as two things; give each its own with `--user`, `--item` and \
                `--weight`";
            return Err(Error::file(path, message));
        }
        let known_otherwise = |column: &usize| {
            let name = without_type(&names[*column]);
            [user, item].contains(column)
                || LongTable::TIMESTAMP
                    .iter()
                    .any(|known| name.eq_ignore_ascii_case(known))
        };
        let unread = (0..names.len()).find(|column| !known_otherwise(column) && is_number(*column));
        if let (Weight::Found, None, Some(column)) = (&self.weight, weight, unread) {
            let name = &names[column];
            return Err(Error::file(
                path,
                format!(
                    "the column `{name}` is not known as a weight, and every row would count 1; say `--weight \
                     {name}` if it \
                     holds how much a row counts, or `--unweighted` if each counts 1"
                ),
            ));
        }
        Ok(Places { user, item, weight })
    }
}

/// The column of the first of the known names that there is.
fn place(path: &Path, names: &[String], known: &[&str]) -> Result<Option<usize>> {
    for known in known {
        let called = |column: &usize| without_type(&names[*column]).eq_ignore_ascii_case(known);
        let mut columns = (0..names.len()).filter(called);
        let (first, second) = (columns.next(), columns.next());
        if second.is_some() {
            let message = format!("two columns are called `{known}`; give each its own name");
            return Err(Error::file(path, message));
        }
        if first.is_some() {
            return Ok(first);
        }
    }
    Ok(None)
}

fn lacks(path: &Path, names: &[String], wanted: &str, kind: &str) -> Error {
    let listed: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let message = format!(
        "there is no column `{wanted}` for the {kind}, but {}; say which one holds it with `--{kind}`",
        listed.join(", ")
    );
    Error::file(path, message)
}

/// `rating` for RecBole's `rating:float`.
fn without_type(name: &str) -> &str {
    const TYPES: [&str; 4] = ["token", "token_seq", "float", "float_seq"];
    match name.rsplit_once(':') {
        Some((name, kind)) if TYPES.contains(&kind) => name,
        _ => name,
    }
}
