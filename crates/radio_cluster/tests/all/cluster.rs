//! Plans on Ballista give what they give in this process.

use std::sync::Arc;

use datafusion::arrow::array::{Float64Array, Int64Array};
use radio_cluster::cluster::Cluster;
use radio_cluster::session::{Session, Settings};
use radio_cluster::{evaluate, neighbours, recommend};
use radio_rec::similarity::{Measure, Neighbourhood};

use crate::neighbours::{assert_equal, measures};
use crate::table::{songs, write_columns, write_csv};
use crate::{read, session, wait};

async fn standalone() -> Session {
    let settings = Settings {
        threads: Some(3),
        ..Settings::default()
    };
    Session::on(&Cluster::Standalone, &settings, None)
        .await
        .unwrap()
}

#[test]
fn neighbours_are_the_same_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, &songs());
    wait(async {
        let session = standalone().await;
        let plays = read(&session, &path).await.unwrap();
        for measure in measures() {
            assert_equal(&plays, Neighbourhood::new(7).measure(measure)).await;
        }
        assert_equal(&plays, Neighbourhood::new(5).minimum_support(3)).await;
        let capped = plays.capped(4, 1606).await.unwrap();
        assert_equal(&capped, Neighbourhood::new(5).measure(Measure::Jaccard)).await;
    });
}

#[test]
fn metrics_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, &songs());
    wait(async {
        let mut reports = Vec::new();
        for session in [session(), standalone().await] {
            let plays = read(&session, &path).await.unwrap();
            let parts = evaluate::split(&plays, 0.3, 1606).await.unwrap();
            let found = neighbours::of_items(&parts.train, &Neighbourhood::new(10)).unwrap();
            let lists = recommend::to_all_users(&parts.train, found, 5).unwrap();
            reports.push(evaluate::evaluate(&parts, lists, 5).await.unwrap());
        }
        let [here, there] = reports.try_into().unwrap();
        assert_eq!((here.users, here.k), (there.users, there.k));
        let pairs = [
            (here.map, there.map),
            (here.ndcg, there.ndcg),
            (here.recall, there.recall),
            (here.mrr, there.mrr),
        ];
        for (here, there) in pairs {
            assert!(
                here > 0.0 && (here - there).abs() <= 1e-12,
                "{here} {there}"
            );
        }
    });
}

#[test]
fn a_wrong_row_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.parquet");
    write_columns(
        &path,
        vec![
            ("user", Arc::new(Int64Array::from(vec![1, 1, 2]))),
            ("item", Arc::new(Int64Array::from(vec![1, 2, 2]))),
            (
                "plays",
                Arc::new(Float64Array::from(vec![1.0, f64::NAN, 1.0])),
            ),
        ],
    );
    wait(async {
        let session = standalone().await;
        let error = read(&session, &path).await.err().unwrap();
        assert_eq!(error.exit_code(), 2);
        assert!(
            error.to_string().contains("row 2, column `plays`"),
            "{error}"
        );
    });
}

#[test]
fn a_scheduler_that_is_not_there_is_named() {
    for (address, said) in [
        ("df://127.0.0.1:9", "no scheduler answers at 127.0.0.1:9"),
        ("nowhere", "`nowhere` is no scheduler's address"),
    ] {
        let cluster = Cluster::Scheduler(address.into());
        let session = wait(Session::on(&cluster, &Settings::default(), None));
        let error = session.err().unwrap();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().starts_with(said), "{error}");
    }
}
