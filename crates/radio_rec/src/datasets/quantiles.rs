//! Shells around a centre.

use ndarray::{ArrayRef2, ArrayView1, Axis};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::{Dataset, check};
use crate::arrays::standard_normal;
use crate::{Error, Result};

/// What [`gaussian_quantiles`] shall make. The defaults are those of scikit-learn.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `n_samples` | 100 | the number of points | at least 1, and at least `n_classes` |
/// | `n_features` | 2 | the dimension of a point | at least 1 |
/// | `n_classes` | 3 | the number of shells | at least 1 |
/// | `covariance` | 1.0 | the variance of each coordinate; the features are independent | finite, at least 0 |
/// | `shuffle` | `true` | whether the order of the samples is random, or from the centre outwards | |
#[derive(Debug, Clone, PartialEq)]
pub struct GaussianQuantiles {
    /// The number of points.
    pub n_samples: usize,
    /// The dimension of a point.
    pub n_features: usize,
    /// The number of shells, which are the classes.
    pub n_classes: usize,
    /// The variance of each coordinate.
    pub covariance: f64,
    /// Whether the samples come in random order, or from the centre outwards.
    pub shuffle: bool,
}

impl Default for GaussianQuantiles {
    fn default() -> Self {
        Self {
            n_samples: 100,
            n_features: 2,
            n_classes: 3,
            covariance: 1.0,
            shuffle: true,
        }
    }
}

/// Draws points from a normal distribution around 0 and divides them into classes by their distance from the centre, so
/// that each class is a shell with equally many points; what remains after the division goes to the outermost class.
///
/// This is `sklearn.datasets.make_gaussian_quantiles` with `mean=None`
/// (<https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_gaussian_quantiles.html>), from a
/// generator of its own: the same `seed` gives the same bits here, but not the points that scikit-learn draws for it.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for each range in the table of [`GaussianQuantiles`] that is broken.
pub fn gaussian_quantiles(parameters: &GaussianQuantiles, seed: u64) -> Result<Dataset> {
    let GaussianQuantiles {
        n_samples,
        n_features,
        n_classes,
        covariance,
        shuffle,
    } = *parameters;
    check_all(n_samples, n_features, n_classes, covariance)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draws = standard_normal(n_samples, n_features, &mut rng);
    Ok(shells(&draws, n_classes, covariance)?.shuffled_if(shuffle, &mut rng))
}

/// [`gaussian_quantiles`] from given draws of the standard normal distribution instead of a seed, in order from the
/// centre outwards: for the numbers of another generator.
///
/// `draws` has `n_samples` x `n_features` numbers, a row a sample. Samples at the same distance keep their order.
///
/// # Errors
///
/// [`Error::InvalidParameter`] as in [`gaussian_quantiles`], and where a draw, or a point, is not a finite number.
pub fn gaussian_quantiles_from_draws(
    draws: &ArrayRef2<f64>,
    n_classes: usize,
    covariance: f64,
) -> Result<Dataset> {
    check_all(draws.nrows(), draws.ncols(), n_classes, covariance)?;
    check::finite("draws", draws)?;
    shells(draws, n_classes, covariance)
}

fn check_all(n_samples: usize, n_features: usize, n_classes: usize, covariance: f64) -> Result<()> {
    check::sizes(n_samples, n_features, n_classes)?;
    check::spread("covariance", covariance)
}

/// The heart of [`gaussian_quantiles`]: scale, order by distance, count off.
fn shells(draws: &ArrayRef2<f64>, n_classes: usize, covariance: f64) -> Result<Dataset> {
    let x = draws * covariance.sqrt();
    if x.iter().any(|v| !v.is_finite()) {
        return Err(Error::invalid(
            "covariance",
            covariance,
            "small enough for the points to be finite",
        ));
    }
    let mut distances: Vec<f64> = x.rows().into_iter().map(|row| row.dot(&row)).collect();
    // Squares of points that are very far or very near are infinite, or have lost their digits. The draws are in the
    // same order.
    let is_lost = |square: &f64| !square.is_finite() || *square < f64::MIN_POSITIVE;
    if covariance > 0.0 && distances.iter().any(is_lost) {
        distances = draws.rows().into_iter().map(norm).collect();
    }
    let mut order: Vec<usize> = (0..distances.len()).collect();
    order.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
    let per_class = order.len() / n_classes;
    Ok(Dataset {
        x: x.select(Axis(0), &order),
        labels: (0..order.len())
            .map(|rank| (rank / per_class).min(n_classes - 1))
            .collect(),
    })
}

/// The Euclidean norm, by way of squares of numbers that are at most 1.
fn norm(row: ArrayView1<'_, f64>) -> f64 {
    let largest = row.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let squares: f64 = row.iter().map(|v| (v / largest).powi(2)).sum();
    largest * squares.sqrt()
}
