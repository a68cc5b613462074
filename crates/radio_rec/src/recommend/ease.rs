//! A weight between every two items, in closed form.

use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::factors::invalid;
use super::history::{History, PlayWeight};
use super::model_file::checked_when_read;
use super::recommender::not_zero;
use super::{Explain, Fit, Recommender, SimilarItems, check_not_empty};
use crate::Result;
use crate::interactions::{Interactions, Item};
use crate::linalg::invert_positive_definite;

/// Learns how much each item a user played speaks for each other item: a linear autoencoder whose diagonal is 0.
///
/// With X the weighted plays (users x items), the weights B (items x items) minimise
///
/// ```text
/// ‖X - X B‖² + λ ‖B‖²   with B_jj = 0,     so that with P = (XᵀX + λ I)⁻¹   B_ij = -P_ij / P_jj for i ≠ j
/// ```
///
/// and the score of item j is the sum over the user's items i of x_i B_ij (Steck, "Embarrassingly shallow autoencoders for
/// sparse data", WWW 2019, equations 2 and 8). Scores may be negative: what the user played speaks against the item. Every
/// item that somebody played has a score; 0 says that nothing speaks for or against it.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `lambda` | | the penalty for large weights | finite, above 0 |
/// | `weight` | 1 | how strongly a play counts, in learning and in scoring | see [`PlayWeight`] |
///
/// Learning takes time with the cube of the number of items, and while it learns two numbers of 8 bytes for each pair of them: it is for up to some ten
/// thousand items.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ease {
    /// The penalty for large weights.
    pub lambda: f64,
    /// How strongly a play counts.
    #[serde(default)]
    pub weight: PlayWeight,
}

impl Ease {
    /// With this penalty, and every play counting 1.
    pub fn new(lambda: f64) -> Self {
        Self {
            lambda,
            weight: PlayWeight::ONE,
        }
    }
}

impl Fit for Ease {
    type Model = EaseModel;

    fn check(&self) -> Result<()> {
        check_penalty(self.lambda, self.weight)
    }

    /// Inverts the matrix.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range, for a matrix without values, and for a `lambda` so
    /// small against the data that the inverse is lost in rounding.
    fn fit(&self, data: &Interactions) -> Result<EaseModel> {
        closed_form(data, self.lambda, self.weight, |_| 0.0)
    }
}

/// A fitted [`Ease`] or [`Edlae`](super::Edlae).
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct EaseModel {
    pub(super) data: Interactions,
    weight: PlayWeight,
    /// Items x items: how much the item of the row speaks for the item of the column; 0 on the diagonal.
    pub(super) weights: Array2<f64>,
}

checked_when_read!(EaseModel);

impl EaseModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        let items = self.data.items().len();
        if self.weights.dim() != (items, items) || self.weight.check().is_err() {
            return Err("its weights are not those of the items");
        }
        let own = self.weights.diag().iter().any(|&weight| weight != 0.0);
        if own || !self.weights.iter().all(|weight| weight.is_finite()) {
            return Err("a weight is not a number, or that of an item for itself");
        }
        Ok(self)
    }
}

impl EaseModel {
    /// How much one item speaks for each other: an array of items x items, with 0 on the diagonal.
    pub fn weights(&self) -> &Array2<f64> {
        &self.weights
    }
}

impl Recommender for EaseModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        let mut scores = vec![0.0; self.data.items().len()];
        for (item, value) in history.plays() {
            let weight = self.weight.of(value);
            let row = self.weights.row(item.index());
            let row = row.as_slice().expect("rows are in one piece");
            for (score, speaks_for) in scores.iter_mut().zip(row) {
                *score += weight * speaks_for;
            }
        }
        let is_played = |&(item, _): &(Item, f64)| self.data.users_of(item).len() > 0;
        self.data
            .item_indices()
            .zip(scores)
            .filter(is_played)
            .collect()
    }
}

/// An item is similar to another as much as it speaks for it.
impl SimilarItems for EaseModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        not_zero(&self.data, self.weights.row(item.index()).to_vec())
    }
}

impl Explain for EaseModel {
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)> {
        let speaks_for = self.weights.column(item.index());
        history
            .plays()
            .map(|(other, value)| (other, self.weight.of(value) * speaks_for[other.index()]))
            .collect()
    }
}

/// An error for a parameter outside its range.
pub(super) fn check_penalty(lambda: f64, weight: PlayWeight) -> Result<()> {
    if !(lambda.is_finite() && lambda > 0.0) {
        return Err(invalid("lambda", lambda, "a finite number above 0"));
    }
    weight.check()
}

/// -P_ij / P_jj for P = (XᵀX + diag(`penalty`(XᵀX_jj) + `lambda`))⁻¹.
pub(super) fn closed_form(
    data: &Interactions,
    lambda: f64,
    weight: PlayWeight,
    penalty: impl Fn(f64) -> f64,
) -> Result<EaseModel> {
    check_penalty(lambda, weight)?;
    check_not_empty(data)?;

    let mut weights = together(data, weight);
    for diagonal in weights.diag_mut() {
        *diagonal += penalty(*diagonal) + lambda;
    }
    let lost = || {
        let expected = "larger: against such values it is lost in rounding";
        invalid("lambda", lambda, expected)
    };
    invert_positive_definite(weights.view_mut()).map_err(|_| lost())?;
    let diagonal = weights.diag().to_owned();
    for mut row in weights.rows_mut() {
        row.zip_mut_with(&diagonal, |weight, of_column| *weight /= -of_column);
    }
    weights.diag_mut().fill(0.0);
    if weights.iter().any(|weight| !weight.is_finite()) {
        return Err(lost());
    }
    Ok(EaseModel {
        data: data.clone(),
        weight,
        weights,
    })
}

/// XᵀX: of every two items the sum over users of the products of their weighted plays; an array of items x items.
pub(super) fn together(data: &Interactions, weight: PlayWeight) -> Array2<f64> {
    let n = data.items().len();
    let mut sums = Array2::zeros((n, n));
    let rows: Vec<_> = data.item_indices().zip(sums.rows_mut()).collect();
    rows.into_par_iter().for_each(|(item, mut row)| {
        let row = row
            .as_slice_mut()
            .expect("rows of a new array are in one piece");
        for (user, value) in data.users_of(item) {
            let factor = weight.of(value);
            for (other, value) in data.items_of(user) {
                row[other.index()] += factor * weight.of(value);
            }
        }
    });
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Request;
    use ndarray::{Array1, Array2};
    use proptest::prelude::*;

    proptest! {
        /// Each column of B is a ridge regression on the other items (the definition), here by gradient descent's fixed point.
        #[test]
        fn no_other_weights_are_better(values in prop::collection::vec(0u8..3, 24), lambda in 0.1f64..10.0) {
            let values = Array2::from_shape_vec((6, 4), values.into_iter().map(f64::from).collect()).unwrap();
            prop_assume!(values.sum() > 0.0);
            let triplets = values.indexed_iter().map(|((u, i), &v)| (format!("u{u}"), format!("i{i}"), v));
            let data = Interactions::from_triplets(triplets).unwrap();
            let model = Ease { weight: PlayWeight::VALUE, ..Ease::new(lambda) }.fit(&data).unwrap();
            // The derivative of the objective, ½ of it: Xᵀ(X B - X) + λ B, is 0 off the diagonal.
            let b = model.weights();
            let slope = values.t().dot(&(values.dot(b) - &values)) + b * lambda;
            for ((i, j), &slope) in slope.indexed_iter() {
                prop_assert!(i == j || slope.abs() < 1e-9, "{i} {j}: {slope}");
            }
            prop_assert_eq!(b.diag().to_owned(), Array1::<f64>::zeros(4));
        }
    }

    #[test]
    fn what_nothing_speaks_against_comes_before_what_something_does() {
        let plays = [("c", 3), ("b", 3), ("d", 2)]
            .into_iter()
            .zip(["a", "c", "e"]);
        let plays = plays.flat_map(|((one, times), other)| {
            (0..times).flat_map(move |n| [one, other].map(|item| (format!("{one}{n}"), item, 1.0)))
        });
        let nobody = ("x0".to_owned(), "nobody's", 0.0);
        let plays = plays.chain([("x0".to_owned(), "a", 1.0), nobody]);
        let data = Interactions::from_triplets(plays).unwrap();
        let model = Ease::new(1.0).fit(&data).unwrap();
        let new = model
            .recommend(data.user("x0").unwrap().into(), &Request::new(9))
            .unwrap();
        let scores: Vec<_> = new
            .ranking
            .iter()
            .map(|ranked| (ranked.name.as_str(), (ranked.score * 1e6).round() / 1e6))
            .collect();
        // As numpy has it: -P / diag(P) for P = inv(X.T @ X + I), its row of a.
        assert_eq!(
            scores,
            [("c", 0.6), ("d", 0.0), ("e", 0.0), ("b", -0.346154)]
        );
    }

    #[test]
    fn a_penalty_that_rounding_swallows_is_refused() {
        let data = Interactions::from_triplets([
            ("a", "x", 1e20),
            ("a", "y", 1e20),
            ("b", "x", 1e20),
            ("b", "y", 1e20),
        ])
        .unwrap();
        let weight = PlayWeight::VALUE;
        let error = Ease {
            weight,
            ..Ease::new(1.0)
        }
        .fit(&data);
        assert_eq!(
            error.err().unwrap().to_string(),
            "`lambda` is 1, but must be larger: against such values it is lost in rounding"
        );
    }
}
