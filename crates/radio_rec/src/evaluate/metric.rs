//! The metrics by name.

/// A number that a user's list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// See [`metrics::average_precision`](super::metrics::average_precision).
    Map,
    /// See [`metrics::ndcg`](super::metrics::ndcg).
    Ndcg,
    /// See [`metrics::precision`](super::metrics::precision).
    Precision,
    /// See [`metrics::recall`](super::metrics::recall).
    Recall,
    /// See [`metrics::capped_recall`](super::metrics::capped_recall).
    CappedRecall,
    /// See [`metrics::reciprocal_rank`](super::metrics::reciprocal_rank).
    Mrr,
    /// See [`metrics::hit_rate`](super::metrics::hit_rate).
    HitRate,
    /// See [`metrics::auc`](super::metrics::auc).
    Auc,
    /// See [`Report::novelty`](super::Report::novelty).
    Novelty,
    /// See [`Report::diversity`](super::Report::diversity).
    Diversity,
}

impl Metric {
    /// All of them.
    pub const ALL: [Metric; METRICS] = [
        Metric::Map,
        Metric::Ndcg,
        Metric::Precision,
        Metric::Recall,
        Metric::CappedRecall,
        Metric::Mrr,
        Metric::HitRate,
        Metric::Auc,
        Metric::Novelty,
        Metric::Diversity,
    ];

    /// What it is called, of lists of `k`.
    pub fn name(self, k: usize) -> String {
        match self {
            Metric::Map => format!("MAP@{k}"),
            Metric::Ndcg => format!("nDCG@{k}"),
            Metric::Precision => format!("precision@{k}"),
            Metric::Recall => format!("recall@{k}"),
            Metric::CappedRecall => format!("capped recall@{k}"),
            Metric::Mrr => format!("MRR@{k}"),
            Metric::HitRate => format!("hit rate@{k}"),
            Metric::Auc => "AUC".into(),
            Metric::Novelty => "novelty (bits)".into(),
            Metric::Diversity => "diversity".into(),
        }
    }
}

pub(super) const METRICS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_called_as_in_the_literature() {
        let names = Metric::ALL.map(|metric| metric.name(20));
        let expected = [
            "MAP@20",
            "nDCG@20",
            "precision@20",
            "recall@20",
            "capped recall@20",
            "MRR@20",
            "hit rate@20",
            "AUC",
            "novelty (bits)",
            "diversity",
        ];
        assert_eq!(names, expected);
    }
}
