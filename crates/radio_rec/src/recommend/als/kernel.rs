//! The least squares of one side at a time, by conjugate gradients in single precision.

use ndarray::{Array2, ArrayView2, linalg::general_mat_mul, s};
use rayon::prelude::*;

use crate::interactions::Compressed;

/// Rows are padded with zeros to a multiple of this, so that the loops over them have no remainder.
const LANES: usize = 16;

/// How many steps of conjugate gradients a turn takes.
const STEPS: usize = 3;

/// How many rows one task improves: few, because rows differ much in length.
const ROWS_PER_TASK: usize = 16;

/// Vectors of the same length, one after the other, each padded with zeros.
pub(super) struct Factors {
    values: Vec<f32>,
    factors: usize,
}

impl Factors {
    /// `rows` vectors of `factors` numbers each, asked for one after the other.
    pub(super) fn from_fn(rows: usize, factors: usize, mut value: impl FnMut() -> f32) -> Self {
        let stride = factors.next_multiple_of(LANES);
        let mut values = vec![0.0; rows * stride];
        for row in values.chunks_exact_mut(stride) {
            row[..factors].fill_with(&mut value);
        }
        Self { values, factors }
    }

    /// The vectors without their padding: rows x factors.
    pub(super) fn to_array(&self) -> Array2<f32> {
        self.padded().slice(s![.., ..self.factors]).to_owned()
    }

    fn stride(&self) -> usize {
        self.factors.next_multiple_of(LANES)
    }

    fn row(&self, row: u32) -> &[f32] {
        &self.values[row as usize * self.stride()..][..self.stride()]
    }

    fn padded(&self) -> ArrayView2<'_, f32> {
        let rows = self.values.len() / self.stride();
        ArrayView2::from_shape((rows, self.stride()), &self.values).expect("rows of one length")
    }

    /// Σ y yᵀ, padded: the same bits on any number of threads.
    fn gram(&self) -> Vec<f32> {
        let n = self.stride();
        let parts: Vec<Array2<f32>> = (self.values.par_chunks(1024 * n))
            .map(|rows| {
                let rows = ArrayView2::from_shape((rows.len() / n, n), rows).expect("whole rows");
                let mut part = Array2::zeros((n, n));
                general_mat_mul(1.0, &rows.t(), &rows, 0.0, &mut part);
                part
            })
            .collect();
        let sum = parts
            .into_iter()
            .fold(Array2::zeros((n, n)), |sum, part| sum + part);
        sum.into_raw_vec_and_offset().0
    }
}

/// Improves the vectors of one side: for each row of `plays` by a few steps towards the x that minimises
/// Σ c (p - xᵀ y)² + λ ‖x‖² over all vectors y of the other side.
pub(super) fn improve(
    side: &mut Factors,
    other: &Factors,
    plays: &Compressed,
    lambda: f32,
    alpha: f32,
) {
    let stride = side.stride();
    let mut gram = other.gram();
    gram.iter_mut()
        .step_by(stride + 1)
        .for_each(|diagonal| *diagonal += lambda);
    (side.values.par_chunks_mut(ROWS_PER_TASK * stride))
        .enumerate()
        .for_each_init(
            || Scratch::new(stride),
            |scratch, (task, vectors)| {
                for (row, x) in (task * ROWS_PER_TASK..).zip(vectors.chunks_exact_mut(stride)) {
                    let (columns, values) = plays.row(row);
                    if columns.is_empty() {
                        x.fill(0.0);
                        continue;
                    }
                    scratch.gather(other, columns);
                    solve(x, &gram, scratch, values, alpha);
                }
            },
        );
}

/// What one task needs for a row, kept from row to row.
struct Scratch {
    /// The vectors of what was played, one after the other: read several times, and then from the cache.
    played: Vec<f32>,
    residual: Vec<f32>,
    direction: Vec<f32>,
    product: Vec<f32>,
}

impl Scratch {
    fn new(stride: usize) -> Self {
        Self {
            played: Vec::new(),
            residual: vec![0.0; stride],
            direction: vec![0.0; stride],
            product: vec![0.0; stride],
        }
    }

    fn gather(&mut self, other: &Factors, columns: &[u32]) {
        self.played.clear();
        for &column in columns {
            self.played.extend_from_slice(other.row(column));
        }
    }
}

/// [`solve_with`] with the widest registers that the processor has.
///
/// The order of every sum is the same with any of them, but a fused multiply and add rounds once instead of twice: processors
/// with it and without differ in last bits, as they do in matrixmultiply.
fn solve(x: &mut [f32], gram: &[f32], scratch: &mut Scratch, values: &[f64], alpha: f32) {
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2,fma")]
        fn solve_wide(x: &mut [f32], gram: &[f32], s: &mut Scratch, values: &[f64], alpha: f32) {
            solve_with::<true>(x, gram, s, values, alpha);
        }
        if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma")
        {
            // SAFETY: the processor has the features, as just asked.
            return unsafe { solve_wide(x, gram, scratch, values, alpha) };
        }
    }
    solve_with::<false>(x, gram, scratch, values, alpha);
}

/// Conjugate gradients for A x = b with A = gram + Σ α v y yᵀ and b = Σ (1 + α v) y, from the x that there is.
#[inline(always)]
fn solve_with<const FUSED: bool>(
    x: &mut [f32],
    gram: &[f32],
    scratch: &mut Scratch,
    values: &[f64],
    alpha: f32,
) {
    let Scratch {
        played,
        residual,
        direction,
        product,
    } = scratch;
    multiply::<FUSED>(gram, x, residual);
    residual.iter_mut().for_each(|r| *r = -*r);
    add_projections::<FUSED>(residual, played, x, values, |value, along| {
        let more = alpha * value;
        1.0 + more - more * along
    });
    direction.copy_from_slice(residual);
    let mut size = dot::<FUSED>(residual, residual);
    for _ in 0..STEPS {
        if size < 1e-20 {
            break;
        }
        multiply::<FUSED>(gram, direction, product);
        add_projections::<FUSED>(product, played, direction, values, |value, along| {
            alpha * value * along
        });
        let step = size / dot::<FUSED>(direction, product);
        add_multiple::<FUSED>(x, step, direction);
        add_multiple::<FUSED>(residual, -step, product);
        let next = dot::<FUSED>(residual, residual);
        let factor = next / size;
        for (d, r) in direction.iter_mut().zip(residual.iter()) {
            *d = r + factor * *d;
        }
        size = next;
    }
}

/// Adds to `out` a multiple of each row y of `played`: by what `factor` makes of the row's value and of yᵀ `x`.
///
/// Four rows at a time, so that `x` and `out` are read and written a quarter as often.
#[inline(always)]
fn add_projections<const FUSED: bool>(
    out: &mut [f32],
    played: &[f32],
    x: &[f32],
    values: &[f64],
    factor: impl Fn(f32, f32) -> f32,
) {
    let n = x.len();
    let (fours, rest) = values.as_chunks::<4>();
    let (played, played_rest) = played.split_at(4 * n * fours.len());
    for (rows, values) in played.chunks_exact(4 * n).zip(fours) {
        let [a, b, c, d] = four_rows(rows);
        let mut sums = [[0.0_f32; LANES]; 4];
        for ((((x, a), b), c), d) in x.as_chunks::<LANES>().0.iter().zip(a).zip(b).zip(c).zip(d) {
            for lane in 0..LANES {
                sums[0][lane] = add::<FUSED>(a[lane], x[lane], sums[0][lane]);
                sums[1][lane] = add::<FUSED>(b[lane], x[lane], sums[1][lane]);
                sums[2][lane] = add::<FUSED>(c[lane], x[lane], sums[2][lane]);
                sums[3][lane] = add::<FUSED>(d[lane], x[lane], sums[3][lane]);
            }
        }
        let of_row = |row: usize| factor(values[row] as f32, sum_of_lanes(sums[row]));
        add_four::<FUSED>(out, std::array::from_fn(of_row), rows);
    }
    for (y, &value) in played_rest.chunks_exact(n).zip(rest) {
        let factor = factor(value as f32, dot::<FUSED>(y, x));
        add_multiple::<FUSED>(out, factor, y);
    }
}

/// `out = matrix x` for a symmetric matrix.
#[inline(always)]
fn multiply<const FUSED: bool>(matrix: &[f32], x: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for (rows, &factors) in matrix.chunks_exact(4 * x.len()).zip(x.as_chunks::<4>().0) {
        add_four::<FUSED>(out, factors, rows);
    }
}

/// Adds a multiple of each of four rows.
#[inline(always)]
fn add_four<const FUSED: bool>(out: &mut [f32], factors: [f32; 4], rows: &[f32]) {
    let [a, b, c, d] = four_rows(rows);
    let out = out.as_chunks_mut::<LANES>().0.iter_mut();
    for ((((out, a), b), c), d) in out.zip(a).zip(b).zip(c).zip(d) {
        for lane in 0..LANES {
            let first = add::<FUSED>(factors[0], a[lane], out[lane]);
            let second = add::<FUSED>(factors[1], b[lane], first);
            let third = add::<FUSED>(factors[2], c[lane], second);
            out[lane] = add::<FUSED>(factors[3], d[lane], third);
        }
    }
}

/// Four rows of one length that lie one after the other.
#[inline(always)]
fn four_rows(rows: &[f32]) -> [&[[f32; LANES]]; 4] {
    let length = rows.len() / 4;
    std::array::from_fn(|row| rows[row * length..][..length].as_chunks().0)
}

#[inline(always)]
fn dot<const FUSED: bool>(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; LANES];
    let (a, b) = (a.as_chunks::<LANES>().0, b.as_chunks::<LANES>().0);
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] = add::<FUSED>(a[lane], b[lane], sums[lane]);
        }
    }
    sum_of_lanes(sums)
}

/// By halves: always in the same order, whatever the width of the registers.
#[inline(always)]
fn sum_of_lanes(sums: [f32; LANES]) -> f32 {
    let eight: [f32; 8] = std::array::from_fn(|lane| sums[lane] + sums[lane + 8]);
    let four: [f32; 4] = std::array::from_fn(|lane| eight[lane] + eight[lane + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

#[inline(always)]
fn add_multiple<const FUSED: bool>(out: &mut [f32], factor: f32, row: &[f32]) {
    for (out, row) in out.iter_mut().zip(row) {
        *out = add::<FUSED>(factor, *row, *out);
    }
}

/// `a b + c`.
#[inline(always)]
fn add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}
