//! Users and items as points, learned from what is preferred to what.

use ndarray::{Array2, ArrayView1, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::factors::{check_factors, check_vectors, cosines, invalid, named};
use super::history::History;
use super::model_file::checked_when_read;
use super::{Fit, Recommender, SimilarItems, SimilarUsers, check_not_empty};
use crate::Result;
use crate::interactions::{Interactions, Item, User};

/// Bayesian personalised ranking: a vector x for each user, and a vector y and a number b for each item, such that what a user
/// played scores above what they did not. They maximise
///
/// ```text
/// Σ ln σ(s_ui - s_uj) - λ (Σ ‖x_u‖² + Σ ‖y_i‖² + Σ b_i²) / 2    over i that u played and j that u did not
/// s_ui = x_uᵀ y_i + b_i,   σ(t) = 1 / (1 + e⁻ᵗ)
/// ```
///
/// by stochastic gradient ascent, where each epoch draws as many (u, i, j) as there are plays (Rendle et al., "BPR: Bayesian
/// personalized ranking from implicit feedback", UAI 2009, section 4). Values do not count, only what was played. It runs on one
/// processor, one draw after the other: that is what makes it the same on every run.
///
/// Every item that somebody played has a score, of any sign. Somebody who is not in the matrix gets a vector by the same
/// ascent over their plays, with the items as they are.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `factors` | 64 | how many numbers describe a user or an item | 1 to 1024 |
/// | `epochs` | 100 | how often as many draws are made as there are plays | 1 to 1,000,000 |
/// | `rate` | 0.05 | how far a draw moves what it is made of | above 0, at most 1 |
/// | `lambda` | 0.01 | the penalty for long vectors | from 0 to 1 |
/// | `seed` | 0 | where the vectors begin, and what is drawn | |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bpr {
    /// How many numbers describe a user or an item.
    pub factors: usize,
    /// How often as many draws are made as there are plays.
    pub epochs: usize,
    /// How far a draw moves what it is made of.
    pub rate: f64,
    /// The penalty for long vectors.
    pub lambda: f64,
    /// Where the vectors begin, and what is drawn.
    pub seed: u64,
}

impl Default for Bpr {
    fn default() -> Self {
        Self {
            factors: 64,
            epochs: 100,
            rate: 0.05,
            lambda: 0.01,
            seed: 0,
        }
    }
}

impl Fit for Bpr {
    type Model = BprModel;

    fn check(&self) -> Result<()> {
        if !(1..=1_000_000).contains(&self.epochs) {
            return Err(invalid("epochs", self.epochs, "from 1 to 1000000"));
        }
        check_factors(self.factors)?;
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            return Err(invalid("rate", self.rate, "above 0 and at most 1"));
        }
        if !(0.0..=1.0).contains(&self.lambda) {
            return Err(invalid("lambda", self.lambda, "from 0 to 1"));
        }
        Ok(())
    }

    /// Draws and moves.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, for a matrix without
    /// values, and for a `rate` so large that the vectors grow without end.
    fn fit(&self, data: &Interactions) -> Result<BprModel> {
        self.check()?;
        check_not_empty(data)?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // The last number of an item is its b; that of a user is 1 and stays so.
        let width = self.factors + 1;
        let mut begin = |rows: usize| {
            let spread = 0.5 / self.factors as f32;
            Array2::from_shape_simple_fn((rows, width), || rng.random_range(-spread..spread))
        };
        let (users, items) = data.shape();
        let (mut users, mut items) = (begin(users), begin(items));
        users.column_mut(self.factors).fill(1.0);
        items.column_mut(self.factors).fill(0.0);

        let plays: Vec<(usize, Item)> = data
            .user_indices()
            .filter(|&user| data.items_of(user).len() < data.items().len())
            .flat_map(|user| {
                data.items_of(user)
                    .map(move |(item, _)| (user.index(), item))
            })
            .collect();
        for _ in 0..self.epochs {
            for _ in 0..plays.len() {
                let (user, played) = plays[rng.random_range(0..plays.len())];
                let (row, _) = data.by_user().row(user);
                let other = not_played(row, items.nrows(), &mut rng);
                let mut x = users.row_mut(user);
                let (mut yi, mut yj) =
                    items.multi_slice_mut((s![played.index(), ..], s![other, ..]));
                self.step(
                    x.as_slice_mut().expect("a row"),
                    yi.as_slice_mut().expect("a row"),
                    yj.as_slice_mut().expect("a row"),
                    true,
                );
            }
            // A large step overshoots, and the next one from there overshoots more.
            if !users.iter().chain(&items).all(|x| x.abs() < LARGEST) {
                return Err(invalid(
                    "rate",
                    self.rate,
                    "smaller for this matrix: the vectors grow without end",
                ));
            }
        }
        Ok(BprModel {
            data: data.clone(),
            parameters: *self,
            users,
            items,
        })
    }
}

impl Bpr {
    /// One step up the gradient of ln σ(s_ui - s_uj), for the items only where they `learn`.
    fn step(&self, x: &mut [f32], yi: &mut [f32], yj: &mut [f32], learn: bool) {
        let (rate, lambda) = (self.rate as f32, self.lambda as f32);
        let difference: f32 = x
            .iter()
            .zip(yi.iter().zip(&*yj))
            .map(|(x, (i, j))| x * (i - j))
            .sum();
        // In double precision, where the last bit, in which systems differ, is rounded away.
        let slope = (1.0 / (1.0 + f64::from(difference).exp())) as f32;
        let last = x.len() - 1;
        for at in 0..x.len() {
            let (of_x, i, j) = (x[at], yi[at], yj[at]);
            if at < last {
                x[at] += rate * (slope * (i - j) - lambda * of_x);
            }
            if learn {
                yi[at] += rate * (slope * of_x - lambda * i);
                yj[at] += rate * (-slope * of_x - lambda * j);
            }
        }
    }
}

/// Numbers of vectors that are learned stay far below: their products, and sums of these, are finite.
const LARGEST: f32 = 1e9;

/// One of the items that are not in an ascending list, which does not hold all of them.
fn not_played(played: &[u32], items: usize, rng: &mut ChaCha8Rng) -> usize {
    loop {
        let item = rng.random_range(0..items);
        if played.binary_search(&(item as u32)).is_err() {
            return item;
        }
    }
}

/// A fitted [`Bpr`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct BprModel {
    pub(super) data: Interactions,
    pub(super) parameters: Bpr,
    /// Users x (factors + 1), the last number 1.
    pub(super) users: Array2<f32>,
    /// Items x (factors + 1), the last number b.
    pub(super) items: Array2<f32>,
}

checked_when_read!(BprModel);

impl BprModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        let ((users, items), factors) = (self.data.shape(), self.parameters.factors);
        self.parameters
            .check()
            .map_err(|_| "a parameter is outside its range")?;
        check_vectors(&self.users, (users, factors + 1))?;
        check_vectors(&self.items, (items, factors + 1))?;
        Ok(self)
    }
}

impl BprModel {
    /// The vector of somebody, with its 1: what was learned for a user, or the ascent over a history.
    fn vector_of(&self, history: &History<'_>) -> Vec<f32> {
        if let Some(user) = history.user() {
            return self.users.row(user.index()).to_vec();
        }
        let bpr = &self.parameters;
        let mut x = vec![0.0; self.items.ncols()];
        x[bpr.factors] = 1.0;
        let played = history.numbers();
        if played.len() == self.items.nrows() {
            return x;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(bpr.seed);
        // One after the other: their product may not fit a number.
        for _ in (0..bpr.epochs).flat_map(|_| 0..played.len()) {
            let item = played[rng.random_range(0..played.len())] as usize;
            let other = not_played(played, self.items.nrows(), &mut rng);
            let mut yi = self.items.row(item).to_vec();
            let mut yj = self.items.row(other).to_vec();
            bpr.step(&mut x, &mut yi, &mut yj, false);
        }
        x
    }
}

impl Recommender for BprModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        let x = self.vector_of(history);
        self.data
            .item_indices()
            .filter(|&item| self.data.users_of(item).len() > 0)
            .map(|item| {
                let y = self.items.row(item.index());
                let products = x.iter().zip(y).map(|(&x, &y)| f64::from(x) * f64::from(y));
                (item, products.sum())
            })
            .collect()
    }
}

/// The cosine of the angle between the items' vectors, without b.
impl SimilarItems for BprModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        let vectors = self.items.slice(s![.., ..self.parameters.factors]);
        let cosines = cosines(vectors, vectors.row(item.index()));
        named(cosines, self.data.item_indices(), Some(item))
    }
}

/// The cosine of the angle between the users' vectors, and the one of somebody who is not in the matrix.
impl SimilarUsers for BprModel {
    fn user_similarities(&self, history: &History<'_>) -> Vec<(User, f64)> {
        let factors = self.parameters.factors;
        let x = self.vector_of(history);
        let vectors = self.users.slice(s![.., ..factors]);
        let cosines = cosines(vectors, ArrayView1::from(&x[..factors]));
        named(cosines, self.data.user_indices(), history.user())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_goes_up_the_gradient() {
        let bpr = Bpr {
            factors: 3,
            rate: 1e-3,
            lambda: 0.1,
            ..Default::default()
        };
        let begin = (
            [0.3, -0.2, 0.5, 1.0],
            [0.1, 0.4, -0.3, 0.2],
            [-0.2, 0.1, 0.6, -0.1],
        );
        let objective = |x: &[f64], i: &[f64], j: &[f64]| {
            let s: f64 = (0..4).map(|at| x[at] * (i[at] - j[at])).sum();
            let size = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>();
            -(1.0 + (-s).exp()).ln() - 0.05 * (size(&x[..3]) + size(i) + size(j))
        };
        let (mut x, mut i, mut j) = begin;
        bpr.step(&mut x, &mut i, &mut j, true);
        let wide = |v: [f32; 4]| v.map(f64::from);
        let start = [wide(begin.0), wide(begin.1), wide(begin.2)];
        for (part, moved) in [wide(x), wide(i), wide(j)].into_iter().enumerate() {
            for at in 0..4 {
                if (part, at) == (0, 3) {
                    assert_eq!(moved[3], 1.0, "the 1 of a user stays");
                    continue;
                }
                let at_step = |step: f64| {
                    let mut parts = start;
                    parts[part][at] += step;
                    objective(&parts[0], &parts[1], &parts[2])
                };
                let slope = (at_step(1e-5) - at_step(-1e-5)) / 2e-5;
                let found = (moved[at] - start[part][at]) / 1e-3;
                assert!(
                    (slope - found).abs() < 1e-3,
                    "{part} {at}: {found}, not {slope}"
                );
            }
        }
    }

    #[test]
    fn vectors_that_grow_without_end_are_refused() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let plays = (0..20).flat_map(|user| (0..20).map(move |item| (user, item)));
        let plays: Vec<_> = plays.filter(|_| rng.random_bool(0.4)).collect();
        let data = Interactions::from_triplets(
            plays
                .into_iter()
                .map(|(user, item): (u8, u8)| (user.to_string(), item.to_string(), 1.0)),
        )
        .unwrap();
        let bpr = Bpr {
            factors: 8,
            rate: 1.0,
            ..Bpr::default()
        };
        assert_eq!(
            bpr.fit(&data).err().unwrap().to_string(),
            "`rate` is 1, but must be smaller for this matrix: the vectors grow without end"
        );
        assert!(Bpr { rate: 0.05, ..bpr }.fit(&data).is_ok());
    }

    #[test]
    fn parameters_are_checked() {
        let data = Interactions::from_triplets([("a", "x", 1.0), ("b", "y", 1.0)]).unwrap();
        let message = |bpr: Bpr| bpr.fit(&data).err().unwrap().to_string();
        let bpr = Bpr::default();
        assert_eq!(
            message(Bpr { rate: 2.0, ..bpr }),
            "`rate` is 2, but must be above 0 and at most 1"
        );
        assert_eq!(
            message(Bpr { epochs: 0, ..bpr }),
            "`epochs` is 0, but must be from 1 to 1000000"
        );
        let epochs = usize::MAX;
        assert_eq!(
            message(Bpr { epochs, ..bpr }),
            format!("`epochs` is {epochs}, but must be from 1 to 1000000")
        );
        assert!(
            message(Bpr {
                lambda: -1.0,
                ..bpr
            })
            .starts_with("`lambda` is -1")
        );
        assert!(
            message(Bpr {
                factors: 2000,
                ..bpr
            })
            .starts_with("`factors` is 2000")
        );
    }
}
