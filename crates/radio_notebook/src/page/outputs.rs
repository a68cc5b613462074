//! Outputs, given as nbformat has them, as HTML.

use super::prose::markdown;
use super::style_path;
use super::text::{cut, escape, printed};
use crate::document::joined;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// HTML that is longer than this is left out.
const MOST_HTML: usize = 4_000_000;

/// All outputs of a cell.
pub fn outputs(outputs: &[Value]) -> String {
    outputs.iter().map(output).collect()
}

fn output(value: &Value) -> String {
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
            let lines = value
                .get("traceback")
                .and_then(Value::as_array)
                .map(|lines| lines.iter().filter_map(Value::as_str).collect::<Vec<_>>())
                .unwrap_or_default();
            let told = if lines.is_empty() {
                format!("{}: {}", part("ename"), part("evalue"))
            } else {
                lines.join("\n")
            };
            format!("<pre class=\"error\">{}</pre>", printed(&told))
        }
        _ => value.get("data").map(data).unwrap_or_default(),
    }
}

/// The richest form of what was shown, in the order in which Jupyter chooses.
fn data(bundle: &Value) -> String {
    let text = |mime: &str| bundle.get(mime).and_then(joined);
    if let Some(html) = text("text/html").filter(|html| html.len() <= MOST_HTML) {
        return frame(&html);
    }
    if let Some(prose) = text("text/markdown") {
        return format!("<div class=\"prose\">{}</div>", markdown(&prose, &|_| None));
    }
    let description = text("text/plain").unwrap_or_else(|| "figure".into());
    let svg = text("image/svg+xml").map(|svg| ("image/svg+xml", STANDARD.encode(svg)));
    let bitmap = ["image/png", "image/jpeg", "image/gif", "image/webp"]
        .into_iter()
        .filter_map(|mime| Some((mime, text(mime)?)));
    for (mime, content) in svg.into_iter().chain(bitmap) {
        if let Some(source) = data_image(mime, &content) {
            return format!(
                "<img class=\"figure\" src=\"{source}\" alt=\"{}\">",
                escape(&cut(&description))
            );
        }
    }
    if let Some(latex) = text("text/latex") {
        return format!("<div class=\"prose\">{}</div>", markdown(&latex, &|_| None));
    }
    if let Some(plain) = text("text/plain") {
        return format!("<pre class=\"text\">{}</pre>", printed(&plain));
    }
    match bundle.get("application/json") {
        Some(json) => format!(
            "<pre class=\"text\">{}</pre>",
            printed(&format!("{json:#}"))
        ),
        None => {
            let types: Vec<&str> = bundle
                .as_object()
                .map(|bundle| bundle.keys().map(String::as_str).collect())
                .unwrap_or_default();
            format!(
                "<p class=\"missing\">not shown: {}</p>",
                escape(&types.join(", "))
            )
        }
    }
}

/// The page-within-the-page that shows an output's HTML.
fn frame(html: &str) -> String {
    let inside = format!(
        "<!doctype html><meta charset=\"utf-8\"><link rel=\"stylesheet\" href=\"{}\"><body class=\"output\">{html}",
        style_path()
    );
    format!(
        "<iframe sandbox=\"allow-same-origin\" title=\"output\" srcdoc=\"{}\"></iframe>",
        escape(&inside)
    )
}

/// An image's `data:` address, if it is one of the types that are inert in `<img>` and its content is base64.
pub(super) fn data_image(mime: &str, content: &str) -> Option<String> {
    const KNOWN: [&str; 5] = [
        "image/svg+xml",
        "image/png",
        "image/jpeg",
        "image/gif",
        "image/webp",
    ];
    let content: String = content.split_ascii_whitespace().collect();
    let is_base64 = content
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='));
    (KNOWN.contains(&mime) && is_base64 && !content.is_empty())
        .then(|| format!("data:{mime};base64,{content}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Output;
    use serde_json::json;

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
        let shown = |value: Value| outputs(&[value]);
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
            outputs(&[json!(3), json!({"output_type": "stream"})]),
            "<pre class=\"text\"></pre>"
        );
        let flood = shown(json!({"output_type": "stream", "text": "x".repeat(1_000_000)}));
        assert!(flood.len() < 101_000 && flood.contains("the rest is left out"));
    }

    #[test]
    fn html_that_is_too_long_for_a_frame_gives_way_to_the_next_form() {
        let with_html = |length: usize, mut data: Value| {
            data["text/html"] = "x".repeat(length).into();
            outputs(&[json!({"output_type": "display_data", "data": data})])
        };
        let text = || json!({"text/plain": "a table"});
        assert!(with_html(MOST_HTML, text()).starts_with("<iframe"));
        assert_eq!(
            with_html(MOST_HTML + 1, text()),
            "<pre class=\"text\">a table</pre>"
        );
        assert_eq!(
            with_html(MOST_HTML + 1, json!({})),
            "<p class=\"missing\">not shown: text/html</p>"
        );
    }
}
