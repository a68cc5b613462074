//! What to play next.
//!
//! | for whom | question | here |
//! |---|---|---|
//! | someone who likes one item | what is played by the same people? | [`similar_items`] |
//! | someone who likes several | what is similar to all of them together? | [`by_summed_similarity`], [`by_listeners`] |
//! | a user | what does the most similar user play? | [`NearestUser`] |
//! | a user | which items are most like what the user played? | [`ItemScore`] |
//!
//! A model has two types: its parameters, whose `fit` learns from a matrix, and what it learned, which recommends.
//! What was learned keeps the matrix alive, so it can be passed on without it. Rankings are best first, ties in the
//! catalogue's order (see [`ranking`](crate::ranking)), and hold scores above 0 only: rather fewer items than were asked for
//! than items that nothing speaks for.

mod from_items;
mod item_score;
mod nearest_user;

pub use self::from_items::{by_listeners, by_summed_similarity};
pub use self::item_score::{ItemScore, ItemScoreModel};
pub use self::nearest_user::{NearestUser, NearestUserModel};
pub use crate::similarity::similar_items;

use crate::interactions::{Interactions, ItemName, User};
use crate::ranking::Ranking;
use crate::{Error, Result};

/// What a recommendation does with items that the user already played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlreadyPlayed {
    /// They are ranked like all others.
    Keep,
    /// They are left out, and others move up.
    LeaveOut,
}

/// How many of the ranked items the user has already played.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for a user that the matrix does not have, and [`Error::UnknownItem`] for a ranking of
/// another catalogue's items.
pub fn count_already_played(
    data: &Interactions,
    user: User,
    ranking: &Ranking<ItemName>,
) -> Result<usize> {
    data.check_user(user)?;
    let mut played = 0;
    for name in ranking.names() {
        if data.value(user, data.item(name)?) > 0.0 {
            played += 1;
        }
    }
    Ok(played)
}

/// Scores without the items the user played, where those are to be left out.
fn filter_played(
    data: &Interactions,
    user: User,
    played: AlreadyPlayed,
    mut scores: Vec<(u32, f64)>,
) -> Vec<(u32, f64)> {
    if played == AlreadyPlayed::LeaveOut {
        let (items, _) = data.by_user().row(user.index());
        scores.retain(|(item, _)| items.binary_search(item).is_err());
    }
    scores
}

/// An error unless there is something to learn from.
fn check_not_empty(data: &Interactions) -> Result<()> {
    if data.nnz() > 0 {
        return Ok(());
    }
    Err(Error::InvalidParameter {
        name: "data",
        value: "a matrix without values".into(),
        expected: "a matrix in which somebody played something".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_played_is_counted() {
        let data = Interactions::from_triplets([
            ("ann", "abba", 1.0),
            ("ann", "u2", 2.0),
            ("bob", "u2", 1.0),
            ("bob", "air", 1.0),
        ])
        .unwrap();
        let u2 = data.item("u2").unwrap();
        let ranking = similar_items(&data, u2, 5).unwrap();
        assert_eq!(ranking.names().collect::<Vec<_>>(), ["abba", "air"]);
        let ann = data.user("ann").unwrap();
        assert_eq!(count_already_played(&data, ann, &ranking).unwrap(), 1);

        let other = Interactions::from_triplets([("ann", "abba", 1.0)]).unwrap();
        assert!(matches!(
            count_already_played(&other, ann, &ranking),
            Err(Error::UnknownItem { .. })
        ));
        assert!(count_already_played(&other, data.user("bob").unwrap(), &ranking).is_err());
    }

    #[test]
    fn there_must_be_something_to_learn_from() {
        let data = Interactions::from_triplets([("ann", "abba", 0.0)]).unwrap();
        let message = "`data` is a matrix without values, but must be a matrix in which somebody played something";
        assert_eq!(NearestUser.fit(&data).unwrap_err().to_string(), message);
        assert_eq!(
            ItemScore::new(3).fit(&data).unwrap_err().to_string(),
            message
        );
    }
}
