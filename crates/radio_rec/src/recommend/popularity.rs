//! The items with the most listeners.

use serde::{Deserialize, Serialize};

use super::history::History;
use super::model_file::checked_when_read;
use super::recommender::listeners;
use super::update::Merged;
use super::{Fit, Recommender, Update, Wanted, check_not_empty};
use crate::Result;
use crate::interactions::{Interactions, Item};
use crate::ranking::best_of_all;

/// Scores an item by how many users played it: the same list for everybody, and the least that another model must beat.
///
/// The score is the number of users with a value, whatever the value; items that nobody played have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Popularity;

impl Fit for Popularity {
    type Model = PopularityModel;

    /// Counts the listeners.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a matrix without values.
    fn fit(&self, data: &Interactions) -> Result<PopularityModel> {
        check_not_empty(data)?;
        Ok(PopularityModel::of(data.clone()))
    }
}

/// A fitted [`Popularity`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct PopularityModel {
    data: Interactions,
    /// The items that somebody played, those with the most listeners first.
    #[serde(skip)]
    ranked: Vec<(Item, f64)>,
}

checked_when_read!(PopularityModel);

impl PopularityModel {
    fn of(data: Interactions) -> Self {
        let ranked = best_of_all(data.items().len(), listeners(&data));
        Self { data, ranked }
    }

    fn checked(self) -> std::result::Result<Self, &'static str> {
        Ok(Self::of(self.data))
    }
}

impl Update for PopularityModel {
    fn update(&mut self, plays: &Interactions) -> Result<()> {
        *self = Self::of(Merged::new(&self.data, plays)?.data);
        Ok(())
    }
}

impl Recommender for PopularityModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, _: &History<'_>) -> Vec<(Item, f64)> {
        self.ranked.clone()
    }

    fn best(&self, histories: &[History<'_>], wanted: &Wanted) -> Vec<Vec<(Item, f64)>> {
        let best = |history| {
            let ranked = self.ranked.iter();
            ranked
                .take_while(|(_, listeners)| *listeners >= wanted.minimum_score())
                .filter(|(item, _)| wanted.admits(history, *item))
                .take(wanted.n())
                .copied()
                .collect()
        };
        histories.iter().map(best).collect()
    }
}
