//! Compares models on one data set, as a Markdown table.
//!
//! ```sh
//! cargo run --release -p radio_rec --example leaderboard -- --train FILE --test FILE [--k 10] [--models a,b,..]
//! cargo run --release -p radio_rec --example leaderboard -- --ratings FILE --seed N [--splits 5] [--tune] [--compare]
//! cargo run --release -p radio_rec --example leaderboard -- --ml-20m ratings.csv --models ease
//! ```
//!
//! Files are long: a header `user,item,rating` (or RecBole's `user_id:token` and so on), then a line a play, with
//! commas or tabs, compressed by gzip or not. With `--ratings` a quarter of each user's plays is hidden by chance, the
//! same for the same seed; `--splits 5` takes the seeds N, N + 1, ... and shows the means. The columns are means over
//! the users that have test items which they had not played in training: what they played in training is left out,
//! every other test item is relevant, nDCG has gains 0 and 1, and MAP is divided by the number of relevant items.
//! Seconds are those of learning, and of recommending to all these users. `--compare` says of each model how much less
//! its nDCG is than that of the best: the mean over the users of their mean over the splits, with an interval of 95 %.
//!
//! `--tune` chooses the parameters before the test part is looked at: for each candidate it learns from three quarters
//! of the training part, and takes the one with the largest nDCG@k on the remaining quarter, in the mean of
//! `--tune-parts` such divisions; with `--trials`, of so many candidates.
//!
//! `--ml-20m` is the evaluation of Liang et al. on users that were not learned from, on their data or other ratings.

mod strangers;
mod tuning;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use radio_rec::evaluate::split::{Split, stratified_by_user};
use radio_rec::evaluate::{Mean, Metric, OfUsers, Protocol, Report, evaluate_users};
use radio_rec::interactions::{Interactions, ItemName, User, UserName};
use radio_rec::recommend::{Algorithm, Fit, Recommender, Request, Whom};
use radio_rec::{Error, Result};

use self::tuning::{Choice, settings, tune};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<()> {
    if let Some(path) = &options.ml_20m {
        let settings = |name: &String| Ok((name.clone(), settings(name, 1.0)?));
        let models: Vec<_> = options.models.iter().map(settings).collect::<Result<_>>()?;
        return strangers::print_table(path, &models, options.seed);
    }
    let parts = options.parts()?;
    if let Some(folder) = &options.write_splits {
        return write_splits(&parts, folder, options.tune_parts);
    }
    let largest = (parts.iter())
        .flat_map(|part| part.train.user_indices().map(move |user| (part, user)))
        .flat_map(|(part, user)| part.train.items_of(user))
        .fold(0.0_f64, |largest, (_, value)| largest.max(value));
    let (users, items) = parts[0].train.shape();
    println!(
        "{users} users, {items} items, {} plays to learn from, {} to find; means of {} split{}\n",
        parts[0].train.nnz(),
        parts[0].test.nnz(),
        parts.len(),
        if parts.len() == 1 { "" } else { "s" }
    );

    let k = options.k;
    let mut rows = Vec::new();
    let mut ndcgs = Vec::new();
    for name in &options.models {
        let mut sums = [0.0; 6];
        for (split, part) in parts.iter().enumerate() {
            let choice = Choice {
                k,
                parts: options.tune_parts,
                trials: options.trials.map(|trials| (trials, split as u64)),
            };
            let algorithm = match options.tune {
                true => tune(name, largest, &part.train, &choice)?,
                false => settings(name, largest)?,
            };
            let (row, of_users) = measure(&algorithm, part, k)?;
            sums.iter_mut()
                .zip(row)
                .for_each(|(sum, value)| *sum += value);
            for (user, ndcg) in of_users.users().iter().zip(of_users.values(Metric::Ndcg)) {
                let (model, user) = (name.clone(), user.to_string());
                ndcgs.push((model, split, user, ndcg.unwrap_or(0.0)));
            }
        }
        rows.push((name, sums.map(|sum| sum / parts.len() as f64)));
    }
    rows.sort_by(|a, b| b.1[1].total_cmp(&a.1[1]));
    println!("| model | MAP@{k} | nDCG@{k} | precision@{k} | recall@{k} | fit s | recommend s |");
    println!("|---|---|---|---|---|---|---|");
    for (name, [map, ndcg, precision, recall, fit, recommend]) in &rows {
        println!(
            "| {name} | {map:.6} | {ndcg:.6} | {precision:.6} | {recall:.6} | {fit:.3} | {recommend:.3} |"
        );
    }
    if options.compare {
        let names: Vec<&str> = rows.iter().map(|row| row.0.as_str()).collect();
        compare(&names, &ndcgs, k)?;
    }
    match &options.per_user {
        Some(path) => write_per_user(path, &ndcgs),
        None => Ok(()),
    }
}

/// The nDCG of a model, in a split, for a user.
type OfUser = (String, usize, String, f64);

/// Prints how much less the nDCG of each model is than that of the first: of each user the mean over the splits that
/// count them.
fn compare(names: &[&str], ndcgs: &[OfUser], k: usize) -> Result<()> {
    let of = |name: &str| {
        let mut of_users: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for (_, _, user, ndcg) in ndcgs.iter().filter(|of| of.0 == name) {
            let sum = of_users.entry(user).or_default();
            *sum = (sum.0 + ndcg, sum.1 + 1.0);
        }
        let means = of_users.into_values().map(|(sum, count)| sum / count);
        means.collect::<Vec<f64>>()
    };
    println!("\n| model | nDCG@{k} less than {} | low | high |", names[0]);
    println!("|---|---|---|---|");
    let best = of(names[0]);
    for name in &names[1..] {
        let less: Vec<f64> = best.iter().zip(of(name)).map(|(a, b)| a - b).collect();
        let Mean { mean, low, high } = Mean::of(&less, &Protocol::default())?;
        println!("| {name} | {mean:.6} | {low:.6} | {high:.6} |");
    }
    Ok(())
}

fn write_per_user(path: &Path, ndcgs: &[OfUser]) -> Result<()> {
    write(path, |file| {
        writeln!(file, "model,split,user,ndcg")?;
        ndcgs.iter().try_for_each(|(model, split, user, ndcg)| {
            writeln!(file, "{model},{split},{user},{ndcg}")
        })
    })
}

/// Writes of each split N `N/train.csv` and `N/test.csv`, and of the divisions that `--tune` learns from
/// `N/M/train.csv` and so on.
fn write_splits(parts: &[Split], folder: &Path, tune_parts: u64) -> Result<()> {
    for (n, part) in parts.iter().enumerate() {
        let folder = folder.join(n.to_string());
        write_split(part, &folder)?;
        for seed in 0..tune_parts {
            let inner = stratified_by_user(&part.train, 0.25, seed)?;
            write_split(&inner, &folder.join(seed.to_string()))?;
        }
    }
    Ok(())
}

fn write_split(split: &Split, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|source| io(folder, source))?;
    for (name, part) in [("train.csv", &split.train), ("test.csv", &split.test)] {
        write(&folder.join(name), |file| {
            writeln!(file, "user,item,rating")?;
            triplets(part, None).try_for_each(|(user, item, value)| {
                let [user, item] =
                    [user.as_str(), item.as_str()].map(|name| name.replace('"', "\"\""));
                writeln!(file, "\"{user}\",\"{item}\",{value}")
            })
        })?;
    }
    Ok(())
}

fn write(
    path: &Path,
    rows: impl FnOnce(&mut std::io::BufWriter<std::fs::File>) -> std::io::Result<()>,
) -> Result<()> {
    let written = std::fs::File::create(path).and_then(|file| {
        let mut file = std::io::BufWriter::new(file);
        rows(&mut file)?;
        file.flush()
    });
    written.map_err(|source| io(path, source))
}

fn io(path: &Path, source: std::io::Error) -> Error {
    Error::Io {
        path: path.into(),
        source,
    }
}

/// MAP, nDCG, precision, recall, seconds of learning, seconds of recommending; and the same of each user.
fn measure(algorithm: &Algorithm, part: &Split, k: usize) -> Result<([f64; 6], OfUsers)> {
    let started = Instant::now();
    let model = algorithm.fit(&part.train)?;
    let fit = started.elapsed().as_secs_f64();
    let has_to_find = |&user: &User| {
        let mut items = part.test.items_of(user);
        items.any(|(item, _)| part.train.value(user, item) == 0.0)
    };
    let users = part.test.user_indices().filter(has_to_find);
    let users: Vec<Whom> = users.map(Whom::User).collect();
    let started = Instant::now();
    model.recommend_all(&users, &Request::new(k))?;
    let recommend = started.elapsed().as_secs_f64();
    let protocol = Protocol {
        k,
        resamples: 1, // intervals are not shown here
        ..Default::default()
    };
    let of_users = evaluate_users(&model, &part.test, &protocol)?;
    let Report {
        map,
        ndcg,
        precision,
        recall,
        ..
    } = of_users.report(&protocol)?;
    let means = [map, ndcg, precision, recall].map(|of| of.mean);
    let [map, ndcg, precision, recall] = means;
    Ok(([map, ndcg, precision, recall, fit, recommend], of_users))
}

/// Compares models on one data set, as a Markdown table.
#[derive(Parser)]
struct Options {
    /// What is learned from: a long table with a header `user,item,rating`, commas or tabs.
    #[arg(
        long,
        value_name = "FILE",
        requires = "test",
        required_unless_present_any = ["ratings", "ml_20m"]
    )]
    train: Option<PathBuf>,
    /// What is hidden, in the same form.
    #[arg(long, value_name = "FILE", requires = "train")]
    test: Option<PathBuf>,
    /// All of it instead: a quarter of each user's plays is hidden by chance.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["train", "test"])]
    ratings: Option<PathBuf>,
    /// Ratings, such as ratings.csv of MovieLens 20M: the evaluation of Liang et al. on users that were not learned
    /// from.
    #[arg(long = "ml-20m", value_name = "PATH", conflicts_with_all = ["train", "test", "ratings", "tune"])]
    ml_20m: Option<PathBuf>,
    /// What is hidden of --ratings.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// With how many seeds from --seed on; the table has the means.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    splits: u64,
    /// How many items are recommended.
    #[arg(long, default_value_t = 10, value_parser = at_least_one)]
    k: usize,
    /// Which models, with commas between.
    #[arg(long, value_delimiter = ',', value_parser = model, default_values_t = names())]
    models: Vec<String>,
    /// Choose the parameters on parts of what is learned from.
    #[arg(long)]
    tune: bool,
    /// By how many divisions of what is learned from.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    tune_parts: u64,
    /// Of how many candidates at most, drawn by chance, others for each split.
    #[arg(long, value_name = "N", requires = "tune", value_parser = at_least_one)]
    trials: Option<usize>,
    /// How much less the nDCG of each model is than that of the best.
    #[arg(long)]
    compare: bool,
    /// Where the nDCG of each user is written to, as model,split,user,ndcg.
    #[arg(long, value_name = "FILE")]
    per_user: Option<PathBuf>,
    /// Nothing but writing the splits, and the divisions that --tune uses, into a folder.
    #[arg(long, value_name = "DIR", requires = "ratings")]
    write_splits: Option<PathBuf>,
}

/// The models there are, without the one that needs tags, which these files do not have.
fn names() -> Vec<String> {
    let without_tags = Algorithm::NAMES.iter().filter(|name| **name != "content");
    without_tags.map(|&name| name.into()).collect()
}

fn model(name: &str) -> std::result::Result<String, String> {
    let names = names();
    if names.iter().any(|known| known == name) {
        return Ok(name.into());
    }
    Err(format!("there are {}", names.join(", ")))
}

fn at_least_one(text: &str) -> std::result::Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("it must be a whole number, at least 1".into()),
    }
}

impl Options {
    fn parts(&self) -> Result<Vec<Split>> {
        let (Some(train), Some(test)) = (&self.train, &self.test) else {
            let ratings = self.ratings.as_ref().expect("one of the two was given");
            let data = Interactions::from_long_csv(ratings)?;
            let split = |seed: u64| stratified_by_user(&data, 0.25, self.seed.wrapping_add(seed));
            return (0..self.splits).map(split).collect();
        };
        let train = Interactions::from_long_csv(train)?;
        let test = Interactions::from_long_csv(test)?;
        // A value of 0 names a user and an item: so both matrices have the same catalogues.
        let named = |part| triplets(part, Some(0.0));
        let learned = triplets(&train, None).chain(named(&test));
        let hidden = named(&train).chain(triplets(&test, None));
        Ok(vec![Split {
            train: Interactions::from_triplets(learned)?,
            test: Interactions::from_triplets(hidden)?,
        }])
    }
}

/// What a part holds, with its values made `value` where one is given.
fn triplets(
    part: &Interactions,
    value: Option<f64>,
) -> impl Iterator<Item = (&UserName, &ItemName, f64)> {
    part.user_indices().flat_map(move |user| {
        let name = part.user_name(user);
        part.items_of(user)
            .map(move |(item, own)| (name, part.item_name(item), value.unwrap_or(own)))
    })
}
