//! Fitted models in files, with the matrix they learned from.

use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Model;
use crate::Result;
use crate::interactions::{Interactions, Item, ItemName, UserName};
use crate::model_file::Kind;

const MODEL: Kind = Kind {
    magic: b"RADIOREC",
    version: 1,
    what: "model",
};

impl Model {
    /// Writes the model and the matrix it learned from to a file, whole or not at all: it is written beside, then renamed.
    ///
    /// Timestamps are not kept: the matrix of a loaded model has none.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the system refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        MODEL.save(self, path.as_ref())
    }

    /// Reads a model that [`save`](Model::save) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the file cannot be read, and [`Error::ModelFile`](crate::Error::ModelFile) for one
    /// that is not a model, was cut short or damaged, or was written by a newer version of this crate.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        MODEL.load(path.as_ref())
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
