//! Fitted models in files.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `RADIOREC` |
//! | 4 | the version of the format, a little-endian number: 1 |
//! | 8 | how many bytes follow the header |
//! | 4 | their CRC-32 |
//! | the rest | the model, with the matrix it learned from, as postcard writes it (<https://postcard.jamesmunns.com>) |
//!
//! A binary format, because a matrix of weights is three times as long in JSON, and slow to read.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Model;
use crate::interactions::{Interactions, Item, ItemName, UserName};
use crate::{Error, Result};

const MAGIC: &[u8; 8] = b"RADIOREC";
const VERSION: u32 = 1;
const HEADER: usize = 24;

impl Model {
    /// Writes the model and the matrix it learned from to a file, whole or not at all: it is written beside, then renamed.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the system refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let body = postcard::to_allocvec(self).expect("a model in memory can be written");
        let mut beside = path.as_os_str().to_owned();
        beside.push(format!(".{}.part", std::process::id()));
        let write = || {
            let mut file = File::create(&beside)?;
            file.write_all(MAGIC)?;
            file.write_all(&VERSION.to_le_bytes())?;
            file.write_all(&(body.len() as u64).to_le_bytes())?;
            file.write_all(&crc32fast::hash(&body).to_le_bytes())?;
            file.write_all(&body)?;
            file.sync_all()?;
            std::fs::rename(&beside, path)
        };
        write().map_err(|source| {
            let _ = std::fs::remove_file(&beside);
            Error::Io {
                path: path.into(),
                source,
            }
        })
    }

    /// Reads a model that [`save`](Model::save) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be read, and [`Error::ModelFile`] for one that is not a model, was cut short or
    /// damaged, or was written by a newer version of this crate.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let io = |source| Error::Io {
            path: path.into(),
            source,
        };
        let refused = |message: String| Error::ModelFile {
            path: path.into(),
            message,
        };
        let mut file = File::open(path).map_err(io)?;
        let mut header = [0; HEADER];
        let cut_short =
            || refused("the file of a model was cut short; save the model again".into());
        file.read_exact(&mut header)
            .map_err(|error| match error.kind() {
                ErrorKind::UnexpectedEof if MAGIC.starts_with(&header[..1]) => cut_short(),
                ErrorKind::UnexpectedEof => refused("this is not the file of a model".into()),
                _ => io(error),
            })?;
        let (magic, rest) = header.split_at(8);
        if magic != MAGIC {
            return Err(refused("this is not the file of a model".into()));
        }
        let version = u32::from_le_bytes(rest[..4].try_into().expect("4 bytes"));
        if version != VERSION {
            return Err(refused(format!(
                "the file has version {version} of the format, and this program reads version {VERSION}; \
                 use the version of radio_rec that wrote it, or learn again"
            )));
        }
        let length = u64::from_le_bytes(rest[4..12].try_into().expect("8 bytes"));
        let sum = u32::from_le_bytes(rest[12..].try_into().expect("4 bytes"));
        let mut body = Vec::new();
        file.read_to_end(&mut body).map_err(io)?;
        if (body.len() as u64) < length {
            return Err(cut_short());
        }
        if body.len() as u64 > length || crc32fast::hash(&body) != sum {
            return Err(refused(
                "the file of a model was damaged; save the model again".into(),
            ));
        }
        postcard::from_bytes(&body)
            .map_err(|error| refused(format!("the model in the file cannot be read: {error}")))
    }
}

/// The names, and of each user the items with their values.
#[derive(Serialize, Deserialize)]
struct Matrix {
    users: Vec<String>,
    items: Vec<String>,
    lengths: Vec<u32>,
    columns: Vec<u32>,
    values: Vec<f64>,
}

impl Serialize for Interactions {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let rows = || (0..self.users().len()).map(|row| self.by_user().row(row));
        Matrix {
            users: self.users().iter().map(|name| name.to_string()).collect(),
            items: self.items().iter().map(|name| name.to_string()).collect(),
            lengths: rows().map(|row| row.0.len() as u32).collect(),
            columns: rows().flat_map(|row| row.0).copied().collect(),
            values: rows().flat_map(|row| row.1).copied().collect(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Interactions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let matrix = Matrix::deserialize(deserializer)?;
        let plays: usize = matrix.lengths.iter().map(|&length| length as usize).sum();
        if matrix.lengths.len() != matrix.users.len()
            || [matrix.columns.len(), matrix.values.len()] != [plays; 2]
            || matrix
                .columns
                .iter()
                .any(|&item| item as usize >= matrix.items.len())
            || matrix
                .values
                .iter()
                .any(|value| !(value.is_finite() && *value > 0.0))
        {
            return Err(D::Error::custom("the matrix does not fit together"));
        }
        let rows = (0_u32..).zip(&matrix.lengths);
        let rows = rows.flat_map(|(row, &length)| std::iter::repeat_n(row, length as usize));
        let places = rows.zip(matrix.columns).zip(matrix.values);
        let entries = places
            .map(|((row, column), value)| (row, column, value))
            .collect();
        let users = matrix
            .users
            .iter()
            .map(|name| UserName::from(name.as_str()))
            .collect();
        let items = matrix
            .items
            .iter()
            .map(|name| ItemName::from(name.as_str()))
            .collect();
        Interactions::from_parts(users, items, entries).map_err(D::Error::custom)
    }
}

/// [`ItemNeighbours`](crate::similarity::ItemNeighbours) as lists of (item, similarity).
pub(super) mod neighbours {
    use super::*;
    use crate::similarity::{ItemNeighbours, Neighbour};

    pub(in super::super) fn serialize<S: Serializer>(
        neighbours: &ItemNeighbours,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        let items = (0..neighbours.len() as u32).map(Item);
        let row = |item| {
            let row = neighbours.neighbours(item).iter();
            row.map(|n| (n.item.0, n.similarity)).collect()
        };
        let rows: Vec<Vec<(u32, f64)>> = items.map(row).collect();
        rows.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<ItemNeighbours, D::Error> {
        let rows = Vec::<Vec<(u32, f64)>>::deserialize(deserializer)?;
        let neighbour = |(item, similarity)| Neighbour {
            item: Item(item),
            similarity,
        };
        let rows = rows
            .into_iter()
            .map(|row| row.into_iter().map(neighbour).collect());
        Ok(ItemNeighbours::from_rows(rows))
    }
}
