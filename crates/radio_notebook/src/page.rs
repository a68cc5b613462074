//! A notebook as a page for the projector: pure text in, pure HTML out.
//!
//! Whatever comes from the notebook is escaped, and only the markup written here opens a tag. HTML in markdown is shown as the
//! text it is. HTML among the outputs is what a table is made of, so it has to be shown as HTML; it goes, escaped as a whole,
//! into the `srcdoc` of a frame with `sandbox`, where neither scripts run nor an unclosed tag reaches the page around it.
//! `allow-same-origin` lets the page's own script measure the frame's height and gives the frame the page's style; without
//! `allow-scripts` it gives nothing to what is inside. The frame also inherits the page's Content-Security-Policy
//! ([`crate::serve`]), which by itself forbids scripts, forms and anything from the network. (A sanitiser would be the other
//! way; the usual one, ammonia, brings a whole HTML parser.) Pictures are `data:` images, SVG included: as an image it is inert.

mod math;

use crate::document::{Cell, CellKind, joined};
use crate::highlight::{self, Class};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pulldown_cmark::{Alignment, CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd};
use serde_json::Value;

/// The page's style sheet.
pub const STYLE: &str = include_str!("page/style.css");
/// The page's script: it asks for newer content, puts it in place, and measures frames.
pub const SCRIPT: &str = include_str!("page/script.js");

/// How far a code cell is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// What is shown is of this run, or the cell never ran.
    #[default]
    Settled,
    /// What is shown is of an earlier run.
    Stale,
    /// The cell is running.
    Running,
    /// The cell failed.
    Failed,
}

/// A cell, ready to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CellView {
    /// The number of a code cell.
    pub number: Option<usize>,
    /// How far it is.
    pub state: State,
    /// What it says or does, as HTML.
    pub input: String,
    /// What it gave, as HTML.
    pub outputs: String,
}

/// A picture's MIME type and content.
pub type Picture = (String, Vec<u8>);

/// The text of outputs and sources that is longer than this is cut: the page has to stay quick.
const MOST_TEXT: usize = 100_000;
/// HTML that is longer than this is left out.
const MOST_HTML: usize = 4_000_000;

/// Text that opens no tag and ends no attribute.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// The cell's own text as HTML: prose drawn, code coloured. Empty where the notebook hides it. `picture` gives a picture that
/// prose names.
pub fn input(cell: &Cell, picture: &dyn Fn(&str) -> Option<Picture>) -> String {
    let hidden = cell.has_tag("remove-input")
        || cell.has_tag("remove-cell")
        || cell
            .metadata()
            .and_then(|metadata| metadata.get("jupyter")?.get("source_hidden"))
            .is_some_and(|hidden| hidden == true);
    match cell.kind {
        _ if hidden => String::new(),
        CellKind::Markdown => markdown(&cell.source, &|name| {
            if let Some(name) = name.strip_prefix("attachment:") {
                let (mime, content) = cell.attachment(name)?;
                return data_image(mime, content);
            }
            let (mime, bytes) = picture(name)?;
            data_image(&mime, &STANDARD.encode(bytes))
        }),
        CellKind::Code => format!(
            "<pre class=\"code\"><code>{}</code></pre>",
            coloured(cell.source.trim_end())
        ),
        CellKind::Raw => format!("<pre>{}</pre>", escape(&cut(&cell.source))),
    }
}

/// Outputs, given as nbformat has them, as HTML.
pub fn outputs(outputs: &[Value]) -> String {
    outputs.iter().map(output).collect()
}

/// One cell's part of the page.
pub fn section(cell: &CellView) -> String {
    if cell.input.is_empty() && cell.outputs.is_empty() {
        return "<section class=\"cell empty\"></section>".into();
    }
    let kind = if cell.number.is_some() {
        "code"
    } else {
        "prose"
    };
    let state = match cell.state {
        State::Settled => "",
        State::Stale => " stale",
        State::Running => " running",
        State::Failed => " failed",
    };
    let number = cell
        .number
        .map(|number| format!("<span class=\"number\">{number}</span>"))
        .unwrap_or_default();
    format!(
        "<section class=\"cell {kind}{state}\"><div class=\"input\">{number}{}</div><div class=\"outputs\">{}</div></section>",
        cell.input, cell.outputs
    )
}

/// The whole page. `status` is its `class` and its text; `version` names this content to the server.
pub fn document(title: &str, status: (&str, &str), version: &str, sections: &str) -> String {
    let (class, text) = status;
    let (title, class, text, version) =
        (escape(title), escape(class), escape(text), escape(version));
    let style = style_path();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"{style}\">\n\
         <script src=\"/script.js\" defer></script>\n</head>\n<body>\n\
         <header><span id=\"name\">{title}</span><span id=\"status\" class=\"{class}\" role=\"status\">{text}</span></header>\n\
         <main data-version=\"{version}\">{sections}</main>\n</body>\n</html>\n"
    )
}

/// Where the style sheet is found: a name of its own for each content, so that a browser may keep it.
pub fn style_path() -> String {
    const fn fnv(text: &[u8]) -> u64 {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut at = 0;
        while at < text.len() {
            hash = (hash ^ text[at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        hash
    }
    const HASH: u64 = fnv(STYLE.as_bytes());
    format!("/style-{HASH:016x}.css")
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
fn data_image(mime: &str, content: &str) -> Option<String> {
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

/// Text as a terminal would show it: without colours, and with the last of what was written over one line.
fn printed(text: &str) -> String {
    let plain = console::strip_ansi_codes(text);
    let mut shown = String::new();
    for line in cut(&plain).split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        let line = line.strip_suffix('\r').unwrap_or(line);
        shown.push_str(line.rsplit('\r').next().unwrap_or(line));
        shown.push_str(end);
    }
    escape(shown.trim_end_matches('\n'))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!(
            "{}\n[the rest is left out here; the executed copy has it]",
            &text[..end]
        ),
        None => text.to_owned(),
    }
}

fn coloured(source: &str) -> String {
    if source.len() > MOST_TEXT {
        return escape(&cut(source));
    }
    let parts = highlight::stretches(source).into_iter();
    parts
        .map(|(class, text)| {
            let class = match class {
                Class::Plain => return escape(text),
                Class::Keyword => "k",
                Class::Type => "t",
                Class::Function => "f",
                Class::Macro => "m",
                Class::Text => "s",
                Class::Number => "n",
                Class::Lifetime => "l",
                Class::Comment => "c",
            };
            format!("<span class=\"{class}\">{}</span>", escape(text))
        })
        .collect()
}

/// Prose as HTML. `picture` gives the `data:` address of a picture.
fn markdown(text: &str, picture: &dyn Fn(&str) -> Option<String>) -> String {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_MATH;
    let text = cut(text);
    let events = Drawing {
        picture,
        columns: Vec::new(),
        column: 0,
        in_head: false,
        links: Vec::new(),
    }
    .draw(Parser::new_ext(&text, options));
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events.into_iter());
    html
}

/// Turns the events of a text into events that bring no markup, address or style of the text's own.
struct Drawing<'p> {
    picture: &'p dyn Fn(&str) -> Option<String>,
    columns: Vec<Alignment>,
    column: usize,
    in_head: bool,
    /// Whether the links that are open are links on the page.
    links: Vec<bool>,
}

impl Drawing<'_> {
    fn draw<'t>(&mut self, mut events: Parser<'t>) -> Vec<Event<'t>> {
        let mut drawn = Vec::new();
        while let Some(event) = events.next() {
            let event = match event {
                // A comment was not meant to be read; other markup is shown as it stands.
                Event::Html(markup) | Event::InlineHtml(markup)
                    if markup.trim_start().starts_with("<!--")
                        && markup.trim_end().ends_with("-->") =>
                {
                    continue;
                }
                Event::Html(markup) | Event::InlineHtml(markup) => Event::Text(markup),
                Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
                Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
                Event::InlineMath(latex) => html(math::formula(&latex, false)),
                Event::DisplayMath(latex) => html(math::formula(&latex, true)),
                Event::Start(Tag::CodeBlock(kind)) => {
                    let is_rust = matches!(&kind, CodeBlockKind::Fenced(language) if language.split([',', ' ']).next() == Some("rust"));
                    let code = text_until(&mut events, &TagEnd::CodeBlock);
                    let code = code.trim_end_matches('\n');
                    let code = if is_rust {
                        coloured(code)
                    } else {
                        escape(code)
                    };
                    html(format!("<pre class=\"code\"><code>{code}</code></pre>"))
                }
                Event::Start(Tag::Image { dest_url, .. }) => {
                    let description = text_until(&mut events, &TagEnd::Image);
                    html(self.image(&dest_url, &description))
                }
                Event::Start(Tag::Link { dest_url, .. }) => {
                    let is_address = ["https://", "http://", "mailto:"]
                        .iter()
                        .any(|scheme| dest_url.to_ascii_lowercase().starts_with(scheme));
                    self.links.push(is_address);
                    if !is_address {
                        continue;
                    }
                    html(format!(
                        "<a href=\"{}\" target=\"_blank\" rel=\"noopener noreferrer\">",
                        escape(&dest_url)
                    ))
                }
                Event::End(TagEnd::Link) => match self.links.pop() {
                    Some(true) => html("</a>".into()),
                    _ => continue,
                },
                // The renderer's own tables carry style attributes, which the page's policy forbids.
                Event::Start(Tag::Table(columns)) => {
                    self.columns = columns;
                    html("<table>".into())
                }
                Event::End(TagEnd::Table) => html("</tbody></table>".into()),
                Event::Start(Tag::TableHead) => {
                    (self.in_head, self.column) = (true, 0);
                    html("<thead><tr>".into())
                }
                Event::End(TagEnd::TableHead) => {
                    self.in_head = false;
                    html("</tr></thead><tbody>".into())
                }
                Event::Start(Tag::TableRow) => {
                    self.column = 0;
                    html("<tr>".into())
                }
                Event::End(TagEnd::TableRow) => html("</tr>".into()),
                Event::Start(Tag::TableCell) => {
                    let class = match self.columns.get(self.column) {
                        Some(Alignment::Right) => " class=\"right\"",
                        Some(Alignment::Center) => " class=\"center\"",
                        _ => "",
                    };
                    self.column += 1;
                    html(format!("<{}{class}>", self.cell_name()))
                }
                Event::End(TagEnd::TableCell) => html(format!("</{}>", self.cell_name())),
                other => other,
            };
            drawn.push(event);
        }
        drawn
    }

    fn cell_name(&self) -> &'static str {
        if self.in_head { "th" } else { "td" }
    }

    fn image(&self, address: &str, description: &str) -> String {
        let description = escape(description);
        match (self.picture)(address) {
            Some(source) => format!("<img src=\"{}\" alt=\"{description}\">", escape(&source)),
            None => format!(
                "<span class=\"missing\">[picture not shown: {description} ({})]</span>",
                escape(address)
            ),
        }
    }
}

fn html<'t>(markup: String) -> Event<'t> {
    Event::InlineHtml(CowStr::from(markup))
}

/// The text up to the end of what has just begun.
fn text_until(events: &mut Parser<'_>, end: &TagEnd) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for event in events {
        match event {
            Event::Start(tag) if tag.to_end() == *end => depth += 1,
            Event::End(tag) if tag == *end => {
                if depth == 0 {
                    break;
                }
                depth -= 1;
            }
            Event::Text(part)
            | Event::Code(part)
            | Event::Html(part)
            | Event::InlineHtml(part)
            | Event::InlineMath(part)
            | Event::DisplayMath(part) => text.push_str(&part),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            _ => {}
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Output;
    use proptest::prelude::*;
    use serde_json::json;

    fn prose(text: &str) -> String {
        markdown(text, &|_| None)
    }

    #[test]
    fn prose_is_drawn() {
        let html = prose(
            "# Title\n\n| a | b |\n|---|--:|\n| *x* | $a^2$ |\n\n```rust\nfn f() {}\n```\n\n[r](https://a.b/?x&y) [l](../data.md)\n\n~~old~~",
        );
        for part in [
            "<h1>Title</h1>",
            "<th>a</th><th class=\"right\">b</th>",
            "<td><em>x</em></td><td class=\"right\"><math",
            "<span class=\"k\">fn</span>",
            "<a href=\"https://a.b/?x&amp;y\" target=\"_blank\" rel=\"noopener noreferrer\">r</a> l",
            "<del>old</del>",
        ] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
    }

    #[test]
    fn markup_of_the_text_is_shown_and_not_obeyed() {
        let html = prose(
            "<script>alert(1)</script>\n\na <img src=x onerror=alert(1)> b\n\n<!-- note -->\n\n[x](javascript:alert(1)) ![far](https://a.b/c.png)",
        );
        assert!(
            html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{html}"
        );
        assert!(
            html.contains("&lt;img src=x onerror=alert(1)&gt;"),
            "{html}"
        );
        assert!(
            !html.contains("javascript:") && !html.contains("note"),
            "{html}"
        );
        assert!(html.contains("picture not shown: far"), "{html}");
        well_formed(&html).unwrap();
    }

    #[test]
    fn pictures_are_data_and_come_from_attachments_or_beside_the_notebook() {
        let cell = r#"{"nbformat":4,"nbformat_minor":4,"metadata":{},"cells":[{"cell_type":"markdown","metadata":{},"source":"![a](attachment:p.png) ![b](beside.svg)","attachments":{"p.png":{"image/png":"AAEC"}}}]}"#;
        let notebook = crate::document::Notebook::from_ipynb(cell).unwrap();
        let html = input(&notebook.cells[0], &|name| {
            (name == "beside.svg").then(|| ("image/svg+xml".into(), b"<svg/>".to_vec()))
        });
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

    #[test]
    fn hidden_sources_are_not_shown() {
        let mut cell = Cell::new(CellKind::Code, "secret()");
        assert!(input(&cell, &|_| None).contains("secret"));
        cell.set_metadata("jupyter", json!({"source_hidden": true}));
        assert_eq!(input(&cell, &|_| None), "");
        cell.set_metadata("jupyter", json!({}));
        cell.set_metadata("tags", json!(["remove-input"]));
        assert_eq!(input(&cell, &|_| None), "");
        assert!(section(&CellView::default()).contains("empty"));
    }

    /// Reads markup strictly: only tags and attributes that the page itself writes, every tag closed in order.
    fn well_formed(markup: &str) -> Result<(), String> {
        const TAGS: [&str; 51] = [
            "a",
            "blockquote",
            "body",
            "br",
            "code",
            "dd",
            "del",
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
        const ATTRIBUTES: [&str; 27] = [
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
            if name == "script" && attributes != "src=\"/script.js\" defer" {
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
                            "/style-",
                            "/script.js",
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
                if !ATTRIBUTES.contains(&key) && !is_math || key.starts_with("on") || key == "style"
                {
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
            "<b>x</b>",
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
                input: input(cell, &|_| Some((text.clone(), text.clone().into_bytes()))),
                outputs: outputs(&shown),
            });
            let sections: String = views.map(|view| section(&view)).collect();
            let page = document(&text, (&text, &text), &text, &sections);
            let checked = well_formed(&page);
            prop_assert!(checked.is_ok(), "{checked:?} in {page}");
        }
    }
}
