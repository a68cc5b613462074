//! What is similar to what was played.

use serde::{Deserialize, Serialize};

use super::model_file::{checked_neighbours, checked_when_read};
use super::sums::Sums;
use super::update::Merged;
use super::{Explain, Fit, History, Recommender, SimilarItems, Update, Wanted, check_not_empty};
use crate::interactions::{Interactions, Item};
use crate::similarity::{ItemNeighbours, Neighbour, Neighbourhood};
use crate::{Error, Result};

/// Scores an item by the sum of its similarities to what the user played.
///
/// For user u and item i, with N(j) the k items most similar to item j and s the similarity, by default the cosine:
///
/// ```text
/// score(u, i) = Σ value(u, j) · s(j, i)      over the items j that u played and in whose N(j) i is
/// ```
///
/// (Deshpande and Karypis, "Item-based top-N recommendation algorithms", TOIS 2004, section 4.) Other than
/// [`ItemScore`](super::ItemScore) it does not divide by the sum of the similarities, so that items with many
/// neighbours in the history come first. An item that is nobody's neighbour has no score.
///
/// | parameter | meaning | range |
/// |---|---|---|
/// | `neighbourhood` | how many neighbours of each item count, how alike is measured, and more | see [`Neighbourhood`] |
///
/// With the measure [`DotProduct`](crate::similarity::Measure::DotProduct) over the weights
/// [`Bm25`](crate::similarity::Weighting::Bm25) it recommends as implicit's `BM25Recommender` does, up to how many
/// neighbours are kept: there, K counts the item itself.
///
/// ```
/// use radio_rec::interactions::Interactions;
/// use radio_rec::recommend::{Fit, ItemKnn, Recommender, Request};
/// use radio_rec::similarity::{Measure, Neighbourhood, Weighting};
///
/// let data = Interactions::from_triplets([
///     ("ann", "abba", 1.0), ("ann", "u2", 1.0),
///     ("bob", "u2", 1.0), ("bob", "air", 1.0), ("cleo", "air", 1.0), ("dora", "wham", 1.0),
/// ])?;
/// let bm25 = Neighbourhood::new(20).measure(Measure::DotProduct).weighting(Weighting::Bm25 { k1: 1.2, b: 0.75 });
/// let model = ItemKnn::with(bm25).fit(&data)?;
/// let new = model.recommend(data.user("ann")?.into(), &Request::new(5))?;
/// assert_eq!(new.ranking.names().collect::<Vec<_>>(), ["air"]);
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemKnn {
    /// How neighbours are found.
    pub neighbourhood: Neighbourhood,
}

impl ItemKnn {
    /// With the `k` most similar items of each item by the cosine.
    pub fn new(k: usize) -> Self {
        Self::with(Neighbourhood::new(k))
    }

    /// With neighbours by another measure, weights or support.
    pub fn with(neighbourhood: Neighbourhood) -> Self {
        Self { neighbourhood }
    }
}

impl Fit for ItemKnn {
    type Model = ItemKnnModel;

    fn check(&self) -> Result<()> {
        self.neighbourhood.check()
    }

    /// Finds the neighbours of each item.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a neighbourhood outside its range, and for a
    /// matrix without values.
    fn fit(&self, data: &Interactions) -> Result<ItemKnnModel> {
        check_not_empty(data)?;
        Ok(ItemKnnModel {
            data: data.clone(),
            neighbourhood: self.neighbourhood,
            neighbours: self.neighbourhood.of_items(data)?,
        })
    }
}

/// A fitted [`ItemKnn`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ItemKnnModel {
    pub(super) data: Interactions,
    neighbourhood: Neighbourhood,
    #[serde(with = "super::model_file::neighbours")]
    pub(super) neighbours: ItemNeighbours,
}

checked_when_read!(ItemKnnModel);

impl ItemKnnModel {
    /// A model of neighbours that were found elsewhere, such as by a database, as if [`fit`](Fit::fit) had found them:
    /// of each item its neighbours with their similarities, best first.
    ///
    /// An [`update`](Update::update) looks for neighbours by `neighbourhood` as usual.
    ///
    /// ```
    /// use radio_rec::interactions::Interactions;
    /// use radio_rec::recommend::{ItemKnnModel, SimilarItems};
    /// use radio_rec::similarity::Neighbourhood;
    ///
    /// let data = Interactions::from_triplets([("ann", "abba", 1.0), ("ann", "u2", 1.0), ("bob", "air", 1.0)])?;
    /// let (abba, u2) = (data.item("abba")?, data.item("u2")?);
    /// let lists = vec![vec![(u2, 1.0)], vec![(abba, 1.0)], vec![]];
    /// let model = ItemKnnModel::from_neighbours(&data, Neighbourhood::new(1), lists)?;
    /// assert_eq!(model.similarities(abba), [(u2, 1.0)]);
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a neighbourhood outside its range, for a matrix without values, and for lists
    /// that are not one for each item, of other items of the matrix, with similarities above 0.
    pub fn from_neighbours(
        data: &Interactions,
        neighbourhood: Neighbourhood,
        lists: Vec<Vec<(Item, f64)>>,
    ) -> Result<Self> {
        check_not_empty(data)?;
        neighbourhood.check()?;
        for (item, _) in lists.iter().flatten() {
            data.check_item(*item)?;
        }
        let neighbour = |(item, similarity)| Neighbour { item, similarity };
        let rows = lists
            .into_iter()
            .map(|list| list.into_iter().map(neighbour).collect());
        let neighbours = ItemNeighbours::from_rows(rows);
        let neighbours = checked_neighbours(&neighbours, data).map_err(|wrong| {
            let expected = "one for each item, of other items, with similarities above 0";
            Error::invalid("lists", format!("such that {wrong}"), expected)
        })?;
        Ok(Self {
            data: data.clone(),
            neighbourhood,
            neighbours,
        })
    }

    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        if self.neighbourhood.check().is_err() {
            return Err("a parameter is outside its range");
        }
        let neighbours = checked_neighbours(&self.neighbours, &self.data)?;
        Ok(Self { neighbours, ..self })
    }
}

impl ItemKnnModel {
    /// Calls `f` with the scores of all items.
    fn with_scores<T>(&self, history: &History<'_>, f: impl FnOnce(&mut Sums) -> T) -> T {
        Sums::with(self.data.items().len(), |sums| {
            for (item, value) in history.plays() {
                for neighbour in self.neighbours.neighbours(item) {
                    sums.add(neighbour.item.index(), value * neighbour.similarity);
                }
            }
            f(sums)
        })
    }
}

impl Recommender for ItemKnnModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        self.with_scores(history, |sums| {
            let scores = sums
                .drain()
                .map(|(item, sum)| (self.data.item_number(item), sum));
            scores.collect()
        })
    }

    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        let best =
            |history| self.with_scores(history, |sums| sums.best(&self.data, history, wanted));
        histories.iter().map(best).collect()
    }
}

impl Update for ItemKnnModel {
    fn update(&mut self, plays: &Interactions) -> Result<()> {
        let Merged { data, items, .. } = Merged::new(&self.data, plays)?;
        let neighbourhood = self.neighbourhood;
        self.neighbours = neighbourhood.of_changed_items(&self.neighbours, &data, &items)?;
        self.data = data;
        Ok(())
    }
}

/// The neighbours that the scores are made of: up to k.
impl SimilarItems for ItemKnnModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        let neighbours = self.neighbours.neighbours(item).iter();
        neighbours.map(|n| (n.item, n.similarity)).collect()
    }
}

impl Explain for ItemKnnModel {
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)> {
        let mut contributions = Vec::new();
        for (played, value) in history.plays() {
            let mut neighbours = self.neighbours.neighbours(played).iter();
            if let Some(neighbour) = neighbours.find(|neighbour| neighbour.item == item) {
                contributions.push((played, value * neighbour.similarity));
            }
        }
        contributions
    }
}
