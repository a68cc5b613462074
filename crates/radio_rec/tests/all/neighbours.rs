//! Measures and neighbours against scikit-learn, SciPy and implicit: `scripts/golden/neighbours.py` made the golden
//! file.

use std::collections::HashMap;

use radio_rec::interactions::{Interactions, Item};
use radio_rec::recommend::{Fit, ItemKnn, Recommender, Request};
use radio_rec::similarity::{Measure, Neighbourhood, Weighting};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    /// Users x items.
    plays: Vec<Vec<f64>>,
    /// Of each measure, items x items.
    measures: HashMap<String, Vec<Vec<f64>>>,
    k: usize,
    /// Of each of implicit's models and each item, the items most similar to it, best first, with their scores.
    neighbours: HashMap<String, Vec<Vec<(usize, f64)>>>,
    /// Of each of implicit's models and each user, all items with a score above 0, best first, without those they
    /// played.
    recommendations: HashMap<String, Vec<Vec<(usize, f64)>>>,
}

impl Case {
    fn data(&self) -> Interactions {
        let triplets = self.plays.iter().enumerate().flat_map(|(user, row)| {
            let cells = row.iter().enumerate();
            cells.map(move |(item, &value)| (format!("u{user}"), format!("i{item}"), value))
        });
        Interactions::from_triplets(triplets).unwrap()
    }
}

fn cases() -> Vec<Case> {
    let golden: Golden = serde_json::from_str(include_str!("../golden/neighbours.json")).unwrap();
    assert_eq!(golden.cases.len(), 2);
    golden.cases
}

fn assert_close(found: f64, expected: f64, what: &str) {
    let difference = (found - expected).abs();
    assert!(
        difference <= 1e-12 * expected.abs().max(1.0),
        "{what}: {found} is not {expected}"
    );
}

#[test]
fn measures_are_those_of_scikit_learn_and_scipy() {
    for case in cases() {
        let data = case.data();
        assert_eq!(case.measures.len(), Measure::ALL.len());
        for measure in Measure::ALL {
            let expected = &case.measures[measure.name()];
            let all = Neighbourhood::new(data.items().len())
                .measure(measure)
                .of_items(&data)
                .unwrap();
            for a in data.item_indices() {
                for b in data.item_indices() {
                    let what = format!("{measure} of {a:?} and {b:?}");
                    let found = measure.of_items(&data, a, b).unwrap();
                    // The distance of an item from itself is rounding noise there, of which a root is taken.
                    if measure != Measure::Euclidean || a != b {
                        assert_close(found, expected[a.index()][b.index()], &what);
                    }
                }
                for neighbour in all.neighbours(a) {
                    let expected = expected[a.index()][neighbour.item.index()];
                    assert_close(
                        neighbour.similarity,
                        expected,
                        &format!("{measure} of {a:?}"),
                    );
                }
            }
        }
    }
}

#[test]
fn neighbours_are_those_of_implicit() {
    for case in cases() {
        let data = case.data();
        let bm25 = Weighting::Bm25 { k1: 1.2, b: 0.75 };
        let wanted = Neighbourhood::new(case.k);
        for (name, wanted) in [
            ("cosine", wanted),
            ("tf-idf", wanted.weighting(Weighting::TfIdf)),
            ("bm25", wanted.weighting(bm25).measure(Measure::DotProduct)),
        ] {
            let (found, expected) = (wanted.of_items(&data).unwrap(), &case.neighbours[name]);
            for item in data.item_indices() {
                let (found, expected) = (found.neighbours(item), &expected[item.index()]);
                assert_eq!(found.len(), expected.len(), "{name}");
                let worst = expected.last().map_or(0.0, |last| last.1);
                for (mine, &(other, score)) in found.iter().zip(expected) {
                    assert_close(mine.similarity, score, name);
                    // What is tied with the last may be another item there.
                    let is_there = found.iter().any(|mine| mine.item.index() == other);
                    assert!(
                        is_there || score <= worst * (1.0 + 1e-12),
                        "{name}: {item:?} has {other}"
                    );
                }
            }
        }
    }
}

#[test]
fn recommendations_are_those_of_implicit() {
    for case in cases() {
        let data = case.data();
        let bm25 = Weighting::Bm25 { k1: 1.2, b: 0.75 };
        let all = Neighbourhood::new(data.items().len());
        for (name, wanted) in [
            ("cosine", all),
            ("tf-idf", all.weighting(Weighting::TfIdf)),
            ("bm25", all.weighting(bm25).measure(Measure::DotProduct)),
        ] {
            let model = ItemKnn::with(wanted).fit(&data).unwrap();
            let expected = &case.recommendations[name];
            assert!(expected.iter().flatten().count() > 50);
            for (user, expected) in data.user_indices().zip(expected) {
                let n = data.items().len();
                let found = model.recommend(user.into(), &Request::new(n));
                let found = found.unwrap().ranking;
                // Weights below 0 make scores below 0, which are not in the golden file.
                let found: Vec<_> = found.iter().filter(|ranked| ranked.score > 0.0).collect();
                if data.items_of(user).len() > 0 {
                    assert_eq!(found.len(), expected.len(), "{name}: {user:?}");
                    for (mine, (_, score)) in found.iter().zip(expected) {
                        assert_close(mine.score, *score, name);
                    }
                    let mut of_both = [
                        found
                            .iter()
                            .map(|mine| mine.name.as_str().to_owned())
                            .collect::<Vec<_>>(),
                        expected
                            .iter()
                            .map(|(item, _)| format!("i{item}"))
                            .collect(),
                    ];
                    of_both.iter_mut().for_each(|names| names.sort());
                    assert_eq!(of_both[0], of_both[1], "{name}: {user:?}");
                }
            }
        }
    }
}

#[test]
fn users_are_compared_as_items_are() {
    let case = &cases()[0];
    let data = case.data();
    let transposed = Interactions::from_triplets(data.item_indices().flat_map(|item| {
        // Users without plays enter the catalogue by a 0.
        let data = &data;
        data.user_indices().map(move |user| {
            (
                data.item_name(item).clone(),
                data.user_name(user).clone(),
                data.value(user, item),
            )
        })
    }))
    .unwrap();
    for measure in Measure::ALL {
        let wanted = Neighbourhood::new(7)
            .measure(measure)
            .minimum_support(2)
            .shrinkage(1.5);
        let (users, items) = (
            wanted.of_users(&data).unwrap(),
            wanted.of_items(&transposed).unwrap(),
        );
        for (user, item) in data.user_indices().zip(transposed.item_indices()) {
            let of_user: Vec<_> = users
                .neighbours(user)
                .iter()
                .map(|n| (n.user.index(), n.similarity))
                .collect();
            let of_item: Vec<_> = items
                .neighbours(item)
                .iter()
                .map(|n| (n.item.index(), n.similarity))
                .collect();
            assert_eq!(of_user, of_item, "{measure}");
        }
        assert_eq!(users.len(), items.len());
    }
}

#[test]
fn support_and_shrinkage_leave_out_and_lower() {
    let data = Interactions::from_triplets([
        ("a", "x", 1.0),
        ("a", "y", 1.0),
        ("b", "x", 1.0),
        ("b", "y", 1.0),
        ("c", "x", 1.0),
        ("c", "z", 1.0),
    ])
    .unwrap();
    let (x, y, z) = (
        data.item("x").unwrap(),
        data.item("y").unwrap(),
        data.item("z").unwrap(),
    );
    let of_x = |wanted: Neighbourhood| -> Vec<(Item, f64)> {
        let all = wanted.measure(Measure::Jaccard).of_items(&data).unwrap();
        all.neighbours(x)
            .iter()
            .map(|n| (n.item, n.similarity))
            .collect()
    };
    let wanted = Neighbourhood::new(9);
    assert_eq!(of_x(wanted), [(y, 2.0 / 3.0), (z, 1.0 / 3.0)]);
    assert_eq!(of_x(wanted.minimum_support(2)), [(y, 2.0 / 3.0)]);
    assert_eq!(of_x(wanted.minimum_support(3)), []);
    assert_eq!(
        of_x(wanted.shrinkage(2.0)),
        [(y, 2.0 / 3.0 * 0.5), (z, 1.0 / 3.0 * (1.0 / 3.0))]
    );
    assert_eq!(of_x(wanted.shrinkage(1e30)).len(), 2);
}
