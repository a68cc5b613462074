//! Which row is no play: looked for once a plan has failed, a file at a time and from its first row on.

use std::fs::File;
use std::path::Path;

use datafusion::arrow::array::{Array, AsArray, Float64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::*;
use futures::StreamExt;
use radio_rec::interactions::what_a_value_must_be;

use super::tables::{Format, Table, csv_reader, wrong_csv};
use crate::functions::number;
use crate::session::Session;
use crate::{Error, Result};

/// An error for the first row of a file that is none.
pub(super) async fn first_wrong_row(session: &Session, table: &Table, file: &Path) -> Result<()> {
    match table.format {
        Format::Csv { delimiter } => of_csv(table, file, delimiter),
        Format::Parquet | Format::Json => of_typed(session, table, file).await,
    }
}

fn of_csv(table: &Table, file: &Path, delimiter: u8) -> Result<()> {
    let column = |name: &str| -> usize {
        let number = name.trim_start_matches("column_").parse::<usize>();
        number.expect("a name that this crate gave") - 1
    };
    let (user, item) = (column(&table.user), column(&table.item));
    let weight = table.weight.as_deref().map(column);
    let mut rows = csv_reader(file, delimiter)?;
    let mut row = csv::StringRecord::new();
    let mut header = Vec::new();
    while rows
        .read_record(&mut row)
        .map_err(|error| wrong_csv(file, &error))?
    {
        if header.is_empty() {
            header = row.iter().map(str::to_owned).collect();
            continue;
        }
        let line = line_of(&rows, &row);
        let wrong = |place: String, message: String| Error::Row {
            path: file.into(),
            place,
            message,
        };
        if row.len() != header.len() {
            let message = format!(
                "the row has {} cells but the header has {}",
                row.len(),
                header.len()
            );
            return Err(wrong(format!("line {line}"), message));
        }
        let cell = |column: usize| row.get(column).unwrap_or_default().trim();
        let names = (Some(cell(user)), Some(cell(item)));
        let count = weight.map_or(1.0, |weight| number(cell(weight)));
        let text = weight.map_or(String::new(), |weight| cell(weight).to_owned());
        if let Some((which, message)) = what_is_wrong(names, count, &text) {
            let column = [user, item, weight.unwrap_or(item)][which];
            let name = header.get(column).map_or("", |name| name.trim());
            return Err(wrong(format!("line {line}, column `{name}`"), message));
        }
    }
    Ok(())
}

/// The line of a row that was just read: what the reader says counts the blank lines before it as the row's.
fn line_of(rows: &csv::Reader<File>, row: &csv::StringRecord) -> u64 {
    let first = row.position().map_or(1, csv::Position::line);
    first.max(rows.position().line() - 1)
}

async fn of_typed(session: &Session, table: &Table, file: &Path) -> Result<()> {
    let mut columns = vec![
        cast(ident(&table.user), DataType::Utf8).alias("user"),
        cast(ident(&table.item), DataType::Utf8).alias("item"),
    ];
    let weight = table.weight.as_ref();
    columns.extend(weight.map(|name| cast(ident(name), DataType::Float64).alias("value")));
    let unreadable = |error: datafusion::error::DataFusionError| {
        Error::file(file, format!("cannot be read: {}", error.strip_backtrace()))
    };
    let rows = table.read(session, &[file.to_owned()])?.select(columns)?;
    // One after the other, so that rows can be counted.
    let mut config = session.context().copied_config().with_target_partitions(1);
    config.options_mut().execution.collect_statistics = false;
    let alone = SessionContext::new_with_config_rt(config, session.context().runtime_env());
    let plan = alone
        .state()
        .create_physical_plan(rows.logical_plan())
        .await?;
    let mut batches = execute_stream(plan, alone.task_ctx())?;
    let mut before = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(unreadable)?;
        check_batch(table, file, &batch, before)?;
        before += batch.num_rows();
    }
    Ok(())
}

fn check_batch(table: &Table, file: &Path, batch: &RecordBatch, before: usize) -> Result<()> {
    let (users, items): (&StringArray, &StringArray) =
        (batch.column(0).as_string(), batch.column(1).as_string());
    let weights: Option<&Float64Array> =
        (batch.num_columns() > 2).then(|| batch.column(2).as_primitive());
    let name =
        |names: &StringArray, row: usize| names.is_valid(row).then(|| names.value(row).to_owned());
    for row in 0..batch.num_rows() {
        let (user, item) = (name(users, row), name(items, row));
        let weight = weights.map_or(Some(1.0), |weights| {
            weights.is_valid(row).then(|| weights.value(row))
        });
        let text = weight.map_or("null".to_owned(), |weight| weight.to_string());
        let names = (user.as_deref(), item.as_deref());
        if let Some((which, message)) = what_is_wrong(names, weight.unwrap_or(f64::NAN), &text) {
            let column = [
                &table.user,
                &table.item,
                table.weight.as_ref().unwrap_or(&table.item),
            ][which];
            return Err(Error::Row {
                path: file.into(),
                place: format!("row {}, column `{column}`", before + row + 1),
                message,
            });
        }
    }
    Ok(())
}

/// What is wrong with a row, and with which of user, item and weight, from 0.
fn what_is_wrong(
    names: (Option<&str>, Option<&str>),
    weight: f64,
    text: &str,
) -> Option<(usize, String)> {
    let (user, item) = (names.0.unwrap_or_default(), names.1.unwrap_or_default());
    for (which, kind, name) in [(0, "user", user), (1, "item", item)] {
        if name.is_empty() {
            return Some((
                which,
                format!("the {kind} has no name; every row must name one"),
            ));
        }
    }
    let expected = what_a_value_must_be(weight)?;
    let message =
        format!("the weight `{text}` of user `{user}` and item `{item}` must be {expected}");
    Some((2, message))
}
