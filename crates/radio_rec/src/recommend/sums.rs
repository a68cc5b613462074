//! A sum for each item, quick to reset where a history touches few items.

use std::cell::Cell;

use super::{History, Wanted};
use crate::interactions::{Interactions, Item};

/// A sum for each index: all 0 between two uses.
#[derive(Default)]
pub(super) struct Sums {
    sums: Vec<f64>,
    touched: Vec<u32>,
}

thread_local! {
    static KEPT: Cell<Sums> = Cell::default();
}

impl Sums {
    /// Calls `f` with sums of at least `len` indices, whose memory a thread keeps.
    pub(super) fn with<T>(len: usize, f: impl FnOnce(&mut Self) -> T) -> T {
        // Taken out: after a panic there are no sums rather than half of some.
        let mut sums = KEPT.take();
        if sums.sums.len() < len {
            sums.sums.resize(len, 0.0);
        }
        let result = f(&mut sums);
        KEPT.set(sums);
        result
    }

    /// Adds to a sum.
    #[inline(always)]
    pub(super) fn add(&mut self, index: usize, value: f64) {
        let sum = &mut self.sums[index];
        if *sum == 0.0 {
            self.touched.push(index as u32);
        }
        *sum += value;
    }

    /// The sums that are not 0, in the order in which they were first touched; all are 0 again afterwards.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (u32, f64)> + '_ {
        let Self { sums, touched } = self;
        touched.drain(..).filter_map(|index| {
            // What was touched while it was 0 is there twice.
            let sum = std::mem::take(&mut sums[index as usize]);
            (sum != 0.0).then_some((index, sum))
        })
    }

    /// The best of the sums that are wanted; all are 0 again afterwards.
    pub(super) fn best(
        &mut self,
        data: &Interactions,
        history: &History<'_>,
        wanted: &Wanted,
    ) -> Vec<(Item, f64)> {
        let mut top = wanted.top();
        for (item, sum) in self.drain() {
            if top.may_enter(sum) && wanted.admits_number(history, item) {
                top.push(item, sum);
            }
        }
        named(data, top.sorted())
    }
}

/// Numbers of items as items.
pub(super) fn named(data: &Interactions, list: Vec<(u32, f64)>) -> Vec<(Item, f64)> {
    let item = |(item, score)| (data.item_number(item), score);
    list.into_iter().map(item).collect()
}
