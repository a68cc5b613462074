//! The engines that can execute a notebook's cells, and the processes in which they do it.

mod build_dir;

use crate::dialect::CellCode;
use crate::document::Output;
use crate::error::{Error, Result};
use crate::run::session::{CellRun, Input};
pub use build_dir::BuildDir;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What executes the cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Each cell compiled by radio.
    #[default]
    Compiled,
    /// One cell after the other, compiled by evcxr as in Jupyter: slow, to compare.
    Evcxr,
}

impl Engine {
    /// That the engine is installed.
    ///
    /// # Errors
    /// [`Error::Argument`] if it is not.
    pub fn check(self) -> Result<()> {
        match self {
            Engine::Compiled => Ok(()),
            Engine::Evcxr => radio_evcxr().map(drop),
        }
    }
}

/// The program in which evcxr lives: the one beside `radio`, or else the first one on `PATH`.
fn radio_evcxr() -> Result<PathBuf> {
    let beside = std::env::current_exe().ok();
    let beside = beside.as_deref().and_then(Path::parent);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = beside
        .map(Path::to_owned)
        .into_iter()
        .chain(std::env::split_paths(&path));
    folders
        .find_map(|folder| Some(folder.join("radio-evcxr")).filter(|program| program.is_file()))
        .ok_or_else(|| {
            Error::Argument(
                "--engine evcxr: there is no program radio-evcxr beside radio or on PATH; install it with `cargo \
                 install --locked --path crates/radio_evcxr --features evcxr`, which takes ten minutes"
                    .into(),
            )
        })
}

/// The environment variable that makes `radio-evcxr` the process in which evcxr lives, and names the build directory.
pub const HOST_VARIABLE: &str = "RADIO_EVCXR_BUILD";

/// What that process is told: all it has to execute.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// The optimisation level of the cells.
    pub opt_level: String,
    /// The cells, in their order.
    pub cells: Vec<JobCell>,
}

/// A cell that evcxr executes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct JobCell {
    /// Its number in the notebook.
    pub number: u32,
    /// Its text.
    pub source: String,
    /// Whether it is announced and reported, rather than only being there for what it defines.
    pub is_reported: bool,
    /// Whether its last statement can be followed by another one.
    pub ends_in_statement: bool,
}

/// What a session starts to have evcxr run cells.
#[derive(Debug)]
pub struct Launch {
    /// The cells.
    pub job: Job,
    /// Where they are built.
    pub build_dir: BuildDir,
}

impl Launch {
    /// The command, in the notebook's folder.
    ///
    /// # Errors
    /// [`Error::Argument`] if evcxr is not installed.
    pub fn command(&self, folder: &Path) -> Result<Command> {
        let mut host = Command::new(radio_evcxr()?);
        host.env(HOST_VARIABLE, self.build_dir.path())
            .current_dir(folder);
        Ok(host)
    }

    /// What it finds on its stdin.
    pub fn input(&self) -> Input {
        Input::Text(serde_json::to_vec(&self.job).unwrap_or_default())
    }
}

/// The part of a cell that defines something for later cells, without its statements: for a process that takes the
/// place of one that ended, and with it the variables.
pub fn definitions(source: &str, code: &CellCode) -> String {
    let lines: Vec<&str> = source.lines().collect();
    let commands = code
        .commands
        .iter()
        .filter_map(|(line, _)| lines.get(*line as usize - 1).copied())
        .filter(|line| line.trim_start().starts_with(':'));
    let attributes = code
        .inner_attributes
        .iter()
        .map(|fragment| fragment.text.trim());
    let crates = code.extern_crates.iter().map(|item| item.text.text.trim());
    let imports = code.imports.iter().map(|import| import.text.as_str());
    let items = code.items.iter().map(|item| item.text.text.trim());
    let all = commands.chain(attributes).chain(crates).chain(imports);
    all.chain(items).collect::<Vec<_>>().join("\n")
}

/// Completes what the embedded evcxr gave for a cell by what it does not say.
pub fn complete(run: &mut CellRun, code: &CellCode) {
    let (has_value, has_commands) = (code.tail.is_some(), !code.commands.is_empty());
    // What its commands answer comes before its value, in one text.
    if let [
        ..,
        Output::Data { bundle: value, .. },
        Output::Data { bundle: said, .. },
    ] = run.outputs.as_mut_slice()
        && let [(mime, said)] = said.as_slice()
        && let Some((_, text)) = value.iter_mut().find(|(held, _)| held == mime)
        && has_commands
    {
        text.insert_str(0, said);
        run.outputs.pop();
    }
    // Stdout and stderr come by ways of their own; a cell's value is the last it gives.
    let is_data = |output: &Output| matches!(output, Output::Data { .. });
    if let Some(at) = run.outputs.iter().rposition(is_data).filter(|_| has_value) {
        let mut value = run.outputs.remove(at);
        if let Output::Data { is_result, .. } = &mut value {
            *is_result = true;
        }
        run.outputs.push(value);
    }
    // A `?` that failed: evcxr has written the error to stderr, as the last line.
    if let Some(failure) = &mut run.failure
        && failure.ename == "Error"
        && failure.evalue.is_empty()
    {
        let is_stderr = |output: &Output| matches!(output, Output::Stream { stderr: true, .. });
        let at = run.outputs.iter().rposition(is_stderr);
        if let Some(at) = at
            && let Output::Stream { text, .. } = &mut run.outputs[at]
        {
            let bare = text.strip_suffix('\n').unwrap_or(text);
            let start = bare.rfind('\n').map_or(0, |end| end + 1);
            failure.evalue = bare[start..].to_owned();
            text.truncate(start);
            if text.is_empty() {
                run.outputs.remove(at);
            }
        }
    }
}

/// How the embedded evcxr names a place in a cell, as the file's name of a
/// [`ProgramLocation`](radio_runtime::protocol::ProgramLocation).
pub fn cell_as_file(number: u32) -> String {
    format!("cell {number}")
}

/// The cell that such a name stands for.
pub(crate) fn cell_of_file(file: &str) -> Option<u32> {
    file.strip_prefix("cell ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_all_but_the_statements() {
        let source = ":dep rand\n!ls\nuse std::fmt::{Debug, Write as _};\nlet a = 1;\n  fn f() -> i32 { 2 }\nf()";
        let code = CellCode::parse(source).unwrap();
        let expected =
            ":dep rand\nuse std::fmt::Debug;\nuse std::fmt::Write as _;\npub fn f() -> i32 { 2 }";
        assert_eq!(definitions(source, &code), expected);
        let nothing = "let a = 1;";
        assert_eq!(definitions(nothing, &CellCode::parse(nothing).unwrap()), "");
    }

    #[test]
    fn the_last_line_on_stderr_is_the_error() {
        let stream = |text: &str| Output::Stream {
            stderr: true,
            text: text.to_owned(),
        };
        let failed = |text: &str| {
            let mut run = CellRun {
                outputs: vec![stream(text)],
                failure: Some(crate::run::session::Failure {
                    ename: "Error".into(),
                    evalue: String::new(),
                    place: None,
                }),
                goes_on: true,
                ..CellRun::default()
            };
            complete(&mut run, &CellCode::default());
            (run.failure.unwrap().evalue, run.outputs)
        };
        assert_eq!(failed("no file\n"), ("no file".into(), vec![]));
        assert_eq!(failed("a\nb\n"), ("b".into(), vec![stream("a\n")]));
    }

    #[test]
    fn what_commands_say_comes_before_the_value() {
        let text = |text: &str| Output::Data {
            bundle: vec![("text/plain".into(), text.into())],
            is_result: true,
        };
        let mut run = CellRun {
            outputs: vec![text("4"), text("said\n")],
            goes_on: true,
            ..CellRun::default()
        };
        complete(&mut run, &CellCode::parse(":cache 0\n2 + 2").unwrap());
        assert_eq!(run.outputs, [text("said\n4")]);
    }

    #[test]
    fn a_cell_has_a_name_as_a_file() {
        assert_eq!(cell_of_file(&cell_as_file(12)), Some(12));
        assert_eq!(cell_of_file("src/main.rs"), None);
    }
}
