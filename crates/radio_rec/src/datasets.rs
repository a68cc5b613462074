//! Data sets to learn on, made from a seed.
//!
//! ```
//! use radio_rec::datasets::{GaussianQuantiles, gaussian_quantiles};
//!
//! let disc = gaussian_quantiles(&GaussianQuantiles { n_samples: 2000, n_classes: 2, covariance: 0.7, ..Default::default() }, 1606)?;
//! assert_eq!(disc.x.dim(), (2000, 2));
//! let (x, y) = disc.to_columns();
//! assert_eq!((x.dim(), y.dim()), ((2, 2000), (1, 2000)));
//! # Ok::<(), radio_rec::Error>(())
//! ```

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::{Error, Result};

/// Points and the class of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// The points, `n_samples` x `n_features`: a row a sample.
    pub x: Array2<f64>,
    /// The class of each sample, from 0 to `n_classes - 1`; as long as `x` has rows.
    pub labels: Vec<usize>,
}

impl Dataset {
    /// The same data as a network reads it, a column a sample: X with `n_features` x m numbers, and Y with 1 x m, the
    /// labels as numbers.
    pub fn to_columns(&self) -> (Array2<f64>, Array2<f64>) {
        // `as_standard_layout` lays the transposed rows out anew: a network walks over them again and again.
        let x = self.x.t().as_standard_layout().into_owned();
        let y = self.labels.iter().map(|&label| label as f64);
        (x, Array1::from_iter(y).insert_axis(Axis(0)))
    }
}

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
/// (<https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_gaussian_quantiles.html>), from a generator of
/// its own: the same `seed` gives the same bits here, but not the points that scikit-learn draws for it.
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
    check(n_samples, n_features, n_classes, covariance)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draws = standard_normal(n_samples, n_features, &mut rng);
    let mut dataset = shells(&draws, n_classes, covariance);
    if shuffle {
        let mut order: Vec<usize> = (0..n_samples).collect();
        order.shuffle(&mut rng);
        dataset = Dataset {
            x: dataset.x.select(Axis(0), &order),
            labels: order.iter().map(|&i| dataset.labels[i]).collect(),
        };
    }
    Ok(dataset)
}

/// [`gaussian_quantiles`] from given draws of the standard normal distribution instead of a seed, in order from the
/// centre outwards: for the numbers of another generator.
///
/// `draws` has `n_samples` x `n_features` numbers, a row a sample. Samples at the same distance keep their order.
///
/// # Errors
///
/// [`Error::InvalidParameter`] as in [`gaussian_quantiles`], and where a draw is not a finite number.
pub fn gaussian_quantiles_from_draws(
    draws: &ArrayRef2<f64>,
    n_classes: usize,
    covariance: f64,
) -> Result<Dataset> {
    check(draws.nrows(), draws.ncols(), n_classes, covariance)?;
    if let Some(((row, column), value)) = draws.indexed_iter().find(|(_, v)| !v.is_finite()) {
        return Err(Error::InvalidParameter {
            name: "draws",
            value: format!("{value} in row {row}, column {column}"),
            expected: "finite numbers".into(),
        });
    }
    Ok(shells(draws, n_classes, covariance))
}

/// `rows` x `columns` draws from the standard normal distribution, row by row.
pub(crate) fn standard_normal(rows: usize, columns: usize, rng: &mut impl Rng) -> Array2<f64> {
    Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(rng))
}

fn check(n_samples: usize, n_features: usize, n_classes: usize, covariance: f64) -> Result<()> {
    let invalid = |name, value: String, expected: String| {
        Err(Error::InvalidParameter {
            name,
            value,
            expected,
        })
    };
    for (name, value) in [
        ("n_samples", n_samples),
        ("n_features", n_features),
        ("n_classes", n_classes),
    ] {
        if value == 0 {
            return invalid(name, "0".into(), "at least 1".into());
        }
    }
    if n_samples
        .checked_mul(n_features)
        .is_none_or(|n| n > isize::MAX as usize / 8)
    {
        return invalid(
            "n_samples",
            format!("{n_samples} (with {n_features} features)"),
            "small enough for the memory".into(),
        );
    }
    if n_classes > n_samples {
        return invalid(
            "n_classes",
            n_classes.to_string(),
            format!("at most the number of samples, {n_samples}"),
        );
    }
    if !(covariance.is_finite() && covariance >= 0.0) {
        return invalid(
            "covariance",
            covariance.to_string(),
            "a finite number, at least 0".into(),
        );
    }
    Ok(())
}

/// The heart of [`gaussian_quantiles`]: scale, order by distance, count off.
fn shells(draws: &ArrayRef2<f64>, n_classes: usize, covariance: f64) -> Dataset {
    let x = draws * covariance.sqrt();
    let distances: Vec<f64> = x.rows().into_iter().map(|row| row.dot(&row)).collect();
    let mut order: Vec<usize> = (0..distances.len()).collect();
    order.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
    let per_class = order.len() / n_classes;
    Dataset {
        x: x.select(Axis(0), &order),
        labels: (0..order.len())
            .map(|rank| (rank / per_class).min(n_classes - 1))
            .collect(),
    }
}
