//! Weights that say how much a play tells.

use serde::{Deserialize, Serialize};

use crate::interactions::Compressed;
use crate::{Error, Result};

/// What values are replaced by before they are compared.
///
/// For the neighbours of items an item is a document and its users are the terms; for those of users it is the other
/// way round. N is the number of documents, N(t) the number of those in which the term t occurs.
///
/// | weighting | the value v of term t in document d becomes |
/// |---|---|
/// | [`None`](Weighting::None) | v |
/// | [`TfIdf`](Weighting::TfIdf) | √v · idf(t) |
/// | [`Bm25`](Weighting::Bm25) | v (k1 + 1) / (k1 ((1 - b) + b · sum(d) / mean sum) + v) · idf(t) |
///
/// with idf(t) = ln N - ln(1 + N(t)), and sum(d) the sum of the values of d, whose mean is over all documents. These
/// are the definitions of implicit 0.7 (`tfidf_weight`, `bm25_weight`): a user of all items but one weighs 0, and one
/// of all items as little as their logarithm is below 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Weighting {
    /// Values as they are.
    #[default]
    None,
    /// Term frequency and inverse document frequency.
    TfIdf,
    /// Okapi BM25.
    Bm25 {
        /// How late more plays stop counting for more; 0 or positive. implicit's recommender has 1.2.
        k1: f64,
        /// How much a document of many plays is discounted, from 0 to 1. implicit's recommender has 0.75.
        b: f64,
    },
}

impl Weighting {
    /// An error for a parameter outside its range.
    pub(super) fn check(self) -> Result<()> {
        let Weighting::Bm25 { k1, b } = self else {
            return Ok(());
        };
        let wrong = |name, value: f64, expected: &str| Err(Error::invalid(name, value, expected));
        if !(0.0..=1e30).contains(&k1) {
            return wrong("k1", k1, "from 0 to 1e30");
        }
        if !(0.0..=1.0).contains(&b) {
            return wrong("b", b, "from 0 to 1");
        }
        Ok(())
    }

    /// The documents (rows) with their new values; `terms` is their transpose.
    pub(super) fn weighted(self, documents: &Compressed, terms: &Compressed) -> Option<Compressed> {
        if self == Weighting::None {
            return None;
        }
        let count = documents.rows() as f64;
        let idf: Vec<f64> = (0..terms.rows())
            .map(|term| match terms.row(term).0.len() as f64 {
                // Where it is 0, so that no rounding is left of it that would be compared.
                carriers if carriers + 1.0 == count => 0.0,
                carriers => count.ln() - carriers.ln_1p(),
            })
            .collect();
        let sums: Vec<f64> = (0..documents.rows())
            .map(|document| documents.row(document).1.iter().sum())
            .collect();
        let mean_sum = sums.iter().sum::<f64>() / count;
        Some(documents.map(|document, term, value| {
            let frequency = match self {
                Weighting::None => value,
                Weighting::TfIdf => value.sqrt(),
                Weighting::Bm25 { k1, b } => {
                    let length = (1.0 - b) + b * sums[document as usize] / mean_sum;
                    value * (k1 + 1.0) / (k1 * length + value)
                }
            };
            frequency * idf[term as usize]
        }))
    }
}
