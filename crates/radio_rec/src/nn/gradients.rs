//! The slope of the cost, by back-propagation, and a step down it.

use ndarray::{Array2, ArrayRef2, Axis, Zip};

use super::{Activations, Parameters, check};
use crate::Result;

/// The slope of the cost along each parameter, and along the sums Z1 and Z2 on the way there.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradients {
    /// Along Z2, A2 - Y, `n_y` x m. As in the lecture's notation, dZ is of each sample's own cost, without the 1 / m.
    pub dz2: Array2<f64>,
    /// Along W2, dZ2 A1' / m, `n_y` x `n_h`.
    pub dw2: Array2<f64>,
    /// Along b2, the row sums of dZ2 / m, `n_y` x 1.
    pub db2: Array2<f64>,
    /// Along Z1, W2' dZ2 * (1 - A1^2), `n_h` x m, of each sample's own cost.
    pub dz1: Array2<f64>,
    /// Along W1, dZ1 X' / m, `n_h` x `n_x`.
    pub dw1: Array2<f64>,
    /// Along b1, the row sums of dZ1 / m, `n_h` x 1.
    pub db1: Array2<f64>,
}

impl Parameters {
    /// The gradients of [`Activations::cost`] at these parameters.
    ///
    /// `activations` is what [`Parameters::forward`] answered to `x`, which has `n_x` x m numbers; `y` has `n_y` x m
    /// numbers from 0 to 1.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Shape`] if one of the three does not fit the network or the others;
    /// [`crate::Error::InvalidParameter`] if a number of `y` is outside 0 to 1.
    pub fn gradients(
        &self,
        activations: &Activations,
        x: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
    ) -> Result<Gradients> {
        self.check()?;
        let Activations { a1, a2, .. } = activations;
        let samples = a2.ncols();
        check::shape(
            "x",
            x,
            (self.n_x(), samples),
            "inputs x the samples of the activations",
        )?;
        check::shape("a1", a1, (self.n_h(), samples), "hidden units x samples")?;
        check::shape("a2", a2, (self.n_y(), samples), "outputs x samples")?;
        activations.check_targets(y)?;

        let m = samples as f64;
        let mean_of_rows = |dz: &Array2<f64>| dz.sum_axis(Axis(1)).insert_axis(Axis(1)) / m;
        let dz2 = a2 - &y.view();
        let mut dz1 = self.w2.t().dot(&dz2);
        Zip::from(&mut dz1)
            .and(a1)
            .for_each(|dz, &a| *dz *= 1.0 - a * a);
        Ok(Gradients {
            dw2: dz2.dot(&a1.t()) / m,
            db2: mean_of_rows(&dz2),
            dw1: dz1.dot(&x.t()) / m,
            db1: mean_of_rows(&dz1),
            dz1,
            dz2,
        })
    }

    /// One step down the slope: each parameter p becomes p - `rate` * dp, rounded as those two operations are.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`](crate::Error::Shape) if the gradients are those of a network of other sizes,
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) if `rate` is negative or not finite; the parameters
    /// are then as they were.
    pub fn update(&mut self, gradients: &Gradients, rate: f64) -> Result<()> {
        check::rate(rate)?;
        let pairs = [
            ("dw1", &mut self.w1, &gradients.dw1),
            ("db1", &mut self.b1, &gradients.db1),
            ("dw2", &mut self.w2, &gradients.dw2),
            ("db2", &mut self.b2, &gradients.db2),
        ];
        for (name, parameter, gradient) in &pairs {
            check::shape(name, gradient, parameter.dim(), "as the parameter")?;
        }
        for (_, parameter, gradient) in pairs {
            parameter.scaled_add(-rate, gradient);
        }
        Ok(())
    }
}
