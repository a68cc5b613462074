//! Neural networks of dense layers: the assignment's, step by step, and any number of layers, fast.
//!
//! # The assignment's network
//!
//! [`Parameters`] has one hidden layer of tanh units and an output of sigmoid units, with arrays only. With m samples,
//! a column a sample, and a ' for the transpose, the network and its learning are
//!
//! | | forward | | backward |
//! |---|---|---|---|
//! | hidden | Z1 = W1 X + b1, A1 = tanh(Z1) | | dZ1 = W2' dZ2 * (1 - A1^2), dW1 = dZ1 X' / m, db1 = row sums of dZ1 / m |
//! | output | Z2 = W2 A1 + b2, A2 = 1 / (1 + exp(-Z2)) | | dZ2 = A2 - Y, dW2 = dZ2 A1' / m, db2 = row sums of dZ2 / m |
//! | cost | J = -sum(Y log A2 + (1 - Y) log(1 - A2)) / m | | W -= rate dW, b -= rate db |
//!
//! These are the equations of back-propagation (D. E. Rumelhart, G. E. Hinton, R. J. Williams, "Learning
//! representations by back-propagating errors", Nature 323, 1986) for tanh, sigmoid and the cross-entropy; dZ2 is so
//! short because the slope of the sigmoid cancels against that of the logarithms (C. M. Bishop, "Pattern Recognition
//! and Machine Learning", 2006, 5.3).
//!
//! ```
//! use ndarray::array;
//! use radio_rec::nn::Parameters;
//!
//! let x = array![[0.0, 0.5, 2.0, -2.0], [0.1, -0.3, 1.0, 0.5]];
//! let y = array![[0.0, 0.0, 1.0, 1.0]];
//! let mut network = Parameters::random(2, 4, 1, 1606)?;
//! let activations = network.forward(&x)?;
//! let cost = activations.cost(&y)?;
//! assert!((cost - std::f64::consts::LN_2).abs() < 1e-3);
//!
//! let gradients = network.gradients(&activations, &x, &y)?;
//! network.update(&gradients, 0.5)?;
//! assert!(network.forward(&x)?.cost(&y)? < cost);
//!
//! let costs = network.train(&x, &y, 0.5, 1000)?;
//! assert!(costs[1000] < 0.1);
//! # Ok::<(), radio_rec::Error>(())
//! ```
//!
//! # Any number of layers
//!
//! A [`Network`] has any number of [`Dense`] layers, each with an [`Activation`], whose weights an [`Initialiser`]
//! draws. A [`Training`] makes a [`Loss`] small, by an [`Optimiser`], at a rate that follows a [`Schedule`], and
//! answers with a [`History`].
//!
//! | forward, layer by layer | backward, from the outputs |
//! |---|---|
//! | Z = W A + b over the activations A of the layer before; its own are f(Z) | dZ = dA * f'(Z), dW = dZ A' / m, db = row sums of dZ / m; the layer before gets dA = W' dZ |
//!
//! [`Network::forward`] and [`Network::gradients`] compute this plainly, with every array to be looked at. The training
//! computes the same in blocks of samples that stay in the cache, takes no memory in an epoch (but what matrix products
//! of large layers need), and gives the same bits on any number of processors. [`Parameters::train`] is one.
//!
//! ```
//! use ndarray::array;
//! use radio_rec::nn::{Activation, Initialiser, Loss, Network, Optimiser, Training, one_hot};
//!
//! let x = array![[0.1, 0.9, 2.1, 0.0, 1.1, 1.9], [0.0, 1.1, 0.1, 0.2, 0.8, 0.0]];
//! let y = one_hot(&[0, 1, 2, 0, 1, 2], 3)?;
//! let layers = [(8, Activation::Relu), (3, Activation::Softmax)];
//! let mut network = Network::new(2, &layers, Initialiser::He, 1606)?;
//! let training = Training {
//!     epochs: 200,
//!     rate: 0.05,
//!     optimiser: Optimiser::adam(),
//!     loss: Loss::CategoricalCrossEntropy,
//!     batch: Some(3),
//!     ..Training::default()
//! };
//! let history = training.fit(&mut network, &x, &y)?;
//! assert!(history.cost[199] < 0.1 * history.cost[0]);
//! assert_eq!(network.predict_classes(&x)?, [0, 1, 2, 0, 1, 2]);
//! # Ok::<(), radio_rec::Error>(())
//! ```

mod activation;
mod check;
mod dense;
mod forward;
mod gradients;
mod history;
mod initialiser;
mod kernel;
mod loops;
mod loss;
mod network;
mod optimiser;
mod parameters;
mod plain;
mod schedule;
mod train;
mod training;
mod vector;

pub use activation::{Activation, sigmoid};
pub use dense::Dense;
pub use forward::Activations;
pub use gradients::Gradients;
pub use history::{History, Progress, Stopped};
pub use initialiser::Initialiser;
pub use loss::Loss;
pub use network::Network;
pub use optimiser::Optimiser;
pub use parameters::Parameters;
pub use plain::{LayerForward, LayerGradients};
pub use schedule::Schedule;
pub use training::{EarlyStopping, Training};

pub use crate::arrays::one_hot;
