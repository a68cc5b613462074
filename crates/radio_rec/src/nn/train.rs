//! Gradient descent over all samples at once.

use ndarray::ArrayRef2;

use super::Parameters;
use super::check;
use crate::Result;

impl Parameters {
    /// One iteration of gradient descent: forward, cost, gradients, update. Returns the cost before the update.
    ///
    /// `x` has `n_x` x m numbers, `y` has `n_y` x m numbers from 0 to 1.
    ///
    /// # Errors
    ///
    /// Those of [`Parameters::forward`], [`Parameters::gradients`] and [`Parameters::update`].
    pub fn step(&mut self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>, rate: f64) -> Result<f64> {
        let activations = self.forward(x)?;
        let cost = activations.cost(y)?;
        let gradients = self.gradients(&activations, x, y)?;
        self.update(&gradients, rate)?;
        Ok(cost)
    }

    /// `iterations` times [`Parameters::step`]. Returns `iterations` + 1 costs: the first is that of the start, number k
    /// that after k updates.
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
        check::rate(rate)?;
        let mut costs = Vec::new();
        for _ in 0..iterations {
            costs.push(self.step(x, y, rate)?);
        }
        costs.push(self.forward(x)?.cost(y)?);
        Ok(costs)
    }
}
