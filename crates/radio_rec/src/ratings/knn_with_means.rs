//! What similar users give an item, or what a user gives similar items, relative to their means.

use serde::{Deserialize, Serialize};

use super::{FitRatings, Predictor, Ratings};
use crate::interactions::{Item, User};
use crate::ranking::{at_least_one, best};
use crate::{Error, Result};

/// Predicts the mean of a user's ratings, and how far those of similar users are from theirs:
///
/// ```text
/// mean_u + Σ s(u, v) (r_vi - mean_v) / Σ s(u, v)     over the k most similar users v who rated i, with s above 0
/// ```
///
/// or the same of items, with those that the user rated (Resnick et al., "GroupLens: an open architecture for
/// collaborative filtering of netnews", CSCW 1994; Desrosiers and Karypis, "A comprehensive survey of
/// neighborhood-based recommendation methods", 2011, section 4.3.1). Surprise calls it `KNNWithMeans`. Similarities are
/// of what both rated. Where fewer than `least` neighbours have one, it is the mean of the user (of the item) alone,
/// and the mean of all where they have no rating.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `k` | 40 | how many neighbours count | at least 1 |
/// | `least` | 1 | how many there must be | at least 1 |
/// | `side` | [`Side::Users`] | neighbours of the user or of the item | |
/// | `likeness` | [`Likeness::Pearson`] | how alike two are | see [`Likeness`] |
/// | `support` | 1 | how many ratings in common two must have to be alike | at least 1 |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KnnWithMeans {
    /// How many neighbours count.
    pub k: usize,
    /// How many there must be.
    pub least: usize,
    /// Neighbours of the user or of the item.
    pub side: Side,
    /// How alike two are.
    pub likeness: Likeness,
    /// How many ratings in common two must have to be alike.
    pub support: usize,
}

/// Whose neighbours are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Those of the user, among the users who rated the item.
    #[default]
    Users,
    /// Those of the item, among the items that the user rated.
    Items,
}

/// How alike two users (items) are, by the ratings a and b of the items (users) that both have.
///
/// | likeness | formula |
/// |---|---|
/// | [`Cosine`](Likeness::Cosine) | Σ ab / √(Σ a² Σ b²) |
/// | [`Pearson`](Likeness::Pearson) | the same with each less the mean of what both have |
/// | [`Msd`](Likeness::Msd) | 1 / (1 + the mean of (a - b)²) |
///
/// Where a formula divides by zero, the two are not alike: 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// The cosine of the angle between them.
    Cosine,
    /// Pearson's correlation.
    #[default]
    Pearson,
    /// By the mean squared difference.
    Msd,
}

impl Default for KnnWithMeans {
    fn default() -> Self {
        Self {
            k: 40,
            least: 1,
            side: Side::default(),
            likeness: Likeness::default(),
            support: 1,
        }
    }
}

impl FitRatings for KnnWithMeans {
    type Model = KnnWithMeansModel;

    fn check(&self) -> Result<()> {
        at_least_one("k", self.k)?;
        at_least_one("support", self.support)?;
        match self.least {
            0 => Err(Error::invalid("least", 0, "at least 1")),
            _ => Ok(()),
        }
    }

    /// Takes the means; similarities are computed when they are asked for.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range.
    fn fit(&self, ratings: &Ratings) -> Result<KnnWithMeansModel> {
        self.check()?;
        let names = ratings.names();
        let mean = |count: usize, sum: f64| match count {
            0 => ratings.mean(),
            _ => sum / count as f64,
        };
        let means = match self.side {
            Side::Users => (names.user_indices().map(|user| ratings.of_user(user)))
                .map(|rated| mean(rated.len(), rated.iter().map(|rated| rated.1).sum()))
                .collect(),
            Side::Items => (names.item_indices().map(|item| ratings.of_item(item)))
                .map(|rated| mean(rated.len(), rated.iter().map(|rated| rated.1).sum()))
                .collect(),
        };
        Ok(KnnWithMeansModel {
            ratings: ratings.clone(),
            parameters: *self,
            means,
        })
    }
}

/// A fitted [`KnnWithMeans`].
#[derive(Clone, Debug)]
pub struct KnnWithMeansModel {
    ratings: Ratings,
    parameters: KnnWithMeans,
    /// Of each user or of each item.
    means: Vec<f64>,
}

impl KnnWithMeansModel {
    /// The mean of `own`, and how far the others are from theirs: each with its ratings, and the rating that counts.
    fn relative<'a, I: Copy + Ord + 'a>(
        &self,
        own: (usize, &[(I, f64)]),
        others: impl Iterator<Item = (usize, &'a [(I, f64)], f64)>,
    ) -> f64 {
        let (own, rated) = own;
        let mean = self.means[own];
        let alike = others.filter(|other| other.0 != own);
        let alike = alike.map(|(other, of_other, rating)| {
            let similarity = self.parameters.similarity(rated, of_other);
            ((other, rating.to_bits()), similarity)
        });
        let nearest = best(self.parameters.k, alike.collect());
        if nearest.len() < self.parameters.least {
            return mean;
        }
        let (mut sum, mut all) = (0.0, 0.0);
        for ((other, rating), similarity) in nearest {
            sum += similarity * (f64::from_bits(rating) - self.means[other]);
            all += similarity;
        }
        mean + sum / all
    }
}

impl KnnWithMeans {
    /// How alike two rows are by what is in both; columns ascend.
    fn similarity<I: Copy + Ord>(&self, a: &[(I, f64)], b: &[(I, f64)]) -> f64 {
        let mut common = Vec::new();
        let mut b = b.iter().peekable();
        for &(column, of_a) in a {
            while b.next_if(|other| other.0 < column).is_some() {}
            if let Some(&(_, of_b)) = b.next_if(|other| other.0 == column) {
                common.push((of_a, of_b));
            }
        }
        if common.len() < self.support {
            return 0.0;
        }
        let count = common.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| match self.likeness {
            Likeness::Pearson => common.iter().map(of).sum::<f64>() / count,
            _ => 0.0,
        };
        let (mean_a, mean_b) = (mean(|pair| pair.0), mean(|pair| pair.1));
        if self.likeness == Likeness::Msd {
            let squares = common.iter().map(|(a, b)| (a - b) * (a - b));
            return 1.0 / (1.0 + squares.sum::<f64>() / count);
        }
        let (mut products, mut squares_a, mut squares_b) = (0.0, 0.0, 0.0);
        for (a, b) in common {
            let (a, b) = (a - mean_a, b - mean_b);
            products += a * b;
            squares_a += a * a;
            squares_b += b * b;
        }
        let length = (squares_a * squares_b).sqrt();
        if length > 0.0 { products / length } else { 0.0 }
    }
}

impl Predictor for KnnWithMeansModel {
    fn ratings(&self) -> &Ratings {
        &self.ratings
    }

    fn estimate(&self, user: User, item: Item) -> f64 {
        let ratings = &self.ratings;
        let (of_user, of_item) = (ratings.of_user(user), ratings.of_item(item));
        match self.parameters.side {
            Side::Users => self.relative(
                (user.index(), of_user),
                (of_item.iter()).map(|&(other, r)| (other.index(), ratings.of_user(other), r)),
            ),
            Side::Items => self.relative(
                (item.index(), of_item),
                (of_user.iter()).map(|&(other, r)| (other.index(), ratings.of_item(other), r)),
            ),
        }
    }
}
