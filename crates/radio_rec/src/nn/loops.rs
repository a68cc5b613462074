//! What the kernel does to a block of samples: loops that are compiled for each kind of processor.
//!
//! A block is a matrix of rows, a row a unit, a column a sample. Each loop goes along the rows, so that it becomes one
//! over vectors.

use std::ops::{Deref, DerefMut};

use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};

use super::Activation;
use super::vector::{self, is_infinite, vectorised};

/// How many sums run side by side in a dot product.
const LANES: usize = 16;
/// How many samples go through a layer at once; rows are padded to a multiple of it.
pub(super) const AT_ONCE: usize = 32;

/// How many samples a block has at most.
pub(super) const BLOCK: usize = 256;

/// What one unit has for each sample of a block.
pub(super) type Row = [f64; BLOCK];

/// How many more rows some loops need for what they compute on the way.
pub(super) const SCRATCH: usize = 3;

/// Rows for `units` units, each aligned for vector instructions.
pub(super) struct Block {
    numbers: Vec<f64>,
    /// Where the first row begins.
    begin: usize,
    units: usize,
}

impl Block {
    /// Rows of zeros.
    pub(super) fn new(units: usize) -> Self {
        // The lines of the cache, and the widest vectors, have 64 bytes; reading across two of them takes twice as
        // long.
        const LINE: usize = 64;
        let numbers = vec![0.0; units * BLOCK + LINE / size_of::<f64>()];
        let begin = numbers.as_ptr().align_offset(LINE);
        // There is no promise that an offset can be found, and none is needed.
        let begin = begin.min(LINE / size_of::<f64>());
        Self {
            numbers,
            begin,
            units,
        }
    }
}

impl Deref for Block {
    type Target = [Row];

    fn deref(&self) -> &[Row] {
        self.numbers[self.begin..][..self.units * BLOCK]
            .as_chunks()
            .0
    }
}

impl DerefMut for Block {
    fn deref_mut(&mut self) -> &mut [Row] {
        self.numbers[self.begin..][..self.units * BLOCK]
            .as_chunks_mut()
            .0
    }
}

/// How much of each row is used.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub samples: usize,
    /// The samples and the padding after them, up to a multiple of [`AT_ONCE`].
    pub padded: usize,
}

impl Size {
    pub(super) fn new(samples: usize) -> Self {
        Self {
            samples,
            padded: samples.next_multiple_of(AT_ONCE),
        }
    }

    /// A block as a matrix.
    pub(super) fn matrix(self, block: &[Row]) -> ArrayView2<'_, f64> {
        let shape = (block.len(), self.padded).strides((BLOCK, 1));
        ArrayView2::from_shape(shape, block.as_flattened()).expect("rows lie in a block")
    }

    /// A block as a matrix, to be written.
    pub(super) fn matrix_mut(self, block: &mut [Row]) -> ArrayViewMut2<'_, f64> {
        let shape = (block.len(), self.padded).strides((BLOCK, 1));
        ArrayViewMut2::from_shape(shape, block.as_flattened_mut()).expect("rows lie in a block")
    }
}

/// The used parts of the rows of a block.
#[inline(always)]
pub(super) fn rows(block: &[Row], size: Size) -> impl Iterator<Item = &[f64]> {
    block.iter().map(move |row| &row[..size.padded])
}

/// The used parts of the rows of a block, to be written.
#[inline(always)]
pub(super) fn rows_mut(block: &mut [Row], size: Size) -> impl Iterator<Item = &mut [f64]> {
    block.iter_mut().map(move |row| &mut row[..size.padded])
}

vectorised! {
    /// Z = W A + b: `weights`, units x inputs, `biases`, a number a unit, and blocks of inputs and of units.
    pub(super) fn weighted_sums(weights: &[f64], biases: &[f64], a: &[Row], z: &mut [Row], size: Size) {
        let inputs = weights.len() / biases.len();
        let units = weights.chunks_exact(inputs).zip(biases);
        for ((weights, &bias), z) in units.zip(rows_mut(z, size)) {
            for (at, z) in z.as_chunks_mut().0.iter_mut().enumerate() {
                let mut sums = [bias; AT_ONCE];
                for (&weight, a) in weights.iter().zip(rows(a, size)) {
                    multiply_add(&mut sums, weight, &a.as_chunks().0[at]);
                }
                *z = sums;
            }
        }
    }

    /// The slopes along the sums of the layer before, W' dZ * f'(Z) by its activations A: `weights`, units x inputs, a
    /// block of units, and two of inputs.
    pub(super) fn slopes_before(weights: &[f64], dz: &[Row], activation: Activation, a: &[Row], before: &mut [Row], size: Size) {
        match activation {
            Activation::Tanh => slopes_by(weights, dz, tanh_slope, a, before, size),
            Activation::Sigmoid => slopes_by(weights, dz, sigmoid_slope, a, before, size),
            Activation::Relu => slopes_by(weights, dz, relu_slope, a, before, size),
            Activation::Identity | Activation::Softmax => slopes_by(weights, dz, |_| 1.0, a, before, size),
        }
    }

    /// dW += dZ A', db += row sums of dZ: a block of units, one of inputs, units x inputs, and a number a unit.
    pub(super) fn add_products(dz: &[Row], a: &[Row], dw: &mut [f64], db: &mut [f64], size: Size) {
        let inputs = dw.len() / db.len();
        for ((dw, db), dz) in dw.chunks_exact_mut(inputs).zip(db).zip(rows(dz, size)) {
            *db += sum(dz);
            // Several inputs at once, so that the processor has something to do while it waits for a sum.
            let (fours, rest) = dw.as_chunks_mut::<4>();
            let (four_rows, rest_rows) = a.as_chunks::<4>();
            for (dw, a) in fours.iter_mut().zip(four_rows) {
                add_dots(dw, dz, a, size);
            }
            match rest {
                [x, y, z] => {
                    let mut dw = [*x, *y, *z];
                    add_dots(&mut dw, dz, rest_rows, size);
                    [*x, *y, *z] = dw;
                }
                [x, y] => {
                    let mut dw = [*x, *y];
                    add_dots(&mut dw, dz, rest_rows, size);
                    [*x, *y] = dw;
                }
                [x] => {
                    let mut dw = [*x];
                    add_dots(&mut dw, dz, rest_rows, size);
                    [*x] = dw;
                }
                _ => {}
            }
        }
    }

    /// db += row sums of dZ.
    pub(super) fn add_row_sums(dz: &[Row], db: &mut [f64], size: Size) {
        for (db, dz) in db.iter_mut().zip(rows(dz, size)) {
            *db += sum(dz);
        }
    }

    /// A = f(Z) in place. Not 0 if a sum was not finite.
    pub(super) fn activate(activation: Activation, block: &mut [Row], size: Size, scratch: &mut [Row; SCRATCH]) -> u64 {
        match activation {
            Activation::Tanh => each(block, size, vector::tanh),
            Activation::Sigmoid => each(block, size, vector::sigmoid),
            // Written so that a NaN is not smaller.
            Activation::Relu => each(block, size, |z| if z < 0.0 { 0.0 } else { z }),
            Activation::Identity => each(block, size, |z| z),
            Activation::Softmax => {
                let [largest, sums, _] = scratch;
                let infinite = find_largest(block, size, largest);
                softmax(block, size, largest, sums);
                infinite
            }
        }
    }

    /// dZ = dA f'(Z) in place, by the activations A.
    pub(super) fn slope(activation: Activation, a: &[Row], da: &mut [Row], size: Size, means: &mut Row) {
        match activation {
            Activation::Tanh => each_slope(a, da, size, tanh_slope),
            Activation::Sigmoid => each_slope(a, da, size, sigmoid_slope),
            Activation::Relu => each_slope(a, da, size, relu_slope),
            Activation::Identity => {}
            Activation::Softmax => {
                means.fill(0.0);
                for (a, da) in rows(a, size).zip(rows(da, size)) {
                    for ((mean, &a), &da) in means.iter_mut().zip(a).zip(da) {
                        *mean += a * da;
                    }
                }
                for (a, da) in rows(a, size).zip(rows_mut(da, size)) {
                    for ((da, &a), &mean) in da.iter_mut().zip(a).zip(&*means) {
                        *da = (*da - mean) * a;
                    }
                }
            }
        }
    }

    /// Binary cross-entropy of sigmoid units: from the sums Z, in place of which come the activations A, and the
    /// targets Y, the slopes A - Y along Z and the sum of the losses softplus(Z) - Y Z. The other number is not 0 if a
    /// sum was not finite.
    pub(super) fn binary_cross_entropy(a: &mut [Row], y: &[Row], dz: &mut [Row], size: Size, scratch: &mut [Row; SCRATCH]) -> (f64, u64) {
        let [terms, exps, _] = scratch;
        let (mut loss, mut infinite) = (0.0, 0);
        for ((a, y), dz) in rows_mut(a, size).zip(rows(y, size)).zip(rows_mut(dz, size)) {
            let rows = a.iter_mut().zip(y).zip(dz).zip(&mut *terms).zip(&mut *exps);
            for ((((a, &y), dz), term), exp) in rows {
                let z = *a;
                infinite |= is_infinite(z);
                (*a, *exp) = vector::sigmoid_and_exp(z);
                *dz = *a - y;
                // softplus(z) = max(z, 0) + log(1 + exp(-|z|)); the difference of what may be large numbers is rounded
                // only once.
                *term = (-y).mul_add(z, if z > 0.0 { z } else { 0.0 });
            }
            loss += sum(&terms[..size.samples]) + sum_of_ln_1p(&exps[..size.samples]);
        }
        (loss, infinite)
    }

    /// Categorical cross-entropy of a softmax layer: from the sums Z, in place of which come the activations A, and the
    /// targets Y, the slopes A - Y along Z and the sum of the losses sum of Y_k (log of the sum of exp(Z) - Z_k). The
    /// other number is as above.
    pub(super) fn categorical_cross_entropy(a: &mut [Row], y: &[Row], dz: &mut [Row], size: Size, scratch: &mut [Row; SCRATCH]) -> (f64, u64) {
        let [largest, sums, terms] = scratch;
        let infinite = find_largest(a, size, largest);
        terms.fill(0.0);
        for (z, y) in rows(a, size).zip(rows(y, size)) {
            for (((term, &z), &y), &largest) in terms.iter_mut().zip(z).zip(y).zip(&*largest) {
                *term += y * (largest - z);
            }
        }
        softmax(a, size, largest, sums);
        for (term, &sum) in terms[..size.padded].iter_mut().zip(&*sums) {
            // The largest is one of those that are summed up.
            *term += vector::ln_1p(sum - 1.0);
        }
        subtract(a, y, dz, size);
        (sum(&terms[..size.samples]), infinite)
    }

    /// Squared error: from the activations A and the targets Y, the slopes A - Y along A, and the sum of the losses.
    pub(super) fn squared_error(a: &[Row], y: &[Row], da: &mut [Row], size: Size) -> f64 {
        subtract(a, y, da, size);
        let mut loss = 0.0;
        for da in rows(da, size) {
            let da = &da[..size.samples];
            loss += 0.5 * sum_of_squares(da);
        }
        loss
    }

    /// How many outputs were right, of how many: as [`Network::evaluate`](super::Network::evaluate) has it.
    pub(super) fn judge(activation: Activation, a: &[Row], y: &[Row], size: Size, scratch: &mut [Row; SCRATCH]) -> (usize, usize) {
        let mut right: u64 = 0;
        match activation {
            Activation::Sigmoid => {
                for (a, y) in rows(a, size).zip(rows(y, size)) {
                    for (&a, &y) in a[..size.samples].iter().zip(y) {
                        right += u64::from((a > 0.5) == (y > 0.5));
                    }
                }
                (right as usize, a.len() * size.samples)
            }
            Activation::Softmax => {
                let [largest, its_target, largest_target] = scratch;
                largest.fill(f64::NEG_INFINITY);
                largest_target.fill(f64::NEG_INFINITY);
                for (a, y) in rows(a, size).zip(rows(y, size)) {
                    let found = largest.iter_mut().zip(&mut *its_target).zip(&mut *largest_target);
                    for (((best, its), top), (&a, &y)) in found.zip(a.iter().zip(y)) {
                        *its = if a > *best { y } else { *its };
                        *best = if a > *best { a } else { *best };
                        *top = if y > *top { y } else { *top };
                    }
                }
                for (its, top) in its_target[..size.samples].iter().zip(&*largest_target) {
                    right += u64::from(its >= top);
                }
                (right as usize, size.samples)
            }
            Activation::Tanh | Activation::Relu | Activation::Identity => (0, 0),
        }
    }
}

/// See [`slopes_before`].
#[inline(always)]
fn slopes_by(
    weights: &[f64],
    dz: &[Row],
    slope: impl Fn(f64) -> f64,
    a: &[Row],
    before: &mut [Row],
    size: Size,
) {
    let inputs = before.len();
    for ((input, a), before) in rows(a, size).enumerate().zip(rows_mut(before, size)) {
        let chunks = a
            .as_chunks::<AT_ONCE>()
            .0
            .iter()
            .zip(before.as_chunks_mut().0);
        for (at, (a, before)) in chunks.enumerate() {
            let mut sums = [0.0; AT_ONCE];
            for (weights, dz) in weights.chunks_exact(inputs).zip(rows(dz, size)) {
                multiply_add(&mut sums, weights[input], &dz.as_chunks().0[at]);
            }
            for (sum, &a) in sums.iter_mut().zip(a) {
                *sum *= slope(a);
            }
            *before = sums;
        }
    }
}

#[inline(always)]
fn tanh_slope(a: f64) -> f64 {
    (-a).mul_add(a, 1.0)
}

#[inline(always)]
fn sigmoid_slope(a: f64) -> f64 {
    a * (1.0 - a)
}

#[inline(always)]
fn relu_slope(a: f64) -> f64 {
    if a > 0.0 { 1.0 } else { 0.0 }
}

#[inline(always)]
fn multiply_add(sums: &mut [f64; AT_ONCE], factor: f64, numbers: &[f64; AT_ONCE]) {
    for (sum, &number) in sums.iter_mut().zip(numbers) {
        *sum = factor.mul_add(number, *sum);
    }
}

/// Adds to each of N numbers the sum of the products of `row` and one of the N rows of a block.
#[inline(always)]
fn add_dots<const N: usize>(to: &mut [f64; N], row: &[f64], block: &[Row], size: Size) {
    let mut sums = [[0.0; LANES]; N];
    for (at, row) in row.as_chunks::<LANES>().0.iter().enumerate() {
        for (sums, other) in sums.iter_mut().zip(rows(block, size)) {
            let other: &[f64; LANES] = &other.as_chunks().0[at];
            for ((sum, &x), &y) in sums.iter_mut().zip(row).zip(other) {
                *sum = x.mul_add(y, *sum);
            }
        }
    }
    for (to, sums) in to.iter_mut().zip(sums) {
        *to += pairwise(sums);
    }
}

/// The sum of as many numbers as there are.
#[inline(always)]
fn sum(terms: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = terms.as_chunks::<LANES>();
    for terms in chunks {
        for (sum, &term) in sums.iter_mut().zip(terms) {
            *sum += term;
        }
    }
    for (sum, &term) in sums.iter_mut().zip(rest) {
        *sum += term;
    }
    pairwise(sums)
}

/// The sum of the squares of as many numbers as there are.
#[inline(always)]
fn sum_of_squares(numbers: &[f64]) -> f64 {
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for numbers in chunks {
        for (sum, &number) in sums.iter_mut().zip(numbers) {
            *sum = number.mul_add(number, *sum);
        }
    }
    for (sum, &number) in sums.iter_mut().zip(rest) {
        *sum = number.mul_add(number, *sum);
    }
    pairwise(sums)
}

/// The sum of ln(1 + e) of as many numbers from 0 to 1 as there are, fewer than 1000 times [`LANES`].
///
/// (1 + e) (1 + f) = 1 + (e + f + e f): the numbers are joined before there is a logarithm to be taken. As all are
/// positive, nothing cancels, and the sum has about as many right digits as if each had a logarithm of its own.
#[inline(always)]
fn sum_of_ln_1p(numbers: &[f64]) -> f64 {
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    let mut joined = [0.0_f64; LANES];
    for numbers in chunks {
        for (e, &f) in joined.iter_mut().zip(numbers) {
            *e = e.mul_add(f, *e + f);
        }
    }
    for (e, &f) in joined.iter_mut().zip(rest) {
        *e = e.mul_add(f, *e + f);
    }
    for e in &mut joined {
        *e = vector::ln_1p(*e);
    }
    pairwise(joined)
}

#[inline(always)]
fn pairwise(mut sums: [f64; LANES]) -> f64 {
    let mut half = LANES / 2;
    while half > 0 {
        for at in 0..half {
            sums[at] += sums[at + half];
        }
        half /= 2;
    }
    sums[0]
}

/// f of each number, in place. Not 0 if one was not finite.
#[inline(always)]
fn each(block: &mut [Row], size: Size, f: impl Fn(f64) -> f64) -> u64 {
    let mut infinite = 0;
    for row in rows_mut(block, size) {
        for z in row {
            infinite |= is_infinite(*z);
            *z = f(*z);
        }
    }
    infinite
}

/// Each number times the slope at its activation, in place.
#[inline(always)]
fn each_slope(a: &[Row], da: &mut [Row], size: Size, slope: impl Fn(f64) -> f64) {
    for (a, da) in rows(a, size).zip(rows_mut(da, size)) {
        for (da, &a) in da.iter_mut().zip(a) {
            *da *= slope(a);
        }
    }
}

/// The largest of each sample's sums. Not 0 if one was not finite.
#[inline(always)]
fn find_largest(block: &[Row], size: Size, largest: &mut Row) -> u64 {
    let mut infinite = 0;
    largest.fill(f64::NEG_INFINITY);
    for row in rows(block, size) {
        for (largest, &z) in largest.iter_mut().zip(row) {
            infinite |= is_infinite(z);
            *largest = if z > *largest { z } else { *largest };
        }
    }
    infinite
}

/// A = exp(Z - largest) / sum of them, in place.
#[inline(always)]
fn softmax(block: &mut [Row], size: Size, largest: &Row, sums: &mut Row) {
    sums.fill(0.0);
    for row in rows_mut(block, size) {
        for ((z, &largest), sum) in row.iter_mut().zip(largest).zip(&mut *sums) {
            *z = vector::exp(*z - largest);
            *sum += *z;
        }
    }
    for row in rows_mut(block, size) {
        for (e, &sum) in row.iter_mut().zip(&*sums) {
            *e /= sum;
        }
    }
}

/// dZ = A - Y.
#[inline(always)]
fn subtract(a: &[Row], y: &[Row], dz: &mut [Row], size: Size) {
    for ((a, y), dz) in rows(a, size).zip(rows(y, size)).zip(rows_mut(dz, size)) {
        for ((dz, &a), &y) in dz.iter_mut().zip(a).zip(y) {
            *dz = a - y;
        }
    }
}
