//! Metrics of a plan are those of the library.

use proptest::prelude::*;
use radio_cluster::evaluate::{Report, evaluate, split};
use radio_cluster::{library, neighbours, recommend};
use radio_rec::evaluate::Protocol;
use radio_rec::recommend::{Fit, ItemKnn};
use radio_rec::similarity::Neighbourhood;

use crate::table::{Play, plays, songs, write_csv};
use crate::{read, session, wait};

/// The report of the plan and that of the library; nothing where nothing can be learned or nothing is hidden.
fn reports(
    plays: &[Play],
    share: f64,
    seed: u64,
    n: usize,
) -> Option<(Report, radio_rec::evaluate::Report)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, plays);
    let session = session();
    wait(async {
        let plays = read(&session, &path).await.unwrap();
        let parts = split(&plays, share, seed).await.unwrap();
        let (train, test) = (&parts.train, &parts.test);
        assert_eq!(
            train.counts().plays + test.counts().plays,
            plays.counts().plays
        );
        if train.counts().plays == 0 || test.counts().plays == 0 {
            return None;
        }
        let found = neighbours::of_items(train, &Neighbourhood::new(5)).unwrap();
        let lists = recommend::to_all_users(train, found, n).unwrap();
        let report = evaluate(&parts, lists, n).await.unwrap();

        let model = ItemKnn::new(5)
            .fit(&library::interactions(train).await.unwrap())
            .unwrap();
        let test = library::interactions(test).await.unwrap();
        let protocol = Protocol {
            k: n,
            resamples: 1,
            ..Protocol::default()
        };
        let expected = radio_rec::evaluate::evaluate(&model, &test, &protocol).unwrap();
        Some((report, expected))
    })
}

fn assert_equal((found, expected): &(Report, radio_rec::evaluate::Report)) {
    assert_eq!((found.k, found.users), (expected.k, expected.users));
    for (name, found, expected) in [
        ("MAP", found.map, &expected.map),
        ("nDCG", found.ndcg, &expected.ndcg),
        ("precision", found.precision, &expected.precision),
        ("recall", found.recall, &expected.recall),
        (
            "capped recall",
            found.capped_recall,
            &expected.capped_recall,
        ),
        ("MRR", found.mrr, &expected.mrr),
        ("hit rate", found.hit_rate, &expected.hit_rate),
    ] {
        assert!(
            (found - expected.mean).abs() <= 1e-12,
            "{name}: {found} is not {}",
            expected.mean
        );
    }
}

#[test]
fn of_the_songs() {
    let both = reports(&songs(), 0.25, 1606, 10).unwrap();
    assert!(both.0.ndcg > 0.05 && both.0.users > 80, "{}", both.0);
    assert_equal(&both);
    assert!(
        both.0
            .to_string()
            .contains(&format!("nDCG@10           {:.6}\n", both.1.ndcg.mean)),
        "{}",
        both.0
    );
}

#[test]
fn a_share_is_between_0_and_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv");
    write_csv(&path, &songs());
    let session = session();
    wait(async {
        let plays = read(&session, &path).await.unwrap();
        for share in [0.0, 1.0, -1.0, f64::NAN] {
            assert_eq!(split(&plays, share, 0).await.err().unwrap().exit_code(), 2);
        }
        // So few that none is drawn.
        let parts = split(&plays, 1e-15, 0).await.unwrap();
        let found = neighbours::of_items(&parts.train, &Neighbourhood::new(5)).unwrap();
        let lists = recommend::to_all_users(&parts.train, found, 3).unwrap();
        let error = evaluate(&parts, lists, 3).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "no plays are hidden; hide a larger share"
        );
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    // Some have all of their plays hidden, and get what is popular.
    #[test]
    fn of_any_plays(
        numbers in prop::collection::vec((0u8..20, 0u8..12, 1u8..4), 5..90),
        seed in any::<u64>(),
        share in 0.1..0.7,
        n in 1usize..6,
    ) {
        if let Some(both) = reports(&plays(&numbers), share, seed, n) {
            assert_equal(&both);
        }
    }
}
