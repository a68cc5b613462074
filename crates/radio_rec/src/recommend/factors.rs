//! What the models share that describe users and items by vectors of numbers.

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::{Error, Result};

/// The cosine of the angle between each row and a vector; what is not a number where one of the two is all zeros.
pub(super) fn cosines(rows: ArrayView2<'_, f32>, of: ArrayView1<'_, f32>) -> Vec<f64> {
    let dot = |a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>| {
        let products = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
        products.sum::<f64>()
    };
    let length = dot(of, of);
    let cosine = |row| dot(of, row) / (length * dot(row, row)).sqrt();
    rows.rows().into_iter().map(cosine).collect()
}

/// Numbers with whose they are, without one's own and what is not a number.
pub(super) fn named<I: PartialEq>(
    numbers: Vec<f64>,
    names: impl Iterator<Item = I>,
    own: Option<I>,
) -> Vec<(I, f64)> {
    names
        .zip(numbers)
        .filter(|(name, number)| own.as_ref() != Some(name) && number.is_finite())
        .collect()
}

/// An error unless vectors can have this many numbers.
pub(super) fn check_factors(factors: usize) -> Result<()> {
    match factors {
        1..=1024 => Ok(()),
        _ => Err(invalid("factors", factors, "from 1 to 1024")),
    }
}

/// That vectors which were read are so many, so long, and of numbers.
pub(super) fn check_vectors(
    vectors: &Array2<f32>,
    shape: (usize, usize),
) -> std::result::Result<(), &'static str> {
    if vectors.dim() != shape {
        return Err("its vectors are not those of the users and items");
    }
    if !vectors.iter().all(|number| number.is_finite()) {
        return Err("a vector has something that is not a number");
    }
    Ok(())
}

/// The error for a parameter outside its range.
pub(super) fn invalid(name: &'static str, value: impl ToString, expected: &str) -> Error {
    Error::InvalidParameter {
        name,
        value: value.to_string(),
        expected: expected.into(),
    }
}
