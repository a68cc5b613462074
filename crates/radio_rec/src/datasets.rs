//! Data sets to learn on, made from a seed.
//!
//! | function | what it makes | classes |
//! |---|---|---|
//! | [`gaussian_quantiles`] | shells around a centre, a disc within rings | any number |
//! | [`moons`] | two half circles that reach into each other | 2 |
//! | [`circles`] | a circle within a circle | 2 |
//! | [`blobs`] | round clouds around centres | any number |
//! | [`spirals`] | arms around a centre | any number |
//!
//! The first four follow scikit-learn's definitions, from a generator of their own: the same seed gives the same bits
//! here, but not the points that scikit-learn draws for it. Each has a twin, such as [`moons_from_draws`], that takes
//! the draws of the normal distribution instead of a seed.
//!
//! ```
//! use radio_rec::datasets::{Moons, moons};
//!
//! let data = moons(&Moons { n_samples: 200, noise: 0.1, ..Default::default() }, 1606)?;
//! assert_eq!(data.x.dim(), (200, 2));
//! let parts = data.split_by_class(0.25, 1)?;
//! assert_eq!((parts.train.labels.len(), parts.test.labels.len()), (150, 50));
//!
//! // As a network reads it: a column a sample.
//! let (x, y) = parts.train.to_columns();
//! assert_eq!((x.dim(), y.dim()), ((2, 150), (1, 150)));
//! assert_eq!(parts.train.one_hot(2)?.dim(), (2, 150));
//! # Ok::<(), radio_rec::Error>(())
//! ```

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use rand::Rng;
use rand::seq::SliceRandom;

use crate::arrays::one_hot;
use crate::{Error, Result};

mod blobs;
mod check;
mod circles;
mod moons;
mod quantiles;
mod spirals;
mod split;

pub use blobs::{Blobs, Centers, blobs, blobs_from_draws};
pub use circles::{Circles, circles, circles_from_draws};
pub use moons::{Moons, moons, moons_from_draws};
pub use quantiles::{GaussianQuantiles, gaussian_quantiles, gaussian_quantiles_from_draws};
pub use spirals::{Spirals, spirals, spirals_from_draws};
pub use split::Split;

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

    /// The labels as a network with an output a class learns them: `n_classes` x m numbers, a column a sample, with a 1
    /// in the row of the sample's class and 0 elsewhere.
    ///
    /// The number of classes is given, because a part of a data set need not have all of them.
    ///
    /// ```
    /// use radio_rec::datasets::Dataset;
    ///
    /// let data = Dataset { x: ndarray::array![[0.5], [0.1], [0.9]], labels: vec![1, 0, 2] };
    /// assert_eq!(data.one_hot(3)?, ndarray::array![[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`nn::one_hot`](crate::nn::one_hot).
    pub fn one_hot(&self, n_classes: usize) -> Result<Array2<f64>> {
        one_hot(&self.labels, n_classes)
    }

    /// The samples with these numbers, in this order.
    fn select(&self, samples: &[usize]) -> Self {
        Self {
            x: self.x.select(Axis(0), samples),
            labels: samples.iter().map(|&i| self.labels[i]).collect(),
        }
    }

    fn shuffled_if(self, shuffle: bool, rng: &mut impl Rng) -> Self {
        if !shuffle {
            return self;
        }
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.shuffle(rng);
        self.select(&order)
    }

    /// The data set with `noise` times `draws` added to its points, which are as many.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] if a point is then no longer finite.
    fn with_noise(
        mut self,
        name: &'static str,
        noise: f64,
        draws: &ArrayRef2<f64>,
    ) -> Result<Self> {
        self.x.scaled_add(noise, draws);
        if self.x.iter().any(|v| !v.is_finite()) {
            return Err(Error::invalid(
                name,
                noise,
                "small enough for the points to be finite",
            ));
        }
        Ok(self)
    }
}
