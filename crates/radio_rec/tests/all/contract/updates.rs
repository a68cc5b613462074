//! New plays that a model takes in.

use proptest::prelude::*;
use radio_rec::interactions::Interactions;
use radio_rec::recommend::{
    Algorithm, Als, ContentBased, Fit, ItemKnn, ItemScore, Model, NearestUser, Popularity,
    Recommender, Request, Update, UserKnn,
};
use radio_rec::similarity::{Measure, Neighbourhood, Weighting};

use super::{all, everybody, models, two_tastes};

/// What models of factors learn of new users and of new items is of the right taste.
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
                "sparse-ease",
                "two-sided",
                "slim",
                "rp3beta",
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
        if ["als", "bpr", "ials", "logistic-mf"].contains(&name) {
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

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
}
