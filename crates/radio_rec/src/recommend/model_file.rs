//! Fitted models in files, with the matrix they learned from or without.

use std::cell::RefCell;
use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Model, Recommender};
use crate::interactions::{CatalogueId, Interactions, Item, ItemName, UserName, VALUES};
use crate::model_file::Kind;
use crate::similarity::{ItemNeighbours, Neighbour};
use crate::{Error, Result};

const MODEL: Kind = Kind {
    magic: b"RADIOREC",
    version: 3,
    what: "model",
};

const MODEL_ALONE: Kind = Kind {
    magic: b"RADIOMOD",
    version: 3,
    what: "model without its matrix",
};

impl Model {
    /// Writes the model and the matrix it learned from to a file, whole or not at all: it is written beside, then
    /// renamed.
    ///
    /// Timestamps are not kept: the matrix of a loaded model has none.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the system refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        MODEL.save(self, path.as_ref())
    }

    /// Writes the model as [`save`](Model::save) does, but without the matrix: nobody's name and nobody's plays are in
    /// the file, only what was learned from them. What reads it is [`load_with`](Model::load_with).
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the system refuses.
    pub fn save_without_data(&self, path: impl AsRef<Path>) -> Result<()> {
        Matrices::Elsewhere(None)
            .during(|| MODEL_ALONE.save(&(LearnedFrom::new(self.data()), self), path.as_ref()))
    }

    /// Reads a model that [`save`](Model::save) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the file cannot be read, and [`Error::ModelFile`](crate::Error::ModelFile)
    /// for one that is not a model with its matrix, was cut short or damaged, or was written by another version of this
    /// crate.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        MODEL.load(path.as_ref())
    }

    /// Reads a model that [`save_without_data`](Model::save_without_data) wrote, with the matrix that it learned from,
    /// or another of the same users and items in the same order: for those models that are nothing but their matrix,
    /// such as user kNN, that is what they then know.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where the file cannot be read, and [`Error::ModelFile`](crate::Error::ModelFile)
    /// for one that is not a model without a matrix, that has learned from other users or items, was cut short or
    /// damaged, or was written by another version of this crate.
    pub fn load_with(path: impl AsRef<Path>, data: &Interactions) -> Result<Self> {
        let path = path.as_ref();
        let read = || MODEL_ALONE.load_first::<LearnedFrom>(path);
        let of = read()?;
        if of != LearnedFrom::new(data) {
            return Err(Error::ModelFile {
                path: path.into(),
                message: format!(
                    "the model learned from {} users and {} items, and the matrix has others, or another order of them",
                    of.users.0, of.items.0
                ),
            });
        }
        let matrices = Matrices::Elsewhere(Some(data.clone()));
        let (_, model): (LearnedFrom, Model) = matrices.during(|| MODEL_ALONE.load(path))?;
        Ok(model)
    }
}

/// How many users and items a model learned from, and which: checksums of their names.
#[derive(PartialEq, Serialize, Deserialize)]
struct LearnedFrom {
    users: (usize, CatalogueId),
    items: (usize, CatalogueId),
}

impl LearnedFrom {
    fn new(data: &Interactions) -> Self {
        let (users, items) = data.shape();
        Self {
            users: (users, data.user_catalogue()),
            items: (items, data.item_catalogue()),
        }
    }
}

/// Where the matrices are of the models that are written or read.
///
/// Serde passes no context to the parts of what it reads or writes, so this is kept per thread, for the time of one
/// call.
#[derive(Clone, Default)]
enum Matrices {
    /// In the file.
    #[default]
    Inside,
    /// Not in the file; for reading they are all this one.
    Elsewhere(Option<Interactions>),
}

thread_local! {
    static MATRICES: RefCell<Matrices> = RefCell::default();
}

impl Matrices {
    fn during<T>(self, f: impl FnOnce() -> T) -> T {
        /// Also after a panic.
        struct Reset;
        impl Drop for Reset {
            fn drop(&mut self) {
                MATRICES.set(Matrices::Inside);
            }
        }
        MATRICES.set(self);
        let _reset = Reset;
        f()
    }
}

/// Lets a model with `#[serde(remote = "Self")]` and a method `checked` be written as it is, and read only if its parts
/// fit together.
macro_rules! checked_when_read {
    ($Model:ident) => {
        impl serde::Serialize for $Model {
            fn serialize<S: serde::Serializer>(
                &self,
                serializer: S,
            ) -> std::result::Result<S::Ok, S::Error> {
                // The derived one, which hides the trait's.
                Self::serialize(self, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $Model {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> std::result::Result<Self, D::Error> {
                let model = Self::deserialize(deserializer)?;
                model.checked().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(super) use checked_when_read;

/// The neighbours as items of the matrix, if there are some of each item, which are other items, with similarities
/// above 0.
pub(super) fn checked_neighbours(
    neighbours: &ItemNeighbours,
    data: &Interactions,
) -> std::result::Result<ItemNeighbours, &'static str> {
    let is_similarity = |similarity: f64| similarity > 0.0 && similarity <= LARGEST;
    if !(neighbours.rows().flatten()).all(|neighbour| is_similarity(neighbour.similarity)) {
        return Err("a similarity is not above 0, or too large");
    }
    of_matrix(neighbours, data)
}

/// The same of weights, which may be below 0.
pub(super) fn checked_weights(
    weights: &ItemNeighbours,
    data: &Interactions,
) -> std::result::Result<ItemNeighbours, &'static str> {
    let is_weight = |weight: f64| weight != 0.0 && weight.abs() <= LARGEST;
    if !(weights.rows().flatten()).all(|neighbour| is_weight(neighbour.similarity)) {
        return Err("a weight is 0, not a number, or too large");
    }
    of_matrix(weights, data)
}

/// The largest sum of products of values that a reader takes.
const LARGEST: f64 = *VALUES.end() * *VALUES.end() * u32::MAX as f64;

fn of_matrix(
    neighbours: &ItemNeighbours,
    data: &Interactions,
) -> std::result::Result<ItemNeighbours, &'static str> {
    let items = data.items().len();
    if neighbours.len() != items {
        return Err("its neighbours are not those of the items");
    }
    for item in data.item_indices() {
        for neighbour in neighbours.neighbours(item) {
            if neighbour.item.index() >= items || neighbour.item.index() == item.index() {
                return Err("a neighbour is not another item");
            }
        }
    }
    let row = |item| {
        let row = neighbours.neighbours(item).iter();
        row.map(|neighbour| Neighbour {
            item: data.item_number(neighbour.item.number()),
            ..*neighbour
        })
        .collect()
    };
    Ok(ItemNeighbours::from_rows(data.item_indices().map(row)))
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
        if MATRICES.with_borrow(|matrices| matches!(matrices, Matrices::Elsewhere(_))) {
            return serializer.serialize_unit();
        }
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
        if let Matrices::Elsewhere(matrix) = MATRICES.with_borrow(Clone::clone) {
            <()>::deserialize(deserializer)?;
            return matrix.ok_or_else(|| D::Error::custom("there is no matrix"));
        }
        let matrix = Matrix::deserialize(deserializer)?;
        let plays: usize = matrix.lengths.iter().map(|&length| length as usize).sum();
        if matrix.lengths.len() != matrix.users.len()
            || [matrix.columns.len(), matrix.values.len()] != [plays; 2]
            || matrix
                .columns
                .iter()
                .any(|&item| item as usize >= matrix.items.len())
            || matrix.values.iter().any(|value| !VALUES.contains(value))
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

    pub(in super::super) fn serialize<S: Serializer>(
        neighbours: &ItemNeighbours,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        let row = |row: &[Neighbour]| {
            let row = row.iter();
            row.map(|n| (n.item.number(), n.similarity)).collect()
        };
        let rows: Vec<Vec<(u32, f64)>> = neighbours.rows().map(row).collect();
        rows.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<ItemNeighbours, D::Error> {
        let rows = Vec::<Vec<(u32, f64)>>::deserialize(deserializer)?;
        let neighbour = |(item, similarity)| Neighbour {
            // Of which catalogue, the model knows that it is read with.
            item: Item::new(item, CatalogueId::default()),
            similarity,
        };
        let rows = rows
            .into_iter()
            .map(|row| row.into_iter().map(neighbour).collect());
        Ok(ItemNeighbours::from_rows(rows))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::recommend::ease::Weights;
    use crate::recommend::{
        Als, AlsModel, Bpr, BprModel, ContentBased, Ease, Fit, ItemKnn, ItemScore, Popularity,
        UserKnn,
    };

    fn toy() -> Interactions {
        let plays = (0..12).map(|n| (format!("u{}", n % 4), format!("i{}", n * n % 5), 1.0));
        Interactions::from_triplets(plays).unwrap()
    }

    #[track_caller]
    fn assert_refused(model: Model) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        model.save(&path).unwrap();
        let message = Model::load(&path).unwrap_err().to_string();
        let expected =
            "the parts of the model in the file do not fit together; save the model again";
        assert!(message.ends_with(expected), "{message}");
    }

    #[test]
    fn neighbours_that_are_none_are_refused() {
        let wrong = |row: usize, item: u32, similarity: f64| {
            let mut rows = vec![Vec::new(); toy().items().len()];
            rows.resize(row.max(rows.len()), Vec::new());
            rows[0] = vec![Neighbour {
                item: Item::new(item, CatalogueId::default()),
                similarity,
            }];
            ItemNeighbours::from_rows(rows)
        };
        for neighbours in [
            wrong(0, 99, 0.5),
            wrong(0, 0, 0.5),
            wrong(9, 1, 0.5),
            wrong(0, 1, 0.0),
            wrong(0, 1, f64::NAN),
            wrong(0, 1, f64::INFINITY),
        ] {
            let mut model = ItemKnn::new(2).fit(&toy()).unwrap();
            model.neighbours = neighbours.clone();
            assert_refused(Model::ItemKnn(model));
            let mut model = ItemScore::new(2).fit(&toy()).unwrap();
            model.neighbours = neighbours;
            assert_refused(Model::ItemScore(model));
        }
        let mut model = UserKnn::new(1).fit(&toy()).unwrap();
        model.k = 0;
        assert_refused(Model::UserKnn(model));
    }

    #[test]
    fn vectors_of_another_shape_and_what_is_no_number_are_refused() {
        let als = Als {
            factors: 3,
            ..Als::default()
        };
        let bpr = Bpr {
            factors: 3,
            epochs: 1,
            ..Bpr::default()
        };
        let changes: [fn(&mut AlsModel); 6] = [
            |model| model.vectors.items = model.vectors.items.slice(s![1.., ..]).to_owned(),
            |model| model.vectors.users = model.vectors.users.slice(s![.., 1..]).to_owned(),
            |model| model.vectors.items[(0, 0)] = f32::NAN,
            |model| model.vectors.users[(0, 0)] = f32::INFINITY,
            |model| model.parameters.factors = 4,
            |model| model.parameters.lambda = f64::NAN,
        ];
        for change in changes {
            let mut model = als.fit(&toy()).unwrap();
            change(&mut model);
            assert_refused(Model::Als(model));
        }
        let changes: [fn(&mut BprModel); 5] = [
            |model| model.vectors.items = model.vectors.items.slice(s![.., 1..]).to_owned(),
            |model| model.vectors.users = model.vectors.users.slice(s![1.., ..]).to_owned(),
            |model| model.vectors.items[(0, 0)] = f32::NAN,
            |model| model.parameters.factors = usize::MAX,
            |model| model.parameters.epochs = usize::MAX,
        ];
        for change in changes {
            let mut model = bpr.fit(&toy()).unwrap();
            change(&mut model);
            assert_refused(Model::Bpr(model));
        }
    }

    #[test]
    fn weights_and_tags_of_other_items_are_refused() {
        let ease = || Ease::new(1.0).fit(&toy()).unwrap();
        // With plays of 1e30 the second makes a score of infinity.
        for number in [f64::NAN, -1e300] {
            let mut model = ease();
            let Weights::Double(weights) = &mut model.weights else {
                panic!("double by default");
            };
            weights[(0, 1)] = number;
            assert_refused(Model::Ease(model));
        }
        let mut model = ease();
        model.weights = Weights::Double(model.weights().slice(s![1.., ..]).to_owned());
        assert_refused(Model::Edlae(model));

        let tagged = || ContentBased::new([("i0", "a"), ("i1", "a")]).fit(&toy());
        for vectors in [
            vec![vec![(0, 1.0)]],
            vec![vec![(1, 1.0)]; toy().items().len()],
            vec![vec![(0, f64::NAN)]; toy().items().len()],
        ] {
            let mut model = tagged().unwrap();
            model.vectors = vectors;
            assert_refused(Model::ContentBased(model));
        }
    }

    #[test]
    fn values_that_no_reader_takes_are_refused() {
        for value in [1e-40, 1e60, f64::NAN] {
            let users = vec![UserName::from("a")];
            let items = vec![ItemName::from("x")];
            let data = Interactions::from_parts(users, items, vec![(0, 0, value)]).unwrap();
            assert_refused(Model::Popularity(Popularity.fit(&data).unwrap()));
        }
        // Nor the sum of several, which no reader takes either.
        let users = vec![UserName::from("a")];
        let twice = vec![(0, 0, 1e30), (0, 0, 1e30)];
        let data = Interactions::from_parts(users, vec![ItemName::from("x")], twice).unwrap();
        assert_refused(Model::Popularity(Popularity.fit(&data).unwrap()));
    }
}
