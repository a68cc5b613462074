//! A model against what was hidden from it.

use std::fmt;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::metrics;
use crate::display::Table;
use crate::interactions::{Interactions, Item, User};
use crate::ranking::{at_least_one, best_of_all};
use crate::recommend::{History, Recommender, Whom};
use crate::similarity::cosine_items;
use crate::{Error, Result};

/// How [`evaluate`] measures: over the users who have a test item that they had not played in training.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `k` | 10 | how many items are recommended | at least 1 |
/// | `resamples` | 1000 | how many samples of users make an interval | 1 to 1,000,000 |
/// | `confidence` | 0.95 | how much of the samples an interval covers | above 0, below 1 |
/// | `seed` | 0 | which samples are drawn | |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Protocol {
    /// How many items are recommended.
    pub k: usize,
    /// How many samples of users make an interval.
    pub resamples: usize,
    /// How much of the samples an interval covers.
    pub confidence: f64,
    /// Which samples are drawn.
    pub seed: u64,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            k: 10,
            resamples: 1000,
            confidence: 0.95,
            seed: 0,
        }
    }
}

/// The mean over users, and between which means the users could as well have been drawn. Where no user has a value, all three
/// are NaN, and a table shows nothing.
///
/// The interval is a percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13): of the means
/// of as many users drawn with replacement it leaves out the same share on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean over all users that have a value.
    pub mean: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Mean {
    /// Of numbers of your own, one a user: such as what a user's list of one model is worth more than that of another. Where
    /// most users gain a little, that interval is narrower than the two of the models.
    ///
    /// ```
    /// use radio_rec::evaluate::{Mean, Protocol};
    ///
    /// let (one, other) = ([0.9, 0.5, 0.1, 0.7], [0.8, 0.4, 0.0, 0.5]);
    /// let gains: Vec<f64> = one.iter().zip(other).map(|(one, other)| one - other).collect();
    /// let gain = Mean::of(&gains, &Protocol::default())?;
    /// assert!(gain.low > 0.0, "one is better for these users, although both differ much from user to user");
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a protocol outside its range (`k` does not matter), where there are no values, and for a
    /// value that is not finite.
    pub fn of(values: &[f64], protocol: &Protocol) -> Result<Self> {
        protocol.check()?;
        if values.is_empty() {
            return Err(invalid("values", "empty".into(), "at least one number"));
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let value = format!("{} at {at}", values[at]);
            return Err(invalid("values", value, "finite numbers"));
        }
        Ok(bootstrap(values, protocol))
    }
}

impl Protocol {
    /// That means can be taken by it.
    fn check(&self) -> Result<()> {
        if !(1..=1_000_000).contains(&self.resamples) {
            let value = self.resamples.to_string();
            return Err(invalid("resamples", value, "from 1 to 1000000"));
        }
        if self.confidence > 0.0 && self.confidence < 1.0 {
            return Ok(());
        }
        let value = self.confidence.to_string();
        Err(invalid("confidence", value, "above 0 and below 1"))
    }
}

fn invalid(name: &'static str, value: String, expected: &str) -> Error {
    Error::InvalidParameter {
        name,
        value,
        expected: expected.into(),
    }
}

/// How good a model's lists are, over the users that have test items which they had not played in training.
///
/// What a user played in training is in no list, and so it is not missed; a user with no other test items is not counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How many items were recommended.
    pub k: usize,
    /// How many users have test items that they had not played in training: the means are over these.
    pub users: usize,
    /// See [`metrics::average_precision`].
    pub map: Mean,
    /// See [`metrics::ndcg`].
    pub ndcg: Mean,
    /// See [`metrics::precision`].
    pub precision: Mean,
    /// See [`metrics::recall`].
    pub recall: Mean,
    /// See [`metrics::reciprocal_rank`].
    pub mrr: Mean,
    /// See [`metrics::hit_rate`].
    pub hit_rate: Mean,
    /// See [`metrics::auc`], over the items that the user had not played in training; an item without a score is below all
    /// that have one. Users who have no other item than those are not counted.
    pub auc: Mean,
    /// The mean self-information of the recommended items in bits: -log₂ of the share of training users who played the item,
    /// where an item that none played counts as played by one (Zhou et al., "Solving the apparent diversity-accuracy dilemma
    /// of recommender systems", PNAS 2010, with the mean over each user's list). Users without recommendations are not counted.
    pub novelty: Mean,
    /// 1 - the mean cosine similarity, in the training data, of two items of a list (Ziegler et al., "Improving recommendation
    /// lists through topic diversification", WWW 2005, as a mean). Users with fewer than two recommendations are not counted.
    pub diversity: Mean,
    /// The share of the catalogue that was recommended to somebody (Ge et al., "Beyond accuracy: evaluating recommender systems
    /// by coverage and serendipity", RecSys 2010): items of the matrix, played or not. One number, so without an interval.
    pub coverage: f64,
}

impl Report {
    /// Shows the metrics in a notebook, as text and as HTML.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }

    fn to_table(&self) -> Table {
        let k = self.k;
        let mut table = Table::new(["metric", "mean", "low", "high"]).caption(format!(
            "{} users with test items, lists of {k}",
            self.users
        ));
        for (name, mean) in [
            (format!("MAP@{k}"), self.map),
            (format!("nDCG@{k}"), self.ndcg),
            (format!("precision@{k}"), self.precision),
            (format!("recall@{k}"), self.recall),
            (format!("MRR@{k}"), self.mrr),
            (format!("hit rate@{k}"), self.hit_rate),
            ("AUC".into(), self.auc),
            ("novelty (bits)".into(), self.novelty),
            ("diversity".into(), self.diversity),
        ] {
            let known = |number: f64| Some(number).filter(|number| !number.is_nan());
            let Mean { mean, low, high } = mean;
            table.push((name.as_str(), known(mean), known(low), known(high)));
        }
        table.push(("coverage", self.coverage, None::<f64>, None::<f64>));
        table
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}

/// The numbers of one user, in the order of [`Report`]'s fields. What cannot be told is nothing.
const METRICS: usize = 9;
type OfUser = [Option<f64>; METRICS];

/// Recommends `protocol.k` items to each user who has test items, without what they played in training, and compares.
///
/// Every test item that the user had not played in training is relevant, whatever its value; users without one are not counted. `test` has the users and items of the matrix that the model learned from,
/// in the same order, as [`split`](super::split) makes it. A user without plays in training gets what is popular.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for a parameter outside its range, for a test matrix with other users or items, and for one
/// in which nobody has an item that they had not played in training.
pub fn evaluate(
    model: &dyn Recommender,
    test: &Interactions,
    protocol: &Protocol,
) -> Result<Report> {
    at_least_one("k", protocol.k)?;
    protocol.check()?;
    let train = model.data();
    if train.users() != test.users() || train.items() != test.items() {
        return Err(invalid(
            "test",
            format!("{test:?} with a catalogue of its own"),
            "of the users and items that the model learned from, in the same order; `evaluate::split` makes such parts",
        ));
    }
    let users: Vec<User> = (test.user_indices())
        .filter(|&user| to_find(train, test, user).next().is_some())
        .collect();
    if users.is_empty() {
        let value = match test.nnz() {
            0 => "a matrix without values",
            _ => "a matrix of nothing but what was played in training",
        };
        return Err(invalid(
            "test",
            value.into(),
            "a matrix in which somebody played something that they had not played in training",
        ));
    }

    let of_users: Vec<(OfUser, Vec<Item>)> = users
        .par_iter()
        .map(|&user| of_user(model, test, user, protocol.k))
        .collect();
    let mut recommended = vec![false; train.items().len()];
    for item in of_users.iter().flat_map(|(_, list)| list) {
        recommended[item.index()] = true;
    }
    let recommended = recommended.iter().filter(|&&is| is).count();
    let mean = |metric: usize| {
        let values: Vec<f64> = of_users.iter().filter_map(|(of, _)| of[metric]).collect();
        bootstrap(&values, protocol)
    };
    Ok(Report {
        k: protocol.k,
        users: users.len(),
        map: mean(0),
        ndcg: mean(1),
        precision: mean(2),
        recall: mean(3),
        mrr: mean(4),
        hit_rate: mean(5),
        auc: mean(6),
        novelty: mean(7),
        diversity: mean(8),
        coverage: recommended as f64 / train.items().len() as f64,
    })
}

/// The test items of a user. One of both parts is not among them: it cannot be recommended, and it is not missed.
fn to_find<'a>(
    train: &'a Interactions,
    test: &'a Interactions,
    user: User,
) -> impl Iterator<Item = Item> + 'a {
    let items = test.items_of(user).map(|(item, _)| item);
    items.filter(move |&item| train.value(user, item) == 0.0)
}

/// A user's metrics, and what was recommended.
fn of_user(
    model: &dyn Recommender,
    test: &Interactions,
    user: User,
    k: usize,
) -> (OfUser, Vec<Item>) {
    let train = model.data();
    let history = History::new(train, Whom::User(user)).expect("a user of the matrix");
    let mut scores = if history.is_empty() {
        crate::recommend::listeners(train)
    } else {
        model.score(&history)
    };
    scores.retain(|&(item, _)| history.value(item) == 0.0);

    let mut items = vec![(f64::NEG_INFINITY, false); train.items().len()];
    for &(item, score) in &scores {
        items[item.index()].0 = score;
    }
    let mut relevant = 0;
    for item in to_find(train, test, user) {
        items[item.index()].1 = true;
        relevant += 1;
    }
    let list: Vec<Item> = best_of_all(k, scores).into_iter().map(|s| s.0).collect();
    let hits: Vec<bool> = list.iter().map(|item| items[item.index()].1).collect();
    let mut place = 0;
    items.retain(|_| {
        place += 1;
        !history.has(place - 1)
    });

    let metrics = [
        Some(metrics::average_precision(&hits, k, relevant)),
        Some(metrics::ndcg(&hits, k, relevant)),
        Some(metrics::precision(&hits, k)),
        Some(metrics::recall(&hits, k, relevant)),
        Some(metrics::reciprocal_rank(&hits, k)),
        Some(metrics::hit_rate(&hits, k)),
        metrics::auc(items),
        novelty(train, &list),
        diversity(train, &list),
    ];
    (metrics, list)
}

/// The mean of -log₂ of the share of users who played an item.
fn novelty(train: &Interactions, list: &[Item]) -> Option<f64> {
    let users = train.users().len() as f64;
    let bits = |&item: &Item| (users / train.users_of(item).len().max(1) as f64).log2();
    (!list.is_empty()).then(|| list.iter().map(bits).sum::<f64>() / list.len() as f64)
}

/// 1 - the mean cosine of two items.
fn diversity(train: &Interactions, list: &[Item]) -> Option<f64> {
    let mut sum = 0.0;
    for (at, &a) in list.iter().enumerate() {
        for &b in &list[at + 1..] {
            sum += cosine_items(train, a, b).expect("items of the matrix");
        }
    }
    let pairs = list.len() * list.len().saturating_sub(1) / 2;
    (pairs > 0).then(|| 1.0 - sum / pairs as f64)
}

/// The mean and its interval; all NaN where nobody has a value.
fn bootstrap(values: &[f64], protocol: &Protocol) -> Mean {
    let n = values.len() as f64;
    if values.is_empty() {
        return Mean {
            mean: f64::NAN,
            low: f64::NAN,
            high: f64::NAN,
        };
    }
    let mut rng = ChaCha8Rng::seed_from_u64(protocol.seed);
    let mut means: Vec<f64> = (0..protocol.resamples)
        .map(|_| {
            let drawn = (0..values.len()).map(|_| values[rng.random_range(0..values.len())]);
            drawn.sum::<f64>() / n
        })
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    let last = (means.len() - 1) as f64;
    let outside = (1.0 - protocol.confidence) / 2.0;
    Mean {
        mean: values.iter().sum::<f64>() / n,
        low: means[(outside * last).round() as usize],
        high: means[((1.0 - outside) * last).round() as usize],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_as_wide_as_a_normal_distribution_says() {
        // 0 to 399, of which the mean has a standard error of sqrt((400^2 - 1) / 12 / 400).
        let values: Vec<f64> = (0..400).map(f64::from).collect();
        let mean = Mean::of(&values, &Protocol::default()).unwrap();
        let expected = 1.96 * ((400.0f64.powi(2) - 1.0) / 12.0 / 400.0).sqrt();
        assert_eq!(mean.mean, 199.5);
        for side in [mean.mean - mean.low, mean.high - mean.mean] {
            assert!((side / expected - 1.0).abs() < 0.1, "{side} for {expected}");
        }
        let surer = Protocol {
            confidence: 0.5,
            ..Protocol::default()
        };
        let half = Mean::of(&values, &surer).unwrap();
        // 0.6745 standard errors instead of 1.96.
        let narrower = (half.high - half.low) / (mean.high - mean.low);
        assert!((narrower / 0.3441 - 1.0).abs() < 0.15, "{narrower}");
    }

    #[test]
    fn means_of_nothing_are_refused() {
        let protocol = Protocol::default();
        let message =
            |values: &[f64], protocol| Mean::of(values, protocol).unwrap_err().to_string();
        assert_eq!(
            message(&[], &protocol),
            "`values` is empty, but must be at least one number"
        );
        assert_eq!(
            message(&[1.0, f64::NAN], &protocol),
            "`values` is NaN at 1, but must be finite numbers"
        );
        let none = Protocol {
            resamples: 0,
            ..protocol
        };
        assert_eq!(
            message(&[1.0], &none),
            "`resamples` is 0, but must be from 1 to 1000000"
        );
        let resamples = usize::MAX;
        let many = Protocol {
            resamples,
            ..protocol
        };
        assert_eq!(
            message(&[1.0], &many),
            format!("`resamples` is {resamples}, but must be from 1 to 1000000")
        );
    }
}
