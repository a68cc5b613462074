//! The first question of the assignment, on the class's own file: what the student's run printed, and what was asked.
//!
//! The file is not part of the project. It is looked for beside it, in `../shared/data`; where it is not there, a test
//! says that it was skipped, and fails if the environment variable `RADIO_REQUIRE_CLASS_FILE` is 1.
//!
//! The numbers were computed from the same file by pandas 3.1.1, scikit-learn 1.9.1 and numpy 2.4.6 on Python 3.11.7:
//! `cosine_similarity` of the columns (rows) of the table, ordered by the similarity rounded to 12 decimals with a
//! stable sort; question D by a weighted sum over `argsort(kind="stable")[:10]` of each column.

use std::path::Path;

use radio_rec::interactions::{Interactions, User};
use radio_rec::ranking::Ranking;
use radio_rec::recommend::{
    AlreadyPlayed, Fit, ItemScore, NearestUser, Recommender, Request, SimilarUsers, by_listeners,
    by_summed_similarity, count_already_played,
};
use radio_rec::similarity::{cosine_items, cosine_users, similar_items, similar_users};

const CLASS_FILE: &str = "../../../shared/data/radio_songs_original.csv";

/// The class's table, or nothing if it is not there and need not be.
fn class_data() -> Option<Interactions> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(CLASS_FILE);
    if path.exists() {
        return Some(Interactions::from_wide_csv(path).expect("the class's file is a wide table"));
    }
    let required = std::env::var_os("RADIO_REQUIRE_CLASS_FILE").is_some_and(|value| value == "1");
    assert!(
        !required,
        "RADIO_REQUIRE_CLASS_FILE is 1, and there is no {}",
        path.display()
    );
    eprintln!("skipped: there is no {}", path.display());
    None
}

/// The table without its empty rows, and user 1606 in it.
fn active_users_and_1606() -> Option<(Interactions, User)> {
    let data = class_data()?.without_empty_users();
    let user = data.user("1606").expect("user 1606 has plays");
    Some((data, user))
}

/// Names in order, and scores to the six decimals that are given.
#[track_caller]
fn assert_ranking<N: AsRef<str>>(ranking: &Ranking<N>, expected: &[(&str, &str)]) {
    let found: Vec<(&str, String)> = ranking
        .iter()
        .map(|ranked| (ranked.name.as_ref(), format!("{:.6}", ranked.score)))
        .collect();
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(name, score)| (*name, score.as_str()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_file_is_the_one_that_the_assignment_describes() {
    let Some(data) = class_data() else { return };
    assert_eq!(data.shape(), (100, 284));
    assert_eq!(data.nnz(), 1234);
    assert!(
        data.user_indices()
            .all(|user| data.items_of(user).all(|(_, value)| value == 1.0))
    );
    assert_eq!(
        data.item_indices()
            .filter(|&item| data.users_of(item).len() == 0)
            .count(),
        14
    );
    assert_eq!(data.without_empty_users().shape(), (96, 284));
    assert!(
        data.items().is_sorted(),
        "the catalogue's order is the alphabet's"
    );
    for (name, listeners) in [("u2", 4), ("pink floyd", 3)] {
        assert_eq!(data.users_of(data.item(name).unwrap()).len(), listeners);
    }
    let (u2, floyd) = (data.item("u2").unwrap(), data.item("pink floyd").unwrap());
    assert_eq!(
        cosine_items(&data, u2, floyd).unwrap(),
        0.0,
        "no user played both"
    );
}

/// The seed's order is misfits, robbie williams, green day, depeche mode, peter fox, dire straits, madonna, enter
/// shikari, kelly clarkson, johnny cash: the last five are tied, and were ordered by noise.
#[test]
fn a_as_printed_similar_to_u2_alone() {
    let Some(data) = class_data() else { return };
    let u2 = data.item("u2").unwrap();
    let ten = similar_items(&data, u2, 10).unwrap();
    assert_ranking(
        &ten,
        &[
            ("misfits", "0.500000"),
            ("robbie williams", "0.500000"),
            ("green day", "0.433013"),
            ("depeche mode", "0.408248"),
            ("peter fox", "0.377964"),
            ("dire straits", "0.353553"),
            ("enter shikari", "0.353553"),
            ("johnny cash", "0.353553"),
            ("kelly clarkson", "0.353553"),
            ("madonna", "0.353553"),
        ],
    );
    let tied: Vec<f64> = ten.scores().skip(5).collect();
    assert!(
        tied.iter().all(|&score| score == tied[0]),
        "ties are exact: {tied:?}"
    );
    // The ten are a set of their own: what follows is not tied with them.
    let eleventh = similar_items(&data, u2, 11).unwrap().get(10).unwrap().score;
    assert_eq!(format!("{eleventh:.6}"), "0.301511");
}

#[test]
fn a_as_asked_the_sum_of_the_similarities_to_both() {
    let Some(data) = class_data() else { return };
    let both = [data.item("u2").unwrap(), data.item("pink floyd").unwrap()];
    assert_ranking(
        &by_summed_similarity(&data, &both, 10).unwrap(),
        &[
            ("robbie williams", "0.788675"),
            ("genesis", "0.577350"),
            ("johnny cash", "0.557678"),
            ("misfits", "0.500000"),
            ("audioslave", "0.481806"),
            ("foo fighters", "0.475589"),
            ("pearl jam", "0.439826"),
            ("green day", "0.433013"),
            ("david bowie", "0.408248"),
            ("depeche mode", "0.408248"),
        ],
    );
}

#[test]
fn a_as_asked_similarity_to_those_who_played_either() {
    let Some(data) = class_data() else { return };
    let both = [data.item("u2").unwrap(), data.item("pink floyd").unwrap()];
    assert_ranking(
        &by_listeners(&data, &both, 10).unwrap(),
        &[
            ("robbie williams", "0.566947"),
            ("johnny cash", "0.400892"),
            ("genesis", "0.377964"),
            ("misfits", "0.377964"),
            ("foo fighters", "0.341882"),
            ("audioslave", "0.338062"),
            ("green day", "0.327327"),
            ("depeche mode", "0.308607"),
            ("pearl jam", "0.308607"),
            ("peter fox", "0.285714"),
        ],
    );
}

const SONGS_OF_1144: [&str; 13] = [
    "beastie boys",
    "bob dylan",
    "bob marley & the wailers",
    "david bowie",
    "elvis presley",
    "eric clapton",
    "johnny cash",
    "pearl jam",
    "pink floyd",
    "the beatles",
    "the doors",
    "the rolling stones",
    "tom waits",
];

#[test]
fn b_as_asked_the_nearest_users_and_the_songs_of_the_first() {
    let Some((data, user)) = active_users_and_1606() else {
        return;
    };
    let model = NearestUser.fit(&data).unwrap();
    let neighbours = model.similar_users(user.into(), 5).unwrap();
    assert_ranking(
        &neighbours,
        &[
            ("1144", "0.277350"),
            ("144", "0.223607"),
            ("1334", "0.150756"),
            ("1509", "0.144338"),
            ("890", "0.129099"),
        ],
    );
    let nearest = data.user(&neighbours.first().unwrap().name).unwrap();
    assert_eq!(
        cosine_users(&data, user, nearest).unwrap(),
        neighbours.first().unwrap().score
    );
    // Empty rows are nobody's neighbours, so dropping them changes nothing.
    let all = class_data().unwrap();
    assert_eq!(
        similar_users(&all, all.user("1606").unwrap(), 5).unwrap(),
        neighbours
    );

    let all = Request::new(data.items().len()).already_played(AlreadyPlayed::Keep);
    let songs = model.recommend(user.into(), &all).unwrap().ranking;
    assert_eq!(songs.names().collect::<Vec<_>>(), SONGS_OF_1144);
}

#[test]
fn b_as_printed_what_1606_has_not_played_whatever_the_neighbour_did() {
    let Some((data, user)) = active_users_and_1606() else {
        return;
    };
    let nearest = data.user("1144").unwrap();
    let printed: Vec<(&str, f64)> = data
        .item_indices()
        .filter(|&item| data.value(user, item) == 0.0)
        .map(|item| (data.item_name(item).as_str(), data.value(nearest, item)))
        .take(10)
        .collect();
    let expected = [
        "ac/dc",
        "adam green",
        "aerosmith",
        "afi",
        "air",
        "alanis morissette",
        "alexisonfire",
        "alicia keys",
        "all that remains",
        "amon amarth",
    ];
    assert_eq!(printed, expected.map(|name| (name, 0.0)));
}

#[test]
fn c_how_many_of_the_recommended_songs_1606_already_played() {
    let Some((data, user)) = active_users_and_1606() else {
        return;
    };
    let played: Vec<&str> = data
        .items_of(user)
        .map(|(item, _)| data.item_name(item).as_str())
        .collect();
    assert_eq!(
        played,
        ["abba", "elvis presley", "frank sinatra", "the beatles"]
    );

    let model = NearestUser.fit(&data).unwrap();
    let all = Request::new(data.items().len());
    let as_printed = model.recommend(user.into(), &all).unwrap().ranking;
    assert_eq!(count_already_played(&data, user, &as_printed).unwrap(), 0);
    let all = all.already_played(AlreadyPlayed::Keep);
    let as_asked = model.recommend(user.into(), &all).unwrap().ranking;
    assert_eq!(count_already_played(&data, user, &as_asked).unwrap(), 2);
}

#[test]
fn d_as_printed_the_nearest_users_songs_with_one_score_for_all() {
    let Some((data, user)) = active_users_and_1606() else {
        return;
    };
    let model = NearestUser.fit(&data).unwrap();
    let five = model
        .recommend(user.into(), &Request::new(5))
        .unwrap()
        .ranking;
    assert_ranking(
        &five,
        &[
            ("beastie boys", "0.277350"),
            ("bob dylan", "0.277350"),
            ("bob marley & the wailers", "0.277350"),
            ("david bowie", "0.277350"),
            ("eric clapton", "0.277350"),
        ],
    );
}

#[test]
fn d_as_asked_the_score_of_each_song() {
    let Some((data, user)) = active_users_and_1606() else {
        return;
    };
    let model = ItemScore::new(10).fit(&data).unwrap();
    let all = Request::new(5).already_played(AlreadyPlayed::Keep);
    assert_ranking(
        &model.recommend(user.into(), &all).unwrap().ranking,
        &[
            ("elvis presley", "0.289328"),
            ("abba", "0.239023"),
            ("eric clapton", "0.202740"),
            ("frank sinatra", "0.201139"),
            ("howard shore", "0.171749"),
        ],
    );
    assert_ranking(
        &model
            .recommend(user.into(), &Request::new(5))
            .unwrap()
            .ranking,
        &[
            ("eric clapton", "0.202740"),
            ("howard shore", "0.171749"),
            ("david bowie", "0.171243"),
            ("dream theater", "0.134501"),
            ("apocalyptica", "0.106527"),
        ],
    );
}

#[test]
fn d_as_asked_the_scores_of_all_songs_for_all_users() {
    let Some((data, user)) = active_users_and_1606() else {
        return;
    };
    let model = ItemScore::new(10).fit(&data).unwrap();
    let scores = model.scores();
    assert_eq!(scores.dim(), (96, 284));
    assert_eq!(scores.iter().filter(|&&score| score > 0.0).count(), 6703);
    assert!((scores.sum() - 1_218.096_581_744_807_5).abs() < 1e-9);
    let items: Vec<_> = data.item_indices().collect();
    let of_user = model.scores_of(user.into(), &items).unwrap();
    let of_user: Vec<f64> = of_user
        .into_iter()
        .map(|score| score.unwrap_or(0.0))
        .collect();
    assert_eq!(scores.row(user.index()).to_vec(), of_user);
}
