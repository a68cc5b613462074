//! For whom a recommendation is made, and what is known of them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::interactions::{CatalogueId, Interactions, Item, User, VALUES, sort_and_sum};
use crate::{Error, Result};

/// For whom: a user of the matrix that the model learned from, or anybody of whom some plays are known.
///
/// ```
/// use radio_rec::interactions::Interactions;
/// use radio_rec::recommend::{Fit, Popularity, Recommender, Request, Whom};
///
/// let data = Interactions::from_triplets([("ann", "abba", 1.0), ("bob", "abba", 1.0), ("bob", "u2", 1.0)])?;
/// let model = Popularity.fit(&data)?;
/// let new = model.recommend(data.user("ann")?.into(), &Request::new(5))?;
/// assert_eq!(new.ranking.first().unwrap().name, "u2");
///
/// let abba = [(data.item("abba")?, 3.0)];
/// let new = model.recommend(Whom::History(&abba), &Request::new(5))?;
/// assert_eq!(new.ranking.first().unwrap().name, "u2");
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Whom<'a> {
    /// A user of the matrix.
    User(User),
    /// Somebody who played these items so often: values as in the matrix, 0 or from 1e-30 to 1e30. Values of the same
    /// item are added up, and 0 is as if the item were not there. It may be empty.
    History(&'a [(Item, f64)]),
}

impl Whom<'_> {
    /// That `data` knows the user or the items.
    pub(super) fn check(self, data: &Interactions) -> Result<()> {
        let plays = match self {
            Whom::User(user) => return data.check_user(user),
            Whom::History(plays) => plays,
        };
        for &(item, value) in plays {
            data.check_item(item)?;
            if value != 0.0 && !VALUES.contains(&value) {
                return Err(Error::invalid(
                    "history",
                    format!("{value} for item `{}`", data.item_name(item)),
                    "of numbers that are 0 or from 1e-30 to 1e30",
                ));
            }
        }
        Ok(())
    }
}

impl From<User> for Whom<'_> {
    fn from(user: User) -> Self {
        Whom::User(user)
    }
}

/// What a model reads of somebody: who they are, if it learned from them, and their plays.
///
/// Items ascend, none occurs twice, and values are positive and finite.
#[derive(Clone, Debug)]
pub struct History<'a> {
    user: Option<User>,
    catalogue: CatalogueId,
    items: Cow<'a, [u32]>,
    values: Cow<'a, [f64]>,
}

impl<'a> History<'a> {
    /// What `data` knows of `whom`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a user or an item of another matrix, and for a value that is not 0 and not from
    /// 1e-30 to 1e30.
    pub fn new(data: &'a Interactions, whom: Whom<'_>) -> Result<Self> {
        whom.check(data)?;
        match whom {
            Whom::User(user) => Ok(Self::of_user(data, user)),
            Whom::History(plays) => {
                let played = plays.iter().filter(|&&(_, value)| value > 0.0);
                let mut sorted = played
                    .map(|&(item, value)| (item.number(), value))
                    .collect();
                sort_and_sum(&mut sorted);
                let (items, values): (Vec<u32>, Vec<f64>) = sorted.into_iter().unzip();
                Ok(Self {
                    user: None,
                    catalogue: data.item_catalogue(),
                    items: items.into(),
                    values: values.into(),
                })
            }
        }
    }

    /// Of somebody who played nothing.
    pub(super) fn empty(data: &Interactions) -> Self {
        Self {
            user: None,
            catalogue: data.item_catalogue(),
            items: Cow::Borrowed(&[]),
            values: Cow::Borrowed(&[]),
        }
    }

    /// The row of a user that is known to be in the matrix.
    pub(crate) fn of_user(data: &'a Interactions, user: User) -> Self {
        let (items, values) = data.by_user().row(user.index());
        Self {
            user: Some(user),
            catalogue: data.item_catalogue(),
            items: items.into(),
            values: values.into(),
        }
    }

    /// Who it is, if a user of the matrix.
    pub fn user(&self) -> Option<User> {
        self.user
    }

    /// Whether nothing was played.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items played, in the catalogue's order, with their values.
    pub fn plays(&self) -> impl ExactSizeIterator<Item = (Item, f64)> + Clone + '_ {
        self.items
            .iter()
            .zip(self.values.iter())
            .map(|(&item, &value)| (Item::new(item, self.catalogue), value))
    }

    /// How often the item was played; 0 where it was not.
    pub fn value(&self, item: Item) -> f64 {
        self.items
            .binary_search(&item.number())
            .map_or(0.0, |at| self.values[at])
    }

    /// Whether an item was played.
    pub(crate) fn has(&self, item: u32) -> bool {
        self.items.binary_search(&item).is_ok()
    }

    /// The numbers of the items played, ascending.
    pub(crate) fn numbers(&self) -> &[u32] {
        &self.items
    }
}

/// How strongly a stored value counts: `base + slope * value`.
///
/// | parameter | meaning | range |
/// |---|---|---|
/// | `base` | what a play counts, however often or however liked | finite, at least 0 |
/// | `slope` | what the value adds | finite, at least 0; not both 0 |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlayWeight {
    /// What a play counts, however often or however liked.
    pub base: f64,
    /// What the value adds.
    pub slope: f64,
}

/// [`PlayWeight::ONE`].
impl Default for PlayWeight {
    fn default() -> Self {
        Self::ONE
    }
}

impl PlayWeight {
    /// A play counts 1, whatever its value.
    pub const ONE: Self = Self {
        base: 1.0,
        slope: 0.0,
    };

    /// A play counts its value.
    pub const VALUE: Self = Self {
        base: 0.0,
        slope: 1.0,
    };

    /// The weight of a value.
    pub fn of(self, value: f64) -> f64 {
        self.base + self.slope * value
    }

    pub(crate) fn check(self) -> Result<()> {
        let Self { base, slope } = self;
        let fits = |number: f64| (0.0..=1e30).contains(&number);
        if fits(base) && fits(slope) && base + slope > 0.0 {
            return Ok(());
        }
        Err(Error::invalid(
            "weight",
            format!("{base} + {slope} x value"),
            "of numbers from 0 to 1e30, not both 0",
        ))
    }
}
