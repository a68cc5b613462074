//! The weighted share of an item's neighbours that a user played.

use std::fmt;

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::model_file::{checked_neighbours, checked_when_read};
use super::recommender::not_zero;
use super::update::Merged;
use super::{Explain, Fit, History, Recommender, SimilarItems, Update, check_not_empty};
use crate::Result;
use crate::interactions::{Interactions, Item};
use crate::similarity::{ItemNeighbours, Neighbour, Neighbourhood};

/// Scores an item by what the user played of the items most similar to it.
///
/// For user u and item i, with N(i) the k items most similar to i (without i itself) and s the similarity, by default
/// the cosine:
///
/// ```text
/// score(u, i) = Σ value(u, j) · s(i, j)  /  Σ s(i, j)      both sums over j in N(i)
/// ```
///
/// With 0/1 data this is the share of i's neighbourhood that u played, from 0 to 1. It is 0 for an item without
/// neighbours. This is the item-based prediction by a weighted sum of Sarwar et al., "Item-based collaborative
/// filtering recommendation algorithms" (WWW 2001), section 3.2.1, with the neighbours taken from all items.
///
/// | parameter | meaning | range |
/// |---|---|---|
/// | `neighbourhood` | how many neighbours of each item count, how alike is measured, and more | see [`Neighbourhood`] |
///
/// ```
/// use radio_rec::interactions::Interactions;
/// use radio_rec::recommend::{Fit, ItemScore, Recommender, Request};
///
/// let data = Interactions::from_triplets([
///     ("ann", "abba", 1.0), ("ann", "u2", 1.0),
///     ("bob", "u2", 1.0), ("bob", "air", 1.0), ("cleo", "air", 1.0),
/// ])?;
/// let model = ItemScore::new(10).fit(&data)?;
/// // air has the one neighbour u2, which ann played.
/// let ann = data.user("ann")?.into();
/// assert_eq!(model.scores_of(ann, &[data.item("air")?])?, [Some(1.0)]);
///
/// let new = model.recommend(ann, &Request::new(5))?;
/// assert_eq!(new.ranking.names().collect::<Vec<_>>(), ["air"]);
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemScore {
    /// How neighbours are found.
    pub neighbourhood: Neighbourhood,
}

impl ItemScore {
    /// With the `k` most similar items of each item by the cosine.
    pub fn new(k: usize) -> Self {
        Self::with(Neighbourhood::new(k))
    }

    /// With neighbours by another measure, weights or support.
    pub fn with(neighbourhood: Neighbourhood) -> Self {
        Self { neighbourhood }
    }
}

impl Fit for ItemScore {
    type Model = ItemScoreModel;

    fn check(&self) -> Result<()> {
        self.neighbourhood.check()
    }

    /// Finds the neighbours of each item.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a neighbourhood outside its range, and for a
    /// matrix without values.
    fn fit(&self, data: &Interactions) -> Result<ItemScoreModel> {
        check_not_empty(data)?;
        Ok(ItemScoreModel {
            data: data.clone(),
            neighbourhood: self.neighbourhood,
            neighbours: self.neighbourhood.of_items(data)?,
        })
    }
}

/// A fitted [`ItemScore`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ItemScoreModel {
    data: Interactions,
    neighbourhood: Neighbourhood,
    #[serde(with = "super::model_file::neighbours")]
    pub(super) neighbours: ItemNeighbours,
}

checked_when_read!(ItemScoreModel);

impl ItemScoreModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        if self.neighbourhood.check().is_err() {
            return Err("a parameter is outside its range");
        }
        let neighbours = checked_neighbours(&self.neighbours, &self.data)?;
        Ok(Self { neighbours, ..self })
    }
}

impl ItemScoreModel {
    /// The neighbours that the scores are made of.
    pub fn neighbours(&self) -> &ItemNeighbours {
        &self.neighbours
    }

    /// The scores of all items for all users, an array of users x items.
    pub fn scores(&self) -> Array2<f64> {
        let mut scores = Array2::zeros(self.data.shape());
        for (user, mut row) in self.data.user_indices().zip(scores.rows_mut()) {
            row.assign(&ArrayView1::from(
                &self.scores_from(self.data.items_of(user)),
            ));
        }
        scores
    }

    /// The scores of all items for somebody who played these items, each named once, with their values.
    fn scores_from(&self, plays: impl Iterator<Item = (Item, f64)>) -> Vec<f64> {
        let mut values = vec![0.0; self.data.items().len()];
        for (item, value) in plays {
            values[item.index()] = value;
        }
        let score = |item| self.score_with(item, |other| values[other.index()]);
        self.data.item_indices().map(score).collect()
    }

    /// The score of an item for a user whose values are given by a function.
    fn score_with(&self, item: Item, value: impl Fn(Item) -> f64) -> f64 {
        let mut weighted = 0.0;
        let mut total = 0.0;
        for neighbour in self.neighbours.neighbours(item) {
            weighted += value(neighbour.item) * neighbour.similarity;
            total += neighbour.similarity;
        }
        // Similarities are above 0, so there is no sum of 0 but the empty one.
        if total > 0.0 { weighted / total } else { 0.0 }
    }
}

impl fmt::Debug for ItemScoreModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ItemScoreModel({:?}, {:?})", self.data, self.neighbours)
    }
}

impl Recommender for ItemScoreModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        not_zero(&self.data, self.scores_from(history.plays()))
    }
}

impl Update for ItemScoreModel {
    fn update(&mut self, plays: &Interactions) -> Result<()> {
        let Merged { data, items, .. } = Merged::new(&self.data, plays)?;
        let neighbourhood = self.neighbourhood;
        self.neighbours = neighbourhood.of_changed_items(&self.neighbours, &data, &items)?;
        self.data = data;
        Ok(())
    }
}

/// The neighbours that the scores are made of: up to k.
impl SimilarItems for ItemScoreModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        let neighbours = self.neighbours.neighbours(item).iter();
        neighbours.map(|n| (n.item, n.similarity)).collect()
    }
}

impl Explain for ItemScoreModel {
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)> {
        let neighbours = self.neighbours.neighbours(item);
        let total: f64 = neighbours.iter().map(|n| n.similarity).sum();
        let contribution = |n: &Neighbour| (n.item, history.value(n.item) * n.similarity / total);
        neighbours
            .iter()
            .map(contribution)
            .filter(|c| c.1 > 0.0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interactions::User;
    use crate::similarity::cosine_items;
    use proptest::prelude::*;

    /// The score as its formula reads, from all pairs of items.
    fn slow_score(data: &Interactions, k: usize, user: User, item: Item) -> f64 {
        let mut others: Vec<(Item, f64)> = data
            .item_indices()
            .filter(|&other| other != item)
            .map(|other| (other, cosine_items(data, item, other).unwrap()))
            .collect();
        others.sort_by(|a, b| b.1.total_cmp(&a.1));
        others.truncate(k);
        let weighted: f64 = others
            .iter()
            .map(|&(other, s)| data.value(user, other) * s)
            .sum();
        let total: f64 = others.iter().map(|&(_, s)| s).sum();
        if total > 0.0 { weighted / total } else { 0.0 }
    }

    proptest! {
        #[test]
        fn the_fast_way_equals_the_formula(
            plays in prop::collection::vec((0u8..6, 0u8..7, 1u8..3), 1..25), k in 1usize..8
        ) {
            let triplets = plays.iter().map(|&(u, i, v)| (u.to_string(), i.to_string(), f64::from(v)));
            let data = Interactions::from_triplets(triplets).unwrap();
            let model = ItemScore::new(k).fit(&data).unwrap();
            let scores = model.scores();
            for user in data.user_indices() {
                for item in data.item_indices() {
                    let expected = slow_score(&data, k, user, item);
                    let found = scores[(user.index(), item.index())];
                    prop_assert!((found - expected).abs() < 1e-12, "{} {}", found, expected);
                    let one = model.scores_of(user.into(), &[item]).unwrap();
                    prop_assert_eq!(one[0].unwrap_or(0.0), found);
                }
            }
        }
    }
}
