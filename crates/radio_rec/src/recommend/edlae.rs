//! EASE that learned to do without a part of what was played.

use serde::{Deserialize, Serialize};

use super::ease::{check_penalty, closed_form};
use super::history::PlayWeight;
use super::{Ease, EaseModel, Fit, Precision};
use crate::interactions::Interactions;
use crate::{Error, Result};

/// [`Ease`](super::Ease) learned with dropout: the weights that best restore plays of which each is forgotten with
/// probability p.
///
/// Infinitely many draws have a closed form: the penalty grows with the popularity of an item,
///
/// ```text
/// P = (XᵀX + p/(1-p) · diag(XᵀX) + λ I)⁻¹     B_ij = -P_ij / P_jj for i ≠ j,   B_jj = 0
/// ```
///
/// (Steck, "Autoencoders that don't overfit towards the identity", NeurIPS 2020, section 3, with emphasis on what was
/// forgotten.) With p = 0 it is EASE.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `dropout` | | the probability p with which a play is forgotten | at least 0, below 1 |
/// | `lambda` | | the penalty for large weights | finite, above 0 |
/// | `weight` | 1 | how strongly a play counts, in learning and in scoring | see [`PlayWeight`] |
/// | `precision` | double | of the weights | see [`Precision`] |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edlae {
    /// The probability with which a play is forgotten.
    pub dropout: f64,
    /// The penalty for large weights.
    pub lambda: f64,
    /// How strongly a play counts.
    #[serde(default)]
    pub weight: PlayWeight,
    /// Of the weights.
    #[serde(default)]
    pub precision: Precision,
}

impl Edlae {
    /// With this dropout and penalty, and every play counting 1.
    pub fn new(dropout: f64, lambda: f64) -> Self {
        Self {
            dropout,
            lambda,
            weight: PlayWeight::ONE,
            precision: Precision::Double,
        }
    }
}

impl Fit for Edlae {
    type Model = EaseModel;

    fn check(&self) -> Result<()> {
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Error::invalid(
                "dropout",
                self.dropout,
                "at least 0 and below 1",
            ));
        }
        check_penalty(self.lambda, self.weight)
    }

    /// Inverts the matrix.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, for a matrix
    /// without values, and for a `lambda` so small against the data that the inverse is lost in rounding.
    fn fit(&self, data: &Interactions) -> Result<EaseModel> {
        self.check()?;
        let odds = self.dropout / (1.0 - self.dropout);
        let ease = Ease {
            lambda: self.lambda,
            weight: self.weight,
            precision: self.precision,
        };
        closed_form(data, &ease, odds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_dropout_it_is_ease() {
        let data = Interactions::from_triplets([
            ("a", "x", 1.0),
            ("a", "y", 2.0),
            ("b", "y", 1.0),
            ("b", "z", 1.0),
        ])
        .unwrap();
        let (ease, same) = (Ease::new(0.5).fit(&data), Edlae::new(0.0, 0.5).fit(&data));
        let ease = ease.unwrap();
        assert_eq!(ease.weights(), same.unwrap().weights());
        let smaller = Edlae::new(0.5, 0.5).fit(&data).unwrap();
        assert!(smaller.weights()[(0, 1)] < ease.weights()[(0, 1)]);
        for dropout in [-0.1, 1.0, f64::NAN] {
            assert!(Edlae::new(dropout, 1.0).fit(&data).is_err());
        }
    }
}
