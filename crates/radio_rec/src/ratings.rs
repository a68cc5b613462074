//! Explicit ratings, and models that predict missing ones. A rating may be 0 or negative; a missing one is unknown.
//!
//! | what | here |
//! |---|---|
//! | who rated what how | [`Ratings`] |
//! | the mean, and how much users and items differ from it | [`Baseline`] |
//! | what similar users or items have, relative to their means | [`KnnWithMeans`] |
//! | users and items as points, beside how much they differ from the mean | [`BiasedMf`] |
//! | how far predictions are off | [`errors`]: RMSE and MAE |
//!
//! Plays are another thing: what was not played tells something too, and the best of all items are asked for
//! ([`recommend`](crate::recommend)). Here one user and one item are asked for, and only ratings that exist are learned
//! from. Lists of what would be rated best hold much that hardly anybody knows (Cremonesi, Koren and Turrin,
//! "Performance of recommender algorithms on top-n recommendation tasks", RecSys 2010).
//!
//! Their parameters can be written and read by serde; fitted models of ratings have no files of their own: fit them
//! anew from the ratings, which takes no longer than reading these. (Models of plays have:
//! [`Model::save`](crate::recommend::Model::save).)
//!
//! ```
//! use radio_rec::ratings::{Baseline, BiasedMf, FitRatings, Predictor, Ratings, errors};
//!
//! let stars = (0..200).map(|n| (format!("u{}", n % 20), format!("i{}", n / 20), f64::from(1 + (n * n + n / 20) % 5)));
//! let parts = Ratings::from_triplets(stars)?.split(0.2, 1606)?;
//! let model = BiasedMf::default().fit(&parts.train)?;
//! let (user, item) = (parts.test.user("u3")?, parts.test.item("i7")?);
//! println!("{:.2}", model.predict(user, item)?);
//! let baseline = Baseline::default().fit(&parts.train)?;
//! println!("{} {}", errors(&model, &parts.test)?, errors(&baseline, &parts.test)?);
//! # Ok::<(), radio_rec::Error>(())
//! ```

mod baseline;
mod biased_mf;
mod errors;
mod knn_with_means;
mod read;

use std::fmt;
use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

pub use self::baseline::{Baseline, BaselineModel};
pub use self::biased_mf::{BiasedMf, BiasedMfModel};
pub use self::errors::{Errors, errors};
pub use self::knn_with_means::{KnnWithMeans, KnnWithMeansModel, Likeness, Side};
use crate::interactions::{
    Interactions, Item, ItemName, LARGEST_RATING, User, UserName, what_a_rating_must_be,
};
use crate::{Error, Result};

/// A sparse matrix of users x items, with their names: what is stored is a rating, whatever its sign, and what is not
/// stored is not known.
///
/// Users and items enter the catalogue in the order in which they are first named. It never changes after it was built,
/// and a clone shares its memory. [`LongTable::read_ratings`](crate::interactions::LongTable::read_ratings) reads it
/// from a file.
///
/// ```
/// use radio_rec::ratings::Ratings;
///
/// let ratings = Ratings::from_triplets([("ann", "abba", -3.5), ("ann", "u2", 0.0), ("bob", "u2", 8.0)])?;
/// let (ann, bob) = (ratings.user("ann")?, ratings.user("bob")?);
/// assert_eq!(ratings.get(ann, ratings.item("u2")?), Some(0.0));
/// assert_eq!(ratings.get(bob, ratings.item("abba")?), None);
/// assert_eq!((ratings.len(), ratings.mean()), (3, 1.5));
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone)]
pub struct Ratings(Arc<Matrix>);

struct Matrix {
    /// The names, without values.
    names: Interactions,
    /// Of each user the items, ascending, with the ratings.
    by_user: Vec<Vec<(Item, f64)>>,
    /// Of each item the users, ascending, with the ratings.
    by_item: Vec<Vec<(User, f64)>>,
    mean: f64,
    least: f64,
    largest: f64,
    count: usize,
}

/// Ratings in two parts, with the users and items of both.
#[derive(Clone, Debug)]
pub struct RatingsSplit {
    /// What is learned from.
    pub train: Ratings,
    /// What is hidden from learning.
    pub test: Ratings,
}

impl Ratings {
    /// Builds the matrix from (user, item, rating).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for an empty name, a rating that is not a number or not from -1e15 to 1e15, a second
    /// rating of a user and an item, and for no ratings at all.
    pub fn from_triplets<U: AsRef<str>, I: AsRef<str>>(
        triplets: impl IntoIterator<Item = (U, I, f64)>,
    ) -> Result<Self> {
        let triplets: Vec<_> = triplets.into_iter().collect();
        for (user, item, rating) in &triplets {
            if let Some(expected) = what_a_rating_must_be(*rating) {
                let (user, item) = (user.as_ref(), item.as_ref());
                return Err(Error::invalid(
                    "rating",
                    format!("{rating} (user `{user}`, item `{item}`)"),
                    expected,
                ));
            }
        }
        let named = triplets.iter().map(|(user, item, _)| (user, item, 0.0));
        let names = Interactions::from_triplets(named)?;
        let place = |(user, item, rating): &(U, I, f64)| {
            let (user, item) = (names.user(user)?, names.item(item)?);
            Ok((user.index() as u32, item.index() as u32, *rating))
        };
        let entries = triplets.iter().map(place).collect::<Result<_>>()?;
        Self::new(names, entries)
    }

    /// The values of a matrix as ratings: what is 0 there, and is not stored, is not known here.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a value above 1e15, and for a matrix without values.
    pub fn from_interactions(data: &Interactions) -> Result<Self> {
        let ratings = data.user_indices().flat_map(|user| {
            let items = data.items_of(user);
            items.map(move |(item, value)| (user.index() as u32, item.index() as u32, value))
        });
        let entries: Vec<_> = ratings.collect();
        if let Some(&(_, _, value)) = entries.iter().find(|entry| entry.2 > LARGEST_RATING) {
            return Err(Error::invalid(
                "data",
                format!("a matrix with the value {value}"),
                "of values up to 1e15",
            ));
        }
        Self::from_parts(data.users().to_vec(), data.items().to_vec(), entries)
    }

    /// Builds the matrix from names and checked ratings.
    fn from_parts(
        users: Vec<UserName>,
        items: Vec<ItemName>,
        entries: Vec<(u32, u32, f64)>,
    ) -> Result<Self> {
        let names = Interactions::from_parts(users, items, Vec::new())?;
        Self::new(names, entries)
    }

    fn new(names: Interactions, entries: Vec<(u32, u32, f64)>) -> Result<Self> {
        if entries.is_empty() {
            return Err(Error::invalid("ratings", "none", "at least one rating"));
        }
        Self::of_any(names, entries)
    }

    /// As [`new`](Self::new), of no ratings too.
    fn of_any(names: Interactions, mut entries: Vec<(u32, u32, f64)>) -> Result<Self> {
        entries.sort_by_key(|entry| (entry.0, entry.1));
        let same = |pair: &[(u32, u32, f64)]| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1);
        if let Some(pair) = entries.windows(2).find(|pair| same(pair)) {
            let user = &names.users()[pair[0].0 as usize];
            let item = &names.items()[pair[0].1 as usize];
            return Err(Error::invalid(
                "ratings",
                format!("two of user `{user}` and item `{item}`"),
                "one of each user and item",
            ));
        }
        let (users, items): (Vec<User>, Vec<Item>) = (
            names.user_indices().collect(),
            names.item_indices().collect(),
        );
        let mut by_user = vec![Vec::new(); users.len()];
        let mut by_item = vec![Vec::new(); items.len()];
        for &(user, item, rating) in &entries {
            by_user[user as usize].push((items[item as usize], rating));
            by_item[item as usize].push((users[user as usize], rating));
        }
        let ratings = || entries.iter().map(|entry| entry.2);
        let count = entries.len();
        Ok(Self(Arc::new(Matrix {
            mean: ratings().sum::<f64>() / count.max(1) as f64,
            least: ratings().fold(f64::INFINITY, f64::min),
            largest: ratings().fold(f64::NEG_INFINITY, f64::max),
            names,
            by_user,
            by_item,
            count,
        })))
    }

    /// How many users and how many items there are.
    pub fn shape(&self) -> (usize, usize) {
        self.0.names.shape()
    }

    /// How many ratings there are.
    pub fn len(&self) -> usize {
        self.0.count
    }

    /// Whether there are none, as in a part of a split.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The mean of all ratings; 0 where there are none.
    pub fn mean(&self) -> f64 {
        self.0.mean
    }

    /// The least and the largest rating.
    pub fn range(&self) -> (f64, f64) {
        (self.0.least, self.0.largest)
    }

    /// The names of the users and items, as a matrix without values: it has all that finds them.
    pub fn names(&self) -> &Interactions {
        &self.0.names
    }

    /// The user of this name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUser`], whose message has the most similar names there are.
    pub fn user(&self, name: impl AsRef<str>) -> Result<User> {
        self.0.names.user(name)
    }

    /// The item of this name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownItem`], whose message has the most similar names there are.
    pub fn item(&self, name: impl AsRef<str>) -> Result<Item> {
        self.0.names.item(name)
    }

    /// How the user rated the item; `None` where that is not known.
    ///
    /// # Panics
    ///
    /// If `user` is beyond this matrix, as indexing a slice does.
    pub fn get(&self, user: User, item: Item) -> Option<f64> {
        let row = self.of_user(user);
        let at = row.binary_search_by_key(&item, |rated| rated.0).ok()?;
        Some(row[at].1)
    }

    /// The items that the user rated, in the catalogue's order, with the ratings.
    ///
    /// # Panics
    ///
    /// If `user` is beyond this matrix, as indexing a slice does.
    pub fn of_user(&self, user: User) -> &[(Item, f64)] {
        &self.0.by_user[user.index()]
    }

    /// The users who rated the item, in the catalogue's order, with the ratings.
    ///
    /// # Panics
    ///
    /// If `item` is beyond this matrix, as indexing a slice does.
    pub fn of_item(&self, item: Item) -> &[(User, f64)] {
        &self.0.by_item[item.index()]
    }

    /// All ratings: users in the catalogue's order, and the items of each.
    pub fn iter(&self) -> impl Iterator<Item = (User, Item, f64)> + '_ {
        let users = self.0.names.user_indices().zip(&self.0.by_user);
        users.flat_map(|(user, row)| row.iter().map(move |&(item, rating)| (user, item, rating)))
    }

    /// Hides the share `test` of all ratings, chosen by chance, the same for the same seed.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a share that does not leave at least one rating to learn from and one to test
    /// on.
    pub fn split(&self, test: f64, seed: u64) -> Result<RatingsSplit> {
        let hidden = (test * self.len() as f64).round();
        if !(hidden >= 1.0 && hidden < self.len() as f64) {
            return Err(Error::invalid(
                "test",
                format!("{test}, of {} ratings", self.len()),
                "a share that leaves at least one rating for each part",
            ));
        }
        let place = |(user, item, rating): (User, Item, f64)| {
            (user.index() as u32, item.index() as u32, rating)
        };
        let mut all: Vec<_> = self.iter().map(place).collect();
        all.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let train = all.split_off(hidden as usize);
        let part = |entries| Self::new(self.0.names.clone(), entries);
        Ok(RatingsSplit {
            train: part(train)?,
            test: part(all)?,
        })
    }
}

impl fmt::Debug for Ratings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (users, items) = self.shape();
        let count = self.len();
        write!(f, "Ratings({users} users x {items} items, {count} ratings)")
    }
}

/// Parameters of a model of ratings, which learns from some.
pub trait FitRatings {
    /// What is learned.
    type Model: Predictor;

    /// That every parameter is within its range.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for the first that is not.
    fn check(&self) -> Result<()>;

    /// Learns from ratings.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range, and for what else the model cannot learn from.
    fn fit(&self, ratings: &Ratings) -> Result<Self::Model>;
}

/// A fitted model of ratings.
pub trait Predictor: Send + Sync {
    /// The ratings that the model learned from.
    fn ratings(&self) -> &Ratings;

    /// What the model expects, on no scale: it may be less than the least rating there is, or more than the largest.
    /// `user` and `item` are of [`ratings`](Predictor::ratings), whether they have a rating there or not.
    fn estimate(&self, user: User, item: Item) -> f64;

    /// How the user will rate the item: the [`estimate`](Predictor::estimate), but no less than the least rating that
    /// was learned from, and no more than the largest.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a user or an item of another matrix.
    fn predict(&self, user: User, item: Item) -> Result<f64> {
        let ratings = self.ratings();
        ratings.names().check_user(user)?;
        ratings.names().check_item(item)?;
        let (least, largest) = ratings.range();
        Ok(self.estimate(user, item).clamp(least, largest))
    }
}
