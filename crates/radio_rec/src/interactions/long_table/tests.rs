//! What is read, and what is refused where.

mod compressed;

use proptest::prelude::*;

use super::read::ROWS_BETWEEN;
use super::*;

fn read(text: impl AsRef<[u8]>) -> crate::Result<Interactions> {
    LongTable::new().read_from(text.as_ref(), "plays.csv")
}

fn message(table: LongTable<'_>, text: impl AsRef<[u8]>) -> String {
    let error = table
        .read_from(text.as_ref(), "plays.csv")
        .unwrap_err()
        .to_string();
    error
        .strip_prefix("plays.csv, ")
        .expect("the file is named")
        .to_owned()
}

fn refused(text: impl AsRef<[u8]>) -> String {
    message(LongTable::new(), text)
}

#[test]
fn a_long_table_is_read() {
    let text = "user,item,plays,timestamp\nann,u2, 2 ,30\nbob,\"crosby, stills\",1,10\nann,u2,1,20\nann,abba,0,5\n";
    let data = read(text).unwrap();
    assert_eq!(data.users(), ["ann", "bob"]);
    assert_eq!(data.items(), ["u2", "crosby, stills", "abba"]);
    assert_eq!(
        data.to_dense(),
        ndarray::array![[3.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    );
    let (ann, bob) = (data.user("ann").unwrap(), data.user("bob").unwrap());
    let at = |user, item| data.timestamp(user, data.item(item).unwrap());
    assert_eq!(at(ann, "u2"), Some(30.0), "the latest");
    assert_eq!(
        (at(bob, "crosby, stills"), at(ann, "abba")),
        (Some(10.0), None)
    );
    assert!(data.has_timestamps());
}

#[test]
fn headers_of_many_makes_are_understood() {
    for text in [
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t242\t3\t881250949\n",
        "userId,movieId,rating,timestamp\r\n196,242,3.0,881250949\r\n",
        "\u{feff}\n\ntimestamp,Rating,ITEM,other,user\n\n881250949,3,242,x,196",
    ] {
        let data = read(text).unwrap();
        let (user, item) = (data.user("196").unwrap(), data.item("242").unwrap());
        assert_eq!(data.value(user, item), 3.0, "{text:?}");
        assert_eq!(data.timestamp(user, item), Some(881_250_949.0));
    }
    let data = read("user,item\na,x\na,x\n").unwrap();
    assert_eq!(
        data.value(data.user("a").unwrap(), data.item("x").unwrap()),
        2.0
    );
    assert!(!data.has_timestamps());
}

#[test]
fn a_column_of_dates_can_be_left_unread() {
    let text = "user,item,timestamp\nann,u2,2020-01-01T12:00:00Z\n";
    assert_eq!(
        refused(text),
        "line 2, column 3: the timestamp `2020-01-01T12:00:00Z` must be a number, such as seconds since 1970; \
         `without_timestamps` leaves the column unread"
    );
    assert_eq!(
        message(LongTable::new().timestamp("timestamp"), text),
        "line 2, column 3: the timestamp `2020-01-01T12:00:00Z` must be a number, such as seconds since 1970"
    );
    let data = LongTable::new()
        .without_timestamps()
        .read_from(text.as_bytes(), "plays.csv")
        .unwrap();
    assert!(data.nnz() == 1 && !data.has_timestamps());
}

#[test]
fn what_cannot_separate_cells_is_refused() {
    for delimiter in [0xA7, b'"', b'\n', b'\r'] {
        let table = LongTable::new().delimiter(delimiter);
        let error = table.read_from("user§item\nann§u2\n".as_bytes(), "plays.csv");
        let error = error.unwrap_err().to_string();
        assert_eq!(
            error,
            format!(
                "`delimiter` is the byte 0x{delimiter:02X}, but must be a character of ASCII, other than a quotation mark or a line end"
            )
        );
    }
}

#[test]
fn columns_can_be_placed() {
    let text = "3::x::a\n".replace("::", ";");
    let table = || LongTable::new().without_header().delimiter(b';');
    let data = table()
        .user(3)
        .item(2)
        .weight(1)
        .read_from(text.as_bytes(), "-")
        .unwrap();
    assert_eq!(
        data.value(data.user("a").unwrap(), data.item("x").unwrap()),
        3.0
    );
    let data = table().read_from(text.as_bytes(), "-").unwrap();
    assert_eq!(
        (data.users(), data.items()),
        (&["3".into()][..], &["x".into()][..])
    );
    let data = LongTable::new()
        .unweighted()
        .read_from("user,item,rating\na,x,5\n".as_bytes(), "-")
        .unwrap();
    assert_eq!(
        data.value(data.user("a").unwrap(), data.item("x").unwrap()),
        1.0
    );
}

#[test]
fn a_column_that_is_taken_is_no_weight() {
    let table = LongTable::new().item("rating");
    let data = table
        .read_from("user,rating\na,5\n".as_bytes(), "-")
        .unwrap();
    assert_eq!((data.items(), data.nnz()), (&["5".into()][..], 1));
}

#[test]
fn quotation_marks_in_tab_separated_text_are_text() {
    let data = read("user\titem\na\t\"weird\" al\nb\t\"x\n").unwrap();
    assert_eq!(data.items(), ["\"weird\" al", "\"x"]);
    let table = LongTable::new().quotes(true);
    let data = table
        .read_from("user\titem\na\t\"two\twords\"\n".as_bytes(), "-")
        .unwrap();
    assert_eq!(data.items(), ["two\twords"]);
}

#[test]
fn progress_is_told() {
    let rows = 2 * ROWS_BETWEEN + 1;
    let text: String = std::iter::once("user,item\n".to_owned())
        .chain((0..rows).map(|n| format!("u{},i{}\n", n % 100, n % 77)))
        .collect();
    let mut told = Vec::new();
    let table = LongTable::new().progress(|progress| told.push(progress));
    let data = table.read_from(text.as_bytes(), "-").unwrap();
    assert_eq!(data.nnz(), 7700);
    assert_eq!(
        told.iter().map(|p| p.rows).collect::<Vec<_>>(),
        [ROWS_BETWEEN, 2 * ROWS_BETWEEN, rows]
    );
    assert!(told.is_sorted_by_key(|p| p.bytes));
    assert_eq!(
        (told[2].bytes, told[2].total_bytes),
        (text.len() as u64, None)
    );
}

#[test]
fn empty_tables_are_refused() {
    assert_eq!(
        refused(""),
        "line 1, column 1: the table is empty; it must have a row for each play"
    );
    assert_eq!(refused("\n\n"), refused(""));
    assert_eq!(
        refused("\nuser,item\n"),
        "line 2, column 1: the table ends after its header; a row for each play must follow"
    );
}

#[test]
fn a_header_that_lacks_a_column_is_refused() {
    assert_eq!(
        refused("user,itemm,rating\na,x,1\n"),
        "line 1, column 1: the header has no column `item` for the item, but `user`, `itemm`, `rating`; did you mean `itemm`?"
    );
    assert_eq!(
        message(LongTable::new().weight("stars"), "user,item\na,x\n"),
        "line 1, column 1: the header has no column `stars` for the weight, but `user`, `item`; say which column holds the weight"
    );
    assert_eq!(
        message(LongTable::new().timestamp(4), "user,item\na,x\n"),
        "line 1, column 2: there is no column 4 for the timestamp: the row has 2 cells, counted from 1"
    );
    assert!(
        message(LongTable::new().user(0), "user,item\na,x\n").contains("no column 0 for the user")
    );
    assert!(
        message(LongTable::new().without_header().user("user"), "a,x\n")
            .contains("the table has no header; give its position")
    );
    assert!(
        message(LongTable::new().weight("item"), "user,item\na,x\n")
            .starts_with("line 1, column 2: the column is to be read as two things")
    );
    assert!(refused("a,x,1\nb,x,1\n").contains("no column `user`"));
}

#[test]
fn bad_cells_are_refused_with_their_place() {
    let weight = |value: &str| refused(format!("user,item,plays\n\na,x,1\nb,y,{value}\n"));
    assert_eq!(
        weight("?"),
        "line 4, column 3: the weight `?` of user `b` and item `y` must be a number"
    );
    assert!(weight("NaN").ends_with("must be a number"));
    assert!(weight("").ends_with("must be a number"));
    assert!(weight("inf").ends_with("must be finite"));
    assert!(weight("-1").ends_with("must be 0 or positive"));
    assert!(weight("1e-40").ends_with("must be 0 or from 1e-30 to 1e30"));
    assert!(
        refused("user,item,time\na,x,now\n").starts_with("line 2, column 3: the timestamp `now`")
    );
    assert!(refused("user,item,time\na,x,inf\n").contains("the timestamp `inf`"));
    assert_eq!(
        refused("user,item\na,\n"),
        "line 2, column 2: the item has no name; every row must name one"
    );
    assert_eq!(
        refused("user,item\na,x\nb\n"),
        "line 3, column 2: the row has 1 cell but the first has 2"
    );
    assert!(
        refused("user,item,plays\n\"a,x,1\nb,x,1\n")
            .ends_with("; a quotation mark seems to be left open")
    );
    assert!(
        refused(b"user\titem\na\tbj\xf6rk\n")
            .starts_with("line 2, column 2: the byte 0xF6 is not UTF-8")
    );
    // A quotation mark in tab-separated text opens nothing, unless `quotes` is set.
    let text = b"user\titem\na\t\"x\nbj\xf6rk\ty\n";
    assert!(refused(text).starts_with("line 3, column 1: the byte 0xF6 is not UTF-8"));
    assert!(
        message(LongTable::new().quotes(true), text)
            .starts_with("line 3, column 2: the byte 0xF6 is not UTF-8")
    );
}

#[test]
fn duplicates_are_refused_where_that_is_wanted() {
    let table = || LongTable::new().duplicates(Duplicates::Refuse);
    assert_eq!(
        message(table(), "user,item\na,x\nuser,item\nb,x\nuser,item\n"),
        "line 5, column 2: user `user` and item `item` have a row already, on line 3; give them one row, or sum duplicates"
    );
    assert_eq!(
        table()
            .read_from("user,item\na,x\nb,x\na,y\n".as_bytes(), "-")
            .unwrap()
            .nnz(),
        3
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = Interactions::from_long_csv("no/such.tsv").unwrap_err();
    assert!(matches!(error, crate::Error::FileNotFound { .. }));
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(bytes);
    }

    #[test]
    fn no_table_makes_the_reader_panic(
        text in "(user,item(,plays)?(,time)?|user\titem)\n[a-c0-2,\"\n\r\t.é-]{0,80}",
        header in any::<bool>(),
    ) {
        let table = LongTable::new().duplicates(Duplicates::Refuse);
        let table = if header { table } else { table.without_header() };
        let _ = table.read_from(text.as_bytes(), "-");
        let _ = read(text);
    }

    #[test]
    fn what_was_written_is_read(
        plays in prop::collection::vec((0u8..6, 0u8..5, 0u8..4, -9i32..9), 1..40),
        tab in any::<bool>(),
    ) {
        let delimiter = if tab { b'\t' } else { b',' };
        let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_writer(Vec::new());
        let (user_name, item_name) = (|u: u8| format!("u {u}"), |i: u8| format!("i;{i}"));
        writer.write_record(["user", "item", "weight", "timestamp"]).unwrap();
        for &(u, i, weight, time) in &plays {
            let cells = [user_name(u), item_name(i), weight.to_string(), time.to_string()];
            writer.write_record(&cells).unwrap();
        }
        let data = read(writer.into_inner().unwrap()).unwrap();
        let triplets = plays.iter().map(|&(u, i, weight, _)| (user_name(u), item_name(i), f64::from(weight)));
        let expected = Interactions::from_triplets(triplets).unwrap();
        prop_assert_eq!(data.users(), expected.users());
        prop_assert_eq!(data.items(), expected.items());
        prop_assert_eq!(data.to_dense(), expected.to_dense());
        for &(u, i, ..) in &plays {
            let (user, item) = (data.user(user_name(u)).unwrap(), data.item(item_name(i)).unwrap());
            let latest = plays.iter().filter(|p| (p.0, p.1) == (u, i) && p.2 > 0).map(|p| f64::from(p.3)).reduce(f64::max);
            prop_assert_eq!(data.timestamp(user, item), latest);
            let without = data.without_empty_users();
            if let Ok(user) = without.user(user_name(u)) {
                prop_assert_eq!(without.timestamp(user, item), latest);
            }
        }
    }
}

#[test]
fn a_column_that_may_be_a_weight_is_not_left_out_silently() {
    let text = "user,item,listens\na,x,3\nb,x,4\n";
    assert_eq!(
        refused(text),
        "line 1, column 3: the column `listens` is not known as a weight, and every row would count 1; say \
         `weight(\"listens\")` if it holds how much a row counts, or `unweighted()` if each counts 1"
    );
    let read = |table: LongTable<'_>, text: &str| table.read_from(text.as_bytes(), "-").unwrap();
    let value = |data: &Interactions| data.value(data.user("b").unwrap(), data.item("x").unwrap());
    let data = read(LongTable::new().weight("listens"), text);
    assert_eq!((value(&data), data.not_read().len()), (4.0, 0));
    let data = read(LongTable::new().unweighted(), text);
    assert_eq!(
        (value(&data), data.not_read()),
        (1.0, &["listens".into()][..])
    );

    let headless = "a,x,3\nb,x,4\n";
    let table = || LongTable::new().without_header();
    assert_eq!(
        message(table(), headless),
        "line 1, column 3: column 3 is not known as a weight, and every row would count 1; say `weight(3)` if it holds how \
         much a row counts, or `unweighted()` if each counts 1"
    );
    assert_eq!(value(&read(table().weight(3), headless)), 4.0);
    assert_eq!(read(table().unweighted(), headless).not_read(), ["3"]);
}

#[test]
fn columns_that_are_left_out_are_named() {
    let data = read("user,genre,item,rating,,year\na,rock,x,3,?,1970\n").unwrap();
    assert_eq!(data.not_read(), ["genre", "5", "year"]);
    let shown = "[1 users x 1 items, 1 values stored; not read: genre, 5, year]\n";
    assert!(data.to_string().ends_with(shown), "{data}");
    assert!(read("user,item\na,x\n").unwrap().not_read().is_empty());
    assert!(data.without_empty_users().not_read().is_empty());
}

#[test]
fn another_separator_is_named() {
    assert_eq!(
        refused("user;item;rating\na;b;3,5\n"),
        "line 1, column 1: the row has 1 cell, and seems to be separated by ';'; say `delimiter(b';')`"
    );
    assert!(
        refused("\n\nuser|item\na|b\n")
            .starts_with("line 3, column 1: the row has 1 cell, and seems to be separated by '|'")
    );
    assert!(
        message(LongTable::new().without_header(), "1::1193::5::978300760\n").contains(
            "separated by \"::\"; say `delimiter(b':')`, where every other column is empty"
        )
    );
    let table = LongTable::new().without_header().delimiter(b':');
    let data = table
        .item(3)
        .weight(5)
        .timestamp(7)
        .read_from("1::1193::5::978300760\n".as_bytes(), "-")
        .unwrap();
    assert_eq!((data.items(), data.nnz()), (&["1193".into()][..], 1));
    let tabbed = message(LongTable::new().delimiter(b','), "user\titem\na\tx\n");
    assert!(tabbed.ends_with("say `delimiter(b'\\t')`"), "{tabbed}");
    assert!(
        message(LongTable::new().delimiter(b';'), "user,item\na,x\n")
            .ends_with("separated by ','; say `delimiter(b',')`")
    );
}

#[test]
fn a_row_of_numbers_is_no_header() {
    let text = "1\t1193\t5\n2\t1194\t4\n";
    let no_header = "so is no header; say `without_header()`, or put a row of names before it";
    let placed = || LongTable::new().user(1).item(2).weight(3);
    for message in [refused(text), message(placed(), text)] {
        assert_eq!(
            message,
            format!("line 1, column 1: the first row has nothing but numbers, and {no_header}")
        );
    }
    assert_eq!(
        message(placed(), "ann\tu2\t5\nbob\tu2\t4\n"),
        format!("line 1, column 3: the first row has the number `5` here, and {no_header}")
    );
    let data = placed().without_header();
    let data = data.read_from(text.as_bytes(), "u.data").unwrap();
    assert_eq!(data.users(), ["1", "2"]);
    // Who asks for a column by its name knows that it is one.
    let table = LongTable::new().user("1").item("2");
    let data = table.read_from("1,2\na,x\n".as_bytes(), "-").unwrap();
    assert_eq!(data.users(), ["a"]);
}

#[test]
fn doubled_columns_are_refused() {
    assert_eq!(
        refused("user,User,item\na,b,c\n"),
        "line 1, column 2: the column `User` is there already, column 1; give each column its own name, or say by its \
         number which one holds what"
    );
    assert!(
        refused("user,item,plays,plays\na,b,1,2\n")
            .starts_with("line 1, column 4: the column `plays`")
    );
    assert!(
        message(LongTable::new().weight("n"), "user,item,n,n\na,b,1,2\n")
            .starts_with("line 1, column 4: the column `n`")
    );
    let table = LongTable::new().user(2);
    let data = table
        .read_from("user,user,item\na,b,c\n".as_bytes(), "-")
        .unwrap();
    assert_eq!(
        (data.users(), data.not_read()),
        (&["b".into()][..], &["user".into()][..])
    );
    // The name that is known first counts.
    let data = read("user_id,user,item\na,b,c\n").unwrap();
    assert_eq!(data.users(), ["b"]);
}

#[test]
fn sums_are_values_too() {
    let text = "user,item,plays\na,x,8e29\na,x,8e29\nb,x,1\n";
    assert_eq!(
        refused(text),
        "line 4, column 3: `value` is 1.6e30, the sum of the values of user `a` and item `x`, but must be at most 1e30"
    );
    assert_eq!(
        read("user,item,plays\na,x,5e29\na,x,5e29\n").unwrap().nnz(),
        1
    );
}

#[test]
fn rows_that_come_again_take_no_room() {
    // More rows than are kept before they are summed.
    let rows = (1 << 20) + 5;
    let text = std::iter::once("user,item,plays,time\n".to_owned());
    let text = text.chain((0..rows).map(|n| format!("u{},i{},0.1,{n}\n", n % 3, n % 2)));
    let text: String = text.collect();
    let data = read(&text).unwrap();
    let (user, item) = (data.user("u0").unwrap(), data.item("i0").unwrap());
    // One after the other, as the rows come.
    let times = (0..rows).filter(|n| n % 6 == 0);
    let expected = times.clone().fold(0.0, |sum, _| sum + 0.1);
    assert_eq!(data.value(user, item), expected);
    assert_eq!(data.timestamp(user, item), times.max().map(f64::from));
}

#[test]
fn what_is_no_text_is_named() {
    assert!(refused(b"PK\x03\x04rest").contains("this is a zip archive"));
    assert!(refused(b"PAR1rest").contains("this is a Parquet file"));
    assert!(refused(b"\xfd7zXZ\0rest").contains("compressed by xz"));
    assert!(refused(b"BZh91AY").contains("compressed by bzip2"));
}
