//! Users and items as points, learned from what is preferred to what.

mod ascent;

use ndarray::{Array2, ArrayView1, s};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use self::ascent::{Ascent, Side, Steps, slope};
use super::factors::{Vectors, check_factors};
use super::history::History;
use super::model_file::checked_when_read;
use super::update::Merged;
use super::{Fit, Recommender, SimilarItems, SimilarUsers, Update, Wanted, check_not_empty};
use crate::interactions::{Interactions, Item, User};
use crate::{Error, Result};

/// Bayesian personalised ranking: a vector x for each user, and a vector y and a number b for each item, such that what
/// a user played scores above what they did not. They maximise
///
/// ```text
/// Σ ln σ(s_ui - s_uj) - λ (Σ ‖x_u‖² + Σ ‖y_i‖² + Σ b_i²) / 2    over i that u played and j that u did not
/// s_ui = x_uᵀ y_i + b_i,   σ(t) = 1 / (1 + e⁻ᵗ)
/// ```
///
/// by stochastic gradient ascent, where each epoch draws as many (u, i, j) as there are plays (Rendle et al., "BPR:
/// Bayesian personalized ranking from implicit feedback", UAI 2009, section 4). Values do not count, only what was
/// played. It runs on all processors, in single precision, and gives the same bits on any number of them and on any
/// make of them: in blocks of users and of items that do not meet, which are dealt anew in each epoch (Gemulla et al.,
/// "Large-scale matrix factorization with distributed stochastic gradient descent", KDD 2011). What j is compared with
/// i in an epoch comes from the block of i.
///
/// Every item that somebody played has a score, of any sign. Somebody who is not in the matrix gets a vector by the
/// same ascent over their plays, with the items as they are.
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
            return Err(Error::invalid("epochs", self.epochs, "from 1 to 1000000"));
        }
        check_factors(self.factors)?;
        if !(self.rate > 0.0 && self.rate <= 1.0) {
            return Err(Error::invalid("rate", self.rate, "above 0 and at most 1"));
        }
        if !(0.0..=1.0).contains(&self.lambda) {
            return Err(Error::invalid("lambda", self.lambda, "from 0 to 1"));
        }
        Ok(())
    }

    /// Draws and moves.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, for a matrix
    /// without values, and for a `rate` so large that the vectors grow without end.
    fn fit(&self, data: &Interactions) -> Result<BprModel> {
        self.check()?;
        check_not_empty(data)?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let spread = 0.5 / self.factors as f32;
        let mut begin =
            |rows| Side::from_fn(rows, self.factors, || rng.random_range(-spread..spread));
        let (users, items) = data.shape();
        let (mut users, mut items) = (begin(users), begin(items));
        let ascent = Ascent::new(self.steps(), self.seed, data);
        for epoch in 0..self.epochs {
            ascent.epoch(epoch, &mut users, &mut items);
            // A large step overshoots, and the next one from there overshoots more.
            if !(users.are_below(LARGEST) && items.are_below(LARGEST)) {
                return Err(Error::invalid(
                    "rate",
                    self.rate,
                    "smaller for this matrix: the vectors grow without end",
                ));
            }
        }
        let users = users.to_array(self.factors, |_| 1.0);
        let items = items.to_array(self.factors, |b| b);
        let vectors = Vectors::unchecked(users, items);
        Ok(BprModel {
            data: data.clone(),
            parameters: *self,
            vectors: (vectors.checked(data, self.factors + 1))
                .expect("each number is below LARGEST"),
        })
    }
}

impl Bpr {
    fn steps(&self) -> Steps {
        Steps {
            rate: self.rate as f32,
            lambda: self.lambda as f32,
        }
    }

    /// One step of x alone up the gradient of ln σ(s_ui - s_uj); the last number of x is 1 and stays so.
    fn step_of_user(&self, x: &mut [f32], yi: &[f32], yj: &[f32]) {
        let Steps { rate, lambda } = self.steps();
        let apart = || yi.iter().zip(yj).map(|(i, j)| i - j);
        let difference: f32 = x.iter().zip(apart()).map(|(x, apart)| x * apart).sum();
        let slope = slope(difference);
        let last = x.len() - 1;
        for (x, apart) in x[..last].iter_mut().zip(apart()) {
            *x += rate * (slope * apart - lambda * *x);
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
    /// Of factors + 1 numbers, the last one 1 of users and b of items.
    pub(super) vectors: Vectors,
}

checked_when_read!(BprModel);

impl BprModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        self.parameters
            .check()
            .map_err(|_| "a parameter is outside its range")?;
        let vectors = (self.vectors).checked(&self.data, self.parameters.factors + 1)?;
        Ok(Self { vectors, ..self })
    }
}

impl BprModel {
    /// The vector of somebody, with its 1: what was learned for a user, or the ascent over a history.
    fn vector_of(&self, history: &History<'_>) -> Vec<f32> {
        if let Some(user) = history.user() {
            return self.vectors.users.row(user.index()).to_vec();
        }
        self.ascent_of(history.numbers())
    }

    /// The vector of an item that was learned from, with its b, for new plays by these users: what is compared with are
    /// the items as they are.
    fn ascent_of_item(&self, listeners: &[u32], users: &Array2<f32>) -> Vec<f32> {
        let bpr = &self.parameters;
        let Steps { rate, lambda } = bpr.steps();
        let mut y = vec![0.0; self.vectors.items.ncols()];
        let mut rng = ChaCha8Rng::seed_from_u64(bpr.seed);
        for _ in (0..bpr.epochs).flat_map(|_| 0..listeners.len()) {
            let x = users.row(listeners[rng.random_range(0..listeners.len())] as usize);
            let other = self
                .vectors
                .items
                .row(rng.random_range(0..self.vectors.items.nrows()));
            let apart = y
                .iter()
                .zip(other)
                .zip(x)
                .map(|((y, other), x)| x * (y - other));
            let slope = slope(apart.sum());
            for (y, x) in y.iter_mut().zip(x) {
                *y += rate * (slope * x - lambda * *y);
            }
        }
        y
    }

    /// The ascent over what was played, with the items as they are.
    fn ascent_of(&self, played: &[u32]) -> Vec<f32> {
        let bpr = &self.parameters;
        let mut x = vec![0.0; self.vectors.items.ncols()];
        x[bpr.factors] = 1.0;
        if played.len() == self.vectors.items.nrows() {
            return x;
        }
        let mut rng = ChaCha8Rng::seed_from_u64(bpr.seed);
        // One after the other: their product may not fit a number.
        for _ in (0..bpr.epochs).flat_map(|_| 0..played.len()) {
            let item = played[rng.random_range(0..played.len())] as usize;
            let other = not_played(played, self.vectors.items.nrows(), &mut rng);
            let (yi, yj) = (self.vectors.items.row(item), self.vectors.items.row(other));
            let (yi, yj) = (yi.as_slice().expect("a row"), yj.as_slice().expect("a row"));
            bpr.step_of_user(&mut x, yi, yj);
        }
        x
    }
}

impl Update for BprModel {
    fn update(&mut self, plays: &Interactions) -> Result<()> {
        let merged = Merged::new(&self.data, plays)?;
        let data = merged.data;
        let (factors, old) = (self.parameters.factors, self.vectors.items.nrows());
        let mut items = Array2::zeros((data.items().len(), factors + 1));
        items.slice_mut(s![..old, ..]).assign(&self.vectors.items);
        let mut users = Array2::zeros((data.users().len(), factors + 1));
        users
            .slice_mut(s![..self.vectors.users.nrows(), ..])
            .assign(&self.vectors.users);
        // Users from the items known before, then new items from all users.
        for user in data
            .user_indices()
            .filter(|user| merged.users[user.index()])
        {
            let row = data.by_user().row(user.index()).0;
            let known = &row[..row.partition_point(|&item| (item as usize) < old)];
            let x = self.ascent_of(known);
            users.row_mut(user.index()).assign(&ArrayView1::from(&x));
        }
        users.column_mut(factors).fill(1.0);
        for item in data.item_indices().skip(old) {
            let y = self.ascent_of_item(data.by_item().row(item.index()).0, &users);
            items.row_mut(item.index()).assign(&ArrayView1::from(&y));
        }
        let vectors = Vectors::unchecked(users, items);
        self.vectors = vectors.checked(&data, factors + 1).map_err(|_| {
            let range = "for a model whose vectors stay within single precision";
            Error::invalid("plays", "given", range)
        })?;
        self.data = data;
        Ok(())
    }
}

impl Recommender for BprModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        let x: Vec<f64> = self.vector_of(history).into_iter().map(f64::from).collect();
        self.vectors.scores(&self.data, &x)
    }

    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        let x = |history| Some(self.vector_of(history).into_iter().map(f64::from).collect());
        let xs = histories.iter().map(x).collect();
        self.vectors.best(&self.data, xs, histories, wanted)
    }
}

/// The cosine of the angle between the items' vectors, without b.
impl SimilarItems for BprModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        (self.vectors).similar_items(&self.data, self.parameters.factors, item)
    }
}

/// The cosine of the angle between the users' vectors, and the one of somebody who is not in the matrix.
impl SimilarUsers for BprModel {
    fn user_similarities(&self, history: &History<'_>) -> Vec<(User, f64)> {
        let x = self.vector_of(history);
        (self.vectors).similar_users(&self.data, self.parameters.factors, &x, history.user())
    }
}

#[cfg(test)]
mod tests {
    use super::ascent::step;
    use super::*;
    use crate::lanes::Portable;

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
        // As long as the registers are.
        let padded =
            |v: [f32; 4]| std::array::from_fn::<f32, 16, _>(|at| if at < 3 { v[at] } else { 0.0 });
        let (mut x, mut i, mut j) = (padded(begin.0), padded(begin.1), padded(begin.2));
        let (mut bi, mut bj) = (begin.1[3], begin.2[3]);
        step(
            Portable,
            bpr.steps(),
            &mut x,
            (&mut i, &mut bi),
            (&mut j, &mut bj),
        );
        let unpadded = |v: [f32; 16], last| [v[0], v[1], v[2], last];
        let (x, i, j) = (unpadded(x, 1.0), unpadded(i, bi), unpadded(j, bj));
        let mut alone = begin.0;
        bpr.step_of_user(&mut alone, &begin.1, &begin.2);
        for (alone, x) in alone.iter().zip(x) {
            assert!((alone - x).abs() < 1e-6, "{alone} is not {x}");
        }
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

    /// Several blocks of users and of items, and users who played nearly all.
    fn blocks() -> Interactions {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let plays = (0..90).flat_map(|user| (0..200).map(move |item| (user, item)));
        let liked = |user: usize, item: usize| match user {
            0 => item != 77,
            _ => (user + item).is_multiple_of(3),
        };
        let plays =
            plays.filter(|&(user, item)| liked(user, item) && (user == 0 || rng.random_bool(0.6)));
        Interactions::from_triplets(
            plays.map(|(user, item)| (user.to_string(), item.to_string(), 1.0)),
        )
        .unwrap()
    }

    #[test]
    fn threads_change_no_bit() {
        let data = blocks();
        let with = |threads, seed| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let bpr = Bpr {
                factors: 5,
                epochs: 4,
                seed,
                ..Bpr::default()
            };
            let fit = || bpr.fit(&data).unwrap();
            let model = pool.build().unwrap().install(fit);
            (model.vectors.users, model.vectors.items)
        };
        assert_eq!(with(1, 7), with(3, 7));
        assert_ne!(with(1, 7), with(1, 8));
    }

    /// What was not learned from is told from what was not played: across all blocks.
    #[test]
    fn what_goes_together_is_learned_in_all_blocks() {
        let data = blocks();
        let bpr = Bpr {
            factors: 8,
            epochs: 60,
            ..Bpr::default()
        };
        let model = bpr.fit(&data).unwrap();
        let (mut right, mut all) = (0, 0);
        for user in data.user_indices().skip(1) {
            let history = History::of_user(&data, user);
            let scores = model.score(&history);
            let liked = |item: Item| {
                let number = |name: &str| name.parse::<usize>().unwrap();
                let item = number(data.item_name(item).as_str());
                (number(data.user_name(user).as_str()) + item).is_multiple_of(3)
            };
            let new = scores
                .iter()
                .filter(|(item, _)| liked(*item) && history.value(*item) == 0.0);
            for (_, score) in new {
                let others = scores.iter().filter(|(item, _)| !liked(*item));
                right += others.clone().filter(|(_, other)| other < score).count();
                all += others.count();
            }
        }
        let auc = right as f64 / all as f64;
        assert!(auc > 0.95, "{auc}");
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
