//! Arms around a centre.

use std::f64::consts::TAU;

use ndarray::{Array2, ArrayRef2};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

use super::{Dataset, check};
use crate::arrays::standard_normal;
use crate::{Error, Result};

/// What [`spirals`] shall make.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `n_samples` | 300 | the number of points | at least 1, and at least `n_classes` |
/// | `n_classes` | 3 | the number of arms | at least 1 |
/// | `turns` | 0.75 | how often an arm goes around the centre | from 0 to 100 |
/// | `noise` | 0.02 | the standard deviation of what is added to each coordinate | finite, at least 0 |
/// | `shuffle` | `true` | whether the order of the samples is random, or along one arm after the other | |
#[derive(Debug, Clone, PartialEq)]
pub struct Spirals {
    /// The number of points.
    pub n_samples: usize,
    /// The number of arms, which are the classes.
    pub n_classes: usize,
    /// How often an arm goes around the centre.
    pub turns: f64,
    /// The standard deviation of the normal distribution that is added to each coordinate.
    pub noise: f64,
    /// Whether the samples come in random order, or along one arm after the other.
    pub shuffle: bool,
}

impl Default for Spirals {
    fn default() -> Self {
        Self {
            n_samples: 300,
            n_classes: 3,
            turns: 0.75,
            noise: 0.02,
            shuffle: true,
        }
    }
}

/// Spirals of Archimedes in the plane, an arm a class. Point k = 1, ..., n of an arm with n points has the radius r = k
/// / n and, in arm c of C, the angle 2 pi (`turns` r + c / C): it lies at (r cos angle, r sin angle). What remains
/// after the division of the points goes to the first arms, one each.
///
/// The task goes back to two spirals of three turns that A. Wieland posed to networks (K. J. Lang, M. J. Witbrock,
/// "Learning to tell two spirals apart", Proceedings of the 1988 Connectionist Models Summer School). With one seed,
/// the same points move further from the arms as the noise grows.
///
/// ```
/// use radio_rec::datasets::{Spirals, spirals};
///
/// let data = spirals(&Spirals { n_samples: 4, n_classes: 2, turns: 1.0, noise: 0.0, shuffle: false }, 1606)?;
/// assert_eq!(data.labels, [0, 0, 1, 1]);
/// // Half way out and half way around; then at the end of the turn.
/// assert!((data.x[(0, 0)] + 0.5).abs() < 1e-12 && (data.x[(1, 0)] - 1.0).abs() < 1e-12);
/// # Ok::<(), radio_rec::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidParameter`] for each range in the table of [`Spirals`] that is broken.
pub fn spirals(parameters: &Spirals, seed: u64) -> Result<Dataset> {
    let Spirals {
        n_samples,
        n_classes,
        turns,
        noise,
        shuffle,
    } = *parameters;
    check_all(n_samples, n_classes, turns, noise)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draws = standard_normal(n_samples, 2, &mut rng);
    let data = arms(n_samples, n_classes, turns).with_noise("noise", noise, &draws)?;
    Ok(data.shuffled_if(shuffle, &mut rng))
}

/// [`spirals`] from given draws of the standard normal distribution instead of a seed, along one arm after the other.
///
/// `draws` has `n_samples` x 2 numbers, a row a sample.
///
/// # Errors
///
/// [`Error::Shape`] if `draws` has not two columns; [`Error::InvalidParameter`] as in [`spirals`], and where a draw is
/// not a finite number.
pub fn spirals_from_draws(
    draws: &ArrayRef2<f64>,
    n_classes: usize,
    turns: f64,
    noise: f64,
) -> Result<Dataset> {
    check_all(draws.nrows(), n_classes, turns, noise)?;
    check::draws(draws, 2)?;
    arms(draws.nrows(), n_classes, turns).with_noise("noise", noise, draws)
}

fn check_all(n_samples: usize, n_classes: usize, turns: f64, noise: f64) -> Result<()> {
    check::sizes(n_samples, 2, n_classes)?;
    check::spread("noise", noise)?;
    if (0.0..=100.0).contains(&turns) {
        return Ok(());
    }
    Err(Error::invalid("turns", turns, "from 0 to 100"))
}

fn arms(n_samples: usize, n_classes: usize, turns: f64) -> Dataset {
    let (each, more) = (n_samples / n_classes, n_samples % n_classes);
    let mut points = Vec::with_capacity(2 * n_samples);
    let mut labels = Vec::with_capacity(n_samples);
    for class in 0..n_classes {
        let n = each + usize::from(class < more);
        for k in 1..=n {
            let radius = k as f64 / n as f64;
            let angle = TAU * (turns * radius + class as f64 / n_classes as f64);
            points.extend([radius * angle.cos(), radius * angle.sin()]);
            labels.push(class);
        }
    }
    let x = Array2::from_shape_vec((n_samples, 2), points).expect("two coordinates a sample");
    Dataset { x, labels }
}
