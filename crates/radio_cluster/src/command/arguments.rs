//! Arguments that several subcommands take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
#[cfg(feature = "ballista")]
use radio_cluster::cluster::Cluster;
use radio_cluster::output::Output;
use radio_cluster::session::{FileFormat, Session, Settings};
use radio_cluster::source::{Columns, Weight};
use radio_cluster::{Error, Result};
use radio_rec::recommend::{Als, Fit};
use radio_rec::similarity::{Measure, Neighbourhood};

use super::progress;

#[derive(Debug, Args)]
pub(super) struct Input {
    /// A file of plays, or a folder of such files: Parquet, CSV or JSON lines
    pub(super) plays: PathBuf,
    /// The column of users [default: user, user_id, ...]
    #[arg(long, value_name = "COLUMN")]
    user: Option<String>,
    /// The column of items [default: item, item_id, artist, ...]
    #[arg(long, value_name = "COLUMN")]
    item: Option<String>,
    /// The column of how much a row counts [default: weight, rating, plays, count, ...; or 1]
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
    /// Let each row count 1
    #[arg(long, conflicts_with = "weight")]
    unweighted: bool,
}

impl Input {
    pub(super) fn columns(&self) -> Columns {
        Columns {
            user: self.user.clone(),
            item: self.item.clone(),
            weight: match &self.weight {
                _ if self.unweighted => Weight::One,
                Some(column) => Weight::Column(column.clone()),
                None => Weight::Found,
            },
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Engine {
    /// How much memory may be taken before the disk is: such as 2G or 500M [default: without a bound]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    memory: Option<usize>,
    /// The folder for what does not fit in memory, and for intermediate tables [default: the system's]
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// How many threads work [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Let the executors of this scheduler do it [default: this process does]
    #[cfg(feature = "ballista")]
    #[arg(long, value_name = "df://HOST:PORT")]
    scheduler: Option<String>,
    /// Read and count the plays, print the plans, and write nothing
    #[arg(long)]
    pub(super) explain: bool,
}

impl Engine {
    pub(super) async fn session(&self) -> Result<Session> {
        let settings = Settings {
            memory: self.memory,
            scratch: self.scratch.clone(),
            threads: self.threads,
        };
        let listener = Some(progress::listener(self.explain));
        #[cfg(feature = "ballista")]
        if let Some(scheduler) = &self.scheduler {
            let cluster = Cluster::Scheduler(scheduler.clone());
            return Session::on(&cluster, &settings, listener).await;
        }
        Session::new(&settings, listener)
    }
}

#[derive(Debug, Args)]
pub(super) struct Sample {
    /// Count at most so many plays of each user, drawn by chance
    #[arg(long, value_name = "N")]
    pub(super) cap: Option<u64>,
    /// What is drawn by chance is the same for the same seed
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    pub(super) seed: u64,
}

#[derive(Debug, Args)]
pub(super) struct Nearest {
    /// The similarity: cosine, pearson, jaccard, dice, euclidean, conditional-probability, lift or dot-product
    #[arg(long, value_name = "MEASURE", default_value = "cosine")]
    measure: String,
    /// How many neighbours each item has at most
    #[arg(long, short, value_name = "K", default_value_t = 20)]
    k: usize,
    /// How many users two items must have in common
    #[arg(long, value_name = "N", default_value_t = 1)]
    minimum_support: usize,
    /// How much smaller similarities are made that rest on few users
    #[arg(long, value_name = "LAMBDA", default_value_t = 0.0)]
    shrinkage: f64,
}

impl Nearest {
    pub(super) fn neighbourhood(&self) -> Result<Neighbourhood> {
        let measure: Measure = self.measure.parse()?;
        let neighbourhood = Neighbourhood::new(self.k)
            .measure(measure)
            .minimum_support(self.minimum_support)
            .shrinkage(self.shrinkage);
        radio_cluster::neighbours::check(&neighbourhood)?;
        Ok(neighbourhood)
    }
}

#[derive(Debug, Args)]
pub(super) struct Points {
    /// How many numbers describe a user or an item
    #[arg(long, value_name = "N", default_value_t = Als::default().factors)]
    factors: usize,
    /// How often users and items take their turns
    #[arg(long, value_name = "N", default_value_t = Als::default().iterations)]
    iterations: usize,
    /// The penalty for long vectors
    #[arg(long, value_name = "LAMBDA", default_value_t = Als::default().lambda)]
    lambda: f64,
    /// How much more a play counts than no play
    #[arg(long, value_name = "ALPHA", default_value_t = Als::default().alpha)]
    alpha: f64,
}

impl Points {
    pub(super) fn als(&self, seed: u64) -> Result<Als> {
        let als = Als {
            factors: self.factors,
            iterations: self.iterations,
            lambda: self.lambda,
            alpha: self.alpha,
            seed,
        };
        als.check()?;
        Ok(als)
    }
}

#[derive(Debug, Args)]
pub(super) struct Written {
    /// The folder to write, which must not be there yet or be empty
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// What is written
    #[arg(long, value_enum, default_value = "parquet")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    Parquet,
    Csv,
}

impl Written {
    /// Where the result goes; nowhere if the plan alone is asked for.
    pub(super) fn output(&self, explain: bool) -> Result<Option<Output>> {
        let format = match self.format {
            Format::Parquet => FileFormat::Parquet,
            Format::Csv => FileFormat::Csv,
        };
        match &self.output {
            _ if explain => Ok(None),
            Some(folder) => Output::new(folder, format).map(Some),
            None => Err(Error::Argument(
                "say with `--output DIR` where the result goes".into(),
            )),
        }
    }
}

/// A number of bytes: 500M, 2G, 1.5G.
pub(super) fn bytes(text: &str) -> std::result::Result<usize, String> {
    let (number, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_alphabetic()).len());
    let unit = match unit
        .to_lowercase()
        .trim_end_matches("ib")
        .trim_end_matches('b')
    {
        "" => 1.0,
        "k" => 1024.0,
        "m" => 1024.0 * 1024.0,
        "g" => 1024.0 * 1024.0 * 1024.0,
        "t" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return Err("a number of bytes, such as 500M or 2G".into()),
    };
    match number.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok((number * unit) as usize),
        _ => Err("a number of bytes, such as 500M or 2G".into()),
    }
}
