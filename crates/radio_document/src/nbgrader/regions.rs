//! What stands between marks in a cell: solutions, and tests that are not handed out. The marks are nbgrader's, in
//! comments of any form; a mark is a line that has it anywhere.

/// What takes the place of code that is the student's to write.
pub const CODE: &str = "todo!()";
/// What takes the place of prose that is the student's to write.
pub const PROSE: &str = "YOUR ANSWER HERE";

/// The marks of a region.
struct Marks {
    begin: &'static str,
    end: &'static str,
}

const SOLUTION: Marks = Marks {
    begin: "BEGIN SOLUTION",
    end: "END SOLUTION",
};
const HIDDEN: Marks = Marks {
    begin: "BEGIN HIDDEN TESTS",
    end: "END HIDDEN TESTS",
};

/// A cell's text with `instead` in the place of each solution, as far indented as its first mark; `None` if there is
/// none.
///
/// # Errors
/// What is wrong with the marks, a clause that names the line.
pub fn without_solutions(source: &str, instead: &str) -> Result<Option<String>, String> {
    replace(source, &SOLUTION, Some(instead))
}

/// A cell's text without its hidden tests; `None` if there are none.
///
/// # Errors
/// What is wrong with the marks, a clause that names the line.
pub fn without_hidden_tests(source: &str) -> Result<Option<String>, String> {
    replace(source, &HIDDEN, None)
}

fn replace(source: &str, marks: &Marks, instead: Option<&str>) -> Result<Option<String>, String> {
    let mut kept: Vec<String> = Vec::new();
    let mut begun: Option<usize> = None;
    let mut is_changed = false;
    for (number, line) in (1..).zip(source.split('\n')) {
        if line.contains(marks.begin) {
            if let Some(begun) = begun {
                return Err(format!(
                    "line {number} says {} within what line {begun} begins",
                    marks.begin
                ));
            }
            begun = Some(number);
            is_changed = true;
            let indent = &line[..line.len() - line.trim_start().len()];
            let lines = instead.into_iter().flat_map(|text| text.split('\n'));
            kept.extend(lines.map(|line| format!("{indent}{line}")));
        } else if line.contains(marks.end) {
            if begun.take().is_none() {
                return Err(format!(
                    "line {number} says {}, and no line before it {}",
                    marks.end, marks.begin
                ));
            }
        } else if begun.is_none() {
            kept.push(line.to_owned());
        }
    }
    match begun {
        Some(begun) => Err(format!(
            "line {begun} says {}, and no line after it {}",
            marks.begin, marks.end
        )),
        None => Ok(is_changed.then(|| kept.join("\n"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solution_becomes_something_to_do() {
        let source =
            "fn f() -> i32 {\n    // BEGIN SOLUTION\n    let a = 1;\n    a\n    // END SOLUTION\n}";
        let stub = without_solutions(source, CODE).unwrap();
        assert_eq!(stub.as_deref(), Some("fn f() -> i32 {\n    todo!()\n}"));
        assert_eq!(without_solutions("1", CODE), Ok(None));
        let tests = "check(1);\n/// BEGIN HIDDEN TESTS\ncheck(2);\n/// END HIDDEN TESTS\n";
        assert_eq!(without_hidden_tests(tests), Ok(Some("check(1);\n".into())));
    }

    #[test]
    fn marks_that_do_not_pair_are_named() {
        for (source, expected) in [
            (
                "a\n// BEGIN SOLUTION\nb",
                "line 2 says BEGIN SOLUTION, and no line after it",
            ),
            (
                "// END SOLUTION",
                "line 1 says END SOLUTION, and no line before it",
            ),
            (
                "// BEGIN SOLUTION\n// BEGIN SOLUTION\n// END SOLUTION",
                "line 2 says BEGIN SOLUTION within what line 1 begins",
            ),
        ] {
            let message = without_solutions(source, CODE).unwrap_err();
            assert!(message.contains(expected), "{message}");
        }
    }
}
