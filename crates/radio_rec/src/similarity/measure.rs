//! The formulas.

use crate::interactions::{Compressed, Interactions, Item, User};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};

/// How alike two items (or two users) are: a formula over the two columns (rows) of the matrix.
///
/// In the formulas a and b are the two columns, what is not stored counting as 0; |a| is the number of users with a
/// stored value, |a ∩ b| of those who have one for both, and n the number of all users. For two users, read items for
/// users.
///
/// | measure | formula | range |
/// |---|---|---|
/// | [`Cosine`](Measure::Cosine) | Σ ab / √(Σ a² · Σ b²) | 0 to 1 |
/// | [`AdjustedCosine`](Measure::AdjustedCosine) | the cosine after each user's mean was subtracted from what is stored | -1 to 1 |
/// | [`Pearson`](Measure::Pearson) | (n Σ ab - Σ a Σ b) / √((n Σ a² - (Σ a)²)(n Σ b² - (Σ b)²)) | -1 to 1 |
/// | [`Jaccard`](Measure::Jaccard) | \|a ∩ b\| / \|a ∪ b\| | 0 to 1 |
/// | [`Dice`](Measure::Dice) | 2 \|a ∩ b\| / (\|a\| + \|b\|) | 0 to 1 |
/// | [`Euclidean`](Measure::Euclidean) | 1 / (1 + √(Σ (a - b)²)) | above 0, to 1 |
/// | [`ConditionalProbability`](Measure::ConditionalProbability) | \|a ∩ b\| / \|a\|, the share of a's users who also have b | 0 to 1 |
/// | [`Lift`](Measure::Lift) | n \|a ∩ b\| / (\|a\| · \|b\|) | 0 to n |
/// | [`DotProduct`](Measure::DotProduct) | Σ ab | any |
///
/// Where a formula would divide by zero the similarity is 0.
///
/// - *Adjusted cosine*: Sarwar et al., "Item-based collaborative filtering recommendation algorithms" (WWW 2001),
///   section 3.1.3, but for the norms: here they are over all users of an item, there over the users of both, which
///   makes two items with one user in common as alike as can be. The mean is over what the user has stored; where all
///   values are equal, as in 0/1 data, nothing remains to compare.
/// - *Pearson* is the correlation over all users, zeros included: on 0/1 data the phi coefficient. It isn't the one
///   over the users of both that is used for ratings, which 0/1 data leaves undefined.
/// - *Conditional probability* and *lift*: Deshpande and Karypis, "Item-based top-N recommendation algorithms" (TOIS
///   2004); Recommenders' SAR calls |a ∩ b| / (|a| · |b|) lift, which leaves out the factor n and gives the same
///   ranking. Conditional probability is the one measure that is not symmetric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Measure {
    /// The cosine of the angle between the columns.
    #[default]
    Cosine,
    /// The cosine after each user's mean was subtracted.
    AdjustedCosine,
    /// The correlation of the columns.
    Pearson,
    /// Users of both, as a share of the users of either.
    Jaccard,
    /// Users of both, as a share of the mean number of users.
    Dice,
    /// One over one plus the distance.
    Euclidean,
    /// Users of both, as a share of the users of the first.
    ConditionalProbability,
    /// How many times as many users have both as would if the one said nothing of the other.
    Lift,
    /// The sum of products, which is not bounded: with [`Bm25`](super::Weighting::Bm25) the similarity of
    /// implicit's `BM25Recommender`.
    DotProduct,
}

/// What a [`Measure`] needs to know of a single column (row) of the matrix: sums over what it stores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColumnSums {
    /// How many values are stored.
    pub count: f64,
    /// Σ a.
    pub sum: f64,
    /// Σ a².
    pub squares: f64,
}

/// What a formula needs to know of a single row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// The sum of squared values: for measures of sets the number of stored values.
    norm: f64,
    /// The sum of values.
    sum: f64,
}

/// By what share [`Needed`] is lower than the formula says, so that rounding never rejects what ties with the worst
/// kept.
pub(super) const MARGIN: f64 = 1e-5;

/// The sum of products that a row must reach to be as similar as something: at least `constant + slope *
/// bound_of(row)`.
pub(super) struct Needed {
    pub(super) constant: f64,
    pub(super) slope: f64,
}

impl Measure {
    /// All measures.
    pub const ALL: [Measure; 9] = [
        Measure::Cosine,
        Measure::AdjustedCosine,
        Measure::Pearson,
        Measure::Jaccard,
        Measure::Dice,
        Measure::Euclidean,
        Measure::ConditionalProbability,
        Measure::Lift,
        Measure::DotProduct,
    ];

    /// The measure's name on a command line: lower case, words joined by `-`.
    pub fn name(self) -> &'static str {
        match self {
            Measure::Cosine => "cosine",
            Measure::AdjustedCosine => "adjusted-cosine",
            Measure::Pearson => "pearson",
            Measure::Jaccard => "jaccard",
            Measure::Dice => "dice",
            Measure::Euclidean => "euclidean",
            Measure::ConditionalProbability => "conditional-probability",
            Measure::Lift => "lift",
            Measure::DotProduct => "dot-product",
        }
    }

    /// The similarity of two items over all users.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for an item that the matrix does not have.
    ///
    /// ```
    /// use radio_rec::interactions::Interactions;
    /// use radio_rec::similarity::Measure;
    ///
    /// let data = Interactions::from_triplets([
    ///     ("ann", "abba", 1.0), ("ann", "u2", 1.0), ("bob", "u2", 1.0),
    /// ])?;
    /// let (abba, u2) = (data.item("abba")?, data.item("u2")?);
    /// assert_eq!(Measure::Jaccard.of_items(&data, abba, u2)?, 0.5);
    /// assert_eq!(Measure::ConditionalProbability.of_items(&data, abba, u2)?, 1.0);
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    pub fn of_items(self, data: &Interactions, a: Item, b: Item) -> Result<f64> {
        data.check_item(a)?;
        data.check_item(b)?;
        Ok(self.of_rows(data.by_item(), data.by_user(), a.index(), b.index()))
    }

    /// The similarity of two users over all items.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a user that the matrix does not have.
    pub fn of_users(self, data: &Interactions, a: User, b: User) -> Result<f64> {
        data.check_user(a)?;
        data.check_user(b)?;
        Ok(self.of_rows(data.by_user(), data.by_item(), a.index(), b.index()))
    }

    /// The similarity of two items by sums that were taken elsewhere, such as in a database: of `common` = Σ ab, which
    /// for a measure that [sees no values](Self::is_of_sets) is |a ∩ b|, and of `n` users. It is that of
    /// [`Neighbourhood`](super::Neighbourhood), bit for bit where the sums are.
    ///
    /// Of [`AdjustedCosine`](Self::AdjustedCosine) all sums are over values from which the user's mean was subtracted.
    /// [`Euclidean`](Self::Euclidean) loses digits where two columns of fractions are nearly equal.
    ///
    /// ```
    /// use radio_rec::similarity::{ColumnSums, Measure};
    ///
    /// let abba = ColumnSums { count: 2.0, sum: 4.0, squares: 10.0 }; // 1 and 3
    /// let u2 = ColumnSums { count: 1.0, sum: 3.0, squares: 9.0 }; // the same user's 3
    /// assert_eq!(Measure::Cosine.of_sums(9.0, abba, u2, 2.0), 0.9_f64.sqrt());
    /// assert_eq!(Measure::Jaccard.of_sums(1.0, abba, u2, 2.0), 0.5);
    /// ```
    pub fn of_sums(self, common: f64, a: ColumnSums, b: ColumnSums, n: f64) -> f64 {
        let row = |of: ColumnSums| Row {
            norm: if self.is_of_sets() {
                of.count
            } else {
                of.squares
            },
            sum: of.sum,
        };
        let (a, b) = (row(a), row(b));
        if self.is_noise(common, a, b) {
            return 0.0;
        }
        self.similarity(common, a, b, n)
    }

    /// Whether the measure sees only what is stored, not how much.
    pub fn is_of_sets(self) -> bool {
        match self {
            Measure::Jaccard | Measure::Dice | Measure::ConditionalProbability | Measure::Lift => {
                true
            }
            Measure::Cosine
            | Measure::AdjustedCosine
            | Measure::Pearson
            | Measure::Euclidean
            | Measure::DotProduct => false,
        }
    }

    /// The matrix that the measure's sums are over, where that isn't the given one.
    pub(super) fn prepared(self, rows: &Compressed, across: &Compressed) -> Option<Compressed> {
        (self == Measure::AdjustedCosine).then(|| {
            let means: Vec<f64> = (0..across.rows())
                .map(|column| mean(across.row(column).1))
                .collect();
            rows.map(|_, column, value| from_mean(value, means[column as usize]))
        })
    }

    /// Whether the similarity of two rows also depends on what others have.
    pub(super) fn depends_on_all(self) -> bool {
        matches!(
            self,
            Measure::AdjustedCosine | Measure::Pearson | Measure::Lift
        )
    }

    /// What the formula needs of a row with these values.
    pub(super) fn row(self, values: &[f64]) -> Row {
        let norm = if self.is_of_sets() {
            values.len() as f64
        } else {
            values.iter().map(|value| value * value).sum()
        };
        Row {
            norm,
            sum: values.iter().sum(),
        }
    }

    /// The similarity of rows with the sum of products `common` over `n` columns.
    ///
    /// Cosines are taken as √(c² / (na · nb)): see the [module](super).
    pub(super) fn similarity(self, common: f64, a: Row, b: Row, n: f64) -> f64 {
        let similarity = match self {
            Measure::Cosine | Measure::AdjustedCosine => normalised(common, a.norm * b.norm),
            Measure::Pearson => normalised(n * common - a.sum * b.sum, a.spread(n) * b.spread(n)),
            Measure::Jaccard => common / (a.norm + b.norm - common),
            Measure::Dice => 2.0 * common / (a.norm + b.norm),
            Measure::Euclidean => from_distance(a.norm + b.norm - 2.0 * common),
            Measure::ConditionalProbability => common / a.norm,
            Measure::Lift => n * common / (a.norm * b.norm),
            Measure::DotProduct => common,
        };
        // 0/0.
        if similarity.is_finite() {
            similarity
        } else {
            0.0
        }
    }

    /// Whether [`similarity`](Self::similarity) would be lost in rounding: of rows that are near each other and far
    /// from 0, the difference is small beside what it is taken from.
    pub(super) fn is_lost(self, common: f64, a: Row, b: Row) -> bool {
        let both = a.norm + b.norm;
        self == Measure::Euclidean && both - 2.0 * common < 1e-4 * both
    }

    /// Whether a sum of products above 0 is what rounding left of one that is not: where weights are below 0, products
    /// cancel. The other measures are then near 0 themselves.
    pub(super) fn is_noise(self, common: f64, a: Row, b: Row) -> bool {
        self == Measure::Euclidean && common <= 1e-12 * (a.norm * b.norm).sqrt()
    }

    /// The sum of products without which no row is as similar to `a` as `similarity`, which is not negative.
    pub(super) fn needed(self, similarity: f64, a: Row, n: f64) -> Needed {
        let less = 1.0 - MARGIN;
        let (constant, slope) = match self {
            Measure::Cosine | Measure::AdjustedCosine => (0.0, similarity * a.norm.sqrt() * less),
            // The product of the sums, which the formula takes away, is not negative where no sum is.
            Measure::Pearson if a.sum < 0.0 => (0.0, 0.0),
            Measure::Pearson => (0.0, similarity * a.spread(n).sqrt() / n * less),
            Measure::Jaccard => {
                let share = similarity / (1.0 + similarity) * less;
                (share * a.norm, share)
            }
            Measure::Dice => (similarity / 2.0 * a.norm * less, similarity / 2.0 * less),
            Measure::Euclidean => {
                let distance = 1.0 / similarity - 1.0;
                let squared = distance * distance;
                let margin = MARGIN * (a.norm + squared);
                ((a.norm - squared - margin) / 2.0, less / 2.0)
            }
            Measure::ConditionalProbability => (similarity * a.norm * less, 0.0),
            Measure::Lift => (0.0, similarity * a.norm / n * less),
            Measure::DotProduct => (similarity * less, 0.0),
        };
        Needed { constant, slope }
    }

    /// What [`Needed`]'s slope is multiplied with, for a row.
    pub(super) fn bound_of(self, row: Row, n: f64) -> f64 {
        match self {
            Measure::Cosine | Measure::AdjustedCosine => row.norm.sqrt(),
            Measure::Pearson if row.sum < 0.0 => 0.0,
            Measure::Pearson => row.spread(n).sqrt(),
            Measure::Jaccard | Measure::Dice | Measure::Euclidean | Measure::Lift => row.norm,
            Measure::ConditionalProbability | Measure::DotProduct => 0.0,
        }
    }

    /// The similarity of two rows by itself.
    fn of_rows(self, rows: &Compressed, across: &Compressed, a: usize, b: usize) -> f64 {
        if self == Measure::Euclidean {
            return from_distance(squared_distance(rows.row(a), rows.row(b)));
        }
        let values_of = |row: usize| -> Vec<f64> {
            let (columns, values) = rows.row(row);
            let stored = columns.iter().zip(values);
            match self {
                Measure::AdjustedCosine => stored
                    .map(|(&column, &value)| from_mean(value, mean(across.row(column as usize).1)))
                    .collect(),
                _ => values.to_vec(),
            }
        };
        let (values_a, values_b) = (values_of(a), values_of(b));
        let columns_b = rows.row(b).0;
        let mut common = 0.0;
        for (column, value) in rows.row(a).0.iter().zip(&values_a) {
            if let Ok(at) = columns_b.binary_search(column) {
                common += if self.is_of_sets() {
                    1.0
                } else {
                    value * values_b[at]
                };
            }
        }
        let (a, b) = (self.row(&values_a), self.row(&values_b));
        self.similarity(common, a, b, across.rows() as f64)
    }
}

impl Row {
    /// n Σ a² - (Σ a)², which is n² times the variance; 0 where only rounding is left of it.
    fn spread(self, n: f64) -> f64 {
        let spread = n * self.norm - self.sum * self.sum;
        if spread > 1e-12 * n * self.norm {
            spread
        } else {
            0.0
        }
    }
}

/// 1 / (1 + √squared), of a squared distance that rounding may have made negative.
pub(super) fn from_distance(squared: f64) -> f64 {
    1.0 / (1.0 + squared.max(0.0).sqrt())
}

/// Σ (a - b)² over two rows of ascending columns with their values.
pub(super) fn squared_distance(a: (&[u32], &[f64]), b: (&[u32], &[f64])) -> f64 {
    let mut sum = 0.0;
    let (mut at_a, mut at_b) = (0, 0);
    loop {
        let (column_a, column_b) = (a.0.get(at_a), b.0.get(at_b));
        let difference = match (column_a, column_b) {
            (None, None) => return sum,
            (Some(of_a), Some(of_b)) if of_a == of_b => a.1[at_a] - b.1[at_b],
            (Some(of_a), of_b) if of_b.is_none_or(|of_b| of_a < of_b) => a.1[at_a],
            _ => b.1[at_b],
        };
        sum += difference * difference;
        let least = column_a.into_iter().chain(column_b).min();
        at_a += usize::from(column_a == least);
        at_b += usize::from(column_b == least);
    }
}

/// c / √(square), as √(c² / square): 0 where the square is, and not above 1, which rounding can be.
fn normalised(common: f64, square: f64) -> f64 {
    if square > 0.0 {
        let size = (common * common / square).sqrt().min(1.0);
        size.copysign(common)
    } else {
        0.0
    }
}

/// The difference of a value from its mean; 0 where only rounding is left of it, which must not be compared.
fn from_mean(value: f64, mean: f64) -> f64 {
    let difference = value - mean;
    if difference.abs() > 1e-12 * mean.abs() {
        difference
    } else {
        0.0
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

impl std::fmt::Display for Measure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Measure {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let known = Self::ALL.into_iter().find(|measure| measure.name() == name);
        known.ok_or_else(|| {
            Error::invalid(
                "measure",
                format!("`{}`", crate::text::excerpt(name)),
                format!("one of {}", Self::ALL.map(Self::name).join(", ")),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_small_beside_the_lengths_is_noise_and_of_euclidean_alone() {
        let row = Row {
            norm: 100.0,
            sum: 10.0,
        };
        for measure in Measure::ALL {
            let is_euclidean = measure == Measure::Euclidean;
            assert_eq!(measure.is_noise(1e-11, row, row), is_euclidean, "{measure}");
            assert!(!measure.is_noise(1e-8, row, row), "{measure}");
        }
    }
}
