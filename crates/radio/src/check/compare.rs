//! Compares the stored outputs of a cell with fresh ones.
//!
//! What counts: the text of stdout and its place among the other outputs, the text of stderr, the content of every MIME
//! type, and an error's name, message and traceback. What does not: execution counts, metadata, the compiler's
//! warnings, which a kernel shows, whether something shown is a result or a display, how text is cut into chunks and
//! lines, and where stderr stands among the other outputs, because kernels send it separately.

use crate::check::numbers;
use crate::check::sanitize::{Rules, without_colours};
use base64::Engine;
use radio_notebook::document::{is_json, joined, traceback};
use serde_json::Value;
use similar::{Algorithm, DiffOp, capture_diff_slices};
use std::collections::BTreeMap;

/// How outputs are compared.
#[derive(Clone, Copy, Debug)]
pub struct Comparison<'r> {
    /// What is replaced in text on both sides first.
    pub rules: &'r Rules,
    /// Whether an image is equal to every other one of its MIME type.
    pub images_by_presence: bool,
}

/// A comparison of what is there, as it is.
pub const PLAIN: Comparison<'static> = Comparison {
    rules: &Rules::NONE,
    images_by_presence: false,
};

/// What one MIME type, stream or part of an error holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// Text, sanitised.
    Text(String),
    /// The bytes that base64 stood for.
    Bytes(Vec<u8>),
    /// Something of which it only counts that it is there.
    Presence,
}

/// One part of an output that differs; at least one of the sides is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which output of its cell it is part of: its number, from 1, among the stored ones, or among the fresh ones if
    /// nothing is stored. `None` for the streams, of which there is one of each.
    pub output: Option<usize>,
    /// The MIME type; `stdout` or `stderr`; `ename`, `evalue` or `traceback`.
    pub part: String,
    /// What the notebook holds.
    pub stored: Option<Content>,
    /// What the run gave.
    pub fresh: Option<Content>,
}

/// Whether an output is what `radio-kernel` shows of the compiler's warnings.
fn is_warning(output: &Value) -> bool {
    output["metadata"]["radio"]["is"] == "warning"
}

/// The parts of an output that count, by name.
type Parts = BTreeMap<String, Content>;

impl Comparison<'_> {
    /// The differences between outputs as the file has them, in the order of the outputs; none if they are equal.
    pub fn differences(&self, stored: &[Value], fresh: &[Value]) -> Vec<Difference> {
        let (old_numbers, old) = self.normalise(stored);
        let (new_numbers, new) = self.normalise(fresh);
        let mut differences = Vec::new();
        for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
            if matches!(operation, DiffOp::Equal { .. }) {
                continue;
            }
            let (mut olds, mut news) = (operation.old_range(), operation.new_range());
            loop {
                let (at_old, at_new) = (olds.next(), news.next());
                let number = match (at_old, at_new) {
                    (Some(at), _) => old_numbers[at],
                    (None, Some(at)) => new_numbers[at],
                    (None, None) => break,
                };
                let (old, new) = (at_old.map(|at| &old[at]), at_new.map(|at| &new[at]));
                differences.extend(between(number, old, new));
            }
        }
        differences
    }

    /// The outputs in the form in which they are compared, with their numbers.
    fn normalise(&self, outputs: &[Value]) -> (Vec<Option<usize>>, Vec<Parts>) {
        let mut normal: Vec<(Option<usize>, Parts)> = Vec::new();
        let mut stderr = String::new();
        // The text of the stdout that was read last, while nothing else followed.
        let mut stdout = String::new();
        let outputs = outputs.iter().zip(1..);
        for (output, number) in outputs.filter(|(output, _)| !is_warning(output)) {
            let text = output.get("text").and_then(joined);
            let is_stream = output
                .get("output_type")
                .is_some_and(|kind| kind == "stream");
            match (is_stream, output.get("name").and_then(Value::as_str), text) {
                (true, Some("stdout"), Some(text)) => stdout.push_str(&text),
                (true, Some("stderr"), Some(text)) => stderr.push_str(&text),
                _ => {
                    normal.extend(self.stream("stdout", std::mem::take(&mut stdout)));
                    normal.push((Some(number), self.parts(output)));
                }
            }
        }
        normal.extend(self.stream("stdout", stdout));
        normal.extend(self.stream("stderr", stderr));
        normal.into_iter().unzip()
    }

    fn stream(&self, name: &str, text: String) -> Option<(Option<usize>, Parts)> {
        let text = self.rules.apply(as_shown(&text));
        let parts = BTreeMap::from([(name.to_owned(), Content::Text(text))]);
        (!matches!(&parts[name], Content::Text(text) if text.is_empty())).then_some((None, parts))
    }

    fn parts(&self, output: &Value) -> Parts {
        if let Some(data) = output.get("data").and_then(Value::as_object) {
            return data
                .iter()
                .map(|(mime, value)| (mime.clone(), self.content(mime, value)))
                .collect();
        }
        if output
            .get("output_type")
            .is_some_and(|kind| kind == "error")
        {
            let part = |name: &str| {
                let text = match output.get(name) {
                    Some(Value::Array(_)) if name == "traceback" => traceback(output).join("\n"),
                    other => other.and_then(joined).unwrap_or_default(),
                };
                // IPython and others colour their tracebacks.
                let text = self.rules.apply(without_colours(&text));
                (name.to_owned(), Content::Text(text))
            };
            return BTreeMap::from(["ename", "evalue", "traceback"].map(part));
        }
        // Nothing that nbformat knows: compared as it stands.
        BTreeMap::from([("output".to_owned(), self.json(output))])
    }

    fn content(&self, mime: &str, value: &Value) -> Content {
        if self.images_by_presence && mime.starts_with("image/") {
            return Content::Presence;
        }
        match joined(value).filter(|_| !is_json(mime)) {
            None => self.json(value),
            Some(text) => match decoded(&text).filter(|_| is_binary(mime)) {
                Some(bytes) => Content::Bytes(bytes),
                None => Content::Text(self.rules.apply(text)),
            },
        }
    }

    fn json(&self, value: &Value) -> Content {
        // The rules see the numbers as they are written.
        let text = self.rules.apply(format!("{value:#}\n"));
        Content::Text(match serde_json::from_str(&text) {
            Ok(value) => format!("{:#}\n", numbers::by_value(value)),
            Err(_) => text,
        })
    }
}

/// The parts of two outputs that differ; `None` is an output that is not there.
fn between(
    output: Option<usize>,
    stored: Option<&Parts>,
    fresh: Option<&Parts>,
) -> Vec<Difference> {
    let part = |side: Option<&Parts>, name: &str| side?.get(name).cloned();
    let mut names: Vec<&String> = [stored, fresh]
        .into_iter()
        .flatten()
        .flat_map(Parts::keys)
        .collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| Difference {
            output,
            part: name.clone(),
            stored: part(stored, name),
            fresh: part(fresh, name),
        })
        .filter(|difference| difference.stored != difference.fresh)
        .collect()
}

/// Whether a MIME type's content is base64 in a notebook.
fn is_binary(mime: &str) -> bool {
    let kind = mime.split_once('/').map_or(mime, |(kind, _)| kind);
    matches!(kind, "image" | "audio" | "video") && !mime.ends_with("+xml")
        || matches!(mime, "application/pdf" | "application/octet-stream")
}

/// The bytes that base64 stands for, in lines or not.
pub fn decoded(text: &str) -> Option<Vec<u8>> {
    let text: String = text.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// Text as a terminal would show it in the end, as nbval and JupyterLab do before they compare or save: a carriage
/// return begins the line anew, a backspace takes a character away.
fn as_shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut line_start = 0;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' if !matches!(characters.peek(), None | Some('\n' | '\r')) => {
                shown.truncate(line_start)
            }
            '\u{8}' if shown.len() > line_start => {
                shown.pop();
            }
            '\n' => {
                shown.push('\n');
                line_start = shown.len();
            }
            other => shown.push(other),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn differences(stored: &Value, fresh: &Value) -> Vec<Difference> {
        PLAIN.differences(stored.as_array().unwrap(), fresh.as_array().unwrap())
    }

    fn stream(name: &str, text: impl Into<Value>) -> Value {
        json!({"output_type": "stream", "name": name, "text": text.into()})
    }

    fn data(data: Value) -> Value {
        json!({"output_type": "display_data", "metadata": {}, "data": data})
    }

    fn text(text: &str) -> Option<Content> {
        Some(Content::Text(text.into()))
    }

    #[test]
    fn chunks_and_the_place_of_stderr_do_not_count() {
        let together = json!([stream("stdout", "a\nb\n"), stream("stderr", "x\ny\n")]);
        let mixed = json!([
            stream("stdout", json!(["a\n"])),
            stream("stderr", "x\n"),
            stream("stdout", "b\n"),
            stream("stderr", "y\n")
        ]);
        assert_eq!(differences(&together, &mixed), []);
        let shown = data(json!({"text/plain": "s"}));
        assert_eq!(
            differences(
                &json!([stream("stderr", "x"), shown]),
                &json!([shown, stream("stderr", "x")])
            ),
            []
        );
        // stdout and what is shown are one sequence.
        assert_ne!(
            differences(
                &json!([stream("stdout", "x"), shown]),
                &json!([shown, stream("stdout", "x")])
            ),
            []
        );
        assert_ne!(
            differences(
                &json!([stream("stdout", "x")]),
                &json!([stream("stderr", "x")])
            ),
            []
        );
    }

    #[test]
    fn warnings_do_not_count() {
        let mut warning = data(json!({"text/plain": "warning: x"}));
        warning["metadata"] = json!({"radio": {"is": "warning"}});
        let shown = data(json!({"text/plain": "s"}));
        assert_eq!(differences(&json!([warning, shown]), &json!([shown])), []);
        warning["metadata"] = json!({});
        assert_ne!(differences(&json!([warning, shown]), &json!([shown])), []);
    }

    #[test]
    fn counts_kinds_and_metadata_do_not_count() {
        let result = json!([{"output_type": "execute_result", "execution_count": 7, "metadata": {"a": 1}, "data": {"text/plain": ["1\n", "2"]}}]);
        assert_eq!(
            differences(&result, &json!([data(json!({"text/plain": "1\n2"}))])),
            []
        );
    }

    #[test]
    fn a_difference_names_the_output_and_the_part() {
        let stored = json!([
            data(json!({"text/plain": "1"})),
            data(json!({"text/html": "<b>2</b>", "text/plain": "2"})),
        ]);
        let fresh = json!([
            data(json!({"text/plain": "1"})),
            data(json!({"text/plain": "3", "image/svg+xml": "<svg/>"})),
        ]);
        let found = differences(&stored, &fresh);
        let parts: Vec<_> = found.iter().map(|d| (d.output, d.part.as_str())).collect();
        assert_eq!(
            parts,
            [
                (Some(2), "image/svg+xml"),
                (Some(2), "text/html"),
                (Some(2), "text/plain")
            ]
        );
        assert_eq!(
            (&found[0].stored, &found[0].fresh),
            (&None, &text("<svg/>"))
        );
        assert_eq!(
            (&found[1].stored, &found[1].fresh),
            (&text("<b>2</b>"), &None)
        );
        assert_eq!(
            (&found[2].stored, &found[2].fresh),
            (&text("2"), &text("3"))
        );
    }

    #[test]
    fn one_output_more_is_one_difference() {
        let shown = |n: u32| data(json!({"text/plain": n.to_string()}));
        let found = differences(
            &json!([shown(1), shown(2), shown(3)]),
            &json!([shown(0), shown(1), shown(2), shown(3)]),
        );
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0].stored, &found[0].fresh), (&None, &text("0")));
        let found = differences(&json!([shown(1), shown(2)]), &json!([shown(2)]));
        assert_eq!((&found[0].stored, &found[0].fresh), (&text("1"), &None));
    }

    #[test]
    fn images_are_compared_by_their_bytes_or_by_presence() {
        let png = |text: &str| json!([data(json!({"image/png": text, "text/plain": "figure"}))]);
        assert_eq!(differences(&png("AA\nEC\n"), &png("AAEC")), []);
        let found = differences(&png("AAEC"), &png("AAED"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].fresh, Some(Content::Bytes(vec![0, 1, 3])));
        // What is not base64 is compared as it stands.
        assert_eq!(differences(&png("?"), &png("?")), []);
        assert_ne!(differences(&png("?"), &png("!")), []);
        let by_presence = Comparison {
            rules: &Rules::default(),
            images_by_presence: true,
        };
        let without = json!([data(json!({"text/plain": "figure"}))]);
        let other_text = json!([data(json!({"image/png": "AAEC", "text/plain": "f"}))]);
        let compared = |fresh: &Value| {
            by_presence.differences(png("AAEC").as_array().unwrap(), fresh.as_array().unwrap())
        };
        assert_eq!(compared(&png("AAED")), []);
        assert_eq!(compared(&without).len(), 1);
        assert_eq!(compared(&other_text).len(), 1);
    }

    #[test]
    fn errors_are_compared_without_their_colours() {
        let error = |evalue: &str, line: &str| json!([{"output_type": "error", "ename": "Panic", "evalue": evalue, "traceback": ["error", line]}]);
        assert_eq!(
            differences(&error("a", "\u{1b}[31mx\u{1b}[0m"), &error("a", "x")),
            []
        );
        assert_eq!(differences(&error("a", "x"), &error("b", "y")).len(), 2);
    }

    #[test]
    fn text_is_compared_as_it_is_shown_in_the_end() {
        for (written, shown) in [
            ("1%\r50%\r100%\ndone", "100%\ndone"),
            ("a\r\nb\r", "a\r\nb\r"),
            ("ab\u{8}c\n\u{8}d", "ac\n\u{8}d"),
            ("é\u{8}\u{8}x", "\u{8}x"),
        ] {
            assert_eq!(as_shown(written), shown, "{written:?}");
        }
    }

    #[test]
    fn numbers_in_json_are_compared_by_their_value() {
        let json = |json: &str| {
            let value: Value = serde_json::from_str(json).unwrap();
            json!([data(json!({"application/vnd.x+json": value}))])
        };
        // As Rust writes them, and as JupyterLab does when it saves.
        let (rust, saved) = (
            json(r#"{"a": [1.0, 1e21, 1e-7, -0.0, 100.50]}"#),
            json(r#"{"a": [1, 1e+21, 1e-7, 0, 100.5]}"#),
        );
        assert_eq!(differences(&rust, &saved), []);
        assert_eq!(differences(&json("1.0"), &json("1.01")).len(), 1);
        assert_eq!(differences(&json("1"), &json("\"1\"")).len(), 1);
        // A rule that was written for what is printed still finds it.
        let rule = json!([{"regex": r"\d+\.\d+", "replace": "0"}]);
        let with_rule = Comparison {
            rules: &Rules::from_metadata(&rule).unwrap(),
            images_by_presence: false,
        };
        let (one, other) = (json("[1.0, 2]"), json("[3.5, 2]"));
        let compared = with_rule.differences(one.as_array().unwrap(), other.as_array().unwrap());
        assert_eq!(compared, []);
    }

    #[test]
    fn outputs_of_no_known_shape_are_compared_as_they_stand() {
        let odd = json!([1, null, {"output_type": "error"}, {"output_type": "stream", "name": "stdlog", "text": "x"}, {"data": 3}, {"data": {"text/plain": 3}}]);
        assert_eq!(differences(&odd, &odd), []);
        for at in 0..6 {
            let mut other = odd.clone();
            other[at] = json!({"output_type": "error", "evalue": "other"});
            assert_ne!(differences(&odd, &other), [], "{at}");
        }
    }

    /// Any output, and a place in it that can be changed: a pointer to a string.
    fn output() -> impl Strategy<Value = (Value, &'static str)> {
        // Without carriage returns and backspaces: text before them is not shown, so changing it need not count.
        let text = "[^\r\u{8}\u{1b}]{1,12}";
        prop_oneof![
            ("std(out|err)", text).prop_map(|(name, text)| (stream(&name, text), "/text")),
            (text, any::<bool>()).prop_map(|(text, html)| if html {
                (
                    data(json!({"text/html": [text, "x"]})),
                    "/data/text~1html/0",
                )
            } else {
                (
                    data(json!({"text/plain": text, "image/png": "AA=="})),
                    "/data/text~1plain",
                )
            }),
            (text, text).prop_map(|(name, line)| (
                json!({"output_type": "error", "ename": name, "evalue": "e", "traceback": [line]}),
                "/traceback/0"
            )),
            proptest::collection::vec(any::<u8>(), 1..20).prop_map(|bytes| (
                data(json!({"image/png": base64::engine::general_purpose::STANDARD.encode(bytes)})),
                "/data/image~1png"
            )),
            text.prop_map(|text| (
                data(json!({"application/json": {"a": [text, 1.5]}})),
                "/data/application~1json/a/0"
            )),
        ]
    }

    proptest! {
        #[test]
        fn outputs_equal_themselves(outputs in proptest::collection::vec(output(), 0..6)) {
            let outputs: Value = outputs.into_iter().map(|(output, _)| output).collect();
            prop_assert_eq!(differences(&outputs, &outputs), []);
        }

        #[test]
        fn one_changed_character_is_found(
            outputs in proptest::collection::vec(output(), 1..6),
            which in any::<proptest::sample::Index>(),
            place in any::<proptest::sample::Index>(),
            new in "[^\r\u{8}\u{1b}]",
        ) {
            let which = which.index(outputs.len());
            let pointer = outputs[which].1;
            let stored: Value = outputs.into_iter().map(|(output, _)| output).collect();
            let mut fresh = stored.clone();
            let text = fresh[which].pointer_mut(pointer).unwrap();
            let mut characters: Vec<char> = text.as_str().unwrap().chars().collect();
            let at = place.index(characters.len());
            let new = if pointer.contains("png") { "A+".chars().find(|&c| c != characters[at]).unwrap() } else { new.chars().next().unwrap() };
            prop_assume!(characters[at] != new);
            characters[at] = new;
            *text = characters.into_iter().collect::<String>().into();
            let found = differences(&stored, &fresh);
            prop_assert!(!found.is_empty());
            prop_assert_eq!(differences(&fresh, &stored).is_empty(), false);
        }
    }
}
