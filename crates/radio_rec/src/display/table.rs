//! Tables.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use ndarray::ArrayView2;

use super::{Bundle, escape_html};
use crate::text::printable;
use crate::{Error, Result};

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
    pub(super) headers: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) caption: String,
    pub(super) decimals: usize,
    /// Where the rows were read, if they were.
    pub(super) origin: Option<Arc<Origin>>,
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
            origin: None,
        }
    }

    /// Adds a row. Where it is shorter than the others it is filled up with empty cells; where it is longer, the others
    /// are.
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

    /// A corner of a matrix with its labels: all of it up to 10 x 8, beyond that the first and last 5 rows and 4
    /// columns.
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

    /// As [`matrix`](Table::matrix), of a matrix that need not be dense: `value(row, column)`.
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

    /// The same of this table's own cells.
    pub(super) fn corner_of_cells(&self) -> Self {
        let rows = first_and_last(self.rows.len(), SHOWN_ROWS);
        let columns = first_and_last(self.width(), SHOWN_COLUMNS);
        let gap = || Cell::from(ELLIPSIS);
        let header = |&column: &Option<usize>| match column {
            Some(column) => self.headers.get(column).cloned().unwrap_or_default(),
            None => ELLIPSIS.to_owned(),
        };
        let mut table = Table::new(columns.iter().map(header));
        table.rows = rows
            .into_iter()
            .map(|row| {
                let cell = |&column: &Option<usize>| match (row, column) {
                    (Some(row), Some(column)) => {
                        self.rows[row].get(column).cloned().unwrap_or(Cell::Empty)
                    }
                    _ => gap(),
                };
                columns.iter().map(cell).collect()
            })
            .collect();
        table
    }

    /// The table as a plain HTML `<table>`, without scripts and styles.
    pub fn to_html(&self) -> String {
        self.as_shown().all_to_html()
    }

    fn all_to_html(&self) -> String {
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
        self.as_shown().fmt_all(f)
    }
}

impl Table {
    fn fmt_all(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

/// Where the rows of a table were read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Origin {
    pub(super) path: std::path::PathBuf,
    /// The line of each row.
    pub(super) lines: Vec<u64>,
}
