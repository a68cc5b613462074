//! Tests of the parent module.

use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Result<Table> {
    Table::from_csv_reader(text.as_bytes(), "people.csv")
}

fn message<T>(result: Result<T>) -> String {
    result.err().expect("an error").to_string()
}

#[test]
fn columns_have_the_types_of_their_cells() {
    let table =
        read("name,age,height,zip,mixed\nann,31,1.72,01067,1\n\"o'neil, bob\", 42 ,2,99999,x\n")
            .unwrap();
    assert_eq!(
        table.columns().collect::<Vec<_>>(),
        ["name", "age", "height", "zip", "mixed"]
    );
    assert_eq!(table.len(), 2);
    assert_eq!(
        table.rows[1],
        [
            Cell::Text("o'neil, bob".into()),
            Cell::Integer(42),
            Cell::Float(2.0),
            Cell::Text("99999".into()),
            Cell::Text("x".into())
        ]
    );
    assert_eq!(table.numbers("zip").unwrap(), [1067.0, 99999.0]);
    assert_eq!(table.texts("age").unwrap(), ["31", "42"]);
    assert_eq!(
        table.to_string(),
        "name         age  height  zip    mixed\n\
         ann           31    1.72  01067  1\n\
         o'neil, bob   42    2.00  99999  x\n\
         [2 rows x 5 columns]\n"
    );
}

#[test]
fn a_missing_value_is_said() {
    let table = read("a,b\n1,NA\n\n,3\n,-\n").unwrap();
    assert_eq!(
        message(table.numbers("a")),
        "people.csv, line 4, column 1: `a` is missing here, the first of 2 times in 3 rows; `without_missing([\"a\"])` \
         leaves such rows out"
    );
    assert_eq!(
        message(table.numbers("b")),
        "people.csv, line 2, column 2: `NA` is no number (if it stands for a missing value, say so: `missing(\"NA\")`) in \
         the column `b`"
    );
    assert!(
        table
            .to_string()
            .ends_with("[3 rows x 2 columns; missing: a 2]\n")
    );
    let table = table
        .missing("NA")
        .missing("-")
        .without_missing(["b"])
        .unwrap();
    assert_eq!(table.numbers("b").unwrap(), [3.0]);
    assert!(message(table.numbers("a")).starts_with("people.csv, line 4, column 1"));
    let table = read("a\n-999\n2.5\n").unwrap().missing("-999");
    assert_eq!(table.rows, [[Cell::Empty], [Cell::Float(2.5)]]);
}

#[test]
fn an_unknown_column_is_told_with_those_there_are() {
    let table = read("age,name\n1,a\n").unwrap();
    assert_eq!(
        message(table.numbers("agee")),
        "people.csv has no column `agee`; did you mean `age`?"
    );
    assert_eq!(
        message(table.texts("x")),
        "people.csv has no column `x`; it has `age`, `name`"
    );
    let by_hand = Table::new(["age"]).row((1,)).row((None::<i32>,));
    assert_eq!(
        message(by_hand.texts("ag")),
        "the table has no column `ag`; did you mean `age`?"
    );
    assert!(
        message(by_hand.numbers("age"))
            .starts_with("the table, line 3, column 1: `age` is missing here")
    );
}

#[test]
fn other_separators_are_told_by_the_first_line() {
    for text in ["a;b, c\n1;2\n", "a\tb, c\n1\t2\n", "a|\"b, c\"\n1|2\n"] {
        assert_eq!(
            read(text).unwrap().numbers("b, c").unwrap(),
            [2.0],
            "{text:?}"
        );
    }
    let comma = read("height;age\n1,72;3\n").unwrap();
    assert_eq!(
        message(comma.numbers("height")),
        "people.csv, line 2, column 1: `1,72` is no number, as its decimal sign is a comma and not a point, in the column \
         `height`"
    );
}

#[test]
fn what_is_no_table_is_refused() {
    for (text, expected) in [
        (
            "",
            "line 1, column 1: the table is empty; its first line must name the columns",
        ),
        (
            "a,b\n",
            "line 1, column 1: the table ends after the names of its columns; a row must follow",
        ),
        (
            "1,2\n3,4\n",
            "line 1, column 1: the first line has nothing but numbers; it must name the columns",
        ),
        (
            "a,b,a\n1,2,3\n",
            "line 1, column 3: the column `a` is there already, column 1; give each column its own name",
        ),
        (
            "a,b\n1\n",
            "line 2, column 2: the row has 1 cell but the first line has 2; leave a cell empty where a value is missing, but keep its separator",
        ),
        (
            "a,b\n1,2,3\n",
            "line 2, column 3: the row has 3 cells but the first line has 2; put a text that contains the separator in quotation marks",
        ),
        (
            "a,b\n\"1,2\n3,4\n",
            "line 2, column 1: the row has 1 cell but the first line has 2; a quotation mark seems to be left open",
        ),
    ] {
        assert_eq!(
            message(read(text)),
            format!("people.csv, {expected}"),
            "{text:?}"
        );
    }
}

#[test]
fn a_long_table_shows_its_ends_only() {
    let rows: String = (0..1000).map(|k| format!("{k},{}\n", k % 7)).collect();
    let text = read(&format!("k,rest\n{rows}")).unwrap().to_string();
    assert_eq!(text.lines().count(), 1 + 11 + 1);
    assert!(
        text.starts_with("k    rest\n0       0\n") || text.starts_with("  k  rest\n  0     0\n"),
        "{text}"
    );
    assert!(
        text.ends_with("999  5\n[1000 rows x 2 columns]\n")
            || text.ends_with("999     5\n[1000 rows x 2 columns]\n"),
        "{text}"
    );
    let html = read("<b>,a\n<i>,1\n").unwrap().to_html();
    assert!(
        html.contains("<th>&lt;b&gt;</th>") && html.contains("<td>&lt;i&gt;</td>"),
        "{html}"
    );
}

#[test]
fn a_missing_file_says_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::fs::write(folder.path().join("data/people.csv"), "a\nx\n").unwrap();
    let error = |path: &str| message(Table::from_csv(folder.path().join(path)));
    assert!(error("data/poeple.csv").ends_with("data; did you mean `people.csv`?"));
    let error = error("dta/people.csv");
    let folder = folder.path().display();
    assert_eq!(
        error,
        format!(
            "there is no file `{folder}/dta/people.csv` in {folder}; did you mean `data/people.csv`?"
        )
    );
    let error = message(Table::from_csv("~/people.csv"));
    assert!(
        error.contains("; `~` means your home folder in a terminal only, write "),
        "{error}"
    );
}

proptest! {
    #[test]
    fn whatever_the_text_there_is_a_table_or_an_error(text in "[ab,;0-2.\"\n\r -]{0,40}") {
        if let Ok(table) = read(&text) {
            let _ = (table.to_string(), table.to_html());
            for column in table.columns() {
                let texts = table.texts(column);
                prop_assert!(texts.is_err() || texts.unwrap().len() == table.len());
            }
        }
    }

    #[test]
    fn numbers_come_back(numbers in proptest::collection::vec(-1e9..1e9f64, 1..20)) {
        let rows: String = numbers.iter().map(|number| format!("{number}\n")).collect();
        prop_assert_eq!(read(&format!("x\n{rows}")).unwrap().numbers("x").unwrap(), numbers);
    }
}
