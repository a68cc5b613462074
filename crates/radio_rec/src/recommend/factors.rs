//! What the models share that describe users and items by vectors of numbers.

use ndarray::{Array2, ArrayView1};

use crate::interactions::Item;
use crate::{Error, Result};

/// The cosine of the angle between the vector of an item and that of each other, an array of items x factors.
pub(super) fn cosines(vectors: &Array2<f32>, item: Item) -> Vec<(Item, f64)> {
    let dot = |a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>| {
        let products = a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
        products.sum::<f64>()
    };
    let of_item = vectors.row(item.index());
    let length = dot(of_item, of_item);
    (0..)
        .map(Item)
        .zip(vectors.rows())
        .filter(|&(other, _)| other != item)
        .map(|(other, row)| (other, dot(of_item, row) / (length * dot(row, row)).sqrt()))
        .filter(|(_, cosine)| cosine.is_finite())
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
