//! The checks that the charts share.

use ndarray::ArrayRef2;

use crate::{Error, Result};

pub(super) const MOST_PANELS: usize = 100;

/// That there is at least one of `what`, and at most `most`.
pub(super) fn at_most(what: &str, count: usize, most: usize) -> Result<()> {
    if (1..=most).contains(&count) {
        return Ok(());
    }
    Err(Error::Plot {
        message: format!("it has {count} {what}; from 1 to {most} can be shown"),
    })
}

pub(super) fn same_length(what: &str, length: usize, other: &str, expected: usize) -> Result<()> {
    if length == expected {
        return Ok(());
    }
    Err(Error::Shape {
        what: what.into(),
        expected: format!("length {expected}, as {other}"),
        found: format!("length {length}"),
    })
}

pub(super) fn finite(name: &'static str, values: &[f64]) -> Result<()> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::invalid(
            name,
            format!("{} at position {index}", values[index]),
            "finite numbers",
        )),
    }
}

pub(super) fn finite_matrix(name: &'static str, matrix: &ArrayRef2<f64>) -> Result<()> {
    match matrix.indexed_iter().find(|(_, v)| !v.is_finite()) {
        None => Ok(()),
        Some(((row, column), value)) => Err(Error::invalid(
            name,
            format!("{value} in row {row}, column {column}"),
            "finite numbers",
        )),
    }
}

/// That `points` has a row for each of the two coordinates.
pub(super) fn in_the_plane(points: &ArrayRef2<f64>) -> Result<()> {
    if points.nrows() != 2 {
        return Err(Error::Shape {
            what: "points".into(),
            expected: "2 rows, one for each coordinate, and a column a point".into(),
            found: format!("{} x {}", points.nrows(), points.ncols()),
        });
    }
    finite_matrix("points", points)
}

/// That a function of `asked` points answered with a column for each of them, and with finite numbers.
pub(super) fn answers(answers: &ArrayRef2<f64>, points: &ArrayRef2<f64>) -> Result<()> {
    if answers.nrows() == 0 || answers.ncols() != points.ncols() {
        return Err(Error::Shape {
            what: "what the function returned".into(),
            expected: format!(
                "at least one row, and {} columns, one for each point",
                points.ncols()
            ),
            found: format!("{} x {}", answers.nrows(), answers.ncols()),
        });
    }
    match answers.indexed_iter().find(|(_, v)| !v.is_finite()) {
        None => Ok(()),
        Some(((row, column), value)) => Err(Error::Plot {
            message: format!(
                "the function returned {value} in row {row} for the point ({}, {}); it must return finite numbers",
                points[(0, column)],
                points[(1, column)]
            ),
        }),
    }
}
