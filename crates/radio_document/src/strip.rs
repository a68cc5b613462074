//! A notebook without what running it has left in it: outputs, counts, and metadata that change with every run.
//!
//! It works on the text of any notebook of nbformat 4, whatever its language, and takes out what
//! [nbstripout](https://pypi.org/project/nbstripout/) takes out, but leaves the ids of cells as they are.

use crate::document::{as_jupyter_writes, foreign_language, json_object};
use serde_json::{Map, Value, json};

/// What is taken out of a notebook.
#[derive(Clone, Debug, Default)]
pub struct Strip {
    /// Whether outputs and execution counts go. Metadata go in any case.
    pub outputs: bool,
    /// Whether the execution counts stay all the same.
    pub keep_count: bool,
    /// Outputs up to this size, in characters, stay.
    pub max_size: usize,
    /// Further metadata that go.
    pub extra_keys: Vec<Key>,
    /// Cells with one of these tags go.
    pub drop_tagged: Vec<String>,
    /// Whether cells without a text go.
    pub drop_empty: bool,
}

/// An entry of the metadata, of the notebook or of each cell: `metadata.a.b` or `cell.metadata.a.b`.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    of_cells: bool,
    way: Vec<String>,
}

impl std::str::FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Key, String> {
        let (of_cells, way) = match text.strip_prefix("cell.metadata.") {
            Some(way) => (true, Some(way)),
            None => (false, text.strip_prefix("metadata.")),
        };
        match way {
            Some(way) if way.split('.').all(|part| !part.is_empty()) => Ok(Key {
                of_cells,
                way: way.split('.').map(str::to_owned).collect(),
            }),
            _ => Err("should be metadata.NAME or cell.metadata.NAME".into()),
        }
    }
}

/// The metadata of the notebook that go in any case.
const OF_NOTEBOOK: [&str; 2] = ["signature", "widgets"];
/// Those of a cell.
pub const OF_CELLS: [&str; 6] = [
    "ExecuteTime",
    "collapsed",
    "execution",
    "heading_collapsed",
    "hidden",
    "scrolled",
];

/// What this project's kernel says of the language, and front ends write down; another kernel for Rust says it
/// otherwise.
const OF_RUST: [(&str, &str); 6] = [
    ("codemirror_mode", "rust"),
    ("file_extension", ".rs"),
    ("mimetype", "text/rust"),
    ("name", "rust"),
    ("pygments_lexer", "rust"),
    ("version", ""),
];

/// The notebook without what is to go, as Jupyter writes it. The error is a sentence for the user.
pub fn stripped(text: &str, strip: &Strip) -> Result<String, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut notebook = json_object(text)?;
    if notebook.get("nbformat").and_then(Value::as_u64) != Some(4) {
        return Err("this is not a notebook of nbformat 4".into());
    }
    let keeps = notebook
        .get("metadata")
        .and_then(|of| of.get("keep_output"));
    let keeps = keeps.is_some_and(is_true);
    if let Some(metadata) = notebook.get_mut("metadata").and_then(Value::as_object_mut) {
        of_notebook(metadata, strip);
    }
    let Some(cells) = notebook.get_mut("cells").and_then(Value::as_array_mut) else {
        return Err("this is JSON, but not a notebook: it has no list under \"cells\"".into());
    };
    cells.retain(|cell| !goes(cell, strip));
    for cell in cells.iter_mut().filter_map(Value::as_object_mut) {
        of_cell(cell, strip, keeps);
    }
    Ok(as_jupyter_writes(&notebook))
}

fn of_notebook(metadata: &mut Map<String, Value>, strip: &Strip) {
    for key in OF_NOTEBOOK {
        metadata.remove(key);
    }
    for key in strip.extra_keys.iter().filter(|key| !key.of_cells) {
        remove(metadata, &key.way);
    }
    let is_rust = foreign_language(metadata).is_none();
    if let Some(info) = metadata
        .get_mut("language_info")
        .and_then(Value::as_object_mut)
        && is_rust
        && info
            .get("name")
            .and_then(Value::as_str)
            .is_some_and(|name| name.eq_ignore_ascii_case("rust"))
    {
        *info = of_rust();
    }
}

/// What this project's kernel has front ends write down of the language.
pub(crate) fn of_rust() -> Map<String, Value> {
    let all = OF_RUST.iter();
    all.map(|&(key, value)| (key.to_owned(), value.into()))
        .collect()
}

fn of_cell(cell: &mut Map<String, Value>, strip: &Strip, keeps: bool) {
    if strip.outputs {
        let keeps = keeps_output(cell).unwrap_or(keeps);
        if let Some(outputs) = cell.get_mut("outputs").and_then(Value::as_array_mut) {
            outputs.retain(|output| keeps || strip.max_size > 0 && size(output) <= strip.max_size);
            if !strip.keep_count {
                for output in outputs {
                    if let Some(count) = output.get_mut("execution_count") {
                        *count = Value::Null;
                    }
                }
            }
        }
        if !strip.keep_count && cell.contains_key("execution_count") {
            cell.insert("execution_count".into(), Value::Null);
        }
    }
    if let Some(metadata) = cell.get_mut("metadata").and_then(Value::as_object_mut) {
        for key in OF_CELLS {
            metadata.remove(key);
        }
        for key in strip.extra_keys.iter().filter(|key| key.of_cells) {
            remove(metadata, &key.way);
        }
    }
}

/// Whether a cell says that its outputs stay, or that they go.
fn keeps_output(cell: &Map<String, Value>) -> Option<bool> {
    let metadata = cell.get("metadata")?.as_object()?;
    if let Some(keeps) = metadata.get("keep_output") {
        return Some(is_true(keeps));
    }
    let is_init = metadata.get("init_cell").is_some_and(is_true);
    let is_tagged = tags(metadata).any(|tag| tag == "keep_output");
    (is_init || is_tagged).then_some(true)
}

/// As Python takes a value for true.
fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
        && *value != json!(0)
        && *value != json!("")
        && *value != json!([])
        && *value != json!({})
}

fn tags(metadata: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let tags = metadata.get("tags").and_then(Value::as_array);
    tags.into_iter().flatten().filter_map(Value::as_str)
}

/// Whether a cell goes as a whole.
fn goes(cell: &Value, strip: &Strip) -> bool {
    let metadata = cell.get("metadata").and_then(Value::as_object);
    let is_tagged = metadata.is_some_and(|metadata| {
        tags(metadata).any(|tag| strip.drop_tagged.iter().any(|one| one == tag))
    });
    let source = cell.get("source").and_then(crate::document::joined);
    is_tagged || strip.drop_empty && source.is_some_and(|source| source.trim().is_empty())
}

/// How many characters the texts of an output have.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(values) => values.iter().map(size).sum(),
        Value::Object(fields) => fields.values().map(size).sum(),
        other => other.to_string().len(),
    }
}

fn remove(metadata: &mut Map<String, Value>, way: &[String]) {
    match way {
        [] => {}
        [last] => {
            metadata.remove(last);
        }
        [first, rest @ ..] => {
            if let Some(inner) = metadata.get_mut(first).and_then(Value::as_object_mut) {
                remove(inner, rest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notebook() -> String {
        let output = |text: &str| json!({"output_type": "execute_result", "execution_count": 3, "metadata": {}, "data": {"text/plain": [text]}});
        json!({
            "cells": [
                {"cell_type": "code", "execution_count": 3, "id": "a", "source": ["1\n"], "outputs": [output("1")],
                 "metadata": {"execution": {"x": 1}, "scrolled": true, "tags": ["t"], "mine": {"a": 1, "b": 2}}},
                {"cell_type": "code", "execution_count": 4, "id": "b", "source": [], "outputs": [], "metadata": {"tags": ["drop"]}},
                {"cell_type": "code", "execution_count": 5, "id": "c", "source": "2", "outputs": [output("2")], "metadata": {"tags": ["keep_output"]}},
                {"cell_type": "markdown", "id": "d", "source": " ", "metadata": {}},
            ],
            "metadata": {"kernelspec": {"name": "rust", "language": "rust", "display_name": "Rust"}, "widgets": {"x": 1},
                "language_info": {"codemirror_mode": "rust", "file_extension": ".rs", "mimetype": "text/rust", "name": "Rust", "pygment_lexer": "rust", "version": ""}},
            "nbformat": 4, "nbformat_minor": 5
        })
        .to_string()
    }

    fn of(strip: &Strip) -> Value {
        serde_json::from_str(&stripped(&notebook(), strip).unwrap()).unwrap()
    }

    #[test]
    fn outputs_go_where_nobody_keeps_them() {
        let strip = Strip {
            outputs: true,
            ..Strip::default()
        };
        let all = of(&strip);
        let cells = all["cells"].as_array().unwrap();
        assert_eq!(cells[0]["outputs"], json!([]));
        assert_eq!(cells[0]["execution_count"], Value::Null);
        assert_eq!(
            cells[0]["metadata"],
            json!({"tags": ["t"], "mine": {"a": 1, "b": 2}})
        );
        assert_eq!(cells[2]["outputs"][0]["data"], json!({"text/plain": ["2"]}));
        assert_eq!(cells[2]["outputs"][0]["execution_count"], Value::Null);
        assert_eq!(all["metadata"]["widgets"], Value::Null);
        let kept = of(&Strip {
            max_size: 100,
            keep_count: true,
            ..strip
        });
        assert_eq!(kept["cells"][0]["execution_count"], 3);
        assert_eq!(kept["cells"][0]["outputs"][0]["execution_count"], 3);
    }

    #[test]
    fn metadata_go_alone_and_every_rust_kernel_leaves_the_same() {
        let all = of(&Strip {
            extra_keys: vec![
                "cell.metadata.mine.a".parse().unwrap(),
                "metadata.kernelspec.display_name".parse().unwrap(),
            ],
            drop_tagged: vec!["drop".into()],
            drop_empty: true,
            ..Strip::default()
        });
        assert_eq!(all["cells"].as_array().unwrap().len(), 2);
        assert_eq!(all["cells"][0]["execution_count"], 3);
        assert_eq!(
            all["cells"][0]["metadata"],
            json!({"tags": ["t"], "mine": {"b": 2}})
        );
        assert_eq!(
            all["metadata"],
            json!({"kernelspec": {"name": "rust", "language": "rust"},
                "language_info": {"codemirror_mode": "rust", "file_extension": ".rs", "mimetype": "text/rust", "name": "rust", "pygments_lexer": "rust", "version": ""}})
        );
        for bad in ["", "cell", "metadata.", "cell.metadata.a..b", "outputs.x"] {
            assert!(bad.parse::<Key>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_stripped_stays_as_it_is_and_what_is_no_notebook_is_refused() {
        let strip = Strip {
            outputs: true,
            ..Strip::default()
        };
        let once = stripped(&notebook(), &strip).unwrap();
        assert_eq!(stripped(&once, &strip).unwrap(), once);
        let python = notebook()
            .replace("\"rust\"", "\"python\"")
            .replace("\"Rust\"", "\"python\"");
        assert!(stripped(&python, &strip).unwrap().contains("pygment_lexer"));
        for text in ["", "[]", "{\"nbformat\": 3}", "{\"nbformat\": 4}"] {
            assert!(stripped(text, &strip).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_stripped_or_refused(text in ".{0,200}") {
            let _ = stripped(&text, &Strip::default());
        }
    }
}
