//! The network against numpy, against finite differences, and at its limits.

use ndarray::{Array2, array};
use proptest::prelude::*;
use radio_rec::Error;
use radio_rec::nn::{Gradients, Parameters};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    networks: Vec<Case>,
}

type Rows = Vec<Vec<f64>>;

#[derive(Deserialize)]
struct Case {
    x: Rows,
    y: Rows,
    parameters: GoldenParameters,
    forward: Option<GoldenForward>,
    cost: f64,
    gradients: GoldenGradients,
    same_gradient: Vec<Updated>,
    ten_iterations: Vec<Trained>,
    hundred_iterations: Trained,
}

#[derive(Deserialize)]
struct GoldenParameters {
    w1: Rows,
    b1: Rows,
    w2: Rows,
    b2: Rows,
}

#[derive(Deserialize)]
struct GoldenForward {
    z1: Rows,
    a1: Rows,
    z2: Rows,
    a2: Rows,
}

#[derive(Deserialize)]
struct GoldenGradients {
    dw1: Rows,
    db1: Rows,
    dw2: Rows,
    db2: Rows,
    dz1: Option<Rows>,
    dz2: Option<Rows>,
}

#[derive(Deserialize)]
struct Updated {
    rate: f64,
    parameters: GoldenParameters,
}

#[derive(Deserialize)]
struct Trained {
    rate: f64,
    parameters: GoldenParameters,
    costs: Vec<f64>,
}

fn golden() -> Vec<Case> {
    let golden: Golden = serde_json::from_str(include_str!("../golden/network.json")).unwrap();
    assert_eq!(golden.networks.len(), 3);
    golden.networks
}

fn array(rows: &Rows) -> Array2<f64> {
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

impl GoldenParameters {
    fn parameters(&self) -> Parameters {
        Parameters {
            w1: array(&self.w1),
            b1: array(&self.b1),
            w2: array(&self.w2),
            b2: array(&self.b2),
        }
    }
}

/// Equal to 1e-12 of the largest number of the array: gradients of 1e-6 are compared to 1e-18.
#[track_caller]
fn assert_close(found: &Array2<f64>, expected: &Rows) {
    let expected = array(expected);
    assert_eq!(found.dim(), expected.dim());
    let largest = expected.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    for (f, e) in found.iter().zip(&expected) {
        assert!((f - e).abs() <= 1e-12 * largest, "{f} instead of {e}");
    }
}

#[test]
fn forward_cost_and_gradients_agree_with_numpy() {
    for case in golden() {
        let (x, y, network) = (array(&case.x), array(&case.y), case.parameters.parameters());
        let activations = network.forward(&x).unwrap();
        if let Some(expected) = &case.forward {
            assert_close(&activations.z1, &expected.z1);
            assert_close(&activations.a1, &expected.a1);
            assert_close(&activations.z2, &expected.z2);
            assert_close(&activations.a2, &expected.a2);
        }
        let cost = activations.cost(&y).unwrap();
        assert!(
            (cost - case.cost).abs() < 1e-12,
            "{cost} instead of {}",
            case.cost
        );
        let gradients = network.gradients(&activations, &x, &y).unwrap();
        // With a start at 0, the sums over equal classes cancel: what is left of db2 and db1 is small against its
        // terms, so they are compared in units of those.
        assert_close(&gradients.dw1, &case.gradients.dw1);
        assert_close(&gradients.dw2, &case.gradients.dw2);
        for (found, expected) in [
            (&gradients.db1, &case.gradients.db1),
            (&gradients.db2, &case.gradients.db2),
        ] {
            for (f, e) in found.iter().zip(&array(expected)) {
                assert!((f - e).abs() < 1e-15, "{f} instead of {e}");
            }
        }
        if let (Some(dz1), Some(dz2)) = (&case.gradients.dz1, &case.gradients.dz2) {
            assert_close(&gradients.dz1, dz1);
            assert_close(&gradients.dz2, dz2);
        }
    }
}

#[test]
fn updates_agree_with_numpy() {
    for case in golden() {
        let (x, y, start) = (array(&case.x), array(&case.y), case.parameters.parameters());
        let gradients = start
            .gradients(&start.forward(&x).unwrap(), &x, &y)
            .unwrap();
        let mut network = start.clone();
        for step in &case.same_gradient {
            network.update(&gradients, step.rate).unwrap();
            assert_close(&network.w1, &step.parameters.w1);
            assert_close(&network.w2, &step.parameters.w2);
            for (f, e) in network.b1.iter().zip(&array(&step.parameters.b1)) {
                assert!((f - e).abs() < 1e-15);
            }
            assert!((network.b2[(0, 0)] - step.parameters.b2[0][0]).abs() < 1e-15);
        }
        for run in &case.ten_iterations {
            let mut network = start.clone();
            let costs = network.train(&x, &y, run.rate, 10).unwrap();
            assert_eq!(costs.len(), 11);
            for (f, e) in costs.iter().zip(&run.costs) {
                assert!((f - e).abs() < 1e-12, "{f} instead of {e}");
            }
            for (found, expected) in [
                (&network.w1, &run.parameters.w1),
                (&network.b1, &run.parameters.b1),
                (&network.w2, &run.parameters.w2),
                (&network.b2, &run.parameters.b2),
            ] {
                for (f, e) in found.iter().zip(&array(expected)) {
                    assert!((f - e).abs() < 1e-12, "{f} instead of {e}");
                }
            }
        }
    }
}

#[test]
fn a_hundred_epochs_of_training_agree_with_numpy() {
    for case in golden() {
        let (x, y) = (array(&case.x), array(&case.y));
        let Trained {
            rate,
            parameters,
            costs,
        } = &case.hundred_iterations;
        let mut network = case.parameters.parameters();
        let found = network.train(&x, &y, *rate, costs.len()).unwrap();
        for (found, expected) in found.iter().zip(costs) {
            assert!(
                (found - expected).abs() < 1e-12,
                "{found} instead of {expected}"
            );
        }
        let expected = parameters.parameters();
        for (found, expected) in [
            (&network.w1, &expected.w1),
            (&network.b1, &expected.b1),
            (&network.w2, &expected.w2),
            (&network.b2, &expected.b2),
        ] {
            for (f, e) in found.iter().zip(expected) {
                assert!((f - e).abs() < 1e-10, "{f} instead of {e}");
            }
        }
        // It got somewhere: equal numbers of a start that stays are no news.
        let moved = &network.w1 - &case.parameters.parameters().w1;
        assert!(moved.iter().any(|d| d.abs() > 1e-3));
    }
}

/// What must hold in any run of the assignment.
#[test]
fn the_assignment_holds_for_any_seed() {
    let case = &golden()[2];
    let (x, y) = (array(&case.x), array(&case.y));
    for seed in 0..20 {
        let mut network = Parameters::random(x.nrows(), 4, y.nrows(), seed).unwrap();
        let activations = network.forward(&x).unwrap();
        assert_eq!(activations.z1.dim(), (4, 2000));
        assert_eq!(activations.a1.dim(), (4, 2000));
        assert_eq!(activations.z2.dim(), (1, 2000));
        assert_eq!(activations.a2.dim(), (1, 2000));
        let cost = activations.cost(&y).unwrap();
        assert!((cost - std::f64::consts::LN_2).abs() < 1e-4);
        let Gradients { db2, .. } = &network.gradients(&activations, &x, &y).unwrap();
        let gradients = network.gradients(&activations, &x, &y).unwrap();
        let mut sum = 0.0;
        for rate in [0.0001, 0.01, 1.0] {
            let change = -rate * db2[(0, 0)];
            network.update(&gradients, rate).unwrap();
            sum += change;
            // To the last bit: b2 is the running sum of the changes.
            assert_eq!(network.b2[(0, 0)], sum);
        }
    }
}

/// The first change starts at 0, so that it can be read off b2 without rounding.
#[test]
fn a_change_of_b2_is_the_rate_times_the_gradient() {
    let case = &golden()[0];
    let (x, y, start) = (array(&case.x), array(&case.y), case.parameters.parameters());
    let gradients = start
        .gradients(&start.forward(&x).unwrap(), &x, &y)
        .unwrap();
    for rate in [0.0001, 0.01, 1.0] {
        let mut network = start.clone();
        network.update(&gradients, rate).unwrap();
        let change = network.b2[(0, 0)] - start.b2[(0, 0)];
        assert_eq!(change, -rate * gradients.db2[(0, 0)]);
    }
}

/// The slope along every single parameter against a central difference of the cost.
#[test]
fn finite_differences_confirm_every_gradient() {
    for (n_x, n_h, n_y, seed) in [(2, 4, 1, 1), (3, 5, 2, 2), (1, 1, 1, 3)] {
        let mut network = Parameters::random(n_x, n_h, n_y, seed).unwrap();
        // Far enough from 0 that no slope vanishes.
        network.w1 *= 70.0;
        network.w2 *= 90.0;
        network.b1 += 0.1;
        network.b2 -= 0.2;
        let x = Array2::from_shape_fn((n_x, 30), |(i, j)| ((i * 31 + j * 7) as f64).sin() * 2.0);
        let y = Array2::from_shape_fn((n_y, 30), |(i, j)| ((i + j) % 3 / 2) as f64);
        let activations = network.forward(&x).unwrap();
        let gradients = network.gradients(&activations, &x, &y).unwrap();
        type Part = fn(&mut Parameters) -> &mut Array2<f64>;
        let parts: [(&str, Part, &Array2<f64>); 4] = [
            ("w1", |p| &mut p.w1, &gradients.dw1),
            ("b1", |p| &mut p.b1, &gradients.db1),
            ("w2", |p| &mut p.w2, &gradients.dw2),
            ("b2", |p| &mut p.b2, &gradients.db2),
        ];
        for (name, part, slopes) in parts {
            for (at, &slope) in slopes.indexed_iter() {
                let cost_at = |step: f64| {
                    let mut moved = network.clone();
                    part(&mut moved)[at] += step;
                    moved.forward(&x).unwrap().cost(&y).unwrap()
                };
                let step = 1e-5;
                let difference = (cost_at(step) - cost_at(-step)) / (2.0 * step);
                let error = (difference - slope).abs() / slope.abs().max(1e-3);
                assert!(
                    error < 1e-6,
                    "d{name}{at:?}: {slope}, but the cost changes by {difference}"
                );
            }
        }
    }
}

#[test]
fn it_learns_what_a_line_cannot_divide() {
    let case = &golden()[2];
    let (x, y) = (array(&case.x), array(&case.y));
    let mut network = Parameters::random(2, 4, 1, 1606).unwrap();
    let costs = network.train(&x, &y, 0.5, 5000).unwrap();
    assert!(
        costs[0] > 0.69 && costs[5000] < 0.2,
        "{} {}",
        costs[0],
        costs[5000]
    );
    let right = network
        .forward(&x)
        .unwrap()
        .a2
        .iter()
        .zip(&y)
        .filter(|(a, y)| (**a > 0.5) == (**y > 0.5))
        .count();
    assert!(right > 1850, "{right} of 2000");
}

#[test]
fn wrong_shapes_are_named() {
    let network = Parameters::random(2, 4, 1, 7).unwrap();
    let message = |result: Result<(), Error>| result.unwrap_err().to_string();
    let x = array![[1.0, 2.0, 3.0], [0.0, 0.5, 1.0]];
    let y = array![[0.0, 1.0, 1.0]];
    let activations = network.forward(&x).unwrap();

    assert_eq!(
        message(network.forward(&x.t()).map(drop)),
        "x has the shape 3 x 2, but must have 2 rows, one for each input (w1 is 4 x 2)"
    );
    assert_eq!(
        message(activations.cost(&y.t()).map(drop)),
        "y has the shape 3 x 1, but must have 1 x 3 (the outputs: n_y x samples)"
    );
    assert_eq!(
        message(
            network
                .gradients(&activations, &x.select(ndarray::Axis(1), &[0]), &y)
                .map(drop)
        ),
        "x has the shape 2 x 1, but must have 2 x 3 (inputs x the samples of the activations)"
    );
    let gradients = network.gradients(&activations, &x, &y).unwrap();
    let mut other = Parameters::random(2, 3, 1, 7).unwrap();
    assert_eq!(
        message(other.update(&gradients, 1.0)),
        "dw1 has the shape 4 x 2, but must have 3 x 2 (as the parameter)"
    );
    let broken = Parameters {
        b1: Array2::zeros((1, 4)),
        ..network.clone()
    };
    assert_eq!(
        message(broken.forward(&x).map(drop)),
        "b1 has the shape 1 x 4, but must have 4 x 1 (a row a hidden unit, as in w1)"
    );
    let nothing = Array2::zeros((2, 0));
    let none = network.forward(&nothing).unwrap();
    assert_eq!(
        message(none.cost(&Array2::zeros((1, 0))).map(drop)),
        "y has the shape 1 x 0, but must have at least one column, a column a sample"
    );
}

#[test]
fn numbers_that_are_none_are_named() {
    let mut network = Parameters::random(2, 4, 1, 7).unwrap();
    let x = array![[1.0, 2.0], [0.0, f64::NAN]];
    assert_eq!(
        network.forward(&x).unwrap_err().to_string(),
        "`x` is NaN in row 1, column 1, but must be finite numbers"
    );
    let x = array![[1.0, 2.0], [0.0, 1.0]];
    assert_eq!(
        network
            .train(&x, &array![[0.0, 2.0]], 1.0, 3)
            .unwrap_err()
            .to_string(),
        "`y` is 2 in row 0, column 1, but must be numbers from 0 to 1"
    );
    assert_eq!(
        network
            .train(&x, &array![[0.0, 1.0]], f64::NAN, 0)
            .unwrap_err()
            .to_string(),
        "`rate` is NaN, but must be a finite number, at least 0"
    );
    assert_eq!(
        network
            .step(&x, &array![[0.0, 1.0]], -0.1)
            .unwrap_err()
            .to_string(),
        "`rate` is -0.1, but must be a finite number, at least 0"
    );
    network.w2[(0, 2)] = f64::INFINITY;
    assert_eq!(
        network.forward(&x).unwrap_err().to_string(),
        "`w2 a1 + b2` is inf in row 0, column 0, but must be finite numbers; w2 or b2 is too large"
    );
}

#[test]
fn parameters_survive_json() {
    let network = Parameters::random(2, 4, 1, 7).unwrap();
    let text = serde_json::to_string(&network).unwrap();
    assert_eq!(serde_json::from_str::<Parameters>(&text).unwrap(), network);
}

proptest! {
    /// Saturated units give finite costs and gradients, whatever the weights.
    #[test]
    fn huge_weights_give_finite_numbers(
        weights in proptest::collection::vec(-1e150..1e150f64, 17),
        shrink in 0..300i32,
        x in proptest::collection::vec(-1e3..1e3f64, 10),
        y in proptest::collection::vec(0..=1u8, 5),
    ) {
        let weights: Vec<f64> = weights.iter().map(|w| w * 10f64.powi(-shrink)).collect();
        let part = |from: usize, shape: (usize, usize)| {
            Array2::from_shape_vec(shape, weights[from..from + shape.0 * shape.1].to_vec()).unwrap()
        };
        let network = Parameters { w1: part(0, (4, 2)), b1: part(8, (4, 1)), w2: part(12, (1, 4)), b2: part(16, (1, 1)) };
        let x = Array2::from_shape_vec((2, 5), x).unwrap();
        let y = Array2::from_shape_vec((1, 5), y.into_iter().map(f64::from).collect()).unwrap();
        let activations = network.forward(&x).unwrap();
        let cost = activations.cost(&y).unwrap();
        prop_assert!(cost.is_finite() && cost >= 0.0);
        prop_assert!(activations.a2.iter().all(|a| (0.0..=1.0).contains(a)));
        let g = network.gradients(&activations, &x, &y).unwrap();
        for array in [&g.dw1, &g.db1, &g.dw2, &g.db2, &g.dz1, &g.dz2] {
            prop_assert!(array.iter().all(|v| v.is_finite()));
        }
    }

    /// Small or large: either an answer without NaN or an error, never a panic.
    #[test]
    fn any_weights_give_numbers_or_an_error(w in any::<[f64; 5]>(), x in any::<[f64; 3]>()) {
        let network = Parameters {
            w1: array![[w[0]], [w[1]]],
            b1: array![[w[2]], [0.0]],
            w2: array![[w[3], w[4]]],
            b2: array![[0.0]],
        };
        if let Ok(activations) = network.forward(&array![x]) {
            let cost = activations.cost(&array![[0.0, 1.0, 0.5]]).unwrap();
            prop_assert!(!cost.is_nan());
        }
    }
}
