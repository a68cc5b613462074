//! The matrix, built from triplets.

use super::*;

fn toy() -> Interactions {
    Interactions::from_triplets([
        ("ann", "abba", 1.0),
        ("ann", "u2", 2.0),
        ("bob", "air", 0.0),
        ("cleo", "u2", 1.0),
        ("ann", "u2", 0.5),
    ])
    .unwrap()
}

#[test]
fn triplets_keep_the_order_of_first_mention_and_add_up() {
    let data = toy();
    assert_eq!(data.users(), ["ann", "bob", "cleo"]);
    assert_eq!(data.items(), ["abba", "u2", "air"]);
    assert_eq!(data.shape(), (3, 3));
    assert_eq!(data.nnz(), 3);
    assert_eq!(
        data.to_dense(),
        ndarray::array![[1.0, 2.5, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    );
}

#[test]
fn both_directions_hold_the_same() {
    let data = toy();
    let (ann, cleo) = (data.user("ann").unwrap(), data.user("cleo").unwrap());
    let (abba, u2) = (data.item("abba").unwrap(), data.item("u2").unwrap());
    assert_eq!(
        data.items_of(ann).collect::<Vec<_>>(),
        [(abba, 1.0), (u2, 2.5)]
    );
    assert_eq!(
        data.users_of(u2).collect::<Vec<_>>(),
        [(ann, 2.5), (cleo, 1.0)]
    );
    assert_eq!(data.value(cleo, abba), 0.0);
}

#[test]
fn empty_users_go_and_items_stay() {
    let data = toy().without_empty_users();
    assert_eq!(data.users(), ["ann", "cleo"]);
    assert_eq!(data.items().len(), 3);
    let cleo = data.user("cleo").unwrap();
    assert_eq!(data.items_of(cleo).len(), 1);
}

#[test]
fn a_matrix_may_be_empty() {
    let data = Interactions::from_triplets::<&str, &str>([]).unwrap();
    assert_eq!(data.shape(), (0, 0));
    assert_eq!(data.without_empty_users().nnz(), 0);
    assert_eq!(
        data.to_string(),
        "user\n[0 users x 0 items, 0 values stored]\n"
    );
}

#[test]
fn triplets_are_checked() {
    let message = |user, item, value| {
        Interactions::from_triplets([(user, item, value)])
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        message("", "u2", 1.0),
        "`user` is empty, but must be a name"
    );
    assert_eq!(
        message("ann", "", 1.0),
        "`item` is empty, but must be a name"
    );
    assert_eq!(
        message("ann", "u2", -1.0),
        "`value` is -1 (user `ann`, item `u2`), but must be 0 or positive"
    );
    assert!(message("ann", "u2", f64::NAN).ends_with("must be a number"));
    assert!(message("ann", "u2", f64::INFINITY).ends_with("must be finite"));
    assert!(message("ann", "u2", 1e31).ends_with("must be 0 or from 1e-30 to 1e30"));
    assert!(message("ann", "u2", 1e-31).ends_with("must be 0 or from 1e-30 to 1e30"));
}

#[test]
fn sums_are_values_too() {
    let message = "`value` is 2e30, the sum of the values of user `ann` and item `u2`, but must be at most 1e30";
    let twice = [
        ("ann", "u2", 1e30),
        ("bob", "abba", 1.0),
        ("ann", "u2", 1e30),
    ];
    let error = Interactions::from_triplets(twice).unwrap_err();
    assert_eq!(error.to_string(), message);
    let places = [(0, 0, 1e30), (0, 0, 1e30)];
    let error = Interactions::from_coordinates(["ann"], ["u2"], places).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert!(
        Interactions::from_triplets(twice[..2].iter().copied()).is_ok_and(|data| data.nnz() == 2)
    );
}

#[test]
fn coordinates_are_positions_in_the_catalogues() {
    let build = |entries: &[(usize, usize, f64)]| {
        Interactions::from_coordinates(["ann", "bob"], ["u2", "abba"], entries.iter().copied())
    };
    let data = build(&[(1, 0, 1.0), (0, 1, 2.0), (1, 0, 3.0), (0, 0, 0.0)]).unwrap();
    assert_eq!(data.to_dense(), ndarray::array![[0.0, 2.0], [4.0, 0.0]]);
    assert_eq!(data.user_at(1), Some(data.user("bob").unwrap()));
    assert_eq!(data.item_at(1), data.find_item("abba"));
    assert_eq!((data.user_at(2), data.item_at(2)), (None, None));
    assert_eq!((data.find_user("cleo"), data.find_item("U2")), (None, None));

    let message = |entry| build(&[entry]).unwrap_err().to_string();
    assert!(
        message((2, 0, 1.0))
            .starts_with("`user` is number 2 of the users, but must be one of the 2")
    );
    assert!(message((0, 2, 1.0)).starts_with("`item` is number 2 of the items"));
    assert_eq!(
        message((0, 0, -1.0)),
        "`value` is -1 (user `ann`, item `u2`), but must be 0 or positive"
    );
    let error = Interactions::from_coordinates(["a", "a"], ["x"], []);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("the user `a` occurs twice")
    );
    let error = Interactions::from_coordinates(["a"], [""], []);
    assert_eq!(
        error.unwrap_err().to_string(),
        "`item` is empty, but must be a name"
    );
}

#[test]
fn names_in_a_catalogue_are_unique() {
    let error = Interactions::from_parts(vec!["a".into(), "a".into()], vec![], vec![]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "the user `a` occurs twice; give each user its own name"
    );
    let error = Interactions::from_parts(vec![], vec!["b".into(), "b".into()], vec![]);
    assert!(
        error
            .unwrap_err()
            .to_string()
            .starts_with("the item `b` occurs twice")
    );
}

#[test]
fn a_lookup_of_nothing_suggests() {
    let message = toy().user("Anne").unwrap_err().to_string();
    assert_eq!(message, "there is no user `Anne`; did you mean `ann`?");
    let message = toy().item("metallica").unwrap_err().to_string();
    assert_eq!(
        message,
        "there is no item `metallica`; `items()` lists the names there are"
    );
}

#[test]
fn the_text_form_shows_whole_numbers_as_such() {
    assert_eq!(
        toy().to_string(),
        "user  abba        u2  air\n\
         ann      1  2.500000    0\n\
         bob      0         0    0\n\
         cleo     0         1    0\n\
         [3 users x 3 items, 3 values stored]\n"
    );
    assert_eq!(
        format!("{:?}", toy()),
        "Interactions(3 users x 3 items, 3 values stored)"
    );
}
