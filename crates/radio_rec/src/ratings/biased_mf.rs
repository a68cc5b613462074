//! Users and items as points, beside how much they differ from the mean.

use ndarray::Array2;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};

use super::{FitRatings, Predictor, Ratings};
use crate::interactions::{Item, User};
use crate::ranking::at_least_one;
use crate::{Error, Result};

/// Predicts μ + b_u + b_i + p_uᵀq_i, with a number b and a vector for each user and each item, which minimise
///
/// ```text
/// Σ over ratings  (r_ui - μ - b_u - b_i - p_uᵀq_i)² + λ (b_u² + b_i² + ‖p_u‖² + ‖q_i‖²)
/// ```
///
/// by stochastic gradient descent, one rating after the other (Koren, Bell and Volinsky, "Matrix factorization
/// techniques for recommender systems", Computer 2009, equation 5): Surprise's `SVD`. Users come in the catalogue's
/// order, and so do the items of each. Where a user or an item has no rating, their part is left out.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `factors` | 100 | how many numbers describe a user or an item | 1 to 1024 |
/// | `epochs` | 20 | how often each rating is learned from | at least 1 |
/// | `rate` | 0.005 | how far a rating moves what it is made of | above 0, at most 1 |
/// | `lambda` | 0.02 | the penalty for large numbers | from 0 to 1 |
/// | `seed` | 0 | where the vectors begin | |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BiasedMf {
    /// How many numbers describe a user or an item.
    pub factors: usize,
    /// How often each rating is learned from.
    pub epochs: usize,
    /// How far a rating moves what it is made of.
    pub rate: f64,
    /// The penalty for large numbers.
    pub lambda: f64,
    /// Where the vectors begin.
    pub seed: u64,
}

impl Default for BiasedMf {
    fn default() -> Self {
        Self {
            factors: 100,
            epochs: 20,
            rate: 0.005,
            lambda: 0.02,
            seed: 0,
        }
    }
}

impl FitRatings for BiasedMf {
    type Model = BiasedMfModel;

    fn check(&self) -> Result<()> {
        if !(1..=1024).contains(&self.factors) {
            return Err(Error::invalid("factors", self.factors, "from 1 to 1024"));
        }
        at_least_one("epochs", self.epochs)?;
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            return Err(Error::invalid("rate", self.rate, "above 0 and at most 1"));
        }
        if !(0.0..=1.0).contains(&self.lambda) {
            return Err(Error::invalid("lambda", self.lambda, "from 0 to 1"));
        }
        Ok(())
    }

    /// Descends.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, and for a `rate`
    /// so large for these ratings that the numbers grow without end.
    fn fit(&self, ratings: &Ratings) -> Result<BiasedMfModel> {
        self.check()?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let spread = Normal::new(0.0, 0.1).expect("a deviation above 0");
        let (users, items) = ratings.shape();
        let mut begin =
            |rows| Array2::from_shape_simple_fn((rows, self.factors), || spread.sample(&mut rng));
        let (users, items) = (begin(users), begin(items));
        self.fit_from(ratings, users, items)
    }
}

impl BiasedMf {
    /// [`fit`](FitRatings::fit) from given vectors.
    fn fit_from(
        &self,
        ratings: &Ratings,
        users: Array2<f64>,
        items: Array2<f64>,
    ) -> Result<BiasedMfModel> {
        let (rows, columns) = ratings.shape();
        let mut model = BiasedMfModel {
            ratings: ratings.clone(),
            of_users: vec![0.0; rows],
            of_items: vec![0.0; columns],
            users,
            items,
        };
        for _ in 0..self.epochs {
            for (user, item, rating) in ratings.iter() {
                self.step(&mut model, user, item, rating);
            }
            let numbers = model.users.iter().chain(&model.items);
            let numbers = numbers.chain(&model.of_users).chain(&model.of_items);
            if !numbers.into_iter().all(|number| number.abs() < 1e30) {
                let expected = "smaller for these ratings: the numbers grow without end";
                return Err(Error::invalid("rate", self.rate, expected));
            }
        }
        Ok(model)
    }

    /// A step down the slope of one rating's error.
    fn step(&self, model: &mut BiasedMfModel, user: User, item: Item, rating: f64) {
        let error = rating - model.estimate(user, item);
        let BiasedMfModel {
            of_users,
            of_items,
            users,
            items,
            ..
        } = model;
        let (of_user, of_item) = (&mut of_users[user.index()], &mut of_items[item.index()]);
        *of_user += self.rate * (error - self.lambda * *of_user);
        *of_item += self.rate * (error - self.lambda * *of_item);
        let (mut p, mut q) = (users.row_mut(user.index()), items.row_mut(item.index()));
        for (p, q) in p.iter_mut().zip(&mut q) {
            let (of_p, of_q) = (*p, *q);
            *p += self.rate * (error * of_q - self.lambda * of_p);
            *q += self.rate * (error * of_p - self.lambda * of_q);
        }
    }
}

/// A fitted [`BiasedMf`].
#[derive(Clone, Debug)]
pub struct BiasedMfModel {
    ratings: Ratings,
    of_users: Vec<f64>,
    of_items: Vec<f64>,
    /// Users x factors.
    users: Array2<f64>,
    /// Items x factors.
    items: Array2<f64>,
}

impl BiasedMfModel {
    /// The vectors of the users: an array of users x factors.
    pub fn user_factors(&self) -> &Array2<f64> {
        &self.users
    }

    /// The vectors of the items: an array of items x factors.
    pub fn item_factors(&self) -> &Array2<f64> {
        &self.items
    }
}

impl Predictor for BiasedMfModel {
    fn ratings(&self) -> &Ratings {
        &self.ratings
    }

    fn estimate(&self, user: User, item: Item) -> f64 {
        let known = [
            !self.ratings.of_user(user).is_empty(),
            !self.ratings.of_item(item).is_empty(),
        ];
        let (p, q) = (self.users.row(user.index()), self.items.row(item.index()));
        let product = if known == [true, true] {
            p.dot(&q)
        } else {
            0.0
        };
        self.ratings.mean() + self.of_users[user.index()] + self.of_items[item.index()] + product
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Surprise computed: see scripts/golden/ratings.py.
    #[derive(Deserialize)]
    struct Golden {
        ratings: Vec<(String, String, f64)>,
        biased_mf: GoldenMf,
    }

    #[derive(Deserialize)]
    struct GoldenMf {
        parameters: BiasedMf,
        users: Vec<Vec<f64>>,
        items: Vec<Vec<f64>>,
        /// Of each user for each item.
        estimates: Vec<Vec<f64>>,
    }

    fn golden() -> Golden {
        serde_json::from_str(include_str!("../../tests/golden/ratings.json")).unwrap()
    }

    #[test]
    fn the_descent_is_that_of_surprise() {
        let golden = golden();
        let ratings = Ratings::from_triplets(golden.ratings).unwrap();
        let golden = golden.biased_mf;
        let array = |rows: &[Vec<f64>]| {
            Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, at)| rows[row][at])
        };
        let (users, items) = (array(&golden.users), array(&golden.items));
        let model = golden.parameters.fit_from(&ratings, users, items).unwrap();
        let names = ratings.names();
        for (user, estimates) in names.user_indices().zip(&golden.estimates) {
            for (item, expected) in names.item_indices().zip(estimates) {
                let found = model.estimate(user, item);
                assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
            }
        }
    }

    #[test]
    fn a_seed_is_a_beginning() {
        let ratings = Ratings::from_triplets(golden().ratings).unwrap();
        let with = |seed| {
            let mf = BiasedMf {
                factors: 3,
                seed,
                ..BiasedMf::default()
            };
            mf.fit(&ratings).unwrap().users
        };
        assert_eq!(with(1), with(1));
        assert_ne!(with(1), with(2));
    }

    #[test]
    fn numbers_that_grow_without_end_are_refused() {
        let ratings = golden().ratings.into_iter();
        let ratings = ratings.map(|(user, item, rating)| (user, item, 100.0 * rating));
        let ratings = Ratings::from_triplets(ratings).unwrap();
        let rate = 1.0;
        let mf = BiasedMf {
            rate,
            ..BiasedMf::default()
        };
        assert_eq!(
            mf.fit(&ratings).unwrap_err().to_string(),
            "`rate` is 1, but must be smaller for these ratings: the numbers grow without end"
        );
    }
}
