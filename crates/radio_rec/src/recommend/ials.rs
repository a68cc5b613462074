//! Users and items as points, where what was not played counts little, and whoever played much is held tighter.

use ndarray::{Array1, Array2};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution, Normal};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};

use super::factors::{Vectors, check_factors, gram, grow, of_row, solve_rows};
use super::history::{History, PlayWeight};
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

/// Matrix factorisation by alternating least squares as Rendle et al. tune it: a vector x for each user and y for each
/// item that minimise
///
/// ```text
/// Σ over plays  w (xᵀy - 1)²  +  α Σ over all pairs  (xᵀy)²  +  λ Σ_u (n_u + α items)^ν ‖x‖²  +  λ Σ_i (n_i + α users)^ν ‖y‖²
/// ```
///
/// with w the weight of a play, and n how many plays a user or an item has (Rendle, Krichene, Zhang and Koren,
/// "Revisiting the performance of iALS on item recommendation benchmarks", RecSys 2022 (arXiv 2110.14037), equations 1
/// to 5). Against [`Als`](super::Als), the weight α of what was not played is separate, and with ν = 1 the penalty
/// grows with how much there is to fit, so that vectors of many plays are held as tight as those of few.
///
/// Each turn solves exactly, for all users and then for all items, in double precision. The vector of anybody is the
/// one that is best for what they played, with the items as they are, which takes time with the cube of `factors`; the
/// score is xᵀy. Every item that somebody played has one.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `factors` | 64 | how many numbers describe a user or an item | 1 to 1024 |
/// | `iterations` | 16 | how many turns each side has | at least 1 |
/// | `lambda` | 0.003 | λ, the penalty for long vectors | finite, above 0 |
/// | `unobserved` | 0.1 | α, how much a pair counts that was not played | above 0, at most 1e6 |
/// | `exponent` | 1 | ν, how the penalty grows with the number of plays | from 0 to 1 |
/// | `weight` | 1 | how strongly a play counts | see [`PlayWeight`] |
/// | `seed` | 0 | where the vectors begin | |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ials {
    /// How many numbers describe a user or an item.
    pub factors: usize,
    /// How many turns each side has.
    pub iterations: usize,
    /// The penalty for long vectors.
    pub lambda: f64,
    /// How much a pair counts that was not played.
    pub unobserved: f64,
    /// How the penalty grows with the number of plays.
    pub exponent: f64,
    /// How strongly a play counts.
    pub weight: PlayWeight,
    /// Where the vectors begin.
    pub seed: u64,
}

impl Default for Ials {
    fn default() -> Self {
        Self {
            factors: 64,
            iterations: 16,
            lambda: 0.003,
            unobserved: 0.1,
            exponent: 1.0,
            weight: PlayWeight::ONE,
            seed: 0,
        }
    }
}

impl Fit for Ials {
    type Model = IalsModel;

    fn check(&self) -> Result<()> {
        check_factors(self.factors)?;
        at_least_one("iterations", self.iterations)?;
        if !(self.lambda.is_finite() && self.lambda > 0.0) {
            return Err(Error::invalid(
                "lambda",
                self.lambda,
                "a finite number above 0",
            ));
        }
        if !(self.unobserved > 0.0 && self.unobserved <= 1e6) {
            return Err(Error::invalid(
                "unobserved",
                self.unobserved,
                "above 0 and at most 1e6",
            ));
        }
        if !(0.0..=1.0).contains(&self.exponent) {
            return Err(Error::invalid("exponent", self.exponent, "from 0 to 1"));
        }
        self.weight.check()
    }

    /// Takes the turns.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, for a matrix
    /// without values, and for a `lambda` so small against the plays that it is lost in rounding.
    fn fit(&self, data: &Interactions) -> Result<IalsModel> {
        self.check()?;
        check_not_empty(data)?;
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // So that scores begin about as far from 0 whatever the number of factors.
        let spread = Normal::new(0.0, 0.1 / (self.factors as f64).sqrt());
        let spread = spread.expect("a deviation above 0");
        let (users, items) = data.shape();
        let mut begin =
            |rows| Array2::from_shape_simple_fn((rows, self.factors), || spread.sample(&mut rng));
        let (mut users, mut items) = (begin(users), begin(items));
        self.turns(data, &mut users, &mut items)?;
        let single = |vectors: Array2<f64>| vectors.mapv(|number| number as f32);
        IalsModel {
            data: data.clone(),
            parameters: *self,
            vectors: Vectors::unchecked(single(users), single(items)),
            gram: Array2::default((0, 0)),
        }
        .checked()
        .map_err(|_| self.lost())
    }
}

impl Ials {
    fn turns(
        &self,
        data: &Interactions,
        users: &mut Array2<f64>,
        items: &mut Array2<f64>,
    ) -> Result<()> {
        for _ in 0..self.iterations {
            self.turn(users, items, data.by_user())?;
            self.turn(items, users, data.by_item())?;
        }
        Ok(())
    }

    /// Solves for all vectors of one side; `plays` has a row for each.
    fn turn(&self, side: &mut Array2<f64>, other: &Array2<f64>, plays: &Compressed) -> Result<()> {
        let gram = gram(other) * self.unobserved;
        let is_lost = AtomicBool::new(false);
        parallel::for_each_init(
            side.rows_mut(),
            || Solver::new(self.factors),
            |solver, row, mut x| match self.solve(solver, other, &gram, of_row(plays, row), None) {
                Some(solved) => x.assign(&Array1::from(solved)),
                None => is_lost.store(true, Ordering::Relaxed),
            },
        );
        match is_lost.into_inner() {
            true => Err(self.lost()),
            false => Ok(()),
        }
    }

    fn lost(&self) -> Error {
        let expected = "larger: against such plays it is lost in rounding";
        Error::invalid("lambda", self.lambda, expected)
    }

    /// (Σ w y yᵀ + α Σ over all y yᵀ + λ (n + α all)^ν I)⁻¹ b, with b = Σ w y over the plays unless it is given; `gram`
    /// is α Σ over all y yᵀ.
    fn solve<T: Copy + Into<f64>>(
        &self,
        solver: &mut Solver,
        other: &Array2<T>,
        gram: &Array2<f64>,
        plays: impl ExactSizeIterator<Item = (usize, f64)> + Clone,
        b: Option<&[f64]>,
    ) -> Option<Vec<f64>> {
        let count = plays.len() as f64 + self.unobserved * other.nrows() as f64;
        solver.take(other, plays.map(|(at, value)| (at, self.weight.of(value))));
        let lambda = self.lambda * count.powf(self.exponent);
        match b {
            Some(b) => solver.solve(gram, lambda, b),
            None => solver.solve(gram, lambda, &solver.wanted(0.0)),
        }
    }
}

/// A fitted [`Ials`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct IalsModel {
    data: Interactions,
    parameters: Ials,
    vectors: Vectors,
    /// α Σ over all items y yᵀ, which follows from the items.
    #[serde(skip)]
    gram: Array2<f64>,
}

checked_when_read!(IalsModel);

impl IalsModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        self.parameters
            .check()
            .map_err(|_| "a parameter is outside its range")?;
        let vectors = self.vectors.checked(&self.data, self.parameters.factors)?;
        let gram = gram(&vectors.items) * self.parameters.unobserved;
        Ok(Self {
            vectors,
            gram,
            ..self
        })
    }

    /// The vectors of the users: an array of users x factors.
    pub fn user_factors(&self) -> &Array2<f32> {
        &self.vectors.users
    }

    /// The vectors of the items: an array of items x factors.
    pub fn item_factors(&self) -> &Array2<f32> {
        &self.vectors.items
    }

    /// The vector of somebody; `None` where λ is lost beside what they played.
    fn vector_of(
        &self,
        solver: &mut Solver,
        history: &History<'_>,
        b: Option<&[f64]>,
    ) -> Option<Vec<f64>> {
        let plays = history.plays();
        let plays = plays.map(|(item, value)| (item.index(), value));
        (self.parameters).solve(solver, &self.vectors.items, &self.gram, plays, b)
    }

    fn solver(&self) -> Solver {
        Solver::new(self.parameters.factors)
    }
}

impl Update for IalsModel {
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
        let ials = self.parameters;
        let solve = |side: &mut Array2<f32>, other: &Array2<f32>, plays, wanted: &[bool]| {
            let gram = gram(other) * ials.unobserved;
            solve_rows(side, wanted, |solver, row| {
                ials.solve(solver, other, &gram, of_row(plays, row), None)
            });
        };
        solve(&mut users, &items, data.by_user(), &merged.users);
        solve(&mut items, &users, data.by_item(), &merged.items);
        *self = Self {
            vectors: Vectors::unchecked(users, items),
            data: merged.data,
            parameters: ials,
            gram: Array2::default((0, 0)),
        }
        .checked()
        .map_err(|_| Error::invalid("plays", "of very large values", "of smaller values"))?;
        Ok(())
    }
}

impl Recommender for IalsModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        let x = self.vector_of(&mut self.solver(), history, None);
        x.map_or(Vec::new(), |x| self.vectors.scores(&self.data, &x))
    }

    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        let mut solver = self.solver();
        let x = |history| self.vector_of(&mut solver, history, None);
        let xs = histories.iter().map(x).collect();
        self.vectors.best(&self.data, xs, histories, wanted)
    }
}

/// The cosine of the angle between the items' vectors.
impl SimilarItems for IalsModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        (self.vectors).similar_items(&self.data, self.parameters.factors, item)
    }
}

/// The cosine of the angle between the users' vectors and the one that is solved for.
impl SimilarUsers for IalsModel {
    fn user_similarities(&self, history: &History<'_>) -> Vec<(User, f64)> {
        let Some(x) = self.vector_of(&mut self.solver(), history, None) else {
            return Vec::new();
        };
        let x: Vec<f32> = x.into_iter().map(|x| x as f32).collect();
        (self.vectors).similar_users(&self.data, self.parameters.factors, &x, history.user())
    }
}

/// With W the inverse of which a vector is made, the score of item i is the sum over what was played of w_j y_iᵀ W y_j.
impl Explain for IalsModel {
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)> {
        let of_item = self
            .vectors
            .items
            .row(item.index())
            .mapv(f64::from)
            .to_vec();
        let Some(row) = self.vector_of(&mut self.solver(), history, Some(&of_item)) else {
            return Vec::new();
        };
        let row = Array1::from(row);
        let contribution = |(played, value): (Item, f64)| {
            let y = self.vectors.items.row(played.index()).mapv(f64::from);
            (played, self.parameters.weight.of(value) * row.dot(&y))
        };
        history.plays().map(contribution).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What numpy computed: see scripts/golden/models.py.
    #[derive(Deserialize)]
    struct Golden {
        plays: Vec<(usize, usize, f64)>,
        ials: GoldenIals,
    }

    #[derive(Deserialize)]
    struct GoldenIals {
        parameters: Ials,
        users: Vec<Vec<f64>>,
        items: Vec<Vec<f64>>,
        users_after: Vec<Vec<f64>>,
        items_after: Vec<Vec<f64>>,
    }

    fn array(rows: &[Vec<f64>]) -> Array2<f64> {
        Array2::from_shape_fn((rows.len(), rows[0].len()), |(row, at)| rows[row][at])
    }

    fn golden() -> (Interactions, GoldenIals) {
        let golden: Golden =
            serde_json::from_str(include_str!("../../tests/golden/models.json")).unwrap();
        let rows = golden.ials.users.len();
        let names = |kind: &str, n: usize| (0..n).map(|at| format!("{kind}{at}")).collect();
        let (users, items): (Vec<String>, Vec<String>) =
            (names("u", rows), names("i", golden.ials.items.len()));
        let data = Interactions::from_coordinates(users, items, golden.plays).unwrap();
        (data, golden.ials)
    }

    #[test]
    fn turns_are_those_of_numpy() {
        let (data, golden) = golden();
        let (mut users, mut items) = (array(&golden.users), array(&golden.items));
        golden
            .parameters
            .turns(&data, &mut users, &mut items)
            .unwrap();
        for (found, expected) in [(users, golden.users_after), (items, golden.items_after)] {
            let apart = (found - array(&expected)).mapv(f64::abs);
            assert!(apart.fold(0.0, |a: f64, &b| a.max(b)) < 1e-9);
        }
    }

    #[test]
    fn a_seed_is_a_beginning_and_threads_change_no_bit() {
        let (data, _) = golden();
        let with = |seed, threads| {
            let ials = Ials {
                factors: 4,
                iterations: 2,
                seed,
                ..Ials::default()
            };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| ials.fit(&data).unwrap().vectors.items)
        };
        assert_eq!(with(0, 1), with(0, 3));
        assert_ne!(with(0, 1), with(1, 1));
    }

    #[test]
    fn parameters_are_checked() {
        let (data, _) = golden();
        let message = |ials: Ials| ials.fit(&data).err().unwrap().to_string();
        let ials = Ials::default();
        assert!(message(Ials { factors: 0, ..ials }).starts_with("`factors` is 0"));
        let iterations = 0;
        assert!(message(Ials { iterations, ..ials }).starts_with("`iterations` is 0"));
        let lambda = 0.0;
        assert!(message(Ials { lambda, ..ials }).starts_with("`lambda` is 0"));
        let unobserved = f64::NAN;
        assert!(message(Ials { unobserved, ..ials }).starts_with("`unobserved` is NaN"));
        let exponent = 1.5;
        assert!(message(Ials { exponent, ..ials }).starts_with("`exponent` is 1.5"));
    }
}
