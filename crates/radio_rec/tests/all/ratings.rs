//! Models of ratings against Surprise: see scripts/golden/ratings.py.

use proptest::prelude::*;
use radio_rec::interactions::{Interactions, LongTable};
use radio_rec::ratings::{
    Baseline, BiasedMf, FitRatings, KnnWithMeans, Predictor, Ratings, errors,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    ratings: Vec<(String, String, f64)>,
    hidden: Vec<(String, String, f64)>,
    baseline: GoldenBaseline,
    knn: Vec<GoldenKnn>,
}

#[derive(Deserialize)]
struct GoldenBaseline {
    parameters: Baseline,
    estimates: Vec<Vec<f64>>,
    rmse: f64,
    mae: f64,
}

#[derive(Deserialize)]
struct GoldenKnn {
    parameters: KnnWithMeans,
    estimates: Vec<Vec<f64>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/ratings.json")).unwrap()
}

/// That these are the estimates of what was not rated. Surprise counts users among their own neighbours where they
/// rated the item.
#[track_caller]
fn assert_estimates(model: &dyn Predictor, expected: &[Vec<f64>]) {
    let names = model.ratings().names();
    for (user, expected) in names.user_indices().zip(expected) {
        for (item, expected) in names.item_indices().zip(expected) {
            if model.ratings().get(user, item).is_some() {
                continue;
            }
            let found = model.estimate(user, item);
            assert!(
                (found - expected).abs() < 1e-9,
                "{user:?} {item:?}: {found} is not {expected}"
            );
        }
    }
}

#[test]
fn baselines_and_neighbours_are_those_of_surprise() {
    let golden = golden();
    let ratings = Ratings::from_triplets(golden.ratings).unwrap();
    let model = golden.baseline.parameters.fit(&ratings).unwrap();
    assert_estimates(&model, &golden.baseline.estimates);
    assert_eq!(golden.knn.len(), 4);
    for golden in golden.knn {
        let model = golden.parameters.fit(&ratings).unwrap();
        assert_estimates(&model, &golden.estimates);
    }
}

#[test]
fn errors_are_those_of_surprise() {
    let golden = golden();
    let ratings = Ratings::from_triplets(golden.ratings.clone()).unwrap();
    let model = golden.baseline.parameters.fit(&ratings).unwrap();
    // With the same users and items, in the same order: a part of a table of both, but for what was learned from.
    let all = golden.ratings.iter().chain(&golden.hidden);
    let text: String = std::iter::once("user,item,rating\n".to_owned())
        .chain(all.map(|(user, item, rating)| format!("{user},{item},{rating}\n")))
        .collect();
    let all = LongTable::new()
        .read_ratings_from(text.as_bytes(), "-")
        .unwrap();
    assert_eq!(all.len(), golden.ratings.len() + golden.hidden.len());
    let (mut squares, mut sizes) = (0.0, 0.0);
    for (user, item, rating) in &golden.hidden {
        let off = model
            .predict(all.user(user).unwrap(), all.item(item).unwrap())
            .unwrap()
            - rating;
        squares += off * off;
        sizes += off.abs();
    }
    let count = golden.hidden.len() as f64;
    assert!(((squares / count).sqrt() - golden.baseline.rmse).abs() < 1e-9);
    assert!((sizes / count - golden.baseline.mae).abs() < 1e-9);
}

#[test]
fn errors_are_over_the_test_part() {
    let golden = golden();
    let ratings = Ratings::from_triplets(golden.ratings).unwrap();
    let parts = ratings.split(0.25, 3).unwrap();
    assert_eq!(parts.train.len() + parts.test.len(), ratings.len());
    for (user, item, rating) in ratings.iter() {
        let of = |part: &Ratings| part.get(user, item);
        let found = of(&parts.train).xor(of(&parts.test));
        assert_eq!(found, Some(rating));
    }
    let model = BiasedMf::default().fit(&parts.train).unwrap();
    let found = errors(&model, &parts.test).unwrap();
    assert_eq!(found.ratings, parts.test.len());
    let off = parts.test.iter().map(|(user, item, rating)| {
        let predicted = model.predict(user, item).unwrap();
        let (least, largest) = parts.train.range();
        assert!((least..=largest).contains(&predicted));
        predicted - rating
    });
    let off: Vec<f64> = off.collect();
    let mean = |of: fn(&f64) -> f64| off.iter().map(of).sum::<f64>() / off.len() as f64;
    assert!((found.rmse - mean(|off| off * off).sqrt()).abs() < 1e-12);
    assert!((found.mae - mean(|off| off.abs())).abs() < 1e-12);
    assert!(found.to_string().contains("RMSE"), "{found}");
    let others = [3, 3, 4].map(|seed| ratings.split(0.25, seed).unwrap().test);
    let pairs = |part: &Ratings| part.iter().map(|(u, i, _)| (u, i)).collect::<Vec<_>>();
    assert_eq!(pairs(&others[0]), pairs(&others[1]));
    assert_ne!(pairs(&others[0]), pairs(&others[2]));

    let other = Ratings::from_triplets([("ann", "abba", 1.0)]).unwrap();
    assert!(errors(&model, &other).is_err());
    let stranger = other.user("ann").unwrap();
    assert!(
        model
            .predict(stranger, parts.test.item("i1").unwrap())
            .is_err()
    );
}

#[test]
fn what_is_no_rating_is_refused() {
    let message = |rows: &[(&str, &str, f64)]| {
        let ratings = Ratings::from_triplets(rows.iter().copied());
        ratings.unwrap_err().to_string()
    };
    assert_eq!(
        message(&[]),
        "`ratings` is none, but must be at least one rating"
    );
    assert_eq!(
        message(&[("ann", "u2", f64::NAN)]),
        "`rating` is NaN (user `ann`, item `u2`), but must be a number"
    );
    assert!(message(&[("ann", "u2", -1e16)]).ends_with("must be from -1e15 to 1e15"));
    assert_eq!(
        message(&[("ann", "u2", 1.0), ("bob", "u2", 1.0), ("ann", "u2", 2.0)]),
        "`ratings` is two of user `ann` and item `u2`, but must be one of each user and item"
    );
    let ratings = Ratings::from_triplets([("ann", "u2", 1.0), ("bob", "u2", -1.0)]).unwrap();
    for share in [0.0, 1.0, f64::NAN, -1.0] {
        let error = ratings.split(share, 1).unwrap_err().to_string();
        assert!(
            error.ends_with("a share that leaves at least one rating for each part"),
            "{error}"
        );
    }
    assert!(
        ratings
            .user("an")
            .unwrap_err()
            .to_string()
            .contains("did you mean `ann`?")
    );

    let read = |text: &str| {
        let table = LongTable::new().read_ratings_from(text.as_bytes(), "stars.csv");
        table
            .map(|ratings| ratings.len())
            .map_err(|error| error.to_string())
    };
    assert_eq!(read("user,item,rating\nann,u2,-3\nann,abba,0\n"), Ok(2));
    assert_eq!(
        read("user,item,rating\nann,u2,3\nann,u2,3\n"),
        Err("stars.csv, line 3, column 2: user `ann` and item `u2` have a row already, on line 2; give them one row".into())
    );
    assert_eq!(
        read("user,item,rating\nann,u2,?\n"),
        Err("stars.csv, line 2, column 3: the rating `?` of user `ann` and item `u2` must be a number".into())
    );
    assert!(
        read("user,item\nann,u2\n")
            .unwrap_err()
            .contains("there is no column of ratings")
    );
}

#[test]
fn plays_are_ratings_if_one_says_so() {
    let data = Interactions::from_triplets([("ann", "u2", 3.0), ("bob", "abba", 0.0)]).unwrap();
    let ratings = Ratings::from_interactions(&data).unwrap();
    assert_eq!((ratings.len(), ratings.shape()), (1, (2, 2)));
    let nothing = Interactions::from_triplets([("ann", "u2", 0.0)]).unwrap();
    assert!(Ratings::from_interactions(&nothing).is_err());
}

#[test]
fn parameters_are_checked() {
    let ratings = Ratings::from_triplets([("ann", "u2", 1.0)]).unwrap();
    let baseline = Baseline::default();
    let user_lambda = -1.0;
    let wrong = Baseline {
        user_lambda,
        ..baseline
    };
    let message = wrong.fit(&ratings).unwrap_err().to_string();
    assert_eq!(
        message,
        "`user_lambda` is -1, but must be a finite number, at least 0"
    );
    assert!(
        Baseline {
            epochs: 0,
            ..baseline
        }
        .fit(&ratings)
        .is_err()
    );
    let knn = KnnWithMeans::default();
    for wrong in [
        KnnWithMeans { k: 0, ..knn },
        KnnWithMeans { least: 0, ..knn },
        KnnWithMeans { support: 0, ..knn },
    ] {
        assert!(wrong.fit(&ratings).is_err());
    }
    let mf = BiasedMf::default();
    for wrong in [
        BiasedMf { factors: 0, ..mf },
        BiasedMf { epochs: 0, ..mf },
        BiasedMf { rate: 0.0, ..mf },
        BiasedMf { lambda: 2.0, ..mf },
    ] {
        assert!(wrong.fit(&ratings).is_err());
    }
}

proptest! {
    #[test]
    fn any_ratings_have_finite_predictions(
        stars in prop::collection::btree_map((0u8..6, 0u8..5), -5i8..=5, 1..20),
    ) {
        // Everybody and everything is named, rated or not.
        let names = LongTable::new().read_ratings_from(
            std::iter::once("user,item,rating\n".to_owned())
                .chain(stars.iter().map(|((u, i), r)| format!("u{u},i{i},{r}\n")))
                .collect::<String>().as_bytes(),
            "-",
        ).unwrap();
        let models: [Box<dyn Predictor>; 3] = [
            Box::new(Baseline::default().fit(&names).unwrap()),
            Box::new(KnnWithMeans::default().fit(&names).unwrap()),
            Box::new(BiasedMf { factors: 3, ..BiasedMf::default() }.fit(&names).unwrap()),
        ];
        let (least, largest) = names.range();
        for model in &models {
            for user in names.names().user_indices() {
                for item in names.names().item_indices() {
                    let found = model.predict(user, item).unwrap();
                    prop_assert!((least..=largest).contains(&found));
                }
            }
        }
    }
}
