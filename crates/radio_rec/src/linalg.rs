//! Dense matrices: the product over all processors, and the inverse of a symmetric positive definite matrix or one solution with it.
//!
//! The multiplication itself is matrixmultiply's, by way of ndarray. Linear algebra libraries do the inverse too: faer takes
//! longer to compile than the rest of this crate together, and nalgebra is ten times slower at it.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

/// How many rows of a product are one task. Fixed, so that the same bits come from any number of threads.
const ROWS_PER_TASK: usize = 96;

/// Below this size a matrix is inverted element by element.
const SMALL: usize = 48;

/// `c = alpha a b + beta c`.
pub(crate) fn multiply(
    alpha: f64,
    a: ArrayView2<'_, f64>,
    b: ArrayView2<'_, f64>,
    beta: f64,
    mut c: ArrayViewMut2<'_, f64>,
) {
    let strips: Vec<_> = c
        .axis_chunks_iter_mut(Axis(0), ROWS_PER_TASK)
        .zip(a.axis_chunks_iter(Axis(0), ROWS_PER_TASK))
        .collect();
    strips.into_par_iter().for_each(|(mut c, a)| {
        general_mat_mul(alpha, &a, &b, beta, &mut c);
    });
}

/// A matrix that is not symmetric positive definite, or that rounding makes so.
#[derive(Debug)]
pub(crate) struct NotPositiveDefinite;

/// Inverts a symmetric positive definite matrix in place.
///
/// By halves, with the Schur complement S of the first: for A = (A₁ C; Cᵀ A₂) and Q = A₁⁻¹ C, S = A₂ - Cᵀ Q,
///
/// ```text
/// A⁻¹ = ( A₁⁻¹ + Q S⁻¹ Qᵀ   -Q S⁻¹ )
///       ( -S⁻¹ Qᵀ             S⁻¹  )
/// ```
///
/// (Golub and Van Loan, Matrix Computations, 4th ed., section 3.2.11 on block factorisation), which is all products.
pub(crate) fn invert_positive_definite(
    mut a: ArrayViewMut2<'_, f64>,
) -> Result<(), NotPositiveDefinite> {
    let n = a.nrows();
    if n <= SMALL {
        return invert_small(a);
    }
    // A multiple of the width of the multiplication's kernels.
    let half = (n / 2).next_multiple_of(8);
    let c = a.slice(s![..half, half..]).to_owned();
    let (mut first, mut second) = a.view_mut().split_at(Axis(0), half);
    let (mut a1, mut a12) = first.view_mut().split_at(Axis(1), half);
    let (mut a21, mut a2) = second.view_mut().split_at(Axis(1), half);

    invert_positive_definite(a1.view_mut())?;
    let mut q = Array2::zeros((half, n - half));
    multiply(1.0, a1.view(), c.view(), 0.0, q.view_mut());
    multiply(-1.0, c.t(), q.view(), 1.0, a2.view_mut());
    invert_positive_definite(a2.view_mut())?;
    multiply(-1.0, q.view(), a2.view(), 0.0, a12.view_mut());
    multiply(-1.0, a12.view(), q.t(), 1.0, a1.view_mut());
    a21.assign(&a12.t());
    Ok(())
}

/// The inverse by Gauss-Jordan elimination. A positive definite matrix needs no exchange of rows.
fn invert_small(mut a: ArrayViewMut2<'_, f64>) -> Result<(), NotPositiveDefinite> {
    let n = a.nrows();
    for pivot_at in 0..n {
        let pivot = a[(pivot_at, pivot_at)];
        if !(pivot.is_finite() && pivot > 0.0) {
            return Err(NotPositiveDefinite);
        }
        a[(pivot_at, pivot_at)] = 1.0;
        a.row_mut(pivot_at).mapv_inplace(|value| value / pivot);
        let pivot_row = a.row(pivot_at).to_owned();
        for row in (0..n).filter(|&row| row != pivot_at) {
            let factor = a[(row, pivot_at)];
            a[(row, pivot_at)] = 0.0;
            a.row_mut(row).scaled_add(-factor, &pivot_row);
        }
    }
    Ok(())
}

/// Solves A x = b for a symmetric positive definite matrix of which the upper triangle is read, and overwritten; b becomes x.
///
/// By LDLᵀ (Golub and Van Loan, section 4.1.2), element by element in one order: the same bits on every processor, other than
/// by way of [`multiply`].
pub(crate) fn solve_positive_definite(
    mut a: ArrayViewMut2<'_, f64>,
    b: &mut [f64],
) -> Result<(), NotPositiveDefinite> {
    let n = a.nrows();
    for at in 0..n {
        let (above, mut below) = a.view_mut().split_at(Axis(0), at + 1);
        let pivot_row = above.row(at);
        let pivot = pivot_row[at];
        if !(pivot.is_finite() && pivot > 0.0) {
            return Err(NotPositiveDefinite);
        }
        for (row, mut of_row) in (at + 1..n).zip(below.rows_mut()) {
            let factor = pivot_row[row] / pivot;
            let rest = pivot_row.slice(s![row..]);
            of_row.slice_mut(s![row..]).scaled_add(-factor, &rest);
            b[row] -= factor * b[at];
        }
    }
    for at in (0..n).rev() {
        let known: f64 = (at + 1..n).map(|column| a[(at, column)] * b[column]).sum();
        b[at] = (b[at] - known) / a[(at, at)];
    }
    if b.iter().all(|x| x.is_finite()) {
        return Ok(());
    }
    Err(NotPositiveDefinite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasets::standard_normal;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn positive_definite(n: usize) -> Array2<f64> {
        let x = standard_normal(n + 5, n, &mut ChaCha8Rng::seed_from_u64(n as u64));
        x.t().dot(&x) + Array2::<f64>::eye(n)
    }

    #[test]
    fn a_matrix_times_its_inverse_is_the_identity() {
        for n in [1, 2, 7, 48, 49, 97, 200, 333] {
            let a = positive_definite(n);
            let mut inverse = a.clone();
            invert_positive_definite(inverse.view_mut()).unwrap();
            let error = (a.dot(&inverse) - Array2::<f64>::eye(n)).mapv(f64::abs);
            let largest = error.fold(0.0, |a: f64, &b| a.max(b));
            assert!(largest < 1e-9, "{n}: {largest}");
            let asymmetry = (&inverse - &inverse.t()).mapv(f64::abs);
            assert!(asymmetry.fold(0.0, |a: f64, &b| a.max(b)) < 1e-12);
        }
    }

    #[test]
    fn a_solution_is_the_inverse_times_the_right_side() {
        for n in [1, 2, 7, 48, 64, 97] {
            let a = positive_definite(n);
            let b = standard_normal(n, 1, &mut ChaCha8Rng::seed_from_u64(1));
            let mut inverse = a.clone();
            invert_positive_definite(inverse.view_mut()).unwrap();
            let mut x = b.column(0).to_vec();
            // What is below the diagonal is not read.
            let mut upper = a.clone();
            for row in 1..n {
                upper.slice_mut(s![row, ..row]).fill(f64::NAN);
            }
            solve_positive_definite(upper.view_mut(), &mut x).unwrap();
            for (x, expected) in x.iter().zip(inverse.dot(&b).column(0)) {
                assert!((x - expected).abs() < 1e-9, "{n}: {x} is not {expected}");
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let inverse_with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let mut a = positive_definite(250);
            pool.build()
                .unwrap()
                .install(|| invert_positive_definite(a.view_mut()))
                .unwrap();
            a
        };
        assert_eq!(inverse_with(1), inverse_with(3));
    }

    #[test]
    fn what_is_not_positive_definite_is_refused() {
        for n in [1, 60] {
            let mut zeros = Array2::zeros((n, n));
            assert!(invert_positive_definite(zeros.view_mut()).is_err());
            let mut negative = -positive_definite(n);
            assert!(invert_positive_definite(negative.view_mut()).is_err());
            let mut none = Array2::from_elem((n, n), f64::NAN);
            assert!(invert_positive_definite(none.view_mut()).is_err());
            let b = &mut vec![1.0; n];
            assert!(solve_positive_definite(Array2::zeros((n, n)).view_mut(), b).is_err());
            assert!(solve_positive_definite((-positive_definite(n)).view_mut(), b).is_err());
            assert!(solve_positive_definite(none.view_mut(), b).is_err());
        }
    }
}
