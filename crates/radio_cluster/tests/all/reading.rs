//! Files of plays: several kinds, and what is wrong with them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, StringArray,
};
use radio_cluster::Error;
use radio_cluster::library;
use radio_cluster::plays::Plays;
use radio_cluster::source::{Columns, Source, Weight};
use radio_rec::interactions::Interactions;
use tempfile::TempDir;

use crate::table::{songs, write_columns, write_csv, write_json, write_parquet};
use crate::{session, wait};

fn try_reading(path: &Path, columns: &Columns) -> Result<Interactions, Error> {
    let session = session();
    wait(async {
        let source = Source::open(&session, path, columns).await?;
        library::interactions(&Plays::read(&session, &source).await?).await
    })
}

fn values(data: &Interactions) -> Vec<(String, String, f64)> {
    let of_user = |user| {
        let named = move |(item, value): (_, f64)| {
            (
                data.user_name(user).to_string(),
                data.item_name(item).to_string(),
                value,
            )
        };
        data.items_of(user).map(named)
    };
    data.user_indices().flat_map(of_user).collect()
}

/// A folder with a file.
fn file(name: &str, text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(name), text).unwrap();
    folder
}

fn read_text(name: &str, text: &str) -> Interactions {
    let folder = file(name, text);
    try_reading(folder.path(), &Columns::default()).unwrap()
}

#[track_caller]
fn assert_refused(name: &str, text: &str, columns: &Columns, expected: &str) {
    let folder = file(name, text);
    let path = folder.path().join(name);
    let error = try_reading(&path, columns).unwrap_err();
    let said = error.to_string().replace(&path.display().to_string(), name);
    assert_eq!(said, expected);
    assert_eq!(error.exit_code(), 2);
}

fn triplets(plays: &[(&str, &str, f64)]) -> Vec<(String, String, f64)> {
    let owned = |&(user, item, value): &(&str, &str, f64)| (user.into(), item.into(), value);
    plays.iter().map(owned).collect()
}

#[test]
fn a_folder_of_all_kinds_is_added_up() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str| folder.path().join(name);
    fs::create_dir(of("more")).unwrap();
    fs::write(of("_SUCCESS"), "").unwrap();
    fs::write(of(".notes.md"), "no plays").unwrap();
    write_csv(&of("a.csv"), &songs());
    write_csv(&of("more/b [1] 100%.csv"), &songs());
    write_parquet(&of("more/c.parquet"), &songs());
    write_json(&of("d.jsonl"), &songs());
    let found = values(&try_reading(folder.path(), &Columns::default()).unwrap());
    let mut expected: Vec<_> = songs()
        .into_iter()
        .map(|(user, item, value)| (user, item, 4.0 * value))
        .collect();
    expected.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    assert_eq!(found, expected);
}

#[test]
fn rows_are_read_as_by_the_library() {
    let table = "\u{feff}time,Artist,USER,count\n1, u2 ,ann,2\n\n2,\"air, the\",bob,1.5\n3,u2,ann,3\n4,abba,bob,0\n";
    let data = read_text("plays.csv", table);
    assert_eq!(
        values(&data),
        triplets(&[("ann", "u2", 5.0), ("bob", "air, the", 1.5)])
    );
    // A weight of 0 names its item.
    let names: Vec<&str> = data.items().iter().map(|item| item.as_str()).collect();
    assert_eq!(names, ["abba", "air, the", "u2"]);

    let tabs = "user_id:token\titem_id:token\trating:float\n1\t\"7\t3\n10\t8\t1\n";
    let data = read_text("plays.inter", tabs);
    assert_eq!(
        values(&data),
        triplets(&[("1", "\"7", 3.0), ("10", "8", 1.0)])
    );

    let data = read_text("plays.tsv", "user\titem\nann\tu2\nann\tu2\n");
    assert_eq!(values(&data), triplets(&[("ann", "u2", 2.0)]));
}

#[test]
fn columns_are_named() {
    let folder = file("plays.csv", "who.is,what,How Often,year\nann,u2,3,1990\n");
    let columns = Columns {
        user: Some("who.is".into()),
        item: Some("what".into()),
        weight: Weight::Column("how often".into()),
    };
    let found = try_reading(folder.path(), &columns).unwrap();
    assert_eq!(values(&found), triplets(&[("ann", "u2", 3.0)]));
    let columns = Columns {
        weight: Weight::One,
        ..columns
    };
    let found = try_reading(folder.path(), &columns).unwrap();
    assert_eq!(values(&found), triplets(&[("ann", "u2", 1.0)]));
}

#[test]
fn numbers_are_names_in_typed_files() {
    let folder = tempfile::tempdir().unwrap();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("when", Arc::new(BooleanArray::from(vec![true, false]))),
        ("User Id", Arc::new(Int64Array::from(vec![7, 7]))),
        ("movieId", Arc::new(StringArray::from(vec!["a", "a"]))),
        ("rating", Arc::new(Int32Array::from(vec![4, 1]))),
    ];
    write_columns(&folder.path().join("x.parquet"), columns);
    fs::write(
        folder.path().join("y.json"),
        "{\"user\": 7, \"item\": 12, \"count\": 2}\n",
    )
    .unwrap();
    let found = try_reading(folder.path(), &Columns::default()).unwrap();
    assert_eq!(
        values(&found),
        triplets(&[("7", "12", 2.0), ("7", "a", 5.0)])
    );
}

#[test]
fn a_row_that_is_no_play_is_named() {
    let default = Columns::default();
    let refused = |rows: &str, expected: &str| {
        assert_refused(
            "a.csv",
            &format!("user,item,plays\nann,u2,1\n{rows}"),
            &default,
            &format!("a.csv, {expected}"),
        );
    };
    refused(
        "bob,u2,NaN\n",
        "line 3, column `plays`: the weight `NaN` of user `bob` and item `u2` must be a number",
    );
    refused(
        "bob,u2,-1\n",
        "line 3, column `plays`: the weight `-1` of user `bob` and item `u2` must be 0 or positive",
    );
    refused(
        "\nbob,u2,x\n",
        "line 4, column `plays`: the weight `x` of user `bob` and item `u2` must be a number",
    );
    refused(
        "bob,u2,inf\n",
        "line 3, column `plays`: the weight `inf` of user `bob` and item `u2` must be finite",
    );
    refused(
        "bob,u2,1e-40\n",
        "line 3, column `plays`: the weight `1e-40` of user `bob` and item `u2` must be 0 or from 1e-30 to 1e30",
    );
    refused(
        "bob,,1\n",
        "line 3, column `item`: the item has no name; every row must name one",
    );
    refused(
        " ,u2,1\n",
        "line 3, column `user`: the user has no name; every row must name one",
    );
    refused(
        "bob,u2\n",
        "line 3: the row has 2 cells but the header has 3",
    );
    assert_refused(
        "a.json",
        "{\"user\": \"ann\", \"item\": \"u2\", \"plays\": 1}\n{\"user\": \"bob\", \"item\": \"u2\"}\n",
        &default,
        "a.json, row 2, column `plays`: the weight `null` of user `bob` and item `u2` must be a number",
    );
    let too_large = "user,item,plays\nann,u2,9e29\nann,u2,9e29\n";
    assert_refused(
        "a.csv",
        too_large,
        &default,
        "the weights of user `ann` and item `u2` add up to 1.8e30, but must be at most 1e30",
    );
}

#[test]
fn a_row_of_the_second_of_many_files_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write_parquet(&folder.path().join("1.parquet"), &songs());
    let mut plays = songs();
    plays[70].2 = f64::NAN;
    write_parquet(&folder.path().join("2.parquet"), &plays);
    let error = try_reading(folder.path(), &Columns::default()).unwrap_err();
    let (user, item, _) = &plays[70];
    let place = format!(
        "2.parquet, row 71, column `plays`: the weight `NaN` of user `{user}` and item `{item}` must be a number"
    );
    assert!(error.to_string().ends_with(&place), "{error}");

    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(StringArray::from(vec![Some("ann"), None]))),
        ("item", Arc::new(StringArray::from(vec!["u2", "u2"]))),
    ];
    write_columns(&folder.path().join("2.parquet"), columns);
    let error = try_reading(folder.path(), &Columns::default()).unwrap_err();
    assert!(
        error.to_string().ends_with(
            "2.parquet, row 2, column `user`: the user has no name; every row must name one"
        ),
        "{error}"
    );
}

#[test]
fn a_table_that_cannot_be_used_is_named() {
    let default = Columns::default();
    let refused = |name: &str, text: &str, expected: &str| {
        assert_refused(name, text, &default, &format!("`{name}`: {expected}"));
    };
    refused(
        "a.csv",
        "",
        "the file is empty; it must have a header, and a row a play",
    );
    refused(
        "a.csv",
        "user,item\n",
        "the file ends after its header; a row for each play must follow",
    );
    refused(
        "a.csv",
        "1,2\n3,4\n",
        "the first row has nothing but numbers, and so is no header; put a row of names before it",
    );
    refused(
        "a.csv",
        "user,song\nann,u2\n",
        "there is no column `item` for the item, but `user`, `song`; say which one holds it with `--item`",
    );
    refused(
        "a.csv",
        "user,item,USER\nann,u2,bob\n",
        "two columns are called `user`; give each its own name",
    );
    let unknown = "the column `hours` is not known as a weight, and every row would count 1; say `--weight hours` if it holds how \
                   much a row counts, or `--unweighted` if each counts 1";
    refused("a.csv", "user,item,hours\nann,u2,3\n", unknown);
    refused(
        "a.jsonl",
        "{\"user\": \"ann\", \"item\": \"u2\", \"hours\": 3}\n",
        unknown,
    );
    refused(
        "a.jsonl",
        "{\"user\": \"ann\", \"item\": [1]}\n",
        "the column `item` of the items is of the type List(Int64), but must be of text or of whole numbers",
    );
    refused(
        "a.jsonl",
        "{\"user\": \"ann\", \"item\": \"u2\", \"plays\": \"3\"}\n",
        "the column `plays` of the weights is of the type Utf8, but must be of numbers; `--unweighted` leaves it unread",
    );
    let kinds = "Parquet (.parquet), CSV (.csv, .tsv, .inter) and JSON lines (.json, .jsonl, .ndjson) are read";
    refused(
        "a.xlsx",
        "x",
        &format!("what kind of file it is cannot be told by its name; {kinds}"),
    );
    refused(
        "a.csv.gz",
        "x",
        &format!("a compressed file is not read; unpack it, or make Parquet of it: {kinds}"),
    );
    let both = Columns {
        user: Some("item".into()),
        ..Columns::default()
    };
    assert_refused(
        "a.csv",
        "user,item\nann,u2\n",
        &both,
        "`a.csv`: a column is to be read as two things; give each its own with `--user`, `--item` and `--weight`",
    );
    assert_refused(
        "a.csv",
        "user,item,plays\nann,u2,0\n",
        &default,
        "nobody played anything: there is no row with a weight above 0",
    );

    let nowhere = try_reading(Path::new("no/such/folder"), &default).unwrap_err();
    assert_eq!(
        nowhere.to_string(),
        "`no/such/folder`: there is no such file or folder"
    );
    let empty = tempfile::tempdir().unwrap();
    let error = try_reading(empty.path(), &default).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with(&format!("the folder has no files of plays; {kinds}")),
        "{error}"
    );
}

#[test]
fn a_damaged_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    write_parquet(&path, &songs());
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = try_reading(folder.path(), &Columns::default()).unwrap_err();
    assert!(
        error.to_string().contains("a.parquet`: cannot be read: "),
        "{error}"
    );
    assert_eq!(error.exit_code(), 2);
    // The end is there, and what it speaks of is not.
    let mut torn = whole.clone();
    torn[4..200].fill(0xff);
    fs::write(&path, torn).unwrap();
    let error = try_reading(folder.path(), &Columns::default()).unwrap_err();
    assert!(
        error.to_string().contains("a.parquet`: cannot be read: "),
        "{error}"
    );

    fs::remove_file(&path).unwrap();
    fs::write(
        folder.path().join("b.csv"),
        b"user,item\nann,u2\nbob,\xff\n",
    )
    .unwrap();
    let error = try_reading(folder.path(), &Columns::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("b.csv, line 3: the text is not UTF-8; save the file as UTF-8"),
        "{error}"
    );
}

#[test]
fn no_rows_are_no_plays() {
    let folder = tempfile::tempdir().unwrap();
    let empty: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(StringArray::from(Vec::<&str>::new()))),
        ("item", Arc::new(StringArray::from(Vec::<&str>::new()))),
        ("plays", Arc::new(Float64Array::from(Vec::<f64>::new()))),
    ];
    write_columns(&folder.path().join("a.parquet"), empty);
    let error = try_reading(folder.path(), &Columns::default()).unwrap_err();
    assert!(
        error.to_string().starts_with("nobody played anything"),
        "{error}"
    );
}
