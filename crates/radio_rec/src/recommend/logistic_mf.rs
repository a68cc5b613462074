//! Users and items as points whose products are the odds of a play.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Zip, s};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};

use super::factors::{Vectors, check_factors, grow};
use super::history::{History, PlayWeight};
use super::model_file::checked_when_read;
use super::update::Merged;
use super::{Fit, Recommender, SimilarItems, SimilarUsers, Update, Wanted, check_not_empty};
use crate::interactions::{Compressed, Interactions, Item, User};
use crate::parallel;
use crate::ranking::at_least_one;
use crate::{Error, Result};

/// Logistic matrix factorisation: a vector x and a number b for each user, y and c for each item, such that
/// σ(xᵀy + b + c) is the probability of a play. They maximise
///
/// ```text
/// Σ over all pairs  w s - (1 + w) ln(1 + eˢ)   -  λ/2 (Σ ‖x‖² + Σ ‖y‖²)      s = xᵀy + b + c
/// ```
///
/// with w the weight of a play and 0 where there is none (Johnson, "Logistic matrix factorization for implicit feedback
/// data", NIPS workshop 2014, equation 4), by steps up the gradient of one side and then of the other, each as large as
/// AdaGrad makes them (section 3.2 there). The sums are over all pairs and not over a sample of those without a play:
/// nothing but the beginning is random.
///
/// The vector of somebody who is not in the matrix is found by the same steps. The score is xᵀy + c. Every item that
/// somebody played has one.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `factors` | 32 | how many numbers describe a user or an item | 1 to 1024 |
/// | `iterations` | 60 | how many steps each side takes | at least 1 |
/// | `rate` | 0.5 | how large steps are | above 0, at most 10 |
/// | `lambda` | 2 | the penalty for long vectors | from 0 to 1e30 |
/// | `weight` | 1 | how strongly a play counts | see [`PlayWeight`] |
/// | `seed` | 0 | where the vectors begin | |
///
/// A step takes as many products as there are pairs of users and items, times `factors`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogisticMf {
    /// How many numbers describe a user or an item.
    pub factors: usize,
    /// How many steps each side takes.
    pub iterations: usize,
    /// How large steps are.
    pub rate: f64,
    /// The penalty for long vectors.
    pub lambda: f64,
    /// How strongly a play counts.
    pub weight: PlayWeight,
    /// Where the vectors begin.
    pub seed: u64,
}

impl Default for LogisticMf {
    fn default() -> Self {
        Self {
            factors: 32,
            iterations: 60,
            rate: 0.5,
            lambda: 2.0,
            weight: PlayWeight::ONE,
            seed: 0,
        }
    }
}

/// How many rows take a step together.
const ROWS_PER_TASK: usize = 64;

impl Fit for LogisticMf {
    type Model = LogisticMfModel;

    fn check(&self) -> Result<()> {
        check_factors(self.factors)?;
        at_least_one("iterations", self.iterations)?;
        if !(self.rate > 0.0 && self.rate <= 10.0) {
            return Err(Error::invalid("rate", self.rate, "above 0 and at most 10"));
        }
        if !(0.0..=1e30).contains(&self.lambda) {
            return Err(Error::invalid("lambda", self.lambda, "from 0 to 1e30"));
        }
        self.weight.check()
    }

    /// Takes the steps.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, for a matrix
    /// without values, and for vectors that single precision does not hold.
    fn fit(&self, data: &Interactions) -> Result<LogisticMfModel> {
        self.check()?;
        check_not_empty(data)?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let spread = Normal::new(0.0, 0.1).expect("a deviation above 0");
        // The last two numbers are b and 1 of a user, 1 and c of an item, so that s is their product.
        let width = self.factors + 2;
        let (users, items) = data.shape();
        let mut begin = |rows, own: usize| {
            let mut side = Array2::from_shape_simple_fn((rows, width), || spread.sample(&mut rng));
            side.column_mut(self.factors + own).fill(0.0);
            side.column_mut(self.factors + 1 - own).fill(1.0);
            side
        };
        let mut users = Side::new(begin(users, 0), 0);
        let mut items = Side::new(begin(items, 1), 1);
        for _ in 0..self.iterations {
            self.step(&mut users, &items.vectors, data.by_user());
            self.step(&mut items, &users.vectors, data.by_item());
        }
        let single = |side: Side| side.vectors.mapv(|number| number as f32);
        LogisticMfModel {
            data: data.clone(),
            parameters: *self,
            vectors: Vectors::unchecked(single(users), single(items)),
        }
        .checked()
        .map_err(|_| {
            let expected = "smaller for this matrix: the vectors grow without end";
            Error::invalid("rate", self.rate, expected)
        })
    }
}

/// The vectors of the users or of the items, and what AdaGrad keeps of each number: the sum of its squared slopes.
struct Side {
    vectors: Array2<f64>,
    squares: Array2<f64>,
    /// Which of the last two numbers is learned: 0 of users, 1 of items.
    own: usize,
}

impl Side {
    fn new(vectors: Array2<f64>, own: usize) -> Self {
        let squares = Array2::zeros(vectors.dim());
        Self {
            vectors,
            squares,
            own,
        }
    }
}

impl LogisticMf {
    /// One step of all vectors of a side; `plays` has a row for each.
    fn step(&self, side: &mut Side, other: &Array2<f64>, plays: &Compressed) {
        let own = side.own;
        let vectors = side.vectors.axis_chunks_iter_mut(Axis(0), ROWS_PER_TASK);
        let squares = side.squares.axis_chunks_iter_mut(Axis(0), ROWS_PER_TASK);
        parallel::for_each(vectors.zip(squares), |task, (mut vectors, mut squares)| {
            let rows = (0..vectors.nrows()).map(|row| plays.row(task * ROWS_PER_TASK + row));
            let rows = rows.map(|(columns, values)| columns.iter().zip(values));
            let slopes = self.slopes(vectors.view(), other, rows, own);
            self.climb(vectors.view_mut(), squares.view_mut(), &slopes);
        });
    }

    /// Moves vectors by their slopes, as far as AdaGrad has it.
    fn climb(
        &self,
        vectors: ArrayViewMut2<'_, f64>,
        squares: ArrayViewMut2<'_, f64>,
        slopes: &Array2<f64>,
    ) {
        Zip::from(vectors)
            .and(squares)
            .and(slopes)
            .for_each(|number, squares, slope| {
                *squares += slope * slope;
                if *squares > 0.0 {
                    *number += self.rate * slope / squares.sqrt();
                }
            });
    }

    /// All steps of one vector from 0, with those of the other side as they are.
    fn steps_of_one(&self, other: &Array2<f64>, plays: (&[u32], &[f64]), own: usize) -> Side {
        let mut vector = Array2::zeros((1, self.factors + 2));
        vector[(0, self.factors + 1 - own)] = 1.0;
        let mut side = Side::new(vector, own);
        for _ in 0..self.iterations {
            let rows = std::iter::once(plays.0.iter().zip(plays.1));
            let slopes = self.slopes(side.vectors.view(), other, rows, own);
            self.climb(side.vectors.view_mut(), side.squares.view_mut(), &slopes);
        }
        side
    }

    /// The slopes of what is maximised by each number of some vectors, 0 for the one that stays 1.
    fn slopes<'a>(
        &self,
        vectors: ArrayView2<'_, f64>,
        other: &Array2<f64>,
        plays: impl Iterator<Item = impl Iterator<Item = (&'a u32, &'a f64)>>,
        own: usize,
    ) -> Array2<f64> {
        // Of s: w - (1 + w) σ(s), which is -σ(s) where there is no play.
        let mut of_pairs = vectors.dot(&other.t());
        of_pairs.mapv_inplace(|s| -sigmoid(s));
        for (mut row, plays) in of_pairs.rows_mut().into_iter().zip(plays) {
            for (&column, &value) in plays {
                let weight = self.weight.of(value);
                let of_pair = &mut row[column as usize];
                *of_pair += weight * (1.0 + *of_pair);
            }
        }
        let mut slopes = of_pairs.dot(other);
        let learned = s![.., ..self.factors];
        slopes
            .slice_mut(learned)
            .scaled_add(-self.lambda, &vectors.slice(learned));
        slopes.column_mut(self.factors + 1 - own).fill(0.0);
        slopes
    }
}

/// 1 / (1 + e⁻ˢ).
fn sigmoid(s: f64) -> f64 {
    1.0 / (1.0 + (-s).exp())
}

/// A fitted [`LogisticMf`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct LogisticMfModel {
    data: Interactions,
    parameters: LogisticMf,
    /// Of factors + 2 numbers, the last two b and 1 of users, 1 and c of items.
    vectors: Vectors,
}

checked_when_read!(LogisticMfModel);

impl LogisticMfModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        self.parameters
            .check()
            .map_err(|_| "a parameter is outside its range")?;
        let vectors = (self.vectors).checked(&self.data, self.parameters.factors + 2)?;
        Ok(Self { vectors, ..self })
    }

    /// The vector of somebody: what was learned for a user, or the steps of a history; with 0 for b, which is the same
    /// for all items.
    fn vector_of(&self, history: &History<'_>) -> Vec<f64> {
        let mut x = match history.user() {
            Some(user) => self
                .vectors
                .users
                .row(user.index())
                .mapv(f64::from)
                .to_vec(),
            None => {
                let (columns, values): (Vec<u32>, Vec<f64>) = history
                    .plays()
                    .map(|(item, value)| (item.number(), value))
                    .unzip();
                let items = self.vectors.items.mapv(f64::from);
                let plays = (&columns[..], &values[..]);
                let side = self.parameters.steps_of_one(&items, plays, 0);
                side.vectors.row(0).to_vec()
            }
        };
        x[self.parameters.factors] = 0.0;
        x
    }
}

impl Update for LogisticMfModel {
    fn update(&mut self, plays: &Interactions) -> Result<()> {
        let merged = Merged::new(&self.data, plays)?;
        let (data, mf) = (&merged.data, self.parameters);
        let Vectors {
            mut users,
            mut items,
            ..
        } = self.vectors.clone();
        // Those that are new begin at 0, beside the 1.
        for (side, rows, own) in [
            (&mut users, data.users().len(), 0),
            (&mut items, data.items().len(), 1),
        ] {
            grow(side, rows);
            side.column_mut(mf.factors + 1 - own).fill(1.0);
        }
        let solve = |side: &mut Array2<f32>, other: &Array2<f32>, own| {
            let (plays, wanted) = match own {
                0 => (data.by_user(), &merged.users),
                _ => (data.by_item(), &merged.items),
            };
            let other = other.mapv(f64::from);
            let rows = side.rows_mut().into_iter().enumerate();
            let rows = rows.filter(|&(row, _)| wanted[row]);
            parallel::for_each(rows, |_, (row, mut to)| {
                let found = mf.steps_of_one(&other, plays.row(row), own);
                to.zip_mut_with(&found.vectors.row(0), |to, &x| *to = x as f32);
            });
        };
        solve(&mut users, &items, 0);
        solve(&mut items, &users, 1);
        *self = Self {
            data: merged.data,
            parameters: mf,
            vectors: Vectors::unchecked(users, items),
        }
        .checked()
        .map_err(|_| Error::invalid("plays", "of very large values", "of smaller values"))?;
        Ok(())
    }
}

impl Recommender for LogisticMfModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        (self.vectors).scores(&self.data, &self.vector_of(history))
    }

    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        let x = |history| Some(self.vector_of(history));
        let xs = histories.iter().map(x).collect();
        self.vectors.best(&self.data, xs, histories, wanted)
    }
}

/// The cosine of the angle between the items' vectors, without c.
impl SimilarItems for LogisticMfModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        (self.vectors).similar_items(&self.data, self.parameters.factors, item)
    }
}

/// The cosine of the angle between the users' vectors, without b, and the one of somebody who is not in the matrix.
impl SimilarUsers for LogisticMfModel {
    fn user_similarities(&self, history: &History<'_>) -> Vec<(User, f64)> {
        let x: Vec<f32> = self.vector_of(history).iter().map(|&x| x as f32).collect();
        (self.vectors).similar_users(&self.data, self.parameters.factors, &x, history.user())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy() -> Interactions {
        let plays = (0..40_u32).map(|n| {
            let value = f64::from(1 + n % 3);
            (format!("u{}", n % 9), format!("i{}", n * n % 7), value)
        });
        Interactions::from_triplets(plays).unwrap()
    }

    /// What is maximised.
    fn objective(
        mf: &LogisticMf,
        data: &Interactions,
        users: &Array2<f64>,
        items: &Array2<f64>,
    ) -> f64 {
        let mut sum = 0.0;
        for user in data.user_indices() {
            for item in data.item_indices() {
                let s = users.row(user.index()).dot(&items.row(item.index()));
                let value = data.value(user, item);
                let weight = if value > 0.0 {
                    mf.weight.of(value)
                } else {
                    0.0
                };
                sum += weight * s - (1.0 + weight) * (1.0 + s.exp()).ln();
            }
        }
        let size = |of: &Array2<f64>| {
            let of = of.slice(s![.., ..mf.factors]);
            of.iter().map(|number| number * number).sum::<f64>()
        };
        sum - mf.lambda / 2.0 * (size(users) + size(items))
    }

    #[test]
    fn slopes_are_those_of_the_objective() {
        let data = toy();
        let mf = LogisticMf {
            factors: 3,
            iterations: 2,
            weight: PlayWeight::VALUE,
            ..LogisticMf::default()
        };
        let model = mf.fit(&data).unwrap();
        let (users, items) = &(
            model.vectors.users.mapv(f64::from),
            model.vectors.items.mapv(f64::from),
        );
        let rows = |plays: &Compressed, count: usize| -> Vec<(Vec<u32>, Vec<f64>)> {
            let row = |row| (plays.row(row).0.to_vec(), plays.row(row).1.to_vec());
            (0..count).map(row).collect()
        };
        for (side, own) in [(users, 0), (items, 1)] {
            let (other, plays) = match own {
                0 => (items, rows(data.by_user(), users.nrows())),
                _ => (users, rows(data.by_item(), items.nrows())),
            };
            let plays = plays
                .iter()
                .map(|(columns, values)| columns.iter().zip(values));
            let slopes = mf.slopes(side.view(), other, plays, own);
            for ((row, at), &slope) in slopes.indexed_iter() {
                if at == 4 - own {
                    assert_eq!((slope, side[(row, at)]), (0.0, 1.0), "the 1 stays");
                    continue;
                }
                let moved = |step: f64| {
                    let mut moved = side.clone();
                    moved[(row, at)] += step;
                    match own {
                        0 => objective(&mf, &data, &moved, items),
                        _ => objective(&mf, &data, users, &moved),
                    }
                };
                let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!(
                    (slope - expected).abs() < 1e-6,
                    "{row} {at}: {slope} is not {expected}"
                );
            }
        }
    }

    #[test]
    fn more_steps_are_better() {
        let data = toy();
        let with = |iterations| {
            let mf = LogisticMf {
                factors: 2,
                iterations,
                ..LogisticMf::default()
            };
            let model = mf.fit(&data).unwrap();
            let wide = |side: &Array2<f32>| side.mapv(f64::from);
            objective(
                &mf,
                &data,
                &wide(&model.vectors.users),
                &wide(&model.vectors.items),
            )
        };
        let found = [1, 5, 20, 100].map(with);
        assert!(found.is_sorted_by(|a, b| a < b), "{found:?}");
    }

    #[test]
    fn a_stranger_comes_to_where_the_slopes_end() {
        let data = toy();
        let mf = LogisticMf {
            factors: 2,
            iterations: 4000,
            ..LogisticMf::default()
        };
        let model = mf.fit(&data).unwrap();
        let user = data.user("u3").unwrap();
        let plays: Vec<_> = data.items_of(user).collect();
        let stranger = History::new(&data, super::super::Whom::History(&plays)).unwrap();
        let items = model.vectors.items.mapv(f64::from);
        let (columns, values) = data.by_user().row(user.index());
        let found = mf.steps_of_one(&items, (columns, values), 0).vectors;
        let plays = std::iter::once(columns.iter().zip(values));
        let slopes = mf.slopes(found.view(), &items, plays, 0);
        assert!(slopes.iter().all(|slope| slope.abs() < 1e-3), "{slopes}");
        let of_stranger = model.vector_of(&stranger);
        assert_eq!(of_stranger[..2], found.as_slice().unwrap()[..2]);
        assert_eq!(of_stranger[2..], [0.0, 1.0]);
    }

    /// What scipy computed: see scripts/golden/models.py.
    #[derive(Deserialize)]
    struct Golden {
        plays: Vec<(usize, usize, f64)>,
        logistic: GoldenLogistic,
    }

    #[derive(Deserialize)]
    struct GoldenLogistic {
        parameters: LogisticMf,
        users: Vec<Vec<f64>>,
        items: Vec<Vec<f64>>,
        best_users: Vec<Vec<f64>>,
        best_items: Vec<Vec<f64>>,
    }

    #[test]
    fn the_steps_end_where_those_of_scipy_do() {
        let golden: Golden =
            serde_json::from_str(include_str!("../../tests/golden/models.json")).unwrap();
        let (plays, golden) = (golden.plays, golden.logistic);
        let names = |kind: &str, n: usize| (0..n).map(|at| format!("{kind}{at}")).collect();
        let (users, items): (Vec<String>, Vec<String>) = (
            names("u", golden.users.len()),
            names("i", golden.items.len()),
        );
        let data = Interactions::from_coordinates(users, items, plays).unwrap();
        let factors = golden.parameters.factors;
        // In the order x, b, 1 of users, and y, 1, c of items.
        let side = |rows: &[Vec<f64>], own: usize| {
            let number = |(row, at): (usize, usize)| match at {
                at if at < factors => rows[row][at],
                at if at == factors + own => rows[row][factors],
                _ => 1.0,
            };
            Array2::from_shape_fn((rows.len(), factors + 2), number)
        };
        for (other, expected, plays, own) in [
            (side(&golden.items, 1), golden.best_users, data.by_user(), 0),
            (side(&golden.users, 0), golden.best_items, data.by_item(), 1),
        ] {
            for (row, expected) in side(&expected, own).rows().into_iter().enumerate() {
                let found = (golden.parameters).steps_of_one(&other, plays.row(row), own);
                let apart = (&found.vectors.row(0) - &expected).mapv(f64::abs);
                let largest = apart.fold(0.0, |a: f64, &b| a.max(b));
                assert!(
                    largest < 1e-4,
                    "{own} {row}: {found:?} is not {expected}",
                    found = found.vectors
                );
            }
        }
    }

    #[test]
    fn a_seed_is_a_beginning_and_threads_change_no_bit() {
        let data = toy();
        let with = |seed, threads| {
            let mf = LogisticMf {
                factors: 4,
                iterations: 3,
                seed,
                ..LogisticMf::default()
            };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| mf.fit(&data).unwrap().vectors.items)
        };
        assert_eq!(with(0, 1), with(0, 3));
        assert_ne!(with(0, 1), with(1, 1));
    }

    #[test]
    fn parameters_are_checked() {
        let message = |mf: LogisticMf| mf.fit(&toy()).err().unwrap().to_string();
        let mf = LogisticMf::default();
        assert!(message(LogisticMf { factors: 0, ..mf }).starts_with("`factors` is 0"));
        let iterations = 0;
        assert!(message(LogisticMf { iterations, ..mf }).starts_with("`iterations` is 0"));
        assert!(message(LogisticMf { rate: 0.0, ..mf }).starts_with("`rate` is 0"));
        let lambda = -1.0;
        assert!(message(LogisticMf { lambda, ..mf }).starts_with("`lambda` is -1"));
    }
}
