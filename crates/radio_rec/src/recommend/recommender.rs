//! What every fitted model can be asked.

use std::fmt;
use std::ops::{ControlFlow, Deref};
use std::sync::OnceLock;

use super::history::{History, Whom};
use super::request::{Request, Wanted};
use crate::Result;
use crate::display::Table;
use crate::interactions::{Interactions, Item, ItemName, User, UserName};
use crate::parallel;
use crate::ranking::{Ranking, at_least_one};

/// Parameters of a model, which learns from a matrix.
///
/// Parameters have public fields: `new` takes those without a default, and the others are set by name. They can be
/// written and read by [serde](https://serde.rs); what was read is checked by `fit`, as what was written by hand.
///
/// A model of your own is a type of parameters with this trait, and a fitted one with [`Recommender`].
///
/// ```
/// use radio_rec::interactions::Interactions;
/// use radio_rec::recommend::{Ease, Fit, PlayWeight, Recommender, Request};
///
/// let data = Interactions::from_triplets([("ann", "abba", 1.0), ("ann", "u2", 2.0), ("bob", "u2", 1.0), ("bob", "air", 1.0)])?;
/// let ease = Ease { weight: PlayWeight::VALUE, ..Ease::new(0.5) };
/// let model = ease.fit(&data)?;
/// let new = model.recommend(data.user("ann")?.into(), &Request::new(5))?;
/// assert_eq!(new.ranking.first().unwrap().name, "air");
/// # Ok::<(), radio_rec::Error>(())
/// ```
pub trait Fit {
    /// What is learned.
    type Model: Recommender;

    /// That every parameter is within its range.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for the first that is not.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Learns from a matrix.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a parameter outside its range, for a matrix
    /// without values, and for what else the model cannot learn from: each says so.
    fn fit(&self, data: &Interactions) -> Result<Self::Model>;
}

/// A fitted model: what it learned from, and a score of items for anybody.
///
/// The rest follows from these two. Each model says what its score means, and which items have none. The trait
/// is object-safe: a list of models is a `Vec<Box<dyn Recommender>>`.
pub trait Recommender: Send + Sync {
    /// The matrix that the model learned from.
    fn data(&self) -> &Interactions;

    /// The scores of the items for somebody, in any order, each item at most once, all of them finite.
    ///
    /// Items that nothing speaks for or against may be absent. `history` is of [`data`](Recommender::data); where it is
    /// empty, [`recommend`](Recommender::recommend) does not ask.
    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)>;

    /// For each history the best items that are wanted, best first, as [`Wanted::best_of`] has them of the
    /// [`score`](Recommender::score)s.
    ///
    /// A model that scores several histories faster together, or that knows at less cost what is not among the best,
    /// does so here. What it answers for one history must not depend on the others. No history is empty.
    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        let best = |history| wanted.best_of(history, self.score(history));
        histories.iter().map(best).collect()
    }

    /// The best items for a user of the matrix or for anybody else by what they played, and what it is based on.
    ///
    /// Where nothing was played these are the items with the most listeners, with the number of listeners as their
    /// score, and [`Recommendation::basis`] says so. Fewer than were asked for come where fewer have a score.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a request outside its range, for a user or an
    /// item of another matrix, and for a value that is not 0 and not from 1e-30 to 1e30.
    fn recommend(&self, whom: Whom<'_>, request: &Request) -> Result<Recommendation> {
        let best = |histories: &[History<'_>], wanted: &Wanted| self.best(histories, wanted);
        one_list(self.data(), &best, whom, request)
    }

    /// [`recommend`](Recommender::recommend) for many, over all processors: a list for each, in the order given, the
    /// same to the bit as when asked one by one.
    ///
    /// # Errors
    ///
    /// As of `recommend`.
    fn recommend_all(&self, whom: &[Whom<'_>], request: &Request) -> Result<Vec<ItemList>> {
        let mut lists = Vec::with_capacity(whom.len());
        self.recommend_each(whom, request, &mut |_, list| {
            lists.push(list);
            ControlFlow::Continue(())
        })?;
        Ok(lists)
    }

    /// [`recommend_all`](Recommender::recommend_all) with the lists passed on as they are ready, in the order given,
    /// each with its place in `whom`, until `take` breaks: for more lists than memory holds, and to see how far it is.
    ///
    /// # Errors
    ///
    /// As of `recommend`, before the first list.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    ///
    /// use radio_rec::interactions::Interactions;
    /// use radio_rec::recommend::{Fit, Popularity, Recommender, Request, Whom};
    ///
    /// let data = Interactions::from_triplets([("ann", "abba", 1.0), ("bob", "u2", 1.0)])?;
    /// let everybody: Vec<Whom> = data.user_indices().map(Whom::User).collect();
    /// Popularity.fit(&data)?.recommend_each(&everybody, &Request::new(5), &mut |place, list| {
    ///     println!("{} of {}: {:?}", place + 1, everybody.len(), list.items);
    ///     ControlFlow::Continue(())
    /// })?;
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    fn recommend_each(
        &self,
        whom: &[Whom<'_>],
        request: &Request,
        take: &mut dyn FnMut(usize, ItemList) -> ControlFlow<()>,
    ) -> Result<()> {
        let best = |histories: &[History<'_>], wanted: &Wanted| self.best(histories, wanted);
        each_list(self.data(), &best, whom, request, take)
    }

    /// The scores of some items for somebody, in the order given: nothing for an item that has none.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a user or an item of another matrix, and for a
    /// value that is not 0 and not from 1e-30 to 1e30.
    fn scores_of(&self, whom: Whom<'_>, items: &[Item]) -> Result<Vec<Option<f64>>> {
        scores_of(self.data(), &|history| self.score(history), whom, items)
    }
}

/// How many histories are scored together.
const BLOCK: usize = 64;

/// How many blocks a thread does before lists are passed on.
const BLOCKS_PER_THREAD: usize = 4;

/// How many users played each item that somebody played.
pub(crate) fn listeners(data: &Interactions) -> Vec<(Item, f64)> {
    data.item_indices()
        .map(|item| (item, data.users_of(item).len() as f64))
        .filter(|&(_, listeners)| listeners > 0.0)
        .collect()
}

/// What has the most listeners, for those who played nothing: found once for all of them.
type Popular = OnceLock<Vec<(Item, f64)>>;

/// [`Recommender::best`] of a model: a function, so that what is around it is compiled once and not for each model.
type Best<'m> = dyn Fn(&[History<'_>], &Wanted) -> Vec<Vec<(Item, f64)>> + Sync + 'm;

/// The list of one, with names.
fn one_list(
    data: &Interactions,
    best: &Best<'_>,
    whom: Whom<'_>,
    request: &Request,
) -> Result<Recommendation> {
    let wanted = request.checked(data)?;
    let history = History::new(data, whom)?;
    let list = lists_of(data, best, vec![history], &wanted, &OnceLock::new()).remove(0);
    let name = |item| data.item_name(item).clone();
    Ok(Recommendation {
        ranking: Ranking::of_ordered(list.items, name),
        basis: list.basis,
    })
}

/// Of all scores that `score` has those of some items.
fn scores_of(
    data: &Interactions,
    score: &dyn Fn(&History<'_>) -> Vec<(Item, f64)>,
    whom: Whom<'_>,
    items: &[Item],
) -> Result<Vec<Option<f64>>> {
    for &item in items {
        data.check_item(item)?;
    }
    let history = History::new(data, whom)?;
    if history.is_empty() {
        return Ok(vec![None; items.len()]);
    }
    let mut scores = score(&history);
    scores.sort_unstable_by_key(|scored| scored.0);
    let score = |item: &Item| {
        let at = scores.binary_search_by_key(item, |scored| scored.0).ok()?;
        Some(scores[at].1)
    };
    Ok(items.iter().map(score).collect())
}

/// Hands on the list of each of many.
fn each_list(
    data: &Interactions,
    best: &Best<'_>,
    whom: &[Whom<'_>],
    request: &Request,
    take: &mut dyn FnMut(usize, ItemList) -> ControlFlow<()>,
) -> Result<()> {
    let wanted = request.checked(data)?;
    for whom in whom {
        whom.check(data)?;
    }
    let popular = OnceLock::new();
    let round = BLOCK * BLOCKS_PER_THREAD * rayon::current_num_threads();
    let mut place = 0;
    for whom in whom.chunks(round) {
        let blocks: Vec<&[Whom<'_>]> = whom.chunks(BLOCK).collect();
        let blocks = parallel::map(blocks.len(), |block| {
            let histories = blocks[block].iter().map(|&whom| History::new(data, whom));
            let histories = histories.collect::<Result<_>>()?;
            Ok(lists_of(data, best, histories, &wanted, &popular))
        });
        for block in blocks {
            for list in block? {
                if take(place, list).is_break() {
                    return Ok(());
                }
                place += 1;
            }
        }
    }
    Ok(())
}

/// The lists of a block of histories, in their order.
fn lists_of(
    data: &Interactions,
    best: &Best<'_>,
    histories: Vec<History<'_>>,
    wanted: &Wanted,
    popular: &Popular,
) -> Vec<ItemList> {
    let is_empty: Vec<bool> = histories.iter().map(History::is_empty).collect();
    let histories: Vec<_> = histories.into_iter().filter(|h| !h.is_empty()).collect();
    let mut best = best(&histories, wanted).into_iter();
    let most_listeners = || {
        let nobody = History::empty(data);
        wanted.best_of_any_score(&nobody, listeners(data))
    };
    let list = |&is_empty: &bool| match is_empty {
        true => ItemList {
            items: popular.get_or_init(most_listeners).clone(),
            basis: Basis::Popularity,
        },
        false => ItemList {
            items: best.next().expect("a list for each history"),
            basis: Basis::History,
        },
    };
    is_empty.iter().map(list).collect()
}

/// A model that knows which items are alike.
pub trait SimilarItems: Recommender {
    /// How similar other items are to `item`, in any order, without the item itself; a score for each that is similar.
    fn similarities(&self, item: Item) -> Vec<(Item, f64)>;

    /// The best `n` items most similar to `item`, never the item itself; fewer where fewer have a similarity above 0.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for `n` = 0, and for an item of another matrix.
    fn similar_items(&self, item: Item, n: usize) -> Result<Ranking<ItemName>> {
        at_least_one("n", n)?;
        self.data().check_item(item)?;
        let best = crate::ranking::best(n, self.similarities(item));
        let name = |item| self.data().item_name(item).clone();
        Ok(Ranking::of_ordered(best, name))
    }
}

/// A model that knows which users are alike.
pub trait SimilarUsers: Recommender {
    /// How similar users of the matrix are to somebody, in any order, without the user whose history it is; a
    /// similarity for each that is similar.
    fn user_similarities(&self, history: &History<'_>) -> Vec<(User, f64)>;

    /// The best `n` users most similar to a user of the matrix, never the user themself, or to anybody else by what
    /// they played; fewer where fewer have a similarity above 0, and none for somebody who played nothing.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for `n` = 0, for a user or an item of another
    /// matrix, and for a value that is not 0 and not from 1e-30 to 1e30.
    fn similar_users(&self, whom: Whom<'_>, n: usize) -> Result<Ranking<UserName>> {
        at_least_one("n", n)?;
        let data = self.data();
        let history = History::new(data, whom)?;
        let similarities = match history.is_empty() {
            true => Vec::new(),
            false => self.user_similarities(&history),
        };
        let best = crate::ranking::best(n, similarities);
        Ok(Ranking::of_ordered(best, |user| {
            data.user_name(user).clone()
        }))
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
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for `n` = 0, for a user or an item of another
    /// matrix, and for a value that is not 0 and not from 1e-30 to 1e30.
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

/// Items of the matrix with their scores, best first, and what they were chosen by: one of many lists.
///
/// It is a slice of (item, score). Numbers of listeners, of a list by [`Basis::Popularity`], compare with no other
/// scores.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemList {
    /// The items with their scores, best first.
    pub items: Vec<(Item, f64)>,
    /// What the scores were made from.
    pub basis: Basis,
}

impl Deref for ItemList {
    type Target = [(Item, f64)];

    fn deref(&self) -> &Self::Target {
        &self.items
    }
}

impl<'a> IntoIterator for &'a ItemList {
    type Item = &'a (Item, f64);
    type IntoIter = std::slice::Iter<'a, (Item, f64)>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
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

/// The scores that are not 0, with their items, of one score for each item of the matrix.
pub(super) fn not_zero(data: &Interactions, scores: Vec<f64>) -> Vec<(Item, f64)> {
    data.item_indices()
        .zip(scores)
        .filter(|&(_, score)| score != 0.0)
        .collect()
}
