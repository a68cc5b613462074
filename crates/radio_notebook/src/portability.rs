//! What a notebook does that works here, where all cells are one program, and not in Jupyter under the evcxr kernel, which
//! compiles one cell after the other.
//!
//! The compiler itself finds most of it, in a program that is never run: there each cell sees only the items of cells before
//! it, and each variable is asked, at its cell's end, whether it borrows from another, and whether showing the cell's value took it.

use crate::commands::Command;
use crate::compile::{Builder, Compiled};
use crate::diagnostics::{Diagnostic, Span};
use crate::dialect::{CellCode, Chunk};
use crate::document::{Cell, Notebook};
use crate::error::{Error, Result};
use crate::execute::notebook_folder;
use crate::program::{Form, Probe, Program, ProgramCell};
use crate::startup;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Something that is not portable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    /// The cell's number among the code cells that are not empty, from 1.
    pub cell: u32,
    /// What it is, why evcxr refuses it, and the mend.
    pub message: String,
}

/// The errors that the compiler finds where a variable does not own what it holds.
const BORROWS: [&str; 10] = [
    "E0310", "E0373", "E0499", "E0502", "E0503", "E0505", "E0506", "E0515", "E0597", "E0716",
];

/// A cell as it is looked at.
struct Source {
    /// Its number; 0 is what the start-up files say.
    number: u32,
    code: CellCode,
    /// Whether its statements are looked at: not those of a cell that is expected to fail, whose definitions stay.
    runs: bool,
    /// Whether the last that it gave has another form than text, for which its type must have a display of its own.
    shows_itself: bool,
}

/// What is not portable in `notebook`, which was read from `path` and was executed without an unexpected failure.
///
/// # Errors
/// Trouble with files or cargo, or a refusal of the compiler's that says nothing about the cells.
pub fn warnings(notebook: &Notebook, path: &Path) -> Result<Vec<Warning>> {
    let folder = notebook_folder(path)?;
    let mut sources = Vec::new();
    if let Some(startup) = startup::read(&folder)?
        && let Ok(code) = CellCode::parse(&startup.source)
    {
        sources.push(Source {
            number: 0,
            code,
            runs: true,
            shows_itself: false,
        });
    }
    let numbered = (1..).zip(notebook.cells.iter().filter(|cell| cell.is_numbered()));
    sources.extend(numbered.filter_map(|(number, cell)| source(number, cell)));
    let mut found: BTreeSet<Warning> = sources
        .iter()
        .filter(|source| source.runs)
        .flat_map(|source| {
            source.code.closures.iter().map(|name| Warning {
                cell: source.number,
                message: format!(
                    "the variable `{name}` is a closure, whose type evcxr cannot name: make it a function, or put it into a `Box<dyn Fn(..) -> ..>`"
                ),
            })
        })
        .collect();
    found.extend(first_question_mark_shown(&sources));
    found.extend(first_await_shown(&sources));
    let names_are_portable = look(&sources, path, &folder, Form::EachCellAlone, &mut found)?;
    if !names_are_portable {
        // The compiler looks at borrows once all names are found.
        look(&sources, path, &folder, Form::Owned, &mut found)?;
    }
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
        runs: !cell.has_tag("raises-exception"),
        shows_itself: shown.is_some_and(|data| data.keys().any(|mime| mime != "text/plain")),
    })
}

/// What evcxr does where the last expression needs another attempt at compiling it, and the mend.
fn shown_as_debug(cell: u32, why: &str) -> Warning {
    Warning {
        cell,
        message: format!(
            "its last expression {why}, and evcxr then shows the value by `{{:?}}`: put it into a variable, and end the cell with that"
        ),
    }
}

/// The warning about the first cell that has `what`, by which evcxr learns how to compile cells, if that is in the expression of a
/// value that shows itself. `has` says whether a cell has it, and whether its last expression does.
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
        let has_mark = |chunk: &Option<Chunk>| {
            let marked = |chunk: &Chunk| chunk.text.contains("__radio_question_mark");
            chunk.as_ref().is_some_and(marked)
        };
        let in_tail = has_mark(&code.tail);
        (in_tail || has_mark(&code.body), in_tail)
    })
}

fn first_await_shown(sources: &[Source]) -> Option<Warning> {
    first_of_its_kind(sources, ".await", |code| {
        let waits = |tail: &Chunk| tail.text.contains(".await");
        (code.awaits, code.tail.as_ref().is_some_and(waits))
    })
}

/// The warning about a variable that was gone at the cell's end, if it was the last expression that moved it.
fn moved_when_shown(diagnostic: &Diagnostic, probe: &Probe, source: &Source) -> Option<Warning> {
    let tail = source.code.tail.as_ref()?;
    let indented = tail.text.chars().take_while(|c| *c == ' ').count() as u32;
    let is_in_tail = |span: &Span| {
        span.start.cell == probe.cell
            && (span.start.line, span.start.column) >= (tail.line, indented + 1)
    };
    (source.shows_itself
        && diagnostic.code.as_deref() == Some("E0382")
        && diagnostic.spans.iter().any(is_in_tail))
    .then(|| {
        shown_as_debug(
            probe.cell,
            &format!("moves the variable `{}`", probe.variable),
        )
    })
}

/// Has the compiler look at the cells of the notebook at `path`, in `folder`, in this form. Returns whether it found all names.
fn look(
    sources: &[Source],
    path: &Path,
    folder: &Path,
    form: Form,
    found: &mut BTreeSet<Warning>,
) -> Result<bool> {
    let builder = Builder::for_folder(folder)?;
    // A package of its own: the compiler's memory of the notebook's program is left alone.
    let package = path.with_extension("portable");
    let mut gone = BTreeSet::new();
    loop {
        let cells: Vec<ProgramCell<'_>> = sources
            .iter()
            .map(|source| ProgramCell {
                number: source.number,
                code: &source.code,
                may_fail: source.code.returns,
                runs: source.runs,
            })
            .collect();
        let program = Program::assemble(&cells, folder, form, &gone);
        let diagnostics = match builder.compile(&program, &package, &mut |_| {})? {
            Compiled::Executable(_) => return Ok(true),
            Compiled::Refused(diagnostics) => diagnostics,
            Compiled::Unbuildable(why) => return Err(nothing_found_out(path, &why)),
        };
        let mut all_names_found = true;
        let known = gone.len();
        for diagnostic in &diagnostics {
            let code = diagnostic.code.as_deref().unwrap_or_default();
            let asked = diagnostic.probe.as_ref().and_then(|probe| {
                let of_cell = sources.iter().find(|source| source.number == probe.cell)?;
                Some((probe, of_cell))
            });
            match asked {
                Some((probe, of_cell))
                    if BORROWS.contains(&code)
                        && of_cell.code.declares.contains(&probe.variable) =>
                {
                    found.insert(Warning {
                        cell: probe.cell,
                        message: format!(
                            "the variable `{}` borrows from another: {}. evcxr keeps variables from cell to cell, but no borrows: clone it, or use it in the cell that makes it",
                            probe.variable, diagnostic.message
                        ),
                    });
                }
                // It was moved, or is no variable: the compiler cannot be asked about it.
                Some((probe, of_cell)) => {
                    found.extend(moved_when_shown(diagnostic, probe, of_cell));
                    gone.insert(probe.clone());
                }
                None => {
                    all_names_found = false;
                    found.extend(unknown_name(diagnostic, &cells));
                }
            }
        }
        if gone.len() == known {
            if found.is_empty() {
                let first = diagnostics.first().map(|first| first.message.as_str());
                let why = first.unwrap_or("the compiler says nothing");
                return Err(nothing_found_out(path, why));
            }
            return Ok(all_names_found);
        }
    }
}

/// That nobody knows whether the notebook is portable.
fn nothing_found_out(path: &Path, why: &str) -> Error {
    Error::Document {
        path: path.to_owned(),
        message: format!(
            "whether it works in Jupyter could not be found out: {}",
            why.trim()
        ),
    }
}

/// What is said where a cell uses what only a later one defines.
fn unknown_name(diagnostic: &Diagnostic, cells: &[ProgramCell<'_>]) -> Option<Warning> {
    let cell = diagnostic.blame()?;
    let defined: BTreeMap<String, u32> = cells
        .iter()
        .rev()
        .filter(|later| later.number > cell)
        .flat_map(|later| {
            let items = later.code.items.iter().filter_map(|item| item.key());
            let imports = later.code.imports.iter().map(|import| import.name.clone());
            let crates = later
                .code
                .commands
                .iter()
                .filter_map(|(_, command)| match command {
                    Command::Dep { name, .. } => Some(name.replace('-', "_")),
                    _ => None,
                });
            items
                .chain(imports)
                .chain(crates)
                .map(|name| (name, later.number))
        })
        .collect();
    let mut named = diagnostic.message.split('`').skip(1).step_by(2);
    let later = named.find_map(|name| Some((name, defined.get(name)?)));
    let message = match later {
        Some((name, later)) => format!(
            "`{name}` is used before cell {later} defines it: move the definition up; in Jupyter the cells before have not seen it"
        ),
        None => format!(
            "it depends on a later cell: {}; in Jupyter, only what stands before is known",
            diagnostic.message
        ),
    };
    Some(Warning { cell, message })
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
                runs: true,
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
