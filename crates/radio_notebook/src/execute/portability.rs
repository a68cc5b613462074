//! What a notebook does that works here, and not in Jupyter under the evcxr kernel: most of it was found out when its
//! cells were compiled.

use crate::cells::Facts;
use crate::dialect::{CellCode, Fragment};
use crate::document::{Cell, Notebook};
use crate::error::Result;
use crate::execute::notebook_folder;
use crate::execute::startup;
use std::collections::BTreeSet;
use std::path::Path;

/// Something that is not portable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The cell's number among the code cells that are not empty, from 1.
    pub cell: u32,
    /// What it is, why evcxr refuses it, and the fix.
    pub message: String,
}

/// A cell as it is looked at.
struct Source {
    /// Its number; 0 is what the start-up files say.
    number: u32,
    code: CellCode,
    /// Whether the last that it gave has another form than text, for which its type must have a display of its own.
    shows_itself: bool,
}

/// What is not portable in `notebook`, which was read from `path` and was executed without an unexpected failure;
/// `facts` are what was found out about its cells.
///
/// # Errors
/// Trouble with files.
pub fn warnings(notebook: &Notebook, path: &Path, facts: &[(u32, Facts)]) -> Result<Vec<Warning>> {
    let folder = notebook_folder(path)?;
    let mut sources = Vec::new();
    if let Some(startup) = startup::read(&folder)?
        && let Ok(code) = CellCode::parse(&startup.source)
    {
        sources.push(Source {
            number: 0,
            code,
            shows_itself: false,
        });
    }
    let numbered = notebook.numbers().into_iter().zip(&notebook.cells);
    sources.extend(numbered.filter_map(|(number, cell)| source(number?, cell)));
    let mut found = BTreeSet::new();
    for (cell, facts) in facts {
        let mut warn = |message: String| {
            found.insert(Warning {
                cell: *cell,
                message,
            });
        };
        for name in &facts.closures {
            warn(format!(
                "the variable `{name}` is a closure, whose type evcxr cannot name: make it a function, or put it \
                 into a `Box<dyn Fn(..) -> ..>`"
            ));
        }
        for name in &facts.unnamed {
            warn(format!(
                "the variable `{name}` has a type that evcxr cannot name: collect it, or put it into a box"
            ));
        }
        for name in &facts.refer {
            warn(format!(
                "the variable `{name}` borrows from another. evcxr keeps variables from cell to cell, but no \
                 borrows: clone it, or use it in the cell that makes it"
            ));
        }
        let of_cell = sources.iter().find(|source| source.number == *cell);
        for name in &facts.moved_to_show {
            if of_cell.is_some_and(|source| source.shows_itself) {
                found.insert(shown_as_debug(
                    *cell,
                    &format!("moves the variable `{name}`"),
                ));
            }
        }
    }
    found.extend(first_question_mark_shown(&sources));
    found.extend(first_await_shown(&sources));
    Ok(found.into_iter().collect())
}

/// How an executed cell is looked at, if it is.
fn source(number: u32, cell: &Cell) -> Option<Source> {
    let outputs = cell.outputs();
    let failed_to_compile = outputs
        .iter()
        .any(|output| output["ename"] == "CompileError");
    if cell.has_tag("skip-execution") || failed_to_compile {
        return None;
    }
    let shown = outputs
        .iter()
        .rev()
        .find_map(|output| output["data"].as_object());
    Some(Source {
        number,
        code: CellCode::parse(&cell.source).ok()?,
        shows_itself: shown.is_some_and(|data| data.keys().any(|mime| mime != "text/plain")),
    })
}

/// What evcxr does where the last expression needs another attempt at compiling it, and the fix.
fn shown_as_debug(cell: u32, why: &str) -> Warning {
    Warning {
        cell,
        message: format!(
            "its last expression {why}, and evcxr then shows the value by `{{:?}}`: put it into a variable, and \
             end the cell with that"
        ),
    }
}

/// The warning about the first cell that has `what`, by which evcxr learns how to compile cells, if that is in the
/// expression of a value that shows itself. `has` says whether a cell has it, and whether its last expression does.
fn first_of_its_kind(
    sources: &[Source],
    what: &str,
    has: impl Fn(&CellCode) -> (bool, bool),
) -> Option<Warning> {
    let first = sources.iter().find(|source| has(&source.code).0)?;
    (has(&first.code).1 && first.shows_itself)
        .then(|| shown_as_debug(first.number, &format!("has the notebook's first `{what}`")))
}

fn first_question_mark_shown(sources: &[Source]) -> Option<Warning> {
    first_of_its_kind(sources, "?", |code| {
        let has_mark = |fragment: &Option<Fragment>| {
            let marked = |fragment: &Fragment| fragment.text.contains("__radio_question_mark");
            fragment.as_ref().is_some_and(marked)
        };
        let in_tail = has_mark(&code.tail);
        (in_tail || has_mark(&code.body), in_tail)
    })
}

fn first_await_shown(sources: &[Source]) -> Option<Warning> {
    first_of_its_kind(sources, ".await", |code| {
        let waits = |tail: &Fragment| tail.text.contains(".await");
        (code.awaits, code.tail.as_ref().is_some_and(waits))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_await(cells: &[(&str, bool)]) -> Option<u32> {
        let sources: Vec<Source> = (1..)
            .zip(cells)
            .map(|(number, &(text, shows_itself))| Source {
                number,
                code: CellCode::parse(text).unwrap(),
                shows_itself,
            })
            .collect();
        first_await_shown(&sources).map(|warning| warning.cell)
    }

    #[test]
    fn only_the_first_await_is_in_the_way_of_a_value() {
        let shown = ("table().await", true);
        assert_eq!(first_await(&[("1", true), shown, shown]), Some(2));
        assert_eq!(
            first_await(&[("let t = table().await;\nt", true), shown]),
            None
        );
        assert_eq!(first_await(&[("table().await", false), shown]), None);
        assert_eq!(
            first_await(&[("async { other().await }", true), shown]),
            Some(2)
        );
    }
}
