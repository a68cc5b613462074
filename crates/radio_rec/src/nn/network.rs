//! Networks of any number of dense layers.

use std::fmt;
use std::path::Path;

use ndarray::{Array2, ArrayRef2, CowArray, Ix2};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::dense::{Dense, in_rows};
use super::kernel::{Columns, Kernel};
use super::{Activation, Initialiser, Loss, Parameters, check};
use crate::arrays::{in_words, is_addressable};
use crate::display::Table;
use crate::model_file::Kind;
use crate::{Error, Result};

const FILE: Kind = Kind {
    magic: b"RADIONET",
    version: 1,
    what: "network",
};

/// Dense layers in a row: the activations of each are the inputs of the next. Samples are columns.
///
/// ```
/// use ndarray::array;
/// use radio_rec::nn::{Activation, Initialiser, Network, Training};
///
/// // Exclusive or: 2 inputs, 3 hidden units, 1 output.
/// let x = array![[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]];
/// let y = array![[0.0, 1.0, 1.0, 0.0]];
/// let layers = [(3, Activation::Tanh), (1, Activation::Sigmoid)];
/// let mut network = Network::new(2, &layers, Initialiser::Xavier, 1606)?;
/// let history = Training { epochs: 500, rate: 1.0, ..Training::default() }.fit(&mut network, &x, &y)?;
/// assert!(history.cost[499] < 0.1 * history.cost[0]);
/// assert_eq!(network.predict_classes(&x)?, [0, 1, 1, 0]);
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Network {
    pub(super) layers: Vec<Dense>,
}

/// What a file has of a network, before it is checked.
#[derive(Deserialize)]
struct Unchecked {
    layers: Vec<Dense>,
}

impl TryFrom<Unchecked> for Network {
    type Error = Error;

    fn try_from(read: Unchecked) -> Result<Self> {
        Network::from_layers(read.layers)
    }
}

impl TryFrom<Parameters> for Network {
    type Error = Error;

    /// The assignment's network: a hidden layer of tanh units, and an output layer of sigmoid units.
    fn try_from(parameters: Parameters) -> Result<Self> {
        parameters.check()?;
        let Parameters { w1, b1, w2, b2 } = parameters;
        let hidden = Dense::new(w1, b1, Activation::Tanh)?;
        let output = Dense::new(w2, b2, Activation::Sigmoid)?;
        Network::from_layers(vec![hidden, output])
    }
}

impl Network {
    /// A network with `n_x` inputs and, from the first hidden layer to the outputs, a layer for each (units,
    /// activation).
    ///
    /// All weights are drawn by `initialiser`, layer by layer and row by row; the same `seed` gives the same bits. With
    /// the default initialiser they are those of [`Parameters::random`]. For layers that begin differently, see
    /// [`Network::from_layers`].
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] where there are no layers, a size is 0, or a hidden layer is softmax; and as
    /// [`Initialiser::draw`].
    pub fn new(
        n_x: usize,
        layers: &[(usize, Activation)],
        initialiser: Initialiser,
        seed: u64,
    ) -> Result<Self> {
        if n_x == 0 {
            return Err(Error::invalid("n_x", 0, "at least 1"));
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut inputs = n_x;
        let mut drawn = Vec::new();
        for (number, &(units, activation)) in (1..).zip(layers) {
            if units == 0 || !is_addressable(units, inputs) {
                let value = format!("{units} units in layer {number}");
                let range = "at least 1 in each layer, and as many as the memory holds";
                return Err(Error::invalid("layers", value, range));
            }
            let weights = initialiser.draw(units, inputs, &mut rng)?;
            drawn.push(Dense::new(weights, Array2::zeros((units, 1)), activation)?);
            inputs = units;
        }
        Self::from_layers(drawn)
    }

    /// A network of given layers, from the first hidden one to the outputs.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] where there are none, or a hidden one is softmax; [`Error::Shape`] where one has not
    /// as many inputs as the one before has units.
    pub fn from_layers(layers: Vec<Dense>) -> Result<Self> {
        let Some((_, hidden)) = layers.split_last() else {
            return Err(Error::invalid(
                "layers",
                "empty",
                "at least one layer, that of the outputs",
            ));
        };
        for (number, layer) in (1..).zip(hidden) {
            check_hidden(layer.activation, number, layers.len())?;
            let next = &layers[number];
            if next.inputs() != layer.units() {
                return Err(Error::Shape {
                    what: format!("the array of weights of layer {}", number + 1),
                    expected: format!(
                        "{} columns, one for each unit of layer {number} (its weights are {})",
                        layer.units(),
                        in_words(&layer.weights)
                    ),
                    found: in_words(&next.weights),
                });
            }
        }
        Ok(Self { layers })
    }

    /// The number of inputs.
    pub fn n_x(&self) -> usize {
        self.layers[0].inputs()
    }

    /// The number of outputs.
    pub fn n_y(&self) -> usize {
        self.output().units()
    }

    /// The layers, from the first hidden one to the outputs; at least one.
    pub fn layers(&self) -> &[Dense] {
        &self.layers
    }

    /// Puts a layer in the place of number `at`, counted from 0 for the first hidden one.
    ///
    /// ```
    /// use radio_rec::nn::{Activation, Initialiser, Network};
    ///
    /// let mut network = Network::new(2, &[(1, Activation::Sigmoid)], Initialiser::Xavier, 7)?;
    /// let mut outputs = network.layers()[0].clone();
    /// outputs.biases_mut()[(0, 0)] = 0.5;
    /// network.set_layer(0, outputs)?;
    /// assert_eq!(network.layers()[0].biases()[(0, 0)], 0.5);
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] where there is no such layer, or a hidden one would be softmax; [`Error::Shape`]
    /// where the new one has not as many units and inputs as the old one. The network is then as it was.
    pub fn set_layer(&mut self, at: usize, layer: Dense) -> Result<()> {
        let count = self.layers.len();
        let Some(old) = self.layers.get_mut(at) else {
            return Err(Error::invalid(
                "at",
                at,
                format!("below {count}, the number of layers"),
            ));
        };
        let (what, because) = (
            format!("the array of weights of layer {}", at + 1),
            "units x inputs of the layer that it replaces",
        );
        check::shape(&what, &layer.weights, old.weights.dim(), because)?;
        if at + 1 < count {
            check_hidden(layer.activation, at + 1, count)?;
        }
        *old = layer;
        Ok(())
    }

    /// The number of weights and biases.
    pub fn parameter_count(&self) -> usize {
        let of_layer = |layer: &Dense| layer.weights.len() + layer.biases.len();
        self.layers.iter().map(of_layer).sum()
    }

    /// The outputs, `n_y` x m, for m samples `x`, `n_x` x m: probabilities, where the output layer is sigmoid or
    /// softmax.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] if `x` has not as many rows as the network has inputs; [`Error::InvalidParameter`] if a number
    /// of `x` is not finite, or the weights are so large that a sum overflows.
    pub fn predict(&self, x: &ArrayRef2<f64>) -> Result<Array2<f64>> {
        let x = self.check_inputs(x)?;
        let mut outputs = Array2::zeros((self.n_y(), x.ncols()));
        let kernel = Kernel::new(&self.layers, None, x.ncols());
        let bad = kernel.predict(
            &self.layers,
            Columns::all(&x),
            outputs.as_slice_mut().expect("it was just made"),
        );
        match bad {
            None => Ok(outputs),
            Some(layer) => Err(self.overflow(layer)),
        }
    }

    /// The class of each of m samples `x`, `n_x` x m: the most probable one of a softmax layer, the first of several;
    /// or, where there is one sigmoid output, 1 if it is above 1/2 and 0 otherwise.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for any other output layer, and as [`predict`](Network::predict).
    pub fn predict_classes(&self, x: &ArrayRef2<f64>) -> Result<Vec<usize>> {
        let activation = self.output().activation;
        let of_column: fn(&[f64]) -> usize = match (activation, self.n_y()) {
            (Activation::Softmax, _) => first_largest,
            (Activation::Sigmoid, 1) => |outputs| usize::from(outputs[0] > 0.5),
            (_, outputs) => {
                let value = format!("{outputs} x {activation}");
                let range = "softmax, or one sigmoid unit, for a sample to have one class";
                return Err(Error::invalid("output layer", value, range));
            }
        };
        // A row a sample, so that its outputs are a slice.
        let outputs = self
            .predict(x)?
            .reversed_axes()
            .as_standard_layout()
            .into_owned();
        let outputs = outputs.as_slice().expect("it was just laid out");
        Ok(outputs.chunks_exact(self.n_y()).map(of_column).collect())
    }

    /// The cost of the network and its accuracy on m samples `x`, `n_x` x m, with targets `y`, `n_y` x m; without a
    /// penalty.
    ///
    /// The accuracy is the share of samples whose largest output has the largest target, for a softmax layer, and the
    /// share of outputs that lie on the side of 1/2 of their target, for a sigmoid layer. Other outputs have none.
    ///
    /// # Errors
    ///
    /// As [`predict`](Network::predict), and as [`Loss::value`] for the targets.
    pub fn evaluate(
        &self,
        x: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
        loss: Loss,
    ) -> Result<(f64, Option<f64>)> {
        let (x, y) = self.check_samples(x, y, loss)?;
        let mut kernel = Kernel::new(&self.layers, Some(loss), x.ncols());
        let totals = kernel.evaluate(&self.layers, Columns::all(&x).with_targets(&y));
        if let Some(layer) = totals.bad {
            return Err(self.overflow(layer));
        }
        check::finite_cost(totals.cost())?;
        Ok((totals.cost(), totals.accuracy()))
    }

    /// Writes the network to a file, whole or not at all: it is written beside, then renamed.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the system refuses.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        FILE.save(self, path.as_ref())
    }

    /// Reads a network that [`save`](Network::save) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be read, and [`Error::ModelFile`] for one that is not a network, was cut
    /// short or damaged, or was written by a newer version of this crate.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        FILE.load(path.as_ref())
    }

    /// A table of the layers.
    pub fn to_table(&self) -> Table {
        let mut table = Table::new(["layer", "units", "activation", "parameters"]);
        table.push(("inputs", self.n_x(), "", ""));
        for (number, layer) in (1..).zip(self.layers.iter()) {
            let parameters = layer.weights.len() + layer.biases.len();
            let name = match number == self.layers.len() {
                true => format!("{number} (outputs)"),
                false => number.to_string(),
            };
            table.push((
                name,
                layer.units(),
                layer.activation.to_string(),
                parameters,
            ));
        }
        table
    }

    /// Shows the layers in a notebook.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }

    /// Copies the parameters of a network of the same shape.
    pub(super) fn copy_from(&mut self, other: &Network) {
        for (to, from) in self.layers.iter_mut().zip(other.layers.iter()) {
            to.weights.assign(&from.weights);
            to.biases.assign(&from.biases);
        }
    }

    pub(super) fn output(&self) -> &Dense {
        self.layers.last().expect("a network has a layer")
    }

    /// `x` in row order, if it can be inputs.
    pub(super) fn check_inputs<'a>(&self, x: &'a ArrayRef2<f64>) -> Result<CowArray<'a, f64, Ix2>> {
        if x.nrows() != self.n_x() {
            return Err(Error::Shape {
                what: "x".into(),
                expected: format!(
                    "{} rows, one for each input of layer 1 (its weights are {})",
                    self.n_x(),
                    in_words(&self.layers[0].weights)
                ),
                found: in_words(x),
            });
        }
        check::finite("x", x, "")?;
        Ok(in_rows(x))
    }

    /// `x` and `y` in row order, if they can be samples for this network and loss.
    pub(super) fn check_samples<'a>(
        &self,
        x: &'a ArrayRef2<f64>,
        y: &'a ArrayRef2<f64>,
        loss: Loss,
    ) -> Result<(CowArray<'a, f64, Ix2>, CowArray<'a, f64, Ix2>)> {
        let output = self.output();
        loss.check(output.activation)?;
        let x = self.check_inputs(x)?;
        let because = format!(
            "the outputs of layer {}, whose weights are {}, x the samples of x",
            self.layers.len(),
            in_words(&output.weights)
        );
        check::shape("y", y, (self.n_y(), x.ncols()), &because)?;
        loss.check_targets(y)?;
        Ok((x, in_rows(y)))
    }

    /// The error of sums that overflow, in a layer from 0.
    fn overflow(&self, layer: usize) -> Error {
        Error::invalid(
            "w a + b",
            format!("not finite in layer {}", layer + 1),
            "finite numbers; the weights or biases of that layer are too large",
        )
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}

/// That an activation can be that of a hidden layer, number `number` of `count`.
fn check_hidden(activation: Activation, number: usize, count: usize) -> Result<()> {
    if activation != Activation::Softmax {
        return Ok(());
    }
    let value = format!("softmax in layer {number} of {count}");
    let range = "tanh, sigmoid, ReLU or identity before the output layer";
    Err(Error::invalid("layers", value, range))
}

/// Where the largest of the numbers is, the first of several.
fn first_largest(numbers: &[f64]) -> usize {
    let mut best = 0;
    for (at, number) in numbers.iter().enumerate() {
        if *number > numbers[best] {
            best = at;
        }
    }
    best
}
