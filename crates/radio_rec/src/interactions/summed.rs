//! Collects values while a file is read, and adds up repeated rows now and then to save memory.

use crate::Result;
use crate::interactions::{Interactions, ItemName, UserName};

/// How many entries there are at least before they are summed.
const FEW: usize = 1 << 20;

/// (user, item, value), and if there are timestamps one of each of them.
pub(super) struct Summed {
    entries: Vec<(u32, u32, f64)>,
    /// Of each entry, or none.
    times: Vec<f64>,
    /// How many entries there may be before they are summed.
    limit: usize,
}

impl Default for Summed {
    fn default() -> Self {
        Self::with_limit(FEW)
    }
}

impl Summed {
    fn with_limit(limit: usize) -> Self {
        Self {
            entries: Vec::new(),
            times: Vec::new(),
            limit,
        }
    }

    /// Adds a value that is not 0, and its time; all have one or none.
    pub(super) fn push(&mut self, user: u32, item: u32, value: f64, time: Option<f64>) {
        if self.entries.len() == self.limit {
            self.sum();
            // Twice what is left: the work of summing stays in proportion to the rows.
            self.limit = self.limit.max(2 * self.entries.len());
            let more = self.limit - self.entries.len();
            self.entries.reserve_exact(more);
            if time.is_some() {
                self.times.reserve_exact(more);
            }
        }
        self.entries.push((user, item, value));
        self.times.extend(time);
    }

    /// Adds up the values of a place in the order in which they came, and keeps the latest of its times.
    fn sum(&mut self) {
        if self.times.is_empty() {
            self.entries.sort_by_key(|entry| (entry.0, entry.1));
            self.entries.dedup_by(|next, kept| {
                let same = (next.0, next.1) == (kept.0, kept.1);
                if same {
                    kept.2 += next.2;
                }
                same
            });
            return;
        }
        let entries = self.entries.drain(..);
        let mut timed: Vec<_> = entries.zip(self.times.drain(..)).collect();
        timed.sort_by_key(|(entry, _)| (entry.0, entry.1));
        timed.dedup_by(|(next, time), (kept, latest)| {
            let same = (next.0, next.1) == (kept.0, kept.1);
            if same {
                kept.2 += next.2;
                *latest = time.max(*latest);
            }
            same
        });
        (self.entries, self.times) = timed.into_iter().unzip();
    }

    /// The matrix of all, with their times if they are `timed`.
    pub(super) fn into_matrix(
        self,
        users: Vec<UserName>,
        items: Vec<ItemName>,
        timed: bool,
    ) -> Result<Interactions> {
        let times = timed.then_some(self.times);
        Interactions::from_timed_parts(users, items, self.entries, times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn summing_now_and_then_changes_no_bit(
            rows in prop::collection::vec((0u32..4, 0u32..3, 1u8..9, -5i8..5), 0..60),
            timed in any::<bool>(),
        ) {
            let names = || ((0..4).map(|n| n.to_string().as_str().into()).collect(), (0..3).map(|n| n.to_string().as_str().into()).collect());
            let matrix = |limit| {
                let mut summed = Summed::with_limit(limit);
                for &(user, item, tenths, time) in &rows {
                    summed.push(user, item, f64::from(tenths) / 10.0, timed.then_some(f64::from(time)));
                }
                let (users, items): (Vec<UserName>, Vec<ItemName>) = names();
                summed.into_matrix(users, items, timed).unwrap()
            };
            let (often, once) = (matrix(2), matrix(1000));
            prop_assert_eq!(often.to_dense(), once.to_dense());
            for user in once.user_indices() {
                for (item, _) in once.items_of(user) {
                    prop_assert_eq!(often.timestamp(user, item), once.timestamp(user, item));
                }
            }
        }
    }
}
