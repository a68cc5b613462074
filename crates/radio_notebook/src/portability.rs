//! What a notebook does that works here, where all cells are one program, and not in Jupyter under the evcxr kernel, which
//! compiles one cell after the other.
//!
//! The compiler itself finds most of it, in a program that is never run: there each cell sees only the items of cells before
//! it, and each variable is asked, at its cell's end, whether it borrows from another.

use crate::commands::Command;
use crate::compile::{Builder, Compiled};
use crate::diagnostics::Diagnostic;
use crate::dialect::CellCode;
use crate::document::{CellKind, Notebook};
use crate::error::Result;
use crate::program::{Form, Program, ProgramCell};
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
    let code = notebook
        .cells
        .iter()
        .filter(|cell| cell.kind == CellKind::Code && !cell.source.trim().is_empty());
    let cells: Vec<(u32, CellCode)> = (1..)
        .zip(code)
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
    let names_are_portable = look(&cells, path, Form::EachCellAlone, &mut found)?;
    if !names_are_portable {
        // The compiler looks at borrows once all names are found.
        look(&cells, path, Form::Owned, &mut found)?;
    }
    Ok(found.into_iter().collect())
}

/// Has the compiler look at the cells in this form. Returns whether it found all names.
fn look(
    cells: &[(u32, CellCode)],
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
        let cells: Vec<ProgramCell<'_>> = cells
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
            match &diagnostic.probe {
                Some(probe) if BORROWS.contains(&code) => {
                    found.insert(Warning {
                        cell: probe.cell,
                        message: format!(
                            "the variable `{}` borrows from another: {}. evcxr keeps variables from cell to cell, but no borrows: clone it, or use it in the cell that makes it",
                            probe.variable, diagnostic.message
                        ),
                    });
                }
                // It was moved, or is no variable: the compiler cannot be asked about it.
                Some(probe) => {
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
