//! The grades as a table: for people and spreadsheets, and for programs.

use super::alike::{Alike, MEASURE};
use super::one::Sheet;
use crate::assign::source::Source;
use radio_notebook::nbgrader::{Part, Role};
use serde_json::{Map, Value, json};

/// One student's row.
#[derive(Debug)]
pub struct Row<'r> {
    /// Whose it is.
    pub student: &'r str,
    /// The hand-in, as it was named.
    pub file: String,
    /// The feedback page, beside the table.
    pub feedback: Option<String>,
    /// What it is worth, or why that is not known.
    pub graded: Result<&'r Sheet, &'r str>,
    /// Of those who are alike.
    pub alike: Vec<&'r Alike>,
}

impl Row<'_> {
    /// The points that the run gave, and could give.
    pub fn points(&self) -> Option<(f64, f64)> {
        self.graded
            .ok()
            .map(|sheet| crate::assign::score::sum(&sheet.marks))
    }

    /// What is to be said of it, a clause each.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = match self.graded {
            Ok(sheet) => sheet.remarks.clone(),
            Err(why) => vec![why.to_owned()],
        };
        for alike in &self.alike {
            let others = alike.students.iter().filter(|of| *of != self.student);
            let others: Vec<&str> = others.map(String::as_str).collect();
            remarks.push(format!(
                "like {} ({:.0} %)",
                others.join(", "),
                alike.share * 100.0
            ));
        }
        remarks
    }
}

/// The parts that are graded, in their order.
fn graded(source: &Source) -> impl Iterator<Item = &Part> {
    let parts = source.parts.iter().flatten();
    parts.filter(|part| matches!(part.role, Role::Test | Role::AnswerForPerson))
}

/// The table as text with commas.
pub fn csv(source: &Source, rows: &[Row<'_>]) -> String {
    let mut lines = Vec::new();
    let mut head = ["student", "status", "points", "of"]
        .map(str::to_owned)
        .to_vec();
    head.extend(graded(source).map(|part| part.id.clone()));
    head.push("remarks".to_owned());
    lines.push(head);
    for row in rows {
        let status = if row.graded.is_ok() {
            "graded"
        } else {
            "not graded"
        };
        let mut line = vec![row.student.to_owned(), status.to_owned()];
        let points = row.points();
        line.push(points.map(|(has, _)| has.to_string()).unwrap_or_default());
        line.push(points.map(|(_, most)| most.to_string()).unwrap_or_default());
        for part in graded(source) {
            let marks = row.graded.iter().flat_map(|sheet| &sheet.marks);
            let mark = marks
                .filter(|mark| mark.id == part.id)
                .find_map(|mark| mark.points);
            line.push(mark.map(|points| points.to_string()).unwrap_or_default());
        }
        line.push(row.remarks().join("; "));
        lines.push(line);
    }
    let lines = lines.iter().map(|line| {
        let fields: Vec<String> = line.iter().map(|field| quoted(field)).collect();
        fields.join(",") + "\n"
    });
    lines.collect()
}

/// A field of the table. A spreadsheet takes what begins with `=` for something to compute.
fn quoted(field: &str) -> String {
    let is_number = field.parse::<f64>().is_ok();
    let field = match field.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number {
        true => format!("'{field}"),
        false => field.to_owned(),
    };
    match field.contains([',', '"', '\n', '\r']) || field.starts_with(char::is_whitespace) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field,
    }
}

/// The table for programs.
pub fn json(source: &Source, rows: &[Row<'_>], alike: &[Alike]) -> String {
    let cells = graded(source).map(|part| {
        json!({"grade_id": part.id, "points": part.points, "by_person": part.role == Role::AnswerForPerson})
    });
    let students = rows.iter().map(|row| {
        let mut student = Map::new();
        student.insert("student".into(), row.student.into());
        student.insert("file".into(), row.file.as_str().into());
        student.insert("graded".into(), row.graded.is_ok().into());
        let points = row.points();
        student.insert("points".into(), json!(points.map(|(has, _)| has)));
        student.insert("of".into(), json!(points.map(|(_, most)| most)));
        let marks = row.graded.iter().flat_map(|sheet| &sheet.marks);
        let marks = marks.map(|mark| {
            json!({"grade_id": mark.id, "points": mark.points, "of": mark.most, "why": mark.why})
        });
        student.insert("cells".into(), marks.collect());
        student.insert("remarks".into(), row.remarks().into());
        student.insert("feedback".into(), json!(row.feedback));
        Value::Object(student)
    });
    let groups = alike.iter().map(|of| {
        let share = (of.share * 100.0).round() / 100.0;
        json!({"students": of.students, "share": share})
    });
    let all = json!({
        "assignment": source.name(),
        "cells": cells.collect::<Vec<_>>(),
        "students": students.collect::<Vec<_>>(),
        "alike": {"measure": MEASURE, "groups": groups.collect::<Vec<_>>()},
    });
    serde_json::to_string_pretty(&all).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_neither_two_nor_something_to_compute() {
        for (field, expected) in [
            ("ann", "ann"),
            ("2.5", "2.5"),
            ("-1", "-1"),
            ("a, \"b\"", "\"a, \"\"b\"\"\""),
            ("=1+1", "'=1+1"),
            ("@x\ny", "\"'@x\ny\""),
        ] {
            assert_eq!(quoted(field), expected);
        }
    }
}
