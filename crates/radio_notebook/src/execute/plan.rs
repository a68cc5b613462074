//! What there is to execute in a notebook: its cells, taken apart.

use super::Options;
use crate::dialect::commands::Command;
use crate::dialect::{CellCode, CellError};
use crate::document::{Notebook, Output};
use crate::error::{Error, Result};
use crate::execute::errors::cell_error;
use crate::execute::startup::Startup;
use std::path::Path;

/// A code cell on its way.
pub struct Work {
    /// Where it stands in the notebook; `None` for what its start-up files say.
    pub index: Option<usize>,
    /// Its number ([`Notebook::numbers`]); 0 for the start-up files.
    pub number: u32,
    pub source: String,
    pub code: CellCode,
    /// Why it cannot run: found before running.
    pub error: Option<Output>,
    /// Whether its failing leaves later cells to run.
    pub may_fail: bool,
    /// Whether its failing is what the notebook wants to show.
    pub expected_to_fail: bool,
    /// Whether the notebook asked, with `:timing`, for the time that it takes.
    pub timed: bool,
}

/// The settings of cargo's profile for the cells, from the notebook's metadata:
/// `{"radio": {"profile": {"opt-level": 2}}}`.
pub(crate) fn profile_of(notebook: &Notebook, path: &Path) -> Result<toml::Table> {
    const KNOWN: [&str; 5] = [
        "opt-level",
        "debug",
        "debug-assertions",
        "overflow-checks",
        "codegen-units",
    ];
    let refuse =
        |message: String| Error::document(path, format!("metadata.radio.profile: {message}"));
    let given = notebook
        .metadata()
        .and_then(|all| all.get("radio")?.get("profile"));
    let Some(given) = given else {
        return Ok(toml::Table::new());
    };
    let text = given.to_string();
    let profile: toml::Table = serde_json::from_str(&text)
        .map_err(|_| refuse(format!("{text} should be an object of settings")))?;
    if let Some(unknown) = profile.keys().find(|key| !KNOWN.contains(&key.as_str())) {
        let known = KNOWN.join(", ");
        return Err(refuse(format!(
            "`{unknown}` is not one of the settings for cells: {known}"
        )));
    }
    Ok(profile)
}

/// The start-up files as a cell before the first.
pub(crate) fn startup_work(startup: &Startup) -> Result<Work> {
    let code = CellCode::parse(&startup.source).map_err(|error| {
        let message = match error {
            CellError::Command { message, .. } => message,
            CellError::Syntax { message, .. } => format!("the prelude is not Rust: {message}"),
        };
        Error::document(&startup.files[0], message)
    })?;
    Ok(Work {
        index: None,
        number: 0,
        source: startup.source.clone(),
        code,
        error: None,
        may_fail: false,
        expected_to_fail: false,
        timed: false,
    })
}

/// The number of a code cell that is named by its number, its id or its label.
pub fn number_of(notebook: &Notebook, cell: &str) -> Option<u32> {
    let numbers = notebook.numbers().into_iter();
    let numbered = notebook.cells.iter().zip(numbers);
    let mut numbered = numbered.filter_map(|(cell, number)| Some((cell, number?)));
    let is_it = |(other, number): &(&crate::document::Cell, u32)| {
        cell.parse() == Ok(*number)
            || other.id() == Some(cell)
            || other.label().as_deref() == Some(cell)
    };
    numbered.find(is_it).map(|(_, number)| number)
}

/// The cells to run, taken apart.
pub(crate) fn plan(notebook: &Notebook, name: &str, options: &Options) -> Result<Vec<Work>> {
    let code = notebook.cells.iter().enumerate().zip(notebook.numbers());
    let mut numbered: Vec<_> = code
        .filter_map(|((index, cell), number)| Some((index, cell, number?)))
        .collect();
    let count = match &options.until {
        None => numbered.len(),
        Some(until) => {
            let named = number_of(notebook, until);
            let found = numbered
                .iter()
                .position(|(_, _, number)| Some(*number) == named);
            found.map(|at| at + 1).ok_or_else(|| {
                Error::Argument(format!(
                    "--until {until}: {name} has no such cell; give a number from 1 to {}, a cell's id or its label",
                    numbered.len()
                ))
            })?
        }
    };
    numbered.truncate(count);
    let wanted = numbered
        .into_iter()
        .filter(|(_, cell, _)| !cell.has_tag("skip-execution"));
    let mut timed = false;
    let work = wanted.map(|(index, cell, number)| {
        let expected_to_fail = cell.has_tag("raises-exception");
        let parsed = CellCode::parse(&cell.source);
        let error = parsed
            .as_ref()
            .err()
            .map(|error| cell_error(error, number, &cell.source, name));
        for (_, command) in parsed.iter().flat_map(|code| &code.commands) {
            timed ^= *command == Command::Timing;
        }
        Work {
            index: Some(index),
            number,
            source: cell.source.clone(),
            code: parsed.unwrap_or_default(),
            error,
            may_fail: expected_to_fail || options.allow_errors,
            expected_to_fail,
            timed,
        }
    });
    Ok(work.collect())
}

/// Whether a cell brings the crate by which cells ask for input.
pub(crate) fn asks_for_input(code: &CellCode) -> bool {
    const CRATE: &str = "evcxr_input";
    let is_external = |text: &str| {
        text.split(|c: char| c != '_' && !c.is_alphanumeric())
            .any(|word| word == CRATE)
    };
    let mut external = code.extern_crates.iter();
    external.any(|item| is_external(&item.text.text))
        || code.commands.iter().any(|(_, command)| match command {
            Command::Dep {
                name,
                specification,
            } => {
                let package = specification.get("package").and_then(toml::Value::as_str);
                package.unwrap_or(name).replace('-', "_") == CRATE
            }
            _ => false,
        })
}
