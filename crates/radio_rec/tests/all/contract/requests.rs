//! All of a request, by every way to ask.

use proptest::prelude::*;
use radio_rec::interactions::{Interactions, Item, User};
use radio_rec::recommend::{
    Algorithm, Basis, Fit, ItemKnn, ItemScore, Model, Recommender, Request, UserKnn, Whom,
};

use super::{algorithms, all, everybody, models, two_tastes};

#[test]
fn bad_arguments_are_refused() {
    let data = two_tastes();
    // As many users and items, but others.
    let other = (0..24).map(|n| (format!("v{n}"), format!("i{}", n % 16), 1.0));
    let other = Interactions::from_triplets(other).unwrap();
    let (user, item) = (other.user("v1").unwrap(), other.item("i1").unwrap());
    let (me, known) = (data.user("u1").unwrap(), data.item("rock 1").unwrap());
    for model in &models(&data) {
        let message = |whom: Whom<'_>, request: &Request| {
            let one = model.recommend(whom, request).unwrap_err().to_string();
            let many = model.recommend_all(&[me.into(), whom], request);
            assert_eq!(many.unwrap_err().to_string(), one);
            one
        };
        let one = Request::new(1);
        assert_eq!(
            message(me.into(), &Request::new(0)),
            "`n` is 0, but must be at least 1"
        );
        assert_eq!(
            message(me.into(), &Request::new(1).minimum_score(f64::NAN)),
            "`minimum_score` is NaN, but must be a number"
        );
        assert_eq!(
            message(user.into(), &one),
            "`user` is number 1 of the users of another matrix, but must be one of this matrix; look the user up here by the name"
        );
        let of_another = "`item` is number 1 of the items of another matrix";
        assert!(message(Whom::History(&[(item, 1.0)]), &one).starts_with(of_another));
        assert!(message(me.into(), &Request::new(1).only([item])).starts_with(of_another));
        assert!(message(me.into(), &Request::new(1).without([item])).starts_with(of_another));
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(message(Whom::History(&[(known, value)]), &one).starts_with("`history` is "));
        }
        assert!(model.scores_of(me.into(), &[item]).is_err());
        assert!(model.scores_of(user.into(), &[known]).is_err());
        if let Some(similar) = model.as_similar_items() {
            assert!(similar.similar_items(item, 1).is_err());
            assert!(similar.similar_items(known, 0).is_err());
        }
        if let Some(similar) = model.as_similar_users() {
            assert!(similar.similar_users(user.into(), 1).is_err());
            assert!(similar.similar_users(me.into(), 0).is_err());
        }
        if let Some(explain) = model.as_explain() {
            assert!(explain.explain(me.into(), item, 1).is_err());
            assert!(explain.explain(user.into(), known, 1).is_err());
            assert!(explain.explain(me.into(), known, 0).is_err());
        }
    }
    let empty = Interactions::from_triplets([("a", "x", 0.0)]).unwrap();
    for algorithm in algorithms(&empty) {
        let message = algorithm.fit(&empty).unwrap_err().to_string();
        assert!(
            message.starts_with("`data` is a matrix without values"),
            "{message}"
        );
    }
}

/// What a request asks for, of all scores that a model has: the readable version.
fn of_scores(
    model: &Model,
    whom: Whom<'_>,
    n: usize,
    wanted: impl Fn(Item) -> bool,
    least: f64,
) -> Vec<(Item, f64)> {
    let items: Vec<Item> = model.data().item_indices().collect();
    let scores = model.scores_of(whom, &items).unwrap();
    let mut scored: Vec<_> = items
        .into_iter()
        .zip(scores)
        .filter_map(|(item, score)| Some((item, score?)))
        .filter(|&(item, score)| wanted(item) && score >= least)
        .collect();
    let digits = |score: f64| (score.abs().to_bits() + (1 << 12)) as i64 >> 13;
    scored.sort_by_key(|&(item, score)| (digits(score) * if score < 0.0 { 1 } else { -1 }, item));
    scored.truncate(n);
    scored
}

/// Nothing that a model answers is a NaN, nothing that was to be left out is in it, and all ways to ask agree to the
/// bit.
fn assert_sound(data: &Interactions) {
    let users: Vec<User> = data.user_indices().collect();
    let plays: Vec<Vec<(Item, f64)>> = users
        .iter()
        .map(|&user| data.items_of(user).collect())
        .collect();
    // Users, and strangers with the same plays.
    let mut whom = everybody(data);
    whom.extend(plays.iter().map(|plays| Whom::History(plays)));
    let (some, others): (Vec<Item>, Vec<Item>) =
        data.item_indices().partition(|item| item.index() % 3 != 1);
    for model in &models(data) {
        let requests = [
            (Request::new(1000), false, f64::NEG_INFINITY),
            (all(2), true, f64::NEG_INFINITY),
            (Request::new(2).only(some.clone()), false, f64::NEG_INFINITY),
            (all(3).without(others.clone()).minimum_score(0.1), true, 0.1),
        ];
        for (at, (request, keep, least)) in requests.iter().enumerate() {
            let lists = model.recommend_all(&whom, request).unwrap();
            assert_eq!(lists.len(), whom.len());
            for ((&whom, list), plays) in whom.iter().zip(&lists).zip(plays.iter().cycle()) {
                assert!(list.iter().all(|(_, score)| score.is_finite()), "{model:?}");
                let one = model.recommend(whom, request).unwrap();
                assert_eq!(one.basis, list.basis);
                let names = list.iter().map(|&(item, _)| data.item_name(item));
                assert!(one.ranking.names().eq(names), "{model:?}");
                let scores = list.iter().map(|&(_, score)| score.to_bits());
                assert!(
                    one.ranking.scores().map(f64::to_bits).eq(scores),
                    "{model:?}"
                );
                let is_popular = list.basis == Basis::Popularity;
                assert_eq!(is_popular, plays.is_empty());
                if is_popular {
                    continue;
                }
                let wanted = |item: Item| {
                    (*keep || plays.iter().all(|&(played, _)| played != item))
                        && (at < 2 || some.contains(&item))
                };
                let n = [1000, 2, 2, 3][at];
                let expected = of_scores(model, whom, n, wanted, *least);
                assert_eq!(list.items, expected, "{model:?}, request {at}");
            }
        }
        for item in data.item_indices() {
            if let Some(similar) = model.as_similar_items() {
                let ranking = similar.similar_items(item, 1000).unwrap();
                assert!(
                    ranking
                        .scores()
                        .all(|score| score.is_finite() && score > 0.0)
                );
            }
            if let Some(explain) = model.as_explain() {
                let why = explain.explain(users[0].into(), item, 1000).unwrap();
                assert!(
                    why.score.is_finite()
                        && why.reasons.iter().all(|reason| reason.share.is_finite())
                );
            }
        }
    }
}

#[test]
fn strange_matrices_have_sound_answers() {
    let matrix = |rows: &[&[f64]]| {
        let plays = (0..).zip(rows).flat_map(|(user, row)| {
            (0..)
                .zip(*row)
                .map(move |(item, &value)| (format!("u{user}"), format!("i{item}"), value))
        });
        Interactions::from_triplets(plays).unwrap()
    };
    assert_sound(&matrix(&[&[1.0]])); // one of each
    assert_sound(&matrix(&[&[1.0, 1.0], &[1.0, 1.0], &[1.0, 1.0]])); // all users alike
    assert_sound(&matrix(&[
        &[1.0, 0.0, 2.0],
        &[0.0, 0.0, 0.0],
        &[3.0, 0.0, 0.0],
    ])); // an empty row and column
    assert_sound(&matrix(&[
        &[1.0, 1.0, 0.0],
        &[1.0, 1.0, 0.0],
        &[0.0, 1.0, 1.0],
    ])); // an item seen once
    assert_sound(&matrix(&[&[1.0, 0.0], &[0.0, 1.0]])); // nothing in common
}

#[test]
fn neighbours_are_at_least_one_and_at_most_all() {
    let data = two_tastes();
    let with = |k: usize| {
        [
            Algorithm::UserKnn(UserKnn::new(k)),
            Algorithm::ItemKnn(ItemKnn::new(k)),
            Algorithm::ItemScore(ItemScore::new(k)),
        ]
    };
    for algorithm in with(0) {
        let message = algorithm.fit(&data).unwrap_err().to_string();
        assert_eq!(message, "`k` is 0, but must be at least 1", "{algorithm}");
    }
    let user = data.user("u1").unwrap();
    for (most, more) in with(24).iter().zip(with(usize::MAX)) {
        let list = |algorithm: &Algorithm| {
            let model = algorithm.fit(&data).unwrap();
            model
                .recommend(user.into(), &Request::new(usize::MAX))
                .unwrap()
        };
        let (most, more) = (list(most), list(&more));
        assert!(!more.ranking.is_empty());
        assert_eq!(most, more, "beyond the catalogue it means all");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_small_matrix_has_sound_answers(values in prop::collection::vec(prop_oneof![3 => Just(0.0), 1 => 1.0..5.0], 30)) {
        prop_assume!(values.iter().any(|&value| value > 0.0));
        let plays = (0..30).zip(values).map(|(at, value)| (format!("u{}", at / 5), format!("i{}", at % 5), value));
        assert_sound(&Interactions::from_triplets(plays).unwrap());
    }

    /// What a user gets does not depend on where in the matrix they stand. BPR draws plays by their place, ALS and
    /// logistic matrix factorisation begin at vectors by the user's place, and single precision rounds the last bits of
    /// iALS away, so those change; and among equally similar users those of the front count.
    #[test]
    fn the_order_of_the_users_changes_nothing(values in prop::collection::vec(0u8..3, 30), turn in 1usize..6) {
        let plays = |turn: usize| {
            let values = values.clone();
            let named = (0..5).map(|item| ("u0".to_string(), format!("i{item}"), 0.0)).filter(move |_| turn == 0);
            let row = move |user: usize| {
                let values = values.clone();
                (0..5).map(move |item| (format!("u{user}"), format!("i{item}"), f64::from(values[5 * user + item])))
            };
            Interactions::from_triplets(named.chain((0..6).flat_map(move |place| row((place + turn) % 6)))).unwrap()
        };
        let (data, turned) = (plays(0), plays(turn));
        prop_assume!(data.nnz() > 0);
        for (model, other) in models(&data).iter().zip(&models(&turned)) {
            if ["als", "bpr", "ials", "logistic-mf", "nearest-user", "user-knn"].contains(&model.name()) {
                continue;
            }
            for user in data.user_indices() {
                let ask = |model: &Model| {
                    let user = model.data().user(data.user_name(user)).unwrap();
                    model.recommend(user.into(), &all(9)).unwrap().ranking
                };
                let (one, same) = (ask(model), ask(other));
                prop_assert!(one.names().eq(same.names()), "{:?}", model);
                for (a, b) in one.scores().zip(same.scores()) {
                    prop_assert!((a - b).abs() < 1e-9);
                }
            }
        }
    }
}
