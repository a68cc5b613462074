//! Tests of the parent module.

use super::*;

fn labels(ticks: &[Tick]) -> Vec<&str> {
    ticks.iter().map(|(_, label)| label.as_str()).collect()
}

#[test]
fn ticks_are_round_numbers() {
    assert_eq!(
        labels(&linear_ticks(-0.1, 1.1, 6)),
        ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    );
    assert_eq!(
        labels(&linear_ticks(-3.1, 3.2, 7)),
        ["-3", "-2", "-1", "0", "1", "2", "3"]
    );
    assert_eq!(
        labels(&linear_ticks(0.0, 2000.0, 5)),
        ["0", "500", "1000", "1500", "2000"]
    );
    assert_eq!(
        labels(&linear_ticks(0.0, 3e7, 3)),
        ["0", "1e7", "2e7", "3e7"]
    );
    assert_eq!(
        labels(&linear_ticks(0.693146, 0.693148, 2)),
        ["0.693146", "0.693147", "0.693148"]
    );
}

#[test]
fn counts_have_no_fractions() {
    let ticks = |most: f64| {
        let axis = Axis::between("y", 0.0, most).unwrap().of_counts();
        labels(&axis.ticks(8)).join(" ")
    };
    assert_eq!(ticks(1.05), "0 1");
    assert_eq!(ticks(3.15), "0 1 2 3");
    assert_eq!(ticks(105.0), "0 20 40 60 80 100");
}

#[test]
fn a_range_without_a_finite_step_has_no_ticks() {
    assert_eq!(linear_ticks(-1.6e308, 0.0, 1), []);
    assert_eq!(labels(&linear_ticks(-1.6e308, 0.0, 2)), ["-1e308", "0"]);
}

#[test]
fn a_logarithmic_axis_shows_decades() {
    let axis = |low, high| Axis::over("x", [low, high].into_iter(), true).unwrap();
    assert_eq!(
        labels(&axis(1.0, 1000.0).ticks(8)),
        ["1", "10", "100", "1000"]
    );
    assert_eq!(
        labels(&axis(0.1, 10.0).ticks(8)),
        ["0.1", "0.2", "0.5", "1", "2", "5", "10"]
    );
    assert_eq!(labels(&axis(1e-9, 1e9).ticks(4)), ["1e-5", "1e0", "1e5"]);
    // What one axis of a chart does, the other does.
    let (x, y) = Axis::in_one_form((axis(1e-11, 0.1), axis(1.0, 1000.0)));
    assert_eq!(labels(&x.ticks(4)), ["1e-9", "1e-6", "1e-3"]);
    assert_eq!(labels(&y.ticks(8)), ["1e0", "1e1", "1e2", "1e3"]);
    let linear = || Axis::over("y", [1.0, 3.0].into_iter(), false).unwrap();
    let (_, y) = Axis::in_one_form((axis(1e-11, 0.1), linear()));
    assert_eq!(labels(&y.ticks(3)), ["1", "2", "3"]);
    assert!(axis(2.0, 3.0).ticks(5).len() >= 3);
    assert!(axis(2.0, 2.0).ticks(5).len() >= 2);
}

#[test]
fn every_range_has_an_axis_or_an_error() {
    for (low, high) in [
        (0.0, 0.0),
        (5.0, 5.0),
        (-1e-300, 1e-300),
        (1e300, 1e300),
        (1e16, 1e16 + 4.0),
        (-1e307, 1e307),
    ] {
        let axis = Axis::over("x", [low, high].into_iter(), false).unwrap();
        assert!((0.0..=1.0).contains(&axis.share(low)), "{low} {high}");
        assert!(
            (1..30).contains(&axis.ticks(6).len()),
            "{low} {high} {:?}",
            axis.ticks(6)
        );
    }
    let error = Axis::over("y", [-1.7e308, 1.7e308].into_iter(), false).unwrap_err();
    assert!(error.to_string().contains("too far apart"), "{error}");
    let error = Axis::over("y", [0.0, 1.0].into_iter(), true).unwrap_err();
    assert!(
        error.to_string().contains("all values must be positive"),
        "{error}"
    );
}
