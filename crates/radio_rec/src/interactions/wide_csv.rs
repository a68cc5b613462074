//! The wide table: a row a user, a column an item.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use super::{Interactions, ItemName, UserName, what_a_value_must_be};
use crate::rows::{Problem, Row, Source, cells, other_separator, quoted, rows};
use crate::text::excerpt;

impl Interactions {
    /// Reads a wide table of comma-separated values: a row a user, a column an item.
    ///
    /// ```text
    /// user,abba,ac/dc,u2
    /// 1,0,1,
    /// 33,1,,3
    /// ```
    ///
    /// The first row is the header: a cell above the users (its text does not matter) and the names of the items. The
    /// first cell of every other row is the user's name. An empty cell means 0, as 0 does, and zeros are not stored.
    /// Space around names and numbers is dropped, space within names stays. Cells may be quoted (`"crosby, stills &
    /// nash"`), blank lines are skipped, the encoding is UTF-8 with or without a byte order mark. A table that is
    /// compressed by gzip (feature `gzip`, on by default) or zstd (feature `zstd`) is unpacked.
    ///
    /// # Errors
    ///
    /// [`Error::FileNotFound`](crate::Error::FileNotFound) or [`Error::Io`](crate::Error::Io) for a file that is not
    /// there or cannot be read; [`Error::Csv`](crate::Error::Csv) with line and column for an empty file, a header
    /// without items, a table without users, a row of another length than the header, an empty or a doubled name, a
    /// value that is not a number or is negative, infinite or (where not 0) outside 1e-30 to 1e30, and text that is not
    /// UTF-8.
    pub fn from_wide_csv(path: impl AsRef<Path>) -> crate::Result<Self> {
        let path = path.as_ref();
        parse(Source::open(path)?).map_err(|problem| problem.at(path))
    }

    /// Reads a wide table as [`from_wide_csv`](Interactions::from_wide_csv) does, from anything that can be read.
    ///
    /// `label` stands for the file's name in errors.
    ///
    /// # Errors
    ///
    /// Those of [`from_wide_csv`](Interactions::from_wide_csv).
    pub fn from_wide_csv_reader(reader: impl Read, label: impl AsRef<Path>) -> crate::Result<Self> {
        let label = label.as_ref();
        Source::of(reader)
            .and_then(parse)
            .map_err(|problem| problem.at(label))
    }
}

fn parse(source: Source<'_>) -> Result<Interactions, Problem> {
    let mut rows = rows(source, b',', true);
    let mut row = Row::default();
    if !rows.next(&mut row)? {
        return Err(Problem::Table {
            line: 1,
            column: 1,
            message: "the table is empty; its first line must be `user` and the names of the items"
                .into(),
        });
    }
    let header = row.clone();
    let items = item_names(&header)?;
    let mut users: Vec<UserName> = Vec::new();
    // Of each user the line of their row.
    let mut seen: HashMap<UserName, u64> = HashMap::new();
    let mut entries = Vec::new();
    while rows.next(&mut row)? {
        check_length(&row, &header)?;
        let user = UserName::from(row.get(0));
        if user.as_str().is_empty() {
            return Err(row.problem(
                0,
                "the user has no name; the first cell of a row must name its user",
            ));
        }
        if let Some(first) = seen.insert(user.clone(), row.line()) {
            let message = format!(
                "the user `{}` has a row already, on line {first}; give each user one row",
                excerpt(user.as_str()),
            );
            return Err(row.problem(0, message));
        }
        for column in 1..row.len() {
            let value = value(&row, column, &header)?;
            if value != 0.0 {
                entries.push((users.len() as u32, column as u32 - 1, value));
            }
        }
        users.push(user);
    }
    if users.is_empty() {
        let message = "the table ends after its header; a row for each user must follow";
        return Err(header.problem(0, message));
    }
    // Names were found to be unique where their position was known.
    Interactions::from_parts(users, items, entries)
        .map_err(|error| header.problem(0, error.to_string()))
}

fn item_names(header: &Row) -> Result<Vec<ItemName>, Problem> {
    if header.len() < 2 {
        let mut message =
            "the header names no items; it must be `user` and the names of the items, separated by commas".to_owned();
        if let Some(separator) = other_separator(header) {
            message += &format!(" (this one seems to be separated by {})", quoted(separator));
        }
        return Err(header.problem(0, message));
    }
    let mut first_column: HashMap<&str, usize> = HashMap::new();
    for column in 1..header.len() {
        let name = header.get(column);
        if name.is_empty() {
            return Err(header.problem(
                column,
                "the item has no name; every cell of the header must name an item",
            ));
        }
        if let Some(first) = first_column.insert(name, column) {
            let message = format!(
                "the item `{}` has a column already, column {}; give each item one column",
                excerpt(name),
                first + 1
            );
            return Err(header.problem(column, message));
        }
    }
    Ok((1..header.len())
        .map(|column| header.get(column).into())
        .collect())
}

/// A row must be as long as the header.
fn check_length(row: &Row, header: &Row) -> Result<(), Problem> {
    let (found, expected) = (row.len(), header.len());
    if found == expected {
        return Ok(());
    }
    let mut message = format!("the row has {} but the header has {expected}", cells(found));
    if let Some(open) = row.left_open() {
        message += "; a quotation mark seems to be left open";
        return Err(row.problem(open, message));
    }
    message += if found == expected + 1 {
        "; if the header has no cell above the users, put `user,` before it"
    } else if found > expected {
        "; put a name that contains commas in quotation marks, and drop cells beyond the last item"
    } else {
        "; write an empty cell where a value is 0"
    };
    // The first cell that should not be there, or the first that is missing.
    Err(row.problem(found.min(expected), message))
}

/// The number in a cell; 0 for an empty one.
fn value(row: &Row, column: usize, header: &Row) -> Result<f64, Problem> {
    let text = row.get(column);
    if text.is_empty() {
        return Ok(0.0);
    }
    let value = text.parse().unwrap_or(f64::NAN);
    let Some(expected) = what_a_value_must_be(value) else {
        return Ok(value);
    };
    let message = format!(
        "the value `{}` of user `{}` for item `{}` must be {expected}; leave the cell empty where there is none",
        excerpt(text),
        excerpt(row.get(0)),
        excerpt(header.get(column)),
    );
    Err(row.problem(column, message))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Error;
    use proptest::prelude::*;

    fn read(bytes: impl AsRef<[u8]>) -> crate::Result<Interactions> {
        Interactions::from_wide_csv_reader(bytes.as_ref(), "plays.csv")
    }

    fn message(bytes: impl AsRef<[u8]>) -> String {
        read(bytes)
            .expect_err("the table is not to be accepted")
            .to_string()
    }

    #[test]
    fn a_table_is_read() {
        let data =
            read("user,abba, ac/dc ,\"crosby, stills & nash\"\n1,0,1,\n33, 2.5 ,,3\n").unwrap();
        assert_eq!(data.users(), ["1", "33"]);
        assert_eq!(data.items(), ["abba", "ac/dc", "crosby, stills & nash"]);
        assert_eq!(
            data.to_dense(),
            ndarray::array![[0.0, 1.0, 0.0], [2.5, 0.0, 3.0]]
        );
        assert_eq!(data.nnz(), 3);
    }

    #[test]
    fn line_ends_blank_lines_and_a_byte_order_mark_do_not_matter() {
        for text in [
            "user,a,b\n1,0,1\n2,1,0",
            "\u{feff}user,a,b\r\n1,0,1\r\n2,1,0\r\n",
            "\n\nuser,a,b\n\n1,0,1\n\n2,1,0\n\n",
            "user,a,b\r1,0,1\r2,1,0\r",
            ",a,b\n1,,1\n2,1,",
        ] {
            let data = read(text).unwrap();
            assert_eq!(
                data.to_dense(),
                ndarray::array![[0.0, 1.0], [1.0, 0.0]],
                "{text:?}"
            );
            assert_eq!(data.items(), ["a", "b"]);
        }
    }

    #[test]
    fn a_user_may_have_played_nothing() {
        let data = read("user,a\n1,0\n2,1\n").unwrap();
        assert_eq!(data.shape(), (2, 1));
        assert_eq!(data.without_empty_users().users(), ["2"]);
    }

    #[test]
    fn an_empty_table_is_refused() {
        for text in ["", "\n\n", "\u{feff}"] {
            assert_eq!(
                message(text),
                "plays.csv, line 1, column 1: the table is empty; its first line must be `user` and the names of the items"
            );
        }
    }

    #[test]
    fn a_header_without_items_is_refused() {
        assert_eq!(
            message("\nuser\n1\n"),
            "plays.csv, line 2, column 1: the header names no items; it must be `user` and the names of the items, \
             separated by commas"
        );
        assert!(message("user;a;b\n1;0;1\n").ends_with("(this one seems to be separated by ';')"));
        assert!(message("user\ta\n1\t0\n").ends_with("(this one seems to be separated by '\\t')"));
    }

    #[test]
    fn a_header_without_users_is_refused() {
        assert_eq!(
            message("a,b\n1,0,1\n"),
            "plays.csv, line 2, column 3: the row has 3 cells but the header has 2; if the header has no cell above the \
             users, put `user,` before it"
        );
    }

    #[test]
    fn a_table_without_users_is_refused() {
        assert_eq!(
            message("user,a,b\n\n"),
            "plays.csv, line 1, column 1: the table ends after its header; a row for each user must follow"
        );
    }

    #[test]
    fn a_ragged_row_is_refused() {
        assert_eq!(
            message("user,a,b\n1,0,1\n2,1\n"),
            "plays.csv, line 3, column 3: the row has 2 cells but the header has 3; write an empty cell where a value is 0"
        );
        assert_eq!(
            message("user,a\n1,0,1,1\n"),
            "plays.csv, line 2, column 3: the row has 4 cells but the header has 2; put a name that contains commas in \
             quotation marks, and drop cells beyond the last item"
        );
        assert_eq!(
            message("user,a,b\n\"1,0,1\n2,1,0\n"),
            "plays.csv, line 2, column 1: the row has 1 cell but the header has 3; a quotation mark seems to be left open"
        );
    }

    #[test]
    fn doubled_names_are_refused() {
        assert_eq!(
            message("user,a,b, a\n1,0,1,0\n"),
            "plays.csv, line 1, column 4: the item `a` has a column already, column 2; give each item one column"
        );
        assert_eq!(
            message("user,a\n1,0\n\n2,1\n1 ,1\n"),
            "plays.csv, line 5, column 1: the user `1` has a row already, on line 2; give each user one row"
        );
    }

    #[test]
    fn empty_names_are_refused() {
        assert_eq!(
            message("user,a, \n1,0,1\n"),
            "plays.csv, line 1, column 3: the item has no name; every cell of the header must name an item"
        );
        assert_eq!(
            message("user,a\n1,0\n ,1\n"),
            "plays.csv, line 3, column 1: the user has no name; the first cell of a row must name its user"
        );
    }

    #[test]
    fn values_that_are_no_counts_are_refused() {
        let message_for = |value: &str| message(format!("user,a,u2\n1606,0,{value}\n"));
        assert_eq!(
            message_for("yes"),
            "plays.csv, line 2, column 3: the value `yes` of user `1606` for item `u2` must be a number; leave the cell \
             empty where there is none"
        );
        assert!(message_for("NaN").contains("`NaN` of user `1606` for item `u2` must be a number"));
        assert!(
            message_for("-1").contains("`-1` of user `1606` for item `u2` must be 0 or positive")
        );
        assert!(message_for("inf").contains("must be finite"));
        assert!(message_for("1e999").contains("must be finite"));
        assert!(message_for("-inf").contains("must be 0 or positive"));
        assert!(message_for("1e40").contains("must be 0 or from 1e-30 to 1e30"));
        assert!(message_for("\"0,5\"").contains("`0,5`"));
    }

    #[test]
    fn lines_are_counted_through_quoted_line_breaks() {
        let text = "user,\"a\nb\",\"c\r\nd\"\n\n\"x\ny\",0,nope\n";
        assert!(
            message(text)
                .starts_with("plays.csv, line 6, column 3: the value `nope` of user `x\\ny`")
        );
        let text = "user,\"a\nb\",\"\"\n1,0,1\n";
        assert!(message(text).starts_with("plays.csv, line 2, column 3: the item has no name"));
    }

    #[test]
    fn other_encodings_are_refused() {
        assert_eq!(
            message(b"user,a,b\n1,0,1\n2,bj\xf6rk,0\n"),
            "plays.csv, line 3, column 2: the byte 0xF6 is not UTF-8; save the table as UTF-8 (in a spreadsheet program \
             \"CSV UTF-8\")"
        );
        assert!(
            message(b"\xef\xbb\xbf\xff").starts_with("plays.csv, line 1, column 1: the byte 0xFF")
        );
        assert!(message(b"user,a\n\xff").starts_with("plays.csv, line 2, column 1: the byte 0xFF"));
        assert!(message(b"\xff\xfeu\0s\0").contains("the text is UTF-16"));
    }

    #[test]
    fn a_missing_file_says_where_and_what_there_is() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("radio_songs.csv"), "user,a\n1,1\n").unwrap();
        let path = folder.path().join("radio_song.csv");
        let error = Interactions::from_wide_csv(&path).unwrap_err().to_string();
        assert!(error.starts_with("there is no file `"), "{error}");
        assert!(
            error.ends_with("; did you mean `radio_songs.csv`?"),
            "{error}"
        );

        let error = Interactions::from_wide_csv(folder.path().join("no/folder.csv")).unwrap_err();
        assert!(matches!(error, Error::FileNotFound { .. }));
        let error = Interactions::from_wide_csv("").unwrap_err();
        assert!(matches!(
            error,
            Error::FileNotFound { .. } | Error::Io { .. }
        ));
        let error = Interactions::from_wide_csv(folder.path()).unwrap_err();
        assert!(matches!(error, Error::Io { .. }));
    }

    #[test]
    fn a_file_and_a_reader_read_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plays.csv");
        fs::write(&path, "user,a,b\n1,1,2\n").unwrap();
        let data = Interactions::from_wide_csv(&path).unwrap();
        assert_eq!(data.to_dense(), ndarray::array![[1.0, 2.0]]);
    }

    proptest! {
        #[test]
        fn nothing_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(bytes);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[a-c0-2,\"\n\r .é-]{0,80}") {
            let _ = read(text);
        }

        #[test]
        fn what_was_written_is_read(
            users in prop::collection::hash_set("[^ \u{0}-\u{1f}]([^\u{0}]{0,6}[^ \u{0}-\u{1f}])?", 1..6),
            items in prop::collection::hash_set("[^ \u{0}-\u{1f}]([^\u{0}]{0,6}[^ \u{0}-\u{1f}])?", 1..6),
            seed in any::<u64>(),
        ) {
            let trimmed = |names: std::collections::HashSet<String>| -> Vec<String> {
                let names: std::collections::BTreeSet<String> =
                    names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
                names.into_iter().collect()
            };
            let (users, items) = (trimmed(users), trimmed(items));
            prop_assume!(!users.is_empty() && !items.is_empty());
            let value = |user: usize, item: usize| ((seed >> ((user * 7 + item * 3) % 60)) & 3) as f64 / 2.0;

            let mut writer = csv::Writer::from_writer(Vec::new());
            let header = std::iter::once("user").chain(items.iter().map(String::as_str));
            writer.write_record(header).unwrap();
            for (u, user) in users.iter().enumerate() {
                let values = (0..items.len()).map(|i| value(u, i).to_string());
                writer.write_record(std::iter::once(user.clone()).chain(values)).unwrap();
            }
            let data = read(writer.into_inner().unwrap()).unwrap();

            prop_assert_eq!(data.users(), users.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(data.items(), items.iter().map(String::as_str).collect::<Vec<_>>());
            for u in data.user_indices() {
                for i in data.item_indices() {
                    prop_assert_eq!(data.value(u, i), value(u.index(), i.index()));
                }
            }
        }
    }
}
