//! What the models share that describe users and items by vectors of numbers.

mod panels;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

pub(super) use self::panels::{Panels, product};

use super::sums::named as of_numbers;
use super::{History, Wanted};
use crate::interactions::{Interactions, Item};
use crate::linalg::solve::Solver;
use crate::parallel;
use crate::{Error, Result};

/// The scores x · y of all items that somebody played.
pub(super) fn scores(data: &Interactions, x: &[f64], items: &Array2<f32>) -> Vec<(Item, f64)> {
    data.item_indices()
        .filter(|&item| data.users_of(item).len() > 0)
        .map(|item| (item, product(x, items.row(item.index()))))
        .collect()
}

/// For each history, that has an x, the best of the [`scores`] that are wanted.
pub(super) fn best(
    data: &Interactions,
    panels: &Panels,
    items: &Array2<f32>,
    xs: Vec<Option<Vec<f64>>>,
    histories: &[History<'_>],
    wanted: &Wanted,
) -> Vec<Vec<(Item, f64)>> {
    if !panels.are_short() {
        let best = |(x, history): (Option<Vec<f64>>, &History<'_>)| {
            let scores = x.map_or(Vec::new(), |x| scores(data, &x, items));
            wanted.best_of(history, scores)
        };
        return xs.into_iter().zip(histories).map(best).collect();
    }
    let has_x: Vec<bool> = xs.iter().map(Option::is_some).collect();
    // Of zeros all are tied, and nobody is asked for what comes of it.
    let zeros = || vec![0.0; items.ncols()];
    let xs: Vec<_> = xs.into_iter().map(|x| x.unwrap_or_else(zeros)).collect();
    let best = panels.best(&xs, histories, wanted, items).into_iter();
    best.zip(has_x)
        .map(|(list, has_x)| match has_x {
            true => of_numbers(data, list),
            false => Vec::new(),
        })
        .collect()
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

/// Adds rows of zeros, up to so many rows.
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
pub(super) fn cosines(rows: ArrayView2<'_, f32>, of: ArrayView1<'_, f32>) -> Vec<f64> {
    let dot = |a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>| {
        let products = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
        products.sum::<f64>()
    };
    let length = dot(of, of);
    let cosine = |row| dot(of, row) / (length * dot(row, row)).sqrt();
    rows.rows().into_iter().map(cosine).collect()
}

/// Numbers with whose they are, without one's own and what is not a number.
pub(super) fn named<I: PartialEq>(
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
        _ => Err(invalid("factors", factors, "from 1 to 1024")),
    }
}

/// That vectors which were read are so many, so long, and of numbers.
pub(super) fn check_vectors(
    vectors: &Array2<f32>,
    shape: (usize, usize),
) -> std::result::Result<(), &'static str> {
    if vectors.dim() != shape {
        return Err("its vectors are not those of the users and items");
    }
    if !vectors.iter().all(|number| number.is_finite()) {
        return Err("a vector has something that is not a number");
    }
    Ok(())
}

/// The error for a parameter outside its range.
pub(super) fn invalid(name: &'static str, value: impl ToString, expected: &str) -> Error {
    Error::InvalidParameter {
        name,
        value: value.to_string(),
        expected: expected.into(),
    }
}
