//! Two half circles that reach into each other.

use std::f64::consts::PI;

use ndarray::{Array2, ArrayRef2};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::{Dataset, check};
use crate::Result;
use crate::arrays::standard_normal;

/// What [`moons`] shall make. The defaults are those of scikit-learn.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `n_samples` | 100 | the number of points | at least 2 |
/// | `noise` | 0.0 | the standard deviation of what is added to each coordinate | finite, at least 0 |
/// | `shuffle` | `true` | whether the order of the samples is random, or along one moon after the other | |
#[derive(Debug, Clone, PartialEq)]
pub struct Moons {
    /// The number of points.
    pub n_samples: usize,
    /// The standard deviation of the normal distribution that is added to each coordinate.
    pub noise: f64,
    /// Whether the samples come in random order, or along one moon after the other.
    pub shuffle: bool,
}

impl Default for Moons {
    fn default() -> Self {
        Self {
            n_samples: 100,
            noise: 0.0,
            shuffle: true,
        }
    }
}

/// Two half circles in the plane: class 0 is (cos t, sin t), and class 1 is (1 - cos t, 1/2 - sin t), each for evenly
/// spaced t from 0 to pi. Half of the points, rounded down, are of class 0.
///
/// This is `sklearn.datasets.make_moons`
/// (<https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_moons.html>). With one seed, the same
/// points move further from the half circles as the noise grows.
///
/// ```
/// use radio_rec::datasets::{Moons, moons};
///
/// let data = moons(&Moons { n_samples: 5, noise: 0.0, shuffle: false }, 1606)?;
/// assert_eq!(data.labels, [0, 0, 1, 1, 1]);
/// assert_eq!(data.x.row(0).to_vec(), [1.0, 0.0]);
/// assert_eq!(data.x.row(2).to_vec(), [0.0, 0.5]);
/// # Ok::<(), radio_rec::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for each range in the table of [`Moons`] that is broken.
pub fn moons(parameters: &Moons, seed: u64) -> Result<Dataset> {
    check::two_classes(parameters.n_samples)?;
    check::spread("noise", parameters.noise)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draws = standard_normal(parameters.n_samples, 2, &mut rng);
    let data = half_circles(parameters.n_samples).with_noise("noise", parameters.noise, &draws)?;
    Ok(data.shuffled_if(parameters.shuffle, &mut rng))
}

/// [`moons`] from given draws of the standard normal distribution instead of a seed, along one moon after the other.
///
/// `draws` has `n_samples` x 2 numbers, a row a sample.
///
/// # Errors
///
/// [`Error::Shape`](crate::Error::Shape) if `draws` has not two columns;
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) as in [`moons`], and where a draw is not a finite
/// number.
pub fn moons_from_draws(draws: &ArrayRef2<f64>, noise: f64) -> Result<Dataset> {
    check::two_classes(draws.nrows())?;
    check::draws(draws, 2)?;
    check::spread("noise", noise)?;
    half_circles(draws.nrows()).with_noise("noise", noise, draws)
}

fn half_circles(n_samples: usize) -> Dataset {
    let outer = n_samples / 2;
    let labels: Vec<usize> = (0..n_samples).map(|i| usize::from(i >= outer)).collect();
    // The angle of place k of n, both ends included; a moon of one point is its beginning.
    let angle = |k: usize, n: usize| k as f64 * (PI / n.saturating_sub(1).max(1) as f64);
    let x = Array2::from_shape_fn((n_samples, 2), |(i, coordinate)| {
        match (labels[i], coordinate) {
            (0, 0) => angle(i, outer).cos(),
            (0, _) => angle(i, outer).sin(),
            (_, 0) => 1.0 - angle(i - outer, n_samples - outer).cos(),
            _ => 0.5 - angle(i - outer, n_samples - outer).sin(),
        }
    });
    Dataset { x, labels }
}
