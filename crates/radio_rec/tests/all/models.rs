//! Models against what other libraries learn of the same matrix: see scripts/golden/models.py.

use radio_rec::interactions::Interactions;
use radio_rec::recommend::{
    Als, Bpr, Fit, ItemWeightsModel, PlayWeight, Recommender, Rp3Beta, Slim, SparseEase, TwoSided,
    Whom,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    users: usize,
    items: usize,
    plays: Vec<(usize, usize, f64)>,
    slim: Vec<GoldenSlim>,
    rp3beta: Vec<GoldenRp3>,
    two_sided: GoldenTwoSided,
    sparse_ease: GoldenSparse,
}

#[derive(Deserialize)]
struct GoldenSparse {
    parameters: SparseEase,
    /// Of each item for each other.
    weights: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct GoldenSlim {
    l1: f64,
    l2: f64,
    /// Of each item for each other.
    weights: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct GoldenRp3 {
    alpha: f64,
    beta: f64,
    /// Of each user for each item.
    scores: Vec<Vec<f64>>,
}

#[derive(Deserialize)]
struct GoldenTwoSided {
    parameters: TwoSided,
    /// Of each user for each item.
    scores: Vec<Vec<f64>>,
}

fn golden() -> (Golden, Interactions) {
    let golden: Golden = serde_json::from_str(include_str!("../golden/models.json")).unwrap();
    let users = (0..golden.users).map(|user| format!("u{user}"));
    let items = (0..golden.items).map(|item| format!("i{item}"));
    let data = Interactions::from_coordinates(users, items, golden.plays.iter().copied()).unwrap();
    (golden, data)
}

/// That each user's scores are these, to within a share of the largest.
#[track_caller]
fn assert_scores(model: &dyn Recommender, expected: &[Vec<f64>], within: f64) {
    let data = model.data();
    let items: Vec<_> = data.item_indices().collect();
    let largest = expected
        .iter()
        .flatten()
        .fold(0.0, |a: f64, b| a.max(b.abs()));
    for (user, expected) in data.user_indices().zip(expected) {
        let found = model.scores_of(Whom::User(user), &items).unwrap();
        for (item, (found, expected)) in found.iter().zip(expected).enumerate() {
            let found = found.unwrap_or(0.0);
            assert!(
                (found - expected).abs() <= within * largest,
                "{user:?}, item {item}: {found} is not {expected}"
            );
        }
    }
}

#[test]
fn slim_is_scikit_learns_elastic_net() {
    let (golden, data) = golden();
    for golden in &golden.slim {
        let slim = Slim {
            l1: golden.l1,
            l2: golden.l2,
            sweeps: 10_000,
            tolerance: 1e-13,
            weight: PlayWeight::VALUE,
        };
        let model = slim.fit(&data).unwrap();
        let zeros = assert_weights(&model, &golden.weights, 1e-6);
        assert!(zeros > 2 * golden.weights.len(), "{zeros}");
    }
}

/// That the weights of each item for each other are these; how many of them are 0.
#[track_caller]
fn assert_weights(model: &ItemWeightsModel, expected: &[Vec<f64>], within: f64) -> usize {
    let mut zeros = 0;
    for (item, expected) in model.data().item_indices().zip(expected) {
        let mut found = vec![0.0; expected.len()];
        for neighbour in model.weights().neighbours(item) {
            found[neighbour.item.index()] = neighbour.similarity;
        }
        for (found, expected) in found.into_iter().zip(expected) {
            assert!(
                (found - expected).abs() < within,
                "{item:?}: {found} is not {expected}"
            );
            zeros += usize::from(*expected == 0.0);
        }
    }
    zeros
}

#[test]
fn sparse_ease_is_a_ridge_regression_on_few() {
    let (golden, data) = golden();
    let GoldenSparse {
        parameters,
        weights,
    } = &golden.sparse_ease;
    let model = parameters.fit(&data).unwrap();
    let zeros = assert_weights(&model, weights, 1e-10);
    let items = weights.len();
    assert_eq!(zeros, items * (items - parameters.k));
}

#[test]
fn rp3beta_is_that_of_skrecsys() {
    let (golden, data) = golden();
    for golden in &golden.rp3beta {
        let rp3 = Rp3Beta {
            k: golden.scores[0].len(),
            alpha: golden.alpha,
            beta: golden.beta,
            weight: PlayWeight::ONE,
        };
        assert_scores(&rp3.fit(&data).unwrap(), &golden.scores, 1e-6);
    }
}

#[test]
fn two_sided_restores_rows_and_columns_as_numpy_does() {
    let (golden, data) = golden();
    let model = golden.two_sided.parameters.fit(&data).unwrap();
    assert_scores(&model, &golden.two_sided.scores, 1e-10);
}

#[test]
fn another_seed_is_another_beginning() {
    let (_, data) = golden();
    let als = |seed| {
        let als = Als {
            factors: 3,
            iterations: 2,
            seed,
            ..Als::default()
        };
        als.fit(&data).unwrap().item_factors().clone()
    };
    assert_eq!(als(1), als(1));
    assert_ne!(als(1), als(2));
    let bpr = |seed| {
        let bpr = Bpr {
            factors: 3,
            epochs: 2,
            seed,
            ..Bpr::default()
        };
        let model = bpr.fit(&data).unwrap();
        let items: Vec<_> = data.item_indices().collect();
        let user = data.user_indices().next().unwrap();
        model.scores_of(user.into(), &items).unwrap()
    };
    assert_eq!(bpr(1), bpr(1));
    assert_ne!(bpr(1), bpr(2));
}
