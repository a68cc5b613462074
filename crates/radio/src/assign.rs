//! `radio assign`: makes the notebook that students get from the teacher's solved one.
//!
//! | file | |
//! |---|---|
//! | `source` | the solved notebook: its parts, and what is handed out of it |
//! | `score` | what a notebook that ran is worth |
//! | `scratch` | the folder that a hand-in runs in |

pub mod score;
pub mod scratch;
pub mod source;

use crate::arguments;
use crate::report::execute_unseen;
use clap::Args;
use radio_notebook::document::{CellKind, Notebook};
use radio_notebook::error::{Error, Result};
use radio_notebook::execute::Options;
use radio_notebook::say;
use radio_notebook::{files, interrupt};
use score::Mark;
use source::Source;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The arguments of `radio assign`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The solved notebook
    source: PathBuf,
    /// The notebook to write, or a folder to write it into
    out: PathBuf,
    /// The most time a cell of the solved notebook may take
    #[arg(long, value_name = "SECONDS", value_parser = arguments::seconds)]
    timeout: Option<Duration>,
}

/// Checks the solved notebook, and writes what is handed out of it.
///
/// # Errors
/// [`Error::Document`] if the notebook is no assignment, [`Error::Argument`] if there is a file where the new one goes.
pub fn run(arguments: &Arguments) -> Result<bool> {
    let source = Source::read(&arguments.source)?;
    let target = target_of(&arguments.out, &source)?;
    let released = source.released();
    let name = source.name();
    let _answering = interrupt::answering();
    let options = Options {
        timeout: arguments.timeout,
        allow_errors: true,
        ..Options::default()
    };
    let marks = marks_of(&source, source.notebook.clone(), &options)?;
    let (has, most) = score::sum(&marks);
    for mark in marks.iter().filter(|mark| !mark.is_full()) {
        say!("error: {}: {}", source.path.display(), source.lost(mark));
    }
    if has < most {
        say!(
            "error: {} gets {has} of its own {most} points, so it is not handed out",
            source.path.display()
        );
        return Ok(false);
    }
    // A test that passes without an answer tests nothing.
    for mark in marks_of(&source, source.unanswered(), &options)? {
        if mark.points.is_some_and(|points| points > 0.0) {
            say!(
                "warning: {}: `{}` gives {} of {} points without any answer",
                source.path.display(),
                mark.id,
                mark.points.unwrap_or_default(),
                mark.most
            );
        }
    }
    for path in not_there(&source, &target) {
        say!(
            "warning: the notebook names {path}, which is not there as seen from {}: hand it out too, or write \
             the notebook at the same folder depth as its source",
            target.display()
        );
    }
    if interrupt::requested() {
        return Err(Error::Interrupted);
    }
    write_new(&target, &released)?;
    let tests = marks.iter().filter(|mark| mark.points.is_some()).count();
    let by_person = match source.most() - most {
        0.0 => String::new(),
        points => format!(", and {points} that a person gives"),
    };
    say!(
        "{name}: {most} points in {tests} tests{by_person} -> {}",
        target.display()
    );
    Ok(true)
}

/// Where the notebook goes.
fn target_of(out: &Path, source: &Source) -> Result<PathBuf> {
    let is_file = files::ends_in(out, "ipynb") && !out.is_dir();
    let target = match is_file {
        true => out.to_owned(),
        false => out.join(format!("{}.ipynb", source.name())),
    };
    match std::fs::symlink_metadata(&target) {
        Ok(_) => Err(Error::Argument(format!(
            "{} is there already, and nothing is overwritten: remove it, or name another file",
            target.display()
        ))),
        Err(_) => Ok(target),
    }
}

/// Writes a notebook where none is.
fn write_new(target: &Path, notebook: &Notebook) -> Result<()> {
    let mut notebook = notebook.clone();
    notebook.upgrade();
    files::write_whole(target, notebook.to_ipynb().as_bytes())
}

/// Runs a version of the source, and says what it is worth.
fn marks_of(source: &Source, mut notebook: Notebook, options: &Options) -> Result<Vec<Mark>> {
    notebook.clear_outputs();
    execute_unseen(&mut notebook, &source.path, options)?;
    Ok(score::marks(&notebook.cells, &source.parts))
}

/// What the notebook names by a relative path that is there as seen from its source, and not as seen from `target`.
fn not_there(source: &Source, target: &Path) -> Vec<String> {
    let from = target.parent().unwrap_or(Path::new("."));
    let (from, folder) = (std::path::absolute(from), source.folder());
    let Ok(from) = from else { return Vec::new() };
    let code = source.notebook.cells.iter();
    let code = code.filter(|cell| cell.kind == CellKind::Code);
    let mut named: Vec<String> = code
        .flat_map(|cell| scratch::paths_in(&cell.source))
        .collect();
    named.sort();
    named.dedup();
    named.retain(|path| {
        Path::new(path).is_relative() && folder.join(path).exists() && !from.join(path).exists()
    });
    named
}

#[cfg(test)]
mod tests;
