//! What is handed out, and the points that are given, are nbgrader's: see scripts/golden/course.py.

use super::score;
use super::source::Source;
use radio_notebook::document::Notebook;
use radio_notebook::nbgrader::{Part, Role};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/nbgrader")
        .join(name)
}

#[test]
fn what_is_handed_out_is_what_nbgrader_hands_out() {
    let source = Source::read(&golden("source.ipynb")).unwrap();
    let own: Value = serde_json::from_str(&source.released().to_ipynb()).unwrap();
    let text = std::fs::read_to_string(golden("released.ipynb")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let joined = |cell: &Value| {
        let mut cell = cell.clone();
        let text = match &cell["source"] {
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        cell["source"] = text.into();
        cell
    };
    let cells = |of: &Value| {
        of["cells"]
            .as_array()
            .unwrap()
            .iter()
            .map(joined)
            .collect::<Vec<_>>()
    };
    assert_eq!(cells(&own), cells(&expected));
}

#[test]
fn a_test_has_the_points_that_nbgrader_gives_it() {
    let text = std::fs::read_to_string(golden("grades.json")).unwrap();
    let grades: Vec<Value> = serde_json::from_str(&text).unwrap();
    let part = Part {
        id: "test".to_owned(),
        role: Role::Test,
        points: 2.0,
    };
    for grade in grades {
        let notebook = serde_json::json!({"cells": [grade["cell"]], "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
        let notebook = Notebook::from_ipynb(&notebook.to_string()).unwrap();
        let marks = score::marks(&notebook.cells, &[Some(part.clone())]);
        assert_eq!(marks[0].points, grade["points"].as_f64(), "{grade:#}");
    }
}
