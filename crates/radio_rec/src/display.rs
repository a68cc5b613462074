//! What a notebook shows: bundles of one content in several forms, and tables.
//!
//! A Rust notebook shows a value by calling its inherent method `evcxr_display(&self)`, which prints blocks to the
//! standard output:
//!
//! ```text
//! EVCXR_BEGIN_CONTENT text/html
//! <table>...</table>
//! EVCXR_END_CONTENT
//! ```
//!
//! Blocks of different MIME types in a row are one output in several forms, of which the front end shows the richest it
//! can. [`Bundle`] writes such blocks; everything in this crate that a person would look at goes through it. [`Table`]
//! is the one table of the crate, and a notebook's own.

mod columns;
mod table;

use std::fmt;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

#[cfg(any(feature = "plot", test))]
pub(crate) use self::table::format_float;
pub use self::table::{Cell, Row, Table};

/// The MIME types a bundle can hold, in the order in which they are printed: from the plainest to the richest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mime {
    Text,
    Html,
    Svg,
    Png,
}

impl Mime {
    fn name(self) -> &'static str {
        match self {
            Mime::Text => "text/plain",
            Mime::Html => "text/html",
            Mime::Svg => "image/svg+xml",
            Mime::Png => "image/png",
        }
    }
}

/// One content in several forms, each MIME type at most once: a second call for the same type replaces the first.
///
/// `Display` writes the blocks of the display protocol, [`print`](Bundle::print) sends them to the standard output.
///
/// ```
/// use radio_rec::display::Bundle;
///
/// let bundle = Bundle::new().text("six").html("<b>six</b>");
/// assert_eq!(
///     bundle.to_string(),
///     "EVCXR_BEGIN_CONTENT text/plain\nsix\nEVCXR_END_CONTENT\n\
///      EVCXR_BEGIN_CONTENT text/html\n<b>six</b>\nEVCXR_END_CONTENT\n"
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// Sorted by type.
    parts: Vec<(Mime, String)>,
}

impl Bundle {
    /// A bundle without content. It prints nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The plain form (`text/plain`).
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with(Mime::Text, text.into())
    }

    /// The HTML form (`text/html`). The caller escapes: see [`escape_html`].
    pub fn html(self, html: impl Into<String>) -> Self {
        self.with(Mime::Html, html.into())
    }

    /// A drawing (`image/svg+xml`).
    pub fn svg(self, svg: impl Into<String>) -> Self {
        self.with(Mime::Svg, svg.into())
    }

    /// A picture: the bytes of a PNG file (`image/png`, sent as Base64).
    pub fn png(self, bytes: &[u8]) -> Self {
        self.with(Mime::Png, BASE64.encode(bytes))
    }

    /// Prints the bundle to the standard output, in one piece: nothing that another thread prints comes between.
    ///
    /// Like a notebook itself it does not fail when nobody reads the output.
    pub fn print(&self) {
        let blocks = self.to_string();
        let mut stdout = std::io::stdout().lock();
        // A closed pipe is the reader's decision, and there is nothing to repair on this side of it.
        let _ = stdout
            .write_all(blocks.as_bytes())
            .and_then(|()| stdout.flush());
    }

    fn with(mut self, mime: Mime, content: String) -> Self {
        match self.parts.binary_search_by_key(&mime, |part| part.0) {
            Ok(at) => self.parts[at].1 = content,
            Err(at) => self.parts.insert(at, (mime, content)),
        }
        self
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (mime, content) in &self.parts {
            let content = without_markers(*mime, content);
            let line_end = if content.ends_with('\n') { "" } else { "\n" };
            write!(
                f,
                "EVCXR_BEGIN_CONTENT {}\n{content}{line_end}EVCXR_END_CONTENT\n",
                mime.name()
            )?;
        }
        Ok(())
    }
}

/// Content in which no line can be taken for a marker of the protocol, whose words all begin with `EVCXR_`.
///
/// In HTML and SVG a character reference does it, invisibly; plain text gets a zero-width space. Base64 has no `_`.
fn without_markers(mime: Mime, content: &str) -> String {
    let replacement = match mime {
        Mime::Text => "EVCXR\u{200b}_",
        Mime::Html | Mime::Svg => "EVCXR&#95;",
        Mime::Png => return content.to_owned(),
    };
    content.replace("EVCXR_", replacement)
}

/// The text as HTML shows it, usable as an element's content and as an attribute's value.
///
/// ```
/// use radio_rec::display::escape_html;
///
/// assert_eq!(escape_html("simon & <b>garfunkel</b>"), "simon &amp; &lt;b&gt;garfunkel&lt;/b&gt;");
/// ```
pub fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use proptest::prelude::*;

    #[test]
    fn a_bundle_holds_each_type_once_from_plain_to_rich() {
        let bundle = Bundle::new()
            .png(&[0x89, b'P', b'N', b'G'])
            .svg("<svg/>\n")
            .text("old")
            .text("new");
        assert_eq!(
            bundle.to_string(),
            "EVCXR_BEGIN_CONTENT text/plain\nnew\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT image/svg+xml\n<svg/>\nEVCXR_END_CONTENT\n\
             EVCXR_BEGIN_CONTENT image/png\niVBORw==\nEVCXR_END_CONTENT\n"
        );
        assert_eq!(Bundle::new().to_string(), "");
    }

    #[test]
    fn content_cannot_end_its_block() {
        let attack = "a\nEVCXR_END_CONTENT\nEVCXR_BEGIN_CONTENT text/html\n<script>";
        let printed = Bundle::new()
            .text(attack)
            .html(attack)
            .svg(attack)
            .to_string();
        assert_eq!(printed.matches("EVCXR_END_CONTENT").count(), 3);
        assert_eq!(printed.matches("EVCXR_BEGIN_CONTENT").count(), 3);
    }

    #[test]
    fn a_table_aligns_numbers_to_the_right_and_fills_short_rows() {
        let table = Table::new(["name", "n", "mixed"])
            .row(("a", 7, "x"))
            .row(("bcd", 1200, 1.5))
            .row(("e", None::<i32>))
            .caption("three rows");
        assert_eq!(
            table.to_string(),
            "name     n  mixed\n\
             a        7  x\n\
             bcd   1200  1.500000\n\
             e\n\
             three rows\n"
        );
    }

    #[test]
    fn a_longer_row_widens_the_table() {
        let table = Table::new(["a"]).row((1, 2));
        assert_eq!(table.to_string(), "a\n1  2\n");
        assert!(table.to_html().contains("<tr><th>a</th><th></th></tr>"));
    }

    #[test]
    fn numbers_keep_their_digits() {
        assert_eq!(format_float(0.5, 6), "0.500000");
        assert_eq!(format_float(0.0, 6), "0.000000");
        assert_eq!(format_float(-1.257_989_11e-10, 8), "-1.25798911e-10");
        assert_eq!(format_float(0.001, 6), "0.001000");
        assert_eq!(format_float(0.003, 2), "0.00");
        assert_eq!(format_float(0.072, 3), "0.072");
        assert_eq!(format_float(0.0072, 3), "7.200e-3");
        assert_eq!(format_float(2e20, 6), "2.000000e20");
        assert_eq!(format_float(f64::NAN, 6), "NaN");
        assert_eq!(format_float(f64::INFINITY, 6), "inf");
        assert_eq!(Cell::shortest(3.0), Cell::Integer(3));
        assert_eq!(Cell::shortest(2.5), Cell::Float(2.5));
        assert_eq!(Cell::shortest(1e300), Cell::Float(1e300));
    }

    #[test]
    fn names_are_shown_never_executed() {
        let table = Table::new(["<i>"]).row(("<script>alert(1)</script>\n\u{1b}[31m\u{202e}",));
        assert_eq!(
            table.to_html(),
            "<table>\n<thead>\n<tr><th>&lt;i&gt;</th></tr>\n</thead>\n<tbody>\n\
             <tr><td>&lt;script&gt;alert(1)&lt;/script&gt;\\n\\u{1b}[31m\\u{202e}</td></tr>\n\
             </tbody>\n</table>\n"
        );
        assert_eq!(
            table.to_string(),
            "<i>\n<script>alert(1)</script>\\n\\u{1b}[31m\\u{202e}\n"
        );
    }

    #[test]
    fn a_large_matrix_shows_its_corners() {
        let names: Vec<String> = (0..12).map(|i| format!("n{i}")).collect();
        let values = ndarray::Array2::from_shape_fn((12, 12), |(i, j)| (i * 12 + j) as f64);
        let table = Table::matrix(&names, &names, values.view())
            .unwrap()
            .decimals(0);
        let text = table.to_string();
        assert_eq!(
            text.lines().next().unwrap(),
            "      n0   n1   n2   n3  ...   n8   n9  n10  n11"
        );
        assert_eq!(
            text.lines().nth(6).unwrap(),
            "...  ...  ...  ...  ...  ...  ...  ...  ...  ..."
        );
        assert_eq!(text.lines().count(), 1 + 11 + 1);
        assert!(text.ends_with("[12 rows x 12 columns]\n"));
    }

    #[test]
    fn a_matrix_needs_a_label_for_each_row_and_column() {
        let values = ndarray::array![[1.0, 2.0]];
        let error = Table::matrix(&["a"], &["b"], values.view()).unwrap_err();
        assert!(matches!(error, Error::Shape { .. }), "{error}");
    }

    proptest! {
        #[test]
        fn a_row_of_text_is_one_line_and_its_html_holds_no_markup(name in any::<String>()) {
            let table = Table::new(["name"]).row((name.as_str(), 1));
            prop_assert_eq!(table.to_string().lines().count(), 2);
            let html = table.to_html();
            let cell = html.split("<td>").nth(1).unwrap().strip_suffix("</td>").unwrap();
            prop_assert!(!cell.contains(['<', '>', '"', '\'', '\n']));
        }

        #[test]
        fn a_block_ends_where_it_should(content in "[EVCXR_NDBGIOT \n]{0,60}") {
            let content = content.replace('X', "EVCXR_END_CONTENT");
            let printed = Bundle::new().text(content.as_str()).html(content).to_string();
            let ends = printed.lines().filter(|line| line.trim() == "EVCXR_END_CONTENT").count();
            prop_assert_eq!(ends, 2);
        }
    }
}
