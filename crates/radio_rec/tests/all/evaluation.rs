//! Ranking metrics against trec_eval and scikit-learn, and the evaluation of a model by hand.

use radio_rec::Error;
use radio_rec::evaluate::{
    Mean, Metric, Protocol, Report, Ties, evaluate, evaluate_strangers, evaluate_users, metrics,
    split,
};
use radio_rec::interactions::{Interactions, ItemName};
use radio_rec::recommend::{Ease, Fit, ItemKnn, Popularity, Recommender, Request, Whom};
use serde::Deserialize;

/// See scripts/golden/evaluation.py.
#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    report: GoldenReport,
    strangers: GoldenStrangers,
}

/// Of people whom EASE did not learn from, what lists for them are worth.
#[derive(Deserialize)]
struct GoldenStrangers {
    lambda: f64,
    train: Vec<Vec<f64>>,
    fold_in: Vec<Vec<f64>>,
    test: Vec<Vec<f64>>,
    capped_recall_5: Vec<f64>,
    capped_recall_20: Vec<f64>,
    recall_20: Vec<f64>,
    ndcg_100: Vec<f64>,
}

/// A matrix of rows of values.
fn matrix(rows: &[Vec<f64>]) -> Interactions {
    let plays = rows.iter().enumerate().flat_map(|(user, row)| {
        let row = row.iter().enumerate();
        row.map(move |(item, &value)| (format!("u{user}"), format!("i{item}"), value))
    });
    Interactions::from_triplets(plays).unwrap()
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
    let golden: Golden = serde_json::from_str(include_str!("../golden/evaluation.json")).unwrap();
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
    let golden: Golden = serde_json::from_str(include_str!("../golden/evaluation.json")).unwrap();
    let golden = golden.report;
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

#[test]
fn strong_generalisation_is_that_of_recpack() {
    let golden: Golden = serde_json::from_str(include_str!("../golden/evaluation.json")).unwrap();
    let golden = golden.strangers;
    let model = Ease::new(golden.lambda)
        .fit(&matrix(&golden.train))
        .unwrap();
    let (fold_in, test) = (matrix(&golden.fold_in), matrix(&golden.test));
    let of_users = |k, metric| -> Vec<f64> {
        let protocol = Protocol {
            k,
            ..Default::default()
        };
        let found = evaluate_strangers(&model, &fold_in, &test, &protocol).unwrap();
        assert_eq!(found.users(), test.users());
        found.values(metric).flatten().collect()
    };
    for (k, metric, expected) in [
        (5, Metric::CappedRecall, golden.capped_recall_5),
        (20, Metric::CappedRecall, golden.capped_recall_20),
        (20, Metric::Recall, golden.recall_20),
        (100, Metric::Ndcg, golden.ndcg_100),
    ] {
        let found = of_users(k, metric);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.into_iter().zip(expected) {
            assert_close(found, expected);
        }
    }
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
    // ann gets b and c and wants c; bob gets c and d and wants e; dora, who has no history, gets a and b and wants
    // both.
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

/// 60 users of 30 items in three tastes.
fn tastes() -> Interactions {
    let plays = (0..60).flat_map(|user| {
        (0..8).map(move |i| {
            let item = (user % 3) * 10 + (user / 3 + i * i) % 10;
            (format!("u{user}"), format!("i{item}"), 1.0)
        })
    });
    Interactions::from_triplets(plays).unwrap()
}

#[test]
fn a_comparison_is_of_the_differences_user_by_user() {
    let parts = split::stratified_by_user(&tastes(), 0.3, 1).unwrap();
    let protocol = Protocol {
        k: 3,
        ..Default::default()
    };
    let similar = ItemKnn::new(5).fit(&parts.train).unwrap();
    let similar = evaluate_users(&similar, &parts.test, &protocol).unwrap();
    let popular = Popularity.fit(&parts.train).unwrap();
    let popular = evaluate_users(&popular, &parts.test, &protocol).unwrap();
    assert_eq!(similar.users(), popular.users());
    let gain = similar.more_than(&popular, &protocol).unwrap();
    for metric in Metric::ALL {
        let of_users = similar.values(metric).zip(popular.values(metric));
        let differences: Vec<f64> = of_users.filter_map(|(a, b)| Some(a? - b?)).collect();
        let expected = Mean::of(&differences, &protocol).unwrap();
        assert_eq!(gain.in_metric(metric), expected, "{metric:?}");
    }
    let ndcg = gain.in_metric(Metric::Ndcg);
    assert!(ndcg.low > 0.0 && ndcg.excludes_0(), "{gain}");
    let reports = [&similar, &popular].map(|of| of.report(&protocol).unwrap());
    assert_close(reports[0].ndcg.mean - reports[1].ndcg.mean, ndcg.mean);
    // Paired, the interval is narrower than that of two models on users of their own.
    let widths = [reports[0].ndcg, reports[1].ndcg].map(|mean| mean.high - mean.low);
    assert!(ndcg.high - ndcg.low < widths[0] + widths[1]);
    let other_way = popular.more_than(&similar, &protocol).unwrap();
    assert_close(
        other_way.in_metric(Metric::Map).mean,
        -gain.in_metric(Metric::Map).mean,
    );
    let none = similar.more_than(&similar, &protocol).unwrap();
    assert!(!none.in_metric(Metric::Ndcg).excludes_0());
    let text = gain.to_string();
    assert!(
        text.contains("nDCG@3") && text.contains("more than chance"),
        "{text}"
    );

    let longer = Protocol { k: 4, ..protocol };
    let other = evaluate_users(&Popularity.fit(&parts.train).unwrap(), &parts.test, &longer);
    let error = similar.more_than(&other.unwrap(), &protocol).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`other` is of lists of 4, but must be of lists of 3"
    );
    let (train, test) = toy();
    let others = evaluate_users(&Popularity.fit(&train).unwrap(), &test, &protocol).unwrap();
    assert!(similar.more_than(&others, &protocol).is_err());
}

#[test]
fn ties_by_chance_are_worth_what_they_are_in_expectation() {
    // ann does not know b to f, which two listeners each have, and wants c; everybody else has nothing to find.
    let names = ["ann", "bob", "cleo"].map(|user| (user, "a", 1.0));
    let plays = ["b", "c", "d", "e", "f"].map(|item| ("bob", item, 1.0));
    let again = ["b", "c", "d", "e", "f"].map(|item| ("cleo", item, 1.0));
    let train = Interactions::from_triplets(names.into_iter().chain(plays).chain(again)).unwrap();
    let zeros = (train.users().iter()).flat_map(|user| {
        let items = train.items().iter();
        items.map(move |item| (user.as_str(), item.as_str(), 0.0))
    });
    let test = Interactions::from_triplets(zeros.chain([("ann", "c", 1.0)])).unwrap();
    let model = Popularity.fit(&train).unwrap();
    let with = |ties, seed| {
        let protocol = Protocol {
            k: 3,
            ties,
            seed,
            resamples: 1,
            ..Default::default()
        };
        evaluate(&model, &test, &protocol).unwrap()
    };
    // The catalogue's order puts c second, for every seed.
    for seed in 0..3 {
        assert_close(with(Ties::Catalogue, seed).mrr.mean, 0.5);
    }
    let seeds = 4000;
    let mean = |of: fn(&Report) -> f64| {
        let values = (0..seeds).map(|seed| of(&with(Ties::Random, seed)));
        values.sum::<f64>() / f64::from(seeds as u32)
    };
    // Each of five places is as likely.
    let expected = [
        0.6,
        (1.0 + 0.5 + 1.0 / 3.0) / 5.0,
        (1.0 + 1.0 / 3f64.log2() + 0.5) / 5.0,
    ];
    let found = [
        mean(|report| report.hit_rate.mean),
        mean(|report| report.mrr.mean),
        mean(|report| report.ndcg.mean),
    ];
    for (found, expected) in found.into_iter().zip(expected) {
        // Five standard errors.
        assert!(
            (found - expected).abs() < 0.035,
            "{found} is not {expected}"
        );
    }
    assert_eq!(with(Ties::Random, 7), with(Ties::Random, 7));
}

#[test]
fn another_seed_is_another_sample_of_users() {
    let parts = split::stratified_by_user(&tastes(), 0.3, 1).unwrap();
    let model = Popularity.fit(&parts.train).unwrap();
    let with = |seed| {
        let protocol = Protocol {
            k: 3,
            seed,
            ..Default::default()
        };
        evaluate(&model, &parts.test, &protocol).unwrap().ndcg
    };
    assert_eq!(with(1), with(1));
    assert_eq!(with(1).mean, with(2).mean);
    assert_ne!(with(1), with(2));
}

#[test]
fn strangers_get_what_is_like_what_is_known_of_them() {
    let parts = split::strangers(&tastes(), 15, 0.25, 1).unwrap();
    let protocol = Protocol {
        k: 2,
        ..Default::default()
    };
    let model = ItemKnn::new(9).fit(&parts.train).unwrap();
    let found = evaluate_strangers(&model, &parts.fold_in, &parts.test, &protocol).unwrap();
    let report = found.report(&protocol).unwrap();
    assert_eq!((found.users().len(), report.users), (15, 15));
    for (user, ndcg) in found.users().iter().zip(found.values(Metric::Ndcg)) {
        let user = parts.test.user(user).unwrap();
        let plays: Vec<_> = parts.fold_in.items_of(user).collect();
        let list = model
            .recommend(Whom::History(&plays), &Request::new(2))
            .unwrap();
        let wanted = |name: &ItemName| parts.test.value(user, parts.test.item(name).unwrap()) > 0.0;
        let hits: Vec<bool> = list.ranking.names().map(wanted).collect();
        let relevant = parts.test.items_of(user).len();
        assert_close(ndcg.unwrap(), metrics::ndcg(&hits, 2, relevant));
    }
    // Strangers are not among the users of the model.
    let error = evaluate_users(&model, &parts.test, &protocol).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the users and items that the model learned from")
    );
    let other = split::strangers(&tastes(), 15, 0.25, 2).unwrap();
    for (fold_in, test) in [(&other.fold_in, &parts.test), (&parts.fold_in, &toy().1)] {
        let error = evaluate_strangers(&model, fold_in, test, &protocol).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("`evaluate::split::strangers` makes such parts"),
            "{error}"
        );
    }
}
