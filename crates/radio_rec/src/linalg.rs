//! Dense matrices: the inverse of a symmetric positive definite one, in double or in single precision, over all
//! processors; and small systems of equations ([`solve`]).
//!
//! The products are matrixmultiply's, by way of ndarray. Linear algebra libraries do the inverse too: faer takes
//! longer to compile than the rest of this crate together, and nalgebra is ten times slower at it.

pub(crate) mod solve;

use crate::parallel;
use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayViewMut2, Axis, LinalgScalar, s};

/// How many rows of a product are one task. Fixed, so that the same bits come from any number of threads.
const ROWS_PER_TASK: usize = 96;

/// Below this size a matrix is inverted element by element.
const SMALL: usize = 48;

/// How many rows and columns are eliminated at once: a multiple of the width of the multiplication's kernels.
const BLOCK: usize = 256;

/// A number of one of the two precisions.
pub(crate) trait Real:
    LinalgScalar + Send + Sync + PartialOrd + std::ops::Neg<Output = Self>
{
    /// Whether it is a number, and not infinite.
    fn is_number(self) -> bool;
}

impl Real for f32 {
    fn is_number(self) -> bool {
        self.is_finite()
    }
}

impl Real for f64 {
    fn is_number(self) -> bool {
        self.is_finite()
    }
}

/// A matrix that is not symmetric positive definite, or that rounding makes so.
#[derive(Debug)]
pub(crate) struct NotPositiveDefinite;

/// Inverts a symmetric positive definite matrix in place; only its diagonal and what is above it is read.
///
/// By sweeps (Goodnight, "A tutorial on the SWEEP operator", The American Statistician 33, 1979), of a block K of rows
/// and columns at once: with U = A_·K and P = A_KK⁻¹,
///
/// ```text
/// A_ij <- A_ij - U_i P U_jᵀ     A_iK <- U_i P     A_KK <- -P      for i and j outside of K
/// ```
///
/// After all blocks it is -A⁻¹. It stays symmetric, so that one half is computed; beside the matrix itself there are
/// two columns of blocks.
pub(crate) fn invert_positive_definite<T: Real>(
    mut a: ArrayViewMut2<'_, T>,
) -> Result<(), NotPositiveDefinite> {
    let n = a.nrows();
    if n <= SMALL {
        mirror(&mut a, |above| above);
        invert_small(a.view_mut())?;
        // Rounding leaves both halves a little apart.
        mirror(&mut a, |above| above);
        return Ok(());
    }
    // Halves of what is not much longer than a block, which is a sweep within a sweep.
    let block = if n <= BLOCK {
        (n / 2).next_multiple_of(8)
    } else {
        BLOCK
    };
    let mut u = Array2::zeros((n, block.min(n)));
    let mut w = Array2::zeros((n, block.min(n)));
    for first in (0..n).step_by(block) {
        let last = n.min(first + block);
        let width = last - first;
        let mut pivot = a.slice(s![first..last, first..last]).to_owned();
        invert_positive_definite(pivot.view_mut())?;
        let mut u = u.slice_mut(s![.., ..width]);
        u.slice_mut(s![..first, ..])
            .assign(&a.slice(s![..first, first..last]));
        u.slice_mut(s![first..last, ..]).fill(T::zero());
        u.slice_mut(s![last.., ..])
            .assign(&a.slice(s![first..last, last..]).t());
        let mut w = w.slice_mut(s![.., ..width]);
        let strips = w
            .axis_chunks_iter_mut(Axis(0), ROWS_PER_TASK)
            .zip(u.axis_chunks_iter(Axis(0), ROWS_PER_TASK));
        parallel::for_each(strips, |_, (mut w, u)| {
            general_mat_mul(T::one(), &u, &pivot, T::zero(), &mut w);
        });
        let strips = a
            .axis_chunks_iter_mut(Axis(0), ROWS_PER_TASK)
            .zip(w.axis_chunks_iter(Axis(0), ROWS_PER_TASK));
        parallel::for_each(strips, |strip, (mut a, w)| {
            let row = strip * ROWS_PER_TASK;
            // From the diagonal on; U is 0 in the rows of the block.
            let (mut above, u) = (a.slice_mut(s![.., row..]), u.slice(s![row.., ..]));
            general_mat_mul(-T::one(), &w, &u.t(), T::one(), &mut above);
        });
        a.slice_mut(s![..first, first..last])
            .assign(&w.slice(s![..first, ..]));
        a.slice_mut(s![first..last, last..])
            .assign(&w.slice(s![last.., ..]).t());
        a.slice_mut(s![first..last, first..last])
            .assign(&pivot.mapv(|of_pivot| -of_pivot));
    }
    mirror(&mut a, |above| -above);
    Ok(())
}

/// Puts what `of` makes of the numbers on the diagonal and above it there and below.
fn mirror<T: Real>(a: &mut ArrayViewMut2<'_, T>, of: impl Fn(T) -> T) {
    for row in 0..a.nrows() {
        for column in row..a.ncols() {
            let number = of(a[(row, column)]);
            a[(row, column)] = number;
            a[(column, row)] = number;
        }
    }
}

/// The inverse by Gauss-Jordan elimination. A positive definite matrix needs no exchange of rows.
fn invert_small<T: Real>(mut a: ArrayViewMut2<'_, T>) -> Result<(), NotPositiveDefinite> {
    let n = a.nrows();
    for pivot_at in 0..n {
        let pivot = a[(pivot_at, pivot_at)];
        if !(pivot.is_number() && pivot > T::zero()) {
            return Err(NotPositiveDefinite);
        }
        a[(pivot_at, pivot_at)] = T::one();
        a.row_mut(pivot_at).mapv_inplace(|value| value / pivot);
        let pivot_row = a.row(pivot_at).to_owned();
        for row in (0..n).filter(|&row| row != pivot_at) {
            let factor = a[(row, pivot_at)];
            a[(row, pivot_at)] = T::zero();
            a.row_mut(row).scaled_add(-factor, &pivot_row);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    fn positive_definite(n: usize) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(n as u64);
        let x = Array2::<f64>::from_shape_simple_fn((n + 5, n), || StandardNormal.sample(&mut rng));
        x.t().dot(&x) + Array2::<f64>::eye(n)
    }

    #[test]
    fn a_matrix_times_its_inverse_is_the_identity() {
        for n in [1, 2, 7, 48, 49, 97, 200, 256, 257, 333, 600] {
            let a = positive_definite(n);
            // What is below the diagonal is not read.
            let mut inverse = a.clone();
            for row in 1..n {
                inverse.slice_mut(s![row, ..row]).fill(f64::NAN);
            }
            invert_positive_definite(inverse.view_mut()).unwrap();
            let error = (a.dot(&inverse) - Array2::<f64>::eye(n)).mapv(f64::abs);
            let largest = error.fold(0.0, |a: f64, &b| a.max(b));
            assert!(largest < 1e-9, "{n}: {largest}");
            assert_eq!(inverse, inverse.t());
            let mut single = a.mapv(|a| a as f32);
            invert_positive_definite(single.view_mut()).unwrap();
            let scale = inverse.diag().fold(0.0, |a: f64, &b| a.max(b));
            for (single, double) in single.iter().zip(&inverse) {
                let close = (f64::from(*single) - double).abs() < 1e-2 * scale;
                assert!(close, "{n}: {single} is not {double}");
            }
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let inverse_with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let mut a = positive_definite(500);
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
            let mut zeros = Array2::<f64>::zeros((n, n));
            assert!(invert_positive_definite(zeros.view_mut()).is_err());
            let mut negative = -positive_definite(n);
            assert!(invert_positive_definite(negative.view_mut()).is_err());
            let mut none = Array2::from_elem((n, n), f64::NAN);
            assert!(invert_positive_definite(none.view_mut()).is_err());
        }
    }
}
