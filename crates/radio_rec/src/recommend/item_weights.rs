//! What the models share that learned a few weights of each item for others.

use serde::{Deserialize, Serialize};

use super::history::{History, PlayWeight};
use super::model_file::{checked_neighbours, checked_when_read};
use super::recommender::not_zero;
use super::{Explain, Recommender, SimilarItems};
use crate::interactions::{Interactions, Item};
use crate::similarity::ItemNeighbours;

/// A fitted [`Slim`](super::Slim) or [`Rp3Beta`](super::Rp3Beta): of each item the others that it speaks for, and how much.
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
        let weights = checked_neighbours(&self.weights, &self.data)?;
        if self.weight.check().is_err() {
            return Err("its weight of plays is none");
        }
        Ok(Self { weights, ..self })
    }

    /// Of each item the others that it speaks for, and how much: above 0.
    pub fn weights(&self) -> &ItemNeighbours {
        &self.weights
    }
}

impl Recommender for ItemWeightsModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        let mut scores = vec![0.0; self.data.items().len()];
        for (item, value) in history.plays() {
            let weight = self.weight.of(value);
            for neighbour in self.weights.neighbours(item) {
                scores[neighbour.item.index()] += weight * neighbour.similarity;
            }
        }
        not_zero(&self.data, scores)
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
