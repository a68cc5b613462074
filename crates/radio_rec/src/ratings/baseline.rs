//! How much users and items differ from the mean.

use serde::{Deserialize, Serialize};

use super::{FitRatings, Predictor, Ratings};
use crate::interactions::{Item, User};
use crate::ranking::at_least_one;
use crate::{Error, Result};

/// Predicts μ + b_u + b_i: the mean of all ratings, how much the user rates above it, and how much the item is rated
/// above it. The numbers b minimise
///
/// ```text
/// Σ (r_ui - μ - b_u - b_i)² + user_lambda Σ b_u² + item_lambda Σ b_i²
/// ```
///
/// by turns: all items with the users as they are, then all users (Koren, "Factor in the neighbors: scalable and
/// accurate collaborative filtering", TKDD 2010, section 2.1). They are Surprise's `BaselineOnly` with its defaults.
/// Where a user or an item has no rating, their b is 0.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `user_lambda` | 15 | the penalty for users who differ | finite, at least 0 |
/// | `item_lambda` | 10 | the penalty for items that differ | finite, at least 0 |
/// | `epochs` | 10 | how many turns each side has | at least 1 |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Baseline {
    /// The penalty for users who differ.
    pub user_lambda: f64,
    /// The penalty for items that differ.
    pub item_lambda: f64,
    /// How many turns each side has.
    pub epochs: usize,
}

impl Default for Baseline {
    fn default() -> Self {
        Self {
            user_lambda: 15.0,
            item_lambda: 10.0,
            epochs: 10,
        }
    }
}

impl FitRatings for Baseline {
    type Model = BaselineModel;

    fn check(&self) -> Result<()> {
        for (name, lambda) in [
            ("user_lambda", self.user_lambda),
            ("item_lambda", self.item_lambda),
        ] {
            if !(lambda.is_finite() && lambda >= 0.0) {
                return Err(Error::invalid(name, lambda, "a finite number, at least 0"));
            }
        }
        at_least_one("epochs", self.epochs)
    }

    /// Takes the turns.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range.
    fn fit(&self, ratings: &Ratings) -> Result<BaselineModel> {
        self.check()?;
        let names = ratings.names();
        let (users, items) = ratings.shape();
        let (mut of_users, mut of_items) = (vec![0.0; users], vec![0.0; items]);
        let mean = ratings.mean();
        // What is left of the mean, held to it by the penalty; 0 of nothing.
        let held = |sum: f64, count: usize, lambda: f64| match count {
            0 => 0.0,
            _ => sum / (lambda + count as f64),
        };
        for _ in 0..self.epochs {
            for item in names.item_indices() {
                let rated = ratings.of_item(item);
                let left = rated
                    .iter()
                    .map(|&(user, r)| r - mean - of_users[user.index()]);
                of_items[item.index()] = held(left.sum(), rated.len(), self.item_lambda);
            }
            for user in names.user_indices() {
                let rated = ratings.of_user(user);
                let left = rated
                    .iter()
                    .map(|&(item, r)| r - mean - of_items[item.index()]);
                of_users[user.index()] = held(left.sum(), rated.len(), self.user_lambda);
            }
        }
        Ok(BaselineModel {
            ratings: ratings.clone(),
            of_users,
            of_items,
        })
    }
}

/// A fitted [`Baseline`].
#[derive(Clone, Debug)]
pub struct BaselineModel {
    ratings: Ratings,
    of_users: Vec<f64>,
    of_items: Vec<f64>,
}

impl BaselineModel {
    /// How much more than the mean a user gives.
    ///
    /// # Panics
    ///
    /// If `user` is beyond the matrix, as indexing a slice does.
    pub fn of_user(&self, user: User) -> f64 {
        self.of_users[user.index()]
    }

    /// How much more than the mean an item is given.
    ///
    /// # Panics
    ///
    /// If `item` is beyond the matrix, as indexing a slice does.
    pub fn of_item(&self, item: Item) -> f64 {
        self.of_items[item.index()]
    }
}

impl Predictor for BaselineModel {
    fn ratings(&self) -> &Ratings {
        &self.ratings
    }

    fn estimate(&self, user: User, item: Item) -> f64 {
        self.ratings.mean() + self.of_user(user) + self.of_item(item)
    }
}
