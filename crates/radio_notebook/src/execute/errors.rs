//! What is said of a cell that failed: as an error of the notebook, in the cell's own lines.

use crate::cells::{Places, Refusal};
use crate::diagnostics::brackets;
use crate::diagnostics::{Diagnostic, Span};
use crate::dialect::CellError;
use crate::document::Output;
use crate::execute::{engine, hints, syntax};
use crate::program::CellLocation;
use crate::program::text::as_if_alone;
use crate::run::session::Failure;
use radio_runtime::protocol::ProgramLocation;
use std::borrow::Cow;
use std::path::Path;

/// The error of a cell that is not Rust, or has a command that cannot be done.
pub(crate) fn cell_error(error: &CellError, number: u32, source: &str, name: &str) -> Output {
    let at = |line, column| CellLocation {
        cell: number,
        for_cell: number,
        line,
        column,
    };
    let mut diagnostics = match error {
        CellError::Command { line, message } => {
            let width = source
                .lines()
                .nth(*line as usize - 1)
                .map_or(0, |text| text.chars().count());
            vec![own_diagnostic(
                message,
                at(*line, 1),
                Some(width as u32 + 1),
            )]
        }
        CellError::Syntax {
            code,
            message,
            line,
            column,
        } => brackets::problem(code, number)
            .map(|problem| vec![problem])
            .or_else(|| syntax::errors(code, number))
            .unwrap_or_else(|| vec![own_diagnostic(message, at(*line, *column), None)]),
    };
    if matches!(error, CellError::Syntax { .. })
        && let Some(first) = diagnostics.first_mut()
        && let Some(hint) = foreign_line(source)
    {
        // The compiler's own advice is about what the line would be in Rust.
        first.notes = vec![("help".to_owned(), hint)];
    }
    compile_error(
        &diagnostics,
        &|cell| (cell == number).then_some(source),
        name,
    )
}

/// What is said of a cell that has a line which is no Rust, but something of notebooks.
fn foreign_line(source: &str) -> Option<String> {
    let word = |line: &str, mark: char| {
        let rest = line.strip_prefix(mark)?;
        rest.starts_with(|c: char| c.is_ascii_lowercase())
            .then(|| rest.split_whitespace().next().unwrap_or(rest).to_owned())
    };
    let hint = |line: &str| {
        let text = line.trim_start();
        if let Some(name) = word(text, ':') {
            Some(format!(
                "commands such as `:{name}` stand at the head of a cell, before its first line of Rust"
            ))
        } else if text.starts_with('%') {
            Some(format!(
                "`{}` is a magic of IPython, which Rust notebooks do not have",
                text.trim_end()
            ))
        } else if let Some(name) = word(line, '!') {
            Some(format!(
                "shell lines such as `!{name}` stand at the head of a cell, before its first line of Rust"
            ))
        } else if text.starts_with("# ") {
            Some("comments begin with `//` in Rust".to_owned())
        } else {
            None
        }
    };
    source.lines().find_map(hint)
}

/// A diagnostic of our own; `end` is the column after its last character.
fn own_diagnostic(message: &str, start: CellLocation, end: Option<u32>) -> Diagnostic {
    let end = (start.line, end.unwrap_or(start.column + 1));
    let span = Span {
        start,
        end,
        is_primary: true,
        label: None,
    };
    Diagnostic {
        is_warning: false,
        code: None,
        message: message.to_owned(),
        spans: vec![span],
        notes: Vec::new(),
    }
}

/// Of how many errors of a cell is told.
const MAX_ERRORS: usize = 50;

/// The error of a cell that the compiler refuses.
pub(crate) fn compile_error<'s>(
    diagnostics: &[Diagnostic],
    source: &dyn Fn(u32) -> Option<&'s str>,
    name: &str,
) -> Output {
    let shown = diagnostics
        .iter()
        .take(MAX_ERRORS)
        .map(|diagnostic| diagnostic.render(name, source));
    let more = diagnostics.len().saturating_sub(MAX_ERRORS);
    let more = (more > 0).then(|| format!("error: and {more} more"));
    let traceback = shown
        .chain(more)
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let first = diagnostics.first();
    let code = first
        .and_then(|d| d.code.as_ref())
        .map(|code| format!(" [{code}]"))
        .unwrap_or_default();
    let evalue = first.map_or_else(String::new, |d| format!("{}{code}", d.message));
    Output::Error {
        ename: "CompileError".into(),
        evalue,
        traceback,
    }
}

/// The error of a cell that failed when it ran, with a word of `help` if there is one.
pub(crate) fn failure_output<'s>(
    failure: &Failure,
    number: u32,
    name: &str,
    places: &Places,
    source: &dyn Fn(u32) -> Option<&'s str>,
    help: Option<String>,
) -> Output {
    let place = failure.place.as_ref();
    let place = place.and_then(|place| cell_place(place, places));
    let mut traceback: Vec<String> = match place {
        Some(place) => {
            let title = format!("{}: {}", failure.ename, failure.evalue);
            let mut told = own_diagnostic(&title, place, None);
            told.notes
                .extend(help.map(|help| ("help".to_owned(), help)));
            let text = told.render(name, source);
            text.lines().map(str::to_owned).collect()
        }
        None => [
            Some(format!("error: {}: {}", failure.ename, failure.evalue)),
            Some(format!(" --> {name} cell {number}")),
            help.map(|help| format!("  = help: {help}")),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    if place.is_none()
        && let Some(at) = failure.place.as_ref().filter(|place| place.line > 0)
    {
        traceback.push(format!(
            "  = note: raised at {}:{}:{}",
            at.file, at.line, at.column
        ));
    }
    Output::Error {
        ename: failure.ename.clone(),
        evalue: failure.evalue.clone(),
        traceback,
    }
}

/// Where a place in what was compiled is in the notebook.
fn cell_place(place: &ProgramLocation, places: &Places) -> Option<CellLocation> {
    if let Some(cell) = engine::cell_of_file(&place.file) {
        return Some(CellLocation {
            cell,
            for_cell: cell,
            line: place.line,
            column: place.column,
        });
    }
    places.find(&place.file, place.line, place.column)
}

/// Text in which `dbg!` and the like name a place in what was compiled, with the cell's place instead; and names of
/// types as they are in any library.
pub(crate) fn in_cell_terms<'t>(text: &'t str, places: &Places) -> Cow<'t, str> {
    const FILE: &str = "[src/";
    let text = as_if_alone(text);
    if !text.contains(FILE) {
        return text;
    }
    let mut told = String::new();
    let mut rest = &*text;
    while let Some((before, after)) = rest.split_once(FILE) {
        let place = after.split_once(']').and_then(|(place, rest)| {
            let mut parts = place.split(':');
            let file = format!("src/{}", parts.next()?);
            let (line, column) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some((places.find(&file, line, column)?, rest))
        });
        told.push_str(before);
        match place {
            Some((at, after)) => {
                told.push_str(&format!("[cell {}:{}:{}]", at.cell, at.line, at.column));
                rest = after;
            }
            None => {
                told.push_str(FILE);
                rest = after;
            }
        }
    }
    told.push_str(rest);
    Cow::Owned(told)
}

/// A place in what was compiled, in words.
pub(crate) fn described(place: &ProgramLocation, places: &Places) -> String {
    match cell_place(place, places) {
        Some(at) => format!("cell {}, line {}", at.cell, at.line),
        None => format!("{}:{}", place.file, place.line),
    }
}

/// The error of a cell that is refused, and the code that the compiler has for it.
pub(crate) fn refused<'s>(
    refusal: Refusal,
    number: u32,
    folder: &Path,
    source: &dyn Fn(u32) -> Option<&'s str>,
    name: &str,
) -> (Output, Option<String>) {
    let diagnostics = match refusal {
        Refusal::Dependencies(text) => return (dependency_error(&text), None),
        Refusal::Compiler(diagnostics) => diagnostics,
    };
    let is_placed = |d: &Diagnostic| d.blame().is_none_or(|cell| cell == number);
    let (own, others): (Vec<_>, Vec<_>) = diagnostics.into_iter().partition(is_placed);
    let mut shown = if own.is_empty() { others } else { own };
    hints::about_crates(&mut shown, folder);
    let code = shown.iter().find_map(|diagnostic| diagnostic.code.clone());
    (compile_error(&shown, source, name), code)
}

/// The error of a cell whose dependencies cannot be had.
fn dependency_error(text: &str) -> Output {
    let traceback: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut lines = traceback.iter();
    let evalue = lines.find_map(|line| line.strip_prefix("error: "));
    Output::Error {
        ename: "CompileError".into(),
        evalue: evalue
            .unwrap_or("a dependency could not be built")
            .to_owned(),
        traceback,
    }
}
