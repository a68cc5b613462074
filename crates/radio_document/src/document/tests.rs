//! Tests of the parent module.

use super::*;

fn minimal(cells: &str) -> String {
    format!(
        r#"{{"cells":[{cells}],"metadata":{{"kernelspec":{{"display_name":"Rust","language":"rust","name":"rust"}}}},"nbformat":4,"nbformat_minor":5}}"#
    )
}

#[test]
fn what_is_not_a_rust_notebook_is_refused_with_the_reason() {
    for (text, reason) in [
        ("", "empty"),
        ("{", "not JSON"),
        ("[]", "should be an object"),
        ("{}", "nbformat"),
        (
            r#"{"nbformat":3,"nbformat_minor":0,"worksheets":[]}"#,
            "old format nbformat 3",
        ),
        (r#"{"nbformat":5,"nbformat_minor":0}"#, "nbformat 5"),
        (
            r#"{"nbformat":4,"nbformat_minor":5,"metadata":{}}"#,
            "cells",
        ),
        (
            r#"{"nbformat":4,"nbformat_minor":5,"metadata":{"kernelspec":{"name":"python3","language":"python"}},"cells":[]}"#,
            "python",
        ),
        (
            r#"{"nbformat":4,"nbformat_minor":5,"metadata":{"language_info":{"name":"julia"}},"cells":[]}"#,
            "julia",
        ),
        (&minimal(r#"{"cell_type":"code"}"#), "cell 1 has no source"),
        (&minimal(r#"{"source":""}"#), "cell 1 has no cell_type"),
    ] {
        let message = Notebook::from_ipynb(text).unwrap_err();
        assert!(message.contains(reason), "{text}: {message}");
        assert!(!message.contains('\n'), "one sentence: {message}");
    }
}

#[test]
fn a_number_that_json_does_not_know_is_named() {
    for word in ["NaN", "Infinity", "-Infinity"] {
        for value in [
            word.to_owned(),
            format!("[1.5, {word}]"),
            format!("\n {word}"),
        ] {
            let text = minimal("").replace(
                "\"metadata\":{",
                &format!("\n\"metadata\":{{\"NaN é\": \"Infinity\", \"x\": {value}, "),
            );
            let message = Notebook::from_ipynb(&text).unwrap_err();
            let line = text.lines().count();
            assert!(
                message.contains(&format!("line {line} has {word}, which Python writes")),
                "{text}: {message}"
            );
        }
    }
    // Text may say so, and other mistakes are told as they are.
    for text in [
        minimal("\"NaN\" x"),
        "{\"x\": Nan}".into(),
        "{\"NaN\" 1}".into(),
    ] {
        let message = Notebook::from_ipynb(&text).unwrap_err();
        assert!(!message.contains("Python writes"), "{text}: {message}");
    }
}

#[test]
fn nothing_is_lost_between_reading_and_writing() {
    let text = minimal(
        r#"{"attachments":{"a.png":{"image/png":"AA=="}},"cell_type":"raw","id":"a","metadata":{"x":{"y":[1,2.5]}},"source":["a\n","b"]},
           {"cell_type":"code","execution_count":7,"id":"b","metadata":{"tags":["t"]},"outputs":[{"name":"stdout","output_type":"stream","text":["x"]}],"source":["1"]}"#,
    );
    let notebook = Notebook::from_ipynb(&text).unwrap();
    let before: Value = serde_json::from_str(&text).unwrap();
    let after: Value = serde_json::from_str(&notebook.to_ipynb()).unwrap();
    assert_eq!(before, after);
    assert!(notebook.repairs.is_empty());
    assert_eq!(notebook.cells[1].tags(), ["t"]);
}

#[test]
fn ids_are_repaired_by_name_and_the_minor_version_is_kept() {
    let code = |id: &str| {
        format!(
            r#"{{"cell_type":"code",{id}"metadata":{{}},"source":"","outputs":[],"execution_count":null}}"#
        )
    };
    let text = minimal(
        &[
            code(""),
            code(r#""id":"a","#),
            code(r#""id":"a","#),
            code(r#""id":"a b","#),
        ]
        .join(","),
    );
    let notebook = Notebook::from_ipynb(&text).unwrap();
    assert_eq!(notebook.repairs.len(), 3);
    let mut ids: Vec<_> = notebook.cells.iter().map(|c| c.id().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), 4);
    let old = text.replace(r#""nbformat_minor":5"#, r#""nbformat_minor":4"#);
    let mut old = Notebook::from_ipynb(&old).unwrap();
    assert!(old.repairs.is_empty() && old.to_ipynb().contains("\"nbformat_minor\": 4"));
    old.upgrade();
    assert!(
        old.to_ipynb().contains("\"nbformat_minor\": 5")
            && old.cells.iter().all(|c| c.id().is_some())
    );
}

#[test]
fn labels_come_from_comments_or_metadata() {
    let mut cell = Cell::new(CellKind::Code, "// about\n//| label: top-ten\nplot()");
    assert_eq!(cell.label().as_deref(), Some("top-ten"));
    cell.source = "plot()\n//| label: late".into();
    assert_eq!(cell.label(), None);
    cell.set_metadata("label", "../x".into());
    assert_eq!(cell.label().as_deref(), Some("../x"));
}

#[test]
fn numbers_and_deep_json_survive() {
    let odd = r#"{"a":123456789012345678901234567890,"b":1e400,"c":1.10,"d":-0.0}"#;
    let cell = format!(r#"{{"cell_type":"markdown","id":"a","metadata":{odd},"source":""}}"#);
    let notebook = Notebook::from_ipynb(&minimal(&cell)).unwrap();
    let written = notebook.to_ipynb();
    for kept in ["123456789012345678901234567890", "1e+400", "1.10", "-0.0"] {
        assert!(written.contains(kept), "{kept}: {written}");
    }
    let mut notebook = Notebook::from_ipynb(&minimal("")).unwrap();
    for deep in [90, 120] {
        let mut cell = Cell::new(CellKind::Code, "");
        let json = format!("{}{}", "[".repeat(deep), "]".repeat(deep));
        let bundle = vec![("application/json".to_owned(), json)];
        cell.set_outputs(
            &[Output::Data {
                bundle,
                is_result: false,
            }],
            Some(1),
        );
        notebook.cells.push(cell);
    }
    Notebook::from_ipynb(&notebook.to_ipynb()).unwrap();
}

#[test]
fn half_a_pair_is_refused_by_its_line() {
    for half in [r"\ud800", r"\udead", r"\ud800A", r"\udc00\ud800"] {
        let cell = format!("{{\"cell_type\":\"raw\",\n\"metadata\":{{}},\"source\":\"{half}\"}}");
        let message = Notebook::from_ipynb(&minimal(&cell)).unwrap_err();
        assert!(
            message.contains("line 2 has half of a surrogate pair"),
            "{half}: {message}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = Notebook::from_ipynb(&text);
    }

    #[test]
    fn any_cell_survives(source in "(?s).{0,60}", minor in 0u64..6) {
        let cells = json!([{"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": null}]);
        let text = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": minor}).to_string();
        let notebook = Notebook::from_ipynb(&text).unwrap();
        let again = Notebook::from_ipynb(&notebook.to_ipynb()).unwrap();
        proptest::prop_assert_eq!(&again.cells[0].source, &source);
        proptest::prop_assert_eq!(again.minor(), minor);
    }
}
