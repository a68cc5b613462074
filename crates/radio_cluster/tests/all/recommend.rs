//! Lists for all users, and what is popular, are those of the library.

use std::collections::HashMap;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{Float64Type, UInt32Type, UInt64Type};
use datafusion::prelude::DataFrame;
use proptest::prelude::*;
use radio_cluster::{library, neighbours, popularity, recommend};
use radio_rec::recommend::{Fit, History, ItemKnn, Popularity, Recommender, Request};
use radio_rec::similarity::Neighbourhood;

use crate::table::{Play, plays, songs, write_csv};
use crate::{read, session, wait};

/// Of each user (rank, item, score), best first.
async fn lists(frame: DataFrame) -> HashMap<usize, Vec<(u32, usize, f64)>> {
    let mut lists: HashMap<usize, Vec<(u32, usize, f64)>> = HashMap::new();
    for batch in frame.collect().await.unwrap() {
        let numbers = |name: &str| {
            batch
                .column_by_name(name)
                .unwrap()
                .as_primitive::<UInt32Type>()
                .clone()
        };
        let (users, ranks, items) = (numbers("user"), numbers("rank"), numbers("item"));
        let scores = batch
            .column_by_name("score")
            .unwrap()
            .as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            let place = (
                ranks.value(row),
                items.value(row) as usize,
                scores.value(row),
            );
            lists
                .entry(users.value(row) as usize)
                .or_default()
                .push(place);
        }
    }
    lists
        .values_mut()
        .for_each(|list| list.sort_by_key(|place| place.0));
    lists
}

fn assert_lists(plays: &[Play], k: usize, n: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, plays);
    let session = session();
    wait(async {
        let plays = read(&session, &path).await.unwrap();
        let found = neighbours::of_items(&plays, &Neighbourhood::new(k)).unwrap();
        let found = lists(recommend::to_all_users(&plays, found, n).unwrap()).await;

        let data = library::interactions(&plays).await.unwrap();
        let model = ItemKnn::new(k).fit(&data).unwrap();
        for user in data.user_indices() {
            let expected = model
                .recommend(user.into(), &Request::new(n))
                .unwrap()
                .ranking;
            let none = Vec::new();
            let list = found.get(&user.index()).unwrap_or(&none);
            assert_eq!(list.len(), expected.len(), "of {}", data.user_name(user));
            for ((rank, (found_rank, item, score)), expected) in (1..).zip(list).zip(&expected) {
                assert_eq!(*found_rank, rank);
                assert_eq!(&data.items()[*item], &expected.name);
                assert!((score - expected.score).abs() <= 1e-12 * score.abs());
            }
        }

        let ranking = popularity::of_items(&plays)
            .unwrap()
            .collect()
            .await
            .unwrap();
        let user = data.user_at(0).unwrap();
        let history = History::new(&data, user.into()).unwrap();
        let expected = Popularity.fit(&data).unwrap().score(&history);
        let mut found = Vec::new();
        for batch in &ranking {
            let numbers =
                |column: usize| batch.column(column).as_primitive::<UInt32Type>().values();
            let listeners = batch.column(2).as_primitive::<UInt64Type>().values();
            let rows = numbers(0).iter().zip(numbers(1)).zip(listeners);
            found.extend(
                rows.map(|((&rank, &item), &listeners)| (rank, item as usize, listeners as f64)),
            );
        }
        found.sort_by_key(|place| place.0);
        let expected = (1..)
            .zip(expected)
            .map(|(rank, (item, listeners))| (rank, item.index(), listeners));
        assert_eq!(found, expected.collect::<Vec<_>>());
    });
}

#[test]
fn of_the_songs() {
    assert_lists(&songs(), 20, 10);
    assert_lists(&songs(), 3, 1);
}

#[test]
fn a_list_has_an_item_or_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, &plays(&[(1, 1, 1), (1, 2, 1)]));
    let session = session();
    wait(async {
        let plays = read(&session, &path).await.unwrap();
        let found = neighbours::of_items(&plays, &Neighbourhood::new(1)).unwrap();
        let error = recommend::to_all_users(&plays, found, 0).unwrap_err();
        assert_eq!(error.exit_code(), 2);
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn of_any_plays(
        numbers in prop::collection::vec((0u8..12, 0u8..10, 1u8..6), 1..80),
        k in 1usize..6,
        n in 1usize..6,
    ) {
        assert_lists(&plays(&numbers), k, n);
    }
}
