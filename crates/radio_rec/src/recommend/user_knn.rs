//! What similar users played.

use serde::{Deserialize, Serialize};

use super::model_file::checked_when_read;
use super::sums::Sums;
use super::update::Merged;
use super::{Explain, Fit, History, Recommender, SimilarUsers, Update, Wanted, check_not_empty};
use crate::Result;
use crate::interactions::{Interactions, Item, User};
use crate::ranking::{at_least_one, best};

/// Scores an item by how much the most similar users played it.
///
/// For user u and item i, with N(u) the k other users with the largest cosine similarity s to u:
///
/// ```text
/// score(u, i) = Σ s(u, v) · value(v, i)      over v in N(u)
/// ```
///
/// (Sarwar et al., "Analysis of recommendation algorithms for e-commerce", EC 2000, section 3.2, with similarities as
/// weights.) An item that none of them played has no score.
///
/// | parameter | meaning | range |
/// |---|---|---|
/// | `k` | how many users count | at least 1 |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserKnn {
    /// How many users count.
    pub k: usize,
}

impl UserKnn {
    /// With the `k` most similar users.
    pub fn new(k: usize) -> Self {
        Self { k }
    }
}

impl Fit for UserKnn {
    type Model = UserKnnModel;

    fn check(&self) -> Result<()> {
        at_least_one("k", self.k)
    }

    /// Keeps the matrix; similarities are computed when they are asked for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for `k` = 0, and for a matrix without values.
    fn fit(&self, data: &Interactions) -> Result<UserKnnModel> {
        self.check()?;
        check_not_empty(data)?;
        Ok(UserKnnModel {
            data: data.clone(),
            k: self.k,
        })
    }
}

/// A fitted [`UserKnn`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct UserKnnModel {
    data: Interactions,
    pub(super) k: usize,
}

checked_when_read!(UserKnnModel);

impl UserKnnModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        match self.k {
            0 => Err("it has no neighbours"),
            _ => Ok(self),
        }
    }
}

impl Update for UserKnnModel {
    fn update(&mut self, plays: &Interactions) -> Result<()> {
        self.data = Merged::new(&self.data, plays)?.data;
        Ok(())
    }
}

impl Recommender for UserKnnModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        scores_by_users(&self.data, history, self.k)
    }

    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        best_by_users(&self.data, histories, self.k, wanted)
    }
}

/// The cosine of what was played, of all users, whatever `k` is.
impl SimilarUsers for UserKnnModel {
    fn user_similarities(&self, history: &History<'_>) -> Vec<(User, f64)> {
        cosines_to_users(&self.data, history)
    }
}

/// The similarity to each user is itself a sum over the items that both played, which is taken apart.
impl Explain for UserKnnModel {
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)> {
        contributions_by_users(&self.data, history, self.k, item)
    }
}

/// The items of the `k` users nearest to a history, by the sum of similarity times value.
pub(super) fn scores_by_users(
    data: &Interactions,
    history: &History<'_>,
    k: usize,
) -> Vec<(Item, f64)> {
    with_scores_by_users(data, history, k, |sums| {
        let scores = sums
            .drain()
            .map(|(item, sum)| (data.item_number(item), sum));
        scores.collect()
    })
}

/// Of [`scores_by_users`] the best that are wanted.
pub(super) fn best_by_users(
    data: &Interactions,
    histories: &[History<'_>],
    k: usize,
    wanted: &Wanted,
) -> Vec<Vec<(Item, f64)>> {
    let best =
        |history| with_scores_by_users(data, history, k, |sums| sums.best(data, history, wanted));
    histories.iter().map(best).collect()
}

fn with_scores_by_users<T>(
    data: &Interactions,
    history: &History<'_>,
    k: usize,
    f: impl FnOnce(&mut Sums) -> T,
) -> T {
    let nearest = nearest_users(data, history, k);
    Sums::with(data.items().len(), |sums| {
        for (user, similarity) in nearest {
            for (item, value) in data.items_of(user) {
                sums.add(item.index(), similarity * value);
            }
        }
        f(sums)
    })
}

/// What each item of the history adds to the score of `item` in [`scores_by_users`].
pub(super) fn contributions_by_users(
    data: &Interactions,
    history: &History<'_>,
    k: usize,
    item: Item,
) -> Vec<(Item, f64)> {
    let nearest = nearest_users(data, history, k);
    let lengths = squared_norm(history.plays().map(|play| play.1)).sqrt();
    let contribution = |(played, value): (Item, f64)| {
        let of_users = nearest.iter().map(|&(user, _)| {
            let length = squared_norm(data.items_of(user).map(|play| play.1)).sqrt();
            value * data.value(user, played) / (lengths * length) * data.value(user, item)
        });
        (played, of_users.sum())
    };
    history
        .plays()
        .map(contribution)
        .filter(|c: &(Item, f64)| c.1 > 0.0)
        .collect()
}

/// The `k` users with the largest cosine to a history, without the user whose history it is.
fn nearest_users(data: &Interactions, history: &History<'_>, k: usize) -> Vec<(User, f64)> {
    best(k, cosines_to_users(data, history))
}

/// The users with something in common with a history, without the user whose history it is, and their cosine to it.
pub(super) fn cosines_to_users(data: &Interactions, history: &History<'_>) -> Vec<(User, f64)> {
    let norm = squared_norm(history.plays().map(|play| play.1));
    Sums::with(data.users().len(), |common| {
        for (item, value) in history.plays() {
            for (user, other) in data.users_of(item) {
                common.add(user.index(), value * other);
            }
        }
        let cosine = |(user, common): (u32, f64)| {
            let other = data.by_user().squared_norm(user as usize);
            // As in `similarity`: what is equal as mathematics is equal in bits.
            let cosine = (common * common / (norm * other)).sqrt().min(1.0);
            (data.user_number(user), cosine)
        };
        let others = common.drain().map(cosine);
        others
            .filter(|&(user, _)| Some(user) != history.user())
            .collect()
    })
}

fn squared_norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|value| value * value).sum()
}
