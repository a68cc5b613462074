//! A circle within a circle.

use std::f64::consts::TAU;

use ndarray::{Array2, ArrayRef2};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::{Dataset, check};
use crate::arrays::standard_normal;
use crate::{Error, Result};

/// What [`circles`] shall make. The defaults are those of scikit-learn.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `n_samples` | 100 | the number of points | at least 2 |
/// | `factor` | 0.8 | the radius of the inner circle; that of the outer is 1 | at least 0, less than 1 |
/// | `noise` | 0.0 | the standard deviation of what is added to each coordinate | finite, at least 0 |
/// | `shuffle` | `true` | whether the order of the samples is random, or around one circle after the other | |
#[derive(Debug, Clone, PartialEq)]
pub struct Circles {
    /// The number of points.
    pub n_samples: usize,
    /// The radius of the inner circle.
    pub factor: f64,
    /// The standard deviation of the normal distribution that is added to each coordinate.
    pub noise: f64,
    /// Whether the samples come in random order, or around one circle after the other.
    pub shuffle: bool,
}

impl Default for Circles {
    fn default() -> Self {
        Self {
            n_samples: 100,
            factor: 0.8,
            noise: 0.0,
            shuffle: true,
        }
    }
}

/// Two circles around 0 in the plane: class 0 is (cos t, sin t), and class 1 is `factor` times that, each for evenly
/// spaced t from 0 to 2 pi, the end left out. Half of the points, rounded down, are of class 0.
///
/// This is `sklearn.datasets.make_circles`
/// (<https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_circles.html>). With one seed, the same
/// points move further from the circles as the noise grows.
///
/// ```
/// use radio_rec::datasets::{Circles, circles};
///
/// let data = circles(&Circles { factor: 0.5, ..Default::default() }, 1606)?;
/// for (point, &label) in data.x.rows().into_iter().zip(&data.labels) {
///     let radius = point[0].hypot(point[1]);
///     assert!((radius - [1.0, 0.5][label]).abs() < 1e-12);
/// }
/// # Ok::<(), radio_rec::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidParameter`] for each range in the table of [`Circles`] that is broken.
pub fn circles(parameters: &Circles, seed: u64) -> Result<Dataset> {
    let Circles {
        n_samples,
        factor,
        noise,
        shuffle,
    } = *parameters;
    check::two_classes(n_samples)?;
    check_factor(factor)?;
    check::spread("noise", noise)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draws = standard_normal(n_samples, 2, &mut rng);
    let data = two_circles(n_samples, factor).with_noise("noise", noise, &draws)?;
    Ok(data.shuffled_if(shuffle, &mut rng))
}

/// [`circles`] from given draws of the standard normal distribution instead of a seed, around one circle after the
/// other.
///
/// `draws` has `n_samples` x 2 numbers, a row a sample.
///
/// # Errors
///
/// [`Error::Shape`] if `draws` has not two columns; [`Error::InvalidParameter`] as in [`circles`], and where a draw is
/// not a finite number.
pub fn circles_from_draws(draws: &ArrayRef2<f64>, factor: f64, noise: f64) -> Result<Dataset> {
    check::two_classes(draws.nrows())?;
    check::draws(draws, 2)?;
    check_factor(factor)?;
    check::spread("noise", noise)?;
    two_circles(draws.nrows(), factor).with_noise("noise", noise, draws)
}

fn check_factor(factor: f64) -> Result<()> {
    if (0.0..1.0).contains(&factor) {
        return Ok(());
    }
    Err(Error::invalid(
        "factor",
        factor,
        "at least 0 and less than 1",
    ))
}

fn two_circles(n_samples: usize, factor: f64) -> Dataset {
    let outer = n_samples / 2;
    let labels: Vec<usize> = (0..n_samples).map(|i| usize::from(i >= outer)).collect();
    let x = Array2::from_shape_fn((n_samples, 2), |(i, coordinate)| {
        let (k, n, radius) = match labels[i] {
            0 => (i, outer, 1.0),
            _ => (i - outer, n_samples - outer, factor),
        };
        let angle = k as f64 * (TAU / n as f64);
        radius
            * if coordinate == 0 {
                angle.cos()
            } else {
                angle.sin()
            }
    });
    Dataset { x, labels }
}
