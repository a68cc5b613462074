//! A few weights of each item for others, by regression.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::ease::together;
use super::history::PlayWeight;
use super::{Fit, ItemWeightsModel, check_not_empty};
use crate::interactions::Interactions;
use crate::parallel;
use crate::ranking::at_least_one;
use crate::{Error, Result};

/// Sparse linear method: learns how much each item speaks for each other as [`Ease`](super::Ease) does, with weights
/// that are not negative and of which most are 0.
///
/// With X the weighted plays (users x items), the weights w of the other items for item j minimise
///
/// ```text
/// ½ ‖x_j - X w‖² + l2/2 ‖w‖² + l1 Σ |w_i|     with w_i ≥ 0 and w_j = 0
/// ```
///
/// (Ning and Karypis, "SLIM: sparse linear methods for top-N recommender systems", ICDM 2011, equation 3), by
/// coordinate descent on XᵀX (Friedman, Hastie and Tibshirani, "Regularization paths for generalized linear models via
/// coordinate descent", 2010, section 2.2). That is scikit-learn's `ElasticNet(alpha=(l1 + l2) / users, l1_ratio=l1 /
/// (l1 + l2), fit_intercept=False, positive=True)` for each item. The score of item j is the sum over what was played
/// of the weights times the plays; an item that nothing speaks for has no score.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `l1` | 1 | the penalty for weights that are not 0 | from 0 to 1e30 |
/// | `l2` | 100 | the penalty for large weights | finite, above 0 |
/// | `sweeps` | 100 | how often all weights of an item are updated at most | at least 1 |
/// | `tolerance` | 1e-4 | it ends where no weight changes by more | from 0 to 1 |
/// | `weight` | 1 | how strongly a play counts, in learning and in scoring | see [`PlayWeight`] |
///
/// It takes 8 bytes for each pair of items while it learns.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slim {
    /// The penalty for weights that are not 0.
    pub l1: f64,
    /// The penalty for large weights.
    pub l2: f64,
    /// How often all weights of an item are updated at most.
    pub sweeps: usize,
    /// It ends where no weight changes by more.
    pub tolerance: f64,
    /// How strongly a play counts.
    pub weight: PlayWeight,
}

impl Default for Slim {
    fn default() -> Self {
        Self {
            l1: 1.0,
            l2: 100.0,
            sweeps: 100,
            tolerance: 1e-4,
            weight: PlayWeight::ONE,
        }
    }
}

impl Fit for Slim {
    type Model = ItemWeightsModel;

    fn check(&self) -> Result<()> {
        if !(0.0..=1e30).contains(&self.l1) {
            return Err(Error::invalid("l1", self.l1, "from 0 to 1e30"));
        }
        if !(self.l2.is_finite() && self.l2 > 0.0) {
            return Err(Error::invalid("l2", self.l2, "a finite number above 0"));
        }
        at_least_one("sweeps", self.sweeps)?;
        if !(0.0..=1.0).contains(&self.tolerance) {
            return Err(Error::invalid("tolerance", self.tolerance, "from 0 to 1"));
        }
        self.weight.check()
    }

    /// Regresses each item on the others.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, and for a matrix
    /// without values.
    fn fit(&self, data: &Interactions) -> Result<ItemWeightsModel> {
        self.check()?;
        check_not_empty(data)?;
        let mut together = together::<f64>(data, self.weight);
        for row in 0..together.nrows() {
            for column in 0..row {
                together[(row, column)] = together[(column, row)];
            }
        }
        let columns = parallel::map(data.items().len(), |item| self.weights_for(item, &together));
        Ok(ItemWeightsModel::from_columns(data, self.weight, columns))
    }
}

/// How often the weights that are not 0 are updated before all are again.
const SWEEPS_OF_FEW: usize = 10;

impl Slim {
    /// The weights that are not 0 of the other items for one.
    fn weights_for(&self, item: usize, together: &Array2<f64>) -> Vec<(u32, f64)> {
        let with_item = together.row(item);
        // Neither XᵀX nor a weight is negative, so that others only take from what speaks for a weight above 0.
        let may_count = |&other: &usize| other != item && with_item[other] > self.l1;
        let others: Vec<usize> = (0..with_item.len()).filter(may_count).collect();
        let mut problem = Problem {
            wanted: others.iter().map(|&other| with_item[other]).collect(),
            restored: vec![0.0; others.len()],
            weights: vec![0.0; others.len()],
            together,
            others: &others,
        };
        let everything: Vec<usize> = (0..others.len()).collect();
        for _ in 0..self.sweeps {
            if problem.sweep(&everything, self) <= self.tolerance {
                break;
            }
            let few: Vec<usize> = (everything.iter().copied())
                .filter(|&at| problem.weights[at] > 0.0)
                .collect();
            for _ in 0..SWEEPS_OF_FEW {
                if problem.sweep(&few, self) <= self.tolerance {
                    break;
                }
            }
        }
        let weights = others.iter().zip(&problem.weights);
        let above_0 = weights.filter(|(_, weight)| **weight > 0.0);
        above_0
            .map(|(&other, &weight)| (other as u32, weight))
            .collect()
    }
}

/// The regression of one item on the others that may count.
struct Problem<'a> {
    /// Xᵀx_j.
    wanted: Vec<f64>,
    /// XᵀX w.
    restored: Vec<f64>,
    weights: Vec<f64>,
    together: &'a Array2<f64>,
    others: &'a [usize],
}

impl Problem<'_> {
    /// Sets each of the weights to what is best with the others as they are; the largest change.
    fn sweep(&mut self, weights: &[usize], slim: &Slim) -> f64 {
        let mut largest = 0.0_f64;
        for &at in weights {
            let row = self.together.row(self.others[at]);
            let own = row[self.others[at]];
            let weight = self.weights[at];
            let alone = self.wanted[at] - (self.restored[at] - own * weight);
            let best = (alone - slim.l1).max(0.0) / (own + slim.l2);
            let change = best - weight;
            if change == 0.0 {
                continue;
            }
            self.weights[at] = best;
            for (restored, &other) in self.restored.iter_mut().zip(self.others) {
                *restored += change * row[other];
            }
            largest = largest.max(change.abs());
        }
        largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_checked() {
        let data = Interactions::from_triplets([("a", "x", 1.0), ("a", "y", 1.0)]).unwrap();
        let message = |slim: Slim| slim.fit(&data).err().unwrap().to_string();
        let slim = Slim::default();
        assert_eq!(
            message(Slim { l1: -1.0, ..slim }),
            "`l1` is -1, but must be from 0 to 1e30"
        );
        assert!(message(Slim { l2: 0.0, ..slim }).starts_with("`l2` is 0"));
        assert!(message(Slim { sweeps: 0, ..slim }).starts_with("`sweeps` is 0"));
        let tolerance = f64::NAN;
        assert!(message(Slim { tolerance, ..slim }).starts_with("`tolerance` is NaN"));
    }

    #[test]
    fn a_large_l1_leaves_nothing() {
        let data = Interactions::from_triplets([("a", "x", 1.0), ("a", "y", 1.0)]).unwrap();
        let with = |l1| {
            let slim = Slim {
                l1,
                l2: 1.0,
                ..Slim::default()
            };
            let model = slim.fit(&data).unwrap();
            let x = data.item("x").unwrap();
            model.weights().neighbours(x).len()
        };
        assert_eq!((with(0.5), with(1.0)), (1, 0));
    }
}
