//! Plays as files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use datafusion::parquet::arrow::ArrowWriter;
use radio_rec::interactions::Interactions;

pub(crate) type Play = (String, String, f64);

/// Plays of a few users and items, from numbers.
pub(crate) fn plays(numbers: &[(u8, u8, u8)]) -> Vec<Play> {
    let play = |&(user, item, value): &(u8, u8, u8)| {
        (
            format!("user {user}"),
            format!("item {item}"),
            f64::from(value),
        )
    };
    numbers.iter().map(play).collect()
}

/// The data that comes with the project, as plays.
pub(crate) fn songs() -> Vec<Play> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/radio_songs.csv");
    let data = Interactions::from_wide_csv(path).unwrap();
    let of_user = |user| {
        let data = &data;
        let named = move |(item, value): (_, f64)| {
            let (user, item) = (data.user_name(user), data.item_name(item));
            (user.to_string(), item.to_string(), value)
        };
        data.items_of(user).map(named)
    };
    data.user_indices().flat_map(of_user).collect()
}

/// The ratings of MovieLens 100K; `None`, with a word, where `scripts/fetch-movielens` has not put them.
pub(crate) fn movielens() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/ml-100k/ml-100k.inter");
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

pub(crate) fn write_csv(path: &Path, plays: &[Play]) {
    let mut writer = csv::Writer::from_path(path).unwrap();
    writer.write_record(["user", "item", "plays"]).unwrap();
    for (user, item, value) in plays {
        let value = value.to_string();
        writer.write_record([user, item, &value]).unwrap();
    }
    writer.flush().unwrap();
}

pub(crate) fn write_json(path: &Path, plays: &[Play]) {
    let line = |(user, item, value): &Play| {
        format!("{{\"item\": {item:?}, \"user\": {user:?}, \"plays\": {value}}}\n")
    };
    fs::write(path, plays.iter().map(line).collect::<String>()).unwrap();
}

pub(crate) fn write_parquet(path: &Path, plays: &[Play]) {
    let users: StringArray = plays.iter().map(|play| Some(play.0.as_str())).collect();
    let items: StringArray = plays.iter().map(|play| Some(play.1.as_str())).collect();
    let values: Float64Array = plays.iter().map(|play| Some(play.2)).collect();
    write_columns(
        path,
        vec![
            ("user_id", Arc::new(users)),
            ("artist", Arc::new(items)),
            ("plays", Arc::new(values)),
        ],
    );
}

pub(crate) fn write_columns(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}
