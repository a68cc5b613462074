// %% [markdown]
// # Train a network, and plot its cost
//
// The 2-4-1 network of notebook 03 learns to tell the inner from the outer half of a cloud of points, by gradient descent on
// all of them at once. Nothing is written to disk, unless `save_to` names a file (`.svg` or `.png`).

// %%
:dep radio_rec = { path = "../crates/radio_rec" }
:dep ndarray = "0.17"
use ndarray::Array2;
use radio_rec::datasets::{self, Dataset, GaussianQuantiles};
use radio_rec::nn::Parameters;
use radio_rec::plot::Figure;

// %% tags=["parameters"]
let samples: usize = 2000; // at least 2
let n_h: usize = 4; // size of the hidden layer
let data_seed: u64 = 1606;
let weight_seed: u64 = 2024;
let learning_rate: f64 = 1.0;
let iterations: usize = 3000; // at least 1
let save_to: &str = ""; // where the figure goes: nowhere

// %% [markdown]
// ## The data
//
// `x` has a row a feature, `y` one row; both have a column a sample.

// %%
let wanted: GaussianQuantiles = GaussianQuantiles {
    n_samples: samples,
    n_features: 2,
    n_classes: 2,
    covariance: 0.7,
    shuffle: true,
};
let points: Dataset = datasets::gaussian_quantiles(&wanted, data_seed)?;
let (x, y): (Array2<f64>, Array2<f64>) = points.to_columns();
println!("{} features, {} samples", x.nrows(), x.ncols());

// %% [markdown]
// ## Training

// %%
/// The share of samples whose probability lies on the side of 1/2 that their class has.
fn accuracy(network: &Parameters, x: &Array2<f64>, y: &Array2<f64>) -> radio_rec::Result<f64> {
    let probabilities = network.forward(x)?.a2;
    let right = probabilities.iter().zip(y).filter(|(p, y)| (**p > 0.5) == (**y > 0.5)).count();
    Ok(right as f64 / y.len() as f64)
}

let mut network: Parameters = Parameters::random(x.nrows(), n_h, y.nrows(), weight_seed)?;
println!("before: accuracy {:.4}", accuracy(&network, &x, &y)?);
let costs: Vec<f64> = network.train(&x, &y, learning_rate, iterations)?;
println!("the cost goes from {:.6} to {:.6} in {iterations} iterations", costs[0], costs[costs.len() - 1]);
println!("after: accuracy {:.4}", accuracy(&network, &x, &y)?);

// %% [markdown]
// ## The cost

// %%
//| label: cost
fn cost_figure(costs: &[f64], rate: f64) -> radio_rec::Result<Figure> {
    let figure = Figure::curves([(format!("rate {rate}"), costs)])?
        .title("The cost while training")
        .x_label("iteration")
        .y_label("cost");
    Ok(figure)
}

fn saved(figure: Figure, save_to: &str) -> radio_rec::Result<Figure> {
    if !save_to.is_empty() {
        figure.save(save_to)?;
    }
    Ok(figure)
}

let figure: Figure = saved(cost_figure(&costs, learning_rate)?, save_to)?;
figure
