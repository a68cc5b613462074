//! The checks that the data sets share.

use ndarray::ArrayRef2;

use crate::arrays::{in_words, is_addressable};
use crate::{Error, Result};

/// That there is something of each, not too much of it, and a sample for each class.
pub(super) fn sizes(n_samples: usize, n_features: usize, n_classes: usize) -> Result<()> {
    for (name, value) in [
        ("n_samples", n_samples),
        ("n_features", n_features),
        ("n_classes", n_classes),
    ] {
        if value == 0 {
            return Err(Error::invalid(name, 0, "at least 1"));
        }
    }
    if !is_addressable(n_samples, n_features) {
        return Err(Error::invalid(
            "n_samples",
            format!("{n_samples} (with {n_features} features)"),
            "small enough for the memory",
        ));
    }
    if n_classes > n_samples {
        return Err(Error::invalid(
            "n_classes",
            n_classes,
            format!("at most the number of samples, {n_samples}"),
        ));
    }
    Ok(())
}

/// That `n_samples` points of the plane can be divided among two classes.
pub(super) fn two_classes(n_samples: usize) -> Result<()> {
    if n_samples < 2 {
        return Err(Error::invalid(
            "n_samples",
            n_samples,
            "at least 2, one for each class",
        ));
    }
    sizes(n_samples, 2, 2)
}

/// That `value` can say how far points are spread.
pub(super) fn spread(name: &'static str, value: f64) -> Result<()> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Error::invalid(name, value, "a finite number, at least 0"))
}

/// That all numbers of `array` are finite.
pub(super) fn finite(name: &'static str, array: &ArrayRef2<f64>) -> Result<()> {
    match array.indexed_iter().find(|(_, v)| !v.is_finite()) {
        None => Ok(()),
        Some(((row, column), value)) => Err(Error::invalid(
            name,
            format!("{value} in row {row}, column {column}"),
            "finite numbers",
        )),
    }
}

/// That `draws` are finite and have a column for each of `n_features`.
pub(super) fn draws(draws: &ArrayRef2<f64>, n_features: usize) -> Result<()> {
    if draws.ncols() != n_features {
        return Err(Error::Shape {
            what: "draws".into(),
            expected: format!("{n_features} columns, one for each feature"),
            found: in_words(draws),
        });
    }
    finite("draws", draws)
}
