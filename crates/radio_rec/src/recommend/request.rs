//! What is asked of a model: how many items, and which of them are in question.

use super::History;
use crate::interactions::{Interactions, Item};
use crate::ranking::{Top, at_least_one};
use crate::{Error, Result};

/// What a recommendation does with items that were already played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlreadyPlayed {
    /// They are ranked like all others.
    Keep,
    /// They are left out, and others move up.
    LeaveOut,
}

/// How many items are asked for, and which.
///
/// | method | default | meaning | range |
/// |---|---|---|---|
/// | [`new`](Request::new) | | how many items at most | at least 1 |
/// | [`already_played`](Request::already_played) | left out | what becomes of items that were already played | see [`AlreadyPlayed`] |
/// | [`only`](Request::only) | all | the only items in question | of the matrix |
/// | [`without`](Request::without) | none | items that must not be shown | of the matrix |
/// | [`minimum_score`](Request::minimum_score) | none | the least score; what is popular, for those who played nothing, is not held to it | a number |
///
/// ```
/// use radio_rec::interactions::Interactions;
/// use radio_rec::recommend::{Fit, Popularity, Recommender, Request};
///
/// let data = Interactions::from_triplets([
///     ("ann", "abba", 1.0), ("bob", "abba", 1.0), ("bob", "u2", 1.0), ("cleo", "u2", 1.0), ("cleo", "air", 1.0),
/// ])?;
/// let model = Popularity.fit(&data)?;
/// let ann = data.user("ann")?.into();
/// let new = model.recommend(ann, &Request::new(5))?;
/// assert_eq!(new.ranking.names().collect::<Vec<_>>(), ["u2", "air"]);
/// let new = model.recommend(ann, &Request::new(5).without([data.item("u2")?]))?;
/// assert_eq!(new.ranking.names().collect::<Vec<_>>(), ["air"]);
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    n: usize,
    already_played: AlreadyPlayed,
    only: Option<Vec<Item>>,
    without: Vec<Item>,
    minimum_score: Option<f64>,
}

impl Request {
    /// The best `n` items of those that were not yet played. What is asked for is checked when it is asked.
    pub fn new(n: usize) -> Self {
        Self {
            n,
            already_played: AlreadyPlayed::LeaveOut,
            only: None,
            without: Vec::new(),
            minimum_score: None,
        }
    }

    /// With items that were already played, or without.
    pub fn already_played(self, already_played: AlreadyPlayed) -> Self {
        Self {
            already_played,
            ..self
        }
    }

    /// Of these items alone, in any order.
    pub fn only(self, items: impl IntoIterator<Item = Item>) -> Self {
        let only = Some(items.into_iter().collect());
        Self { only, ..self }
    }

    /// Without these items, in any order, whether they were played or not.
    pub fn without(self, items: impl IntoIterator<Item = Item>) -> Self {
        let without = items.into_iter().collect();
        Self { without, ..self }
    }

    /// Nothing that scores below this: a number on the model's own scale.
    pub fn minimum_score(self, score: f64) -> Self {
        let minimum_score = Some(score);
        Self {
            minimum_score,
            ..self
        }
    }

    /// What it means for a matrix.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for `n` = 0, for an item of another matrix, and for a minimum score that is not a
    /// number.
    pub(crate) fn checked(&self, data: &Interactions) -> Result<Wanted> {
        at_least_one("n", self.n)?;
        for &item in self.only.iter().flatten().chain(&self.without) {
            data.check_item(item)?;
        }
        if self.minimum_score.is_some_and(f64::is_nan) {
            return Err(Error::invalid("minimum_score", "NaN", "a number"));
        }
        let allowed = (self.only.is_some() || !self.without.is_empty()).then(|| {
            let mut allowed = vec![self.only.is_none(); data.items().len()];
            for item in self.only.iter().flatten() {
                allowed[item.index()] = true;
            }
            for item in &self.without {
                allowed[item.index()] = false;
            }
            allowed
        });
        Ok(Wanted {
            n: self.n.min(data.items().len()).max(1),
            leave_out: self.already_played == AlreadyPlayed::LeaveOut,
            allowed,
            minimum_score: self.minimum_score.unwrap_or(f64::NEG_INFINITY),
        })
    }
}

/// A [`Request`] that was checked: which items of the matrix are in question, and how many.
#[derive(Clone, Debug)]
pub struct Wanted {
    n: usize,
    leave_out: bool,
    /// Of each item whether it is in question, if not all are.
    allowed: Option<Vec<bool>>,
    minimum_score: f64,
}

impl Wanted {
    /// How many items are asked for, at most as many as there are.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Whether an item is in question for somebody, whatever its score.
    pub fn admits(&self, history: &History<'_>, item: Item) -> bool {
        self.admits_number(history, item.number())
    }

    /// The best of the scores of somebody, best first: of the items in question as many as are wanted.
    ///
    /// Scores come in any order, each item at most once, all of them finite.
    pub fn best_of(
        &self,
        history: &History<'_>,
        scores: impl IntoIterator<Item = (Item, f64)>,
    ) -> Vec<(Item, f64)> {
        let mut top = self.top();
        for (item, score) in scores {
            self.consider(&mut top, history, item, score);
        }
        top.sorted()
    }

    /// As [`best_of`](Self::best_of), whatever the minimum score.
    pub(super) fn best_of_any_score(
        &self,
        history: &History<'_>,
        scores: impl IntoIterator<Item = (Item, f64)>,
    ) -> Vec<(Item, f64)> {
        let mut top = Top::new(self.n, f64::NEG_INFINITY);
        for (item, score) in scores {
            self.consider(&mut top, history, item, score);
        }
        top.sorted()
    }

    /// The least score.
    pub(super) fn minimum_score(&self) -> f64 {
        self.minimum_score
    }

    /// Where the best are collected.
    pub(super) fn top<I: Copy + Ord>(&self) -> Top<I> {
        Top::new(self.n, self.minimum_score)
    }

    pub(super) fn admits_number(&self, history: &History<'_>, item: u32) -> bool {
        let allowed = self.allowed.as_ref();
        allowed.is_none_or(|allowed| allowed[item as usize])
            && !(self.leave_out && history.has(item))
    }

    fn consider(&self, top: &mut Top<Item>, history: &History<'_>, item: Item, score: f64) {
        if top.may_enter(score) && self.admits(history, item) {
            top.push(item, score);
        }
    }
}
