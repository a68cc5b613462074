//! Recommends items whose tags resemble those of the items that were played.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::model_file::checked_when_read;
use super::recommender::not_zero;
use super::update::Merged;
use super::{Explain, Fit, History, Recommender, SimilarItems, Update, check_not_empty};
use crate::interactions::{Interactions, Item};
use crate::{Error, Result};

/// Scores an item by how well its tags fit those of what the user played.
///
/// An item is the vector of its tags' weights, scaled to length 1, where a tag that f of the N described items carry
/// weighs ln((1 + N) / (1 + f)) + 1: TF-IDF with each tag once, as scikit-learn's `TfidfTransformer` has it (Salton and
/// Buckley, "Term-weighting approaches in automatic text retrieval", 1988). With these vectors t,
///
/// ```text
/// score(u, i) = Σ value(u, j) · t_jᵀ t_i  /  ‖Σ value(u, j) t_j‖      over the items j that u played
/// ```
///
/// which is the cosine of the item and the user's profile, from 0 to 1 (Lops et al., "Content-based recommender
/// systems", in Recommender Systems Handbook, 2011, section 3.3.1.1). It needs nobody else's plays, so it finds items
/// that nobody played; an item without a tag in common with the history has no score.
///
/// ```
/// use radio_rec::interactions::Interactions;
/// use radio_rec::recommend::{ContentBased, Fit, Recommender, Request};
///
/// let data = Interactions::from_triplets([("ann", "abba", 1.0), ("bob", "air", 1.0), ("bob", "ace of base", 0.0)])?;
/// let model = ContentBased::new([
///     ("abba", "pop"), ("abba", "swedish"), ("ace of base", "pop"), ("ace of base", "swedish"), ("air", "electronic"),
/// ])
/// .fit(&data)?;
/// let new = model.recommend(data.user("ann")?.into(), &Request::new(5))?;
/// assert_eq!(new.ranking.names().collect::<Vec<_>>(), ["ace of base"]);
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentBased {
    /// Pairs of an item's name and a tag, in any order; the same pair twice counts once.
    pub features: Vec<(String, String)>,
}

impl ContentBased {
    /// With (item's name, tag) in any order; the same pair twice counts once.
    ///
    /// Names are checked by `fit`. Items that are not in the matrix are refused there; items of the matrix
    /// may be without tags.
    pub fn new<I: Into<String>, T: Into<String>>(
        features: impl IntoIterator<Item = (I, T)>,
    ) -> Self {
        let features = features.into_iter();
        Self {
            features: features
                .map(|(item, tag)| (item.into(), tag.into()))
                .collect(),
        }
    }
}

impl Fit for ContentBased {
    type Model = ContentModel;

    fn check(&self) -> Result<()> {
        if self.features.is_empty() {
            let expected = "at least one pair of an item and a tag";
            return Err(Error::invalid("features", "empty", expected));
        }
        Ok(())
    }

    /// Weighs the tags.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for no features and for a matrix without values;
    /// [`Error::UnknownItem`](crate::Error::UnknownItem) for a described item that the matrix does not have.
    fn fit(&self, data: &Interactions) -> Result<ContentModel> {
        check_not_empty(data)?;
        self.check()?;
        let mut items_of_tag: BTreeMap<&str, BTreeSet<Item>> = BTreeMap::new();
        for (item, tag) in &self.features {
            items_of_tag
                .entry(tag)
                .or_default()
                .insert(data.item(item)?);
        }
        let described: BTreeSet<Item> = items_of_tag.values().flatten().copied().collect();
        let mut vectors = vec![Vec::new(); data.items().len()];
        for (tag, items) in (0_u32..).zip(items_of_tag.values()) {
            let (n, f) = (described.len() as f64, items.len() as f64);
            let weight = ((1.0 + n) / (1.0 + f)).ln() + 1.0;
            for item in items {
                vectors[item.index()].push((tag, weight));
            }
        }
        for vector in &mut vectors {
            let length = vector
                .iter()
                .map(|(_, w): &(u32, f64)| w * w)
                .sum::<f64>()
                .sqrt();
            vector.iter_mut().for_each(|(_, weight)| *weight /= length);
        }
        Ok(ContentModel {
            data: data.clone(),
            tags: items_of_tag.into_keys().map(str::to_owned).collect(),
            vectors,
        })
    }
}

/// A fitted [`ContentBased`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct ContentModel {
    data: Interactions,
    tags: Vec<String>,
    /// Of each item its tags, ascending, with their weights.
    pub(super) vectors: Vec<Vec<(u32, f64)>>,
}

checked_when_read!(ContentModel);

impl ContentModel {
    /// That the parts fit together, of a model that was read.
    fn checked(self) -> std::result::Result<Self, &'static str> {
        if self.vectors.len() != self.data.items().len() {
            return Err("its tags are not those of the items");
        }
        let fits = |&(tag, weight): &(u32, f64)| {
            (tag as usize) < self.tags.len() && weight > 0.0 && weight <= 1.0
        };
        if !self.vectors.iter().flatten().all(fits) {
            return Err("a tag is not one of its tags, or has a weight outside 0 to 1");
        }
        Ok(self)
    }
}

impl ContentModel {
    /// The tags of an item with their weights, in the alphabet's order; none for an item that is not described.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for an item of another matrix.
    pub fn tags(&self, item: Item) -> Result<Vec<(&str, f64)>> {
        self.data.check_item(item)?;
        let vector = self.vectors[item.index()].iter();
        Ok(vector
            .map(|&(tag, weight)| (self.tags[tag as usize].as_str(), weight))
            .collect())
    }

    /// The sum of the vectors of a history, and its length.
    fn profile(&self, history: &History<'_>) -> (Vec<f64>, f64) {
        let mut profile = vec![0.0; self.tags.len()];
        for (item, value) in history.plays() {
            for &(tag, weight) in &self.vectors[item.index()] {
                profile[tag as usize] += value * weight;
            }
        }
        let length = profile
            .iter()
            .map(|weight| weight * weight)
            .sum::<f64>()
            .sqrt();
        (profile, length)
    }

    fn products(&self, profile: &[f64], length: f64) -> Vec<f64> {
        if length == 0.0 {
            return Vec::new();
        }
        let product = |vector: &Vec<(u32, f64)>| {
            let products = vector
                .iter()
                .map(|&(tag, weight)| weight * profile[tag as usize]);
            products.sum::<f64>() / length
        };
        self.vectors.iter().map(product).collect()
    }
}

/// New items have no tags.
impl Update for ContentModel {
    fn update(&mut self, plays: &Interactions) -> Result<()> {
        self.data = Merged::new(&self.data, plays)?.data;
        self.vectors.resize(self.data.items().len(), Vec::new());
        Ok(())
    }
}

impl Recommender for ContentModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, history: &History<'_>) -> Vec<(Item, f64)> {
        let (profile, length) = self.profile(history);
        not_zero(&self.data, self.products(&profile, length))
    }
}

/// The cosine of the items' vectors.
impl SimilarItems for ContentModel {
    fn similarities(&self, item: Item) -> Vec<(Item, f64)> {
        let mut profile = vec![0.0; self.tags.len()];
        for &(tag, weight) in &self.vectors[item.index()] {
            profile[tag as usize] = weight;
        }
        let mut similarities = not_zero(&self.data, self.products(&profile, 1.0));
        similarities.retain(|&(other, _)| other != item);
        similarities
    }
}

impl Explain for ContentModel {
    fn contributions(&self, history: &History<'_>, item: Item) -> Vec<(Item, f64)> {
        let (_, length) = self.profile(history);
        let mut of_item = vec![0.0; self.tags.len()];
        for &(tag, weight) in &self.vectors[item.index()] {
            of_item[tag as usize] = weight;
        }
        let products = self.products(&of_item, length);
        if products.is_empty() {
            return Vec::new();
        }
        let contribution =
            |(played, value): (Item, f64)| (played, value * products[played.index()]);
        history
            .plays()
            .map(contribution)
            .filter(|c| c.1 > 0.0)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_checked() {
        let data = Interactions::from_triplets([("a", "abba", 1.0)]).unwrap();
        let message = |content: ContentBased| content.fit(&data).err().unwrap().to_string();
        assert_eq!(
            message(ContentBased::default()),
            "`features` is empty, but must be at least one pair of an item and a tag"
        );
        assert_eq!(
            message(ContentBased::new([("aba", "pop")])),
            "there is no item `aba`; did you mean `abba`?"
        );
    }

    #[test]
    fn weights_are_those_of_scikit_learn() {
        // scikit-learn 1.9.1: TfidfTransformer().fit_transform([[1, 1, 0], [1, 0, 0], [1, 0, 1]]).toarray()
        let expected = [
            [0.508_542_320_378_326_7, 0.861_036_995_943_976_4, 0.0],
            [1.0, 0.0, 0.0],
            [0.508_542_320_378_326_7, 0.0, 0.861_036_995_943_976_4],
        ];
        let items = ["x", "y", "z"];
        let data = Interactions::from_triplets(items.map(|item| ("a", item, 1.0))).unwrap();
        let features = [
            ("x", "0"),
            ("x", "1"),
            ("y", "0"),
            ("z", "0"),
            ("z", "2"),
            ("z", "2"),
        ];
        let model = ContentBased::new(features).fit(&data).unwrap();
        for (item, expected) in items.iter().zip(expected) {
            let mut found = [0.0; 3];
            for (tag, weight) in model.tags(data.item(item).unwrap()).unwrap() {
                found[tag.parse::<usize>().unwrap()] = weight;
            }
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-15, "{found} {expected}");
            }
        }
    }
}
