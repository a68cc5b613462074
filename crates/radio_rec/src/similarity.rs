//! How alike two items or two users are, and who is nearest.
//!
//! The measure is the cosine of the angle between two columns (rows) of the matrix, Σ ab / √(Σ a² · Σ b²): from 0, with
//! no user (item) in common, to 1, the same up to a factor. Where one of the two is all zeros it is 0 here; the formula
//! would divide by zero.
//!
//! It is computed as √(c² / (na · nb)) from the three sums c, na and nb. Sums of whole numbers are exact, as are the
//! products while they stay below 2⁵³, so that cosines which are equal as mathematics are equal to the last bit;
//! c / (√na · √nb) rounds each root, and orders such cosines by noise. Rankings also forgive what rounding remains in
//! other data: see [`ranking`](crate::ranking).
//!
//! That is the measure of the functions of this module; a [`Measure`] is any other, of two or, by a [`Neighbourhood`],
//! of all items or users at once.
//!
//! Nothing here costs users x items: one item against all others takes as many steps as its listeners have values, and
//! all pairs of items take the sum over users of their squared numbers of values.

mod kernel;
mod measure;
mod neighbours;
mod select;
#[cfg(test)]
mod tests;
mod weighting;

pub use self::measure::{ColumnSums, Measure};
pub use self::neighbours::{
    ItemNeighbours, Neighbour, Neighbourhood, UserNeighbour, UserNeighbours,
};
pub use self::weighting::Weighting;
use crate::interactions::{Compressed, Interactions, Item, ItemName, User, UserName};
use crate::ranking::{Ranking, at_least_one};
use crate::{Error, Result};

/// The cosine similarity of two items over all users, from 0 to 1. Of a played item with itself it is 1.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for an item that the matrix does not have.
pub fn cosine_items(data: &Interactions, a: Item, b: Item) -> Result<f64> {
    data.check_item(a)?;
    data.check_item(b)?;
    Ok(cosine_of_rows(data.by_item(), a.index(), b.index()))
}

/// The cosine similarity of two users over all items, from 0 to 1. Of a user with values with themself it is 1.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for a user that the matrix does not have.
pub fn cosine_users(data: &Interactions, a: User, b: User) -> Result<f64> {
    data.check_user(a)?;
    data.check_user(b)?;
    Ok(cosine_of_rows(data.by_user(), a.index(), b.index()))
}

/// The `k` items most similar to `item` by the cosine over all users, without the item itself.
///
/// Fewer where fewer have a similarity above 0.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for `k` = 0, and for an item that the matrix does not have.
///
/// ```
/// use radio_rec::interactions::Interactions;
/// use radio_rec::similarity::similar_items;
///
/// let data = Interactions::from_triplets([
///     ("ann", "abba", 1.0), ("ann", "u2", 1.0),
///     ("bob", "u2", 1.0), ("bob", "air", 1.0), ("cleo", "air", 1.0),
/// ])?;
/// let similar = similar_items(&data, data.item("u2")?, 10)?;
/// assert_eq!(similar.names().collect::<Vec<_>>(), ["abba", "air"]); // 0.707107, 0.5
/// # Ok::<(), radio_rec::Error>(())
/// ```
pub fn similar_items(data: &Interactions, item: Item, k: usize) -> Result<Ranking<ItemName>> {
    at_least_one("k", k)?;
    let similarities = similarities_of_item(data, item)?;
    Ok(Ranking::of_positive(k, similarities, data.items()))
}

/// The `k` users most similar to `user` by the cosine over all items, without the user themself.
///
/// Fewer where fewer have a similarity above 0.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for `k` = 0, and for a user that the matrix does not have.
pub fn similar_users(data: &Interactions, user: User, k: usize) -> Result<Ranking<UserName>> {
    at_least_one("k", k)?;
    let similarities = similarities_of_user(data, user)?;
    Ok(Ranking::of_positive(k, similarities, data.users()))
}

/// The `k` items most similar to a group of users: to the column that holds 1 for each user of the group and 0 for the
/// others.
///
/// An item is similar to the group when it is played by many of the group and by few others. A user who is named twice
/// counts once. No item is left out; fewer than `k` come where fewer have a similarity above 0.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for `k` = 0, for an empty group, and for a user that the matrix does not have.
pub fn similar_items_to_users(
    data: &Interactions,
    users: &[User],
    k: usize,
) -> Result<Ranking<ItemName>> {
    at_least_one("k", k)?;
    let similarities = similarities_of_users(data, users)?;
    Ok(Ranking::of_positive(k, similarities, data.items()))
}

/// The similarity of `item` to every other item that has a listener in common with it, in no order.
pub(crate) fn similarities_of_item(data: &Interactions, item: Item) -> Result<Vec<(u32, f64)>> {
    data.check_item(item)?;
    let mut sums = Sums::new(data.items().len());
    Ok(cosines_of_row(
        data.by_item(),
        data.by_user(),
        item.index(),
        &mut sums,
    ))
}

/// The similarity of `user` to every other user that has an item in common with them, in no order.
pub(crate) fn similarities_of_user(data: &Interactions, user: User) -> Result<Vec<(u32, f64)>> {
    data.check_user(user)?;
    let mut sums = Sums::new(data.users().len());
    Ok(cosines_of_row(
        data.by_user(),
        data.by_item(),
        user.index(),
        &mut sums,
    ))
}

/// The similarity of every item that one of the users played to the column that is 1 for those users, in no order.
pub(crate) fn similarities_of_users(
    data: &Interactions,
    users: &[User],
) -> Result<Vec<(u32, f64)>> {
    for &user in users {
        data.check_user(user)?;
    }
    let mut users: Vec<u32> = users.iter().map(|user| user.number()).collect();
    users.sort_unstable();
    users.dedup();
    if users.is_empty() {
        return Err(Error::invalid("users", "empty", "at least one user"));
    }
    let mut sums = Sums::new(data.items().len());
    for &user in &users {
        sums.add_multiple(1.0, data.by_user().row(user as usize));
    }
    let squared_norm = users.len() as f64;
    Ok(sums
        .drain()
        .map(|(item, common)| {
            (
                item,
                cosine(
                    common,
                    squared_norm,
                    data.by_item().squared_norm(item as usize),
                ),
            )
        })
        .collect())
}

/// The cosine from c = Σ ab, na = Σ a² and nb = Σ b², for values that are not negative.
fn cosine(common: f64, squared_norm_a: f64, squared_norm_b: f64) -> f64 {
    if common == 0.0 {
        return 0.0;
    }
    // Rounding can lift two proportional columns of fractions above 1 by the last bit.
    (common * common / (squared_norm_a * squared_norm_b))
        .sqrt()
        .min(1.0)
}

/// The cosine of two rows, by walking along both.
fn cosine_of_rows(rows: &Compressed, a: usize, b: usize) -> f64 {
    let ((columns_a, values_a), (columns_b, values_b)) = (rows.row(a), rows.row(b));
    let (mut at_a, mut at_b, mut common) = (0, 0, 0.0);
    while at_a < columns_a.len() && at_b < columns_b.len() {
        match columns_a[at_a].cmp(&columns_b[at_b]) {
            std::cmp::Ordering::Less => at_a += 1,
            std::cmp::Ordering::Greater => at_b += 1,
            std::cmp::Ordering::Equal => {
                common += values_a[at_a] * values_b[at_b];
                at_a += 1;
                at_b += 1;
            }
        }
    }
    cosine(common, rows.squared_norm(a), rows.squared_norm(b))
}

/// The cosine of `row` with every other row that shares a column with it, in no order.
fn cosines_of_row(
    rows: &Compressed,
    columns: &Compressed,
    row: usize,
    sums: &mut Sums,
) -> Vec<(u32, f64)> {
    let (row_columns, row_values) = rows.row(row);
    for (&column, &value) in row_columns.iter().zip(row_values) {
        sums.add_multiple(value, columns.row(column as usize));
    }
    let squared_norm = rows.squared_norm(row);
    sums.drain()
        .filter(|&(other, _)| other as usize != row)
        .map(|(other, common)| {
            (
                other,
                cosine(common, squared_norm, rows.squared_norm(other as usize)),
            )
        })
        .collect()
}

/// A sum for each index, of which only few are touched between two uses.
struct Sums {
    sums: Vec<f64>,
    /// The indices whose sum is not 0.
    touched: Vec<u32>,
}

impl Sums {
    fn new(len: usize) -> Self {
        Self {
            sums: vec![0.0; len],
            touched: Vec::new(),
        }
    }

    /// Adds `factor` times a sparse row. Factor and values are positive, so a sum is 0 only before its first use.
    fn add_multiple(&mut self, factor: f64, (indices, values): (&[u32], &[f64])) {
        for (&index, &value) in indices.iter().zip(values) {
            let sum = &mut self.sums[index as usize];
            if *sum == 0.0 {
                self.touched.push(index);
            }
            *sum += factor * value;
        }
    }

    /// The sums that are not 0, which are 0 again afterwards.
    fn drain(&mut self) -> impl Iterator<Item = (u32, f64)> + '_ {
        let Self { sums, touched } = self;
        touched
            .drain(..)
            .map(|index| (index, std::mem::take(&mut sums[index as usize])))
    }
}
