//! `radio check` as its users meet it: notebooks with stored outputs, and what the program says of them.

use crate::sandbox::*;
use serde_json::{Value, json};
use std::process::{Command, Output};

impl Sandbox {
    /// `radio` where nothing asks for colours.
    fn uncoloured(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command.env_remove("CLICOLOR_FORCE");
        command
    }

    fn radio(&self, arguments: &[&str]) -> Output {
        self.uncoloured(arguments).output().unwrap()
    }

    /// Checks `a.ipynb`: the exit code and what was said on stdout.
    fn check(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.radio(&[&["check", "a.ipynb"], arguments].concat());
        (code(&output), stdout(&output))
    }
}

/// A cell as if it had been executed.
fn cell(tags: &[&str], source: &str, outputs: Value) -> Value {
    json!({"cell_type": "code", "execution_count": 7, "metadata": {"tags": tags}, "outputs": outputs, "source": source})
}

fn printed(text: &str) -> Value {
    json!({"output_type": "stream", "name": "stdout", "text": text})
}

fn shown(data: Value) -> Value {
    json!({"output_type": "execute_result", "execution_count": 7, "metadata": {}, "data": data})
}

fn notebook_with(metadata: Value, cells: &[Value]) -> String {
    json!({"cells": cells, "metadata": {"radio": metadata}, "nbformat": 4, "nbformat_minor": 4})
        .to_string()
}

fn notebook(cells: &[Value]) -> String {
    notebook_with(json!({}), cells)
}

const SHOW_PNG: &str = r#"println!("EVCXR_BEGIN_CONTENT image/png\nAAECAw==\nEVCXR_END_CONTENT");
println!("EVCXR_BEGIN_CONTENT text/plain\na figure\nEVCXR_END_CONTENT");"#;

#[test]
fn what_is_equal_is_said_in_one_line_and_changes_no_file() {
    let sandbox = Sandbox::new();
    let text = notebook(&[
        json!({"cell_type": "markdown", "metadata": {}, "source": "# Title"}),
        cell(&[], "", json!([])),
        // Counts, kinds, chunks and the place of stderr are not what is compared.
        cell(
            &[],
            "println!(\"a\"); eprintln!(\"x\"); println!(\"b\"); 1 + 1",
            json!([printed("a\n"), printed("b\n"), shown(json!({"text/plain": ["2"]})),
                   {"output_type": "stream", "name": "stderr", "text": ["x\n"]}]),
        ),
        cell(&[], "let quiet = 1;", json!([])),
        cell(
            &[],
            SHOW_PNG,
            json!([shown(
                json!({"image/png": "AAEC\nAw==\n", "text/plain": "a figure"})
            )]),
        ),
    ]);
    sandbox.write("a.ipynb", &text);
    let (code, said) = sandbox.check(&[]);
    assert_eq!((code, said.as_str()), (0, "a: 3 cells equal\n"));
    assert_eq!(sandbox.check(&["--update"]), (0, said));
    assert_eq!(sandbox.check(&["--quiet"]), (0, String::new()));
    assert_eq!(sandbox.read("a.ipynb"), text);
    assert_eq!(sandbox.names("."), ["a.ipynb"]);
}

#[test]
fn differences_are_shown_cell_by_cell() {
    let sandbox = Sandbox::new();
    let lines = |changed: &str| {
        let lines = (1..=9).map(|n| {
            if n == 5 {
                changed.to_owned()
            } else {
                n.to_string()
            }
        });
        lines.map(|line| line + "\n").collect::<String>()
    };
    let text = notebook(&[
        cell(
            &[],
            "for n in 1..10 { println!(\"{n}\"); }",
            json!([printed(&lines("five"))]),
        ),
        cell(
            &[],
            "//| label: sum\n1 + 1",
            json!([shown(json!({"text/plain": "3"}))]),
        ),
        cell(&[], "println!(\"new\");", json!([])),
        cell(&[], "let silent = 0;", json!([printed("gone\n")])),
        cell(&[], "3", json!([shown(json!({"text/plain": "3"}))])),
        cell(
            &[],
            SHOW_PNG,
            json!([shown(
                json!({"image/png": "AAEC", "text/plain": "a figure"})
            )]),
        ),
    ]);
    sandbox.write("a.ipynb", &text);
    assert_eq!(
        sandbox.check(&[]),
        (
            1,
            "\
a cell 1, stdout differs
--- stored
+++ now
@@ -2,7 +2,7 @@
 2
 3
 4
-five
+5
 6
 7
 8
a cell 2 (sum), output 1, text/plain differs
--- stored
+++ now
@@ -1 +1 @@
-3 (no line end)
+2 (no line end)
a cell 3, stdout is new: nothing is stored
--- stored
+++ now
@@ -0,0 +1 @@
+new
a cell 4, stdout is stored, and does not come now
--- stored
+++ now
@@ -1 +0,0 @@
-gone
a cell 6, output 1, image/png differs (3 bytes stored, 4 now)
To see the images of now: `radio run a.ipynb` writes them into out/figures.
a: 5 of 6 cells differ
"
            .to_owned()
        )
    );
    assert_eq!(
        sandbox.check(&["--quiet"]),
        (1, "a: 5 of 6 cells differ\n".to_owned())
    );
    assert_eq!(sandbox.read("a.ipynb"), text);
}

#[test]
fn images_may_be_compared_by_presence() {
    let sandbox = Sandbox::new();
    let stored = |text: &str| json!([shown(json!({"image/png": "AAEC", "text/plain": text}))]);
    let by_tag = cell(&["radio-images-by-presence"], SHOW_PNG, stored("a figure"));
    sandbox.write("a.ipynb", &notebook(&[by_tag]));
    assert_eq!(sandbox.check(&[]).0, 0);
    let plain = cell(&[], SHOW_PNG, stored("a figure"));
    let by_metadata = json!({"images": "presence"});
    sandbox.write("a.ipynb", &notebook_with(by_metadata.clone(), &[plain]));
    assert_eq!(sandbox.check(&[]).0, 0);
    // The text beside the image counts, and the image has to be there.
    let other_text = cell(&[], SHOW_PNG, stored("another"));
    sandbox.write(
        "a.ipynb",
        &notebook_with(by_metadata.clone(), &[other_text]),
    );
    let (code, said) = sandbox.check(&[]);
    assert!(
        code == 1 && said.contains("text/plain differs") && !said.contains("image/png"),
        "{said}"
    );
    let no_image = cell(
        &[],
        "println!(\"EVCXR_BEGIN_CONTENT text/plain\\na figure\\nEVCXR_END_CONTENT\");",
        stored("a figure"),
    );
    sandbox.write("a.ipynb", &notebook_with(by_metadata, &[no_image]));
    let (code, said) = sandbox.check(&[]);
    assert!(
        code == 1 && said.contains("image/png is stored, and does not come now"),
        "{said}"
    );
    sandbox.write("a.ipynb", &notebook_with(json!({"images": "no"}), &[]));
    let refused = sandbox.radio(&["check", "a.ipynb"]);
    assert_eq!(
        code_and_error(&refused),
        (
            2,
            "error: a.ipynb: metadata.radio.images should be \"bytes\" or \"presence\"\n".into()
        )
    );
}

fn code_and_error(output: &Output) -> (i32, String) {
    (code(output), stderr(output))
}

#[test]
fn what_cannot_be_stable_is_sanitised() {
    let sandbox = Sandbox::new();
    let cells = [
        cell(
            &[],
            "println!(\"took {} ms\", std::process::id());",
            json!([printed("took 12 ms\n")]),
        ),
        cell(
            &[],
            "println!(\"{:p}\", &1);",
            json!([printed("0x7ffe00112233\n")]),
        ),
    ];
    sandbox.write("a.ipynb", &notebook(&cells));
    // Nothing is hidden that nobody asked to hide.
    let (code, said) = sandbox.check(&[]);
    assert!(
        code == 1 && said.ends_with("a: 2 of 2 cells differ\n"),
        "{said}"
    );
    sandbox.write(
        "rules.cfg",
        "# nbval's form\n[times]\nregex: (took) \\d+ ms\nreplace: \\1 N ms\n\n[memory]\nregex: 0x[0-9a-f]+\nreplace: ADDRESS\n",
    );
    assert_eq!(
        sandbox.check(&["--sanitize-with", "rules.cfg"]),
        (0, "a: 2 cells equal\n".into())
    );
    let rules = json!(["addresses", {"regex": "\\d+ ms", "replace": "N ms"}]);
    sandbox.write(
        "a.ipynb",
        &notebook_with(json!({"sanitize": rules}), &cells),
    );
    assert_eq!(sandbox.check(&[]), (0, "a: 2 cells equal\n".into()));
    // The rules hide what they match and nothing more.
    let other = cell(
        &[],
        "println!(\"took {} s\", std::process::id());",
        json!([printed("took 12 ms\n")]),
    );
    sandbox.write(
        "a.ipynb",
        &notebook_with(json!({"sanitize": rules}), &[other]),
    );
    assert_eq!(sandbox.check(&[]).0, 1);
}

#[test]
fn rules_that_cannot_be_used_are_named_with_their_place() {
    let sandbox = Sandbox::new();
    sandbox
        .write("a.ipynb", &notebook(&[cell(&[], "1", json!([]))]))
        .write("rules.cfg", "[times]\nregex: (took\nreplace: x\n");
    let refused = sandbox.radio(&["check", "a.ipynb", "--sanitize-with", "rules.cfg"]);
    let said = stderr(&refused);
    assert_eq!(code(&refused), 2);
    assert!(
        said.starts_with(
            "error: rules.cfg: line 3, section [times]: the regex `(took` cannot be used"
        ),
        "{said}"
    );
    let refused = sandbox.radio(&["check", "a.ipynb", "--sanitize-with", "none.cfg"]);
    assert!(code(&refused) == 2 && stderr(&refused).contains("none.cfg: reading failed"));
    let rules = json!({"sanitize": [{"regex": "a(", "replace": ""}]});
    sandbox.write("a.ipynb", &notebook_with(rules, &[]));
    let refused = sandbox.radio(&["check", "a.ipynb"]);
    let said = stderr(&refused);
    assert_eq!(code(&refused), 2);
    assert!(
        said.starts_with("error: a.ipynb: metadata.radio.sanitize, rule 1: the regex `a(`"),
        "{said}"
    );
}

#[test]
fn cells_may_be_ignored_skipped_or_expected_to_fail() {
    let sandbox = Sandbox::new();
    let wrong = json!([printed("stored\n")]);
    let cells = [
        cell(&["nbval-ignore-output"], "println!(\"a\");", wrong.clone()),
        cell(
            &[],
            "// NBVAL_IGNORE_OUTPUT\nprintln!(\"a\");",
            wrong.clone(),
        ),
        cell(&["nbval-skip"], "panic!();", wrong.clone()),
        cell(&["skip-execution"], "panic!();", wrong.clone()),
        cell(&[], "// NBVAL_SKIP\npanic!();", wrong.clone()),
        cell(&["remove-output"], "println!(\"a\");", json!([])),
    ];
    sandbox.write("a.ipynb", &notebook(&cells));
    let (code, said) = sandbox.check(&[]);
    assert_eq!(
        (code, said.as_str()),
        (0, "a: 1 cell equal, 2 ignored, 3 skipped\n")
    );
    // Where outputs are stored in spite of `remove-output`, they are compared.
    let removed = cell(&["remove-output"], "println!(\"a\");", wrong.clone());
    sandbox.write("a.ipynb", &notebook(&[removed]));
    assert_eq!(sandbox.check(&[]).0, 1);
    // --lax compares only what asks for it.
    let asks = cell(
        &["nbval-check-output"],
        "println!(\"a\");",
        json!([printed("a\n")]),
    );
    let plain = cell(&[], "println!(\"a\");", wrong);
    sandbox.write("a.ipynb", &notebook(&[asks, plain]));
    assert_eq!(
        sandbox.check(&["--lax"]),
        (0, "a: 1 cell equal, 1 ignored\n".into())
    );
    assert_eq!(sandbox.check(&[]).0, 1);
    // An expected failure has to be the stored one.
    let stored =
        json!([{"output_type": "error", "ename": "Panic", "evalue": "no", "traceback": ["old"]}]);
    for (tags, comment) in [
        (&["raises-exception"][..], ""),
        (&["nbval-raises-exception"], ""),
        (&[], "// NBVAL_RAISES_EXCEPTION\n"),
    ] {
        let panics = |message| {
            cell(
                tags,
                &format!("{comment}panic!(\"{message}\");"),
                stored.clone(),
            )
        };
        sandbox.write("a.ipynb", &notebook(&[panics("no")]));
        let (code, said) = sandbox.check(&["--update"]);
        assert!(
            code == 0 && said.contains("traceback differs") && !said.contains("evalue"),
            "{said}"
        );
        assert_eq!(sandbox.check(&[]), (0, "a: 1 cell equal\n".into()));
        sandbox.write("a.ipynb", &notebook(&[panics("yes")]));
        let (code, said) = sandbox.check(&[]);
        assert!(
            code == 1 && said.contains("-no (no line end)\n+yes"),
            "{said}"
        );
    }
}

#[test]
fn an_update_writes_what_differs_and_keeps_every_other_byte() {
    let sandbox = Sandbox::new();
    // Not as Jupyter would write it: the order of the keys, escapes, numbers, unknown entries.
    let text = r#"{
  "nbformat": 4, "nbformat_minor": 4,
  "x-unknown": [1.50, 1e3, "\u00e9"],
  "cells": [
    {
      "cell_type": "code",
      "source": "println!(\"\u00e9\");",
      "metadata": {"mine": {"b": 1.0, "a": [ ]}},
      "outputs": [ {"output_type":"stream", "name":"stdout", "text":"\u00e9\n"} ],
      "execution_count": 41
    },
    {
      "cell_type": "code",
      "metadata": {},
      "execution_count": 42,
      "outputs": [],
      "source": "1 + 1"
    }
  ],
  "metadata": {"kernelspec": {"name": "rust", "display_name": "Rust"}}
}"#;
    sandbox.write("a.ipynb", text);
    let (code, said) = sandbox.check(&["--update"]);
    assert!(
        code == 0 && said.ends_with("a: 1 of 2 cells differ; a.ipynb is updated\n"),
        "{said}"
    );
    let new = r#""execution_count": 2,
      "outputs": [
        {
          "data": {
            "text/plain": [
              "2"
            ]
          },
          "execution_count": 2,
          "metadata": {},
          "output_type": "execute_result"
        }
      ],"#;
    let old = "\"execution_count\": 42,\n      \"outputs\": [],";
    assert_eq!(sandbox.read("a.ipynb"), text.replace(old, new));
    assert_eq!(sandbox.check(&[]), (0, "a: 2 cells equal\n".into()));
    assert_eq!(sandbox.names("."), ["a.ipynb"]);
}

#[test]
fn what_the_kernel_would_refuse_is_a_warning_or_an_error() {
    let sandbox = Sandbox::new();
    let four = shown(json!({"text/plain": ["4"]}));
    let text = notebook(&[
        cell(
            &[],
            "let v = vec![1];\nlet first = v.first();\nlet add = |a: i32| a + 1;",
            json!([]),
        ),
        cell(
            &[],
            "let taken = v.len();\nlet None = first.filter(|_| false) else { return };\ntaken + 3",
            json!([four.clone()]),
        ),
        cell(&[], "add(3)", json!([four])),
    ]);
    sandbox.write("a.ipynb", &text);
    let (code, said) = sandbox.check(&[]);
    assert_eq!(code, 0, "{said}");
    let warned: Vec<_> = said
        .lines()
        .filter_map(|line| line.strip_prefix("warning: a ")?.split(": ").nth(1))
        .map(|what| what.split_inclusive("` ").next().unwrap_or_default().trim())
        .collect();
    assert_eq!(
        warned,
        ["the variable `add`", "the variable `first`"],
        "{said}"
    );
    let (code, said) = sandbox.check(&["--strict"]);
    assert_eq!(code, 1);
    assert!(said.contains("error: a cell 1 is not portable: the variable `first` borrows"));
    sandbox.write(
        "a.ipynb",
        &notebook(&[cell(
            &[],
            "let v = vec![1];\nlet w = v.clone();\ndrop(v);",
            json!([]),
        )]),
    );
    assert_eq!(sandbox.check(&["--strict"]).0, 0);
}

#[test]
fn what_is_known_from_elsewhere_and_what_does_not_run_is_portable() {
    let sandbox = Sandbox::new();
    sandbox.write("prelude.rs", "fn helper(n: i32) -> i32 { n + 1 }");
    let four = shown(json!({"text/plain": ["4"]}));
    let fails = ["raises-exception", "nbval-ignore-output"];
    let cells = [
        cell(
            &fails,
            "fn given() -> i32 { 3 }\npanic!(\"told\")",
            json!([]),
        ),
        cell(&[], "// NBVAL_SKIP\nlet broken: i32 = \"\";", json!([])),
        cell(&fails, "let wrong: i32 = \"\";", json!([])),
        cell(&[], "helper(given())", json!([four.clone()])),
    ];
    sandbox.write("a.ipynb", &notebook(&cells));
    let (code, said) = sandbox.check(&["--strict"]);
    assert_eq!(code, 0, "{said}");

    // All that is looked at otherwise still is.
    let borrows = cell(&[], "let v = vec![1];\nlet first = v.first();", json!([]));
    sandbox.write(
        "a.ipynb",
        &notebook(&[cells.as_slice(), &[borrows]].concat()),
    );
    let (code, said) = sandbox.check(&["--strict"]);
    assert_eq!(code, 1);
    assert!(
        said.contains("a cell 5 is not portable: the variable `first`"),
        "{said}"
    );
}

#[test]
fn what_the_kernel_would_not_let_show_itself_is_not_portable() {
    let sandbox = Sandbox::new();
    let own = r#"#[derive(Debug)]
struct Own(i32);
impl Own {
    fn same(self) -> Own { self }
    fn evcxr_display(&self) { println!("EVCXR_BEGIN_CONTENT text/html\n<b>{}</b>\nEVCXR_END_CONTENT", self.0); }
}
fn made(own: Own) -> Result<Own, String> { Ok(own) }
let (a, b, c) = (Own(1), Own(2), Own(3));"#;
    let html = |n: i32| json!([{"data": {"text/html": [format!("<b>{n}</b>")]}, "execution_count": 1, "metadata": {}, "output_type": "execute_result"}]);
    let cells = [
        cell(&[], own, json!([])),
        cell(&[], "let d = Own(4);\nmade(d)?", html(4)),
        cell(&[], "a.same()", html(1)),
        cell(&[], "made(Own(5))?", html(5)),
        cell(&[], "b", html(2)),
        cell(&[], "let e = b;\nlet f = e.same();\nf", html(2)),
        cell(
            &[],
            "vec![c].len()",
            json!([shown(json!({"text/plain": ["1"]}))]),
        ),
    ];
    sandbox.write("a.ipynb", &notebook(&cells));
    let (code, said) = sandbox.check(&["--strict"]);
    let warned: Vec<_> = said
        .lines()
        .filter_map(|line| {
            line.strip_prefix("error: a cell ")?
                .split(", and evcxr")
                .next()
        })
        .collect();
    assert_eq!(
        warned,
        [
            "2 is not portable: its last expression has the notebook's first `?`",
            "2 is not portable: its last expression moves the variable `d`",
            "3 is not portable: its last expression moves the variable `a`",
        ],
        "{said}"
    );
    assert_eq!(code, 1);
}

#[test]
fn a_notebook_that_changes_meanwhile_is_not_overwritten() {
    let sandbox = Sandbox::new();
    let saved = notebook(&[cell(&[], "2", json!([]))]);
    let saves = format!("std::fs::write(\"a.ipynb\", {saved:?}).unwrap(); 1");
    sandbox.write("a.ipynb", &notebook(&[cell(&[], &saves, json!([]))]));
    let refused = sandbox.radio(&["check", "a.ipynb", "--update"]);
    assert_eq!(code(&refused), 2);
    assert!(
        stderr(&refused).contains("error: a.ipynb: the file changed while it was checked"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(sandbox.read("a.ipynb"), saved);
}

#[test]
fn a_cell_that_fails_ends_the_check_of_its_notebook() {
    let sandbox = Sandbox::new();
    let error =
        json!([{"output_type": "error", "ename": "Panic", "evalue": "no", "traceback": []}]);
    let text = notebook(&[
        cell(&[], "println!(\"a\");", json!([printed("b\n")])),
        cell(&["nbval-ignore-output"], "panic!(\"no\");", error),
        cell(&[], "1", json!([])),
    ]);
    let fine = notebook(&[cell(&[], "1", json!([shown(json!({"text/plain": "1"}))]))]);
    sandbox.write("a.ipynb", &text).write("b.ipynb", &fine);
    let (code, said) = sandbox.check(&["b.ipynb", "--update"]);
    assert_eq!(code, 1);
    for part in [
        "-b\n+a\n",
        "a cell 2 failed\n",
        "a.ipynb cell 2:1:1",
        "An error is stored too",
        "a: 1 of 3 cells differ, 1 failed, 1 not reached; a.ipynb is left as it is",
        "b: 1 cell equal\n",
        "1 of 2 notebooks not equal: a\n",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(sandbox.read("a.ipynb"), text);
    let hangs = cell(&[], "loop { std::thread::yield_now() }", json!([]));
    sandbox.write("a.ipynb", &notebook(&[hangs]));
    for timeout in ["--timeout=0.2", "--timeout-total=0.2"] {
        let (code, said) = sandbox.check(&[timeout]);
        assert!(code == 1 && said.contains("Timeout: "), "{said}");
    }
}

#[test]
fn a_notebook_that_was_never_executed_is_called_so() {
    let sandbox = Sandbox::new();
    let raw = |source: &str| json!({"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": source});
    sandbox.write(
        "a.ipynb",
        &notebook(&[raw("let n = 1;"), raw("n"), raw("n + 1")]),
    );
    let (code, said) = sandbox.check(&[]);
    assert_eq!(
        (code, said.as_str()),
        (
            1,
            "a: 2 of 3 cells differ\na.ipynb was saved without outputs, so there is nothing to compare with: `radio check --update a.ipynb` or `radio run --inplace a.ipynb` stores them\n"
        )
    );
    assert_eq!(sandbox.check(&["--update"]).0, 0);
    let updated = sandbox.notebook("a.ipynb");
    let counts: Vec<_> = updated["cells"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["execution_count"])
        .collect();
    assert_eq!(counts, [1, 2, 3]);
    assert_eq!(sandbox.check(&[]), (0, "a: 3 cells equal\n".into()));
}

#[test]
fn what_cannot_be_checked_is_refused_before_anything_runs() {
    let sandbox = Sandbox::new();
    let text = notebook(&[cell(
        &[],
        "std::fs::write(\"ran\", \"\").unwrap();",
        json!([]),
    )]);
    sandbox
        .write("a.ipynb", &text)
        .write("s.rs", "1")
        .write("bad.ipynb", "{");
    for (arguments, reason) in [
        (
            ["check", "a.ipynb", "s.rs"],
            "s.rs is a script, which has no stored outputs",
        ),
        (
            ["check", "a.ipynb", "bad.ipynb"],
            "bad.ipynb: this is not a notebook",
        ),
        (
            ["check", "a.ipynb", "none.ipynb"],
            "none.ipynb: there is no such file",
        ),
        (["check", "a.ipynb", "--timeout=0"], "above 0"),
    ] {
        let refused = sandbox.radio(&arguments);
        assert_eq!(code(&refused), 2, "{arguments:?}");
        assert!(stderr(&refused).contains(reason), "{}", stderr(&refused));
    }
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn colours_are_for_terminals() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.ipynb",
        &notebook(&[cell(
            &[],
            "println!(\"\\x1b[31ma\");",
            json!([printed("b\n")]),
        )]),
    );
    let (_, said) = sandbox.check(&[]);
    assert!(
        said.contains("+\\u{1b}[31ma\n") && !said.contains('\u{1b}'),
        "{said:?}"
    );
    let mut forced = sandbox.command(&["check", "a.ipynb"]);
    let said = stdout(&forced.env("CLICOLOR_FORCE", "1").output().unwrap());
    assert!(
        said.contains("\u{1b}[32m+\\u{1b}[31ma\u{1b}[0m\n"),
        "{said:?}"
    );
}

#[test]
fn ctrl_c_ends_the_check_and_changes_no_file() {
    let sandbox = Sandbox::new();
    let text = notebook(&[
        cell(&[], "1", json!([])),
        cell(
            &[],
            "std::fs::write(\"hangs\", \"\").unwrap(); loop { std::thread::yield_now() }",
            json!([]),
        ),
    ]);
    sandbox.write("a.ipynb", &text);
    let mut command = sandbox.uncoloured(&["check", "--update", "a.ipynb"]);
    let mut radio = command.spawn().unwrap();
    while !sandbox.path("hangs").exists() {
        assert_eq!(radio.try_wait().unwrap(), None, "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    send("-INT", &radio);
    let ended = radio.wait_with_output().unwrap();
    assert_eq!((code(&ended), stdout(&ended)), (1, String::new()));
    assert!(
        stderr(&ended).ends_with("error: interrupted\n"),
        "{}",
        stderr(&ended)
    );
    assert_eq!(sandbox.read("a.ipynb"), text);
    assert_eq!(sandbox.names("."), ["a.ipynb", "hangs"]);
}
