//! Means with their intervals.

use crate::parallel;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::protocol::Protocol;
use crate::{Error, Result};

/// The mean over users, and between which means the users could as well have been drawn. Where no user has a value, all
/// three are NaN, and a table shows nothing.
///
/// The interval is a percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13): of the
/// means of as many users drawn with replacement it leaves out the same share on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// The mean over all users that have a value.
    pub mean: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

impl Mean {
    /// The mean over no users: NaN.
    pub(super) const NONE: Self = Self {
        mean: f64::NAN,
        low: f64::NAN,
        high: f64::NAN,
    };

    /// Of numbers of your own, one a user: such as what a user's list of one model is worth more than that of another.
    /// Where most users gain a little, that interval is narrower than the two of the models.
    ///
    /// ```
    /// use radio_rec::evaluate::{Mean, Protocol};
    ///
    /// let (one, other) = ([0.9, 0.5, 0.1, 0.7], [0.8, 0.4, 0.0, 0.5]);
    /// let gains: Vec<f64> = one.iter().zip(other).map(|(one, other)| one - other).collect();
    /// let gain = Mean::of(&gains, &Protocol::default())?;
    /// assert!(gain.low > 0.0, "one is better for these users, although both differ much from user to user");
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a protocol outside its range (`k` and `ties` do
    /// not matter), where there are no values, and for a value that is not finite.
    pub fn of(values: &[f64], protocol: &Protocol) -> Result<Self> {
        protocol.check()?;
        if values.is_empty() {
            return Err(Error::invalid("values", "empty", "at least one number"));
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let value = format!("{} at {at}", values[at]);
            return Err(Error::invalid("values", value, "finite numbers"));
        }
        let [mean] = bootstrap(values.iter().map(|&value| [value]).collect(), protocol);
        Ok(mean)
    }

    /// Whether 0 is outside of the interval.
    pub fn excludes_0(self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Of each of `N` numbers that users have or have not, its mean over those who have it.
pub(super) fn means<const N: usize>(
    of_users: &[[Option<f64>; N]],
    protocol: &Protocol,
) -> [Mean; N] {
    let mut means = [Mean::NONE; N];
    let known = |number: usize| of_users.iter().map(move |of| of[number].is_some());
    let mut left: Vec<usize> = (0..N).collect();
    // Those that the same users have are drawn together.
    while let Some(&first) = left.first() {
        let together: Vec<usize> = (left.iter().copied())
            .filter(|&number| known(number).eq(known(first)))
            .collect();
        left.retain(|number| !together.contains(number));
        let rows = of_users.iter().filter(|of| of[first].is_some());
        let rows = rows.map(|of| of.map(|number| number.unwrap_or(0.0)));
        let drawn = bootstrap(rows.collect(), protocol);
        for number in together {
            means[number] = drawn[number];
        }
    }
    means
}

/// How many numbers are drawn at once.
const DRAWN_AT_ONCE: usize = 1 << 22;

/// The means of the columns, and their intervals, of which all are by the same draws.
///
/// The draws follow one another, and their sums are taken on all processors meanwhile: the same bits on any number of
/// them.
fn bootstrap<const N: usize>(rows: Vec<[f64; N]>, protocol: &Protocol) -> [Mean; N] {
    let count = rows.len();
    if count == 0 {
        return [Mean::NONE; N];
    }
    let mean = |rows: &mut dyn Iterator<Item = usize>, of: &[[f64; N]]| {
        let mut sums = [0.0; N];
        for row in rows {
            for (sum, value) in sums.iter_mut().zip(of[row]) {
                *sum += value;
            }
        }
        sums.map(|sum| sum / count as f64)
    };
    let mut rng = ChaCha8Rng::seed_from_u64(protocol.seed);
    let at_once = (DRAWN_AT_ONCE / count).max(rayon::current_num_threads());
    let mut draw = |resamples: usize| -> Vec<u32> {
        let draw = |_| rng.random_range(0..count) as u32;
        (0..resamples * count).map(draw).collect()
    };
    let mut to_draw = protocol.resamples;
    let mut next = |to_draw: &mut usize| {
        let resamples = at_once.min(*to_draw);
        *to_draw -= resamples;
        draw(resamples)
    };
    let mut drawn = next(&mut to_draw);
    let mut means: Vec<[f64; N]> = Vec::with_capacity(protocol.resamples);
    while !drawn.is_empty() {
        let (then, found) = rayon::join(
            || next(&mut to_draw),
            || -> Vec<[f64; N]> {
                let drawn: Vec<&[u32]> = drawn.chunks(count).collect();
                let of = |at: usize| mean(&mut drawn[at].iter().map(|&row| row as usize), &rows);
                parallel::map(drawn.len(), of)
            },
        );
        means.extend(found);
        drawn = then;
    }

    let of_all = mean(&mut (0..count), &rows);
    let outside = (1.0 - protocol.confidence) / 2.0;
    std::array::from_fn(|column| {
        let mut sorted: Vec<f64> = means.iter().map(|means| means[column]).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let last = (sorted.len() - 1) as f64;
        Mean {
            mean: of_all[column],
            low: sorted[(outside * last).round() as usize],
            high: sorted[((1.0 - outside) * last).round() as usize],
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_is_as_wide_as_a_normal_distribution_says() {
        // 0 to 399, of which the mean has a standard error of sqrt((400^2 - 1) / 12 / 400).
        let values: Vec<f64> = (0..400).map(f64::from).collect();
        let mean = Mean::of(&values, &Protocol::default()).unwrap();
        let expected = 1.96 * ((400.0f64.powi(2) - 1.0) / 12.0 / 400.0).sqrt();
        assert_eq!(mean.mean, 199.5);
        for side in [mean.mean - mean.low, mean.high - mean.mean] {
            assert!((side / expected - 1.0).abs() < 0.1, "{side} for {expected}");
        }
        let surer = Protocol {
            confidence: 0.5,
            ..Protocol::default()
        };
        let half = Mean::of(&values, &surer).unwrap();
        // 0.6745 standard errors instead of 1.96.
        let narrower = (half.high - half.low) / (mean.high - mean.low);
        assert!((narrower / 0.3441 - 1.0).abs() < 0.15, "{narrower}");
    }

    #[test]
    fn an_interval_that_ends_at_0_does_not_exclude_it() {
        let between = |low, high| Mean {
            mean: 0.5 * (low + high),
            low,
            high,
        };
        for (low, high, excludes) in [
            (0.1, 0.2, true),
            (-0.2, -0.1, true),
            (0.0, 0.2, false),
            (-0.2, 0.0, false),
            (-0.1, 0.1, false),
        ] {
            assert_eq!(between(low, high).excludes_0(), excludes, "{low} to {high}");
        }
    }

    #[test]
    fn a_seed_is_a_sample_whatever_the_number_of_threads() {
        let values: Vec<f64> = (0..97).map(|n| f64::from(n * n % 31)).collect();
        let with = |seed, threads| {
            let protocol = Protocol {
                seed,
                ..Protocol::default()
            };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| Mean::of(&values, &protocol).unwrap())
        };
        assert_eq!(with(0, 1), with(0, 3));
        assert_eq!(with(0, 1).mean, with(1, 1).mean);
        assert_ne!(with(0, 1), with(1, 1), "another seed is another sample");
    }

    /// One number after the other, one resample after the other.
    fn slowly(values: &[f64], protocol: &Protocol) -> Mean {
        let n = values.len() as f64;
        let mut rng = ChaCha8Rng::seed_from_u64(protocol.seed);
        let mut means: Vec<f64> = (0..protocol.resamples)
            .map(|_| {
                let drawn = (0..values.len()).map(|_| values[rng.random_range(0..values.len())]);
                drawn.sum::<f64>() / n
            })
            .collect();
        means.sort_unstable_by(f64::total_cmp);
        let last = (means.len() - 1) as f64;
        let outside = (1.0 - protocol.confidence) / 2.0;
        Mean {
            mean: values.iter().sum::<f64>() / n,
            low: means[(outside * last).round() as usize],
            high: means[((1.0 - outside) * last).round() as usize],
        }
    }

    #[test]
    fn several_numbers_are_drawn_as_each_by_itself() {
        let of_users: Vec<[Option<f64>; 3]> = (0..50)
            .map(|n| {
                let odd = (n % 2 == 1).then_some(f64::from(n) / 7.0);
                [Some(f64::from(n)), odd, Some(1.0 / f64::from(n + 1))]
            })
            .collect();
        let protocol = Protocol {
            seed: 5,
            resamples: 301,
            ..Protocol::default()
        };
        let found = means(&of_users, &protocol);
        for (number, found) in found.into_iter().enumerate() {
            let values: Vec<f64> = of_users.iter().filter_map(|of| of[number]).collect();
            assert_eq!(found, slowly(&values, &protocol));
        }
        let nobody = means(&[[None::<f64>; 2]; 3], &protocol);
        assert!(nobody.iter().all(|mean| mean.mean.is_nan()));
    }

    #[test]
    fn means_of_nothing_are_refused() {
        let protocol = Protocol::default();
        let message =
            |values: &[f64], protocol| Mean::of(values, protocol).unwrap_err().to_string();
        assert_eq!(
            message(&[], &protocol),
            "`values` is empty, but must be at least one number"
        );
        assert_eq!(
            message(&[1.0, f64::NAN], &protocol),
            "`values` is NaN at 1, but must be finite numbers"
        );
        let none = Protocol {
            resamples: 0,
            ..protocol
        };
        assert_eq!(
            message(&[1.0], &none),
            "`resamples` is 0, but must be from 1 to 1000000"
        );
        let resamples = usize::MAX;
        let many = Protocol {
            resamples,
            ..protocol
        };
        assert_eq!(
            message(&[1.0], &many),
            format!("`resamples` is {resamples}, but must be from 1 to 1000000")
        );
    }
}
