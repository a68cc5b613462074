//! Forward, cost and gradients in one go over blocks of samples that stay in the cache.
//!
//! A block is a few hundred samples at most. For each, the layers are passed forwards and backwards, and the gradients
//! are added up, before the next block begins. Small layers are loops that the compiler vectorises over the samples;
//! large ones are the matrix products of ndarray.
//!
//! Where there is enough to do, the blocks are divided into parts that run on several processors. How many parts there
//! are depends on the shapes alone, and their sums are added in order: the bits do not depend on the number of
//! processors.

use std::ops::Range;

use ndarray::ArrayViewMut2;
use ndarray::linalg::general_mat_mul;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::dense::Dense;
use super::loops::{AT_ONCE, BLOCK, Block, Row, SCRATCH, Size};
use super::vector::Processor;
use super::{Loss, loops};

/// From how many weights on a layer is computed by ndarray's matrix product.
const LARGE: usize = 1 << 13;
/// How much a part has to do at least, in weights and biases times samples, for it to be worth its own processor.
const WORTH: usize = 1 << 22;
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
    fn copy(&self, rows: &[f64], range: Range<usize>, block: &mut [Row], size: Size) {
        for (row, to) in rows
            .chunks_exact(self.all)
            .zip(loops::rows_mut(block, size))
        {
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

    fn drop_inputs(&self, noise: Noise, range: Range<usize>, block: &mut [Row], size: Size) {
        let larger = 1.0 / (1.0 - noise.dropped);
        // A whole number of 53 bits below this one is left out.
        let limit = (noise.dropped * (1_u64 << 53) as f64) as u64;
        for (row, inputs) in loops::rows_mut(block, size).enumerate() {
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
    /// Threads for the parts, which end with this: a process without idle threads can be copied as a whole.
    pool: Option<ThreadPool>,
}

/// What does not change.
struct Plan {
    loss: Option<Loss>,
    /// What a sample costs, in weights and biases.
    work: usize,
    processor: Processor,
}

impl Plan {
    /// How many parts this many samples are divided into.
    fn parts(&self, samples: usize) -> usize {
        let worth = samples.saturating_mul(self.work) / WORTH;
        worth.min(samples.div_ceil(AT_ONCE)).clamp(1, PARTS)
    }
}

/// One processor's memory.
struct Part {
    /// The inputs of a block, then the activations of each layer: units x block, row by row.
    rows: Vec<Block>,
    /// The slopes along the sums Z of each layer, units x block.
    slopes: Vec<Block>,
    /// n_y x block.
    targets: Block,
    /// Rows of a block each, for whatever is needed.
    scratch: Block,
    /// Of each layer, summed over the samples: along W, units x inputs, and b.
    gradients: Vec<(Vec<f64>, Vec<f64>)>,
    /// Whether what is in the gradients of large layers is of another pass.
    stale: bool,
    /// Of each layer, whether a sum was not finite.
    infinite: Vec<u64>,
    totals: Totals,
}

impl Kernel {
    /// For passes over up to `samples` columns through layers of these shapes; without a loss, for predictions only.
    pub(super) fn new(layers: &[Dense], loss: Option<Loss>, samples: usize) -> Self {
        let of_layer = |layer: &Dense| layer.weights.len() + (1 + UNIT) * layer.units();
        let plan = Plan {
            loss,
            work: layers.iter().map(of_layer).sum(),
            processor: Processor::detect(),
        };
        let learning = |units: usize| Block::new(if loss.is_some() { units } else { 0 });
        let learns = |size: usize| vec![0.0; if loss.is_some() { size } else { 0 }];
        let part = || Part {
            rows: std::iter::once(layers[0].inputs())
                .chain(layers.iter().map(Dense::units))
                .map(Block::new)
                .collect(),
            slopes: layers.iter().map(|l| learning(l.units())).collect(),
            targets: learning(layers[layers.len() - 1].units()),
            scratch: Block::new(SCRATCH),
            gradients: layers
                .iter()
                .map(|l| (learns(l.weights.len()), learns(l.units())))
                .collect(),
            stale: true,
            infinite: vec![0; layers.len()],
            totals: Totals::default(),
        };
        let parts = if loss.is_some() {
            plan.parts(samples)
        } else {
            1
        };
        let pool = ThreadPoolBuilder::new();
        let is_wanted = parts > 1 && rayon::current_thread_index().is_none();
        Self {
            plan,
            parts: std::iter::repeat_with(part).take(parts).collect(),
            // Where threads are refused, those that all share may be there.
            pool: is_wanted.then(|| pool.build().ok()).flatten(),
        }
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
        part.begin();
        for block in blocks(0..columns.len()) {
            part.forward(&self.plan, layers, columns, block.clone());
            let rows = part.rows[layers.len()].iter();
            for (to, from) in outputs.chunks_exact_mut(columns.all).zip(rows) {
                to[block.clone()].copy_from_slice(&from[..block.len()]);
            }
        }
        part.first_infinite()
    }

    /// In parts; how many.
    fn pass(&mut self, layers: &[Dense], columns: Columns<'_>, backward: bool) -> usize {
        let plan = &self.plan;
        let samples = columns.len();
        let parts = plan.parts(samples);
        let groups = samples.div_ceil(AT_ONCE);
        let run = |(at, part): (usize, &mut Part)| {
            let from = |at: usize| (at * groups / parts * AT_ONCE).min(samples);
            part.pass(plan, layers, columns, from(at)..from(at + 1), backward);
        };
        match &mut self.parts[..parts] {
            [part] => run((0, part)),
            several => {
                let mut run = || several.par_iter_mut().enumerate().for_each(run);
                match &self.pool {
                    Some(pool) => pool.install(run),
                    None => run(),
                }
            }
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

/// The blocks of a range of samples.
fn blocks(range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let Range { start, end } = range;
    (start..end)
        .step_by(BLOCK)
        .map(move |begin| begin..end.min(begin + BLOCK))
}

impl Part {
    /// Goes over a range of samples.
    fn pass(
        &mut self,
        plan: &Plan,
        layers: &[Dense],
        columns: Columns<'_>,
        range: Range<usize>,
        backward: bool,
    ) {
        self.begin();
        for block in blocks(range.clone()) {
            self.forward(plan, layers, columns, block.clone());
            if let Some(loss) = plan.loss {
                self.cost(plan, loss, layers, columns, block.clone());
            }
            if backward {
                self.backward(plan, layers, block.len());
            }
        }
        self.totals.samples = range.len();
        self.totals.bad = self.first_infinite();
    }

    /// The first layer, from 0, with a sum that is not finite.
    fn first_infinite(&self) -> Option<usize> {
        self.infinite.iter().position(|&infinite| infinite != 0)
    }

    fn begin(&mut self) {
        for (weights, biases) in &mut self.gradients {
            if weights.len() < LARGE {
                weights.fill(0.0);
            }
            biases.fill(0.0);
        }
        self.stale = true;
        self.infinite.fill(0);
        self.totals = Totals::default();
    }

    /// From the inputs to the activations of the last layer; where there is a loss, only to its sums.
    fn forward(
        &mut self,
        plan: &Plan,
        layers: &[Dense],
        columns: Columns<'_>,
        block: Range<usize>,
    ) {
        let size = Size::new(block.len());
        columns.copy(columns.x, block.clone(), &mut self.rows[0], size);
        if let Some(noise) = columns.noise {
            columns.drop_inputs(noise, block, &mut self.rows[0], size);
        }
        for (at, layer) in layers.iter().enumerate() {
            let (before, after) = self.rows.split_at_mut(at + 1);
            let (a, z) = (&before[at], &mut after[0]);
            let (weights, biases) = layer.slices();
            if is_large(layer) {
                for (z, &bias) in loops::rows_mut(z, size).zip(biases) {
                    z.fill(bias);
                }
                let mut z = size.matrix_mut(z);
                general_mat_mul(1.0, &layer.weights, &size.matrix(a), 1.0, &mut z);
            } else {
                loops::weighted_sums(plan.processor, weights, biases, a, z, size);
            }
            if at + 1 < layers.len() || plan.loss.is_none() {
                let scratch = self.scratch.first_chunk_mut().expect("as many rows");
                let f = layer.activation;
                self.infinite[at] |= loops::activate(plan.processor, f, z, size, scratch);
            }
        }
    }

    /// From the sums of the last layer to its activations, the loss, and the slopes along the sums.
    fn cost(
        &mut self,
        plan: &Plan,
        loss: Loss,
        layers: &[Dense],
        columns: Columns<'_>,
        block: Range<usize>,
    ) {
        let size = Size::new(block.len());
        columns.copy(columns.y, block, &mut self.targets, size);
        let last = layers.len() - 1;
        let (f, processor) = (layers[last].activation, plan.processor);
        let (a, y, dz) = (
            &mut self.rows[last + 1],
            &self.targets,
            &mut self.slopes[last],
        );
        let scratch = self.scratch.first_chunk_mut().expect("as many rows");
        let (loss, infinite) = match loss {
            Loss::BinaryCrossEntropy => {
                loops::binary_cross_entropy(processor, a, y, dz, size, scratch)
            }
            Loss::CategoricalCrossEntropy => {
                loops::categorical_cross_entropy(processor, a, y, dz, size, scratch)
            }
            Loss::SquaredError => {
                let infinite = loops::activate(processor, f, a, size, scratch);
                let loss = loops::squared_error(processor, a, y, dz, size);
                loops::slope(processor, f, a, dz, size, &mut scratch[0]);
                (loss, infinite)
            }
        };
        // The padding after the samples must not add to the gradients.
        for dz in loops::rows_mut(dz, size) {
            dz[size.samples..].fill(0.0);
        }
        let (right, judged) = loops::judge(processor, f, a, y, size, scratch);
        self.totals.loss += loss;
        self.totals.right += right;
        self.totals.judged += judged;
        self.infinite[last] |= infinite;
    }

    /// From the slopes along the sums of the last layer to all gradients.
    fn backward(&mut self, plan: &Plan, layers: &[Dense], samples: usize) {
        let size = Size::new(samples);
        let processor = plan.processor;
        for (at, layer) in layers.iter().enumerate().rev() {
            let (before, after) = self.slopes.split_at_mut(at);
            let (dz, a) = (&after[0], &self.rows[at]);
            let (dw, db) = &mut self.gradients[at];
            let large = is_large(layer);
            if large {
                loops::add_row_sums(processor, dz, db, size);
                let mut dw = ArrayViewMut2::from_shape(layer.weights.dim(), dw).expect("as W");
                let kept = if self.stale { 0.0 } else { 1.0 };
                let (dz, a) = (size.matrix(dz), size.matrix(a));
                general_mat_mul(1.0, &dz, &a.t(), kept, &mut dw);
            } else {
                loops::add_products(processor, dz, a, dw, db, size);
            }
            let Some(da) = before.last_mut() else {
                continue;
            };
            let f = layers[at - 1].activation;
            if large {
                let (weights, mut sums) = (layer.weights.t(), size.matrix_mut(da));
                general_mat_mul(1.0, &weights, &size.matrix(dz), 0.0, &mut sums);
                loops::slope(processor, f, a, da, size, &mut self.scratch[0]);
            } else {
                loops::slopes_before(processor, layer.slices().0, dz, f, a, da, size);
            }
        }
        self.stale = false;
    }
}

/// Whether a layer is computed by ndarray's matrix product.
fn is_large(layer: &Dense) -> bool {
    layer.weights.len() >= LARGE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Activation, Initialiser, Network};

    #[test]
    fn only_what_is_worth_it_is_divided() {
        let parts = |units: usize, samples| {
            let layers = [(units, Activation::Tanh), (1, Activation::Sigmoid)];
            let network = Network::new(2, &layers, Initialiser::Xavier, 1).unwrap();
            let loss = Some(Loss::BinaryCrossEntropy);
            Kernel::new(network.layers(), loss, samples).parts.len()
        };
        assert_eq!(parts(4, 2000), 1);
        // As in the test of the bits on several threads.
        assert_eq!(parts(200, 6000), 2);
        assert_eq!(parts(200, 1_000_000), PARTS);
    }
}
