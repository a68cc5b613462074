//! What each user's list is worth.

use super::interval::means;
use super::metric::{METRICS, Metric};
use super::metrics;
use super::protocol::Protocol;
use super::report::{Comparison, Report};
use crate::interactions::{Interactions, Item, User, UserName};
use crate::parallel;
use crate::ranking::best_of_all;
use crate::recommend::{History, Recommender, Whom};
use crate::{Error, Result};

/// The numbers of one user, in the order of [`Metric`]. `None` where a metric is not defined.
type OfUser = [Option<f64>; METRICS];

/// What the list of each user is worth: more than the means of a [`Report`], and what two models are compared by.
#[derive(Clone, Debug)]
pub struct OfUsers {
    k: usize,
    users: Vec<UserName>,
    values: Vec<OfUser>,
    coverage: f64,
}

impl OfUsers {
    /// Who was counted, in the test matrix's order.
    pub fn users(&self) -> &[UserName] {
        &self.users
    }

    /// A number of each of the [`users`](Self::users); `None` where it is not defined.
    pub fn values(&self, metric: Metric) -> impl ExactSizeIterator<Item = Option<f64>> + '_ {
        self.values.iter().map(move |of| of[metric as usize])
    }

    /// The means, with intervals.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for `resamples` or `confidence` outside their range.
    pub fn report(&self, protocol: &Protocol) -> Result<Report> {
        protocol.check()?;
        let means = means(&self.values, protocol);
        Ok(Report::of(self.k, self.users.len(), means, self.coverage))
    }

    /// How much more these lists are worth than those of another model for the same users: the means of each user's
    /// differences, with intervals. A difference whose interval has 0 in it may be chance.
    ///
    /// ```
    /// use radio_rec::evaluate::{Metric, Protocol, evaluate_users, split};
    /// use radio_rec::interactions::Interactions;
    /// use radio_rec::recommend::{Fit, ItemScore, Popularity};
    ///
    /// let plays = (0..40).flat_map(|user| (0..6).map(move |i| (format!("u{user}"), format!("i{}", (user + i * i) % 20), 1.0)));
    /// let data = Interactions::from_triplets(plays)?;
    /// let parts = split::stratified_by_user(&data, 0.25, 1606)?;
    /// let protocol = Protocol::default();
    /// let similar = evaluate_users(&ItemScore::new(10).fit(&parts.train)?, &parts.test, &protocol)?;
    /// let popular = evaluate_users(&Popularity.fit(&parts.train)?, &parts.test, &protocol)?;
    /// let gain = similar.more_than(&popular, &protocol)?;
    /// assert!(gain.in_metric(Metric::Ndcg).low > 0.0, "{gain}");
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for other users or lists of another length, and for
    /// `resamples` or `confidence` outside their range.
    pub fn more_than(&self, other: &OfUsers, protocol: &Protocol) -> Result<Comparison> {
        protocol.check()?;
        if self.users != other.users {
            let value = "the lists of other users";
            return Err(Error::invalid("other", value, "of the same test matrix"));
        }
        if self.k != other.k {
            let value = format!("of lists of {}", other.k);
            let expected = format!("of lists of {}", self.k);
            return Err(Error::invalid("other", value, expected));
        }
        let differences: Vec<OfUser> = (self.values.iter().zip(&other.values))
            .map(|(own, other)| std::array::from_fn(|metric| Some(own[metric]? - other[metric]?)))
            .collect();
        let means = means(&differences, protocol);
        Ok(Comparison::of(self.k, self.users.len(), means))
    }
}

/// Recommends `protocol.k` items to each user who has test items, without what they played in training, and compares.
///
/// Every test item that the user had not played in training is relevant, whatever its value; users without one are not
/// counted. `test` has the users and items of the matrix that the model learned from, in the same order, as
/// [`split`](super::split) makes it. A user without plays in training gets what is popular.
///
/// # Errors
///
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, for a test matrix
/// with other users or items, and for one in which nobody has an item that they had not played in training.
pub fn evaluate(
    model: &dyn Recommender,
    test: &Interactions,
    protocol: &Protocol,
) -> Result<Report> {
    evaluate_users(model, test, protocol)?.report(protocol)
}

/// As [`evaluate`], with the numbers of each user.
///
/// # Errors
///
/// As of [`evaluate`].
pub fn evaluate_users(
    model: &dyn Recommender,
    test: &Interactions,
    protocol: &Protocol,
) -> Result<OfUsers> {
    protocol.check_all()?;
    let train = model.data();
    if train.users() != test.users() || train.items() != test.items() {
        return Err(Error::invalid(
            "test",
            format!("{test:?} with another catalogue"),
            "of the users and items that the model learned from, in the same order; `evaluate::split` makes such parts",
        ));
    }
    let history = |user| History::new(train, Whom::User(user)).expect("a user of the matrix");
    measure(model, test, protocol, history)
}

/// Recommends to people whom the model did not learn from, by a part of what they played, and compares with the rest:
/// strong generalisation (Marlin, "Collaborative filtering: a machine learning perspective", 2004, section 3.2).
///
/// `fold_in` is what is known of them and `test` what is to be found, with the same users, and with the items that the
/// model learned from, as [`split::strangers`](super::split::strangers) makes it. Otherwise it counts as
/// [`evaluate_users`] does.
///
/// ```
/// use radio_rec::evaluate::{Protocol, evaluate_strangers, split};
/// use radio_rec::interactions::Interactions;
/// use radio_rec::recommend::{Ease, Fit};
///
/// let plays = (0..40).flat_map(|user| (0..6).map(move |i| (format!("u{user}"), format!("i{}", (user + i * i) % 20), 1.0)));
/// let data = Interactions::from_triplets(plays)?;
/// let parts = split::strangers(&data, 10, 0.2, 1606)?;
/// let model = Ease::new(1.0).fit(&parts.train)?;
/// let protocol = Protocol { k: 20, ..Protocol::default() };
/// let report = evaluate_strangers(&model, &parts.fold_in, &parts.test, &protocol)?.report(&protocol)?;
/// assert_eq!(report.users, 10);
/// println!("{:.3} {:.3}", report.capped_recall.mean, report.ndcg.mean);
/// # Ok::<(), radio_rec::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, for matrices with
/// other users or items, and for a test matrix in which nobody has an item that is not in `fold_in`.
pub fn evaluate_strangers(
    model: &dyn Recommender,
    fold_in: &Interactions,
    test: &Interactions,
    protocol: &Protocol,
) -> Result<OfUsers> {
    protocol.check_all()?;
    let train = model.data();
    for (name, part) in [("fold_in", fold_in), ("test", test)] {
        if part.items() != train.items() || part.users() != test.users() {
            return Err(Error::invalid(
                name,
                format!("{part:?} with another catalogue"),
                "of the items that the model learned from, and of the users of the test matrix, in the same order; \
                 `evaluate::split::strangers` makes such parts",
            ));
        }
    }
    let history = |user| {
        let plays: Vec<(Item, f64)> = fold_in.items_of(user).collect();
        History::new(train, Whom::History(&plays)).expect("items of the matrix")
    };
    measure(model, test, protocol, history)
}

/// What the lists for the users of a test matrix are worth, by what is known of them.
fn measure<'a>(
    model: &dyn Recommender,
    test: &Interactions,
    protocol: &Protocol,
    history: impl Fn(User) -> History<'a> + Sync,
) -> Result<OfUsers> {
    let train = model.data();
    let users: Vec<User> = (test.user_indices())
        .filter(|&user| to_find(&history(user), test, user).next().is_some())
        .collect();
    if users.is_empty() {
        let value = match test.nnz() {
            0 => "a matrix without values",
            _ => "a matrix of nothing but what was played in training",
        };
        return Err(Error::invalid(
            "test",
            value,
            "a matrix in which somebody played something that they had not played in training",
        ));
    }
    let measured: Vec<(OfUser, Vec<Item>)> = parallel::map_init(
        users.len(),
        || Listeners::new(train.users().len()),
        |listeners, at| {
            let user = users[at];
            of_user(model, &history(user), test, user, protocol, listeners)
        },
    );
    let mut recommended = vec![false; train.items().len()];
    for item in measured.iter().flat_map(|(_, list)| list) {
        recommended[item.index()] = true;
    }
    let recommended = recommended.iter().filter(|&&is| is).count();
    let name = |&user: &User| test.user_name(user).clone();
    Ok(OfUsers {
        k: protocol.k,
        users: users.iter().map(name).collect(),
        values: measured.into_iter().map(|(of, _)| of).collect(),
        coverage: recommended as f64 / train.items().len() as f64,
    })
}

/// The test items of a user. One that is known already is not among them: it cannot be recommended, and it is not
/// missed.
fn to_find<'a>(
    history: &'a History<'_>,
    test: &'a Interactions,
    user: User,
) -> impl Iterator<Item = Item> + 'a {
    let items = test.items_of(user).map(|(item, _)| item);
    items.filter(move |&item| history.value(item) == 0.0)
}

/// A user's metrics, and what was recommended.
fn of_user(
    model: &dyn Recommender,
    history: &History<'_>,
    test: &Interactions,
    user: User,
    protocol: &Protocol,
    listeners: &mut Listeners,
) -> (OfUser, Vec<Item>) {
    let (train, k) = (model.data(), protocol.k);
    let mut scores = if history.is_empty() {
        crate::recommend::listeners(train)
    } else {
        model.score(history)
    };
    scores.retain(|&(item, _)| history.value(item) == 0.0);

    let mut items = vec![(f64::NEG_INFINITY, false); train.items().len()];
    for &(item, score) in &scores {
        items[item.index()].0 = score;
    }
    let mut relevant = 0;
    for item in to_find(history, test, user) {
        items[item.index()].1 = true;
        relevant += 1;
    }
    let scores = scores.into_iter().map(|(item, score)| {
        let order = protocol.order(user.index(), item.index());
        ((order, item), score)
    });
    let list = best_of_all(k, scores.collect()).into_iter();
    let list: Vec<Item> = list.map(|((_, item), _)| item).collect();
    let hits: Vec<bool> = list.iter().map(|item| items[item.index()].1).collect();
    let mut item = train.item_indices();
    items.retain(|_| item.next().is_some_and(|item| history.value(item) == 0.0));

    let auc = metrics::auc(items);
    let metrics = Metric::ALL.map(|metric| match metric {
        Metric::Map => Some(metrics::average_precision(&hits, k, relevant)),
        Metric::Ndcg => Some(metrics::ndcg(&hits, k, relevant)),
        Metric::Precision => Some(metrics::precision(&hits, k)),
        Metric::Recall => Some(metrics::recall(&hits, k, relevant)),
        Metric::CappedRecall => Some(metrics::capped_recall(&hits, k, relevant)),
        Metric::Mrr => Some(metrics::reciprocal_rank(&hits, k)),
        Metric::HitRate => Some(metrics::hit_rate(&hits, k)),
        Metric::Auc => auc,
        Metric::Novelty => novelty(train, &list),
        Metric::Diversity => listeners.diversity(train, &list),
    });
    (metrics, list)
}

/// The mean of -log₂ of the share of users who played an item.
fn novelty(train: &Interactions, list: &[Item]) -> Option<f64> {
    let users = train.users().len() as f64;
    let bits = |&item: &Item| (users / train.users_of(item).len().max(1) as f64).log2();
    (!list.is_empty()).then(|| list.iter().map(bits).sum::<f64>() / list.len() as f64)
}

/// Room for a number of each user, all of them 0 between one list and the next.
struct Listeners(Vec<f64>);

impl Listeners {
    fn new(users: usize) -> Self {
        Self(vec![0.0; users])
    }

    /// 1 - the mean cosine of two items of a list.
    ///
    /// With each item's column divided by its length, the sum over the pairs is (‖Σ x‖² - Σ ‖x‖²) / 2: that takes the
    /// listeners of each item once, and not once for each other item.
    fn diversity(&mut self, train: &Interactions, list: &[Item]) -> Option<f64> {
        let columns = train.by_item();
        let mut own = 0.0;
        for item in list.iter().map(|item| item.index()) {
            let squared = columns.squared_norm(item);
            if squared == 0.0 {
                continue; // nobody played it: its cosines are 0
            }
            let length = squared.sqrt();
            let (users, values) = columns.row(item);
            for (&user, value) in users.iter().zip(values) {
                let value = value / length;
                self.0[user as usize] += value;
                own += value * value;
            }
        }
        let mut all = 0.0;
        for item in list.iter().map(|item| item.index()) {
            for &user in columns.row(item).0 {
                let sum = std::mem::take(&mut self.0[user as usize]);
                all += sum * sum;
            }
        }
        let pairs = list.len() * list.len().saturating_sub(1) / 2;
        (pairs > 0).then(|| 1.0 - (all - own).max(0.0) / 2.0 / pairs as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::similarity::cosine_items;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn diversity_is_that_of_the_pairs(
            plays in prop::collection::vec((0u8..9, 0u8..7, 1u8..5), 1..60),
            length in 0usize..7,
        ) {
            let names = plays.iter().map(|&(u, i, value)| (format!("u{u}"), format!("i{i}"), f64::from(value)));
            let data = Interactions::from_triplets(names.chain([("u0".into(), "nobody's".into(), 0.0)])).unwrap();
            let mut list: Vec<Item> = data.item_indices().collect();
            list.reverse();
            list.truncate(length);
            let mut sum = 0.0;
            for (at, &a) in list.iter().enumerate() {
                for &b in &list[at + 1..] {
                    sum += cosine_items(&data, a, b).unwrap();
                }
            }
            let pairs = (list.len() * list.len().saturating_sub(1) / 2) as f64;
            let mut listeners = Listeners::new(data.users().len());
            for _ in 0..2 {
                match listeners.diversity(&data, &list) {
                    Some(found) => prop_assert!((found - (1.0 - sum / pairs)).abs() < 1e-12),
                    None => prop_assert!(pairs == 0.0),
                }
            }
        }
    }
}
