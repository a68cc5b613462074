//! Systems of some hundred equations in double precision, such as a vector that is the best for somebody's plays.

use ndarray::Array2;

use crate::lanes::{Registers, with_widest};
use crate::prefetch::prefetch;

/// How many numbers are computed with at once.
pub(crate) const LANES: usize = 8;

/// How many pivots are eliminated with at once.
const PIVOTS: usize = 4;

/// How many rows ahead are prefetched.
const AHEAD: usize = 4;

/// Solves for the vector of somebody from what they played; what it solves in is kept from one person to the next.
pub(crate) struct Solver {
    factors: usize,
    /// Rows of the matrix, padded; what is below the diagonal is not read.
    matrix: Vec<f64>,
    /// The vectors of what was played, padded, one after the other.
    played: Vec<f64>,
    /// How much more each of them counts than if it had not been played.
    more: Vec<f64>,
}

impl Solver {
    pub(crate) fn new(factors: usize) -> Self {
        let stride = factors.next_multiple_of(LANES);
        Self {
            factors,
            matrix: vec![0.0; factors * stride],
            played: Vec::new(),
            more: Vec::new(),
        }
    }

    /// Takes what somebody played: rows of `items` with how much more each counts.
    pub(crate) fn take<T: Copy + Into<f64>>(
        &mut self,
        items: &Array2<T>,
        plays: impl Iterator<Item = (usize, f64)> + Clone,
    ) {
        let (stride, factors) = (self.stride(), self.factors);
        let items = items.as_slice().expect("vectors one after the other");
        let row = |item: usize| &items[item * factors..][..factors];
        self.played.clear();
        self.more.clear();
        let mut later = plays.clone().skip(AHEAD);
        for (item, more) in plays {
            if let Some((later, _)) = later.next() {
                prefetch(row(later));
            }
            let start = self.played.len();
            self.played.extend(row(item).iter().map(|&y| y.into()));
            self.played.resize(start + stride, 0.0);
            self.more.push(more);
        }
    }

    /// Σ over what was taken (`base` + more) y: of which the solution is somebody's vector.
    pub(crate) fn wanted(&self, base: f64) -> Vec<f64> {
        let mut wanted = vec![0.0; self.factors];
        for (y, more) in self.played.chunks_exact(self.stride()).zip(&self.more) {
            for (sum, y) in wanted.iter_mut().zip(y) {
                *sum += (base + more) * y;
            }
        }
        wanted
    }

    /// x for (`gram` + λ I + Σ over what was taken more y yᵀ) x = b; `None` where rounding leaves no such matrix that
    /// is positive definite, as where λ is lost beside large values.
    pub(crate) fn solve(&mut self, gram: &Array2<f64>, lambda: f64, b: &[f64]) -> Option<Vec<f64>> {
        let stride = self.stride();
        for (at, (row, of_gram)) in
            (self.matrix.chunks_exact_mut(stride).zip(gram.rows())).enumerate()
        {
            for (to, &from) in row.iter_mut().zip(of_gram) {
                *to = from;
            }
            row[self.factors..].fill(0.0);
            row[at] += lambda;
        }
        let mut x = b.to_vec();
        add_squares(&mut self.matrix, stride, &self.played, &self.more);
        solve(&mut self.matrix, stride, &mut x).then_some(x)
    }

    fn stride(&self) -> usize {
        self.factors.next_multiple_of(LANES)
    }
}

/// Solves with a symmetric positive definite matrix of rows of `stride` numbers, of which what is on the diagonal and
/// above it is read; `stride` is a multiple of [`LANES`], and what rows are padded with is 0. b becomes the solution,
/// and the matrix anything. Whether there is one.
///
/// By LDLᵀ (Golub and Van Loan, Matrix Computations, 4th ed., section 4.1.2), with the widest registers that the
/// processor has: the same bits without them.
pub(crate) fn solve(matrix: &mut [f64], stride: usize, b: &mut [f64]) -> bool {
    with_widest!(solve_with, (matrix: &mut [f64], stride: usize, b: &mut [f64]) -> bool)
}

/// Adds Σ more y yᵀ, on the diagonal and above it.
fn add_squares(matrix: &mut [f64], stride: usize, played: &[f64], more: &[f64]) {
    with_widest!(
        add_squares_with,
        (matrix: &mut [f64], stride: usize, played: &[f64], more: &[f64])
    );
}

#[inline(always)]
fn solve_with<R: Registers>(_: R, matrix: &mut [f64], stride: usize, b: &mut [f64]) -> bool {
    let n = b.len();
    // By four pivots at once, so that the rows below are read and written a quarter as often.
    for first in (0..n).step_by(PIVOTS) {
        let last = n.min(first + PIVOTS);
        let mut inverses = [0.0; PIVOTS];
        for at in first..last {
            let (above, below) = matrix.split_at_mut((at + 1) * stride);
            let pivot_row = &above[at * stride..];
            let pivot = pivot_row[at];
            if !(pivot.is_finite() && pivot > 0.0) {
                return false;
            }
            inverses[at - first] = 1.0 / pivot;
            for (row, of_row) in (at + 1..last).zip(below.chunks_exact_mut(stride)) {
                let factor = -(pivot_row[row] * inverses[at - first]);
                // From the lanes that the diagonal is in.
                let start = row / LANES * LANES;
                add_multiple(&mut of_row[start..], factor, &pivot_row[start..]);
                b[row] += factor * b[at];
            }
        }
        if last == n {
            break;
        }
        let (above, below) = matrix.split_at_mut(last * stride);
        let pivot_rows = &above[first * stride..];
        for (row, of_row) in (last..n).zip(below.chunks_exact_mut(stride)) {
            let mut factors = [0.0; PIVOTS];
            for (pivot, factor) in factors.iter_mut().enumerate() {
                *factor = -(pivot_rows[pivot * stride + row] * inverses[pivot]);
                b[row] += *factor * b[first + pivot];
            }
            let start = row / LANES * LANES;
            add_four(&mut of_row[start..], factors, pivot_rows, stride, start);
        }
    }
    for at in (0..n).rev() {
        let row = &matrix[at * stride..][..n];
        let known = dot(&row[at + 1..], &b[at + 1..]);
        b[at] = (b[at] - known) / row[at];
    }
    b.iter().all(|x| x.is_finite())
}

#[inline(always)]
fn add_squares_with<R: Registers>(
    _: R,
    matrix: &mut [f64],
    stride: usize,
    played: &[f64],
    more: &[f64],
) {
    let (fours, rest) = more.as_chunks::<4>();
    let (of_fours, of_rest) = played.split_at(4 * stride * fours.len());
    for (ys, more) in of_fours.chunks_exact(4 * stride).zip(fours) {
        for (at, row) in matrix.chunks_exact_mut(stride).enumerate() {
            let start = at / LANES * LANES;
            let mut factors = [0.0; 4];
            for (y, factor) in factors.iter_mut().enumerate() {
                *factor = more[y] * ys[y * stride + at];
            }
            add_four(&mut row[start..], factors, ys, stride, start);
        }
    }
    for (y, more) in of_rest.chunks_exact(stride).zip(rest) {
        for (at, row) in matrix.chunks_exact_mut(stride).enumerate() {
            let start = at / LANES * LANES;
            add_multiple(&mut row[start..], more * y[at], &y[start..]);
        }
    }
}

/// Adds a multiple of each of four rows, from `start`.
#[inline(always)]
fn add_four(out: &mut [f64], factors: [f64; 4], rows: &[f64], stride: usize, start: usize) {
    let [fa, fb, fc, fd] = factors;
    let out = out.as_chunks_mut::<LANES>().0;
    let length = out.len();
    let row = |row: usize| {
        let row = &rows[row * stride + start..(row + 1) * stride];
        &row.as_chunks::<LANES>().0[..length]
    };
    let (a, b, c, d) = (row(0), row(1), row(2), row(3));
    for at in 0..length {
        // Read before anything is written, so that the compiler need not fear that they are the same memory.
        let (mut sums, a, b, c, d) = (out[at], a[at], b[at], c[at], d[at]);
        for lane in 0..LANES {
            let sum = fa.mul_add(a[lane], sums[lane]);
            let sum = fb.mul_add(b[lane], sum);
            let sum = fc.mul_add(c[lane], sum);
            sums[lane] = fd.mul_add(d[lane], sum);
        }
        out[at] = sums;
    }
}

#[inline(always)]
fn add_multiple(out: &mut [f64], factor: f64, row: &[f64]) {
    let (out, row) = (out.as_chunks_mut::<LANES>().0, row.as_chunks::<LANES>().0);
    let row = &row[..out.len()];
    for at in 0..out.len() {
        let (mut sums, row) = (out[at], row[at]);
        for lane in 0..LANES {
            sums[lane] = factor.mul_add(row[lane], sums[lane]);
        }
        out[at] = sums;
    }
}

#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, rest_of_a), (b, rest_of_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] = a[lane].mul_add(b[lane], sums[lane]);
        }
    }
    let rest: f64 = rest_of_a.iter().zip(rest_of_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Portable;
    use ndarray::Array1;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    fn normal(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(&mut rng))
    }

    #[test]
    fn a_solution_is_one() {
        for (factors, plays) in [(1, 0), (1, 3), (7, 4), (8, 9), (30, 2), (64, 81), (97, 30)] {
            let items = normal(50, factors, 1).mapv(|y| y as f32);
            let more: Vec<f64> = (0..plays).map(|n| 0.5 + n as f64).collect();
            let mut a = normal(factors + 5, factors, 2);
            a = a.t().dot(&a);
            let gram = a.clone();
            for (n, more) in more.iter().enumerate() {
                let y = items.row(n % 50).mapv(f64::from);
                for row in 0..factors {
                    a.row_mut(row).scaled_add(more * y[row], &y);
                }
            }
            a.diag_mut().mapv_inplace(|of_item| of_item + 0.25);
            // What is below the diagonal is not read.
            let mut upper = gram;
            for row in 1..factors {
                upper.slice_mut(ndarray::s![row, ..row]).fill(f64::NAN);
            }
            let mut solver = Solver::new(factors);
            // What an earlier person left is gone.
            solver.take(&items, (0..9).map(|n| (n, 1.0)));
            solver.solve(&upper, 1.0, &vec![1.0; factors]).unwrap();
            solver.take(
                &items,
                more.iter().enumerate().map(|(n, &more)| (n % 50, more)),
            );
            let b = solver.wanted(1.0);
            let x = Array1::from(solver.solve(&upper, 0.25, &b).unwrap());
            for (found, expected) in a.dot(&x).iter().zip(&b) {
                let close = (found - expected).abs() < 1e-8 * (1.0 + expected.abs());
                assert!(close, "{factors}, {plays}: {found} is not {expected}");
            }
        }
    }

    #[test]
    fn wide_registers_change_no_bit() {
        let items = normal(20, 19, 3).mapv(|y| y as f32);
        let gram = Array2::eye(19);
        let mut solver = Solver::new(19);
        solver.take(&items, (0..20).map(|n| (n, 1.0 + n as f64)));
        let b = solver.wanted(1.0);
        let found = solver.solve(&gram, 0.1, &b).unwrap();
        for (at, row) in solver.matrix.chunks_exact_mut(24).enumerate() {
            row.fill(0.0);
            row[at] = 1.1;
        }
        let mut x = b;
        let (matrix, played) = (&mut solver.matrix, &solver.played);
        add_squares_with(Portable, matrix, 24, played, &solver.more);
        assert!(solve_with(Portable, matrix, 24, &mut x));
        assert_eq!(x, found);
    }

    #[test]
    fn what_is_not_positive_definite_has_no_solution() {
        for factors in [1, 9] {
            let mut solver = Solver::new(factors);
            let b = vec![1.0; factors];
            assert!(
                solver
                    .solve(&Array2::zeros((factors, factors)), 0.0, &b)
                    .is_none()
            );
            assert!(solver.solve(&-Array2::eye(factors), 0.0, &b).is_none());
            let none = Array2::from_elem((factors, factors), f64::NAN);
            assert!(solver.solve(&none, 1.0, &b).is_none());
        }
    }
}
