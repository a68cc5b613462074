//! Gradient descent over all samples at once.

use ndarray::ArrayRef2;

use super::{Network, Parameters, Training, check};
use crate::Result;

impl Parameters {
    /// One iteration of gradient descent: forward, cost, gradients, update. Returns the cost before the update.
    ///
    /// `x` has `n_x` x m numbers, `y` has `n_y` x m numbers from 0 to 1. It is what [`Parameters::forward`],
    /// [`Activations::cost`](super::Activations::cost), [`Parameters::gradients`] and [`Parameters::update`] do in
    /// turn, up to the rounding of the last bits, but in one go and much faster: as [`Training`] does it.
    ///
    /// # Errors
    ///
    /// Those of the four, but [`Error::Diverged`](crate::Error::Diverged) where a number is not finite; the parameters
    /// are then as they were.
    pub fn step(&mut self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>, rate: f64) -> Result<f64> {
        Ok(self.descend(x, y, rate, 1)?[0])
    }

    /// `iterations` times [`Parameters::step`]. Returns `iterations` + 1 costs: the first is that of the start, number
    /// k that after k updates.
    ///
    /// # Errors
    ///
    /// As [`Parameters::step`]; the parameters are then those of the last good iteration.
    pub fn train(
        &mut self,
        x: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
        rate: f64,
        iterations: usize,
    ) -> Result<Vec<f64>> {
        let mut costs = self.descend(x, y, rate, iterations)?;
        costs.push(self.forward(x)?.cost(y)?);
        Ok(costs)
    }

    /// The cost before each iteration.
    fn descend(
        &mut self,
        x: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
        rate: f64,
        iterations: usize,
    ) -> Result<Vec<f64>> {
        check::rate(rate)?;
        let training = Training {
            epochs: iterations,
            rate,
            ..Training::default()
        };
        let mut network = Network::try_from(self.clone())?;
        let history = training.fit(&mut network, x, y);
        let [hidden, output] = network.layers() else {
            unreachable!("it was made of two layers")
        };
        // Also after an error, which leaves what was learned before.
        self.w1.assign(&hidden.weights);
        self.b1.assign(&hidden.biases);
        self.w2.assign(&output.weights);
        self.b2.assign(&output.biases);
        Ok(history?.cost)
    }
}
