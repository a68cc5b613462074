//! A layer of a network.

use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, CowArray, Ix2};
use serde::{Deserialize, Serialize};

use super::{Activation, check};
use crate::arrays::in_words;
use crate::{Error, Result};

/// A layer whose every unit has a weight for every input: A = f(W X + b), a column a sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Read")]
pub struct Dense {
    // In row order, so that the kernel can read them as slices.
    pub(super) weights: Array2<f64>,
    pub(super) biases: Array2<f64>,
    pub(super) activation: Activation,
}

/// What a file has of a layer, before it is checked.
#[derive(Deserialize)]
struct Read {
    weights: Array2<f64>,
    biases: Array2<f64>,
    activation: Activation,
}

impl TryFrom<Read> for Dense {
    type Error = Error;

    fn try_from(read: Read) -> Result<Self> {
        Dense::new(read.weights, read.biases, read.activation)
    }
}

impl Dense {
    /// A layer of given `weights`, units x inputs, and `biases`, units x 1.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where the two do not fit together, or there are no units or no inputs.
    pub fn new(weights: Array2<f64>, biases: Array2<f64>, activation: Activation) -> Result<Self> {
        if weights.is_empty() {
            return Err(Error::Shape {
                what: "the array of weights".into(),
                expected: "at least one row, a row a unit, and one column, a column an input"
                    .into(),
                found: in_words(&weights),
            });
        }
        let because = "a row a unit, as in the weights";
        check::shape(
            "the array of biases",
            &biases,
            (weights.nrows(), 1),
            because,
        )?;
        Ok(Self {
            weights: in_rows(&weights).into_owned(),
            biases: in_rows(&biases).into_owned(),
            activation,
        })
    }

    /// The number of units.
    pub fn units(&self) -> usize {
        self.weights.nrows()
    }

    /// The number of inputs of each unit.
    pub fn inputs(&self) -> usize {
        self.weights.ncols()
    }

    /// W, units x inputs.
    pub fn weights(&self) -> ArrayView2<'_, f64> {
        self.weights.view()
    }

    /// b, units x 1.
    pub fn biases(&self) -> ArrayView2<'_, f64> {
        self.biases.view()
    }

    /// W, to be changed.
    pub fn weights_mut(&mut self) -> ArrayViewMut2<'_, f64> {
        self.weights.view_mut()
    }

    /// b, to be changed.
    pub fn biases_mut(&mut self) -> ArrayViewMut2<'_, f64> {
        self.biases.view_mut()
    }

    /// The function of the units.
    pub fn activation(&self) -> Activation {
        self.activation
    }

    /// A layer that reads weights as its own must be in row order.
    pub(super) fn slices(&self) -> (&[f64], &[f64]) {
        let rows = "the constructor lays them out in rows";
        (
            self.weights.as_slice().expect(rows),
            self.biases.as_slice().expect(rows),
        )
    }

    pub(super) fn slices_mut(&mut self) -> (&mut [f64], &mut [f64]) {
        let rows = "the constructor lays them out in rows";
        (
            self.weights.as_slice_mut().expect(rows),
            self.biases.as_slice_mut().expect(rows),
        )
    }
}

/// The array itself if it is in row order, otherwise a copy that is.
pub(super) fn in_rows(array: &ArrayRef2<f64>) -> CowArray<'_, f64, Ix2> {
    match array.is_standard_layout() {
        true => array.view().into(),
        false => array.view().as_standard_layout().into_owned().into(),
    }
}
