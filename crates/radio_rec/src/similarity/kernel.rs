//! One row against all others: the sums of products that every measure is made of.
//!
//! A row's sums are Σ over its columns of value · (the row of that column in the other orientation). What costs time is
//! memory: each of these rows is somewhere else. So they are stored as narrow as they can be (16-bit columns where
//! there are at most 65,536, no values where all are 1, 8- or 16-bit values where all are small whole numbers), and
//! asked for a few rows ahead. A row's sums are added in the order of its columns, whatever thread does it.

use std::ops::AddAssign;

use crate::interactions::Compressed;
use crate::prefetch::prefetch;

/// The number of a column, narrow.
pub(super) trait Column: Copy + Sync {
    /// The column as an index.
    fn at(self) -> usize;
}

impl Column for u16 {
    fn at(self) -> usize {
        usize::from(self)
    }
}

impl Column for u32 {
    fn at(self) -> usize {
        self as usize
    }
}

/// A stored value: `()` where all are 1, `u8` or `u16` where all are whole, `f64` otherwise.
pub(super) trait Value: Copy + Sync {
    /// What products are summed in.
    type Sum: Sum;

    /// The product of two values.
    fn times(self, other: Self) -> Self::Sum;
}

impl Value for () {
    type Sum = u32;

    fn times(self, (): Self) -> u32 {
        1
    }
}

impl Value for u16 {
    type Sum = u32;

    fn times(self, other: Self) -> u32 {
        u32::from(self) * u32::from(other)
    }
}

impl Value for u8 {
    type Sum = u32;

    fn times(self, other: Self) -> u32 {
        u32::from(self) * u32::from(other)
    }
}

impl Value for f64 {
    type Sum = f64;

    fn times(self, other: Self) -> f64 {
        self * other
    }
}

/// A sum of products. Whole ones are exact and stay below 2³¹.
pub(super) trait Sum: Copy + Default + PartialEq + AddAssign + Send {
    /// The number that sums are compared with; its rounding is far below [`MARGIN`](super::measure::MARGIN).
    type Bound: Copy + Send + Sync;

    /// The sum as a double, exactly.
    fn as_f64(self) -> f64;

    /// A bound, rounded.
    fn bound(value: f64) -> Self::Bound;

    /// Whether a sum is above 0 and at least `constant + slope * of_row`.
    fn reaches(self, constant: Self::Bound, slope: Self::Bound, of_row: Self::Bound) -> bool;
}

impl Sum for u32 {
    type Bound = f32;

    fn as_f64(self) -> f64 {
        f64::from(self)
    }

    fn bound(value: f64) -> f32 {
        value as f32
    }

    // By way of i32, for which every processor has a conversion of several numbers at once.
    #[inline(always)]
    fn reaches(self, constant: f32, slope: f32, of_row: f32) -> bool {
        let sum = self as i32 as f32;
        (sum > 0.0) & (sum >= constant + slope * of_row)
    }
}

impl Sum for f64 {
    type Bound = f64;

    fn as_f64(self) -> f64 {
        self
    }

    fn bound(value: f64) -> f64 {
        value
    }

    #[inline(always)]
    fn reaches(self, constant: f64, slope: f64, of_row: f64) -> bool {
        (self > 0.0) & (self >= constant + slope * of_row)
    }
}

/// Both orientations of a matrix: `rows`, of which each is compared with all others, and `across`, its transpose.
pub(super) struct Sides<'a, C, V> {
    rows: &'a Compressed,
    across: &'a Compressed,
    across_columns: &'a [C],
    row_values: &'a [V],
    across_values: &'a [V],
}

/// How many rows ahead are prefetched.
const AHEAD: usize = 4;

impl<'a, C: Column, V: Value> Sides<'a, C, V> {
    /// The columns of `across` and the values of both come narrow, in place of those that the matrices hold.
    pub(super) fn new(
        rows: &'a Compressed,
        across: &'a Compressed,
        across_columns: &'a [C],
        row_values: &'a [V],
        across_values: &'a [V],
    ) -> Self {
        // Asked once for all, because the innermost loop does not.
        let fits = |column: &C| column.at() < rows.rows();
        assert!(across_columns.iter().all(fits), "a transposed matrix");
        Self {
            rows,
            across,
            across_columns,
            row_values,
            across_values,
        }
    }

    /// How many columns the rows have.
    pub(super) fn columns(&self) -> usize {
        self.across.rows()
    }

    /// Adds the products of `row` with every other row to `sums`, and says how many additions that took.
    pub(super) fn add_products(&self, row: usize, sums: &mut [V::Sum]) -> usize {
        let range = self.rows.range(row);
        let columns = self.rows.row(row).0;
        let mut additions = 0;
        assert!(sums.len() >= self.rows.rows(), "a sum for each row");
        for (n, (&column, &value)) in columns.iter().zip(&self.row_values[range]).enumerate() {
            if let Some(&later) = columns.get(n + AHEAD) {
                let later = self.across.range(later as usize);
                prefetch(&self.across_columns[later.clone()]);
                prefetch(&self.across_values[later]);
            }
            let range = self.across.range(column as usize);
            additions += range.len();
            let others = &self.across_columns[range.clone()];
            for (other, &other_value) in others.iter().zip(&self.across_values[range]) {
                // SAFETY: `new` and the assertion above have seen that every column has its sum.
                let sum = unsafe { sums.get_unchecked_mut(other.at()) };
                *sum += value.times(other_value);
            }
        }
        additions
    }

    /// Calls `visit` with every row that has a column in common with `row`, some of them several times.
    pub(super) fn for_each_met(&self, row: usize, mut visit: impl FnMut(usize)) {
        for &column in self.rows.row(row).0 {
            for other in &self.across_columns[self.across.range(column as usize)] {
                visit(other.at());
            }
        }
    }
}
