//! The vectors of a plan are those of the library, to the last bit.

use std::path::Path;

use proptest::prelude::*;
use radio_cluster::session::{Session, Settings};
use radio_cluster::{als, library};
use radio_rec::recommend::{Als, AlsModel, Fit, Recommender, Request};

use crate::table::{Play, movielens, plays, songs, write_csv, write_parquet};
use crate::{read, session, wait};

/// What the plan learned, and what the library learns.
fn both(plays: &[Play], settings: &Settings, parameters: &Als) -> [AlsModel; 2] {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.parquet");
    write_parquet(&path, plays);
    both_of_file(&path, settings, parameters)
}

fn both_of_file(path: &Path, settings: &Settings, parameters: &Als) -> [AlsModel; 2] {
    let session = Session::new(settings, None).unwrap();
    wait(async {
        let plays = read(&session, path).await.unwrap();
        let data = library::interactions(&plays).await.unwrap();
        let factors = als::fit(&plays, parameters).await.unwrap();
        let found = library::als(&data, &factors).unwrap();
        [found, parameters.fit(&data).unwrap()]
    })
}

fn assert_equal([found, expected]: [AlsModel; 2]) {
    let off = (found.loss() - expected.loss()).abs() / expected.loss();
    assert!(off < 1e-4, "{} is not {}", found.loss(), expected.loss());
    assert_eq!(found.user_factors(), expected.user_factors());
    assert_eq!(found.item_factors(), expected.item_factors());
}

#[test]
fn of_the_songs() {
    let songs = songs();
    for (factors, memory, threads) in [(64, None, None), (7, Some(40 << 20), Some(3))] {
        let settings = Settings {
            memory,
            threads,
            ..Settings::default()
        };
        let parameters = Als {
            factors,
            iterations: 4,
            seed: 1606,
            ..Als::default()
        };
        assert_equal(both(&songs, &settings, &parameters));
    }
}

#[test]
fn of_movielens() {
    let Some(path) = movielens() else { return };
    let parameters = Als {
        factors: 8,
        iterations: 3,
        ..Als::default()
    };
    assert_equal(both_of_file(&path, &Settings::default(), &parameters));
}

#[test]
fn are_a_model_that_recommends() {
    let parameters = Als {
        factors: 8,
        iterations: 3,
        alpha: 2.5,
        ..Als::default()
    };
    let [found, expected] = both(&songs(), &Settings::default(), &parameters);
    let data = expected.data().clone();
    for (user, same) in data
        .user_indices()
        .zip(found.data().user_indices())
        .take(10)
    {
        let request = Request::new(5);
        let list = found.recommend(same.into(), &request).unwrap().ranking;
        let expected = expected.recommend(user.into(), &request).unwrap().ranking;
        assert!(!list.is_empty());
        assert_eq!(list, expected);
    }
}

#[test]
fn a_side_that_does_not_fit_in_memory_is_refused() {
    // 10,000 users with 1,024 factors of 4 bytes.
    let play = |user: usize| (format!("u{user}"), format!("i{}", user % 3), 1.0);
    let many: Vec<Play> = (0..10_000).map(play).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, &many);
    let settings = Settings {
        memory: Some(36 << 20),
        ..Settings::default()
    };
    let session = Session::new(&settings, None).unwrap();
    wait(async {
        let plays = read(&session, &path).await.unwrap();
        let parameters = Als {
            factors: 1024,
            ..Als::default()
        };
        let error = als::fit(&plays, &parameters).await.err().unwrap();
        assert_eq!(error.exit_code(), 1);
        assert!(
            error.to_string().contains("the vectors of one side"),
            "{error}"
        );
    });
}

#[test]
fn what_cannot_be_learned_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, &plays(&[(1, 1, 1), (1, 2, 3), (2, 2, 1)]));
    let session = session();
    wait(async {
        let plays = read(&session, &path).await.unwrap();
        for parameters in [
            Als {
                iterations: 0,
                ..Als::default()
            },
            Als {
                alpha: 1e38,
                ..Als::default()
            },
        ] {
            let error = als::fit(&plays, &parameters).await.err().unwrap();
            assert_eq!(error.exit_code(), 2);
            let data = library::interactions(&plays).await.unwrap();
            let expected = parameters.fit(&data).err().unwrap();
            assert_eq!(error.to_string(), expected.to_string());
        }
        let other = radio_rec::interactions::Interactions::from_triplets([("a", "b", 1.0)]);
        let few = Als {
            factors: 2,
            ..Als::default()
        };
        let factors = als::fit(&plays, &few).await.unwrap();
        let error = library::als(&other.unwrap(), &factors).err().unwrap();
        assert_eq!(error.exit_code(), 2);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn of_any_plays(
        numbers in prop::collection::vec((0u8..12, 0u8..10, 1u8..6), 1..120),
        factors in 1usize..20,
        iterations in 1usize..4,
        threads in 1usize..4,
        seed in 0u64..5,
    ) {
        let settings = Settings { threads: Some(threads), ..Settings::default() };
        let parameters = Als { factors, iterations, seed, ..Als::default() };
        assert_equal(both(&plays(&numbers), &settings, &parameters));
    }
}
