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
//! Nothing here costs users x items: one item against all others takes as many steps as its listeners have values, and
//! all pairs of items take the sum over users of their squared numbers of values.

use crate::interactions::{Compressed, Interactions, Item, ItemName, User, UserName};
use crate::ranking::{Ranking, at_least_one, best};
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

/// The `k` items most similar to a group of users: to the column that holds 1 for each user of the group and 0 for the others.
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

/// An item and how similar it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The similar item.
    pub item: Item,
    /// The similarity, above 0 and up to 1.
    pub similarity: f64,
}

/// For every item its most similar items.
#[derive(Clone)]
pub struct ItemNeighbours {
    /// Item `i` has `offsets[i]..offsets[i + 1]` of the neighbours.
    offsets: Vec<usize>,
    neighbours: Vec<Neighbour>,
}

impl ItemNeighbours {
    /// Finds the `k` items most similar to each item by the cosine over all users.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidParameter`] for `k` = 0.
    pub fn by_cosine(data: &Interactions, k: usize) -> Result<Self> {
        at_least_one("k", k)?;
        let mut offsets = vec![0];
        let mut neighbours = Vec::new();
        let mut sums = Sums::new(data.items().len());
        for item in data.item_indices() {
            let similarities =
                cosines_of_row(data.by_item(), data.by_user(), item.index(), &mut sums);
            neighbours.extend(best(k, similarities).into_iter().map(|(item, similarity)| {
                Neighbour {
                    item: Item(item),
                    similarity,
                }
            }));
            offsets.push(neighbours.len());
        }
        Ok(Self {
            offsets,
            neighbours,
        })
    }

    /// The most similar items of `item`, best first, ties in the catalogue's order, without the item itself.
    ///
    /// Up to k: fewer where fewer have a similarity above 0, and none for an item that nobody played.
    ///
    /// # Panics
    ///
    /// If `item` is beyond the matrix that the neighbours were found in, as indexing a slice does.
    pub fn neighbours(&self, item: Item) -> &[Neighbour] {
        &self.neighbours[self.offsets[item.index()]..self.offsets[item.index() + 1]]
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl std::fmt::Debug for ItemNeighbours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ItemNeighbours({} of {} items)",
            self.neighbours.len(),
            self.len()
        )
    }
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
    let mut users: Vec<u32> = users.iter().map(|user| user.0).collect();
    users.sort_unstable();
    users.dedup();
    if users.is_empty() {
        return Err(Error::InvalidParameter {
            name: "users",
            value: "empty".into(),
            expected: "at least one user".into(),
        });
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

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, ArrayView1};
    use proptest::prelude::*;

    fn slow_cosine(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> f64 {
        let (common, na, nb) = (a.dot(&b), a.dot(&a), b.dot(&b));
        if common == 0.0 {
            0.0
        } else {
            (common * common / (na * nb)).sqrt()
        }
    }

    fn from_dense(values: &Array2<f64>) -> Interactions {
        let triplets = values
            .indexed_iter()
            .map(|((user, item), &value)| (format!("u{user}"), format!("i{item}"), value));
        Interactions::from_triplets(triplets).unwrap()
    }

    /// Up to 8 users x 7 items, values 0 to 3, more than half of them 0.
    fn counts() -> impl Strategy<Value = Array2<f64>> {
        (1usize..8, 1usize..7).prop_flat_map(|(users, items)| {
            let value = prop_oneof![3 => Just(0.0), 2 => (1u8..4).prop_map(f64::from)];
            prop::collection::vec(value, users * items)
                .prop_map(move |values| Array2::from_shape_vec((users, items), values).unwrap())
        })
    }

    /// All similarities above 0 but its own, best first, the slow way.
    fn slow_neighbours(values: &Array2<f64>, item: usize, k: usize) -> Vec<(usize, f64)> {
        let mut all: Vec<(usize, f64)> = (0..values.ncols())
            .filter(|&other| other != item)
            .map(|other| {
                (
                    other,
                    slow_cosine(values.column(item), values.column(other)),
                )
            })
            .filter(|&(_, similarity)| similarity > 0.0)
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1));
        all.truncate(k);
        all
    }

    proptest! {
        #[test]
        fn the_fast_ways_equal_the_slow_one(values in counts(), k in 1usize..8) {
            let data = from_dense(&values);
            let all = ItemNeighbours::by_cosine(&data, k).unwrap();
            for item in data.item_indices() {
                let expected = slow_neighbours(&values, item.index(), k);
                let found: Vec<_> =
                    all.neighbours(item).iter().map(|n| (n.item.index(), n.similarity)).collect();
                prop_assert_eq!(&found, &expected);

                let ranking = similar_items(&data, item, k).unwrap();
                let found: Vec<_> = ranking
                    .iter()
                    .map(|ranked| (data.item(&ranked.name).unwrap().index(), ranked.score))
                    .collect();
                prop_assert_eq!(&found, &expected);

                for other in data.item_indices() {
                    let slow = slow_cosine(values.column(item.index()), values.column(other.index()));
                    prop_assert_eq!(cosine_items(&data, item, other).unwrap(), slow);
                }
            }
            for user in data.user_indices() {
                let transposed = values.t().to_owned();
                let expected = slow_neighbours(&transposed, user.index(), k);
                let found: Vec<_> = similar_users(&data, user, k)
                    .unwrap()
                    .iter()
                    .map(|ranked| (data.user(&ranked.name).unwrap().index(), ranked.score))
                    .collect();
                prop_assert_eq!(found, expected);
            }
        }

        #[test]
        fn a_group_is_compared_as_a_column_of_ones(values in counts(), group in prop::collection::vec(0usize..8, 1..5)) {
            let data = from_dense(&values);
            let group: Vec<User> =
                group.into_iter().map(|user| User((user % values.nrows()) as u32)).collect();
            let mut column = ndarray::Array1::zeros(values.nrows());
            group.iter().for_each(|user| column[user.index()] = 1.0);

            let ranking = similar_items_to_users(&data, &group, values.ncols()).unwrap();
            let positive = values.columns().into_iter().filter(|item| item.dot(&column) > 0.0).count();
            prop_assert_eq!(ranking.len(), positive);
            for ranked in &ranking {
                let item = data.item(&ranked.name).unwrap();
                prop_assert_eq!(ranked.score, slow_cosine(column.view(), values.column(item.index())));
            }
        }

        #[test]
        fn similarity_is_symmetric_and_between_0_and_1(
            values in prop::collection::vec(0.0f64..10.0, 12)
        ) {
            let data = from_dense(&Array2::from_shape_vec((4, 3), values).unwrap());
            for a in data.item_indices() {
                for b in data.item_indices() {
                    let similarity = cosine_items(&data, a, b).unwrap();
                    prop_assert!((0.0..=1.0).contains(&similarity));
                    prop_assert_eq!(similarity, cosine_items(&data, b, a).unwrap());
                }
            }
        }

        #[test]
        fn the_order_of_the_users_changes_nothing(values in counts(), seed in any::<u64>()) {
            let mut order: Vec<usize> = (0..values.nrows()).collect();
            order.sort_by_key(|&user| seed.rotate_left(7 * user as u32) & 0xff);
            let data = from_dense(&values);
            let permuted = from_dense(&values.select(ndarray::Axis(0), &order));
            for item in data.item_indices() {
                prop_assert_eq!(
                    similar_items(&data, item, 7).unwrap(),
                    similar_items(&permuted, item, 7).unwrap()
                );
            }
        }
    }

    #[test]
    fn equal_cosines_are_equal_to_the_last_bit() {
        // 1/√(4·2) twice, and 2/√(4·8): the textbook formula gives two different doubles.
        assert_eq!(cosine(1.0, 4.0, 2.0), cosine(2.0, 4.0, 8.0));
        assert_eq!(cosine(1.0, 4.0, 2.0), cosine(3.0, 12.0, 6.0));
        assert_eq!(cosine(3.0, 3.0, 3.0), 1.0);
    }

    #[test]
    fn extreme_values_still_give_a_similarity() {
        for value in [1e-30, 1e30] {
            let data = Interactions::from_triplets([
                ("a", "x", value),
                ("a", "y", value),
                ("b", "y", value),
            ])
            .unwrap();
            let similarity =
                cosine_items(&data, data.item("x").unwrap(), data.item("y").unwrap()).unwrap();
            assert!((similarity - 0.5f64.sqrt()).abs() < 1e-15, "{similarity}");
        }
    }

    #[test]
    fn bad_arguments_are_refused() {
        let data = Interactions::from_triplets([("a", "x", 1.0)]).unwrap();
        let (user, item) = (data.user("a").unwrap(), data.item("x").unwrap());
        let zero = "`k` is 0, but must be at least 1";
        assert_eq!(similar_items(&data, item, 0).unwrap_err().to_string(), zero);
        assert_eq!(similar_users(&data, user, 0).unwrap_err().to_string(), zero);
        assert_eq!(
            similar_items_to_users(&data, &[user], 0)
                .unwrap_err()
                .to_string(),
            zero
        );
        assert_eq!(
            ItemNeighbours::by_cosine(&data, 0).unwrap_err().to_string(),
            zero
        );
        assert_eq!(
            similar_items_to_users(&data, &[], 1)
                .unwrap_err()
                .to_string(),
            "`users` is empty, but must be at least one user"
        );
        assert_eq!(
            similar_items(&data, Item(1), 1).unwrap_err().to_string(),
            "`item` is number 1 of the items, but must be one of the 1 items of this matrix; look it up there by its name"
        );
        assert!(cosine_users(&data, user, User(9)).is_err());
        assert!(cosine_items(&data, Item(9), item).is_err());
        assert!(similar_items_to_users(&data, &[user, User(2)], 1).is_err());
    }
}
