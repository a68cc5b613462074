//! What every fitted model can be asked.

use std::fmt;

use super::AlreadyPlayed;
use super::history::{History, Whom};
use super::popularity::listeners;
use crate::Result;
use crate::display::Table;
use crate::interactions::{Interactions, Item, ItemName, User};
use crate::ranking::{Ranking, at_least_one, best_of_all};
use rayon::prelude::*;

/// A fitted model: what it learned from, and a score of items for anybody.
///
/// The rest follows from these two. What a score means, and for which items there is none, is said by each model. The trait
/// is object-safe: a list of models is a `Vec<Box<dyn Recommender>>`.
pub trait Recommender: Send + Sync {
    /// The matrix that the model learned from.
    fn data(&self) -> &Interactions;

    /// The scores of the items for somebody, in any order, each item at most once, all of them finite.
    ///
    /// Items that nothing speaks for or against may be absent. `history` is of [`data`](Recommender::data); where it is
    /// empty, [`recommend_to`](Recommender::recommend_to) does not ask.
    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)>;

    /// The best `n` items for a user of the matrix or for anybody else by what they played, and what it is based on.
    ///
    /// Where nothing was played these are the items with the most listeners, with the number of listeners as their score,
    /// and [`Recommendation::basis`] says so. Fewer than `n` come where fewer have a score.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for `n` = 0, for a user or an item that the matrix does
    /// not have, and for a value that is not 0 and not from 1e-30 to 1e30.
    fn recommend_to(
        &self,
        whom: Whom<'_>,
        n: usize,
        played: AlreadyPlayed,
    ) -> Result<Recommendation> {
        at_least_one("n", n)?;
        let history = History::new(self.data(), whom)?;
        let (best, basis) = best_for(self, &history, n, played);
        let name = |item| self.data().item_name(item).clone();
        Ok(Recommendation {
            ranking: Ranking::of_ordered(best, name),
            basis,
        })
    }

    /// [`recommend_to`](Recommender::recommend_to) for many users over all processors: for each, in the order given, items
    /// with their scores, best first. A user of the matrix who played nothing gets numbers of listeners as scores, which compare with
    /// no others: [`Interactions::items_of`] says who that is.
    ///
    /// # Errors
    ///
    /// As of `recommend_to`.
    fn recommend_all(
        &self,
        users: &[User],
        n: usize,
        played: AlreadyPlayed,
    ) -> Result<Vec<Vec<(Item, f64)>>> {
        at_least_one("n", n)?;
        for &user in users {
            self.data().check_user(user)?;
        }
        let best = |&user: &User| best_for(self, &History::of_user(self.data(), user), n, played).0;
        Ok(users.par_iter().map(best).collect())
    }
}

/// A model that knows which items are alike.
pub trait SimilarItems: Recommender {
    /// How similar other items are to `item`, in any order, without the item itself; a score for each that is similar.
    fn similarities(&self, item: Item) -> Vec<(Item, f64)>;

    /// The best `n` items most similar to `item`, never the item itself; fewer where fewer have a similarity above 0.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for `n` = 0, and for an item that the matrix does not
    /// have.
    fn similar_items(&self, item: Item, n: usize) -> Result<Ranking<ItemName>> {
        at_least_one("n", n)?;
        self.data().check_item(item)?;
        let best = crate::ranking::best(n, self.similarities(item));
        let name = |item| self.data().item_name(item).clone();
        Ok(Ranking::of_ordered(best, name))
    }
}

/// A model whose scores are sums over what somebody played.
pub trait Explain: Recommender {
    /// What each item of the history adds to the score of `item`, in any order. The sum is the score.
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)>;

    /// Which `n` of somebody's own items speak most for `item`, or against it.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for `n` = 0, for a user or an item that the matrix does
    /// not have, and for a value that is not 0 and not from 1e-30 to 1e30.
    fn explain(&self, whom: Whom<'_>, item: Item, n: usize) -> Result<Explanation> {
        at_least_one("n", n)?;
        let data = self.data();
        data.check_item(item)?;
        let history = History::new(data, whom)?;
        let contributions = self.contributions(&history, item);
        let score = contributions.iter().map(|c| c.1).sum();
        let total: f64 = contributions.iter().map(|c| c.1.abs()).sum();
        let sizes = contributions
            .iter()
            .zip(0_usize..)
            .filter(|(c, _)| c.1 != 0.0)
            .map(|(c, at)| ((c.0, at), c.1.abs()))
            .collect();
        let reasons = crate::ranking::best(n, sizes).into_iter();
        Ok(Explanation {
            item: data.item_name(item).clone(),
            score,
            reasons: reasons
                .map(|((because, at), _)| Reason {
                    item: data.item_name(because).clone(),
                    contribution: contributions[at].1,
                    share: contributions[at].1 / total,
                })
                .collect(),
        })
    }
}

/// What a recommendation is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// What the user played.
    History,
    /// How many people listen to the items, because the user played nothing.
    Popularity,
}

/// Items, best first, and what they were chosen by.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// The items with their scores.
    pub ranking: Ranking<ItemName>,
    /// What the scores were made from.
    pub basis: Basis,
}

impl Recommendation {
    /// Shows rank, name and score in a notebook, as text and as HTML, and says if it is only what is popular.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }

    fn to_table(&self) -> Table {
        let table = self.ranking.to_table();
        match self.basis {
            Basis::History => table,
            Basis::Popularity => table.caption("nothing was played: these have the most listeners"),
        }
    }
}

impl fmt::Display for Recommendation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}

/// Why an item was recommended.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The recommended item.
    pub item: ItemName,
    /// Its score: the sum of all contributions, also of those that were not asked for.
    pub score: f64,
    /// What speaks most for the item or against it, the largest first.
    pub reasons: Vec<Reason>,
}

/// One of the user's own items, and what it did for a recommendation.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// The item the user played.
    pub item: ItemName,
    /// What it adds to the score; below 0 if it speaks against the recommended item.
    pub contribution: f64,
    /// The contribution as a share of the sum of the sizes of all contributions: from -1 to 1, and never 0.
    pub share: f64,
}

impl Explanation {
    /// Shows the reasons in a notebook, as text and as HTML.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }

    fn to_table(&self) -> Table {
        let mut table = Table::new(["because of", "contribution", "share (%)"])
            .caption(format!("{}: {:.6}", self.item, self.score));
        for reason in &self.reasons {
            let share = format!("{:.1}", 100.0 * reason.share);
            table.push((&reason.item, reason.contribution, share));
        }
        table
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}

/// The best `n` items, and what they are based on.
fn best_for<M: Recommender + ?Sized>(
    model: &M,
    history: &History<'_>,
    n: usize,
    played: AlreadyPlayed,
) -> (Vec<(Item, f64)>, Basis) {
    if history.is_empty() {
        return (best_of_all(n, listeners(model.data())), Basis::Popularity);
    }
    let mut scores = model.score(history);
    if played == AlreadyPlayed::LeaveOut {
        scores.retain(|&(item, _)| history.value(item) == 0.0);
    }
    (best_of_all(n, scores), Basis::History)
}

/// The scores that are not 0, with their items.
pub(super) fn not_zero(scores: Vec<f64>) -> Vec<(Item, f64)> {
    (0..)
        .map(Item)
        .zip(scores)
        .filter(|&(_, score)| score != 0.0)
        .collect()
}
