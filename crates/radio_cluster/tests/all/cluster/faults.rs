//! What a command does when a part of the cluster is gone, or it is not wanted any more.

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;

use super::processes::{Processes, command, entries, files, free_port};
use super::ratings;
use crate::table::write_csv;

/// A folder with plays whose neighbours take a while.
fn many_plays() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_csv(&folder.path().join("plays.csv"), &ratings(1000));
    folder
}

const NEIGHBOURS: &str = "neighbours plays.csv -k 7 --format csv -o found";

/// That a command ended with this code, said this, and left nothing behind.
fn assert_failed(cluster: &Processes, folder: &TempDir, output: Output, code: i32, said: &str) {
    let all = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{all}");
    assert!(all.starts_with(said), "{all}");
    assert_eq!(entries(folder.path()), [folder.path().join("plays.csv")]);
    assert!(entries(&cluster.scratch()).is_empty());
}

#[test]
fn what_an_executor_had_made_is_made_again() {
    let folder = many_plays();
    let alone = command(NEIGHBOURS.replace("found", "alone").split(' '))
        .current_dir(&folder)
        .output();
    assert!(alone.unwrap().status.success());
    let mut cluster = Processes::start();
    let mut child = cluster.command(folder.path(), NEIGHBOURS).spawn().unwrap();
    cluster.wait_until_late(&mut child);
    cluster.executors[0].kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("the cluster lost an executor"), "{said}");
    let read = |name: &str| fs::read(folder.path().join(name).join("neighbours.csv")).unwrap();
    assert!(read("found") == read("alone"));
}

#[test]
fn a_scheduler_that_dies_is_named() {
    let folder = many_plays();
    let mut cluster = Processes::start();
    let mut child = cluster.command(folder.path(), NEIGHBOURS).spawn().unwrap();
    cluster.wait_until_late(&mut child);
    cluster.scheduler.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = format!(
        "error: the cluster failed: the scheduler at {} does not answer any more",
        cluster.address
    );
    assert_failed(&cluster, &folder, output, 1, &said);
}

#[test]
fn ctrl_c_stops_the_cluster_too() {
    let folder = many_plays();
    let cluster = Processes::start();
    let mut child = cluster.command(folder.path(), NEIGHBOURS).spawn().unwrap();
    cluster.wait_until_late(&mut child);
    let interrupt = format!("kill -INT {}", child.id());
    let interrupted = Command::new("sh").args(["-c", &interrupt]).status();
    assert!(interrupted.unwrap().success());
    assert_failed(
        &cluster,
        &folder,
        child.wait_with_output().unwrap(),
        130,
        "",
    );
    // What was begun ends at once, and its files go.
    let made = || [0, 1].map(|executor| files(&cluster.scratch_of(executor)));
    std::thread::sleep(Duration::from_secs(1));
    let before = made();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(made(), before);
    assert!(entries(&cluster.scratch()).is_empty());
    let again = cluster.command(folder.path(), "popularity plays.csv -n 3 -o found");
    let output = { again }.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn without_a_scheduler_nothing_is_written() {
    let folder = many_plays();
    let mut command = command(NEIGHBOURS.split(' '));
    let scheduler = format!("df://127.0.0.1:{}", free_port());
    let output = command
        .args(["--scheduler", &scheduler])
        .current_dir(&folder);
    let output = output.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.starts_with("error: no scheduler answers at 127.0.0.1:"),
        "{said}"
    );
    assert_eq!(entries(folder.path()), [folder.path().join("plays.csv")]);
}
