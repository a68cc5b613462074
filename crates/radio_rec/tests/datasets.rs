//! The data sets against scikit-learn's, and what holds for all of them.

use ndarray::Array2;
use proptest::prelude::*;
use radio_rec::datasets::{GaussianQuantiles, gaussian_quantiles, gaussian_quantiles_from_draws};
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
    let golden: Golden = serde_json::from_str(include_str!("golden/network.json")).unwrap();
    assert_eq!(golden.quantiles.len(), 3);
    for case in golden.quantiles {
        let draws = array(&case.draws);
        let made = gaussian_quantiles_from_draws(&draws, case.n_classes, case.covariance).unwrap();
        assert_eq!(made.labels, case.labels);
        let expected = array(&case.x);
        assert_eq!(made.x.dim(), expected.dim());
        for (f, e) in made.x.iter().zip(&expected) {
            assert!((f - e).abs() < 1e-12, "{f} instead of {e}");
        }
    }
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

const FIRST_AND_LAST: &str = "2.608926 -0.835156";

#[test]
fn broken_ranges_are_named() {
    let message = |change: fn(&mut GaussianQuantiles)| {
        let mut broken = parameters();
        change(&mut broken);
        gaussian_quantiles(&broken, 1).unwrap_err().to_string()
    };
    assert_eq!(
        message(|p| p.n_samples = 0),
        "`n_samples` is 0, but must be at least 1"
    );
    assert_eq!(
        message(|p| p.n_features = 0),
        "`n_features` is 0, but must be at least 1"
    );
    assert_eq!(
        message(|p| p.n_classes = 0),
        "`n_classes` is 0, but must be at least 1"
    );
    assert_eq!(
        message(|p| p.n_classes = 2001),
        "`n_classes` is 2001, but must be at most the number of samples, 2000"
    );
    assert!(message(|p| p.n_samples = usize::MAX).contains("small enough for the memory"));
    for (covariance, name) in [(-0.1, "-0.1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let broken = GaussianQuantiles {
            covariance,
            ..parameters()
        };
        assert_eq!(
            gaussian_quantiles(&broken, 1).unwrap_err().to_string(),
            format!("`covariance` is {name}, but must be a finite number, at least 0")
        );
    }
    let draws = ndarray::array![[0.0, 1.0], [f64::NAN, 0.0]];
    assert_eq!(
        gaussian_quantiles_from_draws(&draws, 1, 1.0)
            .unwrap_err()
            .to_string(),
        "`draws` is NaN in row 1, column 0, but must be finite numbers"
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
