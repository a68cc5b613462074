//! The largest and the smallest values.

use radio_rec::interactions::Interactions;
use radio_rec::recommend::{Fit, Recommender, Whom};

use super::{algorithms, all, everybody, models, two_tastes};

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
