//! The teacher's solved notebook: the parts of its cells, and what is handed out of it.

use super::score::Mark;
use radio_notebook::document::{Cell, CellKind, Notebook};
use radio_notebook::error::{Error, Result};
use radio_notebook::files;
use radio_notebook::nbgrader::regions::{CODE, PROSE, without_hidden_tests, without_solutions};
use radio_notebook::nbgrader::{self, Part, Role};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A solved notebook.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// The notebook.
    pub notebook: Notebook,
    /// The parts of its cells.
    pub parts: Vec<Option<Part>>,
    /// What is handed out.
    released: Notebook,
}

impl Source {
    /// Reads a solved notebook.
    ///
    /// # Errors
    /// [`Error::Document`] if it cannot be read as one: what is wrong, and in which cell.
    pub fn read(path: &Path) -> Result<Source> {
        let refuse = |message: String| Error::document(path, message);
        if path.is_dir() {
            return Err(refuse("this is a folder; name the solved notebook".into()));
        }
        Source::of(path, Notebook::read(path)?)
    }

    /// A solved notebook that was read from `path`.
    ///
    /// # Errors
    /// As [`read`](Source::read).
    pub fn of(path: &Path, notebook: Notebook) -> Result<Source> {
        let refuse = |message: String| Error::document(path, message);
        let parts = nbgrader::parts(&notebook).map_err(refuse)?;
        let mut released = notebook.clone();
        for (index, (cell, part)) in released.cells.iter_mut().zip(&parts).enumerate() {
            release(cell, part.as_ref())
                .map_err(|what| refuse(format!("cell {} of all cells: {what}", index + 1)))?;
        }
        released.clear_outputs();
        Ok(Source {
            path: path.to_owned(),
            notebook,
            parts,
            released,
        })
    }

    /// The notebook's name.
    pub fn name(&self) -> &str {
        self.path
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or("assignment")
    }

    /// The folder that it lies in.
    pub fn folder(&self) -> PathBuf {
        files::real(&self.path)
            .parent()
            .unwrap_or(Path::new("/"))
            .to_owned()
    }

    /// What is handed out: without solutions, outputs and hidden tests, and with what is not to be changed locked.
    pub fn released(&self) -> Notebook {
        self.released.clone()
    }

    /// The notebook with all of its tests and none of its answers.
    pub fn unanswered(&self) -> Notebook {
        let mut notebook = self.notebook.clone();
        let released = self.released.cells.iter();
        for ((cell, part), released) in notebook.cells.iter_mut().zip(&self.parts).zip(released) {
            if is_answer(part.as_ref()) {
                cell.source.clone_from(&released.source);
            }
        }
        notebook
    }

    /// All points that there are, those that a person gives included.
    pub fn most(&self) -> f64 {
        self.parts.iter().flatten().map(|part| part.points).sum()
    }

    /// What is said of a test that the solved notebook fails: the cell, and the first one before it that failed.
    pub fn lost(&self, mark: &Mark) -> String {
        let number = |index: usize| {
            let cells = self.notebook.cells.iter().take(index + 1);
            cells.filter(|cell| cell.is_numbered()).count()
        };
        format!(
            "cell {}, `{}`, has {} of {} points: {}",
            number(mark.index),
            mark.id,
            mark.points.unwrap_or_default(),
            mark.most,
            mark.why.as_deref().unwrap_or("it does not say why")
        )
    }
}

/// Whether a cell is the student's to write.
pub fn is_answer(part: Option<&Part>) -> bool {
    part.is_some_and(|part| matches!(part.role, Role::Answer | Role::AnswerForPerson))
}

/// Makes a cell what is handed out of it. The error is a clause.
fn release(cell: &mut Cell, part: Option<&Part>) -> std::result::Result<(), String> {
    let stub = match cell.kind {
        CellKind::Code => CODE,
        CellKind::Markdown | CellKind::Raw => PROSE,
    };
    let solved = without_solutions(&cell.source, stub)?;
    match (solved, is_answer(part)) {
        (Some(source), true) => cell.source = source,
        // All of it is the answer.
        (None, true) => cell.source = stub.to_owned(),
        (Some(_), false) => {
            return Err("it has a solution, and its metadata do not say that it is an answer (\"solution\": true)".into());
        }
        (None, false) => {}
    }
    let role = part.map(|part| part.role);
    if let Some(source) = without_hidden_tests(&cell.source)? {
        if role != Some(Role::Test) {
            return Err("it has hidden tests, and its metadata do not say that it is a test (\"grade\": true)".into());
        }
        cell.source = source;
    }
    if role.is_some() {
        cell.set_metadata("deletable", Value::Bool(false));
    }
    if matches!(role, Some(Role::Test | Role::Locked)) {
        cell.set_metadata("editable", Value::Bool(false));
    }
    Ok(())
}
