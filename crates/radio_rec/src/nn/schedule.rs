//! How the learning rate changes.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The learning rate of each epoch, counted from 0, of a training that begins with `rate`.
///
/// | | rate of epoch k | range |
/// |---|---|---|
/// | `Constant` | rate | |
/// | `Steps { every, factor }` | rate * factor^floor(k / every) | `every` at least 1, `factor` above 0 and at most 1 |
/// | `Exponential { factor }` | rate * factor^k | `factor` above 0 and at most 1 |
/// | `InverseTime { decay }` | rate / (1 + decay k) | `decay` finite, at least 0 |
/// | `Cosine { end }` | end rate + (1 - end) rate (1 + cos(pi k / epochs)) / 2 | `end` from 0 to 1 |
///
/// (H. Robbins, S. Monro, "A stochastic approximation method", 1951, for why it must fall; I. Loshchilov, F. Hutter,
/// "SGDR", ICLR 2017, equation 5, for the cosine.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Schedule {
    /// Always the same.
    #[default]
    Constant,
    /// Multiplied by `factor` every `every` epochs.
    Steps {
        /// After how many epochs it falls.
        every: usize,
        /// To what share of what it was.
        factor: f64,
    },
    /// Multiplied by `factor` every epoch.
    Exponential {
        /// To what share of what it was.
        factor: f64,
    },
    /// Falls as 1 / k in the end.
    InverseTime {
        /// How soon: after 1 / `decay` epochs it is half.
        decay: f64,
    },
    /// Half a wave of a cosine.
    Cosine {
        /// The share of the rate that it falls to.
        end: f64,
    },
}

impl Schedule {
    /// The rate of epoch `epoch` of `epochs`, counted from 0.
    pub fn rate(self, rate: f64, epoch: usize, epochs: usize) -> f64 {
        let k = epoch as f64;
        match self {
            Schedule::Constant => rate,
            Schedule::Steps { every, factor } => rate * factor.powf((epoch / every.max(1)) as f64),
            Schedule::Exponential { factor } => rate * factor.powf(k),
            Schedule::InverseTime { decay } => rate / (1.0 + decay * k),
            Schedule::Cosine { end } => {
                let wave = 0.5 * (1.0 + (std::f64::consts::PI * k / epochs as f64).cos());
                rate * (end + (1.0 - end) * wave)
            }
        }
    }

    pub(super) fn check(self) -> Result<()> {
        match self {
            Schedule::Constant => Ok(()),
            Schedule::Steps { every: 0, .. } => Err(Error::invalid("every", 0, "at least 1")),
            Schedule::Steps { factor, .. } | Schedule::Exponential { factor } => {
                if factor > 0.0 && factor <= 1.0 {
                    return Ok(());
                }
                Err(Error::invalid("factor", factor, "above 0 and at most 1"))
            }
            Schedule::InverseTime { decay } => {
                if decay.is_finite() && decay >= 0.0 {
                    return Ok(());
                }
                Err(Error::invalid(
                    "decay",
                    decay,
                    "a finite number, at least 0",
                ))
            }
            Schedule::Cosine { end } => {
                if (0.0..=1.0).contains(&end) {
                    return Ok(());
                }
                Err(Error::invalid("end", end, "from 0 to 1"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_schedule_falls_as_its_formula_says() {
        let rates = |schedule: Schedule| [0, 1, 2, 5].map(|k| schedule.rate(0.8, k, 10));
        assert_eq!(rates(Schedule::Constant), [0.8; 4]);
        let steps = Schedule::Steps {
            every: 2,
            factor: 0.5,
        };
        assert_eq!(rates(steps), [0.8, 0.8, 0.4, 0.2]);
        let exponential = Schedule::Exponential { factor: 0.5 };
        assert_eq!(rates(exponential), [0.8, 0.4, 0.2, 0.025]);
        let inverse = Schedule::InverseTime { decay: 1.0 };
        assert_eq!(rates(inverse), [0.8, 0.4, 0.8 / 3.0, 0.8 / 6.0]);
        let cosine = rates(Schedule::Cosine { end: 0.25 });
        assert_eq!(cosine[0], 0.8);
        assert!(
            (cosine[3] - 0.5).abs() < 1e-15,
            "half way between 0.8 and 0.2"
        );
    }
}
