//! Compressed sparse rows.

/// A sparse matrix by its rows: the columns of a row ascend, and none occurs twice.
pub(crate) struct Compressed {
    /// Row `r` is `offsets[r]..offsets[r + 1]` of the other two.
    offsets: Vec<usize>,
    columns: Vec<u32>,
    values: Vec<f64>,
    /// Of each row the sum of its squared values.
    squared_norms: Vec<f64>,
}

impl Compressed {
    /// From (row, column, value) in any order, where every row is below `rows`.
    ///
    /// Values of the same place are added up, in the order given, which gives the same bits on every run. Zeros are
    /// dropped.
    pub(crate) fn from_entries(rows: usize, entries: &[(u32, u32, f64)]) -> Self {
        let stored = || entries.iter().filter(|entry| entry.2 != 0.0);
        let mut ends = vec![0; rows + 1];
        for &(row, _, _) in stored() {
            ends[row as usize + 1] += 1;
        }
        for row in 0..rows {
            ends[row + 1] += ends[row];
        }
        let mut next = ends.clone();
        let mut columns = vec![0; ends[rows]];
        let mut values = vec![0.0; ends[rows]];
        for &(row, column, value) in stored() {
            let at = next[row as usize];
            next[row as usize] += 1;
            columns[at] = column;
            values[at] = value;
        }

        let mut offsets = vec![0; rows + 1];
        let mut row_entries = Vec::new();
        let mut kept = 0;
        for row in 0..rows {
            let range = ends[row]..ends[row + 1];
            row_entries.clear();
            row_entries.extend(range.map(|at| (columns[at], values[at])));
            sort_and_sum(&mut row_entries);
            for &(column, value) in &row_entries {
                columns[kept] = column;
                values[kept] = value;
                kept += 1;
            }
            offsets[row + 1] = kept;
        }
        columns.truncate(kept);
        values.truncate(kept);
        Self::with_norms(offsets, columns, values)
    }

    /// The transposed matrix, of `rows` rows: a counting sort by column.
    pub(crate) fn transposed(&self, rows: usize) -> Self {
        let mut offsets = vec![0; rows + 1];
        for &column in &self.columns {
            offsets[column as usize + 1] += 1;
        }
        for row in 0..rows {
            offsets[row + 1] += offsets[row];
        }
        let mut next = offsets.clone();
        let mut columns = vec![0; self.nnz()];
        let mut values = vec![0.0; self.nnz()];
        for row in 0..self.rows() {
            let (row_columns, row_values) = self.row(row);
            for (&column, &value) in row_columns.iter().zip(row_values) {
                let at = next[column as usize];
                next[column as usize] += 1;
                columns[at] = row as u32;
                values[at] = value;
            }
        }
        Self::with_norms(offsets, columns, values)
    }

    pub(crate) fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    pub(crate) fn nnz(&self) -> usize {
        self.columns.len()
    }

    /// The columns and the values of a row.
    pub(crate) fn row(&self, row: usize) -> (&[u32], &[f64]) {
        let range = self.range(row);
        (&self.columns[range.clone()], &self.values[range])
    }

    /// Where the columns and the values of a row lie among those of all rows.
    pub(crate) fn range(&self, row: usize) -> std::ops::Range<usize> {
        self.offsets[row]..self.offsets[row + 1]
    }

    /// Where the value of a place lies among those of all rows; `None` if none is stored.
    pub(crate) fn place(&self, row: usize, column: u32) -> Option<usize> {
        let range = self.range(row);
        let within = self.columns[range.clone()].binary_search(&column).ok()?;
        Some(range.start + within)
    }

    /// The columns of all rows, one row after the other.
    pub(crate) fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// The values of all rows, one row after the other.
    pub(crate) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The matrix with the value at each (row, column, value) replaced.
    pub(crate) fn map(&self, new: impl Fn(u32, u32, f64) -> f64) -> Self {
        let mut values = Vec::with_capacity(self.nnz());
        for row in 0..self.rows() {
            let (columns, old) = self.row(row);
            let stored = columns.iter().zip(old);
            values.extend(stored.map(|(&column, &value)| new(row as u32, column, value)));
        }
        Self::with_norms(self.offsets.clone(), self.columns.clone(), values)
    }

    /// The sum of the squared values of a row.
    pub(crate) fn squared_norm(&self, row: usize) -> f64 {
        self.squared_norms[row]
    }

    fn with_norms(offsets: Vec<usize>, columns: Vec<u32>, values: Vec<f64>) -> Self {
        let squared_norms = offsets
            .windows(2)
            .map(|ends| {
                values[ends[0]..ends[1]]
                    .iter()
                    .map(|value| value * value)
                    .sum()
            })
            .collect();
        Self {
            offsets,
            columns,
            values,
            squared_norms,
        }
    }
}

/// Sorts (column, value) by column, and adds up values of the same column in the order given.
pub(crate) fn sort_and_sum(entries: &mut Vec<(u32, f64)>) {
    entries.sort_by_key(|&(column, _)| column);
    entries.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn to_dense(matrix: &Compressed, columns: usize) -> Vec<Vec<f64>> {
        (0..matrix.rows())
            .map(|row| {
                let mut dense = vec![0.0; columns];
                let (columns, values) = matrix.row(row);
                for (&column, &value) in columns.iter().zip(values) {
                    dense[column as usize] = value;
                }
                dense
            })
            .collect()
    }

    proptest! {
        #[test]
        fn rows_and_columns_hold_what_was_put_in(
            entries in prop::collection::vec((0u32..6, 0u32..5, 1u8..4), 0..30)
        ) {
            let mut expected = vec![vec![0.0; 5]; 6];
            for &(row, column, value) in &entries {
                expected[row as usize][column as usize] += f64::from(value);
            }
            let entries: Vec<_> = entries.into_iter().map(|(r, c, v)| (r, c, f64::from(v))).collect();
            let matrix = Compressed::from_entries(6, &entries);
            prop_assert_eq!(&to_dense(&matrix, 5), &expected);

            let transposed = to_dense(&matrix.transposed(5), 6);
            for row in 0..6 {
                let norm: f64 = expected[row].iter().map(|value| value * value).sum();
                prop_assert_eq!(matrix.squared_norm(row), norm);
                prop_assert!(matrix.row(row).0.is_sorted_by(|a, b| a < b));
                for column in 0..5 {
                    prop_assert_eq!(transposed[column][row], expected[row][column]);
                }
            }
        }
    }
}
