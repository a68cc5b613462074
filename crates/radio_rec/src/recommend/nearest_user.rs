//! The items of the most similar user.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::update::Merged;
use super::user_knn::{best_by_users, contributions_by_users, cosines_to_users, scores_by_users};
use super::{Explain, Fit, History, Recommender, SimilarUsers, Update, Wanted, check_not_empty};
use crate::Result;
use crate::interactions::{Interactions, Item, User};

/// Recommends what the most similar user plays. It has no parameters.
///
/// The score of an item is cos(user, nearest) · value(nearest, item), where nearest is the user with the largest cosine
/// to this one, and the first of them in the catalogue where several have it. With 0/1 data all items of the nearest
/// user score the same, and keep the catalogue's order.
///
/// ```
/// use radio_rec::interactions::Interactions;
/// use radio_rec::recommend::{Fit, NearestUser, Recommender, Request, SimilarUsers};
///
/// let data = Interactions::from_triplets([
///     ("ann", "abba", 1.0), ("ann", "u2", 1.0),
///     ("bob", "abba", 1.0), ("bob", "air", 1.0), ("bob", "u2", 1.0),
///     ("cleo", "u2", 1.0), ("cleo", "moby", 1.0), ("cleo", "muse", 1.0),
/// ])?;
/// let model = NearestUser.fit(&data)?;
/// let ann = data.user("ann")?.into();
/// assert_eq!(model.similar_users(ann, 1)?.first().unwrap().name, "bob");
///
/// let new = model.recommend(ann, &Request::new(10))?;
/// assert_eq!(new.ranking.names().collect::<Vec<_>>(), ["air"]);
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NearestUser;

impl Fit for NearestUser {
    type Model = NearestUserModel;

    /// Keeps the matrix; similarities are computed when they are asked for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a matrix without values.
    fn fit(&self, data: &Interactions) -> Result<NearestUserModel> {
        check_not_empty(data)?;
        Ok(NearestUserModel { data: data.clone() })
    }
}

/// A fitted [`NearestUser`].
#[derive(Clone, Serialize, Deserialize)]
pub struct NearestUserModel {
    data: Interactions,
}

impl Update for NearestUserModel {
    fn update(&mut self, plays: &Interactions) -> Result<()> {
        self.data = Merged::new(&self.data, plays)?.data;
        Ok(())
    }
}

impl Recommender for NearestUserModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        scores_by_users(&self.data, history, 1)
    }

    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        best_by_users(&self.data, histories, 1, wanted)
    }
}

/// The cosine of what was played.
impl SimilarUsers for NearestUserModel {
    fn user_similarities(&self, history: &History<'_>) -> Vec<(User, f64)> {
        cosines_to_users(&self.data, history)
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
    use crate::recommend::{AlreadyPlayed, Request};

    fn toy() -> Interactions {
        Interactions::from_triplets([
            ("ann", "abba", 1.0),
            ("ann", "u2", 1.0),
            ("bob", "air", 2.0),
            ("bob", "abba", 4.0),
            ("bob", "u2", 4.0),
            ("bob", "beck", 2.0),
            ("loner", "moby", 1.0),
        ])
        .unwrap()
    }

    #[test]
    fn the_nearest_users_items_come_by_how_often_they_were_played() {
        let data = toy();
        let model = NearestUser.fit(&data).unwrap();
        let ann = data.user("ann").unwrap().into();
        let similarity = (8.0f64 * 8.0 / (2.0 * 40.0)).sqrt();
        let alike = model.similar_users(ann, 5).unwrap();
        assert_eq!(alike.scores().collect::<Vec<_>>(), [similarity]);

        let all = Request::new(9).already_played(AlreadyPlayed::Keep);
        let all = model.recommend(ann, &all).unwrap().ranking;
        assert_eq!(
            all.names().collect::<Vec<_>>(),
            ["abba", "u2", "air", "beck"]
        );
        assert_eq!(all.first().unwrap().score, similarity * 4.0);
        let new = model.recommend(ann, &Request::new(1)).unwrap().ranking;
        assert_eq!(new.names().collect::<Vec<_>>(), ["air"]);
    }

    #[test]
    fn without_a_neighbour_there_is_nothing_to_recommend() {
        let data = toy();
        let model = NearestUser.fit(&data).unwrap();
        let loner = data.user("loner").unwrap().into();
        assert!(model.similar_users(loner, 3).unwrap().is_empty());
        let new = model.recommend(loner, &Request::new(3)).unwrap();
        assert!(new.ranking.is_empty());
    }
}
