//! The neighbours of a plan are those of the library, to the last bit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::UInt32Type;
use datafusion::functions_aggregate::expr_fn::{count, max, min};
use datafusion::prelude::*;
use proptest::prelude::*;
use radio_cluster::plays::Plays;
use radio_cluster::session::{Event, Listener, Session, Settings};
use radio_cluster::{library, neighbours};
use radio_rec::interactions::{Interactions, Item};
use radio_rec::recommend::{Fit, ItemKnn, Recommender, Request, SimilarItems};
use radio_rec::similarity::{Measure, Neighbourhood};

use crate::table::{Play, movielens, songs, write_csv, write_parquet};
use crate::{read, session, wait};

/// All measures that a plan has.
pub(crate) fn measures() -> impl Iterator<Item = Measure> {
    let all = Measure::ALL.into_iter();
    all.filter(|measure| *measure != Measure::AdjustedCosine)
}

/// That plan and library find the same.
pub(crate) async fn assert_equal(plays: &Plays<'_>, neighbourhood: Neighbourhood) {
    let found = neighbours::of_items(plays, &neighbourhood).unwrap();
    assert_found(plays, neighbourhood, found).await;
}

/// That both plans and the library find the same.
async fn assert_all_equal(plays: &Plays<'_>, neighbourhood: Neighbourhood) {
    assert_equal(plays, neighbourhood).await;
    let found = neighbours::broadcast(plays, &neighbourhood).await.unwrap();
    assert_found(plays, neighbourhood, found).await;
}

async fn assert_found(plays: &Plays<'_>, neighbourhood: Neighbourhood, found: DataFrame) {
    let data = library::interactions(plays).await.unwrap();
    let found = library::item_knn(&data, neighbourhood, found)
        .await
        .unwrap();
    let expected = neighbourhood.of_items(&data).unwrap();
    for item in data.item_indices() {
        let bits = |list: Vec<(Item, f64)>| -> Vec<(usize, u64)> {
            let place = |(item, similarity): (Item, f64)| (item.index(), similarity.to_bits());
            list.into_iter().map(place).collect()
        };
        let expected = expected.neighbours(item).iter();
        let expected = expected.map(|neighbour| (neighbour.item, neighbour.similarity));
        assert_eq!(
            bits(found.similarities(item)),
            bits(expected.collect()),
            "of {} by {neighbourhood:?}",
            data.item_name(item)
        );
    }
}

fn with_file<T>(plays: &[Play], settings: &Settings, test: impl AsyncFnOnce(Plays<'_>) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, plays);
    let session = Session::new(settings, None).unwrap();
    wait(async { test(read(&session, &path).await.unwrap()).await })
}

#[test]
fn of_the_songs_by_each_measure() {
    let songs = songs();
    with_file(&songs, &Settings::default(), async |plays| {
        let data = library::interactions(&plays).await.unwrap();
        let expected = Interactions::from_triplets(songs.iter().cloned()).unwrap();
        assert_eq!(data.nnz(), expected.nnz());
        for (user, item, value) in &songs {
            let (user, item) = (data.user(user).unwrap(), data.item(item).unwrap());
            assert_eq!(data.value(user, item), *value);
        }
        for measure in measures() {
            assert_all_equal(&plays, Neighbourhood::new(7).measure(measure)).await;
        }
        assert_all_equal(&plays, Neighbourhood::new(1000)).await;
        assert_all_equal(&plays, Neighbourhood::new(5).minimum_support(3)).await;
        assert_all_equal(&plays, Neighbourhood::new(5).shrinkage(2.5)).await;
    });
}

#[test]
fn of_movielens() {
    let Some(path) = movielens() else { return };
    let session = session();
    wait(async {
        let plays = read(&session, &path).await.unwrap();
        assert_eq!(plays.counts().plays, 100_000);
        assert_all_equal(&plays, Neighbourhood::new(20)).await;
    });
}

#[test]
fn of_fractions_as_the_library_adds_them_up() {
    let mut songs = songs();
    for (at, play) in songs.iter_mut().enumerate() {
        play.2 = play.2 / 7.0 + (at % 13) as f64 / 11.0;
    }
    with_file(&songs, &Settings::default(), async |plays| {
        for measure in measures().filter(|measure| *measure != Measure::Euclidean) {
            let neighbourhood = Neighbourhood::new(9).measure(measure);
            let found = neighbours::broadcast(&plays, &neighbourhood).await.unwrap();
            assert_found(&plays, neighbourhood, found).await;
        }
    });
}

#[test]
fn by_the_plan_that_holds_all_where_memory_suffices() {
    let told = Arc::new(AtomicUsize::new(0));
    let listener: Listener = {
        let told = told.clone();
        Box::new(move |event| {
            if let Event::Begins {
                stage: "neighbours",
                plan,
            } = event
            {
                assert!(plan.contains("nearest("), "{plan}");
                told.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, &songs());
    let settings = Settings {
        memory: Some(64 << 20),
        ..Settings::default()
    };
    let session = Session::new(&settings, Some(listener)).unwrap();
    wait(async {
        let plays = read(&session, &path).await.unwrap();
        let neighbourhood = Neighbourhood::new(4);
        let found = neighbours::by_memory(&plays, &neighbourhood).await;
        let found = session.stage("neighbours", found.unwrap()).await.unwrap();
        assert_found(&plays, neighbourhood, found).await;
    });
    assert_eq!(told.load(Ordering::Relaxed), 1);
}

#[test]
fn are_a_model_that_recommends() {
    with_file(&songs(), &Settings::default(), async |plays| {
        let data = library::interactions(&plays).await.unwrap();
        let neighbourhood = Neighbourhood::new(10);
        let found = neighbours::of_items(&plays, &neighbourhood).unwrap();
        let model = library::item_knn(&data, neighbourhood, found)
            .await
            .unwrap();
        let expected = ItemKnn::new(10).fit(&data).unwrap();
        for user in data.user_indices().take(10) {
            let request = Request::new(5);
            let list = model.recommend(user.into(), &request).unwrap().ranking;
            assert_eq!(
                list,
                expected.recommend(user.into(), &request).unwrap().ranking
            );
        }
    });
}

#[test]
fn neighbours_of_other_plays_are_no_model() {
    with_file(&songs(), &Settings::default(), async |plays| {
        let found = neighbours::of_items(&plays, &Neighbourhood::new(3)).unwrap();
        let other = Interactions::from_triplets([("ann", "u2", 1.0)]).unwrap();
        let model = library::item_knn(&other, Neighbourhood::new(3), found).await;
        let error = model.err().unwrap();
        assert_eq!(error.exit_code(), 2);
        assert!(
            error.to_string().ends_with("and the plays have 1"),
            "{error}"
        );
    });
}

#[test]
fn plays_of_a_user_are_capped() {
    with_file(&songs(), &Settings::default(), async |plays| {
        let data = library::interactions(&plays).await.unwrap();
        let capped = plays.capped(4, 1606).await.unwrap();
        let few = library::interactions(&capped).await.unwrap();
        assert_eq!((few.users(), few.items()), (data.users(), data.items()));
        for user in data.user_indices() {
            assert_eq!(few.items_of(user).len(), data.items_of(user).len().min(4));
        }
        assert_all_equal(&capped, Neighbourhood::new(5)).await;
        let again = library::interactions(&plays.capped(4, 1606).await.unwrap())
            .await
            .unwrap();
        assert_eq!(few.to_dense(), again.to_dense());
        let other = library::interactions(&plays.capped(4, 1607).await.unwrap())
            .await
            .unwrap();
        assert_ne!(few.to_dense(), other.to_dense());
        assert!(plays.capped(0, 0).await.is_err());
    });
}

#[test]
fn what_does_not_fit_in_memory_is_spilled() {
    // 1,000 items that two users played: 499,500 pairs, which take more than the memory there is.
    let user = |user: usize| {
        let value = move |item: usize| ((user * item) % 5 + 1) as f64;
        (0..1000).map(move |item| (format!("u{user}"), format!("i{item:03}"), value(item)))
    };
    let plays: Vec<Play> = (0..2).flat_map(user).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.parquet");
    write_parquet(&path, &plays);
    let spilled = Arc::new(AtomicUsize::new(0));
    let listener: Listener = {
        let spilled = spilled.clone();
        Box::new(move |event| {
            if let Event::Ends { spilled: more, .. } = event {
                spilled.fetch_add(more, Ordering::Relaxed);
            }
        })
    };
    let settings = Settings {
        memory: Some(40 << 20),
        scratch: Some(folder.path().into()),
        threads: Some(2),
    };
    let session = Session::new(&settings, Some(listener)).unwrap();
    wait(async {
        let plays = read(&session, &path).await.unwrap();
        let neighbourhood = Neighbourhood::new(10);
        let found = neighbours::of_items(&plays, &neighbourhood).unwrap();
        session.stage("neighbours", found).await.unwrap();
        assert!(spilled.load(Ordering::Relaxed) > 0);
        assert_equal(&plays, neighbourhood).await;
    });
    drop(session);
    // Intermediate tables and what was spilled go with the session.
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .flatten()
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_rank_counts_from_one_without_a_gap() {
    with_file(&songs(), &Settings::default(), async |plays| {
        let found = neighbours::of_items(&plays, &Neighbourhood::new(6)).unwrap();
        let rank = || col("rank");
        let ranks = found
            .aggregate(
                vec![col("item")],
                vec![
                    min(rank()).alias("first"),
                    max(rank()).alias("last"),
                    count(rank()).alias("places"),
                ],
            )
            .unwrap()
            .filter(
                col("first")
                    .not_eq(lit(1_u32))
                    .or(col("last").not_eq(col("places"))),
            )
            .unwrap();
        let wrong = ranks.collect().await.unwrap();
        let items = wrong.iter().flat_map(|batch| {
            batch
                .column(0)
                .as_primitive::<UInt32Type>()
                .values()
                .to_vec()
        });
        assert_eq!(items.collect::<Vec<u32>>(), Vec::<u32>::new());
    });
}

#[test]
fn what_is_not_computed_is_refused() {
    with_file(&songs(), &Settings::default(), async |plays| {
        let refused = |neighbourhood: Neighbourhood| {
            let error = neighbours::of_items(&plays, &neighbourhood).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        };
        assert!(refused(Neighbourhood::new(0)).starts_with("`k` is 0"));
        let adjusted = refused(Neighbourhood::new(1).measure(Measure::AdjustedCosine));
        assert!(adjusted.starts_with(
            "the measure adjusted-cosine is not computed here; take one of cosine, pearson,"
        ));
        let weighting = radio_rec::similarity::Weighting::TfIdf;
        refused(Neighbourhood::new(1).weighting(weighting));
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn of_any_plays(
        numbers in prop::collection::vec((0u8..12, 0u8..10, 1u8..6), 1..120),
        k in 1usize..6,
        threads in 1usize..4,
        measure in prop::sample::select(measures().collect::<Vec<_>>()),
        support in 1usize..3,
    ) {
        let settings = Settings { threads: Some(threads), ..Settings::default() };
        let neighbourhood = Neighbourhood::new(k).measure(measure).minimum_support(support);
        with_file(&crate::table::plays(&numbers), &settings, async |plays| {
            assert_all_equal(&plays, neighbourhood).await;
        });
    }
}

#[test]
fn a_session_needs_some_memory_and_a_thread() {
    for settings in [
        Settings {
            memory: Some(1000),
            ..Settings::default()
        },
        Settings {
            threads: Some(0),
            ..Settings::default()
        },
    ] {
        assert_eq!(Session::new(&settings, None).err().unwrap().exit_code(), 2);
    }
    let settings = Settings {
        scratch: Some("/nowhere/at/all".into()),
        ..Settings::default()
    };
    let error = Session::new(&settings, None).err().unwrap();
    assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    drop(session());
}
