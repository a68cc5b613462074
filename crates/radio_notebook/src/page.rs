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
mod outputs;
mod prose;
mod text;
#[cfg(test)]
mod well_formed;

pub use outputs::outputs;
pub use text::escape;

use crate::document::{Cell, CellKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use outputs::data_image;
use prose::markdown;
use text::{coloured, cut};

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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
}
