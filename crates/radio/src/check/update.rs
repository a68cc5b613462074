//! Puts fresh outputs into the text of a notebook and leaves every other byte of it as it is.

use radio_notebook::document::Cell;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::ops::Range;

/// An object of the notebook: its values as they stand in the text.
type Object<'t> = BTreeMap<String, &'t RawValue>;

/// `text` with the outputs and execution counts of these cells, each given by its index in the notebook. They are laid
/// out as the file is: with its indent and its line ends.
///
/// # Errors
/// What serde_json says if `text` is not a notebook that has these cells.
pub fn with_outputs(text: &str, fresh: &[(usize, &Cell)]) -> serde_json::Result<String> {
    let object = serde_json::from_str::<Object<'_>>(text.trim_start_matches('\u{feff}'))?;
    let cells: Vec<&RawValue> = match object.get("cells") {
        Some(cells) => serde_json::from_str(cells.get())?,
        None => Vec::new(),
    };
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    for (index, cell) in fresh {
        let Some(raw) = cells.get(*index) else {
            continue;
        };
        let object: Object<'_> = serde_json::from_str(raw.get())?;
        let outputs = Value::from(cell.outputs());
        let count = cell.execution_count().map_or(Value::Null, Value::from);
        for (key, value) in [("outputs", outputs), ("execution_count", count)] {
            match object.get(key) {
                Some(old) => {
                    let place = place(old, text);
                    let new = laid_out(&value, &text[..place.start], text.contains("\r\n"))?;
                    edits.push((place, new));
                }
                None => {
                    // After the brace that opens the cell, which has other entries, or it would not be one.
                    let at = place(raw, text).start + 1;
                    edits.push((at..at, format!("\"{key}\": {value},")));
                }
            }
        }
    }
    edits.sort_by_key(|(place, _)| place.start);
    let mut new = String::with_capacity(text.len());
    let mut done = 0;
    for (place, value) in edits {
        new.push_str(&text[done..place.start]);
        new.push_str(&value);
        done = place.end;
    }
    new.push_str(&text[done..]);
    Ok(new)
}

/// Where a value stands in the text that it was read from.
fn place(value: &RawValue, text: &str) -> Range<usize> {
    let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + value.get().len()
}

/// A value of a cell as JSON that fits after `before`: indented as the line that it begins on, or all on one line where
/// the file is written that way.
fn laid_out(value: &Value, before: &str, has_crlf: bool) -> serde_json::Result<String> {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let indent = &line[..line.len() - line.trim_start().len()];
    // The entries of a cell are at the third level: notebook, list of cells, cell.
    let unit = &indent[..indent.len() / 3];
    let key_begins_line = line.trim_start().starts_with('"') && before.contains('\n');
    if unit.is_empty() || !key_begins_line {
        return serde_json::to_string(value);
    }
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(unit.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    serde::Serialize::serialize(value, &mut serializer)?;
    let line_end = if has_crlf { "\r\n" } else { "\n" };
    // JSON has no line end inside a string.
    Ok(String::from_utf8_lossy(&bytes).replace('\n', &format!("{line_end}{indent}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use radio_notebook::document::{Notebook, Output};
    use serde_json::json;

    fn executed(text: &str, outputs: &[Output]) -> Notebook {
        let mut notebook = Notebook::from_ipynb(text).unwrap();
        for cell in &mut notebook.cells {
            cell.set_outputs(outputs, Some(3));
        }
        notebook
    }

    fn updated(text: &str, notebook: &Notebook) -> String {
        let cells: Vec<_> = notebook.cells.iter().enumerate().collect();
        with_outputs(text, &cells).unwrap()
    }

    fn printed(text: &str) -> Output {
        Output::Stream {
            stderr: false,
            text: text.into(),
        }
    }

    #[test]
    fn a_file_that_jupyter_wrote_is_updated_as_jupyter_writes_it() {
        let text = json!({"cells": [{"cell_type": "code", "execution_count": null, "id": "a", "metadata": {}, "outputs": [], "source": ["1\n", "2"]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
        let text = Notebook::from_ipynb(&text.to_string()).unwrap().to_ipynb();
        let notebook = executed(&text, &[printed("a\nλ\n")]);
        assert_eq!(updated(&text, &notebook), notebook.to_ipynb());
        let crlf = text.replace('\n', "\r\n");
        assert_eq!(
            updated(&crlf, &notebook),
            notebook.to_ipynb().replace('\n', "\r\n")
        );
        let wide = text.replace("\n ", "\n  ");
        assert!(
            updated(&wide, &notebook).starts_with(
                wide.split("\"outputs\"")
                    .next()
                    .unwrap()
                    .split("null")
                    .next()
                    .unwrap()
            )
        );
    }

    #[test]
    fn every_other_byte_stays() {
        let before = "\u{feff}{\"nbformat\":4,  \"cells\" :[ {\"cell_type\": \"code\",\"source\":\"\\u00e9\\\"outputs\\\": []\", \"metadata\":{\"outputs\": [1.50, 1e5]},\r\n\"out\\u0070uts\":[\"old\"], \"execution_count\": 1 }],\"nbformat_minor\":4,\"x\":1.0}";
        let text = before.trim_start_matches('\u{feff}');
        let notebook = executed(text, &[printed("b")]);
        let after = before
            .replace(
                "[\"old\"]",
                "[{\"name\":\"stdout\",\"output_type\":\"stream\",\"text\":[\"b\"]}]",
            )
            .replace("\"execution_count\": 1 ", "\"execution_count\": 3 ");
        assert_eq!(updated(before, &notebook), after);
    }

    #[test]
    fn what_a_cell_lacks_is_added() {
        let text =
            r#"{"nbformat":4,"nbformat_minor":4,"cells":[{"cell_type":"code","source":""}]}"#;
        let notebook = executed(text, &[]);
        let again = Notebook::from_ipynb(&updated(text, &notebook)).unwrap();
        assert_eq!(again.cells[0].execution_count(), Some(3));
    }

    proptest! {
        #[test]
        fn what_was_put_in_is_read_again(sources in proptest::collection::vec("(?s).{0,20}", 1..4), output in "(?s).{0,20}", indent in 0usize..5) {
            let cells: Vec<Value> = sources.iter().map(|source| json!({"cell_type": "code", "source": source, "metadata": {"x": source}, "outputs": [source], "execution_count": 1})).collect();
            let whole = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4});
            let mut text = Vec::new();
            let unit = " ".repeat(indent);
            let formatter = serde_json::ser::PrettyFormatter::with_indent(unit.as_bytes());
            serde::Serialize::serialize(&whole, &mut serde_json::Serializer::with_formatter(&mut text, formatter)).unwrap();
            let text = String::from_utf8(text).unwrap();
            let notebook = executed(&text, &[printed(&output)]);
            prop_assert_eq!(&Notebook::from_ipynb(&updated(&text, &notebook)).unwrap(), &notebook);
        }
    }
}
