//! What stands above a script's first cell: an interpreter, and notebook metadata as YAML between `// ---` lines.

use super::yaml;
use crate::document::{Cell, CellKind};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// The notebook metadata that goes into a script unless `notebook_metadata_filter` says otherwise.
const KEPT: [&str; 5] = [
    "jupytext",
    "kernelspec",
    "kernel_info",
    "orphan",
    "tocdepth",
];

/// Cell metadata that only jupytext's own bookkeeping or a notebook's editor needs.
pub(super) const BOOKKEEPING: [&str; 5] = [
    "skipline",
    "noskipline",
    "cell_marker",
    "lines_to_next_cell",
    "lines_to_end_of_cell_marker",
];
pub(super) const OF_THE_EDITOR: [&str; 6] = [
    "autoscroll",
    "collapsed",
    "scrolled",
    "trusted",
    "execution",
    "ExecuteTime",
];

/// A script's header.
#[derive(Debug, Default)]
pub(super) struct Header {
    /// The notebook's metadata.
    pub metadata: Map<String, Value>,
    /// Whether there is a `jupyter:` section.
    pub has_metadata: bool,
    /// Other YAML, which becomes the notebook's first cell.
    pub cell: Option<Cell>,
    /// How many lines belong to the header.
    pub length: usize,
}

/// Reads the header, if there is one. The error is a sentence for the user.
pub(super) fn read(lines: &[&str]) -> Result<Header, String> {
    let mut header = Header::default();
    let mut at = 0;
    // In Rust, `#![...]` on the first line is an attribute.
    let executable = lines.first().and_then(|line| line.strip_prefix("#!"));
    let executable = executable.filter(|executable| !executable.starts_with('['));
    if executable.is_some() {
        at = 1;
        // What jupytext writes there where the script has more than ASCII; Rust is UTF-8 anyway.
        at += usize::from(lines.get(1) == Some(&"// -*- coding: utf-8 -*-"));
    }
    header.length = at;
    let commented = |at: usize| {
        let rest = lines.get(at)?.strip_prefix("//")?;
        Some(rest.strip_prefix(' ').unwrap_or(rest))
    };
    let is_rule = |line: &str| line.trim_end() == "---";
    while commented(at).is_some_and(|line| line.trim().is_empty()) {
        at += 1;
    }
    if commented(at).is_some_and(is_rule) {
        let inside = lines[at + 1..]
            .iter()
            .enumerate()
            .map_while(|(i, _)| commented(at + 1 + i));
        let inside: Vec<&str> = inside.collect();
        if let Some(length) = inside.iter().position(|line| is_rule(line)) {
            let first = at + 1;
            let end = first + length;
            read_yaml(&inside[..length], first, &mut header)?;
            let blank_after = lines
                .get(end + 1)
                .is_some_and(|line| commented(end + 1).unwrap_or(line).trim().is_empty());
            if let Some(cell) = header.cell.as_mut()
                && !blank_after
                && end + 1 < lines.len()
            {
                cell.set_metadata("lines_to_next_cell", 0.into());
            }
            header.length = end + 1 + usize::from(blank_after);
        }
    }
    if let Some(executable) = executable {
        jupytext(&mut header.metadata).insert("executable".into(), executable.into());
    }
    Ok(header)
}

/// Reads what stands between the rules: the section `jupyter:`, and the rest.
fn read_yaml(lines: &[&str], first: usize, header: &mut Header) -> Result<(), String> {
    let mut section: Vec<&str> = Vec::new();
    let mut others: Vec<&str> = Vec::new();
    let mut inside = false;
    for line in lines {
        if line
            .strip_prefix("jupyter")
            .is_some_and(|rest| rest.trim() == ":")
        {
            inside = true;
        } else if !line.is_empty() && !line.starts_with(char::is_whitespace) {
            inside = false;
        }
        if inside { &mut section } else { &mut others }.push(line);
    }
    if !section.is_empty() {
        let refuse = |why: String| {
            let last = first + lines.len();
            format!(
                "the header (lines {} to {last}) cannot be read as YAML: {why}",
                first + 1
            )
        };
        let value = yaml::read(&section.join("\n")).map_err(refuse)?;
        header.metadata = match &value["jupyter"] {
            Value::Object(metadata) => metadata.clone(),
            Value::Null => Map::new(),
            _ => {
                return Err(refuse(
                    "under `jupyter:` should be `key: value` lines".into(),
                ));
            }
        };
        header.has_metadata = true;
    }
    if !others.is_empty() {
        let source = format!("---\n{}\n---", others.join("\n"));
        header.cell = Some(Cell::new(CellKind::Raw, source));
    }
    Ok(())
}

/// The metadata's section `jupytext`.
pub(super) fn jupytext(metadata: &mut Map<String, Value>) -> &mut Map<String, Value> {
    let section = metadata.entry("jupytext").or_insert_with(|| json!({}));
    if !section.is_object() {
        *section = json!({});
    }
    section.as_object_mut().expect("it was just made an object")
}

/// An entry of the metadata's section `jupytext`.
pub(super) fn option<'a>(metadata: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    metadata.get("jupytext")?.get(name)
}

/// Notes which metadata the script holds, so that a notebook made from it gives the script again.
pub(super) fn note_filters(
    metadata: &mut Map<String, Value>,
    has_metadata: bool,
    cell_keys: &BTreeSet<String>,
) {
    let cell_keys = cell_keys
        .iter()
        .filter(|key| !BOOKKEEPING.contains(&key.as_str()));
    let filter = option(metadata, "cell_metadata_filter").map(Filter::read);
    if !has_metadata || filter.is_some() {
        let mut filter = match filter {
            // A header's filter is brought up to date, and one without a header says all that there is.
            Some(filter) => filter,
            None => Filter {
                added: Keys::default(),
                left_out: Keys::All,
            },
        };
        let is_listable = |key: &&String| {
            !key.is_empty()
                && *key != "all"
                && !key.contains(',')
                && !key.starts_with(['-', '+'])
                && key.trim() == *key
        };
        if !cell_keys.clone().all(|key| is_listable(&key)) {
            filter = Filter {
                added: Keys::All,
                left_out: Keys::default(),
            };
        }
        for key in cell_keys {
            if let Keys::These(left_out) = &mut filter.left_out {
                left_out.retain(|other| other != key);
            }
            if let Keys::These(added) = &mut filter.added
                && !added.contains(key)
            {
                added.push(key.clone());
            }
        }
        jupytext(metadata).insert("cell_metadata_filter".into(), filter.to_string().into());
    }
    if !has_metadata {
        jupytext(metadata).insert("notebook_metadata_filter".into(), "-all".into());
        return;
    }
    let text = option(metadata, "notebook_metadata_filter").and_then(Value::as_str);
    let mut filter: Vec<String> = text
        .unwrap_or("")
        .split(',')
        .filter(|key| !key.is_empty())
        .map(str::to_owned)
        .collect();
    if option(metadata, "cell_metadata_filter").is_some()
        || filter.iter().any(|key| key == "all" || key == "-all")
    {
        return;
    }
    for key in metadata.keys().filter(|key| !KEPT.contains(&key.as_str())) {
        if !filter.contains(key) && !filter.contains(&format!("-{key}")) {
            filter.push(key.clone());
        }
    }
    if !filter.is_empty() {
        jupytext(metadata).insert("notebook_metadata_filter".into(), filter.join(",").into());
    }
}

/// Writes the header's lines, and an empty one after it. `first` is the notebook's first cell; the second value says
/// whether it is part of the header.
pub(super) fn write(metadata: &Map<String, Value>, first: Option<&Cell>) -> (Vec<String>, bool) {
    let mut lines = Vec::new();
    let mut metadata = metadata.clone();
    let filter = Filter::of(&metadata, "notebook_metadata_filter");
    let section = jupytext(&mut metadata);
    if let Some(executable) = section
        .remove("executable")
        .as_ref()
        .and_then(Value::as_str)
    {
        lines.push(format!("#!{executable}"));
    }
    if section
        .get("main_language")
        .is_some_and(|language| language == "rust")
    {
        section.remove("main_language");
    }
    section.insert(
        "text_representation".into(),
        json!({"extension": ".rs", "format_name": "percent", "format_version": "1.3"}),
    );
    let metadata = filter.notebook_metadata(&metadata);

    let mut yaml_lines: Vec<String> = Vec::new();
    let others = first.and_then(other_yaml);
    yaml_lines.extend(others.iter().flatten().map(|line| (*line).to_owned()));
    if !metadata.is_empty() {
        let root = Map::from_iter([("jupyter".to_owned(), Value::Object(metadata))]);
        yaml_lines.extend(yaml::write(&root));
    }
    if !yaml_lines.is_empty() {
        lines.push("// ---".into());
        lines.extend(yaml_lines.iter().map(|line| super::comment(line)));
        lines.push("// ---".into());
        let stored = first
            .filter(|_| others.is_some())
            .and_then(|cell| cell.metadata());
        if stored.and_then(|m| m.get("lines_to_next_cell")) != Some(&json!(0)) {
            lines.push(String::new());
        }
    }
    (lines, others.is_some())
}

/// The lines of a raw cell that holds YAML between rules, if they can stand in the header.
fn other_yaml(cell: &Cell) -> Option<Vec<&str>> {
    let lines: Vec<&str> = cell.source.split('\n').collect();
    let inside = lines.get(1..lines.len().checked_sub(1)?)?;
    let mut keys = cell.metadata().into_iter().flat_map(Map::keys);
    let fits = cell.kind == CellKind::Raw
        && keys.all(|key| BOOKKEEPING.contains(&key.as_str()))
        && lines[0] == "---"
        && lines.last() == Some(&"---")
        && !inside.is_empty()
        && !inside
            .iter()
            .any(|line| line.trim_end() == "---" || line.starts_with("jupyter"));
    fits.then(|| inside.to_vec())
}

/// Names of metadata, or all of it.
#[derive(Clone, Debug, PartialEq)]
enum Keys {
    All,
    These(Vec<String>),
}

impl Default for Keys {
    fn default() -> Keys {
        Keys::These(Vec::new())
    }
}

/// jupytext's metadata filter: `tags,-all`.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    added: Keys,
    left_out: Keys,
}

impl Filter {
    /// The notebook's filter of this name, or the usual one.
    pub(super) fn of(metadata: &Map<String, Value>, name: &str) -> Filter {
        option(metadata, name).map(Filter::read).unwrap_or_default()
    }

    /// Reads a filter; true stands for all, false for nothing.
    fn read(value: &Value) -> Filter {
        let mut filter = Filter::default();
        let text = match value {
            Value::Bool(true) => "all",
            Value::Bool(false) => "-all",
            other => other.as_str().unwrap_or_default(),
        };
        for key in text.split(',').map(str::trim) {
            let (keys, key) = match key.strip_prefix('-') {
                Some(key) => (&mut filter.left_out, key.trim()),
                None => (&mut filter.added, key.trim_start_matches('+').trim()),
            };
            match keys {
                _ if key == "all" => *keys = Keys::All,
                Keys::These(list) if !key.is_empty() => list.push(key.to_owned()),
                _ => {}
            }
        }
        filter
    }

    /// The notebook's metadata that goes into the script.
    pub(super) fn notebook_metadata(&self, metadata: &Map<String, Value>) -> Map<String, Value> {
        let kept = KEPT.map(str::to_owned);
        match (&self.added, &self.left_out) {
            (Keys::All, left_out) => subset(metadata, &Keys::All, left_out),
            (added, Keys::All) => subset(metadata, added, &Keys::default()),
            (Keys::These(added), left_out) => {
                let added = added.iter().chain(&kept).cloned().collect();
                subset(metadata, &Keys::These(added), left_out)
            }
        }
    }

    /// The cell's metadata that goes into the script.
    pub(super) fn cell_metadata(&self, metadata: &Map<String, Value>) -> Map<String, Value> {
        match (&self.added, &self.left_out) {
            (Keys::All, left_out) => subset(metadata, &Keys::All, left_out),
            (added, Keys::All) => subset(metadata, added, &Keys::default()),
            (Keys::These(added), Keys::These(left_out)) => {
                let usual = OF_THE_EDITOR
                    .iter()
                    .chain(&BOOKKEEPING)
                    .map(|key| (*key).to_owned());
                let usual = usual.filter(|key| !added.contains(key));
                let left_out = left_out.iter().cloned().chain(usual).collect();
                let mut kept = subset(metadata, &Keys::All, &Keys::These(left_out));
                if kept
                    .get("tags")
                    .and_then(Value::as_array)
                    .is_some_and(Vec::is_empty)
                {
                    kept.remove("tags");
                }
                kept
            }
        }
    }
}

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut keys = match &self.added {
            Keys::All => vec!["all".to_owned()],
            Keys::These(added) => added.clone(),
        };
        match &self.left_out {
            Keys::All => keys.push("-all".into()),
            Keys::These(left_out) => keys.extend(left_out.iter().map(|key| format!("-{key}"))),
        }
        f.write_str(&keys.join(","))
    }
}

/// The entries that are to be kept; `a.b` names the entry `b` of the entry `a`.
fn subset(metadata: &Map<String, Value>, keep: &Keys, left_out: &Keys) -> Map<String, Value> {
    let inner = |keys: &Keys, outer: &str| match keys {
        Keys::All => Keys::All,
        Keys::These(keys) => {
            let inner = keys
                .iter()
                .filter_map(|key| key.strip_prefix(outer)?.strip_prefix('.'));
            Keys::These(inner.map(str::to_owned).collect())
        }
    };
    let names = |keys: &Keys, key: &String| match keys {
        Keys::All => true,
        Keys::These(keys) => keys.contains(key),
    };
    let mut kept = Map::new();
    for (key, value) in metadata {
        let (inner_keep, inner_left_out) = (inner(keep, key), inner(left_out, key));
        let is_named = names(keep, key);
        if names(left_out, key) || !(is_named || inner_keep != Keys::default()) {
            continue;
        }
        let value = match value {
            Value::Object(entries) if !is_named => {
                Value::Object(subset(entries, &inner_keep, &inner_left_out))
            }
            Value::Object(entries) => Value::Object(subset(entries, &Keys::All, &inner_left_out)),
            other => other.clone(),
        };
        kept.insert(key.clone(), value);
    }
    kept
}
