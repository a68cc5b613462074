//! Users and items as points whose product says what is played.

mod half_step;
mod kernel;

pub use self::half_step::{AlsHalfStep, AlsRows};

use ndarray::{Array1, Array2};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use self::kernel::Factors;
use super::factors::{Vectors, check_factors, gram, grow, of_row, solve_rows};
use super::history::History;
use super::model_file::checked_when_read;
use super::update::Merged;
use super::{
    Explain, Fit, Recommender, SimilarItems, SimilarUsers, Update, Wanted, check_not_empty,
};
use crate::interactions::{Compressed, Interactions, Item, User};
use crate::linalg::solve::Solver;
use crate::parallel;
use crate::ranking::at_least_one;
use crate::{Error, Result};

/// Alternating least squares for implicit feedback: a vector x for each user and y for each item that minimise
///
/// ```text
/// Σ c_ui (p_ui - x_uᵀ y_i)² + λ (Σ ‖x_u‖² + Σ ‖y_i‖²)    over all users and items,
/// p_ui = 1 if u played i, otherwise 0;   c_ui = 1 + α · value(u, i)
/// ```
///
/// (Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008, equation 3.) Users and
/// items take turns; each turn improves every vector by three steps of conjugate gradients from where it is (Takács,
/// Pilászy and Tikk, "Applications of the conjugate gradient method for implicit feedback collaborative filtering",
/// RecSys 2011). It runs on all processors, in single precision, and gives the same bits on any number of them and on
/// any make of them.
///
/// To recommend, the x of somebody is solved for exactly from their plays, so that users of the matrix and others with
/// the same plays get the same. Every item that somebody played has a score: about 1 for what should be played, about 0
/// or below for what should not. Where values are so large that λ is lost beside them in rounding, so that the x cannot
/// be solved for, no item has a score.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `factors` | 64 | how many numbers describe a user or an item | 1 to 1024 |
/// | `iterations` | 15 | how often users and items take their turns | at least 1 |
/// | `lambda` | 0.01 | the penalty for long vectors | finite, above 0 |
/// | `alpha` | 1 | how much more a play counts than no play | finite, at least 0 |
/// | `seed` | 0 | where the vectors begin | |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Als {
    /// How many numbers describe a user or an item.
    pub factors: usize,
    /// How often users and items take their turns.
    pub iterations: usize,
    /// The penalty for long vectors.
    pub lambda: f64,
    /// How much more a play counts than no play.
    pub alpha: f64,
    /// Where the vectors begin.
    pub seed: u64,
}

impl Default for Als {
    fn default() -> Self {
        Self {
            factors: 64,
            iterations: 15,
            lambda: 0.01,
            alpha: 1.0,
            seed: 0,
        }
    }
}

impl Fit for Als {
    type Model = AlsModel;

    fn check(&self) -> Result<()> {
        at_least_one("iterations", self.iterations)?;
        check_factors(self.factors)?;
        if !(self.lambda.is_finite() && self.lambda > 0.0) {
            return Err(Error::invalid(
                "lambda",
                self.lambda,
                "a finite number above 0",
            ));
        }
        if !(self.alpha.is_finite() && self.alpha >= 0.0) {
            return Err(Error::invalid(
                "alpha",
                self.alpha,
                "a finite number, at least 0",
            ));
        }
        Ok(())
    }

    /// Takes the turns.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range, for a matrix without values, and for values so
    /// large that single precision does not hold what is computed from them.
    fn fit(&self, data: &Interactions) -> Result<AlsModel> {
        self.check()?;
        check_not_empty(data)?;
        let (users, items) = data.shape();
        let mut random = self.random();
        let mut begin = |rows| Factors::from_fn(rows, self.factors, &mut random);
        let (users, items) = (begin(users), begin(items));
        self.fit_from(data, users, items)
    }
}

impl Als {
    /// [`fit`](Als::fit) from given vectors; the users take the first turn.
    fn fit_from(
        &self,
        data: &Interactions,
        mut users: Factors,
        mut items: Factors,
    ) -> Result<AlsModel> {
        let (lambda, alpha) = (self.lambda as f32, self.alpha as f32);
        for _ in 0..self.iterations {
            kernel::improve(&mut users, &items, data.by_user(), lambda, alpha);
            kernel::improve(&mut items, &users, data.by_item(), lambda, alpha);
        }
        self.model(data, users.to_array(), items.to_array())
    }

    /// The numbers that vectors begin with, the users' first.
    fn random(&self) -> impl FnMut() -> f32 + use<> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        move || rng.random_range(0.0..0.01)
    }

    /// The model of vectors of the right number, if they are finite.
    fn model(
        &self,
        data: &Interactions,
        users: Array2<f32>,
        items: Array2<f32>,
    ) -> Result<AlsModel> {
        let vectors = Vectors::unchecked(users, items);
        let vectors = vectors.checked(data, self.factors);
        let vectors = vectors.map_err(|_| self.too_large())?;
        Ok(AlsModel {
            data: data.clone(),
            parameters: *self,
            gram: gram(&vectors.items),
            vectors,
        })
    }

    fn too_large(&self) -> Error {
        Error::invalid(
            "alpha",
            format!("{} with lambda {}", self.alpha, self.lambda),
            "so that single precision can hold lambda and alpha x value; use a smaller alpha, or smaller values, \
             or another lambda",
        )
    }
}

/// A fitted [`Als`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct AlsModel {
    pub(super) data: Interactions,
    pub(super) parameters: Als,
    pub(super) vectors: Vectors,
    /// Σ over all items y yᵀ, which follows from the items.
    #[serde(skip)]
    gram: Array2<f64>,
}

checked_when_read!(AlsModel);

impl AlsModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        self.parameters
            .check()
            .map_err(|_| "a parameter is outside its range")?;
        let vectors = self.vectors.checked(&self.data, self.parameters.factors)?;
        let gram = gram(&vectors.items);
        Ok(Self {
            vectors,
            gram,
            ..self
        })
    }
}

impl AlsModel {
    /// A model of vectors that were learned elsewhere, as by [`AlsHalfStep`]s: an array of users x factors, and one of
    /// items x factors.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range, for a matrix without values, for arrays of other
    /// shapes, and for vectors of what is not finite.
    pub fn from_factors(
        data: &Interactions,
        parameters: Als,
        users: Array2<f32>,
        items: Array2<f32>,
    ) -> Result<Self> {
        parameters.check()?;
        check_not_empty(data)?;
        let (rows, columns) = data.shape();
        for (name, vectors, rows) in [("users", &users, rows), ("items", &items, columns)] {
            let expected = (rows, parameters.factors);
            if vectors.dim() != expected {
                return Err(Error::invalid(
                    name,
                    format!("an array of {} x {}", vectors.nrows(), vectors.ncols()),
                    format!(
                        "of {} x {}, a row each with its factors",
                        expected.0, expected.1
                    ),
                ));
            }
        }
        parameters.model(data, users, items)
    }

    /// The vectors of the users: an array of users x factors.
    pub fn user_factors(&self) -> &Array2<f32> {
        &self.vectors.users
    }

    /// The vectors of the items: an array of items x factors.
    pub fn item_factors(&self) -> &Array2<f32> {
        &self.vectors.items
    }

    /// What [`Als`] minimises, divided by the sum of all confidences c, so that it compares between data sets: as
    /// implicit's `calculate_training_loss` has it for plays of 1 + α · value.
    pub fn loss(&self) -> f64 {
        let Als { lambda, alpha, .. } = self.parameters;
        let items = self.vectors.items.mapv(f64::from);
        let users: Vec<_> = self.data.user_indices().collect();
        let of_user = |at: usize| {
            let user = users[at];
            let x = self.vectors.users.row(User::index(user)).mapv(f64::from);
            // As if nothing had been played, then what each play changes.
            let (mut loss, mut confidences) = (x.dot(&self.gram.dot(&x)), 0.0);
            for (item, value) in self.data.items_of(user) {
                let predicted = x.dot(&items.row(item.index()));
                let confidence = 1.0 + alpha * value;
                loss += confidence * (1.0 - predicted).powi(2) - predicted.powi(2);
                confidences += confidence;
            }
            (loss + lambda * x.dot(&x), confidences)
        };
        let of_users: Vec<(f64, f64)> = parallel::map(users.len(), of_user);
        let loss: f64 = of_users.iter().map(|of| of.0).sum();
        let confidences: f64 = of_users.iter().map(|of| of.1).sum();
        let (users, items_count) = self.data.shape();
        let not_played = (users * items_count - self.data.nnz()) as f64;
        (loss + lambda * items.iter().map(|y| y * y).sum::<f64>()) / (confidences + not_played)
    }

    /// Takes a history into the solver.
    fn take(&self, solver: &mut Solver, history: &History<'_>) {
        let plays = history.plays();
        let plays = plays.map(|(item, value)| (item.index(), self.parameters.alpha * value));
        solver.take(&self.vectors.items, plays);
    }

    /// The vector of somebody: W Σ over the history c y, for W = (Σ over all items y yᵀ + Σ over the history α value y
    /// yᵀ + λ I)⁻¹; `None` where λ is lost beside values this large.
    fn vector_of(&self, solver: &mut Solver, history: &History<'_>) -> Option<Vec<f64>> {
        self.take(solver, history);
        solver.solve(&self.gram, self.parameters.lambda, &solver.wanted(1.0))
    }
}

impl Update for AlsModel {
    fn update(&mut self, plays: &Interactions) -> Result<()> {
        let merged = Merged::new(&self.data, plays)?;
        let data = &merged.data;
        let Vectors {
            mut users,
            mut items,
            ..
        } = self.vectors.clone();
        grow(&mut users, data.users().len());
        grow(&mut items, data.items().len());
        self.solve_rows(&mut users, &items, data.by_user(), &merged.users);
        self.solve_rows(&mut items, &users, data.by_item(), &merged.items);
        let vectors = Vectors::unchecked(users, items).checked(data, self.parameters.factors);
        let vectors = vectors.map_err(|_| {
            Error::invalid(
                "plays",
                "of very large values",
                "of values so small that single precision can hold alpha x value beside lambda",
            )
        })?;
        self.gram = gram(&vectors.items);
        self.vectors = vectors;
        self.data = merged.data;
        Ok(())
    }
}

impl AlsModel {
    /// Solves for the wanted vectors of one side, given those of the other; what is not a number where that fails.
    fn solve_rows(
        &self,
        side: &mut Array2<f32>,
        other: &Array2<f32>,
        plays: &Compressed,
        wanted: &[bool],
    ) {
        let Als { lambda, alpha, .. } = self.parameters;
        let gram = gram(other);
        solve_rows(side, wanted, |solver, row| {
            let plays = of_row(plays, row).map(|(at, value)| (at, alpha * value));
            solver.take(other, plays);
            solver.solve(&gram, lambda, &solver.wanted(1.0))
        });
    }
}

impl Recommender for AlsModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        let mut solver = Solver::new(self.parameters.factors);
        let Some(x) = self.vector_of(&mut solver, history) else {
            return Vec::new();
        };
        self.vectors.scores(&self.data, &x)
    }

    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        let mut solver = Solver::new(self.parameters.factors);
        let xs = histories
            .iter()
            .map(|history| self.vector_of(&mut solver, history));
        (self.vectors).best(&self.data, xs.collect(), histories, wanted)
    }
}

/// The cosine of the angle between the items' vectors.
impl SimilarItems for AlsModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        (self.vectors).similar_items(&self.data, self.parameters.factors, item)
    }
}

/// The cosine of the angle between the users' vectors and the one that is solved for.
impl SimilarUsers for AlsModel {
    fn user_similarities(&self, history: &History<'_>) -> Vec<(User, f64)> {
        let mut solver = Solver::new(self.parameters.factors);
        let Some(x) = self.vector_of(&mut solver, history) else {
            return Vec::new();
        };
        let x: Vec<f32> = x.into_iter().map(|x| x as f32).collect();
        (self.vectors).similar_users(&self.data, self.parameters.factors, &x, history.user())
    }
}

/// As in section 5 of Hu, Koren and Volinsky: the score of item i is the sum over the history of c_j y_iᵀ W y_j.
impl Explain for AlsModel {
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)> {
        let of_item = self.vectors.items.row(item.index()).mapv(f64::from);
        let mut solver = Solver::new(self.parameters.factors);
        self.take(&mut solver, history);
        let row = solver.solve(&self.gram, self.parameters.lambda, &of_item.to_vec());
        let Some(row) = row else {
            return Vec::new();
        };
        let row = Array1::from(row);
        let contribution = |(played, value): (Item, f64)| {
            let y = self.vectors.items.row(played.index()).mapv(f64::from);
            (played, (1.0 + self.parameters.alpha * value) * row.dot(&y))
        };
        history.plays().map(contribution).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What implicit computed: see scripts/golden/als.py.
    #[derive(Deserialize)]
    struct Golden {
        plays: Vec<(usize, usize, f64)>,
        users: Vec<Vec<f32>>,
        items: Vec<Vec<f32>>,
        lambda: f64,
        alpha: f64,
        iterations: usize,
        loss: f64,
        item_factors: Vec<Vec<f32>>,
    }

    #[test]
    fn the_loss_and_the_vectors_are_those_of_implicit() {
        let golden = include_str!("../../tests/golden/als.json");
        let golden: Golden = serde_json::from_str(golden).unwrap();
        let names = golden
            .plays
            .iter()
            .map(|&(u, i, v)| (format!("{u}"), format!("{i}"), v));
        // Zeros first: they name everything in the order of the golden file.
        let all = (0..golden.users.len().max(golden.items.len())).map(|n| {
            (
                format!("{}", n % golden.users.len()),
                format!("{}", n % golden.items.len()),
                0.0,
            )
        });
        let data = Interactions::from_triplets(all.chain(names)).unwrap();
        let factors = |rows: &[Vec<f32>]| {
            let mut values = rows.iter().flatten().copied();
            Factors::from_fn(rows.len(), rows[0].len(), || values.next().unwrap())
        };
        let als = Als {
            factors: golden.users[0].len(),
            iterations: golden.iterations,
            lambda: golden.lambda,
            alpha: golden.alpha,
            seed: 0,
        };
        let model = als
            .fit_from(&data, factors(&golden.users), factors(&golden.items))
            .unwrap();
        let error = (model.loss() - golden.loss).abs() / golden.loss;
        assert!(error < 1e-4, "{} is not {}", model.loss(), golden.loss);
        for (row, expected) in model
            .vectors
            .items
            .rows()
            .into_iter()
            .zip(&golden.item_factors)
        {
            for (found, expected) in row.iter().zip(expected) {
                assert!((found - expected).abs() < 2e-3, "{found} is not {expected}");
            }
        }
    }

    fn toy() -> Interactions {
        let plays =
            (0..30).flat_map(|user| (0..8).map(move |i| (user, (user * 7 + i * i) % 20, i)));
        Interactions::from_triplets(
            plays.map(|(u, i, v)| (format!("u{u}"), format!("i{i}"), f64::from(v))),
        )
        .unwrap()
    }

    #[test]
    fn turns_lower_the_loss_and_threads_change_no_bit() {
        let data = toy();
        let with = |iterations, threads| {
            let als = Als {
                factors: 5,
                iterations,
                ..Default::default()
            };
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| als.fit(&data).unwrap())
        };
        let losses: Vec<f64> = (1..6)
            .map(|iterations| with(iterations, 2).loss())
            .collect();
        assert!(losses.is_sorted_by(|a, b| a >= b), "{losses:?}");
        assert_eq!(with(3, 1).vectors.items, with(3, 3).vectors.items);
    }

    #[test]
    fn the_sums_of_products_are_those_of_the_items() {
        let model = Als {
            factors: 5,
            ..Default::default()
        }
        .fit(&toy())
        .unwrap();
        for a in 0..5 {
            for b in 0..5 {
                let products = model.vectors.items.rows().into_iter();
                let products = products.map(|y| f64::from(y[a]) * f64::from(y[b]));
                assert_eq!(model.gram[(a, b)], products.sum::<f64>(), "{a} {b}");
            }
        }
    }

    #[test]
    fn an_explanation_adds_up_to_the_score() {
        let data = toy();
        let model = Als {
            factors: 4,
            ..Default::default()
        }
        .fit(&data)
        .unwrap();
        let user = data.user("u3").unwrap();
        let history = History::of_user(&data, user);
        for (item, score) in model.score(&history) {
            let sum: f64 = model
                .contributions(&history, item)
                .iter()
                .map(|c| c.1)
                .sum();
            assert!((sum - score).abs() < 1e-9);
        }
    }

    #[test]
    fn parameters_are_checked() {
        let message = |als: Als| als.fit(&toy()).err().unwrap().to_string();
        let als = Als::default();
        assert_eq!(
            message(Als { factors: 0, ..als }),
            "`factors` is 0, but must be from 1 to 1024"
        );
        assert_eq!(
            message(Als {
                iterations: 0,
                ..als
            }),
            "`iterations` is 0, but must be at least 1"
        );
        assert_eq!(
            message(Als { lambda: 0.0, ..als }),
            "`lambda` is 0, but must be a finite number above 0"
        );
        assert!(
            message(Als {
                alpha: f64::NAN,
                ..als
            })
            .starts_with("`alpha` is NaN")
        );
        for too_large in [
            Als { alpha: 1e38, ..als },
            Als { alpha: 1e14, ..als },
            Als {
                lambda: 1e15,
                ..als
            },
            Als {
                lambda: 1e50,
                ..als
            },
        ] {
            assert!(message(too_large).contains("so that single precision can hold"));
        }
        assert!(
            Als {
                alpha: 1e6,
                lambda: 1e3,
                ..als
            }
            .fit(&toy())
            .is_ok()
        );
    }
}
