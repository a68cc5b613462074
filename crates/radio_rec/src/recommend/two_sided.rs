//! EDLAE of the items and EDLAE of the users, added up.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::ease::check_penalty;
use super::history::{History, PlayWeight};
use super::model_file::checked_when_read;
use super::recommender::not_zero;
use super::{Edlae, Fit, Recommender, SimilarItems, SimilarUsers};
use crate::interactions::{Interactions, Item, User};
use crate::linalg::invert_positive_definite;
use crate::parallel;
use crate::{Error, Result};

/// Learns how much each item speaks for each other, and how much each user for each other, and adds up what both say.
///
/// With X the weighted plays (users x items), the score of item j for user u is
///
/// ```text
/// Σ over the items i that u played  x_ui B_ij   +   share · Σ over the other users v  A_vu x_vj
/// ```
///
/// where B is what [`Edlae`](super::Edlae) learns of X with `dropout` and `lambda`, and A what it learns of Xᵀ, the
/// users in the place of the items, with `user_dropout` and `user_lambda`: both restore the plays, from their row and
/// from their column, and err in ways that differ. (Adding up both views is Wang, de Vries and Reinders, "Unifying
/// user-based and item-based collaborative filtering approaches by similarity fusion", SIGIR 2006; the weights are
/// those of Steck, "Autoencoders that don't overfit towards the identity", NeurIPS 2020.) Somebody who is not in the
/// matrix is restored from all of its users by the same penalties: w = P X x for P = (X Xᵀ + p/(1-p) · diag(X Xᵀ) + λ
/// I)⁻¹.
///
/// Scores may be negative. Every item that somebody played has one.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `dropout` | 0.7 | the probability with which an item of a user is forgotten | at least 0, below 1 |
/// | `lambda` | 300 | the penalty for large weights of items | finite, above 0 |
/// | `user_dropout` | 0.7 | the probability with which a user of an item is forgotten | at least 0, below 1 |
/// | `user_lambda` | 300 | the penalty for large weights of users | finite, above 0 |
/// | `share` | 1 | how much the users' part counts | from 0 to 1e6 |
/// | `weight` | 1 | how strongly a play counts, in learning and in scoring | see [`PlayWeight`] |
///
/// The defaults are what was best on a validation part of what one split of MovieLens 100K learns from. It takes time
/// with the cube of the number of items and of users, and 8 bytes for each pair of items and of users; a score takes as
/// long as there are plays: it is for up to some ten thousand of both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TwoSided {
    /// The probability with which an item of a user is forgotten.
    pub dropout: f64,
    /// The penalty for large weights of items.
    pub lambda: f64,
    /// The probability with which a user of an item is forgotten.
    pub user_dropout: f64,
    /// The penalty for large weights of users.
    pub user_lambda: f64,
    /// How much the users' part counts.
    pub share: f64,
    /// How strongly a play counts.
    pub weight: PlayWeight,
}

impl Default for TwoSided {
    fn default() -> Self {
        Self {
            dropout: 0.7,
            lambda: 300.0,
            user_dropout: 0.7,
            user_lambda: 300.0,
            share: 1.0,
            weight: PlayWeight::ONE,
        }
    }
}

impl Fit for TwoSided {
    type Model = TwoSidedModel;

    fn check(&self) -> Result<()> {
        for (name, dropout) in [
            ("dropout", self.dropout),
            ("user_dropout", self.user_dropout),
        ] {
            if !(0.0..1.0).contains(&dropout) {
                return Err(Error::invalid(name, dropout, "at least 0 and below 1"));
            }
        }
        if !(self.user_lambda.is_finite() && self.user_lambda > 0.0) {
            let expected = "a finite number above 0";
            return Err(Error::invalid("user_lambda", self.user_lambda, expected));
        }
        if !(0.0..=1e6).contains(&self.share) {
            return Err(Error::invalid("share", self.share, "from 0 to 1e6"));
        }
        check_penalty(self.lambda, self.weight)
    }

    /// Inverts both matrices.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, for a matrix
    /// without values, and for a penalty so small against the data that an inverse is lost in rounding.
    fn fit(&self, data: &Interactions) -> Result<TwoSidedModel> {
        self.check()?;
        let items = Edlae {
            weight: self.weight,
            ..Edlae::new(self.dropout, self.lambda)
        };
        let items = items.fit(data)?;
        let odds = self.user_dropout / (1.0 - self.user_dropout);
        let mut users = in_common(data, self.weight);
        for diagonal in users.diag_mut() {
            *diagonal += odds * *diagonal + self.user_lambda;
        }
        let inverted = invert_positive_definite(users.view_mut());
        if inverted.is_err() || !users.iter().all(|number| number.is_finite()) {
            let expected = "larger: against such values it is lost in rounding";
            return Err(Error::invalid("user_lambda", self.user_lambda, expected));
        }
        Ok(TwoSidedModel {
            data: data.clone(),
            share: self.share,
            weight: self.weight,
            items: items.weights().into_owned(),
            users,
        })
    }
}

/// X Xᵀ: of every two users the sum over items of the products of their weighted plays; an array of users x users.
fn in_common(data: &Interactions, weight: PlayWeight) -> Array2<f64> {
    let n = data.users().len();
    let mut sums = Array2::zeros((n, n));
    let rows = data.user_indices().zip(sums.rows_mut());
    parallel::for_each(rows, |_, (user, mut row)| {
        let row = row.as_slice_mut().expect("a row of a new array");
        for (item, value) in data.items_of(user) {
            let factor = weight.of(value);
            for (other, value) in data.users_of(item) {
                row[other.index()] += factor * weight.of(value);
            }
        }
    });
    sums
}

/// A fitted [`TwoSided`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct TwoSidedModel {
    data: Interactions,
    share: f64,
    weight: PlayWeight,
    /// B, items x items, 0 on the diagonal.
    items: Array2<f64>,
    /// P, users x users.
    users: Array2<f64>,
}

checked_when_read!(TwoSidedModel);

impl TwoSidedModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        let (users, items) = self.data.shape();
        if self.items.dim() != (items, items) || self.users.dim() != (users, users) {
            return Err("its weights are not those of the users and items");
        }
        // What a fit comes to is far below: with plays of this size their sums stay finite.
        let fits = |number: &f64| number.abs() <= 1e100;
        if !self.items.iter().chain(&self.users).all(fits)
            || !self.users.diag().iter().all(|&number| number > 0.0)
            || !(0.0..=1e6).contains(&self.share)
            || self.weight.check().is_err()
        {
            return Err("a weight is not a number, or too large");
        }
        Ok(self)
    }

    /// How much each user speaks for what somebody plays.
    fn users_for(&self, history: &History<'_>) -> Vec<f64> {
        if let Some(user) = history.user() {
            let own = user.index();
            let column = self.users.column(own);
            let mut weights: Vec<f64> = column.iter().map(|p| -p / column[own]).collect();
            weights[own] = 0.0;
            return weights;
        }
        let mut common = vec![0.0; self.data.users().len()];
        for (item, value) in history.plays() {
            let factor = self.weight.of(value);
            for (user, value) in self.data.users_of(item) {
                common[user.index()] += factor * self.weight.of(value);
            }
        }
        let of_row = |row: ndarray::ArrayView1<'_, f64>| {
            row.iter().zip(&common).map(|(p, common)| p * common).sum()
        };
        self.users.rows().into_iter().map(of_row).collect()
    }
}

impl Recommender for TwoSidedModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        let mut scores = vec![0.0; self.data.items().len()];
        for (user, weight) in self.data.user_indices().zip(self.users_for(history)) {
            let weight = self.share * weight;
            for (item, value) in self.data.items_of(user) {
                scores[item.index()] += weight * self.weight.of(value);
            }
        }
        for (item, value) in history.plays() {
            let weight = self.weight.of(value);
            let row = self.items.row(item.index());
            for (score, speaks_for) in scores.iter_mut().zip(row) {
                *score += weight * speaks_for;
            }
        }
        let is_played = |&(item, _): &(Item, f64)| self.data.users_of(item).len() > 0;
        let items = self.data.item_indices().zip(scores);
        items.filter(is_played).collect()
    }
}

/// An item is similar to another as much as it speaks for it; the users' part has no say.
impl SimilarItems for TwoSidedModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        not_zero(&self.data, self.items.row(item.index()).to_vec())
    }
}

/// A user of the matrix is similar to somebody as much as the user speaks for what they play; the items' part has no
/// say.
impl SimilarUsers for TwoSidedModel {
    fn user_similarities(&self, history: &History<'_>) -> Vec<(User, f64)> {
        let weights = self.users_for(history);
        let users = self.data.user_indices().zip(weights);
        users.filter(|&(_, weight)| weight != 0.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Whom;

    fn toy() -> Interactions {
        let plays = (0..40_u32).map(|n| (format!("u{}", n % 9), format!("i{}", n * n % 7), 1.0));
        Interactions::from_triplets(plays).unwrap()
    }

    /// The plays with users and items exchanged.
    fn transposed(data: &Interactions) -> Interactions {
        let plays = data.item_indices().flat_map(|item| {
            let name = data.item_name(item);
            let users = data.users_of(item);
            users.map(move |(user, value)| (name, data.user_name(user), value))
        });
        let names = data
            .users()
            .iter()
            .map(|user| (&data.items()[0], user, 0.0));
        Interactions::from_triplets(names.chain(plays)).unwrap()
    }

    #[test]
    fn the_two_parts_are_edlae_of_the_matrix_and_of_its_transpose() {
        let data = toy();
        let weight = PlayWeight {
            base: 0.5,
            slope: 0.1,
        };
        let two = TwoSided {
            dropout: 0.4,
            lambda: 2.0,
            user_dropout: 0.2,
            user_lambda: 3.0,
            share: 0.7,
            weight,
        };
        let model = two.fit(&data).unwrap();
        let of_items = Edlae {
            weight,
            ..Edlae::new(0.4, 2.0)
        };
        let of_items = of_items.fit(&data).unwrap();
        let other_way = transposed(&data);
        let of_users = Edlae {
            weight,
            ..Edlae::new(0.2, 3.0)
        };
        let of_users = of_users.fit(&other_way).unwrap();
        for user in data.user_indices() {
            let history = History::of_user(&data, user);
            let in_other = other_way.find_item(data.user_name(user)).unwrap();
            let by_items = of_items.score(&history);
            for ((item, score), (_, by_items)) in model.score(&history).into_iter().zip(by_items) {
                let of_item = other_way.find_user(data.item_name(item)).unwrap();
                let by_users = of_users.score(&History::of_user(&other_way, of_item));
                let by_users = by_users.iter().find(|scored| scored.0 == in_other).unwrap();
                let expected = by_items + 0.7 * by_users.1;
                assert!(
                    (score - expected).abs() < 1e-12,
                    "{score} is not {expected}"
                );
            }
        }
    }

    #[test]
    fn a_stranger_is_restored_as_a_user_is_from_the_others() {
        let data = toy();
        let two = TwoSided {
            user_dropout: 0.0,
            ..TwoSided::default()
        };
        let all = two.fit(&data).unwrap();
        let last = data.users().last().unwrap();
        let others = data.users()[..8].iter().flat_map(|name| {
            let data = &data;
            let items = data.items().iter();
            items.map(move |item| {
                let (user, of) = (data.user(name).unwrap(), data.item(item).unwrap());
                (name, item, data.value(user, of))
            })
        });
        let others = two
            .fit(&Interactions::from_triplets(others).unwrap())
            .unwrap();
        let known = History::of_user(&data, data.user(last).unwrap());
        let plays: Vec<_> = known
            .plays()
            .map(|(item, value)| (others.data.item(data.item_name(item)).unwrap(), value))
            .collect();
        let stranger = History::new(&others.data, Whom::History(&plays)).unwrap();
        let (of_user, of_stranger) = (all.users_for(&known), others.users_for(&stranger));
        for (user, stranger) in of_user.into_iter().zip(of_stranger) {
            assert!((user - stranger).abs() < 1e-12, "{user} is not {stranger}");
        }
    }

    #[test]
    fn parameters_are_checked() {
        let message = |two: TwoSided| two.fit(&toy()).err().unwrap().to_string();
        let two = TwoSided::default();
        let dropout = 1.0;
        assert!(message(TwoSided { dropout, ..two }).starts_with("`dropout` is 1"));
        let user_dropout = -0.5;
        assert!(
            message(TwoSided {
                user_dropout,
                ..two
            })
            .starts_with("`user_dropout` is -0.5")
        );
        let user_lambda = 0.0;
        assert!(message(TwoSided { user_lambda, ..two }).starts_with("`user_lambda` is 0"));
        let share = f64::NAN;
        assert!(message(TwoSided { share, ..two }).starts_with("`share` is NaN"));
        let lambda = f64::INFINITY;
        assert!(message(TwoSided { lambda, ..two }).starts_with("`lambda` is inf"));
    }
}
