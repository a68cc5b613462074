//! How far predictions are off.

use std::fmt;

use super::{Predictor, Ratings};
use crate::display::Table;
use crate::interactions::{Item, User};
use crate::parallel;
use crate::{Error, Result};

/// How far predictions are from ratings that were not learned from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Errors {
    /// The root of the mean squared error: large errors count more.
    pub rmse: f64,
    /// The mean of the errors' sizes.
    pub mae: f64,
    /// How many ratings were predicted.
    pub ratings: usize,
}

/// Predicts each rating of a test part, and compares.
///
/// # Errors
///
/// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for a part with other users or items than those that
/// were learned from.
pub fn errors(model: &dyn Predictor, test: &Ratings) -> Result<Errors> {
    let (known, of_test) = (model.ratings().names(), test.names());
    if known.users() != of_test.users() || known.items() != of_test.items() {
        return Err(Error::invalid(
            "test",
            format!("{test:?} with another catalogue"),
            "of the users and items that the model learned from, in the same order; `Ratings::split` makes such parts",
        ));
    }
    let ratings: Vec<(User, Item, f64)> = test.iter().collect();
    let off = parallel::map(ratings.len(), |at| {
        let (user, item, rating) = ratings[at];
        Ok(model.predict(user, item)? - rating)
    });
    let off: Vec<f64> = off.into_iter().collect::<Result<_>>()?;
    let count = off.len() as f64;
    Ok(Errors {
        rmse: (off.iter().map(|off| off * off).sum::<f64>() / count).sqrt(),
        mae: off.iter().map(|off| off.abs()).sum::<f64>() / count,
        ratings: off.len(),
    })
}

impl Errors {
    /// Shows the errors in a notebook, as text and as HTML.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }

    fn to_table(self) -> Table {
        let mut table = Table::new(["metric", "error"])
            .caption(format!("{} ratings that were hidden", self.ratings));
        table.push(("RMSE", self.rmse));
        table.push(("MAE", self.mae));
        table
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}
