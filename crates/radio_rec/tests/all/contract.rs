//! What every model keeps, on data whose answer is plain to see. A new model is one more line in `algorithms`.
//!
//! | file | what models keep there |
//! |---|---|
//! | `answers` | lists, similar items and users, explanations: of the right taste, and adding up |
//! | `requests` | all of a [`Request`], by every way to ask: the same, to the bit; bad arguments are refused |
//! | `extremes` | the largest and smallest values and histories |
//! | `files` | saved models, with their matrix and without; parameters as JSON |
//! | `updates` | new plays |

mod answers;
mod extremes;
mod files;
mod requests;
mod updates;

use radio_rec::interactions::{Interactions, User};
use radio_rec::recommend::{
    Algorithm, AlreadyPlayed, Als, Bpr, ContentBased, Ease, Edlae, Fit, Ials, ItemKnn, ItemScore,
    LogisticMf, Model, NearestUser, Popularity, Request, Rp3Beta, Slim, SparseEase, TwoSided,
    UserKnn, Whom,
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
        Algorithm::SparseEase(SparseEase::new(5, 1.0)),
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
