//! Training a network: `cargo bench -p radio_rec --bench network`.

use divan::{Bencher, black_box};
use ndarray::Array2;
use radio_rec::datasets::{GaussianQuantiles, gaussian_quantiles};
use radio_rec::nn::{Activation, Dense, Initialiser, Network, Optimiser, Training};

fn main() {
    divan::main();
}

/// How many epochs are timed together, so that what a training does once does not count.
const EPOCHS: usize = 50;

/// The assignment's network on 2,000 points, by the number of hidden units: 50 epochs of all points.
#[divan::bench(args = [4, 16, 64], sample_count = 20)]
fn fifty_epochs(bencher: Bencher<'_, '_>, hidden: usize) {
    let wanted = GaussianQuantiles {
        n_samples: 2000,
        n_classes: 2,
        covariance: 0.7,
        ..GaussianQuantiles::default()
    };
    let (x, y) = gaussian_quantiles(&wanted, 1606)
        .expect("the parameters are in range")
        .to_columns();
    let layers = [(hidden, Activation::Tanh), (1, Activation::Sigmoid)];
    let network = Network::new(2, &layers, Initialiser::default(), 1606).expect("there are layers");
    let training = Training {
        epochs: EPOCHS,
        rate: 1.2,
        ..Training::default()
    };
    bencher
        .with_inputs(|| network.clone())
        .bench_refs(|network| training.fit(network, black_box(&x), black_box(&y)));
}

/// 500 listeners and 1,000 artists, through 200 units: five epochs of batches of 100.
#[divan::bench(sample_count = 5)]
fn five_epochs_of_an_autoencoder(bencher: Bencher<'_, '_>) {
    let x = Array2::from_shape_fn((1000, 500), |(i, j)| {
        f64::from(u8::from((i * 7 + j * 13) % 23 == 0))
    });
    let layers = [(200, Activation::Tanh), (1000, Activation::Sigmoid)];
    let network = Network::new(1000, &layers, Initialiser::Xavier, 1606).expect("there are layers");
    let training = Training {
        epochs: 5,
        rate: 0.001,
        optimiser: Optimiser::adam(),
        batch: Some(100),
        ..Training::default()
    };
    bencher
        .with_inputs(|| network.clone())
        .bench_refs(|network| training.fit(network, black_box(&x), black_box(&x)));
}

/// 64 units with one input, on 4,096 samples: nearly all the time is that of the function, 262,144 times.
#[divan::bench(args = [Activation::Tanh, Activation::Sigmoid, Activation::Softmax, Activation::Relu], sample_count = 20)]
fn activation(bencher: Bencher<'_, '_>, activation: Activation) {
    let weights = Array2::from_shape_fn((64, 1), |(i, _)| i as f64 / 8.0 - 4.0);
    let layer = Dense::new(weights, Array2::zeros((64, 1)), activation).expect("they fit");
    let network = Network::from_layers(vec![layer]).expect("there is a layer");
    let x = Array2::from_shape_fn((1, 4096), |(_, j)| j as f64 / 4096.0);
    bencher.bench(|| network.predict(black_box(&x)));
}
