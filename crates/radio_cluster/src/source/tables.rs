//! Files that are read alike.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::csv::CsvFormat;
use datafusion::datasource::file_format::json::JsonFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig};
use datafusion::prelude::DataFrame;

use super::Columns;
use crate::functions::number;
use crate::session::{Session, file_url};
use crate::{Error, Result};

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Parquet,
    Csv { delimiter: u8 },
    Json,
}

impl Format {
    pub(super) const KINDS: &str = "Parquet (.parquet), CSV (.csv, .tsv, .inter) and JSON lines (.json, .jsonl, \
        .ndjson) are read";

    fn of(path: &Path) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match extension.to_lowercase().as_str() {
            "parquet" => Ok(Format::Parquet),
            "csv" | "tsv" | "inter" => Ok(Format::Csv { delimiter: b',' }),
            "json" | "jsonl" | "ndjson" => Ok(Format::Json),
            "gz" | "zst" | "bz2" | "xz" | "zip" => {
                let message = format!(
                    "a compressed file is not read; unpack it, or make Parquet of it: {}",
                    Self::KINDS
                );
                Err(Error::file(path, message))
            }
            _ => {
                let message = format!(
                    "what kind of file it is cannot be told by its name; {}",
                    Self::KINDS
                );
                Err(Error::file(path, message))
            }
        }
    }

    pub(super) fn is_csv(self) -> bool {
        matches!(self, Format::Csv { .. })
    }

    fn reader(self) -> Arc<dyn FileFormat> {
        match self {
            Format::Parquet => Arc::new(ParquetFormat::default().with_force_view_types(false)),
            Format::Json => Arc::new(JsonFormat::default()),
            Format::Csv { delimiter } => {
                let format = CsvFormat::default()
                    .with_has_header(true)
                    .with_delimiter(delimiter);
                // As `LongTable` does: between tabs there are no quotation marks.
                Arc::new(match delimiter {
                    b'\t' => format.with_quote(0),
                    _ => format,
                })
            }
        }
    }
}

/// Files with the same columns.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) files: Vec<PathBuf>,
    pub(super) format: Format,
    extension: String,
    schema: SchemaRef,
    /// What the schema calls the columns.
    pub(super) user: String,
    pub(super) item: String,
    pub(super) weight: Option<String>,
}

impl Table {
    /// Looks at a file's columns.
    pub(super) async fn open(session: &Session, file: PathBuf, columns: &Columns) -> Result<Self> {
        let extension = file
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        match Format::of(&file)? {
            Format::Csv { .. } => Self::open_csv(file, extension, columns),
            format => Self::open_typed(session, file, extension, format, columns).await,
        }
    }

    fn open_csv(file: PathBuf, extension: String, columns: &Columns) -> Result<Self> {
        let delimiter = delimiter_of(&file)?;
        let mut rows = csv_reader(&file, delimiter)?;
        let mut next = || {
            let mut row = csv::StringRecord::new();
            let read = rows.read_record(&mut row);
            read.map(|read| read.then_some(row))
                .map_err(|error| wrong_csv(&file, &error))
        };
        let header = next()?.ok_or_else(|| {
            Error::file(
                &file,
                "the file is empty; it must have a header, and a row a play",
            )
        })?;
        let first = next()?.ok_or_else(|| {
            Error::file(
                &file,
                "the file ends after its header; a row for each play must follow",
            )
        })?;
        let names: Vec<String> = header
            .iter()
            .map(|name| name.trim().trim_start_matches('\u{feff}').to_owned())
            .collect();
        if names.iter().all(|name| number(name).is_finite()) {
            return Err(Error::file(
                &file,
                "the first row has nothing but numbers, and so is no header; put a row of names before it",
            ));
        }
        let is_number = |column: usize| {
            first
                .get(column)
                .is_some_and(|cell| number(cell).is_finite())
        };
        let places = columns.find(&file, &names, is_number)?;
        // Names may be doubled where nobody reads them.
        let named = |column: usize| format!("column_{}", column + 1);
        let fields = (0..names.len()).map(|column| Field::new(named(column), DataType::Utf8, true));
        Ok(Self {
            format: Format::Csv { delimiter },
            extension,
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            user: named(places.user),
            item: named(places.item),
            weight: places.weight.map(named),
            files: vec![file],
        })
    }

    async fn open_typed(
        session: &Session,
        file: PathBuf,
        extension: String,
        format: Format,
        columns: &Columns,
    ) -> Result<Self> {
        let config = ListingTableConfig::new(file_url(&file)?)
            .with_listing_options(options(format, &extension))
            .infer_schema(&session.context().state())
            .await
            .map_err(|error| {
                Error::file(
                    &file,
                    format!("cannot be read: {}", error.strip_backtrace()),
                )
            })?;
        let schema = config
            .file_schema
            .unwrap_or_else(|| Arc::new(Schema::empty()));
        if schema.fields().is_empty() {
            return Err(Error::file(
                &file,
                "the file is empty; it must have a row for each play",
            ));
        }
        let fields = schema.fields();
        let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
        let places = columns.find(&file, &names, |column| {
            fields[column].data_type().is_numeric()
        })?;
        for (column, kind) in [(places.user, "user"), (places.item, "item")] {
            if !is_name(fields[column].data_type()) {
                let message = format!(
                    "the column `{}` of the {kind}s is of the type {}, but must be of text or of whole numbers",
                    names[column],
                    fields[column].data_type()
                );
                return Err(Error::file(&file, message));
            }
        }
        if let Some(weight) = places.weight
            && !fields[weight].data_type().is_numeric()
        {
            let message = format!(
                "the column `{}` of the weights is of the type {}, but must be of numbers; `--unweighted` leaves \
                 it unread",
                names[weight],
                fields[weight].data_type()
            );
            return Err(Error::file(&file, message));
        }
        let read = [Some(places.user), Some(places.item), places.weight];
        let read = read
            .into_iter()
            .flatten()
            .map(|column| fields[column].as_ref().clone().with_nullable(true));
        Ok(Self {
            format,
            extension,
            schema: Arc::new(Schema::new(read.collect::<Vec<_>>())),
            user: names[places.user].clone(),
            item: names[places.item].clone(),
            weight: places.weight.map(|column| names[column].clone()),
            files: vec![file],
        })
    }

    /// Whether files of the two can be read together.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let columns = |table: &Self| (table.user.clone(), table.item.clone(), table.weight.clone());
        (self.format, &self.extension, &self.schema)
            == (other.format, &other.extension, &other.schema)
            && columns(self) == columns(other)
    }

    /// The rows of some of its files, as they are.
    pub(super) fn read(&self, session: &Session, files: &[PathBuf]) -> Result<DataFrame> {
        let urls = files
            .iter()
            .map(|file| file_url(file))
            .collect::<Result<Vec<_>>>()?;
        let config = ListingTableConfig::new_with_multi_paths(urls)
            .with_listing_options(options(self.format, &self.extension))
            .with_schema(self.schema.clone());
        Ok(session
            .context()
            .read_table(Arc::new(ListingTable::try_new(config)?))?)
    }
}

fn options(format: Format, extension: &str) -> ListingOptions {
    ListingOptions::new(format.reader()).with_file_extension(extension)
}

fn is_name(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, value) => is_name(value),
        other => other.is_integer(),
    }
}

fn delimiter_of(file: &Path) -> Result<u8> {
    let mut first = Vec::new();
    let opened = File::open(file).map_err(|error| Error::io(file, error))?;
    BufReader::new(opened)
        .read_until(b'\n', &mut first)
        .map_err(|error| Error::io(file, error))?;
    Ok(if first.contains(&b'\t') { b'\t' } else { b',' })
}

/// A reader of all rows of a file, the header among them, of whatever length.
pub(super) fn csv_reader(file: &Path, delimiter: u8) -> Result<csv::Reader<File>> {
    let opened = File::open(file).map_err(|error| Error::io(file, error))?;
    Ok(csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .quoting(delimiter != b'\t')
        .from_reader(opened))
}

pub(super) fn wrong_csv(file: &Path, error: &csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    let message = match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "the text is not UTF-8; save the file as UTF-8".into(),
        _ => error.to_string(),
    };
    Error::Row {
        path: file.into(),
        place: format!("line {line}"),
        message,
    }
}
