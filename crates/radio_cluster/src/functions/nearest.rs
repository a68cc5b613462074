//! The items nearest to one, by all plays at once.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{DataType, UInt32Type};
use datafusion::common::exec_err;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use radio_rec::ranking::Top;
use radio_rec::similarity::{ColumnSums, Neighbourhood};

use super::best::{array_of, empty, list};
use super::scalar::{constant_of, count_of, function, measure_of, text_of};
use crate::held::Held;
use crate::rows::{Lists, is_small, list_of};

/// The plays of the sessions that look for neighbours.
pub(super) static HISTORIES: Held<Histories> = Held::new();

pub(super) fn nearest() -> Arc<ScalarUDF> {
    let takes = vec![
        DataType::Utf8,
        DataType::UInt64,
        DataType::UInt64,
        DataType::Utf8,
        DataType::UInt64,
        DataType::UInt64,
        DataType::Float64,
        DataType::UInt32,
        list_of(DataType::UInt32),
        list_of(DataType::Float64),
    ];
    function("nearest", takes, list(), |args| {
        let (users, items) = (count_of(&args[1])?, count_of(&args[2])?);
        let neighbourhood = Neighbourhood::new(count_of(&args[4])?)
            .measure(measure_of(&args[3])?)
            .minimum_support(count_of(&args[5])?)
            .shrinkage(constant_of(&args[6])?);
        let path = Path::new(text_of(&args[0])?);
        let histories = HISTORIES.get(path, |path| Histories::read(path, users, items))?;
        let columns = ColumnarValue::values_to_arrays(&args[7..])?;
        let rows = columns[0].as_primitive::<UInt32Type>().values();
        let Some(listeners) = Lists::new(&columns[1], &columns[2]) else {
            return exec_err!("nearest needs as many values as users");
        };
        let mut row = Row::new(&histories, neighbourhood);
        let lists: Vec<_> = (rows.iter().zip(listeners.iter()))
            .map(|(&item, (users, values))| row.nearest(item, users, values))
            .collect();
        Ok(array_of(&lists))
    })
}

/// All plays, by user, and the sums of all items.
pub(super) struct Histories {
    /// Where the plays of a user begin, and how many they are.
    ranges: Vec<(usize, u32)>,
    items: Vec<u32>,
    values: Values,
    sums: Vec<ColumnSums>,
}

/// Values, in a byte each if that is enough.
enum Values {
    Small(Vec<u8>),
    Any(Vec<f64>),
}

impl Values {
    fn extend(&mut self, more: &[f64]) {
        match self {
            Values::Small(values) if more.iter().all(|value| is_small(*value)) => {
                values.extend(more.iter().map(|value| *value as u8));
            }
            Values::Small(values) => {
                let mut any = Vec::with_capacity(values.capacity());
                any.extend(values.iter().map(|&value| f64::from(value)));
                any.extend(more);
                *self = Values::Any(any);
            }
            Values::Any(values) => values.extend(more),
        }
    }

    fn get(&self, at: usize) -> f64 {
        match self {
            Values::Small(values) => f64::from(values[at]),
            Values::Any(values) => values[at],
        }
    }
}

impl Histories {
    /// Reads a folder of rows.
    fn read(folder: &Path, users: usize, items: usize) -> Result<Self> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let file = File::open(entry?.path())?;
            files.push(ParquetRecordBatchReaderBuilder::try_new(file)?);
        }
        let groups = files.iter().flat_map(|file| file.metadata().row_groups());
        let plays: i64 = groups.map(|group| group.column(1).num_values()).sum();
        let mut of = Self {
            ranges: vec![(0, 0); users],
            items: Vec::with_capacity(plays as usize),
            values: Values::Small(Vec::with_capacity(plays as usize)),
            sums: Vec::new(),
        };
        for file in files {
            for batch in file.build()? {
                let batch = batch.map_err(DataFusionError::from)?;
                let rows = batch.column(0).as_primitive::<UInt32Type>().values();
                let Some(plays) = Lists::new(batch.column(1), batch.column(2)) else {
                    return exec_err!("a user has not as many values as items");
                };
                for (&user, (columns, values)) in rows.iter().zip(plays.iter()) {
                    of.ranges[user as usize] = (of.items.len(), columns.len() as u32);
                    of.items.extend(columns);
                    of.values.extend(values);
                }
            }
        }
        if of.items.iter().any(|&item| item as usize >= items) {
            return exec_err!("there are more items than were counted");
        }
        of.sums = of.sums(items);
        Ok(of)
    }

    fn range(&self, user: u32) -> std::ops::Range<usize> {
        let (start, length) = self.ranges[user as usize];
        start..start + length as usize
    }

    /// The sums of the items' values, in the order of the users.
    fn sums(&self, items: usize) -> Vec<ColumnSums> {
        let none = ColumnSums {
            count: 0.0,
            sum: 0.0,
            squares: 0.0,
        };
        let mut sums = vec![none; items];
        for user in 0..self.ranges.len() as u32 {
            for at in self.range(user) {
                let (sums, value) = (&mut sums[self.items[at] as usize], self.values.get(at));
                sums.count += 1.0;
                sums.sum += value;
                sums.squares += value * value;
            }
        }
        sums
    }
}

/// Where fewer additions than items / this were made, what was added to is visited again, instead of all items.
const SPARSE: usize = 4;

/// One item against all others: the sums of its products are added up in an array, which is all zeros between two
/// items.
struct Row<'a> {
    histories: &'a Histories,
    neighbourhood: Neighbourhood,
    common: Vec<f64>,
    /// How many users two items have in common, where that matters.
    support: Vec<u32>,
}

impl<'a> Row<'a> {
    fn new(histories: &'a Histories, neighbourhood: Neighbourhood) -> Self {
        let items = histories.sums.len();
        let rests_on_users = neighbourhood.minimum_support > 1 || neighbourhood.shrinkage > 0.0;
        Self {
            histories,
            neighbourhood,
            common: vec![0.0; items],
            support: vec![0; if rests_on_users { items } else { 0 }],
        }
    }

    /// The items nearest to `item`, which `users` played, best first.
    fn nearest(&mut self, item: u32, users: &[u32], values: &[f64]) -> Vec<(u32, f64)> {
        let mut additions = 0;
        for (&user, &value) in users.iter().zip(values) {
            let range = self.histories.range(user);
            additions += range.len();
            self.add(range, value);
        }
        let mut best = empty(self.neighbourhood.k);
        if additions < self.common.len() / SPARSE {
            for &user in users {
                for &other in &self.histories.items[self.histories.range(user)] {
                    self.consider(item, other, &mut best);
                }
            }
        } else {
            for other in 0..self.common.len() as u32 {
                self.consider(item, other, &mut best);
            }
        }
        best.sorted()
    }

    /// Adds a user's plays, times a value.
    fn add(&mut self, range: std::ops::Range<usize>, value: f64) {
        let others = &self.histories.items[range.clone()];
        let common = &mut self.common;
        match &self.histories.values {
            _ if self.neighbourhood.measure.is_of_sets() => {
                others
                    .iter()
                    .for_each(|&other| common[other as usize] += 1.0);
            }
            Values::Small(values) => {
                for (&other, &other_value) in others.iter().zip(&values[range]) {
                    common[other as usize] += value * f64::from(other_value);
                }
            }
            Values::Any(values) => {
                for (&other, &other_value) in others.iter().zip(&values[range]) {
                    common[other as usize] += value * other_value;
                }
            }
        }
        if !self.support.is_empty() {
            others
                .iter()
                .for_each(|&other| self.support[other as usize] += 1);
        }
    }

    /// Takes another item's sum, which is 0 afterwards.
    #[inline(always)]
    fn consider(&mut self, item: u32, other: u32, best: &mut Top<u32>) {
        let common = std::mem::take(&mut self.common[other as usize]);
        let support = self.support.get_mut(other as usize).map(std::mem::take);
        // Where it is 0, the item was considered before, or has no user in common with this one.
        if common == 0.0 || other == item {
            return;
        }
        let Neighbourhood {
            measure,
            minimum_support,
            shrinkage,
            ..
        } = self.neighbourhood;
        let Histories { sums, ranges, .. } = self.histories;
        let (a, b) = (sums[item as usize], sums[other as usize]);
        let mut similarity = measure.of_sums(common, a, b, ranges.len() as f64);
        if let Some(support) = support {
            if (support as usize) < minimum_support {
                return;
            }
            let support = f64::from(support);
            similarity *= support / (support + shrinkage);
        }
        if best.may_enter(similarity) {
            best.push(other, similarity);
        }
    }
}
