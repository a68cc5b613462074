//! Outputs, given as nbformat has them, as HTML.

use super::around::{Around, picture_bytes};
use super::markup::harmless;
use super::prose::markdown;
use super::text::{cut, escape, printed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use radio_document::document::{joined, traceback};
use serde_json::Value;

/// HTML that is longer than this is left out.
const MAX_HTML: usize = 4_000_000;

/// All outputs of a cell.
pub fn outputs(outputs: &[Value], around: &dyn Around) -> String {
    outputs.iter().map(|value| output(value, around)).collect()
}

fn output(value: &Value, around: &dyn Around) -> String {
    match value.get("output_type").and_then(Value::as_str) {
        Some("stream") => {
            let text = value.get("text").and_then(joined).unwrap_or_default();
            let class = match value.get("name").and_then(Value::as_str) {
                Some("stderr") => "text stderr",
                _ => "text",
            };
            format!("<pre class=\"{class}\">{}</pre>", printed(&text))
        }
        Some("error") => {
            let part = |key| value.get(key).and_then(Value::as_str).unwrap_or_default();
            let told = match traceback(value).join("\n") {
                none if none.is_empty() => format!("{}: {}", part("ename"), part("evalue")),
                lines => lines,
            };
            format!("<pre class=\"error\">{}</pre>", printed(&told))
        }
        _ => value
            .get("data")
            .map(|bundle| data(bundle, around))
            .unwrap_or_default(),
    }
}

/// What is shown, in one of its forms.
#[derive(Debug, PartialEq)]
pub enum Shown {
    /// HTML, as it is in the notebook.
    Html(String),
    /// Markdown, or LaTeX.
    Prose(String),
    /// A picture: its type, its content in base64, and a text in its place.
    Picture(&'static str, String, String),
    /// Text.
    Plain(String),
    /// Nothing that is known; the names of its types.
    Unknown(String),
}

/// The richest form of what was shown, in the order in which Jupyter chooses.
pub(crate) fn richest(bundle: &Value) -> Shown {
    let text = |mime: &str| bundle.get(mime).and_then(joined);
    if let Some(html) = text("text/html").filter(|html| html.len() <= MAX_HTML) {
        return Shown::Html(html);
    }
    if let Some(prose) = text("text/markdown") {
        return Shown::Prose(prose);
    }
    let svg = text("image/svg+xml").map(|svg| ("image/svg+xml", STANDARD.encode(svg)));
    let bitmap = ["image/png", "image/jpeg", "image/gif", "image/webp"]
        .into_iter()
        .filter_map(|mime| Some((mime, text(mime)?)));
    for (mime, content) in svg.into_iter().chain(bitmap) {
        if picture_bytes(mime, &content).is_some() {
            let description = text("text/plain").unwrap_or_else(|| "figure".into());
            return Shown::Picture(mime, content, description);
        }
    }
    if let Some(latex) = text("text/latex") {
        return Shown::Prose(latex);
    }
    if let Some(plain) = text("text/plain") {
        return Shown::Plain(plain);
    }
    match bundle.get("application/json") {
        Some(json) => Shown::Plain(format!("{json:#}")),
        None => {
            let types = bundle.as_object().into_iter().flatten();
            let types: Vec<&str> = types.map(|(mime, _)| mime.as_str()).collect();
            Shown::Unknown(types.join(", "))
        }
    }
}

fn data(bundle: &Value, around: &dyn Around) -> String {
    match richest(bundle) {
        Shown::Html(html) => match harmless(&html) {
            Some(html) => format!("<div class=\"html\">{html}</div>"),
            None => frame(&html, around),
        },
        Shown::Prose(prose) => format!(
            "<div class=\"prose\">{}</div>",
            markdown(&prose, around, &|_| None)
        ),
        Shown::Picture(mime, content, description) => around
            .address(mime, &content)
            .map(|source| {
                let description = escape(&cut(description.trim()));
                format!(
                    "<img class=\"figure\" src=\"{}\" alt=\"{description}\">",
                    escape(&source)
                )
            })
            .unwrap_or_default(),
        Shown::Plain(plain) => format!("<pre class=\"text\">{}</pre>", printed(&plain)),
        Shown::Unknown(types) => format!("<p class=\"missing\">not shown: {}</p>", escape(&types)),
    }
}

/// The page-within-the-page that shows an output's HTML.
fn frame(html: &str, around: &dyn Around) -> String {
    let inside = format!(
        "<!doctype html><meta charset=\"utf-8\">{}<body class=\"output\">{html}",
        around.frame_head()
    );
    format!(
        "<iframe sandbox=\"allow-same-origin\" title=\"output\" srcdoc=\"{}\"></iframe>",
        escape(&inside)
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::Nothing;
    use super::*;
    use radio_document::document::Output;
    use serde_json::json;
    use std::path::Path;

    #[test]
    fn outputs_are_shown_in_their_richest_form() {
        let bundle = |types: &[(&str, &str)]| {
            Output::Data {
                bundle: types
                    .iter()
                    .map(|(mime, content)| ((*mime).into(), (*content).into()))
                    .collect(),
                is_result: true,
            }
            .to_json(1)
        };
        let around = Nothing(Path::new("."));
        let shown = |value: Value| outputs(&[value], &around);
        let table = shown(bundle(&[
            ("text/plain", "x"),
            ("text/html", "<table><td>1"),
        ]));
        assert!(
            table.starts_with("<iframe sandbox=\"allow-same-origin\""),
            "{table}"
        );
        assert!(
            table.contains("&lt;table&gt;&lt;td&gt;1\"></iframe>"),
            "{table}"
        );
        let figure = shown(bundle(&[
            ("image/png", "AAEC"),
            ("image/svg+xml", "<svg>\n<script/></svg>"),
            ("text/plain", "a \"plot\""),
        ]));
        assert!(
            figure.starts_with("<img class=\"figure\" src=\"data:image/svg+xml;base64,")
                && figure.ends_with("alt=\"a &quot;plot&quot;\">"),
            "{figure}"
        );
        let broken = shown(bundle(&[("image/png", "\"><b>"), ("text/plain", "p")]));
        assert_eq!(broken, "<pre class=\"text\">p</pre>");
        let stream = shown(
            json!({"output_type": "stream", "name": "stderr", "text": ["\u{1b}[31m10 %\r", "20 %\n", "<b>\r\n"]}),
        );
        assert_eq!(stream, "<pre class=\"text stderr\">20 %\n&lt;b&gt;</pre>");
        let error = shown(
            json!({"output_type": "error", "ename": "Panic", "evalue": "no", "traceback": ["error: Panic", " --> <x>"]}),
        );
        assert_eq!(
            error,
            "<pre class=\"error\">error: Panic\n --&gt; &lt;x&gt;</pre>"
        );
        assert!(shown(bundle(&[("a/b", "")])).contains("not shown: a/b"));
        assert_eq!(
            outputs(&[json!(3), json!({"output_type": "stream"})], &around),
            "<pre class=\"text\"></pre>"
        );
        let flood = shown(json!({"output_type": "stream", "text": "x".repeat(1_000_000)}));
        assert!(flood.len() < 101_000 && flood.contains("the rest is left out"));
    }

    #[test]
    fn html_that_is_too_long_for_a_frame_gives_way_to_the_next_form() {
        let with_html = |length: usize, mut data: Value| {
            data["text/html"] = "x".repeat(length).into();
            outputs(
                &[json!({"output_type": "display_data", "data": data})],
                &Nothing(Path::new(".")),
            )
        };
        let text = || json!({"text/plain": "a table"});
        assert!(with_html(MAX_HTML, text()).starts_with("<div class=\"html\">xxx"));
        assert_eq!(
            with_html(MAX_HTML + 1, text()),
            "<pre class=\"text\">a table</pre>"
        );
        assert_eq!(
            with_html(MAX_HTML + 1, json!({})),
            "<p class=\"missing\">not shown: text/html</p>"
        );
    }
}
