//! Percent scripts: notebooks as Rust text, in the form that jupytext calls `rs:percent`.
//!
//! A line `// %%` begins a cell. Markdown and raw cells are comments under `// %% [markdown]` and `// %% [raw]`; a
//! cell's title and metadata stand on its first line; the notebook's metadata stands above the first cell, as YAML
//! between `// ---` lines. In code, `// :dep` stands for `:dep`, so that editors see Rust.
//!
//! Reading gives the cells that jupytext reads, and writing gives the text that it writes. Where jupytext 1.19 would
//! lose something on the way back, this module does not follow it:
//!
//! - Three quotes in a row (`r#"""#`) do not begin a Python string: cells end at the next `// %%` all the same.
//! - In Markdown and raw cells a line `// :dep` stays as it is, and in code a line `// // +`.
//! - An unclosed code fence in one Markdown cell does not swallow the cells after it.
//! - Lines end at line feeds alone, not at form feeds or U+2028.
//! - A title that looks like metadata is written as `title="..."`, a lone key after a title as `key=null`.
//! - `#![...]` on the first line is an attribute, not an interpreter.
//!
//! It leaves out what only jupytext needs: its version in the header, the folding of long YAML lines, and lines that
//! name an encoding (Rust is UTF-8). It does not know what there is in Python alone: cells in another language
//! (`%%bash`), and the cell markers of Spyder and nbconvert (`# <codecell>`, `# In[1]:`). A script whose header names
//! no kernel gets `rust`.

mod header;
mod options;
mod yaml;

use crate::document::{self, Cell, CellKind, Notebook};
use crate::strip::of_rust;
use header::Filter;
use options::CellOptions;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Whether a text is a percent script: it has a cell, and nothing but comments stands before it. Rust sources that only
/// mention the format are not taken for one.
pub fn is_script(text: &str) -> bool {
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    let first = lines.find(|line| {
        let is_comment = line.trim().is_empty() || line.starts_with("//") || line.starts_with("#!");
        !is_comment || options::marker(line).is_some()
    });
    first.is_some_and(|line| options::marker(line).is_some())
}

/// Reads a percent script. A script without any `// %%` is one code cell.
///
/// # Errors
/// A sentence for the user, if the header cannot be read or says that this is another format.
pub fn read(text: &str) -> Result<Notebook, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.trim_end_matches('\r'))
        .collect();
    let header = header::read(&lines)?;
    let mut metadata = header.metadata;
    let representation = header::option(&metadata, "text_representation");
    let format = representation
        .and_then(|r| r.get("format_name"))
        .and_then(Value::as_str);
    let rest = &lines[header.length..];
    let magics = match format {
        // In the format called hydrogen commands are not commented; without a header, one such command tells it.
        Some("hydrogen") => false,
        None => !rest
            .iter()
            .any(|line| line.starts_with(':') && is_magic(line)),
        Some("percent") => true,
        Some(other) => {
            return Err(format!(
                "the header says that this script is in jupytext's format {other:?}, and radio reads the percent \
                 format: run `jupytext --to rs:percent` on it"
            ));
        }
    };
    let magics = magics && header::option(&metadata, "comment_magics") != Some(&json!(false));

    let mut cells: Vec<Cell> = header.cell.into_iter().collect();
    let mut keys = BTreeSet::new();
    let mut has_json = false;
    let mut at = 0;
    while at < rest.len() {
        let opening = options::marker(rest[at]);
        let options = opening.map(options::read).unwrap_or_default();
        has_json |= options.is_json;
        let (cell, length) = read_cell(&rest[at..], options, opening.is_some(), magics);
        at += length;
        // What stands before the first `// %%` is a cell only if it says something.
        if opening.is_some() || !cell.source.trim().is_empty() {
            keys.extend(cell.metadata().into_iter().flat_map(Map::keys).cloned());
            cells.push(cell);
        }
    }
    header::note_filters(&mut metadata, header.has_metadata, &keys);
    let section = header::jupytext(&mut metadata);
    section.remove("text_representation");
    if has_json {
        section.entry("cell_metadata_json").or_insert(true.into());
    }
    if section.is_empty() {
        metadata.remove("jupytext");
    }
    if !metadata.contains_key("kernelspec") {
        metadata.insert(
            "kernelspec".into(),
            json!({"display_name": "Rust", "language": "rust", "name": "rust"}),
        );
    }
    if !metadata.contains_key("language_info") {
        metadata.insert("language_info".into(), of_rust().into());
    }
    if let Some(language) = document::foreign_language(&metadata) {
        return Err(format!(
            "the header says that this script is written in {language}, and radio runs Rust"
        ));
    }
    Ok(Notebook::new(cells, metadata))
}

/// Reads the cell that begins on the first of the lines; returns it and how many lines it has.
fn read_cell(
    lines: &[&str],
    options: CellOptions,
    has_marker: bool,
    magics: bool,
) -> (Cell, usize) {
    let CellOptions {
        kind, mut metadata, ..
    } = options;
    let kind = kind.unwrap_or_else(|| match is_active("ipynb", &metadata) {
        true => CellKind::Code,
        false => CellKind::Raw,
    });
    if kind == CellKind::Raw && metadata.get("active").is_some_and(|active| active == "") {
        metadata.remove("active");
    }
    // A raw cell that says that it is active in scripts is Rust there.
    let is_code = kind == CellKind::Code || (options.kind.is_none() && is_active("rs", &metadata));
    let is_commented = !(is_code && is_active("rs", &metadata));
    let next = if is_code {
        next_marker(lines)
    } else {
        next_marker_outside_fences(lines)
    };
    let end = content_end(&lines[..next]);
    let lines_to_next_cell = match end == lines.len() {
        true => 1,
        false => next - end + usize::from(next == lines.len()),
    };
    let content = &lines[usize::from(has_marker).min(end)..end];
    let source = content
        .iter()
        .map(|line| match is_commented || (magics && is_magic(line)) {
            true => uncomment(line),
            false => line,
        });
    let source = source.collect::<Vec<_>>().join("\n");
    if lines_to_next_cell != 1 {
        metadata.insert("lines_to_next_cell".into(), lines_to_next_cell.into());
    }
    let mut cell = Cell::new(kind, source);
    for (key, value) in metadata {
        cell.set_metadata(&key, value);
    }
    (cell, next)
}

/// Where the next cell begins. The first line is this cell's.
fn next_marker(lines: &[&str]) -> usize {
    let next = lines
        .iter()
        .skip(1)
        .position(|line| options::marker(line).is_some());
    next.map_or(lines.len(), |next| next + 1)
}

/// Where the next cell begins after a cell of text: a fenced block, such as a mermaid diagram, may hold `%%` lines.
fn next_marker_outside_fences(lines: &[&str]) -> usize {
    let mut at = 1;
    // What opened a block that nothing closed: looking again would take long in a long cell.
    let mut unclosed: Vec<Fence> = Vec::new();
    while at < lines.len() {
        if !lines[at].starts_with("//") {
            unclosed.clear();
        }
        let text = uncomment(lines[at]);
        let opened = Fence::opened_by(text);
        let is_new = |fence: &Fence| {
            let covers = |other: &Fence| other.mark == fence.mark && other.length <= fence.length;
            !unclosed.iter().any(covers)
        };
        if let Some(fence) = opened.filter(is_new) {
            // Only what is commented in one go is the same block.
            let mut block = lines[at + 1..]
                .iter()
                .take_while(|line| line.starts_with("//"));
            if let Some(length) = block.position(|line| fence.is_closed_by(uncomment(line))) {
                at += length + 2;
                continue;
            }
            unclosed.push(fence);
        }
        if options::marker(lines[at]).is_some() {
            break;
        }
        at += 1;
    }
    at.min(lines.len())
}

/// What opens a fenced block in Markdown.
struct Fence {
    mark: char,
    length: usize,
}

impl Fence {
    fn opened_by(line: &str) -> Option<Fence> {
        let (fence, info) = Fence::split(line)?;
        (fence.mark == '~' || !info.contains('`')).then_some(fence)
    }

    fn is_closed_by(&self, line: &str) -> bool {
        Fence::split(line).is_some_and(|(fence, info)| {
            fence.mark == self.mark && fence.length >= self.length && info.trim().is_empty()
        })
    }

    fn split(line: &str) -> Option<(Fence, &str)> {
        let text = line.trim_start_matches(' ');
        let mark = text.chars().next().filter(|mark| "`~".contains(*mark))?;
        let info = text.trim_start_matches(mark);
        let length = text.len() - info.len();
        (line.len() - text.len() <= 3 && length >= 3).then_some((Fence { mark, length }, info))
    }
}

/// Where a cell's content ends: two blank lines at its end, or else one empty line, only part it from the next cell.
fn content_end<S: AsRef<str>>(lines: &[S]) -> usize {
    let is_blank = |line: &S| line.as_ref().trim().is_empty();
    match lines {
        [.., third, second, last] if !is_blank(third) && is_blank(second) && is_blank(last) => {
            lines.len() - 2
        }
        [.., last] if last.as_ref().is_empty() => lines.len() - 1,
        _ => lines.len(),
    }
}

/// Whether a cell counts in files with this ending: `active="ipynb,rs"`, a tag `active-ipynb`, or a frozen cell, which
/// counts in notebooks only.
fn is_active(ending: &str, metadata: &Map<String, Value>) -> bool {
    if metadata
        .get("run_control")
        .and_then(|control| control.get("frozen"))
        == Some(&json!(true))
    {
        return ending == "ipynb";
    }
    let tags = metadata.get("tags").and_then(Value::as_array);
    let mut tags = tags.into_iter().flatten().filter_map(Value::as_str);
    if let Some(tag) = tags.find(|tag| tag.starts_with("active-")) {
        return tag.split('-').any(|part| part == ending);
    }
    match metadata.get("active") {
        Some(Value::String(active)) => active.split(['.', ',']).any(|part| part == ending),
        _ => true,
    }
}

/// Whether a line is an evcxr command such as `:dep`, commented out any number of times.
fn is_magic(line: &str) -> bool {
    let mut rest = line;
    while let Some(after) = rest.strip_prefix("//") {
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    let name = rest.strip_prefix(':');
    name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
}

fn comment(line: &str) -> String {
    if line.is_empty() {
        "//".into()
    } else {
        format!("// {line}")
    }
}

fn uncomment(line: &str) -> &str {
    let Some(rest) = line.strip_prefix("//") else {
        return line;
    };
    rest.strip_prefix(' ').unwrap_or(rest)
}

/// Writes a notebook as a percent script. Outputs, execution counts, ids and attachments have no place in it; blank
/// lines at the end of code may get lost, and the carriage returns of line ends do.
///
/// # Errors
/// A sentence for the user, if a cell would not come back from the script: one with a line that begins a cell there.
pub fn write(notebook: &Notebook) -> Result<String, String> {
    let metadata = notebook.metadata().cloned().unwrap_or_default();
    let (mut lines, has_first) = header::write(&metadata, notebook.cells.first());
    let form = Form::of(&metadata);
    let cells = &notebook.cells[usize::from(has_first)..];
    for (index, cell) in cells.iter().enumerate() {
        let mut text = form.cell_lines(cell);
        add_blank_lines(&mut text, cell, index + 1 == cells.len());
        lines.append(&mut text);
    }
    let mut text = lines.join("\n");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let again =
        read(&text).map_err(|why| format!("it cannot be written as a percent script: {why}"))?;
    match lost_cell(notebook, &again) {
        None => Ok(text),
        Some(index) => Err(why_lost(index, &form.cell_lines(&notebook.cells[index]))),
    }
}

/// The part of a notebook's metadata that its script holds.
pub fn held_metadata(metadata: &Map<String, Value>) -> Map<String, Value> {
    Filter::of(metadata, "notebook_metadata_filter").notebook_metadata(metadata)
}

/// The part of a cell's metadata that a script holds, if the notebook has this metadata.
pub fn held_cell_metadata(
    notebook: &Map<String, Value>,
    cell: &Map<String, Value>,
) -> Map<String, Value> {
    let form = Form::of(notebook);
    let mut held = form.filter.cell_metadata(cell);
    held.retain(|key, _| form.holds(key));
    held
}

/// Whether metadata of this name is of use to an editor or to jupytext alone.
pub fn is_bookkeeping(key: &str) -> bool {
    header::BOOKKEEPING.contains(&key) || header::OF_THE_EDITOR.contains(&key)
}

/// How a notebook's metadata wants its script.
struct Form {
    filter: Filter,
    is_json: bool,
    magics: bool,
}

impl Form {
    fn of(metadata: &Map<String, Value>) -> Form {
        Form {
            filter: Filter::of(metadata, "cell_metadata_filter"),
            is_json: header::option(metadata, "cell_metadata_json") == Some(&json!(true)),
            magics: header::option(metadata, "comment_magics") != Some(&json!(false)),
        }
    }

    /// Whether metadata of this name can stand on a cell's first line.
    fn holds(&self, key: &str) -> bool {
        let is_ours = key == "cell_type" || header::BOOKKEEPING.contains(&key);
        !is_ours && (self.is_json || options::is_key(key))
    }

    /// The cell's lines, without those that part it from the next.
    fn cell_lines(&self, cell: &Cell) -> Vec<String> {
        let mut metadata = cell
            .metadata()
            .map(|all| self.filter.cell_metadata(all))
            .unwrap_or_default();
        metadata.retain(|key, _| self.holds(key));
        let source: Vec<&str> = cell
            .source
            .split('\n')
            .map(|line| line.trim_end_matches('\r'))
            .collect();
        let in_notebooks = is_active("ipynb", &metadata);
        if cell.kind == CellKind::Raw && metadata.get("active").is_some_and(|active| active == "") {
            metadata.remove("active");
        }
        let names_files = metadata.contains_key("active")
            || cell.tags().iter().any(|tag| tag.starts_with("active-"));
        let kind = match cell.kind {
            CellKind::Code if in_notebooks => None,
            CellKind::Raw if names_files && !in_notebooks => None,
            kind => Some(kind),
        };
        let is_code = cell.kind == CellKind::Code || kind.is_none();
        let is_commented = !(is_code && is_active("rs", &metadata));
        let options = options::write(&CellOptions {
            kind,
            metadata,
            is_json: self.is_json,
        });
        let first = source[0];
        let indent = match is_commented || first.trim().is_empty() {
            true => "",
            false => &first[..first.len() - first.trim_start().len()],
        };
        let mut lines = vec![format!("{indent}// %%{options}")];
        if is_commented {
            lines.extend(source.into_iter().map(comment));
        } else if source != [""] {
            lines.extend(
                source
                    .into_iter()
                    .map(|line| match self.magics && is_magic(line) {
                        true => comment(line),
                        false => line.to_owned(),
                    }),
            );
        }
        lines
    }
}

/// Adds the blank lines that part a cell from the next: one, unless the cell's metadata has another number from
/// reading.
fn add_blank_lines(lines: &mut Vec<String>, cell: &Cell, is_last: bool) {
    let length = lines.len();
    let stored = cell
        .metadata()
        .and_then(|m| m.get("lines_to_next_cell"))
        .and_then(Value::as_u64);
    let wanted = stored.filter(|n| *n <= 3).unwrap_or(1) as usize;
    for number in [wanted, 1, 2] {
        lines.resize(length + number, String::new());
        // The file's last line end is not a line.
        let seen = if is_last {
            lines.len().saturating_sub(1).max(length)
        } else {
            lines.len()
        };
        if content_end(&lines[..seen]) == length {
            return;
        }
    }
    lines.resize(length + 1, String::new());
}

/// The first cell that did not come back from a script.
fn lost_cell(notebook: &Notebook, again: &Notebook) -> Option<usize> {
    let source = |cell: &Cell| {
        let source = cell
            .source
            .split('\n')
            .map(|line| line.trim_end_matches('\r'));
        let mut lines: Vec<String> = source.map(str::to_owned).collect();
        if cell.kind != CellKind::Markdown {
            while lines.last().is_some_and(|line| line.trim().is_empty()) {
                lines.pop();
            }
        }
        lines
    };
    let mut pairs = notebook.cells.iter().zip(&again.cells);
    let changed = pairs.position(|(a, b)| a.kind != b.kind || source(a) != source(b));
    let shorter = notebook.cells.len().min(again.cells.len());
    changed.or_else(|| {
        (notebook.cells.len() != again.cells.len()).then(|| shorter.min(notebook.cells.len() - 1))
    })
}

fn why_lost(index: usize, lines: &[String]) -> String {
    let number = index + 1;
    match lines
        .iter()
        .skip(1)
        .find(|line| options::marker(line).is_some())
    {
        Some(line) => format!(
            "cell {number} cannot be written as it is: its line `{}` would begin a cell in a percent script; \
             change that line, for example by a space between the percent signs",
            line.trim()
        ),
        None => format!(
            "cell {number} cannot be written as it is: it would not come back from a percent script unchanged"
        ),
    }
}
