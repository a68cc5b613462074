//! What to play next.
//!
//! | for whom | question | here |
//! |---|---|---|
//! | someone who likes one item | what is played by the same people? | [`similar_items`] |
//! | someone who likes several | what is similar to all of them together? | [`by_summed_similarity`], [`by_listeners`] |
//! | anybody | what has the most listeners? | [`Popularity`] |
//! | a user | what does the most similar user play? | [`NearestUser`] |
//! | a user | what do similar users play? | [`UserKnn`] |
//! | a user | which items are most like what the user played? | [`ItemScore`], [`ItemKnn`] |
//! | a user | where do walks from what the user played lead? | [`Rp3Beta`] |
//! | a user | which items does a learned weight between every two items speak for? | [`Ease`], [`Edlae`], [`SparseEase`], [`Slim`] |
//! | a user | and a learned weight between every two users? | [`TwoSided`] |
//! | a user | which items lie near the user, where users and items are points? | [`Als`], [`Ials`], [`Bpr`], [`LogisticMf`] |
//! | a user | which items have the tags of what the user played? | [`ContentBased`] |
//!
//! A model has two types: its parameters, which learn from a matrix ([`Fit`]), and what it learned, which recommends.
//! What was learned keeps the matrix alive, so it can be passed on without it. All models recommend by the same trait,
//! [`Recommender`], to one or to many, to users of the matrix and to anybody else by what they played, what a
//! [`Request`] asks for; some also know which items are alike ([`SimilarItems`]) or which users ([`SimilarUsers`]),
//! which of a user's own items made a recommendation ([`Explain`]), or how to take in new plays ([`Update`]).
//! [`Algorithm`] chooses one by its name, and [`Model`] saves and loads any of them.
//!
//! ```
//! use radio_rec::interactions::Interactions;
//! use radio_rec::recommend::{Ease, Explain, Fit, Recommender, Request, SimilarItems};
//!
//! let data = Interactions::from_triplets([
//!     ("ann", "abba", 1.0), ("ann", "u2", 1.0), ("bob", "u2", 1.0), ("bob", "air", 1.0), ("cleo", "air", 1.0),
//! ])?;
//! let model = Ease::new(0.5).fit(&data)?;
//! let ann = data.user("ann")?;
//! let new = model.recommend(ann.into(), &Request::new(5))?;
//! assert_eq!(new.ranking.first().unwrap().name, "air");
//! let why = model.explain(ann.into(), data.item("air")?, 1)?;
//! assert_eq!(why.reasons[0].item, "u2");
//! assert_eq!(model.similar_items(data.item("air")?, 5)?.first().unwrap().name, "u2");
//! # Ok::<(), radio_rec::Error>(())
//! ```
//!
//! Rankings are best first, ties in the catalogue's order (see [`ranking`](crate::ranking)). Items that nothing speaks
//! for are not in them: rather fewer items than were asked for. Neighbours and popularity score above 0 only; learned
//! weights may speak against an item, with a score below 0.

mod algorithm;
mod als;
mod bpr;
mod content;
mod ease;
mod edlae;
mod factors;
mod from_items;
mod history;
mod ials;
mod item_knn;
mod item_score;
mod item_weights;
mod logistic_mf;
mod model_file;
mod nearest_user;
mod popularity;
mod recommender;
mod request;
mod rp3beta;
mod slim;
mod sparse_ease;
mod sums;
mod two_sided;
mod update;
mod user_knn;

pub use self::algorithm::{Algorithm, Model};
pub use self::als::{Als, AlsHalfStep, AlsModel, AlsRows};
pub use self::bpr::{Bpr, BprModel};
pub use self::content::{ContentBased, ContentModel};
pub use self::ease::{Ease, EaseModel, Precision};
pub use self::edlae::Edlae;
pub use self::from_items::{by_listeners, by_summed_similarity};
pub use self::history::{History, PlayWeight, Whom};
pub use self::ials::{Ials, IalsModel};
pub use self::item_knn::{ItemKnn, ItemKnnModel};
pub use self::item_score::{ItemScore, ItemScoreModel};
pub use self::item_weights::ItemWeightsModel;
pub use self::logistic_mf::{LogisticMf, LogisticMfModel};
pub use self::nearest_user::{NearestUser, NearestUserModel};
pub use self::popularity::{Popularity, PopularityModel};
pub(crate) use self::recommender::listeners;
pub use self::recommender::{
    Basis, Explain, Explanation, Fit, ItemList, Reason, Recommendation, Recommender, SimilarItems,
    SimilarUsers,
};
pub use self::request::{AlreadyPlayed, Request, Wanted};
pub use self::rp3beta::Rp3Beta;
pub use self::slim::Slim;
pub use self::sparse_ease::SparseEase;
pub use self::two_sided::{TwoSided, TwoSidedModel};
pub use self::update::Update;
pub use self::user_knn::{UserKnn, UserKnnModel};
pub use crate::similarity::similar_items;

use crate::interactions::{Interactions, ItemName, User};
use crate::ranking::Ranking;
use crate::{Error, Result};

/// How many of the ranked items the user has already played.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for a user of another matrix, and [`Error::UnknownItem`] for a ranking of
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

/// An error unless there is something to learn from.
fn check_not_empty(data: &Interactions) -> Result<()> {
    if data.nnz() > 0 {
        return Ok(());
    }
    Err(Error::invalid(
        "data",
        "a matrix without values",
        "a matrix in which somebody played something",
    ))
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
        let of_other = other.user("ann").unwrap();
        assert!(matches!(
            count_already_played(&other, of_other, &ranking),
            Err(Error::UnknownItem { .. })
        ));
        assert!(count_already_played(&other, ann, &ranking).is_err());
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
