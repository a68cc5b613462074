//! What every model keeps, on data whose answer is plain to see. A new model is one more line in `algorithms`.

use proptest::prelude::*;
use radio_rec::interactions::{Interactions, Item, User};
use radio_rec::recommend::{
    Algorithm, AlreadyPlayed, Als, Basis, Bpr, ContentBased, Ease, Edlae, ItemKnn, ItemScore,
    Model, NearestUser, Popularity, UserKnn, Whom,
};

/// Each model, with parameters for small data.
fn algorithms(data: &Interactions) -> Vec<Algorithm> {
    let tag = |item: &str| item.chars().next().unwrap_or('?').to_string();
    let features = data
        .items()
        .iter()
        .map(|item| (item.as_str(), tag(item.as_str())));
    let algorithms = vec![
        Algorithm::Popularity(Popularity),
        Algorithm::NearestUser(NearestUser),
        Algorithm::UserKnn(UserKnn::new(5)),
        Algorithm::ItemScore(ItemScore::new(5)),
        Algorithm::ItemKnn(ItemKnn::new(5)),
        Algorithm::Ease(Ease::new(1.0)),
        Algorithm::Edlae(Edlae::new(0.3, 1.0)),
        Algorithm::Als(Als {
            factors: 2,
            lambda: 0.1,
            ..Als::default()
        }),
        Algorithm::Bpr(Bpr {
            factors: 2,
            epochs: 60,
            ..Bpr::default()
        }),
        Algorithm::ContentBased(ContentBased::new(features)),
    ];
    let names: Vec<&str> = algorithms.iter().map(Algorithm::name).collect();
    assert_eq!(names, Algorithm::NAMES, "a model is missing here");
    algorithms
}

fn models(data: &Interactions) -> Vec<Model> {
    let fit = |algorithm: &Algorithm| algorithm.fit(data).unwrap();
    algorithms(data).iter().map(fit).collect()
}

/// Twelve users of rock and twelve of jazz, each of whom missed two of the eight items of their kind.
fn two_tastes() -> Interactions {
    let plays = (0..24).flat_map(|user| {
        let taste = if user < 12 { "rock" } else { "jazz" };
        let missed = [user % 8, (user * 3 + 1) % 8];
        let played = (0..8).filter(move |item| !missed.contains(item));
        played.map(move |item| (format!("u{user}"), format!("{taste} {item}"), 1.0))
    });
    Interactions::from_triplets(plays).unwrap()
}

fn taste(user: User) -> &'static str {
    if user.index() < 12 { "rock" } else { "jazz" }
}

#[test]
fn what_was_missed_of_a_taste_comes_first() {
    let data = two_tastes();
    for model in models(&data)
        .iter()
        .filter(|model| model.name() != "popularity")
    {
        for user in data.user_indices() {
            let missed = 8 - data.items_of(user).len();
            let new =
                model
                    .as_recommender()
                    .recommend_to(user.into(), missed, AlreadyPlayed::LeaveOut);
            let new = new.unwrap();
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
        let new = model.as_recommender().recommend_to(
            Whom::History(&history),
            3,
            AlreadyPlayed::LeaveOut,
        );
        let new = new.unwrap();
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
            let popular = model
                .as_recommender()
                .recommend_to(whom, 9, AlreadyPlayed::LeaveOut)
                .unwrap();
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
fn explanations_name_own_items_and_add_up() {
    let data = two_tastes();
    let user = data.user("u3").unwrap();
    for model in &models(&data) {
        let Some(explain) = model.as_explain() else {
            continue;
        };
        let all = explain
            .recommend_to(user.into(), 99, AlreadyPlayed::Keep)
            .unwrap();
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
        let nothing = explain.explain(
            Whom::History(&[]),
            Item::clone(&data.item("rock 1").unwrap()),
            3,
        );
        assert!(nothing.unwrap().reasons.is_empty());
    }
}

#[test]
fn a_saved_model_says_the_same_when_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let data = two_tastes();
    let users: Vec<User> = data.user_indices().collect();
    for model in models(&data) {
        model.save(&path).unwrap();
        let loaded = Model::load(&path).unwrap();
        assert_eq!(format!("{loaded:?}"), format!("{model:?}"));
        let lists = |model: &Model| {
            model
                .as_recommender()
                .recommend_all(&users, 9, AlreadyPlayed::Keep)
        };
        assert_eq!(lists(&loaded).unwrap(), lists(&model).unwrap());
        let stranger = [(data.item("jazz 2").unwrap(), 2.0)];
        let new = |model: &Model| {
            let model = model.as_recommender();
            model
                .recommend_to(Whom::History(&stranger), 9, AlreadyPlayed::Keep)
                .unwrap()
        };
        assert_eq!(new(&loaded), new(&model));
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left beside"
    );
}

#[test]
fn files_that_are_no_model_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    models(&two_tastes())[0].save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let refusal = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let message = Model::load(&path).unwrap_err().to_string();
        message.split_once("`: ").unwrap().1.to_owned()
    };
    for length in 0..whole.len() {
        let message = refusal(&whole[..length]);
        let expected = if length == 0 {
            "this is not the file of a model"
        } else {
            "the file of a model was cut short; save the model again"
        };
        assert_eq!(message, expected, "{length} bytes");
    }
    let mut newer = whole.clone();
    newer[8] = 2;
    assert!(
        refusal(&newer)
            .starts_with("the file has version 2 of the format, and this program reads version 1")
    );
    for at in [24, 60, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        assert_eq!(
            refusal(&damaged),
            "the file of a model was damaged; save the model again"
        );
    }
    assert_eq!(
        refusal(b"user,item,rating\nann,abba,1\n"),
        "this is not the file of a model"
    );
    let missing = Model::load(folder.path().join("nothing")).unwrap_err();
    assert!(matches!(missing, radio_rec::Error::Io { .. }));
    let nowhere = models(&two_tastes())[0].save(folder.path().join("no folder/model"));
    assert!(matches!(nowhere, Err(radio_rec::Error::Io { .. })));
}

#[test]
fn bad_arguments_are_refused() {
    let data = two_tastes();
    let other =
        Interactions::from_triplets((0..99).map(|n| (format!("u{n}"), format!("i{n}"), 1.0)))
            .unwrap();
    let (user, item) = (other.user("u98").unwrap(), other.item("i98").unwrap());
    let known = data.item("rock 1").unwrap();
    for model in &models(&data) {
        let asked = model.as_recommender();
        let message = |whom: Whom<'_>, n| {
            asked
                .recommend_to(whom, n, AlreadyPlayed::Keep)
                .unwrap_err()
                .to_string()
        };
        let me = data.user("u1").unwrap();
        assert_eq!(message(me.into(), 0), "`n` is 0, but must be at least 1");
        assert!(message(user.into(), 1).starts_with("`user` is number 98 of the users"));
        assert!(message(Whom::History(&[(item, 1.0)]), 1).starts_with("`item` is number 98"));
        for value in [f64::NAN, f64::INFINITY, -1.0] {
            assert!(message(Whom::History(&[(known, value)]), 1).starts_with("`history` is "));
        }
        assert!(
            asked
                .recommend_all(&[me, user], 1, AlreadyPlayed::Keep)
                .is_err()
        );
        assert!(asked.recommend_all(&[me], 0, AlreadyPlayed::Keep).is_err());
        if let Some(similar) = model.as_similar_items() {
            assert!(similar.similar_items(item, 1).is_err());
            assert!(similar.similar_items(known, 0).is_err());
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

/// Nothing that a model answers is a NaN, nothing that was to be left out is in it, and all ways to ask agree.
fn assert_sound(data: &Interactions) {
    let users: Vec<User> = data.user_indices().collect();
    for model in &models(data) {
        let asked = model.as_recommender();
        for played in [AlreadyPlayed::Keep, AlreadyPlayed::LeaveOut] {
            let all = asked.recommend_all(&users, 1000, played).unwrap();
            for (&user, list) in users.iter().zip(&all) {
                assert!(list.iter().all(|(_, score)| score.is_finite()), "{model:?}");
                assert!(
                    list.is_sorted_by(|a, b| a.1 >= b.1 - 1e-9 * b.1.abs()),
                    "{model:?}: {list:?}"
                );
                let left_out = played == AlreadyPlayed::LeaveOut;
                assert!(!left_out || list.iter().all(|&(item, _)| data.value(user, item) == 0.0));
                let mut items: Vec<Item> = list.iter().map(|ranked| ranked.0).collect();
                items.sort();
                items.dedup();
                assert_eq!(items.len(), list.len(), "an item comes once");
                let one = asked.recommend_to(user.into(), 1000, played).unwrap();
                let names = list.iter().map(|&(item, _)| data.item_name(item));
                assert!(one.ranking.names().eq(names));
                let first = asked.recommend_to(user.into(), 1, played).unwrap();
                assert_eq!(first.ranking.first(), one.ranking.first());
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

/// The largest and the smallest values that a matrix holds: an error that says so, or sound answers.
#[test]
fn extreme_values_have_sound_answers_or_are_refused() {
    for (small, large) in [(1e-30, 1e-30), (1e-30, 1e30), (1e30, 1e30), (1.0, 1e15)] {
        let data = Interactions::from_triplets([
            ("a", "x", large),
            ("a", "y", small),
            ("b", "x", small),
            ("b", "z", large),
            ("c", "y", large),
            ("c", "z", 1.0),
        ])
        .unwrap();
        let users: Vec<User> = data.user_indices().collect();
        for algorithm in algorithms(&data) {
            let model = match algorithm.fit(&data) {
                Ok(model) => model,
                Err(error) => {
                    assert!(
                        matches!(error, radio_rec::Error::InvalidParameter { .. }),
                        "{algorithm}: {error}"
                    );
                    continue;
                }
            };
            let lists = model
                .as_recommender()
                .recommend_all(&users, 9, AlreadyPlayed::Keep)
                .unwrap();
            for (_, score) in lists.iter().flatten() {
                assert!(score.is_finite(), "{algorithm} with {small} and {large}");
            }
            // As many people know each item, so only popularity may find them all alike.
            for list in &lists {
                let alike = list.iter().all(|(_, score)| *score == list[0].1);
                assert!(
                    list.len() < 3 || !alike || algorithm.name() == "popularity",
                    "{algorithm} with {small} and {large}: {list:?}"
                );
            }
        }
    }
}

/// As large as a history may be, for models of ordinary values: nothing, or a list that says something.
#[test]
fn extreme_histories_have_sound_answers() {
    let data = two_tastes();
    for model in &models(&data) {
        for (value, item) in [1e-30, 1e12, 1e16, 1e20, 1e30]
            .into_iter()
            .flat_map(|value| data.item_indices().map(move |item| (value, item)))
        {
            let history = [(item, value)];
            let whom = Whom::History(&history);
            let asked = model.as_recommender();
            let list = asked.recommend_to(whom, 99, AlreadyPlayed::Keep).unwrap();
            let name = model.name();
            assert!(list.ranking.scores().all(f64::is_finite), "{name}: {list}");
            assert!(
                list.ranking.is_empty() || list.ranking.scores().any(|score| score != 0.0),
                "{name} with {value}: {list}"
            );
            if let Some(explain) = model.as_explain() {
                let why = explain.explain(whom, item, 9).unwrap();
                let score = list.ranking.iter().find(|ranked| ranked.name == why.item);
                let score = score.map_or(0.0, |ranked| ranked.score);
                let close = (why.score - score).abs() <= 1e-3 * score.abs().max(1.0);
                assert!(close, "{name} with {value}: {score} is not {}", why.score);
            }
        }
    }
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
            let new = model.as_recommender().recommend_to(
                user.into(),
                usize::MAX,
                AlreadyPlayed::LeaveOut,
            );
            new.unwrap()
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

    /// What a user gets does not depend on where in the matrix they stand. BPR draws plays by their place, and ALS begins
    /// at vectors by the user's place, so those two change;
    /// and among equally similar users those of the front count.
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
            if ["als", "bpr", "nearest-user", "user-knn"].contains(&model.name()) {
                continue;
            }
            for user in data.user_indices() {
                let ask = |model: &Model| {
                    let model = model.as_recommender();
                    let user = model.data().user(data.user_name(user)).unwrap();
                    model.recommend_to(user.into(), 9, AlreadyPlayed::Keep).unwrap().ranking
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
