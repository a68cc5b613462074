//! Plays as the rows of a sparse matrix: the items of each user, or the users of each item.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, AsArray, Float64Array, ListArray, RecordBatch, UInt32Array,
};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{
    DataType, Field, Float64Type, Schema, SchemaRef, UInt32Type, UInt64Type,
};
use datafusion::error::DataFusionError;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::parquet::schema::types::ColumnPath;
use datafusion::prelude::*;

use crate::plays::{Plays, pair};
use crate::{Error, Result};

/// Whose rows they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// A row a user, a column an item.
    Users,
    /// A row an item, a column a user.
    Items,
}

impl Side {
    /// The column of plays that numbers the rows, and the one that numbers the columns.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Side::Users => ("user", "item"),
            Side::Items => ("item", "user"),
        }
    }
}

/// Rows in an intermediate table.
pub(crate) struct Rows {
    /// Where its files are.
    pub(crate) folder: PathBuf,
    /// `row`, and the list of its `columns`, ascending, with that of their `values`; rows without plays are not there.
    pub(crate) table: DataFrame,
    /// Whether all values are [small](is_small).
    pub(crate) are_small: bool,
}

/// The most rows and, but for a row that alone has more, the most plays that are read at once.
const ROWS: usize = 8192;
const PLAYS: usize = 1 << 18;

impl Rows {
    /// The plan that sorts plays by row and column, as one number.
    pub(crate) fn sorted(plays: &Plays<'_>, side: Side) -> Result<DataFrame> {
        let (row, column) = side.names();
        Ok(plays
            .plays()
            .select(vec![pair(row, column).alias("place"), col("value")])?
            .sort(vec![col("place").sort(true, false)])?)
    }

    /// Sorts plays into rows; what does not fit in memory is spilled.
    pub(crate) async fn new(plays: &Plays<'_>, side: Side) -> Result<Self> {
        let session = plays.session();
        let folder = session.new_folder()?;
        let files = session.partitions();
        // So many groups that threads end at about the same time.
        let group = (plays.counts().plays / (16 * files)).clamp(1024, PLAYS);
        let mut writer = Writer::new(folder.clone(), files, group)?;
        let stage = match side {
            Side::Users => "rows of users",
            Side::Items => "rows of items",
        };
        session
            .for_each_batch(stage, Self::sorted(plays, side)?, |batch| {
                let places = batch.column(0).as_primitive::<UInt64Type>().values();
                let values = batch.column(1).as_primitive::<Float64Type>().values();
                (places.iter().zip(values))
                    .try_for_each(|(&place, &value)| writer.push(place, value))
            })
            .await?;
        let are_small = writer.finish()?;
        let table = session.table(&folder, schema())?;
        Ok(Self {
            folder,
            table,
            are_small,
        })
    }
}

/// Whether a value is a whole number that fits in a byte.
pub(crate) fn is_small(value: f64) -> bool {
    f64::from(value as u8) == value
}

/// The type of a row's list.
pub(crate) fn list_of(element: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", element, true)))
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("row", DataType::UInt32, false),
        Field::new("columns", list_of(DataType::UInt32), false),
        Field::new("values", list_of(DataType::Float64), false),
    ]))
}

/// Writes rows in groups of about the same number of plays, to several files in turns.
struct Writer {
    writers: Vec<ArrowWriter<File>>,
    folder: PathBuf,
    group: usize,
    groups: usize,
    are_small: bool,
    rows: Vec<u32>,
    lengths: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Writer {
    fn new(folder: PathBuf, files: usize, group: usize) -> Result<Self> {
        let properties = WriterProperties::builder()
            // Numbers of many users or items: a dictionary of them is given up after a while.
            .set_column_dictionary_enabled(ColumnPath::from("columns.list.item"), false);
        let properties = properties.build();
        let writers = (0..files).map(|file| {
            let path = folder.join(format!("{file}.parquet"));
            let file = File::create(&path).map_err(|error| Error::io(&path, error))?;
            ArrowWriter::try_new(file, schema(), Some(properties.clone())).map_err(failed)
        });
        Ok(Self {
            writers: writers.collect::<Result<_>>()?,
            folder,
            group,
            groups: 0,
            are_small: true,
            rows: Vec::new(),
            lengths: Vec::new(),
            columns: Vec::new(),
            values: Vec::new(),
        })
    }

    /// Takes the next play.
    fn push(&mut self, place: u64, value: f64) -> Result<()> {
        let (row, column) = ((place >> 32) as u32, place as u32);
        if self.rows.last() != Some(&row) {
            if self.columns.len() >= self.group || self.rows.len() == ROWS {
                self.flush()?;
            }
            self.rows.push(row);
            self.lengths.push(0);
        }
        *self.lengths.last_mut().expect("a row") += 1;
        self.columns.push(column);
        self.values.push(value);
        self.are_small &= is_small(value);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let offsets = OffsetBuffer::from_lengths(self.lengths.drain(..));
        let list = |values: ArrayRef| -> ArrayRef {
            let element = Field::new("item", values.data_type().clone(), true);
            Arc::new(ListArray::new(
                Arc::new(element),
                offsets.clone(),
                values,
                None,
            ))
        };
        let rows = UInt32Array::from(std::mem::take(&mut self.rows));
        let columns = UInt32Array::from(std::mem::take(&mut self.columns));
        let values = Float64Array::from(std::mem::take(&mut self.values));
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(rows),
            list(Arc::new(columns)),
            list(Arc::new(values)),
        ];
        let batch = RecordBatch::try_new(schema(), arrays).map_err(DataFusionError::from)?;
        let file = self.groups % self.writers.len();
        let writer = &mut self.writers[file];
        writer.write(&batch).map_err(failed)?;
        writer.flush().map_err(failed)?;
        self.groups += 1;
        Ok(())
    }

    /// Writes what is left, and says whether all values were small.
    fn finish(mut self) -> Result<bool> {
        self.flush()?;
        for (file, writer) in self.writers.into_iter().enumerate() {
            writer.close().map_err(failed)?;
            // A file without rows only makes reading take longer.
            if file >= self.groups {
                let path = self.folder.join(format!("{file}.parquet"));
                std::fs::remove_file(&path).map_err(|error| Error::io(&path, error))?;
            }
        }
        Ok(self.are_small)
    }
}

fn failed(error: datafusion::parquet::errors::ParquetError) -> Error {
    DataFusionError::from(error).into()
}

/// The lists of a column of a batch: of each row its numbers.
pub(crate) struct Lists<'a> {
    offsets: &'a [i32],
    columns: &'a [u32],
    values: &'a [f64],
}

impl<'a> Lists<'a> {
    /// Of the arrays of `columns` and `values`, which have the same offsets.
    pub(crate) fn new(columns: &'a ArrayRef, values: &'a ArrayRef) -> Option<Self> {
        let (columns, values) = (columns.as_list::<i32>(), values.as_list::<i32>());
        (columns.offsets() == values.offsets()).then(|| Self {
            offsets: columns.value_offsets(),
            columns: columns.values().as_primitive::<UInt32Type>().values(),
            values: values.values().as_primitive::<Float64Type>().values(),
        })
    }

    /// The columns and the values of each row.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&'a [u32], &'a [f64])> + '_ {
        self.offsets.array_windows().map(|&[from, to]| {
            let range = from as usize..to as usize;
            (&self.columns[range.clone()], &self.values[range])
        })
    }
}
