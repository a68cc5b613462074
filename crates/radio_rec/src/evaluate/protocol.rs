//! How models are measured.

use crate::ranking::at_least_one;
use crate::{Error, Result};

/// How [`evaluate`](super::evaluate) measures: over the users who have a test item that they had not played in
/// training.
///
/// | field | default | meaning | range |
/// |---|---|---|---|
/// | `k` | 10 | how many items are recommended | at least 1 |
/// | `ties` | [`Ties::Catalogue`] | which of two items with equal scores comes first | |
/// | `resamples` | 1000 | how many samples of users make an interval | 1 to 1,000,000 |
/// | `confidence` | 0.95 | how much of the samples an interval covers | above 0, below 1 |
/// | `seed` | 0 | which samples are drawn, and the order of ties by chance | |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Protocol {
    /// How many items are recommended.
    pub k: usize,
    /// Which of two items with equal scores comes first.
    pub ties: Ties,
    /// How many samples of users make an interval.
    pub resamples: usize,
    /// How much of the samples an interval covers.
    pub confidence: f64,
    /// Which samples are drawn, and the order of ties by chance.
    pub seed: u64,
}

/// In which order items of a list stand whose scores agree in 12 digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ties {
    /// In that of the catalogue, as models recommend. Where the catalogue's order tells something, such as which items
    /// were played first by somebody, it tells it to every model that leaves ties.
    #[default]
    Catalogue,
    /// In an order of each user's own, by chance, the same for the same seed: what a list is worth then differs from
    /// what ties are worth in expectation by noise alone.
    Random,
}

impl Default for Protocol {
    fn default() -> Self {
        Self {
            k: 10,
            ties: Ties::default(),
            resamples: 1000,
            confidence: 0.95,
            seed: 0,
        }
    }
}

impl Protocol {
    /// That means can be taken by it.
    pub(super) fn check(&self) -> Result<()> {
        if !(1..=1_000_000).contains(&self.resamples) {
            let value = self.resamples.to_string();
            return Err(Error::invalid("resamples", value, "from 1 to 1000000"));
        }
        if self.confidence > 0.0 && self.confidence < 1.0 {
            return Ok(());
        }
        let value = self.confidence.to_string();
        Err(Error::invalid("confidence", value, "above 0 and below 1"))
    }

    /// That lists can be measured by it.
    pub(super) fn check_all(&self) -> Result<()> {
        at_least_one("k", self.k)?;
        self.check()
    }

    /// What stands in for the catalogue's order where scores are equal: the first of the two is compared first.
    pub(super) fn order(&self, user: usize, item: usize) -> (u64, usize) {
        match self.ties {
            Ties::Catalogue => (0, item),
            Ties::Random => (
                mixed(mixed(self.seed ^ mixed(user as u64)) ^ item as u64),
                item,
            ),
        }
    }
}

/// A number whose bits all depend on all bits of another: the output function of SplitMix64 (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", OOPSLA 2014).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of SplitMix64 for the seed 0, as its authors' C code gives them.
    #[test]
    fn numbers_are_mixed_as_splitmix64_does() {
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        assert_eq!(mixed(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(mixed(step), 0x6e78_9e6a_a1b9_65f4);
        assert_eq!(mixed(step.wrapping_mul(2)), 0x06c4_5d18_8009_454f);
    }
}
