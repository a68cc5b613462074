//! Notebooks and cells that were changed at random: whatever they hold, they are read or refused.

use proptest::prelude::*;
use radio_notebook::dialect::CellCode;
use radio_notebook::document::{CellKind, Notebook};
use radio_notebook::program::body::Body;
use radio_notebook::program::definitions::Definitions;
use radio_notebook::program::scope::Scope;
use radio_notebook::program::text::{Attempt, items};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The committed notebooks.
fn committed() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../notebooks");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "ipynb"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
        .iter()
        .map(|path| without_pictures(&std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// A notebook without its outputs, so that what is changed is seldom a picture.
fn without_pictures(text: &str) -> String {
    let mut notebook = Notebook::from_ipynb(text).unwrap();
    notebook.clear_outputs();
    notebook.to_ipynb()
}

/// All that is done with a notebook before it is compiled, and its way back.
fn go_through(notebook: &Notebook) {
    let code = notebook
        .cells
        .iter()
        .filter(|cell| cell.kind == CellKind::Code);
    let parsed: Vec<CellCode> = code
        .filter_map(|cell| {
            let _ = (cell.label(), cell.tags(), cell.outputs());
            CellCode::parse(&cell.source).ok()
        })
        .collect();
    let mut scope = Scope::default();
    for (code, number) in parsed.iter().zip(1..) {
        let definitions = Definitions::of(&scope, number, code);
        let attempt = Attempt {
            stays: number % 2 == 0,
            sees_all: number % 3 == 0,
            ..Attempt::default()
        };
        let text = items(&scope, &definitions, number, &attempt);
        definitions.enter(&mut scope, number, &format!("__c_{number}"), None);
        let body = Body {
            number,
            code,
            commands: &[],
            attempt: &attempt,
        };
        for text in [text, body.write(&scope)] {
            for line in 0..text.source.lines().count() as u32 + 2 {
                let _ = text.map.place(line, 7);
            }
        }
    }
}

/// A value in which what radio adds on writing is there, and text is one string.
fn normal(mut notebook: Value) -> Value {
    let Some(cells) = notebook["cells"].as_array_mut() else {
        return notebook;
    };
    for cell in cells.iter_mut().filter_map(Value::as_object_mut) {
        let source = match cell.get("source") {
            Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => text.clone(),
            _ => String::new(),
        };
        cell.insert("source".into(), source.into());
        cell.entry("metadata")
            .or_insert_with(|| serde_json::json!({}));
        if cell["cell_type"] == "code" {
            cell.entry("outputs")
                .or_insert_with(|| serde_json::json!([]));
            cell.entry("execution_count").or_insert(Value::Null);
        }
        cell.remove("id");
    }
    if let Some(fields) = notebook.as_object_mut() {
        fields
            .entry("metadata")
            .or_insert_with(|| serde_json::json!({}));
    }
    notebook
}

fn assert_survives(text: &str, notebook: &Notebook) {
    let written = notebook.to_ipynb();
    let again = Notebook::from_ipynb(&written).expect("what radio writes, it reads");
    assert_eq!(again.to_ipynb(), written);
    // Repeated keys are not for this comparison to read.
    if let Ok(before) = serde_json::from_str(text) {
        let after = serde_json::from_str(&written).unwrap();
        assert_eq!(normal(before), normal(after));
    }
}

/// The `number`th of the values inside, in reading order.
fn nth<'v>(value: &'v mut Value, number: &mut usize) -> Option<&'v mut Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    match value {
        Value::Array(values) => values.iter_mut().find_map(|v| nth(v, number)),
        Value::Object(fields) => fields.values_mut().find_map(|v| nth(v, number)),
        _ => None,
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[0-9]{1,40}"
            .prop_map(|n| serde_json::from_str(n.trim_start_matches('0')).unwrap_or(Value::Null)),
        "(?s).{0,20}".prop_map(Value::from),
        prop::sample::select(vec![
            "code",
            "markdown",
            "raw",
            "rust",
            "python",
            "4",
            "parameters"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{0,9}", inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Pieces of Rust and of commands, which fit together or not.
const PIECES: [&str; 40] = [
    "let a = 1;",
    "let",
    "fn f() {",
    "}",
    "{",
    "(",
    ")",
    "[",
    "]",
    "?",
    "return",
    ";",
    ",",
    "\n",
    "//",
    "/*",
    "*/",
    "\"",
    "'",
    "'a",
    "r#\"",
    "\"#",
    "use a::{b, self as c};",
    "use ::*;",
    "#![allow(x)]",
    "#[x]",
    ":dep a = \"1\"",
    ":opt",
    "!ls",
    "macro_rules! m { () => {} }",
    "m!",
    "println!(\"{a}\")",
    "λ",
    "\u{feff}",
    "\0",
    "\r\n",
    "1.",
    "|x|",
    "async",
    "#!",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn bytes_may_change(which in any::<prop::sample::Index>(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..6)) {
        let texts = committed();
        let mut bytes = which.get(&texts).clone().into_bytes();
        for (at, byte, how) in changes {
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => drop(bytes.remove(at)),
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ipynb");
        std::fs::write(&path, &bytes).unwrap();
        match Notebook::read(&path) {
            Ok(notebook) => {
                go_through(&notebook);
                assert_survives(&String::from_utf8(bytes).unwrap(), &notebook);
            }
            Err(error) => {
                let said = error.to_string();
                prop_assert!(said.contains("a.ipynb") && !said.contains('\n'), "{}", said);
            }
        }
    }

    #[test]
    fn values_may_change(which in any::<prop::sample::Index>(), changes in prop::collection::vec((0usize..300, any_value()), 1..4)) {
        let texts = committed();
        let mut value: Value = serde_json::from_str(which.get(&texts).as_str()).unwrap();
        for (mut number, new) in changes {
            if let Some(found) = nth(&mut value, &mut number) {
                *found = new;
            }
        }
        let text = value.to_string();
        if let Ok(notebook) = Notebook::from_ipynb(&text) {
            go_through(&notebook);
            assert_survives(&text, &notebook);
        }
    }

    #[test]
    fn notebooks_may_end_anywhere(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let texts = committed();
        let text = which.get(&texts);
        let end = (0..=at.index(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        prop_assert!(Notebook::from_ipynb(&text[..end]).is_err() || text[end..].trim().is_empty());
    }

    #[test]
    fn cells_may_say_anything(pieces in prop::collection::vec(prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..14), 1..5), gap in "[ \n]?") {
        let cells: Vec<Value> = pieces
            .iter()
            .map(|pieces| serde_json::json!({"cell_type": "code", "source": pieces.join(&gap)}))
            .collect();
        let text = serde_json::json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).to_string();
        let notebook = Notebook::from_ipynb(&text).unwrap();
        go_through(&notebook);
        assert_survives(&text, &notebook);
    }

    #[test]
    fn the_sources_of_the_notebooks_may_be_cut_and_joined(which in any::<prop::sample::Index>(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let texts = committed();
        let notebook = Notebook::from_ipynb(which.get(&texts).as_str()).unwrap();
        let all: Vec<char> = notebook.cells.iter().filter(|c| c.kind == CellKind::Code).flat_map(|c| c.source.chars()).collect();
        let (from, to) = (from.index(all.len()), to.index(all.len()));
        let _ = CellCode::parse(&all[from.min(to)..from.max(to)].iter().collect::<String>());
    }
}

#[test]
fn two_thousand_cells_and_a_long_one_take_little() {
    let cells: Vec<Value> = (0..2000)
        .map(|n| serde_json::json!({"cell_type": "code", "source": format!("let v{n} = {n};\nv{n}")}))
        .chain([serde_json::json!({"cell_type": "code", "source": "let a = f(1, 2);\n".repeat(1 << 16)})])
        .collect();
    let text =
        serde_json::json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells});
    let text = text.to_string();
    let notebook = Notebook::from_ipynb(&text).unwrap();
    go_through(&notebook);
    assert_survives(&text, &notebook);
}
