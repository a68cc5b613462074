//! Top-k neighbours of all items or of all users.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::kernel::{Column, Sides, Value};
use super::measure::{Measure, Row};
use super::select::TopK;
use super::weighting::Weighting;
use crate::interactions::{Compressed, Interactions, Item, User};
use crate::parallel;
use crate::ranking::at_least_one;
use crate::{Error, Result};

/// How neighbours are found: the parameters.
///
/// The neighbours of an item are the k other items that are most similar to it, of those that have at least one user in
/// common with it, a sum of products above 0, and a similarity above 0. Of users the same, with items in common. (Where
/// values are not replaced, a user in common is enough for the sum; TF-IDF gives what nearly all have no weight, or one
/// below 0.)
///
/// | parameter | meaning | range, default |
/// |---|---|---|
/// | `k` | how many neighbours each is given at most; beyond the catalogue it means all | at least 1 |
/// | `measure` | the similarity | [`Measure::Cosine`] |
/// | `weighting` | what values are replaced by first; measures of sets see no values, and take none | [`Weighting::None`] |
/// | `minimum_support` | how many users two items must have in common | at least 1; 1 |
/// | `shrinkage` | λ: a similarity counts n / (n + λ), with n the users in common (Koren, "Factorization meets the neighborhood", KDD 2008, section 2.2) | 0 or positive; 0 |
///
/// The result is the same, bit for bit, for any number of threads. It takes time in proportion to the sum over users of
/// their squared number of values, and memory for one row of sums a thread besides the result and a narrow copy of the
/// matrix.
///
/// ```
/// use radio_rec::interactions::Interactions;
/// use radio_rec::similarity::{Measure, Neighbourhood};
///
/// let data = Interactions::from_triplets([
///     ("ann", "abba", 1.0), ("ann", "u2", 1.0),
///     ("bob", "u2", 1.0), ("bob", "air", 1.0), ("cleo", "air", 1.0),
/// ])?;
/// let neighbours = Neighbourhood::new(20).measure(Measure::Jaccard).of_items(&data)?;
/// let of_u2 = neighbours.neighbours(data.item("u2")?);
/// assert_eq!(data.item_name(of_u2[0].item), "abba");
/// assert_eq!(of_u2[0].similarity, 0.5);
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Neighbourhood {
    /// How many neighbours each is given at most.
    pub k: usize,
    /// The similarity.
    #[serde(default)]
    pub measure: Measure,
    /// What values are replaced by first.
    #[serde(default)]
    pub weighting: Weighting,
    /// How many users (items) two must have in common.
    #[serde(default = "one")]
    pub minimum_support: usize,
    /// How much smaller similarities are made that rest on few.
    #[serde(default)]
    pub shrinkage: f64,
}

fn one() -> usize {
    1
}

impl Neighbourhood {
    /// The `k` nearest by the cosine; parameters are checked when neighbours are looked for.
    pub fn new(k: usize) -> Self {
        Self {
            k,
            measure: Measure::Cosine,
            weighting: Weighting::None,
            minimum_support: 1,
            shrinkage: 0.0,
        }
    }

    /// By another measure.
    pub fn measure(self, measure: Measure) -> Self {
        Self { measure, ..self }
    }

    /// With other values.
    pub fn weighting(self, weighting: Weighting) -> Self {
        Self { weighting, ..self }
    }

    /// Among those with at least this many users (items) in common.
    pub fn minimum_support(self, minimum_support: usize) -> Self {
        Self {
            minimum_support,
            ..self
        }
    }

    /// With similarities that rest on few users (items) in common made smaller.
    pub fn shrinkage(self, shrinkage: f64) -> Self {
        Self { shrinkage, ..self }
    }

    /// The most similar items of each item.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range.
    pub fn of_items(&self, data: &Interactions) -> Result<ItemNeighbours> {
        let lists = self.lists_of_items(data, None)?;
        let lists = lists.into();
        Ok(ItemNeighbours { lists })
    }

    /// [`of_items`](Self::of_items) of a matrix that came of another, of which `old` are, by new plays of the items
    /// that have `changed`.
    pub(crate) fn of_changed_items(
        &self,
        old: &ItemNeighbours,
        data: &Interactions,
        changed: &[bool],
    ) -> Result<ItemNeighbours> {
        if self.measure.depends_on_all() || self.weighting != Weighting::None {
            return self.of_items(data);
        }
        // Those that have changed, and those that have a user in common with one of them.
        let mut wanted = changed.to_vec();
        for item in data.item_indices().filter(|item| changed[item.index()]) {
            for (user, _) in data.users_of(item) {
                for (other, _) in data.items_of(user) {
                    wanted[other.index()] = true;
                }
            }
        }
        let numbers: Vec<u32> = (0..)
            .zip(&wanted)
            .filter(|of| *of.1)
            .map(|of| of.0)
            .collect();
        let mut found = self.lists_of_items(data, Some(&numbers))?.into_iter();
        let list = |item: Item| match wanted[item.index()] {
            true => found.next().expect("a list for each that was wanted"),
            // Items that came to it now have changed, or nobody played them.
            false if item.index() >= old.len() => Vec::new(),
            false => {
                let old = old.lists.of(item.index()).iter();
                old.map(|neighbour| Neighbour {
                    item: data.item_number(neighbour.item.number()),
                    ..*neighbour
                })
                .collect()
            }
        };
        let lists: Vec<_> = data.item_indices().map(list).collect();
        let lists = lists.into();
        Ok(ItemNeighbours { lists })
    }

    fn lists_of_items(
        &self,
        data: &Interactions,
        wanted: Option<&[u32]>,
    ) -> Result<Vec<Vec<Neighbour>>> {
        let neighbour = |item, similarity| Neighbour {
            item: data.item_number(item),
            similarity,
        };
        self.lists(data.by_item(), data.by_user(), wanted, &neighbour)
    }

    /// The most similar users of each user.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for a parameter outside its range.
    pub fn of_users(&self, data: &Interactions) -> Result<UserNeighbours> {
        let neighbour = |user, similarity| UserNeighbour {
            user: data.user_number(user),
            similarity,
        };
        let lists = self.lists(data.by_user(), data.by_item(), None, &neighbour)?;
        let lists = lists.into();
        Ok(UserNeighbours { lists })
    }

    /// That every parameter is within its range.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for the first that is not.
    pub fn check(&self) -> Result<()> {
        at_least_one("k", self.k)?;
        at_least_one("minimum_support", self.minimum_support)?;
        self.weighting.check()?;
        if !(0.0..=1e30).contains(&self.shrinkage) {
            return Err(Error::invalid(
                "shrinkage",
                self.shrinkage,
                "from 0 to 1e30",
            ));
        }
        if self.measure.is_of_sets() && self.weighting != Weighting::None {
            return Err(Error::invalid(
                "weighting",
                format!("{:?} with the measure {}", self.weighting, self.measure),
                "none for a measure that sees only who has what",
            ));
        }
        Ok(())
    }

    /// The neighbours of each of `rows`, or of those that are wanted; `across` is their transpose.
    fn lists<N: Send>(
        &self,
        rows: &Compressed,
        across: &Compressed,
        wanted: Option<&[u32]>,
        neighbour: &(dyn Fn(u32, f64) -> N + Sync),
    ) -> Result<Vec<Vec<N>>> {
        self.check()?;
        let weighted = self.weighting.weighted(rows, across);
        let rows = weighted.as_ref().unwrap_or(rows);
        let prepared = {
            let transposed = weighted.as_ref().map(|rows| rows.transposed(across.rows()));
            self.measure
                .prepared(rows, transposed.as_ref().unwrap_or(across))
        };
        // Where values were replaced, those of the transpose are too.
        let replaced = weighted.is_some() || prepared.is_some();
        let rows = prepared.as_ref().unwrap_or(rows);
        let transposed = replaced.then(|| rows.transposed(across.rows()));
        let across = transposed.as_ref().unwrap_or(across);

        let of_each: Vec<Row> = (0..rows.rows())
            .map(|row| self.measure.row(rows.row(row).1))
            .collect();
        let narrow = rows.rows() <= usize::from(u16::MAX) + 1;
        let narrow: Option<Vec<u16>> = narrow.then(|| {
            let columns = across.columns();
            columns.iter().map(|&column| column as u16).collect()
        });
        let search = Search {
            parameters: self,
            of_each: &of_each,
            rows,
            across,
            wanted,
        };
        Ok(match narrow {
            Some(columns) => search.by_values(&columns, neighbour),
            None => search.by_values(across.columns(), neighbour),
        })
    }
}

/// What the search needs, before the types of columns and values are chosen.
struct Search<'a> {
    parameters: &'a Neighbourhood,
    of_each: &'a [Row],
    rows: &'a Compressed,
    /// The transpose of `rows`.
    across: &'a Compressed,
    /// The rows whose neighbours are looked for, if not those of all.
    wanted: Option<&'a [u32]>,
}

impl Search<'_> {
    /// Chooses the narrowest values.
    fn by_values<C: Column, N: Send>(
        &self,
        columns: &[C],
        neighbour: &(dyn Fn(u32, f64) -> N + Sync),
    ) -> Vec<Vec<N>> {
        let values = self.rows.values();
        if self.parameters.measure.is_of_sets() || values.iter().all(|&value| value == 1.0) {
            let ones = vec![(); values.len()];
            return self.run(columns, &ones, &ones, neighbour);
        }
        // No sum of products is above the larger of two norms (Cauchy and Schwarz).
        let small =
            (0..self.rows.rows()).all(|row| self.rows.squared_norm(row) < f64::from(1 << 30));
        let across = self.across.values();
        if small && values.iter().all(|&value| value == f64::from(value as u8)) {
            let narrow = |values: &[f64]| values.iter().map(|&value| value as u8).collect();
            let (values, across): (Vec<u8>, Vec<u8>) = (narrow(values), narrow(across));
            return self.run(columns, &values, &across, neighbour);
        }
        if small && values.iter().all(|&value| value == f64::from(value as u16)) {
            let narrow = |values: &[f64]| values.iter().map(|&value| value as u16).collect();
            let (values, across): (Vec<u16>, Vec<u16>) = (narrow(values), narrow(across));
            return self.run(columns, &values, &across, neighbour);
        }
        self.run(columns, values, across, neighbour)
    }

    fn run<C: Column, V: Value, N: Send>(
        &self,
        across_columns: &[C],
        row_values: &[V],
        across_values: &[V],
        neighbour: &(dyn Fn(u32, f64) -> N + Sync),
    ) -> Vec<Vec<N>> {
        let &Neighbourhood {
            k,
            measure,
            minimum_support,
            shrinkage,
            ..
        } = self.parameters;
        let ones = vec![(); row_values.len()];
        let sides = Sides::new(
            self.rows,
            self.across,
            across_columns,
            row_values,
            across_values,
        );
        let supports = (minimum_support > 1 || shrinkage > 0.0)
            .then(|| Sides::new(self.rows, self.across, across_columns, &ones, &ones));
        let parameters = (measure, k, minimum_support, shrinkage);
        let top_k = TopK::new(sides, supports, self.of_each, self.rows, parameters);
        let list = |scratch: &mut _, at: usize| {
            let row = self.wanted.map_or(at, |wanted| wanted[at] as usize);
            let similar = top_k.most_similar(row, scratch).into_iter();
            similar
                .map(|(other, similarity)| neighbour(other, similarity))
                .collect()
        };
        let rows = self.wanted.map_or(self.rows.rows(), |wanted| wanted.len());
        parallel::map_init(rows, || top_k.scratch(), list)
    }
}

/// An item and how similar it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The similar item.
    pub item: Item,
    /// The similarity, above 0: the [`Measure`] says up to what.
    pub similarity: f64,
}

/// A user and how similar they are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UserNeighbour {
    /// The similar user.
    pub user: User,
    /// The similarity, above 0: the [`Measure`] says up to what.
    pub similarity: f64,
}

/// For every item its most similar items.
#[derive(Clone)]
pub struct ItemNeighbours {
    lists: Lists<Neighbour>,
}

/// For every user the most similar users.
#[derive(Clone)]
pub struct UserNeighbours {
    lists: Lists<UserNeighbour>,
}

impl ItemNeighbours {
    /// Of each item its neighbours, best first, which were found before.
    pub(crate) fn from_rows(rows: impl IntoIterator<Item = Vec<Neighbour>>) -> Self {
        Self {
            lists: rows.into_iter().collect::<Vec<_>>().into(),
        }
    }

    /// Finds the `k` items most similar to each item by the cosine over all users.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for `k` = 0.
    pub fn by_cosine(data: &Interactions, k: usize) -> Result<Self> {
        Neighbourhood::new(k).of_items(data)
    }

    /// The most similar items of `item`, best first, ties in the catalogue's order, without the item itself.
    ///
    /// Up to k: fewer where fewer have a similarity above 0, and none for an item that nobody played.
    ///
    /// # Panics
    ///
    /// If `item` is beyond the matrix that the neighbours were found in, as indexing a slice does.
    pub fn neighbours(&self, item: Item) -> &[Neighbour] {
        self.lists.of(item.index())
    }

    /// The neighbours of each item.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[Neighbour]> {
        (0..self.len()).map(|item| self.lists.of(item))
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl UserNeighbours {
    /// The most similar users of `user`, best first, ties in the catalogue's order, without the user themself.
    ///
    /// Up to k: fewer where fewer have a similarity above 0, and none for a user who played nothing.
    ///
    /// # Panics
    ///
    /// If `user` is beyond the matrix that the neighbours were found in, as indexing a slice does.
    pub fn neighbours(&self, user: User) -> &[UserNeighbour] {
        self.lists.of(user.index())
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether there is no user.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for ItemNeighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.lists.entries.len();
        write!(f, "ItemNeighbours({found} of {} items)", self.len())
    }
}

impl fmt::Debug for UserNeighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = self.lists.entries.len();
        write!(f, "UserNeighbours({found} of {} users)", self.len())
    }
}

/// A list for each index, end to end.
#[derive(Clone)]
struct Lists<N> {
    /// List `i` is `offsets[i]..offsets[i + 1]` of the entries.
    offsets: Vec<usize>,
    entries: Vec<N>,
}

impl<N> Lists<N> {
    fn of(&self, index: usize) -> &[N] {
        &self.entries[self.offsets[index]..self.offsets[index + 1]]
    }

    fn len(&self) -> usize {
        self.offsets.len() - 1
    }
}

impl<N> From<Vec<Vec<N>>> for Lists<N> {
    fn from(lists: Vec<Vec<N>>) -> Self {
        let mut offsets = Vec::with_capacity(lists.len() + 1);
        offsets.push(0);
        let mut entries = Vec::with_capacity(lists.iter().map(Vec::len).sum());
        for list in lists {
            entries.extend(list);
            offsets.push(entries.len());
        }
        Self { offsets, entries }
    }
}
