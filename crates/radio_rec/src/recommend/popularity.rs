//! The items with the most listeners.

use serde::{Deserialize, Serialize};

use super::history::History;
use super::{Fit, Recommender, check_not_empty};
use crate::Result;
use crate::interactions::{Interactions, Item};

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
        Ok(PopularityModel { data: data.clone() })
    }
}

/// A fitted [`Popularity`].
#[derive(Clone, Serialize, Deserialize)]
pub struct PopularityModel {
    data: Interactions,
}

impl Recommender for PopularityModel {
    fn data(&self) -> &Interactions {
        &self.data
    }

    fn score(&self, _: &History<'_>) -> Vec<(Item, f64)> {
        listeners(&self.data)
    }
}

/// How many users played each item that somebody played.
pub(crate) fn listeners(data: &Interactions) -> Vec<(Item, f64)> {
    data.item_indices()
        .map(|item| (item, data.users_of(item).len() as f64))
        .filter(|&(_, listeners)| listeners > 0.0)
        .collect()
}
