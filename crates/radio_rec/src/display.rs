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

use std::fmt::{self, Write as _};
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ndarray::ArrayView2;

use crate::{Error, Result};

// ---------------------------------------------------------------------------------------------------------- bundles

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

/// The text on one line, with what would move the cursor or turn the reading direction written as an escape (`\n`).
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let moves = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if moves || turns {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

// ----------------------------------------------------------------------------------------------------------- tables

/// One cell of a [`Table`]; made from strings and numbers by `From`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cell {
    /// Text, aligned to the left.
    Text(String),
    /// A whole number, aligned to the right.
    Integer(i128),
    /// A number, aligned to the right, with the [decimals](Table::decimals) of the table.
    Float(f64),
    /// Nothing.
    Empty,
}

impl Cell {
    /// A whole number where `value` is one, otherwise the number with its decimals.
    pub(crate) fn shortest(value: f64) -> Self {
        // Beyond 2^53 every double is whole, and its digits would not be worth showing.
        if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
            Cell::Integer(value as i128)
        } else {
            Cell::Float(value)
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Cell::Integer(_) | Cell::Float(_))
    }

    fn to_text(&self, decimals: usize) -> String {
        match self {
            Cell::Text(text) => printable(text),
            Cell::Integer(number) => number.to_string(),
            Cell::Float(number) => format_float(*number, decimals),
            Cell::Empty => String::new(),
        }
    }
}

/// A number with fixed decimals, or in scientific notation where those would hide it: below 10^(1 - decimals) (where
/// fewer than two of its digits would be left) and from 10^16.
pub(crate) fn format_float(number: f64, decimals: usize) -> String {
    let size = number.abs();
    let hidden = size != 0.0 && size < 10f64.powi(1 - decimals.min(300) as i32) && decimals > 2;
    if number.is_finite() && (hidden || size >= 1e16) {
        format!("{number:.decimals$e}")
    } else {
        format!("{number:.decimals$}")
    }
}

macro_rules! cell_from {
    ($($variant:ident: $($type:ty),+ => |$value:ident| $make:expr;)+) => {$($(
        impl From<$type> for Cell {
            fn from($value: $type) -> Self {
                Cell::$variant($make)
            }
        }
    )+)+};
}

cell_from! {
    Text: &str, String, &String => |value| value.to_string();
    Text: bool, char => |value| value.to_string();
    Integer: i32, i64, u32, u64 => |value| value.into();
    Float: f64 => |value| value;
}

// `usize` and `isize` have no `Into<i128>`; no platform has them wider.
impl From<usize> for Cell {
    fn from(value: usize) -> Self {
        Cell::Integer(value as i128)
    }
}

impl From<isize> for Cell {
    fn from(value: isize) -> Self {
        Cell::Integer(value as i128)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Empty, Into::into)
    }
}

/// What can be a row of a [`Table`]: a tuple of up to eight strings and numbers, or a vector or array of one kind.
pub trait Row {
    /// The cells, from left to right.
    fn into_cells(self) -> Vec<Cell>;
}

impl<T: Into<Cell>> Row for Vec<T> {
    fn into_cells(self) -> Vec<Cell> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<T: Into<Cell>, const N: usize> Row for [T; N] {
    fn into_cells(self) -> Vec<Cell> {
        self.into_iter().map(Into::into).collect()
    }
}

macro_rules! row_of_tuple {
    ($($name:ident)+) => {
        impl<$($name: Into<Cell>),+> Row for ($($name,)+) {
            fn into_cells(self) -> Vec<Cell> {
                #[allow(non_snake_case)]
                let ($($name,)+) = self;
                vec![$($name.into()),+]
            }
        }
    };
}

row_of_tuple!(A);
row_of_tuple!(A B);
row_of_tuple!(A B C);
row_of_tuple!(A B C D);
row_of_tuple!(A B C D E);
row_of_tuple!(A B C D E F);
row_of_tuple!(A B C D E F G);
row_of_tuple!(A B C D E F G H);

/// A table with a header: text with aligned columns in a terminal (`Display`), a plain `<table>` in a notebook.
///
/// A column that holds nothing but numbers is aligned to the right. Names are data, never markup: HTML is escaped, and
/// control characters are written as escapes.
///
/// ```
/// use radio_rec::display::Table;
///
/// let table = Table::new(["artist", "score"])
///     .row(("robbie williams", 0.788675))
///     .row(("genesis", 0.57735));
/// assert_eq!(
///     table.to_string(),
///     "artist              score\n\
///      robbie williams  0.788675\n\
///      genesis          0.577350\n"
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    headers: Vec<String>,
    rows: Vec<Vec<Cell>>,
    caption: String,
    decimals: usize,
}

/// As many first and as many last rows (columns) of a matrix are shown.
const SHOWN_ROWS: usize = 5;
const SHOWN_COLUMNS: usize = 4;
const ELLIPSIS: &str = "...";

impl Table {
    /// A table without rows.
    pub fn new<H: Into<String>>(headers: impl IntoIterator<Item = H>) -> Self {
        Self {
            headers: headers.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
            caption: String::new(),
            decimals: 6,
        }
    }

    /// Adds a row. Where it is shorter than the others it is filled up with empty cells; where it is longer, the others are.
    pub fn row(mut self, row: impl Row) -> Self {
        self.push(row);
        self
    }

    /// Adds a row, as [`row`](Table::row) does, to a table that is built in a loop.
    pub fn push(&mut self, row: impl Row) {
        self.rows.push(row.into_cells());
    }

    /// A line below the table.
    pub fn caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// How many decimals numbers have that are not whole by type; 6 unless told.
    ///
    /// Numbers that would be hidden by so few (3e-9 in a table of 6) are written as 3.000000e-9.
    pub fn decimals(mut self, decimals: usize) -> Self {
        self.decimals = decimals;
        self
    }

    /// A corner of a matrix with its labels: all of it up to 10 x 8, beyond that the first and last 5 rows and 4 columns.
    ///
    /// `values` is rows x columns; `rows` and `columns` are their names.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] where there are not as many labels as rows and columns.
    ///
    /// ```
    /// use ndarray::array;
    /// use radio_rec::display::Table;
    ///
    /// let table = Table::matrix(&["ann", "bob"], &["abba", "u2"], array![[1.0, 0.5], [0.0, 0.25]].view())?;
    /// assert_eq!(
    ///     table.decimals(2).to_string(),
    ///     "     abba    u2\n\
    ///      ann  1.00  0.50\n\
    ///      bob  0.00  0.25\n\
    ///      [2 rows x 2 columns]\n"
    /// );
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    pub fn matrix<R: AsRef<str>, C: AsRef<str>>(
        rows: &[R],
        columns: &[C],
        values: ArrayView2<'_, f64>,
    ) -> Result<Self> {
        if values.dim() != (rows.len(), columns.len()) {
            return Err(Error::Shape {
                what: "the matrix".into(),
                expected: format!(
                    "a row for each of the {} row labels and a column for each of the {} column labels",
                    rows.len(),
                    columns.len()
                ),
                found: format!("{} x {}", values.nrows(), values.ncols()),
            });
        }
        let caption = format!("[{} rows x {} columns]", rows.len(), columns.len());
        Ok(Self::corner("", rows, columns, |row, column| {
            values[(row, column)].into()
        })
        .caption(caption))
    }

    /// The table behind [`matrix`](Table::matrix), of a matrix that need not be dense: `value(row, column)`.
    pub(crate) fn corner<R: AsRef<str>, C: AsRef<str>>(
        header: &str,
        rows: &[R],
        columns: &[C],
        value: impl Fn(usize, usize) -> Cell,
    ) -> Self {
        let shown_rows = first_and_last(rows.len(), SHOWN_ROWS);
        let shown_columns = first_and_last(columns.len(), SHOWN_COLUMNS);

        let mut table = Table::new([header]);
        table.headers.extend(shown_columns.iter().map(|column| {
            column
                .map_or(ELLIPSIS, |column| columns[column].as_ref())
                .to_owned()
        }));
        for row in shown_rows {
            let mut cells = vec![Cell::from(row.map_or(ELLIPSIS, |row| rows[row].as_ref()))];
            cells.extend(shown_columns.iter().map(|&column| match (row, column) {
                (Some(row), Some(column)) => value(row, column),
                _ => ELLIPSIS.into(),
            }));
            table.rows.push(cells);
        }
        table
    }

    /// The table as a plain HTML `<table>`, without scripts and styles.
    pub fn to_html(&self) -> String {
        let width = self.width();
        let escaped = |text: &str| escape_html(&printable(text));
        let mut html = String::from("<table>\n");
        if !self.caption.is_empty() {
            let _ = writeln!(html, "<caption>{}</caption>", escaped(&self.caption));
        }
        html.push_str("<thead>\n<tr>");
        for column in 0..width {
            let header = self.headers.get(column).map_or("", String::as_str);
            let _ = write!(html, "<th>{}</th>", escaped(header));
        }
        html.push_str("</tr>\n</thead>\n<tbody>\n");
        for row in &self.rows {
            html.push_str("<tr>");
            for column in 0..width {
                let cell = row.get(column).unwrap_or(&Cell::Empty);
                let _ = write!(html, "<td>{}</td>", escaped(&cell.to_text(self.decimals)));
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody>\n</table>\n");
        html
    }

    /// Shows the table in a notebook, as text and as HTML.
    pub fn evcxr_display(&self) {
        Bundle::new()
            .text(self.to_string())
            .html(self.to_html())
            .print();
    }

    /// How many columns the header or the longest row has.
    fn width(&self) -> usize {
        let rows = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        rows.max(self.headers.len())
    }

    /// Whether a column is to be aligned to the right: numbers, and no text but the ellipsis.
    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(column));
        let numbers = cells.clone().any(Cell::is_number);
        numbers && cells.all(|cell| !matches!(cell, Cell::Text(text) if text != ELLIPSIS))
    }
}

/// All indices below `len`, or the first and the last `side` of them around a gap (`None`).
fn first_and_last(len: usize, side: usize) -> Vec<Option<usize>> {
    if len <= 2 * side {
        return (0..len).map(Some).collect();
    }
    (0..side)
        .map(Some)
        .chain([None])
        .chain((len - side..len).map(Some))
        .collect()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.width();
        let mut lines = vec![
            self.headers
                .iter()
                .map(|header| printable(header))
                .collect(),
        ];
        lines.extend(self.rows.iter().map(|row| {
            row.iter()
                .map(|cell| cell.to_text(self.decimals))
                .collect::<Vec<String>>()
        }));
        let widths: Vec<usize> = (0..width)
            .map(|column| {
                let cells = lines.iter().filter_map(|line| line.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        let numeric: Vec<bool> = (0..width).map(|column| self.is_numeric(column)).collect();

        for line in &lines {
            let mut text = String::new();
            for (column, cell) in line.iter().enumerate() {
                if column > 0 {
                    text.push_str("  ");
                }
                let width = widths[column];
                let _ = if numeric[column] {
                    write!(text, "{cell:>width$}")
                } else {
                    write!(text, "{cell:<width$}")
                };
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        if !self.caption.is_empty() {
            writeln!(f, "{}", printable(&self.caption))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
