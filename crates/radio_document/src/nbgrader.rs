//! What [nbgrader](https://nbgrader.readthedocs.io)'s metadata say of the cells of an assignment, in their third form,
//! and the marks within cells.
//!
//! | a cell that is | has |
//! |---|---|
//! | an answer | `solution`; what stands between `BEGIN SOLUTION` and `END SOLUTION` is the teacher's |
//! | a test | `grade` and `points`; what stands between `BEGIN HIDDEN TESTS` and `END HIDDEN TESTS` is not handed out |
//! | an answer that a person grades | both |
//! | not to be changed | `locked` |

pub mod regions;

use crate::document::{Cell, CellKind, Notebook};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The only form that is understood; nbgrader has it since 2019.
const SCHEMA: u64 = 3;

/// What a cell is in an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The student's to write.
    Answer,
    /// The student's to write, and a person's to grade.
    AnswerForPerson,
    /// A test, which the notebook's run grades.
    Test,
    /// Not to be changed.
    Locked,
}

/// A cell's part in an assignment.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name, which stays when cells move.
    pub id: String,
    /// What it is.
    pub role: Role,
    /// What it is worth; 0 for what is not graded.
    pub points: f64,
}

#[derive(Deserialize)]
struct Metadata {
    grade_id: String,
    #[serde(default)]
    grade: bool,
    #[serde(default)]
    solution: bool,
    #[serde(default)]
    locked: bool,
    #[serde(default)]
    task: bool,
    points: Option<f64>,
    schema_version: Option<u64>,
}

/// A cell's part in an assignment; `None` if it has none.
///
/// # Errors
/// What is wrong with its metadata, a clause.
pub fn part(cell: &Cell) -> Result<Option<Part>, String> {
    let Some(metadata) = cell
        .metadata()
        .and_then(|metadata| metadata.get("nbgrader"))
    else {
        return Ok(None);
    };
    let Metadata {
        grade_id: id,
        grade,
        solution,
        locked,
        task,
        points,
        schema_version,
    } = serde_json::from_value(metadata.clone())
        .map_err(|error| format!("its metadata `nbgrader` are not understood: {error}"))?;
    if schema_version != Some(SCHEMA) {
        return Err(format!(
            "its metadata `nbgrader` have schema_version {}, and radio knows {SCHEMA}; `nbgrader update` brings \
             them up to date",
            schema_version.map_or("none".to_owned(), |version| version.to_string())
        ));
    }
    let role = match (grade, solution, locked) {
        _ if task => Role::AnswerForPerson,
        (true, true, _) => Role::AnswerForPerson,
        (true, false, _) => Role::Test,
        (false, true, _) => Role::Answer,
        (false, false, true) => Role::Locked,
        (false, false, false) => return Ok(None),
    };
    if role == Role::Test && cell.kind != CellKind::Code {
        return Err(format!(
            "`{id}` is graded by its run, and is no code cell: add \"solution\": true for an answer that a person grades"
        ));
    }
    let is_graded = matches!(role, Role::Test | Role::AnswerForPerson);
    let points = match points {
        Some(points) if points.is_finite() && points >= 0.0 => points,
        None if !is_graded => 0.0,
        None => return Err(format!("`{id}` is graded and has no points")),
        Some(points) => return Err(format!("`{id}` is worth {points} points, which cannot be")),
    };
    Ok(Some(Part {
        id,
        role,
        points: if is_graded { points } else { 0.0 },
    }))
}

/// The parts of all cells of a teacher's notebook.
///
/// # Errors
/// What is wrong, a sentence that names the cell.
pub fn parts(notebook: &Notebook) -> Result<Vec<Option<Part>>, String> {
    let mut seen = BTreeSet::new();
    let mut parts = Vec::new();
    for (index, cell) in notebook.cells.iter().enumerate() {
        let wrong = |what: String| format!("cell {} of all cells: {what}", index + 1);
        let part = part(cell).map_err(wrong)?;
        if let Some(part) = &part
            && !seen.insert(part.id.clone())
        {
            return Err(wrong(format!(
                "its grade_id `{}` is that of an earlier cell; each needs its own",
                part.id
            )));
        }
        parts.push(part);
    }
    if !parts.iter().flatten().any(|part| part.role == Role::Test) {
        return Err("no cell is a test: one has in its metadata \
            {\"nbgrader\": {\"grade\": true, \"solution\": false, \"locked\": true, \"grade_id\": \"a-test\", \"points\": 2, \"schema_version\": 3}}".into());
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn cell(metadata: serde_json::Value) -> Cell {
        let mut cell = Cell::new(CellKind::Code, "1");
        cell.set_metadata("nbgrader", metadata);
        cell
    }

    #[test]
    fn a_cell_is_what_its_metadata_say() {
        let of = |grade, solution, locked| {
            let points = if grade { json!(2) } else { json!(null) };
            part(&cell(json!({"grade": grade, "solution": solution, "locked": locked, "grade_id": "x", "points": points, "schema_version": 3}))).unwrap().map(|part| (part.role, part.points))
        };
        assert_eq!(of(true, false, true), Some((Role::Test, 2.0)));
        assert_eq!(of(true, true, false), Some((Role::AnswerForPerson, 2.0)));
        assert_eq!(of(false, true, false), Some((Role::Answer, 0.0)));
        assert_eq!(of(false, false, true), Some((Role::Locked, 0.0)));
        assert_eq!(of(false, false, false), None);
        assert_eq!(part(&Cell::new(CellKind::Code, "1")), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (metadata, expected) in [
            (
                json!({"grade_id": "x", "grade": true, "points": 1}),
                "schema_version none",
            ),
            (
                json!({"grade_id": "x", "grade": true, "schema_version": 3}),
                "`x` is graded and has no points",
            ),
            (
                json!({"grade_id": "x", "grade": true, "points": -1, "schema_version": 3}),
                "-1 points",
            ),
            (
                json!({"grade": true, "schema_version": 3}),
                "missing field `grade_id`",
            ),
            (json!("x"), "not understood"),
        ] {
            let message = part(&cell(metadata)).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
        let test =
            || cell(json!({"grade_id": "x", "grade": true, "points": 1, "schema_version": 3}));
        let notebook = |cells| Notebook::new(cells, serde_json::Map::new());
        let twice = parts(&notebook(vec![test(), test()])).unwrap_err();
        assert!(twice.contains("cell 2") && twice.contains("`x`"), "{twice}");
        let none = parts(&notebook(vec![Cell::new(CellKind::Code, "1")])).unwrap_err();
        assert!(none.contains("no cell is a test"), "{none}");
    }
}
