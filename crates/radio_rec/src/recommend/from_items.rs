//! Recommends to somebody of whom only a few items are known.

use crate::interactions::{Interactions, Item, ItemName, User};
use crate::ranking::{Ranking, at_least_one};
use crate::similarity::{similarities_of_item, similarities_of_users};
use crate::{Error, Result};

/// The best `n` items for someone who likes all of `items`, by the sum of their cosine similarities to each of them.
///
/// The score is from 0 to the number of items. An item that is close to one of them can outrank one that is somewhat
/// close to all. The named items themselves are left out; an item named twice counts once; fewer than `n` come where
/// fewer have a score above 0.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for `n` = 0, for no items, and for an item that the matrix does not have.
pub fn by_summed_similarity(
    data: &Interactions,
    items: &[Item],
    n: usize,
) -> Result<Ranking<ItemName>> {
    at_least_one("n", n)?;
    let named = distinct(items)?;
    let mut sums = vec![0.0; data.items().len()];
    for &item in &named {
        for (other, similarity) in similarities_of_item(data, item)? {
            sums[other as usize] += similarity;
        }
    }
    let scores = without(&named, (0..).zip(sums));
    Ok(Ranking::of_positive(n, scores, data.items()))
}

/// The best `n` items for someone who likes `items`, by their cosine similarity to "has played any of them".
///
/// The score, from 0 to 1, compares the users who played an item with those who played at least one of the named items:
/// see [`similar_items_to_users`](crate::similarity::similar_items_to_users). The named items themselves are left out;
/// fewer than `n` come where fewer have a score above 0, and none where nobody played any of the named ones.
///
/// # Errors
///
/// [`Error::InvalidParameter`] for `n` = 0, for no items, and for an item that the matrix does not have.
pub fn by_listeners(data: &Interactions, items: &[Item], n: usize) -> Result<Ranking<ItemName>> {
    at_least_one("n", n)?;
    let named = distinct(items)?;
    let mut listeners: Vec<User> = Vec::new();
    for &item in &named {
        data.check_item(item)?;
        listeners.extend(data.users_of(item).map(|(user, _)| user));
    }
    let similarities = match listeners.as_slice() {
        [] => Vec::new(),
        listeners => similarities_of_users(data, listeners)?,
    };
    let scores = without(&named, similarities);
    Ok(Ranking::of_positive(n, scores, data.items()))
}

/// The items, each once, in the catalogue's order.
fn distinct(items: &[Item]) -> Result<Vec<Item>> {
    if items.is_empty() {
        return Err(Error::invalid("items", "empty", "at least one item"));
    }
    let mut items = items.to_vec();
    items.sort_unstable();
    items.dedup();
    Ok(items)
}

/// The scores of all items but the named ones, which are sorted.
fn without(named: &[Item], scores: impl IntoIterator<Item = (u32, f64)>) -> Vec<(u32, f64)> {
    scores
        .into_iter()
        .filter(|&(item, _)| {
            named
                .binary_search_by_key(&item, |named| named.number())
                .is_err()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four users: two of x, one of both, one of y.
    fn toy() -> Interactions {
        Interactions::from_triplets([
            ("1", "x", 1.0),
            ("1", "a", 1.0),
            ("2", "x", 1.0),
            ("2", "b", 1.0),
            ("3", "y", 1.0),
            ("3", "b", 1.0),
            ("4", "c", 1.0),
            ("4", "nobody's", 0.0),
        ])
        .unwrap()
    }

    #[test]
    fn both_readings_of_a_toy() {
        let data = toy();
        let items = [data.item("x").unwrap(), data.item("y").unwrap()];
        let summed = by_summed_similarity(&data, &items, 9).unwrap();
        assert_eq!(summed.names().collect::<Vec<_>>(), ["b", "a"]);
        let expected = [0.5 + 0.5f64.sqrt(), 0.5f64.sqrt()];
        for (score, expected) in summed.scores().zip(expected) {
            assert!((score - expected).abs() < 1e-15);
        }

        let either = by_listeners(&data, &items, 9).unwrap();
        assert_eq!(either.names().collect::<Vec<_>>(), ["b", "a"]);
        let expected = [(4.0f64 / 6.0).sqrt(), (1.0f64 / 3.0).sqrt()];
        assert_eq!(either.scores().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn naming_an_item_twice_changes_nothing() {
        let data = toy();
        let (x, y) = (data.item("x").unwrap(), data.item("y").unwrap());
        for model in [by_summed_similarity, by_listeners] {
            assert_eq!(
                model(&data, &[x, y], 9).unwrap(),
                model(&data, &[y, x, y], 9).unwrap()
            );
        }
    }

    #[test]
    fn an_item_that_nobody_played_has_no_recommendations() {
        let data = toy();
        let item = data.item("nobody's").unwrap();
        for model in [by_summed_similarity, by_listeners] {
            assert!(model(&data, &[item], 9).unwrap().is_empty());
        }
    }

    #[test]
    fn bad_arguments_are_refused() {
        let data = toy();
        let x = data.item("x").unwrap();
        for model in [by_summed_similarity, by_listeners] {
            assert_eq!(
                model(&data, &[x], 0).unwrap_err().to_string(),
                "`n` is 0, but must be at least 1"
            );
            assert_eq!(
                model(&data, &[], 1).unwrap_err().to_string(),
                "`items` is empty, but must be at least one item"
            );
            let other = Interactions::from_triplets([("1", "x", 1.0)]).unwrap();
            assert!(model(&data, &[x, other.item("x").unwrap()], 1).is_err());
        }
    }
}
