//! Deep networks against PyTorch, against finite differences and against themselves, and at their limits.

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
    serde_json::from_str(include_str!("golden/training.json")).unwrap()
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

#[test]
fn outputs_costs_and_gradients_agree_with_pytorch() {
    let cases = golden().gradients;
    assert_eq!(cases.len(), 9);
    for case in cases {
        let (x, y, network) = (
            array_of(&case.x),
            array_of(&case.y),
            network_of(&case.layers),
        );
        let outputs = array_of(&case.outputs);
        let forward = network.forward(&x).unwrap();
        assert_close(forward[forward.len() - 1].a.view(), outputs.view(), 1e-13);
        assert_close(network.predict(&x).unwrap().view(), outputs.view(), 1e-13);
        let cost = network.cost(&forward, &y, case.loss).unwrap();
        assert!((cost - case.cost).abs() < 1e-13 * case.cost);
        let (cost, _) = network.evaluate(&x, &y, case.loss).unwrap();
        assert!((cost - case.cost).abs() < 1e-13 * case.cost);

        let plainly = gradients_plainly(&network, &x, &y, case.loss);
        let trained = gradients_of_training(&network, &x, &y, case.loss);
        for ((expected, plainly), (dw, db)) in case.gradients.iter().zip(&plainly).zip(&trained) {
            let (w, b) = (array_of(&expected.w), column_of(&expected.b));
            assert!(
                w.iter().any(|g| g.abs() > 1e-4),
                "there is something to compare"
            );
            assert_close(plainly.dw.view(), w.view(), 1e-10);
            assert_close(plainly.db.view(), b.view(), 1e-10);
            assert_close(dw.view(), w.view(), 1e-10);
            assert_close(db.view(), b.view(), 1e-10);
        }
    }
}

#[test]
fn optimisers_schedules_and_the_penalty_agree_with_pytorch() {
    let cases = golden().trainings;
    assert_eq!(cases.len(), 6);
    for case in cases {
        let training = Training {
            epochs: case.costs.len(),
            rate: case.rate,
            schedule: match &case.schedule[..] {
                "Steps" => Schedule::Steps {
                    every: 7,
                    factor: 0.5,
                },
                "Exponential" => Schedule::Exponential { factor: 0.97 },
                "InverseTime" => Schedule::InverseTime { decay: 0.05 },
                "Cosine" => Schedule::Cosine { end: 0.1 },
                _ => Schedule::Constant,
            },
            optimiser: match &case.optimiser[..] {
                "Momentum" => Optimiser::momentum(),
                "Adam" => Optimiser::adam(),
                _ => Optimiser::GradientDescent,
            },
            loss: Loss::CategoricalCrossEntropy,
            l2: case.l2,
            ..Training::default()
        };
        let mut network = network_of(&case.layers);
        let history = training
            .fit(&mut network, &array_of(&case.x), &array_of(&case.y))
            .unwrap();
        assert!(history.cost[0] - history.cost[29] > 0.05, "it learned");
        for (found, expected) in history.cost.iter().zip(&case.costs) {
            assert!(
                (found - expected).abs() < 1e-12,
                "{found} instead of {expected}"
            );
        }
        let expected = network_of(&case.trained);
        for (found, expected) in network.layers().iter().zip(expected.layers()) {
            assert_close(found.weights(), expected.weights(), 1e-10);
            assert_close(found.biases(), expected.biases(), 1e-10);
        }
    }
}

const HIDDEN: [Activation; 4] = [
    Activation::Tanh,
    Activation::Sigmoid,
    Activation::Relu,
    Activation::Identity,
];

/// Every output layer with every loss that goes with it.
const OUTPUTS: [(Activation, Loss); 7] = [
    (Activation::Sigmoid, Loss::BinaryCrossEntropy),
    (Activation::Softmax, Loss::CategoricalCrossEntropy),
    (Activation::Tanh, Loss::SquaredError),
    (Activation::Sigmoid, Loss::SquaredError),
    (Activation::Relu, Loss::SquaredError),
    (Activation::Identity, Loss::SquaredError),
    (Activation::Softmax, Loss::SquaredError),
];

/// A network far from its start, and samples for it.
fn example(
    sizes: &[usize],
    hidden: &[usize],
    (output, loss): (Activation, Loss),
    samples: usize,
    seed: u64,
) -> (Network, Array2<f64>, Array2<f64>) {
    let last = sizes.len() - 2;
    let activation = |at: usize| match at == last {
        true => output,
        false => HIDDEN[hidden[at] % HIDDEN.len()],
    };
    let layers: Vec<(usize, Activation)> = (0..=last)
        .map(|at| (sizes[at + 1], activation(at)))
        .collect();
    let mut network = Network::new(sizes[0], &layers, Initialiser::Xavier, seed).unwrap();
    for layer in network.layers_mut().iter_mut() {
        let mut biases = layer.biases_mut();
        biases
            .indexed_iter_mut()
            .for_each(|((at, _), b)| *b = ((at * 7 + 3) as f64).sin() * 0.3);
    }
    let x = Array2::from_shape_fn((sizes[0], samples), |(i, j)| {
        ((i * 131 + j * 37 + seed as usize % 1000) as f64).sin() * 1.5
    });
    let outputs = sizes[last + 1];
    let y = match loss {
        Loss::CategoricalCrossEntropy => {
            let labels: Vec<usize> = (0..samples).map(|j| (j * j + j / 3) % outputs).collect();
            one_hot(&labels, outputs).unwrap()
        }
        Loss::BinaryCrossEntropy => {
            Array2::from_shape_fn((outputs, samples), |(i, j)| ((i + j * j) % 3) as f64 / 2.0)
        }
        Loss::SquaredError => {
            Array2::from_shape_fn((outputs, samples), |(i, j)| ((i * 5 + j * 3) as f64).cos())
        }
    };
    (network, x, y)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// The slope along parameters of every layer against a central difference of the cost.
    #[test]
    fn finite_differences_confirm_the_gradients(
        sizes in proptest::collection::vec(1..8_usize, 2..5),
        hidden in proptest::collection::vec(0..4_usize, 3),
        output in 0..OUTPUTS.len(),
        samples in 1..20_usize,
        seed in any::<u64>(),
    ) {
        let (activation, loss) = OUTPUTS[output];
        let (network, x, y) = example(&sizes, &hidden, (activation, loss), samples, seed);
        let forward = network.forward(&x).unwrap();
        // A ReLU has no slope where it bends.
        for (layer, of) in network.layers().iter().zip(&forward) {
            let bends = layer.activation() == Activation::Relu;
            prop_assume!(!bends || of.z.iter().all(|z| z.abs() > 1e-4));
        }
        let plainly = gradients_plainly(&network, &x, &y, loss);
        let trained = gradients_of_training(&network, &x, &y, loss);
        for (at, (gradients, (dw, _))) in plainly.iter().zip(&trained).enumerate() {
            for (place, &slope) in gradients.dw.indexed_iter() {
                let cost_at = |step: f64| {
                    let mut moved = network.clone();
                    moved.layers_mut()[at].weights_mut()[place] += step;
                    moved.cost(&moved.forward(&x).unwrap(), &y, loss).unwrap()
                };
                let step = 1e-5;
                let difference = (cost_at(step) - cost_at(-step)) / (2.0 * step);
                for slope in [slope, dw[place]] {
                    let error = (difference - slope).abs() / slope.abs().max(1e-3);
                    prop_assert!(error < 1e-6, "layer {at}, {place:?}: {slope}, but the cost changes by {difference}");
                }
            }
            for (place, &slope) in gradients.db.indexed_iter() {
                let cost_at = |step: f64| {
                    let mut moved = network.clone();
                    moved.layers_mut()[at].biases_mut()[place] += step;
                    moved.cost(&moved.forward(&x).unwrap(), &y, loss).unwrap()
                };
                let step = 1e-5;
                let difference = (cost_at(step) - cost_at(-step)) / (2.0 * step);
                let error = (difference - slope).abs() / slope.abs().max(1e-3);
                prop_assert!(error < 1e-6, "layer {at}, {place:?}: {slope}, but the cost changes by {difference}");
            }
        }
    }

    /// What the training computes in blocks and parts is what the arrays say, for layers small and large, and any number of samples.
    #[test]
    fn the_fast_gradients_are_the_plain_ones(
        sizes in proptest::collection::vec(1..130_usize, 2..5),
        hidden in proptest::collection::vec(0..4_usize, 3),
        output in 0..OUTPUTS.len(),
        samples in 1..600_usize,
        seed in any::<u64>(),
    ) {
        let (activation, loss) = OUTPUTS[output];
        let (network, x, y) = example(&sizes, &hidden, (activation, loss), samples, seed);
        let forward = network.forward(&x).unwrap();
        let outputs = &forward[forward.len() - 1].a;
        assert_close(network.predict(&x).unwrap().view(), outputs.view(), 1e-12);
        let plainly = network.cost(&forward, &y, loss).unwrap();
        let (cost, _) = network.evaluate(&x, &y, loss).unwrap();
        prop_assert!((cost - plainly).abs() <= 1e-12 * plainly.abs().max(1.0));
        // The differences of parameters are rounded to 1e-16 of the parameters: what is smaller cannot be compared.
        let close = |found: &Array2<f64>, expected: &Array2<f64>| {
            let pairs = found.iter().zip(expected);
            pairs.clone().all(|(f, e)| (f - e).abs() <= 1e-11 * e.abs().max(1e-2))
        };
        let trained = gradients_of_training(&network, &x, &y, loss);
        for (at, (plainly, (dw, db))) in gradients_plainly(&network, &x, &y, loss).iter().zip(&trained).enumerate() {
            prop_assert!(close(dw, &plainly.dw) && close(db, &plainly.db), "layer {at}");
        }
    }
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

#[test]
fn the_bits_depend_on_the_seed_alone_and_not_on_the_number_of_threads() {
    // Enough samples for several parts, with loops and with matrix products.
    let layers = [
        (100, Activation::Relu),
        (100, Activation::Tanh),
        (1, Activation::Sigmoid),
    ];
    let (x, y) = rings(6000);
    let small = [(200, Activation::Tanh), (1, Activation::Sigmoid)];
    for (batch, layers) in [
        (None, &small[..]),
        (None, &layers[..]),
        (Some(1500), &layers[..]),
    ] {
        let training = Training {
            epochs: 3,
            rate: 0.01,
            optimiser: Optimiser::adam(),
            batch,
            input_dropout: 0.1,
            seed: 5,
            ..Training::default()
        };
        let trained = |training: &Training, threads: usize| -> (Network, History) {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let mut network = Network::new(2, layers, Initialiser::He, 5).unwrap();
                let validation = Some((x.slice(s![.., ..900]), y.slice(s![.., ..900])));
                let validation = validation.as_ref().map(|(x, y)| (&**x, &**y));
                let history = training
                    .fit_with(&mut network, &x, &y, validation, |_| {
                        ControlFlow::Continue(())
                    })
                    .unwrap();
                (network, history)
            })
        };
        let once = trained(&training, 1);
        assert_eq!(once, trained(&training, 1));
        assert_eq!(once, trained(&training, 2));
        let other = Training {
            seed: 6,
            ..training
        };
        assert_ne!(once.0, trained(&other, 2).0);
    }
}

#[test]
fn parameters_and_network_learn_the_same_bits() {
    let (x, y) = rings(500);
    let mut parameters = Parameters::random(2, 4, 1, 9).unwrap();
    let layers = [(4, Activation::Tanh), (1, Activation::Sigmoid)];
    let mut network = Network::new(2, &layers, Initialiser::default(), 9).unwrap();
    assert_eq!(network, Network::try_from(parameters.clone()).unwrap());
    let costs = parameters.train(&x, &y, 1.2, 50).unwrap();
    let training = Training {
        epochs: 50,
        rate: 1.2,
        ..Training::default()
    };
    let history = training.fit(&mut network, &x, &y).unwrap();
    assert_eq!(costs[..50], history.cost);
    assert_eq!(network, Network::try_from(parameters).unwrap());
    assert_eq!(
        (network.n_x(), network.n_y(), network.parameter_count()),
        (2, 1, 17)
    );
}

#[test]
fn no_samples_have_no_outputs() {
    let nobody = Array2::zeros((2, 0));
    let network = small_network(1);
    assert_eq!(network.predict(&nobody).unwrap().dim(), (1, 0));
    assert!(network.predict_classes(&nobody).unwrap().is_empty());
    assert_eq!(network.forward(&nobody).unwrap()[1].a.dim(), (1, 0));
    let mut untouched = network.clone();
    let none = Training {
        epochs: 0,
        ..Training::default()
    };
    let (x, y) = rings(10);
    let history = none.fit(&mut untouched, &x, &y).unwrap();
    assert_eq!((history.epochs(), untouched), (0, network));
    assert_eq!(
        history.to_table().to_string().lines().count(),
        1,
        "the header"
    );
}

#[test]
fn every_optimiser_learns_the_rings_in_batches() {
    let (x, y) = rings(400);
    for (optimiser, rate) in [
        (Optimiser::GradientDescent, 0.5),
        (Optimiser::momentum(), 0.1),
        (Optimiser::adam(), 0.02),
    ] {
        let layers = [(12, Activation::Tanh), (1, Activation::Sigmoid)];
        let mut network = Network::new(2, &layers, Initialiser::Xavier, 3).unwrap();
        let training = Training {
            epochs: 150,
            rate,
            optimiser,
            batch: Some(32),
            ..Training::default()
        };
        let history = training.fit(&mut network, &x, &y).unwrap();
        assert_eq!(
            (history.epochs(), history.stopped),
            (150, Stopped::AfterAllEpochs)
        );
        let (cost, accuracy) = network.evaluate(&x, &y, training.loss).unwrap();
        assert!(cost < 0.1, "{optimiser}: {cost}");
        assert!(accuracy.unwrap() > 0.97 && history.accuracy[149] > 0.97);
        let classes = network.predict_classes(&x).unwrap();
        let right = classes
            .iter()
            .zip(&y)
            .filter(|(c, y)| **c as f64 == **y)
            .count();
        assert_eq!(right as f64 / 400.0, accuracy.unwrap());
    }
}

#[test]
fn softmax_tells_three_classes_apart() {
    let centers = [[-2.0, 0.0], [2.0, 0.0], [0.0, 2.5]];
    let labels: Vec<usize> = (0..300).map(|j| j % 3).collect();
    let x = Array2::from_shape_fn((2, 300), |(i, j)| {
        centers[labels[j]][i] + 0.7 * ((i * 97 + j * 13) as f64).sin()
    });
    let y = one_hot(&labels, 3).unwrap();
    let layers = [(6, Activation::Relu), (3, Activation::Softmax)];
    let mut network = Network::new(2, &layers, Initialiser::He, 4).unwrap();
    let training = Training {
        epochs: 200,
        rate: 0.5,
        loss: Loss::CategoricalCrossEntropy,
        ..Training::default()
    };
    let history = training.fit(&mut network, &x, &y).unwrap();
    let (cost, accuracy) = network.evaluate(&x, &y, training.loss).unwrap();
    assert!(cost < 0.05 && cost < history.cost[199], "{cost}");
    assert_eq!(accuracy, Some(1.0));
    assert_eq!(network.predict_classes(&x).unwrap(), labels);
    let probabilities = network.predict(&x).unwrap();
    for column in probabilities.columns() {
        assert!((column.sum() - 1.0).abs() < 1e-14);
    }
}

#[test]
fn an_autoencoder_learns_to_repeat_tastes() {
    // 60 listeners of two tastes, 100 artists: enough weights for the matrix products.
    let x = Array2::from_shape_fn((100, 60), |(artist, user)| {
        f64::from(u8::from(
            (artist / 50) == user % 2 && (artist * user) % 3 != 0,
        ))
    });
    let layers = [(90, Activation::Tanh), (100, Activation::Sigmoid)];
    let mut network = Network::new(100, &layers, Initialiser::Xavier, 8).unwrap();
    let training = Training {
        epochs: 60,
        rate: 0.005,
        optimiser: Optimiser::adam(),
        batch: Some(20),
        input_dropout: 0.2,
        ..Training::default()
    };
    let history = training.fit(&mut network, &x, &x).unwrap();
    let (cost, accuracy) = network.evaluate(&x, &x, training.loss).unwrap();
    assert!(
        cost < 0.5 * history.cost[0],
        "{cost} after {}",
        history.cost[0]
    );
    assert!(accuracy.unwrap() > 0.85);
}

/// Inputs that are left out leave the mean of a sum as it is, and add the variance of so many draws.
#[test]
fn input_dropout_leaves_the_mean() {
    let (n_x, samples, dropped) = (400, 500, 0.3);
    let weights = Array2::from_elem((1, n_x), 1.0 / n_x as f64);
    let layer = Dense::new(weights, array![[0.0]], Activation::Identity).unwrap();
    let mut network = Network::from_layers(vec![layer]).unwrap();
    let (x, y) = (Array2::ones((n_x, samples)), Array2::ones((1, samples)));
    let training = Training {
        epochs: 1,
        rate: 0.0,
        loss: Loss::SquaredError,
        input_dropout: dropped,
        ..Training::default()
    };
    let history = training.fit(&mut network, &x, &y).unwrap();
    let variance = dropped / (1.0 - dropped) / n_x as f64;
    let ratio = history.cost[0] / (0.5 * variance);
    assert!((ratio - 1.0).abs() < 0.2, "{ratio}");
    assert!(history.accuracy.is_empty(), "a sum is no class");
}

#[test]
fn early_stopping_gives_back_the_best_epoch() {
    // More weights than the few points can teach: the validation cost turns.
    let (x, y) = rings(40);
    let flipped = y
        .mapv(|y| y)
        .indexed_iter()
        .map(|((_, j), y)| if j % 7 == 0 { 1.0 - y } else { *y })
        .collect();
    let noisy = Array2::from_shape_vec((1, 40), flipped).unwrap();
    let (vx, vy) = rings(301);
    let validation = (vx.slice(s![.., 40..]), vy.slice(s![.., 40..]));
    let layers = [(30, Activation::Tanh), (1, Activation::Sigmoid)];
    let mut network = Network::new(2, &layers, Initialiser::Xavier, 3).unwrap();
    let training = Training {
        epochs: 3000,
        rate: 0.02,
        optimiser: Optimiser::adam(),
        early_stopping: Some(EarlyStopping {
            patience: 20,
            least: 0.0,
        }),
        ..Training::default()
    };
    let mut seen = Vec::new();
    let history = training
        .fit_with(
            &mut network,
            &x,
            &noisy,
            Some((&validation.0, &validation.1)),
            |progress| {
                seen.push((progress.validation_cost.unwrap(), progress.network.clone()));
                ControlFlow::Continue(())
            },
        )
        .unwrap();
    assert_eq!(history.stopped, Stopped::Early);
    let best = history.best_epoch.unwrap();
    assert_eq!(history.epochs(), best + 20);
    let least = history
        .validation_cost
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min);
    assert_eq!(history.validation_cost[best - 1], least);
    assert_eq!(seen[best - 1], (least, network.clone()));
    assert_eq!(history.validation_accuracy.len(), history.epochs());
    let (cost, _) = network
        .evaluate(&validation.0, &validation.1, training.loss)
        .unwrap();
    assert_eq!(cost, least);
}

#[test]
fn small_improvements_are_no_progress_but_the_best_is_kept() {
    let (x, y) = rings(100);
    let mut network = small_network(1);
    let rule = EarlyStopping {
        patience: 5,
        least: 0.01,
    };
    let training = Training {
        epochs: 1000,
        rate: 0.2,
        early_stopping: Some(rule),
        ..Training::default()
    };
    let history = training
        .fit_with(&mut network, &x, &y, Some((&x, &y)), |_| {
            ControlFlow::Continue(())
        })
        .unwrap();
    // It falls in every epoch, but ever less: five epochs in which it fell by less than the least are the end.
    let costs = &history.validation_cost;
    assert!(costs.is_sorted_by(|a, b| a > b));
    let (mut progress, mut last) = (f64::INFINITY, 0);
    let end = (1..).zip(costs).find(|&(epoch, &cost)| {
        if cost < progress - rule.least {
            (progress, last) = (cost, epoch);
        }
        epoch - last == rule.patience
    });
    assert_eq!(history.stopped, Stopped::Early);
    assert_eq!(end.unwrap().0, history.epochs());
    // The last epoch was the best, and its parameters are given back, though it was no progress.
    assert_eq!(history.best_epoch, Some(history.epochs()));
    let (cost, _) = network.evaluate(&x, &y, training.loss).unwrap();
    assert_eq!(cost, costs[costs.len() - 1]);
}

#[test]
fn the_progress_function_sees_the_network_and_can_stop() {
    let (x, y) = rings(100);
    let training = Training {
        epochs: 100,
        ..Training::default()
    };
    let mut network = small_network(1);
    let mut last = None;
    let history = training
        .fit_with(&mut network, &x, &y, None, |progress| {
            assert_eq!((progress.epochs, progress.validation_cost), (100, None));
            last = Some((progress.epoch, progress.network.clone(), progress.cost));
            match progress.epoch {
                7 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        })
        .unwrap();
    assert_eq!(
        (history.epochs(), history.stopped),
        (7, Stopped::ByProgress)
    );
    assert_eq!(last, Some((7, network.clone(), history.cost[6])));
    let table = history.to_table().to_string();
    assert!(
        table.contains("accuracy") && !table.contains("validation"),
        "{table}"
    );
    let summary = network.to_string();
    assert!(
        summary.contains("2 (outputs)") && summary.contains("sigmoid"),
        "{summary}"
    );
}

#[test]
fn a_training_that_diverges_names_the_epoch_and_the_layer_and_loses_nothing() {
    let (x, y) = rings(100);
    let layers = [
        (5, Activation::Relu),
        (5, Activation::Relu),
        (1, Activation::Identity),
    ];
    let start = Network::new(2, &layers, Initialiser::He, 2).unwrap();
    let training = Training {
        epochs: 1000,
        rate: 10.0,
        loss: Loss::SquaredError,
        ..Training::default()
    };
    let mut network = start.clone();
    let error = training.fit(&mut network, &x, &y).unwrap_err();
    let Error::Diverged { epoch, layer, .. } = error else {
        panic!("{error}")
    };
    assert!(epoch > 1 && (1..=3).contains(&layer), "{error}");
    let message = error.to_string();
    assert!(
        message.starts_with(&format!("epoch {epoch}, layer {layer} (")),
        "{message}"
    );
    assert!(
        message.ends_with("; try a smaller rate, or smaller weights to begin with"),
        "{message}"
    );

    // The network is that of the last epoch whose parameters are of use, and every shorter training ends there at the latest.
    let shorter = |epochs| {
        let mut network = start.clone();
        let shorter = Training { epochs, ..training };
        let outcome = shorter.fit(&mut network, &x, &y);
        (network, outcome.map(|history| history.epochs()))
    };
    let ends: Vec<bool> = (0..epoch)
        .map(|epochs| {
            let (shorter, outcome) = shorter(epochs);
            let (good, evaluated) = (
                outcome.is_ok(),
                shorter.evaluate(&x, &y, training.loss).is_ok(),
            );
            assert!(evaluated, "after {epochs}");
            assert!(good || shorter == network, "after {epochs}");
            good
        })
        .collect();
    let last_good = ends.iter().rposition(|&good| good).unwrap();
    assert!(last_good + 2 >= epoch && ends[..last_good].iter().all(|&good| good));
    assert_eq!(shorter(last_good).0, network);
    let all = network
        .layers()
        .iter()
        .flat_map(|l| l.weights().iter().copied().collect::<Vec<_>>());
    assert!(all.into_iter().all(f64::is_finite));

    // A sum that overflows, in the second layer; a tanh would hide it.
    let layers = [
        (2, Activation::Identity),
        (2, Activation::Tanh),
        (1, Activation::Sigmoid),
    ];
    let mut network = Network::new(2, &layers, Initialiser::Xavier, 2).unwrap();
    network.layers_mut()[0].weights_mut().fill(1e200);
    network.layers_mut()[1].weights_mut().fill(1e200);
    let before = network.clone();
    let error = Training::default().fit(&mut network, &x, &y).unwrap_err();
    assert_eq!(
        error.to_string(),
        "epoch 1, layer 2 (tanh): a sum W a + b is not finite; try a smaller rate, or smaller weights to begin with"
    );
    assert_eq!(network, before);
    assert_eq!(
        network.predict(&x).unwrap_err().to_string(),
        "`w a + b` is not finite in layer 2, but must be finite numbers; the weights or biases of that layer are too large"
    );

    // A cost that overflows, and an update that does.
    let layer = Dense::new(array![[1e200, 0.0]], array![[0.0]], Activation::Identity).unwrap();
    let mut network = Network::from_layers(vec![layer]).unwrap();
    let error = training.fit(&mut network, &x, &y).unwrap_err().to_string();
    assert!(
        error.starts_with("epoch 1, layer 1 (identity): the cost is not finite;"),
        "{error}"
    );
    let steep = Training {
        rate: 1e308,
        ..training
    };
    let layer = Dense::new(array![[1e5, 0.0]], array![[0.0]], Activation::Identity).unwrap();
    let mut network = Network::from_layers(vec![layer]).unwrap();
    let error = steep.fit(&mut network, &x, &y).unwrap_err().to_string();
    assert!(
        error.starts_with(
            "epoch 1, layer 1 (identity): a weight or bias is not finite after the update;"
        ),
        "{error}"
    );
    let mut parameters = Parameters::random(2, 4, 1, 1).unwrap();
    parameters.w1.fill(1.0);
    parameters.w2.fill(1e308);
    let before = parameters.clone();
    let far = x.mapv(|x| x.abs() + 9.0);
    let error = parameters.train(&far, &y, 0.1, 5).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    assert_eq!(parameters, before);
}

#[test]
fn the_last_update_is_looked_at_too() {
    // One huge step leaves weights that are finite, and sums that are not.
    let x = array![[1.0, 2.0, -1.0, -2.0], [3.0, 1.0, -2.0, -3.0]];
    let y = array![[1.0, 1.0, 0.0, 0.0]];
    let layers = [(2, Activation::Identity), (1, Activation::Sigmoid)];
    let start = Network::new(2, &layers, Initialiser::Xavier, 3).unwrap();
    for batch in [None, Some(2)] {
        let training = Training {
            epochs: 1,
            rate: 1e200,
            batch,
            ..Training::default()
        };
        let mut network = start.clone();
        let error = training.fit(&mut network, &x, &y).unwrap_err();
        assert!(
            error.to_string().starts_with("epoch 1, layer "),
            "{batch:?}: {error}"
        );
        assert_eq!(network, start, "{batch:?}");
        assert!(network.predict(&x).is_ok());
    }
    // The assignment's network: with one huge step its sums overflow over so many inputs.
    let (wide, zeros) = (Array2::ones((50, 2)), Array2::zeros((1, 2)));
    let mut parameters = Parameters::random(50, 3, 1, 1).unwrap();
    parameters.w2.fill(1.0);
    let before = parameters.clone();
    for outcome in [
        parameters.train(&wide, &zeros, 1e308, 1).map(drop),
        parameters.step(&wide, &zeros, 1e308).map(drop),
    ] {
        let error = outcome.unwrap_err().to_string();
        assert!(
            error.starts_with("epoch 1, layer 1 (tanh): a sum W a + b is not finite;"),
            "{error}"
        );
    }
    assert_eq!(parameters, before);
}

/// A function that changes any array of a network, as one who checks gradients writes it.
fn array_of_layer(network: &mut Network, k: usize) -> ndarray::ArrayViewMut2<'_, f64> {
    let layer = &mut network.layers_mut()[k / 2];
    match k % 2 {
        0 => layer.weights_mut(),
        _ => layer.biases_mut(),
    }
}

#[test]
fn the_numbers_of_a_layer_can_be_changed_and_its_shape_cannot() {
    let mut network = small_network(1);
    let before = network.clone();
    for k in 0..4 {
        array_of_layer(&mut network, k).fill(k as f64);
    }
    let outputs = &mut network.layers_mut()[1];
    outputs.biases_mut()[(0, 0)] = 0.5;
    let found: Vec<(Array2<f64>, Array2<f64>)> = (network.layers().iter())
        .map(|layer| (layer.weights().to_owned(), layer.biases().to_owned()))
        .collect();
    let expected = [
        (Array2::zeros((4, 2)), Array2::ones((4, 1))),
        (Array2::from_elem((1, 4), 2.0), array![[0.5]]),
    ];
    assert_eq!(found, expected);
    // What can be swapped are the layers of two networks, all of them: each network is whole again.
    let mut other = Network::new(3, &[(2, Activation::Softmax)], Initialiser::He, 1).unwrap();
    std::mem::swap(network.layers_mut(), other.layers_mut());
    assert_eq!((network.n_x(), network.n_y(), other.n_x()), (3, 2, 2));
    assert_eq!(other.layers_mut().len(), before.layers().len());
    assert!(network.predict(&Array2::zeros((3, 5))).is_ok());
}

#[test]
fn shapes_that_do_not_fit_are_named_with_their_layer() {
    let message = |result: Result<Network, Error>| result.unwrap_err().to_string();
    let layer = |rows, columns| {
        Dense::new(
            Array2::zeros((rows, columns)),
            Array2::zeros((rows, 1)),
            Activation::Tanh,
        )
        .unwrap()
    };
    assert_eq!(
        message(Network::from_layers(vec![layer(4, 2), layer(1, 3)])),
        "the array of weights of layer 2 has the shape 1 x 3, but must have 4 columns, one for each unit of layer 1 (its weights are 4 x 2)"
    );
    assert_eq!(
        message(Network::from_layers(vec![])),
        "`layers` is empty, but must be at least one layer, that of the outputs"
    );
    assert_eq!(
        message(Network::new(
            2,
            &[(4, Activation::Softmax), (1, Activation::Sigmoid)],
            Initialiser::He,
            1
        )),
        "`layers` is softmax in layer 1 of 2, but must be tanh, sigmoid, ReLU or identity before the output layer"
    );
    assert_eq!(
        message(Network::new(
            2,
            &[(0, Activation::Sigmoid)],
            Initialiser::He,
            1
        )),
        "`layers` is 0 units in layer 1, but must be at least 1 in each layer, and as many as the memory holds"
    );
    assert_eq!(
        message(Network::new(
            0,
            &[(1, Activation::Sigmoid)],
            Initialiser::He,
            1
        )),
        "`n_x` is 0, but must be at least 1"
    );
    assert_eq!(
        message(Network::new(
            1,
            &[(1, Activation::Sigmoid)],
            Initialiser::Normal { deviation: -1.0 },
            1
        )),
        "`deviation` is -1, but must be a finite number, at least 0"
    );
    assert_eq!(
        Dense::new(
            Array2::zeros((2, 3)),
            Array2::zeros((3, 1)),
            Activation::Tanh
        )
        .unwrap_err()
        .to_string(),
        "the array of biases has the shape 3 x 1, but must have 2 x 1 (a row a unit, as in the weights)"
    );
    assert!(
        Dense::new(
            Array2::zeros((0, 3)),
            Array2::zeros((0, 1)),
            Activation::Tanh
        )
        .is_err()
    );

    let (x, y) = rings(10);
    let mut network = small_network(1);
    let mut fit = |x: &Array2<f64>, y: &Array2<f64>| {
        Training::default()
            .fit(&mut network, x, y)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        fit(&Array2::zeros((3, 10)), &y),
        "x has the shape 3 x 10, but must have 2 rows, one for each input of layer 1 (its weights are 4 x 2)"
    );
    assert_eq!(
        fit(&x, &Array2::zeros((2, 10))),
        "y has the shape 2 x 10, but must have 1 x 10 (the outputs of layer 2, whose weights are 1 x 4, x the samples of x)"
    );
    assert_eq!(
        fit(&Array2::zeros((2, 0)), &Array2::zeros((1, 0))),
        "y has the shape 1 x 0, but must have at least one column, a column a sample"
    );
    assert_eq!(
        fit(&x.mapv(|v| if v > 1.5 { f64::NAN } else { v }), &y)
            .split_once(" in row")
            .unwrap()
            .0,
        "`x` is NaN"
    );
    let network = small_network(1);
    let forward = network.forward(&x).unwrap();
    let loss = Loss::BinaryCrossEntropy;
    let gradients = |forward, x: &Array2<f64>| {
        network
            .gradients(forward, x, &y, loss)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        gradients(&forward[..1], &x),
        "forward has the shape 1 layers, but must have 2 layers, as the network"
    );
    assert_eq!(
        gradients(&forward[..], &x.slice(s![.., ..5]).to_owned()),
        "the array of activations of layer 1 has the shape 4 x 10, but must have 4 x 5 (the units of the layer x the samples of x)"
    );
}

#[test]
fn parameters_outside_their_range_are_named() {
    let (x, y) = rings(10);
    let refusal = |training: Training| {
        let mut network = small_network(1);
        let before = network.clone();
        let error = training.fit(&mut network, &x, &y).unwrap_err().to_string();
        assert_eq!(network, before);
        error
    };
    let of = Training::default();
    for (training, message) in [
        (
            Training { rate: -0.1, ..of },
            "`rate` is -0.1, but must be a finite number, at least 0",
        ),
        (
            Training {
                rate: f64::NAN,
                ..of
            },
            "`rate` is NaN, but must be a finite number, at least 0",
        ),
        (
            Training {
                batch: Some(0),
                ..of
            },
            "`batch` is 0, but must be from 1 to the number of samples, 10",
        ),
        (
            Training {
                batch: Some(11),
                ..of
            },
            "`batch` is 11, but must be from 1 to the number of samples, 10",
        ),
        (
            Training { l2: -1.0, ..of },
            "`l2` is -1, but must be a finite number, at least 0",
        ),
        (
            Training {
                input_dropout: 1.0,
                ..of
            },
            "`input_dropout` is 1, but must be at least 0 and below 1",
        ),
        (
            Training {
                optimiser: Optimiser::Momentum { beta: 1.0 },
                ..of
            },
            "`beta` is 1, but must be at least 0 and below 1",
        ),
        (
            Training {
                optimiser: Optimiser::Adam {
                    beta1: 0.9,
                    beta2: 0.9,
                    epsilon: 0.0,
                },
                ..of
            },
            "`epsilon` is 0, but must be a finite number above 0",
        ),
        (
            Training {
                schedule: Schedule::Steps {
                    every: 0,
                    factor: 0.5,
                },
                ..of
            },
            "`every` is 0, but must be at least 1",
        ),
        (
            Training {
                schedule: Schedule::Exponential { factor: 1.5 },
                ..of
            },
            "`factor` is 1.5, but must be above 0 and at most 1",
        ),
        (
            Training {
                schedule: Schedule::InverseTime { decay: -1.0 },
                ..of
            },
            "`decay` is -1, but must be a finite number, at least 0",
        ),
        (
            Training {
                schedule: Schedule::Cosine { end: 2.0 },
                ..of
            },
            "`end` is 2, but must be from 0 to 1",
        ),
        (
            Training {
                early_stopping: Some(EarlyStopping::default()),
                ..of
            },
            "`early_stopping` is given, but must be `None` without validation data; give some to `fit_with`",
        ),
        (
            Training {
                early_stopping: Some(EarlyStopping {
                    patience: 0,
                    least: 0.0,
                }),
                ..of
            },
            "`patience` is 0, but must be at least 1",
        ),
        (
            Training {
                loss: Loss::CategoricalCrossEntropy,
                ..of
            },
            "`loss` is categorical cross-entropy, but must be binary cross-entropy or squared error, as the output layer is sigmoid; \
             categorical cross-entropy needs a softmax output layer",
        ),
    ] {
        assert_eq!(refusal(training), message);
    }
}

#[test]
fn labels_outside_the_classes_are_named() {
    assert_eq!(
        one_hot(&[0, 2, 3], 3).unwrap_err().to_string(),
        "`labels` is 3 for sample 2, but must be classes from 0, below n_classes = 3"
    );
    for (labels, n_classes) in [(&[0][..], usize::MAX), (&[], usize::MAX)] {
        let message = one_hot(labels, n_classes).unwrap_err().to_string();
        assert!(message.starts_with("`n_classes` is 18446744073709551615 (with "));
    }
    let (x, y) = rings(10);
    let refusal = |network: &mut Network, y: &Array2<f64>, loss| {
        let training = Training {
            loss,
            ..Training::default()
        };
        training.fit(network, &x, y).unwrap_err().to_string()
    };
    assert_eq!(
        refusal(&mut small_network(1), &(&y * 2.0), Loss::BinaryCrossEntropy),
        "`y` is 2 in row 0, column 1, but must be numbers from 0 to 1"
    );
    let mut network = Network::new(2, &[(3, Activation::Softmax)], Initialiser::Xavier, 1).unwrap();
    let mut two_at_once = one_hot(&[0; 10], 3).unwrap();
    two_at_once[(2, 4)] = 1.0;
    assert_eq!(
        refusal(&mut network, &two_at_once, Loss::CategoricalCrossEntropy),
        "`y` is a column of sum 2 (column 4), but must be probabilities of classes, whose sum in each column is 1"
    );
    let several = Network::new(2, &[(3, Activation::Sigmoid)], Initialiser::Xavier, 1).unwrap();
    assert_eq!(
        several.predict_classes(&x).unwrap_err().to_string(),
        "`output layer` is 3 x sigmoid, but must be softmax, or one sigmoid unit, for a sample to have one class"
    );
}

#[test]
fn a_saved_network_says_the_same_when_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("network");
    let (x, y) = rings(50);
    let layers = [
        (5, Activation::Relu),
        (3, Activation::Identity),
        (1, Activation::Sigmoid),
    ];
    let mut network = Network::new(2, &layers, Initialiser::He, 1).unwrap();
    Training::default().fit(&mut network, &x, &y).unwrap();
    network.save(&path).unwrap();
    assert_eq!(Network::load(&path).unwrap(), network);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left beside"
    );
    let json = serde_json::to_string(&network).unwrap();
    assert_eq!(serde_json::from_str::<Network>(&json).unwrap(), network);
    // What does not fit together is not read, whatever the format.
    let error = serde_json::from_str::<Network>(&json.replacen("[5,2]", "[2,5]", 1))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("must have 2 x 1 (a row a unit, as in the weights)"),
        "{error}"
    );

    let whole = std::fs::read(&path).unwrap();
    let refusal = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let message = Network::load(&path).unwrap_err().to_string();
        message.split_once("`: ").unwrap().1.to_owned()
    };
    for length in 1..whole.len() {
        assert_eq!(
            refusal(&whole[..length]),
            "the file of a network was cut short; save the network again",
            "{length} bytes"
        );
    }
    let mut newer = whole.clone();
    newer[8] = 2;
    assert!(
        refusal(&newer)
            .starts_with("the file has version 2 of the format, and this program reads version 1")
    );
    let mut damaged = whole.clone();
    damaged[40] ^= 1;
    assert_eq!(
        refusal(&damaged),
        "the file of a network was damaged; save the network again"
    );
    let mut other = whole.clone();
    other[..8].copy_from_slice(b"RADIOREC");
    assert_eq!(refusal(&other), "this is not the file of a network");
}

#[test]
fn initialisers_spread_as_their_formulas_say() {
    let of = |initialiser| {
        let network = Network::new(300, &[(200, Activation::Relu)], initialiser, 5).unwrap();
        network.layers()[0].weights().to_owned()
    };
    let xavier = of(Initialiser::Xavier);
    let limit = (6.0_f64 / 500.0).sqrt();
    assert!(xavier.iter().all(|w| w.abs() <= limit));
    assert!((xavier.std(0.0) / (limit / 3.0_f64.sqrt()) - 1.0).abs() < 0.01);
    assert!((of(Initialiser::He).std(0.0) / (2.0_f64 / 300.0).sqrt() - 1.0).abs() < 0.01);
    assert!((of(Initialiser::Normal { deviation: 0.3 }).std(0.0) / 0.3 - 1.0).abs() < 0.01);
    assert_eq!(
        of(Initialiser::default()),
        Parameters::random(300, 200, 1, 5).unwrap().w1
    );
}
