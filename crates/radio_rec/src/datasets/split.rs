//! What is learned from, and what is kept to test on.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::Dataset;
use crate::{Error, Result};

/// A data set in two parts. Each sample is in one of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Split {
    /// What is learned from.
    pub train: Dataset,
    /// What is kept to test on.
    pub test: Dataset,
}

impl Dataset {
    /// Keeps the share `test` of the samples to test on, chosen by chance, whatever their class: that many samples,
    /// rounded up. Both parts come in random order.
    ///
    /// ```
    /// use radio_rec::datasets::{Circles, circles};
    ///
    /// let data = circles(&Circles::default(), 1606)?;
    /// let parts = data.split(0.25, 7)?;
    /// assert_eq!((parts.train.x.nrows(), parts.test.x.nrows()), (75, 25));
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] unless `test` is between 0 and 1 and leaves a sample for each part; [`Error::Shape`]
    /// if there are not as many labels as points.
    pub fn split(&self, test: f64, seed: u64) -> Result<Split> {
        self.check_split(test)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.shuffle(&mut rng);
        // In binary, 0.28 x 25 is slightly more than 7, and must not be rounded up to 8.
        let tested = (test * order.len() as f64 - 1e-9).ceil() as usize;
        if order.len() < 2 || tested >= order.len() {
            return Err(Error::invalid(
                "test",
                format!("{test}, of {} samples", order.len()),
                "a share that leaves at least one sample for each part",
            ));
        }
        let (test, train) = order.split_at(tested.max(1));
        Ok(self.parts(train, test))
    }

    /// Keeps the share `test` of the samples of each class to test on, chosen by chance: the nearest whole number, but
    /// at least one, and all but one at most. So both parts have all classes, as evenly as can be. Both come in random
    /// order.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] unless `test` is between 0 and 1, and if a class has a single sample;
    /// [`Error::Shape`] if there are not as many labels as points.
    pub fn split_by_class(&self, test: f64, seed: u64) -> Result<Split> {
        self.check_split(test)?;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Sorted by class, and within each class by chance.
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.shuffle(&mut rng);
        order.sort_by_key(|&sample| self.labels[sample]);
        let (mut train_samples, mut test_samples) = (Vec::new(), Vec::new());
        for class in order.chunk_by(|&a, &b| self.labels[a] == self.labels[b]) {
            if class.len() < 2 {
                return Err(Error::invalid(
                    "labels",
                    format!("{} for one sample only", self.labels[class[0]]),
                    "the label of at least two samples, one for each part",
                ));
            }
            let tested = (test * class.len() as f64).round() as usize;
            let (test, train) = class.split_at(tested.clamp(1, class.len() - 1));
            test_samples.extend(test);
            train_samples.extend(train);
        }
        train_samples.shuffle(&mut rng);
        test_samples.shuffle(&mut rng);
        Ok(self.parts(&train_samples, &test_samples))
    }

    fn parts(&self, train: &[usize], test: &[usize]) -> Split {
        Split {
            train: self.select(train),
            test: self.select(test),
        }
    }

    fn check_split(&self, test: f64) -> Result<()> {
        if self.labels.len() != self.x.nrows() {
            return Err(Error::Shape {
                what: "labels".into(),
                expected: format!("length {}, a label for each row of x", self.x.nrows()),
                found: format!("length {}", self.labels.len()),
            });
        }
        if self.labels.is_empty() {
            return Err(Error::Shape {
                what: "x".into(),
                expected: "at least two rows, one for each part".into(),
                found: "0 rows".into(),
            });
        }
        if test > 0.0 && test < 1.0 {
            return Ok(());
        }
        Err(Error::invalid("test", test, "more than 0 and less than 1"))
    }
}
