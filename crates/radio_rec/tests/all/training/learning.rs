//! What is learned: the same bits for the same seed, better from epoch to epoch, until it ends.

use super::*;

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
