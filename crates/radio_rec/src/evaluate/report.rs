//! The means of a model's lists, and what those of another are worth more.

use std::fmt;

use super::interval::Mean;
use super::metric::{METRICS, Metric};
use crate::display::Table;

/// How good a model's lists are, over the users that have test items which they had not played in training.
///
/// What a user played in training is in no list, and so it is not missed; a user with no other test items is not
/// counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How many items were recommended.
    pub k: usize,
    /// How many users have test items that they had not played in training: the means are over these.
    pub users: usize,
    /// See [`metrics::average_precision`](super::metrics::average_precision).
    pub map: Mean,
    /// See [`metrics::ndcg`](super::metrics::ndcg).
    pub ndcg: Mean,
    /// See [`metrics::precision`](super::metrics::precision).
    pub precision: Mean,
    /// See [`metrics::recall`](super::metrics::recall).
    pub recall: Mean,
    /// See [`metrics::capped_recall`](super::metrics::capped_recall). The table leaves it out: it is precision where
    /// nobody has fewer than k relevant items.
    pub capped_recall: Mean,
    /// See [`metrics::reciprocal_rank`](super::metrics::reciprocal_rank).
    pub mrr: Mean,
    /// See [`metrics::hit_rate`](super::metrics::hit_rate).
    pub hit_rate: Mean,
    /// See [`metrics::auc`](super::metrics::auc), over the items that the user had not played in training; an item
    /// without a score is below all that have one. Users who have no other item than those are not counted.
    pub auc: Mean,
    /// The mean self-information of the recommended items in bits: -log₂ of the share of training users who played the
    /// item, where an item that none played counts as played by one (Zhou et al., "Solving the apparent
    /// diversity-accuracy dilemma of recommender systems", PNAS 2010, with the mean over each user's list). Users
    /// without recommendations are not counted.
    pub novelty: Mean,
    /// 1 - the mean cosine similarity, in the training data, of two items of a list (Ziegler et al., "Improving
    /// recommendation lists through topic diversification", WWW 2005, as a mean). Users with fewer than two
    /// recommendations are not counted.
    pub diversity: Mean,
    /// The share of the catalogue that was recommended to somebody (Ge et al., "Beyond accuracy: evaluating recommender
    /// systems by coverage and serendipity", RecSys 2010): items of the matrix, played or not. One number, so without
    /// an interval.
    pub coverage: f64,
}

impl Report {
    pub(super) fn of(k: usize, users: usize, means: [Mean; METRICS], coverage: f64) -> Self {
        let of = |metric: Metric| means[metric as usize];
        Self {
            k,
            users,
            map: of(Metric::Map),
            ndcg: of(Metric::Ndcg),
            precision: of(Metric::Precision),
            recall: of(Metric::Recall),
            capped_recall: of(Metric::CappedRecall),
            mrr: of(Metric::Mrr),
            hit_rate: of(Metric::HitRate),
            auc: of(Metric::Auc),
            novelty: of(Metric::Novelty),
            diversity: of(Metric::Diversity),
            coverage,
        }
    }

    /// Shows the metrics in a notebook, as text and as HTML.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }

    fn to_table(&self) -> Table {
        let mut table = Table::new(["metric", "mean", "low", "high"]).caption(format!(
            "{} users with test items, lists of {}",
            self.users, self.k
        ));
        let means = [
            (Metric::Map, self.map),
            (Metric::Ndcg, self.ndcg),
            (Metric::Precision, self.precision),
            (Metric::Recall, self.recall),
            (Metric::Mrr, self.mrr),
            (Metric::HitRate, self.hit_rate),
            (Metric::Auc, self.auc),
            (Metric::Novelty, self.novelty),
            (Metric::Diversity, self.diversity),
        ];
        for (metric, mean) in means {
            let [mean, low, high] = known(mean);
            table.push((metric.name(self.k).as_str(), mean, low, high));
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

/// How much more the lists of one model are worth than those of another, for the same users: means of each user's
/// differences, over the users that have a value of both. Below 0 the other's are worth more.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    k: usize,
    users: usize,
    differences: [Mean; METRICS],
}

impl Comparison {
    pub(super) fn of(k: usize, users: usize, differences: [Mean; METRICS]) -> Self {
        Self {
            k,
            users,
            differences,
        }
    }

    /// The mean difference in a metric.
    pub fn in_metric(&self, metric: Metric) -> Mean {
        self.differences[metric as usize]
    }

    /// Shows the differences in a notebook, as text and as HTML.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }

    fn to_table(&self) -> Table {
        let mut table =
            Table::new(["metric", "difference", "low", "high", "more than chance"]).caption(
                format!("{} users with test items, lists of {}", self.users, self.k),
            );
        for metric in Metric::ALL {
            let difference = self.in_metric(metric);
            let more_than_chance = match difference.excludes_0() {
                true => "yes",
                false => "no",
            };
            let [mean, low, high] = known(difference);
            let name = metric.name(self.k);
            table.push((name.as_str(), mean, low, high, more_than_chance));
        }
        table
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}

/// A mean and its interval, or `None` where no user has a value.
fn known(mean: Mean) -> [Option<f64>; 3] {
    [mean.mean, mean.low, mean.high].map(|number| Some(number).filter(|number| !number.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_over_nobody_is_shown_as_nothing() {
        assert_eq!(known(Mean::NONE), [None; 3]);
        let mean = Mean {
            mean: 0.5,
            low: 0.25,
            high: 1.0,
        };
        assert_eq!(known(mean), [Some(0.5), Some(0.25), Some(1.0)]);
    }
}
