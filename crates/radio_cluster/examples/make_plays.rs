//! Makes plays to measure with: `cargo run --release --example make_plays -- MILLIONS FOLDER`.
//!
//! A user has 10 to 90 rows, the same chance for each; of the items the one at place r is played in proportion to 1 /
//! r. There are 50 rows to a user and 500 to an item. The same bits come out every time.

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt32Array};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::WriterProperties;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

const ROWS: usize = 1_000_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [millions, folder] = &arguments[..] else {
        return Err("say how many million plays, and in which folder".into());
    };
    let (millions, folder) = (millions.parse::<usize>()?, PathBuf::from(folder));
    let items = (millions * ROWS / 500) as f64;
    fs::create_dir_all(&folder)?;
    let mut random = ChaCha8Rng::seed_from_u64(1606);
    let (mut user, mut left) = (0_i64, 0);
    for part in 0..millions {
        let (mut users, mut names, mut plays) = (Vec::new(), Vec::new(), Vec::new());
        while users.len() < ROWS {
            if left == 0 {
                user += 1;
                left = random.random_range(10..=90);
            }
            left -= 1;
            let place = items.powf(random.random_range(0.0..1.0)) as u64;
            users.push(user);
            names.push(format!("item {place:06}"));
            plays.push(random.random_range(1..=5_u32));
        }
        let columns: [(&str, ArrayRef); 3] = [
            ("user", Arc::new(Int64Array::from(users))),
            ("item", Arc::new(StringArray::from(names))),
            ("plays", Arc::new(UInt32Array::from(plays))),
        ];
        let batch = RecordBatch::try_from_iter(columns)?;
        let file = File::create(folder.join(format!("part-{part:04}.parquet")))?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties.build()))?;
        writer.write(&batch)?;
        writer.close()?;
    }
    Ok(())
}
