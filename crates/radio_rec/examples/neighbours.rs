//! Finds the nearest neighbours of all items of a long table, and says how long it took.
//!
//! ```sh
//! cargo run --release -p radio_rec --example neighbours -- --interactions plays.tsv --measure cosine --k 20 --output neighbours.csv
//! cargo run --release -p radio_rec --example neighbours -- --interactions plays.tsv --model als --factors 64 --iterations 5
//! ```

use std::error::Error;
use std::fs::{self, File};
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use radio_rec::interactions::{Interactions, Item, ItemName, LongTable};
use radio_rec::recommend::{Als, Fit, SimilarItems};
use radio_rec::similarity::{Measure, Neighbourhood, Weighting};

/// Finds the nearest neighbours of all items.
///
/// Prints `load_s=` and `fit_s=` in seconds, `cpu_s=`, the seconds that all processors together worked on the fit, and `peak_mb=`,
/// the most memory the process ever held, in mebibytes. The last two are `unknown` where the system does not tell. For ALS it
/// prints `loss=` too, computed behind the rest.
#[derive(Parser)]
struct Arguments {
    /// A long table, comma- or tab-separated, with a header: user, item, and if wanted a weight.
    #[arg(long, value_name = "FILE")]
    interactions: PathBuf,
    /// What is fitted.
    #[arg(long, value_enum, default_value = "item-knn")]
    model: Model,
    /// How items are compared: cosine, adjusted-cosine, pearson, jaccard, dice, euclidean, conditional-probability, lift, dot-product.
    #[arg(long, default_value = "cosine")]
    measure: Measure,
    /// What values are replaced by before they are compared.
    #[arg(long, value_enum, default_value = "none")]
    weighting: Weights,
    /// How many neighbours an item is given at most.
    #[arg(long, default_value_t = 20)]
    k: usize,
    /// How many users two items must have in common.
    #[arg(long, default_value_t = 1)]
    minimum_support: usize,
    /// A similarity counts n / (n + shrinkage), with n the users in common.
    #[arg(long, default_value_t = 0.0)]
    shrinkage: f64,
    /// How many numbers describe an item, for ALS.
    #[arg(long, default_value_t = Als::default().factors)]
    factors: usize,
    /// How often users and items take their turns, for ALS.
    #[arg(long, default_value_t = Als::default().iterations)]
    iterations: usize,
    /// The penalty for long vectors, for ALS.
    #[arg(long, default_value_t = Als::default().lambda)]
    lambda: f64,
    /// How much more a play says than that there is none, for ALS.
    #[arg(long, default_value_t = Als::default().alpha)]
    alpha: f64,
    /// How many threads compute; as many as there are processors if it is not given.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Where `item,neighbour,score` goes, best first; nowhere if it is not given.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Model {
    /// The k most similar items of each item.
    ItemKnn,
    /// Alternating least squares; items are then compared by the cosine of their vectors.
    Als,
}

#[derive(Clone, Copy, ValueEnum)]
enum Weights {
    /// As they are.
    None,
    /// As implicit's TFIDFRecommender has it.
    TfIdf,
    /// As implicit's BM25Recommender has it; its measure is dot-product.
    Bm25,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if let Some(threads) = arguments.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get());
        pool.build_global()?;
    }
    if arguments.k == 0 {
        // Before the fit, which can take minutes: ALS itself knows no `k`.
        return Err("`k` is 0, but must be at least 1".into());
    }
    let begun = Instant::now();
    let data = load(&arguments.interactions)?;
    println!("load_s={:.3}", begun.elapsed().as_secs_f64());

    match arguments.model {
        Model::ItemKnn => {
            let neighbours = timed(|| neighbourhood(arguments).of_items(&data))?;
            let of_item = |item| {
                let list = neighbours.neighbours(item).iter();
                list.map(|n| (data.item_name(n.item).clone(), n.similarity))
                    .collect()
            };
            written(arguments, &data, |item| Ok(of_item(item)))
        }
        Model::Als => {
            let als = Als {
                factors: arguments.factors,
                iterations: arguments.iterations,
                lambda: arguments.lambda,
                alpha: arguments.alpha,
                ..Als::default()
            };
            let model = timed(|| als.fit(&data))?;
            println!("loss={:.8}", model.loss());
            written(arguments, &data, |item| {
                let similar = model.similar_items(item, arguments.k)?;
                Ok(similar
                    .iter()
                    .map(|entry| (entry.name.clone(), entry.score))
                    .collect())
            })
        }
    }
}

fn load(path: &Path) -> radio_rec::Result<Interactions> {
    let shown = std::io::stderr().is_terminal();
    let table = LongTable::new().progress(|progress| {
        if shown {
            let share = progress.bytes as f64 / progress.total_bytes as f64;
            eprint!("\r{} rows, {:.0} %", progress.rows, 100.0 * share);
        }
    });
    let data = table.read(path);
    if shown {
        eprintln!();
    }
    data
}

fn neighbourhood(arguments: &Arguments) -> Neighbourhood {
    Neighbourhood::new(arguments.k)
        .measure(arguments.measure)
        .weighting(match arguments.weighting {
            Weights::None => Weighting::None,
            Weights::TfIdf => Weighting::TfIdf,
            Weights::Bm25 => Weighting::Bm25 { k1: 1.2, b: 0.75 },
        })
        .minimum_support(arguments.minimum_support)
        .shrinkage(arguments.shrinkage)
}

/// Fits a model, and prints what that took.
fn timed<M>(fit: impl FnOnce() -> radio_rec::Result<M>) -> radio_rec::Result<M> {
    let (begun, cpu_before) = (Instant::now(), cpu_seconds());
    let model = fit()?;
    println!("fit_s={:.3}", begun.elapsed().as_secs_f64());
    let cpu = cpu_before
        .zip(cpu_seconds())
        .map(|(before, after)| after - before);
    for (name, measured) in [("cpu_s", cpu), ("peak_mb", peak_mb())] {
        match measured {
            Some(measured) => println!("{name}={measured:.2}"),
            None => println!("{name}=unknown"),
        }
    }
    Ok(model)
}

/// The processor's time of all threads, as Linux tells it: in hundredths of a second.
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // After the program's name, in parentheses, which can hold anything; see proc_pid_stat(5).
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// The most memory that the process ever held, as Linux tells it.
fn peak_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// Writes the neighbours of all items, where that is asked for: beside the file first, so that there is never half of one.
fn written(
    arguments: &Arguments,
    data: &Interactions,
    neighbours: impl Fn(Item) -> radio_rec::Result<Vec<(ItemName, f64)>>,
) -> Result<(), Box<dyn Error>> {
    let Some(path) = &arguments.output else {
        return Ok(());
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = PathBuf::from(beside);
    let in_file = |error: &dyn Error| format!("`{}`: {error}", path.display());
    let write = || -> Result<(), Box<dyn Error>> {
        let file = File::create(&beside).map_err(|error| in_file(&error))?;
        let mut rows = csv::Writer::from_writer(file);
        rows.write_record(["item", "neighbour", "score"])
            .map_err(|error| in_file(&error))?;
        for item in data.item_indices() {
            for (neighbour, score) in neighbours(item)? {
                let item = data.item_name(item).as_str();
                rows.write_record([item, neighbour.as_str(), &score.to_string()])
                    .map_err(|error| in_file(&error))?;
            }
        }
        rows.flush().map_err(|error| in_file(&error))?;
        drop(rows);
        fs::rename(&beside, path).map_err(|error| in_file(&error).into())
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&beside);
    })
}
