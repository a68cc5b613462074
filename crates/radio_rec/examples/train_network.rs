//! Trains a small network on all samples at once, and says how long an epoch took.
//!
//! ```sh
//! cargo run --release -p radio_rec --example train_network -- --epochs 5000
//! ```

use std::error::Error;
use std::fs;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use ndarray::ArrayView2;
use radio_rec::datasets::{GaussianQuantiles, gaussian_quantiles};
use radio_rec::nn::{Activation, Dense, Initialiser, Network, Training};
use serde_json::{Value, json};

/// Trains a network with one hidden layer of tanh units and a sigmoid output on points of which the inner half is one
/// class and the outer half the other.
///
/// Prints `epoch_us=`, the median time of an epoch in microseconds (forward, cost, gradients, update), and `cost=` and
/// `accuracy=` of the trained network.
#[derive(Parser)]
struct Arguments {
    /// How often the network sees all points.
    #[arg(long, default_value_t = 5000)]
    epochs: usize,
    /// How many points.
    #[arg(long, default_value_t = 2000)]
    samples: usize,
    /// How many hidden units.
    #[arg(long, default_value_t = 4)]
    hidden: usize,
    /// The learning rate.
    #[arg(long, default_value_t = 1.2)]
    rate: f64,
    /// What the points and the weights to begin with are drawn from.
    #[arg(long, default_value_t = 1606)]
    seed: u64,
    /// How many threads compute; as many as there are processors if it is not given.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
    /// Where the points and the weights to begin with go, as JSON; nowhere if it is not given.
    #[arg(long, value_name = "FILE")]
    write_start: Option<PathBuf>,
    /// Where the weights go in the end, as JSON; nowhere if it is not given.
    #[arg(long, value_name = "FILE")]
    write_end: Option<PathBuf>,
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
    let wanted = GaussianQuantiles {
        n_samples: arguments.samples,
        n_classes: 2,
        covariance: 0.7,
        ..GaussianQuantiles::default()
    };
    let (x, y) = gaussian_quantiles(&wanted, arguments.seed)?.to_columns();
    let layers = [
        (arguments.hidden, Activation::Tanh),
        (1, Activation::Sigmoid),
    ];
    let mut network = Network::new(2, &layers, Initialiser::default(), arguments.seed)?;
    let training = Training {
        epochs: arguments.epochs,
        rate: arguments.rate,
        ..Training::default()
    };
    if let Some(path) = &arguments.write_start {
        let samples = [rows(x.view()), rows(y.view())];
        let start = json!({ "x": samples[0], "y": samples[1], "layers": layers_of(&network) });
        written(path, &start)?;
    }

    let mut times = Vec::with_capacity(arguments.epochs.min(1 << 20));
    let mut begun = Instant::now();
    training.fit_with(&mut network, &x, &y, None, |_| {
        let now = Instant::now();
        times.push((now - begun).as_secs_f64() * 1e6);
        begun = now;
        ControlFlow::Continue(())
    })?;
    if !times.is_empty() {
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable_by(middle, f64::total_cmp);
        println!("epoch_us={median:.2}");
    }
    let (cost, accuracy) = network.evaluate(&x, &y, training.loss)?;
    println!("cost={cost:.12}");
    println!("accuracy={:.4}", accuracy.expect("a sigmoid output"));
    if let Some(path) = &arguments.write_end {
        written(path, &json!({ "layers": layers_of(&network) }))?;
    }
    Ok(())
}

/// Of each layer, the weights and the biases.
fn layers_of(network: &Network) -> Value {
    let of_layer = |layer: &Dense| json!({ "w": rows(layer.weights()), "b": rows(layer.biases()) });
    network.layers().iter().map(of_layer).collect()
}

fn rows(array: ArrayView2<'_, f64>) -> Value {
    let rows = array.rows().into_iter();
    rows.map(|row| row.iter().copied().collect::<Value>())
        .collect()
}

/// Writes a file beside first, so that there is never half of one.
fn written(path: &Path, value: &Value) -> Result<(), Box<dyn Error>> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let outcome = fs::write(&beside, value.to_string()).and_then(|()| fs::rename(&beside, path));
    outcome.map_err(|error| {
        let _ = fs::remove_file(&beside);
        format!("`{}`: {error}", path.display()).into()
    })
}
