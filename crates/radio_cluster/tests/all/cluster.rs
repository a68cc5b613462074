//! Plans on Ballista give what they give in this process.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{Float64Array, Int64Array};
use radio_cluster::cluster::Cluster;
use radio_cluster::session::{Session, Settings};
use radio_cluster::{evaluate, neighbours, recommend};
use radio_rec::similarity::{Measure, Neighbourhood};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::neighbours::{assert_equal, measures};
use crate::table::{Play, songs, write_columns, write_csv};
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

/// A scheduler and two executors, each a process, which end with it.
struct Processes {
    scheduler: String,
    children: Vec<Child>,
}

impl Processes {
    fn start(folder: &Path) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let mut processes = Self {
            scheduler: format!("df://{address}"),
            children: Vec::new(),
        };
        processes.serve(&["scheduler", "--address", &address], &address);
        for _ in 0..2 {
            let address = format!("127.0.0.1:{}", free_port());
            let scheduler = processes.scheduler.clone();
            let scratch = folder.to_str().unwrap();
            processes.serve(
                &[
                    "executor",
                    "--scheduler",
                    &scheduler,
                    "--address",
                    &address,
                    "--scratch",
                    scratch,
                    "--threads",
                    "1",
                ],
                &address,
            );
        }
        processes
    }

    /// Starts a process, and waits until it answers.
    fn serve(&mut self, arguments: &[&str], address: &str) {
        self.children.push(command(arguments).spawn().unwrap());
        for _ in 0..600 {
            if TcpStream::connect(address).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nothing answers at {address}: {arguments:?}");
    }

    fn neighbours(&self, folder: &Path, plays: &str, output: &str) -> Command {
        let scratch = folder.to_str().unwrap();
        let mut command = command(&["neighbours", plays, "-k", "7", "--format", "csv"]);
        command.args(["--scratch", scratch, "--scheduler", &self.scheduler]);
        command.args(["-o", output]).current_dir(folder);
        command
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_radio_cluster"));
    command.args(arguments);
    command
}

/// A port that is free, and the one after it too.
fn free_port() -> u16 {
    let bind = |port| TcpListener::bind(("127.0.0.1", port));
    loop {
        let first = bind(0).unwrap();
        let port = first.local_addr().unwrap().port();
        if port < u16::MAX && bind(port + 1).is_ok() {
            return port;
        }
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

/// The rows of a result: on a cluster all cells get quotation marks.
fn rows(folder: &Path) -> Vec<csv::StringRecord> {
    let table = csv::Reader::from_path(folder.join("neighbours.csv"));
    let rows: Vec<_> = table.unwrap().records().map(Result::unwrap).collect();
    assert!(!rows.is_empty());
    rows
}

/// What one process writes of the plays.
fn alone(folder: &Path, plays: &str) -> Vec<csv::StringRecord> {
    let mut command = command(&["neighbours", plays, "-k", "7", "--format", "csv", "-o"]);
    let output = command.arg("alone").current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let found = rows(&folder.join("alone"));
    fs::remove_dir_all(folder.join("alone")).unwrap();
    found
}

#[test]
fn two_executors_write_what_one_process_writes() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Processes::start(folder.path());
    for (name, plays) in [("songs.csv", songs()), ("ratings.csv", ratings(200))] {
        write_csv(&folder.path().join(name), &plays);
        let output = cluster.neighbours(folder.path(), name, "two").output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        let found = rows(&folder.path().join("two"));
        assert!(found == alone(folder.path(), name), "of {name}");
        fs::remove_dir_all(folder.path().join("two")).unwrap();
    }
}

#[test]
fn without_a_scheduler_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    write_csv(&folder.path().join("songs.csv"), &songs());
    let cluster = Processes {
        scheduler: format!("df://127.0.0.1:{}", free_port()),
        children: Vec::new(),
    };
    let output = cluster
        .neighbours(folder.path(), "songs.csv", "two")
        .output();
    let output = output.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.starts_with("error: no scheduler answers at 127.0.0.1:"),
        "{said}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
