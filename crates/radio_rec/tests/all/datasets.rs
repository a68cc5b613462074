//! The data sets against scikit-learn's, and what holds for all of them.

mod refusals;

use std::f64::consts::TAU;

use ndarray::{Array2, array};
use proptest::prelude::*;
use radio_rec::datasets::{
    Blobs, Centers, Circles, Dataset, GaussianQuantiles, Moons, Spirals, blobs, blobs_from_draws,
    circles, circles_from_draws, gaussian_quantiles, gaussian_quantiles_from_draws, moons,
    moons_from_draws, spirals, spirals_from_draws,
};
use radio_rec::{Error, Result};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    quantiles: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    n_classes: usize,
    covariance: f64,
    draws: Vec<Vec<f64>>,
    x: Vec<Vec<f64>>,
    labels: Vec<usize>,
}

/// The sets that scikit-learn makes of given draws, in datasets.json.
#[derive(Deserialize)]
struct Sets {
    moons: Vec<Set>,
    circles: Vec<Set>,
    blobs: Vec<Set>,
}

#[derive(Deserialize)]
struct Set {
    #[serde(default)]
    noise: f64,
    #[serde(default)]
    factor: f64,
    #[serde(default)]
    std: f64,
    #[serde(default)]
    centers: Vec<Vec<f64>>,
    draws: Vec<Vec<f64>>,
    x: Vec<Vec<f64>>,
    labels: Vec<usize>,
}

impl Set {
    fn assert_is(&self, made: Result<Dataset>) {
        assert_equal(&made.unwrap(), &self.x, &self.labels);
    }
}

fn assert_equal(made: &Dataset, x: &[Vec<f64>], labels: &[usize]) {
    assert_eq!(made.labels, labels);
    let expected = array(x);
    assert_eq!(made.x.dim(), expected.dim());
    for (f, e) in made.x.iter().zip(&expected) {
        assert!((f - e).abs() < 1e-12, "{f} instead of {e}");
    }
}

fn array(rows: &[Vec<f64>]) -> Array2<f64> {
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

fn parameters() -> GaussianQuantiles {
    GaussianQuantiles {
        n_samples: 2000,
        n_classes: 2,
        covariance: 0.7,
        ..Default::default()
    }
}

#[test]
fn the_same_draws_make_the_data_set_of_scikit_learn() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/network.json")).unwrap();
    assert_eq!(golden.quantiles.len(), 3);
    for case in golden.quantiles {
        let draws = array(&case.draws);
        let made = gaussian_quantiles_from_draws(&draws, case.n_classes, case.covariance).unwrap();
        assert_equal(&made, &case.x, &case.labels);
    }

    let golden: Sets = serde_json::from_str(include_str!("../golden/datasets.json")).unwrap();
    let counts = [&golden.moons, &golden.circles, &golden.blobs].map(Vec::len);
    assert_eq!(counts, [3, 3, 3]);
    for set in golden.moons {
        set.assert_is(moons_from_draws(&array(&set.draws), set.noise));
    }
    for set in golden.circles {
        set.assert_is(circles_from_draws(
            &array(&set.draws),
            set.factor,
            set.noise,
        ));
    }
    for set in golden.blobs {
        let centers = array(&set.centers);
        set.assert_is(blobs_from_draws(&centers, &array(&set.draws), set.std));
    }
}

#[test]
fn spirals_lie_on_their_arms() {
    let draws = Array2::from_shape_fn((11, 2), |(i, j)| (i as f64 - 2.0 * j as f64) / 8.0);
    let still = spirals_from_draws(&draws, 3, 1.5, 0.0).unwrap();
    assert_eq!(still.labels, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]);
    for (class, first, n) in [(0, 0, 4), (1, 4, 4), (2, 8, 3)] {
        for k in 1..=n {
            let point = still.x.row(first + k - 1);
            let share = k as f64 / n as f64;
            assert!((point[0].hypot(point[1]) - share).abs() < 1e-12);
            // The angle up to whole turns.
            let turns = point[1].atan2(point[0]) / TAU - 1.5 * share - f64::from(class) / 3.0;
            assert!((turns - turns.round()).abs() < 1e-12, "{turns}");
        }
    }
    let moved = spirals_from_draws(&draws, 3, 1.5, 0.1).unwrap();
    let far = (&moved.x - &still.x - &draws * 0.1).mapv(f64::abs);
    assert!(far.fold(0.0, |a: f64, &b| a.max(b)) < 1e-12);
    assert_ne!(moved.x, still.x);
}

/// Each set by its seed: with noise in random order, and in order.
fn by_seed(shuffle: bool, seed: u64) -> [Dataset; 4] {
    let (n_samples, noise) = (60, 0.2);
    let moon = Moons {
        n_samples,
        noise,
        shuffle,
    };
    let circle = Circles {
        n_samples,
        noise,
        shuffle,
        factor: 0.5,
    };
    let blob = Blobs {
        n_samples,
        shuffle,
        ..Default::default()
    };
    let spiral = Spirals {
        n_samples,
        noise,
        shuffle,
        ..Default::default()
    };
    [
        moons(&moon, seed).unwrap(),
        circles(&circle, seed).unwrap(),
        blobs(&blob, seed).unwrap(),
        spirals(&spiral, seed).unwrap(),
    ]
}

/// The samples in an order of their own.
fn sorted(data: &Dataset) -> Vec<(usize, Vec<u64>)> {
    let bits = |row: ndarray::ArrayView1<'_, f64>| row.iter().map(|v| v.to_bits()).collect();
    let rows = data.x.rows().into_iter().map(bits);
    let mut samples: Vec<(usize, Vec<u64>)> = data.labels.iter().copied().zip(rows).collect();
    samples.sort();
    samples
}

#[test]
fn a_seed_makes_the_same_points_and_shuffling_only_their_order() {
    for (((set, again), other), ordered) in by_seed(true, 5)
        .iter()
        .zip(&by_seed(true, 5))
        .zip(&by_seed(true, 6))
        .zip(&by_seed(false, 5))
    {
        assert_eq!(set, again);
        assert_ne!(set.x, other.x);
        assert!(ordered.labels.is_sorted() && !set.labels.is_sorted());
        assert_eq!(sorted(set), sorted(ordered));
    }
    // A change of generator must not go unnoticed.
    let first = by_seed(true, 1606).map(|set| format!("{:.6}", set.x[(0, 0)]));
    assert_eq!(first, FIRST);
}

const FIRST_AND_LAST: &str = "2.608926 -0.835156";
const FIRST: [&str; 4] = ["0.497370", "-0.471039", "4.830358", "-0.439991"];

#[test]
fn blobs_lie_around_their_centers() {
    let centers = array![[0.0, 100.0, 0.0], [50.0, 0.0, -50.0]];
    let wanted = Blobs {
        n_samples: 4000,
        centers: Centers::At(centers.clone()),
        std: 2.0,
        shuffle: false,
    };
    let data = blobs(&wanted, 3).unwrap();
    for (class, from) in [(0, 0), (1, 2000)] {
        let cloud = data.x.slice(ndarray::s![from..from + 2000, ..]);
        for feature in 0..3 {
            // Within four standard errors.
            let mean = cloud.column(feature).mean().unwrap();
            let far = mean - centers[(class, feature)];
            assert!(far.abs() < 4.0 * 2.0 / 2000f64.sqrt(), "{far}");
            let std = cloud.column(feature).std(0.0);
            assert!((std - 2.0).abs() < 4.0 * 2.0 / 4000f64.sqrt(), "{std}");
        }
    }
    // Centres left to chance stay in their box, and do not depend on how many points there are.
    let with = |n_samples| {
        let centers = Centers::Random {
            n_classes: 4,
            n_features: 2,
            low: -3.0,
            high: -1.0,
        };
        let wanted = Blobs {
            n_samples,
            centers,
            std: 0.0,
            shuffle: false,
        };
        blobs(&wanted, 8).unwrap().x
    };
    let few = with(4);
    assert!(few.iter().all(|c| (-3.0..-1.0).contains(c)));
    assert_eq!(with(8).select(ndarray::Axis(0), &[0, 2, 4, 6]), few);
}

#[test]
fn the_noise_moves_the_same_points_further() {
    let with = |noise| {
        moons(
            &Moons {
                n_samples: 30,
                noise,
                shuffle: true,
            },
            9,
        )
        .unwrap()
    };
    let (still, near, far) = (with(0.0), with(0.1), with(0.2));
    assert_eq!(still.labels, far.labels);
    let twice = (&far.x - &still.x) - (&near.x - &still.x) * 2.0;
    assert!(twice.iter().all(|v| v.abs() < 1e-12));
    assert_ne!(near.x, still.x);
}

#[test]
fn the_assignments_disc() {
    let disc = gaussian_quantiles(&parameters(), 1606).unwrap();
    assert_eq!(disc, gaussian_quantiles(&parameters(), 1606).unwrap());
    assert_ne!(disc, gaussian_quantiles(&parameters(), 1607).unwrap());
    // The first bits of the stream: a change of generator must not go unnoticed.
    assert_eq!(
        format!("{:.6} {:.6}", disc.x[(0, 0)], disc.x[(1999, 1)]),
        FIRST_AND_LAST
    );

    let (x, y) = disc.to_columns();
    assert_eq!((x.dim(), y.dim()), ((2, 2000), (1, 2000)));
    assert!(x.is_standard_layout() && y.is_standard_layout());
    assert_eq!(y.sum(), 1000.0);
    for sample in 0..2000 {
        assert_eq!(x.column(sample), disc.x.row(sample));
        assert_eq!(y[(0, sample)], disc.labels[sample] as f64);
    }

    // Mean 0 and variance 0.7, within four standard errors.
    assert!(x.mean().unwrap().abs() < 4.0 * (0.7f64 / 4000.0).sqrt());
    assert!((x.var(0.0) - 0.7).abs() < 4.0 * 0.7 * (2.0f64 / 4000.0).sqrt());
    // The median of the squared distance of a plane normal distribution is 2 ln 2 variances.
    let border = x
        .columns()
        .into_iter()
        .zip(&disc.labels)
        .filter(|(_, label)| **label == 0)
        .map(|(point, _)| point.dot(&point))
        .fold(0.0, f64::max);
    assert!((border - 0.7 * 2.0 * 2f64.ln()).abs() < 0.1, "{border}");
}

#[test]
fn shells_are_in_order_however_wide_or_narrow_they_are() {
    let of = |covariance| GaussianQuantiles {
        covariance,
        shuffle: false,
        ..parameters()
    };
    let plain = gaussian_quantiles(&of(1.0), 1606).unwrap();
    for covariance in [1e308, 1e-320, 5e-324] {
        let made = gaussian_quantiles(&of(covariance), 1606).unwrap();
        // The same draws in the same order, scaled; 5e-324 has the root 2.2e-162, of which all digits are there.
        assert_eq!(made.x, &plain.x * covariance.sqrt(), "{covariance}");
        assert_eq!(made.labels, plain.labels);
    }
    let point = gaussian_quantiles(&of(0.0), 1606).unwrap();
    assert!(point.x.iter().all(|&v| v == 0.0));
    let far = array![[1e200, 3e200], [1e200, 2e200], [1e-200, 0.0]];
    let made = gaussian_quantiles_from_draws(&far, 3, 1.0).unwrap();
    assert_eq!(made.x.column(1).to_vec(), [0.0, 2e200, 3e200]);
    let message = gaussian_quantiles_from_draws(&far, 3, 1e300).unwrap_err();
    assert!(
        message
            .to_string()
            .ends_with(", but must be small enough for the points to be finite"),
        "{message}"
    );
}

proptest! {
    #[test]
    fn classes_are_shells_of_equal_count(
        n_samples in 1..200usize,
        n_features in 1..5usize,
        classes in 0.0..1.0f64,
        covariance in 0.0..10.0f64,
        seed in any::<u64>(),
    ) {
        let n_classes = 1 + (classes * n_samples as f64) as usize;
        let ordered = GaussianQuantiles { n_samples, n_features, n_classes, covariance, shuffle: false };
        let straight = gaussian_quantiles(&ordered, seed).unwrap();
        let distances: Vec<f64> = straight.x.rows().into_iter().map(|row| row.dot(&row)).collect();
        prop_assert!(distances.is_sorted());
        prop_assert!(straight.labels.is_sorted());
        let each = n_samples / n_classes;
        for class in 0..n_classes {
            let count = straight.labels.iter().filter(|&&label| label == class).count();
            let rest = if class == n_classes - 1 { n_samples - each * n_classes } else { 0 };
            prop_assert_eq!(count, each + rest);
        }

        // Shuffled, it is the same samples with the same labels in another order.
        let shuffled = gaussian_quantiles(&GaussianQuantiles { shuffle: true, ..ordered }, seed).unwrap();
        let samples = |x: &Array2<f64>, labels: &[usize]| {
            let mut all: Vec<(Vec<u64>, usize)> =
                x.rows().into_iter().zip(labels).map(|(row, &label)| (row.iter().map(|v| v.to_bits()).collect(), label)).collect();
            all.sort();
            all
        };
        prop_assert_eq!(samples(&straight.x, &straight.labels), samples(&shuffled.x, &shuffled.labels));
    }
}

proptest! {
    #[test]
    fn the_parts_of_a_split_are_the_whole(
        labels in proptest::collection::vec(0..4usize, 2..60),
        test in 0.01..0.99f64,
        seed in any::<u64>(),
    ) {
        let n = labels.len();
        let x = Array2::from_shape_fn((n, 2), |(i, j)| (2 * i + j) as f64);
        let data = Dataset { x, labels };
        let count = |data: &Dataset, class| data.labels.iter().filter(|&&l| l == class).count();
        let whole = |parts: &radio_rec::datasets::Split| {
            let x = ndarray::concatenate![ndarray::Axis(0), parts.train.x, parts.test.x];
            let labels = [&parts.train.labels[..], &parts.test.labels].concat();
            sorted(&Dataset { x, labels })
        };
        if let Ok(parts) = data.split(test, seed) {
            prop_assert_eq!(whole(&parts), sorted(&data));
            let tested = parts.test.labels.len();
            prop_assert!(tested as f64 >= test * n as f64 - 1e-6 && (tested as f64) < test * n as f64 + 1.0);
            prop_assert_eq!(&data.split(test, seed).unwrap(), &parts);
        } else {
            prop_assert!(test * (n as f64) > n as f64 - 1.0);
        }
        if let Ok(parts) = data.split_by_class(test, seed) {
            prop_assert_eq!(whole(&parts), sorted(&data));
            for class in 0..4 {
                let (all, tested) = (count(&data, class), count(&parts.test, class));
                prop_assert!(all == 0 || (1..all).contains(&tested));
                let wanted = (test * all as f64).clamp(all.min(1) as f64, all.saturating_sub(1) as f64);
                prop_assert!((tested as f64 - wanted).abs() <= 0.5);
            }
            prop_assert_eq!(&data.split_by_class(test, seed).unwrap(), &parts);
        } else {
            prop_assert!((0..4).any(|class| count(&data, class) == 1));
        }
    }
}
