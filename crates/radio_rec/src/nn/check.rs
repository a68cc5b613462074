//! What an array must be before the network computes with it.

use ndarray::ArrayRef2;

use crate::arrays::in_words;
use crate::{Error, Result};

/// That `array` has `rows` x `columns` numbers. `what` and `because` are words: the array, and where its shape comes
/// from.
pub(super) fn shape(
    what: &str,
    array: &ArrayRef2<f64>,
    (rows, columns): (usize, usize),
    because: &str,
) -> Result<()> {
    if array.dim() == (rows, columns) {
        return Ok(());
    }
    Err(Error::Shape {
        what: what.into(),
        expected: format!("{rows} x {columns} ({because})"),
        found: in_words(array),
    })
}

/// That every number of `array` is finite. `so_that` completes "finite numbers".
pub(super) fn finite(name: &'static str, array: &ArrayRef2<f64>, so_that: &str) -> Result<()> {
    all(
        name,
        array,
        |v| v.is_finite(),
        &format!("finite numbers{so_that}"),
    )
}

/// That every number of the targets `y` can be a probability.
pub(super) fn probabilities(y: &ArrayRef2<f64>) -> Result<()> {
    all("y", y, |v| (0.0..=1.0).contains(&v), "numbers from 0 to 1")
}

/// That the targets of each sample are the probabilities of classes of which one is right.
pub(super) fn columns_sum_to_one(y: &ArrayRef2<f64>) -> Result<()> {
    for (column, probabilities) in y.columns().into_iter().enumerate() {
        let sum = probabilities.sum();
        if (sum - 1.0).abs() > 1e-9 {
            let value = format!("a column of sum {sum} (column {column})");
            return Err(Error::invalid(
                "y",
                value,
                "probabilities of classes, whose sum in each column is 1",
            ));
        }
    }
    Ok(())
}

/// That the learning rate is a number that does not climb.
pub(super) fn rate(rate: f64) -> Result<()> {
    if rate.is_finite() && rate >= 0.0 {
        return Ok(());
    }
    Err(Error::invalid("rate", rate, "a finite number, at least 0"))
}

/// That a cost is a number.
pub(super) fn finite_cost(cost: f64) -> Result<()> {
    if cost.is_finite() {
        return Ok(());
    }
    Err(Error::invalid(
        "cost",
        cost,
        "finite; the outputs are too large",
    ))
}

fn all(
    name: &'static str,
    array: &ArrayRef2<f64>,
    good: fn(f64) -> bool,
    expected: &str,
) -> Result<()> {
    match array.indexed_iter().find(|&(_, &v)| !good(v)) {
        None => Ok(()),
        Some(((row, column), value)) => Err(Error::invalid(
            name,
            format!("{value} in row {row}, column {column}"),
            expected,
        )),
    }
}
