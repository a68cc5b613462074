//! A notebook as a page for the projector, and the parts of which exported pages are made: pure text in, pure HTML out.
//!
//! Whatever comes from the notebook is escaped, and only the markup written here opens a tag. Of HTML in markdown, a
//! few elements that do nothing, such as `<details>`, are written anew; the rest is shown as the text it is. HTML among
//! the outputs is what a table is made of: where it is made of tables and text alone, it is written anew as well
//! (`markup`). Any other goes, escaped as a whole, into the `srcdoc` of a frame with `sandbox`, where neither scripts
//! run nor an unclosed tag reaches the page around it. `allow-same-origin` lets the page's own script measure the
//! frame's height and gives the frame the page's style; without `allow-scripts` it gives nothing to what is inside. The
//! frame also inherits the page's Content-Security-Policy (see `serve` in the command), which by itself forbids
//! scripts, forms and anything from the network. (A sanitiser would be the other way; the usual one, ammonia, brings a
//! whole HTML parser.) Pictures are `data:` images, SVG included: as an image it is inert.

mod around;
mod columns;
mod markup;
mod math;
mod outputs;
mod own_tags;
mod prose;
mod text;

pub(crate) use around::picture_bytes;
pub use around::{Around, Picture, ending, picture_beside};
pub use markup::harmless;
pub(crate) use outputs::richest;
pub use outputs::{Shown, outputs};
pub(crate) use text::as_printed;
pub use text::escape;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prose::markdown;
use radio_document::document::{Cell, CellKind};
use sha2::{Digest, Sha256};
use text::{coloured, cut};

/// The colours on light paper, as properties.
pub const LIGHT: &str = include_str!("page/light.css");
/// The colours on dark paper, as properties.
pub const DARK: &str = include_str!("page/dark.css");
/// The style of what a notebook holds, without its colours.
pub const BARE_STYLE: &str = include_str!("page/content.css");
/// The style of what a notebook holds, light or dark as the system is.
pub const CONTENT_STYLE: &str = concat!(
    ":root {\n",
    include_str!("page/light.css"),
    "}\n@media screen and (prefers-color-scheme: dark) {\n:root {\n",
    include_str!("page/dark.css"),
    "}\n}\n",
    include_str!("page/content.css")
);
/// The style sheet of the page that `radio watch` serves.
pub const STYLE: &str = concat!(
    ":root {\n",
    include_str!("page/light.css"),
    "}\n@media screen and (prefers-color-scheme: dark) {\n:root {\n",
    include_str!("page/dark.css"),
    "}\n}\n",
    include_str!("page/content.css"),
    include_str!("page/watch.css")
);
/// The part of a script by which `[` and `]` go from heading to heading.
pub const JUMP: &str = include_str!("page/jump.js");
/// The part of a script that gives frames the height of what is in them: `adopt(root)`.
pub const FRAMES: &str = include_str!("page/frames.js");
/// The page's script: it asks for newer content, puts it in place, measures frames, and goes from heading to heading.
pub const SCRIPT: &str = concat!(
    include_str!("page/jump.js"),
    include_str!("page/frames.js"),
    include_str!("page/script.js")
);

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

/// Whether a notebook hides a cell's own text.
pub(crate) fn hides_input(cell: &Cell) -> bool {
    cell.has_tag("remove-input") || cell.has_tag("remove-cell") || is_folded(cell, "source_hidden")
}

/// Whether a notebook hides what a cell gave.
pub(crate) fn hides_outputs(cell: &Cell) -> bool {
    cell.has_tag("remove-output")
        || cell.has_tag("remove-cell")
        || is_folded(cell, "outputs_hidden")
}

fn is_folded(cell: &Cell, key: &str) -> bool {
    cell.metadata()
        .and_then(|metadata| metadata.get("jupyter")?.get(key))
        .is_some_and(|hidden| hidden == true)
}

/// The cell's own text as HTML: prose drawn, code coloured. Empty where the notebook hides it.
pub fn input(cell: &Cell, around: &dyn Around) -> String {
    match cell.kind {
        _ if hides_input(cell) => String::new(),
        CellKind::Markdown => markdown(&cell.source, around, &|name| {
            if let Some(name) = name.strip_prefix("attachment:") {
                let (mime, content) = cell.attachment(name)?;
                return around.address(mime, content);
            }
            let (mime, bytes) = around.picture(name)?;
            around.address(&mime, &STANDARD.encode(bytes))
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
    let (id, number) = cell
        .number
        .map(|number| {
            (
                format!(" id=\"cell-{number}\""),
                format!("<span class=\"number\">{number}</span>"),
            )
        })
        .unwrap_or_default();
    format!(
        "<section{id} class=\"cell {kind}{state}\"><div class=\"input\">{number}{}</div><div class=\"outputs\">{}</div></section>",
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
         <script src=\"script.js\" defer></script>\n</head>\n<body>\n\
         <header><button id=\"list\" type=\"button\" aria-expanded=\"false\" aria-controls=\"contents\" \
         title=\"Contents (c); [ and ] go to the heading before and after\">Contents</button>\
         <span id=\"name\">{title}</span><span id=\"status\" class=\"{class}\" role=\"status\">{text}</span></header>\n\
         <nav id=\"contents\" aria-label=\"Contents\" hidden></nav>\n<main data-version=\"{version}\">{sections}</main>\n</body>\n</html>\n"
    )
}

/// Where the style sheet is found, from the page: a name of its own for each content, so that a browser may keep it.
pub fn style_path() -> String {
    let hash = &Sha256::digest(STYLE)[..8];
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("style-{hash}.css")
}

#[cfg(test)]
mod tests;
