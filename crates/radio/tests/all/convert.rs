//! `radio convert` as its users meet it, and what `radio run` makes of folders with scripts.

use crate::sandbox::*;
use serde_json::{Value, json};

impl Sandbox {
    /// Converts, and returns the exit code and what was said.
    fn convert(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = self.command(&["convert"]);
        let output = command.args(arguments).output().unwrap();
        assert!(output.stdout.is_empty());
        (code(&output), stderr(&output))
    }
}

fn cell(kind: &str, id: &str, source: &str) -> Value {
    let mut cell = json!({"cell_type": kind, "id": id, "metadata": {}, "source": source});
    if kind == "code" {
        cell["execution_count"] = 7.into();
        cell["outputs"] =
            json!([{"output_type": "stream", "name": "stdout", "text": format!("of {id}")}]);
    }
    cell
}

fn notebook(cells: &[Value]) -> String {
    let metadata = json!({
        "kernelspec": {"display_name": "Rust", "language": "rust", "name": "rust"},
        "language_info": {"name": "rust"},
    });
    json!({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).to_string()
}

/// Ids, sources, and the text of the outputs.
fn cells(notebook: &Value) -> Vec<(String, String, String)> {
    let cells = notebook["cells"].as_array().unwrap().iter();
    cells
        .map(|cell| {
            let output = &cell["outputs"][0]["text"];
            (
                cell["id"].as_str().unwrap().to_owned(),
                joined(&cell["source"]),
                joined(output),
            )
        })
        .collect()
}

const SCRIPT: &str = "// ---\n// jupyter:\n//   jupytext:\n//     text_representation:\n//       extension: .rs\n//       format_name: percent\n//       format_version: '1.3'\n//   kernelspec:\n//     display_name: Rust\n//     language: rust\n//     name: rust\n// ---\n\n// %% [markdown]\n// # Title\n\n// %% tags=[\"parameters\"]\n// :dep rand = \"0.10\"\nlet n = 3;\n";

#[test]
fn a_notebook_becomes_a_script_and_comes_back() {
    let sandbox = Sandbox::new();
    let mut code = cell("code", "b", ":dep rand = \"0.10\"\nlet n = 3;");
    code["metadata"] = json!({"tags": ["parameters"], "collapsed": true, "odd key": 1});
    let mut text = cell("markdown", "a", "# Title");
    text["attachments"] = json!({"a.png": {"image/png": "AA=="}});
    sandbox.write("a.ipynb", &notebook(&[text, code]));

    let (exit, said) = sandbox.convert(&["a.ipynb"]);
    assert_eq!(
        (exit, sandbox.names(".")),
        (0, vec!["a.ipynb".to_owned(), "a.rs".to_owned()]),
        "{said}"
    );
    assert_eq!(
        said,
        "a.ipynb -> a.rs: 2 cells\nnot in the script: the outputs of 1 cell; 1 attachment; the metadata \"odd key\"\n"
    );
    assert_eq!(sandbox.read("a.rs"), SCRIPT);

    let (exit, said) = sandbox.convert(&["a.rs", "b.ipynb"]);
    assert_eq!((exit, said.as_str()), (0, "a.rs -> b.ipynb: 2 cells\n"));
    let again = sandbox.notebook("b.ipynb");
    let expected = [
        ("cell-1", "# Title", ""),
        ("cell-2", ":dep rand = \"0.10\"\nlet n = 3;", ""),
    ];
    assert_eq!(
        cells(&again),
        expected.map(|(a, b, c)| (a.into(), b.into(), c.into()))
    );
    assert_eq!(
        again["cells"][1]["metadata"],
        json!({"tags": ["parameters"]})
    );
    assert_eq!(again["metadata"]["jupytext"], Value::Null);

    let first = sandbox.read("b.ipynb");
    assert_eq!(sandbox.convert(&["a.rs", "b.ipynb", "--force"]).0, 0);
    assert_eq!(
        sandbox.read("b.ipynb"),
        first,
        "ids are the same every time"
    );
    assert_eq!(sandbox.convert(&["b.ipynb", "c.rs"]).0, 0);
    assert_eq!(sandbox.read("c.rs"), SCRIPT);
}

#[test]
fn line_ends_that_a_script_cannot_hold_are_named() {
    let sandbox = Sandbox::new();
    for (source, clause) in [
        ("1\n", Some("the blank lines at the end of 1 cell")),
        ("!ls\n", Some("the blank lines at the end of 1 cell")),
        ("1\r\n2", Some("the carriage returns of 1 cell")),
        ("\r\r\n", Some("the carriage returns of 1 cell")),
        ("\r", Some("the carriage returns of 1 cell")),
        (
            "1\r\n",
            Some("the blank lines at the end of 1 cell; the carriage returns of 1 cell"),
        ),
        ("\n", None),
        ("1\n\n", None),
        ("1\n\n2", None),
        ("\n1", None),
        ("", None),
    ] {
        let mut last = cell("code", "last", "2");
        last["outputs"] = json!([]);
        let mut odd = cell("code", "odd", source);
        odd["outputs"] = json!([]);
        sandbox.write("a.ipynb", &notebook(&[odd, last]));
        let (exit, said) = sandbox.convert(&["a.ipynb", "a.rs", "--force"]);
        assert_eq!(exit, 0, "{said}");
        let named = said
            .split_once("not in the script: ")
            .map(|(_, rest)| rest.trim_end());
        assert_eq!(named, clause, "{source:?}");
        // What is not named comes back, and brought up to date the notebook has the rest as well.
        assert_eq!(sandbox.convert(&["a.rs", "b.ipynb", "--force"]).0, 0);
        let comes_back = joined(&sandbox.notebook("b.ipynb")["cells"][0]["source"]) == source;
        assert_eq!(comes_back, clause.is_none(), "{source:?}");
        assert_eq!(sandbox.convert(&["a.rs", "a.ipynb", "--update"]).0, 0);
        let kept = sandbox.notebook("a.ipynb");
        assert_eq!(joined(&kept["cells"][0]["source"]), source);
    }
}

#[test]
fn nothing_is_overwritten_unasked_and_nothing_unusable_is_written() {
    let sandbox = Sandbox::new();
    sandbox.write("a.ipynb", &notebook(&[cell("code", "a", "1")]))
        .write("falls_apart.ipynb", &notebook(&[cell("code", "a", "1"), cell("markdown", "b", "x\n%% y")]))
        .write("broken.ipynb", "{")
        .write("light.rs", "// ---\n// jupyter:\n//   jupytext:\n//     text_representation: {format_name: light}\n// ---\n")
        .write("there.rs", "mine")
        .write("there.ipynb", "mine")
        .write("notes.txt", "x");
    std::fs::create_dir(sandbox.path("folder.rs")).unwrap();
    let before = sandbox.names(".");
    for (arguments, reason) in [
        (
            &["a.ipynb", "there.rs"][..],
            "there.rs: this file is there already; --force",
        ),
        (&["light.rs", "there.ipynb"], "--update keeps the outputs"),
        (&["a.ipynb", "there.rs", "--update"], "this is a script"),
        (
            &["a.ipynb", "folder.rs", "--force"],
            "folder.rs: this is a folder",
        ),
        (
            &["a.ipynb", "b.ipynb"],
            "b.ipynb: this is a notebook, and so is a.ipynb",
        ),
        (&["light.rs", "b.rs"], "b.rs: this is a script"),
        (
            &["notes.txt"],
            "notes.txt: radio converts notebooks (.ipynb) and percent scripts (.rs)",
        ),
        (&["a.ipynb", "b.py"], "b.py: radio converts"),
        (&["missing.ipynb"], "missing.ipynb: reading failed"),
        (&["broken.ipynb"], "broken.ipynb: this is not a notebook"),
        (&["light.rs"], "format \"light\""),
        (
            &["falls_apart.ipynb"],
            "falls_apart.ipynb: cell 2 cannot be written as it is: its line `// %% y`",
        ),
        (
            &["a.ipynb", "there.rs", "--update", "--force"],
            "cannot be used with",
        ),
    ] {
        let (exit, said) = sandbox.convert(arguments);
        assert_eq!(exit, 2, "{arguments:?}: {said}");
        assert!(said.contains(reason), "{arguments:?}: {said}");
        assert_eq!(sandbox.names("."), before);
    }
    assert_eq!(
        (sandbox.read("there.rs"), sandbox.read("there.ipynb")),
        ("mine".into(), "mine".into())
    );
    assert_eq!(sandbox.convert(&["a.ipynb", "there.rs", "--force"]).0, 0);
    assert!(sandbox.read("there.rs").ends_with("// %%\n1\n"));
}

#[test]
fn an_update_keeps_what_the_script_does_not_hold() {
    let sandbox = Sandbox::new();
    let mut picture = cell("markdown", "picture", "![](attachment:a.png)");
    picture["attachments"] = json!({"a.png": {"image/png": "AA=="}});
    let mut kept = cell("code", "kept", "let n = 1;\n");
    kept["metadata"] = json!({"collapsed": true, "tags": ["old"]});
    let cells_before = [
        picture,
        kept,
        cell("code", "edited", "n + 1"),
        cell("code", "moved", "n"),
        cell("code", "gone", "2"),
    ];
    sandbox.write("a.ipynb", &notebook(&cells_before));
    assert_eq!(sandbox.convert(&["a.ipynb"]).0, 0);

    // Nothing was edited: the notebook is as it was.
    let (exit, said) = sandbox.convert(&["a.rs", "--update"]);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("5 of them"), "{said}");
    let before: Value = serde_json::from_str(&notebook(&cells_before)).unwrap();
    assert_eq!(cells(&sandbox.notebook("a.ipynb")), cells(&before));
    assert_eq!(sandbox.notebook("a.ipynb")["metadata"], before["metadata"]);

    let head: String = SCRIPT
        .split_inclusive('\n')
        .take_while(|line| !line.starts_with("// %%"))
        .collect();
    let body = "// %% [markdown]\n// # New\n\n// %%\nn\n\n// %% [markdown]\n// ![a picture](attachment:a.png)\n\n// %% tags=[\"new\"]\nlet n = 1;\n\n// %%\nn + 2\n";
    sandbox.write("a.rs", &(head + body));
    let (exit, said) = sandbox.convert(&["a.rs", "a.ipynb", "--update"]);
    assert_eq!(exit, 0, "{said}");
    let after = sandbox.notebook("a.ipynb");
    let expected = [
        ("cell-1", "# New", ""),
        ("moved", "n", "of moved"),
        ("picture", "![a picture](attachment:a.png)", ""),
        ("kept", "let n = 1;\n", "of kept"),
        ("edited", "n + 2", ""),
    ];
    assert_eq!(
        cells(&after),
        expected.map(|(a, b, c)| (a.into(), b.into(), c.into()))
    );
    assert_eq!(
        after["cells"][3]["metadata"],
        json!({"collapsed": true, "tags": ["new"]})
    );
    assert!(after["cells"][2]["attachments"]["a.png"].is_object());
    assert_eq!(after["cells"][4]["execution_count"], Value::Null);
    assert_eq!(after["metadata"]["language_info"], json!({"name": "rust"}));

    // Where there is no notebook yet, a new one is written.
    assert_eq!(sandbox.convert(&["a.rs", "new.ipynb", "--update"]).0, 0);
    // A notebook that cannot be read is not lost.
    sandbox.write("broken.ipynb", "{");
    assert_eq!(sandbox.convert(&["a.rs", "broken.ipynb", "--update"]).0, 2);
    assert_eq!(sandbox.read("broken.ipynb"), "{");
}

#[test]
fn a_folder_offers_its_scripts_and_no_other_rust() {
    let sandbox = Sandbox::new();
    sandbox
        .write(
            "paired.ipynb",
            &notebook(&[cell("code", "a", "println!(\"notebook\");")]),
        )
        .write("paired.rs", "// %%\nprintln!(\"its script\");\n")
        .write(
            "script.rs",
            "// ---\n// title: x\n// ---\n\n// %% A script\nprintln!(\"script\");\n",
        )
        .write("main.rs", "fn main() {}\n// %%\nprintln!(\"main\");\n")
        .write("latin.rs", "")
        .write("notes.txt", "// %%\n");
    std::fs::write(sandbox.path("latin.rs"), b"// %%\n// \xe9\n").unwrap();
    let run = sandbox.run(&["."]);
    assert!(run.status.success(), "{}", stderr(&run));
    let mut outputs = sandbox.names("out");
    outputs.retain(|name| name != "figures");
    assert_eq!(outputs, ["paired.ipynb", "script.ipynb"]);
    assert!(sandbox.read("out/paired.ipynb").contains("notebook\\n"));

    let empty = Sandbox::new();
    empty.write("main.rs", "fn main() {}\n");
    let run = empty.run(&["."]);
    assert_eq!(run.status.code(), Some(2));
    assert!(stderr(&run).contains("no percent script"));
}
