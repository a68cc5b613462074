//! Hand-ins as they come: with cells changed, moved, doubled, deleted, and without their names.

use super::*;
use serde_json::{Value, json};

fn cell(source: &str, id: &str, grade: bool, solution: bool) -> Cell {
    let mut cell = Cell::new(CellKind::Code, source);
    let points = if grade { json!(1) } else { Value::Null };
    cell.set_metadata("nbgrader", json!({"grade": grade, "solution": solution, "locked": !solution, "grade_id": id, "points": points, "schema_version": 3}));
    cell
}

/// Two questions, each with an answer and a test.
fn source() -> Source {
    let cells = vec![
        cell("let n = 3;", "start", false, false),
        cell(
            "fn double(x: i32) -> i32 {\n    // BEGIN SOLUTION\n    2 * x\n    // END SOLUTION\n}",
            "double",
            false,
            true,
        ),
        cell(
            "assert_eq!(double(n), 6);\n// BEGIN HIDDEN TESTS\nassert_eq!(double(0), 0);\n// END HIDDEN TESTS",
            "double-test",
            true,
            false,
        ),
        cell(
            "fn half(x: i32) -> i32 {\n    // BEGIN SOLUTION\n    x / 2\n    // END SOLUTION\n}",
            "half",
            false,
            true,
        ),
        cell("assert_eq!(half(n), 1);", "half-test", true, false),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("source.ipynb");
    let notebook = Notebook::new(cells, serde_json::Map::new());
    std::fs::write(&path, notebook.to_ipynb()).unwrap();
    Source::read(&path).unwrap()
}

fn answered() -> Notebook {
    let mut notebook = source().released();
    notebook.cells[1].source = "fn double(x: i32) -> i32 { x + x }".to_owned();
    notebook.cells[3].source = "fn half(x: i32) -> i32 { x >> 1 }".to_owned();
    notebook
}

fn sources(assembled: &Assembled) -> Vec<&str> {
    assembled
        .notebook
        .cells
        .iter()
        .map(|cell| cell.source.as_str())
        .collect()
}

fn of(notebook: &Notebook) -> Assembled {
    let source = source();
    assemble(&source, notebook, &Policy::of(&source)).unwrap()
}

#[test]
fn the_tests_are_those_of_the_source_and_the_answers_those_of_the_student() {
    let assembled = of(&answered());
    let expected = [
        "let n = 3;",
        "fn double(x: i32) -> i32 { x + x }",
        "assert_eq!(double(n), 6);\n// BEGIN HIDDEN TESTS\nassert_eq!(double(0), 0);\n// END HIDDEN TESTS",
        "fn half(x: i32) -> i32 { x >> 1 }",
        "assert_eq!(half(n), 1);",
    ];
    assert_eq!(sources(&assembled), expected);
    assert!(assembled.remarks.is_empty(), "{:?}", assembled.remarks);
    assert_eq!(assembled.shown[2].source, "assert_eq!(double(n), 6);");
    assert_eq!(
        assembled.answers["half"],
        "fn half(x: i32) -> i32 { x >> 1 }"
    );
    let untouched = of(&source().released());
    assert_eq!(untouched.remarks, ["nothing was answered"]);
}

#[test]
fn what_was_changed_moved_doubled_or_deleted_is_put_back() {
    let mut notebook = answered();
    let whole = sources(&of(&notebook))
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    notebook.cells[2].source = "// nothing to see".to_owned();
    let mut again = notebook.cells[1].clone();
    again.source = "let mine = 1;".to_owned();
    notebook.cells.insert(2, again);
    notebook.cells.swap(0, 1);
    notebook.cells.pop();
    notebook.cells.push(Cell::new(CellKind::Code, "last()"));
    let assembled = of(&notebook);
    let mut expected: Vec<&str> = whole.iter().map(String::as_str).collect();
    expected.insert(2, "let mine = 1;");
    expected.insert(5, "last()");
    let got = sources(&assembled);
    assert_eq!(got.len(), 7, "{got:#?}");
    for text in &expected {
        assert!(got.contains(text), "{text} is missing in {got:#?}");
    }
    let position = |text: &str| got.iter().position(|own| *own == text).unwrap();
    assert!(position(&whole[0]) < position(&whole[1]) && position(&whole[1]) < position(&whole[2]));
    for remark in [
        "`double` is there twice",
        "was moved, and is back",
        "`double-test` was changed",
        "`half-test` was deleted",
    ] {
        assert!(
            assembled.remarks.iter().any(|own| own.contains(remark)),
            "{remark}: {:?}",
            assembled.remarks
        );
    }
}

#[test]
fn cells_that_have_lost_their_names_are_found_by_order_and_likeness() {
    let named = answered();
    let mut notebook = named.clone();
    for cell in &mut notebook.cells {
        cell.replace_metadata(serde_json::Map::new());
    }
    let assembled = of(&notebook);
    assert_eq!(sources(&assembled), sources(&of(&named)));
    assert!(assembled.remarks[0].contains("order and likeness"));
    assert_eq!(assembled.parts.iter().flatten().count(), 5);
}

#[test]
fn what_is_no_hand_in_is_refused() {
    let source = source();
    let policy = Policy::of(&source);
    let notebook = |texts: &[&str]| {
        let cells = texts.iter().map(|text| Cell::new(CellKind::Code, *text));
        Notebook::new(cells.collect(), serde_json::Map::new())
    };
    for (notebook, expected) in [
        (notebook(&[]), "empty"),
        (notebook(&[" ", ""]), "empty"),
        (
            notebook(&["use std::io;", "println!(\"my holidays\");"]),
            "another notebook",
        ),
    ] {
        let message = assemble(&source, &notebook, &policy).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_cell_that_is_objected_to_does_not_run() {
    let mut notebook = answered();
    notebook
        .cells
        .insert(1, Cell::new(CellKind::Code, ":dep evil = \"1\""));
    let assembled = of(&notebook);
    assert!(assembled.notebook.cells[1].has_tag("skip-execution"));
    assert_eq!(
        assembled.remarks,
        ["cell 2 did not run: it asks for `:dep evil`, which the assignment does not"]
    );
}
