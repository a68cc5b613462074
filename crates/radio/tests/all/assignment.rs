//! The committed notebooks give what the assignment printed, and on the class's own file what is right there.

use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    std::fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap()
}

/// Executes a notebook of the project and returns all the text among its outputs. It is compiled where
/// `cargo run -- run` compiles it, so what that compiled is not compiled again.
fn text_of(notebook: &str, arguments: &[&str]) -> String {
    let output = run(&root().join("notebooks").join(notebook), arguments);
    text_in(&output.path().join(notebook))
}

/// Executes a notebook or a folder of them, and returns where the executed copies are.
fn run(notebooks: &Path, arguments: &[&str]) -> tempfile::TempDir {
    let output = tempfile::tempdir().unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_radio"))
        .args(["run", "--quiet"])
        .arg(notebooks)
        .arg("--output")
        .arg(output.path())
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    output
}

/// The class's file, where it is there; where it is not, that is said, and with `RADIO_REQUIRE_CLASS_FILE=1` it is a
/// failure.
fn class_file() -> Option<String> {
    let path = root().join("../shared/data/radio_songs_original.csv");
    if path.is_file() {
        return path.to_str().map(str::to_owned);
    }
    let required = std::env::var_os("RADIO_REQUIRE_CLASS_FILE").is_some_and(|value| value == "1");
    assert!(!required, "{} is missing", path.display());
    // Not by `eprintln!`, which the test harness keeps to itself.
    let _ = writeln!(
        std::io::stderr(),
        "skipped: the class's file is not at {}",
        path.display()
    );
    None
}

fn text_in(path: &Path) -> String {
    let notebook: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cells = notebook["cells"].as_array().unwrap();
    let outputs = cells
        .iter()
        .flat_map(|cell| cell["outputs"].as_array().into_iter().flatten());
    outputs
        .map(|o| joined(&o["text"]) + &joined(&o["data"]["text/plain"]) + "\n")
        .collect()
}

fn joined(value: &Value) -> String {
    match value {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

fn assert_contains(text: &str, expected: &[&str]) {
    for part in expected {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

const PRINTED: [&str; 4] = [
    "Recommended songs for user 1606 based on user-user collaborative filtering:\n\
     ac/dc 0\nadam green 0\naerosmith 0\nafi 0\nair 0\nalanis morissette 0\nalexisonfire 0\nalicia keys 0\n\
     all that remains 0\namon amarth 0\nName: 1144, dtype: int64\n",
    "Number of recommended songs already listened to by user 1606: 0\n",
    "Top 5 song recommendations for user 1606:\n\
     ['beastie boys', 'bob dylan', 'bob marley & the wailers', 'david bowie', 'eric clapton']\n",
    "Top 10 recommended songs for users who have listened to 'U2' and 'Pink Floyd':\n['misfits', 'robbie williams', ",
];

#[test]
fn on_the_bundled_data_the_printed_lines_come_out_to_the_letter() {
    let text = text_of("01_collaborative_filtering.ipynb", &[]);
    assert_contains(&text, &PRINTED);
    assert_contains(
        &text,
        &[
            "['misfits', 'robbie williams', 'green day', 'depeche mode', 'peter fox', 'dire straits', 'madonna', \
           'enter shikari', 'kelly clarkson', 'johnny cash']\n",
        ],
    );
    let committed = text_in(&root().join("notebooks/01_collaborative_filtering.ipynb"));
    assert_eq!(
        committed, text,
        "the committed notebook is not what its code gives"
    );
}

#[test]
fn on_the_class_file_the_right_answers_come_out() {
    let Some(path) = class_file() else {
        return;
    };
    let text = text_of("01_collaborative_filtering.ipynb", &["-p", "data", &path]);
    assert_contains(&text, &PRINTED);
    assert_contains(
        &text,
        &[
            "['misfits', 'robbie williams', 'green day', 'depeche mode', 'peter fox', 'dire straits', 'enter shikari', 'johnny cash', 'kelly clarkson', 'madonna']",
        ],
    );
    // A row for each line of a table; the columns' widths do not matter.
    let rows: Vec<String> = text
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for expected in [
        "1 misfits robbie williams 0.788675 robbie williams 0.566947",
        "2 robbie williams genesis 0.577350 johnny cash 0.400892",
        "3 green day johnny cash 0.557678 genesis 0.377964",
        "4 depeche mode misfits 0.500000 misfits 0.377964",
        "5 peter fox audioslave 0.481806 foo fighters 0.341882",
        "6 dire straits foo fighters 0.475589 audioslave 0.338062",
        "7 enter shikari pearl jam 0.439826 green day 0.327327",
        "8 johnny cash green day 0.433013 depeche mode 0.308607",
        "9 kelly clarkson david bowie 0.408248 pearl jam 0.308607",
        "10 madonna depeche mode 0.408248 peter fox 0.285714",
        "1 1144 0.277350",
        "2 144 0.223607",
        "3 1334 0.150756",
        "4 1509 0.144338",
        "5 890 0.129099",
        "2 of 13 already played by user 1606",
        "1 elvis presley 0.289328 eric clapton 0.202740",
        "2 abba 0.239023 howard shore 0.171749",
        "3 eric clapton 0.202740 david bowie 0.171243",
        "4 frank sinatra 0.201139 dream theater 0.134501",
        "5 howard shore 0.171749 apocalyptica 0.106527",
    ] {
        assert!(
            rows.iter().any(|row| row == expected),
            "{expected:?} is missing in:\n{text}"
        );
    }
    let nearest = "beastie boys, bob dylan, bob marley & the wailers, david bowie, elvis presley, eric clapton, johnny cash, \
                   pearl jam, pink floyd, the beatles, the doors, the rolling stones, tom waits";
    for (rank, name) in nearest.split(", ").enumerate() {
        let row = format!("{} {name} 0.277350", rank + 1);
        assert!(rows.contains(&row), "{row:?} is missing in:\n{text}");
    }
}

#[test]
fn the_network_holds_what_every_seeded_run_must() {
    for seed in ["2024", "7"] {
        let text = text_of("03_neural_network.ipynb", &["-p", "weight_seed", seed]);
        assert_contains(
            &text,
            &[
                "2 1\n",
                "(4, 2000)\n(4, 2000)\n(1, 2000)\n(1, 2000)\n(1, 2000)\n",
            ],
        );
        assert!(text.matches(": true\n").count() > 20, "{text}");
        assert!(
            !text.contains(": false\n"),
            "a check of the notebook's does not hold:\n{text}"
        );
        let after = |label: &str| {
            text.split_once(label)
                .unwrap()
                .1
                .lines()
                .next()
                .unwrap()
                .parse::<f64>()
                .unwrap()
        };
        let (cost, delta) = (after("cost= "), after("cost delta= "));
        assert!(
            (cost - std::f64::consts::LN_2).abs() < 1e-4 && (delta - 9999.0 - cost).abs() < 1e-9
        );
    }
}

#[test]
fn the_other_notebooks_on_recommenders_give_what_is_committed() {
    for name in [
        "02_conceptual_questions.ipynb",
        "04_choosing_a_recommender.ipynb",
        "05_networks_on_listening_data.ipynb",
    ] {
        let text = text_of(name, &[]);
        assert_eq!(text_in(&root().join("notebooks").join(name)), text);
    }
}

#[test]
fn all_notebooks_run_on_the_class_file() {
    let Some(path) = class_file() else {
        return;
    };
    let output = run(&root().join("notebooks"), &["-p", "data", &path]);
    let copies = std::fs::read_dir(output.path()).unwrap().flatten();
    let copies = copies.filter(|entry| entry.path().extension().is_some_and(|e| e == "ipynb"));
    assert_eq!(copies.count(), 5);
    // The user whose list notebook 05 shows is not in there.
    let text = text_in(&output.path().join("05_networks_on_listening_data.ipynb"));
    assert_contains(
        &text,
        &[
            "there is no user `2666`",
            "Here is the one who plays most instead: ",
        ],
    );
}
