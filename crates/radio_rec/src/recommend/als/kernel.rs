//! The least squares of one side at a time, by conjugate gradients in single precision.

use std::borrow::Borrow;

use ndarray::{Array2, ArrayView2, s};

use crate::interactions::Compressed;
use crate::lanes::{LANES, Registers, with_widest};
use crate::parallel;
use crate::prefetch::prefetch;

/// How many steps of conjugate gradients a turn takes.
const STEPS: usize = 3;

/// How many rows one task improves: few, because rows differ much in length.
const ROWS_PER_TASK: usize = 16;

/// How many rows one task sums products of.
const ROWS_PER_GRAM: usize = 1024;

/// How many vectors ahead are prefetched: they may be anywhere in memory.
const AHEAD: usize = 16;

/// How many vectors of what was played lie side by side at once, so that a row of millions takes no more memory than
/// one of thousands; a multiple of four. In tests so few that rows are longer.
const GATHERED: usize = if cfg!(test) { 8 } else { 4096 };

/// Vectors of the same length, one after the other, each padded with zeros to a multiple of [`LANES`], so that the
/// loops over them have no remainder.
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

    /// The rows of an array, padded.
    pub(super) fn from_array(rows: Array2<f32>) -> Self {
        let factors = rows.ncols();
        let stride = factors.next_multiple_of(LANES);
        let values = if factors == stride && rows.is_standard_layout() {
            // Nothing to pad, so that what may be large is not copied.
            rows.into_raw_vec_and_offset().0
        } else {
            let mut values = vec![0.0; rows.nrows() * stride];
            for (padded, row) in values.chunks_exact_mut(stride).zip(rows.rows()) {
                padded
                    .iter_mut()
                    .zip(row)
                    .for_each(|(to, &from)| *to = from);
            }
            values
        };
        Self { values, factors }
    }

    /// How many numbers a vector has.
    pub(super) fn factors(&self) -> usize {
        self.factors
    }

    /// How many vectors there are.
    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.stride()
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
        ArrayView2::from_shape((self.rows(), self.stride()), &self.values)
            .expect("rows of one length")
    }

    /// Σ y yᵀ, padded: the same bits on any number of threads.
    fn gram(&self) -> Vec<f32> {
        let n = self.stride();
        let parts: Vec<&[f32]> = self.values.chunks(ROWS_PER_GRAM * n).collect();
        let parts = parallel::map(parts.len(), |part| gram_of(parts[part], n));
        let mut sum = vec![0.0; n * n];
        for part in parts {
            sum.iter_mut()
                .zip(part)
                .for_each(|(sum, part)| *sum += part);
        }
        sum
    }
}

/// Σ y yᵀ over the rows y of `n` numbers each, with the widest registers that the processor has.
fn gram_of(rows: &[f32], n: usize) -> Vec<f32> {
    with_widest!(gram_with, (rows: &[f32], n: usize) -> Vec<f32>)
}

#[inline(always)]
fn gram_with<R: Registers>(registers: R, rows: &[f32], n: usize) -> Vec<f32> {
    let mut gram = vec![0.0; n * n];
    let fours = rows.chunks_exact(4 * n);
    for y in fours.remainder().chunks_exact(n) {
        for (out, &factor) in gram.chunks_exact_mut(n).zip(y) {
            add_multiple(registers, out, factor, y);
        }
    }
    for rows in fours {
        for (at, out) in gram.chunks_exact_mut(n).enumerate() {
            let factors = [rows[at], rows[n + at], rows[2 * n + at], rows[3 * n + at]];
            add_four(registers, out, factors, rows);
        }
    }
    gram
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
    let step = Step::new(other, lambda, alpha);
    parallel::for_each_init(
        side.values.chunks_mut(ROWS_PER_TASK * stride),
        || Scratch::new(stride),
        |scratch, task, vectors| {
            for (row, x) in (task * ROWS_PER_TASK..).zip(vectors.chunks_exact_mut(stride)) {
                let (columns, values) = plays.row(row);
                step.improve(scratch, x, Plays { columns, values });
            }
        },
    );
}

/// What improves the vectors of one side: those of the other, and what follows from them.
pub(super) struct Step<O> {
    other: O,
    /// Σ y yᵀ + λ I, padded.
    gram: Vec<f32>,
    alpha: f32,
}

impl<O: Borrow<Factors>> Step<O> {
    pub(super) fn new(other: O, lambda: f32, alpha: f32) -> Self {
        let vectors = other.borrow();
        let mut gram = vectors.gram();
        gram.iter_mut()
            .step_by(vectors.stride() + 1)
            .for_each(|diagonal| *diagonal += lambda);
        Self { other, gram, alpha }
    }

    /// The vectors of the other side.
    pub(super) fn other(&self) -> &Factors {
        self.other.borrow()
    }

    pub(super) fn scratch(&self) -> Scratch {
        Scratch::new(self.other().stride())
    }

    /// Improves the padded vector `x` of somebody, or of something, by its plays.
    fn improve(&self, scratch: &mut Scratch, x: &mut [f32], plays: Plays<'_>) {
        if plays.columns.is_empty() {
            x.fill(0.0);
            return;
        }
        solve(x, &self.gram, self.other(), scratch, plays, self.alpha);
    }

    /// [`improve`](Self::improve) of a vector without padding.
    pub(super) fn improve_unpadded(&self, scratch: &mut Scratch, x: &mut [f32], plays: Plays<'_>) {
        let mut padded = std::mem::take(&mut scratch.padded);
        padded[..x.len()].copy_from_slice(x);
        padded[x.len()..].fill(0.0);
        self.improve(scratch, &mut padded, plays);
        x.copy_from_slice(&padded[..x.len()]);
        scratch.padded = padded;
    }
}

/// A row of the matrix: what was played, and how much.
#[derive(Clone, Copy)]
pub(super) struct Plays<'a> {
    pub(super) columns: &'a [u32],
    pub(super) values: &'a [f64],
}

/// What one task needs for a row, kept from row to row.
pub(super) struct Scratch {
    /// The vectors of what was played, or of some of it, one after the other: read several times, and then from the
    /// cache.
    played: Vec<f32>,
    residual: Vec<f32>,
    direction: Vec<f32>,
    product: Vec<f32>,
    padded: Vec<f32>,
}

impl Scratch {
    fn new(stride: usize) -> Self {
        Self {
            played: Vec::new(),
            residual: vec![0.0; stride],
            direction: vec![0.0; stride],
            product: vec![0.0; stride],
            padded: vec![0.0; stride],
        }
    }
}

/// Puts the vectors of some rows one after the other.
fn gather(played: &mut Vec<f32>, other: &Factors, columns: &[u32]) {
    played.clear();
    for (n, &column) in columns.iter().enumerate() {
        if let Some(&later) = columns.get(n + AHEAD) {
            prefetch(other.row(later));
        }
        played.extend_from_slice(other.row(column));
    }
}

/// [`solve_with`] with the widest registers that the processor has.
fn solve(
    x: &mut [f32],
    gram: &[f32],
    other: &Factors,
    scratch: &mut Scratch,
    plays: Plays<'_>,
    alpha: f32,
) {
    with_widest!(
        solve_with,
        (
            x: &mut [f32],
            gram: &[f32],
            other: &Factors,
            scratch: &mut Scratch,
            plays: Plays<'_>,
            alpha: f32,
        )
    );
}

/// Conjugate gradients for A x = b with A = gram + Σ α v y yᵀ and b = Σ (1 + α v) y, from the current x.
#[inline(always)]
fn solve_with<R: Registers>(
    registers: R,
    x: &mut [f32],
    gram: &[f32],
    other: &Factors,
    scratch: &mut Scratch,
    plays: Plays<'_>,
    alpha: f32,
) {
    let Scratch {
        played,
        residual,
        direction,
        product,
        ..
    } = scratch;
    let is_short = plays.columns.len() <= GATHERED;
    if is_short {
        gather(played, other, plays.columns);
    }
    // Parts of whole fours, so that sums have one order however many parts there are.
    let parts = plays.columns.chunks(GATHERED);
    let parts = parts.zip(plays.values.chunks(GATHERED));
    multiply(registers, gram, x, residual);
    residual.iter_mut().for_each(|r| *r = -*r);
    for (columns, values) in parts.clone() {
        if !is_short {
            gather(played, other, columns);
        }
        add_projections(registers, residual, played, x, values, |value, along| {
            let more = alpha * value;
            1.0 + more - more * along
        });
    }
    direction.copy_from_slice(residual);
    let mut size = dot(registers, residual, residual);
    for _ in 0..STEPS {
        if size < 1e-20 {
            break;
        }
        multiply(registers, gram, direction, product);
        for (columns, values) in parts.clone() {
            if !is_short {
                gather(played, other, columns);
            }
            add_projections(
                registers,
                product,
                played,
                direction,
                values,
                |value, along| alpha * value * along,
            );
        }
        let curvature = dot(registers, direction, product);
        if !curvature.is_finite() {
            // A step of 0 would leave what the vector began with, as if it had been learned.
            x.fill(f32::NAN);
            return;
        }
        let step = size / curvature;
        add_multiple(registers, x, step, direction);
        add_multiple(registers, residual, -step, product);
        let next = dot(registers, residual, residual);
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
fn add_projections<R: Registers>(
    registers: R,
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
        let x = x.as_chunks().0;
        let [a, b, c, d] = four_rows(rows, x.len());
        let mut sums = [registers.all(0.0); 4];
        for at in 0..x.len() {
            let x = registers.read(&x[at]);
            sums[0] = registers.multiply_add(registers.read(&a[at]), x, sums[0]);
            sums[1] = registers.multiply_add(registers.read(&b[at]), x, sums[1]);
            sums[2] = registers.multiply_add(registers.read(&c[at]), x, sums[2]);
            sums[3] = registers.multiply_add(registers.read(&d[at]), x, sums[3]);
        }
        let of_row = |row: usize| factor(values[row] as f32, registers.sum(sums[row]));
        add_four(
            registers,
            out,
            [of_row(0), of_row(1), of_row(2), of_row(3)],
            rows,
        );
    }
    for (y, &value) in played_rest.chunks_exact(n).zip(rest) {
        let factor = factor(value as f32, dot(registers, y, x));
        add_multiple(registers, out, factor, y);
    }
}

/// `out = matrix x` for a symmetric matrix.
#[inline(always)]
fn multiply<R: Registers>(registers: R, matrix: &[f32], x: &[f32], out: &mut [f32]) {
    out.fill(0.0);
    for (rows, &factors) in matrix.chunks_exact(4 * x.len()).zip(x.as_chunks::<4>().0) {
        add_four(registers, out, factors, rows);
    }
}

/// Adds a multiple of each of four rows.
#[inline(always)]
fn add_four<R: Registers>(registers: R, out: &mut [f32], factors: [f32; 4], rows: &[f32]) {
    let out = out.as_chunks_mut().0;
    let [a, b, c, d] = four_rows(rows, out.len());
    // Written out: within a closure, the processor's instructions would be function calls.
    let [fa, fb, fc, fd] = [
        registers.all(factors[0]),
        registers.all(factors[1]),
        registers.all(factors[2]),
        registers.all(factors[3]),
    ];
    for at in 0..out.len() {
        let mut sum = registers.read(&out[at]);
        sum = registers.multiply_add(fa, registers.read(&a[at]), sum);
        sum = registers.multiply_add(fb, registers.read(&b[at]), sum);
        sum = registers.multiply_add(fc, registers.read(&c[at]), sum);
        sum = registers.multiply_add(fd, registers.read(&d[at]), sum);
        registers.write(sum, &mut out[at]);
    }
}

/// Four rows of `length` times [`LANES`] numbers that lie one after the other.
#[inline(always)]
fn four_rows(rows: &[f32], length: usize) -> [&[[f32; LANES]]; 4] {
    let rows = rows.as_chunks().0;
    let (a, rows) = rows.split_at(length);
    let (b, rows) = rows.split_at(length);
    let (c, d) = rows.split_at(length);
    [a, b, c, &d[..length]]
}

#[inline(always)]
fn dot<R: Registers>(registers: R, a: &[f32], b: &[f32]) -> f32 {
    let mut sums = registers.all(0.0);
    let (a, b) = (a.as_chunks().0, b.as_chunks().0);
    let b = &b[..a.len()];
    for at in 0..a.len() {
        sums = registers.multiply_add(registers.read(&a[at]), registers.read(&b[at]), sums);
    }
    registers.sum(sums)
}

#[inline(always)]
fn add_multiple<R: Registers>(registers: R, out: &mut [f32], factor: f32, row: &[f32]) {
    let factor = registers.all(factor);
    let (out, row) = (out.as_chunks_mut().0, row.as_chunks().0);
    let row = &row[..out.len()];
    for at in 0..out.len() {
        let sum =
            registers.multiply_add(factor, registers.read(&row[at]), registers.read(&out[at]));
        registers.write(sum, &mut out[at]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lanes::Portable;
    use ndarray::{Array1, Axis};
    use proptest::prelude::*;

    /// A turn as the formulas have it: with whole matrices, in double precision.
    fn readable(
        side: &Array2<f32>,
        other: &Array2<f32>,
        plays: &Compressed,
        lambda: f64,
        alpha: f64,
    ) -> Array2<f64> {
        let other = other.mapv(f64::from);
        let mut improved = side.mapv(f64::from);
        for (row, mut x) in improved.rows_mut().into_iter().enumerate() {
            let (columns, values) = plays.row(row);
            if columns.is_empty() {
                x.fill(0.0);
                continue;
            }
            let mut a = other.t().dot(&other) + lambda * Array2::<f64>::eye(other.ncols());
            let mut b = Array1::<f64>::zeros(other.ncols());
            for (&column, &value) in columns.iter().zip(values) {
                let y = other.row(column as usize);
                let (tall, flat) = (y.insert_axis(Axis(1)), y.insert_axis(Axis(0)));
                a += &(alpha * value * tall.dot(&flat));
                b += &((1.0 + alpha * value) * &y);
            }
            let mut residual = b - a.dot(&x);
            let mut direction = residual.clone();
            for _ in 0..STEPS {
                let size = residual.dot(&residual);
                if size < 1e-20 {
                    break;
                }
                let product = a.dot(&direction);
                let step = size / direction.dot(&product);
                x.scaled_add(step, &direction);
                residual.scaled_add(-step, &product);
                direction = &residual + &(residual.dot(&residual) / size * &direction);
            }
        }
        improved
    }

    proptest! {
        #[test]
        fn a_turn_is_what_the_formulas_say(
            factors in 1usize..40,
            plays in prop::collection::vec((0u32..5, 0u32..23, 1u8..9), 0..80),
            numbers in prop::collection::vec(-1.0f32..1.0, 28 * 39),
            lambda in 0.1f64..2.0,
            alpha in 0.0f64..2.0,
        ) {
            let entries: Vec<_> = plays.iter().map(|&(user, item, value)| (user, item, f64::from(value))).collect();
            let plays = Compressed::from_entries(5, &entries);
            let mut numbers = numbers.into_iter();
            let mut begin = |rows| Factors::from_fn(rows, factors, || numbers.next().expect("enough of them"));
            let (mut users, items) = (begin(5), begin(23));
            let expected = readable(&users.to_array(), &items.to_array(), &plays, lambda, alpha);

            // As on a processor without wide registers.
            let mut narrow = users.to_array();
            let mut gram = gram_with(Portable, &items.values, items.stride());
            gram.iter_mut().step_by(items.stride() + 1).for_each(|diagonal| *diagonal += lambda as f32);
            for (row, mut x) in narrow.rows_mut().into_iter().enumerate() {
                let mut scratch = Scratch::new(items.stride());
                let (columns, values) = plays.row(row);
                let mut padded = vec![0.0; items.stride()];
                if !columns.is_empty() {
                    padded.copy_from_slice(users.row(row as u32));
                    let plays = Plays { columns, values };
                    solve_with(Portable, &mut padded, &gram, &items, &mut scratch, plays, alpha as f32);
                }
                x.iter_mut().zip(padded).for_each(|(x, improved)| *x = improved);
            }
            improve(&mut users, &items, &plays, lambda as f32, alpha as f32);

            prop_assert_eq!(users.to_array(), narrow, "the registers change no bit");
            let largest = expected.fold(1.0, |largest: f64, x| largest.max(x.abs()));
            for (&found, &expected) in users.to_array().iter().zip(&expected) {
                prop_assert!((f64::from(found) - expected).abs() < 2e-4 * largest, "{} is not {}", found, expected);
            }
        }
    }
}
