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
    /// From (row, column, value) in any order, where every row is below `rows`. Values of the same place are added up.
    pub(crate) fn from_entries(rows: usize, mut entries: Vec<(u32, u32, f64)>) -> Self {
        // Stable, so that what is added up is added in the order given, and gives the same bits on every run.
        entries.sort_by_key(|&(row, column, _)| (row, column));
        entries.dedup_by(|next, kept| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
            }
            same
        });

        let mut offsets = vec![0; rows + 1];
        for &(row, _, _) in &entries {
            offsets[row as usize + 1] += 1;
        }
        for row in 0..rows {
            offsets[row + 1] += offsets[row];
        }
        let columns = entries.iter().map(|entry| entry.1).collect();
        let values = entries.iter().map(|entry| entry.2).collect();
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
        let range = self.offsets[row]..self.offsets[row + 1];
        (&self.columns[range.clone()], &self.values[range])
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
            let entries = entries.into_iter().map(|(r, c, v)| (r, c, f64::from(v))).collect();
            let matrix = Compressed::from_entries(6, entries);
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
