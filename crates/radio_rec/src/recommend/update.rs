//! New plays, taken in without fitting anew.

use super::Recommender;
use crate::Result;
use crate::interactions::{Interactions, Item, User};

/// A fitted model that takes in new plays.
pub trait Update: Recommender {
    /// Takes in new plays, of known users and items and of new ones, which come after them in the catalogue. Values
    /// of the same user and item are added up.
    ///
    /// | model | what it then is |
    /// |---|---|
    /// | popularity, nearest user, user kNN, content | what fitting anew gives, to the bit |
    /// | item kNN, item score | the same; neighbours are looked for where plays changed, and everywhere if the measure or the weights depend on all plays |
    /// | ALS, iALS | not that: whoever has new plays, and each item that has some, gets the vector that is best given all others as they are |
    /// | logistic factorisation | not that: the same, by the steps of a fit from 0 |
    /// | BPR | not that: whoever has new plays, and each new item, gets a vector by the same ascent given all others as they are |
    ///
    /// What learns all weights together has to be fitted anew: EASE, EDLAE, the two-sided one, SLIM, and RP3beta. After
    /// many new plays, fit anew what is not exact. Where items come to it, an [`Item`] of the matrix before is refused,
    /// and a [`User`] likewise.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`](crate::Error::InvalidParameter) for plays of which vectors cannot be computed,
    /// because single precision does not hold what comes of such values. The model is then as it was.
    ///
    /// ```
    /// use radio_rec::interactions::Interactions;
    /// use radio_rec::recommend::{Fit, ItemKnn, Recommender, Request, Update};
    ///
    /// let data = Interactions::from_triplets([("ann", "abba", 1.0), ("bob", "abba", 1.0), ("bob", "u2", 1.0)])?;
    /// let mut model = ItemKnn::new(10).fit(&data)?;
    /// model.update(&Interactions::from_triplets([("bob", "air", 1.0), ("cleo", "u2", 1.0)])?)?;
    /// let cleo = model.data().user("cleo")?.into();
    /// let new = model.recommend(cleo, &Request::new(5))?;
    /// assert_eq!(new.ranking.names().collect::<Vec<_>>(), ["air", "abba"]);
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    fn update(&mut self, plays: &Interactions) -> Result<()>;
}

/// A matrix with new plays, and whose they are.
pub(super) struct Merged {
    pub(super) data: Interactions,
    /// Of each item whether it has new plays.
    pub(super) items: Vec<bool>,
    /// Of each user whether they have new plays.
    pub(super) users: Vec<bool>,
}

impl Merged {
    pub(super) fn new(data: &Interactions, plays: &Interactions) -> Result<Self> {
        let mut users = data.users().to_vec();
        let mut items = data.items().to_vec();
        let mut new_name = |name: &crate::interactions::UserName| {
            let known = data.find_user(name).map(User::number);
            known.unwrap_or_else(|| {
                users.push(name.clone());
                users.len() as u32 - 1
            })
        };
        let of_users: Vec<u32> = plays.users().iter().map(&mut new_name).collect();
        let mut new_name = |name: &crate::interactions::ItemName| {
            let known = data.find_item(name).map(Item::number);
            known.unwrap_or_else(|| {
                items.push(name.clone());
                items.len() as u32 - 1
            })
        };
        let of_items: Vec<u32> = plays.items().iter().map(&mut new_name).collect();

        let mut has_new = (vec![false; users.len()], vec![false; items.len()]);
        let mut entries = Vec::with_capacity(data.nnz() + plays.nnz());
        // In a matrix without timestamps, and of one without, there are none.
        let is_timed = data.has_timestamps() && plays.has_timestamps();
        let mut times = is_timed.then(Vec::new);
        for (part, is_new) in [(data, false), (plays, true)] {
            for user in part.user_indices() {
                for (item, value) in part.items_of(user) {
                    if let Some(times) = &mut times {
                        times.extend(part.timestamp(user, item));
                    }
                    if !is_new {
                        entries.push((user.number(), item.number(), value));
                        continue;
                    }
                    let (user, item) = (of_users[user.index()], of_items[item.index()]);
                    entries.push((user, item, value));
                    has_new.0[user as usize] = true;
                    has_new.1[item as usize] = true;
                }
            }
        }
        Ok(Self {
            data: Interactions::from_timed_parts(users, items, entries, times)?,
            users: has_new.0,
            items: has_new.1,
        })
    }
}
