//! What diverges, what does not fit, what is out of range; saved networks.

use super::*;

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

    // The network is that of the last epoch whose parameters are of use, and every shorter training ends there at the
    // latest.
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
    for at in [0, 1] {
        change_layer(&mut network, at, |layer| layer.weights_mut().fill(1e200));
    }
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

#[test]
fn the_numbers_of_a_layer_can_be_changed_and_its_shape_cannot() {
    let mut network = small_network(1);
    for (at, number) in [(0, 3.0), (1, 2.0)] {
        change_layer(&mut network, at, |layer| {
            layer.weights_mut().fill(number);
            layer.biases_mut().fill(number + 0.5);
        });
    }
    let found: Vec<(Array2<f64>, Array2<f64>)> = (network.layers().iter())
        .map(|layer| (layer.weights().to_owned(), layer.biases().to_owned()))
        .collect();
    let expected = [
        (
            Array2::from_elem((4, 2), 3.0),
            Array2::from_elem((4, 1), 3.5),
        ),
        (Array2::from_elem((1, 4), 2.0), array![[2.5]]),
    ];
    assert_eq!(found, expected);

    let before = network.clone();
    let layer = |rows, columns, activation| {
        let (weights, biases) = (Array2::ones((rows, columns)), Array2::ones((rows, 1)));
        Dense::new(weights, biases, activation).unwrap()
    };
    for (at, layer, message) in [
        (
            0,
            layer(4, 3, Activation::Tanh),
            "the array of weights of layer 1 has the shape 4 x 3, but must have 4 x 2 (units x inputs of the layer that it replaces)",
        ),
        (
            1,
            layer(2, 4, Activation::Sigmoid),
            "the array of weights of layer 2 has the shape 2 x 4, but must have 1 x 4 (units x inputs of the layer that it replaces)",
        ),
        (
            0,
            layer(4, 2, Activation::Softmax),
            "`layers` is softmax in layer 1 of 2, but must be tanh, sigmoid, ReLU or identity before the output layer",
        ),
        (
            2,
            layer(1, 4, Activation::Sigmoid),
            "`at` is 2, but must be below 2, the number of layers",
        ),
    ] {
        let error = network.set_layer(at, layer).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(network, before);
    }
    // An output layer may be softmax.
    network
        .set_layer(1, layer(1, 4, Activation::Softmax))
        .unwrap();
    assert_eq!(network.layers()[1].activation(), Activation::Softmax);
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
