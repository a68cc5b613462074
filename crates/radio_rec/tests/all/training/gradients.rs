//! Against PyTorch, against finite differences, and the fast loops against the plain ones.

use super::*;

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
    for at in 0..=last {
        change_layer(&mut network, at, |layer| {
            let mut biases = layer.biases_mut();
            biases
                .indexed_iter_mut()
                .for_each(|((at, _), b)| *b = ((at * 7 + 3) as f64).sin() * 0.3);
        });
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
                    change_layer(&mut moved, at, |layer| layer.weights_mut()[place] += step);
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
                    change_layer(&mut moved, at, |layer| layer.biases_mut()[place] += step);
                    moved.cost(&moved.forward(&x).unwrap(), &y, loss).unwrap()
                };
                let step = 1e-5;
                let difference = (cost_at(step) - cost_at(-step)) / (2.0 * step);
                let error = (difference - slope).abs() / slope.abs().max(1e-3);
                prop_assert!(error < 1e-6, "layer {at}, {place:?}: {slope}, but the cost changes by {difference}");
            }
        }
    }

    /// What the training computes in blocks and parts is what the arrays say, for layers small and large, and any
    /// number of samples.
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
