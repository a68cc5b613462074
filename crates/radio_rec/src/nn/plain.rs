//! Forward and backward as plainly as arrays allow: what the kernel of the training is tested against, and what can be
//! looked at.

use ndarray::{Array2, ArrayRef2, Axis};

use super::{Loss, Network, check};
use crate::{Error, Result};

/// The sums and activations of one layer for m samples.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerForward {
    /// The sums W A + b over the activations A of the layer before, units x m.
    pub z: Array2<f64>,
    /// The activations f(Z), units x m.
    pub a: Array2<f64>,
}

/// The slopes of the cost along what one layer consists of.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerGradients {
    /// Along Z, units x m, of each sample's own cost, without the 1 / m.
    pub dz: Array2<f64>,
    /// Along W, units x inputs: dZ A' / m with the activations A of the layer before.
    pub dw: Array2<f64>,
    /// Along b, units x 1: the row sums of dZ / m.
    pub db: Array2<f64>,
}

impl Network {
    /// Sends m samples `x`, `n_x` x m, through the network: what each layer says, from the first hidden one to the
    /// outputs.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` has not as many rows as the network has inputs; [`Error::InvalidParameter`] if a number
    /// of `x` is not finite, or the weights are so large that a sum overflows.
    pub fn forward(&self, x: &ArrayRef2<f64>) -> Result<Vec<LayerForward>> {
        let inputs = self.check_inputs(x)?;
        let mut forward: Vec<LayerForward> = Vec::with_capacity(self.layers.len());
        for (number, layer) in (1..).zip(self.layers.iter()) {
            let z = match forward.last() {
                None => layer.weights.dot(&inputs),
                Some(before) => layer.weights.dot(&before.a),
            } + &layer.biases;
            let cause = format!("; the weights or biases of layer {number} are too large");
            check::finite("w a + b", &z, &cause)?;
            let a = layer.activation.value(&z);
            forward.push(LayerForward { z, a });
        }
        Ok(forward)
    }

    /// The cost of what [`forward`](Network::forward) answered, against the targets `y`, `n_y` x m.
    ///
    /// # Errors
    ///
    /// As [`Loss::value`]; [`Error::Shape`] if `forward` is that of a network with another number of layers.
    pub fn cost(&self, forward: &[LayerForward], y: &ArrayRef2<f64>, loss: Loss) -> Result<f64> {
        self.check_forward(forward)?;
        let activation = self.output().activation;
        loss.value(activation, &forward[forward.len() - 1].z, y)
    }

    /// The gradients of [`cost`](Network::cost), by back-propagation, a layer an entry, from the first hidden one to
    /// the outputs: for m samples `x`, `n_x` x m, what [`forward`](Network::forward) answered to them, and the targets
    /// `y`, `n_y` x m.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where one of them does not fit the network or the others, and as [`Loss::slope`].
    pub fn gradients(
        &self,
        forward: &[LayerForward],
        x: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
        loss: Loss,
    ) -> Result<Vec<LayerGradients>> {
        self.check_forward(forward)?;
        let samples = x.ncols();
        let because = "inputs x samples";
        check::shape("x", x, (self.n_x(), samples), because)?;
        for ((number, layer), of) in (1..).zip(self.layers.iter()).zip(forward) {
            let what = format!("the array of activations of layer {number}");
            let because = "the units of the layer x the samples of x";
            check::shape(&what, &of.a, (layer.units(), samples), because)?;
        }
        let m = samples as f64;
        let last = self.layers.len() - 1;
        let mut dz = loss.slope(self.layers[last].activation, &forward[last].a, y)?;
        let mut gradients = Vec::with_capacity(self.layers.len());
        for at in (0..=last).rev() {
            let dw = match at {
                0 => dz.dot(&x.t()),
                _ => dz.dot(&forward[at - 1].a.t()),
            } / m;
            let db = dz.sum_axis(Axis(1)).insert_axis(Axis(1)) / m;
            let before = at.checked_sub(1).map(|before| {
                let da = self.layers[at].weights.t().dot(&dz);
                self.layers[before]
                    .activation
                    .slope(&forward[before].a, &da)
            });
            gradients.push(LayerGradients { dz, dw, db });
            match before {
                Some(before) => dz = before?,
                None => break,
            }
        }
        gradients.reverse();
        Ok(gradients)
    }

    fn check_forward(&self, forward: &[LayerForward]) -> Result<()> {
        if forward.len() == self.layers.len() {
            return Ok(());
        }
        Err(Error::Shape {
            what: "forward".into(),
            expected: format!("{} layers, as the network", self.layers.len()),
            found: format!("{} layers", forward.len()),
        })
    }
}
