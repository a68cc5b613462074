//! EASE with few weights of each item, for catalogues whose matrix of all weights is too large.

use serde::{Deserialize, Serialize};

use super::ease::check_penalty;
use super::history::PlayWeight;
use super::{Fit, ItemWeightsModel, check_not_empty};
use crate::interactions::{Interactions, Item};
use crate::linalg::solve::{LANES, solve};
use crate::parallel;
use crate::ranking::{at_least_one, best};
use crate::{Error, Result};

/// [`Edlae`](super::Edlae), or with no dropout [`Ease`](super::Ease), in which only `k` others may speak for each item.
///
/// With X the weighted plays (users x items) and N_j the `k` items that restore item j best if each does it alone, by
/// the largest (x_iᵀx_j)² / ((1 + p/(1-p)) ‖x_i‖² + λ) above 0, the weights for item j are those of the closed form
/// over these items alone,
///
/// ```text
/// B_Nj = (X_NᵀX_N + p/(1-p) · diag(X_NᵀX_N) + λ I)⁻¹ X_Nᵀx_j     B_ij = 0 for i outside of N_j
/// ```
///
/// which minimise what EDLAE minimises with all others held at 0. It is the column of the inverse of the block of N_j
/// and j, divided by its diagonal: a sparse approximate inverse, as in Steck, "Markov random fields for collaborative
/// filtering", NeurIPS 2019, section 3, with a block of each item's own. Where every two items have users in common,
/// and `k` is at least the number of items, it is EDLAE, but for rounding. Scores may be negative; an item that nothing
/// speaks for or against has none. Ties may be ordered by the rounding of the solutions.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `k` | | how many others may speak for an item | at least 1 |
/// | `lambda` | | the penalty for large weights | finite, above 0 |
/// | `dropout` | 0 | the probability p with which a play is forgotten | at least 0, below 1 |
/// | `weight` | 1 | how strongly a play counts, in learning and in scoring | see [`PlayWeight`] |
///
/// It takes 16 bytes a weight, at most `k` of each item, and while it learns a matrix of `k` x `k` a thread, and no
/// matrix of items x items. Its time grows with the number of items times k³, and with the users whom the items of N_j
/// have in common. Any number of threads gives the same.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SparseEase {
    /// How many others may speak for an item.
    pub k: usize,
    /// The penalty for large weights.
    pub lambda: f64,
    /// The probability with which a play is forgotten.
    #[serde(default)]
    pub dropout: f64,
    /// How strongly a play counts.
    #[serde(default)]
    pub weight: PlayWeight,
}

impl SparseEase {
    /// With `k` others and this penalty, no dropout, and every play counting 1.
    pub fn new(k: usize, lambda: f64) -> Self {
        Self {
            k,
            lambda,
            dropout: 0.0,
            weight: PlayWeight::ONE,
        }
    }
}

impl Fit for SparseEase {
    type Model = ItemWeightsModel;

    fn check(&self) -> Result<()> {
        at_least_one("k", self.k)?;
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Error::invalid(
                "dropout",
                self.dropout,
                "at least 0 and below 1",
            ));
        }
        check_penalty(self.lambda, self.weight)
    }

    /// Solves for the weights of each item.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range, for a matrix without values, and for a `lambda`
    /// so small against the data that it is lost in rounding.
    fn fit(&self, data: &Interactions) -> Result<ItemWeightsModel> {
        self.check()?;
        check_not_empty(data)?;
        let odds = self.dropout / (1.0 - self.dropout);
        let held: Vec<f64> = (data.item_indices())
            .map(|item| {
                let squares = data.users_of(item).map(|(_, v)| self.weight.of(v).powi(2));
                (1.0 + odds) * squares.sum::<f64>() + self.lambda
            })
            .collect();
        let items: Vec<Item> = data.item_indices().collect();
        let columns = parallel::map_init(
            items.len(),
            || Block::new(data),
            |block, item| block.weights_for(self, data, &held, items[item]),
        );
        let columns: Option<Vec<Vec<(u32, f64)>>> = columns.into_iter().collect();
        let columns = columns.ok_or_else(|| -> Error {
            let expected = "larger: against such values it is lost in rounding";
            Error::invalid("lambda", self.lambda, expected)
        })?;
        Ok(ItemWeightsModel::from_columns(data, self.weight, columns))
    }
}

/// What the weights of an item are solved for in, kept from one to the next.
struct Block {
    /// Of each item how much it has in common with the one that is restored; all 0 between two.
    common: Vec<f64>,
    /// Of each user the last of their plays in `plays`, counted from 1; all 0 between two.
    last: Vec<u32>,
    /// Plays of items of the block: which of them, how strongly it counts, and the one of the same user before.
    plays: Vec<(u32, f64, u32)>,
    /// The products of the block's items, padded; what is below the diagonal is not read.
    matrix: Vec<f64>,
}

impl Block {
    fn new(data: &Interactions) -> Self {
        let (users, items) = data.shape();
        Self {
            common: vec![0.0; items],
            last: vec![0; users],
            plays: Vec::new(),
            matrix: Vec::new(),
        }
    }

    /// The weights of others for an item; `None` where λ is lost in rounding.
    fn weights_for(
        &mut self,
        ease: &SparseEase,
        data: &Interactions,
        held: &[f64],
        item: Item,
    ) -> Option<Vec<(u32, f64)>> {
        let (others, mut weights) = self.others(ease, data, held, item);
        self.multiply(ease, data, held, &others);
        let stride = others.len().next_multiple_of(LANES);
        if !solve(&mut self.matrix, stride, &mut weights) {
            return None;
        }
        let weights = others.into_iter().zip(weights);
        Some(weights.filter(|(_, weight)| *weight != 0.0).collect())
    }

    /// The items that may speak for one, ascending, with what each has in common with it.
    fn others(
        &mut self,
        ease: &SparseEase,
        data: &Interactions,
        held: &[f64],
        item: Item,
    ) -> (Vec<u32>, Vec<f64>) {
        for (user, value) in data.users_of(item) {
            let factor = ease.weight.of(value);
            for (other, value) in data.items_of(user) {
                self.common[other.index()] += factor * ease.weight.of(value);
            }
        }
        self.common[item.index()] = 0.0;
        let alone = (0..).zip(&self.common).zip(held);
        let alone = alone.filter(|((_, common), _)| **common > 0.0);
        let alone = alone.map(|((other, common), held)| (other, common * common / held));
        let mut others: Vec<u32> = (best(ease.k, alone.collect()).into_iter())
            .map(|(other, _)| other)
            .collect();
        others.sort_unstable();
        let common = others.iter().map(|&other| self.common[other as usize]);
        let common = common.collect();
        self.common.fill(0.0);
        (others, common)
    }

    /// Fills the matrix with X_NᵀX_N and what is added to its diagonal.
    fn multiply(&mut self, ease: &SparseEase, data: &Interactions, held: &[f64], others: &[u32]) {
        let stride = others.len().next_multiple_of(LANES);
        self.matrix.clear();
        self.matrix.resize(others.len() * stride, 0.0);
        self.plays.clear();
        for (at, &other) in (0_u32..).zip(others) {
            let (users, values) = data.by_item().row(other as usize);
            for (&user, &value) in users.iter().zip(values) {
                let weight = ease.weight.of(value);
                let last = &mut self.last[user as usize];
                // All items of the block before this one that the same user played.
                let mut before = *last;
                while let Some(play) = before.checked_sub(1) {
                    let (above, of_above, next) = self.plays[play as usize];
                    self.matrix[above as usize * stride + at as usize] += weight * of_above;
                    before = next;
                }
                self.plays.push((at, weight, *last));
                *last = self.plays.len() as u32;
            }
            self.matrix[at as usize * (stride + 1)] = held[other as usize];
        }
        for &other in others {
            for &user in data.by_item().row(other as usize).0 {
                self.last[user as usize] = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Edlae, Recommender};
    use ndarray::Array2;
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    fn plays() -> Interactions {
        let mut rng = ChaCha8Rng::seed_from_u64(14);
        let mut plays = Vec::new();
        for user in 0..60 {
            for item in 0..40 {
                let likes = user % 3 == item % 3;
                // The first plays everything, so that every two items have a user in common.
                if user == 0 || rng.random_bool(if likes { 0.6 } else { 0.3 }) {
                    let value = f64::from(rng.random_range(1..6_u8));
                    plays.push((format!("u{user}"), format!("i{item}"), value));
                }
            }
        }
        Interactions::from_triplets(plays).unwrap()
    }

    fn dense(model: &ItemWeightsModel) -> Array2<f64> {
        let items = model.data().items().len();
        let mut weights = Array2::zeros((items, items));
        for item in model.data().item_indices() {
            for neighbour in model.weights().neighbours(item) {
                weights[(item.index(), neighbour.item.index())] = neighbour.similarity;
            }
        }
        weights
    }

    #[test]
    fn with_all_others_it_is_edlae() {
        let data = plays();
        for dropout in [0.0, 0.4] {
            let edlae = Edlae {
                weight: PlayWeight::VALUE,
                ..Edlae::new(dropout, 20.0)
            };
            let expected = edlae.fit(&data).unwrap();
            let sparse = SparseEase {
                dropout,
                weight: PlayWeight::VALUE,
                ..SparseEase::new(1000, 20.0)
            };
            let found = sparse.fit(&data).unwrap();
            for (found, expected) in dense(&found).iter().zip(expected.weights().iter()) {
                let close = (found - expected).abs() < 1e-9;
                assert!(close, "{dropout}: {found} is not {expected}");
            }
        }
    }

    /// The derivative of what EDLAE minimises is 0 at each weight that is there.
    #[test]
    fn no_other_weights_of_these_items_are_better() {
        let data = plays();
        let (users, items) = data.shape();
        let mut x = Array2::zeros((users, items));
        for user in data.user_indices() {
            for (item, value) in data.items_of(user) {
                x[(user.index(), item.index())] = 0.5 + 0.1 * value;
            }
        }
        let sparse = SparseEase {
            dropout: 0.2,
            weight: PlayWeight {
                base: 0.5,
                slope: 0.1,
            },
            ..SparseEase::new(15, 0.1)
        };
        let model = sparse.fit(&data).unwrap();
        let b = dense(&model);
        let squares = x.t().dot(&x).diag().to_owned();
        let slopes = x.t().dot(&(x.dot(&b) - &x));
        for column in 0..items {
            let of_column: Vec<usize> = (0..items).filter(|&at| b[(at, column)] != 0.0).collect();
            assert_eq!(of_column.len(), 15);
            for at in of_column {
                let held = 0.25 * squares[at] + 0.1;
                let slope = slopes[(at, column)] + held * b[(at, column)];
                assert!(slope.abs() < 1e-9, "{at} {column}: {slope}");
            }
        }
        assert!(b.iter().any(|&weight| weight < 0.0));
    }

    #[test]
    fn more_others_come_nearer() {
        let data = plays();
        let whole = Edlae::new(0.0, 20.0).fit(&data).unwrap();
        let apart = |k| {
            let model = SparseEase::new(k, 20.0).fit(&data).unwrap();
            (dense(&model) - &*whole.weights()).mapv(|d| d * d).sum()
        };
        let found: Vec<f64> = [1, 5, 10, 20, 39].map(apart).into();
        assert!(found.is_sorted_by(|a, b| a > b), "{found:?}");
    }

    #[test]
    fn threads_change_no_bit() {
        let data = plays();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| dense(&SparseEase::new(7, 1.0).fit(&data).unwrap()))
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn parameters_are_checked() {
        let data = plays();
        let message = |ease: SparseEase| ease.fit(&data).err().unwrap().to_string();
        assert!(message(SparseEase::new(0, 1.0)).starts_with("`k` is 0"));
        assert!(message(SparseEase::new(5, 0.0)).starts_with("`lambda` is 0"));
        let dropout = 1.0;
        let ease = SparseEase::new(5, 1.0);
        assert!(message(SparseEase { dropout, ..ease }).starts_with("`dropout` is 1"));
    }

    #[test]
    fn a_penalty_that_rounding_swallows_is_refused() {
        let data = Interactions::from_triplets([
            ("a", "x", 1e20),
            ("a", "y", 1e20),
            ("a", "z", 1e20),
            ("b", "x", 1e20),
            ("b", "y", 1e20),
        ])
        .unwrap();
        let ease = SparseEase {
            weight: PlayWeight::VALUE,
            ..SparseEase::new(9, 1.0)
        };
        assert_eq!(
            ease.fit(&data).err().unwrap().to_string(),
            "`lambda` is 1, but must be larger: against such values it is lost in rounding"
        );
    }
}
