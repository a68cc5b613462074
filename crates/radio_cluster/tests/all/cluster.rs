//! Plans on Ballista give what they give in this process.

mod faults;
mod processes;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{Float64Array, Int64Array};
use radio_cluster::cluster::Cluster;
use radio_cluster::plays::Plays;
use radio_cluster::session::{Session, Settings};
use radio_cluster::{evaluate, neighbours, recommend};
use radio_rec::similarity::{Measure, Neighbourhood};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use self::processes::{Processes, command};
use crate::neighbours::{assert_equal, measures};
use crate::table::{Play, songs, write_columns, write_csv};
use crate::{read, session, wait};

async fn on(cluster: &Cluster) -> Session {
    let settings = Settings {
        threads: Some(3),
        ..Settings::default()
    };
    Session::on(cluster, &settings, None).await.unwrap()
}

/// Plays, read by a cluster in this process and by one of processes.
fn on_clusters(plays: &[Play], test: impl AsyncFn(Plays<'_>)) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, plays);
    let processes = Processes::start();
    wait(async {
        for cluster in [Cluster::Standalone, processes.cluster()] {
            let session = on(&cluster).await;
            test(read(&session, &path).await.unwrap()).await;
        }
    });
}

#[test]
fn neighbours_are_the_same_to_the_last_bit() {
    on_clusters(&songs(), async |plays| {
        for measure in measures() {
            assert_equal(&plays, Neighbourhood::new(7).measure(measure)).await;
        }
        assert_equal(&plays, Neighbourhood::new(5).minimum_support(3)).await;
        let capped = plays.capped(4, 1606).await.unwrap();
        assert_equal(&capped, Neighbourhood::new(5).measure(Measure::Jaccard)).await;
    });
}

async fn report(plays: &Plays<'_>) -> evaluate::Report {
    let parts = evaluate::split(plays, 0.3, 1606).await.unwrap();
    let found = neighbours::of_items(&parts.train, &Neighbourhood::new(10)).unwrap();
    let lists = recommend::to_all_users(&parts.train, found, 5).unwrap();
    evaluate::evaluate(&parts, lists, 5).await.unwrap()
}

#[test]
fn metrics_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, &songs());
    let session = session();
    let here = wait(async { report(&read(&session, &path).await.unwrap()).await });
    on_clusters(&songs(), async |plays| {
        let there = report(&plays).await;
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
        let session = on(&Cluster::Standalone).await;
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

/// Ratings of 1 to 5 by users who rated 10 to 60 of 300 items, the first ones most.
fn ratings(users: usize) -> Vec<Play> {
    let mut random = ChaCha8Rng::seed_from_u64(1606);
    let mut ratings = BTreeMap::new();
    for user in 0..users {
        for _ in 0..random.random_range(10..=60) {
            let item = 300_f64.powf(random.random_range(0.0..1.0)) as usize;
            let rating = random.random_range(1..=5_u8);
            ratings.insert((format!("u{user}"), format!("m{item}")), rating.into());
        }
    }
    let rating = |((user, item), rating)| (user, item, rating);
    ratings.into_iter().map(rating).collect()
}

/// What a command gives: what it writes, a row a line, and what it says.
fn given(mut command: std::process::Command, folder: &Path) -> (Vec<csv::StringRecord>, String) {
    let output = command.current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let mut rows = Vec::new();
    let written = folder.join("out");
    for file in processes::files(&written) {
        let mut table = csv::Reader::from_path(&file).unwrap();
        rows.push(table.headers().unwrap().clone());
        rows.extend(table.records().map(Result::unwrap));
        // No more quotation marks than elsewhere.
        assert!(!fs::read_to_string(&file).unwrap().contains('"'));
    }
    let _ = fs::remove_dir_all(written);
    (rows, said)
}

#[test]
fn two_executors_write_what_one_process_writes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let cluster = Processes::start();
    write_csv(&folder.join("songs.csv"), &songs());
    write_csv(&folder.join("ratings.csv"), &ratings(200));
    for what in [
        "neighbours ratings.csv -k 7 --format csv -o out",
        "popularity songs.csv -n 40 --format csv -o out",
        "als ratings.csv --factors 4 --iterations 2 --format csv -o out",
        "evaluate songs.csv --test 0.25 --seed 1606",
    ] {
        let alone = given(command(what.split(' ')), folder);
        assert!(alone.0.len() > 40 || alone.1.contains("nDCG"), "{alone:?}");
        let together = given(cluster.command(folder, what), folder);
        assert!(alone == together, "{what}: {together:?}");
    }
    // Scores are sums of what are no whole numbers, in any order.
    let what = "recommend songs.csv -k 5 -n 3 --format csv -o out";
    let (alone, _) = given(command(what.split(' ')), folder);
    let (together, _) = given(cluster.command(folder, what), folder);
    assert!(alone.len() > 40 && alone.len() == together.len());
    for (one, other) in alone.iter().zip(&together) {
        for (one, other) in one.iter().zip(other) {
            let numbers = (one.parse::<f64>(), other.parse::<f64>());
            let is_same = match numbers {
                (Ok(one), Ok(other)) => (one - other).abs() <= 1e-12 * one.abs(),
                _ => one == other,
            };
            assert!(is_same, "{one} {other}");
        }
    }
    let parquet = cluster.command(folder, "popularity songs.csv -o out");
    let output = { parquet }.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        processes::files(&folder.join("out")),
        [folder.join("out/popularity.parquet")]
    );
}
