//! Lists, similar items and users, and explanations.

use std::ops::ControlFlow;

use radio_rec::interactions::Interactions;
use radio_rec::recommend::{Basis, Recommender, Request, Whom};

use super::{all, everybody, models, taste, two_tastes};

#[test]
fn what_was_missed_of_a_taste_comes_first() {
    let data = two_tastes();
    for model in models(&data)
        .iter()
        .filter(|model| model.name() != "popularity")
    {
        for user in data.user_indices() {
            let missed = 8 - data.items_of(user).len();
            let new = model.recommend(user.into(), &Request::new(missed)).unwrap();
            assert_eq!(new.basis, Basis::History);
            let names: Vec<_> = new.ranking.names().collect();
            let (name, user_name) = (model.name(), data.user_name(user));
            assert!(
                !names.is_empty() || name == "nearest-user",
                "{name}: nothing for {user_name}"
            );
            let right = names
                .iter()
                .all(|item| item.as_str().starts_with(taste(user)));
            assert!(right, "{name}: {names:?} for {user_name}");
        }
    }
}

#[test]
fn a_stranger_with_a_taste_gets_it() {
    let data = two_tastes();
    let history = ["rock 1", "rock 2", "rock 3"].map(|name| (data.item(name).unwrap(), 1.0));
    for model in models(&data)
        .iter()
        .filter(|model| model.name() != "popularity")
    {
        let whom = Whom::History(&history);
        let new = model.recommend(whom, &Request::new(3)).unwrap();
        assert_eq!(new.ranking.len(), 3, "{}", model.name());
        for item in new.ranking.names() {
            assert!(
                item.as_str().starts_with("rock"),
                "{}: {item}",
                model.name()
            );
        }
    }
}

#[test]
fn without_a_history_it_is_what_is_popular_and_says_so() {
    let data = Interactions::from_triplets([
        ("ann", "abba", 1.0),
        ("ann", "u2", 5.0),
        ("bob", "abba", 1.0),
        ("silent", "air", 0.0),
    ])
    .unwrap();
    for model in models(&data) {
        for whom in [data.user("silent").unwrap().into(), Whom::History(&[])] {
            let request = Request::new(9).minimum_score(1e9);
            let popular = model.recommend(whom, &request).unwrap();
            assert_eq!(popular.basis, Basis::Popularity);
            assert_eq!(popular.ranking.names().collect::<Vec<_>>(), ["abba", "u2"]);
            assert!(popular.to_string().contains("nothing was played"));
        }
    }
}

#[test]
fn similar_items_are_of_the_same_taste_and_never_the_item_itself() {
    let data = two_tastes();
    for model in &models(&data) {
        let Some(similar) = model.as_similar_items() else {
            continue;
        };
        for item in data.item_indices() {
            let name = data.item_name(item);
            let ranking = similar.similar_items(item, 5).unwrap();
            assert!(
                !ranking.is_empty(),
                "{}: nothing is like {name}",
                model.name()
            );
            for other in ranking.names() {
                assert_ne!(other, name);
                assert_eq!(other.as_str()[..4], name.as_str()[..4], "{}", model.name());
            }
            let all = similar.similar_items(item, 1000).unwrap();
            assert!(all.len() < data.items().len() && !all.names().any(|other| other == name));
        }
    }
}

#[test]
fn similar_users_are_of_the_same_taste_and_never_oneself() {
    let data = two_tastes();
    let history = ["rock 1", "rock 2", "rock 3"].map(|name| (data.item(name).unwrap(), 1.0));
    let mut asked = 0;
    for model in &models(&data) {
        let Some(similar) = model.as_similar_users() else {
            continue;
        };
        asked += 1;
        for user in data.user_indices() {
            let alike = similar.similar_users(user.into(), 5).unwrap();
            assert_eq!(alike.len(), 5, "{}", model.name());
            for name in alike.names() {
                assert_ne!(name, data.user_name(user));
                let other = data.user(name).unwrap();
                assert_eq!(taste(other), taste(user), "{}", model.name());
            }
        }
        let alike = similar.similar_users(Whom::History(&history), 5).unwrap();
        for name in alike.names() {
            assert_eq!(taste(data.user(name).unwrap()), "rock", "{}", model.name());
        }
        let nobody = similar.similar_users(Whom::History(&[]), 5).unwrap();
        assert!(nobody.is_empty());
    }
    assert_eq!(asked, 7);
}

#[test]
fn lists_are_handed_on_in_order_until_enough() {
    let data = two_tastes();
    // More than are done at once.
    let whom: Vec<Whom> = (0..100).flat_map(|_| everybody(&data)).collect();
    for model in &models(&data) {
        let lists = model.recommend_all(&whom, &Request::new(3)).unwrap();
        let mut seen = 0;
        model
            .recommend_each(&whom, &Request::new(3), &mut |place, list| {
                assert_eq!((place, &list), (seen, &lists[place]));
                seen += 1;
                match seen {
                    2000 => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                }
            })
            .unwrap();
        assert_eq!(seen, 2000);
    }
}

#[test]
fn explanations_name_own_items_and_add_up() {
    let data = two_tastes();
    let user = data.user("u3").unwrap();
    for model in &models(&data) {
        let Some(explain) = model.as_explain() else {
            continue;
        };
        let all = explain.recommend(user.into(), &all(99)).unwrap();
        for ranked in &all.ranking {
            let item = data.item(&ranked.name).unwrap();
            let why = explain.explain(user.into(), item, 99).unwrap();
            assert!(
                (why.score - ranked.score).abs() < 1e-9,
                "{}: {why}",
                model.name()
            );
            let sum: f64 = why.reasons.iter().map(|reason| reason.contribution).sum();
            assert!((sum - why.score).abs() < 1e-9);
            let shares: f64 = why.reasons.iter().map(|reason| reason.share.abs()).sum();
            // Nothing speaks for or against what scores 0.
            let expected = if why.score == 0.0 { 0.0 } else { 1.0 };
            assert!((shares - expected).abs() < 1e-9, "{}: {why}", model.name());
            let sizes = why.reasons.iter().map(|reason| reason.contribution.abs());
            assert!(sizes.is_sorted_by(|a, b| *a >= b - 1e-9));
            for reason in &why.reasons {
                assert!(data.value(user, data.item(&reason.item).unwrap()) > 0.0);
            }
            assert!(explain.explain(user.into(), item, 1).unwrap().reasons.len() <= 1);
        }
        let nothing = explain.explain(Whom::History(&[]), data.item("rock 1").unwrap(), 3);
        assert!(nothing.unwrap().reasons.is_empty());
    }
}
