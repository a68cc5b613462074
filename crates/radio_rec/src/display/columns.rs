//! Tables from files of comma-separated values, and their columns by name.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::table::{Cell, Origin, Table};
use crate::near::nearest_names;
use crate::rows::{Problem, Row, Source, cells, rows};
use crate::text::excerpt;
use crate::{Error, Result};

/// No number of a table has more decimals than this when it is shown.
const MOST_DECIMALS: usize = 6;

impl Table {
    /// Reads a file of comma-separated values (CSV): the first line names the columns, each other line is a row.
    ///
    /// A column whose cells are all numbers holds numbers, another one holds texts. An empty cell is a missing value
    /// ([`missing`](Table::missing) says of other marks that they are, such as `NA`). Whole numbers with a leading zero
    /// are texts: postal codes would lose it. The columns may be separated by semicolons, tabs or `|` instead, as the
    /// first line tells. Cells may be quoted, space around them is dropped, blank lines are skipped, the encoding is
    /// UTF-8. A table that is compressed by gzip (feature `gzip`, on by default) or zstd (feature `zstd`) is unpacked.
    ///
    /// In a notebook the table shows its first and its last rows, and how many values are missing.
    ///
    /// ```no_run
    /// use radio_rec::display::Table;
    /// use radio_rec::plot::Figure;
    ///
    /// let people = Table::from_csv("people.csv")?;
    /// Figure::histogram(people.numbers("age")?)?.save("ages.svg")?;
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::FileNotFound`] or [`Error::Io`] for a file that is not there or cannot be read; [`Error::Csv`] with
    /// line and column for an empty table, a first line of numbers, two columns of one name, a row of another length
    /// than the first, and text that is not UTF-8.
    pub fn from_csv(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        parse(Source::open(path)?, path).map_err(|problem| problem.at(path))
    }

    /// Reads a table as [`from_csv`](Table::from_csv) does, from anything that can be read. `label` stands for the
    /// file's name in errors.
    ///
    /// ```
    /// use radio_rec::display::Table;
    ///
    /// let people = "name,age,height\nann,31,1.72\nbob,,1.8\ncleo,25,1.69\n";
    /// let people = Table::from_csv_reader(people.as_bytes(), "people.csv")?;
    /// assert_eq!(people.texts("name")?, ["ann", "bob", "cleo"]);
    /// assert_eq!(people.numbers("height")?, [1.72, 1.8, 1.69]);
    ///
    /// // What is missing is said, not guessed.
    /// let error = people.numbers("age").unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "people.csv, line 3, column 2: `age` is missing here, the only time in 3 rows; `without_missing([\"age\"])` leaves \
    ///      such rows out"
    /// );
    /// assert_eq!(people.without_missing(["age"])?.numbers("age")?, [31.0, 25.0]);
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`from_csv`](Table::from_csv).
    pub fn from_csv_reader(reader: impl Read, label: impl AsRef<Path>) -> Result<Self> {
        let label = label.as_ref();
        Source::of(reader)
            .and_then(|source| parse(source, label))
            .map_err(|problem| problem.at(label))
    }

    /// The names of the columns, from left to right.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.headers.iter().map(String::as_str)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The numbers of a column, from the top down.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`] with the names that are near; [`Error::Csv`] with the line of the first cell that is
    /// missing or holds no number.
    pub fn numbers(&self, column: &str) -> Result<Vec<f64>> {
        self.values(column, |cell| match cell {
            Cell::Integer(number) => Ok(*number as f64),
            Cell::Float(number) => Ok(*number),
            Cell::Text(text) => number(text).ok_or_else(|| why_no_number(text)),
            Cell::Empty => Err(String::new()),
        })
    }

    /// The texts of a column, from the top down; numbers as they are shown.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`] with the names that are near; [`Error::Csv`] with the line of the first cell that is
    /// missing.
    pub fn texts(&self, column: &str) -> Result<Vec<String>> {
        self.values(column, |cell| match cell {
            Cell::Text(text) => Ok(text.clone()),
            Cell::Integer(number) => Ok(number.to_string()),
            Cell::Float(number) => Ok(number.to_string()),
            Cell::Empty => Err(String::new()),
        })
    }

    /// The table in which cells that hold nothing but `mark`, such as `NA` or `-999`, are missing values. What is left
    /// of a column may then be numbers.
    pub fn missing(mut self, mark: &str) -> Self {
        let marked = number(mark);
        for column in 0..self.headers.len() {
            let mut cells: Vec<&mut Cell> = self
                .rows
                .iter_mut()
                .filter_map(|row| row.get_mut(column))
                .collect();
            let mut changed = false;
            for cell in &mut cells {
                let is_mark = match cell {
                    Cell::Text(text) => text == mark.trim(),
                    Cell::Integer(number) => marked == Some(*number as f64),
                    Cell::Float(number) => marked == Some(*number),
                    Cell::Empty => false,
                };
                if is_mark {
                    **cell = Cell::Empty;
                    changed = true;
                }
            }
            if changed {
                let texts: Vec<String> = cells.iter().map(|cell| written(cell)).collect();
                for (cell, value) in cells.into_iter().zip(guessed(texts)) {
                    *cell = value;
                }
            }
        }
        self
    }

    /// The table without the rows in which one of `columns` is missing.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`] with the names that are near.
    pub fn without_missing<N: AsRef<str>>(
        &self,
        columns: impl IntoIterator<Item = N>,
    ) -> Result<Self> {
        let columns: Vec<usize> = columns
            .into_iter()
            .map(|name| self.position(name.as_ref()))
            .collect::<Result<_>>()?;
        let is_whole = |row: &[Cell]| columns.iter().all(|&column| !is_missing(row, column));
        let kept: Vec<usize> = (0..self.rows.len())
            .filter(|&row| is_whole(&self.rows[row]))
            .collect();
        let origin = self.origin.as_ref().map(|origin| {
            Arc::new(Origin {
                path: origin.path.clone(),
                lines: kept
                    .iter()
                    .filter_map(|&row| origin.lines.get(row).copied())
                    .collect(),
            })
        });
        Ok(Self {
            headers: self.headers.clone(),
            rows: kept.iter().map(|&row| self.rows[row].clone()).collect(),
            origin,
            caption: self.caption.clone(),
            decimals: self.decimals,
        })
    }

    /// The values of a column, each read from its cell by `read`, which says in words why one cannot be: in none for a
    /// missing one.
    fn values<T>(
        &self,
        name: &str,
        read: impl Fn(&Cell) -> std::result::Result<T, String>,
    ) -> Result<Vec<T>> {
        let column = self.position(name)?;
        let values = self.rows.iter().enumerate().map(|(row, cells)| {
            let cell = cells.get(column).unwrap_or(&Cell::Empty);
            read(cell).map_err(|why| {
                let message = if why.is_empty() {
                    self.what_is_missing(column)
                } else {
                    format!("{why} in the column `{}`", excerpt(name))
                };
                self.problem(row, column, message)
            })
        });
        values.collect()
    }

    fn what_is_missing(&self, column: usize) -> String {
        let name = excerpt(&self.headers[column]);
        let rows = self.rows.len();
        let times = match self.count_missing(column) {
            1 => format!("the only time in {rows} rows"),
            count => format!("the first of {count} times in {rows} rows"),
        };
        format!(
            "`{name}` is missing here, {times}; `without_missing([{name:?}])` leaves such rows out"
        )
    }

    fn count_missing(&self, column: usize) -> usize {
        self.rows
            .iter()
            .filter(|row| is_missing(row, column))
            .count()
    }

    /// The number of a column.
    fn position(&self, name: &str) -> Result<usize> {
        let wanted = name.trim();
        let found = self.headers.iter().position(|header| header == wanted);
        found.ok_or_else(|| Error::UnknownColumn {
            path: self.path(),
            name: name.to_owned(),
            suggestions: nearest_names(name, &self.headers),
            columns: self.headers.clone(),
        })
    }

    fn path(&self) -> PathBuf {
        let origin = self.origin.as_ref();
        origin.map_or_else(|| "the table".into(), |origin| origin.path.clone())
    }

    /// A problem with a cell, both counted from 0.
    fn problem(&self, row: usize, column: usize, message: String) -> Error {
        let line = self
            .origin
            .as_ref()
            .and_then(|origin| origin.lines.get(row));
        Error::Csv {
            path: self.path(),
            // Of a table that is no file, as it is printed: below the header.
            line: line.copied().unwrap_or(row as u64 + 2),
            column: column as u64 + 1,
            message,
        }
    }

    /// The table as it is shown: of one from a file the first and the last rows and columns, and how large it is.
    pub(super) fn as_shown(&self) -> Cow<'_, Table> {
        if self.origin.is_none() {
            return Cow::Borrowed(self);
        }
        let mut shown = self.corner_of_cells();
        shown.decimals = self.decimals;
        shown.caption = match self.caption.as_str() {
            "" => self.measure(),
            caption => caption.to_owned(),
        };
        Cow::Owned(shown)
    }

    /// "[100 rows x 3 columns; missing: age 2]"
    fn measure(&self) -> String {
        let missing: Vec<String> = (0..self.headers.len())
            .filter_map(|column| match self.count_missing(column) {
                0 => None,
                count => Some(format!("{} {count}", self.headers[column])),
            })
            .collect();
        let missing = match missing.is_empty() {
            true => String::new(),
            false => format!("; missing: {}", missing.join(", ")),
        };
        format!(
            "[{} rows x {} columns{missing}]",
            self.rows.len(),
            self.headers.len()
        )
    }
}

fn is_missing(row: &[Cell], column: usize) -> bool {
    matches!(row.get(column), None | Some(Cell::Empty))
}

fn written(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Integer(number) => number.to_string(),
        Cell::Float(number) => format!("{number:?}"),
        Cell::Empty => String::new(),
    }
}

fn parse(mut source: Source<'_>, path: &Path) -> std::result::Result<Table, Problem> {
    let delimiter = delimiter(source.first_line()?);
    let mut rows = rows(source, delimiter, true);
    let mut row = Row::default();
    let whole = |row: &Row| -> Vec<String> {
        (0..row.len())
            .map(|column| row.get(column).to_owned())
            .collect()
    };
    if !rows.next(&mut row)? {
        let message = "the table is empty; its first line must name the columns".into();
        return Err(Problem::Table {
            line: 1,
            column: 1,
            message,
        });
    }
    let header = row.clone();
    let headers = whole(&header);
    check_header(&header, &headers)?;
    let mut lines = Vec::new();
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); headers.len()];
    while rows.next(&mut row)? {
        check_length(&row, &header)?;
        lines.push(row.line());
        for (column, texts) in columns.iter_mut().enumerate() {
            texts.push(row.get(column).to_owned());
        }
    }
    if lines.is_empty() {
        let message = "the table ends after the names of its columns; a row must follow";
        return Err(header.problem(0, message));
    }

    let mut table = Table::new(headers).decimals(0);
    table.rows = vec![Vec::with_capacity(columns.len()); lines.len()];
    for texts in columns {
        let decimals = texts.iter().map(|text| decimals(text)).max().unwrap_or(0);
        let values = guessed(texts);
        if values.iter().any(|value| matches!(value, Cell::Float(_))) {
            table.decimals = table.decimals.max(decimals);
        }
        for (row, value) in table.rows.iter_mut().zip(values) {
            row.push(value);
        }
    }
    let path = path.to_owned();
    table.origin = Some(Arc::new(Origin { path, lines }));
    Ok(table)
}

/// What separates the columns, as the first line tells: what occurs in it most often outside of quotation marks.
fn delimiter(first_line: &[u8]) -> u8 {
    let mut quoted = false;
    let bare = first_line.iter().filter(|&&byte| {
        quoted ^= byte == b'"';
        !quoted
    });
    let bare: Vec<u8> = bare.copied().collect();
    let count = |delimiter: u8| bare.iter().filter(|&&byte| byte == delimiter).count();
    // Of equally many, the rarer one in texts; where there is none, the column is alone.
    let most = [b',', b';', b'\t', b'|']
        .into_iter()
        .max_by_key(|&delimiter| count(delimiter));
    most.filter(|&delimiter| count(delimiter) > 0)
        .unwrap_or(b',')
}

fn check_header(header: &Row, names: &[String]) -> std::result::Result<(), Problem> {
    if names.iter().all(|name| number(name).is_some()) {
        let message = "the first line has nothing but numbers; it must name the columns";
        return Err(header.problem(0, message));
    }
    let mut first_column: HashMap<&str, usize> = HashMap::new();
    // A column without a name is often one of row numbers: it can be shown, if not asked for.
    for (column, name) in names
        .iter()
        .enumerate()
        .filter(|(_, name)| !name.is_empty())
    {
        if let Some(first) = first_column.insert(name, column) {
            let message = format!(
                "the column `{}` is there already, column {}; give each column its own name",
                excerpt(name),
                first + 1
            );
            return Err(header.problem(column, message));
        }
    }
    Ok(())
}

fn check_length(row: &Row, header: &Row) -> std::result::Result<(), Problem> {
    let (found, expected) = (row.len(), header.len());
    if found == expected {
        return Ok(());
    }
    let mut message = format!(
        "the row has {} but the first line has {expected}",
        cells(found)
    );
    if let Some(open) = row.left_open() {
        message += "; a quotation mark seems to be left open";
        return Err(row.problem(open, message));
    }
    message += match found > expected {
        true => "; put a text that contains the separator in quotation marks",
        false => "; leave a cell empty where a value is missing, but keep its separator",
    };
    Err(row.problem(found.min(expected), message))
}

/// The values of a column: numbers if all that are there are.
fn guessed(texts: Vec<String>) -> Vec<Cell> {
    let there = || texts.iter().filter(|text| !text.is_empty());
    let kept_zero = |text: &String| {
        let digits = text.trim_start_matches(['+', '-']);
        digits.len() > 1
            && digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit())
    };
    let integers = there().all(|text| text.parse::<i64>().is_ok());
    let numbers = there().all(|text| number(text).is_some()) && !there().any(kept_zero);
    let cell = |text: String| match number(&text) {
        _ if text.is_empty() => Cell::Empty,
        Some(_) if numbers && integers => text.parse().map_or(Cell::Text(text), Cell::Integer),
        Some(number) if numbers => Cell::Float(number),
        _ => Cell::Text(text),
    };
    texts.into_iter().map(cell).collect()
}

/// The finite number that is written so: not `inf` or `nan`, which are words.
fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let begins = text
        .trim_start_matches(['+', '-'])
        .starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let number = text.parse::<f64>().ok()?;
    (begins && number.is_finite()).then_some(number)
}

fn why_no_number(text: &str) -> String {
    let written = excerpt(text);
    if number(&text.replace(',', ".")).is_some() {
        return format!(
            "`{written}` is no number, as its decimal sign is a comma and not a point,"
        );
    }
    let short = text.len() <= 8 && !text.contains(|c: char| c.is_ascii_digit());
    match short || number(text).is_some() {
        true => format!(
            "`{written}` is no number (if it stands for a missing value, say so: `missing({written:?})`)"
        ),
        false => format!("`{written}` is no number"),
    }
}

/// How many decimals are written.
fn decimals(text: &str) -> usize {
    match text.split_once('.') {
        _ if text.contains(['e', 'E']) => MOST_DECIMALS,
        Some((_, decimals)) => decimals.len().min(MOST_DECIMALS),
        None => 0,
    }
}

#[cfg(test)]
mod tests;
