//! The command: what it writes, and what it ends with.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use radio_rec::interactions::Interactions;
use radio_rec::recommend::{Als, Fit};
use radio_rec::similarity::Neighbourhood;
use tempfile::TempDir;

use crate::table::{songs, write_csv};

/// A folder with the songs in `plays.csv`.
fn sandbox() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_csv(&folder.path().join("plays.csv"), &songs());
    folder
}

fn run(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_radio_cluster"));
    command.current_dir(folder).args(arguments.split(' '));
    command.output().unwrap()
}

#[track_caller]
fn ran(folder: &Path, arguments: &str) -> String {
    let output = run(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert_eq!(said, "", "nobody looks, so nothing is told");
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn failed(folder: &Path, arguments: &str, code: i32) -> String {
    let output = run(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

fn names_of(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn neighbours_are_written_by_name() {
    let sandbox = sandbox();
    let said = ran(
        sandbox.path(),
        "neighbours plays.csv --measure jaccard -k 3 -o found --format csv",
    );
    assert_eq!(said, "found/neighbours.csv\n");
    let mut sorted = songs();
    sorted.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    let data = Interactions::from_triplets(sorted).unwrap();
    let neighbourhood = Neighbourhood::new(3).measure(radio_rec::similarity::Measure::Jaccard);
    let neighbours = neighbourhood.of_items(&data).unwrap();
    let mut table = csv::Reader::from_path(sandbox.path().join("found/neighbours.csv")).unwrap();
    assert_eq!(
        table.headers().unwrap(),
        vec!["item", "rank", "neighbour", "similarity"]
    );
    let mut rows = table.records().map(Result::unwrap);
    for item in data.item_indices() {
        for (rank, neighbour) in (1..).zip(neighbours.neighbours(item)) {
            let row = rows.next().unwrap();
            assert_eq!(&row[0], data.item_name(item).as_str());
            assert_eq!(row[1], i32::to_string(&rank));
            assert_eq!(&row[2], data.item_name(neighbour.item).as_str());
            assert_eq!(row[3].parse(), Ok(neighbour.similarity));
        }
    }
    assert!(rows.next().is_none());
    assert_eq!(names_of(sandbox.path()), ["found", "plays.csv"]);
}

#[test]
fn vectors_are_written_by_name() {
    let sandbox = sandbox();
    let said = ran(
        sandbox.path(),
        "als plays.csv --factors 3 --iterations 2 --seed 5 -o vectors --format csv",
    );
    assert_eq!(said, "vectors/users.csv\nvectors/items.csv\n");
    let mut sorted = songs();
    sorted.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let names: std::collections::BTreeSet<_> = sorted.iter().map(|play| play.1.clone()).collect();
    // Zeros of nobody else, so that items are in the order of their names too.
    let first = sorted[0].0.clone();
    let zeros = names.into_iter().map(|item| (first.clone(), item, 0.0));
    let data = Interactions::from_triplets(zeros.chain(sorted)).unwrap();
    let als = Als {
        factors: 3,
        iterations: 2,
        seed: 5,
        ..Als::default()
    };
    let model = als.fit(&data).unwrap();
    let users: Vec<String> = data.users().iter().map(ToString::to_string).collect();
    let items: Vec<String> = data.items().iter().map(ToString::to_string).collect();
    for (side, names, vectors) in [
        ("user", users, model.user_factors()),
        ("item", items, model.item_factors()),
    ] {
        let path = sandbox.path().join(format!("vectors/{side}s.csv"));
        let mut table = csv::Reader::from_path(path).unwrap();
        let headers = vec![side, "factor_1", "factor_2", "factor_3"];
        assert_eq!(table.headers().unwrap(), headers);
        let rows: Vec<_> = table.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), names.len());
        for ((row, name), vector) in rows.iter().zip(&names).zip(vectors.rows()) {
            assert_eq!(&row[0], name);
            let found: Vec<f32> = row.iter().skip(1).map(|x| x.parse().unwrap()).collect();
            assert_eq!(found, vector.to_vec(), "of {name}");
        }
    }
    ran(
        sandbox.path(),
        "als plays.csv --factors 2 --iterations 1 -o other",
    );
    assert_eq!(
        names_of(&sandbox.path().join("other")),
        ["items.parquet", "users.parquet"]
    );
    let said = failed(sandbox.path(), "als plays.csv --alpha 1e38 -o third", 2);
    assert!(said.contains("so that single precision can hold"), "{said}");
    assert_eq!(names_of(sandbox.path()), ["other", "plays.csv", "vectors"]);
}

#[test]
fn all_results_are_the_same_again() {
    let sandbox = sandbox();
    for (what, file) in [
        ("neighbours plays.csv", "neighbours"),
        ("neighbours plays.csv --cap 5 --seed 3", "neighbours"),
        ("popularity plays.csv -n 7", "popularity"),
        ("recommend plays.csv -k 5 -n 3", "lists"),
    ] {
        ran(sandbox.path(), &format!("{what} -o one --format csv"));
        ran(
            sandbox.path(),
            &format!("{what} -o two --format csv --memory 64M --threads 3"),
        );
        let of = |folder: &str| {
            fs::read_to_string(sandbox.path().join(folder).join(format!("{file}.csv"))).unwrap()
        };
        assert!(of("one").lines().count() > 7, "{}", of("one"));
        if file != "lists" {
            assert_eq!(of("one"), of("two"), "{what}");
        }
        ran(sandbox.path(), &format!("{what} -o three"));
        assert_eq!(
            names_of(&sandbox.path().join("three")),
            [format!("{file}.parquet")]
        );
        for folder in ["one", "two", "three"] {
            fs::remove_dir_all(sandbox.path().join(folder)).unwrap();
        }
    }
    let report = ran(sandbox.path(), "evaluate plays.csv --test 0.25 --seed 1606");
    assert!(report.contains("\nnDCG@10 "), "{report}");
    assert_eq!(
        ran(sandbox.path(), "evaluate plays.csv --test 0.25 --seed 1606"),
        report
    );
}

#[test]
fn paths_may_lead_upwards() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.path().join("sub")).unwrap();
    let said = ran(
        sandbox.path(),
        "popularity sub/../plays.csv -n 1 -o sub/../out --format csv",
    );
    assert_eq!(said, "sub/../out/popularity.csv\n");
    assert_eq!(names_of(sandbox.path()), ["out", "plays.csv", "sub"]);
}

#[test]
fn a_plan_is_explained() {
    let sandbox = sandbox();
    for what in ["neighbours", "popularity", "recommend", "als"] {
        let plan = ran(sandbox.path(), &format!("{what} plays.csv --explain"));
        assert!(
            plan.contains("== plays\n") && plan.contains("DataSourceExec"),
            "{plan}"
        );
    }
    let plan = ran(
        sandbox.path(),
        "neighbours plays.csv --explain --measure lift",
    );
    assert!(
        plan.contains("nearest(") && plan.contains("HashJoinExec"),
        "{plan}"
    );
    let plan = ran(
        sandbox.path(),
        "neighbours plays.csv --explain --memory 100M",
    );
    assert!(plan.contains("SortMergeJoin"), "{plan}");
    assert_eq!(names_of(sandbox.path()), ["plays.csv"]);
}

#[test]
fn wrong_arguments_end_with_2() {
    let sandbox = sandbox();
    fs::create_dir(sandbox.path().join("full")).unwrap();
    fs::write(sandbox.path().join("full/x"), "").unwrap();
    for (arguments, expected) in [
        (
            "neighbours nowhere -o out",
            "error: `nowhere`: there is no such file or folder\n",
        ),
        (
            "neighbours plays.csv",
            "error: say with `--output DIR` where the result goes\n",
        ),
        (
            "neighbours plays.csv -o full",
            "error: `full`: the folder has something in it; remove it, or name another\n",
        ),
        (
            "neighbours plays.csv -o plays.csv",
            "error: `plays.csv`: there is a file of this name; a folder is written\n",
        ),
        (
            "neighbours plays.csv -o out -k 0",
            "error: `k` is 0, but must be at least 1\n",
        ),
        (
            "neighbours plays.csv -o out --memory 1M",
            "error: the memory must be 32M or more\n",
        ),
        (
            "neighbours plays.csv -o out --item song",
            "error: `plays.csv`: there is no column `song` for the item, but `user`, `item`, `plays`; say which one holds it with `--item`\n",
        ),
        (
            "als plays.csv -o out --factors 0",
            "error: `factors` is 0, but must be from 1 to 1024\n",
        ),
        (
            "als plays.csv -o out --alpha NaN",
            "error: `alpha` is NaN, but must be a finite number, at least 0\n",
        ),
        (
            "recommend plays.csv -o out -n 0",
            "error: lists must be of 1 item or more\n",
        ),
        (
            "evaluate plays.csv --test 2",
            "error: the share of hidden plays is 2, but must be above 0 and below 1\n",
        ),
    ] {
        assert_eq!(failed(sandbox.path(), arguments, 2), expected);
    }
    let said = failed(
        sandbox.path(),
        "neighbours plays.csv -o out --measure cosinus",
        2,
    );
    assert!(
        said.starts_with("error: `measure` is `cosinus`, but must be one of cosine,"),
        "{said}"
    );
    let said = failed(
        sandbox.path(),
        "neighbours plays.csv -o out --measure adjusted-cosine",
        2,
    );
    assert!(said.contains("not computed here"), "{said}");
    let said = failed(
        sandbox.path(),
        "neighbours plays.csv -o out --memory much",
        2,
    );
    assert!(
        said.contains("a number of bytes, such as 500M or 2G"),
        "{said}"
    );
    assert_eq!(names_of(sandbox.path()), ["full", "plays.csv"]);
}

#[test]
fn a_result_that_fails_leaves_nothing() {
    let sandbox = sandbox();
    let said = failed(sandbox.path(), "popularity plays.csv -o /proc/found", 1);
    assert!(said.contains("/proc/"), "{said}");
    assert_eq!(names_of(sandbox.path()), ["plays.csv"]);
}
