//! The cells of `notebooks/SHOW_YOUR_OWN_TYPE.md` show what the page says.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

const PAGE: &str = include_str!("../../../../notebooks/SHOW_YOUR_OWN_TYPE.md");

/// A cell of the page, and the forms that stand below it.
#[derive(Default)]
struct Block {
    source: String,
    shown: BTreeMap<&'static str, String>,
}

fn blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = PAGE.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            continue;
        };
        let inside: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let text = inside.join("\n");
        let mime = match language {
            "rust" => {
                blocks.push(Block {
                    source: text,
                    ..Block::default()
                });
                continue;
            }
            "text" => "text/plain",
            "html" => "text/html",
            "svg" => "image/svg+xml",
            other => panic!("the page has a block of {other:?}, which no test looks at"),
        };
        let cell = blocks.last_mut().expect("an output has its cell");
        let twice = cell.shown.insert(mime, text).is_some();
        assert!(!twice, "{mime} twice below\n{}", cell.source);
    }
    blocks
}

fn joined(value: &Value) -> String {
    match value {
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().unwrap_or_default().to_owned(),
    }
}

/// Executes the cells as one notebook; returns the outputs of each.
fn executed(blocks: &[Block]) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let root = std::fs::canonicalize(root).unwrap();
    // Inside the workspace, so that the libraries compiled for `radio run` serve here too.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let crates = format!("\"{}/", root.join("crates").display());
    let cells = blocks.iter().map(|block| {
        let source = block.source.replace("\"../crates/", &crates);
        json!({"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": null})
    });
    let notebook = json!({
        "cells": cells.collect::<Vec<_>>(), "metadata": {}, "nbformat": 4, "nbformat_minor": 4
    });
    let path = folder.path().join("page.ipynb");
    std::fs::write(&path, notebook.to_string()).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_radio"))
        .args(["run", "--inplace", "--quiet"])
        .arg(&path)
        .current_dir(&root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    assert!(!said.contains("warning"), "{said}");
    let notebook: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let cells = notebook["cells"].as_array().unwrap().iter();
    cells.map(|cell| cell["outputs"].clone()).collect()
}

#[test]
fn each_cell_of_the_page_shows_what_stands_below_it() {
    let blocks = blocks();
    assert!(blocks.len() > 4, "the page has cells");
    for (block, outputs) in blocks.iter().zip(executed(&blocks)) {
        let outputs = outputs.as_array().unwrap();
        let source = &block.source;
        assert_eq!(outputs.len(), 1, "{source}\nshows {outputs:#?}");
        let data = outputs[0]["data"].as_object().unwrap();
        let texts = data
            .iter()
            .map(|(mime, text)| (mime.as_str(), joined(text).trim_end().to_owned()));
        let mut texts: BTreeMap<&str, String> = texts.collect();
        let is_text_alone = block.shown.keys().all(|mime| *mime == "text/plain");
        if is_text_alone {
            // Of a figure the page shows the text.
            texts.retain(|mime, _| !mime.starts_with("image/"));
        }
        assert_eq!(texts, block.shown, "{source}");
    }
}
