//! Names with scores, best first.
//!
//! Scores that are equal as mathematics must not be ordered by the noise of rounding. So scores are compared by their
//! first 40 binary digits, which are 12 decimal digits: sums whose terms came in another order agree in them. What
//! compares equal stays in the catalogue's order.
//!
//! That holds for what is counted or is a sum over neighbours: similarities, item kNN, user kNN, item score, RP3beta,
//! tags. It holds for EASE, EDLAE and the two-sided model between items that the same users played; where other plays
//! make weights equal as mathematics, the rounding of an inverse stays, which can reach above the twelfth digit, as it
//! can for sparse EASE, and SLIM ends where its weights change by less than its tolerance. Vectors of factors begin at
//! random numbers, and two items with the same plays end near each other, not at the same place.

use std::cmp::Ordering;
use std::fmt;

use crate::display::Table;
use crate::{Error, Result};

/// A name and its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked<N> {
    /// The name of an item or of a user.
    pub name: N,
    /// What it was ranked by; its method says what it means.
    pub score: f64,
}

/// Names with scores, best first; scores that agree in 12 digits are tied, and ties are in the catalogue's order.
///
/// `N` is [`ItemName`](crate::interactions::ItemName) or [`UserName`](crate::interactions::UserName).
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking<N> {
    entries: Vec<Ranked<N>>,
}

impl<N> Ranking<N> {
    /// How many names there are: fewer than were asked for where no more have a positive score.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The best name.
    pub fn first(&self) -> Option<&Ranked<N>> {
        self.entries.first()
    }

    /// The name at `place`, from 0.
    pub fn get(&self, place: usize) -> Option<&Ranked<N>> {
        self.entries.get(place)
    }

    /// Names with scores, best first.
    pub fn iter(&self) -> std::slice::Iter<'_, Ranked<N>> {
        self.entries.iter()
    }

    /// The names, best first.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &N> {
        self.entries.iter().map(|ranked| &ranked.name)
    }

    /// The scores, best first.
    pub fn scores(&self) -> impl ExactSizeIterator<Item = f64> {
        self.entries.iter().map(|ranked| ranked.score)
    }
}

impl<N: Clone> Ranking<N> {
    /// The best `n` of (index, score) that are above 0, by the names of the catalogue.
    pub(crate) fn of_positive(n: usize, candidates: Vec<(u32, f64)>, catalogue: &[N]) -> Self {
        Self::of_ordered(best(n, candidates), |index| {
            catalogue[index as usize].clone()
        })
    }
}

impl<N> Ranking<N> {
    /// What is already in order, with the name of each index.
    pub(crate) fn of_ordered<I>(entries: Vec<(I, f64)>, name: impl Fn(I) -> N) -> Self {
        let entries = entries
            .into_iter()
            .map(|(index, score)| Ranked {
                name: name(index),
                score,
            })
            .collect();
        Self { entries }
    }
}

impl<N: AsRef<str>> Ranking<N> {
    /// Shows rank, name and score in a notebook, as text and as HTML.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }

    pub(crate) fn to_table(&self) -> Table {
        let mut table = Table::new(["rank", "name", "score"]);
        for (rank, ranked) in (1_usize..).zip(&self.entries) {
            table.push((rank, ranked.name.as_ref(), ranked.score));
        }
        table
    }
}

impl<N: AsRef<str>> fmt::Display for Ranking<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}

impl<'a, N> IntoIterator for &'a Ranking<N> {
    type Item = &'a Ranked<N>;
    type IntoIter = std::slice::Iter<'a, Ranked<N>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<N> IntoIterator for Ranking<N> {
    type Item = Ranked<N>;
    type IntoIter = std::vec::IntoIter<Ranked<N>>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

/// An error for a count of 0.
pub(crate) fn at_least_one(name: &'static str, count: usize) -> Result<()> {
    if count > 0 {
        return Ok(());
    }
    Err(Error::invalid(name, "0", "at least 1"))
}

/// The best `n` of (index, score) that are above 0, best first, ties by index.
pub(crate) fn best<I: Copy + Ord>(n: usize, mut candidates: Vec<(I, f64)>) -> Vec<(I, f64)> {
    candidates.retain(|&(_, score)| score > 0.0);
    best_of_all(n, candidates)
}

/// The best `n` of (index, score) that come one after the other, in any order; scores are finite.
///
/// It keeps few more than `n` of them.
///
/// ```
/// use radio_rec::ranking::Top;
///
/// let mut top = Top::new(2, f64::MIN_POSITIVE);
/// for (index, score) in [(7, 0.5), (3, 0.0), (4, 0.9), (1, 0.5)] {
///     if top.may_enter(score) {
///         top.push(index, score);
///     }
/// }
/// assert_eq!(top.sorted(), [(4, 0.9), (1, 0.5)]);
/// ```
#[derive(Clone, Debug)]
pub struct Top<I> {
    n: usize,
    /// The best `n` and some that may not be among them.
    kept: Vec<(I, f64)>,
    /// Lower scores do not enter.
    least: f64,
}

impl<I: Copy + Ord> Top<I> {
    /// Of those that score at least so much; `n` is at least 1.
    pub fn new(n: usize, least: f64) -> Self {
        let kept = Vec::new();
        Self { n, kept, least }
    }

    /// Whether a score may be among the best.
    #[inline(always)]
    pub fn may_enter(&self, score: f64) -> bool {
        score >= self.least
    }

    /// Takes what [may enter](Self::may_enter).
    pub fn push(&mut self, index: I, score: f64) {
        self.kept.push((index, score));
        // Room for some more than n, so that each is moved about few times.
        if self.kept.len() >= self.n.saturating_mul(2).saturating_add(16) {
            self.kept.select_nth_unstable_by(self.n - 1, best_first);
            self.kept.truncate(self.n);
            let worst = self.kept[self.n - 1].1;
            // What is lower by less may compare as equal, and come first by its index.
            self.least = self.least.max(worst - worst.abs() * 2_f64.powi(-39));
        }
    }

    /// What is kept so far: the best, and some that may not be among them, in no order.
    pub fn kept(&self) -> &[(I, f64)] {
        &self.kept
    }

    /// The best, best first, ties by index.
    pub fn sorted(self) -> Vec<(I, f64)> {
        best_of_all(self.n, self.kept)
    }
}

/// The best `n` of (index, score), best first, ties by index. Scores are finite.
pub(crate) fn best_of_all<I: Copy + Ord>(n: usize, mut candidates: Vec<(I, f64)>) -> Vec<(I, f64)> {
    if n < candidates.len() {
        candidates.select_nth_unstable_by(n, best_first);
        candidates.truncate(n);
    }
    candidates.sort_unstable_by(best_first);
    candidates
}

/// The order of a ranking, for (index, score) with finite scores.
pub(crate) fn best_first<I: Ord>(a: &(I, f64), b: &(I, f64)) -> Ordering {
    let by_score = compared_as(b.1).cmp(&compared_as(a.1));
    by_score.then(a.0.cmp(&b.0))
}

/// A finite score rounded to 40 binary digits, as a number that orders as the score does.
///
/// The bits of a positive double order as the double itself; the last 13 of its 53 digits are rounded away. Halfway lie
/// only scores with exactly 41 digits, which no similarity of small counts has.
fn compared_as(score: f64) -> i64 {
    const ROUNDED_AWAY: u32 = 13;
    let size = (score.abs().to_bits() + (1 << (ROUNDED_AWAY - 1))) >> ROUNDED_AWAY;
    if score < 0.0 {
        -(size as i64)
    } else {
        size as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_as_mathematics_is_equal() {
        let sums = [0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1];
        assert_ne!(sums[0], sums[1]);
        assert_eq!(compared_as(sums[0]), compared_as(sums[1]));
        assert!(compared_as(0.5) < compared_as(0.5 + 1e-11));
        assert!(compared_as(1.0 - 1e-16) == compared_as(1.0));
        assert!(compared_as(0.999_999) < compared_as(1.0));
        assert!(compared_as(-0.2) < compared_as(-0.1) && compared_as(-0.1) < compared_as(0.0));
        assert_eq!(compared_as(-0.0), compared_as(0.0));
    }

    #[test]
    fn ties_are_in_the_order_of_the_catalogue() {
        let candidates = vec![
            (4, 0.6),
            (3, 0.1 + 0.2 + 0.3),
            (1, 0.9),
            (2, 0.3 + 0.2 + 0.1),
            (0, 0.0),
        ];
        let order: Vec<u32> = best(10, candidates).iter().map(|entry| entry.0).collect();
        assert_eq!(order, [1, 2, 3, 4]);
    }

    #[test]
    fn a_ranking_is_shown_with_six_decimals() {
        let names: Vec<crate::interactions::ItemName> = vec!["abba".into(), "<b>u2</b>".into()];
        let ranking = Ranking::of_positive(5, vec![(0, 0.25), (1, 1.0 / 3.0)], &names);
        assert_eq!(
            ranking.to_string(),
            "rank  name          score\n   1  <b>u2</b>  0.333333\n   2  abba       0.250000\n"
        );
        assert!(
            ranking
                .to_table()
                .to_html()
                .contains("<td>&lt;b&gt;u2&lt;/b&gt;</td><td>0.333333</td>")
        );
        assert_eq!(ranking.names().collect::<Vec<_>>(), ["<b>u2</b>", "abba"]);
        assert_eq!(ranking.first().unwrap().score, 1.0 / 3.0);
    }

    #[test]
    fn scores_below_0_have_their_order_too() {
        let candidates = vec![(0_u32, -2.0), (1, 0.0), (2, -1.0), (3, 0.5)];
        let order: Vec<u32> = best_of_all(3, candidates).iter().map(|c| c.0).collect();
        assert_eq!(order, [3, 1, 2]);
    }

    proptest! {
        #[test]
        fn the_best_are_the_first_of_all_sorted(scores in prop::collection::vec(0u8..8, 0..90), n in 1usize..50) {
            let candidates: Vec<(u32, f64)> = (0..).zip(scores.iter().map(|&s| f64::from(s) / 7.0)).collect();
            let mut sorted: Vec<(u32, f64)> = candidates.iter().copied().filter(|c| c.1 > 0.0).collect();
            sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
            sorted.truncate(n);
            let mut top = Top::new(n, f64::MIN_POSITIVE);
            for &(index, score) in candidates.iter().rev().filter(|c| c.1 > 0.0) {
                if top.may_enter(score) {
                    top.push(index, score);
                }
            }
            prop_assert_eq!(&top.sorted(), &sorted);
            prop_assert_eq!(best(n, candidates), sorted);
        }
    }
}
