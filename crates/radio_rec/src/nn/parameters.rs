//! The weights and biases.

use ndarray::Array2;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::check;
use crate::arrays::{self, standard_normal};
use crate::{Error, Result};

/// The weights and biases of a network with `n_x` inputs, `n_h` hidden units and `n_y` outputs.
///
/// The fields are plain arrays, to be looked at and changed; the methods check that their shapes fit together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// The weights of the hidden layer, `n_h` x `n_x`: a row a hidden unit.
    pub w1: Array2<f64>,
    /// The biases of the hidden layer, `n_h` x 1.
    pub b1: Array2<f64>,
    /// The weights of the output layer, `n_y` x `n_h`: a row an output.
    pub w2: Array2<f64>,
    /// The biases of the output layer, `n_y` x 1.
    pub b2: Array2<f64>,
}

impl Parameters {
    /// Weights from a normal distribution of standard deviation 0.01, and biases of 0: small, so that no unit starts
    /// saturated, and random, so that the hidden units do not all learn the same.
    ///
    /// The same `seed` gives the same bits. W1 is drawn first, row by row, then W2.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) if one of the sizes is 0, or so large that there is
    /// no such array.
    pub fn random(n_x: usize, n_h: usize, n_y: usize, seed: u64) -> Result<Self> {
        for (name, size) in [("n_x", n_x), ("n_h", n_h), ("n_y", n_y)] {
            if size == 0 {
                return Err(Error::invalid(name, 0, "at least 1"));
            }
        }
        arrays::size("n_h", n_h, n_x, "inputs")?;
        arrays::size("n_y", n_y, n_h, "hidden units")?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Ok(Self {
            w1: standard_normal(n_h, n_x, &mut rng) * 0.01,
            b1: Array2::zeros((n_h, 1)),
            w2: standard_normal(n_y, n_h, &mut rng) * 0.01,
            b2: Array2::zeros((n_y, 1)),
        })
    }

    /// The number of inputs, the columns of W1.
    pub fn n_x(&self) -> usize {
        self.w1.ncols()
    }

    /// The number of hidden units, the rows of W1.
    pub fn n_h(&self) -> usize {
        self.w1.nrows()
    }

    /// The number of outputs, the rows of W2.
    pub fn n_y(&self) -> usize {
        self.w2.nrows()
    }

    /// That the four arrays belong to one network.
    pub(super) fn check(&self) -> Result<()> {
        let hidden = "a row a hidden unit, as in w1";
        check::shape("b1", &self.b1, (self.n_h(), 1), hidden)?;
        check::shape(
            "w2",
            &self.w2,
            (self.n_y(), self.n_h()),
            "a column a hidden unit: the rows of w1",
        )?;
        check::shape("b2", &self.b2, (self.n_y(), 1), "a row an output, as in w2")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_small_random_and_the_same_every_time() {
        let start = Parameters::random(2, 400, 3, 7).unwrap();
        assert_eq!((start.n_x(), start.n_h(), start.n_y()), (2, 400, 3));
        assert_eq!(start, Parameters::random(2, 400, 3, 7).unwrap());
        assert_ne!(start.w1, Parameters::random(2, 400, 3, 8).unwrap().w1);
        for weights in [&start.w1, &start.w2] {
            assert!(weights.mean().unwrap().abs() < 0.002);
            assert!((weights.std(0.0) - 0.01).abs() < 0.001);
        }
        assert!(start.b1.iter().chain(&start.b2).all(|&b| b == 0.0));
    }

    #[test]
    fn a_layer_without_units_is_refused() {
        let error = Parameters::random(2, 0, 1, 7).unwrap_err();
        assert_eq!(error.to_string(), "`n_h` is 0, but must be at least 1");
    }

    #[test]
    fn sizes_that_no_memory_holds_are_refused() {
        for (sizes, message) in [
            (
                (2, usize::MAX, 1),
                "`n_h` is 18446744073709551615 (with 2 inputs), but must be small enough for the memory",
            ),
            (
                (1, 4, usize::MAX / 8),
                "`n_y` is 2305843009213693951 (with 4 hidden units), but must be small enough for the memory",
            ),
        ] {
            let error = Parameters::random(sizes.0, sizes.1, sizes.2, 7).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
