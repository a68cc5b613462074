//! Files of plays: which there are, which of their columns is what, and what is wrong with them.
//!
//! Users, items and weights are looked for under the names that [`LongTable`](radio_rec::interactions::LongTable)
//! knows.

mod columns;
mod locate;
mod tables;

use std::path::{Path, PathBuf};

use datafusion::arrow::datatypes::DataType;
use datafusion::prelude::*;

pub use self::columns::{Columns, Weight};
use self::tables::{Format, Table};
use crate::session::Session;
use crate::{Error, Result, functions};

/// A file of plays, or all files of a folder and of the folders in it.
///
/// | a file that ends with | is |
/// |---|---|
/// | `.parquet` | Parquet, however compressed |
/// | `.csv`, `.tsv`, `.inter` | comma-separated values, or tab-separated if the first line has a tab; with a header |
/// | `.json`, `.jsonl`, `.ndjson` | JSON, an object a line |
///
/// What begins with a dot or `_` is passed over. The files may be of several kinds, and have other columns too.
#[derive(Debug)]
pub struct Source {
    tables: Vec<Table>,
}

impl Source {
    /// Looks which files there are, and at the columns of each.
    ///
    /// # Errors
    ///
    /// [`Error::File`] for what is not there, a folder without files, a file of another kind, without a column or with
    /// one that cannot be used; [`Error::Io`] where the system refuses to read.
    pub async fn open(
        session: &Session,
        path: impl AsRef<Path>,
        columns: &Columns,
    ) -> Result<Self> {
        let path = path.as_ref();
        let mut files = Vec::new();
        find(path, &mut files)?;
        if files.is_empty() {
            let message = format!("the folder has no files of plays; {}", Format::KINDS);
            return Err(Error::file(path, message));
        }
        files.sort();
        let mut tables: Vec<Table> = Vec::new();
        for file in files {
            let table = Table::open(session, file, columns).await?;
            match tables.iter_mut().find(|other| other.is_like(&table)) {
                Some(other) => other.files.extend(table.files),
                None => tables.push(table),
            }
        }
        Ok(Self { tables })
    }

    /// The rows of all files: `user` and `item` as text, and `value`, which is 1 where there is no weight.
    ///
    /// A row that is no play fails the plan.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] for what the engine does not take.
    pub fn rows(&self, session: &Session) -> Result<DataFrame> {
        let mut all: Option<DataFrame> = None;
        for table in &self.tables {
            let trim = table.format.is_csv();
            let name = |column: &str| {
                functions::checked_name().call(vec![cast(ident(column), DataType::Utf8), lit(trim)])
            };
            let value = match &table.weight {
                None => lit(1.0),
                Some(weight) if table.format.is_csv() => {
                    let number = functions::number_of().call(vec![ident(weight)]);
                    functions::checked_weight().call(vec![number])
                }
                Some(weight) => {
                    functions::checked_weight().call(vec![cast(ident(weight), DataType::Float64)])
                }
            };
            let rows = table.read(session, &table.files)?.select(vec![
                name(&table.user).alias("user"),
                name(&table.item).alias("item"),
                value.alias("value"),
            ])?;
            all = Some(match all {
                None => rows,
                Some(before) => before.union(rows)?,
            });
        }
        all.ok_or_else(|| Error::Plan("there are no files".into()))
    }

    /// Says where a plan failed that read all rows, if it failed by a row that is no play.
    pub(crate) async fn explain_failure(&self, session: &Session, error: Error) -> Error {
        if !matches!(error, Error::Plan(_)) {
            return error;
        }
        for table in &self.tables {
            for file in &table.files {
                if let Err(found) = locate::first_wrong_row(session, table, file).await {
                    return found;
                }
            }
        }
        error
    }
}

/// Adds a file, or those of a folder.
fn find(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let what = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::file(path, "there is no such file or folder"),
        _ => Error::io(path, error),
    })?;
    if !what.is_dir() {
        files.push(path.into());
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(|error| Error::io(path, error))? {
        let entry = entry.map_err(|error| Error::io(path, error))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with(['.', '_']) {
            find(&entry.path(), files)?;
        }
    }
    Ok(())
}
