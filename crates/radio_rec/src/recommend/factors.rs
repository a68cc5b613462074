//! What the models share that describe users and items by vectors of numbers.

mod panels;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, s};
use serde::{Deserialize, Serialize};

pub(super) use self::panels::product;

use self::panels::Panels;
use super::sums::named as of_numbers;
use super::{History, Wanted};
use crate::interactions::{Compressed, Interactions, Item, User};
use crate::linalg::solve::Solver;
use crate::parallel;
use crate::{Error, Result};

/// The vectors of a fitted model, a row a user or an item: `factors` numbers, after which some models keep a bias
/// and a 1.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Vectors {
    pub users: Array2<f32>,
    pub items: Array2<f32>,
    /// The items, laid out for products with many users.
    #[serde(skip)]
    panels: Panels,
}

impl Vectors {
    /// Vectors that still have to be [`checked`](Self::checked).
    pub(super) fn unchecked(users: Array2<f32>, items: Array2<f32>) -> Self {
        Self {
            users,
            items,
            panels: Panels::default(),
        }
    }

    /// Vectors that were read or computed, if each user and each item of the matrix has one, of `width` finite numbers.
    pub(super) fn checked(
        self,
        data: &Interactions,
        width: usize,
    ) -> std::result::Result<Self, &'static str> {
        let (users, items) = data.shape();
        if self.users.dim() != (users, width) || self.items.dim() != (items, width) {
            return Err("its vectors are not those of the users and items");
        }
        if !self.users.iter().chain(&self.items).all(|x| x.is_finite()) {
            return Err("a vector has something that is not a number");
        }
        let panels = Panels::new(&self.items, data);
        Ok(Self { panels, ..self })
    }

    /// The scores x · y of all items that somebody played.
    pub(super) fn scores(&self, data: &Interactions, x: &[f64]) -> Vec<(Item, f64)> {
        data.item_indices()
            .filter(|&item| data.users_of(item).len() > 0)
            .map(|item| (item, product(x, self.items.row(item.index()))))
            .collect()
    }

    /// For each history that has an x, the best of the [`scores`](Self::scores) that are wanted.
    pub(super) fn best(
        &self,
        data: &Interactions,
        xs: Vec<Option<Vec<f64>>>,
        histories: &[History<'_>],
        wanted: &Wanted,
    ) -> Vec<Vec<(Item, f64)>> {
        if !self.panels.are_short() {
            let best = |(x, history): (Option<Vec<f64>>, &History<'_>)| {
                let scores = x.map_or(Vec::new(), |x| self.scores(data, &x));
                wanted.best_of(history, scores)
            };
            return xs.into_iter().zip(histories).map(best).collect();
        }
        let has_x: Vec<bool> = xs.iter().map(Option::is_some).collect();
        // Of zeros all scores are tied; these lists are dropped below.
        let zeros = || vec![0.0; self.items.ncols()];
        let xs: Vec<_> = xs.into_iter().map(|x| x.unwrap_or_else(zeros)).collect();
        let best = self.panels.best(&xs, histories, wanted, &self.items);
        best.into_iter()
            .zip(has_x)
            .map(|(list, has_x)| match has_x {
                true => of_numbers(data, list),
                false => Vec::new(),
            })
            .collect()
    }

    /// The cosine of the angle between the vector of an item and those of the others.
    pub(super) fn similar_items(
        &self,
        data: &Interactions,
        factors: usize,
        item: Item,
    ) -> Vec<(Item, f64)> {
        let items = self.items.slice(s![.., ..factors]);
        let cosines = cosines(items, items.row(item.index()));
        named(cosines, data.item_indices(), Some(item))
    }

    /// The cosine of the angle between a vector and those of the users, but for `own`.
    pub(super) fn similar_users(
        &self,
        data: &Interactions,
        factors: usize,
        x: &[f32],
        own: Option<User>,
    ) -> Vec<(User, f64)> {
        let users = self.users.slice(s![.., ..factors]);
        let cosines = cosines(users, ArrayView1::from(&x[..factors]));
        named(cosines, data.user_indices(), own)
    }
}

/// The columns of a row, with the values.
pub(super) fn of_row(
    plays: &Compressed,
    row: usize,
) -> impl ExactSizeIterator<Item = (usize, f64)> + Clone + '_ {
    let (columns, values) = plays.row(row);
    let plays = columns.iter().zip(values);
    plays.map(|(&column, &value)| (column as usize, value))
}

/// Σ over all rows y yᵀ, in double precision and in one order: the same bits on any number and any make of processors.
pub(super) fn gram<T: Copy + Into<f64> + Sync>(vectors: &Array2<T>) -> Array2<f64> {
    let factors = vectors.ncols();
    let mut gram = Array2::zeros((factors, factors));
    parallel::for_each(gram.rows_mut(), |at, mut row| {
        for y in vectors.rows() {
            let factor: f64 = y[at].into();
            row.zip_mut_with(&y, |sum: &mut f64, &y| *sum += factor * y.into());
        }
    });
    gram
}

/// Adds rows of zeros, up to `rows` rows.
pub(super) fn grow(vectors: &mut Array2<f32>, rows: usize) {
    let zeros = Array2::zeros((rows - vectors.nrows(), vectors.ncols()));
    vectors
        .append(Axis(0), zeros.view())
        .expect("rows of one length");
}

/// Solves anew for the wanted vectors of one side; what is not a number where that fails.
pub(super) fn solve_rows(
    side: &mut Array2<f32>,
    wanted: &[bool],
    solve: impl Fn(&mut Solver, usize) -> Option<Vec<f64>> + Sync,
) {
    let factors = side.ncols();
    let rows = side.rows_mut().into_iter().enumerate();
    parallel::for_each_init(
        rows.filter(|&(row, _)| wanted[row]),
        || Solver::new(factors),
        |solver, _, (row, mut to)| match solve(solver, row) {
            Some(x) => to.zip_mut_with(&Array1::from(x), |to, &x| *to = x as f32),
            None => to.fill(f32::NAN),
        },
    );
}

/// The cosine of the angle between each row and a vector; what is not a number where one of the two is all zeros.
fn cosines(rows: ArrayView2<'_, f32>, of: ArrayView1<'_, f32>) -> Vec<f64> {
    let dot = |a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>| {
        let products = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
        products.sum::<f64>()
    };
    let length = dot(of, of);
    let cosine = |row| dot(of, row) / (length * dot(row, row)).sqrt();
    rows.rows().into_iter().map(cosine).collect()
}

/// Numbers with whose they are, without one's own and what is not a number.
fn named<I: PartialEq>(
    numbers: Vec<f64>,
    names: impl Iterator<Item = I>,
    own: Option<I>,
) -> Vec<(I, f64)> {
    names
        .zip(numbers)
        .filter(|(name, number)| own.as_ref() != Some(name) && number.is_finite())
        .collect()
}

/// An error unless vectors can have this many numbers.
pub(super) fn check_factors(factors: usize) -> Result<()> {
    match factors {
        1..=1024 => Ok(()),
        _ => Err(Error::invalid("factors", factors, "from 1 to 1024")),
    }
}
