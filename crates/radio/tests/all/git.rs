//! `radio clean --outputs`, `radio git` and `radio diff`: notebooks in a repository.

use crate::sandbox::{Sandbox, code, stderr, stdout};
use std::io::Write;
use std::process::{Output, Stdio};

fn git(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let mut git = sandbox.program("git");
    git.args(["-c", "user.name=a", "-c", "user.email=a@b.c"]);
    git.args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap()
}

fn done(output: &Output) -> String {
    assert_eq!(code(output), 0, "{}", stderr(output));
    stdout(output)
}

fn notebook(source: &str, printed: &str) -> String {
    serde_json::json!({
        "cells": [{"cell_type": "code", "execution_count": 1, "id": "a", "metadata": {"scrolled": true}, "source": [source],
            "outputs": [{"name": "stdout", "output_type": "stream", "text": [printed]}]}],
        "metadata": {"kernelspec": {"display_name": "Rust", "language": "rust", "name": "rust"}},
        "nbformat": 4, "nbformat_minor": 5
    })
    .to_string()
}

#[test]
fn git_stores_no_outputs_and_shows_cells() {
    let sandbox = Sandbox::new();
    done(&git(&sandbox, &["init", "-q"]));
    let outside = tempfile::tempdir().unwrap();
    let refused = sandbox
        .command(&["git", "install"])
        .current_dir(outside.path())
        .output()
        .unwrap();
    assert_eq!(code(&refused), 2);
    assert!(
        stderr(&refused).contains("not a git repository"),
        "{}",
        stderr(&refused)
    );

    sandbox.write(".gitattributes", "*.png binary");
    for _ in 0..2 {
        done(&sandbox.command(&["git", "install"]).output().unwrap());
    }
    assert_eq!(
        sandbox.read(".gitattributes"),
        "*.png binary\n*.ipynb filter=radio diff=radio\n"
    );
    sandbox.write("a.ipynb", &notebook("println!(\"1\")", "1\n"));
    done(&git(&sandbox, &["add", "."]));
    done(&git(&sandbox, &["commit", "-qm", "x"]));
    let stored = done(&git(&sandbox, &["show", "HEAD:a.ipynb"]));
    assert!(
        stored.contains("\"outputs\": []") && stored.contains("\"execution_count\": null"),
        "{stored}"
    );
    assert!(!stored.contains("scrolled"), "{stored}");
    // What runs again and is saved is no change.
    sandbox.write("a.ipynb", &notebook("println!(\"1\")", "something else\n"));
    assert_eq!(done(&git(&sandbox, &["diff"])), "");
    // git takes a file of another size for changed until it is added.
    done(&git(&sandbox, &["add", "."]));
    assert_eq!(done(&git(&sandbox, &["status", "--porcelain"])), "");
    sandbox.write("a.ipynb", &notebook("println!(\"2\")", "2\n"));
    assert_eq!(
        done(&git(&sandbox, &["status", "--porcelain"])),
        " M a.ipynb\n"
    );
    let shown = done(&git(&sandbox, &["diff"]));
    assert!(
        shown.contains("-println!(\"1\")\n+println!(\"2\")\n"),
        "{shown}"
    );
    assert!(!shown.contains("cell_type"), "{shown}");
    // As git's other way to show differences.
    let mut external = sandbox.program("git");
    external.args([
        "-c",
        &format!("diff.radio.command={} diff", env!("CARGO_BIN_EXE_radio")),
        "diff",
        "--ext-diff",
    ]);
    let shown = done(&external.output().unwrap());
    assert!(shown.contains("cell 1, source differs\n"), "{shown}");

    done(&sandbox.command(&["git", "uninstall"]).output().unwrap());
    assert_eq!(sandbox.read(".gitattributes"), "*.png binary\n");
    let config = sandbox.read(".git/config");
    assert!(!config.contains("radio"), "{config}");
}

#[test]
fn notebooks_are_cleaned_where_they_lie_and_on_their_way_through() {
    let sandbox = Sandbox::new();
    let text = notebook("1", "1\n");
    sandbox.write("a.ipynb", &text);
    let clean = |arguments: &[&str]| {
        sandbox
            .command(&["clean"])
            .args(arguments)
            .output()
            .unwrap()
    };
    let verified = clean(&["--outputs", "--verify", "a.ipynb"]);
    assert_eq!(
        (code(&verified), sandbox.read("a.ipynb")),
        (1, text.clone())
    );

    let mut filter = sandbox
        .command(&["clean", "--outputs", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    filter
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let filtered = done(&filter.wait_with_output().unwrap());
    assert_eq!(sandbox.read("a.ipynb"), text);
    done(&clean(&["--outputs", "a.ipynb"]));
    assert_eq!(sandbox.read("a.ipynb"), filtered);
    assert!(filtered.contains("\"outputs\": []"));
    assert_eq!(code(&clean(&["--outputs", "--verify", "a.ipynb"])), 0);

    sandbox.write("b.ipynb", &text);
    done(&clean(&["--metadata", "b.ipynb"]));
    let metadata_alone = sandbox.read("b.ipynb");
    assert!(
        metadata_alone.contains("\"execution_count\": 1") && !metadata_alone.contains("scrolled")
    );
    let different = sandbox
        .command(&["diff", "a.ipynb", "b.ipynb"])
        .output()
        .unwrap();
    assert_eq!(code(&different), 1);
    assert!(
        stdout(&different).contains("cell 1, stdout is new"),
        "{}",
        stdout(&different)
    );
    assert_eq!(
        code(
            &sandbox
                .command(&["diff", "a.ipynb", "a.ipynb"])
                .output()
                .unwrap()
        ),
        0
    );

    sandbox.write("c.ipynb", "{}");
    for (arguments, why) in [
        (
            &["--outputs", "c.ipynb"][..],
            "c.ipynb: this is not a notebook of nbformat 4",
        ),
        (&["--outputs"], "name the notebooks"),
        (&["a.ipynb"], "say what to take out"),
        (&["--outputs", "missing.ipynb"], "there is no such file"),
        (
            &["--outputs", "--extra-keys", "x", "a.ipynb"],
            "should be metadata.NAME",
        ),
    ] {
        let refused = clean(arguments);
        assert_eq!(code(&refused), 2, "{arguments:?}");
        assert!(stderr(&refused).contains(why), "{}", stderr(&refused));
    }
    assert_eq!(sandbox.read("c.ipynb"), "{}");
}
