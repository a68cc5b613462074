//! The items of the most similar user.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::user_knn::{contributions_by_users, scores_by_users};
use super::{AlreadyPlayed, Explain, History, Recommender, check_not_empty, filter_played};
use crate::Result;
use crate::interactions::{Interactions, Item, ItemName, User, UserName};
use crate::ranking::{Ranking, at_least_one, best};
use crate::similarity::{similar_users, similarities_of_user};

/// Recommends what the most similar user plays. It has no parameters.
///
/// The score of an item is cos(user, nearest) · value(nearest, item), where nearest is the user with the largest cosine
/// to this one, and the first of them in the catalogue where several have it. With 0/1 data all items of the nearest user
/// score the same, and keep the catalogue's order.
///
/// ```
/// use radio_rec::interactions::Interactions;
/// use radio_rec::recommend::{AlreadyPlayed, NearestUser};
///
/// let data = Interactions::from_triplets([
///     ("ann", "abba", 1.0), ("ann", "u2", 1.0),
///     ("bob", "abba", 1.0), ("bob", "air", 1.0), ("bob", "u2", 1.0),
///     ("cleo", "u2", 1.0), ("cleo", "moby", 1.0), ("cleo", "muse", 1.0),
/// ])?;
/// let model = NearestUser.fit(&data)?;
/// let ann = data.user("ann")?;
/// assert_eq!(model.neighbours(ann, 1)?.first().unwrap().name, "bob");
///
/// let new = model.recommend(ann, 10, AlreadyPlayed::LeaveOut)?;
/// assert_eq!(new.names().collect::<Vec<_>>(), ["air"]);
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NearestUser;

impl NearestUser {
    /// Keeps the matrix; similarities are computed when they are asked for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a matrix without values.
    pub fn fit(self, data: &Interactions) -> Result<NearestUserModel> {
        check_not_empty(data)?;
        Ok(NearestUserModel { data: data.clone() })
    }
}

/// A fitted [`NearestUser`].
#[derive(Clone, Serialize, Deserialize)]
pub struct NearestUserModel {
    data: Interactions,
}

impl NearestUserModel {
    /// The `k` users most similar to `user`, without the user themself; fewer where fewer have an item in common.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for `k` = 0, and for a user that the matrix does not have.
    pub fn neighbours(&self, user: User, k: usize) -> Result<Ranking<UserName>> {
        similar_users(&self.data, user, k)
    }

    /// The best `n` items of the nearest user.
    ///
    /// None for a user who has no item in common with anybody; one who played nothing gets what is popular from
    /// [`recommend_to`](Recommender::recommend_to).
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
        let mut scores = Vec::new();
        for (nearest, similarity) in best(1, similarities_of_user(&self.data, user)?) {
            let (items, values) = self.data.by_user().row(nearest as usize);
            scores.extend(
                items
                    .iter()
                    .zip(values)
                    .map(|(&item, value)| (item, similarity * value)),
            );
        }
        let scores = filter_played(&self.data, user, played, scores);
        Ok(Ranking::of_positive(n, scores, self.data.items()))
    }
}

impl Recommender for NearestUserModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        scores_by_users(&self.data, history, 1)
    }
}

/// The similarity to the nearest user is itself a sum over the items that both played, which is taken apart.
impl Explain for NearestUserModel {
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)> {
        contributions_by_users(&self.data, history, 1, item)
    }
}

impl fmt::Debug for NearestUserModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NearestUserModel({:?})", self.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy() -> Interactions {
        Interactions::from_triplets([
            ("ann", "abba", 1.0),
            ("ann", "u2", 1.0),
            ("bob", "air", 2.0),
            ("bob", "abba", 4.0),
            ("bob", "u2", 4.0),
            ("bob", "beck", 2.0),
            ("loner", "moby", 1.0),
            ("silent", "moby", 0.0),
        ])
        .unwrap()
    }

    #[test]
    fn the_nearest_users_items_come_by_how_often_they_were_played() {
        let data = toy();
        let model = NearestUser.fit(&data).unwrap();
        let ann = data.user("ann").unwrap();
        let similarity = (8.0f64 * 8.0 / (2.0 * 40.0)).sqrt();
        assert_eq!(
            model
                .neighbours(ann, 5)
                .unwrap()
                .scores()
                .collect::<Vec<_>>(),
            [similarity]
        );

        let all = model.recommend(ann, 9, AlreadyPlayed::Keep).unwrap();
        assert_eq!(
            all.names().collect::<Vec<_>>(),
            ["abba", "u2", "air", "beck"]
        );
        assert_eq!(all.first().unwrap().score, similarity * 4.0);
        let new = model.recommend(ann, 1, AlreadyPlayed::LeaveOut).unwrap();
        assert_eq!(new.names().collect::<Vec<_>>(), ["air"]);
    }

    #[test]
    fn without_a_neighbour_there_is_nothing_to_recommend() {
        let data = toy();
        let model = NearestUser.fit(&data).unwrap();
        for name in ["loner", "silent"] {
            let user = data.user(name).unwrap();
            assert!(model.neighbours(user, 3).unwrap().is_empty());
            assert!(
                model
                    .recommend(user, 3, AlreadyPlayed::Keep)
                    .unwrap()
                    .is_empty()
            );
        }
    }

    #[test]
    fn bad_arguments_are_refused() {
        let data = toy();
        let model = NearestUser.fit(&data).unwrap();
        let ann = data.user("ann").unwrap();
        assert!(model.neighbours(ann, 0).is_err());
        assert!(model.recommend(ann, 0, AlreadyPlayed::Keep).is_err());
        assert!(model.recommend(User(99), 1, AlreadyPlayed::Keep).is_err());
    }
}
