//! `radio export` as its users meet it: where files go, what is in them, and what is refused.

use crate::sandbox::*;
use serde_json::{Value, json};

impl Sandbox {
    /// Exports, and returns the exit code and what was said.
    fn export(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = self.command(&["export"]);
        // No mdBook: it is not everywhere, and takes its time.
        command.env("PATH", "/nowhere").args(arguments);
        let output = command.output().unwrap();
        assert!(output.stdout.is_empty());
        (code(&output), stderr(&output))
    }
}

fn markdown(source: &str) -> Value {
    json!({"cell_type": "markdown", "metadata": {}, "source": source})
}

fn code_cell(source: &str, outputs: Value) -> Value {
    json!({"cell_type": "code", "metadata": {}, "source": source, "outputs": outputs, "execution_count": 1})
}

fn notebook(cells: &[Value]) -> String {
    json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).to_string()
}

/// Prose, a table, a figure.
fn lesson() -> String {
    let table = "<table><tr><th>name</th><th>n</th></tr><tr><td>a</td><td>1.5</td></tr></table>";
    notebook(&[
        markdown(
            "# A lesson\n\nOn $x^2$; see [part two](#Part-two), [the other](b.ipynb#b) and [a file](../secret.txt).",
        ),
        code_cell(
            "let x = 2;\nx * x",
            json!([
                {"output_type": "stream", "name": "stdout", "text": "printed\n"},
                {"output_type": "display_data", "metadata": {}, "data": {"text/html": table, "text/plain": "a table"}},
                {"output_type": "display_data", "metadata": {}, "data": {"image/svg+xml": "<svg xmlns='http://www.w3.org/2000/svg'/>", "text/plain": "a plot"}},
            ]),
        ),
        markdown("## Part two"),
    ])
}

#[test]
fn files_go_beside_the_notebook_or_where_they_are_sent() {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.ipynb", &lesson())
        .write("b.ipynb", &notebook(&[markdown("# B")]));
    assert_eq!(
        sandbox.export(&["a.ipynb"]),
        (0, "a.ipynb -> a.html\n".into())
    );
    assert_eq!(sandbox.export(&["a.ipynb", "--to", "slides"]).0, 0);
    assert_eq!(
        sandbox.export(&["a.ipynb", "--to", "markdown"]),
        (0, "a.ipynb -> a.md, 1 figure file\n".into())
    );
    assert_eq!(sandbox.export(&[".", "--output", "site"]).0, 0);
    assert_eq!(sandbox.export(&["a.ipynb", "--output", "site/c.html"]).0, 0);
    assert_eq!(
        sandbox.names("."),
        [
            "a.html",
            "a.ipynb",
            "a.md",
            "a.slides.html",
            "a_files",
            "b.ipynb",
            "site"
        ]
    );
    assert_eq!(sandbox.names("a_files"), ["a_1_2.svg"]);
    assert_eq!(sandbox.names("site"), ["a.html", "b.html", "c.html"]);

    let page = sandbox.read("site/a.html");
    for part in [
        "<title>A lesson</title>",
        "<li class=\"level-2\"><a href=\"#part-two\">Part two</a></li>",
        "<section class=\"cell code\" id=\"cell-1\">",
        "<span class=\"k\">let</span>",
        "<td class=\"num\">1.5</td>",
        "<msup>",
        "alt=\"a plot\"",
        "see <a href=\"#part-two\">part two</a>, <a href=\"b.html#b\">the other</a> and a file.",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    // What is exported alone has nothing to link to.
    assert!(
        sandbox
            .read("a.html")
            .contains("</a>, the other and a file.")
    );
    let text = sandbox.read("a.md");
    assert!(
        text.contains("```rust\nlet x = 2;\nx * x\n```\n\n    printed\n"),
        "{text}"
    );
    assert!(text.contains("![a plot](a_files/a_1_2.svg)"), "{text}");

    assert_eq!(sandbox.export(&["a.ipynb", "--no-code"]).0, 0);
    let page = sandbox.read("a.html");
    assert!(
        !page.contains("<span class=\"k\">let</span>") && page.contains("printed"),
        "{page}"
    );
}

#[test]
fn hidden_tests_stay_hidden() {
    let sandbox = Sandbox::new();
    let test = "assert!(shown);\n// BEGIN HIDDEN TESTS\nassert!(secret);\n// END HIDDEN TESTS\n";
    sandbox.write("a.ipynb", &notebook(&[code_cell(test, json!([]))]));
    for format in ["html", "slides", "markdown"] {
        let ended = sandbox.export(&["a.ipynb", "--to", format, "--output", "site"]);
        assert_eq!(ended.0, 0, "{}", ended.1);
    }
    for name in ["site/a.html", "site/a.slides.html", "site/a.md"] {
        let text = sandbox.read(name);
        assert!(text.contains("shown") && !text.contains("secret"), "{text}");
    }
}

#[test]
fn a_figure_that_is_gone_is_removed_and_what_is_not_ours_stays() {
    let sandbox = Sandbox::new();
    sandbox.write("a.ipynb", &lesson());
    std::fs::create_dir(sandbox.path("a_files")).unwrap();
    sandbox
        .write("a_files/a_7_0.png", "old")
        .write("a_files/a_plan.png", "mine")
        .write("a_files/a_7_0", "mine");
    assert_eq!(sandbox.export(&["a.ipynb", "--to", "markdown"]).0, 0);
    assert_eq!(
        sandbox.names("a_files"),
        ["a_1_2.svg", "a_7_0", "a_plan.png"]
    );
}

#[test]
fn a_book_has_a_page_a_notebook_and_leaves_its_settings_to_the_reader() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("notebooks")).unwrap();
    sandbox.write("notebooks/a.ipynb", &lesson()).write(
        "notebooks/b c.ipynb",
        &notebook(&[markdown("# B *and* [C]")]),
    );
    let (exit, said) = sandbox.export(&["notebooks", "--to", "book"]);
    assert!(
        exit == 0 && said.contains("mdbook is not installed"),
        "{said}"
    );
    assert_eq!(
        sandbox.names("out/book"),
        ["book.toml", "radio.css", "radio.js", "src"]
    );
    assert_eq!(
        sandbox.names("out/book/src"),
        ["SUMMARY.md", "a.md", "a_files", "b c.md"]
    );
    assert_eq!(
        sandbox.read("out/book/src/SUMMARY.md"),
        "# Summary\n\n- [A lesson](a.md)\n- [B and &#91;C&#93;](b%20c.md)\n"
    );
    let page = sandbox.read("out/book/src/a.md");
    assert!(
        page.contains("# A lesson {#a-lesson}\n") && page.contains("## Part two {#part-two}\n"),
        "{page}"
    );
    assert!(
        page.contains("<img class=\"figure\" src=\"a_files/a_1_0.svg\" alt=\"a plot\">"),
        "{page}"
    );
    // Exercises below it belong to it, with solutions that open.
    std::fs::create_dir(sandbox.path("notebooks/exercises")).unwrap();
    let solution = "// BEGIN SOLUTION\n6 * 7\n// END SOLUTION";
    sandbox.write(
        "notebooks/exercises/a.ipynb",
        &notebook(&[code_cell(solution, json!([]))]),
    );
    assert_eq!(sandbox.export(&["notebooks", "--to", "book"]).0, 0);
    let page = sandbox.read("out/book/src/exercises-a.md");
    assert!(
        page.contains("<details><summary>A solution</summary><pre"),
        "{page}"
    );
    sandbox.write("out/book/book.toml", "[book]\ntitle = \"Mine\"\n");
    assert_eq!(sandbox.export(&["notebooks", "--to", "book"]).0, 0);
    assert_eq!(
        sandbox.read("out/book/book.toml"),
        "[book]\ntitle = \"Mine\"\n"
    );
}

#[test]
fn what_cannot_be_done_is_said_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.ipynb", &lesson())
        .write("b.ipynb", &lesson())
        .write("broken.ipynb", "{")
        .write("taken", "mine");
    std::fs::create_dir_all(sandbox.path("other/sub")).unwrap();
    sandbox.write("other/a.ipynb", &lesson());
    let before = sandbox.names(".");
    for (arguments, reason) in [
        (
            &["a.ipynb", "b.ipynb", "--output", "x.html"][..],
            "2 notebooks do not go into one file",
        ),
        (
            &["a.ipynb", "other/a.ipynb", "--output", "x"],
            "would both become x/a.html",
        ),
        (&["a.ipynb", "--to", "pdf"], "a PDF is printed by Chromium"),
        (&["a.ipynb", "--to", "docx"], "invalid value 'docx'"),
        (
            &["a.ipynb", "--to", "book", "--output", "other"],
            "it is no book",
        ),
        (&["a.ipynb", "--output", "taken"], "taken"),
        (&["broken.ipynb"], "broken.ipynb: this is not a notebook"),
        (
            &["a.ipynb", "broken.ipynb", "--output", "x"],
            "broken.ipynb: this is not a notebook",
        ),
        (&["missing.ipynb"], "missing.ipynb: there is no such file"),
        (&[], "NOTEBOOK"),
    ] {
        let (exit, said) = sandbox.export(arguments);
        assert!(
            exit == 2 && said.contains(reason),
            "{arguments:?}: {exit} {said}"
        );
        assert_eq!(sandbox.names("."), before, "{arguments:?}");
    }
}

#[test]
fn cells_can_run_first_and_a_failure_exports_nothing() {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.ipynb", &notebook(&[code_cell("6 * 7", json!([]))]))
        .write(
            "b.ipynb",
            &notebook(&[code_cell("panic!(\"as planned\")", json!([]))]),
        );
    let before = sandbox.read("a.ipynb");
    let export = |name: &str| {
        let mut command = sandbox.command(&["export", name, "--execute"]);
        let output = command.output().unwrap();
        (code(&output), stderr(&output))
    };
    let (exit, said) = export("a.ipynb");
    assert_eq!(exit, 0, "{said}");
    assert!(
        sandbox
            .read("a.html")
            .contains("<pre class=\"text\">42</pre>")
    );
    assert_eq!(
        sandbox.read("a.ipynb"),
        before,
        "the notebook stays as it is"
    );
    let (exit, said) = export("b.ipynb");
    assert!(
        exit == 1 && said.contains("b.ipynb cell 1") && said.contains("as planned"),
        "{said}"
    );
    assert_eq!(sandbox.names("."), ["a.html", "a.ipynb", "b.ipynb"]);
}

#[test]
fn a_browser_that_hangs_or_fails_leaves_nothing_behind() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    sandbox.write("a.ipynb", &lesson());
    std::fs::create_dir(sandbox.path("cache")).unwrap();
    let browser = |text: &str| {
        sandbox.write("browser", &format!("#!/bin/sh\n{text}\n"));
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(sandbox.path("browser"), mode).unwrap();
        let mut command = sandbox.command(&["export", "a.ipynb", "--to", "pdf"]);
        command
            .env("CHROME", sandbox.path("browser"))
            .env("XDG_CACHE_HOME", sandbox.path("cache"));
        command
    };
    let output = browser("echo [1:2] no display >&2; exit 3")
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(code(&output), 2, "{said}");
    assert!(
        said.contains("it printed nothing") && said.contains("no display"),
        "{said}"
    );

    let child = browser("sleep 1000 & echo $! > process; wait")
        .spawn()
        .unwrap();
    wait_for("the browser", || {
        std::fs::read_to_string(sandbox.path("process")).is_ok_and(|text| text.ends_with('\n'))
    });
    let process = sandbox.read("process");
    assert!(is_alive(process.trim()));
    send("-INT", &child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    wait_for("its end", || !is_alive(process.trim()));

    let mut command = browser("exit 0");
    let output = command.env("CHROME", "/nowhere/chrome").output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("there is no program /nowhere/chrome"));
    assert_eq!(
        sandbox.names("."),
        ["a.ipynb", "browser", "cache", "process"]
    );
    assert!(
        sandbox.names("cache/radio").is_empty(),
        "{:?}",
        sandbox.names("cache/radio")
    );
}
