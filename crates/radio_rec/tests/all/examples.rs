//! The example programs, as a script would call them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const PLAYS: &str =
    "user,item,rating\na,x,1\na,y,2\na,z,1\na,w,1\nb,x,3\nb,z,1\nb,w,2\nc,x,1\nc,y,1\n";

/// Runs an example: its exit code, and what it says on stdout and on stderr.
fn run(name: &str, folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let program = built().join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let done = Command::new(program)
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        done.status.code().unwrap(),
        text(done.stdout),
        text(done.stderr),
    )
}

/// Where the examples are. `cargo test` has built them, but `cargo test --test all` has not.
fn built() -> &'static Path {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let build = ["build", "--quiet", "--frozen", "--examples"];
        let status = Command::new(env!("CARGO")).args(build).status().unwrap();
        assert!(status.success(), "the examples were not built");
        let test = std::env::current_exe().unwrap();
        test.parent().unwrap().parent().unwrap().join("examples")
    });
    &BUILT
}

/// A folder with the plays, and with files that are wrong.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("plays.csv", PLAYS),
        (
            "test.tsv",
            "user\titem\trating\nb\ty\t1\nc\tz\t1\nd\tv\t1\n",
        ),
        ("empty.csv", ""),
        ("lacks.csv", "user,price,rating\na,x,1\n"),
        ("nan.csv", "user,item,rating\na,x,NaN\n"),
        ("infinite.csv", "user,item,rating\na,x,inf\n"),
        ("nothing.csv", "user,item,rating\na,x,0\n"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn the_leaderboard_has_a_row_a_model() {
    let folder = folder();
    let arguments = [
        "--train",
        "plays.csv",
        "--test",
        "test.tsv",
        "--k",
        "1",
        "--models",
        "popularity,ease",
    ];
    let (code, out, err) = run("leaderboard", folder.path(), &arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[0],
        "4 users, 5 items, 9 plays to learn from, 3 to find; means of 1 split"
    );
    assert_eq!(
        lines[2],
        "| model | MAP@1 | nDCG@1 | precision@1 | recall@1 | fit s | recommend s |"
    );
    let rows: Vec<Vec<&str>> = (lines[4..].iter())
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), 2);
    // y is the only one that b can be given and is right; c is given z, the first of what ties; d, who played nothing
    // in training, gets what is popular, and plays what nobody else does.
    let popularity = rows.iter().find(|row| row[1] == "popularity").unwrap();
    assert_eq!(popularity[2..6], ["0.666667"; 4]);
    let seconds: f64 = popularity[7].parse().unwrap();
    assert!(seconds >= 0.0);
}

#[test]
fn the_leaderboard_divides_by_seed() {
    let folder = folder();
    let plays: String = (0..400)
        .map(|n| format!("u{}\ti{}\t1\n", n % 20, (n * n + n / 20) % 37))
        .collect();
    let text = format!("user_id:token\titem_id:token\trating:float\n{plays}");
    std::fs::write(folder.path().join("plays.inter"), text).unwrap();
    let table = |seed: &str| {
        let arguments = [
            "--ratings",
            "plays.inter",
            "--seed",
            seed,
            "--models",
            "item-knn",
        ];
        let (code, out, _) = run("leaderboard", folder.path(), &arguments);
        assert_eq!(code, 0);
        let row = out.lines().last().unwrap().to_owned();
        row.split('|').take(6).collect::<Vec<_>>().join("|") // without the seconds
    };
    assert_eq!(table("1"), table("1"));
    assert_ne!(table("1"), table("2"));
}

#[test]
fn the_leaderboard_compares_user_by_user() {
    let folder = folder();
    let plays: String = (0..400)
        .map(|n| format!("u{},i{},1\n", n % 20, (n * n + n / 20) % 37))
        .collect();
    let file = folder.path().join("many.csv");
    std::fs::write(file, format!("user,item,rating\n{plays}")).unwrap();
    let arguments = [
        "--ratings",
        "many.csv",
        "--splits",
        "2",
        "--models",
        "popularity,ease",
        "--compare",
        "--per-user",
        "of_users.csv",
    ];
    let (code, out, err) = run("leaderboard", folder.path(), &arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    let cells = |line: &str| -> Vec<String> {
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let lines: Vec<Vec<String>> = out.lines().map(cells).collect();
    let ndcg = |row: usize| -> f64 { lines[row][3].parse().unwrap() };
    let last = lines.last().unwrap();
    let [less, low, high] = [2, 3, 4].map(|cell| last[cell].parse::<f64>().unwrap());
    assert!(low <= less && less <= high, "{out}");
    // Everybody is counted in both splits, so that the means of users and of splits are the same.
    assert!((ndcg(4) - ndcg(5) - less).abs() < 2e-6, "{out}");
    let of_users = std::fs::read_to_string(folder.path().join("of_users.csv")).unwrap();
    assert_eq!(of_users.lines().count(), 1 + 2 * 2 * 20);

    let arguments = [
        "--ratings",
        "many.csv",
        "--write-splits",
        "splits",
        "--tune-parts",
        "1",
    ];
    let (code, out, _) = run("leaderboard", folder.path(), &arguments);
    assert_eq!((code, out.as_str()), (0, ""));
    let rows = |path: &str| {
        let text = std::fs::read_to_string(folder.path().join("splits").join(path)).unwrap();
        text.lines().count() - 1
    };
    let distinct = rows("0/train.csv") + rows("0/test.csv");
    assert_eq!(
        rows("0/0/train.csv") + rows("0/0/test.csv"),
        rows("0/train.csv")
    );
    assert!(rows("0/test.csv") > 0 && rows("0/0/test.csv") > 0 && distinct <= 400);
}

#[test]
fn the_leaderboard_measures_strangers() {
    let folder = folder();
    // 40 users like ten films of one half of the catalogue, and two of the other half not.
    let ratings: String = (0..40)
        .flat_map(|user| {
            let film = move |n: usize| (user % 2) * 20 + (user / 2 + n * n) % 20;
            let liked = (0..10).map(move |n| format!("{user},{},4.5,{n}\n", film(n)));
            let not = (0..2).map(move |n| format!("{user},{},2.0,9\n", (film(n) + 20) % 40));
            liked.chain(not)
        })
        .collect();
    let text = format!("userId,movieId,rating,timestamp\n{ratings}");
    std::fs::write(folder.path().join("ratings.csv"), text).unwrap();
    let arguments = ["--ml-20m", "ratings.csv", "--models", "item-knn,popularity"];
    let (code, out, err) = run("leaderboard", folder.path(), &arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        lines[0].starts_with("38 users to learn from, 2 strangers, 40 items, "),
        "{out}"
    );
    assert_eq!(
        lines[2],
        "| model | recall@20 | recall@50 | nDCG@100 | fit s |"
    );
    let numbers = |line: &str| -> Vec<f64> {
        let cells = line.split('|').skip(2).take(3);
        cells.map(|cell| cell.trim().parse().unwrap()).collect()
    };
    let (knn, popular) = (numbers(lines[4]), numbers(lines[5]));
    // All that is to be found is among 50 films of 40.
    assert_eq!((popular[1], lines.len()), (1.0, 6));
    assert!(knn[2] > popular[2], "{out}");
}

#[test]
fn the_neighbours_are_timed_and_written() {
    let folder = folder();
    let written = |arguments: &[&str]| {
        let (code, out, err) = run("neighbours", folder.path(), arguments);
        assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
        for figure in ["load_s=", "fit_s=", "peak_mb="] {
            assert!(
                out.lines().any(|line| line.starts_with(figure)),
                "{figure}: {out}"
            );
        }
        let text = std::fs::read_to_string(folder.path().join("out.csv")).unwrap();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "item,neighbour,score");
        lines
    };
    let plays = ["--interactions", "plays.csv", "--output", "out.csv"];
    let lines = written(&[&plays[..], &["--measure", "jaccard", "--k", "1"]].concat());
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert_eq!(lines[1], "x,y,0.6666666666666666");
    assert_eq!(lines[3], "z,w,1");
    // Beyond the catalogue: all there are.
    let all = written(&[&plays[..], &["--measure", "cosine", "--k", "999"]].concat());
    assert_eq!(all.len(), 1 + 12);
    let als = [
        "--model",
        "als",
        "--factors",
        "3",
        "--iterations",
        "2",
        "--threads",
        "1",
    ];
    assert!(written(&[&plays[..], &als].concat()).len() > 1);
    for (model, own) in [
        ("item-knn", None),
        ("als", Some("loss=")),
        ("bpr", Some("auc=")),
        ("ease", None),
    ] {
        let recommend = ["--model", model, "--recommend", "2"];
        let (code, out, err) = run(
            "neighbours",
            folder.path(),
            &[&plays[..], &recommend].concat(),
        );
        assert_eq!((code, err.as_str()), (0, ""), "{model}");
        let figures = ["fit_s=", "recommend_s=", "one_ms=", "peak_mb="];
        for figure in figures.into_iter().chain(own) {
            let is_said = out.lines().any(|line| line.starts_with(figure));
            assert!(is_said, "{model}, {figure}: {out}");
        }
    }
}

#[test]
fn what_is_wrong_is_said_and_the_code_is_2() {
    let folder = folder();
    let refused = |name: &str, arguments: &[&str], expected: &str| {
        let (code, _, err) = run(name, folder.path(), arguments);
        assert_eq!(code, 2, "{arguments:?}: {err}");
        assert!(
            err.starts_with("error: ") && err.contains(expected),
            "{arguments:?}: {err}"
        );
    };
    for (file, expected) in [
        (
            "empty.csv",
            "empty.csv, line 1, column 1: the table is empty",
        ),
        ("lacks.csv", "the header has no column `item`"),
        (
            "nan.csv",
            "the weight `NaN` of user `a` and item `x` must be a number",
        ),
        (
            "infinite.csv",
            "the weight `inf` of user `a` and item `x` must be finite",
        ),
        ("play.csv", "there is no file `play.csv` in "),
    ] {
        refused("leaderboard", &["--ratings", file, "--seed", "1"], expected);
        refused(
            "leaderboard",
            &["--train", file, "--test", "plays.csv"],
            expected,
        );
        refused("neighbours", &["--interactions", file], expected);
    }
    let ratings = |more: &[&'static str]| [&["--ratings", "plays.csv"], more].concat();
    refused("leaderboard", &[], "--train <FILE>");
    refused("leaderboard", &["--train", "plays.csv"], "--test <FILE>");
    refused("leaderboard", &ratings(&["--k", "0"]), "at least 1");
    refused(
        "leaderboard",
        &ratings(&["--seed", "x"]),
        "'x' for '--seed <SEED>'",
    );
    refused(
        "leaderboard",
        &ratings(&["--models", "ease,foo"]),
        "there are popularity, nearest-user",
    );
    refused(
        "leaderboard",
        &["--ratings", "nothing.csv"],
        "a matrix without values",
    );
    let plays = |more: &[&'static str]| [&["--interactions", "plays.csv"], more].concat();
    refused(
        "neighbours",
        &plays(&["--k", "0"]),
        "`k` is 0, but must be at least 1",
    );
    refused(
        "neighbours",
        &plays(&["--measure", "cosin"]),
        "must be one of cosine, ",
    );
    refused("neighbours", &plays(&["--threads", "0"]), "--threads");
    refused(
        "neighbours",
        &plays(&["--model", "als", "--k", "0"]),
        "`k` is 0, but must be at least 1",
    );
    refused(
        "neighbours",
        &plays(&["--model", "als", "--factors", "0"]),
        "`factors` is 0",
    );
    refused(
        "neighbours",
        &plays(&["--output", "no/folder.csv"]),
        "no/folder.csv",
    );
    // A folder cannot be written over, and nothing is left beside it.
    std::fs::create_dir(folder.path().join("taken")).unwrap();
    refused("neighbours", &plays(&["--output", "taken"]), "`taken`: ");
    refused(
        "train_network",
        &["--epochs", "1", "--write-end", "taken"],
        "`taken`: ",
    );
    refused("train_network", &["--threads", "0"], "--threads");
    refused("train_network", &["--rate=-1"], "`rate` is -1, but must be");
    refused(
        "train_network",
        &["--samples", "0"],
        "`n_samples` is 0, but must be at least 1",
    );
    // So many epochs are no reason to take memory for them, and it diverges in the first ones.
    refused(
        "train_network",
        &["--epochs", "18446744073709551615", "--rate", "1e308"],
        "a smaller rate",
    );
    let left: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".part"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_network_is_timed_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "--epochs",
        "30",
        "--samples",
        "200",
        "--hidden",
        "3",
        "--threads",
        "1",
        "--write-start",
        "start.json",
        "--write-end",
        "end.json",
    ];
    let (code, out, err) = run("train_network", folder.path(), &arguments);
    assert_eq!((code, err.as_str()), (0, ""));
    let figure = |name: &str| -> f64 {
        let line = out.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name}: {out}"))
            .parse()
            .unwrap()
    };
    assert!(figure("epoch_us=") > 0.0);
    assert!(figure("cost=") > 0.0 && (0.0..=1.0).contains(&figure("accuracy=")));
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.path().join(name)).unwrap()).unwrap()
    };
    let (start, end) = (read("start.json"), read("end.json"));
    assert_eq!(start["x"].as_array().unwrap().len(), 2);
    assert_eq!(start["y"][0].as_array().unwrap().len(), 200);
    let shape = |layers: &serde_json::Value| -> Vec<usize> {
        let layers = layers["layers"].as_array().unwrap().iter();
        layers
            .map(|layer| layer["w"].as_array().unwrap().len())
            .collect()
    };
    assert_eq!((shape(&start), shape(&end)), (vec![3, 1], vec![3, 1]));
    assert_ne!(start["layers"], end["layers"], "it learned");
    let count = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(count, 2, "nothing is left beside");
}
