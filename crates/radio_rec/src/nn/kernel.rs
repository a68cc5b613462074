//! Forward, cost and gradients in one go over blocks of samples that stay in the cache.
//!
//! A block is a few hundred samples at most. For each, the layers are gone through forwards and backwards, and the gradients are
//! added up, before the next block begins. Small layers are loops that the compiler vectorises over the samples; large ones
//! are the matrix products of ndarray.
//!
//! Where there is enough to do, the blocks are divided into parts that run on several processors. How many parts there are depends
//! on the shapes alone, and their sums are added in order: the bits do not depend on the number of processors.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, ShapeBuilder};
use rayon::prelude::*;

use super::network::Dense;
use super::vector::{self, Work, is_infinite, on_widest_vectors};
use super::{Activation, Loss};

/// How many sums are run side by side: what a dot product is divided into, and the samples that are padded to.
const LANES: usize = 16;
/// From how many weights on a layer is computed by ndarray's matrix product.
const LARGE: usize = 1 << 12;
/// How many samples a block has: with small layers only, and with a large one.
const BLOCK: usize = 256;
const LARGE_BLOCK: usize = 64;
/// How much a part has to do at least, in weights and biases times samples, for it to be worth a processor of its own.
const WORTH: usize = 1 << 19;
/// What a unit costs besides its weights, in the same measure.
const UNIT: usize = 5;
/// How many parts there are at most; each has gradients of its own.
const PARTS: usize = 4;

/// Samples, a column each: all of them in their order, or some.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    /// n_x x m, row by row.
    x: &'a [f64],
    /// n_y x m, row by row; empty if there are no targets.
    y: &'a [f64],
    /// m.
    all: usize,
    /// Those that are meant, if not all.
    picked: Option<&'a [usize]>,
    noise: Option<Noise>,
}

/// Which inputs are left out: a share of them, those that are kept being larger instead.
#[derive(Clone, Copy)]
pub(super) struct Noise {
    /// What the choice depends on, besides the place in X.
    pub key: u64,
    /// The share that is left out, below 1.
    pub dropped: f64,
}

impl<'a> Columns<'a> {
    /// All columns of `x`, which is in row order.
    pub(super) fn all(x: &'a ndarray::ArrayRef2<f64>) -> Self {
        Self {
            x: x.as_slice().expect("x is in row order"),
            y: &[],
            all: x.ncols(),
            picked: None,
            noise: None,
        }
    }

    /// With the targets `y`, in row order.
    pub(super) fn with_targets(self, y: &'a ndarray::ArrayRef2<f64>) -> Self {
        let y = y.as_slice().expect("y is in row order");
        Self { y, ..self }
    }

    /// Only these.
    pub(super) fn pick(self, columns: &'a [usize]) -> Self {
        let picked = Some(columns);
        Self { picked, ..self }
    }

    /// With some of the inputs left out.
    pub(super) fn with_noise(self, noise: Option<Noise>) -> Self {
        Self { noise, ..self }
    }

    fn len(&self) -> usize {
        self.picked.map_or(self.all, <[usize]>::len)
    }

    /// Copies rows of the columns in `range` out of `rows`, n x m, into those of a block.
    #[inline(always)]
    fn copy(&self, rows: &[f64], range: Range<usize>, block: &mut [f64], size: Size) {
        for (row, to) in rows.chunks_exact(self.all).zip(size.rows_mut(block)) {
            let (to, padding) = to.split_at_mut(size.samples);
            match self.picked {
                None => to.copy_from_slice(&row[range.clone()]),
                Some(picked) => {
                    for (to, &column) in to.iter_mut().zip(&picked[range.clone()]) {
                        *to = row[column];
                    }
                }
            }
            // As good a sample as another: nothing overflows that would not anyway.
            padding.fill(to[to.len() - 1]);
        }
    }

    #[inline(always)]
    fn drop_inputs(&self, noise: Noise, range: Range<usize>, block: &mut [f64], size: Size) {
        let larger = 1.0 / (1.0 - noise.dropped);
        // A whole number of 53 bits below this one is left out.
        let limit = (noise.dropped * (1_u64 << 53) as f64) as u64;
        for (row, inputs) in size.rows_mut(block).enumerate() {
            for (input, at) in inputs.iter_mut().zip(range.clone()) {
                let column = self.picked.map_or(at, |picked| picked[at]);
                let place = (row * self.all + column) as u64;
                let kept = mixed(noise.key.wrapping_add(place)) >> 11 >= limit;
                *input *= if kept { larger } else { 0.0 };
            }
        }
    }
}

/// Bits that look random for each number: the finaliser of SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014).
#[inline(always)]
fn mixed(number: u64) -> u64 {
    let x = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// What a pass over samples found, summed up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    /// The losses of all samples.
    pub loss: f64,
    /// How many samples.
    pub samples: usize,
    /// How many classes (softmax) or outputs (sigmoid) were right.
    pub right: usize,
    /// Of how many; 0 for other outputs.
    pub judged: usize,
    /// The first layer, from 0, with a sum that is not finite.
    pub bad: Option<usize>,
}

impl Totals {
    pub(super) fn cost(&self) -> f64 {
        self.loss / self.samples as f64
    }

    pub(super) fn accuracy(&self) -> Option<f64> {
        (self.judged > 0).then(|| self.right as f64 / self.judged as f64)
    }

    pub(super) fn add(&mut self, other: &Totals) {
        self.loss += other.loss;
        self.samples += other.samples;
        self.right += other.right;
        self.judged += other.judged;
        self.bad = match (self.bad, other.bad) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

/// The memory that passes over samples need, made once.
pub(super) struct Kernel {
    plan: Plan,
    parts: Vec<Part>,
}

/// What does not change.
struct Plan {
    loss: Option<Loss>,
    /// How many samples a block has, which is also how far its rows are apart.
    block: usize,
    /// What a sample costs, in weights and biases.
    work: usize,
}

impl Plan {
    /// How many parts so many samples are divided into.
    fn parts(&self, samples: usize) -> usize {
        let worth = samples.saturating_mul(self.work) / WORTH;
        worth.min(samples.div_ceil(self.block)).clamp(1, PARTS)
    }
}

/// One processor's memory.
struct Part {
    /// The inputs of a block, then the activations of each layer: units x block, row by row.
    rows: Vec<Vec<f64>>,
    /// The slopes along the sums Z of each layer, units x block.
    slopes: Vec<Vec<f64>>,
    /// n_y x block.
    targets: Vec<f64>,
    /// Rows of a block each, for whatever is needed.
    scratch: [Vec<f64>; 3],
    /// Of each layer, summed over the samples: along W, units x inputs, and b.
    gradients: Vec<(Vec<f64>, Vec<f64>)>,
    /// Of each layer, whether a sum was not finite.
    infinite: Vec<u64>,
    totals: Totals,
}

impl Kernel {
    /// For passes over up to `samples` columns through layers of these shapes; without a loss, for predictions only.
    pub(super) fn new(layers: &[Dense], loss: Option<Loss>, samples: usize) -> Self {
        let large = layers.iter().any(|layer| layer.weights.len() >= LARGE);
        let block = if large { LARGE_BLOCK } else { BLOCK };
        let of_layer = |layer: &Dense| layer.weights.len() + (1 + UNIT) * layer.units();
        let plan = Plan {
            loss,
            block,
            work: layers.iter().map(of_layer).sum(),
        };
        let rows = |units: usize| vec![0.0; units * block];
        let learns = |size: usize| vec![0.0; if loss.is_some() { size } else { 0 }];
        let part = || Part {
            rows: std::iter::once(layers[0].inputs())
                .chain(layers.iter().map(Dense::units))
                .map(rows)
                .collect(),
            slopes: layers.iter().map(|l| learns(l.units() * block)).collect(),
            targets: learns(layers[layers.len() - 1].units() * block),
            scratch: [rows(1), rows(1), rows(1)],
            gradients: layers
                .iter()
                .map(|l| (learns(l.weights.len()), learns(l.units())))
                .collect(),
            infinite: vec![0; layers.len()],
            totals: Totals::default(),
        };
        let parts = if loss.is_some() {
            plan.parts(samples)
        } else {
            1
        };
        let parts = std::iter::repeat_with(part).take(parts).collect();
        Self { plan, parts }
    }

    /// The gradients of the samples' losses, summed; then [`Kernel::sums`] has them.
    pub(super) fn learn(&mut self, layers: &[Dense], columns: Columns<'_>) -> Totals {
        let parts = self.pass(layers, columns, true);
        let (first, rest) = self.parts[..parts].split_at_mut(1);
        for part in rest {
            for (to, from) in first[0].gradients.iter_mut().zip(&part.gradients) {
                add(&mut to.0, &from.0);
                add(&mut to.1, &from.1);
            }
        }
        self.totals(parts)
    }

    /// The same without gradients.
    pub(super) fn evaluate(&mut self, layers: &[Dense], columns: Columns<'_>) -> Totals {
        let parts = self.pass(layers, columns, false);
        self.totals(parts)
    }

    /// Of a layer, the gradients along W, units x inputs, and b.
    pub(super) fn sums(&self, layer: usize) -> (&[f64], &[f64]) {
        let (weights, biases) = &self.parts[0].gradients[layer];
        (weights, biases)
    }

    /// Writes the outputs to `outputs`, n_y x m, row by row. The first layer, from 0, with a sum that is not finite.
    pub(super) fn predict(
        mut self,
        layers: &[Dense],
        columns: Columns<'_>,
        outputs: &mut [f64],
    ) -> Option<usize> {
        let part = &mut self.parts[0];
        on_widest_vectors(Pass {
            plan: &self.plan,
            part,
            layers,
            columns,
            range: 0..columns.len(),
            backward: false,
            outputs: Some(outputs),
        });
        part.totals.bad
    }

    /// In parts; how many.
    fn pass(&mut self, layers: &[Dense], columns: Columns<'_>, backward: bool) -> usize {
        let plan = &self.plan;
        let samples = columns.len();
        let blocks = samples.div_ceil(plan.block);
        let parts = plan.parts(samples);
        let run = |(at, part): (usize, &mut Part)| {
            let from = |at: usize| (at * blocks / parts * plan.block).min(samples);
            on_widest_vectors(Pass {
                plan,
                part,
                layers,
                columns,
                range: from(at)..from(at + 1),
                backward,
                outputs: None,
            });
        };
        match &mut self.parts[..parts] {
            [part] => run((0, part)),
            several => several.par_iter_mut().enumerate().for_each(run),
        }
        parts
    }

    fn totals(&self, parts: usize) -> Totals {
        let mut totals = Totals::default();
        for part in &self.parts[..parts] {
            totals.add(&part.totals);
        }
        totals
    }
}

fn add(to: &mut [f64], from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

/// A pass of one part over its samples.
struct Pass<'a> {
    plan: &'a Plan,
    part: &'a mut Part,
    layers: &'a [Dense],
    columns: Columns<'a>,
    range: Range<usize>,
    backward: bool,
    outputs: Option<&'a mut [f64]>,
}

impl Work for Pass<'_> {
    #[inline(always)]
    fn run(self) {
        let Self {
            plan,
            part,
            layers,
            columns,
            range,
            backward,
            mut outputs,
        } = self;
        part.begin();
        let mut begin = range.start;
        while begin < range.end {
            let block = begin..range.end.min(begin + plan.block);
            begin = block.end;
            part.forward(plan, layers, columns, block.clone());
            if let Some(loss) = plan.loss {
                part.cost(plan, loss, layers, columns, block.clone());
            }
            if backward {
                part.backward(plan, layers, block.len());
            }
            if let Some(outputs) = &mut outputs {
                let rows = part.rows[layers.len()].chunks_exact(plan.block);
                for (to, from) in outputs.chunks_exact_mut(columns.all).zip(rows) {
                    to[block.clone()].copy_from_slice(&from[..block.len()]);
                }
            }
        }
        part.totals.samples = range.len();
        part.totals.bad = part.infinite.iter().position(|&infinite| infinite != 0);
    }
}

impl Part {
    #[inline(always)]
    fn begin(&mut self) {
        for (weights, biases) in &mut self.gradients {
            weights.fill(0.0);
            biases.fill(0.0);
        }
        self.infinite.fill(0);
        self.totals = Totals::default();
    }

    /// From the inputs to the activations of the last layer; where there is a loss, only to its sums.
    #[inline(always)]
    fn forward(
        &mut self,
        plan: &Plan,
        layers: &[Dense],
        columns: Columns<'_>,
        block: Range<usize>,
    ) {
        let size = Size::new(plan, block.len());
        columns.copy(columns.x, block.clone(), &mut self.rows[0], size);
        if let Some(noise) = columns.noise {
            columns.drop_inputs(noise, block, &mut self.rows[0], size);
        }
        for (at, layer) in layers.iter().enumerate() {
            let (before, behind) = self.rows.split_at_mut(at + 1);
            let a = &mut behind[0];
            weighted_sums(layer, &before[at], a, size);
            if at + 1 < layers.len() || plan.loss.is_none() {
                self.infinite[at] |= activate(layer.activation, a, size, &mut self.scratch);
            }
        }
    }

    /// From the sums of the last layer to its activations, the loss, and the slopes along the sums.
    #[inline(always)]
    fn cost(
        &mut self,
        plan: &Plan,
        loss: Loss,
        layers: &[Dense],
        columns: Columns<'_>,
        block: Range<usize>,
    ) {
        let size = Size::new(plan, block.len());
        columns.copy(columns.y, block, &mut self.targets, size);
        let last = layers.len() - 1;
        let activation = layers[last].activation;
        let a = &mut self.rows[last + 1];
        let y = &self.targets;
        let dz = &mut self.slopes[last];
        let (infinite, total) = (&mut self.infinite[last], &mut self.totals.loss);
        match loss {
            Loss::BinaryCrossEntropy => {
                let terms = &mut self.scratch[0][..size.padded];
                for ((a, y), dz) in size.rows_mut(a).zip(size.rows(y)).zip(size.rows_mut(dz)) {
                    *infinite |= sigmoid_cross_entropy(a, y, dz, terms);
                    *total += sum(&terms[..size.samples]);
                }
            }
            Loss::CategoricalCrossEntropy => {
                // A sample's loss is the sum over k of y_k (largest - z_k) + log of the sum of exp(z_k - largest).
                let [largest, sums, terms] = &mut self.scratch;
                *infinite |= find_largest(a, size, largest);
                terms.fill(0.0);
                for (z, y) in size.rows(a).zip(size.rows(y)) {
                    for (((term, &z), &y), &largest) in
                        terms.iter_mut().zip(z).zip(y).zip(&*largest)
                    {
                        *term += y * (largest - z);
                    }
                }
                softmax(a, size, largest, sums);
                for (term, &sum) in terms.iter_mut().zip(&sums[..size.padded]) {
                    *term += vector::ln_1p(sum - 1.0);
                }
                *total += sum(&terms[..size.samples]);
                subtract(a, y, dz, size);
            }
            Loss::SquaredError => {
                *infinite |= activate(activation, a, size, &mut self.scratch);
                subtract(a, y, dz, size);
                let terms = &mut self.scratch[0][..size.padded];
                for dz in size.rows(dz) {
                    for (term, &difference) in terms.iter_mut().zip(dz) {
                        *term = 0.5 * difference * difference;
                    }
                    *total += sum(&terms[..size.samples]);
                }
                slope(activation, a, dz, size, &mut self.scratch[0]);
            }
        }
        // The padding is to teach nothing.
        for dz in size.rows_mut(dz) {
            dz[size.samples..].fill(0.0);
        }
        let (right, judged) = judge(activation, a, y, size, &mut self.scratch);
        self.totals.right += right;
        self.totals.judged += judged;
    }

    /// From the slopes along the sums of the last layer to all gradients.
    #[inline(always)]
    fn backward(&mut self, plan: &Plan, layers: &[Dense], samples: usize) {
        let size = Size::new(plan, samples);
        for (at, layer) in layers.iter().enumerate().rev() {
            let (before, behind) = self.slopes.split_at_mut(at);
            let dz = &behind[0];
            let (weights, biases) = &mut self.gradients[at];
            add_products(dz, &self.rows[at], weights, biases, size);
            if let Some(da) = before.last_mut() {
                transposed_sums(layer, dz, da, size);
                let a = &self.rows[at];
                slope(layers[at - 1].activation, a, da, size, &mut self.scratch[0]);
            }
        }
    }
}

/// How much of a block's rows is used.
#[derive(Clone, Copy)]
struct Size {
    samples: usize,
    /// The samples and what is behind them, up to a multiple of [`LANES`].
    padded: usize,
    /// From row to row.
    stride: usize,
}

impl Size {
    #[inline(always)]
    fn new(plan: &Plan, samples: usize) -> Self {
        Self {
            samples,
            padded: samples.next_multiple_of(LANES),
            stride: plan.block,
        }
    }

    /// The rows of a block.
    #[inline(always)]
    fn rows<'a>(self, block: &'a [f64]) -> impl Iterator<Item = &'a [f64]> {
        let rows = block.chunks_exact(self.stride);
        rows.map(move |row| &row[..self.padded])
    }

    #[inline(always)]
    fn rows_mut<'a>(self, block: &'a mut [f64]) -> impl Iterator<Item = &'a mut [f64]> {
        let rows = block.chunks_exact_mut(self.stride);
        rows.map(move |row| &mut row[..self.padded])
    }

    /// The rows as a matrix.
    fn matrix(self, block: &[f64]) -> ArrayView2<'_, f64> {
        let shape = (block.len() / self.stride, self.padded).strides((self.stride, 1));
        ArrayView2::from_shape(shape, block).expect("rows lie in a block")
    }

    fn matrix_mut(self, block: &mut [f64]) -> ArrayViewMut2<'_, f64> {
        let shape = (block.len() / self.stride, self.padded).strides((self.stride, 1));
        ArrayViewMut2::from_shape(shape, block).expect("rows lie in a block")
    }
}

/// Z = W A + b.
#[inline(always)]
fn weighted_sums(layer: &Dense, inputs: &[f64], sums: &mut [f64], size: Size) {
    let (weights, biases) = layer.slices();
    if weights.len() >= LARGE {
        for (row, &bias) in size.rows_mut(sums).zip(biases) {
            row.fill(bias);
        }
        let inputs = size.matrix(inputs);
        general_mat_mul(
            1.0,
            &layer.weights,
            &inputs,
            1.0,
            &mut size.matrix_mut(sums),
        );
        return;
    }
    let of_units = weights.chunks_exact(layer.inputs()).zip(biases);
    for ((weights, &bias), sums) in of_units.zip(size.rows_mut(sums)) {
        for (at, sums) in sums.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let mut sum = [bias; LANES];
            for (&weight, inputs) in weights.iter().zip(inputs.chunks_exact(size.stride)) {
                let inputs = &inputs.as_chunks::<LANES>().0[at];
                for (sum, &input) in sum.iter_mut().zip(inputs) {
                    *sum = weight.mul_add(input, *sum);
                }
            }
            *sums = sum;
        }
    }
}

/// dA = W' dZ.
#[inline(always)]
fn transposed_sums(layer: &Dense, dz: &[f64], da: &mut [f64], size: Size) {
    let weights = layer.slices().0;
    if weights.len() >= LARGE {
        let weights = layer.weights.t();
        general_mat_mul(
            1.0,
            &weights,
            &size.matrix(dz),
            0.0,
            &mut size.matrix_mut(da),
        );
        return;
    }
    for (input, da) in size.rows_mut(da).enumerate() {
        for (at, da) in da.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let mut sum = [0.0; LANES];
            let rows = weights.chunks_exact(layer.inputs());
            for (weights, dz) in rows.zip(dz.chunks_exact(size.stride)) {
                let weight = weights[input];
                let dz = &dz.as_chunks::<LANES>().0[at];
                for (sum, &dz) in sum.iter_mut().zip(dz) {
                    *sum = weight.mul_add(dz, *sum);
                }
            }
            *da = sum;
        }
    }
}

/// dW += dZ A', db += row sums of dZ.
#[inline(always)]
fn add_products(dz: &[f64], a: &[f64], weights: &mut [f64], biases: &mut [f64], size: Size) {
    for (bias, dz) in biases.iter_mut().zip(size.rows(dz)) {
        *bias += sum(dz);
    }
    if weights.len() >= LARGE {
        let shape = (biases.len(), weights.len() / biases.len());
        let mut weights = ArrayViewMut2::from_shape(shape, weights).expect("units x inputs");
        general_mat_mul(
            1.0,
            &size.matrix(dz),
            &size.matrix(a).t(),
            1.0,
            &mut weights,
        );
        return;
    }
    let inputs = weights.len() / biases.len();
    for (weights, dz) in weights.chunks_exact_mut(inputs).zip(size.rows(dz)) {
        for (weight, a) in weights.iter_mut().zip(size.rows(a)) {
            *weight += dot(dz, a);
        }
    }
}

/// The sum of products, in [`LANES`] sums that are added up pairwise at the end. Both have a multiple of that length.
#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a
        .as_chunks::<LANES>()
        .0
        .iter()
        .zip(b.as_chunks::<LANES>().0)
    {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum = a.mul_add(b, *sum);
        }
    }
    pairwise(sums)
}

/// The sum, in [`LANES`] sums and what is left over.
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

/// A = f(Z) in place. Not 0 if a sum was not finite.
#[inline(always)]
fn activate(
    activation: Activation,
    rows: &mut [f64],
    size: Size,
    scratch: &mut [Vec<f64>; 3],
) -> u64 {
    let mut infinite = 0;
    match activation {
        Activation::Tanh => {
            for row in size.rows_mut(rows) {
                for z in row {
                    infinite |= is_infinite(*z);
                    *z = vector::tanh(*z);
                }
            }
        }
        Activation::Sigmoid => {
            for row in size.rows_mut(rows) {
                for z in row {
                    infinite |= is_infinite(*z);
                    *z = vector::sigmoid(*z);
                }
            }
        }
        Activation::Relu => {
            for row in size.rows_mut(rows) {
                for z in row {
                    infinite |= is_infinite(*z);
                    *z = if *z < 0.0 { 0.0 } else { *z };
                }
            }
        }
        Activation::Identity => {
            for row in size.rows(rows) {
                for &z in row {
                    infinite |= is_infinite(z);
                }
            }
        }
        Activation::Softmax => {
            let [largest, sums, _] = scratch;
            infinite |= find_largest(rows, size, largest);
            softmax(rows, size, largest, sums);
        }
    }
    infinite
}

/// dZ = dA f'(Z) in place, by the activations A.
#[inline(always)]
fn slope(activation: Activation, a: &[f64], da: &mut [f64], size: Size, means: &mut [f64]) {
    if activation == Activation::Softmax {
        let means = &mut means[..size.padded];
        means.fill(0.0);
        for (a, da) in size.rows(a).zip(size.rows(da)) {
            for ((mean, &a), &da) in means.iter_mut().zip(a).zip(da) {
                *mean += a * da;
            }
        }
    }
    for (a, da) in size.rows(a).zip(size.rows_mut(da)) {
        let both = da.iter_mut().zip(a);
        match activation {
            Activation::Tanh => both.for_each(|(da, &a)| *da *= (-a).mul_add(a, 1.0)),
            Activation::Sigmoid => both.for_each(|(da, &a)| *da *= a * (1.0 - a)),
            Activation::Relu => both.for_each(|(da, &a)| *da = if a > 0.0 { *da } else { 0.0 }),
            Activation::Identity => {}
            Activation::Softmax => {
                both.zip(&*means)
                    .for_each(|((da, &a), &mean)| *da = (*da - mean) * a);
            }
        }
    }
}

/// From the sums Z of a sigmoid unit, in place of which come the activations, and its targets: the slopes along Z, and the loss of each
/// sample, softplus(Z) - Y Z. Not 0 if a sum was not finite.
#[inline(always)]
fn sigmoid_cross_entropy(a: &mut [f64], y: &[f64], dz: &mut [f64], terms: &mut [f64]) -> u64 {
    let mut infinite = 0;
    for (((a, &y), dz), term) in a.iter_mut().zip(y).zip(dz).zip(terms) {
        let z = *a;
        infinite |= is_infinite(z);
        let (sigmoid, e) = vector::sigmoid_and_exp(z);
        // max(z, 0) - y z without a difference of large numbers, as in `cross_entropy`.
        let wrong = if z > 0.0 { (1.0 - y) * z } else { -y * z };
        *term = wrong + vector::ln_1p(e);
        *dz = sigmoid - y;
        *a = sigmoid;
    }
    infinite
}

/// The largest of each sample's sums. Not 0 if one was not finite.
#[inline(always)]
fn find_largest(rows: &[f64], size: Size, largest: &mut [f64]) -> u64 {
    let mut infinite = 0;
    largest.fill(f64::NEG_INFINITY);
    for row in size.rows(rows) {
        for (largest, &z) in largest.iter_mut().zip(row) {
            infinite |= is_infinite(z);
            *largest = if z > *largest { z } else { *largest };
        }
    }
    infinite
}

/// A = exp(Z - largest) / sum of them, in place.
#[inline(always)]
fn softmax(rows: &mut [f64], size: Size, largest: &[f64], sums: &mut [f64]) {
    sums.fill(0.0);
    for row in size.rows_mut(rows) {
        for ((z, &largest), sum) in row.iter_mut().zip(largest).zip(&mut *sums) {
            *z = vector::exp(*z - largest);
            *sum += *z;
        }
    }
    for row in size.rows_mut(rows) {
        for (e, &sum) in row.iter_mut().zip(&*sums) {
            *e /= sum;
        }
    }
}

/// dZ = A - Y.
#[inline(always)]
fn subtract(a: &[f64], y: &[f64], dz: &mut [f64], size: Size) {
    for ((a, y), dz) in size.rows(a).zip(size.rows(y)).zip(size.rows_mut(dz)) {
        for ((dz, &a), &y) in dz.iter_mut().zip(a).zip(y) {
            *dz = a - y;
        }
    }
}

/// How many were right, of how many: as [`Network::evaluate`](super::Network::evaluate) has it.
#[inline(always)]
fn judge(
    activation: Activation,
    a: &[f64],
    y: &[f64],
    size: Size,
    scratch: &mut [Vec<f64>; 3],
) -> (usize, usize) {
    let samples = size.samples;
    let mut right: u64 = 0;
    match activation {
        Activation::Sigmoid => {
            let mut judged = 0;
            for (a, y) in size.rows(a).zip(size.rows(y)) {
                for (&a, &y) in a[..samples].iter().zip(y) {
                    right += u64::from((a > 0.5) == (y > 0.5));
                }
                judged += samples;
            }
            (right as usize, judged)
        }
        Activation::Softmax => {
            let [largest, its_target, largest_target] = scratch;
            largest.fill(f64::NEG_INFINITY);
            largest_target.fill(f64::NEG_INFINITY);
            for (a, y) in size.rows(a).zip(size.rows(y)) {
                let found = largest
                    .iter_mut()
                    .zip(&mut *its_target)
                    .zip(&mut *largest_target);
                for (((best, its), top), (&a, &y)) in found.zip(a.iter().zip(y)) {
                    *its = if a > *best { y } else { *its };
                    *best = if a > *best { a } else { *best };
                    *top = if y > *top { y } else { *top };
                }
            }
            for (its, top) in its_target[..samples].iter().zip(&*largest_target) {
                right += u64::from(its >= top);
            }
            (right as usize, samples)
        }
        Activation::Tanh | Activation::Relu | Activation::Identity => (0, 0),
    }
}
