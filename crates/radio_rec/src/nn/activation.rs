//! What a unit makes of its sum: each function beside its slope.

use std::fmt;

use ndarray::{Array2, ArrayRef2, Axis, Zip};
use serde::{Deserialize, Serialize};

use super::check;
use crate::Result;

/// The function of a layer, from the sums Z to the activations A, both units x samples.
///
/// | | A | slope | range of A |
/// |---|---|---|---|
/// | `Tanh` | tanh(Z) | 1 - A^2 | -1 to 1 |
/// | `Sigmoid` | 1 / (1 + exp(-Z)) | A (1 - A) | 0 to 1 |
/// | `Relu` | max(Z, 0) | 1 where A > 0, otherwise 0 | from 0 |
/// | `Identity` | Z | 1 | any |
/// | `Softmax` | exp(Z_k) / sum over units j of exp(Z_j), in each column | dA_k / dZ_j = A_k (\[j = k\] - A_j) | 0 to 1, columns sum to 1 |
///
/// `Softmax` looks at all units at once and is for the output layer only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Activation {
    /// The hyperbolic tangent.
    Tanh,
    /// The logistic function.
    Sigmoid,
    /// The rectified linear unit.
    Relu,
    /// The sum itself.
    Identity,
    /// The probabilities of classes that exclude each other.
    Softmax,
}

impl Activation {
    /// The activations A, units x samples, of the sums `z`, of the same shape.
    pub fn value(self, z: &ArrayRef2<f64>) -> Array2<f64> {
        match self {
            Activation::Tanh => z.mapv(f64::tanh),
            Activation::Sigmoid => z.mapv(sigmoid),
            // Written so that a NaN is not smaller.
            Activation::Relu => z.mapv(|z| if z < 0.0 { 0.0 } else { z }),
            Activation::Identity => z.to_owned(),
            Activation::Softmax => {
                let mut a = z.to_owned();
                for mut column in a.columns_mut() {
                    // Less the largest, so that nothing overflows; the quotients are the same.
                    let largest = column.fold(f64::NEG_INFINITY, |max, &z| max.max(z));
                    column.mapv_inplace(|z| (z - largest).exp());
                    let sum = column.sum();
                    column /= sum;
                }
                a
            }
        }
    }

    /// The slope of the cost along Z, from `da`, that along A, and the activations `a`: all units x samples.
    ///
    /// That is dA times the slope in the table above, entry by entry; for softmax, A_k (dA_k - sum over units j of dA_j
    /// A_j).
    ///
    /// # Errors
    ///
    /// [`Error::Shape`](crate::Error::Shape) if the two shapes differ.
    pub fn slope(self, a: &ArrayRef2<f64>, da: &ArrayRef2<f64>) -> Result<Array2<f64>> {
        check::shape("da", da, a.dim(), "the activations: units x samples")?;
        let mut dz = da.to_owned();
        let by_entry = |dz: &mut Array2<f64>, slope: fn(f64) -> f64| {
            Zip::from(dz).and(a).for_each(|dz, &a| *dz *= slope(a));
        };
        match self {
            Activation::Tanh => by_entry(&mut dz, |a| 1.0 - a * a),
            Activation::Sigmoid => by_entry(&mut dz, |a| a * (1.0 - a)),
            Activation::Relu => by_entry(&mut dz, |a| if a > 0.0 { 1.0 } else { 0.0 }),
            Activation::Identity => {}
            Activation::Softmax => {
                let mean = (&a.view() * &dz).sum_axis(Axis(0));
                dz = (dz - mean) * a;
            }
        }
        Ok(dz)
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Activation::Tanh => "tanh",
            Activation::Sigmoid => "sigmoid",
            Activation::Relu => "ReLU",
            Activation::Identity => "identity",
            Activation::Softmax => "softmax",
        })
    }
}

/// The logistic function 1 / (1 + exp(-z)), from 0 to 1. It does not overflow, whatever `z` is; its slope is a (1 - a).
pub fn sigmoid(z: f64) -> f64 {
    // Of exp(z) and exp(-z), the one that is at most 1.
    if z >= 0.0 {
        1.0 / (1.0 + (-z).exp())
    } else {
        let e = z.exp();
        e / (1.0 + e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sigmoid_is_exact_where_it_is_known() {
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!(sigmoid(1e300), 1.0);
        assert_eq!(sigmoid(-1e300), 0.0);
        assert_eq!(sigmoid(f64::NEG_INFINITY), 0.0);
        assert!(sigmoid(-700.0) > 0.0);
        for z in [1e-9, 0.3, 2.0, 30.0] {
            assert!((sigmoid(z) + sigmoid(-z) - 1.0).abs() < 1e-15);
        }
    }
}
