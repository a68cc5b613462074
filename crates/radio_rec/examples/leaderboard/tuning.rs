//! The parameters of the models: those that were chosen once, and what `--tune` chooses from.

use radio_rec::Result;
use radio_rec::evaluate::split::{Split, stratified_by_user};
use radio_rec::evaluate::{Protocol, evaluate};
use radio_rec::interactions::Interactions;
use radio_rec::recommend::{
    Algorithm, Als, Bpr, Ease, Edlae, Fit, Ials, ItemKnn, LogisticMf, PlayWeight, Rp3Beta, Slim,
    SparseEase, TwoSided, UserKnn,
};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

/// A play counts `base` for having been played at all, and for how much it was liked up to 1.
fn weight(base: f64, largest: f64) -> PlayWeight {
    PlayWeight {
        base,
        slope: (1.0 - base) / largest,
    }
}

/// The algorithm of a name, with the parameters that `--tune` chose on MovieLens 100K with seed 1. Those of `als` and
/// `bpr` were not tuned.
pub fn settings(name: &str, largest: f64) -> Result<Algorithm> {
    let weight = weight(0.5, largest);
    Ok(match name {
        "two-sided" => Algorithm::TwoSided(TwoSided {
            weight,
            ..TwoSided::default()
        }),
        "edlae" => Algorithm::Edlae(Edlae {
            weight,
            ..Edlae::new(0.7, 300.0)
        }),
        "ease" => Algorithm::Ease(Ease {
            weight,
            ..Ease::new(500.0)
        }),
        "sparse-ease" => Algorithm::SparseEase(SparseEase {
            dropout: 0.7,
            weight,
            ..SparseEase::new(200, 300.0)
        }),
        "slim" => Algorithm::Slim(Slim {
            weight,
            ..Slim::default()
        }),
        "rp3beta" => Algorithm::Rp3Beta(Rp3Beta {
            weight,
            ..Rp3Beta::default()
        }),
        "item-knn" => Algorithm::ItemKnn(ItemKnn::new(400)),
        "user-knn" => Algorithm::UserKnn(UserKnn::new(100)),
        "als" => Algorithm::Als(Als {
            factors: 32,
            lambda: 10.0,
            ..Als::default()
        }),
        "ials" => Algorithm::Ials(Ials::default()),
        "bpr" => Algorithm::Bpr(Bpr {
            factors: 32,
            ..Bpr::default()
        }),
        name => name.parse()?,
    })
}

/// What `--tune` chooses from.
fn candidates(name: &str, largest: f64) -> Result<Vec<Algorithm>> {
    let penalties = [100.0, 150.0, 200.0, 300.0, 500.0];
    let weights = [1.0, 0.75, 0.5, 0.25].map(|base| weight(base, largest));
    let neighbours = [10, 20, 50, 100, 200, 400];
    Ok(match name {
        "two-sided" => all_of(&[0.3, 0.5, 0.7], &[100.0, 200.0, 300.0, 500.0])
            .flat_map(|item| {
                let users = all_of(&[0.3, 0.5, 0.7], &[50.0, 100.0, 200.0, 300.0]);
                users.map(move |user| (item, user))
            })
            .flat_map(|((dropout, lambda), (user_dropout, user_lambda))| {
                weights.map(|weight| {
                    Algorithm::TwoSided(TwoSided {
                        dropout,
                        lambda,
                        user_dropout,
                        user_lambda,
                        weight,
                        ..TwoSided::default()
                    })
                })
            })
            .collect(),
        "edlae" => all_of(&[0.3, 0.5, 0.6, 0.7], &penalties)
            .map(|(dropout, lambda)| Edlae::new(dropout, lambda))
            .flat_map(|edlae| weights.map(|weight| Edlae { weight, ..edlae }))
            .map(Algorithm::Edlae)
            .collect(),
        "ease" => all_of(&penalties, &weights)
            .map(|(lambda, weight)| {
                Algorithm::Ease(Ease {
                    weight,
                    ..Ease::new(lambda)
                })
            })
            .collect(),
        "sparse-ease" => all_of(&[50, 100, 200], &penalties)
            .flat_map(|(k, lambda)| [0.3, 0.5, 0.7].map(|dropout| (k, lambda, dropout)))
            .flat_map(|(k, lambda, dropout)| {
                weights.map(|weight| {
                    Algorithm::SparseEase(SparseEase {
                        dropout,
                        weight,
                        ..SparseEase::new(k, lambda)
                    })
                })
            })
            .collect(),
        "slim" => all_of(&[0.5, 1.0, 2.0, 5.0, 10.0], &[50.0, 100.0, 200.0, 400.0])
            .flat_map(|(l1, l2)| {
                [0.75, 0.5].map(|base| {
                    Algorithm::Slim(Slim {
                        l1,
                        l2,
                        weight: weight(base, largest),
                        ..Slim::default()
                    })
                })
            })
            .collect(),
        "rp3beta" => all_of(&[50, 100, 200, 400], &[0.2, 0.3, 0.4, 0.6])
            .flat_map(|(k, beta)| [0.5, 0.7, 0.85, 1.0, 1.2].map(|alpha| (k, beta, alpha)))
            .flat_map(|(k, beta, alpha)| {
                weights.map(|weight| {
                    Algorithm::Rp3Beta(Rp3Beta {
                        k,
                        alpha,
                        beta,
                        weight,
                    })
                })
            })
            .collect(),
        "als" => all_of(&[16, 32, 64], &[0.1, 3.0, 10.0, 30.0, 100.0])
            .flat_map(|(factors, lambda)| [0.5, 2.0].map(|alpha| (factors, lambda, alpha)))
            .map(|(factors, lambda, alpha)| {
                Algorithm::Als(Als {
                    factors,
                    lambda,
                    alpha,
                    ..Als::default()
                })
            })
            .collect(),
        "ials" => all_of(&[16, 32, 64], &[0.003, 0.01, 0.03, 0.1])
            .flat_map(|(factors, lambda)| [0.05, 0.1, 0.3].map(|alpha| (factors, lambda, alpha)))
            .map(|(factors, lambda, unobserved)| {
                Algorithm::Ials(Ials {
                    factors,
                    lambda,
                    unobserved,
                    ..Ials::default()
                })
            })
            .collect(),
        "bpr" => all_of(&[16, 32, 64], &[0.001, 0.01, 0.03])
            .map(|(factors, lambda)| {
                Algorithm::Bpr(Bpr {
                    factors,
                    lambda,
                    ..Bpr::default()
                })
            })
            .collect(),
        "logistic-mf" => all_of(&[16, 32], &[1.0, 3.0, 10.0, 30.0])
            .flat_map(|(factors, lambda)| [30, 60].map(|iterations| (factors, lambda, iterations)))
            .map(|(factors, lambda, iterations)| {
                Algorithm::LogisticMf(LogisticMf {
                    factors,
                    lambda,
                    iterations,
                    ..LogisticMf::default()
                })
            })
            .collect(),
        "item-knn" => neighbours
            .map(|k| Algorithm::ItemKnn(ItemKnn::new(k)))
            .into(),
        "user-knn" => neighbours
            .map(|k| Algorithm::UserKnn(UserKnn::new(k)))
            .into(),
        name => vec![settings(name, largest)?],
    })
}

/// Each of these with each of those.
fn all_of<A: Copy, B: Copy>(these: &[A], those: &[B]) -> impl Iterator<Item = (A, B)> {
    these
        .iter()
        .flat_map(move |&a| those.iter().map(move |&b| (a, b)))
}

/// How a choice is made.
pub struct Choice {
    /// The length of the lists.
    pub k: usize,
    /// How many validation parts there are.
    pub parts: u64,
    /// How many candidates are tried at most, and the seed by which they are drawn.
    pub trials: Option<(usize, u64)>,
}

/// The candidate with the largest nDCG@k on validation parts of what is learned from: of all, or of some that are drawn
/// by chance, the same on every run.
pub fn tune(name: &str, largest: f64, train: &Interactions, choice: &Choice) -> Result<Algorithm> {
    let &Choice { k, parts, trials } = choice;
    let mut candidates = candidates(name, largest)?;
    if let Some((trials, seed)) = trials {
        candidates.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        candidates.truncate(trials);
    }
    if let [only] = &candidates[..] {
        return Ok(only.clone());
    }
    let parts: Vec<Split> = (0..parts)
        .map(|seed| stratified_by_user(train, 0.25, seed))
        .collect::<Result<_>>()?;
    let protocol = Protocol {
        k,
        resamples: 1,
        ..Default::default()
    };
    let mut best: Option<(f64, Algorithm)> = None;
    for algorithm in candidates {
        let mut ndcg = 0.0;
        for part in &parts {
            let model = algorithm.fit(&part.train)?;
            ndcg += evaluate(&model, &part.test, &protocol)?.ndcg.mean / parts.len() as f64;
        }
        eprintln!("{ndcg:.6} {algorithm:?}");
        if best.as_ref().is_none_or(|(highest, _)| ndcg > *highest) {
            best = Some((ndcg, algorithm));
        }
    }
    let (ndcg, algorithm) = best.expect("each name has a candidate");
    eprintln!("chosen, with nDCG@{k} {ndcg:.6} on the validation parts: {algorithm:?}");
    Ok(algorithm)
}
