//! Arrays that data sets and networks share: draws, targets, and which sizes and shapes there are.

use ndarray::{Array2, ArrayRef2, Axis};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{Error, Result};

/// Whether the size in bytes of an array of `rows` x `columns` numbers is one that can be allocated at all.
pub(crate) fn is_addressable(rows: usize, columns: usize) -> bool {
    // An array without numbers must not have too many rows or columns either.
    let most = isize::MAX as usize / size_of::<f64>();
    let numbers = rows.max(1).checked_mul(columns.max(1));
    numbers.is_some_and(|numbers| numbers <= most)
}

/// That there can be an array of `size` x `other` numbers. `of` is in words what the second size counts.
pub(crate) fn size(name: &'static str, size: usize, other: usize, of: &str) -> Result<()> {
    if is_addressable(size, other) {
        return Ok(());
    }
    let value = format!("{size} (with {other} {of})");
    Err(Error::invalid(name, value, "small enough for the memory"))
}

/// The shape of `array` in words.
pub(crate) fn in_words(array: &ArrayRef2<f64>) -> String {
    format!("{} x {}", array.nrows(), array.ncols())
}

/// `rows` x `columns` draws from the standard normal distribution, row by row.
pub(crate) fn standard_normal(rows: usize, columns: usize, rng: &mut impl Rng) -> Array2<f64> {
    Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(rng))
}

/// Targets for a softmax layer, `n_classes` x m: in the column of each sample a 1 in the row of its class, and 0
/// elsewhere.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for a label that is not below `n_classes`, with its place, and for so many classes that
/// no memory holds the array.
pub fn one_hot(labels: &[usize], n_classes: usize) -> Result<Array2<f64>> {
    size("n_classes", n_classes, labels.len(), "samples")?;
    let mut y = Array2::zeros((n_classes, labels.len()));
    for ((sample, &label), mut column) in labels.iter().enumerate().zip(y.axis_iter_mut(Axis(1))) {
        match column.get_mut(label) {
            Some(target) => *target = 1.0,
            None => {
                let value = format!("{label} for sample {sample}");
                let range = format!("classes from 0, below n_classes = {n_classes}");
                return Err(Error::invalid("labels", value, range));
            }
        }
    }
    Ok(y)
}
