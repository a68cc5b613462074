//! The best of many products of vectors: which items lie nearest to whom, without a product in double precision for
//! each.
//!
//! The score of an item is x · y in double precision, its terms added in their order. It takes two passes. The first is
//! in single precision, for blocks of people and of items, with the items' vectors interleaved in panels, so that one
//! instruction computes for [`LANES`] items; how far its rounding can lead is known, and only items that may still be
//! among the best go on. The second computes those few as the definition has it. So a list is the same to the bit for
//! one and for many, on every processor, and the same as if all scores had been computed in double precision.
//!
//! Panels are in the order of the vectors' lengths, longest first: no product is larger than the two lengths (Cauchy
//! and Schwarz), so what follows a panel that is too short is too short as well (as Teflioudi et al., "LEMP: fast
//! retrieval of large entries in a matrix product", SIGMOD 2015, have it).

use ndarray::{Array2, ArrayView1};

use crate::lanes::{LANES, Registers, with_widest};

use super::super::{History, Wanted};
use crate::interactions::Interactions;

/// How many people are computed for at once: as many as there are registers for.
const TOGETHER: usize = 6;

/// How many panels lie in the cache while all people of a block are computed for.
const PANELS_PER_TILE: usize = 32;

/// Longer vectors could overflow single precision.
const LONGEST: f64 = 1e15;

/// Vectors of items, interleaved.
#[derive(Clone, Default)]
pub(crate) struct Panels {
    factors: usize,
    /// The item of each slot; the last panel may have fewer than [`LANES`].
    items: Vec<u32>,
    /// Of each panel the length of its longest vector.
    lengths: Vec<f64>,
    /// Panels x factors x [`LANES`].
    values: Vec<f32>,
}

impl Panels {
    /// Of the rows of `vectors` (items x factors) of the items that somebody played.
    pub(crate) fn new(vectors: &Array2<f32>, data: &Interactions) -> Self {
        let factors = vectors.ncols();
        let length = |row: ArrayView1<'_, f32>| {
            let squares = row.iter().map(|&y| f64::from(y) * f64::from(y));
            squares.sum::<f64>().sqrt()
        };
        let rows = vectors.rows().into_iter().enumerate();
        let mut by_length: Vec<(u32, f64)> = rows
            .filter(|&(item, _)| !data.by_item().range(item).is_empty())
            .map(|(item, row)| (item as u32, length(row)))
            .collect();
        by_length.sort_by(|a, b| b.1.total_cmp(&a.1));
        let mut values = vec![0.0; by_length.len().div_ceil(LANES) * factors * LANES];
        let panels = values.chunks_exact_mut((factors * LANES).max(1));
        for (panel, items) in panels.zip(by_length.chunks(LANES)) {
            for (lane, &(item, _)) in items.iter().enumerate() {
                for (k, &y) in vectors.row(item as usize).iter().enumerate() {
                    panel[k * LANES + lane] = y;
                }
            }
        }
        let longest = by_length.chunks(LANES).map(|items| items[0].1);
        Self {
            factors,
            lengths: longest.collect(),
            items: by_length.iter().map(|&(item, _)| item).collect(),
            values,
        }
    }

    /// For each x the best items that are wanted, with their scores x · y; `vectors` are those the panels were made of.
    ///
    /// `xs` has a vector of finite numbers for each history.
    pub(crate) fn best(
        &self,
        xs: &[Vec<f64>],
        histories: &[History<'_>],
        wanted: &Wanted,
        vectors: &Array2<f32>,
    ) -> Vec<Vec<(u32, f64)>> {
        let mut candidates: Vec<Candidates> =
            xs.iter().map(|x| Candidates::new(x, wanted)).collect();
        let directions: Vec<Vec<f32>> = xs
            .chunks(TOGETHER)
            .zip(candidates.chunks(TOGETHER))
            .map(|(xs, candidates)| self.directions(xs, candidates))
            .collect();
        let mut products = vec![0.0; TOGETHER * PANELS_PER_TILE * LANES];
        let panel = self.factors * LANES;
        let tiles = self.values.chunks(panel * PANELS_PER_TILE);
        for (tile, first) in tiles.zip((0..).step_by(PANELS_PER_TILE)) {
            for (group, (candidates, histories)) in candidates
                .chunks_mut(TOGETHER)
                .zip(histories.chunks(TOGETHER))
                .enumerate()
            {
                let longest = self.lengths[first];
                if candidates.iter().all(|of| of.is_too_short(longest)) {
                    continue;
                }
                let of_each = tile.len() / self.factors;
                let products = &mut products[..candidates.len() * of_each];
                multiply(
                    &directions[group],
                    candidates.len(),
                    tile,
                    self.factors,
                    products,
                );
                for ((candidates, history), products) in candidates
                    .iter_mut()
                    .zip(histories)
                    .zip(products.chunks_exact(of_each))
                {
                    self.consider(candidates, history, wanted, products, first);
                }
            }
        }
        let exact = |(candidates, x): (Candidates, &Vec<f64>)| {
            let mut top = wanted.top();
            for item in candidates.remaining() {
                let score = product(x, vectors.row(item as usize));
                if top.may_enter(score) {
                    top.push(item, score);
                }
            }
            top.sorted()
        };
        candidates.into_iter().zip(xs).map(exact).collect()
    }

    /// A few x scaled to length 1, for each factor side by side.
    fn directions(&self, xs: &[Vec<f64>], candidates: &[Candidates]) -> Vec<f32> {
        let of = |k: usize| {
            let xs = xs.iter().zip(candidates);
            xs.map(move |(x, of)| (x[k] / of.length) as f32)
        };
        (0..self.factors).flat_map(of).collect()
    }

    /// Which of the products of a tile may be among the best.
    fn consider(
        &self,
        candidates: &mut Candidates,
        history: &History<'_>,
        wanted: &Wanted,
        products: &[f32],
        first_panel: usize,
    ) {
        for (panel, products) in (first_panel..).zip(products.as_chunks::<LANES>().0) {
            let error = self.error_of(panel);
            let least = candidates.least - error;
            // Rounded, by less than the error's own margin.
            let least_narrow = least as f32;
            // Without a branch a product, so that the compiler compares several at once.
            let any =
                (products.iter()).fold(false, |any, &product| any | (product >= least_narrow));
            if !any {
                continue;
            }
            let items = self.items[panel * LANES..].iter().take(LANES);
            for (&item, &product) in items.zip(products) {
                let product = f64::from(product);
                if product >= candidates.least - error && wanted.admits_number(history, item) {
                    candidates.push(item, product, error);
                }
            }
        }
    }

    /// How far a product in single precision can be from the exact one, for an x of length 1.
    ///
    /// Each of the n + 1 roundings of a term and of the sums after it is off by at most 2⁻²⁴ of Σ |x y|, which is at
    /// most the product of the lengths; and by what is too small for a number. With a margin for the roundings of what
    /// is computed here.
    fn error_of(&self, panel: usize) -> f64 {
        let roundings = (self.factors + 8) as f64;
        1.25 * roundings * (2_f64.powi(-24) * self.lengths[panel] + 2_f64.powi(-126))
    }

    /// Whether the vectors are short enough for single precision.
    pub(crate) fn are_short(&self) -> bool {
        self.lengths
            .first()
            .is_none_or(|&longest| longest < LONGEST)
    }
}

/// x · y, its terms added in their order.
pub(crate) fn product(x: &[f64], y: ArrayView1<'_, f32>) -> f64 {
    let y = y.to_slice().expect("a row in one piece");
    x.iter().zip(y).map(|(x, &y)| x * f64::from(y)).sum()
}

/// The items that may be among the best of somebody.
struct Candidates {
    n: usize,
    /// The length of x.
    length: f64,
    /// Items with their products, and how far from exact these can be; in units of the length of x.
    kept: Vec<(u32, f64, f64)>,
    /// How many are kept before some are dropped.
    room: usize,
    /// No exact product below this is among the best; in units of the length of x.
    least: f64,
}

impl Candidates {
    fn new(x: &[f64], wanted: &Wanted) -> Self {
        // By the largest, so that no square is too large or too small for a number.
        let largest = x.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        let squares: f64 = x.iter().map(|x| (x / largest).powi(2)).sum();
        // Of a vector of zeros any length will do.
        let length = if largest > 0.0 {
            largest * squares.sqrt()
        } else {
            1.0
        };
        let mut candidates = Self {
            n: wanted.n(),
            length,
            kept: Vec::new(),
            room: 2 * wanted.n() + 32,
            least: f64::NEG_INFINITY,
        };
        candidates.require(wanted.minimum_score() / length);
        candidates
    }

    /// Whether no vector of this length or a shorter one has a product among the best.
    fn is_too_short(&self, length: f64) -> bool {
        length * (1.0 + 2_f64.powi(-30)) < self.least
    }

    fn push(&mut self, item: u32, product: f64, error: f64) {
        self.kept.push((item, product, error));
        if self.kept.len() >= self.room {
            self.drop_the_rest();
            // Where many are tied none can be dropped: so they are looked at few times.
            self.room = 2 * self.kept.len().max(self.n) + 32;
        }
    }

    fn drop_the_rest(&mut self) {
        if self.kept.len() <= self.n {
            return;
        }
        let mut at_least: Vec<f64> = self.kept.iter().map(|kept| kept.1 - kept.2).collect();
        let (_, &mut nth, _) = at_least.select_nth_unstable_by(self.n - 1, |a, b| b.total_cmp(a));
        self.require(nth);
        let least = self.least;
        self.kept
            .retain(|&(_, product, error)| product + error >= least);
    }

    /// That at least `n` exact products are known to reach this; what is lower by less can be tied with them.
    fn require(&mut self, least: f64) {
        self.least = self.least.max(least - least.abs() * 2_f64.powi(-38));
    }

    fn remaining(mut self) -> impl Iterator<Item = u32> {
        self.drop_the_rest();
        self.kept.into_iter().map(|kept| kept.0)
    }
}

/// The products of `count` directions, for each factor side by side, with the items of panels: for each direction those
/// of all panels.
fn multiply(directions: &[f32], count: usize, panels: &[f32], factors: usize, out: &mut [f32]) {
    with_widest!(
        multiply_with,
        (
            directions: &[f32],
            count: usize,
            panels: &[f32],
            factors: usize,
            out: &mut [f32],
        )
    );
}

#[inline(always)]
fn multiply_with<R: Registers>(
    registers: R,
    directions: &[f32],
    count: usize,
    panels: &[f32],
    factors: usize,
    out: &mut [f32],
) {
    match count {
        1 => multiply_one(registers, directions, panels, factors, out),
        2 => multiply_some::<2, R>(registers, directions, panels, factors, out),
        3 => multiply_some::<3, R>(registers, directions, panels, factors, out),
        4 => multiply_some::<4, R>(registers, directions, panels, factors, out),
        5 => multiply_some::<5, R>(registers, directions, panels, factors, out),
        _ => multiply_some::<TOGETHER, R>(registers, directions, panels, factors, out),
    }
}

#[inline(always)]
fn multiply_some<const N: usize, R: Registers>(
    registers: R,
    directions: &[f32],
    panels: &[f32],
    factors: usize,
    out: &mut [f32],
) {
    let directions = directions.as_chunks::<N>().0;
    let of_each = out.len() / N;
    for (panel, at) in panels
        .chunks_exact(factors * LANES)
        .zip((0..).step_by(LANES))
    {
        let mut sums = [registers.all(0.0); N];
        for (y, x) in panel.as_chunks::<LANES>().0.iter().zip(directions) {
            let y = registers.read(y);
            for n in 0..N {
                sums[n] = registers.multiply_add(registers.all(x[n]), y, sums[n]);
            }
        }
        for n in 0..N {
            let to = &mut out[n * of_each + at..][..LANES];
            registers.write(sums[n], to.first_chunk_mut().expect("as many as lanes"));
        }
    }
}

/// Four panels at once: one alone would wait for each sum.
#[inline(always)]
fn multiply_one<R: Registers>(
    registers: R,
    direction: &[f32],
    panels: &[f32],
    factors: usize,
    out: &mut [f32],
) {
    let panel = factors * LANES;
    let (panels, out) = (panels.chunks(4 * panel), out.chunks_mut(4 * LANES));
    for (panels, out) in panels.zip(out) {
        if out.len() < 4 * LANES {
            multiply_some::<1, R>(registers, direction, panels, factors, out);
            continue;
        }
        let parts: [&[[f32; LANES]]; 4] =
            std::array::from_fn(|part| panels[part * panel..][..panel].as_chunks().0);
        let [a, b, c, d] = parts;
        let mut sums = [registers.all(0.0); 4];
        for ((((x, a), b), c), d) in direction.iter().zip(a).zip(b).zip(c).zip(d) {
            let x = registers.all(*x);
            sums[0] = registers.multiply_add(x, registers.read(a), sums[0]);
            sums[1] = registers.multiply_add(x, registers.read(b), sums[1]);
            sums[2] = registers.multiply_add(x, registers.read(c), sums[2]);
            sums[3] = registers.multiply_add(x, registers.read(d), sums[3]);
        }
        for (sum, out) in sums.into_iter().zip(out.as_chunks_mut().0) {
            registers.write(sum, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Vectors without signs, whose products lose nothing but by rounding.
        #[test]
        fn a_product_in_single_precision_is_as_near_as_is_said(
            pairs in proptest::collection::vec((0.1..1.0_f64, 0.1..1.0_f32), 1..200),
        ) {
            let (x, y): (Vec<f64>, Vec<f32>) = pairs.into_iter().unzip();
            let of_x = x.iter().map(|x| x * x).sum::<f64>().sqrt();
            let of_y = y.iter().map(|&y| f64::from(y).powi(2)).sum::<f64>().sqrt();
            let mut values = vec![0.0; y.len() * LANES];
            for (at, &y) in y.iter().enumerate() {
                values[at * LANES] = y;
            }
            let panels = Panels {
                factors: y.len(),
                items: vec![0],
                lengths: vec![of_y],
                values,
            };
            let direction: Vec<f32> = x.iter().map(|x| (x / of_x) as f32).collect();
            let mut products = vec![0.0; LANES];
            multiply(&direction, 1, &panels.values, panels.factors, &mut products);
            let exact = x.iter().zip(&y).map(|(x, &y)| x / of_x * f64::from(y)).sum::<f64>();
            let error = (f64::from(products[0]) - exact).abs();
            prop_assert!(error <= panels.error_of(0), "{error} of {}", panels.error_of(0));
        }
    }
}
