//! Notebooks as files: Jupyter's `.ipynb` (nbformat 4.0 to 4.5), read without losing anything and written byte-stable.
//!
//! Cells keep their JSON object as it was read, so unknown metadata, attachments and raw cells survive; typed access is
//! on top of it.

use serde_json::{Map, Value, json};

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Rust code.
    Code,
    /// Prose.
    Markdown,
    /// Anything else, passed through.
    Raw,
}

/// One cell of a notebook.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What the cell is.
    pub kind: CellKind,
    /// Its text, without the division into lines that the file has.
    pub source: String,
    fields: Map<String, Value>,
    /// Whether the file does not have it: it was put in to be executed.
    is_added: bool,
}

/// One output of a code cell, as nbformat has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Text written to stdout or stderr.
    Stream {
        /// True for stderr.
        stderr: bool,
        /// The text.
        text: String,
    },
    /// Something to show, once for each MIME type. Binary types hold base64.
    Data {
        /// MIME type and content.
        bundle: Vec<(String, String)>,
        /// Whether this is the value of the cell (execute_result) or was shown on the way (display_data).
        is_result: bool,
    },
    /// The cell failed.
    Error {
        /// The kind of failure: `Panic`, `Error`, `CompileError`, `Exited`, `Signal`, `Timeout`, `Interrupted`.
        ename: String,
        /// The message.
        evalue: String,
        /// What a person reads, line by line.
        traceback: Vec<String>,
    },
}

impl Output {
    /// The output as nbformat's JSON.
    pub fn to_json(&self, execution_count: usize) -> Value {
        match self {
            Output::Stream { stderr, text } => {
                let name = if *stderr { "stderr" } else { "stdout" };
                json!({"output_type": "stream", "name": name, "text": lines(text)})
            }
            Output::Data { bundle, is_result } => {
                let data: Map<String, Value> = bundle
                    .iter()
                    .map(|(m, text)| (m.clone(), mime_value(m, text)))
                    .collect();
                if *is_result {
                    json!({"output_type": "execute_result", "execution_count": execution_count, "metadata": {}, "data": data})
                } else {
                    json!({"output_type": "display_data", "metadata": {}, "data": data})
                }
            }
            Output::Error {
                ename,
                evalue,
                traceback,
            } => {
                json!({"output_type": "error", "ename": ename, "evalue": evalue, "traceback": traceback})
            }
        }
    }
}

/// A MIME type's content in the form that Jupyter writes: JSON types as JSON, text in lines, the rest as one string.
fn mime_value(mime: &str, content: &str) -> Value {
    if is_json(mime)
        && let Ok(value) = serde_json::from_str(content)
        && depth(&value) <= MAX_DEPTH
    {
        return value;
    }
    if mime.starts_with("text/") || matches!(mime, "application/javascript" | "image/svg+xml") {
        lines(content)
    } else {
        Value::String(content.to_owned())
    }
}

/// How deep JSON among the outputs may be; deeper it is text, since a notebook around it could not be read again.
const MAX_DEPTH: usize = 100;

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Text as nbformat's list of lines, each with its line end.
fn lines(text: &str) -> Value {
    text.split_inclusive('\n').map(Value::from).collect()
}

/// nbformat's "string or list of strings".
pub fn joined(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => parts
            .iter()
            .map(Value::as_str)
            .collect::<Option<Vec<_>>>()
            .map(|p| p.concat()),
        _ => None,
    }
}

/// The lines of an error's traceback, given as nbformat has it.
pub fn traceback(error: &Value) -> Vec<&str> {
    let lines = error.get("traceback").and_then(Value::as_array);
    lines
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// Whether a MIME type's content is JSON.
pub fn is_json(mime: &str) -> bool {
    mime == "application/json" || mime.ends_with("+json")
}

impl Cell {
    /// A new cell.
    pub fn new(kind: CellKind, source: impl Into<String>) -> Cell {
        let mut fields = Map::new();
        fields.insert("metadata".into(), json!({}));
        Cell {
            kind,
            source: source.into(),
            fields,
            is_added: false,
        }
    }

    /// The same cell as one that the file does not have: it does not count there.
    pub fn added(self) -> Cell {
        Cell {
            is_added: true,
            ..self
        }
    }

    fn from_json(value: Value, number: usize) -> std::result::Result<Cell, String> {
        let Value::Object(mut fields) = value else {
            return Err(format!("cell {number} is not an object"));
        };
        let kind = match fields.remove("cell_type").as_ref().and_then(Value::as_str) {
            Some("code") => CellKind::Code,
            Some("markdown") => CellKind::Markdown,
            Some("raw") => CellKind::Raw,
            Some(other) => {
                return Err(format!("cell {number} has the unknown cell_type {other:?}"));
            }
            None => return Err(format!("cell {number} has no cell_type")),
        };
        let source = fields.remove("source").as_ref().and_then(joined);
        let source = source
            .ok_or_else(|| format!("cell {number} has no source, or one that is not text"))?;
        if !matches!(fields.get("metadata"), None | Some(Value::Object(_))) {
            return Err(format!("cell {number} has metadata that is not an object"));
        }
        Ok(Cell {
            kind,
            source,
            fields,
            is_added: false,
        })
    }

    fn to_json(&self) -> Value {
        let mut fields = self.fields.clone();
        let kind = match self.kind {
            CellKind::Code => "code",
            CellKind::Markdown => "markdown",
            CellKind::Raw => "raw",
        };
        fields.insert("cell_type".into(), kind.into());
        fields.insert("source".into(), lines(&self.source));
        fields.entry("metadata").or_insert_with(|| json!({}));
        if self.kind == CellKind::Code {
            fields.entry("outputs").or_insert_with(|| json!([]));
            fields.entry("execution_count").or_insert(Value::Null);
        }
        Value::Object(fields)
    }

    /// The cell's id, if it has one.
    pub fn id(&self) -> Option<&str> {
        self.fields.get("id")?.as_str()
    }

    /// The cell's metadata, if it has any.
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        self.fields.get("metadata")?.as_object()
    }

    /// The cell's tags.
    pub fn tags(&self) -> Vec<&str> {
        let tags = self
            .metadata()
            .and_then(|m| m.get("tags"))
            .and_then(Value::as_array);
        tags.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// Whether it is one of the cells that are numbered from 1: a code cell that is not empty.
    pub fn is_numbered(&self) -> bool {
        self.kind == CellKind::Code && !self.source.trim().is_empty()
    }

    /// Whether the cell has this tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags().contains(&tag)
    }

    /// A picture that is attached to the cell under this name: its MIME type and its content in base64.
    pub fn attachment(&self, name: &str) -> Option<(&str, &str)> {
        let bundle = self.fields.get("attachments")?.get(name)?.as_object()?;
        bundle
            .iter()
            .find_map(|(mime, content)| Some((mime.as_str(), content.as_str()?)))
    }

    /// Sets one entry of the cell's metadata.
    pub fn set_metadata(&mut self, key: &str, value: Value) {
        if let Some(metadata) = self
            .fields
            .entry("metadata")
            .or_insert_with(|| json!({}))
            .as_object_mut()
        {
            metadata.insert(key.to_owned(), value);
        }
    }

    /// Puts other metadata in the place of all that the cell has.
    pub fn replace_metadata(&mut self, metadata: Map<String, Value>) {
        self.fields.insert("metadata".into(), metadata.into());
    }

    /// How many files, such as pictures, are attached to the cell.
    pub fn attachments(&self) -> usize {
        let attached = self.fields.get("attachments").and_then(Value::as_object);
        attached.map_or(0, Map::len)
    }

    /// Sets what running the cell gave.
    pub fn set_outputs(&mut self, outputs: &[Output], execution_count: Option<usize>) {
        let count = execution_count.unwrap_or(0);
        self.fields.insert(
            "outputs".into(),
            outputs.iter().map(|o| o.to_json(count)).collect(),
        );
        self.fields.insert(
            "execution_count".into(),
            execution_count.map_or(Value::Null, Value::from),
        );
    }

    /// The outputs as the file has them.
    pub fn outputs(&self) -> &[Value] {
        self.fields
            .get("outputs")
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// The outputs as the file has them, to be changed; `None` where there is no list of them.
    pub fn outputs_mut(&mut self) -> Option<&mut Vec<Value>> {
        self.fields.get_mut("outputs")?.as_array_mut()
    }

    /// The execution count, where the cell was executed.
    pub fn execution_count(&self) -> Option<u64> {
        self.fields.get("execution_count")?.as_u64()
    }

    /// The label under which the cell's figures are saved: `//| label: NAME` among the leading comments (as in Quarto),
    /// or `label` in the metadata.
    pub fn label(&self) -> Option<String> {
        let comments = self
            .source
            .lines()
            .take_while(|line| line.is_empty() || line.starts_with("//"));
        let commented = comments
            .filter_map(|line| line.strip_prefix("//|")?.trim().strip_prefix("label:"))
            .next();
        let label = commented.map(|label| label.trim().to_owned());
        label.or_else(|| Some(self.metadata()?.get("label")?.as_str()?.to_owned()))
    }
}

/// A notebook: its cells, and everything else of the file as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Notebook {
    /// The cells, in order.
    pub cells: Vec<Cell>,
    /// What had to be repaired while reading, a sentence each.
    pub repairs: Vec<String>,
    fields: Map<String, Value>,
}

impl Notebook {
    /// Reads the text of an `.ipynb` file. The error is a sentence for the user.
    pub fn from_ipynb(text: &str) -> std::result::Result<Notebook, String> {
        let notebook = Notebook::of_any_language(text)?;
        match notebook.metadata().and_then(foreign_language) {
            None => Ok(notebook),
            Some(language) => Err(format!(
                "this notebook is written in {language}, and radio runs Rust: its kernel should be the evcxr \
                 kernel, `rust`"
            )),
        }
    }

    /// Reads the text of an `.ipynb` file that need not be in Rust. The error is a sentence for the user.
    pub fn of_any_language(text: &str) -> std::result::Result<Notebook, String> {
        let mut fields = json_object(text)?;
        let major = fields.get("nbformat").and_then(Value::as_u64);
        match major {
            Some(4) => {}
            Some(old @ 1..4) => {
                return Err(format!(
                    "this notebook has the old format nbformat {old}: open it in Jupyter and save it, or run \
                     `jupyter nbconvert --to notebook --nbformat 4` on it"
                ));
            }
            Some(new) => {
                return Err(format!(
                    "this notebook has nbformat {new}; this version of radio reads nbformat 4"
                ));
            }
            None => {
                return Err(
                    "this is JSON, but not a notebook: it has no number under \"nbformat\"".into(),
                );
            }
        }
        if fields
            .get("nbformat_minor")
            .and_then(Value::as_u64)
            .is_none()
        {
            return Err("this notebook has no number under \"nbformat_minor\"".into());
        }
        if !matches!(fields.get("metadata"), None | Some(Value::Object(_))) {
            return Err("this notebook's \"metadata\" is not an object".into());
        }
        let Some(Value::Array(cells)) = fields.remove("cells") else {
            return Err("this is JSON, but not a notebook: it has no list under \"cells\"".into());
        };
        let cells = cells
            .into_iter()
            .enumerate()
            .map(|(i, cell)| Cell::from_json(cell, i + 1));
        let cells = cells.collect::<std::result::Result<Vec<_>, _>>()?;
        let mut notebook = Notebook {
            cells,
            repairs: Vec::new(),
            fields,
        };
        if notebook.minor() >= 5 {
            notebook.repair_ids();
        }
        Ok(notebook)
    }

    /// A new notebook of nbformat 4.5; cells without ids get some.
    pub fn new(cells: Vec<Cell>, metadata: Map<String, Value>) -> Notebook {
        let fields = [
            ("metadata", Value::Object(metadata)),
            ("nbformat", 4.into()),
            ("nbformat_minor", 5.into()),
        ];
        let mut notebook = Notebook {
            cells,
            repairs: Vec::new(),
            fields: fields
                .map(|(key, value)| (key.to_owned(), value))
                .into_iter()
                .collect(),
        };
        notebook.identify_new_cells();
        notebook
    }

    /// The notebook's metadata, if it has any.
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        self.fields.get("metadata")?.as_object()
    }

    /// Puts other metadata in the place of all that the notebook has.
    pub fn replace_metadata(&mut self, metadata: Map<String, Value>) {
        self.fields.insert("metadata".into(), metadata.into());
    }

    fn minor(&self) -> u64 {
        self.fields
            .get("nbformat_minor")
            .and_then(Value::as_u64)
            .unwrap_or(5)
    }

    /// The number of each cell, as messages give it and `--until` takes it: the code cells that are not empty are
    /// counted from 1, and a cell that the file does not have comes after all others.
    pub fn numbers(&self) -> Vec<Option<u32>> {
        let counts = |cell: &&Cell| cell.is_numbered() && !cell.is_added;
        let of_file = self.cells.iter().filter(counts).count() as u32;
        let (mut next, mut next_added) = (1, of_file + 1);
        let numbers = self.cells.iter().map(|cell| {
            let next = match cell.is_added {
                true => &mut next_added,
                false => &mut next,
            };
            cell.is_numbered().then(|| {
                *next += 1;
                *next - 1
            })
        });
        numbers.collect()
    }

    /// Brings the notebook to nbformat 4.5, in which every cell has an id.
    pub fn upgrade(&mut self) {
        if self.minor() < 5 {
            self.fields.insert("nbformat_minor".into(), 5.into());
            self.identify_new_cells();
        }
    }

    /// Takes all outputs and execution counts away.
    pub fn clear_outputs(&mut self) {
        for cell in &mut self.cells {
            if cell.kind == CellKind::Code {
                cell.set_outputs(&[], None);
            }
        }
    }

    /// Gives ids to cells that were added, where the notebook's format has ids.
    pub fn identify_new_cells(&mut self) {
        if self.minor() >= 5 {
            let known = self.repairs.len();
            self.repair_ids();
            self.repairs.truncate(known);
        }
    }

    /// Gives an id to every cell that has none, an unfit one, or one that stands earlier as well.
    fn repair_ids(&mut self) {
        let mut seen = std::collections::HashSet::new();
        for index in 0..self.cells.len() {
            let id = self.cells[index].id().map(str::to_owned);
            let fits = id.as_ref().is_some_and(|id| {
                (1..=64).contains(&id.len())
                    && id
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            });
            if let Some(id) = id.as_ref().filter(|id| fits && seen.insert((*id).clone())) {
                debug_assert!(!id.is_empty());
                continue;
            }
            let mut new = format!("cell-{}", index + 1);
            while self.cells.iter().any(|cell| cell.id() == Some(&new)) || !seen.insert(new.clone())
            {
                new.push('x');
            }
            let number = index + 1;
            self.repairs.push(match &id {
                None => format!("cell {number} has no id; it becomes {new:?}"),
                Some(id) if fits => format!("cell {number} has the id {id:?} of an earlier cell; it becomes {new:?}"),
                Some(id) => format!("cell {number} has the id {id:?}, which nbformat does not allow; it becomes {new:?}"),
            });
            self.cells[index].fields.insert("id".into(), new.into());
        }
    }

    /// The notebook as Jupyter writes it.
    pub fn to_ipynb(&self) -> String {
        let mut fields = self.fields.clone();
        fields.insert(
            "cells".into(),
            self.cells.iter().map(Cell::to_json).collect(),
        );
        fields.entry("metadata").or_insert_with(|| json!({}));
        as_jupyter_writes(&fields)
    }
}

/// A notebook's JSON as Jupyter writes it: sorted keys, an indent of one space, a final line end.
pub(crate) fn as_jupyter_writes(fields: &Map<String, Value>) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    serde::Serialize::serialize(fields, &mut serializer)
        .expect("JSON values can be written to memory");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("serde_json writes UTF-8")
}

/// The JSON object that a notebook's text is. The error is a sentence for the user.
pub(crate) fn json_object(text: &str) -> std::result::Result<Map<String, Value>, String> {
    let no_json = |error: serde_json::Error| {
        if text.trim().is_empty() {
            return "the file is empty, so it is not a notebook".to_owned();
        }
        let why = if let Some(word) = no_number(text, &error) {
            format!(
                "line {} has {word}, which Python writes and JSON does not know; put null or a text in its place",
                error.line()
            )
        } else if error.to_string().contains("hex escape") {
            format!(
                "line {} has half of a surrogate pair (an escape from \\ud800 to \\udfff without the other one), \
                 which is no character; put another in its place",
                error.line()
            )
        } else {
            error.to_string()
        };
        format!("this is not a notebook, because it is not JSON: {why}")
    };
    match serde_json::from_str(text).map_err(no_json)? {
        Value::Object(fields) => Ok(fields),
        _ => {
            Err("this is JSON, but not a notebook: the outermost value should be an object".into())
        }
    }
}

/// The word for a number that stands where reading failed.
fn no_number<'t>(text: &'t str, error: &serde_json::Error) -> Option<&'t str> {
    let line = text.lines().nth(error.line().checked_sub(1)?)?;
    // The place is that of the word's first letter, or before or after it.
    (error.column().saturating_sub(2)..=error.column()).find_map(|at| {
        let words = ["NaN", "-Infinity", "Infinity"];
        let length = words
            .iter()
            .find(|word| line.get(at..).is_some_and(|rest| rest.starts_with(**word)))?
            .len();
        line.get(at..at + length)
    })
}

/// The language, where a notebook's metadata names one that is not Rust.
pub(crate) fn foreign_language(metadata: &Map<String, Value>) -> Option<String> {
    let spec = metadata.get("kernelspec");
    let named = spec
        .and_then(|s| s.get("language"))
        .or_else(|| metadata.get("language_info").and_then(|l| l.get("name")));
    let name = named
        .or_else(|| spec.and_then(|s| s.get("name")))
        .and_then(Value::as_str)?;
    let is_rust = name.to_lowercase().contains("rust") || name.to_lowercase().contains("evcxr");
    (!is_rust).then(|| name.to_owned())
}

#[cfg(test)]
mod tests;
