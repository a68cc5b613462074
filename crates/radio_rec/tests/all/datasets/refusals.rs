//! What is broken is named.

use super::*;

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

#[test]
fn one_hot_labels_have_a_one_in_their_class() {
    let data = Dataset {
        x: Array2::zeros((4, 1)),
        labels: vec![2, 0, 1, 2],
    };
    let y = data.one_hot(4).unwrap();
    assert_eq!(
        y,
        array![
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
            [1.0, 0.0, 0.0, 1.0],
            [0.0, 0.0, 0.0, 0.0]
        ]
    );
    assert_eq!(
        data.one_hot(2).unwrap_err().to_string(),
        "`labels` is 2 for sample 0, but must be classes from 0, below n_classes = 2"
    );
    assert_eq!(
        data.one_hot(usize::MAX).unwrap_err().to_string(),
        "`n_classes` is 18446744073709551615 (with 4 samples), but must be small enough for the memory"
    );
}

#[test]
fn broken_ranges_of_the_other_sets_are_named() {
    fn message(result: Result<Dataset>) -> String {
        result.unwrap_err().to_string()
    }
    let moon = |n_samples, noise| {
        message(moons(
            &Moons {
                n_samples,
                noise,
                shuffle: true,
            },
            1,
        ))
    };
    assert_eq!(
        moon(1, 0.0),
        "`n_samples` is 1, but must be at least 2, one for each class"
    );
    assert!(moon(usize::MAX, 0.0).contains("small enough for the memory"));
    for (noise, name) in [(-0.1, "-0.1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf")] {
        let expected = format!("`noise` is {name}, but must be a finite number, at least 0");
        assert_eq!(moon(10, noise), expected);
        assert_eq!(
            message(circles(
                &Circles {
                    noise,
                    ..Default::default()
                },
                1
            )),
            expected
        );
        assert_eq!(
            message(spirals(
                &Spirals {
                    noise,
                    ..Default::default()
                },
                1
            )),
            expected
        );
        let expected = expected.replace("noise", "std");
        assert_eq!(
            message(blobs(
                &Blobs {
                    std: noise,
                    ..Default::default()
                },
                1
            )),
            expected
        );
    }
    assert!(moon(100, 1.7e308).contains("small enough for the points to be finite"));
    for factor in [-0.1, 1.0, f64::NAN] {
        let broken = Circles {
            factor,
            ..Default::default()
        };
        let expected = format!("`factor` is {factor}, but must be at least 0 and less than 1");
        assert_eq!(message(circles(&broken, 1)), expected);
    }
    for turns in [-0.1, 101.0, f64::NAN] {
        let broken = Spirals {
            turns,
            ..Default::default()
        };
        let expected = format!("`turns` is {turns}, but must be from 0 to 100");
        assert_eq!(message(spirals(&broken, 1)), expected);
    }
    assert_eq!(
        message(spirals(
            &Spirals {
                n_classes: 301,
                ..Default::default()
            },
            1
        )),
        "`n_classes` is 301, but must be at most the number of samples, 300"
    );
    let around = |centers| {
        message(blobs(
            &Blobs {
                centers,
                ..Default::default()
            },
            1,
        ))
    };
    let random = |n_classes, n_features, low, high| {
        around(Centers::Random {
            n_classes,
            n_features,
            low,
            high,
        })
    };
    assert_eq!(
        random(0, 2, 0.0, 1.0),
        "`n_classes` is 0, but must be at least 1"
    );
    assert_eq!(
        random(3, 0, 0.0, 1.0),
        "`n_features` is 0, but must be at least 1"
    );
    assert!(random(101, 2, 0.0, 1.0).contains("at most the number of samples, 100"));
    for (low, high) in [
        (1.0, 1.0),
        (f64::NAN, 1.0),
        (0.0, f64::INFINITY),
        (-1e308, 1e308),
    ] {
        assert!(random(3, 2, low, high).contains("must be finite, and less than `high`"));
    }
    assert_eq!(
        around(Centers::At(Array2::zeros((0, 2)))),
        "centers has the shape 0 x 2, but must have at least one row and one column"
    );
    assert_eq!(
        around(Centers::At(array![[0.0, f64::NAN]])),
        "`centers` is NaN in row 0, column 1, but must be finite numbers"
    );

    let draws = array![[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]];
    let expected = "draws has the shape 2 x 3, but must have 2 columns, one for each feature";
    assert_eq!(message(moons_from_draws(&draws, 0.1)), expected);
    assert_eq!(message(circles_from_draws(&draws, 0.5, 0.1)), expected);
    assert_eq!(message(spirals_from_draws(&draws, 2, 1.0, 0.1)), expected);
    assert_eq!(
        message(blobs_from_draws(&array![[0.0, 0.0]], &draws, 0.1)),
        expected
    );
    let draws = array![[0.0, 1.0], [f64::NAN, 0.0]];
    assert_eq!(
        message(moons_from_draws(&draws, 0.1)),
        "`draws` is NaN in row 1, column 0, but must be finite numbers"
    );
}

#[test]
fn a_share_that_is_whole_is_not_rounded_up() {
    // 0.28 x 25 is 7.000000000000001 in binary.
    let data = moons(
        &Moons {
            n_samples: 25,
            ..Default::default()
        },
        1,
    );
    let parts = data.unwrap().split(0.28, 1).unwrap();
    assert_eq!((parts.train.x.nrows(), parts.test.x.nrows()), (18, 7));
}

#[test]
fn what_cannot_be_split_is_named() {
    let data = moons(
        &Moons {
            n_samples: 10,
            ..Default::default()
        },
        1,
    )
    .unwrap();
    for test in [0.0, 1.0, -0.5, f64::NAN] {
        let expected = format!("`test` is {test}, but must be more than 0 and less than 1");
        assert_eq!(data.split(test, 1).unwrap_err().to_string(), expected);
        assert_eq!(
            data.split_by_class(test, 1).unwrap_err().to_string(),
            expected
        );
    }
    assert_eq!(
        data.split(0.95, 1).unwrap_err().to_string(),
        "`test` is 0.95, of 10 samples, but must be a share that leaves at least one sample for each part"
    );
    let with_labels = |labels: &[usize]| Dataset {
        x: Array2::zeros((3, 2)),
        labels: labels.to_vec(),
    };
    assert_eq!(
        with_labels(&[1, 0, 1])
            .split_by_class(0.5, 1)
            .unwrap_err()
            .to_string(),
        "`labels` is 0 for one sample only, but must be the label of at least two samples, one for each part"
    );
    for result in [
        with_labels(&[1]).split(0.5, 1),
        with_labels(&[1]).split_by_class(0.5, 1),
    ] {
        assert!(matches!(result, Err(Error::Shape { .. })));
    }
    let none = Dataset {
        x: Array2::zeros((0, 2)),
        labels: vec![],
    };
    assert!(none.split(0.5, 1).is_err() && none.split_by_class(0.5, 1).is_err());
}
