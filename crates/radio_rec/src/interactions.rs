//! Who played what how often: the sparse matrix that every recommender learns from.

mod check;
mod compressed;
mod long_table;
mod names;
mod summed;
#[cfg(test)]
mod tests;
mod wide_csv;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use ndarray::Array2;

pub use self::check::what_a_value_must_be;
use self::check::{Catalogue, check_catalogue, check_index, check_name, check_value, duplicate};
pub(crate) use self::check::{LARGEST_RATING, what_a_rating_must_be};
pub(crate) use self::compressed::{Compressed, sort_and_sum};
pub use self::long_table::{Column, Duplicates, LongTable, Progress};
pub(crate) use self::names::CatalogueId;
pub use self::names::{Item, ItemName, User, UserName};
use crate::display::{Cell, Table};
pub use crate::error::Suggestions;
use crate::near::nearest_names;
use crate::text::excerpt;
use crate::{Error, Result};

/// The smallest value above 0 and the largest that can be stored. Between them no sum of products of two values
/// overflows or vanishes, so that every similarity is a number.
pub(crate) const VALUES: std::ops::RangeInclusive<f64> = 1e-30..=1e30;

/// A sparse matrix of users x items, with their names.
///
/// The value at (user, item) says how often the user played the item, or 1 for "has played it". Values are finite and
/// positive; what is not stored is 0. Users and items keep the order in which the source names them, which is called
/// the catalogue's order, and in which ties are resolved everywhere in this crate.
///
/// The matrix never changes after it was built, and a clone shares its memory.
///
/// ```
/// use radio_rec::interactions::Interactions;
///
/// let data = Interactions::from_triplets([
///     ("ann", "abba", 1.0),
///     ("ann", "u2", 3.0),
///     ("bob", "u2", 1.0),
/// ])?;
/// let ann = data.user("ann")?;
/// assert_eq!(data.shape(), (2, 2));
/// assert_eq!(data.value(ann, data.item("u2")?), 3.0);
///
/// let error = data.item("U2").unwrap_err();
/// assert_eq!(error.to_string(), "there is no item `U2`; did you mean `u2`?");
/// # Ok::<(), radio_rec::Error>(())
/// ```
#[derive(Clone)]
pub struct Interactions(Arc<Matrix>);

struct Matrix {
    users: Vec<UserName>,
    items: Vec<ItemName>,
    user_of_name: HashMap<UserName, u32>,
    item_of_name: HashMap<ItemName, u32>,
    user_catalogue: CatalogueId,
    item_catalogue: CatalogueId,
    by_user: Compressed,
    by_item: Compressed,
    /// Of each value of `by_user` when it was, if the source says so.
    timestamps: Option<Vec<f64>>,
    /// The columns of the source that were not read.
    not_read: Vec<String>,
}

impl Interactions {
    /// Builds the matrix from (user, item, value).
    ///
    /// Users and items enter the catalogue in the order in which they are first named. Values of the same user and item
    /// are added up. A value of 0 names its user and item and stores nothing. Names are taken as they are.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for an empty name, for a value that is not a number, negative, infinite, or (where
    /// it is not 0) outside 1e-30 to 1e30, and for values of the same user and item that add up to more than 1e30.
    pub fn from_triplets<U: AsRef<str>, I: AsRef<str>>(
        triplets: impl IntoIterator<Item = (U, I, f64)>,
    ) -> Result<Self> {
        let mut users = Catalogue::default();
        let mut items = Catalogue::default();
        let mut entries = Vec::new();
        for (user, item, value) in triplets {
            let (user, item) = (user.as_ref(), item.as_ref());
            check_name("user", user)?;
            check_name("item", item)?;
            check_value(value, user, item)?;
            entries.push((users.index_of(user), items.index_of(item), value));
        }
        let users = users.names.into_iter().map(UserName::from).collect();
        let items = items.names.into_iter().map(ItemName::from).collect();
        Self::from_parts(users, items, entries)?.with_checked_sums()
    }

    /// Builds the matrix from the names of its users and items and (user, item, value), where a user and an item are
    /// positions in these lists, from 0: the coordinates of a sparse matrix.
    ///
    /// Values of the same user and item are added up, and a value of 0 stores nothing.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for an empty name, for a position past the end of its list, and for a value that is
    /// not a number, negative, infinite, or (where it is not 0) outside 1e-30 to 1e30, and for values of the same user
    /// and item that add up to more; [`Error::DuplicateName`] for a name that stands for two.
    ///
    /// ```
    /// use radio_rec::interactions::Interactions;
    ///
    /// let data = Interactions::from_coordinates(["ann", "bob"], ["abba", "u2"], [(0, 0, 1.0), (1, 0, 2.0), (1, 1, 1.0)])?;
    /// assert_eq!(data.value(data.user("bob")?, data.item("abba")?), 2.0);
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    pub fn from_coordinates<U: AsRef<str>, I: AsRef<str>>(
        users: impl IntoIterator<Item = U>,
        items: impl IntoIterator<Item = I>,
        entries: impl IntoIterator<Item = (usize, usize, f64)>,
    ) -> Result<Self> {
        let users: Vec<_> = users
            .into_iter()
            .map(|name| UserName::from(name.as_ref()))
            .collect();
        let items: Vec<_> = items
            .into_iter()
            .map(|name| ItemName::from(name.as_ref()))
            .collect();
        for name in users.iter().map(UserName::as_str) {
            check_name("user", name)?;
        }
        for name in items.iter().map(ItemName::as_str) {
            check_name("item", name)?;
        }
        let entry = |(user, item, value): (usize, usize, f64)| {
            check_index("user", user, users.len())?;
            check_index("item", item, items.len())?;
            check_value(value, users[user].as_str(), items[item].as_str())?;
            Ok((user as u32, item as u32, value))
        };
        let entries = entries.into_iter().map(entry).collect::<Result<_>>()?;
        Self::from_parts(users, items, entries)?.with_checked_sums()
    }

    /// Builds the matrix from its catalogues and (row, column, value) in any order; values were checked, zeros are
    /// dropped.
    pub(crate) fn from_parts(
        users: Vec<UserName>,
        items: Vec<ItemName>,
        entries: Vec<(u32, u32, f64)>,
    ) -> Result<Self> {
        Self::from_timed_parts(users, items, entries, None)
    }

    /// As [`from_parts`](Self::from_parts), with a timestamp for each entry: the latest of a place counts.
    pub(crate) fn from_timed_parts(
        users: Vec<UserName>,
        items: Vec<ItemName>,
        entries: Vec<(u32, u32, f64)>,
        times: Option<Vec<f64>>,
    ) -> Result<Self> {
        let mut user_of_name = HashMap::with_capacity(users.len());
        for (index, name) in (0..).zip(&users) {
            if user_of_name.insert(name.clone(), index).is_some() {
                return Err(duplicate("user", name.as_str()));
            }
        }
        let mut item_of_name = HashMap::with_capacity(items.len());
        for (index, name) in (0..).zip(&items) {
            if item_of_name.insert(name.clone(), index).is_some() {
                return Err(duplicate("item", name.as_str()));
            }
        }
        let by_user = Compressed::from_entries(users.len(), &entries);
        let timestamps = times.map(|times| {
            let mut latest = vec![f64::NEG_INFINITY; by_user.nnz()];
            for (&(user, item, value), time) in entries.iter().zip(times) {
                if value != 0.0 {
                    let at = by_user
                        .place(user as usize, item)
                        .expect("it was put there");
                    latest[at] = time.max(latest[at]);
                }
            }
            latest
        });
        drop(entries);
        let by_item = by_user.transposed(items.len());
        Ok(Self(Arc::new(Matrix {
            user_catalogue: CatalogueId::of(&users),
            item_catalogue: CatalogueId::of(&items),
            users,
            items,
            user_of_name,
            item_of_name,
            by_user,
            by_item,
            timestamps,
            not_read: Vec::new(),
        })))
    }

    /// The matrix, of a source with columns that were not read.
    fn with_not_read(mut self, columns: Vec<String>) -> Self {
        if let Some(matrix) = Arc::get_mut(&mut self.0) {
            matrix.not_read = columns;
        }
        self
    }

    /// The matrix, or an error if values of the same user and item added up to more than a value may be.
    fn with_checked_sums(self) -> Result<Self> {
        let too_large = |&value: &f64| value > *VALUES.end();
        let Some(at) = self.0.by_user.values().iter().position(too_large) else {
            return Ok(self);
        };
        let row = (0..self.0.users.len()).find(|&row| self.0.by_user.range(row).contains(&at));
        let user = row.map_or("", |row| self.0.users[row].as_str());
        let item = self.0.items[self.0.by_user.columns()[at] as usize].as_str();
        Err(Error::invalid(
            "value",
            format!(
                "{:e}, the sum of the values of user `{}` and item `{}`",
                self.0.by_user.values()[at],
                excerpt(user),
                excerpt(item)
            ),
            "at most 1e30",
        ))
    }

    /// The columns that the table had and that were not read, by their names, or by their numbers where they have none.
    ///
    /// Nothing for a matrix that does not come from a long table, or that was made from another matrix.
    ///
    /// ```
    /// use radio_rec::interactions::LongTable;
    ///
    /// let table = "user,item,rating,genre\nann,u2,3,rock\n";
    /// let data = LongTable::new().read_from(table.as_bytes(), "plays.csv")?;
    /// assert_eq!(data.not_read(), ["genre"]);
    /// assert!(data.to_string().ends_with("1 values stored; not read: genre]\n"));
    /// # Ok::<(), radio_rec::Error>(())
    /// ```
    pub fn not_read(&self) -> &[String] {
        &self.0.not_read
    }

    /// How many users and how many items there are.
    pub fn shape(&self) -> (usize, usize) {
        (self.0.users.len(), self.0.items.len())
    }

    /// How many values are stored: the number of non-zeros.
    pub fn nnz(&self) -> usize {
        self.0.by_user.nnz()
    }

    /// The names of the users, in the catalogue's order.
    pub fn users(&self) -> &[UserName] {
        &self.0.users
    }

    /// The names of the items, in the catalogue's order.
    pub fn items(&self) -> &[ItemName] {
        &self.0.items
    }

    /// All users, in the catalogue's order.
    pub fn user_indices(&self) -> impl ExactSizeIterator<Item = User> + use<> {
        let catalogue = self.0.user_catalogue;
        (0..self.0.users.len()).map(move |index| User::new(index as u32, catalogue))
    }

    /// All items, in the catalogue's order.
    pub fn item_indices(&self) -> impl ExactSizeIterator<Item = Item> + use<> {
        let catalogue = self.0.item_catalogue;
        (0..self.0.items.len()).map(move |index| Item::new(index as u32, catalogue))
    }

    /// The user of this name, if there is one.
    pub fn find_user(&self, name: impl AsRef<str>) -> Option<User> {
        let index = self.0.user_of_name.get(name.as_ref())?;
        Some(self.user_number(*index))
    }

    /// The item of this name, if there is one.
    pub fn find_item(&self, name: impl AsRef<str>) -> Option<Item> {
        let index = self.0.item_of_name.get(name.as_ref())?;
        Some(self.item_number(*index))
    }

    /// The user at this position of the catalogue, from 0, if there is one.
    pub fn user_at(&self, index: usize) -> Option<User> {
        (index < self.users().len()).then(|| self.user_number(index as u32))
    }

    /// The item at this position of the catalogue, from 0, if there is one.
    pub fn item_at(&self, index: usize) -> Option<Item> {
        (index < self.items().len()).then(|| self.item_number(index as u32))
    }

    /// The user of this name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownUser`], whose message has the most similar names there are.
    pub fn user(&self, name: impl AsRef<str>) -> Result<User> {
        let name = name.as_ref();
        self.find_user(name).ok_or_else(|| Error::UnknownUser {
            name: name.into(),
            suggestions: {
                let (data, name) = (self.clone(), name.to_owned());
                Suggestions::new(move || nearest_names(&name, data.users()))
            },
        })
    }

    /// The item of this name.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownItem`], whose message has the most similar names there are.
    pub fn item(&self, name: impl AsRef<str>) -> Result<Item> {
        let name = name.as_ref();
        self.find_item(name).ok_or_else(|| Error::UnknownItem {
            name: name.into(),
            suggestions: {
                let (data, name) = (self.clone(), name.to_owned());
                Suggestions::new(move || nearest_names(&name, data.items()))
            },
        })
    }

    /// What the user is called.
    ///
    /// # Panics
    ///
    /// If `user` is of another matrix, as indexing a slice does beyond its end.
    pub fn user_name(&self, user: User) -> &UserName {
        &self.0.users[self.row_of(user)]
    }

    /// What the item is called.
    ///
    /// # Panics
    ///
    /// If `item` is of another matrix, as indexing a slice does beyond its end.
    pub fn item_name(&self, item: Item) -> &ItemName {
        &self.0.items[self.column_of(item)]
    }

    /// The items the user played, in the catalogue's order, with their values.
    ///
    /// # Panics
    ///
    /// If `user` is of another matrix, as indexing a slice does beyond its end.
    pub fn items_of(&self, user: User) -> impl ExactSizeIterator<Item = (Item, f64)> + '_ {
        let (items, values) = self.0.by_user.row(self.row_of(user));
        let catalogue = self.0.item_catalogue;
        items
            .iter()
            .zip(values)
            .map(move |(&item, &value)| (Item::new(item, catalogue), value))
    }

    /// The users who played the item, in the catalogue's order, with their values.
    ///
    /// # Panics
    ///
    /// If `item` is of another matrix, as indexing a slice does beyond its end.
    pub fn users_of(&self, item: Item) -> impl ExactSizeIterator<Item = (User, f64)> + '_ {
        let (users, values) = self.0.by_item.row(self.column_of(item));
        let catalogue = self.0.user_catalogue;
        users
            .iter()
            .zip(values)
            .map(move |(&user, &value)| (User::new(user, catalogue), value))
    }

    /// How often the user played the item; 0 where nothing is stored.
    ///
    /// # Panics
    ///
    /// If `user` is of another matrix, as indexing a slice does beyond its end.
    pub fn value(&self, user: User, item: Item) -> f64 {
        let (items, values) = self.0.by_user.row(self.row_of(user));
        let column = self.column_of(item) as u32;
        items.binary_search(&column).map_or(0.0, |at| values[at])
    }

    /// When the user played the item: the latest timestamp that the source has for the two, in the source's unit.
    ///
    /// Nothing where no value is stored, and in a matrix that has no timestamps.
    ///
    /// # Panics
    ///
    /// If `user` is of another matrix, as indexing a slice does beyond its end.
    pub fn timestamp(&self, user: User, item: Item) -> Option<f64> {
        let timestamps = self.0.timestamps.as_ref()?;
        let (row, column) = (self.row_of(user), self.column_of(item));
        let at = self.0.by_user.place(row, column as u32)?;
        Some(timestamps[at])
    }

    /// Whether the source had timestamps.
    pub fn has_timestamps(&self) -> bool {
        self.0.timestamps.is_some()
    }

    /// The matrix without the users who played nothing. All items stay.
    ///
    /// The users after a dropped one move up: look a [`User`] up again in the new matrix.
    pub fn without_empty_users(&self) -> Self {
        let mut users = Vec::new();
        let mut entries = Vec::with_capacity(self.nnz());
        for user in self.user_indices() {
            if self.items_of(user).len() > 0 {
                let row = users.len() as u32;
                entries.extend(
                    self.items_of(user)
                        .map(|(item, value)| (row, item.number(), value)),
                );
                users.push(self.user_name(user).clone());
            }
        }
        // The values that stay are all of them, in their order.
        let times = self.0.timestamps.clone();
        Self::from_timed_parts(users, self.0.items.clone(), entries, times)
            .expect("names that were unique still are")
    }

    /// The matrix as an array of users x items, zeros included.
    pub fn to_dense(&self) -> Array2<f64> {
        let mut dense = Array2::zeros(self.shape());
        for user in self.user_indices() {
            for (item, value) in self.items_of(user) {
                dense[(user.index(), item.index())] = value;
            }
        }
        dense
    }

    /// Shows the corners of the matrix in a notebook, as text and as HTML.
    pub fn evcxr_display(&self) {
        self.to_table().evcxr_display();
    }

    /// The rows of the matrix: users x items.
    pub(crate) fn by_user(&self) -> &Compressed {
        &self.0.by_user
    }

    /// The rows of the transposed matrix: items x users.
    pub(crate) fn by_item(&self) -> &Compressed {
        &self.0.by_item
    }

    /// An error unless the matrix has this user.
    pub(crate) fn check_user(&self, user: User) -> Result<()> {
        check_catalogue(
            "user",
            user.index(),
            user.catalogue() == self.0.user_catalogue,
        )
    }

    /// An error unless the matrix has this item.
    pub(crate) fn check_item(&self, item: Item) -> Result<()> {
        check_catalogue(
            "item",
            item.index(),
            item.catalogue() == self.0.item_catalogue,
        )
    }

    /// Which users there are.
    pub(crate) fn user_catalogue(&self) -> CatalogueId {
        self.0.user_catalogue
    }

    /// Which items there are.
    pub(crate) fn item_catalogue(&self) -> CatalogueId {
        self.0.item_catalogue
    }

    /// The user at a position that is known to be in the matrix.
    pub(crate) fn user_number(&self, index: u32) -> User {
        User::new(index, self.0.user_catalogue)
    }

    /// The item at a position that is known to be in the matrix.
    pub(crate) fn item_number(&self, index: u32) -> Item {
        Item::new(index, self.0.item_catalogue)
    }

    /// The row of a user.
    fn row_of(&self, user: User) -> usize {
        assert!(
            user.catalogue() == self.0.user_catalogue,
            "{user:?} is of another matrix; look the user up in this one by the name"
        );
        user.index()
    }

    /// The column of an item.
    fn column_of(&self, item: Item) -> usize {
        assert!(
            item.catalogue() == self.0.item_catalogue,
            "{item:?} is of another matrix; look the item up in this one by the name"
        );
        item.index()
    }

    fn to_table(&self) -> Table {
        Table::corner("user", self.users(), self.items(), |user, item| {
            let (user, item) = (user as u32, item as u32);
            Cell::shortest(self.value(self.user_number(user), self.item_number(item)))
        })
        .caption(format!("[{}]", self.summary()))
    }

    fn summary(&self) -> String {
        let (users, items) = self.shape();
        let mut summary = format!(
            "{users} users x {items} items, {} values stored",
            self.nnz()
        );
        if !self.0.not_read.is_empty() {
            let names: Vec<String> = self.0.not_read.iter().map(|name| excerpt(name)).collect();
            summary += &format!("; not read: {}", names.join(", "));
        }
        summary
    }
}

impl fmt::Display for Interactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_table().fmt(f)
    }
}

impl fmt::Debug for Interactions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Interactions({})", self.summary())
    }
}
