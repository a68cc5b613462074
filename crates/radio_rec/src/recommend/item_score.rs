//! The weighted share of an item's neighbours that a user played.

use std::fmt;

use ndarray::{Array1, Array2};

use serde::{Deserialize, Serialize};

use super::model_file::{check_neighbours, checked_when_read};
use super::recommender::not_zero;
use super::{
    AlreadyPlayed, Explain, History, Recommender, SimilarItems, check_not_empty, filter_played,
};
use crate::Result;
use crate::interactions::{Interactions, Item, ItemName, User};
use crate::ranking::{Ranking, at_least_one};
use crate::similarity::{ItemNeighbours, Neighbour, Neighbourhood};

/// Scores an item by what the user played of the items most similar to it.
///
/// For user u and item i, with N(i) the k items most similar to i (without i itself) and s the similarity, by default the cosine:
///
/// ```text
/// score(u, i) = Σ value(u, j) · s(i, j)  /  Σ s(i, j)      both sums over j in N(i)
/// ```
///
/// With 0/1 data this is the share of i's neighbourhood that u played, from 0 to 1. It is 0 for an item without
/// neighbours. This is the item-based prediction by a weighted sum of Sarwar et al., "Item-based collaborative filtering
/// recommendation algorithms" (WWW 2001), section 3.2.1, with the neighbours taken from all items.
///
/// | parameter | meaning | range |
/// |---|---|---|
/// | `k` | how many neighbours of each item count | at least 1 |
/// | `neighbourhood` | how alike is measured, and more, instead of `k` and the cosine | see [`Neighbourhood`] |
///
/// ```
/// use radio_rec::interactions::Interactions;
/// use radio_rec::recommend::{AlreadyPlayed, ItemScore};
///
/// let data = Interactions::from_triplets([
///     ("ann", "abba", 1.0), ("ann", "u2", 1.0),
///     ("bob", "u2", 1.0), ("bob", "air", 1.0), ("cleo", "air", 1.0),
/// ])?;
/// let model = ItemScore::new(10).fit(&data)?;
/// // air has the one neighbour u2, which ann played.
/// assert_eq!(model.score_of(data.user("ann")?, data.item("air")?)?, 1.0);
///
/// let new = model.recommend(data.user("ann")?, 5, AlreadyPlayed::LeaveOut)?;
/// assert_eq!(new.names().collect::<Vec<_>>(), ["air"]);
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ItemScore {
    neighbourhood: Neighbourhood,
}

impl ItemScore {
    /// With the `k` most similar items of each item; `k` is checked by [`fit`](ItemScore::fit).
    pub fn new(k: usize) -> Self {
        Self::with(Neighbourhood::new(k))
    }

    /// With neighbours by another measure, weights or support; they are checked by [`fit`](ItemScore::fit).
    pub fn with(neighbourhood: Neighbourhood) -> Self {
        Self { neighbourhood }
    }

    /// Finds the neighbours of each item.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a neighbourhood outside its range, and for a matrix
    /// without values.
    pub fn fit(self, data: &Interactions) -> Result<ItemScoreModel> {
        check_not_empty(data)?;
        Ok(ItemScoreModel {
            data: data.clone(),
            neighbours: self.neighbourhood.of_items(data)?,
        })
    }
}

/// A fitted [`ItemScore`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ItemScoreModel {
    data: Interactions,
    #[serde(with = "super::model_file::neighbours")]
    pub(super) neighbours: ItemNeighbours,
}

checked_when_read!(ItemScoreModel);

impl ItemScoreModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        check_neighbours(&self.neighbours, &self.data)?;
        Ok(self)
    }
}

impl ItemScoreModel {
    /// The neighbours that the scores are made of.
    pub fn neighbours(&self) -> &ItemNeighbours {
        &self.neighbours
    }

    /// The score of one item for one user.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a user or an item that the matrix does not have.
    pub fn score_of(&self, user: User, item: Item) -> Result<f64> {
        self.data.check_user(user)?;
        self.data.check_item(item)?;
        Ok(self.score_with(item, |other| self.data.value(user, other)))
    }

    /// The scores of all items for one user, in the catalogue's order.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a user that the matrix does not have.
    pub fn scores_of(&self, user: User) -> Result<Array1<f64>> {
        self.data.check_user(user)?;
        Ok(self.scores_in_range(user))
    }

    /// The scores of all items for all users, an array of users x items.
    pub fn scores(&self) -> Array2<f64> {
        let mut scores = Array2::zeros(self.data.shape());
        for (user, mut row) in self.data.user_indices().zip(scores.rows_mut()) {
            row.assign(&self.scores_in_range(user));
        }
        scores
    }

    /// The best `n` items for a user; fewer where fewer have a score above 0, and none for a user who played nothing
    /// ([`recommend_to`](Recommender::recommend_to) gives those what is popular).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for `n` = 0, and for a user that the matrix does not have.
    pub fn recommend(
        &self,
        user: User,
        n: usize,
        played: AlreadyPlayed,
    ) -> Result<Ranking<ItemName>> {
        at_least_one("n", n)?;
        let scores = (0..).zip(self.scores_of(user)?).collect();
        let scores = filter_played(&self.data, user, played, scores);
        Ok(Ranking::of_positive(n, scores, self.data.items()))
    }

    /// The scores of all items for a user that is known to be in the matrix.
    fn scores_in_range(&self, user: User) -> Array1<f64> {
        self.scores_from(self.data.items_of(user)).into()
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
        not_zero(self.scores_from(history.plays()))
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
                    let found = model.score_of(user, item).unwrap();
                    prop_assert!((found - expected).abs() < 1e-12, "{} {}", found, expected);
                    prop_assert_eq!(found, scores[(user.index(), item.index())]);
                }
                let ranking = model.recommend(user, 99, AlreadyPlayed::LeaveOut).unwrap();
                for ranked in &ranking {
                    let item = data.item(&ranked.name).unwrap();
                    prop_assert_eq!(data.value(user, item), 0.0);
                    prop_assert_eq!(ranked.score, scores[(user.index(), item.index())]);
                }
            }
        }
    }

    #[test]
    fn bad_arguments_are_refused() {
        let data = Interactions::from_triplets([("a", "x", 1.0), ("a", "y", 1.0)]).unwrap();
        assert_eq!(
            ItemScore::new(0).fit(&data).unwrap_err().to_string(),
            "`k` is 0, but must be at least 1"
        );
        let model = ItemScore::new(1).fit(&data).unwrap();
        let (a, x) = (data.user("a").unwrap(), data.item("x").unwrap());
        assert!(model.recommend(a, 0, AlreadyPlayed::Keep).is_err());
        assert!(model.recommend(User(1), 1, AlreadyPlayed::Keep).is_err());
        assert!(model.score_of(User(1), x).is_err());
        assert!(model.score_of(a, Item(2)).is_err());
        assert!(model.scores_of(User(1)).is_err());
    }
}
