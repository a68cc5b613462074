//! Compares models on one data set, as a Markdown table.
//!
//! ```sh
//! cargo run --release -p radio_rec --example leaderboard -- --train FILE --test FILE [--k 10] [--models a,b,..]
//! cargo run --release -p radio_rec --example leaderboard -- --ratings FILE --seed N [--tune]
//! ```
//!
//! Files are long: a header `user,item,rating` (or RecBole's `user_id:token` and so on), then a line a play, with commas or tabs.
//! With `--ratings` a quarter of each user's plays is hidden by chance, the same for the same seed; `--splits 5` takes the
//! seeds N, N + 1, ... and shows the means. The columns are means over the users that have test items which they had not
//! played in training: what they played in training is left out, every other test item is relevant, nDCG has gains 0 and 1, and
//! MAP is divided by the number of relevant items.
//! Seconds are those of learning, and of recommending to all these users.
//!
//! `--tune` chooses the parameters of `edlae`, `ease`, `item-knn`, `user-knn`, `als` and `bpr` before the test part is looked at: for each
//! candidate it learns from three quarters of the training part, and takes the one with the largest nDCG@k on the remaining
//! quarter, in the mean of four such divisions.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use radio_rec::Result;
use radio_rec::evaluate::split::{Split, stratified_by_user};
use radio_rec::evaluate::{Protocol, Report, evaluate};
use radio_rec::interactions::{Interactions, ItemName, User, UserName};
use radio_rec::recommend::{
    Algorithm, Als, Bpr, Ease, Edlae, Fit, ItemKnn, PlayWeight, Recommender, Request, UserKnn, Whom,
};

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
    let parts = options.parts()?;
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
    for name in &options.models {
        let mut sums = [0.0; 6];
        for part in &parts {
            let algorithm = match options.tune {
                true => tune(name, largest, &part.train, k)?,
                false => settings(name, largest)?,
            };
            let row = measure(&algorithm, part, k)?;
            sums.iter_mut()
                .zip(row)
                .for_each(|(sum, value)| *sum += value);
        }
        rows.push((name, sums.map(|sum| sum / parts.len() as f64)));
    }
    rows.sort_by(|a, b| b.1[1].total_cmp(&a.1[1]));
    println!("| model | MAP@{k} | nDCG@{k} | precision@{k} | recall@{k} | fit s | recommend s |");
    println!("|---|---|---|---|---|---|---|");
    for (name, [map, ndcg, precision, recall, fit, recommend]) in rows {
        println!(
            "| {name} | {map:.6} | {ndcg:.6} | {precision:.6} | {recall:.6} | {fit:.3} | {recommend:.3} |"
        );
    }
    Ok(())
}

/// MAP, nDCG, precision, recall, seconds of learning, seconds of recommending.
fn measure(algorithm: &Algorithm, part: &Split, k: usize) -> Result<[f64; 6]> {
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
    let report = report(&model, &part.test, k)?;
    let Report {
        map,
        ndcg,
        precision,
        recall,
        ..
    } = report;
    Ok([
        map.mean,
        ndcg.mean,
        precision.mean,
        recall.mean,
        fit,
        recommend,
    ])
}

fn report(model: &dyn Recommender, test: &Interactions, k: usize) -> Result<Report> {
    let protocol = Protocol {
        k,
        resamples: 1, // intervals are not shown here
        ..Default::default()
    };
    evaluate(model, test, &protocol)
}

/// A play counts `base` for having been played at all, and for how much it was liked up to 1.
fn weight(base: f64, largest: f64) -> PlayWeight {
    PlayWeight {
        base,
        slope: (1.0 - base) / largest,
    }
}

/// The algorithm of a name, with the parameters that `--tune` chose for `edlae`, `ease`, `item-knn` and `user-knn` on MovieLens
/// 100K with seed 1. Those of the others were not tuned.
fn settings(name: &str, largest: f64) -> Result<Algorithm> {
    let weight = weight(0.5, largest);
    Ok(match name {
        "edlae" => Algorithm::Edlae(Edlae {
            weight,
            ..Edlae::new(0.7, 300.0)
        }),
        "ease" => Algorithm::Ease(Ease {
            weight,
            ..Ease::new(500.0)
        }),
        "item-knn" => Algorithm::ItemKnn(ItemKnn::new(400)),
        "user-knn" => Algorithm::UserKnn(UserKnn::new(100)),
        "als" => Algorithm::Als(Als {
            factors: 32,
            lambda: 10.0,
            ..Als::default()
        }),
        "bpr" => Algorithm::Bpr(Bpr {
            factors: 32,
            ..Bpr::default()
        }),
        name => name.parse()?,
    })
}

/// What `--tune` chooses from.
fn candidates(name: &str, largest: f64) -> Result<Vec<Algorithm>> {
    let penalties = [100.0, 150.0, 200.0, 300.0, 500.0];
    let weights = [1.0, 0.75, 0.5, 0.25].map(|base| weight(base, largest));
    let neighbours = [10, 20, 50, 100, 200, 400];
    Ok(match name {
        "edlae" => [0.3, 0.5, 0.6, 0.7]
            .iter()
            .flat_map(|&dropout| penalties.map(|lambda| Edlae::new(dropout, lambda)))
            .flat_map(|edlae| weights.map(|weight| Edlae { weight, ..edlae }))
            .map(Algorithm::Edlae)
            .collect(),
        "ease" => (penalties.iter())
            .flat_map(|&lambda| {
                weights.map(|weight| Ease {
                    weight,
                    ..Ease::new(lambda)
                })
            })
            .map(Algorithm::Ease)
            .collect(),
        "als" => [16, 32, 64]
            .iter()
            .flat_map(|&factors| [0.1, 3.0, 10.0, 30.0, 100.0].map(|lambda| (factors, lambda)))
            .flat_map(|(factors, lambda)| [0.5, 2.0].map(|alpha| (factors, lambda, alpha)))
            .map(|(factors, lambda, alpha)| {
                Algorithm::Als(Als {
                    factors,
                    lambda,
                    alpha,
                    ..Als::default()
                })
            })
            .collect(),
        "bpr" => [16, 32, 64]
            .iter()
            .flat_map(|&factors| [0.001, 0.01, 0.03].map(|lambda| (factors, lambda)))
            .map(|(factors, lambda)| {
                Algorithm::Bpr(Bpr {
                    factors,
                    lambda,
                    ..Bpr::default()
                })
            })
            .collect(),
        "item-knn" => neighbours
            .map(|k| Algorithm::ItemKnn(ItemKnn::new(k)))
            .into(),
        "user-knn" => neighbours
            .map(|k| Algorithm::UserKnn(UserKnn::new(k)))
            .into(),
        name => vec![settings(name, largest)?],
    })
}

/// The candidate with the largest nDCG on validation parts of what is learned from.
fn tune(name: &str, largest: f64, train: &Interactions, k: usize) -> Result<Algorithm> {
    let candidates = candidates(name, largest)?;
    if let [only] = &candidates[..] {
        return Ok(only.clone());
    }
    let inner: Vec<Split> = (0..4)
        .map(|seed| stratified_by_user(train, 0.25, seed))
        .collect::<Result<_>>()?;
    let mut best: Option<(f64, Algorithm)> = None;
    for algorithm in candidates {
        let mut ndcg = 0.0;
        for part in &inner {
            let model = algorithm.fit(&part.train)?;
            ndcg += report(&model, &part.test, k)?.ndcg.mean / inner.len() as f64;
        }
        eprintln!("{ndcg:.6} {algorithm:?}");
        if best.as_ref().is_none_or(|(highest, _)| ndcg > *highest) {
            best = Some((ndcg, algorithm));
        }
    }
    let (ndcg, algorithm) = best.expect("each name has a candidate");
    eprintln!("chosen, with nDCG@{k} {ndcg:.6} on the validation parts: {algorithm:?}");
    Ok(algorithm)
}

/// Compares models on one data set, as a Markdown table.
#[derive(Parser)]
struct Options {
    /// What is learned from: a long table with a header `user,item,rating`, commas or tabs.
    #[arg(
        long,
        value_name = "FILE",
        requires = "test",
        required_unless_present = "ratings"
    )]
    train: Option<PathBuf>,
    /// What is hidden, in the same form.
    #[arg(long, value_name = "FILE", requires = "train")]
    test: Option<PathBuf>,
    /// All of it instead: a quarter of each user's plays is hidden by chance.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["train", "test"])]
    ratings: Option<PathBuf>,
    /// What is hidden of --ratings.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// With how many seeds from --seed on; the table has the means.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    splits: u64,
    /// How many items are recommended.
    #[arg(long, default_value_t = 10, value_parser = at_least_one)]
    k: usize,
    /// Which models, with commas between: popularity, nearest-user, user-knn, item-score, item-knn, ease, edlae, als, bpr.
    #[arg(long, value_delimiter = ',', value_parser = model, default_values_t = names())]
    models: Vec<String>,
    /// Choose the parameters on parts of what is learned from.
    #[arg(long)]
    tune: bool,
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
