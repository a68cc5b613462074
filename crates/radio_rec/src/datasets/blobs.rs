//! Round clouds of points around centres.

use ndarray::{Array2, ArrayRef2};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::{Dataset, check};
use crate::arrays::standard_normal;
use crate::{Error, Result};

/// Where the centres of [`blobs`] are.
#[derive(Debug, Clone, PartialEq)]
pub enum Centers {
    /// `n_classes` x `n_features` numbers: a row a centre.
    At(Array2<f64>),
    /// Drawn by chance: each coordinate evenly from `low` to `high`.
    Random {
        /// How many centres, which is the number of classes; at least 1.
        n_classes: usize,
        /// The dimension of the points, at least 1.
        n_features: usize,
        /// The least coordinate.
        low: f64,
        /// The largest coordinate, more than `low`.
        high: f64,
    },
}

/// What [`blobs`] shall make. The defaults are those of scikit-learn.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `n_samples` | 100 | the number of points | at least 1, and at least the number of centres |
/// | `centers` | 3, in the plane, from -10 to 10 | where the centres are | finite |
/// | `std` | 1.0 | the standard deviation of each coordinate around its centre | finite, at least 0 |
/// | `shuffle` | `true` | whether the order of the samples is random, or one class after the other | |
#[derive(Debug, Clone, PartialEq)]
pub struct Blobs {
    /// The number of points.
    pub n_samples: usize,
    /// Where the centres are: a centre a class.
    pub centers: Centers,
    /// The standard deviation of each coordinate around its centre.
    pub std: f64,
    /// Whether the samples come in random order, or one class after the other.
    pub shuffle: bool,
}

impl Default for Blobs {
    fn default() -> Self {
        Self {
            n_samples: 100,
            centers: Centers::Random {
                n_classes: 3,
                n_features: 2,
                low: -10.0,
                high: 10.0,
            },
            std: 1.0,
            shuffle: true,
        }
    }
}

/// Draws points from round normal distributions, each around a centre of its own, which is its class. All classes have
/// equally many points; what remains after the division goes to the first classes, one each.
///
/// This is `sklearn.datasets.make_blobs`
/// (<https://scikit-learn.org/stable/modules/generated/sklearn.datasets.make_blobs.html>). Centres left to chance are
/// drawn first, so the seed alone decides where they are.
///
/// ```
/// use radio_rec::datasets::{Blobs, Centers, blobs};
///
/// let centers = Centers::At(ndarray::array![[0.0, 0.0], [5.0, 5.0]]);
/// let data = blobs(&Blobs { n_samples: 300, centers, ..Default::default() }, 1606)?;
/// assert_eq!(data.x.dim(), (300, 2));
/// assert_eq!(data.labels.iter().filter(|&&label| label == 1).count(), 150);
/// # Ok::<(), radio_rec::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::InvalidParameter`] for each range in the table of [`Blobs`] that is broken.
pub fn blobs(parameters: &Blobs, seed: u64) -> Result<Dataset> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let drawn: Array2<f64>;
    let centers = match parameters.centers {
        Centers::At(ref centers) => centers,
        Centers::Random {
            n_classes,
            n_features,
            low,
            high,
        } => {
            check::sizes(parameters.n_samples, n_features, n_classes)?;
            if !(low < high && (high - low).is_finite()) {
                return Err(Error::invalid(
                    "low",
                    format!("{low}, and `high` {high}"),
                    "finite, and less than `high`",
                ));
            }
            let shape = (n_classes, n_features);
            drawn = Array2::from_shape_simple_fn(shape, || rng.random_range(low..high));
            &drawn
        }
    };
    check_all(parameters.n_samples, centers, parameters.std)?;
    let draws = standard_normal(parameters.n_samples, centers.ncols(), &mut rng);
    let data =
        at_centers(parameters.n_samples, centers).with_noise("std", parameters.std, &draws)?;
    Ok(data.shuffled_if(parameters.shuffle, &mut rng))
}

/// [`blobs`] from given centres and draws of the standard normal distribution instead of a seed, one class after the
/// other.
///
/// `centers` has `n_classes` x `n_features` numbers, a row a centre; `draws` has `n_samples` x `n_features`, a row a
/// sample.
///
/// # Errors
///
/// [`Error::Shape`] if the two differ in their number of columns; [`Error::InvalidParameter`] as in [`blobs`], and
/// where a draw is not a finite number.
pub fn blobs_from_draws(
    centers: &ArrayRef2<f64>,
    draws: &ArrayRef2<f64>,
    std: f64,
) -> Result<Dataset> {
    check_all(draws.nrows(), centers, std)?;
    check::draws(draws, centers.ncols())?;
    at_centers(draws.nrows(), centers).with_noise("std", std, draws)
}

fn check_all(n_samples: usize, centers: &ArrayRef2<f64>, std: f64) -> Result<()> {
    if centers.is_empty() {
        return Err(Error::Shape {
            what: "centers".into(),
            expected: "at least one row and one column".into(),
            found: format!("{} x {}", centers.nrows(), centers.ncols()),
        });
    }
    check::sizes(n_samples, centers.ncols(), centers.nrows())?;
    check::finite("centers", centers)?;
    check::spread("std", std)
}

/// Each sample at its centre.
fn at_centers(n_samples: usize, centers: &ArrayRef2<f64>) -> Dataset {
    let n_classes = centers.nrows();
    let (each, more) = (n_samples / n_classes, n_samples % n_classes);
    let labels: Vec<usize> = (0..n_classes)
        .flat_map(|class| std::iter::repeat_n(class, each + usize::from(class < more)))
        .collect();
    let shape = (n_samples, centers.ncols());
    let x = Array2::from_shape_fn(shape, |(i, feature)| centers[(labels[i], feature)]);
    Dataset { x, labels }
}
