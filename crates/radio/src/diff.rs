//! `radio diff`: how two notebooks differ, cell by cell; and a notebook as text, for git to compare.

use crate::check::compare::{Content, PLAIN};
use crate::check::show::{self, Sides};
use crate::terminal::{HEAD, NEW, OLD, print, visible};
use radio_notebook::document::{Cell, CellKind, Notebook};
use radio_notebook::error::{Error, Result};
use radio_notebook::strip::OF_CELLS;
use radio_notebook::{files, percent};
use serde_json::{Map, Value};
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The arguments of `radio diff`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Two notebooks or scripts; or one, which is shown as text (git's `diff.NAME.textconv`); or the seven that git
    /// gives to `diff.NAME.command` and GIT_EXTERNAL_DIFF
    #[arg(value_name = "NOTEBOOK", num_args = 1..=7, required = true)]
    paths: Vec<PathBuf>,
    /// Leave out outputs and metadata
    #[arg(long)]
    sources: bool,
}

/// Shows the differences; returns whether there are none.
///
/// # Errors
/// [`Error::Io`] and [`Error::Document`] for what cannot be read, [`Error::Argument`] for a number of files that means
/// nothing.
pub fn run(arguments: &Arguments) -> Result<bool> {
    let name = |path: &Path| path.display().to_string();
    let found = |old: &Path, new: &Path, old_name: &str, new_name: &str| -> Result<String> {
        let (old, new) = (read(old)?, read(new)?);
        Ok(differences(
            &old,
            &new,
            old_name,
            new_name,
            arguments.sources,
        ))
    };
    match &arguments.paths[..] {
        [path] => {
            print(&as_text(&read(path)?, arguments.sources));
            Ok(true)
        }
        [old, new] => {
            let found = found(old, new, &name(old), &name(new))?;
            print(&found);
            Ok(found.is_empty())
        }
        // The path, and for each side a file, its hash and its mode; the exit code says nothing of differences.
        [path, old, _, _, new, _, _] => {
            let path = path.display();
            print(&found(
                old,
                new,
                &format!("a/{path}"),
                &format!("b/{path}"),
            )?);
            Ok(true)
        }
        _ => Err(Error::Argument(
            "give two notebooks to compare, or one to show as text".into(),
        )),
    }
}

/// A notebook of any language, or a percent script; `/dev/null` and an empty file are none, without cells.
fn read(path: &Path) -> Result<Notebook> {
    let nothing = || Notebook::new(Vec::new(), Map::new());
    if path == Path::new("/dev/null") {
        return Ok(nothing());
    }
    let text = files::read_text(path)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if text.trim().is_empty() {
        return Ok(nothing());
    }
    let notebook = match files::ends_in(path, "rs") {
        true => percent::read(text),
        false => Notebook::of_any_language(text),
    };
    notebook.map_err(|message| Error::document(path, message))
}

/// What becomes of the cells of one notebook in another.
enum Change<'c> {
    /// They are one cell, which may differ.
    Kept(&'c Cell, &'c Cell),
    Gone(&'c Cell),
    New(&'c Cell),
}

/// The text that says how the notebooks differ; empty if they do not. Execution counts are no difference.
pub fn differences(
    old: &Notebook,
    new: &Notebook,
    old_name: &str,
    new_name: &str,
    sources: bool,
) -> String {
    let mut told = String::new();
    if !sources {
        let of = |notebook: &Notebook| notebook.metadata().map(pretty).unwrap_or_default();
        told += &part("the notebook's metadata", &of(old), &of(new));
    }
    let (olds, news) = (names(old), names(new));
    for change in changes(&old.cells, &new.cells) {
        let name_of = |cells: &[Cell], names: &[String], cell: &Cell| {
            let at = cells.iter().position(|other| std::ptr::eq(other, cell));
            at.map(|at| names[at].clone()).unwrap_or_default()
        };
        match change {
            Change::Kept(before, after) => {
                told += &of_cell(&name_of(&new.cells, &news, after), before, after, sources);
            }
            Change::Gone(cell) => {
                let name = name_of(&old.cells, &olds, cell);
                told += &whole(&format!("{name} is gone"), '-', OLD, cell);
            }
            Change::New(cell) => {
                let name = name_of(&new.cells, &news, cell);
                told += &whole(&format!("{name} is new"), '+', NEW, cell);
            }
        }
    }
    if told.is_empty() {
        return told;
    }
    let (old_name, new_name) = (visible(old_name), visible(new_name));
    format!("{OLD}--- {old_name}{OLD:#}\n{NEW}+++ {new_name}{NEW:#}\n{told}")
}

/// What each cell is called: code cells by their numbers, as messages of a run give them, others by their place.
fn names(notebook: &Notebook) -> Vec<String> {
    let cells = notebook.cells.iter().zip(notebook.numbers()).zip(1..);
    let names = cells.map(|((cell, number), place)| {
        let label = cell.label().map(|label| format!(" ({})", visible(&label)));
        let label = label.unwrap_or_default();
        match (number, cell.kind) {
            (Some(number), _) => format!("cell {number}{label}"),
            (None, CellKind::Code) => format!("empty cell (at {place})"),
            (None, CellKind::Markdown) => format!("text (at {place})"),
            (None, CellKind::Raw) => format!("raw cell (at {place})"),
        }
    });
    names.collect()
}

/// The cells of both, matched: by their ids where these are the same, then by their sources, and of what is left
/// between two that match, those that are alike.
fn changes<'c>(old: &'c [Cell], new: &'c [Cell]) -> Vec<Change<'c>> {
    let ids = |cells: &[Cell]| -> Vec<Option<String>> {
        cells
            .iter()
            .map(|cell| cell.id().map(str::to_owned))
            .collect()
    };
    let (old_ids, new_ids) = (ids(old), ids(new));
    // An id that both have names one cell; any other cell is known by what it says.
    let key = |cell: &'c Cell, others: &[Option<String>]| match cell.id() {
        Some(id) if others.iter().any(|other| other.as_deref() == Some(id)) => (Some(id), None),
        _ => (None, Some((cell.kind as u8, cell.source.as_str()))),
    };
    let old_keys: Vec<_> = old.iter().map(|cell| key(cell, &new_ids)).collect();
    let new_keys: Vec<_> = new.iter().map(|cell| key(cell, &old_ids)).collect();
    let mut found = Vec::new();
    for operation in capture_diff_slices(Algorithm::Myers, &old_keys, &new_keys) {
        let (olds, news) = (&old[operation.old_range()], &new[operation.new_range()]);
        match operation {
            DiffOp::Equal { .. } => {
                found.extend(olds.iter().zip(news).map(|(a, b)| Change::Kept(a, b)))
            }
            _ => pair(olds, news, &mut found),
        }
    }
    found
}

/// Matches cells that are alike, in their order; the others are gone or new.
fn pair<'c>(olds: &'c [Cell], news: &'c [Cell], found: &mut Vec<Change<'c>>) {
    let mut next = 0;
    for old in olds {
        let alike = news[next..].iter().position(|new| are_alike(old, new));
        match alike {
            Some(ahead) => {
                found.extend(news[next..next + ahead].iter().map(Change::New));
                found.push(Change::Kept(old, &news[next + ahead]));
                next += ahead + 1;
            }
            None => found.push(Change::Gone(old)),
        }
    }
    found.extend(news[next..].iter().map(Change::New));
}

/// Whether one cell may have become the other: at least half of their lines are the same.
fn are_alike(old: &Cell, new: &Cell) -> bool {
    let olds: Vec<&str> = old.source.lines().collect();
    let news: Vec<&str> = new.source.lines().collect();
    let operations = capture_diff_slices(Algorithm::Myers, &olds, &news);
    let equal = operations
        .iter()
        .filter(|operation| matches!(operation, DiffOp::Equal { .. }));
    let same: usize = equal.map(|operation| operation.old_range().len()).sum();
    old.kind == new.kind && 4 * same >= olds.len() + news.len()
}

/// How a cell differs that both have.
fn of_cell(name: &str, old: &Cell, new: &Cell, sources: bool) -> String {
    let kind = |cell: &Cell| format!("{:?}", cell.kind).to_lowercase();
    let mut told = String::new();
    if old.kind != new.kind {
        let _ = writeln!(
            told,
            "{HEAD}{name} was {}, and is {}{HEAD:#}",
            kind(old),
            kind(new)
        );
    }
    told += &part(&format!("{name}, source"), &old.source, &new.source);
    if sources {
        return told;
    }
    let of = |cell: &Cell| cell.metadata().map(pretty).unwrap_or_default();
    told += &part(&format!("{name}, metadata"), &of(old), &of(new));
    let found = PLAIN.differences(old.outputs(), new.outputs());
    told + &show::differences(name, &found, Sides::Files("before", "after"))
}

/// A text that may differ, with a heading if it does.
fn part(name: &str, old: &str, new: &str) -> String {
    if old == new {
        return String::new();
    }
    let diff = show::diff(
        &ended(old),
        &ended(new),
        Sides::Files("before", "after"),
        usize::MAX,
    );
    // The heading says what the two lines would.
    let diff = diff.split_inclusive('\n').skip(2).collect::<String>();
    format!("{HEAD}{name} differs{HEAD:#}\n{diff}")
}

/// The text with an end to its last line: cells have none.
fn ended(text: &str) -> String {
    match text.is_empty() || text.ends_with('\n') {
        true => text.to_owned(),
        false => format!("{text}\n"),
    }
}

/// A cell that only one side has.
fn whole(heading: &str, sign: char, style: anstyle::Style, cell: &Cell) -> String {
    let mut told = format!("{HEAD}{heading}{HEAD:#}\n");
    for line in cell.source.lines() {
        let _ = writeln!(told, "{style}{sign}{}{style:#}", visible(line));
    }
    told
}

fn pretty(metadata: &Map<String, Value>) -> String {
    match metadata.is_empty() {
        true => String::new(),
        false => serde_json::to_string_pretty(metadata).unwrap_or_default(),
    }
}

/// A notebook as lines that can be compared: sources as they are, outputs as text, pictures by their sizes and
/// checksums. Nothing is numbered, so that a cell that is put in changes no other.
pub fn as_text(notebook: &Notebook, sources: bool) -> String {
    let mut text = String::new();
    if let Some(metadata) = notebook.metadata().filter(|of| !sources && !of.is_empty()) {
        let _ = writeln!(text, "metadata {}\n", pretty(metadata));
    }
    for cell in &notebook.cells {
        let kind = match cell.kind {
            CellKind::Code => "code",
            CellKind::Markdown => "markdown",
            CellKind::Raw => "raw",
        };
        // What running and looking at a cell leaves there says nothing of it.
        let told = |key: &String| !sources && !OF_CELLS.contains(&key.as_str());
        let metadata: Map<String, Value> = cell
            .metadata()
            .into_iter()
            .flatten()
            .filter(|(key, _)| told(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let metadata = match metadata.is_empty() {
            true => String::new(),
            false => format!(" {}", Value::Object(metadata)),
        };
        let _ = writeln!(text, "── {kind}{} ──", visible(&metadata));
        for line in cell.source.lines() {
            let _ = writeln!(text, "{}", visible(line));
        }
        // Every part of an output that there is, is one that nothing at all does not have.
        let parts = match sources {
            true => Vec::new(),
            false => PLAIN.differences(&[], cell.outputs()),
        };
        for part in parts {
            let name = visible(&part.part);
            match part.fresh {
                Some(Content::Text(content)) => {
                    let _ = writeln!(text, "── {name} ──");
                    for line in content.lines() {
                        let _ = writeln!(text, "  {}", visible(line));
                    }
                }
                Some(Content::Bytes(bytes)) => {
                    let _ = writeln!(
                        text,
                        "── {name}, {} bytes, {:08x} ──",
                        bytes.len(),
                        crc32fast::hash(&bytes)
                    );
                }
                Some(Content::Presence) | None => {}
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn notebook(cells: &[(&str, &str, &str)]) -> Notebook {
        let cells = cells.iter().map(|(id, source, printed)| {
            let outputs = match printed.is_empty() {
                true => json!([]),
                false => json!([{"output_type": "stream", "name": "stdout", "text": [printed]}]),
            };
            json!({"cell_type": "code", "id": id, "metadata": {}, "execution_count": 1, "source": source, "outputs": outputs})
        });
        let cells: Vec<Value> = cells.collect();
        let text =
            json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).to_string();
        Notebook::of_any_language(&text).unwrap()
    }

    fn told(old: &Notebook, new: &Notebook) -> String {
        let text = differences(old, new, "a.ipynb", "b.ipynb", false);
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn cells_are_compared_and_not_json() {
        let old = notebook(&[
            ("a", "let n = 1;\nlet m = 2;", ""),
            ("b", "n", "1\n"),
            ("c", "m", ""),
        ]);
        let new = notebook(&[
            ("a", "let n = 1;\nlet m = 3;", ""),
            ("x", "use std::fmt;", ""),
            ("b", "n", "2\n"),
        ]);
        assert_eq!(
            told(&old, &new),
            "--- a.ipynb\n+++ b.ipynb\n\
             cell 1, source differs\n@@ -1,2 +1,2 @@\n let n = 1;\n-let m = 2;\n+let m = 3;\n\
             cell 2 is new\n+use std::fmt;\n\
             cell 3, stdout differs\n--- before\n+++ after\n@@ -1 +1 @@\n-1\n+2\n\
             cell 3 is gone\n-m\n"
        );
        assert_eq!(told(&old, &old), "");
    }

    #[test]
    fn without_ids_cells_that_are_alike_are_one() {
        let old = notebook(&[("a", "one\ntwo\nthree\nfour", ""), ("b", "last", "")]);
        let new = notebook(&[
            ("c", "something else", ""),
            ("d", "one\ntwo\n3\nfour", ""),
            ("e", "last", ""),
        ]);
        let told = told(&old, &new);
        assert!(told.contains("cell 1 is new\n+something else\n"), "{told}");
        assert!(
            told.contains("cell 2, source differs\n") && told.contains("-three\n+3\n"),
            "{told}"
        );
        assert!(!told.contains("last"), "{told}");
    }

    #[test]
    fn as_text_a_new_cell_changes_no_other() {
        let text = as_text(&notebook(&[("b", "n", "1\n")]), false);
        assert_eq!(text, "── code ──\nn\n── stdout ──\n  1\n\n");
        let more = as_text(&notebook(&[("a", "m", ""), ("b", "n", "1\n")]), false);
        assert_eq!(more, format!("── code ──\nm\n\n{text}"));
        assert_eq!(
            as_text(&notebook(&[("b", "\u{1b}[31m", "1\n")]), true),
            "── code ──\n\\u{1b}[31m\n\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_the_same_does_not_differ(sources in proptest::collection::vec("[ab\n]{0,6}", 0..6), others in proptest::collection::vec("[ab\n]{0,6}", 0..6)) {
            let of = |sources: &[String]| {
                let cells = sources.iter().map(|source| Cell::new(CellKind::Code, source.clone()));
                Notebook::new(cells.collect(), Map::new())
            };
            let (one, other) = (of(&sources), of(&others));
            proptest::prop_assert_eq!(differences(&one, &one, "a", "b", false), "");
            let same = sources == others;
            proptest::prop_assert_eq!(differences(&one, &other, "a", "b", true).is_empty(), same);
        }
    }
}
