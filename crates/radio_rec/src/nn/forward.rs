//! From the inputs to the outputs, and what the outputs cost.

use ndarray::{Array2, ArrayRef2, Zip};

use super::activation::sigmoid;
use super::loss::cross_entropy;
use super::{Parameters, check};
use crate::arrays::in_words;
use crate::{Error, Result};

/// The sums and activations of every unit for every sample: the result of [`Parameters::forward`] for m samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Activations {
    /// The sums that reach the hidden units, W1 X + b1, `n_h` x m.
    pub z1: Array2<f64>,
    /// The hidden units' activations, tanh(Z1), `n_h` x m, from -1 to 1.
    pub a1: Array2<f64>,
    /// The sums that reach the outputs, W2 A1 + b2, `n_y` x m: the logits.
    pub z2: Array2<f64>,
    /// The outputs, sigmoid(Z2), `n_y` x m, from 0 to 1: the probabilities of the label 1.
    pub a2: Array2<f64>,
}

impl Parameters {
    /// Sends the samples through the network. `x` has `n_x` x m numbers, a column a sample.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` has not as many rows as W1 has columns, or the parameters' own shapes do not fit
    /// together; [`Error::InvalidParameter`] if a number of `x` is not finite, or the weights are so large that a sum
    /// overflows.
    pub fn forward(&self, x: &ArrayRef2<f64>) -> Result<Activations> {
        self.check()?;
        if x.nrows() != self.n_x() {
            return Err(Error::Shape {
                what: "x".into(),
                expected: format!(
                    "{} rows, one for each input (w1 is {})",
                    self.n_x(),
                    in_words(&self.w1)
                ),
                found: in_words(x),
            });
        }
        check::finite("x", x, "")?;
        let z1 = self.w1.dot(x) + &self.b1;
        check::finite("w1 x + b1", &z1, "; w1 or b1 is too large")?;
        let a1 = z1.mapv(f64::tanh);
        let z2 = self.w2.dot(&a1) + &self.b2;
        check::finite("w2 a1 + b2", &z2, "; w2 or b2 is too large")?;
        let a2 = z2.mapv(sigmoid);
        Ok(Activations { z1, a1, z2, a2 })
    }
}

impl Activations {
    /// The cross-entropy between the outputs and the targets, summed over the outputs and averaged over the m samples:
    /// J = -sum(Y log A2 + (1 - Y) log(1 - A2)) / m, at least 0.
    ///
    /// `y` has `n_y` x m numbers from 0 to 1. The cost is computed from Z2, where -Y log A2 - (1 - Y) log(1 - A2) is
    /// softplus(Z2) - Y Z2, so that it stays finite where A2 rounds to 0 or 1 and a logarithm would not.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `y` is not of the outputs' shape or there are no samples; [`Error::InvalidParameter`] if a
    /// number of `y` is outside 0 to 1, or the outputs are so large that the sum overflows.
    pub fn cost(&self, y: &ArrayRef2<f64>) -> Result<f64> {
        self.check_targets(y)?;
        let m = y.ncols() as f64;
        let sum = Zip::from(&self.z2)
            .and(y)
            .fold(0.0, |sum, &z, &y| sum + cross_entropy(z, y));
        let cost = sum / m;
        check::finite_cost(cost)?;
        Ok(cost)
    }

    /// That `y` can be the targets of these outputs.
    pub(super) fn check_targets(&self, y: &ArrayRef2<f64>) -> Result<()> {
        check::shape("y", y, self.z2.dim(), "the outputs: n_y x samples")?;
        if y.ncols() == 0 {
            return Err(Error::Shape {
                what: "y".into(),
                expected: "at least one column, a column a sample".into(),
                found: in_words(y),
            });
        }
        check::probabilities(y)
    }
}
