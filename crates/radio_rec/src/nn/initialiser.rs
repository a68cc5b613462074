//! Where the weights begin.

use ndarray::Array2;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use crate::arrays::{self, standard_normal};
use crate::{Error, Result};

/// How the weights of a layer of `n_out` units with `n_in` inputs are drawn. The biases begin at 0.
///
/// | | distribution | for |
/// |---|---|---|
/// | `Normal { deviation }` | normal around 0 with this standard deviation, finite and at least 0 | 0.01 is the assignment's |
/// | `Xavier` | uniform between ±sqrt(6 / (n_in + n_out)) | tanh and sigmoid |
/// | `He` | normal around 0 with the standard deviation sqrt(2 / n_in) | ReLU |
///
/// (X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
/// equation 16; K. He et al., "Delving deep into rectifiers", ICCV 2015, equation 10.) Both keep the spread of the
/// activations about the same from layer to layer; a small normal lets it shrink.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Initialiser {
    /// Normally distributed with this standard deviation.
    Normal {
        /// The standard deviation; with 0 all units of a layer begin alike, and stay so.
        deviation: f64,
    },
    /// By Xavier Glorot and Yoshua Bengio.
    Xavier,
    /// By Kaiming He and others.
    He,
}

impl Default for Initialiser {
    /// The assignment's: `Normal { deviation: 0.01 }`.
    fn default() -> Self {
        Initialiser::Normal { deviation: 0.01 }
    }
}

impl Initialiser {
    /// Draws `n_out` x `n_in` weights, row by row.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a deviation that is negative or not finite, and
    /// for sizes so large that there is no such array.
    pub fn draw(self, n_out: usize, n_in: usize, rng: &mut impl Rng) -> Result<Array2<f64>> {
        arrays::size("n_out", n_out, n_in, "inputs")?;
        match self {
            Initialiser::Normal { deviation } => {
                if !(deviation.is_finite() && deviation >= 0.0) {
                    let range = "a finite number, at least 0";
                    return Err(Error::invalid("deviation", deviation, range));
                }
                Ok(standard_normal(n_out, n_in, rng) * deviation)
            }
            Initialiser::Xavier => {
                let limit = (6.0 / (n_in + n_out) as f64).sqrt();
                Ok(Array2::from_shape_simple_fn((n_out, n_in), || {
                    rng.random_range(-limit..limit)
                }))
            }
            Initialiser::He => Ok(standard_normal(n_out, n_in, rng) * (2.0 / n_in as f64).sqrt()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    use super::*;

    #[test]
    fn sizes_that_no_memory_holds_are_refused() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let all = [Initialiser::default(), Initialiser::Xavier, Initialiser::He];
        for (n_out, n_in) in [(usize::MAX, 2), (usize::MAX, usize::MAX), (usize::MAX, 0)] {
            for initialiser in all {
                assert_eq!(
                    initialiser
                        .draw(n_out, n_in, &mut rng)
                        .unwrap_err()
                        .to_string(),
                    format!(
                        "`n_out` is {n_out} (with {n_in} inputs), but must be small enough for the memory"
                    )
                );
            }
        }
        for initialiser in all {
            assert_eq!(initialiser.draw(3, 0, &mut rng).unwrap().dim(), (3, 0));
        }
    }
}
