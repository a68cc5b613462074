//! Deep networks against PyTorch, against finite differences and against themselves, and at their limits.

mod gradients;
mod learning;
mod limits;

use std::ops::ControlFlow;

use ndarray::{Array2, ArrayView2, array, s};
use proptest::prelude::*;
use radio_rec::Error;
use radio_rec::nn::{
    Activation, Dense, EarlyStopping, History, Initialiser, LayerGradients, Loss, Network,
    Optimiser, Parameters, Schedule, Stopped, Training, one_hot,
};
use serde::Deserialize;

type Rows = Vec<Vec<f64>>;

#[derive(Deserialize)]
struct Golden {
    gradients: Vec<GradientCase>,
    trainings: Vec<TrainingCase>,
}

#[derive(Deserialize)]
struct GoldenLayer {
    activation: Activation,
    w: Rows,
    b: Vec<f64>,
}

#[derive(Deserialize)]
struct GradientCase {
    layers: Vec<GoldenLayer>,
    loss: Loss,
    x: Rows,
    y: Rows,
    outputs: Rows,
    cost: f64,
    gradients: Vec<GoldenGradient>,
}

#[derive(Deserialize)]
struct GoldenGradient {
    w: Rows,
    b: Vec<f64>,
}

#[derive(Deserialize)]
struct TrainingCase {
    layers: Vec<GoldenLayer>,
    x: Rows,
    y: Rows,
    optimiser: String,
    rate: f64,
    l2: f64,
    schedule: String,
    costs: Vec<f64>,
    trained: Vec<GoldenLayer>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/training.json")).unwrap()
}

fn array_of(rows: &Rows) -> Array2<f64> {
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

fn column_of(numbers: &[f64]) -> Array2<f64> {
    Array2::from_shape_vec((numbers.len(), 1), numbers.to_vec()).unwrap()
}

fn network_of(layers: &[GoldenLayer]) -> Network {
    let of = |layer: &GoldenLayer| {
        Dense::new(array_of(&layer.w), column_of(&layer.b), layer.activation).unwrap()
    };
    Network::from_layers(layers.iter().map(of).collect()).unwrap()
}

/// Changes the weights or biases of a layer.
fn change_layer(network: &mut Network, at: usize, change: impl FnOnce(&mut Dense)) {
    let mut layer = network.layers()[at].clone();
    change(&mut layer);
    network.set_layer(at, layer).unwrap();
}

/// Equal to `share` of the largest number.
#[track_caller]
fn assert_close(found: ArrayView2<'_, f64>, expected: ArrayView2<'_, f64>, share: f64) {
    assert_eq!(found.dim(), expected.dim());
    let largest = expected.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    for (at, f) in found.indexed_iter() {
        let e = expected[at];
        assert!(
            (f - e).abs() <= share * largest,
            "{f} instead of {e} at {at:?}"
        );
    }
}

/// The gradients as the training computes them: what a step with the rate 1 takes off.
fn gradients_of_training(
    network: &Network,
    x: &Array2<f64>,
    y: &Array2<f64>,
    loss: Loss,
) -> Vec<(Array2<f64>, Array2<f64>)> {
    let mut moved = network.clone();
    let step = Training {
        epochs: 1,
        rate: 1.0,
        loss,
        ..Training::default()
    };
    step.fit(&mut moved, x, y).unwrap();
    let layers = network.layers().iter().zip(moved.layers());
    let taken_off =
        |(a, b): (&Dense, &Dense)| (&a.weights() - &b.weights(), &a.biases() - &b.biases());
    layers.map(taken_off).collect()
}

fn gradients_plainly(
    network: &Network,
    x: &Array2<f64>,
    y: &Array2<f64>,
    loss: Loss,
) -> Vec<LayerGradients> {
    let forward = network.forward(x).unwrap();
    network.gradients(&forward, x, y, loss).unwrap()
}

/// Two interleaved rings of points, and which ring each is in.
fn rings(samples: usize) -> (Array2<f64>, Array2<f64>) {
    let ring = |j: usize| (j % 2) as f64;
    let x = Array2::from_shape_fn((2, samples), |(i, j)| {
        let angle = j as f64 * 2.4 + i as f64 * std::f64::consts::FRAC_PI_2;
        (1.0 + ring(j) + 0.3 * (j as f64).sin()) * angle.cos()
    });
    let y = Array2::from_shape_fn((1, samples), |(_, j)| ring(j));
    (x, y)
}

fn small_network(seed: u64) -> Network {
    let layers = [(4, Activation::Tanh), (1, Activation::Sigmoid)];
    Network::new(2, &layers, Initialiser::Xavier, seed).unwrap()
}
