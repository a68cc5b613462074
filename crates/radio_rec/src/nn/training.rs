//! Learning: epochs of mini-batches, until they are through or it gets no better.

use std::ops::ControlFlow;

use ndarray::ArrayRef2;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};

use super::check;
use super::history::{History, Progress, Stopped};
use super::kernel::{Columns, Kernel, Noise, Totals};
use super::optimiser::{Descent, Step};
use super::{Loss, Network, Optimiser, Schedule};
use crate::{Error, Result};

/// How a network learns.
///
/// It makes the mean [`Loss`] of the samples small, plus `l2` / 2 times the sum of all squared weights (biases are not
/// penalised). An epoch goes through all samples once, in random order if there are several batches; each batch moves
/// the parameters once. The last batch of an epoch has what is left over.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `epochs` | 100 | how often all samples are seen | any |
/// | `rate` | 0.1 | how far a gradient moves the parameters | finite, at least 0 |
/// | `schedule` | `Constant` | how the rate changes | as [`Schedule`] |
/// | `optimiser` | `GradientDescent` | how a gradient moves the parameters | as [`Optimiser`] |
/// | `loss` | `BinaryCrossEntropy` | what is to become small | must go with the output layer, see [`Loss`] |
/// | `batch` | `None` | how many samples move the parameters at once; `None` for all | 1 to the number of samples |
/// | `l2` | 0 | the penalty for large weights; PyTorch's `weight_decay` | finite, at least 0 |
/// | `input_dropout` | 0 | the share of inputs that are set to 0 at random, the others being divided by what is left of 1 | at least 0, below 1 |
/// | `early_stopping` | `None` | when to give up | as [`EarlyStopping`] |
/// | `seed` | 0 | the order of the samples, and the dropout | |
///
/// The same parameters, network and samples give the same bits, on any number of processors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// How often all samples are seen.
    pub epochs: usize,
    /// How far a gradient moves the parameters.
    pub rate: f64,
    /// How the rate changes.
    pub schedule: Schedule,
    /// How a gradient moves the parameters.
    pub optimiser: Optimiser,
    /// What is to become small.
    pub loss: Loss,
    /// How many samples move the parameters at once; `None` for all.
    pub batch: Option<usize>,
    /// The penalty for large weights.
    pub l2: f64,
    /// The share of inputs that are left out at random.
    pub input_dropout: f64,
    /// When to give up.
    pub early_stopping: Option<EarlyStopping>,
    /// The order of the samples, and the dropout.
    pub seed: u64,
}

/// Stops where the cost of the validation data gets no better, and gives back the parameters of the epoch with the
/// smallest one, the first of several.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `patience` | 10 | after how many epochs without progress | at least 1 |
/// | `least` | 0 | by how much a cost must be smaller than the one of the last progress to be progress | finite, at least 0 |
///
/// `least` says only when to stop: a cost that is smaller by less is no progress, but its parameters are the best so
/// far all the same.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlyStopping {
    /// After how many epochs without progress.
    pub patience: usize,
    /// By how much a cost must be smaller to be progress.
    pub least: f64,
}

impl Default for EarlyStopping {
    fn default() -> Self {
        Self {
            patience: 10,
            least: 0.0,
        }
    }
}

impl Default for Training {
    fn default() -> Self {
        Self {
            epochs: 100,
            rate: 0.1,
            schedule: Schedule::Constant,
            optimiser: Optimiser::GradientDescent,
            loss: Loss::BinaryCrossEntropy,
            batch: None,
            l2: 0.0,
            input_dropout: 0.0,
            early_stopping: None,
            seed: 0,
        }
    }
}

impl Training {
    /// Trains `network` on m samples: inputs `x`, `n_x` x m, and targets `y`, `n_y` x m.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range, with early stopping (there is no validation
    /// data), for an `x` that is not finite and a `y` outside the range of the loss; [`Error::Shape`] where a shape
    /// does not fit the network; [`Error::Diverged`] where a number is not finite any more, with the epoch and the
    /// layer; also where the parameters that the last epoch made are of no use, because sums or the cost overflow with
    /// them. After an error the network is as it was after the last good epoch: the last one whose parameters have
    /// finite sums and a finite cost on the samples.
    pub fn fit(
        &self,
        network: &mut Network,
        x: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
    ) -> Result<History> {
        self.fit_with(network, x, y, None, |_| ControlFlow::Continue(()))
    }

    /// [`fit`](Training::fit) with `validation` data, inputs and targets shaped like `x` and `y`, which are only looked
    /// at; and with a `progress` function that is called after each epoch, sees the network, and may stop the training.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use ndarray::array;
    /// use radio_rec::nn::{Activation, Initialiser, Network, Training};
    ///
    /// let (x, y) = (array![[0.0, 0.5, 2.0, -2.0]], array![[0.0, 0.0, 1.0, 1.0]]);
    /// let layers = [(2, Activation::Tanh), (1, Activation::Sigmoid)];
    /// let mut network = Network::new(1, &layers, Initialiser::Xavier, 7)?;
    /// let mut snapshots = Vec::new();
    /// Training { epochs: 50, ..Training::default() }.fit_with(&mut network, &x, &y, None, |progress| {
    ///     if [1, 10, 50].contains(&progress.epoch) {
    ///         snapshots.push(progress.network.clone());
    ///     }
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(snapshots.len(), 3);
    /// assert_eq!(snapshots[2], network);
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`fit`](Training::fit).
    pub fn fit_with(
        &self,
        network: &mut Network,
        x: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
        validation: Option<(&ArrayRef2<f64>, &ArrayRef2<f64>)>,
        mut progress: impl FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<History> {
        // What is generic is compiled where it is called: in a notebook, by the cell.
        self.fit_telling(network, x, y, validation, &mut progress)
    }

    fn fit_telling(
        &self,
        network: &mut Network,
        x: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
        validation: Option<(&ArrayRef2<f64>, &ArrayRef2<f64>)>,
        progress: &mut dyn FnMut(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<History> {
        let (x, y) = network.check_samples(x, y, self.loss)?;
        let validation = match validation {
            Some((x, y)) => Some(network.check_samples(x, y, self.loss)?),
            None => None,
        };
        let samples = x.ncols();
        self.check(samples, validation.is_some())?;

        let batch = self.batch.unwrap_or(samples);
        let largest = validation.as_ref().map_or(0, |(x, _)| x.ncols());
        let mut run = Run {
            training: self,
            kernel: Kernel::new(&network.layers, Some(self.loss), batch.max(largest)),
            descents: network
                .layers
                .iter()
                .map(|layer| {
                    let new = |parameters: usize| Descent::new(self.optimiser, parameters);
                    (new(layer.weights.len()), new(layer.biases.len()))
                })
                .collect(),
            updates: 0,
            // One batch of all is not shuffled.
            order: (0..if batch < samples { samples } else { 0 }).collect(),
            batch,
            rng: ChaCha8Rng::seed_from_u64(self.seed),
        };
        let columns = Columns::all(&x).with_targets(&y);
        let validation = validation.as_ref();
        let validation = validation.map(|(x, y)| Columns::all(x).with_targets(y));
        let mut history = History::with_capacity(self.epochs);
        let mut begun = Begun::new(network);
        let mut best = self.early_stopping.map(|rule| Best {
            rule,
            cost: f64::INFINITY,
            epoch: 0,
            progress: (f64::INFINITY, 0),
            network: network.clone(),
        });

        for epoch in 1..=self.epochs {
            begun.epoch(network);
            let rate = self.schedule.rate(self.rate, epoch - 1, self.epochs);
            let outcome = run.epoch(network, columns, rate);
            let outcome = outcome.and_then(|totals| {
                let seen = validation.map(|columns| run.evaluate(network, columns));
                Ok((totals, seen.transpose()?))
            });
            let (seen, of_validation) =
                outcome.map_err(|bad| begun.restore(network, &mut run, columns, epoch, bad))?;
            history.push(rate, &seen, of_validation.as_ref());
            let told = progress(&Progress {
                epoch,
                epochs: self.epochs,
                cost: seen.cost(),
                accuracy: seen.accuracy(),
                validation_cost: of_validation.map(|totals| totals.cost()),
                validation_accuracy: of_validation.and_then(|totals| totals.accuracy()),
                network,
            });
            let given_up = match (&mut best, of_validation) {
                (Some(best), Some(totals)) => best.give_up(network, epoch, totals.cost()),
                _ => false,
            };
            if told.is_break() {
                history.stopped = Stopped::ByProgress;
                break;
            }
            if given_up {
                history.stopped = Stopped::Early;
                break;
            }
        }
        let last = history.epochs();
        let best = best.filter(|best| best.epoch > 0);
        // An epoch's parameters are looked at by the next one, and those of the last one by nobody yet.
        if last > 0 && best.as_ref().is_none_or(|best| best.epoch == last) {
            let outcome = run.look(network, columns);
            outcome.map_err(|bad| begun.restore(network, &mut run, columns, last, bad))?;
        }
        if let Some(best) = best {
            network.copy_from(&best.network);
            history.best_epoch = Some(best.epoch);
        }
        Ok(history)
    }

    fn check(&self, samples: usize, validated: bool) -> Result<()> {
        check::rate(self.rate)?;
        self.schedule.check()?;
        self.optimiser.check()?;
        if let Some(batch) = self.batch
            && !(1..=samples).contains(&batch)
        {
            let range = format!("from 1 to the number of samples, {samples}");
            return Err(Error::invalid("batch", batch, range));
        }
        if !(self.l2.is_finite() && self.l2 >= 0.0) {
            return Err(Error::invalid("l2", self.l2, "a finite number, at least 0"));
        }
        if !(0.0..1.0).contains(&self.input_dropout) {
            let range = "at least 0 and below 1";
            return Err(Error::invalid("input_dropout", self.input_dropout, range));
        }
        let Some(EarlyStopping { patience, least }) = self.early_stopping else {
            return Ok(());
        };
        if patience == 0 {
            return Err(Error::invalid("patience", 0, "at least 1"));
        }
        if !(least.is_finite() && least >= 0.0) {
            return Err(Error::invalid(
                "least",
                least,
                "a finite number, at least 0",
            ));
        }
        if !validated {
            let range = "`None` without validation data; give some to `fit_with`";
            return Err(Error::invalid("early_stopping", "given", range));
        }
        Ok(())
    }
}

/// Where the first number appeared that is not finite.
struct NotFinite {
    /// From 0.
    layer: usize,
    what: &'static str,
}

/// What a training needs on its way.
struct Run<'a> {
    training: &'a Training,
    kernel: Kernel,
    /// Of each layer, for its weights and its biases.
    descents: Vec<(Descent, Descent)>,
    updates: i32,
    order: Vec<usize>,
    batch: usize,
    rng: ChaCha8Rng,
}

impl Run<'_> {
    /// Goes through all samples once.
    fn epoch(
        &mut self,
        network: &mut Network,
        columns: Columns<'_>,
        rate: f64,
    ) -> std::result::Result<Totals, NotFinite> {
        if self.order.is_empty() {
            return self.learn(network, columns, rate);
        }
        self.order.shuffle(&mut self.rng);
        let order = std::mem::take(&mut self.order);
        let mut batches = order.chunks(self.batch);
        let totals = batches.try_fold(Totals::default(), |mut totals, batch| {
            totals.add(&self.learn(network, columns.pick(batch), rate)?);
            Ok(totals)
        });
        self.order = order;
        totals
    }

    /// Forward, cost, gradients, update.
    fn learn(
        &mut self,
        network: &mut Network,
        columns: Columns<'_>,
        rate: f64,
    ) -> std::result::Result<Totals, NotFinite> {
        let Training {
            l2, input_dropout, ..
        } = *self.training;
        let noise = (input_dropout > 0.0).then(|| Noise {
            key: self.rng.random(),
            dropped: input_dropout,
        });
        let totals = self
            .kernel
            .learn(&network.layers, columns.with_noise(noise));
        check_totals(&totals, network)?;
        self.updates = self.updates.saturating_add(1);
        let step = Step {
            rate,
            count: self.updates,
            samples: totals.samples as f64,
            l2,
        };
        let layers = network.layers.iter_mut().zip(&mut self.descents);
        let mut bad = None;
        for (at, (layer, (of_weights, of_biases))) in layers.enumerate() {
            let (weights, biases) = layer.slices_mut();
            let (dw, db) = self.kernel.sums(at);
            let finite = of_weights.step(weights, dw, step)
                & of_biases.step(biases, db, Step { l2: 0.0, ..step });
            if !finite {
                bad.get_or_insert(at);
            }
        }
        let Some(updated) = bad else {
            return Ok(totals);
        };
        // Gradients come first, and from the outputs to the inputs.
        let infinite = |sums: &[f64]| sums.iter().any(|sum| !sum.is_finite());
        let of_layer = |&at: &usize| {
            let (dw, db) = self.kernel.sums(at);
            infinite(dw) || infinite(db)
        };
        Err(match (0..network.layers.len()).rev().find(of_layer) {
            Some(layer) => NotFinite {
                layer,
                what: "a gradient is not finite",
            },
            None => NotFinite {
                layer: updated,
                what: "a weight or bias is not finite after the update",
            },
        })
    }

    /// Goes through all samples once, without learning.
    fn look(
        &mut self,
        network: &Network,
        columns: Columns<'_>,
    ) -> std::result::Result<(), NotFinite> {
        if self.order.is_empty() {
            return self.evaluate(network, columns).map(drop);
        }
        // In batches, for which the kernel has the memory.
        let order = std::mem::take(&mut self.order);
        let mut batches = order.chunks(self.batch);
        let outcome =
            batches.try_for_each(|batch| self.evaluate(network, columns.pick(batch)).map(drop));
        self.order = order;
        outcome
    }

    fn evaluate(
        &mut self,
        network: &Network,
        columns: Columns<'_>,
    ) -> std::result::Result<Totals, NotFinite> {
        let totals = self.kernel.evaluate(&network.layers, columns);
        check_totals(&totals, network)?;
        Ok(totals)
    }
}

fn check_totals(totals: &Totals, network: &Network) -> std::result::Result<(), NotFinite> {
    if let Some(layer) = totals.bad {
        let what = "a sum W a + b is not finite";
        return Err(NotFinite { layer, what });
    }
    if !totals.loss.is_finite() {
        let layer = network.layers.len() - 1;
        let what = "the cost is not finite";
        return Err(NotFinite { layer, what });
    }
    Ok(())
}

/// The networks that the last two epochs began with.
struct Begun {
    last: Network,
    before: Network,
}

impl Begun {
    fn new(network: &Network) -> Self {
        Self {
            last: network.clone(),
            before: network.clone(),
        }
    }

    /// An epoch begins with `network`.
    fn epoch(&mut self, network: &Network) {
        std::mem::swap(&mut self.last, &mut self.before);
        self.last.copy_from(network);
    }

    /// Gives `network` back the parameters of the last good epoch; the error of what was found in `epoch`.
    ///
    /// An epoch whose very first sums overflow was badly begun: what it began with is what the epoch before made, and
    /// no good.
    fn restore(
        &self,
        network: &mut Network,
        run: &mut Run<'_>,
        columns: Columns<'_>,
        epoch: usize,
        bad: NotFinite,
    ) -> Error {
        let good = match run.look(&self.last, columns) {
            Ok(()) => &self.last,
            Err(_) => &self.before,
        };
        network.copy_from(good);
        Error::Diverged {
            epoch,
            layer: bad.layer + 1,
            activation: network.layers()[bad.layer].activation.to_string(),
            what: bad.what.into(),
        }
    }
}

/// The best epoch so far.
struct Best {
    rule: EarlyStopping,
    cost: f64,
    epoch: usize,
    /// The cost of the last progress, and its epoch.
    progress: (f64, usize),
    network: Network,
}

impl Best {
    /// Whether there was no progress for too long.
    fn give_up(&mut self, network: &Network, epoch: usize, cost: f64) -> bool {
        if cost < self.cost {
            self.cost = cost;
            self.epoch = epoch;
            self.network.copy_from(network);
        }
        if cost < self.progress.0 - self.rule.least {
            self.progress = (cost, epoch);
        }
        epoch - self.progress.1 >= self.rule.patience
    }
}
