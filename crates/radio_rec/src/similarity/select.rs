//! The k best of a row's sums, most of which are ruled out by one comparison.

use super::kernel::{Column, Sides, Sum, Value};
use super::measure::{Measure, Row, from_distance, squared_distance};
use crate::interactions::Compressed;
use crate::ranking::best_first;

/// Finds the k rows most similar to a row.
pub(super) struct TopK<'a, C, V: Value> {
    sides: Sides<'a, C, V>,
    /// The same matrix with ones as values, where it matters how many columns two rows have in common.
    supports: Option<Sides<'a, C, ()>>,
    measure: Measure,
    k: usize,
    minimum_support: usize,
    shrinkage: f64,
    of_each: &'a [Row],
    /// The matrix in full precision.
    rows: &'a Compressed,
    /// What each row's sum is compared with, up to the slope.
    bounds: Vec<<V::Sum as Sum>::Bound>,
}

/// What a thread sums in: all zeros between two rows.
pub(super) struct Scratch<S> {
    sums: Vec<S>,
    support: Vec<u32>,
}

/// How many sums are compared at once.
const LANES: usize = 16;

/// Where fewer additions than rows / this were made, they are visited again instead of all rows.
const SPARSE: usize = 4;

impl<'a, C: Column, V: Value> TopK<'a, C, V> {
    pub(super) fn new(
        sides: Sides<'a, C, V>,
        supports: Option<Sides<'a, C, ()>>,
        of_each: &'a [Row],
        rows: &'a Compressed,
        (measure, k, minimum_support, shrinkage): (Measure, usize, usize, f64),
    ) -> Self {
        let n = sides.columns() as f64;
        let bound = |&row| V::Sum::bound(measure.bound_of(row, n));
        Self {
            sides,
            supports,
            measure,
            k: k.min(of_each.len()),
            minimum_support,
            shrinkage,
            of_each,
            rows,
            bounds: of_each.iter().map(bound).collect(),
        }
    }

    pub(super) fn scratch(&self) -> Scratch<V::Sum> {
        let rows = self.of_each.len();
        Scratch {
            sums: vec![V::Sum::default(); rows],
            support: vec![0; if self.supports.is_some() { rows } else { 0 }],
        }
    }

    /// The rows most similar to `row`, best first, ties in their order, without itself and what is not above 0.
    pub(super) fn most_similar(
        &self,
        row: usize,
        scratch: &mut Scratch<V::Sum>,
    ) -> Vec<(u32, f64)> {
        let additions = self.sides.add_products(row, &mut scratch.sums);
        if let Some(supports) = &self.supports {
            supports.add_products(row, &mut scratch.support);
        }
        let mut best = Best::new(self, row);
        if additions < self.of_each.len() / SPARSE {
            self.sides.for_each_met(row, |other| {
                best.consider(other, scratch);
                scratch.clear(other);
            });
        } else {
            let (chunks, bounds) = (scratch.sums.chunks(LANES), self.bounds.chunks(LANES));
            for ((sums, bounds), start) in chunks.zip(bounds).zip((0..).step_by(LANES)) {
                // Without a branch a sum, so that the compiler compares several at once.
                let any = sums.iter().zip(bounds).fold(false, |any, (sum, &bound)| {
                    any | sum.reaches(best.constant, best.slope, bound)
                });
                if any {
                    for other in start..start + sums.len() {
                        best.consider(other, scratch);
                    }
                }
            }
            scratch.sums.fill(V::Sum::default());
            scratch.support.fill(0);
        }
        best.sorted()
    }
}

impl<S: Sum> Scratch<S> {
    fn clear(&mut self, row: usize) {
        self.sums[row] = S::default();
        if let Some(support) = self.support.get_mut(row) {
            *support = 0;
        }
    }
}

/// The best of the rows that were considered so far.
struct Best<'a, C, V: Value> {
    of: &'a TopK<'a, C, V>,
    row: usize,
    /// The best k and some that may not be among them.
    kept: Vec<(u32, f64)>,
    /// What a sum must reach at least to be among the best k.
    constant: <V::Sum as Sum>::Bound,
    slope: <V::Sum as Sum>::Bound,
}

impl<'a, C: Column, V: Value> Best<'a, C, V> {
    fn new(of: &'a TopK<'a, C, V>, row: usize) -> Self {
        let mut best = Self {
            of,
            row,
            kept: Vec::new(),
            constant: V::Sum::bound(0.0),
            slope: V::Sum::bound(0.0),
        };
        best.require(0.0);
        best
    }

    fn consider(&mut self, other: usize, scratch: &Scratch<V::Sum>) {
        let of = self.of;
        let sum = scratch.sums[other];
        if !sum.reaches(self.constant, self.slope, of.bounds[other]) || other == self.row {
            return;
        }
        let n = of.sides.columns() as f64;
        let (a, b) = (of.of_each[self.row], of.of_each[other]);
        let common = sum.as_f64();
        if of.measure.is_noise(common, a, b) {
            return;
        }
        let mut similarity = if of.measure.is_lost(common, a, b) {
            from_distance(squared_distance(of.rows.row(self.row), of.rows.row(other)))
        } else {
            of.measure.similarity(common, a, b, n)
        };
        if let Some(&common) = scratch.support.get(other) {
            if (common as usize) < of.minimum_support {
                return;
            }
            let common = f64::from(common);
            similarity *= common / (common + of.shrinkage);
        }
        if similarity > 0.0 {
            self.kept.push((other as u32, similarity));
            // Room for some more than k, so that each is moved about few times.
            if self.kept.len() >= 2 * of.k + LANES {
                self.drop_the_rest();
                let worst = self
                    .kept
                    .iter()
                    .map(|kept| kept.1)
                    .fold(f64::INFINITY, f64::min);
                self.require(worst);
            }
        }
    }

    /// From now on only sums count with which a row can be as similar as this.
    fn require(&mut self, similarity: f64) {
        let of = self.of;
        let n = of.sides.columns() as f64;
        let needed = of.measure.needed(similarity, of.of_each[self.row], n);
        self.constant = V::Sum::bound(needed.constant);
        self.slope = V::Sum::bound(needed.slope);
    }

    fn drop_the_rest(&mut self) {
        if self.of.k < self.kept.len() {
            self.kept.select_nth_unstable_by(self.of.k, best_first);
            self.kept.truncate(self.of.k);
        }
    }

    fn sorted(mut self) -> Vec<(u32, f64)> {
        self.drop_the_rest();
        self.kept.sort_unstable_by(best_first);
        self.kept
    }
}
