//! What a notebook does that works here, where all cells are one program, and not in Jupyter under the evcxr kernel, which
//! compiles one cell after the other.
//!
//! The compiler itself finds most of it, in a program that is never run: there each cell sees only the items of cells before
//! it, and each variable is asked, at its cell's end, whether it borrows from another, and whether showing the cell's value took it.

use crate::commands::Command;
use crate::compile::{Builder, Compiled};
use crate::diagnostics::{Diagnostic, Span};
use crate::dialect::{CellCode, Chunk};
use crate::document::{Cell, CellKind, Notebook};
use crate::error::Result;
use crate::program::{Form, Probe, Program, ProgramCell};
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

/// What is not portable in `notebook`, which was read from `path` and runs without an unexpected failure. Cells that are
/// expected to fail are left out.
///
/// # Errors
/// Trouble with files or cargo.
pub fn warnings(notebook: &Notebook, path: &Path) -> Result<Vec<Warning>> {
    let numbered = || (1..).zip(notebook.cells.iter().filter(|cell| is_numbered(cell)));
    let cells: Vec<(u32, CellCode)> = numbered()
        .filter(|(_, cell)| !cell.has_tag("raises-exception") && !cell.has_tag("skip-execution"))
        .filter_map(|(number, cell)| Some((number, CellCode::parse(&cell.source).ok()?)))
        .collect();
    let mut found: BTreeSet<Warning> = cells
        .iter()
        .flat_map(|(cell, code)| {
            code.closures.iter().map(|name| Warning {
                cell: *cell,
                message: format!(
                    "the variable `{name}` is a closure, whose type evcxr cannot name: make it a function, or put it into a `Box<dyn Fn(..) -> ..>`"
                ),
            })
        })
        .collect();
    let shown: BTreeSet<u32> = numbered()
        .filter(|(_, cell)| shows_more_than_text(cell))
        .map(|(number, _)| number)
        .collect();
    found.extend(first_question_mark(&cells, &shown));
    let names_are_portable = look(&cells, &shown, path, Form::EachCellAlone, &mut found)?;
    if !names_are_portable {
        // The compiler looks at borrows once all names are found.
        look(&cells, &shown, path, Form::Owned, &mut found)?;
    }
    Ok(found.into_iter().collect())
}

fn is_numbered(cell: &Cell) -> bool {
    cell.kind == CellKind::Code && !cell.source.trim().is_empty()
}

/// Whether the last that a cell gave has another form than text, for which its type must have a display of its own.
fn shows_more_than_text(cell: &Cell) -> bool {
    let data = cell
        .outputs()
        .last()
        .and_then(|last| last["data"].as_object());
    data.is_some_and(|data| data.keys().any(|mime| mime != "text/plain"))
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

/// The warning about the first cell with a `?`, if its value is one that shows itself.
fn first_question_mark(cells: &[(u32, CellCode)], shown: &BTreeSet<u32>) -> Option<Warning> {
    let has = |chunk: &Option<Chunk>| {
        let mark = |chunk: &Chunk| chunk.text.contains("__radio_question_mark");
        chunk.as_ref().is_some_and(mark)
    };
    let (cell, code) = cells
        .iter()
        .find(|(_, code)| has(&code.body) || has(&code.tail))?;
    (has(&code.tail) && shown.contains(cell))
        .then(|| shown_as_debug(*cell, "has the notebook's first `?`"))
}

/// The warning about a variable that was gone at the cell's end, if it was the last expression that moved it.
fn moved_when_shown(
    diagnostic: &Diagnostic,
    probe: &Probe,
    code: &CellCode,
    shown: &BTreeSet<u32>,
) -> Option<Warning> {
    let tail = code.tail.as_ref()?;
    let indented = tail.text.chars().take_while(|c| *c == ' ').count() as u32;
    let is_in_tail = |span: &Span| {
        span.start.cell == probe.cell
            && (span.start.line, span.start.column) >= (tail.line, indented + 1)
    };
    (shown.contains(&probe.cell)
        && diagnostic.code.as_deref() == Some("E0382")
        && diagnostic.spans.iter().any(is_in_tail))
    .then(|| {
        shown_as_debug(
            probe.cell,
            &format!("moves the variable `{}`", probe.variable),
        )
    })
}

/// Has the compiler look at the cells in this form; `shown` are those whose value shows itself. Returns whether it found all names.
fn look(
    sources: &[(u32, CellCode)],
    shown: &BTreeSet<u32>,
    path: &Path,
    form: Form,
    found: &mut BTreeSet<Warning>,
) -> Result<bool> {
    let folder = crate::execute::notebook_folder(path)?;
    let builder = Builder::for_folder(&folder)?;
    // A package of its own: the compiler's memory of the notebook's program is left alone.
    let package = path.with_extension("portable");
    let mut gone = BTreeSet::new();
    loop {
        let cells: Vec<ProgramCell<'_>> = sources
            .iter()
            .map(|(number, code)| ProgramCell {
                number: *number,
                code,
                may_fail: code.returns,
                runs: true,
            })
            .collect();
        let program = Program::assemble(&cells, &folder, form, &gone);
        let Compiled::Refused(diagnostics) = builder.compile(&program, &package, &mut |_| {})?
        else {
            return Ok(true);
        };
        let mut all_names_found = true;
        let known = gone.len();
        for diagnostic in diagnostics {
            let code = diagnostic.code.as_deref().unwrap_or_default();
            let asked = diagnostic.probe.as_ref().and_then(|probe| {
                let (_, code) = sources.iter().find(|(number, _)| *number == probe.cell)?;
                Some((probe, code))
            });
            match asked {
                Some((probe, of_cell))
                    if BORROWS.contains(&code) && of_cell.declares.contains(&probe.variable) =>
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
                    found.extend(moved_when_shown(&diagnostic, probe, of_cell, shown));
                    gone.insert(probe.clone());
                }
                None => {
                    all_names_found = false;
                    found.extend(unknown_name(&diagnostic, &cells));
                }
            }
        }
        if gone.len() == known {
            return Ok(all_names_found);
        }
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
