//! What the outputs cost: each loss beside its slope.

use std::fmt;

use ndarray::{Array2, ArrayRef2, Zip};
use serde::{Deserialize, Serialize};

use super::{Activation, check};
use crate::arrays::in_words;
use crate::{Error, Result};

/// What a network is to make small: the mean over the m samples of a loss between the outputs A and the targets Y, both
/// `n_y` x m.
///
/// | | J | slope along Z of a sample's own loss | outputs | targets |
/// |---|---|---|---|---|
/// | `BinaryCrossEntropy` | -sum(Y log A + (1 - Y) log(1 - A)) / m | A - Y | sigmoid | 0 to 1 |
/// | `CategoricalCrossEntropy` | -sum(Y log A) / m | A - Y | softmax | 0 to 1, columns sum to 1 |
/// | `SquaredError` | sum((A - Y)^2) / (2 m) | (A - Y) times the slope of the activation | any | any |
///
/// The two cross-entropies are computed from the sums Z, where they stay finite when an output rounds to 0 or 1; so
/// they go together with one activation each, whose slope cancels against that of the logarithms (C. M. Bishop,
/// "Pattern Recognition and Machine Learning", 2006, 4.3.6 and 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Loss {
    /// For each output by itself, the surprise at a yes or no.
    BinaryCrossEntropy,
    /// The surprise at the one class that is right.
    CategoricalCrossEntropy,
    /// Half the squared distance.
    SquaredError,
}

impl Loss {
    /// The mean loss J over the samples, for the sums `z` of an output layer with this `activation`, and the targets
    /// `y`; both `n_y` x m.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] where the table above does not have this activation for this loss, or for a target
    /// outside its range; [`Error::Shape`] where the shapes differ or there are no samples.
    pub fn value(
        self,
        activation: Activation,
        z: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
    ) -> Result<f64> {
        self.check(activation)?;
        check::shape("y", y, z.dim(), "the outputs: n_y x samples")?;
        self.check_targets(y)?;
        let sum = match self {
            Loss::BinaryCrossEntropy => Zip::from(z)
                .and(y)
                .fold(0.0, |sum, &z, &y| sum + cross_entropy(z, y)),
            Loss::CategoricalCrossEntropy => z
                .columns()
                .into_iter()
                .zip(y.columns())
                .map(|(z, y)| {
                    // log A_k = Z_k - largest - log(sum of exp(Z - largest))
                    let largest = z.fold(f64::NEG_INFINITY, |max, &z| max.max(z));
                    let log_sum = z.mapv(|z| (z - largest).exp()).sum().ln();
                    let of_class = |(&z, &y): (&f64, &f64)| y * (largest - z + log_sum);
                    z.iter().zip(y).map(of_class).sum::<f64>()
                })
                .sum(),
            Loss::SquaredError => 0.5 * (activation.value(z) - y.view()).mapv(|d| d * d).sum(),
        };
        Ok(sum / y.ncols() as f64)
    }

    /// The slope along Z of each sample's own loss (without the 1 / m), from the outputs `a` and the targets `y`, all
    /// `n_y` x m.
    ///
    /// # Errors
    ///
    /// As [`value`](Loss::value).
    pub fn slope(
        self,
        activation: Activation,
        a: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
    ) -> Result<Array2<f64>> {
        self.check(activation)?;
        check::shape("y", y, a.dim(), "the outputs: n_y x samples")?;
        self.check_targets(y)?;
        let difference = &a.view() - &y.view();
        Ok(match self {
            Loss::BinaryCrossEntropy | Loss::CategoricalCrossEntropy => difference,
            Loss::SquaredError => activation.slope(a, &difference)?,
        })
    }

    /// That this loss goes together with this activation of the output layer.
    pub(super) fn check(self, activation: Activation) -> Result<()> {
        let wanted = match self {
            Loss::BinaryCrossEntropy => Activation::Sigmoid,
            Loss::CategoricalCrossEntropy => Activation::Softmax,
            Loss::SquaredError => return Ok(()),
        };
        if activation == wanted {
            return Ok(());
        }
        let fitting = match activation {
            Activation::Sigmoid => "binary cross-entropy or squared error",
            Activation::Softmax => "categorical cross-entropy or squared error",
            _ => "squared error",
        };
        Err(Error::invalid(
            "loss",
            self,
            format!(
                "{fitting}, as the output layer is {activation}; {self} needs a {wanted} output layer"
            ),
        ))
    }

    /// That there are targets, and that each is in the range of this loss.
    pub(super) fn check_targets(self, y: &ArrayRef2<f64>) -> Result<()> {
        if y.ncols() == 0 {
            return Err(Error::Shape {
                what: "y".into(),
                expected: "at least one column, a column a sample".into(),
                found: in_words(y),
            });
        }
        match self {
            Loss::BinaryCrossEntropy => check::probabilities(y),
            Loss::CategoricalCrossEntropy => {
                check::probabilities(y)?;
                check::columns_sum_to_one(y)
            }
            Loss::SquaredError => check::finite("y", y, ""),
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Loss::BinaryCrossEntropy => "binary cross-entropy",
            Loss::CategoricalCrossEntropy => "categorical cross-entropy",
            Loss::SquaredError => "squared error",
        })
    }
}

/// -y log(sigmoid(z)) - (1 - y) log(1 - sigmoid(z)), as softplus(z) - y z.
pub(super) fn cross_entropy(z: f64, y: f64) -> f64 {
    // softplus(z) = log(1 + exp(z)) = max(z, 0) + log(1 + exp(-|z|)). max(z, 0) - y z is written without a difference
    // of large numbers, so that a saturated right answer costs next to nothing.
    let wrong = if z > 0.0 { (1.0 - y) * z } else { -y * z };
    wrong + (-z.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saturated_output_costs_its_distance_and_no_more() {
        assert_eq!(cross_entropy(1e5, 1.0), 0.0);
        assert_eq!(cross_entropy(1e5, 0.0), 1e5);
        assert_eq!(cross_entropy(-1e5, 0.0), 0.0);
        assert_eq!(cross_entropy(-1e5, 1.0), 1e5);
        assert_eq!(cross_entropy(0.0, 0.3), std::f64::consts::LN_2);
    }
}
