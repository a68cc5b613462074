//! What a training tells of itself.

use super::Network;
use super::kernel::Totals;
use crate::display::{Cell, Table};

/// How a training went, an entry an epoch.
///
/// Costs are means over the samples, without the penalty `l2`. That of an epoch is computed in passing: each sample's
/// loss is the one before its batch moved the parameters (and with inputs dropped, if any are). So with one batch of
/// all samples the first cost is that of the start, and the last parameters have no entry; [`Network::evaluate`] tells
/// their cost. The validation data are looked at after the epoch.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    /// The cost of the samples.
    pub cost: Vec<f64>,
    /// The accuracy on the samples, from 0 to 1, as in [`Network::evaluate`]; empty where outputs are not sigmoid or
    /// softmax.
    pub accuracy: Vec<f64>,
    /// The cost of the validation data; empty if there are none.
    pub validation_cost: Vec<f64>,
    /// The accuracy on the validation data; empty if there are none, or none is known.
    pub validation_accuracy: Vec<f64>,
    /// The learning rate.
    pub rate: Vec<f64>,
    /// Why it ended.
    pub stopped: Stopped,
    /// With early stopping, the epoch, from 1, whose parameters the network has now: the first one of the smallest
    /// validation cost.
    pub best_epoch: Option<usize>,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// All epochs were through.
    AfterAllEpochs,
    /// The validation cost made no progress, as [`EarlyStopping`](super::EarlyStopping) has it.
    Early,
    /// The progress function said so.
    ByProgress,
}

/// Where a training is, after an epoch.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The epoch that was just done, from 1.
    pub epoch: usize,
    /// How many there will be at most.
    pub epochs: usize,
    /// The cost of the samples, as in [`History`].
    pub cost: f64,
    /// The accuracy on the samples, if the outputs have one.
    pub accuracy: Option<f64>,
    /// The cost of the validation data, if there are some.
    pub validation_cost: Option<f64>,
    /// The accuracy on the validation data, if it is known.
    pub validation_accuracy: Option<f64>,
    /// The network as it is after the epoch.
    pub network: &'a Network,
}

/// Up to how many epochs the memory is taken at once.
const AT_ONCE: usize = 1 << 20;

impl History {
    pub(super) fn with_capacity(epochs: usize) -> Self {
        let empty = || Vec::with_capacity(epochs.min(AT_ONCE));
        Self {
            cost: empty(),
            accuracy: empty(),
            validation_cost: empty(),
            validation_accuracy: empty(),
            rate: empty(),
            stopped: Stopped::AfterAllEpochs,
            best_epoch: None,
        }
    }

    pub(super) fn push(&mut self, rate: f64, seen: &Totals, validation: Option<&Totals>) {
        self.rate.push(rate);
        self.cost.push(seen.cost());
        self.accuracy.extend(seen.accuracy());
        self.validation_cost.extend(validation.map(Totals::cost));
        let accuracy = validation.and_then(Totals::accuracy);
        self.validation_accuracy.extend(accuracy);
    }

    /// How many epochs there were.
    pub fn epochs(&self) -> usize {
        self.cost.len()
    }

    /// A table of at most about twenty epochs, the first and the last among them.
    pub fn to_table(&self) -> Table {
        let columns = [
            ("cost", &self.cost),
            ("accuracy", &self.accuracy),
            ("validation cost", &self.validation_cost),
            ("validation accuracy", &self.validation_accuracy),
        ];
        let columns = columns
            .into_iter()
            .filter(|(_, numbers)| !numbers.is_empty());
        let columns: Vec<(&str, &Vec<f64>)> = columns.collect();
        let headers = columns.iter().map(|&(name, _)| name);
        let mut table = Table::new(std::iter::once("epoch").chain(headers)).decimals(6);
        let epochs = self.epochs();
        let step = epochs.div_ceil(20).max(1);
        let last = epochs.checked_sub(1).filter(|last| last % step != 0);
        for epoch in (0..epochs).step_by(step).chain(last) {
            let mut row = vec![Cell::from(epoch + 1)];
            row.extend(
                columns
                    .iter()
                    .map(|(_, numbers)| Cell::from(numbers[epoch])),
            );
            table.push(row);
        }
        table
    }

    /// Shows the table in a notebook.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }
}
