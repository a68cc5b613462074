//! How a gradient moves the parameters.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::vector::{Processor, is_infinite, vectorised};
use crate::{Error, Result};

/// What a parameter p becomes by its gradient g, with the learning rate r, in update t = 1, 2, ...
///
/// | | update | range |
/// |---|---|---|
/// | `GradientDescent` | p -= r g | |
/// | `Momentum { beta }` | v = beta v + g; p -= r v | `beta` at least 0, below 1 |
/// | `Adam { beta1, beta2, epsilon }` | m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p -= r m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) | both `beta` at least 0, below 1; `epsilon` above 0 |
///
/// m and v begin at 0. (B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964; D. P.
/// Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.) They are PyTorch's `SGD` and
/// `Adam`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Optimiser {
    /// A step down the slope.
    #[default]
    GradientDescent,
    /// A ball that rolls: steps add up where they agree.
    Momentum {
        /// What is left of the speed at each step; 0.9 is usual.
        beta: f64,
    },
    /// A rate for each parameter, by the size of its recent gradients.
    Adam {
        /// What is left of the mean gradient at each step; 0.9 is usual.
        beta1: f64,
        /// What is left of the mean square at each step; 0.999 is usual.
        beta2: f64,
        /// What keeps the divisor away from 0; 1e-8 is usual.
        epsilon: f64,
    },
}

impl Optimiser {
    /// Momentum with the usual 0.9.
    pub fn momentum() -> Self {
        Optimiser::Momentum { beta: 0.9 }
    }

    /// Adam with the usual 0.9, 0.999 and 1e-8.
    pub fn adam() -> Self {
        Optimiser::Adam {
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
        }
    }

    pub(super) fn check(self) -> Result<()> {
        let share = |name, beta: f64| {
            if (0.0..1.0).contains(&beta) {
                return Ok(());
            }
            Err(Error::invalid(name, beta, "at least 0 and below 1"))
        };
        match self {
            Optimiser::GradientDescent => Ok(()),
            Optimiser::Momentum { beta } => share("beta", beta),
            Optimiser::Adam {
                beta1,
                beta2,
                epsilon,
            } => {
                share("beta1", beta1)?;
                share("beta2", beta2)?;
                if epsilon.is_finite() && epsilon > 0.0 {
                    return Ok(());
                }
                Err(Error::invalid(
                    "epsilon",
                    epsilon,
                    "a finite number above 0",
                ))
            }
        }
    }

    /// How many numbers it remembers of a parameter.
    fn remembers(self) -> usize {
        match self {
            Optimiser::GradientDescent => 0,
            Optimiser::Momentum { .. } => 1,
            Optimiser::Adam { .. } => 2,
        }
    }
}

impl fmt::Display for Optimiser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Optimiser::GradientDescent => "gradient descent",
            Optimiser::Momentum { .. } => "momentum",
            Optimiser::Adam { .. } => "Adam",
        })
    }
}

/// An optimiser on its way through one array of parameters.
pub(super) struct Descent {
    optimiser: Optimiser,
    /// v of momentum, m of Adam; empty if there is none.
    first: Vec<f64>,
    /// v of Adam; empty if there is none.
    second: Vec<f64>,
}

/// What an update depends on beside the parameters and their gradients.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// The learning rate.
    pub rate: f64,
    /// Which update it is, from 1.
    pub count: i32,
    /// How many samples the gradients are summed over.
    pub samples: f64,
    /// The share of each parameter that is added to its gradient.
    pub l2: f64,
}

impl Descent {
    pub(super) fn new(optimiser: Optimiser, parameters: usize) -> Self {
        let remembered = |at| {
            vec![
                0.0;
                if optimiser.remembers() > at {
                    parameters
                } else {
                    0
                }
            ]
        };
        Self {
            optimiser,
            first: remembered(0),
            second: remembered(1),
        }
    }

    /// Updates `parameters` by `gradients`, sums over the samples. Whether everything is still finite.
    pub(super) fn step(&mut self, parameters: &mut [f64], gradients: &[f64], step: Step) -> bool {
        update(
            Processor::detect(),
            self.optimiser,
            parameters,
            gradients,
            &mut self.first,
            &mut self.second,
            step,
        )
    }
}

vectorised! {
    /// Updates parameters by sums of gradients, with what the optimiser remembers of them. Whether everything is still
    /// finite.
    fn update(
        optimiser: Optimiser,
        parameters: &mut [f64],
        sums: &[f64],
        first: &mut [f64],
        second: &mut [f64],
        step: Step,
    ) -> bool {
        let Step {
            rate,
            count,
            samples,
            l2,
        } = step;
        let mut infinite = 0;
        let pairs = parameters.iter_mut().zip(sums);
        match optimiser {
            Optimiser::GradientDescent => {
                for (p, &sum) in pairs {
                    let g = sum / samples + l2 * *p;
                    *p -= rate * g;
                    infinite |= is_infinite(*p);
                }
            }
            Optimiser::Momentum { beta } => {
                for ((p, &sum), v) in pairs.zip(first) {
                    let g = sum / samples + l2 * *p;
                    *v = beta * *v + g;
                    *p -= rate * *v;
                    infinite |= is_infinite(*p);
                }
            }
            Optimiser::Adam {
                beta1,
                beta2,
                epsilon,
            } => {
                // Both begin at 0: divided by these they are means.
                let (unbias1, unbias2) = (1.0 - beta1.powi(count), 1.0 - beta2.powi(count));
                let (step, root) = (rate / unbias1, unbias2.sqrt());
                for ((p, &sum), (m, v)) in pairs.zip(first.iter_mut().zip(second)) {
                    let g = sum / samples + l2 * *p;
                    *m = beta1 * *m + (1.0 - beta1) * g;
                    *v = beta2 * *v + (1.0 - beta2) * g * g;
                    *p -= step * *m / (v.sqrt() / root + epsilon);
                    infinite |= is_infinite(*p) | is_infinite(*v);
                }
            }
        }
        infinite == 0
    }
}
