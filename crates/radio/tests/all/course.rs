//! An assignment from the solved notebook to the grades: what is handed out, and what hand-ins of every kind come to.

use crate::sandbox::{Sandbox, code, joined, stderr};
use serde_json::{Value, json};

fn cell(source: &str, id: &str, role: &str) -> Value {
    let (grade, solution) = (role == "test", role == "answer");
    let points = if grade { json!(2) } else { Value::Null };
    json!({
        "cell_type": "code", "execution_count": null, "id": id, "outputs": [], "source": source,
        "metadata": {"nbgrader": {"grade": grade, "solution": solution, "locked": !solution, "task": false,
            "grade_id": id, "points": points, "schema_version": 3}},
    })
}

fn notebook(cells: &[Value]) -> String {
    json!({"cells": cells, "metadata": {"kernelspec": {"name": "rust", "language": "rust", "display_name": "Rust"}},
        "nbformat": 4, "nbformat_minor": 5})
    .to_string()
}

const HIDDEN: &str = "assert_eq!(double(2), 4, \"twice two\");\n// BEGIN HIDDEN TESTS\nassert_eq!(double(0), 0);\n// END HIDDEN TESTS";

/// Two questions, with a file beside the notebook.
fn solved() -> String {
    notebook(&[
        cell(
            "let start: i64 = std::fs::read_to_string(\"start.txt\")?.trim().parse()?;",
            "start",
            "locked",
        ),
        cell(
            "fn double(x: i64) -> i64 {\n    // BEGIN SOLUTION\n    2 * x\n    // END SOLUTION\n}",
            "double",
            "answer",
        ),
        cell(HIDDEN, "double-test", "test"),
        cell(
            "let more: i64 = {\n    // BEGIN SOLUTION\n    start + 1\n    // END SOLUTION\n};",
            "more",
            "answer",
        ),
        cell("assert_eq!(more, 8);", "more-test", "test"),
    ])
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("source")).unwrap();
    std::fs::create_dir(sandbox.path("in")).unwrap();
    sandbox.write("source/a.ipynb", &solved());
    sandbox.write("source/start.txt", "7\n");
    sandbox
}

/// What is handed out, with these answers.
fn hand_in(sandbox: &Sandbox, student: &str, double: &str, more: &str) {
    let mut notebook = sandbox.notebook("source/a.ipynb");
    notebook["cells"][1]["source"] = double.into();
    notebook["cells"][2]["source"] = "assert_eq!(double(2), 4, \"twice two\");\n".into();
    notebook["cells"][3]["source"] = more.into();
    sandbox.write(&format!("in/{student}.ipynb"), &notebook.to_string());
}

const DOUBLE: &str = "fn double(x: i64) -> i64 { x + x }";
const MORE: &str = "let more = start + 1;";

/// The rows of the table, by student: the fields before the remarks, and the remarks.
fn rows(sandbox: &Sandbox) -> std::collections::BTreeMap<String, (String, String)> {
    let table = sandbox.read("grades/grades.csv");
    let rows = table.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.splitn(7, ',').collect();
        let rest = fields[1..6].join(",");
        (fields[0].to_owned(), (rest, fields[6].to_owned()))
    });
    rows.collect()
}

#[test]
fn what_is_handed_out_has_no_solutions_and_cannot_be_changed() {
    let sandbox = sandbox();
    let assigned = sandbox
        .command(&["assign", "source/a.ipynb", "out/a.ipynb"])
        .output()
        .unwrap();
    assert_eq!(code(&assigned), 0, "{}", stderr(&assigned));
    assert!(
        stderr(&assigned).contains("4 points in 2 tests"),
        "{}",
        stderr(&assigned)
    );
    // The file lies beside the source only.
    assert!(
        stderr(&assigned).contains("start.txt, which is not there"),
        "{}",
        stderr(&assigned)
    );
    let released = sandbox.notebook("out/a.ipynb");
    let sources: Vec<String> = released["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| joined(&cell["source"]))
        .collect();
    assert_eq!(sources[1], "fn double(x: i64) -> i64 {\n    todo!()\n}");
    assert_eq!(sources[2], "assert_eq!(double(2), 4, \"twice two\");");
    assert_eq!(sources[3], "let more: i64 = {\n    todo!()\n};");
    for (at, expected) in [(0, json!(false)), (1, Value::Null), (2, json!(false))] {
        assert_eq!(released["cells"][at]["metadata"]["editable"], expected);
        assert_eq!(released["cells"][at]["metadata"]["deletable"], false);
    }
    let before = sandbox.read("out/a.ipynb");
    let again = sandbox
        .command(&["assign", "source/a.ipynb", "out"])
        .output()
        .unwrap();
    assert_eq!(code(&again), 2);
    assert!(
        stderr(&again).contains("there already"),
        "{}",
        stderr(&again)
    );
    assert_eq!(sandbox.read("out/a.ipynb"), before);
}

#[test]
fn a_source_that_does_not_get_its_own_points_is_not_handed_out() {
    let sandbox = sandbox();
    sandbox.write("source/a.ipynb", &solved().replace("2 * x", "3 * x"));
    let assigned = sandbox
        .command(&["assign", "source/a.ipynb", "out.ipynb"])
        .output()
        .unwrap();
    assert_eq!(code(&assigned), 1, "{}", stderr(&assigned));
    let said = stderr(&assigned);
    assert!(
        said.contains("cell 3, `double-test`, has 0 of 2 points") && said.contains("twice two"),
        "{said}"
    );
    assert!(!sandbox.path("out.ipynb").exists());
    hand_in(&sandbox, "ann", DOUBLE, MORE);
    let graded = sandbox
        .command(&["grade", "source/a.ipynb", "in"])
        .output()
        .unwrap();
    assert_eq!(code(&graded), 2, "{}", stderr(&graded));
    assert!(
        stderr(&graded).contains("the solved notebook itself"),
        "{}",
        stderr(&graded)
    );
    sandbox.write("source/a.ipynb", &solved().replace("// END SOLUTION", ""));
    let broken = sandbox
        .command(&["assign", "source/a.ipynb", "out.ipynb"])
        .output()
        .unwrap();
    assert_eq!(code(&broken), 2);
    assert!(
        stderr(&broken).contains("cell 2 of all cells: line 2 says BEGIN SOLUTION"),
        "{}",
        stderr(&broken)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn hand_ins_of_every_kind_are_graded_and_the_same_twice() {
    let sandbox = sandbox();
    let solution = sandbox.path("source/a.ipynb").display().to_string();
    let other = sandbox.path("in/ann.ipynb").display().to_string();
    hand_in(&sandbox, "ann", DOUBLE, MORE);
    hand_in(
        &sandbox,
        "bob",
        "fn double(x: i64) -> i64 { if x == 2 { 4 } else { 1 } }",
        "todo!()",
    );
    hand_in(
        &sandbox,
        "cy-loops",
        "fn double(x: i64) -> i64 { loop {} }",
        MORE,
    );
    hand_in(&sandbox, "dee-panics", DOUBLE, "panic!(\"no idea\");");
    hand_in(
        &sandbox,
        "eve-deletes",
        &format!(
            "fn double(x: i64) -> i64 {{ x + x }}\nlet _ = std::fs::remove_file(\"start.txt\");\nlet _ = std::fs::remove_dir_all({:?});",
            sandbox.folder()
        ),
        "let more = start + 1;\nassert!(!std::path::Path::new(\"start.txt\").exists());",
    );
    hand_in(
        &sandbox,
        "fay-prints",
        DOUBLE,
        "loop { println!(\"and on\"); }",
    );
    hand_in(
        &sandbox,
        "gus-forks",
        DOUBLE,
        "unsafe extern \"C\" { safe fn fork() -> i32; }\nloop { if fork() == 0 { loop { std::thread::park() } } std::thread::sleep(std::time::Duration::from_millis(1)) }",
    );
    hand_in(
        &sandbox,
        "hal-reads",
        &format!(
            "fn double(x: i64) -> i64 {{ x + x }}\nprintln!(\"{{:?}}\", std::fs::read_to_string({solution:?}).map_err(|e| e.kind()));"
        ),
        &format!(
            "println!(\"{{:?}}\", std::fs::read_to_string({other:?}).map_err(|e| e.kind()));\nlet more = start + 1;"
        ),
    );
    hand_in(
        &sandbox,
        "ida-includes",
        DOUBLE,
        &format!("println!(\"{{}}\", include_str!({solution:?}));\nlet more = start + 1;"),
    );
    hand_in(&sandbox, "jan-quits", DOUBLE, "std::process::exit(0);");
    let mut edited = sandbox.notebook("in/bob.ipynb");
    edited["cells"][2]["source"] = "// fine".into();
    edited["cells"][4]["source"] = "assert!(true);".into();
    sandbox.write("in/kim-edits.ipynb", &edited.to_string());
    sandbox.write("in/lea-empty.ipynb", &notebook(&[]));
    sandbox.write("in/max-broken.ipynb", "{\"cells\": [");
    sandbox.write("in/ned-other.ipynb", &notebook(&[json!({"cell_type": "code", "execution_count": null, "id": "x", "metadata": {}, "outputs": [], "source": "println!(\"holidays\");"})]));
    // Without the ids of cells, and moved, doubled and deleted.
    let mut shuffled = sandbox.notebook("in/ann.ipynb");
    shuffled["nbformat_minor"] = 4.into();
    let cells = shuffled["cells"].as_array_mut().unwrap();
    for cell in &mut *cells {
        cell.as_object_mut().unwrap().remove("id");
    }
    cells.swap(0, 3);
    cells[2] = cells[1].clone();
    sandbox.write("in/oz-shuffles.ipynb", &shuffled.to_string());
    let grade = || {
        let arguments = ["grade", "source/a.ipynb", "in", "--timeout", "2"];
        let graded = sandbox.command(&arguments).output().unwrap();
        assert_eq!(code(&graded), 1, "{}", stderr(&graded));
        (
            sandbox.read("grades/grades.csv"),
            sandbox.read("grades/grades.json"),
            stderr(&graded),
        )
    };
    let (table, json, said) = grade();
    assert!(said.contains("12 of 15 hand-ins graded"), "{said}");
    let rows = rows(&sandbox);
    let points = |student: &str| rows[student].0.as_str();
    let remarks = |student: &str| rows[student].1.as_str();
    for (student, expected) in [
        ("ann", "graded,4,4,2,2"),
        ("bob", "graded,0,4,0,0"),
        ("cy-loops", "graded,2,4,0,2"),
        ("dee-panics", "graded,2,4,2,0"),
        ("eve-deletes", "graded,4,4,2,2"),
        ("fay-prints", "graded,2,4,2,0"),
        ("gus-forks", "graded,2,4,2,0"),
        ("hal-reads", "graded,4,4,2,2"),
        ("ida-includes", "graded,2,4,2,0"),
        ("jan-quits", "graded,2,4,2,0"),
        ("kim-edits", "graded,0,4,0,0"),
        ("lea-empty", "not graded,,,,"),
        ("max-broken", "not graded,,,,"),
        ("ned-other", "not graded,,,,"),
        ("oz-shuffles", "graded,4,4,2,2"),
    ] {
        assert_eq!(points(student), expected, "{student}: {table}\n{said}");
    }
    for (student, expected) in [
        ("cy-loops", "Timeout"),
        ("jan-quits", "exit code 0"),
        ("kim-edits", "`double-test` was changed"),
        ("lea-empty", "empty"),
        ("max-broken", "not JSON"),
        ("ned-other", "another notebook"),
        ("oz-shuffles", "`double` is there twice"),
        ("oz-shuffles", "was moved, and is back"),
        ("oz-shuffles", "`double-test` was deleted"),
    ] {
        assert!(
            remarks(student).contains(expected),
            "{student}: {}",
            remarks(student)
        );
    }
    // On a machine that is busy they may run out of time first.
    for (student, expected) in [
        ("fay-prints", "more than 8 MB of text"),
        ("gus-forks", "processes without end"),
    ] {
        let why = remarks(student);
        assert!(why.contains(expected) || why.contains("Timeout"), "{why}");
    }
    // Nothing of the teacher's was read or removed.
    let feedback = |student: &str| sandbox.read(&format!("grades/feedback/{student}.html"));
    assert_eq!(
        feedback("hal-reads").matches("PermissionDenied").count(),
        2,
        "{}",
        feedback("hal-reads")
    );
    assert!(
        !feedback("ida-includes").contains("start + 1\\n"),
        "the solution was included"
    );
    assert!(sandbox.path("source/start.txt").is_file() && sandbox.path("in/ann.ipynb").is_file());
    assert!(
        !feedback("bob").contains("double(0)"),
        "hidden tests are shown"
    );
    let again = grade();
    let settled = |text: String| {
        let lines = text.lines().filter(|line| !line.contains("Limit:"));
        let lines = lines.filter(|line| !line.contains("Timeout:"));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(settled(table), settled(again.0));
    assert_eq!(settled(json), settled(again.1));
}

#[test]
fn a_new_notebook_runs_and_nothing_is_overwritten() {
    let sandbox = Sandbox::new();
    let new = sandbox.command(&["new", "first-try"]).output().unwrap();
    assert_eq!(code(&new), 0, "{}", stderr(&new));
    assert_eq!(sandbox.names("first-try"), ["first-try.ipynb", "songs.csv"]);
    let run = sandbox.run(&["first-try/first-try.ipynb"]);
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    assert!(sandbox.path("out/figures/first-try/plays.svg").is_file());
    let again = sandbox.command(&["new", "first-try"]).output().unwrap();
    assert_eq!(code(&again), 2);
    assert!(
        stderr(&again).contains("there already"),
        "{}",
        stderr(&again)
    );
    let assignment = sandbox
        .command(&["new", "mine.ipynb", "--assignment"])
        .output()
        .unwrap();
    assert_eq!(code(&assignment), 0, "{}", stderr(&assignment));
    let text = sandbox.read("mine.ipynb");
    assert!(
        text.contains("todo!()") && !text.contains("BEGIN SOLUTION") && !text.contains("HIDDEN")
    );
    assert!(sandbox.path("radio_songs.csv").is_file());
}
