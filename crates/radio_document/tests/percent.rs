//! The percent format against jupytext: the files in tests/percent/ were made by scripts/golden/percent.py.

use proptest::prelude::*;
use radio_document::document::{Cell, CellKind, Notebook};
use radio_document::percent;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// Where our text is another than jupytext's: the file, its line, our line (none: the line is not ours), and why.
const WRITTEN_OTHERWISE: [(&str, &str, Option<&str>, &str); 5] = [
    (
        "odd_options",
        "// %% a=b",
        Some(r#"// %% title="a=b""#),
        "jupytext would read metadata",
    ),
    (
        "odd_options",
        "// %% lone",
        Some("// %% lone=null"),
        "jupytext would read a title",
    ),
    (
        "odd_options",
        "// %%%%",
        Some("// %%%% "),
        "jupytext would not see a cell",
    ),
    ("unicode", "// -*- coding: utf-8 -*-", None, "Rust is UTF-8"),
    (
        "odd_sources",
        "a\nb",
        Some("a\u{c}b"),
        "a form feed does not end a line",
    ),
];

/// Scripts of which jupytext reads other cells than those they were written from, as `odd_sources` in the recipe says.
const READ_OTHERWISE: [&str; 1] = ["odd_sources"];

fn golden(ending: &str) -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/percent");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut found: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|e| e == ending))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    found.sort();
    assert!(found.len() > 10, "the golden files are there");
    found
}

fn read_json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What a script holds of a notebook, in the form of the golden files: cells and metadata.
fn held(notebook: &Notebook) -> (Vec<Value>, Value) {
    let all = read_json(&notebook.to_ipynb());
    let cells = all["cells"].as_array().unwrap().iter().map(|cell| {
        let lines = cell["source"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
        json!({"cell_type": cell["cell_type"], "metadata": cell["metadata"], "source": lines.collect::<String>()})
    });
    (cells.collect(), all["metadata"].clone())
}

#[test]
fn what_we_write_is_what_jupytext_writes() {
    for (name, path) in golden("ipynb") {
        let mut theirs = std::fs::read_to_string(path.with_extension("rs")).unwrap();
        // The version of jupytext is jupytext's to write.
        theirs = theirs
            .split_inclusive('\n')
            .filter(|line| !line.contains("jupytext_version: "))
            .collect();
        for (_, their_line, our_line, why) in
            WRITTEN_OTHERWISE.iter().filter(|(file, ..)| *file == name)
        {
            let line = format!("\n{their_line}\n");
            assert!(theirs.contains(&line), "{name}: no longer different: {why}");
            theirs = theirs.replace(
                &line,
                &our_line.map_or("\n".into(), |ours| format!("\n{ours}\n")),
            );
        }
        let ours = percent::write(&Notebook::read(&path).unwrap()).unwrap();
        assert_eq!(ours, theirs, "{name}");
    }
}

#[test]
fn what_we_read_is_what_jupytext_reads() {
    for (name, path) in golden("json") {
        let theirs = read_json(&std::fs::read_to_string(&path).unwrap());
        let (cells, mut metadata) = held(&Notebook::read(&path.with_extension("rs")).unwrap());
        let same = theirs["cells"].as_array().unwrap() == &cells;
        assert_eq!(
            same,
            !READ_OTHERWISE.contains(&name.as_str()),
            "{name}: {cells:#?}"
        );
        // A notebook of ours has a kernel in any case.
        let mut their_metadata = theirs["metadata"].clone();
        for key in ["kernelspec", "language_info"] {
            if their_metadata.get(key).is_none() {
                assert!(
                    metadata.as_object_mut().unwrap().remove(key).is_some(),
                    "{name}"
                );
            }
        }
        if let Some(section) = their_metadata["jupytext"].as_object_mut() {
            section.remove("main_language");
            section.remove("encoding");
            if section.is_empty() {
                their_metadata.as_object_mut().unwrap().remove("jupytext");
            }
        }
        assert_eq!(metadata, their_metadata, "{name}");
    }
}

#[test]
fn what_jupytext_loses_comes_back() {
    for (name, path) in golden("ipynb") {
        let before = Notebook::read(&path).unwrap();
        let after = percent::read(&percent::write(&before).unwrap()).unwrap();
        let sources = |notebook: &Notebook| -> Vec<(CellKind, String)> {
            let cells = notebook.cells.iter();
            // Blank lines at the end of code are the format's own.
            cells
                .map(|cell| {
                    (
                        cell.kind,
                        if cell.kind == CellKind::Code {
                            cell.source.trim_end().to_owned()
                        } else {
                            cell.source.clone()
                        },
                    )
                })
                .collect()
        };
        assert_eq!(sources(&before), sources(&after), "{name}");
    }
}

#[test]
fn the_committed_notebooks_and_scripts_come_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = 0;
    for folder in ["notebooks", "scripts"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|e| e != "ipynb" && e != "rs") {
                continue;
            }
            let before = Notebook::read(&path).unwrap();
            let text = percent::write(&before).unwrap();
            let after = percent::read(&text).unwrap();
            assert_eq!(held(&before).0, held(&after).0, "{}", path.display());
            if folder == "scripts" {
                // For the REPL, which reads no comments, their commands stand bare.
                assert_eq!(
                    text.replace("\n// :", "\n:"),
                    std::fs::read_to_string(&path).unwrap(),
                    "{}",
                    path.display()
                );
            }
            found += 1;
        }
    }
    assert!(found >= 4);
}

#[test]
fn a_cell_that_would_fall_apart_is_refused_by_name() {
    for (kind, source) in [
        (CellKind::Code, "let s = \"\n// %% x\n\";"),
        (CellKind::Code, "1\n  //%%%\tx"),
        (CellKind::Markdown, "text\n%% comment"),
        (CellKind::Raw, "%%"),
    ] {
        let cells = vec![Cell::new(CellKind::Code, "1"), Cell::new(kind, source)];
        let why = percent::write(&Notebook::new(cells, Map::new())).unwrap_err();
        assert!(why.starts_with("cell 2 ") && why.contains("%%"), "{why}");
    }
}

#[test]
fn what_is_not_a_percent_script_is_refused_with_the_reason() {
    let header = |yaml: &str| format!("// ---\n// jupyter:\n{yaml}\n// ---\n\n// %%\n1\n");
    for (yaml, reason) in [
        (
            "//   jupytext:\n//     text_representation:\n//       format_name: light",
            "format \"light\"",
        ),
        ("//   a: [1", "lines 2 to 3"),
        ("//   - a", "key: value"),
        (
            "//   kernelspec:\n//     language: python\n//     name: python3",
            "python",
        ),
    ] {
        let why = percent::read(&header(yaml)).unwrap_err();
        assert!(why.contains(reason) && !why.contains('\n'), "{why}");
    }
}

#[test]
fn scripts_are_told_from_other_rust_files() {
    for text in [
        "// %%\n1",
        "\u{feff}#!/usr/bin/env x\n// ---\n// a\n// ---\n\n//%% x\n",
    ] {
        assert!(percent::is_script(text), "{text}");
    }
    for text in [
        "",
        "//! Docs.\n",
        "fn main() {}\n// %%\n",
        "/* a */\n// %%",
        "// %%x\n",
    ] {
        assert!(!percent::is_script(text), "{text}");
    }
}

#[test]
fn marks_and_line_ends_of_other_systems_are_taken_away() {
    let cells = percent::read("\u{feff}// %% [markdown]\r\n// a\r\n\r\n// %%\r\n1\r\n2")
        .unwrap()
        .cells;
    let sources: Vec<_> = cells.iter().map(|cell| cell.source.as_str()).collect();
    assert_eq!(sources, ["a", "1\n2"]);
}

/// A value as metadata has them.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[ -~é🦀\n]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[ -~]{0,5}", inner, 0..3)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

fn any_cell() -> impl Strategy<Value = Cell> {
    let line = prop_oneof![
        4 => "[ -~]{0,12}",
        1 => "(// |//){0,2}(:dep x|\\+ x|%%bash|```|---|jupyter:|%% )",
        1 => "[^\r\n]{0,8}",
        1 => Just(String::new()),
    ];
    let source = prop::collection::vec(line, 0..5);
    let kind = prop_oneof![
        Just(CellKind::Code),
        Just(CellKind::Markdown),
        Just(CellKind::Raw)
    ];
    let key = prop_oneof!["title", "name", "[a-zA-Z0-9_.@/-]{1,6}"];
    let tags = prop::collection::vec("[a-z-]{1,6}|active-(ipynb|rs|py)", 1..3);
    let metadata = prop::collection::btree_map(key, any_value(), 0..3);
    (kind, source, metadata, prop::option::weighted(0.2, tags)).prop_map(
        |(kind, source, metadata, tags)| {
            let mut cell = Cell::new(kind, source.join("\n"));
            for (key, value) in metadata {
                cell.set_metadata(&key, value);
            }
            if let Some(tags) = tags {
                cell.set_metadata("tags", tags.into());
            }
            cell
        },
    )
}

proptest! {
    #[test]
    fn a_notebook_comes_back(cells in prop::collection::vec(any_cell(), 0..5), is_json: bool, orphan in any_value()) {
        let metadata = json!({
            "kernelspec": {"display_name": "Rust", "language": "rust", "name": "rust"},
            "language_info": {
                "codemirror_mode": "rust", "file_extension": ".rs", "mimetype": "text/rust", "name": "rust", "pygments_lexer": "rust", "version": "",
            },
            "jupytext": {"cell_metadata_json": is_json, "formats": "ipynb,rs:percent"},
            "orphan": orphan,
        });
        let before = Notebook::new(cells, metadata.as_object().unwrap().clone());
        // What a script cannot hold is refused, not changed.
        if let Ok(text) = percent::write(&before) {
            let after = percent::read(&text).unwrap();
            let (mut cells, metadata) = held(&before);
            let (again, metadata_again) = held(&after);
            prop_assert_eq!(cells.len(), again.len());
            for (before, after) in cells.iter_mut().zip(again) {
                let code = before["cell_type"] != "markdown";
                let source = |cell: &Value| {
                    let source = cell["source"].as_str().unwrap();
                    if code { source.trim_end().to_owned() } else { source.to_owned() }
                };
                prop_assert_eq!(source(before), source(&after));
                prop_assert_eq!(&before["cell_type"], &after["cell_type"]);
                let mut metadata = after["metadata"].clone();
                metadata.as_object_mut().unwrap().remove("lines_to_next_cell");
                prop_assert_eq!(&before["metadata"], &metadata);
            }
            prop_assert_eq!(metadata, metadata_again);
        } else {
            let sources = before.cells.iter().map(|cell| &cell.source);
            prop_assert!(sources.clone().any(|source| source.contains("%%") || source.contains("```") || source.contains("---")), "{:?}", percent::write(&before));
        }
    }

    #[test]
    fn any_script_is_read_and_then_stays(text in any_script()) {
        let Ok(first) = percent::read(&text) else { return Ok(()) };
        let Ok(written) = percent::write(&first) else { return Ok(()) };
        let second = percent::read(&written).unwrap();
        prop_assert_eq!(held(&first), held(&second), "{}", written);
        prop_assert_eq!(percent::write(&second).unwrap(), written);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
        let _ = percent::is_script(&text);
        let _ = percent::read(&text);
    }
}

/// Text that looks like a script.
fn any_script() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        Just("// %%".to_owned()),
        Just("// ---".to_owned()),
        Just("// jupyter:".to_owned()),
        "//[ ]?%%%?( [a-zA .]{0,4})?( \\[(markdown|raw|md)\\])?( [a-d.-]{1,2}=([0-9]|\"[a-z={]{0,3}\"|null))?( \\{.{0,3}| active=\"(rs|ipynb|)\")?",
        "//   [a-z]{1,8}: [ -~]{0,8}",
        "(// |//){0,2}(:dep x|\\+ x|%%bash|```|text|#)",
        "[ -~]{0,10}",
        "[ \t]{0,2}",
    ];
    prop::collection::vec(line, 0..14).prop_map(|lines| lines.join("\n"))
}
