//! A strict reader of what the page writes, and texts that try to be more than text.

use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::path::Path;

/// A page with nothing around a cell but the pictures of a folder.
pub(super) struct Nothing<'p>(pub &'p Path);

impl Around for Nothing<'_> {
    fn picture(&self, name: &str) -> Option<Picture> {
        picture_beside(self.0, name)
    }

    fn frame_head(&self) -> String {
        String::new()
    }
}

/// A page with all around a cell, made of texts of the notebook's.
struct Hostile<'t>(&'t str);

impl Around for Hostile<'_> {
    fn picture(&self, _: &str) -> Option<Picture> {
        Some((self.0.to_owned(), self.0.as_bytes().to_vec()))
    }

    fn link(&self, address: &str) -> Option<String> {
        Some(format!("#{address}"))
    }

    fn id(&self, level: usize, text: &str) -> Option<String> {
        Some(format!("{level}{text}"))
    }

    fn frame_head(&self) -> String {
        format!("<style>{}</style>", self.0)
    }
}

/// Reads markup strictly: only tags and attributes that the page itself writes, every tag closed in order.
pub(super) fn well_formed(markup: &str) -> Result<(), String> {
    const TAGS: [&str; 67] = [
        "nav",
        "button",
        "details",
        "summary",
        "b",
        "ins",
        "mark",
        "small",
        "kbd",
        "q",
        "var",
        "samp",
        "figure",
        "figcaption",
        "caption",
        "tfoot",
        "del",
        "a",
        "blockquote",
        "body",
        "br",
        "code",
        "dd",
        "div",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "head",
        "header",
        "hr",
        "html",
        "iframe",
        "img",
        "input",
        "li",
        "link",
        "main",
        "meta",
        "ol",
        "p",
        "pre",
        "script",
        "section",
        "span",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "title",
        "tr",
        "ul",
        "math",
        "semantics",
        "annotation",
        "s",
        "u",
        "i",
    ];
    const EMPTY: [&str; 6] = ["br", "hr", "img", "input", "link", "meta"];
    const ATTRIBUTES: [&str; 33] = [
        "aria-label",
        "aria-expanded",
        "aria-controls",
        "hidden",
        "colspan",
        "rowspan",
        "alt",
        "charset",
        "checked",
        "class",
        "content",
        "data-version",
        "defer",
        "disabled",
        "display",
        "href",
        "id",
        "lang",
        "name",
        "rel",
        "role",
        "sandbox",
        "src",
        "srcdoc",
        "start",
        "target",
        "title",
        "type",
        "form",
        "stretchy",
        "mathvariant",
        "lspace",
        "rspace",
    ];
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup.strip_prefix("<!doctype html>").unwrap_or(markup);
    while let Some((_, after)) = rest.split_once('<') {
        // The end of a tag is the first `>` outside quotes; text escapes both.
        let mut quoted = false;
        let end = after
            .find(|character| {
                quoted ^= character == '"';
                character == '>' && !quoted
            })
            .ok_or("a tag without end")?;
        let tag = after[..end].trim_end_matches('/').trim_end();
        rest = &after[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return Err(format!("</{name}> closes nothing"));
            }
            continue;
        }
        let (name, mut attributes) = tag.split_once([' ', '\n']).unwrap_or((tag, ""));
        let is_math = open.contains(&"math") && name.starts_with('m');
        if !TAGS.contains(&name) && !is_math {
            return Err(format!("<{name}> is not ours"));
        }
        if name == "script" && attributes != "src=\"script.js\" defer" {
            return Err(format!("<{tag}> is not ours"));
        }
        while !attributes.trim().is_empty() {
            attributes = attributes.trim_start();
            let (key, after) = match attributes.split_once(['=', ' ']) {
                Some((key, after)) if attributes[key.len()..].starts_with('=') => {
                    let after = after
                        .strip_prefix('"')
                        .ok_or("an attribute without quotes")?;
                    let (value, after) = after.split_once('"').ok_or("open quotes")?;
                    let is_address = matches!(key, "href" | "src");
                    let allowed = [
                        "https://",
                        "http://",
                        "mailto:",
                        "data:",
                        "style-",
                        "script.js",
                        "#",
                    ];
                    let lower = value.to_ascii_lowercase();
                    if is_address && !allowed.iter().any(|start| lower.starts_with(start)) {
                        return Err(format!("{key} leads to {value}"));
                    }
                    (key, after)
                }
                Some((key, after)) => (key, after),
                None => (attributes, ""),
            };
            let is_math = name.starts_with('m') && name != "main";
            if !ATTRIBUTES.contains(&key) && !is_math || key.starts_with("on") || key == "style" {
                return Err(format!("{key} in <{tag}> is not ours"));
            }
            attributes = after;
        }
        if !EMPTY.contains(&name) {
            open.push(name);
        }
    }
    if open.is_empty() {
        Ok(())
    } else {
        Err(format!("{open:?} left open"))
    }
}

#[test]
fn the_checker_itself_finds_what_it_is_for() {
    for bad in [
        "<p>",
        "<font>x</font>",
        "<p onclick=\"x\"></p>",
        "<a href=\"javascript:x\">x</a>",
        "<script>x</script>",
        "<p style=\"x\"></p>",
        "<img src=x>",
    ] {
        assert!(well_formed(bad).is_err(), "{bad}");
    }
    well_formed("<p class=\"a\">x<br><img src=\"data:,\" alt=\"&lt;\"></p>").unwrap();
}

/// Text that tries to be markup, in pieces that markdown, LaTeX, Rust and HTML give a meaning to.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<script>",
            "</script>",
            "<img src=x onerror=alert(1)>",
            "<!--",
            "-->",
            "\"",
            "'",
            ">",
            "<",
            "&lt;",
            "</title>",
            "</pre>",
            "</iframe>",
            "\"></iframe><b>",
            "<![CDATA[",
            "$",
            "$$",
            "\\text{",
            "}",
            "{",
            "\\frac",
            "\\href{javascript:x}{y}",
            "\\color{\"><b>}",
            "\\begin{matrix}",
            "\\end{matrix}",
            "&",
            "\\\\",
            "![",
            "](",
            ")",
            "[",
            "]",
            "`",
            "```rust\n",
            "```",
            "\n",
            "\n\n",
            "|",
            "|-|:-:|\n",
            "# ",
            "> ",
            "- [x] ",
            "1. ",
            "[^1]",
            "[^1]: ",
            "~~",
            "**",
            "<http://a.b>",
            "javascript:alert(1)",
            "\u{1b}[31m",
            "\r",
            "\u{0}",
            "//",
            "/*",
            "fn f<'a>() {",
            "r#\"",
            "data:text/html,",
            "attachment:",
            " ",
            "    ",
        ])
        .prop_map(str::to_owned),
        "[a-z]{1,4}",
        "\\PC{1,3}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_text_of_a_notebook_opens_a_tag(text in hostile(), mime in hostile()) {
        let cells = [CellKind::Markdown, CellKind::Code, CellKind::Raw].map(|kind| Cell::new(kind, text.clone()));
        let bundle = |kind: &str| json!({"output_type": "display_data", "data": {kind: text}});
        let shown = [
            json!({"output_type": "stream", "name": text, "text": text}),
            json!({"output_type": "error", "ename": text, "evalue": text, "traceback": [text]}),
            json!({"output_type": "error", "ename": text, "evalue": text}),
            bundle("text/html"), bundle("text/markdown"), bundle("image/svg+xml"), bundle("image/png"),
            bundle("text/latex"), bundle("text/plain"), bundle("application/json"), bundle(&mime),
            json!({"data": {"image/png": "AAEC", "text/plain": text}}),
        ];
        let views = cells.iter().map(|cell| CellView {
            number: Some(1),
            state: State::Failed,
            input: input(cell, &Hostile(&text)),
            outputs: outputs(&shown, &Hostile(&text)),
        });
        let sections: String = views.map(|view| section(&view)).collect();
        let page = document(&text, (&text, &text), &text, &sections);
        let checked = well_formed(&page);
        prop_assert!(checked.is_ok(), "{checked:?} in {page}");
    }
}

#[test]
fn pictures_are_data_and_come_from_attachments_or_beside_the_notebook() {
    let cell = r#"{"nbformat":4,"nbformat_minor":4,"metadata":{},"cells":[{"cell_type":"markdown","metadata":{},"source":"![a](attachment:p.png) ![b](beside.svg)","attachments":{"p.png":{"image/png":"AAEC"}}}]}"#;
    let notebook = radio_document::document::Notebook::from_ipynb(cell).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("beside.svg"), "<svg/>").unwrap();
    let html = input(&notebook.cells[0], &Nothing(folder.path()));
    assert!(
        html.contains("src=\"data:image/png;base64,AAEC\" alt=\"a\""),
        "{html}"
    );
    assert!(
        html.contains("src=\"data:image/svg+xml;base64,PHN2Zy8+\""),
        "{html}"
    );
}

#[test]
fn hidden_sources_are_not_shown() {
    let mut cell = Cell::new(CellKind::Code, "secret()");
    assert!(input(&cell, &Nothing(std::path::Path::new("."))).contains("secret"));
    cell.set_metadata("jupyter", json!({"source_hidden": true}));
    assert_eq!(input(&cell, &Nothing(std::path::Path::new("."))), "");
    cell.set_metadata("jupyter", json!({}));
    cell.set_metadata("tags", json!(["remove-input"]));
    assert_eq!(input(&cell, &Nothing(std::path::Path::new("."))), "");
    assert!(section(&CellView::default()).contains("empty"));
}

#[test]
fn the_style_sheet_is_named_by_its_content() {
    // By `sha256sum`, which this is the beginning of.
    let whole = sha2::Sha256::digest(STYLE);
    let number = u64::from_be_bytes(whole[..8].try_into().unwrap());
    assert_eq!(style_path(), format!("style-{number:016x}.css"));
}
