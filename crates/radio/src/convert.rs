//! Notebooks into percent scripts and back, without overwriting what nobody asked to overwrite.

use crate::terminal::count;
use radio_notebook::document::{Cell, CellKind, Notebook};
use radio_notebook::error::{Error, Result};
use radio_notebook::say;
use radio_notebook::{files, percent};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The arguments of `radio convert`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The notebook or script
    from: PathBuf,
    /// The file to write; FROM with the other ending if left out
    to: Option<PathBuf>,
    /// Overwrite the file if it is there
    #[arg(long)]
    force: bool,
    /// Bring the notebook that is there up to date: cells whose source is the same keep their outputs
    #[arg(long, conflicts_with = "force")]
    update: bool,
}

/// Converts, and says what was written.
///
/// # Errors
/// As [`convert`].
pub fn run(arguments: &Arguments) -> Result<bool> {
    let Arguments { from, to, .. } = arguments;
    let to = to.clone().map_or_else(|| other_file(from), Ok)?;
    let existing = match (arguments.force, arguments.update) {
        (true, _) => Existing::Overwrite,
        (_, true) => Existing::Update,
        _ => Existing::Refuse,
    };
    let converted = convert(from, &to, existing)?;
    for repair in &converted.repairs {
        say!("{}: repaired: {repair}", from.display());
    }
    say!(
        "{} -> {}: {} cells",
        from.display(),
        to.display(),
        converted.cells
    );
    if let Some(kept) = converted.kept {
        say!("{kept} of them were there before and are unchanged");
    }
    if !converted.left_out.is_empty() {
        say!("not in the script: {}", converted.left_out.join("; "));
    }
    Ok(true)
}

/// What happens to a file that is already where the result should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and nothing is written.
    Refuse,
    /// It is replaced.
    Overwrite,
    /// It is a notebook, and keeps what the script does not hold: see [`update`].
    Update,
}

/// What was written.
#[derive(Debug)]
pub struct Converted {
    /// The number of cells.
    pub cells: usize,
    /// With [`Existing::Update`], the number of cells that are as they were.
    pub kept: Option<usize>,
    /// What the script does not hold of the notebook, a clause each.
    pub left_out: Vec<String>,
    /// What had to be repaired while reading, a sentence each.
    pub repairs: Vec<String>,
}

/// The file that a notebook or script is converted to if nothing else is said: the same with the other ending.
///
/// # Errors
/// [`Error::Document`] if the file is neither a notebook nor a script.
pub fn other_file(path: &Path) -> Result<PathBuf> {
    Ok(path.with_extension(if is_script(path)? { "ipynb" } else { "rs" }))
}

fn is_script(path: &Path) -> Result<bool> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("rs") => Ok(true),
        Some("ipynb") => Ok(false),
        _ => Err(Error::document(
            path,
            "radio converts notebooks (.ipynb) and percent scripts (.rs)",
        )),
    }
}

/// Writes the notebook `from` as the percent script `to`, or the other way round.
///
/// # Errors
/// [`Error::Argument`] if both are of one kind or `to` must not be written, [`Error::Document`] if `from` cannot be
/// read or not be written as a script, [`Error::Io`] if the disk says no.
pub fn convert(from: &Path, to: &Path, existing: Existing) -> Result<Converted> {
    let to_notebook = is_script(from)?;
    let to_script = is_script(to)?;
    let refuse = |why: String| Err(Error::Argument(format!("{}: {why}", to.display())));
    if to_notebook == to_script {
        let kind = if to_script { "a script" } else { "a notebook" };
        return refuse(format!(
            "this is {kind}, and so is {}; give one .ipynb and one .rs",
            from.display()
        ));
    }
    if to_script && existing == Existing::Update {
        return refuse(
            "--update keeps a notebook's outputs, and this is a script; --force overwrites it"
                .into(),
        );
    }
    if to.is_dir() {
        return refuse("this is a folder; name the file to write".into());
    }
    let is_there = to.exists();
    if is_there && existing == Existing::Refuse {
        let update = if to_script {
            ""
        } else {
            ", and --update keeps the outputs of unchanged cells"
        };
        return refuse(format!(
            "this file is there already; --force overwrites it{update}"
        ));
    }
    let notebook = Notebook::read(from)?;
    let mut converted = Converted {
        cells: notebook.cells.len(),
        kept: None,
        left_out: Vec::new(),
        repairs: notebook.repairs.clone(),
    };
    let text = if to_script {
        let refuse = |message| Error::document(from, message);
        let text = percent::write(&notebook).map_err(refuse)?;
        let again = percent::read(&text).map_err(refuse)?;
        converted.left_out = left_out(&notebook);
        converted.left_out.extend(lost_line_ends(&notebook, &again));
        text
    } else if is_there && existing == Existing::Update {
        let mut old = Notebook::read(to)?;
        converted.kept = Some(update(&mut old, &notebook));
        old.to_ipynb()
    } else {
        notebook.to_ipynb()
    };
    files::remove_leftovers_beside(&[to.to_owned()]);
    files::write_whole(to, text.as_bytes())?;
    Ok(converted)
}

/// What a script does not hold of a notebook. What only an editor needs is not worth a word.
fn left_out(notebook: &Notebook) -> Vec<String> {
    let none = Map::new();
    let metadata = notebook.metadata().unwrap_or(&none);
    let mut clauses = Vec::new();
    let with_outputs = notebook.cells.iter().filter(|c| !c.outputs().is_empty());
    clauses.extend(of_cells("the outputs", with_outputs.count()));
    let attachments = notebook.cells.iter().map(Cell::attachments).sum();
    if attachments > 0 {
        clauses.push(count(attachments, "attachment"));
    }
    let held = percent::held_metadata(metadata);
    let mut keys: BTreeSet<&str> = BTreeSet::new();
    // The kernel writes `language_info` anew, and `jupytext` is about the script itself.
    let of_notebook = metadata
        .keys()
        .filter(|key| !matches!(key.as_str(), "language_info" | "jupytext"));
    keys.extend(
        of_notebook
            .filter(|key| !held.contains_key(*key))
            .map(String::as_str),
    );
    for of_cell in notebook.cells.iter().filter_map(Cell::metadata) {
        let held = percent::held_cell_metadata(metadata, of_cell);
        let lost = of_cell.iter().filter(|(key, value)| {
            let is_empty = value.as_array().is_some_and(Vec::is_empty);
            !is_empty && !held.contains_key(*key) && !percent::is_bookkeeping(key)
        });
        keys.extend(lost.map(|(key, _)| key.as_str()));
    }
    if !keys.is_empty() {
        let keys: Vec<String> = keys.into_iter().map(|key| format!("{key:?}")).collect();
        clauses.push(format!("the metadata {}", keys.join(", ")));
    }
    clauses
}

/// What of the cells' text does not come back from a script, which is line ends at most.
fn lost_line_ends(notebook: &Notebook, again: &Notebook) -> Vec<String> {
    let (mut with_blanks, mut with_returns) = (0, 0);
    for (old, new) in notebook.cells.iter().zip(&again.cells) {
        let lines = old.source.split('\n');
        let lines: Vec<&str> = lines.map(|line| line.trim_end_matches('\r')).collect();
        let without_returns = lines.join("\n");
        with_returns += usize::from(without_returns != old.source);
        with_blanks += usize::from(without_returns != new.source);
    }
    let blanks = of_cells("the blank lines at the end", with_blanks);
    let returns = of_cells("the carriage returns", with_returns);
    blanks.into_iter().chain(returns).collect()
}

/// A clause on something of so many cells, if there are any.
fn of_cells(what: &str, number: usize) -> Option<String> {
    (number > 0).then(|| format!("{what} of {}", count(number, "cell")))
}

/// Brings a notebook up to date with a script; returns how many cells are unchanged. These keep their outputs, ids and
/// attachments. A cell that was edited keeps its id and its attachments. Metadata that scripts do not hold
/// stays.
pub fn update(notebook: &mut Notebook, script: &Notebook) -> usize {
    let none = Map::new();
    let old_metadata = notebook.metadata().unwrap_or(&none).clone();
    let script_metadata = script.metadata().unwrap_or(&none);
    let filter = script_metadata
        .get("jupytext")
        .and_then(|section| section.get("notebook_metadata_filter"));
    let metadata = if filter.is_some_and(|filter| filter == "-all") {
        // A script without a header says nothing of the notebook.
        old_metadata
    } else {
        let held = percent::held_metadata(&old_metadata);
        with_others(script_metadata, &old_metadata, &held)
    };
    let same = same_cells(&notebook.cells, &script.cells);
    let successors = edited_cells(&notebook.cells, &script.cells, &same);
    let cells =
        script
            .cells
            .iter()
            .zip(same.iter().zip(&successors))
            .map(|(new, (same, edited))| {
                let new_metadata = new.metadata().unwrap_or(&none);
                let Some(old) = same.or(*edited).map(|index| &notebook.cells[index]) else {
                    let mut cell = Cell::new(new.kind, new.source.clone());
                    cell.replace_metadata(new_metadata.clone());
                    return cell;
                };
                let mut cell = old.clone();
                let old_metadata = old.metadata().unwrap_or(&none);
                let held = percent::held_cell_metadata(&metadata, old_metadata);
                cell.replace_metadata(with_others(new_metadata, old_metadata, &held));
                if same.is_none() {
                    cell.source.clone_from(&new.source);
                    if cell.kind == CellKind::Code {
                        cell.set_outputs(&[], None);
                    }
                }
                cell
            });
    notebook.cells = cells.collect();
    notebook.replace_metadata(metadata);
    notebook.identify_new_cells();
    same.iter().flatten().count()
}

/// The new metadata, and of the old what a script does not hold.
fn with_others(
    new: &Map<String, Value>,
    old: &Map<String, Value>,
    held: &Map<String, Value>,
) -> Map<String, Value> {
    let mut all = new.clone();
    let others = old
        .iter()
        .filter(|(key, _)| !held.contains_key(*key) && *key != "lines_to_next_cell");
    all.extend(others.map(|(key, value)| (key.clone(), value.clone())));
    all
}

/// For each new cell, the old cell of the same kind and source: first in order, then wherever it went.
fn same_cells(old: &[Cell], new: &[Cell]) -> Vec<Option<usize>> {
    let mut used = vec![false; old.len()];
    let mut found = vec![None; new.len()];
    for in_order in [true, false] {
        let mut next = 0;
        for (cell, found) in new
            .iter()
            .zip(&mut found)
            .filter(|(_, found)| found.is_none())
        {
            let begin = if in_order { next } else { 0 };
            let is_same =
                |old: &Cell| old.kind == cell.kind && is_same_text(&old.source, &cell.source);
            let place = (begin..old.len()).find(|&place| !used[place] && is_same(&old[place]));
            if let Some(place) = place {
                used[place] = true;
                next = place + 1;
                *found = Some(place);
            }
        }
    }
    found
}

/// Whether two texts are one but for what scripts do not hold: blank lines at the end, and carriage returns.
fn is_same_text(a: &str, b: &str) -> bool {
    fn lines(text: &str) -> impl Iterator<Item = &str> {
        let lines = text.trim_end().split('\n');
        lines.map(|line| line.trim_end_matches('\r'))
    }
    lines(a).eq(lines(b))
}

/// For each new cell without a like, the old cell that it was made from: one with mostly the same words, or else the
/// one that stood in its place.
fn edited_cells(old: &[Cell], new: &[Cell], same: &[Option<usize>]) -> Vec<Option<usize>> {
    let mut free: Vec<bool> = (0..old.len())
        .map(|place| !same.contains(&Some(place)))
        .collect();
    let old_words: Vec<BTreeSet<&str>> = old.iter().map(words).collect();
    let mut found = vec![None; new.len()];
    for ((cell, found), _) in new
        .iter()
        .zip(&mut found)
        .zip(same)
        .filter(|(_, s)| s.is_none())
    {
        let words = words(cell);
        let is_alike = |place: &usize| {
            let common = words.intersection(&old_words[*place]).count();
            let all = words.len() + old_words[*place].len() - common;
            free[*place] && old[*place].kind == cell.kind && 2 * common > all
        };
        *found = (0..old.len()).find(is_alike);
        if let Some(place) = *found {
            free[place] = false;
        }
    }
    let mut next = 0;
    for ((cell, found), same) in new.iter().zip(&mut found).zip(same) {
        if found.is_none()
            && same.is_none()
            && free.get(next) == Some(&true)
            && old[next].kind == cell.kind
        {
            free[next] = false;
            *found = Some(next);
        }
        if let Some(place) = same.or(*found) {
            next = place + 1;
        }
    }
    found
}

fn words(cell: &Cell) -> BTreeSet<&str> {
    let words = cell.source.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect()
}
