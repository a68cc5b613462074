//! What every model keeps, on data whose answer is plain to see. A new model is one more line in `algorithms`.

use std::ops::ControlFlow;

use proptest::prelude::*;
use radio_rec::interactions::{Interactions, Item, User};
use radio_rec::recommend::{
    Algorithm, AlreadyPlayed, Als, Basis, Bpr, ContentBased, Ease, Edlae, Fit, Ials, ItemKnn,
    ItemScore, LogisticMf, Model, NearestUser, Popularity, Recommender, Request, Rp3Beta, Slim,
    TwoSided, Update, UserKnn, Whom,
};
use radio_rec::similarity::{Measure, Neighbourhood, Weighting};

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
        Algorithm::TwoSided(TwoSided {
            dropout: 0.3,
            lambda: 1.0,
            user_lambda: 1.0,
            ..TwoSided::default()
        }),
        Algorithm::Slim(Slim {
            l1: 0.1,
            l2: 1.0,
            ..Slim::default()
        }),
        Algorithm::Rp3Beta(Rp3Beta::default()),
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
        Algorithm::Ials(Ials {
            factors: 2,
            ..Ials::default()
        }),
        Algorithm::LogisticMf(LogisticMf {
            factors: 2,
            ..LogisticMf::default()
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

/// Also of what was played.
fn all(n: usize) -> Request {
    Request::new(n).already_played(AlreadyPlayed::Keep)
}

fn everybody(data: &Interactions) -> Vec<Whom<'static>> {
    data.user_indices().map(Whom::User).collect()
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
    assert_eq!(asked, 4);
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
fn parameters_can_be_written_and_read() {
    for algorithm in algorithms(&two_tastes()) {
        let json = serde_json::to_string(&algorithm).unwrap();
        assert!(
            json.starts_with(&format!("{{\"{algorithm}\":"))
                || json == format!("{{\"{algorithm}\":null}}"),
            "{json}"
        );
        let read: Algorithm = serde_json::from_str(&json).unwrap();
        assert_eq!(read, algorithm);
    }
    let read = |json: &str| serde_json::from_str::<Algorithm>(json);
    let als = Als {
        factors: 32,
        ..Als::default()
    };
    assert_eq!(
        read(r#"{"als": {"factors": 32}}"#).unwrap(),
        Algorithm::Als(als)
    );
    assert_eq!(
        read(r#"{"item-knn": {"neighbourhood": {"k": 7, "measure": "dot-product", "weighting": {"bm25": {"k1": 1.2, "b": 0.75}}}}}"#).unwrap(),
        Algorithm::ItemKnn(ItemKnn::with(
            Neighbourhood::new(7).measure(Measure::DotProduct).weighting(Weighting::Bm25 { k1: 1.2, b: 0.75 })
        ))
    );
    assert!(
        read(r#"{"als": {"factor": 32}}"#)
            .unwrap_err()
            .to_string()
            .contains("unknown field `factor`")
    );
    let wrong = read(r#"{"als": {"factors": 0}}"#).unwrap();
    assert_eq!(
        wrong.check().unwrap_err().to_string(),
        "`factors` is 0, but must be from 1 to 1024"
    );
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

#[test]
fn a_saved_model_says_the_same_when_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let data = two_tastes();
    let users = everybody(&data);
    for model in models(&data) {
        model.save(&path).unwrap();
        let loaded = Model::load(&path).unwrap();
        assert_eq!(format!("{loaded:?}"), format!("{model:?}"));
        let lists = |model: &Model| model.recommend_all(&users, &all(9));
        assert_eq!(lists(&loaded).unwrap(), lists(&model).unwrap());
        let stranger = [(data.item("jazz 2").unwrap(), 2.0)];
        let new = |model: &Model| model.recommend(Whom::History(&stranger), &all(9)).unwrap();
        assert_eq!(new(&loaded), new(&model));
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing is left beside"
    );
}

#[test]
fn a_model_without_its_matrix_has_nobody_in_it_and_says_the_same_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    let data = two_tastes();
    let mut users: Vec<User> = data.user_indices().collect();
    users.reverse();
    let turned = users.into_iter().flat_map(|user| {
        let data = &data;
        let items = data.items_of(user);
        items.map(move |(item, value)| (data.user_name(user), data.item_name(item), value))
    });
    let turned = Interactions::from_triplets(turned).unwrap();
    for model in models(&data) {
        model.save_without_data(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for name in ["u23", "jazz 7"] {
            let is_in = bytes
                .windows(name.len())
                .any(|part| part == name.as_bytes());
            assert!(!is_in, "{} has {name}", model.name());
        }
        let loaded = Model::load_with(&path, &data).unwrap();
        let lists = |model: &Model| model.recommend_all(&everybody(&data), &all(9)).unwrap();
        assert_eq!(lists(&loaded), lists(&model));

        let message = |error: radio_rec::Error| {
            let message = error.to_string();
            message.split_once("`: ").unwrap().1.to_owned()
        };
        assert_eq!(
            message(Model::load_with(&path, &turned).unwrap_err()),
            "the model learned from 24 users and 16 items, and the matrix has others, or another order of them"
        );
        assert_eq!(
            message(Model::load(&path).unwrap_err()),
            "this is not the file of a model"
        );
        for length in [0, 20, 30, bytes.len() - 1] {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert!(Model::load_with(&path, &data).is_err());
        }
        // Others still have theirs.
        model.save(&path).unwrap();
        assert!(Model::load(&path).is_ok());
        assert!(Model::load_with(&path, &data).is_err());
    }
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
    newer[8] = 3;
    assert!(
        refusal(&newer)
            .starts_with("the file has version 3 of the format, and this program reads version 2")
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

/// Nothing that a model answers is a NaN, nothing that was to be left out is in it, and all ways to ask agree to the bit.
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
        let users = everybody(&data);
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
            let lists = model.recommend_all(&users, &all(9)).unwrap();
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
            let list = model.recommend(whom, &all(99)).unwrap();
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

/// What ALS and BPR learn of new users and of new items is of the right taste.
#[test]
fn what_is_new_is_taken_in() {
    let data = two_tastes();
    let names = ["rock 1", "rock 2", "rock 3", "a new one"];
    let plays = names.iter().map(|item| ("new".to_owned(), *item, 1.0));
    let plays = plays.chain((0..9).map(|user| (format!("u{user}"), "a new one", 1.0)));
    let plays = Interactions::from_triplets(plays).unwrap();
    for mut model in models(&data) {
        let name = model.name();
        let Some(update) = model.as_update() else {
            // What is learned of all plays together.
            let of_all = [
                "ease",
                "edlae",
                "two-sided",
                "slim",
                "rp3beta",
                "ials",
                "logistic-mf",
            ];
            assert!(of_all.contains(&name));
            continue;
        };
        update.update(&plays).unwrap();
        assert_eq!(model.data().shape(), (25, 17));
        assert_eq!(model.data().nnz(), data.nnz() + plays.nnz());
        let new = model.data().user("new").unwrap();
        let list = model.recommend(new.into(), &Request::new(3)).unwrap();
        let is_right = |item: &radio_rec::interactions::ItemName| item.as_str().starts_with("rock");
        // The most similar user can have played nothing else.
        assert!(!list.ranking.is_empty() || name == "nearest-user", "{name}");
        assert!(
            name == "popularity" || list.ranking.names().all(is_right),
            "{name}: {list}"
        );
        if name == "als" || name == "bpr" {
            let whom = |user: &str| model.data().user(user).unwrap().into();
            let item = [model.data().item("a new one").unwrap()];
            let score = |user: &str| model.scores_of(whom(user), &item).unwrap()[0].unwrap();
            assert!(score("u10") > score("u20"), "{name}");
        }
        // An item of the matrix before would be another one.
        let old = data.item("rock 1").unwrap();
        assert!(
            model
                .recommend(new.into(), &Request::new(3).only([old]))
                .is_err()
        );
    }
}

#[test]
fn plays_of_which_nothing_can_be_learned_leave_the_model_as_it_was() {
    let data = two_tastes();
    let plays =
        Interactions::from_triplets([("u1", "rock 1", 1e30), ("u2", "rock 2", 1e30)]).unwrap();
    let mut model = Als {
        factors: 2,
        ..Als::default()
    }
    .fit(&data)
    .unwrap();
    let before = model.recommend_all(&everybody(&data), &all(9)).unwrap();
    if model.update(&plays).is_err() {
        let after = model.recommend_all(&everybody(&data), &all(9)).unwrap();
        assert_eq!(after, before);
    } else {
        let after = model.recommend_all(&everybody(&data), &all(9)).unwrap();
        assert!(after.iter().flatten().all(|(_, score)| score.is_finite()));
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

    /// To the bit, for the models that say so, by any measure.
    #[test]
    fn an_update_is_as_fitting_anew(
        old in prop::collection::vec(0u8..3, 30),
        new in prop::collection::vec(prop_oneof![2 => Just(0u8), 1 => 1u8..3], 36),
        k in 1usize..6,
    ) {
        let of = |values: &[u8], first: (usize, usize), width: usize| -> Vec<(String, String, f64)> {
            let values = values.iter().enumerate();
            let play = |(at, &value): (usize, &u8)| {
                (format!("u{}", first.0 + at / width), format!("i{}", first.1 + at % width), f64::from(value))
            };
            values.map(play).collect()
        };
        // Users 0 to 5 of items 0 to 4, then users 4 to 9 of items 2 to 7.
        let (old, new) = (of(&old, (0, 0), 5), of(&new, (4, 2), 6));
        let before = Interactions::from_triplets(old.clone()).unwrap();
        prop_assume!(before.nnz() > 0);
        let plays = Interactions::from_triplets(new.clone()).unwrap();
        let after = Interactions::from_triplets(old.into_iter().chain(new)).unwrap();
        let measures = Measure::ALL.map(|measure| Neighbourhood::new(k).measure(measure));
        let weighted = Neighbourhood::new(k).weighting(Weighting::TfIdf);
        let supported = Neighbourhood::new(k).minimum_support(2).shrinkage(1.0);
        let with = measures.into_iter().chain([weighted, supported]);
        let features = before.items().iter().map(|item| (item.as_str(), "tag"));
        let algorithms = with.flat_map(|with| [
            Algorithm::ItemKnn(ItemKnn::with(with)), Algorithm::ItemScore(ItemScore::with(with)),
        ]).chain([
            Algorithm::Popularity(Popularity), Algorithm::NearestUser(NearestUser), Algorithm::UserKnn(UserKnn::new(k)),
            Algorithm::ContentBased(ContentBased::new(features)),
        ]);
        for algorithm in algorithms {
            let mut model = algorithm.fit(&before).unwrap();
            model.as_update().unwrap().update(&plays).unwrap();
            let anew = algorithm.fit(&after).unwrap();
            prop_assert_eq!(model.data().items(), after.items());
            prop_assert_eq!(model.data().users(), after.users());
            let lists = |model: &Model| model.recommend_all(&everybody(&after), &all(99)).unwrap();
            prop_assert_eq!(lists(&model), lists(&anew), "{:?}", algorithm);
        }
    }

    /// What a user gets does not depend on where in the matrix they stand. BPR draws plays by their place, and ALS and logistic
    /// matrix factorisation begin at vectors by the user's place, so those change;
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
            if ["als", "bpr", "logistic-mf", "nearest-user", "user-knn"].contains(&model.name()) {
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
