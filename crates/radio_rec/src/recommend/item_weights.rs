//! What the models share that learned a few weights of each item for others.

use serde::{Deserialize, Serialize};

use super::history::{History, PlayWeight};
use super::model_file::{checked_weights, checked_when_read};
use super::sums::Sums;
use super::{Explain, Recommender, SimilarItems, Wanted};
use crate::interactions::{Interactions, Item};
use crate::similarity::{ItemNeighbours, Neighbour};

/// A fitted [`Slim`](super::Slim), [`Rp3Beta`](super::Rp3Beta) or [`SparseEase`](super::SparseEase): of each item the
/// others that it speaks for, and how much.
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ItemWeightsModel {
    pub(super) data: Interactions,
    pub(super) weight: PlayWeight,
    #[serde(with = "super::model_file::neighbours")]
    pub(super) weights: ItemNeighbours,
}

checked_when_read!(ItemWeightsModel);

impl ItemWeightsModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        let weights = checked_weights(&self.weights, &self.data)?;
        if self.weight.check().is_err() {
            return Err("its weight of plays is outside its range");
        }
        Ok(Self { weights, ..self })
    }

    /// From columns: for each item the others that speak for it, in ascending order, and how much.
    pub(super) fn from_columns(
        data: &Interactions,
        weight: PlayWeight,
        columns: Vec<Vec<(u32, f64)>>,
    ) -> Self {
        let mut rows = vec![Vec::new(); columns.len()];
        for (item, column) in data.item_indices().zip(columns) {
            for (other, similarity) in column {
                rows[other as usize].push(Neighbour { item, similarity });
            }
        }
        Self {
            data: data.clone(),
            weight,
            weights: ItemNeighbours::from_rows(rows),
        }
    }

    /// Of each item the others that it speaks for, and how much: above 0, or of [`SparseEase`](super::SparseEase) below
    /// 0 where it speaks against one.
    pub fn weights(&self) -> &ItemNeighbours {
        &self.weights
    }

    /// Calls `f` with the scores of all items.
    fn with_scores<T>(&self, history: &History<'_>, f: impl FnOnce(&mut Sums) -> T) -> T {
        Sums::with(self.data.items().len(), |sums| {
            for (item, value) in history.plays() {
                let weight = self.weight.of(value);
                for neighbour in self.weights.neighbours(item) {
                    sums.add(neighbour.item.index(), weight * neighbour.similarity);
                }
            }
            f(sums)
        })
    }
}

impl Recommender for ItemWeightsModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        let named = |(item, sum)| (self.data.item_number(item), sum);
        self.with_scores(history, |sums| sums.drain().map(named).collect())
    }

    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        let best =
            |history| self.with_scores(history, |sums| sums.best(&self.data, history, wanted));
        histories.iter().map(best).collect()
    }
}

/// The items that an item speaks for.
impl SimilarItems for ItemWeightsModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        let weights = self.weights.neighbours(item).iter();
        weights.map(|n| (n.item, n.similarity)).collect()
    }
}

impl Explain for ItemWeightsModel {
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)> {
        let contribution = |(played, value): (Item, f64)| {
            let mut weights = self.weights.neighbours(played).iter();
            let weight = weights.find(|neighbour| neighbour.item == item)?;
            Some((played, self.weight.of(value) * weight.similarity))
        };
        history.plays().filter_map(contribution).collect()
    }
}
