//! The fast ways against the slow one.

mod neighbours;

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
            group.into_iter().filter_map(|user| data.user_at(user % values.nrows())).collect();
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
        let data =
            Interactions::from_triplets([("a", "x", value), ("a", "y", value), ("b", "y", value)])
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
    let other = Interactions::from_triplets([("b", "y", 1.0)]).unwrap();
    let of_another = (other.item("y").unwrap(), other.user("b").unwrap());
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
        similar_items(&data, of_another.0, 1)
            .unwrap_err()
            .to_string(),
        "`item` is number 0 of the items of another matrix, but must be one of this matrix; look the item up here by the name"
    );
    assert!(cosine_users(&data, user, of_another.1).is_err());
    assert!(cosine_items(&data, of_another.0, item).is_err());
    assert!(similar_items_to_users(&data, &[user, of_another.1], 1).is_err());
}
