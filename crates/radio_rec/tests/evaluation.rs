//! Ranking metrics against trec_eval and scikit-learn, and the evaluation of a model by hand.

use radio_rec::Error;
use radio_rec::evaluate::{Protocol, evaluate, metrics, split};
use radio_rec::interactions::Interactions;
use radio_rec::recommend::{Fit, ItemKnn, Popularity};
use serde::Deserialize;

/// See scripts/golden/evaluation.py.
#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    report: GoldenReport,
}

/// Of plays of users x items, what lists by popularity are worth.
#[derive(Deserialize)]
struct GoldenReport {
    k: usize,
    train: Vec<Vec<f64>>,
    test: Vec<Vec<f64>>,
    users: usize,
    coverage: f64,
    precision: f64,
    recall: f64,
    map: f64,
    ndcg: f64,
    hit_rate: f64,
    mrr: f64,
    auc: f64,
    novelty: f64,
    diversity: f64,
}

#[derive(Deserialize)]
struct Case {
    k: usize,
    scores: Vec<f64>,
    relevant: Vec<bool>,
    precision: f64,
    recall: f64,
    average_precision: f64,
    ndcg: f64,
    hit_rate: f64,
    reciprocal_rank: f64,
    average_precision_of_all: f64,
    auc: f64,
    tied_scores: Vec<f64>,
    tied_auc: f64,
}

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() < 1e-12,
        "{found} is not {expected}"
    );
}

#[test]
fn the_metrics_are_those_of_trec_eval_and_scikit_learn() {
    let golden: Golden = serde_json::from_str(include_str!("golden/evaluation.json")).unwrap();
    assert_eq!(golden.cases.len(), 40);
    for case in golden.cases {
        let mut order: Vec<usize> = (0..case.scores.len()).collect();
        order.sort_by(|&a, &b| case.scores[b].total_cmp(&case.scores[a]));
        let hits: Vec<bool> = order.iter().map(|&item| case.relevant[item]).collect();
        let relevant = hits.iter().filter(|&&hit| hit).count();
        let (k, all) = (case.k, hits.len());
        assert_close(metrics::precision(&hits, k), case.precision);
        assert_close(metrics::recall(&hits, k, relevant), case.recall);
        assert_close(
            metrics::average_precision(&hits, k, relevant),
            case.average_precision,
        );
        assert_close(
            metrics::average_precision(&hits, all, relevant),
            case.average_precision_of_all,
        );
        assert_close(metrics::ndcg(&hits, k, relevant), case.ndcg);
        assert_close(metrics::hit_rate(&hits, k), case.hit_rate);
        assert_close(metrics::reciprocal_rank(&hits, all), case.reciprocal_rank);
        let auc = |scores: &[f64]| {
            metrics::auc(
                scores
                    .iter()
                    .copied()
                    .zip(case.relevant.iter().copied())
                    .collect(),
            )
        };
        assert_close(auc(&case.scores).unwrap(), case.auc);
        assert_close(auc(&case.tied_scores).unwrap(), case.tied_auc);
    }
}

#[test]
fn a_report_is_that_of_trec_eval_scikit_learn_and_scipy() {
    let golden: Golden = serde_json::from_str(include_str!("golden/evaluation.json")).unwrap();
    let golden = golden.report;
    let matrix = |rows: &[Vec<f64>]| {
        let plays = rows.iter().enumerate().flat_map(|(user, row)| {
            let row = row.iter().enumerate();
            row.map(move |(item, &value)| (format!("u{user}"), format!("i{item}"), value))
        });
        Interactions::from_triplets(plays).unwrap()
    };
    let model = Popularity.fit(&matrix(&golden.train)).unwrap();
    let protocol = Protocol {
        k: golden.k,
        ..Default::default()
    };
    let report = evaluate(&model, &matrix(&golden.test), &protocol).unwrap();
    assert_eq!(report.users, golden.users);
    assert_close(report.coverage, golden.coverage);
    assert_close(report.precision.mean, golden.precision);
    assert_close(report.recall.mean, golden.recall);
    assert_close(report.map.mean, golden.map);
    assert_close(report.ndcg.mean, golden.ndcg);
    assert_close(report.hit_rate.mean, golden.hit_rate);
    assert_close(report.mrr.mean, golden.mrr);
    assert_close(report.auc.mean, golden.auc);
    assert_close(report.novelty.mean, golden.novelty);
    assert_close(report.diversity.mean, golden.diversity);
}

/// Four users; popularity ranks a (3 listeners), b (2), c (1) and d (1).
fn toy() -> (Interactions, Interactions) {
    let names = || {
        let users = ["ann", "bob", "cleo", "dora"].map(|user| (user, "a", 0.0));
        let items = ["a", "b", "c", "d", "e"].map(|item| ("ann", item, 0.0));
        users.into_iter().chain(items)
    };
    let train = [
        ("ann", "a", 1.0),
        ("bob", "a", 1.0),
        ("bob", "b", 1.0),
        ("cleo", "a", 1.0),
        ("cleo", "b", 1.0),
        ("cleo", "c", 1.0),
        ("ann", "d", 1.0),
    ];
    let test = [
        ("ann", "c", 1.0),
        ("bob", "e", 1.0),
        ("dora", "a", 1.0),
        ("dora", "b", 1.0),
    ];
    let train = Interactions::from_triplets(names().chain(train)).unwrap();
    let test = Interactions::from_triplets(names().chain(test)).unwrap();
    (train, test)
}

#[test]
fn an_evaluation_by_hand() {
    let (train, test) = toy();
    let model = Popularity.fit(&train).unwrap();
    let protocol = Protocol {
        k: 2,
        ..Default::default()
    };
    let report = evaluate(&model, &test, &protocol).unwrap();
    // ann gets b and c and wants c; bob gets c and d and wants e; dora, who has no history, gets a and b and wants both.
    assert_eq!((report.k, report.users), (2, 3));
    assert_close(report.precision.mean, (0.5 + 0.0 + 1.0) / 3.0);
    assert_close(report.recall.mean, (1.0 + 0.0 + 1.0) / 3.0);
    assert_close(report.map.mean, (0.5 + 0.0 + 1.0) / 3.0);
    assert_close(report.mrr.mean, (0.5 + 0.0 + 1.0) / 3.0);
    assert_close(report.ndcg.mean, (1.0 / 3f64.log2() + 0.0 + 1.0) / 3.0);
    assert_close(report.hit_rate.mean, 2.0 / 3.0);
    // ann: c is below b and above e. bob: e, which nobody played, is below c and d. dora: a and b are above all.
    assert_close(report.auc.mean, (0.5 + 0.0 + 1.0) / 3.0);
    assert_close(report.coverage, 4.0 / 5.0);
    // Of four users 3 played a, 2 b, 1 c and 1 d.
    let bits = [(1.0 + 2.0) / 2.0, 2.0, ((4.0f64 / 3.0).log2() + 1.0) / 2.0];
    assert_close(report.novelty.mean, bits.iter().sum::<f64>() / 3.0);
    let cosines = [1.0 / 2f64.sqrt(), 0.0, 2.0 / 6f64.sqrt()];
    assert_close(
        report.diversity.mean,
        1.0 - cosines.iter().sum::<f64>() / 3.0,
    );
    for mean in [report.map, report.ndcg, report.auc, report.novelty] {
        assert!(mean.low <= mean.mean && mean.mean <= mean.high, "{mean:?}");
    }
    assert!(report.precision.low < report.precision.high);
    assert_eq!(
        report,
        evaluate(&model, &test, &protocol).unwrap(),
        "the same samples"
    );
    let text = report.to_string();
    assert!(
        text.contains("nDCG@2") && text.contains("3 users with test items, lists of 2"),
        "{text}"
    );
}

#[test]
fn what_no_user_has_is_not_a_number_and_not_shown() {
    let (train, test) = toy();
    let model = Popularity.fit(&train).unwrap();
    let protocol = Protocol {
        k: 1,
        ..Default::default()
    };
    let report = evaluate(&model, &test, &protocol).unwrap();
    let diversity = report.diversity;
    assert!(diversity.mean.is_nan() && diversity.low.is_nan() && diversity.high.is_nan());
    assert!(!report.to_string().contains("NaN"), "{report}");
}

#[test]
fn an_interval_narrows_with_the_number_of_users() {
    let data = |users: usize| {
        let plays = (0..users).flat_map(|user| {
            (0..6).map(move |i| {
                (
                    format!("u{user}"),
                    format!("i{}", (user % 7 + i * i) % 15),
                    1.0,
                )
            })
        });
        Interactions::from_triplets(plays).unwrap()
    };
    let width = |users: usize| {
        let parts = split::leave_one_out(&data(users), 1);
        let model = ItemKnn::new(5).fit(&parts.train).unwrap();
        let mean = evaluate(
            &model,
            &parts.test,
            &Protocol {
                k: 3,
                ..Default::default()
            },
        )
        .unwrap()
        .ndcg;
        mean.high - mean.low
    };
    // A standard error falls with the root of the number: 16 times the users, a quarter of the width.
    let (few, many) = (width(50), width(800));
    assert!(many < few * 0.4 && many > few * 0.1, "{few} {many}");
}

#[test]
fn who_only_plays_the_same_again_is_not_counted() {
    let names = [("ann", "a", 0.0), ("bob", "b", 0.0)];
    let matrix = |plays: [(&'static str, &'static str, f64); 2]| {
        Interactions::from_triplets(names.into_iter().chain(plays)).unwrap()
    };
    let train = matrix([("ann", "a", 1.0), ("bob", "b", 1.0)]);
    let model = Popularity.fit(&train).unwrap();
    let protocol = Protocol {
        k: 1,
        ..Default::default()
    };
    // ann has nothing to find. bob gets a, the only one he does not know, and wants it.
    let test = matrix([("ann", "a", 1.0), ("bob", "a", 1.0)]);
    let report = evaluate(&model, &test, &protocol).unwrap();
    assert_eq!(report.users, 1);
    for mean in [report.precision, report.recall, report.map, report.ndcg] {
        assert_eq!((mean.mean, mean.low), (1.0, 1.0));
    }
    let error = evaluate(&model, &train, &protocol).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`test` is a matrix of nothing but what was played in training, but must be a matrix in which somebody played \
         something that they had not played in training"
    );
}

#[test]
fn bad_arguments_are_refused() {
    let (train, test) = toy();
    let model = Popularity.fit(&train).unwrap();
    let message = |test: &Interactions, protocol: Protocol| {
        let error: Error = evaluate(&model, test, &protocol).unwrap_err();
        error.to_string()
    };
    let protocol = Protocol::default();
    assert_eq!(
        message(&test, Protocol { k: 0, ..protocol }),
        "`k` is 0, but must be at least 1"
    );
    assert_eq!(
        message(
            &test,
            Protocol {
                resamples: 0,
                ..protocol
            }
        ),
        "`resamples` is 0, but must be from 1 to 1000000"
    );
    assert_eq!(
        message(
            &test,
            Protocol {
                confidence: 1.0,
                ..protocol
            }
        ),
        "`confidence` is 1, but must be above 0 and below 1"
    );
    let other = Interactions::from_triplets([("ann", "a", 1.0)]).unwrap();
    assert!(message(&other, protocol).contains("the users and items that the model learned from"));
    let nothing = split::random(&train, 0.0, 1).unwrap().test;
    assert!(message(&nothing, protocol).starts_with("`test` is a matrix without values"));
    // More than there are: all are recommended, and the missing places count as wrong.
    let all = evaluate(&model, &test, &Protocol { k: 100, ..protocol }).unwrap();
    assert_close(all.precision.mean, (0.01 + 0.0 + 0.02) / 3.0);
}
