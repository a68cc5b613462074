//! What a notebook that ran is worth, as nbgrader counts it: a test has all of its points if it did not fail, none if
//! it did, and as many as it says if its value is a number.

use radio_notebook::document::{Cell, joined};
use radio_notebook::nbgrader::{Part, Role};
use serde_json::Value;

/// What one cell is worth.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// The cell's name in the assignment.
    pub id: String,
    /// Where it stands among all cells of the notebook that ran.
    pub index: usize,
    /// The points that it has; `None` where a person gives them.
    pub points: Option<f64>,
    /// The points that it can have.
    pub most: f64,
    /// Why it has not all of them, in one line.
    pub why: Option<String>,
}

impl Mark {
    /// Whether it has all points, or waits for a person.
    pub fn is_full(&self) -> bool {
        self.points.is_none_or(|points| points >= self.most)
    }
}

/// The marks of a notebook whose cells have these parts.
pub fn marks(cells: &[Cell], parts: &[Option<Part>]) -> Vec<Mark> {
    let graded = cells.iter().zip(parts).enumerate();
    let graded = graded.filter_map(|(index, (cell, part))| Some((index, cell, part.as_ref()?)));
    graded
        .filter_map(|(index, cell, part)| {
            let (points, why) = match part.role {
                Role::Test => {
                    let (points, why) = of_test(cell, part.points);
                    (Some(points), why)
                }
                Role::AnswerForPerson => (None, None),
                Role::Answer | Role::Locked => return None,
            };
            Some(Mark {
                id: part.id.clone(),
                index,
                points,
                most: part.points,
                why,
            })
        })
        .collect()
}

/// The points that the runs gave, and that they could give.
pub fn sum(marks: &[Mark]) -> (f64, f64) {
    let run = marks.iter().filter(|mark| mark.points.is_some());
    run.fold((0.0, 0.0), |(has, most), mark| {
        (has + mark.points.unwrap_or_default(), most + mark.most)
    })
}

fn of_test(cell: &Cell, most: f64) -> (f64, Option<String>) {
    if let Some(why) = failure(cell) {
        return (0.0, Some(why));
    }
    if cell.execution_count().is_none() {
        return (0.0, Some("it did not run".to_owned()));
    }
    let value = cell.outputs().iter().rev().find_map(|output| {
        let is_value = output.get("output_type")? == "execute_result";
        is_value.then(|| output.get("data")?.get("text/plain").and_then(joined))?
    });
    let points = value.and_then(|text| text.trim().parse::<f64>().ok());
    match points.filter(|points| points.is_finite()) {
        Some(points) if points < most => {
            let points = points.max(0.0);
            (points, Some(format!("it gives {points} of {most} points")))
        }
        _ => (most, None),
    }
}

/// How a cell failed, in one line; `None` if it did not.
pub fn failure(cell: &Cell) -> Option<String> {
    let error = cell
        .outputs()
        .iter()
        .find(|output| output.get("output_type").and_then(Value::as_str) == Some("error"))?;
    let text = |key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default();
    let mut message = text("evalue")
        .lines()
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ");
    if let Some((end, _)) = message.char_indices().nth(300) {
        message.truncate(end);
        message.push('…');
    }
    Some(format!("{}: {message}", text("ename")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use radio_notebook::document::{CellKind, Output};

    fn cell(outputs: &[Output], count: Option<usize>) -> Cell {
        let mut cell = Cell::new(CellKind::Code, "1");
        cell.set_outputs(outputs, count);
        cell
    }

    fn value(text: &str) -> Output {
        Output::Data {
            bundle: vec![("text/plain".into(), text.into())],
            is_result: true,
        }
    }

    #[test]
    fn a_test_has_all_points_or_none_or_as_many_as_it_says() {
        let error = Output::Error {
            ename: "Panic".into(),
            evalue: "assertion failed\n  left: 1".into(),
            traceback: vec![],
        };
        for (outputs, count, expected) in [
            (vec![], Some(1), (2.0, None)),
            (vec![], None, (0.0, Some("it did not run"))),
            (
                vec![value("1.5")],
                Some(1),
                (1.5, Some("it gives 1.5 of 2 points")),
            ),
            (
                vec![value("-1")],
                Some(1),
                (0.0, Some("it gives 0 of 2 points")),
            ),
            (vec![value("7")], Some(1), (2.0, None)),
            (vec![value("\"well done\"")], Some(1), (2.0, None)),
            (
                vec![value("1"), error],
                Some(1),
                (0.0, Some("Panic: assertion failed left: 1")),
            ),
        ] {
            let (points, why) = of_test(&cell(&outputs, count), 2.0);
            assert_eq!((points, why.as_deref()), expected);
        }
    }
}
