//! What is similar to what was played.

use serde::{Deserialize, Serialize};

use super::model_file::{check_neighbours, checked_when_read};
use super::recommender::not_zero;
use super::{Explain, History, Recommender, SimilarItems, check_not_empty};
use crate::Result;
use crate::interactions::{Interactions, Item};
use crate::ranking::at_least_one;
use crate::similarity::ItemNeighbours;

/// Scores an item by the sum of its similarities to what the user played.
///
/// For user u and item i, with N(j) the k items most similar to item j and s the cosine similarity:
///
/// ```text
/// score(u, i) = Σ value(u, j) · s(j, i)      over the items j that u played and in whose N(j) i is
/// ```
///
/// (Deshpande and Karypis, "Item-based top-N recommendation algorithms", TOIS 2004, section 4.) Other than
/// [`ItemScore`](super::ItemScore) it does not divide by the sum of the similarities, so that items with many neighbours in
/// the history come first. An item that is nobody's neighbour has no score.
///
/// | parameter | meaning | range |
/// |---|---|---|
/// | `k` | how many neighbours of each item count | at least 1 |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemKnn {
    k: usize,
}

impl ItemKnn {
    /// With the `k` most similar items of each item; `k` is checked by [`fit`](ItemKnn::fit).
    pub fn new(k: usize) -> Self {
        Self { k }
    }

    /// Finds the neighbours of each item.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for `k` = 0, and for a matrix without values.
    pub fn fit(self, data: &Interactions) -> Result<ItemKnnModel> {
        at_least_one("k", self.k)?;
        check_not_empty(data)?;
        Ok(ItemKnnModel {
            data: data.clone(),
            neighbours: ItemNeighbours::by_cosine(data, self.k)?,
        })
    }
}

/// A fitted [`ItemKnn`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ItemKnnModel {
    pub(super) data: Interactions,
    #[serde(with = "super::model_file::neighbours")]
    pub(super) neighbours: ItemNeighbours,
}

checked_when_read!(ItemKnnModel);

impl ItemKnnModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        check_neighbours(&self.neighbours, &self.data)?;
        Ok(self)
    }
}

impl Recommender for ItemKnnModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        let mut scores = vec![0.0; self.data.items().len()];
        for (item, value) in history.plays() {
            for neighbour in self.neighbours.neighbours(item) {
                scores[neighbour.item.index()] += value * neighbour.similarity;
            }
        }
        not_zero(scores)
    }
}

/// The neighbours that the scores are made of: up to k.
impl SimilarItems for ItemKnnModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        let neighbours = self.neighbours.neighbours(item).iter();
        neighbours.map(|n| (n.item, n.similarity)).collect()
    }
}

impl Explain for ItemKnnModel {
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)> {
        let mut contributions = Vec::new();
        for (played, value) in history.plays() {
            let mut neighbours = self.neighbours.neighbours(played).iter();
            if let Some(neighbour) = neighbours.find(|neighbour| neighbour.item == item) {
                contributions.push((played, value * neighbour.similarity));
            }
        }
        contributions
    }
}
