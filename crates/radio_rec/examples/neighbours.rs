//! Finds the nearest neighbours of all items of a long table, and says how long it took.
//!
//! ```sh
//! cargo run --release -p radio_rec --example neighbours -- --interactions plays.tsv --measure cosine --k 20 --output neighbours.csv
//! cargo run --release -p radio_rec --example neighbours -- --interactions plays.tsv --model als --factors 64 --iterations 5 --recommend 10
//! ```

use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use radio_rec::evaluate::metrics;
use radio_rec::interactions::{Interactions, Item, ItemName, LongTable};
use radio_rec::recommend::{
    Algorithm, Als, Bpr, BprModel, Ease, Fit, ItemKnn, Model, Recommender, Request, SparseEase,
    Whom,
};
use radio_rec::similarity::{Measure, Neighbourhood, Weighting};

/// Finds the nearest neighbours of all items, and recommends to all users.
///
/// Prints `load_s=` and `fit_s=` in seconds, `cpu_s=`, the seconds that all processors together worked on the fit, and
/// `peak_mb=`, the most memory the process ever held, in mebibytes. The last two are `unknown` where the system does
/// not tell. With `--recommend` it prints `recommend_s=` too, the seconds for all users together, with the processors'
/// `recommend_cpu_s=` and `lists_mb=`, the most memory that the process held meanwhile above what it held before, and
/// `one_ms=`, the median milliseconds for one user of up to 10,000 who are asked one by one. For ALS it prints `loss=`,
/// and for BPR `auc=`, the mean over every hundredth user of the share of pairs of what was played and what was not
/// that are in order.
#[derive(Parser)]
struct Arguments {
    /// A long table, comma- or tab-separated, with a header: user, item, and if wanted a weight.
    #[arg(long, value_name = "FILE")]
    interactions: PathBuf,
    /// What is fitted.
    #[arg(long, value_enum, default_value = "item-knn")]
    model: Kind,
    /// How items are compared: cosine, adjusted-cosine, pearson, jaccard, dice, euclidean, conditional-probability,
    /// lift, dot-product.
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
    /// How many numbers describe an item, for ALS and BPR.
    #[arg(long, default_value_t = Als::default().factors)]
    factors: usize,
    /// How often users and items take their turns, for ALS (15), or how many epochs there are, for BPR (100).
    #[arg(long)]
    iterations: Option<usize>,
    /// The penalty for long vectors, for ALS (0.01) and BPR (0.01), or for large weights, for EASE (300).
    #[arg(long)]
    lambda: Option<f64>,
    /// How far a draw moves what it is made of, for BPR.
    #[arg(long, default_value_t = Bpr::default().rate)]
    rate: f64,
    /// How much more a play says than that there is none, for ALS.
    #[arg(long, default_value_t = Als::default().alpha)]
    alpha: f64,
    /// How many threads compute; as many as there are processors if it is not given.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// How many items are recommended to every user; none if it is not given.
    #[arg(long, value_name = "N")]
    recommend: Option<NonZeroUsize>,
    /// Where `item,neighbour,score` goes, best first; nowhere if it is not given.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// The k most similar items of each item.
    ItemKnn,
    /// Alternating least squares; items are then compared by the cosine of their vectors.
    Als,
    /// Bayesian personalised ranking; items are compared as with ALS.
    Bpr,
    /// A weight between every two items.
    Ease,
    /// The same with k weights of each item.
    SparseEase,
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

    let begun = (Instant::now(), cpu_seconds());
    let model = algorithm(arguments).fit(&data)?;
    println!("fit_s={:.3}", begun.0.elapsed().as_secs_f64());
    let cpu = begun.1.zip(cpu_seconds());
    print_known("cpu_s", cpu.map(|(before, after)| after - before));
    let of_fit = peak_mb();
    if let Some(n) = arguments.recommend {
        recommend(&model, &Request::new(n.get()))?;
    }
    let most = of_fit.zip(peak_mb());
    print_known("peak_mb", most.map(|(fit, lists)| fit.max(lists)));
    match &model {
        Model::Als(model) => println!("loss={:.8}", model.loss()),
        Model::Bpr(model) => println!("auc={:.6}", auc(model)?),
        _ => {}
    }
    let similar = model.as_similar_items().expect("all of these models know");
    written(arguments, &data, |item| {
        let similar = similar.similar_items(item, arguments.k)?;
        Ok(similar
            .iter()
            .map(|entry| (entry.name.clone(), entry.score))
            .collect())
    })
}

fn algorithm(arguments: &Arguments) -> Algorithm {
    let &Arguments {
        factors,
        alpha,
        rate,
        iterations,
        lambda,
        ..
    } = arguments;
    let (als, bpr) = (Als::default(), Bpr::default());
    match arguments.model {
        Kind::ItemKnn => Algorithm::ItemKnn(ItemKnn::with(neighbourhood(arguments))),
        Kind::Als => Algorithm::Als(Als {
            factors,
            iterations: iterations.unwrap_or(als.iterations),
            lambda: lambda.unwrap_or(als.lambda),
            alpha,
            ..als
        }),
        Kind::Bpr => Algorithm::Bpr(Bpr {
            factors,
            epochs: iterations.unwrap_or(bpr.epochs),
            lambda: lambda.unwrap_or(bpr.lambda),
            rate,
            ..bpr
        }),
        Kind::Ease => Algorithm::Ease(Ease::new(lambda.unwrap_or(300.0))),
        Kind::SparseEase => {
            let ease = SparseEase::new(arguments.k, lambda.unwrap_or(300.0));
            Algorithm::SparseEase(ease)
        }
    }
}

/// Recommends to all users together, and to some one by one, and prints what that took.
fn recommend(model: &Model, request: &Request) -> radio_rec::Result<()> {
    let everybody: Vec<Whom> = model.data().user_indices().map(Whom::User).collect();
    let held = held_mb();
    let begun = (Instant::now(), cpu_seconds());
    let lists = model.recommend_all(&everybody, request)?;
    println!("recommend_s={:.3}", begun.0.elapsed().as_secs_f64());
    let cpu = begun.1.zip(cpu_seconds());
    print_known("recommend_cpu_s", cpu.map(|(before, after)| after - before));
    print_known(
        "lists_mb",
        held.zip(peak_mb()).map(|(held, peak)| peak - held),
    );
    drop(lists);
    let mut seconds = Vec::new();
    for &whom in everybody.iter().take(10_000) {
        let begun = Instant::now();
        black_box(model.recommend(whom, request)?);
        seconds.push(begun.elapsed().as_secs_f64());
    }
    seconds.sort_unstable_by(f64::total_cmp);
    let median = seconds.get(seconds.len() / 2).map(|median| 1e3 * median);
    print_known("one_ms", median);
    Ok(())
}

/// The mean over every hundredth user of the share of pairs of what was played and what was not that are in order.
fn auc(model: &BprModel) -> radio_rec::Result<f64> {
    let data = model.data();
    let items: Vec<Item> = data.item_indices().collect();
    let mut of_users = Vec::new();
    for user in data.user_indices().step_by(100) {
        let scores = model.scores_of(user.into(), &items)?;
        let scored = items.iter().zip(scores).map(|(&item, score)| {
            let is_played = data.value(user, item) > 0.0;
            (score.unwrap_or(f64::NEG_INFINITY), is_played)
        });
        of_users.extend(metrics::auc(scored.collect()));
    }
    Ok(of_users.iter().sum::<f64>() / of_users.len() as f64)
}

fn print_known(name: &str, measured: Option<f64>) {
    match measured {
        Some(measured) => println!("{name}={measured:.3}"),
        None => println!("{name}=unknown"),
    }
}

fn load(path: &Path) -> radio_rec::Result<Interactions> {
    let shown = std::io::stderr().is_terminal();
    let table = LongTable::new().progress(|progress| {
        if shown {
            eprint!("\r{} rows", progress.rows);
            if let Some(total) = progress.total_bytes {
                eprint!(", {:.0} %", 100.0 * progress.bytes as f64 / total as f64);
            }
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

/// The processor's time of all threads, as Linux tells it: in hundredths of a second.
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // After the program's name, in parentheses, which can hold anything; see proc_pid_stat(5).
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// The most memory that the process held since it began, or since [`held_mb`] was called, as Linux tells it.
fn peak_mb() -> Option<f64> {
    memory_mb("VmHWM:")
}

/// The memory that the process holds, from which on the most is counted anew.
fn held_mb() -> Option<f64> {
    // See proc_pid_clear_refs(5).
    fs::write("/proc/self/clear_refs", "5").ok()?;
    memory_mb("VmRSS:")
}

fn memory_mb(name: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

/// Writes the neighbours of all items, where that is asked for: beside the file first, so that there is never half of
/// one.
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
